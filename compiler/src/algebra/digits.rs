//! How many digits the numbers of a form may have.

use super::rational::Rational;
use crate::number::Number;

/// How a formula writes its numbers, and so how many digits one may have in a form of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digits {
    /// The most digits.
    most: usize,
    /// Whether any number has a decimal point: then fractions are written with one where that is shorter.
    decimal: bool,
}

impl Digits {
    /// What every formula may have: small numbers come from exponents.
    const ALWAYS: usize = 6;
    /// A product with a small number has so many digits more.
    const MORE: usize = 2;
    /// Larger whole numbers are no floats.
    const WHOLE: usize = 15;

    /// Those of a formula with these numbers.
    pub(crate) fn of(numbers: impl Iterator<Item = Number>) -> Self {
        let mut digits = Self { most: Self::ALWAYS, decimal: false };
        for number in numbers {
            digits.most = digits.most.max(number.digits() + Self::MORE);
            digits.decimal |= number.parts().1 < 0;
        }
        digits
    }

    /// The size of a number as a factor and a divisor: the shorter one of a decimal and a fraction of whole numbers; `None`
    /// if neither is short enough.
    pub(crate) fn written(&self, number: Rational) -> Option<(Number, Number)> {
        let digits = |(above, below): &(Number, Number)| {
            [above, below].into_iter().filter(|number| **number != Number::ONE).map(|number| number.digits()).sum()
        };
        let fraction = number.size().as_fraction(Self::WHOLE);
        let decimal = number.size().to_decimal().map(|decimal| (decimal, Number::ONE)).filter(|_| self.decimal);
        let shorter = |(fraction, decimal)| if digits(&decimal) < digits(&fraction) { decimal } else { fraction };
        let exact = || number.size().written(Self::WHOLE);
        let written = fraction.zip(decimal).map(shorter).or(fraction).or_else(exact)?;
        let length: usize = digits(&written);
        (length <= self.most).then_some(written)
    }
}
