//! Calls: operators, reductions, and functions with their mapping over leading axes.

use std::rc::Rc;

use chainrule_compiler::syntax::{Call, DimensionKind, ExpressionKind, Function, Module, Type};

use super::functions::{call_binary, call_unary, largest, product, smallest, sum};
use super::interpret::{Frame, Interpreter, Variable};
use super::jet::Jet;
use super::real::Real;
use super::tensor::{Item, Outcome, Tensor, common_shape, count};
use super::value::Value;

/// `axis = 1, keep = true`
#[derive(Clone, Copy, Default)]
struct Options {
    axis: Option<usize>,
    keep: bool,
}

impl<'m> Interpreter<'m> {
    /// The value of a call.
    pub fn call(&mut self, frame: &mut Frame<'m>, call: &'m Call) -> Outcome<Value> {
        if let Some(indices) = &call.indices {
            return self.closed(frame, call, indices);
        }
        let name = call.function.text.as_str();
        let options = self.options(frame, call)?;
        let arguments = call.arguments.iter().map(|argument| self.number(frame, *argument));
        let arguments: Vec<Tensor<Jet>> = arguments.collect::<Outcome<_>>()?;
        if let Some(value) = known(name, &arguments, options, frame.running())? {
            return Ok(Value::Number(value));
        }
        match self.named(name) {
            Some((function, module)) => {
                self.mapped(function, module, arguments, options, frame.running()).map(Value::Number)
            }
            None => Err(format!("unknown function `{name}`")),
        }
    }

    fn options(&mut self, frame: &mut Frame<'m>, call: &'m Call) -> Outcome<Options> {
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

    /// A function mapped over the leading axes that arguments have beyond its parameters: they run while it is computed.
    /// To a function of vectors, `axis` moves that axis last, and back afterwards.
    fn mapped(
        &mut self,
        function: &'m Function,
        module: &'m Module,
        mut arguments: Vec<Tensor<Jet>>,
        options: Options,
        running: usize,
    ) -> Outcome<Tensor<Jet>> {
        if function.parameters.len() != arguments.len() {
            return Err(format!("`{}` takes {} arguments", function.name.text, function.parameters.len()));
        }
        let (mut fronts, mut leading, mut largest_rank) = (Vec::new(), Vec::new(), 0);
        for (parameter, argument) in function.parameters.iter().zip(&mut arguments) {
            if let Some(axis) = options.axis {
                *argument = argument.moved(running + axis, argument.rank().saturating_sub(1))?;
            }
            let own = argument.rank().saturating_sub(running);
            let rank = match &parameter.ty {
                Some(ty) if ty.any_shape && options.axis.is_some() => 1,
                Some(ty) if ty.any_shape => own,
                ty => ty.as_ref().map_or(0, |ty| ty.shape.len()),
            };
            largest_rank = largest_rank.max(rank);
            let front = own.checked_sub(rank).ok_or("an argument has too few dimensions")?;
            leading = common_shape(&leading, &argument.shape[running..running + front])?;
            fronts.push(front);
        }
        let inner = running + leading.len();
        let arguments: Vec<Tensor<Jet>> = arguments
            .into_iter()
            .zip(fronts)
            .map(|(argument, front)| argument.with_axes(running, leading.len() - front))
            .collect();
        let result = self.function(function, module, &arguments, inner)?.number()?;
        // A result that does not depend on an argument is the same for all its positions.
        let shape = [&result.shape[..running], &leading, &result.shape[inner..]].concat();
        let mut result = result.stretched(&shape)?;
        let own = result.rank() - inner;
        if own == 0 && options.keep {
            let place = running + options.axis.unwrap_or(leading.len());
            result.shape.splice(place..place, vec![1; largest_rank]);
        } else if let (1, Some(axis)) = (own, options.axis) {
            result = result.moved(inner, running + axis)?;
        }
        Ok(result)
    }
}

/// Operators and what arrays have of their own; `None` for names that are neither.
fn known(name: &str, arguments: &[Tensor<Jet>], options: Options, running: usize) -> Outcome<Option<Tensor<Jet>>> {
    let Options { axis, keep } = options;
    Ok(Some(match (name, arguments) {
        ("sum", [operand]) => operand.reduced(running, axis, keep, sum)?,
        ("prod", [operand]) => operand.reduced(running, axis, keep, product)?,
        ("max", [operand]) => operand.reduced(running, axis, keep, largest)?,
        ("min", [operand]) => operand.reduced(running, axis, keep, smallest)?,
        ("concat", parts) => Tensor::joined(parts.to_vec(), running, axis.unwrap_or(0))?,
        ("size", [operand]) => {
            let size: usize = operand.shape[running..].iter().product();
            Tensor::constant(Real::from(size).into(), running)
        }
        ("eye", [size]) => {
            let size = size.only()?.value.to_integer().and_then(|size| usize::try_from(size).ok());
            let size = size.ok_or("`eye` takes a size")?;
            let (zero, one) = (Jet::whole(0), Jet::whole(1));
            let item = |at: usize| if at / size == at % size { one.clone() } else { zero.clone() };
            let shape = vec![size, size];
            Tensor { items: (0..count(&shape)?).map(item).collect(), shape }.with_axes(0, running)
        }
        (_, [operand]) => {
            let items: Option<Vec<Jet>> = operand.items.iter().map(|item| call_unary(name, item)).collect();
            let Some(items) = items else { return Ok(None) };
            Tensor { shape: operand.shape.clone(), items }
        }
        (_, [left, right]) => {
            let probe = Jet::whole(1);
            if call_binary(name, &probe, &probe).is_none() {
                return Ok(None);
            }
            left.zip(right, running, |a, b| call_binary(name, a, b).unwrap_or_else(Jet::undefined))?
        }
        ("max" | "min", [first, rest @ ..]) => {
            let among = if name == "max" { largest } else { smallest };
            let alone = |item: &Jet| vec![item.clone()];
            let mut together = Tensor { shape: first.shape.clone(), items: first.items.iter().map(alone).collect() };
            for operand in rest {
                together = together
                    .zip(operand, running, |items, other| [items.as_slice(), std::slice::from_ref(other)].concat())?;
            }
            Tensor { shape: together.shape, items: together.items.iter().map(|items| among(items)).collect() }
        }
        _ => return Ok(None),
    }))
}

/// Gives parameters their arguments, and the dimensions of their types the sizes.
pub fn bind<'m>(frame: &mut Frame<'m>, function: &'m Function, arguments: &[Tensor<Jet>]) -> Outcome<()> {
    if arguments.len() != function.parameters.len() {
        return Err(format!("`{}` takes {} arguments", function.name.text, function.parameters.len()));
    }
    for (parameter, argument) in function.parameters.iter().zip(arguments) {
        let own = argument.shape.get(frame.outer..).unwrap_or(&[]);
        bind_shape(frame, parameter.ty.as_ref(), own)
            .map_err(|error| format!("`{}` of `{}`: {error}", parameter.name.text, function.name.text))?;
        let variable = Variable { made: frame.outer, value: Rc::new(Value::Number(argument.clone())) };
        frame.variables.push((&parameter.name.text, variable));
    }
    Ok(())
}

fn bind_shape(frame: &mut Frame<'_>, ty: Option<&Type>, shape: &[usize]) -> Outcome<()> {
    let stated = match ty {
        Some(ty) if ty.any_shape => return Ok(()),
        Some(ty) => ty.shape.as_slice(),
        None => &[],
    };
    if stated.len() != shape.len() {
        return Err(format!("{} dimensions, not {}", stated.len(), shape.len()));
    }
    for (dimension, size) in stated.iter().zip(shape) {
        let expected = match &dimension.kind {
            DimensionKind::Literal(literal) => usize::try_from(*literal).unwrap_or(usize::MAX),
            DimensionKind::Name(name) => *frame.dimensions.entry(name.clone()).or_insert(*size),
        };
        if expected != *size {
            return Err(format!("a size is {expected} and {size}"));
        }
    }
    Ok(())
}
