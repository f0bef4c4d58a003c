//! Partial derivatives: from a formula of the table to the steps that put it into a graph.

use super::{ALL, Argument, Notation, Operator, Step, Template};
use crate::parse::parse_expression;
use crate::syntax::{BinaryOperator, Block, ExpressionId, ExpressionKind, UnaryOperator};

/// The operator that an infix symbol of the syntax stands for; `@` is no elementwise operator.
#[must_use]
pub fn binary(operator: BinaryOperator) -> Option<Operator> {
    Some(match operator {
        BinaryOperator::Add => Operator::Add,
        BinaryOperator::Subtract => Operator::Subtract,
        BinaryOperator::Multiply => Operator::Multiply,
        BinaryOperator::Divide => Operator::Divide,
        BinaryOperator::Power => Operator::Power,
        BinaryOperator::Equal => Operator::Equal,
        BinaryOperator::NotEqual => Operator::NotEqual,
        BinaryOperator::Less => Operator::Less,
        BinaryOperator::LessEqual => Operator::LessEqual,
        BinaryOperator::Greater => Operator::Greater,
        BinaryOperator::GreaterEqual => Operator::GreaterEqual,
        BinaryOperator::And => Operator::And,
        BinaryOperator::Or => Operator::Or,
        BinaryOperator::MatrixMultiply => return None,
    })
}

/// The operator that a prefix symbol of the syntax stands for.
#[must_use]
pub fn unary(operator: UnaryOperator) -> Operator {
    match operator {
        UnaryOperator::Negate => Operator::Negate,
        UnaryOperator::Not => Operator::Not,
    }
}

/// Translates a formula over `a`, `b`, `c` and `out`; `None` if it is not one.
pub(super) fn translate(text: &str) -> Option<Template> {
    let module = parse_expression(text, &[]).ok()?;
    let function = module.functions.first()?;
    let mut translator = Translator { values: Vec::new(), steps: Vec::new() };
    for (_, expression) in function.expressions.iter() {
        let value = translator.expression(&expression.kind)?;
        translator.values.push(value);
    }
    let result = translator.block(&function.body)?;
    Some(Template { steps: translator.steps, result })
}

struct Translator {
    values: Vec<Argument>,
    steps: Vec<Step>,
}

impl Translator {
    fn value(&self, id: ExpressionId) -> Option<Argument> {
        self.values.get(id.0 as usize).copied()
    }

    fn block(&self, block: &Block) -> Option<Argument> {
        if block.lets.is_empty() { self.value(block.result?) } else { None }
    }

    fn expression(&mut self, kind: &ExpressionKind) -> Option<Argument> {
        match kind {
            ExpressionKind::Number(number) => Some(Argument::Number(*number)),
            ExpressionKind::Name(name) => operand(name).or_else(|| {
                let named = |op: &Operator| op.row().notation == Notation::Name && op.row().name == *name;
                self.step(ALL.iter().copied().find(named)?, Vec::new())
            }),
            ExpressionKind::Unary(operator, operand) => self.unary(*operator, *operand),
            ExpressionKind::Binary(operator, left, right) => {
                let arguments = vec![self.value(*left)?, self.value(*right)?];
                self.step(binary(*operator)?, arguments)
            }
            ExpressionKind::Call(call) => {
                let operator = ALL.iter().copied().find(|op| op.row().name == call.function.text)?;
                let arguments = call.arguments.iter().map(|id| self.value(*id)).collect::<Option<_>>()?;
                (operator.row().notation == Notation::Call).then(|| self.step(operator, arguments))?
            }
            ExpressionKind::If { branches, otherwise } => {
                let mut result = self.block(otherwise.as_ref()?)?;
                for (condition, block) in branches.iter().rev() {
                    let arguments = vec![self.value(*condition)?, self.block(block)?, result];
                    result = self.step(Operator::Select, arguments)?;
                }
                Some(result)
            }
            _ => None,
        }
    }

    fn unary(&mut self, operator: UnaryOperator, operand: ExpressionId) -> Option<Argument> {
        match (operator, self.value(operand)?) {
            (UnaryOperator::Negate, Argument::Number(number)) => Some(Argument::Number(number.negated())),
            (_, value) => self.step(unary(operator), vec![value]),
        }
    }

    fn step(&mut self, operator: Operator, arguments: Vec<Argument>) -> Option<Argument> {
        if arguments.len() != operator.arity() {
            return None;
        }
        self.steps.push(Step { operator, arguments });
        Some(Argument::Step(u8::try_from(self.steps.len() - 1).ok()?))
    }
}

fn operand(name: &str) -> Option<Argument> {
    match name {
        "a" => Some(Argument::Operand(0)),
        "b" => Some(Argument::Operand(1)),
        "c" => Some(Argument::Operand(2)),
        "out" => Some(Argument::Out),
        _ => None,
    }
}
