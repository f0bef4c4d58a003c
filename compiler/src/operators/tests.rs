//! The table's own tests: every row is held against what its operator computes, and a wrong row fails.

use super::template::translate;
use super::{ALL, Argument, Kind, Law, Notation, Operator, Parity, Range, Rounding, Row, Rust, Singularity, Template};
use crate::parse::parse_expression;
use crate::syntax::{BinaryOperator, Block, ExpressionId, ExpressionKind, Function};

/// What the names of a formula stand for.
struct Values<'a> {
    operands: &'a [f64],
    out: f64,
}

/// Parses a formula of the table.
fn parse(text: &str) -> Result<Function, String> {
    let mut module = parse_expression(text, &[]).map_err(|errors| format!("`{text}`: {}", errors[0]))?;
    Ok(module.functions.remove(0))
}

/// The value of an expression; truth values are 1 and 0.
fn evaluate(function: &Function, id: ExpressionId, values: &Values) -> Option<f64> {
    let value = |id: &ExpressionId| evaluate(function, *id, values);
    let block = |block: &Block| block.lets.is_empty().then(|| value(block.result.as_ref()?)).flatten();
    match &function.expressions.get(id).kind {
        ExpressionKind::Number(number) => Some(number.to_f64()),
        ExpressionKind::Name(name) => match name.as_str() {
            "out" => Some(values.out),
            "pi" => Some(std::f64::consts::PI),
            _ => values.operands.get(["a", "b", "c"].iter().position(|operand| operand == name)?).copied(),
        },
        ExpressionKind::Unary(operator, operand) => {
            Some((super::template::unary(*operator).row().evaluate)(&[value(operand)?]))
        }
        ExpressionKind::Binary(operator, left, right) => {
            Some((super::template::binary(*operator)?.row().evaluate)(&[value(left)?, value(right)?]))
        }
        ExpressionKind::Call(call) => {
            let arguments: Vec<f64> = call.arguments.iter().map(value).collect::<Option<_>>()?;
            let operator = Operator::called(&call.function.text)?;
            (operator.arity() == arguments.len()).then(|| (operator.row().evaluate)(&arguments))
        }
        ExpressionKind::If { branches, otherwise } => {
            for (condition, branch) in branches {
                if value(condition)? != 0.0 {
                    return block(branch);
                }
            }
            block(otherwise.as_ref()?)
        }
        _ => None,
    }
}

/// The value of a formula.
fn value_of(text: &str, values: &Values) -> Result<f64, String> {
    let function = parse(text)?;
    let result = function.body.result.and_then(|id| evaluate(&function, id, values));
    result.ok_or_else(|| format!("`{text}` has no value"))
}

/// The value of a translated formula.
fn run(template: &Template, values: &Values) -> f64 {
    let mut steps: Vec<f64> = Vec::new();
    let read = |argument: &Argument, steps: &[f64]| match argument {
        Argument::Operand(operand) => values.operands[usize::from(*operand)],
        Argument::Out => values.out,
        Argument::Number(number) => number.to_f64(),
        Argument::Step(step) => steps[usize::from(*step)],
    };
    for step in &template.steps {
        let arguments: Vec<f64> = step.arguments.iter().map(|argument| read(argument, &steps)).collect();
        steps.push((step.operator.row().evaluate)(&arguments));
    }
    read(&template.result, &steps)
}

fn close(left: f64, right: f64, tolerance: f64) -> bool {
    (left - right).abs() <= tolerance * left.abs().max(right.abs()).max(1.0)
}

/// Everything that is wrong with a row.
fn complaints(row: &Row) -> Vec<String> {
    let mut found = Vec::new();
    if !row.partials.is_empty() && row.partials.len() != row.operands.len() {
        found.push(format!("{} partials for {} operands", row.partials.len(), row.operands.len()));
        return found;
    }
    if row.samples.is_empty() || row.samples.iter().any(|sample| sample.len() != row.operands.len()) {
        found.push("samples do not fit the operands".to_owned());
        return found;
    }
    for sample in row.samples {
        let values = Values { operands: sample, out: (row.evaluate)(sample) };
        let checks = row.partials.iter().enumerate().map(|(operand, text)| check_partial(row, operand, text, &values));
        let identities = row.identities.iter().map(|text| check_identity(text, &values));
        let domain = check_domain(row.domain, &values);
        found.extend(checks.chain(identities).chain([domain]).filter_map(Result::err));
    }
    found.extend(check_columns(row));
    found
}

/// Numbers of many sizes: where a column says more than at the samples.
const SIZES: [f64; 12] = [1e-300, 1e-20, 1e-3, 0.3, 0.5, 1.0, 1.7, 8.0, 30.0, 700.0, 1e20, 1e300];

/// Operands that are not larger are moderate.
const MODERATE: f64 = 30.0;

/// Operands of many sizes and signs that are inside the domain.
fn operands_of(row: &Row) -> Vec<Vec<f64>> {
    let numbers: Vec<f64> = SIZES.iter().flat_map(|size| [*size, -*size]).chain([0.0]).collect();
    let mut found = vec![Vec::new()];
    for kind in row.operands {
        let choices = if *kind == Kind::Truth { &[0.0, 1.0][..] } else { &numbers };
        found = found
            .iter()
            .flat_map(|operands: &Vec<f64>| choices.iter().map(|choice| [&operands[..], &[*choice]].concat()))
            .collect();
    }
    let samples = row.samples.iter().map(|sample| sample.to_vec());
    found.into_iter().chain(samples).filter(|operands| is_inside(row, operands)).collect()
}

fn is_inside(row: &Row, operands: &[f64]) -> bool {
    row.domain.is_empty() || value_of(row.domain, &Values { operands, out: f64::NAN }) == Ok(1.0)
}

/// What the columns say of the value agrees with it, near the samples and at all sizes.
fn check_columns(row: &Row) -> Vec<String> {
    let mut found = Vec::new();
    let numbers = row.operands.iter().all(|kind| *kind == Kind::Number) && !row.operands.is_empty();
    for operands in operands_of(row) {
        let out = (row.evaluate)(&operands);
        if out.is_nan() {
            found.push(format!("the value at {operands:?} is NaN"));
            continue;
        }
        let (low, high) = row.range.ends();
        if !(low..=high).contains(&out) {
            found.push(format!("the value {out} at {operands:?} is outside of {:?}", row.range));
        }
        let negated: Vec<f64> = operands.iter().map(|operand| -operand).collect();
        let sign = if row.parity == Parity::Odd { -1.0 } else { 1.0 };
        if row.parity != Parity::Neither && (row.evaluate)(&negated) != sign * out {
            found.push(format!("{:?} at {operands:?}: {out}, and {}", row.parity, (row.evaluate)(&negated)));
        }
        let exact = operands.contains(&out) || operands.contains(&-out) || out.fract() == 0.0;
        if row.rounding == Rounding::Exact && !exact {
            found.push(format!("the value {out} at {operands:?} was rounded"));
        }
        let large = operands.iter().fold(MODERATE, |largest, operand| largest.max(operand.abs()));
        if row.singularity == Singularity::Nowhere && large == MODERATE && out.abs() > 2.0 * MODERATE * MODERATE {
            found.push(format!("the value {out} at {operands:?} is large"));
        }
    }
    if row.singularity == Singularity::Nowhere && !row.domain.is_empty() {
        // What is nowhere singular has a value outside of the domain too: there it is not differentiable at most.
        let origin = vec![0.0; row.operands.len()];
        if !(row.evaluate)(&origin).is_finite() {
            found.push("the value at the origin is not finite".to_owned());
        }
    }
    if numbers && row.operands.len() == 1 && row.parity == Parity::Neither && has_parity(row) {
        found.push("it has a parity".to_owned());
    }
    found
}

/// Whether an operator of one operand is even or odd at the samples.
fn has_parity(row: &Row) -> bool {
    let both = |sample: &&[f64]| ((row.evaluate)(sample), (row.evaluate)(&[-sample[0]]));
    let pairs: Vec<(f64, f64)> = row.samples.iter().map(both).collect();
    pairs.iter().all(|(one, other)| one == other) || pairs.iter().all(|(one, other)| *one == -*other)
}

/// A partial agrees with central differences, as a formula and translated.
fn check_partial(row: &Row, operand: usize, text: &str, values: &Values) -> Result<(), String> {
    let stated = value_of(text, values)?;
    let template = translate(text).ok_or_else(|| format!("`{text}` does not translate"))?;
    if run(&template, values) != stated {
        return Err(format!("`{text}` translates wrongly"));
    }
    // A condition has no neighbours to take differences with.
    if row.operands[operand] == Kind::Truth {
        return Ok(());
    }
    let step = 1e-5 * values.operands[operand].abs().min(1.0);
    let at = |offset: f64| {
        let mut operands = values.operands.to_vec();
        operands[operand] += offset;
        (row.evaluate)(&operands)
    };
    let measured = (at(step) - at(-step)) / (2.0 * step);
    if close(stated, measured, 1e-7) {
        return Ok(());
    }
    Err(format!("`{text}` is {stated} at {:?}, but differences say {measured}", values.operands))
}

/// Both sides of an identity are equal.
fn check_identity(text: &str, values: &Values) -> Result<(), String> {
    let function = parse(text)?;
    let sides = function.body.result.and_then(|id| match function.expressions.get(id).kind {
        ExpressionKind::Binary(BinaryOperator::Equal, left, right) => {
            Some((evaluate(&function, left, values)?, evaluate(&function, right, values)?))
        }
        _ => None,
    });
    match sides {
        Some((left, right)) if close(left, right, 1e-12) => Ok(()),
        Some((left, right)) => Err(format!("`{text}` is {left} == {right} at {:?}", values.operands)),
        None => Err(format!("`{text}` is no equality")),
    }
}

/// Samples lie in the domain, and the value is finite there.
fn check_domain(text: &str, values: &Values) -> Result<(), String> {
    if !values.out.is_finite() {
        return Err(format!("the value at {:?} is {}", values.operands, values.out));
    }
    if text.is_empty() || value_of(text, values)? == 1.0 {
        return Ok(());
    }
    Err(format!("{:?} is outside of `{text}`", values.operands))
}

#[test]
fn every_row_is_right() {
    for operator in ALL {
        assert_eq!(complaints(operator.row()), Vec::<String>::new(), "{operator:?}");
    }
}

#[test]
fn every_partial_is_ready() {
    for operator in ALL {
        let partials = operator.row().partials;
        for (operand, text) in partials.iter().enumerate() {
            assert!(operator.partial(operand).is_some(), "{operator:?}: `{text}`");
        }
        assert_eq!(operator.partial(partials.len()), None);
    }
}

#[test]
fn names_are_unique() {
    for operator in ALL {
        let name = operator.row().name;
        assert_eq!(ALL.iter().filter(|other| other.row().name == name).count(), 1, "{name}");
        assert!(!operator.row().doc.is_empty() && !operator.row().latex.is_empty(), "{name}");
        let called = operator.row().notation == Notation::Call;
        assert_eq!(Operator::called(name), called.then_some(*operator));
    }
}

/// `a * a`, with what a test makes of its partial and identity.
fn square(partial: &'static [&'static str], identities: &'static [&'static str], domain: &'static str) -> Row {
    Row {
        name: "square",
        operands: &[Kind::Number],
        result: Kind::Number,
        notation: Notation::Call,
        doc: "The square.",
        domain,
        partials: partial,
        identities,
        samples: &[&[1.5], &[-0.7]],
        rounding: Rounding::Nearest,
        singularity: Singularity::Nowhere,
        law: Law::Opaque,
        parity: Parity::Even,
        range: Range::AtLeast(0.0),
        among: "",
        rust: Rust::Math("square"),
        latex: "{a}^2",
        evaluate: |x| x[0] * x[0],
    }
}

#[test]
fn a_wrong_row_fails() {
    assert_eq!(complaints(&square(&["2 * a"], &["sqrt(a**2) == abs(a)"], "")), Vec::<String>::new());
    let wrong = |row: Row, complaint: &str| {
        let found = complaints(&row);
        assert!(found.iter().any(|text| text.contains(complaint)), "{complaint}: {found:?}");
    };
    wrong(square(&["a"], &[], ""), "differences say");
    wrong(square(&["-2 * a"], &[], ""), "differences say");
    wrong(square(&["2 * d"], &[], ""), "has no value");
    wrong(square(&["2 a"], &[], ""), "an operator is missing");
    wrong(square(&["2 * a", "1"], &[], ""), "2 partials for 1 operands");
    wrong(square(&["2 * a"], &["a**2 == a"], ""), "==");
    wrong(square(&["2 * a"], &["a**2"], ""), "no equality");
    wrong(square(&["2 * a"], &[], "a > 0"), "outside of");
    let stated = || square(&["2 * a"], &[], "");
    wrong(Row { parity: Parity::Odd, ..stated() }, "Odd at");
    wrong(Row { parity: Parity::Neither, ..stated() }, "it has a parity");
    wrong(Row { range: Range::Within(0.0, 1e9), ..stated() }, "is outside of");
    wrong(Row { range: Range::AtLeast(0.5), ..stated() }, "is outside of");
    wrong(Row { rounding: Rounding::Exact, ..stated() }, "was rounded");
    wrong(Row { evaluate: |x| x[0].exp(), ..stated() }, "is large");
    wrong(Row { evaluate: |x| (x[0] - 0.3).sqrt(), ..stated() }, "is NaN");
}
