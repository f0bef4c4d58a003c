//! Arrays as the user sees them, and the one law of whole-array arithmetic: equal shapes, a scalar, or a suffix that
//! fits at one place only; a size of 1 stretches.

use super::machine::{Machine, Variable};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::graph::{Axis, Dim, GraphError, Ref};

/// A value with its shape. The value may lack axes of the shape (it then broadcasts), and it may have axes beyond it:
/// open indices, and the leading dimensions that a function is mapped over.
#[derive(Clone, Debug)]
pub(super) struct Array {
    pub(super) value: Ref,
    pub(super) shape: Vec<Axis>,
}

/// What an expression yields.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// A mistake was reported; whatever is built on this says nothing more.
    Poison,
    /// An ordinary value.
    Array(Array),
    /// `(u, v)`, with names where the entries are names.
    Tuple(Vec<(Option<String>, Array)>),
}

impl From<Ref> for Array {
    /// A scalar.
    fn from(value: Ref) -> Self {
        Self { value, shape: Vec::new() }
    }
}

impl Machine<'_> {
    /// The dimension of an axis as far as it is known.
    pub(super) fn dim(&self, axis: Axis) -> Dim {
        self.known(self.graph.dim(axis))
    }

    pub(super) fn known(&self, mut dim: Dim) -> Dim {
        while let Some(next) =
            self.variable_of(dim).filter(|variable| !variable.rigid).and_then(|variable| variable.dim)
        {
            dim = next;
        }
        dim
    }

    /// The dimension that a dimension stands for in the main function.
    pub(super) fn real(&self, mut dim: Dim) -> Dim {
        while let Some(next) = self.variable_of(dim).and_then(|variable| variable.dim) {
            dim = next;
        }
        dim
    }

    pub(super) fn variable_of(&self, dim: Dim) -> Option<&Variable> {
        let Dim::Variable(variable) = dim else { return None };
        self.variables.get(variable as usize)
    }

    fn is_flexible(&self, dim: Dim) -> bool {
        self.variable_of(dim).is_some_and(|variable| !variable.rigid)
    }

    /// A dimension as the current function calls it.
    pub(super) fn dim_text(&self, dim: Dim) -> String {
        let dim = self.known(dim);
        self.variable_of(dim)
            .filter(|variable| variable.rigid)
            .map_or_else(|| self.graph.dim_text(dim), |v| v.name.clone())
    }

    /// Makes two dimensions one, if they can be.
    pub(super) fn unify(&mut self, left: Dim, right: Dim) -> bool {
        let (left, right) = (self.known(left), self.known(right));
        match (left, right) {
            _ if left == right => true,
            (Dim::Variable(variable), known) if self.is_flexible(left) => {
                self.variables[variable as usize].dim = Some(known);
                true
            }
            (known, Dim::Variable(variable)) if self.is_flexible(right) => {
                self.variables[variable as usize].dim = Some(known);
                true
            }
            _ => false,
        }
    }

    /// The same array with axes of its own: what each occurrence of a name is.
    pub(super) fn occurrence(&mut self, array: &Array) -> Array {
        if array.shape.is_empty() {
            return array.clone();
        }
        let shape: Vec<Axis> = array.shape.iter().map(|axis| self.graph.axis_like(*axis)).collect();
        Array { value: array.value.renamed(&array.shape, &shape), shape }
    }

    /// The dimensions of a shape as text: `[N, 784]`.
    pub(super) fn shape_text(&self, shape: &[Axis]) -> String {
        if shape.is_empty() {
            return "a scalar".into();
        }
        let dims: Vec<String> = shape.iter().map(|axis| self.dim_text(self.dim(*axis))).collect();
        format!("[{}]", dims.join(", "))
    }

    /// Brings operands to one shape under the law; their uses then share its axes.
    pub(super) fn align(&mut self, operands: &mut [Array], what: &str, span: Span) -> Result<Vec<Axis>, Diagnostic> {
        self.refuse_mixture(operands, span)?;
        let Some(largest) = operands.iter().map(|operand| operand.shape.len()).max().filter(|rank| *rank > 0) else {
            return Ok(Vec::new());
        };
        let reference = operands.iter().position(|operand| operand.shape.len() == largest).unwrap_or(0);
        let mut common = operands[reference].shape.clone();
        for (place, operand) in operands.iter().enumerate() {
            if place != reference && !operand.shape.is_empty() {
                self.check_fit(&common, &operand.shape, what, span)?;
                let offset = largest - operand.shape.len();
                for (slot, axis) in operand.shape.iter().enumerate() {
                    if self.dim(common[offset + slot]) == Dim::Literal(1) {
                        common[offset + slot] = *axis;
                    }
                }
            }
        }
        for operand in operands.iter_mut() {
            let offset = largest - operand.shape.len();
            *operand = self.stretch(operand, &common[offset..]).map_err(|error| self.fault(&error, span))?;
        }
        Ok(common)
    }

    /// An operand over the axes of the common shape; a size of 1 that meets another size is dropped.
    fn stretch(&mut self, operand: &Array, common: &[Axis]) -> Result<Array, GraphError> {
        if operand.shape.is_empty() {
            return Ok(operand.clone());
        }
        let mut value = operand.value.clone();
        for (from, to) in operand.shape.iter().zip(common) {
            if self.dim(*from) == Dim::Literal(1) && self.dim(*to) != Dim::Literal(1) && value.axes.contains(from) {
                value = self.graph.sum(&[*from], &value)?;
            }
        }
        Ok(Array { value: value.renamed(&operand.shape, common), shape: common.to_vec() })
    }

    fn check_fit(&mut self, long: &[Axis], short: &[Axis], what: &str, span: Span) -> Result<(), Diagnostic> {
        let offset = long.len() - short.len();
        let could = |machine: &Self, place: usize| {
            short.iter().zip(&long[place..]).all(|(a, b)| match (machine.dim(*a), machine.dim(*b)) {
                (Dim::Literal(1), _) | (_, Dim::Literal(1)) => true,
                (a, b) => a == b || machine.is_flexible(a) || machine.is_flexible(b),
            })
        };
        let texts = |machine: &Self| (machine.shape_text(long), machine.shape_text(short));
        if !could(self, offset) {
            let (long, short) = texts(self);
            let message = format!("{what} needs shapes that fit: {long} and {short} do not");
            let help = "elementwise operators take equal shapes, a scalar, or a shape that is the end of the other; for \
                        anything else write the axes: `let out[i, j] = a[i] + b[j];`";
            return Err(Diagnostic::new(Code::Shape, span, message).with_help(help));
        }
        if (0..offset).any(|place| could(self, place)) {
            let (long, short) = texts(self);
            let message = format!("{what} of {long} and {short} could mean different axes");
            let help = format!(
                "{short} fits {long} in more than one place, and chainrule never guesses: write the axes in index \
                 notation, such as `let out[i, j] = a[i, j] / b[i];`, or keep the axis with `keep = true`"
            );
            return Err(Diagnostic::new(Code::AmbiguousShape, span, message).with_help(help));
        }
        for (a, b) in short.iter().zip(&long[offset..]) {
            let (a, b) = (self.dim(*a), self.dim(*b));
            if a != Dim::Literal(1) && b != Dim::Literal(1) {
                self.unify(a, b);
            }
        }
        Ok(())
    }

    /// Indexed and whole operands do not mix in one elementwise operator.
    fn refuse_mixture(&self, operands: &[Array], span: Span) -> Result<(), Diagnostic> {
        let whole = operands.iter().find(|operand| !operand.shape.is_empty());
        let index = operands.iter().find_map(|operand| self.free_index(operand).filter(|_| operand.shape.is_empty()));
        let (Some(whole), Some(index)) = (whole, index) else { return Ok(()) };
        let shape = self.shape_text(&whole.shape);
        let message = format!("an operand with the index `{index}` meets a whole array of shape {shape}");
        let help = "indexed and whole operands do not mix: give the array its indices too, such as `b[i]`";
        Err(Diagnostic::new(Code::Index, span, message).with_help(help))
    }

    /// An open index of the current function that a value depends on.
    pub(super) fn free_index(&self, array: &Array) -> Option<&str> {
        if array.value.axes.is_empty() {
            return None;
        }
        let open = self.frame().open_indices();
        array.value.axes.iter().find_map(|axis| open.iter().find(|(_, a)| a == axis).map(|(name, _)| *name))
    }
}
