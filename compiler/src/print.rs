//! Printers: formulas as text, in the language itself or as people write them.
//!
//! A [`Listing`] is a set of formulas over one graph that share their common parts: named lines first, then what was
//! asked for. Arrays stand in matrix notation where that can mean one thing only, else in index notation. Everything in
//! the language's own style parses again.

pub mod expression;
mod item;
mod layout;
pub mod listing;
pub mod mermaid;
mod whole;

#[cfg(test)]
mod tests;

pub use crate::graph::KnownCall;
pub use expression::{Named, Style, expanded};
pub use listing::{Asked, Line, Listing, Phase, Vocabulary, list, list_with};
pub use mermaid::mermaid;

use crate::number::Number;

/// A number for people: at most 12 significant digits.
#[must_use]
pub fn rounded(value: f64) -> String {
    rounded_to(value, MOST_DIGITS)
}

/// As many digits as text for people has; a computed 220.00000000000003 is 220.
const MOST_DIGITS: usize = 12;

/// A number for people with so many significant digits; what stands before the decimal point is written in full.
#[must_use]
pub fn rounded_to(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN".into()
        } else if value > 0.0 {
            "inf".into()
        } else {
            "-inf".into()
        };
    }
    let to = |value: f64, digits: usize| -> f64 { format!("{value:.*e}", digits - 1).parse().unwrap_or(value) };
    let exact = to(value, MOST_DIGITS);
    let whole = if exact.abs() < 1.0 { 1 } else { exact.abs().log10().floor() as usize + 1 };
    let short = if exact.fract() == 0.0 { exact } else { to(value, digits.max(whole).clamp(1, MOST_DIGITS)) };
    let text = Number::from_decimal(short).map_or_else(|| short.to_string(), |number| number.to_string());
    if short == 0.0 { "0".into() } else { text }
}
