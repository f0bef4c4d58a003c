//! Elementwise functions on jets, each with its derivatives written by hand: nothing here reads the compiler's table.
//!
//! Conventions where a function is not smooth are the language's: the derivative of `abs` at 0 is 0, `max` and `min` split
//! a tie evenly, `sign` and `floor` have the derivative 0.

use std::cmp::Ordering;

use super::jet::{Curvature, Jet};
use super::real::Real;

fn whole(value: i64) -> Real {
    Real::from(value)
}

const STRAIGHT: Curvature = [None, None, None];

/// `a + b`
pub fn add(a: &Jet, b: &Jet) -> Jet {
    a.binary(b, a.value.add(&b.value), || [whole(1), whole(1)], || STRAIGHT)
}

/// `a - b`
pub fn subtract(a: &Jet, b: &Jet) -> Jet {
    a.binary(b, a.value.subtract(&b.value), || [whole(1), whole(-1)], || STRAIGHT)
}

/// `a * b`
pub fn multiply(a: &Jet, b: &Jet) -> Jet {
    let value = a.value.multiply(&b.value);
    a.binary(b, value, || [b.value.clone(), a.value.clone()], || [None, Some(whole(1)), None])
}

/// `a / b`
pub fn divide(a: &Jet, b: &Jet) -> Jet {
    let value = a.value.divide(&b.value);
    let inverse = || whole(1).divide(&b.value);
    let by_divisor = |value: &Real| value.multiply(&inverse()).negate();
    a.binary(
        b,
        value.clone(),
        || [inverse(), by_divisor(&value)],
        || {
            let square = inverse().multiply(&inverse());
            [None, Some(square.negate()), Some(value.multiply(&square).multiply(&whole(2)))]
        },
    )
}

/// `-a`
pub fn negate(a: &Jet) -> Jet {
    a.unary(a.value.negate(), || whole(-1), || None)
}

/// `a ** b`; by convention the derivative by the base is 0 where base and exponent are 0, and the derivative by the
/// exponent is 0 where the base is 0.
pub fn power(base: &Jet, exponent: &Jet) -> Jet {
    let (a, b) = (&base.value, &exponent.value);
    let one = whole(1);
    let lower = |steps: i64| a.power(&b.subtract(&whole(steps)));
    let by_base = || if b.is_zero() { whole(0) } else { b.multiply(&lower(1)) };
    let falling = b.multiply(&b.subtract(&one));
    let by_base_twice = || if falling.is_zero() { whole(0) } else { falling.multiply(&lower(2)) };
    let value = a.power(b);
    if exponent.is_constant() {
        return base.unary(value, by_base, || Some(by_base_twice()));
    }
    let at_zero = a.is_zero();
    let log = if at_zero { whole(0) } else { a.log() };
    base.binary(
        exponent,
        value.clone(),
        || [by_base(), value.multiply(&log)],
        || {
            let mixed = if at_zero { whole(0) } else { lower(1).multiply(&one.add(&b.multiply(&log))) };
            [Some(by_base_twice()), Some(mixed), Some(value.multiply(&log).multiply(&log))]
        },
    )
}

fn exp(a: &Jet) -> Jet {
    let value = a.value.exp();
    a.unary(value.clone(), || value.clone(), || Some(value.clone()))
}

fn log(a: &Jet) -> Jet {
    let inverse = || whole(1).divide(&a.value);
    a.unary(a.value.log(), inverse, || Some(inverse().multiply(&inverse()).negate()))
}

fn sqrt(a: &Jet) -> Jet {
    let root = a.value.sqrt();
    let first = || whole(1).divide(&root.multiply(&whole(2)));
    a.unary(root.clone(), first, || Some(first().divide(&a.value.multiply(&whole(-2)))))
}

fn tan(a: &Jet) -> Jet {
    let value = a.value.tan();
    let first = || value.multiply(&value).add(&whole(1));
    a.unary(value.clone(), first, || Some(value.multiply(&first()).multiply(&whole(2))))
}

fn tanh(a: &Jet) -> Jet {
    let value = a.value.tanh();
    let first = || whole(1).subtract(&value.multiply(&value));
    a.unary(value.clone(), first, || Some(value.multiply(&first()).multiply(&whole(-2))))
}

fn half(a: &Real) -> Real {
    a.divide(&whole(2))
}

fn erf(a: &Jet) -> Jet {
    let first = || {
        let bell = a.value.multiply(&a.value).negate().exp();
        bell.multiply(&whole(2)).divide(&Real::pi().sqrt())
    };
    a.unary(a.value.erf(), first, || Some(first().multiply(&a.value).multiply(&whole(-2))))
}

/// `exp(a**2) * erfc(a)`
fn erfcx(a: &Jet) -> Jet {
    multiply(&exp(&multiply(a, a)), &subtract(&Jet::whole(1), &erf(a)))
}

/// The scaled repeated integrals of the complementary error function, by their recurrence (DLMF 7.18.7).
fn ierfcx(order: i64, x: &Jet) -> Jet {
    let mut before: Jet = whole(2).divide(&Real::pi().sqrt()).into();
    let mut last = erfcx(x);
    for k in 1..=order {
        let sum = subtract(&divide(&before, &Jet::whole(2)), &multiply(x, &last));
        (before, last) = (last, divide(&sum, &Jet::whole(k)));
    }
    last
}

fn polygamma(order: i64, a: &Jet) -> Jet {
    let x = &a.value;
    a.unary(x.polygamma(order), || x.polygamma(order + 1), || Some(x.polygamma(order + 2)))
}

/// The angle whose sine is `a`.
fn arc_sine(a: &Jet) -> Jet {
    arc_tangent(a, &sqrt(&subtract(&Jet::whole(1), &multiply(a, a))))
}

/// The logarithm to a whole base.
fn log_to(base: i64, a: &Jet) -> Jet {
    divide(&log(a), &whole(base).log().into())
}

/// `log(a + sqrt(a**2 + sign))`
fn area(a: &Jet, sign: i64) -> Jet {
    log(&add(a, &sqrt(&add(&multiply(a, a), &Jet::whole(sign)))))
}

/// A whole power, or a root, of a number that is not zero: its logarithm may not exist.
fn cube_root(a: &Jet) -> Jet {
    let x = &a.value;
    let root = || if x.is_zero() { whole(0) } else { x.abs().log().divide(&whole(3)).exp().multiply(&x.sign()) };
    let first = || root().divide(&x.multiply(&whole(3)));
    a.unary(root(), first, || Some(first().multiply(&whole(-2)).divide(&x.multiply(&whole(3)))))
}

/// The operator of one number that a name stands for; `None` if there is none.
pub fn call_unary(name: &str, a: &Jet) -> Option<Jet> {
    let x = &a.value;
    let one = || Jet::whole(1);
    Some(match name {
        "exp" => exp(a),
        "log" => log(a),
        "sqrt" => sqrt(a),
        "sin" => a.unary(x.sin(), || x.cos(), || Some(x.sin().negate())),
        "cos" => a.unary(x.cos(), || x.sin().negate(), || Some(x.cos().negate())),
        "tan" => tan(a),
        "tanh" => tanh(a),
        "atan" => arc_tangent(a, &one()),
        "asin" => arc_sine(a),
        "acos" => subtract(&divide(&Real::pi().into(), &Jet::whole(2)), &arc_sine(a)),
        "asinh" if x.compare(&whole(0)) == Some(Ordering::Less) => negate(&area(&negate(a), 1)),
        "asinh" => area(a, 1),
        "acosh" => area(a, -1),
        "atanh" => divide(&log(&divide(&add(&one(), a), &subtract(&one(), a))), &Jet::whole(2)),
        "exp2" => exp(&multiply(a, &whole(2).log().into())),
        "log2" => log_to(2, a),
        "log10" => log_to(10, a),
        "cbrt" => cube_root(a),
        "expm1" => subtract(&exp(a), &one()),
        "log1p" => log(&add(a, &one())),
        "cosh" | "sinh" => {
            let (up, down) = (x.exp(), x.negate().exp());
            let (even, odd) = (half(&up.add(&down)), half(&up.subtract(&down)));
            let (value, first) = if name == "cosh" { (even, odd) } else { (odd, even) };
            a.unary(value.clone(), || first, || Some(value.clone()))
        }
        "erf" => erf(a),
        "erfc" => subtract(&one(), &erf(a)),
        "erfcx" => erfcx(a),
        "lgamma" => a.unary(x.lgamma(), || x.polygamma(0), || Some(x.polygamma(1))),
        "digamma" => polygamma(0, a),
        "trigamma" => polygamma(1, a),
        "abs" if x.is_zero() => Jet::whole(0),
        "abs" => a.unary(x.abs(), || x.sign(), || None),
        "sign" => x.sign().into(),
        "floor" => x.floor().into(),
        "ceil" => x.negate().floor().negate().into(),
        "round" => x.abs().add(&half(&whole(1))).floor().multiply(&x.sign()).into(),
        _ => return None,
    })
}

/// The operator of two numbers that a name stands for; `None` if there is none.
pub fn call_binary(name: &str, a: &Jet, b: &Jet) -> Option<Jet> {
    Some(match name {
        "atan2" => arc_tangent(a, b),
        "polygamma" => polygamma(a.value.to_integer().filter(|order| *order >= 0)?, b),
        "ierfcx" => ierfcx(a.value.to_integer().filter(|order| *order >= 0)?, b),
        "hypot" => sqrt(&add(&multiply(a, a), &multiply(b, b))),
        "max" => largest(&[a.clone(), b.clone()]),
        "min" => smallest(&[a.clone(), b.clone()]),
        _ => return None,
    })
}

fn arc_tangent(y: &Jet, x: &Jet) -> Jet {
    let (a, b) = (&y.value, &x.value);
    let square = || a.multiply(a).add(&b.multiply(b));
    y.binary(
        x,
        a.atan2(b),
        || [b.divide(&square()), a.divide(&square()).negate()],
        || {
            let fourth = square().multiply(&square());
            let curved = a.multiply(b).multiply(&whole(-2)).divide(&fourth);
            let mixed = a.multiply(a).subtract(&b.multiply(b)).divide(&fourth);
            [Some(curved.clone()), Some(mixed), Some(curved.negate())]
        },
    )
}

/// The largest of some numbers; a tie splits the derivative evenly.
pub fn largest(items: &[Jet]) -> Jet {
    let undefined = || Jet::from(Real::UNDEFINED);
    let Some(mut top) = items.first() else { return undefined() };
    for item in items {
        match item.value.compare(&top.value) {
            Some(Ordering::Greater) => top = item,
            Some(_) => {}
            None => return undefined(),
        }
    }
    let ties: Vec<Jet> =
        items.iter().filter(|item| item.value.compare(&top.value) == Some(Ordering::Equal)).cloned().collect();
    if ties.len() == 1 {
        return top.clone();
    }
    let share = whole(1).divide(&Real::from(ties.len()));
    sum(&ties).unary(top.value.clone(), || share, || None)
}

/// The smallest of some numbers; a tie splits the derivative evenly.
pub fn smallest(items: &[Jet]) -> Jet {
    let negated: Vec<Jet> = items.iter().map(negate).collect();
    negate(&largest(&negated))
}

/// The sum in order.
pub fn sum(items: &[Jet]) -> Jet {
    items.iter().fold(Jet::whole(0), |total, item| add(&total, item))
}

/// The product in order.
pub fn product(items: &[Jet]) -> Jet {
    items.iter().fold(Jet::whole(1), |total, item| multiply(&total, item))
}
