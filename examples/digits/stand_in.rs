//! Networks by hand, behind the interface of what `grad!` emits for functions of arrays, until it does.

/// What a function refuses.
#[derive(Debug)]
pub struct InputError(String);

impl std::fmt::Display for InputError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for InputError {}

/// An array that is read.
#[derive(Clone, Copy, Debug)]
pub struct View<'a, T, const D: usize> {
    data: &'a [T],
    shape: [usize; D],
}

impl<'a, T, const D: usize> View<'a, T, D> {
    /// The numbers of a slice, the last dimension fastest.
    pub fn new(data: &'a [T], shape: [usize; D]) -> Result<Self, InputError> {
        if shape.iter().product::<usize>() != data.len() {
            return Err(InputError(format!("{} numbers for the shape {shape:?}", data.len())));
        }
        Ok(Self { data, shape })
    }

    /// The size of every dimension.
    pub fn shape(&self) -> [usize; D] {
        self.shape
    }

    /// The numbers.
    pub fn data(&self) -> &'a [T] {
        self.data
    }
}

/// An array that is written.
#[derive(Debug)]
pub struct ViewMut<'a, T, const D: usize> {
    data: &'a mut [T],
    shape: [usize; D],
}

impl<'a, T, const D: usize> ViewMut<'a, T, D> {
    /// The numbers of a slice, the last dimension fastest.
    pub fn new(data: &'a mut [T], shape: [usize; D]) -> Result<Self, InputError> {
        View::new(data, shape)?;
        Ok(Self { data, shape })
    }

    /// The size of every dimension.
    pub fn shape(&self) -> [usize; D] {
        self.shape
    }

    /// The numbers, for as long as they are borrowed.
    pub fn into_mut_slice(self) -> &'a mut [T] {
        self.data
    }
}

/// The modules `loss` and `scores` of a network. `relu` says how hidden layers are activated; else by the sigmoid.
macro_rules! network {
    ($float:ident, $relu:literal, $(($w:ident, $w_mut:ident, $b:ident, $inputs:literal, $outputs:literal)),*) => {
        const SIZES: &[(usize, usize)] = &[$(($inputs, $outputs)),*];

        /// The values of all layers; the last ones are scores.
        fn forward(x: &[$float], parameters: &[&[$float]]) -> Vec<Vec<$float>> {
            let mut layers = vec![x.to_vec()];
            for (layer, (inputs, outputs)) in SIZES.iter().copied().enumerate() {
                let (w, b) = (parameters[2 * layer], parameters[2 * layer + 1]);
                let last = layer + 1 == SIZES.len();
                let before = &layers[layer];
                let mut after = Vec::with_capacity(before.len() / inputs * outputs);
                for row in before.chunks(inputs) {
                    let mut sum = b.to_vec();
                    for (value, w) in row.iter().zip(w.chunks(outputs)).filter(|(value, _)| **value != 0.0) {
                        sum.iter_mut().zip(w).for_each(|(sum, w)| *sum += value * w);
                    }
                    if !last {
                        sum.iter_mut().for_each(|a| *a = if $relu { a.max(0.0) } else { 1.0 / (1.0 + (-*a).exp()) });
                    }
                    after.extend(sum);
                }
                layers.push(after);
            }
            layers
        }

        #[allow(dead_code)]
        pub mod loss {
            use crate::stand_in::{InputError, View, ViewMut};
            use super::SIZES;

            /// The layer of a weight or bias.
            fn place(name: &str) -> usize {
                let names = [$((stringify!($w), stringify!($b))),*];
                names.iter().position(|(w, b)| *w == name || *b == name).unwrap_or(0)
            }

            const COUNT: usize = 0 $(+ $inputs * $outputs + $outputs)*;

            #[derive(Clone, Debug)]
            pub struct Parameters(Vec<$float>);
            pub type Gradient = Parameters;

            impl Parameters {
                pub fn zeros() -> Self {
                    Self(vec![0.0; COUNT])
                }

                pub fn as_slice(&self) -> &[$float] {
                    &self.0
                }

                pub fn as_mut_slice(&mut self) -> &mut [$float] {
                    &mut self.0
                }

                fn start(layer: usize) -> usize {
                    SIZES[..layer].iter().map(|(inputs, outputs)| inputs * outputs + outputs).sum()
                }

                fn part(&self, layer: usize, bias: bool) -> &[$float] {
                    let ((inputs, outputs), start) = (SIZES[layer], Self::start(layer));
                    if bias { &self.0[start + inputs * outputs..][..outputs] } else { &self.0[start..][..inputs * outputs] }
                }

                $(pub fn $w(&self) -> View<'_, $float, 2> {
                    let layer = place(stringify!($w));
                    View::new(self.part(layer, false), [$inputs, $outputs]).unwrap_or_else(|error| panic!("{error}"))
                }

                pub fn $w_mut(&mut self) -> ViewMut<'_, $float, 2> {
                    let layer = place(stringify!($w));
                    let part = &mut self.0[Self::start(layer)..][..$inputs * $outputs];
                    ViewMut::new(part, [$inputs, $outputs]).unwrap_or_else(|error| panic!("{error}"))
                }

                pub fn $b(&self) -> View<'_, $float, 1> {
                    let layer = place(stringify!($b));
                    View::new(self.part(layer, true), [$outputs]).unwrap_or_else(|error| panic!("{error}"))
                })*
            }

            #[derive(Clone, Copy, Debug)]
            pub struct Inputs<'a> {
                pub x: View<'a, $float, 2>,
                $(pub $w: View<'a, $float, 2>, pub $b: View<'a, $float, 1>,)*
                pub t: View<'a, $float, 2>,
            }

            impl<'a> Inputs<'a> {
                pub fn new(parameters: &'a Parameters, x: View<'a, $float, 2>, t: View<'a, $float, 2>) -> Self {
                    Self { x, $($w: parameters.$w(), $b: parameters.$b(),)* t }
                }
            }

            #[derive(Debug, Default)]
            pub struct Workspace;

            impl Workspace {
                pub fn new() -> Self {
                    Self
                }
            }

            /// The loss, and the rows of the last layer as probabilities.
            fn probabilities(inputs: &Inputs<'_>, scores: &[$float]) -> ($float, Vec<$float>) {
                let mut loss = 0.0;
                let mut all = Vec::with_capacity(scores.len());
                let [n, classes] = inputs.t.shape();
                for (row, t) in scores.chunks(classes).zip(inputs.t.data().chunks(classes)) {
                    let max = row.iter().copied().fold($float::MIN, $float::max);
                    let sum: $float = row.iter().map(|a| (a - max).exp()).sum();
                    loss -= row.iter().zip(t).map(|(a, t)| t * (a - max - sum.ln())).sum::<$float>();
                    all.extend(row.iter().map(|a| (a - max).exp() / sum));
                }
                (loss / n as $float, all)
            }

            pub fn value(inputs: &Inputs<'_>, _: &mut Workspace) -> Result<$float, InputError> {
                let layers = super::forward(inputs.x.data(), &[$(inputs.$w.data(), inputs.$b.data()),*]);
                Ok(probabilities(inputs, &layers[SIZES.len()]).0)
            }

            pub fn value_and_gradient(
                inputs: &Inputs<'_>,
                _: &mut Workspace,
                gradient: &mut Gradient,
            ) -> Result<$float, InputError> {
                let parameters = [$(inputs.$w.data(), inputs.$b.data()),*];
                let layers = super::forward(inputs.x.data(), &parameters);
                let (loss, y) = probabilities(inputs, &layers[SIZES.len()]);
                let n = inputs.t.shape()[0] as $float;
                let mut d: Vec<$float> = y.iter().zip(inputs.t.data()).map(|(y, t)| (y - t) / n).collect();
                gradient.0.fill(0.0);
                for (layer, (size, outputs)) in SIZES.iter().copied().enumerate().rev() {
                    let start = Parameters::start(layer);
                    let (dw, rest) = gradient.0[start..].split_at_mut(size * outputs);
                    let mut below = Vec::with_capacity(layers[layer].len());
                    for (row, d) in layers[layer].chunks(size).zip(d.chunks(outputs)) {
                        rest.iter_mut().zip(d).for_each(|(db, d)| *db += d);
                        for (value, dw) in row.iter().zip(dw.chunks_mut(outputs)).filter(|(value, _)| **value != 0.0) {
                            dw.iter_mut().zip(d).for_each(|(dw, d)| *dw += value * d);
                        }
                        if layer > 0 {
                            for (value, w) in row.iter().zip(parameters[2 * layer].chunks(outputs)) {
                                let back: $float = w.iter().zip(d).map(|(w, d)| w * d).sum();
                                let partial =
                                    if $relu { $float::from(u8::from(*value > 0.0)) } else { value * (1.0 - value) };
                                below.push(back * partial);
                            }
                        }
                    }
                    d = below;
                }
                Ok(loss)
            }
        }

        #[allow(dead_code)]
        pub mod scores {
            use crate::stand_in::{InputError, View};

            #[derive(Clone, Copy, Debug)]
            pub struct Inputs<'a> {
                pub x: View<'a, $float, 2>,
                $(pub $w: View<'a, $float, 2>, pub $b: View<'a, $float, 1>,)*
            }

            #[derive(Debug, Default)]
            pub struct Workspace;

            impl Workspace {
                pub fn new() -> Self {
                    Self
                }
            }

            pub fn value(inputs: &Inputs<'_>, _: &mut Workspace, out: &mut [$float]) -> Result<(), InputError> {
                let layers = super::forward(inputs.x.data(), &[$(inputs.$w.data(), inputs.$b.data()),*]);
                out.copy_from_slice(&layers[super::SIZES.len()]);
                Ok(())
            }
        }
    };
}
pub(crate) use network;
