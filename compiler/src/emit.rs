//! From a block of functions to the Rust that `grad!` leaves in its place.
//!
//! In: the text of the block, the path of the facade that emitted code starts its paths at, and a way back from a place
//! in the text to the user's token. Out: for each `fn f` the function `f` and a module `f` beside it, or every mistake
//! found. Scalars and arrays of small stated sizes are passed by value (`values`): no allocation, no workspace. Other arrays
//! are borrowed views, and what is computed on the way lies in a workspace that is used again (`views`). No tape, no
//! `unsafe`.
//!
//! Invariant: which of the two it is depends on the function's inputs and outputs alone, never on what is asked for.

mod assertion;
mod attributes;
mod body;
pub mod document;
mod spelling;
mod types;
mod values;
mod views;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::derive::{Derived, Request, derive};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::graph::{Graph, GraphError, NodeId};
use crate::loops::{Contractions, Routine, fuse};
use crate::lower::{Wanted, lower, lower_from};
use crate::number::FloatType;
use crate::parse::parse_module;
use crate::resolve::{Function, resolve};
use attributes::Attributes;
use body::{Body, Results};
use spelling::{Spelling, Style, local};
use types::Regime;

/// Where emitted tokens come from.
pub struct Origin<'a> {
    /// The path of the facade, such as `::chainrule`.
    pub facade: TokenStream,
    /// The user's token of a place in the text.
    pub spans: &'a dyn Fn(Span) -> proc_macro2::Span,
}

/// Compiles a block of the language to Rust items.
///
/// # Errors
/// All mistakes of the block, in the order of the text.
pub fn emit_block(
    text: &str,
    facade: TokenStream,
    spans: &dyn Fn(Span) -> proc_macro2::Span,
) -> Result<TokenStream, Diagnostics> {
    let module = parse_module(text)?;
    let functions = resolve(&module, text)?;
    let origin = Origin { facade, spans };
    let mut tokens = TokenStream::new();
    let mut errors = same_modules(&functions);
    for function in functions {
        match emit_function(function, &origin) {
            Ok(items) => tokens.extend(items),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(tokens) } else { Err(errors) }
}

/// Emits one function: itself, and the module of its derivatives.
///
/// # Errors
/// [`Code::TooLarge`] for a formula that is too long for rustc, [`Code::Attribute`], [`Code::NotSupported`], and what
/// [`derive()`] refuses.
pub fn emit_function(function: Function, origin: &Origin) -> Result<TokenStream, Diagnostic> {
    let attributes = Attributes::read(&function)?;
    let regime = Regime::of(&function, &attributes)?;
    let mut gradient = derive(function.clone(), &Request { order: 1, ..Request::default() })?;
    gradient.stabilise()?;
    let must_use = attributes.results(origin);
    let formulas = document::of_gradient(&gradient, &attributes);
    let emitter = Emitter { origin, attributes: &attributes, gradient: &gradient, formulas, must_use };
    match regime {
        Regime::Values => emitter.by_value(function),
        Regime::Views => emitter.by_view(function),
    }
}

/// What is wrong with the attributes of a function, which only emission reads.
///
/// # Errors
/// [`Code::Attribute`] for what is unknown, malformed or contradicts itself, [`Code::NotSupported`].
pub fn check_attributes(function: &Function) -> Result<(), Diagnostic> {
    Attributes::read(function).map(|_| ())
}

/// Two modules of one name in a block. rustc says it too, but under the whole block.
fn same_modules(functions: &[Function]) -> Diagnostics {
    let mut seen: HashMap<String, Span> = HashMap::new();
    let mut errors = Vec::new();
    for function in functions {
        let Ok(attributes) = Attributes::read(function) else { continue };
        if attributes.is_conditional() {
            continue;
        }
        let (name, span) = attributes.module(function);
        if let Some(first) = seen.insert(name.to_owned(), span) {
            let message = format!("two modules are named `{name}`");
            let error = Diagnostic::new(Code::DuplicateName, span, message).with_span(first);
            errors.push(error.with_help("choose another name: `#[emit(module = name)]`"));
        }
    }
    errors
}

struct Emitter<'a> {
    origin: &'a Origin<'a>,
    attributes: &'a Attributes,
    gradient: &'a Derived,
    /// The documentation of the gradient, which several items have.
    formulas: TokenStream,
    /// What the user says of every result.
    must_use: TokenStream,
}

impl Emitter<'_> {
    fn float(&self) -> TokenStream {
        match self.gradient.function.graph.float() {
            FloatType::F64 => quote!(f64),
            FloatType::F32 => quote!(f32),
        }
    }

    /// An identifier under the user's token.
    fn ident(&self, name: &str, span: Span) -> Ident {
        Ident::new(name, (self.origin.spans)(span))
    }

    fn parameters(&self) -> Vec<Ident> {
        self.gradient.function.parameters.iter().map(|parameter| self.ident(&parameter.name, parameter.span)).collect()
    }

    fn fields(&self) -> Vec<Ident> {
        let parameters = self.parameters();
        self.gradient.wrt().into_iter().map(|place| parameters[place].clone()).collect()
    }

    /// What computes some values of a graph: a routine, and how it is spelled.
    fn routine(&self, graph: &Graph, wanted: &[Wanted], given: &[NodeId], style: Style) -> Routine {
        let program = if given.is_empty() { lower(graph, wanted) } else { lower_from(graph, wanted, given) };
        let contractions = if style == Style::Nested { Contractions::Loops } else { Contractions::Kernels };
        fuse(&program, contractions)
    }

    fn spelling(&self, derived: &Derived, style: Style, saved: &Ident) -> Spelling {
        let mut inputs = self.parameters();
        inputs.extend(derived.upstreams().iter().map(|name| local(name)));
        Spelling::new(&self.origin.facade, style, inputs, saved)
    }

    /// The code of a routine, or that rustc does not take it.
    fn code(&self, routine: &Routine, spelling: &Spelling) -> Result<Results, Diagnostic> {
        Body::new(routine, spelling).emit().map_err(|count| {
            let function = &self.gradient.function;
            let most = body::MOST_LINES;
            let message = format!("`{}` needs {count} lines of Rust: rustc takes about {most}", function.name);
            Diagnostic::new(Code::TooLarge, function.span, message)
        })
    }

    /// The function and its module.
    fn items(
        &self,
        function: &Function,
        signature: &TokenStream,
        call: &TokenStream,
        parts: &[TokenStream],
    ) -> TokenStream {
        let name = self.ident(&function.name, function.span);
        let (module, place) = self.attributes.module(function);
        let module = self.ident(module, place);
        let must_use = &self.must_use;
        let visibility: TokenStream = function.visibility.parse().unwrap_or_default();
        let docs = document::of_function(self.gradient, self.attributes, self.origin);
        let formulas = &self.formulas;
        let shared = self.attributes.shared(self.origin);
        let about = format!("Derivatives of [`{}`](fn@{0}).", function.name);
        quote! {
            #shared
            #docs
            #formulas
            #must_use
            #[inline]
            #[allow(dead_code, deprecated, non_snake_case, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]
            #visibility fn #name #signature {
                #module::#call
            }
            #shared
            #[doc = #about]
            #formulas
            #[allow(dead_code, non_snake_case, non_camel_case_types, unused, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]
            #visibility mod #module {
                #(#parts)*
            }
        }
    }

    /// A name that no parameter and no output has.
    fn unused_name(&self, wanted: &str) -> String {
        let function = &self.gradient.function;
        let parameters = function.parameters.iter().map(|parameter| &parameter.name);
        let taken: HashSet<&String> =
            parameters.chain(function.outputs.iter().filter_map(|output| output.name.as_ref())).collect();
        let mut name = wanted.to_owned();
        while taken.contains(&name) {
            name.push('_');
        }
        name
    }

    fn fault(&self, error: &GraphError) -> Diagnostic {
        Diagnostic::new(Code::TooLarge, self.gradient.function.span, error.to_string())
    }
}
