//! What facts say: equalities, orders and signs of values.

use super::linear::Linear;
use super::rational::Rational;
use crate::graph::{Graph, Ref};

/// A part of a fact: facts are split at `&&`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The index of the fact in the function's list.
    pub fact: usize,
    /// The part as written, a truth value.
    pub statement: Ref,
    /// What it says.
    pub meaning: Meaning,
}

/// What a [`Claim`] says, at every position along the axes of the two sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// `left == right`
    Equal(Ref, Ref),
    /// `left != right`
    Different(Ref, Ref),
    /// `left > right`
    Greater(Ref, Ref),
    /// `left >= right`
    AtLeast(Ref, Ref),
    /// What is false whatever the inputs are.
    Never,
    /// Anything else: kept, and never used.
    Other,
}

/// What is known of a value beside 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sign {
    /// `> 0`
    Positive,
    /// `>= 0`
    NotNegative,
    /// `!= 0`
    NotZero,
    /// `<= 0`
    NotPositive,
    /// `< 0`
    Negative,
}

impl Sign {
    /// The sign of the negated value.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Positive => Self::Negative,
            Self::NotNegative => Self::NotPositive,
            Self::NotZero => Self::NotZero,
            Self::NotPositive => Self::NotNegative,
            Self::Negative => Self::Positive,
        }
    }
}

impl Claim {
    /// The signs that follow from this claim alone: of a side that is compared with a number, and of the value `v` where
    /// the claim compares `a * v + b` with a number. So `x >= 1` says that `x` is positive, and `1 - x > 0` that `1 - x` is.
    /// A value with an axis that stands twice, as in `diag(a) > 0`, has the sign on that diagonal only.
    #[must_use]
    pub fn signs(&self, graph: &Graph) -> Vec<(Ref, Sign)> {
        let (Meaning::Equal(left, right)
        | Meaning::Different(left, right)
        | Meaning::Greater(left, right)
        | Meaning::AtLeast(left, right)) = &self.meaning
        else {
            return Vec::new();
        };
        let mut signs: Vec<(Ref, Sign)> = Vec::new();
        let mut add = |value: &Ref, sign: Option<Sign>| {
            let known = sign.map(|sign| (value.clone(), sign)).filter(|known| !signs.contains(known));
            signs.extend(known);
        };
        let number = |side: &Ref| graph.as_constant(side.node).and_then(Rational::from_number);
        if let (Some(bound), None) = (number(right), number(left)) {
            add(left, self.sign_above(bound));
        }
        if let (Some(bound), None) = (number(left), number(right)) {
            add(right, self.sign_above(bound.negated()).map(Sign::negated));
        }
        let difference = Linear::difference(graph, left, right);
        if let Some((value, coefficient, constant)) = difference.as_ref().and_then(Linear::single)
            && let Some(bound) = coefficient.reciprocal().and_then(|scale| constant.times(scale))
        {
            // coefficient * value + constant stands where left - right stood.
            let sign = if coefficient.is_positive() {
                self.sign_above(bound.negated())
            } else {
                self.sign_above(bound).map(Sign::negated)
            };
            add(&value, sign);
        }
        signs
    }

    /// The sign of a value that stands in this claim's relation to a number.
    fn sign_above(&self, bound: Rational) -> Option<Sign> {
        let (above, at) = (bound.is_positive(), bound.is_zero());
        match &self.meaning {
            Meaning::Equal(..) if above => Some(Sign::Positive),
            Meaning::Equal(..) if !at => Some(Sign::Negative),
            Meaning::Different(..) if at => Some(Sign::NotZero),
            Meaning::Greater(..) if above || at => Some(Sign::Positive),
            Meaning::AtLeast(..) if above => Some(Sign::Positive),
            Meaning::AtLeast(..) if at => Some(Sign::NotNegative),
            _ => None,
        }
    }
}
