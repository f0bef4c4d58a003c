//! Numerical derivatives: central differences, extrapolated, and only where the program is smooth.

use crate::dual::tensor::Outcome;

/// Widest steps to start from; the next one is for functions that are too curved, or kinked, for the one before.
const FIRST_STEPS: [f64; 3] = [0.01, 0.001, 0.0001];
/// How often the first step is halved.
const LEVELS: usize = 3;
/// An estimate whose own error is larger than this says nothing.
const USABLE: f64 = 1e-4;
/// Rounding in one run, relative to its largest number, as far as it reaches a difference quotient.
const NOISE: f64 = 1e-10;

/// How far two computations of one number may differ, relative to the largest number on the way. The most that ever
/// differed in 5 000 programs was 2e-14.
const ROUNDING: f64 = 1e-12;

/// A value and the decisions of its run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// The value.
    pub value: f64,
    /// See [`crate::dual::Run::trace`].
    pub trace: u64,
}

/// What differences say about a derivative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Estimate {
    /// The derivative up to an error.
    Derivative {
        /// The derivative.
        value: f64,
        /// How far off it may be.
        error: f64,
    },
    /// A kink, a jump or a condition is too close.
    Kink,
    /// The differences do not settle.
    Unsettled,
}

/// The derivative of a function of a step at step 0.
///
/// # Errors
/// What the function says.
pub fn derivative(mut function: impl FnMut(f64) -> Outcome<Sample>) -> Outcome<Estimate> {
    let trace = function(0.0)?.trace;
    let mut best = Estimate::Kink;
    for first in FIRST_STEPS {
        let Some((value, error)) = extrapolated(&mut function, first, trace)? else { continue };
        let better = match best {
            Estimate::Derivative { error: known, .. } => error < known,
            _ => true,
        };
        if better {
            best = Estimate::Derivative { value, error };
        }
        if error <= 1e-6 * (1.0 + value.abs()) {
            break;
        }
    }
    Ok(match best {
        Estimate::Derivative { value, error } if error.is_nan() || error > USABLE * (1.0 + value.abs()) => {
            Estimate::Unsettled
        }
        known => known,
    })
}

/// Ridders' method (Adv. Eng. Software 4, 1982): the entry of the extrapolation table with the smallest error estimate;
/// `None` if a run took other decisions.
fn extrapolated(
    function: &mut impl FnMut(f64) -> Outcome<Sample>,
    first: f64,
    trace: u64,
) -> Outcome<Option<(f64, f64)>> {
    let mut best = (f64::NAN, f64::INFINITY);
    let mut above: Vec<f64> = Vec::new();
    for level in 0..LEVELS {
        let step = first / f64::from(1_u32 << level);
        let (right, left) = (function(step)?, function(-step)?);
        if right.trace != trace || left.trace != trace {
            return Ok(None);
        }
        let mut row = vec![(right.value - left.value) / (2.0 * step)];
        for (column, older) in above.iter().enumerate() {
            let factor = 4.0_f64.powi(column as i32 + 1);
            let newer = row[column];
            let entry = (factor * newer - older) / (factor - 1.0);
            let error = (entry - newer).abs().max((entry - older).abs());
            if error < best.1 {
                best = (entry, error);
            }
            row.push(entry);
        }
        above = row;
    }
    Ok(Some(best))
}

/// Whether a derivative agrees with an estimate, in a run whose largest number is known.
#[must_use]
pub fn confirms(exact: f64, value: f64, error: f64, largest: f64) -> bool {
    (exact - value).abs() <= 1e-6 * (1.0 + value.abs()) + 20.0 * error + NOISE * largest
}

/// Whether two computations of the same number agree, where `scale` is the largest number on the way to it. An infinity
/// agrees with itself only.
#[must_use]
pub fn agree(a: f64, b: f64, scale: f64) -> bool {
    a == b || a.is_nan() && b.is_nan() || disagreement(a, b, scale) <= ROUNDING
}

/// How far two finite numbers are apart, relative to the largest number on the way; infinite for any others.
fn disagreement(a: f64, b: f64, scale: f64) -> f64 {
    let distance = (a - b).abs();
    if distance.is_finite() { distance / scale.max(1.0).max(a.abs()).max(b.abs()) } else { f64::INFINITY }
}

#[test]
fn an_infinity_agrees_with_itself_only() {
    let infinity = f64::INFINITY;
    assert!(agree(infinity, infinity, 1.0) && agree(f64::NAN, f64::NAN, 1.0) && agree(1.0, 1.0 + 1e-13, 1.0));
    for (a, b) in [(infinity, 1.0), (1.0, -infinity), (infinity, -infinity), (f64::NAN, 1.0), (infinity, f64::NAN)] {
        assert!(!agree(a, b, 1.0) && !agree(a, b, infinity), "{a} and {b}");
    }
}
