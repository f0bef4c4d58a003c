//! A value as a linear form: numbers times opaque values, plus a number. Exact.

use std::collections::BTreeMap;

use super::rational::Rational;
use crate::graph::{Axis, Graph, NodeId, Operation, Ref};
use crate::number::Number;
use crate::operators::Operator;

/// More steps than this, and a side is too long to be worth reading.
const MOST_STEPS: usize = 10_000;

/// A value along axes; without them, the value at position 0.
pub(crate) type Place = (NodeId, Vec<Axis>);

/// Numbers times values; none is zero.
pub(crate) type Terms = BTreeMap<Place, Rational>;

/// `Σ coefficient · value + constant`
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    pub(crate) terms: Terms,
    pub(crate) constant: Rational,
}

impl Linear {
    /// `left - right`; `None` where exact arithmetic overflows.
    pub(crate) fn difference(graph: &Graph, left: &Ref, right: &Ref) -> Option<Self> {
        let mut open = BTreeMap::new();
        add_to(&mut open, (left.node, left.axes.clone()), Rational::ONE)?;
        add_to(&mut open, (right.node, right.axes.clone()), Rational::ONE.negated())?;
        Self::opened(graph, open)
    }

    /// A value as it is computed; `None` where exact arithmetic overflows.
    pub(crate) fn of(graph: &Graph, value: &Ref) -> Option<Self> {
        Self::opened(graph, BTreeMap::from([((value.node, value.axes.clone()), Rational::ONE)]))
    }

    fn opened(graph: &Graph, mut open: Terms) -> Option<Self> {
        let mut linear = Self { terms: BTreeMap::new(), constant: Rational::ZERO };
        let mut steps = 0;
        // Operands have smaller ids: the largest open value is complete, so each is opened once.
        while let Some(((node, axes), coefficient)) = open.pop_last() {
            steps += 1;
            if coefficient.is_zero() {
                continue;
            }
            let operator = graph.as_operator(node).filter(|_| steps < MOST_STEPS);
            let operands = operator.map_or_else(Vec::new, |_| graph.operand_refs(node, &axes));
            let key = |operand: &Ref| (operand.node, operand.axes.clone());
            match (operator, operands.as_slice()) {
                (Some(Operator::Add), [a, b]) => {
                    add_to(&mut open, key(a), coefficient)?;
                    add_to(&mut open, key(b), coefficient)?;
                }
                (Some(Operator::Subtract), [a, b]) => {
                    add_to(&mut open, key(a), coefficient)?;
                    add_to(&mut open, key(b), coefficient.negated())?;
                }
                (Some(Operator::Negate), [a]) => add_to(&mut open, key(a), coefficient.negated())?,
                (Some(Operator::Multiply), [a, b]) if number(graph, a).is_some() => {
                    add_to(&mut open, key(b), coefficient.times(exact(number(graph, a)?)?)?)?;
                }
                (Some(Operator::Multiply), [a, b]) if number(graph, b).is_some() => {
                    add_to(&mut open, key(a), coefficient.times(exact(number(graph, b)?)?)?)?;
                }
                (Some(Operator::Divide), [a, b]) if number(graph, b).is_some_and(|divisor| !divisor.is_zero()) => {
                    add_to(&mut open, key(a), coefficient.times(exact(number(graph, b)?)?.reciprocal()?)?)?;
                }
                _ => match graph.as_constant(node) {
                    Some(value) => linear.constant = linear.constant.plus(coefficient.times(exact(value)?)?)?,
                    None => add_to(&mut linear.terms, (node, axes), coefficient)?,
                },
            }
        }
        Some(linear)
    }

    /// The only value of the form, its coefficient, and the constant.
    pub(crate) fn single(&self) -> Option<(Ref, Rational, Rational)> {
        let ((node, axes), coefficient) = self.terms.first_key_value().filter(|_| self.terms.len() == 1)?;
        Some((Ref { node: *node, axes: axes.clone() }, *coefficient, self.constant))
    }

    /// The form at position 0 of every axis, where a value is known by its node alone: what holds along axes holds there.
    pub(crate) fn at_origin(&self, graph: &Graph) -> Option<Self> {
        let mut terms = BTreeMap::new();
        for ((node, _), coefficient) in &self.terms {
            if graph.operation(*node) != Operation::Iota {
                add_to(&mut terms, (*node, Vec::new()), *coefficient)?;
            }
        }
        terms.retain(|_, coefficient| !coefficient.is_zero());
        Some(Self { terms, constant: self.constant })
    }

    /// The form where its values stand along the axes that `other` has them along; `None` if that does not say where all of
    /// them stand.
    pub(crate) fn aligned(&self, other: &Self) -> Option<Self> {
        let mut places: BTreeMap<Axis, Axis> = BTreeMap::new();
        for ((node, axes), (_, there)) in self
            .terms
            .keys()
            .flat_map(|own| other.terms.keys().filter(|there| there.0 == own.0).map(move |there| (own, there)))
        {
            debug_assert_eq!(axes.len(), there.len(), "uses of node {node:?}");
            for (axis, place) in axes.iter().zip(there) {
                if *places.entry(*axis).or_insert(*place) != *place {
                    return None;
                }
            }
        }
        let mut terms = BTreeMap::new();
        for ((node, axes), coefficient) in &self.terms {
            let axes = axes.iter().map(|axis| places.get(axis).copied()).collect::<Option<Vec<Axis>>>()?;
            add_to(&mut terms, (*node, axes), *coefficient)?;
        }
        terms.retain(|_, coefficient| !coefficient.is_zero());
        Some(Self { terms, constant: self.constant })
    }
}

fn number(graph: &Graph, value: &Ref) -> Option<Number> {
    graph.as_constant(value.node)
}

fn exact(number: Number) -> Option<Rational> {
    Rational::from_number(number)
}

/// Adds to an entry of a sum; `None` where exact arithmetic overflows.
pub(crate) fn add_to<K: Ord>(sum: &mut BTreeMap<K, Rational>, key: K, more: Rational) -> Option<()> {
    let entry = sum.entry(key).or_insert(Rational::ZERO);
    *entry = entry.plus(more)?;
    Some(())
}
