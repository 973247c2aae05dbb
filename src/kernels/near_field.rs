//! The near field: what a token and the three before it are, mixed channel by channel,
//! y_t = Σ_j w_j ∘ x_(t-3+j) for j = 0..=3, with nothing before the first token of a sequence. It is a causal
//! convolution over the tokens, each channel with a short kernel of its own.

use super::Real;
use super::parallel::{for_each_block, reduce_blocks};
use crate::config::NEAR_FIELD;

const BLOCK: usize = 64;

/// The weights (dim, NEAR_FIELD), with each tap's together: (NEAR_FIELD, dim).
fn taps<T: Real>(weight: &[T]) -> Vec<T> {
    let tap = |j| weight.iter().skip(j).step_by(NEAR_FIELD).copied();
    (0..NEAR_FIELD).flat_map(tap).collect()
}

/// `x`, `y`: (rows, dim), sequences of `seq_len` rows; `weight`: (dim, NEAR_FIELD). Overwrites `y`.
pub fn near_field<T: Real>(x: &[T], weight: &[T], y: &mut [T], seq_len: usize) {
    let dim = weight.len() / NEAR_FIELD;
    let taps = taps(weight);
    for_each_block(x.len() / dim, BLOCK, [(y, dim)], |first, [y]| {
        for (r, y) in y.chunks_exact_mut(dim).enumerate() {
            y.fill(T::zero());
            let row = first + r;
            for (tap, w) in taps.chunks_exact(dim).enumerate() {
                let back = NEAR_FIELD - 1 - tap;
                if back <= row % seq_len {
                    add_product(y, w, &x[(row - back) * dim..][..dim]);
                }
            }
        }
    });
}

/// Adds to `dx` (rows, dim) and `dweight` (dim, NEAR_FIELD).
pub fn near_field_backward<T: Real>(
    x: &[T],
    weight: &[T],
    dy: &[T],
    dx: &mut [T],
    dweight: &mut [T],
    seq_len: usize,
) {
    let dim = weight.len() / NEAR_FIELD;
    let rows = x.len() / dim;
    let taps = taps(weight);
    for_each_block(rows, BLOCK, [(dx, dim)], |first, [dx]| {
        for (r, dx) in dx.chunks_exact_mut(dim).enumerate() {
            let row = first + r;
            for (tap, w) in taps.chunks_exact(dim).enumerate() {
                let on = NEAR_FIELD - 1 - tap;
                if row % seq_len + on < seq_len {
                    add_product(dx, w, &dy[(row + on) * dim..][..dim]);
                }
            }
        }
    });
    let mut sums = vec![T::zero(); NEAR_FIELD * dim];
    reduce_blocks(rows, BLOCK * 4, &mut sums, |first, count, sums| {
        for row in first..first + count {
            for (tap, sums) in sums.chunks_exact_mut(dim).enumerate() {
                let back = NEAR_FIELD - 1 - tap;
                if back <= row % seq_len {
                    let x = &x[(row - back) * dim..][..dim];
                    add_product(sums, x, &dy[row * dim..][..dim]);
                }
            }
        }
    });
    for (c, dweight) in dweight.chunks_exact_mut(NEAR_FIELD).enumerate() {
        for (tap, dweight) in dweight.iter_mut().enumerate() {
            *dweight += sums[tap * dim + c];
        }
    }
}

/// sum += a ∘ b.
fn add_product<T: Real>(sum: &mut [T], a: &[T], b: &[T]) {
    for ((sum, a), b) in sum.iter_mut().zip(a).zip(b) {
        *sum += *a * *b;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::{check_gradient, dot, normals};

    const SEQ_LEN: usize = 70;
    const DIM: usize = 5;

    #[test]
    fn a_sequence_hears_nothing_of_the_one_before() {
        let x = normals(1, 2 * SEQ_LEN * DIM);
        let weight = normals(2, DIM * NEAR_FIELD);
        let mut both = vec![f64::NAN; x.len()];
        near_field(&x, &weight, &mut both, SEQ_LEN);
        for (x, both) in x.chunks(SEQ_LEN * DIM).zip(both.chunks(SEQ_LEN * DIM)) {
            for t in 0..SEQ_LEN {
                for c in 0..DIM {
                    let terms = (0..NEAR_FIELD).filter(|j| t + j >= 3);
                    let expected: f64 = terms
                        .map(|j| weight[c * NEAR_FIELD + j] * x[(t + j - 3) * DIM + c])
                        .sum();
                    assert!((both[t * DIM + c] - expected).abs() < 1e-12, "{t}, {c}");
                }
            }
        }
    }

    #[test]
    fn backward_matches_finite_differences() {
        let (seq_len, rows) = (3, 9);
        let (x, w) = (normals(1, rows * DIM), normals(2, DIM * NEAR_FIELD));
        let dy = normals(3, rows * DIM);
        let run = |x: &[f64], w: &[f64]| {
            let mut y = vec![f64::NAN; x.len()];
            near_field(x, w, &mut y, seq_len);
            dot(&y, &dy)
        };
        // Added to what is there.
        let (mut dx, mut dw) = (vec![0.5; x.len()], vec![-0.25; w.len()]);
        near_field_backward(&x, &w, &dy, &mut dx, &mut dw, seq_len);
        dx.iter_mut().for_each(|x| *x -= 0.5);
        dw.iter_mut().for_each(|x| *x += 0.25);
        check_gradient("x", &x, &dx, |x| run(x, &w));
        check_gradient("weight", &w, &dw, |w| run(&x, w));
        // Sequences of several blocks, against the sum of the parts.
        let x = normals(4, 2 * SEQ_LEN * DIM);
        let dy = normals(5, x.len());
        let (mut dx, mut dw) = (vec![0.0; x.len()], vec![0.0; w.len()]);
        near_field_backward(&x, &w, &dy, &mut dx, &mut dw, SEQ_LEN);
        let run = |x: &[f64], w: &[f64]| {
            let mut y = vec![f64::NAN; x.len()];
            near_field(x, w, &mut y, SEQ_LEN);
            dot(&y, &dy)
        };
        check_gradient("a longer x", &x, &dx, |x| run(x, &w));
        check_gradient("its weight", &w, &dw, |w| run(&x, w));
    }
}
