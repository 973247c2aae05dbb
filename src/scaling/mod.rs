//! The scaling lab: how the time in which one layer lets tokens hear each other grows with the length
//! of the text, by waves and by what they are compared with.
//!
//! Timed is the mixing of tokens alone, forward, for one text: from deposits, or from queries, keys
//! and values, to what each token has heard. The projections around it are the same for all and grow
//! with the length itself.

mod growth;
mod probe;
mod samples;
mod training;

pub use growth::{Crossover, crossover, expected, fit};
pub use probe::{Measurement, measure, verify};
pub use samples::Times;
pub use training::{TrainingMeasurement, TrainingOrder, TrainingProbe, measure_training};

use crate::error::{Error, Result};
use crate::kernels::field_convolution::Geometry;
use crate::kernels::wave_kernel::Taps;
use crate::memory;
use serde::{Deserialize, Serialize};

/// Lengths that are measured, in tokens.
pub const LENGTHS: [usize; 9] = [128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768];
/// The longest text: what the graphics card's transforms reach.
const MOST_TOKENS: usize = 65_536;

/// How tokens hear each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(rename_all = "snake_case")]
pub enum Mixing {
    /// Waves on a field of one cell a token, as the recurrence that they are.
    Recurrence,
    /// The same convolution by Fourier transforms.
    Waves,
    /// The same convolution by its definition.
    DirectWaves,
    /// Causal softmax attention.
    Attention,
}

impl Mixing {
    /// All of them, the model's own first.
    pub const ALL: [Mixing; 4] = [
        Mixing::Recurrence,
        Mixing::Waves,
        Mixing::DirectWaves,
        Mixing::Attention,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Mixing::Recurrence => "waves, recurrent",
            Mixing::Waves => "waves by FFT",
            Mixing::DirectWaves => "waves directly",
            Mixing::Attention => "attention",
        }
    }
}

/// What is to be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Order {
    pub mixing: Mixing,
    /// Tokens.
    pub length: usize,
    /// D, the channels of a token.
    pub width: usize,
    pub heads: usize,
}

impl Order {
    /// # Errors
    /// [`Error::Config`] where it cannot be measured, [`Error::Memory`] where it would take too much.
    pub fn check(&self) -> Result<()> {
        let refuse = |field, message| Err(Error::Config { field, message });
        let Order { width, heads, .. } = *self;
        if !(1..=MOST_TOKENS).contains(&self.length) {
            let message = format!(
                "expected 1 to {MOST_TOKENS} tokens, found {}; choose a length between them",
                self.length
            );
            return refuse("length", message);
        }
        if heads == 0 || width == 0 || width % heads != 0 {
            let message = format!(
                "expected channels that {heads} heads can share evenly, found {width}; choose a \
                 multiple of the heads"
            );
            return refuse("width", message);
        }
        memory::check(
            &format!("Timing {} tokens of {width} channels", self.length),
            self.bytes(),
            "choose a shorter text or fewer channels",
        )?;
        reserve(self.bytes())
    }

    /// How the tokens lie on the field: each on a cell of its own.
    fn geometry(&self) -> Geometry {
        Geometry {
            batch: 1,
            seq_len: self.length,
            heads: self.heads,
            head_dim: self.width / self.heads,
            taps: Taps {
                field_size: self.length,
                step: 1,
                count: self.length,
            },
            places: Vec::new(),
            circular: false,
        }
    }

    /// Bytes that it takes at most: its tensors, and what is kept while it runs.
    pub fn bytes(&self) -> u64 {
        let (tokens, width, heads) = (self.length as u64, self.width as u64, self.heads as u64);
        let transform = 2 * (2 * tokens).next_power_of_two();
        let kernel = heads * tokens;
        let numbers = match self.mixing {
            // Kernels' spectra, twiddles, room for four lines at once, and on a graphics card all lines.
            Mixing::Waves => {
                2 * tokens * width + kernel + transform * (heads + 9 + width.div_ceil(2))
            }
            // And where each token lies.
            Mixing::Recurrence => 3 * tokens * width + 8 * tokens + 64 * heads,
            Mixing::DirectWaves => 3 * tokens * width + 2 * kernel,
            // The CPU lays queries, keys, values and results of a head side by side.
            Mixing::Attention => 8 * tokens * width + 2 * kernel,
        };
        4 * numbers
    }
}

/// Asks for the memory before it is needed: in a browser running out of it ends the engine.
fn reserve(bytes: u64) -> Result<()> {
    let mut room = Vec::<u8>::new();
    (room.try_reserve_exact(bytes as usize)).map_err(|_| Error::Config {
        field: "length",
        message: format!(
            "{} MiB are needed, and there is not as much memory left; choose a shorter text",
            bytes >> 20
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_measured_is_refused_with_the_reason() {
        let good = Order {
            mixing: Mixing::Waves,
            length: 32_768,
            width: 128,
            heads: 8,
        };
        good.check().unwrap();
        for (order, words) in [
            (Order { length: 0, ..good }, "1 to 65536 tokens, found 0"),
            (
                Order {
                    length: 65_537,
                    ..good
                },
                "1 to 65536 tokens, found 65537",
            ),
            (Order { heads: 0, ..good }, "0 heads"),
            (
                Order { width: 100, ..good },
                "8 heads can share evenly, found 100",
            ),
            (
                Order {
                    width: 16_384,
                    ..good
                },
                "at most 4.0 GB may be taken",
            ),
        ] {
            let error = order.check().unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        let error = reserve(u64::MAX / 2).unwrap_err().to_string();
        assert!(error.contains("not as much memory left"), "{error}");
    }
}
