//! Numbers of any precision, with infinities: what measured errors are held against.

use chainrule_compiler::number::FloatType;
use dashu_float::FBig;
use dashu_float::round::mode::HalfEven;

type Float = FBig<HalfEven, 2>;

/// A number of some hundred bits; its exponent is practically unbounded.
#[derive(Clone, Debug)]
pub enum Big {
    Number(Float),
    /// Larger than everything; whether it is below zero.
    Infinite(bool),
    Nan,
}

/// Exponentials of larger arguments are infinite, or zero.
const LARGEST_ARGUMENT: f64 = 1e6;

impl Big {
    pub fn of(value: f64, bits: usize) -> Self {
        if value.is_nan() {
            return Self::Nan;
        }
        match Float::try_from(value) {
            Ok(number) if value.is_finite() => Self::number(number, bits),
            _ => Self::Infinite(value < 0.0),
        }
    }

    /// `mantissa · 10^exponent`
    pub fn decimal(mantissa: i128, exponent: i32, bits: usize) -> Self {
        let power = Self::number(Float::from(10), bits).whole_power(exponent.unsigned_abs());
        let mantissa = Self::number(Float::from(mantissa), bits);
        if exponent < 0 { mantissa.over(&power) } else { mantissa.times(&power) }
    }

    fn number(number: Float, bits: usize) -> Self {
        Self::Number(number.with_precision(bits).value())
    }

    fn bits(&self) -> usize {
        match self {
            Self::Number(number) => number.precision(),
            _ => 0,
        }
    }

    fn small(&self, value: i32) -> Self {
        Self::number(Float::from(value), self.bits())
    }

    /// -1, 0 or 1; 0 for NaN.
    pub fn sign(&self) -> i32 {
        match self {
            Self::Number(number) if number.repr().is_zero() => 0,
            Self::Number(number) => {
                if *number < Float::ZERO {
                    -1
                } else {
                    1
                }
            }
            Self::Infinite(negative) => {
                if *negative {
                    -1
                } else {
                    1
                }
            }
            Self::Nan => 0,
        }
    }

    pub fn is_finite(&self) -> bool {
        matches!(self, Self::Number(_))
    }

    /// The nearest `f64`, or so.
    pub fn to_f64(&self) -> f64 {
        match self {
            Self::Number(number) => number.to_f64().value(),
            Self::Infinite(negative) => {
                if *negative {
                    f64::NEG_INFINITY
                } else {
                    f64::INFINITY
                }
            }
            Self::Nan => f64::NAN,
        }
    }

    /// How far a computed number is from this one, in units in the last place of this one, or of `floor` if that is
    /// larger; 0 if this is no finite number of the float type.
    pub fn ulps(&self, found: f64, float: FloatType, floor: f64) -> f64 {
        let (epsilon, smallest, largest) = match float {
            FloatType::F64 => (f64::EPSILON, 5e-324, f64::MAX),
            FloatType::F32 => (f64::from(f32::EPSILON), f64::from(f32::from_bits(1)), f64::from(f32::MAX)),
        };
        let size = self.to_f64().abs();
        if size.is_nan() || size >= largest * (1.0 - 8.0 * epsilon) {
            return 0.0;
        }
        if !found.is_finite() {
            return f64::INFINITY;
        }
        let bits = self.bits().max(64);
        let exponent = size.max(floor).max(f64::MIN_POSITIVE).log2().floor();
        let spacing = (exponent.exp2() * epsilon).max(smallest);
        Self::of(found, bits).minus(self).abs().over(&Self::of(spacing, bits)).to_f64()
    }

    pub fn negated(&self) -> Self {
        match self {
            Self::Number(number) => Self::Number(-number.clone()),
            Self::Infinite(negative) => Self::Infinite(!negative),
            Self::Nan => Self::Nan,
        }
    }

    pub fn abs(&self) -> Self {
        if self.sign() < 0 { self.negated() } else { self.clone() }
    }

    pub fn plus(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => Self::Number(a + b),
            (Self::Nan, _) | (_, Self::Nan) => Self::Nan,
            (Self::Infinite(a), Self::Infinite(b)) => {
                if a == b {
                    self.clone()
                } else {
                    Self::Nan
                }
            }
            (Self::Infinite(_), _) => self.clone(),
            (_, Self::Infinite(_)) => other.clone(),
        }
    }

    pub fn minus(&self, other: &Self) -> Self {
        self.plus(&other.negated())
    }

    pub fn times(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => Self::Number(a * b),
            (Self::Nan, _) | (_, Self::Nan) => Self::Nan,
            _ if self.sign() * other.sign() == 0 => Self::Nan,
            _ => Self::Infinite(self.sign() * other.sign() < 0),
        }
    }

    pub fn over(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Number(_), Self::Number(_)) if other.sign() == 0 => {
                if self.sign() == 0 {
                    Self::Nan
                } else {
                    Self::Infinite(self.sign() < 0)
                }
            }
            (Self::Number(a), Self::Number(b)) => Self::Number(a / b),
            (Self::Number(_), Self::Infinite(_)) => self.small(0),
            (Self::Infinite(negative), Self::Number(_)) => Self::Infinite(*negative != (other.sign() < 0)),
            _ => Self::Nan,
        }
    }

    pub fn whole_power(&self, exponent: u32) -> Self {
        if exponent == 0 {
            return self.small(1);
        }
        (1..exponent).fold(self.clone(), |power, _| power.times(self))
    }

    pub fn sqrt(&self) -> Self {
        match self {
            _ if self.sign() < 0 => Self::Nan,
            Self::Number(number) if self.sign() > 0 => {
                let context = number.context();
                Self::Number(context.sqrt(number.repr()).value())
            }
            _ => self.clone(),
        }
    }

    /// Whether an exponential of this is finite.
    fn is_moderate(&self) -> bool {
        self.to_f64().abs() < LARGEST_ARGUMENT
    }

    pub fn exp(&self) -> Self {
        match self {
            Self::Number(number) if self.is_moderate() => {
                if self.sign() == 0 {
                    self.small(1)
                } else {
                    Self::Number(number.exp())
                }
            }
            Self::Nan => Self::Nan,
            _ if self.sign() > 0 => Self::Infinite(false),
            _ => Self::number(Float::ZERO, self.bits().max(64)),
        }
    }

    pub fn expm1(&self) -> Self {
        match self {
            _ if self.sign() == 0 => self.clone(),
            Self::Number(number) if self.to_f64().abs() < 0.5 => {
                // x + x²/2 + ..., until nothing changes
                let (mut sum, mut term) = (number.clone(), number.clone());
                for place in 2..100_000 {
                    term = term * number / Float::from(place);
                    let next = &sum + &term;
                    if next == sum {
                        break;
                    }
                    sum = next;
                }
                Self::Number(sum)
            }
            _ => self.exp().minus(&Self::number(Float::ONE, self.bits().max(64))),
        }
    }

    pub fn log(&self) -> Self {
        match self {
            Self::Number(_) if self.sign() < 0 => Self::Nan,
            Self::Number(_) if self.sign() == 0 => Self::Infinite(true),
            Self::Number(number) if *number == Float::ONE => self.small(0),
            Self::Number(number) => Self::Number(number.ln()),
            Self::Infinite(false) => self.clone(),
            _ => Self::Nan,
        }
    }

    pub fn log1p(&self) -> Self {
        match self {
            _ if self.sign() == 0 => self.clone(),
            Self::Number(number) if self.to_f64().abs() < 0.25 => {
                // 2·artanh(x/(2 + x))
                let ratio = number / (Float::from(2).with_precision(self.bits()).value() + number);
                let square = &ratio * &ratio;
                let (mut sum, mut power) = (ratio.clone(), ratio);
                for place in 1..100_000 {
                    power *= &square;
                    let next = &sum + &power / Float::from(2 * place + 1);
                    if next == sum {
                        break;
                    }
                    sum = next;
                }
                Self::Number(sum * Float::from(2))
            }
            _ => self.plus(&Self::number(Float::ONE, self.bits().max(64))).log(),
        }
    }

    pub fn tanh(&self) -> Self {
        if !self.is_moderate() {
            return Self::number(Float::from(self.sign()), self.bits().max(64));
        }
        let two = self.small(2);
        let up = self.abs().times(&two).expm1();
        let size = up.over(&up.plus(&two));
        if self.sign() < 0 { size.negated() } else { size }
    }

    /// The error function by its series, with bits to spare for what cancels.
    pub fn erf(&self) -> Self {
        let size = self.to_f64().abs();
        if size.is_nan() {
            return Self::Nan;
        }
        if size > 60.0 {
            return Self::number(Float::from(self.sign()), self.bits().max(64));
        }
        let Self::Number(number) = self else { return Self::Nan };
        let bits = self.bits() + 64 + (3.0 * size * size) as usize;
        let number = number.clone().with_precision(bits).value();
        let square = &number * &number;
        let (mut sum, mut term) = (number.clone(), number);
        for place in 1..100_000 {
            term = -(term * &square / Float::from(place));
            let next = &sum + &term / Float::from(2 * place + 1);
            if next == sum {
                break;
            }
            sum = next;
        }
        let scale = Self::number(Float::from(2), bits).over(&pi(bits).sqrt());
        Self::Number(sum).times(&scale)
    }

    pub fn erfc(&self) -> Self {
        if self.to_f64().abs() > 60.0 {
            return Self::number(Float::from(1 - self.sign()), self.bits().max(64));
        }
        // What cancels is exp(-x²): the series is asked for as many bits more.
        let Self::Number(number) = self else { return self.small(1).minus(&self.erf()) };
        let size = self.to_f64().abs();
        let bits = self.bits() + 64 + (3.0 * size * size) as usize;
        let wide = Self::Number(number.clone().with_precision(bits).value());
        let result = wide.small(1).minus(&wide.erf());
        match result {
            Self::Number(number) => Self::number(number, self.bits()),
            other => other,
        }
    }
}

/// π by Machin's formula.
pub fn pi(bits: usize) -> Big {
    let inverse_tangent = |denominator: i32| {
        let ratio = Float::ONE.with_precision(bits + 32).value() / Float::from(denominator);
        let square = &ratio * &ratio;
        let (mut sum, mut power) = (ratio.clone(), ratio);
        for place in 1..100_000 {
            power = -(power * &square);
            let next = &sum + &power / Float::from(2 * place + 1);
            if next == sum {
                break;
            }
            sum = next;
        }
        sum
    };
    let quarter = inverse_tangent(5) * Float::from(4) - inverse_tangent(239);
    Big::number(quarter * Float::from(4), bits)
}
