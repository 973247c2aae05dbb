//! Prefix means and interference.

use crate::Outcome;
use crate::kernels::whole;
use crate::twins::Twins;
use wavefield::backend::gpu::GpuDevice;
use wavefield::backend::{Backend, InterferenceInputs, Op, View};
use wavefield::kernels::interference::STATS;

pub async fn prefix_mean(device: GpuDevice) -> Outcome {
    for (sequences, seq_len, dim) in [(1, 1, 1), (3, 37, 70), (2, 700, 9), (5, 4, 300)] {
        let mut t = Twins::new(device.clone());
        let len = sequences * seq_len * dim;
        let (x, y) = (t.normals(len), t.poisoned(len));
        t.run(&[Op::PrefixMean {
            x,
            y: y.clone(),
            seq_len,
            dim,
        }]);
        t.same(
            &format!("{sequences} of {seq_len} by {dim}"),
            &y,
            1e-7,
            1e-6,
        )
        .await?;
    }
    Ok(())
}

pub async fn prefix_mean_backward(device: GpuDevice) -> Outcome {
    for (sequences, seq_len, dim) in [(1, 1, 1), (3, 37, 70), (2, 700, 9), (5, 4, 300)] {
        let mut t = Twins::new(device.clone());
        let d = t.normals(sequences * seq_len * dim);
        t.run(&[Op::PrefixMeanBackward {
            d: d.clone(),
            seq_len,
            dim,
        }]);
        t.same(
            &format!("{sequences} of {seq_len} by {dim}"),
            &d,
            1e-6,
            1e-6,
        )
        .await?;
    }
    Ok(())
}

/// Rows, channels, temperature.
const CASES: [(usize, usize, f32); 6] = [
    (1, 1, 0.5),
    (37, 70, -0.7),
    (9, 300, 0.0),
    (600, 33, 2.0),
    // Hardly above the floor, and far above it.
    (20, 16, -30.0),
    (20, 1100, 30.0),
];

/// Inputs; `local` is zero in the first row, and in the second one shorter than the smallest norm.
fn inputs(t: &mut Twins, rows: usize, dim: usize, temperature: f32) -> InterferenceInputs {
    let len = rows * dim;
    let local = t.normals(len);
    if rows > 2 {
        for (row, value) in [(0, 0.0), (1, 1e-14)] {
            let silent = View::of(local.tensor, row * dim..(row + 1) * dim);
            t.cpu.write(&silent, &vec![value; dim]);
            t.gpu.write(&silent, &vec![value; dim]);
        }
    }
    let parameters = t.values(&[9.0, temperature]);
    InterferenceInputs {
        x: t.normals(len),
        local,
        global: t.normals(len),
        context: t.normals(len),
        gate: t.normals(len),
        temperature: View::of(parameters.tensor, 1..2),
    }
}

pub async fn interfere(device: GpuDevice) -> Outcome {
    for (rows, dim, temperature) in CASES {
        let mut t = Twins::new(device.clone());
        let inputs = inputs(&mut t, rows, dim, temperature);
        let (out, stats) = (t.poisoned(rows * dim), t.poisoned(rows * STATS));
        t.run(&[Op::Interfere {
            inputs,
            out: out.clone(),
            stats: stats.clone(),
            dim,
        }]);
        let what = format!("{rows} rows of {dim} at {temperature}");
        t.same(&what, &out, 5e-6, 2e-6).await?;
        t.same(&format!("stats, {what}"), &stats, 2e-6, 2e-6)
            .await?;
    }
    Ok(())
}

pub async fn interfere_backward(device: GpuDevice) -> Outcome {
    for (rows, dim, temperature) in CASES {
        let mut t = Twins::new(device.clone());
        let len = rows * dim;
        let inputs = inputs(&mut t, rows, dim, temperature);
        let (out, stats) = (t.poisoned(len), t.poisoned(rows * STATS));
        let dout = t.normals(len);
        let outputs: [View; 4] = std::array::from_fn(|_| t.poisoned(len));
        let gradients = t.begun_gradients(3);
        let norm = whole(&mut t, &gradients);
        let forward = Op::Interfere {
            inputs: inputs.clone(),
            out,
            stats: stats.clone(),
            dim,
        };
        let [dlocal, dglobal, dcontext, dgate] = outputs.clone();
        let backward = Op::InterfereBackward {
            inputs,
            stats,
            dout,
            dlocal,
            dglobal,
            dcontext,
            dgate,
            dtemperature: View::of(gradients.tensor, 1..2),
            dim,
        };
        // Twice: it adds to one, and overwrites the others.
        t.run(&[forward, backward.clone(), backward, norm]);
        let what = format!("{rows} rows of {dim} at {temperature}");
        let names = ["dlocal", "dglobal", "dcontext", "dgate"];
        for (view, name) in outputs.iter().zip(names) {
            t.same(&format!("{name}, {what}"), view, 5e-6, 1e-5).await?;
        }
        t.same(&format!("gradients, {what}"), &gradients, 2e-5, 1e-5)
            .await?;
    }
    Ok(())
}
