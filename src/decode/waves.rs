//! The state of a stream: one complex number per (layer, head, channel), and running sums.

use super::physics::{Complex, LayerPhysics, Physics};
use crate::config::Position;

/// The waves of one layer, all heads side by side: channel c of head h is entry h·d + c.
#[derive(Debug, Clone)]
pub struct LayerWaves {
    re: Vec<f64>,
    im: Vec<f64>,
}

impl LayerWaves {
    /// A still field.
    pub fn still(channels: usize) -> Self {
        LayerWaves {
            re: vec![0.0; channels],
            im: vec![0.0; channels],
        }
    }

    /// Makes the field still again.
    pub fn clear(&mut self) {
        self.re.fill(0.0);
        self.im.fill(0.0);
    }

    /// Bytes that the waves take.
    pub fn bytes(&self) -> usize {
        (self.re.len() + self.im.len()) * size_of::<f64>()
    }

    /// Carries the waves on to a token's place, drops its deposits there, and listens.
    ///
    /// `travel` is the index into the heads' powers; `deposits` and `heard` have one entry per
    /// channel.
    pub fn pass(
        &mut self,
        physics: &LayerPhysics,
        travel: usize,
        position: Position,
        deposits: &[f32],
        heard: &mut [f32],
    ) {
        let width = deposits.len() / physics.heads.len();
        let (upper, lower) = (position.fraction, 1.0 - position.fraction);
        let states = self
            .re
            .chunks_exact_mut(width)
            .zip(self.im.chunks_exact_mut(width));
        let channels = deposits
            .chunks_exact(width)
            .zip(heard.chunks_exact_mut(width));
        for ((head, (re, im)), (deposits, heard)) in physics.heads.iter().zip(states).zip(channels)
        {
            let (on, z, listen) = (head.powers[travel], head.per_cell, head.listen);
            let waves = re.iter_mut().zip(im.iter_mut());
            for ((re, im), (deposit, heard)) in waves.zip(deposits.iter().zip(heard)) {
                let deposit = f64::from(*deposit);
                let mut wave = Complex { re: *re, im: *im }.times(on);
                wave.re += lower * deposit;
                let mut sound = lower * (listen.re * wave.re - listen.im * wave.im);
                if upper != 0.0 {
                    wave = wave.times(z);
                    wave.re += upper * deposit;
                    sound += upper * (listen.re * wave.re - listen.im * wave.im);
                }
                (*re, *im) = (wave.re, wave.im);
                *heard = sound as f32;
            }
        }
    }
}

/// Where the waves stand: after a token, the upper of its cells that took a deposit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cursor {
    cell: usize,
    started: bool,
}

impl Cursor {
    /// Moves to a token's place; the index into [`crate::kernels::wave_rotation::Rotation::powers`] of the
    /// distance. Before the first token the field is still, and any distance is the same.
    pub fn travel(&mut self, position: Position, physics: &Physics) -> usize {
        let from = self.cell;
        let last = position.cell + usize::from(position.fraction != 0.0);
        self.cell = last;
        if !self.started {
            self.started = true;
            return 0;
        }
        position.cell - from - physics.least_distance
    }
}
