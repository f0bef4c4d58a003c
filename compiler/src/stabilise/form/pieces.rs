//! Products and sums of nodes: the last step of every form.

use super::Writer;
use crate::algebra::rational::Rational;
use crate::graph::{NodeId, Ref};
use crate::number::{FloatType, Number};
use crate::operators::Operator;

/// Factors of a product, with their exponents.
#[derive(Default)]
pub(super) struct Pieces {
    pub(super) above: Vec<(NodeId, u32)>,
    pub(super) below: Vec<(NodeId, u32)>,
    /// Whether factors are divided one by one: their products may overflow where the quotient does not.
    pub(super) paired: bool,
}
impl Pieces {
    pub(super) fn push(&mut self, node: NodeId, exponent: i32) {
        let side = if exponent > 0 { &mut self.above } else { &mut self.below };
        match side.iter_mut().find(|(own, _)| *own == node) {
            Some((_, own)) => *own += exponent.unsigned_abs(),
            None if exponent != 0 => side.push((node, exponent.unsigned_abs())),
            None => {}
        }
    }
}
impl Writer<'_> {
    pub(in crate::stabilise) fn apply(&mut self, operator: Operator, operands: &[NodeId]) -> Option<NodeId> {
        let operands: Vec<Ref> = operands.iter().map(|node| Ref { node: *node, axes: Vec::new() }).collect();
        self.graph.apply(operator, &operands).ok().map(|made| made.node)
    }

    pub(in crate::stabilise) fn whole(&mut self, value: i128) -> Option<NodeId> {
        self.constant(Number::new(value, 0))
    }

    fn constant(&mut self, number: Number) -> Option<NodeId> {
        self.graph.constant(number).ok().map(|made| made.node)
    }

    /// Whole numbers of so many digits are floats.
    fn digits(&self) -> usize {
        match self.graph.float() {
            FloatType::F64 => 15,
            FloatType::F32 => 7,
        }
    }

    pub(super) fn rational(&mut self, value: Rational) -> Option<NodeId> {
        let (above, below) = value.written(self.digits())?;
        let above = self.constant(above)?;
        if below == Number::ONE {
            return Some(above);
        }
        let below = self.constant(below)?;
        self.apply(Operator::Divide, &[above, below])
    }

    pub(super) fn scaled(&mut self, node: NodeId, scale: Rational) -> Option<NodeId> {
        let (above, below) = scale.written(self.digits())?;
        let mut node = if above == Number::ONE {
            node
        } else if above == Number::ONE.negated() {
            self.apply(Operator::Negate, &[node])?
        } else {
            let factor = self.constant(above)?;
            self.apply(Operator::Multiply, &[factor, node])?
        };
        if below != Number::ONE {
            let below = self.constant(below)?;
            node = self.apply(Operator::Divide, &[node, below])?;
        }
        Some(node)
    }

    pub(super) fn power(&mut self, base: NodeId, exponent: u32) -> Option<NodeId> {
        if exponent == 1 {
            return Some(base);
        }
        let exponent = self.whole(i128::from(exponent))?;
        self.apply(Operator::Power, &[base, exponent])
    }

    fn product(&mut self, factors: &[(NodeId, u32)]) -> Option<Option<NodeId>> {
        let mut result = None;
        for (node, exponent) in factors {
            let factor = self.power(*node, *exponent)?;
            result = Some(match result {
                Some(before) => self.apply(Operator::Multiply, &[before, factor])?,
                None => factor,
            });
        }
        Some(result)
    }

    pub(super) fn assemble(&mut self, scale: Rational, pieces: &Pieces) -> Option<NodeId> {
        if pieces.paired {
            return self.assemble_paired(scale, pieces);
        }
        // A number below 1 goes to the first factor: the product may overflow before it.
        let (mut scale, mut factors) = (scale, pieces.above.clone());
        if let Some((first, exponent)) = factors.first_mut()
            && scale.size() < Rational::ONE
        {
            let node = self.power(*first, *exponent)?;
            (*first, *exponent, scale) = (self.scaled(node, scale)?, 1, Rational::ONE);
        }
        let (above, below) = (self.product(&factors)?, self.product(&pieces.below)?);
        let above = match above {
            Some(above) => self.scaled(above, scale)?,
            None => self.rational(scale)?,
        };
        match below {
            Some(below) => self.apply(Operator::Divide, &[above, below]),
            None => Some(above),
        }
    }

    fn assemble_paired(&mut self, scale: Rational, pieces: &Pieces) -> Option<NodeId> {
        let each = |side: &[(NodeId, u32)]| -> Vec<NodeId> {
            side.iter().flat_map(|(node, exponent)| vec![*node; *exponent as usize]).collect()
        };
        let (above, below) = (each(&pieces.above), each(&pieces.below));
        let mut result: Option<NodeId> = None;
        for (index, above) in above.iter().enumerate() {
            let factor = match below.get(index) {
                Some(below) => self.apply(Operator::Divide, &[*above, *below])?,
                None => *above,
            };
            result = Some(match result {
                Some(before) => self.apply(Operator::Multiply, &[before, factor])?,
                None => factor,
            });
        }
        let mut result = match result {
            Some(result) => self.scaled(result, scale)?,
            None => self.rational(scale)?,
        };
        for divisor in below.iter().skip(above.len()) {
            result = self.apply(Operator::Divide, &[result, *divisor])?;
        }
        Some(result)
    }

    /// The sum of nodes with coefficients, a positive one first.
    pub(super) fn sum(&mut self, mut parts: Vec<(Rational, NodeId)>) -> Option<NodeId> {
        if let Some(first) = parts.iter().position(|(scale, _)| scale.is_positive()) {
            parts[..=first].rotate_right(1);
        }
        let mut result: Option<NodeId> = None;
        for (scale, node) in parts {
            result = Some(match result {
                None => self.scaled(node, scale)?,
                Some(before) if scale.is_positive() => {
                    let part = self.scaled(node, scale)?;
                    self.apply(Operator::Add, &[before, part])?
                }
                Some(before) => {
                    let part = self.scaled(node, scale.negated())?;
                    self.apply(Operator::Subtract, &[before, part])?
                }
            });
        }
        result
    }
}
