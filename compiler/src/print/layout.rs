//! The law of whole-array arithmetic, as `resolve/shape.rs` has it: which arrays may meet without index notation.

use crate::graph::Dim;

/// The shape of an array in a formula: for each position the axis that stands there, or a kept axis of size 1.
pub(super) type Layout = Vec<Option<u8>>;

/// The common shape of operands under the law, if they have one that can mean nothing else. `dims` are the sizes of the
/// axes.
pub(super) fn aligned<'a>(operands: impl Iterator<Item = &'a Layout> + Clone, dims: &[Dim]) -> Option<Layout> {
    let largest = operands.clone().map(Vec::len).max()?;
    let reference = operands.clone().position(|operand| operand.len() == largest)?;
    let mut common = operands.clone().nth(reference)?.clone();
    for (place, operand) in operands.clone().enumerate() {
        if place != reference && !operand.is_empty() {
            meet(&mut common, operand, dims)?;
        }
    }
    let agrees = |operand: &Layout| {
        let offset = largest - operand.len();
        operand.iter().zip(&common[offset..]).all(|(own, all)| own.is_none() || own == all)
    };
    operands.clone().all(agrees).then_some(common)
}

fn meet(common: &mut Layout, short: &Layout, dims: &[Dim]) -> Option<()> {
    let dim = |axis: Option<u8>| axis.and_then(|axis| dims.get(usize::from(axis)).copied()).unwrap_or(Dim::Literal(1));
    let offset = common.len() - short.len();
    let could = |place: usize| {
        short.iter().zip(&common[place..]).all(|(own, other)| {
            let (own, other) = (dim(*own), dim(*other));
            own == Dim::Literal(1) || other == Dim::Literal(1) || own == other
        })
    };
    if !could(offset) || (0..offset).any(could) {
        return None;
    }
    for (own, all) in short.iter().zip(&mut common[offset..]) {
        *all = all.or(*own);
    }
    Some(())
}
