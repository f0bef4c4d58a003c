//! Canonical terms written out again: common factors in front, one quotient, sums collected where they run over the same
//! axes.
//!
//! A [`Plan`] is taken from a term first and put into the graph afterwards, for the field reads the graph.

use std::collections::HashMap;

use crate::algebra::digits::Digits;
use crate::algebra::kernel::{Closure, Label, Meaning, Shape};
use crate::algebra::laws::Laws;
use crate::algebra::polynomial::{Kernel, Monomial, Polynomial, inverse};
use crate::algebra::quotient::{Field, Term};
use crate::algebra::rational::Rational;
use crate::graph::{Axis, Dim, Graph, GraphError, NodeId, Ref};
use crate::number::Number;
use crate::operators::Operator;

/// A formula that is not in a graph yet.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Plan {
    Number(Number),
    Use(NodeId, Vec<Label>),
    Size(Dim),
    Iota(Label),
    Delta(Label, Label),
    Apply(Operator, Vec<Plan>),
    Closed(Closure, Vec<(Label, Dim)>, Box<Plan>),
}

/// A plan and whether its negative is meant.
type Signed = (bool, Plan);

/// Exponents with more digits are given up.
const MOST_DIGITS: usize = 3;
/// Deeper plans are given up.
const MOST_DEPTH: usize = 24;

pub(super) fn apply(operator: Operator, operands: impl Into<Vec<Plan>>) -> Plan {
    Plan::Apply(operator, operands.into())
}

impl Field<'_> {
    /// How a term is best written; `None` if it is too deep or has numbers that are too large.
    pub(super) fn plan(&mut self, term: &Term) -> Option<Plan> {
        let signed = self.plan_term(term, 0)?;
        Some(with_sign(signed))
    }

    fn plan_term(&mut self, term: &Term, depth: usize) -> Option<Signed> {
        let below: Vec<(Polynomial, u32)> = term.denominator.iter().map(|(f, power)| (f.clone(), *power)).collect();
        let content = term.numerator.content();
        let inside = term.numerator.times_monomial(&inverse(&content))?;
        let (scale, inside) = without_scale(&inside)?;
        let mut quotient = Quotient::default();
        let mut negative = quotient.scale(scale, &self.digits)?;
        self.factors(&content, &mut quotient, depth)?;
        if inside.as_constant() != Some(Rational::ONE) {
            // The scale of several terms is positive.
            let (sign, sum) = self.plan_sum(&inside, depth)?;
            negative = sign;
            quotient.above.push(sum);
        }
        for (factor, power) in below {
            // A sign in front goes into a difference: -(a/(b - c)) is a/(c - b). The leading coefficient is positive.
            let turned = negative && power % 2 == 1 && has_negative(&factor);
            let factor = if turned { factor.scaled(Rational::MINUS_ONE)? } else { factor };
            let plan = with_sign(self.plan_sum(&factor, depth)?);
            negative &= !turned;
            quotient.below.push(powered(plan, Rational::from(i32::try_from(power).ok()?))?);
        }
        Some((negative, quotient.plan()))
    }

    /// The kernels of a monomial, above and below.
    fn factors(&mut self, monomial: &Monomial, quotient: &mut Quotient, depth: usize) -> Option<()> {
        for (kernel, exponent) in monomial {
            let plan = self.plan_kernel(*kernel, depth + 1)?;
            if self.kernels.is_indicator(*kernel) {
                quotient.conditions.push(plan);
            } else if exponent.is_negative() {
                quotient.below.push(powered(plan, exponent.negated())?);
            } else {
                quotient.above.push(powered(plan, *exponent)?);
            }
        }
        // What is there comes first, functions and powers of it follow.
        quotient.above.sort_by_key(|plan| matches!(plan, Plan::Apply(..) | Plan::Closed(..)));
        Some(())
    }

    /// A sum of monomials: what most of them share stands in front of those.
    fn plan_sum(&mut self, polynomial: &Polynomial, depth: usize) -> Option<Signed> {
        if depth > MOST_DEPTH {
            return None;
        }
        if let Some((monomial, coefficient)) = polynomial.as_monomial() {
            let (monomial, mut quotient) = (monomial.clone(), Quotient::default());
            let negative = quotient.scale(coefficient, &self.digits)?;
            self.factors(&monomial, &mut quotient, depth)?;
            return Some((negative, quotient.plan()));
        }
        // `if c { a } else { b }` is b + c*(a - b) here: written so, a branch would be computed where it is not taken.
        if polynomial.kernels().any(|kernel| self.kernels.is_indicator(kernel)) {
            return None;
        }
        let mut parts = Vec::new();
        let mut rest = polynomial.clone();
        if let Some((collected, left)) = self.collected(polynomial, depth) {
            parts.push(collected);
            rest = left;
        }
        while let Some(kernel) = most_shared(&rest).filter(|_| rest.len() > 2) {
            let (with, without) = split(&rest, kernel)?;
            let part = self.plan_term(&Term::polynomial(with), depth + 1)?;
            parts.push(part);
            rest = without;
        }
        for (monomial, coefficient) in rest.in_reading_order() {
            let part = self.plan_sum(&Polynomial::term(monomial.clone(), *coefficient), depth + 1)?;
            parts.push(part);
        }
        // A positive term goes first.
        parts.sort_by_key(|(negative, _)| *negative);
        let mut parts = parts.into_iter();
        let (negative, mut sum) = parts.next()?;
        for (sign, part) in parts {
            let operator = if sign == negative { Operator::Add } else { Operator::Subtract };
            sum = apply(operator, [sum, part]);
        }
        Some((negative, sum))
    }

    /// Sums over the same axes with a common factor, as one sum: `a @ x + b @ x` is `(a + b) @ x`.
    fn collected(&mut self, polynomial: &Polynomial, depth: usize) -> Option<(Signed, Polynomial)> {
        let mut sums: Vec<(Monomial, Rational, Kernel)> = Vec::new();
        for (monomial, coefficient) in polynomial.in_reading_order() {
            let own: Vec<Kernel> = monomial
                .iter()
                .filter(|(kernel, exponent)| {
                    *exponent == Rational::ONE
                        && matches!(self.kernels.meaning(*kernel), Meaning::Closed(Closure::Sum, ..))
                })
                .map(|(kernel, _)| *kernel)
                .collect();
            if let [kernel] = own.as_slice() {
                sums.push((monomial.clone(), *coefficient, *kernel));
            }
        }
        let (_, _, first) = sums.first()?.clone();
        let Meaning::Closed(_, dims, _) = self.kernels.meaning(first).clone() else { return None };
        let labels: Vec<Label> = dims.iter().map(|dim| self.kernels.fresh(*dim)).collect();
        let mut together = Term::constant(Rational::ZERO);
        let mut rest = polynomial.clone();
        let mut shared: Option<Vec<Kernel>> = None;
        let mut count = 0;
        // What stands outside of the sums must be the same: inside, it would be multiplied position by position.
        let around = |monomial: &Monomial, kernel: Kernel| -> Monomial {
            monomial.iter().filter(|(other, _)| *other != kernel).copied().collect()
        };
        let outer = around(&sums.first()?.0, first);
        for (monomial, coefficient, kernel) in sums {
            if around(&monomial, kernel) != outer {
                continue;
            }
            let Some(body) = self.body_over(kernel, &dims, &labels) else { continue };
            let own: Vec<Kernel> = body.as_polynomial()?.as_monomial()?.0.iter().map(|(kernel, _)| *kernel).collect();
            let common: Vec<Kernel> = match &shared {
                Some(shared) => shared.iter().copied().filter(|kernel| own.contains(kernel)).collect(),
                None => own,
            };
            if common.is_empty() {
                continue;
            }
            shared = Some(common);
            let product = self.scaled(&body, coefficient)?;
            together = self.plus(&together, &product)?;
            rest.add(monomial, coefficient.negated())?;
            count += 1;
        }
        if count < 2 {
            return None;
        }
        let (negative, body) = self.plan_term(&together, depth + 1)?;
        let closed = labels.into_iter().zip(dims).collect();
        let mut quotient =
            Quotient { above: vec![Plan::Closed(Closure::Sum, closed, Box::new(body))], ..Quotient::default() };
        self.factors(&outer, &mut quotient, depth)?;
        Some(((negative, quotient.plan()), rest))
    }

    /// The body of a sum over these dimensions, its axes under the given labels.
    fn body_over(&mut self, kernel: Kernel, dims: &[Dim], labels: &[Label]) -> Option<Term> {
        let level = self.kernels.get(kernel).level;
        let Meaning::Closed(Closure::Sum, own, body) = self.kernels.meaning(kernel).clone() else { return None };
        if own != dims {
            return None;
        }
        let bound = |place: usize| Label::Bound(level, place as u8);
        let map: Vec<(Label, Label)> = labels.iter().enumerate().map(|(at, label)| (bound(at), *label)).collect();
        self.renamed(&body, &map)
    }

    /// Base and exponent of a power that varies: `exp(b*log(a))` is `a**b`, which is defined for whole powers of negative
    /// numbers too.
    fn as_power(&self, exponent: &Monomial) -> Option<(Term, Monomial)> {
        let log = |(kernel, power): &(Kernel, Rational)| match self.kernels.meaning(*kernel) {
            Meaning::Function(Operator::Log, base) if *power == Rational::ONE => base.first().cloned(),
            _ => None,
        };
        let (place, base) = exponent.iter().enumerate().find_map(|(place, factor)| Some((place, log(factor)?)))?;
        let mut rest = exponent.clone();
        rest.remove(place);
        (!rest.is_empty()).then_some((base, rest))
    }

    fn plan_kernel(&mut self, kernel: Kernel, depth: usize) -> Option<Plan> {
        if depth > MOST_DEPTH {
            return None;
        }
        Some(match self.kernels.meaning(kernel).clone() {
            Meaning::Node(node, labels) | Meaning::Condition(node, labels) => Plan::Use(node, labels),
            Meaning::Size(dim) => Plan::Size(dim),
            Meaning::Iota(label) => Plan::Iota(label),
            Meaning::Delta(a, b) => Plan::Delta(a, b),
            Meaning::Number(number) => Plan::Number(number.to_decimal()?),
            Meaning::Quotient(term) => with_sign(self.plan_term(&term, depth)?),
            // A condition that is written another way may answer NaN another way.
            Meaning::IsPositive(_) | Meaning::IsZero(_) => return None,
            Meaning::Exponential(monomial) => {
                if let Some((base, exponent)) = self.as_power(&monomial) {
                    let base = with_sign(self.plan_term(&base, depth)?);
                    let exponent = with_sign(self.plan_sum(&Polynomial::term(exponent, Rational::ONE), depth)?);
                    return Some(apply(Operator::Power, [base, exponent]));
                }
                let inner = self.plan_sum(&Polynomial::term(monomial, Rational::ONE), depth)?;
                apply(Operator::Exp, [with_sign(inner)])
            }
            Meaning::Function(operator, terms) => {
                let operands = terms.iter().map(|term| Some(with_sign(self.plan_term(term, depth)?)));
                Plan::Apply(operator, operands.collect::<Option<Vec<_>>>()?)
            }
            Meaning::Closed(closure, dims, body) => {
                let labels: Vec<Label> = dims.iter().map(|dim| self.kernels.fresh(*dim)).collect();
                let level = self.kernels.get(kernel).level;
                let bound = |place: usize| Label::Bound(level, place as u8);
                let map: Vec<(Label, Label)> =
                    labels.iter().enumerate().map(|(at, label)| (bound(at), *label)).collect();
                let body = self.renamed(&body, &map)?;
                let body = with_sign(self.plan_term(&body, depth)?);
                Plan::Closed(closure, labels.into_iter().zip(dims).collect(), Box::new(body))
            }
        })
    }
}

/// A product over a product, under conditions.
#[derive(Default)]
pub(super) struct Quotient {
    pub(super) above: Vec<Plan>,
    pub(super) below: Vec<Plan>,
    pub(super) conditions: Vec<Plan>,
    pub(super) factor: Option<Number>,
    pub(super) divisor: Option<Number>,
}

impl Quotient {
    /// Takes a number as a factor; whether it is negative. `None` if it is not to be written: see [`Digits`].
    pub(super) fn scale(&mut self, scale: Rational, digits: &Digits) -> Option<bool> {
        let (above, below) = digits.written(scale)?;
        let beside = |number: Number| Some(number).filter(|number| *number != Number::ONE);
        (self.factor, self.divisor) = (beside(above), beside(below));
        Some(scale.is_negative())
    }

    pub(super) fn plan(mut self) -> Plan {
        let product = |number: Option<Number>, plans: Vec<Plan>| {
            let numbers = number.map(Plan::Number);
            numbers.into_iter().chain(plans).reduce(|product, plan| apply(Operator::Multiply, [product, plan]))
        };
        // 5/3 in front of something is one number.
        if let (Some(factor), Some(divisor), [], [_, ..]) =
            (self.factor, self.divisor, &self.below[..], &self.above[..])
            && !is_power_of_two(divisor)
            && [factor, divisor].into_iter().all(|number| number.to_integer().is_some())
        {
            let quotient = apply(Operator::Divide, [Plan::Number(factor), Plan::Number(divisor)]);
            self.above.insert(0, quotient);
            (self.factor, self.divisor) = (None, None);
        }
        let above = product(self.factor, self.above).unwrap_or(Plan::Number(Number::ONE));
        let mut plan = match product(self.divisor, self.below) {
            Some(below) => apply(Operator::Divide, [above, below]),
            None => above,
        };
        for condition in self.conditions {
            plan = apply(Operator::Select, [condition, plan, Plan::Number(Number::ZERO)]);
        }
        plan
    }
}

fn is_power_of_two(number: Number) -> bool {
    number.to_integer().is_some_and(|whole| whole.count_ones() == 1)
}

/// A plan with its sign: that of a number in front, if there is one.
pub(super) fn with_sign((negative, plan): Signed) -> Plan {
    if !negative {
        return plan;
    }
    negated_in_front(plan).unwrap_or_else(|plan| apply(Operator::Negate, [plan]))
}

/// A plan with the number in front of it negated; the plan as it was if there is none.
fn negated_in_front(plan: Plan) -> Result<Plan, Plan> {
    match plan {
        Plan::Number(number) => Ok(Plan::Number(number.negated())),
        Plan::Apply(operator @ (Operator::Multiply | Operator::Divide), mut operands) => {
            let first = operands.remove(0);
            let (first, negated) = match negated_in_front(first) {
                Ok(first) => (first, true),
                Err(first) => (first, false),
            };
            operands.insert(0, first);
            let plan = Plan::Apply(operator, operands);
            if negated { Ok(plan) } else { Err(plan) }
        }
        other => Err(other),
    }
}

fn has_negative(polynomial: &Polynomial) -> bool {
    polynomial.terms().any(|(_, value)| value.is_negative())
}

/// A plan to a positive power.
fn powered(plan: Plan, exponent: Rational) -> Option<Plan> {
    if exponent == Rational::ONE {
        return Some(plan);
    }
    if let Some(whole) = exponent.to_integer() {
        return Some(apply(Operator::Power, [plan, Plan::Number(Number::from(i64::from(whole)))]));
    }
    let Some(twice) = exponent.times(Rational::from(2))?.to_integer() else {
        let (above, below) = exponent.written(MOST_DIGITS)?;
        let quotient = apply(Operator::Divide, [Plan::Number(above), Plan::Number(below)]);
        let decimal = exponent.to_decimal().map(Plan::Number);
        return Some(apply(Operator::Power, [plan, decimal.unwrap_or(quotient)]));
    };
    let root = apply(Operator::Sqrt, [plan]);
    Some(if twice == 1 { root } else { apply(Operator::Power, [root, Plan::Number(Number::from(i64::from(twice)))]) })
}

/// A number that divides every coefficient, with the sign of the first, and what is left.
fn without_scale(polynomial: &Polynomial) -> Option<(Rational, Polynomial)> {
    let mut coefficients = polynomial.terms().map(|(_, value)| *value);
    let first = coefficients.next()?;
    let size = |value: Rational| if value.is_negative() { value.negated() } else { value };
    if coefficients.all(|value| size(value) == size(first)) {
        let scale = if polynomial.len() == 1 { first } else { size(first) };
        return Some((scale, polynomial.scaled(scale.reciprocal()?)?));
    }
    Some((Rational::ONE, polynomial.clone()))
}

/// The kernel that most terms share, if two do but not all.
fn most_shared(polynomial: &Polynomial) -> Option<Kernel> {
    let mut counts: HashMap<Kernel, usize> = HashMap::new();
    for (monomial, _) in polynomial.terms() {
        for (kernel, exponent) in monomial {
            if exponent.is_positive() {
                *counts.entry(*kernel).or_insert(0) += 1;
            }
        }
    }
    let best = counts.into_iter().max_by_key(|(kernel, count)| (*count, std::cmp::Reverse(*kernel)))?;
    (best.1 > 1).then_some(best.0)
}

/// The terms with a kernel, and those without.
fn split(polynomial: &Polynomial, kernel: Kernel) -> Option<(Polynomial, Polynomial)> {
    let (mut with, mut without) = (Polynomial::default(), Polynomial::default());
    for (monomial, coefficient) in polynomial.terms() {
        let has = monomial.iter().any(|(other, exponent)| *other == kernel && exponent.is_positive());
        let part = if has { &mut with } else { &mut without };
        part.add(monomial.clone(), *coefficient)?;
    }
    Some((with, without))
}

/// Puts a plan into a graph.
///
/// A product or sum that the forward pass has the other way round is taken from there: it is the same to the bit.
pub(super) fn realise(
    graph: &mut Graph,
    plan: &Plan,
    axes: &mut HashMap<Label, Axis>,
    is_forward: &dyn Fn(NodeId) -> bool,
) -> Result<Ref, GraphError> {
    let axis = |label: &Label, axes: &HashMap<Label, Axis>| match label {
        Label::Free(axis) => Ok(*axis),
        other => axes.get(other).copied().ok_or(GraphError::Axis),
    };
    match plan {
        Plan::Number(number) => graph.constant(*number),
        Plan::Use(node, labels) => {
            let axes = labels.iter().map(|label| axis(label, axes)).collect::<Result<_, _>>()?;
            Ok(Ref { node: *node, axes })
        }
        Plan::Size(dim) => graph.size(*dim),
        Plan::Iota(label) => {
            let axis = axis(label, axes)?;
            graph.iota(axis)
        }
        Plan::Delta(a, b) => {
            let (a, b) = (axis(a, axes)?, axis(b, axes)?);
            graph.delta(a, b)
        }
        Plan::Apply(operator, operands) => {
            let operands = operands
                .iter()
                .map(|operand| realise(graph, operand, axes, is_forward))
                .collect::<Result<Vec<_>, _>>()?;
            if let (Operator::Multiply | Operator::Add, [a, b]) = (operator, operands.as_slice())
                && let Some(known) = graph.existing(*operator, [b, a]).filter(|known| is_forward(known.node))
            {
                return Ok(known);
            }
            graph.apply(*operator, &operands)
        }
        Plan::Closed(closure, labels, body) => {
            let closed: Vec<Axis> = labels.iter().map(|(_, dim)| graph.axis(*dim, "")).collect();
            axes.extend(labels.iter().map(|(label, _)| *label).zip(closed.iter().copied()));
            let body = realise(graph, body, axes, is_forward)?;
            match closure {
                Closure::Sum => graph.sum(&closed, &body),
                Closure::Max => graph.max(&closed, &body),
                Closure::Prod => graph.prod(&closed, &body),
            }
        }
    }
}
