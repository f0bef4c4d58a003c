//! The search for a closed form: enumerate, compare numbers, prove.
//!
//! Backward values are visited from the results down. One that is dearer than a leaf gets a search of its own; where that
//! finds nothing, its operands are simplified instead and it is built again over them. The work is bounded by counts.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::bank::{Bank, Entry, EntryId, Form};
use super::field::{Field, Term};
use super::leaves::{Cone, Leaf, factors};
use super::plan::realise;
use super::sample::{POINTS, Samples, Values};
use super::{Rule, Simplified, Step, Subject};
use crate::graph::{Axis, Graph, GraphError, NodeId, Operation, Ref};
use crate::number::Number;
use crate::operators::{Kind, Notation, Operator};
use crate::print::KnownCall;

/// How many nodes get a search of their own: a budget of work, the same on every machine.
const MOST_SEARCHES: usize = 12;
/// How much work all proofs may be: see [`Field::work`].
const MOST_PROVING: usize = 20_000;
/// How many values are written in canonical form.
const MOST_TIDIED: usize = 24;
/// What is dearer than this has no form that the search would find.
const MOST_COST: usize = 40;
/// What is larger than this is large.
const MOST_OPENED: usize = 150;
/// How many numerical hits are tried before one gives up.
const MOST_PROOFS: usize = 4;
/// More results than this share too much to be looked at together.
const MOST_ROOTS: usize = 64;
/// How many divisors a whole target is tried to be a quotient by.
const MOST_DIVISORS: usize = 3;
/// Where a form of so many operations was found, one does not look for larger ones.
const SHORT: u32 = 3;
/// How many stated numbers a form may use.
const MOST_NUMBERS: usize = 4;
/// Larger formulas are left as they are.
const MOST_NODES: usize = 20_000;

/// A closed form: an operator over parts, or what is there already.
#[derive(Clone, Debug)]
struct Candidate {
    operator: Option<Operator>,
    left: EntryId,
    right: Option<EntryId>,
    /// What all of it is divided by.
    below: Option<EntryId>,
    /// Its own operations.
    cost: u32,
    leaves: u32,
    reads: u64,
}

/// A form and what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    operations: usize,
    own: u32,
    references: u32,
    quotients: u32,
}

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
    let calls = search.calls.into_values().collect();
    Ok(Simplified { roots, steps: search.steps, calls })
}

pub(super) struct Search<'a> {
    subject: &'a Subject<'a>,
    forward: Vec<bool>,
    /// Forward values with a name: they cost nothing.
    pub(super) named: BTreeSet<NodeId>,
    /// Backward values that cost nothing any more: first derivatives, when second ones are simplified, and what stands for
    /// values that several results share.
    pub(super) free: BTreeSet<NodeId>,
    /// Values that several results share: forms refer to what stands for them.
    settled: BTreeSet<NodeId>,
    /// Forward values that are computed whatever branches are taken.
    anyway: Vec<bool>,
    samples: Samples,
    /// What stands for a backward node, over labels for its slots.
    found: HashMap<NodeId, (Vec<Axis>, Ref)>,
    pub(super) closed: HashMap<NodeId, Vec<Axis>>,
    pub(super) calls: BTreeMap<NodeId, KnownCall>,
    searches: usize,
    tidied: usize,
    /// How much work proofs were.
    work: Cell<usize>,
    steps: Vec<Step>,
}

impl<'a> Search<'a> {
    fn new(graph: &Graph, subject: &'a Subject) -> Self {
        let forward = graph.live(subject.outputs.iter().copied());
        let live = graph.live(subject.roots.iter().map(|root| root.node).chain(subject.outputs.iter().copied()));
        let facts: Vec<Ref> = subject.facts.iter().map(|(_, statement)| statement.clone()).collect();
        let samples = Samples::new(graph, &live, &forward, &facts);
        let named = subject.outputs.iter().chain(subject.named).copied().filter(|node| forward[node.index()]);
        Self {
            subject,
            named: named.collect(),
            anyway: computed_anyway(graph, subject.outputs),
            free: BTreeSet::new(),
            settled: BTreeSet::new(),
            forward,
            samples,
            found: HashMap::new(),
            closed: HashMap::new(),
            calls: BTreeMap::new(),
            searches: 0,
            tidied: 0,
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

    /// Writes what stands for a node in canonical form, if that is cheaper.
    fn tidy(&mut self, graph: &mut Graph, node: NodeId) -> Result<(), GraphError> {
        let Some((axes, before)) = self.found.get(&node).cloned() else { return Ok(()) };
        let own = self.opened_up_to(graph, before.node, false, MOST_COST).len();
        if self.work.get() > MOST_PROVING
            || !(2..=MOST_COST).contains(&own)
            || graph.kind(before.node) != Kind::Number
            || self.tidied >= MOST_TIDIED
        {
            return Ok(());
        }
        self.tidied += 1;
        let mut best = (self.size(graph, before.node), None);
        for (opaque, facts) in self.views(graph, before.node) {
            let (plan, used) = {
                let mut field = Field::new(graph, opaque, facts);
                let plan = field.term(&before).and_then(|term| field.plan(&term));
                self.work.set(self.work.get() + field.work());
                let Some(plan) = plan else { continue };
                (plan, field.facts.used().iter().copied().collect())
            };
            let after = realise(graph, &plan, &mut HashMap::new())?;
            let size = self.size(graph, after.node);
            if size < best.0 && self.divides_by_the_same(graph, &before, &after) {
                best = (size, Some((after, used)));
            }
        }
        if let (_, Some((after, used))) = best {
            self.step(Rule::Canonical, &before, &after, used);
            self.found.insert(node, (axes, after));
        }
        Ok(())
    }

    /// How many operations a form has, and how often it refers to what is there.
    fn size(&self, graph: &Graph, node: NodeId) -> (usize, usize) {
        let own = self.opened(graph, node, false);
        let refers = |node: NodeId| !own.contains(&node) && graph.as_constant(node).is_none();
        let operands = own.iter().flat_map(|node| graph.operands(*node).map(|operand| operand.node));
        (self.opened(graph, node, true).len(), operands.filter(|operand| refers(*operand)).count())
    }

    /// What a value is a formula over: the forward values that it reads; those of them that are sums, so that they are not
    /// taken apart; those with a name; the inputs. And which facts may be used.
    fn views(&self, graph: &Graph, root: NodeId) -> Vec<(BTreeSet<NodeId>, &'a [(usize, Ref)])> {
        let read = self.frontier(graph, root);
        let (mut sums, mut pending, mut seen) = (BTreeSet::new(), Vec::from_iter(read.clone()), BTreeSet::new());
        while let Some(node) = pending.pop() {
            let sum = matches!(
                graph.operation(node),
                Operation::Apply(Operator::Add | Operator::Subtract | Operator::Select)
                    | Operation::Sum(_)
                    | Operation::Max(_)
            );
            if sum || self.named.contains(&node) || self.free.contains(&node) {
                sums.insert(node);
            } else if seen.insert(node) && seen.len() <= MOST_OPENED {
                pending.extend(graph.operands(node).map(|operand| operand.node).filter(|node| !is_leaf(graph, *node)));
            }
        }
        let named = self.named.union(&self.free).copied().filter(|node| *node != root).collect();
        let mut views: Vec<(BTreeSet<NodeId>, &'a [(usize, Ref)])> = Vec::new();
        for opaque in [read.clone(), sums, named, BTreeSet::new()] {
            if views.iter().all(|(other, _)| *other != opaque) {
                views.push((opaque, &[]));
            }
        }
        if !self.subject.facts.is_empty() {
            views.push((read, self.subject.facts));
        }
        views
    }

    /// Whether a form divides only by products of what another divides by outside of branches, numbers and sizes.
    fn divides_by_the_same(&mut self, graph: &mut Graph, before: &Ref, after: &Ref) -> bool {
        let (Some(old), Some(new)) = (self.cone(graph, before), self.cone(graph, after)) else { return false };
        let allowed = factors(graph, old.divides);
        let stated = |node: &NodeId| match graph.operation(*node) {
            Operation::Size(_) | Operation::Constant(_) => true,
            Operation::Apply(operator) => operator.row().notation == Notation::Name,
            _ => false,
        };
        let (divisors, mut asked) = (new.divides, BTreeSet::new());
        for node in divisors {
            let mut pending = vec![node];
            while let Some(next) = pending.pop() {
                match graph.as_operator(next) {
                    _ if stated(&next) || allowed.contains(&next) => {}
                    Some(Operator::Multiply | Operator::Negate) => {
                        pending.extend(graph.operands(next).map(|operand| operand.node));
                    }
                    Some(Operator::Power) => pending.extend(graph.operands(next).take(1).map(|operand| operand.node)),
                    _ => drop(asked.insert(next)),
                }
            }
        }
        asked.is_empty() || (new.branches == old.branches && self.are_products(graph, &asked, &allowed))
    }

    /// Whether each scalar is a product of others, by algebra.
    fn are_products(&self, graph: &Graph, asked: &BTreeSet<NodeId>, allowed: &BTreeSet<NodeId>) -> bool {
        let scalar = |node: &NodeId| graph.shape(*node).is_empty();
        if !asked.iter().all(scalar) {
            return false;
        }
        let mut field = Field::new(graph, BTreeSet::new(), &[]);
        let use_of = |node: &NodeId| Ref { node: *node, axes: Vec::new() };
        let factors: Vec<Term> =
            allowed.iter().filter(|node| scalar(node)).filter_map(|node| field.term(&use_of(node))).collect();
        asked.iter().all(|node| field.term(&use_of(node)).is_some_and(|term| field.is_product_of(term, &factors)))
    }

    /// The forward values, and what costs nothing, that a value reads.
    fn frontier(&self, graph: &Graph, root: NodeId) -> BTreeSet<NodeId> {
        let (mut frontier, mut seen, mut pending) = (BTreeSet::new(), BTreeSet::new(), vec![root]);
        while let Some(next) = pending.pop() {
            if self.is_forward(next) || (self.free.contains(&next) && next != root) {
                if !is_leaf(graph, next) {
                    frontier.insert(next);
                }
            } else if seen.insert(next) {
                pending.extend(graph.operands(next).map(|operand| operand.node));
            }
        }
        frontier
    }

    fn step(&mut self, rule: Rule, before: &Ref, after: &Ref, facts: Vec<usize>) {
        if before != after {
            self.steps.push(Step { rule, before: before.clone(), after: after.clone(), facts });
        }
    }

    /// A cheaper expression over forward values, proven equal.
    #[expect(clippy::type_complexity)]
    fn closed_form(&mut self, graph: &mut Graph, target: &Ref) -> Result<Option<(Rule, Ref, Vec<usize>)>, GraphError> {
        if self.searches >= MOST_SEARCHES || graph.kind(target.node) != Kind::Number {
            return Ok(None);
        }
        let opened = self.opened_up_to(graph, target.node, false, MOST_COST).len();
        if !(2..=MOST_COST).contains(&opened) {
            return Ok(None);
        }
        let Some(values) = self.samples.values(graph, target) else { return Ok(None) };
        let Some(cone) = self.cone(graph, target) else { return Ok(None) };
        self.searches += 1;
        let own = Rank {
            operations: self.opened(graph, target.node, true).len(),
            own: opened as u32,
            references: self.references(graph, &cone),
            quotients: quotients(graph, &cone),
        };
        let leaves = self.leaves(graph, target, &cone)?;
        for leaf in &leaves {
            self.samples.extend(graph, leaf.value.node);
        }
        let mut bank = self.bank(graph, &leaves, &cone);
        let mut found = candidates(&bank, &values, None, opened as u32);
        if ranked(&bank, found.clone(), &leaves, own).is_empty() {
            bank.deepen();
            found = candidates(&bank, &values, None, opened as u32);
        }
        if found.iter().all(|candidate| candidate.cost > SHORT) {
            // Larger forms are often a quotient by what the chain rule divides by.
            for below in bank.divisors().take(MOST_DIVISORS) {
                let mut scaled = values;
                scaled.iter_mut().zip(bank.get(below).values).for_each(|(value, below)| *value *= below);
                found.extend(candidates(&bank, &scaled, Some(below), opened as u32));
            }
        }
        let ranked = ranked(&bank, found, &leaves, own);
        for candidate in ranked {
            if self.work.get() > MOST_PROVING {
                break;
            }
            if let Some(facts) = self.proof(graph, target, &cone, &bank, &leaves, &candidate) {
                let closed = build_candidate(graph, &bank, &leaves, &candidate)?;
                return Ok(Some((Rule::FoldBack, closed, facts)));
            }
        }
        Ok(None)
    }

    fn bank(&self, graph: &Graph, leaves: &[Leaf], cone: &Cone) -> Bank {
        let mut entries = Vec::new();
        let mut numbers = [1, 2].map(Number::from).to_vec();
        for number in cone.numbers.iter().filter(|number| !number.is_zero() && !number.is_negative()) {
            if !numbers.contains(number) && numbers.len() < MOST_NUMBERS {
                numbers.push(*number);
            }
        }
        for number in numbers {
            let (form, values) = (Form::Number(number), [number.to_f64(); POINTS]);
            entries.push(Entry { form, values, cost: 0, leaves: 0, reads: 0, divides: true });
        }
        for (place, leaf) in leaves.iter().enumerate() {
            let Some(values) = self.samples.values(graph, &leaf.value) else { continue };
            let form = Form::Leaf(place as u32);
            entries.push(Entry { form, values, cost: 0, leaves: 1, reads: 1 << place, divides: leaf.divides });
        }
        Bank::new(entries)
    }

    /// Proves a candidate equal to the target: without facts, or with as few as it takes.
    fn proof(
        &self,
        graph: &Graph,
        target: &Ref,
        cone: &Cone,
        bank: &Bank,
        leaves: &[Leaf],
        candidate: &Candidate,
    ) -> Option<Vec<usize>> {
        let mut opaque = self.opaque(graph, cone);
        let standing = self.settled.iter().filter(|node| **node != target.node);
        let standing: BTreeMap<NodeId, (Vec<Axis>, Ref)> =
            standing.filter_map(|node| Some((*node, self.found.get(node)?.clone()))).collect();
        opaque.extend(standing.values().map(|(_, value)| value.node).filter(|node| !is_leaf(graph, *node)));
        let prove = |facts: &[(usize, Ref)]| {
            let mut field = Field::new(graph, opaque.clone(), facts);
            field.standing.clone_from(&standing);
            let wanted = field.term(target);
            self.work.set(self.work.get() + field.work());
            let wanted = wanted?;
            let term = term_of(&mut field, bank, leaves, candidate, &mut HashMap::new())?;
            let proven = field.proves_equal(&term, &wanted);
            proven.then(|| field.facts.used().clone())
        };
        if let Some(used) = prove(&[]) {
            return Some(used.into_iter().collect());
        }
        if self.subject.facts.is_empty() {
            return None;
        }
        let mut needed: Vec<usize> = prove(self.subject.facts)?.into_iter().collect();
        for fact in needed.clone() {
            let fewer: Vec<(usize, Ref)> = self
                .subject
                .facts
                .iter()
                .filter(|(place, _)| needed.contains(place) && *place != fact)
                .cloned()
                .collect();
            if prove(&fewer).is_some() {
                needed.retain(|other| *other != fact);
            }
        }
        Some(needed)
    }

    /// Forward values so far below what the target reads that their own formulas cannot matter.
    fn opaque(&self, graph: &Graph, cone: &Cone) -> BTreeSet<NodeId> {
        let mut level: BTreeSet<NodeId> = cone.forward.iter().map(|used| used.node).collect();
        let mut seen = level.clone();
        for _ in 0..8 {
            level = level.iter().flat_map(|node| graph.operands(*node).map(|operand| operand.node)).collect();
            level.retain(|node| seen.insert(*node));
        }
        level.into_iter().filter(|node| graph.kind(*node) == Kind::Number && !is_leaf(graph, *node)).collect()
    }

    /// The operations that a node is made of, shared ones once: the backward ones, and if asked the forward ones that it
    /// reads, down to what has a name. A call of the prelude is one. Beyond [`MOST_OPENED`] one does not count on.
    pub(super) fn opened(&self, graph: &Graph, node: NodeId, with_forward: bool) -> BTreeSet<NodeId> {
        self.opened_up_to(graph, node, with_forward, MOST_OPENED)
    }

    fn opened_up_to(&self, graph: &Graph, node: NodeId, with_forward: bool, most: usize) -> BTreeSet<NodeId> {
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

    /// How often the formula of a target refers to a forward value or an input.
    fn references(&self, graph: &Graph, cone: &Cone) -> u32 {
        let backward: BTreeSet<NodeId> = cone.backward.iter().map(|used| used.node).collect();
        let operands = backward.iter().flat_map(|node| graph.operands(*node));
        let refers = |node: NodeId| !backward.contains(&node) && graph.as_constant(node).is_none();
        operands.filter(|operand| refers(operand.node)).count() as u32
    }
}

/// How many quotients a target has, and how many values it reads.
fn quotients(graph: &Graph, cone: &Cone) -> u32 {
    let divides = |used: &&Ref| graph.as_operator(used.node) == Some(Operator::Divide);
    let read = cone.forward.iter().filter(|used| graph.as_constant(used.node).is_none()).count();
    (cone.backward.iter().filter(divides).count() + read) as u32
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
fn is_leaf(graph: &Graph, node: NodeId) -> bool {
    match graph.operation(node) {
        Operation::Apply(operator) => operator.row().notation == Notation::Name,
        Operation::Sum(_) | Operation::Max(_) => false,
        _ => true,
    }
}

/// The few candidates that are worth a proof, best first.
fn ranked(bank: &Bank, candidates: Vec<Candidate>, leaves: &[Leaf], own: Rank) -> Vec<Candidate> {
    let mut ranked: Vec<(Rank, Candidate)> = candidates
        .into_iter()
        .map(|candidate| (rank(bank, &candidate, leaves), candidate))
        .filter(|(rank, _)| *rank < own)
        .collect();
    // Among equals, a sign stands in front.
    let inner = |candidate: &Candidate| {
        let parts = [Some(candidate.left), candidate.right];
        let negative = |id: &EntryId| matches!(bank.get(*id).form, Form::Unary(..)) || bank.has_inner_sign(*id);
        match candidate.operator {
            None | Some(Operator::Negate) => bank.has_inner_sign(candidate.left),
            Some(_) => parts.iter().flatten().any(negative),
        }
    };
    ranked.sort_by_key(|(rank, candidate)| (*rank, inner(candidate)));
    ranked.truncate(MOST_PROOFS);
    ranked.into_iter().map(|(_, candidate)| candidate).collect()
}

fn rank(bank: &Bank, candidate: &Candidate, leaves: &[Leaf]) -> Rank {
    let read = leaves.iter().enumerate().filter(|(place, _)| candidate.reads >> place & 1 == 1);
    let reached: BTreeSet<NodeId> = read.flat_map(|(_, leaf)| leaf.opened.iter().copied()).collect();
    let parts = [Some(candidate.left), candidate.right, candidate.below];
    let quotients = parts.iter().flatten().map(|id| bank.quotients(*id)).sum::<u32>();
    Rank {
        operations: candidate.cost as usize + reached.len(),
        own: candidate.cost,
        references: candidate.leaves,
        quotients: quotients
            + u32::from(candidate.operator == Some(Operator::Divide))
            + u32::from(candidate.below.is_some())
            + candidate.reads.count_ones(),
    }
}

/// Expressions whose numbers are the target's, all cheaper than the target.
fn candidates(bank: &Bank, target: &Values, below: Option<EntryId>, cost: u32) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    let mut push = |operator: Option<Operator>, left: EntryId, right: Option<EntryId>| {
        let parts = [Some(left), right, below];
        let sum = |part: fn(&Entry) -> u32| parts.iter().flatten().map(|id| part(bank.get(*id))).sum::<u32>();
        let candidate = Candidate {
            operator,
            left,
            right,
            below,
            cost: sum(|entry| entry.cost) + u32::from(operator.is_some()) + u32::from(below.is_some()),
            leaves: sum(|entry| entry.leaves),
            reads: parts.iter().flatten().fold(0, |reads, id| reads | bank.get(*id).reads),
        };
        if candidate.cost <= cost {
            candidates.push(candidate);
        }
    };
    if let Some(id) = bank.find(target) {
        push(None, id, None);
    }
    if let Some(id) = bank.find(&target.map(|value| -value)) {
        push(Some(Operator::Negate), id, None);
    }
    for id in bank.ids() {
        let own = bank.get(id).values;
        let with = |operation: fn(f64, f64) -> f64| {
            let mut values = [0.0; POINTS];
            for (point, value) in values.iter_mut().enumerate() {
                *value = operation(target[point], own[point]);
            }
            bank.find(&values)
        };
        if let Some(other) = with(|target, own| target - own) {
            push(Some(Operator::Add), id, Some(other));
        }
        if let Some(other) = with(|target, own| own - target) {
            push(Some(Operator::Subtract), id, Some(other));
        }
        if bank.get(id).form == Form::Number(Number::ONE) {
            continue;
        }
        if let Some(other) = with(|target, own| target / own) {
            push(Some(Operator::Multiply), id, Some(other));
        }
        if let (true, Some(other)) = (bank.get(id).divides, with(|target, own| target * own)) {
            push(Some(Operator::Divide), other, Some(id));
        }
    }
    candidates
}

fn term_of(
    field: &mut Field,
    bank: &Bank,
    leaves: &[Leaf],
    candidate: &Candidate,
    terms: &mut HashMap<u32, Option<Term>>,
) -> Option<Term> {
    let left = entry_term(field, bank, leaves, candidate.left, terms)?;
    let whole = match (candidate.operator, candidate.right) {
        (None, _) => left,
        (Some(operator), None) => field.apply(operator, &[left])?,
        (Some(operator), Some(right)) => {
            let right = entry_term(field, bank, leaves, right, terms)?;
            field.apply(operator, &[left, right])?
        }
    };
    match candidate.below {
        Some(below) => {
            let below = entry_term(field, bank, leaves, below, terms)?;
            field.apply(Operator::Divide, &[whole, below])
        }
        None => Some(whole),
    }
}

/// Entries have at most two operations, so this nests no deeper.
fn entry_term(
    field: &mut Field,
    bank: &Bank,
    leaves: &[Leaf],
    id: EntryId,
    terms: &mut HashMap<u32, Option<Term>>,
) -> Option<Term> {
    if let Some(known) = terms.get(&id.0) {
        return known.clone();
    }
    let term = match bank.get(id).form {
        Form::Leaf(place) => field.term(&leaves.get(place as usize)?.value),
        Form::Number(number) => field.number(number),
        Form::Unary(operator, inner) => {
            let inner = entry_term(field, bank, leaves, inner, terms);
            inner.and_then(|inner| field.apply(operator, &[inner]))
        }
        Form::Square(inner) => {
            let inner = entry_term(field, bank, leaves, inner, terms);
            inner.and_then(|inner| field.apply(Operator::Multiply, &[inner.clone(), inner]))
        }
        Form::Binary(operator, left, right) => {
            let left = entry_term(field, bank, leaves, left, terms);
            let right = entry_term(field, bank, leaves, right, terms);
            left.zip(right).and_then(|(left, right)| field.apply(operator, &[left, right]))
        }
    };
    terms.insert(id.0, term.clone());
    term
}

fn build_candidate(graph: &mut Graph, bank: &Bank, leaves: &[Leaf], candidate: &Candidate) -> Result<Ref, GraphError> {
    let left = build_entry(graph, bank, leaves, candidate.left)?;
    let whole = match (candidate.operator, candidate.right) {
        (None, _) => left,
        (Some(operator), None) => graph.apply(operator, &[left])?,
        (Some(operator), Some(right)) => {
            let right = build_entry(graph, bank, leaves, right)?;
            graph.apply(operator, &[left, right])?
        }
    };
    match candidate.below {
        Some(below) => {
            let below = build_entry(graph, bank, leaves, below)?;
            graph.apply(Operator::Divide, &[whole, below])
        }
        None => Ok(whole),
    }
}

fn build_entry(graph: &mut Graph, bank: &Bank, leaves: &[Leaf], id: EntryId) -> Result<Ref, GraphError> {
    match bank.get(id).form {
        Form::Leaf(place) => leaves.get(place as usize).map(|leaf| leaf.value.clone()).ok_or(GraphError::UnknownNode),
        Form::Number(number) => graph.constant(number),
        Form::Unary(operator, inner) => {
            let inner = build_entry(graph, bank, leaves, inner)?;
            graph.apply(operator, &[inner])
        }
        Form::Square(inner) => {
            let inner = build_entry(graph, bank, leaves, inner)?;
            let two = graph.constant(Number::from(2))?;
            graph.apply(Operator::Power, &[inner, two])
        }
        Form::Binary(operator, left, right) => {
            let operands = [build_entry(graph, bank, leaves, left)?, build_entry(graph, bank, leaves, right)?];
            graph.apply(operator, &operands)
        }
    }
}
