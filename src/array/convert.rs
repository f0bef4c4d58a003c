//! Views of slices, vectors and nested arrays.
//!
//! In: numbers in the order in which Rust keeps them. Out: the dense view whose shape the types and lengths say.

use super::{View, ViewMut, row_major};

/// Implements the conversions for one number of dimensions: `slice` is that of the rows, `sizes` those of a row.
macro_rules! views {
    ($dimensions:literal, [$($size:ident)*], $row:ty $(, $flatten:ident $flatten_mut:ident)*) => {
        impl<'a, T, $(const $size: usize),*> From<&'a [$row]> for View<'a, T, $dimensions> {
            fn from(rows: &'a [$row]) -> Self {
                let shape = [rows.len(), $($size),*];
                Self { data: rows$(.$flatten())*, shape, strides: row_major(&shape) }
            }
        }

        impl<'a, T, $(const $size: usize),*> From<&'a Vec<$row>> for View<'a, T, $dimensions> {
            fn from(rows: &'a Vec<$row>) -> Self {
                rows.as_slice().into()
            }
        }

        impl<'a, T, $(const $size: usize,)* const ROWS: usize> From<&'a [$row; ROWS]> for View<'a, T, $dimensions> {
            fn from(rows: &'a [$row; ROWS]) -> Self {
                rows.as_slice().into()
            }
        }

        impl<'a, T, $(const $size: usize),*> From<&'a mut [$row]> for ViewMut<'a, T, $dimensions> {
            fn from(rows: &'a mut [$row]) -> Self {
                let shape = [rows.len(), $($size),*];
                Self { data: rows$(.$flatten_mut())*, shape }
            }
        }

        impl<'a, T, $(const $size: usize),*> From<&'a mut Vec<$row>> for ViewMut<'a, T, $dimensions> {
            fn from(rows: &'a mut Vec<$row>) -> Self {
                rows.as_mut_slice().into()
            }
        }

        impl<'a, T, $(const $size: usize,)* const ROWS: usize> From<&'a mut [$row; ROWS]>
            for ViewMut<'a, T, $dimensions>
        {
            fn from(rows: &'a mut [$row; ROWS]) -> Self {
                rows.as_mut_slice().into()
            }
        }
    };
}

views!(1, [], T);
views!(2, [B], [T; B], as_flattened as_flattened_mut);
views!(3, [B C], [[T; C]; B], as_flattened as_flattened_mut, as_flattened as_flattened_mut);
views!(
    4, [B C D], [[[T; D]; C]; B],
    as_flattened as_flattened_mut, as_flattened as_flattened_mut, as_flattened as_flattened_mut
);
