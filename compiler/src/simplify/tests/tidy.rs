//! Canonical forms, written out: cheaper, over no more positions, and dividing by nothing new.

use std::collections::BTreeSet;

use super::walk::{Raw, text};
use crate::graph::{Graph, NodeId, Ref};
use crate::number::FloatType;
use crate::operators::Operator;
use crate::simplify::Subject;
use crate::simplify::leaves::divided_by;
use crate::simplify::search::Search;

/// A form may divide by products of what the chain rule divides by, and by nothing else.
#[test]
fn forms_divide_by_what_the_chain_rule_divides_by() {
    let mut graph = Graph::new(FloatType::F64);
    let dim = graph.dimension("N");
    let [x, t, u] = ["x", "t", "u"].map(|name| graph.input(name, &[]).expect("an input"));
    let apply = |graph: &mut Graph, operator, operands: &[&Ref]| {
        let operands: Vec<Ref> = operands.iter().map(|operand| (*operand).clone()).collect();
        graph.apply(operator, &operands).expect("fits")
    };
    let two = graph.constant(2.into()).expect("a number");
    let size = graph.size(dim).expect("a size");
    let pi = apply(&mut graph, Operator::Pi, &[]);
    let sum = apply(&mut graph, Operator::Add, &[&x, &t]);
    let product = apply(&mut graph, Operator::Multiply, &[&x, &t]);
    let negated = apply(&mut graph, Operator::Negate, &[&x]);
    let square = apply(&mut graph, Operator::Power, &[&x, &two]);
    let other_sum = apply(&mut graph, Operator::Add, &[&t, &x]);
    let root = apply(&mut graph, Operator::Sqrt, &[&u]);
    let condition = apply(&mut graph, Operator::Greater, &[&x, &t]);
    let over =
        |graph: &mut Graph, below: &Ref| graph.apply(Operator::Divide, &[u.clone(), below.clone()]).expect("fits");
    let one_by = |graph: &mut Graph, parts: &[&Ref]| {
        let mut value = u.clone();
        for part in parts {
            value = graph.apply(Operator::Divide, &[value, (*part).clone()]).expect("fits");
        }
        value
    };
    let cases: Vec<(Ref, Ref, bool)> = vec![
        (one_by(&mut graph, &[&x]), over(&mut graph, &x), true),
        (one_by(&mut graph, &[&x]), over(&mut graph, &t), false),
        (one_by(&mut graph, &[&x]), over(&mut graph, &product), false),
        (one_by(&mut graph, &[&x, &t]), over(&mut graph, &product), true),
        (one_by(&mut graph, &[&product]), over(&mut graph, &t), true),
        (one_by(&mut graph, &[&x]), over(&mut graph, &negated), true),
        (one_by(&mut graph, &[&x]), over(&mut graph, &square), true),
        (one_by(&mut graph, &[&t]), over(&mut graph, &square), false),
        (one_by(&mut graph, &[&square]), over(&mut graph, &x), true),
        (one_by(&mut graph, &[&sum]), over(&mut graph, &other_sum), true),
        (one_by(&mut graph, &[&sum]), over(&mut graph, &x), false),
        (one_by(&mut graph, &[&x, &t]), over(&mut graph, &sum), false),
        (u.clone(), over(&mut graph, &two), true),
        (u.clone(), over(&mut graph, &size), true),
        (u.clone(), over(&mut graph, &pi), true),
        (u.clone(), over(&mut graph, &root), false),
        (u.clone(), x.clone(), true),
    ];
    let roots: Vec<Ref> = cases.iter().flat_map(|(before, after, _)| [before.clone(), after.clone()]).collect();
    let outputs = [condition.node];
    let subject = Subject { outputs: &outputs, named: &[], roots: &roots, first: roots.len(), facts: &[], second: &[] };
    let mut search = Search::new(&graph, &subject);
    for (before, after, expected) in &cases {
        let found = search.divides_by_the_same(&mut graph, before, after);
        assert_eq!(found, *expected, "{} and {}", text(&graph, before.node), text(&graph, after.node));
    }
    // What is divided by in a branch only is no reason to divide by it outside.
    let inside = over(&mut graph, &x);
    let branched = graph.apply(Operator::Select, &[condition, inside.clone(), u.clone()]).expect("fits");
    assert!(!search.divides_by_the_same(&mut graph, &branched, &inside));
    assert!(search.divides_by_the_same(&mut graph, &inside, &branched));
}

#[test]
fn arrays_are_divided_by_what_the_chain_rule_divides_by() {
    let mut graph = Graph::new(FloatType::F64);
    let dim = graph.dimension("N");
    let axis = graph.axis(dim, "");
    let [u, p, q, r] = ["u", "p", "q", "r"].map(|name| graph.input(name, &[axis]).expect("an input"));
    let two = graph.constant(2.into()).expect("a number");
    let product = graph.apply(Operator::Multiply, &[p.clone(), q.clone()]).expect("fits");
    let square = graph.apply(Operator::Power, &[p.clone(), two]).expect("fits");
    let mut over =
        |above: &Ref, below: &Ref| graph.apply(Operator::Divide, &[above.clone(), below.clone()]).expect("fits");
    let first = over(&u, &p);
    let before = over(&first, &q);
    let cases = [(over(&u, &product), true), (over(&u, &square), true), (over(&u, &r), false)];
    let roots: Vec<Ref> = std::iter::once(&before).chain(cases.iter().map(|(after, _)| after)).cloned().collect();
    let subject = Subject { outputs: &[], named: &[], roots: &roots, first: roots.len(), facts: &[], second: &[] };
    let mut search = Search::new(&graph, &subject);
    for (after, expected) in &cases {
        let found = search.divides_by_the_same(&mut graph, &before, after);
        assert_eq!(found, *expected, "{}", text(&graph, after.node));
    }
}

/// The value of a formula, tidied as if it were a derivative.
fn tidied(formula: &str) -> (Graph, Ref, Ref) {
    let raw = Raw::gradient(formula);
    let mut graph = raw.graph.clone();
    let value = Ref { node: raw.outputs[0], axes: Vec::new() };
    let (outputs, roots) = ([], [value.clone()]);
    let subject = Subject { outputs: &outputs, named: &[], roots: &roots, first: 1, facts: &raw.facts, second: &[] };
    let mut search = Search::new(&graph, &subject);
    search.found.insert(value.node, (Vec::new(), value.clone()));
    search.tidy(&mut graph, value.node).expect("small");
    let after = search.found[&value.node].1.clone();
    (graph, value, after)
}

#[test]
fn tidying_makes_nothing_dearer() {
    for (formula, changed) in [
        ("fn f(x, t) = 2*(x*t) + 3*(x*t);", true),
        ("fn f(x, t) = x*t + 1;", false),
        ("fn f(x, t, u) = u*(t + x);", false),
        ("fn f(x, t, u) = x*t + x*u;", true),
        ("fn f(x, t, u) = x*(u*t);", false),
        // A sum over both axes at once is shorter, and more work.
        ("fn f(a: [N, K], x: [K], y: [N]) = sum[n](y[n]*sum[k](a[n, k]*x[k]));", false),
        // exp(x)/exp(t) is shorter, and not defined where exp(t) is 0 in floats.
        ("fn f(x, t) = 2*exp(x - t) + 3*exp(x - t);", false),
        ("fn f(x, t) = x/t + x*x/t;", true),
        ("fn f(x, t) where x > 0 = sqrt(x**2)*t;", true),
    ] {
        let (graph, before, after) = tidied(formula);
        let divides = |value: &Ref| {
            let live = graph.live([value.node]);
            graph.nodes().filter(|node| live[node.index()]).filter_map(|node| divided_by(&graph, node)).count()
        };
        assert!(divides(&after) <= divides(&before), "{formula} became {}", text(&graph, after.node));
        assert_eq!(before != after, changed, "{formula} became {}", text(&graph, after.node));
    }
}

/// What a value is a formula over: first what it reads, then less and less, never the same twice.
#[test]
fn views_open_a_value_step_by_step() {
    let large: Vec<String> = (0..30).map(|place| format!("sin({place}*x + t)")).collect();
    let large = format!("fn f(x, t) wrt(x) = {};", large.join("*"));
    for (formula, small, facts) in [
        ("fn f(x, t) wrt(x) { let s = exp(x*t); s**2 + sin(s*t) }", true, false),
        ("fn f(x, t) wrt(x) where t > 0 { let s = exp(x*t); s**2 + sin(s*t) }", true, true),
        (large.as_str(), false, false),
    ] {
        let raw = Raw::gradient(formula);
        let (graph, subject) = raw.parts();
        let search = Search::new(&graph, &subject);
        let root = subject.roots[0].node;
        let views = search.views(&graph, root);
        let frontier = search.frontier(&graph, root);
        assert_eq!(views[0].0, frontier);
        assert!(!frontier.is_empty());
        for node in &frontier {
            assert!(search.is_forward(*node) && graph.operands(*node).next().is_some(), "{formula}");
        }
        let without: Vec<&BTreeSet<NodeId>> =
            views.iter().filter(|(_, facts)| facts.is_empty()).map(|(view, _)| view).collect();
        for (place, view) in without.iter().enumerate() {
            assert!(without[..place].iter().all(|other| other != view), "{formula}: the same view twice");
        }
        assert_eq!(without.iter().any(|view| view.is_empty()), small, "{formula}: inputs alone");
        assert!(without.len() <= if small { 4 } else { 2 });
        assert_eq!(views.len() - without.len(), usize::from(facts), "{formula}");
        let live = graph.live([root]);
        assert!(without.iter().all(|view| view.iter().all(|node| live[node.index()])), "{formula}: nothing else");
    }
}
