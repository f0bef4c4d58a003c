//! How emitted code spells what a routine reads and writes: names, sizes and types.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};

use crate::loops::{BufferId, Index, Place, Routine};
use crate::lower::Size;
use crate::operators::Kind;

/// How arrays lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `[[f64; 3]; 2]`, by value.
    Nested,
    /// `&[f64]`, row-major; contractions read views with strides.
    Slices,
}

/// How emitted code spells what a routine reads and writes.
pub(super) struct Spelling {
    pub(super) facade: TokenStream,
    pub(super) style: Style,
    /// A name for each input.
    pub(super) inputs: Vec<Ident>,
    /// What the backward pass gets from the forward pass.
    saved: Ident,
    /// Inputs that stay views: only contractions read them.
    views: Vec<u32>,
    locals: String,
    indices: String,
    rows: String,
    memory: String,
    results: String,
    dimensions: String,
    slots: String,
}

impl Spelling {
    pub(super) fn new(facade: &TokenStream, style: Style, inputs: Vec<Ident>, saved: &Ident) -> Self {
        let free = |letter: &str| free_prefix(letter, &inputs, saved);
        let [locals, indices, rows, memory] = ["v", "i", "r", "m"].map(free);
        let [results, dimensions, slots] = ["y", "n", "s"].map(free);
        let facade = facade.clone();
        let (saved, views) = (saved.clone(), Vec::new());
        Self { facade, style, inputs, saved, views, locals, indices, rows, memory, results, dimensions, slots }
    }

    /// The same, where some inputs are views.
    pub(super) fn with_views(mut self, routine: &Routine) -> Self {
        self.views = routine.contracted_only();
        self
    }

    pub(super) fn is_view(&self, input: u32) -> bool {
        self.views.contains(&input)
    }

    pub(super) fn float(&self, routine: &Routine) -> Ident {
        local(routine.float.name())
    }

    pub(super) fn local(&self, number: usize) -> Ident {
        format_ident!("{}{number}", self.locals)
    }

    pub(super) fn index(&self, index: Index) -> Ident {
        format_ident!("{}{}", self.indices, index.0)
    }

    /// An index that no loop of the routine has.
    pub(super) fn free_index(&self, axis: usize) -> Ident {
        format_ident!("{}_{axis}", self.indices)
    }

    pub(super) fn row(&self, index: Index, number: usize) -> Ident {
        format_ident!("{}{}_{number}", self.rows, index.0)
    }

    pub(super) fn memory(&self, storage: usize) -> Ident {
        format_ident!("{}{storage}", self.memory)
    }

    pub(super) fn result(&self, output: usize) -> Ident {
        format_ident!("{}{output}", self.results)
    }

    /// A name that no input has, and nothing that is numbered.
    pub(super) fn lifetime(&self) -> Ident {
        let mut name = String::from("lifetime");
        while self.inputs.iter().any(|input| *input == name) {
            name.push('_');
        }
        local(&name)
    }

    pub(super) fn dimension_prefix(&self) -> String {
        self.dimensions.clone()
    }

    pub(super) fn dimension(&self, dimension: usize) -> Ident {
        format_ident!("{}{dimension}", self.dimensions)
    }

    /// A slot of what was saved, inside of a kernel.
    pub(super) fn slot(&self, given: u32) -> Ident {
        format_ident!("{}{given}", self.slots)
    }

    /// What was saved under a number.
    pub(super) fn given(&self, given: u32) -> TokenStream {
        match self.style {
            Style::Nested => {
                let (saved, slot) = (&self.saved, format_ident!("s{given}"));
                quote!(#saved.#slot)
            }
            Style::Slices => {
                let slot = self.slot(given);
                quote!(#slot)
            }
        }
    }

    /// The array of a buffer.
    pub(super) fn buffer(&self, routine: &Routine, buffer: BufferId) -> TokenStream {
        let name = match routine.buffers[buffer.0 as usize].place {
            Place::Input(input) => self.inputs[input as usize].clone(),
            Place::Given(given) => return self.given(given),
            Place::Output(output) => self.result(output as usize),
            Place::Scratch(storage) => self.memory(storage as usize),
        };
        quote!(#name)
    }

    /// The numbers of a buffer that a contraction reads.
    pub(super) fn data(&self, routine: &Routine, buffer: BufferId) -> TokenStream {
        let name = self.buffer(routine, buffer);
        match routine.buffers[buffer.0 as usize].place {
            Place::Input(input) if self.is_view(input) => quote!(#name.data()),
            Place::Output(_) | Place::Scratch(_) => quote!(&*#name),
            _ => name,
        }
    }

    /// How far a step along each axis of a buffer moves.
    pub(super) fn strides(&self, routine: &Routine, buffer: BufferId) -> Vec<TokenStream> {
        let name = self.buffer(routine, buffer);
        let own = &routine.buffers[buffer.0 as usize];
        match own.place {
            Place::Input(input) if self.is_view(input) => {
                let axes = (0..own.shape.len()).map(Literal::usize_unsuffixed);
                axes.map(|axis| quote!(#name.strides()[#axis])).collect()
            }
            _ => (0..own.shape.len()).map(|axis| self.count(&own.shape[axis + 1..])).collect(),
        }
    }

    pub(super) fn size(&self, size: &Size) -> TokenStream {
        match size {
            Size::Literal(size) => {
                let size = Literal::u32_unsuffixed(*size);
                quote!(#size)
            }
            Size::Named(dimension) => {
                let name = self.dimension(*dimension as usize);
                quote!(#name)
            }
        }
    }

    /// The product of some sizes.
    pub(super) fn count(&self, shape: &[Size]) -> TokenStream {
        let literal: u64 =
            shape.iter().map(|size| if let Size::Literal(size) = size { u64::from(*size) } else { 1 }).product();
        let named = shape.iter().filter(|size| matches!(size, Size::Named(_)));
        let mut factors: Vec<TokenStream> = named.map(|size| self.size(size)).collect();
        if literal != 1 || factors.is_empty() {
            let literal = Literal::u64_unsuffixed(literal);
            factors.push(quote!(#literal));
        }
        match factors.as_slice() {
            [one] => one.clone(),
            factors => {
                let product = product(factors);
                quote!((#product))
            }
        }
    }

    /// An array by value, everywhere the same.
    pub(super) fn filled(&self, value: &TokenStream, shape: &[Size]) -> TokenStream {
        let sizes = shape.iter().rev().map(|size| self.size(size));
        sizes.fold(value.clone(), |inner, size| quote!([#inner; #size]))
    }

    /// Memory and results of a routine whose arrays are passed by value.
    pub(super) fn declared(&self, routine: &Routine) -> TokenStream {
        let zero = |kind: Kind| match kind {
            Kind::Truth => quote!(false),
            Kind::Number => {
                let zero: TokenStream = format!("0.0_{}", routine.float.name()).parse().unwrap_or_default();
                zero
            }
        };
        let mut lines = TokenStream::new();
        for (number, storage) in routine.storages.iter().enumerate() {
            let (name, value) = (self.memory(number), self.filled(&zero(storage.kind), &storage.shape));
            lines.extend(quote!(let mut #name = #value;));
        }
        for buffer in &routine.buffers {
            if let Place::Output(output) = buffer.place {
                let (name, value) = (self.result(output as usize), self.filled(&zero(buffer.kind), &buffer.shape));
                lines.extend(quote!(let mut #name = #value;));
            }
        }
        lines
    }
}

/// `a * b * c`; 1 of nothing.
pub(super) fn product(factors: &[TokenStream]) -> TokenStream {
    let product = factors.iter().cloned().reduce(|product, factor| quote!(#product * #factor));
    product.unwrap_or_else(|| quote!(1))
}

pub(super) fn local(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

/// A prefix for names that no input can have.
fn free_prefix(letter: &str, inputs: &[Ident], saved: &Ident) -> String {
    let mut prefix = letter.to_owned();
    let numbered = |name: &Ident, prefix: &str| {
        let text = name.to_string();
        let number = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
        text.strip_prefix(prefix).is_some_and(number)
    };
    while inputs.iter().chain([saved]).any(|name| numbered(name, &prefix)) {
        prefix.push('_');
    }
    prefix
}
