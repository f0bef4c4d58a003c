//! Chores of the repository: `cargo xtask grammar [--check]`.
//!
//! `grammar` generates `compiler/src/parse/generated.rs` from `grammar/chainrule.pest`, ahead of time, because a
//! `pest_derive` would cost every user 16 crates. `--check` compares instead of writing.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use quote::quote;

const GRAMMAR: &str = "grammar/chainrule.pest";
const GENERATED: &str = "compiler/src/parse/generated.rs";
const HEADER: &str = "\
// @generated from grammar/chainrule.pest by `cargo xtask grammar`. Edit the grammar, not this file.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["grammar"] => generate().and_then(write),
        ["grammar", "--check"] => generate().and_then(|text| check(&text)),
        _ => Err("usage: cargo xtask grammar [--check]".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// The repository's root: the parent of this crate.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn generate() -> Result<String, String> {
    let path = root().join(GRAMMAR);
    let grammar = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let parser = quote! {
        #[grammar_inline = #grammar]
        struct Grammar;
    };
    let tokens = pest_generator::derive_parser(parser, false);
    let file = syn::parse2(tokens).map_err(|error| format!("pest generated what is no Rust: {error}"))?;
    // `::alloc` would ask for an `extern crate alloc` at the root of the compiler.
    Ok(format!("{HEADER}{}", prettyplease::unparse(&file).replace("::alloc::", "::std::")))
}

fn write(text: String) -> Result<(), String> {
    let path = root().join(GENERATED);
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
}

fn check(text: &str) -> Result<(), String> {
    let committed = fs::read_to_string(root().join(GENERATED)).unwrap_or_default();
    if committed == text {
        return Ok(());
    }
    Err(format!("{GENERATED} does not match {GRAMMAR}: run `cargo xtask grammar` and commit the result"))
}
