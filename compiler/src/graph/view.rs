//! Reading a graph: every pass goes through these, so that the store stays replaceable.

use petgraph::Direction;
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::lists::ListId;
use super::{Axis, Bound, Dim, FEW_OPERANDS, Graph, Input, Local, NodeId, Operation, Ref, Replacement, Symbol};
use crate::diagnostic::Span;
use crate::number::{FloatType, Number};
use crate::operators::{Kind, Law, Operator};

/// How deep formulas of stated numbers are looked into.
const MOST_STATED: u32 = 4;

/// An operand as the store has it: which of the user's local axes each slot takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand<'a> {
    /// What is used.
    pub node: NodeId,
    /// One local axis of the user for each slot of the operand: the user's slots count from 0, what it closes follows.
    pub axes: &'a [u8],
}

/// The operands of a node in order, with what their slots take.
pub(super) struct Edges {
    few: [(NodeId, ListId); FEW_OPERANDS],
    /// All of them, where there are more.
    many: Vec<(NodeId, ListId)>,
    count: usize,
    next: usize,
}

impl Edges {
    pub(super) fn as_slice(&self) -> &[(NodeId, ListId)] {
        if self.many.is_empty() { &self.few[..self.count] } else { &self.many }
    }
}

impl Iterator for Edges {
    type Item = (NodeId, ListId);

    fn next(&mut self) -> Option<Self::Item> {
        if self.next == self.count {
            return None;
        }
        self.next += 1;
        let place = self.next - 1;
        Some(if place < FEW_OPERANDS && self.many.is_empty() { self.few[place] } else { self.many[place] })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count - self.next, Some(self.count - self.next))
    }
}

impl Axis {
    /// A number of its own.
    pub(crate) fn number(self) -> u32 {
        self.0
    }
}

impl Symbol {
    /// A number of its own.
    pub(crate) fn number(self) -> u32 {
        self.0
    }
}

impl Graph {
    /// The float type that the formula computes in.
    #[must_use]
    pub fn float(&self) -> FloatType {
        self.float
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.store.node_count()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.store.node_count() == 0
    }

    /// All nodes, operands before users.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..self.store.node_count() as u32).map(NodeId)
    }

    /// The node of an index; the inverse of [`NodeId::index`].
    #[must_use]
    pub fn node_at(&self, index: usize) -> Option<NodeId> {
        (index < self.len()).then_some(NodeId(index as u32))
    }

    /// What a node is.
    #[must_use]
    pub fn operation(&self, node: NodeId) -> Operation {
        self.store[NodeIndex::new(node.index())].operation
    }

    /// Whether a node is a number or a truth value.
    #[must_use]
    pub fn kind(&self, node: NodeId) -> Kind {
        match self.operation(node) {
            Operation::Truth(_) | Operation::Delta => Kind::Truth,
            Operation::Apply(operator) => operator.row().result,
            _ => Kind::Number,
        }
    }

    /// The dimension of each slot.
    #[must_use]
    pub fn shape(&self, node: NodeId) -> &[Dim] {
        self.dims.get(self.store[NodeIndex::new(node.index())].slots)
    }

    /// The operands in order.
    pub fn operands(&self, node: NodeId) -> impl Iterator<Item = Operand<'_>> {
        self.edges(node).map(|(node, list)| Operand { node, axes: self.locals.get(list) })
    }

    /// What every pass goes through, also in builds without optimisation: so petgraph's lists are walked by hand.
    pub(super) fn edges(&self, node: NodeId) -> Edges {
        let (stored, end) = (self.store.raw_edges(), EdgeIndex::end());
        let none = (NodeId(0), ListId::EMPTY);
        let mut edges = Edges { few: [none; FEW_OPERANDS], many: Vec::new(), count: 0, next: 0 };
        let mut next = self.store.raw_nodes()[node.index()].next_edge(Direction::Outgoing);
        while next != end {
            let edge = &stored[next.index()];
            // petgraph lists edges last-added-first.
            let place = usize::from(edge.weight.position);
            if edges.count == 0 {
                edges.count = place + 1;
                if place >= FEW_OPERANDS {
                    edges.many.resize(place + 1, none);
                }
            }
            let stored = if edges.many.is_empty() { &mut edges.few[place] } else { &mut edges.many[place] };
            *stored = (NodeId(edge.target().index() as u32), edge.weight.axes);
            next = edge.next_edge(Direction::Outgoing);
        }
        edges
    }

    /// How many axes a node closes.
    #[must_use]
    pub fn closed(&self, node: NodeId) -> usize {
        match self.operation(node) {
            Operation::Sum(count) | Operation::Max(count) | Operation::Prod(count) => usize::from(count),
            _ => 0,
        }
    }

    /// The dimensions of all local axes of a node: its slots, then what it closes.
    #[must_use]
    pub fn local_dims(&self, node: NodeId) -> Vec<Dim> {
        let mut dims = self.shape(node).to_vec();
        let closed = self.closed(node);
        if closed == 0 {
            return dims;
        }
        dims.resize(dims.len() + closed, Dim::Literal(1));
        for operand in self.operands(node) {
            for (local, dim) in operand.axes.iter().zip(self.shape(operand.node)) {
                dims[usize::from(*local)] = *dim;
            }
        }
        dims
    }

    /// The operands as uses, when the node's local axes take these labels (as many as [`Graph::local_dims`]).
    #[must_use]
    pub fn operand_refs(&self, node: NodeId, labels: &[Axis]) -> Vec<Ref> {
        let label = |local: &Local| labels[usize::from(*local)];
        self.operands(node)
            .map(|operand| Ref { node: operand.node, axes: operand.axes.iter().map(label).collect() })
            .collect()
    }

    /// The dimension of an axis.
    #[must_use]
    pub fn dim(&self, axis: Axis) -> Dim {
        self.axes[axis.0 as usize].dim
    }

    /// How printers may call an axis; may be empty.
    #[must_use]
    pub fn hint(&self, axis: Axis) -> &str {
        &self.names[self.axes[axis.0 as usize].hint as usize]
    }

    /// How printers may call a slot; may be empty.
    #[must_use]
    pub fn slot_hint(&self, node: NodeId, slot: usize) -> &str {
        self.hints.get(&node).and_then(|hints| hints.get(slot)).map_or("", |hint| &self.names[*hint as usize])
    }

    /// The name of a dimension.
    #[must_use]
    pub fn symbol(&self, symbol: Symbol) -> &str {
        &self.names[symbol.0 as usize]
    }

    /// A dimension as written: `784` or `N`.
    #[must_use]
    pub fn dim_text(&self, dim: Dim) -> String {
        match dim {
            Dim::Literal(size) => size.to_string(),
            Dim::Symbol(symbol) => self.symbol(symbol).into(),
            Dim::Variable(_) => "?".into(),
        }
    }

    /// Inputs in the order in which they were made.
    #[must_use]
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Which integer inputs have to be inside of which sizes before anything is computed.
    #[must_use]
    pub fn bounds(&self) -> &[Bound] {
        &self.bounds
    }

    /// Whether a node is an integer input.
    #[must_use]
    pub fn is_integer_input(&self, node: NodeId) -> bool {
        matches!(self.operation(node), Operation::Input(place) if self.inputs[place as usize].integer)
    }

    /// The number that a node is, if it is one that the formula states.
    #[must_use]
    pub fn as_constant(&self, node: NodeId) -> Option<Number> {
        match self.operation(node) {
            Operation::Constant(place) => self.constants.get(place as usize).copied(),
            _ => None,
        }
    }

    /// What a formula of stated numbers alone, such as `1/3`, is when it is computed; `None` for a long one.
    #[must_use]
    pub fn stated(&self, node: NodeId) -> Option<f64> {
        self.stated_within(node, MOST_STATED, |operator| operator.row().law == Law::Rational)
    }

    /// What a formula without inputs, such as `sqrt(2*pi)`, is when it is computed; `None` for a long one.
    #[must_use]
    pub fn known(&self, node: NodeId) -> Option<f64> {
        let number = |operator: Operator| operator.row().result == Kind::Number && operator != Operator::Select;
        self.stated_within(node, MOST_STATED, number)
    }

    fn stated_within(&self, node: NodeId, depth: u32, fits: impl Fn(Operator) -> bool + Copy) -> Option<f64> {
        if let Some(number) = self.as_constant(node) {
            return Some(number.nearest(self.float()));
        }
        let operator = self.as_operator(node).filter(|operator| depth > 0 && fits(*operator))?;
        let mut operands = Vec::new();
        for operand in self.operands(node) {
            operands.push(self.stated_within(operand.node, depth - 1, fits)?);
        }
        // Twice the digits: rounding what is computed in f64 is the same as computing in f32.
        (operands.len() == operator.arity()).then(|| self.float().round((operator.row().evaluate)(&operands)))
    }

    /// Whether a node is this integer.
    #[must_use]
    pub fn is_integer(&self, node: NodeId, value: i64) -> bool {
        self.as_constant(node).is_some_and(|number| number == Number::from(value))
    }

    /// The operator that a node applies.
    #[must_use]
    pub fn as_operator(&self, node: NodeId) -> Option<Operator> {
        match self.operation(node) {
            Operation::Apply(operator) => Some(operator),
            _ => None,
        }
    }

    /// Where a node was first written.
    #[must_use]
    pub fn span(&self, node: NodeId) -> Span {
        self.spans[node.index()]
    }

    /// Every replacement so far, in order.
    #[must_use]
    pub fn log(&self) -> &[Replacement] {
        &self.log
    }

    /// Which nodes the roots need, themselves included.
    #[must_use]
    pub fn live(&self, roots: impl IntoIterator<Item = NodeId>) -> Vec<bool> {
        let mut live = vec![false; self.len()];
        for root in roots {
            live[root.index()] = true;
        }
        for node in self.nodes().rev() {
            if live[node.index()] {
                for (operand, _) in self.edges(node) {
                    live[operand.index()] = true;
                }
            }
        }
        live
    }
}
