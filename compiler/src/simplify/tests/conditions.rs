//! Conditions that facts decide, and contributions under one condition.

use super::forms;
use super::products::agrees_with_differences;

#[test]
fn facts_take_the_guards_of_a_power_away() {
    for (text, expected) in [
        ("fn f(x, p) where x > 0 = x**p;", &["p*x**(p - 1)", "y*log(x)"][..]),
        ("fn f(x, p) where x >= 1 = x**p;", &["p*x**(p - 1)", "y*log(x)"]),
        ("fn f(x, p) where x > 0 = (2*x)**p;", &["2*p*s1**(p - 1)", "y*log(s1)"]),
        ("fn f(x, p) = (1 + x**2)**p;", &["2*p*x*s1**(p - 1)", "y*log(s1)"]),
        (
            "fn f(x, p) where x >= 0 = x**p;",
            &["if x == 0 && p == 0 { 0 } else { p*x**(p - 1) }", "if x == 0 { 0 } else { y*log(x) }"],
        ),
        ("fn f(x) where x > 0 = x**x;", &["y*(1 + log(x))"]),
    ] {
        assert_eq!(forms(text), expected, "{text}");
        agrees_with_differences(text, &[&[1.7, 1.3], &[2.9, -0.4]].map(|point| &point[..expected.len()]));
    }
}

#[test]
fn contributions_under_one_condition_are_one() {
    for (text, expected) in [
        ("log_normal_cdf(x)", 1),
        ("fn f(x, a) = (if x > a { x*a } else { sin(x) })*(if x > a { x } else { a });", 1),
        (
            "fn f(k, l, a) { let s = if k > 1 { k**2*l } else { l }; let t = if k > 1 { exp(k) } else { a*k }; s*t + k }",
            1,
        ),
    ] {
        for form in forms(text) {
            assert!(form.matches("if ").count() <= expected, "{text}: {form}");
        }
        let count = if text.contains("fn f(k") { 3 } else { forms(text).len() };
        agrees_with_differences(text, &[&[-1.7, 1.3, 0.4], &[2.9, -0.4, 0.7]].map(|point| &point[..count]));
    }
}
