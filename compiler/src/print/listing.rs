//! Several formulas over one graph as lines that share what they have in common.
//!
//! A node that is used more than once gets a line of its own, so the text is no longer than the graph. Arrays get lines
//! in index notation, and so does what would nest too deep for the parser.

use std::collections::{HashMap, HashSet};

use super::expression::{Name, Names, Printer, Style, indexed};
use crate::graph::{Axis, Dim, Graph, NodeId, Operation, Ref};
use crate::operators::{Kind, Notation, Operator, precedence};
use crate::resolve::LetName;

/// When a line is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// For the value.
    Forward,
    /// For derivatives only.
    Backward,
}

/// A line: `name = formula`, or `name[indices] = formula`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Index names, for an array.
    pub indices: Vec<String>,
    /// Its shape.
    pub shape: Vec<Dim>,
    /// The right side.
    pub formula: String,
    /// When it is computed.
    pub phase: Phase,
    /// What it stands for, where it stands for one node.
    pub node: Option<NodeId>,
    /// How many operations its formula has.
    pub operations: usize,
    /// The named nodes that its formula refers to.
    pub uses: Vec<NodeId>,
}

impl Line {
    /// The left side.
    #[must_use]
    pub fn left(&self) -> String {
        indexed(&self.name, &self.indices)
    }
}

/// What a listing shows: a value over declared axes, under a name.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its name; lines of the listing may use the names of forward values.
    pub name: String,
    /// The value.
    pub value: Ref,
    /// Its declared axes.
    pub axes: Vec<Axis>,
    /// Forward values come first, and their names stand for their nodes in what follows.
    pub phase: Phase,
}

/// Formulas that share their common parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Common parts, each above its uses.
    pub lets: Vec<Line>,
    /// What was asked for, in order. For an array, the formula is the name of a `let` or an input.
    pub asked: Vec<Line>,
}

/// Deeper nesting than this gets a line of its own; the parser takes 128.
const MOST_NESTED: u32 = 48;

/// Lists formulas. `known` are names that the user gave to nodes; `reserved` are names that nothing here may take.
#[must_use]
pub fn list(graph: &Graph, asked: &[Asked], known: &[LetName], style: Style, reserved: &[String]) -> Listing {
    let mut lister = Lister::new(graph, asked, style, reserved);
    lister.choose_names(asked, known);
    lister.lines(asked)
}

struct Lister<'a> {
    graph: &'a Graph,
    style: Style,
    forward: Vec<bool>,
    live: Vec<bool>,
    uses: Vec<u32>,
    names: Names,
    /// Nodes with a line, in order.
    named: Vec<NodeId>,
    /// Forward values that are asked for: printed by their name elsewhere.
    outputs: HashMap<NodeId, usize>,
    taken: HashSet<String>,
    next: u32,
}

impl<'a> Lister<'a> {
    fn new(graph: &'a Graph, asked: &[Asked], style: Style, reserved: &[String]) -> Self {
        let forward = |asked: &&Asked| asked.phase == Phase::Forward;
        let roots = |asked: &Asked| asked.value.node;
        let mut taken: HashSet<String> = reserved.iter().cloned().collect();
        taken.extend(graph.inputs().iter().map(|input| input.name.clone()));
        taken.extend(asked.iter().map(|asked| asked.name.clone()));
        for node in graph.nodes() {
            for dim in graph.shape(node) {
                if let Dim::Symbol(_) = dim {
                    taken.insert(graph.dim_text(*dim));
                }
            }
        }
        let live = graph.live(asked.iter().map(roots));
        let mut uses = vec![0; graph.len()];
        for node in graph.nodes().filter(|node| live[node.index()]) {
            for operand in graph.operands(node) {
                uses[operand.node.index()] += 1;
            }
        }
        asked.iter().for_each(|asked| uses[asked.value.node.index()] += 1);
        Self {
            graph,
            style,
            forward: graph.live(asked.iter().filter(forward).map(roots)),
            live,
            uses,
            names: Names::new(),
            named: Vec::new(),
            outputs: HashMap::new(),
            taken,
            next: 0,
        }
    }

    fn is_leaf(&self, node: NodeId) -> bool {
        match self.graph.operation(node) {
            Operation::Apply(operator) => operator.row().notation == Notation::Name,
            Operation::Sum(_) | Operation::Max(_) => false,
            _ => true,
        }
    }

    fn choose_names(&mut self, asked: &[Asked], known: &[LetName]) {
        for (place, asked) in asked.iter().enumerate() {
            let scalar = asked.axes.is_empty() && asked.value.axes.is_empty();
            if asked.phase == Phase::Forward && scalar && !self.is_leaf(asked.value.node) {
                self.outputs.entry(asked.value.node).or_insert(place);
                let name = || Name { text: asked.name.clone(), slots: Vec::new() };
                self.names.entry(asked.value.node).or_insert_with(name);
            }
        }
        let known: HashMap<NodeId, &LetName> = known.iter().rev().map(|known| (known.node, known)).collect();
        // Arrays that are asked for in the order of their own axes; others get a line that rearranges them.
        let whole = |asked: &&Asked| !asked.axes.is_empty() && asked.value.axes == asked.axes;
        let whole: HashSet<NodeId> = asked.iter().filter(whole).map(|asked| asked.value.node).collect();
        let mut heights = vec![0_u32; self.graph.len()];
        for node in self.graph.nodes().filter(|node| self.live[node.index()]).collect::<Vec<_>>() {
            if self.names.contains_key(&node) || self.is_leaf(node) {
                continue;
            }
            let height = self.height(node, &heights);
            let array = whole.contains(&node);
            // A comparison of values that have names reads better where it stands.
            let plain = self.graph.kind(node) == Kind::Truth && height <= 1;
            let user = known.get(&node).filter(|_| self.forward[node.index()]);
            if user.is_some() || (self.uses[node.index()] > 1 && !plain) || height > MOST_NESTED || array {
                let text = self.fresh(user.map_or("", |known| &known.name), node);
                let slots =
                    user.map_or_else(|| (0..self.graph.shape(node).len()).collect(), |known| known.slots.clone());
                self.names.insert(node, Name { text, slots });
                self.named.push(node);
            } else {
                heights[node.index()] = height;
            }
        }
    }

    /// How deep the text of a node nests at most.
    fn height(&self, node: NodeId, heights: &[u32]) -> u32 {
        let flat = |position: usize, operand: NodeId| match self.graph.as_operator(node).map(|op| op.row().notation) {
            Some(Notation::Infix(_, level)) if position == 0 && level != precedence::COMPARISON => {
                let inner = self.graph.as_operator(operand).map(|op| op.row().notation);
                matches!(inner, Some(Notation::Infix(_, other)) if other >= level && level != precedence::POWER)
            }
            Some(Notation::Conditional) => position == 2 && self.graph.as_operator(operand) == Some(Operator::Select),
            _ => false,
        };
        let operands = self.graph.operands(node).enumerate();
        operands.map(|(at, used)| heights[used.node.index()] + u32::from(!flat(at, used.node))).max().unwrap_or(0)
    }

    fn fresh(&mut self, wanted: &str, node: NodeId) -> String {
        if !wanted.is_empty() && self.taken.insert(wanted.to_owned()) {
            return wanted.to_owned();
        }
        let letter = if self.forward[node.index()] { "s" } else { "d" };
        loop {
            self.next += 1;
            let name = format!("{letter}{}", self.next);
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }

    fn printer(&self) -> Printer<'_> {
        Printer {
            graph: self.graph,
            style: self.style,
            names: &self.names,
            taken: &self.taken,
            indices: HashSet::new(),
            operations: 0,
            used: Vec::new(),
        }
    }

    fn phase(&self, node: NodeId) -> Phase {
        if self.forward[node.index()] { Phase::Forward } else { Phase::Backward }
    }

    fn lines(mut self, asked: &[Asked]) -> Listing {
        let mut listing = Listing::default();
        for node in std::mem::take(&mut self.named) {
            let mut printer = self.printer();
            let slots = self.graph.shape(node).len();
            let hints: Vec<String> = (0..slots).map(|slot| self.graph.slot_hint(node, slot).to_owned()).collect();
            let indices: Vec<String> = hints.iter().map(|hint| printer.index_name(hint)).collect();
            let formula = printer.formula(node, &indices);
            let name = &self.names[&node];
            listing.lets.push(Line {
                name: name.text.clone(),
                formula,
                operations: printer.operations,
                uses: printer.used,
                indices: name.ordered(&indices),
                shape: name.ordered(self.graph.shape(node)),
                phase: self.phase(node),
                node: Some(node),
            });
        }
        for asked in asked {
            self.asked_line(asked, &mut listing);
        }
        listing
    }

    fn asked_line(&mut self, asked: &Asked, listing: &mut Listing) {
        let node = asked.value.node;
        let shape: Vec<Dim> = asked.axes.iter().map(|axis| self.graph.dim(*axis)).collect();
        let mut printer = self.printer();
        let own_line = self.outputs.contains_key(&node);
        let (mut operations, mut uses) = (0, vec![node]);
        let named = self.names.get(&node).filter(|name| !own_line || name.text != asked.name);
        let formula = if let Some(name) = named.filter(|name| name.ordered(&asked.value.axes) == asked.axes) {
            name.text.clone()
        } else if let (Operation::Input(place), true) = (self.graph.operation(node), asked.value.axes == asked.axes) {
            self.graph.inputs()[place as usize].name.clone()
        } else if asked.value.axes.is_empty() {
            let formula = named.map_or_else(|| printer.formula(node, &[]), |name| name.text.clone());
            (operations, uses) = if named.is_some() { (0, vec![node]) } else { (printer.operations, printer.used) };
            formula
        } else {
            self.rearranged(asked, listing, &shape)
        };
        let (name, indices, phase, node) = (asked.name.clone(), Vec::new(), asked.phase, Some(node));
        let line = Line { name, indices, shape, formula, phase, node, operations, uses };
        listing.asked.push(line);
    }

    /// A line that gives a value the order of its declared axes; an axis that the value lacks is named all the same.
    fn rearranged(&mut self, asked: &Asked, listing: &mut Listing, shape: &[Dim]) -> String {
        let mut printer = self.printer();
        let hint = |axis: &Axis| self.graph.hint(*axis).to_owned();
        let indices: Vec<String> = asked.axes.iter().map(|axis| printer.index_name(&hint(axis))).collect();
        let place = |axis: &Axis| asked.axes.iter().position(|other| other == axis).unwrap_or(0);
        let own: Vec<String> = asked.value.axes.iter().map(|axis| indices[place(axis)].clone()).collect();
        let mut formula = match self.names.get(&asked.value.node) {
            Some(name) => {
                printer.used.push(asked.value.node);
                name.indexed(&own)
            }
            None => printer.formula(asked.value.node, &own),
        };
        let (mut operations, uses) = (printer.operations, printer.used);
        for (axis, index) in asked.axes.iter().zip(&indices) {
            // In the language, an index on the left must stand on the right.
            if self.style == Style::Language && !asked.value.axes.contains(axis) {
                operations += 2;
                formula = format!("if {index} == {index} {{ {formula} }} else {{ 0 }}");
            }
        }
        let name = self.fresh("", asked.value.node);
        listing.lets.push(Line {
            name: name.clone(),
            indices,
            shape: shape.to_vec(),
            formula,
            phase: asked.phase,
            node: Some(asked.value.node),
            operations,
            uses,
        });
        name
    }
}
