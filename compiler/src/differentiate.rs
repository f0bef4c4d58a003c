//! The chain rule: from a graph to the same graph with the backward formulas added.
//!
//! A reverse sweep visits the nodes from the outputs to the inputs and accumulates one *cotangent* per node. Scalars and
//! tensors follow one law: *the cotangent of an operand is summed over the node's axes that the operand lacks*. There is
//! no rule for a composite: what an operator contributes is its partial from the table, put into the graph.
//!
//! The adjoint of `if` selects, it never multiplies by a mask: a cotangent carries the conditions under which it is not
//! zero (its guards), and a product goes inside them. So an infinite partial where a branch is not taken has
//! no influence. Second order is the same sweep over the first one's result.

mod cotangent;
mod entries;
mod factor;
mod partial;
mod range;
mod root;

#[cfg(test)]
mod tests;

use crate::graph::{Axis, Graph, GraphError, NodeId, Operation, Ref};
use crate::number::Number;
use crate::operators::{Kind, Operator};
use cotangent::{Cotangent, Guard};
use range::Ranges;

pub(crate) use entries::symmetric;
pub(crate) use root::{is_convention, without_conventions};

/// A derivative: its value may lack some of the axes, and then broadcasts over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derivative {
    /// The value.
    pub value: Ref,
    /// First the axes of what is differentiated (for Jacobians), then those of the input, in the order of its shape.
    pub axes: Vec<Axis>,
}

/// What flows back along one edge: the contribution of a node to the cotangent of one of its operands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Where it comes from.
    pub node: NodeId,
    /// Which operand it goes to.
    pub position: usize,
    /// The contribution.
    pub value: Ref,
    /// The operand's axes, each once; the contribution may lack some, and then broadcasts over them.
    pub axes: Vec<Axis>,
}

/// What is pulled back: a use of a node, and a cotangent over its axes.
#[derive(Clone, Debug)]
pub struct Seed {
    /// The output.
    pub output: Ref,
    /// The axes that the output is declared over.
    pub axes: Vec<Axis>,
    /// Its cotangent.
    pub cotangent: Ref,
}

impl Seed {
    /// The seed of a gradient: 1.
    ///
    /// # Errors
    /// [`GraphError::TooLarge`]
    pub fn one(graph: &mut Graph, output: &Ref) -> Result<Self, GraphError> {
        Ok(Self { output: output.clone(), axes: Vec::new(), cotangent: graph.constant(Number::ONE)? })
    }
}

/// The result of a sweep.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// One derivative for each node asked for; zero where the output does not depend on it.
    pub derivatives: Vec<Derivative>,
    /// What flows along every edge that matters, if it was asked for: from the outputs down.
    pub flows: Vec<Flow>,
}

/// Pulls cotangents back to the nodes `wrt`.
///
/// # Errors
/// [`GraphError::TooLarge`], or whatever a use that is not of this graph causes.
pub fn pull_back(graph: &mut Graph, seeds: &[Seed], wrt: &[NodeId], with_flows: bool) -> Result<Sweep, GraphError> {
    let mut sweeper = Sweeper::new(graph, wrt, with_flows);
    for seed in seeds {
        let cotangent = Cotangent::plain(seed.cotangent.clone());
        sweeper.contribute(&seed.output, cotangent, &seed.axes)?;
    }
    sweeper.run()?;
    let derivatives = wrt.iter().map(|node| sweeper.derivative(*node)).collect::<Result<_, _>>()?;
    Ok(Sweep { derivatives, flows: sweeper.flows })
}

/// The gradient of a scalar by some nodes.
///
/// # Errors
/// As [`pull_back`].
pub fn gradient(graph: &mut Graph, output: &Ref, wrt: &[NodeId]) -> Result<Vec<Derivative>, GraphError> {
    let seed = Seed::one(graph, output)?;
    Ok(pull_back(graph, &[seed], wrt, false)?.derivatives)
}

/// The Jacobian of a value: for each node of `wrt`, the derivative over the value's axes and then the node's.
///
/// # Errors
/// As [`pull_back`].
pub fn jacobian(graph: &mut Graph, output: &Derivative, wrt: &[NodeId]) -> Result<Vec<Derivative>, GraphError> {
    jacobian_with(graph, output, wrt, None)
}

/// A number whose derivatives are known: a sweep uses them, and does not go below it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) node: NodeId,
    /// One for each node that is differentiated by.
    pub(crate) derivatives: Vec<Derivative>,
}

/// The [`jacobian`] where the derivatives of one number by the same nodes are known.
pub(crate) fn jacobian_with(
    graph: &mut Graph,
    output: &Derivative,
    wrt: &[NodeId],
    known: Option<Known>,
) -> Result<Vec<Derivative>, GraphError> {
    let rows: Vec<Axis> = output.axes.iter().map(|axis| graph.axis_like(*axis)).collect();
    match entries::jacobian(graph, output, &rows, wrt, known.as_ref())? {
        Some(derivatives) => Ok(derivatives),
        None => swept(graph, output, &rows, wrt, known),
    }
}

/// The Jacobian by one sweep, over some rows.
fn swept(
    graph: &mut Graph,
    output: &Derivative,
    rows: &[Axis],
    wrt: &[NodeId],
    known: Option<Known>,
) -> Result<Vec<Derivative>, GraphError> {
    let mut cotangent = Cotangent::plain(graph.constant(Number::ONE)?);
    for (axis, row) in output.axes.iter().zip(rows) {
        let condition = graph.delta(*axis, *row)?;
        cotangent.guards.push(Guard::new(condition, true));
    }
    let mut sweeper = Sweeper::new(graph, wrt, false);
    sweeper.known = known.map(|known| (known, wrt));
    sweeper.contribute(&output.value, cotangent, &output.axes)?;
    sweeper.run()?;
    let mut derivatives = Vec::new();
    for node in wrt {
        let mut derivative = sweeper.derivative(*node)?;
        derivative.axes.splice(0..0, rows.iter().copied());
        derivatives.push(derivative);
    }
    Ok(derivatives)
}

struct Sweeper<'a> {
    graph: &'a mut Graph,
    /// Whether a node depends on what is differentiated by; only nodes that exist before the sweep.
    active: Vec<bool>,
    cotangents: Vec<Option<Accumulated>>,
    /// What is differentiated by: its cotangent is kept.
    kept: Vec<bool>,
    known: Option<(Known, &'a [NodeId])>,
    with_flows: bool,
    flows: Vec<Flow>,
    ranges: Ranges,
}

/// The cotangent of a node over labels for its slots.
struct Accumulated {
    axes: Vec<Axis>,
    cotangent: Cotangent,
}

impl<'a> Sweeper<'a> {
    fn new(graph: &'a mut Graph, wrt: &'a [NodeId], with_flows: bool) -> Self {
        let mut active = vec![false; graph.len()];
        for node in wrt {
            active[node.index()] = true;
        }
        let kept = active.clone();
        for node in graph.nodes() {
            let reached = graph.operands(node).any(|operand| active[operand.node.index()]);
            active[node.index()] |= reached && graph.kind(node) == Kind::Number;
        }
        let cotangents = active.iter().map(|_| None).collect();
        Self { graph, active, cotangents, kept, known: None, with_flows, flows: Vec::new(), ranges: Ranges::default() }
    }

    fn run(&mut self) -> Result<(), GraphError> {
        let nodes = self.graph.nodes().take(self.active.len());
        for node in nodes.collect::<Vec<_>>().into_iter().rev() {
            if let Some(accumulated) = self.cotangents[node.index()].take() {
                self.graph.set_span(self.graph.span(node));
                self.visit(node, &accumulated)?;
                if self.kept[node.index()] {
                    self.cotangents[node.index()] = Some(accumulated);
                }
            }
        }
        Ok(())
    }

    /// Sends a node's cotangent on to its operands.
    fn visit(&mut self, node: NodeId, accumulated: &Accumulated) -> Result<(), GraphError> {
        if let Some((known, wrt)) = self.known.take_if(|(known, _)| known.node == node) {
            return self.through_known(known, wrt, &accumulated.cotangent);
        }
        let mut labels = accumulated.axes.clone();
        let dims = self.graph.local_dims(node);
        for dim in &dims[labels.len()..] {
            labels.push(self.graph.axis(*dim, ""));
        }
        let operands = self.graph.operand_refs(node, &labels);
        let out = Ref { node, axes: accumulated.axes.clone() };
        let mut tied: Option<Ref> = None;
        for (position, operand) in operands.iter().enumerate() {
            if !self.active[operand.node.index()] {
                continue;
            }
            let cotangent = accumulated.cotangent.clone();
            let closed: Vec<Axis> = labels.iter().copied().filter(|label| !operand.axes.contains(label)).collect();
            let contribution = match self.graph.operation(node) {
                Operation::Apply(operator) if operands.len() > operator.arity() => {
                    let tied = match &tied {
                        Some(tied) => Ref::clone(tied),
                        None => tied.insert(self.tied(&operands, &out)?).clone(),
                    };
                    self.through_one_of(operator, operand, (&tied, &out), cotangent, &closed)?
                }
                Operation::Apply(operator) => {
                    self.through(operator, position, (&operands, &out), cotangent, &closed)?
                }
                Operation::Sum(_) => Some(cotangent),
                Operation::Max(_) => Some(self.through_max(operand, &out, &labels, cotangent)?),
                Operation::Prod(_) => self.through_product(operand, &out, &labels, cotangent)?,
                _ => None,
            };
            if let Some(contribution) = contribution {
                self.flow(node, position, operand, contribution, &labels)?;
            }
        }
        Ok(())
    }

    /// Sends a number's cotangent on to what is differentiated by, by its derivatives.
    fn through_known(&mut self, known: Known, wrt: &[NodeId], cotangent: &Cotangent) -> Result<(), GraphError> {
        for (node, Derivative { value, axes }) in wrt.iter().zip(known.derivatives) {
            let fresh: Vec<Axis> = axes.iter().map(|axis| self.graph.axis_like(*axis)).collect();
            if let Some(contribution) = self.times(cotangent.clone(), &value.renamed(&axes, &fresh), &[])? {
                self.contribute(&Ref { node: *node, axes: fresh.clone() }, contribution, &fresh)?;
            }
        }
        Ok(())
    }

    fn flow(
        &mut self,
        node: NodeId,
        position: usize,
        operand: &Ref,
        contribution: Cotangent,
        labels: &[Axis],
    ) -> Result<(), GraphError> {
        if self.with_flows {
            let mut summed = contribution.clone();
            self.close(&mut summed, operand, labels)?;
            let value = self.materialise(&summed.guards, summed.value)?;
            self.flows.push(Flow { node, position, value, axes: operand.distinct_axes() });
        }
        self.contribute(operand, contribution, labels)
    }

    /// The law: a contribution is summed over the node's axes that the operand lacks.
    fn close(&mut self, contribution: &mut Cotangent, operand: &Ref, labels: &[Axis]) -> Result<(), GraphError> {
        let closed: Vec<Axis> = labels.iter().copied().filter(|label| !operand.axes.contains(label)).collect();
        if !closed.is_empty() {
            self.sum(contribution, &closed)?;
        }
        Ok(())
    }

    /// Adds to the cotangent of what is used.
    fn contribute(&mut self, used: &Ref, mut contribution: Cotangent, labels: &[Axis]) -> Result<(), GraphError> {
        if !self.active[used.node.index()] {
            return Ok(());
        }
        self.close(&mut contribution, used, labels)?;
        let distinct = used.distinct_axes();
        let place = used.node.index();
        let axes = match &self.cotangents[place] {
            Some(accumulated) => accumulated.axes.clone(),
            None if distinct.len() == used.axes.len() => used.axes.clone(),
            None => used.axes.iter().map(|axis| self.graph.axis_like(*axis)).collect(),
        };
        // The first slot of a repeated axis takes its name, the others must be at the same position.
        let first = |axis: &Axis| used.axes.iter().position(|other| other == axis).unwrap_or(0);
        let renamed: Vec<Axis> = distinct.iter().map(|axis| axes[first(axis)]).collect();
        contribution = contribution.renamed(&distinct, &renamed);
        for (slot, axis) in used.axes.iter().enumerate() {
            if first(axis) != slot {
                let condition = self.graph.delta(axes[first(axis)], axes[slot])?;
                contribution.guards.insert(0, Guard::new(condition, true));
            }
        }
        let cotangent = match self.cotangents[place].take() {
            Some(accumulated) => self.accumulate(accumulated.cotangent, contribution)?,
            None => contribution,
        };
        self.cotangents[place] = Some(Accumulated { axes, cotangent });
        Ok(())
    }

    fn derivative(&mut self, node: NodeId) -> Result<Derivative, GraphError> {
        match self.cotangents[node.index()].take() {
            Some(accumulated) => {
                let value = self.materialise(&accumulated.cotangent.guards, accumulated.cotangent.value.clone())?;
                let derivative = Derivative { value, axes: accumulated.axes.clone() };
                self.cotangents[node.index()] = Some(accumulated);
                Ok(derivative)
            }
            None => {
                let axes = self.graph.shape(node).to_vec();
                let axes = axes.into_iter().map(|dim| self.graph.axis(dim, "")).collect();
                Ok(Derivative { value: self.graph.constant(Number::ZERO)?, axes })
            }
        }
    }

    /// A product over axes: the partial by an element is the product of the others, written as the same product with 1 in
    /// the element's place. It divides by nothing, so it is right where elements are zero, and it is differentiated again
    /// as any formula is. See [`Graph::as_others`].
    fn through_product(
        &mut self,
        body: &Ref,
        out: &Ref,
        labels: &[Axis],
        cotangent: Cotangent,
    ) -> Result<Option<Cotangent>, GraphError> {
        let closed = &labels[out.axes.len()..];
        let others: Vec<Axis> = closed.iter().map(|axis| self.graph.axis_like(*axis)).collect();
        let mut own = self.graph.truth(true)?;
        for (axis, other) in closed.iter().zip(&others) {
            let same = self.graph.delta(*axis, *other)?;
            own = self.graph.apply(Operator::And, &[own, same])?;
        }
        let one = self.graph.constant(Number::ONE)?;
        let factors = self.graph.apply(Operator::Select, &[own, one, body.renamed(closed, &others)])?;
        let partial = self.graph.prod(&others, &factors)?;
        self.times(cotangent, &partial, &[])
    }

    /// A maximum over axes: its cotangent goes to the largest elements, in equal parts.
    fn through_max(
        &mut self,
        body: &Ref,
        out: &Ref,
        labels: &[Axis],
        mut cotangent: Cotangent,
    ) -> Result<Cotangent, GraphError> {
        let closed = &labels[out.axes.len()..];
        let condition = self.graph.apply(Operator::Equal, &[body.clone(), out.clone()])?;
        let (one, zero) = (self.graph.constant(Number::ONE)?, self.graph.constant(Number::ZERO)?);
        let tie = self.graph.apply(Operator::Select, &[condition.clone(), one, zero])?;
        let count = self.graph.sum(closed, &tie)?;
        cotangent.value = self.graph.apply(Operator::Divide, &[cotangent.value, count])?;
        cotangent.guards.push(Guard::new(condition, true));
        Ok(cotangent)
    }
}
