//! Index notation: each combination of index positions is computed on its own, as a scalar.

use chainrule_compiler::syntax::{Block, Call, ExpressionId, ExpressionKind, Index, Name};

use super::functions::{largest, product, smallest, sum};
use super::interpret::{Frame, Interpreter};
use super::jet::Jet;
use super::real::Real;
use super::tensor::{Outcome, Tensor, position_of};
use super::value::Value;

impl<'m> Interpreter<'m> {
    /// The tensor of `let name[i, j] = value`.
    pub fn indexed<J: Jet>(
        &mut self,
        frame: &mut Frame<'m, J>,
        indices: &'m [Name],
        value: ExpressionId,
    ) -> Outcome<Tensor<J>> {
        let shape = self.sizes(frame, indices, value)?;
        let count = shape.iter().product();
        let known = frame.positions.len();
        let mut items = Vec::with_capacity(count);
        for flat in 0..count {
            frame.positions.extend(indices.iter().map(|name| name.text.as_str()).zip(position_of(flat, &shape)));
            let item = self.number(frame, value).and_then(|number| number.only());
            frame.positions.truncate(known);
            items.push(item?);
        }
        Ok(Tensor { shape, items })
    }

    /// `sum[i, j](value)`, `max[i](value)`
    pub fn closed<J: Jet>(
        &mut self,
        frame: &mut Frame<'m, J>,
        call: &'m Call,
        indices: &'m [Name],
    ) -> Outcome<Value<J>> {
        let [value] = call.arguments[..] else { return Err("one operand is needed".into()) };
        let items = self.indexed(frame, indices, value)?.items;
        let item = match call.function.text.as_str() {
            "sum" => sum(&items),
            "prod" => product(&items),
            "max" => largest(&items, &mut self.recorder),
            "min" => smallest(&items, &mut self.recorder),
            other => return Err(format!("`{other}` closes no indices")),
        };
        Ok(Value::Number(Tensor::scalar(item)))
    }

    /// `base[i, 0, 1..3, ..]`
    pub fn access<J: Jet>(
        &mut self,
        frame: &mut Frame<'m, J>,
        base: ExpressionId,
        entries: &'m [Index],
    ) -> Outcome<Tensor<J>> {
        let tensor = self.number(frame, base)?;
        if entries.len() > tensor.rank() {
            return Err(format!("{} indices on a tensor of shape {:?}", entries.len(), tensor.shape));
        }
        let mut choices = Vec::new();
        let mut shape = Vec::new();
        for (axis, size) in tensor.shape.iter().enumerate() {
            let Some(Index::Position(place)) = entries.get(axis) else {
                let range = self.range(frame, entries.get(axis), *size)?;
                shape.push(range.len());
                choices.push((range.start, true));
                continue;
            };
            let place = self.integer(frame, *place)?;
            if place >= *size {
                return Err(format!("position {place} is outside of an axis of size {size}"));
            }
            choices.push((place, false));
        }
        Ok(Tensor::from_positions(&shape, |position| {
            let mut moving = position.iter();
            let step = |moves: bool, moving: &mut std::slice::Iter<usize>| {
                if moves { moving.next().copied().unwrap_or(0) } else { 0 }
            };
            let full: Vec<usize> = choices.iter().map(|(start, moves)| start + step(*moves, &mut moving)).collect();
            tensor.at(&full)
        }))
    }

    fn range<J: Jet>(
        &mut self,
        frame: &mut Frame<'m, J>,
        entry: Option<&Index>,
        size: usize,
    ) -> Outcome<std::ops::Range<usize>> {
        let Some(Index::Range(start, end, _)) = entry else { return Ok(0..size) };
        let start = start.map_or(Ok(0), |start| self.integer(frame, start))?;
        let end = end.map_or(Ok(size), |end| self.integer(frame, end))?;
        if start > end || end > size {
            return Err(format!("{start}..{end} is outside of an axis of size {size}"));
        }
        Ok(start..end)
    }

    /// A number that is a position.
    pub fn integer<J: Jet>(&mut self, frame: &mut Frame<'m, J>, id: ExpressionId) -> Outcome<usize> {
        let number = self.number(frame, id)?.only()?.primal().to_f64();
        if number < 0.0 || number.fract() != 0.0 {
            return Err(format!("{number} is no position"));
        }
        Ok(number as usize)
    }

    /// The sizes of indices, from the axes where they stand alone.
    fn sizes<J: Jet>(
        &mut self,
        frame: &mut Frame<'m, J>,
        indices: &'m [Name],
        value: ExpressionId,
    ) -> Outcome<Vec<usize>> {
        let size = |name: &Name| self.size(frame, &name.text, value);
        let mut found: Vec<Option<usize>> = indices.iter().map(size).collect::<Outcome<_>>()?;
        for _ in indices {
            for place in 0..indices.len() {
                if found[place].is_none() {
                    found[place] = self.size_in_a_sum(frame, indices, &found, (place, value))?;
                }
            }
        }
        let missing = |(name, size): (&Name, Option<usize>)| size.ok_or(format!("no size for index `{}`", name.text));
        indices.iter().zip(found).map(missing).collect()
    }

    fn size<J: Jet>(&mut self, frame: &mut Frame<'m, J>, index: &str, id: ExpressionId) -> Outcome<Option<usize>> {
        let expressions = frame.expressions;
        let kind = &expressions.get(id).kind;
        if let ExpressionKind::Call(Call { indices: Some(closed), .. }) = kind
            && closed.iter().any(|name| name.text == index)
        {
            return Ok(None);
        }
        if let ExpressionKind::Index(base, entries) = kind {
            let stands = |entry: &Index| match entry {
                Index::Position(place) => expressions.get(*place).kind == ExpressionKind::Name(index.to_owned()),
                Index::Range(..) => false,
            };
            if let Some(axis) = entries.iter().position(stands) {
                self.recorder.pause();
                let shape = self.shape(frame, *base);
                self.recorder.resume();
                if let Some(shape) = shape {
                    return Ok(shape.get(axis).copied());
                }
            }
        }
        for child in children(kind) {
            if let Some(size) = self.size(frame, index, child)? {
                return Ok(Some(size));
            }
        }
        Ok(None)
    }

    /// The size of an index that stands in a sum of indices, `x[i + k - 1]`: the first one with which the sum leaves the
    /// axis, where the others are as far on as they get. Others that run already do not count: they have one position.
    fn size_in_a_sum<J: Jet>(
        &mut self,
        frame: &mut Frame<'m, J>,
        indices: &'m [Name],
        sizes: &[Option<usize>],
        (index, id): (usize, ExpressionId),
    ) -> Outcome<Option<usize>> {
        let expressions = frame.expressions;
        let mut pending = vec![id];
        while let Some(id) = pending.pop() {
            let kind = &expressions.get(id).kind;
            pending.extend(children(kind));
            let ExpressionKind::Index(base, entries) = kind else { continue };
            for (axis, entry) in entries.iter().enumerate() {
                let Index::Position(place) = entry else { continue };
                let mut names = vec![*place];
                let mut at = 0;
                while at < names.len() {
                    names.extend(children(&expressions.get(names[at]).kind));
                    at += 1;
                }
                let stands =
                    |name: &str| names.iter().any(|id| expressions.get(*id).kind == ExpressionKind::Name(name.into()));
                let others = indices.iter().enumerate().filter(|(other, name)| *other != index && stands(&name.text));
                let others: Option<Vec<(&str, usize)>> =
                    others.map(|(other, name)| Some((name.text.as_str(), sizes[other]?))).collect();
                let (true, Some(others)) = (stands(&indices[index].text), others) else { continue };
                let Some(size) = self.shape(frame, *base).and_then(|shape| shape.get(axis).copied()) else { continue };
                let known = frame.positions.len();
                let mut fits = |moved: &[usize], own: usize| {
                    let others = others.iter().zip(moved).map(|((name, _), at)| (*name, *at));
                    frame.positions.extend(others.chain([(indices[index].text.as_str(), own)]));
                    let place = self.integer(frame, *place);
                    frame.positions.truncate(known);
                    place.is_ok_and(|place| place < size)
                };
                let ends: Vec<usize> = others.iter().map(|(_, size)| *size).collect();
                let corners: usize = ends.iter().product();
                let inside = |own: &usize| (0..corners).all(|flat| fits(&position_of(flat, &ends), *own));
                return Ok(Some((0..size).take_while(inside).count()));
            }
        }
        Ok(None)
    }

    /// The shape of an indexed tensor; `None` for a `let` of an inner block, which is not known yet.
    fn shape<J: Jet>(&mut self, frame: &mut Frame<'m, J>, base: ExpressionId) -> Option<Vec<usize>> {
        if let ExpressionKind::Name(name) = &frame.expressions.get(base).kind
            && let Value::Number(tensor) = frame.variable(name)?.as_ref()
        {
            return Some(tensor.shape.clone());
        }
        self.number(frame, base).ok().map(|tensor| tensor.shape)
    }
}

/// The expressions directly inside an expression.
fn children(kind: &ExpressionKind) -> Vec<ExpressionId> {
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
