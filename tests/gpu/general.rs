//! Layer normalisation and dropout.

use crate::Outcome;
use crate::kernels::{DROPOUT, whole};
use crate::twins::Twins;
use wavefield::backend::gpu::GpuDevice;
use wavefield::backend::{Op, View};

/// Rows and channels.
const SHAPES: [(usize, usize); 6] = [(1, 1), (1, 300), (37, 70), (130, 16), (9, 1100), (600, 33)];

/// What the forward and the backward read: x and the parameters weight and bias.
fn inputs(t: &mut Twins, rows: usize, dim: usize) -> [View; 3] {
    let x = t.normals(rows * dim);
    let parameters = t.normals(2 * dim + 3);
    let weight = View::of(parameters.tensor, 3..3 + dim);
    let bias = View::of(parameters.tensor, 3 + dim..3 + 2 * dim);
    [x, weight, bias]
}

/// Every shape as a layer norm and, without a bias, as an RMS norm.
fn norms() -> impl Iterator<Item = (usize, usize, bool)> {
    let all = [true, false].map(|biased| SHAPES.map(|(rows, dim)| (rows, dim, biased)));
    all.into_iter().flatten()
}

pub async fn layer_norm(device: GpuDevice) -> Outcome {
    for (rows, dim, biased) in norms() {
        let mut t = Twins::new(device.clone());
        let [x, weight, bias] = inputs(&mut t, rows, dim);
        let (y, stats) = (t.poisoned(rows * dim), t.poisoned(2 * rows));
        t.run(&[Op::LayerNorm {
            x,
            weight,
            bias: biased.then_some(bias),
            y: y.clone(),
            stats: stats.clone(),
        }]);
        let what = format!("{rows} rows of {dim}, bias: {biased}");
        t.same(&what, &y, 2e-6, 2e-6).await?;
        t.same(&format!("stats of {what}"), &stats, 1e-6, 2e-6)
            .await?;
    }
    Ok(())
}

pub async fn layer_norm_backward(device: GpuDevice) -> Outcome {
    for (rows, dim, biased) in norms() {
        let mut t = Twins::new(device.clone());
        let [x, weight, bias] = inputs(&mut t, rows, dim);
        let (y, stats) = (t.poisoned(rows * dim), t.poisoned(2 * rows));
        let (dy, dx) = (t.normals(rows * dim), t.normals(rows * dim));
        let gradients = t.begun_gradients(2 * dim + 4);
        let norm = whole(&mut t, &gradients);
        let backward = Op::LayerNormBackward {
            x: x.clone(),
            weight: weight.clone(),
            stats: stats.clone(),
            dy,
            dx: dx.clone(),
            // Not in the order of the arguments.
            dweight: View::of(gradients.tensor, 2 + dim..2 + 2 * dim),
            dbias: biased.then(|| View::of(gradients.tensor, 1..1 + dim)),
        };
        let forward = Op::LayerNorm {
            x,
            weight,
            bias: biased.then_some(bias),
            y,
            stats,
        };
        // Twice: it adds.
        t.run(&[forward, backward.clone(), backward, norm]);
        // One channel alone is its own mean: 1/deviation is 316. Without a mean nothing is left of its
        // gradient but what the epsilon leaves.
        let size = if dim == 1 { 1e-4 } else { 5e-6 };
        let what = format!("{rows} rows of {dim}, bias: {biased}");
        t.same(&format!("dx, {what}"), &dx, size, 5e-6).await?;
        let size = 1e-6 * (rows as f32).sqrt();
        t.same(&format!("gradients, {what}"), &gradients, size, 5e-6)
            .await?;
    }
    Ok(())
}

pub async fn swiglu(device: GpuDevice) -> Outcome {
    for (len, dropout) in [(1, None), (1000, DROPOUT), (2_000_000, None)] {
        let mut t = Twins::new(device.clone());
        let [gate, up, d] = [t.normals(len + 3), t.normals(len), t.normals(len)];
        let gate = View::of(gate.tensor, 3..len + 3);
        let (y, dgate) = (t.poisoned(len + 2), t.poisoned(len + 1));
        let y = View::of(y.tensor, 2..len + 2);
        let dgate = View::of(dgate.tensor, 1..len + 1);
        t.run(&[
            Op::Swiglu {
                gate: gate.clone(),
                up: up.clone(),
                y: y.clone(),
                dropout,
            },
            Op::SwigluBackward {
                gate,
                up,
                d: d.clone(),
                dgate: dgate.clone(),
                dropout,
            },
        ]);
        for (what, view) in [("y", &y), ("dup", &d), ("dgate", &dgate)] {
            t.same(&format!("{what}, {len}"), view, 1e-6, 2e-6).await?;
        }
    }
    Ok(())
}

pub async fn near_field(device: GpuDevice) -> Outcome {
    for (sequences, seq_len, dim) in [(1, 1, 1), (3, 2, 70), (2, 37, 16), (1, 700, 33), (40, 4, 5)]
    {
        let mut t = Twins::new(device.clone());
        let len = sequences * seq_len * dim;
        let [x, dy, dx] = [t.normals(len), t.normals(len), t.normals(len)];
        let weight = t.normals(4 * dim + 3);
        let weight = View::of(weight.tensor, 3..4 * dim + 3);
        let y = t.poisoned(len + 1);
        let y = View::of(y.tensor, 1..len + 1);
        let gradients = t.begun_gradients(4 * dim + 2);
        let norm = whole(&mut t, &gradients);
        let backward = Op::NearFieldBackward {
            x: x.clone(),
            weight: weight.clone(),
            dy,
            dx: dx.clone(),
            dweight: View::of(gradients.tensor, 1..4 * dim + 1),
            seq_len,
        };
        let forward = Op::NearField {
            x,
            weight,
            y: y.clone(),
            seq_len,
        };
        // Twice: it adds.
        t.run(&[forward, backward.clone(), backward, norm]);
        let what = format!("{sequences} sequences of {seq_len} rows of {dim}");
        t.same(&format!("y, {what}"), &y, 1e-6, 2e-6).await?;
        t.same(&format!("dx, {what}"), &dx, 2e-6, 2e-6).await?;
        let size = 1e-6 * ((sequences * seq_len) as f32).sqrt();
        t.same(&format!("gradients, {what}"), &gradients, size, 5e-6)
            .await?;
    }
    Ok(())
}

pub async fn dropout(device: GpuDevice) -> Outcome {
    for len in [1, 1000, 5_000_000] {
        let mut t = Twins::new(device.clone());
        let (x, y) = (t.normals(len), t.poisoned(len + 2));
        let y = View::of(y.tensor, 2..len + 2);
        t.run(&[Op::Dropout {
            x,
            y: y.clone(),
            site: DROPOUT.expect("something is dropped"),
        }]);
        t.same(&format!("{len} elements"), &y, 0.0, 2e-7).await?;
    }
    Ok(())
}
