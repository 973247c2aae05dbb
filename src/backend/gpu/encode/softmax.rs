//! Softmax attention, which the waves are compared with.

use super::{Encoder, across};
use crate::backend::gpu::program::Dispatch;
use crate::backend::{Op, View};

const SHADER: &str = "attention";
/// As in `attention_tiles.wgsl`: rows that a workgroup has, and channels that it takes at a time.
const OWN: usize = 64;
const OTHERS: usize = 32;
const DEPTH: usize = 16;

/// What all entries of the shader are called with.
struct Call<'a> {
    qkv: &'a View,
    y: &'a View,
    stats: &'a View,
    /// `dy` and `dqkv`.
    backward: Option<[&'a View; 2]>,
    seq_len: usize,
    heads: usize,
}

impl Call<'_> {
    /// The dispatch but for its buffers.
    fn begin(&self, entry: &'static str) -> Dispatch {
        let rows = self.stats.len() / self.heads;
        let head_dim = self.y.len() / self.stats.len();
        let blocks = self.seq_len.div_ceil(OWN);
        let units = rows / self.seq_len * self.heads * blocks;
        let [dy, dqkv] = match self.backward {
            Some(views) => views.map(|view| view.range.start),
            None => [0, 0],
        };
        let mut dispatch = Dispatch::new(SHADER, entry)
            .constant("CHUNKS", head_dim.div_ceil(DEPTH) as u32)
            .arg(self.seq_len)
            .arg(self.heads)
            .arg(head_dim)
            .arg(units)
            .arg(self.qkv.range.start)
            .arg(self.y.range.start)
            .arg(self.stats.range.start)
            .arg(dy)
            .arg(dqkv)
            .arg_float(1.0 / (head_dim as f64).sqrt())
            .units(units);
        // Half of the other rows' blocks are passed along, two or more tensors of each.
        let passed = units * self.seq_len.div_ceil(2 * OTHERS) * OTHERS * head_dim;
        dispatch.read_again = 8 * passed as u64;
        dispatch
    }
}

impl Encoder<'_> {
    pub(super) fn softmax_attention(&mut self, op: &Op) {
        match op {
            Op::Attention {
                qkv,
                y,
                stats,
                seq_len,
                heads,
            } => {
                let call = Call {
                    qkv,
                    y,
                    stats,
                    backward: None,
                    seq_len: *seq_len,
                    heads: *heads,
                };
                self.push(
                    call.begin("attention")
                        .buffer(2, qkv.tensor, qkv.len())
                        .buffer(3, y.tensor, y.len())
                        .buffer(4, stats.tensor, stats.len()),
                );
            }
            Op::AttentionBackward {
                qkv,
                y,
                stats,
                dy,
                dqkv,
                seq_len,
                heads,
            } => {
                let call = Call {
                    qkv,
                    y,
                    stats,
                    backward: Some([dy, dqkv]),
                    seq_len: *seq_len,
                    heads: *heads,
                };
                for (entry, parts) in [("queries_backward", 1), ("keys_backward", 2)] {
                    self.push(
                        call.begin(entry)
                            .buffer(2, qkv.tensor, qkv.len())
                            .buffer(5, y.tensor, y.len())
                            .buffer(6, stats.tensor, stats.len())
                            .buffer(7, dy.tensor, dy.len())
                            .buffer(8, dqkv.tensor, parts * y.len()),
                    );
                }
            }
            Op::Rotary {
                qkv,
                turns,
                seq_len,
                heads,
                back,
            } => {
                let head_dim = turns.len() / seq_len;
                let dim = heads * head_dim;
                self.push(
                    Dispatch::new("rotary", "rotary")
                        .arg(qkv.len() / (3 * dim))
                        .arg(dim)
                        .arg(head_dim)
                        .arg(*seq_len)
                        .arg(qkv.range.start)
                        .view(3, turns)
                        .arg_float(if *back { -1.0 } else { 1.0 })
                        // Queries and keys, read and written.
                        .buffer(2, qkv.tensor, 4 * qkv.len() / 3)
                        .units(across(qkv.len() / 3)),
                );
            }
            _ => unreachable!("not a part of softmax attention"),
        }
    }
}
