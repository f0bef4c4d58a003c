//! Copying what is needed of a graph into a new one: drops dead nodes and fills in dimensions that were inferred.

use super::{Axis, Dim, Graph, GraphError, NodeId, Operation, Ref};

/// A graph copied from another: [`Rebuilt::find`] says what a use of the old graph is in the new one.
#[derive(Clone, Debug)]
pub struct Rebuilt {
    /// The new graph.
    pub graph: Graph,
    places: Vec<Option<(NodeId, Vec<usize>)>>,
    axes: Vec<Axis>,
}

impl Rebuilt {
    /// The new use of an old one; `None` if the copy dropped it.
    #[must_use]
    pub fn find(&self, old: &Ref) -> Option<Ref> {
        let (node, slots) = self.places.get(old.node.index())?.as_ref()?;
        let axes = slots.iter().map(|slot| self.axis(old.axes[*slot])).collect();
        Some(Ref { node: *node, axes })
    }

    /// The new id of an old node; `None` if the copy dropped it.
    #[must_use]
    pub fn place(&self, old: NodeId) -> Option<NodeId> {
        self.places.get(old.index())?.as_ref().map(|(node, _)| *node)
    }

    /// The new label of an old axis.
    #[must_use]
    pub fn axis(&self, old: Axis) -> Axis {
        self.axes[old.0 as usize]
    }
}

impl Graph {
    /// Copies what the roots need, with every dimension replaced. Inputs are all kept, in order.
    ///
    /// # Errors
    /// Whatever the new dimensions make impossible.
    pub fn rebuild(&self, roots: &[NodeId], replace: impl Fn(Dim) -> Dim) -> Result<Rebuilt, GraphError> {
        let live = self.live(roots.iter().copied());
        let mut graph = Self::new(self.float);
        graph.names.clone_from(&self.names);
        graph.name_places.clone_from(&self.name_places);
        graph.axes.clone_from(&self.axes);
        for info in &mut graph.axes {
            info.dim = replace(info.dim);
        }
        let axes = (0..self.axes.len() as u32).map(Axis).collect();
        let mut rebuilt = Rebuilt { graph, places: vec![None; self.len()], axes };
        for node in self.nodes() {
            if live[node.index()] || matches!(self.operation(node), Operation::Input(_)) {
                self.copy(node, &mut rebuilt, &replace)?;
            }
        }
        rebuilt.graph.bounds = self.bounds.clone();
        for bound in &mut rebuilt.graph.bounds {
            bound.size = replace(bound.size);
        }
        Ok(rebuilt)
    }

    fn copy(&self, node: NodeId, rebuilt: &mut Rebuilt, replace: &impl Fn(Dim) -> Dim) -> Result<(), GraphError> {
        rebuilt.graph.set_span(self.span(node));
        let shape_length = self.shape(node).len();
        let mut labels = Vec::new();
        for (local, dim) in self.local_dims(node).into_iter().enumerate() {
            let hint = self.slot_hint(node, local).to_owned();
            labels.push(rebuilt.graph.axis(replace(dim), &hint));
        }
        let mut operands = Vec::new();
        for operand in self.operands(node) {
            let (new, slots) = rebuilt.places[operand.node.index()].as_ref().ok_or(GraphError::UnknownNode)?;
            let axes = slots.iter().map(|slot| labels[usize::from(operand.axes[*slot])]).collect();
            operands.push(Ref { node: *new, axes });
        }
        let new = match self.operation(node) {
            Operation::Size(dim) => rebuilt.graph.size(replace(dim))?,
            _ => rebuilt.graph.again(self, node, &labels, shape_length, &operands)?,
        };
        let slot = |axis: &Axis| labels.iter().position(|label| label == axis).ok_or(GraphError::Axis);
        let slots = new.axes.iter().map(slot).collect::<Result<_, _>>()?;
        rebuilt.places[node.index()] = Some((new.node, slots));
        Ok(())
    }

    fn again(
        &mut self,
        old: &Self,
        node: NodeId,
        labels: &[Axis],
        slots: usize,
        operands: &[Ref],
    ) -> Result<Ref, GraphError> {
        match old.operation(node) {
            Operation::Input(place) => {
                let input = &old.inputs[place as usize];
                self.any_input(&input.name, labels, input.integer)
            }
            Operation::Constant(place) => self.constant(old.constants[place as usize]),
            Operation::Truth(value) => self.truth(value),
            Operation::Size(dim) => self.size(dim),
            Operation::Iota => self.iota(labels[0]),
            Operation::Delta => self.delta(labels[0], labels[1]),
            Operation::Apply(operator) => self.apply(operator, operands),
            Operation::Sum(_) => self.sum(&labels[slots..], &operands[0]),
            Operation::Max(_) => self.max(&labels[slots..], &operands[0]),
            Operation::Prod(_) => self.prod(&labels[slots..], &operands[0]),
        }
    }
}
