//! Random well-typed programs: the same number and seed give the same program, everywhere and always.
//!
//! Shapes are symbolic while a program grows, because two dimensions of equal size are still two dimensions. Programs
//! whose numbers are not moderate at their point are thrown away.

pub mod arrays;
pub mod builder;
pub mod elementwise;
pub mod facts;
pub mod function;
pub mod indexed;
pub mod leaf;
pub mod print;
pub mod random;
pub mod scope;

use std::collections::{BTreeMap, BTreeSet};

use chainrule_compiler::syntax::{Constant, Module};

use crate::dual;
use crate::dual::jet::Dual;
use crate::dual::tensor::Tensor;
use builder::Builder;
use function::{Made, Setting};
use print::Parentheses;
use random::Random;
use scope::{Helper, Shape};

/// Larger values or slopes than this at the point make a program useless for comparisons: the prelude's definitions are
/// the textbook's, and their derivatives have exponentials of such values in the second and third power.
const LARGEST: f64 = 200.0;
/// Programs that take more steps than this cost more time than they find faults.
const MOST_STEPS: usize = 300;
/// Longer texts are mostly copies of shared subexpressions.
const LONGEST_TEXT: usize = 2000;

/// A program, its point, and what is in it.
#[derive(Clone, Debug)]
pub struct Program {
    /// The number it was generated from.
    pub number: u64,
    /// The program. Expressions may share subexpressions.
    pub module: Module,
    /// Its text with as few parentheses as possible.
    pub text_minimal: String,
    /// Its text with parentheses around every operator.
    pub text_full: String,
    /// The function to run: the last one.
    pub function: String,
    /// Its parameters with their symbolic shapes.
    pub inputs: Vec<(String, Shape)>,
    /// The parameters to differentiate by: all, or those of `wrt(...)`.
    pub wrt: Vec<String>,
    /// The symbolic shapes of its outputs.
    pub outputs: Vec<Shape>,
    /// The sizes of the named dimensions.
    pub sizes: BTreeMap<String, usize>,
    /// Values of the parameters.
    pub point: Vec<Tensor<f64>>,
    /// Whether there are only scalars in the whole module.
    pub scalar: bool,
    /// What the program contains.
    pub features: BTreeSet<&'static str>,
}

impl Program {
    /// Whether the function yields one scalar, so that it has a gradient.
    #[must_use]
    pub fn has_gradient(&self) -> bool {
        matches!(self.outputs.as_slice(), [shape] if shape.is_empty())
    }
}

/// The program of a number.
#[must_use]
pub fn program(seed: u64, number: u64) -> Program {
    let mut random = Random::new(seed, number);
    // Facts have choices of their own: they do not change what else is drawn.
    let mut stated = Random::new(!seed, number);
    let scalar = random.chance(50);
    loop {
        let program = candidate(&mut random, &mut stated, number, scalar);
        let everywhere: Vec<Tensor<f64>> = program.point.iter().map(|input| input.map(|_| 1.0)).collect();
        let run = dual::run(&program.module, &program.function, &dual::along(&program.point, &everywhere));
        let moderate = |run: &dual::Run<Dual>| {
            let finite = |output: &Tensor<Dual>| output.items.iter().all(|item| item.primal.is_finite());
            run.largest <= LARGEST && run.steps <= MOST_STEPS && run.outputs.iter().all(finite)
        };
        // A program that does not run at all is a fault of the generator, for the checks to report.
        if program.text_full.len() <= LONGEST_TEXT && run.as_ref().map_or(true, moderate) {
            return program;
        }
    }
}

fn candidate(random: &mut Random, stated: &mut Random, number: u64, scalar: bool) -> Program {
    let mut features = BTreeSet::new();
    let main = Setting { scalar, budget: 3 + random.below(30), depth: 1 + random.below(5), main: true };
    let small = Setting { scalar, budget: 1 + random.below(8), depth: 1 + random.below(3), main: false };
    let (constants, names) = constants(random);
    let mut module = Module { constants, functions: Vec::new() };
    let mut helpers: Vec<Helper> = Vec::new();
    let count = [0, 0, 1, 2, 3][random.below(5)];
    for name in ["blend", "gate", "combine"].into_iter().take(count) {
        let mut own = BTreeSet::new();
        let made = function::start(random, &mut own, &helpers, &names, small).finish(name, small);
        helpers.push(helper(name, &made, own));
        module.functions.push(made.function);
    }
    let mut made = function::start(random, &mut features, &helpers, &names, main).finish("program", main);
    let sizes = sizes(random, &made);
    let special = random.chance(10);
    features.insert(if scalar { "scalar program" } else { "tensor program" });
    if special {
        features.insert("point with zeros and ties");
    }
    let values = |parameter: &scope::Variable| values(random, &parameter.shape, &sizes, special);
    let mut point: Vec<Tensor<f64>> = made.parameters.iter().map(values).collect();
    let inputs: Vec<(String, Shape)> = made.parameters.into_iter().map(|each| (each.name, each.shape)).collect();
    facts::state(stated, &mut features, &mut made.function, &inputs, &mut point);
    let wrt = match &made.function.wrt {
        Some(names) => names.iter().map(|name| name.text.clone()).collect(),
        None => inputs.iter().map(|(name, _)| name.clone()).collect(),
    };
    module.functions.push(made.function);
    Program {
        number,
        text_minimal: print::module(&module, Parentheses::Minimal),
        text_full: print::module(&module, Parentheses::Full),
        module,
        function: "program".into(),
        inputs,
        wrt,
        outputs: made.results,
        sizes,
        point,
        scalar,
        features,
    }
}

fn helper(name: &'static str, made: &Made, features: BTreeSet<&'static str>) -> Helper {
    Helper {
        name,
        parameters: made.parameters.iter().map(|parameter| parameter.shape.clone()).collect(),
        result: made.results.first().cloned().unwrap_or_default(),
        features,
    }
}

/// Up to two constants, the second in terms of the first.
fn constants(random: &mut Random) -> (Vec<Constant>, Vec<&'static str>) {
    let names: Vec<&'static str> = ["scale", "offset"].into_iter().take(random.below(3)).collect();
    let mut constants = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let mut builder = Builder::default();
        let value = builder.number([0.5, 2.0, -1.5, 0.1][random.below(4)]);
        let value = if place == 0 {
            value
        } else {
            let first = builder.name(names[0]);
            builder.multiply(value, first)
        };
        constants.push(builder::constant(name, random.chance(30), builder.expressions, value));
    }
    (constants, names)
}

fn sizes(random: &mut Random, made: &Made) -> BTreeMap<String, usize> {
    let named = made.parameters.iter().flat_map(|parameter| &parameter.shape).filter(|name| !leaf::is_literal(name));
    let names: BTreeSet<String> = named.map(|name| (*name).to_owned()).collect();
    names.into_iter().map(|name| (name, [1, 2, 2, 3, 3, 4][random.below(6)])).collect()
}

fn values(random: &mut Random, shape: &Shape, sizes: &BTreeMap<String, usize>, special: bool) -> Tensor<f64> {
    let size = |dimension: &&'static str| sizes.get(*dimension).copied().or(dimension.parse().ok()).unwrap_or(1);
    let shape: Vec<usize> = shape.iter().map(size).collect();
    Tensor::from_positions(&shape, |_| {
        if special {
            return 0.5 * (random.below(7) as f64) - 1.5;
        }
        ((random.unit() * 4.0 - 2.0) * 1000.0).round() / 1000.0
    })
}
