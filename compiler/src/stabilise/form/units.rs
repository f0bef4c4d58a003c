//! Roots of sums of squares in units of the largest: what is far from 1 is one factor.

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
        let low = self.graph.constant(Number::new(1, -reach)).ok()?.node;
        let high = self.graph.constant(Number::new(1, reach)).ok()?.node;
        let above = self.apply(Operator::Greater, &[unit, low])?;
        let below = self.apply(Operator::Less, &[unit, high])?;
        let moderate = self.apply(Operator::And, &[above, below])?;
        self.apply(Operator::Select, &[moderate, plain, scaled])
    }

    /// Logarithms of sums of squares as those of lengths, where the squares may overflow or underflow.
    pub(in crate::stabilise) fn with_lengths_in_logarithms(&mut self, term: &Term) -> Option<NodeId> {
        let inside = term.factors.iter().flat_map(|(polynomial, _)| polynomial.terms());
        let kernels = term.monomial.iter().chain(inside.flat_map(|(monomial, _)| monomial));
        let mut replaced: Vec<(Kernel, Term)> = Vec::new();
        for (kernel, _) in kernels {
            let Some(argument) = self.algebra.kernels.argument(*kernel, Operator::Log).cloned() else { continue };
            if replaced.iter().any(|(other, _)| other == kernel) {
                continue;
            }
            let Some(length) = self.length(&argument) else { continue };
            let near = self.kernel(*kernel)?;
            let far = self.apply(Operator::Log, &[length])?;
            let far = self.scaled(far, Rational::from(2))?;
            let logarithm = self.where_moderate(length, near, far, [10, 10])?;
            replaced.push((*kernel, Term::kernel(self.algebra.node(logarithm))));
        }
        if replaced.is_empty() {
            return None;
        }
        let result = self.rewritten(term, &|writer, monomial, scale| writer.substituted(monomial, scale, &replaced))?;
        self.plain(&result)
    }

    /// The form in units, and the unit.
    fn scaled_roots(&mut self, term: &Term) -> Option<(NodeId, NodeId)> {
        let inside = term.factors.iter().flat_map(|(polynomial, _)| polynomial.terms());
        let mut kernels = term.monomial.iter().chain(inside.flat_map(|(monomial, _)| monomial));
        let (root, squares) = kernels.find_map(|(kernel, _)| {
            let radicand = self.algebra.kernels.argument(*kernel, Operator::Sqrt)?;
            let polynomial = radicand.expanded()?;
            let squares = polynomial.terms().map(|(monomial, scale)| {
                let square = self.square_root(monomial, *scale)?;
                match square.monomial.as_slice() {
                    [(kernel, exponent)] if *exponent == Rational::ONE && square.scale == Rational::ONE => {
                        Some(*kernel)
                    }
                    _ => None,
                }
            });
            let squares = squares.collect::<Option<Vec<Kernel>>>()?;
            (squares.len() > 1).then_some((*kernel, squares))
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
        // A power of the radicand is that of a sum: a root would bring its rounding twice.
        let mut square = Term::constant(Rational::ZERO);
        for (_, part) in &replaced[..squares.len()] {
            let part = self.algebra.whole_power(part, 2)?;
            square = self.algebra.plus(&square, &part)?;
        }
        let mut result = self.with_lengths(term, root, &square, &replaced)?;
        // The unit comes last, unless factors are divided one by one.
        let (unit_atom, _) = *unit_term.monomial.first()?;
        let outside = result.monomial.iter().find(|(kernel, _)| *kernel == unit_atom).map(|(_, exponent)| *exponent);
        match outside.and_then(Rational::to_integer).filter(|_| !self.paired) {
            Some(exponent @ -4..=-1) => {
                result.monomial.retain(|(kernel, _)| *kernel != unit_atom);
                let mut node = self.plain(&result)?;
                for _ in exponent..0 {
                    node = self.apply(Operator::Divide, &[node, unit])?;
                }
                Some((node, unit))
            }
            _ => Some((self.plain(&result)?, unit)),
        }
    }

    /// A term with kernels replaced; the radicand as a factor is the length squared.
    fn with_lengths(&mut self, term: &Term, root: Kernel, square: &Term, replaced: &[(Kernel, Term)]) -> Option<Term> {
        let radicand = self.algebra.kernels.argument(root, Operator::Sqrt)?.clone();
        let mut result = self.substituted(&term.monomial, term.scale, replaced)?;
        for (polynomial, exponent) in &term.factors {
            let is_radicand = radicand.monomial.is_empty() && radicand.factors == [(polynomial.clone(), 1)];
            let mut sum = if is_radicand { square.clone() } else { Term::constant(Rational::ZERO) };
            for (monomial, scale) in polynomial.terms().filter(|_| !is_radicand) {
                let part = self.substituted(monomial, *scale, replaced)?;
                sum = self.algebra.plus(&sum, &part)?;
            }
            let power = self.algebra.whole_power(&sum, *exponent)?;
            result = self.algebra.times(&result, &power)?;
        }
        Some(result)
    }
}
