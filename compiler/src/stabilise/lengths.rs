//! Sums of squares over axes: `Σ v²·outside`, where only v varies along the axes that are summed.
//!
//! In: a node. Out: the pieces, and nodes for the unit U, the largest |v|, for the length ℓ = √Σ (v/U)² in that unit, and
//! for ℓ² − 1, the squares of the others relative to the largest. So the sum is `(U·ℓ)²`, whose root neither overflows nor
//! underflows, and `1 − v²/Σv²`, by algebra, does not cancel.

use std::collections::HashSet;

use super::cone::{Slot, slots};
use super::exponentials::{Stable, others};
use crate::graph::{Axis, Graph, GraphError, NodeId, Operation, Ref};
use crate::number::{FloatType, Number};
use crate::operators::Operator;

/// A sum of squares, under its own labels.
#[derive(Clone, Debug)]
pub(super) struct Length {
    /// Labels of the sum's slots.
    labels: Vec<Axis>,
    closed: Vec<Axis>,
    /// v as written, and what stands for it.
    body: Ref,
    value: Ref,
    /// Factors, and divisors.
    outside: Vec<(Ref, bool)>,
    unit: Ref,
    others: Option<Ref>,
}

/// Whether an operator takes a sum of squares to another power, so that it need not overflow when the sum does.
fn is_root(graph: &Graph, node: NodeId) -> bool {
    match graph.as_operator(node) {
        Some(Operator::Sqrt | Operator::Hypot | Operator::Log | Operator::Log1p) => true,
        Some(Operator::Power) => {
            let exponent = graph.operands(node).nth(1).and_then(|own| graph.as_constant(own.node));
            exponent.is_none_or(|exponent| exponent.to_integer().is_none())
        }
        _ => false,
    }
}

/// The sums of squares of which roots are taken, and what is squared in them: alone with factors, or with something that
/// is added. A mean with something added is left alone: the root of its factor would stand in every term.
pub(super) fn under_roots(graph: &mut Graph, nodes: &[NodeId]) -> Vec<(NodeId, NodeId)> {
    let (mut seen, mut found) = (HashSet::new(), Vec::new());
    let roots = nodes.iter().filter(|node| is_root(graph, **node));
    let mut pending: Vec<(NodeId, bool)> =
        roots.flat_map(|root| graph.operands(*root)).map(|own| (own.node, false)).collect();
    while let Some((next, added)) = pending.pop() {
        if !seen.insert((next, added)) {
            continue;
        }
        let added = match graph.operation(next) {
            Operation::Sum(_) => {
                found.extend(pieces(graph, next).map(|pieces| (next, pieces.body.node)));
                continue;
            }
            Operation::Apply(Operator::Add | Operator::Subtract) => true,
            Operation::Apply(Operator::Multiply | Operator::Divide | Operator::Negate | Operator::Power) if !added => {
                false
            }
            _ => continue,
        };
        pending.extend(graph.operands(next).map(|own| (own.node, added)));
    }
    found.sort_unstable();
    found.dedup();
    found
}

struct Pieces {
    labels: Vec<Axis>,
    closed: Vec<Axis>,
    body: Ref,
    outside: Vec<(Ref, bool)>,
}

/// A sum as one of squares.
fn pieces(graph: &mut Graph, sum: NodeId) -> Option<Pieces> {
    let slots = graph.shape(sum).len();
    let all = graph.local_axes(sum);
    let (labels, closed) = (all[..slots].to_vec(), all[slots..].to_vec());
    let varies = |own: &Ref| own.axes.iter().any(|axis| closed.contains(axis));
    let (mut outside, mut squared) = (Vec::new(), Vec::new());
    let mut pending = vec![(graph.operand_refs(sum, &all).pop()?, false)];
    while let Some((next, below)) = pending.pop() {
        if !varies(&next) {
            outside.push((next, below));
            continue;
        }
        let operator = graph.as_operator(next.node);
        let operands = if operator.is_some() { graph.operand_refs(next.node, &next.axes) } else { Vec::new() };
        match (operator, operands.as_slice()) {
            (Some(Operator::Multiply), [a, b]) => pending.extend([(b.clone(), below), (a.clone(), below)]),
            (Some(Operator::Divide), [a, b]) => pending.extend([(b.clone(), !below), (a.clone(), below)]),
            (Some(Operator::Power), [a, b]) if !below && graph.is_integer(b.node, 2) => {
                squared.extend([a.clone(), a.clone()]);
            }
            _ if !below => squared.push(next),
            _ => return None,
        }
    }
    let body = match squared.as_slice() {
        [a, b] if a == b && closed.iter().all(|axis| a.axes.contains(axis)) => a.clone(),
        _ => return None,
    };
    Some(Pieces { labels, closed, body, outside })
}

impl Length {
    /// The pieces of a sum of squares. `stable` gives what stands for a part of it.
    pub(super) fn of(graph: &mut Graph, node: NodeId, stable: &mut Stable) -> Result<Option<Self>, GraphError> {
        let Some(Pieces { labels, closed, body, outside }) = pieces(graph, node) else { return Ok(None) };
        let value = stable(graph, &body)?;
        let unit = unit(graph, &value, &closed)?;
        let others = None;
        Ok(Some(Self { labels, closed, body, value, outside, unit, others }))
    }

    /// v, under the sum's own labels.
    pub(super) fn body(&self) -> &Ref {
        &self.body
    }

    /// What the slots of v take.
    pub(super) fn slots(&self, axes: &[Axis]) -> Vec<Slot> {
        slots(&self.body.renamed(&self.labels, axes), &self.closed)
    }

    pub(super) fn outside(&self, axes: &[Axis]) -> Vec<(Ref, bool)> {
        self.outside.iter().map(|(own, below)| (own.renamed(&self.labels, axes), *below)).collect()
    }

    pub(super) fn unit(&self, axes: &[Axis]) -> Ref {
        self.unit.renamed(&self.labels, axes)
    }

    /// v/U squared, and whether that is 1 because v is one of the largest.
    fn square(&self, graph: &mut Graph) -> Result<(Ref, Ref), GraphError> {
        let size = graph.apply(Operator::Abs, std::slice::from_ref(&self.value))?;
        let largest = graph.apply(Operator::Equal, &[size, self.unit.clone()])?;
        let relative = graph.apply(Operator::Divide, &[self.value.clone(), self.unit.clone()])?;
        Ok((graph.apply(Operator::Multiply, &[relative.clone(), relative])?, largest))
    }

    /// `Σ (v/U)²`
    pub(super) fn squared(&mut self, graph: &mut Graph, axes: &[Axis]) -> Result<Ref, GraphError> {
        let (square, _) = self.square(graph)?;
        Ok(graph.sum(&self.closed, &square)?.renamed(&self.labels, axes))
    }

    /// `√Σ (v/U)²`
    pub(super) fn length(&mut self, graph: &mut Graph, axes: &[Axis]) -> Result<Ref, GraphError> {
        let squared = self.squared(graph, axes)?;
        graph.apply(Operator::Sqrt, &[squared])
    }

    /// `Σ (v/U)²` without one of the largest, which are 1.
    pub(super) fn others(&mut self, graph: &mut Graph, axes: &[Axis]) -> Result<Ref, GraphError> {
        let others = match &self.others {
            Some(others) => others.clone(),
            None => {
                let (square, largest) = self.square(graph)?;
                let one = graph.constant(Number::ONE)?;
                others(graph, &self.closed, largest, square, &one)?
            }
        };
        self.others = Some(others.clone());
        Ok(others.renamed(&self.labels, axes))
    }
}

/// The largest |v|; 1 if all are 0, or one is infinite or no number.
fn unit(graph: &mut Graph, value: &Ref, closed: &[Axis]) -> Result<Ref, GraphError> {
    let size = graph.apply(Operator::Abs, std::slice::from_ref(value))?;
    let largest = graph.max(closed, &size)?;
    let most = match graph.float() {
        FloatType::F64 => Number::new(17_976_931_348_623_157, 292),
        FloatType::F32 => Number::new(34_028_234_663_852_886, 22),
    };
    let (zero, one, most) = (graph.constant(Number::ZERO)?, graph.constant(Number::from(1))?, graph.constant(most)?);
    let above = graph.apply(Operator::Greater, &[largest.clone(), zero])?;
    let finite = graph.apply(Operator::LessEqual, &[largest.clone(), most])?;
    let fits = graph.apply(Operator::And, &[above, finite])?;
    graph.apply(Operator::Select, &[fits, largest, one])
}
