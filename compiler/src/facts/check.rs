//! Whether a fact holds at a point, as a node of the graph: what debug builds assert and what the evaluator tells.
//!
//! Inequalities are taken as they are written. An equality holds up to rounding: the two sides differ by less
//! than n · 8 · eps times the sum of the magnitudes of their n terms. Terms are what sums add up, under `sum(...)` too.

use std::collections::BTreeMap;

use super::{Fact, Meaning, meaning, parts};
use crate::graph::{Axis, Graph, GraphError, NodeId, Operation, Ref};
use crate::lower::{Program, Wanted, lower};
use crate::number::{FloatType, Number};
use crate::operators::Operator;

/// A truth value without axes: whether the fact holds at every position.
///
/// # Errors
/// [`GraphError::TooLarge`]
pub fn check(graph: &mut Graph, fact: &Fact) -> Result<Ref, GraphError> {
    let mut holds = graph.truth(true)?;
    for part in parts(graph, &fact.statement) {
        let part = match meaning(graph, &part, true) {
            Meaning::Equal(left, right) => equality(graph, &left, &right)?,
            _ => part,
        };
        let part = everywhere(graph, &part)?;
        holds = graph.apply(Operator::And, &[holds, part])?;
    }
    Ok(holds)
}

/// A program over the function's inputs with one truth value for each of its facts, in order.
///
/// # Errors
/// [`GraphError::TooLarge`]
pub fn checks(graph: &Graph, facts: &[Fact]) -> Result<Program, GraphError> {
    let mut graph = graph.clone();
    let check = |fact: &Fact| Ok(Wanted { value: check(&mut graph, fact)?, axes: Vec::new() });
    let wanted = facts.iter().map(check).collect::<Result<Vec<_>, GraphError>>()?;
    Ok(lower(&graph, &wanted))
}

/// Whether a condition holds at every position along its axes: where it fails nowhere.
fn everywhere(graph: &mut Graph, condition: &Ref) -> Result<Ref, GraphError> {
    let axes = condition.distinct_axes();
    if axes.is_empty() {
        return Ok(condition.clone());
    }
    let (zero, one) = (graph.constant(Number::ZERO)?, graph.constant(Number::ONE)?);
    let fails = graph.apply(Operator::Select, &[condition.clone(), zero.clone(), one])?;
    let worst = graph.max(&axes, &fails)?;
    graph.apply(Operator::LessEqual, &[worst, zero])
}

/// `left == right || abs(left - right) < n * 8 * eps * magnitude`; false where a side is NaN.
fn equality(graph: &mut Graph, left: &Ref, right: &Ref) -> Result<Ref, GraphError> {
    let same = graph.apply(Operator::Equal, &[left.clone(), right.clone()])?;
    let mut sides = Sides::default();
    let (left_size, right_size) = (sides.size(graph, left)?, sides.size(graph, right)?);
    let magnitude = graph.apply(Operator::Add, &[left_size.magnitude, right_size.magnitude])?;
    let count = graph.apply(Operator::Add, &[left_size.count, right_size.count])?;
    let unit = graph.constant(eight_epsilons(graph.float()))?;
    let relative = graph.apply(Operator::Multiply, &[count, unit])?;
    let bound = graph.apply(Operator::Multiply, &[relative, magnitude])?;
    let difference = graph.apply(Operator::Subtract, &[left.clone(), right.clone()])?;
    let distance = graph.apply(Operator::Abs, &[difference])?;
    // Strictly less: an infinite distance is not near, however large the terms are.
    let near = graph.apply(Operator::Less, &[distance, bound])?;
    graph.apply(Operator::Or, &[same, near])
}

fn eight_epsilons(float: FloatType) -> Number {
    let epsilon = match float {
        FloatType::F64 => f64::EPSILON,
        FloatType::F32 => f64::from(f32::EPSILON),
    };
    Number::from_f64(8.0 * epsilon).unwrap_or(Number::ZERO)
}

/// How many terms a value adds up, and the sum of their magnitudes.
#[derive(Clone)]
struct Size {
    count: Ref,
    magnitude: Ref,
}

impl Size {
    fn renamed(&self, from: &[Axis], to: &[Axis]) -> Self {
        Self { count: self.count.renamed(from, to), magnitude: self.magnitude.renamed(from, to) }
    }
}

/// The sizes of nodes, each over the axes that its slots have here.
#[derive(Default)]
struct Sides {
    known: BTreeMap<NodeId, (Vec<Axis>, Size)>,
}

impl Sides {
    fn size(&mut self, graph: &mut Graph, side: &Ref) -> Result<Size, GraphError> {
        for node in sums_under(graph, side.node) {
            if !self.known.contains_key(&node) {
                let size = self.size_of(graph, node)?;
                self.known.insert(node, size);
            }
        }
        let (slots, size) = self.known.get(&side.node).ok_or(GraphError::UnknownNode)?;
        Ok(size.renamed(slots, &side.axes))
    }

    fn size_of(&self, graph: &mut Graph, node: NodeId) -> Result<(Vec<Axis>, Size), GraphError> {
        let dims = graph.local_dims(node);
        let labels: Vec<Axis> = dims.into_iter().map(|dim| graph.axis(dim, "")).collect();
        let slots = labels[..graph.shape(node).len()].to_vec();
        let closed = &labels[slots.len()..];
        let operands = if is_sum(graph, node) { graph.operand_refs(node, &labels) } else { Vec::new() };
        let mut sizes = Vec::new();
        for operand in &operands {
            let (own, size) = self.known.get(&operand.node).ok_or(GraphError::UnknownNode)?;
            sizes.push(size.renamed(own, &operand.axes));
        }
        let size = match sizes.as_slice() {
            [left, right] => Size {
                count: graph.apply(Operator::Add, &[left.count.clone(), right.count.clone()])?,
                magnitude: graph.apply(Operator::Add, &[left.magnitude.clone(), right.magnitude.clone()])?,
            },
            [only] => Size { count: graph.sum(closed, &only.count)?, magnitude: graph.sum(closed, &only.magnitude)? },
            _ => Size { count: graph.constant(Number::ONE)?, magnitude: magnitude(graph, node, &slots)? },
        };
        Ok((slots, size))
    }
}

fn magnitude(graph: &mut Graph, node: NodeId, slots: &[Axis]) -> Result<Ref, GraphError> {
    match graph.as_constant(node) {
        Some(number) if number.is_negative() => graph.constant(number.negated()),
        Some(number) => graph.constant(number),
        None => graph.apply(Operator::Abs, &[Ref { node, axes: slots.to_vec() }]),
    }
}

fn is_sum(graph: &Graph, node: NodeId) -> bool {
    match graph.operation(node) {
        Operation::Sum(_) => true,
        Operation::Apply(operator) => matches!(operator, Operator::Add | Operator::Subtract | Operator::Negate),
        _ => false,
    }
}

/// A side, the sums in it and their terms, operands first.
fn sums_under(graph: &Graph, side: NodeId) -> Vec<NodeId> {
    let mut open = std::collections::BTreeSet::from([side]);
    let mut found = Vec::new();
    while let Some(node) = open.pop_last() {
        found.push(node);
        if is_sum(graph, node) {
            open.extend(graph.operands(node).map(|operand| operand.node));
        }
    }
    found.reverse();
    found
}
