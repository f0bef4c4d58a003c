//! What a bank says of its entries is true of them.

use crate::number::Number;
use crate::operators::Operator;
use crate::simplify::bank::{Bank, Entry, EntryId, Form};
use crate::simplify::sample::Values;

/// Two numbers and three leaves, of which one may divide by the first.
fn bank() -> Bank {
    let number = |value: i64| Entry {
        form: Form::Number(Number::from(value)),
        values: [value as f64; 4],
        cost: 0,
        leaves: 0,
        reads: 0,
        divides: true,
    };
    let leaf = |place: u32, values: Values, divides: bool| Entry {
        form: Form::Leaf(place),
        values,
        cost: 0,
        leaves: 1,
        reads: 1 << place,
        divides,
    };
    let leaves = [
        leaf(0, [0.3, -1.7, 1.1, 0.9], true),
        leaf(1, [-0.8, 0.7, 1.3, -1.9], false),
        leaf(2, [1.6, 0.45, -0.35, 0.77], false),
    ];
    let mut bank = Bank::new([1, 2].map(number).into_iter().chain(leaves).collect());
    bank.deepen();
    bank
}

/// An entry's numbers, from what it is.
fn values(bank: &Bank, id: EntryId) -> Values {
    let both = |left, right, operation: fn(f64, f64) -> f64| {
        let (left, right) = (values(bank, left), values(bank, right));
        [0, 1, 2, 3].map(|point: usize| operation(left[point], right[point]))
    };
    match bank.get(id).form {
        Form::Leaf(_) | Form::Number(_) => bank.get(id).values,
        Form::Square(inner) => values(bank, inner).map(|value| value * value),
        Form::Unary(Operator::Negate, inner) => values(bank, inner).map(|value| -value),
        Form::Binary(Operator::Add, left, right) => both(left, right, |a, b| a + b),
        Form::Binary(Operator::Subtract, left, right) => both(left, right, |a, b| a - b),
        Form::Binary(Operator::Multiply, left, right) => both(left, right, |a, b| a * b),
        Form::Binary(Operator::Divide, left, right) => both(left, right, |a, b| a / b),
        Form::Unary(..) | Form::Binary(..) => panic!("no other operator is enumerated"),
    }
}

/// Operations, references to leaves, and which.
fn counts(bank: &Bank, id: EntryId) -> (u32, u32, u64) {
    match bank.get(id).form {
        Form::Leaf(place) => (0, 1, 1 << place),
        Form::Number(_) => (0, 0, 0),
        Form::Unary(_, inner) => {
            let (cost, leaves, reads) = counts(bank, inner);
            (cost + 1, leaves, reads)
        }
        Form::Square(inner) => {
            let (cost, leaves, reads) = counts(bank, inner);
            (cost + 1, 2 * leaves, reads)
        }
        Form::Binary(_, left, right) => {
            let ((a, b, c), (x, y, z)) = (counts(bank, left), counts(bank, right));
            (a + x + 1, b + y, c | z)
        }
    }
}

/// Whether a form divides by numbers and the first leaf only, products of them included.
fn divides_well(bank: &Bank, id: EntryId) -> bool {
    match bank.get(id).form {
        Form::Leaf(_) | Form::Number(_) => true,
        Form::Unary(_, inner) | Form::Square(inner) => divides_well(bank, inner),
        Form::Binary(operator, left, right) => {
            let allowed = operator != Operator::Divide || is_divisor(bank, right);
            allowed && divides_well(bank, left) && divides_well(bank, right)
        }
    }
}

fn is_divisor(bank: &Bank, id: EntryId) -> bool {
    match bank.get(id).form {
        Form::Leaf(place) => place == 0,
        Form::Number(_) => true,
        Form::Unary(_, inner) | Form::Square(inner) => is_divisor(bank, inner),
        Form::Binary(Operator::Multiply | Operator::Divide, left, right) => {
            is_divisor(bank, left) && is_divisor(bank, right)
        }
        Form::Binary(..) => false,
    }
}

#[test]
fn entries_are_what_they_say() {
    let bank = bank();
    let mut divided = 0;
    for id in bank.ids() {
        let entry = bank.get(id);
        for (own, value) in entry.values.iter().zip(values(&bank, id)) {
            assert!((own - value).abs() <= 1e-9 * value.abs().max(1e-3), "{:?}: {own}, not {value}", entry.form);
        }
        assert_eq!((entry.cost, entry.leaves, entry.reads), counts(&bank, id), "{:?}", entry.form);
        assert!(divides_well(&bank, id), "{:?} divides by what may be zero", entry.form);
        assert!(!entry.divides || is_divisor(&bank, id), "{:?} may be zero", entry.form);
        assert_eq!(bank.find(&entry.values), Some(id), "{:?}", entry.form);
        divided += bank.quotients(id);
    }
    assert!(bank.ids().count() > 300 && divided > 50, "{} entries, {divided} quotients", bank.ids().count());
}

#[test]
fn every_form_of_one_operation_is_there() {
    let bank = bank();
    let (x, y) = ([0.3, -1.7, 1.1, 0.9], [-0.8, 0.7, 1.3, -1.9]);
    let of =
        |operation: fn(f64, f64) -> f64| bank.find(&[0, 1, 2, 3].map(|point: usize| operation(x[point], y[point])));
    for (name, found) in [
        ("x + y", of(|x, y| x + y)),
        ("x - y", of(|x, y| x - y)),
        ("y - x", of(|x, y| y - x)),
        ("x*y", of(|x, y| x * y)),
        ("y/x", of(|x, y| y / x)),
        ("1/x", of(|x, _| 1.0 / x)),
        ("y/2", of(|_, y| y / 2.0)),
        ("1 - y", of(|_, y| 1.0 - y)),
        ("-y", of(|_, y| -y)),
        ("y**2", of(|_, y| y * y)),
    ] {
        let cost = found.map(|id| bank.get(id).cost);
        assert_eq!(cost, Some(1), "{name}");
    }
    assert_eq!(of(|x, y| x / y), None, "one must not divide by y");
    assert_eq!(of(|_, y| 1.0 / y), None, "one must not divide by y");
}

#[test]
fn values_that_rounding_moved_are_found_again() {
    let bank = bank();
    for id in bank.ids() {
        for turn in [-4e-11, -1e-13, 1e-13, 4e-11] {
            let moved = bank.get(id).values.map(|value| value * (1.0 + turn));
            assert!(bank.find(&moved).is_some(), "{:?} times 1 + {turn:e}", bank.get(id).values);
        }
    }
}
