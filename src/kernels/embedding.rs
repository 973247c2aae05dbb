//! Token embedding plus position: x_i = E[id_i] + c·P_i.

use super::Real;
use super::dropout::Mask;
use super::parallel::for_each_block;

/// c·P for positions 0..seq_len, (seq_len, dim): P_i[2j] = sin(i·r_j), P_i[2j+1] = cos(i·r_j),
/// r_j = 10000^(-2j/D) (Vaswani et al. 2017), in float64.
pub fn positions(first: usize, seq_len: usize, dim: usize, scale: f64) -> Vec<f64> {
    let mut table = Vec::with_capacity(seq_len * dim);
    for i in first..first + seq_len {
        for j in 0..dim / 2 {
            let angle = i as f64 * libm::pow(10_000.0, -2.0 * j as f64 / dim as f64);
            table.extend([scale * libm::sin(angle), scale * libm::cos(angle)]);
        }
    }
    table
}

/// `ids`: (rows); `table`: (vocab, dim); `positions`: (seq_len, dim); `y`: (rows, dim).
pub fn embed<T: Real>(
    ids: &[i32],
    table: &[T],
    positions: &[T],
    y: &mut [T],
    dim: usize,
    mask: Mask<T>,
) {
    let seq_len = positions.len() / dim;
    for_each_block(ids.len(), 64, [(y, dim)], |first, [y]| {
        for (r, y) in y.chunks_exact_mut(dim).enumerate() {
            let row = first + r;
            let token = &table[ids[row] as usize * dim..][..dim];
            let position = &positions[row % seq_len * dim..][..dim];
            for i in 0..dim {
                y[i] = (token[i] + position[i]) * mask.at(row * dim + i);
            }
        }
    });
}

/// Adds to `dtable` (vocab, dim), in the order of the rows, so that equal runs give equal bits; and to
/// `dpositions` (seq_len, dim) where the positions are learned.
pub fn embed_backward<T: Real>(
    ids: &[i32],
    dy: &[T],
    dtable: &mut [T],
    mut dpositions: Option<&mut [T]>,
    dim: usize,
    mask: Mask<T>,
) {
    for (row, id) in ids.iter().enumerate() {
        let d = &mut dtable[*id as usize * dim..][..dim];
        for i in 0..dim {
            d[i] += dy[row * dim + i] * mask.at(row * dim + i);
        }
        if let Some(d) = &mut dpositions {
            let seq_len = d.len() / dim;
            let d = &mut d[row % seq_len * dim..][..dim];
            for i in 0..dim {
                d[i] += dy[row * dim + i] * mask.at(row * dim + i);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::dropout::DropoutSite;
    use crate::kernels::testing::{check_gradient, dot, normals};

    #[test]
    fn backward_matches_finite_differences() {
        let (ids, vocab, dim) = ([2, 0, 2, 3], 4, 6);
        let table = normals(1, vocab * dim);
        let dy = normals(2, ids.len() * dim);
        let places = positions(0, 2, dim, 0.5);
        let site = DropoutSite {
            probability: 0.4,
            site: 3,
        };
        let mask = Mask::new(Some(site), 5);
        let (mut d, mut dplaces) = (vec![0.0; table.len()], vec![1.0; places.len()]);
        embed_backward(&ids, &dy, &mut d, Some(&mut dplaces), dim, mask);
        let run = |table: &[f64], places: &[f64]| {
            let mut y = vec![f64::NAN; dy.len()];
            embed(&ids, table, places, &mut y, dim, mask);
            dot(&y, &dy)
        };
        check_gradient("table", &table, &d, |table| run(table, &places));
        // It adds.
        dplaces.iter_mut().for_each(|d| *d -= 1.0);
        check_gradient("positions", &places, &dplaces, |places| run(&table, places));
        let mut alone = vec![0.0; table.len()];
        embed_backward(&ids, &dy, &mut alone, None, dim, mask);
        assert_eq!(alone, d);
    }

    #[test]
    fn positions_are_sines_and_cosines() {
        let p = positions(0, 3, 4, 1.0);
        assert_eq!(p[..4], [0.0, 1.0, 0.0, 1.0]);
        assert!((p[8] - 2f64.sin()).abs() < 1e-15 && (p[11] - 0.02f64.cos()).abs() < 1e-15);
        assert_eq!(positions(2, 1, 4, 1.0), p[8..]);
    }
}
