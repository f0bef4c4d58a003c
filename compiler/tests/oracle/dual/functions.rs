//! Elementwise functions on jets, each with its derivatives written by hand.
//!
//! Wherever a function has a kink or a jump, the side it took is told to the [`Recorder`].

use std::hash::{DefaultHasher, Hash, Hasher};

use super::jet::Jet;
use super::real::Real;

/// Squares of smaller numbers are close to underflow.
const SMALLEST: f64 = 1e-100;

/// What a run went through: the decisions it took and the largest number it saw.
#[derive(Clone, Debug)]
pub struct Recorder {
    decisions: DefaultHasher,
    largest: f64,
    steps: usize,
    paused: u32,
    close: bool,
    undefined: bool,
}

impl Default for Recorder {
    fn default() -> Self {
        Self { decisions: DefaultHasher::new(), largest: 0.0, steps: 0, paused: 0, close: false, undefined: false }
    }
}

impl Recorder {
    /// Notes which side of a kink the run is on.
    pub fn decide(&mut self, side: i64) {
        if self.paused == 0 {
            side.hash(&mut self.decisions);
        }
    }

    /// Notes how two numbers compare.
    pub fn compare<J: Jet>(&mut self, a: J, b: J) {
        let side = a.primal().partial_cmp(&b.primal()).map_or(2, |ordering| ordering as i64);
        self.decide(side);
        self.close |= self.paused == 0 && a.primal().is_close(b.primal());
    }

    /// Notes a number that is rounded to a whole one.
    pub fn floor<R: Real>(&mut self, x: R) {
        self.decide(x.floor().to_f64() as i64);
        self.close |= self.paused == 0 && x.is_close((x + R::of(0.5)).floor());
    }

    /// Notes the size of a number. One whose square underflows counts as its reciprocal: partials of `log` and `/` meet
    /// that sooner or later.
    pub fn see<J: Jet>(&mut self, jet: J) {
        if self.paused > 0 {
            return;
        }
        self.undefined |= !jet.primal().is_finite();
        let primal = jet.primal().abs().to_f64();
        let tiny = if primal > 0.0 && primal < SMALLEST { 1.0 / primal } else { 0.0 };
        self.largest = self.largest.max(jet.magnitude()).max(tiny);
    }

    /// Counts one evaluated expression.
    pub fn step(&mut self) {
        self.steps += 1;
    }

    /// How many expressions were evaluated, paused or not.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Stops recording, for what is evaluated but has no influence.
    pub fn pause(&mut self) {
        self.paused += 1;
    }

    /// Undoes one [`Recorder::pause`].
    pub fn resume(&mut self) {
        self.paused -= 1;
    }

    /// Equal for two runs that took the same decisions.
    #[must_use]
    pub fn trace(&self) -> u64 {
        self.decisions.finish()
    }

    /// Whether a decision depends on how numbers are rounded, and so on the order of a sum.
    #[must_use]
    pub fn close(&self) -> bool {
        self.close
    }

    /// Whether a number on the way was infinite or none.
    #[must_use]
    pub fn undefined(&self) -> bool {
        self.undefined
    }

    /// The largest finite absolute value or tangent of the run.
    #[must_use]
    pub fn largest(&self) -> f64 {
        self.largest
    }
}

/// A float as a number of the jets.
fn real<R: Real>(value: f64) -> R {
    R::of(value)
}

/// `a + b`
pub fn add<J: Jet>(a: J, b: J) -> J {
    a.binary(b, a.primal() + b.primal(), [real(1.0), real(1.0)], [real(0.0); 3])
}

/// `a - b`
pub fn subtract<J: Jet>(a: J, b: J) -> J {
    a.binary(b, a.primal() - b.primal(), [real(1.0), real(-1.0)], [real(0.0); 3])
}

/// `a * b`
pub fn multiply<J: Jet>(a: J, b: J) -> J {
    a.binary(b, a.primal() * b.primal(), [b.primal(), a.primal()], [real(0.0), real(1.0), real(0.0)])
}

/// `a / b`
pub fn divide<J: Jet>(a: J, b: J) -> J {
    let (value, inverse) = (a.primal() / b.primal(), real::<J::Number>(1.0) / b.primal());
    a.binary(
        b,
        value,
        [inverse, -value * inverse],
        [real(0.0), -inverse * inverse, real::<J::Number>(2.0) * value * inverse * inverse],
    )
}

/// `a ** b`; by convention the derivative by the base is 0 where the exponent is 0, and the derivative by the exponent
/// is 0 where the base is 0.
pub fn power<J: Jet>(base: J, exponent: J) -> J {
    let (a, b) = (base.primal(), exponent.primal());
    let value = a.powf(b);
    let by_base = if b == real(0.0) { real(0.0) } else { b * a.powf(b - real(1.0)) };
    let by_base_twice =
        if b == real(0.0) || b == real(1.0) { real(0.0) } else { b * (b - real(1.0)) * a.powf(b - real(2.0)) };
    let (by_exponent, by_both, by_exponent_twice) = if a == real(0.0) {
        (real(0.0), real(0.0), real(0.0))
    } else {
        (value * a.ln(), a.powf(b - real(1.0)) * (real::<J::Number>(1.0) + b * a.ln()), value * a.ln() * a.ln())
    };
    base.binary(exponent, value, [by_base, by_exponent], [by_base_twice, by_both, by_exponent_twice])
}

/// `-a`
pub fn negate<J: Jet>(a: J) -> J {
    a.unary(-a.primal(), real(-1.0), real(0.0))
}

/// `exp(a)`
pub fn exp<J: Jet>(a: J) -> J {
    let value = a.primal().exp();
    a.unary(value, value, value)
}

/// `log(a)`
pub fn log<J: Jet>(a: J) -> J {
    let x = a.primal();
    a.unary(x.ln(), real::<J::Number>(1.0) / x, real::<J::Number>(-1.0) / (x * x))
}

/// `sqrt(a)`
pub fn sqrt<J: Jet>(a: J) -> J {
    let root = a.primal().sqrt();
    a.unary(root, real::<J::Number>(0.5) / root, real::<J::Number>(-0.25) / (root * root * root))
}

/// `sigmoid(a)`
pub fn sigmoid<J: Jet>(a: J) -> J {
    let (value, complement) = (logistic(a.primal()), logistic(-a.primal()));
    a.unary(value, value * complement, value * complement * (complement - value))
}

fn logistic<R: Real>(x: R) -> R {
    if x < real(0.0) { x.exp() / (real::<R>(1.0) + x.exp()) } else { real::<R>(1.0) / (real::<R>(1.0) + (-x).exp()) }
}

fn softplus<J: Jet>(a: J) -> J {
    let x = a.primal();
    let (value, complement) = (logistic(x), logistic(-x));
    a.unary(x.max(real(0.0)) + (-x.abs()).exp().ln_1p(), value, value * complement)
}

fn tangent<J: Jet>(a: J) -> J {
    let value = a.primal().tan();
    let first = real::<J::Number>(1.0) + value * value;
    a.unary(value, first, real::<J::Number>(2.0) * value * first)
}

fn hyperbolic_tangent<J: Jet>(a: J) -> J {
    let value = a.primal().tanh();
    let first = real::<J::Number>(1.0) / (a.primal().cosh() * a.primal().cosh());
    a.unary(value, first, real::<J::Number>(-2.0) * value * first)
}

/// The Gaussian error linear unit: x times the normal distribution, whose density is its derivative.
fn gelu<J: Jet>(a: J) -> J {
    let x = a.primal();
    let (below, density) = (distribution(x), density(x));
    a.unary(x * below, below + x * density, density * (real::<J::Number>(2.0) - x * x))
}

fn gelu_tanh<J: Jet>(a: J) -> J {
    let (inner, half) = (J::constant((real::<J::Number>(2.0) / J::Number::pi()).sqrt()), J::constant(real(0.5)));
    let cube = multiply(a, multiply(a, a));
    let angle = multiply(inner, add(a, multiply(J::constant(real::<J::Number>(44_715.0) / real(1e6)), cube)));
    multiply(multiply(half, a), add(J::constant(real(1.0)), hyperbolic_tangent(angle)))
}

fn error_function<J: Jet>(a: J, value: J::Number, sign: J::Number) -> J {
    let x = a.primal();
    let slope = sign * real::<J::Number>(2.0) / J::Number::pi().sqrt() * (-x * x).exp();
    a.unary(value, slope, real::<J::Number>(-2.0) * x * slope)
}

/// exp(x²)·erfc(x) and its first two derivatives.
fn scaled_error_function<J: Jet>(a: J) -> J {
    let [value, first, second] = a.primal().erfcx();
    a.unary(value, first, second)
}

fn sign<J: Jet>(a: J) -> J::Number {
    let x = a.primal();
    if x > real(0.0) {
        real(1.0)
    } else if x < real(0.0) {
        real(-1.0)
    } else {
        x * real(0.0)
    }
}

/// The density of the normal distribution.
fn density<R: Real>(x: R) -> R {
    (-x * x / real(2.0)).exp() / (real::<R>(2.0) * R::pi()).sqrt()
}

/// The normal distribution.
fn distribution<R: Real>(x: R) -> R {
    real::<R>(0.5) * (-x / real::<R>(2.0).sqrt()).erfc()
}

/// The function of three numbers that a name stands for; `None` if there is none.
pub fn call_ternary<J: Jet>(name: &str, [a, b, c]: [J; 3], recorder: &mut Recorder) -> Option<J> {
    (name == "clamp").then(|| {
        recorder.compare(a, b);
        recorder.compare(a, c);
        if a.primal() < b.primal() {
            b
        } else if a.primal() > c.primal() {
            c
        } else {
            a
        }
    })
}

/// The function of one number that a name stands for, operators and the prelude alike; `None` if there is none.
pub fn call_unary<J: Jet>(name: &str, a: J, recorder: &mut Recorder) -> Option<J> {
    let x = a.primal();
    if matches!(name, "abs" | "sign" | "relu" | "softsign" | "log_normal_cdf") {
        recorder.compare(a, J::constant(real(0.0)));
    }
    Some(match name {
        "exp" => exp(a),
        "log" => log(a),
        "sqrt" => sqrt(a),
        "sin" => a.unary(x.sin(), x.cos(), -x.sin()),
        "cos" => a.unary(x.cos(), -x.sin(), -x.cos()),
        "tan" => tangent(a),
        "tanh" => hyperbolic_tangent(a),
        "sinh" => a.unary(x.sinh(), x.cosh(), x.sinh()),
        "cosh" => a.unary(x.cosh(), x.sinh(), x.cosh()),
        "expm1" => a.unary(x.exp_m1(), x.exp(), x.exp()),
        "log1p" => a.unary(
            x.ln_1p(),
            real::<J::Number>(1.0) / (real::<J::Number>(1.0) + x),
            real::<J::Number>(-1.0) / ((real::<J::Number>(1.0) + x) * (real::<J::Number>(1.0) + x)),
        ),
        "abs" if x == real(0.0) => J::constant(real(0.0)),
        "abs" => a.unary(x.abs(), sign(a), real(0.0)),
        "sign" => J::constant(sign(a)),
        "floor" => {
            recorder.floor(x);
            J::constant(x.floor())
        }
        "ceil" => {
            recorder.floor(-x);
            J::constant(x.ceil())
        }
        "round" => {
            recorder.floor(x + real(0.5));
            J::constant(x.round())
        }
        _ => return inverse(name, a).or_else(|| special(name, a)).or_else(|| prelude(name, a)),
    })
}

/// Inverse functions, powers and logarithms of other bases.
fn inverse<J: Jet>(name: &str, a: J) -> Option<J> {
    let (x, one, two) = (a.primal(), real::<J::Number>(1.0), real::<J::Number>(2.0));
    Some(match name {
        "asin" | "acos" => {
            let root = (one - x * x).sqrt();
            let (first, second) = (one / root, x / (root * root * root));
            if name == "asin" { a.unary(x.asin(), first, second) } else { a.unary(x.acos(), -first, -second) }
        }
        "atan" => {
            let square = one + x * x;
            a.unary(x.atan(), one / square, -two * x / (square * square))
        }
        "asinh" => {
            let square = one + x * x;
            a.unary(x.asinh(), one / square.sqrt(), -x / square.powf(real(1.5)))
        }
        "acosh" => {
            let square = (x - one) * (x + one);
            a.unary(x.acosh(), one / square.sqrt(), -x / square.powf(real(1.5)))
        }
        "atanh" => {
            let square = (one - x) * (one + x);
            a.unary(x.atanh(), one / square, two * x / (square * square))
        }
        "exp2" => {
            let (value, scale) = (x.exp2(), two.ln());
            a.unary(value, scale * value, scale * scale * value)
        }
        "log2" => logarithm(a, x.log2(), two),
        "log10" => logarithm(a, x.log10(), real(10.0)),
        "cbrt" => {
            let root = x.cbrt();
            a.unary(root, root / (real::<J::Number>(3.0) * x), -two * root / (real::<J::Number>(9.0) * x * x))
        }
        _ => return None,
    })
}

/// The logarithm to a base, with its value.
fn logarithm<J: Jet>(a: J, value: J::Number, base: J::Number) -> J {
    let (x, scale) = (a.primal(), base.ln());
    a.unary(value, real::<J::Number>(1.0) / (scale * x), real::<J::Number>(-1.0) / (scale * x * x))
}

/// The error function, the gamma function, and their kin; `None` also for those that the number does not know.
fn special<J: Jet>(name: &str, a: J) -> Option<J> {
    let x = a.primal();
    Some(match name {
        "erf" => error_function(a, x.erf(), real(1.0)),
        "erfc" => error_function(a, x.erfc(), real(-1.0)),
        "erfcx" => scaled_error_function(a),
        "lgamma" => a.unary(x.lgamma()?, x.polygamma(0)?, x.polygamma(1)?),
        "digamma" => polygamma(0, a)?,
        "trigamma" => polygamma(1, a)?,
        _ => return None,
    })
}

fn polygamma<J: Jet>(order: i32, a: J) -> Option<J> {
    let x = a.primal();
    Some(a.unary(x.polygamma(order)?, x.polygamma(order + 1)?, x.polygamma(order + 2)?))
}

/// Functions of the prelude.
fn prelude<J: Jet>(name: &str, a: J) -> Option<J> {
    let (x, one, two) = (a.primal(), real::<J::Number>(1.0), real::<J::Number>(2.0));
    Some(match name {
        "sigmoid" => sigmoid(a),
        "softplus" => softplus(a),
        "silu" => multiply(a, sigmoid(a)),
        "gelu" => gelu(a),
        "gelu_tanh" => gelu_tanh(a),
        "mish" => multiply(a, hyperbolic_tangent(softplus(a))),
        "softsign" => {
            let below = one + x.abs();
            a.unary(x / below, one / (below * below), two * -sign(a) / (below * below * below))
        }
        "logit" => {
            let odds = one / (x * (one - x));
            a.unary(x.ln() - (one - x).ln(), odds, (two * x - one) * odds * odds)
        }
        "normal_pdf" => {
            let density = density(x);
            a.unary(density, -x * density, (x * x - one) * density)
        }
        "normal_cdf" => a.unary(distribution(x), density(x), -x * density(x)),
        "log_normal_cdf" => {
            let hazard = density(x) / distribution(x);
            a.unary(distribution(x).ln(), hazard, -hazard * (x + hazard))
        }
        "relu" if x > real(0.0) => a,
        "relu" => J::constant(real(0.0)),
        _ => return None,
    })
}

/// The function of two numbers that a name stands for; `None` if there is none.
pub fn call_binary<J: Jet>(name: &str, a: J, b: J, recorder: &mut Recorder) -> Option<J> {
    let zero = J::constant(real(0.0));
    if matches!(name, "elu" | "xlogy" | "huber") {
        recorder.compare(a, zero);
    }
    let x = a.primal();
    Some(match name {
        "elu" if x > real(0.0) => a,
        "elu" => multiply(b, a.unary(x.exp_m1(), x.exp(), x.exp())),
        "xlogy" if x == real(0.0) => zero,
        "xlogy" => multiply(a, log(b)),
        "huber" => {
            let (size, half) = (a.unary(x.abs(), sign(a), real(0.0)), J::constant(real(0.5)));
            recorder.compare(size, b);
            if size.primal() <= b.primal() {
                multiply(half, multiply(a, a))
            } else {
                multiply(b, subtract(size, multiply(half, b)))
            }
        }
        "atan2" => arc_tangent(a, b),
        "polygamma" => polygamma(x.to_f64() as i32, b)?,
        // The first integral is all of these that is asked for: half the derivative of erfcx, negated.
        "ierfcx" if x == real(1.0) => {
            let (x, two) = (b.primal(), real::<J::Number>(2.0));
            let [_, slope, curvature] = x.erfcx();
            b.unary(-slope / two, -curvature / two, -(real::<J::Number>(4.0) * slope + two * x * curvature) / two)
        }
        "hypot" => length(a, b),
        "max" => largest(&[a, b], recorder),
        "min" => smallest(&[a, b], recorder),
        _ => return None,
    })
}

fn arc_tangent<J: Jet>(y: J, x: J) -> J {
    let (a, b) = (y.primal(), x.primal());
    let square = a * a + b * b;
    let curved = real::<J::Number>(-2.0) * a * b / (square * square);
    y.binary(x, a.atan2(b), [b / square, -a / square], [curved, (a * a - b * b) / (square * square), -curved])
}

fn length<J: Jet>(x: J, y: J) -> J {
    let (a, b) = (x.primal(), y.primal());
    let length = a.hypot(b);
    let (a, b) = (a / length, b / length);
    x.binary(y, length, [a, b], [b * b / length, -a * b / length, a * a / length])
}

/// The largest of some numbers; a tie splits the derivative evenly.
pub fn largest<J: Jet>(items: &[J], recorder: &mut Recorder) -> J {
    let top = items.iter().fold(real(f64::NEG_INFINITY), |top: J::Number, item| top.max(item.primal()));
    let ties: Vec<J> = items.iter().copied().filter(|item| item.primal() == top).collect();
    for item in items {
        recorder.decide(i64::from(item.primal() == top));
    }
    if ties.is_empty() {
        return J::constant(real(f64::NAN));
    }
    sum(&ties).unary(top, real::<J::Number>(1.0) / real::<J::Number>(ties.len() as f64), real(0.0))
}

/// The position of the first largest of some numbers.
pub fn argmax<J: Jet>(items: &[J], recorder: &mut Recorder) -> J {
    let top = largest(items, recorder).primal();
    let place = items.iter().position(|item| item.primal() == top).unwrap_or(items.len());
    J::constant(real(place as f64))
}

/// The smallest of some numbers; a tie splits the derivative evenly.
pub fn smallest<J: Jet>(items: &[J], recorder: &mut Recorder) -> J {
    let negated: Vec<J> = items.iter().map(|item| negate(*item)).collect();
    negate(largest(&negated, recorder))
}

/// The sum in order.
pub fn sum<J: Jet>(items: &[J]) -> J {
    items.iter().fold(J::constant(real(0.0)), |total, item| add(total, *item))
}

/// The product in order.
pub fn product<J: Jet>(items: &[J]) -> J {
    items.iter().fold(J::constant(real(1.0)), |total, item| multiply(total, *item))
}

/// The arithmetic mean.
pub fn mean<J: Jet>(items: &[J]) -> J {
    divide(sum(items), J::constant(real(items.len() as f64)))
}

/// The Euclidean norm.
pub fn norm<J: Jet>(items: &[J]) -> J {
    let squares: Vec<J> = items.iter().map(|item| multiply(*item, *item)).collect();
    sqrt(sum(&squares))
}

/// `exp` of the numbers, divided by the sum of them; the shift by the maximum does not change the value.
pub fn softmax<J: Jet>(items: &[J]) -> Vec<J> {
    let (shifted, _) = shifted_exponentials(items);
    let total = sum(&shifted);
    shifted.into_iter().map(|item| divide(item, total)).collect()
}

/// The logarithms of `softmax`.
pub fn log_softmax<J: Jet>(items: &[J]) -> Vec<J> {
    let total = logsumexp(items);
    items.iter().map(|item| subtract(*item, total)).collect()
}

/// The logarithm of the sum of the exponentials.
pub fn logsumexp<J: Jet>(items: &[J]) -> J {
    let (shifted, top) = shifted_exponentials(items);
    add(log(sum(&shifted)), J::constant(top))
}

fn shifted_exponentials<J: Jet>(items: &[J]) -> (Vec<J>, J::Number) {
    let top = items.iter().fold(real(f64::NEG_INFINITY), |top: J::Number, item| top.max(item.primal()));
    (items.iter().map(|item| exp(subtract(*item, J::constant(top)))).collect(), top)
}
