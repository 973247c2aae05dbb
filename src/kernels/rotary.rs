//! Rotary positions (Su et al. 2021): each pair of neighbouring channels (2j, 2j+1) of a head's queries and
//! keys is turned by the angle t·10000^(-2j/d), t being the token's place in its sequence. The product of a
//! query and a key then depends on how far apart they are, and on no place.

use super::Real;
use super::parallel::for_each_block;

const BLOCK: usize = 32;

/// Turns queries and keys in place, or back again, which is the backward. `qkv`: (rows, 3·D), each row its
/// query, key and value; `turns`: (seq_len, d), for each pair of channels the sine and the cosine of its
/// angle, as [`super::embedding::positions`] has them. Rows are whole sequences.
pub fn rotary<T: Real>(qkv: &mut [T], turns: &[T], seq_len: usize, heads: usize, back: bool) {
    let head_dim = turns.len() / seq_len;
    let width = 3 * heads * head_dim;
    let rows = qkv.len() / width;
    for_each_block(rows, BLOCK, [(qkv, width)], |first, [qkv]| {
        for (r, qkv) in qkv.chunks_exact_mut(width).enumerate() {
            let turns = &turns[(first + r) % seq_len * head_dim..][..head_dim];
            for head in qkv[..2 * heads * head_dim].chunks_exact_mut(head_dim) {
                for (pair, turn) in head.chunks_exact_mut(2).zip(turns.chunks_exact(2)) {
                    let (sin, cos) = (if back { -turn[0] } else { turn[0] }, turn[1]);
                    let (a, b) = (pair[0], pair[1]);
                    pair[0] = a * cos - b * sin;
                    pair[1] = a * sin + b * cos;
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::embedding::positions;
    use crate::kernels::testing::{check_gradient, dot, normals};

    const SEQ_LEN: usize = 37;
    const HEADS: usize = 3;
    const HEAD_DIM: usize = 4;

    #[test]
    fn products_depend_on_the_distance_alone_and_values_stay() {
        let turns = positions(0, SEQ_LEN, HEAD_DIM, 1.0);
        let row = normals(1, 3 * HEADS * HEAD_DIM);
        // The same token at every place of two sequences.
        let mut all: Vec<f64> = row
            .iter()
            .copied()
            .cycle()
            .take(2 * SEQ_LEN * row.len())
            .collect();
        rotary(&mut all, &turns, SEQ_LEN, HEADS, false);
        let dim = HEADS * HEAD_DIM;
        let part = |t: usize, part: usize, head: usize| {
            &all[t * row.len() + part * dim + head * HEAD_DIM..][..HEAD_DIM]
        };
        for head in 0..HEADS {
            for distance in [0, 1, 9] {
                let near = dot(part(distance, 0, head), part(0, 1, head));
                let far = dot(
                    part(SEQ_LEN - 1, 0, head),
                    part(SEQ_LEN - 1 - distance, 1, head),
                );
                assert!((near - far).abs() < 1e-12, "{near} and {far}");
            }
        }
        for t in [0, 1, SEQ_LEN, 2 * SEQ_LEN - 1] {
            assert_eq!(all[t * row.len() + 2 * dim..][..dim], row[2 * dim..]);
        }
        // The first token of either sequence stays as it is; the second turns its first pair by 1 radian.
        assert_eq!(all[..row.len()], row);
        assert_eq!(all[SEQ_LEN * row.len()..][..row.len()], row);
        let (a, b, at) = (row[0], row[1], row.len());
        assert!((all[at] - (a * 1f64.cos() - b * 1f64.sin())).abs() < 1e-15);
        assert!((all[at + 1] - (a * 1f64.sin() + b * 1f64.cos())).abs() < 1e-15);
    }

    #[test]
    fn the_way_back_is_the_backward() {
        let (seq_len, rows) = (3, 6);
        let turns = positions(0, seq_len, HEAD_DIM, 1.0);
        let x = normals(2, rows * 3 * HEADS * HEAD_DIM);
        let dy = normals(3, x.len());
        let mut dx = dy.clone();
        rotary(&mut dx, &turns, seq_len, HEADS, true);
        check_gradient("qkv", &x, &dx, |x| {
            let mut y = x.to_vec();
            rotary(&mut y, &turns, seq_len, HEADS, false);
            dot(&y, &dy)
        });
    }
}
