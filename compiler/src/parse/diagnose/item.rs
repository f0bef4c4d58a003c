//! Reads items and bare formulas for their mistakes.

use super::expression::Place;
use super::{Check, Reader};
use crate::diagnostic::{Code, Diagnostic};
use crate::parse::lexical::attribute_end;
use crate::parse::token::TokenKind;

impl Reader<'_> {
    /// `let` statements and an expression, and nothing behind.
    pub(super) fn formula(&mut self) -> Check {
        if self.tokens.is_empty() {
            return Err(self.error("the formula is empty"));
        }
        self.bindings()?;
        if self.token(0).is_none() {
            return Err(self.error("the formula ends without a result").with_help("end it with an expression"));
        }
        self.expression(Place::Other)?;
        match self.token(0) {
            None => Ok(()),
            Some(_) if self.is(";") => Err(self.error("a bare formula does not end in `;`").with_help("drop it")),
            Some(_) if self.is(",") => {
                Err(self.error("a `,` separates nothing here").with_help("a decimal point is written `.`"))
            }
            Some(_) => Err(self.unexpected("an operator or the end")),
        }
    }

    /// One item and nothing behind.
    pub(super) fn item(&mut self) -> Check {
        self.attributes()?;
        let public = self.is("pub");
        let visibility = self.here();
        self.visibility()?;
        match self.text(0) {
            "fn" => self.function()?,
            "const" if public => {
                let message = "a `const` is not seen outside its block";
                return Err(Diagnostic::new(Code::Syntax, visibility, message).with_help("drop the visibility"));
            }
            "const" => self.constant()?,
            "" if self.at > 0 => return Err(self.error("this stands before no `fn` and no `const`")),
            "" => return Err(self.error("there is no `fn` here")),
            _ => return Err(self.not_an_item()),
        }
        match self.text(0) {
            "" => Ok(()),
            ";" => Err(self.error("a function in braces does not end in `;`").with_help("drop it")),
            _ => Err(self.not_an_item()),
        }
    }

    fn not_an_item(&self) -> Diagnostic {
        let text = self.text(0);
        if matches!(self.token(0), Some(token) if token.kind == TokenKind::Doc) {
            return self.error("a doc comment documents nothing here").with_help("write `//`");
        }
        let diagnostic = self.error(format!("expected `fn` or `const`, found `{text}`"));
        match text {
            "def" | "function" | "func" | "fun" => diagnostic.with_help("write `fn`"),
            "let" => diagnostic.with_help("write `const` for a constant"),
            _ => diagnostic,
        }
    }

    fn attributes(&mut self) -> Check {
        loop {
            if self.token(0).is_some_and(|token| token.kind == TokenKind::Doc) {
                self.at += 1;
            } else if self.is("#") {
                self.attribute()?;
            } else {
                return Ok(());
            }
        }
    }

    fn attribute(&mut self) -> Check {
        if self.text(1) == "!" {
            return Err(self.error("an inner attribute has no place here").with_help("write `#[...]`"));
        }
        if self.text(1) != "[" {
            self.at += 1;
            return Err(self.unexpected("`[`"));
        }
        let end = attribute_end(self.source, self.tokens, self.at + 1);
        self.at += 2;
        if self.token(0).is_none_or(|token| token.kind != TokenKind::Name) {
            return Err(Diagnostic::new(Code::Attribute, self.here(), "an attribute starts with its name"));
        }
        self.at = end;
        Ok(())
    }

    fn visibility(&mut self) -> Check {
        if !self.eat("pub") || !self.eat("(") {
            return Ok(());
        }
        match self.text(0) {
            "crate" | "super" | "self" => self.at += 1,
            "in" => loop {
                self.at += 1;
                if self.token(0).is_none_or(|token| token.kind != TokenKind::Name) {
                    return Err(self.unexpected("a path"));
                }
                self.at += 1;
                if !self.is("::") {
                    break;
                }
            },
            _ => return Err(self.unexpected("`crate`, `super`, `self` or `in`")),
        }
        self.expect(")")
    }

    fn constant(&mut self) -> Check {
        self.at += 1;
        let name = self.name("the name of the constant")?;
        if self.eat(":") {
            self.value_type()?;
        }
        self.expect("=")?;
        if self.is(";") {
            return Err(self.error(format!("the value of `{name}` is missing")));
        }
        self.expression(Place::Other)?;
        self.semicolon(&format!("`const {name}`"))
    }

    /// The `;` at the end of an item that has no braces.
    fn semicolon(&mut self, item: &str) -> Check {
        if self.eat(";") {
            return Ok(());
        }
        if self.token(0).is_none() {
            let message = format!("a `;` is missing after {item}");
            return Err(Diagnostic::new(Code::Syntax, self.before(), message).with_help("write `;` behind this"));
        }
        Err(self.unexpected("`;`"))
    }

    fn function(&mut self) -> Check {
        self.at += 1;
        let start = self.here();
        let name = self.name("the name of the function")?;
        if self.is("<") {
            return Err(self.error("functions have no type parameters").with_help("shapes may be names: `x: [N]`"));
        }
        if !self.is("(") {
            return Err(self.unexpected("`(`"));
        }
        if self.text(1) == ")" {
            self.at += 2;
        } else {
            self.list_of_parameters("the name of a parameter")?;
        }
        if self.eat("->") {
            self.result()?;
        }
        self.clauses()?;
        let empty = format!("the body of `{name}` is empty");
        match self.text(0) {
            "{" => self.block(&empty),
            "=" if self.text(1) == ";" => Err(self.error(empty).with_help("write an expression behind `=`")),
            "=" if self.text(1) == "{" => Err(self.error("no `=` stands before a block").with_help("drop it")),
            "=" => {
                self.at += 1;
                self.expression(Place::Other)?;
                self.semicolon(&format!("the body of `{name}`"))
            }
            "" | ";" => Err(Diagnostic::new(Code::Syntax, start, empty).with_help("write `= expression;`")),
            _ => Err(self.unexpected("`=` or `{`")),
        }
    }

    fn list_of_parameters(&mut self, what: &str) -> Check {
        self.list(")", "parentheses", |reader| {
            if reader.is("mut") && reader.token(1).is_some_and(|token| token.kind == TokenKind::Name) {
                return Err(reader.error("a parameter never changes").with_help("drop `mut`"));
            }
            reader.name(what)?;
            if reader.is("=") {
                return Err(reader.error("parameters have no default values"));
            }
            if reader.eat(":") { reader.value_type() } else { Ok(()) }
        })
    }

    fn result(&mut self) -> Check {
        if self.is("(") { self.list_of_parameters("the name of an output") } else { self.value_type() }
    }

    fn value_type(&mut self) -> Check {
        let wanted = "a type such as `f64`, `f32[N, 3]` or `[K]`";
        match self.token(0) {
            Some(token) if token.kind == TokenKind::Name => {
                self.name(wanted)?;
                if self.is("[") { self.shape() } else { Ok(()) }
            }
            Some(_) if self.is("[") => self.shape(),
            Some(_) if self.is("=") => Err(self.error(format!("expected {wanted}, found `=`"))),
            _ => Err(self.unexpected(wanted)),
        }
    }

    fn shape(&mut self) -> Check {
        if self.text(1) == ".." && self.text(2) == "]" {
            self.at += 3;
            return Ok(());
        }
        if self.text(2) == ";" {
            let help = format!("write `{}[{}]`", self.text(1), self.text(3));
            self.at += 2;
            return Err(self.error("the dimensions of a shape are separated by `,`").with_help(help));
        }
        self.list("]", "brackets", |reader| {
            let text = reader.text(0);
            match reader.token(0).map(|token| token.kind) {
                Some(TokenKind::Number) if text.bytes().all(|b| b.is_ascii_digit() || b == b'_') => {
                    reader.at += 1;
                    Ok(())
                }
                Some(TokenKind::Name) => reader.name("a dimension").map(|_| ()),
                _ => Err(reader.error("a dimension is a whole number or a name")),
            }
        })
    }

    /// `wrt` and `where` in either order.
    fn clauses(&mut self) -> Check {
        let (mut wrt, mut facts) = (false, false);
        loop {
            let stated = match self.text(0) {
                "wrt" => &mut wrt,
                "where" => &mut facts,
                _ => return Ok(()),
            };
            if std::mem::replace(stated, true) {
                return Err(self.error(format!("`{}` is stated twice", self.text(0))));
            }
            if self.is("wrt") { self.wrt()? } else { self.facts()? }
        }
    }

    fn wrt(&mut self) -> Check {
        self.at += 1;
        if !self.is("(") {
            return Err(self.unexpected("`(`"));
        }
        self.list(")", "parentheses", |reader| reader.name("the name of a parameter").map(|_| ()))
    }

    fn facts(&mut self) -> Check {
        self.at += 1;
        if matches!(self.text(0), "" | "=" | "{" | ";") || self.is("wrt") && self.text(1) == "(" {
            return Err(Diagnostic::new(Code::Fact, self.before(), "a fact is missing after `where`")
                .with_help("a fact is a comparison, such as `x > 0`"));
        }
        loop {
            self.expression(Place::Fact)?;
            let ends = !self.eat(",") || matches!(self.text(0), "" | "=" | "{");
            if ends || self.is("wrt") && self.text(1) == "(" {
                return Ok(());
            }
        }
    }
}
