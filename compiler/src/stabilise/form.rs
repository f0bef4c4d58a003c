//! Nodes for a term: the forms among which the most accurate one is chosen.
//!
//! In: a term `N/D`. Out: nodes that compute it. *Plain*: factor by factor, with kernels that do not cancel where they fit
//! (`expm1`, `erfc`, `hypot`). *Dominated*: every sum of exponentials is divided by its largest one; where one exponent
//! δ tells which that is, there are two cases, δ > 0 and δ ≤ 0, and all that is left are powers of exp(-|δ|) ≤ 1.
//! *Near one*: a sum of logarithms is the logarithm of one term R, which is log1p(R − 1), with R − 1 factored.

use super::algebra::{Algebra, Meaning, Term};
use super::polynomial::{Atom, Monomial, Polynomial, multiply, power};
use crate::graph::{Graph, NodeId, Ref};
use crate::number::{FloatType, Number};
use crate::operators::Operator;
use crate::simplify::rational::Rational;

pub(super) struct Writer<'a> {
    pub(super) graph: &'a mut Graph,
    pub(super) algebra: &'a mut Algebra,
    /// Whether a product is 0 where its exponential is: what stands beside it may overflow there.
    pub(super) guarded: bool,
    /// Whether factors are divided one by one.
    pub(super) paired: bool,
}

/// Factors of a product, with their exponents.
#[derive(Default)]
struct Pieces {
    above: Vec<(NodeId, u32)>,
    below: Vec<(NodeId, u32)>,
    /// Whether factors are divided one by one: their products may overflow where the quotient does not.
    paired: bool,
}

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

impl Pieces {
    fn push(&mut self, node: NodeId, exponent: i32) {
        let side = if exponent > 0 { &mut self.above } else { &mut self.below };
        match side.iter_mut().find(|(own, _)| *own == node) {
            Some((_, own)) => *own += exponent.unsigned_abs(),
            None if exponent != 0 => side.push((node, exponent.unsigned_abs())),
            None => {}
        }
    }
}

impl Writer<'_> {
    pub(super) fn apply(&mut self, operator: Operator, operands: &[NodeId]) -> Option<NodeId> {
        let operands: Vec<Ref> = operands.iter().map(|node| Ref { node: *node, axes: Vec::new() }).collect();
        self.graph.apply(operator, &operands).ok().map(|made| made.node)
    }

    pub(super) fn whole(&mut self, value: i128) -> Option<NodeId> {
        self.graph.constant(Number::new(value, 0)).ok().map(|made| made.node)
    }

    fn rational(&mut self, value: Rational) -> Option<NodeId> {
        let (above, below) = value.parts();
        let above = self.whole(above)?;
        if below == 1 {
            return Some(above);
        }
        let below = self.whole(below)?;
        self.apply(Operator::Divide, &[above, below])
    }

    fn scaled(&mut self, node: NodeId, scale: Rational) -> Option<NodeId> {
        let (above, below) = scale.parts();
        let mut node = match above {
            1 => node,
            -1 => self.apply(Operator::Negate, &[node])?,
            _ => {
                let factor = self.whole(above)?;
                self.apply(Operator::Multiply, &[factor, node])?
            }
        };
        if below != 1 {
            let below = self.whole(below)?;
            node = self.apply(Operator::Divide, &[node, below])?;
        }
        Some(node)
    }

    fn power(&mut self, base: NodeId, exponent: u32) -> Option<NodeId> {
        if exponent == 1 {
            return Some(base);
        }
        let exponent = self.whole(i128::from(exponent))?;
        self.apply(Operator::Power, &[base, exponent])
    }

    fn product(&mut self, factors: &[(NodeId, u32)]) -> Option<Option<NodeId>> {
        let mut result = None;
        for (node, exponent) in factors {
            let factor = self.power(*node, *exponent)?;
            result = Some(match result {
                Some(before) => self.apply(Operator::Multiply, &[before, factor])?,
                None => factor,
            });
        }
        Some(result)
    }

    fn assemble(&mut self, scale: Rational, pieces: &Pieces) -> Option<NodeId> {
        if pieces.paired {
            return self.assemble_paired(scale, pieces);
        }
        // A number below 1 goes to the first factor: the product may overflow before it.
        let (mut scale, mut factors) = (scale, pieces.above.clone());
        if let Some((first, exponent)) = factors.first_mut()
            && scale.parts().0.abs() < scale.parts().1
        {
            let node = self.power(*first, *exponent)?;
            (*first, *exponent, scale) = (self.scaled(node, scale)?, 1, Rational::ONE);
        }
        let (above, below) = (self.product(&factors)?, self.product(&pieces.below)?);
        let above = match above {
            Some(above) => self.scaled(above, scale)?,
            None => self.rational(scale)?,
        };
        match below {
            Some(below) => self.apply(Operator::Divide, &[above, below]),
            None => Some(above),
        }
    }

    fn assemble_paired(&mut self, scale: Rational, pieces: &Pieces) -> Option<NodeId> {
        let each = |side: &[(NodeId, u32)]| -> Vec<NodeId> {
            side.iter().flat_map(|(node, exponent)| vec![*node; *exponent as usize]).collect()
        };
        let (above, below) = (each(&pieces.above), each(&pieces.below));
        let mut result: Option<NodeId> = None;
        for (place, above) in above.iter().enumerate() {
            let factor = match below.get(place) {
                Some(below) => self.apply(Operator::Divide, &[*above, *below])?,
                None => *above,
            };
            result = Some(match result {
                Some(before) => self.apply(Operator::Multiply, &[before, factor])?,
                None => factor,
            });
        }
        let mut result = match result {
            Some(result) => self.scaled(result, scale)?,
            None => self.rational(scale)?,
        };
        for divisor in below.iter().skip(above.len()) {
            result = self.apply(Operator::Divide, &[result, *divisor])?;
        }
        Some(result)
    }

    /// The sum of nodes with coefficients, a positive one first.
    fn sum(&mut self, mut parts: Vec<(Rational, NodeId)>) -> Option<NodeId> {
        if let Some(first) = parts.iter().position(|(scale, _)| scale.is_positive()) {
            parts[..=first].rotate_right(1);
        }
        let mut result: Option<NodeId> = None;
        for (scale, node) in parts {
            result = Some(match result {
                None => self.scaled(node, scale)?,
                Some(before) if scale.is_positive() => {
                    let part = self.scaled(node, scale)?;
                    self.apply(Operator::Add, &[before, part])?
                }
                Some(before) => {
                    let part = self.scaled(node, scale.negated())?;
                    self.apply(Operator::Subtract, &[before, part])?
                }
            });
        }
        result
    }

    /// Factor by factor.
    pub(super) fn plain(&mut self, term: &Term) -> Option<NodeId> {
        if let Some(number) = term.as_number() {
            return self.rational(number);
        }
        if let Some(node) = self.algebra.written(term) {
            return Some(node);
        }
        if let Some(node) = self.algebra.written(&term.clone().negated()) {
            return self.apply(Operator::Negate, &[node]);
        }
        let mut pieces = Pieces { paired: self.paired, ..Pieces::default() };
        let (exponent, rest) = self.split(&term.monomial);
        let mut vanishing = None;
        if !exponent.is_empty() {
            let node = self.exponential(&exponent)?;
            pieces.push(node, 1);
            let alone = |(polynomial, _): &(Polynomial, i32)| {
                polynomial.terms.iter().all(|(monomial, _)| self.split(monomial).0.is_empty())
            };
            vanishing = Some(node).filter(|_| self.guarded && term.factors.iter().all(alone));
        }
        let mut factors = self.push_atoms(&rest, &term.factors, &mut pieces)?;
        let mut scale = term.scale;
        // -(x - 1) is 1 - x.
        let odd = |(polynomial, exponent): &&mut (Polynomial, i32)| exponent % 2 != 0 && !polynomial.has_one_sign();
        if !scale.is_positive()
            && let Some((polynomial, _)) = factors.iter_mut().find(odd)
        {
            *polynomial = polynomial.times_term(&Monomial::new(), Rational::from(-1))?;
            scale = scale.negated();
        }
        for (polynomial, exponent) in &factors {
            let node = self.polynomial(polynomial)?;
            pieces.push(node, *exponent);
        }
        let product = self.assemble(scale, &pieces)?;
        let Some(exponential) = vanishing.filter(|exponential| *exponential != product) else { return Some(product) };
        let zero = self.whole(0)?;
        let vanished = self.apply(Operator::Equal, &[exponential, zero])?;
        self.apply(Operator::Select, &[vanished, zero, product])
    }

    /// Puts atoms among the pieces; gives the factors that remain. A root takes the powers of its radicand along.
    fn push_atoms(
        &mut self,
        monomial: &Monomial,
        factors: &[(Polynomial, i32)],
        pieces: &mut Pieces,
    ) -> Option<Vec<(Polynomial, i32)>> {
        let mut factors = factors.to_vec();
        let mut signs = Vec::new();
        let monomial = &self.signs(monomial, &mut signs)?;
        // Roots of numbers are one root.
        let (mut above, mut below) = (Vec::new(), Vec::new());
        for (atom, exponent) in monomial {
            let mut exponent = *exponent;
            if exponent.parts().1 == 2 && exponent.parts().0.abs() == 1 && self.is_number(*atom) {
                let node = self.atom(*atom)?;
                if exponent.is_positive() {
                    above.push((node, 1))
                } else {
                    below.push((node, 1))
                }
                continue;
            }
            if let Meaning::Root(radicand) = self.algebra.meaning(*atom)
                && radicand.monomial.is_empty()
                && let [(radicand, 1)] = radicand.factors.as_slice()
                && let Some(place) =
                    factors.iter().position(|(factor, own)| factor == radicand && (*own > 0) == exponent.is_positive())
            {
                exponent = exponent.plus(Rational::from(2 * factors[place].1))?;
                factors.remove(place);
            }
            pieces.paired |= matches!(self.algebra.meaning(*atom), Meaning::Root(_)) && !exponent.is_positive();
            self.push_atom(*atom, exponent, pieces)?;
        }
        signs.into_iter().for_each(|sign| pieces.push(sign, 1));
        if !above.is_empty() || !below.is_empty() {
            let inside = Pieces { above, below, paired: false };
            let inside = self.assemble(Rational::ONE, &inside)?;
            let root = self.apply(Operator::Sqrt, &[inside])?;
            pieces.push(root, 1);
        }
        Some(factors)
    }

    /// A number over its absolute value is its sign, and the reverse.
    fn signs(&mut self, monomial: &Monomial, signs: &mut Vec<NodeId>) -> Option<Monomial> {
        let mut rest = monomial.clone();
        for (atom, exponent) in monomial {
            let Meaning::Root(radicand) = self.algebra.meaning(*atom).clone() else { continue };
            let ([(inner, power)], []) = (radicand.monomial.as_slice(), radicand.factors.as_slice()) else { continue };
            let place =
                rest.iter().position(|(other, own)| other == inner && own.is_positive() != exponent.is_positive());
            let (Some(place), true) = (place, *power == Rational::from(2) && radicand.scale == Rational::ONE) else {
                continue;
            };
            let node = self.atom(*inner)?;
            let sign = self.apply(Operator::Sign, &[node])?;
            signs.push(sign);
            let step = Rational::from(if exponent.is_positive() { 1 } else { -1 });
            rest[place].1 = rest[place].1.plus(step)?;
            let own = rest.iter().position(|(other, _)| other == atom)?;
            rest[own].1 = rest[own].1.plus(step.negated())?;
        }
        rest.retain(|(_, exponent)| !exponent.is_zero());
        Some(rest)
    }

    fn push_atom(&mut self, atom: Atom, exponent: Rational, pieces: &mut Pieces) -> Option<()> {
        let node = self.atom(atom)?;
        let (above, below) = exponent.parts();
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

    fn is_number(&self, atom: Atom) -> bool {
        match self.algebra.meaning(atom) {
            Meaning::Number(_) => true,
            Meaning::Value(node) => self.graph.as_operator(*node).is_some_and(|operator| operator.arity() == 0),
            _ => false,
        }
    }

    fn atom(&mut self, atom: Atom) -> Option<NodeId> {
        match self.algebra.meaning(atom).clone() {
            Meaning::Value(node) => Some(node),
            Meaning::Number(number) => self.rational(number),
            Meaning::Exp(inner) => {
                let term = Term { monomial: inner, ..Term::number(Rational::ONE) };
                let inner = self.plain(&term)?;
                self.apply(Operator::Exp, &[inner])
            }
            Meaning::Quotient(term) => self.plain(&term),
            Meaning::Log(term) => {
                if let Some(rest) = self.above_one(&term) {
                    let rest = self.plain(&rest)?;
                    return self.apply(Operator::Log1p, &[rest]);
                }
                let inner = self.plain(&term)?;
                self.apply(Operator::Log, &[inner])
            }
            Meaning::Erf(term) => {
                let inner = self.plain(&term)?;
                self.apply(Operator::Erf, &[inner])
            }
            Meaning::Root(term) => self.root(&term),
        }
    }

    /// What a term is more than 1, if no part of that is negative.
    fn above_one(&mut self, term: &Term) -> Option<Term> {
        let ([(polynomial, 1)], true, true) =
            (term.factors.as_slice(), term.monomial.is_empty(), term.scale == Rational::ONE)
        else {
            return None;
        };
        let rest = polynomial.plus(&Polynomial::term(Monomial::new(), Rational::from(-1)))?;
        let less = rest.terms.len() < polynomial.terms.len() && self.algebra.is_not_negative(&rest);
        if less { self.algebra.collected(&rest) } else { None }
    }

    /// A sum of squares has a kernel that does not overflow.
    fn root(&mut self, term: &Term) -> Option<NodeId> {
        if let ([(atom, exponent)], []) = (term.monomial.as_slice(), term.factors.as_slice())
            && *exponent == Rational::from(2)
            && term.scale == Rational::ONE
        {
            let inner = self.atom(*atom)?;
            return self.apply(Operator::Abs, &[inner]);
        }
        let squares = term.expanded().and_then(|polynomial| {
            polynomial
                .terms
                .iter()
                .map(|(monomial, scale)| self.square_root(monomial, *scale))
                .collect::<Option<Vec<_>>>()
        });
        if let Some(squares) = squares.filter(|squares| squares.len() > 1) {
            let mut nodes = Vec::new();
            for square in &squares {
                nodes.push(self.plain(square)?);
            }
            let first = nodes[0];
            return nodes[1..].iter().try_fold(first, |length, next| self.apply(Operator::Hypot, &[length, *next]));
        }
        let inner = self.plain(term)?;
        self.apply(Operator::Sqrt, &[inner])
    }

    /// What a term of even exponents is the square of, up to the sign.
    fn square_root(&self, monomial: &Monomial, scale: Rational) -> Option<Term> {
        let (above, below) = scale.parts();
        let exact = |value: i128| {
            let root = (value as f64).sqrt().round() as i128;
            (value > 0 && root * root == value).then_some(root)
        };
        let scale = Rational::new(exact(above)?, exact(below)?)?;
        let even = |exponent: &Rational| exponent.to_integer().is_some_and(|whole| whole % 2 == 0);
        if !monomial.iter().all(|(_, exponent)| even(exponent)) {
            return None;
        }
        Some(Term { scale, monomial: power(monomial, Rational::new(1, 2)?)?, factors: Vec::new() })
    }

    /// The exponentials of a product, and the rest.
    fn split(&self, monomial: &Monomial) -> (Monomial, Monomial) {
        monomial.iter().partition(|(atom, _)| self.algebra.is_exp(*atom))
    }

    /// The exponent of a product of exponentials, as a term.
    pub(super) fn argument(&mut self, exponentials: &[(Atom, Rational)]) -> Option<Term> {
        let mut sum = Term::number(Rational::ZERO);
        if let Some(paired) = self.paired_argument(exponentials) {
            for (monomial, scale) in &paired.terms {
                let term = Term { scale: *scale, monomial: monomial.clone(), factors: Vec::new() };
                sum = self.algebra.plus(&sum, &term)?;
            }
            return Some(sum);
        }
        for (atom, exponent) in exponentials {
            let Meaning::Exp(inner) = self.algebra.meaning(*atom).clone() else { return None };
            let term = Term { scale: *exponent, monomial: inner, factors: Vec::new() };
            sum = self.algebra.plus(&sum, &term)?;
        }
        Some(sum)
    }

    /// An exponent that holds a difference to a maximum.
    fn paired_argument(&mut self, exponentials: &[(Atom, Rational)]) -> Option<Polynomial> {
        let mut sum = Polynomial::default();
        for (atom, exponent) in exponentials {
            let Meaning::Exp(inner) = self.algebra.meaning(*atom).clone() else { return None };
            sum = sum.plus(&Polynomial::term(inner, *exponent))?;
        }
        let paired = self.algebra.paired(self.graph, &sum)?;
        (paired != sum).then_some(paired)
    }

    pub(super) fn exponential(&mut self, exponentials: &[(Atom, Rational)]) -> Option<NodeId> {
        let argument = self.argument(exponentials)?;
        let argument = self.plain(&argument)?;
        self.apply(Operator::Exp, &[argument])
    }

    fn polynomial(&mut self, polynomial: &Polynomial) -> Option<NodeId> {
        let term = self.algebra.collected(polynomial)?;
        if let Some(node) = self.algebra.written(&term) {
            return Some(node);
        }
        let paired = self.algebra.paired(self.graph, polynomial)?;
        if paired != *polynomial {
            return self.polynomial(&paired);
        }
        if let Some(simpler) = self.complementary(polynomial) {
            let term = self.algebra.collected(&simpler)?;
            return self.plain(&term);
        }
        if !polynomial.has_one_sign() {
            if let Some(node) = self.differences(polynomial) {
                return Some(node);
            }
            if let Some(node) = self.collected(polynomial) {
                return Some(node);
            }
        }
        let mut parts = Vec::new();
        for (monomial, scale) in &polynomial.terms {
            let term = Term { monomial: monomial.clone(), ..Term::number(Rational::ONE) };
            let node = self.plain(&term)?;
            parts.push((*scale, node));
        }
        self.sum(parts)
    }

    /// `q + q·erf(v)` is `q·erfc(-v)`, and `q − q·erf(v)` is `q·erfc(v)`.
    fn complementary(&mut self, polynomial: &Polynomial) -> Option<Polynomial> {
        let is_erf = |(atom, exponent): &&(Atom, Rational)| {
            *exponent == Rational::ONE && matches!(self.algebra.meaning(*atom), Meaning::Erf(_))
        };
        let (atom, _) = *polynomial.terms.iter().flat_map(|(monomial, _)| monomial).find(is_erf)?;
        let Meaning::Erf(argument) = self.algebra.meaning(atom).clone() else { return None };
        let with = |(monomial, _): &&(Monomial, Rational)| monomial.iter().any(|(other, _)| *other == atom);
        let held: Vec<(Monomial, Rational)> = polynomial.terms.iter().filter(with).cloned().collect();
        let mut coefficient = Polynomial::default();
        for (monomial, scale) in &held {
            let rest: Monomial = monomial.iter().filter(|(other, _)| *other != atom).copied().collect();
            coefficient = coefficient.plus(&Polynomial::term(rest, *scale))?;
        }
        for sign in [1, -1] {
            // polynomial = ±q·(1 ± erf) + rest, with fewer terms than before
            let taken = coefficient.times_term(&Monomial::new(), Rational::from(-sign))?;
            let mut rest = polynomial.plus(&taken)?;
            rest.terms.retain(|(monomial, _)| !monomial.iter().any(|(other, _)| *other == atom));
            if rest.terms.len() + coefficient.terms.len() >= polynomial.terms.len() {
                continue;
            }
            let argument = if sign == 1 { argument.clone().negated() } else { argument.clone() };
            let argument = self.plain(&argument)?;
            let kernel = self.apply(Operator::Erfc, &[argument])?;
            let kernel = self.algebra.atom(Meaning::Value(kernel));
            let product = coefficient.times_term(&vec![(kernel, Rational::ONE)], Rational::from(sign))?;
            return rest.plus(&product);
        }
        None
    }

    /// Differences of exponentials through `expm1`.
    fn differences(&mut self, polynomial: &Polynomial) -> Option<NodeId> {
        let pure = |(monomial, _): &(Monomial, Rational)| self.split(monomial).1.is_empty();
        if !polynomial.terms.iter().all(pure) {
            return None;
        }
        let (mut rest, mut pieces) = (polynomial.clone(), Pieces::default());
        while let Some((quotient, high, low)) = Self::divided(&rest) {
            let inverse = power(&low, Rational::from(-1))?;
            let argument = self.argument(&multiply(&high, &inverse)?)?;
            let argument = self.plain(&argument)?;
            let difference = self.apply(Operator::Expm1, &[argument])?;
            pieces.push(difference, 1);
            rest = quotient.times_term(&low, Rational::ONE)?;
        }
        if pieces.above.is_empty() {
            return None;
        }
        let term = self.algebra.collected(&rest)?;
        let node = self.plain(&Term { scale: Rational::ONE, ..term.clone() })?;
        if term.unit().is_none() {
            pieces.push(node, 1);
        }
        self.assemble(term.scale, &pieces)
    }

    /// A polynomial as `(high − low) · quotient`, for two of its monomials.
    fn divided(polynomial: &Polynomial) -> Option<(Polynomial, Monomial, Monomial)> {
        for (place, (high, a)) in polynomial.terms.iter().enumerate().rev() {
            for (low, b) in polynomial.terms[..place].iter().filter(|(_, b)| a.is_positive() != b.is_positive()) {
                let _ = b;
                let inverse = power(low, Rational::from(-1))?;
                let steps = [multiply(high, &inverse)?];
                for ratio in steps {
                    let binomial = Polynomial::term(Monomial::new(), Rational::from(-1))
                        .plus(&Polynomial::term(ratio.clone(), Rational::ONE))?;
                    if let Some(quotient) = polynomial.over(&binomial) {
                        return Some((quotient, ratio, Monomial::new()));
                    }
                }
            }
        }
        None
    }

    /// Terms with one factor beside their exponentials are collected, so that differences of exponentials meet.
    fn collected(&mut self, polynomial: &Polynomial) -> Option<NodeId> {
        let mut groups: Vec<(Monomial, Polynomial)> = Vec::new();
        for (monomial, scale) in &polynomial.terms {
            let (exponent, rest) = self.split(monomial);
            let part = Polynomial::term(exponent, *scale);
            match groups.iter_mut().find(|(own, _)| *own == rest) {
                Some((_, own)) => *own = own.plus(&part)?,
                None => groups.push((rest, part)),
            }
        }
        if groups.len() < 2 || groups.iter().all(|(_, group)| group.terms.len() < 2) {
            return None;
        }
        let mut parts = Vec::new();
        for (rest, group) in groups {
            let inside = self.algebra.collected(&group)?;
            let outside = Term { monomial: rest, ..Term::number(Rational::ONE) };
            let term = self.algebra.times(&outside, &inside)?;
            let scale = term.scale;
            let node = self.plain(&Term { scale: Rational::ONE, ..term })?;
            parts.push((scale, node));
        }
        self.sum(parts)
    }
}

impl Term {
    /// The number that it is beside its scale, if it is one.
    fn unit(&self) -> Option<Rational> {
        Term { scale: Rational::ONE, ..self.clone() }.as_number()
    }
}

/// How a polynomial looks on one side: what is taken out, and coefficients of powers of exp(-|δ|).
struct Levels {
    outside: Monomial,
    levels: Vec<(i32, Polynomial)>,
}

impl Writer<'_> {
    /// Every sum of exponentials divided by its largest one.
    pub(super) fn dominated(&mut self, term: &Term) -> Option<NodeId> {
        let direction = self.direction(term)?;
        let argument = self.argument(&direction)?;
        if argument.as_number().is_some() {
            return None;
        }
        let delta = self.plain(&argument)?;
        let size = self.apply(Operator::Abs, &[delta])?;
        let minus = self.apply(Operator::Negate, &[size])?;
        let small = self.apply(Operator::Exp, &[minus])?;
        let complement = self.apply(Operator::Expm1, &[minus])?;
        let mut sides = Vec::new();
        let known = self.algebra.sign(&argument);
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
        let inside = term.factors.iter().flat_map(|(polynomial, _)| &polynomial.terms);
        for (atom, _) in inside.flat_map(|(monomial, _)| monomial).chain(&term.monomial) {
            if let Meaning::Log(inner) = self.algebra.meaning(*atom) {
                found.extend(inner.factors.iter().map(|(polynomial, _)| polynomial.clone()));
            }
        }
        found
    }

    /// The exponent, if there is only one, whose sign tells which exponentials are large.
    fn direction(&mut self, term: &Term) -> Option<Monomial> {
        let mut direction: Option<Monomial> = None;
        for polynomial in self.meeting(term) {
            let exponents: Vec<Monomial> =
                polynomial.terms.iter().map(|(monomial, _)| self.split(monomial).0).collect();
            let inverse = power(exponents.first()?, Rational::from(-1))?;
            for exponent in &exponents {
                let difference = multiply(exponent, &inverse)?;
                if difference.is_empty() {
                    continue;
                }
                direction = Some(match direction {
                    None => difference,
                    Some(known) => {
                        let (above, below) = multiple(&difference, &known)?.parts();
                        // The step is the largest that goes into both.
                        let step = Rational::new(1, below.max(1)).filter(|_| above != 0)?;
                        power(&known, step)?
                    }
                });
            }
        }
        let direction = direction?;
        let positive = direction.first().is_some_and(|(_, exponent)| exponent.is_positive());
        if positive { Some(direction) } else { power(&direction, Rational::from(-1)) }
    }

    fn levels(&self, polynomial: &Polynomial, side: &Side) -> Option<Levels> {
        let mut parts: Vec<(Rational, Polynomial)> = Vec::new();
        let first = self.split(&polynomial.terms.first()?.0).0;
        let inverse = power(&first, Rational::from(-1))?;
        for (monomial, scale) in &polynomial.terms {
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
        let term = self.without_logarithms(term, side)?;
        let mut pieces = Pieces::default();
        let (mut exponent, rest) = self.split(&term.monomial);
        let factors = self.push_atoms(&rest, &term.factors, &mut pieces)?;
        let mut scale = term.scale;
        for (polynomial, power_of) in &factors {
            let levels = self.levels(polynomial, side)?;
            exponent = multiply(&exponent, &power(&levels.outside, Rational::from(*power_of))?)?;
            self.push_levels(&levels.levels, *power_of, side, &mut scale, &mut pieces)?;
        }
        let step = if exponent.is_empty() { Some(Rational::ZERO) } else { multiple(&exponent, &side.direction) };
        let step = step.and_then(Rational::to_integer).map(|step| if side.positive { -step } else { step });
        match step {
            Some(0) => {}
            Some(step @ 1..=MOST_POWER) => pieces.above.insert(0, (side.small, step.unsigned_abs())),
            _ => {
                let node = self.exponential(&exponent)?;
                pieces.above.insert(0, (node, 1));
            }
        }
        self.assemble(scale, &pieces)
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
            for (monomial, value) in &part.terms {
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
            self.push_atoms(&monomial, &[], &mut own)?;
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

    /// Logarithms of sums of exponentials: the largest one comes out, as its exponent.
    fn without_logarithms(&mut self, term: &Term, side: &Side) -> Option<Term> {
        let mut result = self.replaced(&term.monomial, term.scale, side)?;
        for (polynomial, exponent) in &term.factors {
            let mut sum = Term::number(Rational::ZERO);
            for (monomial, scale) in &polynomial.terms {
                let part = self.replaced(monomial, *scale, side)?;
                sum = self.algebra.plus(&sum, &part)?;
            }
            let power = self.algebra.whole_power(&sum, *exponent)?;
            result = self.algebra.times(&result, &power)?;
        }
        Some(result)
    }

    fn replaced(&mut self, monomial: &Monomial, scale: Rational, side: &Side) -> Option<Term> {
        let mut result = Term::number(scale);
        for (atom, exponent) in monomial {
            let own = Term { monomial: vec![(*atom, *exponent)], ..Term::number(Rational::ONE) };
            let factor = match (self.algebra.meaning(*atom).clone(), exponent.to_integer()) {
                (Meaning::Log(inner), Some(whole)) => match self.logarithm(&inner, side) {
                    Some(term) => self.algebra.whole_power(&term, whole)?,
                    None => own,
                },
                _ => own,
            };
            result = self.algebra.times(&result, &factor)?;
        }
        Some(result)
    }

    fn logarithm(&mut self, inner: &Term, side: &Side) -> Option<Term> {
        let ([(polynomial, 1)], true) = (inner.factors.as_slice(), inner.monomial.is_empty()) else { return None };
        let Levels { outside, mut levels } = self.levels(polynomial, side)?;
        let leading = levels.first()?.1.as_constant().filter(|value| value.is_positive())?;
        if levels.len() < 2 {
            return None;
        }
        let inverse = leading.reciprocal()?;
        for (_, part) in &mut levels {
            *part = part.times_term(&Monomial::new(), inverse)?;
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
        let log = Term::atom(self.algebra.atom(Meaning::Value(log)));
        let exponent = self.argument(&outside)?;
        let mut result = self.algebra.plus(&exponent, &log)?;
        if leading != Rational::ONE {
            let number = Term::atom(self.algebra.atom(Meaning::Log(Term::number(leading))));
            result = self.algebra.plus(&result, &number)?;
        }
        Some(result)
    }

    /// Roots of sums of squares in units of the largest: what is far from 1 is one factor. Also, with another form where
    /// that unit is moderate.
    pub(super) fn in_units(&mut self, term: &Term, plain: Option<NodeId>) -> Vec<NodeId> {
        let Some((scaled, unit)) = self.scaled_roots(term) else { return Vec::new() };
        let Some(plain) = plain else { return vec![scaled] };
        let reach = if self.graph.float() == FloatType::F64 { 90 } else { 11 };
        let mut moderate = || {
            let low = self.graph.constant(Number::new(1, -reach)).ok()?.node;
            let high = self.graph.constant(Number::new(1, reach)).ok()?.node;
            let above = self.apply(Operator::Greater, &[unit, low])?;
            let below = self.apply(Operator::Less, &[unit, high])?;
            let moderate = self.apply(Operator::And, &[above, below])?;
            self.apply(Operator::Select, &[moderate, plain, scaled])
        };
        [Some(scaled), moderate()].into_iter().flatten().collect()
    }

    /// The form in units, and the unit.
    fn scaled_roots(&mut self, term: &Term) -> Option<(NodeId, NodeId)> {
        let inside = term.factors.iter().flat_map(|(polynomial, _)| &polynomial.terms);
        let mut atoms = term.monomial.iter().chain(inside.flat_map(|(monomial, _)| monomial));
        let (root, squares) = atoms.find_map(|(atom, _)| {
            let Meaning::Root(radicand) = self.algebra.meaning(*atom) else { return None };
            let polynomial = radicand.expanded()?;
            let squares = polynomial.terms.iter().map(|(monomial, scale)| {
                let square = self.square_root(monomial, *scale)?;
                match square.monomial.as_slice() {
                    [(atom, exponent)] if *exponent == Rational::ONE && square.scale == Rational::ONE => Some(*atom),
                    _ => None,
                }
            });
            let squares = squares.collect::<Option<Vec<Atom>>>()?;
            (squares.len() > 1).then_some((*atom, squares))
        })?;
        let mut unit = None;
        for atom in &squares {
            let node = self.atom(*atom)?;
            let size = self.apply(Operator::Abs, &[node])?;
            unit = Some(match unit {
                Some(unit) => self.apply(Operator::Maximum, &[unit, size])?,
                None => size,
            });
        }
        let unit = unit?;
        let unit_term = Term::atom(self.algebra.atom(Meaning::Value(unit)));
        let (mut replaced, mut length) = (Vec::new(), None);
        for atom in &squares {
            let node = self.atom(*atom)?;
            let part = self.apply(Operator::Divide, &[node, unit])?;
            length = Some(match length {
                Some(length) => self.apply(Operator::Hypot, &[length, part])?,
                None => part,
            });
            let part = Term::atom(self.algebra.atom(Meaning::Value(part)));
            replaced.push((*atom, self.algebra.times(&unit_term, &part)?));
        }
        let length = Term::atom(self.algebra.atom(Meaning::Value(length?)));
        replaced.push((root, self.algebra.times(&unit_term, &length)?));
        let square = self.algebra.times(&unit_term, &length)?;
        let square = self.algebra.whole_power(&square, 2)?;
        let mut result = self.with_lengths(term, root, &square, &replaced)?;
        // The unit comes last, unless factors are divided one by one.
        let (unit_atom, _) = *unit_term.monomial.first()?;
        let outside = result.monomial.iter().find(|(atom, _)| *atom == unit_atom).map(|(_, exponent)| *exponent);
        match outside.and_then(Rational::to_integer).filter(|_| !self.paired) {
            Some(exponent @ -4..=-1) => {
                result.monomial.retain(|(atom, _)| *atom != unit_atom);
                let mut node = self.plain(&result)?;
                for _ in exponent..0 {
                    node = self.apply(Operator::Divide, &[node, unit])?;
                }
                Some((node, unit))
            }
            _ => Some((self.plain(&result)?, unit)),
        }
    }

    /// A term with atoms replaced; the radicand as a factor is the length squared.
    fn with_lengths(&mut self, term: &Term, root: Atom, square: &Term, replaced: &[(Atom, Term)]) -> Option<Term> {
        let Meaning::Root(radicand) = self.algebra.meaning(root).clone() else { return None };
        let mut result = self.substituted(&term.monomial, term.scale, replaced)?;
        for (polynomial, exponent) in &term.factors {
            let is_radicand = radicand.monomial.is_empty() && radicand.factors == [(polynomial.clone(), 1)];
            let mut sum = if is_radicand { square.clone() } else { Term::number(Rational::ZERO) };
            for (monomial, scale) in polynomial.terms.iter().filter(|_| !is_radicand) {
                let part = self.substituted(monomial, *scale, replaced)?;
                sum = self.algebra.plus(&sum, &part)?;
            }
            let power = self.algebra.whole_power(&sum, *exponent)?;
            result = self.algebra.times(&result, &power)?;
        }
        Some(result)
    }

    fn substituted(&mut self, monomial: &Monomial, scale: Rational, replaced: &[(Atom, Term)]) -> Option<Term> {
        let mut result = Term::number(scale);
        for (atom, exponent) in monomial {
            let factor = match replaced.iter().find(|(other, _)| other == atom) {
                Some((_, term)) => self.algebra.whole_power(term, exponent.to_integer()?)?,
                None => Term { monomial: vec![(*atom, *exponent)], ..Term::number(Rational::ONE) },
            };
            result = self.algebra.times(&result, &factor)?;
        }
        Some(result)
    }

    /// A sum of logarithms as `log1p(R − 1)`: that node, and R − 1.
    pub(super) fn near_one(&mut self, term: &Term) -> Option<(NodeId, NodeId)> {
        let sum = Term { scale: Rational::ONE, ..term.clone() };
        let expanded = sum.expanded()?;
        let is_log = |atom: Atom| matches!(self.algebra.meaning(atom), Meaning::Log(_));
        let alone = |monomial: &Monomial| matches!(monomial.as_slice(), [(atom, exponent)] if is_log(*atom) && *exponent == Rational::ONE);
        let inside = |monomial: &Monomial| monomial.iter().any(|(atom, _)| is_log(*atom));
        let logs = expanded.terms.iter().filter(|(monomial, _)| inside(monomial));
        if !expanded.terms.iter().any(|(monomial, _)| inside(monomial))
            || !logs.clone().all(|(monomial, _)| alone(monomial))
        {
            return None;
        }
        let ratio = self.algebra.exponential(&sum)?;
        let difference = self.algebra.plus(&ratio, &Term::number(Rational::from(-1)))?;
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

/// How many times a product of exponentials is another one.
fn multiple(product: &Monomial, direction: &Monomial) -> Option<Rational> {
    let ((_, above), (_, below)) = (product.first()?, direction.first()?);
    let ratio = above.times(below.reciprocal()?)?;
    (power(direction, ratio)? == *product).then_some(ratio)
}
