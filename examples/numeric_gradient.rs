//! Numerical differentiation of the network that reads digits: it finds the gradient that `grad!` derived, but one
//! parameter after the other, each by two evaluations of the loss.
//!
//! ```sh
//! cargo run --release --example numeric_gradient -- --every 100
//! ```

#[path = "digits/idx.rs"]
mod idx;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use chainrule::array::View;

use crate::idx::{CLASSES, Digits, PIXELS};

chainrule::grad! {
    /// Loss of the network 784-50-10 on a batch, in double precision: differences of single precision have few right digits.
    fn loss(
        x: f64[N, 784],
        w1: f64[784, 50], b1: f64[50],
        w2: f64[50, 10], b2: f64[10],
        t: f64[N, 10],
    )
        wrt(w1, b1, w2, b2)
        where sum(t, axis = 1) == 1
    {
        let h = sigmoid(x @ w1 + b1);
        let y = softmax(h @ w2 + b2);
        -sum(t * log(y)) / N
    }
}

/// The step of a difference: about the cube root of the float type's precision, where rounding and the third derivative add
/// as little as they can.
const STEP: f64 = 1e-5;

const HELP: &str = "\
Compares the derived gradient of the network 784-50-10 with numerical differentiation

Usage: numeric_gradient [--batch N] [--every N]

  --batch N  How many images [default: 100]
  --every N  Differentiates numerically by every N-th parameter only; times are of all [default: 20]";

fn main() -> ExitCode {
    let outcome = match settings(std::env::args().skip(1)) {
        Ok(None) => {
            println!("{HELP}");
            Ok(())
        }
        Ok(Some((batch, every))) => compare(batch, every).map(|comparison| comparison.tell()),
        Err(message) => Err(message.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The size of the batch, and which parameters are looked at; `None` for help.
fn settings(arguments: impl IntoIterator<Item = String>) -> Result<Option<(usize, usize)>, String> {
    let (mut batch, mut every) = (100, 20);
    let mut arguments = arguments.into_iter();
    while let Some(name) = arguments.next() {
        let setting = match name.as_str() {
            "--batch" => &mut batch,
            "--every" => &mut every,
            "-h" | "--help" => return Ok(None),
            _ => return Err(format!("there is no option `{name}`; `--help` lists them")),
        };
        let value = arguments.next().and_then(|value| value.parse().ok()).filter(|value| *value > 0);
        *setting = value.ok_or_else(|| format!("`{name}` is followed by a whole number of at least 1"))?;
    }
    Ok(Some((batch, every)))
}

/// The folder of the IDX files.
fn data() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "examples", "digits", "data"].iter().collect()
}

/// What both ways to a gradient found and took.
struct Comparison {
    /// The largest difference of two entries, relative to the largest entry of the gradient by the same parameter.
    difference: f64,
    /// How many entries were compared, of how many.
    compared: (usize, usize),
    derived: Duration,
    /// For all entries.
    numerical: Duration,
}

impl Comparison {
    fn tell(&self) {
        println!("{} of {} entries compared", self.compared.0, self.compared.1);
        println!("largest relative difference: {:.1e}", self.difference);
        println!("derived gradient:            {:.3} ms", 1e3 * self.derived.as_secs_f64());
        println!("numerical differentiation:   {:.1} s", self.numerical.as_secs_f64());
        println!("numerical differentiation takes {:.0} times as long", self.slower());
    }

    fn slower(&self) -> f64 {
        self.numerical.as_secs_f64() / self.derived.as_secs_f64()
    }
}

/// Both gradients at random parameters, over the first images of the training set.
fn compare(batch: usize, every: usize) -> Result<Comparison, Box<dyn Error>> {
    let digits = Digits::read(&data(), "train")?.split(batch).0;
    let images: Vec<f64> = digits.images.iter().copied().map(f64::from).collect();
    let mut targets = vec![0.0; digits.len() * CLASSES];
    for (row, label) in targets.chunks_mut(CLASSES).zip(&digits.labels) {
        row[usize::from(*label)] = 1.0;
    }
    let x = View::new(&images, [digits.len(), PIXELS])?;
    let t = View::new(&targets, [digits.len(), CLASSES])?;
    let mut random = fastrand::Rng::with_seed(1);
    let mut parameters = loss::Parameters::zeros();
    parameters.as_mut_slice().iter_mut().for_each(|parameter| *parameter = 0.1 * (random.f64() - 0.5));

    let (mut gradient, mut workspace) = (loss::Gradient::zeros(), loss::Workspace::new());
    // The first call takes memory, the second one what it takes.
    loss::value_and_gradient(&loss::Inputs::new(&parameters, x, t), &mut workspace, &mut gradient)?;
    let start = Instant::now();
    loss::value_and_gradient(&loss::Inputs::new(&parameters, x, t), &mut workspace, &mut gradient)?;
    let derived = start.elapsed();

    let count = parameters.as_slice().len();
    let start = Instant::now();
    let mut numerical = Vec::new();
    for place in (0..count).step_by(every) {
        let mut beside = |step: f64| {
            let before = parameters.as_slice()[place];
            parameters.as_mut_slice()[place] = before + step;
            let value = loss::value(&loss::Inputs::new(&parameters, x, t), &mut workspace);
            parameters.as_mut_slice()[place] = before;
            value
        };
        numerical.push((place, (beside(STEP)? - beside(-STEP)?) / (2.0 * STEP)));
    }
    let part = numerical.len() as f64 / count as f64;
    let taken = start.elapsed().div_f64(part);

    let blocks = [gradient.w1().data(), gradient.b1().data(), gradient.w2().data(), gradient.b2().data()];
    let largest: Vec<f64> = blocks.iter().flat_map(|block| vec![magnitude(block); block.len()]).collect();
    let entries = gradient.as_slice();
    let differences = numerical.iter().map(|(place, slope)| (slope - entries[*place]).abs() / largest[*place]);
    let difference = differences.fold(0.0, f64::max);
    Ok(Comparison { difference, compared: (numerical.len(), count), derived, numerical: taken })
}

fn magnitude(numbers: &[f64]) -> f64 {
    numbers.iter().fold(f64::MIN_POSITIVE, |largest, number| largest.max(number.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_gradients_are_one_and_the_derived_one_is_faster() {
        let comparison = compare(10, 199).unwrap();
        assert!(comparison.difference < 1e-6, "{}", comparison.difference);
        assert!(comparison.compared.0 >= 199 && comparison.slower() > 100.0, "{}", comparison.slower());
    }

    #[test]
    fn options_are_read_or_refused() {
        let read = |line: &str| settings(line.split_whitespace().map(str::to_owned));
        assert_eq!(read("--batch 5 --every 7"), Ok(Some((5, 7))));
        assert_eq!(read("--every 0"), Err("`--every` is followed by a whole number of at least 1".into()));
        assert!(read("--all").is_err());
    }
}
