//! The graph: a formula as written, hash-consed, for scalars and tensors alike.
//!
//! A node is anonymous: it has *slots*, each with a dimension (a scalar has none). A *use* of a node is a [`Ref`]: the
//! node and the [`Axis`] that each slot takes there. Transposing, renaming, broadcasting and taking a diagonal are not
//! operators, they are what a `Ref` says. Elementwise operators range over the union of their operands' axes; `sum`,
//! `max` and `prod` close axes; `delta` and `iota` are the only other structural operations.
//!
//! In the store, a node numbers its own axes: first its slots, then the axes that it closes; an edge says which of these
//! *local* axes each slot of the operand takes. There are no names in the store, hence no capture.
//!
//! Invariants: operands have smaller ids than their users; equal nodes are one node; [`Graph::apply`] and its siblings
//! are the only way to make a node. They check arity, kinds and dimensions, and fold only what is bit-exact in the
//! graph's float type. Nothing is reordered.
//!
//! Graphs can be made without text. The gradient of `sum[i](w[i] * x[i])`, a dot product:
//!
//! ```
//! use chainrule_compiler::differentiate::gradient;
//! use chainrule_compiler::graph::{Graph, GraphError};
//! use chainrule_compiler::number::FloatType;
//! use chainrule_compiler::operators::Operator;
//!
//! # fn main() -> Result<(), GraphError> {
//! let mut graph = Graph::new(FloatType::F64);
//! let size = graph.dimension("N");
//! let axis = graph.axis(size, "i");
//! let w = graph.input("w", &[axis])?;
//! let x = graph.input("x", &[axis])?;
//! let products = graph.apply(Operator::Multiply, &[w.clone(), x.clone()])?;
//! let dot = graph.sum(&[axis], &products)?;
//!
//! let derivatives = gradient(&mut graph, &dot, &[w.node])?;
//! assert_eq!(derivatives[0].value.node, x.node);
//! # Ok(())
//! # }
//! ```

mod call;
mod contraction;
mod entry;
mod fold;
mod lists;
mod rebuild;
mod view;

pub use call::KnownCall;
pub use entry::{Access, Given, Others, Placed, Position, Shift, Stated};
pub use rebuild::Rebuilt;
pub use view::Operand;

#[cfg(test)]
mod tests;

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};

use hashbrown::{DefaultHashBuilder, HashMap, HashSet, HashTable};
use petgraph::graph::{DiGraph, NodeIndex};

use crate::diagnostic::Span;
use crate::number::{FloatType, Number};
use crate::operators::{Kind, Operator};
use lists::{ListId, Lists};

/// A node of a [`Graph`]; ids are topological, operands first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

impl NodeId {
    /// The id as an index into per-node tables.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A label for one axis in a formula. A label has one dimension; labels exist to say which slots vary together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Axis(u32);

/// The name of a dimension, such as `N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(u32);

/// The size of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dim {
    /// A number that the formula states.
    Literal(u32),
    /// A name that the formula states.
    Symbol(Symbol),
    /// Not known yet; only while a formula is being resolved.
    Variable(u32),
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A parameter or an upstream cotangent; see [`Graph::inputs`].
    Input(u32),
    /// A number; see [`Graph::constant`].
    Constant(u32),
    /// A truth value.
    Truth(bool),
    /// The size of a dimension as a number; never of a literal one.
    Size(Dim),
    /// Along its only slot: the position, from 0.
    Iota,
    /// Over its two slots: whether the positions are equal.
    Delta,
    /// An operator of the table, elementwise.
    Apply(Operator),
    /// The sum over so many closed axes.
    Sum(u8),
    /// The maximum over so many closed axes.
    Max(u8),
    /// The product over so many closed axes.
    Prod(u8),
}

/// A use of a node: which axis each of its slots takes here.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ref {
    /// What is used.
    pub node: NodeId,
    /// One axis for each slot; an axis that stands twice takes a diagonal.
    pub axes: Vec<Axis>,
}

impl Ref {
    /// The axes, each once, in order of first appearance.
    #[must_use]
    pub fn distinct_axes(&self) -> Vec<Axis> {
        let mut axes = Vec::with_capacity(self.axes.len());
        for axis in &self.axes {
            if !axes.contains(axis) {
                axes.push(*axis);
            }
        }
        axes
    }

    /// The same node under other axes, all renamed at once: `from[i]` becomes `to[i]`.
    #[must_use]
    pub fn renamed(&self, from: &[Axis], to: &[Axis]) -> Self {
        let rename = |axis: &Axis| from.iter().position(|old| old == axis).map_or(*axis, |place| to[place]);
        Self { node: self.node, axes: self.axes.iter().map(rename).collect() }
    }
}

/// A parameter or an upstream cotangent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<Dim>,
    /// Whether its numbers are positions in other arrays, and nothing else.
    pub integer: bool,
}

/// The numbers of an integer input stand between the brackets of an axis: they are 0 or more, and below its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The input's place in [`Graph::inputs`].
    pub input: u32,
    /// The size.
    pub size: Dim,
}

/// One step of the log: a node that was asked for and what stands for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// The rule's name.
    pub rule: &'static str,
    /// What was asked for.
    pub before: Operation,
    /// Its operands.
    pub operands: Vec<Ref>,
    /// What stands for it.
    pub after: Ref,
    /// The fact that it relies on, as a number in the function's list.
    pub fact: Option<u32>,
    /// Where it was written.
    pub span: Span,
}

/// Why a node cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GraphError {
    /// An operator was given too many or too few operands.
    Arity(Operator, usize),
    /// A number stands where a truth value is needed, or the reverse.
    Kind,
    /// A node that is not in this graph, or a use with too many or too few axes.
    UnknownNode,
    /// An axis that is not of this graph, or of another size than the slot.
    Axis,
    /// Two inputs of one name.
    DuplicateInput(String),
    /// More than 255 axes in one node, or more than 2³¹ nodes.
    TooLarge,
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arity(operator, given) => {
                write!(f, "`{}` takes {} operands, {given} given", operator.row().name, operator.arity())
            }
            Self::Kind => f.write_str("a number stands where a condition is needed, or the reverse"),
            Self::UnknownNode => f.write_str("a use of a node that this graph does not have"),
            Self::Axis => f.write_str("an axis that this graph does not have, or of another size than the slot"),
            Self::DuplicateInput(name) => write!(f, "two inputs are named `{name}`"),
            Self::TooLarge => f.write_str("the graph is larger than chainrule can hold"),
        }
    }
}

impl std::error::Error for GraphError {}

/// An axis inside a node: its slots come first, then the axes that it closes.
type Local = u8;

#[derive(Clone, Copy, Debug)]
struct Node {
    operation: Operation,
    slots: ListId,
}

#[derive(Clone, Copy, Debug)]
struct Edge {
    position: u16,
    axes: ListId,
}

/// A node in the table of all nodes. Its hash stands beside it, so that neither a table that grows nor most of the
/// comparisons read the node.
#[derive(Clone, Copy, Debug)]
struct Unique {
    hash: u32,
    node: u32,
}

impl Unique {
    /// The table wants 64 bits, of which it uses the upper and the lower ones.
    fn spread(hash: u32) -> u64 {
        u64::from(hash) << 32 | u64::from(hash)
    }
}

#[derive(Clone, Debug)]
struct AxisInfo {
    dim: Dim,
    hint: u32,
}

/// A hash-consed graph over one float type. See the [module page](self).
#[derive(Clone, Debug)]
pub struct Graph {
    float: FloatType,
    store: DiGraph<Node, Edge>,
    unique: HashTable<Unique>,
    hasher: DefaultHashBuilder,
    spans: Vec<Span>,
    span: Span,
    inputs: Vec<Input>,
    bounds: Vec<Bound>,
    input_names: HashSet<String>,
    constants: Vec<Number>,
    constant_places: HashMap<Number, u32>,
    dims: Lists<Dim>,
    locals: Lists<Local>,
    axes: Vec<AxisInfo>,
    names: Vec<String>,
    name_places: HashMap<String, u32>,
    hints: HashMap<NodeId, Vec<u32>>,
    log: Vec<Replacement>,
}

/// As many operands are read without an allocation: only `max` and `min` take more.
const FEW_OPERANDS: usize = 3;
/// Ids stay well below `u32::MAX`.
const MOST_NODES: usize = 1 << 31;

impl Graph {
    /// An empty graph.
    #[must_use]
    pub fn new(float: FloatType) -> Self {
        Self {
            float,
            store: DiGraph::new(),
            unique: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            spans: Vec::new(),
            span: Span::default(),
            inputs: Vec::new(),
            bounds: Vec::new(),
            input_names: HashSet::new(),
            constants: Vec::new(),
            constant_places: HashMap::new(),
            dims: Lists::new(),
            locals: Lists::new(),
            axes: Vec::new(),
            names: Vec::new(),
            name_places: HashMap::new(),
            hints: HashMap::new(),
            log: Vec::new(),
        }
    }

    /// Nodes made from here on stand at this place of the source text.
    pub fn set_span(&mut self, span: Span) {
        self.span = span;
    }

    /// A dimension of a name; the same name is the same dimension.
    pub fn dimension(&mut self, name: &str) -> Dim {
        Dim::Symbol(Symbol(self.name(name)))
    }

    /// A new axis. The hint is how printers may call it.
    pub fn axis(&mut self, dim: Dim, hint: &str) -> Axis {
        let hint = self.name(hint);
        let axis = Axis(self.axes.len() as u32);
        self.axes.push(AxisInfo { dim, hint });
        axis
    }

    /// A new axis of the same dimension and hint as another.
    pub fn axis_like(&mut self, axis: Axis) -> Axis {
        let info = self.axes[axis.0 as usize].clone();
        self.axes.push(info);
        Axis(self.axes.len() as u32 - 1)
    }

    /// A new axis for every local axis of a node: for its slots, then for what it closes.
    pub(crate) fn local_axes(&mut self, node: NodeId) -> Vec<Axis> {
        let mut axes = Vec::new();
        for (local, dim) in self.local_dims(node).into_iter().enumerate() {
            let hint = self.slot_hint(node, local).to_owned();
            axes.push(self.axis(dim, &hint));
        }
        axes
    }

    /// An input, over the axes that its slots take here.
    ///
    /// # Errors
    /// [`GraphError::DuplicateInput`], [`GraphError::Axis`] for an axis of another graph, or [`GraphError::TooLarge`].
    pub fn input(&mut self, name: &str, axes: &[Axis]) -> Result<Ref, GraphError> {
        self.any_input(name, axes, false)
    }

    /// An input of positions in other arrays: whole numbers that stand between brackets.
    ///
    /// # Errors
    /// As [`Graph::input`].
    pub fn integer_input(&mut self, name: &str, axes: &[Axis]) -> Result<Ref, GraphError> {
        self.any_input(name, axes, true)
    }

    /// An integer input is a position along an axis of this size.
    pub fn bound(&mut self, input: NodeId, size: Dim) {
        if let Operation::Input(input) = self.operation(input)
            && !self.bounds.contains(&Bound { input, size })
        {
            self.bounds.push(Bound { input, size });
        }
    }

    fn any_input(&mut self, name: &str, axes: &[Axis], integer: bool) -> Result<Ref, GraphError> {
        if self.input_names.contains(name) {
            return Err(GraphError::DuplicateInput(name.into()));
        }
        if axes.len() > usize::from(Local::MAX) {
            return Err(GraphError::TooLarge);
        }
        let shape = axes.iter().map(|axis| self.checked_dim(*axis)).collect::<Result<Vec<_>, _>>()?;
        let place = self.inputs.len() as u32;
        self.input_names.insert(name.into());
        self.inputs.push(Input { name: name.into(), shape: shape.clone(), integer });
        self.node(Operation::Input(place), &shape, &[], axes)
    }

    /// Gives an input another name. The name must be new: what is known of inputs by name is not looked at.
    pub(crate) fn rename_input(&mut self, node: NodeId, name: &str) {
        if let Operation::Input(place) = self.operation(node) {
            let before = std::mem::replace(&mut self.inputs[place as usize].name, name.into());
            self.input_names.remove(&before);
            self.input_names.insert(name.into());
        }
    }

    /// A number.
    ///
    /// # Errors
    /// [`GraphError::TooLarge`]
    pub fn constant(&mut self, number: Number) -> Result<Ref, GraphError> {
        let place = *self.constant_places.entry(number).or_insert_with(|| {
            self.constants.push(number);
            self.constants.len() as u32 - 1
        });
        self.node(Operation::Constant(place), &[], &[], &[])
    }

    /// A truth value.
    ///
    /// # Errors
    /// [`GraphError::TooLarge`]
    pub fn truth(&mut self, value: bool) -> Result<Ref, GraphError> {
        self.node(Operation::Truth(value), &[], &[], &[])
    }

    /// The size of a dimension, as a number.
    ///
    /// # Errors
    /// [`GraphError::TooLarge`]
    pub fn size(&mut self, dim: Dim) -> Result<Ref, GraphError> {
        match dim {
            Dim::Literal(size) => self.constant(Number::from(i64::from(size))),
            Dim::Symbol(_) | Dim::Variable(_) => self.node(Operation::Size(dim), &[], &[], &[]),
        }
    }

    /// The position along an axis, from 0.
    ///
    /// # Errors
    /// [`GraphError::Axis`] for an axis of another graph.
    pub fn iota(&mut self, axis: Axis) -> Result<Ref, GraphError> {
        let dim = self.checked_dim(axis)?;
        self.node(Operation::Iota, &[dim], &[], &[axis])
    }

    /// Whether the positions along two axes are equal: a truth value.
    ///
    /// # Errors
    /// [`GraphError::Axis`] if the axes have different sizes.
    pub fn delta(&mut self, left: Axis, right: Axis) -> Result<Ref, GraphError> {
        if left == right {
            return self.truth(true);
        }
        let dim = self.checked_dim(left)?;
        if !self.agrees(dim, self.checked_dim(right)?) {
            return Err(GraphError::Axis);
        }
        self.node(Operation::Delta, &[dim, dim], &[], &[left, right])
    }

    /// An operator of the table over the union of its operands' axes, or what it folds to.
    ///
    /// # Errors
    /// [`GraphError::Arity`], [`GraphError::Kind`], and whatever a bad operand causes.
    pub fn apply(&mut self, operator: Operator, operands: &[Ref]) -> Result<Ref, GraphError> {
        if !operator.takes(operands.len()) {
            return Err(GraphError::Arity(operator, operands.len()));
        }
        for (operand, kind) in operands.iter().zip(operator.kinds()) {
            self.check(operand)?;
            if self.kind(operand.node) != kind {
                return Err(GraphError::Kind);
            }
        }
        if let Some((rule, folded)) = self.fold(operator, operands)? {
            self.record(rule, Operation::Apply(operator), operands, &folded, None);
            return Ok(folded);
        }
        let mut union = Vec::new();
        for operand in operands {
            for axis in &operand.axes {
                if !union.contains(axis) {
                    union.push(*axis);
                }
            }
        }
        self.over(Operation::Apply(operator), &union, union.len(), operands)
    }

    /// An operator over two operands, if that is there already.
    pub(crate) fn existing(&self, operator: Operator, operands: [&Ref; 2]) -> Option<Ref> {
        let mut union: Vec<Axis> = Vec::new();
        for axis in operands.iter().flat_map(|operand| &operand.axes) {
            if !union.contains(axis) {
                union.push(*axis);
            }
        }
        let dims: Vec<Dim> = union.iter().map(|axis| self.dim(*axis)).collect();
        let slots = self.dims.known(&dims)?;
        let mut edges = [(NodeId(0), ListId::EMPTY); 2];
        for (edge, operand) in edges.iter_mut().zip(operands) {
            let local = |axis: &Axis| union.iter().position(|other| other == axis).unwrap_or(0) as Local;
            let locals: Vec<Local> = operand.axes.iter().map(local).collect();
            *edge = (operand.node, self.locals.known(&locals)?);
        }
        let operation = Operation::Apply(operator);
        let hash = hash_node(&self.hasher, operation, slots, edges.iter().copied());
        let known = self.find(hash, operation, slots, &edges)?;
        Some(Ref { node: known, axes: union })
    }

    /// The sum over axes. Over an axis that the body lacks, it is a product with the axis' size.
    ///
    /// # Errors
    /// [`GraphError::Kind`] for a truth value, and whatever a bad operand causes.
    pub fn sum(&mut self, closed: &[Axis], body: &Ref) -> Result<Ref, GraphError> {
        let mut result = self.reduce(closed, body, Operation::Sum)?;
        for axis in closed.iter().filter(|axis| !body.axes.contains(axis)) {
            let size = self.size(self.checked_dim(*axis)?)?;
            result = self.apply(Operator::Multiply, &[result, size])?;
        }
        Ok(result)
    }

    /// The maximum over axes; an axis that the body lacks changes nothing.
    ///
    /// # Errors
    /// [`GraphError::Kind`] for a truth value, and whatever a bad operand causes.
    pub fn max(&mut self, closed: &[Axis], body: &Ref) -> Result<Ref, GraphError> {
        self.reduce(closed, body, Operation::Max)
    }

    /// The product over axes. Over an axis that the body lacks, it is a power with the axis' size.
    ///
    /// # Errors
    /// [`GraphError::Kind`] for a truth value, and whatever a bad operand causes.
    pub fn prod(&mut self, closed: &[Axis], body: &Ref) -> Result<Ref, GraphError> {
        let mut result = self.reduce(closed, body, Operation::Prod)?;
        for axis in closed.iter().filter(|axis| !body.axes.contains(axis)) {
            let size = self.size(self.checked_dim(*axis)?)?;
            result = self.apply(Operator::Power, &[result, size])?;
        }
        Ok(result)
    }

    /// The same reduction as a node's over other axes and another body; the body itself if the node is none.
    pub(crate) fn reduced_as(&mut self, like: Operation, closed: &[Axis], body: &Ref) -> Result<Ref, GraphError> {
        match like {
            Operation::Sum(_) => self.sum(closed, body),
            Operation::Max(_) => self.max(closed, body),
            Operation::Prod(_) => self.prod(closed, body),
            _ => Ok(body.clone()),
        }
    }

    fn reduce(&mut self, closed: &[Axis], body: &Ref, make: fn(u8) -> Operation) -> Result<Ref, GraphError> {
        self.check(body)?;
        if self.kind(body.node) != Kind::Number {
            return Err(GraphError::Kind);
        }
        let (inner, mut all): (Vec<_>, Vec<_>) = body.distinct_axes().into_iter().partition(|a| closed.contains(a));
        if inner.is_empty() {
            return Ok(body.clone());
        }
        let kept = all.len();
        let count = u8::try_from(inner.len()).map_err(|_| GraphError::TooLarge)?;
        all.extend(inner);
        self.over(make(count), &all, kept, std::slice::from_ref(body))
    }

    /// Makes a node whose local axes are `all`, the first `kept` of them its slots.
    fn over(&mut self, operation: Operation, all: &[Axis], kept: usize, operands: &[Ref]) -> Result<Ref, GraphError> {
        if all.len() > usize::from(Local::MAX) || operands.len() > usize::from(u16::MAX) {
            return Err(GraphError::TooLarge);
        }
        let mut dims = Vec::new();
        for axis in &all[..kept] {
            dims.push(self.dim(*axis));
        }
        let (mut few, mut many) = ([(NodeId(0), ListId::EMPTY); FEW_OPERANDS], Vec::new());
        let edges = match few.get_mut(..operands.len()) {
            Some(few) => few,
            None => {
                many.resize(operands.len(), (NodeId(0), ListId::EMPTY));
                many.as_mut_slice()
            }
        };
        let mut locals = Vec::new();
        for (edge, operand) in edges.iter_mut().zip(operands) {
            if operand.axes.is_empty() {
                edge.0 = operand.node;
                continue;
            }
            locals.clear();
            let local = |axis: &Axis| all.iter().position(|other| other == axis).unwrap_or(0) as Local;
            locals.extend(operand.axes.iter().map(local));
            *edge = (operand.node, self.locals.intern(&locals));
        }
        self.node(operation, &dims, edges, &all[..kept])
    }

    fn find(&self, hash: u32, operation: Operation, slots: ListId, edges: &[(NodeId, ListId)]) -> Option<NodeId> {
        let same = |other: &Unique| {
            let weight = || self.store[NodeIndex::new(other.node as usize)];
            other.hash == hash
                && (weight().operation, weight().slots) == (operation, slots)
                && self.edges(NodeId(other.node)).as_slice() == edges
        };
        self.unique.find(Unique::spread(hash), same).map(|known| NodeId(known.node))
    }

    /// Finds or makes a node.
    fn node(
        &mut self,
        operation: Operation,
        dims: &[Dim],
        edges: &[(NodeId, ListId)],
        axes: &[Axis],
    ) -> Result<Ref, GraphError> {
        let slots = self.dims.intern(dims);
        let hash = hash_node(&self.hasher, operation, slots, edges.iter().copied());
        if let Some(node) = self.find(hash, operation, slots, edges) {
            return Ok(Ref { node, axes: axes.to_vec() });
        }
        if self.store.node_count() >= MOST_NODES {
            return Err(GraphError::TooLarge);
        }
        let index = self.store.add_node(Node { operation, slots });
        let node = NodeId(index.index() as u32);
        for (position, (operand, list)) in edges.iter().enumerate() {
            let edge = Edge { position: position as u16, axes: *list };
            self.store.add_edge(index, NodeIndex::new(operand.index()), edge);
        }
        self.spans.push(self.span);
        if !axes.is_empty() {
            self.hints.insert(node, axes.iter().map(|axis| self.axes[axis.0 as usize].hint).collect());
        }
        let entry = Unique { hash, node: node.0 };
        self.unique.insert_unique(Unique::spread(hash), entry, |entry| Unique::spread(entry.hash));
        Ok(Ref { node, axes: axes.to_vec() })
    }

    /// Writes a replacement into the log.
    pub fn record(&mut self, rule: &'static str, before: Operation, operands: &[Ref], after: &Ref, fact: Option<u32>) {
        let span = self.span;
        let (operands, after) = (operands.to_vec(), after.clone());
        self.log.push(Replacement { rule, before, operands, after, fact, span });
    }

    fn name(&mut self, text: &str) -> u32 {
        if let Some(place) = self.name_places.get(text) {
            return *place;
        }
        let place = self.names.len() as u32;
        self.names.push(text.into());
        self.name_places.insert(text.into(), place);
        place
    }

    fn check(&self, operand: &Ref) -> Result<(), GraphError> {
        if operand.node.index() >= self.store.node_count() {
            return Err(GraphError::UnknownNode);
        }
        let shape = self.shape(operand.node);
        if shape.len() != operand.axes.len() {
            return Err(GraphError::UnknownNode);
        }
        if shape.is_empty() {
            return Ok(());
        }
        for (dim, axis) in shape.iter().zip(&operand.axes) {
            if !self.agrees(*dim, self.checked_dim(*axis)?) {
                return Err(GraphError::Axis);
            }
        }
        Ok(())
    }

    fn checked_dim(&self, axis: Axis) -> Result<Dim, GraphError> {
        self.axes.get(axis.0 as usize).map(|info| info.dim).ok_or(GraphError::Axis)
    }

    /// Whether two dimensions can be one; what is not known yet agrees with everything.
    fn agrees(&self, left: Dim, right: Dim) -> bool {
        left == right || matches!(left, Dim::Variable(_)) || matches!(right, Dim::Variable(_))
    }
}

fn hash_node(
    hasher: &impl BuildHasher,
    operation: Operation,
    slots: ListId,
    edges: impl Iterator<Item = (NodeId, ListId)>,
) -> u32 {
    let mut state = hasher.build_hasher();
    operation.hash(&mut state);
    slots.hash(&mut state);
    for edge in edges {
        edge.hash(&mut state);
    }
    (state.finish() >> 32) as u32
}
