//! What `grad!` emits, used as a user would: values and derivatives against formulas worked out by hand.
#![forbid(unsafe_code)]
#![deny(warnings)]

use chainrule::grad;

grad! {
    /// Logistic sigmoid.
    pub fn logistic(x) = 1 / (1 + exp(-x));

    /// Huber loss of a residual.
    #[emit(hessian)]
    fn huber(r, delta) = if abs(r) <= delta { r**2 / 2 } else { delta * (abs(r) - delta / 2) };

    const SCALE = 2.5;
    fn scaled(a, b) = SCALE * a * b;
    fn calls(x, y) = scaled(x, scaled(x, y)) + logistic(x * y);

    fn guarded(x) = if x > 0 { sqrt(x) } else { 0 };
    fn single(x: f32) = tanh(x)**2 - x**-1.5;
    fn chosen(x, y, z) wrt(z, x) = x * y * z;
    fn relu_layer(x) = relu(x);
    fn sum_of(x, y) = x + y;

    // Names that emitted code might use itself.
    fn names(v1, saved, upstream, value, gradient, Gradient, core, math, f64_) =
        v1 * saved + upstream * value + gradient * Gradient + core * math + sin(f64_) * names_helper(v1);
    fn names_helper(v1) = v1 * v1 * v1 * v1 + v1 * v1;

    #[emit(only(value_and_gradient), module = other_name)]
    fn only(x, y) = x**y;

    #[cfg(any())]
    fn absent(x) = x;

    // Its gradient by `a` is `p * (t + u) - t`, where `p = exp(a)/(exp(a) + exp(b))`; with the fact it is `p - t`.
    fn cross(a, b, t, u) wrt(a, b) where t + u == 1 =
        -(t * log(exp(a) / (exp(a) + exp(b))) + u * log(exp(b) / (exp(a) + exp(b))));
    #[emit(unchecked)]
    fn trusting(x) where x > 0 = abs(x) * log(x);

    /// Nothing that is emitted warns of what else is emitted.
    #[deprecated(note = "call `only`")]
    #[must_use]
    #[emit(hessian)]
    pub fn old(x, y) = x * sin(y);

    #[emit(only(value))]
    #[doc(hidden)]
    fn bare(x) = x * x;

    fn precedence(x) = -x**2 + 2**-x**2 + x**2**3;
    fn angle(y, x) = atan2(y, x);

    fn three_classes(a, b, c, t1, t2, t3) wrt(a, b, c) where t1 + t2 + t3 == 1 {
        let s = exp(a) + exp(b) + exp(c);
        -(t1 * log(exp(a) / s) + t2 * log(exp(b) / s) + t3 * log(exp(c) / s))
    }
    fn log_sum_exp(a, b, c) = log(exp(a) + exp(b) + exp(c));
    fn gaussian_sum(a, b, c) = log(exp(-a**2) + exp(-b**2) + exp(-c**2));

    #[emit(hessian)]
    fn largest(a, b, c) = max(a, b, c) + 2 * min(a, b, c, 4);

    fn log_probability(x) = log_normal_cdf(x);
    #[emit(hessian)]
    fn scaled_error(x) = erfcx(x);
    fn special(x, y) = lgamma(x) + digamma(y) - polygamma(2, x) + asinh(x) * atanh(y) + cbrt(x) * round(y);
    fn special_single(x: f32) = erfcx(x) + lgamma(x) + log2(x);
}

mod inner {
    chainrule::grad! {
        pub(crate) fn visible(x) = x * x;
    }
}

macro_rules! power_of {
    ($name:ident, $argument:ident, $e:expr) => {
        grad! { fn $name($argument) = $e ** 2 * $argument; }
    };
}
power_of!(through_macro, t, t + 1.0);

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-14 * a.abs().max(b.abs()).max(1.0)
}

#[test]
fn sigmoid_has_value_gradient_and_derivative() {
    let y = 1.0 / (1.0 + (-0.7_f64).exp());
    assert!(near(logistic(0.7), y));
    assert!(near(logistic::derivative(0.7), y * (1.0 - y)));
    assert_eq!(logistic::value_and_derivative(0.7), (logistic(0.7), logistic::derivative(0.7)));
    assert_eq!(logistic::gradient(0.7).x, logistic::derivative(0.7));
    assert_eq!(logistic::value_and_gradient(0.7).1, logistic::gradient(0.7));
}

#[test]
fn branches_are_real() {
    assert_eq!(guarded::derivative(-1.0), 0.0);
    assert_eq!(guarded::derivative(0.0), 0.0);
    assert_eq!(guarded::derivative(4.0), 0.25);
    assert_eq!(huber(0.5, 1.0), 0.125);
    assert_eq!(huber::gradient(2.0, 1.0), huber::Gradient { r: 1.0, delta: 1.0 });
    assert_eq!(huber::hessian(0.5, 1.0), [[1.0, 0.0], [0.0, 0.0]]);
    assert_eq!(huber::hessian(-2.0, 1.0), [[0.0, -1.0], [-1.0, -1.0]]);
}

#[test]
fn functions_call_each_other() {
    let (x, y) = (0.3, 0.8);
    let s = logistic(x * y);
    assert!(near(calls(x, y), 6.25 * x * x * y + s));
    let gradient = calls::gradient(x, y);
    assert!(near(gradient.x, 12.5 * x * y + y * s * (1.0 - s)));
    assert!(near(gradient.y, 6.25 * x * x + x * s * (1.0 - s)));
}

#[test]
fn arrays_keep_the_order_of_parameters() {
    let gradient = chosen::gradient(2.0, 3.0, 5.0);
    assert_eq!(gradient.to_array(), [15.0, 6.0]);
    assert_eq!(chosen::Gradient::from_array([15.0, 6.0]), gradient);
    assert_eq!((gradient.x, gradient.z), (15.0, 6.0));
}

#[test]
fn layers_save_what_the_backward_pass_reads() {
    let (value, saved) = relu_layer::forward(3.0);
    assert_eq!(value, 3.0);
    assert_eq!(relu_layer::backward(3.0, &saved, 2.0).x, 2.0);
    assert_eq!(std::mem::size_of::<relu_layer::Saved>(), 1, "the mask");
    assert_eq!(std::mem::size_of::<sum_of::Saved>(), 0, "addition saves nothing");
    let (value, saved) = sum_of::forward(1.0, 2.0);
    assert_eq!((value, sum_of::backward(1.0, 2.0, &saved, 1.1)), (3.0, sum_of::Gradient { x: 1.1, y: 1.1 }));
    let (value, saved) = logistic::forward(0.7);
    assert!(near(logistic::backward(0.7, &saved, 3.0).x, 3.0 * value * (1.0 - value)));
}

#[test]
fn layers_stay_in_range() {
    for (a, b, c) in
        [(1.0, 2.0, 3.0), (800.0, 2.0, -1e4), (-800.0, 800.0, 800.0), (-800.0, -900.0, -800.5), (1e4, 1e4, 0.0)]
    {
        let largest = f64::max(a, f64::max(b, c));
        let parts = [a, b, c].map(|x| f64::exp(x - largest));
        let sum: f64 = parts.iter().sum();
        let p = parts.map(|part| part / sum);
        let (value, saved) = log_sum_exp::forward(a, b, c);
        assert!(near(value, largest + sum.ln()));
        let pulled = log_sum_exp::backward(a, b, c, &saved, 2.0).to_array();
        assert!(pulled.iter().zip(p).all(|(x, p)| near(*x, 2.0 * p)), "{pulled:?} at {a}, {b}, {c}");
        let (_, saved) = three_classes::forward(a, b, c, 0.25, 0.5, 0.25);
        let pulled = three_classes::backward(a, b, c, 0.25, 0.5, 0.25, &saved, 2.0).to_array();
        let expected = [2.0 * (p[0] - 0.25), 2.0 * (p[1] - 0.5), 2.0 * (p[2] - 0.25)];
        assert!(pulled.iter().zip(expected).all(|(x, p)| near(*x, p)), "{pulled:?} at {a}, {b}, {c}");
    }
    let (value, saved) = gaussian_sum::forward(30.0, 31.0, 1e3);
    assert!(near(value, -900.0));
    assert!(near(gaussian_sum::backward(30.0, 31.0, 1e3, &saved, 0.5).a, -30.0));
}

#[test]
fn ties_of_many_share_evenly() {
    let third = 1.0 / 3.0;
    assert_eq!((largest(1.0, 5.0, 3.0), largest::gradient(1.0, 5.0, 3.0).to_array()), (7.0, [2.0, 1.0, 0.0]));
    assert_eq!(largest::gradient(5.0, 5.0, 5.0).to_array(), [third; 3]);
    assert_eq!(largest::gradient(3.0, 3.0, 5.0).to_array(), [1.0, 1.0, 1.0]);
    assert_eq!(largest::gradient(4.0, 4.0, 4.0).to_array(), [third + 0.5; 3]);
    assert_eq!(largest::hessian(4.0, 4.0, 4.0), [[0.0; 3]; 3]);
    assert!(largest(f64::NAN, 1.0, 2.0).is_nan() && largest(2.0, 1.0, f64::NAN).is_nan());
}

/// Known values are of mpmath, with 50 digits.
#[test]
fn special_functions_are_accurate_far_out() {
    let ulps = |found: f64, expected: f64| ((found - expected) / (expected * f64::EPSILON)).abs();
    // The slope's condition number is near x² where that is exp(-x²/2).
    for (x, value, slope, condition) in [
        (-40.0, -804.608_442_013_753_8, 40.024_968_847_207_26, 1.0),
        (-1.0, -1.841_021_645_009_263_5, 1.525_135_276_160_981, 1.0),
        (3.0, -0.001_350_809_964_748_193_8, 0.004_437_839_042_125_664, 9.0),
    ] {
        let found = log_probability::value_and_derivative(x);
        assert!(ulps(found.0, value) <= 4.0 && ulps(found.1, slope) <= 4.0 * condition, "{found:?} at {x}");
    }
    assert!(ulps(scaled_error::derivative(1e8), -5.641_895_835_477_562e-17) <= 4.0);
    assert!(ulps(scaled_error::hessian(1e8)[0][0], 1.128_379_167_095_512_6e-24) <= 4.0);
    let gradient = special::gradient(2.5, 0.25);
    let difference = |f: &dyn Fn(f64) -> f64| (f(1e-5) - f(-1e-5)) / 2e-5;
    assert!((gradient.x - difference(&|h| special(2.5 + h, 0.25))).abs() < 1e-8);
    assert!((gradient.y - difference(&|h| special(2.5, 0.25 + h))).abs() < 1e-7);
    let (value, slope): (f32, f32) = special_single::value_and_derivative(0.5);
    assert!((value - (0.615_690_3 + 0.572_365 - 1.0)).abs() < 1e-6);
    assert!((slope - (-0.512_688_8 - 1.963_51 + 2.885_39)).abs() < 1e-5);
}

#[test]
fn single_precision_stays_single() {
    let (value, slope): (f32, f32) = single::value_and_derivative(0.5);
    let t = 0.5_f32.tanh();
    assert!((value - (t * t - 0.5_f32.powf(-1.5))).abs() < 1e-6);
    assert!((slope - (2.0 * t * (1.0 - t * t) + 1.5 * 0.5_f32.powf(-2.5))).abs() < 1e-5);
}

#[test]
fn emitted_names_do_not_clash() {
    let numbers = [1.0_f64, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 0.5];
    let [a, b, c, d, e, f, g, h, i] = numbers;
    let expected = a * b + c * d + e * f + g * h + i.sin() * 2.0;
    assert!(near(names(a, b, c, d, e, f, g, h, i), expected));
    let gradient = names::gradient(a, b, c, d, e, f, g, h, i).to_array();
    let by_hand = [b + i.sin() * 6.0, a, d, c, f, e, h, g, i.cos() * 2.0];
    assert!(gradient.iter().zip(by_hand).all(|(a, b)| near(*a, b)), "{gradient:?}");
    let (_, saved_values) = names::forward(a, b, c, d, e, f, g, h, i);
    assert_eq!(names::backward(a, b, c, d, e, f, g, h, i, &saved_values, 1.0).to_array(), gradient);
}

/// Where the facts hold, derivatives are right; elsewhere a debug build gives the true ones or names the fact.
#[test]
fn facts_are_relied_on_only_where_they_hold() {
    let by_hand = |a: f64, b: f64, t: f64, u: f64| {
        let p = a.exp() / (a.exp() + b.exp());
        [p * (t + u) - t, (1.0 - p) * (t + u) - u]
    };
    for (a, b, t, u) in [(0.3, 0.8, 0.25, 0.75), (-2.0, 1.5, 1.0, 0.0), (0.3, 0.8, 0.5, 0.75), (1.0, 0.0, 0.0, 0.0)] {
        let expected = by_hand(a, b, t, u);
        let found = std::panic::catch_unwind(|| cross::gradient(a, b, t, u).to_array());
        match found {
            Ok(found) if t + u == 1.0 || cfg!(debug_assertions) => {
                assert!(found.iter().zip(expected).all(|(a, b)| near(*a, b)), "{found:?} {expected:?}");
            }
            Ok(_) => {}
            Err(told) => {
                let told = told.downcast_ref::<&str>().copied().unwrap_or_default();
                assert!(t + u != 1.0 && told.contains("`cross`") && told.contains("`t + u == 1`"), "{told}");
            }
        }
    }
    assert!(near(trusting::derivative(2.0), 2.0_f64.ln() + 1.0));
    assert!(trusting::derivative(-2.0).is_nan(), "unchecked: a number, not a panic");
}

#[test]
fn attributes_choose() {
    let (value, gradient) = other_name::value_and_gradient(2.0, 3.0);
    assert_eq!((only(2.0, 3.0), value), (8.0, 8.0));
    assert!(near(gradient.x, 12.0) && near(gradient.y, 8.0 * 2.0_f64.ln()));
    assert_eq!(inner::visible::derivative(3.0), 6.0);
}

#[test]
#[allow(deprecated)]
fn attributes_go_where_they_mean_something() {
    assert_eq!(old(2.0, 0.0), 0.0);
    assert_eq!(old::gradient(2.0, 0.0), old::Gradient { x: 0.0, y: 2.0 });
    assert_eq!(old::hessian(2.0, 0.0), [[0.0, 1.0], [1.0, 0.0]]);
    assert_eq!((bare(3.0), bare::value(3.0)), (9.0, 9.0));
}

#[test]
fn stars_and_fragments_of_macros_arrive() {
    assert_eq!(through_macro(2.0), 18.0);
    assert_eq!(through_macro::derivative(2.0), 21.0);
}

#[test]
fn operators_bind_as_in_mathematics() {
    let x = 1.3_f64;
    let value = -(x * x) + 2.0_f64.powf(-(x * x)) + x.powi(8);
    assert!(near(precedence(x), value));
    let slope = -2.0 * x - 2.0_f64.ln() * 2.0 * x * 2.0_f64.powf(-(x * x)) + 8.0 * x.powi(7);
    assert!((precedence::derivative(x) - slope).abs() < 1e-12 * slope.abs());
    assert_eq!(angle::gradient(3.0, 4.0).to_array(), [4.0 / 25.0, -3.0 / 25.0]);
}
