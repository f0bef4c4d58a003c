//! From a [`Picture`] to boxes and arrows with labels.

use std::collections::{HashMap, HashSet};

use super::part::product_text;
use super::{Part, PartKind, Picture, Sweep, Values};
use crate::evaluate::Tensor;
use crate::graph::{Graph, NodeId, Operation};
use crate::operators::{Kind, Notation, Operator};
use crate::print::mermaid::{Arrow, Chart, Node, Role};
use crate::print::{Asked, Line, Listing, Phase, Style, Vocabulary, list_with, rounded, rounded_to};

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
            for ((flow, form), name) in sweep.flows.iter().zip(&sweep.forms).zip(&sweep.names) {
                // Along an axis of the operand that it lacks, it is the same everywhere.
                let axes = flow.axes.iter().copied().filter(|axis| form.axes.contains(axis)).collect();
                let value = form.clone();
                let name = name.clone().unwrap_or_default();
                asked.push(Asked { name, value, axes, phase: Phase::Backward });
            }
        }
        let (names, functions) = (&function.names, &function.module);
        let vocabulary = Vocabulary { names, calls: &picture.calls, functions, reserved: &[] };
        let listing = list_with(&function.graph, &asked, &vocabulary, style);
        let mut names = HashMap::new();
        let (outputs, flows) = listing.asked.split_at(function.outputs.len());
        for line in listing.lets.iter().filter(|line| line.phase == Phase::Forward).chain(outputs) {
            let drawn =
                |node: &NodeId| role(&function.graph, *node) == Role::Operator && picture.place(*node).is_some();
            let read = listing.lets.iter().filter(|line| line.phase == Phase::Backward).chain(flows);
            let given =
                |node: &NodeId| function.names.iter().any(|known| known.node == *node && known.name == line.name);
            let is_read = || read.clone().any(|other| other.uses.contains(&line.name));
            let said = |node: &NodeId| drawn(node) && (outputs.contains(line) || given(node) || is_read());
            if let Some(node) = line.node.filter(said) {
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

    /// The same, with what several formulas share defined at the first edge that needs it, and forward values that no
    /// edge carries too: `d1 = ...`, each on a line of its own.
    fn defined_flows(&self) -> Vec<String> {
        let carried = |line: &&Line| line.node.is_some_and(|node| self.names.contains_key(&node));
        let shared = self.listing.lets.iter().filter(|line| line.phase == Phase::Backward || !carried(line));
        let mut shared: HashMap<&str, (usize, &Line)> =
            shared.enumerate().map(|(place, line)| (line.name.as_str(), (place, line))).collect();
        let flows = &self.listing.asked[self.outputs..];
        // What only flows on, and stands in no other formula, needs no name.
        let all = self.listing.lets.iter().chain(flows);
        let read: HashSet<&str> =
            all.filter(|line| !is_name(line)).flat_map(|line| &line.uses).map(String::as_str).collect();
        let mut labels = Vec::new();
        for line in flows {
            let alias = shared.get(line.formula.as_str()).filter(|_| is_name(line) && !read.contains(&*line.formula));
            let name = &line.name;
            let line = alias.map_or(line, |(_, line)| *line);
            let formula = &line.formula;
            let mut definitions = Vec::new();
            let mut unread = vec![line];
            while let Some(reader) = unread.pop() {
                for name in &reader.uses {
                    if let Some((place, line)) = shared.remove(name.as_str()) {
                        unread.push(line);
                        definitions.push((place, line));
                    }
                }
            }
            definitions.sort_by_key(|(place, _)| *place);
            // What flows is the last of its definitions, or a formula after them.
            let own = !name.is_empty() || definitions.last().is_none_or(|(_, line)| line.name != *formula);
            let last = if name.is_empty() { formula.clone() } else { format!("{name} = {formula}") };
            let definitions = definitions.into_iter().map(|(_, line)| definition(line));
            let lines: Vec<String> = definitions.chain(own.then_some(last)).map(|line| in_lines(&line)).collect();
            labels.push(lines.join("\n"));
        }
        labels
    }
}

/// Whether a formula is another line's name.
fn is_name(line: &Line) -> bool {
    line.uses == [line.formula.as_str()]
}

/// A longer line is broken by Mermaid, anywhere: a condition is broken before its other branch.
const LONG: usize = 24;

fn in_lines(line: &str) -> String {
    if line.chars().count() > LONG && line.matches(" else ").count() == 1 {
        line.replacen(" else ", "\nelse ", 1)
    } else {
        line.to_owned()
    }
}

fn definition(line: &Line) -> String {
    format!("{} = {}", line.left(), line.formula)
}

/// The boxes and arrows of a picture, with numbers of so many significant digits if there are any.
#[must_use]
pub fn chart(picture: &Picture, values: Option<&Values>, edges: Edges, digits: usize) -> Chart {
    let shown = Shown::new(picture, Style::People);
    let mut drawing = Drawing { picture, digits, chart: Chart::default(), places: HashMap::new(), outputs: Vec::new() };
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
    digits: usize,
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
            let Some(place) = self.picture.place(node) else { continue };
            if !edges.forward && !reached.contains(&place) {
                continue;
            }
            let mut label = part_text(graph, &self.picture.parts[place]);
            if role == Role::Input && !graph.shape(node).is_empty() {
                label = format!("{}\n{label}", shape_text(graph, node));
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
        for (place, part) in self.picture.parts.iter().enumerate() {
            let label = match values {
                Some(values) => number_text(graph.kind(part.node), &values.nodes[place], self.digits),
                None => name_text(graph, part, shown),
            };
            labels.insert(part.node, label);
        }
        for part in &self.picture.parts {
            let Some(to) = self.places.get(&part.node).copied() else { continue };
            for edge in &part.edges {
                let from = self.source(edge.operand);
                self.arrow(from, to, labels[&edge.operand].clone(), false);
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
            let digits = self.digits;
            let text = |tensor: &Tensor| number_text(Kind::Number, tensor, digits);
            let several = if self.outputs.len() > 1 { self.picture.output_names[of].as_str() } else { "" };
            let root = self.picture.function.outputs[of].value.node;
            let written = || with_shape(graph, node_text(graph, sweep.seed.value.node), root);
            let seed = numbers.map_or_else(written, |numbers| text(&numbers.seed));
            self.arrow(self.outputs[of], self.places[&root], of_output(several, &seed), true);
            for (place, flow) in sweep.flows.iter().enumerate() {
                let formula = formulas.next().unwrap_or_default();
                let Some(part) = self.picture.place(flow.node) else { continue };
                let operand = self.picture.parts[part].edges[flow.position].operand;
                let written = || with_shape(graph, formula, operand);
                let label = numbers.map_or_else(written, |numbers| text(&numbers.flows[place]));
                let to = self.places.get(&operand).copied();
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

/// Every node but constants, as a walk from the outputs leaves them, an input right before what first needs it; then the
/// inputs that nobody uses.
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
            let edges = picture.place(node).map_or(&[][..], |place| &picture.parts[place].edges);
            let is_input = |node: &NodeId| role(graph, *node) == Role::Input;
            let (inputs, rest): (Vec<_>, Vec<_>) = edges.iter().map(|edge| edge.operand).partition(is_input);
            pending.extend(rest.into_iter().chain(inputs).rev().map(|operand| (operand, false)));
        }
    }
    order
}

/// With several outputs, what flows back says where it comes from.
fn of_output(output: &str, label: &str) -> String {
    if output.is_empty() { label.to_owned() } else { format!("{output}: {label}") }
}

/// What stands in a part: `dot`, the name of a function of the prelude, or what [`node_text`] says.
#[must_use]
pub fn part_text(graph: &Graph, part: &Part) -> String {
    match &part.kind {
        PartKind::Node => node_text(graph, part.node),
        PartKind::Dot => "dot".into(),
        PartKind::Call(name) => name.clone(),
    }
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

/// What stands at an edge without numbers: the shape of an array, and below it how the formulas call the value, or which
/// product it is.
fn name_text(graph: &Graph, part: &Part, shown: &Shown) -> String {
    let product = || match part.kind {
        PartKind::Dot => product_text(graph, part, |operand| known_as(graph, operand, shown)),
        _ => None,
    };
    let name = shown.name(part.node).map(str::to_owned).or_else(product);
    let shape = match role(graph, part.node) {
        Role::Operator if !graph.shape(part.node).is_empty() => Some(shape_text(graph, part.node)),
        _ => None,
    };
    shape.into_iter().chain(name).collect::<Vec<_>>().join("\n")
}

/// The name of an input, or of a value that formulas name.
fn known_as(graph: &Graph, node: NodeId, shown: &Shown) -> Option<String> {
    match role(graph, node) {
        Role::Input => Some(node_text(graph, node)),
        _ => shown.name(node).map(str::to_owned),
    }
}

/// What flows back into an array, with its shape below.
fn with_shape(graph: &Graph, formula: String, node: NodeId) -> String {
    if graph.shape(node).is_empty() { formula } else { format!("{formula}\n{}", shape_text(graph, node)) }
}

/// A larger array is not written out: so many rows, of so many numbers each.
const MOST_ROWS: usize = 3;
const MOST_COLUMNS: usize = 4;

/// Numbers if they are few, a row of a matrix on each line, else the shape.
fn number_text(kind: Kind, tensor: &Tensor, digits: usize) -> String {
    let number = |value: f64| match kind {
        Kind::Number => rounded_to(value, digits),
        Kind::Truth => (value != 0.0).to_string(),
    };
    let row = |row: &[f64]| format!("[{}]", row.iter().map(|value| number(*value)).collect::<Vec<_>>().join(", "));
    match tensor.shape[..] {
        [] => tensor.text(number),
        [columns] if columns <= MOST_COLUMNS => row(&tensor.data),
        [rows, columns] if rows <= MOST_ROWS && (1..=MOST_COLUMNS).contains(&columns) => {
            let rows: Vec<String> = tensor.data.chunks(columns).map(row).collect();
            format!("[{}]", rows.join(",\n"))
        }
        _ => {
            let sizes: Vec<String> = tensor.shape.iter().map(ToString::to_string).collect();
            format!("[{}]", sizes.join(", "))
        }
    }
}
