//! From diagnostics to compile errors under the user's own tokens.
//!
//! In: what the compiler found, and the [`Source`] whose text it read. Out: one `compile_error!` a diagnostic, so that
//! rustc reports all of them at once.

use chainrule_compiler::diagnostic::Diagnostic;
use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use crate::source::Source;

/// All diagnostics as items.
pub fn to_items(diagnostics: &[Diagnostic], source: &Source) -> TokenStream {
    diagnostics.iter().map(|diagnostic| to_item(diagnostic, source)).collect()
}

fn to_item(diagnostic: &Diagnostic, source: &Source) -> TokenStream {
    let place = diagnostic.spans.first();
    let (first, last) =
        place.and_then(|place| source.ends(*place)).unwrap_or_else(|| (Span::call_site(), Span::call_site()));
    let message = match &diagnostic.help {
        Some(help) => format!("{}\nhelp: {help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    compile_error(&message, first, last)
}

/// An item that fails to compile with a message, underlining everything from one token to another: rustc takes the
/// place of a macro call from its first and last token.
pub fn compile_error(message: &str, first: Span, last: Span) -> TokenStream {
    let path = quote_spanned!(first=> ::core::compile_error);
    let call = quote_spanned!(last=> ! { #message });
    quote_spanned!(first=> #path #call)
}

#[cfg(test)]
mod tests {
    use chainrule_compiler::diagnostic::{Code, Span as Place};

    use super::*;

    #[test]
    fn every_diagnostic_is_an_item() {
        let source = Source::read("fn f(x) = y;".parse().unwrap());
        let place = Place::new(10, 11);
        let first = Diagnostic::new(Code::UnknownName, place, "`y` is unknown").with_help("did you mean \"x\"?");
        let second = Diagnostic { spans: Vec::new(), help: None, ..first.clone() };
        let expected = r#"
            ::core::compile_error! { "`y` is unknown\nhelp: did you mean \"x\"?" }
            ::core::compile_error! { "`y` is unknown" }
        "#;
        let expected: TokenStream = expected.parse().unwrap();
        assert_eq!(to_items(&[first, second], &source).to_string(), expected.to_string());
    }
}
