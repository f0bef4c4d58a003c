//! Values that are calls of functions of the prelude.

use super::{Axis, NodeId, Ref};

/// A node that is a function of the prelude applied to arguments.
///
/// A scalar function works elementwise. A function of vectors works along one axis of its arguments and is mapped over the
/// others; one of arrays of any shape takes all axes that the node lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownCall {
    /// The node.
    pub node: NodeId,
    /// The function.
    pub name: &'static str,
    /// What it is applied to, over the labels in `axes` and, for what it closes, others.
    pub arguments: Vec<Ref>,
    /// The label that each slot of the node takes.
    pub axes: Vec<Axis>,
    /// The axis that a function of vectors works along; `None` for the one that the node lacks, or else the last slot of
    /// the first argument.
    pub along: Option<Axis>,
}
