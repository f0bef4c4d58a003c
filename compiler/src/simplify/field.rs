//! Canonical terms: each scalar node as a quotient of polynomials over *kernels*, functions that no algebra connects.
//!
//! Used to compare and to prove, never evaluated. Exponentials are collected (`exp(a - 2*b)` is `exp(a) * exp(b)**-2`),
//! the logarithm of a quotient is split where the denominator is positive, `tanh` is written in exponentials, a square
//! root squared is what it is the root of. If the difference of two terms is zero here, they are equal wherever both are
//! defined; the reverse is not promised.

use std::collections::HashMap;

use super::polynomial::{Kernel, Monomial, Polynomial};
use super::rational::Rational;
use crate::graph::{Graph, NodeId, Operation};
use crate::number::Number;
use crate::operators::Operator;

/// A quotient of polynomials; the denominator is not zero.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Term {
    pub(super) numerator: Polynomial,
    pub(super) denominator: Polynomial,
}

/// What a kernel is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Meaning {
    /// A node that algebra does not look into.
    Node(NodeId),
    /// `exp` of a monomial.
    Exponential(Monomial),
    /// A function of a term.
    Function(Operator, Term),
}

/// The kernels of one graph, and the canonical terms of its nodes.
pub(super) struct Field<'a> {
    graph: &'a Graph,
    meanings: Vec<Meaning>,
    kernels: HashMap<Meaning, Kernel>,
    terms: HashMap<NodeId, Option<Term>>,
}

impl Term {
    fn polynomial(numerator: Polynomial) -> Self {
        Self { numerator, denominator: Polynomial::one() }
    }

    fn constant(value: Rational) -> Self {
        Self::polynomial(Polynomial::constant(value))
    }

    fn is_zero(&self) -> bool {
        self.numerator.is_zero()
    }
}

impl<'a> Field<'a> {
    pub(super) fn new(graph: &'a Graph) -> Self {
        Self { graph, meanings: Vec::new(), kernels: HashMap::new(), terms: HashMap::new() }
    }

    /// A number.
    pub(super) fn number(&mut self, number: Number) -> Option<Term> {
        Some(Term::constant(Rational::from_number(number)?))
    }

    /// The canonical term of a scalar node; `None` if it is too large. Operands first, without recursion.
    pub(super) fn term(&mut self, node: NodeId) -> Option<Term> {
        let mut pending = vec![node];
        while let Some(next) = pending.last().copied() {
            if self.terms.contains_key(&next) {
                pending.pop();
                continue;
            }
            let operands: Vec<NodeId> = self.graph.operands(next).map(|operand| operand.node).collect();
            let before = pending.len();
            pending.extend(operands.iter().filter(|operand| !self.terms.contains_key(*operand)));
            if pending.len() == before {
                let term = self.make(next, &operands);
                self.terms.insert(next, term);
            }
        }
        self.terms.get(&node).cloned().flatten()
    }

    fn make(&mut self, node: NodeId, operands: &[NodeId]) -> Option<Term> {
        let Operation::Apply(operator) = self.graph.operation(node) else {
            return match self.graph.as_constant(node) {
                Some(number) => Some(Term::constant(Rational::from_number(number)?)),
                None => Some(self.opaque(Meaning::Node(node))),
            };
        };
        let mut terms = Vec::new();
        for operand in operands {
            terms.push(self.terms.get(operand).cloned().flatten()?);
        }
        self.apply(operator, &terms, node)
    }

    /// An operator on canonical terms; `node` names the result if algebra does not know the operator.
    fn apply(&mut self, operator: Operator, terms: &[Term], node: NodeId) -> Option<Term> {
        match (operator, terms) {
            (Operator::Add, [a, b]) => self.plus(a, b),
            (Operator::Subtract, [a, b]) => self.minus(a, b),
            (Operator::Multiply, [a, b]) => self.times(a, b),
            (Operator::Divide, [a, b]) => self.over(a, b),
            (Operator::Negate, [a]) => self.times(a, &Term::constant(Rational::from(-1))),
            (Operator::Power, [a, b]) => self.power(a, b, node),
            (Operator::Exp, [a]) => self.exponential(a),
            (Operator::Log, [a]) => self.logarithm(a),
            (Operator::Sqrt, [a]) => self.root(a),
            (Operator::Tanh, [a]) => {
                let doubled = self.times(a, &Term::constant(Rational::from(2)))?;
                let square = self.exponential(&doubled)?;
                let one = Term::constant(Rational::ONE);
                let (above, below) = (self.minus(&square, &one)?, self.plus(&square, &one)?);
                self.over(&above, &below)
            }
            (Operator::Sin | Operator::Cos | Operator::Abs | Operator::Sign, [a]) => {
                Some(self.opaque(Meaning::Function(operator, a.clone())))
            }
            _ => Some(self.opaque(Meaning::Node(node))),
        }
    }

    fn opaque(&mut self, meaning: Meaning) -> Term {
        let kernel = self.kernel(meaning);
        Term::polynomial(Polynomial::kernel(kernel, Rational::ONE))
    }

    fn kernel(&mut self, meaning: Meaning) -> Kernel {
        if let Some(kernel) = self.kernels.get(&meaning) {
            return *kernel;
        }
        let kernel = Kernel(self.meanings.len() as u32);
        self.meanings.push(meaning.clone());
        self.kernels.insert(meaning, kernel);
        kernel
    }

    pub(super) fn plus(&mut self, a: &Term, b: &Term) -> Option<Term> {
        if a.denominator == b.denominator {
            return self.quotient(a.numerator.plus(&b.numerator)?, a.denominator.clone());
        }
        let left = a.numerator.times(&b.denominator)?;
        let right = b.numerator.times(&a.denominator)?;
        self.quotient(left.plus(&right)?, a.denominator.times(&b.denominator)?)
    }

    pub(super) fn minus(&mut self, a: &Term, b: &Term) -> Option<Term> {
        let negated = Term { numerator: b.numerator.scaled(Rational::from(-1))?, denominator: b.denominator.clone() };
        self.plus(a, &negated)
    }

    pub(super) fn times(&mut self, a: &Term, b: &Term) -> Option<Term> {
        self.quotient(a.numerator.times(&b.numerator)?, a.denominator.times(&b.denominator)?)
    }

    pub(super) fn over(&mut self, a: &Term, b: &Term) -> Option<Term> {
        if b.is_zero() {
            return None;
        }
        self.quotient(a.numerator.times(&b.denominator)?, a.denominator.times(&b.numerator)?)
    }

    /// A quotient with roots reduced, a monomial denominator moved up, and its leading coefficient 1.
    fn quotient(&mut self, numerator: Polynomial, denominator: Polynomial) -> Option<Term> {
        let (numerator, denominator) = (self.reduced(&numerator)?, self.reduced(&denominator)?);
        if numerator.is_zero() {
            return Some(Term::constant(Rational::ZERO));
        }
        if denominator.is_zero() {
            return None;
        }
        if numerator == denominator {
            return Some(Term::constant(Rational::ONE));
        }
        if let Some((monomial, coefficient)) = denominator.as_monomial() {
            let inverse: Monomial = monomial.iter().map(|(kernel, exponent)| (*kernel, exponent.negated())).collect();
            let inverse = Polynomial::term(inverse, coefficient.reciprocal()?);
            let numerator = self.reduced(&numerator.times(&inverse)?)?;
            return Some(Term::polynomial(numerator));
        }
        let leading = denominator.terms().next().map(|(_, value)| *value)?;
        let scale = leading.reciprocal()?;
        Some(Term { numerator: numerator.scaled(scale)?, denominator: denominator.scaled(scale)? })
    }

    /// Roots squared are what they are roots of; `sin² = 1 - cos²`.
    fn reduced(&mut self, polynomial: &Polynomial) -> Option<Polynomial> {
        let mut current = polynomial.clone();
        for _ in 0..32 {
            let Some((monomial, coefficient, place)) = self.reducible(&current) else { return Some(current) };
            let (kernel, exponent) = monomial[place];
            let square = self.square(kernel)?;
            let mut rest = monomial.clone();
            rest.remove(place);
            let remaining = exponent.plus(Rational::from(-2))?;
            if !remaining.is_zero() {
                rest.insert(place, (kernel, remaining));
            }
            let replaced = Polynomial::term(rest, coefficient).times(&square)?;
            let removed = Polynomial::term(monomial, coefficient.negated());
            current = current.plus(&removed)?.plus(&replaced)?;
        }
        None
    }

    fn reducible(&self, polynomial: &Polynomial) -> Option<(Monomial, Rational, usize)> {
        polynomial.terms().find_map(|(monomial, coefficient)| {
            let place = monomial.iter().position(|(kernel, exponent)| {
                exponent.to_integer().is_some_and(|exponent| exponent >= 2) && self.has_square(*kernel)
            })?;
            Some((monomial.clone(), *coefficient, place))
        })
    }

    fn has_square(&self, kernel: Kernel) -> bool {
        match &self.meanings[kernel.0 as usize] {
            Meaning::Function(Operator::Sqrt, radicand) => radicand.denominator.as_constant().is_some(),
            Meaning::Function(Operator::Sin | Operator::Sign, _) => true,
            _ => false,
        }
    }

    fn square(&mut self, kernel: Kernel) -> Option<Polynomial> {
        match self.meanings[kernel.0 as usize].clone() {
            Meaning::Function(Operator::Sqrt, radicand) => Some(radicand.numerator),
            Meaning::Function(Operator::Sin, angle) => {
                let cosine = self.kernel(Meaning::Function(Operator::Cos, angle));
                let square = Polynomial::kernel(cosine, Rational::from(2)).scaled(Rational::from(-1))?;
                Polynomial::one().plus(&square)
            }
            _ => None,
        }
    }

    fn power(&mut self, base: &Term, exponent: &Term, node: NodeId) -> Option<Term> {
        let stated = exponent.denominator.as_constant().filter(|one| *one == Rational::ONE);
        let whole = stated.and_then(|_| exponent.numerator.as_constant());
        let Some(exponent) = whole else { return Some(self.opaque(Meaning::Node(node))) };
        if let Some(whole) = exponent.to_integer().filter(|whole| whole.unsigned_abs() <= 12) {
            return self.whole_power(base, whole);
        }
        let doubled = exponent.times(Rational::from(2)).and_then(Rational::to_integer);
        match doubled.filter(|doubled| doubled.unsigned_abs() <= 12) {
            Some(doubled) => {
                let root = self.root(base)?;
                self.whole_power(&root, doubled)
            }
            None => Some(self.opaque(Meaning::Node(node))),
        }
    }

    fn whole_power(&mut self, base: &Term, exponent: i32) -> Option<Term> {
        let size = exponent.unsigned_abs();
        let (above, below) = (base.numerator.power(size)?, base.denominator.power(size)?);
        if exponent >= 0 {
            self.quotient(above, below)
        } else if above.is_zero() {
            None
        } else {
            self.quotient(below, above)
        }
    }

    fn root(&mut self, radicand: &Term) -> Option<Term> {
        // Positive factors could be taken out; equal radicands are all that proofs have needed.
        if radicand.denominator.as_constant().is_some() {
            return Some(self.opaque(Meaning::Function(Operator::Sqrt, radicand.clone())));
        }
        let product = self.quotient(radicand.numerator.times(&radicand.denominator)?, Polynomial::one())?;
        // √(a/b) = √(ab)/b where b is positive.
        if radicand.denominator.has_positive_coefficients() && self.is_positive(&radicand.denominator) {
            let root = self.opaque(Meaning::Function(Operator::Sqrt, product));
            return self.over(&root, &Term::polynomial(radicand.denominator.clone()));
        }
        Some(self.opaque(Meaning::Function(Operator::Sqrt, radicand.clone())))
    }

    fn exponential(&mut self, argument: &Term) -> Option<Term> {
        if argument.denominator.as_constant().is_none() {
            return Some(self.opaque(Meaning::Function(Operator::Exp, argument.clone())));
        }
        let mut result = Term::constant(Rational::ONE);
        for (monomial, coefficient) in argument.numerator.clone().terms() {
            let factor = self.exponential_of(monomial, *coefficient)?;
            result = self.times(&result, &factor)?;
        }
        Some(result)
    }

    /// `exp(coefficient * monomial)`
    fn exponential_of(&mut self, monomial: &Monomial, coefficient: Rational) -> Option<Term> {
        if let ([(kernel, exponent)], Some(whole)) = (monomial.as_slice(), coefficient.to_integer()) {
            let meaning = self.meanings[kernel.0 as usize].clone();
            if let (Meaning::Function(Operator::Log, inner), true) = (meaning, *exponent == Rational::ONE) {
                return self.whole_power(&inner, whole);
            }
        }
        let kernel = self.kernel(Meaning::Exponential(monomial.clone()));
        Some(Term::polynomial(Polynomial::kernel(kernel, coefficient)))
    }

    /// Whether a polynomial with positive coefficients is positive: all its kernels are exponentials.
    fn is_positive(&self, polynomial: &Polynomial) -> bool {
        polynomial.has_positive_coefficients()
            && polynomial.terms().all(|(monomial, _)| monomial.iter().all(|(kernel, _)| self.is_exponential(*kernel)))
    }

    fn is_exponential(&self, kernel: Kernel) -> bool {
        matches!(&self.meanings[kernel.0 as usize], Meaning::Exponential(_) | Meaning::Function(Operator::Exp, _))
    }

    fn logarithm(&mut self, argument: &Term) -> Option<Term> {
        if self.is_positive(&argument.denominator) && argument.denominator.as_constant().is_none() {
            let above = self.logarithm_of(&argument.numerator)?;
            let below = self.logarithm_of(&argument.denominator)?;
            return self.minus(&above, &below);
        }
        if argument.denominator == Polynomial::one() {
            return self.logarithm_of(&argument.numerator);
        }
        Some(self.opaque(Meaning::Function(Operator::Log, argument.clone())))
    }

    /// The logarithm of a polynomial: exponentials that are common to all its terms come out.
    fn logarithm_of(&mut self, argument: &Polynomial) -> Option<Term> {
        let mut outside = Term::constant(Rational::ZERO);
        let mut inside = argument.clone();
        let first = argument.terms().next().map(|(monomial, _)| monomial.clone())?;
        for (kernel, _) in first {
            let Meaning::Exponential(inner) = self.meanings[kernel.0 as usize].clone() else { continue };
            let exponents: Option<Vec<Rational>> = inside
                .terms()
                .map(|(monomial, _)| monomial.iter().find(|(other, _)| *other == kernel).map(|(_, exponent)| *exponent))
                .collect();
            // The smallest exponent would do; a monomial alone has only one.
            let Some(exponent) = exponents.filter(|all| all.iter().all(|e| *e == all[0])).map(|all| all[0]) else {
                continue;
            };
            inside = inside.times(&Polynomial::kernel(kernel, exponent.negated()))?;
            let out = Term::polynomial(Polynomial::term(inner, exponent));
            outside = self.plus(&outside, &out)?;
        }
        if inside.as_constant() == Some(Rational::ONE) {
            return Some(outside);
        }
        // exp(-x) + 1 and exp(x) + 1 differ by a factor exp(x): negative exponents are multiplied away.
        let (scaled, taken) = self.without_negative_exponents(&inside)?;
        let log = self.opaque(Meaning::Function(Operator::Log, Term::polynomial(scaled)));
        let result = self.plus(&outside, &log)?;
        self.minus(&result, &taken)
    }

    /// The polynomial times exponentials so that none has a negative exponent, and the logarithm of that factor.
    fn without_negative_exponents(&mut self, polynomial: &Polynomial) -> Option<(Polynomial, Term)> {
        let mut lowest: HashMap<Kernel, Rational> = HashMap::new();
        for (kernel, exponent) in polynomial.terms().flat_map(|(monomial, _)| monomial) {
            if self.is_exponential(*kernel) && exponent.negated().is_positive() {
                let entry = lowest.entry(*kernel).or_insert(*exponent);
                let lower = exponent.plus(entry.negated())?.negated().is_positive();
                if lower {
                    *entry = *exponent;
                }
            }
        }
        let (mut scaled, mut taken) = (polynomial.clone(), Term::constant(Rational::ZERO));
        let mut lowest: Vec<(Kernel, Rational)> = lowest.into_iter().collect();
        lowest.sort_unstable();
        for (kernel, exponent) in lowest {
            let Meaning::Exponential(inner) = self.meanings[kernel.0 as usize].clone() else { continue };
            scaled = scaled.times(&Polynomial::kernel(kernel, exponent.negated()))?;
            taken = self.plus(&taken, &Term::polynomial(Polynomial::term(inner, exponent.negated())))?;
        }
        Some((scaled, taken))
    }

    /// Whether two terms are proven equal wherever both are defined.
    pub(super) fn proves_equal(&mut self, a: &Term, b: &Term) -> bool {
        let left = a.numerator.times(&b.denominator);
        let right = b.numerator.times(&a.denominator).and_then(|right| right.scaled(Rational::from(-1)));
        let difference = left.zip(right).and_then(|(left, right)| left.plus(&right));
        let reduced = difference.and_then(|difference| self.reduced(&difference));
        reduced.is_some_and(|reduced| reduced.is_zero())
    }

    /// The term of an operator on terms, for candidates that are not in the graph.
    pub(super) fn combine(&mut self, operator: Operator, terms: &[Term]) -> Option<Term> {
        match (operator, terms) {
            (Operator::Add, [a, b]) => self.plus(a, b),
            (Operator::Subtract, [a, b]) => self.minus(a, b),
            (Operator::Multiply, [a, b]) => self.times(a, b),
            (Operator::Divide, [a, b]) => self.over(a, b),
            (Operator::Negate, [a]) => self.times(a, &Term::constant(Rational::from(-1))),
            _ => None,
        }
    }
}
