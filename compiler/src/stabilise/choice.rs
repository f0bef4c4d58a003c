//! Which form of a value is evaluated: the one that is given, or one that is mended.
//!
//! In: a value as the chain rule gives it, and its closed form. Out: the form that stands for both; see [`Pass::chosen`].

use super::judge::{FINE, Judged, Score};
use super::profile::{POINTS, Range};
use super::{Pass, Root};
use crate::cost;
use crate::graph::{Graph, GraphError, NodeId, Operation, Ref};
use crate::operators::Operator;

/// Longer formulas are mended only where they are far off.
const MOST_MENDED: usize = 50;
/// Errors of so many units in the last place are far off.
const FAR_OFF: f64 = 1000.0;
/// Numbers between this and one over it are ordinary.
const ORDINARY: f64 = 1e20;

impl Pass {
    /// Where the first roots, which are a function's values, are not defined, nothing counts.
    pub(super) fn leave_out_undefined(&mut self, graph: &Graph, roots: &[Root], outputs: usize) {
        for root in roots.iter().take(outputs) {
            if let Some(points) = self.profiles.of(graph, root.value.node) {
                self.outside.iter_mut().zip(points).for_each(|(outside, point)| *outside |= point.undefined);
            }
        }
    }

    /// Inputs that are positive by a fact are sampled so, and where a fact that holds at most points does not, nothing counts.
    /// Algebra does not rely on it.
    pub(super) fn hold(&mut self, graph: &Graph, facts: &[NodeId]) {
        let is_input = |node: NodeId| matches!(graph.operation(node), Operation::Input(_));
        for fact in facts {
            let operands: Vec<NodeId> = graph.operands(*fact).map(|operand| operand.node).collect();
            let (above, below) = match (graph.as_operator(*fact), operands.as_slice()) {
                (Some(Operator::Greater | Operator::GreaterEqual), [above, below])
                | (Some(Operator::Less | Operator::LessEqual), [below, above]) => (*above, *below),
                _ => continue,
            };
            if is_input(above) && graph.stated(below).is_some_and(|bound| bound >= 0.0) {
                self.profiles.know(above, Some(Range::NotNegative), [false; 2]);
            }
        }
        for fact in facts {
            let Some(points) = self.profiles.of(graph, *fact) else { continue };
            let broken: Vec<bool> = points.iter().map(|point| point.value == 0.0).collect();
            if 2 * broken.iter().filter(|broken| **broken).count() <= POINTS {
                self.outside.iter_mut().zip(broken).for_each(|(outside, broken)| *outside |= broken);
            }
        }
    }

    /// The points where an output is infinite: nobody asks for derivatives there.
    pub(super) fn where_infinite(&mut self, graph: &Graph, outputs: &[Root]) -> Vec<bool> {
        let mut elsewhere = vec![false; self.outside.iter().filter(|outside| !**outside).count()];
        for root in outputs {
            let Some(points) = self.judged(graph, root.value.node) else { continue };
            elsewhere.iter_mut().zip(points.iter()).for_each(|(own, point)| *own |= point.value.is_infinite());
        }
        elsewhere
    }

    /// What is evaluated of a root, where `before` is there already: as it is given, the closed form if that is nowhere worse
    /// and costs no more; a form that is accurate where that is not. A long formula stays as it is unless it is far off at
    /// ordinary numbers.
    pub(super) fn chosen(&mut self, graph: &mut Graph, root: &Root, before: &[Ref]) -> Result<Ref, GraphError> {
        if !root.value.axes.is_empty() {
            return Ok(root.value.clone());
        }
        let there = graph.live(before.iter().map(|form| form.node));
        let cost = |graph: &Graph, form: &Ref| {
            let cost = cost::total(graph, [form.node], |node| there.get(node.index()) == Some(&true));
            (cost.weight, cost.nodes)
        };
        let (value, closed) = (root.value.node, root.closed.node);
        let dearer = cost(graph, &root.closed) > cost(graph, &root.value);
        let given = if dearer || !self.is_nowhere_worse(graph, closed, value) { &root.value } else { &root.closed };
        if self.is_fine(graph, given.node) {
            return Ok(given.clone());
        }
        if self.size(graph, given.node) > MOST_MENDED && !self.is_far_off(graph, given.node) {
            return Ok(given.clone());
        }
        let other = if given == &root.value { &root.closed } else { &root.value };
        let (mut first, mut second) = (self.root(graph, given)?, None);
        if other != given {
            let form = self.root(graph, other)?;
            second = Some(form);
        }
        if let Some(form) = second {
            let [one, two] = [&first, &form].map(|form| self.is_accurate(graph, form.node));
            let takes = match (one, two) {
                (true, true) => cost(graph, &form) < cost(graph, &first),
                (false, false) => {
                    // They need not agree at the sample points: closed forms rely on facts.
                    let [own, other] = [&first, &form].map(|form| Score { size: 0, ..self.score(graph, form.node) });
                    other < own
                }
                (_, two) => two,
            };
            first = if takes { form } else { first };
        }
        Ok(first)
    }

    /// Whether a form is a number wherever another one is, and accurate, or not far less accurate, there.
    pub(super) fn is_nowhere_worse(&mut self, graph: &Graph, form: NodeId, other: NodeId) -> bool {
        if form == other {
            return true;
        }
        let (Some(new), Some(old)) = (self.judged(graph, form), self.judged(graph, other)) else { return false };
        let worse = |(new, old): (&Judged, &Judged)| {
            let lost = old.value.is_finite() && !new.value.is_finite();
            !old.beyond && (lost || new.ulps > FINE * new.condition && new.ulps > 2.0 * old.ulps)
        };
        let asked = |place: usize| self.elsewhere.get(place) != Some(&true);
        !new.iter().zip(old.iter()).enumerate().any(|(place, pair)| asked(place) && worse(pair))
    }

    /// Whether a node is no number, or has few digits right, where all inputs are ordinary numbers. At a single point it may
    /// have no value: where all inputs are equal, differences are 0.
    pub(super) fn is_far_off(&mut self, graph: &Graph, node: NodeId) -> bool {
        let mut ordinary = vec![true; POINTS];
        for input in graph.nodes().filter(|node| matches!(graph.operation(*node), Operation::Input(_))) {
            let Some(points) = self.profiles.of(graph, input) else { continue };
            for (ordinary, point) in ordinary.iter_mut().zip(points) {
                let size = point.value.abs();
                *ordinary &= size == 0.0 || size > 1.0 / ORDINARY && size < ORDINARY;
            }
        }
        let counted = self.outside.iter().zip(ordinary).filter(|(outside, _)| !**outside).map(|(_, ordinary)| ordinary);
        let counted: Vec<bool> = counted.collect();
        let far = |&(point, ordinary): &(&Judged, bool)| {
            ordinary && !point.beyond && (point.ulps.is_nan() || point.ulps > FAR_OFF * point.condition)
        };
        self.judged(graph, node).is_some_and(|points| points.iter().zip(counted).filter(far).count() > 1)
    }

    /// Whether a form is a number wherever it can be, and accurate there.
    pub(super) fn is_accurate(&mut self, graph: &Graph, node: NodeId) -> bool {
        self.is_finite_where_defined(graph, node) && self.is_fine_where_finite(graph, node)
    }
}
