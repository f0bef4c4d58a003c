//! Memory that emitted functions compute in.

/// Memory for what an emitted function computes on the way, used again by every call: none of them allocates after the
/// first of its size, but for what the crate `matrixmultiply` packs large products into. One workspace serves any number of
/// functions, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Workspace<T> {
    numbers: Vec<Vec<T>>,
    truths: Vec<Vec<bool>>,
    packed: Vec<Vec<T>>,
    positions: Vec<Vec<i32>>,
    sums: Vec<T>,
}

/// What [`Workspace::parts`] lends: numbers, truth values, and vectors for copies of inputs with strides.
#[doc(hidden)]
pub type Parts<'w, T, const N: usize, const M: usize, const P: usize, const I: usize> =
    ([&'w mut [T]; N], [&'w mut [bool]; M], [&'w mut Vec<T>; P], [&'w mut Vec<i32>; I]);

impl<T: Copy + Default> Workspace<T> {
    /// No memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { numbers: Vec::new(), truths: Vec::new(), packed: Vec::new(), positions: Vec::new(), sums: Vec::new() }
    }

    /// For emitted code: slices of so many numbers and truth values, whatever is in them.
    #[doc(hidden)]
    pub fn parts<const N: usize, const M: usize, const P: usize, const I: usize>(
        &mut self,
        numbers: [usize; N],
        truths: [usize; M],
    ) -> Parts<'_, T, N, M, P, I> {
        let (numbers, truths) = (slices(&mut self.numbers, numbers), slices(&mut self.truths, truths));
        (numbers, truths, vectors(&mut self.packed), vectors(&mut self.positions))
    }

    /// For emitted code: a vector of so many numbers, to be given back by [`Workspace::put`].
    #[doc(hidden)]
    #[must_use]
    pub fn take(&mut self, count: usize) -> Vec<T> {
        let mut sums = std::mem::take(&mut self.sums);
        sums.resize(count, T::default());
        sums
    }

    /// Gives back what [`Workspace::take`] has lent.
    #[doc(hidden)]
    pub fn put(&mut self, sums: Vec<T>) {
        self.sums = sums;
    }
}

fn vectors<E, const N: usize>(memory: &mut Vec<Vec<E>>) -> [&mut Vec<E>; N] {
    if memory.len() < N {
        memory.resize_with(N, Vec::new);
    }
    let mut memory = memory.iter_mut();
    std::array::from_fn(|_| memory.next().unwrap_or_else(|| unreachable!("there are {N} of them")))
}

fn slices<E: Copy + Default, const N: usize>(memory: &mut Vec<Vec<E>>, counts: [usize; N]) -> [&mut [E]; N] {
    if memory.len() < N {
        memory.resize_with(N, Vec::new);
    }
    let mut memory = memory.iter_mut();
    counts.map(|count| {
        let own = memory.next().unwrap_or_else(|| unreachable!("there are {N} of them"));
        if own.len() < count {
            own.resize(count, E::default());
        }
        &mut own[..count]
    })
}
