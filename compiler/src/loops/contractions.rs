//! Sums of products: which pairs of factors are contracted, and in which order.
//!
//! In: a program. Out: the same, where a sum of a product over what not every factor has is [`Compute::Contract`] of two
//! arrays at a time. Factors with the same axes are multiplied first; of several pairs the one that takes the fewest
//! multiplications is contracted first, sizes that are not stated counting as 100.
//!
//! Invariant: a product of stated sizes that are small stays as it is: loops are as good.

use std::borrow::Cow;
use std::collections::HashMap;

use super::Contractions;
use super::clusters::{Role, roles};
use crate::lower::{Compute, Instruction, Operand, Program, Size, Statement, Value, ValueId};
use crate::operators::{Kind, Operator};

/// Up to so many products loops are as good.
const FEW_PRODUCTS: u64 = 4096;
/// What a size that is not stated counts as.
const ASSUMED_SIZE: u64 = 100;
/// More factors than this are not looked at.
const MOST_FACTORS: usize = 8;

/// A program whose contractions are found.
pub(super) fn find(program: &Program, contractions: Contractions) -> Cow<'_, Program> {
    let mut sums = false;
    each(&program.body, &mut |instruction| sums |= instruction.compute == Compute::Sum);
    if !sums {
        return Cow::Borrowed(program);
    }
    let mut definitions = HashMap::new();
    each(&program.body, &mut |instruction| {
        definitions.insert(instruction.target, instruction.clone());
    });
    let kernels = contractions == Contractions::Kernels;
    let mut finder = Finder { kernels, roles: roles(program), values: program.values.clone(), definitions };
    let body = finder.block(&program.body);
    let mut program = Program { values: finder.values, body, ..program.clone() };
    without_unused(&mut program);
    Cow::Owned(program)
}

/// Branches nest at most as deep as lowering lets them, here and below.
fn each(body: &[Statement], see: &mut impl FnMut(&Instruction)) {
    for statement in body {
        match statement {
            Statement::Instruction(instruction) => see(instruction),
            Statement::Branch { yes, no, .. } => {
                each(yes, see);
                each(no, see);
            }
        }
    }
}

/// Leaves out what nobody reads any more: the products.
fn without_unused(program: &mut Program) {
    let mut used = vec![false; program.values.len()];
    program.outputs.iter().for_each(|output| used[output.value.index()] = true);
    let inputs = |instruction: &Instruction| matches!(instruction.compute, Compute::Input(_) | Compute::Given(_));
    sweep(&mut program.body, &mut used, &inputs);
}

fn sweep(body: &mut Vec<Statement>, used: &mut [bool], keep: &impl Fn(&Instruction) -> bool) {
    let mut kept = Vec::with_capacity(body.len());
    for mut statement in std::mem::take(body).into_iter().rev() {
        match &mut statement {
            Statement::Instruction(instruction) => {
                if !used[instruction.target.index()] && !keep(instruction) {
                    continue;
                }
                instruction.operands.iter().for_each(|operand| used[operand.value.index()] = true);
            }
            Statement::Branch { condition, yes, no, choices } => {
                used[condition.index()] = true;
                for choice in choices {
                    used[choice.yes.value.index()] = true;
                    used[choice.no.value.index()] = true;
                }
                sweep(yes, used, keep);
                sweep(no, used, keep);
            }
        }
        kept.push(statement);
    }
    kept.reverse();
    *body = kept;
}

/// A factor over the axes of the sum that it stands under.
#[derive(Clone, Debug)]
struct Factor {
    operand: Operand,
    /// One bit for each of its axes.
    axes: u64,
}

/// A sum that is being taken apart.
struct Sum<'s> {
    /// The sizes of its axes: the kept ones first.
    sizes: Vec<Size>,
    /// The kept axes.
    kept: u64,
    target: ValueId,
    out: &'s mut Vec<Statement>,
}

struct Finder {
    /// Whether contractions have an algorithm of their own; else only their order is looked for.
    kernels: bool,
    roles: Vec<Role>,
    values: Vec<Value>,
    definitions: HashMap<ValueId, Instruction>,
}

impl Finder {
    fn block(&mut self, body: &[Statement]) -> Vec<Statement> {
        let mut out = Vec::with_capacity(body.len());
        for statement in body {
            match statement {
                Statement::Instruction(instruction) => {
                    if !(instruction.compute == Compute::Sum && self.contraction(instruction, &mut out)) {
                        out.push(statement.clone());
                    }
                }
                Statement::Branch { condition, yes, no, choices } => {
                    let (yes, no) = (self.block(yes), self.block(no));
                    out.push(Statement::Branch { condition: *condition, yes, no, choices: choices.clone() });
                }
            }
        }
        out
    }

    /// Writes a sum as contractions, if it is worth it.
    fn contraction(&mut self, instruction: &Instruction, out: &mut Vec<Statement>) -> bool {
        let Some((mut factors, negative)) = self.factors(instruction) else { return false };
        let mut sizes = self.values[instruction.target.index()].shape.clone();
        let kept = (1_u64 << sizes.len()) - 1;
        sizes.extend(instruction.closed.iter().cloned());
        let scalars: Vec<Factor> = factors.extract_if(.., |factor| factor.axes == 0).collect();
        let mut sum = Sum { sizes, kept, target: instruction.target, out };
        if !self.worthwhile(&sum, &factors) {
            return false;
        }
        self.multiply_alike(&mut sum, &mut factors);
        let plain = scalars.is_empty() && !negative;
        while factors.len() > 1 {
            let (left, right) = cheapest_pair(&sum, &factors);
            let right = factors.remove(right);
            let left = factors.remove(left);
            let others = factors.iter().fold(0, |all, factor| all | factor.axes);
            let target = (plain && factors.is_empty()).then_some(sum.target);
            let result = self.contract(&mut sum, &left, &right, others, target);
            factors.push(result);
        }
        if !plain {
            self.scale(&mut sum, factors, scalars, negative);
        }
        true
    }

    /// The factors of a sum's body and whether it is negated; nothing if one has all axes, or cannot be stored.
    fn factors(&self, instruction: &Instruction) -> Option<(Vec<Factor>, bool)> {
        let count = self.values[instruction.target.index()].shape.len() + instruction.closed.len();
        if count > 60 {
            return None;
        }
        let (mut open, mut found, mut negative) = (instruction.operands.clone(), Vec::new(), false);
        while let Some(operand) = open.pop() {
            if found.len() + open.len() > MOST_FACTORS {
                return None;
            }
            let axes = operand.axes.iter().fold(0_u64, |axes, axis| axes | 1 << axis);
            let definition = self.definitions.get(&operand.value);
            let inner = |definition: &Instruction| -> Vec<Operand> {
                let along = |axes: &[u8]| axes.iter().map(|axis| operand.axes[usize::from(*axis)]).collect();
                let operands = definition.operands.iter();
                operands.map(|inner| Operand { value: inner.value, axes: along(&inner.axes) }).collect()
            };
            let set = |operand: &Operand| operand.axes.iter().fold(0_u64, |axes, axis| axes | 1 << axis);
            match definition.map(|definition| (&definition.compute, definition)) {
                Some((Compute::Apply(Operator::Negate), definition)) => {
                    negative = !negative;
                    open.extend(inner(definition));
                }
                Some((Compute::Apply(Operator::Multiply), definition))
                    if inner(definition).iter().any(|operand| set(operand) != axes) =>
                {
                    open.extend(inner(definition));
                }
                // What has all axes is computed where it is summed, unless it is stored anyway.
                _ if axes.count_ones() as usize == count && self.roles[operand.value.index()] != Role::Array => {
                    return None;
                }
                _ if self.roles[operand.value.index()] == Role::Everywhere => return None,
                _ => found.push(Factor { operand, axes }),
            }
        }
        // In the order of the text.
        found.reverse();
        Some((found, negative))
    }

    /// Whether a kernel is better than loops: each of two factors has an axis of its own that is kept, or many numbers
    /// are summed.
    fn worthwhile(&self, sum: &Sum, factors: &[Factor]) -> bool {
        let mut sets: Vec<u64> = factors.iter().map(|factor| factor.axes).collect();
        sets.sort_unstable();
        sets.dedup();
        if sets.len() < 2 {
            return false;
        }
        if !self.kernels {
            return sets.len() > 2;
        }
        let literal = sum.sizes.iter().all(|size| matches!(size, Size::Literal(_)));
        !literal || products(sum, u64::MAX) > FEW_PRODUCTS
    }

    /// Factors with the same axes become one.
    fn multiply_alike(&mut self, sum: &mut Sum, factors: &mut Vec<Factor>) {
        let mut merged: Vec<Factor> = Vec::new();
        for factor in factors.drain(..) {
            match merged.iter_mut().find(|other| other.axes == factor.axes) {
                Some(other) => {
                    let both = [other.operand.clone(), factor.operand];
                    let target = self.define(sum, factor.axes);
                    other.operand = target.clone();
                    let local = positions(factor.axes);
                    let operands = both.map(|operand| renumbered(&operand, &local)).to_vec();
                    let compute = Compute::Apply(Operator::Multiply);
                    let instruction = Instruction { target: target.value, compute, operands, closed: Vec::new() };
                    sum.out.push(Statement::Instruction(instruction));
                }
                None => merged.push(factor),
            }
        }
        *factors = merged;
    }

    /// A new value over some axes of the sum, used as it stands there.
    fn define(&mut self, sum: &Sum, axes: u64) -> Operand {
        let axes = positions(axes);
        let shape = axes.iter().map(|axis| sum.sizes[usize::from(*axis)].clone()).collect();
        self.values.push(Value { kind: Kind::Number, shape });
        self.roles.push(Role::Own);
        Operand { value: ValueId(self.values.len() as u32 - 1), axes }
    }

    /// Contracts two factors over the axes that neither the result nor the other factors have.
    fn contract(
        &mut self,
        sum: &mut Sum,
        left: &Factor,
        right: &Factor,
        others: u64,
        target: Option<ValueId>,
    ) -> Factor {
        let all = left.axes | right.axes;
        let axes = all & (sum.kept | others);
        let operand = match target {
            Some(value) => Operand { value, axes: positions(sum.kept) },
            None => self.define(sum, axes),
        };
        let mut local = operand.axes.clone();
        let closed = positions(all & !axes);
        local.extend(&closed);
        let operands = [left, right].map(|factor| renumbered(&factor.operand, &local)).to_vec();
        let sizes: Vec<Size> = closed.iter().map(|axis| sum.sizes[usize::from(*axis)].clone()).collect();
        if self.kernels {
            let compute = Compute::Contract;
            let instruction = Instruction { target: operand.value, compute, operands, closed: sizes };
            sum.out.push(Statement::Instruction(instruction));
            return Factor { operand, axes };
        }
        let count = local.len() as u8;
        let shape = local.iter().map(|axis| sum.sizes[usize::from(*axis)].clone()).collect();
        self.values.push(Value { kind: Kind::Number, shape });
        self.roles.push(Role::Own);
        let product = ValueId(self.values.len() as u32 - 1);
        let compute = Compute::Apply(Operator::Multiply);
        let instruction = Instruction { target: product, compute, operands, closed: Vec::new() };
        sum.out.push(Statement::Instruction(instruction));
        let operands = vec![Operand { value: product, axes: (0..count).collect() }];
        let instruction = Instruction { target: operand.value, compute: Compute::Sum, operands, closed: sizes };
        sum.out.push(Statement::Instruction(instruction));
        Factor { operand, axes }
    }

    /// The result times the scalars and the sign.
    fn scale(&mut self, sum: &mut Sum, mut factors: Vec<Factor>, scalars: Vec<Factor>, negative: bool) {
        let Some(mut value) = factors.pop().map(|factor| factor.operand) else { return };
        let local = positions(sum.kept);
        let mut steps: Vec<(Operator, Vec<Operand>)> = Vec::new();
        steps.extend(scalars.into_iter().map(|scalar| (Operator::Multiply, vec![scalar.operand])));
        steps.extend(negative.then_some((Operator::Negate, Vec::new())));
        let last = steps.len().saturating_sub(1);
        for (number, (operator, mut operands)) in steps.into_iter().enumerate() {
            let kept = Operand { value: sum.target, axes: local.clone() };
            let target = if number == last { kept } else { self.define(sum, sum.kept) };
            operands.push(renumbered(&value, &local));
            let compute = Compute::Apply(operator);
            let instruction = Instruction { target: target.value, compute, operands, closed: Vec::new() };
            sum.out.push(Statement::Instruction(instruction));
            value = target;
        }
    }
}

/// The axes of a set, in order.
fn positions(axes: u64) -> Vec<u8> {
    (0..64).filter(|axis| axes >> axis & 1 == 1).collect()
}

/// A use over the axes of a sum as one over those of an instruction, of which `local` says what they are in the sum.
fn renumbered(operand: &Operand, local: &[u8]) -> Operand {
    let number = |axis: &u8| local.iter().position(|own| own == axis).unwrap_or(0) as u8;
    Operand { value: operand.value, axes: operand.axes.iter().map(number).collect() }
}

/// How many products there are over some axes.
fn products(sum: &Sum, axes: u64) -> u64 {
    let size = |(axis, size): (usize, &Size)| match size {
        _ if axes >> axis & 1 == 0 => 1,
        Size::Literal(size) => u64::from(*size),
        Size::Named(_) => ASSUMED_SIZE,
    };
    sum.sizes.iter().enumerate().map(size).fold(1, u64::saturating_mul)
}

/// The two factors, in order, whose contraction takes the fewest products; of several, with the smallest result.
fn cheapest_pair(sum: &Sum, factors: &[Factor]) -> (usize, usize) {
    let mut pairs: Vec<(u64, u64, usize, usize)> = Vec::new();
    for right in 1..factors.len() {
        for left in 0..right {
            let all = factors[left].axes | factors[right].axes;
            let rest = (0..factors.len()).filter(|other| *other != left && *other != right);
            let others = rest.fold(0, |all, other| all | factors[other].axes);
            pairs.push((products(sum, all), products(sum, all & (sum.kept | others)), left, right));
        }
    }
    pairs.into_iter().min().map_or((0, 1), |(_, _, left, right)| (left, right))
}
