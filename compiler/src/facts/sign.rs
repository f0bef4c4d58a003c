//! The signs that facts imply together: `1 - x` is positive where `x < 1`, `x - z` where `x > y` and `y > z`.

use super::system::{Budget, Relation, System};
use super::{Claim, Sign};
use crate::algebra::linear::Linear;
use crate::graph::{Graph, Ref};

/// The strongest sign of a value, at every position along its axes, that the claims imply, and the facts that it takes.
///
/// Values are seen as linear forms, so what `x` is says nothing of `x**2`. Claims along axes count where they speak of the
/// value's own operands; numbers have a sign without any fact.
#[must_use]
pub fn sign(graph: &Graph, claims: &[Claim], value: &Ref) -> Option<(Sign, Vec<usize>)> {
    let form = Linear::of(graph, value)?;
    let mut budget = Budget::default();
    let mut facts: Vec<usize> = claims.iter().map(|claim| claim.fact).collect();
    facts.sort_unstable();
    facts.dedup();
    let negated = form.negated();
    // The opposite of each sign, which must be impossible.
    let opposites = [
        (Sign::Positive, &negated, Relation::NotNegative),
        (Sign::Negative, &form, Relation::NotNegative),
        (Sign::NotNegative, &negated, Relation::Positive),
        (Sign::NotPositive, &form, Relation::Positive),
        (Sign::NotZero, &form, Relation::Zero),
    ];
    let known = System::about(graph, claims, &form);
    if known.is_empty() && !form.terms.is_empty() {
        return None;
    }
    for (sign, opposite, relation) in opposites {
        let mut system = known.clone();
        system.suppose(usize::MAX, opposite.clone(), relation);
        let mut possible =
            |chosen: &[usize]| system.has_solution(|place| place == usize::MAX || chosen.contains(&place), &mut budget);
        if possible(&facts) {
            continue;
        }
        let mut needed = facts.clone();
        for fact in facts.iter().rev() {
            let without: Vec<usize> = needed.iter().copied().filter(|place| place != fact).collect();
            if !possible(&without) {
                needed = without;
            }
        }
        return Some((sign, needed));
    }
    None
}

impl Linear {
    fn negated(&self) -> Self {
        let terms = self.terms.iter().map(|(place, coefficient)| (place.clone(), coefficient.negated())).collect();
        Self { terms, constant: self.constant.negated() }
    }
}
