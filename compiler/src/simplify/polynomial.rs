//! Polynomials over kernels with rational coefficients and exponents: what canonical terms are made of.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::rational::Rational;

/// What a canonical term treats as an unknown: an input, an exponential, a logarithm, a root, a sum, ...
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Kernel(pub(super) u32);

/// Kernels with their exponents, sorted, none of them zero.
pub(super) type Monomial = Vec<(Kernel, Rational)>;

/// Larger polynomials than this are not worth their time.
const MOST_TERMS: usize = 400;
/// A quotient of more terms than this is not looked for.
const MOST_QUOTIENT: usize = 48;

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

    pub(super) fn len(&self) -> usize {
        self.terms.len()
    }

    pub(super) fn is_zero(&self) -> bool {
        self.terms.is_empty()
    }

    /// Every kernel, as often as it stands there.
    pub(super) fn kernels(&self) -> impl Iterator<Item = Kernel> {
        self.terms.keys().flatten().map(|(kernel, _)| *kernel)
    }

    /// All positive exponents together, and the size of all negative ones.
    pub(super) fn degrees(&self) -> Option<[Rational; 2]> {
        let exponents = || self.terms.keys().flatten().map(|(_, exponent)| *exponent);
        let total = |exponent: Rational, sum: Rational| sum.plus(exponent.max(Rational::ZERO));
        let above = exponents().try_fold(Rational::ZERO, |sum, exponent| total(exponent, sum))?;
        let below = exponents().try_fold(Rational::ZERO, |sum, exponent| total(exponent.negated(), sum))?;
        Some([above, below])
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

    pub(super) fn add(&mut self, monomial: Monomial, coefficient: Rational) -> Option<()> {
        let old = self.terms.remove(&monomial).unwrap_or(Rational::ZERO);
        let new = old.plus(coefficient)?;
        if !new.is_zero() {
            self.terms.insert(monomial, new);
        }
        Some(())
    }

    pub(super) fn times(&self, other: &Self) -> Option<Self> {
        if let Some(factor) = other.as_constant() {
            return self.scaled(factor);
        }
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

    pub(super) fn times_monomial(&self, monomial: &Monomial) -> Option<Self> {
        let mut product = Self::default();
        for (own, coefficient) in &self.terms {
            product.terms.insert(multiply(own, monomial)?, *coefficient);
        }
        Some(product)
    }

    pub(super) fn scaled(&self, factor: Rational) -> Option<Self> {
        if factor.is_zero() {
            return Some(Self::default());
        }
        if factor == Rational::ONE {
            return Some(self.clone());
        }
        let mut scaled = Self::default();
        for (monomial, coefficient) in &self.terms {
            scaled.terms.insert(monomial.clone(), coefficient.times(factor)?);
        }
        Some(scaled)
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

    /// The monomial that divides every term: for each kernel the smallest exponent.
    pub(super) fn content(&self) -> Monomial {
        let mut lowest: BTreeMap<Kernel, (Rational, usize)> = BTreeMap::new();
        for (kernel, exponent) in self.terms.keys().flatten() {
            let entry = lowest.entry(*kernel).or_insert((*exponent, 0));
            entry.0 = entry.0.min(*exponent);
            entry.1 += 1;
        }
        // Where a kernel is missing, its exponent is 0.
        let all = self.terms.len();
        let shared = |(kernel, (exponent, count)): (Kernel, (Rational, usize))| {
            let exponent = if count < all { exponent.min(Rational::ZERO) } else { exponent };
            (!exponent.is_zero()).then_some((kernel, exponent))
        };
        lowest.into_iter().filter_map(shared).collect()
    }

    /// The term that is largest in the order of exponents, kernel by kernel.
    pub(super) fn leading(&self) -> Option<(&Monomial, Rational)> {
        self.terms.iter().max_by(|a, b| by_exponents(a.0, b.0)).map(|(monomial, value)| (monomial, *value))
    }

    /// For each kernel, how far apart its largest and its smallest exponent are.
    fn spreads(&self) -> BTreeMap<Kernel, Rational> {
        let mut bounds: BTreeMap<Kernel, (Rational, Rational, usize)> = BTreeMap::new();
        for (kernel, exponent) in self.terms.keys().flatten() {
            let entry = bounds.entry(*kernel).or_insert((*exponent, *exponent, 0));
            *entry = (entry.0.min(*exponent), entry.1.max(*exponent), entry.2 + 1);
        }
        let spread = |(kernel, (low, high, count)): (Kernel, (Rational, Rational, usize))| {
            let zero = if count < self.terms.len() { Rational::ZERO } else { low };
            (kernel, high.max(zero).minus(low.min(zero)).unwrap_or(Rational::ZERO))
        };
        bounds.into_iter().map(spread).collect()
    }

    /// Whether a divisor can be ruled out at once: spreads of exponents add up in products.
    pub(super) fn cannot_be_divided(&self, divisor: &Self) -> bool {
        if self.terms.len() < 2 {
            return divisor.terms.len() > 1;
        }
        let own = self.spreads();
        let more = |(kernel, spread): (Kernel, Rational)| {
            !spread.is_zero() && own.get(&kernel).is_none_or(|own| *own < spread)
        };
        divisor.spreads().into_iter().any(more)
    }

    /// The exact quotient, if there is one.
    pub(super) fn divided(&self, divisor: &Self) -> Option<Self> {
        if self.cannot_be_divided(divisor) {
            return None;
        }
        let (head, value) = divisor.leading()?;
        let (head, scale) = (inverse(head), value.reciprocal()?);
        let (mut rest, mut quotient) = (self.clone(), Self::default());
        for _ in 0..MOST_QUOTIENT {
            let Some((monomial, coefficient)) = rest.leading() else { return Some(quotient) };
            let (monomial, coefficient) = (multiply(monomial, &head)?, coefficient.times(scale)?);
            for (other, value) in &divisor.terms {
                rest.add(multiply(other, &monomial)?, value.times(coefficient)?.negated())?;
            }
            if rest.len() > MOST_TERMS {
                return None;
            }
            quotient.add(monomial, coefficient)?;
        }
        None
    }
}

/// Compares exponents of the first kernel in which two monomials differ: an order that products keep.
fn by_exponents(a: &Monomial, b: &Monomial) -> Ordering {
    let (mut left, mut right) = (a.iter().peekable(), b.iter().peekable());
    loop {
        let (x, y) = match (left.peek(), right.peek()) {
            (None, None) => return Ordering::Equal,
            (Some((_, x)), None) => (*x, Rational::ZERO),
            (None, Some((_, y))) => (Rational::ZERO, *y),
            (Some((a, x)), Some((b, y))) => match a.cmp(b) {
                Ordering::Less => (*x, Rational::ZERO),
                Ordering::Greater => (Rational::ZERO, *y),
                Ordering::Equal => {
                    let (x, y) = (*x, *y);
                    if x == y {
                        left.next();
                        right.next();
                        continue;
                    }
                    (x, y)
                }
            },
        };
        return x.cmp(&y);
    }
}

/// One divided by a monomial.
pub(super) fn inverse(monomial: &Monomial) -> Monomial {
    monomial.iter().map(|(kernel, exponent)| (*kernel, exponent.negated())).collect()
}

/// The product of two monomials.
pub(super) fn multiply(a: &Monomial, b: &Monomial) -> Option<Monomial> {
    let mut product = Monomial::with_capacity(a.len() + b.len());
    let (mut left, mut right) = (a.iter().peekable(), b.iter().peekable());
    loop {
        match (left.peek(), right.peek()) {
            (Some((x, _)), Some((y, _))) if x == y => {
                if let (Some((kernel, a)), Some((_, b))) = (left.next(), right.next()) {
                    let sum = a.plus(*b)?;
                    if !sum.is_zero() {
                        product.push((*kernel, sum));
                    }
                }
            }
            (Some((x, _)), Some((y, _))) if x < y => product.extend(left.next()),
            (Some(_), None) => product.extend(left.next()),
            (_, Some(_)) => product.extend(right.next()),
            (None, None) => return Some(product),
        }
    }
}
