//! What the compiler makes of a program: its value, its reverse sweep, its Hessian, by the lowered program.

use chainrule_compiler::derive::{DerivativeKind, Derived, Request, derive};
use chainrule_compiler::diagnostic::Diagnostics;
use chainrule_compiler::evaluate::{self, evaluate};
use chainrule_compiler::lower::{self, Wanted, lower};
use chainrule_compiler::parse::parse_module;
use chainrule_compiler::print::Style;
use chainrule_compiler::resolve::{Function, resolve};

use crate::dual::tensor::Tensor;
use crate::dual::{self};
use crate::generate::Program;
use crate::listed;
use crate::numeric;
use crate::report::{Failure, Report};

/// The name of the cotangent; no program has it.
pub const UPSTREAM: &str = "upstream_cotangent";

/// The compiler's own view of a program.
///
/// # Errors
/// What the compiler refuses.
pub fn resolved(program: &Program) -> Result<Function, String> {
    let text = &program.text_minimal;
    let functions =
        parse_module(text).and_then(|module| resolve(&module, text)).map_err(|found| refusal(text, &found))?;
    functions.into_iter().find(|function| function.name == program.function).ok_or("no such function".into())
}

fn refusal(text: &str, found: &Diagnostics) -> String {
    let lines = found.iter().map(|diagnostic| {
        let place = diagnostic.spans.first().map_or("", |span| &text[span.start as usize..span.end as usize]);
        format!("{diagnostic}\nat `{place}`")
    });
    format!("the compiler refuses: {}", lines.collect::<Vec<_>>().join("\n"))
}

/// Runs a derived function by its lowered program: outputs, then derivatives.
///
/// # Errors
/// What the evaluator refuses.
pub fn run(derived: &Derived, inputs: &[Tensor<f64>]) -> Result<Vec<evaluate::Tensor>, String> {
    run_wanted(derived, &derived.wanted(), inputs)
}

fn run_wanted(derived: &Derived, wanted: &[Wanted], inputs: &[Tensor<f64>]) -> Result<Vec<evaluate::Tensor>, String> {
    run_program(&lower(&derived.function.graph, wanted), inputs)
}

fn run_program(program: &lower::Program, inputs: &[Tensor<f64>]) -> Result<Vec<evaluate::Tensor>, String> {
    let tensor = |input: &Tensor<f64>| evaluate::Tensor { shape: input.shape.clone(), data: input.items.clone() };
    evaluate(program, &inputs.iter().map(tensor).collect::<Vec<_>>()).map_err(|error| error.to_string())
}

/// The printed listing, read again, against the values that it lists.
fn listed(derived: &Derived, inputs: &[Tensor<f64>], report: &mut Report) -> Result<(), Failure> {
    let expected = run_wanted(derived, &derived.wanted_closed(), inputs).map_err(Failure::by("listing"))?;
    let tensor = |input: &Tensor<f64>| evaluate::Tensor { shape: input.shape.clone(), data: input.items.clone() };
    let inputs: Vec<evaluate::Tensor> = inputs.iter().map(tensor).collect();
    listed::check(derived, &inputs, &expected, report).map_err(Failure::by("listing"))
}

/// Compares everything with the jets.
///
/// # Errors
/// What disagrees.
pub fn check(program: &Program, upstream: &[Tensor<f64>], report: &mut Report) -> Result<(), Failure> {
    let function = resolved(program).map_err(Failure::by("refusal"))?;
    value(program, &function)?;
    facts(program, &function)?;
    if !program.wrt.is_empty() {
        pullback(program, &function, upstream, report)?;
        if program.has_gradient() {
            gradient_and_hessian(program, &function, report)?;
            report.hessians += 1;
        } else {
            jacobians(program, &function, report)?;
            report.jacobians += 1;
        }
    }
    report.compiled += 1;
    Ok(())
}

/// The compiler must find every stated fact true of the point: the generator has seen to that.
fn facts(program: &Program, function: &Function) -> Result<(), Failure> {
    let fail = || Failure::by("facts");
    let checks = chainrule_compiler::facts::checks(function).map_err(|error| fail()(error.to_string()))?;
    let found = run_program(&checks, &program.point).map_err(fail())?;
    for (fact, holds) in function.facts.iter().zip(&found) {
        if holds.data != [1.0] {
            return Err(fail()(format!("`{}` is found false", fact.text)));
        }
    }
    Ok(())
}

fn same(
    by: &'static str,
    what: &str,
    found: &evaluate::Tensor,
    expected: &Tensor<f64>,
    scale: f64,
) -> Result<(), Failure> {
    let agree = found.shape == expected.shape
        && found.data.len() == expected.items.len()
        && found.data.iter().zip(&expected.items).all(|(a, b)| numeric::agree(*a, *b, scale));
    if agree {
        return Ok(());
    }
    let message = format!(
        "{what}: compiled {:?} {:?}, by jets {:?} {:?} (scale {scale})",
        found.shape, found.data, expected.shape, expected.items
    );
    Err(Failure { by, message })
}

/// Derives, and requires exactly the derivatives that were asked for, in order.
fn derived(program: &Program, function: &Function, request: &Request) -> Result<Derived, Failure> {
    let derived =
        derive(function.clone(), request).map_err(|error| Failure { by: "refusal", message: error.to_string() })?;
    let place = |name: &String| program.inputs.iter().position(|(input, _)| input == name);
    let wrt: Vec<usize> = program.wrt.iter().filter_map(place).collect();
    let mut expected = Vec::new();
    for (of, shape) in program.outputs.iter().enumerate().filter(|_| request.order > 0) {
        let kind = match (&request.upstream, shape.as_slice()) {
            (Some(_), _) => DerivativeKind::Pullback,
            (None, []) => DerivativeKind::Gradient,
            (None, _) => DerivativeKind::Jacobian,
        };
        expected.extend(wrt.iter().map(|place| (kind, of, vec![*place])));
        if request.order > 1 {
            let pairs = wrt.iter().flat_map(|row| wrt.iter().map(move |column| vec![*row, *column]));
            expected.extend(pairs.map(|pair| (DerivativeKind::Hessian, of, pair)));
        }
    }
    let found: Vec<_> = derived.entries.iter().map(|entry| (entry.kind, entry.of, entry.wrt.clone())).collect();
    if found != expected || derived.wrt() != wrt {
        let message = format!("found {found:?} by {:?}, not {expected:?} by {wrt:?}", derived.wrt());
        return Err(Failure { by: "list of derivatives", message });
    }
    Ok(derived)
}

/// Where the coordinates of each input start, and where the last one's end.
fn starts(program: &Program) -> Vec<usize> {
    let mut starts = vec![0];
    for input in &program.point {
        starts.push(starts[starts.len() - 1] + input.items.len());
    }
    starts
}

/// The outputs of the formula alone.
fn value(program: &Program, function: &Function) -> Result<(), Failure> {
    let expected =
        dual::run::<f64>(&program.module, &program.function, &program.point).map_err(Failure::by("the interpreter"))?;
    let derived = derived(program, function, &Request::default())?;
    let found = run(&derived, &program.point).map_err(Failure::by("value"))?;
    for (place, (found, output)) in found.iter().zip(&expected.outputs).enumerate() {
        same("value", &format!("output {place}"), found, output, expected.largest)?;
    }
    Ok(())
}

/// The value, and the sum over all outputs of what each sends back.
fn pullback(
    program: &Program,
    function: &Function,
    upstream: &[Tensor<f64>],
    report: &mut Report,
) -> Result<(), Failure> {
    let (expected, largest) = dual::pullback(&program.module, &program.function, &program.point, upstream)
        .map_err(Failure::by("the interpreter"))?;
    // Every other one is simplified too.
    let raw = program.number % 2 == 1;
    let request = Request { order: 1, upstream: Some(UPSTREAM.into()), raw, ..Request::default() };
    let derived = derived(program, function, &request)?;
    let inputs: Vec<Tensor<f64>> = program.point.iter().chain(upstream).cloned().collect();
    let found = run(&derived, &inputs).map_err(Failure::by("pullback"))?;
    closed_forms(&derived, &inputs, &found)?;
    stable_forms(&derived, &inputs, &found)?;
    listed(&derived, &inputs, report)?;
    let count = program.outputs.len();
    for place in derived.wrt() {
        let mut sum =
            evaluate::Tensor { shape: expected[place].shape.clone(), data: expected[place].map(|_| 0.0).items };
        for (_, value) in derived.entries.iter().zip(&found[count..]).filter(|(entry, _)| entry.wrt == [place]) {
            sum.data.iter_mut().zip(&value.data).for_each(|(a, b)| *a += b);
            sum.shape.clone_from(&value.shape);
        }
        same("pullback", &format!("to `{}`", program.inputs[place].0), &sum, &expected[place], largest)?;
    }
    Ok(())
}

fn gradient_and_hessian(program: &Program, function: &Function, report: &mut Report) -> Result<(), Failure> {
    let request = Request { order: 2, ..Request::default() };
    let derived = derived(program, function, &request)?;
    let found = run(&derived, &program.point).map_err(Failure::by("hessian"))?;
    closed_forms(&derived, &program.point, &found)?;
    listed(&derived, &program.point, report)?;
    stable_forms(&derived, &program.point, &found)?;
    let one = [Tensor { shape: Vec::new(), items: vec![1.0] }];
    let interpreter = || Failure::by("the interpreter");
    let (gradient, largest) =
        dual::pullback(&program.module, &program.function, &program.point, &one).map_err(interpreter())?;
    let (hessian, most) = dual::hessian(&program.module, &program.function, &program.point).map_err(interpreter())?;
    let starts = starts(program);
    for (entry, found) in derived.entries.iter().zip(&found[1..]) {
        let name = |place: &usize| program.inputs[*place].0.as_str();
        match entry.wrt.as_slice() {
            [row, column] => {
                let (rows, columns) = (&program.point[*row], &program.point[*column]);
                let part = (0..rows.items.len()).flat_map(|at| {
                    hessian[starts[*row] + at][starts[*column]..].iter().take(columns.items.len()).copied()
                });
                let expected = Tensor { shape: [&rows.shape[..], &columns.shape[..]].concat(), items: part.collect() };
                let what = format!("by `{}` and `{}`", name(row), name(column));
                same("hessian", &what, found, &expected, most)?;
            }
            places => {
                let what = format!("by `{}`", places.iter().map(name).collect::<String>());
                same("gradient", &what, found, &gradient[places[0]], largest)?;
            }
        }
    }
    Ok(())
}

/// Closed forms against the chain rule's own. They never have more operations.
fn closed_forms(derived: &Derived, inputs: &[Tensor<f64>], raw: &[evaluate::Tensor]) -> Result<(), Failure> {
    let operations = derived.operations(&derived.listing(Style::Language, |_, _| String::new()));
    if operations.derived > operations.raw {
        return Err(Failure::by("operations of a closed form")(format!("{operations:?}")));
    }
    let found = run_wanted(derived, &derived.wanted_closed(), inputs).map_err(Failure::by("closed form"))?;
    agree_with_raw("closed form", &found, raw)
}

/// What is evaluated and emitted against the chain rule's own.
fn stable_forms(derived: &Derived, inputs: &[Tensor<f64>], raw: &[evaluate::Tensor]) -> Result<(), Failure> {
    let mut stable = derived.clone();
    stable.stabilise().map_err(|error| Failure::by("stable form")(error.to_string()))?;
    agree_with_raw("stable form", &run(&stable, inputs).map_err(Failure::by("stable form"))?, raw)
}

/// Rewritten forms against the chain rule's own, where that is finite: they may be defined in more places. A closed form may
/// cancel where the chain rule does not, which costs digits relative to the numbers on the way.
fn agree_with_raw(by: &'static str, found: &[evaluate::Tensor], raw: &[evaluate::Tensor]) -> Result<(), Failure> {
    let largest = raw.iter().flat_map(|tensor| &tensor.data).fold(1.0_f64, |most, value| most.max(value.abs()));
    for (place, (found, raw)) in found.iter().zip(raw).enumerate() {
        let agree = |(a, b): (&f64, &f64)| !b.is_finite() || (a - b).abs() <= 1e-7 * largest.max(1.0);
        if !found.data.iter().zip(&raw.data).all(agree) {
            let message = format!("result {place}: {:?} rewritten, {:?} by the chain rule", found.data, raw.data);
            return Err(Failure::by(by)(message));
        }
    }
    Ok(())
}

/// The Jacobian of every output, row by row.
fn jacobians(program: &Program, function: &Function, report: &mut Report) -> Result<(), Failure> {
    let request = Request { order: 1, ..Request::default() };
    let derived = derived(program, function, &request)?;
    let found = run(&derived, &program.point).map_err(Failure::by("jacobian"))?;
    closed_forms(&derived, &program.point, &found)?;
    stable_forms(&derived, &program.point, &found)?;
    listed(&derived, &program.point, report)?;
    let values =
        dual::run::<f64>(&program.module, &program.function, &program.point).map_err(Failure::by("the interpreter"))?;
    let mut columns = Vec::new();
    let mut largest = values.largest;
    for direction in dual::coordinates(&program.point) {
        let run = dual::run(&program.module, &program.function, &dual::along(&program.point, &direction))
            .map_err(Failure::by("the interpreter"))?;
        largest = largest.max(run.largest);
        columns.push(run.outputs);
    }
    let starts = starts(program);
    for (entry, found) in derived.entries.iter().zip(&found[program.outputs.len()..]) {
        let (output, input) = (&values.outputs[entry.of], entry.wrt[0]);
        let part = (0..output.items.len()).flat_map(|row| {
            columns[starts[input]..starts[input + 1]].iter().map(move |column| column[entry.of].items[row].tangent)
        });
        let shape = [&output.shape[..], &program.point[input].shape[..]].concat();
        let expected = Tensor { shape, items: part.collect() };
        let what = format!("of output {} by `{}`", entry.of, program.inputs[input].0);
        same("jacobian", &what, found, &expected, largest)?;
    }
    Ok(())
}
