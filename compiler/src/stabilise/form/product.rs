//! A product as written, with its exponentials collected into one.

use super::Writer;
use super::pieces::Pieces;
use crate::algebra::factored::Term;
use crate::algebra::kernel::Shape;
use crate::algebra::laws::Laws;
use crate::algebra::rational::Rational;
use crate::graph::NodeId;
use crate::operators::Operator;

/// Larger products are not looked at.
const MOST_FACTORS: usize = 64;

impl Writer<'_> {
    /// The product with one exponential; `None` if it has fewer than two.
    pub(in crate::stabilise) fn with_one_exponential(&mut self, product: NodeId) -> Option<NodeId> {
        let mut pieces = Pieces { paired: true, ..Pieces::default() };
        let (mut scale, mut exponent) = (Rational::ONE, Term::constant(Rational::ZERO));
        let (mut exponentials, mut seen, mut pending) = (0, 0, vec![(product, false)]);
        while let Some((next, below)) = pending.pop() {
            seen += 1;
            if seen > MOST_FACTORS {
                return None;
            }
            let operands: Vec<NodeId> = self.graph.operands(next).map(|operand| operand.node).collect();
            match (self.graph.as_operator(next), operands.as_slice()) {
                (Some(Operator::Multiply), [a, b]) => pending.extend([(*b, below), (*a, below)]),
                (Some(Operator::Divide), [a, b]) => pending.extend([(*b, !below), (*a, below)]),
                (Some(Operator::Negate), [a]) => {
                    scale = scale.negated();
                    pending.push((*a, below));
                }
                (Some(Operator::Exp), [a]) => {
                    exponentials += 1;
                    let argument = self.algebra.term(self.graph, *a);
                    let argument = if below { argument.negated() } else { argument };
                    exponent = self.algebra.plus(&exponent, &argument)?;
                }
                _ => pieces.push(next, if below { -1 } else { 1 }),
            }
        }
        let collected = self.algebra.exponential(&exponent)?;
        let pure = collected.monomial.iter().all(|(kernel, _)| self.algebra.is_exponential(*kernel));
        if exponentials < 2 || collected.scale != Rational::ONE || !collected.factors.is_empty() || !pure {
            return None;
        }
        if !collected.monomial.is_empty() {
            let node = self.exponential(&collected.monomial)?;
            pieces.above.insert(0, (node, 1));
        }
        self.assemble(scale, &pieces)
    }
}
