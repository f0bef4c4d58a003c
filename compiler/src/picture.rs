//! The computational graph as written, with what flows forward and what flows back: what a picture shows.
//!
//! In: a function, and what to differentiate by. Out: a [`Picture`] whose graph holds every backward value, so that one
//! run of one program ([`Picture::values`]) gives the numbers on all edges. [`chart()`] turns it into boxes and arrows.

mod chart;
mod local;
mod part;

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
use crate::resolve::{Function, LetName, Output};
use crate::simplify::{Subject, simplify};

use local::merged;

pub use chart::{Edges, Shown, chart, node_text, part_text, role};
pub use part::{Part, PartEdge, PartKind};

/// A function's graph with what flows back.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The function; its graph holds the backward values too. An upstream cotangent is the graph's last input.
    pub function: Function,
    /// A name for each output.
    pub output_names: Vec<String>,
    /// What is drawn: all inputs, and what the outputs need, operands first.
    pub parts: Vec<Part>,
    /// The value of each part, over axes of its own.
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
    /// What flows along the edges of the parts, from the output down; each names a part's value and one of its edges.
    pub flows: Vec<Flow>,
    /// How each flow is written: as the chain rule gives it until [`Picture::close`].
    pub forms: Vec<Ref>,
    /// What the forms of others call it, after [`Picture::close_to_draw`].
    pub names: Vec<Option<String>>,
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
    /// Whether functions of the prelude are drawn by their operators.
    pub expand: bool,
}

/// More flows than this are closed together, not one by one.
const MOST_LOCAL: usize = 100;

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
    let (parts, nodes, sweeps) = (Vec::new(), Vec::new(), Vec::new());
    let output_names = names_of_outputs(&derived.function, request.upstream.as_deref());
    let wrt = derived.wrt();
    let mut picture = Picture { function: derived.function, output_names, parts, nodes, sweeps, calls: Vec::new() };
    picture.find_nodes(request.expand);
    let swept = picture.sweep(&wrt, request);
    swept.map_err(|error| Diagnostic::new(Code::TooLarge, span, error.to_string()))?;
    Ok(picture)
}

/// What the outputs are called. Where a `let` has the name that an output without one would get, the function's own name
/// stands there: a loss is no `y` beside the network's.
fn names_of_outputs(function: &Function, upstream: Option<&str>) -> Vec<String> {
    let mut names = output_names(function, upstream);
    if let ([output], [name]) = (&function.outputs[..], &mut names[..]) {
        let is_other = |known: &LetName| known.name == *name && known.node != output.value.node;
        let is_free = function.parameters.iter().all(|parameter| parameter.name != function.name)
            && function.names.iter().all(|known| known.name != function.name)
            && upstream != Some(function.name.as_str());
        if output.name.is_none() && is_free && function.names.iter().any(is_other) {
            name.clone_from(&function.name);
        }
    }
    names
}

impl Picture {
    fn find_nodes(&mut self, expand: bool) {
        let graph = &mut self.function.graph;
        let inputs = self.function.parameters.iter().map(|parameter| parameter.node);
        let outputs: Vec<NodeId> = self.function.outputs.iter().map(|output| output.value.node).collect();
        let live = graph.live(outputs.iter().copied().chain(inputs));
        self.parts = part::parts(graph, &live, &outputs, &self.function.calls, expand);
        for node in self.parts.iter().map(|part| part.node) {
            let shape: Vec<_> = graph.shape(node).to_vec();
            let hints: Vec<String> = (0..shape.len()).map(|slot| graph.slot_hint(node, slot).to_owned()).collect();
            let axes: Vec<Axis> = shape.iter().zip(&hints).map(|(dim, hint)| graph.axis(*dim, hint)).collect();
            self.nodes.push(Wanted { value: Ref { node, axes: axes.clone() }, axes });
        }
    }

    fn sweep(&mut self, wrt: &[usize], request: &PictureRequest) -> Result<(), GraphError> {
        let nodes = self.active(wrt);
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
            let cotangent = |(node, derivative): (&NodeId, crate::differentiate::Derivative)| {
                Some((self.place(*node)?, Wanted { value: derivative.value, axes: derivative.axes }))
            };
            let cotangents = nodes.iter().zip(sweep.derivatives).filter_map(cotangent).collect();
            let flows = self.flows(sweep.flows)?;
            let forms = flows.iter().map(|flow| flow.value.clone()).collect();
            self.sweeps.push(Some(Sweep { seed: wanted, names: vec![None; flows.len()], flows, forms, cotangents }));
        }
        Ok(())
    }

    /// Where a value stands among the parts; what is inside of one does not.
    #[must_use]
    pub fn place(&self, node: NodeId) -> Option<usize> {
        self.parts.binary_search_by_key(&node, |part| part.node).ok()
    }

    /// What flows along the edges of parts, of what flows along those of the graph.
    fn flows(&mut self, flows: Vec<Flow>) -> Result<Vec<Flow>, GraphError> {
        let mut along: HashMap<(NodeId, usize), Flow> =
            flows.into_iter().map(|flow| ((flow.node, flow.position), flow)).collect();
        let mut found = Vec::new();
        for part in self.parts.iter().rev() {
            found.extend(merged(&mut self.function.graph, part, &mut along)?);
        }
        Ok(found)
    }

    /// The numbers that depend on what is differentiated by, in order.
    fn active(&self, wrt: &[usize]) -> Vec<NodeId> {
        let graph = &self.function.graph;
        let mut active = vec![false; graph.len()];
        for place in wrt {
            active[self.function.parameters[*place].node.index()] = true;
        }
        for node in graph.nodes() {
            let reached = graph.operands(node).any(|operand| active[operand.node.index()]);
            active[node.index()] |= reached && graph.kind(node) == Kind::Number;
        }
        let live = graph.live(self.function.outputs.iter().map(|output| output.value.node).chain(self.inputs()));
        graph.nodes().filter(|node| live[node.index()] && active[node.index()]).collect()
    }

    fn inputs(&self) -> impl Iterator<Item = NodeId> {
        self.function.parameters.iter().map(|parameter| parameter.node)
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

    /// The same for a drawing, where what flows into an array's node has a name, and what flows out of it refers to that:
    /// `d1·wᵀ`. These names are inputs of the graph from here on, so it has no [`Picture::program`] any more.
    ///
    /// # Errors
    /// [`Code::TooLarge`]
    pub fn close_to_draw(&mut self) -> Result<(), Diagnostic> {
        let span = self.function.span;
        let flows = || self.sweeps.iter().flatten().flat_map(|sweep| &sweep.flows);
        let along_diagonal = |flow: &Flow| {
            let edge = self.place(flow.node).map(|place| &self.parts[place].edges[flow.position]);
            edge.is_some_and(|edge| self.function.graph.shape(edge.operand).len() != flow.axes.len())
        };
        if flows().all(|flow| flow.axes.is_empty()) || flows().any(along_diagonal) || flows().count() > MOST_LOCAL {
            return self.close();
        }
        local::close_locally(self).map_err(|error| Diagnostic::new(Code::TooLarge, span, error.to_string()))
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
