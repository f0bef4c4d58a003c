//! Nodes for a term: the forms among which the most accurate one is chosen.
//!
//! In: a term `N/D`. Out: nodes that compute it. *Plain*: factor by factor, with functions that do not cancel where they fit
//! (`expm1`, `erfc`, `hypot`). *Dominated*: every sum of exponentials is divided by its largest one; where one exponent
//! δ tells which that is, there are two cases, δ > 0 and δ ≤ 0, and all that is left are powers of exp(-|δ|) ≤ 1.
//! *Shifted*: where only a maximum tells. *With one exponential*: a product as written, its exponentials collected.
//! *In units*: roots of sums of squares relative to the largest. *In terms*: weighted exponentials relative to the largest.
//! *Near one*: a sum of logarithms is the logarithm of one term R, which is log1p(R − 1), with R − 1 factored.

use std::hash::Hash;

use super::knowledge::Knowledge;
use crate::algebra::factored::{Algebra, Term};
use crate::algebra::hash::QuickMap;
use crate::algebra::kernel::{Meaning, Shape};
use crate::algebra::laws::Laws;
use crate::algebra::polynomial::{Kernel, Monomial, Polynomial, power};
use crate::algebra::rational::Rational;
use crate::graph::{Graph, NodeId};
use crate::operators::Operator;

mod dominated;
mod lengths;
mod pieces;
mod product;
mod relative;
mod shifted;
mod sums;
mod units;

use pieces::Pieces;

pub(super) struct Writer<'a> {
    pub(super) graph: &'a mut Graph,
    pub(super) algebra: &'a mut Algebra,
    pub(super) knowledge: &'a mut Knowledge,
    /// Whether a product is 0 where its exponential or a weight of it is: what stands beside it may overflow there.
    pub(super) guarded: bool,
    /// Whether factors are divided one by one.
    pub(super) paired: bool,
}

#[cfg(test)]
thread_local! {
    /// How many products were written, factor by factor.
    pub(super) static PRODUCTS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// What was written in one style: forms of one formula have most of their parts in common.
#[derive(Default)]
pub(super) struct Memory {
    terms: QuickMap<Term, Option<NodeId>>,
    polynomials: QuickMap<Polynomial, Option<NodeId>>,
    exponentials: QuickMap<Monomial, Option<NodeId>>,
    /// How much was known then.
    extent: usize,
}

impl Writer<'_> {
    /// What something is written as, looked up if that was asked before and nothing was learned since.
    fn once<K: Clone + Eq + Hash>(
        &mut self,
        key: &K,
        part: fn(&mut Memory) -> &mut QuickMap<K, Option<NodeId>>,
        write: fn(&mut Self, &K) -> Option<NodeId>,
    ) -> Option<NodeId> {
        if let Some(known) = part(self.memory()).get(key) {
            return *known;
        }
        let before = self.extent();
        let made = write(self, key);
        if self.extent() == before {
            part(self.memory()).insert(key.clone(), made);
        }
        made
    }

    fn extent(&self) -> usize {
        self.algebra.extent() + self.knowledge.extent()
    }

    fn memory(&mut self) -> &mut Memory {
        let extent = self.extent();
        let memory = &mut self.knowledge.memories[usize::from(self.guarded) + 2 * usize::from(self.paired)];
        if memory.extent != extent {
            *memory = Memory { extent, ..Memory::default() };
        }
        memory
    }

    /// Factor by factor.
    pub(super) fn plain(&mut self, term: &Term) -> Option<NodeId> {
        if let Some(number) = term.as_constant() {
            return self.rational(number);
        }
        if let Some(node) = self.algebra.written(term) {
            return Some(node);
        }
        if let Some(node) = self.algebra.written(&term.clone().negated()) {
            return self.apply(Operator::Negate, &[node]);
        }
        self.composed(term)
    }

    /// Factor by factor, even if the whole is written somewhere already.
    pub(super) fn composed(&mut self, term: &Term) -> Option<NodeId> {
        self.once(term, |memory| &mut memory.terms, Self::product_of)
    }

    fn product_of(&mut self, term: &Term) -> Option<NodeId> {
        #[cfg(test)]
        PRODUCTS.with(|count| count.set(count.get() + 1));
        let mut pieces = Pieces { paired: self.paired, ..Pieces::default() };
        let (exponent, rest) = self.split(&term.monomial);
        let (mut vanishing, mut weights) = (None, Vec::new());
        if !exponent.is_empty() {
            let node = self.exponential(&exponent)?;
            pieces.push(node, 1);
            let alone = |(polynomial, _): &(Polynomial, i32)| {
                polynomial.terms().all(|(monomial, _)| self.split(monomial).0.is_empty())
            };
            weights = if self.guarded { self.knowledge.weights(self.algebra, &rest) } else { weights };
            let alone = self.guarded && weights.is_empty() && term.factors.iter().all(alone);
            let alone = alone && self.is_dominated(&exponent, &rest, &term.factors);
            vanishing = Some(node).filter(|_| alone);
        }
        self.push_kernels(&rest, &mut pieces)?;
        let mut factors = term.factors.clone();
        let mut scale = term.scale;
        // -(x - 1) is 1 - x.
        let odd = |(polynomial, exponent): &&mut (Polynomial, i32)| exponent % 2 != 0 && !polynomial.has_one_sign();
        if !scale.is_positive()
            && let Some((polynomial, _)) = factors.iter_mut().find(odd)
        {
            *polynomial = polynomial.scaled(Rational::from(-1))?;
            scale = scale.negated();
        }
        for (polynomial, exponent) in &factors {
            let node = self.polynomial(polynomial)?;
            pieces.push(node, *exponent);
        }
        let product = self.assemble(scale, &pieces)?;
        // Whatever the exponential is there.
        if let Some(weight) = weights.first() {
            let zero = self.whole(0)?;
            let nothing = self.apply(Operator::Equal, &[*weight, zero])?;
            return self.apply(Operator::Select, &[nothing, zero, product]);
        }
        let Some(exponential) = vanishing.filter(|exponential| *exponential != product) else { return Some(product) };
        self.unless_vanished(exponential, product)
    }

    /// 0 where an exponential is: other factors may overflow.
    fn unless_vanished(&mut self, exponential: NodeId, product: NodeId) -> Option<NodeId> {
        let zero = self.whole(0)?;
        let vanished = self.apply(Operator::Equal, &[exponential, zero])?;
        self.apply(Operator::Select, &[vanished, zero, product])
    }

    /// Whether an exponential that vanishes takes other factors with it, as large as they may be: they are of what stands in
    /// its exponent alone, where algebra looks into all of it.
    fn is_dominated(&self, exponent: &Monomial, rest: &Monomial, factors: &[(Polynomial, i32)]) -> bool {
        let inside =
            |(kernel, _): &(Kernel, Rational)| self.algebra.kernels.exponent(*kernel).map_or(&[][..], Vec::as_slice);
        let of: Vec<Kernel> = exponent.iter().flat_map(inside).map(|(kernel, _)| *kernel).collect();
        let is_plain = |kernel: Kernel| {
            match (self.algebra.kernels.as_scalar(kernel), self.algebra.kernels.exponent(kernel)) {
                (Some(node), _) if self.graph.as_operator(node).is_none() => of.contains(&kernel),
                // Of the same direction: what it is of is in it.
                (_, Some(inner)) => inner.iter().all(|(kernel, _)| of.contains(kernel)),
                _ => self.is_number(kernel),
            }
        };
        let factors = factors.iter().flat_map(|(polynomial, _)| polynomial.kernels());
        rest.iter().map(|(kernel, _)| *kernel).chain(factors).all(is_plain)
    }

    /// Puts kernels among the pieces.
    fn push_kernels(&mut self, monomial: &Monomial, pieces: &mut Pieces) -> Option<()> {
        let mut signs = Vec::new();
        let monomial = &self.signs(monomial, &mut signs)?;
        // Roots of numbers are one root.
        let (mut above, mut below) = (Vec::new(), Vec::new());
        for (kernel, exponent) in monomial {
            if exponent.times(Rational::from(2)).is_some_and(|twice| twice.size() == Rational::ONE)
                && self.is_number(*kernel)
            {
                let node = self.kernel(*kernel)?;
                if exponent.is_positive() {
                    above.push((node, 1))
                } else {
                    below.push((node, 1))
                }
                continue;
            }
            pieces.paired |=
                self.algebra.kernels.argument(*kernel, Operator::Sqrt).is_some() && !exponent.is_positive();
            self.push_kernel(*kernel, *exponent, pieces)?;
        }
        signs.into_iter().for_each(|sign| pieces.push(sign, 1));
        if !above.is_empty() || !below.is_empty() {
            let inside = Pieces { above, below, paired: false };
            let inside = self.assemble(Rational::ONE, &inside)?;
            let root = self.apply(Operator::Sqrt, &[inside])?;
            pieces.push(root, 1);
        }
        Some(())
    }

    /// A number over its absolute value is its sign, and the reverse.
    fn signs(&mut self, monomial: &Monomial, signs: &mut Vec<NodeId>) -> Option<Monomial> {
        let mut rest = monomial.clone();
        for (kernel, exponent) in monomial {
            let Some(radicand) = self.algebra.kernels.argument(*kernel, Operator::Sqrt).cloned() else { continue };
            let ([(inner, power)], []) = (radicand.monomial.as_slice(), radicand.factors.as_slice()) else { continue };
            let index =
                rest.iter().position(|(other, own)| other == inner && own.is_positive() != exponent.is_positive());
            let (Some(index), true) = (index, *power == Rational::from(2) && radicand.scale == Rational::ONE) else {
                continue;
            };
            let node = self.kernel(*inner)?;
            let sign = self.apply(Operator::Sign, &[node])?;
            signs.push(sign);
            let step = Rational::from(if exponent.is_positive() { 1 } else { -1 });
            rest[index].1 = rest[index].1.plus(step)?;
            let own = rest.iter().position(|(other, _)| other == kernel)?;
            rest[own].1 = rest[own].1.plus(step.negated())?;
        }
        rest.retain(|(_, exponent)| !exponent.is_zero());
        Some(rest)
    }

    fn push_kernel(&mut self, kernel: Kernel, exponent: Rational, pieces: &mut Pieces) -> Option<()> {
        let node = self.kernel(kernel)?;
        let (above, below) = exponent.to_fraction()?;
        match below {
            1 => pieces.push(node, i32::try_from(above).ok()?),
            2 => {
                let root = self.apply(Operator::Sqrt, &[node])?;
                let (whole, half) = (above / 2, above % 2);
                pieces.push(node, i32::try_from(whole).ok()?);
                pieces.push(root, i32::try_from(half).ok()?);
            }
            _ => return None,
        }
        Some(())
    }

    fn is_number(&self, kernel: Kernel) -> bool {
        match self.algebra.kernels.meaning(kernel) {
            Meaning::Number(_) => true,
            Meaning::Node(node, _) => self.graph.as_operator(*node).is_some_and(|operator| operator.arity() == 0),
            _ => false,
        }
    }

    fn kernel(&mut self, kernel: Kernel) -> Option<NodeId> {
        match self.algebra.kernels.meaning(kernel).clone() {
            Meaning::Node(node, _) => Some(node),
            Meaning::Number(number) => self.rational(number),
            Meaning::Exponential(inner) => {
                let inner = self.plain(&Term::product(inner, Rational::ONE))?;
                self.apply(Operator::Exp, &[inner])
            }
            Meaning::Quotient(term) => self.plain(&term),
            Meaning::Function(operator, terms) => self.function(operator, terms.first()?),
            _ => None,
        }
    }

    fn function(&mut self, operator: Operator, term: &Term) -> Option<NodeId> {
        if operator == Operator::Sqrt {
            return self.root(term);
        }
        if let Some(rest) = self.above_one(term).filter(|_| operator == Operator::Log) {
            let rest = self.plain(&rest)?;
            return self.apply(Operator::Log1p, &[rest]);
        }
        let inner = self.plain(term)?;
        self.apply(operator, &[inner])
    }

    /// What a term is more than 1, if no part of that is negative.
    fn above_one(&mut self, term: &Term) -> Option<Term> {
        let ([(polynomial, 1)], true, true) =
            (term.factors.as_slice(), term.monomial.is_empty(), term.scale == Rational::ONE)
        else {
            return None;
        };
        let rest = polynomial.plus(&Polynomial::term(Monomial::new(), Rational::from(-1)))?;
        let less = rest.len() < polynomial.len() && self.algebra.is_not_negative(&rest);
        if less { self.algebra.collected(&rest) } else { None }
    }

    /// A sum of squares has a function that does not overflow.
    fn root(&mut self, term: &Term) -> Option<NodeId> {
        if let ([(kernel, exponent)], []) = (term.monomial.as_slice(), term.factors.as_slice())
            && *exponent == Rational::from(2)
            && term.scale == Rational::ONE
        {
            let inner = self.kernel(*kernel)?;
            return self.apply(Operator::Abs, &[inner]);
        }
        if let Some(length) = self.length(term) {
            return Some(length);
        }
        let inner = self.plain(term)?;
        self.apply(Operator::Sqrt, &[inner])
    }

    /// The root of a sum of squares.
    fn length(&mut self, term: &Term) -> Option<NodeId> {
        let polynomial = term.expanded().filter(|polynomial| polynomial.len() > 1)?;
        let squares = polynomial.terms().map(|(monomial, scale)| self.square_root(monomial, *scale));
        let squares = squares.collect::<Option<Vec<Term>>>()?;
        let mut length = self.plain(squares.first()?)?;
        for square in &squares[1..] {
            let next = self.plain(square)?;
            length = self.apply(Operator::Hypot, &[length, next])?;
        }
        Some(length)
    }

    /// What a term of even exponents is the square of, up to the sign.
    fn square_root(&self, monomial: &Monomial, scale: Rational) -> Option<Term> {
        let scale = scale.root().filter(|root| root.is_positive())?;
        if !monomial.iter().all(|(_, exponent)| exponent.is_even()) {
            return None;
        }
        Some(Term::product(power(monomial, Rational::new(1, 2)?)?, scale))
    }

    /// The exponentials of a product, and the rest.
    fn split(&self, monomial: &Monomial) -> (Monomial, Monomial) {
        monomial.iter().partition(|(kernel, _)| self.algebra.is_exponential(*kernel))
    }

    /// The exponent of a product of exponentials, as a term; differences to a maximum are computed first.
    fn argument(&mut self, exponentials: &[(Kernel, Rational)]) -> Option<Term> {
        let mut sum = Polynomial::default();
        for (kernel, exponent) in exponentials {
            let inner = self.algebra.kernels.exponent(*kernel)?.clone();
            sum = sum.plus(&Polynomial::term(inner, *exponent))?;
        }
        let paired = self.knowledge.paired(self.graph, self.algebra, &sum).unwrap_or(sum);
        self.algebra.collected(&paired)
    }

    /// A term with something else for every product in it.
    fn rewritten(
        &mut self,
        term: &Term,
        rewrite: &dyn Fn(&mut Self, &Monomial, Rational) -> Option<Term>,
    ) -> Option<Term> {
        let mut result = rewrite(self, &term.monomial, term.scale)?;
        for (polynomial, exponent) in &term.factors {
            let mut sum = Term::constant(Rational::ZERO);
            for (monomial, scale) in polynomial.terms() {
                let part = rewrite(self, monomial, *scale)?;
                sum = self.algebra.plus(&sum, &part)?;
            }
            let power = self.algebra.whole_power(&sum, *exponent)?;
            result = self.algebra.times(&result, &power)?;
        }
        Some(result)
    }

    /// A product with terms for some of its kernels.
    fn substituted(&mut self, monomial: &Monomial, scale: Rational, replaced: &[(Kernel, Term)]) -> Option<Term> {
        let find = |kernel: Kernel| replaced.iter().find(|(other, _)| *other == kernel);
        self.exchanged(monomial, scale, &|_, kernel| find(kernel).map(|(_, term)| term.clone()))
    }

    /// A product with what stands for some of its kernels, at whole powers.
    fn exchanged(
        &mut self,
        monomial: &Monomial,
        scale: Rational,
        instead: &dyn Fn(&mut Self, Kernel) -> Option<Term>,
    ) -> Option<Term> {
        let mut result = Term::constant(scale);
        for (kernel, exponent) in monomial {
            let term = exponent.to_integer().and_then(|whole| Some((instead(self, *kernel)?, whole)));
            let factor = match term {
                Some((term, whole)) => self.algebra.whole_power(&term, whole)?,
                None => Term::product(vec![(*kernel, *exponent)], Rational::ONE),
            };
            result = self.algebra.times(&result, &factor)?;
        }
        Some(result)
    }

    fn exponential(&mut self, exponentials: &Monomial) -> Option<NodeId> {
        self.once(exponentials, |memory| &mut memory.exponentials, Self::exponential_of)
    }

    fn exponential_of(&mut self, exponentials: &Monomial) -> Option<NodeId> {
        let argument = self.argument(exponentials)?;
        let argument = self.plain(&argument)?;
        self.apply(Operator::Exp, &[argument])
    }

    /// A sum of logarithms as `log1p(R − 1)`: that node, and R − 1.
    pub(super) fn near_one(&mut self, term: &Term) -> Option<(NodeId, NodeId)> {
        let sum = term.unscaled();
        let expanded = sum.expanded()?;
        let is_log = |kernel: Kernel| self.algebra.kernels.argument(kernel, Operator::Log).is_some();
        let alone = |monomial: &Monomial| matches!(monomial.as_slice(), [(kernel, exponent)] if is_log(*kernel) && *exponent == Rational::ONE);
        let inside = |monomial: &Monomial| monomial.iter().any(|(kernel, _)| is_log(*kernel));
        let logs = expanded.terms().filter(|(monomial, _)| inside(monomial));
        if !expanded.terms().any(|(monomial, _)| inside(monomial)) || !logs.clone().all(|(monomial, _)| alone(monomial))
        {
            return None;
        }
        let ratio = self.algebra.exponential(&sum)?;
        let difference = self.algebra.plus(&ratio, &Term::constant(Rational::from(-1)))?;
        if difference.is_zero() {
            return None;
        }
        let node = match self.dominated(&difference) {
            Some(node) => node,
            None => self.plain(&difference)?,
        };
        let log = self.apply(Operator::Log1p, &[node])?;
        Some((self.scaled(log, term.scale)?, node))
    }

    /// One form where R is near 1, another one elsewhere.
    pub(super) fn joined(&mut self, near: (NodeId, NodeId), far: NodeId) -> Option<NodeId> {
        let size = self.apply(Operator::Abs, &[near.1])?;
        let half = self.rational(Rational::new(1, 2)?)?;
        let condition = self.apply(Operator::Less, &[size, half])?;
        self.apply(Operator::Select, &[condition, near.0, far])
    }
}
