//! Conditions of backward values: one that is decided leaves a branch, and contributions under one condition share it.

use crate::algebra::kernel::Shape;
use std::collections::BTreeSet;

use super::Rule;
use super::candidate::fewest;
use super::leaves::{divisors_inside, factors};
use super::sample::is_undefined_at_zero;
use super::search::{MOST_PROVING, Search};
use crate::algebra::quotient::Field;
use crate::facts::Claim;
use crate::graph::{Graph, GraphError, NodeId, Ref};
use crate::operators::Operator;

/// How much work it may be to decide a condition: see [`Field::work`].
const MOST_WORK: usize = 300;
/// Branches in branches are looked into so deep.
const MOST_DEEP: usize = 8;
/// Longer sums are not searched for another contribution.
const MOST_TERMS: usize = 16;

impl Search<'_> {
    /// Whether a guard stands against a division by zero where the function is not defined either: `log(abs(x))` at 0.
    fn guards_nothing(&self, graph: &Graph, condition: &Ref, yes: &Ref, no: &Ref) -> bool {
        if graph.as_operator(condition.node) != Some(Operator::Equal) || !graph.is_integer(yes.node, 0) {
            return false;
        }
        let operands = graph.operand_refs(condition.node, &condition.axes);
        let [value, zero] = operands.as_slice() else { return false };
        let divisors = factors(graph, divisors_inside(graph, no.node));
        let difference = graph.as_operator(value.node) == Some(Operator::Subtract);
        let operands = if difference { graph.operand_refs(value.node, &value.axes) } else { Vec::new() };
        let mirrored = match operands.as_slice() {
            [left, right] => graph.existing(Operator::Subtract, [right, left]),
            _ => None,
        };
        let divided = [Some(value), mirrored.as_ref()].into_iter().flatten().any(|by| divisors.contains(&by.node));
        divided && graph.is_integer(zero.node, 0) && is_undefined_at_zero(graph, value.node, self.subject.outputs)
    }

    /// The branch that is taken wherever the facts hold, if algebra decides the condition, and the facts that this takes.
    pub(super) fn decided(&self, graph: &Graph, condition: &Ref) -> Option<(bool, Vec<usize>)> {
        if self.work.get() > MOST_PROVING {
            return None;
        }
        let decide = |facts: &[Claim]| {
            let mut field = Field::new(graph, BTreeSet::new(), facts).within(MOST_WORK);
            let value = field.term(condition).and_then(|term| term.as_constant());
            self.work.set(self.work.get() + field.work());
            value.map(|value| (!value.is_zero(), field.facts.used().clone()))
        };
        let stated = self.subject.facts;
        let (holds, used) = decide(&[]).or_else(|| if stated.is_empty() { None } else { decide(stated) })?;
        if used.is_empty() {
            return Some((holds, Vec::new()));
        }
        let facts = fewest(stated, used, |fewer| decide(fewer).is_some_and(|(other, _)| other == holds))?;
        Some((holds, facts.into_iter().collect()))
    }

    /// A sum of two contributions, with those under one condition under it together; `None` if there are none.
    pub(super) fn together(&self, graph: &mut Graph, left: &Ref, right: &Ref) -> Result<Option<Ref>, GraphError> {
        let Some([condition, ..]) = self.as_branches(graph, right) else { return Ok(None) };
        // The terms of the sum on the left, the last one first.
        let (mut rest, mut first) = (Vec::new(), left.clone());
        loop {
            if self.as_branches(graph, &first).is_some_and(|[other, ..]| other == condition) {
                let mut sum = self.merged(graph, &first, right, 0)?;
                for term in rest.into_iter().rev() {
                    sum = graph.apply(Operator::Add, &[sum, term])?;
                }
                return Ok(Some(sum));
            }
            let add = graph.as_operator(first.node) == Some(Operator::Add) && self.is_own(first.node);
            if !add || rest.len() >= MOST_TERMS {
                return Ok(None);
            }
            let operands = graph.operand_refs(first.node, &first.axes);
            let [sum, last] = operands.as_slice() else { return Ok(None) };
            if self.as_branches(graph, last).is_some_and(|[other, ..]| other == condition) {
                let merged = self.merged(graph, last, right, 0)?;
                let mut sum = graph.apply(Operator::Add, &[sum.clone(), merged])?;
                for term in rest.into_iter().rev() {
                    sum = graph.apply(Operator::Add, &[sum, term])?;
                }
                return Ok(Some(sum));
            }
            rest.push(last.clone());
            first = sum.clone();
        }
    }

    /// The sum of two values, branch by branch as far as their conditions are the same.
    fn merged(&self, graph: &mut Graph, left: &Ref, right: &Ref, deep: usize) -> Result<Ref, GraphError> {
        if graph.is_integer(left.node, 0) {
            return Ok(right.clone());
        }
        if graph.is_integer(right.node, 0) {
            return Ok(left.clone());
        }
        match (self.as_branches(graph, left), self.as_branches(graph, right)) {
            (Some([condition, yes, no]), Some([other, other_yes, other_no]))
                if condition == other && deep < MOST_DEEP =>
            {
                let yes = self.merged(graph, &yes, &other_yes, deep + 1)?;
                let no = self.merged(graph, &no, &other_no, deep + 1)?;
                graph.apply(Operator::Select, &[condition, yes, no])
            }
            _ => graph.apply(Operator::Add, &[left.clone(), right.clone()]),
        }
    }

    /// The condition and the branches of a backward value that nothing else refers to by name.
    fn as_branches(&self, graph: &Graph, value: &Ref) -> Option<[Ref; 3]> {
        let select = graph.as_operator(value.node) == Some(Operator::Select) && self.is_own(value.node);
        let operands = select.then(|| graph.operand_refs(value.node, &value.axes))?;
        operands.try_into().ok()
    }

    /// Whether a value is written out where it is read.
    fn is_own(&self, node: NodeId) -> bool {
        !self.is_forward(node) && !self.free.contains(&node) && !self.calls.contains_key(&node)
    }

    /// What an `if` over branches that were replaced is.
    pub(super) fn branch(
        &mut self,
        graph: &mut Graph,
        rebuilt: &Ref,
        operands: &[Ref],
    ) -> Result<Option<Ref>, GraphError> {
        let [condition, yes, no] = operands else { return Ok(None) };
        if yes == no {
            self.step(Rule::Canonical, rebuilt, yes, Vec::new());
            return Ok(Some(yes.clone()));
        }
        if self.guards_nothing(graph, condition, yes, no) {
            self.step(Rule::Canonical, rebuilt, no, Vec::new());
            return Ok(Some(no.clone()));
        }
        let Some((holds, facts)) = self.decided(graph, condition) else { return Ok(None) };
        let taken = if holds { yes } else { no };
        self.step(Rule::Canonical, rebuilt, taken, facts);
        Ok(Some(taken.clone()))
    }
}
