//! The values of a formula's inputs: from `--at`, from a JSON file, or from a line of JSON.

use chainrule_compiler::diagnostic::{Code, Diagnostic};
use chainrule_compiler::evaluate::{EvaluateError, Tensor};
use chainrule_compiler::lower::Input;
use serde_json::{Map, Value};

use super::arguments::At;
use super::failure::Failure;
use super::formula::file;
use super::json;

/// Values by the names of inputs.
pub type Point = Map<String, Value>;

/// What `--at` or `--at-json` says; `None` if neither is there.
pub fn point(at: &At) -> Result<Option<Point>, Failure> {
    if let Some(path) = &at.at_json {
        let text = file(path)?;
        let value = serde_json::from_str(&text)
            .map_err(|error| Failure::usage(format!("`{path}` is not JSON: {error}")).with_help(FLOATS))?;
        return match value {
            Value::Object(point) => Ok(Some(point)),
            _ => Err(Failure::usage(format!("`{path}` is not a JSON object")).with_help(OBJECT)),
        };
    }
    if at.at.is_empty() {
        return Ok(None);
    }
    let mut point = Point::new();
    for piece in at.at.iter().flat_map(|text| pieces(text)) {
        let (name, value) = binding(piece)?;
        if point.insert(name.clone(), value).is_some() {
            return Err(Failure::usage(format!("the value of `{name}` is given twice")));
        }
    }
    Ok(Some(point))
}

const OBJECT: &str = "write an object from names to values: {\"x\": 1, \"y\": [2, 3]}";
const FLOATS: &str = "numbers that JSON lacks are the strings \"NaN\", \"inf\" and \"-inf\"";

/// What stands between the commas that are in no brackets.
fn pieces(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let outside = |c: char| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    };
    text.split(outside).filter(|piece| !piece.trim().is_empty()).collect()
}

fn binding(piece: &str) -> Result<(String, Value), Failure> {
    let Some((name, text)) = piece.split_once('=') else {
        return Err(Failure::usage(format!("`{}` is not of the form `name=value`", piece.trim())));
    };
    let (name, text) = (name.trim(), text.trim());
    match value(text) {
        Some(value) => Ok((name.to_owned(), value)),
        None => Err(Failure::usage(format!("`{text}` is not a value for `{name}`"))
            .with_help("write a number such as `-0.5`, `1e-3`, `inf`, `NaN`, or an array such as `[1, 2]`")),
    }
}

/// A number, or numbers between brackets: each number is brought to the form that JSON has for it.
fn value(text: &str) -> Option<Value> {
    let mut rewritten = String::new();
    for piece in text.split_inclusive(['[', ']', ',']) {
        let bare = piece.trim_end_matches(['[', ']', ',']);
        if !bare.trim().is_empty() {
            let number: f64 = bare.trim().parse().ok()?;
            rewritten.push_str(&json::number(number).to_string());
        }
        rewritten.push_str(&piece[bare.len()..]);
    }
    serde_json::from_str(&rewritten).ok()
}

/// What stands on one line of a file of points.
pub fn from_line(line: &[u8]) -> Result<Point, Diagnostic> {
    match serde_json::from_slice(line) {
        Ok(Value::Object(point)) => Ok(point),
        Ok(_) => Err(usage("this line is not a JSON object").with_help(OBJECT)),
        Err(error) => Err(usage(format!("this line is not JSON: {error}")).with_help(FLOATS)),
    }
}

/// The inputs of a formula at a point, in order.
pub fn inputs(point: &Point, stated: &[Input]) -> Result<Vec<Tensor>, Diagnostic> {
    let all = || {
        let names: Vec<String> = stated.iter().map(|input| format!("`{}`", input.name)).collect();
        if names.is_empty() { "the formula has no inputs".into() } else { format!("the inputs: {}", names.join(", ")) }
    };
    let missing = stated.iter().filter(|input| !point.contains_key(&input.name));
    let missing: Vec<String> = missing.map(|input| format!("`{}`", input.name)).collect();
    if !missing.is_empty() {
        let noun = if missing.len() == 1 { "input" } else { "inputs" };
        return Err(usage(format!("no value is given for the {noun} {}", missing.join(", "))).with_help(all()));
    }
    if point.len() > stated.len() {
        let extra = point.keys().filter(|name| stated.iter().all(|input| input.name != **name));
        let extra: Vec<String> = extra.map(|name| format!("`{name}`")).collect();
        let verb = if extra.len() == 1 { "is no input" } else { "are no inputs" };
        return Err(usage(format!("{} {verb} of the formula", extra.join(", "))).with_help(all()));
    }
    let tensors = stated.iter().map(|input| {
        let value = point.get(&input.name).unwrap_or(&Value::Null);
        tensor(value).map_err(|(message, help)| Diagnostic {
            help: Some(help.to_owned()),
            ..usage(format!("the value of `{}` {message}", input.name))
        })
    });
    tensors.collect()
}

/// A value from JSON: a number, one of the three strings, or nested arrays of equal lengths.
fn tensor(value: &Value) -> Result<Tensor, (&'static str, &'static str)> {
    let mut shape = Vec::new();
    let mut first = value;
    while let Value::Array(elements) = first {
        shape.push(elements.len());
        let Some(element) = elements.first() else { break };
        first = element;
    }
    let mut level = vec![value];
    for size in &shape {
        let mut next = Vec::with_capacity(level.len() * size);
        for value in level {
            match value {
                Value::Array(elements) if elements.len() == *size => next.extend(elements),
                _ => return Err(("has rows of different lengths", "an array's rows are all of one length")),
            }
        }
        level = next;
    }
    let data = level.into_iter().map(number).collect::<Option<Vec<f64>>>();
    Ok(Tensor { shape, data: data.ok_or(("is neither a number nor nested arrays of numbers", FLOATS))? })
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "inf" => Some(f64::INFINITY),
            "-inf" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

fn usage(message: impl Into<String>) -> Diagnostic {
    Diagnostic { code: Code::Usage, message: message.into(), spans: Vec::new(), help: None }
}

/// Why a program did not run at a point.
pub fn fault(error: &EvaluateError) -> Diagnostic {
    let code = if *error == EvaluateError::TooLarge { Code::TooLarge } else { Code::Usage };
    Diagnostic { code, ..usage(error.to_string()) }
}
