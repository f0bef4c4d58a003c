//! Entries at stated, shifted and given positions: `a[0, j]`, `x[i + k]`, `table[index[n], d]`.
//!
//! The graph has no operation for them. What the language writes `a[0]` is a sum along the axis, of `a` where the position
//! is 0 and of zero elsewhere, and `x[i + k]` one of `x` where the position is `i + k`. So the chain rule knows nothing of
//! them: what flows back is a sum, too, of what is zero but where positions are equal. Whoever counts, writes or lowers
//! operations reads the former as the access that it is ([`Graph::as_access`]), and the latter as values that are placed
//! ([`Graph::as_placed`]).
//!
//! Invariant: an access is inside of its array, whatever the positions along its slots. Where that hangs on numbers that are
//! given, [`Graph::bounds`] says what has to be checked before.

use super::{Dim, Graph, NodeId, Operation, Ref};
use crate::operators::Operator;

/// Longer sums are no positions.
const MOST_TERMS: usize = 16;

/// Where a slot of an array is read, or where a value is placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// Along this slot of the node that reads it, from end to end.
    Slot(u8),
    /// At this position.
    Stated(u32),
    /// At a sum of positions along slots, less others, plus a whole number.
    Shifted(Shift),
    /// At the position that an entry of an integer input says.
    Given(Given),
}

/// `i + k - j + 2`, over slots of the node that reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shift {
    /// The slots whose positions are added.
    pub plus: Vec<u8>,
    /// The slots whose positions are subtracted.
    pub minus: Vec<u8>,
    /// What is added.
    pub offset: i64,
}

/// `index[n, 0]`: an entry of an integer input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The input.
    pub input: NodeId,
    /// Where each of its slots is read.
    pub positions: Vec<Position>,
}

/// Values at positions along a slot, and zero elsewhere; those that have one position are added:
/// `sum[i, k](if m == i + k { v[i, k] } else { 0 })`. It is what an access sends back to its array.
///
/// Local axes count the node's slots from 0; what it closes follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// What is placed.
    pub value: NodeId,
    /// The local axis for each slot of the value; the slot `along` is none of them.
    pub axes: Vec<u8>,
    /// The slot along which values are placed.
    pub along: u8,
    /// Where, over local axes, and not over `along`. A shifted position may be outside of the slot: nothing is placed then.
    pub at: Position,
}

/// What a node reads of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The array.
    pub node: NodeId,
    /// One position for each of its slots, at least one of them no slot. All are inside of the array.
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

    /// What a node reads, if all that it does is to read an array: at stated, shifted or given positions.
    ///
    /// `x[i + k, 0]` over the slots i and k is an access of `x` at the positions `Shifted { plus: [0, 1], .. }` and
    /// `Stated(0)`; `table[index[n], d]` over n and d one of `table` at `Given { input: index, positions: [Slot(0)] }` and
    /// `Slot(1)`.
    #[must_use]
    pub fn as_access(&self, node: NodeId) -> Option<Access> {
        let mut access = self.one_access(node)?;
        // An entry of an entry: the outer one says where the slots are that the inner one left open.
        while let Some(inner) = self.one_access(access.node) {
            let positions = inner.positions.iter().map(|position| position.at(&access.positions));
            let Some(positions) = positions.collect() else { break };
            access = Access { node: inner.node, positions };
        }
        Some(access)
    }

    /// Values that a node places along one of its slots, if that is all that it does.
    #[must_use]
    pub fn as_placed(&self, node: NodeId) -> Option<Placed> {
        let Operation::Sum(_) = self.operation(node) else { return None };
        let body = self.operands(node).next()?;
        let (condition, value) = self.where_positions_agree(body.node)?;
        let local = |slots: &[u8]| -> Vec<u8> { slots.iter().map(|slot| body.axes[usize::from(*slot)]).collect() };
        let (along, at) = self.placement(condition.0, &local(&condition.1))?;
        let axes = local(&value.1);
        let free = usize::from(along) < self.shape(node).len() && !axes.contains(&along) && !at.reads(along);
        free.then_some(Placed { value: value.0, axes, along, at })
    }

    /// Whether a node is an entry of an input, or of some of its axes: to read it is no operation.
    #[must_use]
    pub fn is_entry_of_input(&self, node: NodeId) -> bool {
        self.as_access(node).is_some_and(|access| matches!(self.operation(access.node), Operation::Input(_)))
    }

    /// Whether a node is a sum of positions, or compares a position with one: what stands between brackets is no operation.
    #[must_use]
    pub fn is_of_positions(&self, node: NodeId) -> bool {
        let axes: Vec<u8> = (0..self.shape(node).len()).map(|slot| slot as u8).collect();
        match self.as_operator(node) {
            Some(Operator::Equal) => self.placement(node, &axes).is_some(),
            Some(Operator::Add | Operator::Subtract) => self.position(node, &axes).is_some(),
            _ => false,
        }
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

    /// A sum along one axis of what is zero but where the position is what a formula says.
    fn one_access(&self, node: NodeId) -> Option<Access> {
        if self.operation(node) != Operation::Sum(1) {
            return None;
        }
        let closed = self.shape(node).len() as u8;
        let body = self.operands(node).next()?;
        let (condition, value) = self.where_positions_agree(body.node)?;
        let local = |slots: &[u8]| -> Vec<u8> { slots.iter().map(|slot| body.axes[usize::from(*slot)]).collect() };
        let (along, at) = self.placement(condition.0, &local(&condition.1))?;
        let axes = local(&value.1);
        if along != closed || at.reads(closed) || !axes.contains(&closed) || !self.is_inside(node, &body, &at) {
            return None;
        }
        let position = |axis: &u8| if *axis == closed { at.clone() } else { Position::Slot(*axis) };
        Some(Access { node: value.0, positions: axes.iter().map(position).collect() })
    }

    /// `if positions agree { value } else { 0 }`: condition and value, over the slots of the whole.
    #[expect(clippy::type_complexity, reason = "two uses")]
    fn where_positions_agree(&self, node: NodeId) -> Option<((NodeId, Vec<u8>), (NodeId, Vec<u8>))> {
        if self.as_operator(node) != Some(Operator::Select) {
            return None;
        }
        let mut operands = self.operands(node);
        let (condition, yes, no) = (operands.next()?, operands.next()?, operands.next()?);
        let agree = self.as_operator(condition.node) == Some(Operator::Equal) && self.is_integer(no.node, 0);
        agree.then(|| ((condition.node, condition.axes.to_vec()), (yes.node, yes.axes.to_vec())))
    }

    /// The axis whose position a condition compares, and with what: `m == i + k`. The condition's slots take these axes.
    fn placement(&self, condition: NodeId, axes: &[u8]) -> Option<(u8, Position)> {
        let mut operands = self.operands(condition);
        let (position, other) = (operands.next()?, operands.next()?);
        let local = |slots: &[u8]| -> Vec<u8> { slots.iter().map(|slot| axes[usize::from(*slot)]).collect() };
        let along = *position.axes.first().filter(|_| self.operation(position.node) == Operation::Iota)?;
        Some((axes[usize::from(along)], self.position(other.node, &local(other.axes))?))
    }

    /// What a number says as a position; its slots take these axes.
    fn position(&self, node: NodeId, axes: &[u8]) -> Option<Position> {
        if let Some(number) = self.as_constant(node) {
            return number.to_integer().and_then(|place| u32::try_from(place).ok()).map(Position::Stated);
        }
        if let Some(given) = self.given(node, axes) {
            return Some(Position::Given(given));
        }
        let mut shift = Shift::default();
        let mut pending = vec![(node, axes.to_vec(), false)];
        while let Some((node, axes, negative)) = pending.pop() {
            if pending.len() > MOST_TERMS {
                return None;
            }
            let sign = if negative { -1 } else { 1 };
            match self.operation(node) {
                Operation::Iota if negative => shift.minus.push(axes[0]),
                Operation::Iota => shift.plus.push(axes[0]),
                Operation::Constant(_) => {
                    let number = self.as_constant(node)?.to_integer()?;
                    shift.offset = shift.offset.checked_add(number.checked_mul(sign)?)?;
                }
                Operation::Apply(operator @ (Operator::Add | Operator::Subtract | Operator::Negate)) => {
                    let last = self.operands(node).count() - 1;
                    for (place, operand) in self.operands(node).enumerate() {
                        let turned = operator != Operator::Add && place == last;
                        let own = operand.axes.iter().map(|slot| axes[usize::from(*slot)]).collect();
                        pending.push((operand.node, own, negative != turned));
                    }
                }
                _ => return None,
            }
        }
        if shift.plus.is_empty() && shift.minus.is_empty() {
            return None;
        }
        // What is pushed last comes first.
        shift.plus.reverse();
        shift.minus.reverse();
        Some(Position::Shifted(shift))
    }

    /// An entry of an integer input.
    fn given(&self, node: NodeId, axes: &[u8]) -> Option<Given> {
        let own: Vec<Position> = axes.iter().copied().map(Position::Slot).collect();
        let (input, positions) = match self.operation(node) {
            Operation::Input(_) => (node, own),
            Operation::Sum(_) => {
                let access = self.as_access(node)?;
                let positions = access.positions.iter().map(|position| position.at(&own));
                (access.node, positions.collect::<Option<_>>()?)
            }
            _ => return None,
        };
        self.is_integer_input(input).then_some(Given { input, positions })
    }

    /// Whether a node is an integer input, or an entry of one: it says positions, and is no number to compute with.
    #[must_use]
    pub fn says_positions(&self, node: NodeId) -> bool {
        if !self.inputs().iter().any(|input| input.integer) {
            return false;
        }
        let slots: Vec<u8> = (0..self.shape(node).len()).map(|slot| slot as u8).collect();
        self.given(node, &slots).is_some()
    }

    /// Whether a position is inside of the only axis that a sum closes, wherever the node's slots are.
    fn is_inside(&self, node: NodeId, body: &super::Operand<'_>, at: &Position) -> bool {
        let closed = self.shape(node).len() as u8;
        let size = body.axes.iter().position(|axis| *axis == closed).map(|slot| self.shape(body.node)[slot]);
        let Some(Dim::Literal(size)) = size else { return matches!(at, Position::Given(_)) };
        match at {
            Position::Given(_) => true,
            Position::Stated(at) => *at < size,
            Position::Slot(_) => false,
            Position::Shifted(shift) => {
                let last = |slots: &[u8]| {
                    slots.iter().try_fold(0_i64, |sum, slot| match self.shape(node)[usize::from(*slot)] {
                        Dim::Literal(size) => sum.checked_add(i64::from(size) - 1),
                        _ => None,
                    })
                };
                let (Some(most), Some(least)) = (last(&shift.plus), last(&shift.minus)) else { return false };
                shift.offset >= least && shift.offset.saturating_add(most) < i64::from(size)
            }
        }
    }
}

impl Position {
    /// The position where the slots that it speaks of are at positions themselves; `None` if that is no position.
    pub(crate) fn at(&self, outer: &[Self]) -> Option<Self> {
        match self {
            Self::Slot(slot) => outer.get(usize::from(*slot)).cloned(),
            Self::Stated(_) => Some(self.clone()),
            Self::Given(Given { input, positions }) => {
                let positions = positions.iter().map(|position| position.at(outer)).collect::<Option<_>>()?;
                Some(Self::Given(Given { input: *input, positions }))
            }
            Self::Shifted(shift) => {
                let mut all = Shift { offset: shift.offset, ..Shift::default() };
                let plus = shift.plus.iter().map(|slot| (slot, false));
                for (slot, negative) in plus.chain(shift.minus.iter().map(|slot| (slot, true))) {
                    let inner = match outer.get(usize::from(*slot))? {
                        Self::Slot(slot) => Shift { plus: vec![*slot], ..Shift::default() },
                        Self::Stated(at) => Shift { offset: i64::from(*at), ..Shift::default() },
                        Self::Shifted(inner) => inner.clone(),
                        Self::Given(_) => return None,
                    };
                    let (plus, minus) = if negative { (inner.minus, inner.plus) } else { (inner.plus, inner.minus) };
                    all.plus.extend(plus);
                    all.minus.extend(minus);
                    all.offset = all.offset.checked_add(if negative { -inner.offset } else { inner.offset })?;
                }
                let only = all.plus.is_empty() && all.minus.is_empty();
                Some(if only { Self::Stated(u32::try_from(all.offset).ok()?) } else { Self::Shifted(all) })
            }
        }
    }

    /// Whether it hangs on where a slot is.
    pub(crate) fn reads(&self, slot: u8) -> bool {
        match self {
            Self::Slot(own) => *own == slot,
            Self::Stated(_) => false,
            Self::Shifted(shift) => shift.plus.contains(&slot) || shift.minus.contains(&slot),
            Self::Given(given) => given.positions.iter().any(|position| position.reads(slot)),
        }
    }

    /// It, as the language writes it, where the slots have these names.
    #[must_use]
    pub fn text(&self, graph: &Graph, slots: &[String]) -> String {
        let name = |slot: &u8| slots.get(usize::from(*slot)).cloned().unwrap_or_default();
        match self {
            Self::Slot(slot) => name(slot),
            Self::Stated(at) => at.to_string(),
            Self::Given(Given { input, positions }) => {
                let array = match graph.operation(*input) {
                    Operation::Input(place) => graph.inputs()[place as usize].name.as_str(),
                    _ => "",
                };
                let positions: Vec<String> = positions.iter().map(|position| position.text(graph, slots)).collect();
                if positions.is_empty() { array.into() } else { format!("{array}[{}]", positions.join(", ")) }
            }
            Self::Shifted(Shift { plus, minus, offset }) => {
                let mut text = plus.iter().map(name).collect::<Vec<_>>().join(" + ");
                if text.is_empty() {
                    text = offset.to_string();
                }
                for slot in minus {
                    let name = name(slot);
                    text += &if name.contains(' ') { format!(" - ({name})") } else { format!(" - {name}") };
                }
                match offset {
                    _ if plus.is_empty() => text,
                    0 => text,
                    more if *more > 0 => format!("{text} + {more}"),
                    less => format!("{text} - {}", less.unsigned_abs()),
                }
            }
        }
    }
}
