//! The comparisons that every program goes through.

use chainrule_compiler::parse::parse_module;
use chainrule_compiler::syntax::Module;

use crate::compiled;
use crate::dual::jet::{Dual, Jet};
use crate::dual::tensor::{Outcome, Tensor};
use crate::dual::{self, Run, weighted};
use crate::generate::Program;
use crate::generate::print::{self, Parentheses};
use crate::generate::random::Random;
use crate::numeric::{self, Estimate, Sample};
use crate::report::{Failure, Report};

/// Programs with more coordinates than this are checked along two directions only.
const FEW_COORDINATES: usize = 2;

/// Where slopes are larger, the steps of differences jump over whole waves.
const STEEPEST: f64 = 1e5;

/// A point or a direction: one tensor for each input.
type Point = Vec<Tensor<f64>>;

/// Checks one program in every way there is.
///
/// # Errors
/// What disagrees, with all numbers.
pub fn check(program: &Program, report: &mut Report) -> Result<(), Failure> {
    let upstream = upstream(program).map_err(Failure::by("the interpreter"))?;
    for direction in directions(program) {
        first_derivative(program, &direction, &upstream, report).map_err(Failure::by("differences"))?;
    }
    second_derivative(program, &upstream, report).map_err(Failure::by("differences"))?;
    texts(program, report).map_err(Failure::by("texts"))?;
    match compiled::check(program, &upstream, report) {
        // Two sums that are equal but for rounding were compared: both answers are right.
        Err(_) if run::<f64>(program, &program.point).is_ok_and(|run| run.close) => {
            report.rounding += 1;
            Ok(())
        }
        result => result,
    }
}

/// What the outputs are weighted with: 1 for a single scalar, something random otherwise.
fn upstream(program: &Program) -> Outcome<Point> {
    let run = dual::run::<f64>(&program.module, &program.function, &program.point)?;
    let mut random = Random::new(11, program.number);
    let single = program.has_gradient();
    Ok(run.outputs.iter().map(|output| output.map(|_| if single { 1.0 } else { 2.0 * random.unit() - 1.0 })).collect())
}

/// Every coordinate if there are few; else a random one, and one through all of them.
fn directions(program: &Program) -> Vec<Point> {
    let coordinates = dual::coordinates(&program.point);
    if coordinates.len() <= FEW_COORDINATES {
        return coordinates;
    }
    let mut random = Random::new(12, program.number);
    let slanted = program.point.iter().map(|input| input.map(|_| 2.0 * random.unit() - 1.0)).collect();
    let straight = random.pick(&coordinates).cloned();
    straight.into_iter().chain([slanted]).collect()
}

fn moved(point: &[Tensor<f64>], direction: &[Tensor<f64>], step: f64) -> Point {
    let item = |(input, direction): (&Tensor<f64>, &Tensor<f64>)| Tensor {
        shape: input.shape.clone(),
        items: input.items.iter().zip(&direction.items).map(|(value, slope)| value + step * slope).collect(),
    };
    point.iter().zip(direction).map(item).collect()
}

fn run<J: Jet>(program: &Program, inputs: &[Tensor<J>]) -> Outcome<Run<J>> {
    dual::run(&program.module, &program.function, inputs)
}

/// Jets against differences of values.
fn first_derivative(
    program: &Program,
    direction: &Point,
    upstream: &[Tensor<f64>],
    report: &mut Report,
) -> Result<(), String> {
    let jets = run(program, &dual::along(&program.point, direction))?;
    let exact = weighted(&jets.outputs, upstream, |item| item.tangent);
    let estimate = numeric::derivative(|step| {
        let run = run(program, &moved(&program.point, direction, step))?;
        Ok(Sample { value: weighted(&run.outputs, upstream, |item: f64| item), trace: run.trace })
    })?;
    let confirmed = settle(exact, estimate, jets.largest, report)
        .map_err(|text| format!("first derivative along {}: {text}", point_text(direction)))?;
    report.first += usize::from(confirmed);
    Ok(())
}

/// Jets with two directions against differences of jets with one.
fn second_derivative(program: &Program, upstream: &[Tensor<f64>], report: &mut Report) -> Result<(), String> {
    let coordinates = dual::coordinates(&program.point);
    let mut random = Random::new(13, program.number);
    let (Some(left), Some(right)) = (random.pick(&coordinates), random.pick(&coordinates)) else { return Ok(()) };
    let jets = run(program, &dual::along_two(&program.point, left, right))?;
    let exact = weighted(&jets.outputs, upstream, |item| item.both);
    let estimate = numeric::derivative(|step| {
        let run = run(program, &dual::along(&moved(&program.point, right, step), left))?;
        Ok(Sample { value: weighted(&run.outputs, upstream, |item| item.tangent), trace: run.trace })
    })?;
    let confirmed = settle(exact, estimate, jets.largest, report)
        .map_err(|text| format!("second derivative along {} and {}: {text}", point_text(left), point_text(right)))?;
    report.second += usize::from(confirmed);
    Ok(())
}

/// Whether differences confirm a derivative; they may have nothing to say.
fn settle(exact: f64, estimate: Estimate, largest: f64, report: &mut Report) -> Result<bool, String> {
    match estimate {
        Estimate::Kink => report.kinks += 1,
        Estimate::Unsettled => report.unsettled += 1,
        _ if largest > STEEPEST => report.unsettled += 1,
        Estimate::Derivative { value, error } if numeric::confirms(exact, value, error, largest) => return Ok(true),
        Estimate::Derivative { value, error } => {
            return Err(format!("{exact} by jets, {value} ± {error} by differences (largest number {largest})"));
        }
    }
    Ok(false)
}

/// Both texts, parsed again, must be the same program: printed to the other text, run to the same bits.
fn texts(program: &Program, report: &mut Report) -> Result<(), String> {
    let direction = directions(program).pop().unwrap_or_default();
    let expected = run(program, &dual::along(&program.point, &direction))?;
    let (minimal, full) = (&program.text_minimal, &program.text_full);
    for (text, other, parentheses) in [(minimal, full, Parentheses::Full), (full, minimal, Parentheses::Minimal)] {
        let module = parsed(text)?;
        let again = print::module(&module, parentheses);
        if again != *other {
            return Err(format!("parsing\n{text}gives\n{again}and not\n{other}"));
        }
        let found = dual::run(&module, &program.function, &dual::along(&program.point, &direction))?;
        if bits(&found) != bits(&expected) {
            return Err(format!("{:?} before printing, {:?} after parsing\n{text}", expected.outputs, found.outputs));
        }
        report.texts += 1;
    }
    Ok(())
}

fn parsed(text: &str) -> Result<Module, String> {
    parse_module(text).map_err(|diagnostics| {
        let lines = diagnostics.iter().map(|diagnostic| {
            let place = diagnostic.spans.first().map_or("", |span| &text[span.start as usize..span.end as usize]);
            format!("{diagnostic}\nat `{place}`")
        });
        format!("{}\n{text}", lines.collect::<Vec<_>>().join("\n"))
    })
}

fn bits(run: &Run<Dual>) -> Vec<Option<[u64; 2]>> {
    let item =
        |item: &Dual| [item.primal, item.tangent].map(|part| if part.is_nan() { u64::MAX } else { part.to_bits() });
    run.outputs.iter().flat_map(|output| output.items.iter().map(|each| Some(item(each))).chain([None])).collect()
}

/// All that is needed to look into a failure.
#[must_use]
pub fn describe(program: &Program) -> String {
    let names = program.inputs.iter().zip(&program.point);
    let point: Vec<String> =
        names.map(|((name, _), value)| format!("{name} = {}", point_text(std::slice::from_ref(value)))).collect();
    let kind = if program.scalar { "scalars" } else { "tensors" };
    format!(
        "program {} ({kind}, outputs {:?}, by {:?}), sizes {:?}\n{}at {}",
        program.number,
        program.outputs,
        program.wrt,
        program.sizes,
        program.text_minimal,
        point.join("; ")
    )
}

fn point_text(point: &[Tensor<f64>]) -> String {
    let text = |tensor: &Tensor<f64>| {
        if tensor.rank() == 0 {
            format!("{}", tensor.items[0])
        } else {
            format!("{:?} {:?}", tensor.shape, tensor.items)
        }
    };
    point.iter().map(text).collect::<Vec<_>>().join(", ")
}
