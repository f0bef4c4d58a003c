//! Roots of sums of squares in units of the largest: what is far from 1 is one factor.

use super::super::plain::free_limits;
use super::Writer;
use crate::algebra::factored::Term;
use crate::algebra::kernel::Shape;
use crate::algebra::laws::Laws;
use crate::algebra::polynomial::Kernel;
use crate::algebra::rational::Rational;
use crate::graph::NodeId;
use crate::number::{FloatType, Number};
use crate::operators::Operator;

impl Writer<'_> {
    /// Roots of sums of squares in units of the largest: what is far from 1 is one factor. Also, with the plain form where
    /// that unit is moderate.
    pub(in crate::stabilise) fn in_units(&mut self, term: &Term) -> Vec<NodeId> {
        let Some((scaled, unit)) = self.scaled_roots(term) else { return Vec::new() };
        let Some(plain) = self.composed(term) else { return vec![scaled] };
        let moderate = self.where_moderate(unit, plain, scaled, [90, 11]);
        [Some(scaled), moderate].into_iter().flatten().collect()
    }

    /// One form where a unit is neither large nor small, another one elsewhere. The decimal exponents that it may have are
    /// those for `f64` and `f32`.
    pub(super) fn where_moderate(
        &mut self,
        unit: NodeId,
        plain: NodeId,
        scaled: NodeId,
        [double, single]: [i32; 2],
    ) -> Option<NodeId> {
        let reach = if self.graph.float() == FloatType::F64 { double } else { single };
        self.where_between(unit, [-reach, reach], plain, scaled)
    }

    /// One form where a value lies between two powers of ten, another one elsewhere.
    fn where_between(&mut self, value: NodeId, exponents: [i32; 2], plain: NodeId, scaled: NodeId) -> Option<NodeId> {
        let [low, high] = exponents.map(|exponent| self.graph.constant(Number::new(1, exponent)));
        let (low, high) = (low.ok()?.node, high.ok()?.node);
        let above = self.apply(Operator::Greater, &[value, low])?;
        let below = self.apply(Operator::Less, &[value, high])?;
        let moderate = self.apply(Operator::And, &[above, below])?;
        self.apply(Operator::Select, &[moderate, plain, scaled])
    }

    /// Logarithms of sums of squares as those of lengths, where the squares may overflow or underflow.
    pub(in crate::stabilise) fn with_lengths_in_logarithms(&mut self, term: &Term) -> Option<NodeId> {
        let mut replaced: Vec<(Kernel, Term)> = Vec::new();
        for kernel in term.kernels() {
            let Some(argument) = self.algebra.kernels.argument(kernel, Operator::Log).cloned() else { continue };
            if replaced.iter().any(|(other, _)| *other == kernel) {
                continue;
            }
            let Some(length) = self.length(&argument) else { continue };
            let near = self.kernel(kernel)?;
            let far = self.apply(Operator::Log, &[length])?;
            let far = self.scaled(far, Rational::from(2))?;
            let square = self.plain(&argument)?;
            let logarithm = self.where_between(square, free_limits(self.graph.float()), near, far)?;
            replaced.push((kernel, Term::kernel(self.algebra.node(logarithm))));
        }
        if replaced.is_empty() {
            return None;
        }
        let result = self.rewritten(term, &|writer, monomial, scale| writer.substituted(monomial, scale, &replaced))?;
        self.plain(&result)
    }

    /// The form in units, and the unit.
    fn scaled_roots(&mut self, term: &Term) -> Option<(NodeId, NodeId)> {
        let (root, squares) = term.kernels().find_map(|kernel| {
            let radicand = self.algebra.kernels.argument(kernel, Operator::Sqrt)?;
            let polynomial = radicand.expanded()?;
            let squares = polynomial.terms();
            let squares = squares.map(|(monomial, scale)| self.square_root(monomial, *scale)?.as_kernel());
            let squares = squares.collect::<Option<Vec<Kernel>>>()?;
            (squares.len() > 1).then_some((kernel, squares))
        })?;
        let mut unit = None;
        for kernel in &squares {
            let node = self.kernel(*kernel)?;
            let size = self.apply(Operator::Abs, &[node])?;
            unit = Some(match unit {
                Some(unit) => self.apply(Operator::Maximum, &[unit, size])?,
                None => size,
            });
        }
        let unit = unit?;
        let unit_term = Term::kernel(self.algebra.node(unit));
        let (mut replaced, mut length) = (Vec::new(), None);
        for kernel in &squares {
            let node = self.kernel(*kernel)?;
            let part = self.apply(Operator::Divide, &[node, unit])?;
            length = Some(match length {
                Some(length) => self.apply(Operator::Hypot, &[length, part])?,
                None => part,
            });
            let part = Term::kernel(self.algebra.node(part));
            replaced.push((*kernel, self.algebra.times(&unit_term, &part)?));
        }
        let length = Term::kernel(self.algebra.node(length?));
        replaced.push((root, self.algebra.times(&unit_term, &length)?));
        let mut result =
            self.rewritten(term, &|writer, monomial, scale| writer.substituted(monomial, scale, &replaced))?;
        // The unit comes last, unless factors are divided one by one.
        let own = unit_term.as_kernel()?;
        let outside = result.monomial.iter().find(|(kernel, _)| *kernel == own).map(|(_, exponent)| *exponent);
        match outside.and_then(Rational::to_integer).filter(|_| !self.paired) {
            Some(exponent @ -4..=-1) => {
                result.monomial.retain(|(kernel, _)| *kernel != own);
                let mut node = self.plain(&result)?;
                for _ in exponent..0 {
                    node = self.apply(Operator::Divide, &[node, unit])?;
                }
                Some((node, unit))
            }
            _ => Some((self.plain(&result)?, unit)),
        }
    }
}
