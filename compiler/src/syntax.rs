//! The syntax tree, exactly as the user wrote it: what `parse` produces and `resolve` reads.
//!
//! Expressions live in one flat arena per function, children before parents, so that a sum of 100 000 terms is a long
//! vector and not a deep tree: nobody who walks or drops it may recurse over its depth. Only constructs between
//! delimiters nest, and the parser bounds those.

use crate::diagnostic::Span;
use crate::number::Number;

/// An identifier and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The identifier as written.
    pub text: String,
    /// Its place.
    pub span: Span,
}

/// A file or a `grad!` block: constants and functions in the order of the text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Module {
    /// `const NAME = expression;`
    pub constants: Vec<Constant>,
    /// `fn` items.
    pub functions: Vec<Function>,
}

/// `const NAME = expression;` at the top level of a block. The type that Rust would ask for is optional.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// Its name.
    pub name: Name,
    /// `const X: f64 = ...`: the type, if stated.
    pub ty: Option<Type>,
    /// The arena its value lives in.
    pub expressions: Expressions,
    /// Its value.
    pub value: ExpressionId,
    /// Attributes such as `#[cfg(...)]` and doc comments, in order.
    pub attributes: Vec<Attribute>,
}

/// `#[path(tokens)]`, or a doc comment.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// `emit`, `cfg`, `doc`, ...
    pub path: Name,
    /// What stands after the path, as written: `(hessian)`, `= "text"` or nothing. For a doc comment, `path` is `doc`
    /// and this is the bare text of the line.
    pub content: String,
    /// `///` or `#[doc = "..."]`: `content` is the text of the documentation itself.
    pub is_doc: bool,
    /// The place of what stands after the path.
    pub content_span: Span,
    /// The whole attribute.
    pub span: Span,
}

/// One `fn` item, or a bare expression of the command line (then `parameters` are its free names).
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Attributes and doc comments, in order.
    pub attributes: Vec<Attribute>,
    /// `pub`, `pub(crate)`, ... as written; empty for none.
    pub visibility: String,
    /// The function's name.
    pub name: Name,
    /// Parameters in order.
    pub parameters: Vec<Parameter>,
    /// What stands after `->`.
    pub result: Option<ResultType>,
    /// `wrt(a, b)`; `None` where it is not written.
    pub wrt: Option<Vec<Name>>,
    /// `where a == b, x > 0`: one expression for each fact.
    pub facts: Vec<ExpressionId>,
    /// The arena that all expressions of the function live in.
    pub expressions: Expressions,
    /// The body; `= expression;` is a block without `let`.
    pub body: Block,
    /// The whole item.
    pub span: Span,
}

/// `name`, `name: f64[N, 784]`, `name: [K]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: Name,
    /// Its type, if stated; without it: a float scalar.
    pub ty: Option<Type>,
}

/// `f32`, `[N, K]`, `f32[N, K]`, `i32[N]`, and `[..]` (any shape; the prelude's reductions).
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    /// `f64`, `f32`, `i32`, ... as written; the parser does not check it.
    pub element: Option<Name>,
    /// The dimensions; empty for a scalar.
    pub shape: Vec<Dimension>,
    /// `[..]`: takes any shape.
    pub any_shape: bool,
    /// The whole type.
    pub span: Span,
}

/// One dimension of a shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Dimension {
    /// A literal size or a name.
    pub kind: DimensionKind,
    /// Its place.
    pub span: Span,
}

/// See [`Dimension`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DimensionKind {
    /// `784`
    Literal(u64),
    /// `N`
    Name(String),
}

/// What stands after `->`.
#[derive(Clone, Debug, PartialEq)]
pub enum ResultType {
    /// `-> [N, K]`, `-> f32`
    Type(Type),
    /// `-> (u, v)`, `-> (u: [N], v)`: names, with types where stated.
    Named(Vec<Parameter>),
}

/// `{ let ...; let ...; result }`
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Bindings in order.
    pub lets: Vec<Let>,
    /// The value: an expression, or [`ExpressionKind::Tuple`] for several outputs. `None` for an empty block.
    pub result: Option<ExpressionId>,
    /// The braces, or the expression after `=`.
    pub span: Span,
}

/// `let name = value;`, `let name[i, j] = value;`
#[derive(Clone, Debug, PartialEq)]
pub struct Let {
    /// What is bound.
    pub name: Name,
    /// The indices on the left; `None` for a whole-array binding.
    pub indices: Option<Vec<Name>>,
    /// The value.
    pub value: ExpressionId,
    /// The statement.
    pub span: Span,
}

/// The place of an expression in its function's arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExpressionId(pub u32);

/// An arena of expressions; children always have smaller ids than their parents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expressions {
    nodes: Vec<Expression>,
}

impl Expressions {
    /// Adds an expression whose children are already there.
    pub fn push(&mut self, kind: ExpressionKind, span: Span) -> ExpressionId {
        let id = ExpressionId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(Expression { kind, span });
        id
    }

    /// The expression of an id.
    #[must_use]
    pub fn get(&self, id: ExpressionId) -> &Expression {
        &self.nodes[id.0 as usize]
    }

    /// All expressions, children before parents.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (ExpressionId, &Expression)> {
        self.nodes.iter().enumerate().map(|(place, node)| (ExpressionId(place as u32), node))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

/// One expression and its place (from its first to its last token, redundant parentheses excluded).
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// What it is.
    pub kind: ExpressionKind,
    /// Where it stands.
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpressionKind {
    /// `2`, `0.1`, `1e-3`
    Number(Number),
    /// `x`: a parameter, a `let`, a constant, a dimension, an index or `pi`.
    Name(String),
    /// `-x`, `!c`
    Unary(UnaryOperator, ExpressionId),
    /// `a + b`, `a @ b`, `a <= b`, ... A chain of comparisons never gets here: the parser refuses it.
    Binary(BinaryOperator, ExpressionId, ExpressionId),
    /// `exp(x)`, `sum(x, axis = 1, keep = true)`, `sum[j](x[j])`
    Call(Call),
    /// `x[i, 0, 1..4, ..]`
    Index(ExpressionId, Vec<Index>),
    /// `x.T`
    Transpose(ExpressionId),
    /// `if c { a } else if d { b } else { e }`, flat. `otherwise` is `None` where `else` is missing.
    If {
        /// Conditions and their blocks, in order.
        branches: Vec<(ExpressionId, Block)>,
        /// The last `else`.
        otherwise: Option<Block>,
    },
    /// `[a, b]`
    Vector(Vec<ExpressionId>),
    /// `(u, v)`; only as the result of a body.
    Tuple(Vec<ExpressionId>),
}

/// A call of an operator, a prelude function or a function of the block.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What is called.
    pub function: Name,
    /// `sum[i, j](...)`: the indices that it closes.
    pub indices: Option<Vec<Name>>,
    /// Positional arguments.
    pub arguments: Vec<ExpressionId>,
    /// `axis = 1`, `keep = true` (`true` and `false` are [`ExpressionKind::Name`]s).
    pub named: Vec<(Name, ExpressionId)>,
}

/// One entry between the brackets of `x[...]`.
#[derive(Clone, Debug, PartialEq)]
pub enum Index {
    /// `i`, `0`, `i + k`, `index[n]`
    Position(ExpressionId),
    /// `1..4`, `..4`, `1..`, `..`; the span covers it.
    Range(Option<ExpressionId>, Option<ExpressionId>, Span),
}

/// A prefix operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOperator {
    /// `-`
    Negate,
    /// `!`
    Not,
}

/// An infix operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOperator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `**`, right-associative, binds tighter than unary minus on its left.
    Power,
    /// `@`
    MatrixMultiply,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `&&`
    And,
    /// `||`
    Or,
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
