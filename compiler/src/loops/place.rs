//! Which loops each cluster runs in.
//!
//! In: a program and its clusters. Out: a tree of loops with the clusters in it. A cluster goes into the loops of what it
//! reads as far as it reads it at the loops' own positions; for its other axes it gets loops of its own. A reduction is
//! complete after the outermost loop that it closes, and who reads it stands behind that.
//!
//! Invariant: what a cluster reads stands before it, at every level of the tree.

use crate::lower::{Choice, Compute, Instruction, Program, Size, Statement, ValueId};

use super::clusters::{At, Cluster, Clusters, Leaf, Role, along};
use super::layout::{Layouts, layouts};

/// A loop of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct LoopId(pub(super) u32);

/// What stands in a body, in order.
#[derive(Clone, Debug)]
pub(super) enum Item<'a> {
    Cluster(usize),
    Loop(LoopId),
    Contract(&'a Instruction),
    Branch { condition: ValueId, arms: [Vec<Item<'a>>; 2], choices: &'a [Choice] },
}

/// A loop and what it runs.
#[derive(Clone, Debug)]
pub(super) struct Loop<'a> {
    pub(super) size: Size,
    pub(super) items: Vec<Item<'a>>,
}

/// A cluster and its loops.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) cluster: Cluster,
    /// The loop of each of its axes.
    pub(super) loops: Vec<LoopId>,
    /// The outermost loop that it closes.
    pub(super) closes: Option<LoopId>,
}

/// Where a value is complete.
#[derive(Clone, Debug)]
pub(super) struct Made {
    /// The body, or the arm of a branch.
    context: u32,
    /// The loops around it.
    path: Vec<LoopId>,
    /// At each level, which item it is part of.
    items: Vec<usize>,
    /// The loop along each of its slots, where it is computed position by position.
    pub(super) loops: Vec<Option<LoopId>>,
    /// The slots along which a buffer must keep it; `None` while nobody reads it from one.
    pub(super) stored: Option<Vec<bool>>,
}

/// Clusters in loops.
pub(super) struct Placement<'a> {
    pub(super) loops: Vec<Loop<'a>>,
    pub(super) placed: Vec<Placed>,
    pub(super) body: Vec<Item<'a>>,
    pub(super) made: Vec<Option<Made>>,
    /// The result that a value is computed into, and the order of its slots there.
    pub(super) direct: Vec<Option<(u32, Vec<usize>)>>,
    /// The instructions of what is known from the start.
    pub(super) atoms: Vec<&'a Instruction>,
    /// Results that are copies: the value that stands for each.
    pub(super) copies: Vec<Option<ValueId>>,
    /// How arrays lie in memory that contractions work on.
    pub(super) layouts: Layouts,
}

impl<'a> Placement<'a> {
    pub(super) fn of(program: &'a Program, clusters: &Clusters<'a>) -> Self {
        let count = program.values.len() + program.outputs.len();
        let placement = Self {
            loops: Vec::new(),
            placed: Vec::new(),
            body: Vec::new(),
            made: vec![None; count],
            direct: vec![None; count],
            atoms: Vec::new(),
            copies: vec![None; program.outputs.len()],
            layouts: layouts(program),
        };
        let mut placer = Placer { program, clusters, placement, contexts: 0 };
        let mut body = placer.block(&program.body, 0);
        placer.outputs(&mut body);
        let mut placement = placer.placement;
        placement.body = body;
        placement
    }
}

impl Placement<'_> {
    /// The slots of a value in the order in which they lie in memory, if it is neither given nor a result.
    pub(super) fn slots(&self, value: ValueId, count: usize) -> Vec<usize> {
        let layout = self.layouts.get(value.index()).and_then(Option::as_ref);
        layout.cloned().unwrap_or_else(|| (0..count).collect())
    }
}

struct Placer<'a, 'c> {
    program: &'a Program,
    clusters: &'c Clusters<'a>,
    placement: Placement<'a>,
    contexts: u32,
}

impl<'a> Placer<'a, '_> {
    /// Branches nest at most as deep as lowering lets them.
    fn block(&mut self, statements: &'a [Statement], context: u32) -> Vec<Item<'a>> {
        let mut items = Vec::new();
        for statement in statements {
            match statement {
                Statement::Instruction(instruction) => self.instruction(instruction, context, &mut items),
                Statement::Branch { condition, yes, no, choices } => {
                    let arms = [(yes, true), (no, false)].map(|(arm, taken)| self.arm(arm, choices, taken));
                    for choice in choices {
                        let rank = self.rank(choice.target);
                        self.make(choice.target, context, Vec::new(), vec![items.len()], vec![None; rank]);
                        if rank > 0 {
                            self.store_all(choice.target);
                        }
                    }
                    items.push(Item::Branch { condition: *condition, arms, choices });
                }
            }
        }
        items
    }

    fn rank(&self, value: ValueId) -> usize {
        self.program.values[value.index()].shape.len()
    }

    /// One arm of a branch; an array that the branch decides is copied to its place by both.
    fn arm(&mut self, statements: &'a [Statement], choices: &[Choice], taken: bool) -> Vec<Item<'a>> {
        self.contexts += 1;
        let context = self.contexts;
        let mut items = self.block(statements, context);
        for choice in choices {
            let shape = &self.program.values[choice.target.index()].shape;
            if !shape.is_empty() {
                let operand = if taken { &choice.yes } else { &choice.no };
                let copy = self.clusters.copy(choice.target, operand.value, along(&operand.axes), shape.clone());
                self.place(copy, context, &mut items);
            }
        }
        items
    }

    fn instruction(&mut self, instruction: &'a Instruction, context: u32, items: &mut Vec<Item<'a>>) {
        match self.clusters.role(instruction.target) {
            Role::Atom => self.placement.atoms.push(instruction),
            Role::Array => {
                let rank = self.rank(instruction.target);
                self.make(instruction.target, u32::MAX, Vec::new(), vec![0], vec![None; rank]);
                self.placement.atoms.push(instruction);
            }
            Role::Everywhere | Role::Inside => {}
            Role::Own if instruction.compute == Compute::Contract => {
                let rank = self.rank(instruction.target);
                self.make(instruction.target, context, Vec::new(), vec![items.len()], vec![None; rank]);
                self.store_all(instruction.target);
                for operand in &instruction.operands {
                    self.store_all(operand.value);
                }
                items.push(Item::Contract(instruction));
            }
            Role::Own => self.place(self.clusters.of(instruction), context, items),
        }
    }

    /// Results that are not computed in their place are copied there.
    fn outputs(&mut self, items: &mut Vec<Item<'a>>) {
        for (number, output) in self.program.outputs.iter().enumerate() {
            if output.shape.is_empty() && self.rank(output.value) == 0 {
                continue;
            }
            let value = output.value.index();
            if self.clusters.is_direct(output) && self.placement.direct[value].is_none() {
                self.placement.direct[value] = Some((number as u32, output.slots.clone()));
                self.store_all(output.value);
                continue;
            }
            let at = output.slots.iter().map(|axis| At::Axis(*axis as u8)).collect();
            let target = ValueId((self.program.values.len() + number) as u32);
            let copy = self.clusters.copy(target, output.value, at, output.shape.clone());
            self.place(copy, 0, items);
            self.store_all(target);
            self.placement.direct[target.index()] = Some((number as u32, (0..output.shape.len()).collect()));
            self.placement.copies[number] = Some(target);
        }
    }

    fn make(&mut self, value: ValueId, context: u32, path: Vec<LoopId>, items: Vec<usize>, loops: Vec<Option<LoopId>>) {
        let stored = self.placement.made[value.index()].take().and_then(|made| made.stored);
        self.placement.made[value.index()] = Some(Made { context, path, items, loops, stored });
    }

    fn store_all(&mut self, value: ValueId) {
        if let Some(made) = &mut self.placement.made[value.index()] {
            made.stored = Some(vec![true; made.loops.len()]);
        }
    }

    fn place(&mut self, cluster: Cluster, context: u32, body: &mut Vec<Item<'a>>) {
        let mut loops: Vec<Option<LoopId>> = vec![None; cluster.sizes.len()];
        let (mut path, mut numbers) = (Vec::new(), Vec::new());
        while let Some((number, axis, inner)) = self.common_loop(&cluster, context, &path, &loops) {
            loops[axis] = Some(inner);
            path.push(inner);
            numbers.push(number);
        }
        for axis in self.order(&cluster, &loops) {
            let inner = LoopId(self.placement.loops.len() as u32);
            self.placement.loops.push(Loop { size: cluster.sizes[axis].clone(), items: Vec::new() });
            let items = self.items(&path, body);
            items.push(Item::Loop(inner));
            numbers.push(items.len() - 1);
            path.push(inner);
            loops[axis] = Some(inner);
        }
        let loops: Vec<LoopId> = loops.into_iter().flatten().collect();
        let placed = self.placement.placed.len();
        let items = self.items(&path, body);
        items.push(Item::Cluster(placed));
        numbers.push(items.len() - 1);
        let closed = &loops[cluster.slots..];
        let complete = path.iter().position(|inner| closed.contains(inner)).unwrap_or(path.len());
        let closes = path.get(complete).copied();
        path.truncate(complete);
        numbers.truncate(complete + 1);
        self.read(&cluster, context, &loops);
        let mut own: Vec<Option<LoopId>> =
            loops[..cluster.slots].iter().map(|inner| path.contains(inner).then_some(*inner)).collect();
        if let Some((along, _)) = &cluster.placed {
            own.insert(*along, None);
        }
        // An array that a branch decides is complete behind the branch, which says so later.
        self.make(cluster.target, context, path, numbers, own);
        self.placement.placed.push(Placed { cluster, loops, closes });
    }

    /// The body at the end of a path.
    fn items<'b>(&'b mut self, path: &[LoopId], body: &'b mut Vec<Item<'a>>) -> &'b mut Vec<Item<'a>> {
        match path.last() {
            None => body,
            Some(inner) => &mut self.placement.loops[inner.0 as usize].items,
        }
    }

    /// Whether a value is part of a body, or of one inside it.
    fn inside<'m>(&'m self, leaf: &Leaf, context: u32, path: &[LoopId]) -> Option<&'m Made> {
        let made = self.placement.made[leaf.value.index()].as_ref()?;
        (made.context == context && made.path.starts_with(path)).then_some(made)
    }

    /// The last item of a body that the cluster reads something of, if that is a loop that it can run in: the number of
    /// the item, the axis that runs in it, and the loop.
    fn common_loop(
        &self,
        cluster: &Cluster,
        context: u32,
        path: &[LoopId],
        loops: &[Option<LoopId>],
    ) -> Option<(usize, usize, LoopId)> {
        let depth = path.len();
        let leaves = || cluster.leaves.iter().filter_map(|leaf| Some((leaf, self.inside(leaf, context, path)?)));
        let last = leaves().map(|(_, made)| made.items[depth]).max()?;
        let mut found = None;
        for (leaf, made) in leaves().filter(|(_, made)| made.items[depth] == last) {
            let inner = *made.path.get(depth)?;
            let slot = made.loops.iter().position(|own| *own == Some(inner))?;
            let At::Axis(axis) = &leaf.at[slot] else { return None };
            let axis = usize::from(*axis);
            if loops[axis].is_some() || found.is_some_and(|found| found != (last, axis, inner)) {
                return None;
            }
            found = Some((last, axis, inner));
        }
        found
    }

    /// The order of the loops that a cluster needs for itself: as the largest array that it reads lies in memory, for what
    /// it reduces; else as its own result does.
    fn order(&self, cluster: &Cluster, loops: &[Option<LoopId>]) -> Vec<usize> {
        let mut order = Vec::new();
        let open = |axis: &usize| loops[*axis].is_none();
        if cluster.reduction.is_some() {
            let axes = |leaf: &Leaf| {
                let axis = |at: &At| match at {
                    At::Axis(axis) => Some(usize::from(*axis)),
                    _ => None,
                };
                let slots = self.placement.slots(leaf.value, leaf.at.len());
                slots.into_iter().filter_map(|slot| axis(&leaf.at[slot])).filter(open).collect::<Vec<_>>()
            };
            // Of equally large ones the first.
            let largest = cluster.leaves.iter().map(axes).rev().max_by_key(Vec::len);
            order.extend(largest.into_iter().flatten());
        } else {
            order.extend(self.placement.slots(cluster.target, cluster.slots).into_iter().filter(open));
        }
        order.extend((0..cluster.sizes.len()).filter(open));
        let mut seen = vec![false; cluster.sizes.len()];
        order.retain(|axis| !std::mem::replace(&mut seen[*axis], true));
        order
    }

    /// Notes along which slots buffers must keep what a cluster reads.
    fn read(&mut self, cluster: &Cluster, context: u32, loops: &[LoopId]) {
        for leaf in &cluster.leaves {
            let Some(made) = &mut self.placement.made[leaf.value.index()] else { continue };
            let misses: Vec<bool> = (made.loops.iter().zip(&leaf.at))
                .map(|(own, at)| {
                    let here = match at {
                        At::Axis(axis) => Some(loops[usize::from(*axis)]),
                        _ => None,
                    };
                    made.context != context || own.is_none() || *own != here
                })
                .collect();
            if misses.contains(&true) {
                let stored = made.stored.get_or_insert_with(|| vec![false; misses.len()]);
                stored.iter_mut().zip(misses).for_each(|(stored, misses)| *stored |= misses);
            }
        }
    }
}
