//! Products as one writes them: one number in front, the factors in one chain, over one product.
//!
//! The chain rule multiplies by one partial after the other, so its products nest and each brings its numbers:
//! `2*(0.75*y/x)` is `1.5*y/x`. Multiplication is associative and commutative, so nothing is searched or proven. A product
//! that is read twice stays as it is, for it has a name; one over fewer axes than the whole too, for it is less work alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Rule;
use super::factors::Factors;
use super::plan::realise;
use super::search::{Search, is_leaf};
use crate::graph::{Axis, Graph, GraphError, NodeId, Operand, Operation, Ref};
use crate::number::Number;
use crate::operators::{Kind, Operator};

/// Listings with more values are left as they are.
const MOST_VALUES: usize = 1_000;

/// Backward values, how often each is read, and what stands for it, over labels for its slots.
struct Walk {
    reads: BTreeMap<NodeId, usize>,
    written: BTreeMap<NodeId, (Vec<Axis>, Ref)>,
    /// Where the steps that were made before lead from a node.
    steps: BTreeMap<NodeId, Vec<NodeId>>,
}

impl Walk {
    /// Whether steps lead from one node to another: a step back would be a circle.
    fn leads(&self, from: NodeId, to: NodeId) -> bool {
        let (mut seen, mut pending) = (BTreeSet::new(), vec![from]);
        while let Some(next) = pending.pop() {
            if next == to {
                return true;
            }
            if seen.insert(next) {
                pending.extend(self.steps.get(&next).into_iter().flatten().copied());
            }
        }
        false
    }

    fn replaced(&self, used: &Ref) -> Ref {
        match self.written.get(&used.node) {
            Some((labels, value)) => value.renamed(labels, &used.axes),
            None => used.clone(),
        }
    }
}

/// A part of a product.
struct Part {
    value: Ref,
    /// Whether it is divided by.
    below: bool,
    /// Whether its own factors are meant.
    opened: bool,
    /// The quotient that it belongs to.
    group: usize,
}

impl Search<'_> {
    /// Values with their products written in one chain each.
    pub(super) fn with_products(&mut self, graph: &mut Graph, roots: &[Ref]) -> Result<Vec<Ref>, GraphError> {
        let reads = self.reads(graph, roots);
        if reads.len() > MOST_VALUES {
            return Ok(roots.to_vec());
        }
        let mut walk = Walk { reads, written: BTreeMap::new(), steps: BTreeMap::new() };
        for step in &self.steps {
            walk.steps.entry(step.before.node).or_default().push(step.after.node);
        }
        let nodes: Vec<NodeId> = walk.reads.keys().copied().collect();
        let parts: BTreeSet<NodeId> = nodes.iter().flat_map(|node| self.parts(graph, &walk, *node)).collect();
        for node in nodes {
            self.write(graph, &mut walk, node, parts.contains(&node))?;
        }
        Ok(roots.iter().map(|root| walk.replaced(root)).collect())
    }

    /// What a value will be written as if nothing else is found for it.
    pub(super) fn chained(&mut self, graph: &mut Graph, value: &Ref) -> Result<Ref, GraphError> {
        let steps = self.steps.len();
        let chained = self.with_products(graph, std::slice::from_ref(value))?;
        self.steps.truncate(steps);
        Ok(chained.into_iter().next().unwrap_or_else(|| value.clone()))
    }

    /// The backward values that roots are made of, and how often each is read. A call of the prelude is one value.
    fn reads(&self, graph: &Graph, roots: &[Ref]) -> BTreeMap<NodeId, usize> {
        let mut reads: BTreeMap<NodeId, usize> = BTreeMap::new();
        let mut pending: Vec<NodeId> = roots.iter().map(|root| root.node).collect();
        while let Some(next) = pending.pop() {
            if self.is_forward(next) || is_leaf(graph, next) || self.calls.contains_key(&next) {
                continue;
            }
            let count = reads.entry(next).or_insert(0);
            *count += 1;
            if *count == 1 {
                pending.extend(graph.operands(next).map(|operand| operand.node));
            }
        }
        reads
    }

    /// The operands of a product that are written as a part of it.
    fn parts(&self, graph: &Graph, walk: &Walk, node: NodeId) -> Vec<NodeId> {
        let Some(operator) = product(graph, node) else { return Vec::new() };
        let axes = graph.shape(node).len();
        let joins = |(place, operand): (usize, Operand<'_>)| {
            product(graph, operand.node)?;
            // What is divided by is no quotient itself.
            let opened = !(operator == Operator::Divide && place == 1)
                || product(graph, operand.node) == Some(Operator::Multiply);
            let whole = operand.axes.iter().collect::<BTreeSet<_>>().len() == axes;
            let once = walk.reads.get(&operand.node) == Some(&1) && !self.free.contains(&operand.node);
            (opened && whole && once).then_some(operand.node)
        };
        graph.operands(node).enumerate().filter_map(joins).collect()
    }

    /// Writes one value over operands that have been written.
    fn write(&mut self, graph: &mut Graph, walk: &mut Walk, node: NodeId, part: bool) -> Result<(), GraphError> {
        let labels = graph.local_axes(node);
        let before = Ref { node, axes: labels[..graph.shape(node).len()].to_vec() };
        graph.set_span(graph.span(node));
        let operands: Vec<Ref> =
            graph.operand_refs(node, &labels).iter().map(|operand| walk.replaced(operand)).collect();
        let closed = &labels[before.axes.len()..];
        let rebuilt = match (graph.operation(node), operands.as_slice()) {
            (Operation::Apply(operator), _) => {
                let rebuilt = graph.apply(operator, &operands)?;
                self.signed(graph, walk, node, &operands)?.unwrap_or(rebuilt)
            }
            (Operation::Sum(_), [body]) => graph.sum(closed, body)?,
            (Operation::Max(_), [body]) => graph.max(closed, body)?,
            (Operation::Prod(_), [body]) => graph.prod(closed, body)?,
            _ => before.clone(),
        };
        // What is written as a part of another product is not written alone.
        let after = match product(graph, node).filter(|_| !part) {
            Some(_) => self.in_chain(graph, walk, &before)?.unwrap_or_else(|| rebuilt.clone()),
            None => rebuilt.clone(),
        };
        let back = |from: &Ref, to: &Ref| from != to && walk.leads(to.node, from.node);
        if back(&before, &rebuilt) || back(&rebuilt, &after) {
            return Ok(());
        }
        for (rule, from, to) in [(Rule::Operands, &before, &rebuilt), (Rule::Canonical, &rebuilt, &after)] {
            self.step(rule, from, to, Vec::new());
            walk.steps.entry(from.node).or_default().push(to.node);
        }
        if after != before {
            if self.free.contains(&node) {
                self.free.insert(after.node);
            }
            walk.written.insert(node, (before.axes, after));
        }
        Ok(())
    }

    /// A sum with a negative term, as a difference: `a + -2*b` is `a - 2*b`.
    fn signed(
        &self,
        graph: &mut Graph,
        walk: &Walk,
        node: NodeId,
        operands: &[Ref],
    ) -> Result<Option<Ref>, GraphError> {
        let (operator, [left, right]) = (graph.as_operator(node), operands) else { return Ok(None) };
        let once: Vec<bool> = graph.operands(node).map(|operand| walk.reads.get(&operand.node) == Some(&1)).collect();
        let other = match operator {
            Some(Operator::Add) => Operator::Subtract,
            Some(Operator::Subtract) => Operator::Add,
            _ => return Ok(None),
        };
        if once[1]
            && let Some(right) = without_sign(graph, right)?
        {
            return graph.apply(other, &[left.clone(), right]).map(Some);
        }
        if once[0]
            && operator == Some(Operator::Add)
            && let Some(left) = without_sign(graph, left)?
        {
            return graph.apply(other, &[right.clone(), left]).map(Some);
        }
        Ok(None)
    }

    /// What the forward pass has for `1/value`, if that has a name: one multiplies by it.
    fn reciprocal(&self, graph: &Graph, one: &Ref, value: &Ref) -> Option<Ref> {
        let known = graph.existing(Operator::Divide, [one, value])?;
        let named = self.named.contains(&known.node) || self.calls.contains_key(&known.node);
        (self.is_forward(known.node) && named).then_some(known)
    }

    /// A product with all its factors in one chain; `None` if it would be longer, or its numbers cannot be written.
    fn in_chain(&self, graph: &mut Graph, walk: &Walk, whole: &Ref) -> Result<Option<Ref>, GraphError> {
        let one = graph.constant(Number::ONE)?;
        let mut factors = Factors::new();
        let (mut operations, mut pending) =
            (0, vec![Part { value: whole.clone(), below: false, opened: true, group: 0 }]);
        while let Some(Part { value: next, below, opened, group }) = pending.pop() {
            if !opened {
                match graph.as_constant(next.node) {
                    Some(number) => factors.number(number, below),
                    None if below && self.reciprocal(graph, &one, &next).is_some() => {
                        let reciprocal = self.reciprocal(graph, &one, &next).unwrap_or(next);
                        factors.push(group, reciprocal, false, whole.axes.is_empty());
                    }
                    None => {
                        let there = !walk.reads.contains_key(&next.node) || graph.as_access(next.node).is_some();
                        // In what order arrays are multiplied says what is a matrix product.
                        factors.push(group, walk.replaced(&next), below, there && whole.axes.is_empty());
                    }
                }
                continue;
            }
            let (operator, parts) = (product(graph, next.node), self.parts(graph, walk, next.node));
            let divides = operator == Some(Operator::Divide);
            operations += 1;
            factors.negative ^= operator == Some(Operator::Negate);
            let operands = graph.operand_refs(next.node, &next.axes);
            let among = divides && group == 0 && next != *whole && !below;
            let reciprocal = operands.get(1).and_then(|divisor| self.reciprocal(graph, &one, divisor));
            let stated = |divisor: &Ref| graph.as_constant(divisor.node).is_some();
            let apart = among && reciprocal.is_none() && !operands.get(1).is_some_and(stated);
            let group = if apart { factors.group() } else { group };
            for (place, value) in operands.into_iter().enumerate().rev() {
                let opened = parts.contains(&value.node);
                pending.push(Part { value, below: below != (divides && place == 1), opened, group });
            }
        }
        let Some((plan, count)) = factors.plan(&self.digits) else { return Ok(None) };
        if count > operations {
            return Ok(None);
        }
        realise(graph, &plan, &mut HashMap::new(), &|node| self.is_forward(node)).map(Some)
    }
}

/// The operator of a product, a quotient or a negated number.
fn product(graph: &Graph, node: NodeId) -> Option<Operator> {
    let number = graph.kind(node) == Kind::Number;
    let operator = graph.as_operator(node).filter(|_| number)?;
    matches!(operator, Operator::Multiply | Operator::Divide | Operator::Negate).then_some(operator)
}

/// What a value is the negative of, if it is written with a sign in front.
fn without_sign(graph: &mut Graph, value: &Ref) -> Result<Option<Ref>, GraphError> {
    if graph.as_operator(value.node) == Some(Operator::Negate) {
        return Ok(graph.operand_refs(value.node, &value.axes).into_iter().next());
    }
    let (mut rest, mut first) = (Vec::new(), value.clone());
    while let Some(operator @ (Operator::Multiply | Operator::Divide)) = graph.as_operator(first.node) {
        let operands = graph.operand_refs(first.node, &first.axes);
        let [left, right] = operands.as_slice() else { return Ok(None) };
        rest.push((operator, right.clone()));
        first = left.clone();
    }
    let Some(number) = graph.as_constant(first.node).filter(|number| number.is_negative()) else { return Ok(None) };
    let mut value = graph.constant(number.negated())?;
    for (operator, right) in rest.into_iter().rev() {
        value = graph.apply(operator, &[value, right])?;
    }
    Ok(Some(value))
}
