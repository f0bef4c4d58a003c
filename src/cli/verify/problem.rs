//! What a certificate is about: the formula's syntax tree, its inputs and facts, and how to run it at a point.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use chainrule_compiler::parse::parse_formula;
use chainrule_compiler::resolve::resolve;
use chainrule_compiler::syntax::{
    BinaryOperator, DimensionKind, ExpressionId, ExpressionKind, Function, Module, ResultType, Type,
};

use super::call::bind;
use super::functions::subtract;
use super::indices::children;
use super::interpret::{Frame, Interpreter, Names};
use super::jet::Jet;
use super::real::Real;
use super::tensor::{Outcome, Tensor};
use super::value::Value;
use crate::cli::certificate::{Certificate, Size};

/// An input of the formula, or the cotangent of an output.
#[derive(Clone, Debug)]
pub struct Input {
    pub name: String,
    pub shape: Vec<Size>,
    /// Whether derivatives by it are asked for.
    pub wrt: bool,
}

/// See the [module page](self).
#[derive(Debug)]
pub struct Problem {
    module: Module,
    place: usize,
    pub inputs: Vec<Input>,
    /// Named dimensions, in the order of the inputs.
    pub dimensions: Vec<String>,
    /// The texts of the facts, in order.
    pub facts: Vec<String>,
    /// The shapes of `let`s whose indices say no size.
    lets: HashMap<String, Vec<Size>>,
    /// Names that nothing in the certificate may take.
    pub taken: HashSet<String>,
}

/// A place in the space of inputs: the sizes of dimensions, and an array for each input.
#[derive(Clone, Debug)]
pub struct Point {
    pub sizes: HashMap<String, usize>,
    pub inputs: Vec<Tensor<Real>>,
    /// Whether its numbers are small integers, where kinks and poles tend to be.
    pub special: bool,
}

/// A coordinate of an input: which input, and which of its items.
pub type Coordinate = (usize, usize);

/// The inputs that each fact pins.
pub type Pins = HashMap<String, BTreeSet<String>>;

/// A direction in which an input moves.
#[derive(Clone, Debug)]
pub struct Direction {
    pub input: usize,
    /// What derivatives along it are called.
    pub number: u32,
    /// How fast each item moves; items that are not listed stay.
    pub weights: Vec<(usize, Real)>,
}

/// Each coordinate as a direction, numbered in order.
pub fn along(coordinates: &[Coordinate]) -> Vec<Direction> {
    let one = Real::from(1_i64);
    let direction = |((input, item), number): (&Coordinate, u32)| Direction {
        input: *input,
        number,
        weights: vec![(*item, one.clone())],
    };
    coordinates.iter().zip(0..).map(direction).collect()
}

fn size_of(kind: &DimensionKind) -> Size {
    match kind {
        DimensionKind::Literal(size) => Size::Number(*size),
        DimensionKind::Name(name) => Size::Name(name.clone()),
    }
}

fn shape_of(ty: Option<&Type>) -> Vec<Size> {
    ty.map(|ty| ty.shape.iter().map(|dimension| size_of(&dimension.kind)).collect()).unwrap_or_default()
}

impl Problem {
    /// Reads the formula of a certificate.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(certificate: &Certificate) -> Outcome<Self> {
        let kind = |size: &Size| match size {
            Size::Number(number) => DimensionKind::Literal(*number),
            Size::Name(name) => DimensionKind::Name(name.clone()),
        };
        let shapes: Vec<(String, Vec<DimensionKind>)> =
            certificate.shapes.iter().map(|(name, shape)| (name.clone(), shape.iter().map(kind).collect())).collect();
        let text = certificate.formula.as_str();
        let said = |errors: Vec<_>| errors.first().map_or_else(String::new, ToString::to_string);
        let module = parse_formula(text, &shapes).map_err(|errors| format!("the formula: {}", said(errors)))?;
        let named = |function: &Function| function.name.text == certificate.function;
        let place = module.functions.iter().rposition(named);
        let place = place.ok_or_else(|| format!("the formula has no function `{}`", certificate.function))?;
        // Only for the sizes of indices that no array tells.
        let resolved = resolve(&module, text).map_err(|errors| format!("the formula: {}", said(errors)))?;
        let mut problem = Self {
            module,
            place,
            inputs: Vec::new(),
            dimensions: Vec::new(),
            facts: Vec::new(),
            lets: resolved.get(place).map(let_shapes).unwrap_or_default(),
            taken: HashSet::new(),
        };
        problem.facts = problem.fact_texts(text);
        problem.inputs = problem.parameters(certificate)?;
        let names = problem.inputs.iter().flat_map(|input| &input.shape);
        let mut dimensions: Vec<String> = Vec::new();
        for size in names {
            if let Size::Name(name) = size
                && !dimensions.contains(name)
            {
                dimensions.push(name.clone());
            }
        }
        problem.taken = problem.inputs.iter().map(|input| input.name.clone()).chain(dimensions.clone()).collect();
        problem.dimensions = dimensions;
        Ok(problem)
    }

    /// The function that was derived.
    pub fn function(&self) -> &Function {
        &self.module.functions[self.place]
    }

    fn parameters(&self, certificate: &Certificate) -> Outcome<Vec<Input>> {
        let function = self.function();
        let stated = function.wrt.as_ref().map(|names| names.iter().map(|name| name.text.clone()).collect::<Vec<_>>());
        let wrt = certificate.wrt.clone().or(stated);
        let known = |name: &String| function.parameters.iter().any(|parameter| parameter.name.text == *name);
        if let Some(name) = wrt.iter().flatten().find(|name| !known(name)) {
            return Err(format!("the request: `{name}` is no input"));
        }
        let input = |parameter: &chainrule_compiler::syntax::Parameter| {
            let name = parameter.name.text.clone();
            let wrt = wrt.as_ref().is_none_or(|names| names.contains(&name));
            Input { name, shape: shape_of(parameter.ty.as_ref()), wrt }
        };
        let mut inputs: Vec<Input> = function.parameters.iter().map(input).collect();
        if let Some(upstream) = &certificate.upstream {
            for (of, output) in certificate.outputs.iter().enumerate() {
                let name = if of == 0 { upstream.clone() } else { format!("{upstream}{of}") };
                if known(&name) {
                    return Err(format!("the request: `{name}` is an input already"));
                }
                inputs.push(Input { name, shape: output.shape.clone(), wrt: false });
            }
        }
        Ok(inputs)
    }

    /// The facts as texts with single spaces.
    fn fact_texts(&self, text: &str) -> Vec<String> {
        let function = self.function();
        let fact = |id: &ExpressionId| {
            let span = function.expressions.get(*id).span;
            let text = text.get(span.start as usize..span.end as usize).unwrap_or_default();
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        function.facts.iter().map(fact).collect()
    }

    /// The names that the function states for its outputs.
    pub fn stated_outputs(&self) -> Option<Vec<&str>> {
        match &self.function().result {
            Some(ResultType::Named(names)) => Some(names.iter().map(|output| output.name.text.as_str()).collect()),
            _ => None,
        }
    }

    /// Shapes by name: inputs, dimensions and `pi`.
    pub fn shapes(&self) -> HashMap<String, Vec<Size>> {
        let mut shapes: HashMap<String, Vec<Size>> = HashMap::from([("pi".to_owned(), Vec::new())]);
        shapes.extend(self.dimensions.iter().map(|name| (name.clone(), Vec::new())));
        shapes.extend(self.inputs.iter().map(|input| (input.name.clone(), input.shape.clone())));
        shapes
    }

    /// The outputs at a point, with derivatives along some directions.
    pub fn run(&self, point: &Point, directions: &[Direction], order: u8) -> Outcome<Vec<Tensor<Jet>>> {
        let count = self.function().parameters.len();
        let inputs = moving(&point.inputs[..count.min(point.inputs.len())], directions, order);
        let (globals, shapes) = (Names::new(), self.let_sizes(point));
        let mut interpreter = Interpreter::new(&self.module, &globals, &shapes);
        interpreter.function(self.function(), &self.module, &inputs, 0)?.outputs()
    }

    fn let_sizes(&self, point: &Point) -> HashMap<String, Vec<usize>> {
        let sizes = |shape: &[Size]| shape.iter().map(|size| point.size(size)).collect::<Outcome<Vec<_>>>().ok();
        self.lets.iter().filter_map(|(name, shape)| Some((name.clone(), sizes(shape)?))).collect()
    }

    /// The inputs that some facts read.
    pub fn read_by(&self, facts: &[usize]) -> BTreeSet<usize> {
        let function = self.function();
        self.read_in(facts.iter().filter_map(|fact| function.facts.get(*fact)).copied().collect())
    }

    /// The inputs that each fact pins: it is no inequality, which holds around every point where it holds strictly, so of
    /// derivatives by them it says nothing.
    pub fn pins(&self) -> Pins {
        let function = self.function();
        let pinned = |fact: &ExpressionId| {
            let (mut pending, mut equations) = (vec![*fact], Vec::new());
            while let Some(id) = pending.pop() {
                match &function.expressions.get(id).kind {
                    ExpressionKind::Binary(BinaryOperator::And, left, right) => pending.extend([*left, *right]),
                    ExpressionKind::Binary(operator, ..) if apart(*operator).is_some() => {}
                    _ => equations.push(id),
                }
            }
            let name = |input: usize| function.parameters[input].name.text.clone();
            self.read_in(equations).into_iter().map(name).collect()
        };
        self.facts.iter().cloned().zip(function.facts.iter().map(pinned)).collect()
    }

    fn read_in(&self, mut pending: Vec<ExpressionId>) -> BTreeSet<usize> {
        let function = self.function();
        let mut read = BTreeSet::new();
        while let Some(id) = pending.pop() {
            let kind = &function.expressions.get(id).kind;
            if let ExpressionKind::Name(name) = kind {
                read.extend(function.parameters.iter().position(|parameter| parameter.name.text == *name));
            }
            pending.extend(children(kind));
        }
        read
    }

    /// A fact at a point: the differences that must be zero, with their derivatives by the coordinates, and whether
    /// everything else that it says holds. A comparison that fails asks for its sides to be a little apart.
    ///
    /// # Errors
    /// What the interpreter refuses.
    pub fn fact(&self, place: usize, point: &Point, coordinates: &[Coordinate]) -> Outcome<(Vec<Jet>, bool)> {
        let function = self.function();
        let count = function.parameters.len();
        let inputs = moving(&point.inputs[..count.min(point.inputs.len())], &along(coordinates), 1);
        let (globals, shapes) = (Names::new(), HashMap::new());
        let mut interpreter = Interpreter::new(&self.module, &globals, &shapes);
        let mut frame = Frame::new(&function.expressions, &self.module, 0);
        bind(&mut frame, function, &inputs)?;
        let (mut zeros, mut holds) = (Vec::new(), true);
        let mut pending = vec![*function.facts.get(place).ok_or("there is no such fact")?];
        while let Some(id) = pending.pop() {
            match &function.expressions.get(id).kind {
                ExpressionKind::Binary(BinaryOperator::And, left, right) => pending.extend([*left, *right]),
                ExpressionKind::Binary(BinaryOperator::Equal, left, right) => {
                    let (left, right) =
                        (interpreter.number(&mut frame, *left)?, interpreter.number(&mut frame, *right)?);
                    zeros.extend(left.zip(&right, 0, subtract)?.items);
                }
                kind => {
                    let truths = interpreter.value(&mut frame, id)?.truth()?.items;
                    let failed = || truths.iter().enumerate().filter(|(_, truth)| **truth != Some(true));
                    if failed().next().is_none() {
                        continue;
                    }
                    holds = false;
                    if let ExpressionKind::Binary(operator, left, right) = kind
                        && let Some(apart) = apart(*operator)
                    {
                        let left = interpreter.number(&mut frame, *left)?;
                        let differences = left.zip(&interpreter.number(&mut frame, *right)?, 0, subtract)?.items;
                        let wanted = failed().filter_map(|(place, _)| differences.get(place));
                        zeros.extend(wanted.map(|difference| subtract(difference, &apart)));
                    }
                }
            }
        }
        Ok((zeros, holds))
    }
}

/// How far the left side of a comparison is brought from the right one, so that it holds.
fn apart(operator: BinaryOperator) -> Option<Jet> {
    let quarters = match operator {
        BinaryOperator::Less | BinaryOperator::LessEqual => -1,
        BinaryOperator::Greater | BinaryOperator::GreaterEqual | BinaryOperator::NotEqual => 1,
        _ => return None,
    };
    Some(Real::dyadic(quarters, 2).into())
}

/// The shapes of the function's own `let`s, as far as the compiler knows them.
fn let_shapes(function: &chainrule_compiler::resolve::Function) -> HashMap<String, Vec<Size>> {
    let graph = &function.graph;
    let size = |dim: chainrule_compiler::graph::Dim| match dim {
        chainrule_compiler::graph::Dim::Literal(size) => Size::Number(u64::from(size)),
        other => Size::Name(graph.dim_text(other)),
    };
    let shape = |known: &chainrule_compiler::resolve::LetName| {
        let dims = graph.shape(known.node);
        known.slots.iter().filter_map(|slot| dims.get(*slot).copied()).map(size).collect::<Vec<_>>()
    };
    function.names.iter().map(|known| (known.name.clone(), shape(known))).collect()
}

/// How fast items move along directions.
type Rates = HashMap<usize, Vec<(u32, Real)>>;

/// Inputs as numbers that move along some directions, which are in order.
fn moving(inputs: &[Tensor<Real>], directions: &[Direction], order: u8) -> Vec<Tensor<Jet>> {
    let mut rates: Vec<Rates> = vec![Rates::new(); inputs.len()];
    for direction in directions {
        if let Some(rates) = rates.get_mut(direction.input) {
            for (item, weight) in &direction.weights {
                rates.entry(*item).or_default().push((direction.number, weight.clone()));
            }
        }
    }
    let input = |(tensor, mut rates): (&Tensor<Real>, Rates)| {
        let items = tensor.items.iter().enumerate();
        let items =
            items.map(|(item, value)| Jet::moving(value.clone(), rates.remove(&item).unwrap_or_default(), order));
        Tensor { shape: tensor.shape.clone(), items: items.collect() }
    };
    inputs.iter().zip(rates).map(input).collect()
}

impl Point {
    /// The number that a size is here.
    ///
    /// # Errors
    /// A name that no input has.
    pub fn size(&self, size: &Size) -> Outcome<usize> {
        match size {
            Size::Number(number) => usize::try_from(*number).map_err(|_| "a size that is too large".into()),
            Size::Name(name) => self.sizes.get(name).copied().ok_or_else(|| format!("no input has the size `{name}`")),
        }
    }

    /// The numbers that some sizes are here.
    ///
    /// # Errors
    /// A name that no input has.
    pub fn sizes_of(&self, shape: &[Size]) -> Outcome<Vec<usize>> {
        shape.iter().map(|size| self.size(size)).collect()
    }

    /// The inputs under their names, moving along some directions.
    pub fn names(&self, problem: &Problem, directions: &[Direction]) -> Names {
        let tensors = moving(&self.inputs, directions, 1).into_iter();
        let pairs = problem.inputs.iter().zip(tensors);
        pairs.map(|(input, tensor)| (input.name.clone(), Rc::new(Value::Number(tensor)))).collect()
    }
}

/// The facts of some texts.
///
/// # Errors
/// A text that the formula does not state.
pub fn fact_places(problem: &Problem, texts: &BTreeSet<String>) -> Outcome<Vec<usize>> {
    let place = |text: &String| problem.facts.iter().position(|fact| fact == text);
    texts.iter().map(|text| place(text).ok_or_else(|| format!("the formula states no fact `{text}`"))).collect()
}
