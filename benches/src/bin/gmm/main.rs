//! What the gradient of a Gaussian mixture costs: emitted code beside the same gradient written by hand.
//!
//! `cargo run --release --manifest-path benches/Cargo.toml --bin gmm` prints, for 1 000 points, 25 components and 10 or 64
//! dimensions, how many times the time of the code by hand each of three spellings of one objective takes. It fails if
//! the fastest is above its goal, or if gradients do not agree.
//!
//! The objective is the log posterior of ADBench: a mixture whose covariances are given by inverse factors, lower
//! triangular, with the logarithms of their diagonals, and a Wishart prior.

mod by_hand;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use by_hand::Mixture;
use chainrule::array::View;
use chainrule::grad;

/// The dimensions, and above which ratio emitted code is too slow there.
const CASES: [(usize, f64); 2] = [(10, 1.1), (64, 0.7)];
/// Components.
const COMPONENTS: usize = 25;
/// Points.
const POINTS: usize = 1_000;
/// How often each is measured, in turns; the fastest counts.
const ROUNDS: usize = 40;
/// The largest difference of gradients, relative to the largest number.
const CLOSE: f64 = 1e-8;
/// The prior, and what stands for its normalisation.
const PRIOR: [f64; 3] = [1.0, 2.0, 0.5];

grad! {
    /// The product of the points with all factors at once; the means' part is taken away behind it.
    #[emit(only(gradient, value_and_gradient))]
    fn shifted(x: [N, D], alphas: [K], means: [K, D], factors: [K, D, D], gamma, m, constant)
        wrt(alphas, means, factors)
    {
        let q[k, i, j] = if i == j { exp(factors[k, i, j]) } else if i > j { factors[k, i, j] } else { 0 };
        let scale[k] = sum[i](factors[k, i, i]);
        let centre[k, i] = sum[j](q[k, i, j] * means[k, j]);
        let z[n, k, i] = sum[j](x[n, j] * q[k, i, j]) - centre[k, i];
        let main[n, k] = alphas[k] + scale[k] - sum[i](z[n, k, i]**2) / 2;
        let prior[k] = gamma**2 * sum[i, j](q[k, i, j]**2) / 2 - m * scale[k];
        sum(logsumexp(main)) - N * logsumexp(alphas) + sum(prior) - N * D * log(2 * pi) / 2 - constant
    }

    /// As textbooks write it: a product for each component, of points less its mean.
    #[emit(only(gradient, value_and_gradient))]
    fn centred(x: [N, D], alphas: [K], means: [K, D], factors: [K, D, D], gamma, m, constant)
        wrt(alphas, means, factors)
    {
        let q[k, i, j] = if i == j { exp(factors[k, i, j]) } else if i > j { factors[k, i, j] } else { 0 };
        let scale[k] = sum[i](factors[k, i, i]);
        let z[n, k, i] = sum[j](q[k, i, j] * (x[n, j] - means[k, j]));
        let main[n, k] = alphas[k] + scale[k] - sum[i](z[n, k, i]**2) / 2;
        let prior[k] = gamma**2 * sum[i, j](q[k, i, j]**2) / 2 - m * scale[k];
        sum(logsumexp(main)) - N * logsumexp(alphas) + sum(prior) - N * D * log(2 * pi) / 2 - constant
    }

    /// The square multiplied out: products of coordinates with the entries of precision matrices.
    #[emit(only(gradient, value_and_gradient))]
    fn expanded(x: [N, D], alphas: [K], means: [K, D], factors: [K, D, D], gamma, m, constant)
        wrt(alphas, means, factors)
    {
        let q[k, i, j] = if i == j { exp(factors[k, i, j]) } else if i > j { factors[k, i, j] } else { 0 };
        let scale[k] = sum[i](factors[k, i, i]);
        let s[k, i, j] = sum[l](q[k, l, i] * q[k, l, j]);
        let b[k, i] = sum[j](s[k, i, j] * means[k, j]);
        let o[k] = sum[i](b[k, i] * means[k, i]);
        let squares[n, k] = sum[i, j](x[n, i] * x[n, j] * s[k, i, j]) - 2 * sum[i](x[n, i] * b[k, i]) + o[k];
        let main[n, k] = alphas[k] + scale[k] - squares[n, k] / 2;
        let prior[k] = gamma**2 * sum[i, j](q[k, i, j]**2) / 2 - m * scale[k];
        sum(logsumexp(main)) - N * logsumexp(alphas) + sum(prior) - N * D * log(2 * pi) / 2 - constant
    }
}

fn main() -> ExitCode {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
        let fine = CASES.map(|(dimensions, most)| compare(&Data::new(dimensions), most));
        return if fine.contains(&false) { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    }
    println!("this machine has no AVX2 and FMA, for which the code by hand is compiled");
    ExitCode::SUCCESS
}

/// Points and parameters, in the layouts of both.
struct Data {
    dimensions: usize,
    points: Vec<f64>,
    alphas: Vec<f64>,
    means: Vec<f64>,
    /// Of each component the logarithms of the diagonal, then the columns below it.
    packed: Vec<f64>,
}

impl Data {
    fn new(dimensions: usize) -> Self {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
        };
        let mut some = |count: usize, most: f64| (0..count).map(|_| most * next()).collect();
        let triangle = dimensions * (dimensions + 1) / 2;
        Self {
            dimensions,
            points: some(POINTS * dimensions, 2.0),
            alphas: some(COMPONENTS, 2.0),
            means: some(COMPONENTS * dimensions, 1.0),
            packed: some(COMPONENTS * triangle, 2.0 / (dimensions as f64).sqrt()),
        }
    }

    fn mixture(&self) -> Mixture<'_> {
        let [gamma, m, constant] = PRIOR;
        let sizes = [self.dimensions, COMPONENTS, POINTS];
        let (alphas, means, factors, points) = (&self.alphas, &self.means, &self.packed, &self.points);
        Mixture { sizes, alphas, means, factors, points, gamma, m, constant }
    }

    /// Weights, means, and factors as full matrices.
    fn parameters(&self) -> Vec<f64> {
        let d = self.dimensions;
        let mut all = [self.alphas.as_slice(), &self.means].concat();
        for component in 0..COMPONENTS {
            let mut factor = vec![0.0; d * d];
            for (place, entry) in self.places().into_iter().zip(&self.packed[component * d * (d + 1) / 2..]) {
                factor[place] = *entry;
            }
            all.extend(factor);
        }
        all
    }

    /// Where each packed number of a factor stands in the full matrix.
    fn places(&self) -> Vec<usize> {
        let d = self.dimensions;
        let below = (0..d).flat_map(|column| (column + 1..d).map(move |row| row * d + column));
        (0..d).map(|place| place * d + place).chain(below).collect()
    }

    /// A gradient over full matrices as one over packed ones.
    fn packed(&self, gradient: &[f64]) -> Vec<f64> {
        let d = self.dimensions;
        let (before, factors) = gradient.split_at(COMPONENTS * (d + 1));
        let mut all = before.to_vec();
        for factor in factors.chunks_exact(d * d) {
            all.extend(self.places().into_iter().map(|place| factor[place]));
        }
        all
    }
}

/// The largest difference relative to the largest number.
fn difference(found: &[f64], expected: &[f64]) -> f64 {
    let largest = expected.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    found.iter().zip(expected).fold(0.0_f64, |most, (a, b)| most.max((a - b).abs())) / largest
}

fn timed(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

/// A function that computes value and gradient of one spelling.
macro_rules! spelling {
    ($spelling:ident, $data:ident) => {{
        let mut parameters = $spelling::Parameters::zeros($data.dimensions, COMPONENTS);
        parameters.as_mut_slice().copy_from_slice(&$data.parameters());
        let mut gradient = $spelling::Gradient::zeros($data.dimensions, COMPONENTS);
        let mut workspace = $spelling::Workspace::new();
        let [gamma, m, constant] = PRIOR;
        let run = move |out: &mut Vec<f64>| {
            let x = View::new(&$data.points, [POINTS, $data.dimensions]).expect("as many numbers as the shape says");
            let inputs = $spelling::Inputs::new(&parameters, x, gamma, m, constant);
            let value = $spelling::value_and_gradient(&inputs, &mut workspace, &mut gradient).expect("sizes that fit");
            out.clear();
            out.extend_from_slice(gradient.as_slice());
            value
        };
        (stringify!($spelling), Box::new(run) as Box<dyn FnMut(&mut Vec<f64>) -> f64>)
    }};
}

#[cfg(target_arch = "x86_64")]
fn compare(data: &Data, most: f64) -> bool {
    let mixture = data.mixture();
    let mut expected = vec![0.0; COMPONENTS + data.means.len() + data.packed.len()];
    // SAFETY: `main` has seen that the machine has AVX2 and FMA.
    #[allow(unsafe_code)]
    let mut by_hand = || unsafe { by_hand::posterior(&mixture, &mut expected) };
    let mut spellings = [spelling!(shifted, data), spelling!(centred, data), spelling!(expanded, data)];
    let mut outs = vec![Vec::new(); spellings.len()];
    let mut times = vec![Duration::MAX; spellings.len() + 1];
    let mut values = vec![0.0; spellings.len() + 1];
    for _ in 0..ROUNDS {
        let last = spellings.len();
        times[last] = times[last].min(timed(|| values[last] = by_hand()));
        for (number, (_, run)) in spellings.iter_mut().enumerate() {
            times[number] = times[number].min(timed(|| values[number] = run(&mut outs[number])));
        }
    }
    let by_hand = times[spellings.len()].as_secs_f64();
    println!("{} dimensions, by hand {:.0} us", data.dimensions, by_hand * 1e6);
    let (mut fine, mut least) = (true, f64::INFINITY);
    for (number, (name, _)) in spellings.iter().enumerate() {
        let ratio = times[number].as_secs_f64() / by_hand;
        let off = difference(&data.packed(&outs[number]), &expected);
        let off = off.max(difference(&values[number..=number], &values[spellings.len()..]));
        println!("    {name:9} {ratio:.2}, differs by {off:.0e}");
        fine &= off <= CLOSE;
        least = least.min(ratio);
    }
    fine && least <= most
}
