//! Which arrays are passed by value, and their types.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::attributes::Attributes;
use crate::diagnostic::Diagnostic;
use crate::graph::{Dim, Graph};
use crate::number::FloatType;
use crate::resolve::Function;

/// Arrays of more bytes than this are not passed by value.
const MOST_BYTES: u64 = 4096;

/// How arrays are passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Regime {
    /// By value: scalars, and arrays of stated sizes.
    Values,
    /// As borrowed views, with a workspace.
    Views,
}

impl Regime {
    /// By inputs and outputs alone, or as an attribute says.
    ///
    /// # Errors
    /// [`crate::diagnostic::Code::Attribute`] where arrays are forced to be values and their sizes are not stated.
    pub(super) fn of(function: &Function, attributes: &Attributes) -> Result<Self, Diagnostic> {
        let graph = &function.graph;
        let outputs = function.outputs.iter().map(|output| output.axes.iter().map(|axis| graph.dim(*axis)).collect());
        let inputs = function.parameters.iter().map(|parameter| parameter.shape.clone());
        let shapes: Vec<Vec<Dim>> = inputs.chain(outputs).collect();
        let literal = |shape: &Vec<Dim>| shape.iter().all(|dim| matches!(dim, Dim::Literal(_)));
        let small = shapes.iter().all(|shape| literal(shape) && bytes(graph.float(), shape) <= MOST_BYTES);
        // A position outside is an error, which only functions of views return.
        let integer = function.parameters.iter().any(|parameter| parameter.integer);
        match attributes.regime() {
            Some((Self::Values, span)) if integer => {
                Err(Attributes::wrong(span, "functions of integer inputs take views: they return errors"))
            }
            None if integer => Ok(Self::Views),
            None if small => Ok(Self::Values),
            None | Some((Self::Views, _)) => Ok(Self::Views),
            Some((Self::Values, span)) if !shapes.iter().all(literal) => {
                let open = shapes.iter().flatten().find(|dim| !matches!(dim, Dim::Literal(_)));
                let name = open.map(|dim| graph.dim_text(*dim)).unwrap_or_default();
                Err(Attributes::wrong(
                    span,
                    format!("arrays are passed by value only if their sizes are stated: `{name}` is not"),
                ))
            }
            Some((Self::Values, _)) => Ok(Self::Values),
        }
    }
}

fn bytes(float: FloatType, shape: &[Dim]) -> u64 {
    let one = match float {
        FloatType::F32 => 4,
        FloatType::F64 => 8,
    };
    let size = |dim: &Dim| if let Dim::Literal(size) = dim { u64::from(*size) } else { 1 };
    shape.iter().map(size).fold(one, u64::saturating_mul)
}

/// `[[f64; 3]; 2]` of a type, or an array of one number in all places; of a scalar the type or the number itself.
pub(super) fn nested(element: &TokenStream, shape: &[Dim]) -> TokenStream {
    shape.iter().rev().fold(element.clone(), |inner, dim| {
        let size = Literal::u32_unsuffixed(if let Dim::Literal(size) = dim { *size } else { 0 });
        quote!([#inner; #size])
    })
}

/// The declared shape of something wanted.
pub(super) fn shape(graph: &Graph, wanted: &crate::lower::Wanted) -> Vec<Dim> {
    wanted.axes.iter().map(|axis| graph.dim(*axis)).collect()
}
