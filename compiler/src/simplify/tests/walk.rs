//! The walk over backward values: what they are made of, what their forms may read and divide by, what they cost, and where
//! one gives up.

use std::collections::BTreeSet;

use crate::derive::{Request, derive};
use crate::facts::{Claim, claims};
use crate::graph::{Axis, Graph, NodeId, Operation, Ref};
use crate::number::FloatType;
use crate::operators::Operator;
use crate::parse::parse_formula;
use crate::resolve::resolve;
use crate::simplify::candidate::MOST_SEARCHES;
use crate::simplify::leaves::{MOST_LEAVES, divided_by, factors};
use crate::simplify::search::{MOST_COST, MOST_NODES, MOST_PROVING, MOST_ROOTS, Search};
use crate::simplify::tidy::MOST_TIDIED;
use crate::simplify::{Rule, Subject, simplify};

/// A function with the derivatives that the chain rule gives.
struct Raw {
    graph: Graph,
    outputs: Vec<NodeId>,
    named: Vec<NodeId>,
    roots: Vec<Ref>,
    first: usize,
    facts: Vec<Claim>,
}

impl Raw {
    fn new(text: &str, order: u8, upstream: bool) -> Self {
        let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        let function = resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).pop().expect("one");
        let upstream = upstream.then(|| "g".to_owned());
        let request = Request { order, upstream, raw: true, ..Request::default() };
        let derived = derive(function, &request).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        Self {
            outputs: derived.function.outputs.iter().map(|output| output.value.node).collect(),
            named: derived.function.names.iter().map(|name| name.node).collect(),
            roots: derived.closed,
            first: derived.entries.iter().filter(|entry| entry.wrt.len() == 1).count(),
            facts: claims(&derived.function.graph, &derived.function.facts),
            graph: derived.function.graph,
        }
    }

    fn gradient(text: &str) -> Self {
        Self::new(text, 1, false)
    }

    /// What is simplified, and a graph that may grow.
    fn parts(&self) -> (Graph, Subject<'_>) {
        let Self { outputs, named, roots, first, facts, .. } = self;
        (self.graph.clone(), Subject { outputs, named, roots, first: *first, facts })
    }
}

/// A value as a text: operators over inputs; sums over what they close.
fn text(graph: &Graph, node: NodeId) -> String {
    let operands: Vec<String> = graph.operands(node).map(|operand| text(graph, operand.node)).collect();
    let of = |name: &str| format!("{name}({})", operands.join(", "));
    match graph.operation(node) {
        Operation::Input(place) => graph.inputs()[place as usize].name.clone(),
        Operation::Constant(_) => graph.as_constant(node).expect("a number").to_f64().to_string(),
        Operation::Apply(operator) => of(&format!("{operator:?}")),
        Operation::Sum(_) => of("sum"),
        Operation::Max(_) => of("max"),
        other => format!("{other:?}"),
    }
}

fn texts(graph: &Graph, nodes: impl IntoIterator<Item = NodeId>) -> BTreeSet<String> {
    nodes.into_iter().map(|node| text(graph, node)).collect()
}

fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn node(graph: &Graph, wanted: &str) -> NodeId {
    graph.nodes().find(|node| text(graph, *node) == wanted).unwrap_or_else(|| panic!("{wanted} is there"))
}

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

#[test]
fn cones_are_bounded() {
    for (count, small) in [(50, true), (130, false)] {
        let terms: Vec<String> = (0..count).map(|place| format!("a{place}*x**2")).collect();
        let inputs: Vec<String> = (0..count).map(|place| format!("a{place}")).collect();
        let raw = Raw::gradient(&format!("fn f(x, {}) wrt(x) = {};", inputs.join(", "), terms.join(" + ")));
        let (mut graph, subject) = raw.parts();
        let mut search = Search::new(&graph, &subject);
        let cone = search.cone(&mut graph, &subject.roots[0]);
        let size = cone.as_ref().map(|cone| cone.backward.len() + cone.forward.len());
        assert_eq!(cone.is_some(), small && size.is_some_and(|size| size <= 120), "{count} terms: {size:?}");
    }
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

#[test]
fn shared_values_are_where_the_ways_to_results_part() {
    for (formula, count) in [
        ("fn f(x, t) = x + t;", 0),
        ("fn f(x, t) = x*t;", 0),
        ("fn f(x) = sin(x)**2;", 0),
        ("fn f(x, t) = sin(x*t)**2;", 1),
        ("fn f(x, t, u) = sin(x*t)**2 + u**3;", 1),
        ("fn f(x, t, u, v) = sin(x*t)**2 + cos(u*v)**2;", 2),
        ("fn f(x, t, u) = sin(x*t*u)**2;", 2),
    ] {
        let raw = Raw::gradient(formula);
        let (graph, subject) = raw.parts();
        let search = Search::new(&graph, &subject);
        let shared = search.shared(&graph, subject.roots);
        assert_eq!(shared.len(), count, "{formula}: {:?}", texts(&graph, shared));
        assert!(shared.is_sorted(), "operands first");
        for node in shared {
            let users = subject.roots.iter().filter(|root| graph.live([root.node])[node.index()]).count();
            assert!(users > 1 && !search.is_forward(node) && graph.operands(node).next().is_some());
            assert!(subject.roots.iter().all(|root| root.node != node));
        }
    }
}

/// Up to 64 results are looked at together.
#[test]
fn many_results_are_not_looked_at_together() {
    for (count, some) in [(MOST_ROOTS, true), (MOST_ROOTS + 1, false)] {
        let inputs: Vec<String> = (0..count).map(|place| format!("a{place}")).collect();
        let raw = Raw::gradient(&format!("fn f({}) = sin({})**2;", inputs.join(", "), inputs.join("*")));
        let (mut graph, subject) = raw.parts();
        let search = Search::new(&graph, &subject);
        assert_eq!(!search.shared(&graph, subject.roots).is_empty(), some);
        assert!(simplify(&mut graph, &subject).is_ok());
    }
}

#[test]
fn large_formulas_stay_as_they_are() {
    for (len, found) in [(MOST_NODES, true), (MOST_NODES + 1, false)] {
        let mut raw = Raw::gradient("fn f(x) = 1/(1 + exp(-x));");
        let mut number = 1000;
        while raw.graph.len() < len {
            raw.graph.constant(number.into()).expect("a number");
            number += 1;
        }
        let (mut graph, subject) = raw.parts();
        let simplified = simplify(&mut graph, &subject).expect("small");
        assert_eq!(simplified.roots.len(), 1);
        assert_eq!(simplified.roots != raw.roots, found, "{len} nodes");
        assert_eq!(!simplified.steps.is_empty(), found);
    }
    let raw = Raw::gradient("fn f(x) = 1/(1 + exp(-x));");
    let (mut graph, subject) = raw.parts();
    let none = Subject { roots: &[], first: 0, ..subject };
    assert!(simplify(&mut graph, &none).expect("small").roots.is_empty());
}

/// What is there costs nothing; what is not counts each operation once.
#[test]
fn costs_are_counted_down_to_what_is_there() {
    let raw = Raw::gradient("fn f(x, t) wrt(x) { let s = exp(x*t); log(1 + s**2) }");
    let (mut graph, subject) = raw.parts();
    let search = Search::new(&graph, &subject);
    let of = |graph: &Graph, name: &str| node(graph, name);
    let (s, inner) = (of(&graph, "Exp(Multiply(x, t))"), of(&graph, "Add(1, Power(Exp(Multiply(x, t)), 2))"));
    for (node, with_forward, count) in [(s, true, 0), (s, false, 0), (inner, true, 2), (inner, false, 0)] {
        assert_eq!(search.opened(&graph, node, with_forward).len(), count, "{}", text(&graph, node));
    }
    let use_of = |node: NodeId| Ref { node, axes: Vec::new() };
    let doubled = graph.apply(Operator::Add, &[use_of(inner), use_of(inner)]).expect("fits");
    let square = graph.apply(Operator::Multiply, &[doubled.clone(), doubled.clone()]).expect("fits");
    assert_eq!(search.opened(&graph, square.node, false).len(), 2, "a shared operation counts once");
    assert_eq!(search.opened(&graph, square.node, true).len(), 4);
    assert_eq!(search.size(&graph, square.node), (4, 2), "two operations and what they read, and two references");
    let mut chain = square;
    for _ in 0..60 {
        chain = graph.apply(Operator::Sin, &[chain]).expect("fits");
    }
    assert_eq!(search.opened_up_to(&graph, chain.node, false, 100).len(), 62);
    assert_eq!(
        search.opened_up_to(&graph, chain.node, false, 40).len(),
        41,
        "one more than asked for tells that it is too much"
    );
}

/// Two sums one after the other are less work than one over both axes.
#[test]
fn work_over_more_axes_is_more_than_any_over_fewer() {
    let raw = Raw::gradient(
        "fn f(a: [N, K], x: [K], y: [N]) = sum[n](y[n]*sum[k](a[n, k]*x[k])) + sum[n, k](y[n]*a[n, k]*x[k]) + sum[k](x[k])*sum[n](y[n]);",
    );
    let (graph, subject) = raw.parts();
    let search = Search::new(&graph, &subject);
    let work = |name: &str| search.loops(&graph, node(&graph, name));
    let chained = work("sum(Multiply(y, sum(Multiply(a, x))))");
    let nested = work("sum(Multiply(Multiply(y, a), x))");
    let apart = work("Multiply(sum(x), sum(y))");
    assert!(apart < chained && chained < nested || apart < nested && nested <= chained, "{apart} {chained} {nested}");
    assert!(work("sum(x)") < work("sum(Multiply(a, x))"), "one axis is less than two");
    assert!(8 * work("sum(x)") < work("sum(Multiply(a, x))"), "several values over one axis, too");
}

fn computed_anyway(formula: &str) -> BTreeSet<String> {
    let raw = Raw::gradient(formula);
    let (graph, subject) = raw.parts();
    let search = Search::new(&graph, &subject);
    let values = graph.nodes().filter(|node| search.is_forward(*node) && search.is_computed_anyway(&graph, *node));
    texts(&graph, values.filter(|node| graph.operands(*node).next().is_some()))
}

#[test]
fn what_is_computed_anyway_stands_outside_of_branches() {
    assert_eq!(
        computed_anyway("fn f(x, t) = if x > t { log(x)*t } else { x*t };"),
        set(&["Greater(x, t)", "Select(Greater(x, t), Multiply(Log(x), t), Multiply(x, t))"])
    );
    assert!(computed_anyway("fn f(x, t) = (if x > t { log(x) } else { t }) + log(x);").contains("Log(x)"));
    assert!(!computed_anyway("fn f(x, t) = if exp(x) > t { log(x) } else { t };").contains("Log(x)"));
    assert!(computed_anyway("fn f(x, t) = if exp(x) > t { log(x) } else { t };").contains("Exp(x)"));
    // A backward value is, if all that it is made of is.
    let raw = Raw::gradient("fn f(x, t) = (if x > 0 { log(x) } else { x })*sin(t);");
    let (mut graph, subject) = raw.parts();
    let search = Search::new(&graph, &subject);
    let [log, sine] = ["Log(x)", "Sin(t)"].map(|name| Ref { node: node(&graph, name), axes: Vec::new() });
    let apart = graph.apply(Operator::Exp, &[sine.clone()]).expect("fits");
    let inside = graph.apply(Operator::Exp, &[log.clone()]).expect("fits");
    let both = graph.apply(Operator::Multiply, &[apart.clone(), inside.clone()]).expect("fits");
    for (value, expected) in [(&log, false), (&sine, true), (&apart, true), (&inside, false), (&both, false)] {
        assert_eq!(search.is_computed_anyway(&graph, value.node), expected, "{}", text(&graph, value.node));
    }
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
        assert!(graph.kind(leaf.value.node) == crate::operators::Kind::Number);
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
        (
            "fn f(x, t) wrt(x) = exp(x - t)**2;",
            false,
            &["Tanh(x)", "Tanh(Subtract(x, t))"],
            &["sigmoid", "sigmoid", "softplus", "softplus"],
        ),
        ("fn f(x) = x**2*exp(2);", false, &["x"], &[]),
        ("fn f(a: [N]) = log(sum(exp(a)));", false, &["Exp(a)", "sum(Exp(a))"], &["sigmoid", "softmax", "softplus"]),
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
        assert_eq!(own, calls, "{formula}");
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

/// A search is made while the budget lasts, and counted.
#[test]
fn searches_and_proofs_have_budgets() {
    let raw = Raw::gradient("fn f(x) = 1/(1 + exp(-x));");
    let target = raw.roots[0].clone();
    for (searches, work, found) in [
        (0, 0, true),
        (MOST_SEARCHES - 1, 0, true),
        (MOST_SEARCHES, 0, false),
        (0, MOST_PROVING, true),
        (0, MOST_PROVING + 1, false),
    ] {
        let (mut graph, subject) = raw.parts();
        let mut search = Search::new(&graph, &subject);
        search.searches = searches;
        search.work.set(work);
        let form = search.closed_form(&mut graph, &target).expect("small");
        assert_eq!(form.is_some(), found, "{searches} searches, {work} work");
        assert_eq!(search.searches, (searches + 1).min(MOST_SEARCHES));
        assert_eq!(search.work.get() > work, found, "a proof is work");
        if let Some((rule, form, facts)) = form {
            assert_eq!((rule, facts), (Rule::FoldBack, Vec::new()));
            assert_eq!(search.opened(&graph, form.node, true).len(), 2, "y*(1 - y)");
        }
    }
}

/// One operation is as cheap as it gets, and very many are more than a search finds.
#[test]
fn only_values_of_some_cost_are_searched_for() {
    for (count, searched) in [(1, false), (2, true), (MOST_COST, true), (MOST_COST + 1, false)] {
        let mut graph = Graph::new(FloatType::F64);
        let x = graph.input("x", &[]).expect("an input");
        let output = graph.apply(Operator::Sin, &[x.clone()]).expect("fits");
        let mut root = output.clone();
        for _ in 0..count {
            root = graph.apply(Operator::Cos, &[root]).expect("fits");
        }
        let (outputs, roots) = ([output.node], [root.clone()]);
        let subject = Subject { outputs: &outputs, named: &[], roots: &roots, first: 1, facts: &[] };
        let mut search = Search::new(&graph, &subject);
        assert!(search.closed_form(&mut graph, &root).expect("small").is_none());
        assert_eq!(search.searches, usize::from(searched), "{count} operations");
    }
}

/// What is written in canonical form is counted, and only while the budgets last.
#[test]
fn tidying_has_budgets() {
    let raw = Raw::gradient("fn f(x, t) wrt(x) = x*t;");
    for (tidied, work, done) in [
        (0, 0, true),
        (MOST_TIDIED - 1, 0, true),
        (MOST_TIDIED, 0, false),
        (0, MOST_PROVING, true),
        (0, MOST_PROVING + 1, false),
    ] {
        let (mut graph, subject) = raw.parts();
        let mut search = Search::new(&graph, &subject);
        (search.tidied, _) = (tidied, search.work.set(work));
        // 2*x*t + 3*x*t, which is 5*x*t.
        let [x, t] = ["x", "t"].map(|name| Ref { node: node(&graph, name), axes: Vec::new() });
        let product = graph.apply(Operator::Multiply, &[x, t]).expect("fits");
        let mut parts = Vec::new();
        for number in [2, 3] {
            let number = graph.constant(number.into()).expect("a number");
            parts.push(graph.apply(Operator::Multiply, &[number, product.clone()]).expect("fits"));
        }
        let sum = graph.apply(Operator::Add, &parts).expect("fits");
        let key = subject.roots[0].node;
        search.found.insert(key, (Vec::new(), sum.clone()));
        search.tidy(&mut graph, key).expect("small");
        let after = search.found[&key].1.clone();
        assert_eq!(after != sum, done, "{tidied} tidied, {work} work");
        assert_eq!(search.tidied, if done { tidied + 1 } else { tidied });
        assert_eq!(search.work.get() > work, done);
        if done {
            assert!(search.opened(&graph, after.node, true).len() < search.opened(&graph, sum.node, true).len());
        }
    }
}

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
    let subject = Subject { outputs: &outputs, named: &[], roots: &roots, first: roots.len(), facts: &[] };
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

/// Steps lead from the chain rule's values to the forms; each says what is true, and none is there for nothing.
#[test]
fn steps_lead_to_the_forms() {
    for (formula, order, upstream) in [
        ("fn f(x) = 1/(1 + exp(-x));", 2, false),
        ("fn f(x, t) wrt(x) = log(1 + exp(x)) - t*x;", 2, false),
        ("fn f(x, t) = sin(x*t)**2;", 1, false),
        ("fn f(x, t) = if x > 0 { 1/(1 + exp(-x)) } else { x**2*t + x**2*t**2 };", 1, false),
        ("fn f(a: [K]) = softmax(a);", 1, true),
        ("fn f(a: [K], t: [K]) wrt(a) where sum(t) == 1 = -sum(t*log(exp(a)/sum(exp(a))));", 1, false),
        ("fn f(x: [D], a: [D, D]) wrt(x) = sum(x*(a @ x));", 1, false),
        ("fn f(x, mu, s) = exp(-(x - mu)**2/(2*s**2))/(s*sqrt(2*pi));", 1, false),
    ] {
        let raw = Raw::new(formula, order, upstream);
        let (mut graph, subject) = raw.parts();
        let live: usize = graph.len();
        let simplified = simplify(&mut graph, &subject).expect("small");
        let mut reached: BTreeSet<NodeId> = raw.roots.iter().map(|root| root.node).collect();
        for _ in &simplified.steps {
            for step in simplified.steps.iter().filter(|step| reached.contains(&step.before.node)).collect::<Vec<_>>() {
                reached.insert(step.after.node);
                if step.rule == Rule::Operands {
                    reached.extend(graph.operands(step.before.node).map(|operand| operand.node));
                }
            }
        }
        for step in &simplified.steps {
            assert!(reached.contains(&step.before.node), "{formula}: {step:?} is needed by nothing");
        }
        let samples =
            crate::simplify::sample::Samples::new(&graph, &vec![true; graph.len()], &vec![true; live], &raw.facts);
        for step in &simplified.steps {
            let [before, after] =
                [&step.before, &step.after].map(|used| samples.values(&graph, used).expect("computed"));
            for (a, b) in before.iter().zip(&after) {
                assert!((a - b).abs() <= 1e-9 * a.abs().max(1.0), "{formula}: {step:?}");
            }
        }
        for (root, form) in raw.roots.iter().zip(&simplified.roots) {
            let mut value = root.clone();
            while let Some(step) = simplified.steps.iter().find(|step| step.before.node == value.node) {
                value = step.after.renamed(&step.before.axes, &value.axes);
            }
            assert_eq!(value.node, form.node, "{formula}");
        }
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

/// Larger forms are found as quotients by what the chain rule divides by.
#[test]
fn quotients_of_larger_forms_are_found() {
    for (formula, root, most) in [
        ("fn f(x, mu, s) = exp(-(x - mu)**2/(2*s**2))/(s*sqrt(2*pi));", 0, 4),
        ("fn f(x, mu, s) = exp(-(x - mu)**2/(2*s**2))/(s*sqrt(2*pi));", 2, 5),
        ("fn f(x, t, r) wrt(x) { let mu = exp(x); -(t*log(mu/(mu + r)) + r*log(r/(mu + r))) }", 0, 2),
        ("fn f(x, nu) wrt(x) = (nu + 1)/2*log(1 + x**2/nu);", 0, 3),
        ("fn f(x, t) wrt(x) = (t - x)**2/(2*x**2*t);", 0, 3),
    ] {
        let raw = Raw::gradient(formula);
        let (mut graph, subject) = raw.parts();
        let mut search = Search::new(&graph, &subject);
        let target = subject.roots[root].clone();
        let (_, form, _) = search.closed_form(&mut graph, &target).expect("small").expect("a form");
        let own = search.opened(&graph, form.node, false).len();
        assert!(own <= most, "{formula}: {own} operations");
        search.samples.extend(&graph, form.node);
        let [target, form] = [target, form].map(|used| search.samples.values(&graph, &used).expect("computed"));
        for (a, b) in target.iter().zip(&form) {
            assert!((a - b).abs() <= 1e-9 * a.abs().max(1e-3), "{formula}: {a} and {b}");
        }
    }
}

/// What is dear enough for a name costs nothing from then on; what is cheaper is written where it is used.
#[test]
fn dear_shared_values_get_a_name() {
    for (formula, dear) in [("fn f(x, t) = sin(x*t);", false), ("fn f(x, t) = sin(x*t)**3;", true)] {
        let raw = Raw::gradient(formula);
        let (mut graph, subject) = raw.parts();
        let mut search = Search::new(&graph, &subject);
        let shared = search.shared(&graph, subject.roots);
        assert_eq!(shared.len(), 1, "{formula}");
        search.simplify(&mut graph, shared[0]).expect("small");
        search.settle(&graph, shared[0]);
        assert_eq!(search.settled.contains(&shared[0]), dear, "{formula}");
        let stands = search.replaced(&Ref { node: shared[0], axes: Vec::new() });
        assert_eq!(search.free.contains(&stands.node), dear, "{formula}");
        assert_eq!(search.settled(&Ref { node: shared[0], axes: Vec::new() }), dear.then_some(stands));
        let user = graph.apply(Operator::Sin, &[Ref { node: shared[0], axes: Vec::new() }]).expect("fits");
        assert_eq!(search.opened(&graph, user.node, false).len() == 1, dear);
    }
}

/// A form that is as cheap as can be stays.
#[test]
fn forms_of_the_same_cost_are_not_exchanged() {
    for formula in [
        "fn f(x, t, u) wrt(x) = x*t*u + x*sin(t);",
        "fn f(x, t, u) wrt(x) = x*(t - u)*exp(t);",
        "fn f(x, t, u) wrt(x) = x*t/u + x;",
    ] {
        let raw = Raw::gradient(formula);
        let (mut graph, subject) = raw.parts();
        let mut search = Search::new(&graph, &subject);
        let target = subject.roots[0].clone();
        let found = search.closed_form(&mut graph, &target).expect("small");
        let size = search.size(&graph, target.node);
        assert!(
            found.as_ref().is_none_or(|(_, form, _)| search.size(&graph, form.node) < size),
            "{formula}: {found:?}"
        );
        search.found.insert(target.node, (Vec::new(), target.clone()));
        search.tidy(&mut graph, target.node).expect("small");
        let after = search.found[&target.node].1.clone();
        assert!(after == target || search.size(&graph, after.node) < size, "{formula}: {}", text(&graph, after.node));
    }
}

/// The value of a formula, tidied as if it were a derivative.
fn tidied(formula: &str) -> (Graph, Ref, Ref) {
    let raw = Raw::gradient(formula);
    let mut graph = raw.graph.clone();
    let value = Ref { node: raw.outputs[0], axes: Vec::new() };
    let (outputs, roots) = ([], [value.clone()]);
    let subject = Subject { outputs: &outputs, named: &[], roots: &roots, first: 1, facts: &raw.facts };
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

#[test]
fn references_and_quotients_are_counted() {
    for (formula, references, quotients) in [
        ("fn f(x, t) wrt(x) = x**2*t;", 2, 2),
        ("fn f(x, t, u) wrt(x) = x*t + x*u;", 2, 2),
        ("fn f(x, t) wrt(x) = x*x*t;", 2, 2),
        ("fn f(x, t) wrt(x) = x*sin(t)/t;", 2, 3),
    ] {
        let raw = Raw::gradient(formula);
        let (mut graph, subject) = raw.parts();
        let mut search = Search::new(&graph, &subject);
        let cone = search.cone(&mut graph, &subject.roots[0]).expect("small");
        let found = (search.references(&graph, &cone), crate::simplify::candidate::quotients(&graph, &cone));
        assert_eq!(found, (references, quotients), "{formula}: {}", text(&graph, subject.roots[0].node));
    }
}

/// The numbers that forms may use: 1, 2, and of those that are stated the positive ones, four in all.
#[test]
fn banks_have_the_stated_numbers() {
    for (formula, expected) in [
        ("fn f(x) = sin(7*x);", &[1.0, 2.0, 7.0][..]),
        ("fn f(x) = sin(7*x)*0.5 + cos(7*x)*0.5;", &[1.0, 2.0, 7.0, 0.5]),
        ("fn f(x) = sin(-7*x)*x**2;", &[1.0, 2.0]),
        ("fn f(x) = 3*x**5 + 7*x**9 + 11*x**13;", &[]),
    ] {
        let raw = Raw::gradient(formula);
        let (mut graph, subject) = raw.parts();
        let mut search = Search::new(&graph, &subject);
        let target = subject.roots[0].clone();
        let cone = search.cone(&mut graph, &target).expect("small");
        let leaves = search.leaves(&mut graph, &target, &cone).expect("small");
        let bank = search.bank(&graph, &leaves, &cone);
        let mut numbers = Vec::new();
        let mut bits = BTreeSet::new();
        for id in bank.ids() {
            match bank.get(id).form {
                crate::simplify::bank::Form::Number(number) => numbers.push(number.to_f64()),
                crate::simplify::bank::Form::Leaf(place) => {
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
        assert!(
            without.iter().any(|view| **view == search.named.iter().copied().filter(|node| *node != root).collect())
                || !small
        );
    }
}
