//! From a [`Picture`] to boxes and arrows with labels.

use std::collections::{HashMap, HashSet};

use super::{Picture, Sweep, Values};
use crate::evaluate::Tensor;
use crate::graph::{Graph, NodeId, Operation};
use crate::operators::{Kind, Notation, Operator};
use crate::print::mermaid::{Arrow, Chart, Node, Role};
use crate::print::{Asked, Line, Listing, Phase, Style, Vocabulary, list_with, rounded};

/// Which edges are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edges {
    /// Values.
    pub forward: bool,
    /// Derivatives.
    pub backward: bool,
}

/// What a picture says where it has no numbers.
pub struct Shown {
    listing: Listing,
    names: HashMap<NodeId, String>,
    outputs: usize,
}

impl Shown {
    /// Formulas for what flows; names for the values that they refer to.
    #[must_use]
    pub fn new(picture: &Picture, style: Style) -> Self {
        let function = &picture.function;
        let mut asked = Vec::new();
        for (output, name) in function.outputs.iter().zip(&picture.output_names) {
            let (value, axes) = (output.value.clone(), output.axes.clone());
            asked.push(Asked { name: name.clone(), value, axes, phase: Phase::Forward });
        }
        for sweep in picture.sweeps.iter().flatten() {
            for (flow, form) in sweep.flows.iter().zip(&sweep.forms) {
                // Along an axis of the operand that it lacks, it is the same everywhere.
                let axes = flow.axes.iter().copied().filter(|axis| form.axes.contains(axis)).collect();
                let value = form.clone();
                asked.push(Asked { name: String::new(), value, axes, phase: Phase::Backward });
            }
        }
        let (names, functions) = (&function.names, &function.module);
        let vocabulary = Vocabulary { names, calls: &picture.calls, functions, reserved: &[] };
        let listing = list_with(&function.graph, &asked, &vocabulary, style);
        let mut names = HashMap::new();
        let outputs = &listing.asked[..function.outputs.len()];
        for line in listing.lets.iter().filter(|line| line.phase == Phase::Forward).chain(outputs) {
            if let Some(node) = line.node.filter(|node| role(&function.graph, *node) == Role::Operator) {
                names.entry(node).or_insert_with(|| line.name.clone());
            }
        }
        Self { listing, names, outputs: function.outputs.len() }
    }

    /// What a forward value is called in the formulas, if anything.
    #[must_use]
    pub fn name(&self, node: NodeId) -> Option<&str> {
        self.names.get(&node).map(String::as_str)
    }

    /// What the formulas share, each line above its uses.
    #[must_use]
    pub fn lets(&self) -> &[Line] {
        &self.listing.lets
    }

    /// The formula of each flow, sweep after sweep.
    pub fn flows(&self) -> impl Iterator<Item = &str> {
        self.listing.asked[self.outputs..].iter().map(|line| line.formula.as_str())
    }

    /// The same, with what several formulas share defined at the first edge that needs it: `d1 = ...`.
    fn defined_flows(&self) -> Vec<String> {
        let shared = self.listing.lets.iter().filter(|line| line.phase == Phase::Backward);
        let mut shared: HashMap<&str, (usize, &Line)> =
            shared.enumerate().map(|(place, line)| (line.name.as_str(), (place, line))).collect();
        let mut labels = Vec::new();
        for formula in self.flows() {
            let mut definitions = Vec::new();
            let mut unread = vec![formula];
            while let Some(text) = unread.pop() {
                for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
                    if let Some((place, line)) = shared.remove(word) {
                        unread.push(&line.formula);
                        definitions.push((place, line));
                    }
                }
            }
            definitions.sort_by_key(|(place, _)| *place);
            // What flows is the last of its definitions, or a formula after them.
            let own = definitions.last().is_none_or(|(_, line)| line.name != formula);
            let definitions = definitions.into_iter().map(|(_, line)| definition(line));
            labels.push(definitions.chain(own.then(|| formula.to_owned())).collect::<Vec<_>>().join(", "));
        }
        labels
    }
}

fn definition(line: &Line) -> String {
    format!("{} = {}", line.left(), line.formula)
}

/// The boxes and arrows of a picture, with numbers if there are any.
#[must_use]
pub fn chart(picture: &Picture, values: Option<&Values>, edges: Edges) -> Chart {
    let shown = Shown::new(picture, Style::People);
    let mut drawing = Drawing { picture, chart: Chart::default(), places: HashMap::new(), outputs: Vec::new() };
    drawing.nodes(edges);
    if edges.forward {
        drawing.forward(values, &shown);
    }
    if edges.backward {
        drawing.backward(values, &shown);
    }
    drawing.chart
}

struct Drawing<'a> {
    picture: &'a Picture,
    chart: Chart,
    /// Where each node of the graph stands in the chart; constants have no place.
    places: HashMap<NodeId, usize>,
    outputs: Vec<usize>,
}

impl Drawing<'_> {
    fn add(&mut self, role: Role, label: String) -> usize {
        self.chart.nodes.push(Node { role, label });
        self.chart.nodes.len() - 1
    }

    /// All but constants: operands before their users, inputs just before their first use.
    fn nodes(&mut self, edges: Edges) {
        let graph = &self.picture.function.graph;
        let reached: HashSet<usize> = self.picture.sweeps.iter().flatten().flat_map(Sweep::places).collect();
        for node in order(self.picture) {
            let role = role(graph, node);
            let place = self.picture.nodes.partition_point(|wanted| wanted.value.node < node);
            if !edges.forward && role == Role::Operator && !reached.contains(&place) {
                continue;
            }
            let mut label = node_text(graph, node);
            if role == Role::Input && !graph.shape(node).is_empty() {
                label = format!("{label}: {}", shape_text(graph, node));
            }
            let place = self.add(role, label);
            self.places.insert(node, place);
        }
        for name in &self.picture.output_names {
            let place = self.add(Role::Output, name.clone());
            self.outputs.push(place);
        }
    }

    /// Where a value comes from; each use of a constant has a box of its own.
    fn source(&mut self, node: NodeId) -> usize {
        let graph = &self.picture.function.graph;
        match self.places.get(&node) {
            Some(place) => *place,
            None => self.add(Role::Constant, node_text(graph, node)),
        }
    }

    fn forward(&mut self, values: Option<&Values>, shown: &Shown) {
        let graph = &self.picture.function.graph;
        let mut labels = HashMap::new();
        for (place, wanted) in self.picture.nodes.iter().enumerate() {
            let node = wanted.value.node;
            let label = match values {
                Some(values) => number_text(graph, graph.kind(node), &values.nodes[place]),
                None => name_text(graph, node, shown.name(node)),
            };
            labels.insert(node, label);
        }
        for wanted in &self.picture.nodes {
            let Some(to) = self.places.get(&wanted.value.node).copied() else { continue };
            for operand in graph.operands(wanted.value.node) {
                let from = self.source(operand.node);
                self.arrow(from, to, labels[&operand.node].clone(), false);
            }
        }
        for (of, output) in self.picture.function.outputs.iter().enumerate() {
            let from = self.source(output.value.node);
            self.arrow(from, self.outputs[of], labels[&output.value.node].clone(), false);
        }
    }

    fn backward(&mut self, values: Option<&Values>, shown: &Shown) {
        let graph = &self.picture.function.graph;
        let mut formulas = shown.defined_flows().into_iter();
        for of in 0..self.outputs.len() {
            let Some(sweep) = &self.picture.sweeps[of] else { continue };
            let numbers = values.and_then(|values| values.sweeps[of].as_ref());
            let text = |tensor: &Tensor| number_text(graph, Kind::Number, tensor);
            let several = if self.outputs.len() > 1 { self.picture.output_names[of].as_str() } else { "" };
            let root = self.picture.function.outputs[of].value.node;
            let seed = numbers.map_or_else(|| node_text(graph, sweep.seed.value.node), |numbers| text(&numbers.seed));
            self.arrow(self.outputs[of], self.places[&root], of_output(several, &seed), true);
            for (place, flow) in sweep.flows.iter().enumerate() {
                let formula = formulas.next().unwrap_or_default();
                let label = numbers.map_or(formula, |numbers| text(&numbers.flows[place]));
                let operand = graph.operands(flow.node).nth(flow.position).map(|operand| operand.node);
                let to = operand.and_then(|operand| self.places.get(&operand).copied());
                if let (Some(from), Some(to)) = (self.places.get(&flow.node).copied(), to) {
                    self.arrow(from, to, of_output(several, &label), true);
                }
            }
        }
    }

    /// An arrow; what a constant says already is not said twice.
    fn arrow(&mut self, from: usize, to: usize, mut label: String, backward: bool) {
        if self.chart.nodes[from].role == Role::Constant && self.chart.nodes[from].label == label {
            label.clear();
        }
        self.chart.arrows.push(Arrow { from, to, label, backward });
    }
}

/// Every node but constants, as a walk from the outputs leaves them; then the inputs that nobody uses.
fn order(picture: &Picture) -> Vec<NodeId> {
    let graph = &picture.function.graph;
    let inputs = picture.function.parameters.iter().map(|parameter| parameter.node);
    let roots: Vec<NodeId> = picture.function.outputs.iter().map(|output| output.value.node).chain(inputs).collect();
    let mut seen = vec![false; graph.len()];
    let mut order = Vec::new();
    let mut pending: Vec<(NodeId, bool)> = roots.into_iter().rev().map(|root| (root, false)).collect();
    while let Some((node, left)) = pending.pop() {
        if left {
            order.push(node);
        } else if !std::mem::replace(&mut seen[node.index()], true) && role(graph, node) != Role::Constant {
            pending.push((node, true));
            let operands: Vec<NodeId> = graph.operands(node).map(|operand| operand.node).collect();
            pending.extend(operands.into_iter().rev().map(|operand| (operand, false)));
        }
    }
    order
}

/// With several outputs, what flows back says where it comes from.
fn of_output(output: &str, label: &str) -> String {
    if output.is_empty() { label.to_owned() } else { format!("{output}: {label}") }
}

/// How a node is drawn.
#[must_use]
pub fn role(graph: &Graph, node: NodeId) -> Role {
    match graph.operation(node) {
        Operation::Input(_) => Role::Input,
        Operation::Apply(operator) if operator.row().notation != Notation::Name => Role::Operator,
        Operation::Sum(_) | Operation::Max(_) | Operation::Prod(_) => Role::Operator,
        _ => Role::Constant,
    }
}

/// What stands in a node: an input's name, a number, an operator as people write it.
#[must_use]
pub fn node_text(graph: &Graph, node: NodeId) -> String {
    match graph.operation(node) {
        Operation::Input(place) => graph.inputs()[place as usize].name.clone(),
        Operation::Constant(_) => graph.as_constant(node).map(|number| rounded(number.to_f64())).unwrap_or_default(),
        Operation::Truth(value) => value.to_string(),
        Operation::Size(dim) => graph.dim_text(dim),
        Operation::Iota => format!("position in {}", dims_text(graph, node)),
        Operation::Delta => "same position".into(),
        Operation::Apply(operator) => operator_text(operator).into(),
        Operation::Sum(_) => "sum".into(),
        Operation::Max(_) => "max".into(),
        Operation::Prod(_) => "product".into(),
    }
}

fn operator_text(operator: Operator) -> &'static str {
    let row = operator.row();
    match row.notation {
        Notation::Infix(symbol, _) | Notation::Prefix(symbol) => match symbol {
            "*" => "×",
            "/" => "÷",
            "-" => "−",
            "**" => "^",
            "<=" => "≤",
            ">=" => "≥",
            "==" => "=",
            "!=" => "≠",
            "&&" => "and",
            "||" => "or",
            "!" => "not",
            other => other,
        },
        Notation::Name if operator == Operator::Pi => "π",
        Notation::Call | Notation::Name | Notation::Conditional => row.name,
    }
}

fn dims_text(graph: &Graph, node: NodeId) -> String {
    graph.shape(node).iter().map(|dim| graph.dim_text(*dim)).collect::<Vec<_>>().join(", ")
}

fn shape_text(graph: &Graph, node: NodeId) -> String {
    format!("[{}]", dims_text(graph, node))
}

/// What stands at an edge without numbers: how the formulas call the value, and the shape of an array.
fn name_text(graph: &Graph, node: NodeId, name: Option<&str>) -> String {
    let shape = match role(graph, node) {
        Role::Operator if !graph.shape(node).is_empty() => shape_text(graph, node),
        _ => String::new(),
    };
    match name {
        Some(name) if shape.is_empty() => name.to_owned(),
        Some(name) => format!("{name}: {shape}"),
        None => shape,
    }
}

/// At most so many numbers are written out.
const MOST_NUMBERS: usize = 4;

/// Numbers if they are few, else what they are: `f64[2, 3]`.
fn number_text(graph: &Graph, kind: Kind, tensor: &Tensor) -> String {
    if tensor.data.len() > MOST_NUMBERS {
        let sizes: Vec<String> = tensor.shape.iter().map(ToString::to_string).collect();
        let element = if kind == Kind::Truth { "bool" } else { graph.float().name() };
        return format!("{element}[{}]", sizes.join(", "));
    }
    tensor.text(|value| match kind {
        Kind::Number => rounded(value),
        Kind::Truth => (value != 0.0).to_string(),
    })
}
