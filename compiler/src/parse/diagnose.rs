//! Says what is wrong with a text that the grammar refused.
//!
//! pest reports the furthest place that any alternative reached and the rules it tried there, which is seldom what the
//! user did wrong. So the tokens are read again, in three steps of which the first that finds something answers:
//! mistakes of single tokens, delimiters, and a reader that follows the grammar with the knowledge of what people
//! write instead. It builds nothing. Where it finds nothing, pest's place is reported after all.

mod expression;
mod item;

use pest::error::{Error, ErrorVariant, InputLocation};

use super::grammar::Rule;
use super::lexical;
use super::token::{Token, TokenKind};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};

/// What the text should have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// One item of a module.
    Item,
    /// A bare expression.
    Formula,
}

/// The strict and reserved keywords of Rust's 2024 edition.
pub(super) const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "Self", "static", "struct", "super", "trait",
    "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// The mistakes in the tokens of one item or formula; empty if none is found.
pub(super) fn diagnose(source: &str, tokens: &[Token], goal: Goal) -> Diagnostics {
    let mistakes = lexical::mistakes(source, tokens);
    if !mistakes.is_empty() {
        return mistakes;
    }
    let mut reader = Reader { source, tokens, at: 0 };
    let outcome = check_delimiters(source, tokens).and_then(|()| match goal {
        Goal::Item => reader.item(),
        Goal::Formula => reader.formula(),
    });
    outcome.err().into_iter().collect()
}

/// What pest said, in words; for the case that nothing better is known. `base` is where the parsed text starts.
pub(super) fn fallback(error: &Error<Rule>, source: &str, base: usize) -> Diagnostic {
    let offset = match error.location {
        InputLocation::Pos(offset) => offset,
        InputLocation::Span((start, _)) => start,
    };
    let start = (base + offset).min(source.len());
    let width = source.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    let span = Span::new(start, start + width);
    let positives = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives.as_slice(),
        ErrorVariant::CustomError { .. } => &[],
    };
    let mut expected: Vec<&str> = positives.iter().map(|rule| in_words(*rule)).collect();
    expected.sort_unstable();
    expected.dedup();
    let found = source.get(start..start + width).filter(|text| !text.is_empty());
    let found = found.map_or("the end".to_owned(), |text| format!("`{}`", text.escape_debug()));
    match expected.as_slice() {
        [] => Diagnostic::new(Code::Syntax, span, format!("{found} is not understood here")),
        some => Diagnostic::new(Code::Syntax, span, format!("expected {}, found {found}", some.join(" or "))),
    }
}

fn in_words(rule: Rule) -> &'static str {
    match rule {
        Rule::infix => "an operator",
        Rule::index | Rule::transpose | Rule::arguments | Rule::indices => "an operator or arguments",
        Rule::item | Rule::function | Rule::constant | Rule::fn_keyword | Rule::const_keyword => "`fn` or `const`",
        Rule::EOI => "the end",
        Rule::block => "a block",
        Rule::name => "a name",
        Rule::value_type | Rule::shape => "a type",
        _ => "an expression",
    }
}

/// Every delimiter has its partner.
fn check_delimiters(source: &str, tokens: &[Token]) -> Result<(), Diagnostic> {
    let mut open: Vec<Token> = Vec::new();
    for token in tokens {
        match token.kind {
            TokenKind::Open => open.push(*token),
            TokenKind::Close => match open.pop() {
                Some(opener) if closes(opener, *token, source) => {}
                Some(opener) => return Err(mismatched(&open, opener, *token, source)),
                None => return Err(unmatched(*token, source)),
            },
            _ => {}
        }
    }
    match open.pop() {
        Some(opener) => Err(unclosed(opener, source)),
        None => Ok(()),
    }
}

fn closer(opener: &str) -> &'static str {
    match opener {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}

fn closes(opener: Token, token: Token, source: &str) -> bool {
    closer(opener.text(source)) == token.text(source)
}

fn mismatched(open: &[Token], opener: Token, token: Token, source: &str) -> Diagnostic {
    // `(a }` inside braces: the parenthesis is open. `(a ]` where no bracket is open: the `]` is wrong.
    if open.iter().any(|outer| closes(*outer, token, source)) {
        return unclosed(opener, source).with_span(token.span);
    }
    let message = format!("`{}` does not close `{}`", token.text(source), opener.text(source));
    let help = format!("write `{}`", closer(opener.text(source)));
    Diagnostic::new(Code::Syntax, token.span, message).with_help(help).with_span(opener.span)
}

fn unclosed(opener: Token, source: &str) -> Diagnostic {
    let text = opener.text(source);
    let help = format!("a `{}` is missing", closer(text));
    Diagnostic::new(Code::Syntax, opener.span, format!("this `{text}` is never closed")).with_help(help)
}

fn unmatched(token: Token, source: &str) -> Diagnostic {
    Diagnostic::new(Code::Syntax, token.span, format!("this `{}` closes nothing", token.text(source)))
}

type Check = Result<(), Diagnostic>;

/// Reads tokens and stops at the first mistake.
struct Reader<'a> {
    source: &'a str,
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Reader<'a> {
    fn token(&self, ahead: usize) -> Option<Token> {
        self.tokens.get(self.at + ahead).copied()
    }

    /// The text of the token some places ahead; empty at the end.
    fn text(&self, ahead: usize) -> &'a str {
        self.token(ahead).map_or("", |token| token.text(self.source))
    }

    fn is(&self, text: &str) -> bool {
        self.text(0) == text
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.is(text);
        self.at += usize::from(found);
        found
    }

    /// The place of the token behind the last one read; at the end, of the last one.
    fn here(&self) -> Span {
        self.token(0).or(self.tokens.last().copied()).map_or(Span::default(), |token| token.span)
    }

    /// The place of the last token read.
    fn before(&self) -> Span {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        last.map_or_else(|| self.here(), |token| token.span)
    }

    fn slice(&self, from: Span, to: Span) -> &'a str {
        self.source.get(from.start as usize..to.end as usize).unwrap_or("")
    }

    fn error(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Code::Syntax, self.here(), message)
    }

    fn expect(&mut self, text: &str) -> Check {
        if self.eat(text) { Ok(()) } else { Err(self.unexpected(&format!("`{text}`"))) }
    }

    /// An identifier that may be bound; `what` says what it would name.
    fn name(&mut self, what: &str) -> Result<&'a str, Diagnostic> {
        let text = self.text(0);
        match self.token(0) {
            Some(token) if token.kind == TokenKind::Name && KEYWORDS.contains(&text) => Err(self.reserved()),
            Some(token) if token.kind == TokenKind::Name => {
                self.at += 1;
                Ok(text)
            }
            _ => Err(self.unexpected(what)),
        }
    }

    /// The keyword here was meant as a name.
    fn reserved(&self) -> Diagnostic {
        let message = format!("`{}` is a keyword of Rust", self.text(0));
        Diagnostic::new(Code::ReservedName, self.here(), message).with_help("choose another name")
    }

    /// The keyword here stands in an expression: as a name, or as what it means in Rust.
    fn keyword(&self) -> Diagnostic {
        let (message, help) = match self.text(0) {
            "return" => ("there is no `return`", "the last expression of a body is its result"),
            "let" => ("`let` stands only in a block", "write `{ let a = ...; result }`"),
            "else" => ("this `else` belongs to no `if`", "write `if condition { a } else { b }`"),
            "true" | "false" => ("`true` and `false` are only values of named arguments", "compare two numbers"),
            "as" => ("there are no casts", "numbers take their function's float type"),
            "for" | "while" | "loop" => ("there are no loops", "write `sum[i](...)` or index notation"),
            _ => return self.reserved(),
        };
        self.error(message).with_help(help)
    }

    /// Something else stands here than what belongs here.
    fn unexpected(&self, wanted: &str) -> Diagnostic {
        let text = self.text(0);
        let Some(token) = self.token(0) else {
            return Diagnostic::new(Code::Syntax, self.before(), format!("{wanted} is missing at the end"));
        };
        match text {
            "=" => self.error("`=` binds, `==` compares").with_help("write `==` to compare, `let a = ...;` to bind"),
            ".." | "..=" | "..." => self.error("a range stands only between brackets, as in `x[1..4]`"),
            "!" => self.error("`!` stands before a condition; there is no factorial"),
            _ if token.kind == TokenKind::Name && KEYWORDS.contains(&text) => self.keyword(),
            _ if token.kind == TokenKind::Doc => {
                self.error("a doc comment documents nothing here").with_help("write `//`")
            }
            _ => self.error(format!("expected {wanted}, found `{text}`")),
        }
    }
}
