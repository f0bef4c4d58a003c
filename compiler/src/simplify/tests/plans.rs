//! What a term is written as: the same term again, in as few operations as a person takes.

use std::collections::{BTreeSet, HashMap};

use crate::algebra::digits::Digits;
use crate::algebra::quotient::Field;
use crate::parse::parse_formula;
use crate::resolve::resolve;
use crate::simplify::plan::realise;
use crate::simplify::search::is_leaf;

/// How many operations a formula has when it is written out from its term; `None` if it is given up.
fn written(text: &str) -> Option<usize> {
    let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    let mut function = resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).remove(0);
    let before = function.outputs[0].value.clone();
    let plan = {
        let mut field = Field::new(&function.graph, BTreeSet::new(), &[]);
        let numbers = function.graph.nodes().filter_map(|node| function.graph.as_constant(node));
        field.digits = Digits::of(numbers);
        let term = field.term(&before)?;
        field.plan(&term)?
    };
    let after = realise(&mut function.graph, &plan, &mut HashMap::new(), &|_| false).expect("a plan that fits");
    let mut field = Field::new(&function.graph, BTreeSet::new(), &[]);
    let terms = [&before, &after].map(|value| field.term(value).expect("small"));
    assert!(field.proves_equal(&terms[0], &terms[1]), "{text} is written as {plan:?}");
    let live = function.graph.live([after.node]);
    Some(function.graph.nodes().filter(|node| live[node.index()] && !is_leaf(&function.graph, *node)).count())
}

#[test]
fn numbers_are_written_exactly_or_not_at_all() {
    for (text, operations) in [
        ("fn f(x) = 1e-20*x + 2e-20*x;", Some(1)),
        ("fn f(x) = 1.5e-20*(2*x);", Some(1)),
        ("fn f(x) = 1e-40*(2*x);", Some(1)),
        ("fn f(x) = 3e200*(2e100*x);", Some(1)),
        ("fn f(x) = x*1e20/3e20;", Some(1)),
        ("fn f(x) = 2*(x/100);", Some(1)),
        ("fn f(x, t) = 1e-20*x + 1e-40*t;", Some(3)),
        ("fn f(x) = 1e20*x + 1e-20*x;", None),
        ("fn f(x) = 0.70711*(0.27061*x);", None),
        ("fn f(x) = 1.380649e-23*(6.02214076e23*x);", None),
    ] {
        assert_eq!(written(text), operations, "{text}");
    }
}

#[test]
fn terms_are_written_in_few_operations() {
    for (text, most) in [
        ("fn f(x, t) = 2*x - 2*t;", 2),
        ("fn f(x, t) = x/3 + t/3;", 2),
        ("fn f(x, t) = -x/3 - t/3;", 3),
        ("fn f(x, t) = -x - t;", 2),
        ("fn f(x, t) = -x + t;", 1),
        ("fn f(x, t) = -(x - t);", 1),
        ("fn f(x, t) = -3*(x - t);", 2),
        ("fn f(x, t) = x - 2*t + 3*x - 6*t;", 3),
        ("fn f(x, t) = 2*x/3 - 2*t/3;", 3),
        ("fn f(x, t, u) = x*t + x*u;", 2),
        ("fn f(x, t, u) = x*t - x*u;", 2),
        ("fn f(x, t, u) = -x*t - x*u;", 3),
        ("fn f(x, t, u, v, w) = x*t + x*u + v*w;", 4),
        ("fn f(x, t, u, v, w) = x*t - x*u - v*w;", 4),
        ("fn f(x, t, u, v, w) = x*t + v*u + x*w;", 4),
        ("fn f(x, t, u, v) = x*t + t*u + x*v + x*sin(x);", 6),
        ("fn f(x, t, u) = x**2*t + x**3*u;", 5),
        ("fn f(x, t) = x**2 + 2*x*t;", 3),
        ("fn f(x, t) = x*exp(t) + x*sin(t) + x;", 5),
        ("fn f(x, t) = x/(t - x);", 2),
        ("fn f(x, t) = -x/(t - x);", 2),
        ("fn f(x, t) = -x/(t - x)/(t - x)/(t - x);", 3),
        ("fn f(x, t) = -x/(t - x)/(t - x);", 4),
        ("fn f(x, t) = -x/(t + x);", 3),
        ("fn f(x, t) = -x/(t + x)/(t + x)/(t + x);", 4),
        ("fn f(x, t, u) = -x/(t - x)/(u - x);", 4),
        ("fn f(x, t, u) = x*t/u;", 2),
        ("fn f(x, t, u) = x/t/u;", 2),
        ("fn f(x) = 1/x;", 1),
        ("fn f(x) = 3/x**2;", 2),
        ("fn f(x) = sqrt(x)**3;", 2),
        ("fn f(x) = x*sqrt(x);", 2),
        ("fn f(x, t) = x/sqrt(t);", 3),
        ("fn f(x, t) = exp(x - t);", 3),
        ("fn f(x, t) = exp(1.5*x)*t;", 4),
        ("fn f(x, t) = exp(x)*exp(t)*t;", 4),
        ("fn f(x, t) = log(exp(x)*t**2);", 3),
        ("fn f(x: [N], y: [N], c) = c*sum(x) + c*sum(y);", 4),
        ("fn f(x: [N], y: [N]) = 2*sum(x*y) + 2*sum(x**2);", 4),
        ("fn f(x: [N], y: [N], z: [N]) = sum(x*y) - sum(x*z);", 3),
        ("fn f(x: [N], y: [N], z: [N], c) = c*sum(x*y) - c*sum(x*z);", 4),
        ("fn f(x: [N], y: [N], z: [N], c) = c*sum(x*y) - sum(x*z);", 6),
        ("fn f(x: [N], y: [M], c) = sum(c*x) + sum(c*y);", 4),
        ("fn f(a: [N, M], b: [N, M], x: [M]) = a @ x + b @ x;", 3),
        ("fn f(a: [N, M], x: [M]) = max(a @ x)*3;", 4),
    ] {
        let found = written(text).unwrap_or_else(|| panic!("{text}: given up"));
        assert!(found <= most, "{text} is written in {found} operations");
    }
}

/// Branches are not written as products, and conditions not in other words.
#[test]
fn conditions_are_not_written_out() {
    for text in [
        "fn f(x, t) = if x > t { x } else { t };",
        "fn f(x, t) = if x > 0 { t } else { 0 };",
        "fn f(x, t) = if x == t { sin(x) } else { 0 };",
    ] {
        assert_eq!(written(text), None, "{text}");
    }
    assert!(written("fn f(x: [N], y: [N]) { let out[i, j] = if i == j { x[i]*y[j] } else { 0 }; out }").is_some());
}

/// What nests too deep is given up, be it functions or sums.
#[test]
fn depth_is_bounded() {
    let nested = |before: &str, after: &str, depth: usize| {
        written(&format!("fn f(x, t) = {}x{};", before.repeat(depth), after.repeat(depth)))
    };
    for (before, after, operations) in
        [("sin(", ")", 1), ("exp(sin(", "))", 2), ("sin(t + t*", ")", 2), ("cos(1/(t + ", "))", 3)]
    {
        for depth in [1, 3, 6] {
            let found = nested(before, after, depth).unwrap_or_else(|| panic!("{before} {depth} times: given up"));
            assert!(found <= 2 * operations * depth, "{before} {depth} times: {found}");
        }
        assert_eq!(nested(before, after, 30), None, "{before}");
    }
    assert_eq!(nested("sin(", ")", 23), Some(23));
    assert_eq!(nested("sin(", ")", 24), None);
    // A polynomial nests as deep as it has terms that share a factor.
    for (terms, given) in [(12, true), (30, false)] {
        let inputs: Vec<String> = (0..terms).map(|place| format!("a{place}")).collect();
        let opened: Vec<String> = inputs.iter().map(|input| format!("{input} + x*(")).collect();
        let text = format!("fn f(x, {}) = {}x{};", inputs.join(", "), opened.concat(), ")".repeat(terms));
        assert_eq!(written(&text).is_some(), given, "{terms} terms");
    }
}
