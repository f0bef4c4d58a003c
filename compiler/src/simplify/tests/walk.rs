//! The walk over backward values: what is shared, what values cost, and the steps that lead to their forms.

use std::collections::BTreeSet;

use crate::derive::{Request, derive};
use crate::facts::{Claim, claims};
use crate::graph::{Graph, NodeId, Operation, Ref};
use crate::operators::Operator;
use crate::parse::parse_formula;
use crate::resolve::resolve;
use crate::simplify::sample::Samples;
use crate::simplify::search::Search;
use crate::simplify::{Rule, Subject, simplify};

/// A function with the derivatives that the chain rule gives.
pub(super) struct Raw {
    pub(super) graph: Graph,
    pub(super) outputs: Vec<NodeId>,
    pub(super) named: Vec<NodeId>,
    pub(super) roots: Vec<Ref>,
    pub(super) first: usize,
    pub(super) facts: Vec<Claim>,
}

impl Raw {
    pub(super) fn new(text: &str, order: u8, upstream: bool) -> Self {
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

    pub(super) fn gradient(text: &str) -> Self {
        Self::new(text, 1, false)
    }

    /// What is simplified, and a graph that may grow.
    pub(super) fn parts(&self) -> (Graph, Subject<'_>) {
        let Self { outputs, named, roots, first, facts, .. } = self;
        (self.graph.clone(), Subject { outputs, named, roots, first: *first, facts, second: &[] })
    }
}

/// A value as a text: operators over inputs; sums over what they close.
pub(super) fn text(graph: &Graph, node: NodeId) -> String {
    let operands: Vec<String> = graph.operands(node).map(|operand| text(graph, operand.node)).collect();
    let of = |name: &str| format!("{name}({})", operands.join(", "));
    match graph.operation(node) {
        Operation::Input(place) => graph.inputs()[place as usize].name.clone(),
        Operation::Constant(_) => graph.as_constant(node).expect("a number").to_f64().to_string(),
        Operation::Apply(operator) => of(&format!("{operator:?}")),
        Operation::Sum(_) => of("sum"),
        Operation::Max(_) => of("max"),
        Operation::Prod(_) => of("prod"),
        other => format!("{other:?}"),
    }
}

pub(super) fn texts(graph: &Graph, nodes: impl IntoIterator<Item = NodeId>) -> BTreeSet<String> {
    nodes.into_iter().map(|node| text(graph, node)).collect()
}

pub(super) fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

pub(super) fn node(graph: &Graph, wanted: &str) -> NodeId {
    graph.nodes().find(|node| text(graph, *node) == wanted).unwrap_or_else(|| panic!("{wanted} is there"))
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
    let sine = graph.apply(Operator::Sin, std::slice::from_ref(&square)).expect("fits");
    assert_eq!(
        (search.size(&graph, sine.node).operations, search.size(&graph, sine.node).references),
        (5, 2),
        "three operations and what they read, and two references"
    );
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
    let more = |before: &str, after: &str, shorter: bool| {
        search.is_more_work(&graph, node(&graph, before), node(&graph, after), shorter)
    };
    let chained = "sum(Multiply(y, sum(Multiply(a, x))))";
    let nested = "sum(Multiply(Multiply(y, a), x))";
    let apart = "Multiply(sum(x), sum(y))";
    assert!(more(apart, chained, false) && more(apart, nested, false));
    assert!(!more(nested, apart, false) && !more(chained, apart, false));
    assert!(!more(nested, chained, false), "two sums one after the other are no more work");
    assert!(more("sum(x)", "sum(Multiply(a, x))", false), "two axes are more than one");
    assert!(more("sum(x)", nested, true), "here everything runs over more axes");
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
    let apart = graph.apply(Operator::Exp, std::slice::from_ref(&sine)).expect("fits");
    let inside = graph.apply(Operator::Exp, std::slice::from_ref(&log)).expect("fits");
    let both = graph.apply(Operator::Multiply, &[apart.clone(), inside.clone()]).expect("fits");
    for (value, expected) in [(&log, false), (&sine, true), (&apart, true), (&inside, false), (&both, false)] {
        assert_eq!(search.is_computed_anyway(&graph, value.node), expected, "{}", text(&graph, value.node));
    }
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
            // The same operation, over operands that other steps replaced.
            let kept: BTreeSet<NodeId> = graph.operands(step.after.node).map(|operand| operand.node).collect();
            for operand in graph.operands(step.before.node).filter(|_| step.rule == Rule::Operands) {
                let replaced = simplified.steps.iter().any(|other| other.before.node == operand.node);
                assert!(kept.contains(&operand.node) || replaced, "{formula}: {step:?} has no reason");
            }
        }
        let samples = Samples::new(&graph, &vec![true; graph.len()], &vec![true; live], &raw.facts);
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
    let cases = [
        ("fn f(x, t) = sin(x*t);", false),
        ("fn f(x, t) = sin(x*t)**3;", true),
        ("fn f(x, t) { let s = x*t; 1/(1 + exp(-s)) }", true),
    ];
    for (formula, dear) in cases {
        let raw = Raw::gradient(formula);
        let (mut graph, subject) = raw.parts();
        let mut search = Search::new(&graph, &subject);
        let shared = search.shared(&graph, subject.roots);
        let shared = [*shared.last().expect("a shared value")];
        search.simplify(&mut graph, shared[0]).expect("small");
        assert!(search.found.keys().all(|node| !search.is_forward(*node)), "forward values stay");
        search.settle(&graph, shared[0]);
        assert_eq!(search.settled.contains(&shared[0]), dear, "{formula}");
        let stands = search.replaced(&Ref { node: shared[0], axes: Vec::new() });
        assert_eq!(search.free.contains(&stands.node), dear, "{formula}");
        assert_eq!(search.settled(&Ref { node: shared[0], axes: Vec::new() }), dear.then_some(stands));
        let user = graph.apply(Operator::Sin, &[Ref { node: shared[0], axes: Vec::new() }]).expect("fits");
        assert_eq!(search.opened(&graph, user.node, false).len() == 1, dear);
        let own = search.replaced(&Ref { node: shared[0], axes: Vec::new() }).node != shared[0];
        assert!(!own || search.opened(&graph, shared[0], false).len() > 1, "what it is made of counts in itself");
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
