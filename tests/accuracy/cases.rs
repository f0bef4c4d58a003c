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
    /// Up to 1000 in size.
    Moderate,
    /// Up to 40 in size: the reference knows `erfc` there.
    Small,
    /// Between -1 and 1.
    Odds,
    /// Above 1.
    AboveOne,
    /// Two positive numbers whose quotient does not overflow.
    PositivePairs,
    /// The first input is larger than the second.
    Descending,
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

    "sigmoid of x/s" (x, s) Quotients [
        "1/(1 + exp(-(x/s)))",
        "1/((1 + exp(-(x/s)))*(1 + exp(x/s)))/s",
        "-x/s**2*1/((1 + exp(-(x/s)))*(1 + exp(x/s)))",
        "(-tanh((x/s)/2)*1/((1 + exp(-(x/s)))*(1 + exp(x/s))))/s**2",
        "-(1/((1 + exp(-(x/s)))*(1 + exp(x/s))) + x/s*(-tanh((x/s)/2)*1/((1 + exp(-(x/s)))*(1 + exp(x/s)))))/s**2",
        "-(1/((1 + exp(-(x/s)))*(1 + exp(x/s))) + x/s*(-tanh((x/s)/2)*1/((1 + exp(-(x/s)))*(1 + exp(x/s)))))/s**2",
        "(2*x/s*1/((1 + exp(-(x/s)))*(1 + exp(x/s))) + (x/s)**2*(-tanh((x/s)/2)*1/((1 + exp(-(x/s)))*(1 + exp(x/s)))))/s**2",
    ] {
        scaled_sigmoid_1 { 1/(1 + exp(-x/s)) }
        scaled_sigmoid_2 { sigmoid(x/s) }
        scaled_sigmoid_3 { exp(x/s)/(1 + exp(x/s)) }
    }

    "softplus of x/s" (x, s) Quotients [
        "(max(x/s, 0) + log1p(exp(-abs(x/s))))",
        "1/(1 + exp(-(x/s)))/s",
        "-x/s**2*1/(1 + exp(-(x/s)))",
        "1/((1 + exp(-(x/s)))*(1 + exp(x/s)))/s**2",
        "-(1/(1 + exp(-(x/s))) + x/s*1/((1 + exp(-(x/s)))*(1 + exp(x/s))))/s**2",
        "-(1/(1 + exp(-(x/s))) + x/s*1/((1 + exp(-(x/s)))*(1 + exp(x/s))))/s**2",
        "(2*x/s*1/(1 + exp(-(x/s))) + (x/s)**2*1/((1 + exp(-(x/s)))*(1 + exp(x/s))))/s**2",
    ] {
        scaled_softplus_1 { log(1 + exp(x/s)) }
        scaled_softplus_2 { softplus(x/s) }
    }

    "softplus of x*s" (x, s) Quotients [
        "(max(x*s, 0) + log1p(exp(-abs(x*s))))",
        "s*1/(1 + exp(-(x*s)))",
        "x*1/(1 + exp(-(x*s)))",
        "s**2*1/((1 + exp(-(x*s)))*(1 + exp(x*s)))",
        "1/(1 + exp(-(x*s))) + x*s*1/((1 + exp(-(x*s)))*(1 + exp(x*s)))",
        "1/(1 + exp(-(x*s))) + x*s*1/((1 + exp(-(x*s)))*(1 + exp(x*s)))",
        "x**2*1/((1 + exp(-(x*s)))*(1 + exp(x*s)))",
    ] {
        multiplied_softplus_1 { log(1 + exp(x*s)) }
        multiplied_softplus_2 { softplus(x*s) }
    }

    "sigmoid of x - m" (x, m) Reals [
        "1/(1 + exp(-(x - m)))",
        "1/((1 + exp(-(x - m)))*(1 + exp(x - m)))",
        "-1/((1 + exp(-(x - m)))*(1 + exp(x - m)))",
        "(-tanh((x - m)/2)*1/((1 + exp(-(x - m)))*(1 + exp(x - m))))",
        "-(-tanh((x - m)/2)*1/((1 + exp(-(x - m)))*(1 + exp(x - m))))",
        "-(-tanh((x - m)/2)*1/((1 + exp(-(x - m)))*(1 + exp(x - m))))",
        "(-tanh((x - m)/2)*1/((1 + exp(-(x - m)))*(1 + exp(x - m))))",
    ] {
        moved_sigmoid_1 { 1/(1 + exp(-(x - m))) }
        moved_sigmoid_2 { sigmoid(x - m) }
        moved_sigmoid_3 { 1/(1 + exp(m - x)) }
    }

    "softplus of (x - m)/3" (x, m) Reals [
        "(max((x - m)/3, 0) + log1p(exp(-abs((x - m)/3))))",
        "1/(1 + exp(-((x - m)/3)))/3",
        "-1/(1 + exp(-((x - m)/3)))/3",
        "1/((1 + exp(-((x - m)/3)))*(1 + exp((x - m)/3)))/9",
        "-1/((1 + exp(-((x - m)/3)))*(1 + exp((x - m)/3)))/9",
        "-1/((1 + exp(-((x - m)/3)))*(1 + exp((x - m)/3)))/9",
        "1/((1 + exp(-((x - m)/3)))*(1 + exp((x - m)/3)))/9",
    ] {
        located_softplus_1 { log(1 + exp((x - m)/3)) }
        located_softplus_2 { softplus((x - m)/3) }
    }

    "normal log-density" (x, m) Reals [
        "-((x - m)/3)**2/2 - log(3) - log(2*pi)/2",
        "-(x - m)/9",
        "(x - m)/9",
        "-1/9",
        "1/9",
        "1/9",
        "-1/9",
    ] {
        log_density_1 { -((x - m)/3)**2/2 - log(3) - log(2*pi)/2 }
        log_density_2 { log(exp(-((x - m)/3)**2/2)/(3*sqrt(2*pi))) }
    }

    "normal density" (x, m) Reals [
        "exp(-(x - m)**2/2)/sqrt(2*pi)",
        "-(x - m)*exp(-(x - m)**2/2)/sqrt(2*pi)",
        "(x - m)*exp(-(x - m)**2/2)/sqrt(2*pi)",
        "((x - m)**2 - 1)*exp(-(x - m)**2/2)/sqrt(2*pi)",
        "-((x - m)**2 - 1)*exp(-(x - m)**2/2)/sqrt(2*pi)",
        "-((x - m)**2 - 1)*exp(-(x - m)**2/2)/sqrt(2*pi)",
        "((x - m)**2 - 1)*exp(-(x - m)**2/2)/sqrt(2*pi)",
    ] {
        density_1 { exp(-(x - m)**2/2)/sqrt(2*pi) }
    }

    "log(1 - exp(-x))" (x) Positive [
        "if x < 0.5 { log(-expm1(-x)) } else { log1p(-exp(-x)) }",
        "1/expm1(x)",
        "-1/(expm1(x)*(-expm1(-x)))",
    ] {
        log1mexp_1 { log(1 - exp(-x)) }
        log1mexp_2 { log1p(-exp(-x)) }
        log1mexp_3 { log(-expm1(-x)) }
    }

    "log(1 - exp(b - a))" (a, b) Descending [
        "if a - b < 0.5 { log(-expm1(b - a)) } else { log1p(-exp(b - a)) }",
        "1/expm1(a - b)",
        "-1/expm1(a - b)",
        "-1/(expm1(a - b)*(-expm1(b - a)))",
        "1/(expm1(a - b)*(-expm1(b - a)))",
        "1/(expm1(a - b)*(-expm1(b - a)))",
        "-1/(expm1(a - b)*(-expm1(b - a)))",
    ] {
        log_difference_1 { log(1 - exp(b - a)) }
        log_difference_2 { log1p(-exp(b - a)) }
        log_difference_3 { log(exp(a) - exp(b)) - a }
    }

    "exp(tanh(x))" (x) Reals [
        "exp(tanh(x))",
        "exp(tanh(x))/cosh(x)**2",
        "exp(tanh(x))*(1/cosh(x)**2 - 2*tanh(x))/cosh(x)**2",
    ] {
        exp_tanh_1 { exp(tanh(x)) }
        exp_tanh_2 { exp((exp(x) - exp(-x))/(exp(x) + exp(-x))) }
    }

    "square of softplus by cases" (x) Reals [
        "if x > 900 { x } else { (max(x, 0) + log1p(exp(-abs(x))))**2 }",
        "if x > 900 { 1 } else { 2*(max(x, 0) + log1p(exp(-abs(x))))*1/(1 + exp(-(x))) }",
        "if x > 900 { 0 } else { 2*1/(1 + exp(-(x)))**2 + 2*(max(x, 0) + log1p(exp(-abs(x))))*1/((1 + exp(-(x)))*(1 + exp(x))) }",
    ] {
        by_cases_1 { if softplus(x) > 900 { x } else { softplus(x)**2 } }
        by_cases_2 { let y = log(1 + exp(x)); if y > 900 { x } else { y**2 } }
    }

    "min of softplus" (x) Reals [
        "min((max(x, 0) + log1p(exp(-abs(x)))), 2)",
        "if (max(x, 0) + log1p(exp(-abs(x)))) < 2 { 1/(1 + exp(-(x))) } else { 0 }",
        "if (max(x, 0) + log1p(exp(-abs(x)))) < 2 { 1/((1 + exp(-(x)))*(1 + exp(x))) } else { 0 }",
    ] {
        capped_1 { min(softplus(x), 2) }
        capped_2 { min(log(1 + exp(x)), 2) }
    }

    "sqrt of softplus" (x) Reals [
        "sqrt((max(x, 0) + log1p(exp(-abs(x)))))",
        "1/(1 + exp(-(x)))/(2*sqrt((max(x, 0) + log1p(exp(-abs(x))))))",
        "1/((1 + exp(-(x)))*(1 + exp(x)))/(2*sqrt((max(x, 0) + log1p(exp(-abs(x)))))) - 1/(1 + exp(-(x)))**2/(4*(max(x, 0) + log1p(exp(-abs(x))))*sqrt((max(x, 0) + log1p(exp(-abs(x))))))",
    ] {
        root_softplus_1 { sqrt(softplus(x)) }
        root_softplus_2 { sqrt(log(1 + exp(x))) }
    }

    "mish" (x) Reals [
        "x*tanh((max(x, 0) + log1p(exp(-abs(x)))))",
        "tanh((max(x, 0) + log1p(exp(-abs(x))))) + x*1/(1 + exp(-(x)))/cosh((max(x, 0) + log1p(exp(-abs(x)))))**2",
        "(2*1/(1 + exp(-(x))) + x*1/((1 + exp(-(x)))*(1 + exp(x))) - 2*x*tanh((max(x, 0) + log1p(exp(-abs(x)))))*1/(1 + exp(-(x)))**2)/cosh((max(x, 0) + log1p(exp(-abs(x)))))**2",
    ] {
        mish_1 { mish(x) }
        mish_2 { x*tanh(log(1 + exp(x))) }
    }

    "normal_cdf" (x) Reals [
        "erfc(-x/sqrt(2))/2",
        "exp(-x**2/2)/sqrt(2*pi)",
        "-x*exp(-x**2/2)/sqrt(2*pi)",
    ] {
        cdf_1 { normal_cdf(x) }
        cdf_2 { (1 + erf(x/sqrt(2)))/2 }
    }

    "log_normal_cdf" (x) Moderate [
        "if x < 0 { log(erfcx(-x/sqrt(2))/2) - x**2/2 } else { log1p(-erfc(x/sqrt(2))/2) }",
        "(sqrt(2/pi)/erfcx(-x/sqrt(2)))",
        "-(sqrt(2/pi)/erfcx(-x/sqrt(2)))*(x + (sqrt(2/pi)/erfcx(-x/sqrt(2))))",
    ] {
        log_cdf_1 { log_normal_cdf(x) }
        log_cdf_2 { log(normal_cdf(x)) }
        log_cdf_3 { log(erfc(-x/sqrt(2))/2) }
    }

    "erfcx" (x) Small [
        "erfcx(x)",
        "2*x*erfcx(x) - 2/sqrt(pi)",
        "2*erfcx(x) + 4*x**2*erfcx(x) - 4*x/sqrt(pi)",
    ] {
        erfcx_1 { erfcx(x) }
        erfcx_2 { exp(x**2)*erfc(x) }
    }

    "logit of p" (p) UnitInterval [
        "log(p) - log1p(-p)",
        "1/(p*(1 - p))",
        "(2*p - 1)/(p*(1 - p))**2",
    ] {
        logit_4 { logit(p) }
    }

    "log_softmax" (a, b) Reals [
        "-(max(b - a, 0) + log1p(exp(-abs(b - a))))",
        "1/(1 + exp(-(b - a)))",
        "-1/(1 + exp(-(b - a)))",
        "-1/((1 + exp(-(b - a)))*(1 + exp(b - a)))",
        "1/((1 + exp(-(b - a)))*(1 + exp(b - a)))",
        "1/((1 + exp(-(b - a)))*(1 + exp(b - a)))",
        "-1/((1 + exp(-(b - a)))*(1 + exp(b - a)))",
    ] {
        log_softmax_1 { a - log(exp(a) + exp(b)) }
        log_softmax_2 { log(exp(a)/(exp(a) + exp(b))) }
    }

    "xlogy" (x, y) PositivePairs [
        "x*log(y)",
        "log(y)",
        "x/y",
        "0",
        "1/y",
        "1/y",
        "-x/y**2",
    ] {
        xlogy_1 { xlogy(x, y) }
        xlogy_2 { x*log(y) }
    }

    "huber" (r) Reals [
        "if abs(r) <= 1.5 { r**2/2 } else { 1.5*(abs(r) - 0.75) }",
        "if abs(r) <= 1.5 { r } else { 1.5*sign(r) }",
        "if abs(r) <= 1.5 { 1 } else { 0 }",
    ] {
        huber_1 { huber(r, 1.5) }
    }

    "log10" (x) Positive [
        "log10(x)",
        "1/(x*log(10))",
        "-1/(x**2*log(10))",
    ] {
        log10_1 { log10(x) }
        log10_2 { log(x)/log(10) }
    }

    "log2" (x) Positive [
        "log2(x)",
        "1/(x*log(2))",
        "-1/(x**2*log(2))",
    ] {
        log2_1 { log2(x) }
    }

    "exp2" (x) Reals [
        "exp2(x)",
        "exp2(x)*log(2)",
        "exp2(x)*log(2)**2",
    ] {
        exp2_1 { exp2(x) }
        exp2_2 { 2**x }
    }

    "cbrt" (x) Positive [
        "cbrt(x)",
        "1/(3*cbrt(x)**2)",
        "-2/(9*x*cbrt(x)**2)",
    ] {
        cbrt_1 { cbrt(x) }
    }

    "asinh" (x) Reals [
        "asinh(x)",
        "1/hypot(1, x)",
        "-x/hypot(1, x)**3",
    ] {
        asinh_1 { asinh(x) }
        asinh_2 { log(x + sqrt(x**2 + 1)) }
    }

    "atanh" (x) Odds [
        "atanh(x)",
        "1/((1 - x)*(1 + x))",
        "2*x/((1 - x)*(1 + x))**2",
    ] {
        atanh_1 { atanh(x) }
        atanh_2 { log((1 + x)/(1 - x))/2 }
    }

    "acosh" (x) AboveOne [
        "acosh(x)",
        "1/sqrt((x - 1)*(x + 1))",
        "-x/sqrt((x - 1)*(x + 1))**3",
    ] {
        acosh_1 { acosh(x) }
        acosh_2 { log(x + sqrt(x**2 - 1)) }
    }

    "reciprocal length" (a, b) Reals [
        "1/hypot(a, b)",
        "-a/hypot(a, b)**3",
        "-b/hypot(a, b)**3",
        "(2*a**2 - b**2)/hypot(a, b)**5",
        "3*a*b/hypot(a, b)**5",
        "3*a*b/hypot(a, b)**5",
        "(2*b**2 - a**2)/hypot(a, b)**5",
    ] {
        reciprocal_length_1 { 1/sqrt(a**2 + b**2) }
        reciprocal_length_2 { 1/hypot(a, b) }
        reciprocal_length_3 { (a**2 + b**2)**-0.5 }
    }

    "direction" (a, b) Reals [
        "a/hypot(a, b)",
        "b**2/hypot(a, b)**3",
        "-a*b/hypot(a, b)**3",
        "-3*a*b**2/hypot(a, b)**5",
        "b*(2*a**2 - b**2)/hypot(a, b)**5",
        "b*(2*a**2 - b**2)/hypot(a, b)**5",
        "a*(2*b**2 - a**2)/hypot(a, b)**5",
    ] {
        direction_1 { a/sqrt(a**2 + b**2) }
        direction_2 { a/hypot(a, b) }
    }

    "log of a length" (a, b) Reals [
        "log(hypot(a, b))",
        "a/hypot(a, b)**2",
        "b/hypot(a, b)**2",
        "(b**2 - a**2)/hypot(a, b)**4",
        "-2*a*b/hypot(a, b)**4",
        "-2*a*b/hypot(a, b)**4",
        "(a**2 - b**2)/hypot(a, b)**4",
    ] {
        log_length_1 { log(a**2 + b**2)/2 }
        log_length_2 { log(sqrt(a**2 + b**2)) }
        log_length_3 { log(hypot(a, b)) }
    }
}
