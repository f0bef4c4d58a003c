//! What a value may be: the bounds that its formula alone implies.
//!
//! A product with a factor that may not be finite must stay inside of a condition, see [`super::cotangent`]. Which factors may
//! not be is read from the bounds of what they are made of. Inputs, their sums and products are finite, as long as these do
//! not overflow; an exponential is finite too, but overflows early; a quotient by what may be zero is not.

use std::collections::HashMap;

use crate::graph::{Graph, NodeId, Operation};
use crate::number::Number;
use crate::operators::{Kind, Operator, Singularity};

/// Beyond every number that is finite: any input.
const FINITE: f64 = 1e300;
/// Beyond every number that may overflow.
const HUGE: f64 = f64::MAX;

/// How large a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// It is a number wherever the inputs are, and not huge.
    Finite,
    /// So it is by algebra, but an exponential in it may overflow.
    Overflows,
    /// It may be infinite or undefined.
    Singular,
}

/// Bounds of a value; infinite ones say that it may be undefined, too.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Range {
    low: f64,
    high: f64,
}

const ANY: Range = Range { low: f64::NEG_INFINITY, high: f64::INFINITY };
const NUMBER: Range = Range { low: -FINITE, high: FINITE };
const TRUTH: Range = Range { low: 0.0, high: 1.0 };

impl Range {
    fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    fn point(value: f64) -> Self {
        Self::new(value, value)
    }

    fn reach(self) -> Reach {
        match self.low.abs().max(self.high.abs()) {
            large if large <= FINITE => Reach::Finite,
            large if large <= HUGE => Reach::Overflows,
            _ => Reach::Singular,
        }
    }

    /// Bounds of what is computed from values of some reach by sums and products: it has no other reach.
    fn within(self, reach: Reach) -> Self {
        let most = match reach {
            Reach::Finite => FINITE,
            Reach::Overflows => HUGE,
            Reach::Singular => return ANY,
        };
        Self::new(self.low.clamp(-most, most), self.high.clamp(-most, most))
    }

    fn hull(self, other: Self) -> Self {
        Self::new(self.low.min(other.low), self.high.max(other.high))
    }

    /// A function that grows, of which only the values at the bounds are asked.
    fn growing(self, function: impl Fn(f64) -> f64) -> Self {
        Self::new(function(self.low), function(self.high))
    }

    fn negated(self) -> Self {
        Self::new(-self.high, -self.low)
    }

    fn plus(self, other: Self) -> Self {
        Self::new(self.low + other.low, self.high + other.high).within(self.reach().max(other.reach()))
    }

    fn times(self, other: Self) -> Self {
        let all = [self.low * other.low, self.low * other.high, self.high * other.low, self.high * other.high];
        let (low, high) = all.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
        Self::new(low, high).within(self.reach().max(other.reach()))
    }

    /// The product of as many values as one likes.
    fn product(self) -> Self {
        let low = if self.low >= 0.0 { 0.0 } else { f64::NEG_INFINITY };
        let high = if self.low >= 0.0 && self.high <= 1.0 { 1.0 } else { f64::INFINITY };
        Self::new(low, high).within(self.reach())
    }

    fn reciprocal(self) -> Self {
        if self.low <= 0.0 && self.high >= 0.0 || self.reach() == Reach::Singular {
            return ANY;
        }
        // What may be as large as one likes has a reciprocal as small.
        let one_over = |bound: f64| match bound.abs() {
            large if large >= FINITE => 0.0,
            small if small <= 1.0 / FINITE => HUGE.copysign(bound),
            _ => 1.0 / bound,
        };
        Self::new(one_over(self.high), one_over(self.low))
    }

    fn exponential(self) -> Self {
        let bound = |exponent: f64| match exponent {
            large if large > 690.0 => HUGE,
            small if small < -690.0 => f64::MIN_POSITIVE,
            _ => exponent.exp(),
        };
        if self.reach() == Reach::Singular { ANY } else { self.growing(bound) }
    }

    fn logarithm(self) -> Self {
        let bound = |value: f64| match value {
            large if large >= FINITE => FINITE,
            small if small <= 1.0 / FINITE => -HUGE,
            _ => value.ln(),
        };
        if self.low > 0.0 && self.reach() != Reach::Singular { self.growing(bound) } else { ANY }
    }

    fn root(self) -> Self {
        if self.low >= 0.0 && self.reach() != Reach::Singular {
            self.growing(f64::sqrt).within(self.reach())
        } else {
            ANY
        }
    }

    fn absolute(self) -> Self {
        let low = if self.low <= 0.0 && self.high >= 0.0 { 0.0 } else { self.low.abs().min(self.high.abs()) };
        Self::new(low, self.low.abs().max(self.high.abs()))
    }

    fn power(self, exponent: Option<Number>) -> Self {
        let Some(exponent) = exponent else { return ANY };
        let Some(whole) = exponent.to_integer() else {
            let positive = exponent.to_f64() > 0.0 && self.low >= 0.0 && self.reach() != Reach::Singular;
            return if positive { Self::new(0.0, f64::INFINITY).within(self.reach()) } else { ANY };
        };
        let count = i32::try_from(whole.unsigned_abs()).unwrap_or(i32::MAX);
        let base = if count % 2 == 0 { self.absolute() } else { self };
        let power = match self.reach() {
            Reach::Singular => ANY,
            reach => base.growing(|bound| bound.powi(count)).within(reach),
        };
        if whole < 0 { power.reciprocal() } else { power }
    }
}

/// The ranges of the nodes of a graph, found when they are asked for.
#[derive(Default)]
pub(super) struct Ranges {
    known: Vec<Range>,
    /// Where something is known to be at least a number somewhere along some slots: `x - max(x)` is 0 there.
    attained: HashMap<NodeId, (Vec<usize>, f64)>,
}

impl Ranges {
    /// How large a node may be.
    pub(super) fn reach(&mut self, graph: &Graph, node: NodeId) -> Reach {
        for place in self.known.len()..=node.index() {
            let Some(next) = graph.node_at(place) else { return Reach::Singular };
            let range = self.range(graph, next);
            self.known.push(range);
        }
        self.known[node.index()].reach()
    }

    /// Whether a node is above zero everywhere.
    pub(super) fn is_positive(&mut self, graph: &Graph, node: NodeId) -> bool {
        self.reach(graph, node) != Reach::Singular && self.known[node.index()].low > 0.0
    }

    fn range(&mut self, graph: &Graph, node: NodeId) -> Range {
        match graph.operation(node) {
            Operation::Input(_) => NUMBER,
            Operation::Constant(_) => {
                graph.as_constant(node).map_or(NUMBER, |number| Range::point(number.nearest(graph.float())))
            }
            Operation::Size(_) => Range::new(1.0, FINITE),
            Operation::Iota => Range::new(0.0, FINITE),
            Operation::Truth(_) | Operation::Delta => TRUTH,
            Operation::Max(_) => self.of_operand(graph, node),
            Operation::Prod(_) => self.of_operand(graph, node).product(),
            Operation::Sum(_) => self.sum(graph, node),
            Operation::Apply(operator) => self.apply(graph, node, operator),
        }
    }

    fn of_operand(&self, graph: &Graph, node: NodeId) -> Range {
        graph.operands(node).next().map_or(ANY, |body| self.known[body.node.index()])
    }

    /// At least one term is there, and as many as one likes.
    fn sum(&self, graph: &Graph, node: NodeId) -> Range {
        let term = self.of_operand(graph, node);
        let low = if term.low >= 0.0 { term.low.max(self.attained_by(graph, node)) } else { f64::NEG_INFINITY };
        let high = if term.high <= 0.0 { term.high } else { f64::INFINITY };
        Range::new(low, high).within(term.reach())
    }

    /// What one of the terms of a sum is at least.
    fn attained_by(&self, graph: &Graph, node: NodeId) -> f64 {
        let Some(body) = graph.operands(node).next() else { return 0.0 };
        let kept = graph.shape(node).len();
        match self.attained.get(&body.node) {
            Some((slots, value)) if slots.iter().all(|slot| usize::from(body.axes[*slot]) >= kept) => *value,
            _ => 0.0,
        }
    }

    fn apply(&mut self, graph: &Graph, node: NodeId, operator: Operator) -> Range {
        let operands: Vec<_> = graph.operands(node).map(|operand| (operand.node, operand.axes.to_vec())).collect();
        let ranges: Vec<Range> = operands.iter().map(|(operand, _)| self.known[operand.index()]).collect();
        let same = operands.len() == 2 && operands[0] == operands[1];
        match (operator, &ranges[..]) {
            (Operator::Add, [a, b]) => a.plus(*b),
            (Operator::Subtract, [a, b]) => self.difference(graph, node, *a, *b),
            (Operator::Multiply, [a, _]) if same => a.absolute().growing(|bound| bound * bound).within(a.reach()),
            (Operator::Multiply, [a, b]) => a.times(*b),
            (Operator::Divide, [a, b]) => a.times(b.reciprocal()),
            (Operator::Power, [a, _]) => a.power(graph.as_constant(operands[1].0)),
            (Operator::Negate, [a]) => a.negated(),
            (Operator::Exp, [a]) => {
                if let Some((slots, value)) = self.attained.get(&operands[0].0).filter(|_| is_whole(&operands[0].1)) {
                    let slots = slots.iter().map(|slot| usize::from(operands[0].1[*slot])).collect();
                    self.attained.insert(node, (slots, value.exp()));
                }
                a.exponential()
            }
            (Operator::Expm1, [a]) => a.exponential().plus(Range::point(-1.0)),
            (Operator::Log, [a]) => a.logarithm(),
            (Operator::Log1p, [a]) => a.plus(Range::point(1.0)).logarithm(),
            (Operator::Sqrt, [a]) => a.root(),
            (Operator::Hypot, [a, b]) => Range::new(0.0, f64::INFINITY).within(a.reach().max(b.reach())),
            (Operator::Abs, [a]) => a.absolute(),
            (Operator::Floor, [a]) => a.growing(f64::floor),
            (Operator::Maximum, [a, b]) => {
                Range::new(a.low.max(b.low), a.high.max(b.high)).within(a.reach().max(b.reach()))
            }
            (Operator::Minimum, [a, b]) => {
                Range::new(a.low.min(b.low), a.high.min(b.high)).within(a.reach().max(b.reach()))
            }
            (Operator::Select, [_, a, b]) => a.hull(*b),
            (Operator::Sinh, [a]) if a.reach() != Reach::Singular => Range::new(-HUGE, HUGE),
            (Operator::Cosh, [a]) if a.reach() != Reach::Singular => Range::new(1.0, HUGE),
            (Operator::Pi, _) => Range::point(std::f64::consts::PI),
            _ if operator.row().result == Kind::Truth => TRUTH,
            // What is infinite nowhere lies where the table says.
            _ if operator.row().singularity == Singularity::Nowhere => {
                let (low, high) = operator.row().range.ends();
                let reach = ranges.iter().map(|range| range.reach()).max().unwrap_or(Reach::Finite);
                Range::new(low, high).within(reach)
            }
            _ => ANY,
        }
    }

    /// A difference from a maximum of the same is not positive, and zero somewhere.
    fn difference(&mut self, graph: &Graph, node: NodeId, a: Range, b: Range) -> Range {
        let range = a.plus(b.negated());
        let mut operands = graph.operands(node);
        let (Some(value), Some(most)) = (operands.next(), operands.next()) else { return range };
        let (Operation::Max(_), Some(body)) = (graph.operation(most.node), graph.operands(most.node).next()) else {
            return range;
        };
        let kept = most.axes.len();
        let along = |slot: &usize| usize::from(body.axes[*slot]) >= kept;
        let agrees = |slot: usize| along(&slot) || most.axes[usize::from(body.axes[slot])] == value.axes[slot];
        let slots = 0..value.axes.len();
        if body.node != value.node || !is_whole(value.axes) || !is_whole(body.axes) || !slots.clone().all(agrees) {
            return range;
        }
        let closed = slots.filter(along).map(|slot| usize::from(value.axes[slot])).collect();
        self.attained.insert(node, (closed, 0.0));
        Range::new(range.low, range.high.min(0.0))
    }
}

/// Whether no axis stands twice.
fn is_whole(axes: &[u8]) -> bool {
    axes.iter().enumerate().all(|(slot, axis)| !axes[..slot].contains(axis))
}
