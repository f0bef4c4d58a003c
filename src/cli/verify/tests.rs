//! Certificates that are true are verified; whatever is changed in one is found, also by a forger who renews the digest.

use std::collections::{HashMap, HashSet};

use chainrule_compiler::derive::{Request, derive};
use chainrule_compiler::parse::parse_formula;
use chainrule_compiler::print::Style;
use chainrule_compiler::resolve::resolve;
use serde_json::{Map, Value, json};

use super::check::Place;
use super::evaluate::{Outputs, nodes_at};
use super::nodes::Nodes;
use super::problem::{Problem, fact_places};
use super::replay::Replay;
use super::sample::{Random, Sampler};
use super::second::Second;
use super::{checked, on_a_large_stack};
use crate::cli::certificate::write::{Subject, certificate};
use crate::cli::certificate::{Certificate, Definition, Differentiated, Division, Size, Step};

fn request(order: u8) -> Request {
    Request { order, ..Request::default() }
}

fn certificate_of(text: &str, request: &Request) -> Certificate {
    let module = parse_formula(text, &[]).expect("the formula is right");
    let function = resolve(&module, text).expect("the formula is right").pop().expect("there is a function");
    let derived = derive(function, request).expect("the formula has derivatives");
    let listing = derived.listing(Style::Language, |_, _| String::new());
    certificate(&Subject { text, shapes: &Vec::new(), request, derived: &derived, listing: &listing })
        .expect("it is written")
}

fn verified(certificate: &Certificate) -> Result<super::check::Verified, String> {
    on_a_large_stack(|| checked(certificate))
}

fn sealed(mut certificate: Certificate) -> Certificate {
    certificate.digest = certificate.expected_digest();
    certificate
}

/// A certificate without steps: its closed forms are what the chain rule gives.
fn without_steps(text: &str) -> Certificate {
    certificate_of(text, &Request { raw: true, ..request(1) })
}

/// A step put in by hand where there is none: `before` becomes `after` by facts.
fn with_step(
    mut certificate: Certificate,
    nodes: &[Definition],
    sides: [&str; 2],
    shown: [&str; 2],
    formula: &str,
) -> Certificate {
    certificate.nodes.extend_from_slice(nodes);
    let facts: Vec<String> = certificate.facts.iter().map(|fact| fact.text.clone()).collect();
    certificate.facts.iter_mut().for_each(|fact| fact.used = true);
    let indices = certificate.derivatives[0].indices.clone();
    let [before, after] = sides.map(str::to_owned);
    let [from, to] = shown.map(str::to_owned);
    certificate.derivatives[0].closed.clone_from(&after);
    certificate.derivatives[0].formula = formula.into();
    let step = Step {
        number: 1,
        rule: "canonical form".into(),
        indices,
        before,
        after,
        from,
        to,
        facts,
        divides: Vec::new(),
        differentiates: None,
    };
    certificate.steps = vec![step];
    let shown: Vec<&str> = certificate.outputs.iter().map(|output| output.formula.as_str()).chain([formula]).collect();
    certificate.lets.retain(|line| shown.iter().any(|formula| formula.contains(&line.name)));
    sealed(certificate)
}

/// Logistic loss of two classes whose targets add up to 1.
fn scalar_fact() -> Certificate {
    let text = "fn f(x, t, u) wrt(x) where t + u == 1 = t * x + u * x;";
    let certificate = without_steps(text);
    let raw = certificate.derivatives[0].chain_rule.clone();
    with_step(certificate, &[], [&raw, "1"], ["t + u", "1"], "1")
}

/// An array of numbers that add up to 1 in every row.
fn row_fact() -> Certificate {
    let text = "fn f(x: [N], t: [N, K]) wrt(x) where sum(t, axis = 1) == 1 = sum[n, k](x[n] * t[n, k]);";
    let certificate = without_steps(text);
    let (raw, index) = (certificate.derivatives[0].chain_rule.clone(), certificate.derivatives[0].indices[0].clone());
    with_step(certificate, &[], [&raw, "1"], [&format!("sum[k](t[{index}, k])"), "1"], "1")
}

/// A symmetric matrix: (a + a.T) @ x is 2·(a @ x).
fn symmetric() -> Certificate {
    let text = "fn f(x: [D], a: [D, D]) wrt(x) where a == a.T = sum(x * (a @ x));";
    let mut certificate = without_steps(text);
    let raw = certificate.derivatives[0].chain_rule.clone();
    let index = certificate.derivatives[0].indices[0].clone();
    let definition = |name: &str, formula: &str| {
        let (indices, shape) = (vec!["i".to_owned()], vec![Size::Name("D".into())]);
        Definition { name: name.into(), indices, shape, formula: formula.into() }
    };
    let row = certificate.nodes.iter().find(|node| node.formula.starts_with("sum[") && node.indices.len() == 1);
    let row = row.expect("a @ x is a node").name.clone();
    let nodes = [definition("twice", &format!("2 * {row}[i]"))];
    certificate.lets.push(definition("g", "2 * sum[j](a[i, j] * x[j])"));
    let (after, from) = (format!("twice[{index}]"), raw.clone());
    with_step(certificate, &nodes, [&raw, &after], [&from, &format!("2 * {row}[{index}]")], "g")
}

/// A divisor that is not zero by a fact alone.
fn divided() -> Certificate {
    let text = "fn f(x, p) wrt(x) where p > 0 = x * (1 + p) * p;";
    let certificate = without_steps(text);
    let raw = certificate.derivatives[0].chain_rule.clone();
    let definition = |name: &str, formula: &str| Definition {
        name: name.into(),
        indices: Vec::new(),
        shape: Vec::new(),
        formula: formula.into(),
    };
    // A longer form, but a true one: p·(1 + p) = (1 + p)/(1/p).
    let sum = certificate.nodes.iter().find(|node| node.formula == "1 + p").expect("1 + p is a node").name.clone();
    let nodes = [definition("inverse", "1 / p"), definition("ratio", &format!("{sum} / inverse"))];
    let mut certificate =
        with_step(certificate, &nodes, [&raw, "ratio"], [&raw, &format!("{sum} / (1 / p)")], "(1 + p) / (1 / p)");
    let division = |by: &str, because: &str| Division { by: by.into(), because: because.into() };
    certificate.steps[0].divides =
        vec![division("p", "it cannot be zero where the facts hold"), division("inverse", "it cannot be zero")];
    sealed(certificate)
}

/// Formulas over arrays whose closed forms rely on facts. Softmax is written without the shift by the maximum: with it,
/// much of what could be changed is another truth, such as another shift.
const BY_FACTS: [&str; 2] = [
    "fn f(a: [K], t: [K]) wrt(a) where sum(t) == 1 { let p = exp(a) / sum(exp(a)); -sum(t * log(p)) }",
    "fn f(x: [D], a: [D, D]) wrt(x) where a == a.T = sum(x * (a @ x)) / 2;",
];

/// More of them.
const SHIFTED: [&str; 3] = [
    "fn f(a: [K], t: [K]) wrt(a) where sum(t) == 1 = -sum(t * log(exp(a) / sum(exp(a))));",
    "fn f(a: [N, K], t: [N, K]) wrt(a) where sum(t, axis = 1) == 1 = -sum(t * log(softmax(a))) / N;",
    "fn f(a: [K], t: [K], tau) wrt(a) where sum(t) == 1 = -sum(t * log(softmax(a / tau)));",
];

/// Formulas whose second derivatives are taken from closed forms of the first ones: by one input and by two, of arrays, and
/// by facts.
const TWICE: [&str; 4] = [
    "fn f(x) = x/(1 + exp(-x));",
    "fn f(x, y) = sqrt(x**2 + y**2);",
    "fn f(x: [D]) = sqrt(sum(x**2));",
    "fn f(x: [D], a: [D, D]) wrt(x) where a == a.T = sum(x * (a @ x)) / 2;",
];

/// Certificates whose parts are all of some use.
fn samples() -> Vec<Certificate> {
    let pullback = Request { order: 1, upstream: Some("g".into()), ..Request::default() };
    let mut samples = vec![
        certificate_of("1/(1 + exp(-x))", &request(2)),
        certificate_of("fn f(x, t) wrt(x) { let s = 1/(1 + exp(-x)); -(t*log(s) + (1 - t)*log(1 - s)) }", &request(1)),
        certificate_of("fn f(x) = if x > 0 { x**3 } else { exp(2 * x) };", &request(1)),
        certificate_of("fn f(x: [N, D], w: [D]) -> (u: [N]) = tanh(x @ w);", &pullback),
        certificate_of("fn f(x, t) wrt(x) { let s = 1/(1 + exp(-x)); -(t*log(s) + (1 - t)*log(1 - s)) }", &pullback),
        scalar_fact(),
        row_fact(),
        symmetric(),
        divided(),
    ];
    samples.extend(BY_FACTS.iter().map(|text| certificate_of(text, &request(1))));
    samples.extend(TWICE.iter().map(|text| certificate_of(text, &request(2))));
    samples
}

#[test]
fn true_certificates_are_verified() {
    for certificate in samples() {
        let found = verified(&certificate);
        assert!(found.is_ok_and(|found| found.compared > 0), "{}\n{:?}", certificate.formula, verified(&certificate));
        assert_eq!(Certificate::read(&certificate.text()).as_ref(), Ok(&certificate));
    }
}

/// Every way to change one thing of a value: `(where, value)`.
fn changes(value: &Value, path: &str, out: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let mut inner = Vec::new();
                changes(field, &format!("{path}/{name}"), &mut inner);
                let put = |(place, changed)| {
                    let mut fields: Map<String, Value> = fields.clone();
                    fields.insert(name.clone(), changed);
                    (place, Value::Object(fields))
                };
                out.extend(inner.into_iter().map(put));
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let mut inner = Vec::new();
                changes(item, &format!("{path}/{at}"), &mut inner);
                let put = |(place, changed)| {
                    let mut items = items.clone();
                    items[at] = changed;
                    (place, Value::Array(items))
                };
                out.extend(inner.into_iter().map(put));
                let without = [&items[..at], &items[at + 1..]].concat();
                out.push((format!("{path}/{at} dropped"), Value::Array(without)));
                let twice = [&items[..=at], &items[at..]].concat();
                out.push((format!("{path}/{at} twice"), Value::Array(twice)));
                if at > 0 && items[at] != items[at - 1] {
                    let mut swapped = items.clone();
                    swapped.swap(at, at - 1);
                    out.push((format!("{path}/{at} swapped with the one before"), Value::Array(swapped)));
                }
            }
        }
        Value::String(text) => out.extend(texts(text).into_iter().map(|text| (format!("{path}: {text}"), json!(text)))),
        Value::Number(number) => {
            let number = number.as_u64().unwrap_or(0);
            out.push((format!("{path} + 1"), json!(number + 1)));
        }
        Value::Bool(truth) => out.push((format!("{path} not"), json!(!truth))),
        Value::Null => {}
    }
}

/// A text with one word or sign changed, at each place.
fn texts(text: &str) -> Vec<String> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut changed = vec![format!("{text} + 1"), String::new()];
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let length =
            if is_word(c) { text[at..].find(|c| !is_word(c)).unwrap_or(text.len() - at) } else { c.len_utf8() };
        let piece = &text[at..at + length];
        let others: &[&str] = match piece {
            "exp" => &["sin"],
            "log" => &["sqrt"],
            "+" | "*" => &["-"],
            "-" | "/" => &["+"],
            ">" => &["<="],
            piece if is_word(c) && piece.chars().all(|c| c.is_ascii_digit()) => &["3"],
            _ if is_word(c) => &["x", "n1", "nobody"],
            _ => &[],
        };
        changed.extend(
            others
                .iter()
                .filter(|other| **other != piece)
                .map(|other| [&text[..at], *other, &text[at + length..]].concat()),
        );
        at += length;
    }
    changed
}

/// Whether a certificate with this change says what is true as well: another order of definitions that do not read each other, or of a step's indices, which it has by name.
/// A Hessian is symmetric: its axes may be exchanged, and of two inputs the gradient by either may be differentiated.
fn is_still_true(place: &str, certificate: &Certificate) -> bool {
    let axes = place.starts_with("/derivatives/1/indices/") && certificate.order == 2;
    let either = place.contains("/differentiates/") && certificate.derivatives.len() > 2;
    let listed = |list: &&str| place.starts_with(*list) && (*list != "/steps/" || place.contains("/indices/"));
    let order = ["/nodes/", "/let/", "/steps/"].iter().any(listed) && place.ends_with("the one before");
    order || (axes && place.ends_with("the one before")) || either
}

fn refused(value: &Value) -> Result<String, super::check::Verified> {
    match Certificate::read(&value.to_string()) {
        Err(malformed) => Ok(malformed),
        Ok(certificate) => match verified(&certificate) {
            Err(message) => Ok(message),
            Ok(found) => Err(found),
        },
    }
}

#[test]
fn every_change_is_refused() {
    let mut accepted = Vec::new();
    for certificate in samples() {
        let value: Value = serde_json::from_str(&certificate.text()).expect("it is JSON");
        let mut all = Vec::new();
        changes(&value, "", &mut all);
        assert!(all.len() > 100, "{} changes", all.len());
        for (place, mut changed) in all {
            let digest = changed["digest"].clone();
            if let (false, Ok(read)) = (place.starts_with("/digest"), Certificate::read(&changed.to_string())) {
                changed["digest"] = json!(read.expected_digest());
            }
            let forged = refused(&changed);
            if forged.is_err() && !is_still_true(&place, &certificate) {
                accepted.push(format!("{}: {place}", certificate.formula));
            }
            changed["digest"] = digest;
            if forged.is_err() && refused(&changed).is_err() {
                accepted.push(format!("{}: {place}, with the old digest", certificate.formula));
            }
        }
    }
    assert!(accepted.is_empty(), "{} changes are accepted:\n{}", accepted.len(), accepted.join("\n"));
}

/// The first derivative of a formula with a closed form put in by hand.
fn claimed(text: &str, nodes: &[(&str, &str)], after: &str, shown: &str) -> Certificate {
    let certificate = without_steps(text);
    let raw = certificate.derivatives[0].chain_rule.clone();
    let scalar = |(name, formula): &(&str, &str)| {
        let (name, formula) = ((*name).to_owned(), (*formula).to_owned());
        Definition { name, indices: Vec::new(), shape: Vec::new(), formula }
    };
    let nodes: Vec<Definition> = nodes.iter().map(scalar).collect();
    with_step(certificate, &nodes, [&raw, after], [&raw, after], shown)
}

fn refusal(certificate: &Certificate) -> String {
    verified(certificate).expect_err("it is refused")
}

#[test]
fn a_closed_form_is_defined_where_the_chain_rule_is() {
    let cube = claimed("fn f(x) = x**3;", &[("m1", "3 * n1"), ("m2", "m1 / x")], "m2", "3*y/x");
    let message = refusal(&cube);
    assert!(message.contains("step 1") && message.contains("undefined") && message.contains("x = 0"), "{message}");
    // At no point that is tried is x² + x − 0.33 zero, but nothing says that it never is.
    let nodes =
        [("m1", "x * x"), ("m2", "m1 + x"), ("m3", "m2 - 0.33"), ("m4", "2 * x"), ("m5", "m4 * m3"), ("m6", "m5 / m3")];
    let never = claimed("fn f(x) = x**2;", &nodes, "m6", "2*x");
    let message = refusal(&never);
    assert!(message.contains("divides by `m3`"), "{message}");
}

#[test]
fn both_sides_of_a_condition_are_checked() {
    let text = "fn f(x) = if x > 1234.5 { x**2 } else { x**3 };";
    let wrong = claimed(text, &[("m1", "x ** 2"), ("m2", "3 * m1")], "m2", "3*x**2");
    let message = refusal(&wrong);
    assert!(message.contains("step 1") && message.contains("m2"), "{message}");
}

#[test]
fn facts_that_no_point_satisfies_leave_a_step_unchecked() {
    let text = "fn f(x, z) wrt(x) where sin(z) > 2, z < 1 = x * z * 2;";
    let message = refusal(&claimed(text, &[("m1", "z + z")], "m1", "z + z"));
    assert!(message.contains("no point was found where `sin(z) > 2`, `z < 1` holds"), "{message}");
    let text = "fn f(x, z: [3]) wrt(x) where z > 1000, sum(z) < 3300 = x * sum(z) * 2;";
    assert!(refusal(&claimed(text, &[("m1", "z + z")], "m1", "z + z")).contains("node `m1`"));
    let text = "fn f(x, z) wrt(x) where 1000 < z = x * z * 2;";
    assert!(verified(&claimed(text, &[("m1", "abs(z)"), ("m2", "m1 + z")], "m2", "2 * z")).is_ok());
    let text = "fn f(x, z, u) wrt(x) where z**2 + u**2 == 1, z > 0 = x * (z**2 + u**2);";
    let found = verified(&claimed(text, &[], "1", "1"));
    assert!(found.is_ok(), "{found:?}");
    let wrong = refusal(&claimed(text, &[("m1", "z + u")], "m1", "z + u"));
    assert!(wrong.contains("step 1"), "{wrong}");
}

#[test]
fn a_step_holds_by_its_own_facts() {
    for mut certificate in [scalar_fact(), row_fact(), symmetric()] {
        certificate.steps[0].facts.clear();
        certificate.facts[0].used = false;
        let message = refusal(&sealed(certificate));
        assert!(message.contains("step 1"), "{message}");
    }
    for text in BY_FACTS.into_iter().chain(SHIFTED) {
        let certificate = certificate_of(text, &request(1));
        let relies = |step: &&Step| !step.facts.is_empty();
        let relying = certificate.steps.iter().filter(relies).count();
        assert!(relying > 0 && certificate.facts[0].used, "{text}: {:?}", certificate.steps);
        // Without the fact, in one step or in all, the first of them does not hold any more.
        for one in [true, false] {
            let mut certificate = certificate.clone();
            let mut left = if one { 1 } else { relying };
            let mut first = None;
            for step in certificate.steps.iter_mut().filter(|step| !step.facts.is_empty()).take(left) {
                first.get_or_insert(step.number);
                step.facts.clear();
                left -= 1;
            }
            certificate.facts[0].used = certificate.steps.iter().any(|step| !step.facts.is_empty());
            let message = refusal(&sealed(certificate));
            let first = first.map_or_else(String::new, |number| format!("step {number} "));
            assert!(left == 0 && message.contains(&first), "{text}: {message}");
        }
    }
}

#[test]
fn nothing_is_there_for_nothing() {
    let sigmoid = || certificate_of("1/(1 + exp(-x))", &request(1));
    let mut idle = sigmoid();
    idle.derivatives[0].closed = idle.derivatives[0].chain_rule.clone();
    let message = refusal(&sealed(idle));
    assert!(message.contains("step 1 (fold back): nothing relies on it"), "{message}");
    let mut idle = sigmoid();
    idle.steps.clear();
    idle.derivatives[0].closed = idle.derivatives[0].chain_rule.clone();
    let message = refusal(&sealed(idle));
    assert!(message.contains("is used nowhere"), "{message}");
}

#[test]
fn steps_over_sums_are_replayed() {
    let row = |name: &str, indices: &[&str], formula: &str| Definition {
        name: name.into(),
        indices: indices.iter().map(|index| (*index).to_owned()).collect(),
        shape: vec![Size::Name("N".into()); indices.len()],
        formula: formula.into(),
    };
    let definitions = [
        row("a1", &["i", "j"], "x[i, j] * 2"),
        row("b1", &["i", "j"], "x[j, i] + x[j, i]"),
        row("a2", &["k"], "sum[i](a1[k, i])"),
        row("b2", &["k"], "sum[i](b1[i, k])"),
        row("b3", &["k"], "sum[i](b1[k, i])"),
        row("a3", &[], "sum[i, j](a1[i, j])"),
        row("b4", &[], "sum[i, j](b1[i, j])"),
        row("a4", &["i"], "a2[i] / 3"),
        row("b5", &["m"], "b2[m] / 3"),
        row("b6", &["m"], "b2[m] / 4"),
    ];
    let shapes = HashMap::from([("x".to_owned(), vec![Size::Name("N".into()); 2])]);
    let nodes = Nodes::read(&definitions, &shapes, &HashSet::new()).expect("they are nodes");
    let step = |rule: &str, indices: &[&str], before: &str, after: &str| Step {
        number: 1,
        rule: rule.into(),
        indices: indices.iter().map(|index| (*index).to_owned()).collect(),
        before: before.into(),
        after: after.into(),
        from: before.into(),
        to: after.into(),
        facts: Vec::new(),
        divides: Vec::new(),
        differentiates: None,
    };
    let mut replay = Replay::default();
    let mut add = |step: &Step| replay.add(&nodes, step);
    // Without the first step nothing follows.
    assert!(add(&step("operands", &["k"], "a2[k]", "b2[k]")).is_err());
    assert_eq!(add(&step("canonical form", &["i", "j"], "a1[i, j]", "b1[j, i]")), Ok(()));
    assert_eq!(add(&step("operands", &["k"], "a2[k]", "b2[k]")), Ok(()));
    assert!(add(&step("operands", &["k"], "a2[k]", "b3[k]")).is_err(), "another axis is summed");
    assert_eq!(add(&step("operands", &[], "a3", "b4")), Ok(()), "both axes are summed, in whatever order");
    assert_eq!(add(&step("operands", &["n"], "a4[n]", "b5[n]")), Ok(()));
    assert!(add(&step("operands", &["n"], "a4[n]", "b6[n]")).is_err(), "another number");
    assert!(add(&step("operands", &["n"], "a4[n]", "b5[n]")).is_err(), "said before");
    assert!(add(&step("operands", &["n", "m"], "a4[n]", "b5[n]")).is_err(), "an index too many");
}

/// The rule says how a step is checked; where that is by numbers anyway, another such rule is as good.
#[test]
fn there_are_no_other_rules() {
    let certificate = certificate_of("1/(1 + exp(-x))", &request(1));
    assert_eq!(certificate.steps[0].rule, "fold back");
    for (rule, is_right) in [("canonical form", true), ("operands", false), ("magic", false), ("", false)] {
        let mut changed = certificate.clone();
        changed.steps[0].rule = rule.into();
        assert_eq!(verified(&sealed(changed)).is_ok(), is_right, "{rule}");
    }
}

/// What a text is damaged with: numbers beyond all bounds, deep nests, operations at their limits.
fn pieces() -> Vec<String> {
    let nests = [("(", ")", 3000), ("-", "", 5000), ("exp(", ")", 2500)];
    let nests = nests.map(|(open, close, depth)| format!("{}x{}", open.repeat(depth), close.repeat(depth)));
    let chains = [format!("x{}", " ** 2".repeat(2000)), format!("x{}", " + x".repeat(4000)), "9".repeat(400)];
    let short = [
        "1e999999999",
        "1e-999999999",
        "1e400",
        "x**1e18",
        "x**(-1e18)",
        "2**0.5**99",
        "sin(1e40)",
        "exp(exp(exp(9)))",
        "floor(1e1000)",
        "erf(1e9)",
        "0**0",
        "1/0",
        "x[0]",
        "x[99999999999999999999]",
        "sum[i](1)",
        "eye(100000)",
        "eye(0)",
        "max(eye(0))",
        "x.T.T",
        "{",
        "i == j",
        "softmax(x, axis = 7)",
        "x @ x",
        "[1, 2]",
        "x[1..0]",
        "é",
        "\0",
        "",
    ];
    short.map(str::to_owned).into_iter().chain(nests).chain(chains).collect()
}

/// What a byte is replaced by.
const SIGNS: &[u8] = b"0123456789+-*/()[]{}\",.xyzn ie";

/// Texts damaged in the middle: what is left says the same or is refused, and nothing makes the checker fail.
#[test]
fn damaged_files_are_refused() {
    let mut random = Random(5);
    let pieces = pieces();
    let certificates = ["1/(1 + exp(-x))", TWICE[2], BY_FACTS[0]].map(|text| certificate_of(text, &request(2)));
    let mut read = 0;
    for number in 0..3000 {
        let certificate = &certificates[number % certificates.len()];
        let mut text = certificate.text().into_bytes();
        for _ in 0..=random.below(2) {
            let (at, length) = (random.below(text.len()), random.below(6));
            let put: &[u8] = match random.below(4) {
                0 => &[],
                1 => pieces[random.below(pieces.len())].as_bytes(),
                _ => SIGNS.get(random.below(SIGNS.len())..).and_then(|rest| rest.get(..1)).unwrap_or(SIGNS),
            };
            text.splice(at..(at + length).min(text.len()), put.iter().copied());
        }
        let Ok(changed) = Certificate::read(&String::from_utf8_lossy(&text)) else { continue };
        read += 1;
        let found = verified(&changed);
        assert!(found.is_err() || changed == *certificate, "{}", String::from_utf8_lossy(&text));
        let panicked = |message: &String| message.contains("could not run");
        assert!(!found.is_err_and(|message| panicked(&message)), "{}", String::from_utf8_lossy(&text));
        // With a renewed digest it may be another truth, but nothing else may happen.
        let forged = verified(&sealed(changed));
        assert!(!forged.is_err_and(|message| panicked(&message)), "{}", String::from_utf8_lossy(&text));
    }
    assert!(read > 400, "{read}");
}

/// The place of the step that differentiates.
fn differentiating(certificate: &Certificate) -> usize {
    let place = certificate.steps.iter().position(|step| step.differentiates.is_some());
    place.unwrap_or_else(|| panic!("{}: no step differentiates", certificate.formula))
}

#[test]
fn a_second_derivative_is_one_of_a_certified_first_one() {
    for text in TWICE.into_iter().chain(BY_FACTS).chain(SHIFTED) {
        let certificate = certificate_of(text, &request(2));
        let place = differentiating(&certificate);
        let said = |change: &dyn Fn(&mut Certificate), message: &str| {
            let mut changed = certificate.clone();
            change(&mut changed);
            let found = refusal(&sealed(changed));
            assert!(found.contains(message), "{text}: {found}");
        };
        said(&|changed| changed.steps[place].differentiates = None, "does not say what it differentiates");
        said(&|changed| changed.steps[place].rule = "fold back".into(), "by its rule it differentiates nothing");
        let what = certificate.steps[place].differentiates.expect("it differentiates");
        let hessian = Some(Differentiated { gradient: what.hessian, ..what });
        said(&|changed| changed.steps[place].differentiates = hessian, "is no gradient");
        let beyond = Some(Differentiated { hessian: 99, ..what });
        said(&|changed| changed.steps[place].differentiates = beyond, "derivative 99 is no hessian");
        // Before the closed form is reached, there is nothing to differentiate.
        let early = |changed: &mut Certificate| {
            let step = changed.steps.remove(place);
            changed.steps.insert(0, step);
            (1..).zip(&mut changed.steps).for_each(|(number, step)| step.number = number);
        };
        said(&early, "no earlier steps lead to the closed form");
    }
}

#[test]
fn an_equation_says_nothing_of_derivatives_by_what_it_pins() {
    let text = "fn f(x, t, u) where t + u == 1 = x**2 * (t + u);";
    let certificate = certificate_of(text, &request(2));
    assert!(verified(&certificate).is_ok());
    // By the fact the gradient by x is 2·x, but that is no reason for its derivative by t to be 0: it is 2·x.
    let mut forged = certificate_of(text, &Request { raw: true, ..request(2) });
    let (gradient, mixed) = (forged.derivatives[0].clone(), forged.derivatives[4].clone());
    assert_eq!((gradient.wrt, mixed.wrt), (vec!["x".to_owned()], vec!["x".to_owned(), "t".to_owned()]));
    let definition = Definition { name: "m1".into(), indices: vec![], shape: vec![], formula: "2 * x".into() };
    forged.nodes.push(definition);
    let step = |number, rule: &str, before: &str, after: &str, differentiates| Step {
        number,
        rule: rule.into(),
        indices: Vec::new(),
        before: before.into(),
        after: after.into(),
        from: before.into(),
        to: after.into(),
        facts: vec!["t + u == 1".into()],
        divides: Vec::new(),
        differentiates,
    };
    let what = Some(Differentiated { gradient: 1, hessian: 5 });
    forged.steps = vec![
        step(1, "canonical form", &gradient.chain_rule, "m1", None),
        step(2, "differentiated closed form", &mixed.chain_rule, "0", what),
    ];
    forged.facts[0].used = true;
    forged.derivatives[0].closed = "m1".into();
    forged.derivatives[4].closed = "0".into();
    let message = refusal(&sealed(forged));
    assert!(message.contains("need not stay so where `t` moves"), "{message}");
}

/// A step that differentiates is checked by itself, not only by what the chain rule gives.
#[test]
fn differentiating_is_checked_on_the_closed_form() {
    for text in TWICE {
        let certificate = certificate_of(text, &request(2));
        let checked = |certificate: &Certificate| on_a_large_stack(|| differentiated_alone(certificate));
        assert_eq!(checked(&certificate), Ok(()), "{text}");
        let after = &certificate.steps[differentiating(&certificate)].after;
        let name = after.split('[').next().unwrap_or_default();
        // The derivative of a @ x is the input a itself.
        let Some(node) = certificate.nodes.iter().position(|node| node.name == name) else { continue };
        let mut by_numbers = 0;
        for changed in texts(&certificate.nodes[node].formula) {
            let mut wrong = certificate.clone();
            wrong.nodes[node].formula = changed;
            let message = checked(&wrong).expect_err("it is another formula");
            by_numbers += usize::from(message.contains("it is "));
        }
        assert!(by_numbers > 0, "{text}");
    }
}

/// Of a Hessian's entries what adds up to nothing with its transpose counts, too.
#[test]
fn a_hessian_is_compared_on_both_sides_of_its_diagonal() {
    let certificate = certificate_of("fn f(x: [D], a: [D, D]) wrt(x) = sum(x * (a @ x));", &request(2));
    for (shown, is_right) in [("a.T + a", true), ("2 * a", false), ("a.T * 2", false)] {
        let mut changed = certificate.clone();
        changed.derivatives[1].formula = shown.into();
        changed.lets.clear();
        changed.derivatives[0].formula = "(a + a.T) @ x".into();
        let found = verified(&sealed(changed));
        assert_eq!(found.is_ok(), is_right, "{shown}: {found:?}");
        assert!(found.err().is_none_or(|message| message.starts_with("derivative 2 (hessian")), "{shown}");
    }
}

/// Checks the first step that differentiates, and nothing else.
fn differentiated_alone(certificate: &Certificate) -> Result<(), String> {
    let problem = Problem::new(certificate)?;
    let nodes = Nodes::read(&certificate.nodes, &problem.shapes(), &HashSet::new())?;
    let outputs = Outputs::new(&certificate.outputs)?;
    let step = &certificate.steps[differentiating(certificate)];
    let facts = fact_places(&problem, &step.facts.iter().cloned().collect())?;
    let point = Sampler::new(&problem, 1).random_point(0, &facts)?;
    let names = nodes_at(&problem, &nodes, &certificate.outputs, &outputs, &point)?;
    let what = step.differentiates.ok_or("it does not differentiate")?;
    let second = Second::new(&certificate.derivatives, what)?;
    second.check(step, &problem, &nodes, &[Place { point, names }], Random(1))
}

/// Sizes in the hundreds: what is said of them is checked for any size.
#[test]
fn large_arrays_are_checked_at_small_sizes() {
    let text =
        "fn f(x: [N, 784], w: [784, 50], t: [N, 50]) wrt(w) where sum(t, axis = 1) == 1 = -sum(t*log(softmax(x @ w)));";
    let certificate = certificate_of(text, &request(2));
    assert!(verified(&certificate).is_ok(), "{:?}", verified(&certificate));
    let mut value: Value = serde_json::from_str(&certificate.text()).expect("it is JSON");
    value["digest"] = json!("0");
    assert!(refused(&value).is_ok_and(|message| message.contains("digest")));
    for (place, node) in certificate.nodes.iter().enumerate() {
        let Some(size) = node.shape.iter().position(|size| matches!(size, Size::Number(_))) else { continue };
        let mut changed = certificate.clone();
        changed.nodes[place].shape[size] = Size::Number(783);
        let message = refusal(&sealed(changed));
        assert!(message.contains("has two sizes") || message.contains("783"), "{message}");
    }
    for step in 0..certificate.steps.len() {
        let mut changed = certificate.clone();
        changed.steps[step].to = format!("2*({})", changed.steps[step].to);
        let message = refusal(&sealed(changed));
        assert!(message.starts_with(&format!("step {} ", step + 1)), "{message}");
    }
    // Who says the number says it of this size alone; other sizes may still be any.
    let said = "fn f(x: [2000, 12], w: [12, 12]) wrt(w) = sum((x @ (w + eye(12)))**2);";
    let found = verified(&certificate_of(said, &request(2)));
    assert!(found.is_ok(), "{found:?}");
}

/// A formula of x and z, drawn from a grammar: `depth` operations inside each other.
fn random_formula(random: &mut Random, depth: u32) -> String {
    if depth == 0 {
        return ["x", "z", "1", "2", "0.5"][random.below(5)].to_owned();
    }
    let inner = |random: &mut Random| {
        let less = 1 + u32::try_from(random.below(2)).unwrap_or(0);
        random_formula(random, depth.saturating_sub(less))
    };
    let (a, b) = (inner(random), inner(random));
    match random.below(14) {
        0 | 1 => format!("({a} + {b})"),
        2 => format!("({a} - {b})"),
        3 | 4 => format!("({a} * {b})"),
        5 => format!("({a} / (1 + ({b})**2))"),
        6 => format!("exp(-({a})**2)"),
        7 => format!("log(1 + exp({a}))"),
        8 => format!("sqrt(1 + ({a})**2)"),
        9 => format!("sin({a})"),
        10 => format!("tanh({a})"),
        11 => format!("(if {a} > {b} {{ {a} }} else {{ {b} }})"),
        12 => format!("abs({a})"),
        _ => format!("sigmoid({a})"),
    }
}

#[test]
fn random_formulas_have_certificates() {
    for number in 0..120_u64 {
        let mut random = Random(number);
        let (a, b) = (random_formula(&mut random, 3), random_formula(&mut random, 2));
        let text = format!("fn f(x, z) = x * {a} + z * {b};");
        let certificate = certificate_of(&text, &request(1 + u8::from(number % 3 == 0)));
        let found = verified(&certificate);
        assert!(found.is_ok(), "{number}: {text}\n{found:?}");
        let logged = |step: &Step| step.rule != "unlogged";
        assert!(certificate.steps.iter().all(logged), "{number}: {text}: the steps do not lead to the closed form");
    }
}
