//! How fast loops over arrays are that call the vector functions.
//!
//! In: a million numbers of either float type. Out: for each function the nanoseconds for one number by a kernel, and what the
//! same loop takes with the functions of `chainrule::math`, and with the kernel for any machine, as multiples of that. Rounds
//! alternate, the fastest one of each counts. Fails where a kernel is slower than the loop.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use chainrule::dispatch::{Kernel, dispatch, is_wide};
use chainrule::math::{self, vector};

const NUMBERS: usize = 1_000_000;
const ROUNDS: usize = 15;

/// One function of the benchmark: the time for one number by a kernel, by the kernel for any machine, and by a plain loop.
struct Times {
    kernel: f64,
    portable: f64,
    plain: f64,
}

/// Measures a formula in `x`, written with vector functions and with those of `math`.
macro_rules! measure {
    ($float:ident, $x:ident => $vector:expr, $plain:expr) => {{
        struct Map<'a>(&'a [$float], &'a mut [$float]);

        impl Kernel for Map<'_> {
            type Output = ();

            #[inline(always)]
            fn run(self) {
                for (&$x, out) in self.0.iter().zip(self.1) {
                    *out = $vector;
                }
            }
        }

        let numbers: Vec<$float> = (0..NUMBERS).map(|at| spread::<$float>(at)).collect();
        let mut out = vec![0.0; NUMBERS];
        let mut times = Times { kernel: f64::INFINITY, portable: f64::INFINITY, plain: f64::INFINITY };
        for _ in 0..ROUNDS {
            fastest(&mut times.kernel, || dispatch(Map(black_box(&numbers), black_box(&mut out))));
            fastest(&mut times.portable, || Map(black_box(&numbers), black_box(&mut out)).run());
            fastest(&mut times.plain, || {
                for (&$x, out) in black_box(&numbers).iter().zip(black_box(&mut out)) {
                    *out = $plain;
                }
            });
        }
        times
    }};
}

/// Measures the functions for one float type, and says whether every kernel is faster than the plain loop.
macro_rules! functions {
    ($float:ident: $($name:literal $x:ident => $vector:expr, $plain:expr;)*) => {{
        let mut right = true;
        $(right &= report(stringify!($float), $name, &measure!($float, $x => $vector, $plain));)*
        right
    }};
}

fn main() -> ExitCode {
    println!("AVX2 and FMA: {}", is_wide());
    println!("           function   kernel      portable     plain loop");
    let double = functions! { f64:
        "sigmoid" x => 1.0 / (1.0 + vector::exp(-x)), 1.0 / (1.0 + math::exp(-x));
        "softplus" x => above_zero(x) + vector::log1p(vector::exp(-x.abs())),
            above_zero(x) + math::log1p(math::exp(-x.abs()));
        "gelu" x => x * 0.5 * vector::erfc(x * -std::f64::consts::FRAC_1_SQRT_2),
            x * 0.5 * math::erfc(x * -std::f64::consts::FRAC_1_SQRT_2);
        "log" x => vector::log(x.abs()), math::log(x.abs());
        "tanh" x => vector::tanh(x), math::tanh(x);
        "exp" x => vector::exp(x), math::exp(x);
        "expm1" x => vector::expm1(x), math::expm1(x);
        "erf" x => vector::erf(x), math::erf(x);
    };
    let single = functions! { f32:
        "sigmoid" x => 1.0 / (1.0 + vector::exp(-x)), 1.0 / (1.0 + math::exp(-x));
        "softplus" x => above_zero(x) + vector::log1p(vector::exp(-x.abs())),
            above_zero(x) + math::log1p(math::exp(-x.abs()));
        "gelu" x => x * 0.5 * vector::erfc(x * -std::f32::consts::FRAC_1_SQRT_2),
            x * 0.5 * math::erfc(x * -std::f32::consts::FRAC_1_SQRT_2);
        "log" x => vector::log(x.abs()), math::log(x.abs());
        "tanh" x => vector::tanh(x), math::tanh(x);
        "exp" x => vector::exp(x), math::exp(x);
        "expm1" x => vector::expm1(x), math::expm1(x);
        "erf" x => vector::erf(x), math::erf(x);
    };
    if double && single { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Numbers from -8 to 8, in no order that a branch could be predicted by.
fn spread<T: FromF64>(at: usize) -> T {
    let turn = (at as f64 * 0.618_033_988_749_894_9).fract();
    T::from_f64(16.0 * turn - 8.0)
}

trait FromF64 {
    fn from_f64(number: f64) -> Self;
}

impl FromF64 for f64 {
    fn from_f64(number: f64) -> Self {
        number
    }
}

impl FromF64 for f32 {
    fn from_f64(number: f64) -> Self {
        number as Self
    }
}

/// The number, or 0 below it.
#[inline(always)]
fn above_zero<T: PartialOrd + Default>(x: T) -> T {
    let zero = T::default();
    if x > zero { x } else { zero }
}

fn fastest(best: &mut f64, run: impl FnOnce()) {
    let start = Instant::now();
    run();
    *best = best.min(start.elapsed().as_secs_f64() * 1e9 / NUMBERS as f64);
}

fn report(float: &str, name: &str, times: &Times) -> bool {
    let Times { kernel, portable, plain } = *times;
    let right = kernel <= plain;
    let word = if right { "" } else { "  slower" };
    println!(
        "{float:>8} {name:>10}   {kernel:5.2} ns   × {:5.2}      × {:5.2}{word}",
        portable / kernel,
        plain / kernel
    );
    right
}
