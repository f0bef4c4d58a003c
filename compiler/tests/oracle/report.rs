//! What was checked: counts for the end of a run, so that coverage cannot vanish unnoticed.

use std::collections::BTreeMap;
use std::fmt;

use crate::generate::Program;

/// Features that any thousand programs must contain.
pub const FEATURES: &[&str] = &[
    "abs",
    "and, or, not",
    "atan2",
    "branch undefined where not taken",
    "constant",
    "constant indexing",
    "cos",
    "cross_entropy",
    "diagonal by a repeated index",
    "dimension as a number",
    "division",
    "element",
    "elementwise if",
    "else if",
    "eye",
    "floor",
    "fractional power",
    "helper call",
    "helper mapped over leading axes",
    "index as a number",
    "index beside a number",
    "integer power",
    "let hiding a constant",
    "let hiding a let",
    "let in a branch",
    "let with indices",
    "log",
    "logsumexp",
    "logsumexp with axis",
    "matrix product",
    "max",
    "max and min of two",
    "max over indices",
    "mean",
    "min",
    "negation",
    "norm",
    "outer",
    "pi",
    "point with zeros and ties",
    "power chain",
    "reduction",
    "reduction with axis",
    "reduction with keep",
    "relu",
    "result type",
    "result without parameters",
    "scalar branch beside an array",
    "scalar if",
    "scalar program",
    "several outputs",
    "shared subexpression",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "softmax",
    "softmax with axis",
    "softplus",
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
    "unary minus beside a power",
    "unary minus in an exponent",
    "variable exponent",
    "vector",
    "wrt",
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
    /// Texts that were parsed and gave the same numbers.
    pub texts: usize,
    /// Comparisons with the compiler.
    pub compiled: usize,
    /// Programs whose emitted Rust was compiled and run.
    pub emitted: usize,
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
        assert!(self.first > 10 * self.unsettled, "differences settle too seldom: {self}");
        assert!(self.first > 2 * self.kinks, "too many points are at kinks: {self}");
        assert!(self.second > 0, "no second derivative was confirmed");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} programs: {} first and {} second derivatives confirmed, {} at kinks, {} unsettled, {} texts, {} \
             comparisons with the compiler, {} emitted and run",
            self.programs, self.first, self.second, self.kinks, self.unsettled, self.texts, self.compiled, self.emitted
        )?;
        self.features.iter().try_for_each(|(feature, count)| writeln!(f, "{count:8}  {feature}"))
    }
}
