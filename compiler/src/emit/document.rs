//! The documentation of emitted items: the formula, and the derivative that was derived.

use proc_macro2::TokenStream;

use super::attributes::doc_lines;
use crate::derive::{Derived, Entry};
use crate::print::Style;

/// More lines than this help nobody.
const MOST_LINES: usize = 24;
/// Nor do longer ones.
const MOST_CHARACTERS: usize = 400;

/// What a derivative is called in text: `∂y/∂x`, `∂²y/∂x∂z`; for a pullback `x̄`, the cotangent of `x`.
#[must_use]
pub fn derivative_name(derived: &Derived, entry: &Entry) -> String {
    let output = &derived.output_names[entry.of];
    let inputs: Vec<&str> = entry.wrt.iter().map(|place| derived.function.parameters[*place].name.as_str()).collect();
    match (derived.upstream.is_some(), inputs.as_slice()) {
        (true, [input]) => format!("{input}\u{304}"),
        (_, [input]) => format!("∂{output}/∂{input}"),
        (_, [a, b]) if a == b => format!("∂²{output}/∂{a}²"),
        (_, inputs) => format!("∂²{output}/{}", inputs.iter().map(|input| format!("∂{input}")).collect::<String>()),
    }
}

fn block(lines: Vec<String>) -> TokenStream {
    let more = lines.len().saturating_sub(MOST_LINES);
    let mut shown: Vec<String> = lines.into_iter().take(MOST_LINES).map(shortened).collect();
    if more > 0 {
        shown.push(format!("... and {more} lines more"));
    }
    let fenced = ["", "```text"].into_iter().chain(shown.iter().map(String::as_str)).chain(["```"]);
    doc_lines(fenced)
}

fn shortened(line: String) -> String {
    if line.chars().count() <= MOST_CHARACTERS {
        return line;
    }
    line.chars().take(MOST_CHARACTERS).chain(" ...".chars()).collect()
}

/// The user's own documentation, then the formula and its derivative.
pub(super) fn of_function(derived: &Derived, docs: Option<TokenStream>) -> TokenStream {
    let name = format!("`{}` and, in the module beside it, its derivatives.", derived.function.name);
    let mut tokens = docs.unwrap_or_else(|| doc_lines([name.as_str()]));
    tokens.extend(of_gradient(derived));
    tokens
}

/// The formula.
pub(super) fn of_value(derived: &Derived) -> TokenStream {
    let bare = Derived { entries: Vec::new(), closed: Vec::new(), steps: Vec::new(), ..derived.clone() };
    let mut tokens = doc_lines(["The value."]);
    tokens.extend(of_gradient(&bare));
    tokens
}

/// The formula and the derivatives.
pub(super) fn of_gradient(derived: &Derived) -> TokenStream {
    let listing = derived.listing(Style::People, derivative_name);
    let lines = listing.lets.iter().chain(&listing.asked).map(|line| format!("{} = {}", line.left(), line.formula));
    block(lines.collect())
}
