//! What the columns of the table can say: how an operator behaves, as data that passes ask for.

/// What an operation itself rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Nothing: the result is one of the operands, up to its sign, or a small whole number.
    Exact,
    /// To the nearest number: half a unit in the last place.
    Nearest,
    /// As a function of a library does: about one unit in the last place.
    Library,
}

/// Where a result may be infinite, undefined or huge though the operands are finite and moderate. Sums and products of
/// moderate numbers count as moderate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Singularity {
    /// Nowhere, as the sine.
    Nowhere,
    /// Where this operand is 0; where it is a stated number, nowhere.
    Divisor(usize),
    /// Unless this operand is a stated whole number above 0.
    Exponent(usize),
    /// Somewhere: at a pole, outside of the domain, or because it grows fast.
    Somewhere,
}

/// What the algebra of trustworthy forms knows of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// It is one of the operations of a field.
    Rational,
    /// It grows or saturates as exponentials do, and is written in them, or in the error function.
    Exponential,
    /// A logarithm: it undoes exponentials.
    Logarithm,
    /// A power or a root.
    Root,
    /// Nothing: algebra does not look into it.
    Opaque,
}

impl Law {
    /// Whether it may overflow, or cancel with a number beside it, in ways that algebra knows how to avoid.
    #[must_use]
    pub fn is_delicate(self) -> bool {
        matches!(self, Self::Exponential | Self::Logarithm | Self::Root)
    }
}

/// What negating all operands does to the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parity {
    /// Nothing.
    Even,
    /// It negates the result.
    Odd,
    /// Something else.
    Neither,
}

/// Between what the result lies, by mathematics: what is computed may round to the ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// Anything.
    Real,
    /// Above 0.
    Positive,
    /// Not below a number.
    AtLeast(f64),
    /// From a number to another, ends included.
    Within(f64, f64),
}

impl Range {
    /// The least and the largest number that may come out.
    #[must_use]
    pub const fn ends(self) -> (f64, f64) {
        match self {
            Self::Real => (f64::NEG_INFINITY, f64::INFINITY),
            Self::Positive => (0.0, f64::INFINITY),
            Self::AtLeast(low) => (low, f64::INFINITY),
            Self::Within(low, high) => (low, high),
        }
    }

    /// Whether the result is above 0 wherever it is defined.
    #[must_use]
    pub fn is_positive(self) -> bool {
        self == Self::Positive || self.ends().0 > 0.0
    }
}
