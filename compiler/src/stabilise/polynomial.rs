//! Polynomials over atoms with rational coefficients and exponents; small ones, kept sorted.

use std::cmp::Ordering;

use crate::algebra::rational::Rational;

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
        let (mine, its) = (self.terms.as_slice(), other.terms.as_slice());
        let (mut left, mut right) = (0, 0);
        while left < mine.len() && right < its.len() {
            match compare(&mine[left].0, &its[right].0) {
                Ordering::Less => {
                    sum.terms.push(mine[left].clone());
                    left += 1;
                }
                Ordering::Greater => {
                    sum.terms.push(its[right].clone());
                    right += 1;
                }
                Ordering::Equal => {
                    let coefficient = mine[left].1.plus(its[right].1)?;
                    if !coefficient.is_zero() {
                        sum.terms.push((mine[left].0.clone(), coefficient));
                    }
                    left += 1;
                    right += 1;
                }
            }
        }
        sum.terms.extend_from_slice(&mine[left..]);
        sum.terms.extend_from_slice(&its[right..]);
        (sum.terms.len() <= MOST_TERMS).then_some(sum)
    }

    pub(super) fn times_term(&self, monomial: &Monomial, coefficient: Rational) -> Option<Self> {
        let mut product = Self { terms: Vec::with_capacity(self.terms.len()) };
        // The order is one that products keep.
        for (own, value) in &self.terms {
            product.terms.push((multiply(own, monomial)?, value.times(coefficient)?));
        }
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

    /// Where the exponents of a quotient by another polynomial are, if there is one: the lowest and the highest exponents
    /// of an atom add up in products.
    fn room(&self, divisor: &Self) -> Option<Vec<Bounds>> {
        let mut room: Vec<Bounds> = Vec::new();
        for (monomial, _) in self.terms.iter().chain(&divisor.terms) {
            for (atom, _) in monomial {
                if room.iter().any(|known| known.atom == *atom) {
                    continue;
                }
                let (own, its) = (self.bounds(*atom)?, divisor.bounds(*atom)?);
                let (low, high) = (own.low.minus(its.low)?, own.high.minus(its.high)?);
                if low > high {
                    return None;
                }
                room.push(Bounds { atom: *atom, low, high });
            }
        }
        Some(room)
    }

    fn bounds(&self, atom: Atom) -> Option<Bounds> {
        let first = exponent_of(&self.terms.first()?.0, atom);
        let mut bounds = Bounds { atom, low: first, high: first };
        for (monomial, _) in &self.terms[1..] {
            let exponent = exponent_of(monomial, atom);
            bounds.low = bounds.low.min(exponent);
            bounds.high = bounds.high.max(exponent);
        }
        Some(bounds)
    }

    /// The quotient by another polynomial, if it divides exactly.
    pub(super) fn over(&self, divisor: &Self) -> Option<Self> {
        let (lead, lead_value) = divisor.terms.last()?;
        let inverse = power(lead, Rational::from(-1))?;
        let room = self.room(divisor)?;
        let (mut rest, mut quotient) = (self.clone(), Self::default());
        for _ in 0..MOST_TERMS {
            let Some((monomial, value)) = rest.terms.last() else { return Some(quotient) };
            let step = (multiply(monomial, &inverse)?, value.times(lead_value.reciprocal()?)?);
            if !room.iter().all(|bounds| bounds.hold(&step.0)) {
                return None;
            }
            let taken = divisor.times_term(&step.0, step.1.negated())?;
            quotient = quotient.plus(&Self::term(step.0, step.1))?;
            rest = rest.plus(&taken)?;
        }
        None
    }
}

/// What exponents of one atom may be.
struct Bounds {
    atom: Atom,
    low: Rational,
    high: Rational,
}

impl Bounds {
    fn hold(&self, monomial: &Monomial) -> bool {
        let exponent = exponent_of(monomial, self.atom);
        self.low <= exponent && exponent <= self.high
    }
}

fn exponent_of(monomial: &Monomial, atom: Atom) -> Rational {
    for (own, exponent) in monomial {
        if *own == atom {
            return *exponent;
        }
    }
    Rational::ZERO
}

/// By the exponent of the first atom in which they differ: an order that products keep.
fn compare(a: &Monomial, b: &Monomial) -> Ordering {
    let (a, b, mut place) = (a.as_slice(), b.as_slice(), 0);
    while place < a.len() && place < b.len() {
        let ((first, x), (second, y)) = (&a[place], &b[place]);
        if first.0 < second.0 {
            return x.cmp(&Rational::ZERO);
        }
        if first.0 > second.0 {
            return Rational::ZERO.cmp(y);
        }
        if x != y {
            return x.cmp(y);
        }
        place += 1;
    }
    if place < a.len() {
        a[place].1.cmp(&Rational::ZERO)
    } else if place < b.len() {
        Rational::ZERO.cmp(&b[place].1)
    } else {
        Ordering::Equal
    }
}

/// The product of two monomials.
pub(super) fn multiply(a: &Monomial, b: &Monomial) -> Option<Monomial> {
    let (a, b) = (a.as_slice(), b.as_slice());
    let mut product = Monomial::with_capacity(a.len() + b.len());
    let (mut left, mut right) = (0, 0);
    while left < a.len() && right < b.len() {
        let ((first, x), (second, y)) = (&a[left], &b[right]);
        if first.0 < second.0 {
            product.push(a[left]);
            left += 1;
        } else if first.0 > second.0 {
            product.push(b[right]);
            right += 1;
        } else {
            let sum = x.plus(*y)?;
            if !sum.is_zero() {
                product.push((*first, sum));
            }
            left += 1;
            right += 1;
        }
    }
    product.extend_from_slice(&a[left..]);
    product.extend_from_slice(&b[right..]);
    Some(product)
}

/// A monomial to a power.
pub(super) fn power(base: &Monomial, exponent: Rational) -> Option<Monomial> {
    let mut result = Monomial::with_capacity(base.len());
    for (atom, own) in base {
        result.push((*atom, own.times(exponent)?));
    }
    Some(result)
}
