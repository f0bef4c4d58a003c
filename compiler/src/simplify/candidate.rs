//! Candidates for a closed form: enumerated in a [`Bank`], found by their numbers, kept if they are proven.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Rule;
use super::bank::{Bank, Entry, EntryId, Form};
use super::field::{Field, Term};
use super::leaves::{Cone, Leaf};
use super::sample::{POINTS, Values};
use super::search::{Found, MOST_COST, MOST_PROVING, Search, is_leaf};
use crate::facts::Claim;
use crate::graph::{Axis, Graph, GraphError, NodeId, Operation, Ref};
use crate::number::Number;
use crate::operators::{Kind, Operator};

/// How many nodes get a search of their own: a budget of work, the same on every machine.
pub(super) const MOST_SEARCHES: usize = 12;
/// How many numerical hits are tried before one gives up.
const MOST_PROOFS: usize = 4;
/// How many divisors a whole target is tried to be a quotient by.
const MOST_DIVISORS: usize = 3;
/// How far below what is read forward values are opened for a proof.
const MOST_DEEP: usize = 8;
/// How many values are asked whether they hide what they are made of.
const MOST_GATES: usize = 24;
/// Where a form of so many operations was found, one does not look for larger ones.
const SHORT: u32 = 3;
/// What is smaller than this at every sample point may be zero.
const NOTHING: f64 = 1e-12;
/// How many stated numbers a form may use.
const MOST_NUMBERS: usize = 4;

/// A closed form: an operator over parts, or what is there already.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) operator: Option<Operator>,
    pub(super) left: EntryId,
    pub(super) right: Option<EntryId>,
    /// What all of it is divided by.
    pub(super) below: Option<EntryId>,
    /// Its own operations.
    pub(super) cost: u32,
    pub(super) leaves: u32,
    pub(super) reads: u64,
}

/// A form and what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    operations: usize,
    own: u32,
    references: u32,
    quotients: u32,
}

/// What stands for shared values, with labels for their slots.
type Standing = BTreeMap<NodeId, (Vec<Axis>, Ref)>;

/// That a candidate is a target.
struct Claimed<'a> {
    target: &'a Ref,
    bank: &'a Bank,
    leaves: &'a [Leaf],
    candidate: &'a Candidate,
}

impl Search<'_> {
    /// A cheaper expression over forward values, proven equal.
    pub(super) fn closed_form(&mut self, graph: &mut Graph, target: &Ref) -> Result<Option<Found>, GraphError> {
        if graph.kind(target.node) != Kind::Number {
            return Ok(None);
        }
        if let Some(found) = self.zero(graph, target)? {
            return Ok(Some(found));
        }
        if self.searches >= MOST_SEARCHES {
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
        if ranked(&bank, found.clone(), &leaves, own).first().is_none_or(|best| best.cost >= SHORT) {
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
                let fewer = rank(&bank, &candidate, &leaves).operations < own.operations;
                let shorter = fewer && self.result == Some(target.node);
                if self.is_more_work(graph, target.node, closed.node, shorter) {
                    continue;
                }
                return Ok(Some((Rule::FoldBack, closed, facts)));
            }
        }
        Ok(None)
    }

    /// Zero, if that is what a value is: what a shift adds to a sum that does not depend on it, say.
    fn zero(&mut self, graph: &mut Graph, target: &Ref) -> Result<Option<Found>, GraphError> {
        let values = self.samples.values(graph, target).filter(|_| self.work.get() <= MOST_PROVING);
        if !values.is_some_and(|values| values.iter().all(|value| value.abs() < NOTHING)) {
            return Ok(None);
        }
        let Some(cone) = self.cone(graph, target) else { return Ok(None) };
        let [opaque, _] = self.opaque(graph, &cone);
        let prove = |facts: &[Claim]| {
            let mut field = Field::new(graph, opaque.clone(), facts);
            let zero = field.term(target).is_some_and(|term| term.is_zero());
            self.work.set(self.work.get() + field.work());
            self.rough.set(self.rough.get() || (zero && field.is_rough()));
            zero.then(|| field.facts.used().iter().copied().collect::<Vec<usize>>())
        };
        let tries = if self.subject.facts.is_empty() { 1 } else { 2 };
        let proven = [&[], self.subject.facts].into_iter().take(tries).find_map(prove);
        let Some(facts) = proven else { return Ok(None) };
        Ok(Some((Rule::FoldBack, graph.constant(Number::ZERO)?, facts)))
    }

    pub(super) fn bank(&self, graph: &Graph, leaves: &[Leaf], cone: &Cone) -> Bank {
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
        let standing = self.settled.iter().filter(|node| **node != target.node);
        let standing: Standing = standing.filter_map(|node| Some((*node, self.found.get(node)?.clone()))).collect();
        let [hiding, deep] = self.opaque(graph, cone);
        let stands: BTreeSet<NodeId> =
            standing.values().map(|(_, value)| value.node).filter(|node| !is_leaf(graph, *node)).collect();
        let shared = cone.forward.iter().any(|used| stands.contains(&used.node));
        let mut views = vec![(hiding.union(&stands).copied().collect(), standing.clone())];
        if hiding != deep {
            views.push((deep.union(&stands).copied().collect(), standing));
        }
        if shared {
            // What stands for a shared value may itself be written in other terms.
            views.push((deep, BTreeMap::new()));
        }
        let claim = Claimed { target, bank, leaves, candidate };
        views.iter().find_map(|(opaque, standing)| self.proof_over(graph, &claim, opaque, standing))
    }

    fn proof_over(
        &self,
        graph: &Graph,
        &Claimed { target, bank, leaves, candidate }: &Claimed,
        opaque: &BTreeSet<NodeId>,
        standing: &Standing,
    ) -> Option<Vec<usize>> {
        let prove = |facts: &[Claim]| {
            let mut field = Field::new(graph, opaque.clone(), facts);
            field.standing.clone_from(standing);
            let wanted = field.term(target);
            self.work.set(self.work.get() + field.work());
            let wanted = wanted?;
            let term = term_of(&mut field, bank, leaves, candidate, &mut HashMap::new())?;
            let proven = field.proves_equal(&term, &wanted);
            // What stands for a shared value may rely on facts itself.
            let stood_for = field.stood_for();
            let relied = || stood_for.iter().filter_map(|node| self.relied.get(node)).flatten().copied();
            self.rough.set(self.rough.get() || (proven && field.is_rough()));
            proven.then(|| (field.facts.used().clone(), relied().collect::<BTreeSet<usize>>()))
        };
        if let Some((used, relied)) = prove(&[]) {
            return Some(used.union(&relied).copied().collect());
        }
        if self.subject.facts.is_empty() {
            return None;
        }
        let (mut needed, relied) = prove(self.subject.facts)?;
        for fact in needed.clone() {
            let fewer: Vec<Claim> = self
                .subject
                .facts
                .iter()
                .filter(|claim| needed.contains(&claim.fact) && claim.fact != fact)
                .cloned()
                .collect();
            if prove(&fewer).is_some() {
                needed.remove(&fact);
            }
        }
        Some(needed.union(&relied).copied().collect())
    }

    /// Forward values that hide what they are made of: nothing else that the target reads leads there, so that their own
    /// formulas can hardly matter. A second view opens them too, down to some depth.
    pub(super) fn opaque(&self, graph: &Graph, cone: &Cone) -> [BTreeSet<NodeId>; 2] {
        let read: BTreeSet<NodeId> = cone.forward.iter().map(|used| used.node).collect();
        let (mut level, mut seen) = (read.clone(), read.clone());
        for _ in 0..MOST_DEEP {
            level = level.iter().flat_map(|node| graph.operands(*node).map(|operand| operand.node)).collect();
            level.retain(|node| seen.insert(*node));
        }
        let open = |node: &NodeId| graph.kind(*node) == Kind::Number && !is_leaf(graph, *node);
        let deep: BTreeSet<NodeId> = level.into_iter().filter(open).collect();
        let gates = seen.iter().copied().filter(|node| open(node) && is_sum(graph, *node)).take(MOST_GATES);
        let mut hiding: BTreeSet<NodeId> = gates.filter(|node| hides(graph, &read, *node)).collect();
        hiding.extend(&deep);
        [hiding, deep]
    }

    /// How often the formula of a target refers to a forward value or an input.
    pub(super) fn references(&self, graph: &Graph, cone: &Cone) -> u32 {
        let backward: BTreeSet<NodeId> = cone.backward.iter().map(|used| used.node).collect();
        let operands = backward.iter().flat_map(|node| graph.operands(*node));
        let refers = |node: NodeId| !backward.contains(&node) && graph.as_constant(node).is_none();
        operands.filter(|operand| refers(operand.node)).count() as u32
    }
}

pub(super) fn is_sum(graph: &Graph, node: NodeId) -> bool {
    match graph.operation(node) {
        Operation::Apply(operator) => matches!(operator, Operator::Add | Operator::Subtract | Operator::Select),
        Operation::Sum(_) | Operation::Max(_) => true,
        _ => false,
    }
}

/// Whether what a value is made of is reached through it only.
fn hides(graph: &Graph, read: &BTreeSet<NodeId>, gate: NodeId) -> bool {
    let stated = |node: &NodeId| matches!(graph.operation(*node), Operation::Constant(_) | Operation::Size(_));
    let inside: BTreeSet<NodeId> =
        graph.operands(gate).map(|operand| operand.node).filter(|node| !stated(node)).collect();
    let mut pending: Vec<NodeId> = read.iter().copied().filter(|node| *node != gate).collect();
    let mut seen: BTreeSet<NodeId> = pending.iter().copied().collect();
    while let Some(next) = pending.pop() {
        if inside.contains(&next) {
            return false;
        }
        for operand in graph.operands(next).map(|operand| operand.node) {
            if operand != gate && seen.insert(operand) && seen.len() < 200 {
                pending.push(operand);
            }
        }
    }
    true
}

/// How many quotients a target has, and how many values it reads.
pub(super) fn quotients(graph: &Graph, cone: &Cone) -> u32 {
    let divides = |used: &&Ref| graph.as_operator(used.node) == Some(Operator::Divide);
    let read = cone.forward.iter().filter(|used| graph.as_constant(used.node).is_none()).count();
    (cone.backward.iter().filter(divides).count() + read) as u32
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
pub(super) fn candidates(bank: &Bank, target: &Values, below: Option<EntryId>, cost: u32) -> Vec<Candidate> {
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
