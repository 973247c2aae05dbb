//! The field: scatter the deposits on it, convolve it with each head's kernel, gather from it.
//!
//! The convolution is causal and linear (zero-padded to at least twice the line, so that nothing
//! wraps around), by FFT. A [`Geometry::circular`] field is there to show why: its waves run off the
//! end and come in again at the beginning. Two real channels make one complex line, z = a + i·b: a real kernel keeps
//! them apart. Where the stride is a whole number of cells only the tokens' own cells matter, and
//! the line is the tokens themselves; otherwise it is the field's cells.

use super::Real;
use super::parallel::for_each_block;
pub use super::transforms::Transforms;
use super::transforms::{Direction, zero};
use super::wave_kernel::Taps;
use crate::config::ModelConfig;
use rustfft::num_complex::Complex;

/// How the tokens of one batch lie on the field.
#[derive(Debug, Clone, PartialEq)]
pub struct Geometry {
    pub batch: usize,
    pub seq_len: usize,
    pub heads: usize,
    pub head_dim: usize,
    /// The kernel values that the line needs; their count is the line's length.
    pub taps: Taps,
    /// Each token's cell and the fraction that it puts on the next; empty where every token has a
    /// place of its own on the line.
    pub places: Vec<(usize, f64)>,
    /// The field is closed to a ring, so that a token hears later ones. Only for models that are made
    /// to leak ([`crate::model::Leak`]), and only on the CPU.
    pub circular: bool,
}

impl Geometry {
    /// The geometry of `batch` sequences of `seq_len` tokens.
    ///
    /// # Panics
    /// When the sequence is longer than the context.
    pub fn new(config: &ModelConfig, batch: usize, seq_len: usize) -> Self {
        assert!(
            seq_len <= config.max_seq_len,
            "{seq_len} tokens do not fit on the field"
        );
        let places = match config.integer_stride() {
            Some(_) => Vec::new(),
            None => (0..seq_len)
                .map(|i| config.position(i))
                .map(|p| (p.cell, p.fraction))
                .collect(),
        };
        let taps = Self::taps(config, seq_len);
        Geometry {
            batch,
            seq_len,
            heads: config.num_heads,
            head_dim: config.head_dim(),
            taps,
            places,
            circular: false,
        }
    }

    /// The kernel values that a sequence of so many tokens needs, where the field is open.
    pub fn taps(config: &ModelConfig, seq_len: usize) -> Taps {
        let field_size = config.field_size;
        match config.integer_stride() {
            Some(step) => Taps {
                field_size,
                step,
                count: seq_len,
            },
            None => {
                let last = seq_len.checked_sub(1).map(|i| config.position(i).cell + 2);
                Taps {
                    field_size,
                    step: 1,
                    count: last.unwrap_or(0).min(field_size),
                }
            }
        }
    }

    /// The same tokens on a field that is closed to a ring. Its length counts, and not only the part
    /// that the tokens reach: the line is every cell of it.
    pub(crate) fn closed(config: &ModelConfig, batch: usize, seq_len: usize) -> Self {
        let open = Self::new(config, batch, seq_len);
        let places = (0..seq_len).map(|i| config.position(i));
        let apart = config.field_size != config.max_seq_len;
        Geometry {
            taps: Taps {
                field_size: config.field_size,
                step: 1,
                count: config.field_size,
            },
            places: match apart {
                true => places.map(|p| (p.cell, p.fraction)).collect(),
                false => Vec::new(),
            },
            circular: true,
            ..open
        }
    }

    /// Points on the line.
    pub fn line(&self) -> usize {
        self.taps.count
    }

    /// The FFT's length: a power of two with room for the line twice; the line itself where it is
    /// closed to a ring.
    pub fn fft_len(&self) -> usize {
        match self.circular {
            true => self.line(),
            false => (2 * self.line()).next_power_of_two(),
        }
    }

    fn dim(&self) -> usize {
        self.heads * self.head_dim
    }
}

/// The spectrum of every head's kernel, (heads, fft_len), divided by the length once and for all.
fn spectra<T: Real>(
    geometry: &Geometry,
    transforms: &Transforms<T>,
    kernel: &[T],
) -> Vec<Complex<T>> {
    let len = geometry.fft_len();
    let scale = T::of(1.0 / len as f64);
    let mut spectra = vec![zero(); geometry.heads * len];
    for (line, kernel) in spectra
        .chunks_exact_mut(len)
        .zip(kernel.chunks_exact(geometry.line()))
    {
        for (point, k) in line.iter_mut().zip(kernel) {
            point.re = *k * scale;
        }
    }
    transforms.run(Direction::Forward, &mut spectra, &mut Vec::new());
    spectra
}

/// Reads one head of one sequence, (seq_len, dim) at `channel`, into zero-padded complex lines.
fn scatter<T: Real>(g: &Geometry, x: &[T], channel: usize, lines: &mut [Complex<T>]) {
    let (len, dim) = (g.fft_len(), g.dim());
    lines.fill(zero());
    for i in 0..g.seq_len {
        let row = &x[i * dim + channel..][..g.head_dim];
        let mut put = |point: usize, weight: T| {
            for (pair, line) in row.chunks(2).zip(lines.chunks_exact_mut(len)) {
                line[point].re += weight * pair[0];
                if let [_, b] = pair {
                    line[point].im += weight * *b;
                }
            }
        };
        match g.places.get(i) {
            None => put(i, T::one()),
            Some(&(cell, fraction)) => {
                put(cell, T::of(1.0 - fraction));
                if fraction > 0.0 {
                    put(cell + 1, T::of(fraction));
                }
            }
        }
    }
}

/// The transpose of [`scatter`]: overwrites one head of one sequence from the lines.
fn gather<T: Real>(g: &Geometry, lines: &[Complex<T>], channel: usize, y: &mut [T]) {
    let (len, dim) = (g.fft_len(), g.dim());
    for i in 0..g.seq_len {
        let row = &mut y[i * dim + channel..][..g.head_dim];
        for (pair, line) in row.chunks_mut(2).zip(lines.chunks_exact(len)) {
            let value = match g.places.get(i) {
                None => line[i],
                Some(&(cell, fraction)) if fraction > 0.0 => {
                    line[cell] * T::of(1.0 - fraction) + line[cell + 1] * T::of(fraction)
                }
                Some(&(cell, _)) => line[cell],
            };
            pair[0] = value.re;
            if let [_, b] = pair {
                *b = value.im;
            }
        }
    }
}

/// `deposits`, `y`: (batch, seq_len, D); `kernel`: (heads, taps).
pub fn field_convolution<T: Real>(
    g: &Geometry,
    transforms: &Transforms<T>,
    deposits: &[T],
    kernel: &[T],
    y: &mut [T],
) {
    let len = g.fft_len();
    let sequence = g.seq_len * g.dim();
    let spectra = spectra(g, transforms, kernel);
    for_each_block(g.batch, 1, [(y, sequence)], |b, [y]| {
        let mut lines = vec![zero(); g.head_dim.div_ceil(2) * len];
        let mut scratch = Vec::new();
        for head in 0..g.heads {
            let channel = head * g.head_dim;
            scatter(
                g,
                &deposits[b * sequence..][..sequence],
                channel,
                &mut lines,
            );
            transforms.run(Direction::Forward, &mut lines, &mut scratch);
            let spectrum = &spectra[head * len..][..len];
            for line in lines.chunks_exact_mut(len) {
                for (z, k) in line.iter_mut().zip(spectrum) {
                    *z = *z * *k;
                }
            }
            transforms.run(Direction::Inverse, &mut lines, &mut scratch);
            gather(g, &lines, channel, y);
        }
    });
}

/// Overwrites `ddeposits` (batch, seq_len, D) and `dkernel` (heads, taps).
///
/// Both are correlations: of the output's gradient with the kernel, and with the deposits.
pub fn field_convolution_backward<T: Real>(
    g: &Geometry,
    transforms: &Transforms<T>,
    deposits: &[T],
    kernel: &[T],
    dy: &[T],
    ddeposits: &mut [T],
    dkernel: &mut [T],
) {
    let len = g.fft_len();
    let sequence = g.seq_len * g.dim();
    let spectra = spectra(g, transforms, kernel);
    let mut correlations = vec![zero(); g.batch * g.heads * len];
    let width = g.heads * len;
    // `Complex` is not a `Real`; both outputs are cut by sequence all the same.
    let mut pieces: Vec<Piece<T>> = ddeposits
        .chunks_exact_mut(sequence)
        .zip(correlations.chunks_exact_mut(width))
        .collect();
    for_each_block(g.batch, 1, [(&mut pieces, 1)], |b, [piece]| {
        let (ddeposits, correlations) = &mut piece[0];
        let lines = g.head_dim.div_ceil(2) * len;
        let (mut q, mut d, mut scratch) = (vec![zero(); lines], vec![zero(); lines], Vec::new());
        for head in 0..g.heads {
            let channel = head * g.head_dim;
            scatter(g, &deposits[b * sequence..][..sequence], channel, &mut q);
            scatter(g, &dy[b * sequence..][..sequence], channel, &mut d);
            transforms.run(Direction::Forward, &mut q, &mut scratch);
            transforms.run(Direction::Forward, &mut d, &mut scratch);
            let spectrum = &spectra[head * len..][..len];
            let correlation = &mut correlations[head * len..][..len];
            for (q, d) in q.chunks_exact(len).zip(d.chunks_exact_mut(len)) {
                for i in 0..len {
                    let product = q[i].conj() * d[i];
                    correlation[i].re += product.re;
                    correlation[i].im += product.im;
                    d[i] = d[i] * spectrum[i].conj();
                }
            }
            transforms.run(Direction::Inverse, &mut d, &mut scratch);
            gather(g, &d, channel, ddeposits);
        }
    });
    drop(pieces);
    let scale = T::of(1.0 / len as f64);
    let mut scratch = Vec::new();
    for (head, dkernel) in dkernel.chunks_exact_mut(g.line()).enumerate() {
        let mut total = vec![zero(); len];
        for b in 0..g.batch {
            for (total, c) in total
                .iter_mut()
                .zip(&correlations[(b * g.heads + head) * len..])
            {
                *total = *total + *c;
            }
        }
        transforms.run(Direction::Inverse, &mut total, &mut scratch);
        for (d, point) in dkernel.iter_mut().zip(&total) {
            *d = point.re * scale;
        }
    }
}

/// One sequence's share of the backward's outputs: the deposits' gradient, the correlations.
type Piece<'a, T> = (&'a mut [T], &'a mut [Complex<T>]);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Architecture;
    use crate::kernels::testing::{check_gradient, dot, normals};

    type Shape = (usize, usize, usize, usize);

    fn config((field_size, max_seq_len, _, head_dim): Shape) -> ModelConfig {
        ModelConfig {
            architecture: Architecture::Wave,
            vocab_size: 2,
            embedding_dim: 2 * head_dim,
            num_layers: 1,
            num_heads: 2,
            ffn_dim: 4,
            field_size,
            max_seq_len,
            interference_interval: 1,
            position_scale: 1.0,
            ..ModelConfig::default()
        }
    }

    /// Every shape on an open field, and on one that is closed to a ring.
    fn geometries() -> impl Iterator<Item = Geometry> {
        SHAPES.into_iter().flat_map(|shape| {
            let config = config(shape);
            [
                Geometry::new(&config, 2, shape.2),
                Geometry::closed(&config, 2, shape.2),
            ]
        })
    }

    /// The definition: scatter on cells, Σ κ(t)·field(x - t), gather; every loop written out.
    fn direct(g: &Geometry, q: &[f64], cells: &[f64]) -> Vec<f64> {
        let (dim, stride) = (g.dim(), g.taps.step);
        let place = |i: usize| g.places.get(i).copied().unwrap_or((i * stride, 0.0));
        let mut y = vec![0.0; q.len()];
        for b in 0..g.batch {
            for channel in 0..dim {
                let at = |i: usize| b * g.seq_len * dim + i * dim + channel;
                let mut field = vec![0.0; g.taps.field_size + 1];
                for i in 0..g.seq_len {
                    let (cell, fraction) = place(i);
                    field[cell] += (1.0 - fraction) * q[at(i)];
                    field[cell + 1] += fraction * q[at(i)];
                }
                let kernel =
                    &cells[channel / g.head_dim * g.taps.field_size..][..g.taps.field_size];
                let cells = g.taps.field_size;
                let wave = |x: usize| -> f64 {
                    match g.circular {
                        true => (0..cells)
                            .map(|t| kernel[t] * field[(x + cells - t) % cells])
                            .sum(),
                        false => (0..=x.min(cells - 1))
                            .map(|t| kernel[t] * field[x - t])
                            .sum(),
                    }
                };
                for i in 0..g.seq_len {
                    let (cell, fraction) = place(i);
                    y[at(i)] = (1.0 - fraction) * wave(cell) + fraction * wave(cell + 1);
                }
            }
        }
        y
    }

    const SHAPES: [Shape; 6] = [
        (17, 17, 17, 4), // stride 1
        (64, 17, 12, 3), // stride 3.9375, an odd number of channels
        (64, 17, 17, 2), // up to the last cell
        (65, 17, 16, 1), // stride 4, one channel
        (33, 17, 1, 4),  // a single token
        (46, 17, 17, 4), // stride 2.8125
    ];

    #[test]
    fn equals_the_definition() {
        for g in geometries() {
            let field_size = g.taps.field_size;
            let q = normals(1, g.batch * g.seq_len * g.dim());
            let cells = normals(2, 2 * field_size);
            let kernel: Vec<f64> = (cells.chunks_exact(field_size))
                .flat_map(|c| c.iter().step_by(g.taps.step).take(g.line()).copied())
                .collect();
            let mut y = vec![f64::NAN; q.len()];
            field_convolution(&g, &Transforms::new(g.fft_len()), &q, &kernel, &mut y);
            for (i, (found, expected)) in y.iter().zip(direct(&g, &q, &cells)).enumerate() {
                assert!(
                    (found - expected).abs() < 1e-12,
                    "{g:?} [{i}]: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn backward_matches_finite_differences() {
        for g in geometries() {
            let transforms = Transforms::new(g.fft_len());
            let q = normals(1, g.batch * g.seq_len * g.dim());
            let (kernel, dy) = (normals(2, 2 * g.line()), normals(3, q.len()));
            let (mut dq, mut dk) = (vec![f64::NAN; q.len()], vec![f64::NAN; kernel.len()]);
            field_convolution_backward(&g, &transforms, &q, &kernel, &dy, &mut dq, &mut dk);
            let run = |q: &[f64], kernel: &[f64]| {
                let mut y = vec![f64::NAN; q.len()];
                field_convolution(&g, &transforms, q, kernel, &mut y);
                dot(&y, &dy)
            };
            check_gradient("deposits", &q, &dq, |q| run(q, &kernel));
            check_gradient("kernel", &kernel, &dk, |kernel| run(&q, kernel));
        }
    }
}
