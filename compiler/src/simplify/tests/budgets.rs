//! Where one gives up: the work is bounded by counts, and up to each bound it is done.

use super::walk::{Raw, node};
use crate::graph::{Graph, Ref};
use crate::number::FloatType;
use crate::operators::Operator;
use crate::simplify::candidate::MOST_SEARCHES;
use crate::simplify::search::{MOST_COST, MOST_NODES, MOST_PROVING, MOST_ROOTS, Search};
use crate::simplify::tidy::MOST_TIDIED;
use crate::simplify::{Rule, Subject, simplify};

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
        let output = graph.apply(Operator::Sin, std::slice::from_ref(&x)).expect("fits");
        let mut root = output.clone();
        for _ in 0..count {
            root = graph.apply(Operator::Cos, &[root]).expect("fits");
        }
        let (outputs, roots) = ([output.node], [root.clone()]);
        let subject = Subject { outputs: &outputs, named: &[], roots: &roots, first: 1, facts: &[], second: &[] };
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
