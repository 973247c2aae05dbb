//! The norm of the gradients and AdamW.

use crate::Outcome;
use crate::kernels::whole;
use crate::twins::Twins;
use wavefield::backend::gpu::GpuDevice;
use wavefield::backend::{Backend, Op, OptimizerSettings, View};

/// Lengths of less than a workgroup, of a few, and of more than all threads at once.
const LENGTHS: [usize; 4] = [1, 300, 5000, 300_001];

fn settings(clip_norm: f64) -> OptimizerSettings {
    OptimizerSettings {
        beta1: 0.9,
        beta2: 0.95,
        epsilon: 1e-8,
        weight_decay: 0.1,
        clip_norm,
    }
}

pub async fn gradient_norm(device: GpuDevice) -> Outcome {
    for len in LENGTHS {
        let mut t = Twins::new(device.clone());
        // In one part: its own tensor of plain values.
        let (gradients, norm) = (t.normals(len), t.poisoned(3));
        let norm = View::of(norm.tensor, 1..2);
        let op = Op::GradientNorm {
            gradients: gradients.clone(),
            norm: norm.clone(),
        };
        t.run(&[op]);
        t.same(&format!("norm of {len}"), &norm, 0.0, 2e-6).await?;
        t.same(&format!("{len} gradients"), &gradients, 0.0, 0.0)
            .await?;
        // In several parts, of which the others hold nothing yet.
        let gradients = t.begun_gradients(len);
        let op = Op::GradientNorm {
            gradients: gradients.clone(),
            norm: norm.clone(),
        };
        t.run(&[op]);
        t.same(&format!("norm of {len} in parts"), &norm, 0.0, 2e-6)
            .await?;
        t.same(&format!("{len} gradients in parts"), &gradients, 0.0, 0.0)
            .await?;
    }
    Ok(())
}

/// The operation, and the views that it changes.
fn update(t: &mut Twins, gradients: &View, norm: &View, clip_norm: f64) -> (Op, [View; 3]) {
    let len = gradients.len();
    let parameters = t.normals(len + 7);
    let parameters = View::of(parameters.tensor, 7..len + 7);
    let first_moment = t.normals(len);
    let squares: Vec<f32> = (0..len).map(|i| 1e-3 * (i % 97) as f32).collect();
    let second_moment = t.values(&squares);
    let op = Op::AdamW {
        settings: settings(clip_norm),
        gradients: gradients.clone(),
        norm: norm.clone(),
        parameters: parameters.clone(),
        first_moment: first_moment.clone(),
        second_moment: second_moment.clone(),
    };
    (op, [parameters, first_moment, second_moment])
}

pub async fn adamw(device: GpuDevice) -> Outcome {
    for len in LENGTHS {
        for clip_norm in [0.5, 1e6, f64::INFINITY] {
            let mut t = Twins::new(device.clone());
            let gradients = t.begun_gradients(len);
            let norm = t.poisoned(1);
            let (op, changed) = update(&mut t, &gradients, &norm, clip_norm);
            t.run(&[
                Op::GradientNorm {
                    gradients,
                    norm: norm.clone(),
                },
                op,
            ]);
            for (view, name) in changed.iter().zip(["parameters", "m", "v"]) {
                // A parameter may end near zero after a long way.
                let size = if name == "parameters" { 1e-6 } else { 1e-7 };
                t.same(
                    &format!("{name}, {len}, clip {clip_norm}"),
                    view,
                    size,
                    2e-6,
                )
                .await?;
            }
        }
    }
    Ok(())
}

/// Parameters that are held still among others that move, which begin anywhere.
pub async fn frozen_among_others(device: GpuDevice) -> Outcome {
    let mut t = Twins::new(device);
    let len = 5000;
    let part = |whole: &View, range: std::ops::Range<usize>| View::of(whole.tensor, range);
    let gradients = t.begun_gradients(len);
    let norm = t.poisoned(1);
    let [parameters, first, second] = [t.normals(len), t.normals(len), t.values(&vec![1e-3; len])];
    let frozen = [3..4, 70..73, 4990..5000];
    let mut ops: Vec<Op> = (frozen.iter())
        .map(|range| Op::Zero {
            y: part(&gradients, range.clone()),
        })
        .collect();
    ops.push(Op::GradientNorm {
        gradients: gradients.clone(),
        norm: norm.clone(),
    });
    ops.extend([0..3, 4..70, 73..4990].map(|range| Op::AdamW {
        settings: settings(1.0),
        gradients: part(&gradients, range.clone()),
        norm: norm.clone(),
        parameters: part(&parameters, range.clone()),
        first_moment: part(&first, range.clone()),
        second_moment: part(&second, range),
    }));
    let before = t.cpu.read(std::slice::from_ref(&parameters)).await;
    t.run(&ops);
    t.same("norm", &norm, 0.0, 2e-6).await?;
    t.same("gradients", &gradients, 0.0, 0.0).await?;
    t.same("parameters", &parameters, 1e-6, 2e-6).await?;
    t.same("first moments", &first, 1e-7, 2e-6).await?;
    t.same("second moments", &second, 1e-7, 2e-6).await?;
    let after = t.gpu.read(&[parameters]).await;
    let (Ok(before), Ok(after)) = (before, after) else {
        return Err("the parameters could not be read".into());
    };
    for (place, (before, after)) in before.iter().zip(&after).enumerate() {
        let still = before.to_bits() == after.to_bits();
        if still != frozen.iter().any(|range| range.contains(&place)) {
            return Err(format!("parameter {place} went from {before} to {after}"));
        }
    }
    Ok(())
}

pub async fn a_step_without_a_finite_norm(device: GpuDevice) -> Outcome {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 2e19] {
        for clip_norm in [1.0, f64::INFINITY] {
            let mut t = Twins::new(device.clone());
            let gradients = t.begun_gradients(1000);
            let one = View::of(gradients.tensor, 700..701);
            t.cpu.write(&one, &[bad]);
            t.gpu.write(&one, &[bad]);
            let norm = whole(&mut t, &gradients);
            let Op::GradientNorm { norm: length, .. } = &norm else {
                unreachable!("it is the norm")
            };
            let (op, changed) = update(&mut t, &gradients, length, clip_norm);
            t.run(&[norm.clone(), op]);
            let found = t.gpu.read(std::slice::from_ref(length)).await;
            let found = found.map_err(|error| error.to_string())?;
            if found[0].is_finite() {
                return Err(format!(
                    "{bad} among the gradients gave a norm of {}",
                    found[0]
                ));
            }
            for (view, name) in changed.iter().zip(["parameters", "m", "v"]) {
                t.same(&format!("{name} after {bad}"), view, 0.0, 0.0)
                    .await?;
            }
        }
    }
    Ok(())
}
