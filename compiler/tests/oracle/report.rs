//! What was checked: counts for the end of a run, so that coverage cannot vanish unnoticed.

use std::collections::BTreeMap;
use std::fmt;

use crate::check;
use crate::generate::Program;
use crate::listed::NOTATIONS;

/// A disagreement: which comparison found it, and all numbers.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The comparison, in a word or two.
    pub by: &'static str,
    /// What disagrees.
    pub message: String,
}

impl Failure {
    /// Says which comparison a message comes from.
    pub fn by(by: &'static str) -> impl FnOnce(String) -> Self {
        move |message| Self { by, message }
    }
}

/// The disagreements of a run, counted.
#[derive(Clone, Debug, Default)]
pub struct Failures {
    counts: BTreeMap<&'static str, usize>,
    first: Option<(u64, &'static str)>,
}

impl Failures {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.counts.values().sum()
    }

    /// Prints a disagreement and counts it.
    pub fn add(&mut self, program: &Program, failure: &Failure) {
        println!("{}\n{}: {}\n", check::describe(program), failure.by, failure.message);
        *self.counts.entry(failure.by).or_default() += 1;
        self.first.get_or_insert((program.number, failure.by));
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((number, by)) = self.first else { return f.write_str("no failures") };
        let counts: Vec<String> = self.counts.iter().map(|(by, count)| format!("{count} by {by}")).collect();
        write!(f, "failures: {}; the first is program {number} by {by}", counts.join(", "))
    }
}

/// Features that any thousand programs must contain.
pub const FEATURES: &[&str] = &[
    "abs",
    "acos",
    "acosh",
    "and, or, not",
    "array times itself",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "branch undefined where not taken",
    "cbrt",
    "ceil",
    "clamp",
    "concat",
    "constant",
    "constant indexing",
    "cos",
    "cosh",
    "cross_entropy",
    "diagonal by a repeated index",
    "digamma",
    "dimension as a number",
    "division",
    "element",
    "elementwise if",
    "else if",
    "elu",
    "erf",
    "erfc",
    "erfcx",
    "exp",
    "exp2",
    "expm1",
    "exponential below a maximum",
    "eye",
    "fact about a diagonal",
    "fact about a sign",
    "fact about a sum",
    "fact about sums along an axis",
    "fact: a linear equation",
    "fact: a symmetric matrix",
    "fact: scalars sum up to 1",
    "facts joined by `&&`",
    "floor",
    "fractional power",
    "gelu",
    "gelu_tanh",
    "helper call",
    "helper called twice",
    "helper mapped over leading axes",
    "huber",
    "hypot",
    "ierfcx",
    "index as a number",
    "index beside a number",
    "integer power",
    "let hiding a constant",
    "let hiding a let",
    "let in a branch",
    "let with indices",
    "lgamma",
    "log",
    "log10",
    "log1p",
    "log2",
    "log_normal_cdf",
    "log_softmax",
    "logit",
    "logsumexp",
    "logsumexp with axis",
    "matrix product",
    "max",
    "max and min of three",
    "max and min of two",
    "max over indices",
    "mean",
    "min",
    "mish",
    "negation",
    "neutral element",
    "norm",
    "normal_cdf",
    "normal_pdf",
    "outer",
    "pi",
    "point with zeros and ties",
    "polygamma",
    "power chain",
    "prod",
    "product over indices",
    "reduction",
    "reduction with axis",
    "reduction with keep",
    "relu",
    "result type",
    "result without parameters",
    "round",
    "scalar branch beside an array",
    "scalar if",
    "scalar program",
    "several outputs",
    "shared subexpression",
    "shifted index",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "slice",
    "softmax",
    "softmax with axis",
    "softplus",
    "softsign",
    "sqrt",
    "suffix broadcast",
    "sum",
    "sum over indices",
    "tan",
    "tanh",
    "tensor program",
    "tensor result",
    "trace",
    "transpose",
    "trigamma",
    "unary minus beside a power",
    "unary minus in an exponent",
    "variable exponent",
    "vector",
    "wrt",
    "xlogy",
];

/// Counts over all programs of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Programs that went through.
    pub programs: usize,
    /// First derivatives confirmed by differences.
    pub first: usize,
    /// Second derivatives confirmed by differences of first ones.
    pub second: usize,
    /// Derivatives left out because a kink was too close.
    pub kinks: usize,
    /// Derivatives left out because differences did not settle.
    pub unsettled: usize,
    /// Programs left out because a decision hangs on rounding.
    pub rounding: usize,
    /// Programs that have the limits at a kink, where the jets have a convention.
    pub limits: usize,
    /// Texts that were parsed and gave the same numbers.
    pub texts: usize,
    /// Comparisons with the compiler.
    pub compiled: usize,
    /// Hessians among them.
    pub hessians: usize,
    /// Jacobians among them.
    pub jacobians: usize,
    /// Listings that were read again and gave the same numbers.
    pub listings: usize,
    /// How many of them have each notation.
    pub notations: BTreeMap<&'static str, usize>,
    /// Programs whose emitted Rust was compiled and run.
    pub emitted: usize,
    /// Emitted functions of arrays, by views and by value, that were compiled and run.
    pub emitted_arrays: usize,
    /// How many programs have each feature.
    pub features: BTreeMap<&'static str, usize>,
}

impl Report {
    /// Counts a program that went through.
    pub fn count(&mut self, program: &Program) {
        self.programs += 1;
        for feature in &program.features {
            *self.features.entry(feature).or_default() += 1;
        }
    }

    /// Panics if the generator has lost a feature, or differences confirm too little.
    pub fn demand(&self) {
        let missing: Vec<&&str> = FEATURES.iter().filter(|name| !self.features.contains_key(*name)).collect();
        assert!(missing.is_empty(), "no program has {missing:?}");
        let unlisted: Vec<&&str> = self.features.keys().filter(|name| !FEATURES.contains(*name)).collect();
        assert!(unlisted.is_empty(), "list these features: {unlisted:?}");
        let unprinted: Vec<&&str> = NOTATIONS.iter().filter(|name| !self.notations.contains_key(*name)).collect();
        assert!(unprinted.is_empty(), "no listing has {unprinted:?}");
        assert!(self.first > 10 * self.unsettled, "differences settle too seldom: {self}");
        assert!(self.programs > 500 * self.rounding, "too many decisions hang on rounding: {self}");
        assert!(self.first > 2 * self.kinks, "too many points are at kinks: {self}");
        assert!(self.second > 0, "no second derivative was confirmed");
        assert!(
            self.hessians > 0 && self.jacobians > 0 && self.emitted > 0 && self.emitted_arrays > 0,
            "a comparison never happened: {self}"
        );
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} programs: {} first and {} second derivatives confirmed, {} at kinks, {} unsettled, {} undecided, {} limits at kinks, {} texts, {} \
             comparisons with the compiler ({} Hessians, {} Jacobians), {} listings read again, {} emitted and run, {} over arrays",
            self.programs,
            self.first,
            self.second,
            self.kinks,
            self.unsettled,
            self.rounding,
            self.limits,
            self.texts,
            self.compiled,
            self.hessians,
            self.jacobians,
            self.listings,
            self.emitted,
            self.emitted_arrays
        )?;
        self.features.iter().try_for_each(|(feature, count)| writeln!(f, "{count:8}  {feature}"))?;
        self.notations.iter().try_for_each(|(notation, count)| writeln!(f, "{count:8}  `{notation}` in listings"))
    }
}
