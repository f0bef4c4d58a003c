//! What debug builds check: the facts that a derivation relied on.
//!
//! A false fact makes a derivative wrong, never unsafe. The check is [`crate::facts::check`], lowered like any formula;
//! release builds have nothing of it.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use super::Emitter;
use super::body::Results;
use super::spelling::local;
use crate::derive::Derived;
use crate::diagnostic::{Code, Diagnostic};
use crate::facts::check;
use crate::graph::Graph;
use crate::lower::Wanted;
use crate::resolve::Fact;

impl Emitter<'_> {
    /// One assertion for each fact that was used.
    pub(super) fn assertions(&self, derived: &Derived) -> Result<TokenStream, Diagnostic> {
        let mut lines = TokenStream::new();
        for Checked { graph, holds, message, span } in self.checked_facts(derived)? {
            let Results { lines: before, values } = self.body(&graph, derived, &[holds], &[], &local("saved"))?;
            lines.extend(quote_spanned!(span=> ::core::debug_assert!({ #before #(#values)* }, #message);));
        }
        Ok(lines)
    }

    /// What debug builds check.
    pub(super) fn checked_facts(&self, derived: &Derived) -> Result<Vec<Checked>, Diagnostic> {
        let used: Vec<&Fact> = derived.function.facts.iter().filter(|fact| fact.used).collect();
        if used.is_empty() || !self.attributes.checks_facts() {
            return Ok(Vec::new());
        }
        let mut graph = derived.function.graph.clone();
        used.into_iter().map(|fact| self.checked(derived, &mut graph, fact)).collect()
    }

    fn checked(&self, derived: &Derived, graph: &mut Graph, fact: &Fact) -> Result<Checked, Diagnostic> {
        let holds =
            check(graph, fact).map_err(|error| Diagnostic::new(Code::TooLarge, fact.span, error.to_string()))?;
        let message = format!(
            "the derivatives of `{}` rely on the fact `{}`, which does not hold for these inputs",
            derived.function.name, fact.text
        );
        // The message is a format string.
        let message = message.replace('{', "{{").replace('}', "}}");
        let holds = Wanted { value: holds, axes: Vec::new() };
        // A failure points at the fact itself.
        Ok(Checked { graph: graph.clone(), holds, message, span: (self.origin.spans)(fact.span) })
    }
}

/// A fact that is checked.
pub(super) struct Checked {
    /// The graph that has the check.
    pub(super) graph: Graph,
    /// A truth value.
    pub(super) holds: Wanted,
    /// What is said where it does not hold; a format string.
    pub(super) message: String,
    /// The user's token.
    pub(super) span: proc_macro2::Span,
}
