//! From a graph to a [`Program`]: straight-line instructions and branches, in an order in which each value stands before
//! its uses. What `emit` prints and what `evaluate` runs.
//!
//! A node that only one branch of an `if` needs is computed inside that branch; selects on the same condition share one
//! branch. A condition that varies along axes has no branch: it selects element by element, and what it does not take
//! has no influence.

mod blocks;
mod merge;
mod power;
mod schedule;

#[cfg(test)]
mod tests;

use crate::graph::{Axis, Dim, Graph, NodeId, Operation, Position, Ref};
use crate::number::{FloatType, Number};
use crate::operators::{Kind, Operator};

/// A value of a [`Program`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub u32);

impl ValueId {
    /// The id as an index into per-value tables.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A dimension, as the evaluator and the emitter know it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Size {
    /// Stated.
    Literal(u32),
    /// The size of the dimension of this place in [`Program::dimensions`].
    Named(u32),
}

/// What a value is.
#[derive(Clone, Debug)]
pub struct Value {
    /// Number or truth value.
    pub kind: Kind,
    /// Its shape; empty for a scalar.
    pub shape: Vec<Size>,
}

/// What an instruction computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Compute {
    /// The input of this place in [`Program::inputs`].
    Input(u32),
    /// The value of this place among those that [`lower_from`] was given.
    Given(u32),
    /// A number.
    Constant(Number),
    /// A truth value.
    Truth(bool),
    /// The size of a dimension.
    Size(Size),
    /// The position along its only axis.
    Iota,
    /// Whether the positions along its two axes are equal.
    Delta,
    /// An operator, elementwise.
    Apply(Operator),
    /// A sum over the closed axes.
    Sum,
    /// A maximum over the closed axes.
    Max,
    /// The product over the closed axes.
    Prod,
    /// An element of its operand, or a part of it, at positions of which some are stated.
    Access(Vec<Reads>),
    /// The sum over the closed axes of the product of two operands. [`lower`] writes none: see [`crate::loops`].
    Contract,
}

/// Where an access reads a slot of its operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// Along this slot of its own.
    Slot(u8),
    /// At this position.
    Stated(u32),
}

/// A use of a value: which axis of the instruction each of its slots takes. The instruction's own slots count from 0,
/// its closed axes follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operand {
    /// What is used.
    pub value: ValueId,
    /// One axis for each slot.
    pub axes: Vec<u8>,
}

/// One step: `target = compute(operands)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Instruction {
    /// What it defines.
    pub target: ValueId,
    /// How.
    pub compute: Compute,
    /// From what.
    pub operands: Vec<Operand>,
    /// The sizes of the axes that it closes.
    pub closed: Vec<Size>,
}

/// A value that a branch decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What it defines.
    pub target: ValueId,
    /// Its value where the condition holds.
    pub yes: Operand,
    /// Its value elsewhere.
    pub no: Operand,
}

/// A step of a program.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// One instruction.
    Instruction(Instruction),
    /// `let (targets) = if condition { yes; values } else { no; values }`
    Branch {
        /// A scalar truth value.
        condition: ValueId,
        /// What only the first branch needs.
        yes: Vec<Statement>,
        /// What only the second branch needs.
        no: Vec<Statement>,
        /// What comes out.
        choices: Vec<Choice>,
    },
}

/// A result: a value broadcast over declared axes.
#[derive(Clone, Debug)]
pub struct Output {
    /// The value.
    pub value: ValueId,
    /// For each slot of the value, the place of its axis in `shape`.
    pub slots: Vec<usize>,
    /// The declared shape.
    pub shape: Vec<Size>,
}

/// An input: its name and shape.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<Size>,
}

/// A lowered formula.
#[derive(Clone, Debug)]
pub struct Program {
    /// What it computes in.
    pub float: FloatType,
    /// The names of dimensions.
    pub dimensions: Vec<String>,
    /// All inputs of the graph, in order.
    pub inputs: Vec<Input>,
    /// Inputs whose numbers are positions along an axis of some size, to be checked before anything is computed.
    pub bounds: Vec<(u32, Size)>,
    /// All values.
    pub values: Vec<Value>,
    /// The steps in order.
    pub body: Vec<Statement>,
    /// The results, in the order in which they were asked for.
    pub outputs: Vec<Output>,
}

/// What [`lower`] is asked for: a value over declared axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The value.
    pub value: Ref,
    /// Its declared axes.
    pub axes: Vec<Axis>,
}

/// Lowers what is wanted, and nothing else. Each value is computed once.
#[must_use]
pub fn lower(graph: &Graph, wanted: &[Wanted]) -> Program {
    lower_from(graph, wanted, &[])
}

/// As [`lower`], when the values of some nodes are known already: the backward pass of a layer, from what was saved.
#[must_use]
pub fn lower_from(graph: &Graph, wanted: &[Wanted], given: &[NodeId]) -> Program {
    let mut builder = Builder::new(graph);
    for (place, node) in given.iter().enumerate() {
        builder.given[node.index()] = Some(place as u32);
    }
    let blocks = blocks::place(&builder, wanted.iter().map(|wanted| wanted.value.node));
    builder.program.body = schedule::schedule(&mut builder, &blocks);
    for wanted in wanted {
        let slots = wanted.value.axes.iter().map(|axis| wanted.axes.iter().position(|a| a == axis).unwrap_or(0));
        let output = Output {
            value: builder.value(wanted.value.node),
            slots: slots.collect(),
            shape: wanted.axes.iter().map(|axis| builder.size(graph.dim(*axis))).collect(),
        };
        builder.program.outputs.push(output);
    }
    merge::merge(&mut builder.program);
    builder.program
}

/// Turns nodes into values and instructions.
struct Builder<'a> {
    graph: &'a Graph,
    program: Program,
    places: Vec<Option<ValueId>>,
    /// The nodes whose values are known already.
    given: Vec<Option<u32>>,
}

impl<'a> Builder<'a> {
    fn new(graph: &'a Graph) -> Self {
        let program = Program {
            float: graph.float(),
            dimensions: Vec::new(),
            inputs: Vec::new(),
            bounds: Vec::new(),
            values: Vec::new(),
            body: Vec::new(),
            outputs: Vec::new(),
        };
        let mut builder = Self { graph, program, places: vec![None; graph.len()], given: vec![None; graph.len()] };
        for input in graph.inputs() {
            let shape = input.shape.iter().map(|dim| builder.size(*dim)).collect();
            builder.program.inputs.push(Input { name: input.name.clone(), shape });
        }
        for bound in graph.bounds() {
            let size = builder.size(bound.size);
            builder.program.bounds.push((bound.input, size));
        }
        builder
    }

    fn size(&mut self, dim: Dim) -> Size {
        match dim {
            Dim::Literal(size) => Size::Literal(size),
            dim => {
                let name = self.graph.dim_text(dim);
                let known = self.program.dimensions.iter().position(|other| *other == name);
                let place = known.unwrap_or_else(|| {
                    self.program.dimensions.push(name);
                    self.program.dimensions.len() - 1
                });
                Size::Named(place as u32)
            }
        }
    }

    /// A new value.
    fn define(&mut self, kind: Kind, shape: Vec<Size>) -> ValueId {
        self.program.values.push(Value { kind, shape });
        ValueId(self.program.values.len() as u32 - 1)
    }

    /// The value of a node.
    fn value(&mut self, node: NodeId) -> ValueId {
        if let Some(value) = self.places[node.index()] {
            return value;
        }
        let shape = self.graph.shape(node).to_vec();
        let shape = shape.into_iter().map(|dim| self.size(dim)).collect();
        let value = self.define(self.graph.kind(node), shape);
        self.places[node.index()] = Some(value);
        value
    }

    /// A function of stated numbers, such as `sqrt(2*pi)`, is one. Their sums, products and quotients any compiler of Rust
    /// computes.
    fn known(&self, node: NodeId) -> Option<Number> {
        let computed = self.graph.as_operator(node).is_some_and(|operator| operator.arity() > 0);
        if !computed || self.graph.stated(node).is_some() {
            return None;
        }
        let value = self.graph.known(node).filter(|value| value.is_normal())?;
        // The shortest decimal that is nearest to it.
        Number::parse(&format!("{value:e}")).ok()
    }

    fn access(&self, node: NodeId) -> Option<crate::graph::Access> {
        let plain = |position: &Position| matches!(position, Position::Slot(_) | Position::Stated(_));
        self.graph.as_access(node).filter(|access| access.positions.iter().all(plain))
    }

    /// What a node needs; nothing if its value is known already.
    fn needs(&self, node: NodeId) -> impl Iterator<Item = crate::graph::Operand<'a>> + use<'a> {
        let known = self.given[node.index()].is_some() || self.known(node).is_some();
        let access = self.access(node);
        let all = self.graph.operands(node).filter(move |_| !known && access.is_none());
        let access = self.access(node).filter(|_| !known);
        all.chain(access.map(|access| crate::graph::Operand { node: access.node, axes: &[] }))
    }

    fn operands(&mut self, node: NodeId) -> Vec<Operand> {
        self.needs(node)
            .collect::<Vec<_>>()
            .into_iter()
            .map(|used| Operand { value: self.value(used.node), axes: used.axes.to_vec() })
            .collect()
    }

    /// The instructions of a node.
    fn instructions(&mut self, node: NodeId, out: &mut Vec<Statement>) {
        let operands = self.operands(node);
        let target = self.value(node);
        if let Some(place) = self.given[node.index()] {
            let (compute, closed) = (Compute::Given(place), Vec::new());
            out.push(Statement::Instruction(Instruction { target, compute, operands, closed }));
            return;
        }
        if let Some(number) = self.known(node) {
            let (compute, closed) = (Compute::Constant(number), Vec::new());
            out.push(Statement::Instruction(Instruction { target, compute, operands, closed }));
            return;
        }
        if let Some(access) = self.access(node) {
            let reads = access.positions.iter().filter_map(|position| match position {
                Position::Slot(slot) => Some(Reads::Slot(*slot)),
                Position::Stated(position) => Some(Reads::Stated(*position)),
                _ => None,
            });
            let (compute, closed) = (Compute::Access(reads.collect()), Vec::new());
            out.push(Statement::Instruction(Instruction { target, compute, operands, closed }));
            return;
        }
        let compute = match self.graph.operation(node) {
            Operation::Input(place) => Compute::Input(place),
            Operation::Constant(_) => Compute::Constant(self.graph.as_constant(node).unwrap_or(Number::ZERO)),
            Operation::Truth(value) => Compute::Truth(value),
            Operation::Size(dim) => Compute::Size(self.size(dim)),
            Operation::Iota => Compute::Iota,
            Operation::Delta => Compute::Delta,
            Operation::Apply(Operator::Power) => return self.power(node, target, operands, out),
            Operation::Apply(operator) => Compute::Apply(operator),
            Operation::Sum(_) => Compute::Sum,
            Operation::Max(_) => Compute::Max,
            Operation::Prod(_) => Compute::Prod,
        };
        let slots = self.graph.shape(node).len();
        let closed = self.graph.local_dims(node).split_off(slots);
        let closed = closed.into_iter().map(|dim| self.size(dim)).collect();
        out.push(Statement::Instruction(Instruction { target, compute, operands, closed }));
    }
}
