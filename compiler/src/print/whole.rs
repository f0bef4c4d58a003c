//! Matrix notation: which items can be written as whole arrays, with their axes in which order.
//!
//! A [`Choice`] is one way to write an item: the order of its axes and the form of its text. Choices are found from those
//! of the operands, operands first, so nothing here recurses. Only what the law of whole-array arithmetic reads in the
//! same way is a choice (`layout`); what has none is written in index notation.

use std::collections::HashMap;

use super::expression::{Name, Names};
use super::item::{Item, Items, Use};
use super::layout::{Layout, aligned};
use crate::graph::{Dim, Operation, Position, Shift};
use crate::operators::{Kind, Operator};

/// A use of an item as a whole array, its axes in an order that is one of its choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Argument {
    pub(super) item: Item,
    /// In the item's own slots.
    pub(super) layout: Layout,
    /// Both slots of the matrix are one axis of the user: `diag(a)`.
    pub(super) diagonal: bool,
}

/// How the text of an item looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// By its name, perhaps transposed.
    Named { transposed: bool },
    /// Its operator, or its scalar function, on whole arrays.
    Elementwise(Vec<Argument>),
    /// `outer(a, b)`
    Outer(Argument, Argument),
    /// `eye(N)`, or a number times it.
    Eye(Item, Dim),
    /// `[a, b, c]`, of scalars or of rows. Where a vector stands for its entry, one at the entry's position.
    Vector(Vec<Argument>),
    /// `sum(a)`, `max(a, axis = 1, keep = true)`
    Reduce { body: Argument, axis: Option<usize>, keep: bool },
    /// `a[0, ..]`: an entry or some axes of an array; where there is no position, an axis is kept.
    Access { array: Argument, positions: Vec<String>, transposed: bool },
    /// `trace(a)`
    Trace(Argument),
    /// `a @ b`, each side a product of factors; or `-(a @ b)`.
    Product { left: Vec<Argument>, right: Vec<Argument>, negated: bool },
    /// A function of the prelude on whole arrays along an axis.
    Call { arguments: Vec<Argument>, axis: Option<usize>, keep: bool },
}

/// One way to write an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// In the item's own slots.
    pub(super) layout: Layout,
    pub(super) form: Form,
    /// How many transposes stand in it: of two ways, the one with fewer is taken.
    pub(super) transposes: u32,
    /// Whether index notation would say it worse.
    pub(super) matrix: bool,
}

/// An operand as its user sees it: the layout in the user's local axes.
#[derive(Clone, Debug)]
struct View {
    layout: Layout,
    argument: Argument,
    transposes: u32,
    matrix: bool,
}

/// More combinations of the operands' choices than this are not tried, and no more choices than the other are kept.
const MOST_COMBINATIONS: usize = 64;
const MOST_CHOICES: usize = 6;
/// A longer vector that has the same entry at several positions says less than `if i == 2 { x } else { 0 }`.
const MOST_PADDED: usize = 8;

/// What is known while choices are found.
pub(super) struct Writer<'a, 'b> {
    pub(super) items: &'b Items<'a>,
    pub(super) names: &'b Names,
    pub(super) choices: &'b HashMap<Item, Vec<Choice>>,
    /// Which functions of the prelude may be called here.
    pub(super) allowed: &'b dyn Fn(&str) -> bool,
    /// Items that are seen as if they had a name.
    pub(super) supposed: &'b [Item],
}

/// The ways to write what has a name: in its own order, and transposed.
pub(super) fn by_name(name: &Name) -> Vec<Choice> {
    let own: Layout = name.layout();
    let choice = |layout: Layout, transposed: bool| Choice {
        layout,
        form: Form::Named { transposed },
        transposes: u32::from(transposed),
        matrix: false,
    };
    let mut choices = vec![choice(own.clone(), false)];
    if own.len() == 2 && name.kept.is_none() {
        choices.push(choice(own.into_iter().rev().collect(), true));
    }
    choices
}

/// A stated position, or a slice with the slot that runs along it; `None` for what only index notation says. `whole` is
/// the size of what is read.
fn part_of(position: &Position, whole: &Dim, slots: &[Dim]) -> Option<(String, Option<u8>)> {
    match position {
        Position::Stated(at) => Some((at.to_string(), None)),
        Position::Shifted(Shift { plus, minus, offset }) if minus.is_empty() => {
            let [slot] = plus[..] else { return None };
            let (Dim::Literal(size), Dim::Literal(whole)) = (slots.get(usize::from(slot))?, whole) else { return None };
            let end = offset + i64::from(*size);
            let from = if *offset == 0 { String::new() } else { offset.to_string() };
            let to = if end == i64::from(*whole) { String::new() } else { end.to_string() };
            Some((format!("{from}..{to}"), Some(slot)))
        }
        _ => None,
    }
}

impl Writer<'_, '_> {
    /// Every way to write an item that has no name.
    pub(super) fn choices(&self, item: Item) -> Vec<Choice> {
        let uses = self.items.operands(item);
        let dims = self.items.local_dims(item);
        let mut found = Vec::new();
        match self.items.operation(item) {
            None if self.items.access(item).is_some() => self.access(item, &uses[0], &mut found),
            None => self.call(item, &uses, &dims, &mut found),
            Some(Operation::Sum(_) | Operation::Max(_) | Operation::Prod(_)) => {
                self.contraction(item, &uses[0], &dims, &mut found);
                let mut reductions = Vec::new();
                self.reduction(item, &uses[0], &mut reductions);
                reductions.retain(|other| found.iter().all(|product| product.layout != other.layout));
                found.extend(reductions);
            }
            Some(Operation::Apply(operator)) if self.items.rank(item) > 0 => {
                self.structural(item, operator, &uses, &mut found);
                self.elementwise(item, &uses, &dims, &mut found);
            }
            _ => {}
        }
        found.sort_by_key(|choice| choice.transposes);
        found.truncate(MOST_CHOICES);
        found
    }

    /// The ways in which an operand may stand, seen from its user.
    fn views(&self, used: &Use) -> Vec<View> {
        let item = used.item;
        let argument = |layout: &Layout, diagonal| Argument { item, layout: layout.clone(), diagonal };
        if used.axes.is_empty() {
            let argument = argument(&Layout::new(), false);
            return vec![View { layout: Layout::new(), argument, transposes: 0, matrix: false }];
        }
        let supposed: Vec<Choice>;
        let mut choices = self.choices.get(&item).map_or(&[][..], Vec::as_slice);
        if self.supposed.contains(&item) {
            supposed = by_name(&Name::new(String::new(), (0..used.axes.len()).collect()));
            choices = &supposed;
        }
        if let [a, b] = used.axes[..]
            && a == b
        {
            let plain = choices.iter().find(|choice| choice.layout.iter().all(Option::is_some));
            let view = |choice: &Choice| View {
                layout: vec![Some(a)],
                argument: argument(&choice.layout, true),
                transposes: choice.transposes,
                matrix: true,
            };
            let number = self.items.kind(item) == Kind::Number;
            return plain.filter(|_| number && (self.allowed)("diag")).map(view).into_iter().collect();
        }
        let repeated = used.axes.iter().enumerate().any(|(at, axis)| used.axes[..at].contains(axis));
        let local = |slot: &Option<u8>| slot.map(|slot| used.axes[usize::from(slot)]);
        let view = |choice: &Choice| View {
            layout: choice.layout.iter().map(local).collect(),
            argument: argument(&choice.layout, false),
            transposes: choice.transposes,
            matrix: choice.matrix,
        };
        choices.iter().filter(|_| !repeated).map(view).collect()
    }

    fn elementwise(&self, item: Item, uses: &[Use], dims: &[Dim], found: &mut Vec<Choice>) {
        let views: Vec<Vec<View>> = uses.iter().map(|used| self.views(used)).collect();
        let rank = self.items.rank(item);
        for combination in combinations(&views) {
            let layouts = combination.iter().map(|view| &view.layout);
            let Some(layout) = aligned(layouts, dims) else { continue };
            if layout.iter().flatten().count() == rank {
                let arguments = combination.iter().map(|view| view.argument.clone()).collect();
                add(found, choice(layout, Form::Elementwise(arguments), &combination, false));
            }
        }
    }

    /// `outer(a, b)`, `eye(N)`, `[a, b, c]`
    fn structural(&self, item: Item, operator: Operator, uses: &[Use], found: &mut Vec<Choice>) {
        if operator == Operator::Multiply
            && (self.allowed)("outer")
            && let [[a], [b]] = [&uses[0].axes[..], &uses[1].axes[..]]
            && a != b
        {
            let [left, right] = [self.views(&uses[0]), self.views(&uses[1])];
            let plain = |views: &[View]| views.iter().find(|view| view.layout.len() == 1).cloned();
            if let (Some(left), Some(right)) = (plain(&left), plain(&right)) {
                for (first, second) in [(&left, &right), (&right, &left)] {
                    let layout = vec![first.layout[0], second.layout[0]];
                    let form = Form::Outer(first.argument.clone(), second.argument.clone());
                    add(found, choice(layout, form, &[&left, &right], true));
                }
            }
        }
        if operator != Operator::Select {
            return;
        }
        let [condition, yes, no] = uses else { return };
        let number = |item: Item| self.items.graph.as_constant(self.items.node(item));
        let is_delta =
            self.items.operation(condition.item) == Some(Operation::Delta) && condition.axes[0] != condition.axes[1];
        if is_delta && number(yes.item).is_some() && number(no.item).is_some_and(|number| number.is_zero()) {
            let dim = self.items.shape(item)[0];
            for layout in [vec![Some(0), Some(1)], vec![Some(1), Some(0)]] {
                add(found, Choice { layout, form: Form::Eye(yes.item, dim), transposes: 0, matrix: true });
            }
        }
        for axis in 0..self.items.rank(item).min(2) as u8 {
            self.vector(item, axis, found);
        }
    }

    /// `[a, b, c]` along an axis: a choice for each position, in any order, and what is left for the others.
    fn vector(&self, item: Item, axis: u8, found: &mut Vec<Choice>) {
        let rank = self.items.rank(item);
        let Dim::Literal(size) = self.items.shape(item)[usize::from(axis)] else { return };
        let size = size as usize;
        // So far up in a chain of conditions, too few positions are left below: who asks everywhere is not slowed down.
        if size > MOST_PADDED && self.items.conditions(item) + 1 < size {
            return;
        }
        let mut entries: Vec<Option<Use>> = Vec::new();
        let mut rest = Use { item, axes: (0..rank as u8).collect() };
        // More conditions than positions are no vector that anybody would write.
        for _ in 0..size {
            let (inner, named) = (rest.item != item, self.names.contains_key(&rest.item));
            let entry = self.at_position(&rest, axis).filter(|(at, ..)| *at < size && !(inner && named));
            let Some((at, yes, no)) = entry else { break };
            entries.resize(size, None);
            entries[at].get_or_insert(yes);
            rest = no;
        }
        let others = entries.iter().filter(|entry| entry.is_none()).count();
        let leaf = self.items.is_leaf(rest.item) || self.names.contains_key(&rest.item);
        if entries.is_empty() || !(others < 2 || (leaf && size <= MOST_PADDED)) {
            return;
        }
        let rows = entries.into_iter().map(|entry| self.row(&entry.unwrap_or_else(|| rest.clone()), rank, axis));
        let Some(entries) = rows.collect::<Option<Vec<View>>>() else { return };
        let others = (0..rank as u8).filter(|other| *other != axis);
        let layout = [axis].into_iter().chain(others).map(Some).collect();
        let form = Form::Vector(entries.iter().map(|entry| entry.argument.clone()).collect());
        add(found, choice(layout, form, &entries.iter().collect::<Vec<_>>(), true));
    }

    /// An entry of a vector: a scalar or what has one at the position, for a matrix a row along the other axis.
    fn row(&self, entry: &Use, rank: usize, axis: u8) -> Option<View> {
        if rank == 1 {
            let layout: Layout = entry.axes.iter().copied().map(Some).collect();
            let argument = Argument { item: entry.item, layout: layout.clone(), diagonal: false };
            return Some(View { layout, argument, transposes: 0, matrix: false });
        }
        let row: Layout = (0..rank as u8).filter(|other| *other != axis).map(Some).collect();
        self.views(entry).into_iter().find(|view| view.layout == row)
    }

    /// `if i == at { yes } else { no }` along an axis of the user.
    fn at_position(&self, used: &Use, axis: u8) -> Option<(usize, Use, Use)> {
        if self.items.operator(used.item)? != Operator::Select {
            return None;
        }
        let relabel = |inner: Use| Use {
            item: inner.item,
            axes: inner.axes.iter().map(|axis| used.axes[usize::from(*axis)]).collect(),
        };
        let operands = self.items.operands(used.item).into_iter().map(relabel).collect::<Vec<_>>();
        let [condition, yes, no] = <[Use; 3]>::try_from(operands).ok()?;
        let at = self.items.graph.as_position(self.items.node(condition.item))?;
        (condition.axes == [axis]).then_some((at as usize, yes, no))
    }

    /// `a[0, ..]`. A scalar entry of a formula over arrays is written as that formula over entries: `a[0] + b[0]`.
    fn access(&self, item: Item, read: &Use, found: &mut Vec<Choice>) {
        let rank = self.items.rank(item);
        let Some(positions) = self.items.access(item) else { return };
        let formula = self.items.operator(read.item).is_some() && !self.names.contains_key(&read.item);
        if rank > 2 || (rank == 0 && formula) {
            return;
        }
        // Its slots, and behind them the other positions in the order in which they stand.
        let others: Vec<&Position> = positions.iter().filter(|own| !matches!(own, Position::Slot(_))).collect();
        for view in self.views(read).into_iter().filter(|view| view.transposes == 0 && !view.argument.diagonal) {
            let Some(axes) = view.layout.iter().copied().collect::<Option<Vec<u8>>>() else { continue };
            let dims = self.items.local_dims(item);
            let part = |axis: &u8| match usize::from(*axis).checked_sub(rank) {
                Some(other) => part_of(others.get(other)?, dims.get(usize::from(*axis))?, &dims[..rank]),
                None => Some(("..".to_owned(), Some(*axis))),
            };
            let Some(parts) = axes.iter().map(part).collect::<Option<Vec<_>>>() else { continue };
            let layout: Layout = parts.iter().filter_map(|(_, slot)| *slot).map(Some).collect();
            if layout.len() != rank || layout.iter().enumerate().any(|(at, slot)| layout[..at].contains(slot)) {
                continue;
            }
            let positions: Vec<String> = parts.into_iter().map(|(text, _)| text).collect();
            let turned: Layout = layout.iter().rev().copied().collect();
            let form =
                |transposed| Form::Access { array: view.argument.clone(), positions: positions.clone(), transposed };
            if rank == 2 {
                let turned = choice(turned, form(true), &[&view], false);
                add(found, Choice { transposes: 1, ..turned });
            }
            add(found, choice(layout, form(false), &[&view], false));
        }
    }

    fn reduction(&self, item: Item, body: &Use, found: &mut Vec<Choice>) {
        let rank = self.items.rank(item);
        let is_closed = |axis: u8| usize::from(axis) >= rank;
        let closed = self.items.graph.closed(self.items.node(item));
        let is_sum = matches!(self.items.operation(item), Some(Operation::Sum(_)));
        for view in self.views(body) {
            let Some(axes) = view.layout.iter().copied().collect::<Option<Vec<u8>>>() else { continue };
            if view.argument.diagonal && rank == 0 && is_sum && (self.allowed)("trace") {
                let matrix = Argument { diagonal: false, ..view.argument.clone() };
                add(found, choice(Layout::new(), Form::Trace(matrix), &[&view], true));
            } else if axes.iter().all(|axis| is_closed(*axis)) {
                let form = Form::Reduce { body: view.argument.clone(), axis: None, keep: false };
                add(found, choice(Layout::new(), form, &[&view], true));
            } else if let (1, Some(place)) = (closed, axes.iter().position(|axis| is_closed(*axis))) {
                for keep in [false, true] {
                    let form = Form::Reduce { body: view.argument.clone(), axis: Some(place), keep };
                    add(found, choice(without(&view.layout, place, keep), form, &[&view], true));
                }
            }
        }
    }

    /// `a @ b`: the factors of a product, summed over one axis that stands in both sides and in nothing else.
    fn contraction(&self, item: Item, body: &Use, dims: &[Dim], found: &mut Vec<Choice>) {
        let rank = self.items.rank(item);
        let one = self.items.operation(item) == Some(Operation::Sum(1));
        if !one || rank > 2 {
            return;
        }
        let (factors, negated) = self.factors(body);
        let Some([first, second]) = sides(factors, rank) else { return };
        let closed = rank as u8;
        let found = &mut Products { found, negated };
        match (first.axis, second.axis) {
            (Some(m), Some(n)) => {
                for (left, right, m, n) in [(&first, &second, m, n), (&second, &first, n, m)] {
                    let (before, after) = (vec![Some(m), Some(closed)], vec![Some(closed), Some(n)]);
                    self.product(left, right, [before, after], vec![Some(m), Some(n)], dims, found);
                }
            }
            (Some(m), None) | (None, Some(m)) => {
                // People write gradients as columns: the matrix stands in front, unless the user wrote it behind.
                let front = first.axis.is_some() || !self.items.is_forward(item);
                let (matrix, vector) = if first.axis.is_some() { (&first, &second) } else { (&second, &first) };
                let result = vec![Some(m)];
                if front {
                    let layouts = [vec![Some(m), Some(closed)], vec![Some(closed)]];
                    self.product(matrix, vector, layouts, result, dims, found);
                } else {
                    let layouts = [vec![Some(closed)], vec![Some(closed), Some(m)]];
                    self.product(vector, matrix, layouts, result, dims, found);
                }
            }
            (None, None) => {
                // `sum(a*b)` says the same of two vectors; a chain of products goes on.
                let is_chain = |side: &Side| {
                    let [factor] = &side.factors[..] else { return false };
                    let choices = self.choices.get(&factor.item).map_or(&[][..], Vec::as_slice);
                    choices.iter().any(|choice| matches!(choice.form, Form::Product { negated: false, .. }))
                };
                if is_chain(&first) || is_chain(&second) {
                    let layouts = [vec![Some(closed)], vec![Some(closed)]];
                    self.product(&first, &second, layouts, Layout::new(), dims, found);
                }
            }
        }
    }

    /// The factors of an inline product, each a use in the local axes of the sum, and whether their product is negated.
    pub(super) fn factors(&self, body: &Use) -> (Vec<Use>, bool) {
        let mut factors = Vec::new();
        let mut negated = false;
        let mut pending = vec![body.clone()];
        while let Some(used) = pending.pop() {
            let operator = self.items.operator(used.item).filter(|_| !self.names.contains_key(&used.item));
            if !matches!(operator, Some(Operator::Multiply | Operator::Negate)) {
                factors.push(used);
                continue;
            }
            negated ^= operator == Some(Operator::Negate);
            let relabel = |inner: Use| Use {
                item: inner.item,
                axes: inner.axes.iter().map(|axis| used.axes[usize::from(*axis)]).collect(),
            };
            pending.extend(self.items.operands(used.item).into_iter().rev().map(relabel));
        }
        (factors, negated)
    }

    fn product(
        &self,
        left: &Side,
        right: &Side,
        layouts: [Layout; 2],
        result: Layout,
        dims: &[Dim],
        products: &mut Products<'_>,
    ) {
        let (Some(left), Some(right)) = (self.side(left, &layouts[0], dims), self.side(right, &layouts[1], dims))
        else {
            return;
        };
        let arguments = |side: &[View]| side.iter().map(|view| view.argument.clone()).collect();
        let form = Form::Product { left: arguments(&left), right: arguments(&right), negated: products.negated };
        let views: Vec<&View> = left.iter().chain(&right).collect();
        add(products.found, choice(result, form, &views, true));
    }

    /// The factors of a side so that their product has a layout.
    fn side(&self, side: &Side, wanted: &Layout, dims: &[Dim]) -> Option<Vec<View>> {
        let views: Vec<Vec<View>> = side.factors.iter().map(|factor| self.views(factor)).collect();
        let fits = |views: &Vec<&View>| {
            let mut all = views.iter().map(|view| &view.layout);
            let first = all.next()?.clone();
            all.try_fold(first, |common, layout| aligned([&common, layout].into_iter(), dims))
        };
        let fitting = combinations(&views).filter(|combination| fits(combination).as_ref() == Some(wanted));
        let best = fitting.min_by_key(|combination| combination.iter().map(|view| view.transposes).sum::<u32>())?;
        Some(best.into_iter().cloned().collect())
    }

    fn call(&self, item: Item, uses: &[Use], dims: &[Dim], found: &mut Vec<Choice>) {
        let Some(call) = self.items.call(item) else { return };
        let rank = self.items.rank(item);
        if call.ranks.iter().all(|rank| *rank == Some(0)) {
            let from = found.len();
            self.elementwise(item, uses, dims, found);
            for choice in &mut found[from..] {
                if let Form::Elementwise(arguments) = &choice.form {
                    choice.form = Form::Call { arguments: arguments.clone(), axis: None, keep: false };
                }
            }
            return;
        }
        let any_shape = call.ranks.iter().all(Option::is_none);
        let Some(along) = call.along.filter(|_| !call.ranks.contains(&Some(0))) else { return };
        let views: Vec<Vec<View>> = uses.iter().map(|used| self.views(used)).collect();
        for combination in combinations(&views) {
            let layout = &combination[0].layout;
            let same = combination.iter().all(|view| view.layout == *layout && view.layout.iter().all(Option::is_some));
            if same {
                call_choices(rank, along, any_shape, &combination, found);
            }
        }
    }
}

/// A call whose arguments have one layout: as it is, or without the axis that it works along.
fn call_choices(rank: usize, along: u8, any_shape: bool, views: &[&View], found: &mut Vec<Choice>) {
    let layout = &views[0].layout;
    let mut closed = layout.iter().enumerate().filter(|(_, axis)| axis.is_some_and(|axis| usize::from(axis) >= rank));
    let arguments: Vec<Argument> = views.iter().map(|view| view.argument.clone()).collect();
    let place = if any_shape {
        closed.next().map(|(place, _)| place)
    } else {
        layout.iter().position(|axis| *axis == Some(along))
    };
    let Some(place) = place else { return };
    if rank == 0 && any_shape {
        let form = Form::Call { arguments, axis: None, keep: false };
        add(found, choice(Layout::new(), form, views, true));
        return;
    }
    if any_shape && closed.next().is_some() {
        return;
    }
    let axis = (any_shape || place + 1 != layout.len()).then_some(place);
    let maps = usize::from(along) < rank && !any_shape;
    for keep in if maps { &[false][..] } else { &[false, true] } {
        let result = if maps { layout.clone() } else { without(layout, place, *keep) };
        if result.iter().flatten().count() == rank && !(*keep && rank == 0) {
            let axis = if *keep { Some(place) } else { axis };
            let form = Form::Call { arguments: arguments.clone(), axis, keep: *keep };
            add(found, choice(result, form, views, true));
        }
    }
}

/// One side of a matrix product.
struct Side {
    /// The axis that stays; none for a vector.
    axis: Option<u8>,
    factors: Vec<Use>,
    /// Whether the summed axis stands here.
    shared: bool,
}

/// The matrix products that are found for one sum.
struct Products<'a> {
    found: &'a mut Vec<Choice>,
    negated: bool,
}

/// Divides factors into two sides that share the summed axis only.
fn sides(factors: Vec<Use>, rank: usize) -> Option<[Side; 2]> {
    let closed = rank as u8;
    let mut sides: Vec<Side> = Vec::new();
    let mut plain: Vec<Use> = Vec::new();
    for factor in factors {
        let mut own = factor.axes.iter().copied().filter(|axis| *axis != closed);
        let axis = own.next();
        if own.any(|other| Some(other) != axis) {
            return None;
        }
        let shared = factor.axes.contains(&closed);
        let same = sides.iter_mut().find(|side| side.axis == axis && (axis.is_some() || rank == 1));
        match (axis, same) {
            (None, _) if !shared || rank == 2 => plain.push(factor),
            (_, Some(side)) => {
                side.factors.push(factor);
                side.shared |= shared;
            }
            (_, None) => sides.push(Side { axis, factors: vec![factor], shared }),
        }
    }
    let mut sides = <[Side; 2]>::try_from(sides).ok()?;
    // Scalars, and vectors along the summed axis beside two matrices, go to one side: to the vector if there is one.
    let place = usize::from(rank == 1 && sides[1].axis.is_none());
    sides[place].shared |= plain.iter().any(|factor| !factor.axes.is_empty());
    sides[place].factors.splice(0..0, plain);
    sides.iter().all(|side| side.shared).then_some(sides)
}

fn without(layout: &Layout, place: usize, keep: bool) -> Layout {
    let mut layout = layout.clone();
    if keep {
        layout[place] = None;
    } else {
        layout.remove(place);
    }
    layout
}

fn choice(layout: Layout, form: Form, views: &[&View], matrix: bool) -> Choice {
    let transposes = views.iter().map(|view| view.transposes).fold(0, u32::saturating_add);
    let matrix = matrix || views.iter().any(|view| view.matrix);
    Choice { layout, form, transposes, matrix }
}

/// Keeps the better one of two ways to write the same layout.
fn add(found: &mut Vec<Choice>, choice: Choice) {
    match found.iter_mut().find(|other| other.layout == choice.layout) {
        Some(other) if other.transposes <= choice.transposes => {}
        Some(other) => *other = choice,
        None => found.push(choice),
    }
}

/// One view of each operand, in every combination, first ones first; none if an operand has none.
fn combinations(views: &[Vec<View>]) -> impl Iterator<Item = Vec<&View>> {
    let count = views.iter().map(Vec::len).try_fold(1_usize, usize::checked_mul).unwrap_or(MOST_COMBINATIONS);
    (0..count.min(MOST_COMBINATIONS)).map(move |mut number| {
        let mut combination = Vec::with_capacity(views.len());
        for of_one in views {
            combination.push(&of_one[number % of_one.len()]);
            number /= of_one.len();
        }
        combination
    })
}
