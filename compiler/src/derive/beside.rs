//! What is evaluated beside a gradient: what was found for that is taken over, so that whoever asks for more gets the same.

use std::collections::HashMap;

use super::{Derived, graph_fault};
use crate::diagnostic::Diagnostic;
use crate::graph::{Graph, GraphError, NodeId, Operation, Ref};
use crate::number::Number;
use crate::operators::Operator;

impl Derived {
    /// As [`Derived::stabilise`], where the outputs and first derivatives of the same function of numbers are known: pullbacks
    /// are these times the cotangent, second derivatives are rewritten alone.
    ///
    /// # Errors
    /// [`Code::TooLarge`](crate::diagnostic::Code::TooLarge)
    pub fn stabilise_beside(&mut self, gradient: &Self) -> Result<(), Diagnostic> {
        let span = self.function.span;
        let known = taken_over(&mut self.function.graph, &gradient.function.graph, &gradient.stable);
        let Some(known) = known.map_err(|error| graph_fault(&error, span))? else { return self.stabilise() };
        let Some(upstream) = self.upstream.clone() else { return self.stabilise_from(known) };
        let graph = &mut self.function.graph;
        let Some(cotangent) = input(graph, &upstream) else { return self.stabilise_from(Vec::new()) };
        let (outputs, gradients) = known.split_at(self.function.outputs.len());
        let mut stable = outputs.to_vec();
        for gradient in gradients {
            let product = times(graph, cotangent, gradient).map_err(|error| graph_fault(&error, span))?;
            stable.push(product);
        }
        self.stable = stable;
        Ok(())
    }
}

fn input(graph: &Graph, name: &str) -> Option<NodeId> {
    graph.nodes().find(|node| match graph.operation(*node) {
        Operation::Input(place) => graph.inputs().get(place as usize).is_some_and(|input| input.name == name),
        _ => false,
    })
}

fn times(graph: &mut Graph, cotangent: NodeId, gradient: &Ref) -> Result<Ref, GraphError> {
    if graph.is_integer(gradient.node, 0) {
        return Ok(gradient.clone());
    }
    let cotangent = Ref { node: cotangent, axes: Vec::new() };
    if graph.is_integer(gradient.node, 1) {
        return Ok(cotangent);
    }
    graph.apply(Operator::Multiply, &[cotangent, gradient.clone()])
}

/// Values of one graph in another graph with the same inputs; `None` unless all are of numbers alone.
fn taken_over(to: &mut Graph, from: &Graph, values: &[Ref]) -> Result<Option<Vec<Ref>>, GraphError> {
    let live = from.live(values.iter().map(|value| value.node));
    let mut made: HashMap<NodeId, Ref> = HashMap::new();
    for node in from.nodes().filter(|node| live[node.index()]) {
        if !from.local_dims(node).is_empty() {
            return Ok(None);
        }
        let value = match from.operation(node) {
            Operation::Apply(operator) => {
                let operands = from.operands(node).filter_map(|operand| made.get(&operand.node).cloned());
                let operands: Vec<Ref> = operands.collect();
                to.apply(operator, &operands)?
            }
            Operation::Constant(_) => to.constant(from.as_constant(node).unwrap_or(Number::ZERO))?,
            Operation::Truth(value) => to.truth(value)?,
            Operation::Input(place) => {
                let known = from.inputs().get(place as usize).and_then(|own| input(to, &own.name));
                let Some(node) = known else { return Ok(None) };
                Ref { node, axes: Vec::new() }
            }
            _ => return Ok(None),
        };
        made.insert(node, value);
    }
    Ok(values.iter().map(|value| made.get(&value.node).cloned()).collect())
}
