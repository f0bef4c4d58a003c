use std::collections::HashMap;

use super::{Edges, PartKind, Picture, PictureRequest, chart, picture};
use crate::evaluate::{Tensor, evaluate};
use crate::lower::{Wanted, lower};
use crate::parse::parse_formula;
use crate::print::mermaid::Chart;
use crate::resolve::resolve;

fn drawn(text: &str, request: &PictureRequest) -> Picture {
    let module = parse_formula(text, &[]).unwrap();
    let function = resolve(&module, text).unwrap().pop().unwrap();
    picture(function, request).unwrap()
}

fn arrows(chart: &Chart, backward: bool) -> Vec<String> {
    let label = |place: usize| chart.nodes[place].label.clone();
    let arrows = chart.arrows.iter().filter(|arrow| arrow.backward == backward);
    arrows.map(|arrow| format!("{} {} {}", label(arrow.from), arrow.label, label(arrow.to))).collect()
}

const BOTH: Edges = Edges { forward: true, backward: true };

/// The source text's first figure with all its arrows.
#[test]
fn the_walnut_graph_carries_its_numbers() {
    let picture = drawn("walnut * count * tax", &PictureRequest { backward: true, ..PictureRequest::default() });
    let inputs = [100.0, 2.0, 1.1].map(Tensor::scalar);
    let values = picture.values(&picture.program(), &inputs).unwrap();
    let chart = chart(&picture, Some(&values), BOTH, 4);
    assert_eq!(arrows(&chart, false), ["walnut 100 ×", "count 2 ×", "× 200 ×", "tax 1.1 ×", "× 220 y"]);
    assert_eq!(arrows(&chart, true), ["y 1 ×", "× 1.1 ×", "× 200 tax", "× 2.2 walnut", "× 110 count"]);
}

/// What flows into a value from several users adds up to its cotangent, which is the input's derivative.
#[test]
fn cotangents_accumulate() {
    let picture = drawn("x * x + 3 * x", &PictureRequest { backward: true, ..PictureRequest::default() });
    let values = picture.values(&picture.program(), &[Tensor::scalar(5.0)]).unwrap();
    let sweep = values.sweeps[0].as_ref().unwrap();
    assert_eq!(sweep.cotangents[0], Tensor::scalar(13.0));
    assert_eq!(arrows(&chart(&picture, Some(&values), BOTH, 4), true).len(), 6);
}

#[test]
fn formulas_are_defined_where_they_first_flow() {
    let picture = drawn("sin(exp(x)) * x", &PictureRequest { backward: true, ..PictureRequest::default() });
    let chart = chart(&picture, None, BOTH, 4);
    assert_eq!(arrows(&chart, true), ["y 1 ×", "× x sin", "× s2 x", "sin d3 = x·cos(s1) exp", "exp d3·s1 x"]);
}

#[test]
fn nothing_flows_back_from_an_array_without_a_cotangent() {
    let picture = drawn("fn f(x: [N]) = 2 * x;", &PictureRequest { backward: true, ..PictureRequest::default() });
    assert!(picture.sweeps[0].is_none());
    let upstream = Some("g".to_owned());
    let picture =
        drawn("fn f(x: [N]) = 2 * x;", &PictureRequest { backward: true, upstream, ..PictureRequest::default() });
    assert_eq!(arrows(&chart(&picture, None, BOTH, 4), true), ["y g\n[N] ×", "× 2·g\n[N] [N]\nx"]);
}

/// What flows back over the axes of the operand, in their order, and in closed form.
#[test]
fn what_flows_has_the_shape_of_the_operand() {
    let upstream = Some("g".to_owned());
    let text = "fn f(x: [N, D], w: [D, H]) = x @ w;";
    let mut picture = drawn(text, &PictureRequest { backward: true, upstream, ..PictureRequest::default() });
    picture.close().unwrap();
    let back = arrows(&chart(&picture, None, BOTH, 4), true);
    assert_eq!(back[1..], ["dot g·wᵀ\n[N, D] [N, D]\nx", "dot xᵀ·g\n[D, H] [D, H]\nw"]);
    let mut picture = drawn("1/(1 + exp(-x))", &PictureRequest { backward: true, ..PictureRequest::default() });
    picture.close().unwrap();
    let back = arrows(&chart(&picture, None, BOTH, 4), true);
    assert_eq!(back.last().unwrap(), "− y·(1 − y) x");
}

/// A network of two layers, small enough to run.
const NETWORK: &str = "fn loss(x: [N, 3], w1: [3, 2], b1: [2], w2: [2, 3], b2: [3], t: [N, 3])
    wrt(w1, b1, w2, b2) where sum(t, axis = 1) == 1
{
    let h = sigmoid(x @ w1 + b1);
    let y = softmax(h @ w2 + b2);
    -sum(t * log(y)) / N
}";

/// Formulas whose parts are calls, products and both; some must be expanded.
const FORMULAS: [&str; 8] = [
    NETWORK,
    "fn f(a: [3], b: [3]) = sum(softmax(a) * b) + logsumexp(a);",
    "fn f(a: [3], b: [3]) = a @ b + norm(a) * mean(b);",
    "fn f(a: [2, 3], b: [3, 2]) = sum((a @ b) @ (a @ b).T * 3);",
    "fn f(a: [2, 3], b: [3, 2], c: [3]) { let z[i, k] = sum[j](a[i, j] * b[j, k] * c[j]); sum(z**2) }",
    "fn f(a, b) = gelu(a * b) * mish(a) + huber(a, b);",
    "fn f(a: [2, 3]) = sum(relu(a) * a) + sum(softmax(a, axis = 0) ** 2);",
    "fn f(a: [3], b: [3]) = cross_entropy(softmax(a), softmax(b)) + trace(outer(a, b));",
];

fn request() -> PictureRequest {
    PictureRequest { backward: true, ..PictureRequest::default() }
}

fn size(dim: &crate::graph::Dim) -> usize {
    match dim {
        crate::graph::Dim::Literal(size) => *size as usize,
        _ => 2,
    }
}

/// Numbers that are no special ones, for every input.
fn inputs(picture: &Picture) -> Vec<Tensor> {
    let mut next = 0.0_f64;
    let mut number = || {
        next += 1.0;
        0.3 + 0.5 * (next * 1.7).sin()
    };
    let shapes = picture.function.parameters.iter().map(|parameter| parameter.shape.iter().map(size).collect());
    let tensor = |shape: Vec<usize>| Tensor { data: (0..shape.iter().product()).map(|_| number()).collect(), shape };
    let mut inputs: Vec<Tensor> = shapes.map(tensor).collect();
    // The network's fact: targets add up to one.
    if let Some(place) = picture.function.parameters.iter().position(|parameter| parameter.name == "t") {
        inputs[place].data = vec![1.0, 0.0, 0.0, 0.2, 0.3, 0.5];
    }
    inputs
}

fn close(left: &Tensor, right: &Tensor) -> bool {
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * (1.0 + a.abs());
    left.shape == right.shape && left.data.iter().zip(&right.data).all(near)
}

/// What flows into a node from all of its users is its cotangent, also where parts stand for many edges of the graph.
#[test]
fn flows_add_up_to_cotangents() {
    for formula in FORMULAS {
        let picture = drawn(formula, &request());
        let values = picture.values(&picture.program(), &inputs(&picture)).unwrap();
        let (sweep, values) = (picture.sweeps[0].as_ref().unwrap(), values.sweeps[0].as_ref().unwrap());
        let mut sums: HashMap<usize, Tensor> = HashMap::new();
        let root = picture.place(picture.function.outputs[0].value.node).unwrap();
        sums.insert(root, values.seed.clone());
        for (flow, value) in sweep.flows.iter().zip(&values.flows) {
            let part = &picture.parts[picture.place(flow.node).unwrap()];
            let operand = picture.place(part.edges[flow.position].operand).unwrap();
            let zero = || Tensor { shape: value.shape.clone(), data: vec![0.0; value.data.len()] };
            let sum = sums.entry(operand).or_insert_with(zero);
            sum.data.iter_mut().zip(&value.data).for_each(|(sum, value)| *sum += value);
        }
        for ((place, _), cotangent) in sweep.cotangents.iter().zip(&values.cotangents) {
            // What flows along a diagonal has one axis less.
            let diagonal = sums[place].shape != cotangent.shape;
            assert!(diagonal || close(&sums[place], cotangent), "{formula}: {:?} {cotangent:?}", sums[place]);
        }
    }
}

/// With what flows under each name as its value, every form has the value of what it stands for.
#[test]
fn forms_that_refer_to_each_other_are_true() {
    for formula in FORMULAS {
        let (picture, mut closed) = (drawn(formula, &request()), drawn(formula, &request()));
        closed.close_to_draw().unwrap();
        let mut given = inputs(&picture);
        let values = picture.values(&picture.program(), &given).unwrap();
        let flows = &values.sweeps[0].as_ref().unwrap().flows;
        let sweep = closed.sweeps[0].as_ref().unwrap();
        let graph = &closed.function.graph;
        for input in &graph.inputs()[given.len()..] {
            let named = sweep.names.iter().position(|name| name.as_ref() == Some(&input.name));
            let shape: Vec<usize> = input.shape.iter().map(size).collect();
            let nothing = Tensor { data: vec![f64::NAN; shape.iter().product()], shape };
            given.push(named.map_or(nothing, |place| flows[place].clone()));
        }
        let wanted = |(place, form): (usize, &crate::graph::Ref)| Wanted {
            value: form.clone(),
            axes: sweep.flows[place].axes.clone(),
        };
        let wanted: Vec<Wanted> = sweep.forms.iter().enumerate().map(wanted).collect();
        let found = evaluate(&lower(graph, &wanted), &given).unwrap();
        for (found, flow) in found.iter().zip(flows) {
            assert!(close(found, flow), "{formula}: {found:?} {flow:?}");
        }
    }
}

#[test]
fn the_network_is_drawn_by_its_layers() {
    let mut picture = drawn(NETWORK, &request());
    picture.close_to_draw().unwrap();
    let chart = chart(&picture, None, BOTH, 4);
    let nodes: Vec<&str> = chart.nodes.iter().map(|node| node.label.as_str()).collect();
    let layers: Vec<&str> = nodes.iter().copied().filter(|label| !label.contains('\n')).collect();
    assert_eq!(layers, ["dot", "+", "sigmoid", "dot", "+", "softmax", "log", "×", "sum", "−", "÷", "loss", "N"]);
    let back = arrows(&chart, true);
    for arrow in [
        "softmax d1 = (y − t)/N\n[N, 3] +",
        "+ sum(d1, axis = 0)\n[3] [3]\nb2",
        "dot d2 = d1·w2ᵀ\n[N, 2] sigmoid",
        "dot hᵀ·d1\n[2, 3] [2, 3]\nw2",
        "sigmoid d3 = h ⊙ d2 ⊙ (1 − h)\n[N, 2] +",
        "dot xᵀ·d3\n[3, 2] [3, 2]\nw1",
    ] {
        assert!(back.iter().any(|other| other == arrow), "{arrow}: {back:?}");
    }
}

fn kinds(text: &str, request: &PictureRequest) -> Vec<PartKind> {
    let kinds = drawn(text, request).parts.into_iter().map(|part| part.kind);
    kinds.filter(|kind| *kind != PartKind::Node).collect()
}

#[test]
fn parts_are_calls_and_contractions() {
    let call = |name: &str| PartKind::Call(name.into());
    assert_eq!(kinds("fn f(a: [2, 3], x: [3]) = a @ x;", &request()), [PartKind::Dot]);
    assert_eq!(kinds("fn f(a: [3], x: [3]) = a @ x;", &request()), [PartKind::Dot]);
    assert_eq!(kinds("fn f(a: [2, 3], x: [3]) = (2 * a) @ x;", &request()), [PartKind::Dot]);
    // What only adds up the elements of a product is a product and a sum.
    assert_eq!(kinds("fn f(a: [2, 3], b: [2, 3]) = sum(a * b);", &request()), []);
    assert_eq!(kinds("fn f(x) = mish(x);", &request()), [call("mish")]);
    assert_eq!(kinds("fn f(x) = mish(x);", &PictureRequest { expand: true, ..request() }), []);
    // Two calls that share what is inside of both.
    assert_eq!(kinds("fn f(x) = sigmoid(x) + silu(x);", &request()), []);
    assert_eq!(kinds("fn f(x) = mish(x) + softplus(x);", &request()), [call("softplus")]);
    // The user's own function of that name is none of the library.
    assert_eq!(kinds("fn relu(x) = x * x; fn f(x) = relu(x) + 1;", &request()), []);
}
