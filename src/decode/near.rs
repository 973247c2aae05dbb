//! What a near field needs of a text: the three tokens before.

use crate::config::NEAR_FIELD;

/// One layer's normalised states of the last three tokens; zeros before the first.
#[derive(Debug, Clone)]
pub struct NearRows {
    /// (NEAR_FIELD - 1, D), the oldest first.
    rows: Vec<f32>,
}

impl NearRows {
    /// No tokens yet, of so many channels.
    pub fn nothing(dim: usize) -> Self {
        NearRows {
            rows: vec![0.0; (NEAR_FIELD - 1) * dim],
        }
    }

    /// Forgets all tokens.
    pub fn clear(&mut self) {
        self.rows.fill(0.0);
    }

    /// Bytes that the rows take.
    pub fn bytes(&self) -> usize {
        self.rows.len() * size_of::<f32>()
    }

    /// Mixes tokens, (tokens, D), with those before them, in place; `weight` is (D, NEAR_FIELD).
    pub fn pass(&mut self, weight: &[f32], x: &mut [f32]) {
        let dim = weight.len() / NEAR_FIELD;
        let taps = weight.as_chunks::<NEAR_FIELD>().0;
        for x in x.chunks_exact_mut(dim) {
            for (c, (x, taps)) in x.iter_mut().zip(taps).enumerate() {
                let own = *x;
                let before = [0, 1, 2].map(|row| self.rows[row * dim + c]);
                let early = taps[0] * before[0] + taps[1] * before[1];
                *x = early + (taps[2] * before[2] + taps[3] * own);
                for (row, value) in [before[1], before[2], own].into_iter().enumerate() {
                    self.rows[row * dim + c] = value;
                }
            }
        }
    }
}
