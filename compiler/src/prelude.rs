//! The prelude's functions as graphs, so that values in a derivation can be recognised as calls of them.
//!
//! In: an argument in some graph. Out: the function's value there, put into that graph as its definition says. What can be
//! offered are functions of one number or one vector; none is known by its name.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::graph::{Axis, Graph, GraphError, NodeId, Operation, Ref};
use crate::operators::{Law, Operator};
use crate::parse::parse_module;
use crate::resolve::{Function, PRELUDE, prelude_ranks, resolve};

/// A function of the prelude.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) name: &'static str,
    /// Whether it works along an axis.
    pub(crate) along: bool,
    function: Function,
    /// What stands in its exponentials and error functions.
    inner: Vec<NodeId>,
}

/// The functions of one number or vector that are made of exponentials or error functions and have no branches.
pub(crate) static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let names = PRELUDE.lines().filter_map(|line| line.strip_prefix("fn ")?.split('(').next());
    names.filter_map(Known::of).collect()
});

/// Whether an operator grows or saturates as exponentials do.
pub(crate) fn is_exponential(operator: Operator) -> bool {
    operator.row().law == Law::Exponential && operator.arity() == 1
}

impl Known {
    fn of(name: &'static str) -> Option<Self> {
        let along = match prelude_ranks(name)?[..] {
            [Some(0)] => false,
            [Some(1)] => true,
            _ => return None,
        };
        let text = format!("fn f(x{}) = {name}(x);", if along { ": [K]" } else { "" });
        let function = resolve(&parse_module(&text).ok()?, &text).ok()?.pop()?;
        let graph = &function.graph;
        let operators = || graph.nodes().filter_map(|node| Some((node, graph.as_operator(node)?)));
        let branches = operators().any(|(_, operator)| operator == Operator::Select);
        let exponential = operators().filter(|(_, operator)| is_exponential(*operator));
        let inner: Vec<NodeId> = exponential.filter_map(|(node, _)| Some(graph.operands(node).next()?.node)).collect();
        (!branches && !inner.is_empty()).then_some(Self { name, along, function, inner })
    }

    /// Whether some exponential of it at an argument is one of those that are read, by their numbers, up to the sign.
    pub(crate) fn is_met(&self, argument: f64, read: &[f64]) -> bool {
        let graph = &self.function.graph;
        let mut values: BTreeMap<NodeId, f64> = BTreeMap::new();
        for node in graph.nodes() {
            let value = match graph.operation(node) {
                Operation::Input(_) => Some(argument),
                Operation::Constant(_) => graph.as_constant(node).map(crate::number::Number::to_f64),
                Operation::Apply(operator) => {
                    let operands: Option<Vec<f64>> =
                        graph.operands(node).map(|operand| values.get(&operand.node).copied()).collect();
                    operands.map(|operands| (operator.row().evaluate)(&operands))
                }
                _ => None,
            };
            values.extend(value.map(|value| (node, value)));
        }
        let same = |a: f64, b: f64| (a.abs() - b.abs()).abs() <= 1e-12 * a.abs().max(b.abs());
        self.inner.iter().filter_map(|node| values.get(node)).any(|own| read.iter().any(|read| same(*own, *read)))
    }

    /// The value at an argument, element by element, or along one of its axes.
    ///
    /// # Errors
    /// [`GraphError::TooLarge`]
    pub(crate) fn at(&self, graph: &mut Graph, argument: &Ref, axis: Option<Axis>) -> Result<Ref, GraphError> {
        let own = &self.function.graph;
        let closed: Vec<Axis> = axis.into_iter().collect();
        let mut values: BTreeMap<NodeId, Ref> = BTreeMap::new();
        for node in own.nodes() {
            let operands: Option<Vec<Ref>> =
                own.operands(node).map(|operand| values.get(&operand.node).cloned()).collect();
            let operands = operands.ok_or(GraphError::UnknownNode)?;
            let value = match (own.operation(node), operands.as_slice()) {
                (Operation::Input(_), _) => argument.clone(),
                (Operation::Constant(_), _) => {
                    let number = own.as_constant(node).ok_or(GraphError::UnknownNode)?;
                    graph.constant(number)?
                }
                (Operation::Apply(operator), operands) => graph.apply(operator, operands)?,
                (Operation::Sum(_), [body]) => graph.sum(&closed, body)?,
                (Operation::Max(_), [body]) => graph.max(&closed, body)?,
                (Operation::Prod(_), [body]) => graph.prod(&closed, body)?,
                _ => return Err(GraphError::UnknownNode),
            };
            values.insert(node, value);
        }
        let output = self.function.outputs.first().map(|output| output.value.node);
        output.and_then(|node| values.remove(&node)).ok_or(GraphError::UnknownNode)
    }
}
