//! Formulas of the kinds that people write and random programs of moderate numbers never have: powers of powers, physical
//! constants, facts that say the same twice, functions inside functions at arguments of hundreds.

use crate::dual::tensor::Tensor;
use crate::generate::random::Random;

use super::term::Term;

/// What a program is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `(x**4)**0.25`
    Powers,
    /// `1.380649e-23*x**2`
    Coefficients,
    /// `where x == y, y == x`
    Facts,
    /// `softplus(exp(x))`
    Functions,
    /// `if softplus(y) > 900 { y } else { 2*y }`
    Conditions,
    /// `log(sum(exp(x)))`
    Arrays,
}

impl Kind {
    /// All, some several times: there are more of these programs.
    pub const ALL: [Self; 12] = [
        Self::Powers,
        Self::Powers,
        Self::Coefficients,
        Self::Coefficients,
        Self::Facts,
        Self::Functions,
        Self::Functions,
        Self::Functions,
        Self::Functions,
        Self::Conditions,
        Self::Arrays,
        Self::Arrays,
    ];

    /// What the compiler has right at every point: checked by default.
    pub const PASSING: [Self; 2] = [Self::Coefficients, Self::Facts];

    /// Whether closed forms must have the numbers too: they may cancel, but not in these.
    #[must_use]
    pub fn is_algebra(self) -> bool {
        matches!(self, Self::Powers | Self::Coefficients | Self::Facts)
    }

    /// In a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Powers => "powers",
            Self::Coefficients => "coefficients",
            Self::Facts => "facts",
            Self::Functions => "functions",
            Self::Conditions => "conditions",
            Self::Arrays => "arrays",
        }
    }
}

/// An input at the point.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// `[N]`, or nothing.
    pub shape: &'static str,
    /// Its value.
    pub value: Tensor<f64>,
    /// A whole exponent, which nothing near it can stand for.
    pub whole: bool,
}

/// A program at its point.
#[derive(Clone, Debug, PartialEq)]
pub struct Extreme {
    /// The number it was generated from.
    pub number: u64,
    /// What it is about.
    pub kind: Kind,
    /// Its text, if a person wrote it; what is generated has a term.
    pub written: Option<String>,
    /// Its result.
    pub term: Term,
    /// Its facts.
    pub facts: Vec<String>,
    /// What it may use.
    pub inputs: Vec<Input>,
}

impl Extreme {
    /// The inputs that occur.
    pub fn used(&self) -> impl Iterator<Item = &Input> {
        let text = format!("{} {}", self.term.text(), self.facts.join(" "));
        let words: Vec<String> =
            text.split(|c: char| !c.is_alphanumeric() && c != '_').map(ToOwned::to_owned).collect();
        let written = self.written.is_some();
        self.inputs.iter().filter(move |input| written || words.contains(&input.name))
    }

    /// The program's text.
    #[must_use]
    pub fn text(&self) -> String {
        if let Some(written) = &self.written {
            return written.clone();
        }
        let parameter = |input: &Input| {
            if input.shape.is_empty() { input.name.clone() } else { format!("{}: {}", input.name, input.shape) }
        };
        let parameters: Vec<String> = self.used().map(parameter).collect();
        let facts = if self.facts.is_empty() { String::new() } else { format!(" where {}", self.facts.join(", ")) };
        format!("fn f({}){facts} = {};", parameters.join(", "), self.term.text())
    }

    /// The values of the inputs that occur.
    #[must_use]
    pub fn point(&self) -> Vec<Tensor<f64>> {
        self.used().map(|input| input.value.clone()).collect()
    }

    /// Programs that are simpler in one place.
    #[must_use]
    pub fn smaller(&self) -> Vec<Self> {
        let mut found: Vec<Self> = self.term.smaller().into_iter().map(|term| Self { term, ..self.clone() }).collect();
        if !self.facts.is_empty() {
            return found;
        }
        for place in 0..self.inputs.len() {
            for at in 0..self.inputs[place].value.items.len() {
                for plain in [0.0, 1.0] {
                    let mut other = self.clone();
                    let value = &mut other.inputs[place].value.items[at];
                    if *value == 0.0 || *value == plain {
                        continue;
                    }
                    *value = plain;
                    found.push(other);
                }
            }
        }
        found
    }
}

/// A program that a person wrote: its text, a tab, and its point as `x = 1; w = [0.5, 2]`.
///
/// # Errors
/// What is no such line.
pub fn written(line: &str) -> Result<Extreme, String> {
    let (text, point) = line.split_once('\t').ok_or("a formula, a tab and a point are needed")?;
    let input = |assignment: &str| {
        let (name, value) = assignment.split_once('=').ok_or(format!("`{assignment}` is no assignment"))?;
        let (name, value) = (name.trim(), value.trim());
        let items: Result<Vec<f64>, _> =
            value.trim_matches(['[', ']']).split(',').map(|item| item.trim().parse::<f64>()).collect();
        let items = items.map_err(|error| format!("`{value}`: {error}"))?;
        let vector = value.starts_with('[');
        let value = Tensor { shape: if vector { vec![items.len()] } else { Vec::new() }, items };
        let whole = text.contains(&format!("**{name}"));
        Ok::<_, String>(Input { name: name.into(), shape: if vector { "[N]" } else { "" }, value, whole })
    };
    let inputs: Vec<Input> = point.split(';').map(input).collect::<Result<_, _>>()?;
    let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
    let text = if text.starts_with("fn ") { text.to_owned() } else { format!("fn f({}) = {text};", names.join(", ")) };
    let (term, facts) = (Term::leaf(""), Vec::new());
    Ok(Extreme { number: 0, kind: Kind::Functions, written: Some(text), term, facts, inputs })
}

/// The program of a number: a candidate, which may have nothing to say at its point.
#[must_use]
pub fn candidate(random: &mut Random, number: u64, kind: Kind) -> Extreme {
    let mut inputs = scalars(random, kind);
    let mut facts = Vec::new();
    let mut writer = Writer { random };
    let term = match kind {
        Kind::Powers => writer.powers(),
        Kind::Coefficients => writer.coefficients(),
        Kind::Facts => writer.facts(&mut facts, &mut inputs),
        Kind::Functions => {
            let depth = 1 + writer.random.below(3);
            writer.function(depth)
        }
        Kind::Conditions => writer.condition(),
        Kind::Arrays => {
            inputs = writer.arrays();
            writer.reduction()
        }
    };
    Extreme { number, kind, written: None, term, facts, inputs }
}

fn scalar(name: &'static str, value: f64) -> Input {
    Input { name: name.into(), shape: "", value: Tensor::scalar(value), whole: name == "n" }
}

fn one_of(random: &mut Random, numbers: &[f64]) -> f64 {
    random.pick(numbers).copied().unwrap_or(1.0)
}

fn moderate(random: &mut Random) -> f64 {
    match random.below(3) {
        0 => one_of(random, &[-3.0, -2.0, -1.0, 1.0, 2.0, 3.0]),
        _ => ((random.unit() * 8.0 - 4.0) * 1000.0).round() / 1000.0,
    }
}

/// A number of any of the sizes that matter to exponentials.
fn large(random: &mut Random) -> f64 {
    let sizes = [1e-20, 1e-9, 0.0, 0.5, 1.0, 5.0, 7.0, 20.0, 30.0, 40.0, 100.0, 200.0, 400.0, 800.0, 800.0, 1000.0];
    let size = one_of(random, &sizes);
    let sign = if random.chance(40) { -1.0 } else { 1.0 };
    if random.chance(20) { sign * (size + (random.unit() * 100.0).round() / 100.0) } else { sign * size }
}

fn scalars(random: &mut Random, kind: Kind) -> Vec<Input> {
    if matches!(kind, Kind::Functions | Kind::Conditions) {
        let beyond = kind == Kind::Conditions && random.chance(60);
        let x = if beyond { one_of(random, &[800.0, 800.0, -800.0, 1000.0]) } else { large(random) };
        let y = match random.below(4) {
            0 => x + 1.0,
            1 => x - 1.0,
            2 => one_of(random, &[0.0, 1.0, -2.0]),
            _ => large(random),
        };
        let (mu, s) = (one_of(random, &[0.0, 0.0, 1.0, -3.0]), one_of(random, &[1.0, 1.0, 2.0, 0.5, 10.0]));
        return vec![scalar("x", x), scalar("y", y), scalar("mu", mu), scalar("s", s)];
    }
    let (x, y) = (moderate(random), moderate(random));
    let whole = one_of(random, &[-3.0, -2.0, -1.0, 2.0, 3.0, 4.0, 5.0]);
    vec![scalar("x", x), scalar("y", y), scalar("n", whole)]
}

/// Functions, those that overflow more often.
const CALLS: [&str; 26] = [
    "exp($0)",
    "exp($0)",
    "log($0)",
    "softplus($0)",
    "softplus($0)",
    "sigmoid($0)",
    "tanh($0)",
    "sinh($0)",
    "cosh($0)",
    "expm1($0)",
    "log1p($0)",
    "silu($0)",
    "erf($0)",
    "erfc($0)",
    "abs($0)",
    "relu($0)",
    "sqrt($0)",
    "sin($0)",
    "gelu($0)",
    "log(erfc($0))",
    "#0**2",
    "log1p(exp($0))",
    "clamp($0, -1, 2)",
    "normal_cdf($0)",
    "log_normal_cdf($0)",
    "erfcx($0)",
];
/// The same as people spell it, and what they do with it.
const SPELLED: [&str; 22] = [
    "log(1 + exp($0))",
    "1/(1 + exp(-#0))",
    "exp($0)/(1 + exp($0))",
    "#0/(1 + exp(-#0))",
    "(exp($0) - exp(-#0))/(exp($0) + exp(-#0))",
    "1 - tanh($0)",
    "1 - exp($0)",
    "log(1 - exp(-abs($0)))",
    "log(cosh($0))",
    "log(exp($0) + 1) - #0",
    "(1 + erf($0))/2",
    "exp(-#0**2)/erfc($0)",
    "log(normal_cdf($0))",
    "exp(-#0**2)*erfcx($0)",
    "s*log(1 + exp(#0/s))",
    "log(sigmoid($0))",
    "1 - sigmoid($0)",
    "sqrt(1 + #0**2)",
    "1/#0",
    "#0*tanh(log(1 + exp($0)))",
    "log(exp($0))",
    "sqrt(1 + #0**2) - #0",
];

struct Writer<'a> {
    random: &'a mut Random,
}

impl Writer<'_> {
    fn number(&mut self, numbers: &[&'static str]) -> Term {
        Term::leaf(self.random.word(numbers))
    }

    fn pattern(&mut self, patterns: &[&'static str], operands: &[&Term]) -> Term {
        Term::of(self.random.word(patterns), operands)
    }

    /// A power of a power; the inner one is mostly even, so the base may be of any sign.
    fn powers(&mut self) -> Term {
        let (x, y) = (Term::leaf("x"), Term::leaf("y"));
        let base = self.pattern(&["$0", "$0", "$0*$1", "-$0", "$0 - $1", "$0/$1", "$0 + 1", "sin($0)"], &[&x, &y]);
        let even = self.number(&["2", "2", "4", "4", "6", "12", "-2", "3"]);
        let outer = self.number(&[
            "0.25", "0.75", "0.5", "1.5", "2.5", "0.1", "(1/4)", "(3/4)", "(1/3)", "(2/3)", "(5/2)", "(1/2)", "(1/6)",
            "-0.5", "-0.25",
        ]);
        let power = match self.random.below(9) {
            0..4 => Term::of("(#0**$1)**$2", &[&base, &even, &outer]),
            4 => self.pattern(&["(#0**$1*$2**2)**$3", "($2**2*#0**$1)**$3"], &[&base, &even, &y, &outer]),
            5 => self.pattern(
                &["abs(#0**$1)**$2", "abs($0)**$2", "(abs($0)**$1)**$2", "((#0**2)**$2)**2"],
                &[&base, &even, &outer],
            ),
            6 => self.pattern(&["sqrt(#0**$1)", "sqrt(sqrt(#0**4))", "sqrt(#0**2)**3"], &[&base, &even]),
            7 => self.pattern(
                &[
                    "#0**n",
                    "(#0**n)**2",
                    "(#0**2)**n",
                    "if n < 1 { #0**n } else { n }",
                    "#0**n/#0",
                    "#0**(-3)",
                    "#0**(-1)*$1",
                ],
                &[&base, &x],
            ),
            _ => Term::of("(#0**$1)**$2/#0", &[&base, &even, &outer]),
        };
        self.used(&power, &y)
    }

    /// A term in a place that makes something of it.
    fn used(&mut self, term: &Term, other: &Term) -> Term {
        let patterns =
            ["$0", "$0", "$0", "$0 + $1", "$1*#0", "exp($0)", "log(1 + #0)", "#0/(1 + #0)", "#0**2", "tanh($0)"];
        self.pattern(&patterns, &[term, other])
    }

    /// A number of up to 20 digits about 10^exponent.
    fn coefficient(&mut self, exponent: i32) -> Term {
        let digits = [1, 1, 2, 3, 5, 7, 12, 17, 20][self.random.below(9)];
        let mut text = (1 + self.random.below(9)).to_string();
        for place in 1..digits {
            text.push_str(if place == 1 { "." } else { "" });
            text.push_str(&self.random.below(10).to_string());
        }
        match exponent {
            0 => {}
            _ => text.push_str(&format!("e{exponent}")),
        }
        Term::leaf(&text)
    }

    fn coefficients(&mut self) -> Term {
        let exponent = match self.random.below(4) {
            0 => 0,
            1 => -20 - self.random.below(21) as i32,
            2 => 10 + self.random.below(31) as i32,
            _ => self.random.below(50) as i32 - 25,
        };
        let (a, b, c) = (self.coefficient(exponent), self.coefficient(exponent), self.coefficient(exponent));
        let (x, y) = (Term::leaf("x"), Term::leaf("y"));
        let unit: Vec<Term> = (0..4).map(|_| self.coefficient(0)).collect();
        let operands = [&x, &y, &a, &b, &c, &unit[0], &unit[1], &unit[2], &unit[3]];
        let patterns = [
            "$2*$0**2",
            "$2*$0**2 + $3*$0",
            "$2*$1*$0**2",
            "$2*($0*($0*$0 - 3*($1*$1))) + $3*($0*$0 - $1*$1)",
            "$0**2/$2 + $0/$3",
            "exp($0)*$2 + $3*$1",
            "sqrt($2*$0**2 + $3*$1**2)",
            "($2*$0 + $3*$1)**2",
            "tanh($0)*$2 + $3*sin($1)",
            "$2*$0/($3*$1 + $4*$0)",
            "$5*(($6 + $0*$7)/(1.0 + $0*($8 + $0*$5)) - $0)",
            "$2*($5*$0 - $6*$1)**2 + $3*$0*$1",
            "1/($2*$0**2 + $3)",
            "$2*$0**3 - $3*$0*$1**2 + $4",
            "sin($5*$0 + $6)*$2",
            "$2*sqrt($0**2 + $5*$1**2)",
            "log($2*$0**2 + $3*$1**2)",
            "exp(-$5*$0**2)*$2*$1",
            "$2*$0*$1/($3 + $2)",
        ];
        self.pattern(&patterns, &operands)
    }

    /// Facts that follow from each other, at a point where floats hold them exactly.
    fn facts(&mut self, facts: &mut Vec<String>, inputs: &mut Vec<Input>) -> Term {
        let x = one_of(self.random, &[0.25, 0.5, 0.75, 1.0, 1.5, 2.0]);
        let (y, family): (f64, [&str; 4]) = match self.random.below(5) {
            0 => (4.0 - x, ["x + y == 4", "y == 4 - x", "x == 4 - y", "2*x + 2*y == 8"]),
            1 => (x, ["x == y", "y == x", "2*x == 2*y", "x - y == 0"]),
            2 => (2.0 * x, ["y == 2*x", "x == y/2", "2*x == y", "x + x == y"]),
            3 => (x + 0.5, ["y - x == 0.5", "y == x + 0.5", "x == y - 0.5", "2*y == 2*x + 1"]),
            _ => (1.0 / x, ["x*y == 1", "y*x == 1", "2*x*y == 2", "x*y*3 == 3"]),
        };
        inputs.clear();
        inputs.extend([scalar("x", x), scalar("y", y)]);
        for _ in 0..2 + self.random.below(2) {
            let fact = self.random.word(&family).to_owned();
            if !facts.contains(&fact) {
                facts.push(fact);
            }
        }
        let third = one_of(self.random, &[0.5, 2.0, -1.5]);
        inputs.push(scalar("z", third));
        if self.random.chance(40) {
            // What has nothing to do with the others: a form that relies on it must say so too.
            let sign = if third > 0.0 { "z > 0" } else { "z < 0" };
            let fact = if self.random.chance(50) { sign.to_owned() } else { format!("2*z == {}", 2.0 * third) };
            facts.insert(self.random.below(facts.len() + 1), fact);
        }
        let (x, y, z) = (Term::leaf("x"), Term::leaf("y"), Term::leaf("z"));
        let inner = self.pattern(
            &[
                "$0 + $1",
                "$0 - $1",
                "$0*$1",
                "$0/$1",
                "$0**2*$1",
                "2*$0 + $1*$2",
                "$0**2 + $1**2",
                "$1 - 2*$0",
                "abs($2)*$0",
                "sqrt($2**2)*$1",
            ],
            &[&x, &y, &z],
        );
        let outer = self.pattern(
            &[
                "log(1 + #0**2)",
                "exp(#0/2)",
                "#0**2",
                "$0",
                "#0**3",
                "sqrt(3 + #0**2)",
                "tanh($0)",
                "1/(2 + #0**2)",
                "sin($0)",
            ],
            &[&inner],
        );
        self.pattern(&["#0*$1", "#0*$2", "$0", "#0 + $1*$2", "#0/$1", "#0*$1*$2"], &[&outer, &x, &y])
    }

    /// What functions are applied to first: inputs, also as differences from a location in units of a scale.
    fn argument(&mut self) -> Term {
        let (x, y) = (Term::leaf("x"), Term::leaf("y"));
        let patterns = [
            "$0",
            "$0",
            "$0",
            "$0",
            "$1",
            "-$0",
            "($0 - mu)/s",
            "($0 - mu)/s",
            "$0/s",
            "s*$0",
            "$0 - $1",
            "$0 + $1",
            "2*$0",
            "$0/10",
            "-$0**2/2",
            "-($0 - mu)**2/2",
            "$0**2",
            "($0 - mu)/(s*sqrt(2))",
        ];
        self.pattern(&patterns, &[&x, &y])
    }

    /// Functions inside functions.
    fn function(&mut self, depth: usize) -> Term {
        if depth == 0 {
            return self.argument();
        }
        let inner = self.function(depth - 1);
        if self.random.chance(35) {
            let other = if self.random.chance(50) { self.argument() } else { self.function(depth - 1) };
            return self.binary(&inner, &other);
        }
        match self.random.below(20) {
            0..12 => self.pattern(&CALLS, &[&inner]),
            12..19 => self.pattern(&SPELLED, &[&inner]),
            _ => {
                let exponent = self.random.below(50) as i32 - 25;
                let coefficient = self.coefficient(exponent);
                self.pattern(
                    &["log(1 + $1*exp($0))", "tanh($1*#0)", "exp($1*#0)", "sqrt(1 + $1*#0**2)"],
                    &[&inner, &coefficient],
                )
            }
        }
    }

    fn binary(&mut self, left: &Term, right: &Term) -> Term {
        let patterns = [
            "#0 + #1",
            "#0 - #1",
            "#0*#1",
            "#0*#1",
            "#0/#1",
            "log(exp($0) + exp($1))",
            "exp($0)/(exp($0) + exp($1))",
            "log(1 - exp(-abs($0 - #1)))",
            "min($0, $1)",
            "min($0, 1000)",
            "max($0, $1)",
            "max($0, 0)",
            "max($0, $1, 0)",
            "min($0, $1, 1000)",
            "clamp($0, #1, 900)",
            "hypot($0, $1)",
            "sqrt(#0**2 + #1**2)",
            "log(#0**2 + #1**2)",
            "exp($0)*#1",
            "log(1 + (#0 - #1)**2)",
            "log(exp(-#0**2/2) + exp(-#1**2/2))",
        ];
        self.pattern(&patterns, &[left, right])
    }

    fn condition(&mut self) -> Term {
        let depth = 1 + self.random.below(2);
        let (mut seen, taken) = (self.function(depth), self.function(1));
        if self.random.chance(50) {
            // Infinite, or no number, if it is computed as it is spelled.
            let argument = self.argument();
            seen = self.pattern(
                &[
                    "softplus($0)",
                    "log(1 + exp($0))",
                    "exp($0)/(1 + exp($0))",
                    "log(exp($0) + exp(x))",
                    "log(erfc($0))",
                    "silu(-#0)",
                ],
                &[&argument],
            );
        }
        let levels = ["0.5", "10", "900", "900", "1500", "1500", "5000", "-5", "0.75", "-500"];
        let (other, level) = (self.argument(), self.number(&levels));
        let patterns = [
            "if $0 > $1 { $2 } else { $3 }",
            "if $0 < $1 { $2 } else { $3 }",
            "if $0 > $1 { $0 } else { $2 }",
            "if $0 > $1 && $3 > 0 { $2 } else { $3 }",
            "if $2 > #0 { $2 } else { $3 }",
            "relu(#0 - $1)",
            "abs(#0 - $1)",
            "min($0, max($2, $1))",
            "clamp($0, $3, $1)",
            "max($0, $1, $3)",
        ];
        self.pattern(&patterns, &[&seen, &level, &taken, &other])
    }

    fn arrays(&mut self) -> Vec<Input> {
        let length = 2 + self.random.below(2);
        let shape = if length == 2 && self.random.chance(50) { "[2]" } else { "[N]" };
        let near = self.random.chance(50);
        let level = large(self.random);
        // Lengths have squares that overflow and underflow.
        let unit = if self.random.chance(15) { one_of(self.random, &[1e-200, 1e-30, 1e30, 1e160]) } else { 1.0 };
        let mut entry = || match (near, self.random.below(5)) {
            (true, _) => unit * (level + one_of(self.random, &[0.0, 1.0, -1.0, 2.0])),
            (false, 0) => 0.0,
            (false, _) => unit * large(self.random),
        };
        let x: Vec<f64> = (0..length).map(|_| entry()).collect();
        let w: Vec<f64> = (0..length).map(|_| one_of(self.random, &[0.5, 1.0, 2.0, 0.0, 0.1])).collect();
        let vector = |name: &str, items: Vec<f64>| {
            let value = Tensor { shape: vec![length], items };
            Input { name: name.into(), shape, value, whole: false }
        };
        let (mu, s) = (one_of(self.random, &[0.0, 0.0, 1.0, -3.0]), one_of(self.random, &[1.0, 1.0, 2.0, 0.5, 10.0]));
        vec![vector("x", x), vector("y", w), scalar("mu", mu), scalar("s", s)]
    }

    fn reduction(&mut self) -> Term {
        let depth = self.random.below(3);
        let (inner, x, w) = (self.function(depth), Term::leaf("x"), Term::leaf("y"));
        let patterns = [
            "log(sum(exp($0)))",
            "log(sum(exp($0)))",
            "logsumexp($0)",
            "sum($0)",
            "sum($0)",
            "sum($2*exp($0))",
            "log(sum($2*exp($0)))",
            "sum(#0*exp($0))",
            "sum($2*exp($1))/sum(exp($1))",
            "sum(softplus($0))",
            "norm($0)",
            "norm($1)",
            "sqrt(sum(#0**2) + 1)",
            "log(sum(#0**2))",
            "max($0)",
            "mean($0)",
            "sum($2*softmax($1))",
            "sum(abs($0)**2)",
            "sum((#0**4)**0.25)",
            "sum($2*#0)",
            "sum($2*$1)/norm($1)",
            "-sum($2*log(softmax($1)))",
        ];
        let sum = self.pattern(&patterns, &[&inner, &x, &w]);
        let around = [
            "$0",
            "$0",
            "$0",
            "#0**2",
            "min($0, 1000)",
            "exp($0)",
            "tanh($0)",
            "cos($0)",
            "log(1 + exp($0))",
            "abs($0)",
            "sqrt($0)",
            "if $0 > 900 { s*#0 } else { #0 }",
            "exp(-#0)",
            "log($0)",
            "1/(1 + exp(-#0))",
        ];
        self.pattern(&around, &[&sum])
    }
}
