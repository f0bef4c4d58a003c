//! Code for the vector unit that the machine has.
//!
//! In: a [`Kernel`], loops as ordinary code. Out: what they give. On x86-64 they are compiled twice: for any machine, and
//! for one with AVX2 and FMA, whose vectors are twice as wide; which runs is decided when the program does. That needs the
//! feature `std`. Other targets, as AArch64, have one vector unit that every machine has.
//!
//! Invariant: both give the same bits, for neither fuses a product with an addition unless the code says `mul_add`, and
//! kernels do not: without FMA that is a slow function.
//!
//! The environment variable `CHAINRULE_PORTABLE=1`, which is read once, forces the code for any machine. It does not reach
//! into the crate `matrixmultiply`, which chooses for itself.

/// Loops that are worth the machine's vector unit.
///
/// ```
/// use chainrule_special::dispatch::{Kernel, dispatch};
///
/// struct Scale<'a>(f64, &'a mut [f64]);
///
/// impl Kernel for Scale<'_> {
///     type Output = ();
///
///     #[inline(always)]
///     fn run(self) {
///         for number in self.1 {
///             *number *= self.0;
///         }
///     }
/// }
///
/// let mut numbers = [1.0, 2.0, 3.0];
/// dispatch(Scale(2.0, &mut numbers));
/// assert_eq!(numbers, [2.0, 4.0, 6.0]);
/// ```
pub trait Kernel {
    /// What the loops give.
    type Output;

    /// Runs the loops.
    ///
    /// To be marked `#[inline(always)]`, as every function of the loops that it calls: what is not inlined is compiled for any
    /// machine.
    fn run(self) -> Self::Output;
}

/// Runs a kernel, compiled for AVX2 and FMA where the machine has both and `CHAINRULE_PORTABLE=1` is not set.
#[inline]
pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if is_wide() {
        // SAFETY: the machine has AVX2 and FMA.
        #[allow(unsafe_code)]
        return unsafe { x86::run(kernel) };
    }
    kernel.run()
}

/// Whether [`dispatch`] runs what is compiled for AVX2 and FMA.
#[inline]
#[must_use]
pub fn is_wide() -> bool {
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    return x86::is_chosen();
    #[cfg(not(all(feature = "std", target_arch = "x86_64")))]
    false
}

#[cfg(all(feature = "std", target_arch = "x86_64"))]
mod x86 {
    extern crate std;

    use std::sync::OnceLock;

    use super::Kernel;

    static CHOICE: OnceLock<bool> = OnceLock::new();

    #[inline]
    pub(super) fn is_chosen() -> bool {
        *CHOICE.get_or_init(|| {
            let portable = std::env::var_os("CHAINRULE_PORTABLE").is_some_and(|value| value == "1");
            !portable && std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma")
        })
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn run<K: Kernel>(kernel: K) -> K::Output {
        kernel.run()
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    extern crate std;

    use std::process::Command;
    use std::string::String;
    use std::vec::Vec;

    use super::{Kernel, dispatch, is_wide};

    struct Polynomial<'a>(&'a [f64]);

    impl Kernel for Polynomial<'_> {
        type Output = Vec<f64>;

        #[inline(always)]
        fn run(self) -> Vec<f64> {
            self.0.iter().map(|x| (x * 0.3 + 0.7) * x - 1.1).collect()
        }
    }

    #[test]
    fn both_paths_give_the_same_bits() {
        let numbers: Vec<f64> = (0..1003).map(|at| f64::from(at).sqrt()).collect();
        assert_eq!(dispatch(Polynomial(&numbers)), Polynomial(&numbers).run());
    }

    /// Prints the path of this process, for the test below.
    #[test]
    fn path() {
        dispatch(Polynomial(&[1.0]));
        std::println!("wide: {}", is_wide());
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn the_environment_forces_the_portable_path() {
        let path = |portable: &str| {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", "dispatch::tests::path", "--nocapture"]).env("CHAINRULE_PORTABLE", portable);
            String::from_utf8(command.output().unwrap().stdout).unwrap()
        };
        let has = std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma");
        assert!(path("1").contains("wide: false"));
        assert!(path("0").contains(&std::format!("wide: {has}")));
    }
}
