//! Small arrays by value, as an expert writes them.

/// A matrix.
pub type Matrix<const M: usize, const N: usize> = [[f64; N]; M];

/// The Jacobian of the position of an arm's end by its three angles.
#[inline]
pub fn arm(q: [f64; 3]) -> Matrix<2, 3> {
    let (sin_a, cos_a) = q[0].sin_cos();
    let (sin_b, cos_b) = (q[0] + q[1]).sin_cos();
    let (sin_c, cos_c) = (q[0] + q[1] + q[2]).sin_cos();
    let (x3, y3) = (-0.3 * sin_c, 0.3 * cos_c);
    let (x2, y2) = (x3 - 0.7 * sin_b, y3 + 0.7 * cos_b);
    let (x1, y1) = (x2 - 0.9 * sin_a, y2 + 0.9 * cos_a);
    [[x1, x2, x3], [y1, y2, y3]]
}

/// `a · b`: rows of the result are sums of rows of `b`.
#[inline]
pub fn product<const M: usize, const K: usize, const N: usize>(a: &Matrix<M, K>, b: &Matrix<K, N>) -> Matrix<M, N> {
    let mut out = [[0.0; N]; M];
    for (out, a) in out.iter_mut().zip(a) {
        for (a, b) in a.iter().zip(b) {
            for (out, b) in out.iter_mut().zip(b) {
                *out += a * b;
            }
        }
    }
    out
}

#[inline]
fn transposed<const M: usize, const N: usize>(a: &Matrix<M, N>) -> Matrix<N, M> {
    let mut out = [[0.0; M]; N];
    for (i, row) in a.iter().enumerate() {
        for (j, entry) in row.iter().enumerate() {
            out[j][i] = *entry;
        }
    }
    out
}

/// What a step of a filter reads.
#[derive(Clone, Copy)]
pub struct Step {
    /// The state.
    pub x: [f64; 6],
    /// Its covariance.
    pub p: Matrix<6, 6>,
    /// What the state becomes.
    pub f: Matrix<6, 6>,
    /// What of it is measured.
    pub h: Matrix<2, 6>,
    /// The covariance of the motion.
    pub q: Matrix<6, 6>,
    /// The covariance of the measurement.
    pub r: Matrix<2, 2>,
    /// The measurement.
    pub z: [f64; 2],
}

/// The state and its covariance after a step.
#[inline]
pub fn kalman(step: &Step) -> ([f64; 6], Matrix<6, 6>) {
    let Step { x, p, f, h, q, r, z } = step;
    let dot = |row: &[f64; 6], x: &[f64; 6]| row.iter().zip(x).map(|(a, b)| a * b).sum::<f64>();
    let mut state = f.map(|row| dot(&row, x));
    let mut spread = product(&product(f, p), &transposed(f));
    for (row, q) in spread.iter_mut().zip(q) {
        row.iter_mut().zip(q).for_each(|(entry, q)| *entry += q);
    }
    let gain = product(&spread, &transposed(h));
    let mut s = product(h, &gain);
    for (row, r) in s.iter_mut().zip(r) {
        row.iter_mut().zip(r).for_each(|(entry, r)| *entry += r);
    }
    let scale = 1.0 / (s[0][0] * s[1][1] - s[0][1] * s[1][0]);
    let inverse = [[s[1][1] * scale, -s[0][1] * scale], [-s[1][0] * scale, s[0][0] * scale]];
    let k = product(&gain, &inverse);
    let off = [z[0] - dot(&h[0], &state), z[1] - dot(&h[1], &state)];
    let mut covariance = spread;
    for i in 0..6 {
        state[i] += k[i][0] * off[0] + k[i][1] * off[1];
        for j in 0..6 {
            covariance[i][j] -= k[i][0] * gain[j][0] + k[i][1] * gain[j][1];
        }
    }
    (state, covariance)
}
