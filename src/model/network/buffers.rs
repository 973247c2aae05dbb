//! The tensors of a network, allocated once.

use crate::backend::View;
use crate::config::{Architecture, FeedForward, ModelConfig};
use crate::kernels::cross_entropy::ROW;
use crate::kernels::interference::STATS;
use crate::model::network::REPORT;

/// What the tensors' sizes follow from, beside the model's shape.
#[derive(Clone, Copy)]
pub struct Size {
    /// T = batch·seq_len.
    pub tokens: usize,
    /// Numbers of a head's wave and of its gradient: taps of its kernel, or its rotation; 0 in a
    /// standard Transformer.
    pub wave: [usize; 2],
}

/// What of the forward the backward finds there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activations {
    /// All that every layer computed.
    Kept,
    /// What enters each layer; from that the backward computes the rest again, layer by layer, in room that they
    /// share. The same numbers, for a third more work: for texts whose layers would not fit side by side.
    Recomputed,
}

/// What one layer computes; T = batch·seq_len rows of tokens.
#[derive(Clone)]
pub struct LayerBuffers {
    /// (T, D) each: the residual stream before attention, and before the feed-forward part.
    pub input: View,
    pub middle: View,
    /// (T, D) each: their normalised forms; (T, 2): the statistics.
    pub normed1: View,
    pub stats1: View,
    pub normed2: View,
    pub stats2: View,
    pub attention: AttentionBuffers,
    /// (T, D): what the tokens heard of each other, before the projection out.
    pub mixed: View,
    /// (T, F) each: before and after the GELU; of a SwiGLU what is gated, and the product.
    pub hidden: View,
    pub activated: View,
    /// (T, F): what gates it in a SwiGLU.
    pub hidden_gate: Option<View>,
}

/// What an architecture's attention computes on the way.
#[derive(Clone)]
pub enum AttentionBuffers {
    Wave(WaveBuffers),
    Standard(StandardBuffers),
}

/// Wave attention.
#[derive(Clone)]
pub struct WaveBuffers {
    /// (T, D): the normalised tokens as the near field mixes them, where there is one.
    pub near: Option<View>,
    /// (T, 2D), (T, D), (T, D).
    pub keys_values: View,
    pub gate: View,
    pub deposits: View,
    /// (T, D): what the tokens gather, before it is coupled and gated.
    pub gathered: View,
}

/// Softmax attention.
#[derive(Clone)]
pub struct StandardBuffers {
    /// (T, 3D): queries, keys and values; the first two turned, where positions are rotary.
    pub qkv: View,
    /// (T, H).
    pub stats: View,
}

impl LayerBuffers {
    fn new(config: &ModelConfig, t: usize, allocate: &mut impl FnMut(usize) -> View) -> Self {
        let (d, f) = (config.embedding_dim, config.ffn_dim);
        LayerBuffers {
            input: allocate(t * d),
            middle: allocate(t * d),
            normed1: allocate(t * d),
            stats1: allocate(t * 2),
            normed2: allocate(t * d),
            stats2: allocate(t * 2),
            attention: match config.architecture {
                Architecture::Wave => AttentionBuffers::Wave(WaveBuffers {
                    near: (config.near_field > 0).then(|| allocate(t * d)),
                    keys_values: allocate(t * 2 * d),
                    gate: allocate(t * d),
                    deposits: allocate(t * d),
                    gathered: allocate(t * d),
                }),
                Architecture::Standard => AttentionBuffers::Standard(StandardBuffers {
                    qkv: allocate(t * 3 * d),
                    stats: allocate(t * config.num_heads),
                }),
            },
            mixed: allocate(t * d),
            hidden: allocate(t * f),
            activated: allocate(t * f),
            hidden_gate: gated(config).then(|| allocate(t * f)),
        }
    }

    /// Wave attention's own.
    ///
    /// # Panics
    /// In a standard Transformer.
    pub fn wave(&self) -> &WaveBuffers {
        match &self.attention {
            AttentionBuffers::Wave(buffers) => buffers,
            AttentionBuffers::Standard(_) => panic!("a standard Transformer has no waves"),
        }
    }
}

/// What one interference module computes.
#[derive(Clone)]
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
    /// (L, H, taps) or (L, H, ROTATION): every layer's kernels or rotations; empty in a standard
    /// Transformer.
    pub waves: View,
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
        size: Size,
        activations: Activations,
        allocate: &mut impl FnMut(usize) -> View,
    ) -> Self {
        let t = size.tokens;
        let (d, c) = (config.embedding_dim, config.context_dim());
        // Where they are recomputed, each has its input to itself, and the rest is the first one's.
        let shares = |first: bool| activations == Activations::Recomputed && !first;
        let mut layers: Vec<LayerBuffers> = Vec::new();
        for i in 0..config.num_layers {
            layers.push(match shares(i == 0) {
                true => LayerBuffers {
                    input: allocate(t * d),
                    ..layers[0].clone()
                },
                false => LayerBuffers::new(config, t, allocate),
            });
        }
        let mut interference: Vec<InterferenceBuffers> = Vec::new();
        for j in 0..config.num_interference() {
            let input = allocate(t * d);
            interference.push(match shares(j == 0) {
                true => InterferenceBuffers {
                    input,
                    ..interference[0].clone()
                },
                false => InterferenceBuffers {
                    input,
                    compressed: allocate(t * c),
                    means: allocate(t * c),
                    expanded: allocate(t * d),
                    context: allocate(t * d),
                    local: allocate(t * d),
                    global: allocate(t * d),
                    gate: allocate(t * d),
                    stats: allocate(t * STATS),
                },
            });
        }
        Buffers {
            waves: allocate(config.num_layers * config.num_heads * size.wave[0]),
            layers,
            interference,
            output: allocate(t * d),
            normed: allocate(t * d),
            stats: allocate(t * 2),
            branch: allocate(t * d),
            logits: allocate(t * config.vocab_size),
            row_stats: allocate(t * ROW),
            report: allocate(REPORT),
        }
    }

    /// A layer's part of them.
    pub fn layer_waves(&self, layer: usize) -> View {
        part(&self.waves, layer, self.layers.len())
    }
}

/// Whether the feed-forward part has a gate.
fn gated(config: &ModelConfig) -> bool {
    config.feed_forward == FeedForward::Swiglu
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
    /// (T, D): of a part's result, where dropout stands between it and the stream; then of what the near
    /// field made of the tokens.
    pub dbranch: View,
    /// (T, D): of a normalised input.
    pub dnormed: View,
    /// (T, D).
    pub dmixed: View,
    pub attention: AttentionScratch,
    /// (T, F).
    pub dhidden: View,
    /// (T, F): of what gates a SwiGLU.
    pub dhidden_gate: Option<View>,
    /// (T, V).
    pub dlogits: View,
}

/// Gradients of what an architecture has to itself.
pub enum AttentionScratch {
    Wave(WaveScratch),
    Standard {
        /// (T, 3D).
        dqkv: View,
    },
}

/// Of wave attention and interference.
pub struct WaveScratch {
    /// (T, D) each.
    pub dgathered: View,
    pub dgate: View,
    pub ddeposits: View,
    /// (T, 2D).
    pub dkeys_values: View,
    /// (L, H, taps) or (L, H, ROTATION_GRADIENT).
    pub dwaves: View,
    /// (T, D) each.
    pub dlocal: View,
    pub dglobal: View,
    pub dcontext: View,
    /// (T, C).
    pub dmeans: View,
}

impl Scratch {
    pub fn new(config: &ModelConfig, size: Size, allocate: &mut impl FnMut(usize) -> View) -> Self {
        let t = size.tokens;
        let d = config.embedding_dim;
        Scratch {
            dstream: allocate(t * d),
            dbranch: allocate(t * d),
            dnormed: allocate(t * d),
            dmixed: allocate(t * d),
            attention: match config.architecture {
                Architecture::Wave => AttentionScratch::Wave(WaveScratch {
                    dgathered: allocate(t * d),
                    dgate: allocate(t * d),
                    ddeposits: allocate(t * d),
                    dkeys_values: allocate(t * 2 * d),
                    dwaves: allocate(config.num_layers * config.num_heads * size.wave[1]),
                    dlocal: allocate(t * d),
                    dglobal: allocate(t * d),
                    dcontext: allocate(t * d),
                    dmeans: allocate(t * config.context_dim()),
                }),
                Architecture::Standard => AttentionScratch::Standard {
                    dqkv: allocate(t * 3 * d),
                },
            },
            dhidden: allocate(t * config.ffn_dim),
            dhidden_gate: gated(config).then(|| allocate(t * config.ffn_dim)),
            dlogits: allocate(t * config.vocab_size),
        }
    }

    /// Of wave attention and interference.
    ///
    /// # Panics
    /// In a standard Transformer.
    pub fn wave(&self) -> &WaveScratch {
        match &self.attention {
            AttentionScratch::Wave(scratch) => scratch,
            AttentionScratch::Standard { .. } => panic!("a standard Transformer has no waves"),
        }
    }
}

impl WaveScratch {
    /// A layer's part of them.
    pub fn layer_dwaves(&self, layer: usize, layers: usize) -> View {
        part(&self.dwaves, layer, layers)
    }
}
