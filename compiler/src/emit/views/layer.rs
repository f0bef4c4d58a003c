//! Layers of views: `forward`, `backward` and what is saved between them.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::super::attributes::Part;
use super::super::spelling::local;
use super::super::types::shape;
use super::super::{Emitter, document};
use super::{Call, Target, returned};
use crate::derive::{Derived, Layer};
use crate::diagnostic::Diagnostic;
use crate::graph::Dim;
use crate::lower::Wanted;
use crate::operators::Kind;
use crate::resolve::Function;

impl Emitter<'_> {
    /// `forward` and `backward`: a layer that saves what its backward pass reads.
    pub(super) fn view_layer(&self, function: Function) -> Result<TokenStream, Diagnostic> {
        if !self.attributes.wants(Part::Layer) {
            return Ok(TokenStream::new());
        }
        let mut pullback = self.pullback(function)?;
        let layer = pullback.layer().map_err(|error| self.fault(&error))?;
        let (graph, float, dimensions) = (&pullback.function.graph, self.float(), self.dimensions());
        let slots: Vec<Ident> = (0..layer.saved.len()).map(|place| format_ident!("s{place}")).collect();
        let types = layer.saved.iter().map(|node| {
            let own = if graph.kind(*node) == Kind::Truth { quote!(bool) } else { float.clone() };
            if graph.shape(*node).is_empty() { own } else { quote!(::std::vec::Vec<#own>) }
        });
        let count = dimensions.names.len();
        let (forward, backward) = (self.view_forward(&pullback, &layer)?, self.view_backward(&pullback, &layer)?);
        Ok(quote! {
            /// What the backward pass needs of the forward pass, beside the inputs; used again by every call.
            #[derive(Clone, Debug, Default, PartialEq)]
            pub struct Saved { sizes: ::core::option::Option<[usize; #count]>, #(#slots: #types,)* }
            #forward
            #backward
        })
    }

    fn view_forward(&self, pullback: &Derived, layer: &Layer) -> Result<TokenStream, Diagnostic> {
        let (graph, dimensions) = (&pullback.function.graph, self.dimensions());
        let (cut, mut targets) = self.output_targets(&dimensions);
        let value = returned(&targets);
        let (mut resize, mut after) = (TokenStream::new(), TokenStream::new());
        for (place, node) in layer.saved.iter().enumerate() {
            let (slot, shape) = (format_ident!("s{place}"), graph.shape(*node));
            if shape.is_empty() {
                let scalar = Literal::usize_unsuffixed(targets.iter().filter(|t| matches!(t, Target::Scalar)).count());
                after.extend(quote!(saved.#slot = results.#scalar;));
                targets.push(Target::Scalar);
            } else {
                let count = dimensions.count(graph, shape);
                resize.extend(quote!(saved.#slot.resize(#count, ::core::default::Default::default());));
                targets.push(Target::Slice(quote!(&mut saved.#slot[..])));
            }
        }
        let wanted: Vec<Wanted> = layer.outputs.iter().cloned().chain(layer.kept.iter().cloned()).collect();
        let Call { checks, lines } = self.call(pullback, graph, &wanted, &[], &targets)?;
        let (sizes, result) = (self.bound_sizes(&dimensions), self.view_result());
        let arguments = self.output_arguments().into_iter().map(|(name, own)| quote!(#name: #own));
        let (formula, must_use) = (document::formula(pullback), &self.must_use);
        let numbers = (0..dimensions.names.len()).map(|number| dimensions.name(number));
        Ok(quote! {
            /// The value, and what [`backward`] needs.
            #formula
            ///
            /// # Errors
            /// A size that contradicts the formula or another input.
            #must_use
            pub fn forward(
                inputs: &Inputs<'_>,
                workspace: &mut Workspace,
                saved: &mut Saved,
                #(#arguments),*
            ) -> ::core::result::Result<#result, InputError> {
                #sizes
                #checks
                #cut
                saved.sizes = ::core::option::Option::Some([#(#numbers),*]);
                #resize
                #lines
                #after
                ::core::result::Result::Ok(#value)
            }
        })
    }

    fn view_backward(&self, pullback: &Derived, layer: &Layer) -> Result<TokenStream, Diagnostic> {
        let (graph, dimensions, facade) = (&pullback.function.graph, self.dimensions(), &self.origin.facade);
        let (part, targets, write) = self.gradient_targets(&dimensions);
        let Call { checks, lines } = self.call(pullback, graph, &layer.cotangents, &layer.saved, &targets)?;
        let (sizes, own_sizes) = (self.bound_sizes(&dimensions), self.bound("gradient", &quote!(&mut sizes)));
        let elided = quote!('_);
        let upstreams: Vec<(String, Vec<Dim>)> = (pullback.upstreams().into_iter().zip(&layer.outputs))
            .map(|(name, output)| (name, shape(graph, output)))
            .collect();
        let arguments = upstreams.iter().map(|(name, shape)| {
            let (name, own) = (local(name), self.view_type(shape, &elided));
            quote!(#name: #own)
        });
        let bound = upstreams.iter().filter(|(_, shape)| !shape.is_empty()).map(|(name, shape)| {
            let (ident, stated) = (local(name), dimensions.stated(facade, graph, shape));
            quote!(sizes.bind(#name, &#ident.shape(), #stated)?;)
        });
        let (docs, facts) = (document::of_gradient(pullback, self.attributes), self.view_assertions(pullback)?);
        let numbers = (0..dimensions.names.len()).map(|number| dimensions.name(number));
        Ok(quote! {
            /// The gradient becomes the cotangents of the inputs, from the cotangent of the output.
            #docs
            ///
            /// # Errors
            /// A size that contradicts the formula, another input, what was saved or the gradient.
            pub fn backward(
                inputs: &Inputs<'_>,
                saved: &Saved,
                #(#arguments,)*
                workspace: &mut Workspace,
                gradient: &mut Gradient,
            ) -> ::core::result::Result<(), InputError> {
                #sizes
                #own_sizes
                #(#bound)*
                if saved.sizes != ::core::option::Option::Some([#(#numbers),*]) {
                    return ::core::result::Result::Err(InputError::saved());
                }
                #checks
                #facts
                let gradient = &mut gradient.data[..];
                #part
                #lines
                #write
                ::core::result::Result::Ok(())
            }
        })
    }
}
