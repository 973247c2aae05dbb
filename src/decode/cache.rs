//! A standard Transformer's memory of the text: the keys and values of every token so far.

use super::linear::dot;
use crate::config::{Architecture, ModelConfig};
use crate::kernels::math::exp_f32;
use serde::Serialize;

/// One layer's keys and values. It grows by 2D numbers a token.
#[derive(Debug, Clone)]
pub struct LayerCache {
    dim: usize,
    /// (tokens, D) each.
    keys: Vec<f32>,
    values: Vec<f32>,
    /// The weights of all tokens for one head, while they are summed.
    weights: Vec<f32>,
}

impl LayerCache {
    /// No tokens yet.
    pub fn empty(dim: usize) -> Self {
        LayerCache {
            dim,
            keys: Vec::new(),
            values: Vec::new(),
            weights: Vec::new(),
        }
    }

    /// Forgets all tokens.
    pub fn clear(&mut self) {
        self.keys.clear();
        self.values.clear();
    }

    /// Bytes that keys and values take.
    pub fn bytes(&self) -> usize {
        (self.keys.len() + self.values.len()) * size_of::<f32>()
    }

    /// Remembers a token: all heads' keys, then all heads' values.
    pub fn push(&mut self, key_value: &[f32]) {
        let (key, value) = key_value.split_at(self.dim);
        self.keys.extend_from_slice(key);
        self.values.extend_from_slice(value);
    }

    /// mixed ← softmax(q·kᵀ/√d)·v over all tokens, for each head of `width` channels.
    pub fn attend(&mut self, query: &[f32], mixed: &mut [f32], width: usize) {
        let scale = 1.0 / (width as f32).sqrt();
        mixed.fill(0.0);
        for start in (0..self.dim).step_by(width) {
            let head = start..start + width;
            let query = &query[head.clone()];
            self.weights.clear();
            let keys = self.keys.chunks_exact(self.dim);
            let scores = keys.map(|key| scale * dot(query, &key[head.clone()]));
            self.weights.extend(scores);
            let most = self.weights.iter().fold(f32::MIN, |most, x| most.max(*x));
            let mut sum = 0.0;
            for weight in &mut self.weights {
                *weight = exp_f32(*weight - most);
                sum += *weight;
            }
            let mixed = &mut mixed[head.clone()];
            let values = self.values.chunks_exact(self.dim);
            for (weight, value) in self.weights.iter().zip(values) {
                for (mixed, value) in mixed.iter_mut().zip(&value[head.clone()]) {
                    *mixed += weight / sum * value;
                }
            }
        }
    }
}

/// How much a decoder keeps of a text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct StateSize {
    /// Whatever the text's length.
    pub constant: usize,
    /// For each of its tokens.
    pub per_token: usize,
}

impl StateSize {
    /// Of models of a shape.
    pub fn of(config: &ModelConfig) -> Self {
        let (layers, dim) = (config.num_layers, config.embedding_dim);
        match config.architecture {
            // One complex number a channel, the running sums of the interference modules, and the tokens
            // that a near field reaches back to.
            Architecture::Wave => StateSize {
                constant: size_of::<f64>()
                    * (layers * 2 * dim + config.num_interference() * config.context_dim())
                    + size_of::<f32>() * layers * config.near_field.saturating_sub(1) * dim,
                per_token: 0,
            },
            Architecture::Standard => StateSize {
                constant: 0,
                per_token: size_of::<f32>() * layers * 2 * dim,
            },
        }
    }
}
