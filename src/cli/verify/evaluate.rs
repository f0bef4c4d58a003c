//! The certificate's own formulas at a point: its nodes, and the derivatives as they are shown.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::LazyLock;

use chainrule_compiler::syntax::Module;

use super::interpret::{Frame, Interpreter, Names};
use super::nodes::{Formula, Node, Nodes};
use super::problem::{Direction, Point, Problem};
use super::tensor::Outcome;
use super::value::Value;
use crate::cli::certificate::{Certificate, Output, Size};

/// The certificate's formulas call operators and the prelude, no function of the user.
static NO_FUNCTIONS: LazyLock<Module> = LazyLock::new(Module::default);

/// The value of a formula over indices of known sizes.
///
/// # Errors
/// What the interpreter refuses.
pub fn evaluate(formula: &Formula, indices: &[String], shape: &[Size], names: &Names, point: &Point) -> Outcome<Value> {
    let (expressions, root) = formula.root()?;
    let no_shapes = HashMap::new();
    let mut interpreter = Interpreter::new(&NO_FUNCTIONS, names, &no_shapes);
    let mut frame = Frame::new(expressions, &NO_FUNCTIONS, 0);
    frame.dimensions.extend(point.sizes.iter().map(|(name, size)| (name.clone(), *size)));
    if indices.len() != shape.len() {
        return Err("it has not one size for each index".into());
    }
    if indices.is_empty() {
        return interpreter.value(&mut frame, root);
    }
    let indices = indices.iter().map(String::as_str).zip(point.sizes_of(shape)?);
    interpreter.over(&mut frame, &indices.collect::<Vec<_>>(), root)
}

/// The outputs' values, parsed.
pub struct Outputs(pub Vec<Formula>);

impl Outputs {
    pub fn new(outputs: &[Output]) -> Outcome<Self> {
        let parse = |output: &Output| {
            Formula::parse(&output.value).map_err(|error| format!("output `{}`: {error}", output.name))
        };
        Ok(Self(outputs.iter().map(parse).collect::<Outcome<_>>()?))
    }
}

/// Inputs and some of the nodes under their names, with derivatives along some directions.
///
/// # Errors
/// The node that has no value.
pub fn nodes_along<'a>(
    problem: &Problem,
    nodes: impl IntoIterator<Item = &'a Node>,
    point: &Point,
    directions: &[Direction],
) -> Outcome<Names> {
    let mut names = point.names(problem, directions);
    for node in nodes {
        let value = evaluate(&node.formula, &node.indices, &node.shape, &names, point);
        let value = value.map_err(|error| format!("node `{}`: {error}", node.name))?;
        names.insert(node.name.clone(), Rc::new(value));
    }
    Ok(names)
}

/// Inputs, nodes and outputs under their names.
///
/// # Errors
/// The node or the output that has no value.
pub fn nodes_at(
    problem: &Problem,
    nodes: &Nodes,
    outputs: &[Output],
    parsed: &Outputs,
    point: &Point,
) -> Outcome<Names> {
    let mut names = nodes_along(problem, &nodes.all, point, &[])?;
    for (output, formula) in outputs.iter().zip(&parsed.0) {
        let value = evaluate(formula, &output.indices, &output.shape, &names, point);
        let value = value.map_err(|error| format!("output `{}`: {error}", output.name))?;
        names.insert(output.name.clone(), Rc::new(value));
    }
    Ok(names)
}

/// A formula of the listing, which may have a name that others use.
struct Line {
    name: Option<String>,
    what: String,
    indices: Vec<String>,
    /// What the certificate says of it here; of outputs and derivatives it says it elsewhere.
    shape: Option<Vec<Size>>,
    formula: Formula,
}

impl Line {
    fn at(&self, names: &Names, point: &Point) -> Outcome<Value> {
        let Some(shape) = self.shape.as_ref().filter(|_| self.indices.is_empty()) else {
            return evaluate(&self.formula, &self.indices, self.shape.as_deref().unwrap_or(&[]), names, point);
        };
        // Without indices a line is a number or an array as a whole, which says its shape by itself.
        let value = evaluate(&self.formula, &[], &[], names, point)?;
        let (stated, found) = (point.sizes_of(shape)?, value.shape());
        if found == Some(stated.as_slice()) {
            return Ok(value);
        }
        Err(format!("its shape is {:?}, not {stated:?}", found.unwrap_or(&[])))
    }
}

/// The outputs and derivatives as shown, in an order in which each name stands above its uses.
pub struct Shown {
    lines: Vec<Line>,
    /// The lines of the outputs, then those of the derivatives.
    asked: Vec<usize>,
}

impl Shown {
    /// Reads the listing of a certificate; `what` says what the derivatives are called in messages.
    ///
    /// # Errors
    /// A line that is wrong, used nowhere, or defined by itself.
    pub fn new(certificate: &Certificate, what: &[String], taken: &HashSet<String>) -> Outcome<Self> {
        let line = |name: Option<&str>, what: String, indices: &[String], shape: Option<&[Size]>, text: &str| {
            let formula = Formula::parse(text).map_err(|error| format!("{what}: {error}"))?;
            Ok::<_, String>(Line {
                name: name.map(str::to_owned),
                what,
                indices: indices.to_vec(),
                shape: shape.map(<[Size]>::to_vec),
                formula,
            })
        };
        let mut waiting = Vec::new();
        for def in &certificate.lets {
            let what = format!("`let {}`", def.name);
            waiting.push(line(Some(&def.name), what, &def.indices, Some(&def.shape), &def.formula)?);
        }
        let lets = waiting.len();
        for output in &certificate.outputs {
            waiting.push(line(Some(&output.name), format!("output `{}`", output.name), &[], None, &output.formula)?);
        }
        for (derivative, what) in certificate.derivatives.iter().zip(what) {
            waiting.push(line(None, what.clone(), &[], None, &derivative.formula)?);
        }
        let mut known: HashSet<&str> = taken.iter().map(String::as_str).collect();
        if let Some(line) = waiting.iter().find(|line| line.name.as_deref().is_some_and(|name| !known.insert(name))) {
            return Err(format!("{}: there are two things of this name", line.what));
        }
        let used: HashSet<&str> = waiting.iter().flat_map(|line| line.formula.free_names()).collect();
        let unused = |line: &&Line| line.name.as_deref().is_some_and(|name| !used.contains(name));
        if let Some(line) = waiting[..lets].iter().find(unused) {
            return Err(format!("{} is used nowhere", line.what));
        }
        Self::ordered(waiting, lets)
    }

    fn ordered(waiting: Vec<Line>, lets: usize) -> Outcome<Self> {
        let numbered = || waiting.iter().enumerate();
        let named = numbered().filter_map(|(place, line)| Some((line.name.as_deref()?, place)));
        let named: HashMap<&str, usize> = named.collect();
        // How many lines each one waits for, and which ones wait for it.
        let (mut open, mut readers) = (vec![0; waiting.len()], vec![Vec::new(); waiting.len()]);
        for (place, line) in numbered() {
            for read in line.formula.free_names().iter().filter_map(|name| named.get(name)) {
                open[place] += 1;
                readers[*read].push(place);
            }
        }
        let mut order: Vec<usize> = (0..waiting.len()).filter(|place| open[*place] == 0).collect();
        let mut done = 0;
        while let Some(place) = order.get(done).copied() {
            done += 1;
            for reader in &readers[place] {
                open[*reader] -= 1;
                if open[*reader] == 0 {
                    order.push(*reader);
                }
            }
        }
        if let Some(place) = open.iter().position(|open| *open > 0) {
            return Err(format!("{} is defined by itself", waiting[place].what));
        }
        let mut places = vec![0; waiting.len()];
        (0..).zip(&order).for_each(|(at, place)| places[*place] = at);
        let mut lines: Vec<(usize, Line)> = places.iter().copied().zip(waiting).collect();
        lines.sort_by_key(|(at, _)| *at);
        Ok(Self { lines: lines.into_iter().map(|(_, line)| line).collect(), asked: places.split_off(lets) })
    }

    /// The outputs and derivatives at a point.
    ///
    /// # Errors
    /// The line that has no value.
    pub fn at(&self, problem: &Problem, point: &Point) -> Outcome<Vec<Rc<Value>>> {
        let mut names = point.names(problem, &[]);
        let mut values: Vec<Rc<Value>> = Vec::new();
        for line in &self.lines {
            let value = line.at(&names, point).map_err(|error| format!("{}: {error}", line.what))?;
            let value = Rc::new(value);
            if let Some(name) = &line.name {
                names.insert(name.clone(), Rc::clone(&value));
            }
            values.push(value);
        }
        Ok(self.asked.iter().map(|place| Rc::clone(&values[*place])).collect())
    }
}
