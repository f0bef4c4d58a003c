//! Whether numbers are one, and what to say where they are not.

use super::indices::broadcast;
use super::jet::Jet;
use super::problem::{Point, Problem};
use super::real::Real;
use super::tensor::{Outcome, Tensor};
use super::value::Value;

/// How many defined numbers one side has, all of which the other side must have too.
///
/// # Errors
/// How they differ.
pub fn follows(left: &Tensor<Jet>, right: &Tensor<Jet>) -> Outcome<usize> {
    let mut compared = 0;
    for (expected, place) in left.items.iter().zip(broadcast(right, &left.shape)?) {
        if expected.value.is_defined() {
            compared += 1;
            differ(&right.items[place].value, &expected.value)?;
        }
    }
    Ok(compared)
}

/// Says how a number is not the expected one, if it is not.
///
/// # Errors
/// Both numbers.
pub fn differ(found: &Real, expected: &Real) -> Outcome<()> {
    if found.agrees(expected) {
        return Ok(());
    }
    let text = |value: &Real| if value.is_defined() { value.to_f64().to_string() } else { "undefined".to_owned() };
    let (one, other) = (text(found), text(expected));
    Err(if one == other { format!("{one}, but not in its later digits,") } else { format!("{one}, not {other},") })
}

/// Whether two values are one, undefined where the other is.
///
/// # Errors
/// Arrays that do not fit.
pub fn same(left: &Value, right: &Value) -> Outcome<bool> {
    let one = |a: &Jet, b: &Jet| match (a.value.is_defined(), b.value.is_defined()) {
        (true, true) => a.value.agrees(&b.value),
        (a, b) => a == b,
    };
    Ok(match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.zip(right, 0, one)?.items.iter().all(|same| *same),
        (Value::Truth(left), Value::Truth(right)) => left.zip(right, 0, |a, b| a == b)?.items.iter().all(|same| *same),
        _ => false,
    })
}

/// How many inputs, and how many numbers of each, a message shows.
const SHOWN: usize = 6;

/// Where: the inputs at a point.
pub fn at(problem: &Problem, point: &Point) -> String {
    let input = |tensor: &Tensor<Real>| {
        let items: Vec<String> = tensor.items.iter().take(SHOWN).map(|item| item.to_f64().to_string()).collect();
        let dots = if tensor.items.len() > SHOWN { ", ..." } else { "" };
        let items = items.join(", ");
        if tensor.shape.is_empty() { items } else { format!("[{items}{dots}]") }
    };
    let inputs = problem.inputs.iter().zip(&point.inputs);
    let inputs: Vec<String> =
        inputs.take(SHOWN).map(|(known, tensor)| format!("{} = {}", known.name, input(tensor))).collect();
    if inputs.is_empty() { String::new() } else { format!("at {}", inputs.join(", ")) }
}
