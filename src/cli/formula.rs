//! From what the command line says to one resolved function.

use std::fs;
use std::io::{self, Read};

use chainrule_compiler::diagnostic::Diagnostics;
use chainrule_compiler::emit::check_attributes;
use chainrule_compiler::parse::parse_formula;
use chainrule_compiler::resolve::{Function, resolve};
use chainrule_compiler::syntax::DimensionKind;

use super::arguments::Subject;
use super::failure::{Failure, Report};

/// A formula's text and where it comes from.
pub struct Source {
    path: Option<String>,
    /// The text.
    pub text: String,
    /// The shapes that the command line gives to an expression's inputs.
    pub shapes: Vec<(String, Vec<DimensionKind>)>,
}

impl Source {
    /// Tells what does not keep a command from its work, with the text that the places are in.
    pub fn warn(&self, report: &Report, warnings: &Diagnostics) {
        report.warnings(warnings, self.path.as_deref(), &self.text);
    }

    /// Gives mistakes the text that their places are in.
    pub fn failure(&self, diagnostics: Diagnostics) -> Failure {
        Failure { diagnostics, source: Some((self.path.clone(), self.text.clone())) }
    }
}

/// The function that the command line names, its warnings told.
pub fn function(subject: &Subject, report: &Report) -> Result<(Function, Source), Failure> {
    let (functions, source) = resolved(subject)?;
    let function = chosen(functions, subject.function.as_deref())?;
    source.warn(report, &function.warnings);
    Ok((function, source))
}

/// All functions of the text, their warnings told.
pub fn functions(subject: &Subject, report: &Report) -> Result<(Vec<Function>, Source), Failure> {
    let (functions, source) = resolved(subject)?;
    for function in &functions {
        source.warn(report, &function.warnings);
    }
    Ok((functions, source))
}

fn resolved(subject: &Subject) -> Result<(Vec<Function>, Source), Failure> {
    let mut source = source(&subject.formula)?;
    source.shapes = subject.shape.iter().map(|text| shape(text)).collect::<Result<Vec<_>, _>>()?;
    let module = parse_formula(&source.text, &source.shapes).map_err(|errors| source.failure(errors))?;
    let functions = resolve(&module, &source.text).map_err(|errors| source.failure(errors))?;
    let wrong: Diagnostics = functions.iter().filter_map(|function| check_attributes(function).err()).collect();
    if !wrong.is_empty() {
        return Err(source.failure(wrong));
    }
    Ok((functions, source))
}

/// The function of a name; without one, the last.
pub fn chosen(functions: Vec<Function>, name: Option<&str>) -> Result<Function, Failure> {
    let known: Vec<String> = functions.iter().map(|function| format!("`{}`", function.name)).collect();
    let wanted = |function: &Function| name.is_none_or(|name| function.name == name);
    functions.into_iter().rfind(wanted).ok_or_else(|| match name {
        Some(name) if !known.is_empty() => Failure::usage(format!("there is no function `{name}`"))
            .with_help(format!("the functions here: {}", known.join(", "))),
        _ => Failure::usage("there is no function here").with_help("write one: `fn f(x) = x**2;`"),
    })
}

fn source(argument: &str) -> Result<Source, Failure> {
    let (path, text) = match argument.strip_prefix('@') {
        Some(path) => (Some(path.to_owned()), file(path)?),
        None if argument == "-" => (None, file("-")?),
        None => (None, argument.to_owned()),
    };
    Ok(Source { path, text, shapes: Vec::new() })
}

/// A file's text; `-` is standard input.
pub fn file(path: &str) -> Result<String, Failure> {
    let bytes = if path == "-" {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    let place = if path == "-" { "standard input".to_owned() } else { format!("`{path}`") };
    let bytes = bytes.map_err(|error| Failure::usage(format!("{place} cannot be read: {error}")))?;
    String::from_utf8(bytes).map_err(|_| Failure::usage(format!("{place} is not UTF-8 text")))
}

/// `x=N,784`
fn shape(text: &str) -> Result<(String, Vec<DimensionKind>), Failure> {
    let wrong = || {
        Failure::usage(format!("`--shape {text}` is not a shape"))
            .with_help("write a name and its dimensions, numbers or names: `--shape x=N,784`")
    };
    let (name, dims) = text.split_once('=').ok_or_else(wrong)?;
    let name = name.trim();
    let dims = dims.trim();
    let dims = dims.strip_prefix('[').and_then(|dims| dims.strip_suffix(']')).unwrap_or(dims);
    if !is_name(name) {
        return Err(wrong());
    }
    if dims.trim().is_empty() {
        return Ok((name.to_owned(), Vec::new()));
    }
    let dims = dims.split(',').map(|dim| dimension(dim.trim()).ok_or_else(wrong));
    Ok((name.to_owned(), dims.collect::<Result<_, _>>()?))
}

fn dimension(text: &str) -> Option<DimensionKind> {
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return text.parse().ok().map(DimensionKind::Literal);
    }
    is_name(text).then(|| DimensionKind::Name(text.to_owned()))
}

fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next().is_some_and(|first| first.is_alphabetic() || first == '_');
    first && characters.all(|other| other.is_alphanumeric() || other == '_')
}
