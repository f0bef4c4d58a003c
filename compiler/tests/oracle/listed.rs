//! What is printed, read again: a listing in the language's own style is put together to a function, which must parse,
//! resolve and have the numbers of the formulas that were listed.

use chainrule_compiler::derive::{Derived, Request, derive};
use chainrule_compiler::evaluate::{self, evaluate};
use chainrule_compiler::graph::{Dim, Graph};
use chainrule_compiler::lower::lower;
use chainrule_compiler::parse::parse_module;
use chainrule_compiler::print::{Listing, Style};
use chainrule_compiler::resolve::resolve;

use crate::numeric;
use crate::report::Report;

/// What matrix notation is made of; every run must have printed all of it.
pub const NOTATIONS: &[&str] =
    &[" @ ", ".T", "axis = 0", "axis = 1", "keep = true", "outer(", "eye(", "trace(", "diag(", "sum(", "sum[", "max("];

/// Reads the listing of a derived function again. `expected` are its outputs and its derivatives in closed form.
///
/// # Errors
/// What is refused, or the numbers that differ.
pub fn check(
    derived: &Derived,
    inputs: &[evaluate::Tensor],
    expected: &[evaluate::Tensor],
    report: &mut Report,
) -> Result<(), String> {
    let listing = derived.listing(Style::Language, |_, _| String::new());
    let text = rebuilt(derived, &listing);
    let refused = |found: Vec<_>| format!("{found:?}\n{text}");
    let functions = parse_module(&text).and_then(|module| resolve(&module, &text)).map_err(refused)?;
    let function = functions.into_iter().next_back().ok_or("no function")?;
    let again = derive(function, &Request::default()).map_err(|error| format!("{error}\n{text}"))?;
    let program = lower(&again.function.graph, &again.wanted());
    let found = evaluate(&program, inputs).map_err(|error| format!("{error}\n{text}"))?;
    let scale = expected.iter().flat_map(|tensor| &tensor.data).filter(|value| value.is_finite());
    let scale = scale.fold(1.0_f64, |most, value| most.max(value.abs()));
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        // A scalar stands for an array of equal entries.
        let same = if found.shape.is_empty() {
            expected.data.iter().all(|value| numeric::agree(found.data[0], *value, scale))
        } else {
            let pairs = found.data.iter().zip(&expected.data);
            found.shape == expected.shape && pairs.clone().all(|(a, b)| numeric::agree(*a, *b, scale))
        };
        if !same {
            return Err(format!("result {place} of the listing is {found:?} and not {expected:?}\n{text}"));
        }
    }
    report.listings += 1;
    for notation in NOTATIONS.iter().filter(|notation| text.contains(**notation)) {
        *report.notations.entry(notation).or_default() += 1;
    }
    Ok(())
}

/// One function of several outputs: the outputs of the listed function, then its derivatives.
fn rebuilt(derived: &Derived, listing: &Listing) -> String {
    let graph = &derived.function.graph;
    let inputs: Vec<String> =
        graph.inputs().iter().map(|input| format!("{}{}", input.name, shape_text(graph, &input.shape))).collect();
    let outputs = derived.output_names.len();
    let mut lines: Vec<(&str, String)> = Vec::new();
    for line in &listing.lets {
        lines.push((&line.name, format!("let {} = {};", line.left(), line.formula)));
    }
    for line in &listing.asked[..outputs] {
        lines.push((&line.name, format!("let {} = {};", line.name, line.formula)));
    }
    let values = derived.function.outputs.iter().map(|output| &output.value).chain(&derived.closed);
    let mut names = Vec::new();
    let mut results = Vec::new();
    for (place, (line, value)) in listing.asked.iter().zip(values).enumerate() {
        let shape = if value.axes.is_empty() { String::new() } else { shape_text(graph, &line.shape) };
        names.push(format!("result_{place}{shape}"));
        results.push(if place < outputs { line.name.clone() } else { line.formula.clone() });
    }
    let (inputs, names, results) = (inputs.join(", "), names.join(", "), results.join(", "));
    let float = graph.float().name();
    debug_assert_eq!(float, "f64", "the oracle's programs compute in f64");
    format!("fn listed({inputs}) -> ({names}) {{\n    {}\n    ({results})\n}}", ordered(lines).join("\n    "))
}

/// `: [N, 3]`, or nothing.
fn shape_text(graph: &Graph, shape: &[Dim]) -> String {
    let dims: Vec<String> = shape.iter().map(|dim| graph.dim_text(*dim)).collect();
    if dims.is_empty() { String::new() } else { format!(": [{}]", dims.join(", ")) }
}

/// Lines in an order in which each name stands above its uses: an output may stand in what is listed above it.
fn ordered(mut lines: Vec<(&str, String)>) -> Vec<String> {
    let mut ordered = Vec::new();
    while !lines.is_empty() {
        let waits = |statement: &str| {
            let right = statement.split_once('=').map_or("", |(_, right)| right);
            let words: Vec<&str> = right.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            lines.iter().any(|(name, _)| words.contains(name))
        };
        let free = lines.iter().position(|(_, statement)| !waits(statement)).unwrap_or(0);
        ordered.push(lines.remove(free).1);
    }
    ordered
}
