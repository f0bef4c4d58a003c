//! Numbers that stay right when the simplifier is wrong: the guard alone must see to it.
//!
//! `.ci/planted` plants a wrong rational, a wrong law of roots and a wrong fact, one at a time, and runs this test: it must
//! pass and have seen the guard at work, and in a build that tests itself (`strict`) it must panic. Without a planted bug
//! the guard has nothing to refute.

use std::f64::consts::LN_2;

use chainrule_compiler::derive::{Derived, Request, derive};
use chainrule_compiler::evaluate::{Tensor, evaluate};
use chainrule_compiler::lower::lower;
use chainrule_compiler::parse::parse_formula;
use chainrule_compiler::resolve::resolve;

/// Formulas, a point, and the value with its gradient there, by hand.
type Row = (&'static str, &'static [&'static [f64]], &'static [f64]);

const ROWS: &[Row] = &[
    ("1.380649e-23*t*x**2", &[&[300.0], &[2.0]], &[1.656_778_8e-20, 5.522_596e-23, 1.656_778_8e-20]),
    ("1234567.5*x**2", &[&[-0.5]], &[308_641.875, -1_234_567.5]),
    ("(x**4)**0.25", &[&[-2.0]], &[2.0, -1.0]),
    ("(9*x**2)**0.5 + y", &[&[-2.0], &[1.0]], &[7.0, -3.0, 1.0]),
    ("(x**2)**1.5", &[&[-2.0]], &[8.0, -12.0]),
    ("log(sqrt(9*x**2) + 1)", &[&[-2.0]], &[1.9459101490553132, -0.42857142857142855]),
    (
        "fn f(x, t) where x + t == 1 { (x + t)**2*exp(x) }",
        &[&[0.25], &[0.75]],
        &[1.2840254166877414, 3.852076250063224, 2.568050833375483],
    ),
    (
        "fn f(a: [K], t: [K]) where sum(t) == 1 { cross_entropy(softmax(a), t) }",
        &[&[0.0, 0.0], &[0.25, 0.75]],
        &[LN_2, 0.25, -0.25, LN_2, LN_2],
    ),
    (
        "fn f(a, b, t, u) wrt(a, b) where t > 0, t + u == 1 { let s = exp(a) + exp(b); t*log(s/exp(a)) + u*log(s/exp(b)) }",
        &[&[0.0], &[0.0], &[0.25], &[0.75]],
        &[LN_2, 0.25, -0.25],
    ),
];

/// All numbers of the value and the derivatives, where a list of one number is a scalar.
fn numbers(derived: &Derived, point: &[&[f64]]) -> Vec<f64> {
    let tensor = |values: &&[f64]| match values {
        [value] => Tensor::scalar(*value),
        values => Tensor { shape: vec![values.len()], data: values.to_vec() },
    };
    let inputs: Vec<Tensor> = point.iter().map(tensor).collect();
    let program = lower(&derived.function.graph, &derived.wanted());
    evaluate(&program, &inputs).expect("they fit").into_iter().flat_map(|tensor| tensor.data).collect()
}

fn close(found: &[f64], expected: &[f64]) -> bool {
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-9 * b.abs().max(1e-30);
    found.len() == expected.len() && found.iter().zip(expected).all(near)
}

#[test]
fn numbers_are_right_whatever_the_simplifier_says() {
    let mut refuted = 0;
    for (text, point, expected) in ROWS {
        let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        let function = resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).remove(0);
        let mut derived = derive(function, &Request { order: 1, ..Request::default() })
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        let as_shown = numbers(&derived, point);
        assert!(close(&as_shown, expected), "{text}: {as_shown:?} as shown, {expected:?} is right");
        derived.stabilise().unwrap_or_else(|error| panic!("{text}: {error}"));
        let as_evaluated = numbers(&derived, point);
        assert!(close(&as_evaluated, expected), "{text}: {as_evaluated:?} as evaluated, {expected:?} is right");
        let log = derived.function.graph.log().iter().filter(|step| step.rule == "refuted by the guard").count();
        assert_eq!(log, derived.refuted, "{text}: the log says what was refuted");
        if derived.refuted > 0 {
            println!("the guard refuted {} forms of `{text}`", derived.refuted);
        }
        refuted += derived.refuted;
    }
    let is_planted = std::env::var_os("CHAINRULE_PLANTED").is_some();
    assert_eq!(refuted > 0, is_planted, "the guard refuted {refuted} forms");
}
