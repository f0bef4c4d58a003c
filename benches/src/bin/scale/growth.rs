//! Wide and long formulas through every step of the compiler: none of them may grow faster than the formula.

use std::fmt::Write;

use chainrule_compiler::derive::{Request, derive};
use chainrule_compiler::emit::{Origin, emit_function};
use chainrule_compiler::lower::lower;
use chainrule_compiler::parse::parse_module;
use chainrule_compiler::print::Style;
use chainrule_compiler::resolve::resolve;
use proc_macro2::Span;
use quote::quote;

use crate::measure::{Measured, Watch};

/// Name, measurement, full size, and how much dearer a unit may be there than at a quarter of it.
type Shape = (&'static str, fn(usize) -> Result<Measured, String>, usize, f64);

/// Known to be quadratic: the time is, the graph is not. Four times the size costs four times as much per unit, and
/// some more where the caches end.
const QUADRATIC: f64 = 6.0;

pub const SHAPES: &[Shape] = &[
    ("grows: lets", |size| measure(&lets(size)), 40_000, 2.0),
    ("grows: terms of a sum", |size| measure(&sum(size)), 40_000, 2.0),
    ("grows: factors of a product", |size| measure(&product(size)), 40_000, 2.0),
    ("grows: parameters", |size| measure(&parameters(size)), 10_000, 2.0),
    ("grows: names in wrt", |size| measure(&wrt(size)), 10_000, 2.0),
    ("grows: branches", |size| measure(&branches(size)), 10_000, 2.0),
    ("grows: elements of a vector", |size| measure(&vector(size)), 1_000, 2.0),
    ("grows: functions", |size| measure(&functions(size)), 2_000, QUADRATIC),
];

fn lets(size: usize) -> String {
    let mut text = "fn f(x) {\nlet v0 = sin(x);\n".to_owned();
    for place in 1..size {
        let _ = writeln!(text, "let v{place} = sin(v{})*x;", place - 1);
    }
    format!("{text}v{} }}", size - 1)
}

fn joined(size: usize, separator: &str, one: impl Fn(usize) -> String) -> String {
    (0..size).map(one).collect::<Vec<_>>().join(separator)
}

fn sum(size: usize) -> String {
    format!("fn f(x) = {};", joined(size, " + ", |place| format!("sin({place}*x)")))
}

fn product(size: usize) -> String {
    format!("fn f(x) = {};", joined(size, "*", |place| format!("(x + {place})")))
}

fn parameters(size: usize) -> String {
    let names = joined(size, ", ", |place| format!("x{place}"));
    format!("fn f({names}) = {};", joined(size, " + ", |place| format!("x{place}**2")))
}

fn wrt(size: usize) -> String {
    let names = joined(size, ", ", |place| format!("x{place}"));
    format!("fn f({names}) wrt({names}) = {};", joined(size, " + ", |place| format!("x{place}**2")))
}

fn branches(size: usize) -> String {
    let mut text = "fn f(x) {\nlet v0 = x;\n".to_owned();
    for place in 1..size {
        let before = place - 1;
        let _ = writeln!(text, "let v{place} = if v{before} > {place} {{ sin(v{before}) }} else {{ v{before}*x }};");
    }
    format!("{text}v{} }}", size - 1)
}

fn vector(size: usize) -> String {
    format!("fn f(x) {{ let v = [{}]; sum(v**2) }}", joined(size, ", ", |place| format!("sin({place}*x)")))
}

/// Each function calls the one before it twice. All that come before a function are inlined in it: that is quadratic.
fn functions(size: usize) -> String {
    let mut text = "fn f0(x) = x;\n".to_owned();
    for place in 1..size {
        let _ = writeln!(text, "fn f{place}(x) = f{0}(x)*f{0}(x);", place - 1);
    }
    text
}

fn measure(text: &str) -> Result<Measured, String> {
    let mut watch = Watch::default();
    let module = watch.time("parse", || parse_module(text)).map_err(|errors| format!("{:?}", errors.first()))?;
    let functions =
        watch.time("resolve", || resolve(&module, text)).map_err(|errors| format!("{:?}", errors.first()))?;
    let function = functions.into_iter().last().ok_or("no function")?;
    let again = function.clone();
    let request = Request { order: 1, ..Request::default() };
    let derived = watch.time("derive", || derive(function, &request)).map_err(|error| error.to_string())?;
    watch.time("lower", || lower(&derived.function.graph, &derived.wanted()));
    watch.time("print", || {
        let name = |derived: &chainrule_compiler::derive::Derived, entry: &chainrule_compiler::derive::Entry| {
            format!("d{}", derived.function.parameters[entry.wrt[0]].name)
        };
        let listing = derived.listing(Style::Language, name);
        derived.operations(&listing)
    });
    let origin = Origin { facade: quote!(::chainrule), spans: &|_| Span::call_site() };
    // A formula that is too long for rustc is refused: that must be fast too.
    let _ = watch.time("emit", || emit_function(again, &origin));
    Ok(Measured::new(watch, derived.function.graph.len()))
}
