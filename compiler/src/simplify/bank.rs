//! Small expressions over leaves, each with its numbers at the sample points: what a closed form is searched among.

use super::sample::Values;
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

#[derive(Clone, Copy, Debug)]
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
    /// Entries by their first value, rounded, counted from 1; what meets in one place moves to the next.
    table: Vec<u32>,
    /// How many entries are leaves.
    leaves: usize,
}

/// Places in the table: a power of two, several times [`MOST_ENTRIES`].
pub(super) const PLACES: usize = 1 << 13;
const NONE: u32 = 0;
/// How many bits of a first value are not looked at: half a cell is more than two values may differ by that are the same.
const ROUNDED: u32 = 21;

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
        self.find_by(values[0], |point| values[point])
    }

    /// The entry of values that are computed as far as they are needed; the first one nearly always says that there is none.
    pub(super) fn find_by(&self, first: f64, value: impl Fn(usize) -> f64) -> Option<EntryId> {
        let (cell, neighbour) = cells(first);
        match self.find_in(cell, first, &value) {
            None => self.find_in(neighbour, first, &value),
            found => found,
        }
    }

    fn find_in(&self, cell: u64, first: f64, value: &impl Fn(usize) -> f64) -> Option<EntryId> {
        let mut place = place_of(cell);
        loop {
            let id = self.table[place];
            if id == NONE {
                return None;
            }
            let own = &self.entries[id as usize - 1].values;
            if close(own[0], first) && close(own[1], value(1)) && close(own[2], value(2)) && close(own[3], value(3)) {
                return Some(EntryId(id - 1));
            }
            place = (place + 1) % PLACES;
        }
    }

    fn unary(&mut self, id: EntryId) {
        let Entry { form, values: [a, b, c, d], cost, leaves, reads, divides } = *self.get(id);
        if let Form::Number(_) = form {
            return;
        }
        let cost = cost + 1;
        let values = [a * a, b * b, c * c, d * d];
        // A square says its operand twice, so that `y*(1 - y)` goes before `y - y**2`.
        self.add(Entry { form: Form::Square(id), values, cost, leaves: 2 * leaves, reads, divides });
        let form = Form::Unary(Operator::Negate, id);
        self.add(Entry { form, values: [-a, -b, -c, -d], cost, leaves, reads, divides });
    }

    /// An expression and a leaf.
    fn binary(&mut self, a: EntryId, b: EntryId) {
        let (x, y) = (*self.get(a), *self.get(b));
        if let (Form::Number(_), Form::Number(_)) = (x.form, y.form) {
            return;
        }
        let one = |entry: &Entry| entry.form == Form::Number(Number::ONE);
        let (x_is_one, y_is_one) = (one(&x), one(&y));
        let (p, q) = (x.values, y.values);
        if a != b {
            self.offer(Operator::Add, a, b, [p[0] + q[0], p[1] + q[1], p[2] + q[2], p[3] + q[3]]);
            self.offer(Operator::Subtract, a, b, [p[0] - q[0], p[1] - q[1], p[2] - q[2], p[3] - q[3]]);
            self.offer(Operator::Subtract, b, a, [q[0] - p[0], q[1] - p[1], q[2] - p[2], q[3] - p[3]]);
        }
        if x_is_one || y_is_one {
            if x_is_one && y.divides {
                self.offer(Operator::Divide, a, b, [p[0] / q[0], p[1] / q[1], p[2] / q[2], p[3] / q[3]]);
            }
            return;
        }
        if a != b {
            self.offer(Operator::Multiply, b, a, [p[0] * q[0], p[1] * q[1], p[2] * q[2], p[3] * q[3]]);
            if y.divides {
                self.offer(Operator::Divide, a, b, [p[0] / q[0], p[1] / q[1], p[2] / q[2], p[3] / q[3]]);
            }
            if x.divides {
                self.offer(Operator::Divide, b, a, [q[0] / p[0], q[1] / p[1], q[2] / p[2], q[3] / p[3]]);
            }
        }
    }

    /// Adds an operation on two entries.
    fn offer(&mut self, operator: Operator, left: EntryId, right: EntryId, values: Values) {
        let (x, y) = (self.get(left), self.get(right));
        let product = operator == Operator::Multiply || operator == Operator::Divide;
        let entry = Entry {
            form: Form::Binary(operator, left, right),
            values,
            cost: x.cost + y.cost + 1,
            leaves: x.leaves + y.leaves,
            reads: x.reads | y.reads,
            divides: x.divides && y.divides && product,
        };
        self.add(entry);
    }

    fn add(&mut self, entry: Entry) {
        let [a, b, c, d] = entry.values;
        if !(a + b + c + d).is_finite() {
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
        let mut place = place_of(cells(a).0);
        while self.table[place] != NONE {
            place = (place + 1) % PLACES;
        }
        self.entries.push(entry);
        self.table[place] = self.entries.len() as u32;
    }
}

/// A value without its last bits, and the neighbour that it is nearest to: rounding may have gone either way. What is next
/// to nothing is nothing.
pub(super) fn cells(value: f64) -> (u64, u64) {
    if value.abs() < 1e-11 {
        return (0, 0);
    }
    let halves = value.to_bits() >> (ROUNDED - 1);
    let cell = halves >> 1;
    (cell, if halves & 1 == 0 { cell.wrapping_sub(1) } else { cell + 1 })
}

pub(super) fn place_of(cell: u64) -> usize {
    (cell.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % PLACES
}

/// Whether two numbers are the same, up to rounding: relative to their mean size, and near zero to 0.001.
pub(super) fn close(a: f64, b: f64) -> bool {
    // Less, not at most: what is not finite is near nothing.
    (a - b).abs() < 5e-11 * (a.abs() + b.abs() + 2e-3)
}
