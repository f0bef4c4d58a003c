//! What an array may have wrong.
//!
//! In: the names, shapes and numbers that contradict. Out: an error whose text says all of them in the formula's words.

use std::error::Error;
use std::fmt::{self, Display, Formatter};

/// Why a function refused what it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputError {
    /// A slice has not as many numbers as its shape takes.
    #[non_exhaustive]
    Length {
        /// The parameter, where it is known.
        parameter: Option<&'static str>,
        /// How many numbers there are.
        numbers: usize,
        /// The shape that was stated for them.
        shape: Vec<usize>,
    },
    /// Strides reach beyond a slice.
    #[non_exhaustive]
    Strides {
        /// The parameter, where it is known.
        parameter: Option<&'static str>,
        /// How many numbers there are.
        numbers: usize,
        /// The shape that was stated for them.
        shape: Vec<usize>,
        /// The stride of every dimension, in elements.
        strides: Vec<usize>,
    },
    /// An array of the crate `ndarray` has gaps between its numbers, or a dimension that runs backwards.
    #[non_exhaustive]
    Layout {
        /// The parameter, where it is known.
        parameter: Option<&'static str>,
        /// Its shape.
        shape: Vec<usize>,
        /// The stride of every dimension, in elements.
        strides: Vec<isize>,
    },
    /// A parameter's shape is not the formula's.
    Shape(Box<Contradiction>),
    /// A maximum or minimum over no number.
    #[non_exhaustive]
    Empty {
        /// The parameter.
        parameter: &'static str,
        /// What is not defined, as "maximum".
        operation: &'static str,
        /// The dimension of size 0.
        dimension: Dimension,
    },
    /// What was saved is of no forward pass, or of one of inputs of other sizes.
    #[non_exhaustive]
    Saved,
    /// An index outside of what it is an index of.
    #[non_exhaustive]
    Index {
        /// The parameter that has the index.
        parameter: &'static str,
        /// Where in that parameter.
        position: Vec<usize>,
        /// The index.
        value: i64,
        /// The size of the axis that it is a position along.
        size: usize,
    },
}

/// A parameter's shape that is not the formula's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contradiction {
    /// The parameter.
    pub parameter: &'static str,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its shape in the formula.
    pub formula: Vec<Dimension>,
    /// The dimension that contradicts, counted from 0, where the number of dimensions is right.
    pub dimension: Option<usize>,
    /// What has fixed the size of that dimension's name before, if it has a name.
    pub fixed: Option<Fixed>,
}

/// A dimension as a formula writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// A number.
    Literal(usize),
    /// A name.
    Named(&'static str),
}

/// What has fixed the size of a dimension's name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fixed {
    /// The size.
    pub size: usize,
    /// The first parameter that has the name.
    pub parameter: &'static str,
    /// The shape of that parameter.
    pub shape: Vec<usize>,
}

impl InputError {
    /// The error about a parameter that was not known where it was found.
    #[must_use]
    pub fn about(mut self, name: &'static str) -> Self {
        match &mut self {
            Self::Length { parameter, .. } | Self::Strides { parameter, .. } | Self::Layout { parameter, .. } => {
                parameter.get_or_insert(name);
            }
            Self::Shape(_) | Self::Empty { .. } | Self::Saved | Self::Index { .. } => {}
        }
        self
    }

    /// A maximum or minimum (`operation`) over the dimension of a parameter that has size 0.
    #[must_use]
    pub const fn empty(parameter: &'static str, operation: &'static str, dimension: Dimension) -> Self {
        Self::Empty { parameter, operation, dimension }
    }

    /// What was saved is of another call.
    #[must_use]
    pub const fn saved() -> Self {
        Self::Saved
    }

    /// An index outside: the number `value` at a position of `parameter`, for an axis of the given size.
    #[must_use]
    pub fn index(parameter: &'static str, position: &[usize], value: i64, size: usize) -> Self {
        Self::Index { parameter, position: position.into(), value, size }
    }
}

impl Error for InputError {}

impl Display for InputError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { parameter, numbers, shape } => {
                let takes = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
                let (has, numbers) = (Having(*parameter), Numbers(*numbers));
                match takes {
                    Some(takes) => write!(f, "{has} {numbers}, but its shape {shape:?} takes {takes}"),
                    None => write!(f, "{has} {numbers}, but its shape {shape:?} takes more than memory holds"),
                }
            }
            Self::Strides { parameter, numbers, shape, strides } => {
                let (has, numbers) = (Having(*parameter), Numbers(*numbers));
                write!(f, "{has} {numbers}, but its shape {shape:?} with the strides {strides:?} reaches beyond them")
            }
            Self::Layout { parameter, shape, strides } => {
                match parameter {
                    Some(parameter) => write!(f, "`{parameter}` of the shape")?,
                    None => write!(f, "an array of the shape")?,
                }
                write!(f, " {shape:?} has gaps or runs backwards (its strides are {strides:?}); ")?;
                write!(f, "`as_standard_layout()` makes it contiguous")
            }
            Self::Shape(contradiction) => contradiction.fmt(f),
            Self::Saved => f.write_str("what was saved is not of a forward pass of inputs of these sizes"),
            Self::Empty { parameter, operation, dimension } => match dimension {
                Dimension::Literal(_) => write!(f, "`{parameter}`: a {operation} over nothing"),
                Dimension::Named(name) => write!(f, "`{parameter}`: a {operation} over nothing: {name} = 0"),
            },
            Self::Index { parameter, position, value, size } => {
                write!(f, "`{parameter}")?;
                if !position.is_empty() {
                    write!(f, "{position:?}")?;
                }
                write!(f, "` is {value}, which is no position along an axis of size {size}")
            }
        }
    }
}

impl Display for Contradiction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { parameter, shape, formula, dimension, fixed } = self;
        write!(f, "`{parameter}` is {shape:?}, but the formula says {}", Formula(formula))?;
        match (dimension.and_then(|dimension| formula.get(dimension)), fixed) {
            (Some(Dimension::Named(name)), Some(Fixed { size, parameter, shape })) => {
                write!(f, ", where {name} = {size} since `{parameter}` is {shape:?}")
            }
            _ => Ok(()),
        }
    }
}

struct Having(Option<&'static str>);

impl Display for Having {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(parameter) => write!(f, "`{parameter}` has"),
            None => write!(f, "an array has"),
        }
    }
}

struct Numbers(usize);

impl Display for Numbers {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0 == 1 { write!(f, "1 number") } else { write!(f, "{} numbers", self.0) }
    }
}

/// A shape as a formula writes it: `[784, H]`.
struct Formula<'a>(&'a [Dimension]);

impl Display for Formula<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "[")?;
        for (place, dimension) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            match dimension {
                Dimension::Literal(size) => write!(f, "{comma}{size}")?,
                Dimension::Named(name) => write!(f, "{comma}{name}")?,
            }
        }
        write!(f, "]")
    }
}
