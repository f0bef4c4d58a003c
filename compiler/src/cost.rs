//! What formulas cost: weighted operations, counted on the graph.
//!
//! In: nodes of a graph. Out: how much arithmetic they are, where an addition is 1. The weights are ratios that hold
//! roughly on current processors; they choose between forms, so they are the same everywhere.

use crate::graph::{Dim, Graph, NodeId, Operation};
use crate::number::Number;
use crate::operators::Operator;

/// A division or a square root.
const QUOTIENT: u64 = 4;
/// A function without a rule of its own.
const FUNCTION: u64 = 15;
/// A size that is not known.
const UNKNOWN_SIZE: u64 = 100;
/// Numbers that are larger, or smaller than one over it, are rare.
const FAR: f64 = 1e10;
/// Powers beyond are functions.
const MOST_POWER: i64 = 64;

/// Weighted operations, and how many there are at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) weight: u64,
    pub(crate) nodes: usize,
}

/// What some values cost together, each node once; what `free` holds for is there already.
pub(crate) fn total(graph: &Graph, roots: impl IntoIterator<Item = NodeId>, free: impl Fn(NodeId) -> bool) -> Cost {
    let mut total = Cost::default();
    computed(graph, roots, free, |node| {
        total.weight = total.weight.saturating_add(weight(graph, node));
        total.nodes += 1;
    });
    total
}

/// Whether each node is computed for some values, but for what is only where numbers are extreme.
pub(crate) fn likely(graph: &Graph, roots: impl IntoIterator<Item = NodeId>) -> Vec<bool> {
    let mut likely = vec![false; graph.len()];
    computed(graph, roots, |_| false, |node| likely[node.index()] = true);
    likely
}

fn computed(
    graph: &Graph,
    roots: impl IntoIterator<Item = NodeId>,
    free: impl Fn(NodeId) -> bool,
    mut visit: impl FnMut(NodeId),
) {
    let mut seen = vec![false; graph.len()];
    let mut pending: Vec<NodeId> = roots.into_iter().collect();
    while let Some(node) = pending.pop() {
        if free(node) || std::mem::replace(&mut seen[node.index()], true) {
            continue;
        }
        visit(node);
        let rarely = usize::from(is_rarely_otherwise(graph, node));
        let count = graph.operands(node).count() - rarely;
        pending.extend(graph.operands(node).take(count).map(|operand| operand.node));
    }
}

/// What one node costs: its operation, for each element that it is computed at.
pub(crate) fn weight(graph: &Graph, node: NodeId) -> u64 {
    let once = match graph.operation(node) {
        Operation::Apply(operator) => operation(graph, node, operator),
        Operation::Sum(_) | Operation::Max(_) | Operation::Prod(_) if !graph.is_entry_of_input(node) => 1,
        _ => 0,
    };
    let size = |dim: &Dim| match dim {
        Dim::Literal(size) => u64::from(*size).max(1),
        Dim::Symbol(_) | Dim::Variable(_) => UNKNOWN_SIZE,
    };
    graph.local_dims(node).iter().map(size).fold(once, u64::saturating_mul)
}

fn operation(graph: &Graph, node: NodeId, operator: Operator) -> u64 {
    use Operator as Op;
    match operator {
        // A formula of stated numbers is one.
        _ if graph.known(node).is_some() => 0,
        Op::Add | Op::Subtract | Op::Multiply | Op::Abs | Op::Sign | Op::Minimum | Op::Maximum | Op::Floor => 1,
        // A power of two divides as it multiplies.
        Op::Divide if graph.operands(node).nth(1).is_some_and(|divisor| is_power_of_two(graph, divisor.node)) => 1,
        Op::Divide | Op::Sqrt => QUOTIENT,
        Op::Hypot => 4 + QUOTIENT,
        Op::Power => {
            let exponent = graph.operands(node).nth(1).and_then(|exponent| graph.as_constant(exponent.node));
            exponent.map_or(FUNCTION, power)
        }
        Op::Negate | Op::Select | Op::Pi => 0,
        _ if operator.row().result == crate::operators::Kind::Truth => 0,
        _ => FUNCTION,
    }
}

/// `if s > low && s < high { ... } else { ... }` for numbers that are so far from 1 that the second value hardly counts.
pub(crate) fn is_rarely_otherwise(graph: &Graph, node: NodeId) -> bool {
    if graph.as_operator(node) != Some(Operator::Select) {
        return false;
    }
    let Some(condition) = graph.operands(node).next() else { return false };
    let (mut pending, mut compared) = (vec![condition.node], None);
    while let Some(next) = pending.pop() {
        let operands: Vec<NodeId> = graph.operands(next).map(|operand| operand.node).collect();
        let (Some(operator), [a, b]) = (graph.as_operator(next), operands.as_slice()) else { return false };
        let far = match (operator, graph.stated(*b)) {
            (Operator::And, _) => {
                pending.extend([*a, *b]);
                continue;
            }
            (Operator::Greater, Some(low)) => low > 0.0 && low <= 1.0 / FAR,
            (Operator::Less, Some(high)) => high >= FAR,
            _ => false,
        };
        if !far || *compared.get_or_insert(*a) != *a {
            return false;
        }
    }
    true
}

fn is_power_of_two(graph: &Graph, node: NodeId) -> bool {
    let number = graph.as_constant(node).map(|number| number.to_f64().abs());
    number.is_some_and(|number| number.is_normal() && number.to_bits().trailing_zeros() >= 52)
}

/// A power with a stated exponent, as its products and roots.
fn power(exponent: Number) -> u64 {
    let twice = exponent.checked_mul(Number::from(2)).and_then(Number::to_integer);
    let Some(twice) = twice.filter(|twice| twice.unsigned_abs() <= 2 * MOST_POWER.unsigned_abs()) else {
        return FUNCTION;
    };
    let (whole, half) = (twice.unsigned_abs() / 2, twice % 2 != 0);
    let products = if whole == 0 { 0 } else { u64::from(whole.ilog2() + whole.count_ones() - 1) };
    let root = if half { QUOTIENT + u64::from(whole > 0) } else { 0 };
    (products + root + if twice < 0 { QUOTIENT } else { 0 }).min(FUNCTION)
}

#[cfg(test)]
mod tests;
