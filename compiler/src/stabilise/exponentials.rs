//! Sums of exponentials over axes: `Σ w·exp(λ + shift)·outside`, where only w and λ vary along the axes that are summed.
//!
//! In: a node. Out: the pieces, and nodes for the largest exponent M, for Σ w·exp(λ − M), for the largest term of that sum,
//! which is 1 where all w are 1, and for the sum without it.

use super::cone::{Slot, slots};
use crate::graph::{Axis, Graph, GraphError, NodeId, Operation, Ref};
use crate::number::{FloatType, Number};
use crate::operators::Operator;

/// A sum of exponentials, under its own labels.
#[derive(Clone, Debug)]
pub(super) struct Exponentials {
    /// Labels of the sum's slots.
    labels: Vec<Axis>,
    closed: Vec<Axis>,
    /// λ as written.
    exponent: Ref,
    /// Terms that are added to λ, with their signs.
    shifts: Vec<(Ref, bool)>,
    /// Factors, and divisors.
    outside: Vec<(Ref, bool)>,
    /// λ and w over what stands for their parts.
    argument: Ref,
    weight: Option<Ref>,
    /// The factors and divisors of w as written.
    factors: Vec<(Ref, bool)>,
    /// Whether w is 0 where a condition does not hold.
    masked: bool,
    negative: bool,
    peak: Ref,
}

/// What stands for a use.
pub(super) type Stable<'a> = dyn FnMut(&mut Graph, &Ref) -> Result<Ref, GraphError> + 'a;

/// The factors of the body of a sum.
struct Factors {
    /// Arguments of exponentials that vary.
    exponents: Vec<Ref>,
    outside: Vec<(Ref, bool)>,
    weights: Vec<(Ref, bool)>,
    /// Conditions outside of which the body is zero.
    masks: Vec<Ref>,
    negative: bool,
}

impl Exponentials {
    /// The pieces of a sum, if it is one of exponentials. `stable` gives what stands for a part of it.
    pub(super) fn of(graph: &mut Graph, node: NodeId, stable: &mut Stable) -> Result<Option<Self>, GraphError> {
        let slots = graph.shape(node).len();
        let all = graph.local_axes(node);
        let (labels, closed) = (all[..slots].to_vec(), all[slots..].to_vec());
        let Some(body) = graph.operand_refs(node, &all).pop() else { return Ok(None) };
        let Some(factors) = factors(graph, body, &closed) else { return Ok(None) };
        let [argument] = factors.exponents.as_slice() else { return Ok(None) };
        let (exponent, shifts) = split(graph, argument.clone(), &closed);
        let plain = factors.weights.is_empty() && factors.masks.is_empty();
        // A weighted sum that is shifted already is in no danger.
        if !plain && !shifts.is_empty() || plain && !closed.iter().all(|axis| exponent.axes.contains(axis)) {
            return Ok(None);
        }
        let argument = stable(graph, &exponent)?;
        let weight = if plain { None } else { Some(weight(graph, &factors, stable)?) };
        let largest = match &weight {
            None => argument.clone(),
            Some(weight) => {
                let reach = if graph.float() == FloatType::F64 { 308 } else { 38 };
                let (zero, lowest) = (graph.constant(Number::ZERO)?, graph.constant(Number::new(-1, reach))?);
                let nothing = graph.apply(Operator::Equal, &[weight.clone(), zero])?;
                graph.apply(Operator::Select, &[nothing, lowest, argument.clone()])?
            }
        };
        let peak = graph.max(&closed, &largest)?;
        let Factors { outside, weights: factors, negative, masks, .. } = factors;
        let masked = !masks.is_empty();
        Ok(Some(Self { labels, closed, exponent, shifts, outside, argument, weight, factors, masked, negative, peak }))
    }

    /// Whether every weight is 1.
    pub(super) fn is_plain(&self) -> bool {
        self.weight.is_none()
    }

    /// λ, under the sum's own labels.
    pub(super) fn exponent(&self) -> &Ref {
        &self.exponent
    }

    /// What the slots of λ take.
    pub(super) fn slots(&self, axes: &[Axis]) -> Vec<Slot> {
        slots(&self.exponent.renamed(&self.labels, axes), &self.closed)
    }

    /// Whether the sum is to be subtracted.
    pub(super) fn is_negative(&self) -> bool {
        self.negative
    }

    /// Whether w is its factors over its divisors.
    pub(super) fn is_product(&self) -> bool {
        !self.masked
    }

    /// The factors and divisors of w, at the position where λ takes some axes.
    pub(super) fn factors(&self, axes: &[Axis], exponent: &[Axis]) -> Vec<(Ref, bool)> {
        self.factors.iter().map(|(own, below)| (self.at(own.clone(), axes, exponent), *below)).collect()
    }

    pub(super) fn shifts(&self, axes: &[Axis]) -> Vec<(Ref, bool)> {
        self.shifts.iter().map(|(own, negative)| (own.renamed(&self.labels, axes), *negative)).collect()
    }

    pub(super) fn outside(&self, axes: &[Axis]) -> Vec<(Ref, bool)> {
        self.outside.iter().map(|(own, below)| (own.renamed(&self.labels, axes), *below)).collect()
    }

    /// What stands beside the sum itself.
    pub(super) fn reads(&self, axes: &[Axis]) -> Vec<Ref> {
        self.shifts(axes).into_iter().chain(self.outside(axes)).map(|(own, _)| own).collect()
    }

    /// The largest exponent, of those with a weight.
    pub(super) fn peak(&self, axes: &[Axis]) -> Ref {
        self.peak.renamed(&self.labels, axes)
    }

    /// `Σ w·exp(λ − M)`
    pub(super) fn relative(&self, graph: &mut Graph, axes: &[Axis]) -> Result<Ref, GraphError> {
        let body = self.part(graph)?;
        Ok(graph.sum(&self.closed, &body)?.renamed(&self.labels, axes))
    }

    /// `w·exp(λ − M)`
    fn part(&self, graph: &mut Graph) -> Result<Ref, GraphError> {
        let difference = graph.apply(Operator::Subtract, &[self.argument.clone(), self.peak.clone()])?;
        let exponential = graph.apply(Operator::Exp, &[difference])?;
        let Some(weight) = &self.weight else { return Ok(exponential) };
        let zero = graph.constant(Number::ZERO)?;
        let nothing = graph.apply(Operator::Equal, &[weight.clone(), zero.clone()])?;
        let product = graph.apply(Operator::Multiply, &[weight.clone(), exponential])?;
        graph.apply(Operator::Select, &[nothing, zero, product])
    }

    /// `w·exp(λ − M)` at the position where λ takes some axes.
    pub(super) fn term(&self, graph: &mut Graph, axes: &[Axis], exponent: &[Axis]) -> Result<Ref, GraphError> {
        Ok(self.at(self.part(graph)?, axes, exponent))
    }

    fn at(&self, own: Ref, axes: &[Axis], exponent: &[Axis]) -> Ref {
        let from: Vec<Axis> = self.labels.iter().chain(&self.exponent.axes).copied().collect();
        let to: Vec<Axis> = axes.iter().chain(exponent).copied().collect();
        own.renamed(&from, &to)
    }

    /// The `w·exp(λ − M)` that is the largest in size.
    pub(super) fn top(&self, graph: &mut Graph, axes: &[Axis]) -> Result<Ref, GraphError> {
        let part = self.part(graph)?;
        let size = graph.apply(Operator::Abs, std::slice::from_ref(&part))?;
        let largest = graph.max(&self.closed, &size)?;
        let lowest = graph.apply(Operator::Negate, std::slice::from_ref(&largest))?;
        let is_largest = graph.apply(Operator::Equal, &[size, largest])?;
        let signed = graph.apply(Operator::Select, &[is_largest, part, lowest])?;
        Ok(graph.max(&self.closed, &signed)?.renamed(&self.labels, axes))
    }

    /// `Σ w·exp(λ − M)` without one of the largest terms, which are 1 where all weights are.
    pub(super) fn rest(&self, graph: &mut Graph, axes: &[Axis]) -> Result<Ref, GraphError> {
        let part = self.part(graph)?;
        let (largest, top) = if self.is_plain() {
            let one = graph.constant(Number::ONE)?;
            (graph.apply(Operator::Equal, &[self.argument.clone(), self.peak.clone()])?, one)
        } else {
            let top = self.top(graph, &self.labels)?;
            (graph.apply(Operator::Equal, &[part.clone(), top.clone()])?, top)
        };
        Ok(others(graph, &self.closed, largest, part, &top)?.renamed(&self.labels, axes))
    }
}

/// A sum of parts without one of the largest: the smaller ones, and how many others are as large.
pub(super) fn others(
    graph: &mut Graph,
    closed: &[Axis],
    largest: Ref,
    part: Ref,
    top: &Ref,
) -> Result<Ref, GraphError> {
    let (zero, one) = (graph.constant(Number::ZERO)?, graph.constant(Number::ONE)?);
    let smaller = graph.apply(Operator::Select, &[largest.clone(), zero.clone(), part])?;
    let smaller = graph.sum(closed, &smaller)?;
    let equal = graph.apply(Operator::Select, &[largest, one.clone(), zero])?;
    let equal = graph.sum(closed, &equal)?;
    let others = graph.apply(Operator::Subtract, &[equal, one])?;
    let others = graph.apply(Operator::Multiply, &[others, top.clone()])?;
    graph.apply(Operator::Add, &[smaller, others])
}

/// A body as a product; `None` if no exponential varies in it.
fn factors(graph: &Graph, body: Ref, closed: &[Axis]) -> Option<Factors> {
    let varies = |own: &Ref| own.axes.iter().any(|axis| closed.contains(axis));
    let mut factors =
        Factors { exponents: Vec::new(), outside: Vec::new(), weights: Vec::new(), masks: Vec::new(), negative: false };
    let mut pending = vec![(body, false)];
    while let Some((next, below)) = pending.pop() {
        if !varies(&next) {
            factors.outside.push((next, below));
            continue;
        }
        let operator = graph.as_operator(next.node);
        let operands = if operator.is_some() { graph.operand_refs(next.node, &next.axes) } else { Vec::new() };
        match (operator, operands.as_slice()) {
            (Some(Operator::Multiply), [a, b]) => pending.extend([(b.clone(), below), (a.clone(), below)]),
            (Some(Operator::Divide), [a, b]) => pending.extend([(b.clone(), !below), (a.clone(), below)]),
            (Some(Operator::Negate), [a]) => {
                factors.negative = !factors.negative;
                pending.push((a.clone(), below));
            }
            (Some(Operator::Exp), [a]) if !below => factors.exponents.push(a.clone()),
            (Some(Operator::Select), [condition, a, b]) if !below && graph.is_integer(b.node, 0) => {
                factors.masks.push(condition.clone());
                pending.push((a.clone(), below));
            }
            _ => factors.weights.push((next, below)),
        }
    }
    (factors.exponents.len() == 1).then_some(factors)
}

/// An exponent as λ and what is added to it that does not vary.
fn split(graph: &Graph, mut exponent: Ref, closed: &[Axis]) -> (Ref, Vec<(Ref, bool)>) {
    let varies = |own: &Ref| own.axes.iter().any(|axis| closed.contains(axis));
    let mut shifts = Vec::new();
    loop {
        if !matches!(graph.operation(exponent.node), Operation::Apply(_)) {
            return (exponent, shifts);
        }
        let operands = graph.operand_refs(exponent.node, &exponent.axes);
        let next = match (graph.as_operator(exponent.node), operands.as_slice()) {
            (Some(Operator::Add), [a, b]) if !varies(b) => (a, b, false),
            (Some(Operator::Add), [a, b]) if !varies(a) => (b, a, false),
            (Some(Operator::Subtract), [a, b]) if !varies(b) => (a, b, true),
            _ => return (exponent, shifts),
        };
        let (inside, shift, negative) = (next.0.clone(), next.1.clone(), next.2);
        shifts.push((shift, negative));
        exponent = inside;
    }
}

/// The product of what stands beside an exponential.
fn weight(graph: &mut Graph, factors: &Factors, stable: &mut Stable) -> Result<Ref, GraphError> {
    let mut weight = graph.constant(Number::ONE)?;
    for (factor, below) in &factors.weights {
        let factor = stable(graph, factor)?;
        let operator = if *below { Operator::Divide } else { Operator::Multiply };
        weight = graph.apply(operator, &[weight, factor])?;
    }
    let zero = graph.constant(Number::ZERO)?;
    for mask in &factors.masks {
        let mask = stable(graph, mask)?;
        weight = graph.apply(Operator::Select, &[mask, weight, zero.clone()])?;
    }
    Ok(weight)
}
