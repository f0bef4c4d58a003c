//! What the lowered program computes, against what is right.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use chainrule_compiler::derive::{Derived, Request, derive};
use chainrule_compiler::evaluate::{self, evaluate};
use chainrule_compiler::lower::{Wanted, lower};
use chainrule_compiler::parse::parse_module;
use chainrule_compiler::resolve::resolve;

use super::generate::{Extreme, Kind};
use super::reference::{LARGEST, Reference, Right, Subject};
use crate::dual::real::Real;
use crate::dual::tensor::Tensor;
use crate::dual::wide;

/// Results are right to this part of their own size ...
const RELATIVE: f64 = 1e-9;
/// ... and what so many roundings of the inputs change.
const ROUNDINGS: f64 = 64.0;
/// Smaller numbers may be 0.
const SMALLEST: f64 = 1e-280;
/// What is 0 may differ from it by this part of the terms that cancel.
const CANCELLED: f64 = 1e-13;
/// A result of which a rounding of the inputs changes more than this part says nothing.
const CONDITIONED: f64 = 1e-5;

/// What is wrong with a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The compiler panics.
    Panic,
    /// The compiler refuses the program.
    Refused,
    /// There is no number.
    NotANumber,
    /// It is infinite.
    Infinite,
    /// It is another number.
    Wrong,
    /// It is another number in the closed form, which people read.
    WrongInClosedForm,
    /// It is wrong by little beside the value, but not to its own size.
    FewDigits,
    /// The closed form relies on a fact and does not say so.
    FactUnnamed,
}

/// A result that is not what it should be.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What is wrong.
    pub what: What,
    /// Which result: `gradient.x`.
    pub entry: String,
    /// What is right.
    pub right: String,
    /// What was found.
    pub found: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {} is {} and not {}", self.what, self.entry, self.found, self.right)
    }
}

/// What came of a program.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// There is nothing to compare.
    Nothing(String),
    /// So many results are right.
    Right(usize),
    /// The first that is not.
    Wrong(Fault),
}

/// How long the two sides took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// The jets.
    pub reference: Duration,
    /// Compiling and running.
    pub compiler: Duration,
}

/// Judges a program at its point.
#[must_use]
pub fn judge(program: &Extreme, times: &mut Times) -> Verdict {
    let fault = |what, found: String| {
        Verdict::Wrong(Fault { what, entry: "the program".into(), right: "accepted".into(), found })
    };
    wide::forget();
    let text = program.text();
    let Ok(module) = parse_module(&text) else { return fault(What::Refused, text) };
    let point: Vec<(Tensor<f64>, bool)> = program.used().map(|input| (input.value.clone(), input.whole)).collect();
    if point.is_empty() {
        return Verdict::Nothing("no input".into());
    }
    let start = Instant::now();
    let reference = Subject { module: &module, point: &point }.reference();
    times.reference += start.elapsed();
    let reference = match reference {
        Ok(reference) => reference,
        Err(message) => return Verdict::Nothing(message),
    };
    if reference.value.is_none() {
        return Verdict::Nothing("a value that more digits change".into());
    }
    let start = Instant::now();
    let judged = catch_unwind(AssertUnwindSafe(|| match derived(&text) {
        Ok(derived) => compared(program, &reference, &derived),
        Err(message) => fault(What::Refused, message),
    }));
    times.compiler += start.elapsed();
    judged.unwrap_or_else(|_| fault(What::Panic, "its message stands above".into()))
}

fn derived(text: &str) -> Result<Derived, String> {
    let functions = parse_module(text).and_then(|module| resolve(&module, text)).map_err(|all| format!("{all:?}"))?;
    let function = functions.into_iter().next_back().ok_or("no function")?;
    let mut derived =
        derive(function, &Request { order: 2, ..Request::default() }).map_err(|error| error.to_string())?;
    derived.stabilise().map_err(|error| error.to_string())?;
    crate::compiled::not_refuted(&derived).map_err(|failure| failure.message)?;
    Ok(derived)
}

fn run(derived: &Derived, wanted: &[Wanted], point: &[Tensor<f64>]) -> Result<Vec<Vec<f64>>, String> {
    let tensor = |input: &Tensor<f64>| evaluate::Tensor { shape: input.shape.clone(), data: input.items.clone() };
    let inputs: Vec<evaluate::Tensor> = point.iter().map(tensor).collect();
    let found = evaluate(&lower(&derived.function.graph, wanted), &inputs).map_err(|error| error.to_string())?;
    Ok(found.into_iter().map(|tensor| tensor.data).collect())
}

/// One result beside what is right.
struct Compared {
    entry: String,
    found: f64,
    right: Option<Right>,
    /// How large the terms are that it may be a difference of.
    terms: f64,
}

fn compared(program: &Extreme, reference: &Reference, derived: &Derived) -> Verdict {
    let point = program.point();
    let results = |wanted: &[Wanted]| run(derived, wanted, &point).map(|found| entries(program, reference, &found));
    let faulty = |message: String| {
        Verdict::Wrong(Fault { what: What::Refused, entry: "eval".into(), right: "run".into(), found: message })
    };
    let stable = match results(&derived.wanted()) {
        Ok(stable) => stable,
        Err(message) => return faulty(message),
    };
    let mut right = 0;
    for result in &stable {
        match result.fault() {
            Some(fault) => return Verdict::Wrong(fault),
            None => right += usize::from(result.says_something()),
        }
    }
    if program.kind.is_algebra() {
        // No form that a person reads may be wrong where the chain rule's is right.
        let closed = results(&derived.wanted_closed()).unwrap_or_default();
        let raw = results(&derived.wanted_raw()).unwrap_or_default();
        let wrong = closed.iter().zip(&raw).find(|(closed, raw)| closed.is_far() && !raw.is_far());
        if let Some((result, _)) = wrong {
            return Verdict::Wrong(result.as_fault(What::WrongInClosedForm));
        }
    }
    if program.kind == Kind::Facts
        && let Some(fault) = relies_on_facts(program, derived)
    {
        return Verdict::Wrong(fault);
    }
    Verdict::Right(right)
}

/// Where the facts hold that are named, closed forms must be right, whether others hold or not: facts about `z` say nothing of
/// other inputs, and those about these follow from each other.
fn relies_on_facts(program: &Extreme, derived: &Derived) -> Option<Fault> {
    let named = |of_z: bool| derived.function.facts.iter().any(|fact| fact.used && fact.text.contains('z') == of_z);
    let (z_stays, others_stay) = (named(true), named(false));
    let mut elsewhere = program.clone();
    for (place, input) in elsewhere.inputs.iter_mut().enumerate() {
        if !(if input.name == "z" { z_stays } else { others_stay }) {
            let side = if input.name == "z" { -1.0 } else { 1.0 };
            input.value = input.value.map(|value| side * (value * [1.3, 0.7, 1.1][place % 3] + 0.21));
        }
    }
    if elsewhere == *program {
        return None;
    }
    let module = parse_module(&elsewhere.text()).ok()?;
    let point: Vec<(Tensor<f64>, bool)> = elsewhere.used().map(|input| (input.value.clone(), false)).collect();
    let reference = Subject { module: &module, point: &point }.reference().ok()?;
    let found = run(derived, &derived.wanted_closed(), &elsewhere.point()).ok()?;
    let results = entries(&elsewhere, &reference, &found);
    results.iter().find(|result| result.is_far()).map(|result| result.as_fault(What::FactUnnamed))
}

/// Every result beside what is right, in the order of the results.
fn entries(program: &Extreme, reference: &Reference, found: &[Vec<f64>]) -> Vec<Compared> {
    let coordinates: Vec<(String, f64)> = program
        .used()
        .flat_map(|input| {
            let name =
                |at: usize| if input.shape.is_empty() { input.name.clone() } else { format!("{}.{at}", input.name) };
            input.value.items.iter().enumerate().map(move |(at, value)| (name(at), *value))
        })
        .collect();
    let sizes: Vec<usize> = program.used().map(|input| input.value.items.len()).collect();
    let float = |right: &Option<Right>| right.map_or(0.0, |right| right.value.to_f64().abs());
    let unit = |at: usize| if coordinates[at].1 == 0.0 { 1.0 } else { coordinates[at].1.abs() };
    let value = float(&reference.value);
    let mut all = vec![Compared { entry: "value".into(), found: found[0][0], right: reference.value, terms: value }];
    let mut tensors = found[1..].iter();
    let mut starts = vec![0];
    sizes.iter().for_each(|size| starts.push(starts[starts.len() - 1] + size));
    let slope = |at: usize| float(&reference.gradient[at]).max(value / unit(at));
    for (input, size) in sizes.iter().enumerate() {
        let Some(tensor) = tensors.next() else { return all };
        for (at, found) in tensor.iter().enumerate().take(*size) {
            let place = starts[input] + at;
            let right = reference.gradient[place];
            let entry = format!("gradient.{}", coordinates[place].0);
            all.push(Compared { entry, found: *found, right, terms: slope(place) });
        }
    }
    for row in 0..sizes.len() {
        for (column, columns) in sizes.iter().enumerate() {
            let Some(tensor) = tensors.next() else { return all };
            for (at, found) in tensor.iter().enumerate() {
                let (left, right) = (starts[row] + at / columns, starts[column] + at % columns);
                let entry = format!("hessian.{}.{}", coordinates[left].0, coordinates[right].0);
                let terms = (slope(left) / unit(right)).max(slope(right) / unit(left));
                let right = reference.hessian[left][right];
                all.push(Compared { entry, found: *found, right, terms });
            }
        }
    }
    all
}

impl Compared {
    fn expected(&self) -> f64 {
        self.right.map_or(f64::NAN, |right| right.value.to_f64())
    }

    /// Whether one side of a kink would do.
    fn is_loose(&self) -> bool {
        self.right.is_some_and(|right| right.per_rounding == f64::INFINITY)
    }

    /// Whether there is a number to compare with, that does not hang on the inputs' last bits.
    fn says_something(&self) -> bool {
        let Some(right) = self.right else { return false };
        let expected = self.expected().abs();
        expected < LARGEST && right.per_rounding <= CONDITIONED * expected.max(SMALLEST).max(CANCELLED * self.terms)
    }

    /// Whether it is another number, even if terms may cancel on the way to it.
    fn is_far(&self) -> bool {
        let distance = (self.found - self.expected()).abs();
        self.says_something() && (distance.is_nan() || distance > 1e-7 * self.terms.max(self.expected().abs()))
    }

    fn as_fault(&self, what: What) -> Fault {
        let right = format!("{:e}", self.expected());
        Fault { what, entry: self.entry.clone(), right, found: format!("{:e}", self.found) }
    }

    fn fault(&self) -> Option<Fault> {
        let settled = if self.is_loose() { self.found.is_finite() } else { !self.says_something() };
        if settled {
            return None;
        }
        let (expected, per_rounding) = (self.expected(), self.right.map_or(0.0, |right| right.per_rounding));
        let mut allowed = RELATIVE * expected.abs() + ROUNDINGS * per_rounding + SMALLEST;
        if expected.abs() < SMALLEST {
            allowed += CANCELLED * self.terms;
        }
        let distance = (self.found - expected).abs();
        let what = match self.found {
            found if found.is_nan() => What::NotANumber,
            found if found.is_infinite() => What::Infinite,
            _ if distance <= allowed => return None,
            _ if distance <= CANCELLED * self.terms => What::FewDigits,
            _ => What::Wrong,
        };
        Some(self.as_fault(what))
    }
}
