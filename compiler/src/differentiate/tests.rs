//! The chain rule where the oracle's points do not go: kinks, ties, branches that are not defined where they are not
//! taken, at first and second order; and the shapes of matrix calculus.

use std::collections::HashMap;

use crate::derive::{Derived, Request, derive};
use crate::evaluate::{Tensor, evaluate};
use crate::graph::{Given, Operation, Position, Ref, Shift};
use crate::lower::lower;
use crate::operators::Operator;
use crate::parse::parse_formula;
use crate::print::{Phase, Style};
use crate::resolve::resolve;

fn derived(text: &str, request: &Request) -> Derived {
    let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    let function = resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).pop().expect("one");
    derive(function, request).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn run(text: &str, order: u8, inputs: &[Tensor]) -> Vec<Vec<f64>> {
    let derived = derived(text, &Request { order, ..Request::default() });
    let program = lower(&derived.function.graph, &derived.wanted());
    let results = evaluate(&program, inputs).unwrap_or_else(|error| panic!("{text}: {error}"));
    results.into_iter().map(|tensor| tensor.data).collect()
}

/// The value, the gradient and the Hessian of a scalar function of scalars.
fn numbers(text: &str, point: &[f64]) -> Vec<f64> {
    let inputs: Vec<Tensor> = point.iter().map(|value| Tensor::scalar(*value)).collect();
    run(text, 2, &inputs).concat()
}

fn tensor(shape: &[usize], data: &[f64]) -> Tensor {
    Tensor { shape: shape.to_vec(), data: data.to_vec() }
}

#[test]
fn kinks_and_branches_at_both_orders() {
    for (text, x, expected) in [
        ("if x > 0 { sqrt(x) } else { 0 }", 0.0, [0.0, 0.0, 0.0]),
        ("if x > 0 { sqrt(x) } else { 0 }", -1.0, [0.0, 0.0, 0.0]),
        ("if x > 0 { sqrt(x) } else { 0 }", 4.0, [2.0, 0.25, -0.03125]),
        ("if x > 0 { x * log(x) } else { 0 }", 0.0, [0.0, 0.0, 0.0]),
        ("if x > 0 { 1 / x } else { x }", 0.0, [0.0, 1.0, 0.0]),
        ("if x > 0 { if x > 1 { log(x - 1) } else { sqrt(x) } } else { x**2 }", 1.0, [1.0, 0.5, -0.25]),
        ("if x > 0 { if x > 1 { log(x - 1) } else { sqrt(x) } } else { x**2 }", -3.0, [9.0, -6.0, 2.0]),
        ("let s = if x > 0 { sqrt(x) } else { 0 }; s * s + 3 * s", -1.0, [0.0, 0.0, 0.0]),
        ("let s = if x > 0 { sqrt(x) } else { 0 }; s * x + s", 0.0, [0.0, 0.0, 0.0]),
        ("sum(if [x, x] > 0 { sqrt([x, x]) } else { 0 })", 0.0, [0.0, 0.0, 0.0]),
        ("let r = sqrt(x); sum(if [1, -1] > 2 { r * [1, 2] } else { 0 }) + x", 0.0, [0.0, 1.0, 0.0]),
        ("let r = 1 / x; sum(if [1, -1] > 2 { r * r * [1, 2] } else { 0 }) + x", 0.0, [0.0, 1.0, 0.0]),
        ("abs(x)", 0.0, [0.0, 0.0, 0.0]),
        ("abs(x)", -2.0, [2.0, -1.0, 0.0]),
        ("abs(sqrt(x))", 0.0, [0.0, 0.0, 0.0]),
        ("relu(x)", 0.0, [0.0, 0.0, 0.0]),
        ("relu(x) ** 2", 3.0, [9.0, 6.0, 2.0]),
        ("max(x, 0)", 0.0, [0.0, 0.5, 0.0]),
        ("min(x, 2 * x)", 0.0, [0.0, 1.5, 0.0]),
        ("max(x, x)", 5.0, [5.0, 1.0, 0.0]),
        ("max([x, x, 1])", 3.0, [3.0, 1.0, 0.0]),
        ("max(x, 3, 3)", 3.0, [3.0, 1.0 / 3.0, 0.0]),
        ("max(x, 2 * x - 3, 3, x, 1)", 3.0, [3.0, 1.0, 0.0]),
        ("min(x, 1, 2)", 0.5, [0.5, 1.0, 0.0]),
        ("min(x**2, 4, 2 * x, 5)", 2.0, [4.0, 2.0, 2.0 / 3.0]),
        ("max(sqrt(x), 1, 0)", 0.0, [1.0, 0.0, 0.0]),
        ("sum(max([x, 1], 0, x))", 2.0, [4.0, 2.0, 0.0]),
        ("max(2, 0, 1, x) + 2 * min(4, 7, 6, x)", 3.0, [9.0, 3.0, 0.0]),
        ("clamp(x, 0, 2)", 2.0, [2.0, 1.0, 0.0]),
        ("xlogy(x, x)", 0.0, [0.0, 0.0, 0.0]),
        ("elu(x, 2)", 0.0, [0.0, 2.0, 2.0]),
        ("sign(x) * x", 0.0, [0.0, 0.0, 0.0]),
        ("floor(x) * x", 2.5, [5.0, 2.0, 0.0]),
        ("x ** 0", 0.0, [1.0, 0.0, 0.0]),
        ("x ** 2", 0.0, [0.0, 0.0, 2.0]),
        ("x ** 3", -2.0, [-8.0, 12.0, -12.0]),
        ("x / x", 2.0, [1.0, 0.0, 0.0]),
        ("2", 1.0, [2.0, 0.0, 0.0]),
    ] {
        let text = if text == "2" { "fn f(x) = 2;" } else { text };
        assert_eq!(numbers(text, &[x]), expected, "{text} at {x}");
    }
}

#[test]
fn kinks_under_even_functions_are_smooth() {
    for (text, expected) in [
        ("abs(x)**2", [0.0, 0.0, 2.0]),
        ("abs(x)*abs(x)", [0.0, 0.0, 2.0]),
        ("abs(x)**3", [0.0, 0.0, 0.0]),
        ("abs(x)**4", [0.0, 0.0, 0.0]),
        ("exp(-abs(x)**2)", [1.0, 0.0, -2.0]),
        ("log(1 + abs(x)**2)", [0.0, 0.0, 2.0]),
        ("sqrt(1 + abs(x)**2)", [1.0, 0.0, 1.0]),
        ("cos(abs(x))", [1.0, 0.0, -1.0]),
        ("cosh(abs(x)*2)", [1.0, 0.0, 4.0]),
        ("tanh(abs(x))**2", [0.0, 0.0, 2.0]),
        ("cos(sin(abs(x)))", [1.0, 0.0, -1.0]),
        // A kink beside a smooth term.
        ("abs(x)**2 + 3*abs(x)", [0.0, 0.0, 2.0]),
        // What is not even keeps its kink, and its conventions.
        ("exp(abs(x))", [1.0, 0.0, 0.0]),
        ("x*abs(x)", [0.0, 0.0, 0.0]),
        ("sqrt(x**2)**2", [0.0, 0.0, 2.0]),
    ] {
        assert_eq!(numbers(text, &[0.0]), expected, "{text} at 0");
    }
    assert_eq!(numbers("abs(x)**2*y", &[0.0, 3.0]), [0.0, 0.0, 0.0, 6.0, 0.0, 0.0, 0.0]);
    // The cotangent is not finite at 0: what flows back there is 0, as through any `abs`.
    assert_eq!(numbers("abs(x)**2*log(abs(x))", &[0.0])[1], 0.0);
}

#[test]
fn lengths_of_zero_have_derivatives_zero() {
    for text in ["hypot(x, y)", "sqrt(x**2 + y**2)", "sqrt(x*x + y*y)", "norm([x, y])", "sqrt((x**2 + y**2)/2)"] {
        assert_eq!(numbers(text, &[0.0, 0.0]), [0.0; 7], "{text} at 0");
    }
    for text in ["norm(v)", "sqrt(sum(v**2))", "sqrt(sum(v*v))", "sqrt(mean(v**2))", "exp(-norm(v)) - 1"] {
        let found = run(&format!("fn f(v: [2]) = {text};"), 2, &[tensor(&[2], &[0.0, 0.0])]);
        assert_eq!(found, [vec![0.0], vec![0.0; 2], vec![0.0; 4]], "{text} at 0");
    }
    let diagonal = |entry: f64| vec![entry, 0.0, 0.0, entry];
    for (text, value, second) in [
        ("norm(v)**2", 0.0, 2.0),
        ("exp(-norm(v)**2)", 1.0, -2.0),
        ("cos(norm(v))", 1.0, -1.0),
        ("cosh(3*norm(v))", 1.0, 9.0),
        ("cos(hypot(v[0], v[1]))", 1.0, -1.0),
    ] {
        let found = run(&format!("fn f(v: [2]) = {text};"), 2, &[tensor(&[2], &[0.0, 0.0])]);
        assert_eq!(found, [vec![value], vec![0.0; 2], diagonal(second)], "{text} at 0");
    }
    // Points that coincide add nothing.
    let text = "fn f(x: [N, D]) { let d[i, j] = sqrt(sum[k]((x[i, k] - x[j, k])**2)); sum(d) / 2 }";
    let found = run(text, 1, &[tensor(&[3, 2], &[0.0, 0.0, 3.0, 4.0, 0.0, 0.0])]);
    let expected = [-0.6, -0.8, 1.2, 1.6, -0.6, -0.8];
    assert!(found[1].iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{found:?}");
    // The root of a number has no such convention, and a positive one needs none.
    assert_eq!(numbers("sqrt(x)", &[0.0])[1], f64::INFINITY);
    let derived = derived("sqrt(1 + x**2)", &Request { order: 1, ..Request::default() });
    let graph = &derived.function.graph;
    assert!(graph.nodes().all(|node| graph.as_operator(node) != Some(Operator::LessEqual)));
}

/// Conventions are evaluated and not written.
#[test]
fn lengths_are_shown_without_their_convention() {
    for (text, form) in [("fn f(x: [D]) = norm(x);", "x/y"), ("fn f(x: [D]) wrt(x) = norm(x)/2;", "x/(2*y)")] {
        let derived = derived(text, &Request { order: 1, ..Request::default() });
        let listing = derived.listing(Style::Language, |_, _| "d".to_owned());
        let formula = &listing.asked[1].formula;
        assert!(!formula.contains("if"), "{text}: {formula}, not {form}");
    }
}

#[test]
fn a_selected_cotangent_takes_part_in_contractions() {
    let shown = |text: &str, order: u8, upstream: Option<&str>| -> Vec<String> {
        let request = Request { order, upstream: upstream.map(Into::into), ..Request::default() };
        let derived = derived(text, &request);
        let listing = derived.listing(Style::People, |_, _| String::new());
        let lets = listing.lets.iter().filter(|line| line.phase == Phase::Backward);
        lets.chain(&listing.asked[1..]).map(|line| line.formula.clone()).collect()
    };
    let layer = "fn f(x: [N, D], w: [D, H], b: [H]) = relu(x @ w + b);";
    assert_eq!(shown(layer, 1, Some("g")), ["if s1 > 0 { g } else { 0 }", "d2·wᵀ", "xᵀ·d2", "sum(d2, axis = 0)"]);
    let mask = "fn f(x: [N, D], m: [N, H], w: [D, H], g: [N, H]) wrt(w) = sum(g * (if m > 0 { x @ w } else { 0 }));";
    assert_eq!(shown(mask, 1, None), ["xᵀ·(if m > 0 { g } else { 0 })"]);
    let squares = "fn f(x: [N, D], w: [D]) wrt(w) = sum(relu(x @ w)**2)/2;";
    assert_eq!(shown(squares, 2, None)[1], "(if s1 > 0 { xᵀ } else { 0 })·x");
    // Factors that are finite by what they are made of: probabilities, and what is added to an exponential's square.
    for hidden in ["softmax(x)", "sigmoid(x)", "tanh(x)", "1/(1 + exp(x)**2)", "x/(1 + x**2)", "sqrt(1 + x**2)"] {
        let text = format!("fn f(x: [N, H], w: [H, K], g: [N, K]) wrt(w) = sum(g * relu(({hidden}) @ w));");
        let found = shown(&text, 1, None);
        assert!(found.last().is_some_and(|form| !form.contains("if") || form.contains("ᵀ·")), "{hidden}: {found:?}");
    }
    // A factor that may be infinite has no influence where the branch is not taken.
    let text = "fn f(x: [2], w: [2], c: [2]) wrt(w) = sum(if c > 0 { w/x } else { 0 });";
    let found = run(text, 1, &[[0.0, 2.0], [1.0, 1.0], [-1.0, 1.0]].map(|data| tensor(&[2], &data)));
    assert_eq!(found[1], [0.0, 0.5]);
    let text = "fn f(x: [2], w, c: [2]) wrt(w) = sum(if c > 0 { w*sqrt(x)/x } else { 0 });";
    let found = run(text, 1, &[tensor(&[2], &[0.0, 4.0]), Tensor::scalar(1.0), tensor(&[2], &[-1.0, 1.0])]);
    assert_eq!(found[1], [0.5]);
}

#[test]
fn two_inputs_have_symmetric_hessians() {
    // x² y + sin(y): gradient (2xy, x² + cos y), Hessian [[2y, 2x], [2x, -sin y]].
    let (x, y) = (3.0, 0.5_f64);
    let found = numbers("x**2 * y + sin(y)", &[x, y]);
    let expected = [x * x * y + y.sin(), 2.0 * x * y, x * x + y.cos(), 2.0 * y, 2.0 * x, 2.0 * x, -y.sin()];
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15 * b.abs()), "{found:?}");
    assert_eq!(numbers("if x == 0 { 0 } else { x**y }", &[0.0, 0.0])[1..3], [0.0, 0.0]);
    // x**y is smooth at an exponent of 0: ∂²/∂x∂y = 1/x there.
    assert_eq!(numbers("x**y", &[2.0, 0.0]), [1.0, 0.0, 2.0_f64.ln(), 0.0, 0.5, 0.5, 2.0_f64.ln().powi(2)]);
}

#[test]
fn what_no_branch_takes_has_no_influence() {
    // The root's derivative is infinite at 0, and no branch that is taken at this point reads it.
    for text in [
        "if y > 0 { sqrt(x) } else if z > 0 { 2 * sqrt(x) } else { 0 }",
        "if y > 0 { sqrt(x) } else { if z > 0 { sqrt(x) } else { y } }",
        "if y > 0 { if z > 0 { sqrt(x) } else { 1 } } else if z > 0 { sqrt(x) / 2 } else { y }",
        "if x > 0 { sqrt(x) } else { if x > 0 { 1 } else { 0 } }",
        "(if y > 0 { sqrt(x) } else { 0 }) + (if z > 0 { sqrt(x) } else { 0 })",
        "(if y > 0 { sqrt(x) } else { 0 }) + (if y > 0 && z > 0 { 3 * sqrt(x) } else { 0 })",
    ] {
        let found = run(&format!("fn f(x, y, z) wrt(x) = {text};"), 2, &[0.0, -1.0, -1.0].map(Tensor::scalar));
        assert_eq!((found[1][0], found[2][0]), (0.0, 0.0), "{text}");
    }
}

#[test]
fn a_condition_that_another_one_implies_is_not_repeated() {
    let derived = derived("fn f(x: [N, K]) = softmax(x, axis = 0);", &Request { order: 1, ..Request::default() });
    let graph = &derived.function.graph;
    assert!(graph.nodes().all(|node| graph.as_operator(node) != Some(Operator::Or)));
}

#[test]
fn entries_side_by_side_are_not_added() {
    let derived = derived("fn f(a: [3]) = a[0] * sin(a[1]) * a[2];", &Request { order: 1, ..Request::default() });
    let graph = &derived.function.graph;
    assert!(graph.nodes().all(|node| graph.as_operator(node) != Some(Operator::Add)));
    // What stands at one position, or at all of them, is.
    let point = tensor(&[3], &[0.5, 2.0, -1.5]);
    let [value, gradient] = &run("fn f(a: [3]) = a[0] * a[1] * a[2] + a[1] + sum(a);", 1, &[point])[..] else {
        panic!("a value and a gradient")
    };
    assert_eq!((value[0], gradient.as_slice()), (1.5, &[-2.0, 1.25, 2.0][..]));
    // An entry that is read twice, by two nodes, and another one between them.
    let text = "fn f(a: [2]) = a[0] * a[1] + sum[i](if i == 0 { 5 * a[i] } else { 0 });";
    assert_eq!(run(text, 1, &[tensor(&[2], &[2.0, 3.0])])[1], [8.0, 2.0]);
    // An entry that is not finite does not reach the others.
    let [_, gradient] = &run("fn f(a: [2]) = sqrt(a[0]) + a[1]**2;", 1, &[tensor(&[2], &[0.0, 3.0])])[..] else {
        panic!("a value and a gradient")
    };
    assert_eq!(gradient.as_slice(), [f64::INFINITY, 6.0]);
}

#[test]
fn entries_of_a_stated_vector_are_differentiated_one_by_one() {
    // x³y + xy², in a vector: the Hessian is [[6xy, 3x² + 2y], [3x² + 2y, 2x]].
    let text = "fn f(a: [2]) = a[0]**3*a[1] + a[0]*a[1]**2;";
    let second = derived(text, &Request { order: 2, raw: true, ..Request::default() });
    let graph = &second.function.graph;
    let hessian = &second.entries[1].derivative.value;
    let mut entries: HashMap<[u32; 2], Ref> = HashMap::new();
    let place = |condition: &Ref| graph.as_position(condition.node).expect("a position");
    for (row, line) in graph.as_stated(hessian).expect("rows").entries {
        for (column, entry) in graph.as_stated(&line).expect("entries").entries {
            assert!(entry.axes.is_empty());
            entries.insert([place(&row), place(&column)], entry);
        }
    }
    assert_eq!(entries.len(), 4);
    assert_eq!(entries[&[0, 1]], entries[&[1, 0]]);
    let found = run(text, 2, &[tensor(&[2], &[2.0, 5.0])]);
    assert_eq!(found[2], [60.0, 22.0, 22.0, 4.0]);
    // A row that varies along its own axis, a position that is stated twice, entries of a matrix, and one of three.
    let text = "fn f(a: [2]) { let b = [a[0]*a[1], 3]; sum[i](b[i]*a[i]**2) + a[1]*sum(a) }";
    assert_eq!(run(text, 2, &[tensor(&[2], &[2.0, 5.0])])[2], [60.0, 13.0, 13.0, 8.0]);
    let text = "fn f(a: [2, 2]) = a[0, 0]*a[1, 1] - a[0, 1]*a[1, 0];";
    let expected = [0., 0., 0., 1., 0., 0., -1., 0., 0., -1., 0., 0., 1., 0., 0., 0.];
    assert_eq!(run(text, 2, &[tensor(&[2, 2], &[2.0, 5.0, 7.0, -1.0])])[2], expected);
    let text = "fn f(a: [3], b: [2]) = exp(a[1])*b[0]*b[1];";
    let found = run(text, 2, &[tensor(&[3], &[7.0, 0.0, 7.0]), tensor(&[2], &[2.0, 3.0])]);
    assert_eq!(found[3], [0., 0., 0., 0., 6., 0., 0., 0., 0.]);
    assert_eq!(found[4], [0., 0., 3., 2., 0., 0.]);
    assert_eq!(found[6], [0., 1., 1., 0.]);
}

#[test]
fn a_position_that_is_asked_for_twice_is_reached_once() {
    let text = "fn f(a: [2], x) wrt(x) = sum[i](a[i]*(if i == 0 { 7 } else { if i == 0 { x } else { 3 } }));";
    assert_eq!(run(text, 1, &[tensor(&[2], &[1.0, 1.0]), Tensor::scalar(2.0)])[1], [0.0]);
    let text = "fn f(a: [2], x) wrt(x) = sum[i](a[i]*(if i == 0 { 7 } else { if i == 0 { 3 } else { x } }));";
    assert_eq!(run(text, 1, &[tensor(&[2], &[1.0, 5.0]), Tensor::scalar(2.0)])[1], [5.0]);
}

#[test]
fn numbers_stand_in_front_and_a_sum_of_equals_is_twice_one() {
    let value = |text: &str| {
        let derived = derived(text, &Request { order: 1, raw: true, upstream: Some("g".into()), ..Request::default() });
        derived.listing(Style::Language, |_, _| String::new()).asked[1].formula.clone()
    };
    assert_eq!(value("fn f(x) = x * x;"), "2*(g*x)");
    assert_eq!(value("fn f(x) = sin(x) * 0.5;"), "0.5*g*cos(x)");
    // The same bits: twice a number is exact, whatever is added first.
    assert_eq!(numbers("fn f(x) = x * x;", &[0.1]), [0.1 * 0.1, 0.1 + 0.1, 2.0]);
}

#[test]
fn the_last_entry_of_a_vector_is_read_at_its_position() {
    let derived =
        derived("fn f(a, b, c) { let v = [a, b, c]; sum(sin(v)) }", &Request { order: 1, ..Request::default() });
    let graph = &derived.function.graph;
    let last = graph.as_access(derived.entries[2].derivative.value.node).expect("an entry");
    assert_eq!(last.positions, [Position::Stated(2)]);
}

#[test]
fn matrix_products_follow_from_the_one_law() {
    let (x, w) = (tensor(&[2, 2], &[1.0, 2.0, 3.0, 4.0]), tensor(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    let b = tensor(&[3], &[0.5, 0.0, -1.0]);
    let g = tensor(&[2, 3], &[1.0, 0.0, 2.0, -1.0, 3.0, 0.0]);
    let text = "fn layer(x: [N, D], w: [D, H], b: [H], g: [N, H]) wrt(x, w, b) = sum(g * (x @ w + b));";
    let found = run(text, 1, &[x, w, b, g]);
    assert_eq!(found[1], [7.0, 16.0, 5.0, 11.0], "dX = dY Wᵀ");
    assert_eq!(found[2], [-2.0, 9.0, 2.0, -2.0, 12.0, 4.0], "dW = Xᵀ dY");
    assert_eq!(found[3], [0.0, 3.0, 2.0], "db = the sum over the batch");
}

#[test]
fn softmax_with_cross_entropy_gives_y_minus_t() {
    let x = [0.3, -1.2, 2.0];
    let total: f64 = x.iter().map(|x: &f64| x.exp()).sum();
    let t = [0.2, 0.3, 0.5];
    let found =
        run("fn f(x: [K], t: [K]) wrt(x) = cross_entropy(softmax(x), t);", 1, &[tensor(&[3], &x), tensor(&[3], &t)]);
    for ((x, t), slope) in x.iter().zip(t).zip(&found[1]) {
        assert!((x.exp() / total - t - slope).abs() < 1e-15, "{found:?}");
    }
}

#[test]
fn constant_cotangents_count_the_batch() {
    let found =
        run("fn f(b: [K], x: [N, K]) wrt(b) = sum(x + b);", 1, &[tensor(&[2], &[0.0; 2]), tensor(&[3, 2], &[1.0; 6])]);
    assert_eq!(found[1], [3.0, 3.0]);
}

#[test]
fn jacobians_have_the_output_first() {
    let found = run("fn f(x: [N]) = x * sum(x);", 1, &[tensor(&[2], &[2.0, 5.0])]);
    // ∂(x_i s)/∂x_j = s δ_ij + x_i
    assert_eq!(found[1], [9.0, 2.0, 5.0, 12.0]);
    let found = run("fn f(x: [N, K]) = x.T;", 1, &[tensor(&[1, 2], &[1.0, 1.0])]);
    assert_eq!(found[1], [1.0, 0.0, 0.0, 1.0]);
}

#[test]
fn pullbacks_take_the_cotangent_of_an_array() {
    let request = Request { order: 1, upstream: Some("g".into()), ..Request::default() };
    let derived = derived("fn f(x: [N], s) = s * x;", &request);
    let program = lower(&derived.function.graph, &derived.wanted());
    let inputs = [tensor(&[2], &[2.0, 5.0]), Tensor::scalar(3.0), tensor(&[2], &[1.0, 10.0])];
    let found = evaluate(&program, &inputs).expect("inputs that fit");
    assert_eq!((found[1].data.as_slice(), found[2].data.as_slice()), (&[3.0, 30.0][..], &[52.0][..]));
}

#[test]
fn every_edge_knows_what_flows_back() {
    let request = Request { order: 1, flows: true, ..Request::default() };
    let derived = derived("walnut * count * tax", &request);
    let wanted: Vec<_> =
        derived.flows.iter().map(|flow| crate::lower::Wanted { value: flow.value.clone(), axes: Vec::new() }).collect();
    let program = lower(&derived.function.graph, &wanted);
    let inputs = [100.0, 2.0, 1.1].map(Tensor::scalar);
    let found: Vec<f64> = evaluate(&program, &inputs).expect("fits").iter().map(|tensor| tensor.data[0]).collect();
    assert_eq!(found, [1.1, 200.0, 2.2, 110.00000000000001]);
}

#[test]
fn long_chains_need_no_stack() {
    let mut text = String::from("fn f(l0) { ");
    for step in 0..20_000 {
        text.push_str(&format!("let l{} = 4 * l{step} * (1 - l{step}); ", step + 1));
    }
    text.push_str("l20000 }");
    let (mut value, mut slope) = (0.3_f64, 1.0_f64);
    for _ in 0..20_000 {
        (value, slope) = (4.0 * value * (1.0 - value), slope * (4.0 - 8.0 * value));
    }
    let found = run(&text, 1, &[Tensor::scalar(0.3)]);
    assert_eq!(found[0][0], value);
    assert!(slope.is_finite() == found[1][0].is_finite());
}

#[test]
fn a_diagonal_by_hand_is_the_diagonal() {
    let x = [tensor(&[2], &[2.0, 5.0])];
    let found = run("fn f(x: [N]) { let m[i, j] = if i == j { x[i] } else { 0 }; sum(m @ x) }", 1, &x);
    assert_eq!(found, [vec![29.0], vec![4.0, 10.0]]);
    let text = "fn f(x: [N], y: [K]) wrt(x) { let m[i, j] = if i == j { x[i] * y[j] } else { 0 }; sum(m) }";
    let found = run(text, 1, &[x[0].clone(), tensor(&[3], &[1.0, 2.0, 7.0])]);
    assert_eq!(found, [vec![12.0], vec![1.0, 2.0]], "positions along axes of different sizes");
}

/// The last derivative as it is shown, and its number at a point, which is by hand.
#[test]
fn numbers_and_products_as_one_writes_them() {
    for (text, order, form, point, expected) in [
        ("x**(5/3)", 1, "5/3*x**(2/3)", &[8.0][..], 20.0 / 3.0),
        ("x**(7/3)", 2, "28/9*x**(1/3)", &[8.0], 56.0 / 9.0),
        ("fn f(a, c) wrt(c) = exp(c)*a;", 1, "y", &[3.0, 2.0], 3.0 * 2_f64.exp()),
        ("fn f(a: [2], c: [2]) wrt(c) = sum(exp(c)*a);", 1, "s1", &[3.0, 2.0], 3.0 * 2_f64.exp()),
    ] {
        let request = Request { order, ..Request::default() };
        let derived = derived(text, &request);
        let listing = derived.listing(Style::Language, |_, _| "d".to_owned());
        assert_eq!(listing.asked.last().map(|line| line.formula.as_str()), Some(form), "{text}");
        let program = lower(&derived.function.graph, &derived.wanted_raw());
        let shapes = derived.function.parameters.iter().map(|parameter| parameter.shape.len());
        let inputs = shapes.zip(point).map(|(rank, value)| match rank {
            0 => Tensor::scalar(*value),
            _ => tensor(&[2], &[*value; 2]),
        });
        let results = evaluate(&program, &inputs.collect::<Vec<_>>()).expect("it runs");
        let found = results.last().map_or(f64::NAN, |result| result.data[0]);
        assert!((found - expected).abs() <= 1e-14 * expected, "{text}: {found}");
    }
}

#[test]
fn products_are_right_where_factors_are_zero() {
    let text = "fn f(x: [4]) = prod(x);";
    let derived = derived(text, &Request { order: 2, ..Request::default() });
    let program = lower(&derived.function.graph, &derived.wanted());
    for (x, gradient, beside) in [
        ([1.0, 2.0, 3.0, 4.0], [24.0, 12.0, 8.0, 6.0], 12.0),
        ([0.0, 2.0, 3.0, 4.0], [24.0, 0.0, 0.0, 0.0], 12.0),
        ([0.0, 0.0, 3.0, 4.0], [0.0; 4], 12.0),
        ([0.0, 0.0, 0.0, 4.0], [0.0; 4], 0.0),
    ] {
        let results = evaluate(&program, &[tensor(&[4], &x)]).expect("it runs");
        assert_eq!(results[0].data, [x.iter().product::<f64>()]);
        assert_eq!(results[1].data, gradient, "{x:?}");
        let hessian = &results[2].data;
        assert_eq!((hessian[0], hessian[1], hessian[4]), (0.0, beside, beside), "{x:?}");
    }
}

#[test]
fn the_gradient_of_a_product_leaves_one_position_out() {
    for (text, left_out) in [
        ("fn f(x: [N]) = prod(x);", vec![0]),
        ("fn f(x: [N, M]) = prod(x);", vec![0, 1]),
        ("fn f(x: [N, N]) = prod(x);", vec![0, 1]),
        ("fn f(x: [N, M]) = sum(prod(x, axis = 0));", vec![0]),
    ] {
        let derived = derived(text, &Request { order: 1, ..Request::default() });
        let graph = &derived.function.graph;
        let others = graph.as_others(derived.entries[0].derivative.value.node).expect("a product of the others");
        assert!(matches!(graph.operation(others.factors), Operation::Input(_)), "{text}");
        // The factors' closed axes stand where the positions that are left out do.
        let rank = derived.entries[0].derivative.value.axes.len();
        let closed: Vec<u8> = others.axes.iter().copied().filter(|axis| usize::from(*axis) >= rank).collect();
        assert_eq!(closed.len(), left_out.len(), "{text}");
        assert_eq!(others.left_out.len(), left_out.len(), "{text}");
    }
}

#[test]
fn accesses_say_where_they_read_and_cotangents_where_they_are_placed() {
    let shift = |plus: &[u8], minus: &[u8], offset| {
        Position::Shifted(Shift { plus: plus.to_vec(), minus: minus.to_vec(), offset })
    };
    for (text, wrt, expected) in [
        ("fn f(w: [3], x: [8]) wrt(w) { let y[i] = sum[k](w[k]*x[i + k]); y }", 1, vec![shift(&[0, 1], &[], 0)]),
        ("fn f(w: [3], x: [8]) wrt(w) { let y[i] = sum[k](w[k]*x[i - k + 2]); y }", 1, vec![shift(&[0], &[1], 2)]),
        ("fn f(x: [8], w: [3]) wrt(w) = sum(w*x[2..5]);", 0, vec![shift(&[0], &[], 2)]),
        ("fn f(x: [8], w: [7]) wrt(w) { let z = x[1..]; sum[i](z[6 - i]*w[i]) }", 0, vec![shift(&[], &[0], 7)]),
        ("fn f(x: [8, 2], w: [3]) wrt(w) = sum(w*x[5.., 1]);", 0, vec![shift(&[0], &[], 5), Position::Stated(1)]),
    ] {
        let derived = derived(text, &Request { order: 1, ..Request::default() });
        let graph = &derived.function.graph;
        let value = &derived.entries[0].derivative.value;
        let access = graph.as_access(value.node).unwrap_or_else(|| panic!("{text}: an access"));
        assert_eq!(access.node, derived.function.parameters[wrt].node, "{text}");
        assert_eq!(access.positions, expected, "{text}");
    }
    for (text, at, slots) in [
        ("fn f(x: [8], g: [3]) wrt(x) = sum(g*x[2..5]);", shift(&[1], &[], 2), 1),
        ("fn f(x: [8], g: [3]) wrt(x) { let r[i] = x[7 - i]; sum[i](g[i]*r[i + 5]) }", shift(&[1], &[], 5), 1),
    ] {
        let derived = derived(text, &Request { order: 1, ..Request::default() });
        let graph = &derived.function.graph;
        let placed = derived.function.graph.nodes().find_map(|node| graph.as_placed(node)).expect("a placed value");
        assert_eq!((placed.along, placed.at, placed.axes.len()), (0, at, slots), "{text}");
    }
    let text = "fn f(t: [V, D], index: i32[N], g: [N, D]) { let e[n, d] = t[index[n], d]; sum(e*g) }";
    let derived = derived(text, &Request { order: 1, ..Request::default() });
    let (graph, parameters) = (&derived.function.graph, &derived.function.parameters);
    let given = |slot| Position::Given(Given { input: parameters[1].node, positions: vec![Position::Slot(slot)] });
    let table = graph.as_placed(derived.entries[0].derivative.value.node).expect("rows that are added");
    assert_eq!((table.value, table.along, table.at), (parameters[2].node, 0, given(2)));
    let rows = graph.as_access(derived.entries[1].derivative.value.node).expect("rows that are read");
    assert_eq!((rows.node, rows.positions), (parameters[0].node, vec![given(0), Position::Slot(1)]));
    assert_eq!(derived.entries.len(), 2, "nothing is differentiated by an integer");
}

#[test]
fn convolutions_slices_and_gathers_at_both_orders() {
    let w = tensor(&[2], &[2.0, -1.0]);
    let x = tensor(&[4], &[1.0, 2.0, 4.0, 8.0]);
    let results = run("fn f(w: [2], x: [4]) { let y[i] = sum[k](w[k]*x[i + k]); sum(y**2)/2 }", 2, &[w, x.clone()]);
    // y is [0, 0, 0]: only products of first derivatives are left.
    assert_eq!(results[0], [0.0]);
    assert_eq!((&results[1][..], &results[2][..]), (&[0.0; 2][..], &[0.0; 4][..]));
    assert_eq!(results[3], [1.0 + 4.0 + 16.0, 2.0 + 8.0 + 32.0, 42.0, 4.0 + 16.0 + 64.0]);
    let parts = run("fn f(x: [4]) = sum(x[1..]*x[..3]) + sum(concat(x[2..], x)[1..4]**2);", 1, &[x]);
    assert_eq!(parts, [vec![2.0 + 8.0 + 32.0 + 64.0 + 1.0 + 4.0], vec![2.0 + 2.0, 5.0 + 4.0, 10.0, 4.0 + 16.0]]);
    let (table, index) = (tensor(&[3, 1], &[1.0, 2.0, 3.0]), tensor(&[4], &[2.0, 0.0, 2.0, 2.0]));
    let text = "fn f(t: [V, D], index: i32[N]) { let e[n, d] = t[index[n], d]; sum(e**2) }";
    let results = run(text, 2, &[table.clone(), index]);
    assert_eq!(results, [vec![28.0], vec![2.0, 0.0, 18.0], vec![2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 6.0]]);
    let program = derived(text, &Request { order: 1, ..Request::default() });
    let program = lower(&program.function.graph, &program.wanted());
    for (bad, told) in [(3.0, "3, which is no position along an axis of size 3"), (-1.0, "-1,"), (0.5, "0.5,")] {
        let error = evaluate(&program, &[table.clone(), tensor(&[2], &[1.0, bad])]).expect_err("outside");
        assert!(error.to_string().starts_with(&format!("`index[1]` is {told}")), "{error}");
    }
}

#[test]
fn the_position_of_the_largest_is_the_first_and_does_not_move() {
    let x = tensor(&[2, 3], &[1.0, 3.0, 3.0, 9.0, 1.0, 2.0]);
    assert_eq!(run("fn f(x: [N, K]) = argmax(x);", 0, std::slice::from_ref(&x)), [[1.0, 0.0]]);
    assert_eq!(run("fn f(x: [N, K]) = argmax(x, axis = 0);", 0, std::slice::from_ref(&x)), [[1.0, 0.0, 0.0]]);
    assert_eq!(run("fn f(x: [N, K]) = sum(argmax(x)) + 0 * sum(x);", 1, &[x])[1], [0.0; 6]);
}
