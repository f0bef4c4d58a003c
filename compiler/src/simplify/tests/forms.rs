//! Closed forms of the field's functions, from their definitions as written.
//!
//! Each row is proven: the form that is found and the form that a mathematician would write are one canonical term. The
//! names that it may refer to and the number of its operations are checked too. `docs/CLOSED_FORMS.md` is the table of
//! what was found; `CLOSED_FORMS=write cargo test -p chainrule-compiler --lib closed_forms` writes it.

use std::collections::{BTreeSet, HashMap};

use crate::algebra::quotient::Field;
use crate::derive::{Derived, Request, derive};
use crate::emit::document::derivative_name;
use crate::facts::claims;
use crate::graph::{Axis, Dim, Graph, NodeId, Operation, Ref};
use crate::parse::parse_formula;
use crate::print::{Line, Listing, Style};
use crate::resolve::{Function, resolve};

mod rows;

/// A function with the derivatives that are expected.
struct Row {
    /// What it is called.
    name: &'static str,
    /// The function, with its facts.
    text: &'static str,
    /// 1, or 2 with Hessians; pullbacks from `g` if `upstream`.
    order: u8,
    upstream: bool,
    /// For each derivative, the form and how many operations it has; lines of the definition that it reads count.
    forms: &'static [(&'static str, usize)],
}

fn function(text: &str) -> Function {
    let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).pop().expect("one")
}

fn derived(row: &Row) -> Derived {
    let upstream = row.upstream.then(|| "g".to_owned());
    let request = Request { order: row.order, upstream, ..Request::default() };
    derive(function(row.text), &request).unwrap_or_else(|error| panic!("{}: {error:?}", row.text))
}

/// The header of a function over the inputs of a derivation, its outputs and the user's names.
fn header(derived: &Derived) -> String {
    let graph = &derived.function.graph;
    let shape = |dims: &[Dim]| {
        let dims: Vec<String> = dims.iter().map(|dim| graph.dim_text(*dim)).collect();
        if dims.is_empty() { String::new() } else { format!(": [{}]", dims.join(", ")) }
    };
    let mut known: Vec<String> =
        graph.inputs().iter().map(|input| format!("{}{}", input.name, shape(&input.shape))).collect();
    let outputs = derived.output_names.iter().zip(&derived.function.outputs);
    known.extend(outputs.map(|(name, output)| {
        let dims: Vec<Dim> = output.axes.iter().map(|axis| graph.dim(*axis)).collect();
        format!("{name}{}", shape(&dims))
    }));
    for name in &derived.function.names {
        let dims: Vec<Dim> = name.slots.iter().map(|slot| graph.shape(name.node)[*slot]).collect();
        known.push(format!("{}{}", name.name, shape(&dims)));
    }
    known.sort();
    known.dedup_by(|a, b| a.split(':').next() == b.split(':').next());
    known.join(", ")
}

/// What a formula is over the values of a derivation, put into its graph: the value and its axes.
fn imported(derived: &mut Derived, formula: &str) -> (Ref, Vec<Axis>) {
    let text = format!("fn expected({}) {{ {formula} }}", header(derived));
    let other = function(&text);
    let mut places: HashMap<NodeId, (Vec<Axis>, Ref)> = HashMap::new();
    for node in other.graph.nodes() {
        let labels: Vec<Axis> = other.graph.local_dims(node).iter().map(|dim| axis_of(derived, &other, *dim)).collect();
        let slots = other.graph.shape(node).len();
        let operands: Vec<Ref> = other
            .graph
            .operands(node)
            .map(|operand| {
                let (own, value) = &places[&operand.node];
                let to: Vec<Axis> = operand.axes.iter().map(|local| labels[usize::from(*local)]).collect();
                value.renamed(own, &to)
            })
            .collect();
        let value = put(derived, &other, node, &labels, slots, &operands);
        places.insert(node, (labels[..slots].to_vec(), value));
    }
    let output = &other.outputs[0];
    let axes: Vec<Axis> = output.axes.iter().map(|axis| axis_of(derived, &other, other.graph.dim(*axis))).collect();
    let (own, value) = &places[&output.value.node];
    let place = |axis: &Axis| axes[output.axes.iter().position(|other| other == axis).expect("declared")];
    let to: Vec<Axis> = output.value.axes.iter().map(place).collect();
    (value.renamed(own, &to), axes)
}

fn axis_of(derived: &mut Derived, other: &Function, dim: Dim) -> Axis {
    let dim = dim_of(&mut derived.function.graph, other, dim);
    derived.function.graph.axis(dim, "")
}

fn dim_of(graph: &mut Graph, other: &Function, dim: Dim) -> Dim {
    match dim {
        Dim::Literal(_) => dim,
        dim => graph.dimension(&other.graph.dim_text(dim)),
    }
}

fn put(derived: &mut Derived, other: &Function, node: NodeId, labels: &[Axis], slots: usize, operands: &[Ref]) -> Ref {
    if let Operation::Input(place) = other.graph.operation(node) {
        return named(derived, &other.graph.inputs()[place as usize].name, labels);
    }
    let operation = other.graph.operation(node);
    let graph = &mut derived.function.graph;
    let value = match operation {
        Operation::Constant(_) => graph.constant(other.graph.as_constant(node).expect("a number")),
        Operation::Truth(value) => graph.truth(value),
        Operation::Size(dim) => {
            let dim = dim_of(graph, other, dim);
            graph.size(dim)
        }
        Operation::Iota => graph.iota(labels[0]),
        Operation::Delta => graph.delta(labels[0], labels[1]),
        Operation::Apply(operator) => graph.apply(operator, operands),
        Operation::Sum(_) => graph.sum(&labels[slots..], &operands[0]),
        Operation::Max(_) => graph.max(&labels[slots..], &operands[0]),
        Operation::Prod(_) => graph.prod(&labels[slots..], &operands[0]),
        Operation::Input(_) => unreachable!("handled above"),
    };
    value.expect("a formula that fits")
}

/// An input, an output or what the user named, over labels.
fn named(derived: &Derived, name: &str, labels: &[Axis]) -> Ref {
    let graph = &derived.function.graph;
    if let Some(place) = derived.output_names.iter().position(|output| output == name) {
        let output = &derived.function.outputs[place];
        return output.value.renamed(&output.axes, labels);
    }
    if let Some(known) = derived.function.names.iter().find(|known| known.name == name) {
        let mut axes = labels.to_vec();
        for (label, slot) in labels.iter().zip(&known.slots) {
            axes[*slot] = *label;
        }
        return Ref { node: known.node, axes };
    }
    let input = |node: &NodeId| matches!(graph.operation(*node), Operation::Input(place) if graph.inputs()[place as usize].name == name);
    let node = graph.nodes().find(input).unwrap_or_else(|| panic!("{name} is known"));
    Ref { node, axes: labels.to_vec() }
}

/// Whether a derivative's closed form is proven to be a formula.
fn proves(derived: &mut Derived, entry: usize, formula: &str) -> bool {
    let (expected, axes) = imported(derived, formula);
    let own = &derived.entries[entry].derivative.axes;
    assert_eq!(own.len(), axes.len(), "{formula} has the derivative's axes");
    let expected = expected.renamed(&axes, own);
    let closed = derived.closed[entry].clone();
    let facts = claims(&derived.function.graph, &derived.function.facts);
    let mut field = Field::new(&derived.function.graph, BTreeSet::new(), &facts);
    let (Some(left), Some(right)) = (field.term(&closed), field.term(&expected)) else { return false };
    field.proves_equal(&left, &right)
}

/// The operations of one derivative, with every line that it reaches.
fn operations(derived: &Derived, entry: usize) -> usize {
    let listing = derived.listing(Style::Language, |_, _| String::new());
    let (outputs, derivatives) = listing.asked.split_at(derived.output_names.len());
    let free: BTreeSet<&str> = outputs.iter().flat_map(|line| [line.name.as_str(), line.formula.as_str()]).collect();
    let (mut total, mut wanted) = (0, BTreeSet::new());
    for line in std::iter::once(&derivatives[entry]).chain(listing.lets.iter().rev()) {
        let asked = std::ptr::eq(line, &derivatives[entry]);
        if asked || wanted.contains(line.name.as_str()) && !free.contains(line.name.as_str()) {
            total += line.operations;
            wanted.extend(line.uses.iter().map(String::as_str));
        }
    }
    total
}

#[test]
fn closed_forms_are_those_of_paper() {
    let mut failures = Vec::new();
    for row in rows::ROWS {
        let mut found = derived(row);
        assert_eq!(found.entries.len(), row.forms.len(), "{}: one form for each derivative", row.name);
        for (entry, (form, most)) in row.forms.iter().enumerate() {
            let own = operations(&found, entry);
            let listing = found.listing(Style::Language, |_, _| String::new());
            let text = &listing.asked[found.output_names.len() + entry].formula;
            if own > *most {
                failures.push(format!("{}: `{text}` has {own} operations, `{form}` has {most}", row.name));
            }
            if !proves(&mut found, entry, form) {
                failures.push(format!("{}: `{text}` is not proven to be `{form}`", row.name));
            }
        }
        let operations = found.operations(&found.listing(Style::Language, |_, _| String::new()));
        if operations.derived > operations.raw {
            failures.push(format!("{}: {operations:?}", row.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_form_that_is_wrong_is_not_proven() {
    let row = rows::ROWS.iter().find(|row| row.name == "sigmoid").expect("it is there");
    let mut found = derived(row);
    for wrong in ["y*(1 + y)", "1 - y", "y*(1 - y) + 0.0000001", "y*(1 - y)*x/x + 1"] {
        assert!(!proves(&mut found, 0, wrong), "{wrong}");
    }
}

/// The lines that the derivatives need, beside those that the definition names, and the derivatives.
fn shown<'a>(derived: &Derived, listing: &'a Listing) -> (Vec<&'a Line>, &'a [Line]) {
    let (outputs, derivatives) = listing.asked.split_at(derived.output_names.len());
    let mut given: BTreeSet<&str> = derived.function.names.iter().map(|known| known.name.as_str()).collect();
    given.extend(outputs.iter().flat_map(|line| [line.name.as_str(), line.formula.as_str()]));
    let mut wanted: BTreeSet<&str> = derivatives.iter().flat_map(|line| &line.uses).map(String::as_str).collect();
    let mut lets = Vec::new();
    for line in listing.lets.iter().rev() {
        if wanted.contains(line.name.as_str()) && !given.contains(line.name.as_str()) {
            wanted.extend(line.uses.iter().map(String::as_str));
            lets.push(line);
        }
    }
    lets.reverse();
    (lets, derivatives)
}

/// One line for each derivative: the definition, what was found, and the operations of the chain rule's form.
fn table() -> String {
    let mut out = String::from(
        "# Closed forms\n\nWhat chainrule derives from definitions as written, by its general passes alone: there is no rule for any of these \
         functions. Each form is proven equal to the chain rule's, and to the form on paper (`compiler/src/simplify/tests/`). \
         `CLOSED_FORMS=write cargo test -p chainrule-compiler --lib closed_forms` writes this table.\n\n\
         | function | definition | derivatives | operations: chain rule → closed |\n|---|---|---|---|\n",
    );
    for row in rows::ROWS {
        let found = derived(row);
        let listing = found.listing(Style::People, derivative_name);
        let operations = found.operations(&found.listing(Style::Language, |_, _| String::new()));
        let (lets, asked) = shown(&found, &listing);
        let lines = lets.into_iter().chain(asked);
        let lines: Vec<String> = lines.map(|line| format!("`{} = {}`", line.left(), line.formula)).collect();
        let definition = row.text.trim_start_matches("fn f").trim_end_matches(';').replace('|', "\\|");
        out.push_str(&format!(
            "| {} | `{definition}` | {} | {} → {} |\n",
            row.name,
            lines.join("<br>").replace('|', "\\|"),
            operations.raw,
            operations.derived
        ));
    }
    out
}

#[test]
fn closed_forms_are_in_the_documentation() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/CLOSED_FORMS.md");
    let table = table();
    if std::env::var("CLOSED_FORMS").as_deref() == Ok("write") {
        std::fs::write(path, &table).expect("a writable checkout");
    }
    // The published package has no documents beside it.
    let Ok(written) = std::fs::read_to_string(path) else { return };
    assert_eq!(written, table, "docs/CLOSED_FORMS.md is not what is derived: write it again");
}
