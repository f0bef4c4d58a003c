//! Facts that are true of a program's point: some inputs are moved so that a `where` clause can be stated about them.
//!
//! What is simplified with a fact must still agree with the jets, which know nothing of facts. A derivative that relies on
//! a fact need only be right at the point, not beside it; comparisons with the compiler are made at the point.

use std::collections::BTreeSet;

use chainrule_compiler::syntax::{BinaryOperator, ExpressionId, Function};

use super::builder::Builder;
use super::random::Random;
use super::scope::Shape;
use crate::dual::tensor::Tensor;

/// States up to two facts about the inputs of a function, no two about the same input.
pub fn state(
    random: &mut Random,
    features: &mut BTreeSet<&'static str>,
    function: &mut Function,
    inputs: &[(String, Shape)],
    point: &mut [Tensor<f64>],
) {
    if !random.chance(35) {
        return;
    }
    let builder = Builder { expressions: std::mem::take(&mut function.expressions) };
    let free = (0..inputs.len()).collect();
    let mut stater = Stater { random, features, builder, inputs, point, free };
    let count = 1 + stater.random.below(2);
    let facts = (0..count).filter_map(|_| stater.fact()).collect();
    function.expressions = stater.builder.expressions;
    function.facts = facts;
}

struct Stater<'a> {
    random: &'a mut Random,
    features: &'a mut BTreeSet<&'static str>,
    builder: Builder,
    inputs: &'a [(String, Shape)],
    point: &'a mut [Tensor<f64>],
    /// The inputs that nothing is stated about.
    free: Vec<usize>,
}

impl Stater<'_> {
    fn fact(&mut self) -> Option<ExpressionId> {
        let scalars: Vec<usize> = self.free.iter().copied().filter(|place| self.shape(*place).is_empty()).collect();
        if scalars.len() > 1 && self.random.chance(60) {
            return Some(if self.random.chance(50) { self.partition(&scalars) } else { self.equation(&scalars) });
        }
        let place = self.random.pick(&self.free).copied()?;
        self.free.retain(|other| *other != place);
        let shape = self.shape(place).clone();
        match shape.as_slice() {
            [rows, columns] if rows == columns && self.random.chance(90) => {
                Some(if self.random.chance(50) { self.symmetry(place) } else { self.diagonal(place) })
            }
            [_, ..] if self.random.chance(60) => Some(self.total(place)),
            _ => Some(self.sign(place)),
        }
    }

    fn shape(&self, place: usize) -> &Shape {
        &self.inputs[place].1
    }

    fn name(&mut self, place: usize) -> ExpressionId {
        let name = self.inputs[place].0.clone();
        self.builder.name(&name)
    }

    /// `left operator number`
    fn compared(&mut self, left: ExpressionId, operator: BinaryOperator, number: f64) -> ExpressionId {
        let number = self.builder.number(number);
        self.builder.binary(operator, left, number)
    }

    /// `x > 0` and its kin, of an input of any shape.
    fn sign(&mut self, place: usize) -> ExpressionId {
        self.features.insert("fact about a sign");
        let away = |value: f64| if value == 0.0 { 0.5 } else { value };
        let choice = self.random.below(6);
        self.point[place] = self.point[place].map(|value| match choice {
            0 | 1 => away(value).abs(),
            2 => value.abs(),
            3 => -away(value).abs(),
            4 => away(value),
            _ => value.abs() + 1.0,
        });
        let name = self.name(place);
        match choice {
            0 => self.compared(name, BinaryOperator::Greater, 0.0),
            1 => {
                let zero = self.builder.number(0.0);
                self.builder.binary(BinaryOperator::Less, zero, name)
            }
            2 => self.compared(name, BinaryOperator::GreaterEqual, 0.0),
            3 => self.compared(name, BinaryOperator::Less, 0.0),
            4 => self.compared(name, BinaryOperator::NotEqual, 0.0),
            _ => self.compared(name, BinaryOperator::GreaterEqual, 1.0),
        }
    }

    /// `x + y + w == 1`
    fn partition(&mut self, scalars: &[usize]) -> ExpressionId {
        self.features.insert("fact: scalars sum up to 1");
        let chosen: Vec<usize> = scalars.iter().copied().take(2 + self.random.below(2)).collect();
        let total: f64 = chosen.iter().map(|place| self.point[*place].items[0].abs() + 0.1).sum();
        for place in &chosen {
            self.point[*place] = self.point[*place].map(|value| (value.abs() + 0.1) / total);
        }
        let sum = chosen.iter().map(|place| self.name(*place)).collect::<Vec<_>>().into_iter();
        let sum = sum.reduce(|sum, next| self.builder.add(sum, next));
        self.free.retain(|place| !chosen.contains(place));
        let sum = sum.unwrap_or_else(|| self.builder.number(1.0));
        self.compared(sum, BinaryOperator::Equal, 1.0)
    }

    /// `y == 2 * x - 0.5`
    fn equation(&mut self, scalars: &[usize]) -> ExpressionId {
        self.features.insert("fact: a linear equation");
        let (x, y) = (scalars[0], scalars[1]);
        let slope = [2.0, -1.0, 0.5, 1.0][self.random.below(4)];
        let offset = [0.5, 1.0, 0.1][self.random.below(3)];
        let value = self.point[x].items[0];
        self.point[y] = self.point[y].map(|_| slope * value - offset);
        self.free.retain(|place| *place != x && *place != y);
        let (left, variable) = (self.name(y), self.name(x));
        let (slope, offset) = (self.builder.number(slope), self.builder.number(offset));
        let product = self.builder.multiply(slope, variable);
        let right = self.builder.binary(BinaryOperator::Subtract, product, offset);
        self.builder.binary(BinaryOperator::Equal, left, right)
    }

    /// `sum(t) == 1`, or along an axis; the elements are positive, and that may be stated too.
    fn total(&mut self, place: usize) -> ExpressionId {
        let rank = self.shape(place).len();
        let axis = (rank > 1 && self.random.chance(70)).then(|| self.random.below(rank));
        self.features.insert(if axis.is_some() { "fact about sums along an axis" } else { "fact about a sum" });
        let positive = self.point[place].map(|value| value.abs() + 0.1);
        let row = |position: &[usize]| {
            let mut row = position.to_vec();
            match axis {
                Some(axis) => row[axis] = 0,
                None => row.fill(0),
            }
            row
        };
        let mut totals: std::collections::BTreeMap<Vec<usize>, f64> = std::collections::BTreeMap::new();
        Tensor::from_positions(&positive.shape, |position| {
            *totals.entry(row(position)).or_default() += positive.at(position);
        });
        self.point[place] = Tensor::from_positions(&positive.shape, |position| {
            positive.at(position) / totals.get(&row(position)).copied().unwrap_or(1.0)
        });
        let name = self.name(place);
        let sum = self.builder.call_with("sum", &[name], axis, false);
        let fact = self.compared(sum, BinaryOperator::Equal, 1.0);
        if !self.random.chance(30) {
            return fact;
        }
        self.features.insert("facts joined by `&&`");
        let name = self.name(place);
        let sign = self.compared(name, BinaryOperator::Greater, 0.0);
        self.builder.binary(BinaryOperator::And, fact, sign)
    }

    /// `a == a.T`
    fn symmetry(&mut self, place: usize) -> ExpressionId {
        self.features.insert("fact: a symmetric matrix");
        let given = self.point[place].clone();
        self.point[place] = Tensor::from_positions(&given.shape, |position| {
            let mirrored = [position[1], position[0]];
            (given.at(position) + given.at(&mirrored)) / 2.0
        });
        let (left, right) = (self.name(place), self.name(place));
        let right = self.builder.push(chainrule_compiler::syntax::ExpressionKind::Transpose(right));
        self.builder.binary(BinaryOperator::Equal, left, right)
    }

    /// `diag(a) > 0`, which says nothing of the other elements.
    fn diagonal(&mut self, place: usize) -> ExpressionId {
        self.features.insert("fact about a diagonal");
        let given = self.point[place].clone();
        self.point[place] = Tensor::from_positions(&given.shape, |position| {
            let value = given.at(position);
            if position[0] == position[1] { value.abs() + 0.1 } else { value }
        });
        let name = self.name(place);
        let diagonal = self.builder.call("diag", &[name]);
        self.compared(diagonal, BinaryOperator::Greater, 0.0)
    }
}
