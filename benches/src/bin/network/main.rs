//! What a training step of a network costs: emitted code beside the same step composed by hand from `matrixmultiply`.
//!
//! `cargo run --release --manifest-path benches/Cargo.toml --bin network` prints, for 784-50-10 and 784-50-100-10 and
//! batches of 100 in `f32`, how many times the hand composition's time emitted code takes, and what the lowered program
//! takes that `chainrule eval` runs. It fails if a ratio is above [`MOST`], or if the two do not agree.

mod by_hand;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use by_hand::Network;
use chainrule::array::View;
use chainrule::grad;
use chainrule_compiler::derive::{Request, derive};
use chainrule_compiler::evaluate::Tensor;
use chainrule_compiler::loops::{Contractions, fuse, run};
use chainrule_compiler::lower::lower;
use chainrule_compiler::parse::parse_module;
use chainrule_compiler::resolve::resolve;

/// Above it, emitted code is slower than what an expert composes.
const MOST: f64 = 1.05;
/// How often each is measured, in turns; the fastest counts.
const ROUNDS: usize = 200;
/// Images in a batch.
const BATCH: usize = 100;

grad! {
    fn two(x: f32[N, 784], w1: f32[784, 50], b1: f32[50], w2: f32[50, 10], b2: f32[10], t: f32[N, 10])
        wrt(w1, b1, w2, b2)
        where sum(t, axis = 1) == 1
    {
        let h = relu(x @ w1 + b1);
        let y = softmax(h @ w2 + b2);
        -sum(t * log(y)) / N
    }

    fn three(
        x: f32[N, 784], w1: f32[784, 50], b1: f32[50], w2: f32[50, 100], b2: f32[100], w3: f32[100, 10], b3: f32[10],
        t: f32[N, 10],
    )
        wrt(w1, b1, w2, b2, w3, b3)
        where sum(t, axis = 1) == 1
    {
        let h = relu(x @ w1 + b1);
        let k = relu(h @ w2 + b2);
        let y = softmax(k @ w3 + b3);
        -sum(t * log(y)) / N
    }
}

fn main() -> ExitCode {
    let data = Data::new();
    let mut fine = two_layers(&data);
    fine &= three_layers(&data);
    evaluated(&data);
    if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A batch, and parameters for the largest network.
struct Data {
    images: Vec<f32>,
    targets: Vec<f32>,
    parameters: Vec<f32>,
}

impl Data {
    fn new() -> Self {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1_u32 << 24) as f32
        };
        let images = (0..BATCH * 784).map(|_| next()).collect();
        let targets = (0..BATCH * 10).map(|place| f32::from(u8::from(place % 10 == place / 10 % 10))).collect();
        let parameters = (0..100_000).map(|_| (next() - 0.5) * 0.1).collect();
        Self { images, targets, parameters }
    }
}

/// Runs both in turns; the fastest of each.
fn in_turns(mut one: impl FnMut(), mut other: impl FnMut()) -> (Duration, Duration) {
    let time = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    let mut best = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        best = (best.0.min(time(&mut one)), best.1.min(time(&mut other)));
    }
    best
}

fn report(name: &str, emitted: Duration, by_hand: Duration) -> bool {
    let ratio = emitted.as_secs_f64() / by_hand.as_secs_f64();
    println!("{name:14} {:6.0} us, by hand {:6.0} us: {ratio:.2}", micros(emitted), micros(by_hand));
    ratio <= MOST
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The largest difference relative to the largest number.
fn difference(found: &[f32], expected: &[f32]) -> f32 {
    let largest = expected.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    found.iter().zip(expected).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs())) / largest
}

fn agree(name: &str, found: &[f32], expected: &[f32]) -> bool {
    let difference = difference(found, expected);
    if difference > 1e-4 {
        println!("{name}: the gradients differ by {difference:.1e}");
    }
    difference <= 1e-4
}

fn two_layers(data: &Data) -> bool {
    let mut parameters = two::Parameters::zeros();
    let count = parameters.as_slice().len();
    parameters.as_mut_slice().copy_from_slice(&data.parameters[..count]);
    let (mut workspace, mut gradient) = (two::Workspace::new(), two::Gradient::zeros());
    let mut network = Network::new(&[784, 50, 10], &data.parameters[..count], BATCH);
    let mut step = || {
        let x = View::new(&data.images, [BATCH, 784]).expect("as many numbers as the shape says");
        let t = View::new(&data.targets, [BATCH, 10]).expect("as many numbers as the shape says");
        let inputs = two::Inputs::new(&parameters, x, t);
        two::value_and_gradient(&inputs, &mut workspace, &mut gradient).expect("sizes that fit");
    };
    let (emitted, by_hand) = in_turns(&mut step, || {
        network.step(&data.images, &data.targets);
    });
    report("784-50-10", emitted, by_hand) & agree("784-50-10", gradient.as_slice(), &network.gradient)
}

fn three_layers(data: &Data) -> bool {
    let mut parameters = three::Parameters::zeros();
    let count = parameters.as_slice().len();
    parameters.as_mut_slice().copy_from_slice(&data.parameters[..count]);
    let (mut workspace, mut gradient) = (three::Workspace::new(), three::Gradient::zeros());
    let mut network = Network::new(&[784, 50, 100, 10], &data.parameters[..count], BATCH);
    let mut step = || {
        let x = View::new(&data.images, [BATCH, 784]).expect("as many numbers as the shape says");
        let t = View::new(&data.targets, [BATCH, 10]).expect("as many numbers as the shape says");
        let inputs = three::Inputs::new(&parameters, x, t);
        three::value_and_gradient(&inputs, &mut workspace, &mut gradient).expect("sizes that fit");
    };
    let (emitted, by_hand) = in_turns(&mut step, || {
        network.step(&data.images, &data.targets);
    });
    report("784-50-100-10", emitted, by_hand) & agree("784-50-100-10", gradient.as_slice(), &network.gradient)
}

/// What `chainrule eval` runs.
fn evaluated(data: &Data) {
    let text = "fn two(x: f32[N, 784], w1: f32[784, 50], b1: f32[50], w2: f32[50, 10], b2: f32[10], t: f32[N, 10]) \
                wrt(w1, b1, w2, b2) { let h = relu(x @ w1 + b1); let y = softmax(h @ w2 + b2); -sum(t * log(y)) / N }";
    let functions = resolve(&parse_module(text).expect("parses"), text).expect("resolves");
    let function = functions.into_iter().next().expect("one function");
    let mut derived = derive(function, &Request { order: 1, ..Request::default() }).expect("derives");
    derived.stabilise().expect("stabilises");
    let routine = fuse(&lower(&derived.function.graph, &derived.wanted()), Contractions::Kernels);
    let wide = |numbers: &[f32], shape: &[usize]| Tensor {
        shape: shape.to_vec(),
        data: numbers[..shape.iter().product()].iter().map(|value| f64::from(*value)).collect(),
    };
    let mut inputs = vec![wide(&data.images, &[BATCH, 784])];
    inputs.extend([&[784, 50][..], &[50], &[50, 10], &[10]].map(|shape| wide(&data.parameters, shape)));
    inputs.push(wide(&data.targets, &[BATCH, 10]));
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS / 4 {
        let start = Instant::now();
        run(&routine, &inputs).expect("sizes that fit");
        best = best.min(start.elapsed());
    }
    println!("784-50-10, as `eval` runs it: {:.0} us", micros(best));
}
