//! From a [`Program`] over arrays to loops over axes: what `evaluate` runs and `emit` prints.
//!
//! In: a program, each of whose instructions computes a whole array. Out: a [`Routine`]: nested loops whose bodies compute
//! with scalars in *registers*, and *buffers* for what one nest of loops leaves to another. Elementwise chains, reductions
//! and what reads them along the same axes share one nest, so nothing is stored between them; a buffer keeps only the axes
//! along which its readers and its writer are in different loops. Sums of products over what neither factor has alone are
//! contractions, which have an algorithm of their own.
//!
//! ```text
//! Program --contractions, layout--> Program --clusters, place--> tree of loops --write--> Routine --unroll, storage--> Routine
//! ```
//!
//! Invariants: a buffer is written before it is read, and each of its numbers by one step, or by a reduction that nobody
//! reads before its last loop is done. Reductions go through the positions in ascending order, the outer axis first;
//! contractions say their own order.

mod clusters;
mod contractions;
mod layout;
mod place;
mod run;
mod storage;
mod text;
mod unroll;
mod write;

#[cfg(test)]
mod tests;

use crate::lower::{Input, Program, Size};
use crate::number::{FloatType, Number};
use crate::operators::{Kind, Operator};

pub use run::run;

/// A scalar in a [`Routine`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Register(pub u32);

/// An array in a [`Routine`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BufferId(pub u32);

/// The running position of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Index(pub u32);

/// How values along an axis become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// Over nothing 0.
    Sum,
    /// Over nothing minus infinity.
    Max,
    /// Over nothing 1.
    Prod,
}

impl Reduction {
    /// The result over no positions.
    #[must_use]
    pub fn neutral(self) -> f64 {
        match self {
            Self::Sum => 0.0,
            Self::Max => f64::NEG_INFINITY,
            Self::Prod => 1.0,
        }
    }

    /// The operator that takes one value more.
    #[must_use]
    pub fn operator(self) -> Operator {
        match self {
            Self::Sum => Operator::Add,
            Self::Max => Operator::Maximum,
            Self::Prod => Operator::Multiply,
        }
    }
}

/// A position along an axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Position {
    /// Where a loop is.
    Index(Index),
    /// A stated one.
    Stated(u32),
    /// Where some loops are, less where others are, and a number.
    Shifted(Vec<Index>, Vec<Index>, i64),
    /// What an element of an integer input says: the number of the input, and where.
    Given(u32, Vec<Position>),
}

impl Position {
    /// Whether it hangs on where a loop is.
    #[must_use]
    pub fn reads(&self, index: Index) -> bool {
        match self {
            Self::Index(own) => *own == index,
            Self::Stated(_) => false,
            Self::Shifted(plus, minus, _) => plus.contains(&index) || minus.contains(&index),
            Self::Given(_, at) => at.iter().any(|position| position.reads(index)),
        }
    }

    /// The same with other positions for indices; shifted ones only take indices and numbers.
    fn mapped(&self, to: &impl Fn(Index) -> Position) -> Self {
        match self {
            Self::Index(index) => to(*index),
            Self::Stated(_) => self.clone(),
            Self::Shifted(plus, minus, offset) => {
                let mut offset = *offset;
                let mut moved = |indices: &[Index], sign: i64| -> Vec<Index> {
                    let mut kept = Vec::new();
                    for index in indices {
                        match to(*index) {
                            Self::Stated(position) => offset += sign * i64::from(position),
                            Self::Index(index) => kept.push(index),
                            other => unreachable!("no index is {other:?}"),
                        }
                    }
                    kept
                };
                let (plus, minus) = (moved(plus, 1), moved(minus, -1));
                match (plus.as_slice(), minus.as_slice(), u32::try_from(offset)) {
                    ([], [], Ok(position)) => Self::Stated(position),
                    ([index], [], Ok(0)) => Self::Index(*index),
                    _ => Self::Shifted(plus, minus, offset),
                }
            }
            Self::Given(input, at) => Self::Given(*input, at.iter().map(|position| position.mapped(to)).collect()),
        }
    }
}

/// What a register is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// The input of this number, a scalar.
    Input(u32),
    /// What was given under this number, a scalar; see [`crate::lower::lower_from`].
    Given(u32),
    /// A number.
    Constant(Number),
    /// A truth value.
    Truth(bool),
    /// The size of a dimension, as a number.
    Size(Size),
    /// A position, as a number.
    Position(Position),
    /// Whether two positions are equal.
    Same(Position, Position),
    /// An element of a buffer.
    Load(BufferId, Vec<Position>),
    /// An operator of other registers.
    Apply(Operator, Vec<Register>),
}

/// A use of a buffer in a contraction: for each of its axes, which of the contraction's it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// The buffer.
    pub buffer: BufferId,
    /// One axis of the contraction for each of its own.
    pub axes: Vec<u8>,
}

/// `out = sum of left · right` over the axes that `out` lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contraction {
    /// The sizes of its axes.
    pub sizes: Vec<Size>,
    /// The result.
    pub out: Factor,
    /// One factor.
    pub left: Factor,
    /// The other.
    pub right: Factor,
}

/// A value that a branch decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What it defines.
    pub target: Register,
    /// Its value where the condition holds.
    pub yes: Register,
    /// Its value elsewhere.
    pub no: Register,
}

/// A step of a [`Routine`].
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// `target = scalar`
    Compute(Register, Scalar),
    /// A register that a reduction will change, at its neutral value.
    Begin(Register, Reduction),
    /// One value more for it: the register, the reduction, the value.
    Update(Register, Reduction, Register),
    /// The neutral value of a reduction in a buffer; everywhere along the axes that have no position.
    Fill(BufferId, Vec<Option<Position>>, Reduction),
    /// An element of a buffer becomes a value.
    Store(BufferId, Vec<Position>, Register),
    /// An element of a buffer takes one value more; nothing happens if a shifted position is outside.
    Reduce(BufferId, Vec<Position>, Register, Reduction),
    /// The body once for each position, ascending.
    Loop(Index, Vec<Step>),
    /// One of two bodies; what stands in neither branch is computed before.
    Branch {
        /// A truth value.
        condition: Register,
        /// The body where it holds.
        yes: Vec<Step>,
        /// The body elsewhere.
        no: Vec<Step>,
        /// The scalars that come out.
        choices: Vec<Choice>,
    },
    /// A contraction of whole buffers.
    Contract(Contraction),
}

/// Whose array a buffer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The input of this number.
    Input(u32),
    /// What was given under this number.
    Given(u32),
    /// The result of this number.
    Output(u32),
    /// The routine's own, in the storage of this number.
    Scratch(u32),
}

/// An array, row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// What its elements are.
    pub kind: Kind,
    /// Its shape.
    pub shape: Vec<Size>,
    /// Whose it is.
    pub place: Place,
}

/// Memory of a routine's own, which buffers that are not needed at the same time share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// What its elements are.
    pub kind: Kind,
    /// As many elements as the product of these.
    pub shape: Vec<Size>,
}

/// A result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A scalar.
    Register(Register),
    /// An array, whose place is [`Place::Output`].
    Buffer(BufferId),
}

/// Loops over axes. See the [module page](self).
#[derive(Clone, Debug)]
pub struct Routine {
    /// What it computes in.
    pub float: FloatType,
    /// The names of dimensions.
    pub dimensions: Vec<String>,
    /// All inputs of the graph, in order.
    pub inputs: Vec<Input>,
    /// Inputs whose numbers are positions along an axis of some size, to be checked before anything is computed.
    pub bounds: Vec<(u32, Size)>,
    /// What each register is: a number or a truth value.
    pub registers: Vec<Kind>,
    /// How far each index runs.
    pub indices: Vec<Size>,
    /// All arrays.
    pub buffers: Vec<Buffer>,
    /// The memory of those that are neither given nor results.
    pub storages: Vec<Storage>,
    /// The steps in order.
    pub body: Vec<Step>,
    /// The results, in the order in which they were asked for.
    pub outputs: Vec<Outcome>,
    /// The named dimensions along which there is a maximum, which over nothing is none.
    pub maxima: Vec<u32>,
}

/// Who computes contractions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contractions {
    /// An algorithm of their own, [`Step::Contract`], but for small ones.
    Kernels,
    /// Loops like others.
    Loops,
}

/// Turns a program into loops.
#[must_use]
pub fn fuse(program: &Program, contractions: Contractions) -> Routine {
    let program = contractions::find(program, contractions);
    let clusters = clusters::Clusters::new(&program);
    let tree = place::Placement::of(&program, &clusters);
    let mut routine = write::write(&program, tree);
    unroll::unroll(&mut routine);
    storage::share(&mut routine);
    routine
}

impl Routine {
    /// The inputs that only contractions read: these take arrays with strides.
    #[must_use]
    pub fn contracted_only(&self) -> Vec<u32> {
        let mut loaded = vec![false; self.buffers.len()];
        see_scalars(&self.body, &mut |_, scalar| {
            if let Scalar::Load(buffer, _) = scalar {
                loaded[buffer.0 as usize] = true;
            }
        });
        let input = |(buffer, loaded): (&Buffer, bool)| match buffer.place {
            Place::Input(input) if !loaded => Some(input),
            _ => None,
        };
        self.buffers.iter().zip(loaded).filter_map(input).collect()
    }

    /// The given values that are scalars.
    #[must_use]
    pub fn given_scalars(&self) -> Vec<(u32, Kind)> {
        let mut given = Vec::new();
        see_scalars(&self.body, &mut |target, scalar| {
            if let Scalar::Given(number) = scalar {
                given.push((*number, self.registers[target.0 as usize]));
            }
        });
        given
    }

    /// Whether an input is read.
    #[must_use]
    pub fn reads(&self, input: u32) -> bool {
        let mut read = self.buffers.iter().any(|buffer| buffer.place == Place::Input(input));
        read |= self.inputs[input as usize].integer;
        see_scalars(&self.body, &mut |_, scalar| read |= *scalar == Scalar::Input(input));
        read
    }
}

/// Loops nest as deep as arrays have axes, branches as deep as lowering lets them; here and above.
fn see_scalars(steps: &[Step], see: &mut impl FnMut(Register, &Scalar)) {
    for step in steps {
        match step {
            Step::Compute(target, scalar) => see(*target, scalar),
            Step::Loop(_, body) => see_scalars(body, see),
            Step::Branch { yes, no, .. } => {
                see_scalars(yes, see);
                see_scalars(no, see);
            }
            _ => {}
        }
    }
}
