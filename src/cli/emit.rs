//! `chainrule emit`: the Rust that `grad!` leaves in its place, formatted.

use chainrule_compiler::derive::choose_wrt;
use chainrule_compiler::diagnostic::Diagnostics;
use chainrule_compiler::emit::{Origin, emit_function};

use super::arguments::Emit;
use super::failure::{Failure, Report};
use super::formula::{chosen, functions};

/// Runs the command: every function of the text, or the one that is named.
pub fn emit(options: &Emit, report: &Report) -> Result<String, Failure> {
    let (mut all, source) = functions(&options.subject, report)?;
    if let Some(name) = &options.subject.function {
        all = vec![chosen(all, Some(name))?];
    }
    let facade = "::chainrule".parse().unwrap_or_default();
    let origin = Origin { facade, spans: &|_| proc_macro2::Span::call_site() };
    let (mut out, mut errors) = (String::new(), Diagnostics::new());
    for mut function in all {
        let chosen = options.subject.wrt.as_deref().map_or(Ok(()), |names| choose_wrt(&mut function, names));
        match chosen.and_then(|()| emit_function(function, &origin)) {
            Ok(tokens) => match syn::parse2(tokens) {
                Ok(file) => out.push_str(&prettyplease::unparse(&file)),
                Err(error) => return Err(Failure::internal(&format!("the emitted Rust does not parse: {error}"))),
            },
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(out) } else { Err(source.failure(errors)) }
}
