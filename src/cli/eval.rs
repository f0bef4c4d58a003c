//! `chainrule eval`: runs the lowered program at one point, or at each line of a file of points.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use chainrule_compiler::derive::{DerivativeKind, Derived, Request, derive};
use chainrule_compiler::diagnostic::Diagnostic;
use chainrule_compiler::evaluate::Tensor;
use chainrule_compiler::loops::{self, Contractions, Routine, fuse};
use chainrule_compiler::lower::lower;
use chainrule_compiler::print::rounded;
use serde_json::{Map, Value, json};

use super::arguments::{Eval, TextFormat};
use super::derive::left;
use super::facts::Facts;
use super::failure::{Failure, Report, diagnostic_json};
use super::formula::function;
use super::json::{tensor, to_ascii};
use super::{Done, point, write, written};

/// Runs the command.
pub fn eval(options: &Eval, report: &Report) -> Result<Done, Failure> {
    let (from_formula, at) = (&options.subject.formula, options.at.at_json.as_deref());
    if from_formula == "-" && [at, options.points.as_deref()].contains(&Some("-")) {
        return Err(Failure::usage("standard input cannot be both the formula and its points"));
    }
    let (function, source) = function(&options.subject, report)?;
    let scalar = function.outputs.iter().all(|output| output.axes.is_empty());
    let by_itself = scalar && function.parameters.iter().any(|parameter| parameter.wrt);
    let order = options.order.unwrap_or(u8::from(by_itself || (scalar && options.subject.wrt.is_some())));
    let request = Request { wrt: options.subject.wrt.clone(), order, ..Request::default() };
    let mut derived = derive(function, &request).map_err(|error| source.failure(vec![error]))?;
    derived.stabilise().map_err(|error| source.failure(vec![error]))?;
    let program = fuse(&lower(&derived.function.graph, &derived.wanted()), Contractions::Kernels);
    let mut facts = Facts::new(&derived.function);
    if let Some(path) = &options.points {
        let done = points(path, &derived, &program, &mut facts)?;
        source.warn(report, &facts.warnings(true));
        return Ok(done);
    }
    let point = point::point(&options.at)?.unwrap_or_default();
    let results = run(&program, &point).map_err(|error| Failure { diagnostics: vec![error], source: None })?;
    facts.try_at(&point);
    source.warn(report, &facts.warnings(false));
    match options.format {
        TextFormat::Json => write(&(to_ascii(&object(&derived, &results)) + "\n")),
        TextFormat::Text => write(&text(&derived, &results)),
    }
}

fn run(program: &Routine, point: &point::Point) -> Result<Vec<Tensor>, Diagnostic> {
    let inputs = point::inputs(point, &program.inputs)?;
    loops::run(program, &inputs).map_err(|error| point::fault(&error))
}

/// Streams a file of points; a line that cannot be evaluated does not stop the others.
fn points(path: &str, derived: &Derived, program: &Routine, facts: &mut Facts) -> Result<Done, Failure> {
    let unreadable = |error: io::Error| Failure::usage(format!("`{path}` cannot be read: {error}"));
    let input: Box<dyn Read> =
        if path == "-" { Box::new(io::stdin().lock()) } else { Box::new(File::open(path).map_err(unreadable)?) };
    let mut input = BufReader::with_capacity(1 << 16, input);
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let mut line = Vec::new();
    let mut done = Done::Well;
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line).map_err(unreadable)? == 0 {
            break;
        }
        let point = point::from_line(&line);
        match &point {
            Ok(point) => facts.try_at(point),
            Err(_) => facts.skip(),
        }
        let result = point.and_then(|point| run(program, &point));
        let object = match result {
            Ok(results) => object(derived, &results),
            Err(error) => {
                done = Done::Failed;
                json!({ "error": diagnostic_json(&error) })
            }
        };
        // Who writes a line and waits for the answer gets it.
        let waiting = input.buffer().is_empty();
        let result = writeln!(out, "{}", to_ascii(&object)).and_then(|()| if waiting { out.flush() } else { Ok(()) });
        if !written(result)? {
            return Ok(done);
        }
    }
    written(out.flush())?;
    Ok(done)
}

/// `{"value":..,"gradient":{..},"hessian":{"x":{"y":..}}}`; with several outputs, each of the three has their names.
fn object(derived: &Derived, results: &[Tensor]) -> Value {
    let several = derived.output_names.len() > 1;
    let mut object = Map::new();
    for (of, (name, value)) in derived.output_names.iter().zip(results).enumerate() {
        put(&mut object, "value", several.then_some(name), &[], tensor(value));
        let entries = derived.entries.iter().zip(&results[derived.output_names.len()..]);
        for (entry, value) in entries.filter(|(entry, _)| entry.of == of) {
            let inputs: Vec<&str> = entry.wrt.iter().map(|at| derived.function.parameters[*at].name.as_str()).collect();
            put(&mut object, entry.kind.name(), several.then_some(name), &inputs, tensor(value));
        }
    }
    Value::Object(object)
}

/// Puts a value at the end of a path of names.
fn put(object: &mut Map<String, Value>, kind: &str, output: Option<&String>, inputs: &[&str], value: Value) {
    let mut place = object.entry(kind).or_insert(Value::Null);
    for name in output.map(String::as_str).into_iter().chain(inputs.iter().copied()) {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[name];
    }
    *place = value;
}

fn text(derived: &Derived, results: &[Tensor]) -> String {
    let mut out = String::new();
    let values = results.iter().map(|result| result.text(rounded));
    let outputs = derived.output_names.iter().cloned();
    let derivatives = derived.entries.iter().map(|entry| {
        debug_assert_ne!(entry.kind, DerivativeKind::Pullback, "no upstream is given to `eval`");
        left(derived, entry, &[])
    });
    for (name, value) in outputs.chain(derivatives).zip(values) {
        out.push_str(&format!("{name} = {value}\n"));
    }
    out
}
