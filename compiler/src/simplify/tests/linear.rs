//! Pullbacks of numbers: where the cotangent stands.

use crate::derive::{Request, derive};
use crate::parse::parse_formula;
use crate::print::Style;
use crate::resolve::resolve;

#[test]
fn the_cotangent_stands_at_the_leading_factor() {
    // The condition is what the forward pass saves.
    let rows: [(&str, &[&str]); 11] = [
        ("fn f(x) = x*x;", &["2*g*x"]),
        ("fn f(x) = x**3;", &["3*g*x**2"]),
        ("fn f(x, y) = x - y;", &["g", "-g"]),
        ("fn f(x, y) wrt(y) = x**2;", &["0"]),
        ("fn f(x) = 1/x;", &["-(g*y**2)"]),
        ("fn f(x) = sqrt(x);", &["g/(2*y)"]),
        ("fn f(x) = 1/(1 + exp(-x));", &["g*y*(1 - y)"]),
        ("fn f(x) = if x > 0 { x**2 } else { 0 };", &["if s1 { 2*g*x } else { 0 }"]),
        ("fn f(x) = if x > 0 { 0 } else { x**2 };", &["if s1 { 0 } else { 2*g*x }"]),
        ("fn f(x) = if x > 0 { x**2 } else { x };", &["g*(if s1 { 2*x } else { 1 })"]),
        ("fn f(x: [D]) = sqrt(sum(x**2));", &["g/y*x"]),
    ];
    let mut wrong = Vec::new();
    for (text, expected) in rows {
        let module = parse_formula(text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        let function = resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).remove(0);
        let request = Request { order: 1, upstream: Some("g".into()), ..Request::default() };
        let derived = derive(function, &request).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        let listing = derived.listing(Style::Language, |_, _| String::new());
        let found: Vec<&str> = listing.asked[1..].iter().map(|line| line.formula.as_str()).collect();
        if found != expected {
            wrong.push(format!("{text} {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
