//! Attributes and doc comments: from their pairs to [`Attribute`].

use pest::iterators::Pair;

use super::build::{Builder, path_text};
use super::grammar::Rule;
use crate::syntax::{Attribute, Name};

impl Builder<'_> {
    /// `/// text` or `/** text */`
    pub fn doc_comment(&self, pair: &Pair<'_, Rule>) -> Attribute {
        let text = pair.as_str();
        let inner = text.strip_prefix("/**").and_then(|rest| rest.strip_suffix("*/"));
        let content = inner.unwrap_or_else(|| text.strip_prefix("///").unwrap_or(text));
        let span = self.span(pair);
        let path = Name { text: "doc".to_owned(), span };
        Attribute { path, content: bare(content), is_doc: true, content_span: span, span }
    }

    /// `#[path content]`
    pub fn attribute(&self, pair: Pair<'_, Rule>) -> Attribute {
        let span = self.span(&pair);
        let path = Name { text: String::new(), span };
        let mut attribute = Attribute { path, content: String::new(), is_doc: false, content_span: span, span };
        for inner in pair.into_inner() {
            if inner.as_rule() == Rule::path {
                attribute.path.span = self.path_span(inner.clone());
                attribute.path.text = path_text(inner);
            } else {
                attribute.content_span = self.span(&inner);
                attribute.content = inner.as_str().trim_end().to_owned();
            }
        }
        if attribute.path.text == "doc" {
            let literal = attribute.content.strip_prefix('=').map(str::trim);
            if let Some(text) = literal.and_then(string_value) {
                attribute.content = bare(&text);
                attribute.is_doc = true;
            }
        }
        attribute
    }

    fn path_span(&self, pair: Pair<'_, Rule>) -> crate::diagnostic::Span {
        let whole = self.span(&pair);
        let segments = pair.into_inner().map(|segment| self.span(&segment));
        segments.reduce(crate::diagnostic::Span::to).unwrap_or(whole)
    }
}

/// Documentation without the space that sets it off from `///`; `#[doc = " text"]` has it too.
fn bare(text: &str) -> String {
    text.strip_prefix(' ').unwrap_or(text).trim_end().to_owned()
}

/// What a string literal says; `None` if the text is none.
fn string_value(literal: &str) -> Option<String> {
    if let Some(raw) = literal.strip_prefix('r') {
        return Some(raw.trim_matches('#').strip_prefix('"')?.strip_suffix('"')?.to_owned());
    }
    let mut characters = literal.strip_prefix('"')?.strip_suffix('"')?.chars().peekable();
    let mut value = String::new();
    while let Some(c) = characters.next() {
        if c != '\\' {
            value.push(c);
            continue;
        }
        match characters.next()? {
            'n' => value.push('\n'),
            'r' => value.push('\r'),
            't' => value.push('\t'),
            '0' => value.push('\0'),
            'x' => {
                let digits: String = characters.by_ref().take(2).collect();
                value.push(char::from(u8::from_str_radix(&digits, 16).ok()?));
            }
            'u' => {
                let digits: String = characters.by_ref().take_while(|c| *c != '}').filter(|c| *c != '{').collect();
                value.push(char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?);
            }
            '\n' => while characters.next_if(|c| c.is_whitespace()).is_some() {},
            other => value.push(other),
        }
    }
    Some(value)
}
