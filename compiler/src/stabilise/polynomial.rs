//! Polynomials over atoms with rational coefficients and exponents; small ones, kept sorted.

use std::cmp::Ordering;

use crate::simplify::rational::Rational;

/// What the algebra does not look into: an input, an exponential, a logarithm, ...
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Atom(pub(super) u32);

/// Atoms with their exponents, sorted, none of them zero.
pub(super) type Monomial = Vec<(Atom, Rational)>;

/// Larger polynomials are not worth their time.
const MOST_TERMS: usize = 24;

/// A sum of monomials with coefficients, sorted; no coefficient is zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Polynomial {
    pub(super) terms: Vec<(Monomial, Rational)>,
}

impl Polynomial {
    pub(super) fn term(monomial: Monomial, coefficient: Rational) -> Self {
        if coefficient.is_zero() { Self::default() } else { Self { terms: vec![(monomial, coefficient)] } }
    }

    /// The number that it is, if it is one.
    pub(super) fn as_constant(&self) -> Option<Rational> {
        match self.terms.as_slice() {
            [] => Some(Rational::ZERO),
            [(monomial, value)] if monomial.is_empty() => Some(*value),
            _ => None,
        }
    }

    pub(super) fn plus(&self, other: &Self) -> Option<Self> {
        let mut sum = Self { terms: Vec::with_capacity(self.terms.len() + other.terms.len()) };
        let (mut left, mut right) = (self.terms.iter().peekable(), other.terms.iter().peekable());
        loop {
            let order = match (left.peek(), right.peek()) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((a, _)), Some((b, _))) => compare(a, b),
            };
            let next = match order {
                Ordering::Less => left.next().cloned(),
                Ordering::Greater => right.next().cloned(),
                Ordering::Equal => match (left.next(), right.next()) {
                    (Some((monomial, a)), Some((_, b))) => Some((monomial.clone(), a.plus(*b)?)),
                    _ => None,
                },
            };
            sum.terms.extend(next.filter(|(_, coefficient)| !coefficient.is_zero()));
        }
        (sum.terms.len() <= MOST_TERMS).then_some(sum)
    }

    pub(super) fn times_term(&self, monomial: &Monomial, coefficient: Rational) -> Option<Self> {
        let mut product = Self::default();
        for (own, value) in &self.terms {
            product.terms.push((multiply(own, monomial)?, value.times(coefficient)?));
        }
        product.terms.sort_by(|(a, _), (b, _)| compare(a, b));
        Some(product)
    }

    pub(super) fn times(&self, other: &Self) -> Option<Self> {
        let mut product = Self::default();
        for (monomial, coefficient) in &other.terms {
            product = product.plus(&self.times_term(monomial, *coefficient)?)?;
        }
        Some(product)
    }

    /// Whether all coefficients have one sign.
    pub(super) fn has_one_sign(&self) -> bool {
        let positive = self.terms.iter().filter(|(_, value)| value.is_positive()).count();
        positive == 0 || positive == self.terms.len()
    }

    /// The quotient by another polynomial, if it divides exactly.
    pub(super) fn over(&self, divisor: &Self) -> Option<Self> {
        let (lead, lead_value) = divisor.terms.last()?;
        let inverse = power(lead, Rational::from(-1))?;
        let (mut rest, mut quotient) = (self.clone(), Self::default());
        for _ in 0..MOST_TERMS {
            let Some((monomial, value)) = rest.terms.last() else { return Some(quotient) };
            let step = (multiply(monomial, &inverse)?, value.times(lead_value.reciprocal()?)?);
            let taken = divisor.times_term(&step.0, step.1.negated())?;
            quotient = quotient.plus(&Self::term(step.0, step.1))?;
            rest = rest.plus(&taken)?;
        }
        None
    }
}

/// By the exponent of the first atom in which they differ: an order that products keep.
fn compare(a: &Monomial, b: &Monomial) -> Ordering {
    let (mut left, mut right) = (a.iter(), b.iter());
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (Some((_, x)), None) => x.cmp(&Rational::ZERO),
            (None, Some((_, y))) => Rational::ZERO.cmp(y),
            (Some((first, x)), Some((second, y))) => match first.cmp(second) {
                Ordering::Less => x.cmp(&Rational::ZERO),
                Ordering::Greater => Rational::ZERO.cmp(y),
                Ordering::Equal => x.cmp(y),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// The product of two monomials.
pub(super) fn multiply(a: &Monomial, b: &Monomial) -> Option<Monomial> {
    let mut product = Monomial::with_capacity(a.len() + b.len());
    let (mut left, mut right) = (a.iter().peekable(), b.iter().peekable());
    while let (Some((first, x)), Some((second, y))) = (left.peek(), right.peek()) {
        match first.cmp(second) {
            Ordering::Less => product.extend(left.next()),
            Ordering::Greater => product.extend(right.next()),
            Ordering::Equal => {
                let sum = x.plus(*y)?;
                if !sum.is_zero() {
                    product.push((*first, sum));
                }
                left.next();
                right.next();
            }
        }
    }
    product.extend(left);
    product.extend(right);
    Some(product)
}

/// A monomial to a power.
pub(super) fn power(base: &Monomial, exponent: Rational) -> Option<Monomial> {
    base.iter().map(|(atom, own)| Some((*atom, own.times(exponent)?))).collect()
}
