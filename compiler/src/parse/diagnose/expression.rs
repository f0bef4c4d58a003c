//! Reads expressions and blocks for their mistakes.

use super::{Check, KEYWORDS, Reader};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::parse::token::{Token, TokenKind};

const INFIX: &[&str] = &["+", "-", "*", "/", "@", "**", "==", "!=", "<", "<=", ">", ">=", "&&", "||"];

/// Where an expression stands, as far as that decides what may follow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In `where`: `wrt(...)` may follow.
    Fact,
    /// The value of a `let`: a new line without an operator is a forgotten `;`.
    Binding,
    /// Anywhere else.
    Other,
}

impl Reader<'_> {
    /// Operands with operators between them, as far as they go.
    pub(super) fn expression(&mut self, place: Place) -> Check {
        let mut operator = None;
        loop {
            self.operand(operator)?;
            operator = self.infix(place)?;
            if operator.is_none() {
                return Ok(());
            }
        }
    }

    fn operand(&mut self, operator: Option<Token>) -> Check {
        let mut before = operator;
        while matches!(self.text(0), "-" | "!") {
            before = self.token(0);
            self.at += 1;
        }
        let Some(token) = self.token(0) else { return Err(self.missing_operand(before)) };
        match (token.kind, self.text(0)) {
            (TokenKind::Name, "if") => self.conditional()?,
            (TokenKind::Name, text) if KEYWORDS.contains(&text) => return Err(self.keyword()),
            (TokenKind::Name, _) => {
                self.at += 1;
                self.skip_closing_indices();
                if self.is("(") {
                    self.arguments()?;
                }
            }
            (TokenKind::Number, _) => self.at += 1,
            (TokenKind::Open, "(") => self.parenthesised()?,
            (TokenKind::Open, "[") => self.list("]", "brackets", |reader| reader.expression(Place::Other))?,
            (TokenKind::Open, _) => {
                return Err(self.error("a block stands only behind `fn`, `if` and `else`").with_help("write `( )`"));
            }
            _ => return Err(self.missing_operand(before)),
        }
        self.postfixes()
    }

    fn postfixes(&mut self) -> Check {
        loop {
            match self.text(0) {
                "[" => self.list("]", "brackets", Self::index_entry)?,
                "." if self.text(1) == "T" => self.at += 2,
                "." => return Err(self.member()),
                _ => return Ok(()),
            }
        }
    }

    /// `.name` that is no transpose; the token here is the point.
    fn member(&self) -> Diagnostic {
        let Some(member) = self.token(1) else { return self.error("a `.` ends nothing here") };
        let text = member.text(self.source);
        let object = self.slice(self.before(), self.before());
        let diagnostic = |message| Diagnostic::new(Code::Syntax, member.span, message);
        match member.kind {
            TokenKind::Name if matches!(text, "pow" | "powi" | "powf") => {
                diagnostic("there are no methods".to_owned()).with_help("write `**` for a power")
            }
            TokenKind::Name if self.text(2) == "(" => {
                let rest = if self.text(3) == ")" { "" } else { ", ..." };
                let receiver = if object == ")" || object == "]" { "x" } else { object };
                diagnostic("there are no methods".to_owned()).with_help(format!("write `{text}({receiver}{rest})`"))
            }
            TokenKind::Name if text == "t" => diagnostic("there are no fields".to_owned()).with_help("write `.T`"),
            TokenKind::Name => diagnostic(format!("`.{text}` is not part of the language"))
                .with_help("`.T` transposes; nothing else stands behind a point"),
            _ => Diagnostic::new(Code::Syntax, self.here(), "a `.` stands only in numbers and in `.T`"),
        }
    }

    /// The infix operator that follows, if one does; refuses operands without an operator between.
    fn infix(&mut self, place: Place) -> Result<Option<Token>, Diagnostic> {
        let Some(token) = self.token(0) else { return Ok(None) };
        let text = self.text(0);
        match token.kind {
            TokenKind::Symbol if INFIX.contains(&text) => {
                self.at += 1;
                Ok(Some(token))
            }
            TokenKind::Name if place == Place::Fact && text == "wrt" && self.text(1) == "(" => Ok(None),
            TokenKind::Name if KEYWORDS.contains(&text) => Ok(None),
            TokenKind::Name | TokenKind::Number => self.juxtaposed(place, token),
            TokenKind::Open if text == "(" => self.juxtaposed(place, token),
            _ => Ok(None),
        }
    }

    /// Two operands without an operator between them.
    fn juxtaposed(&self, place: Place, token: Token) -> Result<Option<Token>, Diagnostic> {
        let gap = Span { start: self.before().end, end: token.span.start };
        if place == Place::Binding && self.slice(gap, gap).contains('\n') {
            return Ok(None);
        }
        let left = self.short(self.operand_start(), self.before(), "a");
        let called = usize::from(token.kind == TokenKind::Name);
        let right = match self.closing(called) {
            Some(close) => self.short(token.span, close.span, "(...)"),
            None => self.text(0),
        };
        let shown = [")", "]", "}"].into_iter().find(|close| left.ends_with(close)).unwrap_or(left);
        let factor = format!("{left}*{right}");
        let message = format!("an operator is missing between `{shown}` and `{}`", self.text(0));
        Err(self.error(message).with_help(format!("write `{factor}`")))
    }

    /// Where the operand starts whose last token was just read.
    fn operand_start(&self) -> Span {
        let mut depth = 0_usize;
        let mut read = self.tokens.get(..self.at).unwrap_or(&[]).iter().rev().peekable();
        while let Some(token) = read.next() {
            match token.kind {
                TokenKind::Close => depth += 1,
                TokenKind::Open => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > 0 {
                continue;
            }
            // `sin(x)` starts at `sin`, `a[0](x)` at `a`, `x.T` at `x`.
            let text = token.text(self.source);
            let attached = read.peek().is_some_and(|previous| match previous.kind {
                _ if text == "." => true,
                TokenKind::Name => token.kind == TokenKind::Open && !KEYWORDS.contains(&previous.text(self.source)),
                TokenKind::Close => token.kind == TokenKind::Open && previous.text(self.source) != "}",
                _ => text == "T" && previous.text(self.source) == ".",
            });
            if !attached {
                return token.span;
            }
        }
        self.before()
    }

    /// The text between two places if it fits into a sentence, else a stand-in.
    fn short<'b>(&'b self, from: Span, to: Span, otherwise: &'b str) -> &'b str {
        let text = self.slice(from, to);
        if text.is_empty() || text.len() > 24 || text.contains('\n') { otherwise } else { text }
    }

    /// The partner of the opening delimiter some tokens ahead.
    fn closing(&self, ahead: usize) -> Option<Token> {
        let mut depth = 0_usize;
        for token in self.tokens.get(self.at + ahead..)? {
            match token.kind {
                TokenKind::Open => depth += 1,
                TokenKind::Close => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return (token.kind == TokenKind::Close).then_some(*token);
            }
        }
        None
    }

    fn missing_operand(&self, before: Option<Token>) -> Diagnostic {
        let found = self.text(0);
        let operator = before.map(|token| token.text(self.source));
        match (operator, self.token(0)) {
            (Some("*"), Some(_)) if found == "*" => {
                let span = before.map_or(self.here(), |star| star.span.to(self.here()));
                Diagnostic::new(Code::Syntax, span, "a power is written `**`, without a space").with_help("write `**`")
            }
            (Some("<"), Some(_)) if found == ">" => self.error("`<>` is not an operator").with_help("write `!=`"),
            (_, Some(_)) if found == "+" => self.error("there is no prefix `+`").with_help("drop it"),
            (Some(operator), Some(token)) if token.kind == TokenKind::Symbol && INFIX.contains(&found) => {
                self.error(format!("an operand is missing between `{operator}` and `{found}`"))
            }
            (None, Some(_)) if INFIX.contains(&found) => self.error(format!("an operand is missing before `{found}`")),
            (_, Some(_)) if matches!(found, "=" | "..." | "..=") => self.unexpected("an operand"),
            (_, Some(next))
                if found == "." && self.token(1).is_some_and(|digits| next.span.end == digits.span.start) =>
            {
                self.error("a number starts with a digit").with_help(format!("write `0.{}`", self.text(1)))
            }
            (Some(operator), _) => {
                let span = before.map_or(self.here(), |token| token.span);
                Diagnostic::new(Code::Syntax, span, format!("an operand is missing after `{operator}`"))
            }
            (None, Some(token)) if token.kind == TokenKind::Doc => self.unexpected("an expression"),
            (None, Some(_)) => self.error(format!("an expression is missing before `{found}`")),
            (None, None) => self.error("an expression is missing at the end"),
        }
    }

    /// `sum[i, j](`: steps over the brackets if they hold names only and a call follows.
    fn skip_closing_indices(&mut self) {
        let is_name = |ahead: usize| {
            let text = self.text(ahead);
            self.token(ahead).is_some_and(|token| token.kind == TokenKind::Name) && !KEYWORDS.contains(&text)
        };
        if !self.is("[") || !is_name(1) {
            return;
        }
        let mut ahead = 2;
        while self.text(ahead) == "," && is_name(ahead + 1) {
            ahead += 2;
        }
        ahead += usize::from(self.text(ahead) == ",");
        if self.text(ahead) == "]" && self.text(ahead + 1) == "(" {
            self.at += ahead + 1;
        }
    }

    /// Entries separated by commas up to a closing delimiter, at least one; the token here opens them.
    pub(super) fn list(&mut self, close: &str, what: &str, entry: impl Fn(&mut Self) -> Check) -> Check {
        self.at += 1;
        if self.is(close) {
            return Err(self.error(format!("there is nothing between these {what}")));
        }
        loop {
            entry(self)?;
            let comma = self.eat(",");
            if self.eat(close) {
                return Ok(());
            }
            if !comma {
                return Err(self.unexpected(&format!("`,` or `{close}`")));
            }
        }
    }

    fn parenthesised(&mut self) -> Check {
        let open = self.at;
        self.list(")", "parentheses", |reader| reader.expression(Place::Other))?;
        let commas = self.tokens.get(open..self.at).unwrap_or(&[]);
        let last = commas.len().checked_sub(2).and_then(|at| commas.get(at));
        let trailing = last.is_some_and(|token| token.text(self.source) == ",");
        if trailing && self.top_level_commas(open) == 1 {
            let span = last.map_or(self.here(), |token| token.span);
            return Err(Diagnostic::new(Code::Syntax, span, "one value needs no `,`").with_help("drop it"));
        }
        Ok(())
    }

    fn top_level_commas(&self, open: usize) -> usize {
        let (mut depth, mut commas) = (0_usize, 0);
        for token in self.tokens.get(open..self.at).unwrap_or(&[]) {
            match token.kind {
                TokenKind::Open => depth += 1,
                TokenKind::Close => depth = depth.saturating_sub(1),
                _ => commas += usize::from(depth == 1 && token.text(self.source) == ","),
            }
        }
        commas
    }

    fn arguments(&mut self) -> Check {
        if self.text(1) == ")" {
            self.at += 2;
            return Ok(());
        }
        self.list(")", "parentheses", |reader| {
            let is_name = reader.token(0).is_some_and(|token| token.kind == TokenKind::Name);
            if is_name && reader.text(1) == "=" {
                reader.name("a name")?;
                reader.at += 1;
                if matches!(reader.text(0), "true" | "false") {
                    reader.at += 1;
                    return Ok(());
                }
            }
            reader.expression(Place::Other)
        })
    }

    fn index_entry(&mut self) -> Check {
        if !self.is("..") {
            self.expression(Place::Other)?;
        }
        match self.text(0) {
            "..=" => return Err(self.error("a range excludes its end").with_help("write `..`")),
            ".." => self.at += 1,
            _ => return Ok(()),
        }
        if matches!(self.text(0), "," | "]") { Ok(()) } else { self.expression(Place::Other) }
    }

    fn conditional(&mut self) -> Check {
        loop {
            self.at += 1;
            if self.is("{") {
                return Err(self.error("the condition of this `if` is missing"));
            }
            self.expression(Place::Other)?;
            self.branch()?;
            if !self.eat("else") {
                return Ok(());
            }
            if !self.is("if") {
                return self.branch();
            }
        }
    }

    fn branch(&mut self) -> Check {
        if !self.is("{") {
            return Err(self.unexpected("`{`"));
        }
        self.block("this block is empty")
    }

    /// `{ let ...; result }`; the token here is the brace.
    pub(super) fn block(&mut self, empty: &str) -> Check {
        let open = self.here();
        self.at += 1;
        if self.is("}") {
            let span = open.to(self.here());
            return Err(Diagnostic::new(Code::Syntax, span, empty).with_help("write an expression"));
        }
        self.bindings()?;
        if self.is("}") {
            return Err(self.error("the body ends without a result").with_help("end it with an expression"));
        }
        self.expression(Place::Other)?;
        match self.text(0) {
            "}" => {
                self.at += 1;
                Ok(())
            }
            ";" if self.text(1) == "}" => {
                Err(self.error("the body ends without a result").with_help("drop the `;` behind the last expression"))
            }
            ";" => Err(self.error("only a `let` statement ends in `;`").with_help("bind it: `let a = ...;`")),
            _ => Err(self.unexpected("`}`")),
        }
    }

    /// `let` statements, as many as there are.
    pub(super) fn bindings(&mut self) -> Check {
        while self.is("let") {
            self.at += 1;
            self.binding()?;
        }
        Ok(())
    }

    fn binding(&mut self) -> Check {
        if self.is("mut") {
            return Err(self.error("a binding never changes").with_help("drop `mut`"));
        }
        if self.is("(") || self.is("[") {
            return Err(self.error("a `let` binds one name"));
        }
        let name = self.name("a name")?;
        if self.is("[") {
            self.list("]", "brackets", |reader| reader.name("an index name").map(|_| ()))?;
        }
        if self.is(":") {
            return Err(self.error("a `let` takes no type").with_help("its shape follows from its value"));
        }
        if self.is("==") {
            return Err(self.error("`==` compares, `=` binds").with_help("write `=`"));
        }
        self.expect("=")?;
        if self.is(";") {
            return Err(self.error(format!("the value of `{name}` is missing")));
        }
        self.expression(Place::Binding)?;
        if self.eat(";") {
            return Ok(());
        }
        if matches!(self.text(0), "" | "}" | "let") || self.token(0).is_some_and(|t| t.kind != TokenKind::Symbol) {
            let message = format!("a `;` is missing after `let {name}`");
            return Err(Diagnostic::new(Code::Syntax, self.before(), message).with_help("write `;` behind this"));
        }
        Err(self.unexpected("`;`"))
    }
}
