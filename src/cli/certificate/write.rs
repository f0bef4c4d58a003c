//! From a derivation to its certificate.

use std::collections::{HashMap, HashSet};

use chainrule_compiler::derive::{Derived, Request};
use chainrule_compiler::graph::{Axis, Dim, Graph, NodeId, Operation, Ref};
use chainrule_compiler::operators::{Notation, Operator};
use chainrule_compiler::parse::Shapes;
use chainrule_compiler::print::{Listing, Named, Style, expanded};
use chainrule_compiler::syntax::DimensionKind;

use super::{Certificate, Definition, Derivative, Differentiated, Fact, Output, Size, Step};
use crate::cli::verify::divisions;
use crate::cli::verify::nodes::Nodes;
use crate::cli::verify::problem::Problem;
use crate::cli::verify::replay::{DIFFERENTIATED, FOLDED, OPERANDS, Replay, UNLOGGED, needed};

/// Formulas for people show at most so many operations inside each other.
const MOST_NESTED: u32 = 40;
/// What is used more than once is written out at each use if it has at most so many operations.
const MOST_REPEATED: usize = 6;
/// What is the same along some of the axes where it is used is written out if that computes it at most so many times, all
/// its operations counted.
const MOST_WORK: u64 = 100_000;
/// What an axis of a named size counts.
const NAMED_SIZE: u64 = 3;

/// What was derived, and from what.
pub struct Subject<'a> {
    pub text: &'a str,
    pub shapes: &'a Shapes,
    pub request: &'a Request,
    pub derived: &'a Derived,
    /// In the language itself, with the names of the derivatives left out.
    pub listing: &'a Listing,
}

/// Writes a certificate.
///
/// # Errors
/// A derivation that its own checker cannot read: a fault of chainrule.
pub fn certificate(subject: &Subject) -> Result<Certificate, String> {
    let writer = Writer::new(subject);
    let mut certificate = writer.draft();
    settle_steps(&mut certificate)?;
    let divisions = divisions(&certificate)?;
    for (step, divides) in certificate.steps.iter_mut().zip(divisions) {
        step.divides = divides;
    }
    certificate.digest = certificate.expected_digest();
    Ok(certificate)
}

/// Gives steps the rule that the checker can replay, and leaves out what nothing relies on.
fn settle_steps(certificate: &mut Certificate) -> Result<(), String> {
    let problem = Problem::new(certificate)?;
    let nodes = Nodes::read(&certificate.nodes, &problem.shapes(), &HashSet::new())?;
    let mut replay = Replay::over(&certificate.derivatives, problem.pins());
    let mut steps: Vec<Step> = Vec::new();
    for step in std::mem::take(&mut certificate.steps) {
        let same = Step { rule: instead(&step.rule).into(), ..step.clone() };
        let mut ways = differentiating(&step, &certificate.derivatives);
        ways.extend([step, same]);
        steps.extend(ways.into_iter().find(|step| replay.add(&nodes, step).is_ok()));
    }
    for derivative in &certificate.derivatives {
        if replay.root(derivative).is_err() {
            let step = unlogged(derivative, certificate);
            replay.add(&nodes, &step)?;
            steps.push(step);
        }
    }
    certificate.steps = steps;
    loop {
        number(&mut certificate.steps);
        let mut needed = needed(&nodes, certificate, &problem)?.into_iter();
        let before = certificate.steps.len();
        certificate.steps.retain(|_| needed.next().unwrap_or(true));
        if certificate.steps.len() == before {
            break;
        }
    }
    for fact in &mut certificate.facts {
        fact.used = certificate.steps.iter().any(|step| step.facts.contains(&fact.text));
    }
    keep_read_nodes(certificate);
    Ok(())
}

/// The rule of a step that the checker cannot replay by its own.
fn instead(rule: &str) -> &str {
    match rule {
        OPERANDS => FOLDED,
        DIFFERENTIATED => UNLOGGED,
        other => other,
    }
}

/// What a step that differentiates may take: the checker says what it can replay.
fn differentiating(step: &Step, derivatives: &[Derivative]) -> Vec<Step> {
    if step.rule != DIFFERENTIATED {
        return Vec::new();
    }
    let numbered = || derivatives.iter().zip(1..);
    let pairs = numbered().flat_map(|(second, hessian)| {
        numbered()
            .filter(|(first, _)| first.wrt.len() == 1 && first.of == second.of && second.wrt.contains(&first.wrt[0]))
            .map(move |(_, gradient)| Differentiated { gradient, hessian })
    });
    pairs.map(|pair| Step { differentiates: Some(pair), ..step.clone() }).collect()
}

fn number(steps: &mut [Step]) {
    for (step, number) in steps.iter_mut().zip(1..) {
        step.number = number;
    }
}

fn unlogged(derivative: &Derivative, certificate: &Certificate) -> Step {
    Step {
        number: 0,
        rule: UNLOGGED.into(),
        indices: derivative.indices.clone(),
        before: derivative.chain_rule.clone(),
        after: derivative.closed.clone(),
        from: derivative.chain_rule.clone(),
        to: derivative.closed.clone(),
        facts: certificate.facts.iter().filter(|fact| fact.used).map(|fact| fact.text.clone()).collect(),
        divides: Vec::new(),
        differentiates: None,
    }
}

/// Leaves out the nodes that no output, derivative or step needs.
fn keep_read_nodes(certificate: &mut Certificate) {
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned).collect()
    };
    let steps = certificate.steps.iter().flat_map(|step| [&step.before, &step.after, &step.from, &step.to]);
    let roots = certificate.derivatives.iter().flat_map(|entry| [&entry.chain_rule, &entry.closed]);
    let outputs = certificate.outputs.iter().map(|output| &output.value);
    let mut read: HashSet<String> = steps.chain(roots).chain(outputs).flat_map(|text| words(text)).collect();
    for node in certificate.nodes.iter().rev() {
        if read.contains(&node.name) {
            read.extend(words(&node.formula));
        }
    }
    certificate.nodes.retain(|node| read.contains(&node.name));
}

struct Writer<'a> {
    subject: &'a Subject<'a>,
    graph: &'a Graph,
    /// The names of nodes that are operations.
    names: HashMap<NodeId, String>,
    /// Names that an index must not take.
    taken: HashSet<String>,
    /// What formulas for people call by name.
    shown: Vec<Named>,
}

impl<'a> Writer<'a> {
    fn new(subject: &'a Subject<'a>) -> Self {
        let graph = &subject.derived.function.graph;
        let mut taken: HashSet<String> = graph.inputs().iter().map(|input| input.name.clone()).collect();
        let dims = graph.inputs().iter().flat_map(|input| &input.shape);
        taken.extend(dims.map(|dim| graph.dim_text(*dim)));
        taken.extend(subject.derived.output_names.iter().cloned());
        let mut writer = Self { subject, graph, names: HashMap::new(), taken, shown: Vec::new() };
        let live = graph.live(writer.roots());
        let prefix = writer.free_prefix();
        for node in graph.nodes().filter(|node| live[node.index()] && !is_leaf(graph, *node)) {
            let name = format!("{prefix}{}", writer.names.len() + 1);
            writer.taken.insert(name.clone());
            writer.names.insert(node, name);
        }
        writer.shown = writer.shown_by_name(&live);
        writer
    }

    fn roots(&self) -> Vec<NodeId> {
        let derived = self.subject.derived;
        let outputs = derived.function.outputs.iter().map(|output| output.value.node);
        let raw = derived.shown.iter().map(|value| value.node);
        let closed = derived.closed.iter().map(|value| value.node);
        let steps = derived.steps.iter().flat_map(|step| [step.before.node, step.after.node]);
        outputs.chain(raw).chain(closed).chain(steps).collect()
    }

    /// A prefix that, with a number behind it, is nobody's name.
    fn free_prefix(&self) -> &'static str {
        let clashes = |prefix: &str| {
            let rest = self.taken.iter().filter_map(|name| name.strip_prefix(prefix));
            rest.into_iter().any(|rest| rest.chars().all(|c| c.is_ascii_digit()))
        };
        ["n", "v", "node", "node_", "the_node_"].into_iter().find(|prefix| !clashes(prefix)).unwrap_or("node__")
    }

    /// Outputs, what the forward pass computes, what is used more than once, what would nest too deep, and what would be
    /// computed again for too many positions.
    fn shown_by_name(&self, live: &[bool]) -> Vec<Named> {
        let derived = self.subject.derived;
        let forward = self.graph.live(derived.function.outputs.iter().map(|output| output.value.node));
        let live_names: Vec<NodeId> = self.graph.nodes().filter(|node| self.names.contains_key(node)).collect();
        let own = |node: NodeId| {
            let slots = (0..self.graph.shape(node).len()).collect();
            (node, Named { node, name: self.names[&node].clone(), slots })
        };
        let mut uses = vec![0_u32; self.graph.len()];
        for node in self.graph.nodes().filter(|node| live[node.index()]) {
            self.graph.operands(node).for_each(|operand| uses[operand.node.index()] += 1);
        }
        let mut shown: HashMap<NodeId, Named> = self.repeated(&live_names).into_iter().map(own).collect();
        let (mut heights, mut sizes) = (vec![0_u32; self.graph.len()], vec![0_usize; self.graph.len()]);
        for node in live_names {
            let height = self.graph.operands(node).map(|operand| heights[operand.node.index()] + 1).max().unwrap_or(0);
            let size = self.graph.operands(node).fold(1, |size, operand| size + sizes[operand.node.index()]);
            let often = uses[node.index()] > 1 && size > MOST_REPEATED;
            if forward[node.index()] || often || height > MOST_NESTED || shown.contains_key(&node) {
                shown.extend([own(node)]);
            } else {
                heights[node.index()] = height;
                sizes[node.index()] = size;
            }
        }
        for (output, name) in derived.function.outputs.iter().zip(&derived.output_names) {
            let slot = |axis: &Axis| output.value.axes.iter().position(|other| other == axis);
            let slots: Option<Vec<usize>> = output.axes.iter().map(slot).collect();
            let whole = |slots: &Vec<usize>| slots.len() == output.value.axes.len();
            if let (Some(slots), true) = (slots.filter(whole), self.names.contains_key(&output.value.node)) {
                let node = output.value.node;
                shown.insert(node, Named { node, name: name.clone(), slots });
            }
        }
        let mut shown: Vec<Named> = shown.into_values().collect();
        shown.sort_by_key(|named| named.node);
        shown
    }

    /// What stands under axes that it does not have, and is too much work to be computed at every position.
    fn repeated(&self, nodes: &[NodeId]) -> Vec<NodeId> {
        let positions = |dims: &[Dim]| {
            let sizes = dims.iter().map(|dim| if let Dim::Literal(size) = dim { u64::from(*size) } else { NAMED_SIZE });
            sizes.fold(1, u64::saturating_mul)
        };
        let mut work = vec![0_u64; self.graph.len()];
        let mut repeated = Vec::new();
        for node in nodes {
            let local = self.graph.local_dims(*node);
            let rank = self.graph.shape(*node).len();
            let operands: Vec<NodeId> = self.graph.operands(*node).map(|operand| operand.node).collect();
            for operand in &operands {
                let own = &mut work[operand.index()];
                let fewer = self.graph.shape(*operand).len() < local.len();
                if fewer && positions(&local).saturating_mul(*own) > MOST_WORK {
                    *own = 0;
                    repeated.push(*operand);
                }
            }
            let inner = operands.iter().fold(1_u64, |inner, operand| inner.saturating_add(work[operand.index()]));
            work[node.index()] = positions(&local[rank..]).saturating_mul(inner);
        }
        repeated
    }

    fn draft(&self) -> Certificate {
        let Subject { text, shapes, request, derived, listing } = *self.subject;
        let function = &derived.function;
        let dims = |dims: &[DimensionKind]| dims.iter().map(kind_size).collect();
        let fact = |fact: &chainrule_compiler::resolve::Fact| Fact { text: fact.text.clone(), used: fact.used };
        let (outputs, derivatives) = listing.asked.split_at(derived.output_names.len());
        Certificate {
            formula: text.to_owned(),
            shapes: shapes.iter().map(|(name, shape)| (name.clone(), dims(shape))).collect(),
            function: function.name.clone(),
            wrt: request.wrt.clone(),
            order: request.order,
            upstream: request.upstream.clone(),
            facts: function.facts.iter().map(fact).collect(),
            nodes: self.nodes(),
            steps: derived.steps.iter().map(|step| self.step(step)).collect(),
            lets: listing.lets.iter().map(|line| self.shown_line(line)).collect(),
            outputs: (0..outputs.len()).map(|place| self.output(place, &outputs[place].formula)).collect(),
            derivatives: (0..derivatives.len())
                .map(|place| self.derivative(place, &derivatives[place].formula))
                .collect(),
            digest: String::new(),
        }
    }

    fn size(&self, dim: Dim) -> Size {
        match dim {
            Dim::Literal(size) => Size::Number(u64::from(size)),
            other => Size::Name(self.graph.dim_text(other)),
        }
    }

    fn sizes(&self, axes: &[Axis]) -> Vec<Size> {
        axes.iter().map(|axis| self.size(self.graph.dim(*axis))).collect()
    }

    fn shown_line(&self, line: &chainrule_compiler::print::Line) -> Definition {
        let shape = line.shape.iter().map(|dim| self.size(*dim)).collect();
        Definition { name: line.name.clone(), indices: line.indices.clone(), shape, formula: line.formula.clone() }
    }

    /// A name for each hint, all different.
    fn index_names(&self, hints: &[&str]) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for hint in hints {
            let letters = ["i", "j", "k", "l", "m", "p", "q", "r"].map(str::to_owned);
            let own = (!hint.is_empty()).then(|| (*hint).to_owned());
            let numbered = (1..).map(|number| format!("i{number}"));
            let mut all = own.into_iter().chain(letters).chain(numbered);
            let name = all.find(|name| !names.contains(name) && !self.taken.contains(name)).unwrap_or_default();
            names.push(name);
        }
        names
    }

    fn axis_names(&self, axes: &[Axis]) -> Vec<String> {
        let hints: Vec<&str> = axes.iter().map(|axis| self.graph.hint(*axis)).collect();
        self.index_names(&hints)
    }

    /// An operand in a formula over indices of these names.
    fn operand(&self, node: NodeId, indices: &[String]) -> String {
        let indexed = |name: &str| match indices {
            [] => name.to_owned(),
            indices => format!("{name}[{}]", indices.join(", ")),
        };
        match self.graph.operation(node) {
            Operation::Input(place) => indexed(&self.graph.inputs()[place as usize].name),
            Operation::Size(dim) => self.graph.dim_text(dim),
            Operation::Iota => indices.concat(),
            Operation::Apply(operator) if operator.row().notation == Notation::Name => operator.row().name.to_owned(),
            _ => match self.graph.as_constant(node) {
                Some(number) if number.is_negative() => format!("({number})"),
                Some(number) => number.to_string(),
                None => indexed(self.names.get(&node).map_or("", String::as_str)),
            },
        }
    }

    fn used(&self, used: &Ref, axes: &[Axis], names: &[String]) -> String {
        let name =
            |axis: &Axis| axes.iter().position(|other| other == axis).map_or_else(String::new, |at| names[at].clone());
        self.operand(used.node, &used.axes.iter().map(name).collect::<Vec<_>>())
    }

    fn nodes(&self) -> Vec<Definition> {
        let nodes = self.graph.nodes().filter(|node| self.names.contains_key(node));
        nodes.map(|node| self.node(node)).collect()
    }

    fn node(&self, node: NodeId) -> Definition {
        let slots = self.graph.shape(node).len();
        let all = self.graph.local_dims(node).len();
        let hints: Vec<&str> = (0..all).map(|slot| self.graph.slot_hint(node, slot)).collect();
        let indices = self.index_names(&hints);
        let operands: Vec<String> = self
            .graph
            .operands(node)
            .map(|operand| {
                let axes: Vec<String> = operand.axes.iter().map(|local| indices[usize::from(*local)].clone()).collect();
                self.operand(operand.node, &axes)
            })
            .collect();
        let formula = match self.graph.operation(node) {
            Operation::Apply(operator) => applied(operator, &operands),
            Operation::Sum(_) => format!("sum[{}]({})", indices[slots..].join(", "), operands.concat()),
            Operation::Max(_) => format!("max[{}]({})", indices[slots..].join(", "), operands.concat()),
            Operation::Prod(_) => format!("prod[{}]({})", indices[slots..].join(", "), operands.concat()),
            Operation::Delta => format!("{} == {}", indices[0], indices[1]),
            Operation::Truth(truth) => format!("0 == {}", u8::from(!truth)),
            _ => self.operand(node, &indices),
        };
        let shape = self.graph.shape(node).iter().map(|dim| self.size(*dim)).collect();
        Definition { name: self.names[&node].clone(), indices: indices[..slots].to_vec(), shape, formula }
    }

    fn step(&self, step: &chainrule_compiler::simplify::Step) -> Step {
        let axes = &step.before.axes;
        let indices = self.axis_names(axes);
        let facts = step.facts.iter().filter_map(|place| self.subject.derived.function.facts.get(*place));
        Step {
            number: 0,
            rule: step.rule.name().to_owned(),
            before: self.used(&step.before, axes, &indices),
            after: self.used(&step.after, axes, &indices),
            from: self.shown(&step.before, axes, &indices),
            to: self.shown(&step.after, axes, &indices),
            indices,
            facts: facts.map(|fact| fact.text.clone()).collect(),
            divides: Vec::new(),
            differentiates: None,
        }
    }

    /// A side of a step for people: what is computed for the derivative alone is written out.
    fn shown(&self, used: &Ref, axes: &[Axis], names: &[String]) -> String {
        let forward = self.subject.derived.function.outputs.iter().map(|output| output.value.node);
        let forward = self.graph.live(forward);
        if is_leaf(self.graph, used.node) {
            return self.used(used, axes, names);
        }
        let name =
            |axis: &Axis| axes.iter().position(|other| other == axis).map_or_else(String::new, |at| names[at].clone());
        let indices: Vec<String> = used.axes.iter().map(name).collect();
        if let Some(named) = self.shown.iter().find(|named| named.node == used.node && forward[used.node.index()]) {
            let ordered: Vec<String> = named.slots.iter().map(|slot| indices[*slot].clone()).collect();
            return if ordered.is_empty() {
                named.name.clone()
            } else {
                format!("{}[{}]", named.name, ordered.join(", "))
            };
        }
        expanded(self.graph, used.node, &indices, &self.shown, &self.taken, Style::Language)
    }

    fn output(&self, place: usize, formula: &str) -> Output {
        let output = &self.subject.derived.function.outputs[place];
        let indices = self.axis_names(&output.axes);
        Output {
            name: self.subject.derived.output_names[place].clone(),
            value: self.used(&output.value, &output.axes, &indices),
            shape: self.sizes(&output.axes),
            indices,
            formula: formula.to_owned(),
        }
    }

    fn derivative(&self, place: usize, formula: &str) -> Derivative {
        let derived = self.subject.derived;
        let entry = &derived.entries[place];
        let axes = &entry.derivative.axes;
        let indices = self.axis_names(axes);
        Derivative {
            kind: entry.kind.name().to_owned(),
            of: derived.output_names[entry.of].clone(),
            wrt: entry.wrt.iter().map(|place| derived.function.parameters[*place].name.clone()).collect(),
            shape: self.sizes(axes),
            chain_rule: self.used(&derived.shown[place], axes, &indices),
            closed: self.used(&derived.closed[place], axes, &indices),
            indices,
            formula: formula.to_owned(),
        }
    }
}

/// What is written where it is used: inputs, numbers, sizes, positions.
fn is_leaf(graph: &Graph, node: NodeId) -> bool {
    match graph.operation(node) {
        Operation::Apply(operator) => operator.row().notation == Notation::Name,
        Operation::Sum(_) | Operation::Max(_) | Operation::Prod(_) | Operation::Delta | Operation::Truth(_) => false,
        _ => true,
    }
}

fn kind_size(kind: &DimensionKind) -> Size {
    match kind {
        DimensionKind::Literal(size) => Size::Number(*size),
        DimensionKind::Name(name) => Size::Name(name.clone()),
    }
}

/// One operation in the language.
fn applied(operator: Operator, operands: &[String]) -> String {
    let row = operator.row();
    match (row.notation, operands) {
        (Notation::Infix(symbol, _), [left, right]) => format!("{left} {symbol} {right}"),
        (Notation::Prefix(symbol), [operand]) => format!("{symbol}{operand}"),
        (Notation::Conditional, [condition, yes, no]) => format!("if {condition} {{ {yes} }} else {{ {no} }}"),
        _ => format!("{}({})", row.name, operands.join(", ")),
    }
}
