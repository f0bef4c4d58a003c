//! Whole functions: parameters, `let`s, results.

use std::collections::BTreeSet;

use chainrule_compiler::diagnostic::Span;
use chainrule_compiler::syntax::{ExpressionId, ExpressionKind, Function, Let, Parameter, ResultType, Type};

use super::builder::{self, Builder, binding, block, dimension, name};
use super::leaf::is_literal;
use super::random::Random;
use super::scope::{Dimension, Generator, Helper, Shape, Variable};

/// Names are few, so that callers and helpers often use the same ones.
const PARAMETER_NAMES: [&str; 8] = ["x", "y", "w", "a", "b", "u", "p", "q"];
const LET_NAMES: [&str; 8] = ["a", "b", "u", "h", "z", "s", "scale", "pi"];
const SCALES: [Dimension; 6] = ["N", "K", "D", "2", "3", "4"];

/// What the functions of one module have in common.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// No arrays at all.
    pub scalar: bool,
    /// How many inner expressions a function may have.
    pub budget: usize,
    /// How deep its expressions may be.
    pub depth: usize,
    /// The function that is run, not one of its helpers.
    pub main: bool,
}

/// A function and what its callers must know.
pub struct Made {
    /// The function.
    pub function: Function,
    /// Its parameters.
    pub parameters: Vec<Variable>,
    /// The shapes of its outputs.
    pub results: Vec<Shape>,
}

/// Starts a function: its parameters and dimensions.
pub fn start<'a>(
    random: &'a mut Random,
    features: &'a mut BTreeSet<&'static str>,
    helpers: &'a [Helper],
    constants: &'a [&'static str],
    setting: Setting,
) -> Generator<'a> {
    let count = 1 + random.below(if setting.main && !setting.scalar { 5 } else { 3 });
    let ranks: &[usize] = if setting.main { &[0, 0, 1, 1, 1, 2, 2, 2, 2, 3] } else { &[0, 0, 1, 1, 1, 2] };
    let mut dimensions: Vec<Dimension> = Vec::new();
    while !setting.scalar && dimensions.len() < 1 + count.min(3) {
        let dimension = random.word(&SCALES);
        if !dimensions.contains(&dimension) {
            dimensions.push(dimension);
        }
    }
    let mut variables: Vec<Variable> = Vec::new();
    while variables.len() < count {
        let name = random.word(&PARAMETER_NAMES).to_owned();
        let rank = if setting.scalar { 0 } else { random.pick(ranks).copied().unwrap_or(0) };
        let shape = (0..rank).map(|_| dimensions[random.below(dimensions.len())]).collect();
        if !variables.iter().any(|variable| variable.name == name) {
            variables.push(Variable { name, shape });
        }
    }
    dimensions.retain(|dimension| {
        is_literal(dimension) || variables.iter().any(|variable| variable.shape.contains(dimension))
    });
    Generator {
        random,
        builder: Builder::default(),
        variables,
        indices: Vec::new(),
        dimensions,
        helpers,
        constants,
        features,
        budget: setting.budget,
        scalar: setting.scalar,
    }
}

impl Generator<'_> {
    /// A name for a `let`: a new one, or one that hides an earlier `let`.
    pub fn fresh_or_hiding(&mut self) -> String {
        let name = self.random.word(&LET_NAMES).to_owned();
        let index = self.indices.iter().any(|(index, _)| *index == name);
        if index { "inner".to_owned() } else { name }
    }

    /// The rest of a function whose parameters are the variables in reach.
    pub fn finish(mut self, text: &str, setting: Setting) -> Made {
        let main = setting.main;
        let parameters = self.variables.clone();
        if main && self.random.chance(2) {
            self.mark("result without parameters");
            self.variables.clear();
        }
        let lets = self.lets(&parameters, setting.depth);
        let (result, results) = self.result(setting.depth, main, lets.last());
        let declared = parameters.iter().map(|variable| self.declared(variable)).collect();
        let ty = self.result_type(&results);
        let wrt = self.wrt(&parameters, main);
        let expressions = self.builder.expressions;
        let mut function = builder::function(text, declared, expressions, block(lets, result));
        function.result = ty;
        function.wrt = wrt.map(|names| names.iter().map(|text| name(text)).collect());
        Made { function, parameters, results }
    }

    fn lets(&mut self, parameters: &[Variable], depth: usize) -> Vec<Let> {
        let count = self.random.below(5);
        let mut lets: Vec<Let> = Vec::new();
        for _ in 0..count {
            let mut text = self.fresh_or_hiding();
            while parameters.iter().any(|parameter| parameter.name == text) {
                text = format!("{text}_next");
            }
            if lets.iter().any(|known| known.name.text == text) {
                self.mark("let hiding a let");
            }
            if self.constants.contains(&text.as_str()) {
                self.mark("let hiding a constant");
            }
            let Some((indices, shape, value)) = self.bound(depth) else { continue };
            lets.push(binding(&text, indices.as_deref(), value));
            self.variables.push(Variable { name: text, shape });
        }
        lets
    }

    fn bound(&mut self, depth: usize) -> Option<(Option<Vec<String>>, Shape, ExpressionId)> {
        if !self.scalar && self.random.chance(45) {
            let (indices, shape, value) = self.indexed_value(depth)?;
            return Some((Some(indices), shape, value));
        }
        let rank = if self.scalar { 0 } else { self.random.below(4) };
        let shape = self.some_shape(rank)?;
        let value = self.expression(&shape, depth);
        Some((None, shape, value))
    }

    fn result(&mut self, depth: usize, main: bool, last: Option<&Let>) -> (ExpressionId, Vec<Shape>) {
        if main && self.random.chance(5) {
            self.mark("several outputs");
            let (first, second) = (self.result_shape(40), self.result_shape(40));
            let items = vec![self.expression(&first, depth), self.expression(&second, depth)];
            return (self.builder.push(ExpressionKind::Tuple(items)), vec![first, second]);
        }
        let shape = self.result_shape(if main { 15 } else { 35 });
        let value = self.expression(&shape, depth);
        let Some(last) = last.filter(|_| shape.is_empty()) else { return (value, vec![shape]) };
        let used = self.builder.name(&last.name.text);
        let scalar = self.variables.last().is_some_and(|variable| variable.shape.is_empty());
        let used = if scalar { used } else { self.builder.call("sum", &[used]) };
        let total = match self.random.below(3) {
            0 => self.builder.multiply(used, value),
            1 => self.builder.add(value, used),
            _ => self.builder.add(used, value),
        };
        (total, vec![shape])
    }

    fn result_shape(&mut self, percent: usize) -> Shape {
        if self.scalar || !self.random.chance(percent) {
            return Vec::new();
        }
        let rank = 1 + self.random.below(2);
        let shape = self.some_shape(rank).unwrap_or_default();
        if !shape.is_empty() {
            self.mark("tensor result");
        }
        shape
    }

    fn declared(&mut self, variable: &Variable) -> Parameter {
        let element = self.random.chance(15).then_some("f64");
        builder::parameter(&variable.name, element, &variable.shape)
    }

    fn result_type(&mut self, results: &[Shape]) -> Option<ResultType> {
        if !self.random.chance(30) {
            return None;
        }
        self.mark("result type");
        match results {
            [shape] => {
                let element = (shape.is_empty() || self.random.chance(20)).then(|| name("f64"));
                let shape = shape.iter().map(|text| dimension(text)).collect();
                Some(ResultType::Type(Type { element, shape, any_shape: false, span: Span::default() }))
            }
            [first, second] => Some(ResultType::Named(vec![
                builder::parameter("first", None, first),
                builder::parameter("second", None, if self.random.chance(50) { second } else { &[] }),
            ])),
            _ => None,
        }
    }

    fn wrt(&mut self, parameters: &[Variable], main: bool) -> Option<Vec<String>> {
        if !main || !self.random.chance(15) {
            return None;
        }
        self.mark("wrt");
        let skipped = self.random.below(parameters.len());
        let chosen = parameters.iter().enumerate().filter(|(place, _)| *place != skipped || parameters.len() == 1);
        Some(chosen.map(|(_, parameter)| parameter.name.clone()).collect())
    }
}
