//! A graph of arrays of given sizes as a graph of scalars, element by element.

use std::collections::HashMap;

use chainrule_compiler::graph::{Dim, Graph, GraphError, NodeId, Operation, Ref};
use chainrule_compiler::lower::Wanted;
use chainrule_compiler::number::Number;
use chainrule_compiler::operators::Operator;

/// A formula with more elements takes too long to measure.
const MOST_NODES: usize = 50_000;

/// The scalars: every input's elements in order, then what they compute.
pub struct Unrolled {
    pub graph: Graph,
    pub roots: Vec<Vec<NodeId>>,
}

struct Unroll<'a> {
    from: &'a Graph,
    size: &'a dyn Fn(Dim) -> usize,
    to: Graph,
    /// The elements of each node, the last slot fastest.
    elements: HashMap<NodeId, Vec<NodeId>>,
}

/// Every element of what is wanted.
///
/// # Errors
/// A message if that is too much.
pub fn unroll(from: &Graph, wanted: &[Wanted], size: &dyn Fn(Dim) -> usize) -> Result<Unrolled, String> {
    let mut unroll = Unroll { from, size, to: Graph::new(from.float()), elements: HashMap::new() };
    let live = from.live(wanted.iter().map(|wanted| wanted.value.node));
    for node in from.nodes() {
        let is_input = matches!(from.operation(node), Operation::Input(_));
        if is_input || live[node.index()] {
            unroll.node(node).map_err(|error| error.to_string())?;
        }
        if unroll.to.len() > MOST_NODES {
            return Err("the formula has too many elements at these sizes".to_owned());
        }
    }
    let mut roots = Vec::new();
    for wanted in wanted {
        let sizes: Vec<usize> = wanted.axes.iter().map(|axis| size(from.dim(*axis))).collect();
        let place = |axis| wanted.axes.iter().position(|other| *other == axis).unwrap_or(0);
        let slots: Vec<usize> = wanted.value.axes.iter().map(|axis| place(*axis)).collect();
        roots.push(positions(&sizes).iter().map(|at| unroll.element(wanted.value.node, &slots, at)).collect());
    }
    Ok(Unrolled { graph: unroll.to, roots })
}

/// All positions in an array, the last axis fastest.
pub fn positions(sizes: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for size in sizes {
        all = all.iter().flat_map(|at| (0..*size).map(move |last| [&at[..], &[last]].concat())).collect();
    }
    all
}

impl Unroll<'_> {
    fn sizes(&self, dims: &[Dim]) -> Vec<usize> {
        dims.iter().map(|dim| (self.size)(*dim)).collect()
    }

    /// The element of a node whose slots take some of the coordinates of a position.
    fn element(&self, node: NodeId, slots: &[usize], at: &[usize]) -> NodeId {
        let sizes = self.sizes(self.from.shape(node));
        let place = slots.iter().zip(&sizes).fold(0, |place, (slot, size)| place * size + at[*slot]);
        self.elements[&node][place]
    }

    fn apply(&mut self, operator: Operator, operands: &[NodeId]) -> Result<NodeId, GraphError> {
        let operands: Vec<Ref> = operands.iter().map(|node| Ref { node: *node, axes: Vec::new() }).collect();
        Ok(self.to.apply(operator, &operands)?.node)
    }

    fn number(&mut self, value: usize) -> Result<NodeId, GraphError> {
        Ok(self.to.constant(Number::from(value as i64))?.node)
    }

    fn node(&mut self, node: NodeId) -> Result<(), GraphError> {
        let shape = self.sizes(self.from.shape(node));
        let operands: Vec<(NodeId, Vec<usize>)> = self
            .from
            .operands(node)
            .map(|own| (own.node, own.axes.iter().map(|axis| usize::from(*axis)).collect()))
            .collect();
        let closed = self.sizes(&self.from.local_dims(node)[shape.len()..]);
        let mut elements = Vec::new();
        for at in positions(&shape) {
            let element = match self.from.operation(node) {
                Operation::Input(place) => {
                    let name = format!("{}{at:?}", self.from.inputs()[place as usize].name);
                    self.to.input(&name, &[])?.node
                }
                Operation::Constant(_) => self.to.constant(self.from.as_constant(node).unwrap_or(Number::ZERO))?.node,
                Operation::Truth(value) => self.to.truth(value)?.node,
                Operation::Size(dim) => self.number((self.size)(dim))?,
                Operation::Iota => self.number(at[0])?,
                Operation::Delta => self.to.truth(at[0] == at[1])?.node,
                Operation::Apply(operator) => {
                    let own: Vec<NodeId> = operands.iter().map(|(own, slots)| self.element(*own, slots, &at)).collect();
                    self.apply(operator, &own)?
                }
                like @ (Operation::Sum(_) | Operation::Max(_) | Operation::Prod(_)) => {
                    let (operator, empty) = match like {
                        Operation::Prod(_) => (Operator::Multiply, 1),
                        Operation::Max(_) => (Operator::Maximum, 0),
                        _ => (Operator::Add, 0),
                    };
                    let mut result = None;
                    for inner in positions(&closed) {
                        let all = [&at[..], &inner[..]].concat();
                        let (own, slots) = &operands[0];
                        let next = self.element(*own, slots, &all);
                        result = Some(match result {
                            Some(before) => self.apply(operator, &[before, next])?,
                            None => next,
                        });
                    }
                    match result {
                        Some(result) => result,
                        None => self.number(empty)?,
                    }
                }
            };
            elements.push(element);
        }
        self.elements.insert(node, elements);
        Ok(())
    }
}
