//! The mean of every token so far: y_i = mean of x_j over j <= i, within each sequence.

use super::Real;
use super::parallel::for_each_block;

/// `x`, `y`: (batch, seq_len, dim).
pub fn prefix_mean<T: Real>(x: &[T], y: &mut [T], seq_len: usize, dim: usize) {
    let line = seq_len * dim;
    for_each_block(x.len() / line, 1, [(y, line)], |b, [y]| {
        let mut total = vec![T::zero(); dim];
        for (i, y) in y.chunks_exact_mut(dim).enumerate() {
            let scale = T::of(1.0 / (i + 1) as f64);
            for c in 0..dim {
                total[c] += x[b * line + i * dim + c];
                y[c] = total[c] * scale;
            }
        }
    });
}

/// Turns `d`, the gradient of the means, into that of the inputs: d_j ← Σ_{i >= j} d_i/(i+1).
pub fn prefix_mean_backward<T: Real>(d: &mut [T], seq_len: usize, dim: usize) {
    let line = seq_len * dim;
    for_each_block(d.len() / line, 1, [(d, line)], |_, [d]| {
        let mut total = vec![T::zero(); dim];
        for (i, d) in d.chunks_exact_mut(dim).enumerate().rev() {
            let scale = T::of(1.0 / (i + 1) as f64);
            for (total, d) in total.iter_mut().zip(d) {
                *total += *d * scale;
                *d = *total;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::{check_gradient, dot, normals};

    #[test]
    fn means_and_backward() {
        let mut y = [f64::NAN; 4];
        prefix_mean(&[1.0, 3.0, 10.0, 0.0], &mut y, 2, 1);
        assert_eq!(y, [1.0, 2.0, 10.0, 5.0]);
        let (seq_len, dim) = (7, 3);
        let (x, dy) = (normals(1, 2 * seq_len * dim), normals(2, 2 * seq_len * dim));
        let mut dx = dy.clone();
        prefix_mean_backward(&mut dx, seq_len, dim);
        check_gradient("x", &x, &dx, |x| {
            let mut y = vec![f64::NAN; x.len()];
            prefix_mean(x, &mut y, seq_len, dim);
            dot(&y, &dy)
        });
    }
}
