//! The scalar formulas of `faults.jsonl` as `grad!` emits them; the number is the row's.

use chainrule::grad;

grad! {
    #[emit(hessian)]
    fn row0(x) = 1e-20*x**2 + 1e-20*x;
    #[emit(hessian)]
    fn row1(x) = 1.5e-20*x**2;
    #[emit(hessian)]
    fn row2(T, x) = 1.380649e-23*T*x**2;
    #[emit(hessian)]
    fn row3(x, y) = 1.6e-18*(x*(x*x - 3*(y*y))) + 9.2e-12*(x*x - y*y);
    #[emit(hessian)]
    fn row4(x) = log(1 + 1e-25*exp(x));
    #[emit(hessian)]
    fn row5(x) = 0.70711 * ((2.30753 + x * 0.27061) / (1.0 + x * (0.99229 + x * 0.04481)) - x);
    #[emit(hessian)]
    fn row6(x, y) = (x**4)**0.25 + y;
    #[emit(hessian)]
    fn row7(x) = exp((x**4)**0.25);
    #[emit(hessian)]
    fn row8(x, y) = ((x*y)**4)**0.25;
    #[emit(hessian)]
    fn row9(x) = (x**12)**(1/4);
    #[emit(hessian)]
    fn row10(x) = (x**2)**0.75;
    #[emit(hessian)]
    fn row12(x, y) where x + y == 1, y == 1 - x = log(x + y)*x;
    #[emit(hessian)]
    fn row13(x, y) where x == y, y == x = x**2*y;
    #[emit(hessian)]
    fn row14(y) = min(softplus(y), 1000);
    #[emit(hessian)]
    fn row15(y) = if softplus(y) > 900 { y } else { 2*y };
    #[emit(hessian)]
    fn row16(y) = relu(exp(y)/(1+exp(y)) - 0.5);
    #[emit(hessian)]
    fn row17(y) = abs(softplus(y));
    #[emit(hessian)]
    fn row19(x) = softplus(exp(x));
    #[emit(hessian)]
    fn row20(b, a) = log(1-exp(b-a));
    #[emit(hessian)]
    fn row21(a, b) = a + log(1-exp(b-a));
    #[emit(hessian)]
    fn row22(x) = tanh(silu(x));
    #[emit(hessian)]
    fn row23(x) = exp(tanh(x));
    #[emit(hessian)]
    fn row24(x) = sqrt(sinh(x));
    #[emit(hessian)]
    fn row26(s, x) = s*log(1+exp(x/s));
    #[emit(hessian)]
    fn row27(x, s) = log(1+exp(x/s));
    #[emit(hessian)]
    fn row28(x, mu, s) = -(x-mu)/s - log(s) - 2*log(1+exp(-(x-mu)/s));
    #[emit(hessian)]
    fn row29(x, mu, sigma) = (1+erf((x-mu)/(sigma*sqrt(2))))/2;
    #[emit(hessian)]
    fn row30(x, a) = log(1+(x-a)**2);
    #[emit(hessian)]
    fn row31(x, m) = log(exp(-(x-m)**2/2));
    #[emit(hessian)]
    fn row32(x, a, b) = log(exp(-(x-a)**2/2)+exp(-(x-b)**2/2));
    #[emit(hessian)]
    fn row34(x) = log(erfc(x));
    #[emit(hessian)]
    fn row35(x) = log(erfc(x));
    #[emit(hessian)]
    fn row36(x) = exp(-x**2)/erfc(x);
    #[emit(hessian)]
    fn row37(x) = abs(x)**2;
    #[emit(hessian)]
    fn row38(x) = exp(-abs(x)**2);
    #[emit(hessian)]
    fn row41(a, b) = if b < 1 { a**b } else { b };
    #[emit(hessian)]
    fn row42(x) = tanh(expm1(x))/log(exp(x));
    #[emit(hessian)]
    fn row44(x) = x*tanh(log(1+exp(x)));
    #[emit(hessian)]
    fn row45(x) = 1/(1+exp(-exp(x)));
    #[emit(hessian)]
    fn row46(x) = abs(log(1 + exp(x)) - 5000);
    #[emit(hessian)]
    fn row47(x) = relu(log(exp(x) + exp(x)) - 900);
}

/// The value, the gradient and the Hessian's rows of a function at some inputs.
macro_rules! scalar {
    ($function:ident, [$($input:expr),*]) => {{
        let mut found = vec![$function($($input),*)];
        found.extend($function::gradient($($input),*).to_array());
        found.extend($function::hessian($($input),*).iter().flatten());
        found
    }};
}

/// What the function of a row gives, inputs in the order in which the formula has them; empty for a row with arrays.
pub fn emitted(row: usize, at: impl Fn(&str) -> f64) -> Vec<f64> {
    match row {
        0 => scalar!(row0, [at("x")]),
        1 => scalar!(row1, [at("x")]),
        2 => scalar!(row2, [at("T"), at("x")]),
        3 => scalar!(row3, [at("x"), at("y")]),
        4 => scalar!(row4, [at("x")]),
        5 => scalar!(row5, [at("x")]),
        6 => scalar!(row6, [at("x"), at("y")]),
        7 => scalar!(row7, [at("x")]),
        8 => scalar!(row8, [at("x"), at("y")]),
        9 => scalar!(row9, [at("x")]),
        10 => scalar!(row10, [at("x")]),
        12 => scalar!(row12, [at("x"), at("y")]),
        13 => scalar!(row13, [at("x"), at("y")]),
        14 => scalar!(row14, [at("y")]),
        15 => scalar!(row15, [at("y")]),
        16 => scalar!(row16, [at("y")]),
        17 => scalar!(row17, [at("y")]),
        19 => scalar!(row19, [at("x")]),
        20 => scalar!(row20, [at("b"), at("a")]),
        21 => scalar!(row21, [at("a"), at("b")]),
        22 => scalar!(row22, [at("x")]),
        23 => scalar!(row23, [at("x")]),
        24 => scalar!(row24, [at("x")]),
        26 => scalar!(row26, [at("s"), at("x")]),
        27 => scalar!(row27, [at("x"), at("s")]),
        28 => scalar!(row28, [at("x"), at("mu"), at("s")]),
        29 => scalar!(row29, [at("x"), at("mu"), at("sigma")]),
        30 => scalar!(row30, [at("x"), at("a")]),
        31 => scalar!(row31, [at("x"), at("m")]),
        32 => scalar!(row32, [at("x"), at("a"), at("b")]),
        34 => scalar!(row34, [at("x")]),
        35 => scalar!(row35, [at("x")]),
        36 => scalar!(row36, [at("x")]),
        37 => scalar!(row37, [at("x")]),
        38 => scalar!(row38, [at("x")]),
        41 => scalar!(row41, [at("a"), at("b")]),
        42 => scalar!(row42, [at("x")]),
        44 => scalar!(row44, [at("x")]),
        45 => scalar!(row45, [at("x")]),
        46 => scalar!(row46, [at("x")]),
        47 => scalar!(row47, [at("x")]),
        _ => Vec::new(),
    }
}
