//! The oracle's interpreter: values and forward-mode derivatives of a module, straight from its syntax tree.
//!
//! It shares nothing with the compiler beyond the syntax tree: not the table of operators, not the prelude's file, not
//! a shape rule. Instead it computes whatever it can with jets ([`jet`]), by the language's own definition.

pub mod call;
pub mod functions;
pub mod indices;
pub mod interpret;
pub mod jet;
pub mod real;
pub mod tensor;
pub mod value;
pub mod wide;

use chainrule_compiler::syntax::Module;

use interpret::Interpreter;
use jet::{Dual, HyperDual, Jet};
use tensor::{Outcome, Tensor};

/// What a run yields.
#[derive(Clone, Debug)]
pub struct Run<J> {
    /// The outputs of the function.
    pub outputs: Vec<Tensor<J>>,
    /// Equal for runs on the same side of every kink, jump and condition.
    pub trace: u64,
    /// Whether a decision depends on how numbers are rounded.
    pub close: bool,
    /// Whether a number on the way was infinite or none.
    pub undefined: bool,
    /// The largest absolute value or tangent that the run came across.
    pub largest: f64,
    /// How many expressions it evaluated.
    pub steps: usize,
}

/// Runs a function of a module.
///
/// # Errors
/// A text about the first thing that the language does not have.
pub fn run<J: Jet>(module: &Module, function: &str, inputs: &[Tensor<J>]) -> Outcome<Run<J>> {
    let named = module.functions.iter().find(|candidate| candidate.name.text == function);
    let mut interpreter = Interpreter::new(module);
    let outputs = interpreter.function(named.ok_or("no such function")?, inputs)?.outputs()?;
    let recorder = interpreter.recorder;
    Ok(Run {
        outputs,
        trace: recorder.trace(),
        close: recorder.close(),
        undefined: recorder.undefined(),
        largest: recorder.largest(),
        steps: recorder.steps(),
    })
}

/// The point `inputs`, moving along `direction`.
#[must_use]
pub fn along(inputs: &[Tensor<f64>], direction: &[Tensor<f64>]) -> Vec<Tensor<Dual>> {
    let moving = |(input, tangent): (&Tensor<f64>, &Tensor<f64>)| {
        let items = input.items.iter().zip(&tangent.items);
        let items = items.map(|(primal, tangent)| Dual { primal: *primal, tangent: *tangent }).collect();
        Tensor { shape: input.shape.clone(), items }
    };
    inputs.iter().zip(direction).map(moving).collect()
}

/// The point `inputs`, moving along two directions.
#[must_use]
pub fn along_two(inputs: &[Tensor<f64>], left: &[Tensor<f64>], right: &[Tensor<f64>]) -> Vec<Tensor<HyperDual>> {
    let moving = |((input, left), right): ((&Tensor<f64>, &Tensor<f64>), &Tensor<f64>)| {
        let items = (0..input.items.len()).map(|place| HyperDual {
            primal: input.items[place],
            left: left.items[place],
            right: right.items[place],
            both: 0.0,
        });
        Tensor { shape: input.shape.clone(), items: items.collect() }
    };
    inputs.iter().zip(left).zip(right).map(moving).collect()
}

/// The direction of each coordinate of the inputs, in order.
#[must_use]
pub fn coordinates(inputs: &[Tensor<f64>]) -> Vec<Vec<Tensor<f64>>> {
    let zero: Vec<Tensor<f64>> = inputs.iter().map(|input| input.map(|_| 0.0)).collect();
    let places =
        inputs.iter().enumerate().flat_map(|(input, tensor)| (0..tensor.items.len()).map(move |at| (input, at)));
    let unit = |(input, at): (usize, usize)| {
        let mut direction = zero.clone();
        direction[input].items[at] = 1.0;
        direction
    };
    places.map(unit).collect()
}

/// The derivatives of `sum(upstream * outputs)` by every input, one forward run for each coordinate, and the largest
/// number that those runs came across.
///
/// # Errors
/// See [`run`].
pub fn pullback(
    module: &Module,
    function: &str,
    inputs: &[Tensor<f64>],
    upstream: &[Tensor<f64>],
) -> Outcome<(Vec<Tensor<f64>>, f64)> {
    let mut flat = Vec::new();
    let mut largest = 0.0_f64;
    for direction in coordinates(inputs) {
        let run = run(module, function, &along(inputs, &direction))?;
        largest = largest.max(run.largest);
        flat.push(weighted(&run.outputs, upstream, |item| item.tangent));
    }
    let mut flat = flat.into_iter();
    let gradient = inputs.iter().map(|input| input.map(|_| flat.next().unwrap_or(0.0))).collect();
    Ok((gradient, largest))
}

/// `hessian[p][q]`: the second derivatives of a scalar function by the coordinates of its inputs, and the largest
/// number that the runs came across.
///
/// # Errors
/// See [`run`].
pub fn hessian(module: &Module, function: &str, inputs: &[Tensor<f64>]) -> Outcome<(Vec<Vec<f64>>, f64)> {
    let directions = coordinates(inputs);
    let mut largest = 0.0_f64;
    let mut rows = vec![vec![0.0; directions.len()]; directions.len()];
    for (row, left) in directions.iter().enumerate() {
        // Exchanging the directions exchanges the two tangents and changes nothing else.
        for (column, right) in directions.iter().enumerate().take(row + 1) {
            let run = run(module, function, &along_two(inputs, left, right))?;
            largest = largest.max(run.largest);
            let both = run.outputs.first().ok_or("no output")?.only()?.both;
            (rows[row][column], rows[column][row]) = (both, both);
        }
    }
    Ok((rows, largest))
}

/// The sum of one part of all items of all outputs, weighted by an upstream; a zero weight counts nothing.
#[must_use]
pub fn weighted<J: Jet>(outputs: &[Tensor<J>], upstream: &[Tensor<f64>], part: impl Fn(J) -> f64) -> f64 {
    let pairs = outputs.iter().zip(upstream).flat_map(|(output, weight)| output.items.iter().zip(&weight.items));
    pairs.filter(|(_, weight)| **weight != 0.0).map(|(item, weight)| part(*item) * weight).sum()
}
