//! The procedural macro behind `chainrule::grad!`.
//!
//! ```text
//! tokens --source--> text + table --chainrule_compiler--> Rust tokens
//!                                 '--diagnostics--errors--> compile_error! under the user's tokens
//! ```
//! Nothing of the language is known here: this crate only translates between rustc's tokens and the compiler's text.

mod errors;
mod source;

use chainrule_compiler::emit;
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

use crate::source::Source;

/// What `chainrule::grad!` calls: `__grad! { ($crate) fn ... }`. The first group is the path of the facade, which a
/// procedural macro cannot know by itself; with it, a renamed dependency works.
#[doc(hidden)]
#[proc_macro]
pub fn __grad(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand(input.into()).into()
}

fn expand(input: TokenStream) -> TokenStream {
    let mut tokens = input.into_iter();
    let facade = match tokens.next() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => group.stream(),
        _ => return errors::compile_error("call `chainrule::grad!` instead", Span::call_site(), Span::call_site()),
    };
    let source = Source::read(tokens.collect());
    emit::emit_block(source.text(), facade, &|place| source.span(place))
        .unwrap_or_else(|diagnostics| errors::to_items(&diagnostics, &source))
}
