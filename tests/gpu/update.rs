//! The norm of the gradients and AdamW.

use crate::Outcome;
use crate::twins::Twins;
use wavefield::backend::gpu::GpuDevice;
use wavefield::backend::{Backend, Op, OptimizerSettings, Pace, View};

/// Lengths of less than a workgroup, of a few, and of more than all threads at once.
const LENGTHS: [usize; 4] = [1, 300, 5000, 300_001];

/// As parameters move that have a rate of their own and no decay.
const PACE: Pace = Pace {
    rate: 5.0,
    decayed: false,
};

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

/// A report as a network has it: the loss, the norm and the verdict on the step.
fn report(t: &mut Twins, loss: f32) -> [View; 3] {
    let all = t.values(&[loss, f32::MAX, 0.0]);
    [0..1, 1..2, 2..3].map(|range| View::of(all.tensor, range))
}

/// The norm, the judgement and the update, and the views that they change.
fn update(
    t: &mut Twins,
    gradients: &View,
    [loss, norm, verdict]: &[View; 3],
    settings: OptimizerSettings,
    pace: Pace,
) -> ([Op; 3], [View; 3]) {
    let len = gradients.len();
    let parameters = t.normals(len + 7);
    let parameters = View::of(parameters.tensor, 7..len + 7);
    let first_moment = t.normals(len);
    let squares: Vec<f32> = (0..len).map(|i| 1e-3 * (i % 97) as f32).collect();
    let second_moment = t.values(&squares);
    let ops = [
        Op::GradientNorm {
            gradients: gradients.clone(),
            norm: norm.clone(),
        },
        Op::Judge {
            settings,
            pace,
            gradients: gradients.clone(),
            loss: loss.clone(),
            norm: norm.clone(),
            parameters: parameters.clone(),
            first_moment: first_moment.clone(),
            second_moment: second_moment.clone(),
            verdict: verdict.clone(),
        },
        Op::AdamW {
            settings,
            pace,
            gradients: gradients.clone(),
            norm: norm.clone(),
            verdict: verdict.clone(),
            parameters: parameters.clone(),
            first_moment: first_moment.clone(),
            second_moment: second_moment.clone(),
        },
    ];
    (ops, [parameters, first_moment, second_moment])
}

pub async fn adamw(device: GpuDevice) -> Outcome {
    for len in LENGTHS {
        for (clip_norm, pace) in [
            (0.5, Pace::default()),
            (1e6, PACE),
            (f64::INFINITY, Pace::default()),
        ] {
            let mut t = Twins::new(device.clone());
            let gradients = t.begun_gradients(len);
            let report = report(&mut t, 2.0);
            let (ops, changed) = update(&mut t, &gradients, &report, settings(clip_norm), pace);
            t.run(&ops);
            t.same("verdict", &report[2], 0.0, 0.0).await?;
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
    let [_, norm, verdict] = report(&mut t, 2.0);
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
        pace: Pace::default(),
        gradients: part(&gradients, range.clone()),
        norm: norm.clone(),
        verdict: verdict.clone(),
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

/// What is broken before a step, and what is said of it. No later step is made either, until the
/// verdict is taken back.
pub async fn a_step_that_comes_to_no_number(device: GpuDevice) -> Outcome {
    let sound = settings(1.0);
    let free = settings(f64::INFINITY);
    let growing = OptimizerSettings {
        // 1 - 0.001 * 1e5: weights grow a hundredfold.
        weight_decay: 1e5,
        ..sound
    };
    let mut cases = Vec::new();
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        cases.push((sound, bad, None, None, 1.0));
        cases.push((sound, 2.0, Some(bad), None, 2.0));
        cases.push((free, 2.0, Some(bad), None, 2.0));
        cases.push((sound, 2.0, None, Some(bad), 3.0));
    }
    // Finite, but not its square; finite, but not after the step.
    cases.push((free, 2.0, Some(2e19), None, 2.0));
    cases.push((growing, 2.0, None, Some(1e37), 3.0));
    for (settings, loss, gradient, weight, verdict) in cases {
        let mut t = Twins::new(device.clone());
        let gradients = t.begun_gradients(1000);
        let report = report(&mut t, loss);
        let (ops, changed) = update(&mut t, &gradients, &report, settings, Pace::default());
        for (view, bad) in [(&gradients, gradient), (&changed[0], weight)] {
            if let Some(bad) = bad {
                let one = View::of(view.tensor, view.range.start + 700..view.range.start + 701);
                t.cpu.write(&one, &[bad]);
                t.gpu.write(&one, &[bad]);
            }
        }
        let before = t.gpu.read(&changed).await.map_err(|e| e.to_string())?;
        t.run(&ops);
        // A later step is sound by itself.
        t.cpu.write(&report[0], &[2.0]);
        t.gpu.write(&report[0], &[2.0]);
        t.cpu.write(&gradients, &[0.5; 1000]);
        t.gpu.write(&gradients, &[0.5; 1000]);
        t.run(&ops);
        let what = format!("{loss}, {gradient:?}, {weight:?}");
        for (name, values) in [
            ("CPU", t.cpu.read(&report[2..]).await),
            ("GPU", t.gpu.read(&report[2..]).await),
        ] {
            let found = values.map_err(|e| e.to_string())?[0];
            if found != verdict {
                return Err(format!("{what}: the {name} says {found}, not {verdict}"));
            }
        }
        let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
        let before = bits(before);
        for after in [t.cpu.read(&changed).await, t.gpu.read(&changed).await] {
            if bits(after.map_err(|e| e.to_string())?) != before {
                return Err(format!("{what}: something was changed"));
            }
        }
        if weight.is_none() {
            t.cpu.write(&report[2], &[0.0]);
            t.gpu.write(&report[2], &[0.0]);
            t.run(&ops);
            t.same("the verdict after it was taken back", &report[2], 0.0, 0.0)
                .await?;
            t.same("parameters", &changed[0], 1e-6, 2e-6).await?;
            let after = t.gpu.read(&changed).await.map_err(|e| e.to_string())?;
            if bits(after) == before {
                return Err(format!("{what}: the run does not go on"));
            }
        }
    }
    Ok(())
}
