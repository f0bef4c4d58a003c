//! Numbers of more than a thousand bits, for what floats cannot hold or would cancel. They are as easy to copy as a float:
//! the number itself lies in a store of the thread, until [`forget`].

use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

use astro_float_num::{BigFloat, Consts, INF_NEG, INF_POS, NAN, Radix, RoundingMode, Sign, Word};
use chainrule_compiler::number::Number;

use super::real::Real;

/// Bits of a number: `1 + exp(-400)` keeps 200 digits of its exponential.
const BITS: usize = 1280;
/// Exponentials of larger arguments are infinite or 0.
const LARGEST_ARGUMENT: f64 = 1e9;
/// From here on the tail of the error function is a continued fraction.
const TAIL: f64 = 6.0;
/// Bits to which that continued fraction is computed.
const TAIL_BITS: f64 = 320.0;
const ROUND: RoundingMode = RoundingMode::ToEven;

/// A number, by its place in the store.
#[derive(Clone, Copy, Debug)]
pub struct Wide(u32);

thread_local! {
    static STORE: RefCell<Vec<BigFloat>> = const { RefCell::new(Vec::new()) };
    static CONSTANTS: RefCell<Consts> = RefCell::new(Consts::new().expect("memory for constants"));
    static EXTRA: Cell<usize> = const { Cell::new(0) };
    static NUDGE: Cell<i32> = const { Cell::new(0) };
}

/// Empties the store: no number may be used any more.
pub fn forget() {
    STORE.with_borrow_mut(Vec::clear);
}

/// Runs something with so many bits more.
pub fn with_extra_bits<T>(bits: usize, run: impl FnOnce() -> T) -> T {
    EXTRA.set(bits);
    let result = run();
    EXTRA.set(0);
    result
}

/// Runs something with literals that no float holds moved by about 2^-bits of their size, up or down.
pub fn with_moved_literals<T>(bits: i32, run: impl FnOnce() -> T) -> T {
    NUDGE.set(bits);
    let result = run();
    NUDGE.set(0);
    result
}

fn bits() -> usize {
    BITS + EXTRA.get()
}

fn keep(number: BigFloat) -> Wide {
    STORE.with_borrow_mut(|store| {
        store.push(number);
        Wide(u32::try_from(store.len() - 1).expect("the store is emptied before that"))
    })
}

fn at(place: Wide) -> BigFloat {
    STORE.with_borrow(|store| store[place.0 as usize].clone())
}

fn function(place: Wide, function: impl FnOnce(&BigFloat, &mut Consts) -> BigFloat) -> Wide {
    let number = at(place);
    keep(CONSTANTS.with_borrow_mut(|constants| function(&number, constants)))
}

impl Wide {
    /// The logarithm to the base 2 of the size, or so; for 0 the least number there is.
    pub fn magnitude(self) -> f64 {
        let number = at(self);
        if number.is_zero() { f64::NEG_INFINITY } else { number.exponent().map_or(f64::INFINITY, f64::from) }
    }

    /// `self · 2^shift`
    pub fn times_power_of_two(self, shift: i32) -> Self {
        let mut number = at(self);
        if let Some(exponent) = number.exponent().filter(|_| !number.is_zero()) {
            number.set_exponent(exponent + shift);
        }
        keep(number)
    }

    /// As a whole number, if it is a small one.
    fn to_integer(self) -> Option<i64> {
        let number = at(self);
        let float = self.to_f64();
        ((number.is_zero() || number.is_int()) && float.abs() < 4096.0).then_some(float as i64)
    }

    fn whole_power(self, exponent: u64) -> Self {
        (0..u64::BITS - exponent.leading_zeros()).rev().fold(Self::of(1.0), |power, bit| {
            let square = power * power;
            if exponent >> bit & 1 == 1 { square * self } else { square }
        })
    }

    fn with_sign_of(self, other: Self) -> Self {
        if other < Self::of(0.0) { -self } else { self }
    }

    fn is_large(self) -> bool {
        self.to_f64().abs() > LARGEST_ARGUMENT
    }

    /// So small that two terms of a power series are enough.
    fn is_small(self) -> bool {
        self.magnitude() < -(bits() as f64) / 2.0
    }

    /// The series of the error function with terms of one sign (DLMF 7.6.2).
    fn error_series(self) -> Self {
        let square = self * self;
        let (mut term, mut total) = (self, self);
        for step in 1..20_000 {
            term = term * square * Self::of(2.0) / Self::of(f64::from(2 * step + 1));
            let next = total + term;
            if next == total {
                break;
            }
            total = next;
        }
        total * Self::of(2.0) * (-square).exp() / Self::pi().sqrt()
    }

    /// The scaled complementary error function of a large number by its continued fraction (DLMF 7.9.2).
    fn error_tail(self) -> Self {
        let x = self.to_f64();
        let wanted = TAIL_BITS + EXTRA.get() as f64 / 2.0;
        let terms = (1.5 * (wanted * std::f64::consts::LN_2).powi(2) / (8.0 * x * x)) as usize + 60;
        let fraction = (1..terms).rev().fold(self, |below, term| self + Self::of(term as f64 / 2.0) / below);
        Self::of(1.0) / Self::pi().sqrt() / fraction
    }
}

impl PartialEq for Wide {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Wide {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        at(*self).cmp(&at(*other)).map(|sign| sign.cmp(&0))
    }
}

macro_rules! operator {
    ($trait:ident, $name:ident, $by:ident) => {
        impl $trait for Wide {
            type Output = Self;

            fn $name(self, other: Self) -> Self {
                keep(at(self).$by(&at(other), bits(), ROUND))
            }
        }
    };
}

operator!(Add, add, add);
operator!(Sub, sub, sub);
operator!(Mul, mul, mul);
operator!(Div, div, div);

impl Neg for Wide {
    type Output = Self;

    fn neg(self) -> Self {
        keep(at(self).neg())
    }
}

impl Real for Wide {
    fn of(value: f64) -> Self {
        keep(BigFloat::from_f64(value, bits()))
    }

    fn literal(number: Number) -> Self {
        let (mantissa, exponent) = number.parts();
        let text = format!("{mantissa}e{exponent}");
        let parse = |constants: &mut Consts| BigFloat::parse(&text, Radix::Dec, bits(), ROUND, constants);
        let exact = match exponent {
            0 => keep(BigFloat::from_i128(mantissa, bits())),
            _ => keep(CONSTANTS.with_borrow_mut(parse)),
        };
        if NUDGE.get() == 0 || number.is_exact_in(chainrule_compiler::number::FloatType::F64) {
            return exact;
        }
        let step = exact.times_power_of_two(-NUDGE.get());
        if mantissa.count_ones() % 2 == 0 { exact + step } else { exact - step }
    }

    fn to_f64(self) -> f64 {
        let number = at(self);
        if number.is_inf() {
            return if number.is_negative() { f64::NEG_INFINITY } else { f64::INFINITY };
        }
        let Some((words, _, sign, exponent, _)) = number.as_raw_parts() else { return f64::NAN };
        // The words are a fraction in [1/2, 1), least significant first.
        let scale = 2.0_f64.powi(-(Word::BITS as i32));
        let fraction = words.iter().rev().take(3).rev().fold(0.0, |total, word| (total + *word as f64) * scale);
        let exponent = exponent.clamp(-2000, 2000);
        let size = fraction * 2.0_f64.powi(exponent / 2) * 2.0_f64.powi(exponent - exponent / 2);
        if sign == Sign::Neg { -size } else { size }
    }

    fn pi() -> Self {
        keep(CONSTANTS.with_borrow_mut(|constants| constants.pi(bits(), ROUND)))
    }

    fn abs(self) -> Self {
        keep(at(self).abs())
    }

    fn floor(self) -> Self {
        keep(at(self).floor())
    }

    fn ceil(self) -> Self {
        -(-self).floor()
    }

    fn round(self) -> Self {
        (self.abs() + Self::of(0.5)).floor().with_sign_of(self)
    }

    fn sqrt(self) -> Self {
        keep(at(self).sqrt(bits(), ROUND))
    }

    fn exp(self) -> Self {
        if self.is_large() {
            return if self > Self::of(0.0) { keep(INF_POS) } else { Self::of(0.0) };
        }
        function(self, |x, constants| x.exp(bits(), ROUND, constants))
    }

    fn exp_m1(self) -> Self {
        if self.is_small() { self + self * self / Self::of(2.0) } else { self.exp() - Self::of(1.0) }
    }

    fn ln(self) -> Self {
        if self.is_zero() {
            return keep(INF_NEG);
        }
        if self < Self::of(0.0) {
            return keep(NAN);
        }
        function(self, |x, constants| x.ln(bits(), ROUND, constants))
    }

    fn ln_1p(self) -> Self {
        if self.is_small() { self - self * self / Self::of(2.0) } else { (Self::of(1.0) + self).ln() }
    }

    fn sin(self) -> Self {
        if self.is_large() { keep(NAN) } else { function(self, |x, constants| x.sin(bits(), ROUND, constants)) }
    }

    fn cos(self) -> Self {
        if self.is_large() { keep(NAN) } else { function(self, |x, constants| x.cos(bits(), ROUND, constants)) }
    }

    fn tan(self) -> Self {
        self.sin() / self.cos()
    }

    fn sinh(self) -> Self {
        if self.is_small() { self } else { (self.exp() - (-self).exp()) / Self::of(2.0) }
    }

    fn cosh(self) -> Self {
        (self.exp() + (-self).exp()) / Self::of(2.0)
    }

    fn tanh(self) -> Self {
        if self.is_large() {
            return if self > Self::of(0.0) { Self::of(1.0) } else { Self::of(-1.0) };
        }
        if self.is_small() {
            return self;
        }
        let up = (self + self).exp();
        (up - Self::of(1.0)) / (up + Self::of(1.0))
    }

    fn asin(self) -> Self {
        self.atan2(((Self::of(1.0) - self) * (Self::of(1.0) + self)).sqrt())
    }

    fn acos(self) -> Self {
        ((Self::of(1.0) - self) * (Self::of(1.0) + self)).sqrt().atan2(self)
    }

    fn atan(self) -> Self {
        self.atan2(Self::of(1.0))
    }

    fn asinh(self) -> Self {
        let (size, one) = (self.abs(), Self::of(1.0));
        (size + size * size / (one + size.hypot(one))).ln_1p().with_sign_of(self)
    }

    fn acosh(self) -> Self {
        (self + ((self - Self::of(1.0)) * (self + Self::of(1.0))).sqrt()).ln()
    }

    fn atanh(self) -> Self {
        (self.ln_1p() - (-self).ln_1p()) / Self::of(2.0)
    }

    fn exp2(self) -> Self {
        (self * Self::of(2.0).ln()).exp()
    }

    fn log2(self) -> Self {
        self.ln() / Self::of(2.0).ln()
    }

    fn log10(self) -> Self {
        self.ln() / Self::of(10.0).ln()
    }

    fn cbrt(self) -> Self {
        if self.is_zero() { self } else { (self.abs().ln() / Self::of(3.0)).exp().with_sign_of(self) }
    }

    fn erf(self) -> Self {
        let size = self.to_f64().abs();
        if size < TAIL { self.error_series() } else { Self::of(1.0) - self.erfc() }
    }

    fn erfc(self) -> Self {
        match self.to_f64() {
            x if x.is_nan() => keep(NAN),
            x if x > 1e5 => Self::of(0.0),
            x if x >= TAIL => (-(self * self)).exp() * self.error_tail(),
            x if x <= -TAIL => Self::of(2.0) - (-self).erfc(),
            _ => Self::of(1.0) - self.error_series(),
        }
    }

    fn erfcx(self) -> [Self; 3] {
        let (two, x) = (Self::of(2.0), self.to_f64());
        let value = if x >= TAIL { self.error_tail() } else { (self * self).exp() * self.erfc() };
        let first = two * self * value - two / Self::pi().sqrt();
        [value, first, two * value + two * self * first]
    }

    /// Not known.
    fn lgamma(self) -> Option<Self> {
        None
    }

    /// Not known.
    fn polygamma(self, _: i32) -> Option<Self> {
        None
    }

    fn atan2(self, x: Self) -> Self {
        let zero = Self::of(0.0);
        if x == zero {
            let half = Self::pi() / Self::of(2.0);
            return if self > zero { half } else { -half };
        }
        let angle = function(self / x, |ratio, constants| ratio.atan(bits(), ROUND, constants));
        match (x < zero, self < zero) {
            (false, _) => angle,
            (true, false) => angle + Self::pi(),
            (true, true) => angle - Self::pi(),
        }
    }

    fn hypot(self, other: Self) -> Self {
        (self * self + other * other).sqrt()
    }

    fn is_finite(self) -> bool {
        let number = at(self);
        !number.is_nan() && !number.is_inf()
    }

    /// As floats, they would be compared wrongly, or as one.
    fn is_close(self, other: Self) -> bool {
        let (size, difference) = (self.abs().max(other.abs()).magnitude(), (self - other).magnitude());
        difference > f64::NEG_INFINITY && (difference < size - 36.0 || !(-930.0..=1000.0).contains(&size))
    }

    fn powf(self, exponent: Self) -> Self {
        if let Some(whole) = exponent.to_integer() {
            let power = self.whole_power(whole.unsigned_abs());
            return if whole < 0 { Self::of(1.0) / power } else { power };
        }
        if self.is_zero() {
            return if exponent > Self::of(0.0) { self } else { keep(INF_POS) };
        }
        (self.ln() * exponent).exp()
    }
}

/// A literal of any sign.
#[cfg(test)]
fn number(text: &str) -> Wide {
    let (sign, text) = text.strip_prefix('-').map_or((1.0, text), |rest| (-1.0, rest));
    Wide::of(sign) * Wide::literal(Number::parse(text).unwrap_or(Number::ZERO))
}

/// A name, what is found, three times 18 digits from mpmath, and the exponent of the last one.
#[cfg(test)]
type Row = (&'static str, Wide, [&'static str; 3], i32);

#[cfg(test)]
fn have_fifty_digits(rows: &[Row]) {
    for (name, found, digits, exponent) in rows {
        let expected = digits.iter().fold(Wide::of(0.0), |sum, part| sum * number("1e18") + number(part));
        let expected = expected * number("10").powf(Wide::of(f64::from(*exponent)));
        assert!((*found / expected - Wide::of(1.0)).magnitude() < -165.0, "{name}: {}", found.to_f64());
    }
}

#[test]
fn functions_have_fifty_digits() {
    let x = number("0.3");
    have_fifty_digits(&[
        ("exp", x.exp(), ["134985880757600310", "398374431332800733", "037829969735936580"], -53),
        ("log", x.ln(), ["-120397280432593599", "-262274621776183850", "-295361093080602352"], -53),
        ("expm1", number("1e-30").exp_m1(), ["100000000000000000", "000000000000050000", "000000000000000000"], -83),
        ("log1p", number("1e-300").ln_1p(), ["999999999999999999", "999999999999999999", "999999999999999999"], -354),
        ("sqrt", x.sqrt(), ["547722557505166113", "456969782800802133", "952744694997983254"], -54),
        ("sin", number("100.3").sin(), ["-228916922445203958", "-159423061695172756", "-551823943548225073"], -54),
        ("cos", x.cos(), ["955336489125606019", "642310227568049898", "244214082632037674"], -54),
        ("tan", x.tan(), ["309336249609623233", "035303679698294667", "257815906800461340"], -54),
        ("sinh", number("400").sinh(), ["261073484488207197", "529438150332482451", "476168104922383318"], 120),
        ("cosh", x.cosh(), ["104533851412886048", "502530904632291210", "128027546467918607"], -53),
        ("tanh", x.tanh(), ["291312612451590905", "818221272823765928", "153596804917612174"], -54),
        ("erf", x.erf(), ["328626759459127427", "638914047866756551", "169918096262675822"], -54),
        ("erf of 5", number("5").erf(), ["999999999998462540", "205571965149811656", "514616621109881949"], -54),
        ("erfc", x.erfc(), ["671373240540872572", "361085952133243448", "830081903737324177"], -54),
        ("erfc of 5", number("5").erfc(), ["153745979442803485", "018834348538337889", "011805031472337993"], -65),
        ("erfc of 7", number("7").erfc(), ["418382560777941439", "861401022389993225", "002961741381246015"], -76),
        ("erfc of 30", number("30").erfc(), ["256465620375611160", "003339727750144714", "654888972277861705"], -446),
        ("erfc of -8", number("-8").erfc(), ["199999999999999999", "999999999998877570", "282701707292003211"], -53),
        ("atan2", x.atan2(number("-2")), ["299270270598029598", "787611299162363560", "320664355280596942"], -53),
        ("hypot", x.hypot(number("2")), ["202237484161566843", "795129875592400325", "794388171084229995"], -53),
        ("power", x.powf(number("0.7")), ["430511620249934224", "085866297879089694", "567384867620513498"], -54),
    ]);
}

#[test]
fn inverse_functions_and_erfcx_have_fifty_digits() {
    let x = number("0.3");
    have_fifty_digits(&[
        ("asin", x.asin(), ["304692654015397507", "972002961227529166", "954560031706776387"], -54),
        ("acos", x.acos(), ["126610367277949911", "125931873041222227", "514402466798077652"], -53),
        ("atan", x.atan(), ["291456794477867091", "995604621432891193", "503167599012065419"], -54),
        ("asinh", number("-100.3").asinh(), ["-530133772527386252", "-580891916468142801", "-330272701496547983"], -53),
        ("acosh", number("1.3").acosh(), ["756432910856959586", "242076806968741775", "600933360914944068"], -54),
        ("atanh", x.atanh(), ["309519604203111715", "474067349061069437", "584091607589172963"], -54),
        ("exp2", x.exp2(), ["123114441334491628", "449939306916774310", "987613776110081779"], -53),
        ("log2", x.log2(), ["-173696559416620616", "-641658048554157366", "-710501698533209955"], -53),
        ("log10", x.log10(), ["-522878745280337562", "-704972096744884690", "-799871135809304135"], -54),
        ("cbrt", number("-0.3").cbrt(), ["-669432950082169521", "-882659324639930793", "-303417687195301150"], -54),
        ("erfcx", x.erfcx()[0], ["734599334567655142", "285672564802790518", "558349358017270229"], -54),
        (
            "erfcx of 30",
            number("30").erfcx()[0],
            ["187958888614167514", "971253290494062091", "499886495501762185"],
            -55,
        ),
        (
            "erfcx of -8",
            number("-8").erfcx()[0],
            ["124702981616232337", "658184774177869543", "234619027647488475"],
            -25,
        ),
        (
            "the slope of erfcx",
            number("30").erfcx()[1],
            ["-625835410507484068", "-639160157172622688", "-782285647424599307"],
            -57,
        ),
        (
            "the curvature of erfcx",
            number("30").erfcx()[2],
            ["416530923844588759", "010486684550569730", "401602548764787127"],
            -58,
        ),
    ]);
}

#[test]
fn infinities_and_what_is_no_number() {
    let (zero, one) = (Wide::of(0.0), Wide::of(1.0));
    assert!((one / zero).to_f64().is_infinite() && (zero / zero).to_f64().is_nan());
    assert!((-one).ln().to_f64().is_nan() && !zero.ln().is_finite() && (-one).sqrt().to_f64().is_nan());
    assert!(Wide::of(2e9).exp().to_f64().is_infinite() && Wide::of(-2e9).exp().is_zero());
    assert!(Wide::of(-2.0).powf(Wide::of(-3.0)) == Wide::of(-0.125));
    assert!(Wide::of(-1e-300).to_f64() == -1e-300 && Wide::of(1.7e308).to_f64() == 1.7e308);
    assert!(zero.is_zero() && zero.magnitude() == f64::NEG_INFINITY && Wide::of(-2.5).floor() == Wide::of(-3.0));
}
