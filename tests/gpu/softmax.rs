//! Softmax attention.

use crate::twins::Twins;
use crate::{IN_BROWSER, Outcome};
use wavefield::backend::gpu::GpuDevice;
use wavefield::backend::{Op, View};
use wavefield::kernels::embedding::positions;

/// Sequences, their length, heads, channels of a head: lengths within a block of the shader, across
/// and on its edges; channels that fill no four, one chunk, several.
const SHAPES: [[usize; 4]; 10] = [
    [1, 1, 1, 1],
    [3, 2, 2, 4],
    [2, 97, 3, 16],
    [1, 300, 2, 24],
    [1, 64, 1, 64],
    [2, 65, 1, 128],
    [1, 128, 8, 16],
    [1, 33, 2, 10],
    [5, 31, 1, 7],
    [1, 1000, 1, 4],
];

fn name([sequences, seq_len, heads, head_dim]: [usize; 4]) -> String {
    format!("{sequences} of {seq_len}, {heads} heads of {head_dim}")
}

pub async fn attention(device: GpuDevice) -> Outcome {
    for shape in SHAPES {
        let [sequences, seq_len, heads, head_dim] = shape;
        let (rows, dim) = (sequences * seq_len, heads * head_dim);
        let mut t = Twins::new(device.clone());
        let qkv = t.normals(rows * 3 * dim + 5);
        let y = t.poisoned(rows * dim + 3);
        let stats = t.poisoned(rows * heads);
        t.run(&[Op::Attention {
            qkv: View::of(qkv.tensor, 5..qkv.len()),
            y: View::of(y.tensor, 1..1 + rows * dim),
            stats: stats.clone(),
            seq_len,
            heads,
        }]);
        // With the poison around it, which must stay.
        t.same(&format!("y, {}", name(shape)), &y, 3e-6, 3e-6)
            .await?;
        t.same(&format!("stats, {}", name(shape)), &stats, 3e-6, 3e-6)
            .await?;
    }
    Ok(())
}

/// Scores far apart: nothing overflows, and what is not seen stays unseen.
pub async fn attention_of_extremes(device: GpuDevice) -> Outcome {
    let (seq_len, heads, dim) = (97, 2, 32);
    for size in [30.0, 1e5] {
        let mut t = Twins::new(device.clone());
        // Small whole numbers, and a root that is one: products are exact, and so the same on both.
        let values: Vec<f32> = (0..seq_len * 3 * dim)
            .map(|i| ((i * 7919 + i / 5) % 7) as f32 - 3.0)
            .enumerate()
            .map(|(i, x)| if i % (3 * dim) < dim { x * size } else { x })
            .collect();
        let qkv = t.values(&values);
        let (y, stats) = (t.poisoned(seq_len * dim), t.poisoned(seq_len * heads));
        t.run(&[Op::Attention {
            qkv,
            y: y.clone(),
            stats: stats.clone(),
            seq_len,
            heads,
        }]);
        t.same(&format!("y at {size}"), &y, 3e-5, 3e-5).await?;
        t.same(&format!("stats at {size}"), &stats, 3e-6, 3e-6)
            .await?;
    }
    Ok(())
}

pub async fn attention_backward(device: GpuDevice) -> Outcome {
    // Compiled anew for each number of chunks, which takes longer the more there are.
    for shape in SHAPES
        .into_iter()
        .filter(|shape| !IN_BROWSER || shape[3] <= 24)
    {
        let [sequences, seq_len, heads, head_dim] = shape;
        let (rows, dim) = (sequences * seq_len, heads * head_dim);
        let mut t = Twins::new(device.clone());
        let qkv = t.normals(rows * 3 * dim);
        let (y, stats) = (t.poisoned(rows * dim), t.poisoned(rows * heads));
        let dy = t.normals(rows * dim + 2);
        let dqkv = t.poisoned(rows * 3 * dim + 7);
        let forward = Op::Attention {
            qkv: qkv.clone(),
            y: y.clone(),
            stats: stats.clone(),
            seq_len,
            heads,
        };
        let backward = Op::AttentionBackward {
            qkv,
            y,
            stats,
            dy: View::of(dy.tensor, 2..dy.len()),
            dqkv: View::of(dqkv.tensor, 3..3 + rows * 3 * dim),
            seq_len,
            heads,
        };
        // Twice: it overwrites.
        t.run(&[forward, backward.clone(), backward]);
        t.same(&format!("dqkv, {}", name(shape)), &dqkv, 1e-5, 1e-5)
            .await?;
    }
    Ok(())
}

pub async fn rotary(device: GpuDevice) -> Outcome {
    for (sequences, seq_len, heads, head_dim) in [(1, 1, 1, 2), (3, 17, 3, 6), (2, 200, 5, 32)] {
        let mut t = Twins::new(device.clone());
        let turns = positions(0, seq_len, head_dim, 1.0);
        let turns: Vec<f32> = turns.into_iter().map(|x| x as f32).collect();
        let turns = t.values(&turns);
        let len = 3 * sequences * seq_len * heads * head_dim;
        let whole = t.normals(len + 2);
        let qkv = View::of(whole.tensor, 1..len + 1);
        let op = |back| Op::Rotary {
            qkv: qkv.clone(),
            turns: turns.clone(),
            seq_len,
            heads,
            back,
        };
        let what = format!("{sequences} sequences of {seq_len}, {heads} heads of {head_dim}");
        t.run(&[op(false)]);
        t.same(&what, &whole, 1e-6, 2e-6).await?;
        t.run(&[op(false), op(true), op(true)]);
        t.same(&format!("back, {what}"), &whole, 2e-6, 4e-6).await?;
    }
    Ok(())
}
