//! Contractions: sums of products of two arrays.
//!
//! In: two slices, and axes that say how a step along each moves in them and in the result. Out: for every position along
//! the axes that the result has, the sum over the others, set or added. A matrix product, one with a transposed operand, an
//! outer product, a batch of dot products and a convolution's sums are all of this kind; nothing is copied to make them so.
//!
//! Invariant: positions are held against the lengths of the slices before the first product is taken, so that axes that
//! are wrong panic and never read or write elsewhere.
//!
//! # The order of summation
//! It depends on the axes alone, never on the numbers. Each sum starts from 0. The loops of this module add the products
//! one after the other in blocks of the summed axes, or, where both operands are read along a summed axis, in 16
//! interleaved partial sums. With the feature `matrixmultiply`, products of at least [`LARGE`] are computed by the crate
//! of that name, whose order depends on the machine's vector unit, too, and which rounds a product and its addition once
//! where the machine can.

mod loops;
#[cfg(feature = "matrixmultiply")]
mod product;
#[cfg(test)]
mod tests;

use core::ops::{Add, AddAssign, Mul};

/// The number of products of one matrix product from which on it is left to the crate `matrixmultiply`, with its feature.
pub const LARGE: usize = 8 * 8 * 8;

/// The most axes of more than one position that are left when those whose strides combine are merged.
const MOST: usize = 16;

/// One axis of a contraction: its size, and how far a step along it moves in the operands and in the result, in elements.
///
/// Its class follows from who has it. An axis with a stride of 0 in an operand repeats that operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    class: Class,
    size: usize,
    left: usize,
    right: usize,
    out: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Batch,
    Left,
    Right,
    Summed,
}

impl Axis {
    /// An axis that both operands and the result have.
    #[must_use]
    pub const fn batch(size: usize, left: usize, right: usize, out: usize) -> Self {
        Self { class: Class::Batch, size, left, right, out }
    }

    /// An axis of the left operand and the result: the rows of a matrix product.
    #[must_use]
    pub const fn left(size: usize, left: usize, out: usize) -> Self {
        Self { class: Class::Left, size, left, right: 0, out }
    }

    /// An axis of the right operand and the result: the columns of a matrix product.
    #[must_use]
    pub const fn right(size: usize, right: usize, out: usize) -> Self {
        Self { class: Class::Right, size, left: 0, right, out }
    }

    /// An axis of both operands, over which the result is a sum.
    #[must_use]
    pub const fn summed(size: usize, left: usize, right: usize) -> Self {
        Self { class: Class::Summed, size, left, right, out: 0 }
    }

    /// The axis with the operands exchanged.
    const fn exchanged(self) -> Self {
        let class = match self.class {
            Class::Left => Class::Right,
            Class::Right => Class::Left,
            class => class,
        };
        Self { class, left: self.right, right: self.left, ..self }
    }

    /// The axis without its first positions, and with at most `most` of the others.
    fn part(self, first: usize, most: usize) -> Self {
        Self { size: most.min(self.size - first), ..self }
    }

    /// The axis that walks along `inner` at each step of `self`, if one stride does both in every array.
    fn merged(self, inner: Self) -> Option<Self> {
        let steps = |outer, stride| inner.size.checked_mul(stride) == Some(outer);
        let fit = self.class == inner.class
            && steps(self.left, inner.left)
            && steps(self.right, inner.right)
            && steps(self.out, inner.out);
        if fit { Some(Self { size: self.size.checked_mul(inner.size)?, ..inner }) } else { None }
    }
}

/// What happens to the numbers that a result holds already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// They are replaced, and not read.
    Set,
    /// The sums are added to them.
    Add,
}

/// The numbers that arrays hold: `f32` and `f64`.
///
/// It cannot be implemented elsewhere.
pub trait Element: sealed::Element {}

impl Element for f32 {}
impl Element for f64 {}

mod sealed {
    use super::{Add, AddAssign, Axis, Mul, Write};

    /// What contractions need of a float type.
    pub trait Element: Copy + Add<Output = Self> + AddAssign + Mul<Output = Self> {
        const ZERO: Self;

        /// [`super::contract`], compiled here once, and with this package's optimisation.
        fn contract(write: Write, axes: &[Axis], left: &[Self], right: &[Self], out: &mut [Self]);

        /// The general matrix product of `matrixmultiply` for this type.
        ///
        /// # Safety
        /// As for [`matrixmultiply::sgemm`].
        #[cfg(feature = "matrixmultiply")]
        #[allow(unsafe_code, clippy::too_many_arguments)]
        unsafe fn multiply(
            sizes: [usize; 3],
            left: *const Self,
            left_strides: [isize; 2],
            right: *const Self,
            right_strides: [isize; 2],
            write: Write,
            out: *mut Self,
            out_strides: [isize; 2],
        );
    }
}

macro_rules! element {
    ($float:ident, $multiply:ident) => {
        impl sealed::Element for $float {
            const ZERO: Self = 0.0;

            fn contract(write: Write, axes: &[Axis], left: &[Self], right: &[Self], out: &mut [Self]) {
                checked(write, axes, left, right, out);
            }

            #[cfg(feature = "matrixmultiply")]
            #[allow(unsafe_code)]
            unsafe fn multiply(
                [m, k, n]: [usize; 3],
                left: *const Self,
                [left_row, left_column]: [isize; 2],
                right: *const Self,
                [right_row, right_column]: [isize; 2],
                write: Write,
                out: *mut Self,
                [row, column]: [isize; 2],
            ) {
                let keep = if write == Write::Add { 1.0 } else { 0.0 };
                // SAFETY: the caller promises what the function demands.
                unsafe {
                    matrixmultiply::$multiply(
                        m,
                        k,
                        n,
                        1.0,
                        left,
                        left_row,
                        left_column,
                        right,
                        right_row,
                        right_column,
                        keep,
                        out,
                        row,
                        column,
                    );
                }
            }
        }
    };
}

element!(f32, sgemm);
element!(f64, dgemm);

/// Sets or adds `out[b, m, n] = sum over k of left[b, m, k] * right[b, k, n]`, for any number of axes of each class, in any
/// order: batch axes `b`, left ones `m`, right ones `n`, summed ones `k`.
///
/// A sum over nothing is 0. Each position of the result is meant to be an element of its own: what lies where two of them
/// coincide is not specified. Elements of `out` between the positions are left alone.
///
/// # Panics
/// If an axis reaches beyond a slice, or if more than 16 axes have several positions and strides that do not combine. Only emitted code, which has
/// compared the shapes before, is meant to call this function.
///
/// # Examples
/// ```
/// use chainrule_special::{Axis, Write, contract};
///
/// // A matrix of two rows and three columns times a vector.
/// let mut out = [0.0; 2];
/// let axes = [Axis::left(2, 3, 1), Axis::summed(3, 1, 1)];
/// contract(Write::Set, &axes, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[1.0, 0.0, -1.0], &mut out);
/// assert_eq!(out, [-2.0, -2.0]);
/// ```
#[inline]
pub fn contract<T: Element>(write: Write, axes: &[Axis], left: &[T], right: &[T], out: &mut [T]) {
    T::contract(write, axes, left, right, out);
}

fn checked<T: Element>(write: Write, axes: &[Axis], left: &[T], right: &[T], out: &mut [T]) {
    if axes.iter().any(|axis| axis.size == 0 && axis.class != Class::Summed) {
        return;
    }
    within("the result", axes, |axis| axis.out, out.len());
    let plan = Plan::new(axes);
    if plan.axes().iter().any(|axis| axis.size == 0) {
        if write == Write::Set {
            loops::clear(plan.axes(), out);
        }
        return;
    }
    within("the left operand", axes, |axis| axis.left, left.len());
    within("the right operand", axes, |axis| axis.right, right.len());
    #[cfg(feature = "matrixmultiply")]
    if product::run(write, &plan, left, right, out) {
        return;
    }
    loops::run(write, plan, left, right, out);
}

/// Panics unless every position along the axes is inside of a slice.
fn within(what: &str, axes: &[Axis], stride: impl Fn(&Axis) -> usize, length: usize) {
    let steps = |axis: &Axis| axis.size.saturating_sub(1).checked_mul(stride(axis));
    let last = axes.iter().try_fold(0_usize, |sum, axis| sum.checked_add(steps(axis)?)).unwrap_or(usize::MAX);
    assert!(last < length, "a contraction reaches position {last} of {what}, which has {length} numbers: {axes:?}");
}

/// The axes of more than one position or of none, merged where one stride does for two.
#[derive(Clone, Copy)]
struct Plan {
    axes: [Axis; MOST],
    count: usize,
}

impl Plan {
    fn new(axes: &[Axis]) -> Self {
        let mut plan = Self { axes: [Axis::summed(1, 0, 0); MOST], count: 0 };
        for &axis in axes.iter().filter(|axis| axis.size != 1) {
            plan.insert(axis);
        }
        plan
    }

    fn axes(&self) -> &[Axis] {
        &self.axes[..self.count]
    }

    fn insert(&mut self, mut axis: Axis) {
        // A merged axis may fit to another one.
        let mut at = 0;
        while at < self.count {
            match self.axes[at].merged(axis).or_else(|| axis.merged(self.axes[at])) {
                Some(merged) => {
                    axis = merged;
                    self.remove(at);
                    at = 0;
                }
                None => at += 1,
            }
        }
        assert!(self.count < MOST, "a contraction has more than {MOST} axes");
        self.axes[self.count] = axis;
        self.count += 1;
    }

    fn remove(&mut self, at: usize) -> Axis {
        let axis = self.axes[at];
        self.axes.copy_within(at + 1..self.count, at);
        self.count -= 1;
        axis
    }

    /// The plan of the axes for which a condition holds, in their order.
    fn filtered(&self, keep: impl Fn(&Axis) -> bool) -> Self {
        let mut plan = Self { count: 0, ..*self };
        for axis in self.axes().iter().filter(|axis| keep(axis)) {
            plan.axes[plan.count] = *axis;
            plan.count += 1;
        }
        plan
    }

    fn exchanged(mut self) -> Self {
        for axis in &mut self.axes[..self.count] {
            *axis = axis.exchanged();
        }
        self
    }
}

/// Where the three arrays are read and written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Position {
    left: usize,
    right: usize,
    out: usize,
}

impl Position {
    fn after(self, axis: Axis, steps: usize) -> Self {
        Self {
            left: self.left + steps * axis.left,
            right: self.right + steps * axis.right,
            out: self.out + steps * axis.out,
        }
    }

    fn before(self, axis: Axis, steps: usize) -> Self {
        Self {
            left: self.left - steps * axis.left,
            right: self.right - steps * axis.right,
            out: self.out - steps * axis.out,
        }
    }
}

/// Visits every position along some axes, the last axis fastest.
#[inline(always)]
fn positions(axes: &[Axis], start: Position, mut visit: impl FnMut(Position)) {
    let mut steps = [0_usize; MOST];
    let mut position = start;
    'visits: loop {
        visit(position);
        for (axis, steps) in axes.iter().zip(&mut steps).rev() {
            *steps += 1;
            if *steps < axis.size {
                position = position.after(*axis, 1);
                continue 'visits;
            }
            position = position.before(*axis, axis.size - 1);
            *steps = 0;
        }
        return;
    }
}
