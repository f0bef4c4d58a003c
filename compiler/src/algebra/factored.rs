//! Factored terms: every scalar node as a product of powers, over kernels that algebra does not look into.
//!
//! In: nodes of a graph, and what is known of some of them. Out: [`Term`]s; two nodes of one term are equal wherever both are
//! defined. Exponentials are collected (`tanh`, `sinh`, `cosh` and `expm1` are written in them), logarithms are split where
//! signs are known, roots squared are what they are roots of. What is too large, or unknown, is a kernel of its own. Terms
//! are never evaluated: formulas are written for them.

use std::collections::HashSet;

use super::hash::QuickMap;
use super::kernel::{Kernels, Meaning, Shape};
use super::laws::{Factors, Laws, MOST_POWER, one};
use super::polynomial::{self, Kernel, Monomial, Polynomial, inverse, multiply, power};
use super::rational::Rational;
use crate::graph::{Graph, NodeId, Operation};
use crate::operators::{Law, Operator};

/// `scale · monomial · Π polynomialᵏ`; zero has the scale 0 and nothing else. The polynomials have at least two terms, no
/// common monomial, no common number, and a positive last coefficient.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Term {
    pub(crate) scale: Rational,
    pub(crate) monomial: Monomial,
    pub(crate) factors: Vec<(Polynomial, i32)>,
}

/// The kernels and terms of one graph without axes.
#[derive(Default)]
pub(crate) struct Algebra {
    pub(crate) kernels: Kernels<Term>,
    terms: QuickMap<NodeId, Term>,
    natures: QuickMap<NodeId, Nature>,
    /// Polynomials as the formula writes them.
    written: QuickMap<Term, NodeId>,
    /// Inputs that are not negative.
    pub(crate) not_negative: HashSet<NodeId>,
    /// Inputs that are positive.
    pub(crate) positive: HashSet<NodeId>,
    /// Nodes that stand for themselves.
    pub(crate) opaque: HashSet<NodeId>,
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

/// Higher powers are not multiplied out.
const MOST_EXPANDED: i32 = 6;
/// Larger polynomials are not worth their time.
const MOST_TERMS: usize = 24;

impl Term {
    pub(crate) fn negated(mut self) -> Self {
        self.scale = self.scale.negated();
        self
    }

    /// With the scale 1.
    pub(crate) fn unscaled(&self) -> Self {
        Self { scale: Rational::ONE, ..self.clone() }
    }

    /// Its monomials, and those of its factors.
    pub(crate) fn monomials(&self) -> impl Iterator<Item = &Monomial> {
        let factors = self.factors.iter().flat_map(|(polynomial, _)| polynomial.terms());
        std::iter::once(&self.monomial).chain(factors.map(|(monomial, _)| monomial))
    }

    /// Whether a kernel stands in it.
    pub(crate) fn holds(&self, kernel: Kernel) -> bool {
        self.kernels().any(|other| other == kernel)
    }
}

impl Shape for Term {
    fn constant(scale: Rational) -> Self {
        Self::product(Monomial::new(), scale)
    }

    fn product(monomial: Monomial, scale: Rational) -> Self {
        let monomial = if scale.is_zero() { Monomial::new() } else { monomial };
        Self { scale, monomial, factors: Vec::new() }
    }

    fn is_zero(&self) -> bool {
        self.scale.is_zero()
    }

    fn as_constant(&self) -> Option<Rational> {
        (self.monomial.is_empty() && self.factors.is_empty()).then_some(self.scale)
    }

    fn as_kernel(&self) -> Option<Kernel> {
        match (self.scale, self.monomial.as_slice(), self.factors.as_slice()) {
            (Rational::ONE, [(kernel, Rational::ONE)], []) => Some(*kernel),
            _ => None,
        }
    }

    fn expanded(&self) -> Option<Polynomial> {
        let mut result = Polynomial::term(self.monomial.clone(), self.scale);
        for (polynomial, exponent) in &self.factors {
            if !(0..=MOST_EXPANDED).contains(exponent) {
                return None;
            }
            for _ in 0..*exponent {
                result = result.times(polynomial)?;
            }
        }
        is_small(&result).then_some(result)
    }

    fn scale(&self) -> Rational {
        self.scale
    }

    fn kernels(&self) -> impl Iterator<Item = Kernel> {
        self.monomials().flatten().map(|(kernel, _)| *kernel)
    }
}

impl Algebra {
    /// A node that stands for itself.
    pub(crate) fn node(&mut self, node: NodeId) -> Kernel {
        self.kernels.intern(Meaning::scalar(node))
    }

    pub(crate) fn is_exponential(&self, kernel: Kernel) -> bool {
        self.kernels.exponent(kernel).is_some()
    }

    /// Whether an exponential stands beside other factors.
    pub(crate) fn has_exponential_factor(&self, term: &Term) -> bool {
        term.monomial.iter().any(|(kernel, _)| self.is_exponential(*kernel))
            && term.monomial.len() + term.factors.len() > 1
    }

    pub(crate) fn has_root(&self, term: &Term) -> bool {
        term.kernels().any(|kernel| self.kernels.argument(kernel, Operator::Sqrt).is_some())
    }

    /// How much is known that depends on what was asked for; it only grows.
    pub(crate) fn extent(&self) -> usize {
        self.written.len() + self.not_negative.len()
    }

    /// A node of the formula that computes a term.
    pub(crate) fn written(&self, term: &Term) -> Option<NodeId> {
        self.written.get(term).copied()
    }

    /// The term of a scalar node. Operands first, without recursion.
    pub(crate) fn term(&mut self, graph: &Graph, node: NodeId) -> Term {
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
        self.terms.get(&node).cloned().unwrap_or_else(|| Term::constant(Rational::ZERO))
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
            return Term::constant(number);
        }
        let known = match graph.as_operator(node) {
            Some(operator) if self.is_known(graph, node) => {
                let terms: Option<Vec<Term>> =
                    graph.operands(node).map(|operand| self.terms.get(&operand.node).cloned()).collect();
                terms.and_then(|terms| self.apply(operator, &terms.iter().collect::<Vec<_>>()))
            }
            _ => None,
        };
        known.unwrap_or_else(|| Term::kernel(self.node(node)))
    }

    /// Squares of roots, and whole powers of numbers, are multiplied out.
    fn reduced(&mut self, mut term: Term) -> Option<Term> {
        let mut extra: Term = one();
        for at in (0..term.monomial.len()).rev() {
            let (kernel, exponent) = term.monomial[at];
            let Some((whole, base)) = self.whole_part(kernel, exponent)? else { continue };
            let taken = match self.kernels.meaning(kernel) {
                Meaning::Number(_) => Rational::from(whole),
                _ => Rational::from(whole.checked_mul(2)?),
            };
            let rest = exponent.minus(taken)?;
            if rest.is_zero() {
                term.monomial.remove(at);
            } else {
                term.monomial[at].1 = rest;
            }
            let power = self.whole_power(&base, whole)?;
            extra = self.times(&extra, &power)?;
        }
        if extra.as_constant() == Some(Rational::ONE) { Some(term) } else { self.times(&term, &extra) }
    }

    /// How often a kernel's power holds what a root is of, or the number that the kernel is.
    fn whole_part(&self, kernel: Kernel, exponent: Rational) -> Option<Option<(i32, Term)>> {
        let (whole, base) = match self.kernels.meaning(kernel) {
            Meaning::Number(number) => (exponent.floor()?.to_integer()?, Term::constant(*number)),
            Meaning::Function(Operator::Sqrt, radicand) => match exponent.to_integer() {
                Some(exponent) => (exponent / 2, radicand.first()?.clone()),
                None => return Some(None),
            },
            _ => return Some(None),
        };
        Some((whole != 0).then_some((whole, base)))
    }

    fn reduced_sum(&mut self, polynomial: Polynomial) -> Option<Polynomial> {
        let mut kernels = polynomial.terms().flat_map(|(monomial, _)| monomial);
        if !kernels.any(|(kernel, exponent)| !matches!(self.whole_part(*kernel, *exponent), Some(None))) {
            return Some(polynomial);
        }
        let mut result = Polynomial::default();
        for (monomial, scale) in polynomial.terms() {
            let term = self.reduced(Term::product(monomial.clone(), *scale))?;
            result = result.plus(&term.expanded()?)?;
        }
        Some(result)
    }

    /// A polynomial with what its terms have in common in front.
    pub(crate) fn collected(&mut self, polynomial: &Polynomial) -> Option<Term> {
        let Some((last, leading)) = polynomial.leading() else { return Some(Term::constant(Rational::ZERO)) };
        if polynomial.len() == 1 {
            return self.reduced(Term::product(last.clone(), leading));
        }
        let monomial = polynomial.content();
        let mut scale = leading;
        for (_, value) in polynomial.terms() {
            scale = scale.common(*value)?;
        }
        let scale = if leading.is_positive() { scale } else { scale.negated() };
        let primitive = polynomial.times_monomial(&inverse(&monomial))?.scaled(scale.reciprocal()?)?;
        self.reduced(Term { scale, monomial, factors: vec![(primitive, 1)] })
    }
}

impl Laws for Algebra {
    type Term = Term;

    const MOST_SPLIT: usize = 8;

    fn kernels(&mut self) -> &mut Kernels<Term> {
        &mut self.kernels
    }

    fn sum_of(&mut self, a: &Term, b: &Term) -> Option<Term> {
        let common = common(a, b)?;
        let inverse = self.reciprocal(&common)?;
        let (left, right) = (self.times(a, &inverse)?.expanded()?, self.times(b, &inverse)?.expanded()?);
        let sum = self.reduced_sum(left.plus(&right).filter(is_small)?)?;
        let mut result = self.collected(&sum)?;
        // What the denominator divides, it cancels.
        let mut cancelled: Term = one();
        for (divisor, exponent) in common.factors.iter().filter(|(_, exponent)| *exponent < 0) {
            for _ in 0..exponent.unsigned_abs() {
                let [(numerator, 1)] = result.factors.as_slice() else { break };
                let Some(quotient) = numerator.divided(divisor) else { break };
                let outside = Term { factors: Vec::new(), ..result.clone() };
                let inside = self.collected(&quotient)?;
                result = self.times(&outside, &inside)?;
                let factor = Term { factors: vec![(divisor.clone(), 1)], ..one() };
                cancelled = self.times(&cancelled, &factor)?;
            }
        }
        result = self.times(&result, &cancelled)?;
        self.times(&result, &common)
    }

    fn times(&mut self, a: &Term, b: &Term) -> Option<Term> {
        if a.is_zero() || b.is_zero() {
            return Some(Term::constant(Rational::ZERO));
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
        self.reduced(Term { scale, monomial: multiply(&a.monomial, &b.monomial)?, factors })
    }

    fn scaled(&mut self, a: &Term, factor: Rational) -> Option<Term> {
        if factor.is_zero() {
            return Some(Term::constant(Rational::ZERO));
        }
        Some(Term { scale: a.scale.times(factor)?, ..a.clone() })
    }

    fn reciprocal(&mut self, a: &Term) -> Option<Term> {
        self.whole_power(a, -1)
    }

    fn whole_power(&mut self, base: &Term, exponent: i32) -> Option<Term> {
        if base.is_zero() {
            return (exponent > 0).then(|| base.clone());
        }
        if exponent.unsigned_abs() > MOST_POWER {
            return None;
        }
        let mut scale = Rational::ONE;
        for _ in 0..exponent.unsigned_abs() {
            scale = scale.times(base.scale)?;
        }
        if exponent < 0 {
            scale = scale.reciprocal()?;
        }
        if exponent == 0 {
            return Some(one());
        }
        let factors = base.factors.iter().map(|(factor, own)| (factor.clone(), own * exponent)).collect();
        let monomial = power(&base.monomial, Rational::from(exponent))?;
        self.reduced(Term { scale, monomial, factors })
    }

    fn factors(&mut self, a: &Term) -> Option<Factors> {
        let Term { scale, monomial, factors } = a.clone();
        Some(Factors { scale, monomial, polynomials: factors })
    }

    fn product_of(&mut self, Factors { scale, monomial, polynomials }: Factors) -> Option<Term> {
        Some(Term { scale, monomial, factors: polynomials })
    }

    fn is_positive_node(&mut self, kernel: Kernel) -> bool {
        self.kernels.as_scalar(kernel).is_some_and(|node| self.positive.contains(&node))
    }

    fn is_not_negative_node(&mut self, kernel: Kernel) -> bool {
        self.kernels.as_scalar(kernel).is_some_and(|node| self.not_negative.contains(&node))
    }

    fn root(&mut self, radicand: &Term) -> Option<Term> {
        if radicand.is_zero() {
            return Some(radicand.clone());
        }
        if !radicand.scale.is_positive() {
            return Some(self.function(Operator::Sqrt, radicand.clone()));
        }
        let half = Rational::new(1, 2)?;
        // √(p/q) = √(pq)/q
        let (above, below) = radicand.scale.to_fraction()?;
        let mut outside = Term::constant(Rational::new(1, below)?);
        let product = Rational::new(above.checked_mul(below)?, 1)?;
        let mut known = Vec::new();
        let mut rest: Term = one();
        if product != Rational::ONE {
            let (square, free) = square_free(product.to_fraction()?.0);
            outside.scale = outside.scale.times(Rational::new(square, 1)?)?;
            if free != 1 {
                known.push((self.kernels.intern(Meaning::Number(Rational::new(free, 1)?)), half));
            }
        }
        for (kernel, exponent) in &radicand.monomial {
            if self.is_positive_kernel(*kernel) {
                known.push((*kernel, exponent.times(half)?));
            } else if exponent.is_even() {
                // √(a²) is the absolute value.
                let square = Term::product(vec![(*kernel, Rational::from(2))], Rational::ONE);
                let size = self.kernels.intern(Meaning::Function(Operator::Sqrt, vec![square]));
                known.push((size, exponent.times(half)?));
            } else {
                rest.monomial.push((*kernel, *exponent));
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
            let term = Term::product(vec![part], Rational::ONE);
            outside = self.times(&outside, &term)?;
        }
        let odd = |exponent: &Rational| exponent.to_integer().is_some_and(|whole| whole % 2 != 0);
        let root = match (rest.monomial.as_slice(), rest.factors.as_slice()) {
            ([], []) => return Some(outside),
            ([(kernel, exponent)], []) if odd(exponent) => {
                Term::product(vec![(*kernel, exponent.times(half)?)], Rational::ONE)
            }
            _ => self.function(Operator::Sqrt, rest),
        };
        self.times(&outside, &root)
    }

    fn fractional(&mut self, _: &Term, _: Rational) -> Option<Option<Term>> {
        Some(None)
    }

    fn general_power(&mut self, _: &Term, _: &Term) -> Option<Term> {
        None
    }

    fn other(&mut self, operator: Operator, terms: &[&Term]) -> Option<Term> {
        self.by_parity(operator, terms)
    }
}

fn is_small(polynomial: &Polynomial) -> bool {
    polynomial.len() <= MOST_TERMS
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
