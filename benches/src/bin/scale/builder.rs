//! Graphs without text: built by the public API, then the reverse sweep.

use chainrule_compiler::differentiate::{Derivative, gradient};
use chainrule_compiler::evaluate::{Tensor, evaluate};
use chainrule_compiler::graph::{Graph, GraphError, NodeId, Ref};
use chainrule_compiler::lower::{Wanted, lower};
use chainrule_compiler::number::{FloatType, Number};
use chainrule_compiler::operators::Operator;

use crate::measure::{Measured, Watch};
use crate::text;

/// A graph, its output, its inputs.
type Built = (Graph, Ref, Vec<NodeId>);

/// The sizes at which the gradients are checked.
const CHECKED: usize = 300;

pub fn logistic(nodes: usize) -> Result<Measured, String> {
    let (value, slopes) = run(logistic_graph(CHECKED), &[0.3])?;
    // One node for the input, two for the numbers, three for each step.
    let (expected, slope) = text::logistic(0.3, (CHECKED - 3) / 3);
    agree(value, expected)?;
    agree(slopes[0], slope)?;
    measure(nodes, logistic_graph)
}

pub fn random(nodes: usize) -> Result<Measured, String> {
    let point: Vec<f64> = (0..INPUTS).map(|place| 0.1 + 0.2 * place as f64).collect();
    let (value, slopes) = run(random_graph(CHECKED), &point)?;
    for (place, slope) in slopes.iter().enumerate() {
        let (expected, tangent) = random_in_plain_rust(CHECKED, &point, place);
        agree(value, expected)?;
        agree(*slope, tangent)?;
    }
    measure(nodes, random_graph)
}

fn agree(found: f64, expected: f64) -> Result<(), String> {
    if (found - expected).abs() <= 1e-9 * expected.abs() {
        return Ok(());
    }
    Err(format!("{found} found, {expected} expected"))
}

fn measure(nodes: usize, build: fn(usize) -> Result<Built, GraphError>) -> Result<Measured, String> {
    let mut watch = Watch::default();
    let (mut graph, output, wrt) = watch.time("build", || build(nodes)).map_err(|error| error.to_string())?;
    if graph.len() != nodes {
        return Err(format!("{} nodes were built, not {nodes}", graph.len()));
    }
    watch.time("sweep", || gradient(&mut graph, &output, &wrt)).map_err(|error| error.to_string())?;
    Ok(Measured::new(watch, graph.len()))
}

/// The value and the gradient at a point.
fn run(built: Result<Built, GraphError>, point: &[f64]) -> Result<(f64, Vec<f64>), String> {
    let (mut graph, output, wrt) = built.map_err(|error| error.to_string())?;
    let derivatives = gradient(&mut graph, &output, &wrt).map_err(|error| error.to_string())?;
    let value = Derivative { value: output, axes: Vec::new() };
    let wanted = std::iter::once(value).chain(derivatives).map(|each| Wanted { value: each.value, axes: each.axes });
    let program = lower(&graph, &wanted.collect::<Vec<_>>());
    let inputs: Vec<Tensor> = point.iter().copied().map(Tensor::scalar).collect();
    let found = evaluate(&program, &inputs).map_err(|error| error.to_string())?;
    Ok((found[0].data[0], found[1..].iter().map(|tensor| tensor.data[0]).collect()))
}

fn logistic_graph(nodes: usize) -> Result<Built, GraphError> {
    let mut graph = Graph::new(FloatType::F64);
    let input = graph.input("l", &[])?;
    let (one, four) = (graph.constant(Number::ONE)?, graph.constant(Number::from(4))?);
    let mut last = input.clone();
    while graph.len() + 3 <= nodes {
        let scaled = graph.apply(Operator::Multiply, &[four.clone(), last.clone()])?;
        let rest = graph.apply(Operator::Subtract, &[one.clone(), last])?;
        last = graph.apply(Operator::Multiply, &[scaled, rest])?;
    }
    while graph.len() < nodes {
        last = graph.apply(Operator::Sin, &[last])?;
    }
    Ok((graph, last, vec![input.node]))
}

const INPUTS: usize = 8;

/// What a node of the random graph does to the node before it.
enum Step {
    Sin,
    Add(usize),
    Multiply(usize),
}

/// Every node uses the one before it, so that all are needed; two of three use an earlier one as well.
fn random_steps(nodes: usize) -> impl Iterator<Item = Step> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    (INPUTS..nodes).map(move |place| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Not the last node: it may be the same product again.
        let other = (state >> 33) as usize % (place - 1);
        match place % 3 {
            0 => Step::Sin,
            1 => Step::Add(other),
            _ => Step::Multiply(other),
        }
    })
}

fn random_graph(nodes: usize) -> Result<Built, GraphError> {
    let mut graph = Graph::new(FloatType::F64);
    let mut made = Vec::with_capacity(nodes);
    for place in 0..INPUTS {
        made.push(graph.input(&format!("x{place}"), &[])?);
    }
    let mut last = made[INPUTS - 1].clone();
    for step in random_steps(nodes) {
        last = match step {
            Step::Sin => graph.apply(Operator::Sin, &[last])?,
            Step::Add(other) => graph.apply(Operator::Add, &[last, made[other].clone()])?,
            Step::Multiply(other) => graph.apply(Operator::Multiply, &[last, made[other].clone()])?,
        };
        made.push(last.clone());
    }
    Ok((graph, last, made[..INPUTS].iter().map(|input| input.node).collect()))
}

/// The value, and the slope by one input, forward.
fn random_in_plain_rust(nodes: usize, point: &[f64], by: usize) -> (f64, f64) {
    let input = |(place, value): (usize, &f64)| (*value, f64::from(u8::from(place == by)));
    let mut made: Vec<(f64, f64)> = point.iter().enumerate().map(input).collect();
    for step in random_steps(nodes) {
        let (value, slope) = made[made.len() - 1];
        made.push(match step {
            Step::Sin => (value.sin(), value.cos() * slope),
            Step::Add(other) => (value + made[other].0, slope + made[other].1),
            Step::Multiply(other) => (value * made[other].0, slope * made[other].0 + value * made[other].1),
        });
    }
    made[made.len() - 1]
}
