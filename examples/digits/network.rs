//! The networks: their loss and their scores as formulas, and what training needs of both sizes alike.
//!
//! In: a batch of images, in rows, and targets, one-hot. Out: the loss and its gradient by all parameters, or the scores.
//! Nothing but the functions of these modules computes with the network.

use chainrule::array::{InputError, View};

/// 784-50-10 with a sigmoid.
pub mod shallow {
    chainrule::grad! {
        /// Loss of the network on a batch: images in rows, targets one-hot.
        pub fn loss(
            x: f32[N, 784],
            w1: f32[784, 50], b1: f32[50],
            w2: f32[50, 10], b2: f32[10],
            t: f32[N, 10],
        )
            wrt(w1, b1, w2, b2)
            where sum(t, axis = 1) == 1
        {
            let h = sigmoid(x @ w1 + b1);
            let y = softmax(h @ w2 + b2);
            -sum(t * log(y)) / N
        }

        /// Scores of the digits.
        #[emit(only(value))]
        pub fn scores(x: f32[N, 784], w1: f32[784, 50], b1: f32[50], w2: f32[50, 10], b2: f32[10]) -> [N, 10] {
            let h = sigmoid(x @ w1 + b1);
            h @ w2 + b2
        }
    }
}

/// 784-50-100-10 with two rectifiers.
pub mod deep {
    chainrule::grad! {
        /// Loss of the network on a batch: images in rows, targets one-hot.
        pub fn loss(
            x: f32[N, 784],
            w1: f32[784, 50], b1: f32[50],
            w2: f32[50, 100], b2: f32[100],
            w3: f32[100, 10], b3: f32[10],
            t: f32[N, 10],
        )
            wrt(w1, b1, w2, b2, w3, b3)
            where sum(t, axis = 1) == 1
        {
            let h1 = relu(x @ w1 + b1);
            let h2 = relu(h1 @ w2 + b2);
            let y = softmax(h2 @ w3 + b3);
            -sum(t * log(y)) / N
        }

        /// Scores of the digits.
        #[emit(only(value))]
        pub fn scores(
            x: f32[N, 784],
            w1: f32[784, 50], b1: f32[50],
            w2: f32[50, 100], b2: f32[100],
            w3: f32[100, 10], b3: f32[10],
        ) -> [N, 10] {
            let h1 = relu(x @ w1 + b1);
            let h2 = relu(h1 @ w2 + b2);
            h2 @ w3 + b3
        }
    }
}

/// A network that can be trained.
pub trait Network {
    /// Its hidden layers, as the command line calls it.
    const NAME: &'static str;

    /// All parameters 0.
    fn zeros() -> Self;

    /// Draws the weights; biases are 0. Behind a rectifier stands half of what goes in, so the variance of its weights is
    /// twice as large (He et al. 2015) as that of others (Glorot and Bengio 2010).
    fn initialise(&mut self, random: &mut fastrand::Rng);

    /// The parameters as one vector.
    fn parameters(&mut self) -> &mut [f32];

    /// The parameters, and the gradient that [`Network::differentiate`] found.
    fn parameters_and_gradient(&mut self) -> (&mut [f32], &[f32]);

    /// The loss of a batch; its gradient is kept.
    fn differentiate(&mut self, images: View<'_, f32, 2>, targets: View<'_, f32, 2>) -> Result<f32, InputError>;

    /// Ten scores an image: the largest says which digit it is. For that, no softmax is needed.
    fn scores(&mut self, images: View<'_, f32, 2>, scores: &mut [f32]) -> Result<(), InputError>;
}

/// Implements [`Network`] for the functions of a module: the weights with what their variance times the number of inputs is.
macro_rules! trained {
    ($type:ident, $module:ident, $name:literal, $(($w:ident, $w_mut:ident, $b:ident, $variance:expr)),*) => {
        /// The parameters and the memory of a network.
        pub struct $type {
            parameters: $module::loss::Parameters,
            gradient: $module::loss::Gradient,
            workspace: $module::loss::Workspace,
            scoring: $module::scores::Workspace,
        }

        impl Network for $type {
            const NAME: &'static str = $name;

            fn zeros() -> Self {
                Self {
                    parameters: $module::loss::Parameters::zeros(),
                    gradient: $module::loss::Gradient::zeros(),
                    workspace: $module::loss::Workspace::new(),
                    scoring: $module::scores::Workspace::new(),
                }
            }

            fn initialise(&mut self, random: &mut fastrand::Rng) {
                $({
                    let weights = self.parameters.$w_mut();
                    let deviation = f32::sqrt($variance / weights.shape()[0] as f32);
                    weights.into_mut_slice().iter_mut().for_each(|weight| *weight = deviation * normal(random));
                })*
            }

            fn parameters(&mut self) -> &mut [f32] {
                self.parameters.as_mut_slice()
            }

            fn parameters_and_gradient(&mut self) -> (&mut [f32], &[f32]) {
                (self.parameters.as_mut_slice(), self.gradient.as_slice())
            }

            fn differentiate(&mut self, x: View<'_, f32, 2>, t: View<'_, f32, 2>) -> Result<f32, InputError> {
                let inputs = $module::loss::Inputs::new(&self.parameters, x, t);
                $module::loss::value_and_gradient(&inputs, &mut self.workspace, &mut self.gradient)
            }

            fn scores(&mut self, x: View<'_, f32, 2>, scores: &mut [f32]) -> Result<(), InputError> {
                let parameters = &self.parameters;
                let inputs = $module::scores::Inputs { x, $($w: parameters.$w(), $b: parameters.$b()),* };
                $module::scores::value(&inputs, &mut self.scoring, scores)
            }
        }
    };
}

trained!(Shallow, shallow, "50", (w1, w1_mut, b1, 1.0), (w2, w2_mut, b2, 1.0));
trained!(Deep, deep, "50,100", (w1, w1_mut, b1, 2.0), (w2, w2_mut, b2, 2.0), (w3, w3_mut, b3, 1.0));

/// A number of the standard normal distribution, by Box and Muller.
fn normal(random: &mut fastrand::Rng) -> f32 {
    let (radius, angle) = (1.0 - random.f32(), std::f32::consts::TAU * random.f32());
    (-2.0 * radius.ln()).sqrt() * angle.cos()
}
