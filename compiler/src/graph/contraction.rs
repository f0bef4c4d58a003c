//! Sums of products over what no factor has alone: matrix products and their like.

use super::{Axis, Graph, NodeId, Operation, Ref};
use crate::operators::Operator;

impl Graph {
    /// The factors of a sum's body where its local axes take these labels, if the sum is a contraction: a product of
    /// arrays of which none has all axes. The product of factors that have the same axes is one factor.
    #[must_use]
    pub fn contracted(&self, node: NodeId, labels: &[Axis]) -> Option<Vec<Ref>> {
        if !matches!(self.operation(node), Operation::Sum(_)) {
            return None;
        }
        let mut open = self.operand_refs(node, labels);
        let mut factors = Vec::new();
        while let Some(own) = open.pop() {
            let axes = own.distinct_axes().len();
            let operands = match self.as_operator(own.node) {
                Some(Operator::Multiply | Operator::Negate) => self.operand_refs(own.node, &own.axes),
                _ => Vec::new(),
            };
            if operands.iter().any(|operand| operand.distinct_axes().len() < axes) || operands.len() == 1 {
                open.extend(operands.into_iter().rev());
            } else if axes == labels.len() {
                return None;
            } else {
                factors.push(own);
            }
        }
        (factors.len() > 1).then_some(factors)
    }
}
