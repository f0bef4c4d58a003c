//! Expressions: from the flat sequence that the grammar yields to the tree, by precedence.
//!
//! The sequence `prefix* operand postfix* (infix prefix* operand postfix*)*` is read once, with a stack of operands
//! and a stack of operators that still wait for their right side. Nothing recurses over the length of a chain.

use pest::iterators::{Pair, Pairs};

use super::build::Builder;
use super::grammar::Rule;
use crate::diagnostic::{Code, Span};
use crate::number::Number;
use crate::syntax::{BinaryOperator, Call, ExpressionId, ExpressionKind, Index, UnaryOperator, precedence};

/// An expression, and its place with the parentheses around it: what encloses it starts or ends there.
#[derive(Clone, Copy)]
pub(super) struct Operand {
    pub id: ExpressionId,
    pub span: Span,
}

/// An operator that waits for its right side.
struct Pending {
    operator: Operator,
    span: Span,
    /// Its left side is a comparison without parentheses, and so is this.
    chained: bool,
}

#[derive(Clone, Copy)]
enum Operator {
    Prefix(UnaryOperator),
    Infix(BinaryOperator),
}

#[derive(Default)]
struct Chain {
    operands: Vec<Operand>,
    pending: Vec<Pending>,
}

/// Whether an operator compares.
pub(super) fn is_comparison(operator: BinaryOperator) -> bool {
    precedence_of(Operator::Infix(operator)) == precedence::COMPARISON
}

/// Whether an operator joins conditions.
pub(super) fn is_logical(operator: BinaryOperator) -> bool {
    matches!(operator, BinaryOperator::And | BinaryOperator::Or)
}

fn precedence_of(operator: Operator) -> u8 {
    use BinaryOperator as B;
    match operator {
        Operator::Prefix(_) => precedence::PREFIX,
        Operator::Infix(operator) => match operator {
            B::Or => precedence::OR,
            B::And => precedence::AND,
            B::Equal | B::NotEqual | B::Less | B::LessEqual | B::Greater | B::GreaterEqual => precedence::COMPARISON,
            B::Add | B::Subtract => precedence::SUM,
            B::Multiply | B::Divide | B::MatrixMultiply => precedence::PRODUCT,
            B::Power => precedence::POWER,
        },
    }
}

fn infix(text: &str) -> BinaryOperator {
    match text {
        "+" => BinaryOperator::Add,
        "-" => BinaryOperator::Subtract,
        "*" => BinaryOperator::Multiply,
        "/" => BinaryOperator::Divide,
        "@" => BinaryOperator::MatrixMultiply,
        "==" => BinaryOperator::Equal,
        "!=" => BinaryOperator::NotEqual,
        "<" => BinaryOperator::Less,
        "<=" => BinaryOperator::LessEqual,
        ">" => BinaryOperator::Greater,
        ">=" => BinaryOperator::GreaterEqual,
        "&&" => BinaryOperator::And,
        "||" => BinaryOperator::Or,
        _ => BinaryOperator::Power,
    }
}

impl Builder<'_> {
    fn push(&mut self, kind: ExpressionKind, span: Span) -> Operand {
        Operand { id: self.expressions.push(kind, span), span }
    }

    /// The expression of the pairs inside an `expression` rule.
    pub fn expression(&mut self, mut pairs: Pairs<'_, Rule>) -> Operand {
        let mut chain = Chain::default();
        while let Some(pair) = pairs.next() {
            let span = self.span(&pair);
            match pair.as_rule() {
                Rule::prefix => {
                    let operator = if pair.as_str() == "-" { UnaryOperator::Negate } else { UnaryOperator::Not };
                    chain.pending.push(Pending { operator: Operator::Prefix(operator), span, chained: false });
                }
                Rule::infix => self.infix(&mut chain, infix(pair.as_str()), span),
                Rule::index | Rule::transpose => {
                    let object = self.pop(&mut chain, span);
                    let operand = self.postfix(object, pair, span);
                    chain.operands.push(operand);
                }
                Rule::name => {
                    let operand = self.reference(&pair, &mut pairs);
                    chain.operands.push(operand);
                }
                _ => {
                    let operand = self.delimited(pair, span);
                    chain.operands.push(operand);
                }
            }
        }
        while !chain.pending.is_empty() {
            self.reduce(&mut chain);
        }
        self.pop(&mut chain, Span::default())
    }

    /// The last operand; the grammar provides one.
    fn pop(&mut self, chain: &mut Chain, span: Span) -> Operand {
        chain.operands.pop().unwrap_or_else(|| {
            self.error(Code::Internal, span, "an operand is missing", "");
            self.push(ExpressionKind::Number(Number::ZERO), span)
        })
    }

    /// Takes an infix operator, after finishing everything to its left that binds at least as tightly.
    fn infix(&mut self, chain: &mut Chain, operator: BinaryOperator, span: Span) {
        let operator = Operator::Infix(operator);
        let precedence = precedence_of(operator);
        let mut chained = false;
        while let Some(last) = chain.pending.last() {
            let waiting = precedence_of(last.operator);
            // `**` is right-associative.
            let finish = waiting > precedence || waiting == precedence && precedence != precedence::POWER;
            if !finish {
                break;
            }
            chained |= waiting == precedence && precedence == precedence::COMPARISON;
            self.reduce(chain);
        }
        chain.pending.push(Pending { operator, span, chained });
    }

    /// Gives the last waiting operator its operands.
    fn reduce(&mut self, chain: &mut Chain) {
        let Some(pending) = chain.pending.pop() else { return };
        let right = self.pop(chain, pending.span);
        let operand = match pending.operator {
            Operator::Prefix(operator) => {
                self.push(ExpressionKind::Unary(operator, right.id), pending.span.to(right.span))
            }
            Operator::Infix(operator) => {
                let left = self.pop(chain, pending.span);
                if pending.chained {
                    self.comparisons_do_not_chain(left, &pending, right);
                }
                self.push(ExpressionKind::Binary(operator, left.id, right.id), left.span.to(right.span))
            }
        };
        chain.operands.push(operand);
    }

    fn comparisons_do_not_chain(&mut self, left: Operand, pending: &Pending, right: Operand) {
        let mut help = "write `a < b && b < c`".to_owned();
        if let ExpressionKind::Binary(_, _, middle) = self.expressions.get(left.id).kind {
            let middle = self.expressions.get(middle).span;
            let text = |span: Span| self.text(span).filter(|text| text.len() <= 24 && !text.contains('\n'));
            let between = Span { start: pending.span.start, end: right.span.end };
            if let (Some(first), Some(middle), Some(second)) = (text(left.span), text(middle), text(between)) {
                help = format!("write `{first} && {middle} {second}`");
            }
        }
        self.error(Code::Syntax, pending.span, "comparisons do not chain", &help);
    }

    /// A number, `(...)`, `[...]` or `if`.
    fn delimited(&mut self, pair: Pair<'_, Rule>, span: Span) -> Operand {
        match pair.as_rule() {
            Rule::parenthesised => {
                let mut values = pair.into_inner().filter(|inner| inner.as_rule() == Rule::expression);
                let id = values.next().map(|value| self.expression(value.into_inner()).id);
                if values.next().is_some() {
                    let help = "several outputs stand only at the end of a function's body";
                    self.error(Code::Syntax, span, "several values are no expression", help);
                }
                match id {
                    Some(id) => Operand { id, span },
                    None => self.push(ExpressionKind::Number(Number::ZERO), span),
                }
            }
            Rule::vector => {
                let values = pair.into_inner().map(|value| self.expression(value.into_inner()).id).collect();
                self.push(ExpressionKind::Vector(values), span)
            }
            Rule::conditional => self.conditional(pair),
            _ => self.number(pair.as_str(), span),
        }
    }

    fn number(&mut self, text: &str, span: Span) -> Operand {
        let number = Number::parse(text).unwrap_or_else(|error| {
            self.error(Code::Number, span, error.to_string(), "");
            Number::ZERO
        });
        self.push(ExpressionKind::Number(number), span)
    }

    fn conditional(&mut self, pair: Pair<'_, Rule>) -> Operand {
        let mut span = self.span(&pair);
        let (mut branches, mut otherwise, mut condition) = (Vec::new(), None, None);
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::expression => condition = Some(self.expression(inner.into_inner()).id),
                Rule::block => {
                    let block = self.block(inner, false);
                    span.end = block.span.end;
                    match condition.take() {
                        Some(condition) => branches.push((condition, block)),
                        None => otherwise = Some(block),
                    }
                }
                _ => {}
            }
        }
        self.push(ExpressionKind::If { branches, otherwise }, span)
    }

    /// A name, or a call if arguments follow.
    fn reference(&mut self, name: &Pair<'_, Rule>, pairs: &mut Pairs<'_, Rule>) -> Operand {
        let span = self.span(name);
        let next_is = |pairs: &Pairs<'_, Rule>, rule| pairs.peek().is_some_and(|pair| pair.as_rule() == rule);
        let mut indices = None;
        if next_is(pairs, Rule::indices) {
            indices = pairs.next().map(|pair| self.names(pair));
        }
        if !next_is(pairs, Rule::arguments) {
            return self.push(ExpressionKind::Name(name.as_str().to_owned()), span);
        }
        let Some(pair) = pairs.next() else { return self.push(ExpressionKind::Name(name.as_str().to_owned()), span) };
        let span = span.to(self.span(&pair));
        let (mut arguments, mut named) = (Vec::new(), Vec::new());
        for argument in pair.into_inner() {
            match argument.as_rule() {
                Rule::named_argument => named.extend(self.named_argument(argument)),
                _ => arguments.push(self.expression(argument.into_inner()).id),
            }
        }
        let call = Call { function: self.name(name), indices, arguments, named };
        self.push(ExpressionKind::Call(call), span)
    }

    fn named_argument(&mut self, pair: Pair<'_, Rule>) -> Option<(crate::syntax::Name, ExpressionId)> {
        let mut inner = pair.into_inner();
        let name = self.name(&inner.next()?);
        let value = inner.next()?;
        let id = match value.as_rule() {
            Rule::truth => self.push(ExpressionKind::Name(value.as_str().to_owned()), self.span(&value)).id,
            _ => self.expression(value.into_inner()).id,
        };
        Some((name, id))
    }

    fn postfix(&mut self, object: Operand, pair: Pair<'_, Rule>, span: Span) -> Operand {
        let whole = object.span.to(span);
        if pair.as_rule() == Rule::transpose {
            return self.push(ExpressionKind::Transpose(object.id), whole);
        }
        let entries = pair.into_inner().filter_map(|entry| self.index_entry(entry)).collect();
        self.push(ExpressionKind::Index(object.id, entries), whole)
    }

    fn index_entry(&mut self, pair: Pair<'_, Rule>) -> Option<Index> {
        let (mut range, mut from, mut to) = (None, None, None);
        for inner in pair.into_inner() {
            if inner.as_rule() == Rule::range {
                range = Some(self.span(&inner));
                continue;
            }
            let operand = self.expression(inner.into_inner());
            *(if range.is_none() { &mut from } else { &mut to }) = Some(operand);
        }
        let Some(range) = range else { return from.map(|operand| Index::Position(operand.id)) };
        let span = [from, to].into_iter().flatten().fold(range, |span, end| span.to(end.span));
        Some(Index::Range(from.map(|operand| operand.id), to.map(|operand| operand.id), span))
    }

    /// The result of a function's body, where `(u, v)` is allowed.
    pub fn outputs(&mut self, pair: Pair<'_, Rule>) -> Operand {
        let pairs = pair.into_inner();
        let mut only = pairs.clone();
        if let (Some(first), None) = (only.next(), only.next())
            && first.as_rule() == Rule::parenthesised
            && first.clone().into_inner().count() > 1
        {
            let span = self.span(&first);
            let values = first.into_inner().map(|value| self.expression(value.into_inner()).id).collect();
            return self.push(ExpressionKind::Tuple(values), span);
        }
        self.expression(pairs)
    }
}
