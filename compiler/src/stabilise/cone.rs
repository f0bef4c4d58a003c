//! Elementwise parts of a formula over arrays, as formulas of scalars.
//!
//! In: a use of a node. Out: a graph of scalars in which everything that is not elementwise (inputs, maxima, sums) is an
//! input, so that the scalar pass can rewrite it; and the way back. Two things are told about these inputs: a maximum is
//! not below what it is the maximum of, at every position, and a sum of exponentials is `exp(M)·(1 + r)`, with the largest
//! exponent M and the sum r ≥ 0 of the others relative to it. So exponentials cancel before they are computed, and
//! neither the largest term nor the small ones are lost.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::exponentials::Exponentials;
use super::profile::Range;
use crate::graph::{Axis, Graph, GraphError, NodeId, Operation, Ref};
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

/// The uses of which an elementwise part consists, operands first.
pub(super) struct Part {
    /// Whether each is computed here.
    uses: BTreeMap<Use, bool>,
    root: Use,
}

/// What a node of the scalar graph stands for.
#[derive(Clone)]
enum Source {
    Value(Ref),
    /// The largest exponent of a sum of exponentials.
    Peak(NodeId, Vec<Axis>),
    /// The others relative to it, without it and with it.
    Rest(NodeId, Vec<Axis>),
    Relative(NodeId, Vec<Axis>),
}

/// A part as a formula of scalars.
pub(super) struct Cone {
    pub(super) graph: Graph,
    pub(super) ranges: HashMap<NodeId, Range>,
    sources: HashMap<NodeId, Source>,
    known: HashMap<Use, NodeId>,
    inputs: HashMap<Ref, NodeId>,
}

impl Part {
    /// The part that ends in a use; `None` if it is too large. Sums of exponentials belong to it, what stands in `whole`
    /// does not.
    pub(super) fn of(
        graph: &Graph,
        root: &Ref,
        sums: &HashMap<NodeId, Exponentials>,
        whole: &HashSet<NodeId>,
    ) -> Option<Self> {
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
                Operation::Apply(_) if next == root || !whole.contains(&next.0) => {
                    Some(graph.operand_refs(next.0, &next.1))
                }
                Operation::Sum(_) => sums.get(&next.0).map(|sum| sum.reads(&next.1)),
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
                    graph.apply(operator, &operands.ok_or(GraphError::UnknownNode)?)?
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
        sums: &HashMap<NodeId, Exponentials>,
    ) -> Result<(Self, NodeId), GraphError> {
        let mut cone = Self {
            graph: Graph::new(graph.float()),
            ranges: HashMap::new(),
            sources: HashMap::new(),
            known: HashMap::new(),
            inputs: HashMap::new(),
        };
        for ((node, axes), inside) in &part.uses {
            let value = match (graph.operation(*node), sums.get(node)) {
                (Operation::Apply(operator), _) if *inside => {
                    let operands = graph.operand_refs(*node, axes).into_iter();
                    let operands: Option<Vec<NodeId>> =
                        operands.map(|own| cone.known.get(&(own.node, own.axes)).copied()).collect();
                    cone.apply(operator, &operands.ok_or(GraphError::UnknownNode)?)?
                }
                (Operation::Constant(_), _) => {
                    cone.graph.constant(graph.as_constant(*node).unwrap_or(Number::ZERO))?.node
                }
                (Operation::Truth(value), _) => cone.graph.truth(value)?.node,
                (Operation::Sum(_), Some(sum)) => cone.sum(*node, axes, sum, made)?,
                _ => cone.leaf(graph, *node, axes, made)?,
            };
            cone.known.insert((*node, axes.clone()), value);
        }
        let root = *cone.known.get(&part.root).ok_or(GraphError::UnknownNode)?;
        Ok((cone, root))
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
        found.sort_unstable();
        found.dedup();
        found
    }

    /// `exp(M + shift)·(1 + r)·outside`
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
        let below = self.instances(sum.exponent().node, &sum.slots(axes));
        let range = if sum.is_plain() { Range::AtLeast(below) } else { Range::Mostly(below) };
        self.ranges.insert(exponent, range);
        let rest = self.input(Source::Rest(node, axes.to_vec()))?;
        let relative = if sum.is_plain() {
            self.ranges.insert(rest, Range::Moderate);
            let one = self.graph.constant(Number::from(1))?.node;
            let both = [self.apply(Operator::Add, &[one, rest])?, self.apply(Operator::Add, &[rest, one])?];
            for both in both {
                self.sources.insert(both, Source::Relative(node, axes.to_vec()));
            }
            both[0]
        } else {
            self.ranges.insert(rest, Range::Relative);
            rest
        };
        let use_of = |own: &Ref| (own.node, own.axes.clone());
        for (shift, negative) in sum.shifts(axes) {
            let shift = *self.known.get(&use_of(&shift)).ok_or(GraphError::UnknownNode)?;
            let operator = if negative { Operator::Subtract } else { Operator::Add };
            exponent = self.apply(operator, &[exponent, shift])?;
        }
        let largest = self.apply(Operator::Exp, &[exponent])?;
        let mut value = self.apply(Operator::Multiply, &[largest, relative])?;
        for (factor, below) in sum.outside(axes) {
            let factor = *self.known.get(&use_of(&factor)).ok_or(GraphError::UnknownNode)?;
            let operator = if below { Operator::Divide } else { Operator::Multiply };
            value = self.apply(operator, &[value, factor])?;
        }
        self.sources.insert(value, Source::Value(leaf(made, node, axes)));
        Ok(value)
    }

    /// What a node of the scalar graph is in the graph of arrays.
    pub(super) fn back(
        &self,
        scalars: &Graph,
        root: NodeId,
        graph: &mut Graph,
        sums: &mut HashMap<NodeId, Exponentials>,
    ) -> Result<Ref, GraphError> {
        let (mut values, mut pending): (HashMap<NodeId, Ref>, _) = (HashMap::new(), vec![root]);
        while let Some(next) = pending.last().copied() {
            if values.contains_key(&next) {
                pending.pop();
                continue;
            }
            let value = match (self.sources.get(&next), scalars.operation(next)) {
                (Some(Source::Value(value)), _) => value.clone(),
                (Some(Source::Peak(node, axes)), _) => sums.get(node).ok_or(GraphError::UnknownNode)?.peak(axes),
                (Some(Source::Rest(node, axes)), _) => {
                    sums.get_mut(node).ok_or(GraphError::UnknownNode)?.rest(graph, axes)?
                }
                (Some(Source::Relative(node, axes)), _) => {
                    sums.get_mut(node).ok_or(GraphError::UnknownNode)?.relative(graph, axes)?
                }
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
