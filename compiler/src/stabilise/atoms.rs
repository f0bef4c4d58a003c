//! A formula over the arguments of its functions: `log(1 + exp(x/s))` as `log(1 + exp(u))`.
//!
//! In: a scalar node. Out: a graph of its own in which what functions such as `exp` are of is an input, so that a form is
//! found, and judged, whatever stands there; and the way back. Signs and numbers in front of an argument stay outside of
//! it: `exp(-v)` and `exp(v)` are of one argument. An argument with a logarithm in it is opened: the two may cancel.

use std::collections::{BTreeSet, HashMap};

use super::profile::Range;
use crate::graph::{Graph, GraphError, NodeId, Operation, Ref};
use crate::number::Number;
use crate::operators::{Kind, Law, Operator};

/// Larger formulas are left alone.
const MOST_NODES: usize = 200;

pub(super) struct Atoms {
    pub(super) graph: Graph,
    /// What stands for nodes of the formula.
    made: HashMap<NodeId, NodeId>,
    /// What the inputs stand for.
    sources: HashMap<NodeId, NodeId>,
    arguments: BTreeSet<NodeId>,
}

impl Atoms {
    /// The arguments in a formula that are more than inputs; none if it is too large. What stands outside of functions as
    /// well is among them only if the rest of the formula knows nothing of what it is made of: else it may cancel.
    pub(super) fn arguments(graph: &Graph, root: NodeId) -> BTreeSet<NodeId> {
        let (mut found, mut outside) = (BTreeSet::new(), BTreeSet::new());
        let (mut open, mut pending) = (BTreeSet::new(), vec![root]);
        while let Some(next) = pending.pop() {
            if found.remove(&next) {
                outside.insert(next);
            }
            if !open.insert(next) {
                continue;
            }
            if open.len() > MOST_NODES || !graph.local_dims(next).is_empty() {
                return BTreeSet::new();
            }
            let Some(operator) = graph.as_operator(next) else { continue };
            if operator.row().law == Law::Opaque && next != root && is_opaque(graph, next) {
                open.remove(&next);
                found.insert(next);
                continue;
            }
            let is_function = operator.row().law == Law::Exponential;
            let is_product =
                operator.row().law == Law::Root || matches!(operator, Operator::Multiply | Operator::Divide);
            for operand in graph.operands(next).map(|operand| operand.node) {
                let argument = if is_function { core(graph, operand) } else { operand };
                let is_argument =
                    (is_function && is_unknown(graph, argument)) || (is_product && is_sum(graph, argument));
                if !is_argument {
                    pending.push(argument);
                } else if open.contains(&argument) {
                    outside.insert(argument);
                } else {
                    found.insert(argument);
                }
            }
        }
        found.extend(outside.into_iter().filter(|argument| is_independent(graph, root, *argument)));
        found
    }

    /// An empty graph, for formulas over some arguments.
    pub(super) fn new(graph: &Graph, arguments: BTreeSet<NodeId>) -> Self {
        Self { graph: Graph::new(graph.float()), made: HashMap::new(), sources: HashMap::new(), arguments }
    }

    pub(super) fn is_of(&self, arguments: &BTreeSet<NodeId>) -> bool {
        self.arguments == *arguments
    }

    /// What stands for a node, if it is part of a formula that was looked at.
    pub(super) fn known(&self, node: NodeId) -> Option<NodeId> {
        self.made.get(&node).copied()
    }

    /// What stands for a node.
    pub(super) fn add(&mut self, graph: &Graph, root: NodeId) -> Result<NodeId, GraphError> {
        let mut pending = vec![root];
        while let Some(next) = pending.last().copied() {
            if self.made.contains_key(&next) {
                pending.pop();
                continue;
            }
            let open = graph.as_operator(next).filter(|_| !self.arguments.contains(&next));
            let operands: Vec<NodeId> = match open {
                Some(_) => graph.operands(next).map(|operand| operand.node).collect(),
                None => Vec::new(),
            };
            let before = pending.len();
            pending.extend(operands.iter().filter(|operand| !self.made.contains_key(operand)));
            if pending.len() > before {
                continue;
            }
            let operands = operands.iter().filter_map(|operand| self.made.get(operand));
            let operands: Vec<Ref> = operands.map(|node| Ref { node: *node, axes: Vec::new() }).collect();
            let value = match (open, graph.operation(next)) {
                (Some(operator), _) => self.graph.apply(operator, &operands)?.node,
                (None, Operation::Constant(_)) => {
                    self.graph.constant(graph.as_constant(next).unwrap_or(Number::ZERO))?.node
                }
                (None, Operation::Truth(value)) => self.graph.truth(value)?.node,
                (None, _) => {
                    let input = self.graph.input(&self.sources.len().to_string(), &[])?.node;
                    self.sources.insert(input, next);
                    input
                }
            };
            self.made.insert(next, value);
        }
        self.made.get(&root).copied().ok_or(GraphError::UnknownNode)
    }

    /// The inputs, with what they stand for.
    pub(super) fn sources(&self) -> impl Iterator<Item = (NodeId, NodeId)> {
        self.sources.iter().map(|(input, source)| (*input, *source))
    }

    /// A node of the formula over what stands for its arguments.
    pub(super) fn back(
        &self,
        form: NodeId,
        graph: &mut Graph,
        made: impl Fn(NodeId) -> NodeId,
    ) -> Result<NodeId, GraphError> {
        let mut values: HashMap<NodeId, Ref> = HashMap::new();
        let live = self.graph.live([form]);
        for node in self.graph.nodes().filter(|node| live[node.index()]) {
            let value = match (self.sources.get(&node), self.graph.operation(node)) {
                (Some(source), _) => Ref { node: made(*source), axes: Vec::new() },
                (None, Operation::Apply(operator)) => {
                    let operands = self.graph.operands(node).filter_map(|operand| values.get(&operand.node).cloned());
                    let operands: Vec<Ref> = operands.collect();
                    graph.apply(operator, &operands)?
                }
                (None, Operation::Truth(value)) => graph.truth(value)?,
                (None, _) => graph.constant(self.graph.as_constant(node).unwrap_or(Number::ZERO))?,
            };
            values.insert(node, value);
        }
        values.get(&form).map(|value| value.node).ok_or(GraphError::UnknownNode)
    }
}

/// Whether a formula reads what one of its values is made of through that value alone.
fn is_independent(graph: &Graph, root: NodeId, argument: NodeId) -> bool {
    let reached = |from: NodeId, around: Option<NodeId>| {
        let (mut seen, mut pending) = (BTreeSet::new(), vec![from]);
        while let Some(next) = pending.pop() {
            if Some(next) != around && seen.insert(next) {
                pending.extend(graph.operands(next).map(|operand| operand.node));
            }
        }
        seen
    };
    let is_input = |node: &NodeId| matches!(graph.operation(*node), Operation::Input(_));
    let inside = reached(argument, None);
    root != argument
        && !reached(root, Some(argument)).iter().filter(|node| is_input(node)).any(|node| inside.contains(node))
}

/// What stands under signs and numbers in front.
fn core(graph: &Graph, mut node: NodeId) -> NodeId {
    loop {
        let operands: Vec<NodeId> = graph.operands(node).map(|operand| operand.node).collect();
        let stated = |node: NodeId| graph.stated(node).is_some();
        node = match (graph.as_operator(node), operands.as_slice()) {
            (Some(Operator::Negate), [inner]) => *inner,
            (Some(Operator::Multiply), [number, inner]) if stated(*number) => *inner,
            (Some(Operator::Multiply | Operator::Divide), [inner, number]) if stated(*number) => *inner,
            _ => return node,
        };
    }
}

/// Whether a value is a function that algebra does not look into, of something that may not be accurate.
fn is_opaque(graph: &Graph, node: NodeId) -> bool {
    if graph.kind(node) != Kind::Number || graph.as_operator(node) == Some(Operator::Select) {
        return false;
    }
    let (mut seen, mut pending) = (BTreeSet::new(), vec![node]);
    while let Some(next) = pending.pop() {
        let Some(operator) = graph.as_operator(next).filter(|_| seen.insert(next)) else { continue };
        if operator.row().law.is_delicate() || seen.len() > MOST_NODES {
            return true;
        }
        pending.extend(graph.operands(next).map(|operand| operand.node));
    }
    false
}

/// Whether an argument is more than an input and numbers, and no logarithm.
fn is_unknown(graph: &Graph, argument: NodeId) -> bool {
    let computed = graph.as_operator(argument).is_some_and(|operator| operator.arity() > 0);
    computed && graph.stated(argument).is_none() && !has_logarithm(graph, argument)
}

/// Whether a value is a sum of rational expressions of several inputs.
fn is_sum(graph: &Graph, root: NodeId) -> bool {
    if !matches!(graph.as_operator(root), Some(Operator::Add | Operator::Subtract)) {
        return false;
    }
    let (mut seen, mut pending) = (BTreeSet::new(), vec![root]);
    while let Some(next) = pending.pop() {
        if !seen.insert(next) {
            continue;
        }
        let Some(operator) = graph.as_operator(next) else { continue };
        if operator.arity() > 0 && operator.row().law != Law::Rational || seen.len() > MOST_NODES {
            return false;
        }
        pending.extend(graph.operands(next).map(|operand| operand.node));
    }
    seen.iter().filter(|node| matches!(graph.operation(**node), Operation::Input(_))).count() > 1
}

/// Whether a logarithm stands in an argument, outside of functions of its own.
fn has_logarithm(graph: &Graph, root: NodeId) -> bool {
    let (mut seen, mut pending) = (BTreeSet::new(), vec![root]);
    while let Some(next) = pending.pop() {
        let Some(operator) = graph.as_operator(next).filter(|_| seen.insert(next)) else { continue };
        match operator.row().law {
            Law::Logarithm => return true,
            Law::Exponential | Law::Opaque => {}
            Law::Rational | Law::Root => pending.extend(graph.operands(next).map(|operand| operand.node)),
        }
        if seen.len() > MOST_NODES {
            return true;
        }
    }
    false
}

/// Between what an argument lies, as far as its own operator says.
pub(super) fn range(graph: &Graph, node: NodeId) -> Option<Range> {
    let operator = graph.as_operator(node)?;
    let exponent = graph.operands(node).nth(1).and_then(|exponent| graph.as_constant(exponent.node)?.to_integer());
    let is_square = match operator {
        Operator::Power => exponent.is_some_and(|exponent| exponent % 2 == 0),
        Operator::Multiply => {
            let mut operands = graph.operands(node).map(|operand| operand.node);
            operands.next() == operands.next()
        }
        _ => false,
    };
    let (low, high) = operator.row().range.ends();
    match is_square || low >= 0.0 {
        true => Some(Range::NotNegative),
        false => (low.is_finite() && high.is_finite()).then_some(Range::Bounded),
    }
}
