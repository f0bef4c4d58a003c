//! Index notation: `x[i, 0]`, and what `let z[i, j] = ...` binds.

use super::machine::Machine;
use super::scope::Bound;
use super::shape::{Array, Value};
use super::shift::Sum;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::graph::{Axis, Dim, Ref};
use crate::number::Number;
use crate::operators::{Kind, Operator};
use crate::syntax::{ExpressionId, ExpressionKind, Index, Name};

/// What stands at one place between the brackets.
enum Entry {
    Open(Axis),
    Constant(u32, Span),
    Whole,
    Shifted(Sum, Span),
    Given(Ref, Span),
    Slice(Option<ExpressionId>, Option<ExpressionId>, Span),
}

impl Machine<'_> {
    /// `base[entries]`; of a vector that stands there with its entries, one of those is meant.
    pub(super) fn index(
        &mut self,
        base: &Array,
        literal: bool,
        entries: &[Index],
        span: Span,
    ) -> Result<Array, Diagnostic> {
        let rank = base.shape.len();
        if rank == 0 {
            let message = "a scalar has no index";
            return Err(Diagnostic::new(Code::Index, span, message).with_help("write it without brackets"));
        }
        if rank != entries.len() {
            let plural = if entries.len() == 1 { "index" } else { "indices" };
            let message = format!("{} {plural} for an array of shape {}", entries.len(), self.shape_text(&base.shape));
            let help = "give every axis an index, or `..` to keep it whole";
            return Err(Diagnostic::new(Code::Index, span, message).with_help(help));
        }
        let entries = entries.iter().map(|entry| self.entry(entry)).collect::<Result<Vec<_>, _>>()?;
        let open = entries.iter().any(|entry| match entry {
            Entry::Open(_) | Entry::Shifted(..) => true,
            Entry::Given(position, _) => !position.axes.is_empty(),
            _ => false,
        });
        if open && entries.iter().any(|entry| matches!(entry, Entry::Whole | Entry::Slice(..))) {
            let message = "an index and `..` or a slice in one bracket mix indexed and whole notation";
            return Err(Diagnostic::new(Code::Index, span, message).with_help("give every axis an index"));
        }
        let (mut value, mut shape) = (base.value.clone(), Vec::new());
        let (mut from, mut to) = (Vec::new(), Vec::new());
        for (axis, entry) in base.shape.iter().zip(entries) {
            match entry {
                Entry::Open(index) => {
                    self.same_size(index, *axis, span)?;
                    from.push(*axis);
                    to.push(index);
                }
                Entry::Constant(place, span) => {
                    if value.axes.contains(axis) {
                        self.check_position(*axis, place, span)?;
                        let stated = if literal { self.at_stated(&value, *axis, place) } else { value };
                        value = self.pick(&stated, *axis, place, span)?;
                    }
                }
                Entry::Whole => shape.push(*axis),
                Entry::Shifted(sum, span) => value = self.shifted(&value, *axis, sum, span)?,
                Entry::Given(position, span) => {
                    value = self.gathered(&value, *axis, &position).map_err(|error| self.fault(&error, span))?;
                }
                Entry::Slice(start, end, span) => {
                    let (part, along) = self.slice(&value, *axis, (start, end), span)?;
                    value = part;
                    shape.push(along);
                }
            }
        }
        Ok(Array { value: value.renamed(&from, &to), shape })
    }

    fn same_size(&mut self, index: Axis, axis: Axis, span: Span) -> Result<(), Diagnostic> {
        let (known, here) = (self.graph.dim(index), self.graph.dim(axis));
        if self.unify(known, here) {
            return Ok(());
        }
        let (known, here) = (self.dim_text(known), self.dim_text(here));
        let message = format!("the index `{}` has size {known} elsewhere and {here} here", self.graph.hint(index));
        let help = "an index has one size: give one of the two axes another index";
        Err(Diagnostic::new(Code::Index, span, message).with_help(help))
    }

    fn check_position(&self, axis: Axis, place: u32, span: Span) -> Result<(), Diagnostic> {
        match self.dim(axis) {
            Dim::Literal(size) if place < size => Ok(()),
            Dim::Literal(size) => {
                let message = format!("index {place} of an axis of size {size}");
                let help = format!("positions count from 0 to {}", size - 1);
                Err(Diagnostic::new(Code::Index, span, message).with_help(help))
            }
            dim => {
                let message = format!(
                    "a constant index into the dimension `{}`, whose size is not in the text, is not \
                     supported yet",
                    self.dim_text(dim)
                );
                Err(Diagnostic::new(Code::NotSupported, span, message))
            }
        }
    }

    fn pick(&mut self, value: &Ref, axis: Axis, place: u32, span: Span) -> Result<Ref, Diagnostic> {
        if !value.axes.contains(&axis) {
            return Ok(value.clone());
        }
        let picked = (|| {
            let (zero, one) = (self.graph.constant(Number::ZERO)?, self.graph.constant(Number::ONE)?);
            // There is no sum of conditions.
            let condition = self.graph.kind(value.node) == Kind::Truth;
            let mut value = value.clone();
            if condition {
                value = self.graph.apply(Operator::Select, &[value, one.clone(), zero.clone()])?;
            }
            let placed = self.at(axis, place as usize, &value, &zero)?;
            let entry = self.graph.sum(&[axis], &placed)?;
            if condition { self.graph.apply(Operator::Equal, &[entry, one]) } else { Ok(entry) }
        })();
        picked.map_err(|error| self.fault(&error, span))
    }

    /// What a value is at a position, as far as its own conditions on the position say that: `[a, b][1]` is `b`.
    fn at_stated(&self, value: &Ref, axis: Axis, place: u32) -> Ref {
        let mut value = value.clone();
        while self.graph.as_operator(value.node) == Some(Operator::Select) {
            let [condition, yes, no] = &self.graph.operand_refs(value.node, &value.axes)[..] else { break };
            let Some(at) = self.graph.as_position(condition.node).filter(|_| condition.axes == [axis]) else { break };
            value = if at == place { yes.clone() } else { no.clone() };
        }
        value
    }

    fn entry(&mut self, entry: &Index) -> Result<Entry, Diagnostic> {
        let id = match entry {
            Index::Range(None, None, _) => return Ok(Entry::Whole),
            Index::Range(start, end, span) => return Ok(Entry::Slice(*start, *end, self.place(*span))),
            Index::Position(id) => *id,
        };
        let expression = self.expression(id);
        let place = self.place(expression.span);
        match &expression.kind {
            ExpressionKind::Name(name) => {
                if let Some(axis) = self.index_axis(name) {
                    return Ok(Entry::Open(axis));
                }
                match self.positions(name) {
                    Some(given) => self.one_position(given, place),
                    None => Err(self.no_index(name, place)),
                }
            }
            ExpressionKind::Number(number) => match number.to_integer().and_then(|place| u32::try_from(place).ok()) {
                Some(position) => Ok(Entry::Constant(position, place)),
                None => Err(Diagnostic::new(Code::Index, place, "a position is a whole number, counted from 0")),
            },
            ExpressionKind::Index(base, entries) => {
                let base = self.expression(*base);
                let given = match &base.kind {
                    ExpressionKind::Name(name) => self.positions(name).ok_or_else(|| self.no_index(name, place)),
                    _ => Err(Diagnostic::new(Code::Index, place, "only an entry of an integer input is a position")),
                };
                let entry = self.index(&given?, false, entries, place)?;
                self.one_position(entry, place)
            }
            _ => {
                let sum = self.sum_of_indices(id)?;
                match u32::try_from(sum.offset) {
                    Ok(position) if sum.terms.is_empty() => Ok(Entry::Constant(position, place)),
                    Err(_) if sum.terms.is_empty() => {
                        let message = "a position is a whole number, counted from 0";
                        Err(Diagnostic::new(Code::Index, place, message))
                    }
                    _ => Ok(Entry::Shifted(sum, place)),
                }
            }
        }
    }

    /// An integer input, or what a `let` calls so.
    fn positions(&mut self, name: &str) -> Option<Array> {
        let binding = self.frame_mut().scopes.iter_mut().rev().find_map(|scope| scope.get_mut(name))?;
        let Bound::Value(Value::Array(array)) = &binding.bound else { return None };
        binding.used = true;
        let array = array.clone();
        let array = self.occurrence(&array);
        self.graph.says_positions(array.value.node).then_some(array)
    }

    fn one_position(&self, given: Array, place: Span) -> Result<Entry, Diagnostic> {
        if given.shape.is_empty() {
            return Ok(Entry::Given(given.value, place));
        }
        let message = format!("an array of positions, of shape {}, between brackets", self.shape_text(&given.shape));
        let help = "give it an index: `let out[n] = x[index[n]];`";
        Err(Diagnostic::new(Code::Index, place, message).with_help(help))
    }

    /// What `let z[i, j] = value` binds: the whole array whose axes are the indices, in this order.
    pub(super) fn bind_indexed(
        &mut self,
        array: &Array,
        names: &[Name],
        indices: &[(Axis, bool)],
        span: Span,
    ) -> Value {
        if !array.shape.is_empty() {
            let message = format!(
                "the left side has indices, the right side is a whole array of shape {}",
                self.shape_text(&array.shape)
            );
            let help = "give the arrays on the right their indices, or leave those on the left out";
            let span = self.place(span);
            self.errors.push(Diagnostic::new(Code::Index, span, message).with_help(help));
            return Value::Poison;
        }
        if let Some((name, _)) = names.iter().zip(indices).find(|(_, (_, used))| !used) {
            let message = format!("the index `{}` on the left stands nowhere on the right", name.text);
            let span = self.place(name.span);
            let help = "use it on an array on the right, or leave it out on the left";
            self.errors.push(Diagnostic::new(Code::Index, span, message).with_help(help));
            return Value::Poison;
        }
        if indices.len() != names.len() {
            return Value::Poison;
        }
        let shape = indices.iter().map(|(axis, _)| *axis).collect();
        Value::Array(Array { value: array.value.clone(), shape })
    }
}
