//! Products as one writes them, and their numbers.

use super::forms;
use crate::derive::{Request, derive};
use crate::evaluate::{Tensor, evaluate};
use crate::lower::lower;
use crate::parse::parse_formula;
use crate::print::Style;
use crate::resolve::resolve;

/// The second derivatives of a formula of one input.
fn second(text: &str) -> String {
    let module = parse_formula(text, &[]).expect("parses");
    let function = resolve(&module, text).expect("resolves").pop().expect("one");
    let derived = derive(function, &Request { order: 2, ..Request::default() }).expect("derives");
    let listing = derived.listing(Style::Language, |_, _| String::new());
    listing.asked.last().expect("a derivative").formula.clone()
}

/// Derivatives as they are shown have the values of finite differences of the value.
pub(super) fn agrees_with_differences(text: &str, points: &[&[f64]]) {
    let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    let function = resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).pop().expect("one");
    let derived = derive(function, &Request { order: 1, ..Request::default() }).expect("derives");
    let program = lower(&derived.function.graph, &derived.wanted_closed());
    let values = |point: &[f64]| -> Vec<f64> {
        let tensors: Vec<Tensor> = point.iter().map(|value| Tensor { shape: Vec::new(), data: vec![*value] }).collect();
        evaluate(&program, &tensors).expect("evaluates").iter().map(|tensor| tensor.data[0]).collect()
    };
    for point in points {
        let found = values(point);
        for (place, found) in found[1..].iter().enumerate() {
            let step = 1e-5 * point[place].abs().max(0.1);
            let moved = |by: f64| {
                let mut moved = point.to_vec();
                moved[place] += by;
                values(&moved)[0]
            };
            let difference =
                (8.0 * (moved(step) - moved(-step)) - (moved(2.0 * step) - moved(-2.0 * step))) / (12.0 * step);
            let error = (found - difference).abs();
            assert!(
                error <= 1e-7 * found.abs().max(1e-3) + 1e-14 * moved(0.0).abs() / step,
                "{text} at {point:?}: {found} by input {place}, not {difference}"
            );
        }
    }
}

#[test]
fn a_product_has_one_number_and_it_stands_in_front() {
    for (text, expected) in [
        ("(x**2)**0.75", &["1.5*y/x"][..]),
        ("1/(1 + x**2)", &["-2*x*y**2"]),
        ("s**1.5*x**2", &["1.5*s2*sqrt(s)", "2*s1*x"]),
        ("1.5*s**0.5*x**2", &["0.75*s1*s**-0.5", "3*x*sqrt(s)"]),
        ("sqrt(s)*x**3", &["s2/(2*s1)", "3*s1*x**2"]),
        ("y/(1 + x**2)", &["1/s1", "-2*x*(y1/s1)"]),
        ("abs(x)**3", &["3*x*s1"]),
        ("k*d**-2.7", &["s1", "-2.7*k/d**3.7"]),
    ] {
        assert_eq!(forms(text), expected, "{text}");
        agrees_with_differences(text, &[&[0.7, 1.3], &[1.9, 0.4]].map(|point| &point[..forms(text).len()]));
    }
    assert_eq!(second("x**0.5"), "-0.25*x**-1.5");
    assert_eq!(second("x**-0.5"), "0.75*x**-2.5");
}

/// A form is no excuse for digits: the chain rule's numbers stay apart where their product has too many.
#[test]
fn numbers_have_no_more_digits_than_those_of_the_formula() {
    for (text, expected) in [
        ("0.309*(x/4.481)**2", "0.618*s1/4.481"),
        ("exp(-0.5*((x - 1.25)/3.7)**2)", "-(s1*y/3.7)"),
        ("101325*(1 - 0.0000225577*v)**5.25588", "-0.0000225577*101325*5.25588*s1**4.25588"),
        ("3.14*v**2/(1 + 0.0065*v)**5.2561", "6.28*v/s2 - 0.03416465*y/s1"),
        ("1.380649e-23*x**2", "2.761298e-23*x"),
        ("exp(-x/10)*0.5", "-(y/10)"),
    ] {
        assert_eq!(forms(text), [expected], "{text}");
        agrees_with_differences(text, &[&[0.7], &[2.3]]);
    }
}

#[test]
fn a_negative_term_is_subtracted() {
    for (text, expected) in [("x**-0.5 - x**2", "-0.5*x**-1.5 - 2*x"), ("sin(x) + 1/(1 + x**2)", "cos(x) - 2*x/s1**2")]
    {
        assert_eq!(forms(text), [expected], "{text}");
        agrees_with_differences(text, &[&[0.7], &[2.3]]);
    }
}
