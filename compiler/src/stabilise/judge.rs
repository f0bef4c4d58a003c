//! How accurate forms are at the sample points, and which of two is better.

use std::rc::Rc;

use super::Pass;
use crate::graph::{Graph, NodeId};

/// Errors of so many units in the last place are fine.
pub(super) const FINE: f64 = 4.0;
/// A form must be better by this factor somewhere.
pub(super) const BETTER: f64 = 4.0;

/// How accurate a node is at a point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged {
    pub(super) value: f64,
    /// How far it may be from another form's.
    pub(super) error: f64,
    /// In units in the last place.
    pub(super) ulps: f64,
    pub(super) condition: f64,
    /// Whether the true value is beyond all finite numbers, or not defined: nothing can be better.
    pub(super) beyond: bool,
}

/// See [`Pass::score`]: the less the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Score {
    pub(super) far: u64,
    pub(super) near: u64,
    pub(super) size: usize,
}

impl Pass {
    pub(super) fn is_fine(&mut self, graph: &Graph, node: NodeId) -> bool {
        let fine = |point: &Judged| point.beyond || point.ulps <= FINE * point.condition;
        self.judged(graph, node).is_some_and(|points| points.iter().all(fine))
    }

    /// A node's points where the function is defined.
    pub(super) fn judged(&mut self, graph: &Graph, node: NodeId) -> Option<Rc<[Judged]>> {
        if let Some(known) = self.judged.get(&node) {
            return Some(known.clone());
        }
        let limits = self.profiles.limits;
        let points = self.profiles.of(graph, node)?;
        let mut judged = Vec::with_capacity(points.len());
        for (point, outside) in points.iter().zip(&self.outside) {
            if !*outside {
                let (ulps, condition) = (limits.ulps(point), limits.condition(point));
                let [a, b] = point.moves.map(f64::abs);
                let error = if a.max(b).is_finite() { point.error + a.max(b) } else { point.error };
                let beyond = limits.is_beyond(point) || self.is_over_atoms && point.undefined;
                judged.push(Judged { value: point.value, error, ulps, condition, beyond });
            }
        }
        let judged: Rc<[Judged]> = judged.into();
        self.judged.insert(node, judged.clone());
        Some(judged)
    }

    pub(super) fn is_finite_where_defined(&mut self, graph: &Graph, node: NodeId) -> bool {
        let finite = |point: &Judged| point.beyond || point.value.is_finite();
        self.judged(graph, node).is_some_and(|points| points.iter().all(finite))
    }

    pub(super) fn is_fine_where_finite(&mut self, graph: &Graph, node: NodeId) -> bool {
        let fine = |point: &Judged| !point.value.is_finite() || point.ulps <= 2.0 * FINE * point.condition;
        self.judged(graph, node).is_some_and(|points| points.iter().all(fine))
    }

    /// Whether a form is not less accurate than another one anywhere, and far more accurate somewhere; or, where the other
    /// one is not what was written either, smaller.
    pub(super) fn is_better(&mut self, graph: &Graph, form: NodeId, other: NodeId, smaller: bool) -> bool {
        if smaller {
            return self.gains(graph, form, other, true);
        }
        if let Some(known) = self.better.get(&(form, other)) {
            return *known;
        }
        let better = self.gains(graph, form, other, false);
        self.better.insert((form, other), better);
        better
    }

    pub(super) fn gains(&mut self, graph: &Graph, form: NodeId, other: NodeId, smaller: bool) -> bool {
        let limits = self.profiles.limits;
        let (Some(new), Some(old)) = (self.judged(graph, form), self.judged(graph, other)) else { return false };
        let mut gains = smaller && self.size(graph, form) < self.size(graph, other);
        for (new, old) in new.iter().zip(old.iter()) {
            let (after, before) = (new.ulps, old.ulps);
            let fine = after <= FINE * new.condition;
            if old.beyond {
                continue;
            }
            // What is a number stays one, even where nothing is known of it.
            if old.value.is_finite() && !new.value.is_finite() {
                return false;
            }
            if before.is_finite() {
                let agree = limits.agree([new.value, new.error], [old.value, old.error]);
                if !fine && after > 2.0 * (before + FINE) || !agree {
                    return false;
                }
            }
            gains |= before > BETTER * after + FINE && after.is_finite();
        }
        gains
    }

    /// How far a form is from accurate, over all points: first where it is far off, then anywhere; then its size.
    pub(super) fn score(&mut self, graph: &Graph, form: NodeId) -> Score {
        let Some(points) = self.judged(graph, form) else { return Score { far: u64::MAX, near: u64::MAX, size: 0 } };
        let (mut far, mut near) = (0, 0);
        for point in points.iter() {
            if point.beyond {
                continue;
            }
            let worse = point.ulps / point.condition / FINE;
            let bits = if worse.is_finite() { 1 + worse.log2().clamp(0.0, 63.0) as u64 } else { 64 };
            far += if worse > BETTER || !worse.is_finite() { bits } else { 0 };
            near += if worse > 1.0 || !worse.is_finite() { bits } else { 0 };
        }
        Score { far, near, size: self.size(graph, form) }
    }
}
