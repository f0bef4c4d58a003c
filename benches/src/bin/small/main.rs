//! What small arrays by value cost: emitted code beside the same by hand, and with nalgebra.
//!
//! `cargo run --release --manifest-path benches/Cargo.toml --bin small` prints how many times the time of both the
//! Jacobian of an arm of three links, a step of a Kalman filter with 6 states and 2 measurements, and a product of
//! 4 × 4 matrices take. It fails if a ratio is above its goal, or if results do not agree.

mod by_hand;
mod nalgebra;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use ::nalgebra::{Matrix2, Matrix2x6, Matrix4, Matrix6, Vector2, Vector3, Vector6};
use chainrule::grad;

/// Above it, emitted code is slower than what an expert writes.
const MOST_BY_HAND: f64 = 1.1;
/// Above it, than what the library does.
const MOST_NALGEBRA: f64 = 1.0;
/// How often each is measured, in turns; the fastest counts.
const ROUNDS: usize = 2_000;
/// Calls that are measured together.
const CALLS: usize = 200;

grad! {
    #[emit(only(jacobian))]
    fn arm(q: [3]) -> [2] {
        let a = q[0];
        let b = a + q[1];
        let c = b + q[2];
        [0.9 * cos(a) + 0.7 * cos(b) + 0.3 * cos(c), 0.9 * sin(a) + 0.7 * sin(b) + 0.3 * sin(c)]
    }

    #[emit(only(value))]
    fn product(a: [4, 4], b: [4, 4]) = a @ b;

    #[emit(only(value))]
    fn kalman(x: [6], p: [6, 6], f: [6, 6], h: [2, 6], q: [6, 6], r: [2, 2], z: [2]) -> (state, covariance) {
        let predicted = f @ x;
        let spread = f @ p @ f.T + q;
        let gain = spread @ h.T;
        let s = h @ gain + r;
        let d = s[0, 0] * s[1, 1] - s[0, 1] * s[1, 0];
        let inverse = [[s[1, 1] / d, -s[0, 1] / d], [-s[1, 0] / d, s[0, 0] / d]];
        let k = gain @ inverse;
        let state = predicted + k @ (z - h @ predicted);
        let covariance = spread - k @ gain.T;
        (state, covariance)
    }
}

fn main() -> ExitCode {
    let numbers = numbers();
    let fine = [arms(&numbers), filters(&numbers), products(&numbers)];
    if fine.contains(&false) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Numbers between -0.5 and 0.5, the same in each run.
fn numbers() -> Vec<f64> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    };
    (0..200).map(|_| next()).collect()
}

/// Runs all three in turns; the fastest of each, for one call.
fn in_turns(mut emitted: impl FnMut(), mut by_hand: impl FnMut(), mut library: impl FnMut()) -> [f64; 3] {
    let time = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    let mut best = [Duration::MAX; 3];
    for _ in 0..ROUNDS {
        best[0] = best[0].min(time(&mut || (0..CALLS).for_each(|_| emitted())));
        best[1] = best[1].min(time(&mut || (0..CALLS).for_each(|_| by_hand())));
        best[2] = best[2].min(time(&mut || (0..CALLS).for_each(|_| library())));
    }
    best.map(|time| time.as_secs_f64() / CALLS as f64)
}

/// Computes a result that nobody reads.
fn consume<T>(result: T) {
    let _ = black_box(result);
}

/// Prints the ratios; whether they are within their goals and the results agree.
fn report(name: &str, [emitted, by_hand, library]: [f64; 3], [found, expected]: [&[f64]; 2]) -> bool {
    let (hand, nalgebra) = (emitted / by_hand, emitted / library);
    println!("{name:8} {:4.0} ns: by hand {hand:.2}, nalgebra {nalgebra:.2}", emitted * 1e9);
    let off = found.iter().zip(expected).fold(0.0_f64, |most, (a, b)| most.max((a - b).abs()));
    if off > 1e-12 {
        println!("{name}: differs by {off:.0e}");
    }
    off <= 1e-12 && hand <= MOST_BY_HAND && nalgebra <= MOST_NALGEBRA
}

fn matrix<const M: usize, const N: usize>(numbers: &[f64]) -> by_hand::Matrix<M, N> {
    std::array::from_fn(|row| std::array::from_fn(|column| numbers[row * N + column]))
}

fn arms(numbers: &[f64]) -> bool {
    let q = [numbers[0], numbers[1], numbers[2]];
    let vector = Vector3::from(q);
    let times = in_turns(
        || consume(arm::jacobian(black_box(q))),
        || consume(by_hand::arm(black_box(q))),
        || consume(nalgebra::arm(black_box(&vector))),
    );
    report("arm", times, [arm::jacobian(q).q.as_flattened(), by_hand::arm(q).as_flattened()])
}

fn products(numbers: &[f64]) -> bool {
    let (a, b) = (matrix::<4, 4>(numbers), matrix::<4, 4>(&numbers[16..]));
    let (left, right) = (Matrix4::from_row_slice(a.as_flattened()), Matrix4::from_row_slice(b.as_flattened()));
    let times = in_turns(
        || consume(product(*black_box(&a), *black_box(&b))),
        || consume(by_hand::product(black_box(&a), black_box(&b))),
        || consume(black_box(&left) * black_box(&right)),
    );
    report("product", times, [product(a, b).as_flattened(), by_hand::product(&a, &b).as_flattened()])
}

fn filters(numbers: &[f64]) -> bool {
    let square = |root: by_hand::Matrix<6, 6>| {
        let transposed = std::array::from_fn(|i| std::array::from_fn(|j| root[j][i]));
        by_hand::product(&root, &transposed)
    };
    let (p, q) = (square(matrix(numbers)), square(matrix(&numbers[36..])));
    let (f, h) = (matrix(&numbers[72..]), matrix(&numbers[108..]));
    let (r, x) = ([[1.0, 0.1], [0.1, 1.0]], std::array::from_fn(|place| numbers[120 + place]));
    let step = by_hand::Step { x, p, f, h, q, r, z: [0.3, -0.2] };
    let library = nalgebra::Step {
        x: Vector6::from(x),
        p: Matrix6::from_row_slice(p.as_flattened()),
        f: Matrix6::from_row_slice(f.as_flattened()),
        h: Matrix2x6::from_row_slice(h.as_flattened()),
        q: Matrix6::from_row_slice(q.as_flattened()),
        r: Matrix2::from_row_slice(r.as_flattened()),
        z: Vector2::new(0.3, -0.2),
    };
    let emitted = |step: &by_hand::Step| kalman(step.x, step.p, step.f, step.h, step.q, step.r, step.z);
    let times = in_turns(
        || consume(emitted(black_box(&step))),
        || consume(by_hand::kalman(black_box(&step))),
        || consume(nalgebra::kalman(black_box(&library))),
    );
    let all = |(state, covariance): ([f64; 6], by_hand::Matrix<6, 6>)| [&state, covariance.as_flattened()].concat();
    report("kalman", times, [&all(emitted(&step)), &all(by_hand::kalman(&step))])
}
