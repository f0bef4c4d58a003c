//! Numbers of every node at a few sample points: what the search compares. They decide nothing, proofs do.

use crate::graph::{Graph, NodeId, Operation};

/// How many points.
pub(super) const POINTS: usize = 4;

/// The values of one node.
pub(super) type Values = [f64; POINTS];

/// The values of all scalar nodes that `live` marks; `None` for a node that is not finite somewhere, or has axes.
pub(super) fn values(graph: &Graph, live: &[bool]) -> Vec<Option<Values>> {
    // Positive inputs suit most domains; mixed signs tell more. Both are tried, the better set is kept.
    let [mixed, positive] = [false, true].map(|positive| values_at(graph, live, positive));
    let count = |values: &[Option<Values>]| values.iter().flatten().count();
    if count(&mixed) >= count(&positive) { mixed } else { positive }
}

fn values_at(graph: &Graph, live: &[bool], positive: bool) -> Vec<Option<Values>> {
    let mut all: Vec<Option<Values>> = vec![None; graph.len()];
    for node in graph.nodes().filter(|node| live[node.index()]) {
        let mut values = [0.0; POINTS];
        for (point, value) in values.iter_mut().enumerate() {
            *value = evaluate(graph, node, point, positive, &all);
        }
        all[node.index()] = values.iter().all(|value| value.is_finite()).then_some(values);
    }
    all
}

fn evaluate(graph: &Graph, node: NodeId, point: usize, positive: bool, all: &[Option<Values>]) -> f64 {
    if !graph.shape(node).is_empty() {
        return f64::NAN;
    }
    match graph.operation(node) {
        Operation::Input(place) => input(place, point, positive),
        Operation::Constant(_) => graph.as_constant(node).map_or(f64::NAN, crate::number::Number::to_f64),
        Operation::Truth(value) => f64::from(u8::from(value)),
        Operation::Apply(operator) => {
            let operands = graph.operands(node).map(|used| all[used.node.index()].map_or(f64::NAN, |v| v[point]));
            (operator.row().evaluate)(&operands.collect::<Vec<_>>())
        }
        _ => f64::NAN,
    }
}

/// A number between 0.2 and 1.8, or its negative: the same on every machine.
fn input(place: u32, point: usize, positive: bool) -> f64 {
    let mut state = (u64::from(place) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ ((point as u64 + 1) << 32);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^= state >> 31;
    let size = 0.2 + 1.6 * ((state >> 11) as f64 / (1_u64 << 53) as f64);
    if !positive && state & 1 == 1 { -size } else { size }
}
