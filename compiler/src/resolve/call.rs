//! Calls: operators, reductions, and functions, which are inlined.
//!
//! A function whose parameter has fewer dimensions than its argument is mapped over the extra leading ones: their axes
//! simply stay on the values that pass through the body, and come back in front of the result's shape. To a function of
//! vectors, `axis = k` moves that axis last before the call, and back afterwards; `keep = true` leaves size 1 there.

use super::PRELUDE_MODULE;
use super::machine::{Machine, Task};
use super::shape::{Array, Value};
use super::signature::{PLANNED, float_type, is_integer, unknown_function};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::graph::{Axis, Dim, GraphError, NodeId, Ref};
use crate::number::Number;
use crate::operators::{Kind, Operator};
use crate::syntax::{Call, DimensionKind, ExpressionKind, Function, Name, Parameter};

/// A call of a function on scalars: the same arguments give the same value.
pub(super) type MemoKey = (*const Function, Vec<NodeId>);

/// A call whose body is being resolved.
pub(super) struct Pending<'a> {
    /// `None` for a constant.
    function: Option<&'a Function>,
    span: Span,
    /// The axes that the call is mapped over.
    leading: Vec<Axis>,
    along: Along,
    memo: Option<MemoKey>,
    /// The arguments of a call of the prelude from outside of it.
    library: Option<Vec<NodeId>>,
}

impl Pending<'_> {
    pub(super) fn constant(span: Span) -> Self {
        Self { function: None, span, leading: Vec::new(), along: Along::default(), memo: None, library: None }
    }
}

/// What `axis` and `keep` of a call ask of its result.
#[derive(Clone, Copy, Debug, Default)]
struct Along {
    /// Where the axis that the call works along comes from, and goes back to.
    axis: Option<usize>,
    /// How many axes of size 1 a scalar result keeps there.
    kept: usize,
}

/// `axis = 1, keep = true`, read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Named {
    pub(super) axis: Option<(usize, Span)>,
    pub(super) keep: bool,
}

impl<'a> Machine<'a> {
    /// Builds a call whose arguments stand on the value stack; pushes its value, or opens the callee's frame.
    pub(super) fn build_call(&mut self, call: &'a Call, span: Span) -> Result<(), Diagnostic> {
        let name = call.function.text.as_str();
        let arguments = self.pop(if name == "eye" { 0 } else { call.arguments.len() }, span);
        if let Some(indices) = &call.indices {
            let closed = self.close_indices(indices);
            let Some(arguments) = arguments? else { return self.give(Value::Poison) };
            arguments.iter().try_for_each(|argument| self.refuse_positions(argument, span))?;
            let value = self.close_axes(call, &arguments, indices, &closed, span)?;
            return self.give(Value::Array(value));
        }
        let arguments = arguments?;
        let named = self.named(call)?;
        if name == "eye" {
            let value = self.eye(call, span)?;
            return self.give(Value::Array(value));
        }
        let Some(arguments) = arguments else { return self.give(Value::Poison) };
        self.positions_fit(name, &arguments, span)?;
        if name == "concat" {
            let value = self.concat(call, arguments, span)?;
            return self.give(Value::Array(value));
        }
        if PLANNED.contains(&name) {
            let message = format!("`{name}` is not supported yet");
            return Err(Diagnostic::new(Code::NotSupported, span, message));
        }
        if matches!(name, "sum" | "prod") || (matches!(name, "max" | "min") && arguments.len() == 1) {
            self.arity(name, 1, arguments.len(), span)?;
            let value = self.reduction(name, &arguments[0], named, span)?;
            return self.give(Value::Array(value));
        }
        if name == "size" {
            self.arity(name, 1, arguments.len(), span)?;
            let value = self.size(&arguments[0], span)?;
            return self.give(Value::Array(value));
        }
        if let Some(operator) = Operator::called(name) {
            if !operator.takes(arguments.len()) {
                self.arity(name, operator.arity(), arguments.len(), span)?;
            }
            self.no_named(call)?;
            let value = self.elementwise(operator, arguments, span)?;
            return self.give(Value::Array(value));
        }
        if let Some(function) = self.by_name.get(name) {
            return self.open_call(function, arguments, named, span, None);
        }
        let prelude = PRELUDE_MODULE.functions.iter().find(|function| function.name.text == name);
        match prelude {
            Some(function) => self.open_call(function, arguments, named, span, Some(span)),
            None => {
                let place = self.place(call.function.span);
                Err(unknown_function(name, place, self.module, &PRELUDE_MODULE))
            }
        }
    }

    /// Integers go to integer parameters, and nothing else does.
    fn positions_fit(&self, name: &str, arguments: &[Array], span: Span) -> Result<(), Diagnostic> {
        let called = self.by_name.get(name).copied();
        for (place, argument) in arguments.iter().enumerate() {
            let taken = called.and_then(|function| function.parameters.get(place)).is_some_and(is_integer);
            if taken && !self.graph.says_positions(argument.value.node) {
                let message = format!("argument {} of `{name}` says positions: it takes an integer input", place + 1);
                return Err(Diagnostic::new(Code::Type, span, message));
            }
            if !taken {
                self.refuse_positions(argument, span)?;
            }
        }
        Ok(())
    }

    fn give(&mut self, value: Value) -> Result<(), Diagnostic> {
        self.values.push(value);
        Ok(())
    }

    fn arity(&self, name: &str, takes: usize, given: usize, span: Span) -> Result<(), Diagnostic> {
        if takes == given {
            return Ok(());
        }
        let plural = if takes == 1 { "" } else { "s" };
        let message = format!("`{name}` takes {takes} argument{plural}, {given} given");
        let mut error = Diagnostic::new(Code::Arity, span, message);
        error.help = signature_text(name).map(|text| format!("its arguments are `{text}`"));
        Err(error)
    }

    fn no_named(&self, call: &Call) -> Result<(), Diagnostic> {
        match call.named.first() {
            None => Ok(()),
            Some((name, _)) => {
                let message = format!("`{}` takes no argument named `{}`", call.function.text, name.text);
                Err(Diagnostic::new(Code::Arity, self.place(name.span), message))
            }
        }
    }

    fn named(&self, call: &Call) -> Result<Named, Diagnostic> {
        let mut named = Named::default();
        for (at, (name, value)) in call.named.iter().enumerate() {
            if let Some((first, _)) = call.named[..at].iter().find(|(other, _)| other.text == name.text) {
                let message = format!("`{}` is given twice", name.text);
                let error = Diagnostic::new(Code::DuplicateName, self.place(name.span), message);
                return Err(error.with_span(self.place(first.span)));
            }
            let expression = self.expression(*value);
            let place = self.place(expression.span);
            match (name.text.as_str(), &expression.kind) {
                ("axis", ExpressionKind::Number(number)) => {
                    let axis = number.to_integer().and_then(|axis| usize::try_from(axis).ok());
                    let axis = axis.ok_or_else(|| {
                        Diagnostic::new(Code::Axis, place, "an axis is a whole number, counted from 0")
                    })?;
                    named.axis = Some((axis, place));
                }
                ("axis", _) => {
                    let message = "an axis is a number in the text, counted from 0";
                    return Err(Diagnostic::new(Code::Axis, place, message));
                }
                ("keep", ExpressionKind::Name(value)) if value == "true" || value == "false" => {
                    named.keep = value == "true";
                }
                ("keep", _) => return Err(Diagnostic::new(Code::Axis, place, "`keep` is `true` or `false`")),
                _ => {
                    let message = format!("there is no argument named `{}`", name.text);
                    let error = Diagnostic::new(Code::Arity, self.place(name.span), message);
                    return Err(error.with_help("reductions take `axis = 0` and `keep = true`"));
                }
            }
        }
        Ok(named)
    }

    /// No frame of this name may be open: a formula is a finite graph.
    pub(super) fn refuse_recursion(&self, name: &str, span: Span) -> Result<(), Diagnostic> {
        let Some(first) = self.frames.iter().position(|frame| frame.name == name) else { return Ok(()) };
        let way: Vec<&str> = self.frames[first..].iter().map(|frame| frame.name).collect();
        let message = match way.as_slice() {
            [_] => format!("`{name}` calls itself"),
            _ => format!("`{name}` calls itself: {} -> {name}", way.join(" -> ")),
        };
        let help = "a formula is a finite graph: recursion has no meaning in it";
        Err(Diagnostic::new(Code::Recursion, span, message).with_help(help))
    }

    fn open_call(
        &mut self,
        function: &'a Function,
        mut arguments: Vec<Array>,
        named: Named,
        span: Span,
        call_site: Option<Span>,
    ) -> Result<(), Diagnostic> {
        let name = function.name.text.as_str();
        let along = along(function, &arguments, named, span)?;
        let plain = arguments.iter().all(|argument| argument.value.axes.is_empty() && argument.shape.is_empty());
        let memo = (plain && named.axis.is_none()).then(|| {
            (std::ptr::from_ref(function), arguments.iter().map(|argument| argument.value.node).collect::<Vec<_>>())
        });
        let library = (call_site.is_some() && self.frame().call_site.is_none())
            .then(|| arguments.iter().map(|argument| argument.value.node).collect::<Vec<_>>());
        // What has a value is finished, so this is no recursion.
        if let Some(known) = memo.as_ref().and_then(|key| self.memo.get(key)).cloned() {
            let value = self.occurrence(&known);
            self.calls.extend(library.map(|arguments| (name, value.value.node, arguments)));
            return self.give(Value::Array(value));
        }
        if call_site.is_none() {
            self.refuse_recursion(name, span)?;
        }
        if function.parameters.len() != arguments.len() {
            let (takes, given) = (function.parameters.len(), arguments.len());
            let plural = if takes == 1 { "" } else { "s" };
            let message = format!("`{name}` takes {takes} argument{plural}, {given} given");
            let parameters: Vec<&str> = function.parameters.iter().map(|p| p.name.text.as_str()).collect();
            let help = format!("its parameters are `{name}({})`", parameters.join(", "));
            return Err(Diagnostic::new(Code::Arity, span, message).with_help(help));
        }
        if let Some(float) = float_type(function)?.filter(|float| *float != self.graph.float()) {
            let message =
                format!("`{name}` computes in `{}`, its caller in `{}`", float.name(), self.graph.float().name());
            return Err(Diagnostic::new(Code::FloatType, span, message).with_help("a formula has one float type"));
        }
        if arguments.iter().any(|argument| self.graph.kind(argument.value.node) == Kind::Truth) {
            let message = format!("`{name}` takes numbers, and an argument is a condition");
            let help = "write `if c { 1 } else { 0 }` for a condition as a number";
            return Err(Diagnostic::new(Code::Type, span, message).with_help(help));
        }
        if let Some((axis, place)) = named.axis {
            for argument in &mut arguments {
                self.move_last(argument, axis, name, place)?;
            }
        }
        let leading = self.leading(function, &mut arguments, named, span)?;
        self.open_frame(function, call_site);
        for (parameter, mut argument) in function.parameters.iter().zip(arguments) {
            if let Some(ty) = parameter.ty.as_ref().filter(|ty| !ty.any_shape) {
                let what = format!("the parameter `{}` of `{name}`", parameter.name.text);
                match self.bind_shape(&argument, ty, &what, span) {
                    Ok(bound) => argument = bound,
                    Err(error) => {
                        self.frames.pop();
                        return Err(error);
                    }
                }
            }
            self.bind_parameter(&parameter.name, argument);
        }
        self.tasks.push(Task::Return(Pending { function: Some(function), span, leading, along, memo, library }));
        self.tasks.push(Task::Statement(&function.body, 0));
        Ok(())
    }

    /// Puts one axis of an argument last.
    fn move_last(&self, argument: &mut Array, axis: usize, name: &str, place: Span) -> Result<(), Diagnostic> {
        if axis >= argument.shape.len() {
            return Err(self.no_such_axis(&argument.shape, axis, name, place));
        }
        let moved = argument.shape.remove(axis);
        argument.shape.push(moved);
        Ok(())
    }

    pub(super) fn no_such_axis(&self, shape: &[Axis], axis: usize, name: &str, place: Span) -> Diagnostic {
        let message = format!("`{name}` along axis {axis}, but the array is {}", self.shape_text(shape));
        let help = match shape.len() {
            0 => "a scalar has no axes".to_owned(),
            1 => "its only axis is 0".to_owned(),
            rank => format!("its axes are 0 to {}", rank - 1),
        };
        Diagnostic::new(Code::Axis, place, message).with_help(help)
    }

    /// Takes the extra leading dimensions off the arguments' shapes; they then ride along on the values.
    fn leading(
        &mut self,
        function: &Function,
        arguments: &mut [Array],
        named: Named,
        span: Span,
    ) -> Result<Vec<Axis>, Diagnostic> {
        let mut extra = Vec::new();
        for (parameter, argument) in function.parameters.iter().zip(arguments.iter()) {
            let rank = match &parameter.ty {
                Some(ty) if ty.any_shape && named.axis.is_some() => 1,
                Some(ty) if ty.any_shape => argument.shape.len(),
                Some(ty) => ty.shape.len(),
                None => 0,
            };
            if argument.shape.len() < rank {
                let message = format!(
                    "the parameter `{}` of `{}` has {rank} dimension{}, and this argument is {}",
                    parameter.name.text,
                    function.name.text,
                    if rank == 1 { "" } else { "s" },
                    self.shape_text(&argument.shape)
                );
                return Err(Diagnostic::new(Code::Shape, span, message));
            }
            extra.push(argument.shape.len() - rank);
        }
        // Seen over their leading dimensions only, the arguments follow the law of whole-array arithmetic.
        let mut fronts: Vec<Array> = arguments
            .iter()
            .zip(&extra)
            .map(|(argument, count)| Array { value: argument.value.clone(), shape: argument.shape[..*count].to_vec() })
            .collect();
        let what = format!("`{}` over extra leading dimensions", function.name.text);
        let leading = self.align(&mut fronts, &what, span)?;
        for ((argument, front), count) in arguments.iter_mut().zip(fronts).zip(&extra) {
            argument.value = front.value;
            argument.shape.drain(..count);
        }
        Ok(leading)
    }

    /// The body of a call is done: its value goes back to the caller.
    pub(super) fn finish_call(&mut self, pending: Pending<'a>) {
        self.frames.pop();
        self.graph.set_span(pending.span);
        let value = match self.values.pop() {
            Some(Value::Array(array)) => self.returned(array, &pending),
            Some(Value::Tuple(_)) => {
                let message = "calling a function with several outputs is not supported yet";
                Err(Diagnostic::new(Code::NotSupported, pending.span, message))
            }
            _ => Ok(Value::Poison),
        };
        match value {
            Ok(value) => self.values.push(value),
            Err(error) => self.fail(error),
        }
    }

    fn returned(&mut self, mut array: Array, pending: &Pending<'a>) -> Result<Value, Diagnostic> {
        if let (Some(function), Some(arguments)) = (pending.function, &pending.library) {
            self.calls.push((&function.name.text, array.value.node, arguments.clone()));
        }
        if pending.function.is_none() && !array.shape.is_empty() {
            let message = "a constant is a scalar";
            return Err(Diagnostic::new(Code::Shape, pending.span, message));
        }
        array = self.returned_shape(&array);
        if let Some(key) = &pending.memo {
            self.memo.insert(key.clone(), array.clone());
        }
        let own = array.shape.len();
        let mut shape = pending.leading.clone();
        shape.append(&mut array.shape);
        let Along { axis, kept } = pending.along;
        match (own, axis) {
            (0, _) => {
                let place = axis.unwrap_or(shape.len());
                let ones = (0..kept).map(|_| self.graph.axis(Dim::Literal(1), "")).collect::<Vec<_>>();
                shape.splice(place..place, ones);
            }
            (1, Some(axis)) => shape[axis..].rotate_right(1),
            (_, None) => {}
            (_, Some(_)) => {
                let result = self.shape_text(&shape[shape.len() - own..]);
                let message = format!("`axis` needs a scalar or a vector as the function's result, not {result}");
                return Err(Diagnostic::new(Code::Axis, pending.span, message));
            }
        }
        Ok(Value::Array(Array { value: array.value, shape }))
    }

    /// `concat(a, b, axis = 1)`: arrays one behind the other along an axis, the first one unless it is stated. It is a sum
    /// of parts, each zero outside of its place.
    fn concat(&mut self, call: &Call, mut parts: Vec<Array>, span: Span) -> Result<Array, Diagnostic> {
        let named = self.named(call)?;
        let (along, place) = named.axis.unwrap_or((0, span));
        let Some(first) = parts.first().cloned() else {
            return Err(Diagnostic::new(Code::Arity, span, "`concat` takes arrays, none given"));
        };
        if first.shape.is_empty() {
            let help = "write numbers side by side as a vector: `[a, b]`";
            return Err(Diagnostic::new(Code::Shape, span, "`concat` of a scalar").with_help(help));
        }
        if along >= first.shape.len() {
            return Err(self.no_such_axis(&first.shape, along, "concat", place));
        }
        let mut total = 0_u32;
        for part in &mut parts {
            let fits = part.shape.len() == first.shape.len()
                && (0..first.shape.len()).all(|at| {
                    at == along || self.unify(self.graph.dim(part.shape[at]), self.graph.dim(first.shape[at]))
                });
            if !fits {
                let (one, other) = (self.shape_text(&first.shape), self.shape_text(&part.shape));
                let message = format!("`concat` of {one} and {other} along axis {along}");
                let help = "the shapes agree in every other axis";
                return Err(Diagnostic::new(Code::Shape, span, message).with_help(help));
            }
            let Dim::Literal(size) = self.real(self.graph.dim(part.shape[along])) else {
                let name = self.dim_text(self.graph.dim(part.shape[along]));
                let message = format!(
                    "`concat` along the dimension `{name}`, whose size is not in the text, is not supported yet"
                );
                return Err(Diagnostic::new(Code::NotSupported, span, message));
            };
            let (own, common): (Vec<_>, Vec<_>) = part
                .shape
                .iter()
                .zip(&first.shape)
                .enumerate()
                .filter(|(at, _)| *at != along)
                .map(|(_, pair)| (*pair.0, *pair.1))
                .unzip();
            part.value = part.value.renamed(&own, &common);
            total = total.checked_add(size).ok_or_else(|| self.fault(&GraphError::TooLarge, span))?;
        }
        let axis = self.graph.axis(Dim::Literal(total), "");
        let value = self.placed(&parts, along, axis).map_err(|error| self.fault(&error, span))?;
        let mut shape = first.shape;
        shape[along] = axis;
        Ok(Array { value, shape })
    }

    fn placed(&mut self, parts: &[Array], along: usize, axis: Axis) -> Result<Ref, GraphError> {
        let (mut offset, mut sum) = (0, self.graph.constant(Number::ZERO)?);
        for (place, part) in parts.iter().enumerate() {
            let own = part.shape[along];
            let (position, zero) = (self.graph.iota(axis)?, self.graph.constant(Number::ZERO)?);
            let mut at = self.graph.iota(own)?;
            if offset > 0 {
                let offset = self.graph.constant(Number::from(offset))?;
                at = self.graph.apply(Operator::Add, &[at, offset])?;
            }
            let here = self.graph.apply(Operator::Equal, &[position, at])?;
            let value = self.graph.apply(Operator::Select, &[here, part.value.clone(), zero])?;
            let value = self.graph.sum(&[own], &value)?;
            sum = if place == 0 { value } else { self.graph.apply(Operator::Add, &[sum, value])? };
            if let Dim::Literal(size) = self.real(self.graph.dim(own)) {
                offset += i64::from(size);
            }
        }
        Ok(sum)
    }

    /// `eye(D)`: 1 on the diagonal, 0 elsewhere.
    fn eye(&mut self, call: &Call, span: Span) -> Result<Array, Diagnostic> {
        self.arity("eye", 1, call.arguments.len(), span)?;
        self.no_named(call)?;
        let argument = self.expression(call.arguments[0]);
        let kind = match &argument.kind {
            ExpressionKind::Name(name) if self.frame().dims.contains_key(name) => DimensionKind::Name(name.clone()),
            ExpressionKind::Number(number) if number.to_integer().is_some_and(|size| size > 0) => {
                DimensionKind::Literal(number.to_integer().and_then(|size| u64::try_from(size).ok()).unwrap_or(1))
            }
            _ => {
                let place = self.place(argument.span);
                let help = "write a number or the name of a dimension: `eye(3)`, `eye(N)`";
                return Err(Diagnostic::new(Code::Shape, place, "`eye` takes a size").with_help(help));
            }
        };
        let dim = self.stated_dim(&crate::syntax::Dimension { kind, span: argument.span })?;
        let shape = vec![self.graph.axis(dim, ""), self.graph.axis(dim, "")];
        let value = (|| {
            let equal = self.graph.delta(shape[0], shape[1])?;
            let (one, zero) = (self.graph.constant(Number::ONE)?, self.graph.constant(Number::ZERO)?);
            self.graph.apply(Operator::Select, &[equal, one, zero])
        })();
        let value = value.map_err(|error| self.fault(&error, span))?;
        Ok(Array { value, shape })
    }
}

/// Reads `axis` and `keep`: only what each parameter takes as a vector has an axis to work along.
fn along(function: &Function, arguments: &[Array], named: Named, span: Span) -> Result<Along, Diagnostic> {
    if named.axis.is_none() && !named.keep {
        return Ok(Along::default());
    }
    let rank = |(parameter, argument): (&Parameter, &Array)| match &parameter.ty {
        Some(ty) if ty.any_shape => Some(if named.axis.is_some() { 1 } else { argument.shape.len() }),
        Some(ty) if ty.shape.len() == 1 => Some(1),
        _ => None,
    };
    let ranks: Option<Vec<usize>> = function.parameters.iter().zip(arguments).map(rank).collect();
    let Some(rank) = ranks.and_then(|ranks| ranks.into_iter().max()) else {
        let (word, span) = named.axis.map_or(("keep", span), |(_, place)| ("axis", place));
        let error =
            Diagnostic::new(Code::Axis, span, format!("`{}` takes no argument named `{word}`", function.name.text));
        return Err(error.with_help("`axis` and `keep` go to a function whose parameters are vectors, `a: [N]`"));
    };
    Ok(Along { axis: named.axis.map(|(axis, _)| axis), kept: if named.keep { rank } else { 0 } })
}

/// How a structural function or an operator is called.
fn signature_text(name: &str) -> Option<String> {
    match name {
        "sum" | "prod" | "size" => Some(format!("{name}(array)")),
        "eye" => Some("eye(size)".into()),
        "atan2" => Some("atan2(y, x)".into()),
        _ => {
            let operator = Operator::called(name)?;
            let operands = ["a", "b", "c"].get(..operator.arity())?.join(", ");
            let more = if operator.row().among.is_empty() { "" } else { ", ..." };
            Some(format!("{name}({operands}{more})"))
        }
    }
}

impl Machine<'_> {
    /// The names of the indices that a call closes must be open in its body; see [`Machine::close_axes`].
    pub(super) fn unused_index(&self, name: &Name) -> Diagnostic {
        let message = format!("the index `{}` stands nowhere in what it closes", name.text);
        let help = "use it on an array, such as `x[i]`, or leave it out";
        Diagnostic::new(Code::Index, self.place(name.span), message).with_help(help)
    }
}
