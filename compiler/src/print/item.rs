//! What a listing writes: the nodes of the graph, and calls of the prelude that stand for nodes in backward formulas.
//!
//! Both are *items*, with slots and operands alike, so that naming and writing need not tell them apart. A call replaces
//! its node where a backward formula refers to it; a forward formula stays as the user wrote it.

use std::collections::{HashMap, HashSet};

use super::listing::{Asked, Phase};
use crate::graph::{Access, Axis, Dim, Graph, KnownCall, NodeId, Operation, Position};
use crate::operators::{Kind, Notation, Operator};
use crate::resolve::prelude_ranks;

/// What stands in formulas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Item {
    /// A node by its own operation.
    Node(NodeId),
    /// A call that stands for a node: its place in the list of calls.
    Call(usize, NodeId),
}

/// An operand of an item: which local axis of the user each of its slots takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) item: Item,
    pub(super) axes: Vec<u8>,
}

/// A usable [`KnownCall`]: its node's slots are the first local axes, what it closes follows.
pub(super) struct Call {
    pub(super) name: &'static str,
    /// How many axes each parameter takes; `None` for any shape.
    pub(super) ranks: Vec<Option<usize>>,
    /// The local axis that a function of vectors works along.
    pub(super) along: Option<u8>,
    arguments: Vec<(NodeId, Vec<u8>)>,
    local_dims: Vec<Dim>,
}

/// The items that are asked for, operands before users.
pub(super) struct Items<'a> {
    pub(super) graph: &'a Graph,
    forward: Vec<bool>,
    calls: Vec<Call>,
    call_of: HashMap<NodeId, Item>,
    /// What reads an array at stated positions. The positions are local axes that it closes, in order.
    accesses: HashMap<NodeId, Access>,
    /// How many conditions stand one in the `else` of the other, from each node down.
    conditions: Vec<u32>,
    pub(super) order: Vec<Item>,
    /// How often each item is used or asked for, and whether by a forward formula.
    uses: Vec<u32>,
}

impl<'a> Items<'a> {
    /// `kept` are nodes that have a name of their own; `shadowed` says which names mean something else here.
    pub(super) fn new(
        graph: &'a Graph,
        asked: &[Asked],
        calls: &[KnownCall],
        kept: &HashSet<NodeId>,
        shadowed: impl Fn(&str) -> bool,
    ) -> Self {
        let forward = asked.iter().filter(|asked| asked.phase == Phase::Forward).map(|asked| asked.value.node);
        let mut items = Self {
            graph,
            forward: graph.live(forward),
            calls: Vec::new(),
            call_of: HashMap::new(),
            accesses: graph.nodes().filter_map(|node| Some((node, graph.as_access(node)?))).collect(),
            conditions: conditions(graph),
            order: Vec::new(),
            uses: Vec::new(),
        };
        for call in calls.iter().filter(|call| !kept.contains(&call.node) && !shadowed(call.name)) {
            items.add(call);
        }
        items.walk(asked);
        items
    }

    /// Whether an input has a name.
    pub(super) fn has_input(&self, name: &str) -> bool {
        self.graph.inputs().iter().any(|input| input.name == name)
    }

    fn add(&mut self, call: &KnownCall) {
        let item = Item::Call(self.calls.len(), call.node);
        if self.call_of.contains_key(&call.node) || call.node.index() >= self.graph.len() {
            return;
        }
        if let Some(usable) = usable(self.graph, call) {
            self.calls.push(usable);
            self.call_of.insert(call.node, item);
        }
    }

    /// Leaves a call out, and what was found out about the order with it.
    pub(super) fn forget(&mut self, item: Item, asked: &[Asked]) {
        self.call_of.retain(|_, call| *call != item);
        self.walk(asked);
    }

    /// Finds the order. A call whose arguments rest on itself is none.
    fn walk(&mut self, asked: &[Asked]) {
        while let Err(call) = self.ordered(asked) {
            self.call_of.retain(|_, item| *item != call);
        }
        self.uses = vec![0; self.graph.len() + self.calls.len()];
        for item in self.order.clone() {
            for operand in self.operands(item) {
                let place = self.index(operand.item);
                self.uses[place] += 1;
            }
        }
        for asked in asked {
            let root = self.root(asked);
            let place = self.index(root);
            self.uses[place] += 1;
        }
    }

    fn ordered(&mut self, asked: &[Asked]) -> Result<(), Item> {
        let roots: Vec<Item> = asked.iter().map(|asked| self.root(asked)).collect();
        if self.call_of.is_empty() {
            let mut live = vec![false; self.graph.len()];
            roots.iter().for_each(|root| live[self.index(*root)] = true);
            for node in self.graph.nodes().rev() {
                if live[node.index()] {
                    self.operands(Item::Node(node)).iter().for_each(|used| live[self.index(used.item)] = true);
                }
            }
            self.order = self.graph.nodes().filter(|node| live[node.index()]).map(Item::Node).collect();
            return Ok(());
        }
        self.order.clear();
        // 0: not seen; 1: its operands are being visited; 2: done.
        let mut state = vec![0_u8; self.graph.len() + self.calls.len()];
        let mut pending: Vec<(Item, bool)> = roots.into_iter().rev().map(|root| (root, false)).collect();
        while let Some((item, left)) = pending.pop() {
            match (left, state[self.index(item)]) {
                (true, _) => {
                    state[self.index(item)] = 2;
                    self.order.push(item);
                }
                (false, 0) => {
                    state[self.index(item)] = 1;
                    pending.push((item, true));
                    pending.extend(self.operands(item).into_iter().rev().map(|operand| (operand.item, false)));
                }
                // A node is below itself only through a call.
                (false, 1) => {
                    let open = |(open, left): &&(Item, bool)| *left && self.call(*open).is_some();
                    let call = pending.iter().rev().find(open).map(|(open, _)| *open);
                    return call.map_or(Ok(()), Err);
                }
                (false, _) => {}
            }
        }
        Ok(())
    }

    /// How many items there are, asked for or not.
    pub(super) fn len(&self) -> usize {
        self.graph.len() + self.calls.len()
    }

    /// What stands for an asked value.
    pub(super) fn root(&self, asked: &Asked) -> Item {
        self.stands_for(asked.value.node, asked.phase == Phase::Backward)
    }

    fn stands_for(&self, node: NodeId, in_backward: bool) -> Item {
        let plain = Item::Node(node);
        if in_backward { self.call_of.get(&node).copied().unwrap_or(plain) } else { plain }
    }

    /// Whether backward formulas refer to a node by a call.
    pub(super) fn is_called(&self, node: NodeId) -> bool {
        self.call_of.contains_key(&node)
    }

    /// A number for each item, below [`Items::len`].
    pub(super) fn index(&self, item: Item) -> usize {
        match item {
            Item::Node(node) => node.index(),
            Item::Call(place, _) => self.graph.len() + place,
        }
    }

    pub(super) fn call(&self, item: Item) -> Option<&Call> {
        match item {
            Item::Node(_) => None,
            Item::Call(place, _) => self.calls.get(place),
        }
    }

    /// The node that an item is, or that it is a call for.
    pub(super) fn node(&self, item: Item) -> NodeId {
        match item {
            Item::Node(node) | Item::Call(_, node) => node,
        }
    }

    /// What an item is as a node; `None` for a call and for an access.
    pub(super) fn operation(&self, item: Item) -> Option<Operation> {
        let plain = self.call(item).is_none() && self.access(item).is_none();
        plain.then(|| self.graph.operation(self.node(item)))
    }

    /// The positions at which an item reads its operand, if that is all that it does.
    pub(super) fn access(&self, item: Item) -> Option<&[Position]> {
        match item {
            Item::Node(node) => self.accesses.get(&node).map(|access| access.positions.as_slice()),
            Item::Call(..) => None,
        }
    }

    /// How many conditions stand one in the `else` of the other, from an item down: `if a { .. } else if b { .. } ..`.
    pub(super) fn conditions(&self, item: Item) -> usize {
        self.conditions.get(self.node(item).index()).map_or(0, |count| *count as usize)
    }

    /// The operator of the table that an item applies.
    pub(super) fn operator(&self, item: Item) -> Option<Operator> {
        match self.operation(item) {
            Some(Operation::Apply(operator)) => Some(operator),
            _ => None,
        }
    }

    pub(super) fn shape(&self, item: Item) -> &'a [Dim] {
        self.graph.shape(self.node(item))
    }

    pub(super) fn rank(&self, item: Item) -> usize {
        self.shape(item).len()
    }

    pub(super) fn kind(&self, item: Item) -> Kind {
        if self.call(item).is_some() { Kind::Number } else { self.graph.kind(self.node(item)) }
    }

    pub(super) fn operands(&self, item: Item) -> Vec<Use> {
        if let Some(call) = self.call(item) {
            let arguments = call.arguments.iter();
            return arguments
                .map(|(node, axes)| Use { item: self.stands_for(*node, true), axes: axes.clone() })
                .collect();
        }
        let node = self.node(item);
        let backward = !self.forward[node.index()];
        if let Some(access) = self.accesses.get(&node) {
            return vec![Use {
                item: self.stands_for(access.node, backward),
                axes: self.accessed_axes(self.rank(item), access),
            }];
        }
        let operands = self.graph.operands(node);
        operands.map(|used| Use { item: self.stands_for(used.node, backward), axes: used.axes.to_vec() }).collect()
    }

    /// The user's local axis for each slot of the array that is read.
    fn accessed_axes(&self, rank: usize, access: &Access) -> Vec<u8> {
        let mut closed = rank as u8..;
        let axis = |position: &Position| match position {
            Position::Slot(slot) => Some(*slot),
            _ => closed.next(),
        };
        access.positions.iter().filter_map(axis).collect()
    }

    pub(super) fn local_dims(&self, item: Item) -> Vec<Dim> {
        if let Some(call) = self.call(item) {
            return call.local_dims.clone();
        }
        let mut dims = self.graph.local_dims(self.node(item));
        if let Some(access) = self.accesses.get(&self.node(item)) {
            dims.truncate(self.rank(item));
            let sizes = access.positions.iter().zip(self.graph.shape(access.node));
            dims.extend(sizes.filter(|(position, _)| !matches!(position, Position::Slot(_))).map(|(_, dim)| *dim));
        }
        dims
    }

    pub(super) fn is_forward(&self, item: Item) -> bool {
        self.call(item).is_none() && self.forward[self.node(item).index()]
    }

    pub(super) fn uses(&self, item: Item) -> u32 {
        self.uses[self.index(item)]
    }

    /// Whether an item is a formula of stated numbers, such as `1/3`: it reads better where it stands.
    pub(super) fn is_stated(&self, item: Item) -> bool {
        self.call(item).is_none() && self.graph.stated(self.node(item)).is_some()
    }

    /// Whether an item is written without an operation: inputs and their entries, numbers, positions, conditions on
    /// positions.
    pub(super) fn is_leaf(&self, item: Item) -> bool {
        match self.operation(item) {
            None if self.access(item).is_some() => self.graph.is_entry_of_input(self.node(item)),
            Some(Operation::Apply(operator)) => operator.row().notation == Notation::Name,
            Some(Operation::Sum(_) | Operation::Max(_) | Operation::Prod(_)) | None => false,
            _ => true,
        }
    }
}

fn conditions(graph: &Graph) -> Vec<u32> {
    let mut conditions = vec![0_u32; graph.len()];
    for node in graph.nodes().filter(|node| graph.as_operator(*node) == Some(Operator::Select)) {
        let otherwise = graph.operands(node).nth(2).map_or(0, |otherwise| conditions[otherwise.node.index()]);
        conditions[node.index()] = otherwise.saturating_add(1);
    }
    conditions
}

/// A call over local axes, if it says what it should.
fn usable(graph: &Graph, call: &KnownCall) -> Option<Call> {
    let ranks = prelude_ranks(call.name)?;
    let distinct: HashSet<&Axis> = call.axes.iter().collect();
    let labelled = |node: NodeId, axes: &[Axis]| {
        node.index() < graph.len()
            && graph.shape(node).len() == axes.len()
            && graph.shape(node).iter().zip(axes).all(|(dim, axis)| *dim == graph.dim(*axis))
    };
    let arguments = call.arguments.iter().all(|argument| labelled(argument.node, &argument.axes));
    let simple = ranks.iter().all(|rank| rank.is_none_or(|rank| rank <= 1));
    if !simple || ranks.len() != call.arguments.len() || !arguments || !labelled(call.node, &call.axes) {
        return None;
    }
    let mut locals = call.axes.clone();
    for axis in call.arguments.iter().flat_map(|argument| &argument.axes) {
        if !locals.contains(axis) {
            locals.push(*axis);
        }
    }
    let closes = ranks.iter().any(|rank| *rank != Some(0));
    if distinct.len() != call.axes.len() || (locals.len() > call.axes.len() && !closes) || locals.len() > 255 {
        return None;
    }
    let local = |axis: &Axis| locals.iter().position(|other| other == axis).unwrap_or(0) as u8;
    let lacked = locals.get(call.axes.len());
    let along = call.along.as_ref().or(lacked).or_else(|| call.arguments.first()?.axes.last());
    let along = along.filter(|axis| locals.contains(axis)).map(local);
    let arguments = call.arguments.iter().map(|argument| (argument.node, argument.axes.iter().map(local).collect()));
    let local_dims = locals.iter().map(|axis| graph.dim(*axis)).collect();
    Some(Call { name: call.name, ranks, along, arguments: arguments.collect(), local_dims })
}
