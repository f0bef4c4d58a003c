//! Layers: what a forward pass saves, and what the backward pass computes from it.

use super::Derived;
use crate::evaluate::{Tensor, evaluate};
use crate::graph::{NodeId, Ref};
use crate::lower::lower;

/// Sizes of inputs at which a layer is tried: formulas overflow there if they do anywhere.
const SIZES: [f64; 12] = [0.0, 1.0, -1.0, 30.0, -30.0, 800.0, -800.0, 1e4, -1e4, 1e-200, 1e200, -1e200];
/// How many mixtures of them are tried.
const MIXTURES: usize = 40;

/// A layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The outputs, as the forward pass computes them.
    pub outputs: Vec<NodeId>,
    /// The cotangents of the inputs.
    pub cotangents: Vec<NodeId>,
    /// What these read of the forward pass, inputs aside.
    pub saved: Vec<NodeId>,
    /// What is saved in the place of each: the same value as the forward pass computes it.
    pub kept: Vec<NodeId>,
}

impl Derived {
    /// How a layer of this pullback computes. The backward pass computes with the closed forms as they are shown, and so
    /// reads little; where these leave the range of the type (`exp(a)/(exp(a) + exp(b) + exp(c))`), with the forms that
    /// are evaluated otherwise.
    #[must_use]
    pub fn layer(&self) -> Layer {
        let nodes = |values: &[Ref]| values.iter().map(|value| value.node).collect::<Vec<_>>();
        let outputs: Vec<Ref> = self.function.outputs.iter().map(|output| output.value.clone()).collect();
        let (outputs, stable) = (nodes(&outputs), nodes(&self.numeric()));
        let (values, pullbacks) = stable.split_at(outputs.len());
        if !self.evaluated.is_empty() || self.overflows() {
            let saved = self.read_beside(values, pullbacks, &[]);
            return Layer { outputs: values.to_vec(), cotangents: pullbacks.to_vec(), kept: saved.clone(), saved };
        }
        let saved = self.saved();
        // An output is computed once, in the form that is accurate everywhere, be it saved or not.
        let kept =
            |node: &NodeId| outputs.iter().position(|output| output == node).map_or(*node, |place| values[place]);
        let kept = saved.iter().map(kept).collect();
        Layer { outputs: values.to_vec(), cotangents: nodes(&self.closed), saved, kept }
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
