//! The numbers that the interpreter computes with: a primal value with none, one or two directions of change.
//!
//! An elementwise function says its value and its partial derivatives; what they do to the directions is said once for
//! every kind of jet. A zero tangent means "does not depend": it stays zero, even beside an infinite partial.

use std::fmt::Debug;

use super::real::Real;

/// A value together with its derivatives along the directions of the run.
pub trait Jet: Copy + Debug + 'static {
    /// What it computes with.
    type Number: Real;

    /// A value that does not depend on the inputs.
    fn constant(value: Self::Number) -> Self;

    /// The value.
    fn primal(self) -> Self::Number;

    /// All numbers of the jet: value, first direction, second direction, both; zero where it has none.
    fn parts(self) -> [f64; 4];

    /// A function of one jet, from its value and its first and second derivative here.
    #[must_use]
    fn unary(self, value: Self::Number, first: Self::Number, second: Self::Number) -> Self;

    /// A function of two jets, from its value, `[f_a, f_b]` and `[f_aa, f_ab, f_bb]` here.
    #[must_use]
    fn binary(self, other: Self, value: Self::Number, first: [Self::Number; 2], second: [Self::Number; 3]) -> Self;

    /// The largest finite absolute number of the jet.
    fn magnitude(self) -> f64 {
        let [primal, left, right, both] = self.parts();
        finite(primal).max(finite(left)).max(finite(right)).max(finite(both))
    }
}

fn finite(part: f64) -> f64 {
    if part.is_finite() { part.abs() } else { 0.0 }
}

/// A partial times a tangent, where a zero tangent is a structural zero.
fn times<R: Real>(partial: R, tangent: R) -> R {
    if tangent.is_zero() { R::of(0.0) } else { partial * tangent }
}

impl Jet for f64 {
    type Number = f64;

    fn constant(value: f64) -> Self {
        value
    }

    fn primal(self) -> f64 {
        self
    }

    fn parts(self) -> [f64; 4] {
        [self, 0.0, 0.0, 0.0]
    }

    fn unary(self, value: f64, _: f64, _: f64) -> Self {
        value
    }

    fn binary(self, _: Self, value: f64, _: [f64; 2], _: [f64; 3]) -> Self {
        value
    }
}

/// A value and its derivative along one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dual<R = f64> {
    /// The value.
    pub primal: R,
    /// The derivative along the direction.
    pub tangent: R,
}

impl<R: Real> Jet for Dual<R> {
    type Number = R;

    fn constant(value: R) -> Self {
        Self { primal: value, tangent: R::of(0.0) }
    }

    fn primal(self) -> R {
        self.primal
    }

    fn parts(self) -> [f64; 4] {
        [self.primal.to_f64(), self.tangent.to_f64(), 0.0, 0.0]
    }

    fn unary(self, value: R, first: R, _: R) -> Self {
        Self { primal: value, tangent: times(first, self.tangent) }
    }

    fn binary(self, other: Self, value: R, first: [R; 2], _: [R; 3]) -> Self {
        Self { primal: value, tangent: times(first[0], self.tangent) + times(first[1], other.tangent) }
    }
}

/// A value, its derivatives along two directions, and its second derivative along both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HyperDual<R = f64> {
    /// The value.
    pub primal: R,
    /// The derivative along the first direction.
    pub left: R,
    /// The derivative along the second direction.
    pub right: R,
    /// The second derivative along both.
    pub both: R,
}

impl<R: Real> Jet for HyperDual<R> {
    type Number = R;

    fn constant(value: R) -> Self {
        Self { primal: value, left: R::of(0.0), right: R::of(0.0), both: R::of(0.0) }
    }

    fn primal(self) -> R {
        self.primal
    }

    fn parts(self) -> [f64; 4] {
        [self.primal, self.left, self.right, self.both].map(Real::to_f64)
    }

    fn unary(self, value: R, first: R, second: R) -> Self {
        Self {
            primal: value,
            left: times(first, self.left),
            right: times(first, self.right),
            both: times(first, self.both) + times(times(second, self.left), self.right),
        }
    }

    fn binary(self, other: Self, value: R, first: [R; 2], second: [R; 3]) -> Self {
        let along = |a: R, b: R| times(first[0], a) + times(first[1], b);
        let curvature = times(times(second[0], self.left), self.right)
            + times(times(second[1], self.left), other.right)
            + times(times(second[1], other.left), self.right)
            + times(times(second[2], other.left), other.right);
        Self {
            primal: value,
            left: along(self.left, other.left),
            right: along(self.right, other.right),
            both: along(self.both, other.both) + curvature,
        }
    }
}
