//! The gradient of the Gaussian-mixture log posterior by hand: straight loops over the lower triangles, point by point.
//!
//! What has `#[inline(always)]` is compiled as a part of [`posterior`], for AVX2 and FMA.

/// A mixture of `k` Gaussians in `d` dimensions, and `n` points.
pub struct Mixture<'a> {
    /// `d`, `k` and `n`.
    pub sizes: [usize; 3],
    /// The logarithms of the weights, up to a constant: `[k]`.
    pub alphas: &'a [f64],
    /// The means: `[k, d]`.
    pub means: &'a [f64],
    /// The inverse factors: of each component the logarithms of the diagonal, then the columns below it.
    pub factors: &'a [f64],
    /// The points: `[n, d]`.
    pub points: &'a [f64],
    /// The scale of the Wishart prior.
    pub gamma: f64,
    /// Its degrees of freedom beyond `d`.
    pub m: f64,
    /// What the prior's normalisation takes away.
    pub constant: f64,
}

/// What the passes over points leave to each other.
struct Memory {
    diagonals: Vec<f64>,
    scales: Vec<f64>,
    centred: Vec<f64>,
    mapped: Vec<f64>,
    main: Vec<f64>,
}

/// The log posterior; its gradient by weights, means and factors goes to `gradient`, one after the other.
///
/// # Safety
/// The machine has AVX2 and FMA.
#[allow(unsafe_code)]
#[target_feature(enable = "avx2,fma")]
pub unsafe fn posterior(mixture: &Mixture, gradient: &mut [f64]) -> f64 {
    let [d, k, n] = mixture.sizes;
    gradient.fill(0.0);
    let (by_alphas, rest) = gradient.split_at_mut(k);
    let (by_means, by_factors) = rest.split_at_mut(d * k);
    let mut memory = Memory::new(mixture);
    let mut sum = 0.0;
    for point in mixture.points.chunks_exact(d) {
        memory.forward(mixture, point);
        sum += softmax(&mut memory.main);
        memory.backward(mixture, by_alphas, by_means, by_factors);
    }
    memory.finish_means(mixture, by_means);
    let mut weights = mixture.alphas.to_vec();
    let normalisation = softmax(&mut weights);
    let count = n as f64;
    by_alphas.iter_mut().zip(&weights).for_each(|(sum, weight)| *sum -= count * weight);
    let prior = memory.prior(mixture, by_factors);
    let points = (n * d) as f64 * 0.5 * std::f64::consts::TAU.ln();
    sum - points - count * normalisation + prior - mixture.constant
}

impl Memory {
    #[inline(always)]
    fn new(mixture: &Mixture) -> Self {
        let [d, k, _] = mixture.sizes;
        let (mut diagonals, mut scales) = (Vec::with_capacity(d * k), Vec::with_capacity(k));
        for factor in mixture.factors.chunks_exact(d * (d + 1) / 2) {
            scales.push(factor[..d].iter().sum());
            diagonals.extend(factor[..d].iter().map(|log| log.exp()));
        }
        Self { diagonals, scales, centred: vec![0.0; d * k], mapped: vec![0.0; d * k], main: vec![0.0; k] }
    }

    /// The logarithm of each component's density at a point.
    #[inline(always)]
    fn forward(&mut self, mixture: &Mixture, point: &[f64]) {
        let [d, k, _] = mixture.sizes;
        for component in 0..k {
            let row = component * d..(component + 1) * d;
            let (centred, mapped) = (&mut self.centred[row.clone()], &mut self.mapped[row.clone()]);
            let (mean, diagonal) = (&mixture.means[row.clone()], &self.diagonals[row]);
            for i in 0..d {
                centred[i] = point[i] - mean[i];
                mapped[i] = diagonal[i] * centred[i];
            }
            let mut below = &mixture.factors[component * d * (d + 1) / 2..][d..];
            for i in 0..d {
                let (column, rest) = below.split_at(d - i - 1);
                let step = centred[i];
                for (out, factor) in mapped[i + 1..].iter_mut().zip(column) {
                    *out = factor.mul_add(step, *out);
                }
                below = rest;
            }
            let main = mixture.alphas[component] + self.scales[component];
            self.main[component] = main - 0.5 * dot(mapped, mapped);
        }
    }

    /// Adds what a point gives to the gradient; `main` has the components' shares in it.
    #[inline(always)]
    fn backward(&mut self, mixture: &Mixture, alphas: &mut [f64], means: &mut [f64], factors: &mut [f64]) {
        let [d, k, _] = mixture.sizes;
        for component in 0..k {
            let share = self.main[component];
            alphas[component] += share;
            let row = component * d..(component + 1) * d;
            let (centred, mapped) = (&self.centred[row.clone()], &self.mapped[row.clone()]);
            let (mean, diagonal) = (&mut means[row.clone()], &self.diagonals[row]);
            for i in 0..d {
                mean[i] = share.mul_add(mapped[i], mean[i]);
            }
            let (by_diagonal, mut below) = factors[component * d * (d + 1) / 2..].split_at_mut(d);
            for i in 0..d {
                by_diagonal[i] += share * (1.0 - diagonal[i] * centred[i] * mapped[i]);
            }
            for i in 0..d {
                let (column, rest) = below.split_at_mut(d - i - 1);
                let factor = -share * centred[i];
                for (out, mapped) in column.iter_mut().zip(&mapped[i + 1..]) {
                    *out = mapped.mul_add(factor, *out);
                }
                below = rest;
            }
        }
    }

    /// The transposed factor, applied once to the weighted sum over all points.
    #[inline(always)]
    fn finish_means(&self, mixture: &Mixture, means: &mut [f64]) {
        let [d, k, _] = mixture.sizes;
        for component in 0..k {
            let mean = &mut means[component * d..(component + 1) * d];
            let sums = mean.to_vec();
            let mut below = &mixture.factors[component * d * (d + 1) / 2..][d..];
            for i in 0..d {
                let (column, rest) = below.split_at(d - i - 1);
                mean[i] = self.diagonals[component * d + i] * sums[i] + dot(column, &sums[i + 1..]);
                below = rest;
            }
        }
    }

    /// The Wishart prior without its normalisation.
    #[inline(always)]
    fn prior(&self, mixture: &Mixture, gradient: &mut [f64]) -> f64 {
        let [d, k, _] = mixture.sizes;
        let (size, square) = (d * (d + 1) / 2, mixture.gamma * mixture.gamma);
        let mut prior = 0.0;
        for component in 0..k {
            let (factor, gradient) = (&mixture.factors[component * size..], &mut gradient[component * size..]);
            let mut norm = 0.0;
            let entries = self.diagonals[component * d..(component + 1) * d].iter();
            for (by_log, entry) in gradient.iter_mut().zip(entries) {
                norm += entry * entry;
                *by_log += square * entry * entry - mixture.m;
            }
            for (by_entry, entry) in gradient[d..size].iter_mut().zip(&factor[d..size]) {
                norm += entry * entry;
                *by_entry += square * entry;
            }
            prior += 0.5 * square * norm - mixture.m * self.scales[component];
        }
        prior
    }
}

#[inline(always)]
fn dot(left: &[f64], right: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (lefts, rights) = (left.chunks_exact(8), right.chunks_exact(8));
    let rest = lefts.remainder().iter().zip(rights.remainder());
    for (left, right) in lefts.zip(rights) {
        for lane in 0..8 {
            sums[lane] = left[lane].mul_add(right[lane], sums[lane]);
        }
    }
    let sum = (sums[0] + sums[4]) + (sums[1] + sums[5]) + (sums[2] + sums[6]) + (sums[3] + sums[7]);
    rest.fold(sum, |sum, (left, right)| left.mul_add(*right, sum))
}

/// Makes shares of logarithms; returns the logarithm of the sum.
#[inline(always)]
fn softmax(logs: &mut [f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::MIN, f64::max);
    let mut sum = 0.0;
    for log in logs.iter_mut() {
        *log = (*log - most).exp();
        sum += *log;
    }
    let inverse = 1.0 / sum;
    logs.iter_mut().for_each(|share| *share *= inverse);
    sum.ln() + most
}
