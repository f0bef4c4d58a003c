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
    /// The smallest whole number that is not below x.
    fn ceil(self) -> Self;
    /// The nearest whole number, away from 0 at half the way.
    fn round(self) -> Self;
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
    /// The angle whose sine is x.
    fn asin(self) -> Self;
    /// The angle whose cosine is x.
    fn acos(self) -> Self;
    /// The angle whose tangent is x.
    fn atan(self) -> Self;
    /// The inverse of sinh.
    fn asinh(self) -> Self;
    /// The inverse of cosh.
    fn acosh(self) -> Self;
    /// The inverse of tanh.
    fn atanh(self) -> Self;
    /// 2ˣ
    fn exp2(self) -> Self;
    /// The logarithm to the base 2.
    fn log2(self) -> Self;
    /// The logarithm to the base 10.
    fn log10(self) -> Self;
    /// ∛x
    fn cbrt(self) -> Self;
    /// The error function.
    fn erf(self) -> Self;
    /// 1 − erf x
    fn erfc(self) -> Self;
    /// exp(x²)·erfc(x) and its first two derivatives.
    fn erfcx(self) -> [Self; 3];
    /// log |Γ(x)|, if these numbers know it.
    fn lgamma(self) -> Option<Self>;
    /// The derivative of digamma of an order, or digamma itself, if these numbers know it; not far below 0.
    fn polygamma(self, order: i32) -> Option<Self>;
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
    by_the_standard_library!(abs, floor, ceil, round, sqrt, cbrt, exp, exp2, exp_m1, ln, ln_1p, log2, log10);
    by_the_standard_library!(sin, cos, tan, asin, acos, atan, sinh, cosh, tanh, asinh, acosh, atanh);

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

    /// Beyond the reach of `exp` by the asymptotic series (DLMF 7.12.1), term by term.
    fn erfcx(self) -> [Self; 3] {
        let root = std::f64::consts::PI.sqrt();
        if self > 8.0 {
            let (mut term, mut sums) = (1.0 / (root * self), [0.0; 3]);
            for k in 0..24 {
                let power = f64::from(2 * k + 1);
                sums[0] += term;
                sums[1] -= power * term / self;
                sums[2] += power * (power + 1.0) * term / (self * self);
                term *= -power / (2.0 * self * self);
            }
            return sums;
        }
        let value = (self * self).exp() * libm::erfc(self);
        let first = 2.0 * self * value - 2.0 / root;
        [value, first, 2.0 * value + 2.0 * self * first]
    }

    fn lgamma(self) -> Option<Self> {
        Some(libm::lgamma(self))
    }

    fn polygamma(self, order: i32) -> Option<Self> {
        Some(if order == 0 { digamma(self) } else { polygamma(order, self) })
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

/// The n-th derivative of digamma for n > 0, at arguments that are not far below 0: the sum of its poles (DLMF 5.15.1), and
/// the rest of it as an integral with its first corrections.
fn polygamma(n: i32, x: f64) -> f64 {
    let (mut sum, far) = (0.0, x.max(0.0) + 40.0);
    let mut place = x;
    while place < far {
        sum += place.powi(-n - 1);
        place += 1.0;
    }
    let (n_, inverse) = (f64::from(n), place.recip());
    let rest = inverse.powi(n) / n_ + inverse.powi(n + 1) / 2.0 + (n_ + 1.0) / 12.0 * inverse.powi(n + 2)
        - (n_ + 1.0) * (n_ + 2.0) * (n_ + 3.0) / 720.0 * inverse.powi(n + 4)
        + (1..=5).map(|k| n_ + f64::from(k)).product::<f64>() / 30240.0 * inverse.powi(n + 6);
    let factorial: f64 = (1..=n).map(f64::from).product();
    (if n % 2 == 0 { -factorial } else { factorial }) * (sum + rest)
}

fn digamma(x: f64) -> f64 {
    let (mut place, mut sum) = (x, 0.0);
    while place < 40.0 {
        sum += place.recip();
        place += 1.0;
    }
    let square = place * place;
    let rest = 0.5 / place + (1.0 / 12.0 - (1.0 / 120.0 - 1.0 / (252.0 * square)) / square) / square;
    place.ln() - rest - sum
}
