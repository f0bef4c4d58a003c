//! Roots of sums of squares.

/// The plain root of the plain sum is accurate where that sum lies between these: no square that counts is subnormal, and
/// none overflows.
pub const MODERATE: [f64; 2] = [1e-180, 1e180];

/// The root of the sum of the squares of some numbers, without overflow or underflow on the way.
///
/// As in IEEE 754, it is infinite if one of them is, even where another one is NaN.
#[must_use]
#[inline]
pub fn length(parts: &[f64]) -> f64 {
    let sum = sum(parts.iter().copied());
    if sum > MODERATE[0] && sum < MODERATE[1] { libm::sqrt(sum) } else { length_of_any_size(parts) }
}

/// The same for numbers of any size, in units of the largest.
#[must_use]
#[cold]
#[inline(never)]
pub fn length_of_any_size(parts: &[f64]) -> f64 {
    let largest = parts.iter().fold(0.0, |largest: f64, part| largest.max(part.abs()));
    if largest.is_infinite() || largest == 0.0 {
        // NaN does not count among the largest.
        let any = parts.iter().fold(0.0, |sum, part| sum + part.abs());
        return if largest == 0.0 { any } else { largest };
    }
    let exponent = libm::ilogb(largest);
    libm::scalbn(libm::sqrt(sum(parts.iter().map(|part| libm::scalbn(*part, -exponent)))), exponent)
}

/// The sum of the squares, from the first on.
fn sum(parts: impl Iterator<Item = f64>) -> f64 {
    parts.map(|part| part * part).reduce(|sum, square| sum + square).unwrap_or(0.0)
}
