//! Tests of the parser: what texts mean, where things stand, and what is said about mistakes.

use super::{parse_expression, parse_formula, parse_module};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::syntax::*;

mod fuzz;
mod mistakes;
mod structure;

/// The one function of a module that must parse.
#[track_caller]
fn function(result: Result<Module, Diagnostics>) -> Function {
    match result {
        Ok(mut module) if module.functions.len() == 1 => module.functions.remove(0),
        other => panic!("not one function: {other:?}"),
    }
}

#[track_caller]
fn expression(text: &str) -> Function {
    function(parse_expression(text, &[]))
}

/// The result of a function's body with all its parentheses.
fn printed(function: &Function) -> String {
    print(function, function.body.result.expect("a result"))
}

fn print_block(function: &Function, block: &Block) -> String {
    let mut text = String::from("{ ");
    for binding in &block.lets {
        let names = |names: &Vec<Name>| names.iter().map(|n| n.text.as_str()).collect::<Vec<_>>().join(", ");
        let indices = binding.indices.as_ref().map_or(String::new(), |indices| format!("[{}]", names(indices)));
        text += &format!("let {}{indices} = {}; ", binding.name.text, print(function, binding.value));
    }
    text + &block.result.map_or(String::new(), |id| print(function, id)) + " }"
}

fn print(function: &Function, id: ExpressionId) -> String {
    let all = |ids: &[ExpressionId]| ids.iter().map(|id| print(function, *id)).collect::<Vec<_>>().join(", ");
    let end = |id: &Option<ExpressionId>| id.map_or(String::new(), |id| print(function, id));
    match &function.expressions.get(id).kind {
        ExpressionKind::Number(number) => number.to_string(),
        ExpressionKind::Name(name) => name.clone(),
        ExpressionKind::Unary(UnaryOperator::Negate, operand) => format!("(-{})", print(function, *operand)),
        ExpressionKind::Unary(UnaryOperator::Not, operand) => format!("(!{})", print(function, *operand)),
        ExpressionKind::Binary(operator, left, right) => {
            format!("({} {} {})", print(function, *left), symbol(*operator), print(function, *right))
        }
        ExpressionKind::Call(call) => {
            let indices: Vec<&str> = call.indices.iter().flatten().map(|name| name.text.as_str()).collect();
            let brackets = if call.indices.is_some() { format!("[{}]", indices.join(", ")) } else { String::new() };
            let mut arguments: Vec<String> = call.arguments.iter().map(|id| print(function, *id)).collect();
            arguments.extend(call.named.iter().map(|(name, id)| format!("{} = {}", name.text, print(function, *id))));
            format!("{}{brackets}({})", call.function.text, arguments.join(", "))
        }
        ExpressionKind::Index(object, entries) => {
            let entry = |entry: &Index| match entry {
                Index::Position(id) => print(function, *id),
                Index::Range(from, to, _) => format!("{}..{}", end(from), end(to)),
            };
            format!("{}[{}]", print(function, *object), entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        ExpressionKind::Transpose(object) => format!("{}.T", print(function, *object)),
        ExpressionKind::If { branches, otherwise } => {
            let branch = |(condition, block): &(ExpressionId, Block)| {
                format!("if {} {}", print(function, *condition), print_block(function, block))
            };
            let text = branches.iter().map(branch).collect::<Vec<_>>().join(" else ");
            text + &otherwise.as_ref().map_or(String::new(), |block| format!(" else {}", print_block(function, block)))
        }
        ExpressionKind::Vector(values) => format!("[{}]", all(values)),
        ExpressionKind::Tuple(values) => format!("<{}>", all(values)),
    }
}

fn symbol(operator: BinaryOperator) -> &'static str {
    match operator {
        BinaryOperator::Add => "+",
        BinaryOperator::Subtract => "-",
        BinaryOperator::Multiply => "*",
        BinaryOperator::Divide => "/",
        BinaryOperator::Power => "**",
        BinaryOperator::MatrixMultiply => "@",
        BinaryOperator::Equal => "==",
        BinaryOperator::NotEqual => "!=",
        BinaryOperator::Less => "<",
        BinaryOperator::LessEqual => "<=",
        BinaryOperator::Greater => ">",
        BinaryOperator::GreaterEqual => ">=",
        BinaryOperator::And => "&&",
        BinaryOperator::Or => "||",
    }
}
