//! From a block of functions to the Rust that `grad!` leaves in its place.
//!
//! In: the text of the block, the path of the facade that emitted code starts its paths at, and a way back from a place
//! in the text to the user's token. Out: for each `fn f` the function `f` and a module `f` beside it, or every mistake
//! found. Everything is specialised straight-line Rust with real branches: no tape, no allocation, no `unsafe`.

mod assertion;
mod attributes;
mod body;
pub mod document;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::derive::{DerivativeKind, Derived, Layer, Request, derive};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::graph::{Graph, NodeId};
use crate::lower::{Wanted, lower, lower_from};
use crate::number::FloatType;
use crate::operators::Kind;
use crate::parse::parse_module;
use crate::resolve::{Function, resolve};
use attributes::{Attributes, Part};
use body::{Body, Results};

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
/// [`Code::NotSupported`] for shapes and several outputs, [`Code::TooLarge`] for a formula that is too long for rustc,
/// [`Code::Attribute`], and what [`derive()`] refuses.
pub fn emit_function(function: Function, origin: &Origin) -> Result<TokenStream, Diagnostic> {
    refuse_shapes(&function)?;
    let attributes = Attributes::read(&function)?;
    let mut gradient = derive(function.clone(), &Request { order: 1, ..Request::default() })?;
    gradient.stabilise()?;
    let must_use = attributes.results(origin);
    let formulas = document::of_gradient(&gradient, &attributes);
    let emitter = Emitter { origin, attributes: &attributes, gradient: &gradient, formulas, must_use };
    emitter.items(function)
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

/// Only scalars are emitted so far.
fn refuse_shapes(function: &Function) -> Result<(), Diagnostic> {
    let help = "`chainrule eval` and `chainrule derive` take shapes already";
    if let Some(parameter) = function.parameters.iter().find(|parameter| !parameter.shape.is_empty()) {
        let message = format!("the parameter `{}` has a shape: arrays are not emitted yet", parameter.name);
        return Err(Diagnostic::new(Code::NotSupported, parameter.span, message).with_help(help));
    }
    let [output] = function.outputs.as_slice() else {
        let message = format!("`{}` has several outputs: that is not emitted yet", function.name);
        return Err(Diagnostic::new(Code::NotSupported, function.span, message).with_help(help));
    };
    let graph = &function.graph;
    let live = graph.live([output.value.node]);
    let array = graph.nodes().any(|node| live[node.index()] && !graph.local_dims(node).is_empty());
    if !output.axes.is_empty() || array {
        let message = format!("`{}` computes with arrays: that is not emitted yet", function.name);
        return Err(Diagnostic::new(Code::NotSupported, function.span, message).with_help(help));
    }
    Ok(())
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

    /// Straight-line code for values of a graph.
    fn body(
        &self,
        derived: &Derived,
        wanted: &[NodeId],
        given: &[NodeId],
        saved: &Ident,
    ) -> Result<Results, Diagnostic> {
        self.body_of(&derived.function.graph, derived, wanted, given, saved)
    }

    /// As [`Emitter::body`], where a graph has nodes that the derivation lacks.
    fn body_of(
        &self,
        graph: &Graph,
        derived: &Derived,
        wanted: &[NodeId],
        given: &[NodeId],
        saved: &Ident,
    ) -> Result<Results, Diagnostic> {
        let wanted: Vec<Wanted> = wanted
            .iter()
            .map(|node| Wanted { value: crate::graph::Ref { node: *node, axes: Vec::new() }, axes: Vec::new() })
            .collect();
        let program = if given.is_empty() { lower(graph, &wanted) } else { lower_from(graph, &wanted, given) };
        let mut inputs = self.parameters();
        inputs.extend(derived.upstream.iter().map(|name| Ident::new(name, proc_macro2::Span::call_site())));
        let body = Body::new(&program, &inputs, saved, &self.origin.facade);
        body.emit().map_err(|count| {
            let message = format!(
                "`{}` needs {count} lines of Rust: rustc takes about {}",
                derived.function.name,
                body::MOST_LINES
            );
            Diagnostic::new(Code::TooLarge, derived.function.span, message)
        })
    }

    fn items(&self, function: Function) -> Result<TokenStream, Diagnostic> {
        let name = self.ident(&function.name, function.span);
        let (module, place) = self.attributes.module(&function);
        let module = self.ident(module, place);
        let (parameters, float, must_use) = (self.parameters(), self.float(), &self.must_use);
        let visibility: TokenStream = function.visibility.parse().unwrap_or_default();
        let docs = document::of_function(self.gradient, self.attributes, self.origin);
        let formulas = &self.formulas;
        let shared = self.attributes.shared(self.origin);
        let about = format!("Derivatives of [`{}`](fn@{0}).", function.name);
        let hessian = self.hessian(&function)?;
        let parts = [self.value()?, self.gradients()?, self.layer(function)?, hessian];
        Ok(quote! {
            #shared
            #docs
            #formulas
            #must_use
            #[inline]
            #[allow(dead_code, deprecated, non_snake_case, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]
            #visibility fn #name(#(#parameters: #float),*) -> #float {
                #module::value(#(#parameters),*)
            }
            #shared
            #[doc = #about]
            #formulas
            #[allow(dead_code, non_snake_case, non_camel_case_types, unused, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]
            #visibility mod #module {
                #(#parts)*
            }
        })
    }

    fn value(&self) -> Result<TokenStream, Diagnostic> {
        let (parameters, float) = (self.parameters(), self.float());
        let output = self.nodes()[0];
        let Results { lines, values } = self.body(self.gradient, &[output], &[], &local("saved"))?;
        let (docs, must_use) = (document::of_value(self.gradient), &self.must_use);
        Ok(quote! {
            #docs
            #must_use
            #[inline]
            pub fn value(#(#parameters: #float),*) -> #float {
                #lines
                #(#values)*
            }
        })
    }

    /// The value, then its derivatives.
    fn nodes(&self) -> Vec<NodeId> {
        self.gradient.numeric().iter().map(|value| value.node).collect()
    }

    fn gradients(&self) -> Result<TokenStream, Diagnostic> {
        let fields = self.fields();
        let parts = [Part::Gradient, Part::ValueAndGradient, Part::Layer];
        let wanted = parts.into_iter().any(|part| self.attributes.wants(part));
        let structure = if wanted { self.gradient_structure() } else { TokenStream::new() };
        let mut functions = Vec::new();
        let all = self.nodes();
        let facts = self.assertions(self.gradient)?;
        let checked =
            |results: Results| Results { lines: [facts.clone(), results.lines].into_iter().collect(), ..results };
        if self.attributes.wants(Part::Gradient) {
            let results = checked(self.body(self.gradient, &all[1..], &[], &local("saved"))?);
            functions.push(self.gradient_function(&results, &fields));
            if fields.len() == 1 {
                functions.push(self.derivative_function(&results));
            }
        }
        if self.attributes.wants(Part::ValueAndGradient) {
            let results = checked(self.body(self.gradient, &all, &[], &local("saved"))?);
            functions.push(self.value_and_gradient_function(&results, &fields));
            if fields.len() == 1 {
                functions.push(self.value_and_derivative_function(&results));
            }
        }
        Ok(quote! { #structure #(#functions)* })
    }

    fn gradient_structure(&self) -> TokenStream {
        let (fields, float) = (self.fields(), self.float());
        let count = fields.len();
        let docs = fields.iter().map(|field| format!("The derivative by `{field}`."));
        quote! {
            /// One derivative for each input, in the order of the parameters.
            #[derive(Clone, Copy, Debug, Default, PartialEq)]
            pub struct Gradient {
                #(#[doc = #docs] pub #fields: #float,)*
            }
            impl Gradient {
                /// The derivatives in the order of the parameters.
                #[inline]
                pub fn to_array(self) -> [#float; #count] {
                    [#(self.#fields),*]
                }
                /// The gradient of an array in the order of the parameters.
                #[inline]
                pub fn from_array([#(#fields),*]: [#float; #count]) -> Self {
                    Self { #(#fields),* }
                }
            }
        }
    }

    fn gradient_function(&self, results: &Results, fields: &[Ident]) -> TokenStream {
        let (parameters, float, must_use) = (self.parameters(), self.float(), &self.must_use);
        let docs = &self.formulas;
        let Results { lines, values } = results;
        quote! {
            /// The gradient.
            #docs
            #must_use
            #[inline]
            pub fn gradient(#(#parameters: #float),*) -> Gradient {
                #lines
                Gradient { #(#fields: #values),* }
            }
        }
    }

    fn derivative_function(&self, results: &Results) -> TokenStream {
        let (parameters, float, must_use) = (self.parameters(), self.float(), &self.must_use);
        let docs = &self.formulas;
        let Results { lines, values } = results;
        quote! {
            /// The derivative.
            #docs
            #must_use
            #[inline]
            pub fn derivative(#(#parameters: #float),*) -> #float {
                #lines
                #(#values)*
            }
        }
    }

    fn value_and_gradient_function(&self, results: &Results, fields: &[Ident]) -> TokenStream {
        let (parameters, float, must_use) = (self.parameters(), self.float(), &self.must_use);
        let docs = &self.formulas;
        let lines = &results.lines;
        let (value, derivatives) = (&results.values[0], &results.values[1..]);
        quote! {
            /// The value and the gradient, with what they share computed once.
            #docs
            #must_use
            #[inline]
            pub fn value_and_gradient(#(#parameters: #float),*) -> (#float, Gradient) {
                #lines
                (#value, Gradient { #(#fields: #derivatives),* })
            }
        }
    }

    fn value_and_derivative_function(&self, results: &Results) -> TokenStream {
        let (parameters, float, must_use) = (self.parameters(), self.float(), &self.must_use);
        let docs = &self.formulas;
        let Results { lines, values } = results;
        quote! {
            /// The value and the derivative, with what they share computed once.
            #docs
            #must_use
            #[inline]
            pub fn value_and_derivative(#(#parameters: #float),*) -> (#float, #float) {
                #lines
                (#(#values),*)
            }
        }
    }

    /// `forward` and `backward`: a layer that saves what its backward pass reads.
    fn layer(&self, function: Function) -> Result<TokenStream, Diagnostic> {
        if !self.attributes.wants(Part::Layer) {
            return Ok(TokenStream::new());
        }
        let upstream = self.unused_name("upstream");
        let saved_name = local(&self.unused_name("saved"));
        let request = Request { order: 1, upstream: Some(upstream.clone()), ..Request::default() };
        let mut pullback = derive(function, &request)?;
        pullback.stabilise_beside(self.gradient)?;
        debug_assert!(pullback.entries.iter().all(|entry| entry.kind == DerivativeKind::Pullback));
        let (parameters, float, fields) = (self.parameters(), self.float(), self.fields());
        let Layer { outputs, cotangents, saved, kept } = pullback.layer();
        let wanted: Vec<NodeId> = outputs.into_iter().take(1).chain(kept).collect();
        let forward = self.body(&pullback, &wanted, &[], &saved_name)?;
        let backward = self.body(&pullback, &cotangents, &saved, &saved_name)?;
        let slots: Vec<Ident> = (0..saved.len()).map(|place| local(&format!("s{place}"))).collect();
        let types = saved.iter().map(|node| match pullback.function.graph.kind(*node) {
            Kind::Number => float.clone(),
            Kind::Truth => quote!(bool),
        });
        let (value, kept) = (&forward.values[0], &forward.values[1..]);
        let (forward_lines, backward_lines, cotangents) = (&forward.lines, &backward.lines, &backward.values);
        let upstream = local(&upstream);
        let (docs, facts) = (document::of_gradient(&pullback, self.attributes), self.assertions(&pullback)?);
        let (formula, must_use) = (document::formula(&pullback), &self.must_use);
        Ok(quote! {
            /// What the backward pass needs of the forward pass, beside the inputs.
            #[derive(Clone, Copy, Debug, PartialEq)]
            pub struct Saved { #(#slots: #types,)* }
            /// The value, and what [`backward`] needs.
            #formula
            #must_use
            #[inline]
            pub fn forward(#(#parameters: #float),*) -> (#float, Saved) {
                #forward_lines
                (#value, Saved { #(#slots: #kept),* })
            }
            /// The cotangents of the inputs, from the cotangent of the output.
            #docs
            #must_use
            #[inline]
            pub fn backward(#(#parameters: #float,)* #saved_name: &Saved, #upstream: #float) -> Gradient {
                #facts
                #backward_lines
                Gradient { #(#fields: #cotangents),* }
            }
        })
    }

    fn hessian(&self, function: &Function) -> Result<TokenStream, Diagnostic> {
        if !self.attributes.wants(Part::Hessian) {
            return Ok(TokenStream::new());
        }
        let mut hessian = derive(function.clone(), &Request { order: 2, ..Request::default() })?;
        hessian.stabilise_beside(self.gradient)?;
        let values = hessian.numeric();
        let entries = hessian.entries.iter().zip(&values[1..]);
        let second = entries.filter(|(entry, _)| entry.kind == DerivativeKind::Hessian);
        let nodes: Vec<NodeId> = second.map(|(_, value)| value.node).collect();
        let (parameters, float, count) = (self.parameters(), self.float(), self.fields().len());
        let Results { lines, values } = self.body(&hessian, &nodes, &[], &local("saved"))?;
        let rows = values.chunks(count.max(1)).map(|row| quote!([#(#row),*]));
        let (docs, facts) = (document::of_hessian(&hessian, self.attributes), self.assertions(&hessian)?);
        let must_use = &self.must_use;
        Ok(quote! {
            /// The second derivatives: row and column in the order of the parameters.
            #docs
            #must_use
            #[inline]
            pub fn hessian(#(#parameters: #float),*) -> [[#float; #count]; #count] {
                #facts
                #lines
                [#(#rows),*]
            }
        })
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
}

fn local(name: &str) -> Ident {
    Ident::new(name, proc_macro2::Span::call_site())
}
