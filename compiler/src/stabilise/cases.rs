//! Arithmetic with a conditional in it, case by case: `(if c { a } else { b }) − z` is `a − z` where c holds.

use std::collections::{HashMap, HashSet};

use crate::graph::{Graph, GraphError, NodeId, Ref};
use crate::number::Number;
use crate::operators::{Argument, Kind, Operator};

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
            Some(Operator::Select) => return graph.operands(next).next().map(|own| simple(graph, own.node)),
            Some(operator) if is_arithmetic(operator) && seen.len() < MOST_NODES && seen.insert(next) => {
                pending.extend(graph.operands(next).map(|operand| operand.node));
            }
            _ => {}
        }
    }
    None
}

/// The comparisons that a value depends on, as far as arithmetic and functions lead to them.
pub(super) fn comparisons(graph: &Graph, root: NodeId) -> Vec<NodeId> {
    let (mut found, mut seen, mut pending) = (Vec::new(), HashSet::new(), vec![root]);
    while let Some(next) = pending.pop() {
        let Some(operator) = graph.as_operator(next) else { continue };
        if !seen.insert(next) || seen.len() > 4 * MOST_NODES {
            continue;
        }
        let row = operator.row();
        if row.result == Kind::Truth && row.operands.first() == Some(&Kind::Number) {
            found.push(next);
        } else {
            pending.extend(graph.operands(next).map(|operand| operand.node));
        }
    }
    found
}

/// A value with what stands for some nodes, such as its comparisons.
pub(super) fn with_conditions(
    graph: &mut Graph,
    root: NodeId,
    conditions: &[(NodeId, NodeId)],
) -> Result<NodeId, GraphError> {
    if conditions.iter().all(|(own, made)| own == made) {
        return Ok(root);
    }
    replaced(graph, root, conditions.iter().copied().collect())
}

/// A formula with other nodes for some of its own, and over these.
pub(super) fn replaced(
    graph: &mut Graph,
    root: NodeId,
    mut values: HashMap<NodeId, NodeId>,
) -> Result<NodeId, GraphError> {
    let live = graph.live([root]);
    for node in graph.nodes().filter(|node| live[node.index()]).collect::<Vec<_>>() {
        let Some(operator) = graph.as_operator(node).filter(|_| !values.contains_key(&node)) else { continue };
        let all = graph.local_axes(node);
        let operands = graph.operand_refs(node, &all);
        if operands.iter().any(|operand| values.contains_key(&operand.node)) {
            let operands = operands.into_iter().map(|operand| match values.get(&operand.node) {
                Some(made) => Ref { node: *made, axes: operand.axes },
                None => operand,
            });
            let made = graph.apply(operator, &operands.collect::<Vec<_>>())?.node;
            values.insert(node, made);
        }
    }
    Ok(values.get(&root).copied().unwrap_or(root))
}

/// A condition that a composed one depends on.
fn simple(graph: &Graph, mut condition: NodeId) -> NodeId {
    while let Some(Operator::And | Operator::Or | Operator::Not) = graph.as_operator(condition)
        && let Some(first) = graph.operands(condition).next()
    {
        condition = first.node;
    }
    condition
}

/// A condition that holds, or does not.
pub(super) struct Case<'a> {
    pub(super) condition: NodeId,
    pub(super) holds: bool,
    /// Where it holds, the first of each two is the second.
    pub(super) equal: &'a [(NodeId, NodeId)],
}

/// What a node is in a case: conditionals are decided by it, under arithmetic and logic, and equal nodes are one.
pub(super) fn given(graph: &mut Graph, node: NodeId, case: &Case) -> Option<NodeId> {
    use Operator as Op;
    let equal = if case.holds { case.equal } else { &[] };
    let (mut values, mut pending): (HashMap<NodeId, NodeId>, _) = (equal.iter().copied().collect(), vec![node]);
    while let Some(next) = pending.last().copied() {
        if values.contains_key(&next) {
            pending.pop();
            continue;
        }
        if let Some(truth) = decided(graph, next, case.condition, case.holds) {
            values.insert(next, graph.truth(truth).ok()?.node);
            continue;
        }
        let operator = graph.as_operator(next);
        let is_open = operator.is_some_and(|op| {
            is_arithmetic(op) || matches!(op, Op::Select | Op::And | Op::Or | Op::Not) || !equal.is_empty()
        }) && values.len() < 2 * MOST_NODES;
        let operands: Vec<NodeId> =
            if is_open { graph.operands(next).map(|operand| operand.node).collect() } else { Vec::new() };
        let before = pending.len();
        pending.extend(operands.iter().filter(|own| !values.contains_key(own)));
        if pending.len() > before {
            continue;
        }
        let known: Vec<Ref> =
            operands.iter().filter_map(|own| Some(Ref { node: *values.get(own)?, axes: Vec::new() })).collect();
        let value = match operator.filter(|_| !known.is_empty()) {
            Some(operator) => graph.apply(operator, &known).ok()?.node,
            None => next,
        };
        values.insert(next, value);
    }
    values.get(&node).copied()
}

/// The truth of a condition where another one holds, or does not, if that tells.
fn decided(graph: &Graph, node: NodeId, condition: NodeId, holds: bool) -> Option<bool> {
    if node == condition {
        return Some(holds);
    }
    // A number is equal to one number only.
    let equation = |node: NodeId| {
        let operands: Vec<NodeId> = graph.operands(node).map(|operand| operand.node).collect();
        match (graph.as_operator(node), operands.as_slice()) {
            (Some(Operator::Equal), [a, b]) => Some((*a, graph.as_constant(*b)?.nearest(graph.float()))),
            _ => None,
        }
    };
    let ((a, value), (b, other)) = (equation(node)?, equation(condition)?);
    (holds && a == b && value != other).then_some(false)
}

/// A value where the function that it computes with is in its tail.
pub(super) struct Tail {
    /// That the function's argument is above 1.
    pub(super) condition: NodeId,
    /// The value there.
    pub(super) value: NodeId,
}

/// A value with the formula of the tail in the place of a function that has one.
pub(super) fn in_the_tail(graph: &mut Graph, root: NodeId) -> Option<Tail> {
    let (mut seen, mut pending) = (HashSet::new(), vec![root]);
    let mut found: Option<(NodeId, Operator)> = None;
    while let Some(next) = pending.pop() {
        let Some(operator) = graph.as_operator(next).filter(|_| seen.insert(next)) else { continue };
        if operator.tail().is_some() {
            found = found.max(Some((next, operator)));
        }
        if seen.len() > MOST_NODES {
            return None;
        }
        pending.extend(graph.operands(next).map(|operand| operand.node));
    }
    let (node, operator) = found?;
    let argument = Ref { node: graph.operands(node).next()?.node, axes: Vec::new() };
    let formula = operator.tail()?;
    let mut steps: Vec<Ref> = Vec::new();
    for step in &formula.steps {
        let operands = step.arguments.iter().map(|own| match own {
            Argument::Operand(_) => Some(argument.clone()),
            Argument::Number(number) => graph.constant(*number).ok(),
            Argument::Step(place) => steps.get(usize::from(*place)).cloned(),
            Argument::Out => None,
        });
        let operands = operands.collect::<Option<Vec<Ref>>>()?;
        steps.push(graph.apply(step.operator, &operands).ok()?);
    }
    let instead = steps.pop()?.node;
    let one = graph.constant(Number::ONE).ok()?;
    let condition = graph.apply(Operator::Greater, &[argument, one]).ok()?.node;
    let value = with_conditions(graph, root, &[(node, instead)]).ok()?;
    Some(Tail { condition, value })
}
