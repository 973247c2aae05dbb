//! The backward: the forward's parts from the last to the first, each in reverse.
//!
//! `dstream` is the gradient of the residual stream; each part adds to it what flows through its
//! branch.

use super::forward::{Place, site};
use super::{Activations, Field, Method, Network, dense};
use crate::backend::{Matrix, Op, Then, View, WaveGradients};
use crate::config::Architecture;
use crate::kernels::dropout::DropoutSite;
use crate::model::parameters::{FeedForwardRanges, NormRanges};
use std::ops::Range;

impl Network {
    /// Overwrites all gradients from the logits and targets of the last forward, which must have
    /// run with the same dropout.
    ///
    /// # Panics
    /// When the network was not laid out for training.
    pub fn backward(&self, dropout: f32) -> Vec<Op> {
        let (b, s) = (&self.buffers, &self.training().scratch);
        let dim = self.config.embedding_dim;
        let embedding = &self.table.token_embedding;
        let mut ops = vec![
            Op::Zero {
                y: self.flat_gradients(),
            },
            Op::CrossEntropyBackward {
                logits: b.logits.clone(),
                dlogits: s.dlogits.clone(),
            },
            self.weight_gradient(
                &s.dlogits,
                &b.normed,
                dense(self.gradient(embedding), dim),
                None,
            ),
            self.input_gradient(
                &s.dlogits,
                dense(self.parameter(embedding), dim),
                &s.dnormed,
                false,
                Then::Nothing,
            ),
            Op::Zero {
                y: s.dstream.clone(),
            },
        ];
        ops.push(self.norm_backward(&b.output, &b.stats, &self.table.norm));
        for layer in (0..self.config.num_layers).rev() {
            // The room that layers share is the last one's still.
            if self.activations == Activations::Recomputed && layer + 1 < self.config.num_layers {
                self.layer(layer, dropout, &mut ops);
            }
            if let Some(module) = self.config.interference_after(layer) {
                self.interference_backward(module, dropout, &mut ops);
            }
            self.feed_forward_backward(layer, dropout, &mut ops);
            self.attention_backward(layer, dropout, &mut ops);
        }
        if let Some(field) = &self.field {
            ops.push(self.waves_backward(field));
        }
        ops.push(Op::EmbedBackward {
            dy: s.dstream.clone(),
            dtable: self.gradient(embedding),
            dpositions: self.learned_positions().map(|range| self.gradient(&range)),
            dim,
            dropout: site(dropout, Place::Embedding),
        });
        ops
    }

    /// dW += dyᵀ·x, and the bias's gradient with it.
    fn weight_gradient(
        &self,
        dy: &View,
        x: &View,
        dweight: Matrix,
        bias: Option<&Range<usize>>,
    ) -> Op {
        Op::WeightGradient {
            dy: self.tokens(dy),
            x: self.tokens(x),
            dweight,
            dbias: bias.map(|bias| self.gradient(bias)),
        }
    }

    /// dx = dy·W, or added to it, and what follows.
    fn input_gradient(
        &self,
        dy: &View,
        weight: Matrix,
        dx: &View,
        accumulate: bool,
        then: Then,
    ) -> Op {
        Op::MatrixProduct {
            a: self.tokens(dy),
            b: weight,
            c: self.tokens(dx),
            bias: None,
            accumulate,
            then,
        }
    }

    /// Everything behind y = x Wᵀ, with or without a bias: the weight's and the bias's gradient, and the
    /// input's.
    pub(super) fn linear_backward(
        &self,
        (x, dy): (&View, &View),
        (weight, bias): (&Range<usize>, Option<&Range<usize>>),
        (dx, accumulate): (&View, bool),
        then: Then,
        ops: &mut Vec<Op>,
    ) {
        let columns = self.tokens(x).shape.columns;
        let weights = dense(self.parameter(weight), columns);
        let dweights = dense(self.gradient(weight), columns);
        ops.extend([
            self.weight_gradient(dy, x, dweights, bias),
            self.input_gradient(dy, weights, dx, accumulate, then),
        ]);
    }

    /// From `dnormed` into `dstream`.
    fn norm_backward(&self, x: &View, stats: &View, p: &NormRanges) -> Op {
        let s = &self.training().scratch;
        Op::LayerNormBackward {
            x: x.clone(),
            weight: self.parameter(&p.weight),
            stats: stats.clone(),
            dy: s.dnormed.clone(),
            dx: s.dstream.clone(),
            dweight: self.gradient(&p.weight),
            dbias: p.bias.as_ref().map(|bias| self.gradient(bias)),
        }
    }

    /// The gradient of a branch's result: the stream's own, behind the branch's dropout.
    fn branch_gradient(&self, site: Option<DropoutSite>, ops: &mut Vec<Op>) -> View {
        let s = &self.training().scratch;
        let Some(site) = site else {
            return s.dstream.clone();
        };
        ops.push(Op::Dropout {
            x: s.dstream.clone(),
            y: s.dbranch.clone(),
            site,
        });
        s.dbranch.clone()
    }

    fn feed_forward_backward(&self, i: usize, dropout: f32, ops: &mut Vec<Op>) {
        let (p, b) = (&self.table.layers[i], &self.buffers.layers[i]);
        let s = &self.training().scratch;
        let dy = self.branch_gradient(site(dropout, Place::FeedForward(i)), ops);
        let dropped = site(dropout, Place::Hidden(i));
        let (x, dhidden) = (&b.normed2, (&s.dhidden, false));
        let first = (&s.dnormed, false);
        match &p.feed_forward {
            FeedForwardRanges::Gelu {
                in_weight,
                in_bias,
                out_weight,
                out_bias,
            } => {
                let (outer, inner) = ((out_weight, Some(out_bias)), (in_weight, Some(in_bias)));
                let gelu = Then::GeluBackward {
                    x: b.hidden.clone(),
                    dropout: dropped,
                };
                self.linear_backward((&b.activated, &dy), outer, dhidden, gelu, ops);
                self.linear_backward((x, &s.dhidden), inner, first, Then::Nothing, ops);
            }
            FeedForwardRanges::Swiglu { gate, up, down } => {
                let activated = (&b.activated, &dy);
                self.linear_backward(activated, (down, None), dhidden, Then::Nothing, ops);
                let dgate = s.dhidden_gate.as_ref().expect("a SwiGLU has a gate");
                ops.push(Op::SwigluBackward {
                    gate: b.hidden_gate.clone().expect("a SwiGLU has a gate"),
                    up: b.hidden.clone(),
                    d: s.dhidden.clone(),
                    dgate: dgate.clone(),
                    dropout: dropped,
                });
                self.linear_backward((x, &s.dhidden), (up, None), first, Then::Nothing, ops);
                let second = (&s.dnormed, true);
                self.linear_backward((x, dgate), (gate, None), second, Then::Nothing, ops);
            }
        }
        ops.push(self.norm_backward(&b.middle, &b.stats2, &p.norm2));
    }

    fn attention_backward(&self, i: usize, dropout: f32, ops: &mut Vec<Op>) {
        let (p, b) = (&self.table.layers[i], &self.buffers.layers[i]);
        let s = &self.training().scratch;
        let dy = self.branch_gradient(site(dropout, Place::Attention(i)), ops);
        let out = (&p.out_weight, Some(&p.out_bias));
        self.linear_backward((&b.mixed, &dy), out, (&s.dmixed, false), Then::Nothing, ops);
        match self.config.architecture {
            Architecture::Wave => self.wave_attention_backward(i, ops),
            Architecture::Standard => self.standard_attention_backward(i, ops),
        }
        ops.push(self.norm_backward(&b.input, &b.stats1, &p.norm1));
    }

    /// From `dmixed` into `dnormed`.
    fn wave_attention_backward(&self, i: usize, ops: &mut Vec<Op>) {
        let (p, layer) = (self.table.layers[i].wave(), &self.buffers.layers[i]);
        let b = layer.wave();
        let (dmixed, dnormed) = {
            let s = &self.training().scratch;
            (&s.dmixed, &s.dnormed)
        };
        let s = self.training().scratch.wave();
        let (heads, head_dim) = (self.config.num_heads, self.config.head_dim());
        ops.extend([
            Op::CoupleGateBackward {
                gathered: b.gathered.clone(),
                gate: b.gate.clone(),
                coupling: self.parameter(&p.coupling),
                dy: dmixed.clone(),
                dgathered: s.dgathered.clone(),
                dgate: s.dgate.clone(),
                dcoupling: self.gradient(&p.coupling),
                heads,
                head_dim,
            },
            self.convolution_backward(i),
            Op::DepositBackward {
                keys_values: b.keys_values.clone(),
                ddeposits: s.ddeposits.clone(),
                dkeys_values: s.dkeys_values.clone(),
                dim: self.config.embedding_dim,
                head_dim,
            },
        ]);
        let keys_values = (&p.key_value_weight, Some(&p.key_value_bias));
        let gate = (&p.gate_weight, Some(&p.gate_bias));
        let x = &layer.normed1;
        let gated = (x, &s.dgate);
        let (Some(near), Some(weight)) = (&b.near, &p.near_field) else {
            let first = (dnormed, false);
            self.linear_backward((x, &s.dkeys_values), keys_values, first, Then::Nothing, ops);
            return self.linear_backward(gated, gate, (dnormed, true), Then::Nothing, ops);
        };
        let dnear = &self.training().scratch.dbranch;
        let deposited = (near, &s.dkeys_values);
        self.linear_backward(deposited, keys_values, (dnear, false), Then::Nothing, ops);
        self.linear_backward(gated, gate, (dnormed, false), Then::Nothing, ops);
        ops.push(Op::NearFieldBackward {
            x: x.clone(),
            weight: self.parameter(weight),
            dy: dnear.clone(),
            dx: dnormed.clone(),
            dweight: self.gradient(weight),
            seq_len: self.seq_len,
        });
    }

    /// From what a layer's tokens gathered to what they deposited, and to the layer's waves.
    fn convolution_backward(&self, i: usize) -> Op {
        let s = self.training().scratch.wave();
        let (dy, ddeposits) = (s.dgathered.clone(), s.ddeposits.clone());
        let deposits = self.buffers.layers[i].wave().deposits.clone();
        let (geometry, waves) = (self.field().geometry.clone(), self.buffers.layer_waves(i));
        let dwaves = s.layer_dwaves(i, self.config.num_layers);
        match self.field().method {
            Method::Recurrence(_) => Op::FieldRecurrenceBackward {
                geometry,
                deposits,
                rotations: waves,
                dy,
                ddeposits,
                drotations: dwaves,
            },
            Method::Transforms(_) => Op::FieldConvolutionBackward {
                geometry,
                deposits,
                kernel: waves,
                dy,
                ddeposits,
                dkernel: dwaves,
            },
        }
    }

    /// From all layers' kernels or rotations to the parameters of their waves.
    fn waves_backward(&self, field: &Field) -> Op {
        let gradients = self.table.layers.iter().map(|layer| {
            let p = layer.wave();
            WaveGradients {
                frequency: self.gradient(&p.frequency),
                damping: self.gradient(&p.damping),
                phase: self.gradient(&p.phase),
            }
        });
        let (layers, gradients) = (self.wave_heads(), gradients.collect());
        let dwaves = self.training().scratch.wave().dwaves.clone();
        match field.method {
            Method::Recurrence(travel) => Op::WaveRotationBackward {
                layers,
                gradients,
                travel,
                drotations: dwaves,
            },
            Method::Transforms(taps) => Op::WaveKernelBackward {
                layers,
                gradients,
                taps,
                dkernel: dwaves,
            },
        }
    }

    fn interference_backward(&self, j: usize, dropout: f32, ops: &mut Vec<Op>) {
        let (p, b) = (&self.table.interference[j], &self.buffers.interference[j]);
        let (dstream, dbranch) = {
            let s = &self.training().scratch;
            (&s.dstream, &s.dbranch)
        };
        let s = self.training().scratch.wave();
        let context = self.context(j, dropout);
        ops.push(Op::InterfereBackward {
            inputs: self.interference_inputs(j, dropout),
            stats: b.stats.clone(),
            dout: dstream.clone(),
            dlocal: s.dlocal.clone(),
            dglobal: s.dglobal.clone(),
            dcontext: s.dcontext.clone(),
            dgate: s.dgate.clone(),
            dtemperature: self.gradient(&p.temperature),
            dim: self.config.embedding_dim,
        });
        let [from_stream, from_context] = self.gate_halves(self.parameter(&p.gate_weight));
        let [dfrom_stream, dfrom_context] = self.gate_halves(self.gradient(&p.gate_weight));
        ops.extend([
            self.weight_gradient(&s.dgate, &b.input, dfrom_stream, Some(&p.gate_bias)),
            self.weight_gradient(&s.dgate, context, dfrom_context, None),
            self.input_gradient(&s.dgate, from_stream, dstream, true, Then::Nothing),
            self.input_gradient(&s.dgate, from_context, &s.dcontext, true, Then::Nothing),
        ]);
        let (local, global) = (
            (&p.local_weight, Some(&p.local_bias)),
            (&p.global_weight, Some(&p.global_bias)),
        );
        let (dstream, dcontext) = ((dstream, true), (&s.dcontext, true));
        let nothing = || Then::Nothing;
        self.linear_backward((&b.input, &s.dlocal), local, dstream, nothing(), ops);
        self.linear_backward((context, &s.dglobal), global, dcontext, nothing(), ops);
        let dexpanded = match site(dropout, Place::Context(j)) {
            None => &s.dcontext,
            Some(site) => {
                let (x, y) = (s.dcontext.clone(), dbranch.clone());
                ops.push(Op::Dropout { x, y, site });
                dbranch
            }
        };
        let (expand, compress) = (
            (&p.expand_weight, Some(&p.expand_bias)),
            (&p.compress_weight, Some(&p.compress_bias)),
        );
        let dmeans = (&s.dmeans, false);
        self.linear_backward((&b.means, dexpanded), expand, dmeans, nothing(), ops);
        ops.push(Op::PrefixMeanBackward {
            d: s.dmeans.clone(),
            seq_len: self.seq_len,
            dim: self.config.context_dim(),
        });
        self.linear_backward((&b.input, &s.dmeans), compress, dstream, nothing(), ops);
    }
}
