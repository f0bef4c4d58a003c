//! Expressions: names, operators, conditions, blocks, straight from the syntax tree. What stands below indices is computed
//! for all their positions at once (see [`tensor`](super::tensor)): once for each position where it differs.
//!
//! This shares the syntax tree with the compiler, and the prelude's text; no shape rule, no table of operators, no graph.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::LazyLock;

use chainrule_compiler::parse::parse_module;
use chainrule_compiler::resolve::PRELUDE;
use chainrule_compiler::syntax::{
    BinaryOperator, Block, ExpressionId, ExpressionKind, Expressions, Function, Module, UnaryOperator,
};

use super::functions::{add, divide, multiply, negate, power, subtract};
use super::jet::Jet;
use super::real::Real;
use super::tensor::{Item, Outcome, TOO_LARGE, Tensor};
use super::value::{Truth, Value};

/// The language's own functions: definitions in the language.
pub static PRELUDE_MODULE: LazyLock<Module> = LazyLock::new(|| parse_module(PRELUDE).unwrap_or_default());

/// Expressions and calls may nest this deep; chains of operators, such as long sums, do not nest.
const DEEPEST: usize = 2000;
/// More items than this are not computed in one run: a bound of work, the same on every machine.
const MOST_WORK: usize = 4_000_000;

/// Values under names, as they are without running indices.
pub type Names = HashMap<String, Rc<Value>>;

/// A parameter or a `let`, and how many indices ran where it was made.
#[derive(Clone, Debug)]
pub struct Variable {
    pub made: usize,
    pub value: Rc<Value>,
}

/// One run over a module.
pub struct Interpreter<'m> {
    module: &'m Module,
    /// Names beside the module's own.
    globals: &'m Names,
    /// The shapes of `let`s of the main function, for indices that say no size.
    shapes: &'m HashMap<String, Vec<usize>>,
    depth: usize,
    work: usize,
}

/// The names that are known at one place of a function.
pub struct Frame<'m> {
    /// The function's expressions.
    pub expressions: &'m Expressions,
    /// The module whose constants the function knows.
    pub constants: &'m Module,
    /// Parameters and `let`s, later ones hiding earlier ones.
    pub variables: Vec<(&'m str, Variable)>,
    /// How many axes run outside of the function, which is computed for all their positions at once.
    pub outer: usize,
    /// The running indices and their sizes.
    pub indices: Vec<(&'m str, usize)>,
    /// Sizes of the named dimensions.
    pub dimensions: BTreeMap<String, usize>,
}

impl<'m> Frame<'m> {
    /// A frame without names.
    pub fn new(expressions: &'m Expressions, constants: &'m Module, outer: usize) -> Self {
        let (variables, indices) = (Vec::new(), Vec::new());
        Self { expressions, constants, variables, outer, indices, dimensions: BTreeMap::new() }
    }

    /// How many axes run.
    pub fn running(&self) -> usize {
        self.outer + self.indices.len()
    }

    /// The axis of a running index, and its size.
    pub fn index(&self, name: &str) -> Option<(usize, usize)> {
        let place = self.indices.iter().rposition(|(known, _)| *known == name)?;
        Some((self.outer + place, self.indices[place].1))
    }
}

impl<'m> Interpreter<'m> {
    /// A run that has not started.
    pub fn new(module: &'m Module, globals: &'m Names, shapes: &'m HashMap<String, Vec<usize>>) -> Self {
        Self { module, globals, shapes, depth: 0, work: 0 }
    }

    /// The module's function of a name; without one, the prelude's.
    pub fn named(&self, name: &str) -> Option<(&'m Function, &'m Module)> {
        let find = |module: &'m Module| {
            module.functions.iter().find(|function| function.name.text == name).map(|function| (function, module))
        };
        find(self.module).or_else(|| find(&PRELUDE_MODULE))
    }

    /// The value of a function for arguments whose own shapes are exactly those of its parameters.
    pub fn function(
        &mut self,
        function: &'m Function,
        constants: &'m Module,
        arguments: &[Tensor<Jet>],
        running: usize,
    ) -> Outcome<Value> {
        let mut frame = Frame::new(&function.expressions, constants, running);
        super::call::bind(&mut frame, function, arguments)?;
        self.block(&mut frame, &function.body)
    }

    /// The parameter or `let` of a name.
    pub fn variable(&self, frame: &Frame<'m>, name: &str) -> Option<Variable> {
        let known =
            frame.variables.iter().rev().find(|(known, _)| *known == name).map(|(_, variable)| variable.clone());
        let global = |value: &Rc<Value>| Variable { made: 0, value: Rc::clone(value) };
        known.or_else(|| self.globals.get(name).map(global))
    }

    /// The shape that is known of a `let`, where its value does not say it.
    pub fn stated_shape(&self, name: &str) -> Option<&'m [usize]> {
        self.shapes.get(name).map(Vec::as_slice)
    }

    /// The value of a block; its `let`s are forgotten at its end.
    pub fn block(&mut self, frame: &mut Frame<'m>, block: &'m Block) -> Outcome<Value> {
        let known = frame.variables.len();
        let value = self.in_block(frame, block);
        frame.variables.truncate(known);
        value
    }

    fn in_block(&mut self, frame: &mut Frame<'m>, block: &'m Block) -> Outcome<Value> {
        for binding in &block.lets {
            let value = match &binding.indices {
                Some(indices) => self.indexed(frame, Some(&binding.name.text), indices, binding.value)?,
                None => self.value(frame, binding.value)?,
            };
            let variable = Variable { made: frame.running(), value: Rc::new(value) };
            frame.variables.push((&binding.name.text, variable));
        }
        self.value(frame, block.result.ok_or("an empty block")?)
    }

    /// The value of an expression.
    pub fn value(&mut self, frame: &mut Frame<'m>, id: ExpressionId) -> Outcome<Value> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("the formula nests too deep to be checked".into());
        }
        let value = self.at_depth(frame, id);
        self.depth -= 1;
        let value = value?;
        self.work += value.shape().map_or(1, |shape| shape.iter().product::<usize>() + 1);
        if self.work > MOST_WORK {
            return Err(format!("the formula is {TOO_LARGE}"));
        }
        Ok(value)
    }

    fn at_depth(&mut self, frame: &mut Frame<'m>, id: ExpressionId) -> Outcome<Value> {
        let (expressions, running) = (frame.expressions, frame.running());
        Ok(match &expressions.get(id).kind {
            ExpressionKind::Number(number) => Value::constant(Real::from(*number).into(), running),
            ExpressionKind::Name(name) => self.name(frame, name)?,
            ExpressionKind::Unary(UnaryOperator::Negate, operand) => {
                Value::Number(self.number(frame, *operand)?.map(negate))
            }
            ExpressionKind::Unary(UnaryOperator::Not, operand) => {
                Value::Truth(self.value(frame, *operand)?.truth()?.map(|truth| truth.map(|truth| !truth)))
            }
            ExpressionKind::Binary(..) => self.chain(frame, id)?,
            ExpressionKind::Call(call) => self.call(frame, call)?,
            ExpressionKind::Index(base, entries) => self.access(frame, *base, entries)?,
            ExpressionKind::Transpose(operand) => match self.value(frame, *operand)? {
                Value::Truth(conditions) => Value::Truth(conditions.transposed(running)?),
                other => Value::Number(other.number()?.transposed(running)?),
            },
            ExpressionKind::If { branches, otherwise } => self.conditional(frame, branches, otherwise.as_ref())?,
            ExpressionKind::Vector(items) => Value::Number(Tensor::stacked(self.all(frame, items)?, running)?),
            ExpressionKind::Tuple(items) => Value::Several(self.all(frame, items)?),
        })
    }

    /// The value of an expression that is a number.
    pub fn number(&mut self, frame: &mut Frame<'m>, id: ExpressionId) -> Outcome<Tensor<Jet>> {
        self.value(frame, id)?.number()
    }

    fn all(&mut self, frame: &mut Frame<'m>, ids: &[ExpressionId]) -> Outcome<Vec<Tensor<Jet>>> {
        ids.iter().map(|id| self.number(frame, *id)).collect()
    }

    fn name(&mut self, frame: &Frame<'m>, name: &str) -> Outcome<Value> {
        let running = frame.running();
        if let Some((axis, size)) = frame.index(name) {
            let positions = Tensor { shape: vec![size], items: (0..size).map(|at| Real::from(at).into()).collect() };
            return Ok(Value::Number(positions.with_axes(1, running - axis - 1).with_axes(0, axis)));
        }
        if let Some(variable) = self.variable(frame, name) {
            return Ok(variable.value.as_ref().clone().under(variable.made, running));
        }
        if let Some(size) = frame.dimensions.get(name) {
            return Ok(Value::constant(Real::from(*size).into(), running));
        }
        let constants = frame.constants;
        if let Some(constant) = constants.constants.iter().find(|constant| constant.name.text == name) {
            let value = self.value(&mut Frame::new(&constant.expressions, constants, 0), constant.value)?;
            return Ok(value.under(0, running));
        }
        if name == "pi" {
            return Ok(Value::constant(Real::pi().into(), running));
        }
        Err(format!("unknown name `{name}`"))
    }

    /// A chain of infix operators, from its leftmost operand on: long sums are deep in the tree.
    fn chain(&mut self, frame: &mut Frame<'m>, id: ExpressionId) -> Outcome<Value> {
        let expressions = frame.expressions;
        let (mut first, mut rest) = (id, Vec::new());
        while let ExpressionKind::Binary(operator, left, right) = &expressions.get(first).kind {
            rest.push((*operator, *right));
            first = *left;
        }
        let mut value = self.value(frame, first)?;
        for (operator, right) in rest.into_iter().rev() {
            let right = self.value(frame, right)?;
            value = binary(operator, value, right, frame.running())?;
            self.work += 1;
        }
        Ok(value)
    }

    /// `if`: one condition for all positions takes a branch, else each position selects.
    fn conditional(
        &mut self,
        frame: &mut Frame<'m>,
        branches: &'m [(ExpressionId, Block)],
        otherwise: Option<&'m Block>,
    ) -> Outcome<Value> {
        let Some(((condition, block), rest)) = branches.split_first() else {
            return self.block(frame, otherwise.ok_or("`if` without `else`")?);
        };
        let condition = self.value(frame, *condition)?.truth()?;
        let running = frame.running();
        let first = condition.items.first().copied().flatten();
        let decided =
            first.filter(|_| condition.rank() == running && condition.items.iter().all(|item| *item == first));
        match decided {
            Some(true) => return self.block(frame, block),
            Some(false) => return self.conditional(frame, rest, otherwise),
            None => {}
        }
        let taken = self.block(frame, block)?;
        let other = self.conditional(frame, rest, otherwise)?;
        match (taken, other) {
            (Value::Number(taken), Value::Number(other)) => {
                select(&condition, &taken, &other, running).map(Value::Number)
            }
            (taken, other) => select(&condition, &taken.truth()?, &other.truth()?, running).map(Value::Truth),
        }
    }
}

fn binary(operator: BinaryOperator, left: Value, right: Value, running: usize) -> Outcome<Value> {
    let arithmetic: fn(&Jet, &Jet) -> Jet = match operator {
        BinaryOperator::Add => add,
        BinaryOperator::Subtract => subtract,
        BinaryOperator::Multiply => multiply,
        BinaryOperator::Divide => divide,
        BinaryOperator::Power => power,
        BinaryOperator::MatrixMultiply => {
            return Ok(Value::Number(left.number()?.matrix_product(&right.number()?, running)?));
        }
        BinaryOperator::And => {
            return left.truth()?.zip(&right.truth()?, running, |a, b| both(*a, *b)).map(Value::Truth);
        }
        BinaryOperator::Or => {
            let either = |a: Truth, b: Truth| both(a.map(|a| !a), b.map(|b| !b)).map(|neither| !neither);
            return left.truth()?.zip(&right.truth()?, running, |a, b| either(*a, *b)).map(Value::Truth);
        }
        comparison => return compare(comparison, &left.number()?, &right.number()?, running),
    };
    Ok(Value::Number(left.number()?.zip(&right.number()?, running, arithmetic)?))
}

fn both(a: Truth, b: Truth) -> Truth {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (a, b) => a.zip(b).map(|_| true),
    }
}

fn compare(operator: BinaryOperator, a: &Tensor<Jet>, b: &Tensor<Jet>, running: usize) -> Outcome<Value> {
    use std::cmp::Ordering;
    let holds: fn(Ordering) -> bool = match operator {
        BinaryOperator::Equal => Ordering::is_eq,
        BinaryOperator::NotEqual => Ordering::is_ne,
        BinaryOperator::Less => Ordering::is_lt,
        BinaryOperator::LessEqual => Ordering::is_le,
        BinaryOperator::Greater => Ordering::is_gt,
        BinaryOperator::GreaterEqual => Ordering::is_ge,
        other => return Err(format!("{other:?} is no comparison")),
    };
    a.zip(b, running, |a, b| a.value.compare(&b.value).map(holds)).map(Value::Truth)
}

fn select<T: Item>(
    condition: &Tensor<Truth>,
    taken: &Tensor<T>,
    other: &Tensor<T>,
    running: usize,
) -> Outcome<Tensor<T>> {
    let left = condition.zip(taken, running, |truth, item| (*truth, item.clone()))?;
    left.zip(other, running, |(truth, item), other| match truth {
        Some(true) => item.clone(),
        Some(false) => other.clone(),
        None => T::undefined(),
    })
}
