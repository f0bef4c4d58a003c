//! One step of the chain rule: a cotangent times a partial derivative of the table.

use super::Sweeper;
use super::cotangent::{Cotangent, Guard};
use crate::graph::{GraphError, Ref};
use crate::number::Number;
use crate::operators::{Argument, Operator, Template};

impl Sweeper<'_> {
    /// The contribution of an operator to one of its operands; `None` if the partial is zero.
    pub(super) fn through(
        &mut self,
        operator: Operator,
        position: usize,
        operands: &[Ref],
        out: &Ref,
        cotangent: Cotangent,
    ) -> Result<Option<Cotangent>, GraphError> {
        let template = operator.partial(position).ok_or(GraphError::Kind)?;
        let partial = self.instantiate(template, operands, out)?;
        self.multiply(cotangent, &partial)
    }

    fn instantiate(&mut self, template: &Template, operands: &[Ref], out: &Ref) -> Result<Ref, GraphError> {
        let mut steps: Vec<Ref> = Vec::with_capacity(template.steps.len());
        for step in &template.steps {
            let mut arguments = Vec::with_capacity(step.arguments.len());
            for argument in &step.arguments {
                arguments.push(self.argument(argument, operands, out, &steps)?);
            }
            steps.push(self.graph.apply(step.operator, &arguments)?);
        }
        self.argument(&template.result, operands, out, &steps)
    }

    fn argument(&mut self, argument: &Argument, operands: &[Ref], out: &Ref, steps: &[Ref]) -> Result<Ref, GraphError> {
        let missing = GraphError::UnknownNode;
        match argument {
            Argument::Operand(place) => operands.get(usize::from(*place)).cloned().ok_or(missing),
            Argument::Step(place) => steps.get(usize::from(*place)).cloned().ok_or(missing),
            Argument::Out => Ok(out.clone()),
            Argument::Number(number) => self.graph.constant(*number),
        }
    }

    /// A cotangent times a partial. The product goes inside every condition, of the cotangent and of the partial.
    fn multiply(&mut self, mut cotangent: Cotangent, partial: &Ref) -> Result<Option<Cotangent>, GraphError> {
        if self.graph.is_integer(partial.node, 0) {
            return Ok(None);
        }
        let Some((condition, yes, no)) = self.as_select(partial) else {
            if !self.is_tame(partial.node) {
                for guard in &mut cotangent.guards {
                    guard.soft = false;
                }
            }
            cotangent.value = self.product(&cotangent.value, partial)?;
            return Ok(Some(cotangent));
        };
        let outer = cotangent.guards.len();
        let branch = |sweeper: &mut Self, partial: &Ref, holds: bool| {
            let mut inside = cotangent.clone();
            inside.guards.push(Guard { condition: condition.clone(), holds, soft: false });
            sweeper.multiply(inside, partial)
        };
        match (branch(self, &yes, true)?, branch(self, &no, false)?) {
            (Some(a), Some(b)) => {
                let mut guards = a.guards[..outer].to_vec();
                let (a_rest, b_rest) = (&a.guards[outer + 1..], &b.guards[outer + 1..]);
                let left = self.materialise(a_rest, a.value.clone())?;
                let right = self.materialise(b_rest, b.value.clone())?;
                let value = self.graph.apply(Operator::Select, &[condition, left, right])?;
                for (guard, other) in guards.iter_mut().zip(&b.guards) {
                    guard.soft &= other.soft;
                }
                if !a_rest.is_empty() || !b_rest.is_empty() {
                    guards.push(self.either(&a.guards[outer..], &b.guards[outer..])?);
                }
                Ok(Some(Cotangent { guards, value }))
            }
            (Some(only), None) | (None, Some(only)) => Ok(Some(only)),
            (None, None) => Ok(None),
        }
    }

    fn as_select(&self, value: &Ref) -> Option<(Ref, Ref, Ref)> {
        if self.graph.as_operator(value.node) != Some(Operator::Select) {
            return None;
        }
        let mut operands = self.graph.operand_refs(value.node, &value.axes).into_iter();
        Some((operands.next()?, operands.next()?, operands.next()?))
    }

    /// `value * partial` as one would write it: nothing for a factor 1, a quotient for 1/d, the sign in front.
    fn product(&mut self, value: &Ref, partial: &Ref) -> Result<Ref, GraphError> {
        for (factor, other) in [(value, partial), (partial, value)] {
            if self.graph.is_integer(factor.node, 1) {
                return Ok(other.clone());
            }
            if self.graph.is_integer(factor.node, -1) {
                return self.graph.apply(Operator::Negate, std::slice::from_ref(other));
            }
        }
        for (factor, other) in [(partial, value), (value, partial)] {
            if let Some(inner) = self.as_application(factor, Operator::Negate) {
                let product = if std::ptr::eq(factor, partial) {
                    self.product(other, &inner[0])?
                } else {
                    self.product(&inner[0], other)?
                };
                return self.graph.apply(Operator::Negate, &[product]);
            }
        }
        if let Some(inner) = self.as_application(partial, Operator::Divide)
            && self.graph.as_constant(inner[0].node) == Some(Number::ONE)
        {
            return self.graph.apply(Operator::Divide, &[value.clone(), inner[1].clone()]);
        }
        self.graph.apply(Operator::Multiply, &[value.clone(), partial.clone()])
    }

    fn as_application(&self, value: &Ref, operator: Operator) -> Option<Vec<Ref>> {
        let applies = self.graph.as_operator(value.node) == Some(operator);
        applies.then(|| self.graph.operand_refs(value.node, &value.axes))
    }
}
