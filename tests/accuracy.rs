//! Measured errors of values, gradients and Hessians, as the lowered program and as emitted code, over the whole range of
//! the float type, against a reference of 400 bits. The bound is 4 ulp·max(1, κ) with the componentwise condition number κ;
//! nothing may be NaN or infinite where the true value is a finite float.
//!
//! `CHAINRULE_ACCURACY=write cargo test --features cli --test accuracy` writes docs/ACCURACY.md.

#[path = "accuracy/arrays.rs"]
mod arrays;
#[path = "../src/cli/accuracy/big.rs"]
#[allow(dead_code)]
mod big;
#[path = "accuracy/cases.rs"]
mod cases;
#[path = "accuracy/measure.rs"]
mod measure;
#[path = "../src/cli/accuracy/reference.rs"]
mod reference;

use std::fmt::Write as _;
use std::path::Path;

use arrays::ARRAYS;
use cases::CASES;
use chainrule_compiler::number::FloatType;
use measure::{RANGES, Row, expected, measure};

fn table(rows: &[Row]) -> String {
    let mut out = String::from(
        "# Measured accuracy\n\nThe largest error of values, gradients and Hessians in units in the last place, divided by \
         max(1, κ), where κ is the componentwise condition number. The bound is 4. Written by\n\n```sh\n\
         CHAINRULE_ACCURACY=write cargo test --features cli --test accuracy\n```\n\nwhich fails if a bound is broken. Ranges \
         are sizes of the inputs; both signs are tried where the function is defined.\n",
    );
    for float in ["f64", "f32"] {
        let _ = write!(out, "\n## {float}\n\n| function | as written | order |");
        RANGES.iter().for_each(|range| out.push_str(&format!(" {} |", range.name)));
        out.push_str(&format!("\n|---|---|---|{}\n", "---|".repeat(RANGES.len())));
        for row in rows.iter().filter(|row| row.float == float) {
            let _ = write!(out, "| {} | `{}` | {} |", row.function, row.text, row.order);
            row.worst.iter().for_each(|worst| {
                let shown = worst.map_or("".to_owned(), |worst| format!("{worst:.1}"));
                out.push_str(&format!(" {shown} |"));
            });
            out.push('\n');
        }
    }
    out
}

#[test]
fn every_spelling_is_accurate() {
    let (mut rows, mut broken) = (Vec::new(), Vec::new());
    for case in CASES {
        for float in [FloatType::F64, FloatType::F32] {
            let expected = expected(case, float);
            for spelling in case.spellings {
                let (measured, complaints) = measure(case, spelling, float, &expected);
                rows.extend(measured);
                broken.extend(complaints);
            }
        }
    }
    for case in ARRAYS {
        for float in [FloatType::F64, FloatType::F32] {
            let (measured, complaints) = case.measure(float);
            rows.extend(measured);
            broken.extend(complaints);
        }
    }
    let text = table(&rows);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ACCURACY.md");
    if std::env::var("CHAINRULE_ACCURACY").is_ok_and(|wish| wish == "write") {
        std::fs::write(&path, &text).expect("the page can be written");
    }
    assert!(broken.is_empty(), "{} bounds are broken:\n{}", broken.len(), broken.join("\n"));
}
