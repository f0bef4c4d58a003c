//! Operations and their slopes in floats, at many points.

use super::{Argument, Kind, Operator, Singularity, Template};

/// An operation with its partial derivatives, ready to be computed at many points. Operands, the result, the numbers of
/// partials and what their steps give stand in registers.
pub(crate) struct OneStep {
    pub(crate) operator: Operator,
    function: fn(&[f64]) -> f64,
    pub(crate) arity: usize,
    pub(crate) is_condition: bool,
    pub(crate) divides: bool,
    partials: Box<[Slope]>,
    registers: Box<[f64]>,
}

/// A partial derivative: its operations, and the register in which it stands after them.
struct Slope {
    steps: Box<[SlopeStep]>,
    result: usize,
}

/// One operation of a partial derivative: how many of the registers it reads, and where it writes.
struct SlopeStep {
    function: fn(&[f64]) -> f64,
    count: usize,
    arguments: [usize; 3],
    result: usize,
}

/// The registers of operands come first, then that of the result, then zero.
const OUT: usize = 3;
const ZERO: usize = 4;

impl OneStep {
    pub(crate) fn new(operator: Operator) -> Self {
        let (row, mut partials, mut registers) = (operator.row(), Vec::new(), vec![0.0; ZERO + 1]);
        for place in 0..row.operands.len() {
            partials.push(match operator.partial(place) {
                Some(template) => Slope::new(template, &mut registers),
                None => Slope { steps: Box::default(), result: ZERO },
            });
        }
        Self {
            operator,
            function: row.evaluate,
            arity: row.operands.len(),
            is_condition: row.result == Kind::Truth,
            divides: matches!(row.singularity, Singularity::Divisor(_)),
            partials: partials.into(),
            registers: registers.into(),
        }
    }

    /// The operation itself.
    pub(crate) fn evaluate(&self, values: &[f64; 3]) -> f64 {
        called(self.function, self.arity, *values)
    }

    /// At a point, before its slopes are asked for.
    pub(crate) fn start(&mut self, values: &[f64; 3], out: f64) {
        [self.registers[0], self.registers[1], self.registers[2]] = *values;
        self.registers[OUT] = out;
    }

    /// The value of the partial derivative by an operand.
    pub(crate) fn slope(&mut self, place: usize) -> f64 {
        let Slope { steps, result } = &self.partials[place];
        let mut number = 0;
        while number < steps.len() {
            let step = &steps[number];
            let [a, b, c] = step.arguments;
            let given = [self.registers[a], self.registers[b], self.registers[c]];
            self.registers[step.result] = called(step.function, step.count, given);
            number += 1;
        }
        self.registers[*result]
    }
}

/// A function of the first `count` numbers.
fn called(function: fn(&[f64]) -> f64, count: usize, [a, b, c]: [f64; 3]) -> f64 {
    match count {
        0 => function(&[]),
        1 => function(&[a]),
        2 => function(&[a, b]),
        _ => function(&[a, b, c]),
    }
}

impl Slope {
    /// A partial derivative with registers of its own for its numbers and steps.
    fn new(template: &Template, registers: &mut Vec<f64>) -> Self {
        let first = registers.len();
        registers.resize(first + template.steps.len(), 0.0);
        let mut register = |argument: &Argument| match argument {
            Argument::Operand(place) => usize::from(*place),
            Argument::Out => OUT,
            Argument::Number(number) => {
                registers.push(number.to_f64());
                registers.len() - 1
            }
            Argument::Step(place) => first + usize::from(*place),
        };
        let mut steps = Vec::with_capacity(template.steps.len());
        for (number, step) in template.steps.iter().enumerate() {
            let mut arguments = [ZERO; 3];
            for (place, argument) in step.arguments.iter().enumerate() {
                arguments[place] = register(argument);
            }
            let (function, count) = (step.operator.row().evaluate, step.arguments.len());
            steps.push(SlopeStep { function, count, arguments, result: first + number });
        }
        Self { steps: steps.into(), result: register(&template.result) }
    }
}
