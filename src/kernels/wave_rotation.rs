//! Each head's kernel as the damped rotation that it is the real part of: what the recurrence of
//! [`field_recurrence`](super::field_recurrence) turns and listens by.
//!
//! κ(t) = Re(c·zᵗ), z = e^(-α+iω), c = gain·e^(iφ) / max(Σ|κ|, 1e-8).

use super::Real;
use super::wave_kernel::{Heads, SMALLEST_SUM, Wave};

/// A complex number in float64.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Complex {
    pub re: f64,
    pub im: f64,
}

impl Complex {
    /// size·e^(i·angle).
    pub fn polar(size: f64, angle: f64) -> Self {
        let (sin, cos) = libm::sincos(angle);
        Complex {
            re: size * cos,
            im: size * sin,
        }
    }

    #[inline(always)]
    pub fn times(self, other: Complex) -> Self {
        Complex {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }
}

/// What the powers and the norm of a rotation depend on, beside the wave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Travel {
    /// G: cells that the normalising sum runs over.
    pub field_size: usize,
    /// The smallest number of cells from the last cell of one token to the first of the next; one
    /// and two more occur too.
    pub least: usize,
}

/// One head's kernel as a rotation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rotation {
    /// ω, radians per cell. A GPU computes by what float32 holds of it, which is all of a parameter.
    pub frequency: f64,
    /// α per cell.
    pub damping: f64,
    /// z: what one cell does to a wave.
    pub per_cell: Complex,
    /// z^Δ for the distances Δ that occur between two tokens: the least, and one and two more.
    pub powers: [Complex; 3],
    /// c: the real part of its product with a wave is what is heard.
    pub listen: Complex,
}

/// Numbers that a rotation takes in a tensor: five complex ones as float32 holds them, frequency and
/// damping; and what float32 leaves over of the first ten.
pub const ROTATION: usize = NEAR + COMPLEX;
/// Those of them that a GPU writes and reads, which come first: it has no use for what is left over.
pub const NEAR: usize = COMPLEX + 2;
const COMPLEX: usize = 10;
/// Numbers of a rotation's gradient: see [`wave_rotation_backward`].
pub const ROTATION_GRADIENT: usize = 4;

impl Rotation {
    /// Of a wave that is multiplied by `gain`.
    pub fn new(wave: Wave, gain: f64, travel: Travel) -> Self {
        let power = |cells: usize| {
            let cells = cells as f64;
            Complex::polar(libm::exp(-wave.damping * cells), wave.frequency * cells)
        };
        let sum = wave.absolute_sum(travel.field_size);
        Rotation {
            frequency: wave.frequency,
            damping: wave.damping,
            per_cell: power(1),
            powers: [0, 1, 2].map(|more| power(travel.least + more)),
            listen: Complex::polar(gain / sum.max(SMALLEST_SUM), wave.phase),
        }
    }

    fn numbers(&self) -> [f64; COMPLEX] {
        let [a, b, c] = self.powers;
        let all = [self.per_cell, a, b, c, self.listen];
        std::array::from_fn(|i| match i % 2 {
            0 => all[i / 2].re,
            _ => all[i / 2].im,
        })
    }

    /// Writes it as [`Rotation::read`] reads it, (ROTATION).
    pub fn write<T: Real>(&self, row: &mut [T]) {
        let (near, left) = row.split_at_mut(NEAR);
        near[COMPLEX] = T::of(self.frequency);
        near[COMPLEX + 1] = T::of(self.damping);
        for ((near, left), x) in near.iter_mut().zip(left).zip(self.numbers()) {
            *near = T::of(x);
            *left = T::of(x - near.wide());
        }
    }

    /// Reads what [`wave_rotation`] wrote, (ROTATION), its complex numbers to 48 bits at least.
    pub fn read<T: Real>(row: &[T]) -> Self {
        let (near, left) = row.split_at(NEAR);
        let number = |i: usize| near[i].wide() + left[i].wide();
        let complex = |i: usize| Complex {
            re: number(2 * i),
            im: number(2 * i + 1),
        };
        Rotation {
            frequency: near[COMPLEX].wide(),
            damping: near[COMPLEX + 1].wide(),
            per_cell: complex(0),
            powers: [complex(1), complex(2), complex(3)],
            listen: complex(4),
        }
    }
}

/// Overwrites `rotations` (heads, ROTATION).
pub fn wave_rotation<T: Real>(heads: Heads<T>, travel: Travel, rotations: &mut [T]) {
    for (head, row) in rotations.chunks_exact_mut(ROTATION).enumerate() {
        Rotation::new(heads.wave(head), heads.gain[head].wide(), travel).write(row);
    }
}

/// `drotations`: (heads, 4), for each head C and B as (real, imaginary): C = Σ_t dκ(t)·zᵗ and
/// B = Σ_t t·dκ(t)·zᵗ, where dκ is the gradient of a kernel that is Re(zᵗ). Adds to the three
/// parameters' gradients, (heads) each.
pub fn wave_rotation_backward<T: Real>(
    heads: Heads<T>,
    travel: Travel,
    drotations: &[T],
    dfrequency: &mut [T],
    ddamping: &mut [T],
    dphase: &mut [T],
) {
    for (head, row) in drotations.chunks_exact(ROTATION_GRADIENT).enumerate() {
        let wave = heads.wave(head);
        let sum = wave.absolute_sum(travel.field_size);
        let divisor = sum.max(SMALLEST_SUM);
        let listen = Complex::polar(heads.gain[head].wide() / divisor, wave.phase);
        let complex = |at: usize| Complex {
            re: row[at].wide(),
            im: row[at + 1].wide(),
        };
        let (heard, delayed) = (listen.times(complex(0)), listen.times(complex(2)));
        let (mut dw, mut da, mut dp) = (-delayed.im, -delayed.re, -heard.im);
        // Through the division by Σ|κ|, which every cell of the field is part of.
        if sum > SMALLEST_SUM {
            let shrink = heard.re / divisor;
            wave.for_each(travel.field_size, |t, re, im| {
                let d = if re == 0.0 {
                    0.0
                } else {
                    shrink.copysign(shrink * re)
                };
                dw += d * t as f64 * im;
                da += d * t as f64 * re;
                dp += d * im;
            });
        }
        dfrequency[head] += T::of(dw);
        dphase[head] += T::of(dp);
        ddamping[head] += T::of(da / (1.0 + libm::exp(-heads.damping[head].wide())));
    }
}
