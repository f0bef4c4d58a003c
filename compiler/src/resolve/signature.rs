//! Types and names of functions: what a parameter takes, which names are taken.

use super::machine::Machine;
use super::suggest::did_you_mean;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::graph::{Axis, Dim};
use crate::number::FloatType;
use crate::operators::{ALL, Operator};
use crate::syntax::{Dimension, DimensionKind, Function, Module, Type};

/// What is called like a function and is neither an operator of the table nor a definition of the prelude.
pub(super) const STRUCTURAL: &[&str] = &["sum", "size", "eye"];
/// What the language will have; calling it is an error that says so.
pub(super) const PLANNED: &[&str] = &["concat", "fold", "scan"];

/// Whether a name is an operator's, so that nothing else may have it.
pub(super) fn is_reserved(name: &str) -> bool {
    Operator::called(name).is_some() || STRUCTURAL.contains(&name) || PLANNED.contains(&name)
}

/// The error for a function that does not exist.
pub(super) fn unknown_function(name: &str, span: Span, module: &Module, prelude: &Module) -> Diagnostic {
    let own = module.functions.iter().chain(&prelude.functions).map(|function| function.name.text.as_str());
    let operators = ALL.iter().filter(|op| Operator::called(op.row().name).is_some()).map(|op| op.row().name);
    let mut error = Diagnostic::new(Code::UnknownFunction, span, format!("there is no function `{name}`"));
    error.help = did_you_mean(name, own.chain(operators).chain(STRUCTURAL.iter().copied())).or_else(|| {
        Some(
            "a formula calls operators, the prelude and functions of its own block; a function of another `grad!` block \
             must be moved into this one"
                .into(),
        )
    });
    error
}

/// The float type that a function states, or an error where it states two, or something else.
pub(super) fn float_type(function: &Function) -> Result<Option<FloatType>, Diagnostic> {
    let mut stated: Option<(FloatType, Span)> = None;
    for element in super::check::types(function).filter_map(|ty| ty.element.as_ref()) {
        let float = match element.text.as_str() {
            "f64" => FloatType::F64,
            "f32" => FloatType::F32,
            "i32" | "i64" | "u32" | "u64" | "usize" | "isize" => {
                let message = format!("integer parameters (`{}`) are not supported yet", element.text);
                return Err(Diagnostic::new(Code::NotSupported, element.span, message));
            }
            other => {
                let message = format!("`{other}` is no element type of a formula");
                let help = "write `f64` or `f32`, or nothing: `f64` is the default";
                return Err(Diagnostic::new(Code::Type, element.span, message).with_help(help));
            }
        };
        match stated {
            Some((first, span)) if first != float => {
                let message =
                    format!("`{}` computes in `{}` and in `{}`", function.name.text, first.name(), float.name());
                let help = "a function has one float type";
                return Err(Diagnostic::new(Code::FloatType, element.span, message).with_span(span).with_help(help));
            }
            _ => stated = Some((float, element.span)),
        }
    }
    Ok(stated.map(|(float, _)| float))
}

impl Machine<'_> {
    /// The dimension that a type states, in the current function; a new name in a callee is inferred.
    pub(super) fn stated_dim(&mut self, dimension: &Dimension) -> Result<Dim, Diagnostic> {
        match &dimension.kind {
            DimensionKind::Literal(0) => {
                Err(Diagnostic::new(Code::Shape, dimension.span, "a dimension of size 0 has no elements"))
            }
            DimensionKind::Literal(size) => u32::try_from(*size)
                .map(Dim::Literal)
                .map_err(|_| Diagnostic::new(Code::TooLarge, dimension.span, "this dimension is larger than 2^32 - 1")),
            DimensionKind::Name(name) => match self.frame().dims.get(name) {
                Some(dim) => Ok(*dim),
                None => {
                    let dim = self.variable(name, dimension.span);
                    self.frame_mut().dims.insert(name.clone(), dim);
                    Ok(dim)
                }
            },
        }
    }

    /// Checks a value's shape against a stated type and unifies their dimensions.
    pub(super) fn expect_shape(&mut self, shape: &[Axis], ty: &Type, what: &str, span: Span) -> Result<(), Diagnostic> {
        let stated = ty.shape.iter().map(|dim| self.stated_dim(dim)).collect::<Result<Vec<_>, _>>()?;
        let fits = shape.len() == stated.len()
            && shape.iter().zip(&stated).all(|(axis, dim)| {
                let own = self.graph.dim(*axis);
                self.unify(own, *dim)
            });
        if fits {
            return Ok(());
        }
        let stated: Vec<String> = stated.iter().map(|dim| self.graph.dim_text(self.known(*dim))).collect();
        let stated = if stated.is_empty() { "a scalar".into() } else { format!("[{}]", stated.join(", ")) };
        let message = format!("{what} is {stated}, but the value is {}", self.shape_text(shape));
        Err(Diagnostic::new(Code::Shape, span, message).with_span(ty.span))
    }
}
