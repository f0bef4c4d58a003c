//! Types and names of functions: what a parameter takes, which names are taken.

use super::machine::Machine;
use super::shape::Array;
use super::suggest::did_you_mean;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::graph::{Axis, Dim};
use crate::number::FloatType;
use crate::operators::{ALL, Operator};
use crate::syntax::{Dimension, DimensionKind, Function, Module, Name, Parameter, Type};

/// What is called like a function and is neither an operator of the table nor a definition of the prelude.
pub(super) const STRUCTURAL: &[&str] = &["sum", "prod", "size", "eye", "concat"];
/// What the language will have; calling it is an error that says so.
pub(super) const PLANNED: &[&str] = &["fold", "scan"];

/// Whether a name is an operator's, so that nothing else may have it.
pub(crate) fn is_reserved(name: &str) -> bool {
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

/// Whether a parameter is an integer input: `index: i32[N]`.
pub(super) fn is_integer(parameter: &Parameter) -> bool {
    let element = parameter.ty.as_ref().and_then(|ty| ty.element.as_ref());
    element.is_some_and(|element| element.text == "i32")
}

/// The float type of a name.
pub(super) fn float(element: &Name) -> Result<FloatType, Diagnostic> {
    match element.text.as_str() {
        "f64" => Ok(FloatType::F64),
        "f32" => Ok(FloatType::F32),
        "i32" => {
            let message = "a value is a float: only a parameter is an integer, which says positions in arrays";
            Err(Diagnostic::new(Code::Type, element.span, message))
        }
        "i64" | "u32" | "u64" | "usize" | "isize" => {
            let message = format!("integer parameters of type `{}` are not supported yet", element.text);
            Err(Diagnostic::new(Code::NotSupported, element.span, message).with_help("write `i32`"))
        }
        other => {
            let message = format!("`{other}` is no element type of a formula");
            let help = "write `f64` or `f32`, or nothing: `f64` is the default";
            Err(Diagnostic::new(Code::Type, element.span, message).with_help(help))
        }
    }
}

/// The float type that a function states, or an error where it states two, or something else.
pub(super) fn float_type(function: &Function) -> Result<Option<FloatType>, Diagnostic> {
    let mut stated: Option<(FloatType, Span)> = None;
    let integers: Vec<&Type> =
        function.parameters.iter().filter(|own| is_integer(own)).filter_map(|own| own.ty.as_ref()).collect();
    let floats = super::check::types(function).filter(|ty| !integers.iter().any(|own| std::ptr::eq(*own, *ty)));
    for element in floats.filter_map(|ty| ty.element.as_ref()) {
        let float = float(element)?;
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
        let stated: Vec<String> = stated.iter().map(|dim| self.dim_text(*dim)).collect();
        let stated = if stated.is_empty() { "a scalar".into() } else { format!("[{}]", stated.join(", ")) };
        let message = format!("{what} is {stated}, but the value is {}", self.shape_text(shape));
        Err(Diagnostic::new(Code::Shape, span, message).with_span(ty.span))
    }

    /// An argument as the callee sees it: over axes whose sizes have the callee's own names.
    pub(super) fn bind_shape(
        &mut self,
        argument: &Array,
        ty: &Type,
        what: &str,
        span: Span,
    ) -> Result<Array, Diagnostic> {
        let mut shape = Vec::with_capacity(ty.shape.len());
        for (axis, dimension) in argument.shape.iter().zip(&ty.shape) {
            let given = self.dim(*axis);
            let (fits, dim) = match &dimension.kind {
                DimensionKind::Literal(_) => {
                    let stated = self.stated_dim(dimension)?;
                    (self.unify(given, stated), stated)
                }
                DimensionKind::Name(name) => match self.frame().dims.get(name).copied() {
                    Some(known) => {
                        let first = self.variable_of(known).and_then(|variable| variable.dim).unwrap_or(known);
                        (self.unify(first, given), known)
                    }
                    None => {
                        let dim = self.rigid(name, given, dimension.span);
                        self.frame_mut().dims.insert(name.clone(), dim);
                        (true, dim)
                    }
                },
            };
            if !fits {
                let stated: Vec<String> = ty.shape.iter().map(|dimension| stated_text(&dimension.kind)).collect();
                let given = self.shape_text(&argument.shape);
                let message = format!("{what} is [{}], but the argument is {given}", stated.join(", "));
                return Err(Diagnostic::new(Code::Shape, span, message));
            }
            shape.push(self.graph.axis(dim, ""));
        }
        Ok(Array { value: argument.value.renamed(&argument.shape, &shape), shape })
    }

    /// A result as the caller sees it: sizes have the caller's names again.
    pub(super) fn returned_shape(&mut self, array: &Array) -> Array {
        let mut shape = Vec::with_capacity(array.shape.len());
        for axis in &array.shape {
            let dim = self.dim(*axis);
            let given = self.variable_of(dim).filter(|variable| variable.rigid).and_then(|variable| variable.dim);
            shape.push(self.graph.axis(given.unwrap_or(dim), ""));
        }
        Array { value: array.value.renamed(&array.shape, &shape), shape }
    }
}

fn stated_text(kind: &DimensionKind) -> String {
    match kind {
        DimensionKind::Literal(size) => size.to_string(),
        DimensionKind::Name(name) => name.clone(),
    }
}
