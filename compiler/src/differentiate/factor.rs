//! Kinks that a cotangent smooths.
//!
//! `abs` has no derivative at 0, but an even function of `abs(a)` has: it is that function of `a`. What flows back into
//! `abs(a)` then is odd, so `abs(a)` is a factor of it, and `abs(a)*sign(a)` is `a`, at 0 too and with its derivatives:
//! `-2*abs(a)*exp(-abs(a)**2)` times `sign(a)` is `-2*a*exp(-abs(a)**2)`. In the same way a root is smooth where its
//! square is: the cotangent `2*r` of `r = sqrt(s)` over `2*r` is 1. No rule knows what the functions are; a factor is found
//! on the way down through products, quotients, sums and odd operators.

use super::Sweeper;
use super::range::Reach;
use crate::graph::{Axis, GraphError, Operation, Ref};
use crate::number::Number;
use crate::operators::Operator;

/// How deep a factor is looked for.
const MOST_DEEP: usize = 24;
/// How many values are looked at.
const MOST_SEEN: usize = 64;

/// What a cotangent contributes to an operand where it smooths a kink: a product, and the terms that do not.
pub(super) struct Smooth {
    pub(super) value: Ref,
    pub(super) factor: Ref,
    pub(super) rest: Option<Ref>,
}

/// What a cotangent is multiplied by.
#[derive(Clone, Copy)]
enum By<'a> {
    /// `sign(a)`, which makes `a` of `abs(a)`.
    Sign(&'a Ref),
    /// The reciprocal of a root.
    Reciprocal,
}

/// A factor, and what stands in its place.
struct Exchange<'a> {
    out: &'a Ref,
    by: By<'a>,
    left: usize,
}

impl Sweeper<'_> {
    /// What a cotangent of `out` contributes to an operand, if the kink of `out` is smoothed by it or one of its two terms.
    pub(super) fn smooth(
        &mut self,
        operator: Operator,
        (operands, out): (&[Ref], &Ref),
        position: usize,
        value: &Ref,
    ) -> Result<Option<Smooth>, GraphError> {
        let (by, factor) = match operator {
            Operator::Abs => (By::Sign(&operands[0]), self.graph.constant(Number::ONE)?),
            Operator::Sqrt => {
                let (one, two) = (self.graph.constant(Number::ONE)?, self.graph.constant(Number::from(2))?);
                (By::Reciprocal, self.graph.apply(Operator::Divide, &[one, two])?)
            }
            Operator::Hypot => (By::Reciprocal, operands[position].clone()),
            _ => return Ok(None),
        };
        if let Some(value) = self.exchanged(value, out, by)? {
            return Ok(Some(Smooth { value, factor, rest: None }));
        }
        let Some(terms) = self.as_application(value, Operator::Add) else { return Ok(None) };
        let (left, right) = (&terms[0], &terms[1]);
        for (term, rest) in [(left, right), (right, left)] {
            if let Some(value) = self.exchanged(term, out, by)? {
                return Ok(Some(Smooth { value, factor, rest: Some(rest.clone()) }));
            }
        }
        Ok(None)
    }

    fn exchanged(&mut self, value: &Ref, out: &Ref, by: By) -> Result<Option<Ref>, GraphError> {
        // Where another factor is infinite, 0 is the convention.
        if self.ranges.reach(self.graph, value.node) == Reach::Singular {
            return Ok(None);
        }
        let mut exchange = Exchange { out, by, left: MOST_SEEN };
        self.exchange(value, &mut exchange, MOST_DEEP)
    }

    fn exchange(&mut self, value: &Ref, exchange: &mut Exchange, deep: usize) -> Result<Option<Ref>, GraphError> {
        if value == exchange.out {
            return match exchange.by {
                By::Sign(a) => Ok(Some(a.clone())),
                By::Reciprocal => self.graph.constant(Number::ONE).map(Some),
            };
        }
        if deep == 0 || exchange.left == 0 || value.node < exchange.out.node {
            return Ok(None);
        }
        exchange.left -= 1;
        match self.graph.operation(value.node) {
            Operation::Apply(operator) => {
                let operands = self.graph.operand_refs(value.node, &value.axes);
                self.exchange_in(operator, &operands, exchange, deep - 1)
            }
            Operation::Sum(_) => {
                let dims = self.graph.local_dims(value.node).split_off(value.axes.len());
                let closed: Vec<Axis> = dims.into_iter().map(|dim| self.graph.axis(dim, "")).collect();
                let labels = [&value.axes[..], &closed].concat();
                let Some(body) = self.graph.operand_refs(value.node, &labels).pop() else { return Ok(None) };
                match self.exchange(&body, exchange, deep - 1)? {
                    Some(body) => self.graph.sum(&closed, &body).map(Some),
                    None => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }

    fn exchange_in(
        &mut self,
        operator: Operator,
        operands: &[Ref],
        exchange: &mut Exchange,
        deep: usize,
    ) -> Result<Option<Ref>, GraphError> {
        match (operator, operands) {
            (Operator::Multiply, [a, b]) => {
                for (place, (factor, other)) in [(a, b), (b, a)].into_iter().enumerate() {
                    if let Some(factor) = self.exchange(factor, exchange, deep)? {
                        let product =
                            if place == 0 { self.product(&factor, other)? } else { self.product(other, &factor)? };
                        return Ok(Some(product));
                    }
                }
                Ok(None)
            }
            (Operator::Power, [base, exponent]) => self.exchange_in_power(base, exponent, exchange, deep),
            (Operator::Divide | Operator::Negate, [a, rest @ ..]) => match self.exchange(a, exchange, deep)? {
                Some(a) => self.graph.apply(operator, &[&[a], rest].concat()).map(Some),
                None => Ok(None),
            },
            (Operator::Add | Operator::Subtract, [a, b]) => self.exchange_both(operator, &[], [a, b], exchange, deep),
            (Operator::Select, [condition, a, b]) => {
                self.exchange_both(operator, std::slice::from_ref(condition), [a, b], exchange, deep)
            }
            (_, [a]) if operator.is_odd() => match (self.exchange(a, exchange, deep)?, exchange.by) {
                (Some(a), By::Sign(_)) => self.graph.apply(operator, &[a]).map(Some),
                (Some(quotient), By::Reciprocal) => self.odd_over(operator, a, &quotient, exchange.out).map(Some),
                (None, _) => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// `f(a)/out` for an odd f, where `quotient` is `a/out`: at 0 it is `f'(0)*quotient`, as `sin(r)/r` is 1.
    fn odd_over(&mut self, operator: Operator, a: &Ref, quotient: &Ref, out: &Ref) -> Result<Ref, GraphError> {
        let zero = self.graph.constant(Number::ZERO)?;
        let slope = self.partial_at(operator, &zero)?;
        let limit = self.product(quotient, &slope)?;
        let value = self.graph.apply(operator, std::slice::from_ref(a))?;
        let ratio = self.graph.apply(Operator::Divide, &[value, out.clone()])?;
        let condition = self.is_zero(out)?;
        self.graph.apply(Operator::Select, &[condition, limit, ratio])
    }

    /// In both terms or branches: 0 has any factor.
    fn exchange_both(
        &mut self,
        operator: Operator,
        first: &[Ref],
        terms: [&Ref; 2],
        exchange: &mut Exchange,
        deep: usize,
    ) -> Result<Option<Ref>, GraphError> {
        let mut operands = first.to_vec();
        for term in terms {
            let zero = self.graph.is_integer(term.node, 0);
            match if zero { Some(term.clone()) } else { self.exchange(term, exchange, deep)? } {
                Some(term) => operands.push(term),
                None => return Ok(None),
            }
        }
        self.graph.apply(operator, &operands).map(Some)
    }

    /// One of the factors of a whole power.
    fn exchange_in_power(
        &mut self,
        base: &Ref,
        exponent: &Ref,
        exchange: &mut Exchange,
        deep: usize,
    ) -> Result<Option<Ref>, GraphError> {
        let whole = self.graph.as_constant(exponent.node).and_then(Number::to_integer);
        let Some(whole) = whole.filter(|whole| *whole >= 2) else { return Ok(None) };
        let Some(one) = self.exchange(base, exchange, deep)? else { return Ok(None) };
        // sign(a)**3 is sign(a).
        if whole % 2 == 1 && matches!(exchange.by, By::Sign(_)) {
            return self.graph.apply(Operator::Power, &[one, exponent.clone()]).map(Some);
        }
        let mut others = base.clone();
        if whole > 2 {
            let fewer = self.graph.constant(Number::from(whole - 1))?;
            others = self.graph.apply(Operator::Power, &[others, fewer])?;
        }
        self.product(&one, &others).map(Some)
    }
}
