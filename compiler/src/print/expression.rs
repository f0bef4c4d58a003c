//! One formula as text: infix notation with as few parentheses as precedence allows.
//!
//! An array stands in a formula as a whole (`x.T @ g`), or entry by entry with an index for each axis
//! (`sum[n](x[n, d]*g[n, h])`). The walk keeps its own stack, so that a chain of 100 000 sums prints like any other.

use std::collections::{HashMap, HashSet};

use super::item::{Item, Items, Use};
use super::layout::Layout;
use super::whole::{Argument, Choice, Form};
use crate::graph::{Dim, Graph, NodeId, Operation};
use crate::number::Number;
use crate::operators::{Kind, Notation, Operator, precedence};

/// Who reads the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// The language itself: it parses again, numbers in full.
    Language,
    /// People: `−`, `²`, `xᵀ`, numbers rounded to 12 digits; `·` is the product with a scalar and of matrices, `⊙` that of
    /// two arrays entry by entry.
    People,
}

/// What is printed by name instead of by its formula.
pub(super) type Names = HashMap<Item, Name>;

/// A name, and for each of its indices the slot of the item that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) slots: Vec<usize>,
    /// Where the named array has a kept axis of size 1.
    pub(super) kept: Option<usize>,
}

impl Name {
    pub(super) fn new(text: String, slots: Vec<usize>) -> Self {
        Self { text, slots, kept: None }
    }

    /// The name of an array with its axes in this order.
    pub(super) fn of_layout(text: String, layout: &Layout) -> Self {
        let slots = layout.iter().flatten().map(|slot| usize::from(*slot)).collect();
        Self { text, slots, kept: layout.iter().position(Option::is_none) }
    }

    /// The order of the array's axes.
    pub(super) fn layout(&self) -> Layout {
        let mut layout: Layout = self.slots.iter().map(|slot| Some(*slot as u8)).collect();
        self.kept.into_iter().for_each(|place| layout.insert(place, None));
        layout
    }

    /// The name with indices, which are given by slot.
    fn indexed(&self, by_slot: &[String]) -> String {
        indexed(&self.text, &self.ordered(by_slot, || "0".into()))
    }

    /// What is given by slot in the order of the name's own indices.
    pub(super) fn ordered<T: Clone>(&self, by_slot: &[T], kept: impl Fn() -> T) -> Vec<T> {
        let mut ordered: Vec<T> = self.slots.iter().map(|slot| by_slot[*slot].clone()).collect();
        self.kept.into_iter().for_each(|place| ordered.insert(place, kept()));
        ordered
    }
}

/// An item in a formula.
#[derive(Clone, Debug)]
enum Part {
    /// One entry: its slots take these index names.
    Entry(Item, Vec<String>),
    /// The whole array.
    Whole(Argument),
}

impl Part {
    fn item(&self) -> Item {
        match self {
            Self::Entry(item, _) | Self::Whole(Argument { item, .. }) => *item,
        }
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

/// The formula of a node, over indices for its slots, written out down to what has a name. Indices of sums take no name of
/// `taken`.
#[must_use]
pub fn expanded(
    graph: &Graph,
    node: NodeId,
    indices: &[String],
    named: &[Named],
    taken: &HashSet<String>,
    style: Style,
) -> String {
    let name = |named: &Named| (Item::Node(named.node), Name::new(named.name.clone(), named.slots.clone()));
    let names = named.iter().map(name).collect();
    let items = Items::new(graph, &[], &[], &HashSet::new(), |_| false);
    let mut printer = Printer {
        items: &items,
        style,
        names: &names,
        choices: &HashMap::new(),
        taken,
        indices: HashSet::new(),
        loose: HashMap::new(),
        unsized_slots: &HashMap::new(),
        silent_slots: &HashMap::new(),
        operations: 0,
        mentions: Vec::new(),
        indexed_calls: Vec::new(),
    };
    printer.entry(Item::Node(node), indices)
}

enum Piece {
    Text(String),
    /// In a place that needs at least this precedence.
    Part(Part, u8),
}

/// What was printed by name, and how.
#[derive(Clone, Debug)]
pub(super) struct Mention {
    pub(super) item: Item,
    /// The order of axes as a whole array; `None` for an entry.
    pub(super) layout: Option<Layout>,
}

/// Prints items.
pub(super) struct Printer<'a> {
    pub(super) items: &'a Items<'a>,
    pub(super) style: Style,
    pub(super) names: &'a Names,
    pub(super) choices: &'a HashMap<Item, Vec<Choice>>,
    /// Names that an index must not take.
    pub(super) taken: &'a HashSet<String>,
    /// Index names of this formula; each is another.
    pub(super) indices: HashSet<String>,
    /// Index names that stand on no array, so that nothing tells their size, and what it is.
    pub(super) loose: HashMap<String, Dim>,
    /// The inline items with slots that no array tells the size of.
    pub(super) unsized_slots: &'a HashMap<Item, Vec<bool>>,
    /// Those whose text does not have the index of a slot at all.
    pub(super) silent_slots: &'a HashMap<Item, Vec<bool>>,
    /// How many operations were printed.
    pub(super) operations: usize,
    /// The named items that were printed by name.
    pub(super) mentions: Vec<Mention>,
    /// Calls on vectors that stand in index notation: they want a name.
    pub(super) indexed_calls: Vec<Item>,
}

impl Printer<'_> {
    /// The right side of a line `name[indices] = ...`. People see from its uses what size an index has.
    pub(super) fn right_side(&mut self, item: Item, indices: &[String]) -> String {
        if let Some(loose) = self.unsized_slots.get(&item).filter(|_| self.style == Style::Language) {
            let dims = self.items.shape(item);
            let loose = indices.iter().zip(dims).zip(loose).filter(|(_, loose)| **loose);
            self.loose.extend(loose.map(|((name, dim), _)| (name.clone(), *dim)));
        }
        // In the language, an index on the left must stand on the right, on something of its size.
        let mut conditions = Vec::new();
        if let Some(silent) = self.silent_slots.get(&item).filter(|_| self.style == Style::Language) {
            let dims = self.items.shape(item);
            for ((index, dim), _) in indices.iter().zip(dims).zip(silent).filter(|(_, silent)| **silent) {
                conditions.push(self.is_there(index, *dim));
            }
        }
        let formula = self.entry(item, indices);
        match (conditions.is_empty(), self.items.kind(item)) {
            (true, _) => formula,
            (false, Kind::Number) => format!("if {} {{ {formula} }} else {{ 0 }}", conditions.join(" && ")),
            (false, Kind::Truth) => format!("{} && ({formula})", conditions.join(" && ")),
        }
    }

    /// A condition that always holds, and tells the size of an index.
    fn is_there(&mut self, index: &str, dim: Dim) -> String {
        self.operations += 2;
        self.loose.remove(index);
        format!("eye({})[{index}, {index}] == 1", self.items.graph.dim_text(dim))
    }

    /// The formula of an item over named indices, even if the item itself has a name.
    pub(super) fn entry(&mut self, item: Item, indices: &[String]) -> String {
        self.indices.extend(indices.iter().cloned());
        let mut pieces = Vec::new();
        self.expand(&Part::Entry(item, indices.to_vec()), 0, &mut pieces);
        self.written(pieces)
    }

    /// The formula of a whole array, even if the item itself has a name.
    pub(super) fn whole(&mut self, item: Item, choice: &Choice) -> String {
        let mut pieces = Vec::new();
        let parts = self.form(item, choice);
        self.push(parts, precedence::ATOM, 0, &mut pieces);
        self.written(pieces)
    }

    /// An argument as it stands in other formulas: by name if it has one.
    pub(super) fn argument(&mut self, argument: Argument) -> String {
        self.written(vec![Piece::Part(Part::Whole(argument), 0)])
    }

    /// One entry as it stands in other formulas: by name if the item has one.
    pub(super) fn by_entry(&mut self, item: Item, indices: Vec<String>) -> String {
        self.indices.extend(indices.iter().cloned());
        self.written(vec![Piece::Part(Part::Entry(item, indices), 0)])
    }

    fn written(&mut self, mut pieces: Vec<Piece>) -> String {
        let mut out = String::new();
        while let Some(piece) = pieces.pop() {
            match piece {
                Piece::Text(text) => out.push_str(&text),
                Piece::Part(part, needed) => match self.by_name(&part) {
                    Some(name) => out.push_str(&name),
                    None => self.expand(&part, needed, &mut pieces),
                },
            }
        }
        out
    }

    /// The text of a part that has a name or is an input.
    fn by_name(&mut self, part: &Part) -> Option<String> {
        let item = part.item();
        let (text, layout) = match (self.names.get(&item), self.items.operation(item)) {
            (Some(name), _) => (name.text.clone(), name.layout()),
            (None, Some(Operation::Input(place))) => {
                let name = self.items.graph.inputs()[place as usize].name.clone();
                (name, (0..self.items.rank(item)).map(|slot| Some(slot as u8)).collect())
            }
            _ => return None,
        };
        let argument = match part {
            Part::Whole(argument) => argument,
            Part::Entry(_, indices) => {
                self.mentions.push(Mention { item, layout: None });
                return Some(Name::of_layout(text, &layout).indexed(indices));
            }
        };
        self.mentions.push(Mention { item, layout: Some(argument.layout.clone()) });
        let transposed = match (argument.layout == layout, self.style) {
            (true, _) => "",
            (false, Style::Language) => ".T",
            (false, Style::People) => "ᵀ",
        };
        self.operations += usize::from(argument.diagonal);
        Some(if argument.diagonal { format!("diag({text})") } else { format!("{text}{transposed}") })
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

    /// The form that a part is written in as a whole; scalars have one only if they close axes.
    fn choice(&self, part: &Part) -> Option<&Choice> {
        let (item, layout) = match part {
            Part::Entry(item, indices) if indices.is_empty() => (item, &Layout::new()),
            Part::Entry(..) => return None,
            Part::Whole(argument) => (&argument.item, &argument.layout),
        };
        self.choices.get(item)?.iter().find(|choice| choice.layout == *layout)
    }

    /// Pushes the pieces of a part in reverse, so that the first one is on top.
    fn expand(&mut self, part: &Part, needed: u8, pieces: &mut Vec<Piece>) {
        if let Some(inner) = self.entry_of_entry(part) {
            return pieces.push(Piece::Part(inner, needed));
        }
        let item = part.item();
        let (mut parts, own) = match self.choice(part).cloned() {
            Some(choice) => {
                let own = form_precedence(self.items, item, &choice);
                (self.form(item, &choice), own)
            }
            None => {
                let indices = if let Part::Entry(_, indices) = part { &indices[..] } else { &[] };
                let own = self.precedence(item);
                (self.parts(item, indices), own)
            }
        };
        if matches!(part, Part::Whole(argument) if argument.diagonal) {
            self.operations += 1;
            parts.insert(0, Piece::Text("diag(".into()));
            parts.push(Piece::Text(")".into()));
            return self.push(parts, precedence::ATOM, needed, pieces);
        }
        self.push(parts, own, needed, pieces);
    }

    /// What an entry is an entry of: `a[0]` of the array that it reads, and `[a, b][0]` of `a`.
    fn entry_of_entry(&self, part: &Part) -> Option<Part> {
        let (item, indices) = match part {
            Part::Entry(item, indices) => (item, &indices[..]),
            Part::Whole(argument) if argument.layout.is_empty() => (&argument.item, &[][..]),
            Part::Whole(_) => return None,
        };
        if self.choice(part).is_some() {
            return None;
        }
        if let Some(positions) = self.items.access(*item) {
            let read = self.items.operands(*item).into_iter().next()?;
            return Some(Part::Entry(
                read.item,
                positions.iter().map(|at| at.text(self.items.graph, indices)).collect(),
            ));
        }
        if self.items.operator(*item)? != Operator::Select {
            return None;
        }
        let [condition, yes, no] = <[Use; 3]>::try_from(self.items.operands(*item)).ok()?;
        let asked = self.items.graph.as_position(self.items.node(condition.item))?;
        let at: u32 = indices.get(usize::from(*condition.axes.first()?))?.parse().ok()?;
        let chosen = if at == asked { yes } else { no };
        Some(Part::Entry(chosen.item, chosen.axes.iter().map(|axis| indices[usize::from(*axis)].clone()).collect()))
    }

    fn push(&self, mut parts: Vec<Piece>, own: u8, needed: u8, pieces: &mut Vec<Piece>) {
        if own < needed {
            parts.insert(0, Piece::Text("(".into()));
            parts.push(Piece::Text(")".into()));
        }
        pieces.extend(parts.into_iter().rev());
    }

    fn precedence(&self, item: Item) -> u8 {
        match self.items.operation(item) {
            Some(Operation::Constant(_)) => match self.constant(item) {
                Some(number) if number.is_negative() => precedence::PREFIX,
                _ => precedence::ATOM,
            },
            Some(Operation::Truth(_) | Operation::Delta) => precedence::COMPARISON,
            Some(Operation::Iota) if !self.loose.is_empty() => precedence::PRODUCT,
            Some(Operation::Apply(operator)) => operator_precedence(operator),
            _ => precedence::ATOM,
        }
    }

    fn constant(&self, item: Item) -> Option<Number> {
        self.items.graph.as_constant(self.items.node(item))
    }

    /// One entry of an item, or a scalar.
    fn parts(&mut self, item: Item, indices: &[String]) -> Vec<Piece> {
        let text = |text: &str| Piece::Text(text.into());
        let entries = |printer: &Self| {
            let label = |axis: &u8| indices[usize::from(*axis)].clone();
            let entry = |used: Use| Part::Entry(used.item, used.axes.iter().map(label).collect());
            printer.items.operands(item).into_iter().map(entry).collect::<Vec<_>>()
        };
        match self.items.operation(item) {
            Some(Operation::Input(_)) => {
                self.by_name(&Part::Entry(item, indices.to_vec())).map(Piece::Text).into_iter().collect()
            }
            Some(Operation::Constant(_)) => {
                let number = self.constant(item).unwrap_or(Number::ZERO);
                self.operations += usize::from(number.is_negative());
                vec![Piece::Text(self.number(number))]
            }
            Some(Operation::Truth(value)) => {
                self.operations += 1;
                vec![text(if value { "0 == 0" } else { "0 == 1" })]
            }
            Some(Operation::Size(dim)) => vec![Piece::Text(self.items.graph.dim_text(dim))],
            Some(Operation::Iota) => vec![Piece::Text(self.position(indices.first().map_or("", String::as_str)))],
            Some(Operation::Delta) => vec![Piece::Text(self.same_position(indices))],
            Some(Operation::Apply(operator)) => {
                if let Some(pieces) = self.loose_position(item, indices) {
                    return pieces;
                }
                let operands = entries(self);
                self.application(operator, operands, false)
            }
            Some(Operation::Sum(_)) => self.reduction("sum", item, indices),
            Some(Operation::Max(_)) => self.reduction("max", item, indices),
            Some(Operation::Prod(_)) => self.reduction("prod", item, indices),
            None => self.indexed_call(item, indices),
        }
    }

    /// An index as a number. One whose size nothing tells takes it from an array of ones, where it stands first.
    fn position(&mut self, index: &str) -> String {
        match self.loose.remove(index) {
            Some(dim) => {
                self.operations += 2;
                format!("{index}*eye({})[{index}, {index}]", self.items.graph.dim_text(dim))
            }
            None if index.contains(' ') => format!("({index})"),
            None => index.to_owned(),
        }
    }

    /// `i == 2`, where nothing else tells the size of `i`.
    fn loose_position(&mut self, item: Item, indices: &[String]) -> Option<Vec<Piece>> {
        let at = self.items.graph.as_position(self.items.node(item)).filter(|_| self.items.call(item).is_none())?;
        let index = indices.first()?;
        let Dim::Literal(size) = *self.loose.get(index)? else { return None };
        if at >= size {
            return None;
        }
        self.loose.remove(index);
        self.operations += 2;
        Some(vec![Piece::Text(format!("eye({size})[{index}, {at}] == 1"))])
    }

    fn same_position(&mut self, indices: &[String]) -> String {
        self.operations += 1;
        let known: Vec<Dim> = indices.iter().filter_map(|index| self.loose.remove(index)).collect();
        match known.first() {
            Some(dim) => {
                self.operations += 1;
                format!("eye({})[{}] == 1", self.items.graph.dim_text(*dim), indices.join(", "))
            }
            None => indices.join(" == "),
        }
    }

    fn number(&self, number: Number) -> String {
        let text = match self.style {
            Style::Language => number.to_string(),
            Style::People => super::rounded(number.to_f64()),
        };
        if self.style == Style::People { text.replace('-', "−") } else { text }
    }

    /// `sum[i, j](...)`
    fn reduction(&mut self, name: &str, item: Item, indices: &[String]) -> Vec<Piece> {
        let Some(body) = self.items.operands(item).into_iter().next() else { return Vec::new() };
        self.operations += 1;
        let mut labels = indices.to_vec();
        let mut conditions = Vec::new();
        let node = self.items.node(body.item);
        for local in indices.len()..self.items.local_dims(item).len() {
            let slot = body.axes.iter().position(|axis| usize::from(*axis) == local).unwrap_or(0);
            let hint = self.items.graph.slot_hint(node, slot).to_owned();
            let label = self.index_name(&hint);
            if self.style == Style::Language && self.is_loose(&body, local as u8) {
                self.loose.insert(label.clone(), self.items.shape(body.item)[slot]);
            }
            let named = self.names.contains_key(&body.item);
            let silent = self.silent_slots.get(&body.item).filter(|_| !named && self.style == Style::Language);
            if silent.is_some_and(|silent| silent[slot]) {
                let condition = self.is_there(&label, self.items.shape(body.item)[slot]);
                conditions.push(condition);
            }
            labels.push(label);
        }
        let closed = labels[indices.len()..].join(", ");
        let axes = body.axes.iter().map(|axis| labels[usize::from(*axis)].clone()).collect();
        let body = Part::Entry(body.item, axes);
        let [mut before, mut after] = [format!("{name}[{closed}]("), ")".to_owned()];
        if !conditions.is_empty() {
            before += &format!("if {} {{ ", conditions.join(" && "));
            after = " } else { 0 })".to_owned();
        }
        vec![Piece::Text(before), Piece::Part(body, 0), Piece::Text(after)]
    }

    /// Whether no slot of a use that takes a local axis stands on an array.
    fn is_loose(&self, used: &Use, local: u8) -> bool {
        let named = self.names.contains_key(&used.item);
        let Some(loose) = self.unsized_slots.get(&used.item).filter(|_| !named) else { return false };
        used.axes.iter().zip(loose).all(|(axis, loose)| *axis != local || *loose)
    }

    /// A call of a scalar function on entries; a function of vectors is called as a whole and then indexed.
    fn indexed_call(&mut self, item: Item, indices: &[String]) -> Vec<Piece> {
        let Some(call) = self.items.call(item) else { return Vec::new() };
        self.operations += 1;
        let scalar = call.ranks.iter().all(|rank| *rank == Some(0));
        if !scalar {
            self.indexed_calls.push(item);
        }
        let label = |axis: &u8| indices.get(usize::from(*axis)).cloned().unwrap_or_default();
        let entry = |used: Use| Part::Entry(used.item, used.axes.iter().map(label).collect());
        let arguments = self.items.operands(item).into_iter().map(entry).collect();
        called(call.name, arguments, "")
    }

    /// An operator on operands; `whole` if one of them may be an array.
    fn application(&mut self, operator: Operator, operands: Vec<Part>, whole: bool) -> Vec<Piece> {
        let row = operator.row();
        self.operations += usize::from(row.notation != Notation::Name);
        let text = |text: &str| Piece::Text(text.into());
        match row.notation {
            Notation::Infix(symbol, level) => self.infix(operator, symbol, level, operands, whole),
            Notation::Prefix(symbol) => {
                let symbol = if self.style == Style::People { symbol.replace('-', "−") } else { symbol.into() };
                let operand = operands.into_iter().map(|operand| Piece::Part(operand, precedence::PREFIX));
                [Piece::Text(symbol)].into_iter().chain(operand).collect()
            }
            Notation::Call => called(row.name, operands, ""),
            // Where something else has the constant's name, it is written as the angle that it is.
            Notation::Name if operator == Operator::Pi && self.items.has_input(row.name) => vec![text("atan2(0, -1)")],
            Notation::Name => vec![text(row.name)],
            Notation::Conditional => {
                let Ok([condition, yes, no]) = <[Part; 3]>::try_from(operands) else { return Vec::new() };
                let chained = self.is_chained(&no);
                let (open, close) = if chained { ("", "") } else { ("{ ", " }") };
                let mut parts = vec![text("if "), Piece::Part(condition, 0), text(" { "), Piece::Part(yes, 0)];
                parts.extend([text(" } else "), text(open), Piece::Part(no, 0), text(close)]);
                parts
            }
        }
    }

    /// Whether a part goes on with `else if`.
    fn is_chained(&self, part: &Part) -> bool {
        let item = part.item();
        let select = self.items.operator(item) == Some(Operator::Select) && !self.names.contains_key(&item);
        let inner = self.entry_of_entry(part).is_some();
        select && !inner && self.choice(part).is_none_or(|choice| matches!(choice.form, Form::Elementwise(_)))
    }

    fn infix(&self, operator: Operator, symbol: &str, level: u8, operands: Vec<Part>, whole: bool) -> Vec<Piece> {
        let Ok([left, right]) = <[Part; 2]>::try_from(operands) else { return Vec::new() };
        let (before, after) = match (operator, level) {
            (Operator::Power, _) => (level + 1, precedence::PREFIX),
            (_, precedence::COMPARISON) => (level + 1, level + 1),
            _ => (level, level + 1),
        };
        // `@` and `*` are as strong as each other: what stands inside the other one gets its parentheses.
        let mixed = level == precedence::PRODUCT && (self.is_product(&left) || self.is_read_as_longer(&left));
        let two_arrays = |parts: [&Part; 2]| whole && parts.iter().all(|part| self.items.rank(part.item()) > 0);
        let symbol = match (operator, self.style) {
            (Operator::Multiply, Style::People) if two_arrays([&left, &right]) => " ⊙ ".into(),
            _ => self.symbol(symbol, level),
        };
        let superscript = if operator == Operator::Power { self.superscript(right.item()) } else { None };
        let left = Piece::Part(left, before + u8::from(mixed));
        match superscript {
            Some(exponent) => vec![left, Piece::Text(exponent)],
            None => vec![left, Piece::Text(symbol), Piece::Part(right, after)],
        }
    }

    fn is_product(&self, part: &Part) -> bool {
        let choice = if self.names.contains_key(&part.item()) { None } else { self.choice(part) };
        choice.is_some_and(|choice| matches!(choice.form, Form::Product { negated: false, .. }))
    }

    /// People read `a/b·c` as `a/(b·c)`: the quotient gets its parentheses.
    fn is_read_as_longer(&self, left: &Part) -> bool {
        self.style == Style::People && self.items.operator(left.item()) == Some(Operator::Divide)
    }

    fn symbol(&self, symbol: &str, level: u8) -> String {
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
    fn superscript(&self, exponent: Item) -> Option<String> {
        let whole = self.constant(exponent)?.to_integer().filter(|_| self.style == Style::People)?;
        let digit = |c: char| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            other => other.to_digit(10).and_then(|digit| char::from_u32(0x2070 + digit)).unwrap_or(other),
        };
        Some(whole.to_string().chars().map(digit).collect())
    }

    /// An item as a whole array.
    fn form(&mut self, item: Item, choice: &Choice) -> Vec<Piece> {
        let whole = |argument: &Argument| Part::Whole(argument.clone());
        match &choice.form {
            Form::Named { .. } => Vec::new(),
            Form::Elementwise(arguments) => match self.items.operator(item) {
                Some(operator) => self.application(operator, arguments.iter().map(whole).collect(), true),
                None => Vec::new(),
            },
            Form::Outer(left, right) => {
                self.operations += 1;
                called("outer", vec![whole(left), whole(right)], "")
            }
            Form::Eye(number, dim) => self.identity(*number, *dim),
            Form::Vector(entries) => {
                let vector = choice.layout.len() == 1;
                let entry = |(at, entry): (usize, &Argument)| match vector {
                    true => Part::Entry(entry.item, entry.layout.iter().map(|_| at.to_string()).collect()),
                    false => whole(entry),
                };
                let entries = entries.iter().enumerate().map(entry).collect();
                enclosed("[", entries, "]")
            }
            Form::Reduce { body, axis, keep } => {
                self.operations += 1;
                let name = match self.items.operation(item) {
                    Some(Operation::Max(_)) => "max",
                    Some(Operation::Prod(_)) => "prod",
                    _ => "sum",
                };
                called(name, vec![whole(body)], &along(*axis, *keep))
            }
            Form::Access { array, positions, transposed } => {
                let transposed = match (transposed, self.style) {
                    (false, _) => "",
                    (true, Style::Language) => ".T",
                    (true, Style::People) => "ᵀ",
                };
                let text = format!("[{}]{transposed}", positions.join(", "));
                vec![Piece::Part(whole(array), precedence::ATOM), Piece::Text(text)]
            }
            Form::Trace(matrix) => {
                self.operations += 1;
                called("trace", vec![whole(matrix)], "")
            }
            Form::Product { left, right, negated: false } => self.product(left, right),
            Form::Product { left, right, negated: true } => {
                self.operations += 1;
                let mut parts = vec![Piece::Text(if self.style == Style::People { "−(" } else { "-(" }.into())];
                parts.extend(self.product(left, right));
                parts.push(Piece::Text(")".into()));
                parts
            }
            Form::Call { arguments, axis, keep } => {
                self.operations += 1;
                let name = self.items.call(item).map_or("", |call| call.name);
                called(name, arguments.iter().map(whole).collect(), &along(*axis, *keep))
            }
        }
    }

    fn identity(&mut self, number: Item, dim: Dim) -> Vec<Piece> {
        self.operations += 1;
        let eye = format!("eye({})", self.items.graph.dim_text(dim));
        match self.constant(number).filter(|number| *number != Number::ONE) {
            None => vec![Piece::Text(eye)],
            Some(number) => {
                self.operations += 1 + usize::from(number.is_negative());
                vec![Piece::Text(format!("{}{}{eye}", self.number(number), self.symbol("*", precedence::PRODUCT)))]
            }
        }
    }

    /// `a @ b`; a side of several factors is their product in parentheses.
    fn product(&mut self, left: &[Argument], right: &[Argument]) -> Vec<Piece> {
        self.operations += 1;
        let symbol = if self.style == Style::People { "·" } else { " @ " };
        let mut parts = Vec::new();
        for (place, side) in [left, right].into_iter().enumerate() {
            parts.extend((place > 0).then(|| Piece::Text(symbol.into())));
            if let [factor] = side {
                let part = Part::Whole(factor.clone());
                let needed = precedence::PRODUCT + u8::from(place > 0 || !self.is_product(&part));
                parts.push(Piece::Part(part, needed));
                continue;
            }
            parts.push(Piece::Text("(".into()));
            for (place, factor) in side.iter().enumerate() {
                if place > 0 {
                    self.operations += 1;
                    let arrays =
                        side[..place].iter().any(|other| !other.layout.is_empty()) && !factor.layout.is_empty();
                    let entrywise = self.style == Style::People && arrays;
                    parts.push(Piece::Text(if entrywise {
                        " ⊙ ".into()
                    } else {
                        self.symbol("*", precedence::PRODUCT)
                    }));
                }
                let part = Part::Whole(factor.clone());
                let mixed = place > 0 || self.is_product(&part) || self.is_read_as_longer(&part);
                parts.push(Piece::Part(part, precedence::PRODUCT + u8::from(mixed)));
            }
            parts.push(Piece::Text(")".into()));
        }
        parts
    }
}

/// `name(a, b)`, with what follows the arguments.
fn called(name: &str, arguments: Vec<Part>, named: &str) -> Vec<Piece> {
    enclosed(&format!("{name}("), arguments, &format!("{named})"))
}

fn enclosed(open: &str, parts: Vec<Part>, close: &str) -> Vec<Piece> {
    let mut pieces = vec![Piece::Text(open.into())];
    for (place, part) in parts.into_iter().enumerate() {
        pieces.extend((place > 0).then(|| Piece::Text(", ".into())));
        pieces.push(Piece::Part(part, 0));
    }
    pieces.push(Piece::Text(close.into()));
    pieces
}

/// `, axis = 1, keep = true`
fn along(axis: Option<usize>, keep: bool) -> String {
    let axis = axis.map(|axis| format!(", axis = {axis}")).unwrap_or_default();
    if keep { axis + ", keep = true" } else { axis }
}

fn form_precedence(items: &Items<'_>, item: Item, choice: &Choice) -> u8 {
    match &choice.form {
        Form::Elementwise(_) => items.operator(item).map_or(precedence::ATOM, operator_precedence),
        Form::Eye(number, _) if !items.graph.is_integer(items.node(*number), 1) => precedence::PRODUCT,
        Form::Product { negated, .. } => {
            if *negated {
                precedence::PREFIX
            } else {
                precedence::PRODUCT
            }
        }
        _ => precedence::ATOM,
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
