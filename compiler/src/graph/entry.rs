//! Entries at stated positions: `a[0, j]`.
//!
//! The graph has no operation for them. What the language writes `a[0]` is a sum along the axis, of `a` where the position
//! is 0 and of zero elsewhere; whoever counts or writes operations reads it as the access that it is.

use super::{Dim, Graph, NodeId, Operation, Ref};
use crate::operators::Operator;

/// Where a slot of an array is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Along this slot of the node that reads it.
    Slot(u8),
    /// At this position.
    Stated(u32),
}

/// What a node reads of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The array.
    pub node: NodeId,
    /// One position for each of its slots, at least one of them stated.
    pub positions: Vec<Position>,
}

/// A vector that is stated entry by entry: `if i == 0 { a } else if i == 1 { b } else { c }`, where none of the values varies
/// along the axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// The conditions, and the values where each is the first that holds; at least one.
    pub entries: Vec<(Ref, Ref)>,
    /// The value at all other positions.
    pub rest: Ref,
}

/// A product over axes that leaves one position out: `prod[j](if i == j { 1 } else { x[j] })`, what the chain rule gives for
/// `prod(x)` by `x[i]`. Products before and products after each position give all of them in linear time, without a
/// division.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Others {
    /// What is multiplied.
    pub factors: NodeId,
    /// The product's local axis for each slot of the factors: the product's slots count from 0, what it closes follows.
    pub axes: Vec<u8>,
    /// For each closed axis in order, the slot of the product at whose position the factor is left out.
    pub left_out: Vec<u8>,
}

impl Graph {
    /// Whether a node is one value at a stated position and another one elsewhere.
    #[must_use]
    pub fn states_entry(&self, node: NodeId) -> bool {
        let condition = self.operands(node).next();
        self.as_operator(node) == Some(Operator::Select)
            && condition.is_some_and(|condition| self.as_position(condition.node).is_some())
    }

    /// A use as a vector that is stated entry by entry along one of its axes.
    #[must_use]
    pub fn as_stated(&self, used: &Ref) -> Option<Stated> {
        let mut entries: Vec<(Ref, Ref)> = Vec::new();
        let mut rest = used.clone();
        while self.as_operator(rest.node) == Some(Operator::Select) {
            let [condition, value, other] = <[Ref; 3]>::try_from(self.operand_refs(rest.node, &rest.axes)).ok()?;
            let same_axis = entries.first().is_none_or(|(first, _)| first.axes == condition.axes);
            if !same_axis || self.as_position(condition.node).is_none() {
                break;
            }
            entries.push((condition, value));
            rest = other;
        }
        let axis = entries.first()?.0.axes.first()?;
        let varies = entries.iter().any(|(_, value)| value.axes.contains(axis)) || rest.axes.contains(axis);
        (!varies).then_some(Stated { entries, rest })
    }

    /// A product that leaves one position out, if a node is one.
    #[must_use]
    pub fn as_others(&self, node: NodeId) -> Option<Others> {
        let Operation::Prod(count) = self.operation(node) else { return None };
        let rank = self.shape(node).len();
        let body = self.operands(node).next()?;
        if self.as_operator(body.node) != Some(Operator::Select) {
            return None;
        }
        let mut operands = self.operands(body.node);
        let (condition, one, factors) = (operands.next()?, operands.next()?, operands.next()?);
        if !self.is_integer(one.node, 1) {
            return None;
        }
        let local = |axis: &u8| body.axes[usize::from(*axis)];
        let mut left_out = vec![None; usize::from(count)];
        let mut pending = vec![(condition.node, condition.axes.iter().map(local).collect::<Vec<u8>>())];
        while let Some((node, axes)) = pending.pop() {
            if self.as_operator(node) == Some(Operator::And) {
                let own = |axis: &u8| axes[usize::from(*axis)];
                pending.extend(self.operands(node).map(|both| (both.node, both.axes.iter().map(own).collect())));
                continue;
            }
            let [a, b] = axes[..] else { return None };
            let (slot, closed) = (a.min(b), usize::from(a.max(b)).checked_sub(rank)?);
            let free = usize::from(slot) < rank && self.operation(node) == Operation::Delta;
            if !free || left_out.get_mut(closed)?.replace(slot).is_some() {
                return None;
            }
        }
        let left_out = left_out.into_iter().collect::<Option<_>>()?;
        Some(Others { factors: factors.node, axes: factors.axes.iter().map(local).collect(), left_out })
    }

    /// What a node reads, if all that it does is to read an array at stated positions.
    #[must_use]
    pub fn as_access(&self, node: NodeId) -> Option<Access> {
        let mut access = self.one_access(node)?;
        // An entry of an entry: the outer one says where the slots are that the inner one left open.
        while let Some(inner) = self.one_access(access.node) {
            let position = |position: &Position| match position {
                Position::Slot(slot) => access.positions[usize::from(*slot)],
                Position::Stated(_) => *position,
            };
            access = Access { node: inner.node, positions: inner.positions.iter().map(position).collect() };
        }
        Some(access)
    }

    /// Whether a node is an entry of an input, or of some of its axes: to read it is no operation.
    #[must_use]
    pub fn is_entry_of_input(&self, node: NodeId) -> bool {
        self.as_access(node).is_some_and(|access| matches!(self.operation(access.node), Operation::Input(_)))
    }

    /// The stated position that a condition asks for: `i == 2`.
    #[must_use]
    pub fn as_position(&self, condition: NodeId) -> Option<u32> {
        if self.as_operator(condition) != Some(Operator::Equal) {
            return None;
        }
        let mut operands = self.operands(condition);
        let (position, number) = (operands.next()?, operands.next()?);
        let stated = self.as_constant(number.node)?.to_integer()?;
        let iota = self.operation(position.node) == Operation::Iota;
        u32::try_from(stated).ok().filter(|_| iota)
    }

    /// A sum along one axis of what is zero but at a stated position.
    fn one_access(&self, node: NodeId) -> Option<Access> {
        if self.operation(node) != Operation::Sum(1) {
            return None;
        }
        let rank = self.shape(node).len();
        let body = self.operands(node).next()?;
        if self.as_operator(body.node) != Some(Operator::Select) {
            return None;
        }
        let mut operands = self.operands(body.node);
        let (condition, yes, no) = (operands.next()?, operands.next()?, operands.next()?);
        let at = self.as_position(condition.node)?;
        let is_closed = |local: &u8| usize::from(body.axes[usize::from(*local)]) == rank;
        let picks = condition.axes.iter().all(is_closed) && yes.axes.iter().any(is_closed);
        let inside = matches!(self.shape(condition.node), [Dim::Literal(size)] if at < *size);
        if !picks || !inside || !self.is_integer(no.node, 0) {
            return None;
        }
        let position = |local: &u8| {
            if is_closed(local) { Position::Stated(at) } else { Position::Slot(body.axes[usize::from(*local)]) }
        };
        Some(Access { node: yes.node, positions: yes.axes.iter().map(position).collect() })
    }
}
