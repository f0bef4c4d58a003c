//! Branches on one condition that follow each other become one.
//!
//! In: a program whose branches share what they can by the place of their selects. Out: the same program with fewer
//! branches: a branch moves up to an earlier one on the same condition unless something between them is needed by it. What
//! it reads of the earlier branch's results it takes from the same arm; what only one arm reads then moves into that arm,
//! and what nobody reads any more goes.

use std::collections::{HashMap, HashSet};

use super::{Choice, Operand, Program, Statement, ValueId};

/// Larger programs stay as they are: what follows is quadratic in the worst case.
const MOST_VALUES: usize = 2_000;

/// Merges the branches of scalars in a program.
pub(super) fn merge(program: &mut Program) {
    if program.values.len() > MOST_VALUES {
        return;
    }
    let mut body = std::mem::take(&mut program.body);
    let is_scalar: Vec<bool> = program.values.iter().map(|value| value.shape.is_empty()).collect();
    let mut uses = vec![0; program.values.len()];
    program.outputs.iter().for_each(|output| uses[output.value.index()] += 1);
    if merge_block(&mut body, &is_scalar) {
        count(&body, &mut uses);
        remove_dead(&mut body, &mut uses);
        sink(&mut body, &uses);
    }
    program.body = body;
}

/// Branches nest as deep as lowering lets them, which is little.
fn merge_block(body: &mut Vec<Statement>, is_scalar: &[bool]) -> bool {
    let (mut merged, mut out) = (false, Vec::<Statement>::with_capacity(body.len()));
    for mut statement in std::mem::take(body) {
        if let Some(place) = earlier(&out, &statement, is_scalar) {
            join(&mut out[place], &mut statement);
            merged = true;
        } else {
            out.push(statement);
        }
    }
    for statement in &mut out {
        if let Statement::Branch { yes, no, .. } = statement {
            merged |= merge_block(yes, is_scalar);
            merged |= merge_block(no, is_scalar);
        }
    }
    *body = out;
    merged
}

/// The branch into which another one can move.
fn earlier(before: &[Statement], statement: &Statement, is_scalar: &[bool]) -> Option<usize> {
    let Statement::Branch { condition, choices, .. } = statement else { return None };
    let scalar = |choices: &[Choice]| choices.iter().all(|choice| is_scalar[choice.target.index()]);
    let same = |other: &Statement| matches!(other, Statement::Branch { condition: own, choices, .. } if own == condition && scalar(choices));
    let place = before.iter().rposition(same).filter(|_| scalar(choices))?;
    let mut read = HashSet::new();
    reads(std::slice::from_ref(statement), &mut |value| {
        read.insert(value);
    });
    let needed = before[place + 1..].iter().any(|between| match between {
        Statement::Instruction(instruction) => read.contains(&instruction.target),
        Statement::Branch { choices, .. } => choices.iter().any(|choice| read.contains(&choice.target)),
    });
    (!needed).then_some(place)
}

fn join(into: &mut Statement, from: &mut Statement) {
    let (
        Statement::Branch { yes, no, choices, .. },
        Statement::Branch { yes: more_yes, no: more_no, choices: more, .. },
    ) = (into, from)
    else {
        return;
    };
    let known = |side: fn(&Choice) -> &Operand| -> HashMap<ValueId, ValueId> {
        choices.iter().map(|choice| (choice.target, side(choice).value)).collect()
    };
    let (if_yes, if_no) = (known(|choice| &choice.yes), known(|choice| &choice.no));
    rename(more_yes, &if_yes);
    rename(more_no, &if_no);
    for choice in more.iter_mut() {
        rename_operand(&mut choice.yes, &if_yes);
        rename_operand(&mut choice.no, &if_no);
    }
    yes.append(more_yes);
    no.append(more_no);
    choices.append(more);
    choices.sort_by_key(|choice| choice.target);
}

fn rename(body: &mut [Statement], known: &HashMap<ValueId, ValueId>) {
    for statement in body {
        match statement {
            Statement::Instruction(instruction) => {
                instruction.operands.iter_mut().for_each(|operand| rename_operand(operand, known));
            }
            Statement::Branch { condition, yes, no, choices } => {
                if let Some(value) = known.get(condition) {
                    *condition = *value;
                }
                rename(yes, known);
                rename(no, known);
                for choice in choices {
                    rename_operand(&mut choice.yes, known);
                    rename_operand(&mut choice.no, known);
                }
            }
        }
    }
}

fn rename_operand(operand: &mut Operand, known: &HashMap<ValueId, ValueId>) {
    if let Some(value) = known.get(&operand.value) {
        operand.value = *value;
    }
}

/// Every value that statements read.
fn reads(body: &[Statement], visit: &mut impl FnMut(ValueId)) {
    for statement in body {
        match statement {
            Statement::Instruction(instruction) => {
                instruction.operands.iter().for_each(|operand| visit(operand.value));
            }
            Statement::Branch { condition, yes, no, choices } => {
                visit(*condition);
                reads(yes, visit);
                reads(no, visit);
                for choice in choices {
                    visit(choice.yes.value);
                    visit(choice.no.value);
                }
            }
        }
    }
}

fn count(body: &[Statement], uses: &mut [u32]) {
    reads(body, &mut |value| uses[value.index()] += 1);
}

/// Statements from the last to the first: who reads a value stands behind it.
fn remove_dead(body: &mut Vec<Statement>, uses: &mut [u32]) {
    let mut kept = Vec::with_capacity(body.len());
    while let Some(mut statement) = body.pop() {
        let alive = match &mut statement {
            Statement::Instruction(instruction) => {
                let alive = uses[instruction.target.index()] > 0;
                if !alive {
                    instruction.operands.iter().for_each(|operand| uses[operand.value.index()] -= 1);
                }
                alive
            }
            Statement::Branch { condition, yes, no, choices } => {
                choices.retain(|choice| {
                    let alive = uses[choice.target.index()] > 0;
                    if !alive {
                        uses[choice.yes.value.index()] -= 1;
                        uses[choice.no.value.index()] -= 1;
                    }
                    alive
                });
                remove_dead(yes, uses);
                remove_dead(no, uses);
                uses[condition.index()] -= u32::from(choices.is_empty());
                !choices.is_empty()
            }
        };
        if alive {
            kept.push(statement);
        }
    }
    kept.reverse();
    *body = kept;
}

/// Moves what only one arm of a branch reads into it.
fn sink(body: &mut Vec<Statement>, uses: &[u32]) {
    let mut kept: Vec<Statement> = Vec::with_capacity(body.len());
    while let Some(statement) = body.pop() {
        let targets: Vec<ValueId> = match &statement {
            Statement::Instruction(instruction) => vec![instruction.target],
            Statement::Branch { choices, .. } => choices.iter().map(|choice| choice.target).collect(),
        };
        let all: u32 = targets.iter().map(|target| uses[target.index()]).sum();
        let arm = kept.iter_mut().find_map(|later| {
            let Statement::Branch { condition, yes, no, choices } = later else { return None };
            let in_front = targets.contains(condition);
            [(yes, true), (no, false)].into_iter().filter(|_| !in_front).find_map(|(arm, holds)| {
                let mut own = 0;
                reads(arm, &mut |value| own += u32::from(targets.contains(&value)));
                let of = |choice: &Choice| if holds { choice.yes.value } else { choice.no.value };
                own += choices.iter().map(|choice| u32::from(targets.contains(&of(choice)))).sum::<u32>();
                (own == all && own > 0).then_some(arm)
            })
        });
        match arm {
            Some(arm) => arm.insert(0, statement),
            None => kept.push(statement),
        }
    }
    kept.reverse();
    for statement in &mut kept {
        if let Statement::Branch { yes, no, .. } = statement {
            sink(yes, uses);
            sink(no, uses);
        }
    }
    *body = kept;
}
