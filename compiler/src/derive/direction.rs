//! The Hessian times a direction, without the Hessian.
//!
//! In: a function with its gradient. Out: the derivatives, by every input, of the gradient's inner product with a direction. That is
//! one more reverse sweep, with the direction's parts as the cotangents of the gradient's: it costs a few times what the
//! gradient does, however many inputs there are (Pearlmutter 1994).

use super::{DerivativeKind, Derived, graph_fault};
use crate::diagnostic::Diagnostic;
use crate::differentiate::{Seed, pull_back};
use crate::graph::Ref;
use crate::lower::Wanted;

impl Derived {
    /// A derivation whose graph has an input more for every parameter that is differentiated by, its part of the direction, and what
    /// the Hessian times the direction is by each of them.
    ///
    /// # Errors
    /// [`Code::TooLarge`](crate::diagnostic::Code::TooLarge)
    pub fn hessian_vector(&self, names: Vec<String>) -> Result<(Self, Vec<Wanted>), Diagnostic> {
        let mut derived = self.clone();
        let span = derived.function.span;
        // What holds by facts alone must not be differentiated.
        let relies = derived.function.facts.iter().any(|fact| fact.used);
        let wrt = derived.wrt();
        let nodes = derived.nodes(&wrt);
        let gradients =
            derived.entries.iter().zip(&self.closed).filter(|(entry, _)| entry.kind == DerivativeKind::Gradient);
        let gradients: Vec<_> = gradients
            .map(|(entry, closed)| {
                let value = if relies { entry.derivative.value.clone() } else { closed.clone() };
                (value, entry.derivative.axes.clone())
            })
            .collect();
        let graph = &mut derived.function.graph;
        let mut seeds = Vec::new();
        for ((output, axes), name) in gradients.into_iter().zip(&names) {
            let cotangent: Ref = graph.input(name, &axes).map_err(|error| graph_fault(&error, span))?;
            seeds.push(Seed { output, axes, cotangent });
        }
        let sweep = pull_back(graph, &seeds, &nodes, false).map_err(|error| graph_fault(&error, span))?;
        let wanted =
            sweep.derivatives.into_iter().map(|derivative| Wanted { value: derivative.value, axes: derivative.axes });
        let wanted = wanted.collect();
        derived.directions = names;
        Ok((derived, wanted))
    }
}
