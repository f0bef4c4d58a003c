//! The numbers that the interpreter computes with: a primal value with none, one or two directions of change.
//!
//! An elementwise function says its value and its partial derivatives; what they do to the directions is said once for
//! every kind of jet. A zero tangent means "does not depend": it stays zero, even beside an infinite partial.

use std::fmt::Debug;

/// A value together with its derivatives along the directions of the run.
pub trait Jet: Copy + Debug + 'static {
    /// A value that does not depend on the inputs.
    fn constant(value: f64) -> Self;

    /// The value.
    fn primal(self) -> f64;

    /// All numbers of the jet: value, first direction, second direction, both; zero where it has none.
    fn parts(self) -> [f64; 4];

    /// A function of one jet, from its value and its first and second derivative here.
    #[must_use]
    fn unary(self, value: f64, first: f64, second: f64) -> Self;

    /// A function of two jets, from its value, `[f_a, f_b]` and `[f_aa, f_ab, f_bb]` here.
    #[must_use]
    fn binary(self, other: Self, value: f64, first: [f64; 2], second: [f64; 3]) -> Self;

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
fn times(partial: f64, tangent: f64) -> f64 {
    if tangent == 0.0 { 0.0 } else { partial * tangent }
}

impl Jet for f64 {
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
pub struct Dual {
    /// The value.
    pub primal: f64,
    /// The derivative along the direction.
    pub tangent: f64,
}

impl Jet for Dual {
    fn constant(value: f64) -> Self {
        Self { primal: value, tangent: 0.0 }
    }

    fn primal(self) -> f64 {
        self.primal
    }

    fn parts(self) -> [f64; 4] {
        [self.primal, self.tangent, 0.0, 0.0]
    }

    fn unary(self, value: f64, first: f64, _: f64) -> Self {
        Self { primal: value, tangent: times(first, self.tangent) }
    }

    fn binary(self, other: Self, value: f64, first: [f64; 2], _: [f64; 3]) -> Self {
        Self { primal: value, tangent: times(first[0], self.tangent) + times(first[1], other.tangent) }
    }
}

/// A value, its derivatives along two directions, and its second derivative along both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HyperDual {
    /// The value.
    pub primal: f64,
    /// The derivative along the first direction.
    pub left: f64,
    /// The derivative along the second direction.
    pub right: f64,
    /// The second derivative along both.
    pub both: f64,
}

impl Jet for HyperDual {
    fn constant(value: f64) -> Self {
        Self { primal: value, left: 0.0, right: 0.0, both: 0.0 }
    }

    fn primal(self) -> f64 {
        self.primal
    }

    fn parts(self) -> [f64; 4] {
        [self.primal, self.left, self.right, self.both]
    }

    fn unary(self, value: f64, first: f64, second: f64) -> Self {
        Self {
            primal: value,
            left: times(first, self.left),
            right: times(first, self.right),
            both: times(first, self.both) + times(times(second, self.left), self.right),
        }
    }

    fn binary(self, other: Self, value: f64, first: [f64; 2], second: [f64; 3]) -> Self {
        let along = |a: f64, b: f64| times(first[0], a) + times(first[1], b);
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
