//! The one table of operators.
//!
//! A row says everything that chainrule knows about an elementwise operator; every pass is driven by it, and a row that
//! does not say all of it does not compile. The partial derivatives are formulas in chainrule's own language: `a`, `b`,
//! `c` name the operands and `out` the operator's own result, so derivatives of every order follow. How the operator
//! behaves (what it rounds, where it is singular, its parity and range) is data that passes ask for. Adding an operator is
//! adding a row: the table's tests parse every formula, compare every partial with finite differences at the samples, and
//! check every identity and every column there.

use std::f64::consts::PI;
use std::sync::LazyLock;

use chainrule_special::{digamma, erfcx, ierfcx, length, polygamma, trigamma};

use crate::number::Number;

pub use crate::syntax::precedence;
pub use column::{Law, Parity, Range, Rounding, Singularity};
pub(crate) use step::OneStep;

/// What a value is: a number or a truth value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A float.
    Number,
    /// The result of a comparison.
    Truth,
}

/// How an operator is written in the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// `a + b`, with its precedence (see [`precedence`]).
    Infix(&'static str, u8),
    /// `-a`
    Prefix(&'static str),
    /// `exp(a)`
    Call,
    /// `pi`
    Name,
    /// `if a { b } else { c }`
    Conditional,
}

/// How an operator is written in Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rust {
    /// An infix or prefix operator of Rust itself.
    Native(&'static str),
    /// A function of `chainrule::math`.
    Math(&'static str),
    /// The same; `chainrule::math::vector` has one of this name for loops over arrays.
    Vector(&'static str),
    /// A constant of `core::<float>::consts`.
    Constant(&'static str),
    /// `if a { b } else { c }`
    Conditional,
}

/// A row of the table.
#[derive(Debug)]
pub struct Row {
    /// The operator's name: how it is called, or a word for an infix operator.
    pub name: &'static str,
    /// What its operands must be.
    pub operands: &'static [Kind],
    /// What it yields.
    pub result: Kind,
    /// How the language writes it.
    pub notation: Notation,
    /// What it is, with its conventions.
    pub doc: &'static str,
    /// Where it is defined, as a formula over `a`, `b`, `c`; empty for everywhere.
    pub domain: &'static str,
    /// The partial derivative by each operand; empty for operators that are not differentiated.
    pub partials: &'static [&'static str],
    /// Equalities that hold on the domain.
    pub identities: &'static [&'static str],
    /// Points inside the domain, away from kinks.
    pub samples: &'static [&'static [f64]],
    /// What the operation itself rounds.
    pub rounding: Rounding,
    /// Where the result may be infinite, undefined or huge.
    pub singularity: Singularity,
    /// What the algebra of trustworthy forms knows of it.
    pub law: Law,
    /// What negating all operands does.
    pub parity: Parity,
    /// Between what the result lies.
    pub range: Range,
    /// The partial derivative by each operand where there are more than `operands` lists, all of one kind: a formula over
    /// `a`, that operand, `b`, how many operands are equal to the result, and `out`. Empty for an operator that takes no more.
    pub among: &'static str,
    /// Where the operand is above 1 and the result may be tiny: a formula of the same, over `a`, that shows how it decays; empty for operators without such a tail.
    pub tail: &'static str,
    /// How Rust writes it; the function of more operands than `operands` lists takes them as an array, and its name ends in
    /// `_of`.
    pub rust: Rust,
    /// How LaTeX writes it: `{a}`, `{b}`, `{c}` stand for the operands.
    pub latex: &'static str,
    /// The value; truth values are 1 and 0.
    pub evaluate: fn(&[f64]) -> f64,
}

macro_rules! operators {
    ($($variant:ident { $($field:ident: $value:expr),* $(,)? })*) => {
        /// An elementwise operator: the key of a row of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Operator {
            $(#[allow(missing_docs)] $variant,)*
        }

        /// Every operator, in the order of the table.
        pub const ALL: &[Operator] = &[$(Operator::$variant),*];

        static ROWS: &[Row] = &[$(Row { $($field: $value),* }),*];
    };
}

const N: Kind = Kind::Number;
const T: Kind = Kind::Truth;

/// Samples for operators of one operand that are smooth everywhere.
const REALS: &[&[f64]] = &[&[-2.3], &[-0.7], &[0.4], &[1.9]];
/// Samples for operators of one positive operand.
const POSITIVE: &[&[f64]] = &[&[0.05], &[0.7], &[1.3], &[9.0]];
/// Samples for operators of two operands.
const PAIRS: &[&[f64]] = &[&[1.5, 2.5], &[-0.7, 0.4], &[2.0, -3.5], &[-1.2, -0.3]];
/// Samples for logical operators.
const TRUTHS: &[&[f64]] = &[&[0.0, 0.0], &[0.0, 1.0], &[1.0, 0.0], &[1.0, 1.0]];

fn truth(condition: bool) -> f64 {
    f64::from(u8::from(condition))
}

/// The number that comes before all others; NaN if one is NaN, and the last one of those that tie.
fn first_of(numbers: &[f64], before: fn(f64, f64) -> bool) -> f64 {
    let first = |a: f64, b: f64| if before(a, b) || a.is_nan() { a } else { b };
    numbers.iter().copied().reduce(first).unwrap_or(f64::NAN)
}

operators! {
    Add {
        name: "add", operands: &[N, N], result: N, notation: Notation::Infix("+", precedence::SUM),
        doc: "Sum.", domain: "", partials: &["1", "1"],
        identities: &["a + b == b + a"], samples: PAIRS,
        rounding: Rounding::Nearest, singularity: Singularity::Nowhere, law: Law::Rational, parity: Parity::Odd,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Native("+"), latex: "{a} + {b}", evaluate: |x| x[0] + x[1],
    }
    Subtract {
        name: "subtract", operands: &[N, N], result: N, notation: Notation::Infix("-", precedence::SUM),
        doc: "Difference.", domain: "", partials: &["1", "-1"],
        identities: &["a - b == a + -b"], samples: PAIRS,
        rounding: Rounding::Nearest, singularity: Singularity::Nowhere, law: Law::Rational, parity: Parity::Odd,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Native("-"), latex: "{a} - {b}", evaluate: |x| x[0] - x[1],
    }
    Multiply {
        name: "multiply", operands: &[N, N], result: N, notation: Notation::Infix("*", precedence::PRODUCT),
        doc: "Product.", domain: "", partials: &["b", "a"],
        identities: &["a * b == b * a"], samples: PAIRS,
        rounding: Rounding::Nearest, singularity: Singularity::Nowhere, law: Law::Rational, parity: Parity::Even,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Native("*"), latex: r"{a} \cdot {b}", evaluate: |x| x[0] * x[1],
    }
    Divide {
        name: "divide", operands: &[N, N], result: N, notation: Notation::Infix("/", precedence::PRODUCT),
        doc: "Quotient.", domain: "b != 0", partials: &["1 / b", "-(out / b)"],
        identities: &["a / b * b == a"], samples: PAIRS,
        rounding: Rounding::Nearest, singularity: Singularity::Divisor(1), law: Law::Rational, parity: Parity::Even,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Native("/"), latex: r"\frac{{a}}{{b}}", evaluate: |x| x[0] / x[1],
    }
    Power {
        name: "power", operands: &[N, N], result: N, notation: Notation::Infix("**", precedence::POWER),
        doc: "Power. By convention the derivative by the base is 0 where base and exponent are 0, and the derivative \
              by the exponent is 0 where the base is 0.",
        domain: "a > 0 || a == 0 && b > 0 || b == floor(b)",
        partials: &[
            "if a == 0 && b == 0 { 0 } else { b * a**(b - 1) }",
            "if a == 0 { 0 } else { out * log(a) }",
        ],
        identities: &["a**2 == a * a", "a**-1 == 1 / a"],
        samples: &[&[0.3, 1.7], &[2.0, -0.5], &[1.4, 3.0], &[5.0, 0.25]],
        rounding: Rounding::Library, singularity: Singularity::Exponent(1), law: Law::Root, parity: Parity::Neither,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Math("pow"), latex: "{{a}}^{{b}}", evaluate: |x| x[0].powf(x[1]),
    }
    Negate {
        name: "negate", operands: &[N], result: N, notation: Notation::Prefix("-"),
        doc: "The negated number.", domain: "", partials: &["-1"],
        identities: &["-(-a) == a"], samples: REALS,
        rounding: Rounding::Exact, singularity: Singularity::Nowhere, law: Law::Rational, parity: Parity::Odd,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Native("-"), latex: "-{a}", evaluate: |x| -x[0],
    }
    Exp {
        name: "exp", operands: &[N], result: N, notation: Notation::Call,
        doc: "The exponential function (DLMF 4.2.19).", domain: "", partials: &["out"],
        identities: &["exp(-a) == 1 / exp(a)", "log(exp(a)) == a"], samples: REALS,
        rounding: Rounding::Library, singularity: Singularity::Somewhere, law: Law::Exponential, parity: Parity::Neither,
        range: Range::Positive, among: "", tail: "",
        rust: Rust::Vector("exp"), latex: r"\exp\left({a}\right)", evaluate: |x| x[0].exp(),
    }
    Log {
        name: "log", operands: &[N], result: N, notation: Notation::Call,
        doc: "The natural logarithm (DLMF 4.2.2).", domain: "a > 0", partials: &["1 / a"],
        identities: &["exp(log(a)) == a", "log(a * a) == 2 * log(a)"], samples: POSITIVE,
        rounding: Rounding::Library, singularity: Singularity::Somewhere, law: Law::Logarithm, parity: Parity::Neither,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Vector("log"), latex: r"\log\left({a}\right)", evaluate: |x| x[0].ln(),
    }
    Sqrt {
        name: "sqrt", operands: &[N], result: N, notation: Notation::Call,
        doc: "The square root; its derivative at 0 is infinite. By convention a root of a sum of squares has first and \
              second derivatives 0 where it is 0.", domain: "a >= 0", partials: &["1 / (2 * out)"],
        identities: &["sqrt(a)**2 == a"], samples: POSITIVE,
        rounding: Rounding::Library, singularity: Singularity::Somewhere, law: Law::Root, parity: Parity::Neither,
        range: Range::AtLeast(0.0), among: "", tail: "",
        rust: Rust::Math("sqrt"), latex: r"\sqrt{{a}}", evaluate: |x| x[0].sqrt(),
    }
    Sin {
        name: "sin", operands: &[N], result: N, notation: Notation::Call,
        doc: "The sine of an angle in radians.", domain: "", partials: &["cos(a)"],
        identities: &["sin(-a) == -sin(a)", "sin(a)**2 + cos(a)**2 == 1"], samples: REALS,
        rounding: Rounding::Library, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Odd,
        range: Range::Within(-1.0, 1.0), among: "", tail: "",
        rust: Rust::Math("sin"), latex: r"\sin\left({a}\right)", evaluate: |x| x[0].sin(),
    }
    Cos {
        name: "cos", operands: &[N], result: N, notation: Notation::Call,
        doc: "The cosine of an angle in radians.", domain: "", partials: &["-sin(a)"],
        identities: &["cos(-a) == cos(a)", "cos(2 * a) == 1 - 2 * sin(a)**2"], samples: REALS,
        rounding: Rounding::Library, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Even,
        range: Range::Within(-1.0, 1.0), among: "", tail: "",
        rust: Rust::Math("cos"), latex: r"\cos\left({a}\right)", evaluate: |x| x[0].cos(),
    }
    Tan {
        name: "tan", operands: &[N], result: N, notation: Notation::Call,
        doc: "The tangent of an angle in radians.", domain: "cos(a) != 0", partials: &["1 + out**2"],
        identities: &["tan(a) == sin(a) / cos(a)"], samples: &[&[-1.2], &[-0.3], &[0.5], &[2.2]],
        rounding: Rounding::Library, singularity: Singularity::Somewhere, law: Law::Opaque, parity: Parity::Odd,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Math("tan"), latex: r"\tan\left({a}\right)", evaluate: |x| x[0].tan(),
    }
    Asin {
        name: "asin", operands: &[N], result: N, notation: Notation::Call,
        doc: "The arc sine, between -pi/2 and pi/2 (DLMF 4.23).",
        domain: "a >= -1 && a <= 1", partials: &["1 / sqrt(1 - a**2)"],
        identities: &["sin(asin(a)) == a", "asin(a) + acos(a) == pi / 2"], samples: &[&[-0.8], &[-0.2], &[0.3], &[0.7]],
        rounding: Rounding::Library, singularity: Singularity::Somewhere, law: Law::Opaque, parity: Parity::Odd,
        range: Range::Within(-PI / 2.0, PI / 2.0), among: "", tail: "",
        rust: Rust::Math("asin"), latex: r"\arcsin\left({a}\right)", evaluate: |x| x[0].asin(),
    }
    Acos {
        name: "acos", operands: &[N], result: N, notation: Notation::Call,
        doc: "The arc cosine, between 0 and pi (DLMF 4.23).",
        domain: "a >= -1 && a <= 1", partials: &["-(1 / sqrt(1 - a**2))"],
        identities: &["cos(acos(a)) == a", "acos(-a) == pi - acos(a)"], samples: &[&[-0.8], &[-0.2], &[0.3], &[0.7]],
        rounding: Rounding::Library, singularity: Singularity::Somewhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Within(0.0, PI), among: "", tail: "",
        rust: Rust::Math("acos"), latex: r"\arccos\left({a}\right)", evaluate: |x| x[0].acos(),
    }
    Atan {
        name: "atan", operands: &[N], result: N, notation: Notation::Call,
        doc: "The arc tangent, between -pi/2 and pi/2 (DLMF 4.23).",
        domain: "", partials: &["1 / (1 + a**2)"],
        identities: &["tan(atan(a)) == a", "atan(a) == atan2(a, 1)"], samples: REALS,
        rounding: Rounding::Library, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Odd,
        range: Range::Within(-PI / 2.0, PI / 2.0), among: "", tail: "",
        rust: Rust::Math("atan"), latex: r"\arctan\left({a}\right)", evaluate: |x| x[0].atan(),
    }
    Tanh {
        name: "tanh", operands: &[N], result: N, notation: Notation::Call,
        doc: "The hyperbolic tangent (DLMF 4.28.4).", domain: "", partials: &["1 - out**2"],
        identities: &["tanh(a) == (exp(a) - exp(-a)) / (exp(a) + exp(-a))"], samples: REALS,
        rounding: Rounding::Library, singularity: Singularity::Nowhere, law: Law::Exponential, parity: Parity::Odd,
        range: Range::Within(-1.0, 1.0), among: "", tail: "",
        rust: Rust::Vector("tanh"), latex: r"\tanh\left({a}\right)", evaluate: |x| x[0].tanh(),
    }
    Expm1 {
        name: "expm1", operands: &[N], result: N, notation: Notation::Call,
        doc: "exp(a) - 1, accurate where a is near 0.", domain: "", partials: &["exp(a)"],
        identities: &["expm1(a) == exp(a) - 1", "log1p(expm1(a)) == a"], samples: REALS,
        rounding: Rounding::Library, singularity: Singularity::Somewhere, law: Law::Exponential, parity: Parity::Neither,
        range: Range::AtLeast(-1.0), among: "", tail: "",
        rust: Rust::Vector("expm1"), latex: r"\operatorname{expm1}\left({a}\right)", evaluate: |x| x[0].exp_m1(),
    }
    Log1p {
        name: "log1p", operands: &[N], result: N, notation: Notation::Call,
        doc: "log(1 + a), accurate where a is near 0.", domain: "a > -1", partials: &["1 / (1 + a)"],
        identities: &["log1p(a) == log(1 + a)", "expm1(log1p(a)) == a"], samples: &[&[-0.7], &[-0.1], &[0.4], &[9.0]],
        rounding: Rounding::Library, singularity: Singularity::Somewhere, law: Law::Logarithm, parity: Parity::Neither,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Vector("log1p"), latex: r"\operatorname{log1p}\left({a}\right)", evaluate: |x| x[0].ln_1p(),
    }
    Exp2 {
        name: "exp2", operands: &[N], result: N, notation: Notation::Call,
        doc: "Two to the power of a number.",
        domain: "", partials: &["out * log(2)"],
        identities: &["exp2(a) == 2**a", "log2(exp2(a)) == a"], samples: REALS,
        rounding: Rounding::Library, singularity: Singularity::Somewhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Positive, among: "", tail: "",
        rust: Rust::Math("exp2"), latex: r"2^{{a}}", evaluate: |x| x[0].exp2(),
    }
    Log2 {
        name: "log2", operands: &[N], result: N, notation: Notation::Call,
        doc: "The logarithm to the base 2.",
        domain: "a > 0", partials: &["1 / (a * log(2))"],
        identities: &["exp2(log2(a)) == a"], samples: POSITIVE,
        rounding: Rounding::Library, singularity: Singularity::Somewhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Math("log2"), latex: r"\log_2\left({a}\right)", evaluate: |x| x[0].log2(),
    }
    Log10 {
        name: "log10", operands: &[N], result: N, notation: Notation::Call,
        doc: "The logarithm to the base 10.",
        domain: "a > 0", partials: &["1 / (a * log(10))"],
        identities: &["10**log10(a) == a"], samples: POSITIVE,
        rounding: Rounding::Library, singularity: Singularity::Somewhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Math("log10"), latex: r"\log_{10}\left({a}\right)", evaluate: |x| x[0].log10(),
    }
    Cbrt {
        name: "cbrt", operands: &[N], result: N, notation: Notation::Call,
        doc: "The cube root, of negative numbers too; its derivative at 0 is infinite.",
        domain: "", partials: &["1 / (3 * out**2)"],
        identities: &["cbrt(a)**3 == a"], samples: REALS,
        rounding: Rounding::Library, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Odd,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Math("cbrt"), latex: r"\sqrt[3]{{a}}", evaluate: |x| x[0].cbrt(),
    }
    Sinh {
        name: "sinh", operands: &[N], result: N, notation: Notation::Call,
        doc: "The hyperbolic sine (DLMF 4.28.1).", domain: "", partials: &["cosh(a)"],
        identities: &["sinh(a) == (exp(a) - exp(-a)) / 2", "sinh(-a) == -sinh(a)", "sinh(a) / cosh(a) == tanh(a)"], samples: REALS,
        rounding: Rounding::Library, singularity: Singularity::Somewhere, law: Law::Exponential, parity: Parity::Odd,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Math("sinh"), latex: r"\sinh\left({a}\right)", evaluate: |x| x[0].sinh(),
    }
    Cosh {
        name: "cosh", operands: &[N], result: N, notation: Notation::Call,
        doc: "The hyperbolic cosine (DLMF 4.28.2).", domain: "", partials: &["sinh(a)"],
        identities: &["cosh(a) == (exp(a) + exp(-a)) / 2", "cosh(a)**2 - sinh(a)**2 == 1", "cosh(-a) == cosh(a)"], samples: REALS,
        rounding: Rounding::Library, singularity: Singularity::Somewhere, law: Law::Exponential, parity: Parity::Even,
        range: Range::AtLeast(1.0), among: "", tail: "",
        rust: Rust::Math("cosh"), latex: r"\cosh\left({a}\right)", evaluate: |x| x[0].cosh(),
    }
    Asinh {
        name: "asinh", operands: &[N], result: N, notation: Notation::Call,
        doc: "The inverse hyperbolic sine (DLMF 4.37).",
        domain: "", partials: &["1 / hypot(1, a)"],
        identities: &["sinh(asinh(a)) == a"], samples: REALS,
        rounding: Rounding::Library, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Odd,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Math("asinh"), latex: r"\operatorname{arsinh}\left({a}\right)", evaluate: |x| libm::asinh(x[0]),
    }
    Acosh {
        name: "acosh", operands: &[N], result: N, notation: Notation::Call,
        doc: "The inverse hyperbolic cosine, not negative (DLMF 4.37).",
        domain: "a >= 1", partials: &["1 / (sqrt(a - 1) * sqrt(a + 1))"],
        identities: &["cosh(acosh(a)) == a"], samples: &[&[1.05], &[1.7], &[3.0], &[9.0]],
        rounding: Rounding::Library, singularity: Singularity::Somewhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::AtLeast(0.0), among: "", tail: "",
        rust: Rust::Math("acosh"), latex: r"\operatorname{arcosh}\left({a}\right)", evaluate: |x| libm::acosh(x[0]),
    }
    Atanh {
        name: "atanh", operands: &[N], result: N, notation: Notation::Call,
        doc: "The inverse hyperbolic tangent (DLMF 4.37).",
        domain: "a > -1 && a < 1", partials: &["1 / ((1 - a) * (1 + a))"],
        identities: &["tanh(atanh(a)) == a"], samples: &[&[-0.8], &[-0.2], &[0.3], &[0.7]],
        rounding: Rounding::Library, singularity: Singularity::Somewhere, law: Law::Opaque, parity: Parity::Odd,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Math("atanh"), latex: r"\operatorname{artanh}\left({a}\right)", evaluate: |x| libm::atanh(x[0]),
    }
    Erf {
        name: "erf", operands: &[N], result: N, notation: Notation::Call,
        doc: "The error function (DLMF 7.2.1).", domain: "", partials: &["2 / sqrt(pi) * exp(-a**2)"],
        identities: &["erf(-a) == -erf(a)", "erf(a) + erfc(a) == 1"], samples: REALS,
        rounding: Rounding::Library, singularity: Singularity::Nowhere, law: Law::Exponential, parity: Parity::Odd,
        range: Range::Within(-1.0, 1.0), among: "", tail: "",
        rust: Rust::Vector("erf"), latex: r"\operatorname{erf}\left({a}\right)", evaluate: |x| libm::erf(x[0]),
    }
    Erfc {
        name: "erfc", operands: &[N], result: N, notation: Notation::Call,
        doc: "The complementary error function 1 - erf(a), accurate where that is small (DLMF 7.2.2).", domain: "",
        partials: &["-(2 / sqrt(pi) * exp(-a**2))"],
        identities: &["erfc(-a) == 2 - erfc(a)", "erf(a) + erfc(a) == 1"], samples: REALS,
        rounding: Rounding::Library, singularity: Singularity::Nowhere, law: Law::Exponential, parity: Parity::Neither,
        range: Range::Within(0.0, 2.0), among: "", tail: "exp(-a**2) * erfcx(a)",
        rust: Rust::Vector("erfc"), latex: r"\operatorname{erfc}\left({a}\right)", evaluate: |x| libm::erfc(x[0]),
    }
    Erfcx {
        name: "erfcx", operands: &[N], result: N, notation: Notation::Call,
        doc: "The scaled complementary error function exp(a**2)*erfc(a), which neither underflows nor cancels.",
        domain: "", partials: &["-(2 * ierfcx(1, a))"],
        identities: &["erfc(a) == exp(-a**2) * erfcx(a)"], samples: REALS,
        rounding: Rounding::Library, singularity: Singularity::Somewhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Positive, among: "", tail: "",
        rust: Rust::Math("erfcx"), latex: r"\operatorname{erfcx}\left({a}\right)", evaluate: |x| erfcx(x[0]),
    }
    Ierfcx {
        name: "ierfcx", operands: &[N, N], result: N, notation: Notation::Call,
        doc: "ierfcx(n, x): the scaled repeated integral exp(x**2) * i^n erfc(x) of the complementary error \
              function for a whole number n (DLMF 7.18); up to (-2)**n * n! it is the n-th derivative of erfcx. By \
              convention the derivative by n is 0.",
        domain: "a >= 0 && a <= 1000 && a == floor(a)", partials: &["0", "-(2 * (a + 1) * ierfcx(a + 1, b))"],
        identities: &["2 * (a + 2) * ierfcx(a + 2, b) == ierfcx(a, b) - 2 * b * ierfcx(a + 1, b)"],
        samples: &[&[1.0, -0.7], &[1.0, 0.4], &[2.0, 1.9], &[3.0, 0.3]],
        rounding: Rounding::Library, singularity: Singularity::Somewhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Positive, among: "", tail: "",
        rust: Rust::Math("ierfcx"), latex: r"e^{{b}^2} \operatorname{i}^{{a}} \operatorname{erfc}\left({b}\right)",
        evaluate: |x| ierfcx(x[0], x[1]),
    }
    Lgamma {
        name: "lgamma", operands: &[N], result: N, notation: Notation::Call,
        doc: "The logarithm of the absolute value of the gamma function (DLMF 5.2.1).",
        domain: "a > 0 || a != floor(a)", partials: &["digamma(a)"],
        identities: &["lgamma(a + 1) == lgamma(a) + log(abs(a))"], samples: &[&[-1.6], &[-0.3], &[0.4], &[4.7]],
        rounding: Rounding::Library, singularity: Singularity::Somewhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Math("lgamma"), latex: r"\log\left|\Gamma\left({a}\right)\right|", evaluate: |x| libm::lgamma(x[0]),
    }
    Digamma {
        name: "digamma", operands: &[N], result: N, notation: Notation::Call,
        doc: "The digamma function, the derivative of the logarithm of the gamma function (DLMF 5.2.2).",
        domain: "a > 0 || a != floor(a)", partials: &["trigamma(a)"],
        identities: &["digamma(a + 1) == digamma(a) + 1 / a"], samples: &[&[-1.6], &[-0.3], &[0.4], &[4.7]],
        rounding: Rounding::Library, singularity: Singularity::Somewhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Math("digamma"), latex: r"\psi\left({a}\right)", evaluate: |x| digamma(x[0]),
    }
    Trigamma {
        name: "trigamma", operands: &[N], result: N, notation: Notation::Call,
        doc: "The trigamma function, the derivative of digamma.",
        domain: "a > 0 || a != floor(a)", partials: &["polygamma(2, a)"],
        identities: &["trigamma(a + 1) == trigamma(a) - 1 / a**2"], samples: &[&[-1.6], &[-0.3], &[0.4], &[4.7]],
        rounding: Rounding::Library, singularity: Singularity::Somewhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Positive, among: "", tail: "",
        rust: Rust::Math("trigamma"), latex: r"\psi'\left({a}\right)", evaluate: |x| trigamma(x[0]),
    }
    Polygamma {
        name: "polygamma", operands: &[N, N], result: N, notation: Notation::Call,
        doc: "polygamma(n, x): the n-th derivative of digamma for a whole number n (DLMF 5.15). By convention the \
              derivative by n is 0.",
        domain: "a >= 0 && a <= 100 && a == floor(a) && (b > 0 || b != floor(b))", partials: &["0", "polygamma(a + 1, b)"],
        identities: &["polygamma(1, b) == trigamma(b)", "polygamma(0, b) == digamma(b)"],
        samples: &[&[1.0, 0.7], &[2.0, 2.3], &[3.0, -0.4], &[4.0, 9.5]],
        rounding: Rounding::Library, singularity: Singularity::Somewhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Math("polygamma"), latex: r"\psi^{({a})}\left({b}\right)", evaluate: |x| polygamma(x[0], x[1]),
    }
    Hypot {
        name: "hypot", operands: &[N, N], result: N, notation: Notation::Call,
        doc: "sqrt(a**2 + b**2) without overflow on the way. By convention first and second derivatives are 0 where both \
              are 0.",
        domain: "a != 0 || b != 0", partials: &["a / out", "b / out"],
        identities: &["hypot(a, b)**2 == a**2 + b**2", "hypot(a, b) == hypot(b, -a)"], samples: PAIRS,
        rounding: Rounding::Library, singularity: Singularity::Nowhere, law: Law::Root, parity: Parity::Even,
        range: Range::AtLeast(0.0), among: "", tail: "",
        rust: Rust::Math("hypot"), latex: r"\operatorname{hypot}\left({a}, {b}\right)",
        evaluate: length,
    }
    Atan2 {
        name: "atan2", operands: &[N, N], result: N, notation: Notation::Call,
        doc: "atan2(y, x): the angle of the point (x, y) in radians, between -pi and pi.", domain: "a != 0 || b != 0",
        partials: &["b / (a**2 + b**2)", "-(a / (a**2 + b**2))"],
        identities: &["sin(atan2(a, b)) * sqrt(a**2 + b**2) == a"], samples: PAIRS,
        rounding: Rounding::Library, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Within(-PI, PI), among: "", tail: "",
        rust: Rust::Math("atan2"), latex: r"\operatorname{atan2}\left({a}, {b}\right)",
        evaluate: |x| x[0].atan2(x[1]),
    }
    Abs {
        name: "abs", operands: &[N], result: N, notation: Notation::Call,
        doc: "The absolute value. By convention the derivative at 0 is 0; under an even function derivatives are the true \
              ones.", domain: "",
        partials: &["if a == 0 { 0 } else { sign(a) }"],
        identities: &["abs(a) == a * sign(a)", "abs(-a) == abs(a)", "abs(a) * sign(a) == a", "abs(a)**2 == a**2", "sign(a) / abs(a) == 1 / a"], samples: REALS,
        rounding: Rounding::Exact, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Even,
        range: Range::AtLeast(0.0), among: "", tail: "",
        rust: Rust::Math("abs"), latex: r"\left|{a}\right|", evaluate: |x| x[0].abs(),
    }
    Sign {
        name: "sign", operands: &[N], result: N, notation: Notation::Call,
        doc: "1 above 0, -1 below 0, 0 at 0. The derivative is 0.", domain: "", partials: &["0"],
        identities: &["sign(a) * abs(a) == a"], samples: REALS,
        rounding: Rounding::Exact, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Odd,
        range: Range::Within(-1.0, 1.0), among: "", tail: "",
        rust: Rust::Math("sign"), latex: r"\operatorname{sign}\left({a}\right)",
        evaluate: |x| if x[0] > 0.0 { 1.0 } else if x[0] < 0.0 { -1.0 } else { x[0] * 0.0 },
    }
    Floor {
        name: "floor", operands: &[N], result: N, notation: Notation::Call,
        doc: "The largest integer that is not above the operand. The derivative is 0 by convention, at the jumps too.",
        domain: "", partials: &["0"], identities: &["floor(a + 1) == floor(a) + 1"], samples: REALS,
        rounding: Rounding::Exact, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Math("floor"), latex: r"\left\lfloor {a} \right\rfloor", evaluate: |x| x[0].floor(),
    }
    Ceil {
        name: "ceil", operands: &[N], result: N, notation: Notation::Call,
        doc: "The smallest integer that is not below the operand. The derivative is 0 by convention, at the jumps \
              too.",
        domain: "", partials: &["0"],
        identities: &["ceil(a) == -floor(-a)"], samples: REALS,
        rounding: Rounding::Exact, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Math("ceil"), latex: r"\left\lceil {a} \right\rceil", evaluate: |x| x[0].ceil(),
    }
    Round {
        name: "round", operands: &[N], result: N, notation: Notation::Call,
        doc: "The nearest integer, away from 0 at half the way. The derivative is 0 by convention, at the jumps \
              too.",
        domain: "", partials: &["0"],
        identities: &["round(a) == sign(a) * floor(abs(a) + 1 / 2)"], samples: REALS,
        rounding: Rounding::Exact, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Odd,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Math("round"), latex: r"\left\lfloor {a} \right\rceil", evaluate: |x| x[0].round(),
    }
    Maximum {
        name: "max", operands: &[N, N], result: N, notation: Notation::Call,
        doc: "The largest of two or more numbers; NaN if one is NaN. Those that tie share the derivative evenly.", domain: "",
        partials: &[
            "if a > b { 1 } else if a == b { 1 / 2 } else { 0 }",
            "if a < b { 1 } else if a == b { 1 / 2 } else { 0 }",
        ],
        identities: &["max(a, b) == max(b, a)", "max(a, b) == (a + b + abs(a - b)) / 2"], samples: PAIRS,
        rounding: Rounding::Exact, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Real, among: "if a == out { 1 / b } else { 0 }", tail: "",
        rust: Rust::Math("max"), latex: r"\max\left({a}, {b}\right)",
        evaluate: |x| first_of(x, |a, b| a > b),
    }
    Minimum {
        name: "min", operands: &[N, N], result: N, notation: Notation::Call,
        doc: "The smallest of two or more numbers; NaN if one is NaN. Those that tie share the derivative evenly.", domain: "",
        partials: &[
            "if a < b { 1 } else if a == b { 1 / 2 } else { 0 }",
            "if a > b { 1 } else if a == b { 1 / 2 } else { 0 }",
        ],
        identities: &["min(a, b) == -max(-a, -b)"], samples: PAIRS,
        rounding: Rounding::Exact, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Real, among: "if a == out { 1 / b } else { 0 }", tail: "",
        rust: Rust::Math("min"), latex: r"\min\left({a}, {b}\right)",
        evaluate: |x| first_of(x, |a, b| a < b),
    }
    Equal {
        name: "equal", operands: &[N, N], result: T, notation: Notation::Infix("==", precedence::COMPARISON),
        doc: "Whether two numbers are equal.", domain: "", partials: &[], identities: &[], samples: PAIRS,
        rounding: Rounding::Exact, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Within(0.0, 1.0), among: "", tail: "",
        rust: Rust::Native("=="), latex: "{a} = {b}", evaluate: |x| truth(x[0] == x[1]),
    }
    NotEqual {
        name: "not_equal", operands: &[N, N], result: T, notation: Notation::Infix("!=", precedence::COMPARISON),
        doc: "Whether two numbers differ.", domain: "", partials: &[], identities: &[], samples: PAIRS,
        rounding: Rounding::Exact, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Within(0.0, 1.0), among: "", tail: "",
        rust: Rust::Native("!="), latex: r"{a} \ne {b}", evaluate: |x| truth(x[0] != x[1]),
    }
    Less {
        name: "less", operands: &[N, N], result: T, notation: Notation::Infix("<", precedence::COMPARISON),
        doc: "Whether the first number is below the second.", domain: "", partials: &[], identities: &[],
        samples: PAIRS,
        rounding: Rounding::Exact, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Within(0.0, 1.0), among: "", tail: "",
        rust: Rust::Native("<"), latex: "{a} < {b}", evaluate: |x| truth(x[0] < x[1]),
    }
    LessEqual {
        name: "less_equal", operands: &[N, N], result: T, notation: Notation::Infix("<=", precedence::COMPARISON),
        doc: "Whether the first number is at most the second.", domain: "", partials: &[], identities: &[],
        samples: PAIRS,
        rounding: Rounding::Exact, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Within(0.0, 1.0), among: "", tail: "",
        rust: Rust::Native("<="), latex: r"{a} \le {b}", evaluate: |x| truth(x[0] <= x[1]),
    }
    Greater {
        name: "greater", operands: &[N, N], result: T, notation: Notation::Infix(">", precedence::COMPARISON),
        doc: "Whether the first number is above the second.", domain: "", partials: &[], identities: &[],
        samples: PAIRS,
        rounding: Rounding::Exact, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Within(0.0, 1.0), among: "", tail: "",
        rust: Rust::Native(">"), latex: "{a} > {b}", evaluate: |x| truth(x[0] > x[1]),
    }
    GreaterEqual {
        name: "greater_equal", operands: &[N, N], result: T, notation: Notation::Infix(">=", precedence::COMPARISON),
        doc: "Whether the first number is at least the second.", domain: "", partials: &[], identities: &[],
        samples: PAIRS,
        rounding: Rounding::Exact, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Within(0.0, 1.0), among: "", tail: "",
        rust: Rust::Native(">="), latex: r"{a} \ge {b}", evaluate: |x| truth(x[0] >= x[1]),
    }
    And {
        name: "and", operands: &[T, T], result: T, notation: Notation::Infix("&&", precedence::AND),
        doc: "Whether both hold.", domain: "", partials: &[], identities: &[], samples: TRUTHS,
        rounding: Rounding::Exact, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Within(0.0, 1.0), among: "", tail: "",
        rust: Rust::Native("&&"), latex: r"{a} \land {b}", evaluate: |x| x[0] * x[1],
    }
    Or {
        name: "or", operands: &[T, T], result: T, notation: Notation::Infix("||", precedence::OR),
        doc: "Whether one of the two holds, or both.", domain: "", partials: &[], identities: &[], samples: TRUTHS,
        rounding: Rounding::Exact, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Within(0.0, 1.0), among: "", tail: "",
        rust: Rust::Native("||"), latex: r"{a} \lor {b}", evaluate: |x| x[0].max(x[1]),
    }
    Not {
        name: "not", operands: &[T], result: T, notation: Notation::Prefix("!"),
        doc: "Whether the condition does not hold.", domain: "", partials: &[], identities: &[],
        samples: &[&[0.0], &[1.0]],
        rounding: Rounding::Exact, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Within(0.0, 1.0), among: "", tail: "",
        rust: Rust::Native("!"), latex: r"\lnot {a}", evaluate: |x| 1.0 - x[0],
    }
    Select {
        name: "if", operands: &[T, N, N], result: N, notation: Notation::Conditional,
        doc: "The second operand where the condition holds, else the third; the other one has no influence, even where \
              it is not defined.",
        domain: "", partials: &["0", "if a { 1 } else { 0 }", "if a { 0 } else { 1 }"],
        identities: &["(if a { b } else { c }) == (if !a { c } else { b })"],
        samples: &[&[1.0, 2.0, 3.0], &[0.0, 2.0, 3.0]],
        rounding: Rounding::Exact, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Real, among: "", tail: "",
        rust: Rust::Conditional, latex: r"\begin{cases} {b} & {a} \\ {c} & \text{else} \end{cases}",
        evaluate: |x| if x[0] != 0.0 { x[1] } else { x[2] },
    }
    Pi {
        name: "pi", operands: &[], result: N, notation: Notation::Name,
        doc: "The ratio of a circle's circumference to its diameter.", domain: "", partials: &[],
        identities: &["sin(pi / 6) == 1 / 2"], samples: &[&[]],
        rounding: Rounding::Library, singularity: Singularity::Nowhere, law: Law::Opaque, parity: Parity::Neither,
        range: Range::Within(PI, PI), among: "", tail: "",
        rust: Rust::Constant("PI"), latex: r"\pi", evaluate: |_| PI,
    }
}

impl Operator {
    /// The operator's row.
    #[must_use]
    pub fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// How many operands it takes, at least.
    #[must_use]
    pub fn arity(self) -> usize {
        self.row().operands.len()
    }

    /// Whether it takes so many operands.
    #[must_use]
    pub fn takes(self, count: usize) -> bool {
        let row = self.row();
        count == row.operands.len() || count > row.operands.len() && !row.among.is_empty()
    }

    /// What each operand must be, however many there are.
    pub fn kinds(self) -> impl Iterator<Item = Kind> {
        let row = self.row();
        row.operands.iter().chain(row.operands.last().into_iter().cycle()).copied()
    }

    /// The operator that is called by a name, such as `exp`; infix operators are not called.
    #[must_use]
    pub fn called(name: &str) -> Option<Self> {
        ALL.iter().copied().find(|op| op.row().notation == Notation::Call && op.row().name == name)
    }

    /// Whether an identity says that the operator is odd: `sin(-a) == -sin(a)`.
    #[must_use]
    pub fn is_odd(self) -> bool {
        self.row().parity == Parity::Odd
    }

    /// The partial derivative by one operand, ready to be put into a graph; `None` if there is none (conditions).
    #[must_use]
    pub fn partial(self, operand: usize) -> Option<&'static Template> {
        PARTIALS.get(self as usize)?.get(operand)?.as_ref()
    }

    /// The formula of the operator where its result is small: see [`Row::tail`].
    #[must_use]
    pub fn tail(self) -> Option<&'static Template> {
        TAILS.get(self as usize)?.as_ref()
    }

    /// The functions that are quotients made of this one: `tanh` of `sinh` and of `exp`, by their identities.
    pub fn quotients(self) -> impl Iterator<Item = Operator> {
        QUOTIENTS.iter().filter(move |(part, _)| *part == self).map(|(_, whole)| *whole)
    }

    /// Whether dividing by it is dividing by its operand and a sign, as `sign(a) / abs(a) == 1 / a` says.
    #[must_use]
    pub fn divides_as_operand(self) -> bool {
        SIZES.contains(&self)
    }

    /// The partial derivative by each of more operands than the row lists: see [`Row::among`].
    #[must_use]
    pub fn partial_among(self) -> Option<&'static Template> {
        AMONG.get(self as usize)?.as_ref()
    }
}

/// A partial derivative as straight-line steps over the operands and the result of an operator.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// Steps in order; later steps use earlier ones.
    pub steps: Vec<Step>,
    /// What the template yields.
    pub result: Argument,
}

/// One application inside a [`Template`].
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What is applied.
    pub operator: Operator,
    /// To what.
    pub arguments: Vec<Argument>,
}

/// What a [`Step`] reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Argument {
    /// An operand of the operator.
    Operand(u8),
    /// The operator's result.
    Out,
    /// A number.
    Number(Number),
    /// An earlier step.
    Step(u8),
}

/// The partials of every operator, translated once. A formula that does not translate is absent, which the table's
/// tests and every differentiation through it report.
static PARTIALS: LazyLock<Vec<Vec<Option<Template>>>> = LazyLock::new(|| {
    ALL.iter().map(|op| op.row().partials.iter().map(|text| template::translate(text)).collect()).collect()
});

/// What is known of quotients by identities.
static QUOTIENTS: LazyLock<Vec<(Operator, Operator)>> = LazyLock::new(|| identity::all(identity::quotient));
static SIZES: LazyLock<Vec<Operator>> = LazyLock::new(|| identity::all(identity::divisor));

mod column;
mod identity;
static TAILS: LazyLock<Vec<Option<Template>>> =
    LazyLock::new(|| ALL.iter().map(|op| template::translate(op.row().tail)).collect());
static AMONG: LazyLock<Vec<Option<Template>>> =
    LazyLock::new(|| ALL.iter().map(|op| template::translate(op.row().among)).collect());

mod step;
pub mod template;

#[cfg(test)]
mod tests;
