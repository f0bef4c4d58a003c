//! `#[emit(...)]`, documentation and the other attributes of a function: what they choose, and where they go.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::Origin;
use super::types::Regime;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::parse::{Word, is_name, words};
use crate::resolve::Function;
use crate::syntax::{Attribute, Name};

/// What can be emitted beside the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Value,
    Gradient,
    ValueAndGradient,
    Layer,
    Jacobian,
    ValueAndJacobian,
    Hessian,
    HessianVector,
}

/// The attributes of a function, read.
#[derive(Clone, Debug, Default)]
pub(super) struct Attributes {
    /// What goes to the function and its module: `cfg`, `deprecated`, lints.
    shared: Vec<Attribute>,
    /// What goes to the function and to every function of the module: `must_use`.
    results: Vec<Attribute>,
    /// Documentation, in order: text, or `#[doc = include_str!("...")]`.
    docs: Vec<Attribute>,
    /// The module's name, if it is not the function's.
    module: Option<Name>,
    /// Where the facts that derivatives rely on are left unchecked.
    unchecked: Option<Span>,
    /// How arrays are passed, if it is stated.
    regime: Option<(Regime, Span)>,
    only: Option<Vec<Named>>,
    more: Vec<Named>,
}

/// A part as it is named in `#[emit(...)]`.
#[derive(Clone, Debug)]
struct Named {
    part: Part,
    name: Name,
}

/// Attributes that the function and its module both take.
const SHARED: &[&str] = &["cfg", "deprecated", "allow", "warn", "deny", "forbid"];

impl Attributes {
    pub(super) fn read(function: &Function) -> Result<Self, Diagnostic> {
        let mut read = Self::default();
        for attribute in &function.attributes {
            if !attribute.is_doc && attribute.content.parse::<TokenStream>().is_err() {
                return Err(wrong(attribute.span, "this attribute does not parse"));
            }
            match attribute.path.text.as_str() {
                "emit" => read.emit(attribute, function)?,
                "doc" if attribute.is_doc || attribute.content.starts_with('=') => read.docs.push(attribute.clone()),
                "doc" => read.shared.push(attribute.clone()),
                "must_use" => read.results.push(attribute.clone()),
                "cfg_attr" => read.shared.push(conditional(attribute)?),
                name if SHARED.contains(&name) => read.shared.push(attribute.clone()),
                name => return Err(unknown(name, attribute.path.span)),
            }
        }
        match (&read.only, read.more.first()) {
            (Some(_), Some(more)) => {
                let message =
                    format!("`only(...)` restricts to what it names, and `{}` stands beside it", more.name.text);
                let help = format!("write it inside: `only(..., {})`", more.name.text);
                Err(wrong(more.name.span, message).with_help(help))
            }
            _ => Ok(read),
        }
    }

    /// Whether a part is emitted.
    pub(super) fn wants(&self, part: Part) -> bool {
        match &self.only {
            Some(only) => only.iter().any(|named| named.part == part),
            None => !matches!(part, Part::Hessian | Part::HessianVector) || self.names(part),
        }
    }

    /// Whether a part is asked for by its name.
    pub(super) fn names(&self, part: Part) -> bool {
        self.only.iter().flatten().chain(&self.more).any(|named| named.part == part)
    }

    /// The name of the module, where it is stated.
    pub(super) fn module<'a>(&'a self, function: &'a Function) -> (&'a str, Span) {
        match &self.module {
            Some(name) => (&name.text, name.span),
            None => (&function.name, function.span),
        }
    }

    /// Whether the function is there for some builds only.
    pub(super) fn is_conditional(&self) -> bool {
        self.shared.iter().any(|attribute| attribute.path.text == "cfg")
    }

    /// What goes to the function and its module.
    pub(super) fn shared(&self, origin: &Origin) -> TokenStream {
        tokens(&self.shared, origin)
    }

    /// What goes to every function whose result matters.
    pub(super) fn results(&self, origin: &Origin) -> TokenStream {
        tokens(&self.results, origin)
    }

    /// The user's own documentation; `None` if there is none.
    pub(super) fn docs(&self, origin: &Origin) -> Option<TokenStream> {
        (!self.docs.is_empty()).then(|| tokens(&self.docs, origin))
    }

    /// Whether debug builds check the facts that derivatives rely on.
    pub(super) fn checks_facts(&self) -> bool {
        self.unchecked.is_none()
    }

    /// `(hessian)`, `(only(gradient, hessian))`, `(module = name)`, `(unchecked)`
    fn emit(&mut self, attribute: &Attribute, function: &Function) -> Result<(), Diagnostic> {
        let words = words(&attribute.content, attribute.content_span);
        let Some(entries) = list(&words) else {
            return Err(wrong(attribute.span, "`emit` takes a list").with_help("write `#[emit(hessian)]`"));
        };
        for entry in entries {
            let place = entry[0].span.to(entry[entry.len() - 1].span);
            let texts: Vec<&str> = entry.iter().map(|word| word.text.as_str()).collect();
            match texts.as_slice() {
                ["only", "(", .., ")"] => self.only(entry, place, function)?,
                ["module", "=", name] => self.choose_module(name, entry[2].span)?,
                ["unchecked"] => self.leave_unchecked(place)?,
                ["values"] => self.choose_regime(Regime::Values, place)?,
                ["views"] => self.choose_regime(Regime::Views, place)?,
                _ => add(&mut self.more, named(entry, place, function)?)?,
            }
        }
        Ok(())
    }

    fn only(&mut self, entry: &[Word], place: Span, function: &Function) -> Result<(), Diagnostic> {
        if self.only.is_some() {
            return Err(wrong(place, "`only(...)` stands here twice").with_help("name everything in one of them"));
        }
        let mut only = Vec::new();
        for entry in list(&entry[1..]).unwrap_or_default() {
            let place = entry[0].span.to(entry[entry.len() - 1].span);
            add(&mut only, named(entry, place, function)?)?;
        }
        if only.is_empty() {
            return Err(wrong(place, "`only()` names nothing").with_help("write `only(value)` for the value alone"));
        }
        self.only = Some(only);
        Ok(())
    }

    fn choose_module(&mut self, name: &str, span: Span) -> Result<(), Diagnostic> {
        if !is_name(name) {
            return Err(wrong(span, format!("`{name}` cannot be the name of a module")));
        }
        if let Some(first) = &self.module {
            return Err(wrong(span, "the module's name stands here twice").with_span(first.span));
        }
        self.module = Some(Name { text: name.to_owned(), span });
        Ok(())
    }

    /// How arrays are passed, if it is stated.
    pub(super) fn regime(&self) -> Option<(Regime, Span)> {
        self.regime
    }

    pub(super) fn wrong(span: Span, message: impl Into<String>) -> Diagnostic {
        wrong(span, message)
    }

    fn choose_regime(&mut self, regime: Regime, place: Span) -> Result<(), Diagnostic> {
        match self.regime.replace((regime, place)) {
            Some((_, first)) => Err(wrong(place, "how arrays are passed stands here twice").with_span(first)),
            None => Ok(()),
        }
    }

    fn leave_unchecked(&mut self, place: Span) -> Result<(), Diagnostic> {
        match self.unchecked.replace(place) {
            Some(first) => Err(wrong(place, "`unchecked` stands here twice").with_span(first)),
            None => Ok(()),
        }
    }
}

/// The entries between two parentheses; `None` if there are none.
fn list(words: &[Word]) -> Option<Vec<&[Word]>> {
    let (first, rest) = words.split_first()?;
    let (last, inside) = rest.split_last()?;
    if first.text != "(" || last.text != ")" {
        return None;
    }
    let mut depth = 0_usize;
    let comma = |word: &Word| {
        match word.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && word.text == ","
    };
    Some(inside.split(comma).filter(|entry| !entry.is_empty()).collect())
}

/// One of the parts; `entry` is not empty.
fn named(entry: &[Word], place: Span, function: &Function) -> Result<Named, Diagnostic> {
    let text = entry.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    let part = match text.as_str() {
        "value" => Part::Value,
        "gradient" | "derivative" => Part::Gradient,
        "value_and_gradient" | "value_and_derivative" => Part::ValueAndGradient,
        "forward" | "backward" => Part::Layer,
        "hessian" => Part::Hessian,
        "hessian_vector" => Part::HessianVector,
        "jacobian" => Part::Jacobian,
        "value_and_jacobian" => Part::ValueAndJacobian,
        "pushforward" | "pullback" | "batch" | "saved = accurate" => {
            let message = format!("`#[emit({text})]` is not supported yet");
            return Err(Diagnostic::new(Code::NotSupported, place, message));
        }
        _ => {
            let help = "it takes `value`, `gradient`, `value_and_gradient`, `forward`, `jacobian`, `value_and_jacobian`, \
                        `hessian`, `hessian_vector`, `only(...)`, `module = name`, `values`, `views` and `unchecked`";
            return Err(wrong(place, format!("`{text}` is nothing that `emit` knows")).with_help(help));
        }
    };
    let inputs = function.parameters.iter().filter(|parameter| parameter.wrt).count();
    if text.ends_with("derivative") && inputs > 1 {
        let message = format!("`{}` has {inputs} inputs: there is no single derivative", function.name);
        let help = format!("write `{}`", text.replace("derivative", "gradient"));
        return Err(wrong(place, message).with_help(help));
    }
    let scalar = matches!(function.outputs.as_slice(), [output] if output.axes.is_empty());
    if matches!(part, Part::Gradient | Part::ValueAndGradient | Part::Hessian | Part::HessianVector) && !scalar {
        let message = format!("`{}` has no {text}: its result is not one number", function.name);
        let second = matches!(part, Part::Hessian | Part::HessianVector);
        let help = if second { "sum its entries" } else { "write `jacobian`" };
        return Err(wrong(place, message).with_help(help));
    }
    Ok(Named { part, name: Name { text, span: place } })
}

fn add(all: &mut Vec<Named>, named: Named) -> Result<(), Diagnostic> {
    if let Some(first) = all.iter().find(|other| other.name.text == named.name.text) {
        let message = format!("`{}` stands here twice", named.name.text);
        return Err(wrong(named.name.span, message).with_span(first.name.span));
    }
    all.push(named);
    Ok(())
}

/// `#[cfg_attr(condition, attributes)]` goes where its attributes go: they must be shared ones.
fn conditional(attribute: &Attribute) -> Result<Attribute, Diagnostic> {
    let words = words(&attribute.content, attribute.content_span);
    let entries = list(&words).unwrap_or_default();
    let misplaced = entries.iter().skip(1).map(|entry| &entry[0]);
    match misplaced.filter(|word| word.text != "doc").find(|word| !SHARED.contains(&word.text.as_str())) {
        Some(word) => Err(unknown(&word.text, word.span)),
        None => Ok(attribute.clone()),
    }
}

fn unknown(name: &str, span: Span) -> Diagnostic {
    if name == "expect" {
        let help = "write `allow`: of the items that are emitted for a formula, some would not do what is expected";
        return wrong(span, "`expect` is no attribute of a formula").with_help(help);
    }
    let names = SHARED.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let help = format!("a formula takes `emit`, documentation, `must_use`, {names} and `cfg_attr` with these");
    wrong(span, format!("`{name}` is no attribute of a formula")).with_help(help)
}

fn wrong(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::Attribute, span, message)
}

/// Attributes as written, under the user's tokens: what rustc says about them stands there.
fn tokens(attributes: &[Attribute], origin: &Origin) -> TokenStream {
    let one = |attribute: &Attribute| {
        if attribute.is_doc {
            return doc_lines([attribute.content.as_str()]);
        }
        let span = (origin.spans)(attribute.path.span);
        let text = format!("{}{}", attribute.path.text, attribute.content);
        let content = respanned(text.parse().unwrap_or_default(), span);
        quote_spanned!(span=> #[#content])
    };
    attributes.iter().map(one).collect()
}

fn respanned(tokens: TokenStream, span: proc_macro2::Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            if let proc_macro2::TokenTree::Group(group) = &token {
                token = proc_macro2::Group::new(group.delimiter(), respanned(group.stream(), span)).into();
            }
            token.set_span(span);
            token
        })
        .collect()
}

/// Documentation lines as attributes.
pub(super) fn doc_lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> TokenStream {
    let lines = lines.into_iter().map(|line| if line.is_empty() { String::new() } else { format!(" {line}") });
    quote!(#(#[doc = #lines])*)
}
