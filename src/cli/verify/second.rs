//! Steps that differentiate. The chain rule's second derivative is a large formula; what stands for it is the derivative of
//! the gradient's closed form. Such a step is right because earlier steps lead to that closed form ([`replay`](super::replay)),
//! so both have the same derivatives, and because it is that derivative: the closed form's own nodes are computed with
//! numbers that move in a random direction, which is another way to it than any formula of the certificate.

use std::collections::HashMap;

use super::check::Place;
use super::compare::{at, differ};
use super::evaluate::{evaluate, nodes_along};
use super::forward::weighted;
use super::nodes::{Formula, Nodes};
use super::problem::{Direction, Problem};
use super::real::Real;
use super::sample::Random;
use super::tensor::Outcome;
use super::value::Value;
use crate::cli::certificate::{Derivative, Differentiated, Size, Step};

/// A gradient and a Hessian that is its derivative by an input.
pub struct Second<'a> {
    pub gradient: &'a Derivative,
    pub hessian: &'a Derivative,
    /// The input that the gradient is differentiated by.
    pub by: &'a str,
    /// Whether the axes of that input are the Hessian's first ones.
    by_first: bool,
}

impl<'a> Second<'a> {
    /// Finds both among all derivatives.
    ///
    /// # Errors
    /// That there are no such ones.
    pub fn new(derivatives: &'a [Derivative], what: Differentiated) -> Outcome<Self> {
        let of = |number: u64, kind: &str| {
            let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
            let entry = place.and_then(|place| derivatives.get(place)).filter(|entry| entry.kind == kind);
            entry.ok_or_else(|| format!("derivative {number} is no {kind}"))
        };
        let (gradient, hessian) = (of(what.gradient, "gradient")?, of(what.hessian, "hessian")?);
        let failed = || format!("derivative {} is not one of derivative {}", what.hessian, what.gradient);
        let ([first], [row, column]) = (gradient.wrt.as_slice(), hessian.wrt.as_slice()) else { return Err(failed()) };
        let ranks = (gradient.indices.len(), gradient.shape.len(), hessian.indices.len(), hessian.shape.len());
        let fits = ranks.0 == ranks.1 && ranks.2 == ranks.3 && ranks.0 <= ranks.2;
        let by = match (first == row, first == column) {
            (true, _) => column,
            (false, true) => row,
            _ => return Err(failed()),
        };
        if gradient.of != hessian.of || !fits {
            return Err(failed());
        }
        Ok(Self { gradient, hessian, by, by_first: first != row })
    }

    /// Something of the Hessian, one for each axis: those of the gradient first.
    fn ordered<T: Clone>(&self, all: &[T]) -> Vec<T> {
        let own = self.gradient.indices.len();
        let (first, last) = all.split_at(if self.by_first { all.len() - own } else { own });
        if self.by_first { [last, first].concat() } else { all.to_vec() }
    }

    /// What the axes of the Hessian are called in a step; those along which the step's sides do not vary get names that
    /// nothing has.
    fn labels(&self, step: &Step) -> Outcome<Vec<String>> {
        let operand = |text: &str, indices: &[String]| {
            Formula::parse(text)?.operand(indices).ok_or_else(|| format!("`{text}` is no node, input or number"))
        };
        let raw = operand(&self.hessian.chain_rule, &self.hessian.indices)?;
        let before = operand(&step.before, &step.indices)?;
        let known: HashMap<&String, &String> = raw.indices().iter().zip(before.indices()).collect();
        let label = |(place, index): (usize, &String)| {
            known.get(index).map_or_else(|| format!("#{place}"), |own| (*own).clone())
        };
        Ok(self.ordered(&self.hessian.indices.iter().enumerate().map(label).collect::<Vec<_>>()))
    }

    /// Checks that what a step leads to is the derivative of the gradient's closed form, at random points.
    ///
    /// # Errors
    /// Where it is not.
    pub fn check(
        &self,
        step: &Step,
        problem: &Problem,
        nodes: &Nodes,
        places: &[Place],
        random: Random,
    ) -> Outcome<()> {
        let (closed, after) = (Formula::parse(&self.gradient.closed)?, Formula::parse(&step.after)?);
        let root = closed.operand(&self.gradient.indices).ok_or("the closed form is no node, input or number")?;
        let cone = nodes.cone([&root]);
        let by = problem.inputs.iter().position(|input| input.name == self.by).ok_or("it is by no input")?;
        let labels = self.labels(step)?;
        let shape: Vec<Size> = self.ordered(&self.hessian.shape);
        let mut random = random;
        let mut compared = 0;
        for place in places.iter().filter(|place| !place.point.special) {
            let items = place.point.inputs[by].items.len();
            let weights = (0..items).map(|item| (item, if items == 1 { Real::from(1_i64) } else { random.weight() }));
            let direction = Direction { input: by, number: 0, weights: weights.collect() };
            let read = nodes.all.iter().filter(|node| cone.contains(node.name.as_str()));
            let names = nodes_along(problem, read, &place.point, std::slice::from_ref(&direction))?;
            let moving = evaluate(&closed, &self.gradient.indices, &self.gradient.shape, &names, &place.point)?;
            let found = evaluate(&after, &labels, &shape, &place.names, &place.point)?;
            let (Value::Number(moving), Value::Number(found)) = (moving, found) else {
                return Err("it is no number".into());
            };
            let found = weighted(&found, &place.point.sizes_of(&shape)?, &[(items, &direction)])?;
            for (found, expected) in found.iter().zip(&moving.items) {
                let expected = expected.first(0);
                if expected.is_defined() {
                    let said = |error| format!("it is {error} {}", at(problem, &place.point));
                    differ(found, &expected).map_err(said)?;
                    compared += 1;
                }
            }
        }
        if compared == 0 { Err("it is defined at none of the points that were tried".into()) } else { Ok(()) }
    }
}
