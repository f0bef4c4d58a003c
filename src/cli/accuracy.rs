//! `chainrule derive --accuracy`: measured errors of the closed form and of what is emitted, over a box of inputs.

mod big;
mod reference;
mod unroll;

use chainrule_compiler::derive::Derived;
use chainrule_compiler::evaluate::{Tensor, evaluate};
use chainrule_compiler::facts::checks;
use chainrule_compiler::graph::{Dim, Graph, NodeId};
use chainrule_compiler::lower::{Program, lower};
use chainrule_compiler::number::FloatType;

use super::derive::left;
use super::failure::Failure;
use big::Big;

/// How many points are measured, and how many of arrays.
const POINTS: usize = 257;
const POINTS_OF_ARRAYS: usize = 65;
/// The size of a dimension for which the box says none.
const SIZE: usize = 3;
/// The reference starts with so many bits, and takes more until two results agree.
const FEWEST_BITS: usize = 320;
const MOST_BITS: usize = 5_120;

/// The ends of one input's range.
struct Side {
    from: f64,
    to: f64,
}

/// The largest errors of one result.
#[derive(Clone, Copy, Default)]
struct Worst {
    ulps: f64,
    relative: f64,
}

/// What is measured: a range for each input, sizes of dimensions, how many points.
struct Plan {
    sides: Vec<Side>,
    /// The shape of each input.
    shapes: Vec<Vec<usize>>,
    points: usize,
}

/// Measures a derived function over a box such as `x=-800..800,y=0..1`. The numbers of an array are all of one range;
/// `N=5` is a dimension's size.
///
/// # Errors
/// A box that does not fit the inputs, and formulas that the reference does not know.
pub fn accuracy(text: &str, mut derived: Derived) -> Result<String, Failure> {
    let (sides, sizes) = sides(text, &derived)?;
    derived.stabilise().map_err(|error| Failure { diagnostics: vec![error], source: None })?;
    let graph = &derived.function.graph;
    let size = |dim: Dim| match dim {
        Dim::Literal(size) => size as usize,
        _ => sizes.iter().find(|(name, _)| *name == graph.dim_text(dim)).map_or(SIZE, |(_, size)| *size),
    };
    let unrolled = unroll::unroll(graph, &derived.wanted_raw(), &size)
        .map_err(|message| Failure::not_supported(&format!("no accuracy is measured: {message}")))?;
    let shape = |shape: &Vec<Dim>| shape.iter().map(|dim| size(*dim)).collect::<Vec<usize>>();
    let shapes: Vec<Vec<usize>> = derived.function.parameters.iter().map(|own| shape(&own.shape)).collect();
    let arrays = shapes.iter().any(|shape| !shape.is_empty());
    let plan = Plan { sides, shapes, points: if arrays { POINTS_OF_ARRAYS } else { POINTS } };
    let roots: Vec<NodeId> = unrolled.roots.concat();
    let entry: Vec<usize> = unrolled.roots.iter().enumerate().flat_map(|(at, own)| vec![at; own.len()]).collect();
    let programs = [lower(graph, &derived.wanted_closed()), lower(graph, &derived.wanted())];
    let mut worst = vec![[Worst::default(); 2]; unrolled.roots.len()];
    let facts = checks(&derived.function.graph, &derived.function.facts).ok();
    let mut left = LeftOut::default();
    for place in 0..plan.points {
        let point = plan.point(place, graph.float());
        if !hold(&derived, facts.as_ref(), &point) {
            left.false_facts += 1;
            continue;
        }
        let flat: Vec<f64> = point.iter().flat_map(|tensor| tensor.data.iter().copied()).collect();
        let Some(truth) = truth(&unrolled.graph, &roots, &flat)? else {
            left.open += 1;
            continue;
        };
        for (form, program) in programs.iter().enumerate() {
            let found = run(program, &point)?;
            for ((found, (true_value, condition)), entry) in found.iter().zip(&truth).zip(&entry) {
                let ulps = true_value.ulps(*found, graph.float(), 0.0);
                let worst = &mut worst[*entry][form];
                worst.ulps = worst.ulps.max(ulps);
                worst.relative = worst.relative.max(ulps / condition.max(1.0));
            }
        }
    }
    Ok(report(&derived, &worst, plan.points, left))
}

/// Points at which nothing is measured.
#[derive(Clone, Copy, Default)]
struct LeftOut {
    open: usize,
    false_facts: usize,
}

/// Whether all facts that were used hold at a point.
fn hold(derived: &Derived, facts: Option<&Program>, point: &[Tensor]) -> bool {
    let Some(Ok(found)) = facts.map(|program| evaluate(program, point)) else { return true };
    derived.function.facts.iter().zip(found).all(|(fact, holds)| !fact.used || holds.data == [1.0])
}

impl Plan {
    fn point(&self, place: usize, float: FloatType) -> Vec<Tensor> {
        let mut element = 0;
        let mut input = |(side, shape): (&Side, &Vec<usize>)| {
            let next = |_| {
                element += 1;
                at(side, element - 1, place, float)
            };
            let data = (0..shape.iter().product()).map(next).collect();
            Tensor { shape: shape.clone(), data }
        };
        self.sides.iter().zip(&self.shapes).map(&mut input).collect()
    }
}

fn report(derived: &Derived, worst: &[[Worst; 2]], points: usize, left_out: LeftOut) -> String {
    let names = derived.output_names.iter().cloned();
    let names: Vec<String> = names.chain(derived.entries.iter().map(|entry| left(derived, entry, &[]))).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(8);
    let mut out = format!("largest error at {points} points in ulp, and divided by max(1, κ)\n");
    out.push_str(&format!("{:width$}  {:>24}  {:>24}\n", "", "closed form", "as emitted"));
    let measured = left_out.open + left_out.false_facts < points;
    for (name, forms) in names.iter().zip(worst) {
        let shown = |worst: Worst| match measured {
            true => format!("{} ({})", short(worst.ulps), short(worst.relative)),
            false => "not measured".to_owned(),
        };
        let shown = forms.map(shown);
        out.push_str(&format!("{name:width$}  {:>24}  {:>24}\n", shown[0], shown[1]));
    }
    let LeftOut { open, false_facts } = left_out;
    if open > 0 {
        out.push_str(&format!("{open} points are left out: {MOST_BITS} bits do not tell the true value there\n"));
    }
    if false_facts > 0 {
        out.push_str(&format!("{false_facts} points are left out: a fact that was used does not hold there\n"));
    }
    out
}

fn short(error: f64) -> String {
    if error < 1e6 { format!("{error:.1}") } else { format!("{error:.0e}") }
}

/// Ranges of the inputs in order, and sizes of dimensions.
type Sides = (Vec<Side>, Vec<(String, usize)>);

/// `x=-800..800,y=0..1,N=5`
fn sides(text: &str, derived: &Derived) -> Result<Sides, Failure> {
    let wrong = |message: String| {
        Failure::usage(message).with_help("write a range for every input: `--accuracy x=-800..800,y=0..1`")
    };
    let mut given: Vec<(&str, Side)> = Vec::new();
    let mut sizes: Vec<(String, usize)> = Vec::new();
    let graph = &derived.function.graph;
    let dims: Vec<String> =
        derived.function.parameters.iter().flat_map(|own| &own.shape).map(|dim| graph.dim_text(*dim)).collect();
    for part in text.split(',') {
        let size = part.split_once('=').map(|(name, size)| (name.trim(), size.trim().parse::<usize>().ok()));
        if let Some((name, size)) = size.filter(|(name, _)| dims.iter().any(|dim| dim == name)) {
            let size = size.filter(|size| (1..=64).contains(size));
            let size = size.ok_or_else(|| wrong(format!("`{part}` is not a size from 1 to 64")))?;
            sizes.push((name.to_owned(), size));
            continue;
        }
        let range = part.split_once('=').and_then(|(name, range)| Some((name.trim(), range.split_once("..")?)));
        let ends = range.and_then(|(name, (from, to))| {
            Some((name, Side { from: from.trim().parse().ok()?, to: to.trim().parse().ok()? }))
        });
        let ends = ends.filter(|(_, side)| side.from.is_finite() && side.to.is_finite() && side.from <= side.to);
        given.push(ends.ok_or_else(|| wrong(format!("`{part}` is not a range of an input")))?);
    }
    let mut sides = Vec::new();
    for parameter in &derived.function.parameters {
        let place = given.iter().position(|(name, _)| *name == parameter.name);
        let place = place.ok_or_else(|| wrong(format!("the input `{}` has no range", parameter.name)))?;
        sides.push(given.swap_remove(place).1);
    }
    match given.first() {
        Some((name, _)) => Err(wrong(format!("there is no input `{name}`"))),
        None => Ok((sides, sizes)),
    }
}

/// The number of an input at a point: the ends, then numbers of all sizes between them, the same ones every time.
fn at(side: &Side, input: usize, place: usize, float: FloatType) -> f64 {
    let corner = place >> input.min(20) & 1 == 1;
    // The fractional parts of multiples of irrational numbers are spread evenly.
    let spread = ((place * 2 + 1) as f64 * (2.0 + input as f64 * 3.0).sqrt()).fract();
    let value = match place {
        0..8 => {
            if corner {
                side.to
            } else {
                side.from
            }
        }
        _ if place.is_multiple_of(2) => side.from + (side.to - side.from) * spread,
        _ => {
            let end = if (place / 2 + input).is_multiple_of(2) { side.to } else { side.from };
            end * 10.0_f64.powf(-12.0 * spread)
        }
    };
    let value = value.clamp(side.from, side.to);
    if float == FloatType::F32 { f64::from(value as f32) } else { value }
}

fn run(program: &Program, point: &[Tensor]) -> Result<Vec<f64>, Failure> {
    let results = evaluate(program, point).map_err(|error| Failure::usage(error.to_string()))?;
    Ok(results.iter().flat_map(|tensor| tensor.data.iter().copied()).collect())
}

/// What is true, with condition numbers; `None` where that takes too many bits.
fn truth(graph: &Graph, roots: &[NodeId], point: &[f64]) -> Result<Option<Vec<(Big, f64)>>, Failure> {
    let at = |inputs: &[Big], bits: usize| {
        reference::evaluate(graph, roots, inputs, bits)
            .map_err(|message| Failure::not_supported(&format!("no accuracy is measured: {message}")))
    };
    let mut bits = FEWEST_BITS;
    let mut before = at(&exact(point, bits), bits)?;
    while bits <= MOST_BITS {
        bits *= 2;
        let inputs = exact(point, bits);
        let values = at(&inputs, bits)?;
        let settled = |(a, b): (&Big, &Big)| {
            let change = a.minus(b).abs().over(&b.abs()).to_f64();
            // A zero may be a difference that too few bits do not tell: it is believed with the most bits only.
            let zero = b.sign() == 0 && a.sign() == 0 && bits > MOST_BITS;
            !b.is_finite() && !a.is_finite() || zero || b.sign() != 0 && change < 1e-30
        };
        if before.iter().zip(&values).all(settled) {
            let conditions = conditions(&values, &inputs, bits, &at)?;
            return Ok(Some(values.into_iter().zip(conditions).collect()));
        }
        before = values;
    }
    Ok(None)
}

fn exact(point: &[f64], bits: usize) -> Vec<Big> {
    point.iter().map(|value| Big::of(*value, bits)).collect()
}

/// How much more a result moves than its inputs, relative to their sizes.
fn conditions(
    values: &[Big],
    inputs: &[Big],
    bits: usize,
    at: &impl Fn(&[Big], usize) -> Result<Vec<Big>, Failure>,
) -> Result<Vec<f64>, Failure> {
    let step = Big::of(2.0_f64.powi(-100), bits);
    let mut conditions = vec![0.0; values.len()];
    for place in 0..inputs.len() {
        let mut moved = inputs.to_vec();
        moved[place] = inputs[place].plus(&inputs[place].times(&step));
        for (condition, (up, value)) in conditions.iter_mut().zip(at(&moved, bits)?.iter().zip(values)) {
            let slope = up.minus(value).over(&step).over(value).to_f64().abs();
            *condition += if slope.is_nan() { 0.0 } else { slope };
        }
    }
    Ok(conditions)
}
