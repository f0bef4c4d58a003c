//! Functions of scalars and of arrays that are passed by value.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::attributes::Part;
use super::body::Results;
use super::spelling::{Style, local};
use super::types::{nested, shape};
use super::{Emitter, document};
use crate::derive::{DerivativeKind, Derived, Layer, Request, check_upstream, derive};
use crate::diagnostic::Diagnostic;
use crate::graph::{Dim, Graph, NodeId};
use crate::loops::Outcome;
use crate::lower::Wanted;
use crate::number::FloatType;
use crate::operators::Kind;
use crate::resolve::Function;

/// A field of a structure that is emitted: its name, its documentation and its shape.
struct Field {
    name: Ident,
    about: String,
    shape: Vec<Dim>,
}

impl Emitter<'_> {
    /// The function and its module.
    pub(super) fn by_value(&self, function: Function) -> Result<TokenStream, Diagnostic> {
        let (parameters, arguments, result) = (self.parameters(), self.arguments(), self.result());
        let signature = quote!((#(#arguments),*) -> #result);
        let call = quote!(value(#(#parameters),*));
        let (hessian, jacobian) = (self.hessian(&function)?, self.jacobian()?);
        let layer = self.layer(function.clone())?;
        let parts = [self.value()?, self.gradients()?, jacobian, layer, hessian, self.hessian_vector()?];
        Ok(self.items(&function, &signature, &call, &parts))
    }

    /// Whether the result is one number, which has a gradient.
    pub(super) fn is_scalar(&self) -> bool {
        matches!(self.gradient.function.outputs.as_slice(), [output] if output.axes.is_empty())
    }

    /// `x: f64, q: [f64; 3]`
    fn arguments(&self) -> Vec<TokenStream> {
        let float = self.float();
        let types = self.gradient.function.parameters.iter().map(|parameter| nested(&float, &parameter.shape));
        self.parameters().into_iter().zip(types).map(|(name, own)| quote!(#name: #own)).collect()
    }

    /// The type of the value: of several outputs a tuple.
    fn result(&self) -> TokenStream {
        let float = self.float();
        let graph = &self.gradient.function.graph;
        let own = |wanted: &Wanted| nested(&float, &shape(graph, wanted));
        let count = self.gradient.function.outputs.len();
        let types: Vec<TokenStream> = self.gradient.wanted()[..count].iter().map(own).collect();
        match types.as_slice() {
            [one] => one.clone(),
            all => quote!((#(#all),*)),
        }
    }

    /// Code for values of a graph.
    pub(super) fn body(
        &self,
        graph: &Graph,
        derived: &Derived,
        wanted: &[Wanted],
        given: &[NodeId],
        saved: &Ident,
    ) -> Result<Results, Diagnostic> {
        let routine = self.routine(graph, wanted, given, Style::Nested);
        let spelling = self.spelling(derived, Style::Nested, saved);
        let Results { lines, values } = self.code(&routine, &spelling)?;
        let declared = spelling.declared(&routine);
        debug_assert!(routine.outputs.iter().all(|out| matches!(out, Outcome::Register(_))) || !declared.is_empty());
        Ok(Results { lines: quote!(#declared #lines), values })
    }

    fn own_body(&self, wanted: &[Wanted]) -> Result<Results, Diagnostic> {
        self.body(&self.gradient.function.graph, self.gradient, wanted, &[], &local("saved"))
    }

    fn outputs(&self) -> usize {
        self.gradient.function.outputs.len()
    }

    fn value(&self) -> Result<TokenStream, Diagnostic> {
        let (arguments, result) = (self.arguments(), self.result());
        let Results { lines, values } = self.own_body(&self.gradient.wanted()[..self.outputs()])?;
        let value = together(&values);
        let (docs, must_use) = (document::of_value(self.gradient), &self.must_use);
        Ok(quote! {
            #docs
            #must_use
            #[inline]
            pub fn value(#(#arguments),*) -> #result {
                #lines
                #value
            }
        })
    }

    fn gradients(&self) -> Result<TokenStream, Diagnostic> {
        let fields = self.fields();
        let parts = [Part::Gradient, Part::ValueAndGradient, Part::Layer, Part::HessianVector];
        let wanted =
            parts.into_iter().any(|part| self.attributes.wants(part) && (self.is_scalar() || part == Part::Layer));
        let structure = if wanted { self.gradient_structure() } else { TokenStream::new() };
        if !self.is_scalar() {
            return Ok(structure);
        }
        let mut functions = Vec::new();
        let all = self.gradient.wanted();
        let facts = self.assertions(self.gradient)?;
        let checked =
            |results: Results| Results { lines: [facts.clone(), results.lines].into_iter().collect(), ..results };
        if self.attributes.wants(Part::Gradient) {
            let results = checked(self.own_body(&all[1..])?);
            functions.push(self.gradient_function(&results, &fields));
            if fields.len() == 1 {
                functions.push(self.derivative_function(&results));
            }
        }
        if self.attributes.wants(Part::ValueAndGradient) {
            let results = checked(self.own_body(&all)?);
            functions.push(self.value_and_gradient_function(&results, &fields));
            if fields.len() == 1 {
                functions.push(self.value_and_derivative_function(&results));
            }
        }
        Ok(quote! { #structure #(#functions)* })
    }

    /// The shapes of what is differentiated by.
    fn field_shapes(&self) -> Vec<Vec<Dim>> {
        let parameters = &self.gradient.function.parameters;
        self.gradient.wrt().into_iter().map(|place| parameters[place].shape.clone()).collect()
    }

    fn gradient_structure(&self) -> TokenStream {
        let fields: Vec<Field> = (self.fields().into_iter().zip(self.field_shapes()))
            .map(|(name, shape)| Field { about: format!("The derivative by `{name}`."), name, shape })
            .collect();
        let structure = self.structure(
            &local("Gradient"),
            "One derivative for each input, in the order of the parameters.",
            &fields,
        );
        if fields.iter().any(|field| !field.shape.is_empty()) {
            return structure;
        }
        let (fields, float) = (self.fields(), self.float());
        let count = fields.len();
        quote! {
            #structure
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

    /// A structure of numbers and arrays, all zero by default.
    fn structure(&self, name: &Ident, about: &str, fields: &[Field]) -> TokenStream {
        let float = self.float();
        let names: Vec<&Ident> = fields.iter().map(|field| &field.name).collect();
        let abouts = fields.iter().map(|field| &field.about);
        let types = fields.iter().map(|field| nested(&float, &field.shape));
        let about = format!(" {about}");
        // Not every size of array has a default.
        if fields.iter().all(|field| field.shape.is_empty()) {
            return quote! {
                #[doc = #about]
                #[derive(Clone, Copy, Debug, Default, PartialEq)]
                pub struct #name {
                    #(#[doc = #abouts] pub #names: #types,)*
                }
            };
        }
        let zeros = fields.iter().map(|field| nested(&self.zero(), &field.shape));
        quote! {
            #[doc = #about]
            #[derive(Clone, Copy, Debug, PartialEq)]
            pub struct #name {
                #(#[doc = #abouts] pub #names: #types,)*
            }
            impl ::core::default::Default for #name {
                #[inline]
                fn default() -> Self {
                    Self { #(#names: #zeros),* }
                }
            }
        }
    }

    pub(super) fn zero(&self) -> TokenStream {
        match self.gradient.function.graph.float() {
            FloatType::F64 => quote!(0.0_f64),
            FloatType::F32 => quote!(0.0_f32),
        }
    }

    fn gradient_function(&self, results: &Results, fields: &[Ident]) -> TokenStream {
        let (arguments, must_use) = (self.arguments(), &self.must_use);
        let docs = &self.formulas;
        let Results { lines, values } = results;
        quote! {
            /// The gradient.
            #docs
            #must_use
            #[inline]
            pub fn gradient(#(#arguments),*) -> Gradient {
                #lines
                Gradient { #(#fields: #values),* }
            }
        }
    }

    /// The type of the derivative by the only input.
    fn derivative_type(&self) -> TokenStream {
        nested(&self.float(), self.field_shapes().first().map_or(&[][..], Vec::as_slice))
    }

    fn derivative_function(&self, results: &Results) -> TokenStream {
        let (arguments, must_use) = (self.arguments(), &self.must_use);
        let (docs, result) = (&self.formulas, self.derivative_type());
        let Results { lines, values } = results;
        quote! {
            /// The derivative.
            #docs
            #must_use
            #[inline]
            pub fn derivative(#(#arguments),*) -> #result {
                #lines
                #(#values)*
            }
        }
    }

    fn value_and_gradient_function(&self, results: &Results, fields: &[Ident]) -> TokenStream {
        let (arguments, float, must_use) = (self.arguments(), self.float(), &self.must_use);
        let docs = &self.formulas;
        let lines = &results.lines;
        let (value, derivatives) = (&results.values[0], &results.values[1..]);
        quote! {
            /// The value and the gradient, with what they share computed once.
            #docs
            #must_use
            #[inline]
            pub fn value_and_gradient(#(#arguments),*) -> (#float, Gradient) {
                #lines
                (#value, Gradient { #(#fields: #derivatives),* })
            }
        }
    }

    fn value_and_derivative_function(&self, results: &Results) -> TokenStream {
        let (arguments, float, must_use) = (self.arguments(), self.float(), &self.must_use);
        let (docs, result) = (&self.formulas, self.derivative_type());
        let Results { lines, values } = results;
        quote! {
            /// The value and the derivative, with what they share computed once.
            #docs
            #must_use
            #[inline]
            pub fn value_and_derivative(#(#arguments),*) -> (#float, #result) {
                #lines
                (#(#values),*)
            }
        }
    }

    /// `jacobian(..).q`, or of several outputs `jacobian(..).u.q`: the output's indices first.
    fn jacobian(&self) -> Result<TokenStream, Diagnostic> {
        let wants = |part| self.attributes.names(part) || (self.attributes.wants(part) && !self.is_scalar());
        let (alone, both) = (wants(Part::Jacobian), wants(Part::ValueAndJacobian));
        if !alone && !both {
            return Ok(TokenStream::new());
        }
        let all = self.gradient.wanted();
        let (graph, count) = (&self.gradient.function.graph, self.outputs());
        let fields = self.fields();
        let rows: Vec<Vec<Field>> = (all[count..].chunks(fields.len().max(1)))
            .map(|row| {
                let field = |(name, wanted): (&Ident, &Wanted)| Field {
                    about: format!("The derivative by `{name}`: the output's indices first."),
                    name: name.clone(),
                    shape: shape(graph, wanted),
                };
                fields.iter().zip(row).map(field).collect()
            })
            .collect();
        let structures = self.jacobian_structures(&rows);
        let (arguments, must_use, docs) = (self.arguments(), &self.must_use, &self.formulas);
        let facts = self.assertions(self.gradient)?;
        let mut functions = TokenStream::new();
        if alone {
            let Results { lines, values } = self.own_body(&all[count..])?;
            let jacobian = self.jacobian_value(&values);
            functions.extend(quote! {
                /// The derivatives of every output by every input.
                #docs
                #must_use
                #[inline]
                pub fn jacobian(#(#arguments),*) -> Jacobian { #facts #lines #jacobian }
            });
        }
        if both {
            let Results { lines, values } = self.own_body(&all)?;
            let (value, jacobian) = (together(&values[..count]), self.jacobian_value(&values[count..]));
            let result = self.result();
            functions.extend(quote! {
                /// The value and the Jacobian, with what they share computed once.
                #docs
                #must_use
                #[inline]
                pub fn value_and_jacobian(#(#arguments),*) -> (#result, Jacobian) {
                    #facts
                    #lines
                    (#value, #jacobian)
                }
            });
        }
        Ok(quote!(#structures #functions))
    }

    /// The outputs' names as fields.
    fn output_fields(&self) -> Vec<Ident> {
        self.gradient.output_names.iter().map(|name| local(name)).collect()
    }

    fn jacobian_structures(&self, rows: &[Vec<Field>]) -> TokenStream {
        let name = local("Jacobian");
        if let [row] = rows {
            return self.structure(&name, "The derivatives by every input.", row);
        }
        let outputs = self.output_fields();
        let names: Vec<Ident> = (0..rows.len()).map(|of| format_ident!("Jacobian{of}")).collect();
        let inner = names.iter().zip(rows).zip(&outputs).map(|((name, row), output)| {
            self.structure(name, &format!("The derivatives of `{output}` by every input."), row)
        });
        let abouts = outputs.iter().map(|output| format!(" The derivatives of `{output}`."));
        quote! {
            #(#inner)*
            /// The derivatives of every output by every input.
            #[derive(Clone, Copy, Debug, Default, PartialEq)]
            pub struct Jacobian {
                #(#[doc = #abouts] pub #outputs: #names,)*
            }
        }
    }

    fn jacobian_value(&self, values: &[TokenStream]) -> TokenStream {
        let fields = self.fields();
        if self.outputs() == 1 {
            return quote!(Jacobian { #(#fields: #values),* });
        }
        let rows = values.chunks(fields.len().max(1)).enumerate().map(|(of, row)| {
            let name = format_ident!("Jacobian{of}");
            quote!(#name { #(#fields: #row),* })
        });
        let outputs = self.output_fields();
        quote!(Jacobian { #(#outputs: #rows),* })
    }

    /// A name such that no input and no dimension has it, nor those of further outputs' cotangents.
    fn unused_upstream(&self, function: &Function) -> String {
        let mut name = self.unused_name("upstream");
        while check_upstream(function, &name).is_err() {
            name.push('_');
        }
        name
    }

    /// The pullback that layers are made of: the cotangents of the outputs are inputs of their own.
    pub(super) fn pullback(&self, function: Function) -> Result<Derived, Diagnostic> {
        let upstream = self.unused_upstream(&function);
        let request = Request { order: 1, upstream: Some(upstream), ..Request::default() };
        let mut pullback = derive(function, &request)?;
        pullback.stabilise_beside(self.gradient)?;
        debug_assert!(pullback.entries.iter().all(|entry| entry.kind == DerivativeKind::Pullback));
        Ok(pullback)
    }

    /// `forward` and `backward`: a layer that saves what its backward pass reads.
    fn layer(&self, function: Function) -> Result<TokenStream, Diagnostic> {
        if !self.attributes.wants(Part::Layer) {
            return Ok(TokenStream::new());
        }
        let mut pullback = self.pullback(function)?;
        let saved_name = local(&self.unused_name("saved"));
        let (float, fields) = (self.float(), self.fields());
        let Layer { outputs, cotangents, saved, kept } = pullback.layer().map_err(|error| self.fault(&error))?;
        let graph = &pullback.function.graph;
        let count = outputs.len();
        let wanted: Vec<Wanted> = outputs.iter().cloned().chain(kept.iter().cloned()).collect();
        let forward = self.body(graph, &pullback, &wanted, &[], &saved_name)?;
        let backward = self.body(graph, &pullback, &cotangents, &saved, &saved_name)?;
        let slots: Vec<Ident> = (0..saved.len()).map(|place| format_ident!("s{place}")).collect();
        let types = saved.iter().map(|node| match graph.kind(*node) {
            Kind::Number => nested(&float, graph.shape(*node)),
            Kind::Truth => nested(&quote!(bool), graph.shape(*node)),
        });
        let (value, kept) = (together(&forward.values[..count]), &forward.values[count..]);
        let (forward_lines, backward_lines, cotangents) = (&forward.lines, &backward.lines, &backward.values);
        let upstreams = pullback.upstreams().into_iter().zip(&outputs).map(|(name, output)| {
            let (name, own) = (local(&name), nested(&float, &shape(graph, output)));
            quote!(#name: #own)
        });
        let (docs, facts) = (document::of_gradient(&pullback, self.attributes), self.assertions(&pullback)?);
        let (formula, must_use, result) = (document::formula(&pullback), &self.must_use, self.result());
        let arguments = self.arguments();
        Ok(quote! {
            /// What the backward pass needs of the forward pass, beside the inputs.
            #[derive(Clone, Copy, Debug, PartialEq)]
            pub struct Saved { #(#slots: #types,)* }
            /// The value, and what [`backward`] needs.
            #formula
            #must_use
            #[inline]
            pub fn forward(#(#arguments),*) -> (#result, Saved) {
                #forward_lines
                (#value, Saved { #(#slots: #kept),* })
            }
            /// The cotangents of the inputs, from the cotangent of the output.
            #docs
            #must_use
            #[inline]
            pub fn backward(#(#arguments,)* #saved_name: &Saved, #(#upstreams),*) -> Gradient {
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
        let values = hessian.wanted();
        let entries = hessian.entries.iter().zip(&values[1..]);
        let second = entries.filter(|(entry, _)| entry.kind == DerivativeKind::Hessian);
        let wanted: Vec<Wanted> = second.map(|(_, value)| value.clone()).collect();
        let (arguments, float, fields) = (self.arguments(), self.float(), self.fields());
        let count = fields.len();
        let graph = &hessian.function.graph;
        let Results { lines, values } = self.body(graph, &hessian, &wanted, &[], &local("saved"))?;
        let (docs, facts) = (document::of_hessian(&hessian, self.attributes), self.assertions(&hessian)?);
        let must_use = &self.must_use;
        let scalars = wanted.iter().all(|wanted| wanted.axes.is_empty());
        let (structures, result, value) = if scalars {
            let rows = values.chunks(count.max(1)).map(|row| quote!([#(#row),*]));
            (TokenStream::new(), quote!([[#float; #count]; #count]), quote!([#(#rows),*]))
        } else {
            let shapes: Vec<Vec<Dim>> = wanted.iter().map(|wanted| shape(graph, wanted)).collect();
            let rows = values.chunks(count.max(1)).zip(&fields).enumerate().map(|(row, (values, field))| {
                let name = format_ident!("Hessian{row}");
                quote!(#field: #name { #(#fields: #values),* })
            });
            (self.hessian_structures(&shapes), quote!(Hessian), quote!(Hessian { #(#rows),* }))
        };
        Ok(quote! {
            #structures
            /// The second derivatives: row and column in the order of the parameters.
            #docs
            #must_use
            #[inline]
            pub fn hessian(#(#arguments),*) -> #result {
                #facts
                #lines
                #value
            }
        })
    }

    /// The names of a direction's parts, in the order of the fields.
    pub(super) fn direction_names(&self) -> Vec<String> {
        self.fields().iter().map(|field| self.unused_name(&format!("{field}_direction"))).collect()
    }

    /// `hessian_vector(x, y, direction)`
    fn hessian_vector(&self) -> Result<TokenStream, Diagnostic> {
        if !self.attributes.wants(Part::HessianVector) {
            return Ok(TokenStream::new());
        }
        let (derived, wanted) = self.gradient.hessian_vector(self.direction_names())?;
        let Results { lines, values } = self.body(&derived.function.graph, &derived, &wanted, &[], &local("saved"))?;
        let (arguments, fields, must_use) = (self.arguments(), self.fields(), &self.must_use);
        let direction = local(&self.unused_name("direction"));
        let names: Vec<Ident> = self.direction_names().iter().map(|name| local(name)).collect();
        Ok(quote! {
            /// The second derivatives times a direction, for a few times the cost of the gradient.
            #must_use
            #[inline]
            pub fn hessian_vector(#(#arguments,)* #direction: Gradient) -> Gradient {
                let Gradient { #(#fields: #names),* } = #direction;
                #lines
                Gradient { #(#fields: #values),* }
            }
        })
    }

    /// `h.q.r` is the block of second derivatives by `q` and `r`.
    fn hessian_structures(&self, shapes: &[Vec<Dim>]) -> TokenStream {
        let fields = self.fields();
        let names: Vec<Ident> = (0..fields.len()).map(|row| format_ident!("Hessian{row}")).collect();
        let rows = shapes.chunks(fields.len().max(1)).zip(&fields).zip(&names).map(|((shapes, row), name)| {
            let field = |(column, shape): (&Ident, &Vec<Dim>)| Field {
                name: column.clone(),
                about: format!("The second derivatives by `{row}` and `{column}`: the indices of `{row}` first."),
                shape: shape.clone(),
            };
            let own: Vec<Field> = fields.iter().zip(shapes).map(field).collect();
            self.structure(name, &format!("The second derivatives by `{row}` and every input."), &own)
        });
        let abouts = fields.iter().map(|field| format!(" The second derivatives by `{field}` and every input."));
        quote! {
            #(#rows)*
            /// The second derivatives.
            #[derive(Clone, Copy, Debug, Default, PartialEq)]
            pub struct Hessian {
                #(#[doc = #abouts] pub #fields: #names,)*
            }
        }
    }
}

/// One value, or a tuple of several.
fn together(values: &[TokenStream]) -> TokenStream {
    match values {
        [one] => one.clone(),
        all => quote!((#(#all),*)),
    }
}
