//! Dense row-major tensors: what the whole-array operations of the language do, independent of what they hold.

use super::functions::{add, multiply};
use super::jet::Jet;

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

/// More items than this are not computed.
const MOST_ITEMS: usize = 1 << 20;

/// How many items a shape has, if that can be computed.
pub fn count(shape: &[usize]) -> Outcome<usize> {
    let product = shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    product
        .filter(|count| *count <= MOST_ITEMS)
        .ok_or_else(|| format!("an array of shape {shape:?} is too large to check"))
}

impl<T: Clone> Tensor<T> {
    /// A tensor without dimensions.
    pub fn scalar(item: T) -> Self {
        Self { shape: Vec::new(), items: vec![item] }
    }

    /// A tensor from a function of the position.
    pub fn from_positions(shape: &[usize], mut item: impl FnMut(&[usize]) -> Outcome<T>) -> Outcome<Self> {
        let items = (0..count(shape)?).map(|flat| item(&position_of(flat, shape))).collect::<Outcome<_>>()?;
        Ok(Self { shape: shape.to_vec(), items })
    }

    /// How many dimensions it has.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The item of a scalar.
    pub fn only(&self) -> Outcome<T> {
        match (self.shape.as_slice(), self.items.as_slice()) {
            ([], [item]) => Ok(item.clone()),
            _ => Err(format!("a scalar is needed, not an array of shape {:?}", self.shape)),
        }
    }

    /// The item at a position.
    pub fn at(&self, position: &[usize]) -> Outcome<T> {
        let inside = position.len() == self.rank() && position.iter().zip(&self.shape).all(|(at, size)| at < size);
        let item = inside.then(|| self.items.get(flat_of(position, &self.shape))).flatten();
        item.cloned().ok_or_else(|| format!("position {position:?} is outside of an array of shape {:?}", self.shape))
    }

    /// Each item changed.
    pub fn map<U>(&self, change: impl FnMut(&T) -> U) -> Tensor<U> {
        Tensor { shape: self.shape.clone(), items: self.items.iter().map(change).collect() }
    }

    /// The items under a larger shape: axes are added in front, and axes of size 1 repeat.
    pub fn stretched(&self, shape: &[usize]) -> Outcome<Self> {
        if self.shape == shape {
            return Ok(self.clone());
        }
        let missing = shape.len().checked_sub(self.rank()).ok_or("an array that does not fit")?;
        Self::from_positions(shape, |position| {
            let own = position[missing..].iter().zip(&self.shape).map(|(place, size)| (*place).min(size - 1));
            self.at(&own.collect::<Vec<_>>())
        })
    }

    /// Two tensors combined elementwise by the whole-array law.
    pub fn zip<U: Clone, V>(&self, other: &Tensor<U>, mut f: impl FnMut(&T, &U) -> V) -> Outcome<Tensor<V>> {
        let shape = common_shape(&self.shape, &other.shape)?;
        let (left, right) = (self.stretched(&shape)?, other.stretched(&shape)?);
        let items = left.items.iter().zip(&right.items).map(|(a, b)| f(a, b)).collect();
        Ok(Tensor { shape, items })
    }

    /// The matrix with its axes exchanged.
    pub fn transposed(&self) -> Outcome<Self> {
        let [rows, columns] = self.shape[..] else {
            return Err(format!("`.T` needs a matrix, not {:?}", self.shape));
        };
        Self::from_positions(&[columns, rows], |position| self.at(&[position[1], position[0]]))
    }

    /// Everything, or each line along an axis, turned into one item.
    pub fn reduced(&self, axis: Option<usize>, keep: bool, mut f: impl FnMut(&[T]) -> T) -> Outcome<Self> {
        let Some(axis) = axis else {
            let shape = if keep { vec![1; self.rank()] } else { Vec::new() };
            return Ok(Self { shape, items: vec![f(&self.items)] });
        };
        let last = self.moved(axis, self.rank().saturating_sub(1))?;
        let length = last.shape.last().copied().unwrap_or(1).max(1);
        let items = last.items.chunks(length).map(&mut f).collect();
        let mut shape = self.shape.clone();
        if keep {
            shape[axis] = 1;
        } else {
            shape.remove(axis);
        }
        Ok(Self { shape, items })
    }

    /// One axis moved to another place, the others in their order.
    pub fn moved(&self, from: usize, to: usize) -> Outcome<Self> {
        if from >= self.rank() || to >= self.rank() {
            return Err(format!("no axis {from} in an array of shape {:?}", self.shape));
        }
        let mut shape = self.shape.clone();
        let size = shape.remove(from);
        shape.insert(to, size);
        Self::from_positions(&shape, |position| {
            let mut own = position.to_vec();
            let place = own.remove(to);
            own.insert(from, place);
            self.at(&own)
        })
    }

    /// The part at one position of the leading axes.
    pub fn part(&self, leading: &[usize]) -> Outcome<Self> {
        let shape = self.shape.get(leading.len()..).ok_or("too few dimensions")?.to_vec();
        let size: usize = shape.iter().product();
        let start = flat_of(leading, &self.shape[..leading.len()]) * size;
        let items = self.items.get(start..start + size).ok_or("a position outside of an array")?.to_vec();
        Ok(Self { shape, items })
    }

    /// Equal-shaped parts put behind new leading axes.
    pub fn stacked(leading: &[usize], parts: Vec<Self>) -> Outcome<Self> {
        let Some(first) = parts.first() else { return Err("nothing to put together".into()) };
        let shape = [leading, &first.shape].concat();
        if parts.iter().any(|part| part.shape != first.shape) {
            return Err("parts of different shapes".into());
        }
        Ok(Self { shape, items: parts.into_iter().flat_map(|part| part.items).collect() })
    }
}

impl Tensor<Jet> {
    /// `a @ b` for operands of one or two dimensions.
    pub fn matrix_product(&self, other: &Self) -> Outcome<Self> {
        let failure = || format!("{:?} @ {:?} does not fit", self.shape, other.shape);
        if !(1..=2).contains(&self.rank()) || !(1..=2).contains(&other.rank()) {
            return Err(failure());
        }
        let (rows, inner) = self.shape.split_at(self.rank() - 1);
        let (outer, columns) = other.shape.split_at(1);
        if inner != outer {
            return Err(failure());
        }
        let shape = [rows, columns].concat();
        Self::from_positions(&shape, |position| {
            let (row, column) = position.split_at(rows.len());
            let mut total = Jet::whole(0);
            for place in 0..inner[0] {
                let (left, right) = ([row, &[place]].concat(), [&[place], column].concat());
                total = add(&total, &multiply(&self.at(&left)?, &other.at(&right)?));
            }
            Ok(total)
        })
    }
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

/// The position of the item that is at a place of the row-major order.
pub fn position_of(flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut rest = flat;
    let mut position = vec![0; shape.len()];
    for (place, size) in position.iter_mut().zip(shape).rev() {
        *place = rest % size;
        rest /= size;
    }
    position
}

fn flat_of(position: &[usize], shape: &[usize]) -> usize {
    position.iter().zip(shape).fold(0, |flat, (place, size)| flat * size + place)
}
