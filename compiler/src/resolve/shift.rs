//! Positions that are not an index alone: `x[i + k]`, `x[i - j + 2]`, slices, entries of integer inputs.
//!
//! In: an array and what stands between the brackets of one of its axes. Out: a sum over that axis of what is zero but at
//! the position, which the graph's printers read as the access that it is. A shifted index runs as far as the array does:
//! `x[i + k]` of an `x: [N]` says that i + k is below N, so that the size of one of its indices follows from the other's.
//! Sizes are decided where an index is closed, when every use of it has been seen.
//!
//! Invariant: no access that leaves this module reads outside of its array.

use super::machine::Machine;
use super::shape::Array;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::graph::{Axis, Dim, GraphError, NodeId, Operation, Ref};
use crate::number::Number;
use crate::operators::{Kind, Operator};
use crate::syntax::{BinaryOperator, ExpressionId, ExpressionKind, UnaryOperator};

/// `i + k - j + 2`.
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    /// Indices, and whether they are subtracted.
    pub(super) terms: Vec<(Axis, bool)>,
    pub(super) offset: i64,
}

/// A sum of indices between the brackets of an axis.
#[derive(Clone, Debug)]
pub(super) struct Shifted {
    sum: Sum,
    along: Axis,
    span: Span,
}

impl Machine<'_> {
    /// A sum of indices and whole numbers.
    pub(super) fn sum_of_indices(&mut self, id: ExpressionId) -> Result<Sum, Diagnostic> {
        let mut sum = Sum::default();
        let mut pending = vec![(id, false)];
        while let Some((id, negative)) = pending.pop() {
            let expression = self.expression(id);
            let place = self.place(expression.span);
            match &expression.kind {
                ExpressionKind::Number(number) => {
                    let number = number.to_integer();
                    let signed = number.filter(|number| *number <= i64::from(u32::MAX));
                    let signed = signed.map(|number| if negative { -number } else { number });
                    let whole = || Diagnostic::new(Code::Index, place, "a position is a whole number, counted from 0");
                    sum.offset = signed.and_then(|number| sum.offset.checked_add(number)).ok_or_else(whole)?;
                }
                ExpressionKind::Name(name) => match self.index_axis(name) {
                    Some(axis) => sum.terms.push((axis, negative)),
                    None => return Err(self.no_index(name, place)),
                },
                ExpressionKind::Unary(UnaryOperator::Negate, operand) => pending.push((*operand, !negative)),
                ExpressionKind::Binary(operator @ (BinaryOperator::Add | BinaryOperator::Subtract), left, right) => {
                    pending.push((*right, negative != (*operator == BinaryOperator::Subtract)));
                    pending.push((*left, negative));
                }
                _ => {
                    let message = "an index is a sum of indices and whole numbers, or an entry of an integer input";
                    let help = "such as `x[i + k]`, `x[i - j + 2]`, `x[index[n]]`";
                    return Err(Diagnostic::new(Code::Index, place, message).with_help(help));
                }
            }
        }
        Ok(sum)
    }

    /// A name between brackets that is no index.
    pub(super) fn no_index(&self, name: &str, place: Span) -> Diagnostic {
        if self.unknown_value(name) {
            let message = format!("the index `{name}` is free");
            let help = format!("name it on the left, `let out[{name}] = ...;`, or close it: `sum[{name}](...)`");
            return Diagnostic::new(Code::Index, place, message).with_help(help);
        }
        if self.frame().dims.contains_key(name) {
            let message = format!("a position that hangs on the dimension `{name}` is not supported yet");
            return Diagnostic::new(Code::NotSupported, place, message);
        }
        let message = format!("`{name}` is a value, not an index: only integers are positions");
        let help = "an array is read at positions that are given by an integer input: `index: i32[N]`, `x[index[n]]`";
        Diagnostic::new(Code::Index, place, message).with_help(help)
    }

    /// What an array is at a sum of indices along one of its axes.
    pub(super) fn shifted(&mut self, value: &Ref, along: Axis, sum: Sum, span: Span) -> Result<Ref, Diagnostic> {
        let Dim::Literal(_) = self.real(self.graph.dim(along)) else {
            let message = format!(
                "a shifted index into the dimension `{}`, whose size is not in the text, is not supported yet",
                self.dim_text(self.graph.dim(along))
            );
            let help = "state the array's size as a number, such as `x: [16]`";
            return Err(Diagnostic::new(Code::NotSupported, span, message).with_help(help));
        };
        let position = self.position_of(&sum).map_err(|error| self.fault(&error, span))?;
        self.shifts.push(Shifted { sum, along, span });
        self.read_at(value, along, &position).map_err(|error| self.fault(&error, span))
    }

    fn position_of(&mut self, sum: &Sum) -> Result<Ref, GraphError> {
        let mut position: Option<Ref> = None;
        let (plus, minus): (Vec<_>, Vec<_>) = sum.terms.iter().partition(|(_, negative)| !negative);
        for (axis, _) in plus {
            let index = self.graph.iota(axis)?;
            position = Some(match position {
                Some(before) => self.graph.apply(Operator::Add, &[before, index])?,
                None => index,
            });
        }
        let (operator, number) = match position {
            Some(_) if sum.offset < 0 => (Operator::Subtract, -sum.offset),
            _ => (Operator::Add, sum.offset),
        };
        let offset = self.graph.constant(Number::from(number))?;
        let mut position = match position {
            Some(before) if sum.offset == 0 => before,
            Some(before) => self.graph.apply(operator, &[before, offset])?,
            None => offset,
        };
        for (axis, _) in minus {
            let index = self.graph.iota(axis)?;
            position = self.graph.apply(Operator::Subtract, &[position, index])?;
        }
        Ok(position)
    }

    /// What a value is where the position along an axis is a number.
    pub(super) fn read_at(&mut self, value: &Ref, along: Axis, position: &Ref) -> Result<Ref, GraphError> {
        if !value.axes.contains(&along) {
            return Ok(value.clone());
        }
        let (zero, one) = (self.graph.constant(Number::ZERO)?, self.graph.constant(Number::ONE)?);
        // There is no sum of conditions.
        let condition = self.graph.kind(value.node) == Kind::Truth;
        let mut value = value.clone();
        if condition {
            value = self.graph.apply(Operator::Select, &[value, one.clone(), zero.clone()])?;
        }
        let own = self.graph.iota(along)?;
        let here = self.graph.apply(Operator::Equal, &[own, position.clone()])?;
        let placed = self.graph.apply(Operator::Select, &[here, value, zero])?;
        let entry = self.graph.sum(&[along], &placed)?;
        if condition { self.graph.apply(Operator::Equal, &[entry, one]) } else { Ok(entry) }
    }

    /// A part of an axis: the value over a new axis.
    pub(super) fn slice(
        &mut self,
        value: &Ref,
        along: Axis,
        (start, end): (Option<ExpressionId>, Option<ExpressionId>),
        span: Span,
    ) -> Result<(Ref, Axis), Diagnostic> {
        let Dim::Literal(size) = self.real(self.graph.dim(along)) else {
            let message = format!(
                "a slice of the dimension `{}`, whose size is not in the text, is not supported yet",
                self.dim_text(self.graph.dim(along))
            );
            return Err(Diagnostic::new(Code::NotSupported, span, message));
        };
        let from = start.map_or(Ok(0), |start| self.bound(start))?;
        let to = end.map_or(Ok(size), |end| self.bound(end))?;
        if to > size {
            let place = end.map_or(span, |end| self.place(self.expression(end).span));
            let message = format!("a slice up to {to} of an axis of size {size}");
            return Err(Diagnostic::new(Code::Index, place, message).with_help(format!("the end is {size} at most")));
        }
        if from >= to {
            let message = format!("the slice {from}..{to} has no elements");
            let help = "the end is not part of a slice: `1..4` has the positions 1, 2 and 3";
            return Err(Diagnostic::new(Code::Index, span, message).with_help(help));
        }
        if to - from == size {
            return Ok((value.clone(), along));
        }
        let axis = self.graph.axis(Dim::Literal(to - from), "");
        let sum = Sum { terms: vec![(axis, false)], offset: i64::from(from) };
        let part = self.position_of(&sum).and_then(|position| self.read_at(value, along, &position));
        Ok((part.map_err(|error| self.fault(&error, span))?, axis))
    }

    /// An end of a slice.
    fn bound(&self, id: ExpressionId) -> Result<u32, Diagnostic> {
        let expression = self.expression(id);
        let number = match &expression.kind {
            ExpressionKind::Number(number) => number.to_integer().and_then(|number| u32::try_from(number).ok()),
            _ => None,
        };
        let message = "the ends of a slice are whole numbers in the text, counted from 0";
        number.ok_or_else(|| Diagnostic::new(Code::Index, self.place(expression.span), message))
    }

    /// What an array is at a position that an integer input says.
    pub(super) fn gathered(&mut self, value: &Ref, along: Axis, position: &Ref) -> Result<Ref, GraphError> {
        let size = self.graph.dim(along);
        if let Some(input) = self.integer_input_of(position.node) {
            self.graph.bound(input, size);
        }
        self.read_at(value, along, position)
    }

    /// The integer input that a position is an entry of.
    fn integer_input_of(&self, node: NodeId) -> Option<NodeId> {
        match self.graph.operation(node) {
            Operation::Input(_) => Some(node),
            _ => self.graph.as_access(node).map(|access| access.node),
        }
    }

    /// Gives sizes to indices that are closed, as far as the arrays that they run over tell them.
    pub(super) fn size_shifts(&mut self, last: bool) {
        let open: Vec<Axis> = self.frames.iter().flat_map(|frame| frame.open_indices()).map(|(_, axis)| axis).collect();
        let mut more = true;
        while std::mem::take(&mut more) {
            for place in 0..self.shifts.len() {
                let Shifted { sum, along, .. } = self.shifts[place].clone();
                let mut unknown = sum.terms.iter().filter(|(axis, _)| self.is_unknown(*axis));
                if let (Some((axis, negative)), None) = (unknown.next().copied(), unknown.next())
                    && (last || !open.contains(&axis))
                    && let Some(size) = self.size_left(&sum, along, axis, negative)
                {
                    let dim = self.graph.dim(axis);
                    more |= self.unify(dim, Dim::Literal(size));
                }
            }
        }
    }

    fn is_unknown(&self, axis: Axis) -> bool {
        matches!(self.real(self.graph.dim(axis)), Dim::Variable(_))
    }

    fn literal(&self, axis: Axis) -> Option<i64> {
        match self.real(self.graph.dim(axis)) {
            Dim::Literal(size) => Some(i64::from(size)),
            _ => None,
        }
    }

    /// How far the other indices of one sign move.
    fn reach(&self, sum: &Sum, but: Option<Axis>, sign: bool) -> Option<i64> {
        let own = sum.terms.iter().filter(|(axis, negative)| Some(*axis) != but && *negative == sign);
        own.map(|(axis, _)| self.literal(*axis)).try_fold(0_i64, |reach, size| reach.checked_add(size? - 1))
    }

    /// The largest size of an index with which a sum stays inside of an axis.
    fn size_left(&self, sum: &Sum, along: Axis, axis: Axis, negative: bool) -> Option<u32> {
        let others = self.reach(sum, Some(axis), negative)?;
        let size = if negative {
            sum.offset.checked_sub(others)?.checked_add(1)?
        } else {
            self.literal(along)?.checked_sub(sum.offset)?.checked_sub(others)?
        };
        u32::try_from(size).ok().filter(|size| *size > 0)
    }

    /// The mistakes of shifted indices, when every size is known that will be.
    pub(super) fn check_shifts(&mut self) {
        self.size_shifts(true);
        for Shifted { sum, along, span } in std::mem::take(&mut self.shifts) {
            let named = sum.terms.iter().find(|(axis, _)| matches!(self.real(self.graph.dim(*axis)), Dim::Symbol(_)));
            let ends = self.reach(&sum, None, false).zip(self.reach(&sum, None, true));
            let size = self.literal(along);
            let error = match (named, ends, size) {
                (Some((axis, _)), ..) => {
                    let message = format!(
                        "the index `{}` has the size `{}`, which is not in the text: it is not supported in a sum yet",
                        self.graph.hint(*axis),
                        self.dim_text(self.graph.dim(*axis))
                    );
                    Diagnostic::new(Code::NotSupported, span, message).with_help("state its size as a number")
                }
                (None, Some((plus, minus)), Some(size)) => {
                    let (least, most) = (sum.offset - minus, sum.offset.saturating_add(plus));
                    if least >= 0 && most < size {
                        continue;
                    }
                    let message = format!("positions {least} to {most} of an axis of size {size}");
                    let help = format!(
                        "positions count from 0 to {}; an index that stands alone on an array has its whole size: read \
                         a part of that, such as `x[1..]`",
                        size - 1
                    );
                    Diagnostic::new(Code::Index, span, message).with_help(help)
                }
                // An index without a size is told where it stands first.
                (None, ..) => continue,
            };
            self.errors.push(error);
        }
    }

    /// Refuses positions where a number is needed.
    pub(super) fn refuse_positions(&self, array: &Array, span: Span) -> Result<(), Diagnostic> {
        if !self.graph.says_positions(array.value.node) {
            return Ok(());
        }
        let name = self.integer_input_of(array.value.node).map(|node| self.graph.operation(node));
        let name = match name {
            Some(Operation::Input(place)) => self.graph.inputs()[place as usize].name.clone(),
            _ => String::new(),
        };
        let message =
            format!("`{name}` is an integer input: it says positions in arrays, and is no number to compute with");
        let help = format!("read an array with it, `x[{name}[n]]`, or declare it without `i32`");
        Err(Diagnostic::new(Code::Type, span, message).with_help(help))
    }
}
