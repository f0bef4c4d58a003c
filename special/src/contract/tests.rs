//! Contractions against the definition: a loop over every position, in double precision.

extern crate std;

use std::vec::Vec;

use super::{Axis, Class, Element, Plan, Write, contract};

/// Random numbers that are the same in each run (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Whole numbers, so that sums are exact in any order.
    fn number(&mut self) -> f64 {
        self.below(15) as f64 - 7.0
    }
}

/// The definition.
fn naive(write: Write, axes: &[Axis], left: &[f64], right: &[f64], out: &mut [f64]) {
    fn walk(axes: &[Axis], at: [usize; 3], visit: &mut impl FnMut([usize; 3])) {
        let Some((axis, others)) = axes.split_first() else { return visit(at) };
        for step in 0..axis.size {
            walk(others, [at[0] + step * axis.left, at[1] + step * axis.right, at[2] + step * axis.out], visit);
        }
    }
    if write == Write::Set {
        let kept: Vec<Axis> = axes.iter().filter(|axis| axis.class != Class::Summed).copied().collect();
        walk(&kept, [0; 3], &mut |at| out[at[2]] = 0.0);
    }
    walk(axes, [0; 3], &mut |at| out[at[2]] += left[at[0]] * right[at[1]]);
}

/// Strides of arrays whose axes are in a random order, some with gaps, and their lengths.
fn lay_out(random: &mut Random, classes: &[Class], sizes: &[usize]) -> (Vec<Axis>, [usize; 3]) {
    let mut strides = [(); 3].map(|()| std::vec![0; sizes.len()]);
    let mut lengths = [1; 3];
    let having = [Class::Right, Class::Left, Class::Summed];
    for array in 0..3 {
        let mut order: Vec<usize> = (0..sizes.len()).filter(|&axis| classes[axis] != having[array]).collect();
        for place in (1..order.len()).rev() {
            let other = random.below(place + 1);
            // Most arrays are row-major.
            if random.below(3) == 0 {
                order.swap(place, other);
            }
        }
        for &axis in order.iter().rev() {
            let gap = if random.below(6) == 0 { random.below(3) } else { 0 };
            strides[array][axis] = lengths[array] + gap;
            lengths[array] = (lengths[array] + gap) * sizes[axis].max(1);
        }
    }
    let axes = (0..sizes.len()).map(|axis| {
        let [left, right, out] = [strides[0][axis], strides[1][axis], strides[2][axis]];
        Axis { class: classes[axis], size: sizes[axis], left, right, out }
    });
    (axes.collect(), lengths)
}

const CLASSES: [Class; 4] = [Class::Batch, Class::Left, Class::Right, Class::Summed];

fn compare<T: Element + PartialEq + core::fmt::Debug>(
    random: &mut Random,
    classes: &[Class],
    sizes: &[usize],
    of: fn(f64) -> T,
) {
    let (axes, lengths) = lay_out(random, classes, sizes);
    let [left, right, out] = lengths.map(|length| (0..length).map(|_| random.number()).collect::<Vec<f64>>());
    for write in [Write::Set, Write::Add] {
        let mut expected = out.clone();
        naive(write, &axes, &left, &right, &mut expected);
        let [left, right, mut found] =
            [&left, &right, &out].map(|array| array.iter().map(|&x| of(x)).collect::<Vec<T>>());
        contract(write, &axes, &left, &right, &mut found);
        let expected: Vec<T> = expected.into_iter().map(of).collect();
        assert_eq!(found, expected, "{write:?} {axes:?}");
    }
}

#[test]
fn random_contractions_are_those_of_the_definition() {
    let mut random = Random(7);
    for _ in 0..6000 {
        let sizes: Vec<usize> = (0..random.below(6))
            .map(|_| match random.below(12) {
                0 => 0,
                1 | 2 => 1,
                3 => random.below(40),
                _ => 2 + random.below(5),
            })
            .collect();
        let classes: Vec<Class> = sizes.iter().map(|_| CLASSES[random.below(4)]).collect();
        compare::<f64>(&mut random, &classes, &sizes, |x| x);
        compare::<f32>(&mut random, &classes, &sizes, |x| x as f32);
    }
}

#[test]
fn large_products_are_those_of_the_definition() {
    let mut random = Random(5);
    for _ in 0..300 {
        // One axis of each class, and up to two more of any.
        let others = random.below(3);
        let classes: Vec<Class> = CLASSES.into_iter().chain((0..others).map(|_| CLASSES[random.below(4)])).collect();
        let mut sizes =
            std::vec![1 + random.below(3), 1 + random.below(20), 1 + random.below(20), 1 + random.below(20)];
        sizes.extend((0..others).map(|_| 1 + random.below(3)));
        compare::<f64>(&mut random, &classes, &sizes, |x| x);
        compare::<f32>(&mut random, &classes, &sizes, |x| x as f32);
    }
}

#[test]
fn long_axes_are_worked_on_in_parts() {
    let mut random = Random(3);
    for sizes in [[1500, 37], [40, 1200], [16, 16], [17, 33], [8, 64]] {
        for classes in CLASSES.into_iter().flat_map(|a| CLASSES.map(|b| [a, Class::Left, b])) {
            compare::<f32>(&mut random, &classes, &[sizes[0], 2, sizes[1]], |x| x as f32);
            compare::<f64>(&mut random, &classes, &[sizes[0], 9, sizes[1]], |x| x);
        }
    }
}

#[test]
fn axes_whose_strides_combine_are_one() {
    let merged = |axes: &[Axis]| Plan::new(axes).axes().to_vec();
    let [a, b, c] = [Axis::left(4, 30, 60), Axis::left(2, 15, 30), Axis::left(3, 5, 10)];
    for axes in [[a, b, c], [c, a, b], [b, c, a], [a, c, b]] {
        assert_eq!(merged(&axes), [Axis::left(24, 5, 10)]);
    }
    assert_eq!(merged(&[a, Axis::left(2, 15, 40)]).len(), 2);
    assert_eq!(merged(&[Axis::summed(1, 100, 100)]), []);
    assert_eq!(merged(&[Axis::summed(4, 2, 2), Axis::right(2, 1, 1)]).len(), 2);
}

#[test]
fn a_sum_over_nothing_is_zero() {
    let axes = [Axis::left(2, 0, 2), Axis::summed(0, 1, 1)];
    let mut out = [5.0, 6.0, 7.0];
    contract(Write::Add, &axes, &[], &[], &mut out);
    assert_eq!(out, [5.0, 6.0, 7.0]);
    contract(Write::Set, &axes, &[], &[], &mut out);
    assert_eq!(out, [0.0, 6.0, 0.0]);
    // Nothing is to be written: no slice needs an element.
    contract::<f32>(Write::Set, &[Axis::right(0, 1, 1), Axis::left(9, 9, 9)], &[], &[], &mut []);
}

#[test]
fn what_a_result_held_is_not_read_where_it_is_set() {
    for size in [1, 3, 20] {
        let axes = [Axis::left(size, size, size), Axis::right(size, 1, 1), Axis::summed(size, 1, size)];
        let ones = std::vec![1.0_f32; size * size];
        let mut out = std::vec![f32::NAN; size * size];
        contract(Write::Set, &axes, &ones, &ones, &mut out);
        assert!(out.iter().all(|&sum| sum == size as f32));
    }
}

#[test]
fn axes_that_reach_beyond_a_slice_panic() {
    fn panics(axes: &[Axis], [left, right, out]: [usize; 3]) -> bool {
        let mut result = std::vec![0.0; out];
        let (left, right) = (std::vec![1.0; left], std::vec![1.0; right]);
        std::panic::catch_unwind(move || contract(Write::Add, axes, &left, &right, &mut result)).is_err()
    }
    let axes = [Axis::left(20, 20, 20), Axis::right(20, 1, 1), Axis::summed(20, 1, 20)];
    assert!(!panics(&axes, [400, 400, 400]));
    assert!(panics(&axes, [399, 400, 400]) && panics(&axes, [400, 399, 400]) && panics(&axes, [400, 400, 399]));
    assert!(panics(&[Axis::summed(usize::MAX, 1, usize::MAX)], [9, 9, 9]));
    assert!(panics(&[], [1, 0, 1]) && !panics(&[], [1, 1, 1]));
}

#[test]
fn equal_axes_are_all_summed() {
    // Neighbours of a sequence: left[i + j].
    let axes = [Axis::summed(9, 1, 0), Axis::summed(9, 1, 0), Axis::left(9, 1, 9), Axis::right(9, 1, 1)];
    let left: Vec<f64> = (0..25).map(f64::from).collect();
    let (right, mut found, mut expected) = (std::vec![1.0; 9], std::vec![0.0; 81], std::vec![0.0; 81]);
    contract(Write::Set, &axes, &left, &right, &mut found);
    naive(Write::Set, &axes, &left, &right, &mut expected);
    assert_eq!(found, expected);
}
