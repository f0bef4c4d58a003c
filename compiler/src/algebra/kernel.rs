//! Kernels: what terms treat as unknowns, each over the labels of its axes; the same for both shapes of terms.
//!
//! A kernel is interned by its meaning, labels included: `x[i]` and `x[j]` are two kernels. What a sum or a maximum closes
//! has *bound* labels, numbered by how deep closures nest, so that renaming free labels never captures one.

use std::hash::Hash;

use super::hash::QuickMap;
use super::polynomial::{Kernel, Monomial, Polynomial};
use super::quotient::Term;
use super::rational::Rational;
use crate::graph::{Axis, Dim, NodeId};
use crate::operators::Operator;

/// A shape of terms.
pub(crate) trait Shape: Clone + Eq + Hash {
    /// A number.
    fn constant(value: Rational) -> Self;

    /// A product of powers of kernels, times a number.
    fn product(monomial: Monomial, scale: Rational) -> Self;

    fn kernel(kernel: Kernel) -> Self {
        Self::product(vec![(kernel, Rational::ONE)], Rational::ONE)
    }

    fn is_zero(&self) -> bool;

    /// The number that it is, if it is one.
    fn as_constant(&self) -> Option<Rational>;

    /// The kernel that it is, if it is one.
    fn as_kernel(&self) -> Option<Kernel>;

    /// The polynomial that it is, if it is one and not too large.
    fn expanded(&self) -> Option<Polynomial>;

    /// The coefficient that stands for its size and sign; that of zero is 0.
    fn scale(&self) -> Rational;

    /// Every kernel, as often as it stands there.
    fn kernels(&self) -> impl Iterator<Item = Kernel>;
}

/// Which axis a slot takes in a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Label {
    /// An axis of what is compared.
    Free(Axis),
    /// An axis that is about to be closed; see [`Kernels::fresh`].
    Fresh(u32),
    /// A closed axis: how many closures are inside its own, and its number among those that are closed together.
    Bound(u16, u8),
}

/// Which closure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Closure {
    Sum,
    Max,
    Prod,
}

/// What a kernel is, over terms of some shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Meaning<T = Term> {
    /// A node that algebra does not look into: an input, or a value that stands for itself.
    Node(NodeId, Vec<Label>),
    /// A condition that stands for itself: 1 where it holds, else 0.
    Condition(NodeId, Vec<Label>),
    /// The size of a dimension.
    Size(Dim),
    /// The position along an axis.
    Iota(Label),
    /// 1 where two positions are equal, else 0; the smaller label first.
    Delta(Label, Label),
    /// 1 where a term is positive, else 0.
    IsPositive(T),
    /// 1 where a term is zero, else 0.
    IsZero(T),
    /// A number that stands under a root.
    Number(Rational),
    /// A term that is no polynomial, in an exponent.
    Quotient(T),
    /// `exp` of a monomial.
    Exponential(Monomial),
    /// A function of terms.
    Function(Operator, Vec<T>),
    /// A sum or maximum over bound labels of these dimensions.
    Closed(Closure, Vec<Dim>, T),
}

/// In which monomials a kernel can be reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reducible {
    Never,
    /// At any exponent.
    Always,
    /// Where the exponent is not 1: it is 0 or 1 everywhere.
    Indicator,
    /// From its square on.
    Square,
    /// Where the exponent is not between 0 and 2: its square is that of another kernel.
    Size,
}

impl<T: Shape> Meaning<T> {
    /// A node without axes.
    pub(crate) fn scalar(node: NodeId) -> Self {
        Self::Node(node, Vec::new())
    }

    fn reducible(&self) -> Reducible {
        match self {
            Self::Delta(..) | Self::IsZero(_) | Self::Function(Operator::Sign, _) => Reducible::Always,
            Self::IsPositive(_) | Self::Condition(..) => Reducible::Indicator,
            Self::Function(Operator::Abs, inner) if inner.first().is_some_and(|inner| inner.as_kernel().is_some()) => {
                Reducible::Size
            }
            Self::Function(Operator::Sqrt | Operator::Abs | Operator::Sin, _) => Reducible::Square,
            _ => Reducible::Never,
        }
    }
}

/// What is known about a kernel.
#[derive(Clone, Debug)]
pub(crate) struct Info<T = Term> {
    pub(crate) meaning: Meaning<T>,
    /// The labels that it varies along, sorted.
    pub(crate) labels: Vec<Label>,
    /// How many closures nest in it.
    pub(crate) level: u16,
    pub(crate) reducible: Reducible,
}

/// All kernels of one graph.
#[derive(Clone, Debug)]
pub(crate) struct Kernels<T = Term> {
    infos: Vec<Info<T>>,
    known: QuickMap<Meaning<T>, Kernel>,
    fresh: Vec<Dim>,
}

impl<T> Default for Kernels<T> {
    fn default() -> Self {
        Self { infos: Vec::new(), known: QuickMap::default(), fresh: Vec::new() }
    }
}

impl<T: Shape> Kernels<T> {
    pub(crate) fn get(&self, kernel: Kernel) -> &Info<T> {
        &self.infos[kernel.0 as usize]
    }

    pub(crate) fn meaning(&self, kernel: Kernel) -> &Meaning<T> {
        &self.get(kernel).meaning
    }

    /// The node without axes that a kernel is.
    pub(crate) fn as_scalar(&self, kernel: Kernel) -> Option<NodeId> {
        match self.meaning(kernel) {
            Meaning::Node(node, labels) if labels.is_empty() => Some(*node),
            _ => None,
        }
    }

    /// What a function is of, if a kernel is that function of one argument.
    pub(crate) fn argument(&self, kernel: Kernel, function: Operator) -> Option<&T> {
        match self.meaning(kernel) {
            Meaning::Function(operator, inner) if *operator == function => inner.first(),
            _ => None,
        }
    }

    /// What the exponential is of that a kernel is.
    pub(crate) fn exponent(&self, kernel: Kernel) -> Option<&Monomial> {
        match self.meaning(kernel) {
            Meaning::Exponential(inner) => Some(inner),
            _ => None,
        }
    }

    pub(crate) fn intern(&mut self, meaning: Meaning<T>) -> Kernel {
        if let Some(kernel) = self.known.get(&meaning) {
            return *kernel;
        }
        let (mut labels, mut level) = (Vec::new(), 0);
        match &meaning {
            Meaning::Node(_, own) | Meaning::Condition(_, own) => labels.extend(own),
            Meaning::Size(_) | Meaning::Number(_) => {}
            Meaning::Iota(label) => labels.push(*label),
            Meaning::Delta(a, b) => labels.extend([*a, *b]),
            Meaning::IsPositive(term) | Meaning::IsZero(term) | Meaning::Quotient(term) => {
                self.gather(term, &mut labels, &mut level)
            }
            Meaning::Exponential(monomial) => {
                monomial.iter().for_each(|(kernel, _)| self.gather_kernel(*kernel, &mut labels, &mut level));
            }
            Meaning::Function(_, terms) => terms.iter().for_each(|term| self.gather(term, &mut labels, &mut level)),
            Meaning::Closed(_, _, body) => {
                self.gather(body, &mut labels, &mut level);
                level += 1;
                labels.retain(|label| !matches!(label, Label::Bound(depth, _) if *depth == level));
            }
        }
        labels.sort_unstable();
        labels.dedup();
        let kernel = Kernel(self.infos.len() as u32);
        self.infos.push(Info { reducible: meaning.reducible(), meaning: meaning.clone(), labels, level });
        self.known.insert(meaning, kernel);
        kernel
    }

    fn gather(&self, term: &T, labels: &mut Vec<Label>, level: &mut u16) {
        for kernel in term.kernels() {
            self.gather_kernel(kernel, labels, level);
        }
    }

    fn gather_kernel(&self, kernel: Kernel, labels: &mut Vec<Label>, level: &mut u16) {
        let info = self.get(kernel);
        labels.extend(&info.labels);
        *level = (*level).max(info.level);
    }

    /// How many closures nest in a term.
    pub(crate) fn level(&self, term: &T) -> u16 {
        term.kernels().map(|kernel| self.get(kernel).level).max().unwrap_or(0)
    }

    /// Whether a kernel varies along a label.
    pub(crate) fn depends(&self, kernel: Kernel, label: Label) -> bool {
        self.get(kernel).labels.contains(&label)
    }

    /// Whether a term varies along a label.
    pub(crate) fn term_depends(&self, term: &T, label: Label) -> bool {
        term.kernels().any(|kernel| self.depends(kernel, label))
    }

    /// A label for an axis that is to be closed.
    pub(crate) fn fresh(&mut self, dim: Dim) -> Label {
        self.fresh.push(dim);
        Label::Fresh(self.fresh.len() as u32 - 1)
    }

    pub(crate) fn fresh_dim(&self, label: u32) -> Option<Dim> {
        self.fresh.get(label as usize).copied()
    }

    /// Whether a kernel is 0 or 1 everywhere.
    pub(crate) fn is_indicator(&self, kernel: Kernel) -> bool {
        let meaning = self.meaning(kernel);
        matches!(meaning, Meaning::Delta(..) | Meaning::IsPositive(_) | Meaning::IsZero(_) | Meaning::Condition(..))
    }
}
