//! Contractions by loops that the compiler vectorises.
//!
//! In: axes of at least two positions, all of them inside of the slices. Out: the result. The innermost loop is over the
//! axis along which most numbers lie side by side: a summed one gives dot products, another one lines of the result, to
//! which four multiples of lines of an operand are added at a time.

use super::{Axis, Class, Element, Plan, Position, Write, positions};
use crate::dispatch::{Kernel, dispatch};

/// Partial sums of a dot product: they do not wait for each other.
const LANES: usize = 16;
/// Elements of a line that are worked on together: they stay in the first cache.
const LINE: usize = 1024;
/// Elements of the right operand that are worked on together: they stay in the second cache.
const BLOCK: usize = 16 * LINE;

/// What the loops work on: axes, whose one at `place` is the innermost, and the arrays.
struct Loops<'a, T> {
    write: Write,
    plan: Plan,
    place: usize,
    left: &'a [T],
    right: &'a [T],
    out: &'a mut [T],
}

pub(super) fn run<T: Element>(write: Write, plan: Plan, left: &[T], right: &[T], out: &mut [T]) {
    let Some(place) = (0..plan.count).max_by_key(|&place| merit(plan.axes[place])) else {
        let product = left[0] * right[0];
        put(write, &mut out[0], product);
        return;
    };
    dispatch(if plan.axes[place].class == Class::Left {
        Loops { write, plan: plan.exchanged(), place, left: right, right: left, out }
    } else {
        Loops { write, plan, place, left, right, out }
    });
}

impl<T: Element> Kernel for Loops<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { write, mut plan, place, left, right, out } = self;
        let inner = plan.remove(place);
        if inner.class == Class::Summed {
            dots(write, &plan, inner, left, right, out);
        } else {
            lines(write, plan, inner, left, right, out);
        }
    }
}

/// How good an innermost loop an axis makes: up to 16 positions side by side count 4 times as much as others.
fn merit(axis: Axis) -> (usize, bool, usize) {
    let contiguous = side_by_side(axis);
    (axis.size.min(16) * if contiguous { 4 } else { 1 }, contiguous, axis.size)
}

/// Whether what an axis walks along lies in neighbouring elements, in every array that has the axis.
pub(super) fn side_by_side(axis: Axis) -> bool {
    match axis.class {
        Class::Batch => axis.left == 1 && axis.right == 1 && axis.out == 1,
        Class::Left => axis.left == 1 && axis.out == 1,
        Class::Right => axis.right == 1 && axis.out == 1,
        Class::Summed => axis.left == 1 && axis.right == 1,
    }
}

#[inline(always)]
fn put<T: Element>(write: Write, out: &mut T, value: T) {
    match write {
        Write::Set => *out = value,
        Write::Add => *out += value,
    }
}

/// Writes 0 at every position of the result.
pub(super) fn clear<T: Element>(axes: &[Axis], out: &mut [T]) {
    if axes.iter().all(|axis| axis.size > 0 || axis.class == Class::Summed) {
        let kept = Plan::new(axes).filtered(|axis| axis.class != Class::Summed);
        positions(kept.axes(), Position::default(), |at| out[at.out] = T::ZERO);
    }
}

/// The result, element by element: each is a sum of dot products along `inner`.
#[inline(always)]
fn dots<T: Element>(write: Write, plan: &Plan, inner: Axis, left: &[T], right: &[T], out: &mut [T]) {
    let kept = plan.filtered(|axis| axis.class != Class::Summed);
    let summed = plan.filtered(|axis| axis.class == Class::Summed);
    positions(kept.axes(), Position::default(), |at| {
        let mut sum = T::ZERO;
        positions(summed.axes(), at, |at| sum += dot(inner, &left[at.left..], &right[at.right..]));
        put(write, &mut out[at.out], sum);
    });
}

#[inline(always)]
fn dot<T: Element>(axis: Axis, left: &[T], right: &[T]) -> T {
    let whole = axis.size - axis.size % LANES;
    let lanes = if axis.left == 1 && axis.right == 1 {
        near_lanes(&left[..whole], &right[..whole])
    } else {
        far_lanes(axis.part(0, whole), left, right)
    };
    (whole..axis.size).fold(lanes, |sum, at| sum + left[at * axis.left] * right[at * axis.right])
}

/// A dot product of whole lanes that lie side by side.
#[inline(always)]
fn near_lanes<T: Element>(left: &[T], right: &[T]) -> T {
    let mut sums = [T::ZERO; LANES];
    for (a, b) in left.as_chunks::<LANES>().0.iter().zip(right.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    total(sums)
}

/// A dot product of whole lanes at any strides, summed in the same order.
#[inline(always)]
fn far_lanes<T: Element>(axis: Axis, left: &[T], right: &[T]) -> T {
    let mut sums = [T::ZERO; LANES];
    for first in (0..axis.size).step_by(LANES) {
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum += left[(first + lane) * axis.left] * right[(first + lane) * axis.right];
        }
    }
    total(sums)
}

/// The sum of partial sums, by halves.
///
/// A function of its own, because LLVM would arrange the loop before it for the additions of the last few lanes, in pairs.
#[inline(never)]
fn total<T: Element>(mut sums: [T; LANES]) -> T {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            let other = sums[lane + width];
            sums[lane] += other;
        }
        width /= 2;
    }
    sums[0]
}

/// The result, line by line along `inner`, which is a batch or a right axis.
#[inline(always)]
fn lines<T: Element>(write: Write, mut plan: Plan, inner: Axis, left: &[T], right: &[T], out: &mut [T]) {
    let summed = (0..plan.count).filter(|&place| plan.axes[place].class == Class::Summed);
    let Some(place) = summed.max_by_key(|&place| plan.axes[place].size) else {
        positions(plan.axes(), Position::default(), |at| {
            line(write, inner, &left[at.left..], &right[at.right..], &mut out[at.out..]);
        });
        return;
    };
    let along = plan.remove(place);
    let kept = plan.filtered(|axis| axis.class != Class::Summed);
    let summed = plan.filtered(|axis| axis.class == Class::Summed);
    let depth = (BLOCK / inner.size.min(LINE)).next_multiple_of(4);
    for first in (0..inner.size).step_by(LINE) {
        let part = inner.part(first, LINE);
        for upper in (0..along.size).step_by(depth) {
            let block = along.part(upper, depth);
            let start = Position::default().after(inner, first);
            positions(kept.axes(), start, |at| {
                let out = &mut out[at.out..];
                if upper == 0 && write == Write::Set {
                    (0..part.size).for_each(|step| out[step * part.out] = T::ZERO);
                }
                positions(summed.axes(), at.after(along, upper), |at| {
                    add_lines(part, block, &left[at.left..], &right[at.right..], out);
                });
            });
        }
    }
}

/// Adds to a line of the result the products along `inner`, for every position along `along`.
#[inline(always)]
fn add_lines<T: Element>(inner: Axis, along: Axis, left: &[T], right: &[T], out: &mut [T]) {
    let mut first = 0;
    if inner.left == 0 && inner.right == 1 && inner.out == 1 {
        let out = &mut out[..inner.size];
        while first + 4 <= along.size {
            let factor = |step| left[(first + step) * along.left];
            let row = |step| &right[(first + step) * along.right..][..inner.size];
            let (a, b, c, d) = (factor(0), factor(1), factor(2), factor(3));
            let rows = row(0).iter().zip(row(1)).zip(row(2)).zip(row(3));
            for (out, (((&p, &q), &r), &s)) in out.iter_mut().zip(rows) {
                *out = *out + a * p + b * q + c * r + d * s;
            }
            first += 4;
        }
    }
    for step in first..along.size {
        line(Write::Add, inner, &left[step * along.left..], &right[step * along.right..], out);
    }
}

/// One product at every position along `axis`.
#[inline(always)]
fn line<T: Element>(write: Write, axis: Axis, left: &[T], right: &[T], out: &mut [T]) {
    match (axis.left, axis.right, axis.out) {
        (0, 1, 1) => {
            let factor = left[0];
            let pairs = out[..axis.size].iter_mut().zip(&right[..axis.size]);
            pairs.for_each(|(out, &b)| put(write, out, factor * b));
        }
        (1, 1, 1) => {
            let factors = left[..axis.size].iter().zip(&right[..axis.size]);
            out[..axis.size].iter_mut().zip(factors).for_each(|(out, (&a, &b))| put(write, out, a * b));
        }
        _ => {
            for step in 0..axis.size {
                put(write, &mut out[step * axis.out], left[step * axis.left] * right[step * axis.right]);
            }
        }
    }
}
