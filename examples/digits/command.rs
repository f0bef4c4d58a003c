//! The command line.
//!
//! In: the arguments. Out: [`Settings`], or a message that says which argument is wrong and what is right.

use std::path::PathBuf;

/// What `--help` says.
pub const HELP: &str = "\
Trains a network on handwritten digits, with gradients that `grad!` derived, and tests it

Usage: digits [OPTIONS]

  --network 50|50,100  The hidden layers: 784-50-10 or 784-50-100-10 [default: 50]
  --epochs N           How often each image is seen [default: 40]
  --seed N             What all random numbers start from [default: 1]
  --samples N          How many images to train and validate with, of 8000 [default: all]
  --out DIR            Where to write learning.svg, confusion.svg and wrong.svg [default: nowhere]
  --data DIR           Where the IDX files are [default: examples/digits/data]
  -h, --help           This text";

/// What to train, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Two hidden layers, of 50 and 100; else one of 50.
    pub deep: bool,
    /// How often each image is seen.
    pub epochs: usize,
    /// What all random numbers start from.
    pub seed: u64,
    /// How many images to train and validate with.
    pub samples: usize,
    /// Where to write pictures.
    pub out: Option<PathBuf>,
    /// Where the IDX files are.
    pub data: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Self { deep: false, epochs: 40, seed: 1, samples: usize::MAX, out: None, data: crate::data() }
    }
}

/// What the arguments ask for; `None` for help.
pub fn settings(arguments: impl IntoIterator<Item = String>) -> Result<Option<Settings>, String> {
    let mut settings = Settings::default();
    let mut arguments = arguments.into_iter();
    while let Some(name) = arguments.next() {
        if name == "-h" || name == "--help" {
            return Ok(None);
        }
        if !["--network", "--epochs", "--seed", "--samples", "--out", "--data"].contains(&name.as_str()) {
            return Err(format!("there is no option `{name}`; `--help` lists them"));
        }
        let value = arguments.next().ok_or_else(|| format!("`{name}` needs a value"))?;
        match name.as_str() {
            "--network" => {
                settings.deep = match value.as_str() {
                    "50" => false,
                    "50,100" => true,
                    _ => return Err(format!("`--network` is `50` or `50,100`, not `{value}`")),
                }
            }
            "--epochs" => settings.epochs = number(&name, &value, 1)?,
            "--seed" => settings.seed = number(&name, &value, 0)?,
            // One of eight images is for validation.
            "--samples" => settings.samples = number(&name, &value, 8)?,
            "--out" => settings.out = Some(value.into()),
            _ => settings.data = value.into(),
        }
    }
    Ok(Some(settings))
}

fn number<T: std::str::FromStr + PartialOrd + From<u8>>(name: &str, value: &str, least: u8) -> Result<T, String> {
    let number = value.parse().ok().filter(|number| *number >= T::from(least));
    number.ok_or_else(|| format!("`{name}` is a whole number of at least {least}, not `{value}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Option<Settings>, String> {
        settings(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_read_or_refused() {
        let found = read("--network 50,100 --epochs 3 --seed 7 --out pictures").unwrap().unwrap();
        assert_eq!((found.deep, found.epochs, found.seed, found.out), (true, 3, 7, Some("pictures".into())));
        assert_eq!(read("--epochs 2 --help"), Ok(None));
        for (line, message) in [
            ("--epoch 3", "there is no option `--epoch`; `--help` lists them"),
            ("--epochs", "`--epochs` needs a value"),
            ("--epochs 0", "`--epochs` is a whole number of at least 1, not `0`"),
            ("--network 30", "`--network` is `50` or `50,100`, not `30`"),
        ] {
            assert_eq!(read(line), Err(message.into()));
        }
    }
}
