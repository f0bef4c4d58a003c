//! Expressions: names, operators, conditions, blocks, straight from the syntax tree.
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
use super::tensor::{Outcome, Tensor, common_shape};
use super::value::{Truth, Value};

/// The language's own functions: definitions in the language.
pub static PRELUDE_MODULE: LazyLock<Module> = LazyLock::new(|| parse_module(PRELUDE).unwrap_or_default());

/// Expressions and calls may nest this deep; chains of operators, such as long sums, do not nest.
const DEEPEST: usize = 2000;
/// More items than this are not computed in one run: a bound of work, the same on every machine.
const MOST_WORK: usize = 4_000_000;

/// Values under names.
pub type Names = HashMap<String, Rc<Value>>;

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
    pub variables: Vec<(&'m str, Rc<Value>)>,
    /// Indices and where they stand.
    pub positions: Vec<(&'m str, usize)>,
    /// Sizes of the named dimensions.
    pub dimensions: BTreeMap<String, usize>,
}

impl<'m> Frame<'m> {
    /// A frame without names.
    pub fn new(expressions: &'m Expressions, constants: &'m Module) -> Self {
        Self { expressions, constants, variables: Vec::new(), positions: Vec::new(), dimensions: BTreeMap::new() }
    }

    /// Where an index stands.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.positions.iter().rev().find(|(known, _)| *known == name).map(|(_, place)| *place)
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

    /// The value of a function for arguments that have exactly the shapes of its parameters.
    pub fn function(
        &mut self,
        function: &'m Function,
        constants: &'m Module,
        arguments: &[Tensor<Jet>],
    ) -> Outcome<Value> {
        let mut frame = Frame::new(&function.expressions, constants);
        super::call::bind(&mut frame, function, arguments)?;
        self.block(&mut frame, &function.body)
    }

    /// The parameter or `let` of a name.
    pub fn variable(&self, frame: &Frame<'m>, name: &str) -> Option<Rc<Value>> {
        let known = frame.variables.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| value);
        known.or_else(|| self.globals.get(name)).cloned()
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
            frame.variables.push((&binding.name.text, Rc::new(value)));
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
            return Err("the formula is too large to be checked".into());
        }
        Ok(value)
    }

    fn at_depth(&mut self, frame: &mut Frame<'m>, id: ExpressionId) -> Outcome<Value> {
        let expressions = frame.expressions;
        Ok(match &expressions.get(id).kind {
            ExpressionKind::Number(number) => Jet::from(Real::from(*number)).into(),
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
                Value::Truth(conditions) => Value::Truth(conditions.transposed()?),
                other => Value::Number(other.number()?.transposed()?),
            },
            ExpressionKind::If { branches, otherwise } => self.conditional(frame, branches, otherwise.as_ref())?,
            ExpressionKind::Vector(items) => Value::Number(Tensor::stacked(&[items.len()], self.all(frame, items)?)?),
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
        if let Some(place) = frame.position(name) {
            return Ok(Jet::from(Real::from(place)).into());
        }
        if let Some(value) = self.variable(frame, name) {
            return Ok(value.as_ref().clone());
        }
        if let Some(size) = frame.dimensions.get(name) {
            return Ok(Jet::from(Real::from(*size)).into());
        }
        let constants = frame.constants;
        if let Some(constant) = constants.constants.iter().find(|constant| constant.name.text == name) {
            return self.value(&mut Frame::new(&constant.expressions, constants), constant.value);
        }
        if name == "pi" {
            return Ok(Jet::from(Real::pi()).into());
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
            value = binary(operator, value, right)?;
            self.work += 1;
        }
        Ok(value)
    }

    /// `if`: a scalar condition takes a branch, an array of conditions selects item by item.
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
        let decided = condition.only().ok().flatten();
        if let (Some(truth), false) = (decided, frame.positions.is_empty()) {
            return if truth { self.block(frame, block) } else { self.conditional(frame, rest, otherwise) };
        }
        let taken = self.block(frame, block)?;
        let other = self.conditional(frame, rest, otherwise)?;
        match (taken, other) {
            (Value::Number(taken), Value::Number(other)) => {
                select(&condition, &taken, &other, || Real::UNDEFINED.into()).map(Value::Number)
            }
            (taken, other) => select(&condition, &taken.truth()?, &other.truth()?, || None).map(Value::Truth),
        }
    }
}

fn binary(operator: BinaryOperator, left: Value, right: Value) -> Outcome<Value> {
    let arithmetic: fn(&Jet, &Jet) -> Jet = match operator {
        BinaryOperator::Add => add,
        BinaryOperator::Subtract => subtract,
        BinaryOperator::Multiply => multiply,
        BinaryOperator::Divide => divide,
        BinaryOperator::Power => power,
        BinaryOperator::MatrixMultiply => {
            return Ok(Value::Number(left.number()?.matrix_product(&right.number()?)?));
        }
        BinaryOperator::And => return Ok(Value::Truth(left.truth()?.zip(&right.truth()?, |a, b| both(*a, *b))?)),
        BinaryOperator::Or => {
            let either = |a: Truth, b: Truth| both(a.map(|a| !a), b.map(|b| !b)).map(|neither| !neither);
            return Ok(Value::Truth(left.truth()?.zip(&right.truth()?, |a, b| either(*a, *b))?));
        }
        comparison => return compare(comparison, &left.number()?, &right.number()?),
    };
    Ok(Value::Number(left.number()?.zip(&right.number()?, arithmetic)?))
}

fn both(a: Truth, b: Truth) -> Truth {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (a, b) => a.zip(b).map(|_| true),
    }
}

fn compare(operator: BinaryOperator, a: &Tensor<Jet>, b: &Tensor<Jet>) -> Outcome<Value> {
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
    a.zip(b, |a, b| a.value.compare(&b.value).map(holds)).map(Value::Truth)
}

fn select<T: Clone>(
    condition: &Tensor<Truth>,
    taken: &Tensor<T>,
    other: &Tensor<T>,
    undecided: impl Fn() -> T,
) -> Outcome<Tensor<T>> {
    let shape = common_shape(&common_shape(&condition.shape, &taken.shape)?, &other.shape)?;
    let chosen = condition.stretched(&shape)?.zip(&taken.stretched(&shape)?, |truth, item| (*truth, item.clone()))?;
    chosen.zip(&other.stretched(&shape)?, |(truth, item), other| match truth {
        Some(true) => item.clone(),
        Some(false) => other.clone(),
        None => undecided(),
    })
}
