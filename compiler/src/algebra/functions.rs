//! Operators on canonical terms.

use super::kernel::{Closure, Label, Meaning};
use super::polynomial::{Kernel, Monomial, Polynomial, inverse};
use super::quotient::{Field, Term};
use crate::algebra::rational::Rational;
use crate::graph::Dim;
use crate::operators::{Operator, Parity};

/// Larger whole powers stay closed.
const MOST_POWER: u32 = 12;
/// Along longer axes the last position is not what all others leave.
const MOST_PLACES: i32 = 16;

impl Field<'_> {
    /// An operator on terms.
    pub(crate) fn apply(&mut self, operator: Operator, terms: &[&Term]) -> Option<Term> {
        match (operator, terms) {
            (Operator::Add, [a, b]) => self.plus(a, b),
            (Operator::Subtract, [a, b]) => self.minus(a, b),
            (Operator::Multiply, [a, b]) => self.times(a, b),
            (Operator::Divide, [a, b]) => self.over(a, b),
            (Operator::Negate, [a]) => self.scaled(a, Rational::MINUS_ONE),
            (Operator::Power, [a, b]) => self.power(a, b),
            (Operator::Exp, [a]) => self.exponential(a),
            (Operator::Log, [a]) => self.logarithm(a),
            (Operator::Sqrt, [a]) => self.root(a),
            (Operator::Tanh, [a]) => self.hyperbolic_tangent(a),
            (Operator::Cosh, [a]) => self.half_of_exponentials(a, Rational::ONE),
            (Operator::Sinh, [a]) => self.half_of_exponentials(a, Rational::MINUS_ONE),
            (Operator::Expm1, [a]) => {
                let (exponential, one) = (self.exponential(a)?, self.one());
                self.minus(&exponential, &one)
            }
            (Operator::Log1p, [a]) => {
                let one = self.one();
                let sum = self.plus(&one, a)?;
                self.logarithm(&sum)
            }
            (Operator::Hypot, [a, b]) => {
                let (a, b) = (self.times(a, a)?, self.times(b, b)?);
                let sum = self.plus(&a, &b)?;
                self.root(&sum)
            }
            (Operator::Erfc, [a]) => {
                let (one, other) = (self.one(), self.odd(Operator::Erf, a)?);
                self.minus(&one, &other)
            }
            (Operator::Tan, [a]) => {
                let (sine, cosine) = (self.apply(Operator::Sin, terms)?, self.apply(Operator::Cos, terms)?);
                debug_assert_eq!(terms, [*a]);
                self.over(&sine, &cosine)
            }
            (Operator::Abs, [a]) => self.absolute(a),
            (Operator::Sign, [a]) => self.sign_of(a),
            (Operator::Select, [condition, yes, no]) => {
                let difference = self.minus(yes, no)?;
                let chosen = self.times(condition, &difference)?;
                self.plus(no, &chosen)
            }
            _ => self.apply_condition(operator, terms),
        }
    }

    /// A comparison or a connective, which is 1 where it holds, else 0; or a function of which nothing but its parity is known.
    fn apply_condition(&mut self, operator: Operator, terms: &[&Term]) -> Option<Term> {
        match (operator, terms) {
            (Operator::And, [a, b]) => self.times(a, b),
            (Operator::Or, [a, b]) => {
                let both = self.times(a, b)?;
                let sum = self.plus(a, b)?;
                self.minus(&sum, &both)
            }
            (Operator::Not, [a]) => self.complement(a),
            (Operator::Greater, [a, b]) | (Operator::Less, [b, a]) => self.is_above(a, b),
            (Operator::GreaterEqual, [a, b]) | (Operator::LessEqual, [b, a]) => {
                let below = self.is_above(b, a)?;
                self.complement(&below)
            }
            (Operator::Equal, [a, b]) => self.is_equal(a, b),
            (Operator::NotEqual, [a, b]) => {
                let equal = self.is_equal(a, b)?;
                self.complement(&equal)
            }
            (_, [a]) if operator.row().parity == Parity::Odd => self.odd(operator, a),
            (_, [a]) if operator.row().parity == Parity::Even => self.even(operator, a),
            _ => {
                let terms = terms.iter().map(|term| (*term).clone()).collect();
                Some(self.opaque_term(Meaning::Function(operator, terms)))
            }
        }
    }

    fn one(&self) -> Term {
        Term::constant(Rational::ONE)
    }

    fn complement(&mut self, condition: &Term) -> Option<Term> {
        let one = self.one();
        self.minus(&one, condition)
    }

    fn is_above(&mut self, a: &Term, b: &Term) -> Option<Term> {
        let difference = self.minus(a, b)?;
        if let Some(constant) = difference.as_constant() {
            return Some(Term::constant(Rational::from(i32::from(constant.is_positive()))));
        }
        if let Some(positive) = self.sign(&difference) {
            return Some(Term::constant(Rational::from(i32::from(positive))));
        }
        let (difference, _) = self.normalised(&difference)?;
        Some(self.opaque_term(Meaning::IsPositive(difference)))
    }

    fn is_equal(&mut self, a: &Term, b: &Term) -> Option<Term> {
        let difference = self.minus(a, b)?;
        if let Some(constant) = difference.as_constant() {
            return Some(Term::constant(Rational::from(i32::from(constant.is_zero()))));
        }
        if self.sign(&difference).is_some() {
            return Some(Term::constant(Rational::ZERO));
        }
        let (size, negative) = self.normalised(&difference)?;
        let size = if negative { self.scaled(&size, Rational::MINUS_ONE)? } else { size };
        if let Some((position, last)) = self.last_position(&size) {
            // Who is at no other position is there.
            let mut rest = Term::constant(Rational::ONE);
            for place in 0..last {
                let place = self.minus(&position, &Term::constant(Rational::from(place)))?;
                let there = self.opaque_term(Meaning::IsZero(place));
                rest = self.minus(&rest, &there)?;
            }
            return Some(rest);
        }
        Some(self.opaque_term(Meaning::IsZero(size)))
    }

    /// The position along an axis of few, and the last one, if a term is their difference.
    fn last_position(&self, difference: &Term) -> Option<(Term, i32)> {
        let terms: Vec<&(Monomial, Rational)> = difference.as_polynomial()?.terms().collect();
        let (position, number) = match terms[..] {
            [(one, number), (position, scale)] | [(position, scale), (one, number)]
                if one.is_empty() && *scale == Rational::ONE =>
            {
                (position, number)
            }
            _ => return None,
        };
        let [(kernel, exponent)] = *position.as_slice() else { return None };
        if exponent != Rational::ONE {
            return None;
        }
        let last = number.negated().to_integer().filter(|last| (1..MOST_PLACES).contains(last))?;
        let Meaning::Iota(Label::Free(axis)) = self.kernels.meaning(kernel) else { return None };
        let ends = self.graph.dim(*axis) == Dim::Literal(u32::try_from(last).ok()? + 1);
        ends.then(|| (Term::kernel(kernel), last))
    }

    /// Whether a term is positive or negative, if it is known to be one of the two.
    fn sign(&mut self, term: &Term) -> Option<bool> {
        if self.is_positive_term(term) {
            return Some(true);
        }
        let negated = self.scaled(term, Rational::MINUS_ONE)?;
        self.is_positive_term(&negated).then_some(false)
    }

    /// A term divided by the size of its leading coefficient, and whether that is negative.
    fn normalised(&mut self, term: &Term) -> Option<(Term, bool)> {
        let (_, leading) = term.numerator.leading()?;
        let size = if leading.is_negative() { leading.negated() } else { leading };
        Some((self.scaled(term, size.reciprocal()?)?, leading.is_negative()))
    }

    fn odd(&mut self, operator: Operator, a: &Term) -> Option<Term> {
        if a.is_zero() {
            return Some(a.clone());
        }
        let negative = a.numerator.leading()?.1.is_negative();
        let inner = if negative { self.scaled(a, Rational::MINUS_ONE)? } else { a.clone() };
        let value = self.opaque_term(Meaning::Function(operator, vec![inner]));
        if negative { self.scaled(&value, Rational::MINUS_ONE) } else { Some(value) }
    }

    fn even(&mut self, operator: Operator, a: &Term) -> Option<Term> {
        let negative = a.numerator.leading().is_some_and(|(_, value)| value.is_negative());
        let inner = if negative { self.scaled(a, Rational::MINUS_ONE)? } else { a.clone() };
        Some(self.opaque_term(Meaning::Function(operator, vec![inner])))
    }

    fn absolute(&mut self, a: &Term) -> Option<Term> {
        if a.is_zero() {
            return Some(a.clone());
        }
        match self.sign(a) {
            Some(true) => Some(a.clone()),
            Some(false) => self.scaled(a, Rational::MINUS_ONE),
            None => {
                let (inner, scale) = self.unscaled(a)?;
                let value = match inner.as_polynomial().and_then(Polynomial::as_monomial) {
                    Some((product, _)) => self.sizes(&product.clone())?,
                    None => self.opaque_term(Meaning::Function(Operator::Abs, vec![inner])),
                };
                self.scaled(&value, scale.size())
            }
        }
    }

    /// The absolute value of a product of kernels: that of each factor.
    fn sizes(&mut self, product: &Monomial) -> Option<Term> {
        let mut sizes = Term::constant(Rational::ONE);
        for (kernel, exponent) in product {
            let factor = if self.is_positive_kernel(*kernel) { *kernel } else { self.size_of(*kernel) };
            let factor = Term::polynomial(Polynomial::kernel(factor, *exponent));
            sizes = self.times(&sizes, &factor)?;
        }
        Some(sizes)
    }

    fn size_of(&mut self, kernel: Kernel) -> Kernel {
        self.kernels.intern(Meaning::Function(Operator::Abs, vec![Term::kernel(kernel)]))
    }

    fn sign_of(&mut self, a: &Term) -> Option<Term> {
        if a.is_zero() {
            return Some(a.clone());
        }
        match self.sign(a) {
            Some(positive) => Some(Term::constant(Rational::from(if positive { 1 } else { -1 }))),
            None => {
                let (inner, scale) = self.unscaled(a)?;
                let value = self.opaque_term(Meaning::Function(Operator::Sign, vec![inner]));
                if scale.is_negative() { self.scaled(&value, Rational::MINUS_ONE) } else { Some(value) }
            }
        }
    }

    /// A term with the leading coefficient 1, and the coefficient that it had.
    fn unscaled(&mut self, a: &Term) -> Option<(Term, Rational)> {
        let (_, leading) = a.numerator.leading()?;
        Some((self.scaled(a, leading.reciprocal()?)?, leading))
    }

    /// `(exp(a) + sign*exp(-a))/2`
    fn half_of_exponentials(&mut self, a: &Term, sign: Rational) -> Option<Term> {
        let negated = self.scaled(a, Rational::MINUS_ONE)?;
        let (up, down) = (self.exponential(a)?, self.exponential(&negated)?);
        let down = self.scaled(&down, sign)?;
        let sum = self.plus(&up, &down)?;
        self.scaled(&sum, Rational::new(1, 2)?)
    }

    fn hyperbolic_tangent(&mut self, a: &Term) -> Option<Term> {
        let doubled = self.scaled(a, Rational::from(2))?;
        let square = self.exponential(&doubled)?;
        let one = self.one();
        let (above, below) = (self.minus(&square, &one)?, self.plus(&square, &one)?);
        self.over(&above, &below)
    }

    fn power(&mut self, base: &Term, exponent: &Term) -> Option<Term> {
        let Some(stated) = exponent.as_constant() else {
            // On the domain of a power with an exponent that varies, the logarithm exists or the exponent is whole.
            let log = self.logarithm(base)?;
            let product = self.times(exponent, &log)?;
            return self.exponential(&product);
        };
        if let Some(whole) = stated.to_integer().filter(|whole| whole.unsigned_abs() <= MOST_POWER) {
            return self.whole_power(base, whole);
        }
        let doubled = stated.times(Rational::from(2)).and_then(Rational::to_integer);
        if let Some(doubled) = doubled.filter(|doubled| doubled.unsigned_abs() <= MOST_POWER) {
            let root = self.root(base)?;
            return self.whole_power(&root, doubled);
        }
        let log = self.logarithm(base)?;
        let product = self.scaled(&log, stated)?;
        self.exponential(&product)
    }

    pub(crate) fn whole_power(&mut self, base: &Term, exponent: i32) -> Option<Term> {
        let mut result = self.one();
        for _ in 0..exponent.unsigned_abs() {
            result = self.times(&result, base)?;
        }
        if exponent.is_negative() {
            let one = self.one();
            return self.over(&one, &result);
        }
        Some(result)
    }

    fn root(&mut self, radicand: &Term) -> Option<Term> {
        if radicand.is_zero() {
            return Some(radicand.clone());
        }
        // √(a/b) = √(ab)/b where b is positive; so the radicand is a polynomial.
        if !radicand.denominator.is_empty() && radicand.denominator.keys().all(|factor| self.is_positive(factor)) {
            let mut below = Polynomial::one();
            for (factor, power) in &radicand.denominator {
                below = below.times(&factor.power(*power)?)?;
            }
            let product = Term::polynomial(radicand.numerator.times(&below)?);
            let root = self.root(&product)?;
            return self.over(&root, &Term::polynomial(below));
        }
        if let Some((monomial, coefficient)) = radicand.as_polynomial().and_then(Polynomial::as_monomial)
            && let Some(root) = coefficient.root()
            && let Some(power) = self.power_of_product(&monomial.clone(), Rational::new(1, 2)?)?
        {
            return self.scaled(&power, root);
        }
        if let Some((monomial, coefficient)) = radicand.as_polynomial().and_then(Polynomial::as_monomial)
            && let Some(power) = self.power_of_product(&monomial.clone(), Rational::new(1, 2)?)?
            && let Some((above, below)) = coefficient.to_fraction().filter(|(above, _)| *above > 0)
            && !(monomial.is_empty() && below == 1)
        {
            // √(p/q) is √(pq)/q: a number's root is one of a whole number.
            let whole = Term::constant(Rational::new(above.checked_mul(below)?, 1)?);
            let root = self.opaque_term(Meaning::Function(Operator::Sqrt, vec![whole]));
            let product = self.times(&root, &power)?;
            return self.scaled(&product, Rational::new(1, below)?);
        }
        Some(self.opaque_term(Meaning::Function(Operator::Sqrt, vec![radicand.clone()])))
    }

    pub(crate) fn exponential(&mut self, argument: &Term) -> Option<Term> {
        let Some(polynomial) = argument.as_polynomial().cloned() else {
            return Some(self.opaque_term(Meaning::Function(Operator::Exp, vec![argument.clone()])));
        };
        let mut result = self.one();
        for (monomial, coefficient) in polynomial.terms() {
            let factor = self.exponential_of(monomial, *coefficient)?;
            result = self.times(&result, &factor)?;
        }
        Some(result)
    }

    /// `exp(coefficient * monomial)`
    fn exponential_of(&mut self, monomial: &Monomial, coefficient: Rational) -> Option<Term> {
        if let [(kernel, exponent)] = monomial.as_slice()
            && *exponent == Rational::ONE
            && let Meaning::Function(Operator::Log, inner) = self.kernels.meaning(*kernel).clone()
        {
            let inner = inner.into_iter().next()?;
            if let Some(whole) = coefficient.to_integer().filter(|whole| whole.unsigned_abs() <= MOST_POWER) {
                return self.whole_power(&inner, whole);
            }
            if let Some((inner, value)) = inner.as_polynomial().and_then(Polynomial::as_monomial)
                && value == Rational::ONE
                && let Some(power) = self.power_of_product(&inner.clone(), coefficient)?
            {
                return Some(power);
            }
        }
        let kernel = self.kernels.intern(Meaning::Exponential(monomial.clone()));
        Some(Term::polynomial(Polynomial::kernel(kernel, coefficient)))
    }

    /// A product of kernels to a power that is not whole, where the product is positive: factor by factor, if every factor
    /// is positive there, with the absolute value of those to an even power. The inner `None` if that is not known.
    fn power_of_product(&mut self, product: &Monomial, power: Rational) -> Option<Option<Term>> {
        let mut powers = Term::constant(Rational::ONE);
        let mut open = 0;
        for (kernel, exponent) in product {
            let even = exponent.to_integer().is_some_and(|whole| whole % 2 == 0);
            let factor = if self.is_positive_kernel(*kernel) {
                *kernel
            } else if even {
                self.size_of(*kernel)
            } else {
                // What is positive in all, is so in its last factor.
                open += 1;
                *kernel
            };
            let factor = Term::polynomial(Polynomial::kernel(factor, exponent.times(power)?));
            powers = self.times(&powers, &factor)?;
        }
        Some((open < 2).then_some(powers))
    }

    /// Whether a polynomial is positive wherever it is defined: no term is negative, and one is positive.
    pub(crate) fn is_positive(&mut self, polynomial: &Polynomial) -> bool {
        let monomials: Vec<Monomial> = polynomial.terms().map(|(monomial, _)| monomial.clone()).collect();
        if !polynomial.has_positive_coefficients() || !monomials.iter().all(|monomial| self.is_no_negative(monomial)) {
            return false;
        }
        // What is positive by itself does not rely on facts.
        monomials.iter().any(|monomial| monomial.is_empty())
            || monomials.iter().any(|monomial| self.is_positive_monomial(monomial))
    }

    fn is_positive_monomial(&mut self, monomial: &Monomial) -> bool {
        monomial.iter().all(|(kernel, _)| self.is_positive_kernel(*kernel))
    }

    /// Whether a product is not negative wherever it is defined: of positive factors, even powers and roots.
    fn is_no_negative(&mut self, monomial: &Monomial) -> bool {
        monomial.iter().all(|(kernel, exponent)| {
            let even = exponent.to_integer().is_some_and(|whole| whole % 2 == 0);
            let above = match self.kernels.meaning(*kernel) {
                Meaning::Function(operator, _) => operator.row().range.ends().0 >= 0.0,
                _ => false,
            };
            even || above || self.is_positive_kernel(*kernel)
        })
    }

    fn is_positive_term(&mut self, term: &Term) -> bool {
        self.is_positive(&term.numerator) && term.denominator.keys().all(|factor| self.is_positive(factor))
    }

    pub(crate) fn is_positive_kernel(&mut self, kernel: Kernel) -> bool {
        match self.kernels.meaning(kernel).clone() {
            Meaning::Exponential(_) | Meaning::Size(_) => true,
            Meaning::Function(operator, _) => operator.row().range.is_positive(),
            Meaning::Closed(Closure::Sum | Closure::Max, _, body) => self.is_positive_term(&body),
            Meaning::Node(node, _) => {
                let array = self.graph.as_access(node).map(|access| access.node);
                self.facts.is_positive(node) || array.is_some_and(|array| self.facts.is_positive(array))
            }
            _ => false,
        }
    }

    pub(crate) fn logarithm(&mut self, argument: &Term) -> Option<Term> {
        if !argument.denominator.is_empty() {
            if !argument.denominator.keys().all(|factor| self.is_positive(factor)) {
                return Some(self.opaque_term(Meaning::Function(Operator::Log, vec![argument.clone()])));
            }
            let mut result = self.logarithm_of(&argument.numerator)?;
            for (factor, power) in &argument.denominator {
                let below = self.logarithm_of(factor)?;
                let below = self.scaled(&below, Rational::from(i32::try_from(*power).ok()?))?;
                result = self.minus(&result, &below)?;
            }
            return Some(result);
        }
        self.logarithm_of(&argument.numerator)
    }

    /// The logarithm of a polynomial: positive kernels that are common to all its terms come out, so that
    /// `log(exp(-x) + 1)` and `log(exp(x) + 1) - x` are one.
    fn logarithm_of(&mut self, argument: &Polynomial) -> Option<Term> {
        if argument.is_zero() {
            return None;
        }
        let mut outside = Term::constant(Rational::ZERO);
        let mut shared = Monomial::new();
        for (kernel, exponent) in argument.content() {
            if !self.is_positive_kernel(kernel) {
                continue;
            }
            shared.push((kernel, exponent));
            let own = match self.kernels.meaning(kernel).clone() {
                Meaning::Exponential(inner) => Term::polynomial(Polynomial::term(inner, Rational::ONE)),
                Meaning::Function(Operator::Exp, inner) => inner.into_iter().next()?,
                _ => self.opaque_term(Meaning::Function(Operator::Log, vec![Term::kernel(kernel)])),
            };
            let own = self.scaled(&own, exponent)?;
            outside = self.plus(&outside, &own)?;
        }
        let mut inside = argument.times_monomial(&inverse(&shared))?;
        // A positive factor comes out as well: log(2*s) is log(2) + log(s).
        let (_, leading) = inside.leading()?;
        if leading.is_positive() && leading != Rational::ONE {
            inside = inside.scaled(leading.reciprocal()?)?;
            let constant = self.opaque_term(Meaning::Function(Operator::Log, vec![Term::constant(leading)]));
            outside = self.plus(&outside, &constant)?;
        }
        let mut factors = std::collections::BTreeMap::new();
        if self.is_positive(&inside) {
            inside = self.split(inside, &mut factors);
        }
        for (factor, power) in factors {
            let log = self.opaque_term(Meaning::Function(Operator::Log, vec![Term::polynomial(factor)]));
            let log = self.scaled(&log, Rational::from(power))?;
            outside = self.plus(&outside, &log)?;
        }
        if inside.as_constant() == Some(Rational::ONE) {
            return Some(outside);
        }
        let log = self.opaque_term(Meaning::Function(Operator::Log, vec![Term::polynomial(inside)]));
        self.plus(&outside, &log)
    }
}
