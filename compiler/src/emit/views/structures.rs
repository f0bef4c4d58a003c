//! `Inputs` and `Parameters` of a function of views.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::super::Emitter;
use super::super::spelling::local;
use super::Dimensions;
use crate::graph::Dim;
use crate::resolve::Parameter;

/// What the parameters' vector consists of.
struct Fields<'a> {
    names: &'a [Ident],
    shapes: &'a [&'a Vec<Dim>],
    /// How many numbers each has.
    counts: &'a [TokenStream],
    /// The named sizes that these hang on.
    dims: &'a [Ident],
}

impl Emitter<'_> {
    /// What the documentation of an input says: its shape.
    fn about_input(&self, parameter: &Parameter) -> String {
        let graph = &self.gradient.function.graph;
        let dims: Vec<String> = parameter.shape.iter().map(|dim| graph.dim_text(*dim)).collect();
        match (dims.is_empty(), parameter.integer) {
            (true, false) => format!(" `{}`", parameter.name),
            (true, true) => format!(" `{}: i32`", parameter.name),
            (false, false) => format!(" `{}: [{}]`", parameter.name, dims.join(", ")),
            (false, true) => format!(" `{}: i32[{}]`", parameter.name, dims.join(", ")),
        }
    }

    pub(super) fn inputs_structure(&self) -> TokenStream {
        let (function, facade) = (&self.gradient.function, &self.origin.facade);
        let names = self.parameters();
        let lifetime = quote!('a);
        let own = |parameter: &Parameter| self.view_of(self.element(parameter), &parameter.shape, &lifetime);
        let types: Vec<TokenStream> = function.parameters.iter().map(own).collect();
        let abouts = function.parameters.iter().map(|parameter| self.about_input(parameter));
        let dimensions = self.dimensions();
        let (count, words) = (dimensions.names.len(), &dimensions.names);
        let binds = function.parameters.iter().zip(&names).filter(|(parameter, _)| !parameter.shape.is_empty());
        let binds = binds.map(|(parameter, name)| {
            let (text, stated) = (&parameter.name, dimensions.stated(facade, &function.graph, &parameter.shape));
            quote!(sizes.bind(#text, &self.#name.shape(), #stated)?;)
        });
        let others: Vec<usize> = (0..names.len()).filter(|place| !function.parameters[*place].wrt).collect();
        let arguments = others.iter().map(|place| {
            let (name, own) = (&names[*place], &types[*place]);
            if function.parameters[*place].shape.is_empty() {
                quote!(#name: #own)
            } else {
                quote!(#name: impl ::core::convert::Into<#own>)
            }
        });
        let given = local(&self.unused_name("parameters"));
        let values = names.iter().enumerate().map(|(place, name)| {
            let scalar = function.parameters[place].shape.is_empty();
            match (function.parameters[place].wrt, scalar) {
                (true, _) => quote!(#name: #given.#name()),
                (false, true) => quote!(#name),
                (false, false) => quote!(#name: #name.into()),
            }
        });
        // Without an array, nothing is borrowed.
        let marker = function.parameters.iter().all(|parameter| parameter.shape.is_empty());
        let (marker_field, marker_value) = if marker {
            let marker = local(&self.unused_name("marker"));
            (quote!(pub #marker: ::core::marker::PhantomData<&'a ()>,), quote!(#marker: ::core::marker::PhantomData,))
        } else {
            (TokenStream::new(), TokenStream::new())
        };
        quote! {
            /// The inputs: views of arrays, and numbers.
            #[derive(Clone, Copy, Debug)]
            pub struct Inputs<'a> { #(#[doc = #abouts] pub #names: #types,)* #marker_field }
            impl<'a> Inputs<'a> {
                /// The parameters, and the other inputs.
                #[inline]
                pub fn new(#given: &'a Parameters, #(#arguments),*) -> Self {
                    Self { #(#values,)* #marker_value }
                }
                fn sizes(&self) -> ::core::result::Result<#facade::array::Sizes<#count>, InputError> {
                    let mut sizes = #facade::array::Sizes::new([#(#words),*]);
                    #(#binds)*
                    ::core::result::Result::Ok(sizes)
                }
            }
        }
    }

    /// The differentiated inputs as one flat vector.
    pub(super) fn parameters_structure(&self) -> TokenStream {
        let (function, facade, float) = (&self.gradient.function, &self.origin.facade, self.float());
        let dimensions = self.dimensions();
        let wrt: Vec<usize> = self.gradient.wrt();
        let shapes: Vec<&Vec<Dim>> = wrt.iter().map(|place| &function.parameters[*place].shape).collect();
        let used = dimensions.used(&function.graph, &shapes);
        let dims: Vec<Ident> = used.iter().map(|number| dimensions.name(*number)).collect();
        let words: Vec<Ident> = used.iter().map(|number| local(&dimensions.names[*number])).collect();
        let counts: Vec<TokenStream> = shapes.iter().map(|shape| dimensions.count(&function.graph, shape)).collect();
        let names = self.fields();
        let fields = Fields { names: &names, shapes: &shapes, counts: &counts, dims: &dims };
        let accessors = (0..names.len()).map(|place| self.accessors(&dimensions, &fields, place));
        let abouts = dims.iter().map(|_| quote!(usize));
        let zero = self.zero();
        let default = if dims.is_empty() {
            quote! {
                impl ::core::default::Default for Parameters {
                    fn default() -> Self { Self::zeros() }
                }
            }
        } else {
            TokenStream::new()
        };
        let arrays: Vec<(&&Vec<Dim>, &Ident)> =
            shapes.iter().zip(&names).filter(|(shape, _)| !shape.is_empty()).collect();
        let bound = arrays.iter().enumerate().map(|(number, (shape, name))| {
            let (number, stated) =
                (Literal::usize_unsuffixed(number), dimensions.stated(facade, &function.graph, shape));
            quote!(sizes.bind(names[#number], &self.#name().shape(), #stated)?;)
        });
        let own = Literal::usize_unsuffixed(arrays.len());
        let (count, bind_sizes) = (dimensions.names.len(), self.bind());
        quote! {
            /// What is differentiated by, in the order of the parameters, as one flat vector.
            #[derive(Clone, Debug, PartialEq)]
            pub struct Parameters { data: ::std::vec::Vec<#float>, #(#dims: #abouts,)* }
            /// The derivatives by the parameters, in their shapes and order.
            pub type Gradient = Parameters;
            #default
            impl Parameters {
                /// All zero.
                pub fn zeros(#(#words: usize),*) -> Self {
                    // At once: a dimension may be named as another one's number is.
                    let (#(#dims,)*) = (#(#words,)*);
                    Self { data: ::std::vec![#zero; #(#counts)+*], #(#dims),* }
                }
                /// All numbers, in the order of the parameters, each row-major.
                #[inline]
                pub fn as_slice(&self) -> &[#float] { &self.data }
                /// All numbers, in the order of the parameters, each row-major.
                #[inline]
                pub fn as_mut_slice(&mut self) -> &mut [#float] { &mut self.data }
                #(#accessors)*
                fn #bind_sizes(
                    &self,
                    names: [&'static str; #own],
                    sizes: &mut #facade::array::Sizes<#count>,
                ) -> ::core::result::Result<(), InputError> {
                    #(#bound)*
                    ::core::result::Result::Ok(())
                }
            }
        }
    }

    /// How one of the parameters is read and written in the vector.
    fn accessors(
        &self,
        dimensions: &Dimensions,
        Fields { names, shapes, counts, dims }: &Fields,
        place: usize,
    ) -> TokenStream {
        let (function, facade, float) = (&self.gradient.function, &self.origin.facade, self.float());
        let (name, shape) = (&names[place], shapes[place]);
        let bind = quote!(let Self { #(#dims,)* .. } = *self;);
        let start = match place {
            0 => quote!(0),
            place => {
                let before = &counts[..place];
                quote!(#(#before)+*)
            }
        };
        let (count, name_mut) = (&counts[place], format_ident!("{name}_mut"));
        let about = format!(" `{name}`");
        if shape.is_empty() {
            return quote! {
                #[doc = #about]
                pub fn #name(&self) -> #float { #bind self.data[#start] }
                #[doc = #about]
                pub fn #name_mut(&mut self) -> &mut #float { #bind &mut self.data[#start] }
            };
        }
        let rank = Literal::usize_unsuffixed(shape.len());
        let sizes: Vec<TokenStream> = shape.iter().map(|dim| dimensions.size(&function.graph, *dim)).collect();
        quote! {
            #[doc = #about]
            pub fn #name(&self) -> #facade::array::View<'_, #float, #rank> {
                #bind
                #facade::array::View::of(&self.data[#start..][..#count], [#(#sizes),*])
            }
            #[doc = #about]
            pub fn #name_mut(&mut self) -> #facade::array::ViewMut<'_, #float, #rank> {
                #bind
                #facade::array::ViewMut::of(&mut self.data[#start..][..#count], [#(#sizes),*])
            }
        }
    }
}
