//! The store keeps its promises: equal nodes are one, axes are never captured, folding changes no bit.

use super::{Axis, Dim, Graph, GraphError, Operation, Ref};
use crate::evaluate::{Tensor, evaluate};
use crate::lower::{Wanted, lower};
use crate::number::{FloatType, Number};
use crate::operators::Operator::{self, Add, Divide, Exp, Greater, Multiply, Negate, Power, Select, Subtract};

fn scalar(graph: &mut Graph, name: &str) -> Ref {
    graph.input(name, &[]).expect("a new input")
}

fn number(graph: &mut Graph, text: &str) -> Ref {
    graph.constant(Number::parse(text).expect("a number")).expect("room")
}

fn apply(graph: &mut Graph, operator: Operator, operands: &[&Ref]) -> Ref {
    let operands: Vec<Ref> = operands.iter().map(|operand| (*operand).clone()).collect();
    graph.apply(operator, &operands).expect("operands that fit")
}

fn run(graph: &Graph, value: &Ref, axes: &[Axis], inputs: &[Tensor]) -> Tensor {
    let wanted = [Wanted { value: value.clone(), axes: axes.to_vec() }];
    evaluate(&lower(graph, &wanted), inputs).expect("inputs that fit").remove(0)
}

fn tensor(shape: &[usize], data: &[f64]) -> Tensor {
    Tensor { shape: shape.to_vec(), data: data.to_vec() }
}

#[test]
fn equal_nodes_are_one_node() {
    let mut graph = Graph::new(FloatType::F64);
    let (x, y) = (scalar(&mut graph, "x"), scalar(&mut graph, "y"));
    let first = apply(&mut graph, Multiply, &[&x, &y]);
    assert_eq!(apply(&mut graph, Multiply, &[&x, &y]), first);
    assert_ne!(apply(&mut graph, Multiply, &[&y, &x]), first, "the order is the user's");
    assert_eq!(graph.len(), 4);
    assert_eq!(graph.operands(first.node).map(|operand| operand.node).collect::<Vec<_>>(), [x.node, y.node]);
}

#[test]
fn uses_rename_and_nodes_do_not_multiply() {
    let mut graph = Graph::new(FloatType::F64);
    let n = graph.dimension("N");
    let (i, j, k) = (graph.axis(n, "i"), graph.axis(n, "j"), graph.axis(n, "k"));
    let x = graph.input("x", &[i, j]).expect("new");
    // x @ x and its transpose are one node, used under other axes.
    let product = apply(&mut graph, Multiply, &[&x.renamed(&[j], &[k]), &x.renamed(&[i], &[k])]);
    let square = graph.sum(&[k], &product).expect("fits");
    let before = graph.len();
    let again = apply(&mut graph, Multiply, &[&x.renamed(&[i, j], &[j, k]), &x.renamed(&[i, j], &[k, i])]);
    let turned = graph.sum(&[k], &again).expect("fits");
    assert_eq!(graph.len(), before);
    assert_eq!((turned.node, &turned.axes), (square.node, &vec![j, i]));
    let values = run(&graph, &square, &[i, j], &[tensor(&[2, 2], &[1.0, 2.0, 3.0, 4.0])]);
    assert_eq!(values.data, [7.0, 10.0, 15.0, 22.0]);
    let values = run(&graph, &turned, &[i, j], &[tensor(&[2, 2], &[1.0, 2.0, 3.0, 4.0])]);
    assert_eq!(values.data, [7.0, 15.0, 10.0, 22.0]);
}

#[test]
fn a_sum_captures_nothing() {
    let mut graph = Graph::new(FloatType::F64);
    let n = graph.dimension("N");
    let (i, j) = (graph.axis(n, "i"), graph.axis(n, "j"));
    let x = graph.input("x", &[i]).expect("new");
    // sum[i](x[i]) times x[i], then renamed to j: the closed axis stays what it was.
    let total = graph.sum(&[i], &x).expect("fits");
    let product = apply(&mut graph, Multiply, &[&total, &x]).renamed(&[i], &[j]);
    let both = apply(&mut graph, Add, &[&product, &x]);
    assert_eq!(both.axes, [j, i]);
    let values = run(&graph, &both, &[i, j], &[tensor(&[2], &[1.0, 2.0])]);
    assert_eq!(values.data, [4.0, 7.0, 5.0, 8.0]);
}

#[test]
fn repeated_axes_are_diagonals() {
    let mut graph = Graph::new(FloatType::F64);
    let n = graph.dimension("N");
    let (i, j) = (graph.axis(n, "i"), graph.axis(n, "j"));
    let x = graph.input("x", &[i, j]).expect("new");
    let diagonal = x.renamed(&[j], &[i]);
    let trace = graph.sum(&[i], &diagonal).expect("fits");
    assert!(trace.axes.is_empty());
    let input = [tensor(&[2, 2], &[1.0, 2.0, 3.0, 4.0])];
    assert_eq!(run(&graph, &trace, &[], &input).data, [5.0]);
    let root = apply(&mut graph, Exp, &[&diagonal]);
    assert_eq!(run(&graph, &root, &[i], &input).data, [1.0_f64.exp(), 4.0_f64.exp()]);
}

#[test]
fn an_absent_axis_counts_its_size() {
    let mut graph = Graph::new(FloatType::F64);
    let n = graph.dimension("N");
    let (i, j) = (graph.axis(n, "i"), graph.axis(Dim::Literal(3), "j"));
    let x = graph.input("x", &[i]).expect("new");
    let sum = graph.sum(&[i, j], &x).expect("fits");
    assert_eq!(run(&graph, &sum, &[], &[tensor(&[2], &[1.0, 2.0])]).data, [9.0]);
    assert_eq!(graph.max(&[j], &x).expect("fits"), x);
}

#[test]
fn folding_changes_no_bit() {
    let mut graph = Graph::new(FloatType::F64);
    let x = scalar(&mut graph, "x");
    let [zero, one, two, tenth] = ["0", "1", "2", "0.1"].map(|text| number(&mut graph, text));
    assert_eq!(apply(&mut graph, Multiply, &[&x, &one]), x);
    assert_eq!(apply(&mut graph, Subtract, &[&x, &zero]), x);
    assert_eq!(apply(&mut graph, Divide, &[&x, &one]), x);
    assert_eq!(apply(&mut graph, Power, &[&x, &one]), x);
    assert_eq!(apply(&mut graph, Power, &[&x, &zero]), one);
    let negative = apply(&mut graph, Negate, &[&x]);
    assert_eq!(apply(&mut graph, Negate, &[&negative]), x);
    let half = apply(&mut graph, Divide, &[&one, &two]);
    assert_eq!(graph.as_constant(half.node), Number::parse("0.5").ok());
    // -0 + 0 is 0, NaN * 0 is NaN, -0 is not 0, and 0.1 + 0.2 is not the float of 0.3.
    for (operator, operands) in [
        (Add, vec![&x, &zero]),
        (Multiply, vec![&x, &zero]),
        (Negate, vec![&zero]),
        (Add, vec![&tenth, &tenth]),
        (Divide, vec![&one, &zero]),
        (Subtract, vec![&zero, &x]),
    ] {
        let result = apply(&mut graph, operator, &operands);
        assert_eq!(graph.as_operator(result.node), Some(operator));
    }
    let minus_two = apply(&mut graph, Negate, &[&two]);
    let product = apply(&mut graph, Multiply, &[&zero, &minus_two]);
    assert_eq!(graph.as_operator(product.node), Some(Multiply), "it is -0");
    assert!(!graph.log().is_empty());
    assert!(graph.log().iter().all(|replacement| matches!(replacement.before, Operation::Apply(_))));
}

#[test]
fn known_conditions_choose() {
    let mut graph = Graph::new(FloatType::F64);
    let (x, y) = (scalar(&mut graph, "x"), scalar(&mut graph, "y"));
    let (one, two) = (number(&mut graph, "1"), number(&mut graph, "2"));
    let known = apply(&mut graph, Greater, &[&two, &one]);
    assert_eq!(apply(&mut graph, Select, &[&known, &x, &y]), x);
    let open = apply(&mut graph, Greater, &[&x, &y]);
    assert_eq!(apply(&mut graph, Select, &[&open, &x, &x]), x);
}

#[test]
fn what_does_not_fit_is_an_error() {
    let mut graph = Graph::new(FloatType::F64);
    let (n, k) = (graph.dimension("N"), graph.dimension("K"));
    let (i, j) = (graph.axis(n, "i"), graph.axis(k, "j"));
    let x = graph.input("x", &[i]).expect("new");
    assert_eq!(graph.input("x", &[]), Err(GraphError::DuplicateInput("x".into())));
    assert_eq!(graph.apply(Add, std::slice::from_ref(&x)), Err(GraphError::Arity(Add, 1)));
    assert_eq!(graph.apply(Exp, &[x.renamed(&[i], &[j])]), Err(GraphError::Axis));
    assert_eq!(graph.delta(i, j), Err(GraphError::Axis));
    let condition = apply(&mut graph, Greater, &[&x, &x]);
    assert_eq!(graph.apply(Exp, std::slice::from_ref(&condition)), Err(GraphError::Kind));
    assert_eq!(graph.sum(&[i], &condition), Err(GraphError::Kind));
    let bare = Ref { node: x.node, axes: Vec::new() };
    assert_eq!(graph.apply(Exp, &[bare]), Err(GraphError::UnknownNode));
    let mut other = Graph::new(FloatType::F64);
    assert_eq!(other.apply(Exp, &[x]), Err(GraphError::UnknownNode));
    assert_eq!(other.iota(j), Err(GraphError::Axis));
}

#[test]
fn a_rebuilt_graph_is_the_live_part() {
    let mut graph = Graph::new(FloatType::F64);
    let (x, _unused) = (scalar(&mut graph, "x"), scalar(&mut graph, "unused"));
    let wanted = apply(&mut graph, Exp, &[&x]);
    let dead = apply(&mut graph, Negate, &[&x]);
    let rebuilt = graph.rebuild(&[wanted.node], |dim| dim).expect("fits");
    assert_eq!(rebuilt.graph.len(), 3, "inputs stay");
    assert!(rebuilt.find(&dead).is_none());
    let found = rebuilt.find(&wanted).expect("it is live");
    assert_eq!(rebuilt.graph.as_operator(found.node), Some(Exp));
}

#[test]
fn no_node_has_more_axes_than_an_edge_can_name() {
    let mut graph = Graph::new(FloatType::F64);
    let axes: Vec<Axis> = (0..256).map(|_| graph.axis(Dim::Literal(1), "")).collect();
    assert_eq!(graph.input("x", &axes), Err(GraphError::TooLarge));
    let x = graph.input("x", &axes[..255]).expect("new");
    let y = graph.input("y", &axes[255..]).expect("new");
    assert_eq!(graph.apply(Add, &[x.clone(), y]), Err(GraphError::TooLarge));
    assert_eq!(run(&graph, &x, &axes, &[tensor(&[1; 255], &[7.0]), tensor(&[1], &[0.0])]).data, [7.0]);
}
