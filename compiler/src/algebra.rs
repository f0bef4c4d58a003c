//! Exact algebra: what passes compare, prove and write formulas with. No floats, no sampling, no search.
//!
//! A [`Term`](quotient::Term) is a quotient of [polynomials](polynomial) over [kernels](kernel), with
//! [rational](mod@rational) coefficients and exponents. [`Field`](quotient::Field) makes the terms of a graph's nodes, by the
//! laws of [functions], [sums and maxima](closures) and [what is stated](assumptions).

pub(crate) mod assumptions;
pub(crate) mod claim;
pub(crate) mod closures;
pub(crate) mod digits;
pub(crate) mod factored;
pub(crate) mod functions;
pub(crate) mod hash;
pub(crate) mod kernel;
pub(crate) mod laws;
pub(crate) mod linear;
pub(crate) mod polynomial;
pub(crate) mod quotient;
pub(crate) mod rational;
mod reduction;
