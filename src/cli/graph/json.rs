//! A picture as JSON: nodes, operands first and outputs last, and edges with what flows forward and back.

use std::collections::HashMap;

use chainrule_compiler::evaluate::Tensor;
use chainrule_compiler::graph::{Dim, Graph, NodeId, Operation};
use chainrule_compiler::operators::Kind;
use chainrule_compiler::picture::{Edges, Part, PartKind, Picture, Shown, Values, node_text, part_text};
use chainrule_compiler::print::Style;
use serde_json::{Map, Value, json};

use crate::cli::derive::{let_json, shape};
use crate::cli::json::tensor;

/// The whole picture.
pub fn graph(picture: &Picture, values: Option<&Values>, edges: Edges) -> Value {
    let shown = values.is_none().then(|| Shown::new(picture, Style::Language));
    let writer = Writer { picture, graph: &picture.function.graph, values, shown: shown.as_ref(), edges };
    let places: HashMap<NodeId, usize> =
        picture.nodes.iter().enumerate().map(|(place, wanted)| (wanted.value.node, place)).collect();
    let nodes: Vec<Value> = (0..picture.nodes.len()).map(|id| writer.node(id)).chain(writer.outputs()).collect();
    let all = writer.edges(&places);
    let mut object = Map::new();
    object.insert("schema".into(), json!(1));
    object.insert("function".into(), json!(picture.function.name));
    object.insert("nodes".into(), Value::Array(nodes));
    object.insert("edges".into(), Value::Array(all));
    if let Some(shown) = &shown {
        let lets = shown.lets().iter().map(|line| let_json(writer.graph, line));
        object.insert("let".into(), Value::Array(lets.collect()));
    }
    Value::Object(object)
}

struct Writer<'a> {
    picture: &'a Picture,
    graph: &'a Graph,
    values: Option<&'a Values>,
    shown: Option<&'a Shown>,
    edges: Edges,
}

impl Writer<'_> {
    fn node(&self, id: usize) -> Value {
        let (graph, node) = (self.graph, self.picture.nodes[id].value.node);
        let span = graph.span(node);
        let mut object = Map::new();
        object.insert("id".into(), json!(id));
        object.insert("operation".into(), json!(operation(graph, &self.picture.parts[id])));
        let (key, text) = match graph.operation(node) {
            Operation::Input(place) => ("name", graph.inputs()[place as usize].name.clone()),
            Operation::Constant(_) => ("text", graph.as_constant(node).map(|n| n.to_string()).unwrap_or_default()),
            _ => ("text", part_text(graph, &self.picture.parts[id])),
        };
        object.insert(key.into(), json!(text));
        if let Some(name) = self.shown.and_then(|shown| shown.name(node)) {
            object.insert("let".into(), json!(name));
        }
        object.insert("shape".into(), json!(shape(graph, graph.shape(node))));
        object.insert("span".into(), json!([span.start, span.end]));
        if let Some(values) = self.values {
            object.insert("value".into(), self.number(node, &values.nodes[id]));
            let derivatives = self.picture.sweeps.iter().zip(&values.sweeps).map(|(sweep, values)| {
                let at = sweep.as_ref()?.cotangents.binary_search_by_key(&id, |(place, _)| *place).ok()?;
                Some(tensor(&values.as_ref()?.cotangents[at]))
            });
            insert(&mut object, "derivative", self.by_output(derivatives.collect()));
        }
        Value::Object(object)
    }

    fn outputs(&self) -> impl Iterator<Item = Value> {
        let outputs = self.picture.function.outputs.iter().zip(&self.picture.output_names).enumerate();
        outputs.map(|(of, (output, name))| {
            let dims: Vec<Dim> = output.axes.iter().map(|axis| self.graph.dim(*axis)).collect();
            let id = self.picture.nodes.len() + of;
            json!({ "id": id, "operation": "output", "name": name, "shape": shape(self.graph, &dims) })
        })
    }

    fn edges(&self, places: &HashMap<NodeId, usize>) -> Vec<Value> {
        let flows = self.flows();
        let none = || vec![None; self.picture.sweeps.len()];
        let mut edges = Vec::new();
        for (to, part) in self.picture.parts.iter().enumerate() {
            for (position, edge) in part.edges.iter().enumerate() {
                let flow = flows.get(&(part.node, position)).cloned().unwrap_or_else(none);
                edges.push(self.edge(places[&edge.operand], to, position, flow));
            }
        }
        for (of, output) in self.picture.function.outputs.iter().enumerate() {
            let mut seeds = none();
            seeds[of] = self.picture.sweeps[of].as_ref().map(|sweep| {
                match self.values.and_then(|values| values.sweeps[of].as_ref()) {
                    Some(values) => tensor(&values.seed),
                    None => json!(node_text(self.graph, sweep.seed.value.node)),
                }
            });
            edges.push(self.edge(places[&output.value.node], self.picture.nodes.len() + of, 0, seeds));
        }
        edges
    }

    fn edge(&self, from: usize, to: usize, position: usize, flow: Vec<Option<Value>>) -> Value {
        let mut object = Map::new();
        object.insert("from".into(), json!(from));
        object.insert("to".into(), json!(to));
        object.insert("position".into(), json!(position));
        if let Some(values) = self.values.filter(|_| self.edges.forward) {
            object.insert("value".into(), self.number(self.picture.nodes[from].value.node, &values.nodes[from]));
        }
        insert(&mut object, if self.values.is_some() { "flow" } else { "formula" }, self.by_output(flow));
        Value::Object(object)
    }

    /// What flows back along each edge, for each sweep.
    fn flows(&self) -> HashMap<(NodeId, usize), Vec<Option<Value>>> {
        let mut flows = HashMap::new();
        let mut formulas = self.shown.into_iter().flat_map(Shown::flows);
        for (of, sweep) in self.picture.sweeps.iter().enumerate() {
            for (place, flow) in sweep.iter().flat_map(|sweep| &sweep.flows).enumerate() {
                let value = match self.values.and_then(|values| values.sweeps[of].as_ref()) {
                    Some(values) => tensor(&values.flows[place]),
                    None => json!(formulas.next().unwrap_or_default()),
                };
                let edge = flows.entry((flow.node, flow.position));
                edge.or_insert_with(|| vec![None; self.picture.sweeps.len()])[of] = Some(value);
            }
        }
        flows
    }

    /// One value, or with several outputs an object of their names.
    fn by_output(&self, values: Vec<Option<Value>>) -> Option<Value> {
        let names = &self.picture.output_names;
        let mut present = names.iter().zip(values).filter_map(|(name, value)| Some((name.clone(), value?)));
        if names.len() == 1 {
            return present.next().map(|(_, value)| value);
        }
        let object: Map<String, Value> = present.collect();
        (!object.is_empty()).then_some(Value::Object(object))
    }

    fn number(&self, node: NodeId, value: &Tensor) -> Value {
        match self.graph.kind(node) {
            Kind::Truth if value.shape.is_empty() => json!(value.data.first().is_some_and(|value| *value != 0.0)),
            _ => tensor(value),
        }
    }
}

fn insert(object: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        object.insert(key.into(), value);
    }
}

/// `input`, `constant`, an operator's name, `dot`, the name of a function of the library, ...
fn operation<'a>(graph: &Graph, part: &'a Part) -> &'a str {
    match &part.kind {
        PartKind::Dot => return "dot",
        PartKind::Call(name) => return name,
        PartKind::Node => {}
    }
    match graph.operation(part.node) {
        Operation::Input(_) => "input",
        Operation::Constant(_) | Operation::Truth(_) => "constant",
        Operation::Size(_) => "size",
        Operation::Iota => "position",
        Operation::Delta => "same_position",
        Operation::Apply(operator) => operator.row().name,
        Operation::Sum(_) => "sum",
        Operation::Max(_) => "reduce_max",
        Operation::Prod(_) => "product",
    }
}
