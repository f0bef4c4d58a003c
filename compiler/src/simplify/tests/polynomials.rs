//! Polynomials are what they are at points: sums, products and quotients have the values that those of their parts say.

use crate::simplify::polynomial::{Kernel, Monomial, Polynomial};
use crate::simplify::rational::Rational;

/// What the kernels stand for, with square roots that are exact in mind: exponents may be halves.
const POINTS: [[f64; 3]; 2] = [[1.44, 0.25, 2.25], [0.09, 6.25, 0.64]];

struct Random(u64);

impl Random {
    fn below(&mut self, count: u64) -> i32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % count) as i32
    }

    fn polynomial(&mut self, terms: usize) -> Polynomial {
        let mut polynomial = Polynomial::default();
        for _ in 0..terms {
            let mut monomial = Monomial::new();
            for kernel in 0..3 {
                let exponent = Rational::new(i128::from(self.below(5) - 2), 2).expect("small");
                if !exponent.is_zero() {
                    monomial.push((Kernel(kernel), exponent));
                }
            }
            polynomial.add(monomial, Rational::from(self.below(7) - 3)).expect("small");
        }
        polynomial
    }
}

fn float(value: Rational) -> f64 {
    let (above, below) = value.parts();
    above as f64 / below as f64
}

fn value(polynomial: &Polynomial, point: [f64; 3]) -> f64 {
    let factor = |(kernel, exponent): &(Kernel, Rational)| point[kernel.0 as usize].powf(float(*exponent));
    polynomial.terms().map(|(monomial, value)| float(*value) * monomial.iter().map(factor).product::<f64>()).sum()
}

fn agree(found: &Polynomial, expected: impl Fn([f64; 3]) -> f64, what: &str) {
    for point in POINTS {
        let (found, expected) = (value(found, point), expected(point));
        assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{what}: {found}, not {expected}");
    }
    assert!(found.terms().all(|(_, value)| !value.is_zero()), "{what}: no coefficient is zero");
    let monomials: Vec<&Monomial> = found.terms().map(|(monomial, _)| monomial).collect();
    assert!(monomials.windows(2).all(|pair| pair[0] < pair[1]), "{what}: sorted, each monomial once");
}

#[test]
fn operations_on_polynomials_have_the_values_of_their_parts() {
    let mut random = Random(1);
    for round in 0..300 {
        let (a, b) = (random.polynomial(round % 6), random.polynomial(round % 4));
        let both = |operation: fn(f64, f64) -> f64| {
            let (a, b) = (a.clone(), b.clone());
            move |point| operation(value(&a, point), value(&b, point))
        };
        agree(&a.plus(&b).expect("small"), both(|a, b| a + b), "sum");
        let product = a.times(&b).expect("small");
        agree(&product, both(|a, b| a * b), "product");
        agree(&a.scaled(Rational::from(-3)).expect("small"), both(|a, _| -3.0 * a), "multiple");
        if let Some((monomial, coefficient)) = b.leading() {
            let leading = Polynomial::term(monomial.clone(), Rational::ONE);
            let times = a.times_monomial(monomial).expect("small");
            agree(&times, |point| value(&a, point) * value(&leading, point), "times a monomial");
            assert!(!coefficient.is_zero());
            if !a.is_zero() {
                assert_eq!(product.divided(&b), Some(a.clone()), "what was multiplied divides");
            }
        }
    }
}

#[test]
fn the_content_divides_every_term_and_nothing_larger_does() {
    let mut random = Random(2);
    for round in 0..200 {
        let polynomial = random.polynomial(1 + round % 4);
        let content = polynomial.content();
        for kernel in (0..3).map(Kernel) {
            let exponent = |monomial: &Monomial| {
                monomial.iter().find(|(own, _)| *own == kernel).map_or(Rational::ZERO, |(_, exponent)| *exponent)
            };
            let lowest = polynomial.terms().map(|(monomial, _)| exponent(monomial)).min();
            assert_eq!(exponent(&content), lowest.unwrap_or(Rational::ZERO), "{polynomial:?}");
        }
    }
}
