//! Layers: what a forward pass saves, and what the backward pass computes from it.

use super::Derived;
use crate::evaluate::{Tensor, evaluate};
use crate::graph::{GraphError, NodeId, Ref};
use crate::lower::{Wanted, lower};
use crate::operators::Operator;

/// Sizes of inputs at which a layer is tried: formulas overflow there if they do anywhere.
const SIZES: [f64; 12] = [0.0, 1.0, -1.0, 30.0, -30.0, 800.0, -800.0, 1e4, -1e4, 1e-200, 1e200, -1e200];
/// How many mixtures of them are tried.
const MIXTURES: usize = 40;

/// A layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The outputs, as the forward pass computes them.
    pub outputs: Vec<Wanted>,
    /// The cotangents of the inputs, summed over the outputs.
    pub cotangents: Vec<Wanted>,
    /// What these read of the forward pass, inputs aside.
    pub saved: Vec<NodeId>,
    /// What is saved in the place of each: the same value as the forward pass computes it, over its own slots.
    pub kept: Vec<Wanted>,
}

impl Derived {
    /// How a layer of this pullback computes. The backward pass computes with the closed forms as they are shown, and so
    /// reads little; where these leave the range of the type (`exp(a)/(exp(a) + exp(b) + exp(c))`), with the forms that
    /// are evaluated otherwise.
    ///
    /// # Errors
    /// [`GraphError::TooLarge`]
    pub fn layer(&mut self) -> Result<Layer, GraphError> {
        let count = self.function.outputs.len();
        let stable = self.wanted();
        let outputs = stable[..count].to_vec();
        let accurate = !self.evaluated.is_empty() || self.overflows();
        let cotangents = if accurate { stable } else { self.wanted_closed() };
        let cotangents = self.summed(cotangents[count..].to_vec())?;
        let own: Vec<NodeId> = self.function.outputs.iter().map(|output| output.value.node).collect();
        let forward: Vec<NodeId> =
            if accurate { outputs.iter().map(|wanted| wanted.value.node).collect() } else { own.clone() };
        let read: Vec<NodeId> = cotangents.iter().map(|wanted| wanted.value.node).collect();
        let saved = self.read_beside(&forward, &read, &[]);
        // An output is computed once, in the form that is accurate everywhere, be it saved or not.
        let form = |node: NodeId| own.iter().position(|output| *output == node).filter(|_| !accurate);
        let mut kept = Vec::new();
        for node in &saved {
            let axes = self.function.graph.local_axes(*node);
            let slots = axes[..self.function.graph.shape(*node).len()].to_vec();
            kept.push(match form(*node) {
                Some(output) if self.function.outputs[output].value.axes == self.function.outputs[output].axes => {
                    outputs[output].clone()
                }
                _ => Wanted { value: Ref { node: *node, axes: slots.clone() }, axes: slots },
            });
        }
        Ok(Layer { outputs, cotangents, saved, kept })
    }

    /// The cotangent of each input, from those by each output.
    fn summed(&mut self, all: Vec<Wanted>) -> Result<Vec<Wanted>, GraphError> {
        let inputs = self.wrt().len();
        let mut summed: Vec<Wanted> = Vec::new();
        for (number, wanted) in all.into_iter().enumerate() {
            match number.checked_sub(inputs) {
                None => summed.push(wanted),
                Some(_) => {
                    let first = summed[number % inputs].clone();
                    let value = wanted.value.renamed(&wanted.axes, &first.axes);
                    summed[number % inputs].value = self.function.graph.apply(Operator::Add, &[first.value, value])?;
                }
            }
        }
        Ok(summed)
    }

    /// Whether closed forms are infinite or undefined at some point where what is evaluated is a number.
    fn overflows(&self) -> bool {
        let (closed, stable) = (self.wanted_closed(), self.wanted());
        let graph = &self.function.graph;
        if closed == stable || graph.inputs().iter().any(|input| !input.shape.is_empty()) {
            return false;
        }
        let programs = [lower(graph, &stable), lower(graph, &closed)];
        let outputs = self.function.outputs.len();
        (0..MIXTURES).any(|mixture| {
            let size = |place: usize| SIZES[mixed(mixture, place) % SIZES.len()];
            let inputs: Vec<Tensor> = (0..graph.inputs().len()).map(|place| Tensor::scalar(size(place))).collect();
            let finite = |value: &Tensor| value.data.iter().all(|value| value.is_finite());
            // Most closed forms are numbers at most points: nobody asks what the others are there.
            let Ok(closed) = evaluate(&programs[1], &inputs) else { return false };
            if closed[outputs..].iter().all(finite) {
                return false;
            }
            let Ok(stable) = evaluate(&programs[0], &inputs) else { return false };
            stable[outputs..].iter().zip(&closed[outputs..]).any(|(stable, closed)| finite(stable) && !finite(closed))
        })
    }
}

/// Which size an input takes in a mixture: the first mixtures have every input at the same one.
fn mixed(mixture: usize, place: usize) -> usize {
    if mixture < SIZES.len() {
        return mixture;
    }
    // The multiplier of Knuth's multiplicative hashing, by the golden ratio.
    let hash = ((mixture * 31 + place + 1) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (hash >> 32) as usize
}
