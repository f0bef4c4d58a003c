//! Polynomials over kernels with rational coefficients and exponents: what terms are made of.

use std::cmp::Ordering;

use crate::algebra::rational::Rational;

/// What a term treats as an unknown: an input, an exponential, a logarithm, a root, a sum, ...
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Kernel(pub(crate) u32);

/// Kernels with their exponents, sorted, none of them zero.
pub(crate) type Monomial = Vec<(Kernel, Rational)>;

/// Larger polynomials than this are not worth their time.
const MOST_TERMS: usize = 400;
/// A quotient of more terms than this is not looked for.
const MOST_QUOTIENT: usize = 48;

/// A sum of monomials with coefficients; no coefficient is zero.
///
/// What a user's build waits for is this, without optimisation: so the terms are one sorted list, and loops are plain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Polynomial {
    /// Sorted by their monomials, each of which stands here once, in an order that products keep: see [`compare`].
    terms: Vec<(Monomial, Rational)>,
}

/// What the terms of a polynomial say of one kernel.
pub(crate) struct Bounds {
    kernel: Kernel,
    low: Rational,
    high: Rational,
    /// In how many terms it stands.
    count: usize,
}

impl Polynomial {
    pub(crate) fn constant(value: Rational) -> Self {
        Self::term(Monomial::new(), value)
    }

    pub(crate) fn one() -> Self {
        Self::constant(Rational::ONE)
    }

    pub(crate) fn kernel(kernel: Kernel, exponent: Rational) -> Self {
        Self::term(vec![(kernel, exponent)], Rational::ONE)
    }

    pub(crate) fn term(monomial: Monomial, coefficient: Rational) -> Self {
        if coefficient.is_zero() { Self::default() } else { Self { terms: vec![(monomial, coefficient)] } }
    }

    /// In order; each monomial with its coefficient.
    pub(crate) fn terms(&self) -> std::slice::Iter<'_, (Monomial, Rational)> {
        self.terms.iter()
    }

    /// As one writes them: by the first kernel, then by its power.
    pub(crate) fn in_reading_order(&self) -> Vec<&(Monomial, Rational)> {
        let mut terms: Vec<&(Monomial, Rational)> = self.terms.iter().collect();
        terms.sort_unstable();
        terms
    }

    pub(crate) fn len(&self) -> usize {
        self.terms.len()
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.terms.is_empty()
    }

    /// Every kernel, as often as it stands there.
    pub(crate) fn kernels(&self) -> impl Iterator<Item = Kernel> {
        self.terms.iter().flat_map(|(monomial, _)| monomial).map(|(kernel, _)| *kernel)
    }

    /// All positive exponents together, and the size of all negative ones.
    pub(crate) fn degrees(&self) -> Option<[Rational; 2]> {
        let exponents = || self.terms.iter().flat_map(|(monomial, _)| monomial).map(|(_, exponent)| *exponent);
        let total = |exponent: Rational, sum: Rational| sum.plus(exponent.max(Rational::ZERO));
        let above = exponents().try_fold(Rational::ZERO, |sum, exponent| total(exponent, sum))?;
        let below = exponents().try_fold(Rational::ZERO, |sum, exponent| total(exponent.negated(), sum))?;
        Some([above, below])
    }

    /// The number that it is, if it is one.
    pub(crate) fn as_constant(&self) -> Option<Rational> {
        match self.terms.as_slice() {
            [] => Some(Rational::ZERO),
            [(monomial, value)] if monomial.is_empty() => Some(*value),
            _ => None,
        }
    }

    /// The only monomial and its coefficient, if there is one only.
    pub(crate) fn as_monomial(&self) -> Option<(&Monomial, Rational)> {
        match self.terms.as_slice() {
            [(monomial, value)] => Some((monomial, *value)),
            _ => None,
        }
    }

    pub(crate) fn plus(&self, other: &Self) -> Option<Self> {
        let mut sum = Self { terms: Vec::with_capacity(self.terms.len() + other.terms.len()) };
        let (mut left, mut right) = (0, 0);
        while left < self.terms.len() && right < other.terms.len() {
            let (own, its) = (&self.terms[left], &other.terms[right]);
            match compare(&own.0, &its.0) {
                Ordering::Less => {
                    sum.terms.push(own.clone());
                    left += 1;
                }
                Ordering::Greater => {
                    sum.terms.push(its.clone());
                    right += 1;
                }
                Ordering::Equal => {
                    let coefficient = own.1.plus(its.1)?;
                    if !coefficient.is_zero() {
                        sum.terms.push((own.0.clone(), coefficient));
                    }
                    left += 1;
                    right += 1;
                }
            }
        }
        sum.terms.extend_from_slice(&self.terms[left..]);
        sum.terms.extend_from_slice(&other.terms[right..]);
        (sum.terms.len() <= MOST_TERMS).then_some(sum)
    }

    pub(crate) fn add(&mut self, monomial: Monomial, coefficient: Rational) -> Option<()> {
        let (mut low, mut high) = (0, self.terms.len());
        while low < high {
            let middle = (low + high) / 2;
            match compare(&self.terms[middle].0, &monomial) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => {
                    let new = self.terms[middle].1.plus(coefficient)?;
                    if new.is_zero() {
                        self.terms.remove(middle);
                    } else {
                        self.terms[middle].1 = new;
                    }
                    return Some(());
                }
            }
        }
        if !coefficient.is_zero() {
            self.terms.insert(low, (monomial, coefficient));
        }
        Some(())
    }

    pub(crate) fn times(&self, other: &Self) -> Option<Self> {
        if let Some(factor) = other.as_constant() {
            return self.scaled(factor);
        }
        if let [(monomial, factor)] = other.terms.as_slice() {
            return self.times_monomial(monomial)?.scaled(*factor);
        }
        if let [(monomial, factor)] = self.terms.as_slice() {
            return other.times_monomial(monomial)?.scaled(*factor);
        }
        let mut product = Self::default();
        for (a, x) in &self.terms {
            for (b, y) in &other.terms {
                product.add(multiply(a, b)?, x.times(*y)?)?;
                if product.terms.len() > MOST_TERMS {
                    return None;
                }
            }
        }
        Some(product)
    }

    pub(crate) fn times_monomial(&self, monomial: &Monomial) -> Option<Self> {
        if monomial.is_empty() {
            return Some(self.clone());
        }
        let mut product = Self { terms: Vec::with_capacity(self.terms.len()) };
        for (own, coefficient) in &self.terms {
            product.terms.push((multiply(own, monomial)?, *coefficient));
        }
        Some(product)
    }

    pub(crate) fn scaled(&self, factor: Rational) -> Option<Self> {
        if factor.is_zero() {
            return Some(Self::default());
        }
        let mut scaled = self.clone();
        if factor != Rational::ONE {
            for (_, coefficient) in &mut scaled.terms {
                *coefficient = coefficient.times(factor)?;
            }
        }
        Some(scaled)
    }

    pub(crate) fn power(&self, exponent: u32) -> Option<Self> {
        let mut result = Self::one();
        for _ in 0..exponent {
            result = result.times(self)?;
        }
        Some(result)
    }

    /// Whether all coefficients have one sign.
    pub(crate) fn has_one_sign(&self) -> bool {
        let positive = self.terms.iter().filter(|(_, value)| value.is_positive()).count();
        positive == 0 || positive == self.terms.len()
    }

    /// Without the terms in which a kernel stands.
    pub(crate) fn without(&self, kernel: Kernel) -> Self {
        let terms = self.terms.iter().filter(|(monomial, _)| !monomial.iter().any(|(other, _)| *other == kernel));
        Self { terms: terms.cloned().collect() }
    }

    /// Whether every coefficient is positive.
    pub(crate) fn has_positive_coefficients(&self) -> bool {
        !self.is_zero() && self.terms.iter().all(|(_, value)| value.is_positive())
    }

    /// Every kernel with its smallest and its largest exponent, in order.
    fn bounds(&self) -> Vec<Bounds> {
        let mut all: Vec<Bounds> = Vec::new();
        for (monomial, _) in &self.terms {
            let mut index = 0;
            for (kernel, exponent) in monomial {
                while index < all.len() && all[index].kernel.0 < kernel.0 {
                    index += 1;
                }
                if index == all.len() || all[index].kernel.0 != kernel.0 {
                    all.insert(index, Bounds { kernel: *kernel, low: *exponent, high: *exponent, count: 1 });
                    continue;
                }
                let bounds = &mut all[index];
                if *exponent != bounds.low && *exponent < bounds.low {
                    bounds.low = *exponent;
                }
                if *exponent != bounds.high && *exponent > bounds.high {
                    bounds.high = *exponent;
                }
                bounds.count += 1;
            }
        }
        // Where a kernel is missing, its exponent is 0.
        for bounds in &mut all {
            if bounds.count < self.terms.len() {
                bounds.low = bounds.low.min(Rational::ZERO);
                bounds.high = bounds.high.max(Rational::ZERO);
            }
        }
        all
    }

    /// The monomial that divides every term: for each kernel the smallest exponent.
    pub(crate) fn content(&self) -> Monomial {
        if let [(monomial, _)] = self.terms.as_slice() {
            return monomial.clone();
        }
        let mut content = Monomial::new();
        for bounds in self.bounds() {
            if !bounds.low.is_zero() {
                content.push((bounds.kernel, bounds.low));
            }
        }
        content
    }

    /// The largest term.
    pub(crate) fn leading(&self) -> Option<(&Monomial, Rational)> {
        self.terms.last().map(|(monomial, value)| (monomial, *value))
    }

    /// Where the exponents of a quotient are, for the lowest and the highest exponents of a kernel add up in products.
    /// `None` if that rules it out.
    pub(crate) fn room(&self, divisor: &Self) -> Option<Vec<Bounds>> {
        if self.terms.len() < 2 && divisor.terms.len() > 1 {
            return None;
        }
        let (mut room, its) = (self.bounds(), divisor.bounds());
        let mut index = 0;
        for bounds in &its {
            while index < room.len() && room[index].kernel.0 < bounds.kernel.0 {
                index += 1;
            }
            if index == room.len() || room[index].kernel.0 != bounds.kernel.0 {
                let kernel = bounds.kernel;
                room.insert(index, Bounds { kernel, low: Rational::ZERO, high: Rational::ZERO, count: 0 });
            }
            let own = &mut room[index];
            (own.low, own.high) = (own.low.minus(bounds.low)?, own.high.minus(bounds.high)?);
            if own.low > own.high {
                return None;
            }
        }
        Some(room)
    }

    /// The exact quotient, if there is one.
    pub(crate) fn divided(&self, divisor: &Self) -> Option<Self> {
        let room = self.room(divisor)?;
        let (head, value) = divisor.leading()?;
        let (head, scale) = (inverse(head), value.reciprocal()?);
        let (mut rest, mut quotient) = (self.clone(), Self::default());
        for _ in 0..MOST_QUOTIENT {
            let Some((monomial, coefficient)) = rest.leading() else { return Some(quotient) };
            let (monomial, coefficient) = (multiply(monomial, &head)?, coefficient.times(scale)?);
            if !is_inside(&monomial, &room) {
                return None;
            }
            for (other, value) in &divisor.terms {
                rest.add(multiply(other, &monomial)?, value.times(coefficient)?.negated())?;
            }
            if rest.len() > MOST_TERMS {
                return None;
            }
            quotient.add(monomial, coefficient)?;
        }
        None
    }
}

/// Whether every exponent of a monomial is within the bounds of its kernel; a missing one is 0.
fn is_inside(monomial: &Monomial, room: &[Bounds]) -> bool {
    let mut index = 0;
    for bounds in room {
        let mut exponent = Rational::ZERO;
        if index < monomial.len() && monomial[index].0.0 == bounds.kernel.0 {
            exponent = monomial[index].1;
            index += 1;
        }
        if exponent < bounds.low || exponent > bounds.high {
            return false;
        }
    }
    index == monomial.len()
}

/// By the exponent of the first kernel in which they differ: an order that products keep.
fn compare(a: &Monomial, b: &Monomial) -> Ordering {
    let (a, b, mut at) = (a.as_slice(), b.as_slice(), 0);
    while at < a.len() && at < b.len() {
        let ((first, x), (second, y)) = (&a[at], &b[at]);
        if first.0 < second.0 {
            return x.cmp(&Rational::ZERO);
        }
        if first.0 > second.0 {
            return Rational::ZERO.cmp(y);
        }
        if x != y {
            return x.cmp(y);
        }
        at += 1;
    }
    if at < a.len() {
        a[at].1.cmp(&Rational::ZERO)
    } else if at < b.len() {
        Rational::ZERO.cmp(&b[at].1)
    } else {
        Ordering::Equal
    }
}

/// One divided by a monomial.
pub(crate) fn inverse(monomial: &Monomial) -> Monomial {
    monomial.iter().map(|(kernel, exponent)| (*kernel, exponent.negated())).collect()
}

/// A monomial to a power.
pub(crate) fn power(base: &Monomial, exponent: Rational) -> Option<Monomial> {
    if exponent.is_zero() {
        return Some(Monomial::new());
    }
    base.iter().map(|(kernel, own)| Some((*kernel, own.times(exponent)?))).collect()
}

/// The largest monomial that divides both: for each kernel the smaller exponent.
pub(crate) fn common(a: &Monomial, b: &Monomial) -> Option<Monomial> {
    let both = Polynomial::term(a.clone(), Rational::ONE).plus(&Polynomial::term(b.clone(), Rational::ONE))?;
    Some(both.content())
}

/// The product of two monomials.
pub(crate) fn multiply(a: &Monomial, b: &Monomial) -> Option<Monomial> {
    let mut product = Monomial::with_capacity(a.len() + b.len());
    let (mut left, mut right) = (0, 0);
    while left < a.len() && right < b.len() {
        let ((k, x), (l, y)) = (&a[left], &b[right]);
        if k.0 < l.0 {
            product.push(a[left]);
            left += 1;
        } else if k.0 > l.0 {
            product.push(b[right]);
            right += 1;
        } else {
            let sum = x.plus(*y)?;
            if !sum.is_zero() {
                product.push((*k, sum));
            }
            left += 1;
            right += 1;
        }
    }
    product.extend_from_slice(&a[left..]);
    product.extend_from_slice(&b[right..]);
    Some(product)
}
