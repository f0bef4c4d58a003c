//! Buffers that are not needed at the same time share their memory.
//!
//! In: a routine, every buffer with a storage of its own. Out: the same with fewer storages. A buffer is needed from the
//! first to the last step of the routine's own body that touches it.

use super::{BufferId, Place, Routine, Scalar, Step, Storage};

pub(super) fn share(routine: &mut Routine) {
    let mut needed: Vec<Option<(usize, usize)>> = vec![None; routine.buffers.len()];
    for (number, step) in routine.body.iter().enumerate() {
        touched(step, &mut |buffer| {
            let (_, last) = needed[buffer.0 as usize].get_or_insert((number, number));
            *last = number;
        });
    }
    let mut order: Vec<usize> = (0..routine.buffers.len()).filter(|buffer| needed[*buffer].is_some()).collect();
    order.sort_by_key(|buffer| needed[*buffer]);
    // Each storage with the last step that needs it.
    let mut storages: Vec<(Storage, usize)> = Vec::new();
    for number in order {
        let (Some((first, last)), Place::Scratch(own)) = (needed[number], routine.buffers[number].place) else {
            continue;
        };
        let storage = routine.storages[own as usize].clone();
        let free = storages.iter().position(|(other, until)| *until < first && *other == storage);
        let place = free.unwrap_or_else(|| {
            storages.push((storage, last));
            storages.len() - 1
        });
        storages[place].1 = last;
        routine.buffers[number].place = Place::Scratch(place as u32);
    }
    routine.storages = storages.into_iter().map(|(storage, _)| storage).collect();
}

/// Every buffer that a step reads or writes. Loops nest as deep as arrays have axes, branches as deep as lowering lets them.
fn touched(step: &Step, see: &mut impl FnMut(BufferId)) {
    match step {
        Step::Compute(_, Scalar::Load(buffer, _))
        | Step::Fill(buffer, _, _)
        | Step::Store(buffer, _, _)
        | Step::Reduce(buffer, _, _, _) => see(*buffer),
        Step::Compute(..) | Step::Begin(..) | Step::Update(..) => {}
        Step::Loop(_, body) => body.iter().for_each(|step| touched(step, see)),
        Step::Branch { yes, no, .. } => yes.iter().chain(no).for_each(|step| touched(step, see)),
        Step::Contract(contraction) => {
            [&contraction.out, &contraction.left, &contraction.right].into_iter().for_each(|factor| see(factor.buffer));
        }
    }
}
