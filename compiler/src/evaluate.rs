//! Runs a [`Program`] on numbers: what `chainrule eval` does.
//!
//! In: one [`Tensor`] for each input. Out: one for each output. All values live in one flat memory, laid out row-major
//! once the sizes of the dimensions are known. In `f32`, every step is rounded to `f32`.

use std::fmt;

use crate::lower::{Choice, Compute, Input, Instruction, Operand, Program, Reads, Size, Statement, Value, ValueId};
use crate::number::FloatType;
use crate::operators::Operator;

#[cfg(test)]
mod tests;

/// Numbers in row-major order; a scalar has no shape and one number.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// The size of each axis.
    pub shape: Vec<usize>,
    /// The numbers.
    pub data: Vec<f64>,
}

impl Tensor {
    /// One number.
    #[must_use]
    pub fn scalar(value: f64) -> Self {
        Self { shape: Vec::new(), data: vec![value] }
    }

    /// The numbers as `write` writes them, rows between brackets.
    #[must_use]
    pub fn text(&self, write: impl Fn(f64) -> String) -> String {
        let mut level: Vec<String> = self.data.iter().map(|value| write(*value)).collect();
        for axis in (0..self.shape.len()).rev() {
            let count: usize = self.shape[..axis].iter().product();
            let size = self.shape[axis];
            level = (0..count).map(|row| format!("[{}]", level[row * size..][..size].join(", "))).collect();
        }
        level.concat()
    }
}

/// Why a program cannot run on given inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvaluateError {
    /// Too many or too few inputs.
    Count(usize, usize),
    /// An input has another shape than the program says: its name, the expected and the given shape.
    Shape(String, String, String),
    /// A number of an integer input that is no position: the input, where in it, the number, the size of the axis.
    Position(String, Vec<usize>, String, usize),
    /// A maximum over nothing: the dimension of size 0.
    Empty(String),
    /// Values or results that together need more memory than the evaluator takes.
    TooLarge,
}

impl fmt::Display for EvaluateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(takes, given) => write!(f, "the formula takes {takes} inputs, {given} given"),
            Self::Shape(name, stated, given) => write!(f, "`{name}` is {stated}, but the value given is {given}"),
            Self::Position(name, at, value, size) => {
                let entry = if at.is_empty() { format!("`{name}`") } else { format!("`{name}{at:?}`") };
                write!(f, "{entry} is {value}, which is no position along an axis of size {size}")
            }
            Self::Empty(name) => write!(f, "a maximum over nothing: {name} = 0"),
            Self::TooLarge => f.write_str("the formula's values need more memory than the evaluator takes"),
        }
    }
}

impl std::error::Error for EvaluateError {}

/// The most numbers that a program may hold at once: 2 GiB.
pub(crate) const MOST_NUMBERS: usize = 1 << 28;

/// Runs a program.
///
/// # Errors
/// [`EvaluateError`]
pub fn evaluate(program: &Program, inputs: &[Tensor]) -> Result<Vec<Tensor>, EvaluateError> {
    let sizes = bind_sizes(&program.inputs, &program.dimensions, inputs)?;
    let mut machine = Machine::new(program, inputs, sizes)?;
    check_positions(&program.inputs, &program.bounds, &machine.sizes, inputs)?;
    machine.run(&program.body);
    Ok(program.outputs.iter().map(|output| machine.output(output)).collect())
}

/// The size of every named dimension, from the inputs' shapes.
pub(crate) fn bind_sizes(
    stated: &[Input],
    dimensions: &[String],
    inputs: &[Tensor],
) -> Result<Vec<usize>, EvaluateError> {
    if stated.len() != inputs.len() {
        return Err(EvaluateError::Count(stated.len(), inputs.len()));
    }
    let mut sizes: Vec<Option<usize>> = vec![None; dimensions.len()];
    for (input, tensor) in stated.iter().zip(inputs) {
        let fits = input.shape.len() == tensor.shape.len()
            && input.shape.iter().zip(&tensor.shape).all(|(size, given)| match size {
                Size::Literal(size) => *size as usize == *given,
                Size::Named(place) => *sizes[*place as usize].get_or_insert(*given) == *given,
            })
            && tensor.data.len() == tensor.shape.iter().product::<usize>();
        if !fits {
            let dims = input.shape.iter().map(|size| match size {
                Size::Literal(size) => size.to_string(),
                Size::Named(place) => {
                    let name = &dimensions[*place as usize];
                    sizes[*place as usize].map_or_else(|| name.clone(), |size| format!("{name} = {size}"))
                }
            });
            let stated = shape_text(&dims.collect::<Vec<_>>());
            let given = shape_text(&tensor.shape.iter().map(ToString::to_string).collect::<Vec<_>>());
            return Err(EvaluateError::Shape(input.name.clone(), stated, given));
        }
    }
    Ok(sizes.into_iter().map(|size| size.unwrap_or(1)).collect())
}

/// Whether what indexes arrays is inside of them.
pub(crate) fn check_positions(
    stated: &[Input],
    bounds: &[(u32, Size)],
    sizes: &[usize],
    inputs: &[Tensor],
) -> Result<(), EvaluateError> {
    for (input, size) in bounds {
        let size = match size {
            Size::Literal(size) => *size as usize,
            Size::Named(name) => sizes[*name as usize],
        };
        let tensor = &inputs[*input as usize];
        let is_position = |value: &f64| *value >= 0.0 && *value < size as f64 && value.fract() == 0.0;
        let Some(mut place) = tensor.data.iter().position(|value| !is_position(value)) else { continue };
        let (name, value) = (stated[*input as usize].name.clone(), tensor.data[place].to_string());
        let mut at = vec![0; tensor.shape.len()];
        for (at, size) in at.iter_mut().zip(&tensor.shape).rev() {
            *at = place % size;
            place /= size;
        }
        return Err(EvaluateError::Position(name, at, value, size));
    }
    Ok(())
}

fn shape_text(dims: &[String]) -> String {
    if dims.is_empty() { "a scalar".into() } else { format!("[{}]", dims.join(", ")) }
}

struct Machine<'a> {
    program: &'a Program,
    inputs: &'a [Tensor],
    sizes: Vec<usize>,
    /// Where each value starts in the memory.
    starts: Vec<usize>,
    memory: Vec<f64>,
}

impl<'a> Machine<'a> {
    fn new(program: &'a Program, inputs: &'a [Tensor], sizes: Vec<usize>) -> Result<Self, EvaluateError> {
        let mut machine = Self { program, inputs, sizes, starts: Vec::new(), memory: Vec::new() };
        let mut total = 0;
        for value in &program.values {
            machine.starts.push(total);
            total = machine.grown(total, &value.shape)?;
        }
        // A result may have many more numbers than the value that it repeats.
        program.outputs.iter().try_fold(total, |total, output| machine.grown(total, &output.shape))?;
        machine.memory = vec![0.0; total];
        Ok(machine)
    }

    /// So many numbers, and those of one more shape.
    fn grown(&self, total: usize, shape: &[Size]) -> Result<usize, EvaluateError> {
        let count = shape.iter().try_fold(1_usize, |count, size| count.checked_mul(self.size(size)));
        let grown = count.and_then(|count| total.checked_add(count));
        grown.filter(|grown| *grown <= MOST_NUMBERS).ok_or(EvaluateError::TooLarge)
    }

    fn size(&self, size: &Size) -> usize {
        match size {
            Size::Literal(size) => *size as usize,
            Size::Named(place) => self.sizes[*place as usize],
        }
    }

    fn run(&mut self, body: &'a [Statement]) {
        // Branches nest at most as deep as lowering lets them; the stack of what remains is ours all the same.
        let mut pending: Vec<(&'a [Statement], Option<&'a Statement>, bool)> = vec![(body, None, false)];
        while let Some((statements, branch, taken)) = pending.pop() {
            let Some((first, rest)) = statements.split_first() else {
                if let Some(Statement::Branch { choices, .. }) = branch {
                    for choice in choices {
                        self.choose(choice, taken);
                    }
                }
                continue;
            };
            pending.push((rest, branch, taken));
            match first {
                Statement::Instruction(instruction) => self.step(instruction),
                Statement::Branch { condition, yes, no, .. } => {
                    let taken = self.memory[self.starts[condition.index()]] != 0.0;
                    pending.push((if taken { yes } else { no }, Some(first), taken));
                }
            }
        }
    }

    fn value(&self, value: ValueId) -> &'a Value {
        &self.program.values[value.index()]
    }

    fn shape(&self, value: ValueId) -> Vec<usize> {
        self.value(value).shape.iter().map(|size| self.size(size)).collect()
    }

    fn choose(&mut self, choice: &Choice, taken: bool) {
        let operand = if taken { &choice.yes } else { &choice.no };
        let shape = self.shape(choice.target);
        let walk = [self.strides(operand, shape.len())];
        let start = self.starts[choice.target.index()];
        each(&shape, &walk, &[self.starts[operand.value.index()]], |at, from| {
            self.memory[start + at] = self.memory[from[0]]
        });
    }

    /// How far one step along each axis of the instruction moves in the operand.
    fn strides(&self, operand: &Operand, axes: usize) -> Vec<usize> {
        let slots: Vec<usize> = operand.axes.iter().map(|axis| usize::from(*axis)).collect();
        self.strides_of(operand.value, &slots, axes)
    }

    /// The same for a value whose slots take these axes.
    fn strides_of(&self, value: ValueId, slots: &[usize], axes: usize) -> Vec<usize> {
        let mut strides = vec![0; axes];
        let mut stride = 1;
        for (axis, size) in slots.iter().zip(self.shape(value)).rev() {
            strides[*axis] += stride;
            stride *= size;
        }
        strides
    }

    fn round(&self, value: f64) -> f64 {
        match self.program.float {
            FloatType::F64 => value,
            FloatType::F32 => f64::from(value as f32),
        }
    }

    fn step(&mut self, instruction: &Instruction) {
        let start = self.starts[instruction.target.index()];
        match &instruction.compute {
            Compute::Apply(operator) if self.value(instruction.target).shape.is_empty() => {
                let count = instruction.operands.len();
                let (mut few, mut many) = ([0.0; 3], Vec::new());
                let operands = match few.get_mut(..count) {
                    Some(few) => few,
                    None => {
                        many.resize(count, 0.0);
                        many.as_mut_slice()
                    }
                };
                for (value, operand) in operands.iter_mut().zip(&instruction.operands) {
                    *value = self.memory[self.starts[operand.value.index()]];
                }
                self.memory[start] = self.apply(*operator, operands);
            }
            Compute::Apply(operator) => self.elementwise(*operator, instruction),
            Compute::Access(reads) => self.access(reads, instruction),
            Compute::Placed(along, reads) => self.place(*along, reads, instruction),
            // Found after this: see `loops`.
            Compute::Contract => self.memory[start] = f64::NAN,
            Compute::Sum => self.reduce(instruction, 0.0, |sum, value| sum + value),
            Compute::Prod => self.reduce(instruction, 1.0, |product, value| product * value),
            Compute::Max => self.reduce(instruction, f64::NEG_INFINITY, |most, value| {
                (Operator::Maximum.row().evaluate)(&[most, value])
            }),
            Compute::Input(place) => {
                for (at, given) in self.inputs[*place as usize].data.iter().enumerate() {
                    self.memory[start + at] = self.round(*given);
                }
            }
            // Programs that take saved values are emitted, not run.
            Compute::Given(_) => self.memory[start] = f64::NAN,
            Compute::Constant(number) => self.memory[start] = number.nearest(self.program.float),
            Compute::Truth(value) => self.memory[start] = f64::from(u8::from(*value)),
            Compute::Size(size) => self.memory[start] = self.round(self.size(size) as f64),
            Compute::Iota => {
                let count = self.shape(instruction.target)[0];
                (0..count).for_each(|place| self.memory[start + place] = self.round(place as f64));
            }
            Compute::Delta => {
                let count = self.shape(instruction.target)[0];
                (0..count).for_each(|place| self.memory[start + place * (count + 1)] = 1.0);
            }
        }
    }

    fn apply(&self, operator: Operator, operands: &[f64]) -> f64 {
        self.round((operator.row().evaluate)(operands))
    }

    fn elementwise(&mut self, operator: Operator, instruction: &Instruction) {
        let shape = self.shape(instruction.target);
        let start = self.starts[instruction.target.index()];
        let walks: Vec<Vec<usize>> =
            instruction.operands.iter().map(|operand| self.strides(operand, shape.len())).collect();
        let from: Vec<usize> = instruction.operands.iter().map(|operand| self.starts[operand.value.index()]).collect();
        let mut values = vec![0.0; from.len()];
        each(&shape, &walks, &from, |at, from| {
            for (value, place) in values.iter_mut().zip(from) {
                *value = self.memory[*place];
            }
            self.memory[start + at] = self.apply(operator, &values);
        });
    }

    /// Where a position along a slot is, when the instruction's axes are there; it may be outside.
    fn position(&self, reads: &Reads, axes: &[usize]) -> i64 {
        let along = |slots: &[u8]| slots.iter().map(|slot| axes[usize::from(*slot)] as i64).sum::<i64>();
        match reads {
            Reads::Slot(slot) => axes[usize::from(*slot)] as i64,
            Reads::Stated(position) => i64::from(*position),
            Reads::Shifted(plus, minus, offset) => along(plus) - along(minus) + offset,
            Reads::Given(input, reads) => {
                let tensor = &self.inputs[*input as usize];
                let mut place = 0;
                for (read, size) in reads.iter().zip(&tensor.shape) {
                    place = place * size + self.position(read, axes) as usize;
                }
                tensor.data[place] as i64
            }
        }
    }

    fn access(&mut self, reads: &[Reads], instruction: &Instruction) {
        let Some(array) = instruction.operands.first() else { return };
        let slots: Vec<usize> = (0..reads.len()).collect();
        let strides = self.strides_of(array.value, &slots, reads.len());
        let (start, from) = (self.starts[instruction.target.index()], self.starts[array.value.index()]);
        for (at, axes) in positions(&self.shape(instruction.target)).enumerate() {
            let place = reads.iter().zip(&strides).map(|(read, stride)| self.position(read, &axes) as usize * stride);
            self.memory[start + at] = self.memory[from + place.sum::<usize>()];
        }
    }

    fn place(&mut self, along: u8, reads: &Reads, instruction: &Instruction) {
        let Some(operand) = instruction.operands.first() else { return };
        let shape = self.shape(instruction.target);
        let mut all = shape.clone();
        all.extend(instruction.closed.iter().map(|size| self.size(size)));
        let along = usize::from(along);
        let size = std::mem::replace(&mut all[along], 1);
        let from = self.strides(operand, all.len());
        let slots: Vec<usize> = (0..shape.len()).collect();
        let to = self.strides_of(instruction.target, &slots, all.len());
        let (start, source) = (self.starts[instruction.target.index()], self.starts[operand.value.index()]);
        self.memory[start..start + shape.iter().product::<usize>()].fill(0.0);
        for mut axes in positions(&all) {
            let value = self.memory[source + axes.iter().zip(&from).map(|(at, stride)| at * stride).sum::<usize>()];
            let position = self.position(reads, &axes);
            if let Some(position) = usize::try_from(position).ok().filter(|position| *position < size) {
                axes[along] = position;
                let place = start + axes.iter().zip(&to).map(|(at, stride)| at * stride).sum::<usize>();
                self.memory[place] = self.round(self.memory[place] + value);
            }
        }
    }

    fn reduce(&mut self, instruction: &Instruction, empty: f64, step: impl Fn(f64, f64) -> f64) {
        let shape = self.shape(instruction.target);
        let closed: Vec<usize> = instruction.closed.iter().map(|size| self.size(size)).collect();
        let Some(body) = instruction.operands.first() else { return };
        let strides = self.strides(body, shape.len() + closed.len());
        let (outer, inner) = strides.split_at(shape.len());
        let start = self.starts[instruction.target.index()];
        each(&shape, &[outer.to_vec()], &[self.starts[body.value.index()]], |at, from| {
            let mut result = empty;
            each(&closed, &[inner.to_vec()], from, |_, from| {
                result = self.round(step(result, self.memory[from[0]]));
            });
            self.memory[start + at] = result;
        });
    }

    fn output(&self, output: &crate::lower::Output) -> Tensor {
        let shape: Vec<usize> = output.shape.iter().map(|size| self.size(size)).collect();
        let walk = [self.strides_of(output.value, &output.slots, shape.len())];
        let mut data = Vec::with_capacity(shape.iter().product());
        each(&shape, &walk, &[self.starts[output.value.index()]], |_, from| data.push(self.memory[from[0]]));
        Tensor { shape, data }
    }
}

/// All positions of a shape in row-major order.
fn positions(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> + use<> {
    let shape = shape.to_vec();
    (0..shape.iter().product()).map(move |mut number: usize| {
        let mut position = vec![0; shape.len()];
        for (at, size) in position.iter_mut().zip(&shape).rev() {
            *at = number % size;
            number /= size;
        }
        position
    })
}

/// Walks all positions of a shape in row-major order; `visit` gets the position's number and where each operand is.
fn each(shape: &[usize], strides: &[Vec<usize>], starts: &[usize], mut visit: impl FnMut(usize, &[usize])) {
    let count: usize = shape.iter().product();
    let mut position = vec![0; shape.len()];
    let mut places = starts.to_vec();
    for at in 0..count {
        visit(at, &places);
        for axis in (0..shape.len()).rev() {
            position[axis] += 1;
            for (place, strides) in places.iter_mut().zip(strides) {
                *place += strides[axis];
            }
            if position[axis] < shape[axis] {
                break;
            }
            for (place, strides) in places.iter_mut().zip(strides) {
                *place -= strides[axis] * shape[axis];
            }
            position[axis] = 0;
        }
    }
}
