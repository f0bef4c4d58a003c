//! Emitted Rust, compiled in batches and run: the same numbers as the lowered program.
//!
//! Each scalar program with a gradient becomes a module of one source file, beside the facade's own `math`; `rustc`
//! compiles the file, and the executable prints the bits of everything that was emitted.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use chainrule_compiler::derive::{Request, derive};
use chainrule_compiler::emit::{Origin, emit_function};
use chainrule_compiler::syntax::{Attribute, Name};
use proc_macro2::{Span, TokenStream};

use crate::compiled;
use crate::dual;
use crate::emitted_arrays::{self, Case};
use crate::generate::Program;
use crate::report::{Failure, Report};
use crate::special::special_functions;

/// The cotangent that `backward` is given: not 1, so that it cannot be left out, and a power of two, which rounds nothing.
pub const UPSTREAM: f64 = -2.0;

/// Programs in one source file.
const BATCH: usize = 250;

/// What a program must print.
struct Expected {
    number: u64,
    value: f64,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
    /// Of a program over arrays, all that is printed, and by what.
    arrays: Vec<(&'static str, Vec<f64>)>,
}

/// Programs that wait to be compiled together.
#[derive(Default)]
pub struct Batch {
    source: String,
    main: String,
    expected: Vec<Expected>,
}

impl Batch {
    /// Adds a program if it can be emitted.
    ///
    /// # Errors
    /// What the compiler refuses.
    pub fn add(&mut self, program: &Program, report: &mut Report) -> Result<(), Failure> {
        if !program.scalar || !program.has_gradient() || program.wrt.is_empty() {
            return self.add_arrays(program, report);
        }
        let refusal = || Failure::by("refusal");
        let mut function = compiled::resolved(program).map_err(refusal())?;
        "pub".clone_into(&mut function.visibility);
        function.attributes.push(Attribute {
            path: Name { text: "emit".into(), span: Default::default() },
            content: "(hessian)".into(),
            is_doc: false,
            content_span: Default::default(),
            span: Default::default(),
        });
        // As emission derives them: what is found for first derivatives may depend on whether second ones are asked for.
        let numbers = |order: u8| {
            let request = Request { order, ..Request::default() };
            let mut derived = derive(function.clone(), &request).map_err(|error| refusal()(error.to_string()))?;
            derived.stabilise().map_err(|error| refusal()(error.to_string()))?;
            let numbers = compiled::run(&derived, &program.point).map_err(refusal())?;
            Ok(numbers.iter().flat_map(|tensor| tensor.data.iter().copied()).collect::<Vec<f64>>())
        };
        let (mut first, mut all) = (numbers(1)?, numbers(2)?);
        let origin = Origin { facade: "crate::facade".parse().unwrap_or_default(), spans: &|_| Span::call_site() };
        let tokens: TokenStream = match emit_function(function, &origin) {
            Ok(tokens) => tokens,
            Err(error) => return Err(refusal()(error.to_string())),
        };
        self.write(program, &tokens);
        let (gradient, hessian) = (first.split_off(1), all.split_off(1 + program.wrt.len()));
        let arrays = Vec::new();
        self.expected.push(Expected { number: program.number, value: first[0], gradient, hessian, arrays });
        report.emitted += 1;
        Ok(())
    }

    /// Adds a program over arrays in both ways.
    fn add_arrays(&mut self, program: &Program, report: &mut Report) -> Result<(), Failure> {
        // Two sums that are equal but for rounding are compared: both answers are right.
        if dual::run::<f64>(&program.module, &program.function, &program.point).is_ok_and(|run| run.close) {
            return Ok(());
        }
        let mut all = Vec::new();
        let number = program.number;
        let cases = [emitted_arrays::as_written(program)?, emitted_arrays::with_sizes(program)?];
        let mut calls = String::new();
        for (place, case) in cases.into_iter().enumerate() {
            let Some(Case { tokens, run, expected }) = case else { continue };
            let run = run.replace("NUMBER", &number.to_string());
            let _ = writeln!(self.source, "mod p{number}_{place} {{ {tokens} }}");
            let _ = writeln!(calls, "{{ use p{number}_{place}::*; {run} }}");
            all.extend(expected);
            report.emitted_arrays += 1;
        }
        let _ = writeln!(self.main, "fn run{number}() {{ {calls} }}");
        let (gradient, hessian) = (Vec::new(), Vec::new());
        self.expected.push(Expected { number, value: 0.0, gradient, hessian, arrays: all });
        Ok(())
    }

    /// Whether it is time to run the batch.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.expected.len() >= BATCH
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
                let gradient3 = {name}::backward({arguments}{separator}&saved, {UPSTREAM:?}).to_array();
                let hessian = {name}::hessian({arguments});
                print({number}, &[value, value2, value3, {name}::value({arguments})]);
                print({number}, &gradient); print({number}, &gradient2.to_array()); print({number}, &gradient3);
                print({number}, &hessian.concat());"
        );
        if program.wrt.len() == 1 {
            let _ = writeln!(
                self.main,
                "let (value4, slope) = {name}::value_and_derivative({arguments});
                 print({number}, &[value4, slope, {name}::derivative({arguments})]);"
            );
        }
        self.main.push('}');
    }

    /// Compiles and runs what waits: the programs that disagree.
    pub fn run(&mut self) -> Vec<(u64, Failure)> {
        let batch = std::mem::take(self);
        let Some(first) = batch.expected.first() else { return Vec::new() };
        let lines = match batch.output() {
            Ok(lines) => lines,
            Err(message) => return vec![(first.number, Failure { by: "batch", message })],
        };
        batch.expected.iter().filter_map(|expected| Some((expected.number, expected.disagreement(&lines)?))).collect()
    }

    fn output(&self) -> Result<Vec<(u64, Vec<f64>)>, String> {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("emitted");
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        facade(&folder).map_err(|error| error.to_string())?;
        let calls: String = self.expected.iter().fold(String::new(), |mut calls, expected| {
            let _ = writeln!(calls, "run{}();", expected.number);
            calls
        });
        let print = "fn print(number: u64, values: &[f64]) { print!(\"{number}\"); for value in values { \
                     print!(\" {}\", value.to_bits()); } println!(); }";
        let source = format!(
            "#![allow(unexpected_cfgs)] #![forbid(unsafe_code)] mod facade;\n{}\n{print}\n{}\nfn main() {{ {calls} }}\n",
            self.source, self.main
        );
        let (file, binary) = (folder.join("batch.rs"), folder.join("batch"));
        std::fs::write(&file, source).map_err(|error| error.to_string())?;
        let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
        let arguments = ["--edition", "2024", "-C", "debuginfo=0", "--cfg", "feature=\"std\"", "-A", "warnings"];
        let special = special_functions()?;
        let output = Command::new(rustc).args(arguments).args(special).arg(&file).arg("-o").arg(&binary).output();
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
        if !output.status.success() {
            // Facts are true of every point: no assertion may fail.
            return Err(format!("{} stops: {}", binary.display(), String::from_utf8_lossy(&output.stderr)));
        }
        String::from_utf8_lossy(&output.stdout).lines().map(parse).collect()
    }
}

impl Expected {
    fn disagreement(&self, lines: &[(u64, Vec<f64>)]) -> Option<Failure> {
        let found: Vec<&Vec<f64>> =
            lines.iter().filter(|(number, _)| *number == self.number).map(|(_, values)| values).collect();
        if self.gradient.is_empty() {
            return self.disagreement_of_arrays(&found);
        }
        let scaled: Vec<f64> = self.gradient.iter().map(|slope| UPSTREAM * slope).collect();
        let mut parts = vec![
            ("emitted value", vec![self.value; 4]),
            ("emitted gradient", self.gradient.clone()),
            ("emitted value_and_gradient", self.gradient.clone()),
            ("emitted backward", scaled),
            ("emitted hessian", self.hessian.clone()),
        ];
        if let [slope] = self.gradient[..] {
            parts.push(("emitted derivative", vec![self.value, slope, slope]));
        }
        for (place, (by, expected)) in parts.iter().enumerate() {
            // A backward pass has the upstream cotangent among its factors: another order of rounding.
            let equal = if *by == "emitted backward" { near } else { equal };
            // Layers compute by closed forms, which round otherwise and may cancel.
            let agree = if *by == "emitted backward" { close } else { equal };
            if !found.get(place).is_some_and(|found| agree(found, expected)) {
                let message = format!("emitted {:?}, lowered {expected:?}", found.get(place));
                return Some(Failure { by, message });
            }
        }
        None
    }
}

impl Expected {
    fn disagreement_of_arrays(&self, found: &[&Vec<f64>]) -> Option<Failure> {
        for (place, (by, expected)) in self.arrays.iter().enumerate() {
            // Closed forms round otherwise and may cancel.
            let agree = if by.starts_with("backward") { close } else { near };
            if !found.get(place).is_some_and(|found| agree(found, expected)) {
                let message = format!("emitted {:?}, lowered {expected:?}", found.get(place));
                return Some(Failure { by, message });
            }
        }
        None
    }
}

fn parse(line: &str) -> Result<(u64, Vec<f64>), String> {
    let mut words = line.split(' ').map(|word| word.parse::<u64>().map_err(|error| error.to_string()));
    let number = words.next().ok_or("an empty line")??;
    Ok((number, words.map(|bits| bits.map(f64::from_bits)).collect::<Result<_, _>>()?))
}

/// The run time of emitted code, as modules beside it.
fn facade(folder: &Path) -> std::io::Result<()> {
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../src");
    let modules = folder.join("facade");
    std::fs::create_dir_all(modules.join("array"))?;
    for file in ["math.rs", "array.rs"] {
        std::fs::copy(source.join(file), modules.join(file))?;
    }
    for entry in std::fs::read_dir(source.join("array"))? {
        let entry = entry?;
        std::fs::copy(entry.path(), modules.join("array").join(entry.file_name()))?;
    }
    let text = "pub mod math; pub mod array; pub use chainrule_special::dispatch;
                pub mod contraction { pub use chainrule_special::{Axis, Element, Write, contract}; }";
    std::fs::write(folder.join("facade.rs"), text)
}

/// Up to rounding.
pub fn near(found: &[f64], expected: &[f64]) -> bool {
    let same = |(a, b): (&f64, &f64)| a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-9 * (1.0 + b.abs());
    found.len() == expected.len() && found.iter().zip(expected).all(same)
}

/// Whether numbers are the same but for rounding, relative to the largest; where nothing is known, anything is.
fn close(found: &[f64], expected: &[f64]) -> bool {
    let largest = expected.iter().filter(|value| value.is_finite()).fold(1.0_f64, |most, value| most.max(value.abs()));
    let same = |(a, b): (&f64, &f64)| !b.is_finite() || (a - b).abs() <= 1e-7 * largest;
    found.len() == expected.len() && found.iter().zip(expected).all(same)
}

/// Bit for bit but for NaN and the sign of zero: emitted code takes the steps of the lowered program.
fn equal(found: &[f64], expected: &[f64]) -> bool {
    let same = |(a, b): (&f64, &f64)| a == b || a.is_nan() && b.is_nan();
    found.len() == expected.len() && found.iter().zip(expected).all(same)
}
