//! Matrix notation and known calls: what is printed, what it costs, and that it has the same numbers when read again.

use crate::derive::{Request, derive};
use crate::evaluate::{Tensor, evaluate};
use crate::graph::{Axis, Dim, Graph, Ref};
use crate::lower::{Wanted, lower};
use crate::number::{FloatType, Number};
use crate::operators::Operator::{Add, Divide, Exp, Log, Multiply, Negate, Subtract};
use crate::parse::parse_module;
use crate::print::{Asked, KnownCall, Listing, Phase, Style, Vocabulary, list_with};
use crate::resolve::resolve;

/// A graph in the making; everything in it is right.
struct Bench {
    graph: Graph,
    asked: Vec<Asked>,
    calls: Vec<KnownCall>,
}

impl Bench {
    fn new() -> Self {
        Self { graph: Graph::new(FloatType::F64), asked: Vec::new(), calls: Vec::new() }
    }

    fn axis(&mut self, dim: &str) -> Axis {
        let dim = self.graph.dimension(dim);
        self.graph.axis(dim, "")
    }

    fn input(&mut self, name: &str, axes: &[Axis]) -> Ref {
        self.graph.input(name, axes).expect("new")
    }

    fn apply(&mut self, operator: crate::operators::Operator, operands: &[&Ref]) -> Ref {
        let operands: Vec<Ref> = operands.iter().map(|operand| (*operand).clone()).collect();
        self.graph.apply(operator, &operands).expect("fits")
    }

    fn one(&mut self) -> Ref {
        self.graph.constant(Number::ONE).expect("room")
    }

    fn ask(&mut self, name: &str, value: &Ref, phase: Phase) {
        let axes = value.distinct_axes();
        self.asked.push(Asked { name: name.into(), value: value.clone(), axes, phase });
    }

    fn call(&mut self, value: &Ref, name: &'static str, arguments: &[&Ref]) {
        let arguments = arguments.iter().map(|argument| (*argument).clone()).collect();
        self.calls.push(KnownCall { node: value.node, name, arguments, axes: value.axes.clone(), along: None });
    }

    /// `1/(1 + exp(-x))`
    fn sigmoid(&mut self, x: &Ref) -> Ref {
        let minus = self.apply(Negate, &[x]);
        let exp = self.apply(Exp, &[&minus]);
        let one = self.one();
        let below = self.apply(Add, &[&one, &exp]);
        self.apply(Divide, &[&one, &below])
    }

    /// `exp(a)/sum(exp(a))` along an axis.
    fn softmax(&mut self, a: &Ref, along: Axis) -> Ref {
        let exp = self.apply(Exp, &[a]);
        let sum = self.graph.sum(&[along], &exp).expect("fits");
        self.apply(Divide, &[&exp, &sum])
    }

    fn listing(&self, functions: &[&str]) -> Listing {
        let functions: Vec<String> = functions.iter().map(|name| (*name).to_owned()).collect();
        let vocabulary = Vocabulary { calls: &self.calls, functions: &functions, ..Vocabulary::default() };
        list_with(&self.graph, &self.asked, &vocabulary, Style::Language)
    }

    /// Lines as text, after the listing was read again and had the numbers of the graph.
    fn checked(&self) -> Vec<String> {
        let listing = self.listing(&[]);
        let dims = |shape: &[Dim]| {
            let dims: Vec<String> = shape.iter().map(|dim| self.graph.dim_text(*dim)).collect();
            if dims.is_empty() { String::new() } else { format!(": [{}]", dims.join(", ")) }
        };
        let inputs = self.graph.inputs();
        let parameters: Vec<String> =
            inputs.iter().map(|input| format!("{}{}", input.name, dims(&input.shape))).collect();
        let statement = |line: &crate::print::Line| format!("let {} = {};", line.left(), line.formula);
        let forward = |line: &&crate::print::Line| line.phase == Phase::Forward;
        let all = || listing.lets.iter().chain(&listing.asked);
        let mut lines: Vec<String> = all().filter(forward).map(statement).collect();
        lines.extend(all().filter(|line| !forward(line)).map(statement));
        let types: Vec<String> =
            listing.asked.iter().map(|line| format!("out_{}{}", line.name, dims(&line.shape))).collect();
        let names: Vec<&str> = listing.asked.iter().map(|line| line.name.as_str()).collect();
        let (parameters, types, names) = (parameters.join(", "), types.join(", "), names.join(", "));
        let text = format!("fn listed({parameters}) -> ({types}) {{ {} ({names}) }}", lines.join(" "));
        let function = parse_module(&text).and_then(|module| resolve(&module, &text));
        let function = function.unwrap_or_else(|errors| panic!("{text}: {errors:?}")).pop().expect("one");
        let again = derive(function, &Request::default()).expect("derives");
        let found = lower(&again.function.graph, &again.wanted());
        let wanted = self.asked.iter().map(|asked| Wanted { value: asked.value.clone(), axes: asked.axes.clone() });
        let expected = lower(&self.graph, &wanted.collect::<Vec<_>>());
        let size = |dim: &Dim| if self.graph.dim_text(*dim) == "N" { 2 } else { 3 };
        let point: Vec<Tensor> = inputs.iter().map(|input| sample(input.shape.iter().map(size).collect())).collect();
        let (found, expected) = (evaluate(&found, &point).expect("runs"), evaluate(&expected, &point).expect("runs"));
        for (found, expected) in found.iter().zip(&expected) {
            let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
            assert!(found.shape == expected.shape && found.data.iter().zip(&expected.data).all(close), "{text}");
        }
        all().map(|line| format!("{} = {} ({})", line.left(), line.formula, line.operations)).collect()
    }
}

fn sample(shape: Vec<usize>) -> Tensor {
    let count = shape.iter().product();
    let data = (0..count).map(|at: usize| 0.3 * at as f64 - 0.7 + 0.1 * count as f64).collect();
    Tensor { shape, data }
}

#[test]
fn a_backward_formula_calls_a_scalar_function_by_name() {
    let mut bench = Bench::new();
    let x = bench.input("x", &[]);
    let s = bench.sigmoid(&x);
    let y = bench.apply(Multiply, &[&x, &s]);
    bench.call(&s, "sigmoid", &[&x]);
    bench.ask("y", &y, Phase::Forward);
    bench.ask("once", &s, Phase::Backward);
    assert_eq!(bench.checked(), ["y = x*(1/(1 + exp(-x))) (5)", "once = sigmoid(x) (1)"]);

    bench.asked.pop();
    let one = bench.one();
    let rest = bench.apply(Subtract, &[&one, &s]);
    let part = bench.apply(Multiply, &[&y, &rest]);
    let slope = bench.apply(Add, &[&s, &part]);
    bench.ask("slope", &slope, Phase::Backward);
    // What is used twice is called once.
    let lines = ["d1 = sigmoid(x) (1)", "y = x*(1/(1 + exp(-x))) (5)", "slope = d1 + y*(1 - d1) (3)"];
    assert_eq!(bench.checked(), lines);
}

#[test]
fn what_only_a_call_needs_gets_no_line() {
    let mut bench = Bench::new();
    let k = bench.axis("K");
    let (a, t) = (bench.input("a", &[k]), bench.input("t", &[k]));
    let p = bench.softmax(&a, k);
    let exp = bench.apply(Exp, &[&a]);
    let sum = bench.graph.sum(&[k], &exp).expect("fits");
    let y = bench.apply(Log, &[&sum]);
    let d = bench.apply(Subtract, &[&p, &t]);
    bench.ask("y", &y, Phase::Forward);
    bench.ask("d", &d, Phase::Backward);
    let plain = ["s1 = exp(a) (1)", "s2 = sum(s1) (1)", "y = log(s2) (1)", "d = s1/s2 - t (2)"];
    assert_eq!(bench.checked(), plain);
    bench.call(&p, "softmax", &[&a]);
    assert_eq!(bench.checked(), ["y = log(sum(exp(a))) (3)", "d = softmax(a) - t (2)"]);
    // A function of the user's module means something else, and so does an input.
    let shadowed = bench.listing(&["softmax"]);
    assert_eq!(shadowed.asked[1].formula, "s1/s2 - t");
    bench.input("softmax", &[]);
    assert_eq!(bench.listing(&[]).asked[1].formula, "s1/s2 - t");
}

#[test]
fn a_call_works_along_the_last_axis_of_its_argument() {
    let mut bench = Bench::new();
    let (n, k) = (bench.axis("N"), bench.axis("K"));
    let (a, t) = (bench.input("a", &[n, k]), bench.input("t", &[n, k]));
    let y = bench.graph.sum(&[n, k], &a).expect("fits");
    bench.ask("y", &y, Phase::Forward);
    let rows = bench.softmax(&a, k);
    let rows_less = bench.apply(Subtract, &[&rows, &t]);
    bench.call(&rows, "softmax", &[&a]);
    bench.ask("rows", &rows_less, Phase::Backward);
    let exp = bench.apply(Exp, &[&a]);
    let total = bench.graph.sum(&[k], &exp).expect("fits");
    let log = bench.apply(Log, &[&total]);
    let less = bench.apply(Subtract, &[&a, &log]);
    bench.call(&log, "logsumexp", &[&a]);
    bench.ask("less", &less, Phase::Backward);
    let lines = ["y = sum(a) (1)", "rows = softmax(a) - t (2)", "less = a - logsumexp(a, axis = 1, keep = true) (2)"];
    assert_eq!(bench.checked(), lines);
}

#[test]
fn a_call_along_another_axis_says_which() {
    let mut bench = Bench::new();
    let (n, k) = (bench.axis("N"), bench.axis("K"));
    let (a, x) = (bench.input("a", &[n, k]), bench.input("x", &[k, n]));
    let y = bench.graph.sum(&[n, k], &a).expect("fits");
    bench.ask("y", &y, Phase::Forward);
    let columns = bench.softmax(&a, n);
    let less = bench.apply(Subtract, &[&columns, &x]);
    bench.call(&columns, "softmax", &[&a]);
    bench.calls[0].along = Some(n);
    bench.ask("less", &less, Phase::Backward);
    assert_eq!(bench.checked(), ["y = sum(a) (1)", "less = softmax(a, axis = 0) - x.T (2)"]);
    bench.calls[0].along = None;
    assert_eq!(bench.listing(&[]).asked[1].formula, "softmax(a) - x.T", "the last axis, unless another one is stated");
}

#[test]
fn index_notation_refers_to_a_named_call() {
    let mut bench = Bench::new();
    let (n, k) = (bench.axis("N"), bench.axis("K"));
    let (a, r) = (bench.input("a", &[n, k]), bench.input("r", &[n]));
    let y = bench.graph.sum(&[n, k], &a).expect("fits");
    bench.ask("y", &y, Phase::Forward);
    let p = bench.softmax(&a, k);
    bench.call(&p, "softmax", &[&a]);
    let scaled = bench.apply(Multiply, &[&p, &r]);
    bench.ask("scaled", &scaled, Phase::Backward);
    let lines = bench.checked();
    assert_eq!(lines[0], "d1 = softmax(a) (1)");
    assert_eq!(lines[1], "d2[i, j] = d1[i, j]*r[i] (1)");
}

#[test]
fn what_has_a_name_keeps_it_and_a_circle_is_no_call() {
    let mut bench = Bench::new();
    let x = bench.input("x", &[]);
    let s = bench.sigmoid(&x);
    bench.call(&s, "sigmoid", &[&x]);
    bench.ask("y", &s, Phase::Forward);
    let twice = bench.apply(Add, &[&s, &x]);
    bench.ask("d", &twice, Phase::Backward);
    assert_eq!(bench.checked(), ["y = 1/(1 + exp(-x)) (4)", "d = y + x (1)"]);

    let mut bench = Bench::new();
    let x = bench.input("x", &[]);
    bench.ask("y", &x, Phase::Forward);
    let s = bench.sigmoid(&x);
    let above = bench.apply(Log, &[&s]);
    bench.call(&s, "sigmoid", &[&above]);
    bench.ask("d", &above, Phase::Backward);
    assert_eq!(bench.checked(), ["y = x (0)", "d = log(1/(1 + exp(-x))) (5)"]);
}

/// A derivative as printed, its shared lines in front.
fn derivatives(text: &str, request: &Request, style: Style) -> (Vec<String>, usize) {
    let module = parse_module(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    let function = resolve(&module, text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).pop().expect("one");
    let derived = derive(function, request).expect("derives");
    let listing = derived.listing(style, |_, _| String::new());
    let lets = listing.lets.iter().map(|line| format!("{} = {}", line.left(), line.formula));
    let asked = listing.asked[derived.output_names.len()..].iter().map(|line| line.formula.clone());
    (lets.chain(asked).collect(), derived.operations(&listing).derived)
}

#[test]
fn a_layer_has_the_cotangents_of_the_textbook() {
    let text = "fn layer(x: [N, D], w: [D, H], b: [H]) = x @ w + b;";
    let request = Request { order: 1, upstream: Some("g".into()), ..Request::default() };
    let expected = ["g @ w.T", "x.T @ g", "sum(g, axis = 0)"];
    assert_eq!(derivatives(text, &request, Style::Language), (expected.map(String::from).to_vec(), 3));
    let expected = ["g·wᵀ", "xᵀ·g", "sum(g, axis = 0)"];
    assert_eq!(derivatives(text, &request, Style::People).0, expected);
}

#[test]
fn a_derivative_that_calls_saves_the_arguments_only() {
    let text = "fn f(x, w) wrt(x) = w*x/(1 + exp(-(w*x)));";
    let function = parse_module(text).and_then(|module| resolve(&module, text)).expect("right").pop().expect("one");
    let mut derived = derive(function, &Request { order: 1, raw: true, ..Request::default() }).expect("derives");
    let graph = &mut derived.function.graph;
    let y = derived.function.outputs[0].value.clone();
    let [argument, below] = [0, 1].map(|at| graph.operand_refs(y.node, &[])[at].clone());
    let one = graph.constant(Number::ONE).expect("room");
    let sigmoid = graph.apply(Divide, &[one, below]).expect("fits");
    derived.closed = vec![graph.apply(Add, &[sigmoid.clone(), y]).expect("fits")];
    let call =
        KnownCall { node: sigmoid.node, name: "sigmoid", arguments: vec![argument], axes: Vec::new(), along: None };
    derived.calls = vec![call];
    let listing = derived.listing(Style::Language, |_, _| String::new());
    assert_eq!(listing.asked[1].formula, "sigmoid(s1) + y");
    assert_eq!(derived.saved_names(&listing), ["s1", "y"]);
    // `sigmoid`, the sum and the product that `s1` is.
    assert_eq!(derived.operations(&listing).derived, 3);
    derived.function.module.push("sigmoid".into());
    let shadowed = derived.listing(Style::Language, |_, _| String::new());
    assert_eq!(shadowed.asked[1].formula.matches("sigmoid").count(), 0);
}

#[test]
fn a_negated_product_is_a_product() {
    let text = "fn f(x: [N, D], w: [D], t: [N]) wrt(w) = sum(-(t*exp(x @ w)));";
    let (lines, operations) = derivatives(text, &Request { order: 1, ..Request::default() }, Style::Language);
    assert_eq!((lines[lines.len() - 1].as_str(), operations), ("-(x.T @ s1)", 5));
}

#[test]
fn no_line_hides_the_number_pi() {
    let text = "fn f(x) { let y = if x > 0 { let pi = x*x; pi*sin(pi) } else { x*pi }; y**2 }";
    let (lines, _) = derivatives(text, &Request { order: 1, ..Request::default() }, Style::Language);
    assert!(lines.iter().all(|line| !line.starts_with("pi =")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("x*pi")), "{lines:?}");
    // The value does not state the number, its derivative does.
    let module = crate::parse::parse_module("fn f(x) { let pi = erf(x); (pi, x*x) }").expect("parses");
    let function = crate::resolve::resolve(&module, "").expect("resolves").pop().expect("one");
    let derived = crate::derive::derive(function, &Request { order: 1, ..Request::default() }).expect("derives");
    let listing = derived.listing(Style::Language, |_, _| String::new());
    let formula = &listing.asked[2].formula;
    assert!(formula.contains("sqrt(pi)") && listing.asked[0].name != "pi", "{formula}");
}

#[test]
fn what_could_mean_two_things_is_in_index_notation() {
    let request = Request { order: 1, upstream: Some("g".into()), ..Request::default() };
    let one = |text: &str| derivatives(text, &request, Style::Language).0;
    // [N, N] with [N] is refused; [N, D] with [N] does not fit; both are read when the axis is kept.
    assert_eq!(
        one("fn f(x: [N, N], v: [N]) wrt(x) { let y[i, j] = x[i, j]*v[j]; y }"),
        ["s1[i, j] = x[i, j]*v[j]", "d2[i, j] = g[i, j]*v[j]", "d2"]
    );
    assert_eq!(
        one("fn f(x: [N, D], v: [N]) wrt(x) { let y[i, j] = x[i, j]*v[i]; y }"),
        ["s1[i, j] = x[i, j]*v[i]", "d2[i, j] = g[i, j]*v[i]", "d2"]
    );
    assert_eq!(one("fn f(x: [N, D], v: [D]) wrt(x) = x*v;"), ["g*v"]);
    assert_eq!(one("fn f(x: [N, N]) = x*sum(x, axis = 1, keep = true);").len(), 2);
    // A batch of products is neither `@` nor a sum of a product.
    assert_eq!(
        one("fn f(x: [B, N], w: [B, N]) wrt(x) { let y[b] = sum[n](x[b, n]*w[b, n]); y }")[0],
        "d1[b, i] = g[b]*w[b, i]"
    );
}

#[test]
fn a_part_in_index_notation_leaves_the_rest_readable() {
    let text = "fn f(a: [N, N], x: [N], v: [N]) wrt(a) = x @ a @ x + sum(diag(a)*v);";
    let (lines, _) = derivatives(text, &Request { order: 1, ..Request::default() }, Style::People);
    assert_eq!(lines[lines.len() - 1], "d1 + outer(x, x)");
    assert_eq!(lines[lines.len() - 2], "d1[i, j] = if i == j { v[i] } else { 0 }");
}

#[test]
fn a_parameter_named_pi_does_not_stand_for_the_number() {
    let text = "fn f(pi, x) = erf(pi * x);";
    let function = resolve(&parse_module(text).expect("parses"), text).expect("resolves").pop().expect("one");
    let derived = derive(function, &Request { order: 1, ..Request::default() }).expect("derives");
    let listing = derived.listing(Style::Language, |_, _| String::new());
    let lines: Vec<&str> = listing.lets.iter().chain(&listing.asked).map(|line| line.formula.as_str()).collect();
    assert!(lines.iter().any(|line| line.contains("atan2(0, -1)")), "{lines:?}");
}
