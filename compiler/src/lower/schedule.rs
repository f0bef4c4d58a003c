//! The order of the steps: in every block, a value stands before its uses, otherwise in the order of the text.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::blocks::{BlockId, Blocks, ROOT};
use super::{Builder, Choice, Statement};
use crate::graph::NodeId;

/// Orders the nodes and groups of every block; gives the root's statements.
pub(super) fn schedule(builder: &mut Builder, blocks: &Blocks) -> Vec<Statement> {
    let order = Order::new(builder, blocks);
    let mut statements: Vec<Vec<Statement>> = blocks.blocks.iter().map(|_| Vec::new()).collect();
    let mut units_of: Vec<Vec<usize>> = blocks.blocks.iter().map(|_| Vec::new()).collect();
    for unit in order.sorted() {
        units_of[order.home(unit).0 as usize].push(unit);
    }
    // Arms are made after the block around them, so the innermost come first here.
    for place in (0..blocks.blocks.len()).rev() {
        let mut out = Vec::new();
        for unit in &units_of[place] {
            match unit.checked_sub(order.nodes) {
                None => {
                    if let Some(node) = builder.graph.node_at(*unit) {
                        builder.instructions(node, &mut out);
                    }
                }
                Some(group) => {
                    let group = &blocks.groups[group];
                    let mut choices: Vec<Choice> = group.selects.iter().map(|node| choice(builder, *node)).collect();
                    choices.sort_by_key(|choice| choice.target);
                    let [yes, no] = group.arms.map(|arm| std::mem::take(&mut statements[arm.0 as usize]));
                    out.push(Statement::Branch { condition: builder.value(group.condition), yes, no, choices });
                }
            }
        }
        statements[place] = out;
    }
    std::mem::take(&mut statements[ROOT.0 as usize])
}

fn choice(builder: &mut Builder, node: NodeId) -> Choice {
    let mut operands = builder.operands(node);
    let target = builder.value(node);
    let no = operands.remove(2);
    let yes = operands.remove(1);
    Choice { target, yes, no }
}

/// Units are nodes, and after them groups of selects; a select's unit is its group.
struct Order<'a> {
    blocks: &'a Blocks,
    nodes: usize,
    /// How many units must come before; `None` for what is dead or part of a group.
    waiting: Vec<Option<u32>>,
    followers: Vec<Vec<u32>>,
    homes: Vec<BlockId>,
}

impl<'a> Order<'a> {
    fn new(builder: &Builder, blocks: &'a Blocks) -> Self {
        let nodes = builder.graph.len();
        let count = nodes + blocks.groups.len();
        let mut order = Self {
            blocks,
            nodes,
            waiting: vec![None; count],
            followers: vec![Vec::new(); count],
            homes: vec![ROOT; count],
        };
        for (group, info) in blocks.groups.iter().enumerate() {
            order.homes[nodes + group] = info.home;
            order.waiting[nodes + group] = Some(0);
            order.follow(info.condition, nodes + group, info.home);
        }
        for node in builder.graph.nodes() {
            let Some(home) = blocks.homes[node.index()] else { continue };
            let group = blocks.group_of.get(&node);
            if group.is_none() {
                order.homes[node.index()] = home;
                order.waiting[node.index()].get_or_insert(0);
            }
            for (position, operand) in builder.graph.operands(node).enumerate() {
                match (group, position) {
                    (None, _) => order.follow(operand.node, node.index(), home),
                    (Some(_), 0) => {}
                    (Some(group), _) => {
                        let arm = blocks.groups[*group].arms[position - 1];
                        order.follow_from_arm(operand.node, arm);
                    }
                }
            }
        }
        order
    }

    fn home(&self, unit: usize) -> BlockId {
        self.homes[unit]
    }

    fn unit(&self, node: NodeId) -> usize {
        self.blocks.group_of.get(&node).map_or(node.index(), |group| self.nodes + group)
    }

    /// A value that an arm yields must be ready before the arm's group, unless the arm computes it.
    fn follow_from_arm(&mut self, used: NodeId, arm: BlockId) {
        if self.blocks.homes[used.index()] != Some(arm) {
            if let Some(group) = self.blocks.blocks[arm.0 as usize].group {
                self.follow(used, self.nodes + group, self.blocks.groups[group].home);
            }
        }
    }

    /// What is used must stand before the user, or before the group around the user that shares its block.
    fn follow(&mut self, used: NodeId, mut user: usize, mut block: BlockId) {
        let Some(home) = self.blocks.homes[used.index()] else { return };
        while block != home {
            let Some(group) = self.blocks.blocks[block.0 as usize].group else { return };
            user = self.nodes + group;
            block = self.blocks.groups[group].home;
        }
        let before = self.unit(used);
        if before != user {
            self.followers[before].push(user as u32);
            *self.waiting[user].get_or_insert(0) += 1;
        }
    }

    /// All units, each after what it waits for; among those that are ready, the first in the text goes first.
    fn sorted(&self) -> Vec<usize> {
        let mut waiting = self.waiting.clone();
        let key = |unit: usize| match unit.checked_sub(self.nodes) {
            None => (unit, 0),
            Some(group) => (self.blocks.groups[group].selects.last().map_or(0, |node| node.index()), 1),
        };
        let ready = |unit: &usize| waiting[*unit] == Some(0);
        let mut heap: BinaryHeap<Reverse<((usize, usize), usize)>> =
            (0..waiting.len()).filter(ready).map(|unit| Reverse((key(unit), unit))).collect();
        let mut sorted = Vec::with_capacity(waiting.len());
        while let Some(Reverse((_, unit))) = heap.pop() {
            sorted.push(unit);
            for follower in &self.followers[unit] {
                if let Some(count) = &mut waiting[*follower as usize] {
                    *count -= 1;
                    if *count == 0 {
                        heap.push(Reverse((key(*follower as usize), *follower as usize)));
                    }
                }
            }
        }
        sorted
    }
}
