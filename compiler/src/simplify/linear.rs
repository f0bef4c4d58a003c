//! Pullbacks of numbers. The chain rule is linear in the cotangent, so what is pulled back from a number is its cotangent
//! times the gradient: where the gradient has a closed form, so has the pullback.

use std::collections::HashSet;

use super::search::{facts_of, is_leaf, steps_behind};
use super::{Rule, Simplified, Step};
use crate::graph::{Graph, GraphError, NodeId, Ref};
use crate::operators::Operator;

/// A pullback of a number.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// What the chain rule gives for it.
    pub pullback: Ref,
    /// What the chain rule gives for the gradient, over the same axes.
    pub gradient: Ref,
    /// The cotangent: a number.
    pub cotangent: Ref,
}

/// Closed forms of pullbacks, given those of what stands in their place: gradients where `pulled` has one. `forward` tells
/// what the forward pass computes.
///
/// # Errors
/// [`GraphError::TooLarge`]
pub fn pulled_back(
    graph: &mut Graph,
    pulled: &[Option<Pulled>],
    found: Simplified,
    forward: &[bool],
) -> Result<Simplified, GraphError> {
    let kept = pulled.iter().zip(&found.roots).filter(|(pulled, _)| pulled.is_none());
    let mut steps = steps_behind(graph, kept.map(|(_, root)| root.node), &found.steps);
    let whole: HashSet<NodeId> = found.calls.iter().map(|call| call.node).collect();
    let stop = |node: NodeId| forward.get(node.index()).copied().unwrap_or(false) || whole.contains(&node);
    let mut said: HashSet<NodeId> = HashSet::new();
    let mut roots = Vec::new();
    for (pulled, root) in pulled.iter().zip(found.roots) {
        let Some(Pulled { pullback, gradient, cotangent }) = pulled else {
            roots.push(root);
            continue;
        };
        let value = times(graph, cotangent, &root, &stop)?;
        if value != *pullback && said.insert(pullback.node) {
            let facts = facts_of(graph, gradient.node, &found.steps);
            let (before, after) = (pullback.clone(), value.clone());
            steps.push(Step { rule: Rule::Linear, before, after, facts: facts.into_iter().collect() });
        }
        roots.push(value);
    }
    Ok(Simplified { roots, steps, calls: found.calls })
}

/// What is left to do with the other parts of a product when its leading part has been multiplied.
enum Rest {
    Negate,
    Times(Ref),
    Over(Ref),
    /// A condition and the branch that is zero, and whether that is the second one.
    If(Ref, Ref, bool),
}

/// A number times a value, with the number written at the leading factor: `g*y*(1 - y)`, `2*g*x`, `g/(2*y)`. What `stop`
/// holds for has a name, and is not taken apart.
fn times(graph: &mut Graph, number: &Ref, value: &Ref, stop: &impl Fn(NodeId) -> bool) -> Result<Ref, GraphError> {
    let (mut rest, mut inner) = (Vec::new(), value.clone());
    loop {
        let operator = graph.as_operator(inner.node).filter(|_| !stop(inner.node) && !is_leaf(graph, inner.node));
        let Some(operator) = operator else { break };
        let operands = graph.operand_refs(inner.node, &inner.axes);
        let (next, what) = match (operator, operands.as_slice()) {
            (Operator::Negate, [only]) => (only, Rest::Negate),
            // What runs over fewer axes is multiplied first.
            (Operator::Multiply, [left, right]) if right.axes.len() < left.axes.len() => {
                (right, Rest::Times(left.clone()))
            }
            (Operator::Multiply, [left, right]) => (left, Rest::Times(right.clone())),
            (Operator::Divide, [left, right]) if right.axes.len() >= left.axes.len() => {
                (left, Rest::Over(right.clone()))
            }
            (Operator::Select, [condition, left, right]) if graph.is_integer(right.node, 0) => {
                (left, Rest::If(condition.clone(), right.clone(), true))
            }
            (Operator::Select, [condition, left, right]) if graph.is_integer(left.node, 0) => {
                (right, Rest::If(condition.clone(), left.clone(), false))
            }
            (Operator::Divide, [left, right]) => {
                let number = graph.apply(Operator::Divide, &[number.clone(), right.clone()])?;
                let product = graph.apply(Operator::Multiply, &[number, left.clone()])?;
                return rest.into_iter().rev().try_fold(product, |product, what| with_rest(graph, what, product));
            }
            _ => break,
        };
        rest.push(what);
        inner = next.clone();
    }
    let product = match graph.as_constant(inner.node) {
        Some(_) if graph.is_integer(inner.node, 0) => inner,
        Some(_) if graph.is_integer(inner.node, 1) => number.clone(),
        Some(_) if graph.is_integer(inner.node, -1) => graph.apply(Operator::Negate, std::slice::from_ref(number))?,
        Some(_) => graph.apply(Operator::Multiply, &[inner, number.clone()])?,
        None => graph.apply(Operator::Multiply, &[number.clone(), inner])?,
    };
    rest.into_iter().rev().try_fold(product, |product, what| with_rest(graph, what, product))
}

fn with_rest(graph: &mut Graph, what: Rest, product: Ref) -> Result<Ref, GraphError> {
    match what {
        Rest::Negate => graph.apply(Operator::Negate, &[product]),
        Rest::Times(factor) => graph.apply(Operator::Multiply, &[product, factor]),
        Rest::Over(divisor) => graph.apply(Operator::Divide, &[product, divisor]),
        Rest::If(condition, zero, true) => graph.apply(Operator::Select, &[condition, product, zero]),
        Rest::If(condition, zero, false) => graph.apply(Operator::Select, &[condition, zero, product]),
    }
}
