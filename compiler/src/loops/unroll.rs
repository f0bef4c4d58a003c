//! Loops whose positions matter by their number are written out.
//!
//! In: a routine. Out: the same, where a loop of few stated positions that compares its position with numbers, or with
//! another position, has become its bodies one after the other. What is known then is decided: a vector that is stated
//! entry by entry is so many stores. At last what nobody reads is left out.

use std::collections::HashMap;

use super::{Choice, Index, Outcome, Position, Register, Routine, Scalar, Step};
use crate::lower::Size;
use crate::number::Number;
use crate::operators::{Kind, Operator};

/// Loops over more positions stay loops.
const MOST_POSITIONS: u32 = 16;
/// A routine is not made longer than this.
const MOST_STEPS: usize = 4_000;

pub(super) fn unroll(routine: &mut Routine) {
    let body = std::mem::take(&mut routine.body);
    let steps = count(&body);
    let mut unroller = Unroller { routine, steps, known: HashMap::new(), same: HashMap::new() };
    let mut body = unroller.steps(body);
    let mut used = vec![false; unroller.routine.registers.len()];
    let outputs: Vec<Outcome> = routine.outputs.clone();
    for outcome in &outputs {
        if let Outcome::Register(register) = outcome {
            used[register.0 as usize] = true;
        }
    }
    prune(&mut body, &mut used);
    routine.body = body;
}

/// Loops nest as deep as arrays have axes, branches as deep as lowering lets them; here and below.
fn count(steps: &[Step]) -> usize {
    let inner = |step: &Step| match step {
        Step::Loop(_, body) => 1 + count(body),
        Step::Branch { yes, no, .. } => 1 + count(yes) + count(no),
        _ => 1,
    };
    steps.iter().map(inner).sum()
}

/// Whether a body reads the number of an index.
fn reads(steps: &[Step], index: Index) -> bool {
    let own = |position: &Position| *position == Position::Index(index);
    steps.iter().any(|step| match step {
        Step::Compute(_, Scalar::Position(position)) => own(position),
        Step::Compute(_, Scalar::Same(left, right)) => own(left) || own(right),
        Step::Loop(_, body) => reads(body, index),
        Step::Branch { yes, no, .. } => reads(yes, index) || reads(no, index),
        _ => false,
    })
}

/// What a register is known to be.
#[derive(Clone, Copy)]
enum Known {
    Number(Number),
    Truth(bool),
}

struct Unroller<'r> {
    routine: &'r mut Routine,
    steps: usize,
    known: HashMap<Register, Known>,
    /// Registers that stand for others.
    same: HashMap<Register, Register>,
}

impl Unroller<'_> {
    fn steps(&mut self, steps: Vec<Step>) -> Vec<Step> {
        let mut out = Vec::with_capacity(steps.len());
        for step in steps {
            self.step(step, &mut out);
        }
        out
    }

    fn step(&mut self, step: Step, out: &mut Vec<Step>) {
        match step {
            Step::Compute(target, scalar) => {
                if let Some(step) = self.computed(target, scalar) {
                    out.push(step);
                }
            }
            Step::Update(state, reduction, value) => out.push(Step::Update(state, reduction, self.of(value))),
            Step::Store(buffer, at, value) => out.push(Step::Store(buffer, at, self.of(value))),
            Step::Reduce(buffer, at, value, reduction) => {
                out.push(Step::Reduce(buffer, at, self.of(value), reduction));
            }
            Step::Loop(index, body) => match self.positions(index, &body) {
                Some(positions) => {
                    for position in 0..positions {
                        let mut copy = Copy { index, position, registers: HashMap::new(), routine: self.routine };
                        let body = copy.steps(&body);
                        out.extend(self.steps(body));
                    }
                }
                None => {
                    let body = self.steps(body);
                    out.push(Step::Loop(index, body));
                }
            },
            Step::Branch { condition, yes, no, choices } => {
                let (yes, no) = (self.steps(yes), self.steps(no));
                let chosen =
                    |choice: Choice| Choice { target: choice.target, yes: self.of(choice.yes), no: self.of(choice.no) };
                let choices = choices.into_iter().map(chosen).collect();
                out.push(Step::Branch { condition: self.of(condition), yes, no, choices });
            }
            other => out.push(other),
        }
    }

    /// How many positions a loop has, if it is to be written out.
    fn positions(&mut self, index: Index, body: &[Step]) -> Option<u32> {
        let Size::Literal(positions) = self.routine.indices[index.0 as usize] else { return None };
        let more = count(body) * positions as usize;
        if positions > MOST_POSITIONS || self.steps + more > MOST_STEPS || !reads(body, index) {
            return None;
        }
        self.steps += more;
        Some(positions)
    }

    fn of(&self, register: Register) -> Register {
        self.same.get(&register).copied().unwrap_or(register)
    }

    /// A register, unless it is known or stands for another one. What is known is computed, too: somebody may read it.
    fn computed(&mut self, target: Register, scalar: Scalar) -> Option<Step> {
        let scalar = match scalar {
            Scalar::Apply(operator, operands) => {
                let operands: Vec<Register> = operands.into_iter().map(|operand| self.of(operand)).collect();
                if let (Operator::Select, [condition, yes, no]) = (operator, operands.as_slice())
                    && let Some(Known::Truth(truth)) = self.known.get(condition)
                {
                    self.same.insert(target, if *truth { *yes } else { *no });
                    return None;
                }
                match self.truth(operator, &operands) {
                    Some(truth) => Scalar::Truth(truth),
                    None => Scalar::Apply(operator, operands),
                }
            }
            Scalar::Position(Position::Stated(position)) => Scalar::Constant(Number::from(i64::from(position))),
            Scalar::Same(Position::Stated(left), Position::Stated(right)) => Scalar::Truth(left == right),
            other => other,
        };
        match scalar {
            Scalar::Constant(number) => self.known.insert(target, Known::Number(number)),
            Scalar::Truth(truth) => self.known.insert(target, Known::Truth(truth)),
            _ => None,
        };
        Some(Step::Compute(target, scalar))
    }

    /// A condition on what is known.
    fn truth(&self, operator: Operator, operands: &[Register]) -> Option<bool> {
        if operator.row().result != Kind::Truth {
            return None;
        }
        let float = self.routine.float;
        let value = |register: &Register| match self.known.get(register)? {
            Known::Number(number) => Some(number.nearest(float)),
            Known::Truth(truth) => Some(f64::from(u8::from(*truth))),
        };
        let values: Vec<f64> = operands.iter().map(value).collect::<Option<_>>()?;
        Some((operator.row().evaluate)(&values) != 0.0)
    }
}

/// A body at one position: what it defines gets registers of its own.
struct Copy<'r> {
    index: Index,
    position: u32,
    registers: HashMap<Register, Register>,
    routine: &'r mut Routine,
}

impl Copy<'_> {
    fn steps(&mut self, steps: &[Step]) -> Vec<Step> {
        steps.iter().map(|step| self.step(step)).collect()
    }

    fn define(&mut self, register: Register) -> Register {
        let kind = self.routine.registers[register.0 as usize];
        self.routine.registers.push(kind);
        let own = Register(self.routine.registers.len() as u32 - 1);
        self.registers.insert(register, own);
        own
    }

    fn of(&self, register: Register) -> Register {
        self.registers.get(&register).copied().unwrap_or(register)
    }

    fn at(&self, position: &Position) -> Position {
        position.mapped(&|index| {
            if index == self.index { Position::Stated(self.position) } else { Position::Index(index) }
        })
    }

    fn all(&self, positions: &[Position]) -> Vec<Position> {
        positions.iter().map(|position| self.at(position)).collect()
    }

    fn step(&mut self, step: &Step) -> Step {
        match step {
            Step::Compute(target, scalar) => {
                let scalar = self.scalar(scalar);
                Step::Compute(self.define(*target), scalar)
            }
            Step::Begin(state, reduction) => Step::Begin(self.define(*state), *reduction),
            Step::Update(state, reduction, value) => Step::Update(self.of(*state), *reduction, self.of(*value)),
            Step::Fill(buffer, at, reduction) => {
                Step::Fill(*buffer, at.iter().map(|at| at.as_ref().map(|at| self.at(at))).collect(), *reduction)
            }
            Step::Store(buffer, at, value) => Step::Store(*buffer, self.all(at), self.of(*value)),
            Step::Reduce(buffer, at, value, reduction) => {
                Step::Reduce(*buffer, self.all(at), self.of(*value), *reduction)
            }
            Step::Loop(index, body) => {
                // Two loops may not share an index: what is written out later is found by it.
                let size = self.routine.indices[index.0 as usize].clone();
                self.routine.indices.push(size);
                let own = Index(self.routine.indices.len() as u32 - 1);
                let body = self.steps(body);
                Step::Loop(own, body.into_iter().map(|step| moved(step, *index, own)).collect())
            }
            Step::Branch { condition, yes, no, choices } => {
                let (yes, no) = (self.steps(yes), self.steps(no));
                let choices = choices
                    .iter()
                    .map(|choice| {
                        let (yes, no) = (self.of(choice.yes), self.of(choice.no));
                        Choice { target: self.define(choice.target), yes, no }
                    })
                    .collect();
                Step::Branch { condition: self.of(*condition), yes, no, choices }
            }
            Step::Contract(contraction) => Step::Contract(contraction.clone()),
        }
    }

    fn scalar(&self, scalar: &Scalar) -> Scalar {
        match scalar {
            Scalar::Position(position) => Scalar::Position(self.at(position)),
            Scalar::Same(left, right) => Scalar::Same(self.at(left), self.at(right)),
            Scalar::Load(buffer, at) => Scalar::Load(*buffer, self.all(at)),
            Scalar::Apply(operator, operands) => {
                Scalar::Apply(*operator, operands.iter().map(|operand| self.of(*operand)).collect())
            }
            other => other.clone(),
        }
    }
}

/// A step under another name of an index.
fn moved(step: Step, from: Index, to: Index) -> Step {
    let at = |position: Position| position.mapped(&|index| Position::Index(if index == from { to } else { index }));
    let all = |positions: Vec<Position>| positions.into_iter().map(at).collect::<Vec<_>>();
    match step {
        Step::Compute(target, scalar) => {
            let scalar = match scalar {
                Scalar::Position(position) => Scalar::Position(at(position)),
                Scalar::Same(left, right) => Scalar::Same(at(left), at(right)),
                Scalar::Load(buffer, positions) => Scalar::Load(buffer, all(positions)),
                other => other,
            };
            Step::Compute(target, scalar)
        }
        Step::Fill(buffer, positions, reduction) => {
            Step::Fill(buffer, positions.into_iter().map(|position| position.map(at)).collect(), reduction)
        }
        Step::Store(buffer, positions, value) => Step::Store(buffer, all(positions), value),
        Step::Reduce(buffer, positions, value, reduction) => Step::Reduce(buffer, all(positions), value, reduction),
        Step::Loop(index, body) => Step::Loop(index, body.into_iter().map(|step| moved(step, from, to)).collect()),
        Step::Branch { condition, yes, no, choices } => {
            let [yes, no] = [yes, no].map(|arm| arm.into_iter().map(|step| moved(step, from, to)).collect());
            Step::Branch { condition, yes, no, choices }
        }
        other => other,
    }
}

/// Leaves out registers that nobody reads, and loops that do nothing.
fn prune(steps: &mut Vec<Step>, used: &mut [bool]) {
    let mut kept = Vec::with_capacity(steps.len());
    for mut step in std::mem::take(steps).into_iter().rev() {
        match &mut step {
            Step::Compute(target, _) if !used[target.0 as usize] => continue,
            Step::Compute(_, Scalar::Apply(_, operands)) => {
                operands.iter().for_each(|operand| used[operand.0 as usize] = true);
            }
            Step::Update(state, _, value) => {
                if !used[state.0 as usize] {
                    continue;
                }
                used[value.0 as usize] = true;
            }
            Step::Begin(state, _) if !used[state.0 as usize] => continue,
            Step::Store(_, _, value) | Step::Reduce(_, _, value, _) => used[value.0 as usize] = true,
            Step::Loop(_, body) => {
                prune(body, used);
                if body.is_empty() {
                    continue;
                }
            }
            Step::Branch { condition, yes, no, choices } => {
                choices.retain(|choice| used[choice.target.0 as usize]);
                for choice in choices.iter() {
                    used[choice.yes.0 as usize] = true;
                    used[choice.no.0 as usize] = true;
                }
                prune(yes, used);
                prune(no, used);
                if yes.is_empty() && no.is_empty() && choices.is_empty() {
                    continue;
                }
                used[condition.0 as usize] = true;
            }
            Step::Compute(..) | Step::Begin(..) | Step::Fill(..) | Step::Contract(_) => {}
        }
        kept.push(step);
    }
    kept.reverse();
    *steps = kept;
}
