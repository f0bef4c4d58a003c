//! The scaled complementary error function and its scaled repeated integrals.

use core::f64::consts::FRAC_2_SQRT_PI;

use crate::order;

/// From here on the continued fraction needs few terms.
const FAR: f64 = 2.0;
/// From here on it needs some hundred, and the recurrence upwards cancels.
const NEAR: f64 = 0.5;
/// Integrals of a higher order are not computed.
const MOST_ORDER: u32 = 1000;

/// The scaled complementary error function exp(x²)·erfc(x) (DLMF 7.2.3, where it is w(ix)).
#[must_use]
pub fn erfcx(x: f64) -> f64 {
    if x < FAR {
        return exp_of_square(x) * libm::erfc(x);
    }
    FRAC_2_SQRT_PI * fraction(0, x)
}

/// exp(x²)·iⁿerfc(x) for a whole n: the scaled repeated integral of the complementary error function (DLMF 7.18.2). The
/// n-th derivative of `erfcx` is (−2)ⁿ·n! times this (DLMF 7.18.5).
#[must_use]
pub fn ierfcx(n: f64, x: f64) -> f64 {
    let Some(n) = order(n, MOST_ORDER) else { return f64::NAN };
    if n == 0 {
        return erfcx(x);
    }
    if x >= NEAR {
        return FRAC_2_SQRT_PI * fraction(n, x);
    }
    // DLMF 7.18.7. Below 0 all terms are positive.
    let (mut before, mut last) = (FRAC_2_SQRT_PI, erfcx(x));
    for k in 1..=n {
        (before, last) = (last, (before / 2.0 - x * last) / f64::from(k));
    }
    last
}

/// r₀·r₁·…·rₙ, where rₖ is the ratio of the k-th integral to the one before it: by the recurrence, 1/(2x + 2(k + 1)·rₖ₊₁),
/// whose terms are all positive. It is computed downwards from where it no longer matters (Gautschi 1967).
fn fraction(n: u32, x: f64) -> f64 {
    let first = 2 * n + 12 + (240.0 / (x * x)) as u32;
    let (mut ratio, mut product) = (0.0, 1.0);
    for k in (0..=first).rev() {
        ratio = 1.0 / (2.0 * x + 2.0 * (f64::from(k) + 1.0) * ratio);
        if k <= n {
            product *= ratio;
        }
    }
    product
}

/// exp(x²), where the rounding of the square does not matter.
fn exp_of_square(x: f64) -> f64 {
    let square = x * x;
    let rest = libm::fma(x, x, -square);
    let value = libm::exp(square);
    // Infinite squares have no rest.
    if value.is_finite() { value + value * rest } else { value }
}
