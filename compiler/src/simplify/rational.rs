//! Exact rational numbers with checked arithmetic: the coefficients and exponents of canonical terms. What overflows has
//! no value, and then nothing is proven.

use std::cmp::Ordering;

use crate::number::Number;

/// A fraction in lowest terms; the denominator is positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Rational {
    numerator: i128,
    denominator: i128,
}

impl Rational {
    pub(crate) const ZERO: Self = Self { numerator: 0, denominator: 1 };
    pub(crate) const ONE: Self = Self { numerator: 1, denominator: 1 };

    pub(crate) fn new(numerator: i128, denominator: i128) -> Option<Self> {
        if denominator == 0 || numerator == i128::MIN || denominator == i128::MIN {
            return None;
        }
        let divisor = greatest_common_divisor(numerator.abs(), denominator.abs()).max(1);
        let numerator = numerator / divisor * denominator.signum();
        Some(Self { numerator, denominator: denominator.abs() / divisor })
    }

    pub(crate) fn from_number(number: Number) -> Option<Self> {
        let (mantissa, exponent) = number.parts();
        let scale = 10_i128.checked_pow(exponent.unsigned_abs())?;
        if exponent >= 0 { Self::new(mantissa.checked_mul(scale)?, 1) } else { Self::new(mantissa, scale) }
    }

    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        Self::new(left.checked_add(right)?, self.denominator.checked_mul(other.denominator)?)
    }

    pub(crate) fn times(self, other: Self) -> Option<Self> {
        let numerator = self.numerator.checked_mul(other.numerator)?;
        Self::new(numerator, self.denominator.checked_mul(other.denominator)?)
    }

    pub(crate) fn reciprocal(self) -> Option<Self> {
        Self::new(self.denominator, self.numerator)
    }

    pub(crate) fn negated(self) -> Self {
        Self { numerator: -self.numerator, ..self }
    }

    /// Numerator and denominator in lowest terms; the denominator is positive.
    pub(crate) fn parts(self) -> (i128, i128) {
        (self.numerator, self.denominator)
    }

    pub(crate) fn is_zero(self) -> bool {
        self.numerator == 0
    }

    pub(crate) fn is_positive(self) -> bool {
        self.numerator > 0
    }

    /// The number, if it is whole and small.
    pub(crate) fn to_integer(self) -> Option<i32> {
        if self.denominator == 1 { i32::try_from(self.numerator).ok() } else { None }
    }
}

impl Ord for Rational {
    fn cmp(&self, other: &Self) -> Ordering {
        let left = self.numerator.checked_mul(other.denominator);
        let right = other.numerator.checked_mul(self.denominator);
        match (left, right) {
            (Some(left), Some(right)) => left.cmp(&right),
            // Too large to compare exactly: in any order that is always the same.
            _ => (self.numerator, self.denominator).cmp(&(other.numerator, other.denominator)),
        }
    }
}

impl PartialOrd for Rational {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<i32> for Rational {
    fn from(value: i32) -> Self {
        Self { numerator: i128::from(value), denominator: 1 }
    }
}

fn greatest_common_divisor(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
