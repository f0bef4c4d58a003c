//! Runs a routine on numbers: what `chainrule eval` does.
//!
//! In: one [`Tensor`] for each input. Out: one for each result. A loop without loops or branches in it is run over many
//! positions at a time, one operator after the other, so that what an operator costs is its arithmetic. In `f32`, every
//! step is rounded to `f32`.

use chainrule_special::{Axis, Write, contract};

use super::{
    BufferId, Contraction, Factor, Index, Outcome, Place, Position, Reduction, Register, Routine, Scalar, Step,
};
use crate::evaluate::{EvaluateError, MOST_NUMBERS, Tensor, bind_sizes, check_positions};
use crate::lower::Size;
use crate::number::FloatType;
use crate::operators::Operator;

/// So many positions at a time: what a body computes for them stays in the nearest cache.
const LANES: usize = 128;
/// A register that holds one number.
const SCALAR: u32 = u32::MAX;

/// Runs a routine.
///
/// # Errors
/// [`EvaluateError`]
pub fn run(routine: &Routine, inputs: &[Tensor]) -> Result<Vec<Tensor>, EvaluateError> {
    let sizes = bind_sizes(&routine.inputs, &routine.dimensions, inputs)?;
    if let Some(name) = routine.maxima.iter().find(|name| sizes[**name as usize] == 0) {
        return Err(EvaluateError::Empty(routine.dimensions[*name as usize].clone()));
    }
    check_positions(&routine.inputs, &routine.bounds, &sizes, inputs)?;
    let mut machine = Machine::new(routine, inputs, sizes)?;
    machine.steps(&routine.body);
    Ok(machine.results())
}

struct Machine<'a> {
    routine: &'a Routine,
    sizes: Vec<usize>,
    /// The numbers of inputs, results and storages.
    inputs: Vec<Vec<f64>>,
    results: Vec<Vec<f64>>,
    memory: Vec<Vec<f64>>,
    /// How far one step along each axis of a buffer moves.
    strides: Vec<Vec<usize>>,
    registers: Vec<f64>,
    indices: Vec<usize>,
    /// Which lane a register is, in a loop that is run over many positions at a time.
    lane_of: Vec<u32>,
    lanes: Vec<Vec<f64>>,
}

/// A register's numbers at some positions.
#[derive(Clone, Copy)]
enum Source<'a> {
    One(f64),
    Many(&'a [f64]),
}

impl Source<'_> {
    fn at(self, lane: usize) -> f64 {
        match self {
            Self::One(value) => value,
            Self::Many(values) => values[lane],
        }
    }
}

impl<'a> Machine<'a> {
    fn new(routine: &'a Routine, inputs: &[Tensor], sizes: Vec<usize>) -> Result<Self, EvaluateError> {
        let mut total = 0_usize;
        let mut count = |shape: &[Size]| {
            let count = shape.iter().try_fold(1_usize, |count, size| count.checked_mul(number(size, &sizes)));
            let count = count.filter(|count| *count <= MOST_NUMBERS).ok_or(EvaluateError::TooLarge)?;
            total += count;
            if total <= MOST_NUMBERS { Ok(count) } else { Err(EvaluateError::TooLarge) }
        };
        let memory = routine.storages.iter().map(|storage| count(&storage.shape).map(|count| vec![0.0; count]));
        let memory = memory.collect::<Result<Vec<_>, _>>()?;
        let mut results = vec![Vec::new(); routine.outputs.len()];
        for buffer in &routine.buffers {
            if let Place::Output(output) = buffer.place {
                results[output as usize] = vec![0.0; count(&buffer.shape)?];
            }
        }
        let rounded = |value: &f64| round(routine.float, *value);
        let inputs = inputs.iter().map(|input| input.data.iter().map(rounded).collect()).collect();
        let strides = routine.buffers.iter().map(|buffer| row_major(&buffer.shape, &sizes)).collect();
        let mut machine = Self {
            routine,
            sizes,
            inputs,
            results,
            memory,
            strides,
            registers: vec![0.0; routine.registers.len()],
            indices: vec![0; routine.indices.len()],
            lane_of: vec![SCALAR; routine.registers.len()],
            lanes: Vec::new(),
        };
        machine.give_lanes(&routine.body);
        Ok(machine)
    }

    /// Loops nest as deep as arrays have axes, branches as deep as lowering lets them; here and below.
    fn give_lanes(&mut self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Loop(index, body) if is_flat(*index, body) => {
                    let mut lane = 0;
                    for step in body {
                        if let Step::Compute(target, _) = step {
                            self.lane_of[target.0 as usize] = lane;
                            lane += 1;
                        }
                    }
                    if self.lanes.len() < lane as usize {
                        self.lanes.resize(lane as usize, vec![0.0; LANES]);
                    }
                }
                Step::Loop(_, body) => self.give_lanes(body),
                Step::Branch { yes, no, .. } => {
                    self.give_lanes(yes);
                    self.give_lanes(no);
                }
                _ => {}
            }
        }
    }

    fn size(&self, size: &Size) -> usize {
        number(size, &self.sizes)
    }

    fn data(&self, buffer: BufferId) -> &[f64] {
        match self.routine.buffers[buffer.0 as usize].place {
            Place::Input(input) => &self.inputs[input as usize],
            Place::Output(output) => &self.results[output as usize],
            Place::Scratch(storage) => &self.memory[storage as usize],
            // Routines that take saved values are emitted, not run.
            Place::Given(_) => &[],
        }
    }

    fn data_mut(&mut self, buffer: BufferId) -> &mut [f64] {
        match self.routine.buffers[buffer.0 as usize].place {
            Place::Output(output) => &mut self.results[output as usize],
            Place::Scratch(storage) => &mut self.memory[storage as usize],
            // Nobody writes to what is given.
            Place::Input(_) | Place::Given(_) => &mut [],
        }
    }

    /// Where an element is, and how far a step of an index moves.
    fn address(&self, buffer: BufferId, at: &[Position], moving: Option<Index>) -> (usize, isize) {
        let (mut start, mut step) = (0_i64, 0_i64);
        for (position, stride) in at.iter().zip(&self.strides[buffer.0 as usize]) {
            start += *stride as i64 * self.position(position);
            step += *stride as i64 * moving.map_or(0, |index| slope(position, index));
        }
        (start as usize, step as isize)
    }

    fn steps(&mut self, steps: &'a [Step]) {
        for step in steps {
            match step {
                Step::Compute(target, scalar) => self.registers[target.0 as usize] = self.scalar(scalar),
                Step::Begin(state, reduction) => self.registers[state.0 as usize] = reduction.neutral(),
                Step::Update(state, reduction, value) => {
                    let value = self.registers[value.0 as usize];
                    self.registers[state.0 as usize] =
                        self.reduced(*reduction, self.registers[state.0 as usize], value);
                }
                Step::Fill(buffer, at, reduction) => self.fill(*buffer, at, reduction.neutral()),
                Step::Store(buffer, at, value) => {
                    let (place, _) = self.address(*buffer, at, None);
                    let value = self.registers[value.0 as usize];
                    self.data_mut(*buffer)[place] = value;
                }
                Step::Reduce(buffer, at, _, _) if !self.is_inside(*buffer, at) => {}
                Step::Reduce(buffer, at, value, reduction) => {
                    let (place, _) = self.address(*buffer, at, None);
                    let value = self.registers[value.0 as usize];
                    let reduced = self.reduced(*reduction, self.data(*buffer)[place], value);
                    self.data_mut(*buffer)[place] = reduced;
                }
                Step::Loop(index, body) => self.looped(*index, body),
                Step::Branch { condition, yes, no, choices } => {
                    let taken = self.registers[condition.0 as usize] != 0.0;
                    self.steps(if taken { yes } else { no });
                    for choice in choices {
                        let chosen = if taken { choice.yes } else { choice.no };
                        self.registers[choice.target.0 as usize] = self.registers[chosen.0 as usize];
                    }
                }
                Step::Contract(contraction) => self.contract(contraction),
            }
        }
    }

    fn reduced(&self, reduction: Reduction, state: f64, value: f64) -> f64 {
        round(self.routine.float, reduce(reduction, state, value))
    }

    fn scalar(&self, scalar: &Scalar) -> f64 {
        match scalar {
            Scalar::Input(input) => self.inputs[*input as usize][0],
            Scalar::Given(_) => f64::NAN,
            Scalar::Constant(number) => number.nearest(self.routine.float),
            Scalar::Truth(truth) => f64::from(u8::from(*truth)),
            Scalar::Size(size) => round(self.routine.float, self.size(size) as f64),
            Scalar::Position(position) => round(self.routine.float, self.position(position) as f64),
            Scalar::Same(left, right) => f64::from(u8::from(self.position(left) == self.position(right))),
            Scalar::Load(buffer, at) => self.data(*buffer)[self.address(*buffer, at, None).0],
            Scalar::Apply(operator, operands) => {
                let (mut few, mut many) = ([0.0; 3], Vec::new());
                let values = match few.get_mut(..operands.len()) {
                    Some(few) => few,
                    None => {
                        many.resize(operands.len(), 0.0);
                        many.as_mut_slice()
                    }
                };
                for (value, operand) in values.iter_mut().zip(operands) {
                    *value = self.registers[operand.0 as usize];
                }
                round(self.routine.float, (operator.row().evaluate)(values))
            }
        }
    }

    /// Where a position is; a shifted one may be outside.
    fn position(&self, position: &Position) -> i64 {
        let sum = |indices: &[Index]| indices.iter().map(|index| self.indices[index.0 as usize] as i64).sum::<i64>();
        match position {
            Position::Index(index) => self.indices[index.0 as usize] as i64,
            Position::Stated(position) => i64::from(*position),
            Position::Shifted(plus, minus, offset) => sum(plus) - sum(minus) + offset,
            Position::Given(input, at) => {
                let mut place = 0;
                for (position, size) in at.iter().zip(&self.routine.inputs[*input as usize].shape) {
                    place = place * self.size(size) + self.position(position) as usize;
                }
                self.inputs[*input as usize][place] as i64
            }
        }
    }

    /// Whether every position is inside of a buffer.
    fn is_inside(&self, buffer: BufferId, at: &[Position]) -> bool {
        let shape = &self.routine.buffers[buffer.0 as usize].shape;
        let inside = |(position, size)| (0..self.size(size) as i64).contains(&self.position(position));
        at.iter().zip(shape).all(inside)
    }

    fn fill(&mut self, buffer: BufferId, at: &[Option<Position>], value: f64) {
        let shape: Vec<usize> =
            self.routine.buffers[buffer.0 as usize].shape.iter().map(|size| self.size(size)).collect();
        let ranges: Vec<(usize, usize)> = (at.iter().zip(&shape))
            .map(|(at, size)| {
                let at = at.as_ref().map(|at| self.position(at) as usize);
                at.map_or((0, *size), |at| (at, at + 1))
            })
            .collect();
        let mut places = vec![0];
        for ((from, to), stride) in ranges.iter().zip(&self.strides[buffer.0 as usize]) {
            places = places.iter().flat_map(|place| (*from..*to).map(move |at| place + at * stride)).collect();
        }
        let data = self.data_mut(buffer);
        places.into_iter().for_each(|place| data[place] = value);
    }

    fn looped(&mut self, index: Index, body: &'a [Step]) {
        let count = self.size(&self.routine.indices[index.0 as usize]);
        if !is_flat(index, body) {
            for position in 0..count {
                self.indices[index.0 as usize] = position;
                self.steps(body);
            }
            return;
        }
        for start in (0..count).step_by(LANES) {
            self.indices[index.0 as usize] = start;
            self.block(index, body, LANES.min(count - start));
        }
    }

    fn source(&self, register: Register, count: usize) -> Source<'_> {
        match self.lane_of[register.0 as usize] {
            SCALAR => Source::One(self.registers[register.0 as usize]),
            lane => Source::Many(&self.lanes[lane as usize][..count]),
        }
    }

    /// The body of a loop at some positions that follow each other.
    fn block(&mut self, index: Index, body: &[Step], count: usize) {
        for step in body {
            match step {
                Step::Compute(target, scalar) => {
                    let lane = self.lane_of[target.0 as usize] as usize;
                    let mut out = std::mem::take(&mut self.lanes[lane]);
                    self.compute(scalar, index, &mut out[..count]);
                    self.lanes[lane] = out;
                }
                Step::Update(state, reduction, value) => {
                    let mut total = self.registers[state.0 as usize];
                    let values = self.source(*value, count);
                    for lane in 0..count {
                        total = self.reduced(*reduction, total, values.at(lane));
                    }
                    self.registers[state.0 as usize] = total;
                }
                Step::Store(buffer, at, value) => self.store(*buffer, at, *value, None, (index, count)),
                Step::Reduce(buffer, at, value, reduction) => {
                    self.store(*buffer, at, *value, Some(*reduction), (index, count));
                }
                // A flat body has nothing else.
                _ => {}
            }
        }
    }

    fn store(
        &mut self,
        buffer: BufferId,
        at: &[Position],
        value: Register,
        reduction: Option<Reduction>,
        (index, count): (Index, usize),
    ) {
        let (start, step) = self.address(buffer, at, Some(index));
        let float = self.routine.float;
        let values = match self.lane_of[value.0 as usize] {
            SCALAR => Err(self.registers[value.0 as usize]),
            lane => Ok(std::mem::take(&mut self.lanes[lane as usize])),
        };
        let data = self.data_mut(buffer);
        for lane in 0..count {
            let place = &mut data[moved(start, lane, step)];
            let value = values.as_ref().map_or_else(|value| *value, |values| values[lane]);
            *place = reduction.map_or(value, |reduction| round(float, reduce(reduction, *place, value)));
        }
        if let Ok(values) = values {
            let lane = self.lane_of[value.0 as usize] as usize;
            self.lanes[lane] = values;
        }
    }

    fn compute(&self, scalar: &Scalar, index: Index, out: &mut [f64]) {
        let position =
            |position: &Position, lane: usize| self.position(position) + lane as i64 * slope(position, index);
        let float = self.routine.float;
        match scalar {
            Scalar::Position(at) => {
                out.iter_mut().enumerate().for_each(|(lane, out)| *out = round(float, position(at, lane) as f64));
            }
            Scalar::Same(left, right) => {
                let same = |lane| f64::from(u8::from(position(left, lane) == position(right, lane)));
                out.iter_mut().enumerate().for_each(|(lane, out)| *out = same(lane));
            }
            Scalar::Load(buffer, at) => {
                let (start, step) = self.address(*buffer, at, Some(index));
                let data = self.data(*buffer);
                if step == 1 {
                    out.copy_from_slice(&data[start..start + out.len()]);
                } else {
                    out.iter_mut().enumerate().for_each(|(lane, out)| *out = data[moved(start, lane, step)]);
                }
            }
            Scalar::Apply(operator, operands) => {
                let sources: Vec<Source> = operands.iter().map(|operand| self.source(*operand, out.len())).collect();
                apply(*operator, &sources, out);
                if float == FloatType::F32 {
                    out.iter_mut().for_each(|out| *out = round(float, *out));
                }
            }
            _ => out.fill(self.scalar(scalar)),
        }
    }

    fn contract(&mut self, contraction: &Contraction) {
        let strides = |factor: &Factor| {
            let mut strides: Vec<Option<usize>> = vec![None; contraction.sizes.len()];
            for (axis, stride) in factor.axes.iter().zip(&self.strides[factor.buffer.0 as usize]) {
                *strides[usize::from(*axis)].get_or_insert(0) += stride;
            }
            strides
        };
        let [out, left, right] = [&contraction.out, &contraction.left, &contraction.right].map(strides);
        let axes: Vec<Axis> = (contraction.sizes.iter().zip(out).zip(left.into_iter().zip(right)))
            .map(|((size, out), (left, right))| {
                let size = self.size(size);
                match (out, left, right) {
                    (Some(out), Some(left), Some(right)) => Axis::batch(size, left, right, out),
                    (Some(out), left, None) => Axis::left(size, left.unwrap_or(0), out),
                    (Some(out), None, right) => Axis::right(size, right.unwrap_or(0), out),
                    (None, left, right) => Axis::summed(size, left.unwrap_or(0), right.unwrap_or(0)),
                }
            })
            .collect();
        let mut result = self.data(contraction.out.buffer).to_vec();
        let (left, right) = (self.data(contraction.left.buffer), self.data(contraction.right.buffer));
        match self.routine.float {
            FloatType::F64 => contract(Write::Set, &axes, left, right, &mut result),
            FloatType::F32 => {
                let narrow = |values: &[f64]| values.iter().map(|value| *value as f32).collect::<Vec<f32>>();
                let mut single = narrow(&result);
                contract(Write::Set, &axes, &narrow(left), &narrow(right), &mut single);
                result.iter_mut().zip(single).for_each(|(result, value)| *result = f64::from(value));
            }
        }
        self.data_mut(contraction.out.buffer).copy_from_slice(&result);
    }

    fn results(mut self) -> Vec<Tensor> {
        let routine = self.routine;
        let tensor = |(place, outcome): (usize, &Outcome)| match outcome {
            Outcome::Register(register) => Tensor::scalar(self.registers[register.0 as usize]),
            Outcome::Buffer(buffer) => {
                let shape = routine.buffers[buffer.0 as usize].shape.iter();
                let shape = shape.map(|size| number(size, &self.sizes)).collect();
                Tensor { shape, data: std::mem::take(&mut self.results[place]) }
            }
        };
        routine.outputs.iter().enumerate().map(tensor).collect()
    }
}

fn number(size: &Size, sizes: &[usize]) -> usize {
    match size {
        Size::Literal(size) => *size as usize,
        Size::Named(name) => sizes[*name as usize],
    }
}

fn row_major(shape: &[Size], sizes: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * number(&shape[axis], sizes);
    }
    strides
}

fn round(float: FloatType, value: f64) -> f64 {
    match float {
        FloatType::F64 => value,
        FloatType::F32 => f64::from(value as f32),
    }
}

fn reduce(reduction: Reduction, state: f64, value: f64) -> f64 {
    match reduction {
        Reduction::Sum => state + value,
        Reduction::Prod => state * value,
        Reduction::Max => (Operator::Maximum.row().evaluate)(&[state, value]),
    }
}

/// How far a position moves with an index.
fn slope(position: &Position, index: Index) -> i64 {
    let count = |indices: &[Index]| indices.iter().filter(|own| **own == index).count() as i64;
    match position {
        Position::Index(own) => i64::from(*own == index),
        Position::Shifted(plus, minus, _) => count(plus) - count(minus),
        // What is given does not move evenly: loops over it are not flat.
        Position::Stated(_) | Position::Given(..) => 0,
    }
}

fn moved(start: usize, lane: usize, step: isize) -> usize {
    (start as isize + lane as isize * step) as usize
}

/// Whether a loop can be run over many positions at a time: its body has neither loops nor branches, all of its accesses
/// move evenly, and none of them may be outside.
fn is_flat(index: Index, body: &[Step]) -> bool {
    let even = |at: &[Position]| !at.iter().any(|at| matches!(at, Position::Given(..)) && at.reads(index));
    let inside = |at: &[Position]| !at.iter().any(|at| matches!(at, Position::Shifted(..)));
    let written = |buffer: BufferId| {
        body.iter().any(|step| matches!(step, Step::Store(own, ..) | Step::Reduce(own, ..) if *own == buffer))
    };
    body.iter().all(|step| match step {
        // What one position leaves to a later step of its own must not be that of another position.
        Step::Compute(_, Scalar::Load(buffer, _)) if written(*buffer) => false,
        Step::Compute(_, Scalar::Load(_, at)) | Step::Store(_, at, _) => even(at),
        Step::Compute(..) | Step::Update(..) => true,
        Step::Reduce(_, at, _, _) => even(at) && inside(at),
        _ => false,
    })
}

/// An operator at some positions. What takes no longer than a call is written out.
fn apply(operator: Operator, operands: &[Source], out: &mut [f64]) {
    match (operator, operands) {
        (Operator::Add, [a, b]) => binary(*a, *b, out, |a, b| a + b),
        (Operator::Subtract, [a, b]) => binary(*a, *b, out, |a, b| a - b),
        (Operator::Multiply, [a, b]) => binary(*a, *b, out, |a, b| a * b),
        (Operator::Divide, [a, b]) => binary(*a, *b, out, |a, b| a / b),
        (Operator::Negate, [a]) => binary(*a, Source::One(0.0), out, |a, _| -a),
        (Operator::Sqrt, [a]) => binary(*a, Source::One(0.0), out, |a, _| a.sqrt()),
        (Operator::Select, [condition, yes, no]) => {
            for (lane, out) in out.iter_mut().enumerate() {
                *out = if condition.at(lane) != 0.0 { yes.at(lane) } else { no.at(lane) };
            }
        }
        _ => {
            let mut values = vec![0.0; operands.len()];
            for (lane, out) in out.iter_mut().enumerate() {
                values.iter_mut().zip(operands).for_each(|(value, operand)| *value = operand.at(lane));
                *out = (operator.row().evaluate)(&values);
            }
        }
    }
}

fn binary(left: Source, right: Source, out: &mut [f64], operation: impl Fn(f64, f64) -> f64) {
    match (left, right) {
        (Source::Many(left), Source::Many(right)) => {
            out.iter_mut().zip(left).zip(right).for_each(|((out, a), b)| *out = operation(*a, *b));
        }
        (Source::Many(left), Source::One(b)) => out.iter_mut().zip(left).for_each(|(out, a)| *out = operation(*a, b)),
        (Source::One(a), Source::Many(right)) => out.iter_mut().zip(right).for_each(|(out, b)| *out = operation(a, *b)),
        (Source::One(a), Source::One(b)) => out.fill(operation(a, b)),
    }
}
