//! What is wrong with a formula, and where: every step reports through [`Diagnostic`], never by panicking.
//!
//! A diagnostic carries byte offsets into the source text; the CLI draws them, the macro turns them back into the
//! user's own tokens.

use std::fmt;

/// A range of byte offsets in the source text, end excluded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The range `start..end`; offsets beyond 4 GiB saturate (the parser refuses such texts).
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { start: clamp(start), end: clamp(end) }
    }

    /// The smallest span that covers both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// The kind of mistake, with a stable code that other programs can match on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The text is not a formula of the language.
    Syntax,
    /// Parentheses, unary minus or `**` nested deeper than the limit.
    TooDeep,
    /// A number that no float type holds, or with too many digits.
    Number,
    /// A function that is neither in the block, nor in the prelude, nor an operator.
    UnknownFunction,
    /// A name that is no parameter, `let`, `const` or dimension.
    UnknownName,
    /// Too many or too few arguments.
    Arity,
    /// Two things of one name.
    DuplicateName,
    /// A name that is taken: an operator, a keyword, a dimension.
    ReservedName,
    /// A function that calls itself, directly or through others.
    Recursion,
    /// Shapes that do not fit.
    Shape,
    /// Shapes that fit in more than one way.
    AmbiguousShape,
    /// An axis that the operand does not have.
    Axis,
    /// Index notation used wrongly.
    Index,
    /// A condition where a number is needed, or the reverse.
    Type,
    /// Two float types in one function.
    FloatType,
    /// A fact that makes no sense.
    Fact,
    /// `wrt(...)` names something that is no float parameter.
    Wrt,
    /// The language has it, this version cannot do it yet.
    NotSupported,
    /// The formula unfolds to more than the compiler's limits.
    TooLarge,
    /// What was asked for has no derivative of that kind.
    Derivative,
    /// An attribute that is unknown or malformed.
    Attribute,
    /// The command line, or values given to it.
    Usage,
    /// A certificate that says what is not so.
    Certificate,
    /// A fault of chainrule itself.
    Internal,
}

impl Code {
    /// The code as printed: `E` and four digits.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "E0001",
            Self::TooDeep => "E0002",
            Self::Number => "E0003",
            Self::UnknownFunction => "E0004",
            Self::UnknownName => "E0005",
            Self::Arity => "E0006",
            Self::DuplicateName => "E0007",
            Self::ReservedName => "E0008",
            Self::Recursion => "E0009",
            Self::Shape => "E0010",
            Self::AmbiguousShape => "E0011",
            Self::Axis => "E0012",
            Self::Index => "E0013",
            Self::Type => "E0014",
            Self::FloatType => "E0015",
            Self::Fact => "E0016",
            Self::Wrt => "E0017",
            Self::NotSupported => "E0018",
            Self::TooLarge => "E0019",
            Self::Derivative => "E0020",
            Self::Attribute => "E0021",
            Self::Usage => "E0022",
            Self::Certificate => "E0023",
            Self::Internal => "E0099",
        }
    }
}

/// One mistake: what is wrong, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The kind of mistake.
    pub code: Code,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where; the first span is the one to underline. Empty only if the text has no such place.
    pub spans: Vec<Span>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic at one place.
    #[must_use]
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), spans: vec![span], help: None }
    }

    /// The same with advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with a second place that explains the first (the earlier definition, the other operand).
    #[must_use]
    pub fn with_span(mut self, span: Span) -> Self {
        self.spans.push(span);
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.code.as_str(), self.message)?;
        match &self.help {
            Some(help) => write!(f, "\nhelp: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Diagnostic {}

/// All mistakes found, in the order of the text; never empty when used as an error.
pub type Diagnostics = Vec<Diagnostic>;
