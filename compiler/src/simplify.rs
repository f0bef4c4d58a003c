//! Closed forms: a derivative in terms of what the forward pass has already computed.
//!
//! *Canonical terms* (`field`) compare and prove, they are never evaluated. *Fold-back* ([`fold_back`]) takes a backward
//! value that is dearer than a leaf, looks for a cheaper expression over forward values by their numbers at sample points,
//! and keeps it only if the canonical terms prove it equal. No rule knows a composite: `y*(1 - y)` for the sigmoid is
//! found, not looked up.
//!
//! So far formulas of scalars are simplified; what has axes stays as the chain rule gives it. An expression divides only
//! by what the chain rule divides by.

mod bank;
mod field;
mod fold_back;
mod polynomial;
pub(crate) mod rational;
mod sample;

#[cfg(test)]
mod tests;

pub use fold_back::fold_back;

use crate::graph::Ref;

/// Why one value may stand for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The same operation over operands that were replaced before.
    Operands,
    /// A cheaper expression over forward values; canonical terms prove it equal.
    FoldBack,
}

impl Rule {
    /// Every rule.
    pub const ALL: &[Self] = &[Self::Operands, Self::FoldBack];

    /// The rule's name in a certificate.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Operands => "operands",
            Self::FoldBack => "fold back",
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
}
