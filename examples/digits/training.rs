//! Training: batches in a random order, Adam, and how well a network reads images.
//!
//! In: a network, images to train with, others to validate with. Out: the network with the parameters of the epoch that
//! read the validation images best, and the learning curve. The test images are not known here.

use std::error::Error;

use chainrule::array::{InputError, View};

use crate::idx::{CLASSES, Digits, PIXELS};
use crate::network::Network;

/// Images in one step.
const BATCH: usize = 100;
/// The length of the first steps; it falls to 0 as half a cosine does, so that the last epochs settle.
const RATE: f32 = 0.004;

impl Digits {
    /// An image's brightnesses.
    pub fn image(&self, place: usize) -> &[f32] {
        &self.images[place * PIXELS..][..PIXELS]
    }
}

/// What an epoch reached.
#[derive(Clone, Copy, Debug)]
pub struct Epoch {
    /// Mean loss of its batches.
    pub loss: f32,
    /// The part of its images that were read right while it trained.
    pub training: f64,
    /// The part of the validation images that are read right after it.
    pub validation: f64,
}

/// What is used in every step: the same memory again.
struct Batch {
    images: Vec<f32>,
    labels: Vec<u8>,
    targets: Vec<f32>,
    scores: Vec<f32>,
}

/// Trains a network; `tell` hears after every epoch.
pub fn train<N: Network>(
    network: &mut N,
    training: &Digits,
    validation: &Digits,
    epochs: usize,
    random: &mut fastrand::Rng,
    mut tell: impl FnMut(&Epoch),
) -> Result<Vec<Epoch>, Box<dyn Error>> {
    let mut optimiser = Adam::new(network.parameters().len());
    let mut batch = Batch { images: Vec::new(), labels: Vec::new(), targets: Vec::new(), scores: Vec::new() };
    let mut order: Vec<usize> = (0..training.len()).collect();
    let steps = epochs * order.len().div_ceil(BATCH);
    let (mut curve, mut best) = (Vec::new(), (f64::MIN, Vec::new()));
    for _ in 0..epochs {
        random.shuffle(&mut order);
        let (mut loss, mut right) = (0.0, 0);
        for places in order.chunks(BATCH) {
            batch.fill(training, places, random);
            let part = places.len() as f32 / order.len() as f32;
            let (found, read) = step(network, &mut batch)?;
            (loss, right) = (loss + part * found, right + read);
            optimiser.step(network, steps);
        }
        let validated = accuracy(&read(network, validation)?, &validation.labels);
        let epoch = Epoch { loss, training: right as f64 / order.len() as f64, validation: validated };
        tell(&epoch);
        curve.push(epoch);
        if validated >= best.0 {
            best = (validated, network.parameters().to_vec());
        }
    }
    if !best.1.is_empty() {
        network.parameters().copy_from_slice(&best.1);
    }
    Ok(curve)
}

/// The loss of a batch, and how many of its images are read right; the gradient stays in the network.
fn step<N: Network>(network: &mut N, batch: &mut Batch) -> Result<(f32, usize), InputError> {
    let count = batch.labels.len();
    let images = View::new(&batch.images, [count, PIXELS])?;
    batch.scores.resize(count * CLASSES, 0.0);
    network.scores(images, &mut batch.scores)?;
    let read = batch.scores.chunks(CLASSES).zip(&batch.labels).filter(|(scores, label)| largest(scores) == **label);
    let right = read.count();
    let targets = View::new(&batch.targets, [count, CLASSES])?;
    Ok((network.differentiate(images, targets)?, right))
}

impl Batch {
    /// Images by their places, each moved by at most one pixel: a digit is the same digit there.
    fn fill(&mut self, digits: &Digits, places: &[usize], random: &mut fastrand::Rng) {
        self.images.clear();
        self.images.resize(places.len() * PIXELS, 0.0);
        self.labels.clear();
        self.labels.extend(places.iter().map(|place| digits.labels[*place]));
        self.targets.clear();
        self.targets.resize(places.len() * CLASSES, 0.0);
        for (row, label) in self.targets.chunks_mut(CLASSES).zip(&self.labels) {
            row[usize::from(*label)] = 1.0;
        }
        for (to, place) in self.images.chunks_mut(PIXELS).zip(places) {
            shift(digits.image(*place), to, random.usize(0..3), random.usize(0..3));
        }
    }
}

/// Copies an image `down - 1` rows down and `right - 1` columns to the right; what leaves it is lost.
fn shift(from: &[f32], to: &mut [f32], down: usize, right: usize) {
    for (y, row) in to.chunks_mut(28).enumerate() {
        for (x, pixel) in row.iter_mut().enumerate() {
            let (y, x) = ((y + 1).wrapping_sub(down), (x + 1).wrapping_sub(right));
            *pixel = if y < 28 && x < 28 { from[28 * y + x] } else { 0.0 };
        }
    }
}

/// Which digit the network takes each image for.
pub fn read<N: Network>(network: &mut N, digits: &Digits) -> Result<Vec<u8>, InputError> {
    let mut scores = vec![0.0; digits.len() * CLASSES];
    network.scores(View::new(&digits.images, [digits.len(), PIXELS])?, &mut scores)?;
    Ok(scores.chunks(CLASSES).map(largest).collect())
}

/// The part of the images that are read right.
pub fn accuracy(read: &[u8], labels: &[u8]) -> f64 {
    let right = read.iter().zip(labels).filter(|(read, label)| read == label).count();
    right as f64 / labels.len().max(1) as f64
}

fn largest(scores: &[f32]) -> u8 {
    let best = scores.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b));
    best.map_or(0, |(digit, _)| digit as u8)
}

/// Adam (Kingma and Ba 2015), with the constants of the paper.
struct Adam {
    mean: Vec<f32>,
    square: Vec<f32>,
    count: i32,
}

impl Adam {
    fn new(count: usize) -> Self {
        Self { mean: vec![0.0; count], square: vec![0.0; count], count: 0 }
    }

    /// One step of so many along the network's gradient.
    fn step<N: Network>(&mut self, network: &mut N, steps: usize) {
        const MEAN: f32 = 0.9;
        const SQUARE: f32 = 0.999;
        let way = self.count as f32 / steps as f32;
        self.count += 1;
        let rate = RATE * 0.5 * (1.0 + (std::f32::consts::PI * way).cos());
        let rate = rate * (1.0 - SQUARE.powi(self.count)).sqrt() / (1.0 - MEAN.powi(self.count));
        let (parameters, gradient) = network.parameters_and_gradient();
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((parameter, slope), (mean, square)) in parameters.iter_mut().zip(gradient).zip(moments) {
            *mean += (1.0 - MEAN) * (slope - *mean);
            *square += (1.0 - SQUARE) * (slope * slope - *square);
            *parameter -= rate * *mean / (square.sqrt() + 1e-8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shifted_image_is_the_same_image_elsewhere() {
        let mut image = vec![0.0; PIXELS];
        image[28 * 10 + 10] = 1.0;
        image[28 * 5] = 0.5;
        let mut to = vec![0.0; PIXELS];
        shift(&image, &mut to, 1, 1);
        assert_eq!(to, image);
        shift(&image, &mut to, 2, 0);
        assert_eq!((to[28 * 11 + 9], to.iter().sum::<f32>()), (1.0, 1.0));
    }
}
