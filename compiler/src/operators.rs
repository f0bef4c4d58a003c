//! The one table of operators.
//!
//! A row says everything that chainrule knows about an elementwise operator; every pass is driven by it. The partial
//! derivatives are formulas in chainrule's own language: `a`, `b`, `c` name the operands and `out` the operator's own
//! result, so derivatives of every order follow. Adding an operator is adding a row: the table's tests parse every
//! formula, compare every partial with finite differences at the samples and check every identity there.

use std::sync::LazyLock;

use crate::number::Number;

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

/// Precedences of the language, loosest first.
pub mod precedence {
    /// `||`
    pub const OR: u8 = 1;
    /// `&&`
    pub const AND: u8 = 2;
    /// `==`, `<`, ...
    pub const COMPARISON: u8 = 3;
    /// `+`, `-`
    pub const SUM: u8 = 4;
    /// `*`, `/`, `@`
    pub const PRODUCT: u8 = 5;
    /// `-a`, `!a`
    pub const PREFIX: u8 = 6;
    /// `**`
    pub const POWER: u8 = 7;
    /// Names, numbers, calls.
    pub const ATOM: u8 = 8;
}

/// How an operator is written in Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rust {
    /// An infix or prefix operator of Rust itself.
    Native(&'static str),
    /// A function of `chainrule::math`.
    Math(&'static str),
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
    /// How Rust writes it.
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

operators! {
    Add {
        name: "add", operands: &[N, N], result: N, notation: Notation::Infix("+", precedence::SUM),
        doc: "Sum.", domain: "", partials: &["1", "1"],
        identities: &["a + b == b + a"], samples: PAIRS,
        rust: Rust::Native("+"), latex: "{a} + {b}", evaluate: |x| x[0] + x[1],
    }
    Subtract {
        name: "subtract", operands: &[N, N], result: N, notation: Notation::Infix("-", precedence::SUM),
        doc: "Difference.", domain: "", partials: &["1", "-1"],
        identities: &["a - b == a + -b"], samples: PAIRS,
        rust: Rust::Native("-"), latex: "{a} - {b}", evaluate: |x| x[0] - x[1],
    }
    Multiply {
        name: "multiply", operands: &[N, N], result: N, notation: Notation::Infix("*", precedence::PRODUCT),
        doc: "Product.", domain: "", partials: &["b", "a"],
        identities: &["a * b == b * a"], samples: PAIRS,
        rust: Rust::Native("*"), latex: r"{a} \cdot {b}", evaluate: |x| x[0] * x[1],
    }
    Divide {
        name: "divide", operands: &[N, N], result: N, notation: Notation::Infix("/", precedence::PRODUCT),
        doc: "Quotient.", domain: "b != 0", partials: &["1 / b", "-(out / b)"],
        identities: &["a / b * b == a"], samples: PAIRS,
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
        rust: Rust::Math("pow"), latex: "{{a}}^{{b}}", evaluate: |x| x[0].powf(x[1]),
    }
    Negate {
        name: "negate", operands: &[N], result: N, notation: Notation::Prefix("-"),
        doc: "The negated number.", domain: "", partials: &["-1"],
        identities: &["-(-a) == a"], samples: REALS,
        rust: Rust::Native("-"), latex: "-{a}", evaluate: |x| -x[0],
    }
    Exp {
        name: "exp", operands: &[N], result: N, notation: Notation::Call,
        doc: "The exponential function (DLMF 4.2.19).", domain: "", partials: &["out"],
        identities: &["exp(-a) == 1 / exp(a)", "log(exp(a)) == a"], samples: REALS,
        rust: Rust::Math("exp"), latex: r"\exp\left({a}\right)", evaluate: |x| x[0].exp(),
    }
    Log {
        name: "log", operands: &[N], result: N, notation: Notation::Call,
        doc: "The natural logarithm (DLMF 4.2.2).", domain: "a > 0", partials: &["1 / a"],
        identities: &["exp(log(a)) == a", "log(a * a) == 2 * log(a)"], samples: POSITIVE,
        rust: Rust::Math("log"), latex: r"\log\left({a}\right)", evaluate: |x| x[0].ln(),
    }
    Sqrt {
        name: "sqrt", operands: &[N], result: N, notation: Notation::Call,
        doc: "The square root; its derivative at 0 is infinite. By convention a root of a sum of squares has first and \
              second derivatives 0 where it is 0.", domain: "a >= 0", partials: &["1 / (2 * out)"],
        identities: &["sqrt(a)**2 == a"], samples: POSITIVE,
        rust: Rust::Math("sqrt"), latex: r"\sqrt{{a}}", evaluate: |x| x[0].sqrt(),
    }
    Sin {
        name: "sin", operands: &[N], result: N, notation: Notation::Call,
        doc: "The sine of an angle in radians.", domain: "", partials: &["cos(a)"],
        identities: &["sin(-a) == -sin(a)", "sin(a)**2 + cos(a)**2 == 1"], samples: REALS,
        rust: Rust::Math("sin"), latex: r"\sin\left({a}\right)", evaluate: |x| x[0].sin(),
    }
    Cos {
        name: "cos", operands: &[N], result: N, notation: Notation::Call,
        doc: "The cosine of an angle in radians.", domain: "", partials: &["-sin(a)"],
        identities: &["cos(-a) == cos(a)", "cos(2 * a) == 1 - 2 * sin(a)**2"], samples: REALS,
        rust: Rust::Math("cos"), latex: r"\cos\left({a}\right)", evaluate: |x| x[0].cos(),
    }
    Tan {
        name: "tan", operands: &[N], result: N, notation: Notation::Call,
        doc: "The tangent of an angle in radians.", domain: "cos(a) != 0", partials: &["1 + out**2"],
        identities: &["tan(a) == sin(a) / cos(a)", "tan(-a) == -tan(a)"], samples: &[&[-1.2], &[-0.3], &[0.5], &[2.2]],
        rust: Rust::Math("tan"), latex: r"\tan\left({a}\right)", evaluate: |x| x[0].tan(),
    }
    Tanh {
        name: "tanh", operands: &[N], result: N, notation: Notation::Call,
        doc: "The hyperbolic tangent (DLMF 4.28.4).", domain: "", partials: &["1 - out**2"],
        identities: &["tanh(a) == (exp(a) - exp(-a)) / (exp(a) + exp(-a))", "tanh(-a) == -tanh(a)"], samples: REALS,
        rust: Rust::Math("tanh"), latex: r"\tanh\left({a}\right)", evaluate: |x| x[0].tanh(),
    }
    Expm1 {
        name: "expm1", operands: &[N], result: N, notation: Notation::Call,
        doc: "exp(a) - 1, accurate where a is near 0.", domain: "", partials: &["exp(a)"],
        identities: &["expm1(a) == exp(a) - 1", "log1p(expm1(a)) == a"], samples: REALS,
        rust: Rust::Math("expm1"), latex: r"\operatorname{expm1}\left({a}\right)", evaluate: |x| x[0].exp_m1(),
    }
    Log1p {
        name: "log1p", operands: &[N], result: N, notation: Notation::Call,
        doc: "log(1 + a), accurate where a is near 0.", domain: "a > -1", partials: &["1 / (1 + a)"],
        identities: &["log1p(a) == log(1 + a)", "expm1(log1p(a)) == a"], samples: &[&[-0.7], &[-0.1], &[0.4], &[9.0]],
        rust: Rust::Math("log1p"), latex: r"\operatorname{log1p}\left({a}\right)", evaluate: |x| x[0].ln_1p(),
    }
    Sinh {
        name: "sinh", operands: &[N], result: N, notation: Notation::Call,
        doc: "The hyperbolic sine (DLMF 4.28.1).", domain: "", partials: &["cosh(a)"],
        identities: &["sinh(a) == (exp(a) - exp(-a)) / 2", "sinh(-a) == -sinh(a)"], samples: REALS,
        rust: Rust::Math("sinh"), latex: r"\sinh\left({a}\right)", evaluate: |x| x[0].sinh(),
    }
    Cosh {
        name: "cosh", operands: &[N], result: N, notation: Notation::Call,
        doc: "The hyperbolic cosine (DLMF 4.28.2).", domain: "", partials: &["sinh(a)"],
        identities: &["cosh(a) == (exp(a) + exp(-a)) / 2", "cosh(a)**2 - sinh(a)**2 == 1"], samples: REALS,
        rust: Rust::Math("cosh"), latex: r"\cosh\left({a}\right)", evaluate: |x| x[0].cosh(),
    }
    Erf {
        name: "erf", operands: &[N], result: N, notation: Notation::Call,
        doc: "The error function (DLMF 7.2.1).", domain: "", partials: &["2 / sqrt(pi) * exp(-a**2)"],
        identities: &["erf(-a) == -erf(a)", "erf(a) + erfc(a) == 1"], samples: REALS,
        rust: Rust::Math("erf"), latex: r"\operatorname{erf}\left({a}\right)", evaluate: |x| libm::erf(x[0]),
    }
    Erfc {
        name: "erfc", operands: &[N], result: N, notation: Notation::Call,
        doc: "The complementary error function 1 - erf(a), accurate where that is small (DLMF 7.2.2).", domain: "",
        partials: &["-(2 / sqrt(pi) * exp(-a**2))"],
        identities: &["erfc(-a) == 2 - erfc(a)", "erf(a) + erfc(a) == 1"], samples: REALS,
        rust: Rust::Math("erfc"), latex: r"\operatorname{erfc}\left({a}\right)", evaluate: |x| libm::erfc(x[0]),
    }
    Hypot {
        name: "hypot", operands: &[N, N], result: N, notation: Notation::Call,
        doc: "sqrt(a**2 + b**2) without overflow on the way. By convention first and second derivatives are 0 where both \
              are 0.",
        domain: "a != 0 || b != 0", partials: &["a / out", "b / out"],
        identities: &["hypot(a, b)**2 == a**2 + b**2", "hypot(a, b) == hypot(b, -a)"], samples: PAIRS,
        rust: Rust::Math("hypot"), latex: r"\operatorname{hypot}\left({a}, {b}\right)",
        evaluate: |x| x[0].hypot(x[1]),
    }
    Atan2 {
        name: "atan2", operands: &[N, N], result: N, notation: Notation::Call,
        doc: "atan2(y, x): the angle of the point (x, y) in radians, between -pi and pi.", domain: "a != 0 || b != 0",
        partials: &["b / (a**2 + b**2)", "-(a / (a**2 + b**2))"],
        identities: &["sin(atan2(a, b)) * sqrt(a**2 + b**2) == a"], samples: PAIRS,
        rust: Rust::Math("atan2"), latex: r"\operatorname{atan2}\left({a}, {b}\right)",
        evaluate: |x| x[0].atan2(x[1]),
    }
    Abs {
        name: "abs", operands: &[N], result: N, notation: Notation::Call,
        doc: "The absolute value. By convention the derivative at 0 is 0; under an even function derivatives are the true \
              ones.", domain: "",
        partials: &["if a == 0 { 0 } else { sign(a) }"],
        identities: &["abs(a) == a * sign(a)", "abs(-a) == abs(a)"], samples: REALS,
        rust: Rust::Math("abs"), latex: r"\left|{a}\right|", evaluate: |x| x[0].abs(),
    }
    Sign {
        name: "sign", operands: &[N], result: N, notation: Notation::Call,
        doc: "1 above 0, -1 below 0, 0 at 0. The derivative is 0.", domain: "", partials: &["0"],
        identities: &["sign(a) * abs(a) == a"], samples: REALS,
        rust: Rust::Math("sign"), latex: r"\operatorname{sign}\left({a}\right)",
        evaluate: |x| if x[0] > 0.0 { 1.0 } else if x[0] < 0.0 { -1.0 } else { x[0] * 0.0 },
    }
    Floor {
        name: "floor", operands: &[N], result: N, notation: Notation::Call,
        doc: "The largest integer that is not above the operand. The derivative is 0 by convention, at the jumps too.",
        domain: "", partials: &["0"], identities: &["floor(a + 1) == floor(a) + 1"], samples: REALS,
        rust: Rust::Math("floor"), latex: r"\left\lfloor {a} \right\rfloor", evaluate: |x| x[0].floor(),
    }
    Maximum {
        name: "max", operands: &[N, N], result: N, notation: Notation::Call,
        doc: "The larger of two numbers; NaN if one is NaN. A tie splits the derivative evenly.", domain: "",
        partials: &[
            "if a > b { 1 } else if a == b { 1 / 2 } else { 0 }",
            "if a < b { 1 } else if a == b { 1 / 2 } else { 0 }",
        ],
        identities: &["max(a, b) == max(b, a)", "max(a, b) == (a + b + abs(a - b)) / 2"], samples: PAIRS,
        rust: Rust::Math("max"), latex: r"\max\left({a}, {b}\right)",
        evaluate: |x| if x[0] > x[1] || x[0].is_nan() { x[0] } else { x[1] },
    }
    Minimum {
        name: "min", operands: &[N, N], result: N, notation: Notation::Call,
        doc: "The smaller of two numbers; NaN if one is NaN. A tie splits the derivative evenly.", domain: "",
        partials: &[
            "if a < b { 1 } else if a == b { 1 / 2 } else { 0 }",
            "if a > b { 1 } else if a == b { 1 / 2 } else { 0 }",
        ],
        identities: &["min(a, b) == -max(-a, -b)"], samples: PAIRS,
        rust: Rust::Math("min"), latex: r"\min\left({a}, {b}\right)",
        evaluate: |x| if x[0] < x[1] || x[0].is_nan() { x[0] } else { x[1] },
    }
    Equal {
        name: "equal", operands: &[N, N], result: T, notation: Notation::Infix("==", precedence::COMPARISON),
        doc: "Whether two numbers are equal.", domain: "", partials: &[], identities: &[], samples: PAIRS,
        rust: Rust::Native("=="), latex: "{a} = {b}", evaluate: |x| truth(x[0] == x[1]),
    }
    NotEqual {
        name: "not_equal", operands: &[N, N], result: T, notation: Notation::Infix("!=", precedence::COMPARISON),
        doc: "Whether two numbers differ.", domain: "", partials: &[], identities: &[], samples: PAIRS,
        rust: Rust::Native("!="), latex: r"{a} \ne {b}", evaluate: |x| truth(x[0] != x[1]),
    }
    Less {
        name: "less", operands: &[N, N], result: T, notation: Notation::Infix("<", precedence::COMPARISON),
        doc: "Whether the first number is below the second.", domain: "", partials: &[], identities: &[],
        samples: PAIRS, rust: Rust::Native("<"), latex: "{a} < {b}", evaluate: |x| truth(x[0] < x[1]),
    }
    LessEqual {
        name: "less_equal", operands: &[N, N], result: T, notation: Notation::Infix("<=", precedence::COMPARISON),
        doc: "Whether the first number is at most the second.", domain: "", partials: &[], identities: &[],
        samples: PAIRS, rust: Rust::Native("<="), latex: r"{a} \le {b}", evaluate: |x| truth(x[0] <= x[1]),
    }
    Greater {
        name: "greater", operands: &[N, N], result: T, notation: Notation::Infix(">", precedence::COMPARISON),
        doc: "Whether the first number is above the second.", domain: "", partials: &[], identities: &[],
        samples: PAIRS, rust: Rust::Native(">"), latex: "{a} > {b}", evaluate: |x| truth(x[0] > x[1]),
    }
    GreaterEqual {
        name: "greater_equal", operands: &[N, N], result: T, notation: Notation::Infix(">=", precedence::COMPARISON),
        doc: "Whether the first number is at least the second.", domain: "", partials: &[], identities: &[],
        samples: PAIRS, rust: Rust::Native(">="), latex: r"{a} \ge {b}", evaluate: |x| truth(x[0] >= x[1]),
    }
    And {
        name: "and", operands: &[T, T], result: T, notation: Notation::Infix("&&", precedence::AND),
        doc: "Whether both hold.", domain: "", partials: &[], identities: &[], samples: TRUTHS,
        rust: Rust::Native("&&"), latex: r"{a} \land {b}", evaluate: |x| x[0] * x[1],
    }
    Or {
        name: "or", operands: &[T, T], result: T, notation: Notation::Infix("||", precedence::OR),
        doc: "Whether one of the two holds, or both.", domain: "", partials: &[], identities: &[], samples: TRUTHS,
        rust: Rust::Native("||"), latex: r"{a} \lor {b}", evaluate: |x| x[0].max(x[1]),
    }
    Not {
        name: "not", operands: &[T], result: T, notation: Notation::Prefix("!"),
        doc: "Whether the condition does not hold.", domain: "", partials: &[], identities: &[],
        samples: &[&[0.0], &[1.0]],
        rust: Rust::Native("!"), latex: r"\lnot {a}", evaluate: |x| 1.0 - x[0],
    }
    Select {
        name: "if", operands: &[T, N, N], result: N, notation: Notation::Conditional,
        doc: "The second operand where the condition holds, else the third; the other one has no influence, even where \
              it is not defined.",
        domain: "", partials: &["0", "if a { 1 } else { 0 }", "if a { 0 } else { 1 }"],
        identities: &["(if a { b } else { c }) == (if !a { c } else { b })"],
        samples: &[&[1.0, 2.0, 3.0], &[0.0, 2.0, 3.0]],
        rust: Rust::Conditional, latex: r"\begin{cases} {b} & {a} \\ {c} & \text{else} \end{cases}",
        evaluate: |x| if x[0] != 0.0 { x[1] } else { x[2] },
    }
    Pi {
        name: "pi", operands: &[], result: N, notation: Notation::Name,
        doc: "The ratio of a circle's circumference to its diameter.", domain: "", partials: &[],
        identities: &["sin(pi / 6) == 1 / 2"], samples: &[&[]],
        rust: Rust::Constant("PI"), latex: r"\pi", evaluate: |_| std::f64::consts::PI,
    }
}

impl Operator {
    /// The operator's row.
    #[must_use]
    pub fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// How many operands it takes.
    #[must_use]
    pub fn arity(self) -> usize {
        self.row().operands.len()
    }

    /// The operator that is called by a name, such as `exp`; infix operators are not called.
    #[must_use]
    pub fn called(name: &str) -> Option<Self> {
        ALL.iter().copied().find(|op| op.row().notation == Notation::Call && op.row().name == name)
    }

    /// Whether an identity says that the operator is odd: `sin(-a) == -sin(a)`.
    #[must_use]
    pub fn is_odd(self) -> bool {
        ODD.get(self as usize).copied().unwrap_or(false)
    }

    /// The partial derivative by one operand, ready to be put into a graph; `None` if there is none (conditions).
    #[must_use]
    pub fn partial(self, operand: usize) -> Option<&'static Template> {
        PARTIALS.get(self as usize)?.get(operand)?.as_ref()
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

/// Which operators are odd.
static ODD: LazyLock<Vec<bool>> = LazyLock::new(|| {
    let states = |row: &Row| {
        let name = row.name;
        row.identities.contains(&format!("{name}(-a) == -{name}(a)").as_str())
    };
    ALL.iter().map(|operator| states(operator.row())).collect()
});

pub mod template;

#[cfg(test)]
mod tests;
