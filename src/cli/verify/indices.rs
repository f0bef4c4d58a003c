//! Index notation: indices run, what stands below them is computed for all their positions at once, and then they become
//! axes of an array or are closed by a reduction.

use std::rc::Rc;

use chainrule_compiler::syntax::{
    BinaryOperator, Block, Call, ExpressionId, ExpressionKind, Expressions, Index, Name, UnaryOperator,
};

use super::functions::{largest, product, smallest, sum};
use super::interpret::{Frame, Interpreter, Variable};
use super::jet::Jet;
use super::tensor::{Item, Outcome, Tensor, common_shape, offsets, stretching, strides};
use super::value::Value;

impl<'m> Interpreter<'m> {
    /// The array of `let name[i, j] = value`.
    pub fn indexed(
        &mut self,
        frame: &mut Frame<'m>,
        name: Option<&str>,
        indices: &'m [Name],
        value: ExpressionId,
    ) -> Outcome<Value> {
        let mut known: Vec<(&str, usize)> = frame.indices.clone();
        // What a sum of indices says hangs on the sizes of the others.
        for _ in 0..=indices.len() {
            for (place, index) in indices.iter().enumerate() {
                let found = known[frame.indices.len()..].iter().any(|(other, _)| *other == index.text);
                let stated =
                    || name.and_then(|name| self.stated_shape(name)).and_then(|shape| shape.get(place).copied());
                let size = match stated().filter(|_| !found) {
                    Some(size) => Some(size),
                    None if found => None,
                    None => self.size(frame, &index.text, value, &known)?,
                };
                known.extend(size.map(|size| (index.text.as_str(), size)));
            }
        }
        let own = &known[frame.indices.len()..];
        let size = |index: &Name| own.iter().find(|(name, _)| *name == index.text).map(|(_, size)| *size);
        let size = |index| size(index).ok_or_else(|| format!("the size of the index `{}` is not known", index.text));
        let shape = indices.iter().map(size).collect::<Outcome<Vec<usize>>>()?;
        let names = indices.iter().map(|name| name.text.as_str());
        self.over(frame, &names.zip(shape).collect::<Vec<_>>(), value)
    }

    /// The array of an expression over indices of known sizes: while it is computed they run, and become axes of its own.
    pub fn over(&mut self, frame: &mut Frame<'m>, indices: &[(&'m str, usize)], value: ExpressionId) -> Outcome<Value> {
        let known = frame.indices.len();
        frame.indices.extend_from_slice(indices);
        let value = self.value(frame, value);
        frame.indices.truncate(known);
        let (value, running) = (value?, frame.running());
        let found = value.shape().ok_or("several values have no index")?;
        if found.len() != running + indices.len() {
            return Err("an array as a whole has no place below an index".into());
        }
        let own: Vec<usize> = indices.iter().map(|(_, size)| *size).collect();
        let shape = [&found[..running], &own].concat();
        value.stretched(&shape)
    }

    /// `sum[i, j](value)`, `max[i](value)`
    pub fn closed(&mut self, frame: &mut Frame<'m>, call: &'m Call, indices: &'m [Name]) -> Outcome<Value> {
        let [value] = call.arguments[..] else { return Err("one operand is needed".into()) };
        let items = self.indexed(frame, None, indices, value)?.number()?;
        let all: fn(&[Jet]) -> Jet = match call.function.text.as_str() {
            "sum" => sum,
            "prod" => product,
            "max" => largest,
            "min" => smallest,
            other => return Err(format!("`{other}` closes no indices")),
        };
        items.reduced(frame.running(), None, false, all).map(Value::Number)
    }

    /// `base[i, 0, 1..3, ..]`
    pub fn access(&mut self, frame: &mut Frame<'m>, base: ExpressionId, entries: &'m [Index]) -> Outcome<Value> {
        // A name is not copied: it may be a large array.
        let named = match &frame.expressions.get(base).kind {
            ExpressionKind::Name(name) => self.variable(frame, name),
            _ => None,
        };
        let Variable { made, value } = match named {
            Some(variable) => variable,
            None => Variable { made: frame.running(), value: Rc::new(self.value(frame, base)?) },
        };
        let sizes = value.shape().and_then(|shape| shape.get(made..)).ok_or("several values have no index")?;
        if entries.len() > sizes.len() {
            return Err(format!("{} indices on an array of shape {sizes:?}", entries.len()));
        }
        let part = self.part(frame, &value, made, entries)?;
        Ok(match value.as_ref() {
            Value::Number(tensor) => Value::Number(part.of(tensor)?),
            Value::Truth(tensor) => Value::Truth(part.of(tensor)?),
            Value::Several(_) => return Err("several values have no index".into()),
        })
    }

    /// Which part of an array is meant, at every position of the running indices.
    fn part(&mut self, frame: &mut Frame<'m>, value: &Value, made: usize, entries: &'m [Index]) -> Outcome<Part> {
        let running = frame.running();
        let all = value.shape().unwrap_or(&[]);
        let (mut shape, mut along) = (all[..made].to_vec(), stretching(all));
        let own = along.split_off(made);
        shape.resize(running, 1);
        along.resize(running, 0);
        let mut part = Part { shape, along, start: 0, computed: Vec::new() };
        for (axis, (size, stride)) in all[made..].iter().zip(own).enumerate() {
            let Some(Index::Position(place)) = entries.get(axis) else {
                let range = self.range(frame, entries.get(axis), *size)?;
                part.start += range.start * stride;
                part.shape.push(range.len());
                part.along.push(stride);
                continue;
            };
            let index = match &frame.expressions.get(*place).kind {
                ExpressionKind::Name(name) => frame.index(name).filter(|(_, range)| range <= size),
                _ => None,
            };
            match index {
                Some((slot, range)) => {
                    part.shape[slot] = range;
                    part.along[slot] += if range == 1 { 0 } else { stride };
                }
                None => {
                    let places = self.number(frame, *place)?;
                    if places.rank() != running {
                        return Err("a position is one number".into());
                    }
                    part.computed.push(Computed { places, size: *size, stride });
                }
            }
        }
        Ok(part)
    }

    fn range(&mut self, frame: &mut Frame<'m>, entry: Option<&Index>, size: usize) -> Outcome<std::ops::Range<usize>> {
        let Some(Index::Range(start, end, _)) = entry else { return Ok(0..size) };
        let start = start.map_or(Ok(0), |start| self.integer(frame, start))?;
        let end = end.map_or(Ok(size), |end| self.integer(frame, end))?;
        if start > end || end > size {
            return Err(format!("{start}..{end} is outside of an axis of size {size}"));
        }
        Ok(start..end)
    }

    /// A number that is a position.
    pub fn integer(&mut self, frame: &mut Frame<'m>, id: ExpressionId) -> Outcome<usize> {
        let number = self.number(frame, id)?.only()?.value.to_integer();
        let place = number.and_then(|number| usize::try_from(number).ok());
        place.ok_or_else(|| "a position is a whole number, counted from 0".into())
    }

    /// The size of an index, from an axis where it stands alone, or in a sum with others of known sizes.
    fn size(
        &mut self,
        frame: &mut Frame<'m>,
        index: &str,
        id: ExpressionId,
        known: &[(&str, usize)],
    ) -> Outcome<Option<usize>> {
        let expressions = frame.expressions;
        let mut pending = vec![id];
        while let Some(id) = pending.pop() {
            let kind = &expressions.get(id).kind;
            if let ExpressionKind::Call(Call { indices: Some(closed), .. }) = kind
                && closed.iter().any(|name| name.text == index)
            {
                continue;
            }
            if let ExpressionKind::Index(base, entries) = kind {
                let stands = |entry: &Index| match entry {
                    Index::Position(place) => expressions.get(*place).kind == ExpressionKind::Name(index.to_owned()),
                    Index::Range(..) => false,
                };
                if let Some(axis) = entries.iter().position(stands)
                    && let Some(shape) = self.shape(frame, *base)
                {
                    return Ok(shape.get(axis).copied());
                }
                for (axis, entry) in entries.iter().enumerate() {
                    if let Index::Position(place) = entry
                        && let Some(shift) = shift(expressions, *place, index, known)
                        && let Some(size) = self.shape(frame, *base).and_then(|shape| shape.get(axis).copied())
                    {
                        return Ok(shift.size(size));
                    }
                }
            }
            pending.extend(children(kind));
        }
        Ok(None)
    }

    /// The shape of an indexed array; `None` for a `let` of an inner block, which is not known yet.
    fn shape(&mut self, frame: &mut Frame<'m>, base: ExpressionId) -> Option<Vec<usize>> {
        if let ExpressionKind::Name(name) = &frame.expressions.get(base).kind {
            let Variable { made, value } = self.variable(frame, name)?;
            return value.shape()?.get(made..).map(<[usize]>::to_vec);
        }
        self.number(frame, base).ok().map(|tensor| tensor.shape[frame.running()..].to_vec())
    }
}

/// An index in a sum with others, where all that is added to it is known.
struct Shift {
    /// Whether it is subtracted.
    negative: bool,
    /// The number that is added.
    offset: i64,
    /// How far the others move that have the same sign.
    others: i64,
}

impl Shift {
    /// The most positions of the index inside of an axis.
    fn size(&self, axis: usize) -> Option<usize> {
        let most = if self.negative { self.offset } else { i64::try_from(axis).ok()? - 1 - self.offset };
        usize::try_from(most - self.others + 1).ok().filter(|size| *size > 0)
    }
}

fn shift(expressions: &Expressions, id: ExpressionId, index: &str, known: &[(&str, usize)]) -> Option<Shift> {
    let (mut own, mut offset, mut moves, mut pending) = (None, 0_i64, [0_i64; 2], vec![(id, false)]);
    while let Some((id, negative)) = pending.pop() {
        match &expressions.get(id).kind {
            ExpressionKind::Name(name) if name == index => {
                if own.replace(negative).is_some() {
                    return None;
                }
            }
            ExpressionKind::Name(name) => {
                let (_, size) = known.iter().rev().find(|(other, _)| other == name)?;
                moves[usize::from(negative)] += i64::try_from(*size).ok()? - 1;
            }
            ExpressionKind::Number(number) => {
                let number = number.to_integer()?;
                offset = offset.checked_add(if negative { -number } else { number })?;
            }
            ExpressionKind::Unary(UnaryOperator::Negate, operand) => pending.push((*operand, !negative)),
            ExpressionKind::Binary(operator @ (BinaryOperator::Add | BinaryOperator::Subtract), left, right) => {
                pending.extend([(*left, negative), (*right, negative != (*operator == BinaryOperator::Subtract))]);
            }
            _ => return None,
        }
    }
    let negative = own?;
    Some(Shift { negative, offset, others: moves[usize::from(negative)] })
}

/// A part of an array, at every position of the running indices.
struct Part {
    /// The sizes of the part: running ones, then its own.
    shape: Vec<usize>,
    /// How far the array's items along each of them lie apart.
    along: Vec<usize>,
    /// Where the first one lies.
    start: usize,
    /// Places along other axes of the array that are computed.
    computed: Vec<Computed>,
}

/// Places along an axis.
struct Computed {
    places: Tensor<Jet>,
    size: usize,
    stride: usize,
}

impl Part {
    /// The items; undefined where a computed place is outside of the array.
    fn of<T: Item>(self, tensor: &Tensor<T>) -> Outcome<Tensor<T>> {
        let Self { mut shape, along, start, computed } = self;
        if computed.is_empty() {
            return tensor.strided(shape, &along, start);
        }
        for Computed { places, .. } in &computed {
            let running = places.rank();
            let common = common_shape(&shape[..running], &places.shape)?;
            shape.splice(..running, common);
        }
        let mut found: Vec<Option<usize>> = offsets(&shape, &along, start)?.into_iter().map(Some).collect();
        for Computed { places, size, stride } in &computed {
            let mut moving = stretching(&places.shape);
            moving.resize(shape.len(), 0);
            let place = |item: &Jet| {
                let place = item.value.to_integer().and_then(|place| usize::try_from(place).ok());
                place.filter(|place| place < size)
            };
            let known: Vec<Option<usize>> = places.items.iter().map(place).collect();
            for (offset, at) in found.iter_mut().zip(offsets(&shape, &moving, 0)?) {
                *offset = offset.zip(known[at]).map(|(offset, place)| offset + place * stride);
            }
        }
        let item =
            |offset: &Option<usize>| offset.and_then(|at| tensor.items.get(at).cloned()).unwrap_or_else(T::undefined);
        Ok(Tensor { items: found.iter().map(item).collect(), shape })
    }
}

/// The expressions directly inside an expression.
pub fn children(kind: &ExpressionKind) -> Vec<ExpressionId> {
    let inside = |block: &Block| -> Vec<ExpressionId> {
        block.lets.iter().map(|binding| binding.value).chain(block.result).collect()
    };
    match kind {
        ExpressionKind::Number(_) | ExpressionKind::Name(_) => Vec::new(),
        ExpressionKind::Unary(_, operand) | ExpressionKind::Transpose(operand) => vec![*operand],
        ExpressionKind::Binary(_, left, right) => vec![*left, *right],
        ExpressionKind::Call(call) => {
            call.arguments.iter().copied().chain(call.named.iter().map(|(_, value)| *value)).collect()
        }
        ExpressionKind::Index(base, entries) => {
            let place = |entry: &Index| match entry {
                Index::Position(place) => Some(*place),
                Index::Range(..) => None,
            };
            entries.iter().filter_map(place).chain([*base]).collect()
        }
        ExpressionKind::If { branches, otherwise } => {
            let conditions = branches.iter().flat_map(|(condition, block)| [vec![*condition], inside(block)].concat());
            conditions.chain(otherwise.iter().flat_map(inside)).collect()
        }
        ExpressionKind::Vector(items) | ExpressionKind::Tuple(items) => items.clone(),
    }
}

/// The places of an array's items that stand at the positions of a shape: a scalar stands everywhere.
///
/// # Errors
/// An array of another shape.
pub fn broadcast(tensor: &Tensor<Jet>, shape: &[usize]) -> Outcome<Vec<usize>> {
    if tensor.rank() > 0 && tensor.shape != shape {
        return Err(format!("an array of shape {:?} is not one of shape {shape:?}", tensor.shape));
    }
    let along = if tensor.rank() > 0 { strides(shape) } else { vec![0; shape.len()] };
    offsets(shape, &along, 0)
}
