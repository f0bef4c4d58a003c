//! A network of affine layers with ReLU, softmax and cross entropy, as one writes it by hand: products by
//! `matrixmultiply`, everything else in as few passes as there can be.

/// A network and all that a step needs.
pub struct Network {
    sizes: Vec<usize>,
    parameters: Vec<f32>,
    batch: usize,
    /// The value of each layer; the last one is `(y − t)/N` after a step.
    layers: Vec<Vec<f32>>,
    /// The cotangent of each hidden layer.
    cotangents: Vec<Vec<f32>>,
    /// The gradient by all parameters: of each layer the weights, then the biases.
    pub gradient: Vec<f32>,
}

impl Network {
    /// A network of layers of these sizes.
    pub fn new(sizes: &[usize], parameters: &[f32], batch: usize) -> Self {
        let layers: Vec<Vec<f32>> = sizes[1..].iter().map(|size| vec![0.0; batch * size]).collect();
        let gradient = vec![0.0; parameters.len()];
        let cotangents = layers.clone();
        Self { sizes: sizes.to_vec(), parameters: parameters.to_vec(), batch, layers, cotangents, gradient }
    }

    /// The loss, and the gradient beside it.
    pub fn step(&mut self, images: &[f32], targets: &[f32]) -> f32 {
        let (count, batch) = (self.sizes.len() - 1, self.batch);
        let starts = self.starts();
        for (layer, start) in starts.iter().copied().enumerate().take(count) {
            let (inner, outer) = (self.sizes[layer], self.sizes[layer + 1]);
            let (before, own) = self.layers.split_at_mut(layer);
            let read = before.last().map_or(images, |read| read.as_slice());
            let weights = &self.parameters[start..];
            let bias = &weights[inner * outer..][..outer];
            product((batch, inner, outer), (read, inner, 1), (weights, outer, 1), &mut own[0]);
            for row in own[0].chunks_exact_mut(outer) {
                let hidden = layer + 1 < count;
                row.iter_mut().zip(bias).for_each(|(value, bias)| {
                    *value += bias;
                    if hidden && *value <= 0.0 {
                        *value = 0.0;
                    }
                });
            }
        }
        let loss = self.softmax_with_loss(targets);
        for layer in (0..count).rev() {
            let (inner, outer) = (self.sizes[layer], self.sizes[layer + 1]);
            let read = if layer == 0 { images } else { &self.layers[layer - 1] };
            let cotangent = if layer + 1 == count { &self.layers[layer] } else { &self.cotangents[layer] };
            let (weights, bias) = self.gradient[starts[layer]..].split_at_mut(inner * outer);
            product((inner, batch, outer), (read, 1, inner), (cotangent, outer, 1), weights);
            let bias = &mut bias[..outer];
            bias.fill(0.0);
            for row in cotangent.chunks_exact(outer) {
                bias.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
            if layer > 0 {
                let cotangent = cotangent.clone();
                let weights = &self.parameters[starts[layer]..];
                let below = &mut self.cotangents[layer - 1];
                product((batch, outer, inner), (&cotangent, outer, 1), (weights, 1, outer), below);
                below.iter_mut().zip(&self.layers[layer - 1]).for_each(|(value, read)| {
                    if *read <= 0.0 {
                        *value = 0.0;
                    }
                });
            }
        }
        loss
    }

    /// Where the parameters of each layer start.
    fn starts(&self) -> Vec<usize> {
        let mut starts = vec![0];
        for pair in self.sizes.windows(2) {
            starts.push(starts[starts.len() - 1] + (pair[0] + 1) * pair[1]);
        }
        starts
    }

    /// The last layer becomes `(softmax − t)/N`.
    fn softmax_with_loss(&mut self, targets: &[f32]) -> f32 {
        let (classes, batch) = (self.sizes[self.sizes.len() - 1], self.batch as f32);
        let Some(scores) = self.layers.last_mut() else { return 0.0 };
        let mut loss = 0.0;
        for (row, target) in scores.chunks_exact_mut(classes).zip(targets.chunks_exact(classes)) {
            let most = row.iter().fold(f32::NEG_INFINITY, |most, value| most.max(*value));
            let mut sum = 0.0;
            for (value, target) in row.iter_mut().zip(target) {
                loss -= target * (*value - most);
                *value = (*value - most).exp();
                sum += *value;
            }
            loss += sum.ln();
            row.iter_mut().zip(target).for_each(|(value, target)| *value = (*value / sum - target) / batch);
        }
        loss / batch
    }
}

/// `out[m, n] = left[m, k] right[k, n]`, with the strides of rows and columns.
fn product(
    (m, k, n): (usize, usize, usize),
    (left, left_row, left_column): (&[f32], usize, usize),
    (right, right_row, right_column): (&[f32], usize, usize),
    out: &mut [f32],
) {
    let span = |rows: usize, row: usize, columns: usize, column: usize| (rows - 1) * row + (columns - 1) * column;
    assert!(left.len() > span(m, left_row, k, left_column) && right.len() > span(k, right_row, n, right_column));
    assert!(out.len() >= m * n);
    // SAFETY: every position that the sizes and strides reach is inside of its slice, as has been asserted.
    #[allow(unsafe_code)]
    unsafe {
        matrixmultiply::sgemm(
            m,
            k,
            n,
            1.0,
            left.as_ptr(),
            left_row as isize,
            left_column as isize,
            right.as_ptr(),
            right_row as isize,
            right_column as isize,
            0.0,
            out.as_mut_ptr(),
            n as isize,
            1,
        );
    }
}
