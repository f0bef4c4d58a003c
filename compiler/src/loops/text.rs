//! A routine as text, for tests and for people who look for what is slow.

use std::fmt;

use super::{BufferId, Contraction, Factor, Outcome, Place, Position, Register, Routine, Scalar, Step};
use crate::lower::Size;

impl fmt::Display for Routine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, buffer) in self.buffers.iter().enumerate() {
            let place = match buffer.place {
                Place::Input(input) => self.inputs[input as usize].name.clone(),
                Place::Given(given) => format!("saved {given}"),
                Place::Output(output) => format!("result {output}"),
                Place::Scratch(storage) => format!("memory {storage}"),
            };
            writeln!(f, "a{number}: [{}] = {place}", self.sizes(&buffer.shape))?;
        }
        self.steps(&self.body, 0, f)?;
        for outcome in &self.outputs {
            match outcome {
                Outcome::Register(register) => writeln!(f, "result {}", name(*register))?,
                Outcome::Buffer(buffer) => writeln!(f, "result a{}", buffer.0)?,
            }
        }
        Ok(())
    }
}

fn name(register: Register) -> String {
    format!("r{}", register.0)
}

fn position(own: &Position) -> String {
    match own {
        Position::Index(index) => format!("i{}", index.0),
        Position::Stated(position) => position.to_string(),
        Position::Shifted(plus, minus, offset) => {
            let all = |sign: &str, indices: &[super::Index]| -> String {
                indices.iter().map(|index| format!("{sign}i{}", index.0)).collect()
            };
            format!("{}{}{offset:+}", all("+", plus), all("-", minus))
        }
        Position::Given(input, at) => {
            let at: Vec<String> = at.iter().map(position).collect();
            format!("input{input}[{}]", at.join(", "))
        }
    }
}

fn element(buffer: BufferId, at: &[Position]) -> String {
    let at: Vec<String> = at.iter().map(position).collect();
    format!("a{}[{}]", buffer.0, at.join(", "))
}

impl Routine {
    fn size(&self, size: &Size) -> String {
        match size {
            Size::Literal(size) => size.to_string(),
            Size::Named(name) => self.dimensions[*name as usize].clone(),
        }
    }

    fn sizes(&self, sizes: &[Size]) -> String {
        sizes.iter().map(|size| self.size(size)).collect::<Vec<_>>().join(", ")
    }

    /// Loops nest as deep as arrays have axes, branches as deep as lowering lets them.
    fn steps(&self, steps: &[Step], depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indent = "  ".repeat(depth);
        for step in steps {
            match step {
                Step::Compute(target, scalar) => writeln!(f, "{indent}{} = {}", name(*target), self.scalar(scalar))?,
                Step::Begin(state, reduction) => writeln!(f, "{indent}{} = {}", name(*state), reduction.neutral())?,
                Step::Update(state, reduction, value) => {
                    writeln!(f, "{indent}{} {reduction:?}= {}", name(*state), name(*value))?;
                }
                Step::Fill(buffer, at, reduction) => {
                    let at: Vec<String> =
                        at.iter().map(|at| at.as_ref().map_or_else(|| "..".into(), position)).collect();
                    writeln!(f, "{indent}a{}[{}] = {}", buffer.0, at.join(", "), reduction.neutral())?;
                }
                Step::Store(buffer, at, value) => writeln!(f, "{indent}{} = {}", element(*buffer, at), name(*value))?,
                Step::Reduce(buffer, at, value, reduction) => {
                    writeln!(f, "{indent}{} {reduction:?}= {}", element(*buffer, at), name(*value))?;
                }
                Step::Loop(index, body) => {
                    writeln!(f, "{indent}for i{} in 0..{}", index.0, self.size(&self.indices[index.0 as usize]))?;
                    self.steps(body, depth + 1, f)?;
                }
                Step::Branch { condition, yes, no, choices } => {
                    writeln!(f, "{indent}if {}", name(*condition))?;
                    self.steps(yes, depth + 1, f)?;
                    writeln!(f, "{indent}else")?;
                    self.steps(no, depth + 1, f)?;
                    for choice in choices {
                        let [target, yes, no] = [choice.target, choice.yes, choice.no].map(name);
                        writeln!(f, "{indent}{target} = {yes} or {no}")?;
                    }
                }
                Step::Contract(contraction) => writeln!(f, "{indent}{}", self.contraction(contraction))?,
            }
        }
        Ok(())
    }

    fn contraction(&self, contraction: &Contraction) -> String {
        let factor = |factor: &Factor| {
            let axes: Vec<String> = factor.axes.iter().map(|axis| format!("k{axis}")).collect();
            format!("a{}[{}]", factor.buffer.0, axes.join(", "))
        };
        let [out, left, right] = [&contraction.out, &contraction.left, &contraction.right].map(factor);
        format!("{out} = sum of {left}*{right} over [{}]", self.sizes(&contraction.sizes))
    }

    fn scalar(&self, scalar: &Scalar) -> String {
        match scalar {
            Scalar::Input(input) => self.inputs[*input as usize].name.clone(),
            Scalar::Given(given) => format!("saved {given}"),
            Scalar::Constant(number) => number.to_string(),
            Scalar::Truth(truth) => truth.to_string(),
            Scalar::Size(size) => self.size(size),
            Scalar::Position(at) => position(at),
            Scalar::Same(left, right) => format!("{} == {}", position(left), position(right)),
            Scalar::Load(buffer, at) => element(*buffer, at),
            Scalar::Apply(operator, operands) => {
                let operands: Vec<String> = operands.iter().map(|operand| name(*operand)).collect();
                format!("{}({})", operator.row().name, operands.join(", "))
            }
        }
    }
}
