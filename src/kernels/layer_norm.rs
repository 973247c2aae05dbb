//! Layer normalisation over each row: y = (x - mean)/√(variance + 1e-5) · weight + bias.

use super::Real;
use super::parallel::{for_each_block, reduce_blocks};

/// Added to the variance, as in the release.
pub const EPSILON: f64 = 1e-5;
const BLOCK: usize = 64;

/// `x`, `y`: (rows, dim); `weight`, `bias`: (dim); `stats`: (rows, 2), mean and 1/deviation, which
/// the backward reads.
pub fn layer_norm<T: Real>(x: &[T], weight: &[T], bias: &[T], y: &mut [T], stats: &mut [T]) {
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
            let mean = sum(x, |x| x) * scale;
            let variance = sum(x, |x| (x - mean) * (x - mean)) * scale;
            let inverse = T::one() / (variance + T::of(EPSILON)).sqrt();
            stats.copy_from_slice(&[mean, inverse]);
            for i in 0..dim {
                y[i] = (x[i] - mean) * inverse * weight[i] + bias[i];
            }
        }
    });
}

/// Adds to `dx` (rows, dim), `dweight` and `dbias` (dim).
pub fn layer_norm_backward<T: Real>(
    x: &[T],
    weight: &[T],
    stats: &[T],
    dy: &[T],
    dx: &mut [T],
    dweight: &mut [T],
    dbias: &mut [T],
) {
    let dim = weight.len();
    let rows = x.len() / dim;
    let scale = T::of(1.0 / dim as f64);
    for_each_block(rows, BLOCK, [(dx, dim)], |first, [dx]| {
        for (r, dx) in dx.chunks_exact_mut(dim).enumerate() {
            let row = (first + r) * dim..(first + r + 1) * dim;
            let (x, dy) = (&x[row.clone()], &dy[row]);
            let (mean, inverse) = (stats[2 * (first + r)], stats[2 * (first + r) + 1]);
            let dnorm_mean = sum_pair(dy, weight, |dy, w| dy * w) * scale;
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
    for i in 0..dim {
        dweight[i] += sums[i];
        dbias[i] += sums[dim + i];
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
        let run = |x: &[f64], w: &[f64], b: &[f64]| {
            let (mut y, mut stats) = (vec![f64::NAN; rows * dim], vec![f64::NAN; rows * 2]);
            layer_norm(x, w, b, &mut y, &mut stats);
            (dot(&y, &dy), stats)
        };
        let stats = run(&x, &w, &b).1;
        let (mut dx, mut dw, mut db) = (vec![0.0; rows * dim], vec![0.0; dim], vec![0.0; dim]);
        layer_norm_backward(&x, &w, &stats, &dy, &mut dx, &mut dw, &mut db);
        check_gradient("x", &x, &dx, |x| run(x, &w, &b).0);
        check_gradient("weight", &w, &dw, |w| run(&x, w, &b).0);
        check_gradient("bias", &b, &db, |b| run(&x, &w, b).0);
    }
}
