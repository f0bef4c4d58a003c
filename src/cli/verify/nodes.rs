//! The nodes of a certificate, taken apart: each is one operation over nodes above it, inputs, numbers and positions.

use std::collections::{HashMap, HashSet};

use chainrule_compiler::number::Number;
use chainrule_compiler::parse::parse_expression;
use chainrule_compiler::syntax::{
    BinaryOperator, Block, ExpressionId, ExpressionKind, Expressions, Index, Module, UnaryOperator,
};

use crate::cli::certificate::{Definition, Size};

/// What a node is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// A node, an input or a constant, with the index that each of its axes takes here.
    Named(String, Vec<String>),
    /// A number.
    Number(Number),
    /// The position along an index.
    Position(String),
}

impl Operand {
    /// The same operand with its indices renamed; what is not in the list stays.
    pub fn renamed(&self, names: &HashMap<String, String>) -> Self {
        let rename = |index: &String| names.get(index).unwrap_or(index).clone();
        match self {
            Self::Named(name, axes) => Self::Named(name.clone(), axes.iter().map(rename).collect()),
            Self::Position(index) => Self::Position(rename(index)),
            Self::Number(number) => Self::Number(*number),
        }
    }

    /// The indices that it stands over.
    pub fn indices(&self) -> &[String] {
        match self {
            Self::Named(_, axes) => axes,
            Self::Position(index) => std::slice::from_ref(index),
            Self::Number(_) => &[],
        }
    }

    /// The name of a node or an input.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Named(name, _) => Some(name),
            _ => None,
        }
    }
}

/// The operation of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    Unary(UnaryOperator),
    Binary(BinaryOperator),
    /// An operator that is called.
    Call(String),
    /// `sum[i, j](...)` or `max[i, j](...)`, with the indices that it closes.
    Reduce(String, Vec<String>),
    Select,
}

/// A formula of the certificate, parsed.
#[derive(Debug)]
pub struct Formula {
    pub module: Module,
}

impl Formula {
    /// Parses an expression.
    ///
    /// # Errors
    /// What the parser says.
    pub fn parse(text: &str) -> Result<Self, String> {
        let said = |errors: Vec<_>| errors.first().map_or_else(String::new, ToString::to_string);
        let module =
            parse_expression(text, &[]).map_err(|errors| format!("`{text}` cannot be read: {}", said(errors)))?;
        let formula = Self { module };
        match formula.parts() {
            Some((_, block)) if block.lets.is_empty() => Ok(formula),
            _ => Err(format!("`{text}` is no expression")),
        }
    }

    fn parts(&self) -> Option<(&Expressions, &Block)> {
        self.module.functions.first().map(|function| (&function.expressions, &function.body))
    }

    /// The expressions and the outermost one.
    ///
    /// # Errors
    /// That there is none.
    pub fn root(&self) -> Result<(&Expressions, ExpressionId), String> {
        let (expressions, block) = self.parts().ok_or("an empty formula")?;
        Ok((expressions, block.result.ok_or("an empty formula")?))
    }

    /// The names that the formula uses.
    pub fn free_names(&self) -> Vec<&str> {
        let names = self.module.functions.iter().flat_map(|function| &function.parameters);
        names.map(|parameter| parameter.name.text.as_str()).collect()
    }

    /// The formula as a comparison of two operands, if it is one.
    pub fn comparison(&self) -> Option<(BinaryOperator, Operand, Operand)> {
        let (expressions, root) = self.root().ok()?;
        let ExpressionKind::Binary(operator, left, right) = &expressions.get(root).kind else { return None };
        Some((*operator, operand(expressions, *left, &[])?, operand(expressions, *right, &[])?))
    }

    /// The formula as one operand, if it is one.
    pub fn operand(&self, indices: &[String]) -> Option<Operand> {
        let (expressions, root) = self.root().ok()?;
        operand(expressions, root, indices)
    }
}

/// A node.
#[derive(Debug)]
pub struct Node {
    pub name: String,
    pub indices: Vec<String>,
    pub shape: Vec<Size>,
    pub formula: Formula,
    pub operation: Operation,
    pub operands: Vec<Operand>,
}

impl Node {
    fn new(definition: &Definition) -> Result<Self, String> {
        let formula = Formula::parse(&definition.formula)?;
        let (expressions, root) = formula.root()?;
        let (operation, operands) = one_operation(expressions, root, &definition.indices)
            .ok_or_else(|| format!("`{}` is not one operation", definition.formula))?;
        let Definition { name, indices, shape, .. } = definition.clone();
        Ok(Self { name, indices, shape, operation, operands, formula })
    }

    /// The names of the nodes and inputs that it reads.
    pub fn reads(&self) -> impl Iterator<Item = &str> {
        self.operands.iter().filter_map(Operand::name)
    }

    fn closed(&self) -> &[String] {
        match &self.operation {
            Operation::Reduce(_, closed) => closed,
            _ => &[],
        }
    }

    /// What a node divides by, where it may divide by zero.
    pub fn divisor(&self) -> Option<&Operand> {
        match (&self.operation, self.operands.as_slice()) {
            (Operation::Binary(BinaryOperator::Divide), [_, divisor]) => Some(divisor),
            (Operation::Binary(BinaryOperator::Power), [base, exponent]) => {
                let harmless = matches!(exponent, Operand::Number(number) if !number.is_negative());
                (!harmless).then_some(base)
            }
            _ => None,
        }
    }
}

fn operand(expressions: &Expressions, id: ExpressionId, indices: &[String]) -> Option<Operand> {
    match &expressions.get(id).kind {
        ExpressionKind::Number(number) => Some(Operand::Number(*number)),
        ExpressionKind::Unary(UnaryOperator::Negate, inner) => match &expressions.get(*inner).kind {
            ExpressionKind::Number(number) => Some(Operand::Number(number.negated())),
            _ => None,
        },
        ExpressionKind::Name(name) if indices.contains(name) => Some(Operand::Position(name.clone())),
        ExpressionKind::Name(name) => Some(Operand::Named(name.clone(), Vec::new())),
        ExpressionKind::Index(base, entries) => {
            let ExpressionKind::Name(name) = &expressions.get(*base).kind else { return None };
            let axis = |entry: &Index| {
                let Index::Position(place) = entry else { return None };
                match &expressions.get(*place).kind {
                    ExpressionKind::Name(index) if indices.contains(index) => Some(index.clone()),
                    _ => None,
                }
            };
            Some(Operand::Named(name.clone(), entries.iter().map(axis).collect::<Option<_>>()?))
        }
        _ => None,
    }
}

fn one_operation(expressions: &Expressions, id: ExpressionId, indices: &[String]) -> Option<(Operation, Vec<Operand>)> {
    let all = |ids: &[ExpressionId], indices: &[String]| {
        ids.iter().map(|id| operand(expressions, *id, indices)).collect::<Option<Vec<_>>>()
    };
    match &expressions.get(id).kind {
        ExpressionKind::Unary(operator, inner) => Some((Operation::Unary(*operator), all(&[*inner], indices)?)),
        ExpressionKind::Binary(BinaryOperator::MatrixMultiply, ..) => None,
        ExpressionKind::Binary(operator, left, right) => {
            Some((Operation::Binary(*operator), all(&[*left, *right], indices)?))
        }
        ExpressionKind::Call(call) if call.named.is_empty() => {
            let name = call.function.text.clone();
            let Some(closed) = &call.indices else {
                return Some((Operation::Call(name), all(&call.arguments, indices)?));
            };
            let closed: Vec<String> = closed.iter().map(|index| index.text.clone()).collect();
            let distinct: HashSet<&String> = closed.iter().chain(indices).collect();
            if distinct.len() != closed.len() + indices.len() || call.arguments.len() != 1 {
                return None;
            }
            let operands = all(&call.arguments, &[indices, &closed].concat())?;
            Some((Operation::Reduce(name, closed), operands))
        }
        ExpressionKind::If { branches, otherwise: Some(otherwise) } => {
            let [(condition, taken)] = branches.as_slice() else { return None };
            let result = |block: &Block| block.result.filter(|_| block.lets.is_empty());
            Some((Operation::Select, all(&[*condition, result(taken)?, result(otherwise)?], indices)?))
        }
        _ => None,
    }
}

/// All nodes in order, by place and by name.
#[derive(Debug, Default)]
pub struct Nodes {
    pub all: Vec<Node>,
    places: HashMap<String, usize>,
}

impl Nodes {
    /// Reads nodes: each name is new, and each stands below what it reads. `inputs` are the shapes of what is given.
    ///
    /// # Errors
    /// The first node that is wrong, by name.
    pub fn read(
        definitions: &[Definition],
        inputs: &HashMap<String, Vec<Size>>,
        taken: &HashSet<String>,
    ) -> Result<Self, String> {
        let mut nodes = Self::default();
        for definition in definitions {
            let name = &definition.name;
            let node = Node::new(definition).map_err(|error| format!("node `{name}`: {error}"))?;
            if taken.contains(name) || nodes.places.contains_key(name) {
                return Err(format!("node `{name}`: there are two things of this name"));
            }
            nodes.check_axes(&node, inputs).map_err(|error| format!("node `{name}`: {error}"))?;
            nodes.places.insert(name.clone(), nodes.all.len());
            nodes.all.push(node);
        }
        Ok(nodes)
    }

    pub fn get(&self, name: &str) -> Option<&Node> {
        self.places.get(name).and_then(|place| self.all.get(*place))
    }

    /// The node that an operand is.
    pub fn of(&self, operand: &Operand) -> Option<&Node> {
        operand.name().and_then(|name| self.get(name))
    }

    /// Every axis of an operand has the size of the index that it takes; no index of a sum is left unused.
    fn check_axes(&self, node: &Node, inputs: &HashMap<String, Vec<Size>>) -> Result<(), String> {
        if node.indices.len() != node.shape.len() {
            return Err("it has not one size for each index".into());
        }
        let distinct: HashSet<&String> = node.indices.iter().collect();
        if distinct.len() != node.indices.len() {
            return Err("an index stands twice".into());
        }
        let mut sizes: HashMap<&str, Size> =
            node.indices.iter().map(String::as_str).zip(node.shape.iter().cloned()).collect();
        for operand in &node.operands {
            let Operand::Named(name, axes) = operand else { continue };
            let shape = self.shape(name, inputs).ok_or_else(|| format!("there is no `{name}` above it"))?;
            if shape.len() != axes.len() {
                return Err(format!("`{name}` has {} axes, not {}", shape.len(), axes.len()));
            }
            for (axis, size) in axes.iter().zip(shape) {
                let known = sizes.entry(axis).or_insert_with(|| size.clone());
                if known != size {
                    return Err(format!("the index `{axis}` has two sizes"));
                }
            }
        }
        match node.closed().iter().find(|index| !sizes.contains_key(index.as_str())) {
            Some(index) => Err(format!("the index `{index}` has no size")),
            None => Ok(()),
        }
    }

    /// The shape of a node, an input or a constant.
    pub fn shape<'a>(&'a self, name: &str, inputs: &'a HashMap<String, Vec<Size>>) -> Option<&'a [Size]> {
        let node = self.get(name).map(|node| node.shape.as_slice());
        node.or_else(|| inputs.get(name).map(Vec::as_slice))
    }

    /// The nodes that some operands need, themselves included.
    pub fn cone<'a>(&'a self, roots: impl IntoIterator<Item = &'a Operand>) -> HashSet<&'a str> {
        let mut cone = HashSet::new();
        let mut pending: Vec<&Node> = roots.into_iter().filter_map(|root| self.of(root)).collect();
        while let Some(node) = pending.pop() {
            if cone.insert(node.name.as_str()) {
                pending.extend(node.reads().filter_map(|name| self.get(name)));
            }
        }
        cone
    }
}
