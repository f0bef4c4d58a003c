//! The laws of arithmetic and of functions, each once, for terms of either shape.
//!
//! In: terms, and what their shape knows of signs. Out: terms that are equal wherever both are defined. Exponentials are
//! collected (`exp(a - 2*b)` is `exp(a) * exp(b)**-2`), hyperbolic functions are written in them, logarithms are split where
//! signs are known, odd and even functions have the sign of their argument outside.

use super::kernel::{Kernels, Meaning, Shape};
use super::polynomial::{Kernel, Monomial, Polynomial};
use super::rational::Rational;
use crate::operators::{Operator, Parity};

/// Larger whole powers stay closed.
pub(crate) const MOST_POWER: u32 = 12;

/// A term as `scale · monomial · Π polynomialᵏ`.
pub(crate) struct Factors {
    pub(crate) scale: Rational,
    pub(crate) monomial: Monomial,
    pub(crate) polynomials: Vec<(Polynomial, i32)>,
}

/// Terms of one shape, with their arithmetic and what is known of their signs; what is too large is `None`.
pub(crate) trait Laws {
    /// The shape.
    type Term: Shape;

    /// Exponents of more terms are not split.
    const MOST_SPLIT: usize;

    fn kernels(&mut self) -> &mut Kernels<Self::Term>;

    /// The sum of two terms that are not zero.
    fn sum_of(&mut self, a: &Self::Term, b: &Self::Term) -> Option<Self::Term>;

    fn times(&mut self, a: &Self::Term, b: &Self::Term) -> Option<Self::Term>;

    fn scaled(&mut self, a: &Self::Term, factor: Rational) -> Option<Self::Term>;

    /// `None` for zero.
    fn reciprocal(&mut self, a: &Self::Term) -> Option<Self::Term>;

    /// What a term is a product of.
    fn factors(&mut self, a: &Self::Term) -> Option<Factors>;

    /// The product of some factors.
    fn product_of(&mut self, factors: Factors) -> Option<Self::Term>;

    /// Whether an input is positive.
    fn is_positive_node(&mut self, kernel: Kernel) -> bool;

    /// Whether an input is not negative.
    fn is_not_negative_node(&mut self, kernel: Kernel) -> bool;

    /// The square root.
    fn root(&mut self, radicand: &Self::Term) -> Option<Self::Term>;

    /// A power that is not whole, of what is positive in all; the inner `None` if it is not written as a product.
    fn fractional(&mut self, base: &Self::Term, exponent: Rational) -> Option<Option<Self::Term>>;

    /// A power that is neither whole nor that of a root.
    fn general_power(&mut self, base: &Self::Term, exponent: &Self::Term) -> Option<Self::Term>;

    /// An operator that only this shape knows of.
    fn other(&mut self, operator: Operator, terms: &[&Self::Term]) -> Option<Self::Term>;

    fn plus(&mut self, a: &Self::Term, b: &Self::Term) -> Option<Self::Term> {
        match (a.is_zero(), b.is_zero()) {
            (true, _) => Some(b.clone()),
            (_, true) => Some(a.clone()),
            _ => self.sum_of(a, b),
        }
    }

    fn minus(&mut self, a: &Self::Term, b: &Self::Term) -> Option<Self::Term> {
        let negated = self.scaled(b, Rational::MINUS_ONE)?;
        self.plus(a, &negated)
    }

    fn over(&mut self, a: &Self::Term, b: &Self::Term) -> Option<Self::Term> {
        let inverse = self.reciprocal(b)?;
        self.times(a, &inverse)
    }

    fn whole_power(&mut self, base: &Self::Term, exponent: i32) -> Option<Self::Term> {
        let mut result = one::<Self::Term>();
        for _ in 0..exponent.unsigned_abs() {
            result = self.times(&result, base)?;
        }
        if exponent.is_negative() { self.reciprocal(&result) } else { Some(result) }
    }

    /// A term as an unknown.
    fn opaque_term(&mut self, meaning: Meaning<Self::Term>) -> Self::Term {
        Self::Term::kernel(self.kernels().intern(meaning))
    }

    fn function(&mut self, operator: Operator, argument: Self::Term) -> Self::Term {
        self.opaque_term(Meaning::Function(operator, vec![argument]))
    }

    /// An operator on terms.
    fn apply(&mut self, operator: Operator, terms: &[&Self::Term]) -> Option<Self::Term> {
        match (operator, terms) {
            (Operator::Add, [a, b]) => self.plus(a, b),
            (Operator::Subtract, [a, b]) => self.minus(a, b),
            (Operator::Multiply, [a, b]) => self.times(a, b),
            (Operator::Divide, [a, b]) => self.over(a, b),
            (Operator::Negate, [a]) => self.scaled(a, Rational::MINUS_ONE),
            (Operator::Power, [a, b]) => self.power(a, b),
            (Operator::Sqrt, [a]) => self.root(a),
            (Operator::Exp, [a]) => self.exponential(a),
            (Operator::Log, [a]) => self.logarithm(a),
            (Operator::Tanh, [a]) => self.hyperbolic_tangent(a),
            (Operator::Cosh, [a]) => self.half_of_exponentials(a, Rational::ONE),
            (Operator::Sinh, [a]) => self.half_of_exponentials(a, Rational::MINUS_ONE),
            (Operator::Expm1, [a]) => {
                let exponential = self.exponential(a)?;
                self.minus(&exponential, &one())
            }
            (Operator::Log1p, [a]) => {
                let sum = self.plus(&one(), a)?;
                self.logarithm(&sum)
            }
            (Operator::Hypot, [a, b]) => {
                let (a, b) = (self.times(a, a)?, self.times(b, b)?);
                let sum = self.plus(&a, &b)?;
                self.root(&sum)
            }
            (Operator::Erfc, [a]) => {
                let other = self.odd(Operator::Erf, a)?;
                self.minus(&one(), &other)
            }
            (Operator::Tan, [_]) => {
                let (sine, cosine) = (self.apply(Operator::Sin, terms)?, self.apply(Operator::Cos, terms)?);
                self.over(&sine, &cosine)
            }
            _ => self.other(operator, terms),
        }
    }

    /// A function of which nothing but its parity is known.
    fn by_parity(&mut self, operator: Operator, terms: &[&Self::Term]) -> Option<Self::Term> {
        match (operator.row().parity, terms) {
            (Parity::Odd, [a]) => self.odd(operator, a),
            (Parity::Even, [a]) => {
                let inner = if a.scale().is_negative() { self.scaled(a, Rational::MINUS_ONE)? } else { (*a).clone() };
                Some(self.function(operator, inner))
            }
            _ => {
                let terms = terms.iter().map(|term| (*term).clone()).collect();
                Some(self.opaque_term(Meaning::Function(operator, terms)))
            }
        }
    }

    fn odd(&mut self, operator: Operator, a: &Self::Term) -> Option<Self::Term> {
        if a.is_zero() {
            return Some(a.clone());
        }
        if !a.scale().is_negative() {
            return Some(self.function(operator, a.clone()));
        }
        let inner = self.scaled(a, Rational::MINUS_ONE)?;
        let value = self.function(operator, inner);
        self.scaled(&value, Rational::MINUS_ONE)
    }

    /// `(exp(a) + sign*exp(-a))/2`
    fn half_of_exponentials(&mut self, a: &Self::Term, sign: Rational) -> Option<Self::Term> {
        let negated = self.scaled(a, Rational::MINUS_ONE)?;
        let (up, down) = (self.exponential(a)?, self.exponential(&negated)?);
        let down = self.scaled(&down, sign)?;
        let sum = self.plus(&up, &down)?;
        self.scaled(&sum, Rational::new(1, 2)?)
    }

    fn hyperbolic_tangent(&mut self, a: &Self::Term) -> Option<Self::Term> {
        let doubled = self.scaled(a, Rational::from(2))?;
        let square = self.exponential(&doubled)?;
        let (above, below) = (self.minus(&square, &one())?, self.plus(&square, &one())?);
        self.over(&above, &below)
    }

    fn power(&mut self, base: &Self::Term, exponent: &Self::Term) -> Option<Self::Term> {
        let small = |number: Rational| number.to_integer().filter(|whole| whole.unsigned_abs() <= MOST_POWER);
        if let Some(stated) = exponent.as_constant() {
            if let Some(whole) = small(stated) {
                return self.whole_power(base, whole);
            }
            if let Some(twice) = stated.times(Rational::from(2)).and_then(small) {
                let root = self.root(base)?;
                return self.whole_power(&root, twice);
            }
        }
        self.general_power(base, exponent)
    }

    /// `exp`; of a logarithm, its argument.
    fn exponential(&mut self, argument: &Self::Term) -> Option<Self::Term> {
        if argument.is_zero() {
            return Some(one());
        }
        let Some(polynomial) = argument.expanded().filter(|polynomial| polynomial.len() <= Self::MOST_SPLIT) else {
            let scale = argument.scale();
            let inner = self.scaled(argument, scale.reciprocal()?)?;
            let inner = self.kernels().intern(Meaning::Quotient(inner));
            let kernel = self.kernels().intern(Meaning::Exponential(vec![(inner, Rational::ONE)]));
            return Some(Self::Term::product(vec![(kernel, scale)], Rational::ONE));
        };
        let mut result = one();
        for (monomial, coefficient) in polynomial.terms() {
            let factor = self.exponential_of(monomial, *coefficient)?;
            result = self.times(&result, &factor)?;
        }
        Some(result)
    }

    /// `exp(coefficient * monomial)`
    fn exponential_of(&mut self, monomial: &Monomial, coefficient: Rational) -> Option<Self::Term> {
        if let [(kernel, exponent)] = monomial.as_slice()
            && *exponent == Rational::ONE
            && let Some(inner) = self.kernels().argument(*kernel, Operator::Log).cloned()
        {
            if let Some(whole) = coefficient.to_integer().filter(|whole| whole.unsigned_abs() <= MOST_POWER) {
                return self.whole_power(&inner, whole);
            }
            if let Some(power) = self.fractional(&inner, coefficient)? {
                return Some(power);
            }
        }
        let kernel = self.kernels().intern(Meaning::Exponential(monomial.clone()));
        Some(Self::Term::product(vec![(kernel, coefficient)], Rational::ONE))
    }

    /// What an exponential is of, as a term.
    fn exponent_of(&mut self, inner: &Monomial, factor: Rational) -> Option<Self::Term> {
        if let [(kernel, exponent)] = inner.as_slice()
            && *exponent == Rational::ONE
            && let Meaning::Quotient(quotient) = self.kernels().meaning(*kernel).clone()
        {
            return self.scaled(&quotient, factor);
        }
        Some(Self::Term::product(inner.clone(), factor))
    }

    /// The logarithm: positive factors come out, so that `log(exp(-x) + 1)` and `log(exp(x) + 1) - x` are one.
    fn logarithm(&mut self, argument: &Self::Term) -> Option<Self::Term> {
        if argument.is_zero() {
            return None;
        }
        let Factors { scale, monomial, polynomials } = self.factors(argument)?;
        let sign = Rational::from(if scale.is_positive() { 1 } else { -1 });
        let mut rest = Factors { scale: sign, monomial: Monomial::new(), polynomials: Vec::new() };
        let mut result = self.logarithm_of(Self::Term::constant(scale.size()), Rational::ONE)?;
        for (kernel, exponent) in monomial {
            if !self.is_positive_kernel(kernel) {
                rest.monomial.push((kernel, exponent));
                continue;
            }
            let own = match self.kernels().meaning(kernel).clone() {
                Meaning::Exponential(inner) => self.exponent_of(&inner, exponent)?,
                Meaning::Number(number) => self.logarithm_of(Self::Term::constant(number), exponent)?,
                _ => self.logarithm_of(Self::Term::kernel(kernel), exponent)?,
            };
            result = self.plus(&result, &own)?;
        }
        for (polynomial, exponent) in polynomials {
            if self.is_positive(&polynomial) {
                let factors = vec![(polynomial, 1)];
                let factor = Factors { scale: Rational::ONE, monomial: Monomial::new(), polynomials: factors };
                let factor = self.product_of(factor)?;
                let own = self.logarithm_of(factor, Rational::from(exponent))?;
                result = self.plus(&result, &own)?;
            } else {
                rest.polynomials.push((polynomial, exponent));
            }
        }
        // The logarithm of a quotient is that of its inverse, negated: the first power is positive.
        let power = rest.monomial.first().map(|(_, exponent)| *exponent);
        let power = power.or(rest.polynomials.first().map(|(_, exponent)| Rational::from(*exponent)));
        let mut rest = self.product_of(rest)?;
        let mut factor = Rational::ONE;
        if power.is_some_and(|power| !power.is_positive()) {
            (rest, factor) = (self.reciprocal(&rest)?, Rational::MINUS_ONE);
        }
        let rest = self.logarithm_of(rest, factor)?;
        self.plus(&result, &rest)
    }

    /// `factor * log(argument)`, for what is not split.
    fn logarithm_of(&mut self, argument: Self::Term, factor: Rational) -> Option<Self::Term> {
        if argument.as_constant() == Some(Rational::ONE) {
            return Some(Self::Term::constant(Rational::ZERO));
        }
        let logarithm = self.function(Operator::Log, argument);
        self.scaled(&logarithm, factor)
    }

    /// Whether a kernel is positive wherever it is defined.
    fn is_positive_kernel(&mut self, kernel: Kernel) -> bool {
        match self.kernels().meaning(kernel) {
            Meaning::Exponential(_) | Meaning::Number(_) | Meaning::Size(_) => true,
            Meaning::Function(operator, _) => operator.row().range.is_positive(),
            _ => self.is_positive_node(kernel),
        }
    }

    /// Whether a polynomial is positive wherever it is defined.
    fn is_positive(&mut self, polynomial: &Polynomial) -> bool {
        if !self.is_not_negative(polynomial) {
            return false;
        }
        // A number is positive whatever is known.
        let mut monomials = polynomial.terms().map(|(monomial, _)| monomial);
        monomials.clone().any(Vec::is_empty)
            || monomials.any(|monomial| monomial.iter().all(|(kernel, _)| self.is_positive_kernel(*kernel)))
    }

    /// Whether no term of a polynomial is negative anywhere.
    fn is_not_negative(&mut self, polynomial: &Polynomial) -> bool {
        polynomial.has_positive_coefficients()
            && polynomial.terms().all(|(monomial, _)| {
                monomial.iter().all(|(kernel, exponent)| {
                    exponent.is_even() || self.is_positive_kernel(*kernel) || self.is_not_negative_node(*kernel)
                })
            })
    }
}

/// The number one.
pub(crate) fn one<T: Shape>() -> T {
    T::constant(Rational::ONE)
}
