//! The logistic map as text: from the text to the value and the gradient.

use std::fmt::Write;

use chainrule_compiler::derive::{Derived, Request, derive};
use chainrule_compiler::evaluate::{Tensor, evaluate};
use chainrule_compiler::lower::{Program, lower};
use chainrule_compiler::parse::{parse_expression, parse_module};
use chainrule_compiler::resolve::{Function, resolve};
use chainrule_compiler::syntax::Module;

use crate::measure::{Measured, Watch};

/// Where the map starts. Slopes grow by 2 a step on average: at 1000 steps they are still finite.
const START: f64 = 0.3;
const CHECKED: usize = 1_000;

pub fn function(steps: usize) -> Result<Measured, String> {
    measure(steps, function_text, |text| parse_module(text).map_err(|errors| format!("{:?}", errors.first())))
}

pub fn expression(steps: usize) -> Result<Measured, String> {
    measure(steps, lets, |text| parse_expression(text, &[]).map_err(|errors| format!("{:?}", errors.first())))
}

fn function_text(steps: usize) -> String {
    format!("fn f(l) {{\n{}\n}}", lets(steps))
}

fn lets(steps: usize) -> String {
    let mut text = String::new();
    for step in 1..=steps {
        let before = if step == 1 { "l".into() } else { format!("l{}", step - 1) };
        let _ = writeln!(text, "let l{step} = 4*{before}*(1 - {before});");
    }
    let _ = write!(text, "l{steps}");
    text
}

fn measure(
    steps: usize,
    write: fn(usize) -> String,
    parse: fn(&str) -> Result<Module, String>,
) -> Result<Measured, String> {
    check(&run(&write(CHECKED), parse)?.3, CHECKED)?;
    let (watch, derived, _, values) = run(&write(steps), parse)?;
    check(&values, steps)?;
    Ok(Measured::new(watch, derived.function.graph.len()))
}

fn run(
    text: &str,
    parse: fn(&str) -> Result<Module, String>,
) -> Result<(Watch, Derived, Program, Vec<Tensor>), String> {
    let mut watch = Watch::default();
    let module = watch.time("parse", || parse(text))?;
    let function = watch.time("resolve", || resolved(&module, text))?;
    let request = Request { order: 1, ..Request::default() };
    let derived = watch.time("derive", || derive(function, &request)).map_err(|error| error.to_string())?;
    let program = watch.time("lower", || lower(&derived.function.graph, &derived.wanted()));
    let values = watch.time("evaluate", || evaluate(&program, &[Tensor::scalar(START)]));
    Ok((watch, derived, program, values.map_err(|error| error.to_string())?))
}

pub fn resolved(module: &Module, text: &str) -> Result<Function, String> {
    let functions = resolve(module, text).map_err(|errors| format!("{:?}", errors.first()))?;
    functions.into_iter().last().ok_or_else(|| "no function".into())
}

/// The map and its slope in plain Rust: the value to the bit, the slope to rounding as long as it is finite.
pub fn logistic(start: f64, steps: usize) -> (f64, f64) {
    let (mut value, mut slope) = (start, 1.0);
    for _ in 0..steps {
        slope = 4.0 * slope * (1.0 - value) + 4.0 * value * -slope;
        value = 4.0 * value * (1.0 - value);
    }
    (value, slope)
}

fn check(found: &[Tensor], steps: usize) -> Result<(), String> {
    let (value, slope) = logistic(START, steps);
    let (found_value, found_slope) = (found[0].data[0], found[1].data[0]);
    if found_value.to_bits() != value.to_bits() {
        return Err(format!("the value after {steps} steps is {found_value}, not {value}"));
    }
    let agree = (found_slope - slope).abs() <= 1e-9 * slope.abs() || (!slope.is_finite() && !found_slope.is_finite());
    if agree && (steps > CHECKED || slope.is_finite()) {
        return Ok(());
    }
    Err(format!("the slope after {steps} steps is {found_slope}, not {slope}"))
}
