//! What is known of the inputs of a formula, and of what is made on the way, that forms make use of.

use std::collections::{HashMap, HashSet};

use super::form::Memory;
use super::profile::Range;
use crate::algebra::factored::{Algebra, Term};
use crate::algebra::hash::QuickMap;
use crate::algebra::kernel::Shape;
use crate::algebra::polynomial::{Kernel, Monomial, Polynomial};
use crate::algebra::rational::Rational;
use crate::graph::{Graph, NodeId, Ref};
use crate::operators::Operator;

/// What is known of nodes beside their signs.
#[derive(Default)]
pub(super) struct Knowledge {
    /// Inputs, with nodes that are not above them, and those inputs for which that is always so.
    peaks: Vec<(NodeId, Vec<NodeId>)>,
    always: HashSet<NodeId>,
    shifts: QuickMap<Polynomial, (NodeId, NodeId)>,
    /// Differences to such an input: not positive.
    below: HashSet<NodeId>,
    lengths: Vec<Length>,
    relatives: Vec<Relative>,
    /// Factors of the weights of exponentials: where one is 0, the exponential may be larger than all that count.
    weights: HashSet<NodeId>,
    /// What was written in each style.
    pub(super) memories: [Memory; 4],
}

/// A sum of squares `(U·ℓ)²`, with ℓ² = (M/U)² + r.
#[derive(Clone, Debug)]
pub(super) struct Length {
    pub(super) largest: NodeId,
    pub(super) unit: NodeId,
    pub(super) length: NodeId,
    /// ℓ², from which ℓ is computed.
    pub(super) square: NodeId,
    pub(super) others: NodeId,
    /// Of which it is the length: not above M.
    pub(super) parts: Vec<NodeId>,
}

/// A term of a weighted sum of exponentials, relative to the largest of these: `whole·exp(−peak)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relative {
    pub(super) node: NodeId,
    pub(super) whole: NodeId,
    pub(super) peak: NodeId,
}

impl Knowledge {
    /// What ranges say, and the algebra that knows the signs.
    pub(super) fn new(ranges: &HashMap<NodeId, Range>) -> (Self, Algebra) {
        let (mut knowledge, mut algebra) = (Self::default(), Algebra::default());
        for (input, range) in ranges {
            match range {
                Range::Moderate | Range::NotNegative | Range::Others { .. } => {
                    algebra.not_negative.insert(*input);
                }
                Range::Bounded | Range::Relative | Range::Equates(_) => {}
                Range::AtLeast(below) => {
                    knowledge.peaks.push((*input, below.clone()));
                    knowledge.always.insert(*input);
                }
                Range::Top(terms) => knowledge.peaks.push((*input, terms.clone())),
                Range::Mostly(below) => {
                    knowledge.peaks.push((*input, below.iter().map(|(node, _)| *node).collect()));
                    knowledge.weights.extend(below.iter().flat_map(|(_, zeros)| zeros));
                }
                Range::Largest(parts) => algebra.opaque.extend(parts),
                Range::Unit(_) => {
                    algebra.positive.insert(*input);
                }
                Range::Term { whole, peak } => {
                    algebra.opaque.insert(*input);
                    knowledge.relatives.push(Relative { node: *input, whole: *whole, peak: *peak });
                }
                Range::Length { largest, unit, square, others } => {
                    algebra.positive.extend([*input, *square]);
                    algebra.opaque.extend([*input, *square]);
                    let Some(Range::Largest(parts)) = ranges.get(largest) else { continue };
                    let (largest, unit, square, others) = (*largest, *unit, *square, *others);
                    let parts = parts.clone();
                    knowledge.lengths.push(Length { largest, unit, length: *input, square, others, parts });
                }
            }
        }
        knowledge.lengths.sort_unstable_by_key(|length| length.length);
        knowledge.peaks.sort_unstable();
        knowledge.relatives.sort_unstable_by_key(|relative| relative.node);
        (knowledge, algebra)
    }

    /// How much is known that forms depend on; it only grows.
    pub(super) fn extent(&self) -> usize {
        self.peaks.len() + self.below.len()
    }

    /// The factors of a product that are weights of exponentials.
    pub(super) fn weights(&self, algebra: &Algebra, product: &Monomial) -> Vec<NodeId> {
        let weight = |(kernel, exponent): &(Kernel, Rational)| {
            let node = algebra.kernels.as_scalar(*kernel).filter(|_| exponent.is_positive());
            node.filter(|node| self.weights.contains(node))
        };
        product.iter().filter_map(weight).collect()
    }

    pub(super) fn lengths(&self) -> &[Length] {
        &self.lengths
    }

    pub(super) fn relatives(&self) -> &[Relative] {
        &self.relatives
    }

    /// A maximum M less something that is not above it, `c·M − c·λ`, as one difference, computed before the rest.
    pub(super) fn paired(
        &mut self,
        graph: &mut Graph,
        algebra: &mut Algebra,
        polynomial: &Polynomial,
    ) -> Option<Polynomial> {
        let mut result = polynomial.clone();
        for (peak, below) in self.peaks.clone() {
            let atom = algebra.node(peak);
            let alone = vec![(atom, Rational::ONE)];
            for other in below {
                let Some((_, scale)) = result.terms().find(|(monomial, _)| *monomial == alone).cloned() else {
                    break;
                };
                let Some(expanded) = algebra.term(graph, other).expanded() else { continue };
                let inverse = scale.negated();
                let fits = |(monomial, value): &(Monomial, Rational)| {
                    let wanted = value.times(inverse);
                    result.terms().any(|(own, value)| own == monomial && Some(*value) == wanted)
                };
                if expanded.is_zero() || !expanded.terms().all(fits) {
                    continue;
                }
                let operands = [other, peak].map(|node| Ref { node, axes: Vec::new() });
                let difference = graph.apply(Operator::Subtract, &operands).ok()?.node;
                if self.always.contains(&peak) {
                    self.below.insert(difference);
                }
                let difference = algebra.node(difference);
                let taken = expanded.scaled(scale)?;
                let taken = taken.plus(&Polynomial::term(alone.clone(), inverse))?;
                result = result.plus(&taken)?;
                result = result.plus(&Polynomial::term(vec![(difference, Rational::ONE)], inverse))?;
            }
        }
        Some(result)
    }

    /// The largest exponent of a sum of exponentials, and the others relative to it.
    pub(super) fn shift(&self, sum: &Polynomial) -> Option<(NodeId, NodeId)> {
        self.shifts.get(sum).copied()
    }

    pub(super) fn know_shift(&mut self, sum: Polynomial, made: (NodeId, NodeId)) {
        self.shifts.insert(sum, made);
    }

    /// A node that is made: the largest of some.
    pub(super) fn know_largest(&mut self, largest: NodeId, nodes: &[NodeId]) {
        if !self.always.insert(largest) {
            return;
        }
        self.peaks.push((largest, nodes.to_vec()));
    }

    /// Whether a term is positive or negative wherever it is not 0, if that is known.
    pub(super) fn sign(&self, algebra: &Algebra, term: &Term) -> Option<bool> {
        let node = algebra.kernels.as_scalar(term.unscaled().as_kernel()?)?;
        self.below.contains(&node).then(|| !term.scale.is_positive())
    }
}
