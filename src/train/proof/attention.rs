//! Softmax attention, of the standard Transformer.

use super::world::World;
use crate::backend::Op;
use crate::kernels::embedding::positions;

pub fn attention(w: &mut World) {
    // More tokens than a workgroup has rows; more channels of a head than it takes at a time.
    let (sequences, seq_len, heads, head_dim) = (2, 75, 2, 19);
    let rows = sequences * seq_len;
    let len = rows * heads * head_dim;
    let qkv = w.noise(3 * len);
    let (y, stats) = (w.output(len), w.output(rows * heads));
    let (known_y, known_stats) = (w.output(len), w.output(rows * heads));
    let op = |y: &_, stats: &_| Op::Attention {
        qkv: qkv.clone(),
        y: Clone::clone(y),
        stats: Clone::clone(stats),
        seq_len,
        heads,
    };
    let wanted = [("attention", &y), ("attention's sums", &stats)];
    w.check(op(&y, &stats), &wanted);
    w.on_cpu(op(&known_y, &known_stats), &[&known_y, &known_stats]);
    let (dy, dqkv) = (w.noise(len), w.output(3 * len));
    let op = Op::AttentionBackward {
        qkv,
        y: known_y,
        stats: known_stats,
        dy,
        dqkv: dqkv.clone(),
        seq_len,
        heads,
    };
    w.check(op, &[("gradient of queries, keys and values", &dqkv)]);
}

/// Places of two sequences, there and back.
pub fn rotary(w: &mut World) {
    let (sequences, seq_len, heads, head_dim) = (2, 23, 3, 6);
    let turns = positions(0, seq_len, head_dim, 1.0);
    let turns: Vec<f32> = turns.into_iter().map(|x| x as f32).collect();
    let turns = w.values(&turns);
    for (what, back) in [
        ("rotary positions", false),
        ("rotary positions, back", true),
    ] {
        let qkv = w.noise(3 * sequences * seq_len * heads * head_dim);
        let op = Op::Rotary {
            qkv: qkv.clone(),
            turns: turns.clone(),
            seq_len,
            heads,
            back,
        };
        w.check(op, &[(what, &qkv)]);
    }
}
