//! Numbers of the checker: 256 bits, about 77 digits. What has no finite value is *undefined*, and so is whatever is
//! computed from it.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::rc::Rc;

use astro_float_num::{BigFloat, Consts, Radix, RoundingMode, Sign, Word};
use chainrule_compiler::number::Number;

/// Bits of a number.
const PRECISION: usize = 256;
/// Computing goes to 77 digits, comparing to this many: what lies between takes the cancellation up.
pub const DIGITS: u32 = 50;
const ROUND: RoundingMode = RoundingMode::ToEven;

thread_local! {
    /// The constants that the library caches; `None` if it cannot make them, which leaves every function undefined.
    static CONSTANTS: RefCell<Option<Consts>> = RefCell::new(Consts::new().ok());
    static ONE: BigFloat = BigFloat::from_i64(1, PRECISION);
    static TOLERANCE: BigFloat = decimal(&format!("1e-{DIGITS}"));
}

fn with_constants(function: impl FnOnce(&mut Consts) -> BigFloat) -> BigFloat {
    CONSTANTS.with_borrow_mut(|constants| constants.as_mut().map_or_else(|| BigFloat::nan(None), function))
}

fn decimal(text: &str) -> BigFloat {
    with_constants(|constants| BigFloat::parse(text, Radix::Dec, PRECISION, ROUND, constants))
}

/// Series in inverse powers are summed from here on, after so many steps at most: with [`TERMS`] terms, to 60 digits.
const FAR: i64 = 60;
const MOST_STEPS: usize = 4000;
const TERMS: usize = 50;

/// The Bernoulli numbers B₂, B₄, …, by their recurrence (DLMF 24.5.3).
fn bernoulli() -> Vec<Real> {
    thread_local! {
        static NUMBERS: Vec<Real> = {
            let mut all: Vec<Real> = vec![Real::from(1_i64)];
            for m in 1..=2 * TERMS {
                // Σ C(m + 1, k)·Bₖ = 0 over k from 0 to m.
                let (mut sum, mut binomial) = (Real::from(0_i64), Real::from(1_i64));
                for (k, number) in all.iter().enumerate() {
                    sum = sum.add(&binomial.multiply(number));
                    binomial = binomial.multiply(&Real::from(m + 1 - k)).divide(&Real::from(k + 1));
                }
                all.push(sum.divide(&Real::from(m + 1)).negate());
            }
            all.into_iter().skip(2).step_by(2).collect()
        };
    }
    NUMBERS.with(Clone::clone)
}

/// A real number, or undefined. Copies share it.
#[derive(Clone, Debug)]
pub struct Real(Option<Rc<BigFloat>>);

impl From<i64> for Real {
    fn from(value: i64) -> Self {
        Self::finite(BigFloat::from_i64(value, PRECISION))
    }
}

impl From<usize> for Real {
    fn from(value: usize) -> Self {
        Self::finite(BigFloat::from_u64(value as u64, PRECISION))
    }
}

impl From<Number> for Real {
    fn from(number: Number) -> Self {
        let (mantissa, exponent) = number.parts();
        match exponent {
            0 => Self::finite(BigFloat::from_i128(mantissa, PRECISION)),
            _ => Self::finite(decimal(&format!("{mantissa}e{exponent}"))),
        }
    }
}

impl Real {
    /// What has no value.
    pub const UNDEFINED: Self = Self(None);

    fn finite(value: BigFloat) -> Self {
        Self((!value.is_nan() && !value.is_inf()).then(|| Rc::new(value)))
    }

    /// A fraction whose divisor is a power of two.
    pub fn dyadic(numerator: i64, shift: u32) -> Self {
        Self::from(numerator).divide(&Self::from(1_i64 << shift.min(62)))
    }

    pub fn is_defined(&self) -> bool {
        self.0.is_some()
    }

    pub fn is_zero(&self) -> bool {
        self.0.as_ref().is_some_and(|value| value.is_zero())
    }

    fn is_negative(&self) -> bool {
        self.0.as_ref().is_some_and(|value| value.is_negative() && !value.is_zero())
    }

    /// A float next to the number, for messages and for positions; NaN where undefined.
    pub fn to_f64(&self) -> f64 {
        let parts = self.0.as_ref().and_then(|value| value.as_raw_parts());
        let Some((words, _, sign, exponent, _)) = parts else { return f64::NAN };
        // The words are a fraction in [1/2, 1), least significant first.
        let scale = 2.0_f64.powi(-(Word::BITS as i32));
        let fraction = words.iter().fold(0.0, |total, word| (total + *word as f64) * scale);
        let size = fraction * 2.0_f64.powi(exponent);
        if sign == Sign::Neg { -size } else { size }
    }

    /// How two numbers compare; `None` if one is undefined.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        let (left, right) = (self.0.as_ref()?, other.0.as_ref()?);
        left.cmp(right).map(|sign| sign.cmp(&0))
    }

    /// Whether two numbers are one to [`DIGITS`] digits, of their own size or of 1.
    pub fn agrees(&self, other: &Self) -> bool {
        let (Some(left), Some(right)) = (&self.0, &other.0) else { return false };
        if Rc::ptr_eq(left, right) {
            return true;
        }
        let size = left.abs().max(&right.abs());
        let distance = left.sub(right, PRECISION, ROUND).abs();
        let one = ONE.with(Clone::clone);
        let allowed = TOLERANCE.with(|tolerance| size.max(&one).mul(tolerance, PRECISION, ROUND));
        distance.cmp(&allowed).is_some_and(|sign| sign <= 0)
    }

    fn unary(&self, function: impl FnOnce(&BigFloat) -> BigFloat) -> Self {
        self.0.as_ref().map_or(Self::UNDEFINED, |value| Self::finite(function(value)))
    }

    fn binary(&self, other: &Self, function: impl FnOnce(&BigFloat, &BigFloat) -> BigFloat) -> Self {
        match (&self.0, &other.0) {
            (Some(left), Some(right)) => Self::finite(function(left, right)),
            _ => Self::UNDEFINED,
        }
    }

    fn function(&self, function: impl FnOnce(&BigFloat, &mut Consts) -> BigFloat) -> Self {
        self.unary(|value| with_constants(|constants| function(value, constants)))
    }

    pub fn add(&self, other: &Self) -> Self {
        self.binary(other, |a, b| a.add(b, PRECISION, ROUND))
    }

    pub fn subtract(&self, other: &Self) -> Self {
        self.binary(other, |a, b| a.sub(b, PRECISION, ROUND))
    }

    pub fn multiply(&self, other: &Self) -> Self {
        self.binary(other, |a, b| a.mul(b, PRECISION, ROUND))
    }

    pub fn divide(&self, other: &Self) -> Self {
        if other.is_zero() { Self::UNDEFINED } else { self.binary(other, |a, b| a.div(b, PRECISION, ROUND)) }
    }

    pub fn negate(&self) -> Self {
        self.unary(BigFloat::neg)
    }

    pub fn abs(&self) -> Self {
        self.unary(BigFloat::abs)
    }

    pub fn floor(&self) -> Self {
        self.unary(BigFloat::floor)
    }

    /// 1, 0 or -1.
    pub fn sign(&self) -> Self {
        self.compare(&Self::from(0_i64)).map_or(Self::UNDEFINED, |sign| Self::from(sign as i64))
    }

    pub fn sqrt(&self) -> Self {
        if self.is_negative() { Self::UNDEFINED } else { self.unary(|x| x.sqrt(PRECISION, ROUND)) }
    }

    pub fn exp(&self) -> Self {
        self.function(|x, constants| x.exp(PRECISION, ROUND, constants))
    }

    pub fn log(&self) -> Self {
        if self.is_negative() || self.is_zero() {
            return Self::UNDEFINED;
        }
        self.function(|x, constants| x.ln(PRECISION, ROUND, constants))
    }

    pub fn sin(&self) -> Self {
        self.function(|x, constants| x.sin(PRECISION, ROUND, constants))
    }

    pub fn cos(&self) -> Self {
        self.function(|x, constants| x.cos(PRECISION, ROUND, constants))
    }

    pub fn tan(&self) -> Self {
        self.function(|x, constants| x.tan(PRECISION, ROUND, constants))
    }

    pub fn tanh(&self) -> Self {
        self.function(|x, constants| x.tanh(PRECISION, ROUND, constants))
    }

    pub fn pi() -> Self {
        Self::finite(with_constants(|constants| constants.pi(PRECISION, ROUND)))
    }

    /// The angle of the point (x, y), where `self` is y.
    pub fn atan2(&self, x: &Self) -> Self {
        if x.is_zero() {
            let half = Self::pi().divide(&Self::from(2_i64));
            return if self.is_zero() { Self::UNDEFINED } else { half.multiply(&self.sign()) };
        }
        let angle = self.divide(x).function(|x, constants| x.atan(PRECISION, ROUND, constants));
        match (x.is_negative(), self.is_negative()) {
            (false, _) => angle,
            (true, false) => angle.add(&Self::pi()),
            (true, true) => angle.subtract(&Self::pi()),
        }
    }

    /// The error function, by its series (DLMF 7.6.2), whose terms are all of one sign.
    pub fn erf(&self) -> Self {
        let square = self.multiply(self);
        // From here on it is 1 to 77 digits.
        if square.compare(&Self::from(200_i64)) == Some(Ordering::Greater) {
            return self.sign();
        }
        let (two, mut term, mut total) = (Self::from(2_i64), self.clone(), self.clone());
        for step in 1_i64..2000 {
            term = term.multiply(&square).multiply(&two).divide(&Self::from(2 * step + 1));
            let next = total.add(&term);
            if next.compare(&total) == Some(Ordering::Equal) {
                break;
            }
            total = next;
        }
        total.multiply(&two).multiply(&square.negate().exp()).divide(&Self::pi().sqrt())
    }

    /// The n-th derivative of log Γ's derivative, by the Euler–Maclaurin formula far from the poles (DLMF 25.11.5 and 5.11.2).
    pub fn polygamma(&self, n: i64) -> Self {
        let (mut place, mut sum) = (self.clone(), Self::from(0_i64));
        let order = n.unsigned_abs();
        let (one, two) = (Self::from(1_i64), Self::from(2_i64));
        let far = Self::from(FAR);
        for _ in 0..MOST_STEPS {
            match place.compare(&far) {
                Some(Ordering::Less) => {}
                Some(_) => break,
                None => return Self::UNDEFINED,
            }
            sum = sum.add(&one.divide(&place.whole_power(order + 1)));
            place = place.add(&one);
        }
        let factorial = (1..=n).fold(one.clone(), |product, k| product.multiply(&Self::from(k)));
        let inverse = one.divide(&place);
        // With the factorial: (n - 1)!/xⁿ + n!/(2xⁿ⁺¹) + Σ B₂ₖ·(2k + n - 1)!/(2k)!/xⁿ⁺²ᵏ.
        let main = if n == 0 {
            place.log().negate()
        } else {
            factorial.divide(&Self::from(n)).multiply(&inverse.whole_power(order))
        };
        let mut total = factorial.multiply(&sum.add(&inverse.whole_power(order + 1).divide(&two))).add(&main);
        let mut rising = factorial.multiply(&Self::from(n + 1)).multiply(&inverse.whole_power(order + 2)).divide(&two);
        if n == 0 {
            rising = inverse.multiply(&inverse).divide(&two);
        }
        for (k, number) in (1_i64..).zip(bernoulli()) {
            total = total.add(&number.multiply(&rising));
            let next = 2 * k + n;
            let step = Self::from(next * (next + 1)).divide(&Self::from((2 * k + 1) * (2 * k + 2)));
            rising = rising.multiply(&step).multiply(&inverse).multiply(&inverse);
        }
        if n % 2 == 0 { total.negate() } else { total }
    }

    /// The logarithm of |Γ|, by Stirling's series far from the poles (DLMF 5.11.1).
    pub fn lgamma(&self) -> Self {
        let (mut place, mut product) = (self.clone(), Self::from(1_i64));
        let (one, two, far) = (Self::from(1_i64), Self::from(2_i64), Self::from(FAR));
        for _ in 0..MOST_STEPS {
            match place.compare(&far) {
                Some(Ordering::Less) => {}
                Some(_) => break,
                None => return Self::UNDEFINED,
            }
            product = product.multiply(&place);
            place = place.add(&one);
        }
        let log = place.log();
        let half = one.divide(&two);
        let mut total = place.subtract(&half).multiply(&log).subtract(&place);
        total = total.add(&Self::pi().multiply(&two).log().multiply(&half));
        let inverse = one.divide(&place);
        let mut power = inverse.clone();
        for (k, number) in (1_i64..).zip(bernoulli()) {
            total = total.add(&number.multiply(&power).divide(&Self::from(2 * k * (2 * k - 1))));
            power = power.multiply(&inverse).multiply(&inverse);
        }
        total.subtract(&product.abs().log())
    }

    /// The number as an integer, if it is a small one.
    pub fn to_integer(&self) -> Option<i64> {
        let value = self.0.as_ref().filter(|value| value.is_zero() || value.is_int())?;
        let float = Self(Some(value.clone())).to_f64();
        (float.abs() < 1e15).then_some(float as i64)
    }

    /// A power; 1 where the exponent is 0, undefined for a negative base unless the exponent is an integer.
    pub fn power(&self, exponent: &Self) -> Self {
        if !self.is_defined() || !exponent.is_defined() {
            return Self::UNDEFINED;
        }
        if let Some(whole) = exponent.to_integer().filter(|whole| whole.unsigned_abs() <= 1024) {
            let power = self.whole_power(whole.unsigned_abs());
            return if whole < 0 { Self::from(1_i64).divide(&power) } else { power };
        }
        if self.is_zero() {
            return if exponent.is_negative() { Self::UNDEFINED } else { self.clone() };
        }
        self.log().multiply(exponent).exp()
    }

    fn whole_power(&self, mut exponent: u64) -> Self {
        let (mut base, mut power) = (self.clone(), Self::from(1_i64));
        while exponent > 0 {
            if exponent & 1 == 1 {
                power = power.multiply(&base);
            }
            base = base.multiply(&base);
            exponent >>= 1;
        }
        power
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Real {
        let (sign, text) = text.strip_prefix('-').map_or((1_i64, text), |rest| (-1, rest));
        Real::finite(decimal(text)).multiply(&Real::from(sign))
    }

    /// Digits from tables (DLMF, and the continued fraction of the complementary error function), not from this code.
    #[test]
    fn functions_have_sixty_digits() {
        let rows: [(&str, Real, &str); 9] = [
            ("pi", Real::pi(), "3.14159265358979323846264338327950288419716939937510582097494459"),
            ("exp", number("1").exp(), "2.71828182845904523536028747135266249775724709369995957496696763"),
            ("log", number("2").log(), "0.693147180559945309417232121458176568075500134360255254120680009"),
            ("sqrt", number("2").sqrt(), "1.41421356237309504880168872420969807856967187537694807317667974"),
            ("sin", number("1").sin(), "0.841470984807896506652502321630298999622563060798371065672751710"),
            ("cos", number("1").cos(), "0.540302305868139717400936607442976603732310420617922227670097255"),
            ("tanh", number("1").tanh(), "0.761594155955764888119458282604793590412768597257936551596810500"),
            ("erf", number("1").erf(), "0.842700792949714869341220635082609259296066997966302908459937898"),
            (
                "power",
                number("2").power(&number("0.5")),
                "1.41421356237309504880168872420969807856967187537694807317667974",
            ),
        ];
        for (name, found, expected) in rows {
            assert!(found.agrees(&number(expected)), "{name}: {found:?}");
        }
    }

    #[test]
    fn what_has_no_value_is_undefined() {
        let zero = number("0");
        for undefined in [zero.log(), number("-1").log(), number("-1").sqrt(), number("1").divide(&zero)] {
            assert!(!undefined.is_defined() && !undefined.add(&zero).is_defined());
        }
        assert!(!number("-2").power(&number("0.5")).is_defined());
        assert!(number("-2").power(&number("-3")).agrees(&number("-0.125")));
        assert!(zero.power(&zero).agrees(&number("1")));
    }

    #[test]
    fn agreement_is_to_fifty_digits() {
        let one = number("1");
        assert!(one.agrees(&one.add(&number("1e-51"))) && !one.agrees(&one.add(&number("1e-49"))));
        let large = number("1e30");
        assert!(!large.agrees(&large.add(&number("1e-19"))) && large.agrees(&large.add(&number("1e-21"))));
        assert!(!Real::UNDEFINED.agrees(&Real::UNDEFINED));
    }

    #[test]
    fn angles_go_round() {
        let (one, minus) = (number("1"), number("-1"));
        let quarter = Real::pi().divide(&number("4"));
        for (y, x, quarters) in [(&one, &one, "1"), (&one, &minus, "3"), (&minus, &minus, "-3"), (&minus, &one, "-1")] {
            assert!(y.atan2(x).agrees(&quarter.multiply(&number(quarters))));
        }
        assert!(one.atan2(&number("0")).agrees(&quarter.multiply(&number("2"))));
    }
}
