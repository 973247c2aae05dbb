//! How a GPU computes a field: as the recurrence or by Fourier transforms. This is where that is decided,
//! by what either moves and counts; a device's own clock has no say in it.

use super::encode::{Lines, Segments};
use crate::kernels::field_convolution::Geometry;

/// One of the two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldMethod {
    Recurrence,
    Transforms,
}

/// What a field takes forward and backward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Bytes read and written at least, each element of a dispatch's operands once.
    pub bytes: u64,
    /// Additions and multiplications of float32.
    pub operations: u64,
}

/// Operations for which a card takes as long as for a byte, about. By their data sheets cards of the last ten
/// years have 10 to 80, of multiplications with an addition, which count twice there.
const OPERATIONS_A_BYTE: u64 = 8;

impl Cost {
    /// In bytes, with the operations as so many more.
    pub fn weight(self) -> u64 {
        self.bytes + self.operations / OPERATIONS_A_BYTE
    }
}

impl FieldMethod {
    pub const BOTH: [FieldMethod; 2] = [FieldMethod::Recurrence, FieldMethod::Transforms];

    /// The way of the smaller weight, for a sequence of a training. How many of them there are has no say
    /// in it, so that a proof with a few of them is of the right shaders.
    pub fn of(g: &Geometry) -> Self {
        let one = Geometry {
            batch: 1,
            ..g.clone()
        };
        let weight = |way: FieldMethod| way.cost(&one).weight();
        match weight(FieldMethod::Recurrence) <= weight(FieldMethod::Transforms) {
            true => FieldMethod::Recurrence,
            false => FieldMethod::Transforms,
        }
    }

    /// What a layer's field takes, forward and backward, without what makes kernels or rotations of the
    /// waves' parameters.
    pub fn cost(self, g: &Geometry) -> Cost {
        match self {
            FieldMethod::Recurrence => recurrence(g),
            FieldMethod::Transforms => transforms(g),
        }
    }
}

fn cost(numbers: usize, operations: usize) -> Cost {
    Cost {
        bytes: 4 * numbers as u64,
        operations: operations as u64,
    }
}

/// A token's turn, deposit and hearing take 17 operations and 45 on the way back, when it is passed twice.
/// A thread finds two powers and goes over the other runs of its chunk.
fn recurrence(g: &Geometry) -> Cost {
    const TOKEN: usize = 17 + 45;
    const CHUNK_OF_A_THREAD: usize = 2 * (100 + 8 * 20);
    let segments = Segments::of(g);
    let numbers = g.batch * g.seq_len * g.heads * g.head_dim;
    let before = numbers / g.seq_len * segments.tokens * (segments.count - 1);
    // Between cells a token is turned twice.
    let turns = if g.places.is_empty() { 1 } else { 2 };
    let operations =
        turns * TOKEN * (numbers + before / 2) + CHUNK_OF_A_THREAD * segments.threads(g);
    // Deposits, what is heard, and the gradients of both; the segments before the last once more each way.
    cost(5 * numbers + 2 * before + segments.numbers(g), operations)
}

/// A transform of n points takes 5 n log2 n operations, for two channels of a head.
fn transforms(g: &Geometry) -> Cost {
    let lines = Lines::of(g.line());
    let numbers = g.batch * g.seq_len * g.heads * g.head_dim;
    let pairs = g.batch * g.heads * g.head_dim.div_ceil(2);
    let transform = 5 * lines.points * lines.points.ilog2() as usize;
    let operations = pairs * (5 * transform + 20 * lines.points);
    cost(5 * numbers + lines.numbers(g), operations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::wave_kernel::Taps;

    fn of(seq_len: usize, batch: usize) -> FieldMethod {
        FieldMethod::of(&Geometry {
            batch,
            seq_len,
            heads: 8,
            head_dim: 16,
            taps: Taps {
                field_size: seq_len,
                step: 1,
                count: seq_len,
            },
            places: Vec::new(),
            circular: false,
        })
    }

    #[test]
    fn short_texts_are_transformed_and_long_ones_recur() {
        for batch in [1, 16] {
            assert_eq!(of(8, batch), FieldMethod::Transforms);
            for seq_len in [64, 128, 129, 2048, 65_536] {
                assert_eq!(of(seq_len, batch), FieldMethod::Recurrence, "{seq_len}");
            }
        }
    }
}
