//! From the pairs of pest to the syntax tree: items, types and blocks.
//!
//! In come the pairs of one item or formula, out comes its part of the tree. pest lets a rule end behind the white
//! space that follows it, so spans are taken from tokens and from rules that end in a delimiter. The functions here
//! recurse only over what stands between delimiters, which [`super::limits`] bounds.

use pest::iterators::{Pair, Pairs};

use super::grammar::Rule;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::syntax::{
    Attribute, Block, Constant, Dimension, DimensionKind, ExpressionId, ExpressionKind, Expressions, Function, Let,
    Name, Parameter, ResultType, Type,
};

/// Builds the tree of one item and collects the mistakes that the grammar cannot see.
pub(super) struct Builder<'a> {
    /// The parsed piece.
    source: &'a str,
    /// Where it starts in the whole text.
    base: usize,
    /// The arena of the function at hand.
    pub expressions: Expressions,
    /// The mistakes found.
    pub errors: Diagnostics,
}

/// What [`Builder::item`] makes.
pub(super) enum Item {
    Function(Box<Function>),
    Constant(Constant),
}

impl<'a> Builder<'a> {
    /// A builder for a piece of text that starts at an offset.
    pub fn new(source: &'a str, base: usize) -> Self {
        Self { source, base, expressions: Expressions::default(), errors: Vec::new() }
    }

    pub fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let span = pair.as_span();
        Span::new(self.base + span.start(), self.base + span.end())
    }

    /// The text at a place of the piece.
    pub fn text(&self, span: Span) -> Option<&'a str> {
        let offset = |place: u32| (place as usize).checked_sub(self.base);
        self.source.get(offset(span.start)?..offset(span.end)?)
    }

    pub fn name(&self, pair: &Pair<'_, Rule>) -> Name {
        Name { text: pair.as_str().to_owned(), span: self.span(pair) }
    }

    pub fn names(&self, pair: Pair<'_, Rule>) -> Vec<Name> {
        pair.into_inner().filter(|inner| inner.as_rule() == Rule::name).map(|name| self.name(&name)).collect()
    }

    pub fn error(&mut self, code: Code, span: Span, message: impl Into<String>, help: &str) {
        let diagnostic = Diagnostic::new(code, span, message);
        self.errors.push(if help.is_empty() { diagnostic } else { diagnostic.with_help(help) });
    }

    /// An item with its attributes; `None` only if the pair is none.
    pub fn item(&mut self, pair: Pair<'_, Rule>) -> Option<Item> {
        let span = self.span(&pair);
        let mut attributes = Vec::new();
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::doc_comment => attributes.push(self.doc_comment(&inner)),
                Rule::attribute => attributes.push(self.attribute(inner)),
                Rule::constant => return self.constant(inner, attributes).map(Item::Constant),
                Rule::function => {
                    return self.function(inner, attributes, span).map(|f| Item::Function(Box::new(f)));
                }
                _ => {}
            }
        }
        None
    }

    fn constant(&mut self, pair: Pair<'_, Rule>, attributes: Vec<Attribute>) -> Option<Constant> {
        let (mut name, mut ty, mut value) = (None, None, None);
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::name => name = Some(self.name(&inner)),
                Rule::value_type => ty = Some(self.value_type(inner)),
                Rule::expression => value = Some(self.expression(inner.into_inner()).id),
                _ => {}
            }
        }
        let expressions = std::mem::take(&mut self.expressions);
        Some(Constant { name: name?, ty, expressions, value: value?, attributes })
    }

    fn function(&mut self, pair: Pair<'_, Rule>, attributes: Vec<Attribute>, span: Span) -> Option<Function> {
        let (mut visibility, mut name, mut parameters) = (String::new(), None, Vec::new());
        let (mut result, mut wrt, mut facts, mut body) = (None, None, Vec::new(), None);
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::visibility => visibility = written_visibility(inner),
                Rule::name => name = Some(self.name(&inner)),
                Rule::parameters => parameters = self.parameters(inner),
                Rule::result_type => result = self.result_type(inner),
                Rule::wrt_clause => wrt = Some(self.names(inner)),
                Rule::where_clause => facts = self.facts(inner),
                Rule::block => body = Some(self.block(inner, true)),
                Rule::expression => body = Some(self.body(Vec::new(), inner)),
                _ => {}
            }
        }
        let expressions = std::mem::take(&mut self.expressions);
        let (name, body) = (name?, body?);
        Some(Function { attributes, visibility, name, parameters, result, wrt, facts, expressions, body, span })
    }

    /// The function `f` of a bare formula, without parameters.
    pub fn formula(&mut self, pairs: Pairs<'_, Rule>) -> Option<Function> {
        let (mut lets, mut body) = (Vec::new(), None);
        for inner in pairs {
            match inner.as_rule() {
                Rule::binding => lets.extend(self.binding(inner)),
                Rule::expression => body = Some(self.body(std::mem::take(&mut lets), inner)),
                _ => {}
            }
        }
        let body = body?;
        let expressions = std::mem::take(&mut self.expressions);
        let span = body.span;
        let name = Name { text: "f".to_owned(), span };
        Some(Function {
            attributes: Vec::new(),
            visibility: String::new(),
            name,
            parameters: Vec::new(),
            result: None,
            wrt: None,
            facts: Vec::new(),
            expressions,
            body,
            span,
        })
    }

    fn parameters(&mut self, pair: Pair<'_, Rule>) -> Vec<Parameter> {
        pair.into_inner().filter_map(|parameter| self.parameter(parameter)).collect()
    }

    fn parameter(&mut self, pair: Pair<'_, Rule>) -> Option<Parameter> {
        let mut inner = pair.into_inner();
        let name = self.name(&inner.next()?);
        let ty = inner.next().map(|ty| self.value_type(ty));
        Some(Parameter { name, ty })
    }

    fn result_type(&mut self, pair: Pair<'_, Rule>) -> Option<ResultType> {
        let inner = pair.into_inner().next()?;
        Some(match inner.as_rule() {
            Rule::named_results => ResultType::Named(self.parameters(inner)),
            _ => ResultType::Type(self.value_type(inner)),
        })
    }

    fn value_type(&mut self, pair: Pair<'_, Rule>) -> Type {
        let mut ty = Type { element: None, shape: Vec::new(), any_shape: false, span: self.span(&pair) };
        for inner in pair.into_inner() {
            let span = self.span(&inner);
            if inner.as_rule() == Rule::name {
                ty.element = Some(self.name(&inner));
                ty.span.end = span.end;
                continue;
            }
            ty.span.end = span.end;
            for entry in inner.into_inner() {
                match entry.as_rule() {
                    Rule::any_shape => ty.any_shape = true,
                    _ => ty.shape.extend(self.dimension(entry)),
                }
            }
        }
        ty
    }

    fn dimension(&mut self, pair: Pair<'_, Rule>) -> Option<Dimension> {
        let inner = pair.into_inner().next()?;
        let span = self.span(&inner);
        if inner.as_rule() == Rule::name {
            return Some(Dimension { kind: DimensionKind::Name(inner.as_str().to_owned()), span });
        }
        let digits: String = inner.as_str().chars().filter(|c| *c != '_').collect();
        let size = digits.parse().unwrap_or_else(|_| {
            self.error(Code::Number, span, "this dimension is too large", "");
            1
        });
        Some(Dimension { kind: DimensionKind::Literal(size), span })
    }

    fn facts(&mut self, pair: Pair<'_, Rule>) -> Vec<ExpressionId> {
        let mut facts = Vec::new();
        for fact in pair.into_inner().filter(|inner| inner.as_rule() == Rule::fact) {
            for expression in fact.into_inner().filter(|inner| inner.as_rule() == Rule::expression) {
                let operand = self.expression(expression.into_inner());
                if !self.is_fact(operand.id) {
                    let message = "a fact is a comparison, such as `x > 0`";
                    self.error(Code::Fact, operand.span, message, "");
                }
                facts.push(operand.id);
            }
        }
        facts
    }

    /// Whether an expression is made of comparisons.
    fn is_fact(&self, id: ExpressionId) -> bool {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            match &self.expressions.get(id).kind {
                ExpressionKind::Unary(crate::syntax::UnaryOperator::Not, operand) => open.push(*operand),
                ExpressionKind::Binary(operator, left, right) => {
                    if super::expression::is_comparison(*operator) {
                        continue;
                    }
                    if !super::expression::is_logical(*operator) {
                        return false;
                    }
                    open.extend([*left, *right]);
                }
                _ => return false,
            }
        }
        true
    }

    /// A block in braces; only a function's own body may end in several outputs.
    pub fn block(&mut self, pair: Pair<'_, Rule>, is_body: bool) -> Block {
        let span = self.span(&pair);
        let (mut lets, mut result) = (Vec::new(), None);
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::binding => lets.extend(self.binding(inner)),
                Rule::expression if is_body => result = Some(self.outputs(inner).id),
                Rule::expression => result = Some(self.expression(inner.into_inner()).id),
                _ => {}
            }
        }
        Block { lets, result, span }
    }

    /// A body without braces.
    fn body(&mut self, lets: Vec<Let>, pair: Pair<'_, Rule>) -> Block {
        let operand = self.outputs(pair);
        let start = lets.first().map_or(operand.span, |first: &Let| first.span);
        Block { lets, result: Some(operand.id), span: start.to(operand.span) }
    }

    fn binding(&mut self, pair: Pair<'_, Rule>) -> Option<Let> {
        let span = self.span(&pair);
        let (mut name, mut indices, mut value) = (None, None, None);
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::name => name = Some(self.name(&inner)),
                Rule::indices => indices = Some(self.names(inner)),
                Rule::expression => value = Some(self.expression(inner.into_inner()).id),
                _ => {}
            }
        }
        Some(Let { name: name?, indices, value: value?, span })
    }
}

/// `pub`, `pub(crate)`, `pub(in a::b)` without the white space between.
fn written_visibility(pair: Pair<'_, Rule>) -> String {
    let mut scope = String::new();
    for inner in pair.into_inner() {
        match inner.as_rule() {
            Rule::scope_keyword => scope = format!("({})", inner.as_str()),
            Rule::path => scope = format!("(in {})", path_text(inner)),
            _ => {}
        }
    }
    format!("pub{scope}")
}

/// The segments of a path with `::` between.
pub(super) fn path_text(pair: Pair<'_, Rule>) -> String {
    pair.into_inner().map(|segment| segment.as_str()).collect::<Vec<_>>().join("::")
}
