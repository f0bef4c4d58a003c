//! Elementwise functions on jets, each with its derivatives written by hand.
//!
//! Wherever a function has a kink or a jump, the side it took is told to the [`Recorder`].

use std::hash::{DefaultHasher, Hash, Hasher};

use super::jet::Jet;

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
}

impl Default for Recorder {
    fn default() -> Self {
        Self { decisions: DefaultHasher::new(), largest: 0.0, steps: 0, paused: 0, close: false }
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
        self.close |= self.paused == 0 && is_close(a.primal(), b.primal());
    }

    /// Notes a number that is rounded to a whole one.
    pub fn floor(&mut self, x: f64) {
        self.decide(x.floor() as i64);
        self.close |= self.paused == 0 && is_close(x, x.round());
    }

    /// Notes the size of a number. One whose square underflows counts as its reciprocal: partials of `log` and `/` meet
    /// that sooner or later.
    pub fn see<J: Jet>(&mut self, jet: J) {
        if self.paused > 0 {
            return;
        }
        let primal = jet.primal().abs();
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

    /// The largest finite absolute value or tangent of the run.
    #[must_use]
    pub fn largest(&self) -> f64 {
        self.largest
    }
}

/// Whether two numbers differ by rounding, if they differ: not what is short in binary, which sums leave exact.
fn is_close(a: f64, b: f64) -> bool {
    let short = |x: f64| x.abs() < 1e6 && (x * 1024.0).fract() == 0.0;
    (a - b).abs() <= 1e-12 * a.abs().max(b.abs()) && !(short(a) && short(b))
}

/// `a + b`
pub fn add<J: Jet>(a: J, b: J) -> J {
    a.binary(b, a.primal() + b.primal(), [1.0, 1.0], [0.0; 3])
}

/// `a - b`
pub fn subtract<J: Jet>(a: J, b: J) -> J {
    a.binary(b, a.primal() - b.primal(), [1.0, -1.0], [0.0; 3])
}

/// `a * b`
pub fn multiply<J: Jet>(a: J, b: J) -> J {
    a.binary(b, a.primal() * b.primal(), [b.primal(), a.primal()], [0.0, 1.0, 0.0])
}

/// `a / b`
pub fn divide<J: Jet>(a: J, b: J) -> J {
    let (value, inverse) = (a.primal() / b.primal(), 1.0 / b.primal());
    a.binary(b, value, [inverse, -value * inverse], [0.0, -inverse * inverse, 2.0 * value * inverse * inverse])
}

/// `a ** b`; by convention the derivative by the base is 0 where the exponent is 0, and the derivative by the exponent
/// is 0 where the base is 0.
pub fn power<J: Jet>(base: J, exponent: J) -> J {
    let (a, b) = (base.primal(), exponent.primal());
    let value = a.powf(b);
    let by_base = if b == 0.0 { 0.0 } else { b * a.powf(b - 1.0) };
    let by_base_twice = if b == 0.0 || b == 1.0 { 0.0 } else { b * (b - 1.0) * a.powf(b - 2.0) };
    let (by_exponent, by_both, by_exponent_twice) = if a == 0.0 {
        (0.0, 0.0, 0.0)
    } else {
        (value * a.ln(), a.powf(b - 1.0) * (1.0 + b * a.ln()), value * a.ln() * a.ln())
    };
    base.binary(exponent, value, [by_base, by_exponent], [by_base_twice, by_both, by_exponent_twice])
}

/// `-a`
pub fn negate<J: Jet>(a: J) -> J {
    a.unary(-a.primal(), -1.0, 0.0)
}

/// `exp(a)`
pub fn exp<J: Jet>(a: J) -> J {
    let value = a.primal().exp();
    a.unary(value, value, value)
}

/// `log(a)`
pub fn log<J: Jet>(a: J) -> J {
    let x = a.primal();
    a.unary(x.ln(), 1.0 / x, -1.0 / (x * x))
}

/// `sqrt(a)`
pub fn sqrt<J: Jet>(a: J) -> J {
    let root = a.primal().sqrt();
    a.unary(root, 0.5 / root, -0.25 / (root * root * root))
}

/// `sigmoid(a)`
pub fn sigmoid<J: Jet>(a: J) -> J {
    let (value, complement) = (logistic(a.primal()), logistic(-a.primal()));
    a.unary(value, value * complement, value * complement * (complement - value))
}

fn logistic(x: f64) -> f64 {
    if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
}

fn softplus<J: Jet>(a: J) -> J {
    let x = a.primal();
    let (value, complement) = (logistic(x), logistic(-x));
    a.unary(x.max(0.0) + (-x.abs()).exp().ln_1p(), value, value * complement)
}

fn tangent<J: Jet>(a: J) -> J {
    let value = a.primal().tan();
    let first = 1.0 + value * value;
    a.unary(value, first, 2.0 * value * first)
}

fn hyperbolic_tangent<J: Jet>(a: J) -> J {
    let value = a.primal().tanh();
    let first = 1.0 / (a.primal().cosh() * a.primal().cosh());
    a.unary(value, first, -2.0 * value * first)
}

/// The Gaussian error linear unit: x times the normal distribution, whose density is its derivative.
fn gelu<J: Jet>(a: J) -> J {
    let x = a.primal();
    let below = 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
    let density = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    a.unary(x * below, below + x * density, density * (2.0 - x * x))
}

fn gelu_tanh<J: Jet>(a: J) -> J {
    let (inner, half) = (J::constant((2.0 / std::f64::consts::PI).sqrt()), J::constant(0.5));
    let cube = multiply(a, multiply(a, a));
    let angle = multiply(inner, add(a, multiply(J::constant(0.044715), cube)));
    multiply(multiply(half, a), add(J::constant(1.0), hyperbolic_tangent(angle)))
}

fn error_function<J: Jet>(a: J, value: f64, sign: f64) -> J {
    let x = a.primal();
    let slope = sign * std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp();
    a.unary(value, slope, -2.0 * x * slope)
}

/// exp(x²)·erfc(x) and its first two derivatives: beyond the reach of `exp` by the asymptotic series (DLMF 7.12.1), term
/// by term.
fn scaled_error_function<J: Jet>(a: J) -> J {
    let (x, root) = (a.primal(), std::f64::consts::PI.sqrt());
    if x > 8.0 {
        let (mut term, mut sums) = (1.0 / (root * x), [0.0; 3]);
        for k in 0..24 {
            let power = f64::from(2 * k + 1);
            sums[0] += term;
            sums[1] -= power * term / x;
            sums[2] += power * (power + 1.0) * term / (x * x);
            term *= -power / (2.0 * x * x);
        }
        return a.unary(sums[0], sums[1], sums[2]);
    }
    let value = (x * x).exp() * libm::erfc(x);
    let first = 2.0 * x * value - 2.0 / root;
    a.unary(value, first, 2.0 * value + 2.0 * x * first)
}

/// The n-th derivative of digamma for n > 0, at arguments that are not far below 0: the sum of its poles (DLMF 5.15.1), and
/// the rest of it as an integral with its first corrections.
fn polygamma(n: i32, x: f64) -> f64 {
    let (mut sum, far) = (0.0, x.max(0.0) + 40.0);
    let mut place = x;
    while place < far {
        sum += place.powi(-n - 1);
        place += 1.0;
    }
    let (n_, inverse) = (f64::from(n), place.recip());
    let rest = inverse.powi(n) / n_ + inverse.powi(n + 1) / 2.0 + (n_ + 1.0) / 12.0 * inverse.powi(n + 2)
        - (n_ + 1.0) * (n_ + 2.0) * (n_ + 3.0) / 720.0 * inverse.powi(n + 4)
        + (1..=5).map(|k| n_ + f64::from(k)).product::<f64>() / 30240.0 * inverse.powi(n + 6);
    let factorial: f64 = (1..=n).map(f64::from).product();
    (if n % 2 == 0 { -factorial } else { factorial }) * (sum + rest)
}

fn digamma(x: f64) -> f64 {
    let (mut place, mut sum) = (x, 0.0);
    while place < 40.0 {
        sum += place.recip();
        place += 1.0;
    }
    let square = place * place;
    let rest = 0.5 / place + (1.0 / 12.0 - (1.0 / 120.0 - 1.0 / (252.0 * square)) / square) / square;
    place.ln() - rest - sum
}

fn sign<J: Jet>(a: J) -> f64 {
    let x = a.primal();
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        x * 0.0
    }
}

/// The density of the normal distribution.
fn density(x: f64) -> f64 {
    (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// The normal distribution.
fn distribution(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
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
        recorder.compare(a, J::constant(0.0));
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
        "log1p" => a.unary(x.ln_1p(), 1.0 / (1.0 + x), -1.0 / ((1.0 + x) * (1.0 + x))),
        "abs" if x == 0.0 => J::constant(0.0),
        "abs" => a.unary(x.abs(), sign(a), 0.0),
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
            recorder.floor(x + 0.5);
            J::constant(x.round())
        }
        _ => return inverse(name, a).or_else(|| special(name, a)).or_else(|| prelude(name, a)),
    })
}

/// Inverse functions, powers and logarithms of other bases.
fn inverse<J: Jet>(name: &str, a: J) -> Option<J> {
    let x = a.primal();
    Some(match name {
        "asin" | "acos" => {
            let root = (1.0 - x * x).sqrt();
            let (first, second) = (1.0 / root, x / (root * root * root));
            if name == "asin" { a.unary(x.asin(), first, second) } else { a.unary(x.acos(), -first, -second) }
        }
        "atan" => {
            let square = 1.0 + x * x;
            a.unary(x.atan(), 1.0 / square, -2.0 * x / (square * square))
        }
        "asinh" => {
            let square = 1.0 + x * x;
            a.unary(x.asinh(), 1.0 / square.sqrt(), -x / square.powf(1.5))
        }
        "acosh" => {
            let square = (x - 1.0) * (x + 1.0);
            a.unary(x.acosh(), 1.0 / square.sqrt(), -x / square.powf(1.5))
        }
        "atanh" => {
            let square = (1.0 - x) * (1.0 + x);
            a.unary(x.atanh(), 1.0 / square, 2.0 * x / (square * square))
        }
        "exp2" => {
            let (value, scale) = (x.exp2(), std::f64::consts::LN_2);
            a.unary(value, scale * value, scale * scale * value)
        }
        "log2" => a.unary(x.log2(), std::f64::consts::LOG2_E / x, -std::f64::consts::LOG2_E / (x * x)),
        "log10" => a.unary(x.log10(), std::f64::consts::LOG10_E / x, -std::f64::consts::LOG10_E / (x * x)),
        "cbrt" => {
            let root = x.cbrt();
            a.unary(root, root / (3.0 * x), -2.0 * root / (9.0 * x * x))
        }
        _ => return None,
    })
}

/// The error function, the gamma function, and their kin.
fn special<J: Jet>(name: &str, a: J) -> Option<J> {
    let x = a.primal();
    Some(match name {
        "erf" => error_function(a, libm::erf(x), 1.0),
        "erfc" => error_function(a, libm::erfc(x), -1.0),
        "erfcx" => scaled_error_function(a),
        "lgamma" => a.unary(libm::lgamma(x), digamma(x), polygamma(1, x)),
        "digamma" => a.unary(digamma(x), polygamma(1, x), polygamma(2, x)),
        "trigamma" => a.unary(polygamma(1, x), polygamma(2, x), polygamma(3, x)),
        _ => return None,
    })
}

/// Functions of the prelude.
fn prelude<J: Jet>(name: &str, a: J) -> Option<J> {
    let x = a.primal();
    Some(match name {
        "sigmoid" => sigmoid(a),
        "softplus" => softplus(a),
        "silu" => multiply(a, sigmoid(a)),
        "gelu" => gelu(a),
        "gelu_tanh" => gelu_tanh(a),
        "mish" => multiply(a, hyperbolic_tangent(softplus(a))),
        "softsign" => {
            let below = 1.0 + x.abs();
            a.unary(x / below, 1.0 / (below * below), -2.0 * sign(a) / (below * below * below))
        }
        "logit" => {
            let odds = 1.0 / (x * (1.0 - x));
            a.unary(x.ln() - (1.0 - x).ln(), odds, (2.0 * x - 1.0) * odds * odds)
        }
        "normal_pdf" => {
            let density = density(x);
            a.unary(density, -x * density, (x * x - 1.0) * density)
        }
        "normal_cdf" => a.unary(distribution(x), density(x), -x * density(x)),
        "log_normal_cdf" => {
            let hazard = density(x) / distribution(x);
            a.unary(distribution(x).ln(), hazard, -hazard * (x + hazard))
        }
        "relu" if x > 0.0 => a,
        "relu" => J::constant(0.0),
        _ => return None,
    })
}

/// The function of two numbers that a name stands for; `None` if there is none.
pub fn call_binary<J: Jet>(name: &str, a: J, b: J, recorder: &mut Recorder) -> Option<J> {
    Some(match name {
        "elu" => {
            recorder.compare(a, J::constant(0.0));
            let x = a.primal();
            if x > 0.0 { a } else { multiply(b, a.unary(x.exp_m1(), x.exp(), x.exp())) }
        }
        "xlogy" => {
            recorder.compare(a, J::constant(0.0));
            if a.primal() == 0.0 { J::constant(0.0) } else { multiply(a, log(b)) }
        }
        "huber" => {
            recorder.compare(a, J::constant(0.0));
            let size = a.unary(a.primal().abs(), sign(a), 0.0);
            recorder.compare(size, b);
            if size.primal() <= b.primal() {
                multiply(J::constant(0.5), multiply(a, a))
            } else {
                multiply(b, subtract(size, multiply(J::constant(0.5), b)))
            }
        }
        "atan2" => arc_tangent(a, b),
        "polygamma" => {
            let (n, x) = (a.primal() as i32, b.primal());
            b.unary(if n == 0 { digamma(x) } else { polygamma(n, x) }, polygamma(n + 1, x), polygamma(n + 2, x))
        }
        // The first integral is all of these that is asked for: half the derivative of erfcx, negated.
        "ierfcx" if a.primal() == 1.0 => {
            let (x, root) = (b.primal(), std::f64::consts::PI.sqrt());
            let scaled = (x * x).exp() * libm::erfc(x);
            let value = 1.0 / root - x * scaled;
            b.unary(value, 2.0 * x * value - scaled, 4.0 * value - 2.0 * x * (scaled - 2.0 * x * value))
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
    let curved = -2.0 * a * b / (square * square);
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
    let top = items.iter().fold(f64::NEG_INFINITY, |top, item| top.max(item.primal()));
    let ties: Vec<J> = items.iter().copied().filter(|item| item.primal() == top).collect();
    for item in items {
        recorder.decide(i64::from(item.primal() == top));
    }
    if ties.is_empty() {
        return J::constant(f64::NAN);
    }
    sum(&ties).unary(top, 1.0 / ties.len() as f64, 0.0)
}

/// The smallest of some numbers; a tie splits the derivative evenly.
pub fn smallest<J: Jet>(items: &[J], recorder: &mut Recorder) -> J {
    let negated: Vec<J> = items.iter().map(|item| negate(*item)).collect();
    negate(largest(&negated, recorder))
}

/// The sum in order.
pub fn sum<J: Jet>(items: &[J]) -> J {
    items.iter().fold(J::constant(0.0), |total, item| add(total, *item))
}

/// The arithmetic mean.
pub fn mean<J: Jet>(items: &[J]) -> J {
    divide(sum(items), J::constant(items.len() as f64))
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

fn shifted_exponentials<J: Jet>(items: &[J]) -> (Vec<J>, f64) {
    let top = items.iter().fold(f64::NEG_INFINITY, |top, item| top.max(item.primal()));
    (items.iter().map(|item| exp(subtract(*item, J::constant(top)))).collect(), top)
}
