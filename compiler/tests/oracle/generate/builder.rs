//! Syntax trees by hand: an arena with one short method for each construct.

use chainrule_compiler::diagnostic::Span;
use chainrule_compiler::number::Number;
use chainrule_compiler::syntax::{
    BinaryOperator, Block, Call, Constant, Dimension, DimensionKind, ExpressionId, ExpressionKind, Expressions,
    Function, Index, Let, Name, Parameter, Type, UnaryOperator,
};

/// An arena being filled.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    /// The expressions so far.
    pub expressions: Expressions,
}

/// A name without a place.
pub fn name(text: &str) -> Name {
    Name { text: text.to_owned(), span: Span::default() }
}

/// The dimensions of a type: numbers are literal sizes.
pub fn dimension(text: &str) -> Dimension {
    let kind = text.parse().map_or_else(|_| DimensionKind::Name(text.to_owned()), DimensionKind::Literal);
    Dimension { kind, span: Span::default() }
}

/// `name: element[shape]`; neither of the two: no type.
pub fn parameter(text: &str, element: Option<&str>, shape: &[&str]) -> Parameter {
    let dimensions: Vec<Dimension> = shape.iter().map(|text| dimension(text)).collect();
    let ty = Type { element: element.map(name), shape: dimensions, any_shape: false, span: Span::default() };
    Parameter { name: name(text), ty: (element.is_some() || !shape.is_empty()).then_some(ty) }
}

/// `let text = value;` or `let text[indices] = value;`
pub fn binding(text: &str, indices: Option<&[String]>, value: ExpressionId) -> Let {
    let indices = indices.map(|indices| indices.iter().map(|index| name(index)).collect());
    Let { name: name(text), indices, value, span: Span::default() }
}

/// `{ lets result }`
pub fn block(lets: Vec<Let>, result: ExpressionId) -> Block {
    Block { lets, result: Some(result), span: Span::default() }
}

/// A function without attributes, facts, `wrt` and result type.
pub fn function(text: &str, parameters: Vec<Parameter>, expressions: Expressions, body: Block) -> Function {
    Function {
        attributes: Vec::new(),
        visibility: String::new(),
        name: name(text),
        parameters,
        result: None,
        wrt: None,
        facts: Vec::new(),
        expressions,
        body,
        span: Span::default(),
    }
}

/// `const text = value;`
pub fn constant(text: &str, typed: bool, expressions: Expressions, value: ExpressionId) -> Constant {
    let ty = Type { element: Some(name("f64")), shape: Vec::new(), any_shape: false, span: Span::default() };
    Constant { name: name(text), ty: typed.then_some(ty), expressions, value, attributes: Vec::new() }
}

impl Builder {
    /// Any construct.
    pub fn push(&mut self, kind: ExpressionKind) -> ExpressionId {
        self.expressions.push(kind, Span::default())
    }

    /// A number that is a short decimal; a negative one becomes a negated literal, as the parser would have it.
    pub fn number(&mut self, value: f64) -> ExpressionId {
        let number = self.push(ExpressionKind::Number(Number::from_decimal(value.abs()).unwrap_or(Number::ZERO)));
        if value < 0.0 { self.negate(number) } else { number }
    }

    /// A name.
    pub fn name(&mut self, text: &str) -> ExpressionId {
        self.push(ExpressionKind::Name(text.to_owned()))
    }

    /// `-a`
    pub fn negate(&mut self, operand: ExpressionId) -> ExpressionId {
        self.push(ExpressionKind::Unary(UnaryOperator::Negate, operand))
    }

    /// `!a`
    pub fn not(&mut self, operand: ExpressionId) -> ExpressionId {
        self.push(ExpressionKind::Unary(UnaryOperator::Not, operand))
    }

    /// `a + b`, ...
    pub fn binary(&mut self, operator: BinaryOperator, left: ExpressionId, right: ExpressionId) -> ExpressionId {
        self.push(ExpressionKind::Binary(operator, left, right))
    }

    /// `a + b`
    pub fn add(&mut self, left: ExpressionId, right: ExpressionId) -> ExpressionId {
        self.binary(BinaryOperator::Add, left, right)
    }

    /// `a * b`
    pub fn multiply(&mut self, left: ExpressionId, right: ExpressionId) -> ExpressionId {
        self.binary(BinaryOperator::Multiply, left, right)
    }

    /// `a / b`
    pub fn divide(&mut self, left: ExpressionId, right: ExpressionId) -> ExpressionId {
        self.binary(BinaryOperator::Divide, left, right)
    }

    /// `a ** b`
    pub fn power(&mut self, left: ExpressionId, right: ExpressionId) -> ExpressionId {
        self.binary(BinaryOperator::Power, left, right)
    }

    /// `f(a, b)`
    pub fn call(&mut self, function: &str, arguments: &[ExpressionId]) -> ExpressionId {
        self.call_with(function, arguments, None, false)
    }

    /// `f(a, axis = 1, keep = true)`
    pub fn call_with(
        &mut self,
        function: &str,
        arguments: &[ExpressionId],
        axis: Option<usize>,
        keep: bool,
    ) -> ExpressionId {
        let mut named = Vec::new();
        if let Some(axis) = axis {
            named.push((name("axis"), self.number(axis as f64)));
        }
        if keep {
            named.push((name("keep"), self.name("true")));
        }
        self.push(ExpressionKind::Call(Call {
            function: name(function),
            indices: None,
            arguments: arguments.to_vec(),
            named,
        }))
    }

    /// `sum[i, j](a)`
    pub fn close(&mut self, function: &str, indices: &[String], operand: ExpressionId) -> ExpressionId {
        self.push(ExpressionKind::Call(Call {
            function: name(function),
            indices: Some(indices.iter().map(|index| name(index)).collect()),
            arguments: vec![operand],
            named: Vec::new(),
        }))
    }

    /// `a[i, 0]`: numbers are positions, anything else names an index.
    pub fn access(&mut self, base: ExpressionId, places: &[String]) -> ExpressionId {
        let entries = places.iter().map(|place| match place.parse::<u32>() {
            Ok(number) => Index::Position(self.number(f64::from(number))),
            Err(_) => Index::Position(self.name(place)),
        });
        let entries = entries.collect();
        self.push(ExpressionKind::Index(base, entries))
    }

    /// `if a { b } else { c }`
    pub fn conditional(&mut self, branches: Vec<(ExpressionId, Block)>, otherwise: Block) -> ExpressionId {
        self.push(ExpressionKind::If { branches, otherwise: Some(otherwise) })
    }
}
