//! Index notation: elements of tensors under chosen indices, closing sums, and `let z[i, j] = ...`.
//!
//! Every index gets its size from an element it stands in alone, so each indexed expression starts from elements that
//! cover all of its new indices.

use chainrule_compiler::syntax::{BinaryOperator, ExpressionId};

use super::leaf::is_literal;
use super::scope::{Dimension, Generator, Shape, Variable};

const INDEX_NAMES: [&str; 8] = ["i", "j", "k", "l", "m", "n", "o", "g"];

impl Generator<'_> {
    /// `x[i, 0, j]`, where the required index must stand; axes without an index are closed by a sum.
    pub fn element(&mut self, required: Option<&(String, Dimension)>) -> Option<ExpressionId> {
        let fits = |variable: &Variable| match required {
            Some((_, dimension)) => variable.shape.contains(dimension),
            None => !variable.shape.is_empty(),
        };
        let arrays: Vec<Variable> = self.visible().into_iter().filter(fits).collect();
        let array = self.random.pick(&arrays)?.clone();
        let place = required.map(|(_, dimension)| {
            let axes: Vec<usize> = (0..array.shape.len()).filter(|axis| array.shape[*axis] == *dimension).collect();
            self.random.pick(&axes).copied().unwrap_or(0)
        });
        let known = self.indices.len();
        let mut places = Vec::new();
        for (axis, dimension) in array.shape.iter().enumerate() {
            match required {
                Some((index, _)) if place == Some(axis) => places.push(index.clone()),
                _ => places.push(self.index_for(dimension)),
            }
        }
        let closed: Vec<String> = self.indices.drain(known..).map(|(name, _)| name).collect();
        self.mark_access(&places);
        let base = self.builder.name(&array.name);
        let element = self.builder.access(base, &places);
        if closed.is_empty() {
            return Some(element);
        }
        let closer = self.closer();
        Some(self.builder.close(closer, &closed, element))
    }

    /// What closes indices.
    fn closer(&mut self) -> &'static str {
        let closer = self.random.word(&["sum", "sum", "sum", "sum", "sum", "max", "max", "prod"]);
        self.mark(match closer {
            "sum" => "sum over indices",
            "max" => "max over indices",
            _ => "product over indices",
        });
        closer
    }

    fn mark_access(&mut self, places: &[String]) {
        self.mark("element");
        let repeated = (1..places.len()).any(|at| !is_literal(&places[at]) && places[..at].contains(&places[at]));
        if repeated {
            self.mark("diagonal by a repeated index");
        }
        if places.iter().any(|place| is_literal(place)) && places.iter().any(|place| !is_literal(place)) {
            self.mark("index beside a number");
        }
    }

    /// An index in reach for an axis, or a position, or a new index at the end of those in reach.
    fn index_for(&mut self, dimension: Dimension) -> String {
        let matching = self.indices.iter().filter(|(_, other)| *other == dimension);
        let matching: Vec<String> = matching.map(|(name, _)| name.clone()).collect();
        if is_literal(dimension) && (matching.is_empty() || self.random.chance(20)) && self.random.chance(60) {
            return self.place(dimension);
        }
        if !matching.is_empty() && self.random.chance(90) {
            return self.random.pick(&matching).cloned().unwrap_or_default();
        }
        self.new_index(dimension)
    }

    fn new_index(&mut self, dimension: Dimension) -> String {
        let used = |name: &str| {
            self.indices.iter().any(|(known, _)| known == name)
                || self.variables.iter().any(|variable| variable.name == name)
        };
        let free: Vec<&str> = INDEX_NAMES.into_iter().filter(|name| !used(name)).collect();
        let name = if self.random.chance(80) { free.first() } else { self.random.pick(&free) };
        let name = name.map_or_else(|| format!("index_{}", self.indices.len()), |name| (*name).to_owned());
        self.indices.push((name.clone(), dimension));
        name
    }

    /// The dimensions that some visible tensor has.
    fn indexable(&self) -> Shape {
        self.dimensions
            .iter()
            .copied()
            .filter(|dimension| self.visible().iter().any(|variable| variable.shape.contains(dimension)))
            .collect()
    }

    /// Elements that cover the indices from a place on, combined with an expression over all indices.
    fn covering(&mut self, from: usize, depth: usize) -> Option<ExpressionId> {
        let mut covered: Option<ExpressionId> = None;
        let indices: Vec<(String, Dimension)> = self.indices.iter().skip(from).cloned().collect();
        for index in &indices {
            let element = self.element(Some(index))?;
            covered = Some(match covered {
                None => element,
                Some(others) if self.random.chance(80) => self.builder.multiply(others, element),
                Some(others) => self.builder.add(others, element),
            });
        }
        let covered = covered?;
        if self.random.chance(30) {
            return Some(covered);
        }
        let other = self.expression(&[], depth.saturating_sub(1));
        Some(if self.random.chance(70) {
            self.builder.multiply(covered, other)
        } else {
            self.builder.add(other, covered)
        })
    }

    /// `sum[i, j](...)` or `max[i](...)`
    pub fn closed_index(&mut self, depth: usize) -> ExpressionId {
        let dimensions = self.indexable();
        let known = self.indices.len();
        let count = if self.random.chance(30) { 2 } else { 1 };
        for _ in 0..count {
            if let Some(dimension) = self.random.pick(&dimensions).copied() {
                self.new_index(dimension);
            }
        }
        let body = self.covering(known, depth);
        let closed: Vec<String> = self.indices.drain(known..).map(|(name, _)| name).collect();
        let Some(body) = body else { return self.leaf(&[]) };
        let closer = self.closer();
        self.builder.close(closer, &closed, body)
    }

    /// `sum[i, j](log(1 + exp(a[i, j] - max[k](a[k, k]))))`: how far entries are above or below the maximum of a part of
    /// the array, or of all of it.
    pub fn below_a_maximum(&mut self) -> Option<ExpressionId> {
        let fits = |variable: &Variable| !variable.shape.is_empty() && variable.shape.len() <= 3;
        let arrays: Vec<Variable> = self.visible().into_iter().filter(fits).collect();
        let square = |variable: &&Variable| {
            (1..variable.shape.len()).any(|at| variable.shape[..at].contains(&variable.shape[at]))
        };
        let squares: Vec<Variable> = arrays.iter().filter(square).cloned().collect();
        let arrays = if squares.is_empty() || self.random.chance(30) { arrays } else { squares };
        let array = self.random.pick(&arrays)?.clone();
        let known = self.indices.len();
        for dimension in &array.shape {
            self.new_index(dimension);
        }
        let outside: Vec<String> = self.indices[known..].iter().map(|(name, _)| name.clone()).collect();
        let inner = self.indices.len();
        let mut places: Vec<String> = Vec::new();
        for (axis, dimension) in array.shape.iter().enumerate() {
            let diagonal =
                self.indices[inner..].iter().find(|(_, other)| other == dimension).map(|(name, _)| name.clone());
            let place = match diagonal {
                Some(name) if self.random.chance(80) => name,
                _ if self.random.chance(25) => outside[axis].clone(),
                _ if is_literal(dimension) && self.random.chance(30) => self.place(dimension),
                _ => self.new_index(dimension),
            };
            places.push(place);
        }
        let closed: Vec<String> = self.indices.drain(inner..).map(|(name, _)| name).collect();
        let base = self.builder.name(&array.name);
        let part = self.builder.access(base, &places);
        let maximum = if closed.is_empty() { part } else { self.builder.close("max", &closed, part) };
        let base = self.builder.name(&array.name);
        let element = self.builder.access(base, &outside);
        let difference = self.builder.binary(BinaryOperator::Subtract, element, maximum);
        let exponential = self.builder.call("exp", &[difference]);
        let body = if self.random.chance(70) {
            let one = self.builder.number(1.0);
            let sum = self.builder.add(one, exponential);
            self.builder.call("log", &[sum])
        } else {
            exponential
        };
        self.indices.truncate(known);
        self.mark("exponential below a maximum");
        Some(self.builder.close("sum", &outside, body))
    }

    /// The indices, the shape and the value of a `let z[i, j] = ...`.
    pub fn indexed_value(&mut self, depth: usize) -> Option<(Vec<String>, Shape, ExpressionId)> {
        let dimensions = self.indexable();
        let rank = [1, 1, 2, 2, 2, 3][self.random.below(6)];
        for _ in 0..rank {
            let dimension = *self.random.pick(&dimensions)?;
            self.new_index(dimension);
        }
        let value = self.covering(0, depth);
        let mut indices = std::mem::take(&mut self.indices);
        if self.random.chance(30) {
            indices.reverse();
        }
        self.mark("let with indices");
        let (names, shape) = indices.into_iter().unzip();
        Some((names, shape, value?))
    }
}
