//! Deposits, coupling and gate.

use crate::Outcome;
use crate::kernels::whole;
use crate::twins::Twins;
use wavefield::backend::gpu::GpuDevice;
use wavefield::backend::{Backend, Op, View};

/// Rows, heads, channels of a head.
const SHAPES: [[usize; 3]; 8] = [
    [1, 1, 1],
    [37, 7, 10],
    [20, 1, 300],
    [5, 3, 100],
    [130, 8, 32],
    [1100, 4, 8],
    [9, 33, 5],
    [2, 256, 2],
];

/// Keys and values; the first head's key is silent.
fn keys_values(t: &mut Twins, rows: usize, dim: usize, head_dim: usize) -> View {
    let keys_values = t.normals(rows * 2 * dim);
    let silent = View::of(keys_values.tensor, 0..head_dim);
    t.cpu.write(&silent, &vec![0.0; head_dim]);
    t.gpu.write(&silent, &vec![0.0; head_dim]);
    keys_values
}

pub async fn deposit(device: GpuDevice) -> Outcome {
    for [rows, heads, head_dim] in SHAPES {
        let dim = heads * head_dim;
        let mut t = Twins::new(device.clone());
        let keys_values = keys_values(&mut t, rows, dim, head_dim);
        let deposits = t.poisoned(rows * dim);
        t.run(&[Op::Deposit {
            keys_values,
            deposits: deposits.clone(),
            dim,
            head_dim,
        }]);
        t.same(
            &format!("{rows} rows, {heads} of {head_dim}"),
            &deposits,
            1e-6,
            2e-6,
        )
        .await?;
    }
    Ok(())
}

pub async fn deposit_backward(device: GpuDevice) -> Outcome {
    for [rows, heads, head_dim] in SHAPES {
        let dim = heads * head_dim;
        let mut t = Twins::new(device.clone());
        let keys_values = keys_values(&mut t, rows, dim, head_dim);
        let ddeposits = t.normals(rows * dim);
        let d = t.poisoned(rows * 2 * dim);
        t.run(&[Op::DepositBackward {
            keys_values,
            ddeposits,
            dkeys_values: d.clone(),
            dim,
            head_dim,
        }]);
        t.same(
            &format!("{rows} rows, {heads} of {head_dim}"),
            &d,
            3e-6,
            3e-6,
        )
        .await?;
    }
    Ok(())
}

pub async fn couple_gate(device: GpuDevice) -> Outcome {
    for [rows, heads, head_dim] in SHAPES {
        let len = rows * heads * head_dim;
        let mut t = Twins::new(device.clone());
        let (gathered, gate) = (t.normals(len), t.normals(len));
        let coupling = t.normals(heads * heads + 2);
        let y = t.poisoned(len);
        t.run(&[Op::CoupleGate {
            gathered,
            gate,
            coupling: View::of(coupling.tensor, 2..coupling.len()),
            y: y.clone(),
            heads,
            head_dim,
        }]);
        t.same(
            &format!("{rows} rows, {heads} of {head_dim}"),
            &y,
            1e-6,
            2e-6,
        )
        .await?;
    }
    Ok(())
}

pub async fn couple_gate_backward(device: GpuDevice) -> Outcome {
    for [rows, heads, head_dim] in SHAPES {
        let len = rows * heads * head_dim;
        let mut t = Twins::new(device.clone());
        let (gathered, gate, dy) = (t.normals(len), t.normals(len), t.normals(len));
        let coupling = t.normals(heads * heads);
        let (dgathered, dgate) = (t.poisoned(len), t.poisoned(len));
        let gradients = t.begun_gradients(heads * heads + 3);
        let norm = whole(&mut t, &gradients);
        let op = Op::CoupleGateBackward {
            gathered,
            gate,
            coupling,
            dy,
            dgathered: dgathered.clone(),
            dgate: dgate.clone(),
            dcoupling: View::of(gradients.tensor, 3..gradients.len()),
            heads,
            head_dim,
        };
        // Twice: it adds to one, and overwrites the others.
        t.run(&[op.clone(), op, norm]);
        let what = format!("{rows} rows, {heads} of {head_dim}");
        t.same(&format!("dgathered, {what}"), &dgathered, 1e-6, 3e-6)
            .await?;
        t.same(&format!("dgate, {what}"), &dgate, 1e-6, 3e-6)
            .await?;
        let size = 1e-6 * ((rows * head_dim) as f32).sqrt();
        t.same(&format!("gradients, {what}"), &gradients, size, 3e-6)
            .await?;
    }
    Ok(())
}
