//! The ends of expressions: variables, numbers, dimensions, and the shortest way to a shape that no variable has.

use chainrule_compiler::syntax::{ExpressionId, ExpressionKind};

use super::scope::{Dimension, Generator, Shape};

/// A short way to a shape.
#[derive(Clone, Debug)]
enum Way {
    Variable(String),
    Transposed(String),
    Reduced(String, usize),
    Outer(String, String),
    Identity(Dimension),
    Vector(usize),
}

impl Generator<'_> {
    /// A value of a shape with no or almost no operators; the shape must be reachable.
    pub fn leaf(&mut self, shape: &[Dimension]) -> ExpressionId {
        match (shape, self.indices.is_empty()) {
            ([], true) => self.scalar_leaf(),
            ([], false) => self.indexed_leaf(),
            _ => self.array_leaf(shape),
        }
    }

    /// Whether [`Generator::leaf`] knows a way to a shape.
    pub fn reachable(&self, shape: &[Dimension]) -> bool {
        shape.is_empty() || !self.ways(shape).is_empty()
    }

    /// A number of the kind people write.
    pub fn literal(&mut self) -> ExpressionId {
        let choices = [0.5, 1.0, 2.0, 3.0, 0.1, 1.5, 0.25, 0.3, -1.0, -0.5, 1e-3, 12.0, 0.0];
        let value = self.random.pick(&choices).copied().unwrap_or(1.0);
        self.builder.number(value)
    }

    fn scalar_leaf(&mut self) -> ExpressionId {
        let scalars = self.of_shape(&[]);
        match self.random.below(20) {
            0..3 => self.literal(),
            3 if !self.constants.is_empty() => {
                let name = self.random.word(self.constants);
                let shadowed = self.variables.iter().any(|variable| variable.name == name);
                if !shadowed {
                    self.mark("constant");
                }
                if shadowed && !scalars.iter().any(|variable| variable.name == name) {
                    return self.literal();
                }
                self.builder.name(name)
            }
            4 if !self.variables.iter().any(|variable| variable.name == "pi") => {
                self.mark("pi");
                self.builder.name("pi")
            }
            5 if !self.scalar => self.dimension_leaf(),
            6..11 if !self.scalar => self.taken_from_array(),
            _ => match self.random.pick(&scalars) {
                Some(variable) => self.builder.name(&variable.name.clone()),
                None if self.scalar || self.variables.is_empty() => self.literal(),
                None => self.taken_from_array(),
            },
        }
    }

    fn dimension_leaf(&mut self) -> ExpressionId {
        let names: Vec<Dimension> = self.dimensions.iter().copied().filter(|name| !is_literal(name)).collect();
        let Some(name) = self.random.pick(&names) else { return self.literal() };
        self.mark("dimension as a number");
        let name = self.builder.name(name);
        let one = self.builder.number(1.0);
        self.builder.divide(one, name)
    }

    /// `x[0, 1]`, `mean(x)`
    fn taken_from_array(&mut self) -> ExpressionId {
        let arrays: Vec<_> = self.visible().into_iter().filter(|variable| !variable.shape.is_empty()).collect();
        let Some(array) = self.random.pick(&arrays).cloned() else { return self.literal() };
        let base = self.builder.name(&array.name);
        if array.shape.iter().all(|dimension| is_literal(dimension)) && self.random.chance(70) {
            self.mark("constant indexing");
            let places: Vec<String> = array.shape.iter().map(|dimension| self.place(dimension)).collect();
            return self.builder.access(base, &places);
        }
        self.mark("reduction");
        let reduction = self.random.word(&["sum", "mean", "max", "min", "prod"]);
        self.builder.call(reduction, &[base])
    }

    /// A position along a literal dimension.
    pub fn place(&mut self, dimension: &str) -> String {
        self.random.below(dimension.parse().unwrap_or(1)).to_string()
    }

    fn indexed_leaf(&mut self) -> ExpressionId {
        match self.random.below(10) {
            0 => self.literal(),
            1 => {
                self.mark("index as a number");
                let index = self.random.pick(&self.indices).map_or(String::new(), |(name, _)| name.clone());
                self.builder.name(&index)
            }
            2 => {
                let scalars = self.of_shape(&[]);
                match self.random.pick(&scalars) {
                    Some(variable) => self.builder.name(&variable.name.clone()),
                    None => self.literal(),
                }
            }
            _ => self.element(None).unwrap_or_else(|| self.literal()),
        }
    }

    fn array_leaf(&mut self, shape: &[Dimension]) -> ExpressionId {
        let ways = self.ways(shape);
        let direct: Vec<Way> = ways.iter().filter(|way| matches!(way, Way::Variable(_))).cloned().collect();
        let ways = if direct.is_empty() || self.random.chance(15) { ways } else { direct };
        let Some(way) = self.random.pick(&ways).cloned() else { return self.literal() };
        match way {
            Way::Variable(name) => self.builder.name(&name),
            Way::Transposed(name) => {
                self.mark("transpose");
                let base = self.builder.name(&name);
                self.builder.push(ExpressionKind::Transpose(base))
            }
            Way::Reduced(name, axis) => {
                self.mark("reduction with axis");
                let base = self.builder.name(&name);
                let reduction = self.random.word(&["sum", "mean", "max", "min", "prod"]);
                self.builder.call_with(reduction, &[base], Some(axis), false)
            }
            Way::Outer(left, right) => {
                self.mark("outer");
                let (left, right) = (self.builder.name(&left), self.builder.name(&right));
                self.builder.call("outer", &[left, right])
            }
            Way::Identity(dimension) => {
                self.mark("eye");
                let size = if is_literal(dimension) {
                    self.builder.number(dimension.parse().unwrap_or(1.0))
                } else {
                    self.builder.name(dimension)
                };
                self.builder.call("eye", &[size])
            }
            Way::Vector(size) => {
                self.mark("vector");
                let items: Vec<ExpressionId> = (0..size).map(|_| self.scalar_leaf()).collect();
                self.builder.push(ExpressionKind::Vector(items))
            }
        }
    }

    fn ways(&self, shape: &[Dimension]) -> Vec<Way> {
        let mut ways = Vec::new();
        let variables = self.visible();
        let reversed: Shape = shape.iter().rev().copied().collect();
        for variable in &variables {
            if variable.shape == shape {
                ways.push(Way::Variable(variable.name.clone()));
            }
            if shape.len() == 2 && variable.shape == reversed {
                ways.push(Way::Transposed(variable.name.clone()));
            }
            if variable.shape.len() == shape.len() + 1 {
                let without = |axis: usize| [&variable.shape[..axis], &variable.shape[axis + 1..]].concat();
                let axes = (0..variable.shape.len()).filter(|axis| without(*axis) == shape);
                ways.extend(axes.map(|axis| Way::Reduced(variable.name.clone(), axis)));
            }
        }
        match shape {
            [size] if is_literal(size) => ways.push(Way::Vector(size.parse().unwrap_or(1))),
            [rows, columns] => {
                if rows == columns && *rows != "1" {
                    ways.push(Way::Identity(rows));
                }
                let vector = |dimension| variables.iter().find(|variable| variable.shape == [dimension]);
                if let (Some(left), Some(right)) = (vector(*rows), vector(*columns)) {
                    ways.push(Way::Outer(left.name.clone(), right.name.clone()));
                }
            }
            _ => {}
        }
        ways
    }
}

/// Whether a dimension is a number.
pub fn is_literal(dimension: &str) -> bool {
    dimension.starts_with(|first: char| first.is_ascii_digit())
}
