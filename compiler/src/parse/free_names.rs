//! The inputs of a bare expression: its free names in the order of their first appearance.
//!
//! The walk goes down from the body, because what binds a name (the brackets of a `sum`, a `let`) stands above its
//! uses. It keeps its own stack: a chain of 100 000 terms is as deep as a tree.

use std::collections::HashMap;

use crate::diagnostic::Span;
use crate::syntax::{Block, ExpressionId, ExpressionKind, Expressions, Function, Index, Name};

/// The free names of a function's body, each with the place of its first appearance.
pub(super) fn free_names(function: &Function) -> Vec<Name> {
    let mut walk = Walk { expressions: &function.expressions, work: Vec::new(), bound: HashMap::new() };
    walk.block(&function.body);
    let mut found: Vec<(Span, &str)> = Vec::new();
    while let Some(work) = walk.work.pop() {
        match work {
            Work::Visit(id) => {
                let expression = function.expressions.get(id);
                match &expression.kind {
                    ExpressionKind::Name(name) if walk.is_free(name) => found.push((expression.span, name)),
                    kind => walk.children(kind),
                }
            }
            Work::Bind(name) => *walk.bound.entry(name).or_insert(0) += 1,
            Work::Unbind(name) => *walk.bound.entry(name).or_insert(1) -= 1,
        }
    }
    found.sort_unstable();
    let mut seen = std::collections::HashSet::new();
    found.retain(|(_, name)| seen.insert(*name));
    found.into_iter().map(|(span, name)| Name { text: name.to_owned(), span }).collect()
}

enum Work<'a> {
    Visit(ExpressionId),
    Bind(&'a str),
    Unbind(&'a str),
}

struct Walk<'a> {
    expressions: &'a Expressions,
    /// What is still to be done, next last.
    work: Vec<Work<'a>>,
    /// How many enclosing bindings each name has.
    bound: HashMap<&'a str, usize>,
}

impl<'a> Walk<'a> {
    fn is_free(&self, name: &str) -> bool {
        name != "pi" && self.bound.get(name).is_none_or(|count| *count == 0)
    }

    /// Plans what stands below an expression.
    fn children(&mut self, kind: &'a ExpressionKind) {
        match kind {
            ExpressionKind::Number(_) | ExpressionKind::Name(_) => {}
            ExpressionKind::Unary(_, operand) | ExpressionKind::Transpose(operand) => self.visit(&[*operand]),
            ExpressionKind::Binary(_, left, right) => self.visit(&[*left, *right]),
            ExpressionKind::Vector(values) | ExpressionKind::Tuple(values) => self.visit(values),
            ExpressionKind::Call(call) => {
                let indices = call.indices.as_deref().unwrap_or(&[]);
                self.unbind(indices);
                self.visit(&call.arguments);
                self.bind(indices);
                for (_, value) in &call.named {
                    if !self.is_truth(*value) {
                        self.visit(&[*value]);
                    }
                }
            }
            ExpressionKind::Index(object, entries) => {
                self.visit(&[*object]);
                for entry in entries {
                    match entry {
                        Index::Position(position) => self.visit(&[*position]),
                        Index::Range(from, to, _) => self.work.extend(from.iter().chain(to).map(|id| Work::Visit(*id))),
                    }
                }
            }
            ExpressionKind::If { branches, otherwise } => {
                for (condition, block) in branches {
                    self.visit(&[*condition]);
                    self.block(block);
                }
                otherwise.iter().for_each(|block| self.block(block));
            }
        }
    }

    /// `true` and `false` are no names.
    fn is_truth(&self, id: ExpressionId) -> bool {
        matches!(&self.expressions.get(id).kind, ExpressionKind::Name(name) if name == "true" || name == "false")
    }

    fn visit(&mut self, ids: &[ExpressionId]) {
        self.work.extend(ids.iter().map(|id| Work::Visit(*id)));
    }

    fn bind(&mut self, names: &'a [Name]) {
        self.work.extend(names.iter().map(|name| Work::Bind(&name.text)));
    }

    fn unbind(&mut self, names: &'a [Name]) {
        self.work.extend(names.iter().map(|name| Work::Unbind(&name.text)));
    }

    /// Plans a block. Its names are bound in all of it, so that a use before the `let` is no input but a mistake that
    /// a later step explains.
    fn block(&mut self, block: &'a Block) {
        self.work.extend(block.lets.iter().map(|binding| Work::Unbind(&binding.name.text)));
        self.visit(block.result.as_slice());
        for binding in &block.lets {
            let indices = binding.indices.as_deref().unwrap_or(&[]);
            self.unbind(indices);
            self.visit(&[binding.value]);
            self.bind(indices);
        }
        self.work.extend(block.lets.iter().map(|binding| Work::Bind(&binding.name.text)));
    }
}
