//! Functions of arrays that are borrowed.
//!
//! `Inputs` has a view for each array, `Parameters` the differentiated inputs as one flat vector, which is what a gradient
//! is, too. Every function checks the sizes of its inputs, borrows its memory from a workspace and runs its routine as a
//! kernel of the facade, which is compiled for the machine's vector unit: there is no `unsafe` here.

mod layer;
mod structures;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::assertion::Checked;
use super::attributes::Part;
use super::body::Results;
use super::spelling::{Spelling, Style, local, product};
use super::types::shape;
use super::{Emitter, document};
use crate::derive::Derived;
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{Dim, Graph, NodeId};
use crate::loops::{Outcome, Place, Routine};
use crate::lower::{Size, Wanted};
use crate::operators::Kind;
use crate::resolve::{Function, Parameter};

/// A named or stated size of the function's own, as emitted code spells it.
struct Dimensions {
    names: Vec<String>,
    prefix: String,
}

impl Dimensions {
    fn name(&self, number: usize) -> Ident {
        format_ident!("{}{number}", self.prefix)
    }

    fn number(&self, graph: &Graph, dim: Dim) -> Option<usize> {
        let name = graph.dim_text(dim);
        self.names.iter().position(|own| *own == name)
    }

    /// The named ones among some shapes, in order.
    fn used(&self, graph: &Graph, shapes: &[&Vec<Dim>]) -> Vec<usize> {
        let dims = shapes.iter().flat_map(|shape| shape.iter());
        let mut used: Vec<usize> = dims.filter_map(|dim| self.number(graph, *dim)).collect();
        used.sort_unstable();
        used.dedup();
        used
    }

    fn size(&self, graph: &Graph, dim: Dim) -> TokenStream {
        match dim {
            Dim::Literal(size) => {
                let size = Literal::u32_unsuffixed(size);
                quote!(#size)
            }
            dim => {
                let name = self.name(self.number(graph, dim).unwrap_or(0));
                quote!(#name)
            }
        }
    }

    fn count(&self, graph: &Graph, shape: &[Dim]) -> TokenStream {
        let sizes: Vec<TokenStream> = shape.iter().map(|dim| self.size(graph, *dim)).collect();
        product(&sizes)
    }

    /// How the facade is told the shape that a formula gives an array.
    fn stated(&self, facade: &TokenStream, graph: &Graph, shape: &[Dim]) -> TokenStream {
        let sizes = shape.iter().map(|dim| match dim {
            Dim::Literal(size) => {
                let size = Literal::u32_unsuffixed(*size);
                quote!(#facade::array::Size::Literal(#size))
            }
            dim => {
                let number = Literal::usize_unsuffixed(self.number(graph, *dim).unwrap_or(0));
                quote!(#facade::array::Size::Named(#number))
            }
        });
        quote!(&[#(#sizes),*])
    }
}

/// Where a kernel's results go.
enum Target {
    /// A number that the kernel returns.
    Scalar,
    /// A slice, by an expression that borrows it.
    Slice(TokenStream),
}

/// A call of a routine: statements that run it, with its scalar results in `results`.
struct Call {
    /// Refuses a maximum over nothing.
    checks: TokenStream,
    lines: TokenStream,
}

impl Emitter<'_> {
    /// The function and its module.
    pub(super) fn by_view(&self, function: Function) -> Result<TokenStream, Diagnostic> {
        for part in [Part::Jacobian, Part::ValueAndJacobian, Part::Hessian] {
            if self.attributes.names(part) {
                let message = "Jacobians and Hessians are emitted for functions whose arrays are passed by value alone";
                let help = "state sizes so that no array is larger than 4 KiB, or take `backward`";
                return Err(Diagnostic::new(Code::NotSupported, function.span, message).with_help(help));
            }
        }
        self.check_accessors()?;
        let (outputs, result) = (self.output_arguments(), self.view_result());
        let (float, facade) = (self.float(), &self.origin.facade);
        let (names, _): (Vec<Ident>, Vec<TokenStream>) = outputs.iter().cloned().unzip();
        let arguments = outputs.iter().map(|(name, own)| quote!(#name: #own));
        let (module, place) = self.attributes.module(&function);
        let module = self.ident(module, place);
        let signature = quote! {
            (inputs: &#module::Inputs<'_>, workspace: &mut #module::Workspace, #(#arguments),*)
                -> ::core::result::Result<#result, #facade::array::InputError>
        };
        let call = quote!(value(inputs, workspace, #(#names),*));
        let common = quote! {
            pub use #facade::array::InputError;
            /// The memory that these functions compute in; it may be that of others, too.
            pub type Workspace = #facade::array::Workspace<#float>;
        };
        let layer = self.view_layer(function.clone())?;
        let parts = [
            common,
            self.inputs_structure(),
            self.parameters_structure(),
            self.view_value()?,
            self.view_gradients()?,
            layer,
            self.view_hessian_vector()?,
        ];
        Ok(self.items(&function, &signature, &call, &parts))
    }

    fn dimensions(&self) -> Dimensions {
        let function = &self.gradient.function;
        let mut names = Vec::new();
        for dim in function.parameters.iter().flat_map(|parameter| &parameter.shape) {
            let name = function.graph.dim_text(*dim);
            if !matches!(dim, Dim::Literal(_)) && !names.contains(&name) {
                names.push(name);
            }
        }
        let spelling = self.spelling(self.gradient, Style::Slices, &local("saved"));
        Dimensions { names, prefix: spelling.dimension_prefix() }
    }

    /// `View<'a, f32, 2>`, or a number.
    fn view_type(&self, shape: &[Dim], lifetime: &TokenStream) -> TokenStream {
        self.view_of(self.float(), shape, lifetime)
    }

    fn view_of(&self, element: TokenStream, shape: &[Dim], lifetime: &TokenStream) -> TokenStream {
        let facade = &self.origin.facade;
        if shape.is_empty() {
            return element;
        }
        let rank = Literal::usize_unsuffixed(shape.len());
        quote!(#facade::array::View<#lifetime, #element, #rank>)
    }

    /// What the elements of a parameter are.
    fn element(&self, parameter: &Parameter) -> TokenStream {
        if parameter.integer { quote!(i32) } else { self.float() }
    }

    /// The method that holds the sizes of a gradient against those of the inputs.
    fn bind(&self) -> Ident {
        local(&self.unused_name("bind"))
    }

    /// Holds the sizes of an argument that has the shape of the gradient against those of the inputs.
    fn bound(&self, argument: &str, sizes: &TokenStream) -> TokenStream {
        let function = &self.gradient.function;
        let wrt = self.gradient.wrt().into_iter().map(|place| &function.parameters[place]);
        let arrays = wrt.filter(|parameter| !parameter.shape.is_empty());
        let names = arrays.map(|parameter| format!("{argument}.{}", parameter.name));
        let (argument, bind) = (local(argument), self.bind());
        quote!(#argument.#bind([#(#names),*], #sizes)?;)
    }

    /// The accessors of a gradient have the names of inputs, and may not be two of one name.
    fn check_accessors(&self) -> Result<(), Diagnostic> {
        let wrt = self.gradient.wrt().into_iter().map(|place| &self.gradient.function.parameters[place]);
        let wrt: Vec<&Parameter> = wrt.collect();
        for parameter in &wrt {
            let of = wrt.iter().find(|other| parameter.name.strip_suffix("_mut") == Some(&*other.name));
            let message = match (of, &*parameter.name) {
                (Some(of), name) => format!("`{name}` is the name of the method that writes to `{}`", of.name),
                (None, name @ ("zeros" | "as_slice" | "as_mut_slice")) => {
                    format!("`{name}` is the name of a method of every gradient")
                }
                _ => continue,
            };
            let error = Diagnostic::new(Code::DuplicateName, parameter.span, message);
            return Err(error.with_help("a gradient has a method for each input: choose another name"));
        }
        Ok(())
    }

    /// Slices for the outputs that are arrays: names and types.
    fn output_arguments(&self) -> Vec<(Ident, TokenStream)> {
        let float = self.float();
        let outputs = self.gradient.function.outputs.iter().zip(&self.gradient.output_names);
        let arrays = outputs.filter(|(output, _)| !output.axes.is_empty());
        arrays.map(|(_, name)| (argument(name), quote!(&mut [#float]))).collect()
    }

    /// The outputs that are numbers.
    fn view_result(&self) -> TokenStream {
        let float = self.float();
        let numbers = self.gradient.function.outputs.iter().filter(|output| output.axes.is_empty()).count();
        match numbers {
            1 => float,
            count => {
                let all = std::iter::repeat_n(float, count);
                quote!((#(#all),*))
            }
        }
    }

    /// Cuts the slices of outputs to their sizes, and says where each output goes.
    fn output_targets(&self, dimensions: &Dimensions) -> (TokenStream, Vec<Target>) {
        let (graph, facade) = (&self.gradient.function.graph, &self.origin.facade);
        let mut lines = TokenStream::new();
        let mut targets = Vec::new();
        let count = self.gradient.function.outputs.len();
        for (wanted, name) in self.gradient.wanted()[..count].iter().zip(&self.gradient.output_names) {
            let shape = shape(graph, wanted);
            if shape.is_empty() {
                targets.push(Target::Scalar);
                continue;
            }
            let (text, name) = (name, argument(name));
            let sizes = shape.iter().map(|dim| dimensions.size(graph, *dim));
            lines.extend(quote! {
                #facade::array::ViewMut::new(&mut *#name, [#(#sizes),*]).map_err(|error| error.about(#text))?;
            });
            targets.push(Target::Slice(quote!(&mut *#name)));
        }
        (lines, targets)
    }

    /// The sizes of a call, as variables.
    fn bound_sizes(&self, dimensions: &Dimensions) -> TokenStream {
        let (graph, parameters) = (&self.gradient.function.graph, self.parameters());
        let checks = graph.bounds().iter().map(|bound| {
            let name = &parameters[bound.input as usize];
            let (text, size) = (name.to_string(), dimensions.size(graph, bound.size));
            if self.gradient.function.parameters[bound.input as usize].shape.is_empty() {
                return quote! {
                    if !::core::primitive::usize::try_from(inputs.#name).is_ok_and(|place| place < #size) {
                        return ::core::result::Result::Err(InputError::index(
                            #text, &[], ::core::primitive::i64::from(inputs.#name), #size,
                        ));
                    }
                };
            }
            quote!(inputs.#name.check_positions(#text, #size)?;)
        });
        let names = (0..dimensions.names.len()).map(|number| dimensions.name(number));
        let numbers = (0..dimensions.names.len()).map(Literal::usize_unsuffixed);
        quote! {
            let mut sizes = inputs.sizes()?;
            #(let #names = sizes.get(#numbers);)*
            #(#checks)*
        }
    }

    /// Runs a routine: its scalar results are the tuple `results`.
    fn call(
        &self,
        derived: &Derived,
        graph: &Graph,
        wanted: &[Wanted],
        given: &[NodeId],
        targets: &[Target],
    ) -> Result<Call, Diagnostic> {
        let routine = self.routine(graph, wanted, given, Style::Slices);
        let spelling = self.spelling(derived, Style::Slices, &local("saved")).with_views(&routine);
        let Results { lines, values } = self.code(&routine, &spelling)?;
        let (facade, float) = (&self.origin.facade, self.float());
        let mut kernel = KernelParts::default();
        self.sizes_of(&routine, &spelling, &mut kernel);
        self.inputs_of(&routine, &spelling, derived, &mut kernel);
        self.memory_of(&routine, &spelling, &mut kernel);
        for (output, target) in targets.iter().enumerate() {
            if let (Target::Slice(slice), Some(Outcome::Buffer(buffer))) = (target, routine.outputs.get(output)) {
                let truth = routine.buffers[buffer.0 as usize].kind == Kind::Truth;
                let own = if truth { quote!(bool) } else { float.clone() };
                kernel.add(spelling.result(output), quote!(&'k mut [#own]), slice.clone());
            }
        }
        let scalars: Vec<&TokenStream> = routine
            .outputs
            .iter()
            .zip(&values)
            .filter(|(out, _)| matches!(out, Outcome::Register(_)))
            .map(|(_, v)| v)
            .collect();
        let kinds = routine.outputs.iter().filter_map(|out| match out {
            Outcome::Register(register) => Some(match routine.registers[register.0 as usize] {
                Kind::Number => float.clone(),
                Kind::Truth => quote!(bool),
            }),
            Outcome::Buffer(_) => None,
        });
        let KernelParts { names, types, values: fields, numbers, truths, number_names, truth_names, packed, positions } =
            kernel;
        let lifetime = spelling.lifetime();
        Ok(Call {
            checks: self.maxima_of(&routine, derived),
            lines: quote! {
                let results = {
                struct Run<'k> { #(#names: #types,)* #lifetime: ::core::marker::PhantomData<&'k ()> }
                impl #facade::dispatch::Kernel for Run<'_> {
                    type Output = (#(#kinds,)*);
                    #[inline(always)]
                    fn run(self) -> Self::Output {
                        let Self { #(#names,)* #lifetime: _ } = self;
                        #lines
                        (#(#scalars,)*)
                    }
                }
                let ([#(#number_names),*], [#(#truth_names),*], [#(#packed),*], [#(#positions),*]) =
                    workspace.parts([#(#numbers),*], [#(#truths),*]);
                #facade::dispatch::dispatch(Run {
                    #(#names: #fields,)*
                    #lifetime: ::core::marker::PhantomData,
                })
                };
            },
        })
    }

    /// A maximum over nothing is an error.
    fn maxima_of(&self, routine: &Routine, derived: &Derived) -> TokenStream {
        let facade = &self.origin.facade;
        let function = &derived.function;
        let dimensions = self.dimensions();
        let checks = routine.maxima.iter().map(|number| {
            let text = &routine.dimensions[*number as usize];
            let own = dimensions.names.iter().position(|name| name == text).unwrap_or(0);
            let has = |dim: &Dim| function.graph.dim_text(*dim) == *text;
            let parameter = function.parameters.iter().find(|parameter| parameter.shape.iter().any(has));
            let (parameter, name) = (parameter.map_or("", |parameter| &parameter.name), dimensions.name(own));
            quote! {
                if #name == 0 {
                    return ::core::result::Result::Err(InputError::empty(
                        #parameter,
                        "maximum",
                        #facade::array::Dimension::Named(#text),
                    ));
                }
            }
        });
        quote!(#(#checks)*)
    }

    /// The sizes that a routine reads: its own order of names is not the function's.
    fn sizes_of(&self, routine: &Routine, spelling: &Spelling, kernel: &mut KernelParts) {
        let dimensions = self.dimensions();
        for (number, name) in routine.dimensions.iter().enumerate() {
            let own = dimensions.names.iter().position(|known| known == name).unwrap_or(0);
            let own = dimensions.name(own);
            kernel.add(spelling.dimension(number), quote!(usize), quote!(#own));
        }
    }

    fn inputs_of(&self, routine: &Routine, spelling: &Spelling, derived: &Derived, kernel: &mut KernelParts) {
        let float = self.float();
        let parameters = derived.function.parameters.len();
        for (number, input) in routine.inputs.iter().enumerate() {
            let name = &spelling.inputs[number];
            let source = if number < parameters { quote!(inputs.#name) } else { quote!(#name) };
            if !routine.reads(number as u32) {
                continue;
            }
            let own = if input.integer { quote!(i32) } else { float.clone() };
            if input.shape.is_empty() {
                kernel.add(name.clone(), own, source);
                continue;
            }
            if spelling.is_view(number as u32) {
                let (facade, rank) = (&self.origin.facade, Literal::usize_unsuffixed(input.shape.len()));
                kernel.add(name.clone(), quote!(#facade::array::View<'k, #float, #rank>), source);
            } else {
                let pack = format_ident!("{}_{number}", spelling.dimension_prefix());
                kernel.add(name.clone(), quote!(&'k [#own]), quote!(#source.dense(#pack)));
                if input.integer { &mut kernel.positions } else { &mut kernel.packed }.push(pack);
            }
        }
        for buffer in &routine.buffers {
            if let Place::Given(given) = buffer.place {
                let slot = spelling.slot(given);
                let field = format_ident!("s{given}");
                let own = if buffer.kind == Kind::Truth { quote!(bool) } else { float.clone() };
                kernel.add(slot, quote!(&'k [#own]), quote!(&saved.#field[..]));
            }
        }
        for given in routine.given_scalars() {
            let (slot, field) = (spelling.slot(given.0), format_ident!("s{}", given.0));
            let own = if given.1 == Kind::Truth { quote!(bool) } else { float.clone() };
            kernel.add(slot, own, quote!(saved.#field));
        }
    }

    fn memory_of(&self, routine: &Routine, spelling: &Spelling, kernel: &mut KernelParts) {
        let float = self.float();
        let dimensions = self.dimensions();
        let size = |size: &Size| match size {
            Size::Literal(size) => {
                let size = Literal::u32_unsuffixed(*size);
                quote!(#size)
            }
            Size::Named(number) => {
                let name = &routine.dimensions[*number as usize];
                let own = dimensions.name(dimensions.names.iter().position(|own| own == name).unwrap_or(0));
                quote!(#own)
            }
        };
        for (number, storage) in routine.storages.iter().enumerate() {
            let sizes: Vec<TokenStream> = storage.shape.iter().map(size).collect();
            let count = product(&sizes);
            let name = spelling.memory(number);
            match storage.kind {
                Kind::Number => {
                    kernel.add(name.clone(), quote!(&'k mut [#float]), quote!(#name));
                    kernel.numbers.push(count);
                    kernel.number_names.push(name);
                }
                Kind::Truth => {
                    kernel.add(name.clone(), quote!(&'k mut [bool]), quote!(#name));
                    kernel.truths.push(count);
                    kernel.truth_names.push(name);
                }
            }
        }
    }

    fn view_value(&self) -> Result<TokenStream, Diagnostic> {
        let dimensions = self.dimensions();
        let count = self.gradient.function.outputs.len();
        let (cut, targets) = self.output_targets(&dimensions);
        let graph = &self.gradient.function.graph;
        let Call { checks, lines } =
            self.call(self.gradient, graph, &self.gradient.wanted()[..count], &[], &targets)?;
        let (sizes, result, value) = (self.bound_sizes(&dimensions), self.view_result(), returned(&targets));
        let arguments = self.output_arguments().into_iter().map(|(name, own)| quote!(#name: #own));
        let (docs, must_use) = (document::of_value(self.gradient), &self.must_use);
        Ok(quote! {
            #docs
            ///
            /// # Errors
            /// A size that contradicts the formula or another input.
            #must_use
            pub fn value(
                inputs: &Inputs<'_>,
                workspace: &mut Workspace,
                #(#arguments),*
            ) -> ::core::result::Result<#result, InputError> {
                #sizes
                #checks
                #cut
                #lines
                ::core::result::Result::Ok(#value)
            }
        })
    }

    /// The parts of a gradient's vector, as slices `y0`, `y1`, ... and the targets of the derivatives.
    fn gradient_targets(&self, dimensions: &Dimensions) -> (TokenStream, Vec<Target>, TokenStream) {
        let function = &self.gradient.function;
        let (mut lines, mut targets, mut after) = (quote!(let rest = gradient;), Vec::new(), TokenStream::new());
        for (number, place) in self.gradient.wrt().into_iter().enumerate() {
            let shape = &function.parameters[place].shape;
            let (count, part) = (dimensions.count(&function.graph, shape), format_ident!("part{number}"));
            lines.extend(quote!(let (#part, rest) = rest.split_at_mut(#count);));
            if shape.is_empty() {
                let scalar = Literal::usize_unsuffixed(targets.iter().filter(|t| matches!(t, Target::Scalar)).count());
                after.extend(quote!(#part[0] = results.#scalar;));
                targets.push(Target::Scalar);
            } else {
                targets.push(Target::Slice(quote!(&mut *#part)));
            }
        }
        (lines, targets, after)
    }

    fn view_gradients(&self) -> Result<TokenStream, Diagnostic> {
        if !self.is_scalar()
            || !(self.attributes.wants(Part::Gradient) || self.attributes.wants(Part::ValueAndGradient))
        {
            return Ok(TokenStream::new());
        }
        let (dimensions, float) = (self.dimensions(), self.float());
        let (cut, mut targets, after) = self.gradient_targets(&dimensions);
        // The value is the last result, so that the others are numbered as they are in the vector.
        let mut wanted = self.gradient.wanted();
        wanted.rotate_left(1);
        targets.push(Target::Scalar);
        let last = targets.iter().filter(|target| matches!(target, Target::Scalar)).count() - 1;
        let last = Literal::usize_unsuffixed(last);
        let graph = &self.gradient.function.graph;
        let Call { checks, lines } = self.call(self.gradient, graph, &wanted, &[], &targets)?;
        let (sizes, docs, must_use) = (self.bound_sizes(&dimensions), &self.formulas, &self.must_use);
        let facts = self.view_assertions(self.gradient)?;
        let bound = self.bound("gradient", &quote!(&mut inputs.sizes()?));
        Ok(quote! {
            fn derive(
                inputs: &Inputs<'_>,
                workspace: &mut Workspace,
                gradient: &mut [#float],
            ) -> ::core::result::Result<#float, InputError> {
                #sizes
                #checks
                #facts
                #cut
                #lines
                #after
                ::core::result::Result::Ok(results.#last)
            }
            /// The value; the gradient becomes that of these inputs.
            #docs
            ///
            /// # Errors
            /// A size that contradicts the formula, another input or the gradient.
            #must_use
            pub fn value_and_gradient(
                inputs: &Inputs<'_>,
                workspace: &mut Workspace,
                gradient: &mut Gradient,
            ) -> ::core::result::Result<#float, InputError> {
                #bound
                derive(inputs, workspace, &mut gradient.data)
            }
            /// The value; the gradient of these inputs is added to what is there.
            ///
            /// # Errors
            /// A size that contradicts the formula, another input or the gradient.
            #must_use
            pub fn add_gradient(
                inputs: &Inputs<'_>,
                workspace: &mut Workspace,
                gradient: &mut Gradient,
            ) -> ::core::result::Result<#float, InputError> {
                #bound
                let mut own = workspace.take(gradient.data.len());
                let value = derive(inputs, workspace, &mut own);
                if value.is_ok() {
                    for (sum, own) in gradient.data.iter_mut().zip(&own) {
                        *sum += *own;
                    }
                }
                workspace.put(own);
                value
            }
        })
    }

    /// The Hessian times a direction.
    fn view_hessian_vector(&self) -> Result<TokenStream, Diagnostic> {
        if !self.attributes.wants(Part::HessianVector) {
            return Ok(TokenStream::new());
        }
        let (derived, wanted) = self.gradient.hessian_vector(self.direction_names())?;
        let (dimensions, fields) = (self.dimensions(), self.fields());
        let (cut, targets, after) = self.gradient_targets(&dimensions);
        let Call { checks, lines } = self.call(&derived, &derived.function.graph, &wanted, &[], &targets)?;
        let sizes = self.bound_sizes(&dimensions);
        let bound = ["direction", "product"].map(|argument| self.bound(argument, &quote!(&mut sizes)));
        let bound: TokenStream = bound.into_iter().collect();
        let names = self.direction_names().into_iter().map(|name| local(&name));
        Ok(quote! {
            /// `product` becomes the second derivatives times a direction, for a few times the cost of the gradient.
            ///
            /// # Errors
            /// A size that contradicts the formula, another input, the direction or the product.
            pub fn hessian_vector(
                inputs: &Inputs<'_>,
                direction: &Parameters,
                workspace: &mut Workspace,
                product: &mut Gradient,
            ) -> ::core::result::Result<(), InputError> {
                #sizes
                #checks
                #bound
                #(let #names = direction.#fields();)*
                let gradient = &mut product.data[..];
                #cut
                #lines
                #after
                ::core::result::Result::Ok(())
            }
        })
    }

    /// Facts, checked in debug builds.
    fn view_assertions(&self, derived: &Derived) -> Result<TokenStream, Diagnostic> {
        let mut lines = TokenStream::new();
        for Checked { graph, holds, message, span } in self.checked_facts(derived)? {
            let Call { lines: run, .. } = self.call(derived, &graph, &[holds], &[], &[Target::Scalar])?;
            let holds = quote!(results.0);
            let assertion = quote_spanned!(span=> ::core::assert!(#holds, #message););
            lines.extend(quote!(if ::core::cfg!(debug_assertions) { #run #assertion }));
        }
        Ok(lines)
    }
}

/// The name of an output as an argument, unlike all names of what is emitted, which are these or end in a digit.
fn argument(output: &str) -> Ident {
    let own = ["inputs", "workspace", "saved", "sizes", "results", "gradient", "rest"].contains(&output);
    let alike = output.ends_with(|last: char| last == '_' || last.is_ascii_digit());
    if own || alike { format_ident!("{output}_") } else { local(output) }
}

/// What a function returns of the scalar results.
fn returned(targets: &[Target]) -> TokenStream {
    let count = targets.iter().filter(|target| matches!(target, Target::Scalar)).count();
    let all: Vec<TokenStream> = (0..count)
        .map(|number| {
            let number = Literal::usize_unsuffixed(number);
            quote!(results.#number)
        })
        .collect();
    match all.as_slice() {
        [one] => one.clone(),
        all => quote!((#(#all),*)),
    }
}

/// What a kernel is made of: its fields, and the memory that it borrows.
#[derive(Default)]
struct KernelParts {
    names: Vec<Ident>,
    types: Vec<TokenStream>,
    values: Vec<TokenStream>,
    numbers: Vec<TokenStream>,
    truths: Vec<TokenStream>,
    number_names: Vec<Ident>,
    truth_names: Vec<Ident>,
    packed: Vec<Ident>,
    /// The same for integers.
    positions: Vec<Ident>,
}

impl KernelParts {
    fn add(&mut self, name: Ident, own: TokenStream, value: TokenStream) {
        self.names.push(name);
        self.types.push(own);
        self.values.push(value);
    }
}
