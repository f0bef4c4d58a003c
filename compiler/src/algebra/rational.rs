//! Exact rational numbers with checked arithmetic: the coefficients and exponents of terms. What overflows has no value,
//! and then nothing is proven.

use std::cmp::Ordering;

use crate::number::Number;

/// A fraction times powers of 2 and 5, so that decimal numbers of any size are exact: neither of the two divides the
/// fraction, which is in lowest terms; its denominator is positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rational {
    numerator: i128,
    denominator: i128,
    twos: i32,
    fives: i32,
}

/// Decimals of so many digits are short.
const SHORT: usize = 3;
/// Larger powers of 2 and 5 are far beyond every float.
const MOST_POWER: i32 = 1 << 13;

impl Rational {
    pub(crate) const ZERO: Self = Self { numerator: 0, denominator: 1, twos: 0, fives: 0 };
    pub(crate) const ONE: Self = Self { numerator: 1, denominator: 1, twos: 0, fives: 0 };
    pub(crate) const MINUS_ONE: Self = Self { numerator: -1, denominator: 1, twos: 0, fives: 0 };

    pub(crate) fn new(numerator: i128, denominator: i128) -> Option<Self> {
        Self::scaled(numerator, denominator, 0, 0)
    }

    /// `numerator/denominator · 2^twos · 5^fives`
    fn scaled(numerator: i128, denominator: i128, twos: i32, fives: i32) -> Option<Self> {
        if denominator == 0 || numerator == i128::MIN || denominator == i128::MIN {
            return None;
        }
        if numerator == 0 {
            return Some(Self::ZERO);
        }
        let (mut numerator, mut denominator) = (numerator * denominator.signum(), denominator.abs());
        if denominator != 1 {
            let divisor = greatest_common_divisor(numerator.unsigned_abs(), denominator.unsigned_abs());
            let divisor = i128::try_from(divisor).ok()?.max(1);
            (numerator, denominator) = (numerator / divisor, denominator / divisor);
        }
        let (mut twos, mut fives) = (twos, fives);
        for (part, sign) in [(&mut numerator, 1), (&mut denominator, -1)] {
            let zeros = part.trailing_zeros() as i32;
            *part >>= zeros;
            twos += sign * zeros;
            fives += sign * without_fives(part);
        }
        let allowed = twos.abs() <= MOST_POWER && fives.abs() <= MOST_POWER;
        allowed.then_some(Self { numerator, denominator, twos, fives })
    }

    pub(crate) fn from_number(number: Number) -> Option<Self> {
        let (mantissa, exponent) = number.parts();
        let allowed = exponent.abs() < MOST_POWER;
        if allowed { Self::scaled(mantissa, 1, exponent, exponent) } else { None }
    }

    /// The decimal number that it is, if it is one of at most 38 digits.
    pub(crate) fn to_decimal(self) -> Option<Number> {
        let places = self.twos.min(self.fives);
        let mantissa = times_powers(self.numerator, self.twos - places, self.fives - places)?;
        (self.denominator == 1).then_some(Number::new(mantissa, places))
    }

    /// The number as a factor and a divisor: whole numbers of at most so many digits if it can be, else a decimal number. A
    /// short decimal that is no fraction of powers of two is one, too: a product is quicker than a quotient.
    pub(crate) fn written(self, digits: usize) -> Option<(Number, Number)> {
        if self.fives < 0
            && let Some(decimal) = self.to_decimal().filter(|decimal| decimal.digits() <= SHORT)
        {
            return Some((decimal, Number::ONE));
        }
        self.as_fraction(digits).or_else(|| Some((self.to_decimal()?, Number::ONE)))
    }

    /// The number as a quotient of whole numbers of at most so many digits.
    pub(crate) fn as_fraction(self, digits: usize) -> Option<(Number, Number)> {
        let most = 10_i128.checked_pow(u32::try_from(digits).ok()?)?;
        let short = |part: i128| (part.abs() < most).then_some(Number::new(part, 0));
        self.to_fraction().and_then(|(above, below)| short(above).zip(short(below)))
    }

    /// Numerator and denominator, where both fit into whole numbers.
    pub(crate) fn to_fraction(self) -> Option<(i128, i128)> {
        let above = times_powers(self.numerator, self.twos.max(0), self.fives.max(0))?;
        let below = times_powers(self.denominator, (-self.twos).max(0), (-self.fives).max(0))?;
        Some((above, below))
    }

    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        if self.is_zero() {
            return Some(other);
        }
        if other.is_zero() {
            return Some(self);
        }
        let (twos, fives) = (self.twos.min(other.twos), self.fives.min(other.fives));
        let above = |side: Self| times_powers(side.numerator, side.twos - twos, side.fives - fives);
        let (left, right) = (above(self)?, above(other)?);
        if self.denominator == other.denominator {
            return Self::scaled(left.checked_add(right)?, self.denominator, twos, fives);
        }
        let (left, right) = (left.checked_mul(other.denominator)?, right.checked_mul(self.denominator)?);
        Self::scaled(left.checked_add(right)?, self.denominator.checked_mul(other.denominator)?, twos, fives)
    }

    pub(crate) fn minus(self, other: Self) -> Option<Self> {
        self.plus(other.negated())
    }

    pub(crate) fn times(self, other: Self) -> Option<Self> {
        let numerator = self.numerator.checked_mul(other.numerator)?;
        let denominator = self.denominator.checked_mul(other.denominator)?;
        Self::scaled(numerator, denominator, self.twos + other.twos, self.fives + other.fives)
    }

    /// The largest number of which both are whole multiples, if neither is zero.
    pub(crate) fn common(self, other: Self) -> Option<Self> {
        let numerator = greatest_common_divisor(self.numerator.unsigned_abs(), other.numerator.unsigned_abs());
        let shared = greatest_common_divisor(self.denominator.unsigned_abs(), other.denominator.unsigned_abs());
        let denominator = (self.denominator / i128::try_from(shared).ok()?).checked_mul(other.denominator)?;
        let (twos, fives) = (self.twos.min(other.twos), self.fives.min(other.fives));
        Some(Self { numerator: i128::try_from(numerator).ok()?, denominator, twos, fives })
    }

    pub(crate) fn reciprocal(self) -> Option<Self> {
        Self::scaled(self.denominator, self.numerator, -self.twos, -self.fives)
    }

    pub(crate) fn negated(self) -> Self {
        Self { numerator: -self.numerator, ..self }
    }

    /// Without its sign.
    pub(crate) fn size(self) -> Self {
        Self { numerator: self.numerator.abs(), ..self }
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

    /// The number, if it is whole and small.
    pub(crate) fn to_integer(self) -> Option<i32> {
        if self.denominator != 1 || self.twos < 0 || self.fives < 0 {
            return None;
        }
        times_powers(self.numerator, self.twos, self.fives).and_then(|whole| i32::try_from(whole).ok())
    }

    /// The largest whole number that is not above it.
    pub(crate) fn floor(self) -> Option<Self> {
        let (above, below) = self.to_fraction()?;
        Self::new(above.div_euclid(below), 1)
    }

    /// Whether it is a whole number that 2 divides.
    pub(crate) fn is_even(self) -> bool {
        self.is_zero() || (self.denominator == 1 && self.fives >= 0 && self.twos >= 1)
    }

    /// The square root, if it is rational.
    pub(crate) fn root(self) -> Option<Self> {
        let root =
            |value: i128| u128::try_from(value).ok().map(u128::isqrt).filter(|root| root * root == value as u128);
        let (above, below) = (root(self.numerator)? as i128, root(self.denominator)? as i128);
        let even = self.twos % 2 == 0 && self.fives % 2 == 0;
        if even { Self::scaled(above, below, self.twos / 2, self.fives / 2) } else { None }
    }

    /// Compares the sizes of two numbers that are not zero.
    fn compare_sizes(self, other: Self) -> Ordering {
        let (twos, fives) = (self.twos.min(other.twos), self.fives.min(other.fives));
        let product = |own: Self, its: Self| {
            let product = times_powers(own.numerator.abs(), own.twos - twos, own.fives - fives)?;
            product.checked_mul(its.denominator)
        };
        if let (Some(left), Some(right)) = (product(self, other), product(other, self)) {
            return left.cmp(&right);
        }
        let wide = |own: Self, its: Self| {
            let mut digits = vec![1_u32];
            multiply(&mut digits, own.numerator.unsigned_abs());
            multiply(&mut digits, its.denominator.unsigned_abs());
            (0..own.twos - twos).for_each(|_| multiply(&mut digits, 2));
            (0..own.fives - fives).for_each(|_| multiply(&mut digits, 5));
            digits
        };
        let (left, right) = (wide(self, other), wide(other, self));
        left.len().cmp(&right.len()).then_with(|| left.iter().rev().cmp(right.iter().rev()))
    }
}

impl std::hash::Hash for Rational {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u64(self.numerator as u64);
        state.write_u64(self.denominator as u64);
        state.write_u64(((self.twos as u64) << 32) ^ self.fives as u64);
    }
}

impl From<i32> for Rational {
    fn from(value: i32) -> Self {
        let (mut numerator, mut twos) = (i128::from(value), 0);
        if numerator == 0 {
            return Self::ZERO;
        }
        while numerator % 2 == 0 {
            numerator /= 2;
            twos += 1;
        }
        let fives = without_fives(&mut numerator);
        Self { numerator, denominator: 1, twos, fives }
    }
}

impl PartialOrd for Rational {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rational {
    fn cmp(&self, other: &Self) -> Ordering {
        let signs = self.numerator.signum().cmp(&other.numerator.signum());
        if signs != Ordering::Equal || self.is_zero() {
            return signs;
        }
        let sizes = self.compare_sizes(*other);
        if self.is_negative() { sizes.reverse() } else { sizes }
    }
}

/// `value · 2^twos · 5^fives`, for powers that are not negative.
fn times_powers(value: i128, twos: i32, fives: i32) -> Option<i128> {
    if twos == 0 && fives == 0 {
        return Some(value);
    }
    let (twos, fives) = (u32::try_from(twos).ok()?, u32::try_from(fives).ok()?);
    value.checked_mul(2_i128.checked_pow(twos)?)?.checked_mul(5_i128.checked_pow(fives)?)
}

/// Takes all factors 5 out of a number that is not zero; how many they were.
fn without_fives(part: &mut i128) -> i32 {
    let mut fives = 0;
    // Nearly all numbers fit into machine words, whose division is much quicker.
    if let Ok(mut small) = i64::try_from(*part) {
        while small % 5 == 0 {
            small /= 5;
            fives += 1;
        }
        *part = i128::from(small);
        return fives;
    }
    while *part % 5 == 0 {
        *part /= 5;
        fives += 1;
    }
    fives
}

/// Multiplies a number of many digits, the lowest first, with another one.
fn multiply(digits: &mut Vec<u32>, factor: u128) {
    let parts = [0, 32, 64, 96].map(|shift| u64::from((factor >> shift) as u32));
    let mut product = vec![0_u32; digits.len() + 4];
    for (at, digit) in digits.iter().enumerate() {
        let mut carry = 0;
        for (offset, part) in parts.iter().enumerate() {
            let sum = u64::from(product[at + offset]) + u64::from(*digit) * part + carry;
            (product[at + offset], carry) = (sum as u32, sum >> 32);
        }
        // What is left goes where nothing was added yet.
        product[at + parts.len()..].iter_mut().take(1).for_each(|next| *next += carry as u32);
    }
    while product.last() == Some(&0) {
        product.pop();
    }
    *digits = product;
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
