//! The machine that walks a function's expressions with a stack of its own.
//!
//! A task visits an expression (scheduling its children) or builds it from the values of its children, which stand on
//! the value stack. A call of a user's or the prelude's function opens a frame and visits its body there: inlining.

use std::collections::HashMap;

use super::Function;
use super::check::reserved;
use super::scope::{Bound, Frame};
use super::shape::{Array, Value};
use super::signature::float_type;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::graph::{Dim, Graph, GraphError, NodeId, Ref};
use crate::number::FloatType;
use crate::operators::template::{binary, unary};
use crate::operators::{Kind, Operator};
use crate::syntax::{self, BinaryOperator, Block, Expression, ExpressionId, ExpressionKind, Let, Module, Name};

/// More steps than this, and the formula unfolds to more than anyone wants compiled.
pub(super) const MOST_STEPS: usize = 10_000_000;

/// A dimension that is inferred from how an index is used.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub(super) dim: Option<Dim>,
    /// A callee's own name for a size: inside the callee it is equal to itself only, whatever the caller gave.
    pub(super) rigid: bool,
    pub(super) name: String,
    pub(super) span: Span,
}

pub(super) enum Task<'a> {
    Visit(ExpressionId),
    Build(ExpressionId),
    Statement(&'a Block, usize),
    Bind(&'a Let),
    CloseScope,
    OpenIndices(&'a [Name]),
    Return(super::call::Pending<'a>),
}

/// The state of resolving one function.
pub(super) struct Machine<'a> {
    pub(super) module: &'a Module,
    /// The functions of the module.
    pub(super) by_name: &'a HashMap<&'a str, &'a syntax::Function>,
    pub(super) text: &'a str,
    pub(super) main: &'a syntax::Function,
    pub(super) graph: Graph,
    pub(super) variables: Vec<Variable>,
    pub(super) frames: Vec<Frame<'a>>,
    pub(super) tasks: Vec<Task<'a>>,
    pub(super) values: Vec<Value>,
    pub(super) memo: HashMap<super::call::MemoKey, Array>,
    /// Calls of the prelude from outside of it: the name, the value and the arguments.
    pub(super) calls: Vec<(&'a str, NodeId, Vec<NodeId>)>,
    pub(super) errors: Diagnostics,
    pub(super) warnings: Diagnostics,
    pub(super) names: Vec<(String, Array)>,
    /// Sums of indices between brackets, whose sizes are not all known.
    pub(super) shifts: Vec<super::shift::Shifted>,
    /// How many steps are left.
    pub(super) budget: usize,
}

impl<'a> Machine<'a> {
    pub(super) fn new(
        module: &'a Module,
        by_name: &'a HashMap<&'a str, &'a syntax::Function>,
        text: &'a str,
        place: usize,
    ) -> Self {
        let main = &module.functions[place];
        Self {
            module,
            by_name,
            text,
            main,
            graph: Graph::new(FloatType::F64),
            variables: Vec::new(),
            frames: Vec::new(),
            tasks: Vec::new(),
            values: Vec::new(),
            memo: HashMap::new(),
            calls: Vec::new(),
            errors: Vec::new(),
            warnings: Vec::new(),
            names: Vec::new(),
            shifts: Vec::new(),
            budget: MOST_STEPS,
        }
    }

    fn enter_main(&mut self) {
        self.frames.push(Frame {
            name: &self.main.name.text,
            expressions: &self.main.expressions,
            scopes: vec![HashMap::new()],
            dims: HashMap::new(),
            call_site: None,
        });
    }

    /// The mistakes in a constant that no function may read.
    pub(super) fn mistakes_in(mut self, constant: &'a syntax::Constant) -> Diagnostics {
        self.enter_main();
        match self.open_constant(constant, constant.name.span) {
            Ok(()) => self.work(),
            Err(error) => self.errors.push(error),
        }
        self.errors
    }

    pub(super) fn run(mut self) -> Result<Function, Diagnostics> {
        let float = float_type(self.main).map_err(|error| vec![error])?;
        self.graph = Graph::new(float.unwrap_or_default());
        self.enter_main();
        let parameters = self.parameters().map_err(|error| vec![error])?;
        let given = self.frame().scopes.clone();
        let body = &self.main.body;
        self.tasks.push(Task::Statement(body, 0));
        self.work();
        let result = self.values.pop().unwrap_or(Value::Poison);
        let outputs = match self.outputs(result) {
            Ok(outputs) => outputs,
            Err(error) => {
                self.errors.push(error);
                Vec::new()
            }
        };
        // Facts stand before the body: they are about parameters, even where a `let` hides one.
        let inner = std::mem::replace(&mut self.frame_mut().scopes, given);
        let facts = self.facts();
        self.frame_mut().scopes = inner;
        self.finish(parameters, &outputs, facts)
    }

    pub(super) fn work(&mut self) {
        while let Some(task) = self.tasks.pop() {
            self.budget = self.budget.saturating_sub(1);
            if self.budget == 0 {
                let message = format!("`{}` unfolds to more than {MOST_STEPS} steps", self.main.name.text);
                self.errors.push(Diagnostic::new(Code::TooLarge, self.main.name.span, message));
                self.tasks.clear();
                self.values = vec![Value::Poison];
                self.frames.truncate(1);
                return;
            }
            match task {
                Task::Visit(id) => self.visit(id),
                Task::Build(id) => self.build(id),
                Task::Statement(block, next) => self.statement(block, next),
                Task::Bind(statement) => self.bind_let(statement),
                Task::CloseScope => self.close_scope(),
                Task::OpenIndices(names) => self.open_indices(names),
                Task::Return(pending) => self.finish_call(pending),
            }
        }
    }

    pub(super) fn frame(&self) -> &Frame<'a> {
        &self.frames[self.frames.len() - 1]
    }

    pub(super) fn frame_mut(&mut self) -> &mut Frame<'a> {
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    pub(super) fn expression(&self, id: ExpressionId) -> &'a Expression {
        self.frame().expressions.get(id)
    }

    /// An expression as written, for advice; nothing inside the prelude.
    fn source(&self, id: ExpressionId) -> Option<&'a str> {
        let span = self.expression(id).span;
        let here = self.frame().call_site.is_none();
        self.text.get(span.start as usize..span.end as usize).filter(|text| here && text.len() <= 40)
    }

    /// Where a mistake at a place of the current body is shown.
    pub(super) fn place(&self, span: Span) -> Span {
        self.frame().call_site.unwrap_or(span)
    }

    /// A mistake that the graph found, or a fault of ours.
    pub(super) fn fault(&self, error: &GraphError, span: Span) -> Diagnostic {
        match error {
            // Who combines values checks their shapes; that they are numbers, only the graph does.
            GraphError::Kind => {
                let error = Diagnostic::new(Code::Type, span, "this takes numbers, and a part of it is a condition");
                error.with_help("write `if c { 1 } else { 0 }` for a condition as a number")
            }
            GraphError::TooLarge => Diagnostic::new(Code::TooLarge, span, error.to_string()),
            _ => Diagnostic::new(Code::Internal, span, error.to_string()),
        }
    }

    /// A dimension that is not known yet.
    pub(super) fn variable(&mut self, name: &str, span: Span) -> Dim {
        let span = self.place(span);
        self.variables.push(Variable { dim: None, rigid: false, name: name.into(), span });
        Dim::Variable(self.variables.len() as u32 - 1)
    }

    /// A callee's name for a size that its caller gives.
    pub(super) fn rigid(&mut self, name: &str, given: Dim, span: Span) -> Dim {
        self.variables.push(Variable { dim: Some(given), rigid: true, name: name.into(), span });
        Dim::Variable(self.variables.len() as u32 - 1)
    }

    fn statement(&mut self, block: &'a Block, next: usize) {
        if next == 0 && !std::ptr::eq(block, &raw const self.main.body) {
            self.frame_mut().scopes.push(HashMap::new());
        }
        if let Some(statement) = block.lets.get(next) {
            self.tasks.push(Task::Statement(block, next + 1));
            self.tasks.push(Task::Bind(statement));
            self.tasks.push(Task::Visit(statement.value));
            if let Some(indices) = &statement.indices {
                self.tasks.push(Task::OpenIndices(indices));
            }
            return;
        }
        if !std::ptr::eq(block, &raw const self.main.body) {
            self.tasks.push(Task::CloseScope);
        }
        match block.result {
            Some(result) => self.tasks.push(Task::Visit(result)),
            None => {
                let span = self.place(block.span);
                self.fail(Diagnostic::new(Code::Syntax, span, "the block ends without a result"));
            }
        }
    }

    fn bind_let(&mut self, statement: &'a Let) {
        let mut value = self.values.pop().unwrap_or(Value::Poison);
        if let Some(names) = &statement.indices {
            let indices = self.close_indices(names);
            value = match value {
                Value::Array(array) => self.bind_indexed(&array, names, &indices, statement.span),
                other => other,
            };
        }
        let name = &statement.name;
        let mut problems = Vec::new();
        reserved(name, "`let`", &mut problems);
        problems.extend(self.names_dimension(name));
        if let Value::Tuple(_) = value {
            let message = "a tuple is a result, not a value: bind its parts one by one";
            problems.push(Diagnostic::new(Code::Type, name.span, message));
            value = Value::Poison;
        }
        self.errors.extend(problems);
        if let (1, Value::Array(array)) = (self.frames.len(), &value) {
            self.names.push((name.text.clone(), array.clone()));
        }
        self.bind(&name.text, Bound::Value(value), name.span, true);
    }

    /// Reports a mistake; what is built on this value says nothing more.
    pub(super) fn fail(&mut self, error: Diagnostic) {
        self.errors.push(error);
        self.values.push(Value::Poison);
    }

    fn visit(&mut self, id: ExpressionId) {
        let expression = self.expression(id);
        self.tasks.push(Task::Build(id));
        match &expression.kind {
            ExpressionKind::Number(_) | ExpressionKind::Name(_) => {}
            ExpressionKind::Unary(_, operand) | ExpressionKind::Transpose(operand) => {
                self.tasks.push(Task::Visit(*operand))
            }
            ExpressionKind::Index(base, _) => self.tasks.push(Task::Visit(*base)),
            ExpressionKind::Binary(_, left, right) => {
                self.tasks.push(Task::Visit(*right));
                self.tasks.push(Task::Visit(*left));
            }
            ExpressionKind::Call(call) => {
                // The size that `eye` takes is read, not computed.
                if call.function.text != "eye" {
                    self.tasks.extend(call.arguments.iter().rev().map(|argument| Task::Visit(*argument)));
                }
                if let Some(indices) = &call.indices {
                    self.tasks.push(Task::OpenIndices(indices));
                }
            }
            ExpressionKind::If { branches, otherwise } => {
                self.tasks.extend(otherwise.iter().map(|block| Task::Statement(block, 0)));
                for (condition, block) in branches.iter().rev() {
                    self.tasks.push(Task::Statement(block, 0));
                    self.tasks.push(Task::Visit(*condition));
                }
            }
            ExpressionKind::Vector(entries) | ExpressionKind::Tuple(entries) => {
                self.tasks.extend(entries.iter().rev().map(|entry| Task::Visit(*entry)));
            }
        }
    }

    fn build(&mut self, id: ExpressionId) {
        let expression = self.expression(id);
        let span = self.place(expression.span);
        self.graph.set_span(span);
        if let ExpressionKind::Call(call) = &expression.kind {
            if let Err(error) = self.build_call(call, span) {
                self.fail(error);
            }
            return;
        }
        if let ExpressionKind::Name(name) = &expression.kind {
            match self.build_name(name, span) {
                Ok(Some(value)) => self.values.push(value),
                Ok(None) => {}
                Err(error) => self.fail(error),
            }
            return;
        }
        match self.build_value(&expression.kind, span) {
            Ok(value) => self.values.push(value),
            Err(error) => self.fail(error),
        }
    }

    fn build_value(&mut self, kind: &'a ExpressionKind, span: Span) -> Result<Value, Diagnostic> {
        let count = match kind {
            ExpressionKind::Number(_) | ExpressionKind::Name(_) | ExpressionKind::Call(_) => 0,
            ExpressionKind::Unary(..) | ExpressionKind::Transpose(_) | ExpressionKind::Index(..) => 1,
            ExpressionKind::Binary(..) => 2,
            ExpressionKind::If { branches, otherwise } => 2 * branches.len() + usize::from(otherwise.is_some()),
            ExpressionKind::Vector(entries) | ExpressionKind::Tuple(entries) => entries.len(),
        };
        let Some(operands) = self.pop(count, span)? else { return Ok(Value::Poison) };
        if !matches!(kind, ExpressionKind::Index(..)) {
            operands.iter().try_for_each(|operand| self.refuse_positions(operand, span))?;
        }
        let mut operands = operands.into_iter();
        let mut next = || operands.next().ok_or_else(|| Diagnostic::new(Code::Internal, span, "a value is missing"));
        let array = match kind {
            ExpressionKind::Number(number) => {
                if number.nearest(self.graph.float()).is_infinite() {
                    let message = format!("this number overflows `{}`", self.graph.float().name());
                    return Err(Diagnostic::new(Code::Number, span, message));
                }
                Array::from(self.graph.constant(*number).map_err(|error| self.fault(&error, span))?)
            }
            ExpressionKind::Unary(operator, _) => self.elementwise(unary(*operator), vec![next()?], span)?,
            ExpressionKind::Transpose(_) => self.transpose(next()?, span)?,
            ExpressionKind::Index(base, entries) => {
                let literal = matches!(self.expression(*base).kind, ExpressionKind::Vector(_));
                self.index(&next()?, literal, entries, span)?
            }
            ExpressionKind::Binary(BinaryOperator::MatrixMultiply, left, right) => {
                let sources = [self.source(*left), self.source(*right)];
                self.matrix_product(next()?, next()?, sources, span)?
            }
            ExpressionKind::Binary(operator, ..) => {
                let operator =
                    binary(*operator).ok_or_else(|| Diagnostic::new(Code::Internal, span, "no such operator"))?;
                self.elementwise(operator, vec![next()?, next()?], span)?
            }
            ExpressionKind::If { branches, otherwise } => {
                if otherwise.is_none() {
                    let help = "a formula has a value everywhere: write `if c { a } else { b }`";
                    return Err(Diagnostic::new(Code::Syntax, span, "this `if` has no `else`").with_help(help));
                }
                self.conditional(branches.iter().map(|(condition, _)| *condition), operands.collect(), span)?
            }
            ExpressionKind::Vector(_) => self.vector(&operands.collect::<Vec<_>>(), span)?,
            ExpressionKind::Tuple(entries) => {
                let name = |id: &ExpressionId| match &self.expression(*id).kind {
                    ExpressionKind::Name(name) => Some(name.clone()),
                    _ => None,
                };
                let names: Vec<Option<String>> = entries.iter().map(name).collect();
                return Ok(Value::Tuple(names.into_iter().zip(operands).collect()));
            }
            ExpressionKind::Name(_) | ExpressionKind::Call(_) => {
                return Err(Diagnostic::new(Code::Internal, span, "built elsewhere"));
            }
        };
        Ok(Value::Array(array))
    }

    /// Takes values from the stack; `None` if one of them is poisoned.
    pub(super) fn pop(&mut self, count: usize, span: Span) -> Result<Option<Vec<Array>>, Diagnostic> {
        let start = self
            .values
            .len()
            .checked_sub(count)
            .ok_or_else(|| Diagnostic::new(Code::Internal, span, "the value stack is empty"))?;
        let mut arrays = Vec::with_capacity(count);
        let mut poisoned = false;
        for value in self.values.drain(start..) {
            match value {
                Value::Array(array) => arrays.push(array),
                Value::Poison => poisoned = true,
                Value::Tuple(_) => {
                    let message = "a tuple is the result of a body, not a value";
                    return Err(Diagnostic::new(Code::Type, span, message));
                }
            }
        }
        Ok((!poisoned).then_some(arrays))
    }

    /// An operator of the table, elementwise.
    pub(super) fn elementwise(
        &mut self,
        operator: Operator,
        mut operands: Vec<Array>,
        span: Span,
    ) -> Result<Array, Diagnostic> {
        for (operand, kind) in operands.iter().zip(operator.kinds()) {
            let found = self.graph.kind(operand.value.node);
            if found != kind {
                let what = notation(operator);
                let (needs, is) = match kind {
                    Kind::Number => ("numbers", "a condition"),
                    Kind::Truth => ("conditions", "a number"),
                };
                let error =
                    Diagnostic::new(Code::Type, span, format!("{what} takes {needs}, and this operand is {is}"));
                return Err(error.with_help(match kind {
                    Kind::Number => "write `if c { 1 } else { 0 }` for a condition as a number",
                    Kind::Truth => "compare it: `x != 0`",
                }));
            }
        }
        let shape = self.align(&mut operands, &notation(operator), span)?;
        let uses: Vec<Ref> = operands.into_iter().map(|operand| operand.value).collect();
        let value = self.graph.apply(operator, &uses).map_err(|error| self.fault(&error, span))?;
        Ok(Array { value, shape })
    }

    fn conditional(
        &mut self,
        conditions: impl DoubleEndedIterator<Item = ExpressionId>,
        mut operands: Vec<Array>,
        span: Span,
    ) -> Result<Array, Diagnostic> {
        let missing = || Diagnostic::new(Code::Internal, span, "a branch is missing");
        let mut result = operands.pop().ok_or_else(missing)?;
        for condition in conditions.rev() {
            let branch = operands.pop().ok_or_else(missing)?;
            let test = operands.pop().ok_or_else(missing)?;
            if self.graph.kind(test.value.node) != Kind::Truth {
                let place = self.place(self.expression(condition).span);
                let error = Diagnostic::new(Code::Type, place, "the condition of `if` is a number");
                return Err(error.with_help("compare it: `x != 0`"));
            }
            result = self.elementwise(Operator::Select, vec![test, branch, result], span)?;
        }
        Ok(result)
    }
}

/// An operator as a message calls it.
pub(super) fn notation(operator: Operator) -> String {
    match operator.row().notation {
        crate::operators::Notation::Infix(symbol, _) | crate::operators::Notation::Prefix(symbol) => {
            format!("`{symbol}`")
        }
        _ => format!("`{}`", operator.row().name),
    }
}
