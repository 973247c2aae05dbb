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

pub async fn layer_norm(device: GpuDevice) -> Outcome {
    for (rows, dim) in SHAPES {
        let mut t = Twins::new(device.clone());
        let [x, weight, bias] = inputs(&mut t, rows, dim);
        let (y, stats) = (t.poisoned(rows * dim), t.poisoned(2 * rows));
        t.run(&[Op::LayerNorm {
            x,
            weight,
            bias: Some(bias),
            y: y.clone(),
            stats: stats.clone(),
        }]);
        t.same(&format!("{rows} rows of {dim}"), &y, 2e-6, 2e-6)
            .await?;
        t.same(
            &format!("stats of {rows} rows of {dim}"),
            &stats,
            1e-6,
            2e-6,
        )
        .await?;
    }
    Ok(())
}

pub async fn layer_norm_backward(device: GpuDevice) -> Outcome {
    for (rows, dim) in SHAPES {
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
            dbias: Some(View::of(gradients.tensor, 1..1 + dim)),
        };
        let forward = Op::LayerNorm {
            x,
            weight,
            bias: Some(bias),
            y,
            stats,
        };
        // Twice: it adds.
        t.run(&[forward, backward.clone(), backward, norm]);
        // One channel alone is its own mean: 1/deviation is 316.
        let size = if dim == 1 { 1e-4 } else { 5e-6 };
        t.same(&format!("dx, {rows} rows of {dim}"), &dx, size, 5e-6)
            .await?;
        let size = 1e-6 * (rows as f32).sqrt();
        t.same(
            &format!("gradients, {rows} rows of {dim}"),
            &gradients,
            size,
            5e-6,
        )
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
