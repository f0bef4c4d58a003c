//! Formulas over arrays: every elementwise part is rewritten as a formula of scalars (`cone`), operands first.

use std::collections::{HashMap, HashSet};

use super::cone::{Cone, Made, Part, Sums};
use super::exponentials::Exponentials;
use super::lengths::{Length, under_roots};
use super::profile::Range;
use super::{Root, is_delicate, scalars};
use crate::graph::{Graph, GraphError, NodeId, Operation, Ref, Stated};
use crate::number::Number;
use crate::operators::Operator;

/// For no more parts of one formula other forms are looked for; equal ones count once.
const MOST_PARTS: usize = 64;

#[derive(Default)]
struct Arrays {
    /// What maxima are of, and what is squared in lengths: others compare with these numbers, so that they are computed
    /// once.
    whole: HashSet<NodeId>,
    /// Products under sums that are contractions, and their factors: each is a part of its own, so that nothing of one is
    /// moved into another.
    contracted: HashMap<NodeId, HashSet<NodeId>>,
    made: HashMap<NodeId, Made>,
    sums: Sums,
    /// Sums of squares under roots, and as divisors.
    squares: HashSet<NodeId>,
    /// Scalar formulas that were rewritten already.
    known: HashMap<Signature, (Graph, NodeId)>,
}

/// All that a scalar formula is.
#[derive(PartialEq, Eq, Hash)]
struct Signature {
    nodes: Vec<(Operation, Option<Number>, Vec<NodeId>)>,
    ranges: Vec<(NodeId, Range)>,
    root: NodeId,
}

/// The roots over parts in trustworthy forms.
pub(super) fn stabilise(graph: &mut Graph, roots: &[Ref]) -> Result<Vec<Ref>, GraphError> {
    let live = graph.live(roots.iter().map(|root| root.node));
    let nodes: Vec<NodeId> = graph.nodes().filter(|node| live[node.index()]).collect();
    let mut is_root = vec![false; graph.len()];
    for root in roots {
        is_root[root.node.index()] = true;
    }
    let mut arrays = Arrays::default();
    let closing: Vec<NodeId> = nodes.iter().copied().filter(|node| graph.closed(*node) > 0).collect();
    for node in &closing {
        for operand in graph.operands(*node) {
            is_root[operand.node.index()] = true;
        }
        let labels = graph.local_axes(*node);
        if let Some(factors) = graph.contracted(*node, &labels) {
            factors.iter().for_each(|factor| is_root[factor.node.index()] = true);
            let bodies = graph.operands(*node).map(|body| (body.node, factors.iter().map(|own| own.node).collect()));
            arrays.contracted.extend(bodies);
        }
    }
    let maxima = nodes.iter().filter(|node| matches!(graph.operation(**node), Operation::Max(_)));
    arrays.whole = maxima.flat_map(|node| graph.operands(*node)).map(|operand| operand.node).collect();
    for (sum, squared) in under_roots(graph, &nodes) {
        arrays.squares.insert(sum);
        is_root[sum.index()] = true;
        for component in squared {
            arrays.whole.insert(component);
            is_root[component.index()] = true;
        }
    }
    for node in &nodes {
        graph.set_span(graph.span(*node));
        match graph.operation(*node) {
            Operation::Sum(_) | Operation::Max(_) | Operation::Prod(_) => arrays.reduction(graph, *node)?,
            Operation::Apply(_) if is_root[node.index()] => {
                arrays.root(graph, *node)?;
                arrays.length(graph, *node)?;
            }
            _ => {}
        }
    }
    let value = |root: &Ref| arrays.made.get(&root.node).map_or_else(|| root.clone(), |made| made.at(&root.axes));
    Ok(roots.iter().map(value).collect())
}

impl Arrays {
    /// A sum, maximum or product of what stands for its body.
    fn reduction(&mut self, graph: &mut Graph, node: NodeId) -> Result<(), GraphError> {
        if matches!(graph.operation(node), Operation::Sum(_)) {
            let sum = Exponentials::of(graph, node, &mut |graph, own| self.value(graph, own))?;
            self.sums.exponentials.extend(sum.map(|sum| (node, sum)));
        }
        self.length(graph, node)?;
        let Some(body) = graph.operands(node).next().map(|operand| operand.node) else { return Ok(()) };
        let Some(made) = self.made.get(&body) else { return Ok(()) };
        let made = made.clone();
        let all = graph.local_axes(node);
        let (slots, closed) = all.split_at(graph.shape(node).len());
        let Some(operand) = graph.operand_refs(node, &all).pop() else { return Ok(()) };
        let body = made.at(&operand.axes);
        let value = graph.reduced_as(graph.operation(node), closed, &body)?;
        self.made.insert(node, Made { value, labels: slots.to_vec() });
        Ok(())
    }

    /// A part; in a vector that is stated entry by entry, each entry is one.
    fn root(&mut self, graph: &mut Graph, node: NodeId) -> Result<(), GraphError> {
        let labels = graph.local_axes(node);
        if graph.as_stated(&Ref { node, axes: labels.clone() }).is_none() {
            return self.part(graph, node);
        }
        let mut pending = vec![(Ref { node, axes: labels.clone() }, false)];
        let mut values: HashMap<Ref, Ref> = HashMap::new();
        while let Some((own, ready)) = pending.pop() {
            let Some(Stated { entries, rest }) = graph.as_stated(&own) else {
                let value = self.value(graph, &own)?;
                values.insert(own, value);
                continue;
            };
            if !ready {
                pending.push((own, true));
                pending.extend(entries.into_iter().map(|(_, value)| (value, false)));
                pending.push((rest, false));
                continue;
            }
            let of = |own: &Ref| values.get(own).cloned().ok_or(GraphError::UnknownNode);
            let mut value = of(&rest)?;
            for (condition, entry) in entries.into_iter().rev() {
                value = graph.apply(Operator::Select, &[condition, of(&entry)?, value])?;
            }
            values.insert(own, value);
        }
        let value = values.remove(&Ref { node, axes: labels.clone() }).ok_or(GraphError::UnknownNode)?;
        self.made.insert(node, Made { value, labels });
        Ok(())
    }

    /// A sum of squares in pieces, if it is one that is read so.
    fn length(&mut self, graph: &mut Graph, node: NodeId) -> Result<(), GraphError> {
        if self.squares.contains(&node) {
            let sum = Length::of(graph, node, &mut |graph, own| self.value(graph, own))?;
            self.sums.lengths.extend(sum.map(|sum| (node, sum)));
        }
        Ok(())
    }

    /// What stands for a use.
    fn value(&mut self, graph: &mut Graph, own: &Ref) -> Result<Ref, GraphError> {
        if graph.as_operator(own.node).is_some() {
            self.part(graph, own.node)?;
        }
        Ok(self.made.get(&own.node).map_or_else(|| own.clone(), |made| made.at(&own.axes)))
    }

    fn part(&mut self, graph: &mut Graph, node: NodeId) -> Result<(), GraphError> {
        if self.made.contains_key(&node) {
            return Ok(());
        }
        let labels = graph.local_axes(node);
        let root = Ref { node, axes: labels.clone() };
        let factors = self.contracted.get(&node);
        let given = |read: NodeId| self.whole.contains(&read) || factors.is_some_and(|all| all.contains(&read));
        let Some(part) = Part::of(graph, &root, &self.sums, given) else { return Ok(()) };
        let value = match self.stable(graph, &part)? {
            Some(value) => value,
            None => part.rebuilt(graph, &self.made)?,
        };
        if value != root {
            self.made.insert(node, Made { value, labels });
        }
        Ok(())
    }

    /// A part in another form; `None` if it is fine as it is.
    fn stable(&mut self, graph: &mut Graph, part: &Part) -> Result<Option<Ref>, GraphError> {
        let delicate = |node: NodeId| self.sums.has(node) || graph.as_operator(node).is_some_and(is_delicate);
        if !part.nodes().any(delicate) {
            return Ok(None);
        }
        let (cone, root) = Cone::of(graph, part, &self.made, &self.sums)?;
        let signature = Signature::of(&cone, root);
        if !self.known.contains_key(&signature) && self.known.len() >= MOST_PARTS {
            return Ok(None);
        }
        let (scalar_graph, form) = match self.known.get(&signature) {
            Some((scalar_graph, form)) => (scalar_graph, *form),
            None => {
                let mut rewritten = cone.graph.clone();
                let root = Ref { node: root, axes: Vec::new() };
                let root = [Root { value: root.clone(), closed: root }];
                let form = scalars(&mut rewritten, &root, 1, cone.ranges.clone())?[0].node;
                let entry = self.known.entry(signature).or_insert((rewritten, form));
                (&entry.0, entry.1)
            }
        };
        if form == root {
            return Ok(None);
        }
        let value = cone.back(scalar_graph, form, graph, &mut self.sums)?;
        let (before, axes) = part.root();
        let operands = graph.operand_refs(*before, axes);
        graph.record("stabilise", graph.operation(*before), &operands, &value, None);
        Ok(Some(value))
    }
}

impl Signature {
    fn of(cone: &Cone, root: NodeId) -> Self {
        let graph = &cone.graph;
        let node = |node: NodeId| {
            (graph.operation(node), graph.as_constant(node), graph.operands(node).map(|own| own.node).collect())
        };
        let mut ranges: Vec<(NodeId, Range)> = cone.ranges.iter().map(|(node, range)| (*node, range.clone())).collect();
        ranges.sort_unstable_by_key(|(node, _)| *node);
        Self { nodes: graph.nodes().map(node).collect(), ranges, root }
    }
}
