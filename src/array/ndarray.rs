//! Views of arrays of the crate `ndarray`.
//!
//! In: its arrays and views of one to four dimensions. Out: a view of the same numbers, without a copy, if they lie
//! together in memory, in any order of the dimensions: row-major, column-major, transposed, some rows of a matrix. Others
//! are an error: numbers between those of an array may belong to somebody else, so that no slice may reach over them.

use ndarray::{ArrayBase, ArrayView, Data, Ix1, Ix2, Ix3, Ix4};

use super::{InputError, View};

/// Implements the conversions for one number of dimensions.
macro_rules! views {
    ($($index:ident $dimensions:literal)*) => {
        $(
            impl<'a, T> TryFrom<ArrayView<'a, T, $index>> for View<'a, T, $dimensions> {
                type Error = InputError;

                /// The same numbers, without a copy.
                ///
                /// # Errors
                /// [`InputError::Layout`] if there are gaps between the numbers, or if a dimension runs backwards.
                fn try_from(array: ArrayView<'a, T, $index>) -> Result<Self, InputError> {
                    let mut shape = [0; $dimensions];
                    shape.copy_from_slice(array.shape());
                    let strides = array.strides().to_vec();
                    view(array.to_slice_memory_order(), shape, &strides)
                }
            }

            impl<'a, T, S: Data<Elem = T>> TryFrom<&'a ArrayBase<S, $index>> for View<'a, T, $dimensions> {
                type Error = InputError;

                /// The same numbers, without a copy.
                ///
                /// # Errors
                /// [`InputError::Layout`] if there are gaps between the numbers, or if a dimension runs backwards.
                fn try_from(array: &'a ArrayBase<S, $index>) -> Result<Self, InputError> {
                    array.view().try_into()
                }
            }
        )*
    };
}

views!(Ix1 1 Ix2 2 Ix3 3 Ix4 4);

fn view<'a, T, const D: usize>(
    data: Option<&'a [T]>,
    shape: [usize; D],
    signed: &[isize],
) -> Result<View<'a, T, D>, InputError> {
    let layout = || InputError::Layout { parameter: None, shape: shape.into(), strides: signed.into() };
    if shape.contains(&0) {
        return View::new(&[], shape);
    }
    let mut strides = [0; D];
    for (place, (&stride, size)) in signed.iter().zip(shape).enumerate() {
        // A dimension of one position runs nowhere.
        strides[place] = if size == 1 { 0 } else { usize::try_from(stride).map_err(|_| layout())? };
    }
    View::with_strides(data.ok_or_else(layout)?, shape, strides)
}
