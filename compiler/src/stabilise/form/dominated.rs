//! Sums of exponentials divided by their largest one, where the sign of one exponent δ tells which that is.

use super::Writer;
use super::pieces::Pieces;
use crate::algebra::factored::Term;
use crate::algebra::kernel::Shape;
use crate::algebra::laws::Laws;
use crate::algebra::polynomial::{Kernel, Monomial, Polynomial, inverse, multiply, power};
use crate::algebra::rational::Rational;
use crate::graph::NodeId;
use crate::operators::Operator;

/// One side of δ = 0, with what both sides compute in.
struct Side {
    /// δ is the exponent of this product of exponentials.
    direction: Monomial,
    positive: bool,
    /// exp(-|δ|)
    small: NodeId,
    /// expm1(-|δ|)
    complement: NodeId,
}
/// Higher powers of exp(-|δ|) are exponentials of their own.
const MOST_POWER: i32 = 3;
/// Larger formulas are not looked into.
const MOST_PENDING: usize = 64;

/// How a polynomial looks on one side: what is taken out, and coefficients of powers of exp(-|δ|).
struct Levels {
    outside: Monomial,
    levels: Vec<(i32, Polynomial)>,
}

impl Writer<'_> {
    /// Every sum of exponentials divided by its largest one.
    pub(in crate::stabilise) fn dominated(&mut self, term: &Term) -> Option<NodeId> {
        let direction = self.direction(term)?;
        let argument = self.argument(&direction)?;
        if argument.as_constant().is_some() {
            return None;
        }
        let delta = self.plain(&argument)?;
        let size = self.apply(Operator::Abs, &[delta])?;
        let minus = self.apply(Operator::Negate, &[size])?;
        let small = self.apply(Operator::Exp, &[minus])?;
        let complement = self.apply(Operator::Expm1, &[minus])?;
        let mut sides = Vec::new();
        let known = self.knowledge.sign(self.algebra, &argument);
        for positive in [true, false].into_iter().filter(|positive| known.is_none_or(|known| known == *positive)) {
            let side = Side { direction: direction.clone(), positive, small, complement };
            sides.push(self.on_side(term, &side)?);
        }
        if sides.len() == 1 || sides[0] == sides[1] {
            return Some(sides[0]);
        }
        let zero = self.whole(0)?;
        let condition = self.apply(Operator::Greater, &[delta, zero])?;
        self.apply(Operator::Select, &[condition, sides[0], sides[1]])
    }

    /// The polynomials in which exponentials meet: factors, and what stands under logarithms.
    pub(super) fn meeting(&self, term: &Term) -> Vec<Polynomial> {
        let mut found: Vec<Polynomial> = term.factors.iter().map(|(polynomial, _)| polynomial.clone()).collect();
        for kernel in term
            .factors
            .iter()
            .flat_map(|(polynomial, _)| polynomial.kernels())
            .chain(term.monomial.iter().map(|(kernel, _)| *kernel))
        {
            if let Some(inner) = self.algebra.kernels.argument(kernel, Operator::Log) {
                found.extend(inner.factors.iter().map(|(polynomial, _)| polynomial.clone()));
            }
        }
        found
    }

    /// The exponent, if there is only one, whose sign tells which exponentials are large.
    fn direction(&mut self, term: &Term) -> Option<Monomial> {
        let mut direction: Option<Monomial> = None;
        for polynomial in self.meeting(term) {
            let exponents: Vec<Monomial> = polynomial.terms().map(|(monomial, _)| self.split(monomial).0).collect();
            let inverse = inverse(exponents.first()?);
            for exponent in &exponents {
                let difference = multiply(exponent, &inverse)?;
                if difference.is_empty() {
                    continue;
                }
                direction = Some(match direction {
                    None => difference,
                    Some(known) => {
                        let (above, below) = multiple(&difference, &known)?.to_fraction()?;
                        // The step is the largest that goes into both.
                        let step = Rational::new(1, below.max(1)).filter(|_| above != 0)?;
                        power(&known, step)?
                    }
                });
            }
        }
        let direction = direction?;
        let positive = direction.first().is_some_and(|(_, exponent)| exponent.is_positive());
        Some(if positive { direction } else { inverse(&direction) })
    }

    fn levels(&self, polynomial: &Polynomial, side: &Side) -> Option<Levels> {
        let mut parts: Vec<(Rational, Polynomial)> = Vec::new();
        let first = self.split(&polynomial.terms().next()?.0).0;
        let inverse = inverse(&first);
        for (monomial, scale) in polynomial.terms() {
            let (exponent, rest) = self.split(monomial);
            let difference = multiply(&exponent, &inverse)?;
            let step = if difference.is_empty() { Rational::ZERO } else { multiple(&difference, &side.direction)? };
            let part = Polynomial::term(rest, *scale);
            match parts.iter_mut().find(|(own, _)| *own == step) {
                Some((_, own)) => *own = own.plus(&part)?,
                None => parts.push((step, part)),
            }
        }
        let steps = parts.iter().map(|(step, _)| *step);
        let top = if side.positive { steps.max() } else { steps.min() }?;
        let mut levels = Vec::new();
        for (step, part) in parts {
            let below = step.plus(top.negated())?.to_integer()?;
            levels.push((below.abs(), part));
        }
        levels.sort_by_key(|(level, _)| *level);
        let outside = multiply(&first, &power(&side.direction, top)?)?;
        Some(Levels { outside, levels })
    }

    fn on_side(&mut self, term: &Term, side: &Side) -> Option<NodeId> {
        let term = self.rewritten(term, &|writer, monomial, scale| {
            writer.exchanged(monomial, scale, &|writer, kernel| writer.logarithm(kernel, side))
        })?;
        let mut pieces = Pieces::default();
        let (mut exponent, rest) = self.split(&term.monomial);
        self.push_kernels(&rest, &mut pieces)?;
        let mut scale = term.scale;
        for (polynomial, power_of) in &term.factors {
            let levels = self.levels(polynomial, side)?;
            exponent = multiply(&exponent, &power(&levels.outside, Rational::from(*power_of))?)?;
            self.push_levels(&levels.levels, *power_of, side, &mut scale, &mut pieces)?;
        }
        let step = if exponent.is_empty() { Some(Rational::ZERO) } else { multiple(&exponent, &side.direction) };
        let step = step.and_then(Rational::to_integer).map(|step| if side.positive { -step } else { step });
        let vanishing = match step {
            Some(0) => None,
            Some(step @ 1..=MOST_POWER) => {
                pieces.above.insert(0, (side.small, step.unsigned_abs()));
                Some(side.small)
            }
            _ => {
                let node = self.exponential(&exponent)?;
                pieces.above.insert(0, (node, 1));
                Some(node).filter(|_| step.is_some_and(|step| step > 0))
            }
        };
        let product = self.assembled_by_size(scale, pieces, side)?;
        match vanishing.filter(|_| self.guarded && self.is_dominated(&side.direction, &rest, &term.factors)) {
            Some(exponential) => self.unless_vanished(exponential, product),
            None => Some(product),
        }
    }

    /// A product; where factors are divided one by one, what is computed from exp(-|δ|) alone comes first: it is moderate.
    fn assembled_by_size(&mut self, scale: Rational, pieces: Pieces, side: &Side) -> Option<NodeId> {
        if !self.paired {
            return self.assemble(scale, &pieces);
        }
        let is_of_side = |(node, _): &(NodeId, u32)| self.is_of(*node, &[side.small, side.complement]);
        let (own_above, above): (Vec<_>, Vec<_>) = pieces.above.into_iter().partition(is_of_side);
        let (own_below, below): (Vec<_>, Vec<_>) = pieces.below.into_iter().partition(is_of_side);
        let mut rest = Pieces { above, below, paired: true };
        if own_above.is_empty() && own_below.is_empty() {
            return self.assemble(scale, &rest);
        }
        let moderate = self.assemble(Rational::ONE, &Pieces { above: own_above, below: own_below, paired: false })?;
        rest.above.insert(0, (moderate, 1));
        self.assemble(scale, &rest)
    }

    /// Whether a node is computed from some others and numbers alone.
    fn is_of(&self, node: NodeId, others: &[NodeId]) -> bool {
        let mut pending = vec![node];
        while let Some(next) = pending.pop() {
            if others.contains(&next) || self.graph.as_constant(next).is_some() {
                continue;
            }
            if self.graph.as_operator(next).is_none() || pending.len() > MOST_PENDING {
                return false;
            }
            pending.extend(self.graph.operands(next).map(|operand| operand.node));
        }
        true
    }

    /// Puts a sum of powers of exp(-|δ|) among the pieces.
    fn push_levels(
        &mut self,
        levels: &[(i32, Polynomial)],
        exponent: i32,
        side: &Side,
        scale: &mut Rational,
        pieces: &mut Pieces,
    ) -> Option<()> {
        let mut groups: Vec<(Monomial, Vec<(i32, Rational)>)> = Vec::new();
        for (level, part) in levels {
            for (monomial, value) in part.terms() {
                match groups.iter_mut().find(|(own, _)| own == monomial) {
                    Some((_, own)) => own.push((*level, *value)),
                    None => groups.push((monomial.clone(), vec![(*level, *value)])),
                }
            }
        }
        let single = groups.len() == 1;
        let mut parts = Vec::new();
        for (monomial, coefficients) in groups {
            let mut own = Pieces::default();
            self.push_kernels(&monomial, &mut own)?;
            let mut factor = Rational::ONE;
            self.push_series(coefficients, side, &mut factor, &mut own)?;
            if single {
                for _ in 0..exponent.unsigned_abs() {
                    let factor = if exponent > 0 { factor } else { factor.reciprocal()? };
                    *scale = scale.times(factor)?;
                }
                for (node, power_of) in own.above {
                    pieces.push(node, exponent * i32::try_from(power_of).ok()?);
                }
                for (node, power_of) in own.below {
                    pieces.push(node, -exponent * i32::try_from(power_of).ok()?);
                }
                return Some(());
            }
            let node = self.assemble(Rational::ONE, &own)?;
            parts.push((factor, node));
        }
        let node = self.sum(parts)?;
        pieces.push(node, exponent);
        Some(())
    }

    /// `Σ cⱼ·uʲ` with u = exp(-|δ|), the factors `1 − u` taken out.
    fn push_series(
        &mut self,
        mut series: Vec<(i32, Rational)>,
        side: &Side,
        scale: &mut Rational,
        pieces: &mut Pieces,
    ) -> Option<()> {
        series.sort_by_key(|(level, _)| *level);
        let lowest = series.first()?.0;
        pieces.push(side.small, lowest);
        series.iter_mut().for_each(|(level, _)| *level -= lowest);
        let degree = usize::try_from(series.last()?.0).ok().filter(|degree| *degree <= 12)?;
        let mut dense = vec![Rational::ZERO; degree + 1];
        for (level, value) in &series {
            dense[usize::try_from(*level).ok()?] = *value;
        }
        while dense.len() > 1 {
            let mut quotient = Vec::new();
            let mut carry = Rational::ZERO;
            for value in &dense {
                carry = carry.plus(*value)?;
                quotient.push(carry);
            }
            if !carry.is_zero() {
                break;
            }
            quotient.pop();
            dense = quotient;
            *scale = scale.negated();
            pieces.push(side.complement, 1);
        }
        if let [only] = dense.as_slice() {
            *scale = scale.times(*only)?;
            return Some(());
        }
        let mut parts = Vec::new();
        for (level, value) in dense.iter().enumerate().filter(|(_, value)| !value.is_zero()) {
            let node = if level == 0 { self.whole(1)? } else { self.power(side.small, level as u32)? };
            parts.push((*value, node));
        }
        let node = self.sum(parts)?;
        pieces.push(node, 1);
        Some(())
    }

    /// The logarithm of a sum of exponentials: the largest one comes out, as its exponent.
    fn logarithm(&mut self, kernel: Kernel, side: &Side) -> Option<Term> {
        let inner = self.algebra.kernels.argument(kernel, Operator::Log)?.clone();
        let ([(polynomial, 1)], true) = (inner.factors.as_slice(), inner.monomial.is_empty()) else { return None };
        let Levels { outside, mut levels } = self.levels(polynomial, side)?;
        let leading = levels.first()?.1.as_constant().filter(|value| value.is_positive())?;
        if levels.len() < 2 {
            return None;
        }
        let inverse = leading.reciprocal()?;
        for (_, part) in &mut levels {
            *part = part.scaled(inverse)?;
        }
        let (mut scale, mut pieces) = (Rational::ONE, Pieces::default());
        self.push_levels(&levels[1..], 1, side, &mut scale, &mut pieces)?;
        let rest = self.assemble(scale, &pieces)?;
        let mut log = self.apply(Operator::Log1p, &[rest])?;
        if levels[1..].iter().any(|(_, part)| !self.algebra.is_positive(part)) {
            let (mut scale, mut pieces) = (Rational::ONE, Pieces::default());
            self.push_levels(&levels, 1, side, &mut scale, &mut pieces)?;
            let whole = self.assemble(scale, &pieces)?;
            let direct = self.apply(Operator::Log, &[whole])?;
            let limit = self.rational(Rational::new(-1, 2)?)?;
            let near = self.apply(Operator::Greater, &[rest, limit])?;
            log = self.apply(Operator::Select, &[near, log, direct])?;
        }
        let log = Term::kernel(self.algebra.node(log));
        let exponent = self.argument(&outside)?;
        let mut result = self.algebra.plus(&exponent, &log)?;
        if leading != Rational::ONE {
            let number = self.algebra.function(Operator::Log, Term::constant(leading));
            result = self.algebra.plus(&result, &number)?;
        }
        Some(result)
    }
}

/// How many times a product of exponentials is another one.
fn multiple(product: &Monomial, direction: &Monomial) -> Option<Rational> {
    let ((_, above), (_, below)) = (product.first()?, direction.first()?);
    let ratio = above.times(below.reciprocal()?)?;
    (power(direction, ratio)? == *product).then_some(ratio)
}
