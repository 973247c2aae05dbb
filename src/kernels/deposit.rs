//! What each token deposits on the field: its value, as loud as its key is long: q = v·‖k‖₂.

use super::Real;
use super::layer_norm::{sum, sum_pair};
use super::parallel::for_each_block;

const BLOCK: usize = 64;

/// `keys_values`: (rows, 2D), keys first; `deposits`: (rows, D). The norm is over each head's
/// `head_dim` channels.
pub fn deposit<T: Real>(keys_values: &[T], deposits: &mut [T], dim: usize, head_dim: usize) {
    let rows = deposits.len() / dim;
    for_each_block(rows, BLOCK, [(deposits, dim)], |first, [deposits]| {
        for (r, q) in deposits.chunks_exact_mut(dim).enumerate() {
            let (keys, values) = keys_values[(first + r) * 2 * dim..][..2 * dim].split_at(dim);
            for h in (0..dim).step_by(head_dim) {
                let norm = sum(&keys[h..h + head_dim], |k| k * k).sqrt();
                for i in h..h + head_dim {
                    q[i] = values[i] * norm;
                }
            }
        }
    });
}

/// Overwrites `dkeys_values` (rows, 2D). Where a key is zero its gradient is taken as zero.
pub fn deposit_backward<T: Real>(
    keys_values: &[T],
    ddeposits: &[T],
    dkeys_values: &mut [T],
    dim: usize,
    head_dim: usize,
) {
    let rows = ddeposits.len() / dim;
    for_each_block(rows, BLOCK, [(dkeys_values, 2 * dim)], |first, [d]| {
        for (r, d) in d.chunks_exact_mut(2 * dim).enumerate() {
            let (dkeys, dvalues) = d.split_at_mut(dim);
            let (keys, values) = keys_values[(first + r) * 2 * dim..][..2 * dim].split_at(dim);
            let dq = &ddeposits[(first + r) * dim..][..dim];
            for h in (0..dim).step_by(head_dim) {
                let head = h..h + head_dim;
                let norm = sum(&keys[head.clone()], |k| k * k).sqrt();
                let along = sum_pair(&dq[head.clone()], &values[head.clone()], |d, v| d * v);
                let inverse = if norm > T::zero() {
                    along / norm
                } else {
                    T::zero()
                };
                for i in head {
                    dvalues[i] = dq[i] * norm;
                    dkeys[i] = keys[i] * inverse;
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::{check_gradient, dot, normals};

    #[test]
    fn backward_matches_finite_differences() {
        let (rows, dim, head_dim) = (4, 15, 5);
        let (kv, dq) = (normals(1, rows * 2 * dim), normals(2, rows * dim));
        let mut d = vec![f64::NAN; kv.len()];
        deposit_backward(&kv, &dq, &mut d, dim, head_dim);
        check_gradient("keys and values", &kv, &d, |kv| {
            let mut q = vec![f64::NAN; rows * dim];
            deposit(kv, &mut q, dim, head_dim);
            dot(&q, &dq)
        });
    }

    #[test]
    fn a_silent_key_has_no_gradient() {
        let kv = [0.0f32, 0.0, 3.0, 4.0];
        let mut d = [f32::NAN; 4];
        deposit_backward(&kv, &[1.0, 1.0], &mut d, 2, 2);
        assert_eq!(d, [0.0; 4]);
    }
}
