//! chainrule: symbolic differentiation, compiled.
//!
//! You write a formula; [`grad!`] derives its gradient symbolically, while your crate compiles, and leaves plain Rust in
//! its place: no tape at run time, no nightly compiler, no `unsafe`.
//!
//! ```
//! chainrule::grad! {
//!     /// Logistic sigmoid.
//!     pub fn sigmoid(x) = 1 / (1 + exp(-x));
//!
//!     /// Kinetic energy.
//!     fn energy(mass, speed) = mass * speed**2 / 2;
//! }
//!
//! assert_eq!(sigmoid(0.0), 0.5);
//! assert_eq!(sigmoid::derivative(0.0), 0.25);
//!
//! let gradient = energy::gradient(2.0, 3.0);
//! assert_eq!((gradient.mass, gradient.speed), (4.5, 6.0));
//! ```
//!
//! For a function `f` of the block, [`grad!`] emits the function `f` and, beside it, a module `f` with its derivatives.
//! A mistake in a formula is a compile error under the token that is wrong.
//!
//! # Arrays
//! Arrays of small stated sizes are passed by value: `fn f(q: [3]) -> [2]` takes `[f64; 3]`, and `f::jacobian(q).q` is
//! `[[f64; 3]; 2]`. Others are borrowed, checked when a function is called, and computed with in a workspace:
//!
//! ```
//! # #[cfg(feature = "std")] {
//! use chainrule::array::{InputError, View};
//!
//! chainrule::grad! {
//!     /// Softmax regression: the mean cross entropy of a batch.
//!     fn loss(x: f32[N, D], w: f32[D, K], b: f32[K], t: f32[N, K]) wrt(w, b) where sum(t, axis = 1) == 1 {
//!         let y = softmax(x @ w + b);
//!         -sum(t * log(y)) / N
//!     }
//! }
//!
//! fn train(x: &[f32], t: &[f32], [n, d, k]: [usize; 3]) -> Result<f32, InputError> {
//!     let (mut parameters, mut gradient) = (loss::Parameters::zeros(d, k), loss::Gradient::zeros(d, k));
//!     let mut workspace = loss::Workspace::new();
//!     let mut last = f32::NAN;
//!     for _ in 0..100 {
//!         let inputs = loss::Inputs::new(&parameters, View::new(x, [n, d])?, View::new(t, [n, k])?);
//!         last = loss::value_and_gradient(&inputs, &mut workspace, &mut gradient)?;
//!         for (parameter, slope) in parameters.as_mut_slice().iter_mut().zip(gradient.as_slice()) {
//!             *parameter -= 0.5 * slope;
//!         }
//!     }
//!     Ok(last)
//! }
//!
//! let (x, t) = (vec![0.0, 1.0, 1.0, 0.0], vec![1.0, 0.0, 0.0, 1.0]);
//! assert!(train(&x, &t, [2, 2, 2]).is_ok_and(|loss| loss < 0.1));
//! # }
//! ```
//!
//! The same with arrays of the crate `ndarray`, by the feature of that name:
//!
//! ```
//! # #[cfg(feature = "ndarray")] {
//! use chainrule::array::InputError;
//! use ndarray::{Array2, array};
//!
//! # chainrule::grad! {
//! #     fn loss(x: f32[N, D], w: f32[D, K], b: f32[K], t: f32[N, K]) wrt(w, b) where sum(t, axis = 1) == 1 {
//! #         let y = softmax(x @ w + b);
//! #         -sum(t * log(y)) / N
//! #     }
//! # }
//! fn train(x: &Array2<f32>, t: &Array2<f32>) -> Result<f32, InputError> {
//!     let (d, k) = (x.ncols(), t.ncols());
//!     let (mut parameters, mut gradient) = (loss::Parameters::zeros(d, k), loss::Gradient::zeros(d, k));
//!     let mut workspace = loss::Workspace::new();
//!     let mut last = f32::NAN;
//!     for _ in 0..100 {
//!         let inputs = loss::Inputs { x: x.try_into()?, t: t.try_into()?, w: parameters.w(), b: parameters.b() };
//!         last = loss::value_and_gradient(&inputs, &mut workspace, &mut gradient)?;
//!         for (parameter, slope) in parameters.as_mut_slice().iter_mut().zip(gradient.as_slice()) {
//!             *parameter -= 0.5 * slope;
//!         }
//!     }
//!     Ok(last)
//! }
//!
//! let (x, t) = (array![[0.0, 1.0], [1.0, 0.0]], array![[1.0, 0.0], [0.0, 1.0]]);
//! assert!(train(&x, &t).is_ok_and(|loss| loss < 0.1));
//! # }
//! ```
//!
//! A build without optimisation computes slowly; what is heavy is in two packages, which a profile of your crate can
//! optimise: `[profile.dev.package.chainrule-special]` and `[profile.dev.package.matrixmultiply]` with `opt-level = 3`.
//!
//! # Features
//! * `std` (default): the functions of [`math`] come from the standard library, and [`dispatch`](mod@dispatch) finds the
//!   machine's vector unit.
//! * `matrixmultiply` (default): large products of matrices are those of the crate of that name; it switches on `std`.
//! * `ndarray`: its arrays become views, the arrays that functions take; it switches on `std`.
//! * `libm`: they come from the `libm` crate where `std` is off, for targets without a standard library.
//!
//! `std` or `libm` must be on.

#![cfg_attr(not(feature = "std"), no_std)]

#[cfg(not(any(feature = "std", feature = "libm")))]
compile_error!("chainrule needs its feature `std`, or its feature `libm` where there is no standard library");

#[cfg(any(feature = "std", feature = "libm"))]
pub mod math;

#[cfg(feature = "std")]
pub mod array;
pub mod contraction {
    //! Contractions, the sums of products of two arrays that emitted code computes: see [`contract`].

    pub use chainrule_special::{Axis, Element, LARGE, Write, contract};
}

pub use chainrule_special::dispatch;

#[doc(hidden)]
pub use chainrule_macros::__grad;

/// Compiles functions written as formulas, and their derivatives, to Rust.
///
/// The block holds `fn` items such as `pub fn sigmoid(x) = 1 / (1 + exp(-x));` and constants; functions may call each
/// other and the language's own functions.
///
/// # Errors
/// Every mistake of the block is a compile error of its own, under the token that is wrong.
#[macro_export]
macro_rules! grad {
    ($($tokens:tt)*) => {
        $crate::__grad! { ($crate) $($tokens)* }
    };
}

/// The examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
