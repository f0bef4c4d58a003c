//! The factors of one product, collected from a chain of products, and how they are written.

use super::plan::{Plan, Quotient, apply, with_sign};
use crate::algebra::digits::Digits;
use crate::algebra::kernel::Label;
use crate::algebra::rational::Rational;
use crate::graph::Ref;
use crate::number::Number;
use crate::operators::Operator;

/// The factors of a product, numbers apart.
///
/// A quotient among other factors is a *group* of its own: `a*(b/c)` stays, because `a*b` may overflow where `b/c` does not.
pub(super) struct Factors {
    pub(super) negative: bool,
    above: Vec<Number>,
    below: Vec<Number>,
    groups: Vec<Group>,
}

/// A quotient; the first one is the whole product, and has the others' places among its factors.
#[derive(Default)]
struct Group {
    above: Vec<Factor>,
    below: Vec<Factor>,
}

#[derive(Clone, Debug, PartialEq)]
enum Factor {
    /// A value and how often it stands there; whether it is there already.
    Value {
        value: Plan,
        count: i64,
        known: bool,
    },
    Group(usize),
}

impl Factors {
    pub(super) fn new() -> Self {
        Self { negative: false, above: Vec::new(), below: Vec::new(), groups: vec![Group::default()] }
    }

    pub(super) fn number(&mut self, number: Number, below: bool) {
        if below { &mut self.below } else { &mut self.above }.push(number);
    }

    /// Opens a quotient among the factors.
    pub(super) fn group(&mut self) -> usize {
        let place = self.groups.len();
        self.groups[0].above.push(Factor::Group(place));
        self.groups.push(Group::default());
        place
    }

    /// Adds a factor to a group.
    pub(super) fn push(&mut self, group: usize, factor: Ref, below: bool, known: bool) {
        let wanted = Plan::Use(factor.node, factor.axes.into_iter().map(Label::Free).collect());
        let factors = if below { &mut self.groups[group].below } else { &mut self.groups[group].above };
        for factor in factors.iter_mut() {
            if let Factor::Value { value, count, .. } = factor
                && *value == wanted
            {
                *count += 1;
                return;
            }
        }
        factors.push(Factor::Value { value: wanted, count: 1, known });
    }

    /// The product with one number in front, and how many operations that is; with the numbers as they are where one would
    /// have too many digits. `None` for zero.
    pub(super) fn plan(mut self, digits: &Digits) -> Option<(Plan, usize)> {
        let negative = |numbers: &[Number]| numbers.iter().filter(|number| number.is_negative()).count() % 2 == 1;
        let negative = self.negative ^ negative(&self.above) ^ negative(&self.below);
        let mut quotient = self.quotient();
        self.scale(&mut quotient, digits)?;
        let plan = with_sign((negative, quotient.plan()));
        let count = operations(&plan);
        Some((plan, count))
    }

    /// The factors without numbers.
    fn quotient(&mut self) -> Quotient {
        let groups: Vec<Group> = self.groups.drain(1..).collect();
        let Group { above, mut below } = self.groups.pop().unwrap_or_default();
        let whole = |place: usize| !groups[place - 1].above.is_empty() && !groups[place - 1].below.is_empty();
        // The only quotient beside numbers is the whole.
        let alone = matches!(above[..], [Factor::Group(place)] if whole(place));
        let mut factors = Vec::new();
        for factor in above {
            match factor {
                Factor::Group(place) if alone || !whole(place) => {
                    let group = &groups[place - 1];
                    factors.extend(group.above.iter().cloned());
                    below.splice(0..0, group.below.iter().cloned());
                }
                other => factors.push(other),
            }
        }
        let written = |factors: Vec<Factor>| -> Vec<Plan> {
            let mut factors = factors;
            // What is there already goes in front of what is computed.
            factors.sort_by_key(|factor| !matches!(factor, Factor::Value { known: true, count: 1, .. }));
            factors.iter().map(|factor| plan_of(factor, &groups)).collect()
        };
        Quotient { above: written(factors), below: written(below), ..Quotient::default() }
    }

    /// Puts the numbers in front.
    fn scale(&self, quotient: &mut Quotient, digits: &Digits) -> Option<()> {
        let product = |numbers: &[Number]| {
            let mut numbers = numbers.iter().map(|number| Rational::from_number(number.size()));
            numbers.try_fold(Rational::ONE, |product, number| product.times(number?))
        };
        let (above, below) = (product(&self.above), product(&self.below));
        if above.is_some_and(Rational::is_zero) || below.is_some_and(Rational::is_zero) {
            return None;
        }
        // A single number stays a factor or a divisor.
        let single = self.above.len() + self.below.len() < 2;
        let whole = above.zip(below).and_then(|(above, below)| above.times(below.reciprocal()?));
        if let Some(whole) = whole.filter(|_| !single)
            && quotient.scale(whole, digits).is_some()
        {
            return Some(());
        }
        let apart = |number: Option<Rational>| digits.written(number?).filter(|(_, below)| *below == Number::ONE);
        let put = |number: Option<(Number, Number)>, numbers: &[Number], plans: &mut Vec<Plan>| {
            if let Some((number, _)) = number.filter(|_| !single) {
                return Some(number).filter(|number| *number != Number::ONE);
            }
            plans.splice(0..0, numbers.iter().skip(1).map(|number| Plan::Number(number.size())));
            numbers.first().map(|number| number.size()).filter(|number| *number != Number::ONE)
        };
        quotient.factor = put(apart(above), &self.above, &mut quotient.above);
        quotient.divisor = put(apart(below), &self.below, &mut quotient.below);
        Some(())
    }
}

fn plan_of(factor: &Factor, groups: &[Group]) -> Plan {
    let product = |factors: &[Factor]| {
        let plans = factors.iter().map(|factor| match factor {
            Factor::Value { value, count: 1, .. } => value.clone(),
            Factor::Value { value, count, .. } => {
                apply(Operator::Power, [value.clone(), Plan::Number(Number::from(*count))])
            }
            Factor::Group(_) => Plan::Number(Number::ONE),
        });
        plans.reduce(|product, plan| apply(Operator::Multiply, [product, plan])).unwrap_or(Plan::Number(Number::ONE))
    };
    match factor {
        Factor::Group(place) => {
            let group = &groups[place - 1];
            apply(Operator::Divide, [product(&group.above), product(&group.below)])
        }
        value @ Factor::Value { .. } => product(std::slice::from_ref(value)),
    }
}

/// The operations of a product over uses; a sign is one, of a number too.
fn operations(plan: &Plan) -> usize {
    let (mut count, mut pending) = (0, vec![plan]);
    while let Some(next) = pending.pop() {
        match next {
            Plan::Apply(_, operands) => {
                count += 1;
                pending.extend(operands);
            }
            Plan::Number(number) => count += usize::from(number.is_negative()),
            _ => {}
        }
    }
    count
}
