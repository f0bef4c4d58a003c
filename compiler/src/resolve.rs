//! From the syntax tree to one [`Graph`] per function: names, kinds, shapes and index notation become axes.
//!
//! In: a [`Module`]. Out: a [`Function`] for each `fn`, with every call inlined, or all mistakes found. Two laws live
//! here: whole-array arithmetic (`shape`) and the mapping of a function over extra leading dimensions (`call`).
//!
//! Invariants: every occurrence of an array has axes of its own, unified by position or by index, never by the name of
//! a dimension; no function recurses over the depth of a formula (the `machine` keeps its own stack); what is not
//! supported is an error that names the construct.

mod call;
mod check;
mod function;
mod index;
mod machine;
mod reduce;
mod scope;
mod shape;
mod shift;
mod signature;
mod suggest;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

pub(crate) use signature::is_reserved;

use crate::diagnostic::{Diagnostic, Diagnostics, Span};
pub use crate::facts::Fact;
use crate::graph::{Axis, Dim, Graph, NodeId, Ref};
use crate::parse::parse_module;
use crate::syntax::{Attribute, Module};

/// A function, resolved: its graph and what the graph's nodes mean to the user.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Everything it computes, as written.
    pub graph: Graph,
    /// Parameters in order.
    pub parameters: Vec<Parameter>,
    /// Results in order; one unless the body ends in a tuple.
    pub outputs: Vec<Output>,
    /// What `where` states.
    pub facts: Vec<Fact>,
    /// `let` names of the function's own body, in order: what a printer may call a node.
    pub names: Vec<LetName>,
    /// Calls of the prelude that the function or functions of its module make, whose bodies are inlined in the graph.
    pub calls: Vec<LibraryCall>,
    /// The names of all functions of its module: they shadow the prelude's.
    pub module: Vec<String>,
    /// Attributes and doc comments, in order.
    pub attributes: Vec<Attribute>,
    /// `pub`, ... as written.
    pub visibility: String,
    /// The name's place.
    pub span: Span,
    /// What is odd, but no mistake.
    pub warnings: Diagnostics,
}

/// A parameter of a [`Function`].
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its place.
    pub span: Span,
    /// Its node.
    pub node: NodeId,
    /// Its shape; empty for a scalar.
    pub shape: Vec<Dim>,
    /// Whether the function is differentiated by it.
    pub wrt: bool,
    /// Whether it says positions in arrays: whole numbers, by which nothing is differentiated.
    pub integer: bool,
}

/// Where a function of the prelude was called: what a picture may draw as one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryCall {
    /// The function's name.
    pub name: String,
    /// Its value.
    pub value: NodeId,
    /// Its arguments in order; one that folded away has none.
    pub arguments: Vec<Option<NodeId>>,
}

/// What a `let` of the function's own body calls a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetName {
    /// The name.
    pub name: String,
    /// The node.
    pub node: NodeId,
    /// For each axis of the bound array, the slot of the node that it is.
    pub slots: Vec<usize>,
}

/// A result of a [`Function`].
#[derive(Clone, Debug)]
pub struct Output {
    /// Its name, if the function states one.
    pub name: Option<String>,
    /// Its value; may lack some of the declared axes, and then broadcasts over them.
    pub value: Ref,
    /// Its axes in the order of its shape.
    pub axes: Vec<Axis>,
}

/// The prelude as text, in the language itself.
pub const PRELUDE: &str = include_str!("prelude.chainrule");

static PRELUDE_MODULE: LazyLock<Module> = LazyLock::new(|| parse_module(PRELUDE).unwrap_or_default());

/// How many axes each parameter of a prelude function takes, `None` for any shape; nothing for what is no such function.
pub(crate) fn prelude_ranks(name: &str) -> Option<Vec<Option<usize>>> {
    let function = PRELUDE_MODULE.functions.iter().find(|function| function.name.text == name)?;
    let rank = |parameter: &crate::syntax::Parameter| match &parameter.ty {
        None => Some(0),
        Some(ty) if ty.any_shape => None,
        Some(ty) => Some(ty.shape.len()),
    };
    Some(function.parameters.iter().map(rank).collect())
}

/// Resolves every function of a module. `text` is the source that the module was parsed from.
///
/// # Errors
/// Every mistake found, in the order of the text.
pub fn resolve(module: &Module, text: &str) -> Result<Vec<Function>, Diagnostics> {
    let mut errors = check::module(module);
    if !errors.is_empty() {
        return Err(sorted(errors));
    }
    let mut functions = Vec::new();
    let by_name = module.functions.iter().map(|function| (function.name.text.as_str(), function)).collect();
    for place in 0..module.functions.len() {
        match machine::Machine::new(module, &by_name, text, place).run() {
            Ok(function) => functions.push(function),
            Err(found) => errors.extend(found),
        }
    }
    // What a function reads has been told there, in the same words.
    if !module.functions.is_empty() {
        let mistakes = |constant| machine::Machine::new(module, &by_name, text, 0).mistakes_in(constant);
        errors.extend(module.constants.iter().flat_map(mistakes));
    }
    if errors.is_empty() { Ok(functions) } else { Err(sorted(errors)) }
}

fn sorted(mut errors: Diagnostics) -> Diagnostics {
    errors.sort_by_key(|error: &Diagnostic| error.spans.first().copied());
    errors.dedup();
    errors
}
