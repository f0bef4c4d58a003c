//! What the compiler makes of a program: its value, its reverse sweep, its Hessian, by the lowered program.

use chainrule_compiler::derive::{DerivativeKind, Derived, Request, derive};
use chainrule_compiler::diagnostic::Diagnostics;
use chainrule_compiler::evaluate::{self, evaluate};
use chainrule_compiler::lower::lower;
use chainrule_compiler::parse::parse_module;
use chainrule_compiler::resolve::{Function, resolve};

use crate::dual::tensor::Tensor;
use crate::dual::{self};
use crate::generate::Program;
use crate::numeric;
use crate::report::Report;

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
    let program = lower(&derived.function.graph, &derived.wanted());
    let tensor = |input: &Tensor<f64>| evaluate::Tensor { shape: input.shape.clone(), data: input.items.clone() };
    evaluate(&program, &inputs.iter().map(tensor).collect::<Vec<_>>()).map_err(|error| error.to_string())
}

/// Compares everything with the jets.
///
/// # Errors
/// What disagrees.
pub fn check(program: &Program, upstream: &[Tensor<f64>], report: &mut Report) -> Result<(), String> {
    let function = resolved(program)?;
    if !program.wrt.is_empty() {
        pullback(program, &function, upstream)?;
        if program.has_gradient() {
            gradient_and_hessian(program, &function)?;
        }
    }
    report.compiled += 1;
    Ok(())
}

fn same(what: &str, found: &evaluate::Tensor, expected: &Tensor<f64>, scale: f64) -> Result<(), String> {
    let agree = found.shape == expected.shape
        && found.data.iter().zip(&expected.items).all(|(a, b)| numeric::agree(*a, *b, scale));
    if agree {
        return Ok(());
    }
    Err(format!(
        "{what}: compiled {:?} {:?}, by jets {:?} {:?} (scale {scale})",
        found.shape, found.data, expected.shape, expected.items
    ))
}

/// The value, and the sum over all outputs of what each sends back.
fn pullback(program: &Program, function: &Function, upstream: &[Tensor<f64>]) -> Result<(), String> {
    let (expected, largest) = dual::pullback(&program.module, &program.function, &program.point, upstream)?;
    let values = dual::run::<f64>(&program.module, &program.function, &program.point)?;
    let request = Request { order: 1, upstream: Some(UPSTREAM.into()), ..Request::default() };
    let derived = derive(function.clone(), &request).map_err(|error| error.to_string())?;
    let inputs: Vec<Tensor<f64>> = program.point.iter().chain(upstream).cloned().collect();
    let found = run(&derived, &inputs)?;
    let count = values.outputs.len();
    let scale = largest.max(values.largest);
    for (place, (found, expected)) in found.iter().zip(&values.outputs).enumerate() {
        same(&format!("output {place}"), found, expected, scale)?;
    }
    for (place, name) in derived.wrt().into_iter().zip(&program.wrt) {
        let mut sum: Option<evaluate::Tensor> = None;
        for (entry, value) in derived.entries.iter().zip(&found[count..]).filter(|(entry, _)| entry.wrt == [place]) {
            assert_eq!(entry.kind, DerivativeKind::Pullback);
            match &mut sum {
                Some(sum) => sum.data.iter_mut().zip(&value.data).for_each(|(a, b)| *a += b),
                None => sum = Some(value.clone()),
            }
        }
        let Some(sum) = sum else { return Err(format!("no derivative by `{name}`")) };
        same(&format!("pullback to `{name}`"), &sum, &expected[place], scale)?;
    }
    let chosen: Vec<&String> = derived.wrt().iter().map(|place| &program.inputs[*place].0).collect();
    if chosen != program.wrt.iter().collect::<Vec<_>>() {
        return Err(format!("differentiated by {chosen:?}, not by {:?}", program.wrt));
    }
    Ok(())
}

fn gradient_and_hessian(program: &Program, function: &Function) -> Result<(), String> {
    let derived = derive(function.clone(), &Request { order: 2, ..Request::default() }).map_err(|e| e.to_string())?;
    let found = run(&derived, &program.point)?;
    let one = [Tensor { shape: Vec::new(), items: vec![1.0] }];
    let (gradient, largest) = dual::pullback(&program.module, &program.function, &program.point, &one)?;
    let (hessian, most) = dual::hessian(&program.module, &program.function, &program.point)?;
    let mut starts = vec![0];
    for input in &program.point {
        starts.push(starts[starts.len() - 1] + input.items.len());
    }
    for (entry, found) in derived.entries.iter().zip(&found[1..]) {
        match (entry.kind, entry.wrt.as_slice()) {
            (DerivativeKind::Gradient, [input]) => same("gradient", found, &gradient[*input], largest)?,
            (DerivativeKind::Hessian, [row, column]) => {
                let (rows, columns) = (&program.point[*row], &program.point[*column]);
                let part = (0..rows.items.len()).flat_map(|at| {
                    hessian[starts[*row] + at][starts[*column]..].iter().take(columns.items.len()).copied()
                });
                let expected = Tensor { shape: [&rows.shape[..], &columns.shape[..]].concat(), items: part.collect() };
                let what = format!("hessian by `{}` and `{}`", program.inputs[*row].0, program.inputs[*column].0);
                same(&what, found, &expected, most.max(largest).max(1.0).powi(2))?;
            }
            other => return Err(format!("an unexpected derivative {other:?}")),
        }
    }
    Ok(())
}
