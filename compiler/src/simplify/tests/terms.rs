//! What canonical terms prove, and what they must not: each pair of formulas is a fact of analysis, or is refuted by a
//! point where both are defined.

use std::collections::{BTreeSet, HashMap};

use crate::algebra::quotient::Field;
use crate::algebra::rational::Rational;
use crate::facts::claims;
use crate::number::Number;
use crate::parse::parse_formula;
use crate::resolve::resolve;
use crate::simplify::plan::realise;

/// Whether two formulas are proven equal; `header` declares their inputs and what holds.
pub(super) fn proves_in(header: &str, left: &str, right: &str) -> bool {
    let (inputs, facts) = header.split_once(" where ").unwrap_or((header, ""));
    let facts = if facts.is_empty() { String::new() } else { format!("where {facts}") };
    let text = format!("fn f({inputs}) -> (left, right) {facts} = ({left}, {right});");
    let module = parse_formula(&text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    let function = resolve(&module, &text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).pop().expect("one");
    let facts = claims(&function.graph, &function.facts);
    let mut field = Field::new(&function.graph, BTreeSet::new(), &facts);
    let axes = &function.outputs[0].axes;
    let terms = [0, 1].map(|place: usize| {
        let output = &function.outputs[place];
        field.term(&output.value.renamed(&output.axes, axes)).unwrap_or_else(|| panic!("{text}: too large"))
    });
    field.proves_equal(&terms[0], &terms[1])
}

pub(super) fn check(header: &str, cases: &[(&str, &str, bool)]) {
    for (left, right, equal) in cases {
        assert_eq!(proves_in(header, left, right), *equal, "{left} and {right} over {header}");
    }
}

#[test]
fn canonical_terms_prove_what_is_true_and_nothing_else() {
    check(
        "x, t",
        &[
            ("(x + t)**2", "x**2 + 2*x*t + t**2", true),
            ("exp(x + t)", "exp(x)*exp(t)", true),
            ("exp(x - t)/exp(x)", "1/exp(t)", true),
            ("log(exp(x)*exp(t))", "x + t", true),
            ("log(1 + exp(-x))", "log(1 + exp(x)) - x", true),
            ("exp(log(x)*2)", "x*x", true),
            ("sqrt(x)*sqrt(x)", "x", true),
            ("sin(x)**2 + cos(x)**2", "1", true),
            ("tanh(x)", "1 - 2/(1 + exp(2*x))", true),
            ("1/(1 + exp(-x))", "exp(x)/(1 + exp(x))", true),
            ("(x**2 - t**2)/(x - t)", "x + t", true),
            ("0.1 + 0.2 + x", "0.3 + x", true),
            ("(x**4)**0.25", "abs(x)", true),
            ("(x**4)**0.25", "x", false),
            ("(x**12)**(1/4)", "abs(x)**3", true),
            ("(x**2)**0.75", "abs(x)*sqrt(abs(x))", true),
            ("((x*t)**4)**0.25", "abs(x*t)", true),
            ("((x*t)**4)**0.25", "x*t", false),
            ("(x**2*t)**(1/3)", "abs(x)**(2/3)*t**(1/3)", true),
            ("(x*t)**0.3", "x**0.3*t**0.3", false),
            ("exp(log(x*t)/3)", "exp(log(x)/3)*exp(log(t)/3)", false),
            ("x**3/abs(x)**3", "abs(x)/x", true),
            ("abs(x*t)", "abs(x)*abs(t)", true),
            ("abs(x/t)*t**2", "abs(x)*abs(t)", true),
            ("abs(x)**1.5*abs(x)**1.5", "x**2*abs(x)", true),
            ("exp(x + t)", "exp(x) + exp(t)", false),
            ("sqrt(x**2)", "x", false),
            ("log(x*t)", "log(x)", false),
            ("sin(x)", "cos(x)", false),
            ("abs(x)", "x", false),
            ("x**2", "x**3", false),
            ("x + 0.1", "x + 0.1000000001", false),
        ],
    );
}

/// What is positive whatever the inputs are comes out of logarithms, absolute values and comparisons, and nothing else does.
#[test]
fn quotients_and_squares_have_known_signs() {
    check(
        "x, t",
        &[
            ("log(1/(1 + x**2))", "-log(1 + x**2)", true),
            ("log(x/(1 + x**2))", "log(x) - log(1 + x**2)", true),
            ("log((1 + t**2)/(1 + x**2))", "log(1 + t**2) - log(1 + x**2)", true),
            ("log(1/x)", "-log(x)", true),
            ("log(t/x)", "-log(x/t)", true),
            ("log(-1/x)", "-log(-x)", true),
            ("log(-1/x)", "-log(x)", false),
            ("log(2 - 2*x)", "log(2) + log(1 - x)", true),
            ("log(t/x)", "log(t) - log(x)", false),
            ("log(x**2)", "2*log(x)", false),
            ("log(x/(1 + t))", "log(x) - log(1 + t)", false),
            ("abs(1 + x**2)", "1 + x**2", true),
            ("abs(1 - x**2)", "1 - x**2", false),
            ("abs(x**2 + t**2 + x)", "x**2 + t**2 + x", false),
            ("sign(exp(x) + t**2)", "1", true),
            ("sign(x**2)", "1", false),
            ("if x**2 + t**4 + 1 > 0 { x } else { t }", "x", true),
            ("if x**2 > 0 { x } else { t }", "x", false),
            ("if x**2*t + 1 > 0 { x } else { t }", "x", false),
            ("exp(x/(1 + t))*exp(-x/(1 + t))", "1", true),
            ("exp(2*x/(1 + t))", "exp(x/(1 + t))**2", true),
            ("log(exp(x/(1 + t))*exp(x))", "x + x/(1 + t)", true),
            ("exp(x/(1 + t))", "exp(x)/exp(1 + t)", false),
        ],
    );
}

#[test]
fn functions_are_known_by_their_identities() {
    check(
        "x, t",
        &[
            ("cosh(x)**2 - sinh(x)**2", "1", true),
            ("cosh(x) + sinh(x)", "exp(x)", true),
            ("cosh(x) - sinh(x)", "exp(x)", false),
            ("tanh(x)", "sinh(x)/cosh(x)", true),
            ("expm1(x + t)", "exp(x)*exp(t) - 1", true),
            ("log1p(expm1(x))", "x", true),
            ("hypot(x, t)**2", "x**2 + t**2", true),
            ("hypot(x, t)**2", "x**2 - t**2", false),
            ("tan(x)*cos(x)", "sin(x)", true),
            ("erf(x) + erfc(x)", "1", true),
            ("erf(t - x)", "-erf(x - t)", true),
            ("erf(t - x)", "erf(x - t)", false),
            ("sin(t - x)", "-sin(x - t)", true),
            ("sin(t - x)", "sin(x - t)", false),
            ("cos(t - x)", "cos(x - t)", true),
            ("cos(t - x)", "-cos(x - t)", false),
            ("sin(x)**3", "sin(x) - sin(x)*cos(x)**2", true),
            ("x**-2*x**3", "x", true),
            ("x**12", "x**5*x**7", true),
            ("x**0.5", "sqrt(x)", true),
            ("x**1.5", "x*sqrt(x)", true),
            ("x**-0.5", "1/sqrt(x)", true),
            ("x/sqrt(x)", "sqrt(x)", true),
            ("x/sqrt(x)**3", "1/sqrt(x)", true),
            ("x/sqrt(x)**3", "1/x", false),
            ("x**t", "exp(t*log(x))", true),
            ("x**0.3*x**0.7", "exp(log(x))", true),
            ("sqrt(4*exp(x))", "2*sqrt(exp(x))", true),
            ("sqrt(exp(2*x))", "exp(x)", true),
            ("sqrt(x/(1 + exp(t)))", "sqrt(x*(1 + exp(t)))/(1 + exp(t))", true),
            ("log(2 + 2*exp(x))", "log(2) + log(1 + exp(x))", true),
            ("log((1 + exp(x))**2) + 1/(1 + exp(x))", "2*log(1 + exp(x)) + 1/(1 + exp(x))", true),
            ("log((1 + exp(x))**2) + 1/(1 + exp(x))", "log(1 + exp(x)) + 1/(1 + exp(x))", false),
            ("log(x**2)", "2*log(x)", false),
        ],
    );
}

#[test]
fn signs_and_sizes_are_reduced_as_they_are_at_zero_too() {
    check(
        "x, t",
        &[
            ("sign(x)**3", "sign(x)", true),
            ("sign(x)**4", "sign(x)**2", true),
            ("sign(x)**2", "1", false),
            ("sign(x)**2", "sign(x)", false),
            ("sign(x)*abs(x)", "x", true),
            ("sign(x)*x", "abs(x)", true),
            ("sign(x)*x**3", "abs(x)*x**2", true),
            ("sign(x)**2*x", "x", true),
            ("sign(x)*t", "abs(t)", false),
            ("abs(x)**2", "x**2", true),
            ("abs(x)**3", "x**2*abs(x)", true),
            ("abs(x)**3", "x**3", false),
            ("x/abs(x)", "abs(x)/x", true),
            ("abs(-3*x)", "3*abs(x)", true),
            ("abs(-3*x)", "-3*abs(x)", false),
            ("abs(x - t)", "abs(t - x)", true),
            ("sign(-3*x)", "-sign(x)", true),
            ("sign(-3*x)", "sign(x)", false),
            ("sign(exp(x))", "1", true),
            ("sign(-exp(x))", "-1", true),
            ("abs(-exp(x))", "exp(x)", true),
        ],
    );
}

#[test]
fn conditions_are_equal_where_their_ties_are() {
    check(
        "x, t",
        &[
            ("if x > t { 1 } else { 0 }", "if t < x { 1 } else { 0 }", true),
            ("if x > t { 1 } else { 0 }", "if x <= t { 0 } else { 1 }", true),
            ("if x >= t { 1 } else { 0 }", "if x < t { 0 } else { 1 }", true),
            ("if x > t { 1 } else { 0 }", "if x >= t { 1 } else { 0 }", false),
            ("if x == t { 1 } else { 0 }", "if t != x { 0 } else { 1 }", true),
            ("if x == t { 1 } else { 0 }", "if x == -t { 1 } else { 0 }", false),
            ("if 2*x > 2*t { 1 } else { 0 }", "if x > t { 1 } else { 0 }", true),
            ("if -x > t { 1 } else { 0 }", "if x > t { 1 } else { 0 }", false),
            ("if -x > -t { 1 } else { 0 }", "if x > t { 1 } else { 0 }", false),
            ("if x == t { x } else { 0 }", "if x == t { t } else { 0 }", false),
            ("if x == 0 { abs(x) + x**2 } else { t }", "if x == 0 { 0 } else { t }", true),
            ("if x == 0 { x + 1 } else { t }", "if x == 0 { 0 } else { t }", false),
            ("if x > 0 && t > 0 { 1 } else { 0 }", "if x > 0 { if t > 0 { 1 } else { 0 } } else { 0 }", true),
            ("if x > 0 || t > 0 { 1 } else { 0 }", "if x > 0 { 1 } else { if t > 0 { 1 } else { 0 } }", true),
            ("if x > 0 || t > 0 { 1 } else { 0 }", "if x > 0 && t > 0 { 1 } else { 0 }", false),
            ("if x > 0 { if x > 0 { 1 } else { t } } else { 0 }", "if x > 0 { 1 } else { 0 }", true),
            ("if exp(x) > 0 { x } else { t }", "x", true),
            ("if exp(x) < 0 { x } else { t }", "t", true),
            ("if exp(x) + 1 == 0 { x } else { t }", "t", true),
            ("if exp(x) > 1 { x } else { t }", "x", false),
        ],
    );
}

#[test]
fn sums_give_out_only_what_does_not_vary() {
    check(
        "x: [N], y: [N], a: [N, N], c",
        &[
            ("sum(c*x)", "c*sum(x)", true),
            ("sum(x + c)", "sum(x) + N*c", true),
            ("sum(x + c)", "sum(x) + c", false),
            ("sum(x*y)", "sum(x)*sum(y)", false),
            ("sum[i, j](x[i]*y[j])", "sum(x)*sum(y)", true),
            ("sum(x/(c + exp(c)))", "sum(x)/(c + exp(c))", true),
            ("sum(exp(c)/(exp(x) + exp(c)))", "exp(c)*sum(1/(exp(x) + exp(c)))", true),
            ("sum(exp(c)/(exp(x) + exp(c)))", "N*exp(c)/(sum(exp(x)) + exp(c))", false),
            ("sum[i](x[i]*sum[j](a[i, j]*y[j]))", "sum[j](y[j]*sum[i](a[i, j]*x[i]))", true),
            ("sum[i](x[i]*sum[j](a[i, j]*y[j]))", "sum[i](x[i]*sum[j](a[j, i]*y[j]))", false),
            ("sum[i, j](a[i, j]*eye(N)[i, j])", "sum[i](a[i, i])", true),
            ("sum[i, j](a[i, j]*eye(N)[i, j])", "sum(a)", false),
            ("sum[i, j](eye(N)[i, j]*x[i]*y[j])", "sum(x*y)", true),
            ("sum[i, j](eye(N)[i, j])", "N", true),
            ("max(x) - max(x)", "0", true),
            ("max(x)", "max(y)", false),
            ("max(c*x)", "c*max(x)", false),
            ("exp(x)/sum(exp(x))", "exp(x - c)/sum(exp(x - c))", true),
            ("exp(x)/sum(exp(x))", "exp(x - c)/sum(exp(x))", false),
            ("a.T @ x", "x @ a", true),
            ("a @ x", "x @ a", false),
        ],
    );
}

#[test]
fn facts_prove_what_they_say_and_no_more() {
    for (header, left, right, equal) in [
        ("x, t where x + t == 1", "x**2 + x*t", "x", true),
        ("x, t where 2*x + 4*t == 6", "x", "3 - 2*t", true),
        ("x, t where 2*x + 4*t == 6", "x", "2*t - 3", false),
        ("x, t where x + t == 1", "x", "t", false),
        ("x, t where t + x**2 == 1", "x", "1 - t", false),
        ("x, t where x**2 + t == 1", "x", "1 - t", false),
        ("x, t where t + x**2 == 1", "t", "1 - x**2", true),
        ("x, t where x > 0", "sqrt(x**2)", "x", true),
        ("x, t where x > 0", "sqrt(t**2)", "t", false),
        ("x, t where x > 0", "log(x**2)", "2*log(x)", true),
        ("x, t where x >= 0", "sign(x)", "1", false),
        ("x, t where x < 0", "abs(x)", "x", false),
        ("x: [N] where sum(x) == 1", "sum(3*x)", "3", true),
        ("x: [N], y: [N] where sum(x) == 1", "sum(y)", "1", false),
        ("x: [N] where sum(x) == 1", "sum(x**2)", "1", false),
        ("a: [N, M] where sum(a, axis = 1) == 1", "sum(sum(a, axis = 1))", "N", true),
        ("a: [N, M] where sum(a, axis = 1) == 1", "sum(sum(a, axis = 0))", "N", false),
        ("a: [N, N] where a == a.T", "sum[i, j](a[i, j]*exp(a[j, i]))", "sum(a*exp(a))", true),
        ("a: [N, N], b: [N, N] where a == a.T", "sum[i, j](a[i, j]*b[j, i])", "sum(a*b)", true),
        ("a: [N, N], b: [N, N] where a == a.T", "sum[i, j](b[i, j]*exp(b[j, i]))", "sum(b*exp(b))", false),
        // What is said of a diagonal says nothing of what stands beside it.
        ("a: [N, N] where sum(diag(a)) == 1", "sum(a)", "1", false),
        ("a: [N, N] where diag(a) == 1", "sum(a)", "N*N", false),
        ("a: [N, N] where diag(a) > 0", "sum(abs(a))", "sum(a)", false),
        ("a: [N, N] where a > 0", "sum(abs(a))", "sum(a)", true),
    ] {
        check(header, &[(left, right, equal)]);
    }
}

/// What a canonical term is written as means the term again.
#[test]
fn a_term_that_is_written_out_is_the_same_term() {
    for text in [
        "fn f(x, t) = -x/(t - x);",
        "fn f(x, t) = -x/(t - x)**2;",
        "fn f(x, t) = -x/(t - x)**3;",
        "fn f(x, t) = -(x - t)/(exp(x) - exp(t));",
        "fn f(x, t) = (-x - t)/(-exp(x) - 2);",
        "fn f(x, t) = 2*x/3 - t/6;",
        "fn f(x, t) = (2*x - 2*t)/3;",
        "fn f(x, t) = -2/(3*x**2*sqrt(t));",
        "fn f(x, t) = x*sqrt(t)**3 - sqrt(t);",
        "fn f(x, t) = x*exp(t) + x*sin(t) - t**3 + x**2;",
        "fn f(x, t) = exp(2*x - t) - 1/exp(x);",
        "fn f(x, t) = -abs(x)*sign(t)/cos(x - t);",
        "fn f(x, y) = -log(x**2 + 1)/(y - 3)/(x - y);",
        "fn f(x: [N], c) = c*sum(x)/N - sum(x**2);",
        "fn f(x: [N], y: [N]) = -sum(exp(x)*y)/sum(exp(x));",
        "fn f(x: [N], a: [N, N], b: [N, N], c) = c*sum(x*(a @ x)) - 2*c*sum(x*(b @ x));",
        "fn f(x: [N], y: [N]) = max(x - y)*sum[i, j](x[i]*exp(y[i]*x[j]));",
    ] {
        let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        let mut function = resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).remove(0);
        let before = function.outputs[0].value.clone();
        let plan = {
            let mut field = Field::new(&function.graph, BTreeSet::new(), &[]);
            let term = field.term(&before).unwrap_or_else(|| panic!("{text}: too large"));
            field.plan(&term).unwrap_or_else(|| panic!("{text}: not written"))
        };
        let after = realise(&mut function.graph, &plan, &mut HashMap::new(), &|_| false).expect("a plan that fits");
        let mut field = Field::new(&function.graph, BTreeSet::new(), &[]);
        let terms = [&before, &after].map(|value| field.term(value).expect("small"));
        assert!(field.proves_equal(&terms[0], &terms[1]), "{text} is written as {plan:?}");
    }
}

#[test]
fn rationals_are_exact_or_nothing() {
    let of = |above, below| Rational::new(above, below).expect("a small fraction");
    assert_eq!(of(6, -4), of(-3, 2), "lowest terms, the denominator positive");
    assert_eq!(of(0, -7), Rational::ZERO);
    assert_eq!(Rational::new(1, 0), None);
    assert_eq!(of(1, 6).plus(of(1, 3)), Some(of(1, 2)));
    assert_eq!(of(1, 6).minus(of(1, 2)), Some(of(-1, 3)));
    assert_eq!(of(2, 3).times(of(-3, 4)), Some(of(-1, 2)));
    assert_eq!(of(-2, 3).reciprocal(), Some(of(-3, 2)));
    assert_eq!(Rational::ZERO.reciprocal(), None);
    assert_eq!(of(i128::MAX, 1).plus(of(1, 7)), None, "what overflows has no value");
    assert_eq!(of(i128::MAX, 7).times(of(3, 1)), None);
    assert!(of(1, 3) < of(1, 2) && of(-1, 2) < of(-1, 3) && of(2, 1) > of(3, 2));
    assert_eq!([of(4, 2), of(1, 2), of(-3, 1)].map(Rational::to_integer), [Some(2), None, Some(-3)]);
    assert_eq!(of(i128::from(i32::MAX) + 1, 1).to_integer(), None);
    let large = [of(1 << 80, 3), of((1 << 80) * 6, 2)];
    assert_eq!(large[1].times(of(1, 9)), Some(of(1 << 80, 3)), "more than machine words have");
    assert_eq!(large[0].times(of(3, 1 << 80)), Some(Rational::ONE));
}

#[test]
fn decimal_numbers_of_any_size_are_exact() {
    let decimal = |text: &str| Rational::from_number(Number::parse(text).expect("a number")).expect("of few digits");
    let back = |value: Rational| value.to_decimal().map(|number| number.to_string());
    let (small, large) = (decimal("6.62607015e-34"), decimal("2.99792458e8"));
    assert_eq!(small.times(large).and_then(back).as_deref(), Some("1.9864458571489287e-25"));
    assert_eq!(decimal("1e-300").times(decimal("1e300")), Some(Rational::ONE));
    assert_eq!(decimal("1e-40").plus(decimal("2e-40")), Some(decimal("3e-40")));
    assert_eq!(decimal("1e40").plus(Rational::ONE), None, "so many digits are not kept");
    assert_eq!(decimal("4e-40").root(), Some(decimal("2e-20")));
    assert_eq!(decimal("4e-41").root(), None);
    let sorted = ["-1e300", "-3", "-1e-300", "0", "1e-300", "1.000000001e-300", "0.3", "3", "1e40", "1.5e300"];
    for (place, low) in sorted.iter().enumerate() {
        for high in &sorted[place + 1..] {
            let of = |text: &str| match text.strip_prefix('-') {
                Some(size) => decimal(size).negated(),
                None => decimal(text),
            };
            assert!(of(low) < of(high) && of(high) > of(low), "{low} < {high}");
        }
    }
    let third = Rational::new(1, 3).expect("small");
    assert!(third > decimal("0.33333333333333333333333333333333333333") && third < decimal("0.4e0"));
    assert_eq!(third.to_decimal(), None);
    assert_eq!(
        decimal("2e20").written(15).map(|(above, below)| (above.to_string(), below.to_string())),
        Some(("2e20".into(), "1".into()))
    );
}
