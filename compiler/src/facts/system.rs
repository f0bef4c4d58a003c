//! Whether linear claims have a common solution, in exact rationals: equations by elimination (Gauss), inequalities by
//! eliminating one value after another (Fourier and Motzkin). The count of steps is bounded; what is not decided within it
//! counts as solvable.

use std::collections::{BTreeMap, BTreeSet};

use super::{Claim, Meaning, Sign};
use crate::algebra::linear::{Linear, Place, Terms, add_to};
use crate::algebra::rational::Rational;
use crate::graph::{Graph, NodeId, Operation, Ref};

/// How a form stands to 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Relation {
    Zero,
    NotZero,
    Positive,
    NotNegative,
}

/// A form that stands in a relation to 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    terms: Terms,
    constant: Rational,
    relation: Relation,
}

/// Claims of a function's facts, each with the place of its fact.
#[derive(Clone, Debug, Default)]
pub(super) struct System {
    rows: Vec<(usize, Row)>,
    /// Facts that are false by themselves.
    never: BTreeSet<usize>,
}

/// Coefficients that may be computed for one function.
const MOST_STEPS: usize = 200_000;
/// Inequalities that may stand at one time.
const MOST_ROWS: usize = 200;

impl System {
    /// What all claims say at position 0 of every axis.
    pub(super) fn at_origin(graph: &Graph, claims: &[Claim]) -> Self {
        let mut system = Self::of(graph, claims, |form| form.at_origin(graph));
        system.add_reductions(graph, claims, &BTreeSet::new());
        system
    }

    /// What the claims say where the values of a form stand.
    pub(super) fn about(graph: &Graph, claims: &[Claim], value: &Linear) -> Self {
        let mut system = Self::of(graph, claims, |form| form.aligned(value));
        system.add_reductions(graph, claims, &value.terms.keys().cloned().collect());
        system
    }

    fn of(graph: &Graph, claims: &[Claim], place: impl Fn(&Linear) -> Option<Linear>) -> Self {
        let mut system = Self::default();
        for claim in claims {
            let (left, right, relation) = match &claim.meaning {
                Meaning::Equal(left, right) => (left, right, Relation::Zero),
                Meaning::Different(left, right) => (left, right, Relation::NotZero),
                Meaning::Greater(left, right) => (left, right, Relation::Positive),
                Meaning::AtLeast(left, right) => (left, right, Relation::NotNegative),
                Meaning::Never => {
                    system.never.insert(claim.fact);
                    continue;
                }
                Meaning::Other => continue,
            };
            let form = Linear::difference(graph, left, right).and_then(|form| place(&form));
            system.rows.extend(form.map(|form| (claim.fact, Row::new(form, relation))));
        }
        system
    }

    /// Whether nothing is known.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.never.is_empty()
    }

    /// States one more row, for something that is not in the list of facts.
    pub(super) fn suppose(&mut self, place: usize, form: Linear, relation: Relation) {
        self.rows.push((place, Row::new(form, relation)));
    }

    /// A sum or a maximum of values of one sign has that sign.
    fn add_reductions(&mut self, graph: &Graph, claims: &[Claim], more: &BTreeSet<Place>) {
        let mut signs: BTreeMap<NodeId, Vec<(usize, Sign)>> = BTreeMap::new();
        for claim in claims {
            for (value, sign) in claim.signs(graph) {
                if is_everywhere(&value) {
                    signs.entry(value.node).or_default().push((claim.fact, sign));
                }
            }
        }
        let own = self.rows.iter().flat_map(|(_, row)| row.terms.keys());
        let places: BTreeSet<Place> = own.chain(more).cloned().collect();
        for place in places {
            if !matches!(graph.operation(place.0), Operation::Sum(_) | Operation::Max(_)) {
                continue;
            }
            let body = graph.operands(place.0).next().and_then(|body| signs.get(&body.node));
            for (fact, sign) in body.into_iter().flatten() {
                let (relation, scale) = match sign {
                    Sign::Positive => (Relation::Positive, Rational::ONE),
                    Sign::NotNegative => (Relation::NotNegative, Rational::ONE),
                    Sign::Negative => (Relation::Positive, Rational::ONE.negated()),
                    Sign::NotPositive => (Relation::NotNegative, Rational::ONE.negated()),
                    Sign::NotZero => continue,
                };
                let terms = BTreeMap::from([(place.clone(), scale)]);
                self.suppose(*fact, Linear { terms, constant: Rational::ZERO }, relation);
            }
        }
    }

    /// Whether the facts that are chosen can hold together, as far as `budget` lets one see.
    pub(super) fn has_solution(&self, chosen: impl Fn(usize) -> bool, budget: &mut Budget) -> bool {
        if self.never.iter().any(|fact| chosen(*fact)) {
            return false;
        }
        let rows = self.rows.iter().filter(|(fact, _)| chosen(*fact)).map(|(_, row)| row.clone());
        solvable(rows.collect(), budget).unwrap_or(true)
    }
}

/// Whether a use of a node, along all its axes, reaches every position of the node.
fn is_everywhere(value: &Ref) -> bool {
    value.distinct_axes().len() == value.axes.len()
}

/// The steps that are left.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(MOST_STEPS)
    }
}

impl Budget {
    fn spend(&mut self, steps: usize) -> Option<()> {
        self.0 = self.0.checked_sub(steps)?;
        Some(())
    }
}

/// `None` where arithmetic overflows or the budget is spent.
fn solvable(rows: Vec<Row>, budget: &mut Budget) -> Option<bool> {
    let (equations, others): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.relation == Relation::Zero);
    let mut pivots: Vec<(Place, Row)> = Vec::new();
    for mut row in equations {
        row.reduce(&pivots, budget)?;
        match row.terms.first_key_value().map(|(place, coefficient)| (place.clone(), *coefficient)) {
            Some((place, coefficient)) => {
                row.scale(coefficient.reciprocal()?)?;
                pivots.push((place, row));
            }
            None if row.constant.is_zero() => {}
            None => return Some(false),
        }
    }
    let (mut bounds, mut different) = (BTreeSet::new(), Vec::new());
    for mut row in others {
        row.reduce(&pivots, budget)?;
        if row.relation == Relation::NotZero {
            different.push(row);
        } else {
            bounds.insert(row);
        }
    }
    if !satisfiable(bounds.clone(), budget)? {
        return Some(false);
    }
    // What is convex and inside a union of finitely many planes is inside one of them.
    for row in different {
        let mut negated = Row { relation: Relation::Positive, ..row.clone() };
        negated.scale(Rational::ONE.negated())?;
        let positive = Row { relation: Relation::Positive, ..row };
        let with = |row: Row| bounds.iter().cloned().chain([row]).collect::<BTreeSet<Row>>();
        if !satisfiable(with(positive), budget)? && !satisfiable(with(negated), budget)? {
            return Some(false);
        }
    }
    Some(true)
}

/// Whether inequalities have a common solution.
fn satisfiable(mut rows: BTreeSet<Row>, budget: &mut Budget) -> Option<bool> {
    loop {
        if rows.iter().any(|row| row.terms.is_empty() && !row.holds()) {
            return Some(false);
        }
        rows.retain(|row| !row.terms.is_empty());
        let Some(place) = cheapest(&rows) else { return Some(true) };
        let (with, mut rest): (BTreeSet<Row>, BTreeSet<Row>) =
            rows.into_iter().partition(|row| row.terms.contains_key(&place));
        let (lower, upper): (Vec<Row>, Vec<Row>) = with.into_iter().partition(|row| row.terms[&place].is_positive());
        for low in &lower {
            for high in &upper {
                rest.insert(low.combined(high, &place, budget)?);
                if rest.len() > MOST_ROWS {
                    return None;
                }
            }
        }
        rows = rest;
    }
}

/// The value whose elimination leaves the fewest rows.
fn cheapest(rows: &BTreeSet<Row>) -> Option<Place> {
    let mut counts: BTreeMap<&Place, (usize, usize)> = BTreeMap::new();
    for (place, coefficient) in rows.iter().flat_map(|row| &row.terms) {
        let count = counts.entry(place).or_default();
        if coefficient.is_positive() { count.0 += 1 } else { count.1 += 1 }
    }
    counts.into_iter().min_by_key(|(place, (lower, upper))| (lower * upper, *place)).map(|(place, _)| place.clone())
}

impl Row {
    fn new(form: Linear, relation: Relation) -> Self {
        Self { terms: form.terms, constant: form.constant, relation }
    }

    /// Whether a row without values is true.
    fn holds(&self) -> bool {
        match self.relation {
            Relation::Zero => self.constant.is_zero(),
            Relation::NotZero => !self.constant.is_zero(),
            Relation::Positive => self.constant.is_positive(),
            Relation::NotNegative => self.constant.is_positive() || self.constant.is_zero(),
        }
    }

    fn scale(&mut self, factor: Rational) -> Option<()> {
        for coefficient in self.terms.values_mut() {
            *coefficient = coefficient.times(factor)?;
        }
        self.constant = self.constant.times(factor)?;
        Some(())
    }

    fn add(&mut self, other: &Self, factor: Rational, budget: &mut Budget) -> Option<()> {
        budget.spend(1 + other.terms.len())?;
        for (place, coefficient) in &other.terms {
            add_to(&mut self.terms, place.clone(), coefficient.times(factor)?)?;
        }
        self.terms.retain(|_, coefficient| !coefficient.is_zero());
        self.constant = self.constant.plus(other.constant.times(factor)?)?;
        Some(())
    }

    /// Puts in what the equations say; no equation has the pivot of an earlier one.
    fn reduce(&mut self, pivots: &[(Place, Self)], budget: &mut Budget) -> Option<()> {
        budget.spend(pivots.len())?;
        for (place, row) in pivots {
            if let Some(coefficient) = self.terms.get(place).copied() {
                self.add(row, coefficient.negated(), budget)?;
            }
        }
        Some(())
    }

    /// The consequence of a lower and an upper bound of a value that lacks the value.
    fn combined(&self, upper: &Self, place: &Place, budget: &mut Budget) -> Option<Self> {
        let strict = self.relation == Relation::Positive || upper.relation == Relation::Positive;
        let relation = if strict { Relation::Positive } else { Relation::NotNegative };
        let mut row = Self { relation, ..self.clone() };
        row.scale(self.terms.get(place)?.reciprocal()?)?;
        row.add(upper, upper.terms.get(place)?.reciprocal()?.negated(), budget)?;
        // Rows that differ by a positive factor are one row.
        if let Some(first) = row.terms.values().next().copied() {
            let size = if first.is_positive() { first } else { first.negated() };
            row.scale(size.reciprocal()?)?;
        }
        Some(row)
    }
}
