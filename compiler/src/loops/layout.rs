//! In which order the axes of arrays lie in memory.
//!
//! In: a program whose contractions are found. Out: an order of slots for each array of the routine's own that a
//! contraction reads or writes and that would be in its way as it stands. A contraction is made of matrix products, which
//! are as large as axes of one class lie next to each other, and which step widely where a batch axis is the innermost one.
//!
//! Invariant: arrays that are given, and results, keep their order.

use super::clusters::{Role, roles};
use crate::lower::{Compute, Instruction, Program, Statement};

/// Of each value the slots in the order in which they lie in memory, where that is not their own order.
pub(super) type Layouts = Vec<Option<Vec<usize>>>;

pub(super) fn layouts(program: &Program) -> Layouts {
    let mut layouts = vec![None; program.values.len()];
    let mut seen: Vec<bool> = roles(program).into_iter().map(|role| role != Role::Own).collect();
    program.outputs.iter().for_each(|output| seen[output.value.index()] = true);
    block(program, &program.body, &mut seen, &mut layouts);
    layouts
}

/// Branches nest at most as deep as lowering lets them.
fn block(program: &Program, body: &[Statement], seen: &mut [bool], layouts: &mut Layouts) {
    for statement in body {
        match statement {
            Statement::Instruction(instruction) if instruction.compute == Compute::Contract => {
                contraction(program, instruction, seen, layouts);
            }
            Statement::Instruction(_) => {}
            Statement::Branch { yes, no, .. } => {
                block(program, yes, seen, layouts);
                block(program, no, seen, layouts);
            }
        }
    }
}

/// Of several contractions the first one decides.
fn contraction(program: &Program, instruction: &Instruction, seen: &mut [bool], layouts: &mut Layouts) {
    let rank = program.values[instruction.target.index()].shape.len();
    let [left, right] = instruction.operands.as_slice() else { return };
    let class = |axis: u8| match (left.axes.contains(&axis), right.axes.contains(&axis)) {
        (true, true) if usize::from(axis) < rank => Class::Batch,
        _ if usize::from(axis) >= rank => Class::Summed,
        (true, _) => Class::Left,
        (false, _) => Class::Right,
    };
    let own: Vec<u8> = (0..rank as u8).collect();
    for (value, axes) in [(instruction.target, &own), (left.value, &left.axes), (right.value, &right.axes)] {
        if !std::mem::replace(&mut seen[value.index()], true) {
            let classes: Vec<(Class, u8)> = axes.iter().map(|axis| (class(*axis), *axis)).collect();
            layouts[value.index()] = order(&classes);
        }
    }
}

/// What an axis is to a contraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Batch,
    Left,
    Right,
    Summed,
}

/// The slots with batch axes first and each class side by side, if they are not as good as they stand.
fn order(classes: &[(Class, u8)]) -> Option<Vec<usize>> {
    let last = classes.iter().rev().map(|(class, _)| *class).find(|class| *class != Class::Batch)?;
    let apart = |class: Class| {
        let mut slots = classes.iter().enumerate().filter(|(_, (own, _))| *own == class);
        let first = slots.next();
        let next = |before: (usize, u8), (slot, (_, axis)): (usize, &(Class, u8))| {
            (slot == before.0 + 1 && *axis > before.1).then_some((slot, *axis))
        };
        first.is_some_and(|(slot, (_, axis))| slots.try_fold((slot, *axis), next).is_none())
    };
    let inner_batch = classes.last().is_some_and(|(class, _)| *class == Class::Batch);
    if !inner_batch && ![Class::Left, Class::Right, Class::Summed].into_iter().any(apart) {
        return None;
    }
    let group = |class: Class| match class {
        Class::Batch => 0,
        class if class == last => 4,
        Class::Left => 1,
        Class::Right => 2,
        Class::Summed => 3,
    };
    let mut slots: Vec<usize> = (0..classes.len()).collect();
    slots.sort_by_key(|slot| (group(classes[*slot].0), classes[*slot].1));
    Some(slots)
}
