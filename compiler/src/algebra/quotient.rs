//! Canonical terms: each node as a quotient of polynomials over [kernels](super::kernel), over the labels of its axes.
//!
//! Used to compare and to prove, never evaluated. Exponentials are collected (`exp(a - 2*b)` is `exp(a) * exp(b)**-2`),
//! logarithms are split where signs are known, `tanh` is written in exponentials, a condition is a number that is its own
//! square, sums are linear and give out what does not vary along them. If the difference of two terms is zero here, they
//! are equal wherever both are defined, as far as the stated facts hold; the reverse is not promised.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::assumptions::Facts;
use super::claim::Claim;
use super::digits::Digits;
use super::kernel::{Kernels, Label, Meaning, Shape};
use super::laws::{Factors, Laws};
use super::polynomial::{Kernel, Monomial, Polynomial, inverse};
use crate::algebra::hash::QuickMap;
use crate::algebra::rational::Rational;
use crate::graph::{Axis, Dim, Graph, NodeId, Operation, Ref};
use crate::number::Number;
use crate::operators::{Kind, Operator};

/// A quotient; the factors of the denominator have several terms each, no monomial divides one, and their leading
/// coefficients are 1.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Term {
    pub(crate) numerator: Polynomial,
    pub(crate) denominator: BTreeMap<Polynomial, u32>,
}

impl Term {
    pub(crate) fn polynomial(numerator: Polynomial) -> Self {
        Self { numerator, denominator: BTreeMap::new() }
    }

    /// The polynomial that it is, if it is one.
    pub(crate) fn as_polynomial(&self) -> Option<&Polynomial> {
        self.denominator.is_empty().then_some(&self.numerator)
    }

    /// Whether nothing stands above or below that does not in another term, and less of it.
    fn is_simpler(&self, other: &Self) -> bool {
        let (Some(own), Some(others)) = (self.degrees(), other.degrees()) else { return false };
        own != others && own.iter().zip(&others).all(|(own, other)| own <= other)
    }

    /// All exponents together, above and below.
    fn degrees(&self) -> Option<[Rational; 2]> {
        let [above, mut below] = self.numerator.degrees()?;
        for (factor, power) in &self.denominator {
            below = below.plus(factor.degrees()?[0].times(Rational::from(i32::try_from(*power).ok()?))?)?;
        }
        Some([above, below])
    }
}

impl Shape for Term {
    fn constant(value: Rational) -> Self {
        Self::polynomial(Polynomial::constant(value))
    }

    fn product(monomial: Monomial, scale: Rational) -> Self {
        Self::polynomial(Polynomial::term(monomial, scale))
    }

    fn is_zero(&self) -> bool {
        self.numerator.is_zero()
    }

    fn as_constant(&self) -> Option<Rational> {
        self.as_polynomial()?.as_constant()
    }

    fn expanded(&self) -> Option<Polynomial> {
        self.as_polynomial().cloned()
    }

    fn scale(&self) -> Rational {
        self.numerator.leading().map_or(Rational::ZERO, |(_, value)| value)
    }

    fn kernels(&self) -> impl Iterator<Item = Kernel> {
        self.numerator.kernels().chain(self.denominator.keys().flat_map(Polynomial::kernels))
    }

    fn as_kernel(&self) -> Option<Kernel> {
        match self.as_polynomial()?.as_monomial()? {
            (monomial, Rational::ONE) => match monomial.as_slice() {
                [(kernel, Rational::ONE)] => Some(*kernel),
                _ => None,
            },
            _ => None,
        }
    }
}

/// How much work a proof may be, in monomials that are multiplied or compared.
const MOST_WORK: usize = 3_000;

/// Which labels become which.
pub(crate) type Renaming = Vec<(Label, Label)>;

/// A node and the labels that its slots take.
type Use = (NodeId, Vec<Label>);

/// The kernels of one graph, and the canonical terms of its nodes.
pub(crate) struct Field<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) kernels: Kernels,
    pub(crate) facts: Facts,
    /// Nodes that stand for themselves.
    opaque: BTreeSet<NodeId>,
    /// Nodes that another value stands for, with labels for their slots.
    pub(crate) standing: BTreeMap<NodeId, (Vec<Axis>, Ref)>,
    terms: QuickMap<Use, Option<Rc<Term>>>,
    closing: QuickMap<NodeId, Vec<Label>>,
    pub(crate) renamings: QuickMap<(Kernel, Renaming), Option<Term>>,
    /// Factors of denominators: what divides once may divide again.
    factors: Vec<Polynomial>,
    work: usize,
    pub(super) rough: bool,
    most: usize,
    /// How numbers are written.
    pub(crate) digits: Digits,
}

impl<'a> Field<'a> {
    /// `opaque` are nodes that stand for themselves, `facts` what holds.
    pub(crate) fn new(graph: &'a Graph, opaque: BTreeSet<NodeId>, facts: &[Claim]) -> Self {
        let mut field = Self {
            graph,
            kernels: Kernels::default(),
            facts: Facts::default(),
            opaque,
            standing: BTreeMap::new(),
            terms: QuickMap::default(),
            closing: QuickMap::default(),
            renamings: QuickMap::default(),
            factors: Vec::new(),
            work: 0,
            rough: false,
            most: MOST_WORK,
            digits: Digits::of(std::iter::empty()),
        };
        field.learn(facts);
        field
    }

    /// With numbers written as a formula writes them.
    pub(crate) fn writing(mut self, digits: Digits) -> Self {
        self.digits = digits;
        self
    }

    /// With less work than a proof may be.
    pub(crate) fn within(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// The nodes that were read as what stands for them.
    pub(crate) fn stood_for(&self) -> BTreeSet<NodeId> {
        self.terms.keys().map(|(node, _)| *node).filter(|node| self.standing.contains_key(node)).collect()
    }

    /// Whether a relation was used that is not true any more when its sides are differentiated: at a zero of `v`,
    /// `sign(v)*abs(v)` has the derivative 0 and `v` has 1.
    pub(crate) fn is_rough(&self) -> bool {
        self.rough
    }

    /// How much work was done.
    pub(crate) fn work(&self) -> usize {
        self.work
    }

    /// Goes on from where so much work was done: what was tried since did not succeed and does not count.
    pub(crate) fn resume(&mut self, work: usize) {
        self.work = work;
    }

    /// Adds to the work; `None` if it is too much.
    fn charge(&mut self, work: usize) -> Option<()> {
        self.work += work;
        (self.work <= self.most).then_some(())
    }

    /// Forgets all terms, and the facts that they rely on.
    pub(crate) fn forget(&mut self) {
        self.facts.forget();
        self.terms.clear();
        self.renamings.clear();
    }

    /// A number.
    pub(crate) fn number(&mut self, number: Number) -> Option<Term> {
        Some(Term::constant(Rational::from_number(number)?))
    }

    pub(crate) fn dim(&self, label: Label) -> Option<Dim> {
        match label {
            Label::Free(axis) => Some(self.graph.dim(axis)),
            Label::Fresh(index) => self.kernels.fresh_dim(index),
            Label::Bound(..) => None,
        }
    }

    /// The canonical term of a use; `None` if it is too large.
    pub(crate) fn term(&mut self, used: &Ref) -> Option<Term> {
        self.term_at(used.node, used.axes.iter().map(|axis| Label::Free(*axis)).collect())
    }

    /// The term of a node over labels. Operands first, without recursion.
    pub(crate) fn term_at(&mut self, node: NodeId, labels: Vec<Label>) -> Option<Term> {
        self.shared_term((node, labels)).map(Rc::unwrap_or_clone)
    }

    fn shared_term(&mut self, wanted: Use) -> Option<Rc<Term>> {
        // What waits for its operands, and these.
        let mut pending: Vec<(Use, Option<Vec<Use>>)> = vec![(wanted.clone(), None)];
        while let Some((next, operands)) = pending.pop() {
            if let Some(operands) = operands {
                let term = self.make(&next, &operands).map(Rc::new);
                self.terms.insert(next, term);
                continue;
            }
            if self.terms.contains_key(&next) {
                continue;
            }
            self.charge(1)?;
            let opaque = self.opaque.contains(&next.0) || self.graph.is_entry_of_input(next.0);
            let operands = if opaque { Vec::new() } else { self.operands(&next) };
            let index = pending.len();
            for operand in &operands {
                if !self.terms.contains_key(operand) {
                    pending.push((operand.clone(), None));
                }
            }
            // Below them, so that it comes after them.
            pending.insert(index, (next, Some(operands)));
        }
        self.terms.get(&wanted).cloned().flatten()
    }

    /// The labels of a node's closed axes: always the same, for they never leave it.
    fn closed_labels(&mut self, node: NodeId) -> Vec<Label> {
        if let Some(labels) = self.closing.get(&node) {
            return labels.clone();
        }
        let dims = self.graph.local_dims(node);
        let closed = &dims[self.graph.shape(node).len()..];
        let labels: Vec<Label> = closed.iter().map(|dim| self.kernels.fresh(*dim)).collect();
        self.closing.insert(node, labels.clone());
        labels
    }

    fn operands(&mut self, (node, labels): &Use) -> Vec<Use> {
        if let Some((slots, value)) = self.standing.get(node) {
            let index = |axis: &Axis| slots.iter().position(|slot| slot == axis).map(|slot| labels[slot]);
            return value
                .axes
                .iter()
                .map(index)
                .collect::<Option<_>>()
                .map(|axes| (value.node, axes))
                .into_iter()
                .collect();
        }
        let mut all = labels.clone();
        all.extend(self.closed_labels(*node));
        let label = |local: &u8| all[usize::from(*local)];
        self.graph.operands(*node).map(|used| (used.node, used.axes.iter().map(label).collect())).collect()
    }

    fn make(&mut self, used: &Use, operands: &[Use]) -> Option<Term> {
        let (node, labels) = used;
        // An entry of an input is a number like any other input: nothing else says more about it.
        if self.opaque.contains(node) || self.graph.is_entry_of_input(*node) {
            return self.node_kernel(*node, labels.clone());
        }
        let mut terms = Vec::with_capacity(operands.len());
        for operand in operands {
            terms.push(self.terms.get(operand).cloned().flatten()?);
        }
        if self.standing.contains_key(node) {
            return terms.into_iter().next().map(Rc::unwrap_or_clone);
        }
        let terms: Vec<&Term> = terms.iter().map(Rc::as_ref).collect();
        match (self.graph.operation(*node), terms.as_slice()) {
            (Operation::Constant(_), _) => Some(Term::constant(Rational::from_number(self.graph.as_constant(*node)?)?)),
            (Operation::Truth(value), _) => Some(Term::constant(Rational::from(i32::from(value)))),
            (Operation::Size(dim), _) => Some(self.opaque_term(Meaning::Size(dim))),
            (Operation::Iota, _) => Some(self.opaque_term(Meaning::Iota(labels[0]))),
            (Operation::Delta, _) => Some(self.delta(labels[0], labels[1])),
            (Operation::Input(_), _) => self.node_kernel(*node, labels.clone()),
            (Operation::Apply(operator), _) => self.apply(operator, &terms),
            (Operation::Sum(_), [body]) => {
                let closed = self.closed_labels(*node);
                closed.iter().try_fold((*body).clone(), |body, label| self.sum(&body, *label))
            }
            (Operation::Max(_), [body]) => {
                let closed = self.closed_labels(*node);
                self.maximum(body, &closed)
            }
            (Operation::Prod(_), [body]) => {
                let closed = self.closed_labels(*node);
                self.product_over(body, &closed)
            }
            _ => None,
        }
    }

    fn node_kernel(&mut self, node: NodeId, labels: Vec<Label>) -> Option<Term> {
        if self.graph.kind(node) == Kind::Truth {
            return Some(self.opaque_term(Meaning::Condition(node, labels)));
        }
        let labels = self.facts.symmetric(node, labels);
        let meaning = Meaning::Node(node, labels);
        self.stated(meaning)
    }

    /// A kernel, or what a fact says that it is.
    pub(crate) fn stated(&mut self, meaning: Meaning) -> Option<Term> {
        let kernel = self.kernels.intern(meaning);
        match self.fact_for(kernel) {
            Some(value) => value,
            None => Some(Term::kernel(kernel)),
        }
    }

    pub(crate) fn delta(&mut self, a: Label, b: Label) -> Term {
        if a == b {
            return Term::constant(Rational::ONE);
        }
        self.opaque_term(Meaning::Delta(a.min(b), a.max(b)))
    }

    /// Whether a kernel's square is a polynomial without it.
    fn is_root(&self, kernel: Kernel) -> bool {
        match self.kernels.meaning(kernel) {
            Meaning::Function(Operator::Sqrt | Operator::Abs, inner) => {
                inner.first().and_then(Term::as_polynomial).is_some()
            }
            _ => false,
        }
    }

    /// The reciprocal of a term that a root divides.
    fn rationalised(&mut self, term: &Term, root: Kernel) -> Option<Term> {
        let Meaning::Function(operator, inner) = self.kernels.meaning(root).clone() else { return None };
        let square = self.square(operator, inner.first()?)??;
        let rest = Term {
            numerator: term.numerator.times(&Polynomial::kernel(root, Rational::MINUS_ONE))?,
            denominator: term.denominator.clone(),
        };
        let inverse = self.reciprocal(&rest)?;
        let above = self.times(&inverse, &Term::kernel(root))?;
        self.over(&above, &Term::polynomial(square))
    }

    /// A quotient, reduced: factors that divide the numerator are gone.
    fn quotient(&mut self, numerator: Polynomial, denominator: BTreeMap<Polynomial, u32>) -> Option<Term> {
        let mut numerator = self.reduced(&numerator)?;
        if numerator.is_zero() {
            return Some(Term::constant(Rational::ZERO));
        }
        let mut left = BTreeMap::new();
        for (factor, power) in denominator {
            let mut power = power;
            while power > 0 {
                self.charge(numerator.len() * factor.len())?;
                let Some(quotient) = numerator.divided(&factor) else { break };
                numerator = quotient;
                power -= 1;
            }
            if power > 0 {
                left.insert(factor, power);
            }
        }
        Some(Term { numerator, denominator: left })
    }

    /// Whether a term is a product of factors, each as often as it takes, and a number.
    pub(crate) fn is_product_of(&mut self, mut term: Term, factors: &[Term]) -> bool {
        for factor in factors.iter().chain(factors).filter(|factor| factor.as_constant().is_none()) {
            while let Some(quotient) = self.over(&term, factor).filter(|quotient| quotient.is_simpler(&term)) {
                term = quotient;
            }
        }
        term.as_constant().is_some_and(|constant| !constant.is_zero())
    }

    /// Whether two terms are proven equal wherever both are defined.
    pub(crate) fn proves_equal(&mut self, a: &Term, b: &Term) -> bool {
        a == b
            || self
                .minus(a, b)
                .is_some_and(|difference| difference.is_zero() || self.is_zero_times_divisors(&difference))
    }

    /// Whether a term is zero times what it divides by: only there, a square may show that is known.
    fn is_zero_times_divisors(&mut self, term: &Term) -> bool {
        let mut below = term.numerator.content();
        below.retain(|(_, exponent)| exponent.is_negative());
        if below.is_empty() {
            return false;
        }
        let cleared = term.numerator.times_monomial(&inverse(&below));
        cleared.and_then(|cleared| self.reduced(&cleared)).is_some_and(|rest| rest.is_zero())
    }
}

impl Laws for Field<'_> {
    type Term = Term;

    const MOST_SPLIT: usize = usize::MAX;

    fn kernels(&mut self) -> &mut Kernels {
        &mut self.kernels
    }

    fn sum_of(&mut self, a: &Term, b: &Term) -> Option<Term> {
        self.charge(a.numerator.len() + b.numerator.len())?;
        if a.denominator == b.denominator {
            return self.quotient(a.numerator.plus(&b.numerator)?, a.denominator.clone());
        }
        let mut common = a.denominator.clone();
        for (factor, power) in &b.denominator {
            let entry = common.entry(factor.clone()).or_insert(0);
            *entry = (*entry).max(*power);
        }
        let (mut left, mut right) = (a.numerator.clone(), b.numerator.clone());
        for (factor, power) in &common {
            for (side, own) in [(&mut left, &a.denominator), (&mut right, &b.denominator)] {
                for _ in own.get(factor).copied().unwrap_or(0)..*power {
                    self.charge(side.len() * factor.len())?;
                    *side = side.times(factor)?;
                }
            }
        }
        self.quotient(left.plus(&right)?, common)
    }

    fn times(&mut self, a: &Term, b: &Term) -> Option<Term> {
        self.charge(a.numerator.len() * b.numerator.len())?;
        let mut denominator = a.denominator.clone();
        for (factor, power) in &b.denominator {
            *denominator.entry(factor.clone()).or_insert(0) += power;
        }
        self.quotient(a.numerator.times(&b.numerator)?, denominator)
    }

    fn scaled(&mut self, a: &Term, factor: Rational) -> Option<Term> {
        Some(Term { numerator: a.numerator.scaled(factor)?, denominator: a.denominator.clone() })
    }

    fn reciprocal(&mut self, term: &Term) -> Option<Term> {
        if term.is_zero() {
            return None;
        }
        let mut above = Polynomial::one();
        for (factor, power) in &term.denominator {
            above = above.times(&factor.power(*power)?)?;
        }
        let content = term.numerator.content();
        // 1/√a is √a/a: what a square is known of does not stay below.
        let root = content.iter().find(|(kernel, exponent)| *exponent == Rational::ONE && self.is_root(*kernel));
        if let Some((kernel, _)) = root {
            return self.rationalised(term, *kernel);
        }
        let outside = inverse(&content);
        let inside = term.numerator.times_monomial(&outside)?;
        let (_, leading) = inside.leading()?;
        let scale = leading.reciprocal()?;
        let above = above.times_monomial(&outside)?.scaled(scale)?;
        let mut denominator = BTreeMap::new();
        let mut inside = inside.scaled(scale)?;
        for factor in &self.factors {
            while let Some(quotient) = inside.divided(factor) {
                *denominator.entry(factor.clone()).or_insert(0) += 1;
                inside = quotient;
            }
        }
        if inside.as_constant() != Some(Rational::ONE) {
            if let Some((monomial, value)) = inside.as_monomial() {
                let above = above.times_monomial(&inverse(monomial))?.scaled(value.reciprocal()?)?;
                return self.quotient(above, denominator);
            }
            self.factors.push(inside.clone());
            *denominator.entry(inside).or_insert(0) += 1;
        }
        self.quotient(above, denominator)
    }

    fn factors(&mut self, a: &Term) -> Option<Factors> {
        let monomial = a.numerator.content();
        let scale = a.scale();
        let mut inside = a.numerator.times_monomial(&inverse(&monomial))?.scaled(scale.reciprocal()?)?;
        let mut polynomials = BTreeMap::new();
        if self.is_positive(&inside) {
            inside = self.split(inside, &mut polynomials);
        }
        let mut polynomials: Vec<(Polynomial, i32)> = polynomials.into_iter().collect();
        if inside.as_constant() != Some(Rational::ONE) {
            polynomials.push((inside, 1));
        }
        for (factor, power) in &a.denominator {
            polynomials.push((factor.clone(), i32::try_from(*power).ok()?.checked_neg()?));
        }
        Some(Factors { scale, monomial, polynomials })
    }

    fn product_of(&mut self, factors: Factors) -> Option<Term> {
        let mut result = Term::product(factors.monomial, factors.scale);
        for (polynomial, exponent) in factors.polynomials {
            let power = self.whole_power(&Term::polynomial(polynomial), exponent)?;
            result = self.times(&result, &power)?;
        }
        Some(result)
    }

    fn is_positive_node(&mut self, kernel: Kernel) -> bool {
        match self.kernels.meaning(kernel).clone() {
            Meaning::Closed(_, _, body) => self.is_positive_term(&body),
            Meaning::Node(node, _) => {
                let array = self.graph.as_access(node).map(|access| access.node);
                self.facts.is_positive(node) || array.is_some_and(|array| self.facts.is_positive(array))
            }
            _ => false,
        }
    }

    fn is_not_negative_node(&mut self, kernel: Kernel) -> bool {
        self.kernels.is_indicator(kernel)
    }

    fn root(&mut self, radicand: &Term) -> Option<Term> {
        if radicand.is_zero() {
            return Some(radicand.clone());
        }
        // √(a/b) = √(ab)/b where b is positive; so the radicand is a polynomial.
        if !radicand.denominator.is_empty() && radicand.denominator.keys().all(|factor| self.is_positive(factor)) {
            let mut below = Polynomial::one();
            for (factor, power) in &radicand.denominator {
                below = below.times(&factor.power(*power)?)?;
            }
            let product = Term::polynomial(radicand.numerator.times(&below)?);
            let root = self.root(&product)?;
            return self.over(&root, &Term::polynomial(below));
        }
        if let Some((monomial, coefficient)) = radicand.as_polynomial().and_then(Polynomial::as_monomial)
            && let Some(root) = coefficient.root()
            && let Some(power) = self.power_of_product(&monomial.clone(), Rational::new(1, 2)?)?
        {
            return self.scaled(&power, root);
        }
        if let Some((monomial, coefficient)) = radicand.as_polynomial().and_then(Polynomial::as_monomial)
            && let Some(power) = self.power_of_product(&monomial.clone(), Rational::new(1, 2)?)?
            && let Some((above, below)) = coefficient.to_fraction().filter(|(above, _)| *above > 0)
            && !(monomial.is_empty() && below == 1)
        {
            // √(p/q) is √(pq)/q: a number's root is one of a whole number.
            let whole = Term::constant(Rational::new(above.checked_mul(below)?, 1)?);
            let root = self.function(Operator::Sqrt, whole);
            let product = self.times(&root, &power)?;
            return self.scaled(&product, Rational::new(1, below)?);
        }
        Some(self.function(Operator::Sqrt, radicand.clone()))
    }

    fn fractional(&mut self, base: &Term, exponent: Rational) -> Option<Option<Term>> {
        match base.as_polynomial().and_then(Polynomial::as_monomial) {
            Some((product, Rational::ONE)) => self.power_of_product(&product.clone(), exponent),
            _ => Some(None),
        }
    }

    /// On the domain of a power with an exponent that varies, the logarithm exists or the exponent is whole.
    fn general_power(&mut self, base: &Term, exponent: &Term) -> Option<Term> {
        let log = self.logarithm(base)?;
        let product = self.times(exponent, &log)?;
        self.exponential(&product)
    }

    fn other(&mut self, operator: Operator, terms: &[&Term]) -> Option<Term> {
        self.condition(operator, terms)
    }
}

impl Field<'_> {
    /// Takes positive factors that were met before out of a polynomial.
    pub(crate) fn split(&mut self, polynomial: Polynomial, taken: &mut BTreeMap<Polynomial, i32>) -> Polynomial {
        let mut inside = polynomial;
        for factor in self.factors.clone() {
            if !self.is_positive(&factor) {
                continue;
            }
            while let Some(quotient) = inside.divided(&factor) {
                *taken.entry(factor.clone()).or_insert(0) += 1;
                inside = quotient;
            }
        }
        inside
    }
}
