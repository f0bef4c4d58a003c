//! How many digits the numbers of a form may have.

use super::rational::Rational;
use crate::number::Number;

/// How a formula writes its numbers, and so how many digits one may have in a form of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digits {
    /// Numbers that it states: one divides by these as it does.
    stated: Vec<Number>,
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
    /// More numbers are not kept.
    const STATED: usize = 32;
    /// Larger whole numbers are no floats.
    const WHOLE: usize = 15;

    /// Those of a formula with these numbers.
    pub(crate) fn of(numbers: impl Iterator<Item = Number>) -> Self {
        let mut digits = Self { stated: Vec::new(), most: Self::ALWAYS, decimal: false };
        for number in numbers {
            digits.most = digits.most.max(number.digits() + Self::MORE);
            digits.decimal |= number.parts().1 < 0;
            if digits.stated.len() < Self::STATED {
                digits.stated.push(number);
            }
        }
        digits
    }

    /// The size of a number as a factor and a divisor; `None` if it takes too many digits. A formula with a decimal point has
    /// decimal numbers, and fractions only of what has none.
    pub(crate) fn written(&self, number: Rational) -> Option<(Number, Number)> {
        let digits = |(above, below): &(Number, Number)| -> usize {
            [above, below].into_iter().filter(|number| **number != Number::ONE).map(|number| number.digits()).sum()
        };
        let short = |written: &(Number, Number)| digits(written) <= self.most;
        let fraction = number.size().as_fraction(Self::WHOLE);
        if !self.decimal {
            return fraction.or_else(|| number.size().written(Self::WHOLE)).filter(short);
        }
        let decimal = number.size().to_decimal().map(|decimal| (decimal, Number::ONE)).filter(short);
        let small = |(above, below): &(Number, Number)| above.digits().max(below.digits()) <= Self::MORE;
        let fraction = fraction.map(over_one);
        let stated = |(above, below): &(Number, Number)| *above == Number::ONE && self.stated.contains(below);
        fraction.filter(stated).or(decimal).or(fraction.filter(small))
    }
}

/// A quotient of whole numbers, with 1 above if a power of ten is: 10/37 is 1/3.7.
fn over_one((above, below): (Number, Number)) -> (Number, Number) {
    match above.parts() {
        (1, exponent) => {
            let (mantissa, own) = below.parts();
            (Number::ONE, Number::new(mantissa, own - exponent))
        }
        _ => (above, below),
    }
}
