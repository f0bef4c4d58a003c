//! From the tokens of a `grad!` block to the text that the compiler reads, and back from places in that text to tokens.
//!
//! In: a token stream as rustc hands it over. Out: a [`Source`]: the text of the language, spaced the way people write
//! it, and a table of where each token stands in it. Three things are not written as they arrive:
//! * `* *` becomes `**`: in a `macro_rules!` body, `$e ** 2` arrives as two separate stars.
//! * An invisible group (what `$e:expr` captured) is parenthesised where its neighbours could pull it apart.
//! * A raw string, which is what rustc makes of `/// text`, becomes a plain one, so that the compiler knows one form.
//!
//! Invariant: the table is sorted, its ranges do not overlap, and the parentheses added here are in none of them.

use std::iter::Peekable;
use std::ops::Range;

use chainrule_compiler::diagnostic;
use proc_macro2::token_stream::IntoIter;
use proc_macro2::{Delimiter, Group, Literal, Spacing, Span, TokenStream, TokenTree};

/// The text of a `grad!` block, and where its tokens stand in it.
#[derive(Default)]
pub struct Source {
    text: String,
    /// The bytes of each token, in order; a group counts as two tokens, its delimiters.
    places: Vec<Range<usize>>,
    /// The span of each token.
    spans: Vec<Span>,
    last: Kind,
    /// Whether the last token touches the next one.
    glued: bool,
}

/// What a token is, as far as the space before and after it depends on that.
#[derive(Clone, Copy, Default, PartialEq)]
enum Kind {
    /// Nothing was written yet.
    #[default]
    Start,
    Open(char),
    Close(char),
    /// A name, or a word that a parenthesis may touch.
    Word,
    /// A word after which an expression starts.
    Keyword,
    Literal,
    Punct(char),
}

/// A stream that is being read, and what to write at its end.
struct Frame {
    trees: Peekable<IntoIter>,
    end: End,
}

enum End {
    /// The end of the block.
    Block,
    /// An invisible group that is written as it is.
    Bare,
    /// An invisible group that is written in parentheses.
    Parenthesised,
    /// A group, its closing delimiter, and that one's span.
    Delimiter(char, Span),
}

impl Source {
    /// Writes the tokens down. The nesting of groups is walked by a loop, however deep it is.
    pub fn read(tokens: TokenStream) -> Self {
        let mut source = Self::default();
        let mut frames = vec![Frame::new(tokens, End::Block)];
        while let Some(frame) = frames.last_mut() {
            match frame.trees.next() {
                Some(TokenTree::Group(group)) => {
                    let frame = source.open(&group, &mut frames);
                    frames.push(frame);
                }
                Some(leaf) => source.write_leaf(&leaf),
                None => {
                    let end = frames.pop().map(|frame| frame.end);
                    source.close(end.unwrap_or(End::Block));
                }
            }
        }
        source
    }

    /// The text of the block.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The spans of the first and the last token of a place in the text; `None` if the block has no token.
    pub fn ends(&self, place: diagnostic::Span) -> Option<(Span, Span)> {
        let (first, last) = self.tokens(place)?;
        Some((self.spans[first], self.spans[last]))
    }

    /// One span for a place in the text: of all its tokens where the compiler can join spans, else of the first.
    pub fn span(&self, place: diagnostic::Span) -> Span {
        match self.ends(place) {
            Some((first, last)) => first.join(last).unwrap_or(first),
            None => Span::call_site(),
        }
    }

    /// The first and the last token that a place in the text touches. A place between tokens answers the next one, the
    /// end of the text the last one.
    fn tokens(&self, place: diagnostic::Span) -> Option<(usize, usize)> {
        let (start, end) = (place.start as usize, place.end as usize);
        let final_token = self.places.len().checked_sub(1)?;
        let first = self.places.partition_point(|token| token.end <= start).min(final_token);
        let after = self.places.partition_point(|token| token.start < end);
        Some((first, after.saturating_sub(1).max(first)))
    }

    /// Starts a group and says how to go on.
    fn open(&mut self, group: &Group, frames: &mut [Frame]) -> Frame {
        let (open, close) = match group.delimiter() {
            Delimiter::Parenthesis => ('(', ')'),
            Delimiter::Bracket => ('[', ']'),
            Delimiter::Brace => ('{', '}'),
            Delimiter::None if self.keeps_together(group) || self.stands_alone(frames) => {
                return Frame::new(group.stream(), End::Bare);
            }
            Delimiter::None => {
                self.write_text(Kind::Open('('), "(");
                return Frame::new(group.stream(), End::Parenthesised);
            }
        };
        self.write(Kind::Open(open), open.encode_utf8(&mut [0; 4]), group.span_open());
        Frame::new(group.stream(), End::Delimiter(close, group.span_close()))
    }

    fn close(&mut self, end: End) {
        match end {
            End::Block | End::Bare => {}
            End::Parenthesised => {
                self.write_text(Kind::Close(')'), ")");
            }
            End::Delimiter(close, span) => self.write(Kind::Close(close), close.encode_utf8(&mut [0; 4]), span),
        }
    }

    /// Whether an invisible group is no expression that could fall apart: it has at most one token tree, it is (the
    /// start of) an item or a statement, or a type.
    fn keeps_together(&self, group: &Group) -> bool {
        const STARTS: [&str; 6] = ["pub", "crate", "fn", "const", "let", "#"];
        let mut trees = group.stream().into_iter();
        let Some(first) = trees.next() else { return true };
        let is_type = self.text.ends_with(':') || self.text.ends_with("->");
        is_type || trees.next().is_none() || STARTS.contains(&first.to_string().as_str())
    }

    /// Whether what comes next stands between delimiters, commas and semicolons, where nothing can pull it apart.
    fn stands_alone(&self, frames: &mut [Frame]) -> bool {
        if !matches!(self.last, Kind::Start | Kind::Open(_) | Kind::Punct(',' | ';')) {
            return false;
        }
        for frame in frames.iter_mut().rev() {
            match (frame.trees.peek(), &frame.end) {
                (Some(TokenTree::Punct(punct)), _) => return matches!(punct.as_char(), ',' | ';'),
                (Some(_), _) => return false,
                (None, End::Bare) => {}
                (None, _) => return true,
            }
        }
        true
    }

    fn write_leaf(&mut self, leaf: &TokenTree) {
        match leaf {
            TokenTree::Group(_) => {}
            TokenTree::Ident(ident) => {
                let text = ident.to_string();
                let is_keyword = matches!(text.as_str(), "if" | "else" | "let" | "where" | "in" | "const" | "fn");
                self.write(if is_keyword { Kind::Keyword } else { Kind::Word }, &text, ident.span());
            }
            TokenTree::Literal(literal) => self.write(Kind::Literal, &literal_text(literal), literal.span()),
            TokenTree::Punct(punct) => {
                let sign = punct.as_char();
                let is_prefix = matches!(sign, '-' | '!') && self.expects_operand();
                self.write(Kind::Punct(sign), sign.encode_utf8(&mut [0; 4]), punct.span());
                self.glued = is_prefix || punct.spacing() == Spacing::Joint || self.text.ends_with("::");
            }
        }
    }

    /// Whether an operator that comes next would be a prefix.
    fn expects_operand(&self) -> bool {
        match self.last {
            Kind::Start | Kind::Open(_) | Kind::Keyword => true,
            Kind::Punct(sign) => sign != '.',
            Kind::Close(_) | Kind::Word | Kind::Literal => false,
        }
    }

    fn write(&mut self, kind: Kind, text: &str, span: Span) {
        let place = self.write_text(kind, text);
        self.places.push(place);
        self.spans.push(span);
    }

    fn write_text(&mut self, kind: Kind, text: &str) -> Range<usize> {
        if self.needs_space(kind) {
            self.text.push(' ');
        }
        let start = self.text.len();
        self.text.push_str(text);
        (self.last, self.glued) = (kind, false);
        start..self.text.len()
    }

    /// Whether a space goes before the next token. Where it is not needed to keep tokens apart, this is only so that
    /// messages quote formulas as people write them.
    fn needs_space(&self, next: Kind) -> bool {
        use Kind::{Close, Keyword, Literal, Open, Punct, Start, Word};
        match (self.last, next) {
            (Start, _) => false,
            _ if self.glued => false,
            // Half a power, whatever stood between the stars.
            (Punct('*'), Punct('*')) => self.text.ends_with("**"),
            (Open('{'), _) | (_, Close('}')) => true,
            (Open(_), _) | (_, Close(_) | Punct(',' | ';' | ':')) => false,
            // `1 .T` and `0 .. 4`: a point must not become part of a number.
            (Punct('.'), next) => next == Literal,
            (Word | Keyword | Close(_), Punct('.')) => false,
            (Word | Close(')' | ']'), Open('(' | '[')) | (Punct('#'), Open('[')) => false,
            _ => true,
        }
    }
}

impl Frame {
    fn new(stream: TokenStream, end: End) -> Self {
        Self { trees: stream.into_iter().peekable(), end }
    }
}

/// A literal as the language writes it: `(-1)` for the negative ones that other macros make, `"..."` for raw strings.
fn literal_text(literal: &Literal) -> String {
    let text = literal.to_string();
    if text.starts_with('-') {
        return format!("({text})");
    }
    match raw_string(&text) {
        Some(content) => Literal::string(content).to_string(),
        None => text,
    }
}

/// What stands between the quotes of `r"..."`, `r#"..."#`, and so on.
fn raw_string(text: &str) -> Option<&str> {
    let fenced = text.strip_prefix('r')?;
    let quoted = fenced.trim_start_matches('#');
    let fence = &fenced[..fenced.len() - quoted.len()];
    quoted.strip_prefix('"')?.strip_suffix(fence)?.strip_suffix('"')
}

#[cfg(test)]
mod tests;
