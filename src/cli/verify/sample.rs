//! Points to check at: random ones of several sizes and magnitudes, and special ones, where kinks and poles tend to be.
//!
//! A point is found for a set of facts: equalities are solved (Gauss and Newton, from a random start), comparisons that
//! fail are solved for a small distance, and what else the facts say is tried until it holds. Everything follows from one seed, so a file is checked at the same points everywhere.

use std::collections::HashMap;

use super::jet::Jet;
use super::problem::{Coordinate, Point, Problem};
use super::real::Real;
use super::tensor::{Outcome, Tensor, count};

/// How many random points a set of facts gets.
pub const RANDOM: usize = 4;
/// How many special ones.
pub const SPECIAL: usize = 6;
/// How often a point is tried for.
const TRIES: usize = 60;
/// How many steps an equality gets; a linear one needs one.
const NEWTON: usize = 14;

/// SplitMix64 (Steele, Lea and Flood 2014).
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap_or(0)
    }

    /// A weight between 1/2 and 3/2, of either sign.
    pub fn weight(&mut self) -> Real {
        let size = self.unit().add(&Real::dyadic(1, 1));
        if self.below(2) == 0 { size.negate() } else { size }
    }

    /// A fraction of 40 bits in [0, 1), never 0.
    fn unit(&mut self) -> Real {
        let bits = i64::try_from(self.next() >> 24).unwrap_or(1) | 1;
        Real::dyadic(bits, 40)
    }
}

/// How the numbers of an input are drawn: the largest magnitude in quarters, and whether both signs occur.
const WAYS: [(i64, bool); 6] = [(8, true), (8, false), (2, true), (2, false), (16, true), (3, false)];

/// The numbers of the `place`th special point.
fn special_number(place: usize, random: &mut Random) -> i64 {
    match place {
        0 => 0,
        1 => 1,
        2 => -1,
        3 => [0, 1][random.below(2)],
        _ => [-1, 0, 1, 2][random.below(4)],
    }
}

/// The sizes of the `place`th point: two dimensions have different sizes at some point, and every size is small.
fn sizes(problem: &Problem, place: usize, random: &mut Random) -> HashMap<String, usize> {
    let few = problem.dimensions.len() <= 2;
    let size = |(number, name): (usize, &String)| {
        let size = match (place, few) {
            (0, _) => 2 + number % 3,
            (1, true) => 3 - number % 2,
            (_, true) => 1 + (place + number) % 3,
            _ => 1 + random.below(3),
        };
        (name.clone(), size)
    };
    problem.dimensions.iter().enumerate().map(size).collect()
}

/// Draws points for one problem.
pub struct Sampler<'a> {
    problem: &'a Problem,
    seed: u64,
}

impl<'a> Sampler<'a> {
    pub fn new(problem: &'a Problem, seed: u64) -> Self {
        Self { problem, seed }
    }

    fn random(&self, place: usize, attempt: usize) -> Random {
        let mut random = Random(self.seed ^ ((place as u64) << 32) ^ attempt as u64);
        random.next();
        random
    }

    /// One point, drawn without regard to facts.
    fn draw(&self, place: usize, attempt: usize, special: bool) -> Outcome<Point> {
        let mut random = self.random(place, attempt);
        let sizes = sizes(self.problem, place, &mut self.random(place, 0));
        let mut point = Point { sizes, inputs: Vec::new(), special };
        for _ in &self.problem.inputs {
            let way = if attempt < WAYS.len() { place + attempt } else { random.below(WAYS.len()) };
            let (quarters, signed) = WAYS[way % WAYS.len()];
            let shape = point.sizes_of(&self.problem.inputs[point.inputs.len()].shape)?;
            let number = |random: &mut Random| {
                if special {
                    return Real::from(special_number(place, random));
                }
                let size = random.unit().multiply(&Real::dyadic(quarters, 2));
                if signed && random.below(2) == 0 { size.negate() } else { size }
            };
            let items = (0..count(&shape)?).map(|_| number(&mut random)).collect();
            point.inputs.push(Tensor { shape, items });
        }
        Ok(point)
    }

    /// A point where the facts hold; `None` if this attempt finds none.
    fn attempt(&self, place: usize, attempt: usize, special: bool, facts: &[usize]) -> Outcome<Option<Point>> {
        let mut point = self.draw(place, attempt, special)?;
        if facts.is_empty() {
            return Ok(Some(point));
        }
        let coordinates = coordinates(&point, self.problem.read_by(facts));
        let mut solved = false;
        for _ in 0..NEWTON {
            let (zeros, holds) = self.facts(facts, &point, &coordinates)?;
            let zero = Real::from(0_i64);
            if zeros.iter().any(|jet| !jet.value.is_defined()) {
                return Ok(None);
            }
            let done = zeros.iter().all(|jet| jet.value.agrees(&zero));
            if solved && done && holds {
                return Ok(Some(point));
            }
            if done && zeros.is_empty() && !holds {
                return Ok(None);
            }
            // One more step after the last: it doubles the digits.
            solved = done;
            if !solve(&mut point, &zeros, &coordinates) {
                return Ok(None);
            }
        }
        Ok(None)
    }

    fn facts(&self, facts: &[usize], point: &Point, coordinates: &[Coordinate]) -> Outcome<(Vec<Jet>, bool)> {
        let (mut zeros, mut holds) = (Vec::new(), true);
        for fact in facts {
            let (own, held) = self.problem.fact(*fact, point, coordinates)?;
            zeros.extend(own);
            holds &= held;
        }
        Ok((zeros, holds))
    }

    /// The `place`th random point where facts hold and, if that can be had, all outputs are defined.
    ///
    /// # Errors
    /// That there is none among those tried.
    pub fn random_point(&self, place: usize, facts: &[usize]) -> Outcome<Point> {
        let (mut best, mut most) = (None, 0);
        for attempt in 0..TRIES {
            let Some(point) = self.attempt(place, attempt, false, facts)? else { continue };
            let outputs = self.problem.run(&point, &[], 0)?;
            let items = || outputs.iter().flat_map(|output| &output.items);
            let defined = items().filter(|jet| jet.value.is_defined()).count();
            if defined == items().count() {
                return Ok(point);
            }
            if defined > most || best.is_none() {
                (best, most) = (Some(point), defined);
            }
        }
        let missing = || {
            let texts: Vec<String> = facts.iter().map(|fact| format!("`{}`", self.problem.facts[*fact])).collect();
            format!("no point was found where {} holds, so nothing that relies on it can be checked", texts.join(", "))
        };
        let best = best.ok_or_else(missing)?;
        if most == 0 { Err("the formula is defined at none of the points that were tried".into()) } else { Ok(best) }
    }

    /// A point near another one where a further difference, which `zero` computes with its derivatives, is zero and the
    /// facts hold; `None` if none is found.
    pub fn steered(
        &self,
        mut point: Point,
        facts: &[usize],
        zero: impl Fn(&Point, &[Coordinate]) -> Outcome<Option<Jet>>,
    ) -> Outcome<Option<Point>> {
        let coordinates = coordinates(&point, 0..self.problem.function().parameters.len());
        for _ in 0..NEWTON {
            let (mut zeros, holds) = self.facts(facts, &point, &coordinates)?;
            let Some(own) = zero(&point, &coordinates)? else { return Ok(None) };
            zeros.push(own);
            if zeros.iter().all(|jet| jet.value.agrees(&Real::from(0_i64))) {
                return Ok(holds.then_some(point));
            }
            if !zeros.iter().all(|jet| jet.value.is_defined()) || !solve(&mut point, &zeros, &coordinates) {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// The `place`th special point, if the facts hold near it.
    pub fn special_point(&self, place: usize, facts: &[usize]) -> Outcome<Option<Point>> {
        self.attempt(place, 0, true, facts)
    }
}

/// All coordinates of some inputs.
fn coordinates(point: &Point, inputs: impl IntoIterator<Item = usize>) -> Vec<Coordinate> {
    let items = |input: usize| point.inputs.get(input).map_or(0, |input| input.items.len());
    inputs.into_iter().flat_map(|input| (0..items(input)).map(move |item| (input, item))).collect()
}

/// One step of Gauss and Newton: the smallest change of the inputs after which the linearised differences are zero.
/// False if they cannot be.
fn solve(point: &mut Point, zeros: &[Jet], coordinates: &[Coordinate]) -> bool {
    let numbers = || 0..u32::try_from(coordinates.len()).unwrap_or(0);
    let jacobian: Vec<Vec<Real>> = zeros.iter().map(|jet| numbers().map(|place| jet.first(place)).collect()).collect();
    let product = |a: &[Real], b: &[Real]| {
        a.iter()
            .zip(b)
            .filter(|(a, b)| !a.is_zero() && !b.is_zero())
            .fold(Real::from(0_i64), |total, (a, b)| total.add(&a.multiply(b)))
    };
    let mut rows: Vec<Vec<Real>> = jacobian
        .iter()
        .zip(zeros)
        .map(|(row, jet)| jacobian.iter().map(|other| product(row, other)).chain([jet.value.negate()]).collect())
        .collect();
    let Some(weights) = eliminate(&mut rows) else { return false };
    for (place, (input, item)) in coordinates.iter().enumerate() {
        let column: Vec<Real> = jacobian.iter().map(|row| row[place].clone()).collect();
        let change = product(&column, &weights);
        let value = &mut point.inputs[*input].items[*item];
        *value = value.add(&change);
    }
    true
}

/// Solves a symmetric system given with its right side as last column; equations that follow from others get weight 0.
fn eliminate(rows: &mut [Vec<Real>]) -> Option<Vec<Real>> {
    let count = rows.len();
    let zero = || Real::from(0_i64);
    let mut pivots: Vec<Option<usize>> = vec![None; count];
    let mut free: Vec<usize> = (0..count).collect();
    for column in 0..count {
        let larger = |a: &&usize, b: &&usize| {
            rows[**a][column].abs().compare(&rows[**b][column].abs()).unwrap_or(std::cmp::Ordering::Equal)
        };
        let Some(pivot) = free.iter().max_by(larger).copied() else { break };
        if rows[pivot][column].agrees(&zero()) {
            continue;
        }
        free.retain(|row| *row != pivot);
        pivots[column] = Some(pivot);
        let source = rows[pivot].clone();
        for (place, row) in rows.iter_mut().enumerate() {
            if place != pivot && !row[column].is_zero() {
                let factor = row[column].divide(&source[column]);
                for (item, known) in row.iter_mut().zip(&source) {
                    *item = item.subtract(&factor.multiply(known));
                }
            }
        }
    }
    let weight = |column: usize| pivots[column].map_or_else(zero, |row| rows[row][count].divide(&rows[row][column]));
    let weights: Vec<Real> = (0..count).map(weight).collect();
    weights.iter().all(Real::is_defined).then_some(weights)
}
