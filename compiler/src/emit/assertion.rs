//! What debug builds check: the facts that a derivation relied on.
//!
//! A false fact makes a derivative wrong, never unsafe. The check is [`crate::facts::check`], lowered like any formula;
//! release builds have nothing of it.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use super::body::Results;
use super::{Emitter, local};
use crate::derive::Derived;
use crate::diagnostic::{Code, Diagnostic};
use crate::facts::check;
use crate::graph::{Graph, Ref};
use crate::resolve::Fact;

impl Emitter<'_> {
    /// One assertion for each fact that was used.
    pub(super) fn assertions(&self, derived: &Derived) -> Result<TokenStream, Diagnostic> {
        let used: Vec<&Fact> = derived.function.facts.iter().filter(|fact| fact.used).collect();
        if used.is_empty() || !self.attributes.checks_facts() {
            return Ok(TokenStream::new());
        }
        let mut graph = derived.function.graph.clone();
        used.into_iter().map(|fact| self.assertion(derived, &mut graph, fact)).collect()
    }

    fn assertion(&self, derived: &Derived, graph: &mut Graph, fact: &Fact) -> Result<TokenStream, Diagnostic> {
        let holds =
            check(graph, fact).map_err(|error| Diagnostic::new(Code::TooLarge, fact.span, error.to_string()))?;
        if computes_with_arrays(graph, &holds) {
            let message = format!("the fact `{}` computes with arrays: that is not emitted yet", fact.text);
            let error = Diagnostic::new(Code::NotSupported, fact.span, message);
            return Err(error.with_help("`#[emit(unchecked)]` relies on facts without checking them"));
        }
        let Results { lines, values } = self.body_of(graph, derived, &[holds.node], &[], &local("saved"))?;
        let message = format!(
            "the derivatives of `{}` rely on the fact `{}`, which does not hold for these inputs",
            derived.function.name, fact.text
        );
        // The message is a format string.
        let message = message.replace('{', "{{").replace('}', "}}");
        // A failure points at the fact itself.
        let span = (self.origin.spans)(fact.span);
        Ok(quote_spanned!(span=> ::core::debug_assert!({ #lines #(#values)* }, #message);))
    }
}

fn computes_with_arrays(graph: &Graph, value: &Ref) -> bool {
    let live = graph.live([value.node]);
    graph.nodes().any(|node| live[node.index()] && !graph.local_dims(node).is_empty())
}
