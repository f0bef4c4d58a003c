//! Sums and maxima of canonical terms over axes, and renaming.
//!
//! A sum is linear and gives out what does not vary along its axis; under a delta it picks. What stays is one kernel over
//! all the axes that hang together, whatever order they were summed in: of all ways to number the bound axes, the one
//! that encodes smallest stands for all.

use super::kernel::{Closure, Label, Meaning, Shape};
use super::laws::Laws;
use super::polynomial::{Kernel, Monomial, Polynomial};
use super::quotient::{Field, Term};
use crate::algebra::rational::Rational;
use crate::graph::Dim;

/// More axes in one sum are not reordered.
const MOST_AXES: usize = 4;

impl Field<'_> {
    /// The sum of a term over an axis.
    pub(crate) fn sum(&mut self, body: &Term, label: Label) -> Option<Term> {
        let below_varies =
            body.denominator.keys().flat_map(Polynomial::kernels).any(|k| self.kernels.depends(k, label));
        let (mut inner_below, mut outer_below) = (body.denominator.clone(), body.denominator.clone());
        if below_varies {
            outer_below.clear();
        } else {
            inner_below.clear();
        }
        let mut result = Term::constant(Rational::ZERO);
        for (monomial, coefficient) in body.numerator.clone().terms() {
            let (inside, outside): (Monomial, Monomial) =
                monomial.iter().copied().partition(|(kernel, _)| self.kernels.depends(*kernel, label));
            let inside = Term { numerator: Polynomial::term(inside, Rational::ONE), denominator: inner_below.clone() };
            let outside = Polynomial::term(outside, *coefficient);
            let outside = Term { numerator: outside, denominator: outer_below.clone() };
            let inside = self.sum_of_product(inside, label)?;
            let product = self.times(&inside, &outside)?;
            result = self.plus(&result, &product)?;
        }
        Some(result)
    }

    /// The sum of a monomial over a denominator; every factor of the monomial varies along the axis.
    fn sum_of_product(&mut self, body: Term, label: Label) -> Option<Term> {
        if body.as_constant() == Some(Rational::ONE) {
            let dim = self.dim(label)?;
            return match dim {
                Dim::Literal(size) => Some(Term::constant(Rational::from(i32::try_from(size).ok()?))),
                dim => Some(self.opaque_term(Meaning::Size(dim))),
            };
        }
        let (monomial, _) = body.numerator.as_monomial()?;
        let monomial = monomial.clone();
        for (index, (kernel, _)) in monomial.iter().enumerate() {
            if let Meaning::Delta(a, b) = *self.kernels.meaning(*kernel) {
                let other = if a == label { b } else { a };
                let mut rest = monomial.clone();
                rest.remove(index);
                let rest = Term { numerator: Polynomial::term(rest, Rational::ONE), denominator: body.denominator };
                return self.renamed(&rest, &[(label, other)]);
            }
        }
        let mut closed = vec![label];
        let mut flat = Term { numerator: Polynomial::one(), denominator: body.denominator };
        for (kernel, exponent) in monomial {
            let factor = match self.kernels.meaning(kernel).clone() {
                Meaning::Closed(Closure::Sum, dims, inner)
                    if exponent == Rational::ONE && closed.len() + dims.len() <= MOST_AXES =>
                {
                    let (labels, inner) = self.opened(kernel, &dims, &inner)?;
                    closed.extend(labels);
                    inner
                }
                _ => Term::polynomial(Polynomial::kernel(kernel, exponent)),
            };
            flat = self.times(&flat, &factor)?;
        }
        self.closed(Closure::Sum, &closed, &flat)
    }

    /// The body of a closed kernel, its bound axes under fresh labels.
    fn opened(&mut self, kernel: Kernel, dims: &[Dim], body: &Term) -> Option<(Vec<Label>, Term)> {
        let level = self.kernels.get(kernel).level;
        let labels: Vec<Label> = dims.iter().map(|dim| self.kernels.fresh(*dim)).collect();
        let map: Vec<(Label, Label)> =
            labels.iter().enumerate().map(|(index, label)| (Label::Bound(level, index as u8), *label)).collect();
        let body = self.renamed(body, &map)?;
        Some((labels, body))
    }

    /// The kernel of a closure: of all orders of its axes, the one that encodes smallest.
    fn closed(&mut self, closure: Closure, labels: &[Label], body: &Term) -> Option<Term> {
        let level = self.kernels.level(body).checked_add(1)?;
        let mut best: Option<(Vec<Dim>, Term)> = None;
        for order in orders(labels) {
            let dims = order.iter().map(|label| self.dim(*label)).collect::<Option<Vec<_>>>()?;
            let bound = |index: usize| Label::Bound(level, index as u8);
            let map: Vec<(Label, Label)> =
                order.iter().enumerate().map(|(index, label)| (*label, bound(index))).collect();
            let candidate = (dims, self.renamed(body, &map)?);
            if best.as_ref().is_none_or(|best| candidate < *best) {
                best = Some(candidate);
            }
        }
        let (dims, body) = best?;
        self.stated(Meaning::Closed(closure, dims, body))
    }

    /// The maximum of a term over axes.
    pub(crate) fn maximum(&mut self, body: &Term, labels: &[Label]) -> Option<Term> {
        let varies: Vec<Label> =
            labels.iter().copied().filter(|label| self.kernels.term_depends(body, *label)).collect();
        if varies.is_empty() {
            return Some(body.clone());
        }
        if self.is_met(body, &varies)? {
            return Some(Term::constant(Rational::ONE));
        }
        self.closed(Closure::Max, &varies, body)
    }

    /// The product of a term over axes: one kernel, which algebra does not look into.
    pub(crate) fn product_over(&mut self, body: &Term, labels: &[Label]) -> Option<Term> {
        if body.as_constant() == Some(Rational::ONE) {
            return Some(body.clone());
        }
        // What does not vary along an axis stays a factor for every position of it: a power that nothing collects.
        let varies = labels.iter().all(|label| self.kernels.term_depends(body, *label));
        if varies { self.closed(Closure::Prod, labels, body) } else { None }
    }

    /// Whether what is 0 or 1 everywhere is 1 at some position along labels: on a diagonal.
    fn is_met(&mut self, body: &Term, labels: &[Label]) -> Option<bool> {
        let diagonals: Vec<(Label, Label)> = body
            .kernels()
            .filter_map(|kernel| match *self.kernels.meaning(kernel) {
                Meaning::Delta(a, b) if labels.contains(&a) => Some((a, b)),
                Meaning::Delta(a, b) if labels.contains(&b) => Some((b, a)),
                _ => None,
            })
            .collect();
        for (label, other) in diagonals {
            let there = self.renamed(body, &[(label, other)])?;
            // A number that is its own square is 0 or 1.
            if there.as_constant() == Some(Rational::ONE) && self.times(body, body)? == *body {
                return Some(true);
            }
        }
        Some(false)
    }

    /// A term with labels renamed, all at once.
    pub(crate) fn renamed(&mut self, term: &Term, map: &[(Label, Label)]) -> Option<Term> {
        if !term.kernels().any(|kernel| self.is_touched(kernel, map)) {
            return Some(term.clone());
        }
        let mut result = self.renamed_polynomial(&term.numerator, map)?;
        for (factor, power) in &term.denominator {
            let factor = self.renamed_polynomial(factor, map)?;
            for _ in 0..*power {
                result = self.over(&result, &factor)?;
            }
        }
        Some(result)
    }

    fn is_touched(&self, kernel: Kernel, map: &[(Label, Label)]) -> bool {
        map.iter().any(|(from, _)| self.kernels.depends(kernel, *from))
    }

    fn renamed_polynomial(&mut self, polynomial: &Polynomial, map: &[(Label, Label)]) -> Option<Term> {
        let mut result = Term::constant(Rational::ZERO);
        for (monomial, coefficient) in polynomial.terms() {
            let renamed = self.renamed_monomial(monomial, map)?;
            let renamed = self.scaled(&renamed, *coefficient)?;
            result = self.plus(&result, &renamed)?;
        }
        Some(result)
    }

    pub(crate) fn renamed_monomial(&mut self, monomial: &Monomial, map: &[(Label, Label)]) -> Option<Term> {
        let mut result = Term::constant(Rational::ONE);
        for (kernel, exponent) in monomial {
            let factor = self.renamed_kernel(*kernel, map)?;
            let factor = self.raised(&factor, *exponent)?;
            result = self.times(&result, &factor)?;
        }
        Some(result)
    }

    /// A term to the power of a kernel's exponent.
    fn raised(&mut self, base: &Term, exponent: Rational) -> Option<Term> {
        if exponent == Rational::ONE {
            return Some(base.clone());
        }
        if let Some((monomial, coefficient)) = base.as_polynomial().and_then(Polynomial::as_monomial)
            && coefficient == Rational::ONE
        {
            let powers: Option<Monomial> = monomial.iter().map(|(k, own)| Some((*k, own.times(exponent)?))).collect();
            return Some(Term::polynomial(Polynomial::term(powers?, Rational::ONE)));
        }
        self.whole_power(base, exponent.to_integer()?)
    }

    fn renamed_kernel(&mut self, kernel: Kernel, map: &[(Label, Label)]) -> Option<Term> {
        let map: Vec<(Label, Label)> =
            map.iter().copied().filter(|(from, to)| from != to && self.kernels.depends(kernel, *from)).collect();
        if map.is_empty() {
            return Some(Term::kernel(kernel));
        }
        let key = (kernel, map);
        if let Some(known) = self.renamings.get(&key) {
            return known.clone();
        }
        let renamed = self.rename(kernel, &key.1);
        self.renamings.insert(key, renamed.clone());
        renamed
    }

    fn rename(&mut self, kernel: Kernel, map: &[(Label, Label)]) -> Option<Term> {
        let new = |label: Label| map.iter().find(|(from, _)| *from == label).map_or(label, |(_, to)| *to);
        match self.kernels.meaning(kernel).clone() {
            Meaning::Node(node, labels) => {
                let labels = self.facts.symmetric(node, labels.into_iter().map(new).collect());
                self.stated(Meaning::Node(node, labels))
            }
            Meaning::Condition(node, labels) => {
                Some(self.opaque_term(Meaning::Condition(node, labels.into_iter().map(new).collect())))
            }
            Meaning::Size(_) | Meaning::Number(_) => Some(Term::kernel(kernel)),
            Meaning::Quotient(term) => self.renamed(&term, map),
            Meaning::Iota(label) => Some(self.opaque_term(Meaning::Iota(new(label)))),
            Meaning::Delta(a, b) => Some(self.delta(new(a), new(b))),
            Meaning::IsPositive(term) => {
                let term = self.renamed(&term, map)?;
                let zero = Term::constant(Rational::ZERO);
                self.apply(crate::operators::Operator::Greater, &[&term, &zero])
            }
            Meaning::IsZero(term) => {
                let term = self.renamed(&term, map)?;
                let zero = Term::constant(Rational::ZERO);
                self.apply(crate::operators::Operator::Equal, &[&term, &zero])
            }
            Meaning::Exponential(monomial) => {
                let inner = self.renamed_monomial(&monomial, map)?;
                self.exponential(&inner)
            }
            Meaning::Function(operator, terms) => {
                let terms = terms.iter().map(|term| self.renamed(term, map)).collect::<Option<Vec<_>>>()?;
                self.apply(operator, &terms.iter().collect::<Vec<_>>())
            }
            Meaning::Closed(closure, dims, body) => {
                let (labels, body) = self.opened(kernel, &dims, &body)?;
                let body = self.renamed(&body, map)?;
                self.closed(closure, &labels, &body)
            }
        }
    }
}

/// All orders of a few labels; of many only theirs.
pub(crate) fn orders(labels: &[Label]) -> Vec<Vec<Label>> {
    if labels.len() > MOST_AXES {
        return vec![labels.to_vec()];
    }
    let mut orders = vec![Vec::new()];
    for _ in labels {
        orders = orders
            .iter()
            .flat_map(|order: &Vec<Label>| {
                labels.iter().filter(|label| !order.contains(label)).map(|label| {
                    let mut longer = order.clone();
                    longer.push(*label);
                    longer
                })
            })
            .collect();
    }
    orders
}
