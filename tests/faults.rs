//! Formulas that were wrong once, with right values: by the lowered program, by emitted code, and by the formulas that are
//! shown, read again and computed with many digits.

#[path = "../src/cli/accuracy/big.rs"]
#[allow(dead_code)]
mod big;
#[path = "faults/emitted.rs"]
mod emitted;
#[path = "../src/cli/accuracy/reference.rs"]
mod reference;

use std::collections::HashMap;

use big::Big;
use chainrule_compiler::derive::{DerivativeKind, Derived, Request, derive};
use chainrule_compiler::evaluate::{Tensor, evaluate};
use chainrule_compiler::lower::lower;
use chainrule_compiler::parse::parse_formula;
use chainrule_compiler::print::{Line, Phase, Style};
use chainrule_compiler::resolve::resolve;
use serde_json::Value;

/// Bits of the reference: formulas that are shown may cancel, and overflow a float on the way.
const BITS: usize = 4000;

struct Row {
    number: usize,
    formula: String,
    at: HashMap<String, Vec<f64>>,
    order: u8,
    /// What is asked for, and its number.
    expected: Vec<(String, f64)>,
}

fn rows() -> Vec<Row> {
    let numbers = |value: &Value| match value {
        Value::Array(items) => items.iter().map(|item| item.as_f64().expect("a number")).collect(),
        other => vec![other.as_f64().expect("a number")],
    };
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let row = |(number, line): (usize, &str)| {
        let row: Value = serde_json::from_str(line).expect("a row");
        let object = |name: &str| row[name].as_object().expect("an object").clone();
        Row {
            number,
            formula: text(&row["formula"]),
            at: object("at").iter().map(|(name, value)| (name.clone(), numbers(value))).collect(),
            order: u8::try_from(row["order"].as_u64().expect("an order")).expect("a small one"),
            expected: object("expect")
                .iter()
                .map(|(key, value)| (key.clone(), text(value).parse().expect("a number")))
                .collect(),
        }
    };
    include_str!("faults.jsonl").lines().enumerate().map(row).collect()
}

/// The derivatives, ready to be evaluated.
fn derived(formula: &str, order: u8) -> Derived {
    let module = parse_formula(formula, &[]).unwrap_or_else(|errors| panic!("{formula}: {errors:?}"));
    let function = resolve(&module, formula).unwrap_or_else(|errors| panic!("{formula}: {errors:?}")).remove(0);
    let mut derived = derive(function, &Request { order, ..Request::default() }).expect("derives");
    derived.stabilise().expect("room");
    derived
}

/// Where a result stands among the outputs and derivatives, and which of its elements is asked for.
fn place(derived: &Derived, key: &str) -> (usize, usize) {
    let parts: Vec<&str> = key.split('.').collect();
    let parameter = |name: &str| derived.function.parameters.iter().position(|known| known.name == name);
    let (kind, by): (_, Vec<usize>) = match parts[0] {
        "value" => return (0, 0),
        "gradient" => (DerivativeKind::Gradient, vec![parameter(parts[1]).expect("an input")]),
        _ => (DerivativeKind::Hessian, parts[1..3].iter().map(|name| parameter(name).expect("an input")).collect()),
    };
    let element = parts.last().and_then(|last| last.parse().ok()).unwrap_or(0);
    let entry = derived.entries.iter().position(|entry| entry.kind == kind && entry.wrt == by);
    (derived.function.outputs.len() + entry.unwrap_or_else(|| panic!("{key}")), element)
}

fn is_near(found: f64, expected: f64) -> bool {
    if expected == 0.0 { found.abs() < 1e-280 } else { (found - expected).abs() <= 1e-9 * expected.abs() }
}

#[test]
fn every_row_is_evaluated_right() {
    let mut wrong = Vec::new();
    for row in rows() {
        let derived = derived(&row.formula, row.order);
        assert_eq!(derived.refuted, 0, "{}", row.formula);
        let program = lower(&derived.function.graph, &derived.wanted());
        let input = |parameter: &chainrule_compiler::resolve::Parameter| {
            let data = row.at[&parameter.name].clone();
            Tensor { shape: if parameter.shape.is_empty() { Vec::new() } else { vec![data.len()] }, data }
        };
        let inputs: Vec<Tensor> = derived.function.parameters.iter().map(input).collect();
        let found = evaluate(&program, &inputs).expect("inputs that fit");
        for (key, expected) in &row.expected {
            let (result, element) = place(&derived, key);
            let found = found[result].data[element];
            if !is_near(found, *expected) {
                wrong.push(format!("{} at {:?}: {key} is {found}, not {expected}", row.formula, row.at));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn scalar_rows_are_emitted_right() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for row in rows() {
        let found = emitted::emitted(row.number, |name| row.at[name][0]);
        if found.is_empty() {
            assert!(row.formula.contains('['), "{} has no emitted function", row.formula);
            continue;
        }
        count += 1;
        let derived = derived(&row.formula, 2);
        assert_eq!(found.len(), 1 + derived.entries.len(), "{}", row.formula);
        for (key, expected) in &row.expected {
            let found = found[place(&derived, key).0];
            if !is_near(found, *expected) {
                wrong.push(format!("{} at {:?}: emitted {key} is {found}, not {expected}", row.formula, row.at));
            }
        }
    }
    assert!(count > 30, "only {count} rows are scalar");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_shown_of_scalar_rows_is_right() {
    let mut wrong = Vec::new();
    for row in
        rows().into_iter().filter(|row| row.at.values().all(|value| value.len() == 1) && !row.formula.contains('['))
    {
        let derived = derived(&row.formula, row.order);
        let listing = derived.listing(Style::Language, |_, _| "derivative".to_owned());
        // The listing again, as a function of all its lines: outputs first, unless they use names.
        let inputs: Vec<&str> = derived.function.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        let (outputs, derivatives) = listing.asked.split_at(derived.function.outputs.len());
        let named = |line: &Line| format!("let {} = {};", line.name, line.formula);
        let (forward, backward): (Vec<&Line>, Vec<&Line>) =
            listing.lets.iter().partition(|line| line.phase == Phase::Forward);
        let mut lines: Vec<String> = forward.into_iter().chain(outputs).chain(backward).map(named).collect();
        let results = (0..derivatives.len()).map(|place| format!("result{place}"));
        lines.extend(results.clone().zip(derivatives).map(|(name, line)| format!("let {name} = {};", line.formula)));
        let all: Vec<String> = outputs.iter().map(|line| line.name.clone()).chain(results).collect();
        let names: Vec<String> = (0..all.len()).map(|place| format!("shown{place}")).collect();
        let (lines, body) = (lines.join(" "), all.join(", "));
        let text = match all.len() {
            1 => format!("fn shown({}) {{ {lines} {body} }}", inputs.join(", ")),
            _ => format!("fn shown({}) -> ({}) {{ {lines} ({body}) }}", inputs.join(", "), names.join(", ")),
        };
        let module = parse_formula(&text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        let shown = resolve(&module, &text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).remove(0);
        let numbers: Vec<Big> = inputs.iter().map(|name| Big::of(row.at[*name][0], BITS)).collect();
        let roots: Vec<_> = shown.outputs.iter().map(|output| output.value.node).collect();
        let found =
            reference::evaluate(&shown.graph, &roots, &numbers, BITS).unwrap_or_else(|error| panic!("{text}: {error}"));
        for (key, expected) in &row.expected {
            let found = found[place(&derived, key).0].to_f64();
            if !is_near(found, *expected) {
                wrong.push(format!("{text} at {:?}: shown {key} is {found}, not {expected}", row.at));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
