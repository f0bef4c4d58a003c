//! What the closed forms divide by, and why that is not zero where the chain rule is defined.
//!
//! A divisor is allowed if the chain rule divides by it, or by a multiple of it; if it is a multiple of a product of what the
//! chain rule divides by; if it is a number; or if it cannot be zero, by what it is made of and by the facts of the step.

use std::collections::HashSet;

use chainrule_compiler::number::Number;
use chainrule_compiler::syntax::{BinaryOperator, UnaryOperator};

use super::check::Place;
use super::nodes::{Formula, Node, Nodes, Operand, Operation};
use super::problem::Problem;
use super::real::Real;
use super::value::Value;
use crate::cli::certificate::Division;

const CHAIN_RULE: &str = "the chain rule divides by it";
const MULTIPLE: &str = "the chain rule divides by a multiple of it";
const PRODUCT: &str = "it is a multiple of a product of what the chain rule divides by";
const NOT_ZERO: &str = "it cannot be zero";
const BY_FACTS: &str = "it cannot be zero where the facts hold";
/// How many factors a product of the chain rule's divisors has that a divisor is compared with.
const MOST_FACTORS: usize = 3;
/// How many products a divisor is compared with.
const MOST_PRODUCTS: usize = 1000;
/// No reason: such a step is refused.
pub const UNKNOWN: &str = "no reason is known";

/// The nodes of the chain rule, and what is known of them.
pub struct Divisions<'a> {
    nodes: &'a Nodes,
    problem: &'a Problem,
    places: &'a [Place],
    /// The nodes of the values and of the chain rule's derivatives.
    raw: HashSet<String>,
    /// What those divide by, and the factors of it.
    divisors: HashSet<Operand>,
    /// What those take the logarithm of.
    positive: HashSet<Operand>,
}

/// An operand whatever its indices are: it is not zero at any of its positions.
fn anywhere(operand: &Operand) -> Operand {
    match operand {
        Operand::Named(name, _) => Operand::Named(name.clone(), Vec::new()),
        other => other.clone(),
    }
}

/// What is known of the sign of a value wherever it is defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Positive,
    NotNegative,
    NotZero,
    Unknown,
}

impl<'a> Divisions<'a> {
    pub fn new(nodes: &'a Nodes, raw_roots: &[Operand], problem: &'a Problem, places: &'a [Place]) -> Self {
        let raw: HashSet<String> = nodes.cone(raw_roots).into_iter().map(str::to_owned).collect();
        let mut divisions = Self { nodes, problem, places, raw, divisors: HashSet::new(), positive: HashSet::new() };
        let own = || nodes.all.iter().filter(|node| divisions.raw.contains(&node.name));
        let mut pending: Vec<Operand> = own().filter_map(Node::divisor).map(anywhere).collect();
        let logarithm = |node: &Node| {
            let call = Operation::Call("log".to_owned());
            node.operands.first().filter(|_| node.operation == call).map(anywhere)
        };
        divisions.positive = own().filter_map(logarithm).collect();
        let mut divisors = HashSet::new();
        while let Some(divisor) = pending.pop() {
            if divisors.insert(divisor.clone())
                && let Some(node) = nodes.of(&divisor)
            {
                // A product is not zero only if none of its factors is, a quotient only if its numerator is not.
                match (&node.operation, node.operands.as_slice()) {
                    (Operation::Binary(BinaryOperator::Multiply), factors) => {
                        pending.extend(factors.iter().map(anywhere))
                    }
                    (Operation::Binary(BinaryOperator::Power), [base, Operand::Number(exponent)])
                        if !exponent.is_negative() && !exponent.is_zero() =>
                    {
                        pending.push(anywhere(base));
                    }
                    (Operation::Binary(BinaryOperator::Divide), [numerator, _]) => pending.push(anywhere(numerator)),
                    (Operation::Unary(UnaryOperator::Negate), [inner]) => pending.push(anywhere(inner)),
                    (Operation::Call(name), [inner]) if matches!(name.as_str(), "sqrt" | "abs") => {
                        pending.push(anywhere(inner))
                    }
                    _ => {}
                }
            }
        }
        divisions.divisors = divisors;
        divisions
    }

    /// The divisors of what a step puts in place, beyond those of the chain rule's own nodes.
    pub fn of(&self, after: &Operand, facts: &[String]) -> Vec<Division> {
        let cone = self.nodes.cone([after]);
        let new =
            self.nodes.all.iter().filter(|node| cone.contains(node.name.as_str()) && !self.raw.contains(&node.name));
        let mut divisions: Vec<Division> = Vec::new();
        for divisor in new.filter_map(Node::divisor) {
            let by = match divisor {
                Operand::Named(name, _) => name.clone(),
                Operand::Number(number) => number.to_string(),
                Operand::Position(index) => index.clone(),
            };
            if divisions.iter().all(|known| known.by != by) {
                divisions.push(Division { by, because: self.reason(divisor, facts).to_owned() });
            }
        }
        divisions
    }

    fn reason(&self, divisor: &Operand, facts: &[String]) -> &'static str {
        if self.divisors.contains(&anywhere(divisor)) {
            CHAIN_RULE
        } else if self.is_not_zero(divisor, &[]) {
            NOT_ZERO
        } else if self.is_not_zero(divisor, facts) {
            BY_FACTS
        } else {
            self.multiple(divisor).unwrap_or(UNKNOWN)
        }
    }

    fn is_not_zero(&self, operand: &Operand, facts: &[String]) -> bool {
        matches!(self.sign(operand, facts, 64), Sign::Positive | Sign::NotZero)
    }

    /// The sign of an operand; `depth` bounds how far its formula is opened.
    fn sign(&self, operand: &Operand, facts: &[String], depth: u32) -> Sign {
        if let Operand::Number(number) = operand {
            return number_sign(*number);
        }
        let Some(name) = operand.name() else { return Sign::NotNegative };
        if self.positive.contains(&anywhere(operand)) {
            return Sign::Positive;
        }
        let known = match self.nodes.get(name) {
            Some(_) if depth == 0 => Sign::Unknown,
            Some(node) => self.node_sign(node, facts, depth - 1),
            None if name == "pi" || self.problem.dimensions.iter().any(|dimension| dimension == name) => Sign::Positive,
            None => self.fact_sign(name, facts),
        };
        match known {
            Sign::Unknown | Sign::NotNegative if self.divisors.contains(&anywhere(operand)) => {
                if known == Sign::NotNegative { Sign::Positive } else { Sign::NotZero }
            }
            known => known,
        }
    }

    fn node_sign(&self, node: &Node, facts: &[String], depth: u32) -> Sign {
        let signs: Vec<Sign> = node.operands.iter().map(|operand| self.sign(operand, facts, depth)).collect();
        let is_even = |number: &Number| number.to_integer().is_some_and(|whole| whole % 2 == 0);
        match (&node.operation, node.operands.as_slice(), signs.as_slice()) {
            (Operation::Unary(UnaryOperator::Negate), _, [Sign::Positive | Sign::NotZero]) => Sign::NotZero,
            (Operation::Binary(BinaryOperator::Add), _, [left, right]) => sum_sign(*left, *right),
            (Operation::Binary(BinaryOperator::Multiply), [left, right], _) if left == right => square_sign(signs[0]),
            (Operation::Binary(BinaryOperator::Multiply), _, [left, right]) => product_sign(*left, *right),
            // Where it is defined, the divisor is not zero.
            (Operation::Binary(BinaryOperator::Divide), _, [left, right]) => match right {
                Sign::Positive | Sign::NotNegative => *left,
                _ => product_sign(*left, Sign::NotZero),
            },
            (Operation::Binary(BinaryOperator::Power), [_, Operand::Number(exponent)], [base, _]) => {
                if is_even(exponent) { square_sign(*base) } else { *base }
            }
            // Whatever the exponent is, a power of what is not zero is not zero.
            (Operation::Binary(BinaryOperator::Power), _, [base, _]) => *base,
            (Operation::Call(name), _, [inner]) => call_sign(name, *inner),
            (Operation::Reduce(..), _, [inner]) => match inner {
                Sign::NotZero => Sign::Unknown,
                known => *known,
            },
            (Operation::Select, _, [_, yes, no]) => match (yes, no) {
                _ if yes == no => *yes,
                (Sign::Positive | Sign::NotNegative, Sign::Positive | Sign::NotNegative) => Sign::NotNegative,
                (Sign::Positive | Sign::NotZero, Sign::Positive | Sign::NotZero) => Sign::NotZero,
                _ => Sign::Unknown,
            },
            _ => Sign::Unknown,
        }
    }

    /// What facts such as `x > 0` say of an input.
    fn fact_sign(&self, name: &str, facts: &[String]) -> Sign {
        let mut known = Sign::Unknown;
        for part in facts.iter().flat_map(|fact| fact.split("&&")) {
            let Ok(formula) = Formula::parse(part) else { continue };
            let Some((operator, left, right)) = formula.comparison() else { continue };
            let input = Operand::Named(name.to_owned(), Vec::new());
            let (operator, bound) = match (left, right) {
                (left, Operand::Number(bound)) if left == input => (operator, bound),
                (Operand::Number(bound), right) if right == input => (mirrored(operator), bound),
                _ => continue,
            };
            let sign = match operator {
                BinaryOperator::Greater if !bound.is_negative() => Sign::Positive,
                BinaryOperator::GreaterEqual => number_sign(bound),
                BinaryOperator::Less if bound.is_negative() || bound.is_zero() => Sign::NotZero,
                BinaryOperator::NotEqual if bound.is_zero() => Sign::NotZero,
                _ => Sign::Unknown,
            };
            // `x >= -1` says nothing.
            let says = operator != BinaryOperator::GreaterEqual || !bound.is_negative();
            if says && known != Sign::Positive {
                known = sign;
            }
        }
        known
    }

    /// Whether a divisor is a multiple of one of the chain rule's, or of a product of some, at every point.
    fn multiple(&self, divisor: &Operand) -> Option<&'static str> {
        let name = divisor.name()?;
        let mut names: Vec<&str> = self.divisors.iter().filter_map(Operand::name).collect();
        names.sort_unstable();
        if names.iter().any(|other| self.ratio_is_constant(name, &[*other])) {
            return Some(MULTIPLE);
        }
        let mut products: Vec<Vec<usize>> = (0..names.len()).map(|place| vec![place]).collect();
        let mut tried = 0;
        for _ in 1..MOST_FACTORS {
            // The factors of a product stand in order, so that each is tried once.
            let longer = |product: &Vec<usize>| {
                let last = product.last().copied().unwrap_or(0);
                (last..names.len()).map(|next| [product.as_slice(), &[next]].concat()).collect::<Vec<_>>()
            };
            products = products.iter().flat_map(longer).take(MOST_PRODUCTS - tried).collect();
            tried += products.len();
            let product = |places: &Vec<usize>| places.iter().map(|place| names[*place]).collect::<Vec<_>>();
            if products.iter().any(|places| self.ratio_is_constant(name, &product(places))) {
                return Some(PRODUCT);
            }
        }
        None
    }

    /// Whether a divisor is the same multiple of a product of others everywhere, where that is defined.
    fn ratio_is_constant(&self, name: &str, factors: &[&str]) -> bool {
        let mut ratio: Option<Real> = None;
        let mut compared = 0;
        for place in self.places {
            let tensor = |name: &str| match place.names.get(name)?.as_ref() {
                Value::Number(tensor) => Some(tensor),
                _ => None,
            };
            let Some(left) = tensor(name) else { return false };
            let Some(factors) = factors.iter().map(|factor| tensor(factor)).collect::<Option<Vec<_>>>() else {
                return false;
            };
            if factors.iter().any(|factor| factor.shape != left.shape) {
                return false;
            }
            for (flat, item) in left.items.iter().enumerate() {
                let factors = factors.iter().map(|factor| &factor.items[flat].value);
                let product = factors.fold(Real::from(1_i64), |product, factor| product.multiply(factor));
                if !product.is_defined() || product.is_zero() {
                    continue;
                }
                let now = item.value.divide(&product);
                if !now.is_defined() || now.is_zero() || ratio.as_ref().is_some_and(|known| !known.agrees(&now)) {
                    return false;
                }
                ratio = Some(now);
                compared += 1;
            }
        }
        // One number is a multiple of any other.
        compared > 1
    }
}

fn mirrored(operator: BinaryOperator) -> BinaryOperator {
    match operator {
        BinaryOperator::Less => BinaryOperator::Greater,
        BinaryOperator::LessEqual => BinaryOperator::GreaterEqual,
        BinaryOperator::Greater => BinaryOperator::Less,
        BinaryOperator::GreaterEqual => BinaryOperator::LessEqual,
        other => other,
    }
}

fn number_sign(number: Number) -> Sign {
    if number.is_zero() {
        Sign::NotNegative
    } else if number.is_negative() {
        Sign::NotZero
    } else {
        Sign::Positive
    }
}

fn sum_sign(left: Sign, right: Sign) -> Sign {
    match (left, right) {
        (Sign::Positive, Sign::Positive | Sign::NotNegative) | (Sign::NotNegative, Sign::Positive) => Sign::Positive,
        (Sign::NotNegative, Sign::NotNegative) => Sign::NotNegative,
        _ => Sign::Unknown,
    }
}

fn product_sign(left: Sign, right: Sign) -> Sign {
    match (left, right) {
        (Sign::Unknown, _) | (_, Sign::Unknown) => Sign::Unknown,
        (Sign::Positive, other) | (other, Sign::Positive) => other,
        (Sign::NotNegative, Sign::NotNegative) => Sign::NotNegative,
        (Sign::NotZero, Sign::NotZero) => Sign::NotZero,
        _ => Sign::Unknown,
    }
}

fn square_sign(base: Sign) -> Sign {
    if matches!(base, Sign::Positive | Sign::NotZero) { Sign::Positive } else { Sign::NotNegative }
}

fn call_sign(name: &str, operand: Sign) -> Sign {
    match (name, operand) {
        ("exp" | "cosh", _) => Sign::Positive,
        ("sqrt", Sign::Positive | Sign::NotZero) => Sign::Positive,
        ("abs", operand) => square_sign(operand),
        ("sqrt", _) => Sign::NotNegative,
        ("tanh" | "sign" | "sinh" | "erf", known) => known,
        _ => Sign::Unknown,
    }
}
