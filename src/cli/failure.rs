//! What is wrong, told to people (the place underlined) or to programs (JSON), on standard error.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

use annotate_snippets::{AnnotationKind, Element, Group, Level, Renderer, Snippet};
use chainrule_compiler::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use serde_json::{Value, json};

use super::json::to_ascii;

/// Why a command did not do its work.
#[derive(Debug)]
pub struct Failure {
    /// What is wrong; never empty.
    pub diagnostics: Diagnostics,
    /// Where the text comes from, and the text that the diagnostics' places are in.
    pub source: Option<(Option<String>, String)>,
}

impl Failure {
    /// A wrong command line, or wrong values given to it.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::of(Diagnostic { code: Code::Usage, message: message.into(), spans: Vec::new(), help: None })
    }

    /// What this version cannot do yet.
    pub fn not_supported(message: &str) -> Self {
        let message = message.to_owned();
        Self::of(Diagnostic { code: Code::NotSupported, message, spans: Vec::new(), help: None })
    }

    /// Something that was checked is not so.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::of(Diagnostic { code: Code::Certificate, message: message.into(), spans: Vec::new(), help: None })
    }

    fn of(diagnostic: Diagnostic) -> Self {
        Self { diagnostics: vec![diagnostic], source: None }
    }

    /// A fault of chainrule itself.
    pub fn internal(message: &str) -> Self {
        Self {
            diagnostics: vec![Diagnostic {
                code: Code::Internal,
                message: message.into(),
                spans: Vec::new(),
                help: None,
            }],
            source: None,
        }
    }

    /// The same with advice.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        if let Some(first) = self.diagnostics.first_mut() {
            first.help = Some(help.into());
        }
        self
    }
}

/// Whether a command line asks for JSON, as far as one can tell before it is understood.
pub fn asks_for_json(arguments: impl Iterator<Item = OsString>) -> bool {
    let words: Vec<OsString> = arguments.collect();
    let pair = |pair: &[OsString]| pair[0] == "--format" && pair[1] == "json";
    words.windows(2).any(pair) || words.iter().any(|word| word == "--format=json")
}

/// A diagnostic as other programs read it.
pub fn diagnostic_json(diagnostic: &Diagnostic) -> Value {
    let spans: Vec<Value> = diagnostic.spans.iter().map(|span| json!([span.start, span.end])).collect();
    let (code, message, help) = (diagnostic.code.as_str(), &diagnostic.message, &diagnostic.help);
    json!({ "code": code, "message": message, "spans": spans, "help": help })
}

/// Writes diagnostics to standard error.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// For programs, not for people.
    pub json: bool,
}

impl Report {
    /// Mistakes.
    pub fn failure(&self, failure: &Failure) {
        self.all("error", &failure.diagnostics, failure.source.as_ref().map(|(path, text)| (path.as_deref(), &**text)));
    }

    /// What does not keep the command from its work.
    pub fn warnings(&self, diagnostics: &[Diagnostic], path: Option<&str>, text: &str) {
        self.all("warning", diagnostics, Some((path, text)));
    }

    fn all(&self, word: &str, diagnostics: &[Diagnostic], source: Option<(Option<&str>, &str)>) {
        let mut err = io::stderr().lock();
        let colours = err.is_terminal() && std::env::var_os("NO_COLOR").is_none();
        for diagnostic in diagnostics {
            let text = if self.json {
                let mut object = serde_json::Map::new();
                object.insert(word.to_owned(), diagnostic_json(diagnostic));
                to_ascii(&Value::Object(object))
            } else {
                drawn(word, diagnostic, source, colours)
            };
            // Nobody can be told that standard error is closed.
            let _ = writeln!(err, "{text}");
        }
    }
}

/// A diagnostic with its places underlined in the text.
fn drawn(word: &str, diagnostic: &Diagnostic, source: Option<(Option<&str>, &str)>, colours: bool) -> String {
    let level = if word == "error" { Level::ERROR } else { Level::WARNING };
    let title = level.primary_title(&diagnostic.message).id(diagnostic.code.as_str());
    let mut elements: Vec<Element<'_>> = Vec::new();
    if let Some((path, text)) = source.filter(|_| !diagnostic.spans.is_empty()) {
        let mut snippet = Snippet::source(text).path(path.map(str::to_owned));
        for (place, span) in diagnostic.spans.iter().enumerate() {
            let kind = if place == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            snippet = snippet.annotation(kind.span(range(*span, text)));
        }
        elements.push(snippet.into());
    }
    let mut groups = Vec::new();
    match &diagnostic.help {
        Some(help) if elements.is_empty() => groups.push(Group::with_title(Level::HELP.secondary_title(help))),
        Some(help) => elements.push(Level::HELP.message(help).into()),
        None => {}
    }
    let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
    groups.insert(0, title.elements(elements));
    renderer.render(&groups).to_string()
}

/// A span as a range of a text: inside it, and between characters.
fn range(span: Span, text: &str) -> std::ops::Range<usize> {
    let inside = |place: u32| {
        let place = (place as usize).min(text.len());
        (0..=place).rev().find(|place| text.is_char_boundary(*place)).unwrap_or(0)
    };
    inside(span.start)..inside(span.end).max(inside(span.start))
}
