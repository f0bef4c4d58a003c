//! Expressions: names, operators, conditions, blocks.

use std::collections::BTreeMap;
use std::rc::Rc;

use chainrule_compiler::syntax::{
    BinaryOperator, Block, ExpressionId, ExpressionKind, Expressions, Function, Module, UnaryOperator,
};

use super::functions::{Recorder, add, divide, multiply, negate, power, subtract};
use super::jet::Jet;
use super::real::Real;
use super::tensor::{Outcome, Tensor, common_shape};
use super::value::Value;

/// Functions may call functions this deep; the language has no recursion.
const DEEPEST_CALL: usize = 64;

/// One run over a module.
pub struct Interpreter<'m> {
    /// What is run.
    pub module: &'m Module,
    /// What the run went through.
    pub recorder: Recorder,
    calls: usize,
}

/// The names that are known at one place of a function.
#[derive(Clone)]
pub struct Frame<'m, J> {
    /// The function's expressions.
    pub expressions: &'m Expressions,
    /// Parameters and `let`s, later ones hiding earlier ones.
    pub variables: Vec<(&'m str, Rc<Value<J>>)>,
    /// Indices and where they stand.
    pub positions: Vec<(&'m str, usize)>,
    /// Sizes of the named dimensions.
    pub dimensions: BTreeMap<&'m str, usize>,
}

impl<'m, J: Jet> Frame<'m, J> {
    /// A frame without names.
    pub fn new(expressions: &'m Expressions) -> Self {
        Self { expressions, variables: Vec::new(), positions: Vec::new(), dimensions: BTreeMap::new() }
    }

    /// The parameter or `let` of a name.
    pub fn variable(&self, name: &str) -> Option<&Rc<Value<J>>> {
        self.variables.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.positions.iter().rev().find(|(known, _)| *known == name).map(|(_, place)| *place)
    }
}

impl<'m> Interpreter<'m> {
    /// A run that has not started.
    pub fn new(module: &'m Module) -> Self {
        Self { module, recorder: Recorder::default(), calls: 0 }
    }

    /// The value of a function of the module for arguments that have exactly the shapes of its parameters.
    pub fn function<J: Jet>(&mut self, function: &'m Function, arguments: &[Tensor<J>]) -> Outcome<Value<J>> {
        if self.calls >= DEEPEST_CALL {
            return Err(format!("`{}` calls itself", function.name.text));
        }
        let mut frame = Frame::new(&function.expressions);
        super::call::bind(&mut frame, function, arguments)?;
        self.calls += 1;
        let value = self.block(&mut frame, &function.body);
        self.calls -= 1;
        value
    }

    /// The value of a block; its `let`s are forgotten at its end.
    pub fn block<J: Jet>(&mut self, frame: &mut Frame<'m, J>, block: &'m Block) -> Outcome<Value<J>> {
        let known = frame.variables.len();
        for binding in &block.lets {
            let value = match &binding.indices {
                Some(indices) => self.indexed(frame, indices, binding.value).map(Value::Number)?,
                None => self.value(frame, binding.value)?,
            };
            frame.variables.push((&binding.name.text, Rc::new(value)));
        }
        let result = block.result.ok_or("an empty block")?;
        let value = self.value(frame, result);
        frame.variables.truncate(known);
        value
    }

    /// The value of an expression.
    pub fn value<J: Jet>(&mut self, frame: &mut Frame<'m, J>, id: ExpressionId) -> Outcome<Value<J>> {
        self.recorder.step();
        let expressions = frame.expressions;
        let value = match &expressions.get(id).kind {
            ExpressionKind::Number(number) => Value::constant(Real::literal(*number)),
            ExpressionKind::Name(name) => self.name(frame, name)?,
            ExpressionKind::Unary(UnaryOperator::Negate, operand) => {
                Value::Number(self.number(frame, *operand)?.map(negate))
            }
            ExpressionKind::Unary(UnaryOperator::Not, operand) => {
                Value::Truth(self.value(frame, *operand)?.truth()?.map(|truth| !truth))
            }
            ExpressionKind::Binary(operator, left, right) => {
                let (left, right) = (self.value(frame, *left)?, self.value(frame, *right)?);
                self.binary(*operator, left, right)?
            }
            ExpressionKind::Call(call) => self.call(frame, call)?,
            ExpressionKind::Index(base, entries) => Value::Number(self.access(frame, *base, entries)?),
            ExpressionKind::Transpose(operand) => Value::Number(self.number(frame, *operand)?.transposed()?),
            ExpressionKind::If { branches, otherwise } => self.conditional(frame, branches, otherwise.as_ref())?,
            ExpressionKind::Vector(items) => Value::Number(Tensor::stacked(&[items.len()], self.all(frame, items)?)?),
            ExpressionKind::Tuple(items) => Value::Several(self.all(frame, items)?),
        };
        if let Value::Number(tensor) = &value {
            tensor.items.iter().for_each(|item| self.recorder.see(*item));
        }
        Ok(value)
    }

    /// The value of an expression that is a number.
    pub fn number<J: Jet>(&mut self, frame: &mut Frame<'m, J>, id: ExpressionId) -> Outcome<Tensor<J>> {
        self.value(frame, id)?.number()
    }

    fn all<J: Jet>(&mut self, frame: &mut Frame<'m, J>, ids: &[ExpressionId]) -> Outcome<Vec<Tensor<J>>> {
        ids.iter().map(|id| self.number(frame, *id)).collect()
    }

    fn name<J: Jet>(&mut self, frame: &Frame<'m, J>, name: &str) -> Outcome<Value<J>> {
        if let Some(place) = frame.position(name) {
            return Ok((place as f64).into());
        }
        if let Some(value) = frame.variable(name) {
            return Ok(value.as_ref().clone());
        }
        if let Some(size) = frame.dimensions.get(name) {
            return Ok((*size as f64).into());
        }
        let module = self.module;
        if let Some(constant) = module.constants.iter().find(|constant| constant.name.text == name) {
            return self.value(&mut Frame::new(&constant.expressions), constant.value);
        }
        if name == "pi" {
            return Ok(Value::constant(Real::pi()));
        }
        Err(format!("unknown name `{name}`"))
    }

    fn binary<J: Jet>(&mut self, operator: BinaryOperator, left: Value<J>, right: Value<J>) -> Outcome<Value<J>> {
        let arithmetic: fn(J, J) -> J = match operator {
            BinaryOperator::Add => add,
            BinaryOperator::Subtract => subtract,
            BinaryOperator::Multiply => multiply,
            BinaryOperator::Divide => divide,
            BinaryOperator::Power => power,
            BinaryOperator::MatrixMultiply => {
                return Ok(Value::Number(left.number()?.matrix_product(&right.number()?)?));
            }
            BinaryOperator::And => return Ok(Value::Truth(left.truth()?.zip(&right.truth()?, |a, b| a && b)?)),
            BinaryOperator::Or => return Ok(Value::Truth(left.truth()?.zip(&right.truth()?, |a, b| a || b)?)),
            comparison => return self.comparison(comparison, &left.number()?, &right.number()?),
        };
        Ok(Value::Number(left.number()?.zip(&right.number()?, arithmetic)?))
    }

    fn comparison<J: Jet>(&mut self, operator: BinaryOperator, a: &Tensor<J>, b: &Tensor<J>) -> Outcome<Value<J>> {
        let holds: fn(&J::Number, &J::Number) -> bool = match operator {
            BinaryOperator::Equal => PartialEq::eq,
            BinaryOperator::NotEqual => PartialEq::ne,
            BinaryOperator::Less => PartialOrd::lt,
            BinaryOperator::LessEqual => PartialOrd::le,
            BinaryOperator::Greater => PartialOrd::gt,
            BinaryOperator::GreaterEqual => PartialOrd::ge,
            other => return Err(format!("{other:?} is no comparison")),
        };
        let recorder = &mut self.recorder;
        let truths = a.zip(b, |a, b| {
            recorder.compare(a, b);
            holds(&a.primal(), &b.primal())
        })?;
        Ok(Value::Truth(truths))
    }

    /// `if`: a scalar condition takes a branch, a tensor of conditions selects item by item.
    fn conditional<J: Jet>(
        &mut self,
        frame: &mut Frame<'m, J>,
        branches: &'m [(ExpressionId, Block)],
        otherwise: Option<&'m Block>,
    ) -> Outcome<Value<J>> {
        let Some(((condition, block), rest)) = branches.split_first() else {
            return self.block(frame, otherwise.ok_or("`if` without `else`")?);
        };
        let condition = self.value(frame, *condition)?.truth()?;
        let Ok(truth) = condition.only() else {
            let taken = self.block(frame, block)?.number()?;
            let other = self.conditional(frame, rest, otherwise)?.number()?;
            return Ok(Value::Number(select(&condition, &taken, &other)?));
        };
        let taken =
            if truth { self.block(frame, block) } else { self.conditional(frame, rest, otherwise) }?.number()?;
        if taken.rank() > 0 || !frame.positions.is_empty() {
            return Ok(Value::Number(taken));
        }
        self.recorder.pause();
        let other = if truth { self.conditional(frame, rest, otherwise) } else { self.block(frame, block) };
        self.recorder.resume();
        let shape = other?.number()?.shape;
        Ok(Value::Number(taken.stretched(&shape)))
    }
}

fn select<J: Jet>(condition: &Tensor<bool>, taken: &Tensor<J>, other: &Tensor<J>) -> Outcome<Tensor<J>> {
    let shape = common_shape(&common_shape(&condition.shape, &taken.shape)?, &other.shape)?;
    let chosen = condition.stretched(&shape).zip(&taken.stretched(&shape), |truth, item| (truth, item))?;
    chosen.zip(&other.stretched(&shape), |(truth, item), other| if truth { item } else { other })
}
