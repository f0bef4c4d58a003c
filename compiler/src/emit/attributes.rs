//! `#[emit(...)]`, documentation and `#[cfg]` of a function.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::Function;
use crate::syntax::Attribute;

/// What can be emitted beside the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Gradient,
    ValueAndGradient,
    Layer,
    Hessian,
}

/// The attributes of a function, read.
#[derive(Clone, Debug, Default)]
pub(super) struct Attributes {
    /// Lines of documentation.
    pub(super) docs: Vec<String>,
    /// What goes to the function and its module unchanged.
    pub(super) forwarded: TokenStream,
    /// The module's name, if it is not the function's.
    pub(super) module: Option<String>,
    /// Whether debug builds leave the facts that derivatives rely on unchecked.
    pub(super) unchecked: bool,
    only: Option<Vec<Part>>,
    more: Vec<Part>,
    bare: Option<Box<Function>>,
}

/// Attributes that the function and its module take as they are.
const FORWARDED: &[&str] = &["cfg", "allow", "expect", "warn", "deny", "forbid", "deprecated"];

impl Attributes {
    pub(super) fn read(function: &Function) -> Result<Self, Diagnostic> {
        let mut read = Self { bare: Some(Box::new(function.clone())), ..Self::default() };
        for attribute in &function.attributes {
            let name = attribute.path.text.as_str();
            if attribute.is_doc {
                read.docs.push(attribute.content.clone());
            } else if name == "emit" {
                read.emit(attribute)?;
            } else if FORWARDED.contains(&name) {
                let text = format!("#[{name}{}]", attribute.content);
                let tokens: Result<TokenStream, _> = text.parse();
                read.forwarded.extend(tokens.map_err(|_| malformed(attribute, "this attribute does not parse"))?);
            } else {
                let help = format!("a formula takes `emit`, documentation and {}", quoted(FORWARDED));
                return Err(malformed(attribute, &format!("`{name}` is no attribute of a formula")).with_help(help));
            }
        }
        Ok(read)
    }

    /// Whether a part is emitted.
    pub(super) fn wants(&self, part: Part) -> bool {
        match &self.only {
            Some(only) => only.contains(&part),
            None => part != Part::Hessian || self.more.contains(&part),
        }
    }

    /// The function as it was before anything was derived.
    pub(super) fn function_before_derivation(&self, derived: &crate::derive::Derived) -> Function {
        self.bare.as_deref().unwrap_or(&derived.function).clone()
    }

    /// `(hessian)`, `(only(gradient, hessian))`, `(module = name)`, `(unchecked)`
    fn emit(&mut self, attribute: &Attribute) -> Result<(), Diagnostic> {
        let tokens: TokenStream =
            attribute.content.parse().map_err(|_| malformed(attribute, "this attribute does not parse"))?;
        let Some(TokenTree::Group(group)) = tokens.into_iter().next() else {
            return Err(malformed(attribute, "`emit` takes a list: `#[emit(hessian)]`"));
        };
        for entry in split(group.stream()) {
            match entry.as_slice() {
                [TokenTree::Ident(only), TokenTree::Group(list)] if *only == "only" => {
                    let entries = split(list.stream());
                    self.only = Some(entries.iter().map(|entry| part(entry, attribute)).collect::<Result<_, _>>()?);
                }
                [TokenTree::Ident(key), TokenTree::Punct(equals), TokenTree::Ident(name)]
                    if *key == "module" && equals.as_char() == '=' =>
                {
                    self.module = Some(name.to_string());
                }
                [TokenTree::Ident(word)] if *word == "unchecked" => self.unchecked = true,
                entry => self.more.push(part(entry, attribute)?),
            }
        }
        Ok(())
    }
}

fn split(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut entries = vec![Vec::new()];
    for token in tokens {
        match &token {
            TokenTree::Punct(comma) if comma.as_char() == ',' => entries.push(Vec::new()),
            _ => {
                if let Some(last) = entries.last_mut() {
                    last.push(token);
                }
            }
        }
    }
    entries.retain(|entry| !entry.is_empty());
    entries
}

fn part(entry: &[TokenTree], attribute: &Attribute) -> Result<Part, Diagnostic> {
    let text = entry.iter().map(ToString::to_string).collect::<String>();
    match text.as_str() {
        "gradient" | "derivative" => Ok(Part::Gradient),
        "value_and_gradient" | "value_and_derivative" => Ok(Part::ValueAndGradient),
        "forward" | "backward" => Ok(Part::Layer),
        "hessian" => Ok(Part::Hessian),
        "hessian_vector" | "jacobian" | "pushforward" | "pullback" | "batch" | "saved=accurate" => {
            let message = format!("`#[emit({text})]` is not supported yet");
            Err(Diagnostic::new(Code::NotSupported, attribute.span, message))
        }
        _ => {
            let help = "it takes `gradient`, `value_and_gradient`, `forward`, `hessian`, `only(...)`, `module = name` and \
                        `unchecked`";
            Err(malformed(attribute, &format!("`{text}` is nothing that `emit` knows")).with_help(help))
        }
    }
}

fn malformed(attribute: &Attribute, message: &str) -> Diagnostic {
    Diagnostic::new(Code::Attribute, attribute.span, message)
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Documentation lines as attributes.
pub(super) fn doc_lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> TokenStream {
    let lines = lines.into_iter().map(|line| if line.is_empty() { String::new() } else { format!(" {line}") });
    quote!(#(#[doc = #lines])*)
}
