//! Whole-array operations: reductions, products, softmax, and calls of helpers that map over leading axes.

use chainrule_compiler::diagnostic::Span;
use chainrule_compiler::syntax::{BinaryOperator, ExpressionId, ExpressionKind, Index};

use super::scope::{Dimension, Generator, Helper, Shape};

const LARGEST_RANK: usize = 3;

impl Generator<'_> {
    /// A whole-array operation that yields a shape, if the dice find one.
    pub fn whole(&mut self, shape: &[Dimension], depth: usize) -> Option<ExpressionId> {
        match (self.random.below(10), shape.len()) {
            (0..3, 0) => self.reduced_to_scalar(depth),
            (3, 0) if self.random.chance(70) => self.below_a_maximum(),
            (3..5, 0) => Some(self.closed_index(depth)),
            (5, 0) if self.random.chance(60) => self.moved(),
            (5, 0) => self.trace(depth),
            (0..2, 1..) => self.softmax(shape, depth),
            (2, 1..) => self.kept(shape, depth),
            (3..6, 1 | 2) | (6, 0) => self.product(shape, depth),
            (6, 2) => self.transposed(shape, depth),
            (7, _) => self.entropy(shape, depth),
            (8, _) => self.smoothed_maximum(shape, depth),
            (9, 1..) => self.helper_call(shape, depth),
            _ => self.reduced(shape, depth),
        }
    }

    /// Parts of vectors of stated size: what slides along another vector, slices, vectors one behind the other.
    fn moved(&mut self) -> Option<ExpressionId> {
        let vectors: Vec<(String, usize)> = self
            .visible()
            .into_iter()
            .filter_map(|variable| match variable.shape[..] {
                [size] => size.parse().ok().map(|size| (variable.name, size)),
                _ => None,
            })
            .filter(|(_, size)| *size > 1)
            .collect();
        let (long, size) = self.random.pick(&vectors)?.clone();
        let shorter: Vec<(String, usize)> = vectors.into_iter().filter(|(_, other)| *other <= size).collect();
        let (short, length) = self.random.pick(&shorter)?.clone();
        let (long, other) = (self.builder.name(&long), self.builder.name(&short));
        Some(match self.random.below(3) {
            0 => {
                self.mark("shifted index");
                let free = |name: &str| {
                    !self.visible().iter().any(|variable| variable.name == name)
                        && !self.indices.iter().any(|(known, _)| known == name)
                };
                let names =
                    [["i", "k"], ["m", "n"], ["o", "l"]].into_iter().find(|pair| pair.iter().all(|name| free(name)))?;
                let [first, second] = names.map(|name| self.builder.name(name));
                let back = self.random.chance(50);
                let offset = self.builder.number((length - 1) as f64);
                let place = if back {
                    let forth = self.builder.add(first, offset);
                    self.builder.binary(BinaryOperator::Subtract, forth, second)
                } else {
                    self.builder.add(first, second)
                };
                let read = self.builder.push(ExpressionKind::Index(long, vec![Index::Position(place)]));
                let weight = self.builder.access(other, &[names[1].to_owned()]);
                let product = self.builder.multiply(weight, read);
                self.builder.close("sum", &names.map(str::to_owned), product)
            }
            1 => {
                self.mark("slice");
                let start = self.random.below(size - length + 1);
                let [from, to] = [start, start + length].map(|end| self.builder.number(end as f64));
                let range = Index::Range(Some(from), Some(to), Span::default());
                let part = self.builder.push(ExpressionKind::Index(long, vec![range]));
                let product = self.builder.multiply(part, other);
                self.builder.call("sum", &[product])
            }
            _ => {
                self.mark("concat");
                let joined = self.builder.call("concat", &[other, long]);
                let reduction = self.random.word(&["sum", "max", "prod", "norm"]);
                let square = self.builder.multiply(joined, joined);
                let one = self.builder.number(1.0);
                let sum = self.builder.add(square, one);
                self.builder.call(reduction, &[sum])
            }
        })
    }

    /// A random shape of a rank that can be reached.
    pub fn some_shape(&mut self, rank: usize) -> Option<Shape> {
        let dimensions = self.dimensions.clone();
        for _ in 0..4 {
            let shape: Shape = (0..rank).filter_map(|_| self.random.pick(&dimensions).copied()).collect();
            if shape.len() == rank && self.reachable(&shape) {
                return Some(shape);
            }
        }
        self.visible().into_iter().map(|variable| variable.shape).find(|shape| shape.len() == rank)
    }

    fn reduced_to_scalar(&mut self, depth: usize) -> Option<ExpressionId> {
        let rank = 1 + self.random.below(LARGEST_RANK);
        let shape = self.some_shape(rank)?;
        let operand = self.expression(&shape, depth - 1);
        let (reduction, operand) = self.reduction(operand);
        self.mark("reduction");
        Some(self.builder.call(reduction, &[operand]))
    }

    /// The name of a reduction, and what it may be applied to: the norm not to zeros.
    fn reduction(&mut self, operand: ExpressionId) -> (&'static str, ExpressionId) {
        let reduction = self.random.word(&["sum", "sum", "mean", "max", "min", "norm", "prod"]);
        self.mark(reduction);
        let operand = if reduction == "norm" { self.positive(operand) } else { operand };
        (reduction, operand)
    }

    /// A shape with one more axis, and where that is.
    fn longer(&mut self, shape: &[Dimension]) -> Option<(Shape, usize)> {
        if shape.len() >= LARGEST_RANK {
            return None;
        }
        let dimensions = self.dimensions.clone();
        let choices = dimensions.iter().flat_map(|dimension| {
            (0..=shape.len()).map(|axis| ([&shape[..axis], &[*dimension], &shape[axis..]].concat(), axis))
        });
        let choices: Vec<(Shape, usize)> = choices.filter(|(longer, _)| self.reachable(longer)).collect();
        self.random.pick(&choices).cloned()
    }

    fn reduced(&mut self, shape: &[Dimension], depth: usize) -> Option<ExpressionId> {
        let (longer, axis) = self.longer(shape)?;
        let operand = self.expression(&longer, depth - 1);
        let (reduction, operand) = self.reduction(operand);
        self.mark("reduction with axis");
        Some(self.builder.call_with(reduction, &[operand], Some(axis), false))
    }

    /// `x / sum(x, axis = 1, keep = true)`
    fn kept(&mut self, shape: &[Dimension], depth: usize) -> Option<ExpressionId> {
        let (left, right) = (self.expression(shape, depth - 1), self.expression(shape, depth - 1));
        let axis = if self.random.chance(80) { Some(self.random.below(shape.len())) } else { None };
        let (reduction, right) = self.reduction(right);
        self.mark("reduction with keep");
        let kept = self.builder.call_with(reduction, &[right], axis, true);
        if self.random.chance(50) {
            let positive = self.positive(kept);
            return Some(self.builder.divide(left, positive));
        }
        Some(self.builder.binary(BinaryOperator::Subtract, left, kept))
    }

    fn softmax(&mut self, shape: &[Dimension], depth: usize) -> Option<ExpressionId> {
        let operand = self.expression(shape, depth - 1);
        let axis = if self.random.chance(40) { Some(self.random.below(shape.len())) } else { None };
        self.mark(if axis.is_some() { "softmax with axis" } else { "softmax" });
        let function = self.random.word(&["softmax", "softmax", "log_softmax"]);
        self.mark(function);
        Some(self.builder.call_with(function, &[operand], axis, false))
    }

    fn smoothed_maximum(&mut self, shape: &[Dimension], depth: usize) -> Option<ExpressionId> {
        let (longer, axis) = self.longer(shape)?;
        let operand = self.expression(&longer, depth - 1);
        let named = if axis == shape.len() && self.random.chance(70) { None } else { Some(axis) };
        self.mark(if named.is_some() { "logsumexp with axis" } else { "logsumexp" });
        Some(self.builder.call_with("logsumexp", &[operand], named, false))
    }

    fn entropy(&mut self, shape: &[Dimension], depth: usize) -> Option<ExpressionId> {
        let dimensions = self.dimensions.clone();
        let last = self.random.pick(&dimensions)?;
        let longer = [shape, &[*last]].concat();
        if longer.len() > LARGEST_RANK || !self.reachable(&longer) {
            return None;
        }
        let logits = self.expression(&longer, depth - 1);
        let likely =
            if self.random.chance(80) { self.builder.call("softmax", &[logits]) } else { self.positive(logits) };
        let target = self.expression(&longer, 0);
        self.mark("cross_entropy");
        Some(self.builder.call("cross_entropy", &[likely, target]))
    }

    fn product(&mut self, shape: &[Dimension], depth: usize) -> Option<ExpressionId> {
        let dimensions = self.dimensions.clone();
        let inner = *self.random.pick(&dimensions)?;
        let (left, right): (Shape, Shape) = match shape {
            [] => (vec![inner], vec![inner]),
            [only] if self.random.chance(50) => (vec![only, inner], vec![inner]),
            [only] => (vec![inner], vec![inner, only]),
            [rows, columns] => (vec![rows, inner], vec![inner, columns]),
            _ => return None,
        };
        if !self.reachable(&left) || !self.reachable(&right) {
            return None;
        }
        self.mark("matrix product");
        let mirrored: Shape = left.iter().rev().copied().collect();
        if right == mirrored && self.random.chance(60) {
            return Some(self.gram(&left, depth));
        }
        let (left, right) = (self.expression(&left, depth - 1), self.expression(&right, depth - 1));
        Some(self.builder.binary(BinaryOperator::MatrixMultiply, left, right))
    }

    /// An array times itself: two occurrences, the axes of which are not the same.
    fn gram(&mut self, shape: &[Dimension], depth: usize) -> ExpressionId {
        self.mark("array times itself");
        let levels = self.random.below(2).min(depth - 1);
        let left = self.expression(shape, levels);
        let right = if shape.len() == 2 { self.builder.push(ExpressionKind::Transpose(left)) } else { left };
        self.builder.binary(BinaryOperator::MatrixMultiply, left, right)
    }

    fn transposed(&mut self, shape: &[Dimension], depth: usize) -> Option<ExpressionId> {
        let reversed: Shape = shape.iter().rev().copied().collect();
        if !self.reachable(&reversed) {
            return None;
        }
        self.mark("transpose");
        let operand = self.expression(&reversed, depth - 1);
        Some(self.builder.push(ExpressionKind::Transpose(operand)))
    }

    fn trace(&mut self, depth: usize) -> Option<ExpressionId> {
        let dimensions = self.dimensions.clone();
        let size = *self.random.pick(&dimensions)?;
        self.mark("trace");
        let operand = self.expression(&[size, size], depth - 1);
        Some(self.builder.call("trace", &[operand]))
    }

    /// A call of a helper that yields a shape, mapped over the leading axes that its own result lacks.
    pub fn helper_call(&mut self, shape: &[Dimension], depth: usize) -> Option<ExpressionId> {
        let helpers = self.helpers;
        (0..3).find_map(|_| {
            let helper = self.random.pick(helpers)?;
            self.call_of(helper, shape, depth)
        })
    }

    fn call_of(&mut self, helper: &Helper, shape: &[Dimension], depth: usize) -> Option<ExpressionId> {
        if helper.parameters.iter().any(|parameter| !parameter.is_empty()) && !self.indices.is_empty() {
            return None;
        }
        let extra = &shape[..shape.len().checked_sub(helper.result.len())?];
        let arguments = self.argument_shapes(helper, extra, &shape[extra.len()..])?;
        if !extra.is_empty() {
            self.mark("helper mapped over leading axes");
        }
        self.mark("helper call");
        self.features.extend(&helper.features);
        let values: Vec<ExpressionId> = arguments.iter().map(|shape| self.expression(shape, depth - 1)).collect();
        let call = self.builder.call(helper.name, &values);
        if !self.random.chance(30) {
            return Some(call);
        }
        let again = self.similar_call(helper, &arguments, values);
        Some(match self.random.below(3) {
            0 => self.builder.multiply(call, again),
            1 => self.builder.add(call, again),
            _ => self.builder.binary(BinaryOperator::Subtract, call, again),
        })
    }

    /// The call once more, with two arguments exchanged or with another one at one place.
    fn similar_call(&mut self, helper: &Helper, shapes: &[Shape], mut values: Vec<ExpressionId>) -> ExpressionId {
        self.mark("helper called twice");
        let (one, other) = (self.random.below(values.len()), self.random.below(values.len()));
        if one != other && shapes[one] == shapes[other] {
            values.swap(one, other);
        } else {
            values[one] = self.expression(&shapes[one], 0);
        }
        self.builder.call(helper.name, &values)
    }

    fn argument_shapes(&mut self, helper: &Helper, extra: &[Dimension], result: &[Dimension]) -> Option<Vec<Shape>> {
        let mut known: Vec<(Dimension, Dimension)> = Vec::new();
        for (inner, outer) in helper.result.iter().zip(result) {
            if !substitute(&mut known, inner, outer) {
                return None;
            }
        }
        let must = self.random.below(helper.parameters.len());
        let mut shapes = Vec::new();
        for (place, parameter) in helper.parameters.iter().enumerate() {
            let mapped = place == must || self.random.chance(50);
            let mut shape: Shape = if mapped { extra.to_vec() } else { Vec::new() };
            for inner in parameter {
                let outer = known.iter().find(|(name, _)| name == inner).map(|(_, outer)| *outer);
                let dimensions = self.dimensions.clone();
                let outer = outer.or_else(|| self.random.pick(&dimensions).copied())?;
                if !substitute(&mut known, inner, outer) {
                    return None;
                }
                shape.push(outer);
            }
            if shape.len() > LARGEST_RANK || !self.reachable(&shape) {
                return None;
            }
            shapes.push(shape);
        }
        Some(shapes)
    }
}

/// Lets a helper's dimension stand for one of the caller's; literals stand for themselves only.
fn substitute(known: &mut Vec<(Dimension, Dimension)>, inner: Dimension, outer: Dimension) -> bool {
    if super::leaf::is_literal(inner) {
        return inner == outer;
    }
    match known.iter().find(|(name, _)| *name == inner) {
        Some((_, chosen)) => *chosen == outer,
        None => {
            known.push((inner, outer));
            true
        }
    }
}
