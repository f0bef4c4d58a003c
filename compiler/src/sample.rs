//! Numbers of every node at a few sample points: what the search compares. They decide nothing, proofs do.
//!
//! A point has a size for each dimension, numbers for the inputs (such that the stated facts hold), and from them the whole
//! array of every node that is not too large. What cannot be computed is a number of its own, as an input is.

use crate::facts::{Claim, Meaning};
use crate::graph::{Axis, Bound, Dim, Graph, NodeId, Operation, Ref};
use crate::operators::Operator;

/// How many points.
pub(crate) const POINTS: usize = 4;

/// One number at each point.
pub(crate) type Values = [f64; POINTS];

/// Larger arrays are not computed.
const MOST_ELEMENTS: usize = 256;
/// An equation holds where its sides are no further apart.
const MET: f64 = 1e-13;
/// Numbers that several inputs are at once.
const SAME: [f64; 5] = [0.0, 1.0, -0.75, 2.5, -3.0];
/// So many inputs are zero one by one.
const MOST_ZEROS: usize = 4;

/// A node's array at one point; `None` for what is not finite or too large.
type Arrays = Vec<Option<Vec<f64>>>;

/// Every node's array at each point.
pub(crate) struct Samples {
    points: Vec<Arrays>,
    positive: bool,
}

impl Samples {
    /// Computes what `live` marks. `free` are values that may stand for themselves where they cannot be computed.
    pub(crate) fn new(graph: &Graph, live: &[bool], free: &[bool], facts: &[Claim]) -> Self {
        // Positive inputs suit most domains; mixed signs tell more. Both are tried, the better set is kept.
        let all = |positive: bool| {
            let points = (0..POINTS).map(|point| Point::with_inputs(graph, point, positive, 1.0, facts));
            let points = points.map(|point| point.computed(live, free)).collect();
            Self { points, positive }
        };
        let mixed = all(false);
        let count = |samples: &Self| samples.points.iter().flatten().flatten().count();
        if count(&mixed) == POINTS * live.iter().filter(|live| **live).count() {
            return mixed;
        }
        let positive = all(true);
        if count(&mixed) >= count(&positive) { mixed } else { positive }
    }

    /// Computes a node that was added to the graph, and what it is made of.
    pub(crate) fn extend(&mut self, graph: &Graph, root: NodeId) {
        let mut missing = vec![root];
        let mut seen = std::collections::BTreeSet::from([root]);
        let mut place = 0;
        while let Some(node) = missing.get(place).copied() {
            place += 1;
            for operand in graph.operands(node) {
                let unknown = self.points[0].get(operand.node.index()).is_none_or(Option::is_none);
                if unknown && seen.insert(operand.node) {
                    missing.push(operand.node);
                }
            }
        }
        missing.sort_unstable();
        for (point, arrays) in self.points.iter_mut().enumerate() {
            arrays.resize(graph.len(), None);
            let mut work = Point { graph, point, positive: self.positive, arrays: std::mem::take(arrays) };
            for node in &missing {
                if work.arrays[node.index()].is_none() {
                    work.arrays[node.index()] =
                        work.compute(*node).filter(|array| array.iter().all(|value| value.is_finite()));
                }
            }
            *arrays = work.arrays;
        }
    }

    /// The number of a use at each point, where its axes have the positions that belong to the point.
    pub(crate) fn values(&self, graph: &Graph, used: &Ref) -> Option<Values> {
        let mut values = [0.0; POINTS];
        for (point, value) in values.iter_mut().enumerate() {
            *value = self.at(graph, used, point, &|axis| position(graph, axis, point))?;
        }
        Some(values)
    }

    /// The number of a use at one point and given positions.
    pub(crate) fn at(&self, graph: &Graph, used: &Ref, point: usize, at: &dyn Fn(Axis) -> usize) -> Option<f64> {
        let array = self.points.get(point)?.get(used.node.index())?.as_ref()?;
        array.get(element(graph, used, point, at)).copied()
    }
}

/// Which element of its node's array a use is, at positions.
fn element(graph: &Graph, used: &Ref, point: usize, at: &dyn Fn(Axis) -> usize) -> usize {
    let slots = used.axes.iter().zip(graph.shape(used.node));
    slots.fold(0, |element, (axis, dim)| element * size(*dim, point) + at(*axis))
}

/// Whether a form is a number, or at least infinite, at zeros of the inputs, one by one and all together, wherever another
/// one is, the facts hold and an output is finite. Between proofs by algebra and what is computed stands 0/0.
pub(crate) fn is_defined_at_zeros(
    graph: &Graph,
    [before, after]: [NodeId; 2],
    outputs: &[NodeId],
    facts: &[Claim],
) -> bool {
    let stated = facts.iter().map(|claim| claim.statement.node);
    let live = graph.live(stated.chain([before, after]).chain(outputs.iter().copied()));
    let nodes: Vec<NodeId> = graph.nodes().filter(|node| live[node.index()]).collect();
    let is_input = |node: &NodeId| matches!(graph.operation(*node), Operation::Input(_));
    let read = graph.live([before, after]);
    let inputs: Vec<NodeId> = nodes.iter().copied().filter(|node| is_input(node) && read[node.index()]).collect();
    let alone = inputs.iter().take(MOST_ZEROS).map(|input| vec![*input]);
    alone.chain([inputs.clone()]).all(|zeros| {
        let mut point = Point { graph, point: 0, positive: true, arrays: Vec::new() };
        point.fill(&nodes, &zeros, 0.0);
        // Shapes differ where one of them lacks axes: all of a value counts.
        let keeps = |is: fn(f64) -> bool| !point.all(before, is) || point.all(after, is);
        let holds = facts.iter().all(|claim| point.all(claim.statement.node, |value| value != 0.0));
        let inside = outputs.iter().any(|output| point.all(*output, f64::is_finite));
        !holds || !inside || (keeps(f64::is_finite) && keeps(|value| !value.is_nan()))
    })
}

/// Whether no output is a number where a value is zero, as far as that is seen: that value is an input, or a sum or
/// difference of two, so that points at which all of these are the same number tell.
pub(crate) fn is_undefined_at_zero(graph: &Graph, zero: NodeId, outputs: &[NodeId]) -> bool {
    let live = graph.live(outputs.iter().copied().chain([zero]));
    let nodes: Vec<NodeId> = graph.nodes().filter(|node| live[node.index()]).collect();
    let read = graph.live([zero]);
    let is_input = |node: &NodeId| matches!(graph.operation(*node), Operation::Input(_));
    let (inputs, others): (Vec<NodeId>, Vec<NodeId>) =
        nodes.iter().copied().filter(|node| read[node.index()]).partition(is_input);
    let linear = match others[..] {
        [] => true,
        [sum] => matches!(graph.as_operator(sum), Some(Operator::Add | Operator::Subtract)),
        _ => false,
    };
    let mut met = 0;
    for (place, value) in SAME.into_iter().enumerate() {
        for positive in [false, true] {
            let mut point = Point { graph, point: place % POINTS, positive, arrays: Vec::new() };
            point.fill(&nodes, &inputs, value);
            if point.all(zero, |value| value == 0.0) {
                met += 1;
                // An output of which one element is a number is defined there.
                if outputs.iter().any(|output| !point.all(*output, |value| !value.is_finite())) {
                    return false;
                }
            }
        }
    }
    linear && met > 1
}

/// The position of an axis at a point.
pub(crate) fn position(graph: &Graph, axis: Axis, point: usize) -> usize {
    let size = size(graph.dim(axis), point);
    (scrambled(u64::from(axis.number()), point as u64) % size.max(1) as u64) as usize
}

/// Whether two axes are at the same position at some points, and at others at others.
pub(crate) fn tells_apart(graph: &Graph, a: Axis, b: Axis) -> bool {
    let equal = (0..POINTS).filter(|point| position(graph, a, *point) == position(graph, b, *point)).count();
    (1..POINTS).contains(&equal)
}

/// Other positions of axes: together with those that belong to the points, some at which two axes agree and some at which
/// they do not, so that a delta or a condition is not the same at all of them.
pub(crate) const ELSEWHERE: usize = 3;

/// The position of an axis at a point, another one each time.
pub(crate) fn other_position(graph: &Graph, axis: Axis, point: usize, time: usize) -> usize {
    let size = size(graph.dim(axis), point);
    (scrambled(u64::from(axis.number()), (POINTS * (1 + time) + point) as u64) % size.max(1) as u64) as usize
}

/// The size of a dimension at a point.
pub(crate) fn size(dim: Dim, point: usize) -> usize {
    match dim {
        // A large array is sampled as a small one: a hit that depends on the size is refuted by its proof.
        Dim::Literal(size) => (size as usize).min(4),
        Dim::Symbol(symbol) => 2 + (scrambled(u64::from(symbol.number()), point as u64) % 2) as usize,
        Dim::Variable(_) => 2,
    }
}

/// The arrays of nodes at one point.
pub(crate) struct Point<'a> {
    graph: &'a Graph,
    point: usize,
    positive: bool,
    arrays: Arrays,
}

impl<'a> Point<'a> {
    /// What `live` marks, where the inputs are a factor times their random numbers, moved to where facts hold. Other points
    /// have other sizes of dimensions.
    pub(crate) fn of(graph: &'a Graph, point: usize, factor: f64, live: &[bool], facts: &[Claim]) -> Self {
        let mut all = Self::with_inputs(graph, point, false, factor, facts);
        for node in graph.nodes().filter(|node| live[node.index()]) {
            if !matches!(graph.operation(node), Operation::Input(_)) {
                all.arrays[node.index()] = all.compute(node);
            }
        }
        all
    }

    /// Computes nodes where some of the inputs are one number and the others random.
    fn fill(&mut self, nodes: &[NodeId], same: &[NodeId], number: f64) {
        self.arrays = vec![None; self.graph.len()];
        for node in nodes {
            let array = match self.graph.operation(*node) {
                Operation::Input(_) => self.random(*node),
                _ => self.compute(*node),
            };
            let replaced = |array: Vec<f64>| if same.contains(node) { vec![number; array.len()] } else { array };
            self.arrays[node.index()] = array.map(replaced);
        }
    }

    /// Whether all elements of a value are such; of what is too large, none is known.
    fn all(&self, node: NodeId, is: fn(f64) -> bool) -> bool {
        self.arrays[node.index()].iter().flatten().all(|value| is(*value))
    }

    /// The arrays of inputs alone.
    fn with_inputs(graph: &'a Graph, point: usize, positive: bool, factor: f64, facts: &[Claim]) -> Self {
        let mut all = Self { graph, point, positive, arrays: vec![None; graph.len()] };
        for node in graph.nodes().filter(|node| matches!(graph.operation(*node), Operation::Input(_))) {
            let factor = if graph.is_integer_input(node) { 1.0 } else { factor };
            let scaled = |array: Vec<f64>| array.into_iter().map(|value| factor * value).collect();
            all.arrays[node.index()] = all.random(node).map(scaled);
        }
        all.satisfy(facts);
        all
    }

    /// Which point.
    pub(crate) fn index(&self) -> usize {
        self.point
    }

    /// The array of a node; `None` for what is too large.
    pub(crate) fn array(&self, node: NodeId) -> Option<&[f64]> {
        self.arrays.get(node.index())?.as_deref()
    }

    /// Where a use stands in its node's array, at positions.
    pub(crate) fn place(&self, used: &Ref, at: &dyn Fn(Axis) -> usize) -> Option<usize> {
        let place = element(self.graph, used, self.point, at);
        (place < self.array(used.node)?.len()).then_some(place)
    }

    /// The number of a use, at positions.
    pub(crate) fn value(&self, used: &Ref, at: &dyn Fn(Axis) -> usize) -> Option<f64> {
        self.array(used.node)?.get(self.place(used, at)?).copied()
    }

    /// Where every operand stands in its array, for each element that a node is computed from: of a reduction, those of one
    /// element of the result after the other.
    pub(crate) fn walk(&self, node: NodeId) -> Option<Vec<Vec<usize>>> {
        let dims = self.graph.local_dims(node);
        let sizes: Vec<usize> = dims.iter().map(|dim| size(*dim, self.point)).collect();
        let mut walks = self.walks(node, sizes.len())?;
        let (mut places, mut position) = (Vec::new(), vec![0; sizes.len()]);
        let mut more = !sizes.contains(&0);
        while more {
            places.push(walks.iter().map(|walk| walk.place).collect());
            more = step(&sizes, &mut position, &mut walks);
        }
        Some(places)
    }

    /// What is finite of what `live` marks; see [`Samples::new`].
    fn computed(mut self, live: &[bool], free: &[bool]) -> Arrays {
        for node in self.graph.nodes().filter(|node| live.get(node.index()) == Some(&true)) {
            if matches!(self.graph.operation(node), Operation::Input(_)) {
                continue;
            }
            let computed = self.compute(node).filter(|array| array.iter().all(|value| value.is_finite()));
            let stands = || if free.get(node.index()) == Some(&true) { self.unknown(node) } else { None };
            self.arrays[node.index()] = computed.or_else(stands);
        }
        self.arrays
    }

    fn elements(&self, node: NodeId) -> Option<usize> {
        let mut count: usize = 1;
        for dim in self.graph.shape(node) {
            count = count.checked_mul(size(*dim, self.point))?;
        }
        (count <= MOST_ELEMENTS).then_some(count)
    }

    /// Numbers of an array: the same on every machine, other ones for every node.
    fn random(&self, node: NodeId) -> Option<Vec<f64>> {
        let count = self.elements(node)?;
        if self.graph.is_integer_input(node) {
            return Some((0..count).map(|place| self.given_position(node, place)).collect());
        }
        Some((0..count).map(|place| self.number(node, place)).collect())
    }

    /// A value that cannot be computed from others, because they are too large.
    fn unknown(&self, node: NodeId) -> Option<Vec<f64>> {
        let too_large = self.graph.operands(node).any(|operand| self.arrays[operand.node.index()].is_none());
        self.random(node).filter(|_| too_large)
    }

    /// A position in every array that an integer input indexes.
    fn given_position(&self, node: NodeId, place: usize) -> f64 {
        let own = |bound: &&Bound| self.graph.operation(node) == Operation::Input(bound.input);
        let sizes = self.graph.bounds().iter().filter(own).map(|bound| size(bound.size, self.point));
        let state = scrambled(scrambled(node.index() as u64, place as u64), self.point as u64);
        (state % sizes.min().unwrap_or(1).max(1) as u64) as f64
    }

    /// A number between 0.2 and 1.8, or its negative.
    fn number(&self, node: NodeId, place: usize) -> f64 {
        let state = scrambled(scrambled(node.index() as u64, place as u64), self.point as u64);
        let size = 0.2 + 1.6 * ((state >> 11) as f64 / (1_u64 << 53) as f64);
        if self.positive || state.is_multiple_of(2) { size } else { -size }
    }

    fn compute(&self, node: NodeId) -> Option<Vec<f64>> {
        let count = self.elements(node)?;
        let dims = self.graph.local_dims(node);
        let sizes: Vec<usize> = dims.iter().map(|dim| size(*dim, self.point)).collect();
        let slots = self.graph.shape(node).len();
        match self.graph.operation(node) {
            Operation::Constant(_) => Some(vec![self.graph.as_constant(node)?.to_f64()]),
            Operation::Truth(value) => Some(vec![f64::from(u8::from(value))]),
            Operation::Size(dim) => Some(vec![size(dim, self.point) as f64]),
            Operation::Iota => Some((0..count).map(|place| place as f64).collect()),
            Operation::Delta => {
                let side = sizes[0];
                Some((0..count).map(|place| f64::from(u8::from(place / side == place % side))).collect())
            }
            Operation::Apply(operator) => self.elementwise(node, operator, &sizes),
            Operation::Sum(_) => self.reduce(node, &sizes, slots, 0.0, |a, b| a + b),
            Operation::Max(_) => self.reduce(node, &sizes, slots, f64::NEG_INFINITY, f64::max),
            Operation::Prod(_) => self.reduce(node, &sizes, slots, 1.0, |a, b| a * b),
            Operation::Input(_) => None,
        }
    }

    /// The operands' arrays and, for each, how far a step along each local axis goes.
    fn walks(&self, node: NodeId, axes: usize) -> Option<Vec<Walk<'_>>> {
        let mut walks = Vec::new();
        for operand in self.graph.operands(node) {
            let array = self.arrays[operand.node.index()].as_deref()?;
            let (mut strides, mut stride) = (vec![0; axes].into_boxed_slice(), 1);
            let (dims, mut slot) = (self.graph.shape(operand.node), operand.axes.len());
            while slot > 0 {
                slot -= 1;
                strides[usize::from(operand.axes[slot])] += stride;
                stride *= size(dims[slot], self.point);
            }
            walks.push(Walk { array, strides, place: 0 });
        }
        Some(walks)
    }

    fn elementwise(&self, node: NodeId, operator: Operator, sizes: &[usize]) -> Option<Vec<f64>> {
        let mut walks = self.walks(node, sizes.len())?;
        let (evaluate, mut result) = (operator.row().evaluate, Vec::new());
        let mut operands = vec![0.0; walks.len()].into_boxed_slice();
        let mut position = vec![0; sizes.len()];
        let mut more = !sizes.contains(&0);
        while more {
            let (walks, mut place) = (walks.as_mut_slice(), 0);
            while place < walks.len() {
                operands[place] = walks[place].array[walks[place].place];
                place += 1;
            }
            result.push(evaluate(&operands));
            more = step(sizes, &mut position, walks);
        }
        Some(result)
    }

    fn reduce(
        &self,
        node: NodeId,
        sizes: &[usize],
        slots: usize,
        empty: f64,
        add: impl Fn(f64, f64) -> f64,
    ) -> Option<Vec<f64>> {
        let mut walks = self.walks(node, sizes.len())?;
        let [walk] = walks.as_mut_slice() else { return None };
        let inner: usize = sizes[slots..].iter().product();
        let (mut result, mut position) = (Vec::new(), vec![0; sizes.len()]);
        let (mut sum, mut count) = (empty, 0);
        let mut more = !sizes.contains(&0);
        while more {
            sum = add(sum, walk.array[walk.place]);
            count += 1;
            if count == inner {
                result.push(sum);
                (sum, count) = (empty, 0);
            }
            more = step(sizes, &mut position, std::slice::from_mut(walk));
        }
        Some(result)
    }

    /// Moves the inputs to where the stated equations hold: each in turn, along its slope, until none moves any more.
    fn satisfy(&mut self, facts: &[Claim]) {
        let mut equations: Vec<(Ref, Ref)> = Vec::new();
        for claim in facts {
            match &claim.meaning {
                Meaning::Equal(left, right) => equations.push((left.clone(), right.clone())),
                Meaning::Greater(left, right) | Meaning::AtLeast(left, right) => self.move_inside(left, right),
                Meaning::Different(..) | Meaning::Never | Meaning::Other => {}
            }
        }
        for _ in 0..40 {
            let mut moved = false;
            for (left, right) in &equations {
                moved |= self.solve(left, right).unwrap_or(false);
            }
            if !moved {
                return;
            }
        }
    }

    /// `x > 2` of an input: its numbers are moved to the right side.
    fn move_inside(&mut self, left: &Ref, right: &Ref) {
        for (input, bound, sign) in [(left, right, 1.0), (right, left, -1.0)] {
            let bound = self.graph.as_constant(bound.node).map(crate::number::Number::to_f64);
            if let (Operation::Input(_), Some(bound)) = (self.graph.operation(input.node), bound)
                && let Some(array) = &mut self.arrays[input.node.index()]
            {
                array.iter_mut().for_each(|value| *value = bound + sign * value.abs());
            }
        }
    }

    /// One step towards an equation, position by position; whether anything moved.
    fn solve(&mut self, left: &Ref, right: &Ref) -> Option<bool> {
        let mut axes = left.distinct_axes();
        axes.extend(right.distinct_axes().into_iter().filter(|axis| !left.axes.contains(axis)));
        let sizes: Vec<usize> = axes.iter().map(|axis| size(self.graph.dim(*axis), self.point)).collect();
        let mut positions = Vec::new();
        each(&sizes, |position| positions.push(position.to_vec()));
        let live = self.graph.live([left.node, right.node]);
        let is_input = |node: &NodeId| matches!(self.graph.operation(*node), Operation::Input(_));
        let (inputs, live): (Vec<NodeId>, Vec<NodeId>) =
            self.graph.nodes().filter(|node| live[node.index()]).partition(is_input);
        let mut moved = false;
        for position in positions {
            let mut residual = self.residual(left, right, &live, &axes, &position)?;
            if residual.abs() < MET {
                continue;
            }
            let mut slopes = Vec::new();
            for input in &inputs {
                for place in 0..self.arrays[input.index()].as_ref()?.len() {
                    let old = self.arrays[input.index()].as_ref()?[place];
                    self.arrays[input.index()].as_mut()?[place] = old + 1e-6;
                    let slope = (self.residual(left, right, &live, &axes, &position)? - residual) / 1e-6;
                    self.arrays[input.index()].as_mut()?[place] = old;
                    slopes.push((*input, place, slope));
                }
            }
            let norm: f64 = slopes.iter().map(|(.., slope)| slope * slope).sum();
            if norm < 1e-12 {
                continue;
            }
            // Most equations are linear: the same slopes take the rest of the way.
            for _ in 0..3 {
                for (input, place, slope) in &slopes {
                    self.arrays[input.index()].as_mut()?[*place] -= residual * slope / norm;
                }
                let rest = self.residual(left, right, &live, &axes, &position)?;
                if rest.abs() < MET || rest.abs() > 0.01 * residual.abs() {
                    break;
                }
                residual = rest;
            }
            moved = true;
        }
        Some(moved)
    }

    fn residual(&mut self, left: &Ref, right: &Ref, live: &[NodeId], axes: &[Axis], position: &[usize]) -> Option<f64> {
        for node in live {
            self.arrays[node.index()] = self.compute(*node);
        }
        let at = |axis: Axis| axes.iter().position(|other| *other == axis).map_or(0, |slot| position[slot]);
        Some(self.value(left, &at)? - self.value(right, &at)?)
    }
}

/// An array on the way through all positions of a shape that it may lack axes of.
struct Walk<'a> {
    array: &'a [f64],
    strides: Box<[usize]>,
    place: usize,
}

/// The next position in row-major order; whether there is one. Plain loops: this runs in users' builds, without optimisation.
fn step(sizes: &[usize], position: &mut [usize], walks: &mut [Walk]) -> bool {
    let mut axis = sizes.len();
    while axis > 0 {
        axis -= 1;
        let last = position[axis];
        let more = last + 1 < sizes[axis];
        position[axis] = if more { last + 1 } else { 0 };
        let mut number = 0;
        while number < walks.len() {
            let walk = &mut walks[number];
            let stride = walk.strides[axis];
            walk.place = if more { walk.place + stride } else { walk.place - last * stride };
            number += 1;
        }
        if more {
            return true;
        }
    }
    false
}

/// All positions of a shape in row-major order.
pub(crate) fn each(sizes: &[usize], mut visit: impl FnMut(&[usize])) {
    if sizes.contains(&0) {
        return;
    }
    let mut position = vec![0; sizes.len()];
    loop {
        visit(&position);
        let Some(axis) = (0..sizes.len()).rev().find(|axis| position[*axis] + 1 < sizes[*axis]) else { return };
        position[axis] += 1;
        position[axis + 1..].fill(0);
    }
}

pub(crate) fn scrambled(seed: u64, point: u64) -> u64 {
    let mut state = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (point << 32);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}
