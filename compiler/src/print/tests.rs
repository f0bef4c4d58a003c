//! What printers promise: the language's own text parses again and means the same, with no parenthesis too many; names
//! do not clash; no depth is too deep. Values are compared with `f64`'s own arithmetic.

mod entries;
mod matrix;

use super::{Asked, Listing, Phase, Style, list, rounded};
use crate::derive::{Request, derive};
use crate::evaluate::{Tensor, evaluate};
use crate::graph::Graph;
use crate::lower::{Wanted, lower};
use crate::number::FloatType;
use crate::operators::Operator;
use crate::parse::parse_formula;
use crate::resolve::{Function, resolve};

fn resolved(text: &str) -> Option<Function> {
    let module = parse_formula(text, &[]).ok()?;
    resolve(&module, text).ok()?.pop()
}

fn listing(text: &str, order: u8) -> Listing {
    let function = resolved(text).unwrap_or_else(|| panic!("{text} is a formula"));
    let request = Request { order, ..Request::default() };
    let derived = derive(function, &request).unwrap_or_else(|error| panic!("{text}: {error}"));
    derived.listing(Style::Language, |_, entry| format!("asked{}", entry.wrt[0]))
}

/// The formula of a text that needs no `let`.
fn printed(text: &str) -> String {
    let mut listing = listing(text, 0);
    assert_eq!(listing.lets, [], "{text}");
    listing.asked.remove(0).formula
}

fn value(text: &str, inputs: &[f64]) -> f64 {
    let function = resolved(text).unwrap_or_else(|| panic!("{text} is a formula"));
    let output = &function.outputs[0];
    let program = lower(&function.graph, &[Wanted { value: output.value.clone(), axes: output.axes.clone() }]);
    let inputs: Vec<Tensor> = inputs.iter().map(|input| Tensor::scalar(*input)).collect();
    evaluate(&program, &inputs).unwrap_or_else(|error| panic!("{text}: {error}"))[0].data[0]
}

/// Fully parenthesised, and its value.
type Tree = (String, f64);

fn binary(left: &Tree, right: &Tree) -> Vec<Tree> {
    let (a, b) = (left.1, right.1);
    let results = [("+", a + b), ("-", a - b), ("*", a * b), ("/", a / b), ("**", a.powf(b))];
    let text = |symbol: &str| format!("({} {symbol} {})", left.0, right.0);
    results.into_iter().map(|(symbol, value)| (text(symbol), value)).collect()
}

/// A tree and its negative.
fn signed(trees: Vec<Tree>) -> Vec<Tree> {
    let negatives: Vec<Tree> = trees.iter().map(|(text, value)| (format!("(-{text})"), -value)).collect();
    trees.into_iter().chain(negatives).collect()
}

/// All formulas of two operators over three inputs, with signs before operands and the inner operator.
fn trees() -> Vec<Tree> {
    let leaf = |name: &str, value: f64| vec![(name.to_owned(), value)];
    let [a, b, c] = [leaf("a", 2.5), leaf("b", 1.25), leaf("c", 0.75)];
    let pairs = |left: &[Tree], right: &[Tree]| -> Vec<Tree> {
        left.iter().flat_map(|left| right.iter().flat_map(move |right| binary(left, right))).collect()
    };
    let left = signed(pairs(&signed(a.clone()), &signed(b.clone())));
    let right = signed(pairs(&b, &signed(c.clone())));
    [pairs(&left, &signed(c)), pairs(&signed(a), &right)].concat()
}

/// The text without one pair of its parentheses, for each pair that is no call's.
fn without_parentheses(text: &str) -> Vec<String> {
    let (mut open, mut shorter) = (Vec::new(), Vec::new());
    for (place, c) in text.char_indices() {
        if c == '(' {
            open.push(place);
        } else if c == ')'
            && let Some(start) = open.pop()
            && !text[..start].ends_with(char::is_alphanumeric)
        {
            shorter.push(format!("{}{}{}", &text[..start], &text[start + 1..place], &text[place + 1..]));
        }
    }
    shorter
}

#[test]
fn formulas_mean_the_same_with_no_parenthesis_too_many() {
    let trees = trees();
    assert!(trees.len() >= 600);
    for (tree, expected) in trees {
        let text = printed(&tree);
        // The inputs stay in the order of the alphabet, however the text is written.
        let found = value(&text, &[2.5, 1.25, 0.75]);
        let close = (found - expected).abs() <= 1e-14 * expected.abs();
        assert!(close || found == expected || found.is_nan() && expected.is_nan(), "{tree} is printed {text}");
        for shorter in without_parentheses(&text) {
            let same = resolved(&shorter).is_some() && printed(&shorter) == text;
            assert!(!same, "{text} could be {shorter}");
        }
    }
}

#[test]
fn conditions_mean_the_same_with_no_parenthesis_too_many() {
    let point = [0.3, -1.2, 2.0];
    let [a, b, c] = point;
    for (condition, holds) in [
        ("(a < b) && ((b < c) || (c < a))", a < b && (b < c || c < a)),
        ("((a < b) && (b < c)) || (c > a)", (a < b && b < c) || c > a),
        ("!((a < b) || (b < c)) && !(c == a)", !(a < b || b < c) && c != a),
        ("!(a < b) || ((a - b) <= (c - (b - a)))", a >= b || a - b <= c - (b - a)),
    ] {
        let text = printed(&format!("if {condition} {{ a }} else {{ if b > c {{ b }} else {{ c }} }}"));
        assert_eq!(value(&text, &point), if holds { a } else { c }, "{condition} is printed {text}");
        for shorter in without_parentheses(&text) {
            assert!(resolved(&shorter).is_none() || printed(&shorter) != text, "{text} could be {shorter}");
        }
    }
}

/// Lines as one formula that parses again.
fn assembled(listing: &Listing, parameters: &str, result: &str) -> String {
    let lines = listing.lets.iter().chain(&listing.asked);
    let lines: String = lines.map(|line| format!("let {} = {};\n", line.left(), line.formula)).collect();
    format!("fn f({parameters}) {{\n{lines}{result}\n}}")
}

#[test]
fn names_do_not_clash_with_those_of_inputs() {
    // Everything that the printer would choose itself is taken.
    let body = "exp(s1 * s2) * exp(s1 * s2) * sin(d1 * y) + sin(d1 * y) * exp(s2)";
    let shown = listing(&format!("fn f(s1, s2, d1, y) = {body};"), 1);
    let mut names: Vec<&str> = shown.lets.iter().map(|line| line.name.as_str()).collect();
    names.extend(["s1", "s2", "d1", "y"]);
    names.sort_unstable();
    assert!(shown.lets.len() >= 2 && names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    let (s1, s2, d1, y): (f64, f64, f64, f64) = (0.4, -0.3, 1.1, 0.7);
    let text = assembled(&shown, "s1, s2, d1, y", "asked3");
    let slope = (2.0 * s1 * s2).exp() * (d1 * y).cos() * d1 + (d1 * y).cos() * d1 * s2.exp();
    assert!((value(&text, &[s1, s2, d1, y]) - slope).abs() < 1e-14, "{text}");
    // So it is with indices.
    let shown = listing("fn f(i, j, k, x: [N, N]) = i * j * k * sum(x @ x);", 0);
    let text = assembled(&shown, "i, j, k, x: [N, N]", &shown.asked[0].name);
    assert!(resolved(&text).is_some(), "{text}");
}

#[test]
fn no_formula_is_too_deep_to_print_and_to_parse_again() {
    for (operator, count) in [(Operator::Sin, 1_000), (Operator::Negate, 1_000), (Operator::Add, 20_000)] {
        let mut graph = Graph::new(FloatType::F64);
        let x = graph.input("x", &[]).expect("an input");
        let z = graph.input("z", &[]).expect("an input");
        let mut value = x;
        for _ in 0..count {
            let operands = if operator == Operator::Add { vec![value, z.clone()] } else { vec![value] };
            value = graph.apply(operator, &operands).expect("a node");
        }
        let asked = [Asked { name: "y".into(), value, axes: Vec::new(), phase: Phase::Forward }];
        let listing = list(&graph, &asked, &[], Style::Language, &[]);
        let text = assembled(&listing, "x, z", "y");
        let mut expected = 0.3_f64;
        for _ in 0..count {
            expected = match operator {
                Operator::Sin => expected.sin(),
                Operator::Negate => -expected,
                _ => expected + 0.001,
            };
        }
        assert_eq!(self::value(&text, &[0.3, 0.001]), expected);
    }
}

#[test]
fn people_see_twelve_digits() {
    for (value, text) in [
        (220.000_000_000_000_03, "220"),
        (0.1 + 0.2, "0.3"),
        (1.0 / 3.0, "0.333333333333"),
        (2.0 / 3.0, "0.666666666667"),
        (123_456_789_012.345_6, "123456789012"),
        (-2.5, "-2.5"),
        (-0.0, "0"),
        (f64::NAN, "NaN"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
    ] {
        assert_eq!(rounded(value), text);
    }
    for value in [f64::MAX, f64::MIN_POSITIVE, 5e-324, 1e-300, -1e22, 123_456.789e200] {
        let back: f64 = rounded(value).parse().expect("a number");
        assert!((back - value).abs() <= 1e-11 * value.abs(), "{value} is shown as {}", rounded(value));
    }
}
