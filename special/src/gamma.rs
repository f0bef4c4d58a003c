//! The logarithmic derivative of the gamma function, and its derivatives.

use core::f64::consts::PI;

use crate::{Sum, order};

/// The zero of `digamma` above 0, as a sum of two numbers.
const ZERO: (f64, f64) = (1.461_632_144_968_362_2, 9.549_995_429_965_697e-17);

/// Polynomial coefficients of digamma(x)/(x − zero) in x − 3/2, from 1 to 2: interpolation at the zeros of a Chebyshev
/// polynomial, to 5e-17.
const QUOTIENT: [f64; 24] = [
    0.951_055_876_031_832_8,
    -0.423_627_421_281_460_47,
    0.240_542_484_240_787_36,
    -0.148_404_923_053_917_61,
    0.094_988_724_452_83,
    -0.061_922_133_271_657_06,
    0.040_760_833_944_626_57,
    -0.026_975_796_844_275_36,
    0.017_907_248_195_969_127,
    -0.011_908_215_172_584_002,
    0.007_927_024_067_961_237,
    -0.005_280_017_820_898_74,
    0.003_518_080_075_106_669_4,
    -0.002_344_650_082_351_321,
    0.001_563_567_975_753_388_5,
    -0.001_042_261_556_504_223,
    0.000_689_971_780_116_684_1,
    -0.000_459_962_514_461_257_6,
    0.000_326_806_804_414_176_4,
    -0.000_217_868_214_550_145_1,
    9.173_383_289_174_792e-5,
    -6.115_542_617_507_51e-5,
    0.000_122_309_830_554_067_47,
    -8.153_978_973_309_418e-5,
];

/// Bernoulli numbers B₂, B₄, … (DLMF 24.2).
const BERNOULLI: [f64; 12] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
    -174611.0 / 330.0,
    854513.0 / 138.0,
    -236364091.0 / 2730.0,
];

/// From here on, plus the order, the asymptotic series is as accurate as the numbers.
const FAR: f64 = 12.0;
/// Derivatives of a higher order are not computed: their factorials soon overflow.
const MOST_ORDER: u32 = 100;

/// The digamma function, the derivative of log Γ (DLMF 5.2.2); NaN at its poles, which are 0 and the negative whole numbers.
#[must_use]
pub fn digamma(x: f64) -> f64 {
    if x <= 0.0 {
        // Reflection (DLMF 5.5.4).
        return if is_pole(x) { f64::NAN } else { digamma(1.0 - x) - PI * cotangent(x) };
    }
    if x >= FAR {
        // DLMF 5.11.2
        let square = x * x;
        let (mut power, mut rest) = (1.0, 0.0);
        for (k, number) in (1..).zip(BERNOULLI) {
            power /= square;
            rest += number / (2.0 * f64::from(k)) * power;
        }
        return libm::log(x) - (0.5 / x + rest);
    }
    // The recurrence (DLMF 5.5.2) leads to where the zero is a factor.
    let (mut x, mut sum) = (x, Sum::default());
    if x < 1.0 {
        sum.add(-1.0 / x);
        x += 1.0;
    }
    while x > 2.0 {
        x -= 1.0;
        sum.add(1.0 / x);
    }
    let quotient = QUOTIENT.iter().rev().fold(0.0, |sum, coefficient| sum * (x - 1.5) + coefficient);
    sum.add(quotient * ((x - ZERO.0) - ZERO.1));
    sum.value()
}

/// The trigamma function, the derivative of `digamma`; infinite at its poles.
#[must_use]
pub fn trigamma(x: f64) -> f64 {
    polygamma(1.0, x)
}

/// The n-th derivative of `digamma` for a whole n (DLMF 5.15).
#[must_use]
pub fn polygamma(n: f64, x: f64) -> f64 {
    let Some(n) = order(n, MOST_ORDER) else { return f64::NAN };
    let odd = n % 2 == 1;
    if n == 0 {
        return digamma(x);
    }
    if x <= 0.0 {
        if is_pole(x) {
            return if odd { f64::INFINITY } else { f64::NAN };
        }
        // Reflection (DLMF 5.15.6).
        let reflected = polygamma(f64::from(n), 1.0 - x);
        let own = libm::pow(PI, f64::from(n) + 1.0) * derivative_of_cotangent(n, cotangent(x));
        return if odd { -reflected } else { reflected } - own;
    }
    // (−1)ⁿ⁺¹·n!·ζ(n + 1, x), by the Euler–Maclaurin formula (DLMF 25.11.5): all terms but the last ones are positive.
    let exponent = -f64::from(n) - 1.0;
    let (mut far, mut sum) = (x, Sum::default());
    while far < FAR + f64::from(n) {
        sum.add(libm::pow(far, exponent));
        far += 1.0;
    }
    let factorial = (1..=n).fold(1.0, |product, k| product * f64::from(k));
    let power = libm::pow(far, exponent);
    sum.add(power / 2.0);
    sum.add(libm::pow(far, exponent + 1.0) / f64::from(n));
    // (n + 1)·…·(n + 2k − 1)/(2k)!, and the power that belongs to it.
    let mut rising = f64::from(n + 1) / 2.0 * power / far;
    for (k, number) in (1..).zip(BERNOULLI) {
        sum.add(number * rising);
        let next = f64::from(2 * k + n);
        rising *= next * (next + 1.0) / (f64::from(2 * k + 1) * f64::from(2 * k + 2)) / (far * far);
    }
    let value = factorial * sum.value();
    if odd { value } else { -value }
}

fn is_pole(x: f64) -> bool {
    x == libm::floor(x)
}

/// cot(πx): what is left of x beside the nearest whole number is exact.
fn cotangent(x: f64) -> f64 {
    1.0 / libm::tan(PI * (x - libm::round(x)))
}

/// The n-th derivative of the cotangent where it is c: a polynomial P in c, whose next one is −(1 + c²)·P′. All its terms
/// have the same sign.
fn derivative_of_cotangent(n: u32, c: f64) -> f64 {
    let mut coefficients = [0.0; MOST_ORDER as usize + 2];
    coefficients[1] = 1.0;
    for _ in 0..n {
        let mut next = [0.0; MOST_ORDER as usize + 2];
        for (k, coefficient) in coefficients.iter().enumerate().skip(1) {
            let slope = -(k as f64) * coefficient;
            next[k - 1] += slope;
            if let Some(above) = next.get_mut(k + 1) {
                *above += slope;
            }
        }
        coefficients = next;
    }
    coefficients.iter().rev().fold(0.0, |sum, coefficient| sum * c + coefficient)
}
