//! Lengths of arrays: in units of the largest component, in which nothing overflows, and `ℓ² − ξ²` does not cancel.
//!
//! Where a term holds the unit U or the length ℓ of a sum of squares `(U·ℓ)²`, every v that is squared in it is U·ξ, with
//! |ξ| ≤ 1. Powers of U come out of every sum whose terms have one degree. As ℓ² is 1 + r, `ℓ² − ξ²` is `r + (1 − ξ²)`:
//! where ξ is ±1, r is all there is, and elsewhere it holds a 1 that is not lost.

use super::super::algebra::{Length, Meaning, Term};
use super::super::polynomial::{Atom, Polynomial, multiply, power};
use super::Writer;
use crate::graph::NodeId;
use crate::operators::Operator;
use crate::simplify::rational::Rational;

/// v, v/U and ℓ of it, as atoms.
struct Part {
    value: NodeId,
    relative: Atom,
    length: Length,
}

impl Writer<'_> {
    /// The form relative to lengths, if there are some in a term.
    pub(in crate::stabilise) fn in_lengths(&mut self, term: &Term) -> Option<NodeId> {
        if self.algebra.lengths().is_empty() {
            return None;
        }
        let lengths: Vec<Length> = self.algebra.lengths().to_vec();
        let (mut replaced, mut parts, mut units): (Vec<(Atom, Term)>, Vec<Part>, Vec<NodeId>) = Default::default();
        for length in lengths {
            let [unit, own] = [length.unit, length.length].map(|node| self.algebra.atom(Meaning::Value(node)));
            if !term.holds(unit) && !term.holds(own) {
                continue;
            }
            if !units.contains(&length.unit) {
                units.push(length.unit);
            }
            for value in &length.parts {
                let atom = self.algebra.atom(Meaning::Value(*value));
                if !term.holds(atom) {
                    continue;
                }
                let relative = self.apply(Operator::Divide, &[*value, length.unit])?;
                let relative = self.algebra.atom(Meaning::Value(relative));
                if !replaced.iter().any(|(other, _)| *other == atom) {
                    let product = self.algebra.times(&Term::atom(unit), &Term::atom(relative))?;
                    replaced.push((atom, product));
                }
                parts.push(Part { value: *value, relative, length: length.clone() });
            }
        }
        if units.is_empty() {
            return None;
        }
        let mut result = self.substituted(&term.monomial, term.scale, &replaced)?;
        for (polynomial, exponent) in &term.factors {
            let mut sum = Polynomial::default();
            for (monomial, scale) in &polynomial.terms {
                sum = sum.plus(&self.substituted(monomial, *scale, &replaced)?.expanded()?)?;
            }
            for part in &parts {
                sum = self.complemented(&sum, part)?;
            }
            let factor = self.algebra.collected(&sum)?;
            let power = self.algebra.whole_power(&factor, *exponent)?;
            result = self.algebra.times(&result, &power)?;
        }
        let result = self.with_squares(result)?;
        self.with_units(result, &units)
    }

    /// Powers of ℓ as powers of ℓ², which is the more accurate one.
    fn with_squares(&mut self, mut term: Term) -> Option<Term> {
        for length in self.algebra.lengths().to_vec() {
            let [own, square] = [length.length, length.square].map(|node| self.algebra.atom(Meaning::Value(node)));
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

    /// Everything but the units first: it is moderate.
    fn with_units(&mut self, mut term: Term, units: &[NodeId]) -> Option<NodeId> {
        let (mut above, mut below) = (Vec::new(), Vec::new());
        for unit in units {
            let atom = self.algebra.atom(Meaning::Value(*unit));
            let Some(place) = term.monomial.iter().position(|(other, _)| *other == atom) else { continue };
            let Some(exponent @ -4..=4) = term.monomial[place].1.to_integer() else { continue };
            term.monomial.remove(place);
            let side = if exponent > 0 { &mut above } else { &mut below };
            side.extend((0..exponent.unsigned_abs()).map(|_| *unit));
        }
        if term.as_number() == Some(Rational::ONE) && !above.is_empty() {
            let first = above.remove(0);
            return self.scaled_by(first, &above, &below);
        }
        let node = self.plain(&term)?;
        self.scaled_by(node, &above, &below)
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

    /// A sum in which `c·ℓ² − c·ξ²` is `c·(r + (1 − ξ²))`.
    fn complemented(&mut self, sum: &Polynomial, part: &Part) -> Option<Polynomial> {
        let two = Rational::from(2);
        let length = self.algebra.atom(Meaning::Value(part.length.length));
        let (of_length, of_part) = (vec![(length, two)], vec![(part.relative, two)]);
        let find = |sum: &Polynomial| {
            sum.terms.iter().find_map(|(monomial, scale)| {
                let exponent = monomial.iter().find(|(other, _)| *other == length)?.1;
                let rest = exponent.plus(Rational::from(-2))?.to_integer().filter(|rest| *rest >= 0);
                rest?;
                let outside = multiply(monomial, &power(&of_length, Rational::from(-1))?)?;
                let partner = multiply(&outside, &of_part)?;
                let fits = sum.terms.iter().any(|(other, own)| *other == partner && *own == scale.negated());
                fits.then_some((monomial.clone(), partner, outside, *scale))
            })
        };
        let mut sum = sum.clone();
        while let Some((monomial, partner, outside, scale)) = find(&sum) {
            let complement = self.complement(part)?;
            let complement = self.algebra.atom(Meaning::Value(complement));
            sum = sum.plus(&Polynomial::term(monomial, scale.negated()))?;
            sum = sum.plus(&Polynomial::term(partner, scale))?;
            sum = sum.plus(&Polynomial::term(multiply(&outside, &vec![(complement, Rational::ONE)])?, scale))?;
        }
        Some(sum)
    }

    /// `r + (1 − |ξ|)·(1 + |ξ|)`
    fn complement(&mut self, part: &Part) -> Option<NodeId> {
        let (unit, others) = (part.length.unit, part.length.others);
        let size = self.apply(Operator::Abs, &[part.value])?;
        let one = self.whole(1)?;
        let difference = self.apply(Operator::Subtract, &[unit, size])?;
        let less = self.apply(Operator::Divide, &[difference, unit])?;
        let relative = self.apply(Operator::Divide, &[size, unit])?;
        let more = self.apply(Operator::Add, &[one, relative])?;
        let product = self.apply(Operator::Multiply, &[less, more])?;
        self.apply(Operator::Add, &[others, product])
    }
}
