//! Several formulas over one graph as lines that share what they have in common.
//!
//! What is used more than once gets a line of its own, so the text is no longer than the graph, and so does what would
//! nest too deep for the parser. Arrays stand in matrix notation where that says the same; a part that needs index
//! notation gets a line `d1[i, j] = ...`, and what is made of it goes on in matrix notation.

use std::collections::{HashMap, HashSet};

use super::expression::{Mention, Name, Names, Printer, Style, indexed};
use super::item::{Item, Items, Use};
use super::layout::Layout;
use super::whole::{Choice, Form, Writer, by_name};
use crate::graph::{Axis, Dim, Graph, KnownCall, NodeId, Operation, Position, Ref};
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

/// A line: `name = formula`, or in index notation `name[indices] = formula`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Index names, for an array in index notation; none for a scalar and for an array as a whole.
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
    /// The names of lines that its formula refers to.
    pub uses: Vec<String>,
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
    /// What was asked for, in order. For an array in index notation, the formula is the name of a `let`.
    pub asked: Vec<Line>,
}

/// Deeper nesting than this gets a line of its own; the parser takes 128.
const MOST_NESTED: u32 = 48;
/// So many parts of an entry are looked at to see which indices it has.
const MOST_SEEN: usize = 1_000;
/// Lines are laid out again after what was learned from them; each time settles something, so this is never reached.
const MOST_ROUNDS: usize = 100;

/// What a listing may call things.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vocabulary<'a> {
    /// Names that the user gave to nodes. A node with an empty name gets some name.
    pub names: &'a [LetName],
    /// Nodes that are known to be calls of the prelude: backward formulas call it.
    pub calls: &'a [KnownCall],
    /// The functions of the user's module, which shadow the prelude's.
    pub functions: &'a [String],
    /// Names that nothing may take.
    pub reserved: &'a [String],
}

/// Lists formulas. `known` are names that the user gave to nodes; `reserved` are names that nothing here may take.
#[must_use]
pub fn list(graph: &Graph, asked: &[Asked], known: &[LetName], style: Style, reserved: &[String]) -> Listing {
    list_with(graph, asked, &Vocabulary { names: known, reserved, ..Vocabulary::default() }, style)
}

/// Lists formulas in the words of a vocabulary.
#[must_use]
pub fn list_with(graph: &Graph, asked: &[Asked], vocabulary: &Vocabulary<'_>, style: Style) -> Listing {
    let taken = taken(graph, asked, vocabulary);
    let shadowed = |name: &str| {
        let named = |other: &String| other == name;
        taken.contains(name)
            || vocabulary.functions.iter().any(named)
            || vocabulary.names.iter().any(|n| n.name == name)
    };
    let outputs = asked.iter().filter(|asked| asked.phase == Phase::Forward).map(|asked| asked.value.node);
    let named = vocabulary.names.iter().filter(|known| !known.name.is_empty()).map(|known| known.node);
    let kept: HashSet<NodeId> = outputs.chain(named).collect();
    let mut items = Items::new(graph, asked, vocabulary.calls, &kept, shadowed);
    let mut settled = Settled::default();
    for _ in 0..MOST_ROUNDS {
        let mut lister = Lister::new(&items, style, taken.clone(), &shadowed);
        match lister.choose_names(asked, vocabulary.names, &settled) {
            Ok(()) => {}
            Err(call) => {
                items.forget(call, asked);
                settled = Settled::default();
                continue;
            }
        }
        let listing = lister.lines(asked);
        if !settled.learn(&lister) {
            return listing;
        }
    }
    Listing::default()
}

/// The names of what is there already.
fn taken(graph: &Graph, asked: &[Asked], vocabulary: &Vocabulary<'_>) -> HashSet<String> {
    let mut taken: HashSet<String> = vocabulary.reserved.iter().cloned().collect();
    taken.extend(graph.inputs().iter().map(|input| input.name.clone()));
    taken.extend(asked.iter().map(|asked| asked.name.clone()));
    for node in graph.nodes() {
        // A `let pi` would hide the number.
        if graph.as_operator(node) == Some(Operator::Pi) {
            taken.insert(Operator::Pi.row().name.to_owned());
        }
        for dim in graph.shape(node) {
            if let Dim::Symbol(_) = dim {
                taken.insert(graph.dim_text(*dim));
            }
        }
    }
    taken
}

/// What a first layout of the lines has shown.
#[derive(Default)]
struct Settled {
    /// Named reductions that keep their axis, because all who use them as arrays want it; `None` before the first layout.
    kept: Option<HashMap<Item, Layout>>,
    /// Calls on vectors that index notation refers to: they need a name.
    forced: HashSet<Item>,
}

impl Settled {
    /// Whether another layout will be another.
    fn learn(&mut self, lister: &Lister<'_, '_>) -> bool {
        let forced = self.forced.len();
        self.forced.extend(&lister.indexed_calls);
        let first = self.kept.is_none() && !lister.undecided.is_empty();
        let mut kept: HashMap<Item, Layout> = HashMap::new();
        let mut plain: HashSet<Item> = HashSet::new();
        for mention in &lister.mentions {
            match &mention.layout {
                Some(layout) if layout.contains(&None) => {
                    let other = kept.insert(mention.item, layout.clone());
                    if other.is_some_and(|other| other != *layout) {
                        plain.insert(mention.item);
                    }
                }
                Some(_) => {
                    plain.insert(mention.item);
                }
                None => {}
            }
        }
        kept.retain(|item, _| lister.undecided.contains(item) && !plain.contains(item));
        if self.kept.is_none() {
            self.kept = Some(kept);
        }
        first || self.forced.len() > forced
    }
}

struct Lister<'a, 'b> {
    items: &'b Items<'a>,
    style: Style,
    shadowed: &'b dyn Fn(&str) -> bool,
    choices: HashMap<Item, Vec<Choice>>,
    /// How the lines of arrays are written that are not in index notation.
    whole: HashMap<Item, Choice>,
    unsized_slots: HashMap<Item, Vec<bool>>,
    silent_slots: HashMap<Item, Vec<bool>>,
    heights: Vec<u32>,
    names: Names,
    /// Items with a line, in order.
    named: Vec<Item>,
    /// Forward values that are asked for: printed by their name elsewhere.
    outputs: HashMap<Item, usize>,
    /// In which order of its axes a value is asked for; the first time counts.
    asked: HashMap<Item, Layout>,
    /// Named items that might keep a reduced axis.
    undecided: HashSet<Item>,
    taken: HashSet<String>,
    next: u32,
    mentions: Vec<Mention>,
    indexed_calls: Vec<Item>,
}

impl<'a, 'b> Lister<'a, 'b> {
    fn new(items: &'b Items<'a>, style: Style, taken: HashSet<String>, shadowed: &'b dyn Fn(&str) -> bool) -> Self {
        Self {
            items,
            style,
            shadowed,
            choices: HashMap::new(),
            whole: HashMap::new(),
            unsized_slots: HashMap::new(),
            silent_slots: HashMap::new(),
            heights: vec![0; items.len()],
            names: Names::new(),
            named: Vec::new(),
            outputs: HashMap::new(),
            asked: HashMap::new(),
            undecided: HashSet::new(),
            taken,
            next: 0,
            mentions: Vec::new(),
            indexed_calls: Vec::new(),
        }
    }

    /// Decides what gets a name, and how everything is written. An error is a call that cannot be.
    fn choose_names(&mut self, asked: &[Asked], known: &[LetName], settled: &Settled) -> Result<(), Item> {
        let mut outputs: HashMap<Item, usize> = HashMap::new();
        for (place, asked) in asked.iter().enumerate().filter(|(_, asked)| asked.phase == Phase::Forward) {
            let item = self.items.root(asked);
            if order(asked).is_some() && !self.items.is_leaf(item) {
                outputs.entry(item).or_insert(place);
            }
        }
        for asked in asked {
            if let Some(layout) = order(asked) {
                self.asked.entry(self.items.root(asked)).or_insert(layout);
            }
        }
        let known: HashMap<NodeId, &LetName> = known.iter().rev().map(|known| (known.node, known)).collect();
        for item in self.items.order.clone() {
            // An entry that the user gave a name to goes by it.
            let bound = || known.get(&self.items.node(item)).is_some_and(|known| !known.name.is_empty());
            if self.items.is_leaf(item) && !(self.items.access(item).is_some() && bound()) {
                self.leaf(item);
                continue;
            }
            let found = self.split(item);
            if found.is_empty() && self.items.call(item).is_some_and(|_| self.items.rank(item) > 0 || self.closes(item))
            {
                return Err(item);
            }
            if let Some(asked) = outputs.get(&item).map(|place| &asked[*place])
                && self.name_output(item, asked, &found)
            {
                self.outputs.insert(item, outputs[&item]);
                continue;
            }
            let height = self.height(item);
            let user = known.get(&self.items.node(item)).copied().filter(|_| self.items.is_forward(item));
            // What backward formulas call is not saved for them.
            let user = user.filter(|known| !known.name.is_empty() || !self.items.is_called(known.node));
            // A comparison of values that have names reads better where it stands.
            let plain = self.items.kind(item) == Kind::Truth && height <= 1;
            let plain = plain || (height <= 1 && self.items.is_stated(item)) || self.is_entry_of_line(item);
            let plain = plain || self.items.graph.is_of_positions(self.items.node(item));
            let shared = self.items.uses(item) > 1 && !plain;
            if user.is_some() || shared || height > MOST_NESTED || settled.forced.contains(&item) {
                self.name(item, user, &found, settled);
            } else {
                let place = self.items.index(item);
                self.heights[place] = height;
                self.unsized_slots(item);
                if !found.is_empty() {
                    self.choices.insert(item, found);
                }
            }
        }
        Ok(())
    }

    /// Whether an item is an entry of an array that has a line.
    fn is_entry_of_line(&self, item: Item) -> bool {
        let named = |used: &Use| self.names.contains_key(&used.item) || self.items.is_leaf(used.item);
        self.items.access(item).is_some() && self.items.operands(item).iter().all(named)
    }

    fn closes(&self, item: Item) -> bool {
        self.items.local_dims(item).len() > self.items.rank(item)
    }

    fn leaf(&mut self, item: Item) {
        let rank = self.items.rank(item);
        match self.items.operation(item) {
            Some(Operation::Input(_)) if rank > 0 => {
                let choices = by_name(&Name::new(String::new(), (0..rank).collect()));
                self.choices.insert(item, choices);
            }
            Some(Operation::Delta | Operation::Iota) => {
                self.unsized_slots.insert(item, vec![true; rank]);
            }
            None => {
                let choices = self.split(item);
                self.choices.insert(item, choices);
            }
            _ => {}
        }
    }

    /// Remembers which slots of an inline item stand on no array, and which do not stand in its text at all.
    fn unsized_slots(&mut self, item: Item) {
        let rank = self.items.rank(item);
        if rank == 0 || (self.unsized_slots.is_empty() && self.items.access(item).is_none()) {
            return;
        }
        let (mut loose, mut silent) = (vec![true; rank], vec![true; rank]);
        if self.items.access(item).is_some() {
            self.seen_in_entry(item, &mut loose, &mut silent);
        } else {
            for used in self.items.operands(item) {
                let named = self.names.contains_key(&used.item);
                let own = self.unsized_slots.get(&used.item).filter(|_| !named);
                let own_silent = self.silent_slots.get(&used.item).filter(|_| !named);
                for (slot, axis) in used.axes.iter().enumerate().filter(|(_, axis)| usize::from(**axis) < rank) {
                    loose[usize::from(*axis)] &= own.is_some_and(|own| own[slot]);
                    silent[usize::from(*axis)] &= own_silent.is_some_and(|own| own[slot]);
                }
            }
        }
        if loose.contains(&true) {
            self.unsized_slots.insert(item, loose);
        }
        if silent.contains(&true) {
            self.silent_slots.insert(item, silent);
        }
    }

    /// The same for an entry of an array that has no name. Its formula is that of the array with positions stated: of a
    /// stated vector in it one entry is printed, and the axes that only others have are not seen.
    fn seen_in_entry(&self, item: Item, loose: &mut [bool], silent: &mut [bool]) {
        let own: Vec<Option<Position>> = (0..loose.len()).map(|slot| Some(Position::Slot(slot as u8))).collect();
        let (mut pending, mut count) = (vec![(item, own)], 0);
        while let Some((next, axes)) = pending.pop() {
            count += 1;
            let is_position = matches!(self.items.operation(next), Some(Operation::Iota | Operation::Delta));
            let is_array =
                self.names.contains_key(&next) || matches!(self.items.operation(next), Some(Operation::Input(_)));
            if is_array || is_position || count > MOST_SEEN {
                for (position, dim) in axes.iter().zip(self.items.shape(next)) {
                    for slot in position.iter().flat_map(|position| self.sized(item, position, *dim)) {
                        loose[slot] &= is_position;
                        silent[slot] = false;
                    }
                }
                continue;
            }
            pending.extend(self.seen_operands(next, &axes));
        }
    }

    /// The slots of an item whose size an axis of an array tells that is read at a position: in a sum of positions one of
    /// them, if they reach both ends of the axis.
    fn sized(&self, item: Item, position: &Position, whole: Dim) -> Vec<usize> {
        match position {
            Position::Slot(slot) => vec![usize::from(*slot)],
            Position::Stated(_) => Vec::new(),
            Position::Given(given) => {
                let shape = self.items.graph.shape(given.input);
                let own = given.positions.iter().zip(shape);
                own.flat_map(|(position, dim)| self.sized(item, position, *dim)).collect()
            }
            Position::Shifted(shift) => {
                let reach = |slots: &[u8]| {
                    let mut sizes = slots.iter().map(|slot| self.items.shape(item).get(usize::from(*slot)).copied());
                    sizes.try_fold(0, |sum, size| match size {
                        Some(Dim::Literal(size)) => Some(sum + i64::from(size) - 1),
                        _ => None,
                    })
                };
                let ends = reach(&shift.plus).zip(reach(&shift.minus));
                let Dim::Literal(whole) = whole else { return Vec::new() };
                let full = ends
                    .is_some_and(|(plus, minus)| shift.offset == minus && shift.offset + plus == i64::from(whole) - 1);
                shift.plus.first().filter(|_| full).map(|slot| usize::from(*slot)).into_iter().collect()
            }
        }
    }

    /// What is printed of the operands of an item, with what the outer item has for each of their slots.
    fn seen_operands(&self, item: Item, axes: &[Option<Position>]) -> Vec<(Item, Vec<Option<Position>>)> {
        let operands = self.items.operands(item);
        // Axes beyond the item's slots are closed in it.
        let at = |axis: &u8| axes.get(usize::from(*axis)).cloned().flatten();
        if let (Some(positions), Some(read)) = (self.items.access(item), operands.first()) {
            // Where a slot is closed in an outer item, no position hangs on it that could be told.
            let known: Vec<Position> = axes.iter().map(|axis| axis.clone().unwrap_or(Position::Stated(0))).collect();
            let reads =
                |position: &Position| (0..axes.len()).all(|slot| axes[slot].is_some() || !position.reads(slot as u8));
            let position = |position: &Position| position.at(&known).filter(|_| reads(position));
            return vec![(read.item, positions.iter().map(position).collect())];
        }
        let condition = operands.first().filter(|_| self.items.operator(item) == Some(Operator::Select));
        let asked = condition.and_then(|condition| self.items.graph.as_position(self.items.node(condition.item)));
        let stated = condition.and_then(|condition| at(condition.axes.first()?));
        let only = match (asked, stated) {
            (Some(asked), Some(Position::Stated(stated))) => Some(if asked == stated { 1 } else { 2 }),
            _ => None,
        };
        let printed = operands.into_iter().enumerate().filter(|(place, _)| only.is_none_or(|only| *place == only));
        printed.map(|(_, used)| (used.item, used.axes.iter().map(at).collect())).collect()
    }

    fn writer<'c>(&'c self, supposed: &'c [Item], allowed: &'c dyn Fn(&str) -> bool) -> Writer<'a, 'c> {
        Writer { items: self.items, names: &self.names, choices: &self.choices, allowed, supposed }
    }

    /// The ways to write an item; what stands in the way of matrix notation gets a line of its own, if it is worth that.
    fn split(&mut self, item: Item) -> Vec<Choice> {
        if self.items.rank(item) == 0 && !self.closes(item) {
            return Vec::new();
        }
        let shadowed = self.shadowed;
        let allowed = |name: &str| !shadowed(name);
        let found = self.writer(&[], &allowed).choices(item);
        if !found.is_empty() && !matches!(self.items.operation(item), Some(Operation::Sum(_))) {
            return found;
        }
        if self.items.rank(item) == 0 && self.items.access(item).is_some() {
            return found;
        }
        let writer = self.writer(&[], &allowed);
        let uses = self.items.operands(item);
        let parts = match self.items.operation(item) {
            Some(Operation::Sum(1)) => writer.factors(&uses[0]).0,
            Some(Operation::Sum(_) | Operation::Max(_) | Operation::Prod(_)) => return found,
            _ => uses,
        };
        let bad = |part: &Item| {
            let inline = !self.items.is_leaf(*part) && !self.names.contains_key(part);
            let array = matches!(self.items.rank(*part), 1 | 2) && self.items.kind(*part) == Kind::Number;
            inline && array && self.choices.get(part).is_none_or(Vec::is_empty)
        };
        let mut supposed: Vec<Item> = parts.iter().map(|part| part.item).filter(bad).collect();
        supposed.sort_unstable();
        supposed.dedup();
        if supposed.is_empty() {
            return found;
        }
        let matrix = |part: &Item| {
            let inline = self.items.rank(*part) > 0 && !self.names.contains_key(part);
            inline && self.choices.get(part).is_some_and(|choices| choices.iter().any(|choice| choice.matrix))
        };
        let then = self.writer(&supposed, &allowed).choices(item);
        let product = then.iter().any(|choice| matches!(choice.form, Form::Product { .. }));
        let worth = match self.items.operation(item) {
            Some(Operation::Sum(_)) => product,
            None => true,
            _ => parts.iter().any(|part| matrix(&part.item)),
        };
        if then.is_empty() || !worth {
            return found;
        }
        for part in supposed {
            self.name(part, None, &[], &Settled::default());
        }
        self.writer(&[], &allowed).choices(item)
    }

    /// Gives an output its name, if that can stand for the node.
    fn name_output(&mut self, item: Item, asked: &Asked, found: &[Choice]) -> bool {
        let Some(layout) = order(asked) else { return false };
        if !layout.is_empty() {
            let Some(choice) = found.iter().find(|choice| choice.layout == layout) else { return false };
            self.whole.insert(item, choice.clone());
        }
        let name = Name::of_layout(asked.name.clone(), &layout);
        self.choices.insert(item, if layout.is_empty() { found.to_vec() } else { by_name(&name) });
        self.names.insert(item, name);
        true
    }

    /// Gives an item a line, as a whole if it can be written so.
    fn name(&mut self, item: Item, user: Option<&LetName>, found: &[Choice], settled: &Settled) {
        let rank = self.items.rank(item);
        let text = self.fresh(user.map_or("", |known| &known.name), item);
        let given = user.filter(|known| !known.name.is_empty());
        let plain = match given {
            Some(known) => {
                let layout = Name::new(String::new(), known.slots.clone()).layout();
                found.iter().find(|choice| choice.layout == layout)
            }
            None => {
                let whole = |choice: &&Choice| !choice.layout.contains(&None) && !is_trick(choice);
                let asked = self.asked.get(&item);
                let as_asked = found.iter().find(|choice| Some(&choice.layout) == asked && whole(choice));
                as_asked.or_else(|| found.iter().find(whole))
            }
        };
        let kept: Vec<&Choice> =
            found.iter().filter(|choice| given.is_none() && choice.layout.contains(&None)).collect();
        let settled_layout = settled.kept.as_ref().and_then(|kept| kept.get(&item));
        let chosen = kept.iter().copied().find(|choice| Some(&choice.layout) == settled_layout).or(plain);
        let slots = given.map_or_else(|| (0..rank).collect(), |known| known.slots.clone());
        let name = chosen.map_or_else(|| Name::new(text.clone(), slots), |c| Name::of_layout(text.clone(), &c.layout));
        if rank > 0 {
            chosen.into_iter().for_each(|choice| drop(self.whole.insert(item, choice.clone())));
            let mut choices = by_name(&name);
            if settled.kept.is_none() && !kept.is_empty() {
                let named = |choice: &&Choice| Choice { form: Form::Named { transposed: false }, ..(*choice).clone() };
                choices.extend(kept.iter().map(named));
                self.undecided.insert(item);
            }
            self.choices.insert(item, choices);
            self.unsized_slots(item);
        } else {
            self.choices.insert(item, found.to_vec());
        }
        let place = self.items.index(item);
        self.heights[place] = 0;
        self.names.insert(item, name);
        self.named.push(item);
    }

    /// How deep the text of an item nests at most.
    fn height(&self, item: Item) -> u32 {
        let notation = |item: Item| self.items.operator(item).map(|operator| operator.row().notation);
        let flat = |position: usize, operand: Item| match notation(item) {
            Some(Notation::Infix(_, level)) if position == 0 && level != precedence::COMPARISON => {
                matches!(notation(operand), Some(Notation::Infix(_, other)) if other >= level && level != precedence::POWER)
            }
            Some(Notation::Conditional) => position == 2 && self.items.operator(operand) == Some(Operator::Select),
            _ => false,
        };
        let operands = self.items.operands(item).into_iter().enumerate();
        operands
            .map(|(at, used)| self.heights[self.items.index(used.item)] + u32::from(!flat(at, used.item)))
            .max()
            .unwrap_or(0)
    }

    fn fresh(&mut self, wanted: &str, item: Item) -> String {
        if !wanted.is_empty() && self.taken.insert(wanted.to_owned()) {
            return wanted.to_owned();
        }
        let letter = if self.items.is_forward(item) { "s" } else { "d" };
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
            items: self.items,
            style: self.style,
            names: &self.names,
            choices: &self.choices,
            taken: &self.taken,
            indices: HashSet::new(),
            loose: HashMap::new(),
            unsized_slots: &self.unsized_slots,
            silent_slots: &self.silent_slots,
            operations: 0,
            mentions: Vec::new(),
            indexed_calls: Vec::new(),
        }
    }

    fn lines(&mut self, asked: &[Asked]) -> Listing {
        let mut listing = Listing::default();
        for item in self.named.clone() {
            let line = self.line(item);
            listing.lets.push(line);
        }
        for asked in asked {
            self.asked_line(asked, &mut listing);
        }
        listing
    }

    /// A finished formula, with what it refers to.
    fn written(&mut self, write: impl FnOnce(&mut Printer<'_>) -> String) -> Written {
        let mut printer = self.printer();
        let formula = write(&mut printer);
        let (operations, mentions, calls) = (printer.operations, printer.mentions, printer.indexed_calls);
        let name = |mention: &Mention| self.names.get(&mention.item).map(|name| name.text.clone());
        let uses = mentions.iter().filter_map(name).collect();
        self.mentions.extend(mentions);
        self.indexed_calls.extend(calls);
        Written { formula, operations, uses }
    }

    /// The line of a named item.
    fn line(&mut self, item: Item) -> Line {
        let name = self.names[&item].clone();
        let mut indices = Vec::new();
        let written = match self.whole.get(&item).cloned() {
            Some(choice) => self.written(|printer| printer.whole(item, &choice)),
            None => {
                let node = self.items.node(item);
                let graph = self.items.graph;
                self.written(|printer| {
                    let hints = (0..printer.items.rank(item)).map(|slot| graph.slot_hint(node, slot));
                    let by_slot: Vec<String> = hints.map(|hint| printer.index_name(hint)).collect();
                    indices = name.ordered(&by_slot, String::new);
                    printer.right_side(item, &by_slot)
                })
            }
        };
        let phase = if self.items.is_forward(item) { Phase::Forward } else { Phase::Backward };
        let node = self.items.call(item).is_none().then(|| self.items.node(item));
        let shape = name.ordered(self.items.shape(item), || Dim::Literal(1));
        let Written { formula, operations, uses } = written;
        Line { name: name.text, indices, shape, formula, phase, node, operations, uses }
    }

    fn asked_line(&mut self, asked: &Asked, listing: &mut Listing) {
        let item = self.items.root(asked);
        let shape: Vec<Dim> = asked.axes.iter().map(|axis| self.items.graph.dim(*axis)).collect();
        let own_line = self.outputs.contains_key(&item) && self.names[&item].text == asked.name;
        let layout = order(asked);
        let written = match (layout, own_line) {
            (_, true) => match self.whole.get(&item).cloned() {
                Some(choice) => self.written(|printer| printer.whole(item, &choice)),
                None => self.written(|printer| printer.entry(item, &[])),
            },
            (Some(layout), false) if layout.is_empty() || self.has(item, &layout) => {
                let argument = super::whole::Argument { item, layout, diagonal: false };
                self.written(|printer| printer.argument(argument))
            }
            (None, false) if asked.value.axes.is_empty() => {
                let argument = super::whole::Argument { item, layout: Layout::new(), diagonal: false };
                self.written(|printer| printer.argument(argument))
            }
            _ => {
                let name = self.rearranged(asked, listing, &shape);
                Written { formula: name.clone(), operations: 0, uses: vec![name] }
            }
        };
        let Written { formula, operations, uses } = written;
        let (name, phase, node) = (asked.name.clone(), asked.phase, Some(asked.value.node));
        listing.asked.push(Line { name, indices: Vec::new(), shape, formula, phase, node, operations, uses });
    }

    fn has(&self, item: Item, layout: &Layout) -> bool {
        self.choices.get(&item).is_some_and(|choices| choices.iter().any(|choice| choice.layout == *layout))
    }

    /// A line that gives a value the order of its declared axes; an axis that the value lacks is named all the same.
    fn rearranged(&mut self, asked: &Asked, listing: &mut Listing, shape: &[Dim]) -> String {
        let item = self.items.root(asked);
        let (graph, style) = (self.items.graph, self.style);
        let mut indices = Vec::new();
        let named = self.names.contains_key(&item) || self.items.is_leaf(item);
        let mut written = self.written(|printer| {
            indices = asked.axes.iter().map(|axis| printer.index_name(graph.hint(*axis))).collect();
            let place = |axis: &Axis| asked.axes.iter().position(|other| other == axis).unwrap_or(0);
            let own: Vec<String> = asked.value.axes.iter().map(|axis| indices[place(axis)].clone()).collect();
            if named { printer.by_entry(item, own) } else { printer.entry(item, &own) }
        });
        for (axis, index) in asked.axes.iter().zip(&indices) {
            // In the language, an index on the left must stand on the right.
            if style == Style::Language && !asked.value.axes.contains(axis) {
                written.operations += 2;
                written.formula = format!("if {index} == {index} {{ {} }} else {{ 0 }}", written.formula);
            }
        }
        let name = self.fresh("", item);
        let Written { formula, operations, uses } = written;
        let (shape, phase, node) = (shape.to_vec(), asked.phase, Some(asked.value.node));
        listing.lets.push(Line { name: name.clone(), indices, shape, formula, phase, node, operations, uses });
        name
    }
}

/// Whether only the transposed array can be written: `x.T*r` says less than `x[i, j]*r[i]`.
fn is_trick(choice: &Choice) -> bool {
    let turned = choice.layout == [Some(1), Some(0)] && choice.transposes > 0;
    turned && matches!(choice.form, Form::Elementwise(_))
}

struct Written {
    formula: String,
    operations: usize,
    uses: Vec<String>,
}

/// The declared order of a value's axes in its slots; `None` if it lacks one of them or takes one twice.
fn order(asked: &Asked) -> Option<Layout> {
    let slots = &asked.value.axes;
    let slot = |axis: &Axis| slots.iter().position(|other| other == axis).map(|slot| Some(slot as u8));
    let whole = slots.len() == asked.axes.len() && asked.value.distinct_axes().len() == slots.len();
    asked.axes.iter().map(slot).collect::<Option<Layout>>().filter(|_| whole)
}
