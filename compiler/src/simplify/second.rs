//! Second derivatives, taken from first ones in closed form.
//!
//! A second derivative is what the chain rule gives for the first one. For a closed form of the first one it gives the same
//! and in far fewer operations: the maximum in a softmax, say, is gone. That it is the same follows from the proofs of the
//! closed form. They are algebra over kernels, and the chain rule is a *derivation* of that algebra: linear, with the rule
//! for products, each kernel's derivative fixed by what the kernel is, those of conditions, signs and floors zero. So a
//! relation between kernels stays true when both sides are differentiated, at kinks too, if the derivation sends it to
//! zero: `sqrt(v)**2 == v` does, and `sign(v)*v == abs(v)`. The few that do not, such as `sign(v)*abs(v) == v`, make a
//! proof [rough](Field::is_rough). And where a fact says that two values are equal, nothing is known beside those points:
//! it must not read what is differentiated by.
//!
//! Where this says nothing, canonical terms may still prove the two equal.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::field::Field;
use super::search::{MOST_PROVING, Search, is_leaf};
use super::{Rule, Second};
use crate::differentiate::{Derivative, Known, is_convention, jacobian_with, symmetric, without_conventions};
use crate::facts::Meaning;
use crate::graph::{Graph, GraphError, NodeId, Ref};

/// A second derivative, and what is simplified in its place.
struct Instead {
    root: Ref,
    value: Ref,
    rule: Rule,
    /// The facts that their equality relies on.
    facts: BTreeSet<usize>,
}

/// What stands for roots, by their nodes.
#[derive(Default)]
pub(super) struct Taken(BTreeMap<NodeId, Instead>);

impl Search<'_> {
    /// For each second derivative what is simplified in its place; `closed` are the first ones in closed form.
    pub(super) fn differentiated(
        &mut self,
        graph: &mut Graph,
        closed: &[Ref],
    ) -> Result<(Vec<Ref>, Taken), GraphError> {
        let roots = &self.subject.roots[self.subject.first..];
        let mut taken = Taken::default();
        for of in 0..closed.len() {
            self.differentiate(graph, of, closed, &mut taken)?;
        }
        let replaced = |root: &Ref| match taken.0.get(&root.node) {
            Some(instead) => instead.value.renamed(&instead.root.axes, &root.axes),
            None => root.clone(),
        };
        let values: Vec<Ref> = roots.iter().map(replaced).collect();
        values.iter().for_each(|value| self.samples.extend(graph, value.node));
        Ok((values, taken))
    }

    /// Says what stands for second derivatives in the end. How that was found, from values that nobody asked for, is left
    /// out.
    pub(super) fn finish(&mut self, graph: &Graph, taken: Taken) {
        for Instead { root, value, rule, mut facts } in taken.0.into_values() {
            facts.extend(self.facts_behind(graph, value.node));
            let after = self.replaced(&value);
            self.step(rule, &root, &after, facts.into_iter().collect());
        }
    }

    /// Differentiates one first derivative in closed form, and takes what has fewer operations than the chain rule's value.
    fn differentiate(
        &mut self,
        graph: &mut Graph,
        of: usize,
        closed: &[Ref],
        taken: &mut Taken,
    ) -> Result<(), GraphError> {
        let first = &self.subject.roots[of];
        let all = self.subject.second.iter().zip(&self.subject.roots[self.subject.first..]);
        let own: Vec<(&Second, &Ref)> = all
            .filter(|(second, root)| {
                // One that is mirrored is the same node, and may be taken from the other first derivative.
                let whole = root.distinct_axes().len() == root.axes.len() && !is_leaf(graph, root.node);
                second.of == of && whole && !taken.0.contains_key(&root.node)
            })
            .collect();
        let Some((Second { inner, output, .. }, _)) = own.first().filter(|_| *first != closed[of]) else {
            return Ok(());
        };
        let by: Vec<NodeId> = own.iter().map(|(second, _)| second.by).collect();
        let derivative = Derivative { value: closed[of].clone(), axes: inner.clone() };
        // The output's derivatives are known: they are the first ones.
        let beside = own
            .iter()
            .map(|(second, _)| Derivative { value: closed[second.beside].clone(), axes: second.outer.clone() });
        let known = Known { node: *output, derivatives: beside.collect() };
        let derivatives = jacobian_with(graph, &derivative, &by, Some(known))?;
        let facts = self.facts_behind(graph, first.node);
        let forward = graph.live(self.subject.outputs.iter().copied());
        let mut known = HashMap::new();
        for ((second, root), mut derivative) in own.into_iter().zip(derivatives) {
            // Where the first derivatives are shown without conventions, so are the second ones.
            if !self.has_conventions(graph, root) {
                derivative.value = without_conventions(graph, &derivative.value, &forward, &mut known)?;
            }
            if second.of == second.beside {
                let (rows, columns) = derivative.axes.split_at(second.inner.len());
                derivative.value = symmetric(graph, &derivative.value, rows, columns)?;
            }
            let value = derivative.value.renamed(&derivative.axes, &second.axes);
            let fits = value.axes.iter().all(|axis| root.axes.contains(axis));
            let count = |node: NodeId| self.opened(graph, node, false).len();
            if !fits || count(value.node) >= count(root.node) || !self.stays_defined(graph, root.node, value.node) {
                continue;
            }
            let why = if self.stays_true(graph, &facts, second.by) {
                let beside = self.facts_behind(graph, self.subject.roots[second.beside].node);
                Some((Rule::Differentiated, facts.union(&beside).copied().collect()))
            } else {
                self.proves_same(graph, root, &value).map(|facts| (Rule::Canonical, facts))
            };
            if let Some((rule, facts)) = why {
                taken.0.insert(root.node, Instead { root: root.clone(), value, rule, facts });
            }
        }
        Ok(())
    }

    /// Whether a derivative is written with what is zero by convention.
    fn has_conventions(&self, graph: &Graph, root: &Ref) -> bool {
        let live = graph.live([root.node]);
        graph.nodes().any(|node| live[node.index()] && is_convention(graph, node))
    }

    /// Whether proofs that rely on facts hold for the derivatives by an input, too.
    fn stays_true(&self, graph: &Graph, facts: &BTreeSet<usize>, by: NodeId) -> bool {
        let pins = |meaning: &Meaning| match meaning {
            Meaning::Equal(left, right) => graph.live([left.node, right.node])[by.index()],
            // Signs are used strictly, so they hold around every point where they hold.
            Meaning::Greater(..) | Meaning::AtLeast(..) | Meaning::Different(..) => false,
            Meaning::Never | Meaning::Other => true,
        };
        let claims = self.subject.facts.iter().filter(|claim| facts.contains(&claim.fact));
        !self.rough.get() && !claims.into_iter().any(|claim| pins(&claim.meaning))
    }

    /// The facts by which canonical terms prove two values equal, if they do.
    fn proves_same(&self, graph: &Graph, left: &Ref, right: &Ref) -> Option<BTreeSet<usize>> {
        if self.work.get() > MOST_PROVING {
            return None;
        }
        let mut field = Field::new(graph, BTreeSet::new(), &[]);
        let terms = field.term(left).and_then(|left| Some((left, field.term(right)?)));
        self.work.set(self.work.get() + field.work());
        let (left, right) = terms?;
        field.proves_equal(&left, &right).then(BTreeSet::new)
    }
}
