//! Contractions by the crate `matrixmultiply`.
//!
//! In: axes of at least two positions, all of them inside of the slices. Out: the result, if it is made of large matrix
//! products. One axis of each class, the largest, makes a product; the others are looped over.

use super::{Axis, Class, Element, LARGE, Plan, Position, Write, loops, positions};

/// Computes a contraction, and says whether it did: the one it leaves is made of small products, or of none.
pub(super) fn run<T: Element>(write: Write, plan: &Plan, left: &[T], right: &[T], out: &mut [T]) -> bool {
    let mut others = *plan;
    let [Some(row), Some(column), Some(summed)] =
        [Class::Left, Class::Right, Class::Summed].map(|class| take_largest(&mut others, class))
    else {
        return false;
    };
    if !large(row, column, summed) || !apart(row, column) {
        return false;
    }
    let kept = others.filtered(|axis| axis.class != Class::Summed);
    let sums = others.filtered(|axis| axis.class == Class::Summed);
    positions(kept.axes(), Position::default(), |at| {
        let mut write = write;
        positions(sums.axes(), at, |at| {
            multiply(write, [row, summed, column], at, left, right, out);
            write = Write::Add;
        });
    });
    true
}

fn take_largest(plan: &mut Plan, class: Class) -> Option<Axis> {
    let places = (0..plan.count).filter(|&place| plan.axes[place].class == class);
    places.max_by_key(|&place| plan.axes[place].size).map(|place| plan.remove(place))
}

/// Whether a product is worth the packing of its operands. Two rows or columns are not, where the loops have
/// lines to read.
fn large(row: Axis, column: Axis, summed: Axis) -> bool {
    let narrow = row.size.min(column.size) < 3
        && [row, column, summed].into_iter().any(|axis| axis.size >= 8 && loops::side_by_side(axis));
    !narrow && row.size.saturating_mul(column.size).saturating_mul(summed.size) >= LARGE
}

/// Whether no two elements of a product coincide: one axis steps over all of the other.
fn apart(row: Axis, column: Axis) -> bool {
    let over = |inner: Axis, outer: Axis| inner.out > 0 && (inner.size - 1) * inner.out < outer.out;
    over(row, column) || over(column, row)
}

/// One product: `out[row, column]` from `left[row, summed]` and `right[summed, column]`.
#[allow(unsafe_code)]
fn multiply<T: Element>(
    write: Write,
    [row, summed, column]: [Axis; 3],
    at: Position,
    left: &[T],
    right: &[T],
    out: &mut [T],
) {
    let last = at.after(row, row.size - 1).after(summed, summed.size - 1).after(column, column.size - 1);
    let (left, right, out) = (&left[at.left..=last.left], &right[at.right..=last.right], &mut out[at.out..=last.out]);
    // A step along an axis of two positions or more stays inside of a slice, and slices are shorter than `isize::MAX`.
    let strides = |first: usize, second: usize| [first as isize, second as isize];
    // SAFETY: strides are not negative, so every element that the product reads or writes lies between the first and the
    // last one of the slices above, which are borrowed for the call, `out` alone to be written. The axes of the result do
    // not coincide anywhere: `apart`, without which this function is not called.
    unsafe {
        T::multiply(
            [row.size, summed.size, column.size],
            left.as_ptr(),
            strides(row.left, summed.left),
            right.as_ptr(),
            strides(summed.right, column.right),
            write,
            out.as_mut_ptr(),
            strides(row.out, column.out),
        );
    }
}
