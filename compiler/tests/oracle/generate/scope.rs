//! What a program under construction knows at one place: variables with symbolic shapes, indices, helpers.

use std::collections::BTreeSet;

use chainrule_compiler::syntax::ExpressionId;

use super::builder::Builder;
use super::random::Random;

/// A dimension: a name such as `N`, or a literal size such as `3`; `1` only comes from `keep = true`.
pub type Dimension = &'static str;

/// The dimensions of a tensor; none for a scalar.
pub type Shape = Vec<Dimension>;

/// A parameter or a `let`.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Shape,
}

/// A function that the ones after it may call.
#[derive(Clone, Debug)]
pub struct Helper {
    /// Its name.
    pub name: &'static str,
    /// The shapes of its parameters, in its own dimension names.
    pub parameters: Vec<Shape>,
    /// The shape of its value.
    pub result: Shape,
    /// What it contains; a program contains that only if it calls the helper.
    pub features: BTreeSet<&'static str>,
}

/// A function under construction.
#[derive(Debug)]
pub struct Generator<'a> {
    /// The choices.
    pub random: &'a mut Random,
    /// The function's expressions.
    pub builder: Builder,
    /// Parameters and `let`s in reach; later ones hide earlier ones of the same name.
    pub variables: Vec<Variable>,
    /// Indices in reach, with the dimension they run over.
    pub indices: Vec<(String, Dimension)>,
    /// Dimensions of the parameters.
    pub dimensions: Vec<Dimension>,
    /// Functions that may be called.
    pub helpers: &'a [Helper],
    /// Constants of the module.
    pub constants: &'a [&'static str],
    /// What the program contains, for the statistics.
    pub features: &'a mut BTreeSet<&'static str>,
    /// How many more inner expressions there may be.
    pub budget: usize,
    /// Whether there are no arrays at all.
    pub scalar: bool,
}

impl Generator<'_> {
    /// Notes that the program contains something.
    pub fn mark(&mut self, feature: &'static str) {
        self.features.insert(feature);
    }

    /// The variables that are not hidden.
    pub fn visible(&self) -> Vec<Variable> {
        let hidden = |place: usize, name: &str| self.variables[place + 1..].iter().any(|later| later.name == name);
        let each = self.variables.iter().enumerate();
        each.filter(|(place, variable)| !hidden(*place, &variable.name)).map(|(_, variable)| variable.clone()).collect()
    }

    /// The visible variables of a shape.
    pub fn of_shape(&self, shape: &[Dimension]) -> Vec<Variable> {
        self.visible().into_iter().filter(|variable| variable.shape == shape).collect()
    }

    /// An expression of a shape, at most `depth` levels above the leaves.
    pub fn expression(&mut self, shape: &[Dimension], depth: usize) -> ExpressionId {
        if depth == 0 || self.budget == 0 {
            return self.leaf(shape);
        }
        self.budget -= 1;
        let indexed = !self.indices.is_empty();
        let choice = self.random.below(100);
        let special = match choice {
            0..16 => self.helper_call(shape, depth),
            16..50 if !self.scalar && !indexed => self.whole(shape, depth),
            16..32 if indexed => Some(self.closed_index(depth)),
            32..37 if indexed => Some(self.unindexed(depth)),
            _ => None,
        };
        special.unwrap_or_else(|| self.elementwise(shape, depth))
    }

    /// A scalar without free indices inside of index notation.
    fn unindexed(&mut self, depth: usize) -> ExpressionId {
        let indices = std::mem::take(&mut self.indices);
        let value = self.expression(&[], depth.min(2) - 1);
        self.indices = indices;
        value
    }

    /// An expression of a shape whose size is 1 or a dimension's, used where a shorter shape may stand in.
    pub fn smaller(&mut self, shape: &[Dimension], depth: usize) -> ExpressionId {
        let suffixes: Vec<Shape> = (1..shape.len()).map(|from| shape[from..].to_vec()).collect();
        if let Some(suffix) = self.random.pick(&suffixes).cloned()
            && fits_once(&suffix, shape)
            && self.reachable(&suffix)
            && self.random.chance(40)
        {
            self.mark("suffix broadcast");
            return self.expression(&suffix, depth);
        }
        if !shape.is_empty() && self.random.chance(40) {
            return self.expression(&[], depth.min(2));
        }
        self.expression(shape, depth)
    }
}

/// Whether the law allows a suffix: its dimensions stand nowhere else in the longer shape.
fn fits_once(suffix: &[Dimension], shape: &[Dimension]) -> bool {
    suffix.iter().all(|dimension| shape.iter().filter(|other| *other == dimension).count() == 1)
}
