//! Closed forms where the formula is not smooth: at ties, at zeros of what has a corner there, and where a branch is not
//! taken. What is expected is worked out by hand, by the conventions of the operators' table.

use crate::derive::{Derived, Request, derive};
use crate::evaluate::{Tensor, evaluate};
use crate::lower::lower;
use crate::parse::parse_formula;
use crate::resolve::resolve;

fn derived(text: &str) -> Derived {
    let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    let function = resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).pop().expect("one");
    derive(function, &Request { order: 2, ..Request::default() }).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

fn numbers(values: &[f64]) -> Tensor {
    Tensor { shape: vec![values.len()], data: values.to_vec() }
}

fn number(value: f64) -> Tensor {
    Tensor { shape: Vec::new(), data: vec![value] }
}

/// The derivatives at a point, first ones first: as the chain rule gives them, and in closed form.
fn at(derived: &Derived, point: &[Tensor]) -> [Vec<f64>; 2] {
    [derived.wanted_raw(), derived.wanted_closed()].map(|wanted| {
        let program = lower(&derived.function.graph, &wanted);
        let results = evaluate(&program, point).expect("evaluates");
        results.into_iter().skip(derived.output_names.len()).flat_map(|result| result.data).collect()
    })
}

fn assert_near(found: &[f64], expected: &[f64], what: &str) {
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * b.abs().max(1.0);
    assert!(
        found.len() == expected.len() && found.iter().zip(expected).all(near),
        "{what}: {found:?}, and {expected:?} is expected"
    );
}

/// Checks the derivatives of a function of one number.
fn check(body: &str, cases: &[(f64, f64, f64)]) {
    let derived = derived(&format!("fn f(x) {{ {body} }}"));
    for (x, first, second) in cases {
        for (values, kind) in at(&derived, &[number(*x)]).iter().zip(["chain rule", "closed form"]) {
            assert_near(values, &[*first, *second], &format!("{body} at {x}, {kind}"));
        }
    }
}

#[test]
fn a_branch_that_is_not_taken_has_no_influence() {
    check("if x > 0 { sqrt(x) } else { 0 }", &[(0.0, 0.0, 0.0), (-1.0, 0.0, 0.0), (4.0, 0.25, -1.0 / 32.0)]);
    check("if x > 0 { x*sqrt(x) } else { 0 }", &[(0.0, 0.0, 0.0), (-4.0, 0.0, 0.0), (4.0, 3.0, 0.375)]);
    check("if x > 0 { log(x) } else { x }", &[(0.0, 1.0, 0.0), (-1.0, 1.0, 0.0), (2.0, 0.5, -0.25)]);
    check("if x == 0 { 0 } else { exp(-1/x**2) }", &[(0.0, 0.0, 0.0)]);
    let nested = "if x > 0 { if x > 1 { x**2 } else { x } } else { -x }";
    check(nested, &[(-1.0, -1.0, 0.0), (0.0, -1.0, 0.0), (0.5, 1.0, 0.0), (1.0, 1.0, 0.0), (2.0, 4.0, 2.0)]);
    let nested = "if x > 0 { if x > 1 { sqrt(x - 1) } else { x**3 } } else { if x > -1 { 0 } else { sqrt(-x - 1) } }";
    check(nested, &[(0.0, 0.0, 0.0), (1.0, 3.0, 6.0), (2.0, 0.5, -0.25), (-0.5, 0.0, 0.0), (-2.0, -0.5, -0.25)]);
}

#[test]
fn corners_have_the_derivative_of_the_convention() {
    check("abs(x)", &[(0.0, 0.0, 0.0), (-2.0, -1.0, 0.0), (2.0, 1.0, 0.0)]);
    check("relu(x)", &[(0.0, 0.0, 0.0), (-2.0, 0.0, 0.0), (2.0, 1.0, 0.0)]);
    check("relu(x)**2", &[(0.0, 0.0, 0.0), (-2.0, 0.0, 0.0), (2.0, 4.0, 2.0)]);
    check("x*abs(x)", &[(0.0, 0.0, 0.0), (-3.0, 6.0, -2.0), (3.0, 6.0, 2.0)]);
    check("x*sign(x)", &[(0.0, 0.0, 0.0), (-3.0, -1.0, 0.0), (3.0, 1.0, 0.0)]);
    check("x/(1 + abs(x))", &[(0.0, 1.0, 0.0), (-1.0, 0.25, 0.25), (1.0, 0.25, -0.25)]);
    check("max(x, 0)*x", &[(0.0, 0.0, 1.0), (-1.0, 0.0, 0.0), (3.0, 6.0, 2.0)]);
    check("min(x, 1)**2", &[(1.0, 1.0, 0.5), (0.5, 1.0, 2.0), (2.0, 0.0, 0.0)]);
}

#[test]
fn a_tie_is_split_evenly() {
    let both = derived("fn f(x, t) = max(x, t)*x + min(x, t);");
    // At x == t == 2: max is 2, and half of each slope counts.
    let expected = [0.5 * 2.0 + 2.0 + 0.5, 0.5 * 2.0 + 0.5, 0.5 + 0.5, 0.5, 0.5, 0.0];
    for values in at(&both, &[number(2.0), number(2.0)]) {
        assert_near(&values, &expected, "max(x, t)*x + min(x, t)");
    }
    let largest = derived("fn f(x: [K]) = max(x);");
    for values in at(&largest, &[numbers(&[1.0, 1.0, 0.0])]) {
        assert_near(&values, &[0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], "max(x)");
    }
    let square = derived("fn f(x: [K]) = max(x)**2;");
    for values in at(&square, &[numbers(&[3.0, 3.0])]) {
        assert_near(&values, &[3.0, 3.0, 0.5, 0.5, 0.5, 0.5], "max(x)**2");
    }
}

/// What a shift by the largest element leaves out is smooth: ties do not matter.
#[test]
fn a_smooth_function_is_smooth_at_a_tie_of_its_maximum() {
    for text in [
        "fn f(a: [K]) { let m = max(a); m + log(sum(exp(a - m))) }",
        "fn f(a: [K]) = logsumexp(a);",
        "fn f(a: [K]) = log(sum(exp(a)));",
        "fn f(a: [K], t: [K]) wrt(a) where sum(t) == 1 = -sum(t*log(softmax(a)));",
    ] {
        let derived = derived(text);
        let targets = [0.5, 0.25, 0.25];
        for logits in [[1.0, 1.0, 0.0], [2.0, 2.0, 2.0], [0.0, 1.0, 2.0]] {
            let sum: f64 = logits.iter().map(|logit: &f64| logit.exp()).sum();
            let shares = logits.map(|logit| logit.exp() / sum);
            let entropy = derived.function.parameters.len() == 2;
            let mut expected: Vec<f64> =
                shares.iter().zip(targets).map(|(share, target)| share - if entropy { target } else { 0.0 }).collect();
            for (i, own) in shares.iter().enumerate() {
                expected
                    .extend(shares.iter().enumerate().map(|(j, other)| own * (f64::from(u8::from(i == j)) - other)));
            }
            let mut point = vec![numbers(&logits)];
            point.extend(entropy.then(|| numbers(&targets)));
            for values in at(&derived, &point) {
                assert_near(&values, &expected, &format!("{text} at {logits:?}"));
            }
        }
    }
}

/// A closed form that holds at a corner need not have the derivative there that the chain rule gives by its conventions:
/// `abs(x)**2` is `x**2`, and its second derivative at 0 is 0 by the chain rule.
#[test]
fn second_derivatives_are_the_chain_rules_at_corners() {
    for body in [
        "abs(x)**2*t",
        "abs(x)*abs(x)",
        "abs(x)**3",
        "sign(x)*abs(x)*t",
        "sign(x)*abs(x)*x",
        "abs(x)*sign(x)*exp(abs(x)*sign(x))",
        "abs(x*t)*sign(x)",
        "max(x, t) + min(x, t)",
        "max(x, t)*min(x, t)",
        "(max(x, t) - min(x, t))**2",
        "abs(x - t)**2/(1 + abs(x - t))",
        "relu(x)*relu(-x)",
        "relu(x) - relu(-x)",
        "(relu(x) - relu(-x))**2",
        "if x == 0 { 0 } else { x }",
        "if x == t { x } else { t*x }",
        "if abs(x) <= t { x**2/2 } else { t*(abs(x) - t/2) }",
        "sqrt(x**2 + 1)*abs(x)",
        "log(1 + exp(-abs(x))) + max(x, 0)",
        "exp(-abs(x))*t/(1 + exp(-abs(x)))",
    ] {
        let derived = derived(&format!("fn f(x, t) {{ {body} }}"));
        for (x, t) in [-2.0, -1.0, 0.0, 1.0, 2.0].into_iter().flat_map(|x| [-1.0, 0.0, 1.0, 2.0].map(|t| (x, t))) {
            let [raw, closed] = at(&derived, &[number(x), number(t)]);
            let known: Vec<(f64, f64)> = raw.into_iter().zip(closed).filter(|(raw, _)| raw.is_finite()).collect();
            let (raw, closed): (Vec<f64>, Vec<f64>) = known.into_iter().unzip();
            assert_near(&closed, &raw, &format!("{body} at {x}, {t}"));
        }
    }
}
