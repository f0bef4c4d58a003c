//! Dense row-major tensors: what the whole-array operations of the language do, independent of what they hold.

use super::functions::{add, multiply};
use super::jet::Jet;
use super::real::Real;

/// A dense row-major tensor; a scalar has no dimensions and one item.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor<T> {
    /// The sizes.
    pub shape: Vec<usize>,
    /// The items, last axis fastest.
    pub items: Vec<T>,
}

/// What the language calls an error; the oracle only says what it met.
pub type Outcome<T> = Result<T, String>;

impl<T: Copy> Tensor<T> {
    /// A tensor without dimensions.
    pub fn scalar(item: T) -> Self {
        Self { shape: Vec::new(), items: vec![item] }
    }

    /// A tensor from a function of the position.
    pub fn from_positions(shape: &[usize], mut item: impl FnMut(&[usize]) -> T) -> Self {
        let count = shape.iter().product();
        Self { shape: shape.to_vec(), items: (0..count).map(|flat| item(&position_of(flat, shape))).collect() }
    }

    /// How many dimensions it has.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The item of a scalar.
    pub fn only(&self) -> Outcome<T> {
        match (self.shape.as_slice(), self.items.as_slice()) {
            ([], [item]) => Ok(*item),
            _ => Err(format!("a scalar is needed, not a tensor of shape {:?}", self.shape)),
        }
    }

    /// The item at a position.
    pub fn at(&self, position: &[usize]) -> T {
        self.items[flat_of(position, &self.shape)]
    }

    /// Each item changed.
    pub fn map<U: Copy>(&self, change: impl FnMut(T) -> U) -> Tensor<U> {
        Tensor { shape: self.shape.clone(), items: self.items.iter().copied().map(change).collect() }
    }

    /// The items under a larger shape: axes are added in front, and axes of size 1 repeat.
    pub fn stretched(&self, shape: &[usize]) -> Self {
        if self.shape == shape {
            return self.clone();
        }
        if self.shape.is_empty() {
            return Self { shape: shape.to_vec(), items: vec![self.items[0]; shape.iter().product()] };
        }
        let missing = shape.len() - self.rank();
        Self::from_positions(shape, |position| {
            let own: Vec<usize> =
                position[missing..].iter().zip(&self.shape).map(|(place, size)| (*place).min(size - 1)).collect();
            self.at(&own)
        })
    }

    /// Two tensors combined elementwise by the whole-array law.
    pub fn zip<U: Copy, V: Copy>(&self, other: &Tensor<U>, mut f: impl FnMut(T, U) -> V) -> Outcome<Tensor<V>> {
        let mut both = |left: &[T], right: &[U]| left.iter().zip(right).map(|(a, b)| f(*a, *b)).collect();
        if self.shape == other.shape {
            return Ok(Tensor { shape: self.shape.clone(), items: both(&self.items, &other.items) });
        }
        let shape = common_shape(&self.shape, &other.shape)?;
        let items = both(&self.stretched(&shape).items, &other.stretched(&shape).items);
        Ok(Tensor { shape, items })
    }

    /// The matrix with its axes exchanged.
    pub fn transposed(&self) -> Outcome<Self> {
        let [rows, columns] = self.shape[..] else {
            return Err(format!("`.T` needs a matrix, not {:?}", self.shape));
        };
        Ok(Self::from_positions(&[columns, rows], |position| self.at(&[position[1], position[0]])))
    }

    /// Everything, or each line along an axis, turned into one item.
    pub fn reduced(&self, axis: Option<usize>, keep: bool, mut f: impl FnMut(&[T]) -> T) -> Outcome<Self> {
        let Some(axis) = axis else {
            let shape = if keep { vec![1; self.rank()] } else { Vec::new() };
            return Ok(Self { shape, items: vec![f(&self.items)] });
        };
        let items = self.lines(axis)?.into_iter().map(|line| f(&line)).collect();
        let mut shape = self.shape.clone();
        if keep {
            shape[axis] = 1;
        } else {
            shape.remove(axis);
        }
        Ok(Self { shape, items })
    }

    /// Each line along an axis turned into another line.
    pub fn along(&self, axis: usize, mut f: impl FnMut(&[T]) -> Vec<T>) -> Outcome<Self> {
        let lines: Vec<Vec<T>> = self.lines(axis)?.into_iter().map(|line| f(&line)).collect();
        let mut others = self.shape.clone();
        others.remove(axis);
        Ok(Self::from_positions(&self.shape, |position| {
            let mut line = position.to_vec();
            let place = line.remove(axis);
            lines[flat_of(&line, &others)][place]
        }))
    }

    /// All lines along an axis, in the order of the other axes.
    fn lines(&self, axis: usize) -> Outcome<Vec<Vec<T>>> {
        if axis >= self.rank() {
            return Err(format!("no axis {axis} in {:?}", self.shape));
        }
        let mut others = self.shape.clone();
        let length = others.remove(axis);
        let line = |flat: usize| {
            let mut position = position_of(flat, &others);
            position.insert(axis, 0);
            (0..length)
                .map(|place| {
                    position[axis] = place;
                    self.at(&position)
                })
                .collect()
        };
        Ok((0..others.iter().product()).map(line).collect())
    }

    /// The part at one position of the leading axes.
    pub fn part(&self, leading: &[usize]) -> Self {
        let shape = self.shape[leading.len()..].to_vec();
        let size: usize = shape.iter().product();
        let start = flat_of(leading, &self.shape[..leading.len()]) * size;
        Self { shape, items: self.items[start..start + size].to_vec() }
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

impl<T: Copy> Tensor<T> {
    /// Tensors one behind the other along an axis.
    pub fn joined(parts: &[Self], along: usize) -> Outcome<Self> {
        let Some(mut shape) = parts.first().map(|part| part.shape.clone()) else {
            return Err("nothing to join".into());
        };
        if along >= shape.len() || parts.iter().any(|part| part.rank() != shape.len()) {
            return Err(format!("no axis {along} to join tensors along"));
        }
        shape[along] = parts.iter().map(|part| part.shape[along]).sum();
        Ok(Self::from_positions(&shape, |position| {
            let (mut position, mut part) = (position.to_vec(), 0);
            while position[along] >= parts[part].shape[along] {
                position[along] -= parts[part].shape[along];
                part += 1;
            }
            parts[part].at(&position)
        }))
    }
}

impl<J: Jet> Tensor<J> {
    /// `a @ b` for operands of one or two dimensions.
    pub fn matrix_product(&self, other: &Self) -> Outcome<Self> {
        let failure = || Err(format!("{:?} @ {:?} does not fit", self.shape, other.shape));
        if !(1..=2).contains(&self.rank()) || !(1..=2).contains(&other.rank()) {
            return failure();
        }
        let (rows, inner) = self.shape.split_at(self.rank() - 1);
        let (outer, columns) = other.shape.split_at(1);
        if inner != outer {
            return failure();
        }
        let shape = [rows, columns].concat();
        Ok(Self::from_positions(&shape, |position| {
            let (row, column) = position.split_at(rows.len());
            (0..inner[0]).fold(J::constant(Real::of(0.0)), |total, place| {
                let (left, right) = ([row, &[place]].concat(), [&[place], column].concat());
                add(total, multiply(self.at(&left), other.at(&right)))
            })
        }))
    }
}

/// The shape of an elementwise operation: sizes agree from the last axis on, or one of them is 1.
///
/// This takes more than the language does (it knows sizes, not names); the generator keeps to the language.
pub fn common_shape(a: &[usize], b: &[usize]) -> Outcome<Vec<usize>> {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let mut shape = long.to_vec();
    let missing = long.len() - short.len();
    for (size, other) in shape[missing..].iter_mut().zip(short) {
        if *size == 1 {
            *size = *other;
        } else if *other != *size && *other != 1 {
            return Err(format!("shapes {a:?} and {b:?} do not fit"));
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
