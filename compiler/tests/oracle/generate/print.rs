//! Text of a module: with as few parentheses as the precedences allow, or with all of them.
//!
//! `if` ends with its own brace, so as an operand it needs parentheses only before `.T` and `[...]`.

use std::fmt::Write;

use chainrule_compiler::syntax::{
    BinaryOperator, Block, Call, DimensionKind, ExpressionId, ExpressionKind, Expressions, Function, Index, Module,
    Name, Parameter, ResultType, Type, UnaryOperator,
};

/// How many parentheses are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parentheses {
    /// Only what the precedences need.
    Minimal,
    /// Around every operator.
    Full,
}

/// How tightly an expression holds together, loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tightness {
    Anything,
    Or,
    And,
    Comparison,
    Sum,
    Product,
    Prefix,
    Power,
    Conditional,
    Atom,
}

/// The text of a module.
#[must_use]
pub fn module(module: &Module, parentheses: Parentheses) -> String {
    let mut text = String::new();
    for constant in &module.constants {
        let printer = Printer { expressions: &constant.expressions, parentheses };
        let ty = constant.ty.as_ref().map_or(String::new(), |ty| format!(": {}", type_text(ty)));
        let value = printer.text(constant.value, Tightness::Anything);
        let _ = writeln!(text, "const {}{ty} = {value};", constant.name.text);
    }
    for function in &module.functions {
        let _ = writeln!(text, "{}", function_text(function, parentheses));
    }
    text
}

fn function_text(function: &Function, parentheses: Parentheses) -> String {
    let printer = Printer { expressions: &function.expressions, parentheses };
    let mut head = format!("fn {}({})", function.name.text, parameters_text(&function.parameters));
    match &function.result {
        None => {}
        Some(ResultType::Type(ty)) => head += &format!(" -> {}", type_text(ty)),
        Some(ResultType::Named(results)) => head += &format!(" -> ({})", parameters_text(results)),
    }
    if let Some(wrt) = &function.wrt {
        head += &format!(" wrt({})", names_text(wrt));
    }
    if !function.facts.is_empty() {
        head += &format!(" where {}", printer.list(&function.facts));
    }
    match function.body.result {
        Some(result) if function.body.lets.is_empty() && parentheses == Parentheses::Minimal => {
            format!("{head} = {};", printer.text(result, Tightness::Anything))
        }
        _ => format!("{head} {}", printer.block(&function.body)),
    }
}

fn parameters_text(parameters: &[Parameter]) -> String {
    let text = |parameter: &Parameter| match &parameter.ty {
        Some(ty) => format!("{}: {}", parameter.name.text, type_text(ty)),
        None => parameter.name.text.clone(),
    };
    parameters.iter().map(text).collect::<Vec<_>>().join(", ")
}

fn type_text(ty: &Type) -> String {
    let element = ty.element.as_ref().map_or("", |name| name.text.as_str());
    let dimension = |kind: &DimensionKind| match kind {
        DimensionKind::Literal(size) => size.to_string(),
        DimensionKind::Name(name) => name.clone(),
    };
    let shape: Vec<String> = ty.shape.iter().map(|each| dimension(&each.kind)).collect();
    if shape.is_empty() { element.to_owned() } else { format!("{element}[{}]", shape.join(", ")) }
}

fn names_text(names: &[Name]) -> String {
    names.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(", ")
}

struct Printer<'a> {
    expressions: &'a Expressions,
    parentheses: Parentheses,
}

impl Printer<'_> {
    fn text(&self, id: ExpressionId, least: Tightness) -> String {
        let (text, tightness) = self.bare(id);
        let needed = match self.parentheses {
            Parentheses::Minimal => tightness < least,
            Parentheses::Full => tightness < Tightness::Atom,
        };
        if needed { format!("({text})") } else { text }
    }

    fn bare(&self, id: ExpressionId) -> (String, Tightness) {
        let atom = |text: String| (text, Tightness::Atom);
        match &self.expressions.get(id).kind {
            ExpressionKind::Number(number) => atom(number.to_string()),
            ExpressionKind::Name(name) => atom(name.clone()),
            ExpressionKind::Unary(operator, operand) => {
                let sign = match operator {
                    UnaryOperator::Negate => "-",
                    UnaryOperator::Not => "!",
                };
                (format!("{sign}{}", self.text(*operand, Tightness::Prefix)), Tightness::Prefix)
            }
            ExpressionKind::Binary(operator, left, right) => self.binary(*operator, *left, *right),
            ExpressionKind::Call(call) => atom(self.call(call)),
            ExpressionKind::Index(base, entries) => {
                let entries: Vec<String> = entries.iter().map(|entry| self.entry(entry)).collect();
                atom(format!("{}[{}]", self.text(*base, Tightness::Atom), entries.join(", ")))
            }
            ExpressionKind::Transpose(operand) => atom(format!("{}.T", self.text(*operand, Tightness::Atom))),
            ExpressionKind::If { branches, otherwise } => {
                (self.conditional(branches, otherwise.as_ref()), Tightness::Conditional)
            }
            ExpressionKind::Vector(items) => atom(format!("[{}]", self.list(items))),
            ExpressionKind::Tuple(items) => atom(format!("({})", self.list(items))),
        }
    }

    fn list(&self, ids: &[ExpressionId]) -> String {
        ids.iter().map(|id| self.text(*id, Tightness::Anything)).collect::<Vec<_>>().join(", ")
    }

    fn binary(&self, operator: BinaryOperator, left: ExpressionId, right: ExpressionId) -> (String, Tightness) {
        let (symbol, own, least_left, least_right) = grammar(operator);
        let (left, right) = (self.text(left, least_left), self.text(right, least_right));
        let space = if operator == BinaryOperator::Power { "" } else { " " };
        (format!("{left}{space}{symbol}{space}{right}"), own)
    }

    fn call(&self, call: &Call) -> String {
        let indices = call.indices.as_ref().map_or(String::new(), |indices| format!("[{}]", names_text(indices)));
        let named = call.named.iter().map(|(name, value)| {
            let value = self.text(*value, Tightness::Anything);
            format!("{} = {value}", name.text)
        });
        let positional = call.arguments.iter().map(|argument| self.text(*argument, Tightness::Anything));
        let arguments: Vec<String> = positional.chain(named).collect();
        format!("{}{indices}({})", call.function.text, arguments.join(", "))
    }

    fn entry(&self, entry: &Index) -> String {
        let end = |id: &Option<ExpressionId>| id.map_or(String::new(), |id| self.text(id, Tightness::Sum));
        match entry {
            Index::Position(place) => self.text(*place, Tightness::Anything),
            Index::Range(start, stop, _) => format!("{}..{}", end(start), end(stop)),
        }
    }

    fn conditional(&self, branches: &[(ExpressionId, Block)], otherwise: Option<&Block>) -> String {
        let branch = |(condition, block): &(ExpressionId, Block)| {
            format!("if {} {}", self.text(*condition, Tightness::Or), self.block(block))
        };
        let mut text = branches.iter().map(branch).collect::<Vec<_>>().join(" else ");
        if let Some(block) = otherwise {
            text += &format!(" else {}", self.block(block));
        }
        text
    }

    fn block(&self, block: &Block) -> String {
        let mut text = String::from("{ ");
        for binding in &block.lets {
            let indices = binding.indices.as_ref().map_or(String::new(), |names| format!("[{}]", names_text(names)));
            let value = self.text(binding.value, Tightness::Anything);
            let _ = write!(text, "let {}{indices} = {value}; ", binding.name.text);
        }
        if let Some(result) = block.result {
            text += &self.text(result, Tightness::Anything);
        }
        text + " }"
    }
}

/// The symbol of an operator, its tightness, and what its two operands need at least.
fn grammar(operator: BinaryOperator) -> (&'static str, Tightness, Tightness, Tightness) {
    use Tightness::{And, Comparison, Conditional, Or, Power, Prefix, Product, Sum};
    match operator {
        BinaryOperator::Or => ("||", Or, Or, And),
        BinaryOperator::And => ("&&", And, And, Comparison),
        BinaryOperator::Equal => ("==", Comparison, Sum, Sum),
        BinaryOperator::NotEqual => ("!=", Comparison, Sum, Sum),
        BinaryOperator::Less => ("<", Comparison, Sum, Sum),
        BinaryOperator::LessEqual => ("<=", Comparison, Sum, Sum),
        BinaryOperator::Greater => (">", Comparison, Sum, Sum),
        BinaryOperator::GreaterEqual => (">=", Comparison, Sum, Sum),
        BinaryOperator::Add => ("+", Sum, Sum, Product),
        BinaryOperator::Subtract => ("-", Sum, Sum, Product),
        BinaryOperator::Multiply => ("*", Product, Product, Prefix),
        BinaryOperator::Divide => ("/", Product, Product, Prefix),
        BinaryOperator::MatrixMultiply => ("@", Product, Product, Prefix),
        BinaryOperator::Power => ("**", Power, Conditional, Prefix),
    }
}
