//! Laws of the table: quotients that are functions, and guards outside of the domain.

use super::forms;
use super::products::agrees_with_differences;

#[test]
fn quotients_of_functions_are_functions() {
    for (text, expected) in [
        ("log(cosh(x))", &["tanh(x)"][..]),
        ("log(cos(x))", &["-tan(x)"]),
        ("1/cosh(x)", &["-(y*tanh(x))"]),
        ("a*log(cosh(x/a))", &["s2 - s1*d3", "d3"]),
        ("log(cosh(exp(x)))", &["s1*tanh(s1)"]),
    ] {
        assert_eq!(forms(text), expected, "{text}");
        agrees_with_differences(text, &[&[0.7, 1.3], &[1.1, 0.4]].map(|point| &point[..expected.len()]));
    }
    assert_eq!(forms("fn f(x: [N]) = sum(log(cosh(x)));"), ["tanh(x)"]);
}

/// Where the function itself is not defined, no derivative is stated.
#[test]
fn a_guard_is_dropped_where_the_function_has_no_value() {
    for (text, expected) in [
        ("log(abs(x))", &["1/x"][..]),
        ("log(abs(x - y))", &["1/s1", "1/(y - x)"]),
        ("log(abs(x)) + y**2", &["1/x", "2*y"]),
    ] {
        assert_eq!(forms(text), expected, "{text}");
        agrees_with_differences(text, &[&[0.7, 1.3], &[-1.9, 0.4]].map(|point| &point[..expected.len()]));
    }
    assert_eq!(forms("fn f(x: [N]) = sum(log(abs(x)));"), ["1/x"]);
}

#[test]
fn a_guard_stays_where_the_function_has_a_value() {
    for text in [
        "max(log(abs(x)), -5)",
        "if x == 0 { 0 } else { log(abs(x)) }",
        "if z > 0 { log(abs(x)) } else { x*z }",
        "log(abs(x) + 1)",
        "sqrt(abs(x - z))",
    ] {
        let found = forms(text);
        assert!(found.iter().any(|form| form.contains("if ")), "{text}: {found:?}");
    }
}

/// The delta is N(d1), however it is written and whatever else is asked for: the terms beside it cancel.
#[test]
fn the_delta_of_black_and_scholes_is_a_probability() {
    for (first, second) in [
        ("(1 + erf(d1/sqrt(2)))/2", "(1 + erf(d2/sqrt(2)))/2"),
        ("erfc(-d1/sqrt(2))/2", "erfc(-d2/sqrt(2))/2"),
        ("normal_cdf(d1)", "normal_cdf(d2)"),
        ("(1 + erf(d1/sqrt(2)))/2", "erfc(-d2/sqrt(2))/2"),
    ] {
        for asked in ["wrt(S)", "wrt(S, v)", ""] {
            let text = format!(
                "fn f(S, K, r, v, T) {asked} where S > 0, K > 0, v > 0, T > 0 {{ \
                 let d1 = (log(S/K) + (r + v**2/2)*T)/(v*sqrt(T)); let d2 = d1 - v*sqrt(T); \
                 let N1 = {first}; let N2 = {second}; S*N1 - K*exp(-r*T)*N2 }}"
            );
            assert_eq!(forms(&text)[0], "N1", "{text}");
            if asked.is_empty() {
                agrees_with_differences(&text, &[&[1.3, 1.1, 0.05, 0.3, 0.8], &[90.0, 100.0, 0.02, 0.25, 2.0]]);
            }
        }
    }
}
