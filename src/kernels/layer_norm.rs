//! Layer normalisation over each row: y = (x - mean)/√(variance + 1e-5) · weight + bias.
//!
//! Without a bias it is the RMS norm (Zhang and Sennrich 2019), which takes nothing off:
//! y = x/√(mean(x²) + 1e-5) · weight.

use super::Real;
use super::parallel::{for_each_block, reduce_blocks};

/// Added to the variance, as in the release.
pub const EPSILON: f64 = 1e-5;
const BLOCK: usize = 64;

/// `x`, `y`: (rows, dim); `weight`, `bias`: (dim); `stats`: (rows, 2), mean (0 without a bias) and
/// 1/deviation, which the backward reads.
pub fn layer_norm<T: Real>(
    x: &[T],
    weight: &[T],
    bias: Option<&[T]>,
    y: &mut [T],
    stats: &mut [T],
) {
    let dim = weight.len();
    let rows = x.len() / dim;
    let scale = T::of(1.0 / dim as f64);
    for_each_block(rows, BLOCK, [(y, dim), (stats, 2)], |first, [y, stats]| {
        let x = &x[first * dim..];
        for ((x, y), stats) in x
            .chunks_exact(dim)
            .zip(y.chunks_exact_mut(dim))
            .zip(stats.chunks_exact_mut(2))
        {
            let mean = match bias {
                Some(_) => sum(x, |x| x) * scale,
                None => T::zero(),
            };
            let variance = sum(x, |x| (x - mean) * (x - mean)) * scale;
            let inverse = T::one() / (variance + T::of(EPSILON)).sqrt();
            stats.copy_from_slice(&[mean, inverse]);
            match bias {
                Some(bias) => {
                    for i in 0..dim {
                        y[i] = (x[i] - mean) * inverse * weight[i] + bias[i];
                    }
                }
                None => {
                    for i in 0..dim {
                        y[i] = x[i] * inverse * weight[i];
                    }
                }
            }
        }
    });
}

/// Adds to `dx` (rows, dim), `dweight` and, where there is one, `dbias` (dim).
pub fn layer_norm_backward<T: Real>(
    x: &[T],
    weight: &[T],
    stats: &[T],
    dy: &[T],
    dx: &mut [T],
    dweight: &mut [T],
    dbias: Option<&mut [T]>,
) {
    let dim = weight.len();
    let rows = x.len() / dim;
    let scale = T::of(1.0 / dim as f64);
    let centred = dbias.is_some();
    for_each_block(rows, BLOCK, [(dx, dim)], |first, [dx]| {
        for (r, dx) in dx.chunks_exact_mut(dim).enumerate() {
            let row = (first + r) * dim..(first + r + 1) * dim;
            let (x, dy) = (&x[row.clone()], &dy[row]);
            let (mean, inverse) = (stats[2 * (first + r)], stats[2 * (first + r) + 1]);
            let dnorm_mean = match centred {
                true => sum_pair(dy, weight, |dy, w| dy * w) * scale,
                false => T::zero(),
            };
            let along = sum_rows([x, dy, weight], |[x, dy, w]| dy * w * (x - mean));
            let along = along * inverse * inverse * scale;
            for i in 0..dim {
                dx[i] += inverse * (dy[i] * weight[i] - dnorm_mean - (x[i] - mean) * along);
            }
        }
    });
    let mut sums = vec![T::zero(); 2 * dim];
    reduce_blocks(rows, BLOCK * 4, &mut sums, |first, count, sums| {
        let (dweight, dbias) = sums.split_at_mut(dim);
        for r in first..first + count {
            let row = r * dim..(r + 1) * dim;
            let (x, dy) = (&x[row.clone()], &dy[row]);
            let (mean, inverse) = (stats[2 * r], stats[2 * r + 1]);
            for i in 0..dim {
                dweight[i] += dy[i] * (x[i] - mean) * inverse;
                dbias[i] += dy[i];
            }
        }
    });
    let (weight_sums, bias_sums) = sums.split_at(dim);
    for i in 0..dim {
        dweight[i] += weight_sums[i];
    }
    if let Some(dbias) = dbias {
        for i in 0..dim {
            dbias[i] += bias_sums[i];
        }
    }
}

/// Independent partial sums, so that the additions vectorise.
pub(crate) const LANES: usize = 16;

/// The sum of partial sums, by halves.
#[inline(always)]
pub(crate) fn total<T: Real>(mut lanes: [T; LANES]) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for j in 0..half {
            lanes[j] += lanes[j + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// Σ f(xᵢ) in [`LANES`] partial sums.
#[inline(always)]
pub(crate) fn sum<T: Real>(x: &[T], f: impl Fn(T) -> T) -> T {
    sum_rows([x], |[x]| f(x))
}

/// Σ f(xᵢ, yᵢ) in [`LANES`] partial sums.
#[inline(always)]
pub(crate) fn sum_pair<T: Real>(x: &[T], y: &[T], f: impl Fn(T, T) -> T) -> T {
    sum_rows([x, y], |[x, y]| f(x, y))
}

/// Σ f(elements i of all rows) in [`LANES`] partial sums.
///
/// # Panics
/// When a row is shorter than the first.
#[inline(always)]
pub(crate) fn sum_rows<T: Real, const K: usize>(rows: [&[T]; K], f: impl Fn([T; K]) -> T) -> T {
    let n = rows[0].len();
    let whole = n - n % LANES;
    let mut lanes = [T::zero(); LANES];
    for first in (0..whole).step_by(LANES) {
        let rows = rows.map(|row| &row[first..first + LANES]);
        for j in 0..LANES {
            lanes[j] += f(rows.map(|row| row[j]));
        }
    }
    (whole..n).fold(total(lanes), |sum, i| sum + f(rows.map(|row| row[i])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::{check_gradient, dot, normals};

    #[test]
    fn backward_matches_finite_differences() {
        let (rows, dim) = (5, 19);
        let (x, w, b) = (normals(1, rows * dim), normals(2, dim), normals(3, dim));
        let dy = normals(4, rows * dim);
        let run = |x: &[f64], w: &[f64], b: Option<&[f64]>| {
            let (mut y, mut stats) = (vec![f64::NAN; rows * dim], vec![f64::NAN; rows * 2]);
            layer_norm(x, w, b, &mut y, &mut stats);
            (dot(&y, &dy), stats)
        };
        for bias in [Some(&b[..]), None] {
            let stats = run(&x, &w, bias).1;
            let (mut dx, mut dw, mut db) = (vec![0.0; rows * dim], vec![0.0; dim], vec![0.0; dim]);
            let dbias = bias.map(|_| &mut db[..]);
            layer_norm_backward(&x, &w, &stats, &dy, &mut dx, &mut dw, dbias);
            check_gradient("x", &x, &dx, |x| run(x, &w, bias).0);
            check_gradient("weight", &w, &dw, |w| run(&x, w, bias).0);
            if bias.is_some() {
                check_gradient("bias", &b, &db, |b| run(&x, &w, Some(b)).0);
            }
        }
    }

    #[test]
    fn without_a_bias_rows_have_a_root_mean_square_of_the_weight() {
        let (x, weight) = ([3.0f64, -4.0, 0.0, 0.0], [1.0, 2.0, 1.0, 1.0]);
        let (mut y, mut stats) = ([f64::NAN; 4], [f64::NAN; 2]);
        layer_norm(&x, &weight, None, &mut y, &mut stats);
        // mean(x²) is 6.25.
        let inverse = 1.0 / (6.25 + EPSILON).sqrt();
        assert_eq!(stats, [0.0, inverse]);
        for (y, expected) in y.iter().zip([3.0, -8.0, 0.0, 0.0]) {
            assert!((y - expected * inverse).abs() < 1e-15, "{y}");
        }
    }
}
