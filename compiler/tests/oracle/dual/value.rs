//! What an expression can be: numbers, truth values, or several outputs.

use super::jet::Jet;
use super::real::Real;
use super::tensor::{Outcome, Tensor};

/// The value of an expression.
#[derive(Clone, Debug)]
pub enum Value<J> {
    /// A tensor of numbers.
    Number(Tensor<J>),
    /// A tensor of truth values.
    Truth(Tensor<bool>),
    /// `(u, v)`
    Several(Vec<Tensor<J>>),
}

impl<J: Jet> Value<J> {
    /// A scalar that does not depend on the inputs.
    pub fn constant(value: J::Number) -> Self {
        Self::Number(Tensor::scalar(J::constant(value)))
    }

    /// The numbers.
    pub fn number(self) -> Outcome<Tensor<J>> {
        match self {
            Self::Number(tensor) => Ok(tensor),
            other => Err(format!("a number is needed, not {other:?}")),
        }
    }

    /// The truth values.
    pub fn truth(self) -> Outcome<Tensor<bool>> {
        match self {
            Self::Truth(tensor) => Ok(tensor),
            other => Err(format!("a condition is needed, not {other:?}")),
        }
    }

    /// The outputs of a function.
    pub fn outputs(self) -> Outcome<Vec<Tensor<J>>> {
        match self {
            Self::Several(tensors) => Ok(tensors),
            single => Ok(vec![single.number()?]),
        }
    }
}

impl<J: Jet> From<f64> for Value<J> {
    fn from(value: f64) -> Self {
        Self::constant(Real::of(value))
    }
}
