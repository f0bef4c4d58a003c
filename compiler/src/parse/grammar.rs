//! The parser that pest made from `grammar/chainrule.pest`, ahead of time: see `cargo xtask grammar`.
#![allow(
    missing_docs,
    dead_code,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::too_many_lines
)]

/// The parser.
pub(super) struct Grammar;

include!("generated.rs");
