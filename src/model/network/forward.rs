//! The forward, straight down.

use super::{Method, Network, dense, transposed};
use crate::backend::{InterferenceInputs, Matrix, Op, Then, View, WaveHeads};
use crate::config::Architecture;
use crate::kernels::dropout::DropoutSite;
use crate::kernels::matrix_product::Shape;
use crate::model::parameters::{FeedForwardRanges, NormRanges};
use std::ops::Range;

/// The places of one model where elements are dropped, in the order of the forward.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Embedding,
    Attention(usize),
    Hidden(usize),
    FeedForward(usize),
    Context(usize),
}

/// The dropout site of a place; none where nothing is dropped.
pub(super) fn site(probability: f32, place: Place) -> Option<DropoutSite> {
    let (kind, index) = match place {
        Place::Embedding => (0, 0),
        Place::Attention(i) => (1, i),
        Place::Hidden(i) => (2, i),
        Place::FeedForward(i) => (3, i),
        Place::Context(j) => (4, j),
    };
    (probability > 0.0).then_some(DropoutSite {
        probability,
        site: kind + 8 * index as u32,
    })
}

impl Network {
    /// Everything from token ids to logits. Without dropout (0) it is the model as it is used.
    pub fn forward(&self, dropout: f32) -> Vec<Op> {
        let mut ops = self.heads_waves();
        let positions = match &self.positions {
            Some(positions) => positions.clone(),
            None => self.parameter(&self.learned_positions().expect("there are no others")),
        };
        ops.push(Op::Embed {
            table: self.parameter(&self.table.token_embedding),
            positions,
            y: self.stream(0).clone(),
            dim: self.config.embedding_dim,
            dropout: site(dropout, Place::Embedding),
        });
        self.layers_from(0, dropout, &mut ops);
        ops
    }

    /// The forward again from a layer on, with other gains of the heads there: what the layers before
    /// computed of the same tokens stays as it is. Without dropout.
    pub(crate) fn forward_from(&self, layer: usize) -> Vec<Op> {
        let mut ops = self.heads_waves();
        self.layers_from(layer, 0.0, &mut ops);
        ops
    }

    /// Every layer's kernels or rotations; nothing in a standard Transformer.
    fn heads_waves(&self) -> Vec<Op> {
        let (layers, waves) = (self.wave_heads(), self.buffers.waves.clone());
        let op = self.field.as_ref().map(|field| match field.method {
            Method::Recurrence(travel) => Op::WaveRotation {
                layers,
                travel,
                rotations: waves,
            },
            Method::Transforms(taps) => Op::WaveKernel {
                layers,
                taps,
                kernel: waves,
            },
        });
        op.into_iter().collect()
    }

    /// From a layer's input to the logits.
    fn layers_from(&self, first: usize, dropout: f32, ops: &mut Vec<Op>) {
        let b = &self.buffers;
        for layer in first..self.config.num_layers {
            self.layer(layer, dropout, ops);
        }
        ops.push(self.norm(&b.output, &self.table.norm, &b.normed, &b.stats));
        let embedding = self.parameter(&self.table.token_embedding);
        ops.push(Op::MatrixProduct {
            a: self.tokens(&b.normed),
            b: transposed(&dense(embedding, self.config.embedding_dim)),
            c: self.tokens(&b.logits),
            bias: None,
            accumulate: false,
            then: Then::Nothing,
        });
    }

    /// From a layer's input to the next one's.
    pub(super) fn layer(&self, layer: usize, dropout: f32, ops: &mut Vec<Op>) {
        self.attention(layer, dropout, ops);
        self.feed_forward(layer, dropout, ops);
        if let Some(module) = self.config.interference_after(layer) {
            self.interference(module, self.stream(layer + 1), dropout, ops);
        }
    }

    /// Mean cross-entropy over the batch's targets, from the logits.
    pub fn loss(&self) -> Vec<Op> {
        vec![Op::CrossEntropy {
            logits: self.buffers.logits.clone(),
            row_stats: self.buffers.row_stats.clone(),
            summary: self.summary(),
        }]
    }

    /// The residual stream before a layer; after the last one, the model's output.
    pub(crate) fn stream(&self, layer: usize) -> &View {
        match self.buffers.layers.get(layer) {
            Some(layer) => &layer.input,
            None => &self.buffers.output,
        }
    }

    /// Where a layer's feed-forward part leaves the stream: before its interference module, if one
    /// follows.
    pub(crate) fn after_feed_forward(&self, layer: usize) -> &View {
        match self.config.interference_after(layer) {
            Some(module) => &self.buffers.interference[module].input,
            None => self.stream(layer + 1),
        }
    }

    /// y = norm(x).
    fn norm(&self, x: &View, p: &NormRanges, y: &View, stats: &View) -> Op {
        Op::LayerNorm {
            x: x.clone(),
            weight: self.parameter(&p.weight),
            bias: p.bias.as_ref().map(|bias| self.parameter(bias)),
            y: y.clone(),
            stats: stats.clone(),
        }
    }

    /// y = x Wᵀ + b.
    pub(super) fn linear(
        &self,
        x: &View,
        weight: &Range<usize>,
        bias: &Range<usize>,
        y: &View,
    ) -> Op {
        self.linear_then(x, (weight, Some(bias)), y, Then::Nothing)
    }

    /// y = x Wᵀ, or with a bias x Wᵀ + b, and what follows.
    fn linear_then(
        &self,
        x: &View,
        (weight, bias): (&Range<usize>, Option<&Range<usize>>),
        y: &View,
        then: Then,
    ) -> Op {
        let x = self.tokens(x);
        Op::MatrixProduct {
            b: transposed(&dense(self.parameter(weight), x.shape.columns)),
            a: x,
            c: self.tokens(y),
            bias: bias.map(|bias| self.parameter(bias)),
            accumulate: false,
            then,
        }
    }

    /// Every layer's wave parameters; none in a standard Transformer.
    pub(super) fn wave_heads(&self) -> Vec<WaveHeads> {
        let Some(field) = &self.field else {
            return Vec::new();
        };
        let heads = self.config.num_heads;
        let layers = self.table.layers.iter().enumerate();
        layers
            .map(|(layer, ranges)| {
                let ranges = ranges.wave();
                WaveHeads {
                    frequency: self.parameter(&ranges.frequency),
                    damping: self.parameter(&ranges.damping),
                    phase: self.parameter(&ranges.phase),
                    gain: View::of(field.gains.tensor, layer * heads..(layer + 1) * heads),
                }
            })
            .collect()
    }

    /// x + out_proj(what the tokens heard of each other).
    fn attention(&self, i: usize, dropout: f32, ops: &mut Vec<Op>) {
        let (p, b) = (&self.table.layers[i], &self.buffers.layers[i]);
        ops.push(self.norm(&b.input, &p.norm1, &b.normed1, &b.stats1));
        match self.config.architecture {
            Architecture::Wave => self.wave_attention(i, ops),
            Architecture::Standard => self.standard_attention(i, ops),
        }
        ops.push(self.linear_then(
            &b.mixed,
            (&p.out_weight, Some(&p.out_bias)),
            &self.buffers.branch,
            Then::Residual {
                x: b.input.clone(),
                out: b.middle.clone(),
                dropout: site(dropout, Place::Attention(i)),
            },
        ));
    }

    /// gate ∘ couple(gather(field ⋆ kernel)), the deposits of what the near field makes of the tokens.
    fn wave_attention(&self, i: usize, ops: &mut Vec<Op>) {
        let (p, layer) = (self.table.layers[i].wave(), &self.buffers.layers[i]);
        let b = layer.wave();
        let (heads, head_dim) = (self.config.num_heads, self.config.head_dim());
        let (weight, bias) = (&p.key_value_weight, &p.key_value_bias);
        if let (Some(near), Some(weight)) = (&b.near, &p.near_field) {
            ops.push(Op::NearField {
                x: layer.normed1.clone(),
                weight: self.parameter(weight),
                y: near.clone(),
                seq_len: self.seq_len,
            });
        }
        let source = b.near.as_ref().unwrap_or(&layer.normed1);
        ops.extend([
            self.linear(source, weight, bias, &b.keys_values),
            self.linear(&layer.normed1, &p.gate_weight, &p.gate_bias, &b.gate),
            Op::Deposit {
                keys_values: b.keys_values.clone(),
                deposits: b.deposits.clone(),
                dim: self.config.embedding_dim,
                head_dim,
            },
            self.convolution(i),
            Op::CoupleGate {
                gathered: b.gathered.clone(),
                gate: b.gate.clone(),
                coupling: self.parameter(&p.coupling),
                y: layer.mixed.clone(),
                heads,
                head_dim,
            },
        ]);
    }

    /// What a layer's waves bring to each token.
    fn convolution(&self, i: usize) -> Op {
        let b = self.buffers.layers[i].wave();
        let (deposits, y) = (b.deposits.clone(), b.gathered.clone());
        let (geometry, waves) = (self.field().geometry.clone(), self.buffers.layer_waves(i));
        match self.field().method {
            Method::Recurrence(_) => Op::FieldRecurrence {
                geometry,
                deposits,
                rotations: waves,
                y,
            },
            Method::Transforms(_) => Op::FieldConvolution {
                geometry,
                deposits,
                kernel: waves,
                y,
            },
        }
    }

    /// x + W₂·gelu(W₁·norm(x) + b₁) + b₂, or x + down(silu(gate·norm(x)) ∘ (up·norm(x))).
    fn feed_forward(&self, i: usize, dropout: f32, ops: &mut Vec<Op>) {
        let (p, b) = (&self.table.layers[i], &self.buffers.layers[i]);
        ops.push(self.norm(&b.middle, &p.norm2, &b.normed2, &b.stats2));
        let dropped = site(dropout, Place::Hidden(i));
        let outer = match &p.feed_forward {
            FeedForwardRanges::Gelu {
                in_weight,
                in_bias,
                out_weight,
                out_bias,
            } => {
                let gelu = Then::Gelu {
                    y: b.activated.clone(),
                    dropout: dropped,
                };
                let inner = (in_weight, Some(in_bias));
                ops.push(self.linear_then(&b.normed2, inner, &b.hidden, gelu));
                (out_weight, Some(out_bias))
            }
            FeedForwardRanges::Swiglu { gate, up, down } => {
                let hidden_gate = b.hidden_gate.as_ref().expect("a SwiGLU has a gate");
                ops.extend([
                    self.linear_then(&b.normed2, (gate, None), hidden_gate, Then::Nothing),
                    self.linear_then(&b.normed2, (up, None), &b.hidden, Then::Nothing),
                    Op::Swiglu {
                        gate: hidden_gate.clone(),
                        up: b.hidden.clone(),
                        y: b.activated.clone(),
                        dropout: dropped,
                    },
                ]);
                (down, None)
            }
        };
        ops.push(self.linear_then(
            &b.activated,
            outer,
            &self.buffers.branch,
            Then::Residual {
                x: b.middle.clone(),
                out: self.after_feed_forward(i).clone(),
                dropout: site(dropout, Place::FeedForward(i)),
            },
        ));
    }

    /// The mean of the text so far, taken on as far as the token agrees with it.
    fn interference(&self, j: usize, out: &View, dropout: f32, ops: &mut Vec<Op>) {
        let (p, b) = (&self.table.interference[j], &self.buffers.interference[j]);
        let dim = self.config.embedding_dim;
        ops.extend([
            self.linear(
                &b.input,
                &p.compress_weight,
                &p.compress_bias,
                &b.compressed,
            ),
            Op::PrefixMean {
                x: b.compressed.clone(),
                y: b.means.clone(),
                seq_len: self.seq_len,
                dim: self.config.context_dim(),
            },
            self.linear(&b.means, &p.expand_weight, &p.expand_bias, &b.expanded),
        ]);
        if let Some(site) = site(dropout, Place::Context(j)) {
            let (x, y) = (b.expanded.clone(), b.context.clone());
            ops.push(Op::Dropout { x, y, site });
        }
        let context = self.context(j, dropout);
        let [from_stream, from_context] = self.gate_halves(self.parameter(&p.gate_weight));
        ops.extend([
            self.linear(&b.input, &p.local_weight, &p.local_bias, &b.local),
            self.linear(context, &p.global_weight, &p.global_bias, &b.global),
            Op::MatrixProduct {
                a: self.tokens(&b.input),
                b: transposed(&from_stream),
                c: self.tokens(&b.gate),
                bias: Some(self.parameter(&p.gate_bias)),
                accumulate: false,
                then: Then::Nothing,
            },
            Op::MatrixProduct {
                a: self.tokens(context),
                b: transposed(&from_context),
                c: self.tokens(&b.gate),
                bias: None,
                accumulate: true,
                then: Then::Nothing,
            },
            Op::Interfere {
                inputs: self.interference_inputs(j, dropout),
                out: out.clone(),
                stats: b.stats.clone(),
                dim,
            },
        ]);
    }

    /// The context g that a module works with: after dropout, where there is any.
    pub(super) fn context(&self, j: usize, dropout: f32) -> &View {
        let b = &self.buffers.interference[j];
        if dropout > 0.0 {
            &b.context
        } else {
            &b.expanded
        }
    }

    pub(super) fn interference_inputs(&self, j: usize, dropout: f32) -> InterferenceInputs {
        let b = &self.buffers.interference[j];
        InterferenceInputs {
            x: b.input.clone(),
            local: b.local.clone(),
            global: b.global.clone(),
            context: self.context(j, dropout).clone(),
            gate: b.gate.clone(),
            temperature: self.parameter(&self.table.interference[j].temperature),
        }
    }

    /// The two halves of W_i (D, 2D), which reads [x; g]: neighbouring columns of one matrix.
    pub(super) fn gate_halves(&self, weight: View) -> [Matrix; 2] {
        let dim = self.config.embedding_dim;
        let (start, end) = (weight.range.start, weight.range.end);
        [start..end, start + dim..end].map(|range| Matrix {
            view: View::of(weight.tensor, range),
            shape: Shape::columns_of(dim, dim, 2 * dim),
        })
    }
}
