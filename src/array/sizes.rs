//! The sizes of a call: what the names of dimensions stand for.
//!
//! In: the shape of every input, and the shape that the formula gives it. Out: a size for every name, or the first
//! contradiction. Nothing is allocated unless there is one.

use super::{Contradiction, Dimension, Fixed, InputError};

/// A dimension of an input in a function's formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// A number.
    Literal(usize),
    /// A name, by its place in the function's list of names.
    Named(usize),
}

/// The sizes of `N` named dimensions, each fixed by the first input that has it.
///
/// ```
/// use chainrule::array::{Size, Sizes};
///
/// let mut sizes = Sizes::new(["H", "N"]);
/// sizes.bind("x", &[100, 784], &[Size::Named(1), Size::Literal(784)])?;
/// sizes.bind("b1", &[50], &[Size::Named(0)])?;
/// assert_eq!((sizes.get(0), sizes.get(1)), (50, 100));
///
/// let error = sizes.bind("w1", &[784, 40], &[Size::Literal(784), Size::Named(0)]).unwrap_err();
/// assert_eq!(error.to_string(), "`w1` is [784, 40], but the formula says [784, H], where H = 50 since `b1` is [50]");
/// # Ok::<(), chainrule::array::InputError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sizes<const N: usize> {
    names: [&'static str; N],
    fixed: [Option<Fixing>; N],
}

/// The dimensions of a shape that a message shows.
const SHOWN: usize = 8;

#[derive(Clone, Copy, Debug)]
struct Fixing {
    size: usize,
    parameter: &'static str,
    /// The parameter's shape: as many of its sizes as a message shows.
    shape: [usize; SHOWN],
    dimensions: usize,
}

impl<const N: usize> Sizes<N> {
    /// No size is known yet.
    #[must_use]
    pub const fn new(names: [&'static str; N]) -> Self {
        Self { names, fixed: [None; N] }
    }

    /// Takes the sizes of one input, and holds them against the formula and the inputs before it.
    ///
    /// # Errors
    /// [`InputError::Shape`] where one contradicts.
    ///
    /// # Panics
    /// If the formula names a dimension that the list has not.
    #[inline]
    pub fn bind(&mut self, parameter: &'static str, shape: &[usize], formula: &[Size]) -> Result<(), InputError> {
        if shape.len() != formula.len() {
            return Err(self.contradiction(parameter, shape, formula, None));
        }
        for (dimension, (&size, written)) in shape.iter().zip(formula).enumerate() {
            let expected = match *written {
                Size::Literal(expected) => expected,
                Size::Named(name) => self.fixed[name].get_or_insert_with(|| Fixing::new(size, parameter, shape)).size,
            };
            if size != expected {
                return Err(self.contradiction(parameter, shape, formula, Some(dimension)));
            }
        }
        Ok(())
    }

    /// The size of a name, by its place in the list.
    ///
    /// # Panics
    /// If no input has had the name, or the list has no such place.
    #[inline]
    #[must_use]
    pub fn get(&self, name: usize) -> usize {
        match &self.fixed[name] {
            Some(fixed) => fixed.size,
            None => panic!("no input has fixed the size of {}", self.names[name]),
        }
    }

    #[cold]
    fn contradiction(
        &self,
        parameter: &'static str,
        shape: &[usize],
        formula: &[Size],
        dimension: Option<usize>,
    ) -> InputError {
        let fixing = dimension.and_then(|dimension| match formula[dimension] {
            Size::Named(name) => self.fixed[name],
            Size::Literal(_) => None,
        });
        // That a parameter contradicts itself, its own two shapes say.
        let fixing = fixing.filter(|fixing| fixing.parameter != parameter);
        let dimensions = formula.iter().map(|size| match *size {
            Size::Literal(size) => Dimension::Literal(size),
            Size::Named(name) => Dimension::Named(self.names[name]),
        });
        InputError::Shape(Box::new(Contradiction {
            parameter,
            shape: shape.into(),
            formula: dimensions.collect(),
            dimension,
            fixed: fixing.map(Fixing::told),
        }))
    }
}

impl Fixing {
    fn new(size: usize, parameter: &'static str, whole: &[usize]) -> Self {
        let mut shape = [0; SHOWN];
        let dimensions = whole.len().min(SHOWN);
        shape[..dimensions].copy_from_slice(&whole[..dimensions]);
        Self { size, parameter, shape, dimensions }
    }

    fn told(self) -> Fixed {
        Fixed { size: self.size, parameter: self.parameter, shape: self.shape[..self.dimensions].into() }
    }
}
