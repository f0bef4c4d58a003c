//! Large sizes: what is said of arrays of size 784 is checked for arrays of any size.
//!
//! A certificate whose formulas never say the number itself says the same with a name in its place. If that is true for
//! every size, it is true for this one; and the points that are checked have small sizes. If it is not, or not known to be,
//! the certificate is checked as it stands.

use std::collections::BTreeSet;

use chainrule_compiler::diagnostic::Span;
use chainrule_compiler::parse::parse_formula;
use chainrule_compiler::syntax::{Dimension, DimensionKind, ResultType, Type};

use crate::cli::certificate::{Certificate, Size};

/// Smaller sizes stay.
const LEAST: u64 = 5;
/// A certificate with fewer numbers, over all its nodes, is checked as it stands.
const MANY: u64 = 20_000;
/// What an axis of a named size counts.
const NAMED: u64 = 3;

/// The certificate for any size, if the one at hand is large and can be said so.
pub fn general(certificate: &Certificate) -> Option<Certificate> {
    let size = |size: &Size| if let Size::Number(number) = size { *number } else { NAMED };
    let numbers = |shape: &Vec<Size>| shape.iter().map(size).fold(1, u64::saturating_mul);
    let all = certificate.nodes.iter().map(|node| numbers(&node.shape)).fold(0, u64::saturating_add);
    if all < MANY {
        return None;
    }
    let dimensions = dimensions(certificate)?;
    let beside = certificate.shapes.iter().flat_map(|(_, shape)| shape).map(size);
    let stated: BTreeSet<u64> = dimensions.iter().map(|(size, _)| *size).chain(beside).collect();
    let said = texts(certificate, &dimensions);
    let free = |size: &u64| said.iter().all(|text| !says(text, *size) && !text.contains(&name(*size)));
    let sizes: BTreeSet<u64> = stated.into_iter().filter(|size| *size >= LEAST).filter(free).collect();
    if sizes.is_empty() {
        return None;
    }
    let mut general = certificate.clone();
    for (size, span) in dimensions.into_iter().rev().filter(|(size, _)| sizes.contains(size)) {
        general.formula.replace_range(span.start as usize..span.end as usize, &name(size));
    }
    for size in shapes(&mut general).into_iter().flatten() {
        if let Size::Number(number) = size
            && sizes.contains(number)
        {
            *size = Size::Name(name(*number));
        }
    }
    general.digest = general.expected_digest();
    Some(general)
}

/// What a size is called.
fn name(size: u64) -> String {
    format!("size_{size}")
}

/// The literal sizes in the types of the formula, in order. An expression has none: its shapes stand beside it.
fn dimensions(certificate: &Certificate) -> Option<Vec<(u64, Span)>> {
    if !certificate.shapes.is_empty() {
        return Some(Vec::new());
    }
    let module = parse_formula(&certificate.formula, &[]).ok()?;
    let mut types: Vec<&Type> = Vec::new();
    for function in &module.functions {
        types.extend(function.parameters.iter().filter_map(|parameter| parameter.ty.as_ref()));
        match &function.result {
            Some(ResultType::Type(ty)) => types.push(ty),
            Some(ResultType::Named(outputs)) => types.extend(outputs.iter().filter_map(|output| output.ty.as_ref())),
            None => {}
        }
    }
    let literal = |dimension: &Dimension| match dimension.kind {
        DimensionKind::Literal(size) => Some((size, dimension.span)),
        DimensionKind::Name(_) => None,
    };
    let mut all: Vec<(u64, Span)> = types.into_iter().flat_map(|ty| &ty.shape).filter_map(literal).collect();
    all.sort_by_key(|(_, span)| span.start);
    Some(all)
}

/// Everything that the certificate says in the language, but for the sizes in types.
fn texts(certificate: &Certificate, dimensions: &[(u64, Span)]) -> Vec<String> {
    let mut formula = certificate.formula.clone();
    for (_, span) in dimensions.iter().rev() {
        formula.replace_range(span.start as usize..span.end as usize, "N");
    }
    let Certificate { facts, nodes, steps, lets, outputs, derivatives, .. } = certificate;
    let definitions = nodes.iter().chain(lets).map(|definition| &definition.formula);
    let steps = steps.iter().flat_map(|step| [&step.before, &step.after, &step.from, &step.to]);
    let outputs = outputs.iter().flat_map(|output| [&output.value, &output.formula]);
    let derivatives = derivatives.iter().flat_map(|entry| [&entry.chain_rule, &entry.closed, &entry.formula]);
    let facts = facts.iter().map(|fact| &fact.text);
    let texts = definitions.chain(steps).chain(outputs).chain(derivatives).chain(facts).cloned();
    texts.chain([formula]).collect()
}

/// Whether a text has a number of this value.
fn says(text: &str, size: u64) -> bool {
    let numbers = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
    let value = |word: &str| word.replace('_', "").trim_end_matches("f32").trim_end_matches("f64").parse::<f64>().ok();
    let number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    // A word that starts like a number and is none, such as `1..50`, may have it inside.
    let has = |word: &str| match value(word) {
        Some(value) => value == size as f64,
        None => word.contains(&size.to_string()),
    };
    numbers.filter(|word| number(word)).any(has)
}

/// All shapes in a certificate.
fn shapes(certificate: &mut Certificate) -> Vec<&mut Vec<Size>> {
    let Certificate { shapes, nodes, lets, outputs, derivatives, .. } = certificate;
    let beside = shapes.iter_mut().map(|(_, shape)| shape);
    let definitions = nodes.iter_mut().chain(lets).map(|definition| &mut definition.shape);
    let outputs = outputs.iter_mut().map(|output| &mut output.shape);
    let derivatives = derivatives.iter_mut().map(|entry| &mut entry.shape);
    beside.chain(definitions).chain(outputs).chain(derivatives).collect()
}
