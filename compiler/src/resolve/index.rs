//! Index notation: `x[i, 0]`, and what `let z[i, j] = ...` binds.

use super::machine::Machine;
use super::shape::{Array, Value};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::graph::{Axis, Dim, Ref};
use crate::number::Number;
use crate::operators::{Kind, Operator};
use crate::syntax::{ExpressionKind, Index, Name};

/// What stands at one place between the brackets.
enum Entry {
    Open(Axis),
    Constant(u32, Span),
    Whole,
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
        let open = entries.iter().any(|entry| matches!(entry, Entry::Open(_)));
        if open && entries.iter().any(|entry| matches!(entry, Entry::Whole)) {
            let message = "an index and `..` in one bracket mix indexed and whole notation";
            return Err(Diagnostic::new(Code::Index, span, message).with_help("give every axis an index"));
        }
        let (mut value, mut shape) = (base.value.clone(), Vec::new());
        let (mut from, mut to) = (Vec::new(), Vec::new());
        for (axis, entry) in base.shape.iter().zip(&entries) {
            match entry {
                Entry::Open(index) => {
                    self.same_size(*index, *axis, span)?;
                    from.push(*axis);
                    to.push(*index);
                }
                Entry::Constant(place, span) => {
                    if value.axes.contains(axis) {
                        self.check_position(*axis, *place, *span)?;
                        let stated = if literal { self.at_stated(&value, *axis, *place) } else { value };
                        value = self.pick(&stated, *axis, *place, *span)?;
                    }
                }
                Entry::Whole => shape.push(*axis),
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
            Index::Range(_, _, span) => {
                let message = "slices (`1..4`) are not supported yet";
                return Err(Diagnostic::new(Code::NotSupported, self.place(*span), message));
            }
            Index::Position(id) => *id,
        };
        let expression = self.expression(id);
        let place = self.place(expression.span);
        match &expression.kind {
            ExpressionKind::Name(name) => {
                if let Some(axis) = self.index_axis(name) {
                    return Ok(Entry::Open(axis));
                }
                if self.unknown_value(name) {
                    let message = format!("the index `{name}` is free");
                    let help =
                        format!("name it on the left, `let out[{name}] = ...;`, or close it: `sum[{name}](...)`");
                    return Err(Diagnostic::new(Code::Index, place, message).with_help(help));
                }
                let message = format!("`{name}` is a value, not an index: gathers are not supported yet");
                Err(Diagnostic::new(Code::NotSupported, place, message))
            }
            ExpressionKind::Number(number) => match number.to_integer().and_then(|place| u32::try_from(place).ok()) {
                Some(position) => Ok(Entry::Constant(position, place)),
                None => Err(Diagnostic::new(Code::Index, place, "a position is a whole number, counted from 0")),
            },
            ExpressionKind::Index(..) => {
                let message = "gathers (`table[index[n]]`) are not supported yet";
                Err(Diagnostic::new(Code::NotSupported, place, message))
            }
            _ => {
                let message = "computed indices (`x[i + k]`) are not supported yet";
                Err(Diagnostic::new(Code::NotSupported, place, message))
            }
        }
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
