//! What the evaluator promises beside the right numbers, which the oracle checks: shapes that are told when they do not
//! fit, limits that hold before memory is asked for, and the rounding of `f32`.

use super::{EvaluateError, Tensor, evaluate};
use crate::derive::{Request, derive};
use crate::lower::{Program, lower};
use crate::parse::parse_formula;
use crate::resolve::resolve;

fn program(text: &str, order: u8) -> Program {
    let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    let function = resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).pop().expect("one");
    let derived = derive(function, &Request { order, ..Request::default() }).expect("derivable");
    lower(&derived.function.graph, &derived.wanted())
}

fn tensor(shape: &[usize], data: &[f64]) -> Tensor {
    Tensor { shape: shape.to_vec(), data: data.to_vec() }
}

fn run(text: &str, order: u8, inputs: &[Tensor]) -> Vec<Tensor> {
    evaluate(&program(text, order), inputs).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn inputs_that_do_not_fit_are_told() {
    let text = "fn f(x: [N, 2], b: [N], s) = s * sum(x) + sum(b);";
    let (x, s) = (tensor(&[3, 2], &[0.0; 6]), Tensor::scalar(1.0));
    for (inputs, expected) in [
        (vec![x.clone()], "the formula takes 3 inputs, 1 given"),
        (vec![x.clone(), tensor(&[4], &[0.0; 4]), s.clone()], "`b` is [N = 3], but the value given is [4]"),
        (vec![tensor(&[3], &[0.0; 3]), x.clone(), s.clone()], "`x` is [N, 2], but the value given is [3]"),
        (vec![x.clone(), tensor(&[3], &[0.0; 3]), x.clone()], "`s` is a scalar, but the value given is [3, 2]"),
        (vec![x.clone(), tensor(&[3], &[0.0; 2]), s.clone()], "`b` is [N = 3], but the value given is [3]"),
    ] {
        let error = evaluate(&program(text, 0), &inputs).expect_err("inputs that do not fit");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn no_memory_is_asked_for_beyond_the_limit() {
    // A value, a result that repeats a small value, and a product of sizes that no machine word holds.
    let many = tensor(&[60_000], &vec![1.0; 60_000]);
    assert_eq!(
        evaluate(&program("fn f(x: [N]) = outer(x, x);", 0), std::slice::from_ref(&many)),
        Err(EvaluateError::TooLarge)
    );
    assert_eq!(evaluate(&program("fn f(x: [N]) = sum(x);", 2), &[many]), Err(EvaluateError::TooLarge));
    let huge = "fn f(x) { let z[i, j, k] = x * eye(4294967295)[i, j] * eye(4294967295)[j, k]; sum(z) }";
    assert_eq!(evaluate(&program(huge, 0), &[Tensor::scalar(1.0)]), Err(EvaluateError::TooLarge));
}

#[test]
fn results_broadcast_over_their_declared_axes() {
    let found =
        run("fn f(b: [K], x: [N, K]) wrt(b) = sum(x + b);", 2, &[tensor(&[2], &[0.0; 2]), tensor(&[1, 2], &[1.0; 2])]);
    assert_eq!(found, [Tensor::scalar(2.0), tensor(&[2], &[1.0; 2]), tensor(&[2, 2], &[0.0; 4])]);
    let found = run("fn f(x: [N, K]) = x.T;", 0, &[tensor(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])]);
    assert_eq!(found, [tensor(&[3, 2], &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0])]);
    assert_eq!(found[0].text(|value| value.to_string()), "[[1, 4], [2, 5], [3, 6]]");
}

#[test]
fn no_elements_sum_to_zero() {
    let none = tensor(&[0], &[]);
    let found = run("fn f(x: [N]) = sum(x**2);", 1, std::slice::from_ref(&none));
    assert_eq!(found, [Tensor::scalar(0.0), none.clone()]);
    assert_eq!(run("fn f(x: [N]) = max(x);", 0, &[none])[0].data, [f64::NEG_INFINITY]);
}

#[test]
fn every_step_in_f32_is_rounded() {
    let third = f64::from(1.0_f32 / 3.0);
    assert_eq!(run("fn f(x: f32) = 1 / x;", 0, &[Tensor::scalar(3.0)])[0].data, [third]);
    // Neither the input nor what is added to it survives: 16777217 is no f32.
    assert_eq!(run("fn f(x: f32) = x - 16777216;", 0, &[Tensor::scalar(16_777_217.0)])[0].data, [0.0]);
    let ones = tensor(&[3], &[16_777_216.0, 1.0, 1.0]);
    assert_eq!(run("fn f(x: f32[3]) = sum(x);", 0, &[ones])[0].data, [16_777_216.0]);
    assert_eq!(run("fn f(x: f32) = x**3;", 0, &[Tensor::scalar(1e20)])[0].data, [f64::INFINITY]);
    // A size is a number of the float type too.
    let odd = tensor(&[16_777_217], &vec![0.0; 16_777_217]);
    assert_eq!(run("fn f(x: f32[N]) = N - 16777216;", 0, &[odd])[0].data, [0.0]);
}
