//! Recognises handwritten digits: a network of one or two hidden layers is trained with gradients that `grad!` derived, and
//! read by its scores.
//!
//! ```sh
//! cargo run --release --example digits -- --network 50,100 --out pictures
//! ```

mod charts;
mod command;
mod idx;
mod network;
mod training;

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};

use crate::command::{HELP, Settings, settings};
use crate::idx::{Digits, IdxError};
use crate::network::{Deep, Network, Shallow};
use crate::training::{Epoch, accuracy, read, train};

fn main() -> ExitCode {
    let outcome = match settings(std::env::args().skip(1)) {
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(Some(settings)) if settings.deep => run::<Deep>(&settings).map(drop),
        Ok(Some(settings)) => run::<Shallow>(&settings).map(drop),
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

/// The folder of the IDX files.
pub fn data() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "examples", "digits", "data"].iter().collect()
}

/// Trains, tests and draws; the part of the test images that are read right.
fn run<N: Network>(settings: &Settings) -> Result<f64, Box<dyn Error>> {
    let (training, validation) = to_learn(settings)?;
    let mut random = fastrand::Rng::with_seed(settings.seed);
    let mut network = N::zeros();
    network.initialise(&mut random);
    println!("784-{}-10: {} parameters", N::NAME.replace(',', "-"), network.parameters().len());
    println!("{} images to train with, {} to validate with", training.len(), validation.len());
    let bar = ProgressBar::new(settings.epochs as u64);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} epochs, {msg}")?);
    let tell = |epoch: &Epoch| {
        bar.set_message(format!("loss {:.3}, validation accuracy {:.1} %", epoch.loss, 100.0 * epoch.validation));
        bar.inc(1);
    };
    let curve = train(&mut network, &training, &validation, settings.epochs, &mut random, tell)?;
    bar.finish();
    let best = curve.iter().map(|epoch| epoch.validation).fold(0.0, f64::max);
    println!("validation accuracy: {:.1} %", 100.0 * best);

    // Nothing above has seen these, and nothing below is chosen by them.
    let test = Digits::read(&settings.data, "t10k")?;
    let found = read(&mut network, &test)?;
    let tested = accuracy(&found, &test.labels);
    println!("test accuracy: {:.1} %", 100.0 * tested);
    if let Some(out) = &settings.out {
        fs::create_dir_all(out).map_err(|error| format!("{}: {error}", out.display()))?;
        charts::learning(&out.join("learning.svg"), &curve)?;
        charts::confusion(&out.join("confusion.svg"), &found, &test.labels)?;
        charts::wrong(&out.join("wrong.svg"), &test, &found)?;
        println!("pictures: {}", out.join("{learning,confusion,wrong}.svg").display());
    }
    Ok(tested)
}

/// The images to train with, and one of eight that only say which epoch was the best.
fn to_learn(settings: &Settings) -> Result<(Digits, Digits), IdxError> {
    let all = Digits::read(&settings.data, "train")?.split(settings.samples).0;
    let training = all.len() - all.len() / 8;
    Ok(all.split(training))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fraction of the images and of the epochs; all of them reach more.
    #[test]
    fn both_networks_learn_to_read() {
        let out = std::env::temp_dir().join(format!("chainrule-digits-{}", std::process::id()));
        let small = Settings { epochs: 5, samples: 2400, out: Some(out.clone()), ..Settings::default() };
        let shallow = run::<Shallow>(&small).unwrap();
        for name in ["learning.svg", "confusion.svg", "wrong.svg"] {
            let picture = fs::read_to_string(out.join(name)).unwrap();
            assert!(picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"), "{name}");
        }
        fs::remove_dir_all(&out).unwrap();
        let deep = run::<Deep>(&Settings { out: None, ..small }).unwrap();
        assert!(shallow > 0.8 && deep > 0.8, "{shallow} {deep}");
    }

    #[test]
    fn the_same_seed_trains_the_same_network() {
        let small = Settings { epochs: 1, samples: 400, ..Settings::default() };
        assert_eq!(run::<Shallow>(&small).unwrap(), run::<Shallow>(&small).unwrap());
    }
}
