//! The fast path of what was mended for its range: roots of sums of squares.
//!
//! In: a form that neither overflows nor underflows, and formulas that are equal to it where no square does. Out: `if s > low
//! && s < high { plain } else { form }`, where s is the plain sum of squares: moderate numbers are computed as one would
//! compute them by hand. The plain formula is one of those given, or the form itself in units of the length √s.
//!
//! *Invariant:* where s is moderate, nothing overflows or underflows on the way unless the result does. That is a matter of
//! how each node grows with the length (`plain/degree.rs`), not of sample points; these decide whether the rounding is as
//! good.

use std::collections::{BTreeSet, HashMap};

use super::cases::replaced;
use super::judge::FINE;
use super::{Pass, Root};
use crate::cost;
use crate::graph::{Graph, GraphError, NodeId, Operation, Ref};
use crate::number::{FloatType, Number};
use crate::operators::Operator;

mod degree;
mod product;

/// Larger formulas are left alone.
const MOST_NODES: usize = 200;
/// Sums of more squares are left alone.
const MOST_SQUARES: usize = 16;
/// Up to this power of the length, the widest range will do.
const FREE_DEGREE: u32 = 3;
/// Higher powers have no range that is worth it.
const MOST_DEGREE: u32 = 12;

/// What is not accurate may have an error bound that is larger by this factor.
const WORSE: f64 = 2.0;

/// A sum of squares under a root.
struct Radicand {
    sum: NodeId,
    /// What is squared.
    parts: BTreeSet<NodeId>,
    /// Whether a positive number is added, so that the sum is not small.
    is_large: bool,
}

impl Pass {
    /// Forms of roots with fast paths, one after the other: what an earlier one is computes with its own in later ones, too.
    /// The first ones are given with theirs.
    pub(super) fn with_fast_paths(
        &mut self,
        graph: &mut Graph,
        roots: &[Root],
        forms: Vec<Ref>,
        given: usize,
    ) -> Result<Vec<Ref>, GraphError> {
        let (mut values, mut fast) = (HashMap::new(), forms[..given].to_vec());
        for (root, form) in roots.iter().zip(forms).skip(given) {
            let node = replaced(graph, form.node, values.clone())?;
            let made = self.with_fast_path(graph, node, &[root.closed.node, root.value.node], &fast);
            if made != node {
                values.insert(form.node, made);
            }
            fast.push(Ref { node: made, ..form });
        }
        Ok(fast)
    }

    /// A form with a fast path for moderate numbers; the form itself where there is none that is as accurate and cheaper.
    /// `before` is there already.
    fn with_fast_path(&mut self, graph: &mut Graph, form: NodeId, equal: &[NodeId], before: &[Ref]) -> NodeId {
        let there = cost::likely(graph, before.iter().map(|form| form.node));
        let cost = |graph: &Graph, node: NodeId| {
            let cost = cost::total(graph, [node], |node| there.get(node.index()) == Some(&true));
            (cost.weight, cost.nodes)
        };
        let mut best = (cost(graph, form), form);
        let Some(radicand) = radicand(graph, form, equal) else { return form };
        graph.set_span(graph.span(form));
        let Some(root) = root_of(graph, &radicand) else { return form };
        // A length that is computed anyway is the plain root where that is moderate.
        let is_length = |node: &NodeId| {
            cost::is_rarely_otherwise(graph, *node) && graph.operands(*node).nth(1).is_some_and(|own| own.node == root)
        };
        let root = before.iter().map(|form| form.node).find(is_length).unwrap_or(root);
        let Ok(relative) = in_units_of_length(graph, form, &radicand, root) else { return form };
        let mut plainly: Vec<NodeId> = Vec::new();
        for formula in relative.into_iter().chain(equal.iter().copied()) {
            let Some(plain) = plain(graph, formula, &radicand, root) else { continue };
            plainly.push(plain);
            plainly.extend(product::orders(graph, plain, &radicand, root));
        }
        plainly.sort_unstable();
        plainly.dedup();
        for plain in plainly.into_iter().filter(|plain| *plain != form) {
            let Some(otherwise) = unless_zero(graph, &radicand, plain, form) else { continue };
            let Some(fast) = where_moderate(graph, &radicand, root, plain, otherwise) else { continue };
            let cost = cost(graph, fast);
            if cost < best.0 && self.is_as_accurate(graph, fast, form) {
                best = (cost, fast);
            }
        }
        if best.1 != form {
            Self::record(graph, form, best.1);
        }
        best.1
    }

    /// Whether a form is accurate wherever another one is a number, or not much further off than that.
    fn is_as_accurate(&mut self, graph: &Graph, form: NodeId, other: NodeId) -> bool {
        let limits = self.profiles.limits;
        let (Some(new), Some(old)) = (self.judged(graph, form), self.judged(graph, other)) else { return false };
        new.iter().zip(old.iter()).all(|(new, old)| {
            let agree = limits.agree([new.value, new.error], [old.value, old.error]);
            !old.value.is_finite() || agree && new.ulps <= (WORSE * old.ulps).max(FINE * new.condition)
        })
    }
}

/// A form that is the plain one where all that is squared is 0, if only that one is infinite there: in units of the largest
/// component, a reciprocal length is 0/0.
fn unless_zero(graph: &mut Graph, radicand: &Radicand, plain: NodeId, form: NodeId) -> Option<NodeId> {
    if !at_zero(graph, form, radicand).is_nan() || at_zero(graph, plain, radicand).is_nan() {
        return Some(form);
    }
    let zero = graph.constant(Number::ZERO).ok()?.node;
    let mut all: Option<NodeId> = None;
    for part in &radicand.parts {
        let is_zero = apply(graph, Operator::Equal, &[*part, zero])?;
        all = Some(match all {
            Some(all) => apply(graph, Operator::And, &[all, is_zero])?,
            None => is_zero,
        });
    }
    apply(graph, Operator::Select, &[all?, plain, form])
}

/// What a value is where all that is squared is 0, and everything else is 1.
fn at_zero(graph: &Graph, root: NodeId, radicand: &Radicand) -> f64 {
    let live = graph.live([root]);
    let mut values: HashMap<NodeId, f64> = HashMap::new();
    for node in graph.nodes().filter(|node| live[node.index()]) {
        let value = match graph.operation(node) {
            _ if radicand.parts.contains(&node) => 0.0,
            Operation::Constant(_) => graph.as_constant(node).map_or(0.0, |number| number.nearest(graph.float())),
            Operation::Truth(holds) => f64::from(u8::from(holds)),
            Operation::Apply(operator) => {
                let operands = graph.operands(node).map(|operand| values.get(&operand.node).copied().unwrap_or(1.0));
                (operator.row().evaluate)(&operands.collect::<Vec<_>>())
            }
            _ => 1.0,
        };
        values.insert(node, value);
    }
    values.get(&root).copied().unwrap_or(1.0)
}

fn apply(graph: &mut Graph, operator: Operator, operands: &[NodeId]) -> Option<NodeId> {
    let operands: Vec<Ref> = operands.iter().map(|node| Ref { node: *node, axes: Vec::new() }).collect();
    graph.apply(operator, &operands).ok().map(|made| made.node)
}

/// `if s > low && s < high { plain } else { form }`
fn where_moderate(graph: &mut Graph, radicand: &Radicand, root: NodeId, plain: NodeId, form: NodeId) -> Option<NodeId> {
    let degree = degree::highest(graph, plain, [radicand.sum, root], &radicand.parts)?;
    let [low, high] = limits(graph.float(), degree)?;
    let high = graph.constant(Number::new(1, high)).ok()?.node;
    let mut moderate = apply(graph, Operator::Less, &[radicand.sum, high])?;
    if !radicand.is_large {
        let low = graph.constant(Number::new(1, low)).ok()?.node;
        let above = apply(graph, Operator::Greater, &[radicand.sum, low])?;
        moderate = apply(graph, Operator::And, &[above, moderate])?;
    }
    apply(graph, Operator::Select, &[moderate, plain, form])
}

/// The decimal exponents between which a sum of squares is moderate, if no high powers of its root are taken: the same for
/// a length, its derivatives and those of its reciprocal, so that they share one branch.
pub(super) fn free_limits(float: FloatType) -> [i32; 2] {
    match float {
        FloatType::F64 => [-180, 180],
        FloatType::F32 => [-22, 22],
    }
}

/// The decimal exponents between which a sum of squares is moderate, if the length is taken to such powers.
fn limits(float: FloatType, degree: u32) -> Option<[i32; 2]> {
    let reach = if float == FloatType::F64 { 540 } else { 66 };
    let reach = reach / i32::try_from(degree.max(1)).ok()?;
    (degree <= MOST_DEGREE).then_some(if degree <= FREE_DEGREE { free_limits(float) } else { [-reach, reach] })
}

/// The one sum of squares of which a form or one of some formulas that are equal to it takes the root, as it is written
/// there; `None` if there are more.
fn radicand(graph: &mut Graph, form: NodeId, equal: &[NodeId]) -> Option<Radicand> {
    let live = graph.live(equal.iter().copied().chain([form]));
    let nodes: Vec<NodeId> = graph.nodes().filter(|node| live[node.index()]).collect();
    if nodes.len() > MOST_NODES {
        return None;
    }
    let mut found: Option<Vec<NodeId>> = None;
    for node in &nodes {
        let parts = match graph.as_operator(*node) {
            Some(Operator::Hypot) => squared_by_hypot(graph, *node),
            Some(Operator::Sqrt) => graph.operands(*node).next().and_then(|own| squared(graph, own.node)),
            _ => None,
        };
        let Some(parts) = parts else { continue };
        let parts = without_unit(graph, &parts).unwrap_or(parts);
        // Of roots inside of each other, as hypot of more than two numbers has them, the outermost one counts.
        let within = |inner: &[NodeId], outer: &[NodeId]| inner.iter().all(|part| outer.contains(part));
        found = match found {
            Some(outer) if within(&parts, &outer) => Some(outer),
            Some(inner) if !within(&inner, &parts) => return None,
            _ => Some(parts),
        };
    }
    let parts = found?;
    let all: BTreeSet<NodeId> = parts.iter().copied().collect();
    let is_sum = |node: &&NodeId| {
        graph.as_operator(**node) == Some(Operator::Add)
            && squared(graph, **node)
                .is_some_and(|own| own.len() == parts.len() && own.iter().all(|own| all.contains(own)))
    };
    let sum = match nodes.iter().find(is_sum) {
        Some(sum) => *sum,
        None => sum_of_squares(graph, &parts)?,
    };
    let constant = |part: &&NodeId| graph.as_constant(**part).is_some();
    let is_large = parts.iter().filter(constant).any(|part| graph.stated(*part).is_some_and(|part| part.abs() >= 1e-3));
    let constants: Vec<NodeId> = parts.iter().filter(constant).copied().collect();
    Some(Radicand { sum, parts: all.into_iter().filter(|part| !constants.contains(part)).collect(), is_large })
}

fn sum_of_squares(graph: &mut Graph, parts: &[NodeId]) -> Option<NodeId> {
    let two = graph.constant(Number::from(2)).ok()?;
    let mut sum: Option<Ref> = None;
    for part in parts {
        let square = graph.apply(Operator::Power, &[Ref { node: *part, axes: Vec::new() }, two.clone()]).ok()?;
        sum = Some(match sum {
            Some(sum) => graph.apply(Operator::Add, &[sum, square]).ok()?,
            None => square,
        });
    }
    Some(sum?.node)
}

/// What a sum of at least two squares is of, in order; a number that is added is the root of one only if that is exact.
fn squared(graph: &Graph, sum: NodeId) -> Option<Vec<NodeId>> {
    let (mut parts, mut pending) = (Vec::new(), vec![sum]);
    while let Some(next) = pending.pop() {
        let operands: Vec<NodeId> = graph.operands(next).map(|operand| operand.node).collect();
        match (graph.as_operator(next), operands.as_slice()) {
            (Some(Operator::Add), [a, b]) => pending.extend([*b, *a]),
            (Some(Operator::Power), [a, two]) if graph.is_integer(*two, 2) => parts.push(*a),
            (Some(Operator::Multiply), [a, b]) if a == b => parts.push(*a),
            (None, []) if graph.is_integer(next, 1) => parts.push(next),
            _ => return None,
        }
        if parts.len() > MOST_SQUARES {
            return None;
        }
    }
    (parts.len() > 1).then_some(parts)
}

/// What `hypot(hypot(a, b), c)` is of.
fn squared_by_hypot(graph: &Graph, root: NodeId) -> Option<Vec<NodeId>> {
    let (mut parts, mut pending) = (Vec::new(), vec![root]);
    while let Some(next) = pending.pop() {
        if graph.as_operator(next) == Some(Operator::Hypot) {
            let operands: Vec<NodeId> = graph.operands(next).map(|operand| operand.node).collect();
            pending.extend(operands.iter().rev());
        } else {
            parts.push(next);
        }
        if parts.len() > MOST_SQUARES {
            return None;
        }
    }
    Some(parts)
}

/// Numbers over their largest one, without that.
fn without_unit(graph: &Graph, parts: &[NodeId]) -> Option<Vec<NodeId>> {
    let mut unit = None;
    let mut whole = Vec::new();
    for part in parts {
        let operands: Vec<NodeId> = graph.operands(*part).map(|operand| operand.node).collect();
        let (Some(Operator::Divide), [a, b]) = (graph.as_operator(*part), operands.as_slice()) else { return None };
        if *unit.get_or_insert(*b) != *b {
            return None;
        }
        whole.push(*a);
    }
    let sizes = magnitudes(graph, unit?)?;
    whole.iter().all(|part| sizes.contains(part)).then_some(whole)
}

/// What a largest magnitude, or a length, is of: it is zero only if all these are.
fn magnitudes(graph: &Graph, largest: NodeId) -> Option<BTreeSet<NodeId>> {
    let (mut parts, mut pending) = (BTreeSet::new(), vec![largest]);
    while let Some(next) = pending.pop() {
        let operands: Vec<NodeId> = graph.operands(next).map(|operand| operand.node).collect();
        match (graph.as_operator(next), operands.as_slice()) {
            (Some(Operator::Maximum), operands) => pending.extend(operands),
            (Some(Operator::Abs), [a]) => {
                parts.insert(*a);
            }
            (Some(Operator::Hypot), _) => parts.extend(squared_by_hypot(graph, next)?),
            // The plain root is not zero where it is taken.
            (Some(Operator::Select), [_, _, other]) if cost::is_rarely_otherwise(graph, next) => pending.push(*other),
            (Some(Operator::Sqrt), [a]) => parts.extend(squared(graph, *a)?),
            // A number that is its own magnitude.
            (None, []) if graph.stated(next).is_some_and(|number| number >= 0.0) => {
                parts.insert(next);
            }
            _ => return None,
        }
        if parts.len() > MOST_SQUARES {
            return None;
        }
    }
    Some(parts)
}

/// A form in which the largest component is the unit, with the length as the unit: in that the length is 1. `None` if
/// there is no such unit in it.
fn in_units_of_length(
    graph: &mut Graph,
    form: NodeId,
    radicand: &Radicand,
    root: NodeId,
) -> Result<Option<NodeId>, GraphError> {
    let live = graph.live([form]);
    let nodes: Vec<NodeId> = graph.nodes().filter(|node| live[node.index()]).collect();
    let one = graph.constant(Number::from(1))?.node;
    let mut values = HashMap::new();
    for node in nodes {
        let (parts, is_sum) = match graph.as_operator(node) {
            Some(Operator::Hypot) => (squared_by_hypot(graph, node), false),
            Some(Operator::Sqrt) => (graph.operands(node).next().and_then(|own| squared(graph, own.node)), false),
            Some(Operator::Add) => (squared(graph, node), true),
            _ => continue,
        };
        let Some(parts) = parts else { continue };
        let Some(whole) = without_unit(graph, &parts) else { continue };
        let Some(unit) = graph.operands(parts[0]).nth(1).map(|unit| unit.node) else { continue };
        let fits = radicand.parts.iter().all(|part| whole.contains(part));
        let others = whole.iter().all(|part| radicand.parts.contains(part) || graph.as_constant(*part).is_some());
        if fits && others {
            values.insert(node, one);
            if !is_sum {
                values.insert(unit, root);
            }
        }
    }
    if values.is_empty() { Ok(None) } else { replaced(graph, form, values).map(Some) }
}

fn root_of(graph: &mut Graph, radicand: &Radicand) -> Option<NodeId> {
    Some(graph.apply(Operator::Sqrt, &[Ref { node: radicand.sum, axes: Vec::new() }]).ok()?.node)
}

/// What is asked whether it is zero, as the conventions do: `0 >= length`.
fn compared_with_zero(graph: &Graph, condition: NodeId) -> Option<NodeId> {
    let operands: Vec<NodeId> = graph.operands(condition).map(|operand| operand.node).collect();
    match (graph.as_operator(condition), operands.as_slice()) {
        (Some(Operator::GreaterEqual), [zero, length]) if graph.is_integer(*zero, 0) => Some(*length),
        _ => None,
    }
}

/// A formula without the conditions of what is zero only where the sum is.
fn without_conventions(graph: &mut Graph, formula: NodeId, radicand: &Radicand) -> Option<NodeId> {
    let live = graph.live([formula]);
    let nodes: Vec<NodeId> = graph.nodes().filter(|node| live[node.index()]).collect();
    let mut values = HashMap::new();
    for node in nodes.into_iter().filter(|_| !radicand.is_large) {
        let operands: Vec<NodeId> = graph.operands(node).map(|operand| operand.node).collect();
        let (Some(Operator::Select), [condition, _, value]) = (graph.as_operator(node), operands.as_slice()) else {
            continue;
        };
        let zero = compared_with_zero(graph, *condition).and_then(|length| magnitudes(graph, length));
        if zero.is_some_and(|parts| radicand.parts.is_subset(&parts)) {
            // Of those inside each other, the inner ones come first.
            let value = values.get(value).copied().unwrap_or(*value);
            values.insert(node, value);
        }
    }
    replaced(graph, formula, values).ok()
}

/// A formula with plain roots, without the conventions for what is zero: it is not where the sum is moderate.
fn plain(graph: &mut Graph, formula: NodeId, radicand: &Radicand, root: NodeId) -> Option<NodeId> {
    let formula = without_conventions(graph, formula, radicand)?;
    let live = graph.live([formula]);
    let nodes: Vec<NodeId> = graph.nodes().filter(|node| live[node.index()]).collect();
    let mut values = HashMap::new();
    for node in nodes {
        let operands: Vec<NodeId> = graph.operands(node).map(|operand| operand.node).collect();
        match (graph.as_operator(node), operands.as_slice()) {
            (Some(Operator::Hypot), _) => {
                let parts = squared_by_hypot(graph, node)?;
                let all = radicand.parts.iter().all(|part| parts.contains(part));
                let others =
                    parts.iter().all(|part| radicand.parts.contains(part) || graph.as_constant(*part).is_some());
                if all && others {
                    values.insert(node, root);
                }
            }
            (Some(Operator::Sqrt), [sum]) if *sum == radicand.sum => {
                values.insert(node, root);
            }
            _ => {}
        }
    }
    replaced(graph, formula, values).ok()
}
