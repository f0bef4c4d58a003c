//! Forward mode: a value with its derivatives by the coordinates of the inputs that it depends on.
//!
//! A function says its value and its partial derivatives at a point; what they do to the derivatives is said once. A
//! derivative that is not listed is zero because the value does not depend on that coordinate; it stays zero even beside
//! a partial that is undefined.

use std::rc::Rc;

use super::real::Real;

/// First derivatives by coordinate, second ones by two coordinates, the smaller one first; each list in order.
#[derive(Clone, Debug, Default)]
struct Derivatives {
    first: Vec<(u32, Real)>,
    second: Vec<((u32, u32), Real)>,
    /// Whether second derivatives are wanted.
    curved: bool,
}

/// Whether a second derivative is wanted. Where there are second ones, each input moves along two directions, numbered 2n
/// and 2n + 1: by two inputs the first ones of both are taken, by one input both of it. With the first one alone, what
/// is wrong in a Hessian but adds up to nothing with its transpose would not be seen.
fn is_wanted(left: u32, right: u32) -> bool {
    left.is_multiple_of(2) && (right == left + 1 || right.is_multiple_of(2) && right > left)
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
    /// A number of an input that moves along some coordinates, listed in order, each with how fast.
    pub fn moving(value: Real, along: Vec<(u32, Real)>, order: u8) -> Self {
        if along.is_empty() {
            return value.into();
        }
        let derivatives = Derivatives { first: along, second: Vec::new(), curved: order > 1 };
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
        self.derivatives.as_ref().map_or_else(zero, |derivatives| listed(&derivatives.first, place))
    }

    /// The derivative by two coordinates.
    pub fn second(&self, left: u32, right: u32) -> Real {
        let key = (left.min(right), left.max(right));
        self.derivatives.as_ref().map_or_else(zero, |derivatives| listed(&derivatives.second, key))
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

fn zero() -> Real {
    Real::from(0_i64)
}

fn listed<K: Ord + Copy>(list: &[(K, Real)], key: K) -> Real {
    list.binary_search_by_key(&key, |(known, _)| *known).map_or_else(|_| zero(), |at| list[at].1.clone())
}

/// A partial times a derivative; a derivative that is zero stays so.
fn times(partial: &Real, derivative: &Real) -> Real {
    if derivative.is_zero() { derivative.clone() } else { partial.multiply(derivative) }
}

/// Adds to a list what a second list has, times a partial; both stay in order.
fn add_scaled<K: Ord + Copy>(sum: &mut Vec<(K, Real)>, list: &[(K, Real)], partial: &Real) {
    if sum.is_empty() {
        sum.extend(list.iter().map(|(key, derivative)| (*key, times(partial, derivative))));
        return;
    }
    for (key, derivative) in list {
        add_to(sum, *key, times(partial, derivative));
    }
}

fn add_to<K: Ord + Copy>(sum: &mut Vec<(K, Real)>, key: K, addend: Real) {
    match sum.binary_search_by_key(&key, |(known, _)| *known) {
        Ok(at) => sum[at].1 = sum[at].1.add(&addend),
        Err(at) => sum.insert(at, (key, addend)),
    }
}

impl Derivatives {
    fn scaled(&mut self, part: &Self, partial: &Real) {
        add_scaled(&mut self.first, &part.first, partial);
        add_scaled(&mut self.second, &part.second, partial);
    }

    /// Adds one of the four products of first derivatives, each wanted pair of coordinates once.
    fn curve(&mut self, left: &Self, right: &Self, curvature: &Real) {
        for (i, a) in &left.first {
            for (j, b) in right.first.iter().filter(|(j, _)| is_wanted(*i, *j)) {
                add_to(&mut self.second, (*i, *j), times(&times(curvature, a), b));
            }
        }
    }
}
