//! What the command line looks like.

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Derives formulas symbolically: derivatives, computational graphs, numbers, Rust.
#[derive(Debug, Parser)]
#[command(name = "chainrule", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
FORMULA is an expression, whose free names are its inputs, or `fn` items. `-` reads it from standard input, `@path`
from a file.

Examples:
  chainrule derive '1 / (1 + exp(-x))'
  chainrule derive 'sum((w @ x - t)**2)' --shape w=N,D --shape x=D --shape t=N --wrt w
  chainrule graph 'walnut * count * tax' --at walnut=100,count=2,tax=1.1
  chainrule eval 'x**2 * sin(y)' --at x=3,y=0.5 --order 2";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Derivatives of a formula.
    Derive(Derive),
    /// The computational graph of a formula, with what flows forward and back.
    Graph(Graph),
    /// Value, gradient and Hessian of a formula at points.
    Eval(Eval),
    /// Checks the certificate of a derivation.
    Verify(Verify),
    /// The code that `grad!` would emit.
    Emit(Emit),
    /// Derived against numerical derivatives.
    #[command(hide = true)]
    Check(Later),
    /// The chain rule step by step.
    #[command(hide = true)]
    Explain(Later),
    /// The operators of the language.
    Operators(Operators),
}

impl Command {
    /// Whether results and mistakes are read by a program.
    pub fn is_json(&self) -> bool {
        match self {
            Self::Derive(options) => options.format == DeriveFormat::Json,
            Self::Graph(options) => options.format == GraphFormat::Json,
            Self::Eval(options) => options.format == TextFormat::Json,
            Self::Verify(options) => options.format == TextFormat::Json,
            Self::Operators(options) => options.format == TextFormat::Json,
            Self::Emit(_) | Self::Check(_) | Self::Explain(_) => super::failure::asks_for_json(std::env::args_os()),
        }
    }
}

/// Which function: what all commands that take a formula share.
#[derive(Debug, Args)]
pub struct Subject {
    /// An expression or `fn` items; `-` for standard input, `@path` for a file.
    #[arg(allow_hyphen_values = true, value_name = "FORMULA")]
    pub formula: String,
    /// The function to take of several [default: the last].
    #[arg(long = "fn", value_name = "NAME")]
    pub function: Option<String>,
    /// The shape of an expression's input, such as `x=N,784`; may be repeated.
    #[arg(long, value_name = "NAME=DIMS")]
    pub shape: Vec<String>,
    /// The inputs to differentiate by [default: all].
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub wrt: Option<Vec<String>>,
}

/// Where: the point that a formula is evaluated at.
#[derive(Debug, Args)]
pub struct At {
    /// The value of each input, such as `x=1,y=[2,3]`; may be repeated.
    #[arg(long, value_name = "NAME=VALUE,...", allow_hyphen_values = true)]
    pub at: Vec<String>,
    /// A file with a JSON object of the inputs' values; `-` for standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "at")]
    pub at_json: Option<String>,
}

#[derive(Debug, Args)]
pub struct Derive {
    #[command(flatten)]
    pub subject: Subject,
    /// 0 for the value, 1 for first derivatives, 2 for Hessians too.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=2))]
    pub order: u8,
    /// How to write the result.
    #[arg(long, value_enum, default_value_t = DeriveFormat::Text)]
    pub format: DeriveFormat,
    /// The name of a cotangent of the output: asks for the pullback.
    #[arg(long, value_name = "NAME")]
    pub upstream: Option<String>,
    /// Writes a certificate of the derivation, which `chainrule verify` checks.
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<String>,
    /// Measures errors over a box of inputs instead: of the closed form, and of what is emitted.
    #[arg(long, value_name = "NAME=FROM..TO,...", conflicts_with_all = ["upstream", "format"])]
    pub accuracy: Option<String>,
}

#[derive(Debug, Args)]
pub struct Verify {
    /// A certificate; `-` for standard input.
    #[arg(value_name = "FILE")]
    pub file: String,
    /// How to write the result.
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DeriveFormat {
    /// For people.
    Text,
    /// Not supported yet.
    #[value(hide = true)]
    Latex,
    /// For programs.
    Json,
}

#[derive(Debug, Args)]
pub struct Graph {
    #[command(flatten)]
    pub subject: Subject,
    #[command(flatten)]
    pub at: At,
    /// Which edges to show.
    #[arg(long, value_enum, default_value_t = Show::Both)]
    pub show: Show,
    /// How to write the graph.
    #[arg(long, value_enum, default_value_t = GraphFormat::Mermaid)]
    pub format: GraphFormat,
    /// Draws functions of the library, such as `sigmoid`, by their operators.
    #[arg(long)]
    pub expand: bool,
    /// How many significant digits numbers have at most; what stands before the decimal point is written in full. JSON has
    /// all digits.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=12))]
    pub digits: u8,
    /// The name of a cotangent of the output, an input of its own: what flows back into an array.
    #[arg(long, value_name = "NAME")]
    pub upstream: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Show {
    /// Values only.
    Forward,
    /// Derivatives only.
    Backward,
    /// Both.
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// A Mermaid flowchart.
    Mermaid,
    /// Not supported yet.
    #[value(hide = true)]
    Dot,
    /// Not supported yet.
    #[value(hide = true)]
    Svg,
    /// Not supported yet.
    #[value(hide = true)]
    Html,
    /// For programs.
    Json,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("where").required(true).args(["at", "at_json", "points"])))]
pub struct Eval {
    #[command(flatten)]
    pub subject: Subject,
    #[command(flatten)]
    pub at: At,
    /// A file of points, a JSON object on each line; `-` for standard input. Writes a JSON object a line, in order.
    #[arg(long, value_name = "FILE")]
    pub points: Option<String>,
    /// 0 for the value, 1 for first derivatives, 2 for Hessians too [default: 1 for a scalar, 0 for an array].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=2))]
    pub order: Option<u8>,
    /// How to write the result.
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TextFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

#[derive(Debug, Args)]
pub struct Emit {
    #[command(flatten)]
    pub subject: Subject,
    /// The language to write.
    #[arg(long, value_enum, default_value_t = Language::Rust)]
    pub lang: Language,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// As `grad!` leaves it in its place.
    Rust,
}

/// A command that is announced and not written yet: takes whatever it will take.
#[derive(Debug, Args)]
pub struct Later {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub rest: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Operators {
    /// How to write the table.
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,
}
