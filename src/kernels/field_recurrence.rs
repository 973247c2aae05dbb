//! The convolution of `field_convolution` as the recurrence that it is: a wave is turned, takes a
//! token's deposit, and is listened to. Exact over any length, in O(N), with nothing padded.
//!
//! With z and c of [`super::wave_rotation::Rotation`], z^Δ for the cells Δ from the last token's wave to a token's first
//! cell, and l and u the parts of its deposit q on that cell and on the next:
//!
//! a = z^Δ·v' + l·q;  v = z·a + u·q;  y = l·Re(c·a) + u·Re(c·v)
//!
//! with v' the v of the token before, and v = a where u is 0. Backward the same runs from the last
//! token to the first, with the adjoints A and V of a and v and the output's gradient g:
//!
//! V = z^Δ'·A' + u·g;  A = z·V + l·g;  dq = Re(c·(l·A + u·V))
//!
//! where A' and Δ' are the next token's, and on the way C += g·(l·a + u·v) and
//! B += Δ·A·(z^Δ·v') + V·(z·a), from which [`super::wave_rotation`] has the gradients of the waves. The
//! waves that this takes are kept at the beginnings of blocks and computed again from there.
//!
//! Float32 holds z to 24 bits, and after a thousand turns that would show. So a block's last wave is
//! corrected by what its first one has drifted.
//!
//! The WGSL twin (`field_recurrence.wgsl`, `field_way.wgsl`) has blocks that run at once, carries waves between them
//! by powers of z, and finds C and B on the way back alone.

mod turn;
mod way;

use super::Real;
use super::field_convolution::Geometry;
use super::parallel::for_each_block;
use super::wave_rotation::{ROTATION_GRADIENT, Travel};
use turn::plus_turned;
use way::{Column, Way};

/// Channels that are turned at once: with what turns them, what the registers hold.
const CHANNELS: usize = if cfg!(target_arch = "wasm32") { 8 } else { 32 };
/// Tokens of a block.
const BLOCK: usize = 16;

type Lanes<T> = [T; CHANNELS];
/// A complex number for each of some channels: real parts, imaginary parts.
type Waves<T> = [Lanes<T>; 2];

impl Geometry {
    /// Whether a recurrence computes what its waves do: no token hears a later one.
    pub fn recurs(&self) -> bool {
        !self.circular
            && self
                .distances()
                .all(|distance| distance.is_some_and(|cells| cells > 0))
    }

    /// What the rotations of its heads depend on.
    ///
    /// # Panics
    /// When it has no recurrence.
    pub fn travel(&self) -> Travel {
        assert!(
            self.recurs(),
            "tokens that hear later ones have no recurrence"
        );
        Travel {
            field_size: self.taps.field_size,
            least: match self.places.is_empty() {
                true => self.taps.step.saturating_sub(1),
                false => self.distances().flatten().min().unwrap_or(0),
            },
        }
    }

    /// Cells from the last cell of each token to the first of the next, where tokens lie between
    /// cells; none where that comes before.
    fn distances(&self) -> impl Iterator<Item = Option<usize>> {
        let pairs = self.places.windows(2).map(|pair| (pair[0], pair[1].0));
        pairs.map(|((cell, fraction), next)| next.checked_sub(last_cell(cell, fraction)))
    }
}

/// The last cell that takes some of a token's deposit.
fn last_cell(cell: usize, fraction: f64) -> usize {
    cell + usize::from(fraction > 0.0)
}

/// Where a column's rows of a block are read: in place, or in `room` where the column is not full.
fn rows<'a, T: Real>(
    column: &Column<T>,
    x: &'a [T],
    dim: usize,
    room: &'a mut [Lanes<T>; BLOCK],
) -> (&'a [T], usize) {
    if column.width == CHANNELS {
        return (&x[column.channel..], dim);
    }
    for (row, x) in room.iter_mut().zip(x.chunks_exact(dim)) {
        row[..column.width].copy_from_slice(&x[column.channel..][..column.width]);
    }
    (room.as_flattened(), CHANNELS)
}

/// Calls `write` with where a column's rows of a block are written.
fn write_rows<T: Real, R>(
    column: &Column<T>,
    y: &mut [T],
    dim: usize,
    write: impl FnOnce(&mut [T], usize) -> R,
) -> R {
    if column.width == CHANNELS {
        return write(&mut y[column.channel..], dim);
    }
    let mut room = [[T::zero(); CHANNELS]; BLOCK];
    let result = write(room.as_flattened_mut(), CHANNELS);
    for (row, y) in room.iter().zip(y.chunks_exact_mut(dim)) {
        y[column.channel..][..column.width].copy_from_slice(&row[..column.width]);
    }
    result
}

/// Overwrites `y`. `deposits`, `y`: (batch, seq_len, D); `rotations`: (heads, ROTATION).
///
/// # Panics
/// When the geometry has no recurrence.
pub fn field_recurrence<T: Real>(g: &Geometry, deposits: &[T], rotations: &[T], y: &mut [T]) {
    let way = Way::new(g, rotations);
    let dim = g.heads * g.head_dim;
    let sequence = g.seq_len * dim;
    let zero = [[T::zero(); CHANNELS]; 2];
    for_each_block(g.batch, 1, [(y, sequence)], |b, [y]| {
        let mut room = [zero[0]; BLOCK];
        let mut waves = vec![zero; way.columns.len()];
        let blocks = deposits[b * sequence..][..sequence]
            .chunks(BLOCK * dim)
            .zip(y.chunks_mut(BLOCK * dim));
        for ((block, steps), (x, y)) in way.blocks().zip(blocks) {
            for (column, wave) in way.columns.iter().zip(&mut waves) {
                let (x, stride) = rows(column, x, dim, &mut room);
                let start = *wave;
                write_rows(column, y, dim, |y, _| match way.between {
                    true => column.hear::<true>(steps, wave, x, y, stride),
                    false => column.hear::<false>(steps, wave, x, y, stride),
                });
                *wave = plus_turned(column.drift(block), &start, *wave);
            }
        }
    });
}

/// Overwrites `ddeposits` (batch, seq_len, D) and `drotations` (heads, ROTATION_GRADIENT).
///
/// # Panics
/// When the geometry has no recurrence.
pub fn field_recurrence_backward<T: Real>(
    g: &Geometry,
    deposits: &[T],
    rotations: &[T],
    dy: &[T],
    ddeposits: &mut [T],
    drotations: &mut [T],
) {
    let way = Way::new(g, rotations);
    let dim = g.heads * g.head_dim;
    let sequence = g.seq_len * dim;
    let width = g.heads * ROTATION_GRADIENT;
    let mut sums = vec![0.0f64; g.batch * width];
    // Sums are of float64, whatever T is; both outputs are cut by sequence all the same.
    let mut pieces: Vec<(&mut [T], &mut [f64])> = ddeposits
        .chunks_exact_mut(sequence)
        .zip(sums.chunks_exact_mut(width))
        .collect();
    for_each_block(g.batch, 1, [(&mut pieces, 1)], |b, [piece]| {
        let (dx, sums) = &mut piece[0];
        let at = b * sequence..(b + 1) * sequence;
        way.back(g, [&deposits[at.clone()], &dy[at]], dx, sums);
    });
    drop(pieces);
    for (i, total) in drotations.iter_mut().enumerate() {
        *total = T::of(sums.iter().skip(i).step_by(width).sum());
    }
}

impl<T: Real> Way<T> {
    /// One sequence's way back; adds to `sums` (heads, ROTATION_GRADIENT).
    fn back(&self, g: &Geometry, [x, dy]: [&[T]; 2], dx: &mut [T], sums: &mut [f64]) {
        let dim = g.heads * g.head_dim;
        let zero = [[T::zero(); CHANNELS]; 2];
        let [mut room, mut dy_room] = [[zero[0]; BLOCK]; 2];
        let columns = self.columns.len();
        // The waves at the beginning of each block, (blocks, columns).
        let mut starts = vec![zero; columns];
        for ((block, steps), x) in self.blocks().zip(x.chunks(BLOCK * dim)) {
            let first = starts.len() - columns;
            if steps.len() < BLOCK {
                break;
            }
            for (i, column) in self.columns.iter().enumerate() {
                let (x, stride) = rows(column, x, dim, &mut room);
                let start = starts[first + i];
                let mut wave = start;
                match self.between {
                    true => column.pass::<true>(steps, &mut wave, x, stride),
                    false => column.pass::<false>(steps, &mut wave, x, stride),
                }
                starts.push(plus_turned(column.drift(block), &start, wave));
            }
        }
        let mut adjoints = vec![zero; columns];
        let mut arrived = [zero; BLOCK];
        let blocks = self.blocks().rev().zip(
            (x.chunks(BLOCK * dim).rev())
                .zip(dy.chunks(BLOCK * dim).rev())
                .zip(dx.chunks_mut(BLOCK * dim).rev()),
        );
        for ((block, steps), ((x, dy), dx)) in blocks {
            for (i, column) in self.columns.iter().enumerate() {
                let (x, stride) = rows(column, x, dim, &mut room);
                let (dy, _) = rows(column, dy, dim, &mut dy_room);
                let (start, adjoint) = (starts[block * columns + i], &mut adjoints[i]);
                let entering = *adjoint;
                let found = write_rows(column, dx, dim, |dx, _| match self.between {
                    true => {
                        column.arrivals::<true>(steps, start, x, stride, &mut arrived);
                        column.hear_back::<true>(steps, &arrived, adjoint, [x, dy], dx, stride)
                    }
                    false => {
                        column.arrivals::<false>(steps, start, x, stride, &mut arrived);
                        column.hear_back::<false>(steps, &arrived, adjoint, [x, dy], dx, stride)
                    }
                });
                *adjoint = plus_turned(column.drift(block), &entering, *adjoint);
                for (lane, channel) in (column.channel..column.channel + column.width).enumerate() {
                    let head = channel / g.head_dim;
                    for (k, part) in found.iter().enumerate() {
                        sums[head * ROTATION_GRADIENT + k] += part[lane].wide();
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
