//! What flows back, written as people draw it: each part in terms of what flows into it.
//!
//! In: a [`Picture`] with the chain rule's flows. Out: a form for each of them, and names for those that others refer to.
//! An array's cotangent gets a name, `d1`, and what flows on is derived from that name alone: `d1·wᵀ` behind a product,
//! `d1 ⊙ h ⊙ (1 − h)` behind a sigmoid. Where the formula from the outputs is as short, as `(y − t)/N` behind a softmax
//! with its loss, it stands there instead. Both are closed forms; the numbers stay those of the chain rule.

use std::collections::HashMap;

use super::{Flow, Part, Picture, Wanted};
use crate::differentiate::{Seed, pull_back, without_conventions};
use crate::facts::{Claim, claims};
use crate::graph::{Axis, Graph, GraphError, NodeId, Operation, Ref};
use crate::operators::{Kind, Operator};
use crate::print::{Asked, KnownCall, Phase, Style, Vocabulary, list_with};
use crate::simplify::{Subject, simplify};

/// A formula from the outputs may have so many operations more than the one from the cotangent.
const MOST_LONGER: usize = 2;

/// Finds forms and names for all sweeps of a picture.
pub(super) fn close_locally(picture: &mut Picture) -> Result<(), GraphError> {
    let mut named = Vec::new();
    for of in 0..picture.sweeps.len() {
        let Some(start) = seed_of(picture, of) else { continue };
        let local = Local::new(picture, of).run(start)?;
        named.push((of, local));
    }
    let mut writer = Writer::new(picture);
    for (of, local) in named {
        writer.choose(of, &local)?;
    }
    Ok(())
}

/// The cotangent of an output over its node's axes; `None` if nothing flows, or if the output is a diagonal.
fn seed_of(picture: &Picture, of: usize) -> Option<Ref> {
    let sweep = picture.sweeps[of].as_ref()?;
    let output = &picture.function.outputs[of];
    let plain = output.value.distinct_axes().len() == output.value.axes.len();
    let own = &picture.nodes[picture.place(output.value.node)?].axes;
    plain.then(|| sweep.seed.value.renamed(&output.value.axes, own))
}

/// What flows along the edges of a part, in terms of its cotangent.
#[derive(Default)]
struct Forms {
    /// For each flow of the sweep.
    flows: Vec<Option<Ref>>,
    /// The input that stands for what flows along an edge from there on.
    names: Vec<Option<NodeId>>,
}

struct Local<'a> {
    picture: &'a mut Picture,
    of: usize,
    /// The flows of the sweep that each value gets.
    into: HashMap<NodeId, Vec<usize>>,
    /// The place of each flow, by the part and its edge.
    places: HashMap<(NodeId, usize), usize>,
    forms: Forms,
}

impl<'a> Local<'a> {
    fn new(picture: &'a mut Picture, of: usize) -> Self {
        let (mut into, mut places) = (HashMap::<NodeId, Vec<usize>>::new(), HashMap::new());
        let flows = picture.sweeps[of].as_ref().map_or(&[][..], |sweep| &sweep.flows);
        for (place, flow) in flows.iter().enumerate() {
            let part = picture.place(flow.node).map(|part| &picture.parts[part]);
            if let Some(part) = part {
                into.entry(part.edges[flow.position].operand).or_default().push(place);
                places.insert((flow.node, flow.position), place);
            }
        }
        let forms = Forms { flows: vec![None; flows.len()], names: vec![None; flows.len()] };
        Self { picture, of, into, places, forms }
    }

    fn run(mut self, seed: Ref) -> Result<Forms, GraphError> {
        let output = self.picture.function.outputs[self.of].value.node;
        for place in (0..self.picture.parts.len()).rev() {
            let node = self.picture.parts[place].node;
            let seed = (node == output).then(|| seed.clone());
            if let Some(cotangent) = self.cotangent(place, seed)? {
                self.flow_on(place, cotangent)?;
            }
        }
        Ok(self.forms)
    }

    /// What flows into a part, over its node's axes: a name, if that is an array and no name already.
    fn cotangent(&mut self, place: usize, seed: Option<Ref>) -> Result<Option<Ref>, GraphError> {
        let Wanted { value, axes } = self.picture.nodes[place].clone();
        let into = self.into.get(&value.node).cloned().unwrap_or_default();
        let mut sum = seed;
        for flow in &into {
            let Some(form) = self.forms.flows[*flow].clone() else { continue };
            let graph = &mut self.picture.function.graph;
            sum = Some(match sum {
                Some(before) => graph.apply(Operator::Add, &[before, form])?,
                None => form,
            });
        }
        let graph = &mut self.picture.function.graph;
        let is_name = |sum: &Ref| matches!(graph.operation(sum.node), Operation::Input(_));
        match (&sum, &into[..]) {
            (Some(form), [only])
                if !form.axes.is_empty() && !is_name(form) && !self.picture.parts[place].edges.is_empty() =>
            {
                let name = graph.input(&format!("cotangent {}", graph.inputs().len()), &axes)?;
                self.forms.names[*only] = Some(name.node);
                Ok(Some(name))
            }
            _ => Ok(sum),
        }
    }

    /// Pulls a cotangent back through one part.
    fn flow_on(&mut self, place: usize, cotangent: Ref) -> Result<(), GraphError> {
        let part = self.picture.parts[place].clone();
        let Wanted { value, axes } = self.picture.nodes[place].clone();
        let graph = &mut self.picture.function.graph;
        let wrt: Vec<NodeId> = part.edges.iter().map(|edge| edge.operand).collect();
        let wrt: Vec<NodeId> = wrt.into_iter().filter(|node| graph.kind(*node) == Kind::Number).collect();
        let flows = pull_back(graph, &[Seed { output: value, axes, cotangent }], &wrt, true)?.flows;
        let mut along = flows.into_iter().map(|flow| ((flow.node, flow.position), flow)).collect();
        for flow in merged(graph, &part, &mut along)? {
            let Some(found) = self.places.get(&(flow.node, flow.position)) else { continue };
            let operand = self.picture.parts.binary_search_by_key(&part.edges[flow.position].operand, |part| part.node);
            if let Ok(operand) = operand {
                let own = &self.picture.nodes[operand].axes;
                self.forms.flows[*found] = Some(flow.value.renamed(&flow.axes, own));
            }
        }
        Ok(())
    }
}

/// What flows along the edges of a part: the sum of what flows along the graph's edges that each stands for.
pub(super) fn merged(
    graph: &mut Graph,
    part: &Part,
    along: &mut HashMap<(NodeId, usize), Flow>,
) -> Result<Vec<Flow>, GraphError> {
    let mut found = Vec::new();
    for (position, edge) in part.edges.iter().enumerate() {
        let mut flows = edge.within.iter().filter_map(|inner| along.remove(inner));
        let Some(mut all) = flows.next() else { continue };
        for flow in flows {
            let value = flow.value.renamed(&flow.axes, &all.axes);
            all.value = graph.apply(Operator::Add, &[all.value, value])?;
        }
        found.push(Flow { node: part.node, position, ..all });
    }
    Ok(found)
}

/// Closes forms one by one, and takes the better one of two.
struct Writer<'a> {
    picture: &'a mut Picture,
    outputs: Vec<NodeId>,
    named: Vec<NodeId>,
    facts: Vec<Claim>,
    forward: Vec<bool>,
    known: HashMap<NodeId, (Vec<Axis>, Ref)>,
    /// How many cotangents have a name.
    count: usize,
}

impl<'a> Writer<'a> {
    fn new(picture: &'a mut Picture) -> Self {
        let outputs: Vec<NodeId> = picture.function.outputs.iter().map(|output| output.value.node).collect();
        let named = picture.function.names.iter().map(|name| name.node).collect();
        let facts = claims(&picture.function.graph, &picture.function.facts);
        let forward = picture.function.graph.live(outputs.iter().copied());
        Self { picture, outputs, named, facts, forward, known: HashMap::new(), count: 0 }
    }

    /// The forms of a sweep, and the names that they refer to.
    fn choose(&mut self, of: usize, local: &Forms) -> Result<(), GraphError> {
        let Some(sweep) = &self.picture.sweeps[of] else { return Ok(()) };
        let flows = sweep.flows.clone();
        let mut forms = Vec::new();
        for (flow, own) in flows.iter().zip(&local.flows) {
            let place = self.picture.place(flow.node);
            let Some((part, own)) = place.map(|part| self.picture.parts[part].clone()).zip(own.clone()) else {
                forms.push(self.closed(&flow.value)?);
                continue;
            };
            let axes = self.axes_of(part.edges[flow.position].operand);
            let (own, all) = (self.closed(&own)?, self.closed(&flow.value.renamed(&flow.axes, &axes))?);
            let spare = if self.is_linear(&part) { 0 } else { MOST_LONGER };
            let longer = spare > 0 && self.cost(&all, &axes) <= self.cost(&own, &axes) + spare;
            forms.push(if longer { all } else { own }.renamed(&axes, &flow.axes));
        }
        let names = self.names(&forms, &local.names);
        if let Some(sweep) = &mut self.picture.sweeps[of] {
            (sweep.forms, sweep.names) = (forms, names);
        }
        Ok(())
    }

    fn axes_of(&self, operand: NodeId) -> Vec<Axis> {
        self.picture.place(operand).map(|place| self.picture.nodes[place].axes.clone()).unwrap_or_default()
    }

    /// Whether what flows back through a part is what flows into it, perhaps times an operand or at some positions only: no
    /// formula from the outputs says more.
    fn is_linear(&self, part: &Part) -> bool {
        let sum = matches!(self.picture.function.graph.operation(part.node), Operation::Sum(_));
        let operator = self.picture.function.graph.as_operator(part.node);
        sum || matches!(operator, Some(Operator::Add | Operator::Subtract | Operator::Negate | Operator::Select))
    }

    fn closed(&mut self, form: &Ref) -> Result<Ref, GraphError> {
        let graph = &mut self.picture.function.graph;
        let root = without_conventions(graph, form, &self.forward, &mut self.known)?;
        let roots = [root];
        let (outputs, named, facts) = (&self.outputs[..], &self.named[..], &self.facts[..]);
        let subject = Subject { outputs, named, roots: &roots, first: 1, second: &[], facts };
        let found = simplify(graph, &subject)?;
        let calls: &mut Vec<KnownCall> = &mut self.picture.calls;
        let new = found.calls.into_iter().filter(|call| calls.iter().all(|other| other.node != call.node));
        let new: Vec<KnownCall> = new.collect();
        calls.extend(new);
        let [root] = roots;
        Ok(found.roots.into_iter().next().unwrap_or(root))
    }

    /// How many operations the reader of a form reads, with those of the lines that it needs.
    fn cost(&self, form: &Ref, axes: &[Axis]) -> usize {
        let function = &self.picture.function;
        let axes = axes.iter().copied().filter(|axis| form.axes.contains(axis)).collect();
        let asked = [Asked { name: String::new(), value: form.clone(), axes, phase: Phase::Backward }];
        let (names, functions) = (&function.names, &function.module);
        let vocabulary = Vocabulary { names, calls: &self.picture.calls, functions, reserved: &[] };
        let listing = list_with(&function.graph, &asked, &vocabulary, Style::People);
        let carried = |node: Option<NodeId>| node.is_some_and(|node| self.picture.place(node).is_some());
        let lines = listing.lets.iter().filter(|line| line.phase == Phase::Backward || !carried(line.node));
        lines.chain(&listing.asked).map(|line| line.operations).sum()
    }

    /// Names, in order, for the cotangents that the forms refer to.
    fn names(&mut self, forms: &[Ref], inputs: &[Option<NodeId>]) -> Vec<Option<String>> {
        let live = self.picture.function.graph.live(forms.iter().map(|form| form.node));
        let mut names = Vec::new();
        for input in inputs {
            let name = input.filter(|input| live[input.index()]).map(|input| {
                let name = self.fresh();
                self.picture.function.graph.rename_input(input, &name);
                name
            });
            names.push(name);
        }
        names
    }

    fn fresh(&mut self) -> String {
        let function = &self.picture.function;
        loop {
            self.count += 1;
            let name = format!("d{}", self.count);
            let is_input = function.graph.inputs().iter().any(|input| input.name == name);
            let is_dim =
                function.parameters.iter().flat_map(|p| &p.shape).any(|dim| function.graph.dim_text(*dim) == name);
            let is_let = function.names.iter().any(|known| known.name == name);
            if !is_input && !is_dim && !is_let && !self.picture.output_names.contains(&name) {
                return name;
            }
        }
    }
}
