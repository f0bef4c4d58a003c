//! Text to syntax tree.
//!
//! In comes the text of a file, of a `grad!` block or of a formula on the command line; out comes a [`Module`], or
//! every mistake that could be found: one per item at least. The steps are
//!
//! 1. `token`: the text as tokens, to split it into items and to check `limits` before anything recurses;
//! 2. `grammar`: the parser that pest generates from `grammar/chainrule.pest` (a committed file, see
//!    `cargo xtask grammar`), whose expressions are flat sequences;
//! 3. `build`, `expression`, `attribute`: the tree, with operator precedence;
//! 4. `diagnose`: only when the grammar refuses, what the user probably meant.
//!
//! Invariants of the tree: children stand before their parents in the arena; spans are byte offsets into the whole
//! text, from the first to the last token of a thing, without the parentheses around it; every block has a result.
//! Names are not looked up here.

use std::ops::Range;

use pest::Parser;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::syntax::{Dimension, DimensionKind, Function, Module, Parameter, Type};

mod attribute;
mod build;
mod diagnose;
mod expression;
mod free_names;
mod grammar;
mod lexical;
pub mod limits;
mod token;

#[cfg(test)]
mod tests;

use build::{Builder, Item};
use diagnose::Goal;
use grammar::{Grammar, Rule};
use token::{Token, TokenKind};

/// The shapes that a caller gives to inputs of a bare expression: `--shape a=N,K`.
pub type Shapes = [(String, Vec<DimensionKind>)];

/// Reads `fn` and `const` items.
///
/// # Errors
/// All mistakes found, in the order of the text.
pub fn parse_module(text: &str) -> Result<Module, Diagnostics> {
    let tokens = read_tokens(text)?;
    module(text, &tokens)
}

/// Reads a bare expression, perhaps after `let` statements, as a function named `f` whose parameters are the free
/// names in the order of their first appearance. Names listed in `shapes` get that type.
///
/// # Errors
/// All mistakes found, in the order of the text; [`Code::Usage`] for a shape of a name that is no input.
pub fn parse_expression(text: &str, shapes: &Shapes) -> Result<Module, Diagnostics> {
    let tokens = read_tokens(text)?;
    formula(text, &tokens, shapes)
}

/// Reads items if the text starts like one (`fn`, `pub`, `const`, `#`, `///`), else a bare expression.
///
/// # Errors
/// As [`parse_module`] and [`parse_expression`]; [`Code::Usage`] for shapes beside items, which state their own.
pub fn parse_formula(text: &str, shapes: &Shapes) -> Result<Module, Diagnostics> {
    let tokens = read_tokens(text)?;
    let is_module = tokens
        .first()
        .is_some_and(|first| first.kind == TokenKind::Doc || matches!(first.text(text), "fn" | "pub" | "const" | "#"));
    if !is_module {
        return formula(text, &tokens, shapes);
    }
    let module = module(text, &tokens)?;
    match shapes.first() {
        None => Ok(module),
        Some((name, _)) => {
            let message = format!("the shape of `{name}` is given, but the text has `fn` items");
            Err(vec![usage(message).with_help("state shapes at the parameters: `fn f(x: [N])`")])
        }
    }
}

/// Whether a text is a name that a formula may give to a value.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let (tokens, _) = token::tokens(text);
    let [token] = tokens.as_slice() else { return false };
    token.kind == TokenKind::Name
        && token.text(text) == text
        && lexical::mistakes(text, &tokens).is_empty()
        && !diagnose::KEYWORDS.contains(&text)
}

/// A token of a piece of the text, and its place in the whole text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// The tokens of a piece of the text, such as an attribute's content.
pub(crate) fn words(piece: &str, place: Span) -> Vec<Word> {
    let (tokens, _) = token::tokens(piece);
    let word = |token: Token| {
        let span = Span { start: place.start + token.span.start, end: place.start + token.span.end };
        Word { text: token.text(piece).to_owned(), span }
    };
    tokens.into_iter().map(word).collect()
}

fn usage(message: String) -> Diagnostic {
    Diagnostic { code: Code::Usage, message, spans: Vec::new(), help: None }
}

fn read_tokens(text: &str) -> Result<Vec<Token>, Diagnostics> {
    limits::check_length(text).map_err(|error| vec![error])?;
    let (tokens, comment_depth) = token::tokens(text);
    limits::check_tokens(&tokens, comment_depth).map_err(|error| vec![error])?;
    Ok(tokens)
}

fn module(text: &str, tokens: &[Token]) -> Result<Module, Diagnostics> {
    let mut module = Module::default();
    let mut errors = Vec::new();
    for range in items(text, tokens) {
        let tokens = tokens.get(range).unwrap_or(&[]);
        match item(text, tokens) {
            Ok(Item::Function(function)) => module.functions.push(*function),
            Ok(Item::Constant(constant)) => module.constants.push(constant),
            Err(found) => errors.extend(found),
        }
    }
    if errors.is_empty() { Ok(module) } else { Err(errors) }
}

fn item(text: &str, tokens: &[Token]) -> Result<Item, Diagnostics> {
    let mut builder = Builder::new(piece(text, tokens), start(tokens));
    let item = parse(text, tokens, Goal::Item, |pairs| {
        let module = pairs.into_iter().next()?;
        builder.item(module.into_inner().next()?)
    })?;
    finish(builder, item)
}

fn formula(text: &str, tokens: &[Token], shapes: &Shapes) -> Result<Module, Diagnostics> {
    let mut builder = Builder::new(piece(text, tokens), start(tokens));
    let function = parse(text, tokens, Goal::Formula, |pairs| builder.formula(pairs.into_iter().next()?.into_inner()))?;
    let mut function = finish(builder, function)?;
    let end = tokens.last().map_or(0, |token| token.span.end);
    function.span = Span { end, ..function.span };
    add_parameters(&mut function, shapes)?;
    Ok(Module { constants: Vec::new(), functions: vec![function] })
}

fn start(tokens: &[Token]) -> usize {
    tokens.first().map_or(0, |token| token.span.start as usize)
}

/// The text from the first to the last of some tokens.
fn piece<'a>(text: &'a str, tokens: &[Token]) -> &'a str {
    let end = tokens.last().map_or(0, |token| token.span.end as usize);
    text.get(start(tokens)..end).unwrap_or("")
}

/// Runs the grammar over some tokens and what builds on it.
fn parse<T>(
    text: &str,
    tokens: &[Token],
    goal: Goal,
    build: impl FnOnce(pest::iterators::Pairs<'_, Rule>) -> Option<T>,
) -> Result<T, Diagnostics> {
    limits::check_depth(text, tokens).map_err(|error| vec![error])?;
    let rule = if goal == Goal::Item { Rule::module } else { Rule::formula };
    let error = match Grammar::parse(rule, piece(text, tokens)) {
        Ok(pairs) => match build(pairs) {
            Some(built) => return Ok(built),
            None => None,
        },
        Err(error) => Some(error),
    };
    let mut found = diagnose::diagnose(text, tokens, goal);
    if found.is_empty() {
        found.push(match error {
            Some(error) => diagnose::fallback(&error, text, start(tokens)),
            None => Diagnostic::new(Code::Syntax, Span::default(), "there is nothing here"),
        });
    }
    Err(found)
}

fn finish<T>(builder: Builder, built: T) -> Result<T, Diagnostics> {
    let mut errors = builder.errors;
    errors.sort_by_key(|error| error.spans.first().copied());
    if errors.is_empty() { Ok(built) } else { Err(errors) }
}

/// The tokens of each item. An item starts at its attributes, visibility, `fn` or `const`, whatever is open before it:
/// so a missing `)` spoils one item only. There is always at least one.
fn items(text: &str, tokens: &[Token]) -> Vec<Range<usize>> {
    let mut starts = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let (head, is_item) = head_end(text, tokens, at);
        if is_item {
            starts.push(at);
        }
        at = head.max(at + 1);
    }
    if starts.first() != Some(&0) {
        starts.insert(0, 0);
    }
    let ends = starts.iter().skip(1).copied().chain([tokens.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

/// One past the attributes, visibility and `fn` or `const` that stand at a place, and whether they start an item.
fn head_end(text: &str, tokens: &[Token], start: usize) -> (usize, bool) {
    let word = |at: usize| tokens.get(at).map_or("", |token| token.text(text));
    let kind = |at: usize| tokens.get(at).map(|token| token.kind);
    let mut at = start;
    loop {
        if kind(at) == Some(TokenKind::Doc) {
            at += 1;
        } else if word(at) == "#" && word(at + 1) == "[" {
            at = lexical::attribute_end(text, tokens, at + 1);
        } else {
            break;
        }
    }
    if word(at) == "pub" && matches!(word(at + 1), "fn" | "const" | "(") {
        at += 1;
        if word(at) == "(" {
            at = at.max((at..(at + 32).min(tokens.len())).find(|close| word(*close) == ")").unwrap_or(at)) + 1;
        }
    }
    let is_item = matches!(word(at), "fn" | "const") && kind(at + 1) == Some(TokenKind::Name);
    (if is_item { at + 2 } else { at }, is_item)
}

/// Makes the free names the parameters.
fn add_parameters(function: &mut Function, shapes: &Shapes) -> Result<(), Diagnostics> {
    let dimensions: Vec<&str> = shapes.iter().flat_map(|(_, shape)| shape).filter_map(dimension_name).collect();
    let mut errors = Vec::new();
    for name in free_names::free_names(function) {
        if dimensions.contains(&name.text.as_str()) && shapes.iter().all(|(shaped, _)| *shaped != name.text) {
            continue;
        }
        let shape = shapes.iter().find(|(shaped, _)| *shaped == name.text);
        let ty = shape.map(|(_, shape)| shaped(shape, name.span));
        function.parameters.push(Parameter { name, ty });
    }
    for (place, (name, _)) in shapes.iter().enumerate() {
        if shapes.iter().take(place).any(|(earlier, _)| earlier == name) {
            errors.push(usage(format!("the shape of `{name}` is given twice")));
        } else if function.parameters.iter().all(|parameter| parameter.name.text != *name) {
            let inputs: Vec<String> = function.parameters.iter().map(|p| format!("`{}`", p.name.text)).collect();
            let help = if inputs.is_empty() {
                "it has no inputs".into()
            } else {
                format!("its inputs: {}", inputs.join(", "))
            };
            errors.push(usage(format!("the formula has no input `{name}`")).with_help(help));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn dimension_name(dimension: &DimensionKind) -> Option<&str> {
    match dimension {
        DimensionKind::Name(name) => Some(name),
        DimensionKind::Literal(_) => None,
    }
}

/// A type with a given shape, at the place of the name it belongs to.
fn shaped(shape: &[DimensionKind], span: Span) -> Type {
    let shape = shape.iter().map(|kind| Dimension { kind: kind.clone(), span }).collect();
    Type { element: None, shape, any_shape: false, span }
}
