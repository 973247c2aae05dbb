//! The way that waves go over the tokens, and what turns them, a few channels at a time.

use super::super::Real;
use super::super::field_convolution::Geometry;
use super::super::wave_rotation::{Complex, ROTATION, Rotation};
use super::{BLOCK, CHANNELS, Waves, last_cell};

/// A token's place on the way of the waves.
#[derive(Clone, Copy)]
pub(super) struct Step<T> {
    /// Which of [`Rotation::powers`] leads to it; the cells that it is.
    pub(super) power: usize,
    pub(super) cells: T,
    /// The parts of its deposit on its first cell and on the next.
    pub(super) lower: T,
    pub(super) upper: T,
}

/// The way of the waves, for all heads and sequences.
pub(super) struct Way<T> {
    pub(super) steps: Vec<Step<T>>,
    /// Some tokens lie between two cells.
    pub(super) between: bool,
    pub(super) columns: Vec<Column<T>>,
}

/// A few channels, of one head or several, and what turns their waves.
pub(super) struct Column<T> {
    pub(super) channel: usize,
    pub(super) width: usize,
    pub(super) powers: [Waves<T>; 3],
    pub(super) per_cell: Waves<T>,
    pub(super) listen: Waves<T>,
    /// For each block, how far a wave that stood at its beginning is off at its end.
    pub(super) drift: Vec<Waves<T>>,
}

impl<T: Real> Way<T> {
    pub(super) fn new(g: &Geometry, rotations: &[T]) -> Self {
        let least = g.travel().least;
        let mut last = None;
        let step = |i: usize| {
            let (cell, fraction) = g.places.get(i).copied().unwrap_or((i * g.taps.step, 0.0));
            let power = last.map_or(1, |last: usize| cell - last - least);
            last = Some(last_cell(cell, fraction));
            Step {
                power,
                cells: T::of((least + power) as f64),
                lower: T::of(1.0 - fraction),
                upper: T::of(fraction),
            }
        };
        let steps: Vec<_> = (0..g.seq_len).map(step).collect();
        let rotations: Vec<_> = (rotations.chunks_exact(ROTATION))
            .map(Rotation::read)
            .collect();
        let columns = (0..g.heads * g.head_dim)
            .step_by(CHANNELS)
            .map(|channel| Column::new(g, channel, &rotations, &steps))
            .collect();
        Way {
            between: steps.iter().any(|step| step.upper > T::zero()),
            steps,
            columns,
        }
    }

    pub(super) fn blocks(&self) -> impl DoubleEndedIterator<Item = (usize, &[Step<T>])> {
        self.steps.chunks(BLOCK).enumerate()
    }
}

/// z as T holds it.
pub(super) fn held<T: Real>(z: Complex) -> Complex {
    Complex {
        re: T::of(z.re).wide(),
        im: T::of(z.im).wide(),
    }
}

impl<T: Real> Column<T> {
    pub(super) fn new(
        g: &Geometry,
        channel: usize,
        rotations: &[Rotation],
        steps: &[Step<T>],
    ) -> Self {
        let width = CHANNELS.min(g.heads * g.head_dim - channel);
        let heads = channel / g.head_dim..(channel + width).div_ceil(g.head_dim);
        // A complex number of each head, spread over its channels; zeros where there are no more.
        let spread = |of: &dyn Fn(&Rotation) -> Complex| {
            let mut waves = [[T::zero(); CHANNELS]; 2];
            for head in heads.clone() {
                let z = of(&rotations[head]);
                let first = (head * g.head_dim).max(channel) - channel;
                let end = ((head + 1) * g.head_dim).min(channel + width) - channel;
                waves[0][first..end].fill(T::of(z.re));
                waves[1][first..end].fill(T::of(z.im));
            }
            waves
        };
        let drift = |block: &[Step<T>]| {
            spread(&|rotation| {
                let one = Complex { re: 1.0, im: 0.0 };
                let (mut right, mut found) = (one, one);
                let mut turn = |z: Complex| {
                    right = right.times(z);
                    found = found.times(held::<T>(z));
                };
                for step in block {
                    turn(rotation.powers[step.power]);
                    if step.upper > T::zero() {
                        turn(rotation.per_cell);
                    }
                }
                Complex {
                    re: right.re - found.re,
                    im: right.im - found.im,
                }
            })
        };
        // Where strides are whole every full block is alike, and none comes after one that is not full.
        let blocks = match g.places.is_empty() {
            true => 1,
            false => steps.len(),
        };
        Column {
            channel,
            width,
            powers: [0, 1, 2].map(|i| spread(&|rotation| rotation.powers[i])),
            per_cell: spread(&|rotation| rotation.per_cell),
            listen: spread(&|rotation| rotation.listen),
            drift: steps.chunks(BLOCK).take(blocks).map(drift).collect(),
        }
    }

    pub(super) fn drift(&self, block: usize) -> &Waves<T> {
        &self.drift[block % self.drift.len()]
    }
}
