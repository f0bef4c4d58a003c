//! Terms of weighted sums of exponentials, relative to the largest exponential.
//!
//! Of `Σ w·exp(λ)`, which is `exp(M)·(t + r)` with the largest term t and the others r, every term `w·exp(λ)` is `exp(M)·q`.
//! With q for `w·exp(λ − M)` no exponential is left in a quotient of such terms, and `t + r − q` is `(t − q) + r`.

use super::super::knowledge::Relative;
use super::Writer;
use crate::algebra::factored::Term;
use crate::algebra::kernel::Shape;
use crate::algebra::laws::Laws;
use crate::algebra::polynomial::Kernel;
use crate::algebra::rational::Rational;
use crate::graph::NodeId;

impl Writer<'_> {
    /// The form over such q, if there are some for exponentials of a term.
    pub(in crate::stabilise) fn in_terms(&mut self, term: &Term) -> Option<NodeId> {
        let mut replaced: Vec<(Kernel, Term)> = Vec::new();
        for relative in self.knowledge.relatives().to_vec() {
            replaced.extend(self.replacement(relative)?);
        }
        let replaced: Vec<(Kernel, Term)> = replaced.into_iter().filter(|(kernel, _)| term.holds(*kernel)).collect();
        if replaced.is_empty() {
            return None;
        }
        let result = self.rewritten(term, &|writer, monomial, scale| writer.substituted(monomial, scale, &replaced))?;
        self.plain(&result)
    }

    /// An exponential of `w·exp(λ)`, and `exp(M)·q` over the rest of it.
    fn replacement(&mut self, Relative { node, whole, peak }: Relative) -> Option<Option<(Kernel, Term)>> {
        let whole = self.algebra.term(self.graph, whole);
        let Some((kernel, _)) = whole
            .monomial
            .iter()
            .find(|(kernel, exponent)| self.algebra.is_exponential(*kernel) && *exponent == Rational::ONE)
        else {
            return Some(None);
        };
        let exponential = Term::kernel(*kernel);
        let peak = self.algebra.term(self.graph, peak);
        let largest = self.algebra.exponential(&peak)?;
        let relative = self.algebra.term(self.graph, node);
        let product = self.algebra.times(&relative, &largest)?;
        let product = self.algebra.times(&product, &exponential)?;
        let inverse = self.algebra.whole_power(&whole, -1)?;
        Some(Some((*kernel, self.algebra.times(&product, &inverse)?)))
    }
}
