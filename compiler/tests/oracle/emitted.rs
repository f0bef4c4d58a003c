//! Emitted Rust, compiled in batches and run: the same numbers as the lowered program.
//!
//! Each scalar program with a gradient becomes a module of one source file, beside the facade's own `math`; `rustc`
//! compiles the file, and the executable prints the bits of everything that was emitted.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use chainrule_compiler::derive::{Request, derive};
use chainrule_compiler::emit::{Origin, emit_function};
use proc_macro2::{Span, TokenStream};

use crate::compiled;
use crate::generate::Program;
use crate::report::Report;

/// Programs in one source file.
const BATCH: usize = 250;

/// Programs that wait to be compiled together.
#[derive(Default)]
pub struct Batch {
    source: String,
    main: String,
    expected: Vec<(u64, Vec<f64>)>,
}

impl Batch {
    /// Adds a program if it can be emitted; compiles the batch when it is full.
    ///
    /// # Errors
    /// What the compiler refuses, or what disagrees.
    pub fn add(&mut self, program: &Program, report: &mut Report) -> Result<(), String> {
        if !program.scalar || !program.has_gradient() || program.wrt.is_empty() {
            return Ok(());
        }
        let mut function = compiled::resolved(program)?;
        "pub".clone_into(&mut function.visibility);
        let derived =
            derive(function.clone(), &Request { order: 1, ..Request::default() }).map_err(|e| e.to_string())?;
        let numbers = compiled::run(&derived, &program.point)?;
        let numbers: Vec<f64> = numbers.iter().flat_map(|tensor| tensor.data.iter().copied()).collect();
        let origin = Origin { facade: "crate::facade".parse().unwrap_or_default(), spans: &|_| Span::call_site() };
        let tokens: TokenStream = match emit_function(function, &origin) {
            Ok(tokens) => tokens,
            // Vectors inside a scalar formula are arrays: not emitted yet.
            Err(error) if error.message.contains("not emitted yet") => return Ok(()),
            Err(error) => return Err(error.to_string()),
        };
        self.write(program, &tokens);
        self.expected.push((program.number, numbers));
        report.emitted += 1;
        if self.expected.len() >= BATCH { self.finish() } else { Ok(()) }
    }

    fn write(&mut self, program: &Program, tokens: &TokenStream) {
        let number = program.number;
        let arguments: Vec<String> =
            program.point.iter().map(|value| format!("f64::from_bits({})", value.items[0].to_bits())).collect();
        let arguments = arguments.join(", ");
        let separator = if arguments.is_empty() { "" } else { ", " };
        let name = &program.function;
        let _ = writeln!(self.source, "mod p{number} {{ {tokens} }}");
        let _ = writeln!(
            self.main,
            "fn run{number}() {{ use p{number}::*;
                let value = {name}({arguments});
                let gradient = {name}::gradient({arguments}).to_array();
                let (value2, gradient2) = {name}::value_and_gradient({arguments});
                let (value3, saved) = {name}::forward({arguments});
                let gradient3 = {name}::backward({arguments}{separator}&saved, 1.0).to_array();
                print({number}, value, &gradient); print({number}, value2, &gradient2.to_array());
                print({number}, value3, &gradient3); }}"
        );
    }

    /// Compiles and runs what waits.
    ///
    /// # Errors
    /// What disagrees, or what rustc says.
    pub fn finish(&mut self) -> Result<(), String> {
        let batch = std::mem::take(self);
        if batch.expected.is_empty() {
            return Ok(());
        }
        let lines = batch.run()?;
        for (number, expected) in &batch.expected {
            let found: Vec<&Vec<f64>> = lines.iter().filter(|(other, _)| other == number).map(|(_, v)| v).collect();
            if found.len() != 3 || found.iter().any(|found| !equal(found, expected)) {
                return Err(format!("program {number} emitted: {found:?}, lowered: {expected:?}"));
            }
        }
        Ok(())
    }

    fn run(&self) -> Result<Vec<(u64, Vec<f64>)>, String> {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("emitted");
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let math = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../src/math.rs");
        let calls: String = self.expected.iter().fold(String::new(), |mut calls, (number, _)| {
            let _ = writeln!(calls, "run{number}();");
            calls
        });
        let print = "fn print(number: u64, value: f64, gradient: &[f64]) { print!(\"{number} {}\", value.to_bits()); \
                     for slope in gradient { print!(\" {}\", slope.to_bits()); } println!(); }";
        let source = format!(
            "#![allow(unexpected_cfgs)] #![forbid(unsafe_code)] mod facade {{ #[path = {math:?}] pub mod math; }}\n{}\n{print}\n{}\nfn main() {{ {calls} }}\n",
            self.source, self.main
        );
        let (file, binary) = (folder.join("batch.rs"), folder.join("batch"));
        std::fs::write(&file, source).map_err(|error| error.to_string())?;
        let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
        let arguments = ["--edition", "2024", "-C", "debuginfo=0", "--cfg", "feature=\"std\"", "-A", "warnings"];
        let output = Command::new(rustc).args(arguments).arg(&file).arg("-o").arg(&binary).output();
        let output = output.map_err(|error| error.to_string())?;
        if !output.status.success() {
            let said: String = String::from_utf8_lossy(&output.stderr)
                .lines()
                .map(|line| line.chars().take(160).collect::<String>() + "\n")
                .take(30)
                .collect();
            return Err(format!("rustc refuses {}:\n{said}", file.display()));
        }
        let output = Command::new(&binary).output().map_err(|error| error.to_string())?;
        String::from_utf8_lossy(&output.stdout).lines().map(parse).collect()
    }
}

fn parse(line: &str) -> Result<(u64, Vec<f64>), String> {
    let mut words = line.split(' ').map(|word| word.parse::<u64>().map_err(|error| error.to_string()));
    let number = words.next().ok_or("an empty line")??;
    Ok((number, words.map(|bits| bits.map(f64::from_bits)).collect::<Result<_, _>>()?))
}

/// Bit for bit but for NaN and the sign of zero: `-0.0` times an upstream of 1 may differ.
fn equal(found: &[f64], expected: &[f64]) -> bool {
    found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| close(*a, *b))
}

/// The backward pass multiplies by the upstream in another order than the gradient, which rounds differently.
fn close(a: f64, b: f64) -> bool {
    a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-12 * a.abs().max(b.abs()).max(1e-12)
}
