//! The oracle: random programs whose values and derivatives are computed in ways that share nothing.
//!
//! A generated program is interpreted straight from its syntax tree with forward-mode jets ([`dual`]); central
//! differences ([`numeric`]) confirm the jets, printing and parsing again must not change a bit, and what the compiler
//! makes of the program is compared with the jets.
//!
//! `ORACLE_PROGRAMS` (500) says how many programs, `ORACLE_SEED` (1) which ones, and `ORACLE_ONLY=17` checks only
//! number 17. `cargo test -p chainrule-compiler --test oracle -- --nocapture` prints what was covered. What lies at the ends
//! of the float type is in [`extreme`].

mod check;
mod compiled;
mod dual;
mod emitted;
mod emitted_arrays;
mod extreme;
mod generate;
#[cfg(test)]
mod interpreter_tests;
mod listed;
mod numeric;
mod report;
#[path = "../common/special.rs"]
mod special;

use std::panic::{AssertUnwindSafe, catch_unwind};

use report::{Failure, Failures, Report};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A panic of the compiler is a failure of the program like any other.
fn guarded(check: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    catch_unwind(AssertUnwindSafe(check))
        .unwrap_or_else(|_| Err(Failure { by: "panic", message: "its message stands above".into() }))
}

#[test]
fn random_programs() {
    let seed = setting("ORACLE_SEED", 1);
    let only = std::env::var("ORACLE_ONLY").ok().and_then(|text| text.parse::<u64>().ok());
    let numbers = only.map_or(0..setting("ORACLE_PROGRAMS", 500), |number| number..number + 1);
    let mut report = Report::default();
    let mut failures = Failures::default();
    let mut batch = emitted::Batch::default();
    for number in numbers.clone() {
        let program = generate::program(seed, number);
        if only.is_some() {
            println!("{}", check::describe(&program));
        }
        let checked = guarded(|| {
            check::check(&program, &mut report)?;
            batch.add(&program, &mut report)
        });
        match checked {
            Ok(()) => report.count(&program),
            Err(failure) => failures.add(&program, &failure),
        }
        if batch.is_full() || number + 1 == numbers.end {
            for (number, failure) in batch.run() {
                failures.add(&generate::program(seed, number), &failure);
            }
        }
        assert!(failures.count() < 10, "ten failures are enough; {failures}");
    }
    println!("{report}");
    assert_eq!(failures.count(), 0, "{failures}; rerun one with ORACLE_SEED={seed} ORACLE_ONLY=<number>");
    if numbers.end - numbers.start >= 1000 {
        report.demand();
    }
}

#[test]
fn the_same_number_gives_the_same_program() {
    let (first, second) = (generate::program(7, 3), generate::program(7, 3));
    assert_eq!(first.module, second.module);
    assert_eq!(first.point, second.point);
    assert_ne!(first.module, generate::program(8, 3).module);
}
