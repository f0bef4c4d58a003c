//! Reductions and matrix notation: `sum`, `prod`, `max` and `min` over axes, `@`, `.T`, vectors in brackets.

use super::call::Named;
use super::machine::Machine;
use super::shape::Array;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::graph::{Axis, Dim, GraphError, Ref};
use crate::number::Number;
use crate::operators::Operator;
use crate::syntax::{Call, Name};

impl Machine<'_> {
    /// `sum(x)`, `max(x, axis = 1)`, `min(x, axis = 0, keep = true)`.
    pub(super) fn reduction(
        &mut self,
        name: &str,
        argument: &Array,
        named: Named,
        span: Span,
    ) -> Result<Array, Diagnostic> {
        if let (Some(index), true) = (self.free_index(argument), argument.shape.is_empty()) {
            let message = format!("`{name}` of an operand with the index `{index}`");
            let help = format!("say which index it closes: `{name}[{index}](...)`");
            return Err(Diagnostic::new(Code::Index, span, message).with_help(help));
        }
        let mut closed = argument.shape.clone();
        let mut shape = Vec::new();
        if let Some((axis, place)) = named.axis {
            if axis >= argument.shape.len() {
                return Err(self.no_such_axis(&argument.shape, axis, name, place));
            }
            shape.clone_from(&argument.shape);
            closed = vec![shape.remove(axis)];
            if named.keep {
                shape.insert(axis, self.graph.axis(Dim::Literal(1), ""));
            }
        } else if named.keep {
            shape = argument.shape.iter().map(|_| self.graph.axis(Dim::Literal(1), "")).collect();
        }
        let value = self.close(name, &closed, &argument.value).map_err(|error| self.fault(&error, span))?;
        Ok(Array { value, shape })
    }

    /// `sum[i, j](...)`: the axes of the indices that it closes.
    pub(super) fn close_axes(
        &mut self,
        call: &Call,
        arguments: &[Array],
        indices: &[Name],
        closed: &[(Axis, bool)],
        span: Span,
    ) -> Result<Array, Diagnostic> {
        let name = call.function.text.as_str();
        if !matches!(name, "sum" | "prod" | "max" | "min") {
            let message = format!("`{name}` closes no indices: `sum[...]`, `prod[...]`, `max[...]` and `min[...]` do");
            return Err(Diagnostic::new(Code::Index, self.place(call.function.span), message));
        }
        let [body] = arguments else {
            let message = format!("`{name}[...]` takes 1 argument, {} given", arguments.len());
            return Err(Diagnostic::new(Code::Arity, span, message));
        };
        if let Some((named, _)) = call.named.first() {
            let message = format!("`{name}[...]` closes the indices it names and takes no `{}`", named.text);
            return Err(Diagnostic::new(Code::Axis, self.place(named.span), message));
        }
        if !body.shape.is_empty() {
            let message = format!("`{name}[...]` of a whole array of shape {}", self.shape_text(&body.shape));
            let help = format!("give the array its indices, such as `x[{}]`", names(indices));
            return Err(Diagnostic::new(Code::Index, span, message).with_help(help));
        }
        if let Some((name, _)) = indices.iter().zip(closed).find(|(_, (_, used))| !used) {
            return Err(self.unused_index(name));
        }
        let axes: Vec<Axis> = closed.iter().map(|(axis, _)| *axis).collect();
        let value = self.close(name, &axes, &body.value).map_err(|error| self.fault(&error, span))?;
        Ok(value.into())
    }

    fn close(&mut self, name: &str, closed: &[Axis], body: &Ref) -> Result<Ref, GraphError> {
        match name {
            "sum" => self.graph.sum(closed, body),
            "max" => self.graph.max(closed, body),
            "prod" => self.graph.prod(closed, body),
            _ => {
                let negated = self.graph.apply(Operator::Negate, std::slice::from_ref(body))?;
                let largest = self.graph.max(closed, &negated)?;
                self.graph.apply(Operator::Negate, &[largest])
            }
        }
    }

    /// `size(x)`: how many elements an array has.
    pub(super) fn size(&mut self, array: &Array, span: Span) -> Result<Array, Diagnostic> {
        let mut result = self.graph.constant(Number::ONE).map_err(|error| self.fault(&error, span))?;
        for axis in &array.shape {
            let dim = self.dim(*axis);
            let product = self.graph.size(dim).and_then(|size| self.graph.apply(Operator::Multiply, &[result, size]));
            result = product.map_err(|error| self.fault(&error, span))?;
        }
        Ok(result.into())
    }

    /// `a @ b`: the last axis of the left operand meets the first but one of the right one.
    pub(super) fn matrix_product(
        &mut self,
        left: Array,
        right: Array,
        sources: [Option<&str>; 2],
        span: Span,
    ) -> Result<Array, Diagnostic> {
        let (ranks, texts) =
            ((left.shape.len(), right.shape.len()), (self.shape_text(&left.shape), self.shape_text(&right.shape)));
        if let Some(index) = self.free_index(&left).or_else(|| self.free_index(&right))
            && (ranks.0 == 0 || ranks.1 == 0)
        {
            let message = format!("`@` takes whole arrays, and an operand has the index `{index}`");
            let help = "write the sum: `sum[k](a[i, k] * b[k, j])`";
            return Err(Diagnostic::new(Code::Index, span, message).with_help(help));
        }
        if !matches!(ranks, (1 | 2, 1 | 2)) {
            let message = format!("`@` takes vectors and matrices, not {} @ {}", texts.0, texts.1);
            let help = "write `*` for a product with a scalar, and index notation for more dimensions: \
                        `let out[b, i, j] = sum[k](x[b, i, k] * y[b, k, j]);`";
            return Err(Diagnostic::new(Code::Shape, span, message).with_help(help));
        }
        let inner = (left.shape[ranks.0 - 1], right.shape[0]);
        let dims = (self.graph.dim(inner.0), self.graph.dim(inner.1));
        if !self.unify(dims.0, dims.1) {
            let message = format!("`@` of {} and {}: the inner dimensions differ", texts.0, texts.1);
            let mut error = Diagnostic::new(Code::Shape, span, message);
            let last = right.shape[right.shape.len() - 1];
            let transposed = |source: Option<&str>, side: &str| match source {
                Some(name) if name.chars().all(|c| c.is_alphanumeric() || c == '_') => format!("write `{name}.T`"),
                Some(text) => format!("write `({text}).T`"),
                None => format!("transpose the {side} operand: `.T`"),
            };
            error.help = if ranks.1 == 2 && self.dim(last) == self.dim(inner.0) {
                Some(transposed(sources[1], "right"))
            } else if ranks.0 == 2 && self.dim(left.shape[0]) == self.dim(inner.1) {
                Some(transposed(sources[0], "left"))
            } else {
                None
            };
            return Err(error);
        }
        let value = right.value.renamed(&[inner.1], &[inner.0]);
        let product = self.graph.apply(Operator::Multiply, &[left.value.clone(), value]);
        let value = product.and_then(|product| self.graph.sum(&[inner.0], &product));
        let value = value.map_err(|error| self.fault(&error, span))?;
        let mut shape = left.shape[..ranks.0 - 1].to_vec();
        shape.extend(&right.shape[1..]);
        Ok(Array { value, shape })
    }

    /// `x.T`: the two axes of a matrix change places.
    pub(super) fn transpose(&mut self, mut array: Array, span: Span) -> Result<Array, Diagnostic> {
        if array.shape.len() == 2 {
            array.shape.reverse();
            return Ok(array);
        }
        let message = format!("`.T` takes a matrix, and this is {}", self.shape_text(&array.shape));
        let help = match array.shape.len() {
            1 => "a vector is neither a row nor a column: `a @ b` and `outer(a, b)` need no `.T`",
            _ => "permute axes in index notation: `let out[j, i, k] = x[i, j, k];`",
        };
        Err(Diagnostic::new(Code::Shape, span, message).with_help(help))
    }

    /// `[a, b]`: entries side by side along a new first axis.
    pub(super) fn vector(&mut self, entries: &[Array], span: Span) -> Result<Array, Diagnostic> {
        let mut entries = entries.to_vec();
        let inner = self.align(&mut entries, "a vector", span)?;
        let Some((last, rest)) = entries.split_last() else {
            return Err(Diagnostic::new(Code::Shape, span, "a vector needs an entry"));
        };
        if entries.iter().any(|entry| entry.shape.len() != inner.len()) {
            let message = "the entries of a vector have different shapes";
            return Err(Diagnostic::new(Code::Shape, span, message));
        }
        let size = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        let axis = self.graph.axis(Dim::Literal(size), "");
        let mut value = last.value.clone();
        for (place, entry) in rest.iter().enumerate().rev() {
            value = self.at(axis, place, &entry.value, &value).map_err(|error| self.fault(&error, span))?;
        }
        let mut shape = vec![axis];
        shape.extend(inner);
        Ok(Array { value, shape })
    }

    /// `yes` at one position of an axis, `no` elsewhere.
    pub(super) fn at(&mut self, axis: Axis, place: usize, yes: &Ref, no: &Ref) -> Result<Ref, GraphError> {
        let position = self.graph.iota(axis)?;
        let wanted = self.graph.constant(Number::new(place as i128, 0))?;
        let here = self.graph.apply(Operator::Equal, &[position, wanted])?;
        self.graph.apply(Operator::Select, &[here, yes.clone(), no.clone()])
    }
}

fn names(indices: &[Name]) -> String {
    indices.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(", ")
}
