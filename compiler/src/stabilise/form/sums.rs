//! Polynomials: sums in which nothing cancels that a function (`expm1`, `erfc`, a difference to a maximum) can avoid.

use super::Writer;
use super::pieces::Pieces;
use crate::algebra::factored::Term;
use crate::algebra::kernel::Shape;
use crate::algebra::laws::Laws;
use crate::algebra::polynomial::{Kernel, Monomial, Polynomial, inverse, multiply};
use crate::algebra::rational::Rational;
use crate::graph::NodeId;
use crate::operators::Operator;

impl Writer<'_> {
    pub(super) fn polynomial(&mut self, polynomial: &Polynomial) -> Option<NodeId> {
        self.once(polynomial, |memory| &mut memory.polynomials, Self::sum_of)
    }

    fn sum_of(&mut self, polynomial: &Polynomial) -> Option<NodeId> {
        let term = self.algebra.collected(polynomial)?;
        if let Some(node) = self.algebra.written(&term) {
            return Some(node);
        }
        let paired = self.knowledge.paired(self.graph, self.algebra, polynomial)?;
        if paired != *polynomial {
            return self.polynomial(&paired);
        }
        if let Some(simpler) = self.complementary(polynomial) {
            let term = self.algebra.collected(&simpler)?;
            return self.plain(&term);
        }
        if !polynomial.has_one_sign() {
            if let Some(node) = self.differences(polynomial) {
                return Some(node);
            }
            if let Some(node) = self.collected(polynomial) {
                return Some(node);
            }
        }
        let mut parts = Vec::new();
        for (monomial, scale) in polynomial.terms() {
            let term = Term::product(monomial.clone(), Rational::ONE);
            let node = self.plain(&term)?;
            parts.push((*scale, node));
        }
        self.sum(parts)
    }

    /// `q + q·erf(v)` is `q·erfc(-v)`, and `q − q·erf(v)` is `q·erfc(v)`.
    fn complementary(&mut self, polynomial: &Polynomial) -> Option<Polynomial> {
        let is_erf = |(kernel, exponent): &&(Kernel, Rational)| {
            *exponent == Rational::ONE && self.algebra.kernels.argument(*kernel, Operator::Erf).is_some()
        };
        let (kernel, _) = *polynomial.terms().flat_map(|(monomial, _)| monomial).find(is_erf)?;
        let argument = self.algebra.kernels.argument(kernel, Operator::Erf)?.clone();
        let with = |(monomial, _): &&(Monomial, Rational)| monomial.iter().any(|(other, _)| *other == kernel);
        let held: Vec<(Monomial, Rational)> = polynomial.terms().filter(with).cloned().collect();
        let mut coefficient = Polynomial::default();
        for (monomial, scale) in &held {
            let rest: Monomial = monomial.iter().filter(|(other, _)| *other != kernel).copied().collect();
            coefficient = coefficient.plus(&Polynomial::term(rest, *scale))?;
        }
        for sign in [1, -1] {
            // polynomial = ±q·(1 ± erf) + rest, with fewer terms than before
            let taken = coefficient.scaled(Rational::from(-sign))?;
            let mut rest = polynomial.plus(&taken)?;
            rest = rest.without(kernel);
            if rest.len() + coefficient.len() >= polynomial.len() {
                continue;
            }
            let argument = if sign == 1 { argument.clone().negated() } else { argument.clone() };
            let argument = self.plain(&argument)?;
            let value = self.apply(Operator::Erfc, &[argument])?;
            let value = self.algebra.node(value);
            let product = coefficient.times_monomial(&vec![(value, Rational::ONE)])?.scaled(Rational::from(sign))?;
            return rest.plus(&product);
        }
        None
    }

    /// Differences of exponentials through `expm1`.
    fn differences(&mut self, polynomial: &Polynomial) -> Option<NodeId> {
        let pure = |(monomial, _): &(Monomial, Rational)| self.split(monomial).1.is_empty();
        if !polynomial.terms().all(pure) {
            return None;
        }
        let (mut rest, mut pieces) = (polynomial.clone(), Pieces::default());
        while let Some((quotient, high, low)) = Self::divided(&rest) {
            let argument = self.argument(&multiply(&high, &inverse(&low))?)?;
            let argument = self.plain(&argument)?;
            let difference = self.apply(Operator::Expm1, &[argument])?;
            pieces.push(difference, 1);
            rest = quotient.times_monomial(&low)?;
        }
        if pieces.above.is_empty() {
            return None;
        }
        let term = self.algebra.collected(&rest)?;
        let rest = term.unscaled();
        if rest.as_constant().is_none() {
            let node = self.plain(&rest)?;
            pieces.push(node, 1);
        }
        self.assemble(term.scale, &pieces)
    }

    /// A polynomial as `(high − low) · quotient`, for two of its monomials.
    fn divided(polynomial: &Polynomial) -> Option<(Polynomial, Monomial, Monomial)> {
        for (index, (high, a)) in polynomial.terms().enumerate().rev() {
            for (low, _) in polynomial.terms().take(index).filter(|(_, b)| a.is_positive() != b.is_positive()) {
                let ratio = multiply(high, &inverse(low))?;
                let binomial = Polynomial::term(Monomial::new(), Rational::from(-1))
                    .plus(&Polynomial::term(ratio.clone(), Rational::ONE))?;
                if let Some(quotient) = polynomial.divided(&binomial) {
                    return Some((quotient, ratio, Monomial::new()));
                }
            }
        }
        None
    }

    /// Terms with one factor beside their exponentials are collected, so that differences of exponentials meet.
    fn collected(&mut self, polynomial: &Polynomial) -> Option<NodeId> {
        let mut groups: Vec<(Monomial, Polynomial)> = Vec::new();
        for (monomial, scale) in polynomial.terms() {
            let (exponent, rest) = self.split(monomial);
            let part = Polynomial::term(exponent, *scale);
            match groups.iter_mut().find(|(own, _)| *own == rest) {
                Some((_, own)) => *own = own.plus(&part)?,
                None => groups.push((rest, part)),
            }
        }
        if groups.len() < 2 || groups.iter().all(|(_, group)| group.len() < 2) {
            return None;
        }
        let mut parts = Vec::new();
        for (rest, group) in groups {
            let inside = self.algebra.collected(&group)?;
            let outside = Term::product(rest, Rational::ONE);
            let term = self.algebra.times(&outside, &inside)?;
            let scale = term.scale;
            let node = self.plain(&term.unscaled())?;
            parts.push((scale, node));
        }
        self.sum(parts)
    }
}
