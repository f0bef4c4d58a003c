//! Forms in canonical order: a value written out again from its canonical term, where that is cheaper.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Rule;
use super::candidate::fewest;
use super::leaves::factors;
use super::plan::{Plan, realise};
use super::sample::is_defined_at_zeros;
use super::search::{MOST_COST, MOST_OPENED, MOST_PROVING, Search, is_leaf};
use crate::algebra::quotient::{Field, Term};
use crate::facts::Claim;
use crate::graph::{Axis, Graph, GraphError, NodeId, Operation, Ref};
use crate::number::Number;
use crate::operators::{Kind, Notation, Operator};

/// How many values are written in canonical form.
pub(super) const MOST_TIDIED: usize = 24;

/// How much work a term may be that is to be written out: see [`Field::work`]. Those that are much have no short form.
const MOST_WORK: usize = 600;

/// How long a form is: what counts most comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Size {
    /// Its operations; the sign of a number is one.
    pub(super) operations: usize,
    /// How often it refers to what is there.
    pub(super) references: usize,
    pub(super) quotients: usize,
    /// The numbers that it states, whole exponents apart.
    pub(super) numbers: usize,
}

/// What a value is a formula over, and which facts may be used.
pub(super) type View<'a> = (BTreeSet<NodeId>, &'a [Claim]);

/// The same, and what stands for nodes, over labels for their slots.
type Standing<'a> = (BTreeSet<NodeId>, &'a [Claim], BTreeMap<NodeId, (Vec<Axis>, Ref)>);

impl<'a> Search<'a> {
    /// Writes what stands for a node in canonical form, if that is cheaper.
    pub(super) fn tidy(&mut self, graph: &mut Graph, node: NodeId) -> Result<(), GraphError> {
        let Some((axes, before)) = self.found.get(&node).cloned() else { return Ok(()) };
        if !self.is_worth_tidying(graph, before.node) || !self.tried.insert(before.node) {
            return Ok(());
        }
        self.tidied += 1;
        let chained = self.chained(graph, &before)?;
        let mut best = (self.size(graph, chained.node), None);
        let mut plans: Vec<Plan> = Vec::new();
        for (opaque, facts, standing) in self.all_views(graph, before.node)? {
            let (plan, used, rough) = {
                let mut field = Field::new(graph, opaque.clone(), facts).within(MOST_WORK).writing(self.digits.clone());
                field.standing = standing;
                let term = field.term(&before);
                let plan = term.as_ref().and_then(|term| field.plan(term));
                self.work.set(self.work.get() + field.work());
                match plan {
                    Some(plan) => (plan, field.facts.used().clone(), field.is_rough()),
                    None => continue,
                }
            };
            // What comes out of two views alike is looked at once.
            if plans.contains(&plan) {
                continue;
            }
            let after = realise(graph, &plan, &mut HashMap::new(), &|node| self.is_forward(node))?;
            plans.push(plan);
            let after = self.chained(graph, &after)?;
            let size = self.size(graph, after.node);
            let shorter = size.operations < best.0.operations && self.result == Some(node);
            // A fact is worth an operation.
            let fewer = if BTreeSet::is_empty(&used) { size < best.0 } else { size.operations < best.0.operations };
            let cheaper = fewer && !self.is_more_work(graph, before.node, after.node, shorter);
            if cheaper
                && self.divides_by_the_same(graph, &before, &after)
                && self.stays_defined(graph, before.node, after.node)
            {
                best = (size, Some((after, used, rough, opaque)));
            }
        }
        if let (_, Some((after, used, rough, opaque))) = best {
            let facts = match BTreeSet::is_empty(&used) {
                true => Some(used),
                false => fewest(self.subject.facts, used, |fewer| {
                    let mut field = Field::new(graph, opaque.clone(), fewer);
                    let terms = field.term(&before).zip(field.term(&after));
                    let proven = terms.is_some_and(|(before, after)| field.proves_equal(&before, &after));
                    self.work.set(self.work.get() + field.work());
                    proven
                }),
            };
            let Some(facts) = facts else { return Ok(()) };
            self.rough.set(self.rough.get() || rough);
            self.step(Rule::Canonical, &before, &after, facts.into_iter().collect());
            self.found.insert(node, (axes, after));
        }
        Ok(())
    }

    fn is_worth_tidying(&self, graph: &Graph, node: NodeId) -> bool {
        let own = self.opened_up_to(graph, node, false, MOST_COST).len();
        self.work.get() <= MOST_PROVING
            && (2..=MOST_COST).contains(&own)
            && graph.kind(node) == Kind::Number
            && self.tidied < MOST_TIDIED
            // Its entries have their own forms.
            && !graph.states_entry(node)
    }

    /// Whether a form computes more than another: more values that run over three axes, over two, ... A sum over two axes at
    /// once may be shorter than two sums one after the other, and yet be far more work. In a shorter form of a result, what
    /// runs over no more axes than the result does not count.
    pub(super) fn is_more_work(&self, graph: &Graph, before: NodeId, after: NodeId, shorter: bool) -> bool {
        let least = if shorter { graph.shape(before).len() + 1 } else { 0 };
        let work = |node: NodeId| {
            let opened = self.opened(graph, node, true);
            let ranks = opened.iter().map(|node| graph.local_dims(*node).len());
            let counted = ranks.filter(|rank| *rank >= least);
            counted.map(|rank| 1_u64 << (4 * rank.min(12))).fold(0, u64::saturating_add)
        };
        work(after) > work(before)
    }

    /// How long a form is.
    pub(super) fn size(&self, graph: &Graph, node: NodeId) -> Size {
        let own = self.opened(graph, node, false);
        let operands = own.iter().flat_map(|node| {
            let power = graph.as_operator(*node) == Some(Operator::Power);
            let whole = |node: NodeId| graph.as_constant(node).is_some_and(|number| number.to_integer().is_some());
            let read = graph.operands(*node).map(|operand| operand.node).enumerate();
            read.filter(move |(place, node)| !(power && *place == 1 && whole(*node))).map(|(_, node)| node)
        });
        let outside = operands.filter(|node| !own.contains(*node));
        let (numbers, refers): (Vec<NodeId>, Vec<NodeId>) =
            outside.partition(|node| graph.as_constant(*node).is_some());
        let negative = |node: &&NodeId| graph.as_constant(**node).is_some_and(Number::is_negative);
        let signs = numbers.iter().filter(negative).count();
        let divides = |node: &&NodeId| graph.as_operator(**node) == Some(Operator::Divide);
        Size {
            operations: self.opened(graph, node, true).len() + signs,
            references: refers.len(),
            quotients: own.iter().filter(divides).count(),
            numbers: numbers.len(),
        }
    }

    /// The views of a value, and one more in which a dividend is what a named quotient is of it: where `z` is `c/s`, what
    /// reads `c` may be written in `z`.
    fn all_views(&self, graph: &mut Graph, root: NodeId) -> Result<Vec<Standing<'a>>, GraphError> {
        let views = self.views(graph, root).into_iter();
        let mut all: Vec<Standing<'a>> = views.map(|(opaque, facts)| (opaque, facts, BTreeMap::new())).collect();
        let read = graph.live([root]);
        let mut standing = BTreeMap::new();
        for node in self.named.iter().copied().filter(|node| read[node.index()]) {
            if graph.as_operator(node) != Some(Operator::Divide) || !self.is_forward(node) {
                continue;
            }
            let labels = graph.local_axes(node);
            let [above, below] = &graph.operand_refs(node, &labels)[..] else { continue };
            let whole = above.axes.len() == labels.len() && above.distinct_axes().len() == labels.len();
            if whole && read[above.node.index()] && graph.as_constant(above.node).is_none() {
                let product = graph.apply(Operator::Multiply, &[Ref { node, axes: labels }, below.clone()])?;
                standing.entry(above.node).or_insert((above.axes.clone(), product));
            }
        }
        if !standing.is_empty() {
            let opaque = self.named.union(&self.free).copied();
            let opaque = opaque.filter(|node| *node != root && !standing.contains_key(node)).collect();
            all.push((opaque, &[], standing));
        }
        Ok(all)
    }

    /// What a value is a formula over: the forward values that it reads; those of them that are sums, so that they are not
    /// taken apart; those with a name; the inputs. And which facts may be used.
    pub(super) fn views(&self, graph: &Graph, root: NodeId) -> Vec<View<'a>> {
        let read = self.frontier(graph, root);
        let (mut sums, mut pending, mut seen) = (BTreeSet::new(), Vec::from_iter(read.clone()), BTreeSet::new());
        while let Some(node) = pending.pop() {
            let sum = matches!(
                graph.operation(node),
                Operation::Apply(Operator::Add | Operator::Subtract | Operator::Select)
                    | Operation::Sum(_)
                    | Operation::Max(_)
                    | Operation::Prod(_)
            );
            if sum || self.named.contains(&node) || self.free.contains(&node) {
                sums.insert(node);
            } else if seen.insert(node) && seen.len() <= MOST_OPENED {
                pending.extend(graph.operands(node).map(|operand| operand.node).filter(|node| !is_leaf(graph, *node)));
            }
        }
        let named = self.named.union(&self.free).copied().filter(|node| *node != root).collect();
        let small = self.opened_up_to(graph, root, true, MOST_COST).len() <= MOST_COST;
        let mut views: Vec<View<'a>> = Vec::new();
        let plain =
            sums.iter().copied().filter(|node| !self.free.contains(node) || self.named.contains(node)).collect();
        for opaque in [read.clone(), sums, named, plain, BTreeSet::new()].into_iter().take(if small { 5 } else { 2 }) {
            let met = met(graph, root, opaque);
            if views.iter().all(|(other, _)| *other != met) {
                views.push((met, &[]));
            }
        }
        if !self.subject.facts.is_empty() {
            views.push((read, self.subject.facts));
        }
        views
    }

    /// Whether a form is a number at zeros of the inputs wherever a value is: algebra makes quotients of powers and signs,
    /// which are 0/0 there.
    pub(super) fn stays_defined(&self, graph: &Graph, before: NodeId, after: NodeId) -> bool {
        is_defined_at_zeros(graph, [before, after], self.subject.outputs, self.subject.facts)
    }

    /// Whether a form divides only by products of what another divides by outside of branches, numbers and sizes.
    pub(super) fn divides_by_the_same(&mut self, graph: &mut Graph, before: &Ref, after: &Ref) -> bool {
        let (Some(old), Some(new)) = (self.cone(graph, before), self.cone(graph, after)) else { return false };
        let allowed = factors(graph, old.divides);
        let stated = |node: &NodeId| match graph.operation(*node) {
            Operation::Size(_) | Operation::Constant(_) => true,
            Operation::Apply(operator) => operator.row().notation == Notation::Name,
            _ => false,
        };
        let (divisors, mut asked) = (new.divides, BTreeSet::new());
        for node in divisors {
            let mut pending = vec![node];
            while let Some(next) = pending.pop() {
                match graph.as_operator(next) {
                    _ if stated(&next) || allowed.contains(&next) => {}
                    Some(Operator::Multiply | Operator::Negate) => {
                        pending.extend(graph.operands(next).map(|operand| operand.node));
                    }
                    Some(Operator::Power) => pending.extend(graph.operands(next).take(1).map(|operand| operand.node)),
                    _ => drop(asked.insert(next)),
                }
            }
        }
        asked.is_empty() || (new.branches == old.branches && self.are_products(graph, &asked, &allowed))
    }

    /// Whether each scalar is a product of others, by algebra.
    fn are_products(&self, graph: &Graph, asked: &BTreeSet<NodeId>, allowed: &BTreeSet<NodeId>) -> bool {
        let scalar = |node: &NodeId| graph.shape(*node).is_empty();
        if !asked.iter().all(scalar) {
            return false;
        }
        let mut field = Field::new(graph, BTreeSet::new(), &[]);
        let use_of = |node: &NodeId| Ref { node: *node, axes: Vec::new() };
        let factors: Vec<Term> =
            allowed.iter().filter(|node| scalar(node)).filter_map(|node| field.term(&use_of(node))).collect();
        asked.iter().all(|node| field.term(&use_of(node)).is_some_and(|term| field.is_product_of(term, &factors)))
    }

    /// The forward values, and what costs nothing, that a value reads.
    pub(super) fn frontier(&self, graph: &Graph, root: NodeId) -> BTreeSet<NodeId> {
        let (mut frontier, mut seen, mut pending) = (BTreeSet::new(), BTreeSet::new(), vec![root]);
        while let Some(next) = pending.pop() {
            if self.is_forward(next) || (self.free.contains(&next) && next != root) {
                if !is_leaf(graph, next) {
                    frontier.insert(next);
                }
            } else if seen.insert(next) {
                pending.extend(graph.operands(next).map(|operand| operand.node));
            }
        }
        frontier
    }
}

/// Which of some nodes one meets first on the way down from a node: the others stand behind these. All, if that is a long way.
fn met(graph: &Graph, root: NodeId, nodes: BTreeSet<NodeId>) -> BTreeSet<NodeId> {
    let (mut met, mut seen, mut pending) = (BTreeSet::new(), BTreeSet::new(), vec![root]);
    while let Some(next) = pending.pop() {
        if nodes.contains(&next) {
            met.insert(next);
        } else if seen.insert(next) {
            pending.extend(graph.operands(next).map(|operand| operand.node));
        }
        if seen.len() > MOST_OPENED {
            return nodes;
        }
    }
    met
}
