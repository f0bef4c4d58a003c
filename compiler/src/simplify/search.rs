//! The walk over backward values.
//!
//! Backward values are visited from the results down. One that is dearer than a leaf gets a search of its own; where that
//! finds nothing, its operands are simplified instead and it is built again over them. The work is bounded by counts.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::sample::Samples;
use super::{Rule, Simplified, Step, Subject};
use crate::graph::{Axis, Graph, GraphError, NodeId, Operation, Ref};
use crate::operators::{Notation, Operator};
use crate::print::KnownCall;

/// How much work all proofs may be: see [`Field::work`].
pub(super) const MOST_PROVING: usize = 20_000;
/// What is dearer than this has no form that the search would find.
pub(super) const MOST_COST: usize = 40;
/// What is larger than this is large.
pub(super) const MOST_OPENED: usize = 150;
/// More results than this share too much to be looked at together.
const MOST_ROOTS: usize = 64;
/// Larger formulas are left as they are.
const MOST_NODES: usize = 20_000;

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
    let (first, second) = subject.roots.split_at(subject.first.min(subject.roots.len()));
    for group in [first, second] {
        // What several results share is simplified first, and then costs nothing.
        for shared in search.shared(graph, group) {
            search.simplify(graph, shared)?;
            search.tidy(graph, shared)?;
            search.settle(graph, shared);
        }
        let mut results = Vec::new();
        for root in group {
            search.simplify(graph, root.node)?;
            search.tidy(graph, root.node)?;
            let value = search.replaced(root);
            results.push(value.node);
            roots.push(value);
        }
        search.free.extend(results);
    }
    let needed = needed(graph, subject.roots.iter().map(|root| root.node), &search.steps);
    let steps = search.steps.into_iter().zip(needed).filter_map(|(step, needed)| needed.then_some(step)).collect();
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
    /// What stands for a backward node, over labels for its slots.
    pub(super) found: HashMap<NodeId, (Vec<Axis>, Ref)>,
    pub(super) closed: HashMap<NodeId, Vec<Axis>>,
    pub(super) calls: BTreeMap<NodeId, KnownCall>,
    pub(super) searches: usize,
    pub(super) tidied: usize,
    /// What was tried to be written in canonical form.
    pub(super) tried: BTreeSet<NodeId>,
    /// How much work proofs were.
    pub(super) work: Cell<usize>,
    steps: Vec<Step>,
}

impl<'a> Search<'a> {
    fn new(graph: &Graph, subject: &'a Subject) -> Self {
        let forward = graph.live(subject.outputs.iter().copied());
        let live = graph.live(subject.roots.iter().map(|root| root.node).chain(subject.outputs.iter().copied()));
        let samples = Samples::new(graph, &live, &forward, subject.facts);
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
            found: HashMap::new(),
            closed: HashMap::new(),
            calls: BTreeMap::new(),
            searches: 0,
            tidied: 0,
            tried: BTreeSet::new(),
            work: Cell::new(0),
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
    fn settle(&mut self, graph: &Graph, node: NodeId) {
        if let Some((_, value)) = self.found.get(&node)
            && self.opened(graph, value.node, false).len() > 1
        {
            self.free.insert(value.node);
            self.settled.insert(node);
            let needed = needed(graph, [node], &self.steps);
            let steps = self.steps.iter().zip(needed).filter_map(|(step, needed)| needed.then_some(step));
            self.relied.insert(node, steps.flat_map(|step| step.facts.iter().copied()).collect());
        }
    }

    /// What stands for a use that several results share.
    pub(super) fn settled(&self, used: &Ref) -> Option<Ref> {
        self.settled.contains(&used.node).then(|| self.replaced(used))
    }

    /// The backward values at which the ways to different results part, those that are needed first in front.
    fn shared(&self, graph: &Graph, roots: &[Ref]) -> Vec<NodeId> {
        if roots.len() < 2 || roots.len() > MOST_ROOTS {
            return Vec::new();
        }
        let mut reached = vec![0_u64; graph.len()];
        let mut parts = vec![false; graph.len()];
        for (place, root) in roots.iter().enumerate() {
            reached[root.node.index()] |= 1 << place;
        }
        for node in graph.nodes().rev().filter(|node| !self.is_forward(*node)) {
            let own = reached[node.index()];
            if own == 0 {
                continue;
            }
            for operand in graph.operands(node) {
                let before = &mut reached[operand.node.index()];
                // Another user came first, and does not lead to the same results.
                parts[operand.node.index()] |= *before != 0 && *before != own;
                *before |= own;
            }
        }
        let worth = |node: &NodeId| {
            let several = reached[node.index()].count_ones() > 1 && parts[node.index()];
            several && !self.is_forward(*node) && !is_leaf(graph, *node) && !roots.iter().any(|root| root.node == *node)
        };
        graph.nodes().filter(worth).collect()
    }

    /// Finds what stands for a node.
    fn simplify(&mut self, graph: &mut Graph, root: NodeId) -> Result<(), GraphError> {
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
            if let Some((rule, closed, facts)) = self.closed_form(graph, &target)? {
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
        if matches!(graph.operation(node), Operation::Apply(Operator::Select) | Operation::Sum(_) | Operation::Max(_)) {
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
        let rebuilt = match (graph.operation(node), operands.as_slice()) {
            (Operation::Apply(operator), _) => graph.apply(operator, &operands)?,
            (Operation::Sum(_), [body]) => graph.sum(closed, body)?,
            (Operation::Max(_), [body]) => graph.max(closed, body)?,
            _ => target.clone(),
        };
        self.step(Rule::Operands, &target, &rebuilt, Vec::new());
        self.found.insert(node, (target.axes, rebuilt));
        Ok(())
    }

    pub(super) fn step(&mut self, rule: Rule, before: &Ref, after: &Ref, facts: Vec<usize>) {
        if before != after {
            self.steps.push(Step { rule, before: before.clone(), after: after.clone(), facts });
        }
    }

    /// The operations that a node is made of, shared ones once: the backward ones, and if asked the forward ones that it
    /// reads, down to what has a name. A call of the prelude is one. Beyond [`MOST_OPENED`] one does not count on.
    pub(super) fn opened(&self, graph: &Graph, node: NodeId, with_forward: bool) -> BTreeSet<NodeId> {
        self.opened_up_to(graph, node, with_forward, MOST_OPENED)
    }

    pub(super) fn opened_up_to(
        &self,
        graph: &Graph,
        node: NodeId,
        with_forward: bool,
        most: usize,
    ) -> BTreeSet<NodeId> {
        let mut seen = BTreeSet::new();
        let mut pending = vec![node];
        while let Some(next) = pending.pop() {
            if seen.len() > most {
                break;
            }
            let free = self.named.contains(&next)
                || self.free.contains(&next)
                || (self.settled.contains(&next) && next != node)
                || (!with_forward && self.is_forward(next));
            if free || is_leaf(graph, next) || !seen.insert(next) {
                continue;
            }
            match self.calls.get(&next) {
                Some(call) => pending.extend(call.arguments.iter().map(|argument| argument.node)),
                None => pending.extend(graph.operands(next).map(|operand| operand.node)),
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

/// A node over new labels for its slots.
fn whole(graph: &mut Graph, node: NodeId) -> Ref {
    let dims = graph.shape(node).to_vec();
    let hints: Vec<String> = (0..dims.len()).map(|slot| graph.slot_hint(node, slot).to_owned()).collect();
    let axes = dims.into_iter().zip(hints).map(|(dim, hint)| graph.axis(dim, &hint)).collect();
    Ref { node, axes }
}

/// Whether a node costs nothing.
pub(super) fn is_leaf(graph: &Graph, node: NodeId) -> bool {
    match graph.operation(node) {
        Operation::Apply(operator) => operator.row().notation == Notation::Name,
        Operation::Sum(_) | Operation::Max(_) => false,
        _ => true,
    }
}
