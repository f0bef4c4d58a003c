//! Whether the compiler's cost stays linear in the size of what it is given, and small enough.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml --bin scale [-- WORD]
//! ```
//! prints one line for each measurement (those whose name contains WORD) and exits with status 1 if a goal is missed.
//! Goals in seconds hold in release builds. Every measurement runs in a process of its own, a few times, and the best
//! counts: so that a peak of memory is its own, and that a stack overflow is a missed goal and not the end.

mod builder;
mod cases;
mod growth;
mod layers;
mod measure;
mod text;

use std::process::{Command, ExitCode};

use cases::{Case, Size, cases};
use measure::Measured;

/// Small enough that anything that recurses over a formula overflows it.
const STACK: usize = 2 << 20;

/// How often a measurement is repeated.
const REPEATS: usize = 3;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, name, size] = arguments.as_slice()
        && flag == "--measure"
    {
        return child(name, size);
    }
    let word = arguments.first().map_or("", String::as_str);
    println!("{}, {}\n", cpu(), if cfg!(debug_assertions) { "debug" } else { "release" });
    println!("{:<34} {:>9} {:>10} {:>9} {:>8}  goals", "measurement", "size", "ms", "nodes", "MB");
    let missed: usize = cases().iter().filter(|case| case.name.contains(word)).map(report).sum();
    println!();
    if missed == 0 {
        println!("every goal is met");
        return ExitCode::SUCCESS;
    }
    println!("{missed} goals missed");
    ExitCode::FAILURE
}

/// The processor, as Linux names it.
fn cpu() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or_else(|| "unknown CPU".into(), |(_, model)| model.trim().into())
}

/// Runs one measurement and prints what came out for the process that asked.
fn child(name: &str, size: &str) -> ExitCode {
    let (Some(case), Ok(size)) = (cases().into_iter().find(|case| case.name == name), size.parse()) else {
        eprintln!("no measurement `{name}` of size `{size}`");
        return ExitCode::FAILURE;
    };
    let run = move || (case.run)(size);
    match std::thread::Builder::new().stack_size(STACK).spawn(run).map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(measured))) => {
            println!("{}", measured.line());
            ExitCode::SUCCESS
        }
        Ok(Ok(Err(message))) => {
            eprintln!("{name}: {message}");
            ExitCode::FAILURE
        }
        _ => ExitCode::FAILURE,
    }
}

/// The best of several runs, each in a process of its own; `None` if one of them failed.
fn measured(name: &str, size: usize) -> Option<Measured> {
    let program = std::env::current_exe().ok()?;
    let run = || {
        let output = Command::new(&program).args(["--measure", name, &size.to_string()]).output().ok()?;
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        Measured::read(&String::from_utf8_lossy(&output.stdout)).filter(|_| output.status.success())
    };
    (0..REPEATS).map(|_| run()).reduce(|best, next| Some(best?.best(next?)))?
}

/// Prints a case, small size and full size; gives how many goals it misses.
fn report(case: &Case) -> usize {
    let small = measured(case.name, case.small.size);
    let full = measured(case.name, case.full.size);
    let mut missed = 0;
    for (size, measured, linear) in [(&case.small, &small, None), (&case.full, &full, small.as_ref())] {
        let Some(measured) = measured else {
            println!("{:<34} {:>9} failed", case.name, size.size);
            missed += 1;
            continue;
        };
        let goals = goals(case, size, measured, linear);
        let texts: Vec<String> = goals.iter().map(|(text, met)| format!("{text}{}", mark(*met))).collect();
        missed += goals.iter().filter(|(_, met)| !met).count();
        let memory = measured.peak_kib.map_or_else(|| "?".into(), |peak| (peak * 1024 / 1_000_000).to_string());
        let (milliseconds, nodes) = (measured.milliseconds, measured.nodes);
        let (name, size, texts) = (case.name, size.size, texts.join(", "));
        println!("{name:<34} {size:>9} {milliseconds:>10.2} {nodes:>9} {memory:>8}  {texts}");
        for (step, milliseconds) in &measured.steps {
            println!("{:<34} {:>9} {milliseconds:>10.2}", format!("    {step}"), "");
        }
    }
    missed
}

fn mark(met: bool) -> &'static str {
    if met { "" } else { " MISSED" }
}

/// What is asked of a size, and whether it is met.
fn goals(case: &Case, size: &Size, measured: &Measured, smaller: Option<&Measured>) -> Vec<(String, bool)> {
    let mut goals = Vec::new();
    if let Some(most) = size.milliseconds.filter(|_| !cfg!(debug_assertions)) {
        goals.push((format!("<= {most} ms"), measured.milliseconds <= most));
    }
    if let (Some(most), Some(peak)) = (size.megabytes, measured.peak_kib) {
        goals.push((format!("<= {most} MB"), peak * 1024 <= most * 1_000_000));
    }
    let Some(smaller) = smaller else { return goals };
    let times = case.full.size as f64 / case.small.size as f64;
    let nodes = measured.nodes as f64 / smaller.nodes as f64;
    goals.push((format!("nodes x{nodes:.2} <= x{:.2}", times * 1.15), nodes <= times * 1.15));
    for (step, milliseconds, before) in measured.compared(smaller) {
        let ratio = milliseconds / before / times;
        let most = if step == "time" { case.most_per_unit } else { case.most_per_unit * 1.25 };
        goals.push((format!("{step} x{ratio:.2} <= x{most:.1} per unit"), ratio <= most));
    }
    goals
}
