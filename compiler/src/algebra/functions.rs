//! What only canonical terms know: conditions, signs and sizes, roots of products, powers with exponents that vary.

use super::kernel::{Label, Meaning, Shape};
use super::laws::{Laws, one};
use super::polynomial::{Kernel, Monomial, Polynomial};
use super::quotient::{Field, Term};
use super::rational::Rational;
use crate::graph::Dim;
use crate::operators::Operator;

/// Along longer axes the last position is not what all others leave.
const MOST_POSITIONS: i32 = 16;

impl Field<'_> {
    /// A comparison or a connective, which is 1 where it holds, else 0; or a function of which nothing but its parity is known.
    pub(super) fn condition(&mut self, operator: Operator, terms: &[&Term]) -> Option<Term> {
        match (operator, terms) {
            (Operator::And, [a, b]) => self.times(a, b),
            (Operator::Or, [a, b]) => {
                let both = self.times(a, b)?;
                let sum = self.plus(a, b)?;
                self.minus(&sum, &both)
            }
            (Operator::Not, [a]) => self.complement(a),
            (Operator::Greater, [a, b]) | (Operator::Less, [b, a]) => self.is_above(a, b),
            (Operator::GreaterEqual, [a, b]) | (Operator::LessEqual, [b, a]) => {
                let below = self.is_above(b, a)?;
                self.complement(&below)
            }
            (Operator::Equal, [a, b]) => self.is_equal(a, b),
            (Operator::NotEqual, [a, b]) => {
                let equal = self.is_equal(a, b)?;
                self.complement(&equal)
            }
            (Operator::Abs, [a]) => self.absolute(a),
            (Operator::Sign, [a]) => self.sign_of(a),
            (Operator::Select, [condition, yes, no]) => {
                let difference = self.minus(yes, no)?;
                let chosen = self.times(condition, &difference)?;
                self.plus(no, &chosen)
            }
            _ => self.by_parity(operator, terms),
        }
    }

    fn complement(&mut self, condition: &Term) -> Option<Term> {
        self.minus(&one(), condition)
    }

    fn is_above(&mut self, a: &Term, b: &Term) -> Option<Term> {
        let difference = self.minus(a, b)?;
        if let Some(constant) = difference.as_constant() {
            return Some(Term::constant(Rational::from(i32::from(constant.is_positive()))));
        }
        if let Some(positive) = self.sign(&difference) {
            return Some(Term::constant(Rational::from(i32::from(positive))));
        }
        let (difference, _) = self.normalised(&difference)?;
        Some(self.opaque_term(Meaning::IsPositive(difference)))
    }

    fn is_equal(&mut self, a: &Term, b: &Term) -> Option<Term> {
        let difference = self.minus(a, b)?;
        if let Some(constant) = difference.as_constant() {
            return Some(Term::constant(Rational::from(i32::from(constant.is_zero()))));
        }
        if self.sign(&difference).is_some() {
            return Some(Term::constant(Rational::ZERO));
        }
        let (size, negative) = self.normalised(&difference)?;
        let size = if negative { self.scaled(&size, Rational::MINUS_ONE)? } else { size };
        if let Some((position, last)) = self.last_position(&size) {
            // Who is at no other position is there.
            let mut rest = Term::constant(Rational::ONE);
            for other in 0..last {
                let difference = self.minus(&position, &Term::constant(Rational::from(other)))?;
                let there = self.opaque_term(Meaning::IsZero(difference));
                rest = self.minus(&rest, &there)?;
            }
            return Some(rest);
        }
        Some(self.opaque_term(Meaning::IsZero(size)))
    }

    /// The position along an axis of few, and the last one, if a term is their difference.
    fn last_position(&self, difference: &Term) -> Option<(Term, i32)> {
        let terms: Vec<&(Monomial, Rational)> = difference.as_polynomial()?.terms().collect();
        let (position, number) = match terms[..] {
            [(one, number), (position, scale)] | [(position, scale), (one, number)]
                if one.is_empty() && *scale == Rational::ONE =>
            {
                (position, number)
            }
            _ => return None,
        };
        let [(kernel, exponent)] = *position.as_slice() else { return None };
        if exponent != Rational::ONE {
            return None;
        }
        let last = number.negated().to_integer().filter(|last| (1..MOST_POSITIONS).contains(last))?;
        let Meaning::Iota(Label::Free(axis)) = self.kernels.meaning(kernel) else { return None };
        let ends = self.graph.dim(*axis) == Dim::Literal(u32::try_from(last).ok()? + 1);
        ends.then(|| (Term::kernel(kernel), last))
    }

    /// Whether a term is positive or negative, if it is known to be one of the two.
    fn sign(&mut self, term: &Term) -> Option<bool> {
        if self.is_positive_term(term) {
            return Some(true);
        }
        let negated = self.scaled(term, Rational::MINUS_ONE)?;
        self.is_positive_term(&negated).then_some(false)
    }

    /// A term divided by the size of its leading coefficient, and whether that is negative.
    fn normalised(&mut self, term: &Term) -> Option<(Term, bool)> {
        let (_, leading) = term.numerator.leading()?;
        let size = if leading.is_negative() { leading.negated() } else { leading };
        Some((self.scaled(term, size.reciprocal()?)?, leading.is_negative()))
    }

    fn absolute(&mut self, a: &Term) -> Option<Term> {
        if a.is_zero() {
            return Some(a.clone());
        }
        match self.sign(a) {
            Some(true) => Some(a.clone()),
            Some(false) => self.scaled(a, Rational::MINUS_ONE),
            None => {
                let (inner, scale) = self.unscaled(a)?;
                let value = match inner.as_polynomial().and_then(Polynomial::as_monomial) {
                    Some((product, _)) => self.sizes(&product.clone())?,
                    None => self.opaque_term(Meaning::Function(Operator::Abs, vec![inner])),
                };
                self.scaled(&value, scale.size())
            }
        }
    }

    /// The absolute value of a product of kernels: that of each factor.
    fn sizes(&mut self, product: &Monomial) -> Option<Term> {
        let mut sizes = Term::constant(Rational::ONE);
        for (kernel, exponent) in product {
            let factor = if self.is_positive_kernel(*kernel) { *kernel } else { self.size_of(*kernel) };
            let factor = Term::polynomial(Polynomial::kernel(factor, *exponent));
            sizes = self.times(&sizes, &factor)?;
        }
        Some(sizes)
    }

    fn size_of(&mut self, kernel: Kernel) -> Kernel {
        self.kernels.intern(Meaning::Function(Operator::Abs, vec![Term::kernel(kernel)]))
    }

    fn sign_of(&mut self, a: &Term) -> Option<Term> {
        if a.is_zero() {
            return Some(a.clone());
        }
        match self.sign(a) {
            Some(positive) => Some(Term::constant(Rational::from(if positive { 1 } else { -1 }))),
            None => {
                let (inner, scale) = self.unscaled(a)?;
                let value = self.opaque_term(Meaning::Function(Operator::Sign, vec![inner]));
                if scale.is_negative() { self.scaled(&value, Rational::MINUS_ONE) } else { Some(value) }
            }
        }
    }

    /// A term with the leading coefficient 1, and the coefficient that it had.
    fn unscaled(&mut self, a: &Term) -> Option<(Term, Rational)> {
        let (_, leading) = a.numerator.leading()?;
        Some((self.scaled(a, leading.reciprocal()?)?, leading))
    }

    /// A product of kernels to a power that is not whole, where the product is positive: factor by factor, if every factor
    /// is positive there, with the absolute value of those to an even power. The inner `None` if that is not known.
    pub(super) fn power_of_product(&mut self, product: &Monomial, power: Rational) -> Option<Option<Term>> {
        let mut powers = Term::constant(Rational::ONE);
        let mut open = 0;
        for (kernel, exponent) in product {
            let factor = if self.is_positive_kernel(*kernel) {
                *kernel
            } else if exponent.is_even() {
                self.size_of(*kernel)
            } else {
                // What is positive in all, is so in its last factor.
                open += 1;
                *kernel
            };
            let factor = Term::polynomial(Polynomial::kernel(factor, exponent.times(power)?));
            powers = self.times(&powers, &factor)?;
        }
        Some((open < 2).then_some(powers))
    }

    pub(super) fn is_positive_term(&mut self, term: &Term) -> bool {
        self.is_positive(&term.numerator) && term.denominator.keys().all(|factor| self.is_positive(factor))
    }
}
