//! What closed forms are made of: forward values and inputs that a backward value reads, small numbers, values of the
//! prelude's functions at arguments that stand in exponentials, and sums of products along the axes that are closed there.

use std::collections::BTreeSet;

use super::nodes::NodeSet;
use super::sample::Values;
use super::search::Search;
use crate::graph::{Axis, Dim, Graph, GraphError, KnownCall, NodeId, Operation, Ref};
use crate::number::Number;
use crate::operators::{Kind, Notation, Operator};
use crate::prelude::{KNOWN, is_exponential};

/// More leaves than this make the search useless.
pub(super) const MOST_LEAVES: usize = 40;
/// More values are not looked at as arguments.
const MOST_INNER: usize = 12;
/// More functions are not offered for what they are quotients of.
const MOST_QUOTIENTS: usize = 8;
/// In how many ways a value is given axes of a target.
const MOST_WAYS: usize = 6;
/// More uses than this in one backward value: it is no candidate for a closed form.
const MOST_USES: usize = 120;

/// A value that closed forms may read.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) value: Ref,
    /// The operations that it stands for, down to what is there in any case.
    pub(super) opened: NodeSet,
    /// Whether one may divide by it.
    pub(super) divides: bool,
}

/// A backward value with everything that it reads, over labels for its axes.
pub(super) struct Cone {
    /// The backward values in it.
    pub(super) backward: BTreeSet<Ref>,
    /// The forward values and inputs that it reads.
    pub(super) forward: BTreeSet<Ref>,
    /// The axes that are closed in it.
    pub(super) closed: Vec<Axis>,
    /// The numbers that it states.
    pub(super) numbers: Vec<Number>,
    /// What it divides by outside of branches.
    pub(super) divides: Vec<NodeId>,
    /// Whether it has branches: then it may be finite where what it reads in them is not.
    pub(super) branches: bool,
}

impl Search<'_> {
    /// What a backward value is made of; `None` if that is too much for a closed form.
    pub(super) fn cone(&mut self, graph: &mut Graph, target: &Ref) -> Option<Cone> {
        let mut cone = Cone {
            backward: BTreeSet::new(),
            forward: BTreeSet::new(),
            closed: Vec::new(),
            numbers: Vec::new(),
            divides: Vec::new(),
            branches: false,
        };
        let mut pending = vec![(target.clone(), false)];
        let mut outside = BTreeSet::new();
        while let Some((next, guarded)) = pending.pop() {
            cone.numbers.extend(graph.as_constant(next.node));
            let again = !guarded && outside.insert(next.clone());
            if self.is_forward(next.node) || matches!(graph.operation(next.node), Operation::Input(_)) {
                cone.forward.insert(next);
            } else if let Some(settled) = self.settled(&next).filter(|_| next != *target) {
                cone.forward.insert(settled);
                if !guarded {
                    cone.divides.extend(divisors_inside(graph, next.node));
                }
            } else if cone.backward.insert(next.clone()) || again {
                self.open(graph, &mut cone, &next, guarded, &mut pending);
            }
            if cone.backward.len() + cone.forward.len() > MOST_USES {
                return None;
            }
        }
        cone.closed.sort_unstable();
        cone.closed.dedup();
        Some(cone)
    }

    /// Adds what a backward value is made of.
    fn open(&mut self, graph: &mut Graph, cone: &mut Cone, used: &Ref, guarded: bool, pending: &mut Vec<(Ref, bool)>) {
        let mut labels = used.axes.clone();
        labels.extend(self.closed_labels(graph, used.node));
        cone.closed.extend(&labels[used.axes.len()..]);
        let operands = graph.operand_refs(used.node, &labels);
        let operator = graph.as_operator(used.node);
        if !guarded {
            cone.divides.extend(divided_by(graph, used.node));
        }
        cone.branches |= operator == Some(Operator::Select);
        let arm = |position: usize| operator == Some(Operator::Select) && position > 0;
        pending.extend(operands.into_iter().enumerate().map(|(at, operand)| (operand, guarded || arm(at))));
    }

    /// Labels for the axes that a node closes: always the same.
    fn closed_labels(&mut self, graph: &mut Graph, node: NodeId) -> Vec<Axis> {
        if let Some(labels) = self.closed.get(&node) {
            return labels.clone();
        }
        let dims = graph.local_dims(node).split_off(graph.shape(node).len());
        let labels: Vec<Axis> = dims.into_iter().map(|dim| graph.axis(dim, "")).collect();
        self.closed.insert(node, labels.clone());
        labels
    }

    /// The leaves for a target; those that cost nothing come first.
    pub(super) fn leaves(&mut self, graph: &mut Graph, target: &Ref, cone: &Cone) -> Result<Vec<Leaf>, GraphError> {
        let divisors = factors(graph, cone.divides.clone());
        let mut values: Vec<Ref> = Vec::new();
        let mut add = |value: Ref| {
            if !values.contains(&value) {
                values.push(value);
            }
        };
        let named: Vec<Ref> = self.named_values(graph, target);
        let read: Vec<Ref> = cone.forward.iter().rev().cloned().collect();
        diagonals(graph, target, cone)?.into_iter().for_each(&mut add);
        named.into_iter().for_each(&mut add);
        read.iter().cloned().for_each(&mut add);
        // Functions of forward values that partial derivatives bring in, such as the cosine of what has a sine.
        let call = |used: &Ref| graph.as_operator(used.node).is_some_and(|op| op.row().notation == Notation::Call);
        let over_read = |used: &Ref| graph.operands(used.node).all(|operand| self.is_forward(operand.node));
        let functions = cone.backward.iter().filter(|used| *used != target && call(used) && over_read(used));
        functions.cloned().for_each(&mut add);
        for value in self.calls_at(graph, target, cone)? {
            add(value);
        }
        let summed = self.sums(graph, target, cone, &values)?;
        let mut leaves = Vec::new();
        for value in values.into_iter().chain(summed) {
            let inside = value.axes.iter().all(|axis| target.axes.contains(axis));
            let number = graph.kind(value.node) == Kind::Number && graph.as_constant(value.node).is_none();
            let safe = !cone.branches || self.is_computed_anyway(graph, value.node);
            if !inside || !number || !safe || value == *target {
                continue;
            }
            let divides =
                is_divisor(graph, &divisors, value.node) || matches!(graph.operation(value.node), Operation::Size(_));
            leaves.push(Leaf { opened: self.opened(graph, value.node, true), value, divides });
        }
        leaves.sort_by_key(|leaf| leaf.opened.len());
        leaves.truncate(MOST_LEAVES);
        Ok(leaves)
    }

    /// The outputs, what the user named and what costs nothing, where they fit the target's axes in order.
    fn named_values(&self, graph: &Graph, target: &Ref) -> Vec<Ref> {
        let mut values = Vec::new();
        for node in self.named.iter().chain(&self.free) {
            let ways = ways(graph, graph.shape(*node), &target.axes);
            values.extend(ways.into_iter().map(|axes| Ref { node: *node, axes }));
        }
        values
    }

    /// Functions of the prelude that are made of the exponentials and error functions that are read.
    fn calls_at(&mut self, graph: &mut Graph, target: &Ref, cone: &Cone) -> Result<Vec<Ref>, GraphError> {
        let read: Vec<Ref> = cone.forward.iter().rev().cloned().collect();
        let mut values = Vec::new();
        let inner = inner_values(graph, target, read.iter().chain(&cone.backward));
        let numbers: Vec<Values> = inner.iter().filter_map(|value| self.samples.values(graph, value)).collect();
        for argument in arguments(graph, target, &read) {
            if let Some(axis) = self.summed_axis(graph, &argument, &read) {
                for known in KNOWN.iter().filter(|known| known.along) {
                    let value = known.at(graph, &argument, Some(axis))?;
                    self.call(graph, known.name, &argument, &value, Some(axis));
                    values.push(value);
                }
            }
            for function in Operator::Exp.quotients() {
                values.push(graph.apply(function, std::slice::from_ref(&argument))?);
            }
        }
        for argument in unscaled(graph, inner) {
            let Some(own) = self.samples.values(graph, &argument) else { continue };
            for known in KNOWN.iter().filter(|known| !known.along) {
                let met = |point: usize| {
                    let read: Vec<f64> = numbers.iter().map(|values| values[point]).collect();
                    known.is_met(own[point], &read)
                };
                if met(0) && met(1) {
                    let value = known.at(graph, &argument, None)?;
                    self.call(graph, known.name, &argument, &value, None);
                    values.push(value);
                }
            }
        }
        for (function, argument) in quotients(graph, target, &read) {
            values.push(graph.apply(function, &[argument])?);
        }
        Ok(values)
    }

    fn call(&mut self, graph: &Graph, name: &'static str, argument: &Ref, value: &Ref, along: Option<Axis>) {
        if graph.operands(value.node).next().is_some() {
            let (node, arguments, axes) = (value.node, vec![argument.clone()], value.axes.clone());
            self.calls.entry(node).or_insert(KnownCall { node, name, arguments, axes, along });
        }
    }

    /// The last axis of an argument, if exponentials of it are summed along it somewhere.
    fn summed_axis(&self, graph: &Graph, argument: &Ref, read: &[Ref]) -> Option<Axis> {
        let axis = *argument.axes.last()?;
        let whole = argument.axes.iter().filter(|other| **other == axis).count() == 1;
        let dim = graph.dim(axis);
        let summed = read.iter().any(|used| {
            matches!(graph.operation(used.node), Operation::Sum(_))
                && graph.local_dims(used.node)[graph.shape(used.node).len()..].contains(&dim)
        });
        (whole && summed).then_some(axis)
    }

    /// Sums along a closed axis: of a value, and of the product of two.
    fn sums(&mut self, graph: &mut Graph, target: &Ref, cone: &Cone, values: &[Ref]) -> Result<Vec<Ref>, GraphError> {
        let mut found = Vec::new();
        for axis in &cone.closed {
            let along: Vec<Ref> = self.along(graph, *axis, target, values);
            for (place, left) in along.iter().enumerate() {
                let mut bodies = vec![left.clone()];
                for right in &along[place + 1..] {
                    bodies.push(graph.apply(Operator::Multiply, &[left.clone(), right.clone()])?);
                }
                for body in bodies {
                    let sum = graph.sum(&[*axis], &body)?;
                    if found.len() < MOST_LEAVES && !found.contains(&sum) {
                        found.push(sum);
                    }
                }
            }
        }
        Ok(found)
    }

    /// Values along a closed axis, the others being the target's: those that are read so, and the target's own with one axis
    /// replaced.
    fn along(&self, graph: &Graph, axis: Axis, target: &Ref, values: &[Ref]) -> Vec<Ref> {
        let mut along: Vec<Ref> = Vec::new();
        for value in values {
            let mut candidates = vec![value.clone()];
            for own in target.axes.iter().filter(|own| graph.dim(**own) == graph.dim(axis)) {
                candidates.push(value.renamed(&[*own], &[axis]));
            }
            for candidate in candidates {
                let fits = candidate.axes.contains(&axis)
                    && candidate.axes.iter().all(|other| *other == axis || target.axes.contains(other));
                if fits && graph.kind(candidate.node) == Kind::Number && !along.contains(&candidate) {
                    along.push(candidate);
                }
            }
        }
        along.sort_by_cached_key(|value| self.opened(graph, value.node, true).len());
        along.truncate(6);
        along
    }
}

/// How axes can be given to slots of these dimensions, in their order.
fn ways(graph: &Graph, dims: &[Dim], axes: &[Axis]) -> Vec<Vec<Axis>> {
    let mut ways: Vec<(Vec<Axis>, usize)> = vec![(Vec::new(), 0)];
    for dim in dims {
        let longer = |(way, from): &(Vec<Axis>, usize)| {
            let fits = (*from..axes.len()).filter(|place| graph.dim(axes[*place]) == *dim);
            fits.map(|place| (way.iter().copied().chain([axes[place]]).collect(), place + 1)).collect::<Vec<_>>()
        };
        ways = ways.iter().flat_map(longer).take(MOST_WAYS).collect();
    }
    ways.into_iter().map(|(way, _)| way).collect()
}

/// 1 on each diagonal that a target asks for, else 0.
fn diagonals(graph: &mut Graph, target: &Ref, cone: &Cone) -> Result<Vec<Ref>, GraphError> {
    let delta = |used: &&Ref| graph.operation(used.node) == Operation::Delta;
    let inside = |used: &&Ref| used.axes.iter().all(|axis| target.axes.contains(axis));
    // What is an `if` on a condition stays one: it is not written as a product with a mask.
    let is_select = graph.as_operator(target.node) == Some(Operator::Select);
    let own = is_select.then(|| graph.operand_refs(target.node, &target.axes)).and_then(|own| own.into_iter().next());
    let other = |used: &&Ref| own.as_ref() != Some(*used);
    let conditions: Vec<Ref> = cone.backward.iter().filter(delta).filter(inside).filter(other).cloned().collect();
    let (one, zero) = (graph.constant(Number::ONE)?, graph.constant(Number::ZERO)?);
    let value = |condition: Ref| graph.apply(Operator::Select, &[condition, one.clone(), zero.clone()]);
    conditions.into_iter().map(value).collect()
}

/// Values that are not zero, because they are divided by or factors of such: a product is not zero if none of its factors is.
pub(super) fn factors(graph: &Graph, divisors: Vec<NodeId>) -> BTreeSet<NodeId> {
    let mut pending = divisors;
    let mut factors = BTreeSet::new();
    while let Some(node) = pending.pop() {
        let fresh = factors.insert(node);
        let count = match graph.as_operator(node).filter(|_| fresh) {
            Some(Operator::Multiply | Operator::Divide | Operator::Negate) => 2,
            Some(Operator::Power | Operator::Sqrt) => 1,
            Some(function) if function.divides_as_operand() => 1,
            _ => 0,
        };
        pending.extend(graph.operands(node).take(count).map(|operand| operand.node));
    }
    factors
}

/// Whether a value is one of those, or a power or root of one: it is not zero either.
fn is_divisor(graph: &Graph, divisors: &BTreeSet<NodeId>, value: NodeId) -> bool {
    let base = |node: NodeId| match graph.as_operator(node) {
        Some(Operator::Power | Operator::Sqrt) => graph.operands(node).next().map(|base| base.node),
        _ => None,
    };
    divisors.contains(&value) || base(value).is_some_and(|base| divisors.contains(&base))
}

/// What a value divides by outside of branches, whatever it is made of.
pub(super) fn divisors_inside(graph: &Graph, root: NodeId) -> Vec<NodeId> {
    let (mut divisors, mut seen, mut pending) = (Vec::new(), BTreeSet::new(), vec![root]);
    while let Some(next) = pending.pop() {
        if seen.len() > MOST_USES || !seen.insert(next) {
            continue;
        }
        divisors.extend(divided_by(graph, next));
        let arms = graph.as_operator(next) == Some(Operator::Select);
        pending.extend(graph.operands(next).take(if arms { 1 } else { usize::MAX }).map(|operand| operand.node));
    }
    divisors
}

/// What a node divides by.
pub(super) fn divided_by(graph: &Graph, node: NodeId) -> Option<NodeId> {
    let mut operands = graph.operands(node).map(|operand| operand.node);
    match graph.as_operator(node) {
        Some(Operator::Divide) => operands.nth(1),
        Some(Operator::Power) => {
            let (base, exponent) = (operands.next()?, operands.next()?);
            graph.stated(exponent).filter(|exponent| *exponent < 0.0).map(|_| base)
        }
        _ => None,
    }
}

/// What stands in exponentials that are read: the argument, without its sign, and without a shift.
fn arguments(graph: &Graph, target: &Ref, read: &[Ref]) -> Vec<Ref> {
    let mut found: Vec<Ref> = Vec::new();
    for used in read {
        for value in near(graph, used, target) {
            if graph.as_operator(value.node) != Some(Operator::Exp) {
                continue;
            }
            let mut pending = graph.operand_refs(value.node, &value.axes);
            while let Some(argument) = pending.pop() {
                if let Some(operator @ (Operator::Negate | Operator::Subtract)) = graph.as_operator(argument.node) {
                    pending.extend(graph.operand_refs(argument.node, &argument.axes).into_iter().take(1));
                    if operator == Operator::Negate {
                        continue;
                    }
                }
                if !found.contains(&argument) && graph.as_constant(argument.node).is_none() {
                    found.push(argument);
                }
            }
        }
    }
    found.truncate(4);
    found
}

/// What stands in the exponentials and error functions that are read.
fn inner_values<'a>(graph: &Graph, target: &Ref, read: impl Iterator<Item = &'a Ref>) -> Vec<Ref> {
    let mut found: Vec<Ref> = Vec::new();
    for value in read.flat_map(|used| near(graph, used, target)) {
        if graph.as_operator(value.node).is_some_and(is_exponential) {
            let argument = graph.operand_refs(value.node, &value.axes).into_iter().next();
            found.extend(argument.filter(|argument| !found.contains(argument)));
        }
    }
    found.truncate(MOST_INNER);
    found
}

/// What values are multiples or powers of, and without their sign.
fn unscaled(graph: &Graph, values: Vec<Ref>) -> Vec<Ref> {
    let mut found: Vec<Ref> = Vec::new();
    let mut pending = values;
    pending.reverse();
    while let Some(next) = pending.pop() {
        if found.len() >= MOST_INNER || found.contains(&next) {
            continue;
        }
        let operands = match graph.as_operator(next.node) {
            Some(Operator::Negate | Operator::Subtract | Operator::Divide | Operator::Multiply | Operator::Power) => {
                graph.operand_refs(next.node, &next.axes)
            }
            _ => Vec::new(),
        };
        pending.extend(operands.into_iter().take(2).rev());
        // What a function is at the negative of a value is written in what it is there.
        if graph.as_operator(next.node) == Some(Operator::Negate) {
            continue;
        }
        if graph.as_constant(next.node).is_none() && graph.kind(next.node) == Kind::Number {
            found.push(next);
        }
    }
    found
}

/// Functions that are quotients of what is read, by the identities of the table, and their arguments.
fn quotients(graph: &Graph, target: &Ref, read: &[Ref]) -> Vec<(Operator, Ref)> {
    let mut found = Vec::new();
    for value in read.iter().flat_map(|used| near(graph, used, target)) {
        // The arguments of exponentials are looked at without their sign.
        let Some(part) = graph.as_operator(value.node).filter(|part| *part != Operator::Exp) else { continue };
        for whole in part.quotients() {
            let argument = graph.operand_refs(value.node, &value.axes).into_iter().next();
            let argument = argument.filter(|argument| graph.as_constant(argument.node).is_none());
            found.extend(argument.map(|argument| (whole, argument)).filter(|pair| !found.contains(pair)));
        }
    }
    found.truncate(MOST_QUOTIENTS);
    found
}

/// A value and what it is directly made of, elementwise.
fn near(graph: &Graph, used: &Ref, target: &Ref) -> Vec<Ref> {
    let mut all = vec![used.clone()];
    for _ in 0..2 {
        for value in all.clone() {
            if matches!(graph.operation(value.node), Operation::Apply(_)) {
                all.extend(graph.operand_refs(value.node, &value.axes));
            }
        }
    }
    all.retain(|value| value.axes.iter().all(|axis| target.axes.contains(axis)));
    all
}
