//! What a user asks for: a function with its gradients, Hessians, Jacobians or pullbacks, ready to print, run or emit.

mod beside;
mod close;
mod direction;
mod layer;
mod otherwise;

use std::collections::{HashMap, HashSet};

use crate::diagnostic::{Code, Diagnostic, Span};
use crate::differentiate::{Derivative, Flow, Seed, jacobian, pull_back, symmetric};
use crate::facts::claims;
use crate::graph::{Graph, GraphError, NodeId, Operation, Ref};
use crate::guard;
use crate::lower::Wanted;
use crate::operators::{Notation, Operator};
use crate::parse::is_name;
use crate::print::{Asked, KnownCall, Line, Listing, Phase, Style, Vocabulary, list_with};
use crate::resolve::{Function, LetName, is_reserved};
use crate::simplify::Step;
use crate::stabilise::{Root, stabilise};

pub use layer::Layer;
pub use otherwise::Otherwise;

/// What to derive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Parameters to differentiate by; `None` for those that the function states.
    pub wrt: Option<Vec<String>>,
    /// 0 for the value alone, 1 for first derivatives, 2 for Hessians too.
    pub order: u8,
    /// The name of a cotangent of the output: asks for the pullback instead of gradient or Jacobian.
    pub upstream: Option<String>,
    /// Whether [`Derived::flows`] is filled, for pictures.
    pub flows: bool,
    /// Leaves the derivatives as the chain rule gives them: for those who compute and print nothing.
    pub raw: bool,
}

/// What a derivative is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DerivativeKind {
    /// Of a scalar output: the shape of the input.
    Gradient,
    /// Of a scalar output, second order: the shapes of two inputs, one after the other.
    Hessian,
    /// Of an array output: its shape, then the input's.
    Jacobian,
    /// Of a named cotangent of the output: the shape of the input.
    Pullback,
}

impl DerivativeKind {
    /// `gradient`, `hessian`, `jacobian`, `pullback`
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gradient => "gradient",
            Self::Hessian => "hessian",
            Self::Jacobian => "jacobian",
            Self::Pullback => "pullback",
        }
    }
}

/// One derivative.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it is.
    pub kind: DerivativeKind,
    /// Which output is differentiated: its place in [`Function::outputs`].
    pub of: usize,
    /// By which parameters: places in [`Function::parameters`]; two for a Hessian.
    pub wrt: Vec<usize>,
    /// Its value.
    pub derivative: Derivative,
}

/// A function with its derivatives, in one graph.
#[derive(Clone, Debug)]
pub struct Derived {
    /// The function; its graph holds the derivatives too. An upstream cotangent is the graph's last input.
    pub function: Function,
    /// A name for each output.
    pub output_names: Vec<String>,
    /// The derivatives, outputs first, then parameters in order.
    pub entries: Vec<Entry>,
    /// Each entry's value as it is shown by the chain rule: what is zero by convention, where a length is, is not written.
    pub shown: Vec<Ref>,
    /// Where something is, closed forms that keep the conventions.
    evaluated: Vec<Ref>,
    /// The closed form of each entry's value, over the same axes; the value itself where none was found.
    pub closed: Vec<Ref>,
    /// How the closed forms were found, from the chain rule's values.
    pub steps: Vec<Step>,
    /// Values of the prelude's functions, by which closed forms call them.
    pub calls: Vec<KnownCall>,
    /// What is evaluated and emitted, outputs first: equal to the outputs and entries, and accurate over the whole range;
    /// empty until [`Derived::stabilise`].
    pub stable: Vec<Ref>,
    /// What flows along every edge; from all outputs together.
    pub flows: Vec<Flow>,
    /// Whether a derivative of an output was asked for under a name.
    pub upstream: Option<String>,
    /// The inputs that are parts of a direction: see [`Derived::hessian_vector`].
    directions: Vec<String>,
    /// How many forms the guard refuted: these values stay as the chain rule gives them, see `guard`.
    pub refuted: usize,
}

/// How many operations formulas have: each operator, call, comparison, reduction and `if` counts one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operations {
    /// The outputs.
    pub value: usize,
    /// The derivatives as the chain rule gives them, beside the outputs.
    pub raw: usize,
    /// The derivatives as printed, beside the outputs.
    pub derived: usize,
}

/// Derives what is asked for.
///
/// # Errors
/// [`Code::Wrt`] for a name that is no parameter, [`Code::Derivative`] for a function without inputs or a Hessian of an
/// array, [`Code::Usage`] for an upstream that is no name or taken, or of another order than the first.
pub fn derive(mut function: Function, request: &Request) -> Result<Derived, Diagnostic> {
    if let Some(names) = &request.wrt {
        choose_wrt(&mut function, names)?;
    }
    if let Some(upstream) = &request.upstream {
        check_upstream(&function, upstream)?;
        if request.order != 1 {
            let message = format!("a pullback is a first derivative, and order {} is asked for", request.order);
            let help = format!("ask for order 1, or leave out the upstream `{upstream}`");
            return Err(usage(message).with_help(help));
        }
    }
    let output_names = output_names(&function, request.upstream.as_deref());
    let mut derived = Derived {
        function,
        output_names,
        entries: Vec::new(),
        shown: Vec::new(),
        evaluated: Vec::new(),
        closed: Vec::new(),
        steps: Vec::new(),
        calls: Vec::new(),
        stable: Vec::new(),
        flows: Vec::new(),
        upstream: request.upstream.clone(),
        directions: Vec::new(),
        refuted: 0,
    };
    if request.order == 0 {
        return Ok(derived);
    }
    let wrt = derived.wrt();
    let span = derived.function.span;
    if wrt.is_empty() {
        let message = format!("`{}` has no input to differentiate by", derived.function.name);
        return Err(Diagnostic::new(Code::Derivative, span, message));
    }
    derived.first_order(&wrt, request)?;
    if request.order >= 2 {
        derived.second_order(&wrt)?;
    }
    derived.close(request.raw || request.flows)?;
    Ok(derived)
}

/// Chooses the parameters to differentiate by, instead of those that the function states.
///
/// # Errors
/// [`Code::Wrt`] for a name that is no parameter.
pub fn choose_wrt(function: &mut Function, names: &[String]) -> Result<(), Diagnostic> {
    for name in names {
        if !function.parameters.iter().any(|parameter| parameter.name == *name) {
            let known: Vec<String> = function.parameters.iter().map(|p| format!("`{}`", p.name)).collect();
            let message = format!("`{name}` is no input of `{}`", function.name);
            let mut error = Diagnostic::new(Code::Wrt, function.span, message);
            error.help = (!known.is_empty()).then(|| format!("its inputs are {}", known.join(", ")));
            return Err(error);
        }
    }
    if let Some(parameter) = function.parameters.iter().find(|own| own.integer && names.contains(&own.name)) {
        let message = format!("`{}` is an integer: it has no derivative", parameter.name);
        return Err(Diagnostic::new(Code::Wrt, parameter.span, message));
    }
    for parameter in &mut function.parameters {
        parameter.wrt = names.contains(&parameter.name);
    }
    Ok(())
}

/// What the cotangent of an output is called: the upstream's name, and its place behind it from the second output on.
pub(crate) fn upstream_name(upstream: &str, of: usize) -> String {
    if of == 0 { upstream.to_owned() } else { format!("{upstream}{of}") }
}

/// An upstream is an input like others, so its name follows the same rules.
pub(crate) fn check_upstream(function: &Function, upstream: &str) -> Result<(), Diagnostic> {
    if !is_name(upstream) || is_reserved(upstream) {
        let message = format!("`{upstream}` cannot be the name of an upstream cotangent");
        return Err(usage(message).with_help("choose a name that an input could have, such as `g`"));
    }
    for name in (0..function.outputs.len()).map(|of| upstream_name(upstream, of)) {
        let mut dims = function.parameters.iter().flat_map(|parameter| &parameter.shape);
        let what = if function.parameters.iter().any(|parameter| parameter.name == name) {
            "an input"
        } else if function.outputs.iter().any(|output| output.name.as_ref() == Some(&name)) {
            "an output"
        } else if dims.any(|dim| function.graph.dim_text(*dim) == name) {
            "a dimension"
        } else {
            continue;
        };
        let message = format!("the upstream cotangent `{name}` has the name of {what}");
        return Err(usage(message).with_help("choose another name"));
    }
    Ok(())
}

fn usage(message: String) -> Diagnostic {
    Diagnostic { code: Code::Usage, message, spans: Vec::new(), help: None }
}

/// The outputs' own names, else `y`, else a fresh name that no input has. None is called `pi`: derivatives may state the
/// number, whatever the value does.
pub(crate) fn output_names(function: &Function, upstream: Option<&str>) -> Vec<String> {
    let inputs = function.parameters.iter().map(|parameter| parameter.name.clone());
    let dims = function.parameters.iter().flat_map(|p| &p.shape).map(|dim| function.graph.dim_text(*dim));
    let cotangents = (0..function.outputs.len()).filter_map(|of| Some(upstream_name(upstream?, of)));
    let number = Operator::Pi.row().name.to_owned();
    let mut taken: HashSet<String> = inputs.chain(dims).chain(cotangents).chain([number]).collect();
    let mut names = Vec::new();
    for output in &function.outputs {
        let wanted = output.name.iter().cloned();
        let fresh = std::iter::once("y".to_owned()).chain((1..).map(|number| format!("y{number}")));
        let name = wanted.chain(fresh).find(|name| !taken.contains(name)).unwrap_or_default();
        taken.insert(name.clone());
        names.push(name);
    }
    names
}

impl Derived {
    /// The places of the parameters that are differentiated by.
    #[must_use]
    pub fn wrt(&self) -> Vec<usize> {
        let chosen = |place: &usize| self.function.parameters[*place].wrt;
        (0..self.function.parameters.len()).filter(chosen).collect()
    }

    /// The names of the upstream cotangents, one for each output; none where none was asked for. Of a Hessian times a direction,
    /// those of the direction's parts.
    #[must_use]
    pub fn upstreams(&self) -> Vec<String> {
        if !self.directions.is_empty() {
            return self.directions.clone();
        }
        let names = (0..self.function.outputs.len()).filter_map(|of| Some(upstream_name(self.upstream.as_ref()?, of)));
        names.collect()
    }

    fn nodes(&self, places: &[usize]) -> Vec<NodeId> {
        places.iter().map(|place| self.function.parameters[*place].node).collect()
    }

    fn first_order(&mut self, wrt: &[usize], request: &Request) -> Result<(), Diagnostic> {
        let span = self.function.span;
        let nodes = self.nodes(wrt);
        for of in 0..self.function.outputs.len() {
            let output = self.function.outputs[of].clone();
            let graph = &mut self.function.graph;
            let scalar = output.axes.is_empty();
            let (kind, derivatives) = if let Some(name) = &request.upstream {
                let seed = upstream_seed(graph, name, of, &output).map_err(|error| graph_fault(&error, span))?;
                let sweep = pull_back(graph, &[seed], &nodes, request.flows).map_err(|e| graph_fault(&e, span))?;
                self.flows.extend(sweep.flows);
                (DerivativeKind::Pullback, sweep.derivatives)
            } else if scalar {
                let seed = Seed::one(graph, &output.value).map_err(|error| graph_fault(&error, span))?;
                let sweep = pull_back(graph, &[seed], &nodes, request.flows).map_err(|e| graph_fault(&e, span))?;
                self.flows.extend(sweep.flows);
                (DerivativeKind::Gradient, sweep.derivatives)
            } else {
                let value = Derivative { value: output.value, axes: output.axes };
                (DerivativeKind::Jacobian, jacobian(graph, &value, &nodes).map_err(|error| graph_fault(&error, span))?)
            };
            let entry = |(place, derivative): (&usize, _)| Entry { kind, of, wrt: vec![*place], derivative };
            self.entries.extend(wrt.iter().zip(derivatives).map(entry));
        }
        Ok(())
    }

    /// Hessians by the sweep over each gradient; what stands below the diagonal is mirrored.
    fn second_order(&mut self, wrt: &[usize]) -> Result<(), Diagnostic> {
        let span = self.function.span;
        for of in 0..self.function.outputs.len() {
            let gradients: Vec<Entry> = self.entries.iter().filter(|entry| entry.of == of).cloned().collect();
            if gradients.iter().any(|entry| entry.kind != DerivativeKind::Gradient) {
                let message = format!("the output `{}` is an array: a Hessian is of a scalar", self.output_names[of]);
                let error = Diagnostic::new(Code::Derivative, span, message);
                return Err(error.with_help("sum the output, or ask for order 1: its Jacobian"));
            }
            let mut rows: Vec<Vec<Derivative>> = Vec::new();
            for (row, gradient) in gradients.iter().enumerate() {
                let nodes = self.nodes(&wrt[row..]);
                let right = hessian_row(&mut self.function.graph, &gradient.derivative, &nodes);
                let right = right.map_err(|error| graph_fault(&error, span))?;
                let mut all: Vec<Derivative> = (0..row).map(|column| mirrored(&rows[column][row], gradient)).collect();
                all.extend(right);
                rows.push(all);
            }
            for (row, derivatives) in rows.into_iter().enumerate() {
                for (column, derivative) in derivatives.into_iter().enumerate() {
                    let wrt = vec![wrt[row], wrt[column]];
                    self.entries.push(Entry { kind: DerivativeKind::Hessian, of, wrt, derivative });
                }
            }
        }
        Ok(())
    }

    /// What a printer shows: outputs, then derivatives in closed form. `name` says what a derivative is called.
    #[must_use]
    pub fn listing(&self, style: Style, name: impl Fn(&Self, &Entry) -> String) -> Listing {
        self.listing_of_some(|_| true, style, name)
    }

    /// As [`Derived::listing`], with some of the derivatives.
    #[must_use]
    pub fn listing_of_some(
        &self,
        shown: impl Fn(&Entry) -> bool,
        style: Style,
        name: impl Fn(&Self, &Entry) -> String,
    ) -> Listing {
        self.listing_of((&self.closed, &self.calls), shown, style, name)
    }

    fn listing_of(
        &self,
        (values, calls): (&[Ref], &[KnownCall]),
        shown: impl Fn(&Entry) -> bool,
        style: Style,
        name: impl Fn(&Self, &Entry) -> String,
    ) -> Listing {
        let shown = |(entry, _): &(&Entry, &Ref)| shown(entry);
        let mut asked = Vec::new();
        for (output, name) in self.function.outputs.iter().zip(&self.output_names) {
            let (value, axes) = (output.value.clone(), output.axes.clone());
            asked.push(Asked { name: name.clone(), value, axes, phase: Phase::Forward });
        }
        for (entry, value) in self.entries.iter().zip(values).filter(shown) {
            let (value, axes) = (value.clone(), entry.derivative.axes.clone());
            asked.push(Asked { name: name(self, entry), value, axes, phase: Phase::Backward });
        }
        let mut known = self.function.names.clone();
        if style == Style::Language {
            // What is saved is referred to by a name, whatever that is.
            let unnamed = |node: NodeId| LetName {
                name: String::new(),
                node,
                slots: (0..self.function.graph.shape(node).len()).collect(),
            };
            known.extend(self.read_by(values, calls).into_iter().map(|node| self.saved_as(node)).map(unnamed));
        }
        let vocabulary = Vocabulary { names: &known, calls, functions: &self.function.module, reserved: &[] };
        list_with(&self.function.graph, &asked, &vocabulary, style)
    }

    /// What a listing in the language's own style calls the forward values that the closed forms read.
    #[must_use]
    pub fn saved_names(&self, listing: &Listing) -> Vec<String> {
        let mut names: HashMap<NodeId, &str> = HashMap::new();
        for line in listing.lets.iter().chain(&listing.asked[..self.function.outputs.len()]) {
            if let Some(node) = line.node {
                names.entry(node).or_insert(&line.name);
            }
        }
        let mut saved: Vec<String> = Vec::new();
        for node in self.read_by(&self.closed, &self.calls) {
            let name = names.get(&node).or_else(|| names.get(&self.saved_as(node)));
            saved.extend(name.map(|name| (*name).to_owned()).filter(|name| !saved.contains(name)));
        }
        saved
    }

    /// What a listing gives a name to where a forward value is saved: an entry is read from its array.
    fn saved_as(&self, node: NodeId) -> NodeId {
        self.function.graph.as_access(node).map_or(node, |access| access.node)
    }

    /// Rewrites outputs and derivatives for evaluation, see [`mod@crate::stabilise`]. What is printed stays as it is.
    ///
    /// # Errors
    /// [`Code::TooLarge`]
    pub fn stabilise(&mut self) -> Result<(), Diagnostic> {
        self.stabilise_from(Vec::new())
    }

    /// The same, where the first forms are known.
    fn stabilise_from(&mut self, mut known: Vec<Ref>) -> Result<(), Diagnostic> {
        let mut closed = self.closed_roots();
        closed.splice(self.function.outputs.len().., self.evaluated_forms().iter().cloned());
        let roots = self.raw().into_iter().zip(closed);
        let roots: Vec<Root> = roots.map(|(value, closed)| Root { value, closed }).collect();
        let (outputs, span) = (self.function.outputs.len(), self.function.span);
        let stated = claims(&self.function.graph, &self.function.facts).into_iter();
        let facts: Vec<NodeId> = stated.map(|claim| claim.statement.node).collect();
        // First derivatives are what they are without second ones.
        let first = outputs + self.entries.iter().filter(|entry| entry.wrt.len() == 1).count();
        let graph = &self.function.graph;
        let of_numbers = graph.nodes().all(|node| graph.local_dims(node).is_empty());
        if of_numbers && known.is_empty() && first < roots.len() {
            known = stabilise(&mut self.function.graph, &roots[..first], outputs, known, &facts)
                .map_err(|error| graph_fault(&error, span))?;
        }
        let stable = stabilise(&mut self.function.graph, &roots, outputs, known, &facts);
        let mut stable = stable.map_err(|error| graph_fault(&error, span))?;
        let pairs: Vec<(Ref, Ref)> = self.raw().into_iter().zip(stable.iter().cloned()).collect();
        let facts = claims(&self.function.graph, &self.function.facts);
        let refuted = guard::refuted(&self.function.graph, &pairs, &facts);
        for ((value, _), form) in
            pairs.iter().zip(&mut stable).zip(refuted).filter_map(|(pair, bad)| bad.then_some(pair))
        {
            guard::report(&self.function.name, "an accurate form");
            form.clone_from(value);
            self.record_refuted(value);
        }
        self.stable = stable;
        Ok(())
    }

    /// Closed forms that are defined where a length is zero.
    fn evaluated_forms(&self) -> &[Ref] {
        if self.evaluated.is_empty() { &self.closed } else { &self.evaluated }
    }

    /// Outputs, then derivatives as the chain rule gives them.
    fn raw(&self) -> Vec<Ref> {
        let outputs = self.function.outputs.iter().map(|output| output.value.clone());
        outputs.chain(self.entries.iter().map(|entry| entry.derivative.value.clone())).collect()
    }

    /// What is evaluated and emitted: outputs, then derivatives, over some of their axes. A closed form may cancel where the
    /// chain rule does not (`1 - y` where y is near 1), so numbers do not come from it as it is.
    #[must_use]
    pub fn numeric(&self) -> Vec<Ref> {
        if self.stable.is_empty() { self.raw() } else { self.stable.clone() }
    }

    /// What to lower: [`Derived::numeric`] over the declared axes.
    #[must_use]
    pub fn wanted(&self) -> Vec<Wanted> {
        self.wanted_of(&self.numeric())
    }

    /// As [`Derived::wanted`], as the chain rule gives it: to compare the two.
    #[must_use]
    pub fn wanted_raw(&self) -> Vec<Wanted> {
        self.wanted_of(&self.raw())
    }

    /// As [`Derived::wanted`], with the closed forms: to compare the two.
    #[must_use]
    pub fn wanted_closed(&self) -> Vec<Wanted> {
        self.wanted_of(&self.closed_roots())
    }

    /// Outputs, then derivatives in closed form.
    fn closed_roots(&self) -> Vec<Ref> {
        let outputs = self.function.outputs.iter().map(|output| output.value.clone());
        outputs.chain(self.closed.iter().cloned()).collect()
    }

    fn wanted_of(&self, values: &[Ref]) -> Vec<Wanted> {
        let outputs = self.function.outputs.iter().map(|output| &output.axes);
        let axes = outputs.chain(self.entries.iter().map(|entry| &entry.derivative.axes));
        values.iter().zip(axes).map(|(value, axes)| Wanted { value: value.clone(), axes: axes.clone() }).collect()
    }

    /// Forward values, inputs and stated numbers aside, that the closed forms read: what an emitted layer saves.
    #[must_use]
    pub fn saved(&self) -> Vec<NodeId> {
        self.read_by(&self.closed, &[])
    }

    /// What some values read; where `calls` say that a node is a call, its arguments too.
    fn read_by(&self, values: &[Ref], calls: &[KnownCall]) -> Vec<NodeId> {
        let outputs: Vec<NodeId> = self.function.outputs.iter().map(|output| output.value.node).collect();
        let values: Vec<NodeId> = values.iter().map(|value| value.node).collect();
        self.read_beside(&outputs, &values, calls)
    }

    /// What some values read of what some outputs are computed from.
    fn read_beside(&self, outputs: &[NodeId], values: &[NodeId], calls: &[KnownCall]) -> Vec<NodeId> {
        let graph = &self.function.graph;
        let forward = graph.live(outputs.iter().copied());
        let calls: HashMap<NodeId, &KnownCall> = calls.iter().map(|call| (call.node, call)).collect();
        let mut reached = vec![false; graph.len()];
        let mut pending = values.to_vec();
        while let Some(node) = pending.pop() {
            if std::mem::replace(&mut reached[node.index()], true) {
                continue;
            }
            if let Some(call) = calls.get(&node) {
                pending.extend(call.arguments.iter().map(|argument| argument.node));
            } else if !forward[node.index()] {
                pending.extend(graph.operands(node).map(|operand| operand.node));
            }
        }
        let saved = |node: &NodeId| reached[node.index()] && forward[node.index()] && is_computed(graph, *node);
        graph.nodes().filter(saved).collect()
    }

    /// How many operations a listing of this has, and how many it would have as the chain rule gives it.
    #[must_use]
    pub fn operations(&self, listing: &Listing) -> Operations {
        let outputs = self.function.outputs.len();
        let value = count(listing, &listing.asked[..outputs], &HashSet::new());
        let derived = derivative_count(listing, outputs);
        let raw = self.shown.clone();
        let raw = if raw == self.closed {
            derived
        } else {
            derivative_count(&self.listing_of((&raw, &[]), |_| true, Style::Language, |_, _| String::new()), outputs)
        };
        Operations { value, raw, derived }
    }
}

/// The operations of the derivatives; the outputs are there in any case.
fn derivative_count(listing: &Listing, outputs: usize) -> usize {
    let (outputs, derivatives) = listing.asked.split_at(outputs);
    let names = outputs.iter().flat_map(|line| [line.name.as_str(), line.formula.as_str()]);
    count(listing, derivatives, &names.collect())
}

/// The operations of some lines and of the named lines that they reach; `stop` are names that cost nothing.
fn count(listing: &Listing, lines: &[Line], stop: &HashSet<&str>) -> usize {
    let mut wanted: HashSet<&str> = HashSet::new();
    let mut total = 0;
    for line in lines {
        total += line.operations;
        wanted.extend(line.uses.iter().map(String::as_str));
    }
    for line in listing.lets.iter().rev() {
        if wanted.contains(line.name.as_str()) && !stop.contains(line.name.as_str()) {
            total += line.operations;
            wanted.extend(line.uses.iter().map(String::as_str));
        }
    }
    total
}

/// Whether a node costs something to compute: inputs and their entries do not, nor do `i == 2` of a position and `5/3`.
#[must_use]
pub fn is_computed(graph: &Graph, node: NodeId) -> bool {
    match graph.operation(node) {
        Operation::Apply(_) if graph.stated(node).is_some() => false,
        Operation::Apply(operator) => operator.row().notation != Notation::Name && !graph.is_of_positions(node),
        Operation::Sum(_) | Operation::Max(_) | Operation::Prod(_) => !graph.is_entry_of_input(node),
        _ => false,
    }
}

/// The cotangent that the user names: an input over the output's axes.
fn upstream_seed(
    graph: &mut Graph,
    name: &str,
    of: usize,
    output: &crate::resolve::Output,
) -> Result<Seed, GraphError> {
    let cotangent = graph.input(&upstream_name(name, of), &output.axes)?;
    Ok(Seed { output: output.value.clone(), axes: output.axes.clone(), cotangent })
}

fn graph_fault(error: &GraphError, span: Span) -> Diagnostic {
    let code = match error {
        GraphError::TooLarge => Code::TooLarge,
        _ => Code::Internal,
    };
    Diagnostic::new(code, span, error.to_string())
}

/// The derivatives of a gradient by its own input and by others.
fn hessian_row(graph: &mut Graph, gradient: &Derivative, wrt: &[NodeId]) -> Result<Vec<Derivative>, GraphError> {
    let mut row = jacobian(graph, gradient, wrt)?;
    if let Some(Derivative { value, axes }) = row.first_mut() {
        let (rows, columns) = axes.split_at(gradient.axes.len());
        *value = symmetric(graph, value, rows, columns)?;
    }
    Ok(row)
}

/// The entry on the other side of the diagonal: the same value, with the two groups of axes exchanged.
fn mirrored(upper: &Derivative, row: &Entry) -> Derivative {
    let own = row.derivative.axes.len();
    let first = upper.axes.len() - own;
    let mut axes = upper.axes.clone();
    axes.rotate_left(first);
    Derivative { value: upper.value.clone(), axes }
}
