//! Exact terms: every scalar node as a product of powers, over atoms that algebra does not look into.
//!
//! In: nodes of a graph. Out: [`Term`]s; two nodes of one term are equal wherever both are defined. Exponentials are
//! collected (`tanh`, `sinh`, `cosh` and `expm1` are written in them), logarithms are split where signs are known, roots
//! squared are what they are roots of. What is too large, or unknown, is an atom of its own. Terms are never evaluated:
//! `form` writes nodes for them.

use std::collections::{HashMap, HashSet};

use super::form::Memory;
use super::profile::Range;
use crate::algebra::hash::QuickMap;
use crate::algebra::polynomial::{self, Kernel, Monomial, Polynomial, inverse, multiply, power};
use crate::algebra::rational::Rational;
use crate::graph::{Graph, NodeId, Operation, Ref};
use crate::operators::{Law, Operator};

/// `scale · monomial · Π polynomialᵏ`; zero has the scale 0 and nothing else. The polynomials have at least two terms, no
/// common monomial, no common number, and a positive last coefficient.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Term {
    pub(super) scale: Rational,
    pub(super) monomial: Monomial,
    pub(super) factors: Vec<(Polynomial, i32)>,
}

/// What an atom is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Meaning {
    /// A node.
    Value(NodeId),
    /// A number that stands under a root.
    Number(Rational),
    /// `exp` of a product.
    Exp(Monomial),
    /// A term that is no polynomial, as an argument.
    Quotient(Term),
    Log(Term),
    Root(Term),
    /// Of a term with a positive scale.
    Erf(Term),
}

/// The atoms and terms of one graph.
#[derive(Default)]
pub(super) struct Algebra {
    meanings: Vec<Meaning>,
    atoms: QuickMap<Meaning, Kernel>,
    terms: QuickMap<NodeId, Term>,
    natures: QuickMap<NodeId, Nature>,
    /// Polynomials as the formula writes them.
    written: QuickMap<Term, NodeId>,
    /// Inputs that are not negative.
    moderate: HashSet<NodeId>,
    /// Inputs, with nodes that are not above them, and those inputs for which that is always so.
    peaks: Vec<(NodeId, Vec<NodeId>)>,
    always: HashSet<NodeId>,
    shifts: QuickMap<Polynomial, (NodeId, NodeId)>,
    /// Differences to such an input: not positive.
    below: HashSet<NodeId>,
    /// Units and lengths.
    positive: HashSet<NodeId>,
    /// What algebra does not look into: lengths, and what they are of.
    opaque: HashSet<NodeId>,
    lengths: Vec<Length>,
    relatives: Vec<Relative>,
    /// Factors of the weights of exponentials: where one is 0, the exponential may be larger than all that count.
    weights: HashSet<NodeId>,
    /// What `form` has written, in each of its styles.
    pub(super) memories: [Memory; 4],
}

/// A sum of squares `(U·ℓ)²`, with ℓ² = (M/U)² + r.
#[derive(Clone, Debug)]
pub(super) struct Length {
    pub(super) largest: NodeId,
    pub(super) unit: NodeId,
    pub(super) length: NodeId,
    /// ℓ², from which ℓ is computed.
    pub(super) square: NodeId,
    pub(super) others: NodeId,
    /// Of which it is the length: not above M.
    pub(super) parts: Vec<NodeId>,
}

/// A term of a weighted sum of exponentials, relative to the largest of these: `whole·exp(−peak)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relative {
    pub(super) node: NodeId,
    pub(super) whole: NodeId,
    pub(super) peak: NodeId,
}

/// What a node is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nature {
    /// Numbers alone.
    Stated,
    /// Values that algebra does not look into, and polynomials of them.
    Polynomial,
    Involved,
}

/// Arguments of `exp` with more terms are atoms of their own.
const MOST_SPLIT: usize = 8;
/// Higher powers are not multiplied out.
const MOST_POWER: i32 = 6;
/// Larger polynomials are not worth their time.
const MOST_TERMS: usize = 24;

impl Term {
    pub(super) fn number(scale: Rational) -> Self {
        Self { scale, monomial: Monomial::new(), factors: Vec::new() }
    }

    pub(super) fn atom(atom: Kernel) -> Self {
        Self { scale: Rational::ONE, monomial: vec![(atom, Rational::ONE)], factors: Vec::new() }
    }

    pub(super) fn is_zero(&self) -> bool {
        self.scale.is_zero()
    }

    pub(super) fn as_number(&self) -> Option<Rational> {
        (self.monomial.is_empty() && self.factors.is_empty()).then_some(self.scale)
    }

    pub(super) fn negated(mut self) -> Self {
        self.scale = self.scale.negated();
        self
    }

    /// With the scale 1.
    fn unscaled(&self) -> Self {
        Self { scale: Rational::ONE, ..self.clone() }
    }

    /// Whether an atom stands in it.
    pub(super) fn holds(&self, atom: Kernel) -> bool {
        let within = |monomial: &Monomial| monomial.iter().any(|(other, _)| *other == atom);
        let factors = self.factors.iter().flat_map(|(polynomial, _)| polynomial.terms());
        within(&self.monomial) || factors.into_iter().any(|(monomial, _)| within(monomial))
    }

    /// The term as a polynomial, if it is one and small.
    pub(super) fn expanded(&self) -> Option<Polynomial> {
        let mut result = Polynomial::term(self.monomial.clone(), self.scale);
        for (polynomial, exponent) in &self.factors {
            if !(0..=MOST_POWER).contains(exponent) {
                return None;
            }
            for _ in 0..*exponent {
                result = result.times(polynomial)?;
            }
        }
        is_small(&result).then_some(result)
    }
}

impl Algebra {
    pub(super) fn new(ranges: &HashMap<NodeId, Range>) -> Self {
        let mut algebra = Self::default();
        for (input, range) in ranges {
            match range {
                Range::Moderate => {
                    algebra.moderate.insert(*input);
                }
                Range::NotNegative => {
                    algebra.moderate.insert(*input);
                }
                Range::Bounded | Range::Relative | Range::Equates(_) => {}
                Range::Others { .. } => {
                    algebra.moderate.insert(*input);
                }
                Range::AtLeast(below) => {
                    algebra.peaks.push((*input, below.clone()));
                    algebra.always.insert(*input);
                }
                Range::Top(terms) => algebra.peaks.push((*input, terms.clone())),
                Range::Mostly(below) => {
                    algebra.peaks.push((*input, below.iter().map(|(node, _)| *node).collect()));
                    algebra.weights.extend(below.iter().flat_map(|(_, zeros)| zeros));
                }
                Range::Largest(parts) => algebra.opaque.extend(parts),
                Range::Unit(_) => {
                    algebra.positive.insert(*input);
                }
                Range::Term { whole, peak } => {
                    algebra.opaque.insert(*input);
                    algebra.relatives.push(Relative { node: *input, whole: *whole, peak: *peak });
                }
                Range::Length { largest, unit, square, others } => {
                    algebra.positive.insert(*input);
                    algebra.positive.insert(*square);
                    algebra.opaque.extend([*input, *square]);
                    let Some(Range::Largest(parts)) = ranges.get(largest) else { continue };
                    let (largest, unit, square, others) = (*largest, *unit, *square, *others);
                    let parts = parts.clone();
                    algebra.lengths.push(Length { largest, unit, length: *input, square, others, parts });
                }
            }
        }
        algebra.lengths.sort_unstable_by_key(|length| length.length);
        algebra.peaks.sort_unstable();
        algebra.relatives.sort_unstable_by_key(|relative| relative.node);
        algebra
    }

    pub(super) fn atom(&mut self, meaning: Meaning) -> Kernel {
        if let Some(atom) = self.atoms.get(&meaning) {
            return *atom;
        }
        let atom = Kernel(self.meanings.len() as u32);
        self.meanings.push(meaning.clone());
        self.atoms.insert(meaning, atom);
        atom
    }

    pub(super) fn meaning(&self, atom: Kernel) -> &Meaning {
        &self.meanings[atom.0 as usize]
    }

    /// The factors of a product that are weights of exponentials.
    pub(super) fn weights(&self, product: &Monomial) -> Vec<NodeId> {
        let weight = |(atom, exponent): &(Kernel, Rational)| match self.meaning(*atom) {
            Meaning::Value(node) if exponent.is_positive() && self.weights.contains(node) => Some(*node),
            _ => None,
        };
        product.iter().filter_map(weight).collect()
    }

    pub(super) fn lengths(&self) -> &[Length] {
        &self.lengths
    }

    pub(super) fn relatives(&self) -> &[Relative] {
        &self.relatives
    }

    pub(super) fn is_exp(&self, atom: Kernel) -> bool {
        matches!(self.meaning(atom), Meaning::Exp(_))
    }

    /// Whether an exponential stands beside other factors.
    pub(super) fn has_exponential_factor(&self, term: &Term) -> bool {
        term.monomial.iter().any(|(atom, _)| self.is_exp(*atom)) && term.monomial.len() + term.factors.len() > 1
    }

    pub(super) fn has_root(&self, term: &Term) -> bool {
        let inside = term.factors.iter().flat_map(|(factor, _)| factor.terms()).flat_map(|(monomial, _)| monomial);
        term.monomial.iter().chain(inside).any(|(atom, _)| matches!(self.meaning(*atom), Meaning::Root(_)))
    }

    /// How much is known that forms depend on; it only grows.
    pub(super) fn extent(&self) -> usize {
        self.written.len() + self.peaks.len() + self.moderate.len() + self.below.len()
    }

    /// A node of the formula that computes a term.
    pub(super) fn written(&self, term: &Term) -> Option<NodeId> {
        self.written.get(term).copied()
    }

    /// The term of a scalar node. Operands first, without recursion.
    pub(super) fn term(&mut self, graph: &Graph, node: NodeId) -> Term {
        let mut pending = vec![node];
        while let Some(next) = pending.last().copied() {
            if self.terms.contains_key(&next) {
                pending.pop();
                continue;
            }
            let before = pending.len();
            if self.is_known(graph, next) {
                let operands = graph.operands(next).map(|operand| operand.node);
                pending.extend(operands.filter(|operand| !self.terms.contains_key(operand)));
            }
            if pending.len() == before {
                let term = self.make(graph, next);
                let nature = self.nature(graph, next);
                self.natures.insert(next, nature);
                if nature != Nature::Involved {
                    self.written.entry(term.clone()).or_insert(next);
                }
                self.terms.insert(next, term);
            }
        }
        self.terms.get(&node).cloned().unwrap_or_else(|| Term::number(Rational::ZERO))
    }

    /// Whether algebra looks into a node.
    fn is_known(&self, graph: &Graph, node: NodeId) -> bool {
        graph.shape(node).is_empty()
            && !self.opaque.contains(&node)
            && graph.as_operator(node).is_some_and(|operator| operator.row().law != Law::Opaque)
    }

    fn nature(&self, graph: &Graph, node: NodeId) -> Nature {
        let Some(operator) = graph.as_operator(node).filter(|_| self.is_known(graph, node)) else {
            let stated = matches!(graph.operation(node), Operation::Constant(_));
            return if stated { Nature::Stated } else { Nature::Polynomial };
        };
        let natures: Vec<Nature> = graph
            .operands(node)
            .map(|operand| self.natures.get(&operand.node).copied().unwrap_or(Nature::Involved))
            .collect();
        match (operator, natures.as_slice()) {
            (Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Negate, all)
                if all.iter().all(|nature| *nature == Nature::Stated) =>
            {
                Nature::Stated
            }
            (Operator::Divide | Operator::Power, [Nature::Polynomial, Nature::Stated]) => Nature::Polynomial,
            (Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Negate, all)
                if !all.contains(&Nature::Involved) =>
            {
                Nature::Polynomial
            }
            _ => Nature::Involved,
        }
    }

    fn make(&mut self, graph: &Graph, node: NodeId) -> Term {
        if let Operation::Constant(_) = graph.operation(node)
            && let Some(number) = graph.as_constant(node).and_then(Rational::from_number)
        {
            return Term::number(number);
        }
        let known = match graph.as_operator(node) {
            Some(operator) if self.is_known(graph, node) => {
                let terms: Option<Vec<Term>> =
                    graph.operands(node).map(|operand| self.terms.get(&operand.node).cloned()).collect();
                terms.and_then(|terms| self.apply(operator, &terms))
            }
            _ => None,
        };
        known.unwrap_or_else(|| Term::atom(self.atom(Meaning::Value(node))))
    }

    fn apply(&mut self, operator: Operator, terms: &[Term]) -> Option<Term> {
        let one = Term::number(Rational::ONE);
        let half = Term::number(Rational::new(1, 2)?);
        match (operator, terms) {
            (Operator::Add, [a, b]) => self.plus(a, b),
            (Operator::Subtract, [a, b]) => self.plus(a, &b.clone().negated()),
            (Operator::Multiply, [a, b]) => self.times(a, b),
            (Operator::Divide, [a, b]) => {
                let inverse = self.whole_power(b, -1)?;
                self.times(a, &inverse)
            }
            (Operator::Negate, [a]) => Some(a.clone().negated()),
            (Operator::Power, [a, b]) => self.power(a, b.as_number()?),
            (Operator::Exp, [a]) => self.exponential(a),
            (Operator::Expm1, [a]) => {
                let exponential = self.exponential(a)?;
                self.plus(&exponential, &one.negated())
            }
            (Operator::Sinh | Operator::Cosh | Operator::Tanh, [a]) => {
                let (up, down) = (self.exponential(a)?, self.exponential(&a.clone().negated())?);
                let (odd, even) = (self.plus(&up, &down.clone().negated())?, self.plus(&up, &down)?);
                match operator {
                    Operator::Sinh => self.times(&odd, &half),
                    Operator::Cosh => self.times(&even, &half),
                    _ => {
                        let inverse = self.whole_power(&even, -1)?;
                        self.times(&odd, &inverse)
                    }
                }
            }
            (Operator::Log, [a]) => self.logarithm(a),
            (Operator::Log1p, [a]) => {
                let sum = self.plus(&one, a)?;
                self.logarithm(&sum)
            }
            (Operator::Sqrt, [a]) => self.root(a),
            (Operator::Hypot, [a, b]) => {
                let (a, b) = (self.whole_power(a, 2)?, self.whole_power(b, 2)?);
                let sum = self.plus(&a, &b)?;
                self.root(&sum)
            }
            (Operator::Erf, [a]) => Some(self.error_function(a)),
            (Operator::Erfc, [a]) => {
                let erf = self.error_function(a);
                self.plus(&one, &erf.negated())
            }
            _ => None,
        }
    }

    pub(super) fn times(&mut self, a: &Term, b: &Term) -> Option<Term> {
        if a.is_zero() || b.is_zero() {
            return Some(Term::number(Rational::ZERO));
        }
        let mut factors = a.factors.clone();
        for (polynomial, exponent) in &b.factors {
            match factors.iter_mut().find(|(own, _)| own == polynomial) {
                Some((_, own)) => *own += exponent,
                None => factors.push((polynomial.clone(), *exponent)),
            }
        }
        factors.retain(|(_, exponent)| *exponent != 0);
        factors.sort_unstable();
        let scale = a.scale.times(b.scale)?;
        self.settled(Term { scale, monomial: multiply(&a.monomial, &b.monomial)?, factors })
    }

    /// Squares of roots, and whole powers of numbers, are multiplied out.
    fn settled(&mut self, mut term: Term) -> Option<Term> {
        let mut extra = Term::number(Rational::ONE);
        for place in (0..term.monomial.len()).rev() {
            let (atom, exponent) = term.monomial[place];
            let (above, below) = exponent.to_fraction()?;
            let (whole, base) = match self.meaning(atom) {
                Meaning::Number(number) => (above.div_euclid(below), Term::number(*number)),
                Meaning::Root(radicand) if below == 1 => (above / 2, radicand.clone()),
                _ => continue,
            };
            if whole == 0 {
                continue;
            }
            let root = matches!(self.meaning(atom), Meaning::Root(_));
            let taken = Rational::new(if root { 2 * whole } else { whole }, 1)?;
            let rest = exponent.plus(taken.negated())?;
            if rest.is_zero() {
                term.monomial.remove(place);
            } else {
                term.monomial[place].1 = rest;
            }
            let power = self.whole_power(&base, i32::try_from(whole).ok()?)?;
            extra = self.times(&extra, &power)?;
        }
        if extra.as_number() == Some(Rational::ONE) { Some(term) } else { self.times(&term, &extra) }
    }

    pub(super) fn whole_power(&mut self, base: &Term, exponent: i32) -> Option<Term> {
        if base.is_zero() {
            return (exponent > 0).then(|| base.clone());
        }
        if exponent.unsigned_abs() > 16 {
            return None;
        }
        let mut scale = Rational::ONE;
        for _ in 0..exponent.unsigned_abs() {
            scale = scale.times(base.scale)?;
        }
        if exponent < 0 {
            scale = scale.reciprocal()?;
        }
        let factors = base.factors.iter().map(|(factor, own)| (factor.clone(), own * exponent)).collect();
        let monomial = power(&base.monomial, Rational::from(exponent))?;
        let factors = if exponent == 0 { Vec::new() } else { factors };
        let monomial = if exponent == 0 { Monomial::new() } else { monomial };
        self.settled(Term { scale, monomial, factors })
    }

    pub(super) fn plus(&mut self, a: &Term, b: &Term) -> Option<Term> {
        if a.is_zero() {
            return Some(b.clone());
        }
        if b.is_zero() {
            return Some(a.clone());
        }
        let common = common(a, b)?;
        let (left, right) = (over(a, &common)?.expanded()?, over(b, &common)?.expanded()?);
        let sum = left.plus(&right).filter(is_small)?;
        let sum = self.reduced(&sum)?;
        let mut result = self.collected(&sum)?;
        // What the denominator divides, it cancels.
        let mut cancelled = Term::number(Rational::ONE);
        for (divisor, exponent) in common.factors.iter().filter(|(_, exponent)| *exponent < 0) {
            for _ in 0..exponent.unsigned_abs() {
                let [(numerator, 1)] = result.factors.as_slice() else { break };
                let Some(quotient) = numerator.divided(divisor) else { break };
                let outside = Term { factors: Vec::new(), ..result.clone() };
                let inside = self.collected(&quotient)?;
                result = self.times(&outside, &inside)?;
                let factor = Term { factors: vec![(divisor.clone(), 1)], ..Term::number(Rational::ONE) };
                cancelled = self.times(&cancelled, &factor)?;
            }
        }
        result = self.times(&result, &cancelled)?;
        self.times(&result, &common)
    }

    fn reduced(&mut self, polynomial: &Polynomial) -> Option<Polynomial> {
        let reducible = |(atom, exponent): &(Kernel, Rational)| match self.meaning(*atom) {
            Meaning::Root(_) => exponent.to_integer().is_some_and(|exponent| exponent.unsigned_abs() > 1),
            Meaning::Number(_) => exponent.is_negative() || *exponent >= Rational::ONE,
            _ => false,
        };
        if !polynomial.terms().flat_map(|(monomial, _)| monomial).any(reducible) {
            return Some(polynomial.clone());
        }
        let mut result = Polynomial::default();
        for (monomial, scale) in polynomial.terms() {
            let term = self.settled(Term { scale: *scale, monomial: monomial.clone(), factors: Vec::new() })?;
            result = result.plus(&term.expanded()?)?;
        }
        Some(result)
    }

    /// A polynomial with what its terms have in common in front.
    pub(super) fn collected(&mut self, polynomial: &Polynomial) -> Option<Term> {
        let Some((last, leading)) = polynomial.leading() else { return Some(Term::number(Rational::ZERO)) };
        if polynomial.len() == 1 {
            return self.settled(Term { scale: leading, monomial: last.clone(), factors: Vec::new() });
        }
        let monomial = polynomial.content();
        let (mut above, mut below) = (0, 1);
        for (_, value) in polynomial.terms() {
            let (numerator, denominator) = value.to_fraction()?;
            above = divisor(above, numerator.abs());
            below = denominator.checked_mul(below / divisor(below, denominator))?;
        }
        let sign = if leading.is_positive() { 1 } else { -1 };
        let scale = Rational::new(above.checked_mul(sign)?, below)?;
        let inverse = inverse(&monomial);
        let primitive = polynomial.times_monomial(&inverse)?.scaled(scale.reciprocal()?)?;
        self.settled(Term { scale, monomial, factors: vec![(primitive, 1)] })
    }

    fn power(&mut self, base: &Term, exponent: Rational) -> Option<Term> {
        if let Some(whole) = exponent.to_integer() {
            return self.whole_power(base, whole);
        }
        let doubled = exponent.times(Rational::from(2))?.to_integer()?;
        let root = self.root(base)?;
        self.whole_power(&root, doubled)
    }

    /// `exp`; of a logarithm, its argument.
    pub(super) fn exponential(&mut self, argument: &Term) -> Option<Term> {
        if argument.is_zero() {
            return Some(Term::number(Rational::ONE));
        }
        let polynomial = argument.expanded().filter(|polynomial| polynomial.len() <= MOST_SPLIT);
        let Some(polynomial) = polynomial else {
            let inner = self.atom(Meaning::Quotient(argument.unscaled()));
            let atom = self.atom(Meaning::Exp(vec![(inner, Rational::ONE)]));
            return Some(Term { scale: Rational::ONE, monomial: vec![(atom, argument.scale)], factors: Vec::new() });
        };
        let mut result = Term::number(Rational::ONE);
        for (monomial, coefficient) in polynomial.terms() {
            let factor = match (monomial.as_slice(), coefficient.to_integer()) {
                ([(atom, exponent)], Some(whole)) if *exponent == Rational::ONE => match self.meaning(*atom) {
                    Meaning::Log(inner) => {
                        let inner = inner.clone();
                        Some(self.whole_power(&inner, whole)?)
                    }
                    _ => None,
                },
                _ => None,
            };
            let factor = factor.unwrap_or_else(|| {
                let atom = self.atom(Meaning::Exp(monomial.clone()));
                Term { scale: Rational::ONE, monomial: vec![(atom, *coefficient)], factors: Vec::new() }
            });
            result = self.times(&result, &factor)?;
        }
        Some(result)
    }

    /// Whether a polynomial is positive wherever it is defined.
    pub(super) fn is_positive(&self, polynomial: &Polynomial) -> bool {
        let strict =
            |(atom, _): &(Kernel, Rational)| matches!(self.meaning(*atom), Meaning::Exp(_) | Meaning::Number(_));
        self.is_not_negative(polynomial) && polynomial.terms().any(|(monomial, _)| monomial.iter().all(strict))
    }

    /// Whether no term of a polynomial is negative anywhere.
    pub(super) fn is_not_negative(&self, polynomial: &Polynomial) -> bool {
        let whole = |exponent: &Rational| exponent.to_integer().is_some_and(|exponent| exponent % 2 == 0);
        let known = |atom: Kernel| match self.meaning(atom) {
            Meaning::Exp(_) | Meaning::Number(_) => true,
            Meaning::Value(node) => self.moderate.contains(node) || self.positive.contains(node),
            _ => false,
        };
        polynomial.terms().all(|(monomial, value)| {
            value.is_positive() && monomial.iter().all(|(atom, exponent)| known(*atom) || whole(exponent))
        })
    }

    /// A maximum M less something that is not above it, `c·M − c·λ`, as one difference, computed before the rest.
    pub(super) fn paired(&mut self, graph: &mut Graph, polynomial: &Polynomial) -> Option<Polynomial> {
        let mut result = polynomial.clone();
        for (peak, below) in self.peaks.clone() {
            let atom = self.atom(Meaning::Value(peak));
            let alone = vec![(atom, Rational::ONE)];
            for other in below {
                let Some((_, scale)) = result.terms().find(|(monomial, _)| *monomial == alone).cloned() else {
                    break;
                };
                let Some(expanded) = self.term(graph, other).expanded() else { continue };
                let inverse = scale.negated();
                let fits = |(monomial, value): &(Monomial, Rational)| {
                    let wanted = value.times(inverse);
                    result.terms().any(|(own, value)| own == monomial && Some(*value) == wanted)
                };
                if expanded.is_zero() || !expanded.terms().all(fits) {
                    continue;
                }
                let operands = [other, peak].map(|node| Ref { node, axes: Vec::new() });
                let difference = graph.apply(Operator::Subtract, &operands).ok()?.node;
                if self.always.contains(&peak) {
                    self.below.insert(difference);
                }
                let difference = self.atom(Meaning::Value(difference));
                let taken = expanded.scaled(scale)?;
                let taken = taken.plus(&Polynomial::term(alone.clone(), inverse))?;
                result = result.plus(&taken)?;
                result = result.plus(&Polynomial::term(vec![(difference, Rational::ONE)], inverse))?;
            }
        }
        Some(result)
    }

    /// The largest exponent of a sum of exponentials, and the others relative to it.
    pub(super) fn shift(&self, sum: &Polynomial) -> Option<(NodeId, NodeId)> {
        self.shifts.get(sum).copied()
    }

    pub(super) fn know_shift(&mut self, sum: Polynomial, made: (NodeId, NodeId)) {
        self.shifts.insert(sum, made);
    }

    /// Nodes that are made: the largest of some, and what the exponentials of the others come to relative to it.
    pub(super) fn know_largest(&mut self, largest: NodeId, nodes: &[NodeId], rest: NodeId) {
        self.moderate.insert(rest);
        if !self.always.insert(largest) {
            return;
        }
        self.peaks.push((largest, nodes.to_vec()));
    }

    /// Whether a term is positive or negative wherever it is not 0, if that is known.
    pub(super) fn sign(&self, term: &Term) -> Option<bool> {
        let ([(atom, exponent)], []) = (term.monomial.as_slice(), term.factors.as_slice()) else { return None };
        let Meaning::Value(node) = self.meaning(*atom) else { return None };
        (*exponent == Rational::ONE && self.below.contains(node)).then(|| !term.scale.is_positive())
    }

    pub(super) fn logarithm(&mut self, argument: &Term) -> Option<Term> {
        if argument.is_zero() {
            return None;
        }
        let mut result = Term::number(Rational::ZERO);
        let sign = Rational::from(if argument.scale.is_positive() { 1 } else { -1 });
        let mut rest = Term::number(sign);
        let mut parts = vec![(Term::number(argument.scale.times(sign)?), Rational::ONE)];
        for (atom, exponent) in &argument.monomial {
            match self.meaning(*atom).clone() {
                Meaning::Exp(inner) => {
                    let term = Term { scale: *exponent, monomial: inner, factors: Vec::new() };
                    result = self.plus(&result, &term)?;
                }
                Meaning::Number(number) => parts.push((Term::number(number), *exponent)),
                Meaning::Value(node) if self.positive.contains(&node) => parts.push((Term::atom(*atom), *exponent)),
                _ => rest.monomial.push((*atom, *exponent)),
            }
        }
        for (polynomial, exponent) in &argument.factors {
            if self.is_positive(polynomial) {
                let factors = vec![(polynomial.clone(), 1)];
                parts.push((Term { factors, ..Term::number(Rational::ONE) }, Rational::from(*exponent)));
            } else {
                rest.factors.push((polynomial.clone(), *exponent));
            }
        }
        // The logarithm of a quotient is that of its inverse, negated: the first power is positive.
        let power = rest.monomial.first().map(|(_, exponent)| *exponent);
        let power = power.or(rest.factors.first().map(|(_, exponent)| Rational::from(*exponent)));
        if power.is_some_and(|power| !power.is_positive()) {
            parts.push((self.whole_power(&rest, -1)?, Rational::from(-1)));
        } else {
            parts.push((rest, Rational::ONE));
        }
        for (part, coefficient) in parts {
            if part.as_number() != Some(Rational::ONE) {
                let atom = self.atom(Meaning::Log(part));
                let term = Term { scale: coefficient, ..Term::atom(atom) };
                result = self.plus(&result, &term)?;
            }
        }
        Some(result)
    }

    fn root(&mut self, radicand: &Term) -> Option<Term> {
        if radicand.is_zero() {
            return Some(radicand.clone());
        }
        if !radicand.scale.is_positive() {
            return Some(Term::atom(self.atom(Meaning::Root(radicand.clone()))));
        }
        let half = Rational::new(1, 2)?;
        // √(p/q) = √(pq)/q
        let (above, below) = radicand.scale.to_fraction()?;
        let mut outside = Term::number(Rational::new(1, below)?);
        let product = Rational::new(above.checked_mul(below)?, 1)?;
        let mut known = Vec::new();
        let mut rest = Term::number(Rational::ONE);
        if product != Rational::ONE {
            let (square, free) = square_free(product.to_fraction()?.0);
            outside.scale = outside.scale.times(Rational::new(square, 1)?)?;
            if free != 1 {
                known.push((self.atom(Meaning::Number(Rational::new(free, 1)?)), half));
            }
        }
        for (atom, exponent) in &radicand.monomial {
            let even = exponent.to_integer().is_some_and(|whole| whole % 2 == 0);
            match self.meaning(*atom) {
                Meaning::Exp(_) | Meaning::Number(_) => known.push((*atom, exponent.times(half)?)),
                Meaning::Value(node) if self.positive.contains(node) => known.push((*atom, exponent.times(half)?)),
                // √(a²) is the absolute value.
                _ if even => {
                    let square = Term { monomial: vec![(*atom, Rational::from(2))], ..Term::number(Rational::ONE) };
                    known.push((self.atom(Meaning::Root(square)), exponent.times(half)?));
                }
                _ => rest.monomial.push((*atom, *exponent)),
            }
        }
        for (polynomial, exponent) in &radicand.factors {
            let odd = if self.is_positive(polynomial) { exponent.rem_euclid(2) } else { *exponent };
            if odd != 0 {
                rest.factors.push((polynomial.clone(), odd));
            }
            if *exponent != odd {
                outside.factors.push((polynomial.clone(), (exponent - odd) / 2));
            }
        }
        for part in known {
            let term = Term { monomial: vec![part], ..Term::number(Rational::ONE) };
            outside = self.times(&outside, &term)?;
        }
        let odd = |exponent: &Rational| exponent.to_integer().is_some_and(|whole| whole % 2 != 0);
        let root = match (rest.monomial.as_slice(), rest.factors.as_slice()) {
            ([], []) => return Some(outside),
            ([(atom, exponent)], []) if odd(exponent) => {
                Term { monomial: vec![(*atom, exponent.times(half)?)], ..Term::number(Rational::ONE) }
            }
            _ => Term::atom(self.atom(Meaning::Root(rest))),
        };
        self.times(&outside, &root)
    }

    fn error_function(&mut self, argument: &Term) -> Term {
        if argument.is_zero() || argument.scale.is_positive() {
            return Term::atom(self.atom(Meaning::Erf(argument.clone())));
        }
        Term::atom(self.atom(Meaning::Erf(argument.clone().negated()))).negated()
    }
}

fn is_small(polynomial: &Polynomial) -> bool {
    polynomial.len() <= MOST_TERMS
}

fn divisor(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// A number as `square² · free`, for small squares.
fn square_free(mut number: i128) -> (i128, i128) {
    let mut square = 1;
    for factor in 2..=12 {
        while number % (factor * factor) == 0 {
            number /= factor * factor;
            square *= factor;
        }
    }
    (square, number)
}

fn common(a: &Term, b: &Term) -> Option<Term> {
    let find = |term: &Term, polynomial: &Polynomial| {
        term.factors.iter().find(|(other, _)| other == polynomial).map_or(0, |(_, exponent)| *exponent)
    };
    let mut factors: Vec<(Polynomial, i32)> = Vec::new();
    for (polynomial, _) in a.factors.iter().chain(&b.factors) {
        if !factors.iter().any(|(other, _)| other == polynomial) {
            factors.push((polynomial.clone(), find(a, polynomial).min(find(b, polynomial))));
        }
    }
    factors.retain(|(_, exponent)| *exponent != 0);
    factors.sort_unstable();
    Some(Term { scale: Rational::ONE, monomial: polynomial::common(&a.monomial, &b.monomial)?, factors })
}

fn over(term: &Term, divisor: &Term) -> Option<Term> {
    let mut factors = term.factors.clone();
    for (polynomial, exponent) in &divisor.factors {
        match factors.iter_mut().find(|(own, _)| own == polynomial) {
            Some((_, own)) => *own -= exponent,
            None => factors.push((polynomial.clone(), -exponent)),
        }
    }
    let inverse = inverse(&divisor.monomial);
    Some(Term { scale: term.scale, monomial: multiply(&term.monomial, &inverse)?, factors })
}
