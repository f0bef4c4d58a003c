//! Polynomials over kernels: their arithmetic is that of their values, and a quotient is found where there is one.

use crate::algebra::polynomial::{Kernel, Monomial, Polynomial, inverse, multiply};
use crate::algebra::rational::Rational;
use crate::simplify::sample::scrambled;

const POINTS: [[f64; 4]; 3] = [[0.7, 1.3, 2.1, 0.4], [1.9, 0.6, 0.8, 1.1], [3.0, 2.0, 0.5, 1.7]];

fn rational(above: i128, below: i128) -> Rational {
    Rational::new(above, below).expect("a small fraction")
}

fn number(value: Rational) -> f64 {
    let (above, below) = value.to_fraction().expect("small");
    above as f64 / below as f64
}

fn value(polynomial: &Polynomial, point: &[f64; 4]) -> f64 {
    let power = |(kernel, exponent): &(Kernel, Rational)| point[kernel.0 as usize].powf(number(*exponent));
    polynomial.terms().map(|(monomial, factor)| number(*factor) * monomial.iter().map(power).product::<f64>()).sum()
}

/// A monomial, from exponents of the kernels in order.
fn monomial(exponents: &[Rational]) -> Monomial {
    let exponents = exponents.iter().enumerate().filter(|(_, exponent)| !exponent.is_zero());
    exponents.map(|(kernel, exponent)| (Kernel(kernel as u32), *exponent)).collect()
}

/// A polynomial, from whole coefficients and exponents.
fn polynomial(terms: &[(i32, &[i32])]) -> Polynomial {
    let mut polynomial = Polynomial::default();
    for (coefficient, exponents) in terms {
        let exponents: Vec<Rational> = exponents.iter().map(|exponent| Rational::from(*exponent)).collect();
        polynomial.add(monomial(&exponents), Rational::from(*coefficient)).expect("small");
    }
    polynomial
}

/// Polynomials of one to four terms over three kernels, some exponents negative or halves.
fn random(seed: u64) -> Polynomial {
    let mut state = 0;
    let mut next = |below: u64| {
        state += 1;
        scrambled(seed, state) % below
    };
    let mut polynomial = Polynomial::default();
    for _ in 0..=next(4) {
        let exponents: Vec<Rational> = (0..3).map(|_| rational([0, 0, 2, 4, -2, 1][next(6) as usize], 2)).collect();
        let coefficient = rational(i128::from(next(9)) - 4, i128::from(next(3)) + 1);
        polynomial.add(monomial(&exponents), coefficient).expect("small");
    }
    polynomial
}

fn pairs() -> impl Iterator<Item = (Polynomial, Polynomial)> {
    (0..120).map(|seed| (random(2 * seed), random(2 * seed + 1)))
}

fn assert_near(a: f64, b: f64, what: &str) {
    assert!((a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0), "{what}: {a} and {b}");
}

#[test]
fn arithmetic_is_that_of_the_values() {
    for (a, b) in pairs() {
        let (sum, product) = (a.plus(&b).expect("small"), a.times(&b).expect("small"));
        let shift = monomial(&[rational(1, 2), rational(-1, 1), rational(2, 1)]);
        let shifted = a.times_monomial(&shift).expect("small");
        let cube = a.power(3).expect("small");
        let third = a.scaled(rational(-1, 3)).expect("small");
        for point in &POINTS {
            let (x, y) = (value(&a, point), value(&b, point));
            assert_near(value(&sum, point), x + y, "a sum");
            assert_near(value(&product, point), x * y, "a product");
            assert_near(value(&cube, point), x * x * x, "a cube");
            assert_near(value(&third, point), -x / 3.0, "a multiple");
            let factor = point[0].sqrt() / point[1] * point[2] * point[2];
            assert_near(value(&shifted, point), x * factor, "a product with a monomial");
        }
        assert_eq!(a.plus(&a.scaled(Rational::MINUS_ONE).expect("small")), Some(Polynomial::default()), "a - a");
        for sum in [&sum, &product] {
            assert!(
                sum.terms().all(|(monomial, value)| !value.is_zero() && monomial.iter().all(|(_, e)| !e.is_zero()))
            );
            assert!(sum.terms().all(|(monomial, _)| monomial.is_sorted_by(|a, b| a.0 < b.0)), "kernels in order, once");
            assert_eq!(sum.len(), sum.terms().count());
            assert_eq!(sum.is_zero(), sum.len() == 0);
            assert_eq!(sum.kernels().count(), sum.terms().map(|(monomial, _)| monomial.len()).sum::<usize>());
            assert_eq!(
                sum.has_positive_coefficients(),
                !sum.is_zero() && sum.terms().all(|(_, value)| number(*value) > 0.0)
            );
        }
    }
}

#[test]
fn numbers_and_monomials_are_told_apart() {
    let half = rational(1, 2);
    assert_eq!(Polynomial::default().as_constant(), Some(Rational::ZERO));
    assert_eq!(Polynomial::constant(half).as_constant(), Some(half));
    assert_eq!(polynomial(&[(2, &[1])]).as_constant(), None);
    assert_eq!(polynomial(&[(2, &[1]), (3, &[])]).as_constant(), None);
    assert_eq!(Polynomial::default().as_monomial(), None);
    assert_eq!(Polynomial::one().as_monomial(), Some((&Monomial::new(), Rational::ONE)));
    assert_eq!(polynomial(&[(2, &[0, 3])]).as_monomial(), Some((&vec![(Kernel(1), 3.into())], 2.into())));
    assert_eq!(polynomial(&[(2, &[1]), (3, &[])]).as_monomial(), None);
    assert!(Polynomial::term(monomial(&[half]), Rational::ZERO).is_zero());
    assert_eq!(polynomial(&[(2, &[1])]).scaled(Rational::ZERO), Some(Polynomial::default()));
}

/// What all terms share comes out, and nothing shared stays.
#[test]
fn content_is_what_divides_every_term() {
    for (a, _) in pairs().filter(|(a, _)| !a.is_zero()) {
        let content = a.content();
        let inside = a.times_monomial(&inverse(&content)).expect("small");
        assert_eq!(inside.times_monomial(&content), Some(a.clone()));
        assert!(inside.terms().all(|(monomial, _)| monomial.iter().all(|(_, exponent)| exponent.is_positive())));
        for kernel in (0..3).map(Kernel) {
            assert!(inside.terms().any(|(monomial, _)| monomial.iter().all(|(own, _)| *own != kernel)), "{a:?}");
        }
        assert_eq!(multiply(&content, &inverse(&content)), Some(Monomial::new()));
    }
    assert_eq!(polynomial(&[(2, &[3, 1]), (5, &[1, 1])]).content(), monomial(&[Rational::ONE, Rational::ONE]));
    assert_eq!(polynomial(&[(2, &[3]), (5, &[])]).content(), Monomial::new());
    assert_eq!(polynomial(&[(2, &[-3]), (5, &[])]).content(), monomial(&[Rational::from(-3)]));
}

/// Else a division would not end.
#[test]
fn leading_terms_multiply() {
    for (a, b) in pairs().filter(|(a, b)| !a.is_zero() && !b.is_zero()) {
        let product = a.times(&b).expect("small");
        let (x, y, whole) = (a.leading().expect("a term"), b.leading().expect("a term"), product.leading());
        let (monomial, value) = whole.expect("a product of polynomials is not zero");
        assert_eq!(Some(monomial), multiply(x.0, y.0).as_ref(), "{a:?} {b:?}");
        assert_eq!(Some(value), x.1.times(y.1));
    }
}

#[test]
fn quotients_are_exact() {
    let mut found = 0;
    for (a, b) in pairs().filter(|(a, b)| !a.is_zero() && !b.is_zero()) {
        let product = a.times(&b).expect("small");
        assert!(product.room(&b).is_some(), "{a:?} times {b:?}");
        assert_eq!(product.divided(&b).as_ref(), Some(&a), "{b:?}");
        if let Some(quotient) = a.divided(&b) {
            assert_eq!(quotient.times(&b).as_ref(), Some(&a), "{a:?} by {b:?}");
            found += usize::from(b.len() > 1);
        }
        let more = product.plus(&Polynomial::kernel(Kernel(3), Rational::ONE)).expect("small");
        assert!(b.len() < 2 || more.divided(&b).is_none(), "{a:?} times {b:?}, and more");
    }
    assert!(found < 40, "most pairs do not divide each other");
}

/// What has a term to spare, or a kernel that varies less, has no quotient: that is seen without a division.
#[test]
fn what_cannot_be_divided_is_seen_at_once() {
    let one_plus = |power: i32| polynomial(&[(1, &[power]), (1, &[])]);
    for (dividend, divisor, ruled_out) in [
        (polynomial(&[(1, &[1])]), one_plus(1), true),
        (polynomial(&[(1, &[1])]), polynomial(&[(2, &[3])]), false),
        (one_plus(1), one_plus(2), true),
        (one_plus(2), one_plus(1), false),
        (one_plus(1), one_plus(1), false),
        (one_plus(1), one_plus(-2), true),
        (one_plus(1), one_plus(-1), false),
        (one_plus(2), polynomial(&[(1, &[0, 1]), (1, &[])]), true),
        (one_plus(2), polynomial(&[(1, &[1, 1]), (1, &[0, 1])]), false),
        (one_plus(2), polynomial(&[(1, &[1, 1]), (1, &[0, 2])]), true),
        (polynomial(&[(1, &[3]), (1, &[2])]), one_plus(1), false),
        (polynomial(&[(1, &[3]), (1, &[2])]), one_plus(2), true),
        (polynomial(&[(1, &[3]), (1, &[2])]), polynomial(&[(1, &[5]), (1, &[3])]), true),
        (polynomial(&[(1, &[3]), (1, &[2])]), polynomial(&[(1, &[5]), (1, &[4])]), false),
        (polynomial(&[(1, &[3, 1]), (1, &[1, 2]), (1, &[])]), polynomial(&[(1, &[3, 2]), (1, &[])]), false),
        (polynomial(&[(1, &[3, 1]), (1, &[1, 2]), (1, &[])]), polynomial(&[(1, &[3, 3]), (1, &[])]), true),
    ] {
        assert_eq!(dividend.room(&divisor).is_none(), ruled_out, "{dividend:?} by {divisor:?}");
        assert!(!ruled_out || dividend.divided(&divisor).is_none());
    }
}

/// The sum of different kernels, from one number on.
fn sum_of(from: u32, count: u32) -> Polynomial {
    let mut sum = Polynomial::default();
    for kernel in from..from + count {
        sum.add(vec![(Kernel(kernel), Rational::ONE)], Rational::ONE).expect("small");
    }
    sum
}

#[test]
fn what_is_too_large_is_given_up() {
    assert_eq!(sum_of(0, 20).times(&sum_of(20, 20)).map(|product| product.len()), Some(400));
    assert_eq!(sum_of(0, 20).times(&sum_of(20, 21)), None);
    assert_eq!(sum_of(0, 200).plus(&sum_of(200, 200)).map(|sum| sum.len()), Some(400));
    assert_eq!(sum_of(0, 200).plus(&sum_of(200, 201)), None);
    assert_eq!(sum_of(0, 2).power(30).map(|power| power.len()), Some(31));
    assert_eq!(sum_of(0, 4).power(30), None);
    // 420 terms, of which the first step leaves 400; and 440.
    for (count, found) in [(21, true), (22, false)] {
        let (left, right) = (sum_of(0, count), sum_of(30, 20));
        let mut product = Polynomial::default();
        for (a, _) in left.terms() {
            for (b, _) in right.terms() {
                product.add(multiply(a, b).expect("small"), Rational::ONE).expect("small");
            }
        }
        assert_eq!(product.divided(&right), found.then_some(left.clone()));
    }
    let power = |exponent: i32| polynomial(&[(1, &[exponent]), (-1, &[])]);
    assert_eq!(power(40).divided(&power(1)).map(|quotient| quotient.len()), Some(40));
    assert_eq!(power(60).divided(&power(1)), None, "a quotient of 60 terms is not looked for");
}

#[test]
fn rationals_are_ordered_as_their_values() {
    let all: Vec<Rational> = (-9..=9).flat_map(|above| (1..=6).map(move |below| rational(above, below))).collect();
    for a in &all {
        for b in &all {
            let (x, y) = (number(*a), number(*b));
            assert_eq!(a == b, (x - y).abs() < 1e-9);
            assert_eq!(a < b, x < y - 1e-9, "{a:?} {b:?}");
            assert_near(number(a.plus(*b).expect("small")), x + y, "a sum");
            assert_near(number(a.minus(*b).expect("small")), x - y, "a difference");
            assert_near(number(a.times(*b).expect("small")), x * y, "a product");
        }
        assert_eq!(
            [a.is_positive(), a.is_negative(), a.is_zero()],
            [number(*a) > 0.0, number(*a) < 0.0, number(*a) == 0.0]
        );
        assert_eq!(a.negated().negated(), *a);
        assert_eq!(a.plus(a.negated()), Some(Rational::ZERO));
    }
    for (a, b, common) in [((6, 1), (4, 1), (2, 1)), ((1, 2), (1, 3), (1, 6)), ((-9, 10), (6, 25), (3, 50))] {
        let [a, b, common] = [a, b, common].map(|(above, below)| rational(above, below));
        assert_eq!(a.common(b), Some(common));
        assert!(
            [a, b].iter().all(|own| common.reciprocal().and_then(|inverse| own.times(inverse)?.to_integer()).is_some())
        );
    }
    // Beyond exact products there is an order still.
    let large = [rational(i128::MAX, 2), rational(i128::MAX, 3), rational(i128::MAX - 2, 3), rational(-i128::MAX, 5)];
    for a in large {
        for b in large {
            assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            assert_eq!(a.cmp(&b).is_eq(), a == b);
        }
    }
}

#[test]
fn decimals_are_exact_fractions() {
    for (text, above, below) in
        [("0.25", 1, 4), ("2.5", 5, 2), ("3", 3, 1), ("1e3", 1000, 1), ("1.5e-3", 3, 2000), ("0", 0, 1)]
    {
        let read = crate::number::Number::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        assert_eq!(Rational::from_number(read), Some(rational(above, below)), "{text}");
    }
    let far = crate::number::Number::new(1, 10_000);
    assert_eq!(Rational::from_number(far), None, "beyond every float");
}
