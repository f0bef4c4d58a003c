//! The walk over backward values.
//!
//! Backward values are visited from the results down. One that is dearer than a leaf gets a search of its own; where that
//! finds nothing, its operands are simplified instead and it is built again over them. The work is bounded by counts.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::candidate::MOST_SEARCHES;
use super::nodes::NodeSet;
use super::sample::{Samples, tells_apart};
use super::second::Taken;
use super::tidy::MOST_TIDIED;
use super::{Rule, Simplified, Step, Subject};
use crate::algebra::digits::Digits;
use crate::graph::{Axis, Graph, GraphError, KnownCall, NodeId, Operation, Ref, Stated};
use crate::operators::{Notation, Operator};

/// How much work all proofs may be: see [`Field::work`].
pub(super) const MOST_PROVING: usize = 20_000;
/// What is dearer than this has no form that the search would find.
pub(super) const MOST_COST: usize = 40;
/// What is larger than this is large.
pub(super) const MOST_OPENED: usize = 150;
/// More results than this share too much to be looked at together.
pub(super) const MOST_ROOTS: usize = 64;
/// How many labels are tried for one slot.
const MOST_LABELS: usize = 8;
/// Larger formulas are left as they are.
pub(super) const MOST_NODES: usize = 20_000;

/// Simplifies derivatives: returns one value for each root of the subject, over some of its axes; what cannot be improved
/// stays.
///
/// # Errors
/// [`GraphError::TooLarge`]
pub fn simplify(graph: &mut Graph, subject: &Subject) -> Result<Simplified, GraphError> {
    let unchanged = || Simplified { roots: subject.roots.to_vec(), ..Simplified::default() };
    if graph.len() > MOST_NODES || subject.roots.is_empty() {
        return Ok(unchanged());
    }
    let mut search = Search::new(graph, subject);
    let mut roots = Vec::new();
    let first = &subject.roots[..subject.first.min(subject.roots.len())];
    for place in 0..2 {
        let (group, taken) =
            if place == 0 { (first.to_vec(), Taken::default()) } else { search.differentiated(graph, &roots)? };
        // However much the first derivatives took, half of everything is left for the second ones.
        search.searches = search.searches.min(MOST_SEARCHES / 2);
        search.tidied = search.tidied.min(MOST_TIDIED / 2);
        search.work.set(search.work.get().min(MOST_PROVING / 2));
        // The entries of vectors that are stated are results like others.
        let single: Vec<Ref> = group.iter().flat_map(|root| entries(graph, root)).collect();
        let whole = group.iter().filter(|root| graph.as_stated(root).is_none());
        let apart: Vec<Ref> = single.iter().chain(whole).cloned().collect();
        // What several results share is simplified first, and then costs nothing.
        for shared in search.shared(graph, &apart) {
            search.simplify(graph, shared)?;
            search.tidy(graph, shared)?;
            search.settle(graph, shared);
        }
        for root in single.iter().chain(&group) {
            search.simplify(graph, root.node)?;
            search.tidy(graph, root.node)?;
        }
        search.reconsider(graph, &apart)?;
        search.finish(graph, taken);
        let values: Vec<Ref> = group.iter().map(|root| search.replaced(root)).collect();
        let values = search.with_products(graph, &values)?;
        let parts = values.iter().flat_map(|value| entries(graph, value));
        let results: Vec<NodeId> = parts.chain(values.clone()).map(|value| value.node).collect();
        roots.extend(values);
        search.free.extend(results.iter().flat_map(|root| search.read_by(graph, *root)).collect::<Vec<_>>());
        search.free.extend(results);
    }
    let steps = steps_behind(graph, subject.roots.iter().map(|root| root.node), &search.steps);
    Ok(Simplified { roots, steps, calls: search.calls.into_values().collect() })
}

/// Which steps lead from the roots to what stands for them.
fn needed(graph: &Graph, roots: impl IntoIterator<Item = NodeId>, steps: &[Step]) -> Vec<bool> {
    let mut reached: BTreeSet<NodeId> = roots.into_iter().collect();
    let mut kept = vec![false; steps.len()];
    loop {
        let before = kept.iter().filter(|kept| **kept).count();
        for (step, kept) in steps.iter().zip(&mut kept).rev() {
            if *kept || !reached.contains(&step.before.node) {
                continue;
            }
            *kept = true;
            reached.insert(step.after.node);
            if step.rule == Rule::Operands {
                reached.extend(graph.operands(step.before.node).map(|operand| operand.node));
            }
        }
        if kept.iter().filter(|kept| **kept).count() == before {
            return kept;
        }
    }
}

/// The steps that lead from roots to what stands for them.
#[must_use]
pub fn steps_behind(graph: &Graph, roots: impl IntoIterator<Item = NodeId>, steps: &[Step]) -> Vec<Step> {
    let needed = needed(graph, roots, steps);
    steps.iter().zip(needed).filter(|(_, needed)| *needed).map(|(step, _)| step.clone()).collect()
}

/// The facts that what stands for a node relies on.
pub(super) fn facts_of(graph: &Graph, node: NodeId, steps: &[Step]) -> BTreeSet<usize> {
    let needed = needed(graph, [node], steps);
    let steps = steps.iter().zip(needed).filter_map(|(step, needed)| needed.then_some(step));
    steps.flat_map(|step| step.facts.iter().copied()).collect()
}

/// What stands for a value, why, and which facts that takes.
pub(super) type Found = (Rule, Ref, Vec<usize>);

pub(super) struct Search<'a> {
    pub(super) subject: &'a Subject<'a>,
    forward: Vec<bool>,
    /// Forward values with a name: they cost nothing.
    pub(super) named: BTreeSet<NodeId>,
    /// Backward values that cost nothing any more: first derivatives, when second ones are simplified, and what stands for
    /// values that several results share.
    pub(super) free: BTreeSet<NodeId>,
    /// Values that several results share: forms refer to what stands for them.
    pub(super) settled: BTreeSet<NodeId>,
    /// The facts that what stands for them relies on, and with it every form that refers to it.
    pub(super) relied: BTreeMap<NodeId, BTreeSet<usize>>,
    /// Forward values that are computed whatever branches are taken.
    anyway: Vec<bool>,
    pub(super) samples: Samples,
    /// How the formula writes its numbers.
    pub(super) digits: Digits,
    /// What stands for a backward node, over labels for its slots.
    pub(super) found: HashMap<NodeId, (Vec<Axis>, Ref)>,
    pub(super) closed: HashMap<NodeId, Vec<Axis>>,
    pub(super) calls: BTreeMap<NodeId, KnownCall>,
    /// What is being looked at as a whole.
    pub(super) result: Option<NodeId>,
    pub(super) searches: usize,
    pub(super) tidied: usize,
    /// What was tried to be written in canonical form.
    pub(super) tried: BTreeSet<NodeId>,
    /// How much work proofs were.
    pub(super) work: Cell<usize>,
    /// Whether a proof was [rough](crate::algebra::quotient::Field::is_rough).
    pub(super) rough: Cell<bool>,
    pub(super) steps: Vec<Step>,
}

impl<'a> Search<'a> {
    pub(super) fn new(graph: &Graph, subject: &'a Subject) -> Self {
        let forward = graph.live(subject.outputs.iter().copied());
        // Second derivatives are computed when it is known what is simplified in their place.
        let first = subject.roots.iter().take(subject.first).map(|root| root.node);
        let live = graph.live(first.chain(subject.outputs.iter().copied()));
        let samples = Samples::new(graph, &live, &forward, subject.facts);
        let digits =
            Digits::of(graph.nodes().filter(|node| forward[node.index()]).filter_map(|node| graph.as_constant(node)));
        let named = subject.outputs.iter().chain(subject.named).copied().filter(|node| forward[node.index()]);
        Self {
            subject,
            named: named.collect(),
            anyway: computed_anyway(graph, subject.outputs),
            free: BTreeSet::new(),
            settled: BTreeSet::new(),
            relied: BTreeMap::new(),
            forward,
            samples,
            digits,
            found: HashMap::new(),
            closed: HashMap::new(),
            calls: BTreeMap::new(),
            result: None,
            searches: 0,
            tidied: 0,
            tried: BTreeSet::new(),
            work: Cell::new(0),
            rough: Cell::new(false),
            steps: Vec::new(),
        }
    }

    pub(super) fn is_forward(&self, node: NodeId) -> bool {
        self.forward.get(node.index()).copied().unwrap_or(false)
    }

    /// Whether a value is computed whatever branches are taken, or made of such values.
    pub(super) fn is_computed_anyway(&self, graph: &Graph, node: NodeId) -> bool {
        let mut pending = vec![node];
        while let Some(next) = pending.pop() {
            let forward = self.is_forward(next);
            if forward && !self.anyway[next.index()] {
                return false;
            }
            if !forward && !self.free.contains(&next) {
                pending.extend(graph.operands(next).map(|operand| operand.node));
            }
        }
        true
    }

    /// What stands for a use.
    pub(super) fn replaced(&self, used: &Ref) -> Ref {
        match self.found.get(&used.node) {
            Some((labels, value)) => value.renamed(labels, &used.axes),
            None => used.clone(),
        }
    }

    /// A shared value that is worth a name; what is cheaper is better written where it is used.
    pub(super) fn settle(&mut self, graph: &Graph, node: NodeId) {
        if let Some((_, value)) = self.found.get(&node)
            && self.opened(graph, value.node, false).len() > 1
        {
            self.free.insert(value.node);
            self.settled.insert(node);
            self.relied.insert(node, self.facts_behind(graph, node));
        }
    }

    /// What turned out to be read by one result only is not shared: that result is looked at again without it.
    fn reconsider(&mut self, graph: &mut Graph, group: &[Ref]) -> Result<(), GraphError> {
        let mut readers: BTreeMap<NodeId, BTreeSet<NodeId>> = BTreeMap::new();
        for root in group {
            let read = graph.live([self.replaced(root).node]);
            for shared in &self.settled {
                if self.found.get(shared).is_some_and(|(_, value)| read[value.node.index()]) {
                    readers.entry(*shared).or_default().insert(root.node);
                }
            }
        }
        let mut again = BTreeSet::new();
        for (shared, readers) in readers {
            if let (1, Some(reader)) = (readers.len(), readers.first()) {
                self.settled.remove(&shared);
                self.free.remove(&self.found[&shared].1.node);
                again.insert(*reader);
            }
        }
        for root in again {
            let before = self.found.remove(&root);
            let (steps, kept): (Vec<Step>, Vec<Step>) =
                std::mem::take(&mut self.steps).into_iter().partition(|step| step.before.node == root);
            self.steps = kept;
            self.simplify(graph, root)?;
            self.tidy(graph, root)?;
            let dearer = |found: &(Vec<Axis>, Ref), other: &(Vec<Axis>, Ref)| {
                self.opened(graph, found.1.node, true).len() > self.opened(graph, other.1.node, true).len()
            };
            if let (Some(before), Some(after)) = (before, self.found.get(&root))
                && dearer(after, &before)
            {
                self.steps.retain(|step| step.before.node != root);
                self.steps.extend(steps);
                self.found.insert(root, before);
            }
        }
        Ok(())
    }

    /// The facts that what stands for a node relies on.
    pub(super) fn facts_behind(&self, graph: &Graph, node: NodeId) -> BTreeSet<usize> {
        facts_of(graph, node, &self.steps)
    }

    /// What a form is written in: forward values and calls of the prelude. They are computed for it in any case.
    fn read_by(&self, graph: &Graph, root: NodeId) -> BTreeSet<NodeId> {
        let (mut read, mut seen, mut pending) = (BTreeSet::new(), BTreeSet::new(), vec![root]);
        while let Some(next) = pending.pop() {
            if is_leaf(graph, next) || !seen.insert(next) || seen.len() > MOST_OPENED {
                continue;
            }
            if self.is_forward(next) || self.calls.contains_key(&next) {
                read.insert(next);
            } else {
                pending.extend(graph.operands(next).map(|operand| operand.node));
            }
        }
        read
    }

    /// What stands for a use that several results share.
    pub(super) fn settled(&self, used: &Ref) -> Option<Ref> {
        self.settled.contains(&used.node).then(|| self.replaced(used))
    }

    /// The backward values at which the ways to different results part, and matrix products that are read twice, those that
    /// are needed first in front.
    pub(super) fn shared(&self, graph: &Graph, roots: &[Ref]) -> Vec<NodeId> {
        if roots.len() > MOST_ROOTS {
            return Vec::new();
        }
        let mut reached = vec![0_u64; graph.len()];
        let mut parts = vec![false; graph.len()];
        let mut reads = vec![0_usize; graph.len()];
        for (place, root) in roots.iter().enumerate() {
            reached[root.node.index()] |= 1 << place;
        }
        for node in graph.nodes().rev().filter(|node| !self.is_forward(*node)) {
            let own = reached[node.index()];
            if own == 0 {
                continue;
            }
            for operand in graph.operands(node) {
                reads[operand.node.index()] += 1;
                let before = &mut reached[operand.node.index()];
                // Another user came first, and does not lead to the same results.
                parts[operand.node.index()] |= *before != 0 && *before != own;
                *before |= own;
            }
        }
        let worth = |node: &NodeId| {
            let several = reached[node.index()].count_ones() > 1 && parts[node.index()];
            // Nothing elementwise is cheaper than a matrix product: all forms are made of it.
            let product = reads[node.index()] > 1 && is_matrix_product(graph, *node);
            (several || product)
                && !self.is_forward(*node)
                && !is_leaf(graph, *node)
                && !roots.iter().any(|root| root.node == *node)
        };
        graph.nodes().filter(worth).collect()
    }

    /// Finds what stands for a node.
    pub(super) fn simplify(&mut self, graph: &mut Graph, root: NodeId) -> Result<(), GraphError> {
        self.result = Some(root);
        let mut pending = vec![(root, false)];
        while let Some((node, ready)) = pending.pop() {
            if self.found.contains_key(&node) || self.is_forward(node) || is_leaf(graph, node) {
                continue;
            }
            if ready {
                self.rebuild(graph, node)?;
                continue;
            }
            let target = whole(graph, node);
            graph.set_span(graph.span(node));
            // A vector that is stated has the closed forms of its entries.
            let found = if graph.states_entry(node) { None } else { self.closed_form(graph, &target)? };
            if let Some((rule, closed, facts)) = found {
                self.step(rule, &target, &closed, facts);
                self.found.insert(node, (target.axes, closed));
                continue;
            }
            pending.push((node, true));
            let operands: Vec<NodeId> = graph.operands(node).map(|operand| operand.node).collect();
            pending.extend(operands.into_iter().rev().map(|operand| (operand, false)));
        }
        Ok(())
    }

    /// The same operation over operands that were replaced.
    fn rebuild(&mut self, graph: &mut Graph, node: NodeId) -> Result<(), GraphError> {
        if matches!(
            graph.operation(node),
            Operation::Apply(Operator::Select) | Operation::Sum(_) | Operation::Max(_) | Operation::Prod(_)
        ) {
            // What stands in a branch or under a sum is not seen from outside.
            let inner: Vec<NodeId> = graph.operands(node).map(|operand| operand.node).collect();
            for operand in inner {
                self.tidy(graph, operand)?;
            }
        }
        let target = whole(graph, node);
        let mut labels = target.axes.clone();
        for dim in graph.local_dims(node).split_off(labels.len()) {
            labels.push(graph.axis(dim, ""));
        }
        let operands: Vec<Ref> =
            graph.operand_refs(node, &labels).iter().map(|operand| self.replaced(operand)).collect();
        graph.set_span(graph.span(node));
        let closed = &labels[target.axes.len()..];
        let zero = |used: &Ref| graph.is_integer(used.node, 0);
        let rebuilt = match (graph.operation(node), operands.as_slice()) {
            // A term that has turned out to be zero; what is left has the axes that it has.
            (Operation::Apply(Operator::Add), [a, b]) if zero(a) => b.clone(),
            (Operation::Apply(Operator::Add | Operator::Subtract), [a, b]) if zero(b) => a.clone(),
            (Operation::Apply(Operator::Subtract), [a, b]) if zero(a) => {
                graph.apply(Operator::Negate, std::slice::from_ref(b))?
            }
            (Operation::Apply(operator), _) => graph.apply(operator, &operands)?,
            (Operation::Sum(_), [body]) => graph.sum(closed, body)?,
            // No derivative has a maximum over backward values.
            _ => target.clone(),
        };
        self.step(Rule::Operands, &target, &rebuilt, Vec::new());
        let rebuilt = match (graph.operation(node), operands.as_slice()) {
            (Operation::Sum(_), [body]) => self.regrouped(graph, &rebuilt, closed, body)?,
            (Operation::Apply(Operator::Select), [condition, ..]) if !self.is_forward(condition.node) => {
                self.branch(graph, &rebuilt, &operands)?.unwrap_or(rebuilt)
            }
            (Operation::Apply(Operator::Add), [a, b]) => match self.together(graph, a, b)? {
                Some(together) => {
                    self.step(Rule::Canonical, &rebuilt, &together, Vec::new());
                    together
                }
                None => rebuilt,
            },
            _ => rebuilt,
        };
        self.found.insert(node, (target.axes, rebuilt));
        Ok(())
    }

    /// A sum of a product whose factors along the same axes are multiplied first: so more of it runs over fewer axes.
    fn regrouped(&mut self, graph: &mut Graph, sum: &Ref, closed: &[Axis], body: &Ref) -> Result<Ref, GraphError> {
        let (mut factors, mut pending) = (Vec::new(), vec![body.clone()]);
        while let Some(next) = pending.pop() {
            let product = graph.as_operator(next.node) == Some(Operator::Multiply);
            if product && !self.is_forward(next.node) && !self.free.contains(&next.node) {
                pending.extend(graph.operand_refs(next.node, &next.axes).into_iter().rev());
            } else {
                factors.push(next);
            }
        }
        let mut groups: Vec<(BTreeSet<Axis>, Ref)> = Vec::new();
        for factor in &factors {
            let axes: BTreeSet<Axis> = factor.axes.iter().copied().collect();
            match groups.iter_mut().find(|(other, _)| *other == axes) {
                Some((_, group)) => *group = graph.apply(Operator::Multiply, &[group.clone(), factor.clone()])?,
                None => groups.push((axes, factor.clone())),
            }
        }
        if groups.len() == factors.len() {
            return Ok(sum.clone());
        }
        groups.sort_by_key(|(axes, _)| axes.len());
        let mut groups = groups.into_iter().map(|(_, group)| group);
        let Some(mut product) = groups.next() else { return Ok(sum.clone()) };
        for group in groups {
            product = graph.apply(Operator::Multiply, &[product, group])?;
        }
        let regrouped = graph.sum(closed, &product)?;
        let count = |node: NodeId| self.opened(graph, node, true).len();
        if count(regrouped.node) > count(sum.node) || self.is_more_work(graph, sum.node, regrouped.node, false) {
            return Ok(sum.clone());
        }
        self.step(Rule::Canonical, sum, &regrouped, Vec::new());
        Ok(regrouped)
    }

    pub(super) fn step(&mut self, rule: Rule, before: &Ref, after: &Ref, facts: Vec<usize>) {
        if before != after {
            self.steps.push(Step { rule, before: before.clone(), after: after.clone(), facts });
        }
    }

    /// The operations that a node is made of, shared ones once: the backward ones, and if asked the forward ones that it
    /// reads, down to what has a name. A call of the prelude is one. Beyond [`MOST_OPENED`] one does not count on.
    pub(super) fn opened(&self, graph: &Graph, node: NodeId, with_forward: bool) -> NodeSet {
        self.opened_up_to(graph, node, with_forward, MOST_OPENED)
    }

    pub(super) fn opened_up_to(&self, graph: &Graph, node: NodeId, with_forward: bool, most: usize) -> NodeSet {
        let mut seen = NodeSet::default();
        let mut pending = vec![node];
        while let Some(next) = pending.pop() {
            if seen.len() > most {
                break;
            }
            if seen.contains(next) {
                continue;
            }
            let free = self.named.contains(&next)
                || self.free.contains(&next)
                || (self.settled.contains(&next) && next != node)
                || (!with_forward && self.is_forward(next));
            if free {
                continue;
            }
            if let Some(access) = graph.as_access(next) {
                pending.push(access.node);
                continue;
            }
            if is_leaf(graph, next) || !seen.insert(next) {
                continue;
            }
            if let Some(call) = self.calls.get(&next) {
                pending.extend(call.arguments.iter().map(|argument| argument.node));
                continue;
            }
            for operand in graph.operands(next) {
                pending.push(operand.node);
            }
        }
        seen
    }
}

/// The values that outputs need outside of branches.
fn computed_anyway(graph: &Graph, outputs: &[NodeId]) -> Vec<bool> {
    let mut anyway = vec![false; graph.len()];
    outputs.iter().for_each(|output| anyway[output.index()] = true);
    for node in graph.nodes() {
        anyway[node.index()] |= matches!(graph.operation(node), Operation::Input(_) | Operation::Constant(_));
    }
    for node in graph.nodes().rev().filter(|node| !is_leaf(graph, *node)) {
        if anyway[node.index()] {
            let needed = if graph.as_operator(node) == Some(Operator::Select) { 1 } else { usize::MAX };
            graph.operands(node).take(needed).for_each(|operand| anyway[operand.node.index()] = true);
        }
    }
    anyway
}

/// A node over new labels for its slots. Two of one dimension are at the same position at some sample points, and at
/// others at others: what stands on a diagonal only is seen there.
fn whole(graph: &mut Graph, node: NodeId) -> Ref {
    let dims = graph.shape(node).to_vec();
    let mut axes: Vec<Axis> = Vec::new();
    for (slot, dim) in dims.into_iter().enumerate() {
        let hint = graph.slot_hint(node, slot).to_owned();
        let mut axis = graph.axis(dim, &hint);
        for _ in 0..MOST_LABELS {
            if axes.iter().all(|other| graph.dim(*other) != dim || tells_apart(graph, axis, *other)) {
                break;
            }
            axis = graph.axis(dim, &hint);
        }
        axes.push(axis);
    }
    Ref { node, axes }
}

/// The entries of a vector, or of a matrix, that is stated entry by entry.
fn entries(graph: &Graph, root: &Ref) -> Vec<Ref> {
    let (mut found, mut pending) = (Vec::new(), vec![root.clone()]);
    while let Some(next) = pending.pop() {
        match graph.as_stated(&next) {
            Some(Stated { entries, rest }) => {
                pending.push(rest);
                pending.extend(entries.into_iter().rev().map(|(_, value)| value));
            }
            None if next != *root && !is_leaf(graph, next.node) => found.push(next),
            None => {}
        }
    }
    found
}

/// Whether a value is a sum along an axis beside two others, at least.
fn is_matrix_product(graph: &Graph, node: NodeId) -> bool {
    matches!(graph.operation(node), Operation::Sum(_)) && graph.shape(node).len() > 1
}

/// Whether a node costs nothing.
pub(super) fn is_leaf(graph: &Graph, node: NodeId) -> bool {
    match graph.operation(node) {
        Operation::Apply(operator) => operator.row().notation == Notation::Name,
        Operation::Sum(_) => graph.is_entry_of_input(node),
        Operation::Max(_) | Operation::Prod(_) => false,
        _ => true,
    }
}
