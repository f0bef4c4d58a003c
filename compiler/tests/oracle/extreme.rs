//! Extreme programs: formulas of the kinds in [`generate::Kind`], held against jets of more than a thousand bits.
//!
//! What a lowered program computes must be right to its own size wherever the true number is a float and does not hang on
//! the last bits of the inputs; that the way to it overflows or cancels is no excuse.
//!
//! `ORACLE_EXTREME` says how many programs of all kinds, `ORACLE_SEED` (1) which ones, `ORACLE_KIND=powers` takes one kind only,
//! and `ORACLE_ONLY=17` checks only number 17. Without `ORACLE_EXTREME`, some programs of the kinds in [`Kind::PASSING`] are
//! checked. Failures are cut down before they are printed. `ORACLE_LISTED=<file>` judges formulas that a person wrote, one a
//! line with its point ([`generate::written`]).

pub mod generate;
pub mod judge;
pub mod reference;
pub mod term;

use std::collections::BTreeMap;

use crate::generate::random::Random;
use crate::setting;
use generate::{Extreme, Kind, candidate};
use judge::{Fault, Times, Verdict, judge};

/// How many programs are checked by default.
const PASSING: u64 = 200;
/// How many candidates of a program are tried: most points of random formulas have nothing to say.
const CANDIDATES: usize = 30;
/// How many programs are tried to cut a failing one down.
const MOST_CUTS: usize = 400;

/// The program of a number with what came of it; the last candidate if none has anything to say.
fn program(seed: u64, number: u64, kinds: &[Kind], times: &mut Times) -> (Extreme, Verdict) {
    let mut random = Random::new(seed.wrapping_mul(0x9e37_79b9), number);
    let kind = random.pick(kinds).copied().unwrap_or(Kind::Functions);
    let mut tries = 0;
    loop {
        let program = candidate(&mut random, number, kind);
        let verdict = judge(&program, times);
        tries += 1;
        if tries == CANDIDATES || !matches!(verdict, Verdict::Nothing(_)) {
            return (program, verdict);
        }
    }
}

/// The smallest program found that fails in the same way.
fn cut_down(program: Extreme, fault: Fault) -> (Extreme, Fault) {
    let (mut program, mut fault) = (program, fault);
    let mut cuts = 0;
    loop {
        let smaller = program.smaller().into_iter().find_map(|smaller| {
            cuts += 1;
            if cuts > MOST_CUTS || smaller.text().len() > program.text().len() {
                return None;
            }
            match judge(&smaller, &mut Times::default()) {
                Verdict::Wrong(found) if found.what == fault.what => Some((smaller, found)),
                _ => None,
            }
        });
        match smaller {
            Some(smaller) => (program, fault) = smaller,
            None => return (program, fault),
        }
    }
}

fn at(program: &Extreme) -> String {
    let value = |items: &[f64]| items.iter().map(|item| format!("{item:?}")).collect::<Vec<_>>().join(", ");
    let input = |input: &generate::Input| {
        let value = value(&input.value.items);
        let value = if input.shape.is_empty() { value } else { format!("[{value}]") };
        format!("\"{}\": {value}", input.name)
    };
    format!("{{{}}}", program.used().map(input).collect::<Vec<_>>().join(", "))
}

/// The kinds of the programs of a run.
fn kinds(all: bool) -> Vec<Kind> {
    let name = std::env::var("ORACLE_KIND").ok();
    let wanted = |kind: &Kind| name.as_ref().is_none_or(|name| name == kind.name());
    let kinds = if all { &Kind::ALL[..] } else { &Kind::PASSING };
    kinds.iter().copied().filter(wanted).collect()
}

/// Counts of a run.
#[derive(Debug, Default)]
struct Counts {
    programs: BTreeMap<&'static str, usize>,
    right: usize,
    nothing: BTreeMap<String, usize>,
    failures: BTreeMap<String, usize>,
}

#[test]
fn extreme_programs() {
    let seed = setting("ORACLE_SEED", 1);
    let only = std::env::var("ORACLE_ONLY").ok().and_then(|text| text.parse::<u64>().ok());
    let all = std::env::var("ORACLE_EXTREME").is_ok();
    let (kinds, count) = (kinds(all), setting("ORACLE_EXTREME", PASSING));
    let numbers = only.filter(|_| all).map_or(0..count, |number| number..number + 1);
    let (mut counts, mut times) = (Counts::default(), Times::default());
    let mut first = None;
    for number in numbers {
        let (program, verdict) = program(seed, number, &kinds, &mut times);
        let name = program.kind.name();
        if only.is_some() {
            println!("{} at {}: {verdict:?}", program.text(), at(&program));
        }
        *counts.programs.entry(name).or_default() += 1;
        match verdict {
            Verdict::Nothing(reason) => *counts.nothing.entry(reason).or_default() += 1,
            Verdict::Right(right) => counts.right += right,
            Verdict::Wrong(fault) => {
                *counts.failures.entry(format!("{name}: {:?}", fault.what)).or_default() += 1;
                first.get_or_insert((number, name));
                let whole = program.text();
                let (program, fault) = cut_down(program, fault);
                println!("{number} ({name})\t{}\t{}\t{fault}\t{whole}", program.text(), at(&program));
            }
        }
    }
    println!("{counts:?} {times:?}");
    let failures = &counts.failures;
    if let Some((number, name)) = first {
        let count: usize = failures.values().sum();
        panic!(
            "failures: {count} extreme; the first is program {number} by {name}\n{failures:#?}; rerun one with \
             ORACLE_SEED={seed} ORACLE_EXTREME=1 ORACLE_ONLY=<number>"
        );
    }
}

#[test]
fn written_programs() {
    let Ok(path) = std::env::var("ORACLE_LISTED") else { return };
    let lines = std::fs::read_to_string(path).expect("the file of formulas");
    let mut wrong = 0;
    for line in lines.lines() {
        let verdict = judge(&generate::written(line).expect(line), &mut Times::default());
        wrong += usize::from(matches!(verdict, Verdict::Wrong(_)));
        match verdict {
            Verdict::Wrong(fault) => println!("{line}\t{fault}"),
            other => println!("{line}\t{other:?}"),
        }
    }
    assert_eq!(wrong, 0, "programs are wrong");
}
