//! Index notation: each combination of index positions is computed on its own, as a scalar.

use chainrule_compiler::syntax::{Block, Call, ExpressionId, ExpressionKind, Index, Name};

use super::functions::{largest, smallest, sum};
use super::interpret::{Frame, Interpreter};
use super::jet::Jet;
use super::tensor::{Outcome, Tensor, count, position_of};
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
        let mut shape = Vec::new();
        for (place, index) in indices.iter().enumerate() {
            let stated = || name.and_then(|name| self.stated_shape(name)).and_then(|shape| shape.get(place).copied());
            let size = match stated() {
                Some(size) => Some(size),
                None => self.size(frame, &index.text, value)?,
            };
            shape.push(size.ok_or_else(|| format!("the size of the index `{}` is not known", index.text))?);
        }
        let names: Vec<&'m str> = indices.iter().map(|name| name.text.as_str()).collect();
        self.over(frame, &names, &shape, value)
    }

    /// The array of an expression over indices of known sizes.
    pub fn over(
        &mut self,
        frame: &mut Frame<'m>,
        names: &[&'m str],
        shape: &[usize],
        value: ExpressionId,
    ) -> Outcome<Value> {
        let known = frame.positions.len();
        let (mut numbers, mut truths) = (Vec::new(), Vec::new());
        for flat in 0..count(shape)? {
            frame.positions.extend(names.iter().copied().zip(position_of(flat, shape)));
            let item = self.value(frame, value);
            frame.positions.truncate(known);
            match item? {
                Value::Truth(truth) => truths.push(truth.only()?),
                other => numbers.push(other.number()?.only()?),
            }
        }
        let shape = shape.to_vec();
        Ok(if truths.is_empty() {
            Value::Number(Tensor { shape, items: numbers })
        } else {
            Value::Truth(Tensor { shape, items: truths })
        })
    }

    /// `sum[i, j](value)`, `max[i](value)`
    pub fn closed(&mut self, frame: &mut Frame<'m>, call: &'m Call, indices: &'m [Name]) -> Outcome<Value> {
        let [value] = call.arguments[..] else { return Err("one operand is needed".into()) };
        let items = self.indexed(frame, None, indices, value)?.number()?.items;
        let item = match call.function.text.as_str() {
            "sum" => sum(&items),
            "max" => largest(&items),
            "min" => smallest(&items),
            other => return Err(format!("`{other}` closes no indices")),
        };
        Ok(item.into())
    }

    /// `base[i, 0, 1..3, ..]`
    pub fn access(&mut self, frame: &mut Frame<'m>, base: ExpressionId, entries: &'m [Index]) -> Outcome<Value> {
        // A name is not copied: it may be a large array.
        let named = match &frame.expressions.get(base).kind {
            ExpressionKind::Name(name) => self.variable(frame, name),
            _ => None,
        };
        match named {
            Some(value) => self.part(frame, &value, entries),
            None => {
                let value = self.value(frame, base)?;
                self.part(frame, &value, entries)
            }
        }
    }

    fn part(&mut self, frame: &mut Frame<'m>, value: &Value, entries: &'m [Index]) -> Outcome<Value> {
        let sizes = value.shape().ok_or("several values have no index")?;
        if entries.len() > sizes.len() {
            return Err(format!("{} indices on an array of shape {sizes:?}", entries.len()));
        }
        let mut choices = Vec::new();
        let mut shape = Vec::new();
        for (axis, size) in sizes.iter().enumerate() {
            let Some(Index::Position(place)) = entries.get(axis) else {
                let range = self.range(frame, entries.get(axis), *size)?;
                shape.push(range.len());
                choices.push((range.start, true));
                continue;
            };
            choices.push((self.integer(frame, *place)?, false));
        }
        Ok(match value {
            Value::Number(tensor) => Value::Number(chosen(tensor, &shape, &choices)?),
            Value::Truth(tensor) => Value::Truth(chosen(tensor, &shape, &choices)?),
            Value::Several(_) => return Err("several values have no index".into()),
        })
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
        if let ExpressionKind::Name(name) = &frame.expressions.get(id).kind
            && let Some(place) = frame.position(name)
        {
            return Ok(place);
        }
        let number = self.number(frame, id)?.only()?.value.to_integer();
        let place = number.and_then(|number| usize::try_from(number).ok());
        place.ok_or_else(|| "a position is a whole number, counted from 0".into())
    }

    /// The size of an index, from an axis where it stands alone.
    fn size(&mut self, frame: &mut Frame<'m>, index: &str, id: ExpressionId) -> Outcome<Option<usize>> {
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
            }
            pending.extend(children(kind));
        }
        Ok(None)
    }

    /// The shape of an indexed array; `None` for a `let` of an inner block, which is not known yet.
    fn shape(&mut self, frame: &mut Frame<'m>, base: ExpressionId) -> Option<Vec<usize>> {
        if let ExpressionKind::Name(name) = &frame.expressions.get(base).kind {
            return self.variable(frame, name)?.shape().map(<[usize]>::to_vec);
        }
        self.number(frame, base).ok().map(|tensor| tensor.shape)
    }
}

/// What is at the chosen places: each with its first position, and whether it moves along the result.
fn chosen<T: Clone>(tensor: &Tensor<T>, shape: &[usize], choices: &[(usize, bool)]) -> Outcome<Tensor<T>> {
    Tensor::from_positions(shape, |position| {
        let mut moving = position.iter();
        let place =
            |(start, moves): &(usize, bool)| start + if *moves { moving.next().copied().unwrap_or(0) } else { 0 };
        tensor.at(&choices.iter().map(place).collect::<Vec<_>>())
    })
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

/// The number at a position, for results that may be smaller than what is asked for: a scalar stands everywhere.
pub fn broadcast_at(tensor: &Tensor<Jet>, position: &[usize]) -> Outcome<Jet> {
    if tensor.rank() == 0 { tensor.only() } else { tensor.at(position) }
}
