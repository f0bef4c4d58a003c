//! The steps of a tree of loops.
//!
//! In: a program, and its clusters in loops. Out: a [`Routine`], every buffer with a storage of its own. A scalar that a
//! body has computed already, or one around it, is not computed again.

use std::collections::HashMap;

use super::clusters::{At, Part};
use super::place::{Item, LoopId, Made, Placed, Placement};
use super::{
    Buffer, BufferId, Choice, Contraction, Factor, Index, Outcome, Place, Position, Register, Routine, Scalar, Step,
    Storage,
};
use crate::lower::{Compute, Instruction, Operand, Program, Size, Statement, ValueId};
use crate::operators::Kind;

pub(super) fn write(program: &Program, tree: Placement) -> Routine {
    let routine = Routine {
        float: program.float,
        dimensions: program.dimensions.clone(),
        inputs: program.inputs.clone(),
        bounds: program.bounds.clone(),
        registers: Vec::new(),
        indices: tree.loops.iter().map(|inner| inner.size.clone()).collect(),
        buffers: Vec::new(),
        storages: Vec::new(),
        body: Vec::new(),
        outputs: Vec::new(),
        maxima: maxima(&program.body),
    };
    let count = tree.made.len();
    let mut writer = Writer {
        program,
        before: vec![Vec::new(); tree.loops.len()],
        after: vec![Vec::new(); tree.loops.len()],
        tree: &tree,
        routine,
        registers: vec![None; count],
        buffers: vec![None; count],
        scopes: vec![HashMap::new()],
    };
    let mut body = Vec::new();
    writer.atoms(&mut body);
    writer.items(&tree.body, &mut body);
    writer.routine.body = body;
    writer.outputs();
    writer.routine
}

/// Branches nest at most as deep as lowering lets them.
fn maxima(body: &[Statement]) -> Vec<u32> {
    let mut all = Vec::new();
    for statement in body {
        match statement {
            Statement::Instruction(instruction) if instruction.compute == Compute::Max => {
                let named = |size: &Size| if let Size::Named(name) = size { Some(*name) } else { None };
                all.extend(instruction.closed.iter().filter_map(named));
            }
            Statement::Instruction(_) => {}
            Statement::Branch { yes, no, .. } => {
                all.extend(maxima(yes));
                all.extend(maxima(no));
            }
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

struct Writer<'w> {
    program: &'w Program,
    tree: &'w Placement<'w>,
    routine: Routine,
    registers: Vec<Option<Register>>,
    buffers: Vec<Option<BufferId>>,
    /// What stands right before and behind each loop.
    before: Vec<Vec<Step>>,
    after: Vec<Vec<Step>>,
    /// What is computed already, in the bodies around, the innermost last.
    scopes: Vec<HashMap<Scalar, Register>>,
}

impl Writer<'_> {
    fn atoms(&mut self, out: &mut Vec<Step>) {
        for instruction in &self.tree.atoms {
            let value = &self.program.values[instruction.target.index()];
            let scalar = match &instruction.compute {
                Compute::Input(place) if !value.shape.is_empty() => {
                    self.given_buffer(instruction.target, Place::Input(*place));
                    continue;
                }
                Compute::Given(place) if !value.shape.is_empty() => {
                    self.given_buffer(instruction.target, Place::Given(*place));
                    continue;
                }
                Compute::Input(place) => Scalar::Input(*place),
                Compute::Given(place) => Scalar::Given(*place),
                Compute::Truth(truth) => Scalar::Truth(*truth),
                Compute::Size(size) => Scalar::Size(size.clone()),
                Compute::Apply(operator) => Scalar::Apply(*operator, Vec::new()),
                Compute::Constant(number) => Scalar::Constant(*number),
                // No other instruction is known from the start.
                _ => continue,
            };
            let register = self.compute(scalar, value.kind, out);
            self.registers[instruction.target.index()] = Some(register);
        }
    }

    fn given_buffer(&mut self, value: ValueId, place: Place) {
        let given = &self.program.values[value.index()];
        let buffer = Buffer { kind: given.kind, shape: given.shape.clone(), place };
        self.routine.buffers.push(buffer);
        self.buffers[value.index()] = Some(BufferId(self.routine.buffers.len() as u32 - 1));
    }

    fn register(&mut self, kind: Kind) -> Register {
        self.routine.registers.push(kind);
        Register(self.routine.registers.len() as u32 - 1)
    }

    /// The register of a scalar, computed here if it is not known yet.
    fn compute(&mut self, scalar: Scalar, kind: Kind, out: &mut Vec<Step>) -> Register {
        if let Some(known) = self.scopes.iter().rev().find_map(|scope| scope.get(&scalar)) {
            return *known;
        }
        let register = self.register(kind);
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(scalar.clone(), register);
        }
        out.push(Step::Compute(register, scalar));
        register
    }

    /// Trees are as deep as arrays have axes, and branches nest.
    fn items(&mut self, items: &[Item], out: &mut Vec<Step>) {
        for item in items {
            match item {
                Item::Cluster(placed) => self.cluster(&self.tree.placed[*placed], out),
                Item::Loop(inner) => {
                    let place = inner.0 as usize;
                    let body = self.inner(&self.tree.loops[place].items);
                    out.append(&mut self.before[place]);
                    out.push(Step::Loop(Index(inner.0), body));
                    out.append(&mut self.after[place]);
                }
                Item::Contract(instruction) => self.contract(instruction, out),
                Item::Branch { condition, arms, choices } => self.branch(*condition, arms, choices, out),
            }
        }
    }

    fn inner(&mut self, items: &[Item]) -> Vec<Step> {
        self.scopes.push(HashMap::new());
        let mut body = Vec::new();
        self.items(items, &mut body);
        self.scopes.pop();
        body
    }

    fn branch(
        &mut self,
        condition: ValueId,
        arms: &[Vec<Item>; 2],
        choices: &[crate::lower::Choice],
        out: &mut Vec<Step>,
    ) {
        let [yes, no] = [&arms[0], &arms[1]].map(|arm| self.inner(arm));
        let mut chosen = Vec::new();
        for choice in choices {
            let value = &self.program.values[choice.target.index()];
            if value.shape.is_empty() {
                let target = self.register(value.kind);
                let [yes, no] = [&choice.yes, &choice.no].map(|operand| self.scalar(operand.value));
                self.registers[choice.target.index()] = Some(target);
                chosen.push(Choice { target, yes, no });
            }
        }
        let condition = self.scalar(condition);
        out.push(Step::Branch { condition, yes, no, choices: chosen });
    }

    /// The register of a scalar value. Another number in its place would be wrong without a word.
    fn scalar(&self, value: ValueId) -> Register {
        self.registers[value.index()].unwrap_or_else(|| unreachable!("values stand before their users"))
    }

    fn made(&self, value: ValueId) -> Option<&Made> {
        self.tree.made[value.index()].as_ref()
    }

    /// The slots of a value that its buffer has, in the order in which they lie there.
    fn stored(&self, value: ValueId) -> Vec<usize> {
        if let Some((_, order)) = &self.tree.direct[value.index()] {
            // The buffer's axis of this number is that slot.
            return (0..order.len()).filter_map(|axis| order.iter().position(|own| *own == axis)).collect();
        }
        let Some(made) = self.made(value) else { return Vec::new() };
        let stored = |slot: &usize| made.stored.as_ref().is_none_or(|stored| stored[*slot]);
        self.tree.slots(value, made.loops.len()).into_iter().filter(stored).collect()
    }

    /// The buffer of a value, made when it is needed first.
    fn buffer(&mut self, value: ValueId) -> BufferId {
        if let Some(buffer) = self.buffers[value.index()] {
            return buffer;
        }
        let copied = value.index().checked_sub(self.program.values.len());
        let (kind, shape) = match copied {
            Some(output) => {
                let output = &self.program.outputs[output];
                (self.program.values[output.value.index()].kind, output.shape.clone())
            }
            None => {
                let own = &self.program.values[value.index()];
                (own.kind, self.stored(value).into_iter().map(|slot| own.shape[slot].clone()).collect())
            }
        };
        let place = match &self.tree.direct[value.index()] {
            Some((output, _)) => Place::Output(*output),
            None => {
                self.routine.storages.push(Storage { kind, shape: shape.clone() });
                Place::Scratch(self.routine.storages.len() as u32 - 1)
            }
        };
        self.routine.buffers.push(Buffer { kind, shape, place });
        let buffer = BufferId(self.routine.buffers.len() as u32 - 1);
        self.buffers[value.index()] = Some(buffer);
        buffer
    }

    fn cluster(&mut self, placed: &Placed, out: &mut Vec<Step>) {
        let cluster = &placed.cluster;
        let kind = match self.program.values.get(cluster.target.index()) {
            Some(value) => value.kind,
            None => {
                self.program.values
                    [self.program.outputs[cluster.target.index() - self.program.values.len()].value.index()]
                .kind
            }
        };
        let value = self.parts(placed, out);
        let stored = self.tree.direct[cluster.target.index()].is_some()
            || self.made(cluster.target).is_some_and(|made| made.stored.is_some());
        let slots = if stored { self.stored(cluster.target) } else { Vec::new() };
        let at: Vec<Position> = slots.iter().map(|slot| placed.position(*slot)).collect();
        let Some(reduction) = cluster.reduction.filter(|_| placed.closes.is_some() || cluster.placed.is_some()) else {
            self.registers[cluster.target.index()] = Some(value);
            if stored {
                let buffer = self.buffer(cluster.target);
                out.push(Step::Store(buffer, at, value));
            }
            return;
        };
        let made = self.made(cluster.target);
        let outside = |slot: usize| made.is_some_and(|made| made.loops[slot].is_some());
        if let Some(closes) = placed.closes
            && (0..made.map_or(0, |made| made.loops.len())).all(outside)
        {
            let place = closes.0 as usize;
            let state = self.register(kind);
            self.before[place].push(Step::Begin(state, reduction));
            out.push(Step::Update(state, reduction, value));
            self.registers[cluster.target.index()] = Some(state);
            if stored {
                let buffer = self.buffer(cluster.target);
                self.after[place].push(Step::Store(buffer, at, state));
            }
            return;
        }
        let rows = slots.iter().zip(&at).map(|(slot, at)| outside(*slot).then(|| at.clone())).collect();
        let buffer = self.buffer(cluster.target);
        let fill = Step::Fill(buffer, rows, reduction);
        match placed.closes {
            Some(closes) => self.before[closes.0 as usize].push(fill),
            None => out.push(fill),
        }
        out.push(Step::Reduce(buffer, at, value, reduction));
    }

    /// The scalars of a cluster, the last of them its value.
    fn parts(&mut self, placed: &Placed, out: &mut Vec<Step>) -> Register {
        let mut registers: Vec<Register> = Vec::with_capacity(placed.cluster.parts.len());
        for part in &placed.cluster.parts {
            let register = match part {
                Part::Leaf(leaf) => self.leaf(placed, *leaf, out),
                Part::Position(at) => {
                    let scalar = Scalar::Position(position(at, &placed.loops));
                    self.compute(scalar, Kind::Number, out)
                }
                Part::Same(left, right) => {
                    let scalar = Scalar::Same(position(left, &placed.loops), position(right, &placed.loops));
                    self.compute(scalar, Kind::Truth, out)
                }
                Part::Apply(operator, operands) => {
                    let operands = operands.iter().map(|operand| registers[*operand]).collect();
                    self.compute(Scalar::Apply(*operator, operands), operator.row().result, out)
                }
            };
            registers.push(register);
        }
        registers[placed.cluster.value]
    }

    /// A value that a cluster reads: in a register if it was computed at the same position, else from its buffer.
    fn leaf(&mut self, placed: &Placed, leaf: usize, out: &mut Vec<Step>) -> Register {
        let leaf = &placed.cluster.leaves[leaf];
        let here = |at: &At| match at {
            At::Axis(axis) => Some(placed.loops[usize::from(*axis)]),
            _ => None,
        };
        let made = self.made(leaf.value);
        let same =
            made.is_none_or(|made| made.loops.iter().zip(&leaf.at).all(|(own, at)| own.is_some() && *own == here(at)));
        if let Some(register) = self.registers[leaf.value.index()].filter(|_| same) {
            return register;
        }
        let slots = self.stored(leaf.value);
        let at = slots.iter().map(|slot| position(&leaf.at[*slot], &placed.loops)).collect();
        let buffer = self.buffer(leaf.value);
        let kind = self.program.values[leaf.value.index()].kind;
        self.compute(Scalar::Load(buffer, at), kind, out)
    }

    fn contract(&mut self, instruction: &Instruction, out: &mut Vec<Step>) {
        let mut sizes = self.program.values[instruction.target.index()].shape.clone();
        let rank = sizes.len();
        sizes.extend(instruction.closed.iter().cloned());
        let factor = |writer: &mut Self, operand: &Operand| {
            let slots = writer.stored(operand.value);
            let axes = slots.iter().map(|slot| operand.axes[*slot]).collect();
            Factor { buffer: writer.buffer(operand.value), axes }
        };
        let own = Operand { value: instruction.target, axes: (0..rank as u8).collect() };
        let target = factor(self, &own);
        let mut factors =
            instruction.operands.iter().map(|operand| factor(self, operand)).collect::<Vec<_>>().into_iter();
        if let (Some(left), Some(right)) = (factors.next(), factors.next()) {
            let buffer = target.buffer;
            out.push(Step::Contract(Contraction { sizes, out: target, left, right }));
            if rank == 0 {
                let register = self.compute(Scalar::Load(buffer, Vec::new()), Kind::Number, out);
                self.registers[instruction.target.index()] = Some(register);
            }
        }
    }

    fn outputs(&mut self) {
        for (number, output) in self.program.outputs.iter().enumerate() {
            let outcome = match self.tree.copies[number] {
                Some(copy) => Outcome::Buffer(self.buffer(copy)),
                None if output.shape.is_empty() => Outcome::Register(self.scalar(output.value)),
                None => Outcome::Buffer(self.buffer(output.value)),
            };
            self.routine.outputs.push(outcome);
        }
    }
}

fn position(at: &At, loops: &[LoopId]) -> Position {
    let index = |axis: &u8| Index(loops[usize::from(*axis)].0);
    match at {
        At::Axis(axis) => Position::Index(index(axis)),
        At::Stated(position) => Position::Stated(*position),
        At::Shifted(plus, minus, offset) => {
            Position::Shifted(plus.iter().map(index).collect(), minus.iter().map(index).collect(), *offset)
        }
        At::Given(input, at) => Position::Given(*input, at.iter().map(|at| position(at, loops)).collect()),
    }
}

impl Placed {
    /// Where a slot of the target is.
    fn position(&self, slot: usize) -> Position {
        match &self.cluster.placed {
            Some((along, at)) if *along == slot => position(at, &self.loops),
            Some((along, _)) if *along < slot => Position::Index(Index(self.loops[slot - 1].0)),
            _ => Position::Index(Index(self.loops[slot].0)),
        }
    }
}
