//! Exact rational numbers with checked arithmetic: the coefficients and exponents of canonical terms. What overflows has
//! no value, and then nothing is proven.

use crate::number::Number;

/// A fraction in lowest terms; the denominator is positive.
#[derive(Clone, Copy, Debug, Eq)]
pub(crate) struct Rational {
    numerator: i128,
    denominator: i128,
}

impl Rational {
    pub(crate) const ZERO: Self = Self { numerator: 0, denominator: 1 };
    pub(crate) const ONE: Self = Self { numerator: 1, denominator: 1 };
    pub(crate) const MINUS_ONE: Self = Self { numerator: -1, denominator: 1 };

    pub(crate) fn new(numerator: i128, denominator: i128) -> Option<Self> {
        if denominator == 0 || numerator == i128::MIN || denominator == i128::MIN {
            return None;
        }
        if denominator == 1 {
            return Some(Self { numerator, denominator });
        }
        let divisor = greatest_common_divisor(numerator.unsigned_abs(), denominator.unsigned_abs());
        let divisor = i128::try_from(divisor).ok()?.max(1);
        let numerator = numerator / divisor * denominator.signum();
        Some(Self { numerator, denominator: denominator.abs() / divisor })
    }

    pub(crate) fn from_number(number: Number) -> Option<Self> {
        let (mantissa, exponent) = number.parts();
        let scale = 10_i128.checked_pow(exponent.unsigned_abs())?;
        if exponent >= 0 { Self::new(mantissa.checked_mul(scale)?, 1) } else { Self::new(mantissa, scale) }
    }

    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        if self.denominator == other.denominator {
            return Self::new(self.numerator.checked_add(other.numerator)?, self.denominator);
        }
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        Self::new(left.checked_add(right)?, self.denominator.checked_mul(other.denominator)?)
    }

    pub(crate) fn minus(self, other: Self) -> Option<Self> {
        self.plus(other.negated())
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

    pub(crate) fn is_zero(self) -> bool {
        self.numerator == 0
    }

    pub(crate) fn is_positive(self) -> bool {
        self.numerator > 0
    }

    pub(crate) fn is_negative(self) -> bool {
        self.numerator < 0
    }

    /// Numerator and denominator.
    pub(crate) fn parts(self) -> (i128, i128) {
        (self.numerator, self.denominator)
    }

    /// The number, if it is whole and small.
    pub(crate) fn to_integer(self) -> Option<i32> {
        if self.denominator == 1 { i32::try_from(self.numerator).ok() } else { None }
    }
}

impl PartialEq for Rational {
    fn eq(&self, other: &Self) -> bool {
        self.numerator == other.numerator && self.denominator == other.denominator
    }
}

impl std::hash::Hash for Rational {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u64(self.numerator as u64);
        state.write_u64(self.denominator as u64);
    }
}

impl From<i32> for Rational {
    fn from(value: i32) -> Self {
        Self { numerator: i128::from(value), denominator: 1 }
    }
}

impl PartialOrd for Rational {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rational {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        if self.denominator == other.denominator {
            return self.numerator.cmp(&other.numerator);
        }
        match self.minus(*other) {
            Some(difference) => difference.numerator.cmp(&0),
            // Too large for exact products: any total order will do, but it must be one.
            None => (self.numerator, self.denominator).cmp(&(other.numerator, other.denominator)),
        }
    }
}

fn greatest_common_divisor(a: u128, b: u128) -> u128 {
    // Nearly all numbers fit into machine words, whose division is much quicker.
    if let (Ok(mut a), Ok(mut b)) = (u64::try_from(a), u64::try_from(b)) {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        return u128::from(a);
    }
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
