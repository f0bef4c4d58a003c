//! What [`Graph::apply`] folds: only what gives the same bits in the graph's float type, signed zeros, infinities and
//! NaN included.

use super::{Dim, Graph, GraphError, NodeId, Operation, Ref};
use crate::number::{FloatType, Number};
use crate::operators::{Kind, Operator};

type Folded = Option<(&'static str, Ref)>;

impl Graph {
    pub(super) fn fold(&mut self, operator: Operator, operands: &[Ref]) -> Result<Folded, GraphError> {
        if let Some(folded) = self.fold_constants(operator, operands)? {
            return Ok(Some(("exact constants", folded)));
        }
        match operands {
            [operand] => Ok(self.fold_unary(operator, operand)),
            [left, right] => self.fold_binary(operator, left, right),
            [condition, yes, no] if operator == Operator::Select => Ok(self.fold_select(condition, yes, no)),
            _ => Ok(None),
        }
    }

    fn fold_unary(&self, operator: Operator, operand: &Ref) -> Folded {
        let inner = self.as_operator(operand.node)?;
        if inner != operator || !matches!(operator, Operator::Negate | Operator::Not) {
            return None;
        }
        Some(("twice undone", self.operand_refs(operand.node, &operand.axes).into_iter().next()?))
    }

    fn fold_binary(&mut self, operator: Operator, left: &Ref, right: &Ref) -> Result<Folded, GraphError> {
        let one = |node: NodeId| self.is_integer(node, 1);
        Ok(match operator {
            Operator::Multiply if one(right.node) => Some(("x * 1", left.clone())),
            Operator::Multiply if one(left.node) => Some(("1 * x", right.clone())),
            Operator::Divide if one(right.node) => Some(("x / 1", left.clone())),
            Operator::Power if one(right.node) => Some(("x ** 1", left.clone())),
            Operator::Subtract if self.is_integer(right.node, 0) => Some(("x - 0", left.clone())),
            Operator::Power if self.is_integer(right.node, 0) => Some(("x ** 0", self.constant(Number::ONE)?)),
            Operator::And | Operator::Or => self.fold_logic(operator, left, right)?,
            Operator::Equal => self.fold_positions(left, right)?.map(|equal| ("equal positions", equal)),
            _ => None,
        })
    }

    /// `i == j` of two positions along axes of one known size is the delta of the axes.
    fn fold_positions(&mut self, left: &Ref, right: &Ref) -> Result<Option<Ref>, GraphError> {
        let is_position = |used: &Ref| self.operation(used.node) == Operation::Iota;
        if !is_position(left) || !is_position(right) {
            return Ok(None);
        }
        let (left, right) = (left.axes[0], right.axes[0]);
        let known = left == right || (self.dim(left) == self.dim(right) && !matches!(self.dim(left), Dim::Variable(_)));
        if known { self.delta(left, right).map(Some) } else { Ok(None) }
    }

    fn fold_logic(&mut self, operator: Operator, left: &Ref, right: &Ref) -> Result<Folded, GraphError> {
        let neutral = operator == Operator::And;
        for (known, other) in [(left, right), (right, left)] {
            if let Operation::Truth(value) = self.operation(known.node) {
                let result = if value == neutral { other.clone() } else { self.truth(value)? };
                return Ok(Some(("known condition", result)));
            }
        }
        Ok((left == right).then(|| ("same condition", left.clone())))
    }

    fn fold_select(&self, condition: &Ref, yes: &Ref, no: &Ref) -> Folded {
        match self.operation(condition.node) {
            Operation::Truth(true) => Some(("known condition", yes.clone())),
            Operation::Truth(false) => Some(("known condition", no.clone())),
            _ => (yes == no).then(|| ("equal branches", yes.clone())),
        }
    }

    fn fold_constants(&mut self, operator: Operator, operands: &[Ref]) -> Result<Option<Ref>, GraphError> {
        let constant = |operand: &Ref| matches!(self.operation(operand.node), Operation::Constant(_));
        let numbers: Vec<Number> = match operands.iter().all(constant) {
            true => operands.iter().filter_map(|operand| self.as_constant(operand.node)).collect(),
            false => Vec::new(),
        };
        if operator.row().result == Kind::Truth && !operands.is_empty() {
            // 1/3 is no decimal, but it is known to be above 0.
            let values: Option<Vec<f64>> = operands.iter().map(|operand| self.stated(operand.node)).collect();
            if let Some(values) = values {
                return self.truth((operator.row().evaluate)(&values) != 0.0).map(Some);
            }
        }
        if numbers.is_empty() {
            return match (operator, operands) {
                (Operator::Not, [operand]) => match self.operation(operand.node) {
                    Operation::Truth(value) => self.truth(!value).map(Some),
                    _ => Ok(None),
                },
                _ => Ok(None),
            };
        }
        match exact(operator, &numbers, self.float) {
            Some(number) => self.constant(number).map(Some),
            None => Ok(None),
        }
    }
}

/// The result of an operator on constants, where the float type computes exactly it; never a negative zero.
fn exact(operator: Operator, numbers: &[Number], float: FloatType) -> Option<Number> {
    // Rounding is symmetric: the nearest float of -0.1 is the negative of that of 0.1.
    if let (Operator::Negate, [a]) = (operator, numbers) {
        return (!a.is_zero()).then(|| a.negated());
    }
    if !numbers.iter().all(|number| number.is_exact_in(float)) {
        return None;
    }
    let signed_zero = |result: Number| result.is_zero() && numbers.iter().any(|number| number.is_negative());
    let result = match (operator, numbers) {
        (Operator::Add, [a, b]) => a.checked_add(*b)?,
        (Operator::Subtract, [a, b]) => a.checked_add(b.negated())?,
        (Operator::Multiply, [a, b]) => a.checked_mul(*b).filter(|product| !signed_zero(*product))?,
        (Operator::Divide, [a, b]) => {
            let quotient = Number::from_f64(a.nearest(float) / b.nearest(float))?;
            (quotient.checked_mul(*b)? == *a && !signed_zero(quotient)).then_some(quotient)?
        }
        _ => return None,
    };
    result.is_exact_in(float).then_some(result)
}
