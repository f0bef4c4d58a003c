//! Exact decimal numbers: the literals of the language.
//!
//! `0.1` is one tenth here and becomes the nearest float only when it is evaluated or emitted. The graph folds constants
//! only where the float type computes the exact result ([`Number::is_exact_in`]).

use std::fmt;

/// The float type that a function computes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FloatType {
    /// IEEE 754 binary64.
    #[default]
    F64,
    /// IEEE 754 binary32.
    F32,
}

impl FloatType {
    /// `f64` or `f32`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F64 => "f64",
            Self::F32 => "f32",
        }
    }

    /// The nearest number of this type.
    #[must_use]
    pub(crate) fn round(self, value: f64) -> f64 {
        match self {
            Self::F64 => value,
            Self::F32 => f64::from(value as f32),
        }
    }
}

/// `mantissa · 10^exponent`, with a mantissa that 10 does not divide (zero: exponent 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    mantissa: i128,
    exponent: i32,
}

/// Why a text is no [`Number`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberError {
    /// Not of the form `12`, `1_000`, `0.5`, `.5`, `2.`, `1e-3`.
    Malformed,
    /// More than 38 significant digits.
    TooManyDigits,
    /// Larger than every finite `f64`.
    Overflow,
    /// Not zero, and nearer to zero than to every other `f64`.
    Underflow,
}

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "this is not a number",
            Self::TooManyDigits => "this number has more than 38 significant digits",
            Self::Overflow => "this number overflows `f64`",
            Self::Underflow => "this number is not zero, but too small for `f64`",
        })
    }
}

impl Number {
    /// 0
    pub const ZERO: Self = Self { mantissa: 0, exponent: 0 };
    /// 1
    pub const ONE: Self = Self { mantissa: 1, exponent: 0 };

    /// `mantissa · 10^exponent`.
    #[must_use]
    pub fn new(mantissa: i128, exponent: i32) -> Self {
        let (mut mantissa, mut exponent) = (mantissa, exponent);
        if mantissa == 0 {
            return Self::ZERO;
        }
        while mantissa % 10 == 0 && exponent < i32::MAX {
            mantissa /= 10;
            exponent += 1;
        }
        Self { mantissa, exponent }
    }

    /// Reads an unsigned literal: digits with `_` between them, at most one point, an optional exponent.
    ///
    /// # Errors
    /// See [`NumberError`].
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let text: String = text.chars().filter(|c| *c != '_').collect();
        let (digits, exponent) = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, parse_exponent(exponent)?),
            None => (text.as_str(), 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all: String = [whole, fraction].concat();
        if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NumberError::Malformed);
        }
        let significant = all.trim_start_matches('0').trim_end_matches('0');
        if significant.is_empty() {
            return Ok(Self::ZERO);
        }
        let trailing = all.len() - all.trim_end_matches('0').len();
        let mantissa = significant.parse().map_err(|_| NumberError::TooManyDigits)?;
        let shift = i64::try_from(trailing).unwrap_or(i64::MAX) - i64::try_from(fraction.len()).unwrap_or(i64::MAX);
        let exponent = exponent.saturating_add(shift).clamp(-100_000, 100_000);
        let number = Self::new(mantissa, i32::try_from(exponent).unwrap_or(0));
        match number.to_f64() {
            0.0 => Err(NumberError::Underflow),
            nearest if nearest.is_finite() => Ok(number),
            _ => Err(NumberError::Overflow),
        }
    }

    /// The number that a float is, exactly; `None` for NaN, infinities, and where 38 digits do not hold it.
    #[must_use]
    pub fn from_f64(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        if value == 0.0 {
            return Some(Self::ZERO);
        }
        let bits = value.abs().to_bits();
        let biased = i32::try_from(bits >> 52).ok()?;
        let fraction = i128::from(bits & ((1 << 52) - 1));
        let (mut mantissa, mut power) =
            if biased == 0 { (fraction, -1074) } else { (fraction | (1 << 52), biased - 1075) };
        let trailing = i32::try_from(mantissa.trailing_zeros()).ok()?;
        mantissa >>= trailing;
        power += trailing;
        let sign = if value < 0.0 { -1 } else { 1 };
        if power >= 0 {
            let scaled = 2_i128.checked_pow(u32::try_from(power).ok()?)?.checked_mul(mantissa)?;
            return Some(Self::new(sign * scaled, 0));
        }
        let scaled = 5_i128.checked_pow(u32::try_from(-power).ok()?)?.checked_mul(mantissa)?;
        Some(Self::new(sign * scaled, power))
    }

    /// The number that the shortest decimal text of a float says (0.1 for `0.1_f64`); `None` for NaN and infinities.
    #[must_use]
    pub fn from_decimal(value: f64) -> Option<Self> {
        let number = Self::parse(&format!("{:e}", value.abs())).ok()?;
        Some(if value < 0.0 { Self { mantissa: -number.mantissa, ..number } } else { number })
    }

    /// The nearest `f64`.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        // Whole numbers of so many digits are exact, and nearly all that formulas state.
        if self.exponent == 0 && self.mantissa.unsigned_abs() < 1 << 53 {
            return self.mantissa as f64;
        }
        self.scientific().parse().unwrap_or(f64::NAN)
    }

    /// The nearest `f32` (rounded once).
    #[must_use]
    pub fn to_f32(self) -> f32 {
        self.scientific().parse().unwrap_or(f32::NAN)
    }

    /// The nearest value of a float type, as an `f64`.
    #[must_use]
    pub fn nearest(self, float: FloatType) -> f64 {
        match float {
            FloatType::F64 => self.to_f64(),
            FloatType::F32 => f64::from(self.to_f32()),
        }
    }

    /// Whether the float type holds exactly this number.
    #[must_use]
    pub fn is_exact_in(self, float: FloatType) -> bool {
        Self::from_f64(self.nearest(float)) == Some(self)
    }

    /// The number as an integer, if it is one of at most 64 bits.
    #[must_use]
    pub fn to_integer(self) -> Option<i64> {
        let scale = 10_i128.checked_pow(u32::try_from(self.exponent).ok()?)?;
        i64::try_from(self.mantissa.checked_mul(scale)?).ok()
    }

    /// The mantissa and the exponent of 10.
    #[must_use]
    pub fn parts(self) -> (i128, i32) {
        (self.mantissa, self.exponent)
    }

    /// How many significant digits it has.
    #[must_use]
    pub fn digits(self) -> usize {
        self.mantissa.unsigned_abs().checked_ilog10().map_or(1, |log| log as usize + 1)
    }

    /// Without its sign.
    #[must_use]
    pub fn size(self) -> Self {
        Self { mantissa: self.mantissa.abs(), ..self }
    }

    /// Whether it is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    /// Whether it is zero.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// The sum, if 38 digits hold it.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let exponent = self.exponent.min(other.exponent);
        let align = |n: Self| {
            let shift = u32::try_from(i64::from(n.exponent) - i64::from(exponent)).ok()?;
            10_i128.checked_pow(shift)?.checked_mul(n.mantissa)
        };
        if self.is_zero() {
            return Some(other);
        }
        if other.is_zero() {
            return Some(self);
        }
        Some(Self::new(align(self)?.checked_add(align(other)?)?, exponent))
    }

    /// The product, if 38 digits hold it.
    #[must_use]
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let mantissa = self.mantissa.checked_mul(other.mantissa)?;
        Some(Self::new(mantissa, self.exponent.checked_add(other.exponent)?))
    }

    /// The negated number.
    #[must_use]
    pub fn negated(self) -> Self {
        Self { mantissa: -self.mantissa, ..self }
    }

    fn scientific(self) -> String {
        format!("{}e{}", self.mantissa, self.exponent)
    }
}

fn parse_exponent(text: &str) -> Result<i64, NumberError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NumberError::Malformed);
    }
    let magnitude: i64 = digits.parse().unwrap_or(1_000_000).min(1_000_000);
    Ok(if text.starts_with('-') { -magnitude } else { magnitude })
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::new(i128::from(value), 0)
    }
}

impl fmt::Display for Number {
    /// In the language's own syntax, exactly: `220`, `-0.5`, `1e300`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.mantissa.unsigned_abs().to_string();
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let length = i64::try_from(digits.len()).unwrap_or(0);
        let point = length + i64::from(self.exponent);
        if self.exponent >= 0 && point <= 18 {
            let zeros = usize::try_from(self.exponent).unwrap_or(0);
            return write!(f, "{sign}{digits}{}", "0".repeat(zeros));
        }
        if self.exponent < 0 && point > -6 {
            let split = usize::try_from(point.max(0)).unwrap_or(0);
            let zeros = usize::try_from((-point).max(0)).unwrap_or(0);
            let whole = if split == 0 { "0" } else { &digits[..split] };
            return write!(f, "{sign}{whole}.{}{}", "0".repeat(zeros), &digits[split..]);
        }
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        write!(f, "{sign}{first}{dot}{rest}e{}", point - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_exact() {
        let tenth = Number::parse("0.1").unwrap();
        let fifth = Number::parse("0.2").unwrap();
        assert_eq!(tenth.checked_add(fifth), Some(Number::parse("0.3").unwrap()));
        assert_eq!(Number::parse("1_000.50"), Number::parse("1000.5"));
        assert_eq!(Number::parse("2."), Ok(Number::from(2)));
        assert_eq!(Number::parse("1e999"), Err(NumberError::Overflow));
        assert_eq!(Number::parse("1e99999999999"), Err(NumberError::Overflow));
        assert_eq!(Number::parse("1e-400"), Err(NumberError::Underflow));
        assert_eq!(Number::parse("1e-99999999999"), Err(NumberError::Underflow));
        assert_eq!(Number::parse("0e-400"), Ok(Number::ZERO));
        assert_eq!(Number::parse(""), Err(NumberError::Malformed));
        assert_eq!(Number::parse("1e"), Err(NumberError::Malformed));
        assert_eq!(Number::parse(&"7".repeat(50)), Err(NumberError::TooManyDigits));
    }

    #[test]
    fn floats_are_exact_or_not() {
        assert!(Number::parse("0.5").unwrap().is_exact_in(FloatType::F32));
        assert!(!Number::parse("0.1").unwrap().is_exact_in(FloatType::F64));
        assert!(Number::from(1 << 53).is_exact_in(FloatType::F64));
        assert!(!Number::from((1 << 53) + 1).is_exact_in(FloatType::F64));
        assert!(!Number::from(16_777_217).is_exact_in(FloatType::F32));
        assert_eq!(Number::from_f64(-0.75).map(|n| n.to_string()), Some("-0.75".into()));
        assert_eq!(Number::from_f64(f64::NAN), None);
        assert_eq!(Number::from_decimal(0.1), Some(Number::parse("0.1").unwrap()));
    }

    #[test]
    fn text_reads_back() {
        for text in ["0", "1", "220", "0.1", "1.1", "1e300", "1.5e-12", "123456789012345678", "0.000123"] {
            let number = Number::parse(text).unwrap();
            assert_eq!(number.to_string(), text);
            assert_eq!(Number::parse(&number.to_string()), Ok(number));
        }
        assert_eq!(Number::from(-12).to_string(), "-12");
        assert_eq!(Number::from(-12).to_integer(), Some(-12));
    }
}
