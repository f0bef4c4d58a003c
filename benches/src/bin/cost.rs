//! What deriving costs a user's build: in the profile in which macros run, which is without optimisation.
//!
//! `cargo run --manifest-path benches/Cargo.toml --bin cost` measures every definition of `docs/CLOSED_FORMS.md`, the prelude's
//! `gelu`, for which no short form exists, and a formula of 1 000 nodes, and fails where one takes longer than its goal.

use std::process::ExitCode;
use std::time::Instant;

use chainrule_compiler::derive::{Request, derive};
use chainrule_compiler::parse::parse_formula;
use chainrule_compiler::resolve::{Function, resolve};

const TABLE: &str = include_str!("../../../docs/CLOSED_FORMS.md");
/// Goals in milliseconds.
const FORM: f64 = 20.0;
const LARGE: f64 = 1_000.0;
/// The quickest of so many runs counts: the machine may be doing something else.
const RUNS: usize = 5;

fn main() -> ExitCode {
    let mut missed = false;
    let forms = definitions().into_iter().map(|(name, text)| (name, text, FORM));
    let gelu = [("gelu", "fn f(x) = gelu(x);"), ("gelu by tanh", "fn f(x) = gelu_tanh(x);")];
    let others = gelu.map(|(name, text)| (name.to_owned(), text.to_owned(), FORM));
    let large = ("1 000 nodes".to_owned(), large(), LARGE);
    for (name, text, goal) in forms.chain(others).chain([large]) {
        match milliseconds(&text) {
            Ok(time) => {
                let mark = if time > goal { "too long" } else { "" };
                println!("{time:9.1} ms  {name}  {mark}");
                missed |= time > goal;
            }
            Err(message) => {
                println!("{name}: {message}");
                missed = true;
            }
        }
    }
    if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Names and definitions of the table.
fn definitions() -> Vec<(String, String)> {
    let row = |line: &str| {
        let mut cells = line.trim_matches('|').split(" | ").map(str::trim);
        let (name, definition) = (cells.next()?, cells.next()?);
        let definition = definition.strip_prefix('`')?.strip_suffix('`')?.replace("\\|", "|");
        let end = if definition.ends_with('}') { "" } else { ";" };
        Some((name.to_owned(), format!("fn f{definition}{end}")))
    };
    TABLE.lines().filter(|line| line.starts_with("| ") && line.contains('`')).filter_map(row).collect()
}

/// A straight line of 1 000 different operations.
fn large() -> String {
    let mut text = String::from("fn f(x, z) {\nlet v0 = x * z;\nlet v1 = x - z;\n");
    for place in 2..500 {
        let (a, b) = (place - 1, place - 2);
        let line = match place % 3 {
            0 => format!("let v{place} = sin(v{a}) * v{b};\n"),
            1 => format!("let v{place} = v{a} / (1 + v{b}**2);\n"),
            _ => format!("let v{place} = v{a} * {place} + v{b};\n"),
        };
        text.push_str(&line);
    }
    text + "v499\n}"
}

fn resolved(text: &str) -> Result<Function, String> {
    let module = parse_formula(text, &[]).map_err(|errors| format!("{errors:?}"))?;
    let functions = resolve(&module, text).map_err(|errors| format!("{errors:?}"))?;
    functions.into_iter().next_back().ok_or_else(|| "no function".into())
}

/// The shortest time of a derivation with its closed form.
fn milliseconds(text: &str) -> Result<f64, String> {
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let function = resolved(text)?;
        let array = function.outputs.iter().any(|output| !output.axes.is_empty());
        let upstream = array.then(|| "upstream_cotangent".to_owned());
        let request = Request { order: 1, upstream, ..Request::default() };
        let start = Instant::now();
        let derived = derive(function, &request).map_err(|error| error.to_string())?;
        best = best.min(start.elapsed().as_secs_f64() * 1e3);
        drop(derived);
    }
    Ok(best)
}
