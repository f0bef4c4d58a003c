//! Arithmetic with a conditional in it, case by case: `(if c { a } else { b }) − z` is `a − z` where c holds.

use std::collections::{HashMap, HashSet};

use crate::graph::{Graph, NodeId, Ref};
use crate::operators::Operator;

/// No more nodes are looked at.
const MOST_NODES: usize = 64;

fn is_arithmetic(operator: Operator) -> bool {
    use Operator as Op;
    matches!(operator, Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Negate)
}

/// The condition of a conditional that arithmetic computes with.
pub(super) fn condition(graph: &Graph, node: NodeId) -> Option<NodeId> {
    if !graph.as_operator(node).is_some_and(is_arithmetic) {
        return None;
    }
    let (mut seen, mut pending) = (HashSet::new(), vec![node]);
    while let Some(next) = pending.pop() {
        match graph.as_operator(next) {
            Some(Operator::Select) => return graph.operands(next).next().map(|condition| condition.node),
            Some(operator) if is_arithmetic(operator) && seen.len() < MOST_NODES && seen.insert(next) => {
                pending.extend(graph.operands(next).map(|operand| operand.node));
            }
            _ => {}
        }
    }
    None
}

/// What a node is where a condition holds, or does not: conditionals on it are decided, under arithmetic.
pub(super) fn given(graph: &mut Graph, node: NodeId, condition: NodeId, holds: bool) -> Option<NodeId> {
    let (mut values, mut pending): (HashMap<NodeId, NodeId>, _) = (HashMap::new(), vec![node]);
    while let Some(next) = pending.last().copied() {
        if values.contains_key(&next) {
            pending.pop();
            continue;
        }
        let operands: Vec<NodeId> = graph.operands(next).map(|operand| operand.node).collect();
        let operator = graph.as_operator(next);
        let reads = match operator {
            Some(Operator::Select) if operands[0] == condition => vec![operands[if holds { 1 } else { 2 }]],
            Some(operator) if is_arithmetic(operator) && values.len() < 2 * MOST_NODES => operands,
            _ => Vec::new(),
        };
        let before = pending.len();
        pending.extend(reads.iter().filter(|own| !values.contains_key(own)));
        if pending.len() > before {
            continue;
        }
        let values_of: Vec<Ref> =
            reads.iter().filter_map(|own| Some(Ref { node: *values.get(own)?, axes: Vec::new() })).collect();
        let value = match (operator, values_of.as_slice()) {
            (_, []) => next,
            (Some(Operator::Select), [only]) => only.node,
            (Some(operator), operands) => graph.apply(operator, operands).ok()?.node,
            (None, _) => next,
        };
        values.insert(next, value);
        pending.pop();
    }
    values.get(&node).copied()
}
