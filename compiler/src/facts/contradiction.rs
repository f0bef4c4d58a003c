//! Facts that cannot hold together.

use super::system::{Budget, System};
use super::{Fact, claims};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::graph::Graph;

/// Facts that contradict the facts before them, each with the fewest that it needs for that; what is redundant is right.
///
/// Found are contradictions of linear equations and inequalities between values that are taken as they are: `x`, or
/// `sum(t)`. Facts along axes are compared at position 0, where they hold unless an array is empty.
#[must_use]
pub fn contradictions(graph: &Graph, facts: &[Fact]) -> Diagnostics {
    let system = System::at_origin(graph, &claims(graph, facts));
    let mut budget = Budget::default();
    let mut errors = Diagnostics::new();
    if system.has_solution(|_| true, &mut budget) {
        return errors;
    }
    let mut kept: Vec<usize> = Vec::new();
    for fact in 0..facts.len() {
        if system.has_solution(|other| other == fact || kept.contains(&other), &mut budget) {
            kept.push(fact);
            continue;
        }
        let mut needed = kept.clone();
        for other in kept.iter().rev() {
            let without = |place: usize| place == fact || (place != *other && needed.contains(&place));
            if !system.has_solution(without, &mut budget) {
                needed.retain(|place| place != other);
            }
        }
        errors.push(contradiction(facts, fact, &needed));
    }
    errors
}

fn contradiction(facts: &[Fact], fact: usize, needed: &[usize]) -> Diagnostic {
    let text = |place: &usize| format!("`{}`", facts[*place].text);
    let this = text(&fact);
    let span = facts[fact].span;
    let (last, others) = match needed.split_last() {
        None => {
            let error = Diagnostic::new(Code::Fact, span, format!("the fact {this} never holds"));
            return error.with_help("a fact is what holds in every call");
        }
        Some((last, [])) => (text(last), String::new()),
        Some((last, others)) => (text(last), others.iter().map(text).collect::<Vec<_>>().join(", ") + " and "),
    };
    let error = Diagnostic::new(Code::Fact, span, format!("the fact {this} contradicts {others}{last}"));
    let error = error.with_help("facts hold together, in every call: remove the one that is wrong");
    needed.iter().fold(error, |error, place| error.with_span(facts[*place].span))
}
