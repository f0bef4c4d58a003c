//! Kernels: what canonical terms treat as unknowns, each over the labels of its axes.
//!
//! A kernel is interned by its meaning, labels included: `x[i]` and `x[j]` are two kernels. What a sum or a maximum closes
//! has *bound* labels, numbered by how deep closures nest, so that renaming free labels never captures one.

use super::field::Term;
use super::polynomial::{Kernel, Monomial};
use crate::algebra::hash::QuickMap;
use crate::graph::{Axis, Dim, NodeId};
use crate::operators::Operator;

/// Which axis a slot takes in a canonical term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Label {
    /// An axis of what is compared.
    Free(Axis),
    /// An axis that is about to be closed; see [`Kernels::fresh`].
    Fresh(u32),
    /// A closed axis: how many closures are inside its own, and its place among those that are closed together.
    Bound(u16, u8),
}

/// Which closure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Closure {
    Sum,
    Max,
}

/// What a kernel is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Meaning {
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
    IsPositive(Term),
    /// 1 where a term is zero, else 0.
    IsZero(Term),
    /// `exp` of a monomial.
    Exponential(Monomial),
    /// A function of terms.
    Function(Operator, Vec<Term>),
    /// A sum or maximum over bound labels of these dimensions.
    Closed(Closure, Vec<Dim>, Term),
}

/// In which monomials a kernel can be reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reducible {
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

impl Meaning {
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
pub(super) struct Info {
    pub(super) meaning: Meaning,
    /// The labels that it varies along, sorted.
    pub(super) labels: Vec<Label>,
    /// How many closures nest in it.
    pub(super) level: u16,
    pub(super) reducible: Reducible,
}

/// All kernels of one field.
#[derive(Clone, Debug, Default)]
pub(super) struct Kernels {
    infos: Vec<Info>,
    places: QuickMap<Meaning, Kernel>,
    fresh: Vec<Dim>,
}

impl Kernels {
    pub(super) fn get(&self, kernel: Kernel) -> &Info {
        &self.infos[kernel.0 as usize]
    }

    pub(super) fn meaning(&self, kernel: Kernel) -> &Meaning {
        &self.get(kernel).meaning
    }

    pub(super) fn intern(&mut self, meaning: Meaning) -> Kernel {
        if let Some(kernel) = self.places.get(&meaning) {
            return *kernel;
        }
        let (mut labels, mut level) = (Vec::new(), 0);
        match &meaning {
            Meaning::Node(_, own) | Meaning::Condition(_, own) => labels.extend(own),
            Meaning::Size(_) => {}
            Meaning::Iota(label) => labels.push(*label),
            Meaning::Delta(a, b) => labels.extend([*a, *b]),
            Meaning::IsPositive(term) | Meaning::IsZero(term) => self.gather(term, &mut labels, &mut level),
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
        self.places.insert(meaning, kernel);
        kernel
    }

    fn gather(&self, term: &Term, labels: &mut Vec<Label>, level: &mut u16) {
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
    pub(super) fn level(&self, term: &Term) -> u16 {
        term.kernels().map(|kernel| self.get(kernel).level).max().unwrap_or(0)
    }

    /// Whether a kernel varies along a label.
    pub(super) fn depends(&self, kernel: Kernel, label: Label) -> bool {
        self.get(kernel).labels.contains(&label)
    }

    /// Whether a term varies along a label.
    pub(super) fn term_depends(&self, term: &Term, label: Label) -> bool {
        term.kernels().any(|kernel| self.depends(kernel, label))
    }

    /// A label for an axis that is to be closed.
    pub(super) fn fresh(&mut self, dim: Dim) -> Label {
        self.fresh.push(dim);
        Label::Fresh(self.fresh.len() as u32 - 1)
    }

    pub(super) fn fresh_dim(&self, label: u32) -> Option<Dim> {
        self.fresh.get(label as usize).copied()
    }

    /// Whether a kernel is 0 or 1 everywhere.
    pub(super) fn is_indicator(&self, kernel: Kernel) -> bool {
        let meaning = self.meaning(kernel);
        matches!(meaning, Meaning::Delta(..) | Meaning::IsPositive(_) | Meaning::IsZero(_) | Meaning::Condition(..))
    }
}
