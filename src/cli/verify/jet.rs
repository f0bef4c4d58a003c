//! Forward mode: a value with its derivatives by the coordinates of the inputs that it depends on.
//!
//! A function says its value and its partial derivatives at a point; what they do to the derivatives is said once. A
//! derivative that is not listed is zero because the value does not depend on that coordinate; it stays zero even beside
//! a partial that is undefined.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::real::Real;

/// First derivatives by coordinate, second ones by two coordinates, the smaller one first.
#[derive(Clone, Debug, Default)]
struct Derivatives {
    first: BTreeMap<u32, Real>,
    second: BTreeMap<(u32, u32), Real>,
    /// Whether second derivatives are wanted.
    curved: bool,
}

/// A value and its derivatives; most values have none, and copies share them.
#[derive(Clone, Debug)]
pub struct Jet {
    /// The value.
    pub value: Real,
    derivatives: Option<Rc<Derivatives>>,
}

impl From<Real> for Jet {
    fn from(value: Real) -> Self {
        Self { value, derivatives: None }
    }
}

/// The second derivatives of a function of two numbers; what is `None` is zero everywhere.
pub type Curvature = [Option<Real>; 3];

impl Jet {
    /// A coordinate of an input.
    pub fn coordinate(value: Real, place: u32, order: u8) -> Self {
        let first = BTreeMap::from([(place, Real::from(1_i64))]);
        let derivatives = Derivatives { first, second: BTreeMap::new(), curved: order > 1 };
        Self { value, derivatives: Some(Rc::new(derivatives)) }
    }

    /// A number that the formula states.
    pub fn whole(value: i64) -> Self {
        Real::from(value).into()
    }

    /// Whether it depends on no coordinate.
    pub fn is_constant(&self) -> bool {
        self.derivatives.is_none()
    }

    /// The derivative by a coordinate.
    pub fn first(&self, place: u32) -> Real {
        let found = self.derivatives.as_ref().and_then(|derivatives| derivatives.first.get(&place));
        found.cloned().unwrap_or(Real::from(0_i64))
    }

    /// The derivative by two coordinates.
    pub fn second(&self, left: u32, right: u32) -> Real {
        let key = (left.min(right), left.max(right));
        let found = self.derivatives.as_ref().and_then(|derivatives| derivatives.second.get(&key));
        found.cloned().unwrap_or(Real::from(0_i64))
    }

    /// A function of this, from its value here and, where they matter, its first and second derivative.
    pub fn unary(&self, value: Real, first: impl FnOnce() -> Real, second: impl FnOnce() -> Option<Real>) -> Self {
        let Some(own) = &self.derivatives else { return value.into() };
        let partial = first();
        let mut out = Derivatives { curved: own.curved, ..Derivatives::default() };
        out.scaled(own, &partial);
        if let Some(curvature) = own.curved.then(second).flatten() {
            out.curve(own, own, &curvature);
        }
        Self { value, derivatives: Some(Rc::new(out)) }
    }

    /// A function of two, from its value here and, where they matter, `[f_a, f_b]` and `[f_aa, f_ab, f_bb]`.
    pub fn binary(
        &self,
        other: &Self,
        value: Real,
        first: impl FnOnce() -> [Real; 2],
        second: impl FnOnce() -> Curvature,
    ) -> Self {
        let (left, right) = (self.derivatives.as_deref(), other.derivatives.as_deref());
        if left.is_none() && right.is_none() {
            return value.into();
        }
        let curved = [left, right].iter().flatten().any(|part| part.curved);
        let mut out = Derivatives { curved, ..Derivatives::default() };
        for (part, partial) in [left, right].into_iter().zip(first()) {
            if let Some(part) = part {
                out.scaled(part, &partial);
            }
        }
        if curved {
            let [left_twice, both, right_twice] = second();
            let pairs = [
                (left, left, left_twice),
                (left, right, both.clone()),
                (right, left, both),
                (right, right, right_twice),
            ];
            for (a, b, curvature) in pairs {
                if let (Some(a), Some(b), Some(curvature)) = (a, b, curvature) {
                    out.curve(a, b, &curvature);
                }
            }
        }
        Self { value, derivatives: Some(Rc::new(out)) }
    }
}

/// A partial times a derivative; a derivative that is zero stays so.
fn times(partial: &Real, derivative: &Real) -> Real {
    if derivative.is_zero() { derivative.clone() } else { partial.multiply(derivative) }
}

fn add_to<K: Ord>(map: &mut BTreeMap<K, Real>, key: K, addend: Real) {
    map.entry(key).and_modify(|known| *known = known.add(&addend)).or_insert(addend);
}

impl Derivatives {
    fn scaled(&mut self, part: &Self, partial: &Real) {
        for (place, derivative) in &part.first {
            add_to(&mut self.first, *place, times(partial, derivative));
        }
        for (places, derivative) in &part.second {
            add_to(&mut self.second, *places, times(partial, derivative));
        }
    }

    /// Adds one of the four products of first derivatives, each pair of coordinates once.
    fn curve(&mut self, left: &Self, right: &Self, curvature: &Real) {
        for (i, a) in &left.first {
            for (j, b) in right.first.range(i..) {
                add_to(&mut self.second, (*i, *j), times(&times(curvature, a), b));
            }
        }
    }
}
