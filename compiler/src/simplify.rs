//! Closed forms: a derivative in terms of what the forward pass has already computed.
//!
//! *Canonical terms* (`algebra::quotient`) compare and prove, they are never evaluated. *Fold-back* ([`simplify()`]) takes a backward
//! value that is dearer than a leaf, looks for a cheaper expression over forward values by their numbers at sample points,
//! and keeps it only if the canonical terms prove it equal. No rule knows a composite: `y*(1 - y)` for the sigmoid is
//! found, not looked up.
//!
//! An expression divides only by what the chain rule divides by.

mod bank;
mod candidate;
mod condition;
mod factors;
mod leaves;
mod linear;
mod nodes;
mod plan;
mod product;
mod search;
mod second;
mod tidy;

#[cfg(test)]
mod tests;

pub use linear::{Pulled, pulled_back};
pub use search::{simplify, steps_behind};

use crate::facts::Claim;
use crate::graph::KnownCall;
use crate::graph::{Axis, NodeId, Ref};
use crate::sample;

/// What is simplified.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The values that the forward pass computes.
    pub outputs: &'a [NodeId],
    /// Forward values with a name: formulas may refer to them at no cost.
    pub named: &'a [NodeId],
    /// The derivatives, first ones first.
    pub roots: &'a [Ref],
    /// How many are first derivatives: the others may refer to these at no cost.
    pub first: usize,
    /// What the others are derivatives of, in order.
    pub second: &'a [Second],
    /// What the function's facts state.
    pub facts: &'a [Claim],
}

/// A second derivative: which first one is differentiated once more, and by what.
#[derive(Clone, Debug)]
pub struct Second {
    /// The first derivative's place among the roots.
    pub of: usize,
    /// The input that it is differentiated by.
    pub by: NodeId,
    /// The place of the first derivative by that input.
    pub beside: usize,
    /// The output.
    pub output: NodeId,
    /// The axes of the first derivative, then those of the input.
    pub axes: Vec<Axis>,
    /// The axes of the first derivative that is differentiated.
    pub inner: Vec<Axis>,
    /// The axes of the first derivative by that input.
    pub outer: Vec<Axis>,
}

/// Why one value may stand for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The same operation over operands that were replaced before.
    Operands,
    /// A cheaper expression over forward values; canonical terms prove it equal.
    FoldBack,
    /// Equal by the algebra of canonical terms: most often the canonical form, written out.
    Canonical,
    /// A form of what the chain rule gives for a first derivative in closed form: equal because the first derivatives are.
    Differentiated,
    /// The cotangent times the gradient of a number, in closed form: the chain rule is linear in the cotangent.
    Linear,
}

impl Rule {
    /// Every rule.
    pub const ALL: &[Self] = &[Self::Operands, Self::FoldBack, Self::Canonical, Self::Differentiated, Self::Linear];

    /// The rule's name in a certificate.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Operands => "operands",
            Self::FoldBack => "fold back",
            Self::Canonical => "canonical form",
            Self::Differentiated => "differentiated closed form",
            Self::Linear => "cotangent times gradient",
        }
    }
}

/// One replacement of a simplification: where both are defined, `after` is what `before` is. Steps come in order, each
/// [`Rule::Operands`] step after those that it relies on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Why.
    pub rule: Rule,
    /// What stood there; no axis twice.
    pub before: Ref,
    /// What stands for it, over some of the same axes.
    pub after: Ref,
    /// The facts that this relies on: their places in the function's list, each once.
    pub facts: Vec<usize>,
}

/// What a simplification gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simplified {
    /// One value for each root, over some of its axes.
    pub roots: Vec<Ref>,
    /// How they were found.
    pub steps: Vec<Step>,
    /// Values of the prelude's functions among them.
    pub calls: Vec<KnownCall>,
}
