//! What is evaluated in another form than it is shown in: `1 - y evaluated as 1/(1 + exp(x))`.

use std::collections::{HashMap, HashSet};

use super::Derived;
use crate::cost;
use crate::facts::{Claim, claims};
use crate::graph::{Graph, NodeId, Operation, Ref};
use crate::guard;
use crate::operators::Operator;
use crate::print::{Listing, Named, Style, expanded};

/// Where more parts than this differ, the whole differs.
const MOST_PARTS: usize = 3;
/// Formulas are compared so deep.
const MOST_DEEP: usize = 16;
/// So many parts are compared by numbers.
const MOST_COMPARED: usize = 24;
/// Longer formulas are not shown.
const MOST_OPERATIONS: usize = 60;

/// A part of a shown formula that is evaluated in another form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Otherwise {
    /// The part as it is shown, in the names of the listing.
    pub part: String,
    /// The form in which it is evaluated; `None` if that is too long to be shown.
    pub form: Option<String>,
}

impl Derived {
    /// What of each output, then of each derivative in closed form, is evaluated otherwise, in the names of a listing of
    /// them; nothing before [`Derived::stabilise`], and nothing of what computes with arrays.
    #[must_use]
    pub fn evaluated_otherwise(&self, listing: &Listing, style: Style) -> Vec<Vec<Otherwise>> {
        let graph = &self.function.graph;
        let lines = listing.lets.iter().chain(&listing.asked).filter(|line| line.indices.is_empty());
        let mut named: HashMap<NodeId, &str> = HashMap::new();
        for line in lines.filter(|line| !line.name.is_empty()) {
            if let Some(node) = line.node.filter(|node| graph.shape(*node).is_empty()) {
                named.entry(node).or_insert(&line.name);
            }
        }
        let facts = claims(graph, &self.function.facts);
        let mut comparison = Comparison { graph, facts: &facts, known: HashMap::new(), left: MOST_COMPARED };
        let shown = self.closed_roots();
        let mut all: Vec<Vec<Otherwise>> = vec![Vec::new(); shown.len()];
        // Each part is told of once.
        let mut known: HashSet<NodeId> = HashSet::new();
        for (parts, (shown, evaluated)) in all.iter_mut().zip(shown.iter().zip(&self.stable)) {
            if shown.axes.is_empty() && evaluated.axes.is_empty() {
                let mut differing = comparison.differing(shown.node, evaluated.node, MOST_DEEP);
                differing.retain(|(part, _)| known.insert(*part));
                parts.extend(differing.into_iter().filter_map(|pair| told(graph, pair, &named, style)));
            }
        }
        all
    }
}

/// Compares formulas as they are shown with those that are evaluated.
struct Comparison<'a> {
    graph: &'a Graph,
    facts: &'a [Claim],
    known: HashMap<(NodeId, NodeId), Vec<(NodeId, NodeId)>>,
    /// How many more parts may be compared by numbers.
    left: usize,
}

impl Comparison<'_> {
    /// The parts of two formulas that differ, each with what stands in its place. What is evaluated where numbers are extreme,
    /// and nowhere else, is not told.
    fn differing(&mut self, shown: NodeId, evaluated: NodeId, deep: usize) -> Vec<(NodeId, NodeId)> {
        if let Some(known) = self.known.get(&(shown, evaluated)) {
            return known.clone();
        }
        let found = self.parts(shown, evaluated, deep);
        self.known.insert((shown, evaluated), found.clone());
        found
    }

    fn parts(&mut self, shown: NodeId, mut evaluated: NodeId, deep: usize) -> Vec<(NodeId, NodeId)> {
        let graph = self.graph;
        let condition = |node: NodeId| graph.operands(node).next().map(|operand| operand.node);
        // A condition that is shown is the user's own.
        let is_own =
            |node: NodeId| graph.as_operator(shown) == graph.as_operator(node) && condition(shown) == condition(node);
        while cost::is_rarely_otherwise(graph, evaluated)
            && !is_own(evaluated)
            && let Some(likely) = graph.operands(evaluated).nth(1)
        {
            evaluated = likely.node;
        }
        if shown == evaluated || !graph.shape(shown).is_empty() {
            return Vec::new();
        }
        let whole = vec![(shown, evaluated)];
        let (Some(operator), Some(other)) = (graph.as_operator(shown), graph.as_operator(evaluated)) else {
            return whole;
        };
        let operands = |node: NodeId| graph.operands(node).map(|operand| operand.node).collect::<Vec<_>>();
        let (left, right) = (operands(shown), operands(evaluated));
        if deep == 0 || operator != other || left.len() != right.len() || left.is_empty() {
            return whole;
        }
        let mut parts: Vec<(NodeId, NodeId)> = Vec::new();
        for (left, right) in left.into_iter().zip(right) {
            parts.extend(self.differing(left, right, deep - 1));
        }
        parts.sort_unstable();
        parts.dedup();
        // A number, or an input, is not evaluated in another form: what it stands in is.
        let is_part = |(part, _): &(NodeId, NodeId)| graph.as_operator(*part).is_some_and(|own| own.arity() > 0);
        let may_be = parts.len() <= MOST_PARTS && parts.iter().all(is_part);
        if may_be && parts.iter().all(|pair| self.is_equal(*pair)) { parts } else { whole }
    }

    fn is_equal(&mut self, (part, form): (NodeId, NodeId)) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        let [part, form] = [part, form].map(|node| Ref { node, axes: Vec::new() });
        guard::refuted(self.graph, &[(part, form)], self.facts) == [false]
    }
}

/// Nothing of what computes with arrays, or is too long to be shown and has no name.
fn told(
    graph: &Graph,
    (part, form): (NodeId, NodeId),
    named: &HashMap<NodeId, &str>,
    style: Style,
) -> Option<Otherwise> {
    let live = graph.live([part, form]);
    if graph.nodes().any(|node| live[node.index()] && !graph.local_dims(node).is_empty()) {
        return None;
    }
    let name = |(node, name): (&NodeId, &&str)| Named { node: *node, name: (*name).to_owned(), slots: Vec::new() };
    let names: Vec<Named> = named.iter().filter(|(node, _)| **node != part).map(name).collect();
    let taken: HashSet<String> = HashSet::new();
    let text = |node: NodeId| expanded(graph, node, &[], &names, &taken, style);
    let size = |node: NodeId| size(graph, node, part, named);
    let short = |node: NodeId| (size(node) <= MOST_OPERATIONS).then(|| text(node));
    let part = short(part).or_else(|| named.get(&part).map(|name| (*name).to_owned()))?;
    Some(Otherwise { part, form: short(form) })
}

/// How many operations a formula has that is written out down to what has a name.
fn size(graph: &Graph, node: NodeId, part: NodeId, named: &HashMap<NodeId, &str>) -> usize {
    let live = graph.live([node]);
    let mut sizes: HashMap<NodeId, usize> = HashMap::new();
    for next in graph.nodes().filter(|next| live[next.index()]) {
        let own = match graph.operation(next) {
            _ if next != part && named.contains_key(&next) => 0,
            Operation::Apply(Operator::Pi) => 0,
            Operation::Apply(_) => {
                let operands = graph.operands(next).map(|operand| sizes.get(&operand.node).copied().unwrap_or(0));
                operands.fold(1, usize::saturating_add)
            }
            _ => 0,
        };
        sizes.insert(next, own);
    }
    sizes.get(&node).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use crate::derive::{Request, derive};
    use crate::parse::parse_formula;
    use crate::print::Style;
    use crate::resolve::resolve;

    fn told(text: &str) -> Vec<(String, Option<String>)> {
        let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        let function = resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).remove(0);
        let request = Request { order: 1, ..Request::default() };
        let mut derived = derive(function, &request).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        derived.stabilise().unwrap_or_else(|error| panic!("{text}: {error:?}"));
        let listing = derived.listing(Style::Language, |_, _| String::new());
        let all = derived.evaluated_otherwise(&listing, Style::Language);
        all.into_iter().flatten().map(|own| (own.part, own.form)).collect()
    }

    #[test]
    fn parts_and_wholes_are_told() {
        let own = |part: &str, form: &str| (part.to_owned(), Some(form.to_owned()));
        assert_eq!(told("y*(exp(x) - 1)"), [own("s1 - 1", "expm1(x)")]);
        assert_eq!(told("tanh(x)"), [own("1 - y**2", "4*exp(-abs(2*x))/(1 + exp(-abs(2*x)))**2")]);
    }

    #[test]
    fn what_is_evaluated_as_it_is_shown_is_not() {
        // The user's own condition is far from 1, a length's is no news.
        for text in ["if x > 1e-12 { x*exp(x) } else { 0 }", "sqrt(x**2 + y**2)", "x*y + sin(x)", "log(abs(x))"] {
            assert_eq!(told(text), [], "{text}");
        }
    }

    /// Formulas share their parts: written out, or compared part by part, this one has more than 2 to the 60 of them.
    #[test]
    fn shared_parts_are_compared_once() {
        let lets: String =
            (1..60).map(|n| format!("let a{n} = a{0}*a{0} + exp(a{0})/(1 + exp(a{0}));", n - 1)).collect();
        told(&format!("fn f(a0) {{ {lets} a59 }}"));
    }
}
