//! Mistakes that one token shows by itself: characters of mathematics that are not typed, glued numbers and names.
//!
//! Everything here is refused by the grammar as well; here it gets its name and its advice.

use super::token::{Token, TokenKind, number_length};
use crate::diagnostic::{Code, Diagnostic, Span};

/// How many of these mistakes one item reports.
const MOST: usize = 10;

/// The mistakes that single tokens show, in the order of the text.
pub(super) fn mistakes(source: &str, tokens: &[Token]) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if found.len() >= MOST {
            break;
        }
        if token.text(source) == "#" && tokens.get(at + 1).is_some_and(|next| next.text(source) == "[") {
            at = attribute_end(source, tokens, at + 1);
            continue;
        }
        let next = tokens.get(at + 1).copied();
        if let Some(mistake) = mistake(source, *token, next) {
            // `x²³` and `x''` are one mistake each.
            let repeats = token.kind == TokenKind::Unknown
                && found.last().and_then(|last| last.spans.first()).is_some_and(|last| last.end == token.span.start);
            if !repeats {
                found.push(mistake);
            }
        }
        at += 1;
    }
    found
}

/// One past the `]` of the `[` at a place.
pub(super) fn attribute_end(source: &str, tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && token.text(source) == "]" {
            return at + 1;
        }
    }
    tokens.len()
}

fn mistake(source: &str, token: Token, next: Option<Token>) -> Option<Diagnostic> {
    let text = token.text(source);
    match token.kind {
        TokenKind::Unknown => Some(unknown(text, token.span)),
        TokenKind::UnclosedComment => Some(syntax(token.span, "this comment has no end", Some("write `*/`"))),
        TokenKind::Text => Some(syntax(token.span, "there are no strings in formulas", None)),
        TokenKind::Number => number(text, token.span),
        TokenKind::Name if text.contains(DOTS) => {
            let spread = |by: &str| text.split(DOTS).collect::<Vec<_>>().join(by);
            let help = format!("write `{}` or `{}`", spread(" * "), spread(" @ "));
            Some(syntax(token.span, &format!("`{text}` is read as one name"), Some(&help)))
        }
        TokenKind::Name if text == "_" => {
            Some(Diagnostic::new(Code::ReservedName, token.span, "`_` is no name").with_help("choose a name"))
        }
        TokenKind::Name if text == "r" && next.is_some_and(|next| next.text(source) == "#" && adjoin(token, next)) => {
            let message = "raw identifiers are not part of the language";
            Some(Diagnostic::new(Code::ReservedName, token.span, message).with_help("choose a name without `r#`"))
        }
        _ => None,
    }
}

/// Characters that go on an identifier but look like a product.
const DOTS: [char; 2] = ['\u{B7}', '\u{387}'];

fn adjoin(left: Token, right: Token) -> bool {
    left.span.end == right.span.start
}

fn syntax(span: Span, message: &str, help: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::Syntax, span, message);
    match help {
        Some(help) => diagnostic.with_help(help),
        None => diagnostic,
    }
}

/// What is glued to a number.
fn number(text: &str, span: Span) -> Option<Diagnostic> {
    let (value, suffix) = text.split_at_checked(number_length(text))?;
    if suffix.is_empty() {
        return None;
    }
    let types = ["f16", "f32", "f64", "f128", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64"];
    if types.contains(&suffix) || ["u128", "usize"].contains(&suffix) {
        let message = "a literal takes its function's float type";
        return Some(syntax(span, message, Some(&format!("drop the suffix: write `{}`", value.trim_end_matches('_')))));
    }
    let radix = suffix.starts_with(['x', 'b', 'o']) && suffix.len() > 1 && value == "0";
    if radix && suffix.chars().skip(1).all(|c| c.is_ascii_hexdigit() || c == '_') {
        return Some(syntax(span, "numbers are decimal", None));
    }
    let factor = suffix.trim_start_matches(DOTS);
    let help = format!("write `{value}*{factor}`");
    Some(syntax(span, &format!("an operator is missing between `{value}` and `{factor}`"), Some(&help)))
}

/// A character that no token of the language starts with.
fn unknown(text: &str, span: Span) -> Diagnostic {
    let help = match text {
        "^" => "write `**` for a power",
        "√" => "write `sqrt(x)`",
        "∛" => "write `x**(1/3)`",
        "×" | "·" | "⋅" | "∙" | "∗" | "•" | "⊙" => "write `*` for a product",
        "÷" | "∕" | "⁄" => "write `/`",
        "−" | "–" | "—" => "write `-`",
        "≤" => "write `<=`",
        "≥" => "write `>=`",
        "≠" => "write `!=`",
        "∧" => "write `&&`",
        "∨" => "write `||`",
        "¬" => "write `!`",
        "∑" => "write `sum[i](...)` or `sum(x)`",
        "&" => "write `&&` for \"and\"",
        "|" => "write `||` for \"or\", `abs(x)` for an absolute value",
        "%" => return syntax(span, "there is no remainder operator", Some("write `a - b * floor(a / b)`")),
        "'" | "′" | "’" | "‘" => {
            let message = format!("`{text}` is not part of a name");
            return syntax(span, &message, Some("spell it out, as in `x_prime`"));
        }
        "\u{A0}" | "\u{202F}" | "\u{2009}" | "\u{3000}" => {
            return syntax(span, "this is not an ordinary space", Some("replace it by a space"));
        }
        _ => match superscript(text) {
            Some(help) => return syntax(span, &format!("`{text}` is not part of the language"), Some(&help)),
            None => return syntax(span, &format!("`{}` is not part of the language", text.escape_debug()), None),
        },
    };
    syntax(span, &format!("`{text}` is not an operator"), Some(help))
}

fn superscript(text: &str) -> Option<String> {
    const DIGITS: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    let character = text.chars().next()?;
    if let Some(digit) = DIGITS.chars().position(|c| c == character) {
        return Some(format!("write `**{digit}`"));
    }
    matches!(character, '⁻' | '⁺').then(|| "write `**` for a power, as in `x**-1`".to_owned())
}
