//! What is drawn as one node: an operator, a contraction, a call of the prelude.
//!
//! In: a graph, the nodes that the outputs need, and where functions of the prelude were called. Out: [`Part`]s, operands
//! first, each with an edge for each of its operands. What stands inside of a part is used inside of it only: so nothing
//! is drawn twice, and what flows back along an edge of a part is the sum of what flows along the edges of the graph that
//! it stands for. Where that does not hold, as where two calls share an exponential, the part is drawn by its operators.

use std::collections::HashSet;

use super::chart::role;
use crate::graph::{Graph, NodeId, Operation};
use crate::operators::Operator;
use crate::print::mermaid::Role;
use crate::resolve::LibraryCall;

/// What a [`Part`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// A node of the graph.
    Node,
    /// A sum of products that is a matrix product, or one with more or fewer axes.
    Dot,
    /// A call of a function of the prelude.
    Call(String),
}

/// A node of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its value.
    pub node: NodeId,
    /// What it is.
    pub kind: PartKind,
    /// Its operands in order.
    pub edges: Vec<PartEdge>,
}

/// An operand of a [`Part`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartEdge {
    /// The operand's value.
    pub operand: NodeId,
    /// The edges of the graph that it stands for: a node, and which of its operands.
    pub within: Vec<(NodeId, usize)>,
}

/// A function of the prelude is small; a walk that has seen more has left it.
const MOST_INSIDE: usize = 64;

/// Divides the nodes that are alive into parts. `expand` draws calls by their operators.
pub(super) fn parts(
    graph: &Graph,
    live: &[bool],
    outputs: &[NodeId],
    calls: &[LibraryCall],
    expand: bool,
) -> Vec<Part> {
    let mut finder =
        Finder { graph, users: users(graph, live, outputs), inside: vec![false; graph.len()], found: vec![] };
    let mut calls: Vec<&LibraryCall> = calls.iter().filter(|call| !expand && live[call.value.index()]).collect();
    // A call that another one contains belongs to that one, which comes later in the graph.
    calls.sort_by_key(|call| std::cmp::Reverse(call.value));
    calls.dedup_by_key(|call| call.value);
    calls.into_iter().for_each(|call| finder.call(call));
    let called: HashSet<NodeId> = finder.found.iter().map(|part| part.node).collect();
    for node in graph.nodes().filter(|node| live[node.index()]) {
        if !finder.inside[node.index()] && !called.contains(&node) {
            finder.dot(node, &called);
        }
    }
    let Finder { inside, mut found, .. } = finder;
    let taken: HashSet<NodeId> = found.iter().map(|part| part.node).collect();
    let plain = graph.nodes().filter(|node| live[node.index()] && !inside[node.index()] && !taken.contains(node));
    found.extend(plain.map(|node| plain_part(graph, node)));
    found.sort_by_key(|part| part.node);
    found
}

/// How often each node is used, and by whom; an output is used from outside, by nobody.
fn users(graph: &Graph, live: &[bool], outputs: &[NodeId]) -> Vec<Vec<Option<NodeId>>> {
    let mut users = vec![Vec::new(); graph.len()];
    for node in graph.nodes().filter(|node| live[node.index()]) {
        for operand in graph.operands(node) {
            users[operand.node.index()].push(Some(node));
        }
    }
    outputs.iter().for_each(|output| users[output.index()].push(None));
    users
}

fn plain_part(graph: &Graph, node: NodeId) -> Part {
    let edge = |(position, operand)| PartEdge { operand, within: vec![(node, position)] };
    let operands = graph.operands(node).map(|operand| operand.node).enumerate();
    Part { node, kind: PartKind::Node, edges: operands.map(edge).collect() }
}

struct Finder<'a> {
    graph: &'a Graph,
    users: Vec<Vec<Option<NodeId>>>,
    /// What stands inside of a part, and is not its value.
    inside: Vec<bool>,
    found: Vec<Part>,
}

impl Finder<'_> {
    fn call(&mut self, call: &LibraryCall) {
        let mut arguments: Vec<NodeId> = Vec::new();
        for argument in call.arguments.iter().flatten() {
            if !arguments.contains(argument) {
                arguments.push(*argument);
            }
        }
        let is_node = role(self.graph, call.value) == Role::Operator && !arguments.contains(&call.value);
        if !is_node || self.inside[call.value.index()] {
            return;
        }
        let Some(inner) = self.between(call.value, &arguments) else { return };
        let all: Vec<NodeId> = inner.iter().copied().chain([call.value]).collect();
        let edge = |argument: NodeId| {
            let of = |node: NodeId| self.graph.operands(node).enumerate().map(move |(at, used)| (node, at, used.node));
            let uses = all.iter().flat_map(|node| of(*node)).filter(|(_, _, operand)| *operand == argument);
            PartEdge { operand: argument, within: uses.map(|(node, at, _)| (node, at)).collect() }
        };
        let edges: Vec<PartEdge> =
            arguments.iter().map(|argument| edge(*argument)).filter(|edge| !edge.within.is_empty()).collect();
        // What flows along a diagonal cannot be added to what flows along all axes.
        let plain = |(node, at): &(NodeId, usize)| {
            let axes = self.graph.operands(*node).nth(*at).map_or(&[][..], |operand| operand.axes);
            axes.iter().enumerate().all(|(place, axis)| !axes[..place].contains(axis))
        };
        if edges.iter().any(|edge| edge.within.len() > 1 && !edge.within.iter().all(plain)) {
            return;
        }
        inner.iter().for_each(|node| self.inside[node.index()] = true);
        self.found.push(Part { node: call.value, kind: PartKind::Call(call.name.clone()), edges });
    }

    /// What stands between a call's value and its arguments, if all of that is used there only.
    fn between(&self, value: NodeId, arguments: &[NodeId]) -> Option<Vec<NodeId>> {
        let (mut inner, mut pending) = (Vec::new(), vec![value]);
        while let Some(node) = pending.pop() {
            for operand in self.graph.operands(node).map(|operand| operand.node) {
                let known = arguments.contains(&operand) || inner.contains(&operand);
                match role(self.graph, operand) {
                    _ if known => {}
                    Role::Operator => {
                        inner.push(operand);
                        pending.push(operand);
                    }
                    Role::Constant => {}
                    Role::Input | Role::Output => return None,
                }
            }
            if inner.len() > MOST_INSIDE {
                return None;
            }
        }
        let own = |user: &Option<NodeId>| user.is_some_and(|user| user == value || inner.contains(&user));
        let closed = inner.iter().all(|node| !self.inside[node.index()] && self.users[node.index()].iter().all(own));
        closed.then_some(inner)
    }

    /// A sum over axes that at least two factors have, where another axis distinguishes the factors: what only adds up
    /// the elements of a product is drawn as the product and the sum. Two vectors have no other axis.
    fn dot(&mut self, node: NodeId, called: &HashSet<NodeId>) {
        let Operation::Sum(_) = self.graph.operation(node) else { return };
        let Some((factors, inner)) = self.factors(node, called) else { return };
        let (rank, axes) = (self.graph.shape(node).len(), self.graph.local_dims(node).len());
        let has = |factor: &Factor, axis: usize| factor.axes.iter().any(|own| usize::from(*own) == axis);
        let shared = (rank..axes).all(|axis| factors.iter().filter(|factor| has(factor, axis)).count() > 1);
        let apart = (0..rank).any(|axis| factors.iter().any(|factor| !has(factor, axis)));
        let vectors = axes == 1 && factors.iter().all(|factor| factor.axes.len() == 1);
        let arrays = factors.iter().all(|factor| role(self.graph, factor.operand) != Role::Constant);
        if !(shared && arrays && (apart || vectors)) {
            return;
        }
        inner.iter().for_each(|node| self.inside[node.index()] = true);
        let edge = |factor: Factor| PartEdge { operand: factor.operand, within: vec![factor.edge] };
        self.found.push(Part { node, kind: PartKind::Dot, edges: factors.into_iter().map(edge).collect() });
    }

    /// The factors of what a sum adds up, and the products that make them one. A product that only scales one of its
    /// operands is a factor itself.
    fn factors(&self, sum: NodeId, called: &HashSet<NodeId>) -> Option<(Vec<Factor>, Vec<NodeId>)> {
        let product = |node: NodeId| {
            let once = self.users[node.index()].len() == 1 && !called.contains(&node) && !self.inside[node.index()];
            once && self.graph.as_operator(node) == Some(Operator::Multiply)
        };
        let body = self.graph.operands(sum).next().filter(|body| product(body.node))?;
        let (mut factors, mut inner) = (Vec::new(), vec![body.node]);
        let mut pending = vec![(body.node, body.axes.to_vec())];
        while let Some((node, axes)) = pending.pop() {
            for (position, operand) in self.graph.operands(node).enumerate() {
                let local: Vec<u8> = operand.axes.iter().map(|slot| axes[usize::from(*slot)]).collect();
                let widest = self.graph.operands(operand.node).map(|factor| factor.axes.len()).max();
                if product(operand.node) && widest.is_some_and(|widest| widest < local.len()) {
                    inner.push(operand.node);
                    pending.push((operand.node, local));
                } else {
                    factors.push(Factor { operand: operand.node, edge: (node, position), axes: local });
                }
            }
        }
        Some((factors, inner))
    }
}

struct Factor {
    operand: NodeId,
    /// The node that multiplies by it, and at which place.
    edge: (NodeId, usize),
    /// Its axes, in those of the sum.
    axes: Vec<u8>,
}

/// How a product of two arrays that have names is written, `x·wᵀ`; nothing for more than matrices.
pub(super) fn product_text(graph: &Graph, part: &Part, name: impl Fn(NodeId) -> Option<String>) -> Option<String> {
    let [first, second] = &part.edges[..] else { return None };
    let body = graph.operands(part.node).next()?;
    let rank = graph.shape(part.node).len();
    let factor = |edge: &PartEdge| {
        let (node, position) = edge.within[0];
        let operand = graph.operands(node).nth(position).filter(|_| node == body.node)?;
        let axes: Vec<usize> = operand.axes.iter().map(|slot| usize::from(body.axes[usize::from(*slot)])).collect();
        let kept: Vec<usize> = axes.iter().copied().filter(|axis| *axis < rank).collect();
        (axes.len() <= 2 && kept.len() <= 1).then(|| (name(edge.operand), axes, kept.first().copied()))
    };
    let (mut left, mut right) = (factor(first)?, factor(second)?);
    if left.2 == Some(1) || (rank == 1 && left.2.is_some() && right.1.len() == 2) {
        std::mem::swap(&mut left, &mut right);
    }
    let turned = |axes: &[usize], closed_at: usize| axes.len() == 2 && axes[closed_at] < rank;
    let write = |name: Option<String>, turned: bool| Some(name? + if turned { "ᵀ" } else { "" });
    let (before, after) = (turned(&left.1, 1), turned(&right.1, 0));
    Some(format!("{}·{}", write(left.0, before)?, write(right.0, after)?))
}
