//! The same with the types and operators of nalgebra.

use nalgebra::{Matrix2, Matrix2x3, Matrix2x6, Matrix6, Vector2, Vector3, Vector6};

/// The Jacobian of the position of an arm's end by its three angles.
#[inline]
pub fn arm(q: &Vector3<f64>) -> Matrix2x3<f64> {
    let (sin_a, cos_a) = q.x.sin_cos();
    let (sin_b, cos_b) = (q.x + q.y).sin_cos();
    let (sin_c, cos_c) = (q.x + q.y + q.z).sin_cos();
    let third = Vector2::new(-0.3 * sin_c, 0.3 * cos_c);
    let second = third + Vector2::new(-0.7 * sin_b, 0.7 * cos_b);
    let first = second + Vector2::new(-0.9 * sin_a, 0.9 * cos_a);
    Matrix2x3::from_columns(&[first, second, third])
}

/// What a step of a filter reads.
pub struct Step {
    /// The state.
    pub x: Vector6<f64>,
    /// Its covariance.
    pub p: Matrix6<f64>,
    /// What the state becomes.
    pub f: Matrix6<f64>,
    /// What of it is measured.
    pub h: Matrix2x6<f64>,
    /// The covariance of the motion.
    pub q: Matrix6<f64>,
    /// The covariance of the measurement.
    pub r: Matrix2<f64>,
    /// The measurement.
    pub z: Vector2<f64>,
}

/// The state and its covariance after a step.
#[inline]
pub fn kalman(step: &Step) -> (Vector6<f64>, Matrix6<f64>) {
    let Step { x, p, f, h, q, r, z } = step;
    let predicted = f * x;
    let spread = f * p * f.transpose() + q;
    let gain = spread * h.transpose();
    let s = h * gain + r;
    let scale = 1.0 / (s[(0, 0)] * s[(1, 1)] - s[(0, 1)] * s[(1, 0)]);
    let inverse = Matrix2::new(s[(1, 1)], -s[(0, 1)], -s[(1, 0)], s[(0, 0)]) * scale;
    let k = gain * inverse;
    (predicted + k * (z - h * predicted), spread - k * gain.transpose())
}
