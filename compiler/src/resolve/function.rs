//! The main function around its body: parameters, outputs, facts, and the finished graph.

use std::collections::HashSet;

use super::machine::{Machine, Task};
use super::scope::Bound;
use super::shape::{Array, Value};
use super::signature::is_integer;
use super::{Fact, Function, LetName, LibraryCall, Output, Parameter};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::facts::contradictions;
use crate::graph::{Axis, Dim, GraphError, NodeId, Operation, Rebuilt, Ref};
use crate::operators::{Kind, Operator};
use crate::syntax::{BinaryOperator, DimensionKind, ExpressionId, ExpressionKind, ResultType};

impl Machine<'_> {
    pub(super) fn parameters(&mut self) -> Result<Vec<Parameter>, Diagnostic> {
        let main = self.main;
        for dimension in super::check::types(main).flat_map(|ty| &ty.shape) {
            if let DimensionKind::Name(name) = &dimension.kind {
                let dim = self.graph.dimension(name);
                self.frame_mut().dims.insert(name.clone(), dim);
            }
        }
        let chosen: Option<HashSet<&str>> =
            main.wrt.as_ref().map(|names| names.iter().map(|name| name.text.as_str()).collect());
        let mut parameters = Vec::new();
        for parameter in &main.parameters {
            let name = &parameter.name;
            self.graph.set_span(name.span);
            let mut shape = Vec::new();
            if let Some(ty) = &parameter.ty {
                if ty.any_shape {
                    let message = "`[..]` takes any shape: only the prelude's reductions have it";
                    return Err(Diagnostic::new(Code::NotSupported, ty.span, message));
                }
                shape = ty.shape.iter().map(|dim| self.stated_dim(dim)).collect::<Result<Vec<_>, _>>()?;
            }
            let axes: Vec<Axis> = shape.iter().map(|dim| self.graph.axis(*dim, "")).collect();
            let integer = is_integer(parameter);
            let made =
                if integer { self.graph.integer_input(&name.text, &axes) } else { self.graph.input(&name.text, &axes) };
            let value = made.map_err(|error| self.fault(&error, name.span))?;
            let node = value.node;
            self.bind(&name.text, Bound::Value(Value::Array(Array { value, shape: axes })), name.span, false);
            let wrt = !integer && chosen.as_ref().is_none_or(|chosen| chosen.contains(name.text.as_str()));
            parameters.push(Parameter { name: name.text.clone(), span: name.span, node, shape, wrt, integer });
        }
        self.sizes_known(&parameters)?;
        Ok(parameters)
    }

    /// Every dimension of the result must be the size of something that is given.
    fn sizes_known(&mut self, parameters: &[Parameter]) -> Result<(), Diagnostic> {
        for dimension in super::check::types(self.main).flat_map(|ty| &ty.shape) {
            if let DimensionKind::Name(name) = &dimension.kind {
                let dim = self.graph.dimension(name);
                if !parameters.iter().any(|parameter| parameter.shape.contains(&dim)) {
                    let message = format!("the dimension `{name}` is the size of no parameter");
                    return Err(Diagnostic::new(Code::Shape, dimension.span, message));
                }
            }
        }
        Ok(())
    }

    pub(super) fn outputs(&mut self, result: Value) -> Result<Vec<(Option<String>, Array)>, Diagnostic> {
        let span = self.main.body.result.map_or(self.main.body.span, |id| self.main.expressions.get(id).span);
        let mut outputs = match result {
            Value::Poison => return Ok(Vec::new()),
            Value::Array(array) => vec![(None, array)],
            Value::Tuple(outputs) => outputs,
        };
        match &self.main.result {
            Some(ResultType::Named(stated)) => {
                if stated.len() != outputs.len() {
                    let message = format!("{} outputs are stated, the body has {}", stated.len(), outputs.len());
                    return Err(Diagnostic::new(Code::Arity, span, message));
                }
                for (parameter, (name, array)) in stated.iter().zip(&mut outputs) {
                    *name = Some(parameter.name.text.clone());
                    if let Some(ty) = &parameter.ty {
                        self.expect_shape(&array.shape, ty, &format!("`{}`", parameter.name.text), span)?;
                    }
                }
            }
            Some(ResultType::Type(ty)) if outputs.len() == 1 => {
                let shape = outputs[0].1.shape.clone();
                // `-> f32` alone states the element, not that the result is a scalar.
                if !(ty.shape.is_empty() && ty.element.is_some() && shape.is_empty()) {
                    self.expect_shape(&shape, ty, "the result's type", span)?;
                }
            }
            Some(ResultType::Type(ty)) => {
                let message = format!("one output is stated, the body has {}", outputs.len());
                return Err(Diagnostic::new(Code::Arity, span, message).with_span(ty.span));
            }
            None => {}
        }
        for (_, array) in &outputs {
            self.refuse_positions(array, span)?;
            if self.graph.kind(array.value.node) == Kind::Truth {
                let error = Diagnostic::new(Code::Type, span, "the result is a condition, not a number");
                return Err(error.with_help("write `if c { 1 } else { 0 }`"));
            }
        }
        Ok(outputs)
    }

    /// Facts are checked for sense and kept; whether they can hold together is for [`contradictions`].
    pub(super) fn facts(&mut self) -> Vec<Fact> {
        let main = self.main;
        let mut facts = Vec::new();
        let found = self.errors.len();
        for fact in &main.facts {
            let span = main.expressions.get(*fact).span;
            let text = self.text.get(span.start as usize..span.end as usize).unwrap_or_default();
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            match self.statement_of(*fact) {
                Ok(Some(statement)) => facts.push(Fact { text, span, statement, used: false }),
                Ok(None) => {}
                Err(error) => self.errors.push(error),
            }
        }
        for error in &mut self.errors[found..] {
            error.code = Code::Fact;
        }
        facts
    }

    /// A fact as a truth value; `None` if a mistake in it has been told. What `&&` joins holds at every position, each
    /// side along its own axes: their shapes need not fit.
    fn statement_of(&mut self, fact: ExpressionId) -> Result<Option<Ref>, Diagnostic> {
        let main = self.main;
        let fault =
            |error: GraphError| Diagnostic::new(Code::TooLarge, main.expressions.get(fact).span, error.to_string());
        let mut whole = Some(self.graph.truth(true).map_err(fault)?);
        let mut open = vec![fact];
        while let Some(part) = open.pop() {
            let expression = main.expressions.get(part);
            if let ExpressionKind::Binary(BinaryOperator::And, left, right) = expression.kind {
                open.extend([right, left]);
                continue;
            }
            self.tasks.push(Task::Visit(part));
            self.work();
            let Some(Value::Array(array)) = self.values.pop() else {
                whole = None;
                continue;
            };
            if self.graph.kind(array.value.node) != Kind::Truth {
                let message = "a fact is a comparison, such as `x > 0`";
                return Err(Diagnostic::new(Code::Fact, expression.span, message));
            }
            if let Some(before) = whole {
                whole = Some(self.graph.apply(Operator::And, &[before, array.value]).map_err(fault)?);
            }
        }
        Ok(whole)
    }

    pub(super) fn finish(
        mut self,
        parameters: Vec<Parameter>,
        outputs: &[(Option<String>, Array)],
        facts: Vec<Fact>,
    ) -> Result<Function, Diagnostics> {
        while let Some(scope) = self.frames[0].scopes.pop() {
            self.warn_unused(scope);
        }
        let results = outputs.iter().map(|(_, array)| array.value.node);
        let roots: Vec<NodeId> = results.chain(facts.iter().map(|fact| fact.statement.node)).collect();
        if self.errors.is_empty() {
            self.check_shifts();
        }
        if self.errors.is_empty() {
            self.errors = self.unknown_sizes(outputs, &facts);
        }
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        let fault = |error: GraphError| vec![self.fault(&error, self.main.name.span)];
        let rebuilt = self.graph.rebuild(&roots, |dim| self.real(dim)).map_err(fault)?;
        let find = |value: &Ref| rebuilt.find(value).ok_or_else(|| fault(GraphError::UnknownNode));
        let output = |(name, array): &(Option<String>, Array)| {
            let axes = array.shape.iter().map(|axis| rebuilt.axis(*axis)).collect();
            Ok(Output { name: name.clone(), value: find(&array.value)?, axes })
        };
        let outputs = outputs.iter().map(output).collect::<Result<Vec<_>, Diagnostics>>()?;
        let fact = |fact: Fact| Ok(Fact { statement: find(&fact.statement)?, ..fact });
        let facts = facts.into_iter().map(fact).collect::<Result<Vec<_>, Diagnostics>>()?;
        let contradictions = contradictions(&rebuilt.graph, &facts);
        if !contradictions.is_empty() {
            return Err(contradictions);
        }
        let place = |node: NodeId| rebuilt.place(node);
        let names = self.names.iter().filter_map(|(name, array)| let_name(name, array, &rebuilt)).collect();
        let call = |(name, value, arguments): &(&str, NodeId, Vec<NodeId>)| {
            let arguments = arguments.iter().map(|argument| place(*argument)).collect();
            Some(LibraryCall { name: (*name).to_owned(), value: place(*value)?, arguments })
        };
        let calls = self.calls.iter().filter_map(call).collect();
        let parameters = parameters
            .into_iter()
            .map(|parameter| Parameter { node: place(parameter.node).unwrap_or(parameter.node), ..parameter })
            .collect();
        let main = self.main;
        Ok(Function {
            name: main.name.text.clone(),
            parameters,
            outputs,
            facts,
            names,
            calls,
            module: self.module.functions.iter().map(|function| function.name.text.clone()).collect(),
            attributes: main.attributes.clone(),
            visibility: main.visibility.clone(),
            span: main.name.span,
            warnings: self.warnings,
            graph: rebuilt.graph,
        })
    }

    /// Indices whose size nothing told.
    fn unknown_sizes(&self, outputs: &[(Option<String>, Array)], facts: &[Fact]) -> Diagnostics {
        let mut unknown: Vec<Dim> =
            outputs.iter().flat_map(|(_, array)| &array.shape).map(|axis| self.real(self.graph.dim(*axis))).collect();
        let stated = facts.iter().map(|fact| fact.statement.node);
        let live = self.graph.live(outputs.iter().map(|(_, array)| array.value.node).chain(stated));
        for node in self.graph.nodes().filter(|node| live[node.index()]) {
            unknown.extend(self.graph.local_dims(node).into_iter().map(|dim| self.real(dim)));
            if let Operation::Size(dim) = self.graph.operation(node) {
                unknown.push(self.real(dim));
            }
        }
        unknown.sort_unstable();
        unknown.dedup();
        let error = |dim: Dim| {
            let Dim::Variable(variable) = dim else { return None };
            let variable = &self.variables[variable as usize];
            let message = format!("the size of the index `{}` is not known", variable.name);
            let help = "an index takes its size from an array that it stands on, or from the result's type";
            Some(Diagnostic::new(Code::Index, variable.span, message).with_help(help))
        };
        unknown.into_iter().filter_map(error).collect()
    }
}

/// The name of a bound array, if the array is its node with the axes in some order.
fn let_name(name: &str, array: &Array, rebuilt: &Rebuilt) -> Option<LetName> {
    let value = rebuilt.find(&array.value)?;
    let slot = |axis: &Axis| value.axes.iter().position(|other| *other == rebuilt.axis(*axis));
    let slots = array.shape.iter().map(slot).collect::<Option<Vec<_>>>()?;
    let whole = slots.len() == value.axes.len() && value.distinct_axes().len() == value.axes.len();
    whole.then(|| LetName { name: name.to_owned(), node: value.node, slots })
}
