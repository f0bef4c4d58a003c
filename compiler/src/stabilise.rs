//! Trustworthy forms: what is evaluated and emitted, rewritten where it would overflow or cancel.
//!
//! In: a graph and the values that are wanted of it. Out: values that are equal by exact algebra, and accurate over the
//! whole range of the float type. The running error bound of every node at sample points that reach to the ends of the
//! range (`profile`) tells which nodes are in danger; their exact terms (`algebra`) are written in other forms
//! (`form`), and a form is taken only if its bound is far lower somewhere and not higher anywhere. What is accurate stays
//! as it was written. No rule knows a composite.
//!
//! The work is bounded by counts, and a graph without functions that grow or cancel is left alone at once. Every
//! replacement is in the graph's log.

mod arrays;
mod atoms;
mod cases;
mod choice;
mod cone;
mod exponentials;
mod form;
mod hoist;
mod judge;
mod knowledge;
mod lengths;
mod plain;
pub(crate) mod profile;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use crate::graph::{Graph, GraphError, NodeId, Ref};
use crate::operators::Operator;
use atoms::Atoms;
use cases::Case;
use form::Writer;
use judge::{Judged, Score};
use knowledge::Knowledge;
use profile::{POINTS, Profiles, Range};

use crate::algebra::factored::Algebra;
use crate::algebra::hash::QuickMap;

/// Longer formulas are left as they are.
const MOST_NODES: usize = 1_500;
/// For so many nodes, forms over the arguments of functions are tried: the first roots come first.
const MOST_ATOMS: usize = 24;
/// How much work all forms may be.
const MOST_WORK: usize = 20_000;
/// Longer terms are left as they are.
const MOST_TERMS: usize = 64;
/// For so many nodes, other forms are tried.
const MOST_SEARCHES: usize = 24;
/// So many conditions are told apart at once.
const MOST_CASES: usize = 3;

/// What is wanted: a value, and another form of it that is known to be equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The value as written, or as the chain rule gives it.
    pub value: Ref,
    /// Its closed form; the value itself where there is none.
    pub closed: Ref,
}

/// The roots in a trustworthy form; each is a use over some of the same axes. The first `outputs` are a function's values:
/// where those are not defined, nothing counts. What is evaluated of a scalar is told at `Pass::chosen`; of an array it is
/// the closed form's. `known` are the forms of the first roots, if these were found before and are of numbers; `facts` are
/// conditions that hold in every call.
///
/// # Errors
/// [`GraphError::TooLarge`]
pub fn stabilise(
    graph: &mut Graph,
    roots: &[Root],
    outputs: usize,
    known: Vec<Ref>,
    facts: &[NodeId],
) -> Result<Vec<Ref>, GraphError> {
    let live = graph.live(roots.iter().flat_map(|root| [root.value.node, root.closed.node]));
    let nodes: Vec<NodeId> = graph.nodes().filter(|node| live[node.index()]).collect();
    let arrays = nodes.iter().any(|node| !graph.local_dims(*node).is_empty());
    let as_given = roots.iter().map(|root| if arrays { root.closed.clone() } else { root.value.clone() }).collect();
    // A sum of squares that something is divided by is only looked at over axes.
    let divides = |node: &NodeId| arrays && graph.as_operator(*node) == Some(Operator::Divide);
    let delicate = |node: &NodeId| graph.as_operator(*node).is_some_and(is_delicate) || divides(node);
    if nodes.len() > MOST_NODES || !nodes.iter().any(delicate) {
        return Ok(as_given);
    }
    if arrays {
        return arrays::stabilise(graph, &as_given);
    }
    let mut pass = Pass::new(graph, HashMap::new());
    pass.hold(graph, facts);
    pass.leave_out_undefined(graph, roots, outputs);
    pass.elsewhere = pass.where_infinite(graph, &roots[..outputs.min(roots.len())]);
    let given = known.len();
    let forms = pass.all(graph, roots, known)?;
    let forms = pass.with_fast_paths(graph, roots, forms, given)?;
    hoist::hoisted(graph, forms)
}

/// The same for a graph without arrays, about whose inputs something may be known.
fn scalars(
    graph: &mut Graph,
    roots: &[Root],
    outputs: usize,
    ranges: HashMap<NodeId, Range>,
) -> Result<Vec<Ref>, GraphError> {
    Pass::of(graph, roots, outputs, ranges).all(graph, roots, Vec::new())
}

impl Pass {
    fn of(graph: &Graph, roots: &[Root], outputs: usize, ranges: HashMap<NodeId, Range>) -> Self {
        let mut pass = Self::new(graph, ranges);
        pass.leave_out_undefined(graph, roots, outputs);
        pass
    }

    fn new(graph: &Graph, ranges: HashMap<NodeId, Range>) -> Self {
        let (knowledge, algebra) = Knowledge::new(&ranges);
        let equates = |(node, range): (&NodeId, &Range)| match range {
            Range::Equates(pairs) => Some((*node, pairs.clone())),
            _ => None,
        };
        let equal = ranges.iter().filter_map(equates).collect();
        let in_pieces = ranges.values().any(Range::tells_of_others);
        let mut pass = Pass {
            delicate: Vec::new(),
            made: Vec::new(),
            profiles: Profiles::new(graph, ranges),
            algebra,
            knowledge,
            searches: 0,
            work: 0,
            tried: QuickMap::default(),
            outside: vec![false; POINTS],
            elsewhere: Vec::new(),
            is_over_atoms: false,
            judged: QuickMap::default(),
            better: QuickMap::default(),
            sizes: QuickMap::default(),
            equal,
            atoms: 0,
            rooms: Vec::new(),
            in_pieces,
        };
        pass.look_at(graph);
        pass
    }

    /// Takes note of the nodes that were added to a graph.
    fn look_at(&mut self, graph: &Graph) {
        self.made.resize(graph.len(), None);
        for node in graph.nodes().skip(self.delicate.len()) {
            let own = graph.as_operator(node).is_some_and(|op| is_delicate(op) || op == Operator::Divide);
            let below = graph.operands(node).any(|operand| self.delicate[operand.node.index()]);
            self.delicate.push(own || below);
        }
    }

    fn all(&mut self, graph: &mut Graph, roots: &[Root], known: Vec<Ref>) -> Result<Vec<Ref>, GraphError> {
        let mut forms = known;
        for root in &roots[forms.len().min(roots.len())..] {
            let form = self.chosen(graph, root, &forms)?;
            forms.push(form);
        }
        Ok(forms)
    }
}

/// Whether an operator may overflow, or cancel with a number beside it, in a way that algebra knows how to avoid.
fn is_delicate(operator: Operator) -> bool {
    operator.row().law.is_delicate()
}

struct Pass {
    /// Whether a node of the original graph depends on something delicate.
    delicate: Vec<bool>,
    /// What stands for each node of the original graph.
    made: Vec<Option<NodeId>>,
    profiles: Profiles,
    algebra: Algebra,
    knowledge: Knowledge,
    /// How many nodes other forms were tried for, for one root.
    searches: usize,
    /// How much was written for all roots.
    work: usize,
    tried: QuickMap<NodeId, Vec<NodeId>>,
    /// The points where the function is not defined.
    outside: Vec<bool>,
    /// Of the other points, those where the function is infinite.
    elsewhere: Vec<bool>,
    /// Whether the function is a part of another one: what counts is where the parts are defined.
    is_over_atoms: bool,
    judged: QuickMap<NodeId, Rc<[Judged]>>,
    /// Of two nodes, whether the first one is more accurate: asked when a form is written, and when the best one is chosen.
    better: QuickMap<(NodeId, NodeId), bool>,
    sizes: QuickMap<NodeId, usize>,
    /// What is equal where a condition holds.
    equal: HashMap<NodeId, Vec<(NodeId, NodeId)>>,
    /// Whether values are known by what they are made of, as sums in pieces are: over arguments that would be lost.
    in_pieces: bool,
    /// How many formulas were looked at over the arguments of their functions.
    atoms: usize,
    /// Formulas over the same arguments, with what was found of them.
    rooms: Vec<(Atoms, Pass)>,
}

impl Pass {
    fn root(&mut self, graph: &mut Graph, root: &Ref) -> Result<Ref, GraphError> {
        if !root.axes.is_empty() {
            return Ok(root.clone());
        }
        self.searches = 0;
        let mut touched = Vec::new();
        let mut pending = vec![(root.node, false)];
        while let Some((node, opened)) = pending.pop() {
            if self.made[node.index()].is_some() {
                continue;
            }
            let scalar = graph.as_operator(node).is_some() && graph.local_dims(node).is_empty();
            let made = if !scalar || !self.delicate[node.index()] || self.is_fine(graph, node) {
                Some(node)
            } else if opened {
                Some(self.rebuilt(graph, node)?)
            } else {
                // Arguments and conditions first.
                let arguments = if self.in_pieces { BTreeSet::new() } else { Atoms::arguments(graph, node) };
                let conditions = cases::comparisons(graph, node);
                let missing = arguments.iter().chain(&conditions).filter(|other| self.made[other.index()].is_none());
                let missing: Vec<NodeId> = missing.copied().filter(|other| *other != node).collect();
                if !missing.is_empty() && self.atoms < MOST_ATOMS {
                    pending.push((node, false));
                    pending.extend(missing.into_iter().map(|other| (other, false)));
                    continue;
                }
                let conditions = conditions.into_iter().filter(|condition| *condition != node);
                let conditions: Vec<(NodeId, NodeId)> =
                    conditions.filter_map(|own| Some((own, self.made[own.index()]?))).collect();
                let decided = cases::with_conditions(graph, node, &conditions)?;
                match self.over_atoms(graph, decided, &arguments)? {
                    Some((made, _)) if self.is_fine_where_finite(graph, made) => Some(made),
                    other => {
                        let made = self.at_once(graph, decided);
                        match (made, other) {
                            (None, Some((made, is_fine))) => {
                                // What is accurate whatever the arguments are may still lose what is known of them: one
                                // form of many.
                                let mut forms = self.forms(graph, node);
                                forms.push(made);
                                self.tried.insert(node, forms.clone());
                                if is_fine { self.best(graph, &forms, node, false) } else { None }
                            }
                            (made, _) => made,
                        }
                    }
                }
            };
            if self.searches > MOST_SEARCHES {
                // All or nothing, so that a root's form does not depend on the others.
                touched.iter().for_each(|node: &NodeId| self.made[node.index()] = None);
                return Ok(root.clone());
            }
            if let Some(made) = made {
                self.made[node.index()] = Some(made);
                touched.push(node);
                continue;
            }
            pending.push((node, true));
            pending.extend(graph.operands(node).map(|operand| (operand.node, false)));
        }
        Ok(Ref { node: self.made[root.node.index()].unwrap_or(root.node), axes: Vec::new() })
    }

    /// A form over the arguments of functions, whatever these are, and whether that is accurate; `None` if there is none that
    /// is more accurate.
    fn over_atoms(
        &mut self,
        graph: &mut Graph,
        node: NodeId,
        arguments: &BTreeSet<NodeId>,
    ) -> Result<Option<(NodeId, bool)>, GraphError> {
        if arguments.is_empty() || self.atoms >= MOST_ATOMS {
            return Ok(None);
        }
        self.atoms += 1;
        let known = |(atoms, _): &(Atoms, Pass)| atoms.known(node).is_some() || atoms.is_of(arguments);
        let place = self.rooms.iter().position(known).unwrap_or(self.rooms.len());
        let (mut atoms, mut pass) = if place < self.rooms.len() {
            self.rooms.swap_remove(place)
        } else {
            let atoms = Atoms::new(graph, arguments.clone());
            let pass = Self { is_over_atoms: true, ..Self::new(&atoms.graph, HashMap::new()) };
            (atoms, pass)
        };
        let root = atoms.add(graph, node)?;
        self.tell(graph, &atoms, &mut pass);
        let form = pass.root(&mut atoms.graph, &Ref { node: root, axes: Vec::new() })?.node;
        let is_fine = pass.is_fine_where_finite(&atoms.graph, form);
        graph.set_span(graph.span(node));
        let made = |argument: NodeId| self.made.get(argument.index()).copied().flatten().unwrap_or(argument);
        let value = if form == root { None } else { Some(atoms.back(form, graph, made)?) };
        self.rooms.push((atoms, pass));
        let Some(value) = value.filter(|value| self.is_better(graph, *value, node, false)) else { return Ok(None) };
        Self::record(graph, node, value);
        Ok(Some((value, is_fine)))
    }

    /// What is known of the arguments that inputs of another graph stand for.
    fn tell(&mut self, graph: &Graph, atoms: &Atoms, pass: &mut Pass) {
        pass.look_at(&atoms.graph);
        for (input, source) in atoms.sources() {
            let range = atoms::range(graph, source);
            if range == Some(Range::NotNegative) {
                pass.algebra.not_negative.insert(input);
            }
            let points = self.profiles.of(graph, source).unwrap_or_default();
            let reaches = |end: f64| points.iter().any(|point| point.value == end);
            pass.profiles.know(input, range, [reaches(f64::NEG_INFINITY), reaches(f64::INFINITY)]);
        }
    }

    /// A form of a node that is fine, whatever becomes of its operands.
    fn at_once(&mut self, graph: &mut Graph, node: NodeId) -> Option<NodeId> {
        graph.set_span(graph.span(node));
        let forms = self.forms(graph, node);
        let best = self.best(graph, &forms, node, false)?;
        if !self.is_fine_where_finite(graph, best) {
            return None;
        }
        Self::record(graph, node, best);
        Some(best)
    }

    /// A node over the new operands, or a form that is better.
    fn rebuilt(&mut self, graph: &mut Graph, node: NodeId) -> Result<NodeId, GraphError> {
        let Some(operator) = graph.as_operator(node) else { return Ok(node) };
        graph.set_span(graph.span(node));
        let operands: Vec<Ref> = graph
            .operands(node)
            .map(|operand| Ref { node: self.made[operand.node.index()].unwrap_or(operand.node), axes: Vec::new() })
            .collect();
        let rebuilt = graph.apply(operator, &operands)?.node;
        if self.profiles.of(graph, rebuilt).is_none() {
            return Ok(rebuilt);
        }
        let forms = self.forms(graph, node);
        let best = self.best(graph, &forms, rebuilt, rebuilt != node);
        if let Some(best) = best {
            Self::record(graph, node, best);
        }
        Ok(best.unwrap_or(rebuilt))
    }

    fn record(graph: &mut Graph, node: NodeId, form: NodeId) {
        let before = graph.operation(node);
        let old: Vec<Ref> = graph.operands(node).map(|old| Ref { node: old.node, axes: Vec::new() }).collect();
        graph.record("stabilise", before, &old, &Ref { node: form, axes: Vec::new() }, None);
    }

    /// The best of some forms, if one is better than another node.
    fn best(&mut self, graph: &Graph, forms: &[NodeId], other: NodeId, smaller: bool) -> Option<NodeId> {
        let mut best: Option<(Score, NodeId)> = None;
        for form in forms {
            if *form != other && self.is_better(graph, *form, other, smaller) {
                let score = self.score(graph, *form);
                if best.is_none_or(|(least, _)| score < least) {
                    best = Some((score, *form));
                }
            }
        }
        best.map(|(_, form)| form)
    }

    /// Other forms of a node.
    fn forms(&mut self, graph: &mut Graph, node: NodeId) -> Vec<NodeId> {
        if let Some(forms) = self.tried.get(&node) {
            return forms.clone();
        }
        self.searches += 1;
        let mut forms = self.written(graph, node);
        forms.extend(self.by_cases(graph, node, MOST_CASES));
        let elsewhere = self.best(graph, &forms, node, false).unwrap_or(node);
        forms.extend(self.with_tail(graph, node, elsewhere));
        forms.sort_unstable();
        forms.dedup();
        self.tried.insert(node, forms.clone());
        forms
    }

    /// A node that computes with an `if` as an `if` of two nodes, each in its own form.
    fn by_cases(&mut self, graph: &mut Graph, node: NodeId, most: usize) -> Option<NodeId> {
        let condition = cases::condition(graph, node).filter(|_| most > 0)?;
        let mut sides = Vec::new();
        for holds in [true, false] {
            let equal = self.equal.get(&condition).map_or(&[][..], Vec::as_slice);
            let side = cases::given(graph, node, &Case { condition, holds, equal })?;
            let mut forms = self.written(graph, side);
            forms.extend(self.by_cases(graph, side, most - 1));
            sides.push(self.best(graph, &forms, side, false).unwrap_or(side));
        }
        let operands = [condition, sides[0], sides[1]].map(|node| Ref { node, axes: Vec::new() });
        Some(graph.apply(Operator::Select, &operands).ok()?.node)
    }

    /// Forms by cases for what computes with a function far out in its tail, where that has a formula of its own.
    fn with_tail(&mut self, graph: &mut Graph, node: NodeId, elsewhere: NodeId) -> Vec<NodeId> {
        let Some(tail) = cases::in_the_tail(graph, node) else { return Vec::new() };
        let mut sides = self.written(graph, tail.value);
        sides.push(tail.value);
        let mut forms = Vec::new();
        for side in sides {
            let operands = [tail.condition, side, elsewhere].map(|node| Ref { node, axes: Vec::new() });
            forms.extend(graph.apply(Operator::Select, &operands).map(|form| form.node));
        }
        forms
    }

    /// The forms of a node's term.
    fn written(&mut self, graph: &mut Graph, node: NodeId) -> Vec<NodeId> {
        let term = self.algebra.term(graph, node);
        // Terms are expanded and compared on the way: the work grows with the square of their length.
        let length: usize = term.factors.iter().map(|(polynomial, _)| polynomial.len()).sum();
        if length > MOST_TERMS || self.work > MOST_WORK {
            return Vec::new();
        }
        self.work += 1 + length * length;
        let mut forms = Vec::new();
        // Whether a style could differ from the first one.
        let (exponential, root) = (self.algebra.has_exponential_factor(&term), self.algebra.has_root(&term));
        let mut near = None;
        for [guarded, paired] in [[false, false], [true, false], [false, true]] {
            if guarded && !exponential || paired && !root && !exponential {
                continue;
            }
            let mut writer =
                Writer { graph, algebra: &mut self.algebra, knowledge: &mut self.knowledge, guarded, paired };
            // The other styles are of products alone.
            let plainly = !guarded && !paired;
            if paired && !root {
                forms.extend(writer.dominated(&term));
                break;
            }
            if plainly {
                forms.extend(writer.with_one_exponential(node));
                near = writer.near_one(&term);
            }
            let dominated = writer.dominated(&term);
            let others = [writer.plain(&term), dominated, writer.shifted(&term)];
            let mut others: Vec<NodeId> = others.into_iter().flatten().collect();
            others.extend(writer.in_lengths(&term, node));
            others.extend(writer.with_lengths_in_logarithms(&term));
            others.extend(writer.in_terms(&term));
            forms.extend(writer.in_units(&term));
            let joined = near.map(|near| others.iter().filter_map(|far| writer.joined(near, *far)).collect::<Vec<_>>());
            forms.extend(others.iter().copied());
            forms.extend(near.map(|(node, _)| node));
            forms.extend(joined.into_iter().flatten());
            // Another style is for those that are not accurate in this one.
            if forms
                .iter()
                .any(|form| self.is_better(graph, *form, node, false) && self.is_fine_where_finite(graph, *form))
            {
                break;
            }
        }
        forms
    }

    /// How many operations a node needs.
    fn size(&mut self, graph: &Graph, node: NodeId) -> usize {
        *self.sizes.entry(node).or_insert_with(|| size(graph, node))
    }
}

/// How many operations a node needs.
fn size(graph: &Graph, node: NodeId) -> usize {
    let (mut seen, mut count, mut pending) = (vec![false; graph.len()], 0, vec![node]);
    while let Some(next) = pending.pop() {
        if !seen[next.index()] && graph.as_operator(next).is_some() {
            seen[next.index()] = true;
            count += 1;
            pending.extend(graph.operands(next).map(|operand| operand.node));
        }
    }
    count
}
