//! What becomes of formulas; how accurate that is, the facade's test `accuracy` measures.

use super::form;
use crate::derive::{Derived, Request, derive};
use crate::evaluate::{Tensor, evaluate};
use crate::lower::{Wanted, lower};
use crate::parse::parse_formula;
use crate::resolve::resolve;

fn stable(text: &str) -> Derived {
    let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    let function = resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).pop().expect("one");
    let mut derived = derive(function, &Request { order: 2, raw: true, ..Request::default() }).expect("derives");
    derived.stabilise().expect("room");
    derived
}

fn values(derived: &Derived, point: &[f64]) -> Vec<f64> {
    let program = lower(&derived.function.graph, &derived.wanted());
    let inputs: Vec<Tensor> = point.iter().map(|value| Tensor::scalar(*value)).collect();
    evaluate(&program, &inputs).expect("scalars").iter().map(|tensor| tensor.data[0]).collect()
}

#[test]
fn what_is_accurate_stays_as_it_was_written() {
    for text in [
        "x*y",
        "x**3 - 2*x*y + 1",
        "(x - y)**2/2",
        "x/(1 + y**2)",
        "sin(x)*cos(y)",
        "exp(x)",
        "sqrt(x)",
        "if x > 0 { x } else { 0 }",
        "let h = x*y + 2; h*h - x",
    ] {
        let derived = stable(text);
        let raw: Vec<_> = derived.wanted_raw().into_iter().map(|wanted| wanted.value).collect();
        assert_eq!(derived.stable[0], raw[0], "{text}");
        assert!(derived.function.graph.log().iter().all(|step| step.rule != "stabilise"), "{text}");
    }
}

#[test]
fn replacements_are_in_the_log() {
    let derived = stable("log(1 + exp(x))");
    assert!(derived.function.graph.log().iter().any(|step| step.rule == "stabilise"));
    assert_ne!(derived.stable[0], derived.wanted_raw()[0].value);
    // The values are fine here, the second derivatives as the chain rule gives them are not.
    for text in ["x*log(x)", "exp(-x**2/2)"] {
        let derived = stable(text);
        assert_eq!(derived.stable[0], derived.wanted_raw()[0].value, "{text}");
    }
}

#[test]
fn branches_select() {
    let guarded = stable("if x > 0 { sqrt(x) } else { 0 }");
    for x in [0.0, -1.0, -1e300] {
        assert_eq!(values(&guarded, &[x]), [0.0, 0.0, 0.0], "{x}");
    }
    let inside = stable("if x > 0 { log(1 + exp(x)) } else { x**2 }");
    assert_eq!(values(&inside, &[800.0]), [800.0, 1.0, 0.0]);
    assert_eq!(values(&inside, &[-3.0]), [9.0, -6.0, 2.0]);
}

#[test]
fn inner_values_are_mended_where_the_whole_is_too_large() {
    let derived = stable("sin(y)*log(1 + exp(x)) + floor(y)*abs(x - y)/(1 + exp(-x*y))");
    let found = values(&derived, &[2.0, 800.0]);
    assert!(found.iter().all(|value| value.is_finite()), "{found:?}");
    assert!((found[0] - (2.0_f64.sin() * 800.0 + 2.0 * 798.0)).abs() < 1e-9, "{found:?}");
}

#[test]
fn the_same_formula_gives_the_same_form() {
    let text = "x/(1 + exp(-x)) + log(exp(x) + exp(y))";
    assert_eq!(stable(text).stable, stable(text).stable);
}

#[test]
fn long_chains_are_left_alone() {
    let steps: String = (0..20_000).map(|step| format!("let l{} = tanh(l{step});", step + 1)).collect();
    let text = format!("fn f(l0) {{ {steps} l20000 }}");
    let module = parse_formula(&text, &[]).expect("parses");
    let function = resolve(&module, &text).expect("resolves").remove(0);
    let mut derived = derive(function, &Request { order: 1, raw: true, ..Request::default() }).expect("derives");
    derived.stabilise().expect("room");
    assert_eq!(derived.stable.len(), 2);
    assert!(derived.function.graph.log().iter().all(|step| step.rule != "stabilise"));
}

/// Values, gradient and Hessian of a function of one array.
fn of_array(text: &str, point: &[f64]) -> Vec<f64> {
    let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    let function = resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).pop().expect("one");
    let mut derived = derive(function, &Request { order: 1, ..Request::default() }).expect("derives");
    derived.stabilise().expect("room");
    let program = lower(&derived.function.graph, &derived.wanted());
    let input = Tensor { shape: vec![point.len()], data: point.to_vec() };
    evaluate(&program, &[input]).expect("one array").iter().flat_map(|tensor| tensor.data.clone()).collect()
}

#[test]
fn sums_of_exponentials_are_relative_to_the_largest() {
    for text in [
        "fn f(a: [K]) = log(sum(exp(a)));",
        "fn f(a: [K]) { let m = max(a); m + log(sum(exp(a - m))) }",
        "fn f(a: [3]) = log(exp(a[0]) + exp(a[1]) + exp(a[2]));",
    ] {
        assert_eq!(of_array(text, &[800.0, -800.0, 0.0]), [800.0, 1.0, 0.0, 0.0], "{text}");
        assert_eq!(of_array(text, &[1e300, 1e300, -1e300])[1..], [0.5, 0.5, 0.0], "{text}");
        let found = of_array(text, &[-50.0, 0.0, -60.0]);
        let small = (-50.0_f64).exp() + (-60.0_f64).exp();
        assert!((found[0] / small - 1.0).abs() < 1e-15, "{text}: {found:?}");
    }
    let weighted = of_array("fn f(x: [K]) { let w[k] = k; log(sum[k](w[k]*exp(x[k]))) }", &[900.0, 2.0, 1.0]);
    // The first weight is 0, however large its exponential is.
    assert!((weighted[0] - (2.0_f64.exp() + 2.0 * 1.0_f64.exp()).ln()).abs() < 1e-15, "{weighted:?}");
}

#[test]
fn exponents_below_zero_are_compared_one_by_one() {
    // As a polynomial the sum is that of exp(b + c), exp(a + c) and exp(a + b), which lose the digits of the smallest.
    let free = stable("let z = exp(-a) + exp(-b) + exp(-c); -log(z)");
    assert_eq!(values(&free, &[900.0, 1e-5, 1e300])[..4], [1e-5, 0.0, 1.0, 0.0]);
    assert_eq!(values(&free, &[-1e10, -1e10, 800.0])[1..4], [0.5, 0.5, 0.0]);
    let bell = stable("log(exp(-a**2) + exp(-b**2) + exp(-c**2))");
    let found = values(&bell, &[30.0, 31.0, 1e9]);
    assert_eq!(found[..2], [-900.0, -60.0]);
    assert!((found[2] / (-62.0 * (-61.0_f64).exp()) - 1.0).abs() < 1e-13, "{found:?}");
}

#[test]
fn elements_are_as_accurate_as_numbers() {
    let found = of_array("fn f(x: [N]) = sum(log(1 + exp(x)));", &[800.0, -700.0, 0.0]);
    assert_eq!(found[1..], [1.0, (-700.0_f64).exp(), 0.5]);
    let found = of_array("fn f(x: [N]) = sum(1/(1 + exp(-x)));", &[40.0, -40.0, 750.0]);
    assert_eq!(found[1], found[2]);
    assert!((found[1] / (-40.0_f64).exp() - 1.0).abs() < 1e-15, "{found:?}");
}

#[test]
fn what_is_compared_with_a_maximum_is_what_it_was_taken_of() {
    // The largest element must be found equal to the maximum, to the bit.
    let found = of_array("fn f(x: [N]) = max(log(1 + exp(x))**2);", &[1.3, -0.4, 1.7]);
    assert!(found[1..3] == [0.0, 0.0] && found[3] > 0.1, "{found:?}");
}

#[test]
fn a_plain_sum_of_exponentials_stays_as_it_was_written() {
    let module = parse_formula("fn f(x: [N], y: [N]) = sum(exp(x) - y*x);", &[]).expect("parses");
    let function = resolve(&module, "").expect("resolves").remove(0);
    let mut derived = derive(function, &Request { order: 1, ..Request::default() }).expect("derives");
    derived.stabilise().expect("room");
    assert!(derived.function.graph.log().iter().all(|step| step.rule != "stabilise"));
}

#[test]
fn a_maximum_over_a_diagonal_bounds_the_diagonal_alone() {
    // Off the diagonal, entries may be above the maximum: the sign of the difference is not known there.
    let text = "fn f(x: [N, N]) { let m = max(diag(x)); let y[i, j] = x[i, j] - m; sum(log(1 + exp(y))) }";
    let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    let function = resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).remove(0);
    let mut derived = derive(function, &Request { order: 1, ..Request::default() }).expect("derives");
    derived.stabilise().expect("room");
    let input = Tensor { shape: vec![2, 2], data: vec![0.5, 3.0, -2.0, 1.0] };
    let run = |wanted: Vec<Wanted>| {
        evaluate(&lower(&derived.function.graph, &wanted), std::slice::from_ref(&input)).expect("runs")
    };
    for (stable, raw) in run(derived.wanted()).iter().zip(run(derived.wanted_raw())) {
        for (a, b) in stable.data.iter().zip(&raw.data) {
            assert!((a - b).abs() < 1e-12, "{stable:?} and {raw:?}");
        }
    }
    let value = run(derived.wanted())[0].data[0];
    let expected: f64 = [-0.5, 2.0, -3.0, 0.0].iter().map(|y: &f64| y.exp().ln_1p()).sum();
    assert!((value - expected).abs() < 1e-12, "{value} and {expected}");
}

#[test]
fn norms_are_in_units_of_the_largest() {
    for text in [
        "fn f(a: [K]) = sqrt(sum(a**2));",
        "fn f(a: [K]) = sum(a*a)**0.5;",
        "fn f(a: [K]) = norm(a);",
        "fn f(a: [K]) { let s = sum[k](a[k]**2); sqrt(s) }",
        "fn f(a: [K]) = sqrt(mean(a**2))*sqrt(3);",
    ] {
        for unit in [1.0, 1e200, 1e-200, 1e300, 1e-310] {
            let found = of_array(text, &[3.0 * unit, -4.0 * unit, 0.0]);
            let expected = [5.0 * unit, 0.6, -0.8, 0.0];
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() <= 2e-15 * expected.abs(), "{text} at {unit}: {found} and {expected}");
            }
        }
        assert_eq!(of_array(text, &[0.0, 0.0, 0.0])[0], 0.0, "{text}");
        assert_eq!(of_array(text, &[f64::INFINITY, 1.0, 0.0])[0], f64::INFINITY, "{text}");
        assert!(of_array(text, &[f64::NAN, 1.0, 0.0])[0].is_nan(), "{text}");
    }
}

#[test]
fn what_lies_beside_the_largest_component_is_not_lost() {
    let text = "fn f(a: [K]) = norm(a);";
    let module = parse_formula(text, &[]).expect("parses");
    let function = resolve(&module, text).expect("resolves").remove(0);
    let mut derived = derive(function, &Request { order: 2, ..Request::default() }).expect("derives");
    derived.stabilise().expect("room");
    let program = lower(&derived.function.graph, &derived.wanted());
    for [small, large] in [[1e-3, 1.0], [1e-9, 1.0], [1e140, 1e150], [1e-150, 1e-140]] {
        let input = Tensor { shape: vec![2], data: vec![small, large] };
        let hessian = evaluate(&program, &[input]).expect("one array").pop().expect("a Hessian").data;
        // (y² − aᵢ²)/y³ is what the other component leaves.
        let length = f64::hypot(small, large);
        let (ratio, other) = (small / length, large / length);
        let expected =
            [other * other / length, -ratio * other / length, -ratio * other / length, ratio * ratio / length];
        for (found, expected) in hessian.iter().zip(expected) {
            assert!((found / expected - 1.0).abs() < 4e-15, "{small} and {large}: {hessian:?}");
        }
    }
}

#[test]
fn what_is_added_to_squares_is_a_component_more() {
    for unit in [1.0, 1e200, 1e-200, 1e300, 1e-310] {
        let found = of_array("fn f(a: [K]) = sqrt(sum(a**2) + 1);", &[3.0 * unit, -4.0 * unit, 0.0]);
        let length = f64::hypot(1.0, 5.0 * unit);
        let expected = [length, 3.0 * unit / length, -4.0 * unit / length, 0.0];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= 2e-15 * expected.abs(), "{unit}: {found} and {expected}");
        }
    }
    for text in ["fn f(a: [K]) = log(sum(a**2) + 1);", "fn f(a: [K]) = log1p(sum(a**2));"] {
        for (unit, expected) in [(1e200, 2.0 * (5e200_f64).ln()), (1e-9, 25e-18), (1e-200, 0.0)] {
            let found = of_array(text, &[3.0 * unit, -4.0 * unit, 0.0]);
            assert!((found[0] - expected).abs() <= 2e-15 * expected, "{text} at {unit}: {found:?}");
            let slope = if unit > 1.0 { 0.24 / unit } else { 6.0 * unit };
            assert!((found[1] / slope - 1.0).abs() < 2e-15, "{text} at {unit}: {found:?}");
        }
    }
}

#[test]
fn logarithms_of_squares_do_not_overflow() {
    for text in ["log(x*x + 1)", "log1p(x**2)", "log(x**2 + 1)/1"] {
        let found = values(&stable(text), &[1e200])[0];
        assert!((found - 2.0 * (1e200_f64).ln()).abs() < 2e-13, "{text}: {found}");
        assert_eq!(values(&stable(text), &[1e-9])[0], 1e-18, "{text}");
    }
    let found = values(&stable("log(x**2 + y**2)"), &[3e-200, 4e-200])[0];
    assert!((found - 2.0 * (5e-200_f64).ln()).abs() < 2e-13, "{found}");
}

/// What is left of a sum without one entry is no sum of its own for every entry.
#[test]
fn a_diagonal_of_second_derivatives_takes_no_sum_for_each_entry() {
    for text in ["fn f(a: [K]) = norm(a);", "fn f(a: [K]) = sqrt(sum(a**2) + 1);", "fn f(a: [K]) = log(sum(a**2) + 1);"]
    {
        let module = parse_formula(text, &[]).expect("parses");
        let function = resolve(&module, text).expect("resolves").remove(0);
        let mut derived = derive(function, &Request { order: 2, ..Request::default() }).expect("derives");
        derived.stabilise().expect("room");
        let graph = &derived.function.graph;
        let live = graph.live(derived.wanted().iter().map(|wanted| wanted.value.node));
        let sums = graph.nodes().filter(|node| live[node.index()] && graph.closed(*node) > 0);
        for sum in sums {
            assert!(graph.shape(sum).is_empty(), "{text}: a sum over {} axes", graph.shape(sum).len() + 1);
        }
    }
}

#[test]
fn a_weight_of_zero_hides_its_exponential() {
    for text in [
        "fn f(a: [K]) { let w[k] = k; log(sum(w*exp(a))) }",
        "fn f(a: [K]) { let w[k] = k; log(sum[k](exp(a[k])*w[k])) }",
    ] {
        let found = of_array(text, &[900.0, 2.0, 1.0]);
        let (b, c) = (2.0_f64.exp(), 2.0 * 1.0_f64.exp());
        for (found, expected) in found.iter().zip([(b + c).ln(), 0.0, b / (b + c), c / (b + c)]) {
            assert!((found - expected).abs() < 1e-15, "{text}: {found} and {expected}");
        }
    }
}

#[test]
fn a_weighted_probability_near_one_keeps_its_complement() {
    let text = "fn f(a: [K], w: [K]) wrt(a) = log(sum(w*exp(a)));";
    let module = parse_formula(text, &[]).expect("parses");
    let function = resolve(&module, text).expect("resolves").remove(0);
    let mut derived = derive(function, &Request { order: 2, ..Request::default() }).expect("derives");
    derived.stabilise().expect("room");
    let program = lower(&derived.function.graph, &derived.wanted());
    let run = |a: [f64; 3], w: [f64; 3]| {
        let inputs = [a, w].map(|data| Tensor { shape: vec![3], data: data.to_vec() });
        evaluate(&program, &inputs).expect("two arrays").pop().expect("a Hessian").data
    };
    // p and 1 − p of the largest are 1 and 3·exp(-50), and the last one does not count.
    let small = 3.0 * (-50.0_f64).exp();
    for (found, expected) in run([850.0, 800.0, 1e5], [0.5, 1.5, 0.0]).iter().zip([small, -small, 0.0]) {
        assert!((found - expected).abs() <= 1e-13 * expected.abs(), "{found} and {expected}");
    }
    // Two as large, negative weights, and weights that are all 0.
    assert_eq!(run([900.0, 900.0, -900.0], [2.0, 2.0, 1.0])[..3], [0.25, -0.25, 0.0]);
    assert_eq!(run([900.0, 900.0, -900.0], [-2.0, -2.0, -1.0])[..3], [0.25, -0.25, 0.0]);
    let small = 1e-20;
    for (found, expected) in run([0.0, 0.0, -900.0], [-2.0, -2e-20, -1.0]).iter().zip([small, -small, 0.0]) {
        assert!((found - expected).abs() <= 1e-13 * expected.abs(), "{found} and {expected}");
    }
    assert!(run([1.0, 2.0, 3.0], [0.0; 3])[0].is_nan());
}

#[test]
fn an_entry_beside_a_length_is_one_of_its_components() {
    for unit in [1e-200, 1.0, 1e200] {
        let found = of_array("fn f(a: [3]) = a[0]**2/sum(a**2);", &[unit, 2.0 * unit, unit]);
        let expected = [1.0 / 6.0, 5.0 / 18.0 / unit, -1.0 / 9.0 / unit, -1.0 / 18.0 / unit];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found / expected - 1.0).abs() < 4e-15, "{found} and {expected}");
        }
    }
}

/// The forms of a formula have most of their parts in common. What a user's build waits for is bounded by counts.
#[test]
fn common_parts_of_forms_are_written_once() {
    for (text, most_products, most_nodes) in [
        ("fn f(x) = gelu_tanh(x);", 20, 90),
        ("fn f(x) = x/(1 + exp(-x));", 3, 24),
        ("fn f(a, b, c) = log(exp(a) + exp(b) + exp(c));", 11, 52),
    ] {
        let module = parse_formula(text, &[]).expect("parses");
        let function = resolve(&module, text).expect("resolves").pop().expect("one");
        let mut derived = derive(function, &Request::default()).expect("derives");
        form::PRODUCTS.with(|count| count.set(0));
        derived.stabilise().expect("room");
        let products = form::PRODUCTS.with(std::cell::Cell::get);
        let nodes = derived.function.graph.len();
        assert!(products <= most_products, "{text}: {products} products");
        assert!(nodes <= most_nodes, "{text}: {nodes} nodes");
    }
}
