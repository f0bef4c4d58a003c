//! What can be said about a module without resolving a formula: names that clash.

use std::collections::{HashMap, HashSet};

use super::signature::{float, is_integer, is_reserved};
use super::suggest::did_you_mean;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::syntax::{DimensionKind, Function, Module, Name, Parameter, ResultType, Type};

/// Every mistake in the names of a module.
pub(super) fn module(module: &Module) -> Diagnostics {
    let mut errors = Vec::new();
    let functions = module.functions.iter().map(|function| &function.name);
    let names: Vec<&Name> = module.constants.iter().map(|constant| &constant.name).chain(functions).collect();
    let what = if module.constants.is_empty() { "functions" } else { "functions or constants" };
    distinct(&names, what, &mut errors);
    for name in names {
        reserved(name, "function or constant", &mut errors);
    }
    for attribute in module.constants.iter().flat_map(|constant| &constant.attributes) {
        if attribute.path.text != "doc" {
            let message = format!("a constant takes no attribute, and this is `{}`", attribute.path.text);
            let error = Diagnostic::new(Code::Attribute, attribute.path.span, message);
            errors.push(error.with_help("a constant is no item of the emitted Rust: give the attribute to functions"));
        }
    }
    for ty in module.constants.iter().filter_map(|constant| constant.ty.as_ref()) {
        if !ty.shape.is_empty() || ty.any_shape {
            errors.push(Diagnostic::new(Code::Shape, ty.span, "a constant is a scalar"));
        } else if let Some(Err(error)) = ty.element.as_ref().map(float) {
            errors.push(error);
        }
    }
    for function in &module.functions {
        signature(function, &mut errors);
    }
    errors
}

fn signature(function: &Function, errors: &mut Diagnostics) {
    let names: Vec<&Name> = function.parameters.iter().map(|parameter| &parameter.name).collect();
    distinct(&names, "parameters", errors);
    for name in &names {
        reserved(name, "parameter", errors);
    }
    outputs(function, errors);
    let mut reported = false;
    for dimension in types(function).flat_map(|ty| &ty.shape) {
        let DimensionKind::Name(text) = &dimension.kind else { continue };
        if is_reserved(text) && !reported {
            reserved(&Name { text: text.clone(), span: dimension.span }, "dimension", errors);
            reported = true;
        }
        if let Some(name) = names.iter().find(|name| name.text == *text) {
            let message = format!("`{text}` is a dimension, and a parameter has the same name");
            let error = Diagnostic::new(Code::DuplicateName, name.span, message).with_span(dimension.span);
            errors.push(error.with_help("a dimension's name is a number in the formula: rename one of the two"));
            break;
        }
    }
    let known: HashSet<&str> = names.iter().map(|name| name.text.as_str()).collect();
    for name in function.wrt.iter().flatten() {
        let own = function.parameters.iter().find(|parameter| parameter.name.text == name.text);
        if own.is_some_and(is_integer) {
            let message = format!("`{}` is an integer: it has no derivative", name.text);
            errors.push(Diagnostic::new(Code::Wrt, name.span, message));
        }
        if !known.contains(name.text.as_str()) {
            let message = format!("`{}` is no parameter of `{}`", name.text, function.name.text);
            let mut error = Diagnostic::new(Code::Wrt, name.span, message);
            error.help = did_you_mean(&name.text, names.iter().map(|name| name.text.as_str())).or_else(|| {
                let all: Vec<String> = names.iter().map(|name| format!("`{}`", name.text)).collect();
                (!all.is_empty()).then(|| format!("the parameters are {}", all.join(", ")))
            });
            errors.push(error);
        }
    }
    distinct(&function.wrt.iter().flatten().collect::<Vec<_>>(), "names in `wrt`", errors);
}

/// An output is a value like others, under a name of its own.
fn outputs(function: &Function, errors: &mut Diagnostics) {
    let Some(ResultType::Named(outputs)) = &function.result else { return };
    distinct(&outputs.iter().map(|output| &output.name).collect::<Vec<_>>(), "outputs", errors);
    for output in outputs {
        reserved(&output.name, "output", errors);
        if let Some(same) = function.parameters.iter().find(|parameter| parameter.name.text == output.name.text) {
            let message = format!("an output and a parameter are named `{}`", output.name.text);
            let error = Diagnostic::new(Code::DuplicateName, output.name.span, message);
            errors.push(error.with_span(same.name.span).with_help("choose another name for the output"));
        }
    }
}

/// All types that a function states.
pub(super) fn types(function: &Function) -> impl Iterator<Item = &Type> {
    let named: &[Parameter] = match &function.result {
        Some(ResultType::Named(outputs)) => outputs,
        _ => &[],
    };
    let result = match &function.result {
        Some(ResultType::Type(ty)) => Some(ty),
        _ => None,
    };
    function.parameters.iter().chain(named).filter_map(|parameter| parameter.ty.as_ref()).chain(result)
}

fn distinct(names: &[&Name], what: &str, errors: &mut Diagnostics) {
    let mut seen: HashMap<&str, &Name> = HashMap::new();
    for name in names {
        if let Some(first) = seen.insert(&name.text, name) {
            let message = format!("two {what} are named `{}`", name.text);
            errors.push(Diagnostic::new(Code::DuplicateName, name.span, message).with_span(first.span));
        }
    }
}

/// Refuses a name that the language already uses.
pub(super) fn reserved(name: &Name, what: &str, errors: &mut Diagnostics) {
    if is_reserved(&name.text) {
        let message = format!("`{}` is an operator of the language", name.text);
        let help = format!("choose another name for this {what}");
        errors.push(Diagnostic::new(Code::ReservedName, name.span, message).with_help(help));
    }
}
