//! What facts say, which of them contradict each other, and whether they hold at a point.

use super::{Meaning, Sign, checks, claims, contradictions, sign};
use crate::diagnostic::Diagnostics;
use crate::evaluate::{Tensor, evaluate};
use crate::graph::{Graph, Ref};
use crate::parse::parse_module;
use crate::resolve::{Function, resolve};

fn resolved(text: &str) -> Result<Function, Diagnostics> {
    let module = parse_module(text).unwrap_or_else(|errors| panic!("{text} does not parse: {errors:?}"));
    resolve(&module, text).map(|mut functions| functions.pop().expect("a function"))
}

/// A function of scalars and arrays with these facts.
fn with(facts: &str) -> String {
    format!("fn f(x, y, z, t: [N, K], v: [K], a: [N, N]) where {facts} = x * y * z + sum(t) + sum(v) + sum(a);")
}

fn function(facts: &str) -> Function {
    resolved(&with(facts)).unwrap_or_else(|errors| panic!("{facts}: {errors:?}"))
}

fn name(graph: &Graph, value: &Ref) -> String {
    let input = |place: u32| graph.inputs()[place as usize].name.clone();
    match graph.operation(value.node) {
        crate::graph::Operation::Input(place) => input(place),
        other => format!("{other:?}"),
    }
}

#[test]
fn facts_are_split_and_read() {
    let function = function("x > 0 && (y == 1 && x > 0), !(z == 2), x < 1 || y > 0, a == a.T, 1 == 1");
    let claims = claims(&function.graph, &function.facts);
    let read: Vec<(usize, &str)> = claims
        .iter()
        .map(|claim| {
            let meaning = match claim.meaning {
                Meaning::Equal(..) => "equal",
                Meaning::Different(..) => "different",
                Meaning::Greater(..) => "greater",
                Meaning::AtLeast(..) => "at least",
                Meaning::Never => "never",
                Meaning::Other => "other",
            };
            (claim.fact, meaning)
        })
        .collect();
    let expected = [(0, "greater"), (0, "equal"), (1, "different"), (2, "other"), (3, "equal"), (4, "other")];
    assert_eq!(read, expected);
    let Meaning::Equal(left, right) = &claims[4].meaning else { panic!("an equality") };
    assert_eq!(left.node, right.node);
    assert_eq!(left.axes, [right.axes[1], right.axes[0]]);
}

#[test]
fn signs_follow_from_comparisons_with_numbers() {
    for (fact, expected) in [
        ("x > 0", Some(Sign::Positive)),
        ("0 < x", Some(Sign::Positive)),
        ("x >= 1", Some(Sign::Positive)),
        ("x > -1", None),
        ("x >= 0", Some(Sign::NotNegative)),
        ("x < 0", Some(Sign::Negative)),
        ("x <= 0", Some(Sign::NotPositive)),
        ("-0.5 >= x", Some(Sign::Negative)),
        ("x < 1", None),
        ("x != 0", Some(Sign::NotZero)),
        ("x != 1", None),
        ("x == 2", Some(Sign::Positive)),
        ("x == -2", Some(Sign::Negative)),
        ("x == 0", None),
        ("3 - 2 * x < 1", Some(Sign::Positive)),
        ("1 > x / -2 + 1", Some(Sign::Positive)),
        ("x + x + 1 <= 1 - x", Some(Sign::NotPositive)),
        ("!(x <= 0)", Some(Sign::Positive)),
        ("!(x == 0)", Some(Sign::NotZero)),
        ("x - x > -1", None),
        ("-x < 0", Some(Sign::Positive)),
        ("y - y + x > 0", Some(Sign::Positive)),
    ] {
        let function = function(fact);
        let signs = claims(&function.graph, &function.facts)[0].signs(&function.graph);
        let found = signs.iter().find(|(value, _)| name(&function.graph, value) == "x").map(|(_, sign)| *sign);
        assert_eq!(found, expected, "{fact}: {signs:?}");
    }
    let function = function("x - y > 0");
    let signs = claims(&function.graph, &function.facts)[0].signs(&function.graph);
    assert!(matches!(signs.as_slice(), [(_, Sign::Positive)]), "the difference is positive: {signs:?}");
}

/// The sign of the function's value by its facts, and the facts that it takes.
fn sign_of(text: &str) -> Option<(Sign, Vec<usize>)> {
    let function = resolved(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    sign(&function.graph, &claims(&function.graph, &function.facts), &function.outputs[0].value)
}

#[test]
fn signs_follow_from_facts_together() {
    use Sign::{Negative, NotNegative, NotPositive, NotZero, Positive};
    for (text, expected) in [
        ("fn f(x, y) where y < 0, x < 1 = 1 - x;", Some((Positive, vec![1]))),
        ("fn f(x, y) where x <= 1 = 2 * x - 2;", Some((NotPositive, vec![0]))),
        ("fn f(x, y, z) where x > y, y >= z = x - z;", Some((Positive, vec![0, 1]))),
        ("fn f(x, y, z) where x >= y, y >= z = x - z;", Some((NotNegative, vec![0, 1]))),
        ("fn f(x, y) where x != y = x - y;", Some((NotZero, vec![0]))),
        ("fn f(x, y) where x + y == 1, y > 2 = x;", Some((Negative, vec![0, 1]))),
        ("fn f(x, y) where x + y == 1, y > 2 = x + y;", Some((Positive, vec![0]))),
        ("fn f(x, y) where x > 0, y < 0 = x + y;", None),
        ("fn f(x, y) where x > 0, y > 0 = x * y;", None),
        ("fn f(x) = x;", None),
        ("fn f(x) = 0 * x - 3;", Some((Negative, vec![]))),
        ("fn f(t: [N]) where t > 0 = sum(t);", Some((Positive, vec![0]))),
        ("fn f(t: [N]) where t > 0 = t;", Some((Positive, vec![0]))),
        ("fn f(t: [N, K], b: [K]) where t > b, t < 0 = t - b;", Some((Positive, vec![0]))),
        ("fn f(a: [N, N]) where a > 0 = a.T;", Some((Positive, vec![0]))),
        ("fn f(a: [N, N]) where a > 0 = trace(a);", Some((Positive, vec![0]))),
        // About the diagonal only, and about each element beside its mirror image.
        ("fn f(a: [N, N]) where diag(a) > 0 = a;", None),
        ("fn f(a: [N, N]) where a == a.T = a - a.T;", None),
        ("fn f(a: [N, N]) = a - a.T;", None),
    ] {
        assert_eq!(sign_of(text), expected, "{text}");
    }
}

#[test]
fn contradictions_are_told_with_what_they_contradict() {
    for (facts, message) in [
        ("x > 0, x < 0", "`x < 0` contradicts `x > 0`"),
        ("x > 0, x == 0", "`x == 0` contradicts `x > 0`"),
        ("x > 0, y > 0, x == -1", "`x == -1` contradicts `x > 0`"),
        ("x != 0, x == 0", "`x == 0` contradicts `x != 0`"),
        ("x >= 0, x <= 0, x != 0", "`x != 0` contradicts `x >= 0` and `x <= 0`"),
        ("x > 0, !(x > 0)", "`!(x > 0)` contradicts `x > 0`"),
        ("x > 1 && x < 1", "`x > 1 && x < 1` never holds"),
        ("sum(t) == 1, sum(t) == 2", "`sum(t) == 2` contradicts `sum(t) == 1`"),
        ("sum(t, axis = 1) == 1, sum(t, axis = 1) == 2", "contradicts `sum(t, axis = 1) == 1`"),
        ("x == 1, y == 1, x + y == 3", "`x + y == 3` contradicts `x == 1` and `y == 1`"),
        ("x + y == 1, z > 4, x - y == 0.5, x == 0.7", "contradicts `x + y == 1` and `x - y == 0.5`"),
        ("x + y + z == 1, 2 * (x + y) + z * 2 == 3", "contradicts `x + y + z == 1`"),
        ("x > 0, y > 0, x + y == -1", "`x + y == -1` contradicts `x > 0` and `y > 0`"),
        ("x > y, y > z, z > x", "`z > x` contradicts `x > y` and `y > z`"),
        ("x >= y, y >= z, z > x", "`z > x` contradicts `x >= y` and `y >= z`"),
        ("x / 4 == 1, x == 0.25", "`x == 0.25` contradicts `x / 4 == 1`"),
        ("0 < -x, x > 0", "`x > 0` contradicts `0 < -x`"),
        ("1 == 2", "`1 == 2` never holds"),
        ("x > 0 && 2 < 1", "`x > 0 && 2 < 1` never holds"),
        ("x != x", "`x != x` never holds"),
        ("x + 0.1 + 0.2 == x + 0.4", "never holds"),
        ("t > 0, t.T <= 0", "`t.T <= 0` contradicts `t > 0`"),
        ("t > v, v > 0, t < 0", "`t < 0` contradicts `t > v` and `v > 0`"),
        ("t >= 0, sum(t) == -1", "`sum(t) == -1` contradicts `t >= 0`"),
        ("v <= 0, sum(v) > 0", "`sum(v) > 0` contradicts `v <= 0`"),
        ("x > 1, x > 2, x < 0", "`x < 0` contradicts `x > 1`"),
        ("v < 0, max(v) >= 0", "`max(v) >= 0` contradicts `v < 0`"),
        ("a - a.T > 0", "never holds"),
    ] {
        let errors = resolved(&with(facts)).err().unwrap_or_else(|| panic!("{facts} cannot hold"));
        assert_eq!(errors.len(), 1, "{facts}: {errors:?}");
        assert!(errors[0].message.ends_with(message), "{facts}: {}", errors[0].message);
        assert_eq!(errors[0].code.as_str(), "E0016");
        let named = errors[0].message.matches('`').count() / 2;
        assert_eq!(errors[0].spans.len(), named, "a place for each fact that is named");
    }
}

#[test]
fn every_contradiction_is_told() {
    let errors = resolved(&with("x > 0, y > 0, x < 0, 1 > 2, y == -3")).expect_err("three contradictions");
    let said: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    let expected = [
        "the fact `x < 0` contradicts `x > 0`",
        "the fact `1 > 2` never holds",
        "the fact `y == -3` contradicts `y > 0`",
    ];
    assert_eq!(said, expected);
}

#[test]
fn what_can_hold_is_right() {
    for facts in [
        "x > 0, x > 0, x >= 0, x != 0",
        "x >= 0, x <= 0, x == 0",
        "x == 1, y == 1, x + y == 2",
        "x / 4 == 1, x == 4",
        "x + y == 1, x - y == 0.5, x == 0.75",
        "x > 0, y > 0, x + y == 1",
        "x > y, y > z, x > z",
        "sum(t, axis = 1) == 1, sum(v) == 2, sum(t) > 0",
        "t >= 0, t <= 0, sum(t) == 0",
        "a == a.T, a > 0",
        "diag(a) > 0, sum(a) == -1",
        "x * y == 1, x * y > 0, y * x < 0 || x > 0",
        "x < 1 || x > 2, x == 1.5",
        "x != 0, x != 1, x != 2",
        "v > 0, v < 1e-300",
        "x == 1e-300, x > 1e-301",
        "x > 0.1, x < 0.10000000000000001",
    ] {
        let errors = resolved(&with(facts)).err();
        assert!(errors.is_none(), "{facts}: {errors:?}");
    }
}

#[test]
fn long_lists_of_facts_are_cheap() {
    let chain: Vec<String> = (0..400).map(|at| format!("x > y * {at} - z / {}", at + 1)).collect();
    let function = function(&chain.join(", "));
    assert!(contradictions(&function.graph, &function.facts).is_empty());
    let doubled = (0..60).fold("x".to_owned(), |text, _| format!("({text} + y)"));
    assert!(resolved(&with(&format!("{doubled} == 1, {doubled} > 0"))).is_ok());
}

/// Whether each fact holds at a point.
fn hold(text: &str, inputs: &[(&[usize], &[f64])]) -> Vec<bool> {
    let function = resolved(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    let program = checks(&function.graph, &function.facts).expect("small");
    let tensor = |(shape, data): &(&[usize], &[f64])| Tensor { shape: shape.to_vec(), data: data.to_vec() };
    let results = evaluate(&program, &inputs.iter().map(tensor).collect::<Vec<_>>()).expect("runs");
    results.iter().map(|result| result.data == [1.0]).collect()
}

#[test]
fn facts_hold_up_to_rounding() {
    let thirds = "fn f(x, y, z) where x + y + z == 1, x > 0 && y > 0 = x * y * z;";
    let third = 1.0 / 3.0;
    for (point, expected) in [
        ([third, third, third], [true, true]),
        // Four terms whose magnitudes sum up to 2: 4 · 8 · eps · 2.
        ([third, third, third + 60.0 * f64::EPSILON], [true, true]),
        ([third, third, third + 70.0 * f64::EPSILON], [false, true]),
        ([third, third, third - 60.0 * f64::EPSILON], [true, true]),
        ([third, third, third - 70.0 * f64::EPSILON], [false, true]),
        ([0.0, 0.5, 0.5], [true, false]),
        ([1.0, f64::MIN_POSITIVE, 0.0], [true, true]),
        ([1.0, -f64::MIN_POSITIVE, 0.0], [true, false]),
        ([f64::NAN, 0.5, 0.5], [false, false]),
        // Large terms that cancel: their rounding is allowed for.
        ([1e16, -1e16, 1.5], [true, false]),
        ([f64::INFINITY, 1.0, 1.0], [false, true]),
    ] {
        let inputs = point.map(|value| [value]);
        let inputs: Vec<(&[usize], &[f64])> = inputs.iter().map(|value| (&[][..], &value[..])).collect();
        assert_eq!(hold(thirds, &inputs), expected, "{point:?}");
    }
    let negative = |x: f64| hold("fn f(x) where x == -1 = x;", &[(&[], &[x])]);
    assert_eq!(negative(-1.0 - 20.0 * f64::EPSILON), [true], "two terms: 2 · 8 · eps · 2");
    assert_eq!(negative(-1.0 - 40.0 * f64::EPSILON), [false]);
    let infinite = "fn f(x, y) where x == y = x * y;";
    assert_eq!(hold(infinite, &[(&[], &[f64::INFINITY]), (&[], &[f64::INFINITY])]), [true]);
    assert_eq!(hold("fn f(x: f32) where x == 0.1 = x;", &[(&[], &[0.1])]), [true]);
    let single = f64::from(f32::EPSILON);
    assert_eq!(hold("fn f(x: f32) where x == 1 = x;", &[(&[], &[1.0 + 16.0 * single])]), [true]);
    assert_eq!(hold("fn f(x: f32) where x == 1 = x;", &[(&[], &[1.0 + 40.0 * single])]), [false]);
}

#[test]
fn facts_about_arrays_hold_at_every_position() {
    let rows = "fn f(t: [N, K]) where sum(t, axis = 1) == 1, t >= 0 = sum(t);";
    let at = |data: &[f64]| hold(rows, &[(&[2, 3], data)]);
    assert_eq!(at(&[0.2, 0.3, 0.5, 1.0, 0.0, 0.0]), [true, true]);
    assert_eq!(at(&[0.2, 0.3, 0.5, 1.0, 0.1, 0.0]), [false, true]);
    assert_eq!(at(&[0.2, 0.3, 0.5, 1.5, -0.5, 0.0]), [true, false]);
    assert_eq!(at(&[1e16, -1e16, 1.5, 0.5, 0.5, 0.0]), [true, false], "each row has a rounding of its own");
    assert_eq!(at(&[0.5, 0.5, 0.0, 0.6, 0.5, 0.0]), [false, true]);
    let joined = "fn f(t: [N, N]) where sum(t, axis = 1) == 1 && t >= 0 = sum(t);";
    assert_eq!(hold(joined, &[(&[2, 2], &[0.5, 0.5, 1.0, 0.0])]), [true], "each side along its own axes");
    assert_eq!(hold(joined, &[(&[2, 2], &[0.5, 0.5, 1.5, -0.5])]), [false]);
    assert_eq!(hold(joined, &[(&[2, 2], &[0.5, 0.5, 1.0, 0.5])]), [false]);
    let symmetric = "fn f(a: [N, N]) where a == a.T = sum(a);";
    assert_eq!(hold(symmetric, &[(&[2, 2], &[1.0, 2.0, 2.0, 5.0])]), [true]);
    assert_eq!(hold(symmetric, &[(&[2, 2], &[1.0, 2.0, 2.1, 5.0])]), [false]);
    let nothing = "fn f(v: [N]) where v > 0, sum(v) == 0 = sum(v);";
    assert!(resolved(nothing).is_err(), "arrays are taken to have elements");
    // A sum of many terms: as many as the array has, however they round.
    let many: Vec<f64> = vec![0.1; 1000];
    let sum = "fn f(v: [N]) where sum(v) - 1 == 99, sum(v) == 100.0000000001 = sum(v);";
    assert!(resolved(sum).is_err(), "0.0000000001 apart");
    assert_eq!(hold("fn f(v: [N]) where sum(v) == 100 = sum(v);", &[(&[1000], &many)]), [true]);
    assert_eq!(hold("fn f(v: [N]) where sum(v) == 100.000001 = sum(v);", &[(&[1000], &many)]), [false]);
    assert_eq!(hold("fn f(v: [N]) where v > 0 = sum(v);", &[(&[0], &[])]), [true], "nothing fails in an empty array");
}
