//! What backward values are made of: what they read and divide by, the leaves of their forms, and what hides the rest.

use std::collections::BTreeSet;

use super::walk::{Raw, node, set, text, texts};
use crate::graph::{Axis, NodeId, Operation};
use crate::operators::{Kind, Operator};
use crate::simplify::bank::Form;
use crate::simplify::candidate::quotients;
use crate::simplify::leaves::{MOST_LEAVES, divided_by, divisors_inside, factors};
use crate::simplify::search::Search;
use crate::simplify::simplify;

#[test]
fn a_cone_is_what_a_value_reads_and_divides_by() {
    for (formula, forward, divides, branches) in [
        ("fn f(x, t) wrt(x) = x*t;", &["t"][..], &[][..], false),
        ("fn f(x, t) wrt(x) = sin(x)/t;", &["t", "x"], &["t"], false),
        ("fn f(x, t) wrt(x) = if x > 0 { log(x)*t } else { x*t };", &["Greater(x, 0)", "t", "x"], &[], true),
        (
            "fn f(x, t) wrt(x) = (if x > 0 { log(x) } else { x }) + log(x + t);",
            &["Greater(x, 0)", "x", "Add(x, t)"],
            &["Add(x, t)"],
            true,
        ),
        ("fn f(x, t) wrt(t) = if x > 0 { t/x } else { t*x };", &["Greater(x, 0)", "x"], &[], true),
        ("fn f(x: [N], t) wrt(x) = sum(x**2)/t;", &["t", "x"], &["t"], false),
    ] {
        let raw = Raw::gradient(formula);
        let (mut graph, subject) = raw.parts();
        let mut search = Search::new(&graph, &subject);
        let cone = search.cone(&mut graph, &subject.roots[0]).expect("small");
        let read = cone.forward.iter().map(|used| used.node).filter(|node| graph.as_constant(*node).is_none());
        assert_eq!(texts(&graph, read), set(forward), "{formula}");
        assert_eq!(texts(&graph, cone.divides.iter().copied()), set(divides), "{formula}");
        assert_eq!(cone.branches, branches, "{formula}");
        assert!(cone.backward.iter().all(|used| !search.is_forward(used.node)));
        assert!(cone.forward.iter().all(|used| search.is_forward(used.node)), "{formula}");
        assert_eq!(cone.closed.iter().collect::<BTreeSet<_>>().len(), cone.closed.len(), "each axis once");
    }
}

/// A value that is divided by in a branch and outside of it is divided by whatever branch is taken.
#[test]
fn what_is_read_in_branches_and_outside_counts_as_outside() {
    for formula in [
        "fn f(x, t) wrt(t) = (if x > 0 { log(t) } else { x }) + log(t);",
        "fn f(x, t) wrt(t) = log(t) + (if x > 0 { log(t) } else { x });",
    ] {
        let raw = Raw::gradient(formula);
        let (mut graph, subject) = raw.parts();
        let mut search = Search::new(&graph, &subject);
        let target = &subject.roots[0];
        let cone = search.cone(&mut graph, target).expect("small");
        assert!(texts(&graph, cone.divides).contains("t"), "{formula}");
    }
}

/// A second derivative refers to the first one, which costs nothing then.
#[test]
fn axes_of_sums_are_labelled_once() {
    let raw = Raw::gradient("fn f(x: [N], y: [N], a: [N, N]) wrt(x) = sum(sin(a @ x)*y);");
    let (mut graph, subject) = raw.parts();
    let mut search = Search::new(&graph, &subject);
    let cones = [(); 2].map(|()| search.cone(&mut graph, &subject.roots[0]).expect("small"));
    assert_eq!(cones[0].closed, cones[1].closed);
    assert_eq!(cones[0].backward, cones[1].backward);
    assert!(!cones[0].closed.is_empty());
    let own: Vec<Axis> = subject.roots[0].axes.clone();
    assert!(cones[0].closed.iter().all(|axis| !own.contains(axis)), "what is closed is no axis of the result");
}

#[test]
fn what_is_divided_by_is_known_with_its_factors() {
    let raw = Raw::gradient("fn f(x, t, u) = sin(u/(x*t)) + x**-2 + x**2 + sqrt(-x)/exp(t) + (x + t)**t;");
    let graph = &raw.graph;
    for (value, divisor) in [
        ("Divide(u, Multiply(x, t))", Some("Multiply(x, t)")),
        ("Power(x, -2)", Some("x")),
        ("Power(x, 2)", None),
        ("Power(Add(x, t), t)", None),
        ("Divide(Sqrt(Negate(x)), Exp(t))", Some("Exp(t)")),
        ("Multiply(x, t)", None),
    ] {
        assert_eq!(divided_by(graph, node(graph, value)).map(|node| text(graph, node)).as_deref(), divisor, "{value}");
    }
    for (value, expected) in [
        ("Multiply(x, t)", &["Multiply(x, t)", "x", "t"][..]),
        ("Divide(u, Multiply(x, t))", &["Divide(u, Multiply(x, t))", "u", "Multiply(x, t)", "x", "t"]),
        ("Sqrt(Negate(x))", &["Sqrt(Negate(x))", "Negate(x)", "x"]),
        ("Power(Add(x, t), t)", &["Power(Add(x, t), t)", "Add(x, t)"]),
        ("Exp(t)", &["Exp(t)"]),
    ] {
        assert_eq!(texts(graph, factors(graph, vec![node(graph, value)])), set(expected), "{value}");
    }
}

/// However deep it stands, but not in a branch.
#[test]
fn divisors_are_found_inside_of_values() {
    let raw = Raw::gradient("fn f(x, t, u) = sin(exp(x/t)) + (if x/u > 1 { 1/x } else { u**-2 });");
    let graph = &raw.graph;
    for (value, expected) in [
        ("Sin(Exp(Divide(x, t)))", &["t"][..]),
        ("Select(Greater(Divide(x, u), 1), Divide(1, x), Power(u, -2))", &["u"]),
        ("Power(u, -2)", &["u"]),
        ("x", &[]),
    ] {
        assert_eq!(texts(graph, divisors_inside(graph, node(graph, value))), set(expected), "{value}");
    }
}

/// What stands for a shared value hides what that divides by; it counts all the same.
#[test]
fn divisors_inside_of_shared_values_count() {
    let raw = Raw::gradient("fn f(x, t, u) wrt(x, t) = sin(x*t)**2/u;");
    let (mut graph, subject) = raw.parts();
    let mut search = Search::new(&graph, &subject);
    let shared = search.shared(&graph, subject.roots);
    assert_eq!(shared.len(), 1, "{:?}", texts(&graph, shared));
    assert!(subject.roots.iter().all(|root| graph.live([root.node])[shared[0].index()]));
    for node in shared {
        search.simplify(&mut graph, node).expect("small");
        search.settle(&graph, node);
        assert!(search.settled.contains(&node), "it is dear");
    }
    let cone = search.cone(&mut graph, &subject.roots[0]).expect("small");
    assert!(texts(&graph, cone.divides).contains("u"));
    assert!(cone.forward.len() == 2, "the shared value and t: {:?}", cone.forward);
}

/// The leaves of a derivative.
fn leaves(formula: &str, upstream: bool, root: usize) -> (Vec<String>, Vec<&'static str>) {
    let raw = Raw::new(formula, 1, upstream);
    let (mut graph, subject) = raw.parts();
    let mut search = Search::new(&graph, &subject);
    let target = subject.roots[root].clone();
    let cone = search.cone(&mut graph, &target).expect("small");
    let leaves = search.leaves(&mut graph, &target, &cone).expect("small");
    assert!(leaves.is_sorted_by_key(|leaf| leaf.opened.len()), "{formula}: the cheapest first");
    assert!(leaves.len() <= MOST_LEAVES);
    for (place, leaf) in leaves.iter().enumerate() {
        assert!(leaves[..place].iter().all(|other| other.value != leaf.value), "{formula}: each once");
        assert!(leaf.value.axes.iter().all(|axis| target.axes.contains(axis)), "{formula}: over the target's axes");
        assert!(!cone.branches || search.is_computed_anyway(&graph, leaf.value.node), "{formula}: computed anyway");
        assert_ne!(leaf.value, target);
        assert!(graph.as_constant(leaf.value.node).is_none());
        assert!(graph.kind(leaf.value.node) == Kind::Number);
        let divided = factors(&graph, cone.divides.clone()).contains(&leaf.value.node);
        let size = matches!(graph.operation(leaf.value.node), Operation::Size(_));
        assert_eq!(leaf.divides, divided || size, "{formula}: {}", text(&graph, leaf.value.node));
    }
    let texts = leaves.iter().map(|leaf| text(&graph, leaf.value.node)).collect();
    let mut calls: Vec<&'static str> = search.calls.values().map(|call| call.name).collect();
    calls.sort_unstable();
    (texts, calls)
}

#[test]
fn leaves_are_what_is_there_and_calls_at_exponents() {
    for (formula, upstream, expected, calls) in [
        ("fn f(x, t) wrt(x) = x*t*sin(x);", false, &["x", "t", "Sin(x)"][..], &[][..]),
        ("fn f(x) = sin(exp(x));", false, &["Exp(x)"], &["sigmoid", "softplus"]),
        ("fn f(x) = exp(-x);", false, &["Tanh(x)"], &["sigmoid", "softplus"]),
        ("fn f(x, t) wrt(x) = exp(x - t)**2;", false, &["Tanh(x)", "Tanh(Subtract(x, t))"], &["sigmoid", "softplus"]),
        ("fn f(x) = x**2*exp(2);", false, &["x"], &[]),
        (
            "fn f(a: [N]) = log(sum(exp(a)));",
            false,
            &["Log(sum(Exp(a)))", "Exp(a)", "sum(Exp(a))"],
            &["log_softmax", "logsumexp", "sigmoid", "softmax", "softplus"],
        ),
        ("fn f(a: [N, K]) = exp(a);", true, &["g", "Exp(a)"], &["sigmoid", "softplus"]),
        ("fn f(a: [N, K]) = sum(sin(exp(a)), axis = 0);", true, &["g", "Exp(a)"], &["sigmoid", "softplus"]),
        ("fn f(a: [N, K]) = log(sum(exp(a), axis = 1));", true, &["g"], &["sigmoid", "softmax", "softplus"]),
        ("fn f(a: [N, K]) = log(sum(exp(a), axis = 0));", true, &["g"], &["sigmoid", "softplus"]),
        ("fn f(x, t) wrt(x) = if x > 0 { log(x)*t } else { x*t };", false, &["x", "t"], &[]),
        ("fn f(x: [N], y: [N]) wrt(x) = sum(x*y)**3;", false, &["y", "sum(Multiply(x, y))"], &[]),
        ("fn f(x: [N], g2: [N]) wrt(x) = x/sqrt(sum(x**2));", true, &["x", "g", "sum(Multiply(g, x))"], &[]),
    ] {
        let (found, own) = leaves(formula, upstream, 0);
        for leaf in expected {
            assert!(found.iter().any(|found| found == leaf), "{formula} has {found:?}, not {leaf}");
        }
        for name in calls {
            let count = |names: &[&str]| names.iter().filter(|other| *other == name).count();
            assert_eq!(count(&own), count(calls), "{formula}: {own:?}");
        }
        assert_eq!(own.is_empty(), calls.is_empty(), "{formula}: {own:?}");
    }
    assert!(
        !leaves("fn f(x, t) wrt(x) = if x > 0 { log(x)*t } else { x*t };", false, 0).0.contains(&"Log(x)".to_owned())
    );
    assert!(!leaves("fn f(x: [N], t) wrt(x) = sum(exp(x))*t;", false, 0).0.is_empty());
}

/// A diagonal is no vector that `softmax` could work along.
#[test]
fn softmax_works_along_an_axis_of_its_own() {
    let formula = "fn f(a: [N, N], x: [N]) -> [N] { let e[i] = exp(a[i, i]); let out[i] = e[i]*sum(e)*x[i]; out }";
    let raw = Raw::new(formula, 1, true);
    let (mut graph, subject) = raw.parts();
    let simplified = simplify(&mut graph, &subject).expect("small");
    for call in simplified.calls.iter().filter(|call| call.name == "softmax") {
        assert!(call.arguments[0].distinct_axes().len() == call.arguments[0].axes.len(), "{call:?}");
    }
}

/// The numbers that forms may use: 1, 2, and of those that are stated the positive ones, four in all.
#[test]
fn banks_have_the_stated_numbers() {
    for (formula, expected) in [
        ("fn f(x) = sin(7*x);", &[1.0, 2.0, 7.0][..]),
        ("fn f(x) = sin(7*x)*0.5 - cos(7*x);", &[1.0, 2.0, 7.0, 0.5]),
        ("fn f(x) = sin(-7*x)*x**2;", &[1.0, 2.0]),
        ("fn f(x) = 3*x**5 + 7*x**9 + 11*x**13;", &[]),
    ] {
        let raw = Raw::gradient(formula);
        let (mut graph, subject) = raw.parts();
        let mut search = Search::new(&graph, &subject);
        let target = subject.roots[0].clone();
        let cone = search.cone(&mut graph, &target).expect("small");
        let leaves = search.leaves(&mut graph, &target, &cone).expect("small");
        leaves.iter().for_each(|leaf| search.samples.extend(&graph, leaf.value.node));
        let bank = search.bank(&graph, &leaves, &cone, 0);
        let mut numbers = Vec::new();
        let mut bits = BTreeSet::new();
        for id in bank.ids() {
            match bank.get(id).form {
                Form::Number(number) => numbers.push(number.to_f64()),
                Form::Leaf(place) => {
                    assert_eq!(bank.get(id).reads, 1 << place);
                    bits.insert(bank.get(id).reads);
                }
                _ => {}
            }
        }
        assert_eq!(bits.len(), leaves.len(), "{formula}: a bit for each leaf");
        assert!(numbers.len() <= 4 && numbers.iter().all(|number| *number > 0.0), "{formula}: {numbers:?}");
        assert_eq!(numbers.iter().map(|number| number.to_bits()).collect::<BTreeSet<_>>().len(), numbers.len());
        assert!(expected.iter().all(|number| numbers.contains(number)), "{formula}: {numbers:?}");
        assert!(expected.is_empty() && numbers.len() == 4 || numbers.len() == expected.len(), "{formula}: {numbers:?}");
    }
}

#[test]
fn references_and_quotients_are_counted() {
    for (formula, references, read_and_divided) in [
        ("fn f(x, t) wrt(x) = x**2*t;", 2, 2),
        ("fn f(x, t, u) wrt(x) = x*t + x*u;", 2, 2),
        ("fn f(x, t) wrt(x) = x*x*t;", 2, 2),
        ("fn f(x, t) wrt(x) = x*sin(t)/t;", 2, 3),
    ] {
        let raw = Raw::gradient(formula);
        let (mut graph, subject) = raw.parts();
        let mut search = Search::new(&graph, &subject);
        let cone = search.cone(&mut graph, &subject.roots[0]).expect("small");
        let found = (search.references(&graph, &cone), quotients(&graph, &cone));
        assert_eq!(found, (references, read_and_divided), "{formula}: {}", text(&graph, subject.roots[0].node));
    }
}

/// What is read, and what of it hides the rest: nothing else leads there.
#[test]
fn gates_hide_what_they_are_made_of() {
    let mut gates = 0;
    for formula in [
        "fn f(x, t, u) wrt(x) = sin(x*t + u)**2*exp(t);",
        "fn f(x, t, u) wrt(x) { let s = exp(x) + exp(t) + exp(u); log(s) + x*s }",
        "fn f(x: [N, D], w: [D], t: [N]) wrt(w) = sum(log(1 + exp(-t*(x @ w))));",
        "fn f(x, t) wrt(x) = sqrt(1 + (x*t - 2)**2)*exp(x*t - 2);",
        "fn f(a: [K], t: [K]) wrt(a) = -sum(t*log(exp(a)/sum(exp(a))));",
        "fn f(x, t) wrt(x) = cos(if x > t { x } else { t*x })**3;",
        "fn f(x, t, u, v) wrt(u) = u**2*(v**2*t)*sin(v + x);",
    ] {
        let raw = Raw::gradient(formula);
        let (mut graph, subject) = raw.parts();
        let mut search = Search::new(&graph, &subject);
        let cone = search.cone(&mut graph, &subject.roots[0]).expect("small");
        let [hiding, deep] = search.opaque(&graph, &cone);
        assert!(deep.is_subset(&hiding) && deep.is_empty(), "{formula}: nothing is eight operations below");
        let read: BTreeSet<NodeId> = cone.forward.iter().map(|used| used.node).collect();
        let below = graph.live(read.iter().copied());
        for gate in graph.nodes().filter(|node| below[node.index()]) {
            // Everything that is reached without going through the gate.
            let mut around: BTreeSet<NodeId> = read.iter().copied().filter(|node| *node != gate).collect();
            let mut pending: Vec<NodeId> = around.iter().copied().collect();
            while let Some(next) = pending.pop() {
                for operand in graph.operands(next).map(|operand| operand.node).filter(|node| *node != gate) {
                    if around.insert(operand) {
                        pending.push(operand);
                    }
                }
            }
            let stated = |node: NodeId| graph.as_constant(node).is_some();
            let apart = graph.operands(gate).all(|operand| stated(operand.node) || !around.contains(&operand.node));
            let adds = matches!(
                graph.operation(gate),
                Operation::Sum(_)
                    | Operation::Max(_)
                    | Operation::Prod(_)
                    | Operation::Apply(Operator::Add | Operator::Subtract | Operator::Select)
            );
            assert_eq!(hiding.contains(&gate), adds && apart, "{formula}: {}", text(&graph, gate));
            gates += usize::from(adds && apart);
        }
    }
    assert!(gates > 3, "{gates}");
    // What is far below is not opened.
    let nested = format!("fn f(x, t) wrt(t) = t**2*{}x{};", "sin(".repeat(12), ")".repeat(12));
    let raw = Raw::gradient(&nested);
    let (mut graph, subject) = raw.parts();
    let mut search = Search::new(&graph, &subject);
    let cone = search.cone(&mut graph, &subject.roots[0]).expect("small");
    let [hiding, deep] = search.opaque(&graph, &cone);
    let names = texts(&graph, deep.iter().copied());
    assert_eq!(names, set(&["Sin(Sin(Sin(Sin(x))))"]), "eight below what is read");
    assert!(deep.is_subset(&hiding));
}
