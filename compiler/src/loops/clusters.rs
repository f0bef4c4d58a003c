//! Which instructions are computed together, element by element.
//!
//! In: a program. Out: for each array that is stored or reduced a *cluster*: the elementwise instructions that only it
//! reads and that have all of its axes, as scalar parts over the cluster's axes, and the *leaves* that it reads.
//! Positions, deltas and what is made of them alone are computed wherever they are read.

use std::collections::HashMap;

use super::Reduction;
use crate::lower::{Compute, Instruction, Operand, Output, Program, Reads, Statement, ValueId};
use crate::operators::Operator;

/// Where a leaf is read along one of its slots.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum At {
    /// Along an axis of the cluster.
    Axis(u8),
    /// At a stated position.
    Stated(u32),
    /// Where some axes are, less where others are, and a number.
    Shifted(Vec<u8>, Vec<u8>, i64),
    /// What an element of an integer input says.
    Given(u32, Vec<At>),
}

impl At {
    /// A position of an instruction whose axes are there.
    fn of(reads: &Reads, axes: &[At]) -> Self {
        match reads {
            Reads::Slot(slot) => axes[usize::from(*slot)].clone(),
            Reads::Stated(position) => Self::Stated(*position),
            Reads::Shifted(plus, minus, offset) => {
                let mut sum = (Vec::new(), Vec::new(), *offset);
                plus.iter().for_each(|slot| axes[usize::from(*slot)].add_to(&mut sum, false));
                minus.iter().for_each(|slot| axes[usize::from(*slot)].add_to(&mut sum, true));
                Self::Shifted(sum.0, sum.1, sum.2)
            }
            Reads::Given(input, reads) => Self::Given(*input, reads.iter().map(|read| Self::of(read, axes)).collect()),
        }
    }

    /// Adds a position to a shifted one, or subtracts it.
    fn add_to(&self, sum: &mut (Vec<u8>, Vec<u8>, i64), negative: bool) {
        let (plus, minus, offset) = match self {
            Self::Axis(axis) => (vec![*axis], Vec::new(), 0),
            Self::Stated(position) => (Vec::new(), Vec::new(), i64::from(*position)),
            Self::Shifted(plus, minus, offset) => (plus.clone(), minus.clone(), *offset),
            Self::Given(..) => unreachable!("the graph adds no given positions"),
        };
        let (plus, minus, offset) = if negative { (minus, plus, -offset) } else { (plus, minus, offset) };
        sum.0.extend(plus);
        sum.1.extend(minus);
        sum.2 += offset;
    }
}

/// A value that a cluster reads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Leaf {
    pub(super) value: ValueId,
    pub(super) at: Vec<At>,
}

/// A scalar of a cluster; parts are referred to by their number.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Leaf(usize),
    Position(At),
    Same(At, At),
    Apply(Operator, Vec<usize>),
}

/// What is computed in one body of loops.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    /// What it defines.
    pub(super) target: ValueId,
    /// How many of its axes are the target's; the others are closed.
    pub(super) slots: usize,
    /// All its axes.
    pub(super) sizes: Vec<crate::lower::Size>,
    /// How the closed ones are reduced.
    pub(super) reduction: Option<Reduction>,
    /// The slot of the target that none of the axes is, and where values are placed along it.
    pub(super) placed: Option<(usize, At)>,
    /// Operands first.
    pub(super) parts: Vec<Part>,
    /// The part that is the value at each position.
    pub(super) value: usize,
    /// What it reads.
    pub(super) leaves: Vec<Leaf>,
}

/// How a value is come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A scalar that is known from the start.
    Atom,
    /// An array that is there from the start.
    Array,
    /// Computed wherever it is read.
    Everywhere,
    /// Computed inside the cluster of another value.
    Inside,
    /// Computed by itself.
    Own,
}

/// All that clusters are made from.
pub(super) struct Clusters<'a> {
    program: &'a Program,
    definitions: Vec<Option<&'a Instruction>>,
    roles: Vec<Role>,
}

impl<'a> Clusters<'a> {
    pub(super) fn new(program: &'a Program) -> Self {
        let mut uses = Uses::new(program);
        uses.block(&program.body);
        program.outputs.iter().for_each(|output| uses.pinned[output.value.index()] = true);
        let mut clusters = Self { program, definitions: uses.definitions, roles: roles(program) };
        let mut homes: Vec<Option<Home>> = vec![None; program.values.len()];
        for instruction in uses.order.iter().rev() {
            let target = instruction.target.index();
            let local = program.values[target].shape.len() + instruction.closed.len();
            let own = Home { root: instruction.target, map: (0..local as u8).collect() };
            let candidate = clusters.roles[target] == Role::Own
                && matches!(instruction.compute, Compute::Apply(_))
                && !program.values[target].shape.is_empty()
                && !uses.pinned[target];
            let shared = candidate.then(|| clusters.shared_home(&uses.users[target], &homes)).flatten();
            if shared.is_some() {
                clusters.roles[target] = Role::Inside;
            }
            homes[target] = Some(shared.unwrap_or(own));
        }
        clusters
    }

    /// The one cluster that all who read a value are computed in, if they read it at that cluster's own positions.
    fn shared_home(&self, users: &[(ValueId, &[u8])], homes: &[Option<Home>]) -> Option<Home> {
        let mut found: Option<Home> = None;
        for (user, axes) in users {
            let definition = self.definitions[user.index()]?;
            let fits = matches!(definition.compute, Compute::Apply(_) | Compute::Sum | Compute::Max | Compute::Prod);
            let home = homes[user.index()].as_ref().filter(|_| fits)?;
            let root = self.definitions[home.root.index()]?;
            let count = self.program.values[home.root.index()].shape.len() + root.closed.len();
            let map: Vec<u8> = axes.iter().map(|axis| home.map[usize::from(*axis)]).collect();
            let distinct = (0..count as u8).all(|axis| map.contains(&axis)) && map.len() == count;
            let here = Home { root: home.root, map };
            if !distinct || found.as_ref().is_some_and(|found| *found != here) {
                return None;
            }
            found = Some(here);
        }
        found
    }

    pub(super) fn role(&self, value: ValueId) -> Role {
        self.roles[value.index()]
    }

    /// The cluster of an instruction that is computed by itself.
    pub(super) fn of(&self, instruction: &Instruction) -> Cluster {
        if let Compute::Placed(along, reads) = &instruction.compute {
            return self.placed(instruction, usize::from(*along), reads);
        }
        let slots = self.program.values[instruction.target.index()].shape.len();
        let reduction = match instruction.compute {
            Compute::Sum => Some(Reduction::Sum),
            Compute::Max => Some(Reduction::Max),
            Compute::Prod => Some(Reduction::Prod),
            _ => None,
        };
        let mut sizes = self.program.values[instruction.target.index()].shape.clone();
        sizes.extend(instruction.closed.iter().cloned());
        let mut builder = Builder::new(self);
        let value = match (reduction, instruction.operands.first()) {
            (Some(_), Some(body)) => builder.add(body.value, along(&body.axes)),
            _ => builder.add_instruction(instruction, (0..slots as u8).map(At::Axis).collect()),
        };
        let (parts, leaves) = (builder.parts, builder.leaves);
        Cluster { target: instruction.target, slots, sizes, reduction, placed: None, parts, value, leaves }
    }

    /// The cluster of values that are placed along a slot: that slot is none of its axes.
    fn placed(&self, instruction: &Instruction, along: usize, reads: &Reads) -> Cluster {
        let mut sizes = self.program.values[instruction.target.index()].shape.clone();
        let slots = sizes.len() - 1;
        sizes.extend(instruction.closed.iter().cloned());
        sizes.remove(along);
        let axis = |local: usize| At::Axis(if local > along { local as u8 - 1 } else { local as u8 });
        let axes: Vec<At> = (0..=sizes.len()).map(axis).collect();
        let mut builder = Builder::new(self);
        let operand = &instruction.operands[0];
        let value =
            builder.add(operand.value, operand.axes.iter().map(|local| axes[usize::from(*local)].clone()).collect());
        let (parts, leaves) = (builder.parts, builder.leaves);
        let (reduction, placed) = (Some(Reduction::Sum), Some((along, At::of(reads, &axes))));
        Cluster { target: instruction.target, slots, sizes, reduction, placed, parts, value, leaves }
    }

    /// A cluster that copies a value to where `target` is; one position for each slot of the value.
    pub(super) fn copy(&self, target: ValueId, value: ValueId, at: Vec<At>, sizes: Vec<crate::lower::Size>) -> Cluster {
        let mut builder = Builder::new(self);
        let value = builder.add(value, at);
        let (slots, parts, leaves) = (sizes.len(), builder.parts, builder.leaves);
        Cluster { target, slots, sizes, reduction: None, placed: None, parts, value, leaves }
    }

    /// Whether an output can be what its value is computed into: its declared axes are the value's in some order.
    pub(super) fn is_direct(&self, output: &Output) -> bool {
        let rank = output.shape.len();
        self.role(output.value) == Role::Own
            && output.slots.len() == rank
            && (0..rank).all(|axis| output.slots.contains(&axis))
            && rank > 0
    }
}

/// How each value is come by, as far as it says itself; nothing is [`Role::Inside`] another yet.
pub(super) fn roles(program: &Program) -> Vec<Role> {
    let mut uses = Uses::new(program);
    uses.block(&program.body);
    let mut roles = vec![Role::Own; program.values.len()];
    for instruction in uses.order {
        roles[instruction.target.index()] = role(program, &roles, instruction);
    }
    roles
}

fn role(program: &Program, roles: &[Role], instruction: &Instruction) -> Role {
    let scalar = program.values[instruction.target.index()].shape.is_empty();
    let known = |operand: &Operand| matches!(roles[operand.value.index()], Role::Atom | Role::Everywhere);
    match &instruction.compute {
        Compute::Input(_) | Compute::Given(_) if !scalar => Role::Array,
        Compute::Input(_) | Compute::Given(_) | Compute::Constant(_) | Compute::Truth(_) | Compute::Size(_) => {
            Role::Atom
        }
        Compute::Apply(operator) if operator.arity() == 0 => Role::Atom,
        Compute::Iota | Compute::Delta | Compute::Access(_) if !scalar => Role::Everywhere,
        Compute::Apply(_) if !scalar && instruction.operands.iter().all(known) => Role::Everywhere,
        _ => Role::Own,
    }
}

pub(super) fn along(axes: &[u8]) -> Vec<At> {
    axes.iter().map(|axis| At::Axis(*axis)).collect()
}

/// The cluster that a value is computed in, and which axis of that each of its local axes is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Home {
    root: ValueId,
    map: Vec<u8>,
}

/// Who reads what.
struct Uses<'a> {
    definitions: Vec<Option<&'a Instruction>>,
    /// All instructions, operands first.
    order: Vec<&'a Instruction>,
    users: Vec<Vec<(ValueId, &'a [u8])>>,
    /// What is read by others than instructions of its own block.
    pinned: Vec<bool>,
    block: Vec<u32>,
    blocks: u32,
}

impl<'a> Uses<'a> {
    fn new(program: &Program) -> Self {
        let count = program.values.len();
        Self {
            definitions: vec![None; count],
            order: Vec::new(),
            users: vec![Vec::new(); count],
            pinned: vec![false; count],
            block: vec![0; count],
            blocks: 0,
        }
    }

    /// Branches nest at most as deep as lowering lets them.
    fn block(&mut self, body: &'a [Statement]) {
        let own = self.blocks;
        self.blocks += 1;
        for statement in body {
            match statement {
                Statement::Instruction(instruction) => {
                    self.definitions[instruction.target.index()] = Some(instruction);
                    self.block[instruction.target.index()] = own;
                    self.order.push(instruction);
                    for operand in &instruction.operands {
                        let read = operand.value.index();
                        self.users[read].push((instruction.target, &operand.axes));
                        let elsewhere = self.block[read] != own;
                        let moved = matches!(instruction.compute, Compute::Access(_) | Compute::Placed(..));
                        self.pinned[read] |= elsewhere || moved;
                    }
                }
                Statement::Branch { yes, no, choices, .. } => {
                    self.block(yes);
                    self.block(no);
                    for choice in choices {
                        self.block[choice.target.index()] = own;
                        self.pinned[choice.yes.value.index()] = true;
                        self.pinned[choice.no.value.index()] = true;
                    }
                }
            }
        }
    }
}

/// Collects the parts of a cluster.
struct Builder<'c, 'a> {
    clusters: &'c Clusters<'a>,
    parts: Vec<Part>,
    leaves: Vec<Leaf>,
    known: HashMap<Leaf, usize>,
}

/// What is still to be done: a value, or an operator whose operands are parts already.
enum Task<'a> {
    Read(Leaf),
    Finish(&'a Instruction, Leaf, Vec<Leaf>),
}

impl<'c, 'a> Builder<'c, 'a> {
    fn new(clusters: &'c Clusters<'a>) -> Self {
        Self { clusters, parts: Vec::new(), leaves: Vec::new(), known: HashMap::new() }
    }

    /// The part that a value is.
    fn add(&mut self, value: ValueId, at: Vec<At>) -> usize {
        let leaf = Leaf { value, at };
        self.work(vec![Task::Read(leaf.clone())]);
        self.known[&leaf]
    }

    /// An instruction at its own positions, wherever it is computed otherwise.
    fn add_instruction(&mut self, instruction: &'a Instruction, at: Vec<At>) -> usize {
        let leaf = Leaf { value: instruction.target, at };
        let tasks = self.opened(instruction, leaf.clone());
        self.work(tasks);
        self.known[&leaf]
    }

    /// Chains of instructions may be long: the stack is a list.
    fn work(&mut self, mut tasks: Vec<Task<'a>>) {
        while let Some(task) = tasks.pop() {
            match task {
                Task::Read(leaf) if self.known.contains_key(&leaf) => {}
                Task::Read(leaf) => {
                    let inside = matches!(self.clusters.role(leaf.value), Role::Inside | Role::Everywhere);
                    match self.clusters.definitions[leaf.value.index()].filter(|_| inside) {
                        Some(definition) => tasks.extend(self.opened(definition, leaf)),
                        None => {
                            self.leaves.push(leaf.clone());
                            let part = Part::Leaf(self.leaves.len() - 1);
                            self.define(leaf, part);
                        }
                    }
                }
                Task::Finish(definition, leaf, operands) => {
                    let numbers: Vec<usize> = operands.iter().map(|operand| self.known[operand]).collect();
                    let part = match &definition.compute {
                        Compute::Apply(operator) => Part::Apply(*operator, numbers),
                        // Access: another name of what it reads.
                        _ => {
                            self.known.insert(leaf, numbers[0]);
                            continue;
                        }
                    };
                    self.define(leaf, part);
                }
            }
        }
    }

    fn define(&mut self, leaf: Leaf, part: Part) {
        self.parts.push(part);
        self.known.insert(leaf, self.parts.len() - 1);
    }

    /// The tasks that make a value from its definition.
    fn opened(&mut self, definition: &'a Instruction, leaf: Leaf) -> Vec<Task<'a>> {
        match &definition.compute {
            Compute::Iota => self.define(leaf.clone(), Part::Position(leaf.at[0].clone())),
            Compute::Delta => self.define(leaf.clone(), Part::Same(leaf.at[0].clone(), leaf.at[1].clone())),
            Compute::Access(reads) => {
                let at = reads.iter().map(|read| At::of(read, &leaf.at));
                let read = definition.operands.first().map(|array| Leaf { value: array.value, at: at.collect() });
                let all: Vec<Leaf> = read.into_iter().collect();
                let reading = all.iter().cloned().map(Task::Read).collect::<Vec<_>>();
                return [Task::Finish(definition, leaf, all)].into_iter().chain(reading).collect();
            }
            _ => {
                let place = |axis: &u8| leaf.at[usize::from(*axis)].clone();
                let read =
                    |operand: &Operand| Leaf { value: operand.value, at: operand.axes.iter().map(place).collect() };
                let operands: Vec<Leaf> = definition.operands.iter().map(read).collect();
                // The first operand is made first.
                let reading = operands.iter().rev().cloned().map(Task::Read).collect::<Vec<_>>();
                return [Task::Finish(definition, leaf, operands)].into_iter().chain(reading).collect();
            }
        }
        Vec::new()
    }
}
