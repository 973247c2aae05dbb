//! The convolution of `field_convolution` by its definition, y_i = Σ_{j≤i} κ(i-j)·q_j, in O(N²): what
//! the transforms are compared with. Nothing trains by it, so it has no backward.

use super::Real;
use super::field_convolution::Geometry;
use super::parallel::for_each_block;

/// Tokens that are summed at once: with the channels, what the registers hold.
const ROWS: usize = 8;
/// Channels that are summed at once.
const CHANNELS: usize = if cfg!(target_arch = "wasm32") { 4 } else { 16 };
/// Tokens of a thread's block.
const BLOCK: usize = 8 * ROWS;

/// `deposits`, `y`: (batch, seq_len, D); `kernel`: (heads, seq_len).
///
/// # Panics
/// When the tokens do not each have a place of their own on the line.
pub fn direct_convolution<T: Real>(g: &Geometry, deposits: &[T], kernel: &[T], y: &mut [T]) {
    assert!(
        g.places.is_empty() && g.line() == g.seq_len,
        "a token is a point of the line"
    );
    let dim = g.heads * g.head_dim;
    let chunks = g.head_dim.div_ceil(CHANNELS);
    let kernels: Vec<Vec<T>> = (kernel.chunks_exact(g.seq_len))
        .map(|kernel| {
            let mut padded = kernel.to_vec();
            padded.resize(g.seq_len.next_multiple_of(ROWS), T::zero());
            padded
        })
        .collect();
    let sequence = g.seq_len * dim;
    for (deposits, y) in deposits
        .chunks_exact(sequence)
        .zip(y.chunks_exact_mut(sequence))
    {
        let columns: Vec<_> = (0..g.heads * chunks)
            .map(|index| Column::of(deposits, g, index, chunks))
            .collect();
        for_each_block(g.seq_len, BLOCK, [(y, dim)], |first, [y]| {
            for column in &columns {
                for (at, rows) in y.chunks_mut(ROWS * dim).enumerate() {
                    let sums = column.sums(&kernels[column.head], first + at * ROWS);
                    for (row, sum) in rows.chunks_exact_mut(dim).zip(&sums) {
                        let row = &mut row[column.channel..][..column.width];
                        row.copy_from_slice(&sum[..column.width]);
                    }
                }
            }
        });
    }
}

/// A few channels of a head over a whole sequence, together; zeros where the head has no more.
struct Column<T> {
    head: usize,
    channel: usize,
    width: usize,
    rows: Vec<[T; CHANNELS]>,
}

impl<T: Real> Column<T> {
    fn of(deposits: &[T], g: &Geometry, index: usize, chunks: usize) -> Self {
        let (head, within) = (index / chunks, index % chunks * CHANNELS);
        let channel = head * g.head_dim + within;
        let width = CHANNELS.min(g.head_dim - within);
        let row = |row: &[T]| {
            let mut values = [T::zero(); CHANNELS];
            values[..width].copy_from_slice(&row[channel..][..width]);
            values
        };
        let mut rows: Vec<_> = deposits
            .chunks_exact(g.heads * g.head_dim)
            .map(row)
            .collect();
        rows.resize(g.seq_len.next_multiple_of(ROWS), [T::zero(); CHANNELS]);
        Column {
            head,
            channel,
            width,
            rows,
        }
    }

    /// The sums of tokens `first`.. .
    fn sums(&self, kernel: &[T], first: usize) -> [[T; CHANNELS]; ROWS] {
        let mut sums = self.shared_sums(kernel, first);
        // What only the later ones hear.
        for at in 1..ROWS {
            for (sum, k) in sums[at..].iter_mut().zip(kernel) {
                T::multiply_add(*k, &self.rows[first + at], sum);
            }
        }
        sums
    }

    /// What all of them hear: each deposit with the kernel at as many lags as there are tokens.
    ///
    /// Each sum has a name, and the function stands alone: as elements of an array that is indexed
    /// elsewhere they would live in memory, and take eighteen times as long.
    #[inline(never)]
    fn shared_sums(&self, kernel: &[T], first: usize) -> [[T; CHANNELS]; ROWS] {
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] =
            [[T::zero(); CHANNELS]; ROWS];
        let windows = kernel[..first + ROWS].windows(ROWS).rev();
        for (deposit, lags) in self.rows[..=first].iter().zip(windows) {
            let lags: &[T; ROWS] = lags.try_into().expect("a window is as long as asked for");
            T::multiply_add(lags[0], deposit, &mut a);
            T::multiply_add(lags[1], deposit, &mut b);
            T::multiply_add(lags[2], deposit, &mut c);
            T::multiply_add(lags[3], deposit, &mut d);
            T::multiply_add(lags[4], deposit, &mut e);
            T::multiply_add(lags[5], deposit, &mut f);
            T::multiply_add(lags[6], deposit, &mut g);
            T::multiply_add(lags[7], deposit, &mut h);
        }
        [a, b, c, d, e, f, g, h]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::field_convolution::{Transforms, field_convolution};
    use crate::kernels::testing::normals;
    use crate::kernels::wave_kernel::Taps;

    #[test]
    fn equals_the_one_by_transforms() {
        for (batch, seq_len, heads, head_dim) in [
            (2, 1, 1, 1),
            (1, 7, 2, 3),
            (2, 8, 1, 16),
            (1, 131, 3, 17),
            (1, 200, 2, 32),
        ] {
            let taps = Taps {
                field_size: seq_len,
                step: 1,
                count: seq_len,
            };
            let g = Geometry {
                batch,
                seq_len,
                heads,
                head_dim,
                taps,
                places: Vec::new(),
                circular: false,
            };
            let q = normals(1, batch * seq_len * heads * head_dim);
            let kernel = normals(2, heads * seq_len);
            let mut expected = vec![f64::NAN; q.len()];
            let transforms = Transforms::new(g.fft_len());
            field_convolution(&g, &transforms, &q, &kernel, &mut expected);
            let mut y = vec![f64::NAN; q.len()];
            direct_convolution(&g, &q, &kernel, &mut y);
            for (i, (found, expected)) in y.iter().zip(&expected).enumerate() {
                let off = (found - expected).abs();
                assert!(off < 1e-11, "{g:?} [{i}]: {found} {expected}");
            }
            // In float32 too, whose sums go another way in the browser.
            let narrow = |x: &[f64]| x.iter().map(|x| *x as f32).collect::<Vec<f32>>();
            let mut y = vec![f32::NAN; q.len()];
            direct_convolution(&g, &narrow(&q), &narrow(&kernel), &mut y);
            for (found, expected) in y.iter().zip(&expected) {
                let off = (f64::from(*found) - expected).abs();
                assert!(off < 1e-4, "{g:?} in float32: {found} {expected}");
            }
        }
    }
}
