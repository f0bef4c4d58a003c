//! The compiler behind chainrule.
//!
//! ```text
//! text / tokens --parse--> syntax --resolve--> Graph --differentiate--> Graph --lower--> Program --emit--> Rust
//!                                                |  (printers: text, JSON, Mermaid)        |--evaluate--> numbers
//! ```
//! Each step is one module; each module's own page says what comes in, what goes out and what it keeps true.

mod algebra;
mod cost;
pub mod derive;
pub mod diagnostic;
pub mod differentiate;
pub mod emit;
pub mod evaluate;
pub mod facts;
pub mod graph;
mod guard;
pub mod loops;
pub mod lower;
pub mod number;
pub mod operators;
pub mod parse;
pub mod picture;
mod prelude;
pub mod print;
pub mod resolve;
mod sample;
pub mod simplify;
pub mod stabilise;
pub mod syntax;
