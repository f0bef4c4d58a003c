//! The search for a closed form: enumerate, compare numbers, prove.

use std::collections::{BTreeSet, HashMap};

use super::bank::{Bank, Entry, EntryId, Form};
use super::field::{Field, Term};
use super::sample::{POINTS, Values, values};
use super::{Rule, Simplified, Step};
use crate::graph::{Graph, GraphError, NodeId, Operation, Ref};
use crate::number::Number;
use crate::operators::{Kind, Notation, Operator};

/// More backward nodes than this are left as they are.
const MOST_NODES: usize = 200;
/// How many nodes get a search of their own: a budget of work, the same on every machine.
const MOST_SEARCHES: usize = 6;
/// More leaves than this make the bank useless.
const MOST_LEAVES: usize = 16;
/// How many numerical hits are tried before one gives up.
const MOST_PROOFS: usize = 16;

/// A closed form: an operator over parts, or what is there already.
#[derive(Clone, Debug)]
struct Candidate {
    operator: Option<Operator>,
    left: EntryId,
    right: Option<EntryId>,
    /// Its own operations.
    cost: u32,
    leaves: u32,
    reads: u32,
}

/// Simplifies derivatives: `roots` are their values, `outputs` the values that the forward pass computes. Returns one
/// value for each root, over the same axes; what cannot be improved stays.
///
/// # Errors
/// [`GraphError::TooLarge`]
pub fn fold_back(graph: &mut Graph, outputs: &[NodeId], roots: &[Ref]) -> Result<Simplified, GraphError> {
    let forward = graph.live(outputs.iter().copied());
    let live = graph.live(roots.iter().map(|root| root.node).chain(outputs.iter().copied()));
    let backward: Vec<NodeId> = graph.nodes().filter(|node| live[node.index()] && !forward[node.index()]).collect();
    let scalar = graph.nodes().filter(|node| live[node.index()]).all(|node| graph.local_dims(node).is_empty());
    if !scalar || backward.len() > MOST_NODES {
        return Ok(Simplified { roots: roots.to_vec(), ..Simplified::default() });
    }
    let numbers = values(graph, &live);
    let mut search =
        Search { forward, outputs: outputs.to_vec(), numbers, found: HashMap::new(), searches: 0, steps: Vec::new() };
    let mut results = Vec::new();
    for root in roots {
        results.push(Ref { node: search.simplify(graph, root.node)?, axes: Vec::new() });
    }
    Ok(Simplified { roots: results, steps: search.steps, ..Simplified::default() })
}

struct Search {
    forward: Vec<bool>,
    outputs: Vec<NodeId>,
    numbers: Vec<Option<Values>>,
    /// What stands for a backward node.
    found: HashMap<NodeId, NodeId>,
    searches: usize,
    steps: Vec<Step>,
}

impl Search {
    fn is_forward(&self, node: NodeId) -> bool {
        self.forward.get(node.index()).copied().unwrap_or(false)
    }

    /// The value that stands for a node: the whole closed form if there is one, else the node over simplified operands.
    fn simplify(&mut self, graph: &mut Graph, root: NodeId) -> Result<NodeId, GraphError> {
        let mut pending = vec![(root, false)];
        while let Some((node, ready)) = pending.pop() {
            if self.found.contains_key(&node) || self.is_forward(node) || is_leaf(graph, node) {
                continue;
            }
            let operands: Vec<NodeId> = graph.operands(node).map(|operand| operand.node).collect();
            if !ready {
                if let Some(closed) = self.closed_form(graph, node)? {
                    self.step(Rule::FoldBack, node, closed);
                    self.found.insert(node, closed);
                    continue;
                }
                pending.push((node, true));
                pending.extend(operands.iter().rev().map(|operand| (*operand, false)));
                continue;
            }
            let Some(operator) = graph.as_operator(node) else { continue };
            let place = |operand: &NodeId| self.found.get(operand).copied().unwrap_or(*operand);
            let operands: Vec<Ref> =
                operands.iter().map(|operand| Ref { node: place(operand), axes: Vec::new() }).collect();
            graph.set_span(graph.span(node));
            let rebuilt = graph.apply(operator, &operands)?.node;
            self.step(Rule::Operands, node, rebuilt);
            self.found.insert(node, rebuilt);
        }
        Ok(self.found.get(&root).copied().unwrap_or(root))
    }

    fn step(&mut self, rule: Rule, before: NodeId, after: NodeId) {
        if before != after {
            let scalar = |node| Ref { node, axes: Vec::new() };
            self.steps.push(Step { rule, before: scalar(before), after: scalar(after), facts: Vec::new() });
        }
    }

    /// A cheaper expression over forward values, proven equal.
    fn closed_form(&mut self, graph: &mut Graph, node: NodeId) -> Result<Option<NodeId>, GraphError> {
        let cost = self.cost(graph, node);
        let Some(target) = self.numbers.get(node.index()).copied().flatten() else { return Ok(None) };
        if cost < 2 || graph.kind(node) != Kind::Number || self.searches >= MOST_SEARCHES {
            return Ok(None);
        }
        self.searches += 1;
        let leaves = self.leaves(graph, node);
        if leaves.len() > MOST_LEAVES {
            return Ok(None);
        }
        let reads: Vec<BTreeSet<NodeId>> = leaves.iter().map(|leaf| self.reached(graph, leaf)).collect();
        let free = reads.iter().take_while(|reads| reads.is_empty()).count();
        let bank = Bank::new(leaves, free);
        let total = |candidate: &Candidate| {
            let read = reads.iter().enumerate().filter(|(place, _)| candidate.reads >> place & 1 == 1);
            candidate.cost as usize + read.flat_map(|(_, nodes)| nodes).collect::<BTreeSet<_>>().len()
        };
        let now = self.opened(graph, node, true).len();
        let mut candidates: Vec<(usize, Candidate)> =
            candidates(&bank, &target, cost).into_iter().map(|candidate| (total(&candidate), candidate)).collect();
        let rank = |total: usize, cost: u32, leaves: u32| (total, cost, leaves);
        let own = rank(now, cost, self.references(graph, node));
        candidates.retain(|(total, candidate)| rank(*total, candidate.cost, candidate.leaves) < own);
        // Among equals, a sign stands in front.
        let inner = |candidate: &Candidate| candidate.operator.is_some_and(|operator| operator != Operator::Negate);
        candidates.sort_by_key(|(total, c)| (rank(*total, c.cost, c.leaves), inner(c)));
        let proven = {
            let mut field = Field::new(graph);
            let Some(wanted) = field.term(node) else { return Ok(None) };
            let mut terms = HashMap::new();
            candidates.into_iter().map(|(_, candidate)| candidate).take(MOST_PROOFS).find(|candidate| {
                let term = term_of(&mut field, &bank, candidate, &mut terms);
                term.is_some_and(|term| field.proves_equal(&term, &wanted))
            })
        };
        match proven {
            Some(candidate) => Ok(Some(build_candidate(graph, &bank, &candidate)?.node)),
            None => Ok(None),
        }
    }

    /// How many backward operations a node has, shared ones once.
    fn cost(&self, graph: &Graph, node: NodeId) -> u32 {
        self.opened(graph, node, false).len() as u32
    }

    /// The operations that a node is made of: the backward ones, and if asked the forward ones that it reads, down to the
    /// outputs, which are there in any case.
    fn opened(&self, graph: &Graph, node: NodeId, with_forward: bool) -> BTreeSet<NodeId> {
        let mut seen = BTreeSet::new();
        let mut pending = vec![node];
        while let Some(next) = pending.pop() {
            let free = self.outputs.contains(&next) || (!with_forward && self.is_forward(next));
            if !free && !is_leaf(graph, next) && seen.insert(next) {
                pending.extend(graph.operands(next).map(|operand| operand.node));
            }
        }
        seen
    }

    /// How often the formula of a node refers to a forward value or an input.
    fn references(&self, graph: &Graph, node: NodeId) -> u32 {
        let backward = self.opened(graph, node, false);
        let operands = backward.iter().flat_map(|node| graph.operands(*node));
        let refers = |node: NodeId| !backward.contains(&node) && graph.as_constant(node).is_none();
        operands.filter(|operand| refers(operand.node)).count() as u32
    }

    /// The forward operations that a leaf stands for.
    fn reached(&self, graph: &Graph, leaf: &Entry) -> BTreeSet<NodeId> {
        match leaf.form {
            Form::Leaf(node) => self.opened(graph, node, true),
            _ => BTreeSet::new(),
        }
    }

    /// A node and what it is made of, forward values not opened.
    fn cone(&self, graph: &Graph, node: NodeId) -> Vec<NodeId> {
        let mut seen = BTreeSet::new();
        let mut pending = vec![node];
        while let Some(next) = pending.pop() {
            if seen.insert(next) && !self.is_forward(next) {
                pending.extend(graph.operands(next).map(|operand| operand.node));
            }
        }
        seen.into_iter().collect()
    }

    /// What the chain rule divides by, and the factors of it: a product is not zero if none of its factors is.
    fn divisors(&self, graph: &Graph, cone: &[NodeId]) -> BTreeSet<NodeId> {
        let quotients = cone.iter().filter(|node| graph.as_operator(**node) == Some(Operator::Divide));
        let mut pending: Vec<NodeId> = quotients
            .filter(|node| !self.is_forward(**node))
            .filter_map(|node| graph.operands(*node).nth(1).map(|operand| operand.node))
            .collect();
        let mut divisors = BTreeSet::new();
        while let Some(node) = pending.pop() {
            if divisors.insert(node) && matches!(graph.as_operator(node), Some(Operator::Multiply | Operator::Negate)) {
                pending.extend(graph.operands(node).map(|operand| operand.node));
            }
        }
        divisors
    }

    /// Forward values and inputs that a node reads, the outputs, and small numbers.
    fn leaves(&self, graph: &Graph, node: NodeId) -> Vec<Entry> {
        let cone = self.cone(graph, node);
        let divisors = self.divisors(graph, &cone);
        let mut nodes: Vec<NodeId> = self.outputs.clone();
        nodes.extend(cone.iter().rev().filter(|other| **other != node));
        let mut leaves = Vec::new();
        for number in [1, 2].map(Number::from) {
            let (form, values) = (Form::Number(number), [number.to_f64(); POINTS]);
            leaves.push(Entry { form, values, cost: 0, leaves: 0, reads: 0, divides: true });
        }
        let mut seen = BTreeSet::new();
        // What is there in any case goes first: of equal expressions the bank keeps the first.
        nodes.sort_by_key(|node| !self.opened(graph, *node, true).is_empty());
        for leaf in nodes {
            let usable = self.is_forward(leaf) || matches!(graph.operation(leaf), Operation::Input(_));
            let Some(values) = self.numbers[leaf.index()] else { continue };
            let number = graph.kind(leaf) == Kind::Number && graph.as_constant(leaf).is_none();
            if usable && number && seen.insert(leaf) && leaves.len() < 32 {
                let (divides, reads) = (divisors.contains(&leaf), 1 << leaves.len());
                leaves.push(Entry { form: Form::Leaf(leaf), values, cost: 0, leaves: 1, reads, divides });
            }
        }
        leaves
    }
}

/// Whether a node costs nothing.
fn is_leaf(graph: &Graph, node: NodeId) -> bool {
    match graph.operation(node) {
        Operation::Apply(operator) => operator.row().notation == Notation::Name,
        _ => true,
    }
}

/// Expressions whose numbers are the target's, cheapest first, all cheaper than the target.
fn candidates(bank: &Bank, target: &Values, cost: u32) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    let mut push = |operator: Option<Operator>, left: EntryId, right: Option<EntryId>| {
        let parts = [Some(left), right];
        let sum = |part: fn(&Entry) -> u32| parts.iter().flatten().map(|id| part(bank.get(*id))).sum::<u32>();
        let candidate = Candidate {
            operator,
            left,
            right,
            cost: sum(|entry| entry.cost) + u32::from(operator.is_some()),
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
    candidate: &Candidate,
    terms: &mut HashMap<u32, Option<Term>>,
) -> Option<Term> {
    let left = entry_term(field, bank, candidate.left, terms)?;
    match (candidate.operator, candidate.right) {
        (None, _) => Some(left),
        (Some(operator), None) => field.combine(operator, &[left]),
        (Some(operator), Some(right)) => {
            let right = entry_term(field, bank, right, terms)?;
            field.combine(operator, &[left, right])
        }
    }
}

/// Entries have at most two operations, so this nests no deeper.
fn entry_term(field: &mut Field, bank: &Bank, id: EntryId, terms: &mut HashMap<u32, Option<Term>>) -> Option<Term> {
    if let Some(known) = terms.get(&id.0) {
        return known.clone();
    }
    let term = match bank.get(id).form {
        Form::Leaf(node) => field.term(node),
        Form::Number(number) => field.number(number),
        Form::Unary(operator, inner) => {
            let inner = entry_term(field, bank, inner, terms);
            inner.and_then(|inner| field.combine(operator, &[inner]))
        }
        Form::Square(inner) => {
            let inner = entry_term(field, bank, inner, terms);
            inner.and_then(|inner| field.combine(Operator::Multiply, &[inner.clone(), inner]))
        }
        Form::Binary(operator, left, right) => {
            let left = entry_term(field, bank, left, terms);
            let right = entry_term(field, bank, right, terms);
            left.zip(right).and_then(|(left, right)| field.combine(operator, &[left, right]))
        }
    };
    terms.insert(id.0, term.clone());
    term
}

fn build_candidate(graph: &mut Graph, bank: &Bank, candidate: &Candidate) -> Result<Ref, GraphError> {
    let left = build_entry(graph, bank, candidate.left)?;
    match (candidate.operator, candidate.right) {
        (None, _) => Ok(left),
        (Some(operator), None) => graph.apply(operator, &[left]),
        (Some(operator), Some(right)) => {
            let right = build_entry(graph, bank, right)?;
            graph.apply(operator, &[left, right])
        }
    }
}

fn build_entry(graph: &mut Graph, bank: &Bank, id: EntryId) -> Result<Ref, GraphError> {
    match bank.get(id).form {
        Form::Leaf(node) => Ok(Ref { node, axes: Vec::new() }),
        Form::Number(number) => graph.constant(number),
        Form::Unary(operator, inner) => {
            let inner = build_entry(graph, bank, inner)?;
            graph.apply(operator, &[inner])
        }
        Form::Square(inner) => {
            let inner = build_entry(graph, bank, inner)?;
            let two = graph.constant(Number::from(2))?;
            graph.apply(Operator::Power, &[inner, two])
        }
        Form::Binary(operator, left, right) => {
            let operands = [build_entry(graph, bank, left)?, build_entry(graph, bank, right)?];
            graph.apply(operator, &operands)
        }
    }
}
