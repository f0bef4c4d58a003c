//! The mathematical functions that emitted code calls, for `f64` and `f32` alike.
//!
//! In: numbers of one float type. Out: a number of that type, and NaN for every operand that is NaN (`pow` and `hypot`
//! excepted: see there). The names are those of the language's operators. They come from the standard library, or from
//! `libm` where the feature `std` is off: `core` has not even `sqrt`. What the standard library lacks, or does not compute
//! accurately, always comes from `libm` or `chainrule-special`, in double precision.

/// Forms of some functions that loops over arrays are vectorised with.
pub use chainrule_special::vector;
use chainrule_special::{MODERATE, length_of_any_size};

/// The float types that formulas compute in: `f64` and `f32`.
///
/// Its functions live in this module; it cannot be implemented elsewhere.
pub trait Float: sealed::Float {}

impl Float for f32 {}
impl Float for f64 {}

mod sealed {
    /// What the functions of [`super`] do for one float type.
    pub trait Float: Copy {
        const NAN: Self;
        fn exp(self) -> Self;
        fn log(self) -> Self;
        fn sqrt(self) -> Self;
        fn sin(self) -> Self;
        fn cos(self) -> Self;
        fn tan(self) -> Self;
        fn asin(self) -> Self;
        fn acos(self) -> Self;
        fn atan(self) -> Self;
        fn tanh(self) -> Self;
        fn expm1(self) -> Self;
        fn log1p(self) -> Self;
        fn exp2(self) -> Self;
        fn log2(self) -> Self;
        fn log10(self) -> Self;
        fn cbrt(self) -> Self;
        fn sinh(self) -> Self;
        fn cosh(self) -> Self;
        fn asinh(self) -> Self;
        fn acosh(self) -> Self;
        fn atanh(self) -> Self;
        fn erf(self) -> Self;
        fn erfc(self) -> Self;
        fn erfcx(self) -> Self;
        fn lgamma(self) -> Self;
        fn digamma(self) -> Self;
        fn trigamma(self) -> Self;
        fn ierfcx(self, other: Self) -> Self;
        fn polygamma(self, other: Self) -> Self;
        fn length<const N: usize>(parts: [Self; N]) -> Self;
        fn atan2(self, other: Self) -> Self;
        fn abs(self) -> Self;
        fn sign(self) -> Self;
        fn floor(self) -> Self;
        fn ceil(self) -> Self;
        fn round(self) -> Self;
        fn max(self, other: Self) -> Self;
        fn min(self, other: Self) -> Self;
        fn pow(self, other: Self) -> Self;
    }
}

/// Implements [`sealed::Float`] for a type: `method => inherent method of std | function of libm`; what stands in the first
/// brackets has a function of its own for the type, and what stands in the second ones is computed in double precision.
macro_rules! float {
    (
        $float:ident: $($method:ident($($other:ident)?) => $std:ident | $libm:ident;)*
        [$($special:ident => $function:ident;)*]
        [$($wide:ident($($second:ident)?) => $double:path;)*]
    ) => {
        impl sealed::Float for $float {
            const NAN: Self = $float::NAN;

            $(
                #[inline(always)]
                fn $method(self $(, $other: Self)?) -> Self {
                    #[cfg(feature = "std")]
                    return $float::$std(self $(, $other)?);
                    #[cfg(not(feature = "std"))]
                    return libm::$libm(self $(, $other)?);
                }
            )*

            $(
                #[inline(always)]
                fn $special(self) -> Self {
                    libm::$function(self)
                }
            )*

            $(
                #[inline(always)]
                fn $wide(self $(, $second: Self)?) -> Self {
                    $double(f64::from(self) $(, f64::from($second))?) as $float
                }
            )*

            #[inline(always)]
            fn length<const N: usize>(parts: [Self; N]) -> Self {
                // Squares of single precision neither overflow nor underflow in double precision.
                let least = if size_of::<Self>() == 4 { -1.0 } else { MODERATE[0] };
                let mut sum = -0.0_f64;
                for part in parts {
                    sum += f64::from(part) * f64::from(part);
                }
                if sum > least && sum < MODERATE[1] {
                    return sealed::Float::sqrt(sum) as $float;
                }
                length_of_any_size(&parts.map(f64::from)) as $float
            }

            #[inline(always)]
            fn sign(self) -> Self {
                // Zeros and NaN answer themselves.
                if self > 0.0 { 1.0 } else if self < 0.0 { -1.0 } else { self }
            }

            #[inline(always)]
            fn max(self, other: Self) -> Self {
                if self > other || self.is_nan() { self } else { other }
            }

            #[inline(always)]
            fn min(self, other: Self) -> Self {
                if self < other || self.is_nan() { self } else { other }
            }
        }
    };
}

float! { f64:
    exp() => exp | exp; log() => ln | log; sqrt() => sqrt | sqrt;
    sin() => sin | sin; cos() => cos | cos; tan() => tan | tan; tanh() => tanh | tanh;
    atan2(other) => atan2 | atan2; pow(other) => powf | pow;
    abs() => abs | fabs; floor() => floor | floor;
    expm1() => exp_m1 | expm1; log1p() => ln_1p | log1p; sinh() => sinh | sinh; cosh() => cosh | cosh;
    asin() => asin | asin; acos() => acos | acos; atan() => atan | atan;
    exp2() => exp2 | exp2; log2() => log2 | log2; log10() => log10 | log10; cbrt() => cbrt | cbrt;
    ceil() => ceil | ceil; round() => round | round;
    [erf => erf; erfc => erfc;]
    [
        asinh() => libm::asinh; acosh() => libm::acosh; atanh() => libm::atanh;
        erfcx() => chainrule_special::erfcx; ierfcx(other) => chainrule_special::ierfcx;
        lgamma() => libm::lgamma; digamma() => chainrule_special::digamma;
        trigamma() => chainrule_special::trigamma; polygamma(other) => chainrule_special::polygamma;
    ]
}

float! { f32:
    exp() => exp | expf; log() => ln | logf; sqrt() => sqrt | sqrtf;
    sin() => sin | sinf; cos() => cos | cosf; tan() => tan | tanf; tanh() => tanh | tanhf;
    atan2(other) => atan2 | atan2f; pow(other) => powf | powf;
    abs() => abs | fabsf; floor() => floor | floorf;
    expm1() => exp_m1 | expm1f; log1p() => ln_1p | log1pf; sinh() => sinh | sinhf; cosh() => cosh | coshf;
    asin() => asin | asinf; acos() => acos | acosf; atan() => atan | atanf;
    exp2() => exp2 | exp2f; log2() => log2 | log2f; log10() => log10 | log10f; cbrt() => cbrt | cbrtf;
    ceil() => ceil | ceilf; round() => round | roundf;
    [erf => erff; erfc => erfcf;]
    [
        asinh() => libm::asinh; acosh() => libm::acosh; atanh() => libm::atanh;
        erfcx() => chainrule_special::erfcx; ierfcx(other) => chainrule_special::ierfcx;
        lgamma() => libm::lgamma; digamma() => chainrule_special::digamma;
        trigamma() => chainrule_special::trigamma; polygamma(other) => chainrule_special::polygamma;
    ]
}

/// Writes the public functions, each with its documentation.
macro_rules! functions {
    ($($(#[$attribute:meta])* $name:ident($first:ident $(, $second:ident)?);)*) => {
        $(
            $(#[$attribute])*
            #[inline(always)]
            #[must_use]
            pub fn $name<T: Float>($first: T $(, $second: T)?) -> T {
                sealed::Float::$name($first $(, $second)?)
            }
        )*
    };
}

functions! {
    /// The exponential function, e to the power of `x`.
    exp(x);
    /// The natural logarithm: −∞ at 0, NaN below.
    log(x);
    /// The square root: NaN below 0.
    sqrt(x);
    /// The sine of an angle in radians.
    sin(x);
    /// The cosine of an angle in radians.
    cos(x);
    /// The tangent of an angle in radians.
    tan(x);
    /// The arc sine, between −π/2 and π/2: NaN outside of −1 to 1.
    asin(x);
    /// The arc cosine, between 0 and π: NaN outside of −1 to 1.
    acos(x);
    /// The arc tangent, between −π/2 and π/2.
    atan(x);
    /// The hyperbolic tangent.
    tanh(x);
    /// The hyperbolic sine.
    sinh(x);
    /// The hyperbolic cosine.
    cosh(x);
    /// The inverse hyperbolic sine.
    asinh(x);
    /// The inverse hyperbolic cosine: NaN below 1.
    acosh(x);
    /// The inverse hyperbolic tangent: NaN outside of −1 to 1.
    atanh(x);
    /// 2 to the power of `x`.
    exp2(x);
    /// The logarithm to the base 2: −∞ at 0, NaN below.
    log2(x);
    /// The logarithm to the base 10: −∞ at 0, NaN below.
    log10(x);
    /// The cube root.
    cbrt(x);
    /// `exp(x) - 1`, accurate near 0.
    expm1(x);
    /// `log(1 + x)`, accurate near 0: −∞ at −1, NaN below.
    log1p(x);
    /// The error function.
    erf(x);
    /// The complementary error function, 1 − erf.
    erfc(x);
    /// The scaled complementary error function exp(x²)·erfc(x).
    erfcx(x);
    /// exp(x²)·iⁿerfc(x), the scaled repeated integral of the complementary error function: NaN unless `n` is a whole number
    /// from 0 to 1000.
    ierfcx(n, x);
    /// The logarithm of the absolute value of the gamma function: ∞ at its poles.
    lgamma(x);
    /// The derivative of log Γ: NaN at 0 and at negative whole numbers.
    digamma(x);
    /// The derivative of `digamma`: ∞ at 0 and at negative whole numbers.
    trigamma(x);
    /// The n-th derivative of `digamma`: NaN unless `n` is a whole number from 0 to 100.
    polygamma(n, x);
    /// The angle of the point (`x`, `y`) in radians, from −π to π; note the order of the operands.
    atan2(y, x);
    /// The absolute value.
    abs(x);
    /// The sign: 1 above 0, −1 below 0, and 0 (with its own sign) at 0.
    sign(x);
    /// The largest integer that is not above `x`.
    floor(x);
    /// The smallest integer that is not below `x`.
    ceil(x);
    /// The nearest integer, away from 0 at half the way.
    round(x);
    /// The larger of two numbers; the second one where they are equal (as 0 and −0 are).
    ///
    /// Unlike [`f64::max`] it is NaN where either operand is: a NaN that vanishes is a wrong result.
    max(a, b);
    /// The smaller of two numbers; the second one where they are equal (as 0 and −0 are).
    ///
    /// Unlike [`f64::min`] it is NaN where either operand is: a NaN that vanishes is a wrong result.
    min(a, b);
    /// `a` to the power of `b`: NaN for a negative `a` and a `b` that is no integer.
    ///
    /// As in IEEE 754, `pow(a, 0)` and `pow(1, b)` are 1 even where the other operand is NaN.
    pow(a, b);
}

/// The length of the vector (`a`, `b`), without overflow or underflow on the way.
///
/// The plain root of the plain sum, but where that sum is extreme. As in IEEE 754, it is infinite if one operand is, even
/// where the other one is NaN.
#[inline(always)]
#[must_use]
pub fn hypot<T: Float>(a: T, b: T) -> T {
    sealed::Float::length([a, b])
}

/// The length of a vector of any number of components, as [`hypot`] of two: 0 where there is none.
#[inline(always)]
#[must_use]
pub fn hypot_of<T: Float, const N: usize>(parts: [T; N]) -> T {
    sealed::Float::length(parts)
}

/// The largest of some numbers, as [`max`] of two: NaN where one is NaN, or where there is none.
#[inline(always)]
#[must_use]
pub fn max_of<T: Float, const N: usize>(numbers: [T; N]) -> T {
    numbers.into_iter().reduce(max).unwrap_or(T::NAN)
}

/// The smallest of some numbers, as [`min`] of two: NaN where one is NaN, or where there is none.
#[inline(always)]
#[must_use]
pub fn min_of<T: Float, const N: usize>(numbers: [T; N]) -> T {
    numbers.into_iter().reduce(min).unwrap_or(T::NAN)
}

#[cfg(test)]
mod tests {
    /// Runs the same checks for both float types.
    macro_rules! for_both {
        ($($name:ident => |$float:ident| $body:block)*) => {
            $(
                mod $name {
                    #[test]
                    fn f64() {
                        type $float = f64;
                        use super::super::*;
                        $body
                    }
                    #[test]
                    fn f32() {
                        type $float = f32;
                        use super::super::*;
                        $body
                    }
                }
            )*
        };
    }

    for_both! {
        values_are_those_of_the_functions => |F| {
            let close = |found: F, expected: f64| {
                let expected = expected as F;
                assert!((found - expected).abs() <= 4.0 * F::EPSILON * expected.abs(), "{found} {expected}");
            };
            let x: F = 0.75;
            close(exp(x), 2.117_000_016_612_675);
            close(log(x), -0.287_682_072_451_780_9);
            close(sqrt(x), 0.866_025_403_784_438_6);
            close(sin(x), 0.681_638_760_023_334_2);
            close(cos(x), 0.731_688_868_873_820_9);
            close(tan(x), 0.931_596_459_944_072_5);
            close(tanh(x), 0.635_148_952_387_287_3);
            close(expm1(x), 1.117_000_016_612_674_7);
            close(log1p(x), 0.559_615_787_935_422_7);
            close(sinh(x), 0.822_316_731_935_829_9);
            close(cosh(x), 1.294_683_284_676_844_8);
            close(erf(x), 0.711_155_633_653_515_1);
            close(erfc(x), 0.288_844_366_346_484_9);
            close(erfc(4.0), 1.541_725_790_028_002e-8);
            close(hypot(x, -0.5), 0.901_387_818_865_997_4);
            assert_eq!((hypot(F::MAX / 2.0, 0.0), expm1(1e-30), log1p(1e-30)), (F::MAX / 2.0, 1e-30, 1e-30));
            close(pow(x, 2.5), 0.487_139_289_628_746_7);
            close(atan2(x, -0.5), 2.158_798_930_342_464);
            assert_eq!((abs(-x), floor(x), floor(-x)), (x, 0.0, -1.0));
            close(asin(x), 0.848_062_078_981_481);
            close(acos(x), 0.722_734_247_813_415_6);
            close(atan(x), 0.643_501_108_793_284_4);
            close(asinh(x + 0.25), 0.881_373_587_019_543);
            close(acosh(x + 1.0), 1.158_810_360_429_947);
            close(atanh(x), 0.972_955_074_527_656_7);
            close(exp2(x), 1.681_792_830_507_429);
            close(log2(x), -0.415_037_499_278_843_8);
            close(log10(x), -0.124_938_736_608_299_95);
            close(cbrt(x), 0.908_560_296_416_069_8);
            close(erfcx(x), 0.506_937_650_293_144_8);
            close(ierfcx(1.0, x), 0.183_986_345_827_897_7);
            close(lgamma(x), 0.203_280_951_431_295_37);
            close(digamma(x), -1.085_860_879_786_472_2);
            close(trigamma(x), 2.541_879_647_671_606_5);
            close(polygamma(2.0, x), -5.302_633_216_337_64);
            assert_eq!((ceil(x), ceil(-x), round(x), round(-2.5 as F)), (1.0, 0.0, 1.0, -3.0));
        }

        sign_is_zero_at_both_zeros => |F| {
            assert_eq!((sign::<F>(3.5), sign::<F>(-F::MIN_POSITIVE), sign(-F::INFINITY)), (1.0, -1.0, -1.0));
            assert_eq!(sign::<F>(0.0).to_bits(), (0.0 as F).to_bits());
            assert_eq!(sign::<F>(-0.0).to_bits(), (-0.0 as F).to_bits());
        }

        nan_stays_nan => |F| {
            type Function = fn(F) -> F;
            let functions: [Function; 32] = [
                exp, log, sqrt, sin, cos, tan, tanh, abs, sign, floor, sinh, cosh, expm1, log1p, erf, erfc, asin, acos, atan,
                asinh, acosh, atanh, exp2, log2, log10, cbrt, erfcx, lgamma, digamma, trigamma, ceil, round,
            ];
            assert!(functions.iter().all(|function| function(F::NAN).is_nan()));
            for other in [F::NAN, F::INFINITY, F::NEG_INFINITY, 0.0, 1.0] {
                for (a, b) in [(F::NAN, other), (other, F::NAN)] {
                    assert!(max(a, b).is_nan() && min(a, b).is_nan() && atan2(a, b).is_nan(), "{a} {b}");
                }
            }
            assert_eq!((pow(F::NAN, 0.0), pow(1.0, F::NAN)), (1.0, 1.0));
        }

        max_and_min_order => |F| {
            let numbers: [F; 5] = [F::NEG_INFINITY, -1.5, 0.0, 2.0, F::INFINITY];
            for (at, &small) in numbers.iter().enumerate() {
                for &large in &numbers[at..] {
                    assert_eq!((max(small, large), max(large, small)), (large, large));
                    assert_eq!((min(small, large), min(large, small)), (small, small));
                }
            }
        }

        ties_answer_the_second_operand => |F| {
            for (a, b) in [(0.0 as F, -0.0 as F), (-0.0, 0.0)] {
                assert_eq!(max(a, b).to_bits(), b.to_bits());
                assert_eq!(min(a, b).to_bits(), b.to_bits());
            }
        }

        the_largest_and_smallest_of_many => |F| {
            let numbers: [F; 4] = [2.0, -1.5, 2.0, 0.5];
            assert_eq!((max_of(numbers), min_of(numbers)), (2.0, -1.5));
            for place in 0..4 {
                let mut numbers = numbers;
                numbers[place] = F::NAN;
                assert!(max_of(numbers).is_nan() && min_of(numbers).is_nan());
            }
            assert!(max_of::<F, 0>([]).is_nan());
        }

        edges_of_the_domain => |F| {
            assert_eq!((log::<F>(0.0), exp(F::NEG_INFINITY)), (F::NEG_INFINITY, 0.0));
            assert!(log::<F>(-1.0).is_nan() && sqrt::<F>(-1.0).is_nan() && pow::<F>(-8.0, 0.5).is_nan());
            assert_eq!((pow::<F>(-2.0, 3.0), pow::<F>(0.0, -1.0)), (-8.0, F::INFINITY));
        }
    }
}
