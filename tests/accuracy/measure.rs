//! Errors of one spelling of one function.

use chainrule_compiler::derive::{Request, derive};
use chainrule_compiler::evaluate::{Tensor, evaluate};
use chainrule_compiler::graph::{Graph, NodeId};
use chainrule_compiler::lower::{Program, lower};
use chainrule_compiler::number::FloatType;
use chainrule_compiler::parse::parse_formula;
use chainrule_compiler::resolve::{Function, resolve};

use crate::big::Big;
use crate::cases::{Case, Domain, Spelling};
use crate::reference;

const BITS: usize = 400;
pub const BOUND: f64 = 4.0;
/// A range of sizes of inputs, a column of the table.
pub struct Range {
    pub name: &'static str,
    from: f64,
    to: f64,
}

impl Range {
    pub fn holds(&self, size: f64) -> bool {
        size >= self.from && size < self.to
    }
}

pub const RANGES: &[Range] = &[
    Range { name: "0 and below 1e-5", from: 0.0, to: 1e-5 },
    Range { name: "1e-5 to 1", from: 1e-5, to: 1.0 },
    Range { name: "1 to 40", from: 1.0, to: 40.0 },
    Range { name: "40 to 1000", from: 40.0, to: 1000.0 },
    Range { name: "above 1000", from: 1000.0, to: f64::INFINITY },
];

/// A line of the table: the largest error over the bound's unit, for each range.
pub struct Row {
    pub float: &'static str,
    pub function: &'static str,
    pub text: String,
    pub order: usize,
    pub worst: Vec<Option<f64>>,
}

fn resolved(inputs: &[&str], results: &str, count: usize, float: FloatType) -> Function {
    let parameters: Vec<String> = inputs.iter().map(|name| format!("{name}: {}", float.name())).collect();
    let names: Vec<String> = (0..count).map(|place| format!("out{place}")).collect();
    let text = if count == 1 {
        format!("fn f({}) {{ {results} }}", parameters.join(", "))
    } else {
        format!("fn f({}) -> ({}) {{ ({results}) }}", parameters.join(", "), names.join(", "))
    };
    let module = parse_formula(&text, &[]).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    resolve(&module, &text).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).remove(0)
}

/// What the spelling computes: value, gradient, Hessian.
fn program(case: &Case, spelling: &Spelling, float: FloatType) -> Program {
    let function = resolved(case.inputs, spelling.text, 1, float);
    let mut derived = derive(function, &Request { order: 2, ..Request::default() }).expect("derives");
    derived.stabilise().expect("room");
    lower(&derived.function.graph, &derived.wanted())
}

/// Formulas of scalars that say what is true.
pub struct Truth {
    pub graph: Graph,
    pub roots: Vec<NodeId>,
}

impl Truth {
    fn at(&self, point: &[Big]) -> Vec<Big> {
        reference::evaluate(&self.graph, &self.roots, point, BITS).expect("the reference knows its formulas")
    }

    /// What is true, and the condition number of each.
    pub fn with_condition(&self, point: &[f64]) -> Vec<(Big, f64)> {
        let inputs: Vec<Big> = point.iter().map(|value| Big::of(*value, BITS)).collect();
        let values = self.at(&inputs);
        let mut conditions = vec![0.0; values.len()];
        let step = Big::of(2.0_f64.powi(-100), BITS);
        for place in 0..inputs.len() {
            let moved = |sign: i32| {
                let mut inputs = inputs.clone();
                let change = inputs[place].times(&step);
                let change = if sign > 0 { change } else { change.negated() };
                inputs[place] = inputs[place].plus(&change);
                self.at(&inputs)
            };
            for ((condition, value), (up, down)) in
                conditions.iter_mut().zip(&values).zip(moved(1).iter().zip(&moved(-1)))
            {
                let slope = up.minus(down).over(&step).over(&Big::of(2.0, BITS)).over(value).to_f64().abs();
                *condition += if slope.is_nan() { 0.0 } else { slope };
            }
        }
        values.into_iter().zip(conditions).collect()
    }
}

fn sizes(float: FloatType) -> Vec<f64> {
    let mut sizes = vec![
        0.0, 3e-9, 1e-7, 2e-4, 0.01, 0.1, 0.3, 0.5, 0.75, 0.9, 0.999, 1.0, 1.2, 1.7, 2.0, 2.399, 3.3, 5.5, 8.1, 12.0,
        18.5, 30.0, 37.0, 41.0, 60.0, 87.3, 95.0, 103.0, 300.0, 710.0, 720.0, 740.0, 744.0, 746.0, 800.0, 999.0, 1e4,
        1e6,
    ];
    match float {
        FloatType::F64 => {
            sizes.extend([5e-324, 1e-310, 1e-300, 1e-200, 1e-100, 1e-20, 1e20, 1e100, 1e200, 1e300, 1.7e308])
        }
        FloatType::F32 => sizes.extend([1e-45, 1e-40, 1e-30, 1e-15, 1e9, 1e15, 1e25, 3e38]),
    }
    let single = |size: &mut f64| {
        if float == FloatType::F32 {
            *size = f64::from(*size as f32);
        }
    };
    sizes.iter_mut().for_each(single);
    sizes.sort_by(f64::total_cmp);
    sizes
}

fn points(case: &Case, float: FloatType) -> Vec<Vec<f64>> {
    let sizes = sizes(float);
    let both: Vec<f64> = sizes.iter().flat_map(|size| [*size, -size]).collect();
    let near_one = |value: f64| if float == FloatType::F32 { f64::from((1.0 - value) as f32) } else { 1.0 - value };
    let mut unit: Vec<f64> = sizes.iter().copied().filter(|size| *size < 1.0).collect();
    unit.extend([1e-9, 1e-6, 1e-3, 0.2, 0.4999].map(near_one));
    let one = |values: &[f64]| values.iter().map(|value| vec![*value]).collect::<Vec<_>>();
    let pairs = |left: &[f64], right: &[f64]| -> Vec<Vec<f64>> {
        left.iter().flat_map(|a| right.iter().map(|b| vec![*a, *b])).collect()
    };
    let positive: Vec<f64> = sizes.iter().copied().filter(|size| *size > 0.0).collect();
    let inside: Vec<f64> = unit.iter().copied().filter(|size| *size > 0.0 && *size < 1.0).collect();
    let probabilities = [0.0, 0.25, 1.0];
    match (case.domain, case.inputs.len()) {
        (Domain::Positive, _) => one(&positive),
        (Domain::UnitInterval, _) => one(&inside),
        (Domain::Quotients, _) => {
            let fits = |point: &Vec<f64>| {
                let quotient = (point[1] / point[0]).abs();
                quotient > 1e-10 && quotient < 1e10 && (1e-15..1e15).contains(&point[0].abs())
            };
            pairs(&both, &both).into_iter().filter(fits).step_by(5).collect()
        }
        (Domain::Moderate, _) => one(&both.iter().copied().filter(|x| x.abs() <= 1000.0).collect::<Vec<_>>()),
        (Domain::Small, _) => one(&both.iter().copied().filter(|x| x.abs() <= 40.0).collect::<Vec<_>>()),
        (Domain::Odds, _) => one(&unit.iter().flat_map(|x| [*x, -x]).collect::<Vec<_>>()),
        (Domain::AboveOne, _) => one(&sizes.iter().copied().filter(|size| *size > 1.0).collect::<Vec<_>>()),
        (Domain::PositivePairs, _) => {
            let fits = |point: &Vec<f64>| (1e-20..1e20).contains(&(point[1] / point[0]));
            pairs(&positive, &positive).into_iter().filter(fits).step_by(5).collect()
        }
        (Domain::Descending, _) => {
            let few: Vec<f64> = both.iter().copied().step_by(3).collect();
            pairs(&few, &few).into_iter().filter(|point| point[0] > point[1]).step_by(3).collect()
        }
        (Domain::RealsAndProbability, 2) => pairs(&both, &probabilities),
        (Domain::RealsAndProbability, _) => {
            let few: Vec<f64> = both.iter().copied().step_by(7).collect();
            pairs(&few, &few).iter().flat_map(|pair| probabilities.map(|t| vec![pair[0], pair[1], t])).collect()
        }
        (Domain::Reals, 1) => one(&both),
        (Domain::Reals, _) => {
            let few: Vec<f64> = both.iter().copied().step_by(5).collect();
            pairs(&few, &few).into_iter().filter(|point| point.iter().any(|value| *value != 0.0)).collect()
        }
    }
}

/// Where `p − t` is asked for, errors are relative to the larger of the two.
fn floor(case: &Case, place: usize, point: &[f64]) -> f64 {
    let cotangent = case.name.ends_with("cross entropy") && (1..case.inputs.len()).contains(&place);
    let target = point.last().copied().unwrap_or(0.0);
    if !cotangent {
        0.0
    } else if place == 1 {
        target
    } else {
        1.0 - target
    }
}

/// True numbers with their condition numbers.
pub type Truths = Vec<(Big, f64)>;

/// What is true of a function at its points.
pub struct Expected {
    points: Vec<(Vec<f64>, Truths)>,
}

/// The truth of a function in a float type.
pub fn expected(case: &Case, float: FloatType) -> Expected {
    let results = resolved(case.inputs, &case.truth.join(", "), case.truth.len(), FloatType::F64);
    let roots = results.outputs.iter().map(|output| output.value.node).collect();
    let truth = Truth { graph: results.graph, roots };
    let with_truth = |point: Vec<f64>| {
        let truth = truth.with_condition(&point);
        (point, truth)
    };
    Expected { points: points(case, float).into_iter().map(with_truth).collect() }
}

/// The rows of one spelling, and what breaks the bound.
pub fn measure(
    case: &'static Case,
    spelling: &'static Spelling,
    float: FloatType,
    expected: &Expected,
) -> (Vec<Row>, Vec<String>) {
    let program = program(case, spelling, float);
    let count = case.inputs.len();
    let order = |place: usize| {
        if place == 0 {
            0
        } else if place <= count {
            1
        } else {
            2
        }
    };
    let mut worst = vec![vec![None; RANGES.len()]; 3];
    let mut broken: Vec<(usize, f64, String)> = Vec::new();
    for (point, truths) in &expected.points {
        let inputs: Vec<Tensor> = point.iter().map(|value| Tensor::scalar(*value)).collect();
        let found: Vec<f64> =
            evaluate(&program, &inputs).expect("scalars").iter().map(|tensor| tensor.data[0]).collect();
        if float == FloatType::F64 {
            let emitted = (spelling.emitted)(point);
            let same = found.len() == emitted.len()
                && found.iter().zip(&emitted).all(|(a, b)| a == b || a.is_nan() && b.is_nan());
            assert!(same, "{} at {point:?}: lowered {found:?}, emitted {emitted:?}", spelling.text);
        }
        let size = point.iter().fold(0.0_f64, |size, value| size.max(value.abs()));
        let range = RANGES.iter().position(|range| range.holds(size)).unwrap_or(RANGES.len() - 1);
        for (place, (found, (truth, condition))) in found.iter().zip(truths).enumerate() {
            let error = truth.ulps(*found, float, floor(case, place, point)) / condition.max(1.0);
            let cell: &mut Option<f64> = &mut worst[order(place)][range];
            *cell = Some(cell.map_or(error, |other: f64| other.max(error)));
            if error > BOUND {
                let text = format!(
                    "{} {} `{}` result {place} at {point:?}: {found:e}, true {:e}, {error:.1} with κ = {condition:.1}",
                    float.name(),
                    case.name,
                    spelling.text,
                    truth.to_f64()
                );
                broken.push((place, error, text));
            }
        }
    }
    let rows = worst.into_iter().enumerate().map(|(order, worst)| Row {
        float: float.name(),
        function: case.name,
        text: spelling.text.to_owned(),
        order,
        worst,
    });
    // The worst of each result says enough.
    broken.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
    broken.dedup_by_key(|(place, _, _)| *place);
    (rows.collect(), broken.into_iter().map(|(_, _, text)| text).collect())
}
