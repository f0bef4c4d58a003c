//! Small expressions over leaves, each with its numbers at the sample points: what a closed form is searched among.

use super::sample::{POINTS, Values};
use crate::graph::NodeId;
use crate::number::Number;
use crate::operators::Operator;

/// An entry of a [`Bank`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntryId(pub(super) u32);

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    Leaf(NodeId),
    Number(Number),
    Unary(Operator, EntryId),
    Binary(Operator, EntryId, EntryId),
    Square(EntryId),
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) form: Form,
    pub(super) values: Values,
    /// How many operations it has.
    pub(super) cost: u32,
    /// How many leaves it refers to.
    pub(super) leaves: u32,
    /// Which leaves: one bit for each.
    pub(super) reads: u32,
    /// Whether one may divide by it: the chain rule does, or it is a number.
    pub(super) divides: bool,
}

/// The most entries; every closed form that was ever needed was found among far fewer.
const MOST_ENTRIES: usize = 500;

pub(super) struct Bank {
    entries: Vec<Entry>,
    /// Entries by their first value, for lookups.
    order: Vec<EntryId>,
}

impl Bank {
    /// All expressions of at most two operations over the leaves; of equal ones the first. What reads free leaves only,
    /// the first `free` ones, comes before what reads the others.
    pub(super) fn new(leaves: Vec<Entry>, free: usize) -> Self {
        let mut bank = Self { entries: Vec::new(), order: Vec::new() };
        let mut leaves = leaves.into_iter();
        for leaf in leaves.by_ref().take(free) {
            bank.add(leaf);
        }
        let first = bank.entries.len();
        bank.grow(0..first, 0..first);
        let second = bank.entries.len();
        bank.grow(first..second, 0..first);
        let third = bank.entries.len();
        for leaf in leaves {
            bank.add(leaf);
        }
        let all: Vec<usize> = (0..first).chain(third..bank.entries.len()).collect();
        let fourth = bank.entries.len();
        bank.combine(&all, &all);
        let fresh: Vec<usize> = (first..second).chain(fourth..bank.entries.len()).collect();
        bank.combine(&fresh, &all);
        bank
    }

    fn grow(&mut self, left: std::ops::Range<usize>, right: std::ops::Range<usize>) {
        self.combine(&left.collect::<Vec<_>>(), &right.collect::<Vec<_>>());
    }

    pub(super) fn get(&self, id: EntryId) -> &Entry {
        &self.entries[id.0 as usize]
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = EntryId> + use<> {
        (0..self.entries.len() as u32).map(EntryId)
    }

    /// The entry of these values, if there is one.
    pub(super) fn find(&self, values: &Values) -> Option<EntryId> {
        let width = tolerance(values[0]);
        let start = self.order.partition_point(|id| self.get(*id).values[0] < values[0] - width);
        self.order[start..]
            .iter()
            .take_while(|id| self.get(**id).values[0] <= values[0] + width)
            .find(|id| near(&self.get(**id).values, values))
            .copied()
    }

    fn combine(&mut self, left: &[usize], right: &[usize]) {
        for a in left {
            self.unary(EntryId(*a as u32));
            for b in right {
                if self.entries.len() >= MOST_ENTRIES {
                    return;
                }
                self.binary(EntryId(*a as u32), EntryId(*b as u32));
            }
        }
    }

    fn unary(&mut self, id: EntryId) {
        let entry = self.get(id).clone();
        if let Form::Number(_) = entry.form {
            return;
        }
        let Entry { values, cost, leaves, reads, .. } = entry;
        let cost = cost + 1;
        let squares = values.map(|v| v * v);
        // A square says its operand twice, so that `y*(1 - y)` goes before `y - y**2`.
        self.add(Entry { form: Form::Square(id), values: squares, cost, leaves: 2 * leaves, reads, divides: false });
        let form = Form::Unary(Operator::Negate, id);
        self.add(Entry { form, values: values.map(|v| -v), cost, leaves, reads, divides: false });
    }

    fn binary(&mut self, a: EntryId, b: EntryId) {
        let (x, y) = (self.get(a).clone(), self.get(b).clone());
        if let (Form::Number(_), Form::Number(_)) = (x.form, y.form) {
            return;
        }
        let (cost, leaves, reads) = (x.cost + y.cost + 1, x.leaves + y.leaves, x.reads | y.reads);
        let pairs = [
            (Operator::Add, a, b, true),
            (Operator::Multiply, b, a, true),
            (Operator::Subtract, a, b, true),
            (Operator::Subtract, b, a, true),
            (Operator::Divide, a, b, y.divides),
            (Operator::Divide, b, a, x.divides),
        ];
        for (operator, left, right, allowed) in pairs {
            if allowed {
                let mut values = [0.0; POINTS];
                for (point, value) in values.iter_mut().enumerate() {
                    let operands = [self.get(left).values[point], self.get(right).values[point]];
                    *value = (operator.row().evaluate)(&operands);
                }
                let form = Form::Binary(operator, left, right);
                self.add(Entry { form, values, cost, leaves, reads, divides: false });
            }
        }
    }

    fn add(&mut self, entry: Entry) {
        if entry.values.iter().any(|value| !value.is_finite()) || self.find(&entry.values).is_some() {
            return;
        }
        let id = EntryId(self.entries.len() as u32);
        let place = self.order.partition_point(|other| self.get(*other).values[0] < entry.values[0]);
        self.order.insert(place, id);
        self.entries.push(entry);
    }
}

fn tolerance(value: f64) -> f64 {
    1e-10 * value.abs().max(1e-3)
}

/// Whether two numbers are the same at all points, up to rounding.
pub(super) fn near(a: &Values, b: &Values) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance(a.abs().max(b.abs())))
}
