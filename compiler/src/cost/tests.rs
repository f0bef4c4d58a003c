//! Weights, and what value and gradient of the repository's formulas of numbers cost as they are emitted.

use super::*;
use std::collections::HashSet;
use std::fmt::Write as _;

use crate::derive::{Request, derive};
use crate::parse::{parse_formula, parse_module};
use crate::print::{Style, expanded};
use crate::resolve::resolve;

#[test]
fn operations_have_their_weights() {
    for (text, expected) in [
        ("x + y", 1),
        ("-(x*y)", 1),
        ("x/y", 4),
        ("sqrt(x*x)", 5),
        ("exp(x)*exp(x)", 16),
        ("if x > y { x } else { -y }", 0),
        ("x**2", 1),
        ("x**12", 4),
        ("x**-2", 5),
        ("x**1.5", 5),
        ("x**0.3", 15),
        ("x**y", 15),
        ("2*x/3", 5),
        ("3*x/4", 2),
        ("x*(1/3)", 1),
        ("fn f(x: [3]) = sum(x**2);", 6),
        ("fn f(x: [N], y: [N]) = sum(x*y);", 200),
        ("fn f(x: [3]) = x[0] + x[1];", 1),
    ] {
        let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        let function = resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).remove(0);
        let output = function.outputs[0].value.node;
        assert_eq!(total(&function.graph, [output], |_| false).weight, expected, "{text}");
    }
}

/// A name, what value and gradient cost before there was one form of each value, and the formula.
const FORMULAS: &str = include_str!("formulas.tsv");
/// What is dearer than it was, and why.
const DEARER: [(&str, &str); 1] = [("angles", "the tangent is divided by twice in other terms, which share it")];

/// What value and gradient of a formula cost as they are emitted, together.
fn emitted(text: &str) -> u64 {
    let module = parse_module(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    let function = resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).remove(0);
    let request = Request { order: 1, ..Request::default() };
    let mut derived = derive(function, &request).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    derived.stabilise().unwrap_or_else(|error| panic!("{text}: {error:?}"));
    let roots: Vec<NodeId> = derived.numeric().iter().map(|value| value.node).collect();
    total(&derived.function.graph, roots, |_| false).weight
}

#[test]
fn second_derivatives_change_no_first_one() {
    for line in FORMULAS.lines() {
        let text = line.rsplit('\t').next().unwrap_or_default();
        let [one, two] = [1, 2].map(|order| {
            let module = parse_module(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
            let function = resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).remove(0);
            let request = Request { order, ..Request::default() };
            let mut derived = derive(function, &request).unwrap_or_else(|error| panic!("{text}: {error:?}"));
            derived.stabilise().unwrap_or_else(|error| panic!("{text}: {error:?}"));
            let first = derived.entries.iter().take_while(|entry| entry.wrt.len() == 1).count();
            let evaluated = derived.numeric();
            let roots = derived.closed[..first].iter().chain(&evaluated[..derived.function.outputs.len() + first]);
            let graph = &derived.function.graph;
            let written =
                |root: &crate::graph::Ref| expanded(graph, root.node, &[], &[], &HashSet::new(), Style::Language);
            roots.map(written).collect::<Vec<String>>()
        });
        assert_eq!(one, two, "{text}");
    }
}

/// `OPERATIONS=write` writes the table again.
#[test]
fn no_formula_costs_more_than_it_did() {
    let mut table = String::from(
        "# Weighted operations\n\nWhat value and gradient cost together, as they are emitted: an addition, a product, \
         `abs`, `sign`, `min`, `max` or `floor` is 1, a quotient or a square root 4, another function 15, a power its products \
         and roots, and a negation, a comparison or an `if` nothing; both branches of an `if` count, but for one that is taken \
         only where numbers are extreme. *Before* is what was emitted for them before every value had one form. \
         `OPERATIONS=write cargo test -p chainrule-compiler --lib no_formula_costs_more` writes this table.\n\n\
         | formula | as written | before | now |\n|---|---|---|---|\n",
    );
    let (mut all_before, mut all_now) = (0, 0);
    for line in FORMULAS.lines() {
        let parts: Vec<&str> = line.split('\t').collect();
        let [name, before, text] = parts[..] else { panic!("{line}") };
        let (before, now): (u64, u64) = (before.parse().unwrap_or_else(|_| panic!("{line}")), emitted(text));
        assert!(now <= before || DEARER.iter().any(|(known, _)| *known == name), "{text}: {now}, before {before}");
        let shown = text.replace('|', "\\|");
        let _ = writeln!(table, "| {name} | `{shown}` | {before} | {now} |");
        (all_before, all_now) = (all_before + before, all_now + now);
    }
    let _ = writeln!(table, "| *all* | | {all_before} | {all_now} |");
    for (name, why) in DEARER {
        let _ = write!(table, "\n{name}: {why}.\n");
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/OPERATIONS.md");
    if std::env::var("OPERATIONS").is_ok_and(|value| value == "write") {
        std::fs::write(path, &table).unwrap_or_else(|error| panic!("{error}"));
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), table, "docs/OPERATIONS.md is not what is measured");
}
