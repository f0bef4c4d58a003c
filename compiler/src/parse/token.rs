//! Tokens of a text, for what must happen before or beside the grammar: limits, splitting into items, and saying what
//! is wrong.
//!
//! In comes any text; out comes one token for every piece of it that is neither white space nor a comment. Nothing is
//! an error here: what belongs to no token of the language becomes [`TokenKind::Unknown`].

use crate::diagnostic::Span;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// An identifier or keyword.
    Name,
    /// A number, with whatever is glued to it.
    Number,
    /// An operator or a punctuation mark.
    Symbol,
    /// `(`, `[`, `{`
    Open,
    /// `)`, `]`, `}`
    Close,
    /// `/// text`
    Doc,
    /// `"text"`
    Text,
    /// `/*` without its end.
    UnclosedComment,
    /// A character the language does not know.
    Unknown,
}

/// A token and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub span: Span,
}

impl Token {
    /// The token's text.
    pub fn text(self, source: &str) -> &str {
        source.get(self.span.start as usize..self.span.end as usize).unwrap_or("")
    }
}

/// Symbols of more than one character, longest first.
const SYMBOLS: &[&str] = &["..=", "...", "..", "**", "==", "!=", "<=", ">=", "&&", "||", "->", "=>", "::"];
/// Symbols of one character.
const MARKS: &str = "+-*/@=<>!.,;:#";

/// All tokens of a text (up to one more than the limit), and how deep its block comments nest at most.
pub(super) fn tokens(source: &str) -> (Vec<Token>, usize) {
    let mut lexer = Lexer { source, position: 0, comment_depth: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next_token() {
        tokens.push(token);
        if tokens.len() > super::limits::TOKENS {
            break;
        }
    }
    (tokens, lexer.comment_depth)
}

/// How the identifier ends that starts a text; 0 if none does. `·` is included: its own mistake is reported later.
fn name_length(text: &str) -> usize {
    let mut characters = text.char_indices();
    match characters.next() {
        Some((_, first)) if first == '_' || pest::unicode::XID_START(first) => {}
        _ => return 0,
    }
    characters.find(|(_, c)| !pest::unicode::XID_CONTINUE(*c)).map_or(text.len(), |(end, _)| end)
}

/// White space as Rust has it, and the mark that editors put at the start of files.
fn is_space(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t'
            | '\n'
            | '\r'
            | '\u{B}'
            | '\u{C}'
            | '\u{85}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{FEFF}'
    )
}

/// The length of the number that starts a text, without what is glued to it.
pub(super) fn number_length(text: &str) -> usize {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or("");
        if !rest.starts_with(|c: char| c.is_ascii_digit()) {
            return from;
        }
        from + rest.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(rest.len())
    };
    let mut end = digits(0);
    if text.get(end..).is_some_and(|rest| rest.starts_with('.')) {
        let fraction = digits(end + 1);
        let after = text.get(end + 1..).unwrap_or("");
        if fraction > end + 1 {
            end = fraction;
        } else if !after.starts_with('.') && name_length(after) == 0 {
            end += 1;
        }
    }
    if let Some(rest) = text.get(end..).and_then(|rest| rest.strip_prefix(['e', 'E'])) {
        let rest = rest.strip_prefix(['+', '-']).unwrap_or(rest).trim_start_matches('_');
        let start = text.len() - rest.len();
        let exponent = digits(start);
        if exponent > start {
            end = exponent;
        }
    }
    end
}

struct Lexer<'a> {
    source: &'a str,
    position: usize,
    comment_depth: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.position..).unwrap_or("")
    }

    fn token(&mut self, kind: TokenKind, length: usize) -> Token {
        let start = self.position;
        self.position += length;
        Token { kind, span: Span::new(start, self.position) }
    }

    fn next_token(&mut self) -> Option<Token> {
        loop {
            let rest = self.rest();
            let first = rest.chars().next()?;
            if is_space(first) {
                self.position += first.len_utf8();
            } else if rest.starts_with("//") {
                let length = rest.find('\n').unwrap_or(rest.len());
                if rest.starts_with("///") && !rest.starts_with("////") {
                    return Some(self.token(TokenKind::Doc, length));
                }
                self.position += length;
            } else if rest.starts_with("/*") {
                let is_doc = rest.starts_with("/**") && !rest.starts_with("/***") && !rest.starts_with("/**/");
                match self.block_comment(rest) {
                    Some(length) if is_doc => return Some(self.token(TokenKind::Doc, length)),
                    Some(length) => self.position += length,
                    None => {
                        let token = self.token(TokenKind::UnclosedComment, 2);
                        self.position = self.source.len();
                        return Some(token);
                    }
                }
            } else {
                return Some(self.significant(rest, first));
            }
        }
    }

    /// The length of the block comment that starts a text; `None` if it has no end.
    fn block_comment(&mut self, text: &str) -> Option<usize> {
        let bytes = text.as_bytes();
        let (mut depth, mut at) = (0_usize, 0);
        while let Some(pair) = bytes.get(at..at + 2) {
            match pair {
                b"/*" => depth += 1,
                b"*/" => depth -= 1,
                _ => {
                    at += 1;
                    continue;
                }
            }
            self.comment_depth = self.comment_depth.max(depth);
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        }
        None
    }

    fn significant(&mut self, rest: &str, first: char) -> Token {
        if let Some(length) = string_length(rest) {
            return self.token(TokenKind::Text, length);
        }
        let name = name_length(rest);
        if name > 0 {
            return self.token(TokenKind::Name, name);
        }
        if first.is_ascii_digit() {
            let end = number_length(rest);
            let glued = rest.get(end..).unwrap_or("");
            let suffix = glued.find(|c| !pest::unicode::XID_CONTINUE(c)).unwrap_or(glued.len());
            return self.token(TokenKind::Number, end + suffix);
        }
        if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            return self.token(TokenKind::Symbol, symbol.len());
        }
        let kind = match first {
            '(' | '[' | '{' => TokenKind::Open,
            ')' | ']' | '}' => TokenKind::Close,
            _ if MARKS.contains(first) => TokenKind::Symbol,
            _ => TokenKind::Unknown,
        };
        self.token(kind, first.len_utf8())
    }
}

/// The length of the string literal that starts a text; one without an end goes to the end of the text.
fn string_length(text: &str) -> Option<usize> {
    for (opener, closer) in [("r#\"", "\"#"), ("r\"", "\"")] {
        if let Some(rest) = text.strip_prefix(opener) {
            return Some(rest.find(closer).map_or(text.len(), |end| opener.len() + end + closer.len()));
        }
    }
    let mut characters = text.strip_prefix('"')?.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some(1 + at + 1),
            '\\' => {
                characters.next();
            }
            _ => {}
        }
    }
    Some(text.len())
}
