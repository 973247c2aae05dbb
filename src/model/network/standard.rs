//! What a standard Transformer has to itself: causal softmax attention, forward and backward, and
//! learned or rotary positions. All else is the same code as the wave model's, so that the two differ in nothing
//! but how their tokens hear each other.

use super::Network;
use super::buffers::{AttentionBuffers, AttentionScratch, StandardBuffers};
use crate::backend::{Op, Then, View};
use crate::model::parameters::{AttentionRanges, StandardRanges};
use std::ops::Range;

impl Network {
    /// Where the positions of the sequences' tokens lie, where they are learned.
    pub(super) fn learned_positions(&self) -> Option<Range<usize>> {
        let start = self.table.positional_embedding.as_ref()?.start;
        Some(start..start + self.seq_len * self.config.embedding_dim)
    }

    fn standard(&self, i: usize) -> (&StandardRanges, &StandardBuffers) {
        match (
            &self.table.layers[i].attention,
            &self.buffers.layers[i].attention,
        ) {
            (AttentionRanges::Standard(p), AttentionBuffers::Standard(b)) => (p, b),
            _ => unreachable!("called for a standard Transformer alone"),
        }
    }

    fn dqkv(&self) -> &View {
        match &self.training().scratch.attention {
            AttentionScratch::Standard { dqkv } => dqkv,
            AttentionScratch::Wave(_) => unreachable!("called for a standard Transformer alone"),
        }
    }

    /// softmax(QKᵀ/√d)·V.
    pub(super) fn standard_attention(&self, i: usize, ops: &mut Vec<Op>) {
        let (p, b) = self.standard(i);
        let layer = &self.buffers.layers[i];
        ops.push(self.linear(&layer.normed1, &p.in_weight, &p.in_bias, &b.qkv));
        ops.extend(self.turned(&b.qkv, false));
        ops.push(Op::Attention {
            qkv: b.qkv.clone(),
            y: layer.mixed.clone(),
            stats: b.stats.clone(),
            seq_len: self.seq_len,
            heads: self.config.num_heads,
        });
    }

    /// Turns queries and keys, or their gradients back, where positions are rotary.
    fn turned(&self, qkv: &View, back: bool) -> Option<Op> {
        Some(Op::Rotary {
            qkv: qkv.clone(),
            turns: self.turns.clone()?,
            seq_len: self.seq_len,
            heads: self.config.num_heads,
            back,
        })
    }

    /// From `dmixed` into `dnormed`.
    pub(super) fn standard_attention_backward(&self, i: usize, ops: &mut Vec<Op>) {
        let (p, b) = self.standard(i);
        let (layer, s) = (&self.buffers.layers[i], &self.training().scratch);
        let dqkv = self.dqkv();
        ops.push(Op::AttentionBackward {
            qkv: b.qkv.clone(),
            y: layer.mixed.clone(),
            stats: b.stats.clone(),
            dy: s.dmixed.clone(),
            dqkv: dqkv.clone(),
            seq_len: self.seq_len,
            heads: self.config.num_heads,
        });
        ops.extend(self.turned(dqkv, true));
        let weights = (&p.in_weight, Some(&p.in_bias));
        let dnormed = (&s.dnormed, false);
        self.linear_backward((&layer.normed1, dqkv), weights, dnormed, Then::Nothing, ops);
    }
}
