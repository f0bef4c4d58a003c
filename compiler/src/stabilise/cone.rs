//! Elementwise parts of a formula over arrays, as formulas of scalars.
//!
//! In: a use of a node. Out: a graph of scalars in which everything that is not elementwise (inputs, maxima, sums) is an
//! input, so that the scalar pass can rewrite it; and the way back. Two things are told about these inputs: a maximum is
//! not below what it is the maximum of, at every position, and a sum of exponentials is `exp(M)·(1 + r)`, with the largest
//! exponent M and the sum r ≥ 0 of the others relative to it. So exponentials cancel before they are computed, and
//! neither the largest term nor the small ones are lost.

use std::collections::{BTreeMap, HashMap};

use super::exponentials::Exponentials;
use super::lengths::{Beside, Length, root_of};
use super::profile::Range;
use crate::graph::{Access, Axis, Graph, GraphError, NodeId, Operation, Position, Ref};
use crate::number::Number;
use crate::operators::{Kind, Operator};

/// Larger parts are left as they are.
const MOST_NODES: usize = 400;

/// A use of a node: the key under which it is known.
pub(super) type Use = (NodeId, Vec<Axis>);

/// What stands for a node, when its slots take these labels.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) value: Ref,
    pub(super) labels: Vec<Axis>,
}

impl Made {
    pub(super) fn at(&self, axes: &[Axis]) -> Ref {
        self.value.renamed(&self.labels, axes)
    }
}

/// What a slot takes under a sum or maximum: a given axis, or one that is closed, told apart by its number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Slot {
    Fixed(Axis),
    Closed(u8),
}

/// What the slots of a use take under a sum or maximum.
pub(super) fn slots(own: &Ref, closed: &[Axis]) -> Vec<Slot> {
    let at = |axis: &Axis| closed.iter().position(|other| other == axis);
    own.axes.iter().map(|axis| at(axis).map_or(Slot::Fixed(*axis), |at| Slot::Closed(at as u8))).collect()
}

/// Sums that are read in pieces.
#[derive(Default)]
pub(super) struct Sums {
    pub(super) exponentials: HashMap<NodeId, Exponentials>,
    pub(super) lengths: HashMap<NodeId, Length>,
}

impl Sums {
    pub(super) fn has(&self, node: NodeId) -> bool {
        self.exponentials.contains_key(&node) || self.lengths.contains_key(&node)
    }

    /// What stands beside such a sum.
    fn reads(&self, node: NodeId, axes: &[Axis]) -> Option<Vec<Ref>> {
        let length = || Some(self.lengths.get(&node)?.reads(axes));
        self.exponentials.get(&node).map(|sum| sum.reads(axes)).or_else(length)
    }
}

/// An exponent λ where it takes some axes, with the factors and divisors of its weight as far as these are here.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Weighted {
    exponent: NodeId,
    at: Vec<Axis>,
    factors: Vec<(Option<NodeId>, bool)>,
}

/// The uses of which an elementwise part consists, operands first.
pub(super) struct Part {
    /// Whether each is computed here.
    uses: BTreeMap<Use, bool>,
    root: Use,
}

/// What a node of the scalar graph stands for.
#[derive(Clone, PartialEq)]
enum Source {
    Value(Ref),
    /// The largest exponent of a sum of exponentials.
    Peak(NodeId, Vec<Axis>),
    /// The largest term of the sum relative to it, the others, and all.
    Top(NodeId, Vec<Axis>),
    Rest(NodeId, Vec<Axis>),
    /// The term where its exponent takes the second axes.
    Term(NodeId, Vec<Axis>, Vec<Axis>),
    Relative(NodeId, Vec<Axis>),
    /// The unit of a sum of squares, its length in that unit, the length's square, the others beside the largest, and these
    /// divided by the unit.
    Unit(NodeId, Vec<Axis>),
    Length(NodeId, Vec<Axis>),
    Square(NodeId, Vec<Axis>),
    Others(NodeId, Vec<Axis>),
    OthersOver(NodeId, Vec<Axis>),
}

impl Source {
    /// The same where an axis is at the position of another one.
    fn merged(&self, one: Axis, other: Axis) -> Self {
        let merged = |axes: &[Axis]| axes.iter().map(|axis| if *axis == other { one } else { *axis }).collect();
        match self {
            Self::Value(value) => Self::Value(value.renamed(&[other], &[one])),
            Self::Peak(node, axes) => Self::Peak(*node, merged(axes)),
            Self::Top(node, axes) => Self::Top(*node, merged(axes)),
            Self::Rest(node, axes) => Self::Rest(*node, merged(axes)),
            Self::Term(node, axes, at) => Self::Term(*node, merged(axes), merged(at)),
            Self::Relative(node, axes) => Self::Relative(*node, merged(axes)),
            Self::Unit(node, axes) => Self::Unit(*node, merged(axes)),
            Self::Length(node, axes) => Self::Length(*node, merged(axes)),
            Self::Square(node, axes) => Self::Square(*node, merged(axes)),
            Self::Others(node, axes) => Self::Others(*node, merged(axes)),
            Self::OthersOver(node, axes) => Self::OthersOver(*node, merged(axes)),
        }
    }

    fn made(&self, graph: &mut Graph, sums: &mut Sums) -> Result<Ref, GraphError> {
        let unknown = GraphError::UnknownNode;
        match self {
            Self::Value(value) => Ok(value.clone()),
            Self::Peak(node, axes) => Ok(sums.exponentials.get(node).ok_or(unknown)?.peak(axes)),
            Self::Top(node, axes) => sums.exponentials.get(node).ok_or(unknown)?.top(graph, axes),
            Self::Term(node, axes, at) => sums.exponentials.get(node).ok_or(unknown)?.term(graph, axes, at),
            Self::Rest(node, axes) => sums.exponentials.get(node).ok_or(unknown)?.rest(graph, axes),
            Self::Relative(node, axes) => sums.exponentials.get(node).ok_or(unknown)?.relative(graph, axes),
            Self::Unit(node, axes) => Ok(sums.lengths.get(node).ok_or(unknown)?.unit(axes)),
            Self::Length(node, axes) => sums.lengths.get_mut(node).ok_or(unknown)?.length(graph, axes),
            Self::Square(node, axes) => sums.lengths.get_mut(node).ok_or(unknown)?.squared(graph, axes),
            Self::Others(node, axes) => sums.lengths.get_mut(node).ok_or(unknown)?.others(graph, axes),
            Self::OthersOver(node, axes) => sums.lengths.get_mut(node).ok_or(unknown)?.others_over(graph, axes),
        }
    }
}

/// A part as a formula of scalars.
pub(super) struct Cone {
    pub(super) graph: Graph,
    pub(super) ranges: HashMap<NodeId, Range>,
    sources: HashMap<NodeId, Source>,
    known: HashMap<Use, NodeId>,
    inputs: HashMap<Ref, NodeId>,
    /// What is read at stated positions: of what, over which axes, and what stands for it.
    accesses: Vec<(Access, Vec<Axis>, NodeId)>,
}

impl Part {
    /// The part that ends in a use; `None` if it is too large. Sums of exponentials belong to it, what stands in `whole`
    /// does not.
    pub(super) fn of(graph: &Graph, root: &Ref, sums: &Sums, given: impl Fn(NodeId) -> bool) -> Option<Self> {
        let root = (root.node, root.axes.clone());
        let (mut uses, mut pending) = (BTreeMap::new(), vec![root.clone()]);
        while let Some(next) = pending.pop() {
            if uses.contains_key(&next) {
                continue;
            }
            if uses.len() >= MOST_NODES {
                return None;
            }
            let reads = match graph.operation(next.0) {
                Operation::Sum(_) | Operation::Apply(_) if next != root && sums.has(next.0) => {
                    sums.reads(next.0, &next.1)
                }
                Operation::Apply(_) if next == root || !given(next.0) => Some(graph.operand_refs(next.0, &next.1)),
                _ => None,
            };
            uses.insert(next, reads.is_some());
            pending.extend(reads.into_iter().flatten().map(|own| (own.node, own.axes)));
        }
        Some(Self { uses, root })
    }

    pub(super) fn root(&self) -> &Use {
        &self.root
    }

    /// Whether a use is read in pieces; as the part's own root it is not.
    fn is_in_pieces(&self, node: NodeId, axes: &[Axis], sums: &Sums) -> bool {
        sums.has(node) && (self.root.0, self.root.1.as_slice()) != (node, axes)
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.uses.iter().filter(|(_, inside)| **inside).map(|((node, _), _)| *node)
    }

    /// The same operations over what stands for everything else.
    pub(super) fn rebuilt(&self, graph: &mut Graph, made: &HashMap<NodeId, Made>) -> Result<Ref, GraphError> {
        let mut values: HashMap<Use, Ref> = HashMap::new();
        for ((node, axes), inside) in &self.uses {
            let value = match graph.as_operator(*node) {
                Some(operator) if *inside => {
                    let operands = graph.operand_refs(*node, axes).into_iter();
                    let operands: Option<Vec<Ref>> =
                        operands.map(|own| values.get(&(own.node, own.axes)).cloned()).collect();
                    match operands {
                        Some(operands) => graph.apply(operator, &operands)?,
                        // Read in pieces, which nobody needs here.
                        None => leaf(made, *node, axes),
                    }
                }
                _ => leaf(made, *node, axes),
            };
            values.insert((*node, axes.clone()), value);
        }
        values.remove(&self.root).ok_or(GraphError::UnknownNode)
    }
}

/// What stands for something that is not elementwise.
fn leaf(made: &HashMap<NodeId, Made>, node: NodeId, axes: &[Axis]) -> Ref {
    made.get(&node).map_or_else(|| Ref { node, axes: axes.to_vec() }, |made| made.at(axes))
}

impl Cone {
    /// A part as scalars, and its root.
    pub(super) fn of(
        graph: &Graph,
        part: &Part,
        made: &HashMap<NodeId, Made>,
        sums: &Sums,
    ) -> Result<(Self, NodeId), GraphError> {
        let mut cone = Self {
            graph: Graph::new(graph.float()),
            ranges: HashMap::new(),
            sources: HashMap::new(),
            known: HashMap::new(),
            inputs: HashMap::new(),
            accesses: Vec::new(),
        };
        cone.deltas(graph, part, made)?;
        cone.entries(graph, part, made)?;
        for ((node, axes), inside) in &part.uses {
            let value = match graph.operation(*node) {
                Operation::Delta => continue,
                Operation::Apply(operator) if *inside && !part.is_in_pieces(*node, axes, sums) => {
                    let operands = graph.operand_refs(*node, axes).into_iter();
                    let operands: Option<Vec<NodeId>> =
                        operands.map(|own| cone.known.get(&(own.node, own.axes)).copied()).collect();
                    cone.apply(operator, &operands.ok_or(GraphError::UnknownNode)?)?
                }
                Operation::Constant(_) => cone.graph.constant(graph.as_constant(*node).unwrap_or(Number::ZERO))?.node,
                Operation::Truth(value) => cone.graph.truth(value)?.node,
                Operation::Sum(_) | Operation::Apply(_) if *inside => {
                    match (sums.exponentials.get(node), sums.lengths.get(node)) {
                        (Some(sum), _) => cone.sum(*node, axes, sum, made)?,
                        (None, Some(sum)) => cone.squares(*node, axes, sum, made)?,
                        (None, None) => cone.leaf(graph, *node, axes, made)?,
                    }
                }
                _ => cone.leaf(graph, *node, axes, made)?,
            };
            cone.known.insert((*node, axes.clone()), value);
        }
        cone.diagonals(graph, part);
        let root = *cone.known.get(&part.root).ok_or(GraphError::UnknownNode)?;
        Ok((cone, root))
    }

    /// Conditions on positions come first, so that sample points of what depends on them can tell.
    fn deltas(&mut self, graph: &Graph, part: &Part, made: &HashMap<NodeId, Made>) -> Result<(), GraphError> {
        for (node, axes) in part.uses.keys().filter(|(node, _)| graph.operation(*node) == Operation::Delta) {
            let value = self.leaf(graph, *node, axes, made)?;
            self.known.insert((*node, axes.clone()), value);
        }
        Ok(())
    }

    /// What is read at stated positions comes first, too: it may be among what a maximum or a length is of.
    fn entries(&mut self, graph: &Graph, part: &Part, made: &HashMap<NodeId, Made>) -> Result<(), GraphError> {
        for ((node, axes), inside) in &part.uses {
            if let Some(access) = graph.as_access(*node).filter(|_| !inside) {
                let value = self.leaf(graph, *node, axes, made)?;
                self.accesses.push((access, axes.clone(), value));
            }
        }
        Ok(())
    }

    /// What is the same where two axes are at one position.
    fn diagonals(&mut self, graph: &Graph, part: &Part) {
        for (node, axes) in part.uses.keys().filter(|(node, _)| graph.operation(*node) == Operation::Delta) {
            let (Some(delta), [one, other]) = (self.known.get(&(*node, axes.clone())), axes.as_slice()) else {
                continue;
            };
            let is_number =
                |source: &Source| !matches!(source, Source::Value(own) if graph.kind(own.node) == Kind::Truth);
            let numbers = self.sources.iter().filter(|(_, source)| is_number(source));
            let mut merged: Vec<(NodeId, Source)> =
                numbers.map(|(node, source)| (*node, source.merged(*one, *other))).collect();
            merged.sort_unstable_by_key(|(node, _)| *node);
            let mut equal = Vec::new();
            for (place, (node, source)) in merged.iter().enumerate() {
                let first = merged[..place].iter().find(|(_, earlier)| earlier == source);
                equal.extend(first.map(|(first, _)| (*node, *first)));
            }
            if !equal.is_empty() {
                self.ranges.insert(*delta, Range::Equates(equal));
            }
        }
    }

    fn apply(&mut self, operator: Operator, operands: &[NodeId]) -> Result<NodeId, GraphError> {
        let operands: Vec<Ref> = operands.iter().map(|node| Ref { node: *node, axes: Vec::new() }).collect();
        Ok(self.graph.apply(operator, &operands)?.node)
    }

    fn input(&mut self, source: Source) -> Result<NodeId, GraphError> {
        let name = self.graph.inputs().len().to_string();
        let input = self.graph.input(&name, &[])?.node;
        self.sources.insert(input, source);
        Ok(input)
    }

    fn leaf(
        &mut self,
        graph: &Graph,
        node: NodeId,
        axes: &[Axis],
        made: &HashMap<NodeId, Made>,
    ) -> Result<NodeId, GraphError> {
        let value = leaf(made, node, axes);
        if let Some(known) = self.inputs.get(&value) {
            return Ok(*known);
        }
        let input = self.input(Source::Value(value.clone()))?;
        if graph.kind(node) == Kind::Truth {
            let zero = self.graph.constant(Number::ZERO)?.node;
            let holds = self.apply(Operator::Greater, &[input, zero])?;
            self.sources.insert(holds, Source::Value(value));
            return Ok(holds);
        }
        match graph.operation(node) {
            Operation::Size(_) | Operation::Iota => {
                self.ranges.insert(input, Range::Moderate);
            }
            Operation::Max(_) => {
                if let Some(body) = graph.operands(node).next() {
                    let slots: Vec<Slot> = body
                        .axes
                        .iter()
                        .map(|local| {
                            axes.get(usize::from(*local)).map_or(Slot::Closed(*local), |axis| Slot::Fixed(*axis))
                        })
                        .collect();
                    let below = self.instances(body.node, &slots);
                    self.ranges.insert(input, Range::AtLeast(below));
                }
            }
            _ => {}
        }
        self.inputs.insert(value, input);
        Ok(input)
    }

    /// Uses of a node where the axes that are not closed are given; what closes one axis takes one axis.
    fn instances(&self, node: NodeId, slots: &[Slot]) -> Vec<NodeId> {
        let fits = |axes: &[Axis]| {
            axes.iter().zip(slots).enumerate().all(|(place, (axis, slot))| match slot {
                Slot::Fixed(fixed) => fixed == axis,
                Slot::Closed(_) => axes.iter().zip(slots).take(place).all(|(other, own)| own != slot || other == axis),
            })
        };
        let uses = self.known.iter().filter(|((other, axes), _)| *other == node && fits(axes));
        let mut found: Vec<NodeId> = uses.map(|(_, known)| *known).collect();
        // At a stated position, what closes one axis takes no other one.
        let is_entry = |(access, axes): (&Access, &[Axis])| {
            let mut closed: Vec<(u8, &Position)> = Vec::new();
            access.node == node
                && access.positions.iter().zip(slots).all(|(position, slot)| match (position, slot) {
                    (Position::Slot(own), Slot::Fixed(fixed)) => axes.get(usize::from(*own)) == Some(fixed),
                    (_, Slot::Fixed(_)) => false,
                    (_, Slot::Closed(number)) => {
                        let first = closed.iter().find(|(other, _)| other == number).map(|(_, first)| *first);
                        closed.push((*number, position));
                        first.is_none_or(|first| first == position)
                    }
                })
        };
        let entries = self.accesses.iter().filter(|(access, axes, _)| is_entry((access, axes)));
        found.extend(entries.map(|(.., known)| *known));
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The exponents of a weighted sum that are here.
    fn weighted(&self, axes: &[Axis], sum: &Exponentials) -> Vec<Weighted> {
        let below = self.instances(sum.exponent().node, &sum.slots(axes));
        let mut found = Vec::new();
        for ((node, own), known) in self.known.iter().filter(|((node, _), _)| *node == sum.exponent().node) {
            if *node == sum.exponent().node && below.contains(known) {
                let here = |(own, below): (Ref, bool)| (self.known.get(&(own.node, own.axes)).copied(), below);
                let factors = sum.factors(axes, own).into_iter().map(here).collect();
                found.push(Weighted { at: own.clone(), exponent: *known, factors });
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// `w·exp(λ − M)` at the positions that are here.
    fn terms(
        &mut self,
        node: NodeId,
        axes: &[Axis],
        sum: &Exponentials,
        peak: NodeId,
    ) -> Result<Vec<NodeId>, GraphError> {
        let mut terms = Vec::new();
        for Weighted { at, exponent, factors } in self.weighted(axes, sum).into_iter().filter(|_| sum.is_product()) {
            let mut weight = self.graph.constant(Number::ONE)?.node;
            for (factor, below) in &factors {
                let operator = if *below { Operator::Divide } else { Operator::Multiply };
                weight = self.apply(operator, &[weight, factor.unwrap_or(weight)])?;
            }
            if factors.iter().any(|(factor, _)| factor.is_none()) {
                continue;
            }
            // Weights far beyond all others would hide what is gained.
            let live = self.graph.live(factors.iter().filter_map(|(factor, _)| *factor));
            for node in self.graph.nodes().filter(|node| live[node.index()]) {
                if matches!(self.graph.operation(node), Operation::Input(_)) {
                    self.ranges.entry(node).or_insert(Range::Relative);
                }
            }
            let whole = self.apply(Operator::Exp, &[exponent])?;
            let whole = self.apply(Operator::Multiply, &[weight, whole])?;
            let difference = self.apply(Operator::Subtract, &[exponent, peak])?;
            let relative = self.apply(Operator::Exp, &[difference])?;
            let relative = self.apply(Operator::Multiply, &[weight, relative])?;
            let zero = self.graph.constant(Number::ZERO)?.node;
            let nothing = self.apply(Operator::Equal, &[weight, zero])?;
            let term = self.apply(Operator::Select, &[nothing, zero, relative])?;
            self.sources.insert(term, Source::Term(node, axes.to_vec(), at));
            self.ranges.insert(term, Range::Term { whole, peak });
            terms.push(term);
        }
        Ok(terms)
    }

    /// `exp(M + shift)·(t + r)·outside`, with t = 1 where all weights are 1
    fn sum(
        &mut self,
        node: NodeId,
        axes: &[Axis],
        sum: &Exponentials,
        made: &HashMap<NodeId, Made>,
    ) -> Result<NodeId, GraphError> {
        let peak = sum.peak(axes);
        let mut exponent = match self.inputs.get(&peak) {
            Some(known) => *known,
            None => {
                let input = self.input(Source::Peak(node, axes.to_vec()))?;
                self.inputs.insert(peak, input);
                input
            }
        };
        let range = if sum.is_plain() {
            Range::AtLeast(self.instances(sum.exponent().node, &sum.slots(axes)))
        } else {
            let above = |(own, below): (Option<NodeId>, bool)| own.filter(|_| !below);
            let mut weighted: Vec<(NodeId, Vec<NodeId>)> = Vec::new();
            for Weighted { exponent, factors, .. } in self.weighted(axes, sum) {
                weighted.push((exponent, factors.into_iter().filter_map(above).collect()));
            }
            Range::Mostly(weighted)
        };
        self.ranges.insert(exponent, range);
        let top = if sum.is_plain() {
            self.graph.constant(Number::ONE)?.node
        } else {
            let terms = self.terms(node, axes, sum, exponent)?;
            let top = self.input(Source::Top(node, axes.to_vec()))?;
            self.ranges.insert(top, Range::Top(terms));
            top
        };
        let rest = self.input(Source::Rest(node, axes.to_vec()))?;
        self.ranges.insert(rest, if sum.is_plain() { Range::Moderate } else { Range::Relative });
        let both = [self.apply(Operator::Add, &[top, rest])?, self.apply(Operator::Add, &[rest, top])?];
        for both in both {
            self.sources.insert(both, Source::Relative(node, axes.to_vec()));
        }
        let relative = both[0];
        for (shift, negative) in sum.shifts(axes) {
            let shift = *self.known.get(&(shift.node, shift.axes)).ok_or(GraphError::UnknownNode)?;
            let operator = if negative { Operator::Subtract } else { Operator::Add };
            exponent = self.apply(operator, &[exponent, shift])?;
        }
        let largest = self.apply(Operator::Exp, &[exponent])?;
        let value = self.apply(Operator::Multiply, &[largest, relative])?;
        let mut value = self.with_factors(value, sum.outside(axes))?;
        if sum.is_negative() {
            value = self.apply(Operator::Negate, &[value])?;
        }
        self.sources.insert(value, Source::Value(leaf(made, node, axes)));
        Ok(value)
    }

    fn with_factors(&mut self, mut value: NodeId, outside: Vec<(Ref, bool)>) -> Result<NodeId, GraphError> {
        for (factor, below) in outside {
            let factor = *self.known.get(&(factor.node, factor.axes)).ok_or(GraphError::UnknownNode)?;
            let operator = if below { Operator::Divide } else { Operator::Multiply };
            value = self.apply(operator, &[value, factor])?;
        }
        Ok(value)
    }

    /// `(U·ℓ)²·outside`, with ℓ² = (M/U)² + r
    fn squares(
        &mut self,
        node: NodeId,
        axes: &[Axis],
        sum: &Length,
        made: &HashMap<NodeId, Made>,
    ) -> Result<NodeId, GraphError> {
        let mut parts = self.instances(sum.body().node, &sum.slots(axes));
        for beside in sum.beside(axes) {
            parts.push(match beside {
                Beside::Value(own) => *self.known.get(&(own.node, own.axes)).ok_or(GraphError::UnknownNode)?,
                Beside::Square(number) => root_of(&mut self.graph, number)?.node,
            });
        }
        let largest = self.ranged(Source::Value(sum.largest(axes)), sum.largest(axes), Range::Largest(parts))?;
        let unit = self.ranged(Source::Unit(node, axes.to_vec()), sum.unit(axes), Range::Unit(largest))?;
        let others = self.input(Source::Others(node, axes.to_vec()))?;
        self.ranges.insert(others, Range::Others { largest, unit });
        let over = self.apply(Operator::Divide, &[others, unit])?;
        self.sources.insert(over, Source::OthersOver(node, axes.to_vec()));
        let own = self.apply(Operator::Divide, &[largest, unit])?;
        let own = self.apply(Operator::Multiply, &[own, own])?;
        let square = self.apply(Operator::Add, &[own, others])?;
        let length = self.apply(Operator::Sqrt, &[square])?;
        self.sources.insert(square, Source::Square(node, axes.to_vec()));
        self.sources.insert(length, Source::Length(node, axes.to_vec()));
        self.ranges.insert(length, Range::Length { largest, unit, square, others });
        let whole = self.apply(Operator::Multiply, &[unit, length])?;
        let value = self.apply(Operator::Multiply, &[whole, whole])?;
        let value = self.with_factors(value, sum.outside(axes))?;
        self.sources.insert(value, Source::Value(leaf(made, node, axes)));
        Ok(value)
    }

    /// An input for a value, about which something is known.
    fn ranged(&mut self, source: Source, value: Ref, range: Range) -> Result<NodeId, GraphError> {
        if let Some(known) = self.inputs.get(&value) {
            return Ok(*known);
        }
        let input = self.input(source)?;
        self.inputs.insert(value, input);
        self.ranges.insert(input, range);
        Ok(input)
    }

    /// What a node of the scalar graph is in the graph of arrays.
    pub(super) fn back(
        &self,
        scalars: &Graph,
        root: NodeId,
        graph: &mut Graph,
        sums: &mut Sums,
    ) -> Result<Ref, GraphError> {
        let (mut values, mut pending): (HashMap<NodeId, Ref>, _) = (HashMap::new(), vec![root]);
        while let Some(next) = pending.last().copied() {
            if values.contains_key(&next) {
                pending.pop();
                continue;
            }
            let value = match (self.sources.get(&next), scalars.operation(next)) {
                (Some(source), _) => source.made(graph, sums)?,
                (None, Operation::Truth(value)) => graph.truth(value)?,
                (None, Operation::Apply(operator)) => {
                    let operands: Vec<NodeId> = scalars.operands(next).map(|operand| operand.node).collect();
                    let before = pending.len();
                    pending.extend(operands.iter().filter(|operand| !values.contains_key(operand)));
                    if pending.len() > before {
                        continue;
                    }
                    let operands: Vec<Ref> = operands.iter().filter_map(|own| values.get(own).cloned()).collect();
                    graph.apply(operator, &operands)?
                }
                (None, _) => graph.constant(scalars.as_constant(next).unwrap_or(Number::ZERO))?,
            };
            pending.pop();
            values.insert(next, value);
        }
        values.remove(&root).ok_or(GraphError::UnknownNode)
    }
}
