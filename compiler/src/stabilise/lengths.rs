//! Sums of squares over axes: `Σ v²·outside`, where only v varies along the axes that are summed, or `Σ v² + w² + …`, where
//! each w is one component more: a value, or the root of a number.
//!
//! In: a node. Out: the pieces, and nodes for the largest |v|, M, for a unit U, a power of two near M, for the length
//! ℓ = √Σ (v/U)² in that unit, and for ℓ² − (M/U)², the squares of the others. So the sum is `(U·ℓ)²`, whose root neither
//! overflows nor underflows, and `1 − v²/Σv²`, by algebra, does not cancel. A division by U rounds nothing.

use std::collections::HashSet;

use super::cone::{Slot, slots};
use super::exponentials::Stable;
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
    /// Components beside the v: as written, and what stands for them.
    beside: Vec<(Beside, Ref)>,
    largest: Ref,
    unit: Ref,
    /// What is asked for, once it was.
    others: Option<Ref>,
    over: Option<Ref>,
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

/// The sums of squares of which roots are taken, or by which something is divided, and what is squared in them: alone with
/// factors, or with something that is added. A mean with something added is left alone: the root of its factor would stand
/// in every term.
pub(super) fn under_roots(graph: &mut Graph, nodes: &[NodeId]) -> Vec<(NodeId, Vec<NodeId>)> {
    let (mut seen, mut found) = (HashSet::new(), Vec::new());
    let mut pending: Vec<(NodeId, bool)> = Vec::new();
    for node in nodes {
        let divisor = usize::from(graph.as_operator(*node) == Some(Operator::Divide));
        if divisor == 1 || is_root(graph, *node) {
            pending.extend(graph.operands(*node).skip(divisor).map(|own| (own.node, false)));
        }
    }
    while let Some((next, added)) = pending.pop() {
        if !seen.insert((next, added)) {
            continue;
        }
        let added = match graph.operation(next) {
            Operation::Sum(_) => {
                found.extend(pieces(graph, next).map(|pieces| (next, pieces.squared())));
                continue;
            }
            Operation::Apply(Operator::Add | Operator::Subtract) => match with_others(graph, next) {
                Some(pieces) => {
                    found.push((next, pieces.squared()));
                    continue;
                }
                None => true,
            },
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
    beside: Vec<Beside>,
}

/// A component beside those that are summed over axes, as written.
#[derive(Clone, Debug)]
pub(super) enum Beside {
    /// What is squared.
    Value(Ref),
    /// A number that is its square.
    Square(Number),
}

impl Pieces {
    /// What must be computed once, because the largest is compared with it.
    fn squared(&self) -> Vec<NodeId> {
        let beside = self.beside.iter().filter_map(|beside| match beside {
            Beside::Value(own) => Some(own.node),
            Beside::Square(_) => None,
        });
        std::iter::once(self.body.node).chain(beside).collect()
    }
}

/// A sum of squares over axes with other squares added to it: more than these are not looked at.
const MOST_BESIDE: usize = 4;

/// A node as a sum of squares over axes and of other squares.
fn with_others(graph: &mut Graph, node: NodeId) -> Option<Pieces> {
    let labels = graph.local_axes(node);
    let (mut sum, mut beside) = (None, Vec::new());
    let mut pending = vec![Ref { node, axes: labels.clone() }];
    while let Some(next) = pending.pop() {
        let operands = match graph.operation(next.node) {
            Operation::Apply(_) => graph.operand_refs(next.node, &next.axes),
            _ => Vec::new(),
        };
        match (graph.operation(next.node), operands.as_slice()) {
            (Operation::Apply(Operator::Add), [a, b]) => pending.extend([b.clone(), a.clone()]),
            (Operation::Apply(Operator::Multiply), [a, b]) if a == b => beside.push(Beside::Value(a.clone())),
            (Operation::Apply(Operator::Power), [a, b]) if graph.is_integer(b.node, 2) => {
                beside.push(Beside::Value(a.clone()));
            }
            (Operation::Constant(_), _) => {
                let number = graph.as_constant(next.node).filter(|number| number.to_f64() > 0.0)?;
                beside.push(Beside::Square(number));
            }
            (Operation::Sum(_), _) if sum.is_none() => sum = Some(next),
            _ => return None,
        }
        if beside.len() > MOST_BESIDE {
            return None;
        }
    }
    let sum = sum?;
    let pieces = pieces(graph, sum.node).filter(|pieces| pieces.outside.is_empty())?;
    let body = pieces.body.renamed(&pieces.labels, &sum.axes);
    Some(Pieces { labels, body, beside, ..pieces })
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
    Some(Pieces { labels, closed, body, outside, beside: Vec::new() })
}

impl Length {
    /// The pieces of a sum of squares. `stable` gives what stands for a part of it.
    pub(super) fn of(graph: &mut Graph, node: NodeId, stable: &mut Stable) -> Result<Option<Self>, GraphError> {
        let pieces = match graph.operation(node) {
            Operation::Sum(_) => pieces(graph, node),
            _ => with_others(graph, node),
        };
        let Some(Pieces { labels, closed, body, outside, beside }) = pieces else { return Ok(None) };
        let value = stable(graph, &body)?;
        let mut components = Vec::new();
        for beside in beside {
            let value = match &beside {
                Beside::Value(own) => stable(graph, own)?,
                Beside::Square(number) => root_of(graph, *number)?,
            };
            components.push((beside, value));
        }
        let beside = components;
        let largest = largest(graph, &value, &closed, &beside)?;
        let unit = unit(graph, &largest)?;
        let (others, over) = (None, None);
        Ok(Some(Self { labels, closed, body, value, outside, beside, largest, unit, others, over }))
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

    /// The components beside the v.
    pub(super) fn beside(&self, axes: &[Axis]) -> Vec<Beside> {
        let renamed = |(beside, _): &(Beside, Ref)| match beside {
            Beside::Value(own) => Beside::Value(own.renamed(&self.labels, axes)),
            Beside::Square(number) => Beside::Square(*number),
        };
        self.beside.iter().map(renamed).collect()
    }

    /// What stands beside the squares that are summed.
    pub(super) fn reads(&self, axes: &[Axis]) -> Vec<Ref> {
        let values = self.beside(axes).into_iter().filter_map(|beside| match beside {
            Beside::Value(own) => Some(own),
            Beside::Square(_) => None,
        });
        self.outside(axes).into_iter().map(|(own, _)| own).chain(values).collect()
    }

    pub(super) fn largest(&self, axes: &[Axis]) -> Ref {
        self.largest.renamed(&self.labels, axes)
    }

    pub(super) fn unit(&self, axes: &[Axis]) -> Ref {
        self.unit.renamed(&self.labels, axes)
    }

    /// `Σ (v/U)²`
    pub(super) fn squared(&mut self, graph: &mut Graph, axes: &[Axis]) -> Result<Ref, GraphError> {
        let square = self.square(graph, &self.value, false)?;
        let mut sum = graph.sum(&self.closed, &square)?;
        for beside in &self.beside {
            let square = self.square_beside(graph, beside, false)?;
            sum = graph.apply(Operator::Add, &[sum, square])?;
        }
        Ok(sum.renamed(&self.labels, axes))
    }

    /// The square of a component in units; divided by the unit, if it is asked for.
    fn square(&self, graph: &mut Graph, component: &Ref, over: bool) -> Result<Ref, GraphError> {
        let relative = graph.apply(Operator::Divide, &[component.clone(), self.unit.clone()])?;
        let other = match over {
            true => graph.apply(Operator::Divide, &[relative.clone(), self.unit.clone()])?,
            false => relative.clone(),
        };
        graph.apply(Operator::Multiply, &[relative, other])
    }

    fn square_beside(&self, graph: &mut Graph, beside: &(Beside, Ref), over: bool) -> Result<Ref, GraphError> {
        let (Beside::Square(number), _) = beside else { return self.square(graph, &beside.1, over) };
        let mut square = graph.constant(*number)?;
        for _ in 0..2 + usize::from(over) {
            square = graph.apply(Operator::Divide, &[square, self.unit.clone()])?;
        }
        Ok(square)
    }

    /// `√Σ (v/U)²`
    pub(super) fn length(&mut self, graph: &mut Graph, axes: &[Axis]) -> Result<Ref, GraphError> {
        let squared = self.squared(graph, axes)?;
        graph.apply(Operator::Sqrt, &[squared])
    }

    /// `Σ (v/U)²` without one of the largest.
    pub(super) fn others(&mut self, graph: &mut Graph, axes: &[Axis]) -> Result<Ref, GraphError> {
        let others = match &self.others {
            Some(others) => others.clone(),
            None => self.without_largest(graph, false)?,
        };
        self.others = Some(others.clone());
        Ok(others.renamed(&self.labels, axes))
    }

    /// The same divided by U, term by term: they may be too small before.
    pub(super) fn others_over(&mut self, graph: &mut Graph, axes: &[Axis]) -> Result<Ref, GraphError> {
        let over = match &self.over {
            Some(over) => over.clone(),
            None => self.without_largest(graph, true)?,
        };
        self.over = Some(over.clone());
        Ok(over.renamed(&self.labels, axes))
    }

    /// The squares of the smaller ones, and of as many of the largest as there are but one.
    fn without_largest(&self, graph: &mut Graph, over: bool) -> Result<Ref, GraphError> {
        let (own, most) = (self.square(graph, &self.value, over)?, self.square(graph, &self.largest, over)?);
        let (smaller, equal) = self.compared(graph, &self.value, own)?;
        let (mut smaller, mut equal) = (graph.sum(&self.closed, &smaller)?, graph.sum(&self.closed, &equal)?);
        for beside in &self.beside {
            let own = self.square_beside(graph, beside, over)?;
            let (own, more) = self.compared(graph, &beside.1, own)?;
            smaller = graph.apply(Operator::Add, &[smaller, own])?;
            equal = graph.apply(Operator::Add, &[equal, more])?;
        }
        let one = graph.constant(Number::from(1))?;
        let equal = graph.apply(Operator::Subtract, &[equal, one])?;
        let equal = graph.apply(Operator::Multiply, &[equal, most])?;
        graph.apply(Operator::Add, &[smaller, equal])
    }

    /// A square if its component is not the largest, and 1 if it is.
    fn compared(&self, graph: &mut Graph, component: &Ref, square: Ref) -> Result<(Ref, Ref), GraphError> {
        let (zero, one) = (graph.constant(Number::ZERO)?, graph.constant(Number::from(1))?);
        let size = graph.apply(Operator::Abs, std::slice::from_ref(component))?;
        let largest = graph.apply(Operator::Equal, &[size, self.largest.clone()])?;
        let smaller = graph.apply(Operator::Select, &[largest.clone(), zero.clone(), square])?;
        Ok((smaller, graph.apply(Operator::Select, &[largest, one, zero])?))
    }
}

/// The root of a positive number.
pub(super) fn root_of(graph: &mut Graph, number: Number) -> Result<Ref, GraphError> {
    let root = number.to_f64().sqrt();
    let exact = Number::from(root as i64);
    if root < 1e6 && exact.to_f64() == root && number.to_integer() == Some((root * root) as i64) {
        return graph.constant(exact);
    }
    let number = graph.constant(number)?;
    graph.apply(Operator::Sqrt, &[number])
}

/// The largest component; 1 if all are 0, or one is infinite or no number.
fn largest(graph: &mut Graph, value: &Ref, closed: &[Axis], beside: &[(Beside, Ref)]) -> Result<Ref, GraphError> {
    let size = graph.apply(Operator::Abs, std::slice::from_ref(value))?;
    let mut largest = graph.max(closed, &size)?;
    for (_, component) in beside {
        let size = graph.apply(Operator::Abs, std::slice::from_ref(component))?;
        largest = graph.apply(Operator::Maximum, &[largest, size])?;
    }
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

/// How exponents of units follow from those of the largest components: 2ᵉ is the unit of what is near 2ᵉ, but for two
/// cases. Below 1, a number that is subnormal when divided by the largest would lose digits that a second division by it
/// needs: the unit is smaller by as many bits as a number has. And where quotients of two units could overflow, it stays as
/// large as `least` says.
struct Exponents {
    bits: f64,
    least: f64,
}

impl Exponents {
    fn of(float: FloatType) -> Self {
        match float {
            FloatType::F64 => Self { bits: 60.0, least: -960.0 },
            FloatType::F32 => Self { bits: 24.0, least: -110.0 },
        }
    }
}

/// A little less than 1/log(2): the exponent of the largest number is one of the type, too. It need not be exact.
const PER_LOGARITHM: (i128, i32) = (144, -2);

/// A power of two near a positive number, as a node.
fn unit(graph: &mut Graph, largest: &Ref) -> Result<Ref, GraphError> {
    let Exponents { bits, least } = Exponents::of(graph.float());
    let whole = |graph: &mut Graph, value: f64| graph.constant(Number::from(value as i64));
    let (zero, two) = (graph.constant(Number::ZERO)?, graph.constant(Number::from(2))?);
    let (bits, below) = (whole(graph, bits)?, whole(graph, -bits)?);
    let least = whole(graph, least)?;
    let factor = graph.constant(Number::new(PER_LOGARITHM.0, PER_LOGARITHM.1))?;
    let exponent = graph.apply(Operator::Log, std::slice::from_ref(largest))?;
    let exponent = graph.apply(Operator::Multiply, &[factor, exponent])?;
    let exponent = graph.apply(Operator::Floor, &[exponent])?;
    let above = graph.apply(Operator::Greater, &[exponent.clone(), below])?;
    let negative = graph.apply(Operator::Less, &[exponent.clone(), zero])?;
    let lower = graph.apply(Operator::And, &[above, negative])?;
    let finer = graph.apply(Operator::Subtract, &[exponent.clone(), bits])?;
    let coarser = graph.apply(Operator::Maximum, &[exponent, least])?;
    let exponent = graph.apply(Operator::Select, &[lower, finer, coarser])?;
    graph.apply(Operator::Power, &[two, exponent])
}

/// The same as a number.
pub(super) fn unit_of(float: FloatType, largest: f64) -> f64 {
    let Exponents { bits, least } = Exponents::of(float);
    let factor = Number::new(PER_LOGARITHM.0, PER_LOGARITHM.1).to_f64();
    let exponent = (factor * largest.ln()).floor();
    let lower = exponent > -bits && exponent < 0.0;
    2.0_f64.powf(if lower { exponent - bits } else { exponent.max(least) })
}
