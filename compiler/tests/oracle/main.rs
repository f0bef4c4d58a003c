//! The oracle: random programs whose values and derivatives are computed in ways that share nothing.
//!
//! A generated program is interpreted straight from its syntax tree with forward-mode jets ([`dual`]); central
//! differences ([`numeric`]) confirm the jets, printing and parsing again must not change a bit, and what the compiler
//! makes of the program is compared with the jets.
//!
//! `ORACLE_PROGRAMS` (2000) says how many programs, `ORACLE_SEED` (1) which ones, and `ORACLE_ONLY=17` checks only
//! number 17. `cargo test -p chainrule-compiler --test oracle -- --nocapture` prints what was covered.

mod check;
mod compiled;
mod dual;
mod emitted;
mod generate;
#[cfg(test)]
mod interpreter_tests;
mod numeric;
mod report;

use report::Report;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn random_programs() {
    let seed = setting("ORACLE_SEED", 1);
    let only = std::env::var("ORACLE_ONLY").ok().and_then(|text| text.parse::<u64>().ok());
    let numbers = only.map_or(0..setting("ORACLE_PROGRAMS", 2000), |number| number..number + 1);
    let mut report = Report::default();
    let mut failures = 0;
    let mut batch = emitted::Batch::default();
    for number in numbers.clone() {
        let program = generate::program(seed, number);
        if only.is_some() {
            println!("{}", check::describe(&program));
        }
        let checked = check::check(&program, &mut report).and_then(|()| batch.add(&program, &mut report));
        match checked {
            Ok(()) => report.count(&program),
            Err(message) => {
                failures += 1;
                println!("{}\n{message}\n", check::describe(&program));
            }
        }
        assert!(failures < 10, "ten failures are enough");
    }
    if let Err(message) = batch.finish() {
        failures += 1;
        println!("{message}");
    }
    println!("{report}");
    assert_eq!(failures, 0, "rerun one with ORACLE_SEED={seed} ORACLE_ONLY=<number>");
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
