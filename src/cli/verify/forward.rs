//! The other way to the same numbers: the formula's value and derivatives by forward mode over its syntax tree.
//!
//! Not every entry of a derivative is compared by itself: the inputs move along random directions, and what a derivative
//! says of them is compared, its entries added up with the directions' weights. A wrong entry changes that, unless the
//! weights are of a set that has no volume. At special points, where entries may be undefined, it is some coordinates.

use super::compare::{at, differ};
use super::indices::broadcast;
use super::jet::Jet;
use super::problem::{Coordinate, Direction, Point, Problem, along};
use super::real::Real;
use super::sample::Random;
use super::tensor::{Outcome, Tensor};
use super::value::Value;
use crate::cli::certificate::{Certificate, Derivative, Output};

/// How many coordinates are differentiated by at a special point: some of each input, drawn anew at each point.
const MOST_COORDINATES: usize = 8;

/// The inputs that derivatives are asked by.
fn asked(problem: &Problem) -> Vec<usize> {
    (0..problem.inputs.len()).filter(|input| problem.inputs[*input].wrt).collect()
}

/// Some coordinates.
fn chosen(problem: &Problem, point: &Point, mut random: Random) -> Vec<Coordinate> {
    let inputs = asked(problem);
    let count = |input: &usize| point.inputs[*input].items.len();
    let all: usize = inputs.iter().map(count).sum();
    let share = if all > MOST_COORDINATES { (MOST_COORDINATES / inputs.len().max(1)).max(1) } else { all };
    let mut coordinates = Vec::new();
    for input in inputs {
        let mut items: Vec<usize> = (0..point.inputs[input].items.len()).collect();
        while items.len() > share {
            items.swap_remove(random.below(items.len()));
        }
        coordinates.extend(items.into_iter().map(|item| (input, item)));
    }
    coordinates
}

/// Two random directions for each input (see [`jet`](super::jet)), the second one for second derivatives alone. A number by
/// itself moves with speed 1.
pub fn random_directions(problem: &Problem, point: &Point, mut random: Random, order: u8) -> Vec<Direction> {
    let mut directions = Vec::new();
    for (input, place) in asked(problem).into_iter().zip(0_u32..) {
        let items = point.inputs[input].items.len();
        let mut weight = || if items == 1 { Real::from(1_i64) } else { random.weight() };
        for number in [2 * place, 2 * place + 1].into_iter().take(usize::from(order)) {
            directions.push(Direction { input, number, weights: (0..items).map(|item| (item, weight())).collect() });
        }
    }
    directions
}

/// The entries of an array at the positions of a shape, added up with the weights of the directions along its last axes, the
/// last ones last: one number for each position along the axes before.
pub fn weighted(array: &Tensor<Jet>, shape: &[usize], directions: &[(usize, &Direction)]) -> Outcome<Vec<Real>> {
    let places = broadcast(array, shape)?;
    let mut entries: Vec<Real> = places.into_iter().map(|place| array.items[place].value.clone()).collect();
    for (items, direction) in directions.iter().rev() {
        let add = |line: &[Real]| {
            let mut terms =
                direction.weights.iter().filter_map(|(item, weight)| Some(line.get(*item)?.multiply(weight)));
            let first = terms.next().unwrap_or(Real::from(0_i64));
            terms.fold(first, |total, term| total.add(&term))
        };
        entries = entries.chunks((*items).max(1)).map(add).collect();
    }
    Ok(entries)
}

/// The formula's own value and derivatives at a point, by forward mode over its syntax tree.
pub struct Forward<'a> {
    problem: &'a Problem,
    point: &'a Point,
    /// The names of the outputs.
    names: Vec<&'a str>,
    outputs: Vec<Tensor<Jet>>,
    directions: Vec<Direction>,
    order: u8,
}

impl<'a> Forward<'a> {
    /// Runs the formula at a point.
    ///
    /// # Errors
    /// What the interpreter refuses.
    pub fn new(problem: &'a Problem, certificate: &'a Certificate, point: &'a Point, random: Random) -> Outcome<Self> {
        let asked = if certificate.upstream.is_some() { certificate.order.max(1) } else { certificate.order };
        let order = if point.special { asked.min(1) } else { asked };
        let directions = match order {
            0 => Vec::new(),
            _ if point.special => along(&chosen(problem, point, random)),
            _ => random_directions(problem, point, random, order),
        };
        let outputs = problem.run(point, &directions, order)?;
        if outputs.len() != certificate.outputs.len() {
            return Err(format!("the formula has {} outputs, not {}", outputs.len(), certificate.outputs.len()));
        }
        let names = certificate.outputs.iter().map(|output| output.name.as_str()).collect();
        Ok(Self { problem, point, names, outputs, directions, order })
    }

    /// Compares an output; a scalar stands for an array of equal numbers.
    ///
    /// # Errors
    /// How they differ.
    pub fn output(&self, of: usize, output: &Output, value: &Value) -> Outcome<()> {
        let expected = &self.outputs[of];
        let stated = self.point.sizes_of(&output.shape)?;
        let found = Self::array(value, &stated)?;
        if stated != expected.shape {
            return Err(format!("its shape is {:?}, not {stated:?}", expected.shape));
        }
        for (place, jet) in broadcast(found, &stated)?.into_iter().zip(&expected.items) {
            self.compare(&found.items[place].value, &jet.value)?;
        }
        Ok(())
    }

    fn array<'b>(value: &'b Value, stated: &[usize]) -> Outcome<&'b Tensor<Jet>> {
        let Value::Number(tensor) = value else { return Err("it is no number".into()) };
        if tensor.rank() > 0 && tensor.shape != stated {
            return Err(format!("its shape is {:?}, not {stated:?}", tensor.shape));
        }
        Ok(tensor)
    }

    /// Compares one number; 1 if there was something to compare. At special points either side may be undefined.
    fn compare(&self, found: &Real, expected: &Real) -> Outcome<usize> {
        if !expected.is_defined() || (self.point.special && !found.is_defined()) {
            return Ok(0);
        }
        differ(found, expected).map_err(|error| format!("it is {error} {}", at(self.problem, self.point)))?;
        Ok(1)
    }

    fn input(&self, name: Option<&String>) -> Outcome<usize> {
        let place = self.problem.inputs.iter().position(|input| name == Some(&input.name));
        place.ok_or_else(|| "it is by no input".into())
    }

    /// The directions in which an input moves; of two, the first one is for first derivatives.
    fn own(&self, input: usize) -> Vec<&Direction> {
        self.directions.iter().filter(|direction| direction.input == input).collect()
    }

    /// Compares a derivative along the directions; says how many numbers there were.
    ///
    /// # Errors
    /// How they differ.
    pub fn derivative(&self, entry: &Derivative, value: &Value) -> Outcome<usize> {
        let stated = self.point.sizes_of(&entry.shape)?;
        let found = Self::array(value, &stated)?;
        let input = self.input(entry.wrt.first())?;
        let shape = &self.point.inputs[input].shape;
        let of = self.names.iter().position(|name| *name == entry.of).ok_or("it is of no output")?;
        let output = &self.outputs[of];
        let other = if entry.kind == "hessian" { self.input(entry.wrt.get(1))? } else { input };
        let expected = match entry.kind.as_str() {
            "gradient" | "pullback" => shape.clone(),
            "jacobian" => [&output.shape[..], shape].concat(),
            "hessian" => [&shape[..], &self.point.inputs[other].shape].concat(),
            other => return Err(format!("`{other}` is no kind of derivative")),
        };
        if stated != expected {
            return Err(format!("its shape is {expected:?}, not {stated:?}"));
        }
        if entry.kind == "hessian" {
            return self.hessian(found, &stated, &output.only()?, [input, other]);
        }
        let items = self.point.inputs[input].items.len();
        let mut compared = 0;
        for direction in self.own(input).into_iter().step_by(usize::from(self.order.max(1))) {
            let expected: Vec<Real> = match entry.kind.as_str() {
                "gradient" => vec![output.only()?.first(direction.number)],
                "pullback" => vec![self.pulled_back(of, direction.number)?],
                _ => output.items.iter().map(|jet| jet.first(direction.number)).collect(),
            };
            let found = weighted(found, &stated, &[(items, direction)])?;
            for (found, expected) in found.iter().zip(&expected) {
                compared += self.compare(found, expected)?;
            }
        }
        Ok(compared)
    }

    /// Second derivatives are not compared at special points, where formulas are not smooth.
    fn hessian(&self, found: &Tensor<Jet>, shape: &[usize], output: &Jet, inputs: [usize; 2]) -> Outcome<usize> {
        let [row, column] = inputs.map(|input| self.own(input));
        let right = usize::from(inputs[0] == inputs[1]);
        let (false, Some(left), Some(right)) = (self.point.special, row.first(), column.get(right)) else {
            return Ok(0);
        };
        let [rows, columns] = inputs.map(|input| self.point.inputs[input].items.len());
        let found = weighted(found, shape, &[(rows, left), (columns, right)])?;
        let expected = output.second(left.number, right.number);
        found.iter().map(|found| self.compare(found, &expected)).sum()
    }

    /// What an output sends back: its derivatives, weighted with its cotangent.
    fn pulled_back(&self, of: usize, number: u32) -> Outcome<Real> {
        let cotangent = self.point.inputs.get(self.problem.function().parameters.len() + of);
        let cotangent = cotangent.ok_or("an output has no cotangent")?;
        let pairs = self.outputs[of].items.iter().zip(&cotangent.items);
        Ok(pairs.fold(Real::from(0_i64), |total, (jet, weight)| total.add(&jet.first(number).multiply(weight))))
    }
}
