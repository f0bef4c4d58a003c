//! Exact algebra: what passes compare, prove and write formulas with. No floats, no sampling, no search.

pub(crate) mod hash;
pub(crate) mod rational;
