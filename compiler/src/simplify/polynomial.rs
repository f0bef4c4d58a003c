//! Polynomials over kernels with rational coefficients: numerators and denominators of canonical terms.

use std::collections::BTreeMap;

use super::rational::Rational;

/// What a canonical term treats as an unknown: an input, an exponential, a logarithm, a root, ...
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Kernel(pub(super) u32);

/// Kernels with their exponents, sorted, none of them zero.
pub(super) type Monomial = Vec<(Kernel, Rational)>;

/// Larger polynomials than this are not worth their time.
const MOST_TERMS: usize = 600;

/// A sum of monomials with coefficients; no coefficient is zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Polynomial {
    terms: BTreeMap<Monomial, Rational>,
}

impl Polynomial {
    pub(super) fn constant(value: Rational) -> Self {
        Self::term(Monomial::new(), value)
    }

    pub(super) fn one() -> Self {
        Self::constant(Rational::ONE)
    }

    pub(super) fn kernel(kernel: Kernel, exponent: Rational) -> Self {
        Self::term(vec![(kernel, exponent)], Rational::ONE)
    }

    pub(super) fn term(monomial: Monomial, coefficient: Rational) -> Self {
        let mut terms = BTreeMap::new();
        if !coefficient.is_zero() {
            terms.insert(monomial, coefficient);
        }
        Self { terms }
    }

    pub(super) fn terms(&self) -> impl Iterator<Item = (&Monomial, &Rational)> {
        self.terms.iter()
    }

    pub(super) fn is_zero(&self) -> bool {
        self.terms.is_empty()
    }

    /// The number that it is, if it is one.
    pub(super) fn as_constant(&self) -> Option<Rational> {
        match self.terms.first_key_value() {
            None => Some(Rational::ZERO),
            Some((monomial, value)) => (self.terms.len() == 1 && monomial.is_empty()).then_some(*value),
        }
    }

    /// The only monomial and its coefficient, if there is one only.
    pub(super) fn as_monomial(&self) -> Option<(&Monomial, Rational)> {
        let (monomial, value) = self.terms.first_key_value()?;
        (self.terms.len() == 1).then_some((monomial, *value))
    }

    pub(super) fn plus(&self, other: &Self) -> Option<Self> {
        let mut sum = self.clone();
        for (monomial, coefficient) in &other.terms {
            sum.add(monomial.clone(), *coefficient)?;
        }
        (sum.terms.len() <= MOST_TERMS).then_some(sum)
    }

    fn add(&mut self, monomial: Monomial, coefficient: Rational) -> Option<()> {
        let old = self.terms.remove(&monomial).unwrap_or(Rational::ZERO);
        let new = old.plus(coefficient)?;
        if !new.is_zero() {
            self.terms.insert(monomial, new);
        }
        Some(())
    }

    pub(super) fn times(&self, other: &Self) -> Option<Self> {
        let mut product = Self::default();
        for (a, x) in &self.terms {
            for (b, y) in &other.terms {
                product.add(multiply(a, b)?, x.times(*y)?)?;
                if product.terms.len() > MOST_TERMS {
                    return None;
                }
            }
        }
        Some(product)
    }

    pub(super) fn scaled(&self, factor: Rational) -> Option<Self> {
        self.times(&Self::constant(factor))
    }

    pub(super) fn power(&self, exponent: u32) -> Option<Self> {
        let mut result = Self::one();
        for _ in 0..exponent {
            result = result.times(self)?;
        }
        Some(result)
    }

    /// Whether every coefficient is positive.
    pub(super) fn has_positive_coefficients(&self) -> bool {
        !self.is_zero() && self.terms.values().all(|value| value.is_positive())
    }
}

/// The product of two monomials.
pub(super) fn multiply(a: &Monomial, b: &Monomial) -> Option<Monomial> {
    let mut product: BTreeMap<Kernel, Rational> = a.iter().copied().collect();
    for (kernel, exponent) in b {
        let old = product.remove(kernel).unwrap_or(Rational::ZERO);
        let new = old.plus(*exponent)?;
        if !new.is_zero() {
            product.insert(*kernel, new);
        }
    }
    Some(product.into_iter().collect())
}
