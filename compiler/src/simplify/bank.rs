//! Small expressions over leaves, each with its numbers at the sample points: what a closed form is searched among.

use super::sample::{POINTS, Values};
use crate::number::Number;
use crate::operators::Operator;

/// An entry of a [`Bank`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntryId(pub(super) u32);

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    /// What stands at this place of the list of leaves.
    Leaf(u32),
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
    pub(super) reads: u64,
    /// Whether one may divide by it: the chain rule does, or it is a number.
    pub(super) divides: bool,
}

/// The most entries; every closed form that was ever needed was found among far fewer.
pub(super) const MOST_ENTRIES: usize = 1_200;
/// What has two operations adds one of so many first leaves to what has one.
const MOST_DEEP: usize = 8;

pub(super) struct Bank {
    entries: Vec<Entry>,
    /// Entries by their first value, rounded; what meets in one place moves to the next.
    table: Vec<u32>,
    /// How many entries are leaves.
    leaves: usize,
}

/// Places in the table: a power of two, several times [`MOST_ENTRIES`].
pub(super) const PLACES: usize = 1 << 13;
const NONE: u32 = u32::MAX;
/// How many bits of a first value are not looked at.
const ROUNDED: u32 = 20;

impl Bank {
    /// Expressions of at most one operation over the leaves; of equal ones the cheapest.
    pub(super) fn new(leaves: Vec<Entry>) -> Self {
        let mut bank = Self { entries: Vec::new(), table: vec![NONE; PLACES], leaves: 0 };
        for leaf in leaves {
            bank.add(leaf);
        }
        let first = bank.entries.len();
        for b in 0..first {
            bank.unary(EntryId(b as u32));
            for a in 0..=b {
                bank.binary(EntryId(a as u32), EntryId(b as u32));
            }
        }
        bank.leaves = first;
        bank
    }

    /// Adds expressions of two operations; those that read early leaves come first.
    pub(super) fn deepen(&mut self) {
        for a in self.leaves..self.entries.len() {
            self.unary(EntryId(a as u32));
            for b in 0..self.leaves.min(MOST_DEEP) {
                if self.entries.len() >= MOST_ENTRIES {
                    return;
                }
                self.binary(EntryId(a as u32), EntryId(b as u32));
            }
        }
    }

    pub(super) fn get(&self, id: EntryId) -> &Entry {
        &self.entries[id.0 as usize]
    }

    /// Leaves that one may divide by.
    pub(super) fn divisors(&self) -> impl Iterator<Item = EntryId> + '_ {
        self.ids().filter(|id| {
            let entry = self.get(*id);
            entry.divides && matches!(entry.form, Form::Leaf(_))
        })
    }

    /// How many quotients an entry has.
    pub(super) fn quotients(&self, id: EntryId) -> u32 {
        match self.get(id).form {
            Form::Leaf(_) | Form::Number(_) => 0,
            Form::Unary(_, inner) | Form::Square(inner) => self.quotients(inner),
            Form::Binary(operator, left, right) => {
                self.quotients(left) + self.quotients(right) + u32::from(operator == Operator::Divide)
            }
        }
    }

    /// Whether a sign stands inside of an entry.
    pub(super) fn has_inner_sign(&self, id: EntryId) -> bool {
        match self.get(id).form {
            Form::Leaf(_) | Form::Number(_) => false,
            Form::Unary(_, inner) => self.has_inner_sign(inner),
            Form::Square(inner) => self.is_negative(inner),
            Form::Binary(_, left, right) => self.is_negative(left) || self.is_negative(right),
        }
    }

    fn is_negative(&self, id: EntryId) -> bool {
        matches!(self.get(id).form, Form::Unary(..)) || self.has_inner_sign(id)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = EntryId> + use<> {
        (0..self.entries.len() as u32).map(EntryId)
    }

    /// The entry of these values, if there is one.
    pub(super) fn find(&self, values: &Values) -> Option<EntryId> {
        // A rounded value and its two neighbours: rounding may have gone either way.
        let cell = cell(values[0]);
        [cell, cell.wrapping_sub(1), cell.wrapping_add(1)].into_iter().find_map(|cell| self.find_in(cell, values))
    }

    fn find_in(&self, cell: u64, values: &Values) -> Option<EntryId> {
        let mut place = place_of(cell);
        loop {
            let id = self.table[place];
            if id == NONE {
                return None;
            }
            if near(&self.entries[id as usize].values, values) {
                return Some(EntryId(id));
            }
            place = (place + 1) % PLACES;
        }
    }

    fn unary(&mut self, id: EntryId) {
        let entry = self.get(id).clone();
        if let Form::Number(_) = entry.form {
            return;
        }
        let Entry { values, cost, leaves, reads, divides, .. } = entry;
        let cost = cost + 1;
        let squares = values.map(|v| v * v);
        // A square says its operand twice, so that `y*(1 - y)` goes before `y - y**2`.
        self.add(Entry { form: Form::Square(id), values: squares, cost, leaves: 2 * leaves, reads, divides });
        let form = Form::Unary(Operator::Negate, id);
        self.add(Entry { form, values: values.map(|v| -v), cost, leaves, reads, divides });
    }

    /// An expression and a leaf.
    fn binary(&mut self, a: EntryId, b: EntryId) {
        let (x, y) = (self.get(a).clone(), self.get(b).clone());
        let number = |entry: &Entry| matches!(entry.form, Form::Number(_));
        if number(&x) && number(&y) {
            return;
        }
        let (cost, leaves, reads) = (x.cost + 1, x.leaves + y.leaves, x.reads | y.reads);
        let mut offer = |operator, left, right, values| {
            let form = Form::Binary(operator, left, right);
            let divides = x.divides && y.divides && matches!(operator, Operator::Multiply | Operator::Divide);
            self.add(Entry { form, values, cost, leaves, reads, divides });
        };
        let pairwise = |operation: fn(f64, f64) -> f64| {
            let mut values = [0.0; POINTS];
            for (point, value) in values.iter_mut().enumerate() {
                *value = operation(x.values[point], y.values[point]);
            }
            values
        };
        let one = |entry: &Entry| entry.form == Form::Number(Number::ONE);
        if a != b {
            offer(Operator::Add, a, b, pairwise(|x, y| x + y));
            let difference = pairwise(|x, y| x - y);
            offer(Operator::Subtract, a, b, difference);
            offer(Operator::Subtract, b, a, difference.map(|value| -value));
        }
        if one(&x) || one(&y) {
            if one(&x) && y.divides {
                offer(Operator::Divide, a, b, pairwise(|x, y| x / y));
            }
            return;
        }
        if a != b {
            offer(Operator::Multiply, b, a, pairwise(|x, y| x * y));
            if y.divides {
                offer(Operator::Divide, a, b, pairwise(|x, y| x / y));
            }
            if x.divides {
                offer(Operator::Divide, b, a, pairwise(|x, y| y / x));
            }
        }
    }

    fn add(&mut self, entry: Entry) {
        let finite = entry.values.iter().sum::<f64>().is_finite();
        if !finite {
            return;
        }
        if let Some(known) = self.find(&entry.values) {
            // What is cheaper takes the place: nothing that it is made of can be made of what was there.
            let known = &mut self.entries[known.0 as usize];
            if (entry.cost, entry.leaves) < (known.cost, known.leaves) {
                *known = entry;
            }
            return;
        }
        if self.entries.len() >= MOST_ENTRIES {
            return;
        }
        let mut place = place_of(cell(entry.values[0]));
        while self.table[place] != NONE {
            place = (place + 1) % PLACES;
        }
        self.table[place] = self.entries.len() as u32;
        self.entries.push(entry);
    }
}

/// A value without its last bits; what is next to nothing is nothing.
pub(super) fn cell(value: f64) -> u64 {
    if value.abs() < 1e-11 { 0 } else { value.to_bits() >> ROUNDED }
}

pub(super) fn place_of(cell: u64) -> usize {
    (cell.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % PLACES
}

/// Whether two numbers are the same at all points, up to rounding: relative to their mean size, and near zero to 0.001.
pub(super) fn near(a: &Values, b: &Values) -> bool {
    // Less, not at most: what is not finite is near nothing.
    let close = |a: f64, b: f64| (a - b).abs() < 5e-11 * (a.abs() + b.abs() + 2e-3);
    close(a[0], b[0]) && close(a[1], b[1]) && close(a[2], b[2]) && close(a[3], b[3])
}
