//! Relations between kernels: what products of them are the same as.
//!
//! Roots squared are what they are roots of, a condition is its own square, a position under a delta is the other one, a sign
//! times an absolute value is the number itself.

use super::kernel::{Meaning, Reducible, Shape};
use super::laws::Laws;
use super::polynomial::{Kernel, Monomial, Polynomial};
use super::quotient::{Field, Term};
use super::rational::Rational;
use crate::operators::Operator;

impl Field<'_> {
    /// Roots squared are what they are roots of, a condition is its own square, a position under a delta is the other one.
    pub(crate) fn reduced(&mut self, polynomial: &Polynomial) -> Option<Polynomial> {
        if !polynomial.terms().any(|(monomial, _)| self.is_reducible(monomial)) {
            return Some(polynomial.clone());
        }
        let mut done = Polynomial::default();
        let mut pending: Vec<(Monomial, Rational)> =
            polynomial.terms().map(|(monomial, value)| (monomial.clone(), *value)).collect();
        for _ in 0..400 {
            let Some((monomial, coefficient)) = pending.pop() else { return Some(done) };
            match self.reduction(&monomial)? {
                Some(replaced) => {
                    for (monomial, value) in replaced.terms() {
                        pending.push((monomial.clone(), value.times(coefficient)?));
                    }
                }
                None => done.add(monomial, coefficient)?,
            }
        }
        None
    }

    fn is_reducible(&self, monomial: &Monomial) -> bool {
        for (kernel, exponent) in monomial {
            if self.may_reduce(*kernel, *exponent) {
                return true;
            }
        }
        false
    }

    fn may_reduce(&self, kernel: Kernel, exponent: Rational) -> bool {
        match self.kernels.get(kernel).reducible {
            Reducible::Never => false,
            Reducible::Always => true,
            Reducible::Indicator => exponent != Rational::ONE,
            Reducible::Size => exponent.is_negative() || exponent >= Rational::from(2),
            Reducible::Square => exponent.to_integer().is_some_and(|exponent| exponent >= 2),
        }
    }

    /// What a monomial is the same as, if something in it can be reduced.
    fn reduction(&mut self, monomial: &Monomial) -> Option<Option<Polynomial>> {
        for (index, (kernel, exponent)) in monomial.iter().enumerate() {
            if !self.may_reduce(*kernel, *exponent) {
                continue;
            }
            let mut rest = monomial.clone();
            rest.remove(index);
            if self.kernels.is_indicator(*kernel) && *exponent != Rational::ONE {
                if exponent.is_negative() {
                    return None;
                }
                return Some(Some(
                    Polynomial::term(rest, Rational::ONE).times(&Polynomial::kernel(*kernel, Rational::ONE))?,
                ));
            }
            match self.kernels.meaning(*kernel).clone() {
                Meaning::Delta(kept, other) if rest.iter().any(|(kernel, _)| self.kernels.depends(*kernel, other)) => {
                    let renamed = self.renamed_monomial(&rest, &[(other, kept)])?;
                    let renamed = renamed.as_polynomial()?.clone();
                    return Some(Some(renamed.times(&Polynomial::kernel(*kernel, Rational::ONE))?));
                }
                Meaning::IsZero(term) => {
                    let vanishes = |(kernel, exponent): &(Kernel, Rational)| {
                        exponent.is_positive() && self.is_zero_with(*kernel, &term)
                    };
                    if rest.iter().any(vanishes) {
                        self.rough = true;
                        return Some(Some(Polynomial::default()));
                    }
                    for (other, _) in &rest {
                        let Meaning::IsZero(other) = self.kernels.meaning(*other).clone() else { continue };
                        // A number is equal to one number only.
                        if self.minus(&term, &other)?.as_constant().is_some_and(|apart| !apart.is_zero()) {
                            return Some(Some(Polynomial::default()));
                        }
                    }
                }
                Meaning::Function(Operator::Sign, terms) => {
                    if let Some(replaced) = self.reduced_sign(*kernel, *exponent, terms.first()?, &rest)? {
                        return Some(Some(replaced));
                    }
                }
                Meaning::Function(Operator::Abs, terms) if terms.first()?.as_kernel().is_some() => {
                    let inner = terms.first()?.as_kernel()?;
                    return Some(Some(reduced_size(*kernel, inner, *exponent)?.times_monomial(&rest)?));
                }
                Meaning::Function(operator @ (Operator::Sqrt | Operator::Abs | Operator::Sin), terms)
                    if exponent.to_integer().is_some_and(|exponent| exponent >= 2) =>
                {
                    let Some(square) = self.square(operator, terms.first()?)? else { continue };
                    let remaining = exponent.minus(Rational::from(2))?;
                    let mut replaced = square;
                    if !remaining.is_zero() {
                        replaced = replaced.times(&Polynomial::kernel(*kernel, remaining))?;
                    }
                    return Some(Some(replaced.times_monomial(&rest)?));
                }
                _ => {}
            }
        }
        Some(None)
    }

    /// What a sign and other factors are: `sign(v)**3` is `sign(v)`, `sign(v)*abs(v)` is `v` and `sign(v)*v` is `abs(v)`, at
    /// 0 too. But `sign(v)**2` is not 1 there.
    fn reduced_sign(
        &mut self,
        sign: Kernel,
        exponent: Rational,
        inner: &Term,
        rest: &Monomial,
    ) -> Option<Option<Polynomial>> {
        let Some(count) = exponent.to_integer().filter(|count| count.is_positive()) else { return Some(None) };
        if count > 2 {
            return Some(Some(Polynomial::kernel(sign, Rational::from(count - 2)).times_monomial(rest)?));
        }
        let size = self.kernels.intern(Meaning::Function(Operator::Abs, vec![inner.clone()]));
        // Where one divides by the number, its sign is not 0.
        let divided = |(kernel, power): &(Kernel, Rational)| {
            power.is_negative() && (*kernel == size || inner == &Term::kernel(*kernel))
        };
        if count == 2 && rest.iter().any(divided) {
            return Some(Some(Polynomial::one().times_monomial(rest)?));
        }
        let left = Polynomial::kernel(sign, exponent.minus(Rational::ONE)?);
        let left = if count == 1 { Polynomial::one() } else { left };
        for (index, (kernel, power)) in rest.iter().enumerate() {
            let whole = power.to_integer().is_some_and(i32::is_positive);
            let replaced = if *kernel == size {
                self.rough |= whole;
                inner.as_polynomial().cloned()
            } else if inner == &Term::kernel(*kernel) {
                Some(Polynomial::kernel(size, Rational::ONE))
            } else {
                None
            };
            let Some(replaced) = replaced.filter(|_| whole) else { continue };
            let mut others = rest.clone();
            let remaining = power.minus(Rational::ONE)?;
            if remaining.is_zero() {
                others.remove(index);
            } else {
                others[index].1 = remaining;
            }
            return Some(Some(left.times(&replaced)?.times_monomial(&others)?));
        }
        Some(None)
    }

    /// Whether a kernel is zero where a term is: the term itself, its size or its root.
    fn is_zero_with(&self, kernel: Kernel, term: &Term) -> bool {
        match self.kernels.meaning(kernel) {
            Meaning::Function(Operator::Abs | Operator::Sqrt | Operator::Sign, inner) => inner.first() == Some(term),
            _ => {
                let monomial = term.as_polynomial().and_then(Polynomial::as_monomial);
                monomial.is_some_and(|(zero, _)| matches!(zero.as_slice(), [(only, _)] if *only == kernel))
            }
        }
    }

    /// The square of a function, if it is a polynomial.
    pub(super) fn square(&mut self, operator: Operator, argument: &Term) -> Option<Option<Polynomial>> {
        Some(match operator {
            Operator::Sqrt => argument.as_polynomial().cloned(),
            Operator::Abs => self.times(argument, argument)?.as_polynomial().cloned(),
            Operator::Sin => {
                let cosine = self.kernels.intern(Meaning::Function(Operator::Cos, vec![argument.clone()]));
                let square = Polynomial::kernel(cosine, Rational::from(2)).scaled(Rational::MINUS_ONE)?;
                Some(Polynomial::one().plus(&square)?)
            }
            _ => None,
        })
    }
}

/// A power of the absolute value of a kernel: even powers are those of the kernel.
fn reduced_size(size: Kernel, inner: Kernel, exponent: Rational) -> Option<Polynomial> {
    let whole = exponent.floor()?;
    let square = whole.minus(Rational::from(i32::from(!whole.is_even())))?;
    let remaining = exponent.minus(square)?;
    let even = Polynomial::kernel(inner, square);
    if remaining.is_zero() { Some(even) } else { even.times(&Polynomial::kernel(size, remaining)) }
}
