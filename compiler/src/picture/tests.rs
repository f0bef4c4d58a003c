use super::{Edges, Picture, PictureRequest, chart, picture};
use crate::evaluate::Tensor;
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
    let chart = chart(&picture, Some(&values), BOTH);
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
    assert_eq!(arrows(&chart(&picture, Some(&values), BOTH), true).len(), 6);
}

#[test]
fn formulas_are_defined_where_they_first_flow() {
    let picture = drawn("sin(exp(x)) * x", &PictureRequest { backward: true, ..PictureRequest::default() });
    let chart = chart(&picture, None, BOTH);
    assert_eq!(arrows(&chart, true), ["y 1 ×", "× x sin", "× s2 x", "sin d3 = x·cos(s1) exp", "exp d3·s1 x"]);
}

#[test]
fn nothing_flows_back_from_an_array_without_a_cotangent() {
    let picture = drawn("fn f(x: [N]) = 2 * x;", &PictureRequest { backward: true, ..PictureRequest::default() });
    assert!(picture.sweeps[0].is_none());
    let upstream = Some("g".to_owned());
    let picture = drawn("fn f(x: [N]) = 2 * x;", &PictureRequest { backward: true, upstream, wrt: None });
    assert_eq!(arrows(&chart(&picture, None, BOTH), true), ["y g ×", "× 2·g x: [N]"]);
}

/// What flows back over the axes of the operand, in their order, and in closed form.
#[test]
fn what_flows_has_the_shape_of_the_operand() {
    let upstream = Some("g".to_owned());
    let text = "fn f(x: [N, D], w: [D, H]) = x @ w;";
    let mut picture = drawn(text, &PictureRequest { backward: true, upstream, wrt: None });
    picture.close().unwrap();
    let back = arrows(&chart(&picture, None, BOTH), true);
    assert_eq!(back[1..], ["sum g ×", "× g·wᵀ x: [N, D]", "× xᵀ·g w: [D, H]"]);
    let mut picture = drawn("1/(1 + exp(-x))", &PictureRequest { backward: true, ..PictureRequest::default() });
    picture.close().unwrap();
    let back = arrows(&chart(&picture, None, BOTH), true);
    assert_eq!(back.last().unwrap(), "− y·(1 − y) x");
}
