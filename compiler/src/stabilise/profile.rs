//! How accurate every node is: its value at sample points, with a bound of its rounding error.
//!
//! The samples reach to the ends of the float type. Errors are followed from operand to result through the table's own
//! partial derivatives, so no operator needs a rule here; each operation adds its rounding. What overflows on the way is
//! somewhere between the largest number and infinity. All of this is a function of the graph alone, and the same on
//! every machine.

use std::collections::HashMap;

use super::lengths::unit_of;
use crate::graph::{Graph, NodeId, Operation};
use crate::number::{FloatType, Number};
use crate::operators::{OneStep, Operator, Rounding};

/// Sizes that an input takes with both signs; the least and the largest ones depend on the float type.
const SIZES: [f64; 20] = [
    1e-17, 1e-9, 1e-4, 0.1, 0.3, 0.5, 0.7, 0.999_999, 1.0, 1.000_001, 1.5, 2.0, 3.7, 9.0, 18.0, 30.0, 40.0, 60.0, 1e4,
    1e9,
];
const SIZES_F64: [f64; 10] = [1e-310, 1e-300, 1e-160, 400.0, 720.0, 740.0, 800.0, 1e90, 1e160, 1.7e308];
const SIZES_F32: [f64; 10] = [1e-40, 1e-37, 1e-20, 50.0, 88.0, 95.0, 101.0, 1e12, 1e20, 3e38];
/// The points where all inputs are of one size, which a hash would rarely hit.
const COMMON: usize = 32;
/// How many sample points: zero, each size with both signs, and the common ones.
pub(super) const POINTS: usize = 1 + 2 * (SIZES.len() + SIZES_F64.len()) + COMMON;

/// Errors are kept in units of so many roundoffs, so that those of the largest numbers do not overflow.
const UNIT: f64 = 65536.0;

/// A computed number, how far it may be from the true one, and how far it moves when the inputs move by a roundoff: all of
/// them up, or every second one down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) value: f64,
    pub(super) error: f64,
    pub(super) moves: [f64; 2],
    /// What it is at least, up to the sign, if it overflowed.
    least: f64,
    /// Whether it is outside of the domain of a function on the way.
    pub(super) undefined: bool,
    /// Whether it is computed from what is 0 only because it is too small for a float.
    vanished: bool,
}

/// Limits of a float type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    float: FloatType,
    roundoff: f64,
    smallest: f64,
    normal: f64,
    largest: f64,
}

impl Limits {
    pub(super) fn of(float: FloatType) -> Self {
        match float {
            FloatType::F64 => Self {
                float,
                roundoff: f64::EPSILON / 2.0,
                smallest: 5e-324,
                normal: f64::MIN_POSITIVE,
                largest: f64::MAX,
            },
            FloatType::F32 => Self {
                float,
                roundoff: f64::from(f32::EPSILON) / 2.0,
                smallest: f64::from(f32::from_bits(1)),
                normal: f64::from(f32::MIN_POSITIVE),
                largest: f64::from(f32::MAX),
            },
        }
    }

    fn round(&self, value: f64) -> f64 {
        self.float.round(value)
    }

    /// The error of a point in units in the last place; infinite for what is not finite.
    pub(super) fn ulps(&self, point: &Point) -> f64 {
        if !point.value.is_finite() || point.error.is_nan() {
            return f64::INFINITY;
        }
        self.in_ulps(point, point.error)
    }

    /// The error that inputs which are known to half a unit in the last place cause in any form, at least one unit.
    pub(super) fn condition(&self, point: &Point) -> f64 {
        let (mut most, [one, other]) = (0.0, point.moves);
        if one.abs() < f64::INFINITY {
            most = one.abs();
        }
        if other.abs() < f64::INFINITY && other.abs() > most {
            most = other.abs();
        }
        self.in_ulps(point, most).max(1.0)
    }

    /// Whether the true value overflows, however it is computed.
    pub(super) fn is_beyond(&self, point: &Point) -> bool {
        point.value.is_infinite() && point.least >= self.largest
    }

    fn in_ulps(&self, point: &Point, error: f64) -> f64 {
        let spacing = (point.value.abs() * 2.0 * self.roundoff).max(self.smallest);
        error * self.roundoff * UNIT / spacing
    }

    /// Whether two computed numbers, each with its error, can stand for the same true one.
    pub(super) fn agree(&self, [a, a_error]: [f64; 2], [b, b_error]: [f64; 2]) -> bool {
        let room = (a_error + b_error) * (self.roundoff * UNIT * 4.0) + 4.0 * self.smallest;
        let apart = (a - b).abs();
        apart <= room || apart.is_nan() || room.is_nan()
    }
}

/// What is known of an input, and of some other nodes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Range {
    /// Not negative, and not huge.
    Moderate,
    /// Not negative.
    NotNegative,
    /// Not far beyond 1 in size.
    Bounded,
    /// Zero, or neither tiny nor huge, of any sign.
    Relative,
    /// Not below any of some nodes.
    AtLeast(Vec<NodeId>),
    /// Not smaller in size than any of some nodes, and neither tiny nor huge otherwise.
    Top(Vec<NodeId>),
    /// Not below any of some nodes, but for those with another node beside them that is 0.
    Mostly(Vec<(NodeId, Vec<NodeId>)>),
    /// Positive, and not below the absolute value of any of some nodes.
    Largest(Vec<NodeId>),
    /// The unit of a length whose largest component is that node: a power of two, so that nothing is rounded by it.
    Unit(NodeId),
    /// Squares of the components beside the largest, in that unit: not negative, and not huge beside the largest.
    Others { largest: NodeId, unit: NodeId },
    /// No input, but computed once, and others compare with what came out: `whole·exp(−peak)`.
    Term { whole: NodeId, peak: NodeId },
    /// No input, but computed: the positive root ℓ of ℓ² = (M/U)² + r, for a sum of squares that is (U·ℓ)².
    Length { largest: NodeId, unit: NodeId, square: NodeId, others: NodeId },
    /// No input, but a condition: where it holds, the first of each two nodes is the second.
    Equates(Vec<(NodeId, NodeId)>),
}

impl Range {
    /// Whether it says how a value is related to others.
    pub(super) fn tells_of_others(&self) -> bool {
        !matches!(self, Self::Moderate | Self::NotNegative | Self::Bounded | Self::Relative | Self::Equates(_))
    }
}

/// The points of every scalar node of a graph, filled in as they are asked for.
pub(super) struct Profiles {
    pub(super) limits: Limits,
    ranges: HashMap<NodeId, Range>,
    /// Inputs that stand for what may overflow: to which sides.
    overflowing: HashMap<NodeId, [bool; 2]>,
    /// Inputs that are equal to earlier ones where a condition holds.
    equal: HashMap<NodeId, Vec<(NodeId, NodeId)>>,
    /// Of each node, once it was asked for: `None` where there are none.
    points: Vec<Option<Option<Box<[Point]>>>>,
}

/// No input that is known to be moderate is larger, nor smaller than the other number.
const MODERATE: f64 = 1e9;
const SMALL: f64 = 1e-17;

impl Profiles {
    pub(super) fn new(graph: &Graph, ranges: HashMap<NodeId, Range>) -> Self {
        let mut equal: HashMap<NodeId, Vec<(NodeId, NodeId)>> = HashMap::new();
        for (condition, range) in &ranges {
            let Range::Equates(pairs) = range else { continue };
            for (later, earlier) in pairs {
                equal.entry(*later).or_default().push((*condition, *earlier));
            }
        }
        equal.values_mut().for_each(|pairs| pairs.sort_unstable());
        Self { limits: Limits::of(graph.float()), ranges, overflowing: HashMap::new(), equal, points: Vec::new() }
    }

    /// An input that stands for a value: between what that lies, and whether it may be infinite.
    pub(super) fn know(&mut self, input: NodeId, range: Option<Range>, ends: [bool; 2]) {
        self.ranges.extend(range.map(|range| (input, range)));
        self.overflowing.insert(input, ends);
    }

    /// The points of a node; `None` for an array or what depends on one.
    pub(super) fn of(&mut self, graph: &Graph, node: NodeId) -> Option<&[Point]> {
        if self.points.len() < graph.len() {
            self.points.resize_with(graph.len(), || None);
        }
        let mut pending = vec![node];
        while let Some(next) = pending.last().copied() {
            if self.points[next.index()].is_some() {
                pending.pop();
                continue;
            }
            let before = pending.len();
            let unknown = |node: &NodeId| self.points[node.index()].is_none();
            pending.extend(graph.operands(next).map(|operand| operand.node).filter(unknown));
            if matches!(graph.operation(next), Operation::Input(_)) {
                pending.extend(self.read_by(next).into_iter().filter(|other| *other < next && unknown(other)));
            }
            if pending.len() == before {
                self.points[next.index()] = Some(self.compute(graph, next));
                pending.pop();
            }
        }
        self.points_of(node)
    }

    fn points_of(&self, node: NodeId) -> Option<&[Point]> {
        self.points.get(node.index())?.as_ref()?.as_deref()
    }

    /// What the points of an input are bounded by.
    fn read_by(&self, node: NodeId) -> Vec<NodeId> {
        let mut read = match self.ranges.get(&node) {
            Some(Range::AtLeast(below) | Range::Top(below) | Range::Largest(below)) => below.clone(),
            Some(Range::Unit(largest)) => vec![*largest],
            Some(Range::Others { largest, unit }) => vec![*largest, *unit],
            Some(Range::Mostly(below)) => {
                below.iter().flat_map(|(node, zeros)| std::iter::once(*node).chain(zeros.iter().copied())).collect()
            }
            _ => Vec::new(),
        };
        let equal = self.equal.get(&node).into_iter().flatten();
        read.extend(equal.flat_map(|(condition, earlier)| [*condition, *earlier]));
        read
    }

    fn compute(&self, graph: &Graph, node: NodeId) -> Option<Box<[Point]>> {
        if !graph.local_dims(node).is_empty() {
            return None;
        }
        let exact = |value: f64| exact(self.limits.round(value));
        match graph.operation(node) {
            Operation::Input(place) => Some((0..POINTS).map(|point| self.input(node, place, point)).collect()),
            Operation::Constant(_) => {
                let number = graph.as_constant(node).unwrap_or(Number::ZERO);
                let value = number.nearest(graph.float());
                let error = if number.is_exact_in(graph.float()) { 0.0 } else { value.abs() / UNIT };
                Some(vec![Point { error, ..exact(value) }; POINTS].into())
            }
            Operation::Truth(value) => Some(vec![exact(f64::from(u8::from(value))); POINTS].into()),
            Operation::Apply(operator) if graph.operands(node).count() > operator.arity() => {
                self.folded(graph, node, operator)
            }
            Operation::Apply(operator) => {
                // Plain loops over slices, here and below: a pass that runs in users' builds, without optimisation.
                let mut operands: [&[Point]; 3] = [&[]; 3];
                for (place, operand) in graph.operands(node).enumerate() {
                    operands[place] = self.points_of(operand.node)?;
                }
                let mut step = OneStep::new(operator);
                let once = matches!(self.ranges.get(&node), Some(Range::Term { .. }));
                let mut points = Vec::with_capacity(POINTS);
                let mut point = 0;
                while point < POINTS {
                    let mut computed = match operands {
                        [[], ..] => self.apply(&mut step, &[]),
                        [a, [], _] => self.apply(&mut step, &[&a[point]]),
                        [a, b, []] => self.apply(&mut step, &[&a[point], &b[point]]),
                        [a, b, c] => self.apply(&mut step, &[&a[point], &b[point], &c[point]]),
                    };
                    if once && computed.value.is_finite() {
                        computed.moves = computed.moves.map(|moved| moved + computed.error.copysign(moved));
                        computed.error = 0.0;
                    }
                    points.push(computed);
                    point += 1;
                }
                Some(points.into())
            }
            _ => None,
        }
    }

    /// The points of an operator of many operands: of the first two, of that and the third, and so on.
    fn folded(&self, graph: &Graph, node: NodeId, operator: Operator) -> Option<Box<[Point]>> {
        let mut operands = graph.operands(node);
        let mut points: Box<[Point]> = self.points_of(operands.next()?.node)?.into();
        let mut step = OneStep::new(operator);
        for operand in operands {
            for (point, other) in points.iter_mut().zip(self.points_of(operand.node)?) {
                *point = self.apply(&mut step, &[point, other]);
            }
        }
        Some(points)
    }

    /// The number that an input takes at a point, by what is known of it.
    fn input(&self, node: NodeId, place: u32, point: usize) -> Point {
        let at = |node: &NodeId| Some(self.points_of(*node)?[point]);
        let mut equal = self.equal.get(&node).into_iter().flatten();
        let holds = |(condition, _): &&(NodeId, NodeId)| at(condition).is_some_and(|at| at.value == 1.0);
        if let Some(same) = equal.find(holds).and_then(|(_, earlier)| at(earlier)) {
            return same;
        }
        let range = self.ranges.get(&node);
        let mut value = sample(self.limits.float, place, point);
        match range {
            Some(Range::NotNegative) => value = value.abs(),
            Some(Range::Bounded) if value.abs() > 1.0 => value = 1.0 / value,
            Some(Range::Moderate) => value = value.abs().min(MODERATE),
            Some(Range::Others { largest, unit }) => {
                let ratio = at(largest).zip(at(unit)).map_or(1.0, |(largest, unit)| largest.value / unit.value);
                value = value.abs().min(MODERATE) * (ratio * ratio);
            }
            Some(Range::Unit(largest)) => {
                let largest = at(largest).map_or(1.0, |largest| largest.value);
                return exact(unit_of(self.limits.float, largest));
            }
            Some(Range::Relative | Range::Top(_)) if value != 0.0 => {
                value = value.abs().clamp(SMALL, MODERATE).copysign(value);
            }
            _ => {}
        }
        let value = self.limits.round(value);
        if let Some([down, up]) = self.overflowing.get(&node)
            && value.abs() > self.limits.largest / 2.0
            && if value > 0.0 { *up } else { *down }
        {
            return Point { value: value * f64::INFINITY, ..exact(value) };
        }
        let moved = value / UNIT;
        let moves = [moved, if place.is_multiple_of(2) { moved } else { -moved }];
        let free = Point { value, error: 0.0, moves, least: f64::MAX, undefined: false, vanished: false };
        match range {
            Some(Range::AtLeast(below)) => self.largest(below, point, free),
            Some(Range::Top(below)) => self.largest_in_size(below, point, free),
            Some(Range::Mostly(below)) => self.largest_counted(below, point, free),
            Some(Range::Largest(below)) => self.largest_size(below, point, free),
            _ => free,
        }
    }

    /// The largest of some nodes at a point, at every second point that of another number too.
    fn largest(&self, nodes: &[NodeId], point: usize, free: Point) -> Point {
        let points = nodes.iter().filter_map(|node| Some(self.points_of(*node)?[point]));
        let largest = points.filter(|point| point.value.is_finite()).max_by(|a, b| a.value.total_cmp(&b.value));
        match largest {
            Some(largest) if point.is_multiple_of(2) || largest.value >= free.value => largest,
            _ => free,
        }
    }

    /// That of some nodes which is the largest in size at a point, at every second point another number if that is larger.
    fn largest_in_size(&self, nodes: &[NodeId], point: usize, free: Point) -> Point {
        let points = nodes.iter().filter_map(|node| Some(self.points_of(*node)?[point]));
        let sizes = |a: &Point, b: &Point| a.value.abs().total_cmp(&b.value.abs()).then(a.value.total_cmp(&b.value));
        match points.filter(|point| point.value.is_finite()).max_by(sizes) {
            Some(largest) if point.is_multiple_of(2) || largest.value.abs() >= free.value.abs() => largest,
            _ => free,
        }
    }

    /// The largest of some nodes that count; far below one that does not, if there is one.
    fn largest_counted(&self, nodes: &[(NodeId, Vec<NodeId>)], point: usize, free: Point) -> Point {
        let at = |node: &NodeId| Some(self.points_of(*node)?[point]);
        let is_zero = |zeros: &[NodeId]| zeros.iter().filter_map(at).any(|zero| zero.value == 0.0);
        let (out, counted): (Vec<_>, Vec<_>) = nodes.iter().partition(|(_, zeros)| is_zero(zeros));
        let far = if self.limits.float == FloatType::F64 { 800.0 } else { 101.0 };
        let free = match out.iter().filter_map(|(node, _)| at(node)).find(|point| point.value.is_finite()) {
            Some(out) => Point { value: self.limits.round(out.value - far), ..free },
            None => free,
        };
        let counted: Vec<NodeId> = counted.iter().map(|(node, _)| *node).collect();
        if out.is_empty() || !counted.is_empty() { self.largest(&counted, point, free) } else { free }
    }

    /// The largest absolute value of some nodes at a point, at every second point that of another number too.
    fn largest_size(&self, nodes: &[NodeId], point: usize, free: Point) -> Point {
        let size = |point: Point| {
            let sign = 1.0_f64.copysign(point.value);
            Point { value: point.value.abs(), moves: point.moves.map(|moved| sign * moved), ..point }
        };
        let points = nodes.iter().filter_map(|node| Some(size(self.points_of(*node)?[point])));
        let largest = points.filter(|point| point.value.is_finite()).max_by(|a, b| a.value.total_cmp(&b.value));
        match largest {
            Some(largest) if largest.value > 0.0 && (point.is_multiple_of(2) || largest.value >= free.value.abs()) => {
                largest
            }
            _ if free.value == 0.0 => exact(1.0),
            _ => size(free),
        }
    }

    /// One operation on computed numbers.
    fn apply(&self, step: &mut OneStep, operands: &[&Point]) -> Point {
        let (mut values, mut undefined, mut finite, mut zero, mut unknown) = ([0.0; 3], false, true, false, false);
        let unit = self.limits.roundoff * UNIT;
        let mut place = 0;
        while place < operands.len() {
            let operand = operands[place];
            values[place] = operand.value;
            undefined |= operand.undefined;
            let is_finite = operand.value.abs() < f64::INFINITY;
            finite &= is_finite;
            zero |= operand.value == 0.0 && operand.error == 0.0;
            let moved = operand.error * unit;
            unknown |= is_finite && moved > 0.01 * operand.value.abs();
            place += 1;
        }
        let value = self.limits.round(step.evaluate(&values));
        // A function that is NaN at a number is not defined there, nor is 0/0; NaN from overflow, or where a number is 0 only
        // because it is too small for a float, is another matter.
        let vanished = operands.iter().any(|operand| operand.vanished)
            || value == 0.0 && matches!(operands, [operand] if operand.value != 0.0);
        let exact = !vanished && operands.iter().all(|operand| operand.error == 0.0);
        let own = value.is_nan() && finite && (exact || !step.divides);
        let undefined = own || undefined && step.operator != Operator::Select;
        if step.is_condition {
            // A comparison of numbers that are hardly known may come out either way.
            let largest = values.iter().fold(self.limits.normal, |largest, value| largest.max(value.abs()));
            let open = !finite || operands.iter().any(|operand| operand.error * unit > 0.01 * largest);
            let error = if open && self.is_undecided(step, operands, value) { f64::INFINITY } else { 0.0 };
            return Point { value, error, moves: [0.0; 2], least: f64::MAX, undefined, vanished };
        }
        step.start(&values, value);
        let mut error = self.rounding(step.operator, &values[..operands.len()], value, finite && zero);
        let (mut moves, mut least) = ([0.0; 2], self.limits.largest);
        let mut place = 0;
        while place < operands.len() {
            let operand = operands[place];
            if operand.value.is_infinite() {
                let other = beyond(step, &values, place, operand.least);
                // What is of another sign for a smaller operand is at least nothing.
                let turns = value.is_infinite() && other.signum() != value.signum();
                least = least.min(if turns { 0.0 } else { other.abs() });
                error += if value == other { 0.0 } else { (value - other).abs() / unit };
            } else if operand.error > 0.0 || operand.moves[0] != 0.0 || operand.moves[1] != 0.0 {
                let slope = step.slope(place);
                if slope != 0.0 {
                    error += self.reach(step, &values, place, value, slope * operand.error, operand.error).abs();
                    let [one, other] = operand.moves;
                    moves[0] += self.reach(step, &values, place, value, slope * one, one);
                    moves[1] += self.reach(step, &values, place, value, slope * other, other);
                }
            }
            place += 1;
        }
        if step.operator == Operator::Select && operands[0].error > 0.0 && values[1] != values[2] {
            error = f64::INFINITY;
        }
        if unknown && finite && value.is_infinite() {
            least = least.min(self.least(step, operands));
        }
        if unknown && !error.is_nan() {
            error = error.max(self.uncertain(step, operands, value));
        }
        Point { value, error, moves, least, undefined, vanished }
    }

    /// The size of an infinite result where its operands are hardly known: the logarithm of what is 0 only because it is
    /// too small for a float is a number.
    fn least(&self, step: &OneStep, operands: &[&Point]) -> f64 {
        let unit = self.limits.roundoff * UNIT;
        let moved = |sign: f64| {
            let mut moved = [0.0; 3];
            for (moved, operand) in moved.iter_mut().zip(operands) {
                *moved = operand.value + sign * (operand.error * unit);
            }
            step.evaluate(&moved).abs()
        };
        moved(1.0).min(moved(-1.0))
    }

    /// How far a result moves when an operand does; `change` is that by the slope.
    fn reach(&self, step: &OneStep, values: &[f64; 3], place: usize, value: f64, change: f64, moved: f64) -> f64 {
        if change.abs() < f64::INFINITY {
            return change;
        }
        if moved == 0.0 {
            return 0.0;
        }
        if value.is_finite() { self.difference(step, values, place, value, moved) } else { change }
    }

    /// What `slope · moved` is where the slope itself overflows.
    fn difference(&self, step: &OneStep, values: &[f64; 3], place: usize, value: f64, moved: f64) -> f64 {
        let unit = self.limits.roundoff * UNIT;
        let small = values[place] / 1_048_576.0;
        let moves = if (moved * unit).abs() > small.abs() { moved * unit } else { small };
        let mut other = *values;
        other[place] += moves;
        let change = step.evaluate(&other) - value;
        if moves == small { change * (moved / small) } else { change / unit }
    }

    /// Whether a condition is another one for what its operands may really be.
    fn is_undecided(&self, step: &OneStep, operands: &[&Point], value: f64) -> bool {
        let unit = self.limits.roundoff * UNIT;
        let mut ends = [[0.0; 3]; 2];
        for (place, operand) in operands.iter().enumerate() {
            let [low, high] = match operand.value {
                value if value.is_nan() => [f64::NEG_INFINITY, f64::INFINITY],
                value if value.is_infinite() => [operand.least.copysign(value), value],
                _ if operand.error.is_infinite() => [f64::NEG_INFINITY, f64::INFINITY],
                value => [value - operand.error * unit, value + operand.error * unit],
            };
            (ends[0][place], ends[1][place]) = (low, high);
        }
        (0..1 << operands.len()).any(|mask: usize| {
            let mut moved = [0.0; 3];
            for (place, moved) in moved.iter_mut().enumerate().take(operands.len()) {
                *moved = ends[mask >> place & 1][place];
            }
            step.evaluate(&moved) != value
        })
    }

    /// The error where an operand is hardly known, which slopes do not tell.
    fn uncertain(&self, step: &OneStep, operands: &[&Point], value: f64) -> f64 {
        let unit = self.limits.roundoff * UNIT;
        if step.operator == Operator::Select {
            return 0.0;
        }
        let at = |sign: f64| {
            let mut moved = [0.0; 3];
            for (place, operand) in operands.iter().enumerate() {
                moved[place] = if operand.value.is_infinite() {
                    operand.least.copysign(operand.value)
                } else {
                    operand.value + sign * operand.error * unit
                };
            }
            (step.evaluate(&moved) - value).abs()
        };
        let most = at(1.0).max(at(-1.0)) / unit;
        if most.is_nan() { 0.0 } else { most }
    }

    /// What the operation itself rounds.
    fn rounding(&self, operator: Operator, values: &[f64], value: f64, exact: bool) -> f64 {
        // Residues of smaller numbers underflow themselves.
        let large = |value: f64| value.abs() > self.limits.normal / (self.limits.roundoff * self.limits.roundoff);
        // What is 0 at half the way already is far below the smallest number.
        let vanishes = |a: &f64| value == 0.0 && *a != 0.0 && (operator.row().evaluate)(&[*a / 2.0]) == 0.0;
        let size = match (operator, values) {
            (_, [a]) if vanishes(a) => return 0.0,
            _ if !value.is_finite() => return f64::INFINITY,
            (Operator::Add, [a, b]) if is_exact_sum(*a, *b, value) => return 0.0,
            (Operator::Subtract, [a, b]) if is_exact_sum(*a, -*b, value) => return 0.0,
            (Operator::Multiply, [a, b]) if a.mul_add(*b, -value) == 0.0 && large(value) => return 0.0,
            (Operator::Multiply, [a, b]) if exact && (*a == 0.0 || *b == 0.0) => return 0.0,
            (Operator::Divide, [a, _]) if exact && *a == 0.0 => return 0.0,
            (Operator::Divide, [a, b]) if value.mul_add(*b, -*a) == 0.0 && large(*a) && large(value) => return 0.0,
            (Operator::Sqrt, [a]) if value.mul_add(value, -*a) == 0.0 && large(*a) => return 0.0,
            _ => match operator.row().rounding {
                Rounding::Exact => return 0.0,
                Rounding::Nearest => 1.0,
                Rounding::Library => 2.0,
            },
        };
        let tiny =
            if value.abs() < self.limits.normal { self.limits.smallest / self.limits.roundoff / 2.0 } else { 0.0 };
        size * ((value.abs() + tiny) / UNIT)
    }
}

fn exact(value: f64) -> Point {
    Point { value, error: 0.0, moves: [0.0; 2], least: f64::MAX, undefined: false, vanished: false }
}

fn is_exact_sum(a: f64, b: f64, sum: f64) -> bool {
    let virtual_b = sum - a;
    (a - (sum - virtual_b)) + (b - virtual_b) == 0.0
}

/// What an operand that overflowed leaves open: the result for the least number that it may be.
fn beyond(step: &OneStep, values: &[f64; 3], place: usize, least: f64) -> f64 {
    let mut other = *values;
    other[place] = least.copysign(values[place]);
    step.evaluate(&other)
}

/// The number that an input takes at a point: the first input runs through all of them, the others in another order.
fn sample(float: FloatType, place: u32, point: usize) -> f64 {
    let ends = if float == FloatType::F64 { SIZES_F64 } else { SIZES_F32 };
    let both = 2 * (SIZES.len() + ends.len());
    if let Some(common) = point.checked_sub(both + 1) {
        let (low, high) = ([ends[0], ends[1], ends[2]], [ends[6], ends[7], ends[8]]);
        let pairs: [[f64; 2]; COMMON] = [
            [low[0], 1.25 * low[0]],
            [low[1], -low[1]],
            [low[2], 1.5 * low[2]],
            [1e-9, 2e-9],
            [0.4, -0.5],
            [1.0, 1.0],
            [7.0, -40.0],
            [ends[3], 1.1 * ends[3]],
            [high[0], 1.25 * high[0]],
            [-high[1], high[1]],
            [high[2], 1.5 * high[2]],
            [ends[9], ends[9]],
            [0.0, low[1]],
            [low[1], 0.0],
            [0.0, high[2]],
            [high[2], 0.0],
            [low[1], 1.0],
            [1.0, low[1]],
            [low[0], low[1]],
            [low[1], low[2]],
            [low[2], low[1]],
            [low[0], 0.0],
            [0.0, low[0]],
            [low[0], 1e4],
            [1e4, low[0]],
            [ends[5], 0.0],
            [-ends[5], 0.0],
            [0.0, ends[5]],
            [0.0, -ends[5]],
            [ends[6], 0.999 * ends[6]],
            [-ends[6], -1.001 * ends[6]],
            [1e4, 1e4 + 0.5],
        ];
        return pairs[common % COMMON][place as usize % 2];
    }
    // 17 has no common divisor with the count, so that every input takes every number.
    let order = if place == 0 { point } else { (point * 17 + place as usize * 29) % (both + 1) };
    let Some(order) = order.checked_sub(1) else { return 0.0 };
    let size = SIZES.iter().chain(&ends).nth(order / 2).copied().unwrap_or(1.0);
    if order % 2 == 0 { size } else { -size }
}
