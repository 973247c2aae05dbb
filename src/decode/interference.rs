//! Interference for one token after another: the mean over the past is a running sum.

use super::linear::{dot, linear, sigmoid};
use crate::kernels::interference::{SMALLEST_NORM, effective_temperature};
use crate::model::Model;

/// The running sums of one interference module, in float64 so that a long stream loses nothing.
#[derive(Debug, Clone)]
pub struct RunningContext {
    sums: Vec<f64>,
    tokens: u64,
}

/// Working memory for a block of tokens.
#[derive(Debug, Clone)]
pub struct InterferenceScratch {
    context: Vec<f32>,
    expanded: Vec<f32>,
    local: Vec<f32>,
    global: Vec<f32>,
    both: Vec<f32>,
    gate: Vec<f32>,
}

impl InterferenceScratch {
    /// Room for `tokens` tokens of width `dim`.
    pub fn new(tokens: usize, dim: usize) -> Self {
        let rows = |width: usize| vec![0.0; tokens * width];
        InterferenceScratch {
            context: rows(dim / 4),
            expanded: rows(dim),
            local: rows(dim),
            global: rows(dim),
            both: rows(2 * dim),
            gate: rows(dim),
        }
    }
}

impl RunningContext {
    /// No tokens yet.
    pub fn new(width: usize) -> Self {
        RunningContext {
            sums: vec![0.0; width],
            tokens: 0,
        }
    }

    /// Forgets all tokens.
    pub fn clear(&mut self) {
        self.sums.fill(0.0);
        self.tokens = 0;
    }

    /// Bytes that the sums take.
    pub fn bytes(&self) -> usize {
        self.sums.len() * size_of::<f64>()
    }

    /// Replaces each token's own compressed context by the mean up to and with it.
    fn mean(&mut self, context: &mut [f32]) {
        for row in context.chunks_exact_mut(self.sums.len()) {
            self.tokens += 1;
            for (sum, c) in self.sums.iter_mut().zip(row) {
                *sum += f64::from(*c);
                *c = (*sum / self.tokens as f64) as f32;
            }
        }
    }

    /// Adds module `module`'s interference to the block `x` of tokens.
    pub fn apply(
        &mut self,
        model: &Model,
        module: usize,
        scratch: &mut InterferenceScratch,
        x: &mut [f32],
    ) {
        let (dim, width) = (model.config.embedding_dim, self.sums.len());
        let ranges = &model.parameters.table().interference[module];
        let at = |range: &std::ops::Range<usize>| &model.parameters.flat()[range.clone()];
        let tokens = x.len() / dim;
        let context = &mut scratch.context[..tokens * width];
        let expanded = &mut scratch.expanded[..tokens * dim];
        let local = &mut scratch.local[..tokens * dim];
        let global = &mut scratch.global[..tokens * dim];
        let both = &mut scratch.both[..tokens * 2 * dim];
        let gate = &mut scratch.gate[..tokens * dim];

        let (weight, bias) = (at(&ranges.compress_weight), at(&ranges.compress_bias));
        linear(context, x, weight, bias, dim);
        self.mean(context);
        let (weight, bias) = (at(&ranges.expand_weight), at(&ranges.expand_bias));
        linear(expanded, context, weight, bias, width);
        let (weight, bias) = (at(&ranges.local_weight), at(&ranges.local_bias));
        linear(local, x, weight, bias, dim);
        let (weight, bias) = (at(&ranges.global_weight), at(&ranges.global_bias));
        linear(global, expanded, weight, bias, dim);
        let rows = x.chunks_exact(dim).zip(expanded.chunks_exact(dim));
        for (both, (x, expanded)) in both.chunks_exact_mut(2 * dim).zip(rows) {
            both[..dim].copy_from_slice(x);
            both[dim..].copy_from_slice(expanded);
        }
        let (weight, bias) = (at(&ranges.gate_weight), at(&ranges.gate_bias));
        linear(gate, both, weight, bias, 2 * dim);
        sigmoid(gate);

        let raw = f64::from(at(&ranges.temperature)[0]);
        let temperature = effective_temperature(raw) as f32;
        for t in 0..tokens {
            let row = t * dim..(t + 1) * dim;
            let (local, global) = (&local[row.clone()], &global[row.clone()]);
            let lengths = length(local) * length(global);
            let mut strength = [dot(local, global) / lengths / temperature];
            sigmoid(&mut strength);
            let terms = gate[row.clone()].iter().zip(&expanded[row.clone()]);
            for (x, (gate, expanded)) in x[row].iter_mut().zip(terms) {
                *x += gate * expanded * strength[0];
            }
        }
    }
}

/// max(‖x‖₂, 1e-12).
fn length(x: &[f32]) -> f32 {
    dot(x, x).sqrt().max(SMALLEST_NORM as f32)
}
