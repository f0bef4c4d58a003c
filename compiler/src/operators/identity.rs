//! What the table's identities say of quotients.

use super::{ALL, Argument, Operator, Template, template};

/// An identity as steps.
struct Identity(Template);

impl Identity {
    /// The step that an argument is.
    fn step(&self, argument: Argument) -> Option<(Operator, &[Argument])> {
        let Argument::Step(place) = argument else { return None };
        let step = self.0.steps.get(usize::from(place))?;
        Some((step.operator, &step.arguments))
    }

    /// The two sides, one way and the other.
    fn sides(&self) -> Vec<[Argument; 2]> {
        match self.step(self.0.result) {
            Some((Operator::Equal, &[left, right])) => vec![[left, right], [right, left]],
            _ => Vec::new(),
        }
    }

    /// The dividend and the divisor, where a side is a quotient.
    fn quotient(&self, side: Argument) -> Option<[Argument; 2]> {
        let (operator, arguments) = self.step(side)?;
        let parts = arguments.try_into().ok()?;
        (operator == Operator::Divide).then_some(parts)
    }

    /// The function whose value at the operand an argument is.
    fn function(&self, argument: Argument) -> Option<Operator> {
        match self.step(argument) {
            Some((operator, [Argument::Operand(0)])) => Some(operator),
            _ => None,
        }
    }
}

/// What something finds in all identities, each once.
pub(super) fn all<T: PartialEq>(find: fn(&Template) -> Vec<T>) -> Vec<T> {
    let mut found = Vec::new();
    let texts = ALL.iter().flat_map(|op| op.row().identities);
    for item in texts.filter_map(|text| template::translate(text)).flat_map(|template| find(&template)) {
        if !found.contains(&item) {
            found.push(item);
        }
    }
    found
}

/// `tanh(a) == sinh(a) / cosh(a)`: the functions in the quotient, and the one that it is.
pub(super) fn quotient(template: &Template) -> Vec<(Operator, Operator)> {
    let identity = Identity(template.clone());
    let mut found = Vec::new();
    for [side, other] in identity.sides() {
        let divides = identity.quotient(other).is_some_and(|[_, below]| identity.step(below).is_some());
        if let Some(whole) = identity.function(side).filter(|_| divides) {
            let functions = template.steps.iter().filter(|step| step.arguments == [Argument::Operand(0)]);
            let parts = functions.map(|step| step.operator).filter(|part| *part != whole && *part != Operator::Negate);
            found.extend(parts.map(|part| (part, whole)));
        }
    }
    found
}

/// `sign(a) / abs(a) == 1 / a`: the function that divides like its operand.
pub(super) fn divisor(template: &Template) -> Vec<Operator> {
    let identity = Identity(template.clone());
    let divisor = |[side, other]: [Argument; 2]| {
        let ([_, below], [_, own]) = (identity.quotient(side)?, identity.quotient(other)?);
        (own == Argument::Operand(0)).then(|| identity.function(below))?
    };
    identity.sides().into_iter().filter_map(divisor).collect()
}
