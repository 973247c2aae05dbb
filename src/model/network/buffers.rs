//! The tensors of a network, allocated once.

use crate::backend::View;
use crate::config::ModelConfig;
use crate::kernels::cross_entropy::{ROW, SUMMARY};
use crate::kernels::field_convolution::Geometry;
use crate::kernels::interference::STATS;

/// What one layer computes; T = batch·seq_len rows of tokens.
pub struct LayerBuffers {
    /// (T, D) each: the residual stream before attention, and before the feed-forward part.
    pub input: View,
    pub middle: View,
    /// (T, D) each: their normalised forms; (T, 2): the statistics.
    pub normed1: View,
    pub stats1: View,
    pub normed2: View,
    pub stats2: View,
    /// (T, 2D), (T, D), (T, D).
    pub keys_values: View,
    pub gate: View,
    pub deposits: View,
    /// (T, D) each: what the tokens gather, and the same coupled and gated.
    pub gathered: View,
    pub mixed: View,
    /// (T, F) each: before and after the GELU.
    pub hidden: View,
    pub activated: View,
}

/// What one interference module computes.
pub struct InterferenceBuffers {
    /// (T, D): the residual stream before it.
    pub input: View,
    /// (T, C) each: the compressed tokens and their running means.
    pub compressed: View,
    pub means: View,
    /// (T, D) each: the expanded context before and after dropout.
    pub expanded: View,
    pub context: View,
    /// (T, D) each.
    pub local: View,
    pub global: View,
    pub gate: View,
    /// (T, 4).
    pub stats: View,
}

/// All tensors of the forward and the loss.
pub struct Buffers {
    /// (L, H, taps): every layer's kernels.
    pub kernels: View,
    pub layers: Vec<LayerBuffers>,
    pub interference: Vec<InterferenceBuffers>,
    /// (T, D): the residual stream after the last layer, and its normalised form.
    pub output: View,
    pub normed: View,
    pub stats: View,
    /// (T, D): a part's result before it joins the residual stream.
    pub branch: View,
    /// (T, V).
    pub logits: View,
    pub row_stats: View,
    /// The summary of the loss, and in training the gradient's norm after it.
    pub report: View,
}

impl Buffers {
    pub fn new(
        config: &ModelConfig,
        geometry: &Geometry,
        allocate: &mut impl FnMut(usize) -> View,
    ) -> Self {
        let t = geometry.batch * geometry.seq_len;
        let (d, f, c) = (config.embedding_dim, config.ffn_dim, config.context_dim());
        let layers = (0..config.num_layers)
            .map(|_| LayerBuffers {
                input: allocate(t * d),
                middle: allocate(t * d),
                normed1: allocate(t * d),
                stats1: allocate(t * 2),
                normed2: allocate(t * d),
                stats2: allocate(t * 2),
                keys_values: allocate(t * 2 * d),
                gate: allocate(t * d),
                deposits: allocate(t * d),
                gathered: allocate(t * d),
                mixed: allocate(t * d),
                hidden: allocate(t * f),
                activated: allocate(t * f),
            })
            .collect();
        let interference = (0..config.num_interference())
            .map(|_| InterferenceBuffers {
                input: allocate(t * d),
                compressed: allocate(t * c),
                means: allocate(t * c),
                expanded: allocate(t * d),
                context: allocate(t * d),
                local: allocate(t * d),
                global: allocate(t * d),
                gate: allocate(t * d),
                stats: allocate(t * STATS),
            })
            .collect();
        Buffers {
            kernels: allocate(config.num_layers * config.num_heads * geometry.taps.count),
            layers,
            interference,
            output: allocate(t * d),
            normed: allocate(t * d),
            stats: allocate(t * 2),
            branch: allocate(t * d),
            logits: allocate(t * config.vocab_size),
            row_stats: allocate(t * ROW),
            report: allocate(SUMMARY + 1),
        }
    }

    /// (H, taps): a layer's kernels.
    pub fn kernel(&self, layer: usize) -> View {
        part(&self.kernels, layer, self.layers.len())
    }
}

/// One of `count` equal parts of a view.
fn part(view: &View, index: usize, count: usize) -> View {
    let len = view.len() / count;
    let start = view.range.start + index * len;
    View::of(view.tensor, start..start + len)
}

/// Gradients of intermediate results, shared by all layers.
pub struct Scratch {
    /// (T, D): of the residual stream, carried from layer to layer.
    pub dstream: View,
    /// (T, D): of a part's result, where dropout stands between it and the stream.
    pub dbranch: View,
    /// (T, D): of a normalised input.
    pub dnormed: View,
    /// (T, D) each.
    pub dmixed: View,
    pub dgathered: View,
    pub dgate: View,
    pub ddeposits: View,
    /// (T, 2D).
    pub dkeys_values: View,
    /// (L, H, taps).
    pub dkernels: View,
    /// (T, F).
    pub dhidden: View,
    /// (T, D) each.
    pub dlocal: View,
    pub dglobal: View,
    pub dcontext: View,
    /// (T, C).
    pub dmeans: View,
    /// (T, V).
    pub dlogits: View,
}

impl Scratch {
    pub fn new(
        config: &ModelConfig,
        geometry: &Geometry,
        allocate: &mut impl FnMut(usize) -> View,
    ) -> Self {
        let t = geometry.batch * geometry.seq_len;
        let d = config.embedding_dim;
        Scratch {
            dstream: allocate(t * d),
            dbranch: allocate(t * d),
            dnormed: allocate(t * d),
            dmixed: allocate(t * d),
            dgathered: allocate(t * d),
            dgate: allocate(t * d),
            ddeposits: allocate(t * d),
            dkeys_values: allocate(t * 2 * d),
            dkernels: allocate(config.num_layers * config.num_heads * geometry.taps.count),
            dhidden: allocate(t * config.ffn_dim),
            dlocal: allocate(t * d),
            dglobal: allocate(t * d),
            dcontext: allocate(t * d),
            dmeans: allocate(t * config.context_dim()),
            dlogits: allocate(t * config.vocab_size),
        }
    }

    /// (H, taps): the gradient of a layer's kernels.
    pub fn dkernel(&self, layer: usize, layers: usize) -> View {
        part(&self.dkernels, layer, layers)
    }
}
