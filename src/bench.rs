//! The two shapes at which speed is measured, natively and in the browser alike.

use crate::config::{Architecture, ModelConfig};
use crate::rng::{Philox, Stream};
use crate::train::{Dataset, TrainConfig};

/// A shape to measure at.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub name: &'static str,
    pub vocab_size: usize,
    pub embedding_dim: usize,
    pub num_layers: usize,
    pub field_size: usize,
    pub batch_size: usize,
    pub seq_len: usize,
}

/// The shapes for which PyTorch's speed on one thread is known (README, results).
pub const SHAPES: [Shape; 2] = [
    Shape {
        name: "small",
        vocab_size: 96,
        embedding_dim: 128,
        num_layers: 4,
        field_size: 257,
        batch_size: 16,
        seq_len: 128,
    },
    Shape {
        name: "large",
        vocab_size: 256,
        embedding_dim: 256,
        num_layers: 6,
        field_size: 1024,
        batch_size: 8,
        seq_len: 128,
    },
];

impl Shape {
    /// The wave model's configuration.
    pub fn config(&self) -> ModelConfig {
        ModelConfig {
            architecture: Architecture::Wave,
            vocab_size: self.vocab_size,
            embedding_dim: self.embedding_dim,
            num_layers: self.num_layers,
            num_heads: 8,
            ffn_dim: 4 * self.embedding_dim,
            field_size: self.field_size,
            max_seq_len: 129,
            interference_interval: 3,
            position_scale: 1.0,
            ..ModelConfig::default()
        }
    }

    /// The standard Transformer of the same widths.
    pub fn standard_config(&self) -> ModelConfig {
        ModelConfig {
            architecture: Architecture::Standard,
            field_size: 0,
            ..self.config()
        }
    }

    /// The run's settings.
    pub fn train_config(&self) -> TrainConfig {
        TrainConfig {
            batch_size: self.batch_size,
            seq_len: self.seq_len,
            ..TrainConfig::default()
        }
    }
}

/// Random tokens, enough for windows of `seq_len`: speed does not depend on what they say.
pub fn random_tokens(vocab_size: usize, seq_len: usize) -> Dataset {
    let rng = Philox::stream(1, Stream::Batch);
    let tokens = |n: usize| {
        (0..n as u64)
            .map(|i| rng.below(i, vocab_size as u64) as u32)
            .collect()
    };
    Dataset {
        train: tokens(20_000 + seq_len),
        validation: tokens(2_000),
    }
}
