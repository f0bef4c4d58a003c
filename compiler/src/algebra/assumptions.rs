//! What `where` states, as canonical terms use it: a kernel that is a term, a node that is positive, an array whose axes
//! may be exchanged.

use std::collections::BTreeSet;

use super::claim::{self, Claim, Sign};
use super::kernel::{Closure, Label, Meaning, Shape};
use super::laws::Laws;
use super::polynomial::{Kernel, Polynomial};
use super::quotient::{Field, Term};
use crate::algebra::rational::Rational;
use crate::graph::{NodeId, Ref};

/// A kernel is a term, under whatever labels.
#[derive(Clone, Debug)]
struct Rule {
    /// The fact that says so, and those by which it was solved.
    facts: BTreeSet<usize>,
    kernel: Kernel,
    value: Term,
}

/// The facts that a field knows, and those that it has relied on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    rules: Vec<Rule>,
    positive: Vec<(usize, NodeId)>,
    /// A node is the same with two of its slots exchanged.
    exchanged: Vec<(usize, NodeId, [usize; 2])>,
    used: BTreeSet<usize>,
    /// A rule is being compared with a kernel: nothing is replaced meanwhile.
    matching: bool,
}

impl Facts {
    /// The facts that were relied on so far.
    pub(crate) fn used(&self) -> &BTreeSet<usize> {
        &self.used
    }

    /// Forgets which facts were relied on: nothing that relies on them is kept.
    pub(crate) fn forget(&mut self) {
        self.used.clear();
    }

    pub(crate) fn is_positive(&mut self, node: NodeId) -> bool {
        let Some((fact, _)) = self.positive.iter().find(|(_, positive)| *positive == node) else { return false };
        self.used.insert(*fact);
        true
    }

    /// The labels of a node in the order that stands for all that are the same by symmetry.
    pub(crate) fn symmetric(&mut self, node: NodeId, mut labels: Vec<Label>) -> Vec<Label> {
        for (fact, other, [a, b]) in &self.exchanged {
            if *other == node && labels[*a] > labels[*b] {
                labels.swap(*a, *b);
                self.used.insert(*fact);
            }
        }
        labels
    }
}

/// Whether a use ranges over all positions of its node.
fn is_whole(used: &Ref) -> bool {
    used.distinct_axes().len() == used.axes.len()
}

impl Field<'_> {
    /// Learns what facts claim.
    pub(crate) fn learn(&mut self, claims: &[Claim]) {
        for claim in claims {
            for (value, sign) in claim.signs(self.graph) {
                // A diagonal that is positive says nothing of what stands beside it.
                if sign == Sign::Positive && is_whole(&value) {
                    self.facts.positive.push((claim.fact, value.node));
                }
            }
            if let claim::Meaning::Equal(left, right) = &claim.meaning {
                // What cannot be solved for anything is not used.
                let _ = self.learn_equal(claim.fact, left, right);
            }
        }
        // What was computed on the way relies on facts: it is computed again where it is asked for.
        self.forget();
    }

    fn learn_equal(&mut self, fact: usize, left: &Ref, right: &Ref) -> Option<()> {
        if let Some(slots) = self.as_exchange(left, right) {
            self.facts.exchanged.push((fact, left.node, slots));
            return Some(());
        }
        // Anew, so that it is known which facts the terms rely on.
        self.forget();
        let (left, right) = (self.term(left)?, self.term(right)?);
        let difference = self.minus(&left, &right)?.numerator;
        let labels: BTreeSet<Label> =
            difference.kernels().flat_map(|kernel| self.kernels.get(kernel).labels.clone()).collect();
        let closed_first =
            |kernel: &Kernel| (matches!(self.kernels.meaning(*kernel), Meaning::Closed(Closure::Sum, ..)), kernel.0);
        let kernel = difference
            .terms()
            .filter_map(|(monomial, _)| match monomial.as_slice() {
                [(kernel, exponent)] if *exponent == Rational::ONE => Some(*kernel),
                _ => None,
            })
            .filter(|kernel| self.may_stand_for(*kernel, &difference, &labels))
            .max_by_key(closed_first)?;
        let (own, others): (Vec<_>, Vec<_>) =
            difference.terms().partition(|(monomial, _)| monomial.iter().any(|(other, _)| *other == kernel));
        let scale = own.first()?.1.negated().reciprocal()?;
        let mut rest = Polynomial::default();
        for (monomial, coefficient) in others {
            rest.add(monomial.clone(), *coefficient)?;
        }
        let value = Term::polynomial(rest.scaled(scale)?);
        let mut facts = std::mem::take(&mut self.facts.used);
        facts.insert(fact);
        self.facts.rules.push(Rule { facts, kernel, value });
        Some(())
    }

    /// `a == a.T`: two slots that are exchanged.
    fn as_exchange(&self, left: &Ref, right: &Ref) -> Option<[usize; 2]> {
        if left.node != right.node || !is_whole(left) {
            return None;
        }
        let differ: Vec<usize> = (0..left.axes.len()).filter(|slot| left.axes[*slot] != right.axes[*slot]).collect();
        let &[a, b] = differ.as_slice() else { return None };
        let exchanged = left.axes[a] == right.axes[b] && left.axes[b] == right.axes[a];
        exchanged.then_some([a, b])
    }

    /// Whether an equation can be solved for a kernel: an input or a sum that varies along everything that the equation
    /// does, and stands in it once.
    fn may_stand_for(&self, kernel: Kernel, equation: &Polynomial, labels: &BTreeSet<Label>) -> bool {
        let same = |other: Kernel| match (self.kernels.meaning(kernel), self.kernels.meaning(other)) {
            (Meaning::Node(a, _), Meaning::Node(b, _)) => a == b,
            (Meaning::Closed(Closure::Sum, ..), Meaning::Closed(..)) => true,
            (Meaning::Node(..) | Meaning::Closed(Closure::Sum, ..), _) => false,
            _ => true,
        };
        let info = self.kernels.get(kernel);
        let distinct: BTreeSet<Label> = info.labels.iter().copied().collect();
        let slots = match &info.meaning {
            Meaning::Node(_, slots) => slots.len(),
            _ => distinct.len(),
        };
        distinct == *labels && slots == distinct.len() && equation.kernels().filter(|other| same(*other)).count() == 1
    }

    /// What a fact says that a kernel is; the inner `None` if that is too large.
    pub(crate) fn fact_for(&mut self, kernel: Kernel) -> Option<Option<Term>> {
        if self.facts.matching || self.facts.rules.is_empty() {
            return None;
        }
        for rule in self.facts.rules.clone() {
            if let Some(map) = self.matched(rule.kernel, kernel) {
                self.facts.used.extend(&rule.facts);
                return Some(self.renamed(&rule.value, &map));
            }
        }
        None
    }

    /// How a pattern's labels are to be renamed to give a kernel.
    fn matched(&mut self, pattern: Kernel, kernel: Kernel) -> Option<Vec<(Label, Label)>> {
        match (self.kernels.meaning(pattern), self.kernels.meaning(kernel)) {
            (Meaning::Node(a, from), Meaning::Node(b, to)) if a == b => {
                Some(from.iter().copied().zip(to.iter().copied()).collect())
            }
            (Meaning::Closed(Closure::Sum, a, _), Meaning::Closed(Closure::Sum, b, _)) if a == b => {
                let from = self.kernels.get(pattern).labels.clone();
                let to = self.kernels.get(kernel).labels.clone();
                self.facts.matching = true;
                let found = super::closures::orders(&to)
                    .into_iter()
                    .filter(|order| order.len() == from.len())
                    .find_map(|order| {
                        let map: Vec<(Label, Label)> = from.iter().copied().zip(order).collect();
                        let renamed = self.renamed(&Term::kernel(pattern), &map)?;
                        (renamed == Term::kernel(kernel)).then_some(map)
                    });
                self.facts.matching = false;
                found
            }
            _ => None,
        }
    }
}
