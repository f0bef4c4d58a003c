//! A product as written, with its exponentials collected into one: where the first of them stood, or in front.

use std::collections::HashMap;

use super::Writer;
use crate::algebra::factored::Term;
use crate::algebra::kernel::Shape;
use crate::algebra::laws::Laws;
use crate::algebra::rational::Rational;
use crate::graph::NodeId;
use crate::operators::Operator;

/// Larger products are not looked at.
const MOST_NODES: usize = 64;

/// A factor of a product, or a product of some.
#[derive(Clone, Copy)]
enum Factor {
    One,
    Node(NodeId),
}

impl Writer<'_> {
    /// The product with one exponential; `None` if it has fewer than two.
    pub(in crate::stabilise) fn with_one_exponential(&mut self, product: NodeId) -> Option<NodeId> {
        let mut exponentials: Vec<(NodeId, bool)> = Vec::new();
        let (mut order, mut first) = (Vec::new(), None);
        let mut pending = vec![(product, false)];
        while let Some((next, below)) = pending.pop() {
            if order.len() > MOST_NODES {
                return None;
            }
            order.push(next);
            let operands: Vec<NodeId> = self.graph.operands(next).map(|operand| operand.node).collect();
            match (self.graph.as_operator(next), operands.as_slice()) {
                (Some(Operator::Multiply), [a, b]) => pending.extend([(*b, below), (*a, below)]),
                (Some(Operator::Divide), [a, b]) => pending.extend([(*b, !below), (*a, below)]),
                (Some(Operator::Negate), [a]) => pending.push((*a, below)),
                (Some(Operator::Exp), [a]) => {
                    exponentials.push((*a, below));
                    first = first.or((!below).then_some(next));
                }
                _ => {}
            }
        }
        if exponentials.len() < 2 {
            return None;
        }
        let mut exponent = Term::constant(Rational::ZERO);
        for (argument, below) in &exponentials {
            let argument = self.algebra.term(self.graph, *argument);
            let argument = if *below { argument.negated() } else { argument };
            exponent = self.algebra.plus(&exponent, &argument)?;
        }
        let collected = self.algebra.exponential(&exponent)?;
        let pure = |(atom, _): &(_, _)| self.algebra.is_exponential(*atom);
        if collected.scale != Rational::ONE || !collected.factors.is_empty() || !collected.monomial.iter().all(pure) {
            return None;
        }
        let collected = if collected.monomial.is_empty() {
            Factor::One
        } else {
            Factor::Node(self.exponential(&collected.monomial)?)
        };
        // A shared node stands in several places.
        let alone = |node: &NodeId| order.iter().filter(|other| *other == node).count() == 1;
        match first.filter(alone) {
            Some(first) => self.without_exponentials(product, &order, Some((first, collected))),
            None => {
                let rest = self.without_exponentials(product, &order, None)?;
                match collected {
                    Factor::Node(collected) => self.apply(Operator::Multiply, &[collected, rest]),
                    Factor::One => Some(rest),
                }
            }
        }
    }

    /// The product again without exponentials, but for one node that something else stands for.
    fn without_exponentials(
        &mut self,
        product: NodeId,
        order: &[NodeId],
        kept: Option<(NodeId, Factor)>,
    ) -> Option<NodeId> {
        let mut values: HashMap<NodeId, Factor> = HashMap::new();
        // Operands stand behind their users.
        for node in order.iter().rev() {
            let operands: Vec<NodeId> = self.graph.operands(*node).map(|operand| operand.node).collect();
            let of = |place: usize| values.get(&operands[place]).copied();
            let value = match self.graph.as_operator(*node) {
                Some(Operator::Multiply) => match (of(0)?, of(1)?) {
                    (Factor::One, other) | (other, Factor::One) => other,
                    (Factor::Node(a), Factor::Node(b)) => Factor::Node(self.apply(Operator::Multiply, &[a, b])?),
                },
                Some(Operator::Divide) => match (of(0)?, of(1)?) {
                    (above, Factor::One) => above,
                    (above, Factor::Node(b)) => {
                        let a = self.node(above)?;
                        Factor::Node(self.apply(Operator::Divide, &[a, b])?)
                    }
                },
                Some(Operator::Negate) => {
                    let inner = self.node(of(0)?)?;
                    Factor::Node(self.apply(Operator::Negate, &[inner])?)
                }
                Some(Operator::Exp) => kept.filter(|(first, _)| first == node).map_or(Factor::One, |(_, value)| value),
                _ => Factor::Node(*node),
            };
            values.insert(*node, value);
        }
        let value = *values.get(&product)?;
        self.node(value)
    }

    fn node(&mut self, factor: Factor) -> Option<NodeId> {
        match factor {
            Factor::One => self.whole(1),
            Factor::Node(node) => Some(node),
        }
    }
}
