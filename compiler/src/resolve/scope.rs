//! Names and what they are bound to: frames of functions, scopes of blocks, indices that are open.

use std::collections::HashMap;

use super::check::reserved;
use super::machine::{Machine, Task};
use super::shape::{Array, Value};
use super::suggest::did_you_mean;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::graph::{Axis, Dim};
use crate::operators::Operator;
use crate::syntax::{self, Expressions, Name};

#[derive(Clone, Debug)]
pub(super) enum Bound {
    Value(Value),
    Index(Axis),
}

#[derive(Clone, Debug)]
pub(super) struct Binding {
    pub(super) bound: Bound,
    pub(super) used: bool,
    pub(super) span: Span,
    pub(super) is_let: bool,
}

/// The body that is being resolved: the main function, one that it calls, or a constant.
pub(super) struct Frame<'a> {
    pub(super) name: &'a str,
    pub(super) expressions: &'a Expressions,
    pub(super) scopes: Vec<HashMap<&'a str, Binding>>,
    pub(super) dims: HashMap<String, Dim>,
    /// What the prelude does wrong stands where the user called it.
    pub(super) call_site: Option<Span>,
}

impl Frame<'_> {
    /// The indices that are open, with their axes.
    pub(super) fn open_indices(&self) -> Vec<(&str, Axis)> {
        let bindings = self.scopes.iter().flatten();
        bindings
            .filter_map(|(name, b)| if let Bound::Index(axis) = b.bound { Some((*name, axis)) } else { None })
            .collect()
    }
}

impl<'a> Machine<'a> {
    pub(super) fn bind(&mut self, name: &'a str, bound: Bound, span: Span, is_let: bool) {
        let binding = Binding { bound, used: false, span, is_let };
        let frame = self.frame_mut();
        if let Some(scope) = frame.scopes.last_mut()
            && let Some(old) = scope.insert(name, binding).filter(|old| old.is_let && !old.used)
        {
            self.unused(name, old.span);
        }
    }

    pub(super) fn open_frame(&mut self, function: &'a syntax::Function, call_site: Option<Span>) {
        let call_site = self.frame().call_site.or(call_site);
        self.frames.push(Frame {
            name: &function.name.text,
            expressions: &function.expressions,
            scopes: vec![HashMap::new()],
            dims: HashMap::new(),
            call_site,
        });
    }

    pub(super) fn bind_parameter(&mut self, name: &'a Name, value: Array) {
        self.bind(&name.text, Bound::Value(Value::Array(value)), name.span, false);
    }

    pub(super) fn open_constant(&mut self, constant: &'a syntax::Constant, span: Span) -> Result<(), Diagnostic> {
        self.refuse_recursion(&constant.name.text, span)?;
        self.frames.push(Frame {
            name: &constant.name.text,
            expressions: &constant.expressions,
            scopes: vec![HashMap::new()],
            dims: HashMap::new(),
            call_site: None,
        });
        self.tasks.push(Task::Return(super::call::Pending::constant(span)));
        self.tasks.push(Task::Visit(constant.value));
        Ok(())
    }

    pub(super) fn close_scope(&mut self) {
        let scope = self.frame_mut().scopes.pop().unwrap_or_default();
        self.warn_unused(scope);
    }

    pub(super) fn warn_unused(&mut self, scope: HashMap<&'a str, Binding>) {
        for (name, binding) in scope {
            if binding.is_let && !binding.used {
                self.unused(name, binding.span);
            }
        }
    }

    pub(super) fn unused(&mut self, name: &str, span: Span) {
        if self.frames.len() == 1 && !name.starts_with('_') {
            let warning = Diagnostic::new(Code::UnknownName, span, format!("`{name}` is never used"));
            self.warnings.push(warning.with_help(format!("remove it, or call it `_{name}`")));
        }
    }

    /// Opens a scope in which each name is an index of its own, of a size that its uses will tell.
    pub(super) fn open_indices(&mut self, names: &'a [Name]) {
        self.frame_mut().scopes.push(HashMap::new());
        for (place, name) in names.iter().enumerate() {
            let mut problems = Vec::new();
            reserved(name, "index", &mut problems);
            problems.extend(self.names_dimension(name));
            problems.extend(self.names_value(name));
            self.errors.append(&mut problems);
            if names[..place].iter().any(|other| other.text == name.text) {
                let message = format!("the index `{}` stands here twice", name.text);
                let help = "each index names one axis; write `if i == j { ... } else { 0 }` for a diagonal";
                let span = self.place(name.span);
                self.errors.push(Diagnostic::new(Code::Index, span, message).with_help(help));
                continue;
            }
            let dim = self.variable(&name.text, name.span);
            let axis = self.graph.axis(dim, &name.text);
            self.bind(&name.text, Bound::Index(axis), name.span, false);
        }
    }

    /// A dimension's name is a number: nothing else in its function has that name.
    pub(super) fn names_dimension(&self, name: &Name) -> Option<Diagnostic> {
        let message = format!("`{}` is a dimension: its name is a number already", name.text);
        let error = Diagnostic::new(Code::DuplicateName, self.place(name.span), message);
        self.frame().dims.contains_key(&name.text).then(|| error.with_help("choose another name"))
    }

    /// An index hides no value: in `sum[i](x[i] * i)`, `i` would mean two things to two people.
    fn names_value(&self, name: &Name) -> Option<Diagnostic> {
        let frame = self.frame();
        let bound = frame.scopes.iter().rev().find_map(|scope| scope.get(name.text.as_str()));
        let constant = self.module.constants.iter().find(|constant| constant.name.text == name.text);
        let first = match bound {
            Some(Binding { bound: Bound::Index(_), .. }) => return None,
            Some(Binding { span, .. }) => *span,
            // The prelude knows nothing of the user's constants.
            None if frame.call_site.is_some() => return None,
            None => constant?.name.span,
        };
        let message = format!("`{}` is an index here, and a value has the same name", name.text);
        let error = Diagnostic::new(Code::DuplicateName, self.place(name.span), message).with_span(first);
        Some(error.with_help("an index is a number in the formula, its position: rename one of the two"))
    }

    /// The axis of an open index; it counts as used from here on.
    pub(super) fn index_axis(&mut self, name: &str) -> Option<Axis> {
        let binding = self.frame_mut().scopes.iter_mut().rev().find_map(|scope| scope.get_mut(name))?;
        let Bound::Index(axis) = binding.bound else { return None };
        binding.used = true;
        Some(axis)
    }

    /// Closes the scope of indices and says where each stood, whether it was used, and its axis.
    pub(super) fn close_indices(&mut self, names: &[Name]) -> Vec<(Axis, bool)> {
        let scope = self.frame_mut().scopes.pop().unwrap_or_default();
        self.size_shifts(false);
        let find = |name: &Name| {
            let binding = scope.get(name.text.as_str())?;
            if let Bound::Index(axis) = binding.bound { Some((axis, binding.used)) } else { None }
        };
        names.iter().filter_map(find).collect()
    }

    /// `Ok(None)`: the value will be pushed when a constant's frame returns.
    pub(super) fn build_name(&mut self, name: &'a str, span: Span) -> Result<Option<Value>, Diagnostic> {
        if let Some(binding) = self.frame_mut().scopes.iter_mut().rev().find_map(|scope| scope.get_mut(name)) {
            binding.used = true;
            return match binding.bound.clone() {
                Bound::Value(Value::Array(array)) => Ok(Some(Value::Array(self.occurrence(&array)))),
                Bound::Value(other) => Ok(Some(other)),
                Bound::Index(axis) => {
                    let position = self.graph.iota(axis).map_err(|error| self.fault(&error, span))?;
                    Ok(Some(Value::Array(position.into())))
                }
            };
        }
        if let Some(dim) = self.frame().dims.get(name).copied() {
            let dim = self.known(dim);
            let size = self.graph.size(dim).map_err(|error| self.fault(&error, span))?;
            return Ok(Some(Value::Array(size.into())));
        }
        if let Some(constant) = self.module.constants.iter().find(|constant| constant.name.text == name) {
            self.open_constant(constant, span)?;
            return Ok(None);
        }
        if name == "pi" {
            let pi = self.graph.apply(Operator::Pi, &[]).map_err(|error| self.fault(&error, span))?;
            return Ok(Some(Value::Array(pi.into())));
        }
        Err(self.unknown_name(name, span))
    }

    /// Whether a name means nothing here.
    pub(super) fn unknown_value(&self, name: &str) -> bool {
        let frame = self.frame();
        !frame.scopes.iter().any(|scope| scope.contains_key(name))
            && !frame.dims.contains_key(name)
            && !self.module.constants.iter().any(|constant| constant.name.text == name)
    }

    pub(super) fn unknown_name(&self, name: &str, span: Span) -> Diagnostic {
        let frame = self.frame();
        let known = frame.scopes.iter().flat_map(|scope| scope.keys().copied());
        let known = known.chain(frame.dims.keys().map(String::as_str));
        let known = known.chain(self.module.constants.iter().map(|constant| constant.name.text.as_str()));
        let mut error = Diagnostic::new(Code::UnknownName, span, format!("there is no value `{name}`"));
        // The function whose body this is, in the text: its own names help, not those of who calls it.
        let function = self.by_name.get(frame.name).filter(|_| frame.call_site.is_none());
        let mut lets = function.iter().flat_map(|function| &function.body.lets);
        let later = lets.find(|statement| statement.name.text == name && statement.name.span.start > span.start);
        error.help = match later {
            Some(later) => {
                error.spans.push(later.name.span);
                Some(format!("`{name}` is bound further down: a `let` stands before its use"))
            }
            None if name == "e" => Some("there is no constant `e`: write `exp(1)`".into()),
            None => did_you_mean(name, known).or_else(|| {
                let parameters = function.iter().flat_map(|function| &function.parameters);
                let names: Vec<String> = parameters.map(|parameter| format!("`{}`", parameter.name.text)).collect();
                (!names.is_empty()).then(|| format!("the parameters are {}", names.join(", ")))
            }),
        };
        error
    }
}
