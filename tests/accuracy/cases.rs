//! The functions, how people write them, and what they and their derivatives are: formulas that are accurate at any
//! precision, derived by hand.

/// A function of the table.
pub struct Case {
    pub name: &'static str,
    pub inputs: &'static [&'static str],
    /// The value, the gradient, and the Hessian's rows.
    pub truth: &'static [&'static str],
    pub spellings: &'static [Spelling],
    /// Which inputs to try, in `f64` and in `f32`.
    pub domain: Domain,
}

/// One way to write it.
pub struct Spelling {
    pub text: &'static str,
    /// The value, the gradient and the Hessian's rows, as `grad!` emits them.
    pub emitted: fn(&[f64]) -> Vec<f64>,
}

/// Where a function is defined.
#[derive(Clone, Copy, PartialEq)]
pub enum Domain {
    Reals,
    Positive,
    UnitInterval,
    /// The last input is a probability.
    RealsAndProbability,
    /// The first input is not zero, and the quotient of the two does not overflow.
    Quotients,
}

/// What one emitted function gives at a point.
macro_rules! emitted {
    ($function:ident ($($input:ident),+)) => {
        |point| {
            let [$($input),+] = *point else { return Vec::new() };
            let (value, gradient) = $function::value_and_gradient($($input),+);
            let mut all = vec![value];
            all.extend(gradient.to_array());
            all.extend($function::hessian($($input),+).concat());
            all
        }
    };
}

macro_rules! names {
    (($($input:ident),+)) => { &[$(stringify!($input)),+] };
}

macro_rules! cases {
    ($($label:literal $inputs:tt $domain:ident [$($truth:literal,)+] {
        $($spelling:ident { $($body:tt)+ })+
    })+) => {
        $($(
            chainrule::grad! {
                #[emit(hessian)]
                fn $spelling $inputs { $($body)+ }
            }
        )+)+

        pub const CASES: &[Case] = &[$(
            Case {
                name: $label,
                inputs: names!($inputs),
                truth: &[$($truth),+],
                domain: Domain::$domain,
                spellings: &[$(
                    Spelling { text: stringify!($($body)+), emitted: emitted!($spelling $inputs) }
                ),+],
            }
        ),+];
    };
}

cases! {
    "sigmoid" (x) Reals [
        "1/(1 + exp(-x))",
        "1/((1 + exp(-x))*(1 + exp(x)))",
        "-tanh(x/2)/((1 + exp(-x))*(1 + exp(x)))",
    ] {
        sigmoid_1 { 1/(1 + exp(-x)) }
        sigmoid_2 { exp(x)/(1 + exp(x)) }
        sigmoid_3 { (1 + tanh(x/2))/2 }
        sigmoid_4 { sigmoid(x) }
        sigmoid_5 { 1 - 1/(1 + exp(x)) }
    }

    "tanh" (x) Reals [
        "tanh(x)",
        "1/cosh(x)**2",
        "-2*tanh(x)/cosh(x)**2",
    ] {
        tanh_1 { tanh(x) }
        tanh_2 { (exp(x) - exp(-x))/(exp(x) + exp(-x)) }
        tanh_3 { 2/(1 + exp(-2*x)) - 1 }
        tanh_4 { 1 - 2/(exp(2*x) + 1) }
        tanh_5 { sinh(x)/cosh(x) }
        tanh_6 { (exp(2*x) - 1)/(exp(2*x) + 1) }
    }

    "softplus" (x) Reals [
        "max(x, 0) + log1p(exp(-abs(x)))",
        "1/(1 + exp(-x))",
        "1/((1 + exp(-x))*(1 + exp(x)))",
    ] {
        softplus_1 { log(1 + exp(x)) }
        softplus_2 { x + log(1 + exp(-x)) }
        softplus_3 { -log(1 - 1/(1 + exp(-x))) }
        softplus_4 { softplus(x) }
        softplus_5 { log1p(exp(x)) }
        softplus_6 { -log(sigmoid(-x)) }
    }

    "silu" (x) Reals [
        "x/(1 + exp(-x))",
        "1/(1 + exp(-x)) + x/((1 + exp(-x))*(1 + exp(x)))",
        "(2 - x*tanh(x/2))/((1 + exp(-x))*(1 + exp(x)))",
    ] {
        silu_1 { x/(1 + exp(-x)) }
        silu_2 { x*sigmoid(x) }
        silu_3 { x*exp(x)/(1 + exp(x)) }
        silu_4 { silu(x) }
    }

    "log-cosh" (x) Reals [
        "if abs(x) < 1 { log1p(2*sinh(x/2)**2) } else { abs(x) + log1p(exp(-2*abs(x))) - log(2) }",
        "tanh(x)",
        "1/cosh(x)**2",
    ] {
        log_cosh_1 { log((exp(x) + exp(-x))/2) }
        log_cosh_2 { log(cosh(x)) }
        log_cosh_3 { x + log(1 + exp(-2*x)) - log(2) }
    }

    "hypot" (a, b) Reals [
        "hypot(a, b)",
        "a/hypot(a, b)", "b/hypot(a, b)",
        "b**2/hypot(a, b)**3", "-a*b/hypot(a, b)**3", "-a*b/hypot(a, b)**3", "a**2/hypot(a, b)**3",
    ] {
        hypot_1 { sqrt(a**2 + b**2) }
        hypot_2 { hypot(a, b) }
        hypot_3 { sqrt(a*a + b*b) }
        hypot_4 { (a**2 + b**2)**0.5 }
    }

    "hypot" (a, b) Quotients [
        "sign(a)*hypot(a, b)",
        "abs(a)/hypot(a, b)", "sign(a)*b/hypot(a, b)",
        "sign(a)*b**2/hypot(a, b)**3", "-abs(a)*b/hypot(a, b)**3", "-abs(a)*b/hypot(a, b)**3",
        "sign(a)*a**2/hypot(a, b)**3",
    ] {
        hypot_5 { a*sqrt(1 + (b/a)**2) }
    }

    "logit" (p) UnitInterval [
        "log(p) - log1p(-p)",
        "1/(p*(1 - p))",
        "(2*p - 1)/(p*(1 - p))**2",
    ] {
        logit_1 { log(p/(1 - p)) }
        logit_2 { log(p) - log(1 - p) }
        logit_3 { -log(1/p - 1) }
    }

    "gelu" (x) Reals [
        "x/2*erfc(-x/sqrt(2))",
        "erfc(-x/sqrt(2))/2 + x*exp(-x**2/2)/sqrt(2*pi)",
        "(2 - x**2)*exp(-x**2/2)/sqrt(2*pi)",
    ] {
        gelu_1 { x/2*(1 + erf(x/sqrt(2))) }
        gelu_2 { gelu(x) }
        gelu_3 { x*erfc(-x/sqrt(2))/2 }
        gelu_4 { 0.5*x*(1 + erf(x/sqrt(2))) }
    }

    "x log x" (x) Positive [
        "x*log(x)",
        "log(x) + 1",
        "1/x",
    ] {
        x_log_x_1 { x*log(x) }
        x_log_x_2 { log(x)*x }
        x_log_x_3 { log(x)/(1/x) }
    }

    "log-sum-exp" (a, b) Reals [
        "max(a, b) + log1p(exp(-abs(a - b)))",
        "1/(1 + exp(b - a))", "1/(1 + exp(a - b))",
        "1/((1 + exp(b - a))*(1 + exp(a - b)))", "-1/((1 + exp(b - a))*(1 + exp(a - b)))",
        "-1/((1 + exp(b - a))*(1 + exp(a - b)))", "1/((1 + exp(b - a))*(1 + exp(a - b)))",
    ] {
        log_sum_exp_1 { log(exp(a) + exp(b)) }
        log_sum_exp_2 { max(a, b) + log(exp(a - max(a, b)) + exp(b - max(a, b))) }
        log_sum_exp_3 { a + log(1 + exp(b - a)) }
    }

    "logistic cross entropy" (x, t) RealsAndProbability [
        "t*(max(-x, 0) + log1p(exp(-abs(x)))) + (1 - t)*(max(x, 0) + log1p(exp(-abs(x))))",
        "1/(1 + exp(-x)) - t", "-x",
        "1/((1 + exp(-x))*(1 + exp(x)))", "-1", "-1", "0",
    ] {
        cross_entropy_1 {
            let s = 1/(1 + exp(-x));
            -(t*log(s) + (1 - t)*log(1 - s))
        }
        cross_entropy_2 { log(1 + exp(x)) - t*x }
    }

    "softmax cross entropy" (a, b, t) RealsAndProbability [
        "t*(max(b - a, 0) + log1p(exp(-abs(b - a)))) + (1 - t)*(max(a - b, 0) + log1p(exp(-abs(b - a))))",
        "1/(1 + exp(b - a)) - t", "1/(1 + exp(a - b)) - (1 - t)", "b - a",
        "1/((1 + exp(b - a))*(1 + exp(a - b)))", "-1/((1 + exp(b - a))*(1 + exp(a - b)))", "-1",
        "-1/((1 + exp(b - a))*(1 + exp(a - b)))", "1/((1 + exp(b - a))*(1 + exp(a - b)))", "1",
        "-1", "1", "0",
    ] {
        softmax_cross_entropy_1 {
            let s = exp(a) + exp(b);
            -(t*log(exp(a)/s) + (1 - t)*log(exp(b)/s))
        }
    }
}
