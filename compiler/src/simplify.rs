//! Closed forms: a derivative in terms of what the forward pass has already computed.
//!
//! *Canonical terms* ([`field`]) compare and prove, they are never evaluated. *Fold-back* ([`fold_back`]) takes a backward
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
mod rational;
mod sample;

#[cfg(test)]
mod tests;

pub use fold_back::fold_back;
