//! Lengths of any size: their fast path, and what stands beside it.

use chainrule::{grad, math};

grad! {
    fn root(x: f64, y: f64) -> f64 { sqrt(x**2 + y**2) }
    fn kernel(x: f64, y: f64) -> f64 { hypot(x, y) }
    fn space(x: f64, y: f64, z: f64) -> f64 { sqrt(x**2 + y**2 + z**2) }
    fn inverse(x: f64, y: f64, z: f64) -> f64 { 1 / sqrt(x**2 + y**2 + z**2) }
    fn smooth(x: f64) -> f64 { sqrt(1 + x**2) }
    fn logarithm(x: f64, y: f64) -> f64 { log(x**2 + y**2) }
    fn single(x: f32, y: f32) -> f32 { sqrt(x**2 + y**2) }
}

/// Units that a vector is measured in: inside of the fast path, at its ends, and outside.
const UNITS: [f64; 14] =
    [1e-320, 1e-307, 1e-300, 1e-160, 9.9e-92, 1.1e-91, 1e-90, 1e-3, 1.0, 1e89, 1e90, 1.1e90, 1e160, 1e300];

#[track_caller]
fn close(found: f64, expected: f64, unit: f64) {
    // What is subnormal has fewer digits.
    let room = 8.0 * f64::EPSILON * expected.abs() + 8.0 * f64::EPSILON.max(5e-324 / unit) * expected.abs() + 5e-324;
    let same = found == expected || (found - expected).abs() <= room;
    assert!(same, "{found:e} instead of {expected:e} in units of {unit:e}");
}

#[test]
fn values_and_gradients_of_any_size() {
    for unit in UNITS {
        let (x, y) = (3.0 * unit, -4.0 * unit);
        // What a subnormal unit rounds, the input rounds.
        let length = (x / unit).hypot(y / unit);
        for (value, gradient) in [
            {
                let (value, gradient) = root::value_and_gradient(x, y);
                (value, gradient.to_array())
            },
            {
                let (value, gradient) = kernel::value_and_gradient(x, y);
                (value, gradient.to_array())
            },
            (root(x, y), root::gradient(x, y).to_array()),
            (math::hypot(x, y), kernel::gradient(x, y).to_array()),
        ] {
            close(value, length * unit, unit);
            close(gradient[0], x / unit / length, unit);
            close(gradient[1], y / unit / length, unit);
        }
        let (value, saved) = root::forward(x, y);
        close(value, length * unit, unit);
        let gradient = root::backward(x, y, &saved, 2.0);
        close(gradient.x, 2.0 * (x / unit / length), unit);
        close(gradient.y, 2.0 * (y / unit / length), unit);
    }
}

#[test]
fn three_components_and_the_reciprocal() {
    for unit in UNITS {
        let (x, y, z) = (2.0 * unit, -3.0 * unit, 6.0 * unit);
        let (value, gradient) = space::value_and_gradient(x, y, z);
        close(value, 7.0 * unit, unit);
        for (found, part) in gradient.to_array().into_iter().zip([2.0, -3.0, 6.0]) {
            close(found, part / 7.0, unit);
        }
        let (value, gradient) = inverse::value_and_gradient(x, y, z);
        close(value, 1.0 / 7.0 / unit, unit);
        for (found, part) in gradient.to_array().into_iter().zip([2.0, -3.0, 6.0]) {
            close(found, -part / 343.0 / unit / unit, unit);
        }
    }
}

#[test]
fn functions_of_lengths() {
    for unit in UNITS {
        let (value, derivative) = smooth::value_and_derivative(unit);
        close(value, if unit > 1e20 { unit } else { (1.0 + unit * unit).sqrt() }, 1.0);
        close(derivative, if unit > 1e20 { 1.0 } else { unit / (1.0 + unit * unit).sqrt() }, 1.0);
        // Where the sum is near 1, its logarithm is known as well as that is.
        close(logarithm(3.0 * unit, 4.0 * unit), 2.0 * (5.0_f64.ln() + unit.ln()), unit);
    }
}

#[test]
fn components_of_very_different_size() {
    for (x, y) in [(1e-200, 1e-50), (1e-300, 1.0), (1e-130, 1e-60), (1e80, 1e89), (1e-320, 1e80)] {
        let gradient = root::gradient(x, y);
        close(gradient.x, x / y, 1.0);
        close(gradient.y, 1.0, 1.0);
        let gradient = inverse::gradient(x, y, 0.0);
        let expected = x / y / y / y;
        close(gradient.x, -expected, 1.0);
    }
}

#[test]
fn zeros_and_what_is_not_finite() {
    let infinite = f64::INFINITY;
    assert_eq!((root(0.0, -0.0), root::gradient(0.0, -0.0).to_array()), (0.0, [0.0, 0.0]));
    assert_eq!((kernel(0.0, 0.0), kernel::gradient(0.0, 0.0).to_array()), (0.0, [0.0, 0.0]));
    assert_eq!((space(0.0, 0.0, 0.0), space::gradient(0.0, 0.0, 0.0).to_array()), (0.0, [0.0; 3]));
    assert_eq!((root(1.2e308, 1.2e308), root(infinite, 1.0)), (1.697_056_274_847_714e308, infinite));
    assert_eq!((kernel(-infinite, 1.0), space(1.0, infinite, 0.0)), (infinite, infinite));
    assert_eq!((math::hypot(f64::NAN, infinite), math::hypot_of([1.0, f64::NAN, -infinite])), (infinite, infinite));
    for nan in [root(f64::NAN, 1.0), kernel(1.0, f64::NAN), space(0.0, 0.0, f64::NAN), root::gradient(f64::NAN, 0.0).x]
    {
        assert!(nan.is_nan());
    }
}

#[test]
fn single_precision() {
    for unit in [1e-44_f32, 1e-37, 1e-20, 1e-11, 1e-10, 1.0, 1e10, 1e11, 1e20, 5e37] {
        let (x, y) = (3.0 * unit, -4.0 * unit);
        let (value, gradient) = single::value_and_gradient(x, y);
        let length = f64::from(x).hypot(f64::from(y));
        let near = |found: f32, expected: f64| {
            (f64::from(found) - expected).abs() <= 4.0 * f64::from(f32::EPSILON) * expected.abs() + 1.5e-45
        };
        assert!(near(value, length) && near(math::hypot(x, y), length), "{value} {length}");
        assert!(near(gradient.x, f64::from(x) / length) && near(gradient.y, f64::from(y) / length), "{gradient:?}");
    }
    assert_eq!((single(0.0, 0.0), single::gradient(0.0, 0.0).to_array()), (0.0, [0.0, 0.0]));
    assert!(single(f32::NAN, 1.0).is_nan() && single(f32::INFINITY, 1.0).is_infinite());
}
