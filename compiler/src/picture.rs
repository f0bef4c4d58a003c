//! The computational graph as written, with what flows forward and what flows back: what a picture shows.
//!
//! In: a function, and what to differentiate by. Out: a [`Picture`] whose graph holds every backward value, so that one
//! run of one program ([`Picture::values`]) gives the numbers on all edges. [`chart()`] turns it into boxes and arrows.

mod chart;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::derive::{Request, check_upstream, derive, output_names, upstream_name};
use crate::diagnostic::{Code, Diagnostic};
use crate::differentiate::{Flow, Seed, pull_back, without_conventions};
use crate::evaluate::{EvaluateError, Tensor, evaluate};
use crate::facts::claims;
use crate::graph::{Axis, GraphError, NodeId, Ref};
use crate::lower::{Program, Wanted, lower};
use crate::operators::Kind;
use crate::print::KnownCall;
use crate::resolve::{Function, Output};
use crate::simplify::{Subject, simplify};

pub use chart::{Edges, Shown, chart, node_text, role};

/// A function's graph with what flows back.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The function; its graph holds the backward values too. An upstream cotangent is the graph's last input.
    pub function: Function,
    /// A name for each output.
    pub output_names: Vec<String>,
    /// What is drawn: all inputs, and what the outputs need, operands first. Each over axes of its own.
    pub nodes: Vec<Wanted>,
    /// What flows back from each output; `None` from an array without an upstream cotangent, and from what does not
    /// depend on the inputs.
    pub sweeps: Vec<Option<Sweep>>,
    /// Values of the prelude's functions, by which closed forms call them.
    pub calls: Vec<KnownCall>,
}

/// What flows back from one output.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The cotangent of the output: 1, or the upstream.
    pub seed: Wanted,
    /// What flows along the edges, from the output down.
    pub flows: Vec<Flow>,
    /// How each flow is written: as the chain rule gives it until [`Picture::close`].
    pub forms: Vec<Ref>,
    /// The cotangents of nodes, as places in [`Picture::nodes`].
    pub cotangents: Vec<(usize, Wanted)>,
}

impl Sweep {
    /// The places in [`Picture::nodes`] of what it reaches.
    fn places(&self) -> impl Iterator<Item = usize> {
        self.cotangents.iter().map(|(place, _)| *place)
    }
}

/// The numbers of a [`Picture`].
#[derive(Clone, Debug)]
pub struct Values {
    /// Of each node; truth values are 1 and 0.
    pub nodes: Vec<Tensor>,
    /// Of each sweep.
    pub sweeps: Vec<Option<SweepValues>>,
}

/// The numbers of a [`Sweep`].
#[derive(Clone, Debug)]
pub struct SweepValues {
    /// Of the seed.
    pub seed: Tensor,
    /// Of each flow.
    pub flows: Vec<Tensor>,
    /// Of each cotangent.
    pub cotangents: Vec<Tensor>,
}

/// What to draw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PictureRequest {
    /// Parameters to differentiate by; `None` for those that the function states.
    pub wrt: Option<Vec<String>>,
    /// The name of the outputs' cotangent, without which nothing flows back from an array.
    pub upstream: Option<String>,
    /// Whether anything flows back.
    pub backward: bool,
}

/// Finds what a picture of a function shows.
///
/// # Errors
/// [`Code::Wrt`] for a name that is no parameter, [`Code::Usage`] for an upstream that is no name or taken,
/// [`Code::TooLarge`].
pub fn picture(function: Function, request: &PictureRequest) -> Result<Picture, Diagnostic> {
    let span = function.span;
    let derived = derive(function, &Request { wrt: request.wrt.clone(), ..Request::default() })?;
    if let Some(upstream) = &request.upstream {
        check_upstream(&derived.function, upstream)?;
    }
    let (nodes, sweeps) = (Vec::new(), Vec::new());
    let output_names = output_names(&derived.function, request.upstream.as_deref());
    let wrt = derived.wrt();
    let mut picture = Picture { function: derived.function, output_names, nodes, sweeps, calls: Vec::new() };
    picture.find_nodes();
    let swept = picture.sweep(&wrt, request);
    swept.map_err(|error| Diagnostic::new(Code::TooLarge, span, error.to_string()))?;
    Ok(picture)
}

impl Picture {
    fn find_nodes(&mut self) {
        let graph = &mut self.function.graph;
        let inputs = self.function.parameters.iter().map(|parameter| parameter.node);
        let live = graph.live(self.function.outputs.iter().map(|output| output.value.node).chain(inputs));
        for node in graph.nodes().filter(|node| live[node.index()]) {
            let shape: Vec<_> = graph.shape(node).to_vec();
            let hints: Vec<String> = (0..shape.len()).map(|slot| graph.slot_hint(node, slot).to_owned()).collect();
            let axes: Vec<Axis> = shape.iter().zip(&hints).map(|(dim, hint)| graph.axis(*dim, hint)).collect();
            self.nodes.push(Wanted { value: Ref { node, axes: axes.clone() }, axes });
        }
    }

    fn sweep(&mut self, wrt: &[usize], request: &PictureRequest) -> Result<(), GraphError> {
        let active = self.active(wrt);
        let nodes: Vec<NodeId> = active.iter().map(|place| self.nodes[*place].value.node).collect();
        for of in 0..self.function.outputs.len() {
            let output = self.function.outputs[of].clone();
            let depends = nodes.binary_search(&output.value.node).is_ok();
            let seed = if depends && request.backward { self.seed(of, &output, request)? } else { None };
            let Some(seed) = seed else {
                self.sweeps.push(None);
                continue;
            };
            let wanted = Wanted { value: seed.cotangent.clone(), axes: seed.axes.clone() };
            let sweep = pull_back(&mut self.function.graph, &[seed], &nodes, true)?;
            let cotangent = |(place, derivative): (&usize, crate::differentiate::Derivative)| {
                (*place, Wanted { value: derivative.value, axes: derivative.axes })
            };
            let cotangents = active.iter().zip(sweep.derivatives).map(cotangent).collect();
            let forms = sweep.flows.iter().map(|flow| flow.value.clone()).collect();
            self.sweeps.push(Some(Sweep { seed: wanted, flows: sweep.flows, forms, cotangents }));
        }
        Ok(())
    }

    /// The places of the numbers that depend on what is differentiated by, in order.
    fn active(&self, wrt: &[usize]) -> Vec<usize> {
        let graph = &self.function.graph;
        let mut active = vec![false; graph.len()];
        for place in wrt {
            active[self.function.parameters[*place].node.index()] = true;
        }
        for node in graph.nodes() {
            let reached = graph.operands(node).any(|operand| active[operand.node.index()]);
            active[node.index()] |= reached && graph.kind(node) == Kind::Number;
        }
        (0..self.nodes.len()).filter(|place| active[self.nodes[*place].value.node.index()]).collect()
    }

    fn seed(&mut self, of: usize, output: &Output, request: &PictureRequest) -> Result<Option<Seed>, GraphError> {
        let graph = &mut self.function.graph;
        match &request.upstream {
            Some(name) => {
                let cotangent = graph.input(&upstream_name(name, of), &output.axes)?;
                Ok(Some(Seed { output: output.value.clone(), axes: output.axes.clone(), cotangent }))
            }
            None if output.axes.is_empty() => Seed::one(graph, &output.value).map(Some),
            None => Ok(None),
        }
    }

    /// Writes what flows in closed form, as derivatives are shown. The numbers stay those of the chain rule.
    ///
    /// # Errors
    /// [`Code::TooLarge`]
    pub fn close(&mut self) -> Result<(), Diagnostic> {
        let span = self.function.span;
        self.close_forms().map_err(|error| Diagnostic::new(Code::TooLarge, span, error.to_string()))
    }

    fn close_forms(&mut self) -> Result<(), GraphError> {
        let outputs: Vec<NodeId> = self.function.outputs.iter().map(|output| output.value.node).collect();
        let named: Vec<NodeId> = self.function.names.iter().map(|name| name.node).collect();
        let facts = claims(&self.function.graph, &self.function.facts);
        let graph = &mut self.function.graph;
        let (forward, mut known) = (graph.live(outputs.iter().copied()), HashMap::new());
        let flows = self.sweeps.iter().flatten().flat_map(|sweep| &sweep.forms);
        let roots: Vec<Ref> =
            flows.map(|flow| without_conventions(graph, flow, &forward, &mut known)).collect::<Result<_, _>>()?;
        let subject =
            Subject { outputs: &outputs, named: &named, roots: &roots, first: roots.len(), second: &[], facts: &facts };
        let closed = simplify(&mut self.function.graph, &subject)?;
        let forms = self.sweeps.iter_mut().flatten().flat_map(|sweep| &mut sweep.forms);
        forms.zip(closed.roots).for_each(|(form, root)| *form = root);
        self.calls = closed.calls;
        Ok(())
    }

    /// The program that computes every number of the picture.
    #[must_use]
    pub fn program(&self) -> Program {
        let mut wanted = self.nodes.clone();
        for sweep in self.sweeps.iter().flatten() {
            wanted.push(sweep.seed.clone());
            wanted.extend(sweep.flows.iter().map(wanted_flow));
            wanted.extend(sweep.cotangents.iter().map(|(_, cotangent)| cotangent.clone()));
        }
        lower(&self.function.graph, &wanted)
    }

    /// Runs [`Picture::program`].
    ///
    /// # Errors
    /// [`EvaluateError`]
    pub fn values(&self, program: &Program, inputs: &[Tensor]) -> Result<Values, EvaluateError> {
        let mut results = evaluate(program, inputs)?.into_iter();
        let mut take = |count: usize| results.by_ref().take(count).collect::<Vec<_>>();
        let nodes = take(self.nodes.len());
        let sweeps = self.sweeps.iter().map(|sweep| {
            let sweep = sweep.as_ref()?;
            let seed = take(1).pop()?;
            Some(SweepValues { seed, flows: take(sweep.flows.len()), cotangents: take(sweep.cotangents.len()) })
        });
        let sweeps = sweeps.collect();
        Ok(Values { nodes, sweeps })
    }
}

fn wanted_flow(flow: &Flow) -> Wanted {
    Wanted { value: flow.value.clone(), axes: flow.axes.clone() }
}
