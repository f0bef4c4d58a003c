//! The other way to the same numbers: the formula's value and derivatives by forward mode over its syntax tree.

use super::compare::{at, differ};
use super::indices::broadcast_at;
use super::jet::Jet;
use super::problem::{Coordinate, Point, Problem};
use super::real::Real;
use super::sample::Random;
use super::tensor::{Outcome, Tensor, position_of};
use super::value::Value;
use crate::cli::certificate::{Certificate, Derivative, Output};

/// More coordinates than this are not differentiated by at one point: some of each input, drawn anew at each point.
const MOST_COORDINATES: usize = 16;

/// The coordinates to differentiate by.
fn chosen(problem: &Problem, point: &Point, mut random: Random) -> Vec<Coordinate> {
    let inputs: Vec<usize> = (0..problem.inputs.len()).filter(|input| problem.inputs[*input].wrt).collect();
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

/// The formula's own value and derivatives at a point, by forward mode over its syntax tree.
pub struct Forward<'a> {
    problem: &'a Problem,
    point: &'a Point,
    /// The names of the outputs.
    names: Vec<&'a str>,
    outputs: Vec<Tensor<Jet>>,
    coordinates: Vec<Coordinate>,
}

impl<'a> Forward<'a> {
    /// Runs the formula at the `number`th point.
    ///
    /// # Errors
    /// What the interpreter refuses.
    pub fn new(problem: &'a Problem, certificate: &'a Certificate, point: &'a Point, number: usize) -> Outcome<Self> {
        let coordinates = chosen(problem, point, Random(certificate.seed() ^ number as u64));
        let order = if point.special { certificate.order.min(1) } else { certificate.order };
        let order = if certificate.upstream.is_some() { order.max(1) } else { order };
        let coordinates = if order == 0 { Vec::new() } else { coordinates };
        let outputs = problem.run(point, &coordinates, order)?;
        if outputs.len() != certificate.outputs.len() {
            return Err(format!("the formula has {} outputs, not {}", outputs.len(), certificate.outputs.len()));
        }
        let names = certificate.outputs.iter().map(|output| output.name.as_str()).collect();
        Ok(Self { problem, point, names, outputs, coordinates })
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
        for (flat, jet) in expected.items.iter().enumerate() {
            self.compare(found, &position_of(flat, &expected.shape), &jet.value)?;
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
    fn compare(&self, found: &Tensor<Jet>, position: &[usize], expected: &Real) -> Outcome<usize> {
        let found = broadcast_at(found, position)?.value;
        if !expected.is_defined() || (self.point.special && !found.is_defined()) {
            return Ok(0);
        }
        differ(&found, expected).map_err(|error| format!("it is {error} {}", at(self.problem, self.point)))?;
        Ok(1)
    }

    fn input(&self, name: Option<&String>) -> Outcome<usize> {
        let place = self.problem.inputs.iter().position(|input| name == Some(&input.name));
        place.ok_or_else(|| "it is by no input".into())
    }

    /// The coordinates of an input that were chosen: which item each is, and its number.
    fn own(&self, input: usize) -> impl Iterator<Item = (usize, u32)> {
        let numbered = self.coordinates.iter().zip(0_u32..);
        numbered.filter(move |((place, _), _)| *place == input).map(|((_, item), number)| (*item, number))
    }

    /// Compares a derivative by the chosen coordinates; says how many numbers there were.
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
        let mut compared = 0;
        let expected = match entry.kind.as_str() {
            "gradient" => {
                let output = output.only()?;
                for (item, number) in self.own(input) {
                    compared += self.compare(found, &position_of(item, shape), &output.first(number))?;
                }
                shape.clone()
            }
            "pullback" => {
                for (item, number) in self.own(input) {
                    compared += self.compare(found, &position_of(item, shape), &self.pulled_back(of, number)?)?;
                }
                shape.clone()
            }
            "jacobian" => {
                for (flat, jet) in output.items.iter().enumerate() {
                    for (item, number) in self.own(input) {
                        let position = [position_of(flat, &output.shape), position_of(item, shape)].concat();
                        compared += self.compare(found, &position, &jet.first(number))?;
                    }
                }
                [&output.shape[..], shape].concat()
            }
            "hessian" => {
                let other = self.input(entry.wrt.get(1))?;
                compared = self.hessian(found, &output.only()?, input, other)?;
                [&shape[..], &self.point.inputs[other].shape].concat()
            }
            other => return Err(format!("`{other}` is no kind of derivative")),
        };
        if stated == expected { Ok(compared) } else { Err(format!("its shape is {expected:?}, not {stated:?}")) }
    }

    /// Second derivatives are not compared at special points, where formulas are not smooth.
    fn hessian(&self, found: &Tensor<Jet>, output: &Jet, row: usize, column: usize) -> Outcome<usize> {
        let mut compared = 0;
        let (rows, columns) = (&self.point.inputs[row].shape, &self.point.inputs[column].shape);
        for (item, left) in self.own(row).filter(|_| !self.point.special) {
            for (other, right) in self.own(column) {
                let position = [position_of(item, rows), position_of(other, columns)].concat();
                compared += self.compare(found, &position, &output.second(left, right))?;
            }
        }
        Ok(compared)
    }

    /// What an output sends back: its derivatives, weighted with its cotangent.
    fn pulled_back(&self, of: usize, number: u32) -> Outcome<Real> {
        let cotangent = self.point.inputs.get(self.problem.function().parameters.len() + of);
        let cotangent = cotangent.ok_or("an output has no cotangent")?;
        let pairs = self.outputs[of].items.iter().zip(&cotangent.items);
        Ok(pairs.fold(Real::from(0_i64), |total, (jet, weight)| total.add(&jet.first(number).multiply(weight))))
    }
}
