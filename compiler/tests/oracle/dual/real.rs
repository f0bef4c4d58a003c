//! What jets compute with: `f64`, or numbers of any precision ([`super::wide::Wide`]).

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

use chainrule_compiler::number::Number;

/// A real number with the operations and functions that the language's own are made of.
pub trait Real:
    Copy
    + Debug
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + 'static
{
    /// A float, exactly.
    fn of(value: f64) -> Self;
    /// A literal of the language.
    fn literal(number: Number) -> Self;
    /// The nearest float, or so.
    fn to_f64(self) -> f64;
    /// π
    fn pi() -> Self;
    /// |x|
    fn abs(self) -> Self;
    /// The largest whole number that is not above x.
    fn floor(self) -> Self;
    /// √x
    fn sqrt(self) -> Self;
    /// eˣ
    fn exp(self) -> Self;
    /// eˣ − 1
    fn exp_m1(self) -> Self;
    /// log x
    fn ln(self) -> Self;
    /// log(1 + x)
    fn ln_1p(self) -> Self;
    /// sin x
    fn sin(self) -> Self;
    /// cos x
    fn cos(self) -> Self;
    /// tan x
    fn tan(self) -> Self;
    /// sinh x
    fn sinh(self) -> Self;
    /// cosh x
    fn cosh(self) -> Self;
    /// tanh x
    fn tanh(self) -> Self;
    /// The error function.
    fn erf(self) -> Self;
    /// 1 − erf x
    fn erfc(self) -> Self;
    /// The angle of the point (x, y), where `self` is y.
    fn atan2(self, x: Self) -> Self;
    /// √(x² + y²)
    fn hypot(self, other: Self) -> Self;
    /// A power; of a negative base for whole exponents only.
    fn powf(self, exponent: Self) -> Self;

    /// Neither NaN nor infinite.
    fn is_finite(self) -> bool;

    /// Whether two numbers differ by rounding, if they differ.
    fn is_close(self, other: Self) -> bool;

    /// Whether it is 0.
    fn is_zero(self) -> bool {
        self == Self::of(0.0)
    }

    /// The larger of two numbers.
    fn max(self, other: Self) -> Self {
        if self < other { other } else { self }
    }
}

/// Methods of `f64` under their own names.
macro_rules! by_the_standard_library {
    ($($name:ident),*) => {
        $(fn $name(self) -> Self {
            f64::$name(self)
        })*
    };
}

impl Real for f64 {
    by_the_standard_library!(abs, floor, sqrt, exp, exp_m1, ln, ln_1p, sin, cos, tan, sinh, cosh, tanh);

    fn of(value: f64) -> Self {
        value
    }

    fn literal(number: Number) -> Self {
        number.to_f64()
    }

    fn to_f64(self) -> f64 {
        self
    }

    fn pi() -> Self {
        std::f64::consts::PI
    }

    fn erf(self) -> Self {
        libm::erf(self)
    }

    fn erfc(self) -> Self {
        libm::erfc(self)
    }

    fn atan2(self, x: Self) -> Self {
        f64::atan2(self, x)
    }

    fn hypot(self, other: Self) -> Self {
        f64::hypot(self, other)
    }

    fn powf(self, exponent: Self) -> Self {
        f64::powf(self, exponent)
    }

    fn is_finite(self) -> bool {
        f64::is_finite(self)
    }

    /// Not what is short in binary, which sums leave exact.
    fn is_close(self, other: Self) -> bool {
        let short = |x: f64| x.abs() < 1e6 && (x * 1024.0).fract() == 0.0;
        let most = f64::max(self.abs(), other.abs());
        (self - other).abs() <= 1e-12 * most && !(short(self) && short(other))
    }

    fn max(self, other: Self) -> Self {
        f64::max(self, other)
    }
}
