//! Powers with a stated exponent: small integers are products, halves go through the square root.

use super::{Builder, Compute, Instruction, Operand, Statement, ValueId};
use crate::graph::NodeId;
use crate::number::Number;
use crate::operators::{Kind, Operator};

impl Builder<'_> {
    pub(super) fn power(&mut self, node: NodeId, target: ValueId, operands: Vec<Operand>, out: &mut Vec<Statement>) {
        let exponent = self.graph.operands(node).nth(1).and_then(|exponent| self.graph.as_constant(exponent.node));
        // Twice the exponent tells whole and half numbers alike.
        let twice = exponent.and_then(|exponent| exponent.checked_mul(Number::from(2))).and_then(Number::to_integer);
        match (twice, operands.first()) {
            (Some(twice @ (-8..=-1 | 1..=8)), Some(base)) if twice % 2 == 0 || twice.abs() <= 3 => {
                let base = base.clone();
                self.small_power(target, &base, twice, out);
            }
            _ => out.push(apply(target, Operator::Power, operands)),
        }
    }

    fn small_power(&mut self, target: ValueId, base: &Operand, twice: i64, out: &mut Vec<Statement>) {
        if twice > 0 {
            return self.product(target, base, twice, out);
        }
        let below = if twice == -2 {
            base.clone()
        } else {
            let positive = self.like(target);
            self.product(positive, base, -twice, out);
            self.whole(positive)
        };
        let one = self.define(Kind::Number, Vec::new());
        let compute = Compute::Constant(Number::ONE);
        out.push(Statement::Instruction(Instruction {
            target: one,
            compute,
            operands: Vec::new(),
            closed: Vec::new(),
        }));
        let one = Operand { value: one, axes: Vec::new() };
        out.push(apply(target, Operator::Divide, vec![one, below]));
    }

    /// `target = base^(twice / 2)` for 1, 3, 4, 6, 8; a power of 1 is folded in the graph.
    fn product(&mut self, target: ValueId, base: &Operand, twice: i64, out: &mut Vec<Statement>) {
        match twice {
            1 => out.push(apply(target, Operator::Sqrt, vec![base.clone()])),
            3 => {
                let root = self.like(target);
                out.push(apply(root, Operator::Sqrt, vec![base.clone()]));
                let root = self.whole(root);
                out.push(apply(target, Operator::Multiply, vec![base.clone(), root]));
            }
            4 => out.push(apply(target, Operator::Multiply, vec![base.clone(), base.clone()])),
            _ => {
                let square = self.like(target);
                out.push(apply(square, Operator::Multiply, vec![base.clone(), base.clone()]));
                let square = self.whole(square);
                let other = if twice == 6 { base.clone() } else { square.clone() };
                out.push(apply(target, Operator::Multiply, vec![square, other]));
            }
        }
    }

    fn like(&mut self, value: ValueId) -> ValueId {
        let shape = self.program.values[value.index()].shape.clone();
        self.define(Kind::Number, shape)
    }

    /// A value over the axes that it was defined over.
    fn whole(&self, value: ValueId) -> Operand {
        let rank = self.program.values[value.index()].shape.len();
        Operand { value, axes: (0..rank as u8).collect() }
    }
}

fn apply(target: ValueId, operator: Operator, operands: Vec<Operand>) -> Statement {
    Statement::Instruction(Instruction { target, compute: Compute::Apply(operator), operands, closed: Vec::new() })
}
