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
