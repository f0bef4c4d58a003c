//! Facts: what a `where` clause states, read into what a simplifier can use, checked against each other and against numbers.
//!
//! In: the facts of a function, truth values in its graph. Out: [`claims`], one for each part between `&&`: equalities,
//! orders and, by [`Claim::signs`], the signs of values; [`sign()`], what they say together about the sign of any value;
//! [`contradictions`], facts that cannot hold together; and [`check`], the node that says whether a fact holds at a point,
//! equalities up to rounding.
//!
//! Invariants: a fact holds at every position along its axes; a fact that is nothing of the above is kept and never used;
//! nothing here fails on what a user can write, and the work is bounded by counts.

mod check;
mod contradiction;
mod sign;
mod system;

#[cfg(test)]
mod tests;

pub use crate::algebra::claim::{Claim, Meaning, Sign};
pub use check::{check, checks};
pub use contradiction::contradictions;
pub use sign::sign;

use crate::diagnostic::Span;
use crate::graph::{Graph, Operation, Ref};
use crate::operators::Operator;

/// A fact of a `where` clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// As written.
    pub text: String,
    /// Where it stands.
    pub span: Span,
    /// The comparison in the function's graph, a truth value: it holds at every position along its axes.
    pub statement: Ref,
    /// Whether a derivation relied on it.
    pub used: bool,
}

/// The facts of a function, split and read.
#[must_use]
pub fn claims(graph: &Graph, facts: &[Fact]) -> Vec<Claim> {
    let mut claims = Vec::new();
    for (fact, stated) in facts.iter().enumerate() {
        for statement in parts(graph, &stated.statement) {
            let meaning = meaning(graph, &statement, true);
            claims.push(Claim { fact, statement, meaning });
        }
    }
    claims
}

/// A condition split at `&&`: each part once, in the order of the text.
fn parts(graph: &Graph, statement: &Ref) -> Vec<Ref> {
    let mut open = vec![statement.clone()];
    let mut seen = std::collections::HashSet::new();
    let mut parts = Vec::new();
    while let Some(part) = open.pop() {
        if !seen.insert(part.clone()) {
            continue;
        }
        if graph.as_operator(part.node) == Some(Operator::And) {
            open.extend(graph.operand_refs(part.node, &part.axes).into_iter().rev());
        } else {
            parts.push(part);
        }
    }
    parts
}

/// What a part says, or what its opposite says.
fn meaning(graph: &Graph, part: &Ref, holds: bool) -> Meaning {
    if let Operation::Truth(value) = graph.operation(part.node) {
        return if value == holds { Meaning::Other } else { Meaning::Never };
    }
    let operands = graph.operand_refs(part.node, &part.axes);
    match (graph.as_operator(part.node), operands.as_slice()) {
        (Some(Operator::Not), [inner]) if holds => meaning(graph, inner, false),
        (Some(operator), [left, right]) => comparison(operator, left.clone(), right.clone(), holds),
        _ => Meaning::Other,
    }
}

fn comparison(operator: Operator, left: Ref, right: Ref, holds: bool) -> Meaning {
    match (operator, holds) {
        (Operator::Equal, true) | (Operator::NotEqual, false) => Meaning::Equal(left, right),
        (Operator::NotEqual, true) | (Operator::Equal, false) => Meaning::Different(left, right),
        (Operator::Greater, true) | (Operator::LessEqual, false) => Meaning::Greater(left, right),
        (Operator::GreaterEqual, true) | (Operator::Less, false) => Meaning::AtLeast(left, right),
        (Operator::Less, true) | (Operator::GreaterEqual, false) => Meaning::Greater(right, left),
        (Operator::LessEqual, true) | (Operator::Greater, false) => Meaning::AtLeast(right, left),
        _ => Meaning::Other,
    }
}
