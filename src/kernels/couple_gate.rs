//! Coupling and gate: y[t,i,c] = σ(g[t,i,c]) · Σ_h softmax(C[i,:])_h · r[t,h,c].
//!
//! Coupling mixes heads and gathering mixes cells, so they commute: coupling what was gathered
//! costs tokens, not cells.

use super::Real;
use super::layer_norm::{LANES, total};
use super::parallel::{for_each_block, reduce_blocks};

const BLOCK: usize = 64;

/// softmax of each row of a (heads, heads) matrix.
pub fn softmax_rows<T: Real>(coupling: &[T], heads: usize) -> Vec<T> {
    let mut result = coupling.to_vec();
    for row in result.chunks_exact_mut(heads) {
        let top = row.iter().fold(row[0], |a, b| if *b > a { *b } else { a });
        row.iter_mut().for_each(|x| *x = (*x - top).exp());
        let total = row.iter().fold(T::zero(), |a, b| a + *b);
        row.iter_mut().for_each(|x| *x = *x / total);
    }
    result
}

/// Σ_h weights[i,h]·r[h,:] into y[i,:] for every head i of one token.
#[inline(always)]
fn mix<T: Real>(weights: impl Fn(usize, usize) -> T, r: &[T], y: &mut [T], head_dim: usize) {
    let heads = r.len() / head_dim;
    for (i, y) in y.chunks_exact_mut(head_dim).enumerate() {
        let mut first = 0;
        for y in y.chunks_mut(LANES) {
            // A fixed width keeps the sums in registers while the heads pass by.
            let mut sums = [T::zero(); LANES];
            for h in 0..heads {
                let w = weights(i, h);
                let r = &r[h * head_dim + first..][..y.len()];
                if let Ok(r) = <&[T; LANES]>::try_from(r) {
                    for j in 0..LANES {
                        sums[j] += w * r[j];
                    }
                } else {
                    for (sum, r) in sums.iter_mut().zip(r) {
                        *sum += w * *r;
                    }
                }
            }
            y.copy_from_slice(&sums[..y.len()]);
            first += LANES;
        }
    }
}

/// Adds the products of two rows' elements to partial sums.
#[inline(always)]
fn add_products<T: Real>(a: &[T], b: &[T], sums: &mut [T; LANES]) {
    for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
        if let (Ok(a), Ok(b)) = (<&[T; LANES]>::try_from(a), <&[T; LANES]>::try_from(b)) {
            for j in 0..LANES {
                sums[j] += a[j] * b[j];
            }
        } else {
            for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
                *sum += *a * *b;
            }
        }
    }
}

/// `gathered`, `gate`, `y`: (rows, D); `coupling`: (heads, heads).
pub fn couple_gate<T: Real>(
    gathered: &[T],
    gate: &[T],
    coupling: &[T],
    y: &mut [T],
    heads: usize,
    head_dim: usize,
) {
    let dim = heads * head_dim;
    let weights = softmax_rows(coupling, heads);
    for_each_block(gathered.len() / dim, BLOCK, [(y, dim)], |first, [y]| {
        for (t, y) in y.chunks_exact_mut(dim).enumerate() {
            let row = (first + t) * dim..(first + t + 1) * dim;
            mix(
                |i, h| weights[i * heads + h],
                &gathered[row.clone()],
                y,
                head_dim,
            );
            for (y, g) in y.iter_mut().zip(&gate[row]) {
                *y *= g.sigmoid();
            }
        }
    });
}

/// Overwrites `dgathered` and `dgate` (rows, D); adds to `dcoupling` (heads, heads).
#[allow(clippy::too_many_arguments)]
pub fn couple_gate_backward<T: Real>(
    gathered: &[T],
    gate: &[T],
    coupling: &[T],
    dy: &[T],
    dgathered: &mut [T],
    dgate: &mut [T],
    dcoupling: &mut [T],
    heads: usize,
    head_dim: usize,
) {
    let dim = heads * head_dim;
    let rows = gathered.len() / dim;
    let weights = softmax_rows(coupling, heads);
    for_each_block(
        rows,
        BLOCK,
        [(dgathered, dim), (dgate, dim)],
        |first, [dr, dg]| {
            let mut dmixed = vec![T::zero(); dim];
            for (t, (dr, dg)) in dr
                .chunks_exact_mut(dim)
                .zip(dg.chunks_exact_mut(dim))
                .enumerate()
            {
                let row = (first + t) * dim..(first + t + 1) * dim;
                let (g, dy) = (&gate[row.clone()], &dy[row.clone()]);
                mix(|i, h| weights[i * heads + h], &gathered[row], dg, head_dim);
                for i in 0..dim {
                    let open = g[i].sigmoid();
                    dmixed[i] = dy[i] * open;
                    dg[i] *= dmixed[i] * (T::one() - open);
                }
                mix(|h, i| weights[i * heads + h], &dmixed, dr, head_dim);
            }
        },
    );
    let mut dweights = vec![T::zero(); heads * heads];
    reduce_blocks(rows, BLOCK * 4, &mut dweights, |first, count, dweights| {
        let mut dmixed = vec![T::zero(); dim];
        let mut sums = vec![[T::zero(); LANES]; heads * heads];
        for t in first..first + count {
            let row = t * dim..(t + 1) * dim;
            let (r, g, dy) = (&gathered[row.clone()], &gate[row.clone()], &dy[row]);
            for i in 0..dim {
                dmixed[i] = dy[i] * g[i].sigmoid();
            }
            for (i, sums) in sums.chunks_exact_mut(heads).enumerate() {
                let dmixed = &dmixed[i * head_dim..][..head_dim];
                for (r, sums) in r.chunks_exact(head_dim).zip(sums) {
                    add_products(dmixed, r, sums);
                }
            }
        }
        for (dweight, sums) in dweights.iter_mut().zip(sums) {
            *dweight = total(sums);
        }
    });
    // Through the softmax: dC = w ∘ (dw - Σ w·dw), row by row.
    for i in 0..heads {
        let row = i * heads..(i + 1) * heads;
        let (w, dw) = (&weights[row.clone()], &dweights[row.clone()]);
        let mean = w.iter().zip(dw).fold(T::zero(), |a, (w, dw)| a + *w * *dw);
        for (h, dc) in dcoupling[row].iter_mut().enumerate() {
            *dc += w[h] * (dw[h] - mean);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::{check_gradient, dot, normals};

    #[test]
    fn backward_matches_finite_differences() {
        let (rows, heads, head_dim) = (3, 3, 5);
        let dim = heads * head_dim;
        let (r, g, c) = (
            normals(1, rows * dim),
            normals(2, rows * dim),
            normals(3, heads * heads),
        );
        let dy = normals(4, rows * dim);
        let run = |r: &[f64], g: &[f64], c: &[f64]| {
            let mut y = vec![f64::NAN; rows * dim];
            couple_gate(r, g, c, &mut y, heads, head_dim);
            dot(&y, &dy)
        };
        let (mut dr, mut dg) = (vec![f64::NAN; rows * dim], vec![f64::NAN; rows * dim]);
        let mut dc = vec![0.0; heads * heads];
        couple_gate_backward(&r, &g, &c, &dy, &mut dr, &mut dg, &mut dc, heads, head_dim);
        check_gradient("gathered", &r, &dr, |r| run(r, &g, &c));
        check_gradient("gate", &g, &dg, |g| run(&r, g, &c));
        check_gradient("coupling", &c, &dc, |c| run(&r, &g, c));
    }
}
