//! Whether linear claims have a common solution, in exact rationals: equations by elimination (Gauss), inequalities by
//! eliminating one value after another (Fourier and Motzkin). The count of steps is bounded; what is not decided within it
//! counts as solvable.

use std::collections::{BTreeMap, BTreeSet};

use super::linear::{Linear, add_to};
use super::{Claim, Meaning, Sign};
use crate::graph::{Graph, NodeId, Operation};
use crate::simplify::rational::Rational;

/// How a form stands to 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Relation {
    Zero,
    NotZero,
    Positive,
    NotNegative,
}

type Terms = BTreeMap<NodeId, Rational>;

/// A form that stands in a relation to 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    terms: Terms,
    constant: Rational,
    relation: Relation,
}

/// The claims of a function's facts at position 0 of every axis, each with the place of its fact.
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
    pub(super) fn new(graph: &Graph, claims: &[Claim]) -> Self {
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
            let form = Linear::difference(graph, left, right).and_then(|form| form.at_origin(graph));
            let row = form.map(|(terms, constant)| (claim.fact, Row { terms, constant, relation }));
            system.rows.extend(row);
        }
        system.add_reductions(graph, claims);
        system
    }

    /// A sum or a maximum of values of one sign has that sign.
    fn add_reductions(&mut self, graph: &Graph, claims: &[Claim]) {
        let mut signs: BTreeMap<NodeId, Vec<(usize, Sign)>> = BTreeMap::new();
        for claim in claims {
            for (value, sign) in claim.signs(graph) {
                if value.distinct_axes().len() == value.axes.len() {
                    signs.entry(value.node).or_default().push((claim.fact, sign));
                }
            }
        }
        let values: BTreeSet<NodeId> = self.rows.iter().flat_map(|(_, row)| row.terms.keys().copied()).collect();
        for value in values {
            if !matches!(graph.operation(value), Operation::Sum(_) | Operation::Max(_)) {
                continue;
            }
            let body = graph.operands(value).next().and_then(|body| signs.get(&body.node));
            for (fact, sign) in body.into_iter().flatten() {
                let (relation, scale) = match sign {
                    Sign::Positive => (Relation::Positive, Rational::ONE),
                    Sign::NotNegative => (Relation::NotNegative, Rational::ONE),
                    Sign::Negative => (Relation::Positive, Rational::ONE.negated()),
                    Sign::NotPositive => (Relation::NotNegative, Rational::ONE.negated()),
                    Sign::NotZero => continue,
                };
                let row = Row { terms: BTreeMap::from([(value, scale)]), constant: Rational::ZERO, relation };
                self.rows.push((*fact, row));
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
    let mut pivots: Vec<(NodeId, Row)> = Vec::new();
    for mut row in equations {
        row.reduce(&pivots, budget)?;
        match row.terms.first_key_value().map(|(value, coefficient)| (*value, *coefficient)) {
            Some((value, coefficient)) => {
                row.scale(coefficient.reciprocal()?)?;
                pivots.push((value, row));
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
        let Some(value) = cheapest(&rows) else { return Some(true) };
        let (with, mut rest): (BTreeSet<Row>, BTreeSet<Row>) =
            rows.into_iter().partition(|row| row.terms.contains_key(&value));
        let (lower, upper): (Vec<Row>, Vec<Row>) = with.into_iter().partition(|row| row.terms[&value].is_positive());
        for low in &lower {
            for high in &upper {
                rest.insert(low.combined(high, value, budget)?);
                if rest.len() > MOST_ROWS {
                    return None;
                }
            }
        }
        rows = rest;
    }
}

/// The value whose elimination leaves the fewest rows.
fn cheapest(rows: &BTreeSet<Row>) -> Option<NodeId> {
    let mut counts: BTreeMap<NodeId, (usize, usize)> = BTreeMap::new();
    for (value, coefficient) in rows.iter().flat_map(|row| &row.terms) {
        let count = counts.entry(*value).or_default();
        if coefficient.is_positive() { count.0 += 1 } else { count.1 += 1 }
    }
    counts.into_iter().min_by_key(|(value, (lower, upper))| (lower * upper, *value)).map(|(value, _)| value)
}

impl Row {
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
        for (value, coefficient) in &other.terms {
            add_to(&mut self.terms, *value, coefficient.times(factor)?)?;
        }
        self.terms.retain(|_, coefficient| !coefficient.is_zero());
        self.constant = self.constant.plus(other.constant.times(factor)?)?;
        Some(())
    }

    /// Puts in what the equations say; no equation has the pivot of an earlier one.
    fn reduce(&mut self, pivots: &[(NodeId, Self)], budget: &mut Budget) -> Option<()> {
        budget.spend(pivots.len())?;
        for (value, row) in pivots {
            if let Some(coefficient) = self.terms.get(value).copied() {
                self.add(row, coefficient.negated(), budget)?;
            }
        }
        Some(())
    }

    /// The consequence of a lower and an upper bound of a value that lacks the value.
    fn combined(&self, upper: &Self, value: NodeId, budget: &mut Budget) -> Option<Self> {
        let strict = self.relation == Relation::Positive || upper.relation == Relation::Positive;
        let relation = if strict { Relation::Positive } else { Relation::NotNegative };
        let mut row = Self { relation, ..self.clone() };
        row.scale(self.terms.get(&value)?.reciprocal()?)?;
        row.add(upper, upper.terms.get(&value)?.reciprocal()?.negated(), budget)?;
        // Rows that differ by a positive factor are one row.
        if let Some(first) = row.terms.values().next().copied() {
            let size = if first.is_positive() { first } else { first.negated() };
            row.scale(size.reciprocal()?)?;
        }
        Some(row)
    }
}
