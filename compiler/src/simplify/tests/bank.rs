//! What a bank says of its entries is true of them.

use crate::number::Number;
use crate::operators::Operator;
use crate::simplify::bank::{Bank, Entry, EntryId, Form, MOST_ENTRIES, PLACES, cells, close, place_of};
use crate::simplify::candidate::candidates;
use crate::simplify::sample::{Values, scrambled};

fn number(value: i64) -> Entry {
    let form = Form::Number(Number::from(value));
    Entry { form, values: [value as f64; 4], cost: 0, leaves: 0, reads: 0, divides: true }
}

fn leaf(place: u32, values: Values, divides: bool) -> Entry {
    Entry { form: Form::Leaf(place), values, cost: 0, leaves: 1, reads: 1 << place, divides }
}

/// Two numbers and three leaves, of which one may divide by the first.
fn bank() -> Bank {
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

fn near(a: &[f64; 4], b: &[f64; 4]) -> bool {
    a.iter().zip(b).all(|(a, b)| close(*a, *b))
}

/// Numbers between -2 and 2, the same every time.
fn random(seed: u64, point: u64) -> f64 {
    scrambled(seed, point) as f64 / (1_u64 << 62) as f64 - 2.0
}

#[test]
fn numbers_are_near_that_differ_by_rounding() {
    for size in [1.0_f64, -1.0, 1e6, 10.0, 700.0] {
        for point in 0..4 {
            let own = [0.5 * size, size, -size, 2.0 * size];
            let moved = |by: f64| {
                let mut other = own;
                other[point] += own[point].abs() * by;
                other
            };
            for by in [0.0, 7e-11, -7e-11] {
                assert!(near(&own, &moved(by)) && near(&moved(by), &own), "{own:?} moved by {by}");
            }
            for by in [3e-10, -3e-10, 0.1, -2.0] {
                assert!(!near(&own, &moved(by)) && !near(&moved(by), &own), "{own:?} moved by {by}");
            }
        }
    }
    for far in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        assert!(!near(&[far; 4], &[1.0; 4]) && !near(&[1.0; 4], &[1.0, 1.0, far, 1.0]), "{far}");
    }
    // Next to nothing is nothing.
    assert!(near(&[0.0; 4], &[4e-14; 4]) && near(&[3e-14; 4], &[-3e-14; 4]));
    assert!(!near(&[0.0; 4], &[4e-13; 4]) && !near(&[2e-13; 4], &[-2e-13; 4]));
}

#[test]
fn entries_are_found_by_numbers_that_are_near() {
    let bank = bank();
    for id in bank.ids() {
        for by in [1.0 - 4e-11, 1.0 - 1e-15, 1.0 + 1e-15, 1.0 + 4e-11] {
            assert_eq!(bank.find(&bank.get(id).values.map(|value| value * by)), Some(id));
        }
        let mut far = bank.get(id).values;
        far[3] += 1e-6;
        assert_ne!(bank.find(&far), Some(id));
    }
    let zero = Bank::new(vec![leaf(0, [3e-14, 1.0, 2.0, 3.0], false)]);
    for value in [-3e-14, 0.0, 3e-14] {
        assert_eq!(zero.find(&[value, 1.0, 2.0, 3.0]), Some(EntryId(0)), "{value}");
    }
}

/// Entries are found in few steps, because they are spread over the table.
#[test]
fn places_are_spread() {
    let values = (0..1000).map(|seed| random(seed, 0));
    let places: std::collections::BTreeSet<usize> = values.map(|value| place_of(cells(value).0)).collect();
    assert!(places.iter().all(|place| *place < PLACES));
    assert!(places.len() > 900, "{} places for 1000 values", places.len());
    let (low, high) = (places.first().expect("some"), places.last().expect("some"));
    assert!(*low < PLACES / 50 && *high > PLACES - PLACES / 50);
}

/// An entry as a text.
fn text(bank: &Bank, id: EntryId) -> String {
    match bank.get(id).form {
        Form::Leaf(place) => format!("x{place}"),
        Form::Number(number) => number.to_f64().to_string(),
        Form::Unary(_, inner) => format!("~({})", text(bank, inner)),
        Form::Square(inner) => format!("({})²", text(bank, inner)),
        Form::Binary(Operator::Divide, left, right) => format!("({})/({})", text(bank, left), text(bank, right)),
        Form::Binary(operator, left, right) => format!("({}) {operator:?} ({})", text(bank, left), text(bank, right)),
    }
}

#[test]
fn signs_and_quotients_are_seen_inside_of_entries() {
    let bank = bank();
    let mut signs = [0, 0];
    for id in bank.ids() {
        let text = text(&bank, id);
        assert_eq!(bank.quotients(id) as usize, text.matches('/').count(), "{text}");
        let inner = text.chars().skip(1).any(|letter| letter == '~');
        assert_eq!(bank.has_inner_sign(id), inner, "{text}");
        signs[usize::from(inner)] += 1;
    }
    assert!(signs.iter().all(|count| *count > 5), "{signs:?}");
    let divisors: Vec<Form> = bank.divisors().map(|id| bank.get(id).form).collect();
    assert_eq!(divisors, [Form::Leaf(0)]);
}

#[test]
fn of_equal_entries_the_cheapest_stays() {
    let y = [0.3, 0.7, 0.45, 0.81];
    let mut bank = Bank::new(vec![number(1), leaf(0, y, false), leaf(1, y, true)]);
    bank.deepen();
    let find = |value: fn(f64) -> f64| bank.get(bank.find(&y.map(value)).expect("it is there"));
    assert_eq!(find(|y| y).form, Form::Leaf(0), "the first of two that are the same");
    assert_eq!((find(|y| y - y * y).cost, find(|y| y - y * y).leaves), (2, 2), "y*(1 - y), not y - y**2");
    assert_eq!((find(|y| y * y).cost, find(|y| y * y).leaves), (1, 2));
    assert_eq!(find(|y| y + 1.0).cost, 1);
}

#[test]
fn a_bank_has_so_many_entries_and_no_more() {
    let many = |count: u32| {
        let values = |place: u32| [0, 1, 2, 3].map(|point| random(u64::from(place), point));
        Bank::new((0..count).map(|place| leaf(place, values(place), true)).collect())
    };
    let mut bank = many(12);
    let shallow = bank.ids().count();
    assert!((300..MOST_ENTRIES).contains(&shallow), "{shallow}");
    bank.deepen();
    assert!((MOST_ENTRIES - 1..=MOST_ENTRIES + 1).contains(&bank.ids().count()));
    assert_eq!(many(40).ids().count(), MOST_ENTRIES);
    let infinite =
        Bank::new(vec![leaf(0, [1.0, f64::INFINITY, 2.0, 3.0], true), leaf(1, [1.0, 2.0, f64::NAN, 3.0], true)]);
    assert_eq!(infinite.ids().count(), 0, "what is not finite is no entry");
    let zero = Bank::new(vec![number(1), leaf(0, [0.0, 1.0, 2.0, 3.0], true)]);
    assert!(zero.ids().all(|id| zero.get(id).values.iter().all(|value| value.is_finite())));
}

/// Candidates have the target's numbers, and count what they are made of.
#[test]
fn candidates_are_what_is_looked_for() {
    let bank = bank();
    let (x, y, z) = ([0.3, -1.7, 1.1, 0.9], [-0.8, 0.7, 1.3, -1.9], [1.6, 0.45, -0.35, 0.77]);
    let of = |value: fn(f64, f64, f64) -> f64| [0, 1, 2, 3].map(|point: usize| value(x[point], y[point], z[point]));
    let divisor = bank.divisors().next();
    let mut kinds = std::collections::BTreeSet::new();
    for (target, below, most) in [
        (of(|_, y, _| y), None, 0),
        (of(|_, y, _| -y), None, 1),
        (of(|x, y, z| x * y + z * z), None, 3),
        (of(|x, y, z| z * z - x * y), None, 3),
        (of(|x, y, z| x * y - z / x), None, 3),
        (of(|x, y, z| (x + y) * (z - x)), None, 3),
        (of(|x, y, z| (y + z) / (x * x)), None, 3),
        (of(|x, y, z| (y - z) / (2.0 * x)), None, 3),
        (of(|_, y, z| -(y - z * z) * (1.0 - y)), None, 5),
        (of(|x, y, z| (x + y) * (z - x)), divisor, 4),
    ] {
        let found = candidates(&bank, &target, below, 5);
        assert!(found.iter().any(|candidate| candidate.cost <= most), "{target:?}: {found:?}");
        for candidate in &found {
            let parts = [Some(candidate.left), candidate.right, candidate.below];
            let own = parts.iter().flatten().map(|id| counts(&bank, *id));
            let (cost, leaves, reads) = own.fold((0, 0, 0), |a, b| (a.0 + b.0, a.1 + b.1, a.2 | b.2));
            let operations = u32::from(candidate.operator.is_some()) + u32::from(candidate.below.is_some());
            assert_eq!((candidate.cost, candidate.leaves, candidate.reads), (cost + operations, leaves, reads));
            assert!(candidate.cost <= 5);
            let (left, right) = (values(&bank, candidate.left), candidate.right.map(|right| values(&bank, right)));
            for point in 0..4 {
                let (left, right) = (left[point], right.map(|right| right[point]));
                let value = match (candidate.operator, right) {
                    (None, None) => left,
                    (Some(Operator::Negate), None) => -left,
                    (Some(Operator::Add), Some(right)) => left + right,
                    (Some(Operator::Subtract), Some(right)) => left - right,
                    (Some(Operator::Multiply), Some(right)) => left * right,
                    (Some(Operator::Divide), Some(right)) => left / right,
                    other => panic!("{other:?}"),
                };
                assert!((value - target[point]).abs() <= 1e-8 * value.abs().max(1e-2), "{candidate:?}: {value}");
            }
            if candidate.operator == Some(Operator::Divide) {
                assert!(
                    is_divisor(&bank, candidate.right.expect("a divisor")),
                    "{candidate:?} divides by what may be zero"
                );
            }
            kinds.insert(format!("{:?}", candidate.operator));
        }
        assert!(candidates(&bank, &target, below, 0).iter().all(|candidate| candidate.cost == 0));
    }
    assert_eq!(kinds.len(), 6, "{kinds:?}");
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
