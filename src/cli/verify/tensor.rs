//! Dense row-major tensors: what the language does with arrays, independent of what they hold.
//!
//! Formulas in index notation are not computed position by position: an expression below `let z[i, j] = ...` or
//! `sum[k](...)` has one array for all positions. Its leading axes are those of the *running* indices, of size 1 where it
//! does not vary; its *own* axes, those of its shape in the language, come behind. What says `running` is how many there are.

use super::functions::{add, multiply};
use super::jet::Jet;
use super::real::Real;

/// A dense row-major tensor; a scalar has no dimensions and one item.
#[derive(Clone, Debug)]
pub struct Tensor<T> {
    /// The sizes.
    pub shape: Vec<usize>,
    /// The items, last axis fastest.
    pub items: Vec<T>,
}

/// What goes wrong is told in a sentence.
pub type Outcome<T> = Result<T, String>;

/// How a message ends about what is not computed for its size.
pub const TOO_LARGE: &str = "too large to be checked";
/// More items than this are not computed.
const MOST_ITEMS: usize = 1 << 20;

/// What an array can hold.
pub trait Item: Clone {
    /// What stands where there is nothing.
    fn undefined() -> Self;
}

impl Item for Jet {
    fn undefined() -> Self {
        Real::UNDEFINED.into()
    }
}

impl Item for Option<bool> {
    fn undefined() -> Self {
        None
    }
}

/// How many items a shape has, if that can be computed.
pub fn count(shape: &[usize]) -> Outcome<usize> {
    let product = shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    product.filter(|count| *count <= MOST_ITEMS).ok_or_else(|| format!("an array of shape {shape:?} is {TOO_LARGE}"))
}

/// How far apart the items along each axis lie.
pub fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// The same for an array that is stretched: along axes of size 1 it stays where it is.
pub fn stretching(shape: &[usize]) -> Vec<usize> {
    strides(shape).into_iter().zip(shape).map(|(stride, size)| if *size == 1 { 0 } else { stride }).collect()
}

/// Where the items of a shape lie, in order.
pub fn offsets(shape: &[usize], strides: &[usize], start: usize) -> Outcome<Vec<usize>> {
    let mut offsets = Vec::with_capacity(count(shape)?);
    offsets.push(start);
    // Axis by axis, the first one first: each place becomes the places along the next axis.
    for (size, stride) in shape.iter().zip(strides) {
        if *size == 1 {
            continue;
        }
        let mut longer = Vec::with_capacity(offsets.len() * size);
        for offset in &offsets {
            let mut at = *offset;
            for _ in 0..*size {
                longer.push(at);
                at += stride;
            }
        }
        offsets = longer;
    }
    Ok(offsets)
}

impl<T: Clone> Tensor<T> {
    /// One item under some running indices.
    pub fn constant(item: T, running: usize) -> Self {
        Self { shape: vec![1; running], items: vec![item] }
    }

    /// How many dimensions it has.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The item of a scalar that does not vary.
    pub fn only(&self) -> Outcome<T> {
        match self.items.as_slice() {
            [item] if self.shape.iter().all(|size| *size == 1) => Ok(item.clone()),
            _ => Err(format!("a scalar is needed, not an array of shape {:?}", self.shape)),
        }
    }

    /// Each item changed.
    pub fn map<U>(&self, change: impl FnMut(&T) -> U) -> Tensor<U> {
        Tensor { shape: self.shape.clone(), items: self.items.iter().map(change).collect() }
    }

    /// The items at some places under another shape.
    pub fn strided(&self, shape: Vec<usize>, strides: &[usize], start: usize) -> Outcome<Self> {
        let places = offsets(&shape, strides, start)?;
        let item = |place: &usize| self.items.get(*place).cloned().ok_or("a position outside of an array");
        Ok(Self { items: places.iter().map(item).collect::<Result<_, _>>()?, shape })
    }

    /// The same items with more axes of size 1 at a place.
    pub fn with_axes(mut self, at: usize, more: usize) -> Self {
        self.shape.splice(at..at, std::iter::repeat_n(1, more));
        self
    }

    /// The items under a larger shape of the same rank: axes of size 1 repeat.
    pub fn stretched(self, shape: &[usize]) -> Outcome<Self> {
        if self.shape == shape {
            return Ok(self);
        }
        let fits = |(own, size): (&usize, &usize)| own == size || *own == 1;
        if self.rank() != shape.len() || !self.shape.iter().zip(shape).all(fits) {
            return Err(format!("an array of shape {:?} does not fit {shape:?}", self.shape));
        }
        self.strided(shape.to_vec(), &stretching(&self.shape), 0)
    }

    /// Two tensors combined elementwise by the whole-array law.
    pub fn zip<U: Clone, V>(
        &self,
        other: &Tensor<U>,
        running: usize,
        mut f: impl FnMut(&T, &U) -> V,
    ) -> Outcome<Tensor<V>> {
        if self.shape == other.shape {
            let items = self.items.iter().zip(&other.items).map(|(a, b)| f(a, b)).collect();
            return Ok(Tensor { shape: self.shape.clone(), items });
        }
        let rank = self.rank().max(other.rank());
        let (left, right) = (padded(&self.shape, running, rank), padded(&other.shape, running, rank));
        let shape = common_shape(&left, &right)?;
        let places = offsets(&shape, &stretching(&left), 0)?.into_iter().zip(offsets(&shape, &stretching(&right), 0)?);
        let items = places.map(|(a, b)| f(&self.items[a], &other.items[b])).collect();
        Ok(Tensor { shape, items })
    }

    /// The matrix with its axes exchanged.
    pub fn transposed(&self, running: usize) -> Outcome<Self> {
        if self.rank() != running + 2 {
            return Err(format!("`.T` needs a matrix, not {:?}", self.shape));
        }
        self.moved(running, running + 1)
    }

    /// All own axes, or one of them, turned into one item.
    pub fn reduced(
        &self,
        running: usize,
        axis: Option<usize>,
        keep: bool,
        mut f: impl FnMut(&[T]) -> T,
    ) -> Outcome<Self> {
        let (mut shape, ordered, length) = match axis {
            None => (self.shape[..running].to_vec(), self.clone(), self.shape[running..].iter().product()),
            Some(axis) => {
                let ordered = self.moved(running + axis, self.rank().saturating_sub(1))?;
                let mut shape = self.shape.clone();
                let length = shape.remove(running + axis);
                (shape, ordered, length)
            }
        };
        let items = ordered.items.chunks(usize::max(length, 1)).map(&mut f).collect();
        match axis {
            None if keep => shape.resize(self.rank(), 1),
            Some(axis) if keep => shape.insert(running + axis, 1),
            _ => {}
        }
        Ok(Self { shape, items })
    }

    /// One axis moved to another place, the others in their order.
    pub fn moved(&self, from: usize, to: usize) -> Outcome<Self> {
        if from >= self.rank() || to >= self.rank() {
            return Err(format!("no axis {from} in an array of shape {:?}", self.shape));
        }
        let (mut shape, mut strides) = (self.shape.clone(), strides(&self.shape));
        let (size, stride) = (shape.remove(from), strides.remove(from));
        shape.insert(to, size);
        strides.insert(to, stride);
        self.strided(shape, &strides, 0)
    }

    /// Arrays one behind the other along one of their own axes.
    pub fn joined(parts: Vec<Self>, running: usize, along: usize) -> Outcome<Self> {
        let at = running + along;
        if parts.iter().any(|part| part.rank() <= at) {
            return Err(format!("no axis {along} to join arrays along"));
        }
        let mut front = Vec::new();
        for part in &parts {
            front = common_shape(&front, &part.shape[..running])?;
        }
        let mut shape: Option<Vec<usize>> = None;
        let mut items = Vec::new();
        for part in parts {
            let own = [&front, &part.shape[running..]].concat();
            let part = part.stretched(&own)?.moved(at, 0)?;
            let joined = shape.get_or_insert_with(|| [&[0], &part.shape[1..]].concat());
            if joined[1..] != part.shape[1..] {
                return Err("parts of different shapes".into());
            }
            joined[0] += part.shape[0];
            items.extend(part.items);
        }
        Self { shape: shape.ok_or("nothing to put together")?, items }.moved(0, at)
    }

    /// Parts of one shape put behind each other along a new first own axis.
    pub fn stacked(parts: Vec<Self>, running: usize) -> Outcome<Self> {
        let mut shape = parts.first().ok_or("nothing to put together")?.shape.clone();
        if parts.iter().any(|part| part.shape.get(running..) != shape.get(running..)) {
            return Err("parts of different shapes".into());
        }
        for part in &parts {
            shape = common_shape(&shape, &part.shape)?;
        }
        let count = parts.len();
        let parts = parts.into_iter().map(|part| part.stretched(&shape)).collect::<Outcome<Vec<_>>>()?;
        let items = parts.into_iter().flat_map(|part| part.items).collect();
        shape.insert(0, count);
        Self { shape, items }.moved(0, running)
    }
}

impl Tensor<Jet> {
    /// `a @ b` for operands of one or two dimensions.
    pub fn matrix_product(&self, other: &Self, running: usize) -> Outcome<Self> {
        let (front, own) = self.shape.split_at(running);
        let (other_front, other_own) = other.shape.split_at(running);
        let failure = || format!("{own:?} @ {other_own:?} does not fit");
        if !(1..=2).contains(&own.len()) || !(1..=2).contains(&other_own.len()) {
            return Err(failure());
        }
        let (rows, inner) = own.split_at(own.len() - 1);
        let (outer, columns) = other_own.split_at(1);
        if inner != outer {
            return Err(failure());
        }
        let shape = [&common_shape(front, other_front)?, rows, columns].concat();
        let (left, right) = (stretching(&self.shape), stretching(&other.shape));
        let (left_front, right_front) = (&left[..running], &right[..running]);
        let row_strides = [left_front, &left[running..self.rank() - 1], &vec![0; columns.len()]].concat();
        let column_strides = [right_front, &vec![0; rows.len()], &right[running + 1..]].concat();
        let (along_left, along_right) = (left[self.rank() - 1], right[running]);
        let places = offsets(&shape, &row_strides, 0)?.into_iter().zip(offsets(&shape, &column_strides, 0)?);
        let item = |(a, b): (usize, usize)| {
            let product = |k: usize| multiply(&self.items[a + k * along_left], &other.items[b + k * along_right]);
            (0..inner[0]).fold(Jet::whole(0), |total, k| add(&total, &product(k)))
        };
        Ok(Self { items: places.map(item).collect(), shape })
    }
}

/// A shape with axes of size 1 between its running and its own axes, up to a rank.
pub fn padded(shape: &[usize], running: usize, rank: usize) -> Vec<usize> {
    let mut padded = shape.to_vec();
    padded.splice(running..running, std::iter::repeat_n(1, rank.saturating_sub(shape.len())));
    padded
}

/// The shape of an elementwise operation: sizes agree from the last axis on, or one of them is 1.
///
/// This takes more than the language does, which knows names of sizes; the checker's formulas are the language's.
pub fn common_shape(a: &[usize], b: &[usize]) -> Outcome<Vec<usize>> {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let mut shape = long.to_vec();
    let missing = long.len() - short.len();
    for (size, other) in shape[missing..].iter_mut().zip(short) {
        if *size == 1 {
            *size = *other;
        } else if *other != *size && *other != 1 {
            return Err(format!("arrays of shapes {a:?} and {b:?} do not fit"));
        }
    }
    Ok(shape)
}
