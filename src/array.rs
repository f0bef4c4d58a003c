//! The arrays that emitted functions take and fill: borrowed, never copied without need.
//!
//! In: slices, nested arrays and vectors of a user, or, with the feature `ndarray`, arrays of that crate. Out: a [`View`] of
//! them with a shape of `D` sizes and a stride for each, or a [`ViewMut`], which is dense; a size that contradicts another
//! one is an [`InputError`] that names the parameter. This module needs the feature `std`.
//!
//! Invariant: every position of a view lies inside of its slice.
//!
//! ```
//! use chainrule::array::View;
//!
//! let rows = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
//! let view = View::from(&rows);
//! assert_eq!((view.shape(), view.get([1, 0])), ([2, 3], Some(4.0)));
//!
//! // The same numbers in one vector; and by columns.
//! let numbers = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
//! let flat = View::new(&numbers, [2, 3])?;
//! assert_eq!(flat.transposed().get([0, 1]), Some(4.0));
//! # Ok::<(), chainrule::array::InputError>(())
//! ```

mod convert;
mod error;
#[cfg(feature = "ndarray")]
mod ndarray;
mod sizes;
#[cfg(test)]
mod tests;
mod workspace;

pub use error::{Contradiction, Dimension, Fixed, InputError};
pub use sizes::{Size, Sizes};
pub use workspace::{Parts, Workspace};

/// An array of `D` dimensions that is read: a slice, a size and a stride for every dimension.
///
/// A stride is the distance of two neighbours along a dimension, in elements; it may be 0, which repeats what is there.
/// Slices and nested arrays become views by `From`, `View::from(&numbers)` or `(&numbers).into()`.
#[derive(Clone, Copy, Debug)]
pub struct View<'a, T, const D: usize> {
    data: &'a [T],
    shape: [usize; D],
    strides: [usize; D],
}

impl<'a, T, const D: usize> View<'a, T, D> {
    /// The numbers of a slice, the last dimension fastest (*row-major*, as in C).
    ///
    /// # Errors
    /// [`InputError::Length`] unless there are as many numbers as the shape takes.
    pub fn new(data: &'a [T], shape: [usize; D]) -> Result<Self, InputError> {
        if count(&shape) != Some(data.len()) {
            return Err(InputError::Length { parameter: None, numbers: data.len(), shape: shape.into() });
        }
        Ok(Self { data, shape, strides: row_major(&shape) })
    }

    /// Numbers at any non-negative strides; the first one of the slice is at the position of zeros.
    ///
    /// # Errors
    /// [`InputError::Strides`] if a position lies beyond the slice.
    pub fn with_strides(data: &'a [T], shape: [usize; D], strides: [usize; D]) -> Result<Self, InputError> {
        let mut pairs = shape.iter().zip(&strides);
        let last = pairs
            .try_fold(0_usize, |sum, (size, stride)| sum.checked_add(size.saturating_sub(1).checked_mul(*stride)?));
        if shape.contains(&0) || last.is_some_and(|last| last < data.len()) {
            return Ok(Self { data, shape, strides });
        }
        let (shape, strides) = (shape.into(), strides.into());
        Err(InputError::Strides { parameter: None, numbers: data.len(), shape, strides })
    }

    /// [`View::new`] for emitted code, which has cut the slice to the shape.
    ///
    /// # Panics
    /// Unless there are as many numbers as the shape takes.
    #[doc(hidden)]
    #[must_use]
    pub fn of(data: &'a [T], shape: [usize; D]) -> Self {
        Self::new(data, shape).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The size of every dimension.
    #[must_use]
    pub const fn shape(&self) -> [usize; D] {
        self.shape
    }

    /// The distance of two neighbours along every dimension, in elements.
    #[must_use]
    pub const fn strides(&self) -> [usize; D] {
        self.strides
    }

    /// The slice that the view reads, from its first number on; it may have others between and after those of the view.
    #[must_use]
    pub const fn data(&self) -> &'a [T] {
        self.data
    }

    /// The number of numbers.
    #[must_use]
    pub fn len(&self) -> usize {
        // Repeated numbers may be more than memory holds.
        count(&self.shape).unwrap_or(usize::MAX)
    }

    /// Whether a size is 0.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }

    /// The number at a position, or `None` outside of the shape.
    #[must_use]
    pub fn get(&self, position: [usize; D]) -> Option<T>
    where
        T: Copy,
    {
        let inside = position.iter().zip(&self.shape).all(|(at, size)| at < size);
        let offset = position.iter().zip(&self.strides).map(|(at, stride)| at * stride);
        if inside { self.data.get(offset.sum::<usize>()).copied() } else { None }
    }

    /// Whether the numbers lie row-major and without gaps.
    #[must_use]
    pub fn is_dense(&self) -> bool {
        let expected = row_major(&self.shape);
        // How far a step would move does not matter where there is none.
        let fits = |place: usize| self.shape[place] == 1 || self.strides[place] == expected[place];
        self.is_empty() || (0..D).all(fits)
    }

    /// The numbers row-major: those of the view itself if they lie so, else copies in `scratch`, whose memory is reused.
    pub fn dense<'b>(&self, scratch: &'b mut Vec<T>) -> &'b [T]
    where
        'a: 'b,
        T: Copy,
    {
        if self.is_empty() {
            return &[];
        }
        if self.is_dense() {
            return &self.data[..self.len()];
        }
        scratch.clear();
        scratch.reserve(self.len());
        let Some((&size, outer)) = self.shape.split_last() else { return &self.data[..1] };
        let stride = self.strides[D - 1];
        let mut position = [0; D];
        for _ in 0..outer.iter().product() {
            let first: usize = position.iter().zip(&self.strides).map(|(at, stride)| at * stride).sum();
            if stride == 1 {
                scratch.extend_from_slice(&self.data[first..first + size]);
            } else {
                scratch.extend((0..size).map(|at| self.data[first + at * stride]));
            }
            advance(&mut position[..D - 1], outer);
        }
        scratch
    }
}

impl<const D: usize> View<'_, i32, D> {
    /// For emitted code: whether all numbers are positions along an axis of this size.
    ///
    /// # Errors
    /// [`InputError::Index`]
    #[doc(hidden)]
    pub fn check_positions(&self, parameter: &'static str, size: usize) -> Result<(), InputError> {
        let mut position = [0; D];
        for _ in 0..self.len() {
            if let Some(value) = self.get(position)
                && !usize::try_from(value).is_ok_and(|place| place < size)
            {
                return Err(InputError::index(parameter, &position, i64::from(value), size));
            }
            advance(&mut position, &self.shape);
        }
        Ok(())
    }
}

impl<T> View<'_, T, 2> {
    /// Rows as columns, without a copy.
    #[must_use]
    pub const fn transposed(self) -> Self {
        let ([rows, columns], [row, column]) = (self.shape, self.strides);
        Self { data: self.data, shape: [columns, rows], strides: [column, row] }
    }
}

/// An array of `D` dimensions that is written: dense, the last dimension fastest.
#[derive(Debug)]
pub struct ViewMut<'a, T, const D: usize> {
    data: &'a mut [T],
    shape: [usize; D],
}

impl<'a, T, const D: usize> ViewMut<'a, T, D> {
    /// The numbers of a slice, the last dimension fastest.
    ///
    /// # Errors
    /// [`InputError::Length`] unless there are as many numbers as the shape takes.
    pub fn new(data: &'a mut [T], shape: [usize; D]) -> Result<Self, InputError> {
        if count(&shape) != Some(data.len()) {
            return Err(InputError::Length { parameter: None, numbers: data.len(), shape: shape.into() });
        }
        Ok(Self { data, shape })
    }

    /// [`ViewMut::new`] for emitted code, which has cut the slice to the shape.
    ///
    /// # Panics
    /// Unless there are as many numbers as the shape takes.
    #[doc(hidden)]
    #[must_use]
    pub fn of(data: &'a mut [T], shape: [usize; D]) -> Self {
        Self::new(data, shape).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The size of every dimension.
    #[must_use]
    pub const fn shape(&self) -> [usize; D] {
        self.shape
    }

    /// The numbers, row-major.
    #[must_use]
    pub const fn as_slice(&self) -> &[T] {
        self.data
    }

    /// The numbers, row-major, to be written.
    #[must_use]
    pub const fn as_mut_slice(&mut self) -> &mut [T] {
        self.data
    }

    /// The numbers, row-major, for as long as they are borrowed.
    #[must_use]
    pub const fn into_mut_slice(self) -> &'a mut [T] {
        self.data
    }

    /// The same array, to be read.
    #[must_use]
    pub fn as_view(&self) -> View<'_, T, D> {
        View { data: self.data, shape: self.shape, strides: row_major(&self.shape) }
    }

    /// The number at a position, or `None` outside of the shape.
    #[must_use]
    pub fn get(&self, position: [usize; D]) -> Option<T>
    where
        T: Copy,
    {
        self.as_view().get(position)
    }

    /// The number at a position, to be written, or `None` outside of the shape.
    #[must_use]
    pub fn get_mut(&mut self, position: [usize; D]) -> Option<&mut T> {
        let mut offset = 0;
        for (at, size) in position.into_iter().zip(self.shape) {
            if at >= size {
                return None;
            }
            offset = offset * size + at;
        }
        self.data.get_mut(offset)
    }

    /// Replaces the number at a position, and returns the one that was there; `None` outside of the shape, where nothing is
    /// written.
    pub fn set(&mut self, position: [usize; D], value: T) -> Option<T> {
        self.get_mut(position).map(|number| std::mem::replace(number, value))
    }
}

/// How many numbers a shape takes, if a `usize` can say it.
fn count(shape: &[usize]) -> Option<usize> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size))
}

/// The strides of numbers without gaps, the last dimension fastest.
fn row_major<const D: usize>(shape: &[usize; D]) -> [usize; D] {
    let mut strides = [0; D];
    let mut stride = 1_usize;
    for place in (0..D).rev() {
        strides[place] = stride;
        // No number is at such strides where the product is too large: a size is 0.
        stride = stride.saturating_mul(shape[place]);
    }
    strides
}

/// The next position of a shape, the last dimension fastest; after the last one, the first.
fn advance(position: &mut [usize], shape: &[usize]) {
    for (at, size) in position.iter_mut().zip(shape).rev() {
        *at += 1;
        if *at < *size {
            return;
        }
        *at = 0;
    }
}
