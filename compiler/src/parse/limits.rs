//! What is refused before the grammar runs.
//!
//! The generated parser recurses over what stands between delimiters, and steps after the parser may hold one entry
//! for each pending operator: both are bounded here, with an error that shows the place.

use super::token::{Token, TokenKind};
use crate::diagnostic::{Code, Diagnostic, Span};

/// The longest text, in bytes.
pub const TEXT: usize = 64 << 20;
/// The most tokens: each takes about 100 bytes while the grammar runs.
pub const TOKENS: usize = 1 << 23;
/// The deepest nesting of delimiters, and of comments.
pub const DEPTH: usize = 128;
/// The most prefix operators and `**` that wait for one operand.
pub const PENDING: usize = 256;

/// Refuses texts that are too long.
pub(super) fn check_length(text: &str) -> Result<(), Diagnostic> {
    if text.len() <= TEXT {
        return Ok(());
    }
    let message = format!("the text has {} bytes; at most {TEXT} are read", text.len());
    Err(Diagnostic::new(Code::TooLarge, Span::default(), message))
}

/// Refuses texts of too many tokens and comments that nest too deep.
pub(super) fn check_tokens(tokens: &[Token], comment_depth: usize) -> Result<(), Diagnostic> {
    if let Some(token) = tokens.get(TOKENS) {
        let message = format!("the text has more than {TOKENS} tokens");
        return Err(Diagnostic::new(Code::TooLarge, token.span, message));
    }
    if comment_depth > DEPTH {
        let place = tokens.first().map(|token| token.span).unwrap_or_default();
        let message = format!("comments are nested {comment_depth} deep; the limit is {DEPTH}");
        return Err(Diagnostic::new(Code::TooDeep, place, message));
    }
    Ok(())
}

/// Refuses deep nesting and long runs of prefix operators and `**`.
pub(super) fn check_depth(source: &str, tokens: &[Token]) -> Result<(), Diagnostic> {
    // One count of pending operators for each open delimiter.
    let mut open: Vec<usize> = Vec::new();
    let mut pending = 0;
    let mut after_operand = false;
    for token in tokens {
        let text = token.text(source);
        match token.kind {
            TokenKind::Open => {
                open.push(pending);
                (pending, after_operand) = (0, false);
                if open.len() > DEPTH {
                    return Err(too_deep(*token));
                }
            }
            TokenKind::Close => {
                pending = open.pop().unwrap_or(0);
                after_operand = true;
            }
            TokenKind::Symbol => {
                let is_prefix = !after_operand && matches!(text, "-" | "!");
                match text {
                    _ if is_prefix => pending += 1,
                    "**" => pending += 1,
                    "." => {}
                    _ => pending = 0,
                }
                after_operand = text == ".";
            }
            TokenKind::Name => after_operand = !matches!(text, "if" | "else" | "where" | "let"),
            TokenKind::Number | TokenKind::Text => after_operand = true,
            TokenKind::Doc | TokenKind::UnclosedComment | TokenKind::Unknown => {}
        }
        if pending > PENDING {
            return Err(too_many_pending(*token));
        }
    }
    Ok(())
}

fn too_deep(token: Token) -> Diagnostic {
    Diagnostic::new(Code::TooDeep, token.span, format!("delimiters are nested deeper than {DEPTH}"))
        .with_help("bind parts of the formula with `let`")
}

fn too_many_pending(token: Token) -> Diagnostic {
    let message = format!("more than {PENDING} prefix operators and `**` in one operand");
    Diagnostic::new(Code::TooDeep, token.span, message).with_help("bind parts of the formula with `let`")
}
