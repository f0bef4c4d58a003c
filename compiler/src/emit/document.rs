//! The documentation of emitted items: the formula, and the derivative that was derived.

use proc_macro2::TokenStream;

use super::Origin;
use super::attributes::{Attributes, doc_lines};
use crate::derive::{Derived, Entry, Otherwise};
use crate::print::{Listing, Style};

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

/// The user's own documentation, or a line that says what there is.
pub(super) fn of_function(derived: &Derived, attributes: &Attributes, origin: &Origin) -> TokenStream {
    let name = format!("`{}` and, in the module beside it, its derivatives.", derived.function.name);
    attributes.docs(origin).unwrap_or_else(|| doc_lines([name.as_str()]))
}

/// What [`formula`] shows, under a title.
pub(super) fn of_value(derived: &Derived) -> TokenStream {
    let mut tokens = doc_lines(["The value."]);
    tokens.extend(formula(derived));
    tokens
}

/// The formula without its derivatives.
pub(super) fn formula(derived: &Derived) -> TokenStream {
    block(some_formulas(derived, |_| false))
}

/// The formula and the derivatives, and the facts that they rely on.
pub(super) fn of_gradient(derived: &Derived, attributes: &Attributes) -> TokenStream {
    let mut tokens = block(formulas(derived));
    tokens.extend(of_facts(derived, attributes));
    tokens
}

/// The formula and the second derivatives on and above the diagonal, and the facts that they rely on.
pub(super) fn of_hessian(derived: &Derived, attributes: &Attributes) -> TokenStream {
    let mut tokens = block(some_formulas(derived, |entry| matches!(entry.wrt[..], [row, column] if row <= column)));
    tokens.extend(of_facts(derived, attributes));
    tokens
}

/// The facts that derivatives rely on.
fn of_facts(derived: &Derived, attributes: &Attributes) -> TokenStream {
    let relied = derived.function.facts.iter().filter(|fact| fact.used).map(|fact| format!("`{}`", fact.text));
    let relied: Vec<String> = relied.collect();
    if relied.is_empty() {
        return TokenStream::new();
    }
    let checked = if attributes.checks_facts() { ", checked in debug builds" } else { "" };
    doc_lines(["", &format!("Derived from {}{checked}.", relied.join(", "))])
}

/// The formula and some of the derivatives, and what of them is evaluated in another form.
fn some_formulas(derived: &Derived, shown: impl Fn(&Entry) -> bool) -> Vec<String> {
    let listing = derived.listing_of_some(&shown, Style::People, derivative_name);
    let mut all = lines(&listing);
    // A backward pass computes from what is saved, as it is shown.
    if derived.upstream.is_none() {
        let told = derived.evaluated_otherwise(&listing, Style::People);
        let (of_outputs, of_entries) = told.split_at(told.len().min(derived.function.outputs.len()));
        let entries = derived.entries.iter().zip(of_entries).filter(|(entry, _)| shown(entry)).map(|(_, own)| own);
        for Otherwise { part, form } in of_outputs.iter().chain(entries).flatten() {
            let form = form.as_deref().unwrap_or("a longer form");
            all.push(format!("{part} evaluated as {form}"));
        }
    }
    all
}

fn formulas(derived: &Derived) -> Vec<String> {
    some_formulas(derived, |_| true)
}

fn lines(listing: &Listing) -> Vec<String> {
    let lines = listing.lets.iter().chain(&listing.asked);
    lines.map(|line| format!("{} = {}", line.left(), line.formula)).collect()
}
