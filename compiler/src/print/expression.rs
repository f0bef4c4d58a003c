//! One formula as text: infix notation with as few parentheses as precedence allows.
//!
//! The walk keeps its own stack, so that a chain of 100 000 sums prints like any other.

use std::collections::{HashMap, HashSet};

use crate::graph::{Graph, NodeId, Operation};
use crate::number::Number;
use crate::operators::{Notation, Operator, precedence};

/// Who reads the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// The language itself: it parses again, numbers in full.
    Language,
    /// People: `·`, `−`, `²`, numbers rounded to 12 digits.
    People,
}

/// What is printed by name instead of by its formula.
pub(super) type Names = HashMap<NodeId, Name>;

/// A name, and for each of its indices the slot of the node that it stands for.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) slots: Vec<usize>,
}

impl Name {
    /// The name with indices, which are given by slot.
    pub(super) fn indexed(&self, by_slot: &[String]) -> String {
        indexed(&self.text, &self.ordered(by_slot))
    }

    /// What is given by slot in the order of the name's own indices.
    pub(super) fn ordered<T: Clone>(&self, by_slot: &[T]) -> Vec<T> {
        self.slots.iter().map(|slot| by_slot[*slot].clone()).collect()
    }
}

/// A node that formulas call by name; `slots` says for each index of the name which slot of the node it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The node.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// The node's slots in the order of the name's indices.
    pub slots: Vec<usize>,
}

/// The formula of a node in the language, over indices for its slots, written out down to what has a name. Indices of
/// sums take no name of `taken`.
#[must_use]
pub fn expanded(graph: &Graph, node: NodeId, indices: &[String], named: &[Named], taken: &HashSet<String>) -> String {
    let name = |named: &Named| (named.node, Name { text: named.name.clone(), slots: named.slots.clone() });
    let names = named.iter().map(name).collect();
    let mut printer = Printer {
        graph,
        style: Style::Language,
        names: &names,
        taken,
        indices: HashSet::new(),
        operations: 0,
        used: Vec::new(),
    };
    printer.formula(node, indices)
}

enum Piece {
    Text(String),
    /// A node whose slots take these index names, in a place that needs at least this precedence.
    Node(NodeId, Vec<String>, u8),
}

/// Prints nodes of one graph.
pub(super) struct Printer<'a> {
    pub(super) graph: &'a Graph,
    pub(super) style: Style,
    pub(super) names: &'a Names,
    /// Names that an index must not take.
    pub(super) taken: &'a HashSet<String>,
    /// Index names of this formula; each is another.
    pub(super) indices: HashSet<String>,
    /// How many operations were printed.
    pub(super) operations: usize,
    /// The named nodes that were printed by name.
    pub(super) used: Vec<NodeId>,
}

impl Printer<'_> {
    /// The formula of a node over named indices, even if the node itself has a name.
    pub(super) fn formula(&mut self, node: NodeId, indices: &[String]) -> String {
        self.indices.extend(indices.iter().cloned());
        let mut out = String::new();
        let mut pieces = Vec::new();
        self.expand(node, indices, 0, &mut pieces);
        while let Some(piece) = pieces.pop() {
            match piece {
                Piece::Text(text) => out.push_str(&text),
                Piece::Node(node, indices, needed) => match self.names.get(&node) {
                    Some(name) => {
                        self.used.push(node);
                        out.push_str(&name.indexed(&indices));
                    }
                    None => self.expand(node, &indices, needed, &mut pieces),
                },
            }
        }
        out
    }

    /// A name for an axis: its hint, or a letter that is free.
    pub(super) fn index_name(&mut self, hint: &str) -> String {
        let letters = ["i", "j", "k", "l", "m", "n", "p", "q"].map(String::from);
        let hints = (!hint.is_empty()).then(|| hint.to_owned());
        let numbered = (1..).map(|number| format!("i{number}"));
        let name = hints
            .into_iter()
            .chain(letters)
            .chain(numbered)
            .find(|name| !self.taken.contains(name) && !self.indices.contains(name));
        let name = name.unwrap_or_default();
        self.indices.insert(name.clone());
        name
    }

    /// Pushes the pieces of a node in reverse, so that the first one is on top.
    fn expand(&mut self, node: NodeId, indices: &[String], needed: u8, pieces: &mut Vec<Piece>) {
        let mut parts = self.parts(node, indices);
        self.operations += usize::from(self.is_operation(node));
        let own = self.precedence(node);
        if own < needed {
            parts.insert(0, Piece::Text("(".into()));
            parts.push(Piece::Text(")".into()));
        }
        pieces.extend(parts.into_iter().rev());
    }

    /// Each operator, call, comparison, reduction and `if` counts one; so does the minus of a number.
    fn is_operation(&self, node: NodeId) -> bool {
        match self.graph.operation(node) {
            Operation::Constant(_) => self.graph.as_constant(node).is_some_and(Number::is_negative),
            Operation::Apply(operator) => operator.row().notation != Notation::Name,
            Operation::Delta | Operation::Truth(_) | Operation::Sum(_) | Operation::Max(_) => true,
            Operation::Input(_) | Operation::Size(_) | Operation::Iota => false,
        }
    }

    fn precedence(&self, node: NodeId) -> u8 {
        match self.graph.operation(node) {
            Operation::Constant(_) => match self.graph.as_constant(node) {
                Some(number) if number.is_negative() => precedence::PREFIX,
                _ => precedence::ATOM,
            },
            Operation::Truth(_) | Operation::Delta => precedence::COMPARISON,
            Operation::Apply(operator) => operator_precedence(operator),
            _ => precedence::ATOM,
        }
    }

    fn parts(&mut self, node: NodeId, indices: &[String]) -> Vec<Piece> {
        let text = |text: &str| Piece::Text(text.into());
        match self.graph.operation(node) {
            Operation::Input(place) => {
                let name = &self.graph.inputs()[place as usize].name;
                vec![Piece::Text(indexed(name, indices))]
            }
            Operation::Constant(_) => {
                let number = self.graph.as_constant(node).unwrap_or(Number::ZERO);
                vec![Piece::Text(self.number(number))]
            }
            Operation::Truth(value) => vec![text(if value { "0 == 0" } else { "0 == 1" })],
            Operation::Size(dim) => vec![Piece::Text(self.graph.dim_text(dim))],
            Operation::Iota => vec![text(indices.first().map_or("", String::as_str))],
            Operation::Delta => vec![Piece::Text(indices.join(" == "))],
            Operation::Apply(operator) => self.application(operator, node, indices),
            Operation::Sum(_) => self.reduction("sum", node, indices),
            Operation::Max(_) => self.reduction("max", node, indices),
        }
    }

    fn number(&self, number: Number) -> String {
        let text = match self.style {
            Style::Language => number.to_string(),
            Style::People => super::rounded(number.to_f64()),
        };
        if self.style == Style::People { text.replace('-', "−") } else { text }
    }

    fn operands(&self, node: NodeId, labels: &[String]) -> Vec<(NodeId, Vec<String>)> {
        let label = |local: &u8| labels[usize::from(*local)].clone();
        self.graph.operands(node).map(|used| (used.node, used.axes.iter().map(label).collect())).collect()
    }

    fn reduction(&mut self, name: &str, node: NodeId, indices: &[String]) -> Vec<Piece> {
        let Some(body) = self.graph.operands(node).next() else { return Vec::new() };
        let (body, axes) = (body.node, body.axes.to_vec());
        let mut labels = indices.to_vec();
        for local in indices.len()..indices.len() + self.graph.closed(node) {
            let slot = axes.iter().position(|axis| usize::from(*axis) == local).unwrap_or(0);
            let hint = self.graph.slot_hint(body, slot).to_owned();
            labels.push(self.index_name(&hint));
        }
        let closed = labels[indices.len()..].join(", ");
        let axes = axes.iter().map(|axis| labels[usize::from(*axis)].clone()).collect();
        vec![Piece::Text(format!("{name}[{closed}](")), Piece::Node(body, axes, 0), Piece::Text(")".into())]
    }

    fn application(&mut self, operator: Operator, node: NodeId, indices: &[String]) -> Vec<Piece> {
        let mut operands = self.operands(node, indices).into_iter();
        let mut next = |needed: u8| operands.next().map(|(node, axes)| Piece::Node(node, axes, needed));
        let text = |text: &str| Some(Piece::Text(text.into()));
        let row = operator.row();
        let parts = match row.notation {
            Notation::Infix(symbol, level) => {
                let (left, right) = match (operator, level) {
                    (Operator::Power, _) => (level + 1, precedence::PREFIX),
                    (_, precedence::COMPARISON) => (level + 1, level + 1),
                    _ => (level, level + 1),
                };
                let left = next(left + u8::from(self.is_read_as_longer(node, level)));
                if let (Operator::Power, Some(exponent)) = (operator, self.superscript(node)) {
                    return [left, Some(Piece::Text(exponent))].into_iter().flatten().collect();
                }
                vec![left, Some(Piece::Text(self.infix(symbol, level))), next(right)]
            }
            Notation::Prefix(symbol) => {
                let symbol = if self.style == Style::People { symbol.replace('-', "−") } else { symbol.into() };
                vec![Some(Piece::Text(symbol)), next(precedence::PREFIX)]
            }
            Notation::Call => {
                let mut parts = vec![Some(Piece::Text(format!("{}(", row.name)))];
                for place in 0..row.operands.len() {
                    parts.extend([(place > 0).then(|| Piece::Text(", ".into())), next(0)]);
                }
                parts.push(text(")"));
                parts
            }
            Notation::Name => vec![text(row.name)],
            Notation::Conditional => {
                let mut parts = vec![text("if "), next(0), text(" { "), next(0), text(" } else ")];
                let Some(Piece::Node(no, axes, _)) = next(0) else { return Vec::new() };
                let chained = self.graph.as_operator(no) == Some(Operator::Select) && !self.names.contains_key(&no);
                let (open, close) = if chained { ("", "") } else { ("{ ", " }") };
                parts.extend([text(open), Some(Piece::Node(no, axes, 0)), text(close)]);
                parts
            }
        };
        parts.into_iter().flatten().collect()
    }

    /// People read `a/b·c` as `a/(b·c)`: the quotient gets its parentheses.
    fn is_read_as_longer(&self, node: NodeId, level: u8) -> bool {
        let left = self.graph.operands(node).next().map(|operand| operand.node);
        let quotient = |left: NodeId| self.graph.as_operator(left) == Some(Operator::Divide);
        self.style == Style::People && level == precedence::PRODUCT && left.is_some_and(quotient)
    }

    fn infix(&self, symbol: &str, level: u8) -> String {
        let tight = level >= precedence::PRODUCT;
        match (self.style, symbol) {
            (Style::Language, _) if tight => symbol.into(),
            (Style::People, "*") => "·".into(),
            (Style::People, "**") => "^".into(),
            (Style::People, "-") => " − ".into(),
            (Style::People, "/") => "/".into(),
            (Style::People, "<=") => " ≤ ".into(),
            (Style::People, ">=") => " ≥ ".into(),
            (Style::People, "!=") => " ≠ ".into(),
            _ => format!(" {symbol} "),
        }
    }

    /// `²` for a stated whole exponent, for people.
    fn superscript(&self, node: NodeId) -> Option<String> {
        let exponent = self.graph.operands(node).nth(1)?.node;
        let whole = self.graph.as_constant(exponent)?.to_integer().filter(|_| self.style == Style::People)?;
        let digit = |c: char| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            other => other.to_digit(10).and_then(|digit| char::from_u32(0x2070 + digit)).unwrap_or(other),
        };
        Some(whole.to_string().chars().map(digit).collect())
    }
}

fn operator_precedence(operator: Operator) -> u8 {
    match operator.row().notation {
        Notation::Infix(_, level) => level,
        Notation::Prefix(_) => precedence::PREFIX,
        Notation::Call | Notation::Name => precedence::ATOM,
        Notation::Conditional => 0,
    }
}

/// `x`, or `x[i, j]`.
pub(super) fn indexed(name: &str, indices: &[String]) -> String {
    if indices.is_empty() { name.into() } else { format!("{name}[{}]", indices.join(", ")) }
}
