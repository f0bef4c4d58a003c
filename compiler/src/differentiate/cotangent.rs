//! Cotangents with the conditions under which they are not zero.
//!
//! `if c { f(x) } else { 0 }` sends a cotangent into `f` only where `c` holds. Multiplying by a partial must not bring
//! in what happens elsewhere (0 · ∞ is NaN), so the condition stays beside the value and every product goes inside.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::Sweeper;
use crate::graph::{Axis, Dim, GraphError, NodeId, Operation, Ref};
use crate::number::Number;
use crate::operators::Operator;

/// One condition of a cotangent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Guard {
    /// The condition. A vector of many entries is a chain of such, which every entry's cotangent has a copy of.
    pub(super) condition: Rc<Ref>,
    /// Whether the cotangent lives where the condition holds, or where it does not.
    pub(super) holds: bool,
    /// The value is zero elsewhere already; only a product with something that may not be finite needs the condition.
    pub(super) soft: bool,
}

impl Guard {
    pub(super) fn new(condition: impl Into<Rc<Ref>>, holds: bool) -> Self {
        Self { condition: condition.into(), holds, soft: false }
    }
}

/// A value and, outermost first, the conditions outside of which it counts as zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cotangent {
    pub(super) guards: Vec<Guard>,
    pub(super) value: Ref,
}

impl Cotangent {
    pub(super) fn plain(value: Ref) -> Self {
        Self { guards: Vec::new(), value }
    }

    /// Adds a condition, if it is not there already.
    pub(super) fn guard(&mut self, condition: Ref, holds: bool) {
        if !self.guards.iter().any(|guard| *guard.condition == condition && guard.holds == holds && !guard.soft) {
            self.guards.push(Guard::new(condition, holds));
        }
    }

    pub(super) fn renamed(mut self, from: &[Axis], to: &[Axis]) -> Self {
        if from != to {
            self.value = self.value.renamed(from, to);
            for guard in &mut self.guards {
                if guard.condition.axes.iter().any(|axis| from.contains(axis)) {
                    guard.condition = guard.condition.renamed(from, to).into();
                }
            }
        }
        self
    }
}

impl Sweeper<'_> {
    /// The value with its conditions written out.
    pub(super) fn materialise(&mut self, guards: &[Guard], mut value: Ref) -> Result<Ref, GraphError> {
        for guard in guards.iter().rev().filter(|guard| !guard.soft) {
            if self.is_selected(&value, guard) {
                continue;
            }
            let zero = self.graph.constant(Number::ZERO)?;
            let (yes, no) = if guard.holds { (value, zero) } else { (zero, value) };
            value = self.graph.apply(Operator::Select, &[Ref::clone(&guard.condition), yes, no])?;
        }
        Ok(value)
    }

    /// Writes the conditions out that say more than where an entry stands; what is selected is zero elsewhere, so these are
    /// soft from now on.
    pub(super) fn select(&mut self, cotangent: &mut Cotangent) -> Result<(), GraphError> {
        let places: Vec<bool> = cotangent.guards.iter().map(|guard| self.is_place(guard)).collect();
        let written = cotangent.guards.iter().zip(&places).filter(|(_, place)| !**place);
        let written: Vec<Guard> = written.map(|(guard, _)| guard.clone()).collect();
        cotangent.value = self.materialise(&written, cotangent.value.clone())?;
        for (guard, place) in cotangent.guards.iter_mut().zip(places) {
            guard.soft |= !place;
        }
        Ok(())
    }

    /// Whether a value is an `if` that is zero outside of a condition.
    fn is_selected(&self, value: &Ref, guard: &Guard) -> bool {
        let Some::<[Ref; 3]>([condition, yes, no]) =
            self.as_application(value, Operator::Select).and_then(|operands| operands.try_into().ok())
        else {
            return false;
        };
        let other: Ref = if guard.holds { no } else { yes };
        condition == *guard.condition && self.graph.is_integer(other.node, 0)
    }

    /// Whether a condition says where an entry stands: sums pick by such.
    fn is_place(&self, guard: &Guard) -> bool {
        self.graph.operation(guard.condition.node) == Operation::Delta || self.as_position(&guard.condition).is_some()
    }

    /// The sum of two contributions; what they have in common stays outside.
    pub(super) fn accumulate(&mut self, left: Cotangent, right: Cotangent) -> Result<Cotangent, GraphError> {
        let common = left.guards.iter().zip(&right.guards).take_while(|(a, b)| a == b).count();
        let mut guards = left.guards[..common].to_vec();
        let (left, right) =
            ((&left.guards[common..], left.value.clone()), (&right.guards[common..], right.value.clone()));
        let opposite = match (left.0, right.0) {
            ([a, ..], [b, ..]) => a.condition == b.condition && a.holds != b.holds && !a.soft && !b.soft,
            _ => false,
        };
        if opposite {
            let (yes, no) = if left.0[0].holds { (left, right) } else { (right, left) };
            let (outside, value) = self.one_of(yes, no)?;
            guards.extend(outside);
            return Ok(Cotangent { guards, value });
        }
        guards.extend(self.either(left.0, right.0)?);
        let (a, b) = (self.materialise(left.0, left.1)?, self.materialise(right.0, right.1)?);
        let value = match self.beside(&a, &b)? {
            Some(value) => value,
            None => self.plus(a, b)?,
        };
        Ok(Cotangent { guards, value })
    }

    /// The sum of two values, if the second one is zero but at one position, where the first one is zero:
    /// `if i == 1 { b } else if i == 0 { a } else { 0 }`.
    fn beside(&mut self, others: &Ref, one: &Ref) -> Result<Option<Ref>, GraphError> {
        let Some((place, [condition, value, rest])) = self.at_position(one) else { return Ok(None) };
        if !self.graph.is_integer(rest.node, 0) {
            return Ok(None);
        }
        let mut next = others.clone();
        while let Some((other, [_, _, rest])) = self.at_position(&next) {
            if other.0 != place.0 || other.1 == place.1 {
                return Ok(None);
            }
            next = rest;
        }
        let zero = self.graph.is_integer(next.node, 0);
        if !zero || next == *others {
            return Ok(None);
        }
        self.graph.apply(Operator::Select, &[condition, value, others.clone()]).map(Some)
    }

    /// `if i == k { a } else { b }` with a stated `k`: the axis and the number's node, and the three operands.
    fn at_position(&self, value: &Ref) -> Option<((Axis, NodeId), [Ref; 3])> {
        let operands: [Ref; 3] = self.as_application(value, Operator::Select)?.try_into().ok()?;
        Some((self.as_position(&operands[0])?, operands))
    }

    /// Two values under opposite conditions, which are the first guard of each: one `if`, and the guards outside of it.
    pub(super) fn one_of(
        &mut self,
        (yes_guards, yes): (&[Guard], Ref),
        (no_guards, no): (&[Guard], Ref),
    ) -> Result<(Vec<Guard>, Ref), GraphError> {
        let guards = match (yes_guards, no_guards) {
            ([_], [_]) => Vec::new(),
            // Where c holds, or c does not and d does: where c or d holds.
            ([_], [_, rest @ ..]) => self.either(yes_guards, rest)?,
            ([_, rest @ ..], [_]) => self.either(rest, no_guards)?,
            _ => self.either(yes_guards, no_guards)?,
        };
        let condition = Ref::clone(&yes_guards[0].condition);
        let (yes, no) = (self.materialise(&yes_guards[1..], yes)?, self.materialise(&no_guards[1..], no)?);
        Ok((guards, self.graph.apply(Operator::Select, &[condition, yes, no])?))
    }

    /// `a + b`, as a difference where one of them is a negative, and as `2*a` where both are the same: the same bits.
    fn plus(&mut self, a: Ref, b: Ref) -> Result<Ref, GraphError> {
        if a == b {
            let two = self.graph.constant(Number::from(2))?;
            return self.graph.apply(Operator::Multiply, &[two, a]);
        }
        for (whole, negated) in [(&a, &b), (&b, &a)] {
            if let Some(inner) = self.as_application(negated, Operator::Negate) {
                return self.graph.apply(Operator::Subtract, &[whole.clone(), inner[0].clone()]);
            }
        }
        self.graph.apply(Operator::Add, &[a, b])
    }

    /// Where one of two conjunctions of guards holds; the value there is written out already.
    fn either(&mut self, left: &[Guard], right: &[Guard]) -> Result<Vec<Guard>, GraphError> {
        let says = |guards: &[Guard], wanted: &Guard| {
            guards.iter().any(|guard| guard.condition == wanted.condition && guard.holds == wanted.holds)
        };
        for (weaker, stronger) in [(left, right), (right, left)] {
            if weaker.iter().all(|guard| says(stronger, guard)) {
                return Ok(weaker.iter().map(|guard| Guard { soft: true, ..guard.clone() }).collect());
            }
        }
        let (left, right) = (self.all(left)?, self.all(right)?);
        let condition = self.graph.apply(Operator::Or, &[left, right])?;
        Ok(vec![Guard { soft: true, ..Guard::new(condition, true) }])
    }

    fn all(&mut self, guards: &[Guard]) -> Result<Ref, GraphError> {
        let mut result = self.graph.truth(true)?;
        for guard in guards {
            let mut condition = Ref::clone(&guard.condition);
            if !guard.holds {
                condition = self.graph.apply(Operator::Not, &[condition])?;
            }
            result = self.graph.apply(Operator::And, &[result, condition])?;
        }
        Ok(result)
    }

    /// Sums over axes. A condition that varies along them becomes "somewhere along them", which is soft: the sum is zero
    /// elsewhere.
    pub(super) fn sum(&mut self, cotangent: &mut Cotangent, closed: &[Axis]) -> Result<(), GraphError> {
        let closed = self.pick(cotangent, closed);
        if closed.is_empty() {
            return Ok(());
        }
        let varies = |guard: &Guard| guard.condition.axes.iter().any(|axis| closed.contains(axis));
        let first = cotangent.guards.iter().position(varies).unwrap_or(cotangent.guards.len());
        let mut inner = cotangent.guards.split_off(first);
        self.at_the_last(&mut inner)?;
        let inner = self.without_implied(inner);
        let value = self.materialise(&inner, cotangent.value.clone())?;
        cotangent.value = self.graph.sum(&closed, &value)?;
        if !inner.is_empty() {
            let all = self.all(&inner)?;
            let (one, zero) = (self.graph.constant(Number::ONE)?, self.graph.constant(Number::ZERO)?);
            let mark = self.graph.apply(Operator::Select, &[all, one.clone(), zero])?;
            let any = self.graph.max(&closed, &mark)?;
            let condition = self.graph.apply(Operator::Equal, &[any, one])?;
            cotangent.guards.push(Guard { soft: true, ..Guard::new(condition, true) });
        }
        Ok(())
    }

    /// Drops what another guard implies: who is at position 3 is not at position 2. A vector of many entries is a chain
    /// of such conditions, and each entry needs its own position only.
    fn without_implied(&self, mut guards: Vec<Guard>) -> Vec<Guard> {
        let held: HashMap<Axis, NodeId> =
            guards.iter().filter(|guard| guard.holds).filter_map(|guard| self.as_position(&guard.condition)).collect();
        guards.retain(|guard| {
            let other = |(axis, place): (Axis, NodeId)| held.get(&axis).is_some_and(|held| *held != place);
            guard.holds || !self.as_position(&guard.condition).is_some_and(other)
        });
        guards
    }

    /// Who is at none of the other positions is at the last one that is left: of a vector of three, the third entry.
    fn at_the_last(&mut self, guards: &mut [Guard]) -> Result<(), GraphError> {
        let Some(last) = guards.last().filter(|guard| !guard.holds) else { return Ok(()) };
        let Some((axis, _)) = self.as_position(&last.condition) else { return Ok(()) };
        let Dim::Literal(size) = self.graph.dim(axis) else { return Ok(()) };
        if guards.len() + 1 < size as usize {
            return Ok(());
        }
        let excluded = |guard: &Guard| match self.as_position(&guard.condition) {
            Some((own, _)) if own == axis && !guard.holds => self.graph.as_position(guard.condition.node),
            _ => None,
        };
        let places: HashSet<u32> = guards.iter().filter_map(excluded).filter(|place| *place < size).collect();
        if places.len() + 1 == size as usize
            && let Some(last) = (0..size).find(|place| !places.contains(place))
            && let Some(guard) = guards.last_mut()
        {
            let (position, last) = (self.graph.iota(axis)?, self.graph.constant(Number::from(i64::from(last)))?);
            guard.condition = self.graph.apply(Operator::Equal, &[position, last])?.into();
            guard.holds = true;
        }
        Ok(())
    }

    /// `iota == k` with a stated `k`: the axis and the number's node.
    fn as_position(&self, condition: &Ref) -> Option<(Axis, NodeId)> {
        if self.graph.as_operator(condition.node) != Some(Operator::Equal) {
            return None;
        }
        let mut operands = self.graph.operands(condition.node);
        let (position, number) = (operands.next()?, operands.next()?);
        let stated = self.graph.operation(position.node) == Operation::Iota
            && matches!(self.graph.operation(number.node), Operation::Constant(_));
        stated.then_some((*condition.axes.first()?, number.node))
    }

    /// A sum over an axis of what is zero but at one position picks what stands there. Returns the other axes.
    fn pick(&mut self, cotangent: &mut Cotangent, closed: &[Axis]) -> Vec<Axis> {
        let mut closed = closed.to_vec();
        while let Some((picked, at)) = cotangent.guards.iter().find_map(|guard| self.picks(guard, &closed)) {
            closed.retain(|axis| *axis != picked);
            *cotangent = cotangent.clone().renamed(&[picked], &[at]);
            let graph = &self.graph;
            let is_delta = |guard: &Guard| guard.holds && graph.operation(guard.condition.node) == Operation::Delta;
            cotangent.guards.retain(|guard| !(is_delta(guard) && guard.condition.axes[0] == guard.condition.axes[1]));
        }
        closed
    }

    /// The closed axis that a condition binds to another one.
    pub(super) fn picks(&self, guard: &Guard, closed: &[Axis]) -> Option<(Axis, Axis)> {
        let is_delta = self.graph.operation(guard.condition.node) == Operation::Delta;
        let (left, right) = match guard.condition.axes[..] {
            [left, right] if is_delta && guard.holds && !guard.soft && left != right => (left, right),
            _ => return None,
        };
        let pair = if closed.contains(&left) { (left, right) } else { (right, left) };
        closed.contains(&pair.0).then_some(pair)
    }
}
