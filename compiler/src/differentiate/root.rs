//! Roots of sums of squares: lengths. They have a kink where all terms are zero, as `abs` has.
//!
//! By convention the first and second derivatives are 0 there, so that a pair of equal points adds nothing to the gradient
//! of distances. What flows back through a length is evaluated as `if 0 >= max(abs(v)) { 0 } else { ... }`, which no
//! user writes. Shown formulas leave the condition out ([`without_conventions`]), as they leave out that
//! `sign(x)` is 0 at 0: `x/length`.

use std::collections::HashMap;

use super::Sweeper;
use super::cotangent::Cotangent;
use crate::graph::{Axis, Graph, GraphError, NodeId, Operation, Ref};
use crate::number::Number;
use crate::operators::Operator;

/// How many values are looked at to see what a root is taken of.
const MOST_SEEN: usize = 64;

impl Sweeper<'_> {
    /// What flows back into a length is zero where the length is.
    pub(super) fn by_convention(
        &mut self,
        operator: Operator,
        operands: &[Ref],
        out: &Ref,
        cotangent: &mut Cotangent,
    ) -> Result<(), GraphError> {
        let is_length = match operator {
            Operator::Hypot => true,
            Operator::Sqrt => is_sum_of_squares(self.graph, operands[0].node),
            _ => false,
        };
        if is_length && !self.ranges.is_positive(self.graph, out.node) {
            let condition = self.is_zero(out)?;
            cotangent.guard(condition, false);
        }
        Ok(())
    }

    /// Whether a root is zero, as no user asks: `0 >= max(abs(v))`. The squares may underflow.
    pub(super) fn is_zero(&mut self, root: &Ref) -> Result<Ref, GraphError> {
        let zero = self.graph.constant(Number::ZERO)?;
        let mut largest = root.clone();
        if let Some(operand) = self.as_application(root, Operator::Sqrt).and_then(|mut operands| operands.pop())
            && is_sum_of_squares(self.graph, operand.node)
        {
            largest = self.largest(&operand)?;
        }
        self.graph.apply(Operator::GreaterEqual, &[zero, largest])
    }

    /// The largest magnitude of what a sum of squares is of, up to positive factors: not as deep as what
    /// [`is_sum_of_squares`] looks at is large.
    fn largest(&mut self, sum: &Ref) -> Result<Ref, GraphError> {
        if let Operation::Sum(_) = self.graph.operation(sum.node) {
            let dims = self.graph.local_dims(sum.node).split_off(sum.axes.len());
            let closed: Vec<Axis> = dims.into_iter().map(|dim| self.graph.axis(dim, "")).collect();
            let body = self.graph.operand_refs(sum.node, &[&sum.axes[..], &closed].concat());
            let body = self.largest(&body[0])?;
            let varies: Vec<Axis> = closed.into_iter().filter(|axis| body.axes.contains(axis)).collect();
            return if varies.is_empty() { Ok(body) } else { self.graph.max(&varies, &body) };
        }
        let operands = self.graph.operand_refs(sum.node, &sum.axes);
        match (self.graph.as_operator(sum.node), &operands[..]) {
            (Some(Operator::Add), [a, b]) => {
                let (a, b) = (self.largest(a)?, self.largest(b)?);
                self.graph.apply(Operator::Maximum, &[a, b])
            }
            (Some(Operator::Multiply), [a, b]) if a != b => {
                self.largest(if is_positive(self.graph, a.node) { b } else { a })
            }
            (Some(Operator::Divide), [a, _]) => self.largest(a),
            (Some(Operator::Power | Operator::Multiply), [a, _]) => {
                self.graph.apply(Operator::Abs, std::slice::from_ref(a))
            }
            _ => Ok(sum.clone()),
        }
    }
}

fn is_positive(graph: &Graph, node: NodeId) -> bool {
    matches!(graph.operation(node), Operation::Size(_)) || graph.stated(node).is_some_and(|number| number > 0.0)
}

/// Whether a value is a sum of squares by its formula: positive multiples count, too.
fn is_sum_of_squares(graph: &Graph, node: NodeId) -> bool {
    let (mut pending, mut seen) = (vec![node], 0);
    while let Some(next) = pending.pop() {
        seen += 1;
        if seen > MOST_SEEN {
            return false;
        }
        let operands: Vec<_> = graph.operands(next).map(|operand| (operand.node, operand.axes)).collect();
        match (graph.operation(next), &operands[..]) {
            (Operation::Sum(_), [(body, _)]) => pending.push(*body),
            (Operation::Apply(Operator::Add), [(a, _), (b, _)]) => pending.extend([*a, *b]),
            (Operation::Apply(Operator::Power), [_, (exponent, _)])
                if graph.as_constant(*exponent).and_then(Number::to_integer).is_some_and(|n| n > 0 && n % 2 == 0) => {}
            (Operation::Apply(Operator::Multiply), [a, b]) if a == b => {}
            (Operation::Apply(Operator::Multiply), [(a, _), (b, _)]) if is_positive(graph, *a) => pending.push(*b),
            (Operation::Apply(Operator::Multiply | Operator::Divide), [(a, _), (b, _)]) if is_positive(graph, *b) => {
                pending.push(*a);
            }
            (Operation::Constant(_), _) if graph.stated(next).is_some_and(|number| number >= 0.0) => {}
            _ => return false,
        }
    }
    true
}

/// A derivative as it is shown: without the conditions by which lengths of zero have the derivatives 0. `forward` says which
/// nodes are the user's.
pub(crate) fn without_conventions(
    graph: &mut Graph,
    root: &Ref,
    forward: &[bool],
    known: &mut HashMap<NodeId, (Vec<Axis>, Ref)>,
) -> Result<Ref, GraphError> {
    let live = graph.live([root.node]);
    let nodes: Vec<NodeId> = graph.nodes().take(root.node.index() + 1).filter(|node| live[node.index()]).collect();
    for node in nodes {
        let own = forward.get(node.index()).copied().unwrap_or(false);
        if own || known.contains_key(&node) {
            continue;
        }
        if let Some((axes, value)) = without(graph, node, known)? {
            known.insert(node, (axes, value));
        }
    }
    Ok(replaced(known, root))
}

fn replaced(known: &HashMap<NodeId, (Vec<Axis>, Ref)>, used: &Ref) -> Ref {
    match known.get(&used.node) {
        Some((labels, value)) => value.renamed(labels, &used.axes),
        None => used.clone(),
    }
}

/// A node over labels for its slots without conventions; `None` if it has none.
fn without(
    graph: &mut Graph,
    node: NodeId,
    known: &HashMap<NodeId, (Vec<Axis>, Ref)>,
) -> Result<Option<(Vec<Axis>, Ref)>, GraphError> {
    let convention = is_convention(graph, node);
    if !convention && !graph.operands(node).any(|operand| known.contains_key(&operand.node)) {
        return Ok(None);
    }
    let labels = graph.local_axes(node);
    let own = labels[..graph.shape(node).len()].to_vec();
    let operands: Vec<Ref> = graph.operand_refs(node, &labels).iter().map(|operand| replaced(known, operand)).collect();
    let value = match graph.operation(node) {
        Operation::Apply(_) if convention => operands[2].clone(),
        Operation::Apply(operator) => graph.apply(operator, &operands)?,
        like @ (Operation::Sum(_) | Operation::Max(_) | Operation::Prod(_)) => {
            graph.reduced_as(like, &labels[own.len()..], &operands[0])?
        }
        _ => return Ok(None),
    };
    Ok(Some((own, value)))
}

/// `if 0 >= length { ... } else { ... }`
pub(crate) fn is_convention(graph: &Graph, node: NodeId) -> bool {
    if graph.as_operator(node) != Some(Operator::Select) {
        return false;
    }
    let Some(condition) = graph.operands(node).next() else { return false };
    let mut compared = graph.operands(condition.node);
    let (Some(least), Some(length)) = (compared.next(), compared.next()) else { return false };
    let is_length = match graph.operation(length.node) {
        Operation::Max(_) => true,
        Operation::Apply(operator) => {
            matches!(operator, Operator::Sqrt | Operator::Hypot | Operator::Abs | Operator::Maximum)
        }
        _ => false,
    };
    graph.as_operator(condition.node) == Some(Operator::GreaterEqual) && graph.is_integer(least.node, 0) && is_length
}
