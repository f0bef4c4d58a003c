//! Calls: operators, reductions, the prelude, and functions of the module with their mapping over leading axes.

use chainrule_compiler::syntax::{Call, DimensionKind, ExpressionId, ExpressionKind, Function, Type};
use std::rc::Rc;

use super::functions::{self, call_binary, call_unary, log, multiply, negate};
use super::interpret::{Frame, Interpreter};
use super::jet::Jet;
use super::real::Real;
use super::tensor::{Outcome, Tensor, common_shape, position_of};
use super::value::Value;

/// `axis = 1, keep = true`
#[derive(Clone, Copy, Default)]
struct Options {
    axis: Option<usize>,
    keep: bool,
}

impl<'m> Interpreter<'m> {
    /// The value of a call.
    pub fn call<J: Jet>(&mut self, frame: &mut Frame<'m, J>, call: &'m Call) -> Outcome<Value<J>> {
        if let Some(indices) = &call.indices {
            return self.closed(frame, call, indices);
        }
        let name = call.function.text.as_str();
        let module = self.module;
        if let Some(function) = module.functions.iter().find(|function| function.name.text == name) {
            let arguments = self.arguments(frame, call, function)?;
            return self.mapped(function, &arguments).map(Value::Number);
        }
        let options = self.options(frame, call)?;
        let arguments: Vec<Tensor<J>> =
            call.arguments.iter().map(|argument| self.number(frame, *argument)).collect::<Outcome<_>>()?;
        self.known(name, &arguments, options).map(Value::Number)
    }

    fn options<J: Jet>(&mut self, frame: &mut Frame<'m, J>, call: &'m Call) -> Outcome<Options> {
        let mut options = Options::default();
        for (name, value) in &call.named {
            match (name.text.as_str(), &frame.expressions.get(*value).kind) {
                ("axis", _) => options.axis = Some(self.integer(frame, *value)?),
                ("keep", ExpressionKind::Name(truth)) => options.keep = truth == "true",
                (other, _) => return Err(format!("unknown option `{other}`")),
            }
        }
        Ok(options)
    }

    /// Positional and named arguments in the order of the parameters.
    fn arguments<J: Jet>(
        &mut self,
        frame: &mut Frame<'m, J>,
        call: &'m Call,
        function: &Function,
    ) -> Outcome<Vec<Tensor<J>>> {
        let mut ids: Vec<Option<ExpressionId>> = call.arguments.iter().copied().map(Some).collect();
        ids.resize(function.parameters.len().max(ids.len()), None);
        for (name, value) in &call.named {
            let place = function.parameters.iter().position(|parameter| parameter.name.text == name.text);
            ids[place.ok_or(format!("`{}` has no parameter `{}`", function.name.text, name.text))?] = Some(*value);
        }
        if ids.len() != function.parameters.len() {
            return Err(format!("`{}` takes {} arguments", function.name.text, function.parameters.len()));
        }
        ids.into_iter().map(|id| self.number(frame, id.ok_or("an argument is missing")?)).collect()
    }

    /// A function of the module, mapped over the leading axes that arguments have beyond its parameters.
    fn mapped<J: Jet>(&mut self, function: &'m Function, arguments: &[Tensor<J>]) -> Outcome<Tensor<J>> {
        let mut leading: Vec<usize> = Vec::new();
        let mut extras = Vec::new();
        for (parameter, argument) in function.parameters.iter().zip(arguments) {
            let extra = extra_axes(parameter.ty.as_ref(), argument)?;
            let axes = &argument.shape[..extra];
            if extra > 0 && !leading.is_empty() && leading != axes {
                return Err(format!("`{}` is mapped over {leading:?} and {axes:?}", function.name.text));
            }
            leading = if extra > 0 { axes.to_vec() } else { leading };
            extras.push(extra > 0);
        }
        if leading.is_empty() {
            return self.function(function, arguments)?.number();
        }
        let mut parts = Vec::new();
        for flat in 0..leading.iter().product() {
            let place = position_of(flat, &leading);
            let part = |(argument, extra): (&Tensor<J>, &bool)| argument.part(if *extra { &place } else { &[] });
            let inner: Vec<Tensor<J>> = arguments.iter().zip(&extras).map(part).collect();
            parts.push(self.function(function, &inner)?.number()?);
        }
        Tensor::stacked(&leading, parts)
    }

    /// Operators, reductions and the prelude.
    fn known<J: Jet>(&mut self, name: &str, arguments: &[Tensor<J>], options: Options) -> Outcome<Tensor<J>> {
        match arguments {
            parts if name == "concat" => Tensor::joined(parts, options.axis.unwrap_or(0)),
            [operand] => self.known_unary(name, operand, options),
            [left, right] => self.known_binary(name, left, right),
            many if matches!(name, "max" | "min" | "clamp") => self.known_among(name, many),
            _ => Err(format!("unknown function `{name}` of {} arguments", arguments.len())),
        }
    }

    fn known_unary<J: Jet>(&mut self, name: &str, operand: &Tensor<J>, options: Options) -> Outcome<Tensor<J>> {
        let Options { axis, keep } = options;
        let recorder = &mut self.recorder;
        match name {
            "sum" => operand.reduced(axis, keep, functions::sum),
            "prod" => operand.reduced(axis, keep, functions::product),
            "mean" => operand.reduced(axis, keep, functions::mean),
            "norm" => operand.reduced(axis, keep, functions::norm),
            "max" => operand.reduced(axis, keep, |items| functions::largest(items, recorder)),
            "min" => operand.reduced(axis, keep, |items| functions::smallest(items, recorder)),
            "softmax" => operand.along(last(operand, axis)?, functions::softmax),
            "log_softmax" => operand.along(last(operand, axis)?, functions::log_softmax),
            "logsumexp" => operand.reduced(Some(last(operand, axis)?), keep, functions::logsumexp),
            "argmax" => operand.reduced(Some(last(operand, axis)?), keep, |items| functions::argmax(items, recorder)),
            "eye" => identity(operand),
            "trace" => diagonal(operand)?.reduced(None, false, functions::sum),
            "diag" if operand.rank() == 1 => Ok(spread(operand)),
            "diag" => diagonal(operand),
            _ => elementwise(name, operand, |item| call_unary(name, item, recorder)),
        }
    }

    /// The largest or smallest of more than two, or a function of three, item by item.
    fn known_among<J: Jet>(&mut self, name: &str, operands: &[Tensor<J>]) -> Outcome<Tensor<J>> {
        let recorder = &mut self.recorder;
        let mut shape = Vec::new();
        for operand in operands {
            shape = common_shape(&shape, &operand.shape)?;
        }
        let operands: Vec<Tensor<J>> = operands.iter().map(|operand| operand.stretched(&shape)).collect();
        let item = |at: usize| {
            let items: Vec<J> = operands.iter().map(|operand| operand.items[at]).collect();
            match (name, items.as_slice()) {
                ("max", items) => Some(functions::largest(items, recorder)),
                ("min", items) => Some(functions::smallest(items, recorder)),
                (_, [a, b, c]) => functions::call_ternary(name, [*a, *b, *c], recorder),
                _ => None,
            }
        };
        let items: Option<Vec<J>> = (0..shape.iter().product()).map(item).collect();
        Ok(Tensor { shape, items: items.ok_or(format!("unknown function `{name}`"))? })
    }

    fn known_binary<J: Jet>(&mut self, name: &str, left: &Tensor<J>, right: &Tensor<J>) -> Outcome<Tensor<J>> {
        let recorder = &mut self.recorder;
        match name {
            "cross_entropy" => {
                let products = left.zip(right, |y, t| multiply(t, log(y)))?;
                let axis = last(&products, None)?;
                products.reduced(Some(axis), false, |items| negate(functions::sum(items)))
            }
            "outer" => {
                let shape = [left.shape.as_slice(), &right.shape].concat();
                if shape.len() != 2 {
                    return Err(format!("outer of {:?} and {:?}", left.shape, right.shape));
                }
                Ok(Tensor::from_positions(&shape, |place| multiply(left.at(&place[..1]), right.at(&place[1..]))))
            }
            _ => {
                let shape = common_shape(&left.shape, &right.shape)?;
                let pairs = left.stretched(&shape).zip(&right.stretched(&shape), |a, b| (a, b))?;
                elementwise(name, &pairs, |(a, b)| call_binary(name, a, b, recorder))
            }
        }
    }
}

/// Gives parameters their arguments, and the dimensions of their types the sizes.
pub fn bind<'m, J: Jet>(frame: &mut Frame<'m, J>, function: &'m Function, arguments: &[Tensor<J>]) -> Outcome<()> {
    if arguments.len() != function.parameters.len() {
        return Err(format!("`{}` takes {} arguments", function.name.text, function.parameters.len()));
    }
    for (parameter, argument) in function.parameters.iter().zip(arguments) {
        let failure = || format!("`{}` cannot be of shape {:?}", parameter.name.text, argument.shape);
        let extra = extra_axes(parameter.ty.as_ref(), argument)?;
        if extra > 0 {
            return Err(failure());
        }
        let declared = parameter.ty.as_ref().map_or(&[][..], |ty| ty.shape.as_slice());
        for (dimension, size) in declared.iter().zip(&argument.shape) {
            let expected = match &dimension.kind {
                DimensionKind::Literal(literal) => usize::try_from(*literal).map_err(|error| error.to_string())?,
                DimensionKind::Name(name) => *frame.dimensions.entry(name).or_insert(*size),
            };
            if expected != *size {
                return Err(failure());
            }
        }
        frame.variables.push((&parameter.name.text, Rc::new(Value::Number(argument.clone()))));
    }
    Ok(())
}

/// How many leading axes an argument has beyond its parameter.
fn extra_axes<J: Jet>(ty: Option<&Type>, argument: &Tensor<J>) -> Outcome<usize> {
    match ty {
        Some(ty) if ty.any_shape => Ok(0),
        Some(ty) => argument.rank().checked_sub(ty.shape.len()).ok_or("too few dimensions".into()),
        None => Ok(argument.rank()),
    }
}

fn elementwise<T: Copy, J: Jet>(
    name: &str,
    operand: &Tensor<T>,
    mut function: impl FnMut(T) -> Option<J>,
) -> Outcome<Tensor<J>> {
    let items: Option<Vec<J>> = operand.items.iter().map(|item| function(*item)).collect();
    let items = items.ok_or(format!("unknown function `{name}`"))?;
    Ok(Tensor { shape: operand.shape.clone(), items })
}

fn last<J: Jet>(operand: &Tensor<J>, axis: Option<usize>) -> Outcome<usize> {
    axis.or(operand.rank().checked_sub(1)).ok_or("a scalar has no axis".into())
}

fn identity<J: Jet>(size: &Tensor<J>) -> Outcome<Tensor<J>> {
    let size = size.only()?.primal().to_f64() as usize;
    let item = |place: &[usize]| J::constant(Real::of(if place[0] == place[1] { 1.0 } else { 0.0 }));
    Ok(Tensor::from_positions(&[size, size], item))
}

fn diagonal<J: Jet>(matrix: &Tensor<J>) -> Outcome<Tensor<J>> {
    match matrix.shape[..] {
        [rows, columns] if rows == columns => {
            Ok(Tensor::from_positions(&[rows], |place| matrix.at(&[place[0], place[0]])))
        }
        _ => Err(format!("a square matrix is needed, not {:?}", matrix.shape)),
    }
}

fn spread<J: Jet>(vector: &Tensor<J>) -> Tensor<J> {
    let size = vector.shape[0];
    Tensor::from_positions(&[size, size], |place| {
        if place[0] == place[1] { vector.at(&place[..1]) } else { J::constant(Real::of(0.0)) }
    })
}
