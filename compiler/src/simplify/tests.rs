//! Closed forms of scalar formulas, from their definitions as written.

mod bank;
mod budgets;
mod conditions;
mod forms;
mod identities;
mod kinks;
mod leaves;
mod linear;
mod plans;
mod polynomials;
mod products;
mod proofs;
mod samples;
mod terms;
mod tidy;
mod walk;

use std::collections::BTreeSet;

use crate::derive::{Request, derive};
use crate::evaluate::{Tensor, evaluate};
use crate::lower::lower;
use crate::parse::parse_formula;
use crate::print::Style;
use crate::resolve::resolve;

/// The derivatives in closed form.
fn forms(text: &str) -> Vec<String> {
    let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    let function = resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).pop().expect("one");
    let derived = derive(function, &Request { order: 1, ..Request::default() }).expect("derives");
    let listing = derived.listing(Style::Language, |_, _| String::new());
    listing.asked[1..].iter().map(|line| line.formula.clone()).collect()
}

#[test]
fn closed_forms_are_found_from_definitions() {
    for (text, expected) in [
        ("1/(1 + exp(-x))", &["y*(1 - y)"][..]),
        ("exp(x)/(1 + exp(x))", &["y*(1 - y)"]),
        ("sigmoid(x)", &["y*(1 - y)"]),
        ("(exp(x) - exp(-x))/(exp(x) + exp(-x))", &["1 - y**2"]),
        ("2/(1 + exp(-2*x)) - 1", &["1 - y**2"]),
        ("tanh(x)", &["1 - y**2"]),
        ("log(1 + exp(x))", &["sigmoid(x)"]),
        ("x/(1 + exp(-x))", &["y + sigmoid(x)*(1 - y)"]),
        ("sqrt(x)", &["1/(2*y)"]),
        ("1/x", &["-y**2"]),
        ("sqrt(a**2 + b**2)", &["a/y", "b/y"]),
        ("exp(x)", &["y"]),
        ("let s = 1/(1 + exp(-x)); -(t*log(s) + (1 - t)*log(1 - s))", &["s - t", "s2 - s1"]),
        ("exp(x) - t*x", &["s1 - t", "-x"]),
        ("(x - t)**2/2", &["s1", "-s1"]),
        ("walnut * count * tax", &["tax*count", "tax*walnut", "s1"]),
        ("let s = exp(a) + exp(b) + exp(c); log(s)", &["s1/s", "s2/s", "s3/s"]),
        ("if x > 0 { 1/(1 + exp(-x)) } else { x**2 }", &["if s1 { d2*(1 - d2) } else { 2*x }"]),
    ] {
        assert_eq!(forms(text), expected, "{text}");
    }
}

#[test]
fn nothing_is_divided_by_that_the_chain_rule_does_not_divide_by() {
    // x**3 must not become 3*y/x, which is not defined at 0.
    assert_eq!(forms("x**3"), ["3*x**2"]);
    assert_eq!(forms("x*exp(x)"), ["s1 + y"], "not y/x + y");
}

#[test]
fn a_derivation_is_the_same_every_time() {
    let text = "let s = 1/(1 + exp(-x)); s*log(1 + exp(x*t)) + t/(1 + exp(-t))";
    assert_eq!(forms(text), forms(text));
}

#[test]
fn only_facts_that_a_form_takes_are_relied_on() {
    for (text, facts) in [
        ("fn f(x, t) where t > 0, x > 0 = 1/(1 + exp(-x));", &[][..]),
        ("fn f(x, t) where t > 0, x > 0 = x**x;", &[1]),
        (
            "fn f(a, b, t, u) wrt(a, b) where t > 0, t + u == 1 { let s = exp(a) + exp(b); t*log(s/exp(a)) + u*log(s/exp(b)) }",
            &[1],
        ),
    ] {
        let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        let function = resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).pop().expect("one");
        let derived = derive(function, &Request { order: 1, ..Request::default() }).expect("derives");
        let used: BTreeSet<usize> = derived.steps.iter().flat_map(|step| step.facts.iter().copied()).collect();
        assert_eq!(used.into_iter().collect::<Vec<_>>(), facts, "{text}");
    }
}

/// At zeros, ties and in branches that are not taken: where poles are.
#[test]
fn closed_forms_have_a_value_where_the_chain_rule_has_one() {
    for body in [
        "x**3*t",
        "x*exp(x)*t",
        "x**2*t + x*t**2",
        "x*t/(1 + x**2)",
        "sqrt(1 + (x*t)**2)*x",
        "x*exp(-x**2/2)*t**3",
        "(x*t)**2*sin(x)",
        "abs(x)*x + sign(x)**2*t",
        "if x > 0 { log(x)*x } else { x*t }",
        "if x > 0 { sqrt(x)*t + x } else { t*x**2 }",
        "if x == 0 { t } else { sin(x)/x*t }",
        "if x > 0 { t/x + 1/(1 + exp(-1/x)) } else { x*t }",
        "if x > t { let s = 1/(x - t); s*exp(-s) } else { t**2*x }",
        "let s = if x > 0 { x } else { 1 }; log(s)*s*t",
        "x**(5/3) + t",
        "x**(2/3)*t",
        "x**1.7 + t**1.2",
        "abs(x)**(4/3)*t",
    ] {
        let text = format!("fn f(x, t) {{ {body} }}");
        let module = parse_formula(&text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        let function =
            resolve(&module, &text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).pop().expect("one");
        let derived = derive(function, &Request { order: 2, ..Request::default() }).expect("derives");
        let programs = [derived.wanted_raw(), derived.wanted_closed()].map(|all| lower(&derived.function.graph, &all));
        for (x, t) in [-2.0, -1.0, 0.0, 0.5, 1.0].into_iter().flat_map(|x| [-1.0, 0.0, 2.0].map(|t| (x, t))) {
            let point = [x, t].map(|value| Tensor { shape: Vec::new(), data: vec![value] });
            let [raw, closed] = programs.each_ref().map(|program| evaluate(program, &point).expect("evaluates"));
            for (place, (raw, closed)) in
                raw.iter().zip(&closed).enumerate().filter(|(_, (raw, _))| !raw.data[0].is_nan())
            {
                let (raw, closed) = (raw.data[0], closed.data[0]);
                assert!(
                    raw == closed || (raw - closed).abs() <= 1e-9 * raw.abs().max(1.0),
                    "{body} at {x}, {t}: result {place} is {closed}, not {raw}"
                );
            }
        }
    }
}

/// The last position of an axis is what all others leave; what only depends on a position is another matter.
#[test]
fn what_is_made_of_a_position_is_no_position() {
    for condition in ["i*t == 2", "i*i == 4", "2*i == 4", "i == 2"] {
        let text = format!(
            "fn f(a: [3], x, t) wrt(x) {{ let b[i] = (if {condition} {{ x**2 }} else {{ 0 }})*(if i == 1 {{ sin(x)*a[i] }} else \
             {{ x*a[i] }}); b }}"
        );
        let module = parse_formula(&text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        let function =
            resolve(&module, &text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).pop().expect("one");
        let derived = derive(function, &Request { order: 1, ..Request::default() }).expect("derives");
        let (x, t) = (1.25_f64, 2.0);
        let inputs = [
            Tensor { shape: vec![3], data: vec![2.0, 3.0, 5.0] },
            Tensor { shape: Vec::new(), data: vec![x] },
            Tensor { shape: Vec::new(), data: vec![t] },
        ];
        let program = lower(&derived.function.graph, &derived.wanted_closed());
        let found = evaluate(&program, &inputs).expect("evaluates").pop().expect("a Jacobian").data;
        let at = [
            0.0,
            if condition == "i*t == 2" { 3.0 * (2.0 * x * x.sin() + x * x * x.cos()) } else { 0.0 },
            if condition == "i*t == 2" { 0.0 } else { 5.0 * 3.0 * x * x },
        ];
        for (found, expected) in found.iter().zip(at) {
            assert!((found - expected).abs() < 1e-12, "{condition}: {found} and {expected}");
        }
    }
}
