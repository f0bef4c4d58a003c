//! What an expression can be: numbers, truth values, or several outputs.

use super::jet::Jet;
use super::tensor::{Outcome, Tensor};

/// A truth value; `None` where a comparison is of something undefined.
pub type Truth = Option<bool>;

/// The value of an expression.
#[derive(Clone, Debug)]
pub enum Value {
    /// An array of numbers.
    Number(Tensor<Jet>),
    /// An array of truth values.
    Truth(Tensor<Truth>),
    /// `(u, v)`
    Several(Vec<Tensor<Jet>>),
}

impl Value {
    /// The numbers.
    pub fn number(self) -> Outcome<Tensor<Jet>> {
        match self {
            Self::Number(tensor) => Ok(tensor),
            Self::Truth(_) => Err("a number is needed, not a condition".into()),
            Self::Several(_) => Err("a number is needed, not several".into()),
        }
    }

    /// The truth values.
    pub fn truth(self) -> Outcome<Tensor<Truth>> {
        match self {
            Self::Truth(tensor) => Ok(tensor),
            _ => Err("a condition is needed, not a number".into()),
        }
    }

    /// The outputs of a function.
    pub fn outputs(self) -> Outcome<Vec<Tensor<Jet>>> {
        match self {
            Self::Several(tensors) => Ok(tensors),
            single => Ok(vec![single.number()?]),
        }
    }

    /// The sizes of an array.
    pub fn shape(&self) -> Option<&[usize]> {
        match self {
            Self::Number(tensor) => Some(&tensor.shape),
            Self::Truth(tensor) => Some(&tensor.shape),
            Self::Several(_) => None,
        }
    }
}

impl Value {
    /// A number under some running indices, along which it does not vary.
    pub fn constant(jet: Jet, running: usize) -> Self {
        Self::Number(Tensor::constant(jet, running))
    }

    /// A value made under some running indices, where there are more.
    pub fn under(self, made: usize, running: usize) -> Self {
        let more = running.saturating_sub(made);
        match self {
            Self::Number(tensor) => Self::Number(tensor.with_axes(made, more)),
            Self::Truth(tensor) => Self::Truth(tensor.with_axes(made, more)),
            several => several,
        }
    }

    /// The array under a larger shape of the same rank.
    pub fn stretched(self, shape: &[usize]) -> Outcome<Self> {
        Ok(match self {
            Self::Number(tensor) => Self::Number(tensor.stretched(shape)?),
            Self::Truth(tensor) => Self::Truth(tensor.stretched(shape)?),
            Self::Several(_) => return Err("several values are no array".into()),
        })
    }
}
