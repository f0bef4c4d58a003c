//! Lengths of arrays: in units near the largest component, in which nothing overflows, and `ℓ² − ξ²` does not cancel.
//!
//! Where a term holds the unit U or the length ℓ of a sum of squares `(U·ℓ)²`, every v that is squared in it is U·ξ. Powers
//! of U come out of every sum whose terms have one degree. As ℓ² is m² + r, with m = M/U for the largest component M,
//! `ℓ² − ξ²` is `r + (m − |ξ|)·(m + |ξ|)`: where ξ is ±m, r is all there is, and elsewhere it holds a square of m that is
//! not lost.

use super::super::knowledge::Length;
use super::Writer;
use crate::algebra::factored::Term;
use crate::algebra::kernel::{Meaning, Shape};
use crate::algebra::laws::Laws;
use crate::algebra::polynomial::{Kernel, Monomial, Polynomial, inverse, multiply};
use crate::algebra::rational::Rational;
use crate::graph::NodeId;
use crate::operators::Operator;

/// v, v/U and ℓ of it, as atoms.
struct Part {
    value: NodeId,
    relative: Kernel,
    length: Length,
}

impl Writer<'_> {
    /// The form relative to lengths, if there are some; and, where their units are moderate, the node as written.
    pub(in crate::stabilise) fn in_lengths(&mut self, term: &Term, node: NodeId) -> Vec<NodeId> {
        if self.knowledge.lengths().is_empty() {
            return Vec::new();
        }
        let Some((form, units)) = self.relative_to_lengths(term) else { return Vec::new() };
        let mut forms = vec![form];
        if let [unit] = units.as_slice() {
            forms.extend(self.where_moderate(*unit, node, form, REACH));
        }
        forms
    }

    fn relative_to_lengths(&mut self, term: &Term) -> Option<(NodeId, Vec<NodeId>)> {
        let with_logarithms = self.with_logarithms(term)?;
        let term = &with_logarithms;
        let lengths: Vec<Length> = self.knowledge.lengths().to_vec();
        let (mut replaced, mut parts, mut units): (Vec<(Kernel, Term)>, Vec<Part>, Vec<NodeId>) = Default::default();
        for length in lengths {
            let [unit, own] = [length.unit, length.length].map(|node| self.algebra.node(node));
            if !term.holds(unit) && !term.holds(own) {
                continue;
            }
            if !units.contains(&length.unit) {
                units.push(length.unit);
            }
            for value in &length.parts {
                let atom = self.algebra.node(*value);
                if !term.holds(atom) {
                    continue;
                }
                let relative = self.apply(Operator::Divide, &[*value, length.unit])?;
                let relative = self.algebra.node(relative);
                if !replaced.iter().any(|(other, _)| *other == atom) {
                    let product = self.algebra.times(&Term::kernel(unit), &Term::kernel(relative))?;
                    replaced.push((atom, product));
                }
                parts.push(Part { value: *value, relative, length: length.clone() });
            }
        }
        let mut result = self.substituted(&term.monomial, term.scale, &replaced)?;
        for (polynomial, exponent) in &term.factors {
            let mut sum = Polynomial::default();
            for (monomial, scale) in polynomial.terms() {
                sum = sum.plus(&self.substituted(monomial, *scale, &replaced)?.expanded()?)?;
            }
            for part in &parts {
                sum = self.complemented(&sum, part)?;
            }
            let factor = self.algebra.collected(&sum)?;
            let power = self.algebra.whole_power(&factor, *exponent)?;
            result = self.algebra.times(&result, &power)?;
        }
        Some((self.with_units(result, &units, &parts)?, units))
    }

    /// Logarithms of U and ℓ, of which the term has equally many, as those of U·ℓ.
    fn with_logarithms(&mut self, term: &Term) -> Option<Term> {
        let mut result = term.clone();
        for length in self.knowledge.lengths().to_vec() {
            let [unit, own] = [length.unit, length.length].map(|node| {
                let atom = self.algebra.node(node);
                self.algebra.kernels.intern(Meaning::Function(Operator::Log, vec![Term::kernel(atom)]))
            });
            if !result.holds(unit) || !result.holds(own) {
                continue;
            }
            let logarithm = self.logarithm_of(&length)?;
            let logarithm = self.algebra.node(logarithm);
            let mut product = Term { factors: Vec::new(), ..result.clone() };
            for (polynomial, exponent) in &result.factors {
                let mut sum = polynomial.clone();
                for (monomial, scale) in polynomial.terms() {
                    if !monomial.iter().any(|(atom, exponent)| *atom == unit && *exponent == Rational::ONE) {
                        continue;
                    }
                    let mut partner = [vec![(unit, Rational::from(-1))], vec![(own, Rational::ONE)]];
                    let mut both = [partner[0].clone(), vec![(logarithm, Rational::ONE)]];
                    for steps in [&mut partner, &mut both] {
                        steps[1] = multiply(&multiply(monomial, &steps[0])?, &steps[1])?;
                    }
                    let [partner, both] = [&partner[1], &both[1]];
                    if sum.terms().any(|(other, value)| other == partner && value == scale) {
                        sum = sum.plus(&Polynomial::term(monomial.clone(), scale.negated()))?;
                        sum = sum.plus(&Polynomial::term(partner.clone(), scale.negated()))?;
                        sum = sum.plus(&Polynomial::term(both.clone(), *scale))?;
                    }
                }
                let factor = self.algebra.collected(&sum)?;
                let power = self.algebra.whole_power(&factor, *exponent)?;
                product = self.algebra.times(&product, &power)?;
            }
            result = product;
        }
        Some(result)
    }

    /// `log(U·ℓ)`. Where the largest component is 1, what is small beside it counts; where it is large, the product may
    /// overflow.
    fn logarithm_of(&mut self, length: &Length) -> Option<NodeId> {
        let Length { largest, unit, length: own, others, .. } = *length;
        let (one, two) = (self.whole(1)?, self.whole(2)?);
        let rest = self.apply(Operator::Multiply, &[others, unit])?;
        let rest = self.apply(Operator::Multiply, &[rest, unit])?;
        let near = self.apply(Operator::Log1p, &[rest])?;
        let near = self.apply(Operator::Divide, &[near, two])?;
        let whole = self.apply(Operator::Multiply, &[unit, own])?;
        let whole = self.apply(Operator::Log, &[whole])?;
        let [of_unit, of_own] = [self.apply(Operator::Log, &[unit])?, self.apply(Operator::Log, &[own])?];
        let far = self.apply(Operator::Add, &[of_unit, of_own])?;
        let large = self.whole(1_i128 << 60)?;
        let is_large = self.apply(Operator::Greater, &[largest, large])?;
        let elsewhere = self.apply(Operator::Select, &[is_large, far, whole])?;
        let is_one = self.apply(Operator::Equal, &[largest, one])?;
        self.apply(Operator::Select, &[is_one, near, elsewhere])
    }

    /// Powers of ℓ as powers of ℓ², which is the more accurate one.
    fn with_squares(&mut self, mut term: Term) -> Option<Term> {
        for length in self.knowledge.lengths().to_vec() {
            let [own, square] = [length.length, length.square].map(|node| self.algebra.node(node));
            let Some((_, exponent)) = term.monomial.iter().find(|(other, _)| *other == own) else { continue };
            let half = Rational::from(exponent.to_integer()? / 2);
            if !half.is_zero() {
                let taken = vec![(own, half.times(Rational::from(-2))?)];
                let taken = multiply(&taken, &vec![(square, half)])?;
                term.monomial = multiply(&term.monomial, &taken)?;
            }
        }
        Some(term)
    }

    /// Everything but the units first: it is moderate. But for one division by each, which a component takes: products of
    /// small ones may be too small before it.
    fn with_units(&mut self, mut term: Term, units: &[NodeId], parts: &[Part]) -> Option<NodeId> {
        let familiar = self.familiar(parts)?;
        let all = |monomial: &Monomial| monomial.iter().all(|(atom, _)| familiar.contains(atom));
        let other = |(atom, exponent): &(Kernel, Rational)| exponent.is_positive() && !familiar.contains(atom);
        let is_familiar = |polynomial: &Polynomial| polynomial.terms().all(|(monomial, _)| all(monomial));
        if term.monomial.iter().any(other)
            || term.factors.iter().any(|(polynomial, exponent)| *exponent > 0 && !is_familiar(polynomial))
        {
            return self.beside_others(term, units, parts, &is_familiar);
        }
        let (mut above, mut below) = (Vec::new(), Vec::new());
        for unit in units {
            let atom = self.algebra.node(*unit);
            self.divide_component(&mut term.monomial, atom, *unit, parts)?;
            if term.monomial.iter().any(|(_, exponent)| exponent.is_positive()) {
                below.extend(self.divide_lengths(&mut term.monomial, *unit)?);
            }
            let Some(place) = term.monomial.iter().position(|(other, _)| *other == atom) else { continue };
            let Some(exponent @ -4..=4) = term.monomial[place].1.to_integer() else { continue };
            term.monomial.remove(place);
            let side = if exponent > 0 { &mut above } else { &mut below };
            side.extend((0..exponent.unsigned_abs()).map(|_| *unit));
        }
        let term = self.with_squares(term)?;
        if term.as_constant() == Some(Rational::ONE) && !above.is_empty() {
            let first = above.remove(0);
            return self.scaled_by(first, &above, &below);
        }
        // Squares are divided one by one.
        let style = self.paired;
        self.paired |= above.is_empty() && below.len() > 1;
        let node = self.plain(&term);
        self.paired = style;
        self.scaled_by(node?, &above, &below)
    }

    /// Components in units, what is left of squares beside them, and lengths: of these it is known how large they are.
    fn familiar(&mut self, parts: &[Part]) -> Option<Vec<Kernel>> {
        let mut known = Vec::new();
        for part in parts {
            known.extend([part.relative, self.complement(part, false)?]);
        }
        for length in self.knowledge.lengths().to_vec() {
            let nodes = [length.unit, length.length, length.square, length.others];
            known.extend(nodes.map(|node| self.algebra.node(node)));
        }
        Some(known)
    }

    /// What is of any size, times components divided by lengths and sums of their squares divided by squares of lengths,
    /// which are not above 1, and all of it divided by `U·ℓ`.
    fn beside_others(
        &mut self,
        mut term: Term,
        units: &[NodeId],
        parts: &[Part],
        is_familiar: &dyn Fn(&Polynomial) -> bool,
    ) -> Option<NodeId> {
        let (mut ratios, mut below) = (Vec::new(), Vec::new());
        for part in parts {
            let complement = self.complement(part, false)?;
            let [own, square] = [part.length.length, part.length.square];
            for (component, length, taken) in [(part.relative, own, 1), (complement, square, 2)] {
                ratios.extend(self.over_lengths(&mut term.monomial, component, (length, own), taken)?);
            }
        }
        for length in self.knowledge.lengths().to_vec().iter().filter(|length| units.contains(&length.unit)) {
            let own = self.algebra.node(length.length);
            for place in (0..term.factors.len()).rev() {
                let (polynomial, exponent) = term.factors[place].clone();
                let two = vec![(own, Rational::from(2))];
                let is_square = exponent_of(&term.monomial, own).is_some_and(|exponent| exponent <= -2);
                if exponent != 1 || !is_square || !is_familiar(&polynomial) {
                    continue;
                }
                term.factors.remove(place);
                term.monomial = multiply(&term.monomial, &two)?;
                let factor = self.polynomial(&polynomial)?;
                ratios.push(self.apply(Operator::Divide, &[factor, length.square])?);
            }
            below.extend(self.divide_lengths(&mut term.monomial, length.unit)?);
        }
        // The number comes last: it does not bring an overflow there.
        let scale = std::mem::replace(&mut term.scale, Rational::ONE);
        let term = self.with_squares(term)?;
        let mut node = self.plain(&term)?;
        for ratio in ratios {
            node = self.apply(Operator::Multiply, &[node, ratio])?;
        }
        node = self.scaled_by(node, &[], &below)?;
        self.scaled(node, scale)
    }

    /// Quotients by a power of ℓ for as many of a factor as a product has.
    fn over_lengths(
        &mut self,
        monomial: &mut Monomial,
        from: Kernel,
        (divisor, length): (NodeId, NodeId),
        taken: i32,
    ) -> Option<Vec<NodeId>> {
        let (mut quotients, own) = (Vec::new(), self.algebra.node(length));
        let Some(node) = self.algebra.kernels.as_scalar(from) else { return Some(quotients) };
        while exponent_of(monomial, from).is_some_and(|exponent| exponent > 0)
            && exponent_of(monomial, own).is_some_and(|exponent| exponent <= -taken)
        {
            let mut step = vec![(from, Rational::from(-1)), (own, Rational::from(taken))];
            step.sort_unstable_by_key(|(atom, _)| *atom);
            *monomial = multiply(monomial, &step)?;
            quotients.push(self.apply(Operator::Divide, &[node, divisor])?);
        }
        Some(quotients)
    }

    /// A component, or what is left of a square beside one, divided by the unit, if a product is.
    fn divide_component(&mut self, monomial: &mut Monomial, unit: Kernel, node: NodeId, parts: &[Part]) -> Option<()> {
        if !monomial.iter().any(|(atom, exponent)| *atom == unit && !exponent.is_positive()) {
            return Some(());
        }
        for complement in [true, false] {
            for part in parts.iter().filter(|part| part.length.unit == node) {
                let from = if complement { self.complement(part, false)? } else { part.relative };
                if !monomial.iter().any(|(atom, exponent)| *atom == from && exponent.is_positive()) {
                    continue;
                }
                let to = if complement {
                    self.complement(part, true)?
                } else {
                    let relative = self.algebra.kernels.as_scalar(part.relative)?;
                    let over = self.apply(Operator::Divide, &[relative, node])?;
                    self.algebra.node(over)
                };
                let mut step = vec![(from, Rational::from(-1)), (to, Rational::ONE), (unit, Rational::ONE)];
                step.sort_unstable_by_key(|(atom, _)| *atom);
                *monomial = multiply(monomial, &step)?;
                return Some(());
            }
        }
        Some(())
    }

    /// Divisors `U·ℓ` of a product that may be small, or large: squares of ℓ are for sums of squares.
    fn divide_lengths(&mut self, monomial: &mut Monomial, unit: NodeId) -> Option<Vec<NodeId>> {
        let mut divisors = Vec::new();
        for length in self.knowledge.lengths().to_vec().into_iter().filter(|length| length.unit == unit) {
            let [own, atom] = [length.length, unit].map(|node| self.algebra.node(node));
            let mut step = vec![(atom, Rational::ONE), (own, Rational::ONE)];
            step.sort_unstable_by_key(|(atom, _)| *atom);
            let below = |monomial: &Monomial, atom| exponent_of(monomial, atom).is_some_and(|exponent| exponent < 0);
            while below(monomial, atom) && below(monomial, own) && divisors.len() < MOST_FACTORS {
                *monomial = multiply(monomial, &step)?;
                divisors.push(self.apply(Operator::Multiply, &[unit, length.length])?);
            }
        }
        Some(divisors)
    }

    fn scaled_by(&mut self, mut node: NodeId, above: &[NodeId], below: &[NodeId]) -> Option<NodeId> {
        for place in 0..above.len().max(below.len()) {
            node = match (above.get(place), below.get(place)) {
                (Some(above), Some(below)) => {
                    let ratio = self.apply(Operator::Divide, &[*above, *below])?;
                    self.apply(Operator::Multiply, &[node, ratio])?
                }
                (Some(above), None) => self.apply(Operator::Multiply, &[node, *above])?,
                (None, Some(below)) => self.apply(Operator::Divide, &[node, *below])?,
                (None, None) => node,
            };
        }
        Some(node)
    }

    /// A sum in which as much of `c·ℓ² − d·ξ²` as can be is a multiple of `ℓ² − ξ²`.
    fn complemented(&mut self, sum: &Polynomial, part: &Part) -> Option<Polynomial> {
        let two = Rational::from(2);
        let length = self.algebra.node(part.length.length);
        let (of_length, of_part) = (vec![(length, two)], vec![(part.relative, two)]);
        let find = |sum: &Polynomial| {
            sum.terms().find_map(|(monomial, scale)| {
                let exponent = monomial.iter().find(|(other, _)| *other == length)?.1;
                let rest = exponent.plus(Rational::from(-2))?.to_integer().filter(|rest| *rest >= 0);
                rest?;
                let outside = multiply(monomial, &inverse(&of_length))?;
                let partner = multiply(&outside, &of_part)?;
                let (_, own) = sum.terms().find(|(other, _)| *other == partner)?;
                let fits = own.is_positive() != scale.is_positive();
                let common =
                    if scale.is_positive() { (*scale).min(own.negated()) } else { (*scale).max(own.negated()) };
                fits.then_some((monomial.clone(), partner, outside, common))
            })
        };
        let mut sum = sum.clone();
        while let Some((monomial, partner, outside, scale)) = find(&sum) {
            let complement = self.complement(part, false)?;
            sum = sum.plus(&Polynomial::term(monomial, scale.negated()))?;
            sum = sum.plus(&Polynomial::term(partner, scale))?;
            sum = sum.plus(&Polynomial::term(multiply(&outside, &vec![(complement, Rational::ONE)])?, scale))?;
        }
        Some(sum)
    }

    /// `r + (m − |ξ|)·(m + |ξ|)`; divided by U, if it is asked for.
    fn complement(&mut self, part: &Part, over: bool) -> Option<Kernel> {
        let Length { largest, unit, others, .. } = part.length;
        let size = self.apply(Operator::Abs, &[part.value])?;
        let difference = self.apply(Operator::Subtract, &[largest, size])?;
        let less = self.apply(Operator::Divide, &[difference, unit])?;
        let [own, most] =
            [self.apply(Operator::Divide, &[size, unit])?, self.apply(Operator::Divide, &[largest, unit])?];
        let (mut more, mut rest) = (self.apply(Operator::Add, &[most, own])?, others);
        if over {
            more = self.apply(Operator::Divide, &[more, unit])?;
            rest = self.apply(Operator::Divide, &[others, unit])?;
        }
        let product = self.apply(Operator::Multiply, &[less, more])?;
        let sum = self.apply(Operator::Add, &[rest, product])?;
        Some(self.algebra.node(sum))
    }
}

/// The decimal exponents of moderate units: sixth powers do not overflow.
const REACH: [i32; 2] = [45, 6];
/// More factors are left together.
const MOST_FACTORS: usize = 4;

/// The power of an atom in a product, if it is a whole one.
fn exponent_of(monomial: &Monomial, atom: Kernel) -> Option<i32> {
    monomial.iter().find(|(other, _)| *other == atom)?.1.to_integer()
}
