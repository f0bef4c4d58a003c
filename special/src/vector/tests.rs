//! Single precision against the functions of `libm` in double precision, and the edges of both types.
//!
//! Double precision is held against numbers of 200 bits by the tests of the package `chainrule`.

extern crate std;

use std::vec::Vec;

use super::{erf, erfc, exp, expm1, log, log1p, tanh};
use crate::dispatch::{Kernel, dispatch};

/// A function here, the same in double precision, and its greatest error in units in the last place, rounded up.
struct Case {
    name: &'static str,
    array: fn(&[f32]) -> Vec<f32>,
    reference: fn(f64) -> f64,
    ulps: f64,
}

macro_rules! case {
    ($name:ident, $reference:path, $ulps:literal) => {{
        struct Map<'a>(&'a [f32]);

        impl Kernel for Map<'_> {
            type Output = Vec<f32>;

            #[inline(always)]
            fn run(self) -> Vec<f32> {
                self.0.iter().map(|&x| $name(x)).collect()
            }
        }

        Case { name: stringify!($name), array: |numbers| dispatch(Map(numbers)), reference: $reference, ulps: $ulps }
    }};
}

fn cases() -> [Case; 7] {
    [
        case!(exp, libm::exp, 1.0),
        case!(expm1, libm::expm1, 1.1),
        case!(log, libm::log, 0.85),
        case!(log1p, libm::log1p, 0.88),
        case!(tanh, libm::tanh, 1.3),
        case!(erf, libm::erf, 1.35),
        case!(erfc, libm::erfc, 2.14),
    ]
}

/// The error in units in the last place of the result, where that is finite; infinite where a zero, an infinity or NaN is
/// wrong.
fn error(found: f32, expected: f64) -> f64 {
    let rounded = expected as f32;
    if rounded.is_nan() || rounded.is_infinite() || rounded == 0.0 {
        let same = found == rounded || found.is_nan() && rounded.is_nan();
        let next = rounded == 0.0 && found.abs() <= f32::from_bits(1);
        let sign = rounded.is_nan() || found.is_sign_negative() == rounded.is_sign_negative();
        return if (same || next) && sign { 0.0 } else { f64::INFINITY };
    }
    let exponent = (expected.abs().log2().floor() as i32).max(-126) - 23;
    (f64::from(found) - expected).abs() / 2.0_f64.powi(exponent)
}

/// The greatest errors over every `step`-th number of single precision.
fn measure(step: usize) {
    for case in cases() {
        let (mut worst, mut place) = (0.0, 0.0);
        let mut bits = (0..=u32::MAX).step_by(step);
        loop {
            let numbers: Vec<f32> = bits.by_ref().take(4096).map(f32::from_bits).collect();
            if numbers.is_empty() {
                break;
            }
            for (&x, found) in numbers.iter().zip((case.array)(&numbers)) {
                let error = error(found, (case.reference)(f64::from(x)));
                if error > worst {
                    (worst, place) = (error, x);
                }
            }
        }
        std::println!("{}: {worst:.3} ulp at {place:e}", case.name);
        assert!(worst <= case.ulps, "{}: {worst} ulp at {place:e}", case.name);
    }
}

#[test]
fn single_precision_is_accurate() {
    measure(2003);
}

/// Every number: a quarter of an hour with optimisation, `cargo test --release -p chainrule-special -- --ignored every`.
#[test]
#[ignore = "takes a quarter of an hour"]
fn single_precision_is_accurate_at_every_number() {
    measure(1);
}

#[test]
fn a_number_alone_has_the_same_bits_as_in_a_vector() {
    let numbers: Vec<f32> = (0..=u32::MAX).step_by(1_000_003).map(f32::from_bits).collect();
    for case in cases() {
        let alone: Vec<u32> = numbers.iter().map(|&x| (case.array)(&[x])[0].to_bits()).collect();
        let together: Vec<u32> = (case.array)(&numbers).iter().map(|x| x.to_bits()).collect();
        for ((x, alone), together) in numbers.iter().zip(alone).zip(together) {
            let nan = f32::from_bits(alone).is_nan() && f32::from_bits(together).is_nan();
            assert!(alone == together || nan, "{} at {x:e}", case.name);
        }
    }
}

macro_rules! edges {
    ($name:ident, $float:ident) => {
        #[test]
        fn $name() {
            const INFINITY: $float = $float::INFINITY;
            const LEAST: $float = $float::from_bits(1);
            let same = |found: $float, expected: $float| {
                assert_eq!(found.to_bits(), expected.to_bits(), "{found:e} is not {expected:e}");
            };
            for function in [exp, expm1, log, log1p, tanh, erf, erfc] {
                assert!(function($float::NAN).is_nan() && function(-$float::NAN).is_nan());
            }
            // An odd function whose derivative is 1 at 0 is its argument there.
            for function in [expm1::<$float>, log1p, tanh] {
                for x in [0.0, -0.0, LEAST, -LEAST, $float::MIN_POSITIVE, -$float::MIN_POSITIVE, 1e-30] {
                    same(function(x), x);
                }
            }
            for (x, value) in [(0.0, 1.0), (-0.0, 1.0), (INFINITY, INFINITY), (-INFINITY, 0.0), (1e5, INFINITY)] {
                same(exp(x), value);
            }
            for (x, value) in [(INFINITY, INFINITY), (-INFINITY, -1.0), (-1e5, -1.0), (1e5, INFINITY)] {
                same(expm1(x), value);
            }
            for (x, value) in [(1.0, 0.0), (0.0, -INFINITY), (-0.0, -INFINITY), (INFINITY, INFINITY)] {
                same(log(x), value);
            }
            same(log1p(-1.0), -INFINITY);
            same(log1p(INFINITY), INFINITY);
            for x in [-LEAST, -1.5, -INFINITY] {
                assert!(log(x).is_nan() && log1p(x - 1.0).is_nan() || x == -LEAST);
            }
            for x in [30.0, $float::MAX, INFINITY] {
                assert_eq!((tanh(x), tanh(-x), erf(x), erf(-x), erfc(x), erfc(-x)), (1.0, -1.0, 1.0, -1.0, 0.0, 2.0));
            }
            same(erf(0.0), 0.0);
            same(erf(-0.0), -0.0);
            same(erfc(-0.0), 1.0);
        }
    };
}

edges!(edges_in_single_precision, f32);
edges!(edges_in_double_precision, f64);
