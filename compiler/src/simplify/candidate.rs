//! Candidates for a closed form: enumerated in a [`Bank`], found by their numbers, kept if they are proven.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Rule;
use super::bank::{Bank, Entry, EntryId, Form};
use super::leaves::{Cone, Leaf};
use super::nodes::NodeSet;
use super::sample::{ELSEWHERE, POINTS, Values, other_position};
use super::search::{Found, MOST_COST, MOST_PROVING, Search, is_leaf};
use crate::algebra::kernel::Shape;
use crate::algebra::laws::Laws;
use crate::algebra::quotient::{Field, Term};
use crate::facts::Claim;
use crate::graph::{Axis, Graph, GraphError, NodeId, Operation, Ref};
use crate::number::Number;
use crate::operators::{Kind, Notation, Operator};

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

/// A target and what forms for it are made of.
struct Choice<'a> {
    target: &'a Ref,
    cone: &'a Cone,
    bank: &'a Bank,
    leaves: &'a [Leaf],
}

/// Over what a target and its candidates are written; what that makes of the target is computed once, not for each of them.
struct View<'g> {
    opaque: BTreeSet<NodeId>,
    standing: Standing,
    free: Option<Opened<'g>>,
    stated: Option<Opened<'g>>,
}

impl View<'_> {
    fn new(opaque: BTreeSet<NodeId>, standing: Standing) -> Self {
        Self { opaque, standing, free: None, stated: None }
    }
}

/// A target in canonical terms.
struct Opened<'g> {
    field: Field<'g>,
    wanted: Option<Term>,
    /// How much work that was.
    work: usize,
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
        let Some(mut values) = self.samples.values(graph, target) else { return Ok(None) };
        // A bank looks at the first point first: one at which not half of everything is zero.
        let turn = values.iter().position(|value| value.abs() > 1e-9).unwrap_or(0);
        values.rotate_left(turn);
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
        let mut bank = self.bank(graph, &leaves, &cone, turn);
        let mut found = candidates(&bank, &values, None, opened as u32);
        let choice = Choice { target, cone: &cone, bank: &bank, leaves: &leaves };
        if self.ranked(graph, &choice, &found, own).first().is_none_or(|best| best.cost >= SHORT) {
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
        let choice = Choice { target, cone: &cone, bank: &bank, leaves: &leaves };
        let mut ranked = self.ranked(graph, &choice, &found, own).into_iter();
        while let Some((candidate, facts)) = self.first_proven(graph, &choice, &mut ranked) {
            let mut builder = Builder { graph: &mut *graph, bank: &bank, leaves: &leaves, search: self };
            let closed = builder.candidate(&candidate)?;
            let fewer = rank(&bank, &candidate, &Reaches::new(&leaves), own).operations < own.operations;
            let shorter = fewer && self.result == Some(target.node);
            // A fact is worth an operation.
            if !fewer && !facts.is_empty() {
                continue;
            }
            if self.stays_defined(graph, target.node, closed.node)
                && !self.is_more_work(graph, target.node, closed.node, shorter)
            {
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
        // What cancels may do so far below of what is read.
        let views = [opaque, BTreeSet::new()];
        let prove_in = |opaque: &BTreeSet<NodeId>, facts: &[Claim]| {
            let mut field = Field::new(graph, opaque.clone(), facts);
            let zero = field.term(target).is_some_and(|term| term.is_zero());
            self.work.set(self.work.get() + field.work());
            self.rough.set(self.rough.get() || (zero && field.is_rough()));
            zero.then(|| field.facts.used().iter().copied().collect::<Vec<usize>>())
        };
        let prove = |facts: &[Claim]| views.iter().find_map(|opaque| prove_in(opaque, facts));
        let tries = if self.subject.facts.is_empty() { 1 } else { 2 };
        let proven = [&[], self.subject.facts].into_iter().take(tries).find_map(prove);
        let Some(used) = proven else { return Ok(None) };
        let facts = match used.is_empty() {
            true => Some(BTreeSet::new()),
            false => fewest(self.subject.facts, used.into_iter().collect(), |fewer| prove(fewer).is_some()),
        };
        let Some(facts) = facts.map(|facts| facts.into_iter().collect()) else { return Ok(None) };
        Ok(Some((Rule::FoldBack, graph.constant(Number::ZERO)?, facts)))
    }

    pub(super) fn bank(&self, graph: &Graph, leaves: &[Leaf], cone: &Cone, turn: usize) -> Bank {
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
            let Some(mut values) = self.samples.values(graph, &leaf.value) else { continue };
            values.rotate_left(turn);
            let form = Form::Leaf(place as u32);
            // A function that partial derivatives bring in is an operation of the form.
            let call = graph.as_operator(leaf.value.node).is_some_and(|op| op.row().notation == Notation::Call);
            let cost = u32::from(call && cone.backward.contains(&leaf.value));
            entries.push(Entry { form, values, cost, leaves: 1, reads: 1 << place, divides: leaf.divides });
        }
        Bank::new(entries)
    }

    /// The few candidates that are worth a proof, best first.
    fn ranked(&self, graph: &Graph, choice: &Choice, candidates: &[Candidate], own: Rank) -> Vec<Candidate> {
        let (bank, reaches) = (choice.bank, Reaches::new(choice.leaves));
        let mut ranked: Vec<((Rank, bool), &Candidate)> = Vec::new();
        for candidate in candidates {
            let rank = rank(bank, candidate, &reaches, own);
            if rank >= own {
                continue;
            }
            // Among equals, a sign stands in front, and what was found first.
            let key = (rank, has_inner_sign(bank, candidate));
            let mut place = ranked.len();
            while place > 0 && ranked[place - 1].0 > key {
                place -= 1;
            }
            if place < MOST_PROOFS && !self.is_refuted(graph, choice, candidate) {
                ranked.truncate(MOST_PROOFS - 1);
                ranked.insert(place, (key, candidate));
            }
        }
        ranked.into_iter().map(|(_, candidate)| candidate.clone()).collect()
    }

    /// Whether a candidate is not the target at other positions of the target's axes.
    fn is_refuted(&self, graph: &Graph, choice: &Choice, candidate: &Candidate) -> bool {
        if choice.target.axes.is_empty() {
            return false;
        }
        for point in 0..POINTS {
            for time in 0..ELSEWHERE {
                let at = |axis: Axis| other_position(graph, axis, point, time);
                let wanted = self.samples.at(graph, choice.target, point, &at);
                let own = self.candidate_value(graph, choice, candidate, point, &at);
                let (Some(wanted), Some(own)) = (wanted, own) else { return false };
                if (wanted - own).abs() > 1e-6 * wanted.abs().max(own.abs()).max(1e-3) {
                    return true;
                }
            }
        }
        false
    }

    fn candidate_value(
        &self,
        graph: &Graph,
        choice: &Choice,
        candidate: &Candidate,
        point: usize,
        at: &dyn Fn(Axis) -> usize,
    ) -> Option<f64> {
        let entry = |id: EntryId| self.entry_value(graph, choice, id, point, at);
        let left = entry(candidate.left)?;
        let whole = match (candidate.operator, candidate.right) {
            (None, _) => left,
            (Some(operator), None) => (operator.row().evaluate)(&[left]),
            (Some(operator), Some(right)) => (operator.row().evaluate)(&[left, entry(right)?]),
        };
        Some(match candidate.below {
            Some(below) => whole / entry(below)?,
            None => whole,
        })
    }

    /// Entries have at most two operations, so this nests no deeper.
    fn entry_value(
        &self,
        graph: &Graph,
        choice: &Choice,
        id: EntryId,
        point: usize,
        at: &dyn Fn(Axis) -> usize,
    ) -> Option<f64> {
        let entry = |id: EntryId| self.entry_value(graph, choice, id, point, at);
        match choice.bank.get(id).form {
            Form::Leaf(place) => self.samples.at(graph, &choice.leaves.get(place as usize)?.value, point, at),
            Form::Number(number) => Some(number.to_f64()),
            Form::Unary(operator, inner) => Some((operator.row().evaluate)(&[entry(inner)?])),
            Form::Square(inner) => entry(inner).map(|value| value * value),
            Form::Binary(operator, left, right) => Some((operator.row().evaluate)(&[entry(left)?, entry(right)?])),
        }
    }

    /// The first candidate that is proven equal to the target, and the facts that this takes: none, or as few as possible.
    fn first_proven(
        &self,
        graph: &Graph,
        choice: &Choice,
        ranked: &mut impl Iterator<Item = Candidate>,
    ) -> Option<(Candidate, Vec<usize>)> {
        let mut views = Vec::new();
        for candidate in ranked {
            if self.work.get() > MOST_PROVING {
                return None;
            }
            if views.is_empty() {
                views = self.views_of(graph, choice);
            }
            for view in &mut views {
                if let Some(facts) = self.proof(graph, choice, &candidate, view) {
                    return Some((candidate, facts));
                }
            }
        }
        None
    }

    /// Over what a target and candidates for it are written, to be compared.
    fn views_of<'g>(&self, graph: &'g Graph, choice: &Choice) -> Vec<View<'g>> {
        let standing = self.settled.iter().filter(|node| **node != choice.target.node);
        let standing: Standing = standing.filter_map(|node| Some((*node, self.found.get(node)?.clone()))).collect();
        let [hiding, deep] = self.opaque(graph, choice.cone);
        let stands: BTreeSet<NodeId> =
            standing.values().map(|(_, value)| value.node).filter(|node| !is_leaf(graph, *node)).collect();
        let shared = choice.cone.forward.iter().any(|used| stands.contains(&used.node));
        let mut views = vec![View::new(hiding.union(&stands).copied().collect(), standing.clone())];
        if hiding != deep {
            views.push(View::new(deep.union(&stands).copied().collect(), standing));
        }
        if shared {
            // What stands for a shared value may itself be written in other terms.
            views.push(View::new(deep, BTreeMap::new()));
        }
        views
    }

    /// Proves a candidate equal to the target in one view.
    fn proof<'g>(
        &self,
        graph: &'g Graph,
        choice: &Choice,
        candidate: &Candidate,
        view: &mut View<'g>,
    ) -> Option<Vec<usize>> {
        let mut free = view.free.take().unwrap_or_else(|| self.opened_view(graph, choice, view, &[]));
        let proven = self.compare(choice, candidate, &mut free);
        view.free = Some(free);
        if let Some((used, relied)) = proven {
            return Some(used.union(&relied).copied().collect());
        }
        let stated = self.subject.facts;
        if stated.is_empty() {
            return None;
        }
        let mut opened = view.stated.take().unwrap_or_else(|| self.opened_view(graph, choice, view, stated));
        let proven = self.compare(choice, candidate, &mut opened);
        view.stated = Some(opened);
        let (used, relied) = proven?;
        let needed = fewest(stated, used, |fewer| {
            let mut opened = self.opened_view(graph, choice, view, fewer);
            self.compare(choice, candidate, &mut opened).is_some()
        })?;
        Some(needed.union(&relied).copied().collect())
    }

    /// What the target is in a view, where some facts hold.
    fn opened_view<'g>(&self, graph: &'g Graph, choice: &Choice, view: &View, facts: &[Claim]) -> Opened<'g> {
        let mut field = Field::new(graph, view.opaque.clone(), facts);
        field.standing.clone_from(&view.standing);
        let wanted = field.term(choice.target);
        let work = field.work();
        self.work.set(self.work.get() + work);
        Opened { field, wanted, work }
    }

    /// Whether a candidate is the target: the facts that were used, and those that what stands for shared values relies on.
    fn compare(
        &self,
        choice: &Choice,
        candidate: &Candidate,
        opened: &mut Opened,
    ) -> Option<(BTreeSet<usize>, BTreeSet<usize>)> {
        let Opened { field, wanted, work } = opened;
        let wanted = wanted.as_ref()?;
        field.resume(*work);
        let term = term_of(field, choice, candidate, &mut HashMap::new());
        let proven = term.is_some_and(|term| field.proves_equal(&term, wanted));
        self.work.set(self.work.get() + field.work() - *work);
        if !proven {
            return None;
        }
        self.rough.set(self.rough.get() || field.is_rough());
        // What stands for a shared value may rely on facts itself.
        let stood_for = field.stood_for();
        let relied = stood_for.iter().filter_map(|node| self.relied.get(node)).flatten().copied().collect();
        Some((field.facts.used().clone(), relied))
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

/// As few of the facts that a proof used as it takes: without any one of them it fails. `None` if it fails with all of them;
/// that none are not enough is known already.
pub(super) fn fewest(
    stated: &[Claim],
    used: BTreeSet<usize>,
    mut proves: impl FnMut(&[Claim]) -> bool,
) -> Option<BTreeSet<usize>> {
    let only = |facts: &BTreeSet<usize>| -> Vec<Claim> {
        stated.iter().filter(|claim| facts.contains(&claim.fact)).cloned().collect()
    };
    let mut needed = used.clone();
    for fact in used {
        let mut fewer = needed.clone();
        fewer.remove(&fact);
        if !fewer.is_empty() && proves(&only(&fewer)) {
            needed = fewer;
        }
    }
    let all = stated.iter().all(|claim| needed.contains(&claim.fact));
    (all || proves(&only(&needed))).then_some(needed)
}

pub(super) fn is_sum(graph: &Graph, node: NodeId) -> bool {
    match graph.operation(node) {
        Operation::Apply(operator) => matches!(operator, Operator::Add | Operator::Subtract | Operator::Select),
        Operation::Sum(_) | Operation::Max(_) | Operation::Prod(_) => true,
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

fn has_inner_sign(bank: &Bank, candidate: &Candidate) -> bool {
    let negative = |id: EntryId| matches!(bank.get(id).form, Form::Unary(..)) || bank.has_inner_sign(id);
    match candidate.operator {
        None | Some(Operator::Negate) => bank.has_inner_sign(candidate.left),
        Some(_) => negative(candidate.left) || candidate.right.is_some_and(negative),
    }
}

/// The operations that each leaf stands for, as bits: those that several stand for count once.
struct Reaches {
    words: usize,
    bits: Vec<u64>,
}

impl Reaches {
    fn new(leaves: &[Leaf]) -> Self {
        let nodes: NodeSet = leaves.iter().flat_map(|leaf| leaf.opened.iter().copied()).collect();
        let words = nodes.len().div_ceil(64);
        let mut bits = vec![0; words * leaves.len()];
        for (leaf, row) in leaves.iter().zip(bits.chunks_mut(words.max(1))) {
            for place in leaf.opened.iter().filter_map(|node| nodes.find(*node).ok()) {
                row[place / 64] |= 1 << (place % 64);
            }
        }
        Self { words, bits }
    }

    /// How many operations stand behind some of the leaves.
    fn count(&self, reads: u64) -> usize {
        let mut count = 0;
        for word in 0..self.words {
            let (mut union, mut left) = (0, reads);
            while left != 0 {
                union |= self.bits[left.trailing_zeros() as usize * self.words + word];
                left &= left - 1;
            }
            count += union.count_ones() as usize;
        }
        count
    }
}

/// What a candidate costs; of what costs more than the target does, not all is counted.
fn rank(bank: &Bank, candidate: &Candidate, reaches: &Reaches, own: Rank) -> Rank {
    let operations = candidate.cost as usize + reaches.count(candidate.reads);
    let mut rank = Rank { operations, own: candidate.cost, references: candidate.leaves, quotients: 0 };
    if rank > own {
        return rank;
    }
    rank.quotients = candidate.reads.count_ones()
        + u32::from(candidate.operator == Some(Operator::Divide))
        + u32::from(candidate.below.is_some());
    for id in [Some(candidate.left), candidate.right, candidate.below].into_iter().flatten() {
        rank.quotients += bank.quotients(id);
    }
    rank
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
        let entry = bank.get(id);
        let own = &entry.values;
        if let Some(other) = bank.find_by(target[0] - own[0], |point| target[point] - own[point]) {
            push(Some(Operator::Add), id, Some(other));
        }
        if let Some(other) = bank.find_by(own[0] - target[0], |point| own[point] - target[point]) {
            push(Some(Operator::Subtract), id, Some(other));
        }
        if entry.form == Form::Number(Number::ONE) {
            continue;
        }
        if let Some(other) = bank.find_by(target[0] / own[0], |point| target[point] / own[point]) {
            push(Some(Operator::Multiply), id, Some(other));
        }
        if entry.divides
            && let Some(other) = bank.find_by(target[0] * own[0], |point| target[point] * own[point])
        {
            push(Some(Operator::Divide), other, Some(id));
        }
    }
    candidates
}

fn term_of(
    field: &mut Field,
    choice: &Choice,
    candidate: &Candidate,
    terms: &mut HashMap<u32, Option<Term>>,
) -> Option<Term> {
    let left = entry_term(field, choice, candidate.left, terms)?;
    let whole = match (candidate.operator, candidate.right) {
        (None, _) => left,
        (Some(operator), None) => field.apply(operator, &[&left])?,
        (Some(operator), Some(right)) => {
            let right = entry_term(field, choice, right, terms)?;
            field.apply(operator, &[&left, &right])?
        }
    };
    match candidate.below {
        Some(below) => {
            let below = entry_term(field, choice, below, terms)?;
            field.apply(Operator::Divide, &[&whole, &below])
        }
        None => Some(whole),
    }
}

/// Entries have at most two operations, so this nests no deeper.
fn entry_term(field: &mut Field, choice: &Choice, id: EntryId, terms: &mut HashMap<u32, Option<Term>>) -> Option<Term> {
    if let Some(known) = terms.get(&id.0) {
        return known.clone();
    }
    let term = match choice.bank.get(id).form {
        Form::Leaf(place) => field.term(&choice.leaves.get(place as usize)?.value),
        Form::Number(number) => field.number(number),
        Form::Unary(operator, inner) => {
            let inner = entry_term(field, choice, inner, terms);
            inner.and_then(|inner| field.apply(operator, &[&inner]))
        }
        Form::Square(inner) => {
            let inner = entry_term(field, choice, inner, terms);
            inner.and_then(|inner| field.apply(Operator::Multiply, &[&inner, &inner]))
        }
        Form::Binary(operator, left, right) => {
            let left = entry_term(field, choice, left, terms);
            let right = entry_term(field, choice, right, terms);
            left.zip(right).and_then(|(left, right)| field.apply(operator, &[&left, &right]))
        }
    };
    terms.insert(id.0, term.clone());
    term
}

/// Builds what was found.
struct Builder<'a> {
    graph: &'a mut Graph,
    bank: &'a Bank,
    leaves: &'a [Leaf],
    search: &'a Search<'a>,
}

/// A value, and whether its negative is meant: a sign stands in front of the whole product.
struct Signed {
    negative: bool,
    value: Ref,
}

impl Signed {
    fn with_sign(self, graph: &mut Graph) -> Result<Ref, GraphError> {
        if self.negative { graph.apply(Operator::Negate, &[self.value]) } else { Ok(self.value) }
    }
}

impl Builder<'_> {
    fn candidate(&mut self, candidate: &Candidate) -> Result<Ref, GraphError> {
        let left = self.entry(candidate.left)?;
        let whole = match (candidate.operator, candidate.right) {
            (None, _) => left,
            (Some(operator), None) => self.unary(operator, left)?,
            (Some(operator), Some(right)) => {
                let right = self.entry(right)?;
                self.binary(operator, left, right)?
            }
        };
        let whole = match candidate.below {
            Some(below) => {
                let below = self.entry(below)?;
                self.binary(Operator::Divide, whole, below)?
            }
            None => whole,
        };
        whole.with_sign(self.graph)
    }

    fn entry(&mut self, id: EntryId) -> Result<Signed, GraphError> {
        let value = match self.bank.get(id).form {
            Form::Leaf(place) => {
                let leaf = self.leaves.get(place as usize).ok_or(GraphError::UnknownNode)?;
                leaf.value.clone()
            }
            Form::Number(number) => self.graph.constant(number)?,
            Form::Unary(operator, inner) => {
                let inner = self.entry(inner)?;
                return self.unary(operator, inner);
            }
            Form::Square(inner) => {
                let inner = self.entry(inner)?;
                let two = self.graph.constant(Number::from(2))?;
                self.graph.apply(Operator::Power, &[inner.value, two])?
            }
            Form::Binary(operator, left, right) => {
                let (left, right) = (self.entry(left)?, self.entry(right)?);
                return self.binary(operator, left, right);
            }
        };
        Ok(Signed { negative: false, value })
    }

    fn unary(&mut self, operator: Operator, inner: Signed) -> Result<Signed, GraphError> {
        if operator != Operator::Negate {
            let inner = inner.with_sign(self.graph)?;
            return Ok(Signed { negative: false, value: self.graph.apply(operator, &[inner])? });
        }
        if !inner.negative {
            let value = self.graph.apply(operator, std::slice::from_ref(&inner.value))?;
            // What the forward pass has negated is there for nothing.
            if self.search.is_forward(value.node) {
                return Ok(Signed { negative: false, value });
            }
        }
        Ok(Signed { negative: !inner.negative, ..inner })
    }

    fn binary(&mut self, operator: Operator, left: Signed, right: Signed) -> Result<Signed, GraphError> {
        if matches!(operator, Operator::Multiply | Operator::Divide) {
            let negative = left.negative != right.negative;
            return Ok(Signed { negative, value: in_order(self.graph, operator, left.value, right.value)? });
        }
        let (left, right) = (left.with_sign(self.graph)?, right.with_sign(self.graph)?);
        Ok(Signed { negative: false, value: in_order(self.graph, operator, left, right)? })
    }
}

/// A number stands in front of what it multiplies.
fn in_order(graph: &mut Graph, operator: Operator, left: Ref, right: Ref) -> Result<Ref, GraphError> {
    let number = |operand: &Ref| graph.as_constant(operand.node).is_some();
    let turned = operator == Operator::Multiply && number(&right) && !number(&left);
    graph.apply(operator, &if turned { [right, left] } else { [left, right] })
}
