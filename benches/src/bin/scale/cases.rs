//! All measurements and what is asked of them.

use crate::measure::Measured;
use crate::{builder, growth, layers, text};

/// One measurement at two sizes.
pub struct Case {
    pub name: &'static str,
    pub run: fn(usize) -> Result<Measured, String>,
    pub small: Size,
    pub full: Size,
    /// How much dearer one unit of the full size may be than one of the small size, in time; each part of the whole
    /// may be a quarter more, as it is measured less well.
    pub most_per_unit: f64,
}

/// A size and its goals.
#[derive(Default)]
pub struct Size {
    pub size: usize,
    /// In release builds.
    pub milliseconds: Option<f64>,
    pub megabytes: Option<u64>,
}

impl Size {
    fn of(size: usize) -> Self {
        Self { size, ..Self::default() }
    }

    fn within(size: usize, milliseconds: f64) -> Self {
        Self { size, milliseconds: Some(milliseconds), ..Self::default() }
    }
}

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, run) in [("text of a fn", text::function as fn(usize) -> _), ("text of an expression", text::expression)]
    {
        let (small, full) = (Size::within(10_000, 1e3), Size::within(100_000, 12e3));
        cases.push(Case { name, run, small, full, most_per_unit: 1.6 });
    }
    for (name, run) in
        [("builder, logistic", builder::logistic as fn(usize) -> _), ("builder, random", builder::random)]
    {
        let full = Size { megabytes: Some(600), ..Size::within(1_000_000, 2e3) };
        cases.push(Case { name, run, small: Size::of(250_000), full, most_per_unit: 1.6 });
    }
    cases.push(Case {
        name: "tanh layers",
        run: layers::tanh,
        small: Size::of(32),
        full: Size::within(64, 25.0),
        most_per_unit: 1.6,
    });
    cases.push(Case {
        name: "attention steps",
        run: layers::attention,
        small: Size::of(16),
        full: Size::within(32, 25.0),
        most_per_unit: 1.6,
    });
    for (name, run, full, most_per_unit) in growth::SHAPES {
        let (small, full) = (Size::of(full / 4), Size::of(*full));
        cases.push(Case { name, run: *run, small, full, most_per_unit: *most_per_unit });
    }
    cases
}
