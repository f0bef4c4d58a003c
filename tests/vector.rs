//! The vector functions in double precision, against numbers of 200 bits: millions of points with `VECTOR_POINTS=1000000`.

#[path = "../src/cli/accuracy/big.rs"]
#[allow(dead_code)]
mod big;

use big::Big;
use chainrule::math::vector;
use chainrule_compiler::number::FloatType;

const BITS: usize = 200;

/// Random numbers that are the same in each run (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Uniform between two bounds.
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Of any size, by its bits, at most `most`; positive.
    fn sized(&mut self, most: f64) -> f64 {
        loop {
            let number = f64::from_bits(self.next() >> 1);
            if number <= most {
                return number;
            }
        }
    }
}

/// Holds a function against a reference where it is not constant: from `low` to `high`, close to 0, and at any size.
fn measure(
    name: &str,
    function: fn(f64) -> f64,
    reference: fn(&Big) -> Big,
    ranges: &[(f64, f64)],
    points: usize,
    ulps: f64,
) {
    let mut random = Random(11);
    let (mut worst, mut place) = (0.0, 0.0);
    let mut hold = |x: f64| {
        let expected = reference(&Big::of(x, BITS));
        let error = expected.ulps(function(x), FloatType::F64, 0.0);
        if error > worst {
            (worst, place) = (error, x);
        }
    };
    let (low, high) = ranges[0];
    for _ in 0..points.div_ceil(ranges.len() + 1) {
        for &(low, high) in ranges {
            hold(random.between(low, high));
        }
        let size = random.sized(high);
        hold(if low < 0.0 && random.next() & 1 == 0 { -size.min(-low) } else { size });
    }
    for &(low, high) in ranges {
        [low, high, low.next_up(), high.next_down()].into_iter().for_each(&mut hold);
    }
    println!("{name}: {worst:.3} ulp at {place:e}");
    assert!(worst <= ulps, "{name}: {worst} ulp at {place:e}");
}

fn points() -> usize {
    std::env::var("VECTOR_POINTS").ok().and_then(|text| text.parse().ok()).unwrap_or(2000)
}

#[test]
fn exponentials_are_accurate() {
    let points = points();
    let log = std::f64::consts::LN_2;
    let ranges = [(-745.2, 709.79), (-1.0, 1.0), (-745.2, -708.0), (-1.5 * log, 1.5 * log)];
    measure("exp", vector::exp, Big::exp, &ranges, points, 1.02);
    let ranges = [(-40.0, 709.79), (-1.0, 1.0), (-4.0, 4.0), (0.3, 0.4), (-0.8, -0.3), (-0.01, 0.01)];
    measure("expm1", vector::expm1, Big::expm1, &ranges, points, 1.1);
    let ranges = [(-20.0, 20.0), (-1.0, 1.0), (-0.1, 0.1), (0.15, 0.25)];
    measure("tanh", vector::tanh, Big::tanh, &ranges, points, 1.4);
}

#[test]
fn logarithms_are_accurate() {
    let points = points();
    let tiny = f64::MIN_POSITIVE;
    let ranges = [(5e-324, f64::MAX), (0.5, 2.0), (0.7, 0.71), (1.4, 1.43), (0.99, 1.01), (5e-324, tiny)];
    measure("log", vector::log, Big::log, &ranges, points, 0.9);
    let ranges = [(-0.999_999, f64::MAX), (-0.9, 1.0), (0.4, 0.43), (-0.3, -0.28), (-0.01, 0.01), (1.0, 4.0)];
    measure("log1p", vector::log1p, Big::log1p, &ranges, points, 1.0);
}

#[test]
fn error_functions_are_accurate() {
    let points = points();
    measure("erf", vector::erf, Big::erf, &[(-6.0, 6.0), (-1.0, 1.0), (0.9, 1.1), (-0.01, 0.01)], points, 1.4);
    let ranges = [(-6.0, 6.0), (-0.5, 0.5), (0.4, 0.6), (1.0, 5.0)];
    measure("erfc", vector::erfc, Big::erfc, &ranges, points, 1.9);
    // The reference takes thousands of bits there.
    measure("erfc", vector::erfc, Big::erfc, &[(6.0, 27.3), (26.5, 27.25)], points / 40, 1.9);
}
