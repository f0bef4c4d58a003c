//! What it costs that lengths neither overflow nor underflow: emitted code beside the plain formulas, written by hand.
//!
//! `cargo run --release --manifest-path benches/Cargo.toml --bin lengths` prints, for value and gradient of some formulas,
//! how many times the plain code's time the emitted code takes, and fails if a ratio is above [`MOST`].

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use chainrule::grad;

/// Above it, avoiding overflow is not free.
const MOST: f64 = 1.35;
/// How many points are computed at, again and again.
const POINTS: usize = 1024;
/// How often each is measured; the fastest counts.
const ROUNDS: usize = 60;
const PASSES: usize = 200;

grad! {
    fn root2(x: f64, y: f64) -> f64 { sqrt(x**2 + y**2) }
    fn kernel2(x: f64, y: f64) -> f64 { hypot(x, y) }
    fn root3(x: f64, y: f64, z: f64) -> f64 { sqrt(x**2 + y**2 + z**2) }
    fn distance(x: f64, y: f64, z: f64) -> f64 { sqrt((x - 1)**2 + (y - 2)**2 + (z - 3)**2) }
    fn inverse3(x: f64, y: f64, z: f64) -> f64 { 1 / sqrt(x**2 + y**2 + z**2) }
    fn smooth(x: f64) -> f64 { sqrt(1 + x**2) }
    fn single2(x: f32, y: f32) -> f32 { sqrt(x**2 + y**2) }
    fn kernel2_single(x: f32, y: f32) -> f32 { hypot(x, y) }
}

fn main() -> ExitCode {
    let mut report = Report { fine: true };
    lengths(&mut report);
    made_of_lengths(&mut report);
    singles(&mut report);
    if report.fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether no ratio was above the most so far.
struct Report {
    fine: bool,
}

impl Report {
    fn row(&mut self, name: &str, emitted: Duration, plain: Duration) {
        let ratio = emitted.as_secs_f64() / plain.as_secs_f64();
        let each = |time: Duration| time.as_secs_f64() * 1e9 / (POINTS * PASSES) as f64;
        println!("{name:32} {:6.2} ns, plain {:6.2} ns: {ratio:.2}", each(emitted), each(plain));
        self.fine &= ratio <= MOST;
    }
}

fn lengths(report: &mut Report) {
    report.row("hypot, value", time(|[x, y, _]| kernel2(x, y)), time(|[x, y, _]| (x * x + y * y).sqrt()));
    report.row("root of two squares, value", time(|[x, y, _]| root2(x, y)), time(|[x, y, _]| (x * x + y * y).sqrt()));
    report.row("root of three squares, value", time(|[x, y, z]| root3(x, y, z)), time(|p| plain3(p).0));
    report.row(
        "hypot, with gradient",
        time(|[x, y, _]| {
            let (value, gradient) = kernel2::value_and_gradient(x, y);
            value + gradient.x + gradient.y
        }),
        time(plain2),
    );
    report.row(
        "root of two squares, with gradient",
        time(|[x, y, _]| {
            let (value, gradient) = root2::value_and_gradient(x, y);
            value + gradient.x + gradient.y
        }),
        time(plain2),
    );
    report.row(
        "root of three squares, with gradient",
        time(|[x, y, z]| {
            let (value, gradient) = root3::value_and_gradient(x, y, z);
            value + gradient.x + gradient.y + gradient.z
        }),
        time(|p| plain3(p).1),
    );
}

fn made_of_lengths(report: &mut Report) {
    report.row(
        "distance, with gradient",
        time(|[x, y, z]| {
            let (value, gradient) = distance::value_and_gradient(x, y, z);
            value + gradient.x + gradient.y + gradient.z
        }),
        time(|[x, y, z]| plain3([x - 1.0, y - 2.0, z - 3.0]).1),
    );
    report.row(
        "inverse length, with gradient",
        time(|[x, y, z]| {
            let (value, gradient) = inverse3::value_and_gradient(x, y, z);
            value + gradient.x + gradient.y + gradient.z
        }),
        time(|[x, y, z]| {
            let square = x * x + y * y + z * z;
            let inverse = 1.0 / square.sqrt();
            let cube = inverse / square;
            inverse - x * cube - y * cube - z * cube
        }),
    );
    report.row(
        "sqrt(1 + x**2), with derivative",
        time(|[x, _, _]| {
            let (value, derivative) = smooth::value_and_derivative(x);
            value + derivative
        }),
        time(|[x, _, _]| {
            let root = (1.0 + x * x).sqrt();
            root + x / root
        }),
    );
}

fn singles(report: &mut Report) {
    report.row(
        "f32: hypot, value",
        time(|[x, y, _]| f64::from(kernel2_single(x as f32, y as f32))),
        time(|[x, y, _]| {
            let (x, y) = (x as f32, y as f32);
            f64::from((x * x + y * y).sqrt())
        }),
    );
    report.row(
        "f32: root of two squares, with gradient",
        time(|[x, y, _]| {
            let (value, gradient) = single2::value_and_gradient(x as f32, y as f32);
            f64::from(value + gradient.x + gradient.y)
        }),
        time(|[x, y, _]| {
            let (x, y) = (x as f32, y as f32);
            let root = (x * x + y * y).sqrt();
            f64::from(root + x / root + y / root)
        }),
    );
}

fn plain2([x, y, _]: [f64; 3]) -> f64 {
    let root = (x * x + y * y).sqrt();
    root + x / root + y / root
}

/// The length, and the sum of it and its gradient.
fn plain3([x, y, z]: [f64; 3]) -> (f64, f64) {
    let root = (x * x + y * y + z * z).sqrt();
    (root, root + x / root + y / root + z / root)
}

/// The fastest of many passes over the points.
fn time(function: impl Fn([f64; 3]) -> f64) -> Duration {
    let point = |place: usize| {
        let place = place as f64;
        [(place * 0.7).sin() * 3.0, (place * 1.3).cos() * 2.0, (place * 0.4).sin() + 0.5]
    };
    let points: Vec<[f64; 3]> = (0..POINTS).map(point).collect();
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..PASSES {
            let points = black_box(&points);
            let mut sum = 0.0;
            for point in points {
                sum += function(*point);
            }
            black_box(sum);
        }
        best = best.min(start.elapsed());
    }
    best
}
