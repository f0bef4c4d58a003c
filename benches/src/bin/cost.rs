//! What deriving costs a user's build: in the profile in which macros run, which is without optimisation.
//!
//! `cargo run --manifest-path benches/Cargo.toml --bin cost` measures every definition of `docs/CLOSED_FORMS.md` at first and,
//! where the output is a scalar, at second order, the prelude's `gelu`, for which no short form exists, a perceptron, and a
//! formula of 1 000 nodes; behind each, what the search for trustworthy forms takes (`stabilise`). It fails where both
//! together take longer than their goal at first order, or a row cannot be derived; second orders that take longer than the
//! goal of first ones are only marked. A word selects rows.

use std::process::ExitCode;
use std::time::Instant;

use chainrule_compiler::derive::{Request, derive};
use chainrule_compiler::parse::parse_formula;
use chainrule_compiler::resolve::{Function, resolve};

const TABLE: &str = include_str!("../../../docs/CLOSED_FORMS.md");
/// Goals in milliseconds.
const FORM: f64 = 20.0;
const LAYERS: f64 = 40.0;
const LARGE: f64 = 1_000.0;
/// The quickest of so many runs counts: the machine may be doing something else.
const RUNS: usize = 7;

/// What is measured.
struct Row {
    name: String,
    text: String,
    goal: f64,
    orders: &'static [u8],
}

fn main() -> ExitCode {
    let word = std::env::args().nth(1).unwrap_or_default();
    let mut missed: usize = 0;
    let mut rows = match definitions() {
        Ok(rows) => rows,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::FAILURE;
        }
    };
    let row = |name: &str, text: &str| Row { name: name.into(), text: text.into(), goal: FORM, orders: &[1, 2] };
    rows.push(row("gelu", "fn f(x) = gelu(x);"));
    rows.push(row("gelu by tanh", "fn f(x) = gelu_tanh(x);"));
    rows.push(Row { goal: LAYERS, orders: &[1], ..row("perceptron", PERCEPTRON) });
    rows.push(Row { goal: LARGE, orders: &[1], ..row("1 000 nodes", &large()) });
    println!("{:>20}{:>20}", "order 1", "order 2");
    for row in rows.iter().filter(|row| row.name.contains(&word)) {
        let (mut line, mut marks) = (String::new(), String::new());
        for order in row.orders {
            match milliseconds(&row.text, *order) {
                Ok(None) => line.push_str(&format!("{:>20}", "")),
                Ok(Some([time, numbers])) => {
                    line.push_str(&format!("{time:8.1} ms {:>8}", format!("+ {numbers:.1}")));
                    if time + numbers > row.goal {
                        marks.push_str(&format!("  too long at order {order}"));
                        missed += usize::from(*order == 1);
                    }
                }
                Err(message) => {
                    marks.push_str(&format!("  {message}"));
                    missed += 1;
                }
            }
        }
        println!("{line:<40}  {}{marks}", row.name);
    }
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Names and definitions of the table; an error if one of its rows is not understood.
fn definitions() -> Result<Vec<Row>, String> {
    let row = |line: &str| {
        let mut cells = line.trim_matches('|').split(" | ").map(str::trim);
        let (name, definition) = (cells.next()?, cells.next()?);
        let definition = definition.strip_prefix('`')?.strip_suffix('`')?.replace("\\|", "|");
        let text = format!("fn f{definition}{}", if is_expression(&definition) { ";" } else { "" });
        Some(Row { name: name.to_owned(), text, goal: FORM, orders: &[1, 2] })
    };
    let lines = TABLE.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    lines.map(|line| row(line).ok_or_else(|| format!("this row has no definition: {line}"))).collect()
}

/// Whether a function's body is an expression behind `=`: that stands outside of all delimiters.
fn is_expression(definition: &str) -> bool {
    let mut depth = 0;
    let outside = |char: char| {
        match char {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 { char } else { '.' }
    };
    definition.chars().map(outside).collect::<String>().contains(" = ")
}

const PERCEPTRON: &str = "fn f(x: [N, 784], w1: [784, 50], b1: [50], w2: [50, 10], b2: [10], t: [N, 10])
    wrt(w1, b1, w2, b2) where sum(t, axis = 1) == 1 {
    let h = relu(x @ w1 + b1);
    let y = softmax(h @ w2 + b2);
    -sum(t * log(y)) / N
}";

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

/// The shortest times of a derivation with its closed form, and of the search for trustworthy forms after it; `None` for the
/// second order of an array.
fn milliseconds(text: &str, order: u8) -> Result<Option<[f64; 2]>, String> {
    let mut best = [f64::INFINITY; 2];
    for _ in 0..RUNS {
        let function = resolved(text)?;
        let array = function.outputs.iter().any(|output| !output.axes.is_empty());
        if array && order > 1 {
            return Ok(None);
        }
        let upstream = array.then(|| "upstream_cotangent".to_owned());
        let request = Request { order, upstream, ..Request::default() };
        let start = Clock::now();
        let mut derived = derive(function, &request).map_err(|error| error.to_string())?;
        best[0] = best[0].min(start.milliseconds());
        let start = Clock::now();
        derived.stabilise().map_err(|error| error.to_string())?;
        best[1] = best[1].min(start.milliseconds());
    }
    Ok(Some(best))
}

/// The time that this thread computes, where the system tells; else the time that passes.
struct Clock {
    wall: Instant,
    computed: Option<u64>,
}

impl Clock {
    fn now() -> Self {
        Self { wall: Instant::now(), computed: computed() }
    }

    fn milliseconds(&self) -> f64 {
        let wall = self.wall.elapsed().as_secs_f64() * 1e3;
        match (self.computed, computed()) {
            (Some(start), Some(end)) => (end - start) as f64 / 1e6,
            _ => wall,
        }
    }
}

/// Nanoseconds that this thread has computed, as Linux counts them.
fn computed() -> Option<u64> {
    // Where a thread gives way, its time is brought up to date.
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok()
}
