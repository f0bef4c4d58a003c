//! Sums of three exponentials and more: divided by the largest, which only a maximum tells.
//!
//! `Σ exp(λ)` is `exp(M)·(1 + r)` with the largest exponent M and r ≥ 0, the sum of the others relative to it, as for sums
//! over axes. Other sums of exponentials in the same term are divided by exp(M) too.

use super::Writer;
use crate::algebra::factored::Term;
use crate::algebra::kernel::{Meaning, Shape};
use crate::algebra::laws::Laws;
use crate::algebra::polynomial::{Kernel, Monomial, Polynomial, inverse, multiply};
use crate::algebra::rational::Rational;
use crate::graph::NodeId;
use crate::operators::Operator;

/// Larger sums are left as they are.
const MOST_TERMS: usize = 8;

/// A sum of exponentials, its largest term, and the others relative to that.
struct Shift {
    sum: Polynomial,
    largest: Monomial,
    rest: NodeId,
}

impl Writer<'_> {
    /// A form in exponentials relative to the largest of three and more.
    pub(in crate::stabilise) fn shifted(&mut self, term: &Term) -> Option<NodeId> {
        let sum = self.meeting(term).into_iter().find(|sum| self.is_sum_of_exponentials(sum))?;
        let shift = self.shift(sum)?;
        let mut result = self.relative_product(&term.monomial, term.scale, &shift)?;
        for (polynomial, exponent) in &term.factors {
            let factor = self.relative_sum(polynomial, &shift)?;
            let power = self.algebra.whole_power(&factor, *exponent)?;
            result = self.algebra.times(&result, &power)?;
        }
        self.plain(&result)
    }

    fn is_sum_of_exponentials(&self, sum: &Polynomial) -> bool {
        let pure = |(monomial, scale): &(Monomial, Rational)| {
            *scale == Rational::ONE && monomial.iter().all(|(kernel, _)| self.algebra.is_exponential(*kernel))
        };
        (3..=MOST_TERMS).contains(&sum.len()) && sum.terms().all(pure)
    }

    fn shift(&mut self, sum: Polynomial) -> Option<Shift> {
        let common = common(&sum)?;
        let (largest, rest) = match self.knowledge.shift(&sum) {
            Some(known) => known,
            None => {
                let made = self.largest_and_rest(&sum, &common)?;
                self.knowledge.know_shift(sum.clone(), made);
                made
            }
        };
        let kernel = self.algebra.node(largest);
        let inner = vec![(kernel, Rational::ONE)];
        let largest = vec![(self.algebra.kernels.intern(Meaning::Exponential(inner)), Rational::ONE)];
        let largest = multiply(&largest, &common)?;
        Some(Shift { sum, largest, rest })
    }

    /// The largest exponent of a sum divided by what is `common`, and the sum relative to the largest term, less one.
    fn largest_and_rest(&mut self, sum: &Polynomial, common: &Monomial) -> Option<(NodeId, NodeId)> {
        let mut exponents = Vec::new();
        let below = inverse(common);
        for (monomial, _) in sum.terms() {
            let argument = self.argument(&multiply(monomial, &below)?)?;
            exponents.push(self.plain(&argument)?);
        }
        let mut largest = exponents[0];
        for exponent in &exponents[1..] {
            largest = self.apply(Operator::Maximum, &[largest, *exponent])?;
        }
        let (zero, one) = (self.whole(0)?, self.whole(1)?);
        let (mut smaller, mut equal) = (zero, self.whole(-1)?);
        for exponent in &exponents {
            let is_largest = self.apply(Operator::Equal, &[*exponent, largest])?;
            let difference = self.apply(Operator::Subtract, &[*exponent, largest])?;
            let relative = self.apply(Operator::Exp, &[difference])?;
            let part = self.apply(Operator::Select, &[is_largest, zero, relative])?;
            smaller = self.apply(Operator::Add, &[smaller, part])?;
            let part = self.apply(Operator::Select, &[is_largest, one, zero])?;
            equal = self.apply(Operator::Add, &[equal, part])?;
        }
        let rest = self.apply(Operator::Add, &[smaller, equal])?;
        self.algebra.not_negative.insert(rest);
        self.knowledge.know_largest(largest, &exponents);
        Some((largest, rest))
    }

    /// A sum as the largest exponential times what is moderate.
    fn relative_sum(&mut self, sum: &Polynomial, shift: &Shift) -> Option<Term> {
        let outside = Term::product(shift.largest.clone(), Rational::ONE);
        if *sum == shift.sum {
            let rest = Term::kernel(self.algebra.node(shift.rest));
            let inside = self.algebra.plus(&Term::constant(Rational::ONE), &rest)?;
            return self.algebra.times(&outside, &inside);
        }
        let all =
            sum.terms().all(|(monomial, _)| monomial.iter().any(|(kernel, _)| self.algebra.is_exponential(*kernel)));
        let below = inverse(&shift.largest);
        let mut result = Polynomial::default();
        let mut product = Term::constant(Rational::ZERO);
        for (monomial, scale) in sum.terms() {
            if all {
                result = result.plus(&Polynomial::term(multiply(monomial, &below)?, *scale))?;
            } else {
                let part = self.relative_product(monomial, *scale, shift)?;
                product = self.algebra.plus(&product, &part)?;
            }
        }
        if !all {
            return Some(product);
        }
        // Whatever is common to all terms stays inside: it is relative to the largest exponential.
        let inside = Term { factors: vec![(result, 1)], ..Term::constant(Rational::ONE) };
        self.algebra.times(&outside, &inside)
    }

    /// A product in which the logarithm of the sum is M + log(1 + r).
    fn relative_product(&mut self, monomial: &Monomial, scale: Rational, shift: &Shift) -> Option<Term> {
        self.exchanged(monomial, scale, &|writer, kernel| writer.relative_logarithm(kernel, shift))
    }

    fn relative_logarithm(&mut self, kernel: Kernel, shift: &Shift) -> Option<Term> {
        let inner = self.algebra.kernels.argument(kernel, Operator::Log)?.clone();
        if !inner.factors.iter().any(|(sum, _)| *sum == shift.sum) {
            return None;
        }
        let mut argument = Term { factors: Vec::new(), ..inner.clone() };
        for (sum, exponent) in &inner.factors {
            let sum = self.relative_sum(sum, shift)?;
            let power = self.algebra.whole_power(&sum, *exponent)?;
            argument = self.algebra.times(&argument, &power)?;
        }
        self.algebra.logarithm(&argument)
    }
}

/// What the terms of a sum are divided by so that as little as possible is left in each: without negative powers,
/// `exp(-a) + exp(-b) + exp(-c)` is a sum of `exp(a + b)`, `exp(a + c)` and `exp(b + c)`.
fn common(sum: &Polynomial) -> Option<Monomial> {
    let mut highest: Monomial = Vec::new();
    for (kernel, exponent) in sum.terms().flat_map(|(monomial, _)| monomial) {
        match highest.iter_mut().find(|(known, _)| known == kernel) {
            Some((_, known)) => *known = (*known).max(*exponent),
            None => highest.push((*kernel, *exponent)),
        }
    }
    highest.sort_unstable_by_key(|(kernel, _)| *kernel);
    let below = inverse(&highest);
    let mut left = 0;
    for (monomial, _) in sum.terms() {
        left += multiply(monomial, &below)?.len();
    }
    let before: usize = sum.terms().map(|(monomial, _)| monomial.len()).sum();
    Some(if left < before { highest } else { Vec::new() })
}
