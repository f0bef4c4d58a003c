//! `chainrule derive`: derivatives as text for people or as JSON for programs.

use std::collections::HashMap;
use std::fs;

use chainrule_compiler::derive::{
    DerivativeKind, Derived, Entry, Operations, Otherwise, Request, derive as derive_function,
};
use chainrule_compiler::graph::{Dim, Graph};
use chainrule_compiler::print::{Line, Listing, Phase, Style};
use serde_json::{Value, json};

use super::arguments::{Derive, DeriveFormat};
use super::certificate::write;
use super::failure::{Failure, Report};
use super::formula::{Source, function};
use super::json::to_ascii;

/// Runs the command.
pub fn derive(options: &Derive, report: &Report) -> Result<String, Failure> {
    if options.format == DeriveFormat::Latex {
        return Err(Failure::not_supported("`--format latex` is not supported yet"));
    }
    let (function, source) = function(&options.subject, report)?;
    let request = Request {
        wrt: options.subject.wrt.clone(),
        order: options.order,
        upstream: options.upstream.clone(),
        ..Request::default()
    };
    let derived = derive_function(function, &request).map_err(|error| source.failure(vec![error]))?;
    if let Some(ranges) = &options.accuracy {
        return super::accuracy::accuracy(ranges, derived);
    }
    if let Some(path) = &options.certificate {
        if let Some(parameter) = derived.function.parameters.iter().find(|parameter| parameter.integer) {
            let message =
                format!("a certificate of a formula with an integer input, `{}`, is not supported yet", parameter.name);
            return Err(Failure::usage(message));
        }
        write_certificate(path, &source, &request, &derived)?;
    }
    let style = if options.format == DeriveFormat::Json { Style::Language } else { Style::People };
    let listing = derived.listing(style, |_, _| String::new());
    let operations = derived.operations(&listing);
    let mut stable = derived.clone();
    stable.stabilise().map_err(|error| source.failure(vec![error]))?;
    let otherwise = stable.evaluated_otherwise(&listing, style);
    Ok(match style {
        Style::Language => to_ascii(&json(&derived, &listing, operations, &otherwise)) + "\n",
        Style::People => text(&derived, &listing, operations, &otherwise),
    })
}

/// Writes the certificate of a derivation to a file.
fn write_certificate(path: &str, source: &Source, request: &Request, derived: &Derived) -> Result<(), Failure> {
    let listing = derived.listing(Style::Language, |_, _| String::new());
    let subject = write::Subject { text: &source.text, shapes: &source.shapes, request, derived, listing: &listing };
    let certificate = write::certificate(&subject)
        .map_err(|error| Failure::internal(&format!("the derivation has no certificate: {error}")))?;
    fs::write(path, certificate.text()).map_err(|error| Failure::usage(format!("`{path}` cannot be written: {error}")))
}

/// What a derivative is called; `indices` name its axes, those of the output first.
pub fn left(derived: &Derived, entry: &Entry, indices: &[String]) -> String {
    let output = &derived.output_names[entry.of];
    let name = |place: usize| derived.function.parameters[entry.wrt[place]].name.as_str();
    let mut rest = indices;
    let mut indexed = |name: &str, slots: usize| {
        let (own, others) = rest.split_at(slots.min(rest.len()));
        rest = others;
        if own.is_empty() { name.to_owned() } else { format!("{name}[{}]", own.join(", ")) }
    };
    let slots = |place: usize| derived.function.parameters[entry.wrt[place]].shape.len();
    match entry.kind {
        DerivativeKind::Gradient => format!("∂{output}/∂{}", indexed(name(0), slots(0))),
        DerivativeKind::Jacobian => {
            let output = indexed(output, derived.function.outputs[entry.of].axes.len());
            format!("∂{output}/∂{}", indexed(name(0), slots(0)))
        }
        DerivativeKind::Hessian => {
            let (row, column) = (indexed(name(0), slots(0)), indexed(name(1), slots(1)));
            if row == column {
                format!("∂²{output}/∂{row}²")
            } else {
                format!("∂²{output}/∂{row}∂{column}")
            }
        }
        DerivativeKind::Pullback => {
            let of = if derived.output_names.len() > 1 { format!("of {output} ") } else { String::new() };
            format!("pullback {of}to {}", indexed(name(0), slots(0)))
        }
    }
}

/// Shared parts as `let`, the outputs, the derivatives, and what they cost.
fn text(derived: &Derived, listing: &Listing, operations: Operations, otherwise: &[Vec<Otherwise>]) -> String {
    let lets: HashMap<&str, &Line> = listing.lets.iter().map(|line| (line.name.as_str(), line)).collect();
    let uses = uses(listing);
    // An array has a line in index notation; where nothing else reads it, it is the asked line itself.
    let alone = |line: &Line| {
        let array = lets.get(line.formula.as_str()).filter(|array| !array.indices.is_empty());
        array.filter(|array| uses.get(array.name.as_str()) == Some(&1)).copied()
    };
    let merged: Vec<&str> = listing.asked.iter().filter_map(alone).map(|line| line.name.as_str()).collect();
    let merged: std::collections::HashSet<&str> = merged.into_iter().collect();
    let mut out = String::new();
    let shared = |out: &mut String, phase: Phase| {
        for line in listing.lets.iter().filter(|line| line.phase == phase && !merged.contains(line.name.as_str())) {
            out.push_str(&format!("let {} = {}\n", line.left(), line.formula));
        }
    };
    let (outputs, derivatives) = listing.asked.split_at(derived.output_names.len());
    let (of_outputs, of_derivatives) = otherwise.split_at(otherwise.len().min(outputs.len()));
    shared(&mut out, Phase::Forward);
    for (place, (name, line)) in derived.output_names.iter().zip(outputs).enumerate() {
        let array = alone(line);
        let shown = array.unwrap_or(line);
        let left = if array.is_some() { Line { name: name.clone(), ..shown.clone() }.left() } else { name.clone() };
        out.push_str(&format!("{left} = {}\n", shown.formula));
        tell(&mut out, of_outputs.get(place));
    }
    shared(&mut out, Phase::Backward);
    for (place, (entry, line)) in derived.entries.iter().zip(derivatives).enumerate() {
        let shown = alone(line).unwrap_or(line);
        let equals = if entry.kind == DerivativeKind::Pullback { ":" } else { " =" };
        out.push_str(&format!("{}{equals} {}\n", left(derived, entry, &shown.indices), shown.formula));
        tell(&mut out, of_derivatives.get(place));
    }
    for fact in derived.function.facts.iter().filter(|fact| fact.used) {
        out.push_str(&format!("using {}\n", fact.text));
    }
    out.push_str(&format!("\noperations: value {}", operations.value));
    if !derived.entries.is_empty() {
        out.push_str(&format!(", derivatives {}", operations.derived));
    }
    out.push('\n');
    out
}

/// What is evaluated in another form than the one above.
fn tell(out: &mut String, parts: Option<&Vec<Otherwise>>) {
    for Otherwise { part, form } in parts.into_iter().flatten() {
        let form = form.as_deref().unwrap_or("a longer form, see `chainrule emit`");
        out.push_str(&format!("    {part} evaluated as {form}\n"));
    }
}

/// The same for programs.
fn with_otherwise(mut value: Value, parts: Option<&Vec<Otherwise>>) -> Value {
    let told = |own: &Otherwise| json!({ "part": own.part, "as": own.form });
    let parts: Vec<Value> = parts.into_iter().flatten().map(told).collect();
    if !parts.is_empty() {
        value["evaluated"] = Value::Array(parts);
    }
    value
}

/// How often each name stands in the formulas.
fn uses(listing: &Listing) -> HashMap<&str, usize> {
    let mut uses = HashMap::new();
    for line in listing.lets.iter().chain(&listing.asked) {
        for word in line.formula.split(|c: char| !c.is_alphanumeric() && c != '_') {
            *uses.entry(word).or_insert(0) += 1;
        }
    }
    uses
}

fn json(derived: &Derived, listing: &Listing, operations: Operations, otherwise: &[Vec<Otherwise>]) -> Value {
    let function = &derived.function;
    let inputs = function.parameters.iter();
    let inputs = inputs.map(|input| json!({ "name": input.name, "shape": shape(&function.graph, &input.shape) }));
    let lets = listing.lets.iter().map(|line| let_json(&function.graph, line));
    let (of_outputs, of_derivatives) = otherwise.split_at(otherwise.len().min(derived.output_names.len()));
    let outputs = derived.output_names.iter().zip(&listing.asked).enumerate();
    let outputs = outputs.map(|(place, (name, line))| {
        let shape = shape(&function.graph, &line.shape);
        with_otherwise(json!({ "name": name, "shape": shape, "formula": line.formula }), of_outputs.get(place))
    });
    let derivatives = derived.entries.iter().zip(&listing.asked[derived.output_names.len()..]).enumerate();
    let derivatives = derivatives.map(|(place, (entry, line))| {
        let wrt: Vec<&str> = entry.wrt.iter().map(|place| function.parameters[*place].name.as_str()).collect();
        let (kind, of) = (entry.kind.name(), &derived.output_names[entry.of]);
        let shape = shape(&function.graph, &line.shape);
        let value = json!({ "kind": kind, "of": of, "wrt": wrt, "shape": shape, "formula": line.formula });
        with_otherwise(value, of_derivatives.get(place))
    });
    let facts = function.facts.iter().map(|fact| json!({ "text": fact.text, "used": fact.used }));
    let Operations { value, raw, derived: now } = operations;
    json!({ "schema": 1, "functions": [{
        "name": function.name,
        "dtype": function.graph.float().name(),
        "inputs": inputs.collect::<Vec<_>>(),
        "let": lets.collect::<Vec<_>>(),
        "outputs": outputs.collect::<Vec<_>>(),
        "derivatives": derivatives.collect::<Vec<_>>(),
        "saved": derived.saved_names(listing),
        "facts": facts.collect::<Vec<_>>(),
        "operations": { "value": value, "raw": raw, "derived": now },
    }] })
}

/// A shared part of formulas.
pub fn let_json(graph: &Graph, line: &Line) -> Value {
    let phase = if line.phase == Phase::Forward { "forward" } else { "backward" };
    let shape = shape(graph, &line.shape);
    json!({ "name": line.name, "indices": line.indices, "shape": shape, "formula": line.formula, "phase": phase })
}

/// Sizes as numbers, names as strings.
pub fn shape(graph: &Graph, shape: &[Dim]) -> Vec<Value> {
    let dim = |dim: &Dim| match dim {
        Dim::Literal(size) => json!(size),
        other => json!(graph.dim_text(*other)),
    };
    shape.iter().map(dim).collect()
}

#[cfg(test)]
mod tests {
    // A test that panics has failed, as it should.
    #![allow(clippy::unwrap_used)]

    use chainrule_compiler::parse::parse_module;
    use chainrule_compiler::resolve::resolve;

    use super::*;

    #[test]
    fn used_facts_are_named() {
        let source = "fn f(x, t) where t > 0, x + t == 1 = x * t;";
        let mut function = resolve(&parse_module(source).unwrap(), source).unwrap().pop().unwrap();
        function.facts[1].used = true;
        let derived = derive_function(function, &Request { order: 1, ..Request::default() }).unwrap();
        let listing = derived.listing(Style::People, |_, _| String::new());
        let text = text(&derived, &listing, derived.operations(&listing), &[]);
        assert!(text.contains("∂y/∂t = x\nusing x + t == 1\n\noperations"), "{text}");
        assert!(!text.contains("t > 0"), "{text}");
        let json = json(&derived, &listing, derived.operations(&listing), &[]);
        let facts = json!([{ "text": "t > 0", "used": false }, { "text": "x + t == 1", "used": true }]);
        assert_eq!(json["functions"][0]["facts"], facts);
    }
}
