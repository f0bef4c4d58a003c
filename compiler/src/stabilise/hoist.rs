//! Operations that both branches of a conditional end with, moved behind it: `if c { a/d } else { b/d }` is
//! `(if c { a } else { b })/d`, to the bit.
//!
//! In: values of a graph of scalars. Out: the same values with fewer operations. An operation moves only if nothing else
//! reads what it gives in either branch.

use std::collections::HashMap;

use crate::cost;
use crate::graph::{Graph, GraphError, NodeId, Ref};
use crate::operators::Operator;

/// Formulas are looked into so deep.
const MOST_DEEP: usize = 16;

/// Moves operations of branches behind conditionals, where the values cost less then.
pub(super) fn hoisted(graph: &mut Graph, roots: Vec<Ref>) -> Result<Vec<Ref>, GraphError> {
    let live = graph.live(roots.iter().map(|root| root.node));
    let nodes: Vec<NodeId> = graph.nodes().filter(|node| live[node.index()]).collect();
    if !nodes.iter().any(|node| graph.as_operator(*node) == Some(Operator::Select)) {
        return Ok(roots);
    }
    let mut hoist = Hoist { made: HashMap::new(), uses: HashMap::new() };
    let used = nodes.iter().flat_map(|node| graph.operands(*node)).map(|operand| operand.node);
    used.chain(roots.iter().map(|root| root.node)).for_each(|node| *hoist.uses.entry(node).or_default() += 1);
    for node in nodes {
        let made = hoist.rebuilt(graph, node)?;
        hoist.made.insert(node, made);
        let uses = hoist.uses_of(node);
        if made != node {
            *hoist.uses.entry(made).or_default() += uses;
        }
    }
    let renewed: Vec<Ref> = roots.iter().map(|root| Ref { node: hoist.stands(root.node), ..root.clone() }).collect();
    let weight =
        |graph: &Graph, roots: &[Ref]| cost::total(graph, roots.iter().map(|root| root.node), |_| false).weight;
    Ok(if weight(graph, &renewed) < weight(graph, &roots) { renewed } else { roots })
}

struct Hoist {
    /// What stands for nodes.
    made: HashMap<NodeId, NodeId>,
    /// How often nodes are read.
    uses: HashMap<NodeId, usize>,
}

impl Hoist {
    fn stands(&self, node: NodeId) -> NodeId {
        self.made.get(&node).copied().unwrap_or(node)
    }

    fn uses_of(&self, node: NodeId) -> usize {
        self.uses.get(&node).copied().unwrap_or(0)
    }

    fn rebuilt(&self, graph: &mut Graph, node: NodeId) -> Result<NodeId, GraphError> {
        let Some(operator) = graph.as_operator(node) else { return Ok(node) };
        if !graph.local_dims(node).is_empty() {
            return Ok(node);
        }
        let operands: Vec<NodeId> = graph.operands(node).map(|operand| self.stands(operand.node)).collect();
        graph.set_span(graph.span(node));
        match (operator, operands.as_slice()) {
            (Operator::Select, [condition, yes, no]) => self.select(graph, *condition, [*yes, *no], MOST_DEEP),
            _ => apply(graph, operator, &operands),
        }
    }

    /// `if condition { yes } else { no }`, with what both end with behind it.
    fn select(
        &self,
        graph: &mut Graph,
        condition: NodeId,
        [yes, no]: [NodeId; 2],
        deep: usize,
    ) -> Result<NodeId, GraphError> {
        if yes == no {
            return Ok(yes);
        }
        let both = self.ending(graph, yes).zip(self.ending(graph, no)).filter(|_| deep > 0);
        let Some((left, right)) = both.filter(|(left, right)| left.operator == right.operator) else {
            return apply(graph, Operator::Select, &[condition, yes, no]);
        };
        let same_sign = left.negative == right.negative;
        let signed = matches!(left.operator, Operator::Multiply | Operator::Divide);
        if !same_sign && !signed {
            return apply(graph, Operator::Select, &[condition, yes, no]);
        }
        let (operator, negative) = (left.operator, left.negative && same_sign);
        let (mut one, mut other) = (left.operands, right.operands);
        if matches!(operator, Operator::Add | Operator::Multiply) && (one[0] == other[1] || one[1] == other[0]) {
            other.reverse();
        }
        if !same_sign {
            let negated = if left.negative { &mut one[0] } else { &mut other[0] };
            *negated = apply(graph, Operator::Negate, &[*negated])?;
        }
        let mut operands = Vec::with_capacity(one.len());
        for pair in one.into_iter().zip(other) {
            operands.push(self.select(graph, condition, pair.into(), deep - 1)?);
        }
        let value = apply(graph, operator, &operands)?;
        if negative { apply(graph, Operator::Negate, &[value]) } else { Ok(value) }
    }

    /// The operation that a branch ends with, if it costs something and is of no use to others.
    fn ending(&self, graph: &Graph, mut node: NodeId) -> Option<Ending> {
        let mut negative = false;
        while graph.as_operator(node) == Some(Operator::Negate) && self.uses_of(node) <= 1 {
            negative = !negative;
            node = graph.operands(node).next()?.node;
        }
        let operator = graph.as_operator(node)?;
        let operands: Vec<NodeId> = graph.operands(node).map(|operand| operand.node).collect();
        let moves = self.uses_of(node) <= 1 && cost::weight(graph, node) > 0 && operands.len() == operator.arity();
        moves.then_some(Ending { operator, operands, negative })
    }
}

struct Ending {
    operator: Operator,
    operands: Vec<NodeId>,
    negative: bool,
}

fn apply(graph: &mut Graph, operator: Operator, operands: &[NodeId]) -> Result<NodeId, GraphError> {
    let operands: Vec<Ref> = operands.iter().map(|node| Ref { node: *node, axes: Vec::new() }).collect();
    Ok(graph.apply(operator, &operands)?.node)
}
