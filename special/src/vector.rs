//! Mathematical functions for loops over arrays: without branches and without calls, so that the compiler makes vectors of
//! them.
//!
//! In: a number of either float type, mostly element after element of an array, inside of a
//! [kernel](crate::dispatch::Kernel). Out: the function there, to the errors below, for every number: zeros keep their
//! signs, subnormal numbers count, NaN stays NaN.
//!
//! | function | greatest error in `f32` | in `f64` |
//! |---|---|---|
//! | `exp` | 0.99 | 1.00 |
//! | `expm1` | 1.06 | 0.99 |
//! | `log` | 0.84 | 0.81 |
//! | `log1p` | 0.87 | 0.83 |
//! | `tanh` | 1.25 | 1.20 |
//! | `erf` | 1.32 | 1.37 |
//! | `erfc` | 2.14 | 1.56 |
//!
//! In units in the last place: in `f32` of all numbers, in `f64` of 600 000 for each function. Outside of kernels the functions of
//! `chainrule::math` are faster; these differ from those in the last place or two.
//!
//! # Methods
//! Exponentials: x = n·log 2 + r, a polynomial in r (minimax, by Remez's algorithm in 260 bits), and two powers of two,
//! so that subnormal results are rounded once. Logarithms: the odd series of log((1 + s)/(1 − s)), s = f/(2 + f)
//! (Cody and Waite 1980). The error function: a polynomial in x² up to 1, and beyond it 1 − exp(−x²)·P(t) for a
//! polynomial in t = (x − k)/(x + k). No step needs a fused multiplication and addition: Rust does not fuse what is
//! written as `a * b + c`, and `mul_add` is a slow function call where the machine has no such instruction. So the functions
//! give the same bits on every machine.
//!
//! # Other crates
//! None on stable Rust has all of these for both types: `pxfm`, `libm` and `core-math` are scalar, with tables and branches;
//! `wide` and `simd_vector` choose the vector unit when they are compiled; `sleef` needs a nightly compiler; `pulp` has no
//! exponential; `rten-vecmath` has `exp`, `tanh` and `erf` in `f32` only, and no logarithm; `micromath` and `fast-math` have
//! errors in the third digit.

mod constants;
#[cfg(test)]
mod tests;

/// The float types of these functions: `f32` and `f64`.
///
/// It cannot be implemented elsewhere.
pub trait Float: sealed::Float {}

impl Float for f32 {}
impl Float for f64 {}

mod sealed {
    /// What the functions of [`super`] do for one float type.
    pub trait Float: Copy {
        fn exp(self) -> Self;
        fn expm1(self) -> Self;
        fn log(self) -> Self;
        fn log1p(self) -> Self;
        fn tanh(self) -> Self;
        fn erf(self) -> Self;
        fn erfc(self) -> Self;
    }
}

/// Writes the public functions, each with its documentation.
macro_rules! functions {
    ($($(#[$attribute:meta])* $name:ident;)*) => {
        $(
            $(#[$attribute])*
            #[inline(always)]
            #[must_use]
            pub fn $name<T: Float>(x: T) -> T {
                sealed::Float::$name(x)
            }
        )*
    };
}

functions! {
    /// The exponential function.
    exp;
    /// `exp(x) - 1`, accurate near 0.
    expm1;
    /// The natural logarithm: −∞ at 0, NaN below.
    log;
    /// `log(1 + x)`, accurate near 0: −∞ at −1, NaN below.
    log1p;
    /// The hyperbolic tangent.
    tanh;
    /// The error function.
    erf;
    /// The complementary error function, 1 − erf, accurate in its tail.
    erfc;
}

/// Implements the functions for a float type, with the module of its constants.
macro_rules! float {
    ($float:ident, $constants:ident) => {
        mod $constants {
            use super::constants::$constants::*;

            /// `c[0] + c[1]*x + ...`
            #[inline(always)]
            fn polynomial<const N: usize>(coefficients: &[$float; N], x: $float) -> $float {
                let mut sum = coefficients[N - 1];
                let mut place = N - 1;
                while place > 0 {
                    place -= 1;
                    sum = sum * x + coefficients[place];
                }
                sum
            }

            /// The nearest whole number, for numbers up to 2 to the number of mantissa bits.
            ///
            /// `round` is a function call where SSE4.1 may not be used.
            #[inline(always)]
            fn whole(x: $float) -> $float {
                (x + ROUND) - ROUND
            }

            /// 2 to the power of a whole number in the range of normal numbers.
            #[inline(always)]
            fn power(n: $float) -> $float {
                // The whole number stands in the last bits of the sum.
                $float::from_bits((n + ROUND).to_bits().wrapping_add(BIAS) << MANTISSA)
            }

            /// `x` times 2 to the power of a whole number, rounded once, up to twice the range of normal numbers.
            #[inline(always)]
            fn scaled(x: $float, n: $float) -> $float {
                let half = whole(n * 0.5);
                x * power(half) * power(n - half)
            }

            /// n, and r in two parts whose difference it is: `x = n*log(2) + r` for |r| at most log(2)/2.
            #[inline(always)]
            fn reduced(x: $float) -> ($float, $float, $float) {
                let n = whole(x * LOG2_E);
                // The first product is exact: the constant's last bits are zeros.
                (n, x - n * LN2_HIGH, n * LN2_LOW)
            }

            /// `x` between two bounds, or NaN.
            #[inline(always)]
            fn clamped(x: $float, low: $float, high: $float) -> $float {
                let x = if x < low { low } else { x };
                if x > high { high } else { x }
            }

            /// exp(r) − 1 where |r| is at most log(2)/2, to the last place of exp(r).
            #[inline(always)]
            fn growth(r: $float) -> $float {
                r + r * r * polynomial(&EXP, r)
            }

            /// A sum, and what its rounding loses, for numbers in any order (Knuth 1969).
            #[inline(always)]
            fn two_sum(a: $float, b: $float) -> ($float, $float) {
                let sum = a + b;
                let part = sum - a;
                (sum, (a - (sum - part)) + (b - part))
            }

            /// A product, and what its rounding loses (Dekker 1971).
            #[inline(always)]
            fn two_product(a: $float, b: $float) -> ($float, $float) {
                let product = a * b;
                let (a_first, b_first) = (first_half(a), first_half(b));
                let (a_rest, b_rest) = (a - a_first, b - b_first);
                (product, ((a_first * b_first - product) + a_first * b_rest + a_rest * b_first) + a_rest * b_rest)
            }

            /// The first half of a number's bits: its square is exact.
            #[inline(always)]
            fn first_half(x: $float) -> $float {
                $float::from_bits(x.to_bits() & FIRST_HALF)
            }

            /// A sum, and what its rounding loses, where `a` is the larger number (Dekker 1971).
            #[inline(always)]
            fn fast_two_sum(a: $float, b: $float) -> ($float, $float) {
                let sum = a + b;
                (sum, b - (sum - a))
            }

            #[inline(always)]
            pub(super) fn exp(x: $float) -> $float {
                let (n, high, low) = reduced(clamped(x, EXP_LEAST, EXP_MOST));
                scaled(1.0 + growth(high - low), n)
            }

            /// (exp(x) − 1)/2 in two parts, whose second one is small.
            #[inline(always)]
            fn half_expm1(x: $float) -> ($float, $float) {
                let (n, high, low) = reduced(x);
                let r = high - low;
                let lost = (high - r) - low;
                let rest = r * r * polynomial(&EXPM1, r) + lost;
                let power = power(n - 1.0);
                // The first summand is the larger one, or 0.
                let (sum, lost) = fast_two_sum(power - 0.5, power * r);
                (sum, lost + power * rest)
            }

            #[inline(always)]
            pub(super) fn expm1(x: $float) -> $float {
                let (sum, rest) = half_expm1(clamped(x, EXPM1_LEAST, EXP_MOST));
                if x.abs() < TINY { x } else { (sum + rest) * 2.0 }
            }

            #[inline(always)]
            pub(super) fn tanh(x: $float) -> $float {
                let (sum, rest) = half_expm1(2.0 * clamped(x.abs(), 0.0, TANH_MOST));
                let (above, above_rest) = fast_two_sum(sum, rest);
                let (below, below_rest) = two_sum(above, 1.0);
                // The quotient to first order in what was rounded away: 1/below is 1 - quotient.
                let quotient = above / below;
                let value = quotient + (above_rest - quotient * (below_rest + above_rest)) * (1.0 - quotient);
                if x.abs() < TINY { x } else { value.copysign(x) }
            }

            /// The exponent e and the mantissa m of a positive normal number m·2^e, m between the roots of 1/2 and 2.
            #[inline(always)]
            fn split(x: $float) -> ($float, $float) {
                let bits = x.to_bits().wrapping_sub(ROOT_HALF);
                // A small whole number below a large power of two is the last bits of their sum.
                let biased = (bits.wrapping_add(BIAS << MANTISSA) >> MANTISSA) | UNIT.to_bits();
                let mantissa = (bits & ((1 << MANTISSA) - 1)).wrapping_add(ROOT_HALF);
                ($float::from_bits(biased) - (UNIT + BIAS as $float), $float::from_bits(mantissa))
            }

            /// log((1 + f)·2^e) + c, for a small c.
            #[inline(always)]
            fn log_near(e: $float, f: $float, c: $float) -> $float {
                let s = f / (2.0 + f);
                let z = s * s;
                let half = 0.5 * f * f;
                let rest = s * (half + z * polynomial(&LOG, z)) + (e * LN2_LOW + c);
                e * LN2_HIGH - ((half - rest) - f)
            }

            /// A logarithm at the edges of its domain: `value` where `x` is positive and finite.
            #[inline(always)]
            fn log_edges(x: $float, value: $float) -> $float {
                // Infinity and NaN answer themselves.
                let value = if x < $float::INFINITY { value } else { x };
                let value = if x < 0.0 { $float::NAN } else { value };
                if x == 0.0 { $float::NEG_INFINITY } else { value }
            }

            #[inline(always)]
            pub(super) fn log(x: $float) -> $float {
                let subnormal = x < $float::MIN_POSITIVE;
                let (e, m) = split(if subnormal { x * (2.0 * UNIT) } else { x });
                let e = if subnormal { e - (MANTISSA + 1) as $float } else { e };
                log_edges(x, log_near(e, m - 1.0, 0.0))
            }

            #[inline(always)]
            pub(super) fn log1p(x: $float) -> $float {
                let sum = 1.0 + x;
                // What the sum has rounded away.
                let lost = if x < 1.0 { x - (sum - 1.0) } else { 1.0 - (sum - x) };
                let (e, m) = split(sum);
                let value = log_edges(sum, log_near(e, m - 1.0, lost / sum));
                if x.abs() < TINY { x } else { value }
            }

            /// erf(x) where |x| is at most 1.
            #[inline(always)]
            fn erf_near(x: $float) -> $float {
                x + x * polynomial(&ERF, x * x)
            }

            #[inline(always)]
            pub(super) fn erf(x: $float) -> $float {
                let y = clamped(x.abs(), 0.0, ERF_MOST);
                let tail = polynomial(&ERF_TAIL, (y - ERF_CENTRE) / (y + ERF_CENTRE));
                let (n, high, low) = reduced(-y * y);
                let value = 1.0 - (1.0 + growth(high - low)) * power(n) * tail;
                if y < 1.0 { erf_near(x) } else { value.copysign(x) }
            }

            #[inline(always)]
            pub(super) fn erfc(x: $float) -> $float {
                let y = clamped(x.abs(), 0.0, ERFC_MOST);
                // The square of the first half is exact; the rest of the square is small.
                let first = first_half(y);
                let (n, high, low) = reduced(-first * first);
                let (r, r_rest) = fast_two_sum(high, (first - y) * (first + y) - low);
                let (e, e_rest) = fast_two_sum(1.0, r);
                let e_rest = e_rest + (r * r * polynomial(&EXP, r) + r_rest);
                let t = (y - ERFC_CENTRE) / (y + ERFC_CENTRE);
                let (p, p_rest) = fast_two_sum(ERFC_TAIL, t * polynomial(&ERFC_TAIL_SLOPE, t));
                let (below, below_rest) = two_sum(1.0, 2.0 * y);
                // exp(−y²)·erfcx(y) to first order in what was rounded away.
                let (above, above_rest) = two_product(e, p);
                let rest = above_rest + e * (p_rest + ERFC_TAIL_REST) + p * e_rest - above * (below_rest / below);
                let value = scaled((above + rest) / below, n);
                let value = if x < 0.0 { 2.0 - value } else { value };
                if y < 0.5 { 1.0 - erf_near(x) } else { value }
            }
        }

        impl sealed::Float for $float {
            float!(@methods $constants: exp expm1 log log1p tanh erf erfc);
        }
    };
    (@methods $constants:ident: $($name:ident)*) => {
        $(
            #[inline(always)]
            fn $name(self) -> Self {
                $constants::$name(self)
            }
        )*
    };
}

float!(f32, single);
float!(f64, double);
