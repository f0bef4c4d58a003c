//! What a program's numbers are: forward-mode jets over the syntax tree with more than a thousand bits, and how much of a
//! result hangs on the last bit of the inputs.

use chainrule_compiler::syntax::Module;

use crate::dual::jet::{Dual, HyperDual};
use crate::dual::real::Real;
use crate::dual::tensor::{Outcome, Tensor};
use crate::dual::wide::{self, Wide};
use crate::dual::{self, Run};
use crate::generate::random::Random;

/// Inputs and literals are moved by this power of two of their size to see what hangs on them.
const MOVED: i32 = 40;
/// How far from a kink limits are taken.
const BESIDE: i32 = 400;
/// A limit is 0 where so many bits lie between what is near it and 1.
const SMALL_BITS: f64 = 250.0;
/// Limits from several sides agree to so many bits.
const LIMIT_BITS: f64 = 100.0;
/// Slopes of a kink are smaller; larger ones are those of a root at 0.
const STEEPEST_BITS: f64 = 64.0;
/// Larger values may overflow.
pub const LARGEST: f64 = 1e300;
/// How often inputs are moved.
const MOVES: u64 = 3;

/// A number that a program computes, with what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Right {
    /// The number.
    pub value: Wide,
    /// How much it changes with a rounding of the inputs; infinite at a kink, where any number between the sides will do.
    pub per_rounding: f64,
}

/// All numbers of a scalar function at a point; what no number is known for is `None`.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Its value.
    pub value: Option<Right>,
    /// By coordinate.
    pub gradient: Vec<Option<Right>>,
    /// By two coordinates.
    pub hessian: Vec<Vec<Option<Right>>>,
}

/// The numbers of one run, in a row: value, gradient, Hessian row by row; and the decisions.
struct Numbers {
    row: Vec<Wide>,
    trace: u64,
}

/// A function at a point.
pub struct Subject<'a> {
    /// Where it is.
    pub module: &'a Module,
    /// The point, for each input whether it must not be moved.
    pub point: &'a [(Tensor<f64>, bool)],
}

impl Subject<'_> {
    /// All numbers.
    ///
    /// # Errors
    /// What the interpreter does not know; a decision that hangs on rounding.
    pub fn reference(&self) -> Outcome<Reference> {
        let exact = self.inputs(|value, _| value);
        let alone = self.value(&exact)?;
        if alone.close {
            return Err("a decision hangs on rounding".into());
        }
        let size = alone.outputs.first().ok_or("no output")?.only()?.primal.to_f64().abs();
        if alone.undefined || size.is_nan() || size > LARGEST {
            return Err("no value".into());
        }
        let base = self.numbers(&exact)?;
        let again = wide::with_extra_bits(320, || self.numbers(&self.inputs(|value, _| value)))?;
        let mut row: Vec<Option<Wide>> = base.row.iter().zip(&again.row).map(|(a, b)| settled(*a, *b)).collect();
        let smooth = self.is_smooth(base.trace)?;
        let mut per_rounding = if smooth { self.per_rounding(&base)? } else { vec![0.0; row.len()] };
        if !smooth || self.has_zero() {
            self.take_limits(&mut row, &mut per_rounding)?;
        }
        let count = self.coordinates();
        let mut rights = row.into_iter().zip(per_rounding).map(|(value, per_rounding)| {
            value.filter(|_| !per_rounding.is_nan()).map(|value| Right { value, per_rounding })
        });
        let value = rights.next().flatten();
        let gradient: Vec<_> = rights.by_ref().take(count).collect();
        let hessian = (0..count).map(|_| rights.by_ref().take(count).collect()).collect();
        Ok(Reference { value, gradient, hessian })
    }

    fn coordinates(&self) -> usize {
        self.point.iter().map(|(input, _)| input.items.len()).sum()
    }

    fn inputs(&self, mut change: impl FnMut(Wide, bool) -> Wide) -> Vec<Tensor<Wide>> {
        self.point.iter().map(|(input, whole)| input.map(|item| change(Wide::of(item), *whole))).collect()
    }

    fn moved(&self, number: u64) -> Vec<Tensor<Wide>> {
        let mut random = Random::new(21, number);
        self.inputs(|value, whole| {
            let step = value.times_power_of_two(-MOVED) * Wide::of(0.5 + random.unit() / 2.0);
            let up = random.chance(50);
            match (whole, up) {
                (true, _) => value,
                (false, true) => value + step,
                (false, false) => value - step,
            }
        })
    }

    /// The point's neighbours, in opposite directions.
    fn sides(&self) -> Vec<Vec<Tensor<Wide>>> {
        let side = |number: u64| {
            let mut random = Random::new(22, number / 2);
            let forth = if number.is_multiple_of(2) { 1.0 } else { -1.0 };
            self.inputs(|value, whole| {
                let direction = forth * (0.5 + random.unit()) * if random.chance(50) { 1.0 } else { -1.0 };
                let size = if value.is_zero() { Wide::of(1.0) } else { value };
                let step = size.times_power_of_two(-BESIDE) * Wide::of(direction);
                if whole { value } else { value + step }
            })
        };
        (0..6).map(side).collect()
    }

    fn is_smooth(&self, trace: u64) -> Outcome<bool> {
        for side in self.sides().iter().take(4) {
            if self.value(side)?.trace != trace {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// How much each number changes with a rounding of the inputs; NaN where it is not defined beside the point.
    fn per_rounding(&self, base: &Numbers) -> Outcome<Vec<f64>> {
        let mut per_rounding = vec![0.0_f64; base.row.len()];
        for number in 0..MOVES {
            let moved = wide::with_moved_literals(MOVED, || self.numbers(&self.moved(number)))?;
            if moved.trace != base.trace {
                return Err("a condition is too close".into());
            }
            for ((most, a), b) in per_rounding.iter_mut().zip(&base.row).zip(&moved.row) {
                let change = (*a - *b).times_power_of_two(MOVED - 52).abs().to_f64();
                let change = if change.is_finite() { change } else { f64::NAN };
                *most = if change > *most || change.is_nan() { change } else { *most };
            }
        }
        Ok(per_rounding)
    }

    fn has_zero(&self) -> bool {
        self.point.iter().any(|(input, _)| input.items.contains(&0.0))
    }

    /// At a kink, or where a function may not be smooth at 0: what is the same from every side.
    fn take_limits(&self, row: &mut [Option<Wide>], per_rounding: &mut [f64]) -> Outcome<()> {
        let sides: Vec<Numbers> = self.sides().iter().map(|side| self.numbers(side)).collect::<Outcome<_>>()?;
        let count = self.coordinates();
        let mut torn = vec![false; count];
        for (place, (value, per_rounding)) in row.iter_mut().zip(per_rounding).enumerate().skip(1) {
            let first = sides[0].row[place];
            let is_small = |number: Wide| number.magnitude() < -SMALL_BITS;
            let near = |other: Wide| {
                let difference = (first - other).magnitude();
                difference < first.magnitude() - LIMIT_BITS || is_small(first) && is_small(other)
            };
            let agree = sides.iter().all(|side| side.row[place].is_finite() && near(side.row[place]));
            let bounded = |side: &Numbers| side.row[place].is_finite() && side.row[place].magnitude() < STEEPEST_BITS;
            let is_limit = |value: &Wide| (*value - first).magnitude() < value.magnitude() - LIMIT_BITS;
            if place <= count {
                torn[place - 1] = !agree;
            } else if torn[(place - 1) / count - 1] || torn[(place - 1) % count] {
                // What a kink's slopes are split into has no second derivative.
                *value = None;
                continue;
            }
            if agree && value.as_ref().is_some_and(is_limit) {
                continue;
            }
            if agree {
                *value = Some(if is_small(first) { Wide::of(0.0) } else { first });
                *per_rounding = if per_rounding.is_nan() { 0.0 } else { *per_rounding };
            } else if sides.iter().all(bounded) {
                *per_rounding = f64::INFINITY;
            } else {
                *value = None;
            }
        }
        Ok(())
    }

    /// The value alone.
    fn value(&self, point: &[Tensor<Wide>]) -> Outcome<Run<Dual<Wide>>> {
        let still: Vec<_> =
            point.iter().map(|input| input.map(|primal| Dual { primal, tangent: Wide::of(0.0) })).collect();
        dual::run(self.module, "f", &still)
    }

    fn numbers(&self, point: &[Tensor<Wide>]) -> Outcome<Numbers> {
        let count = self.coordinates();
        let zero = Wide::of(0.0);
        let mut row = vec![zero; 1 + count + count * count];
        let mut trace = 0;
        for left in 0..count {
            for right in 0..=left {
                let mut place = 0;
                let mut jet = |primal: Wide| {
                    let along = |direction: usize| Wide::of(if direction == place { 1.0 } else { 0.0 });
                    let jet = HyperDual { primal, left: along(left), right: along(right), both: zero };
                    place += 1;
                    jet
                };
                let jets: Vec<Tensor<HyperDual<Wide>>> = point.iter().map(|input| input.map(&mut jet)).collect();
                let run = dual::run(self.module, "f", &jets)?;
                let result = run.outputs.first().ok_or("no output")?.only()?;
                row[0] = result.primal;
                row[1 + left] = result.left;
                row[1 + count + left * count + right] = result.both;
                row[1 + count + right * count + left] = result.both;
                trace = run.trace;
            }
        }
        Ok(Numbers { row, trace })
    }
}

/// A number that more bits do not change; what is nothing but rounding is 0.
fn settled(number: Wide, again: Wide) -> Option<Wide> {
    if !number.is_finite() || !again.is_finite() {
        return None;
    }
    let difference = (number - again).magnitude();
    if difference <= number.magnitude() - 100.0 {
        return Some(number);
    }
    (number.magnitude() < -1000.0 && again.magnitude() < -1000.0).then(|| Wide::of(0.0))
}

/// Value, first and second derivative by the first coordinate, from mpmath or by hand; `None` where there is none.
#[test]
fn numbers_are_right_where_floats_are_not() {
    type Row = (&'static str, [Option<f64>; 3]);
    let rows: [Row; 9] = [
        ("log(1 + exp(x))\tx = 800", [Some(800.0), Some(1.0), Some(0.0)]),
        ("tanh(silu(x))\tx = 200", [Some(1.0), Some(7.660_678_386_856_023e-174), Some(-1.532_135_677_371_204_6e-173)]),
        (
            "log(erfc(x))\tx = 30",
            [Some(-903.974_117_110_643_9), Some(-60.033_296_398_756_23), Some(-1.998_892_575_543_838)],
        ),
        (
            "(x**2)**0.75\tx = -3",
            [Some(5.196_152_422_706_632), Some(-2.598_076_211_353_316), Some(0.433_012_701_892_219_3)],
        ),
        ("x**n\tx = -3; n = -3", [Some(-1.0 / 27.0), Some(-1.0 / 27.0), Some(-4.0 / 81.0)]),
        ("abs(x)**2\tx = 0", [Some(0.0), Some(0.0), Some(2.0)]),
        ("abs(x)\tx = 0", [Some(0.0), Some(0.0), None]),
        ("max(x, y)\tx = 1; y = 1", [Some(1.0), Some(0.5), None]),
        ("1e-40*x**2\tx = 0", [Some(0.0), Some(0.0), Some(2e-40)]),
    ];
    for (line, expected) in rows {
        let program = super::generate::written(line).expect(line);
        let module = chainrule_compiler::parse::parse_module(&program.text()).expect(line);
        let point: Vec<_> = program.used().map(|input| (input.value.clone(), input.whole)).collect();
        let found = Subject { module: &module, point: &point }.reference().expect(line);
        for (found, expected) in [found.value, found.gradient[0], found.hessian[0][0]].iter().zip(expected) {
            let found = found.map(|right| right.value.to_f64());
            let same = match (found, expected) {
                (Some(found), Some(expected)) => (found - expected).abs() <= 1e-15 * expected.abs() + 1e-300,
                (found, expected) => found.is_none() && expected.is_none(),
            };
            assert!(same, "{line}: {found:?} and not {expected:?}");
        }
    }
}
