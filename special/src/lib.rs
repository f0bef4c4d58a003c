//! What the compiler's evaluator and emitted code compute with alike, so that both give the same bits: special functions
//! that neither the standard library nor `libm` has, and contractions of arrays.
//!
//! Special functions take numbers in double precision and give the function there, to a few units in the last place times
//! the condition number, and NaN where it is not defined; they compute with `libm` alone. Contractions take slices of
//! either float type. `std` is used behind the features `std`, to ask for the machine's vector unit, and `matrixmultiply` alone.
#![no_std]

mod contract;
pub mod dispatch;
mod error;
mod gamma;
mod length;
#[cfg(test)]
mod tests;
pub mod vector;

pub use contract::{Axis, Element, LARGE, Write, contract};
pub use error::{erfcx, ierfcx};
pub use gamma::{digamma, polygamma, trigamma};
pub use length::{MODERATE, length, length_of_any_size};

/// The whole number that an order is, if it is one from 0 to `most`.
fn order(n: f64, most: u32) -> Option<u32> {
    let whole = libm::round(n);
    (whole >= 0.0 && whole <= f64::from(most)).then_some(whole as u32)
}

/// A sum that keeps what its additions round away (Neumaier 1974).
#[derive(Clone, Copy, Default)]
struct Sum {
    total: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, term: f64) {
        let total = self.total + term;
        self.lost +=
            if self.total.abs() >= term.abs() { (self.total - total) + term } else { (term - total) + self.total };
        self.total = total;
    }

    fn value(self) -> f64 {
        // Beside what overflowed, nothing was lost.
        if self.total.is_finite() { self.total + self.lost } else { self.total }
    }
}
