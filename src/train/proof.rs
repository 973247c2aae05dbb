//! Proves a GPU against the CPU before anything is trusted to it: adapters have been seen that pass
//! every test of their abilities and compute wrong numbers.

use super::{TrainConfig, Trainer};
use crate::backend::gpu::GpuDevice;
use crate::backend::{Backend, Device, Matrix, Op, StepInputs, Then, View};
use crate::bench::random_tokens;
use crate::config::{Architecture, ModelConfig};
use crate::error::Result;
use crate::kernels::field_convolution::Geometry;
use crate::kernels::matrix_product::Shape;
use crate::model::Model;
use crate::rng::{Philox, Stream};
use serde::Serialize;
use std::sync::Arc;

/// How far a GPU is from the CPU in one respect.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// What was computed.
    pub what: &'static str,
    /// ‖GPU - CPU‖ / ‖CPU‖.
    pub error: f64,
    /// The most that passes.
    pub allowed: f64,
}

impl Check {
    /// Whether it passes. What is not a number does not.
    pub fn passes(&self) -> bool {
        self.error <= self.allowed
    }
}

/// Computes a matrix product, a convolution on the field and a few training steps on both.
///
/// # Errors
/// [`crate::Error::Device`] when the device fails on the way.
pub async fn prove(device: &GpuDevice) -> Result<Vec<Check>> {
    let mut checks = vec![
        single("matrix product", device, matrix_product).await?,
        single("field convolution", device, convolution).await?,
    ];
    checks.extend(training(device).await?);
    Ok(checks)
}

/// The relative distance of two vectors.
pub fn distance(found: &[f32], expected: &[f32]) -> f64 {
    let square = |x: f64| x * x;
    let norm: f64 = expected.iter().map(|x| square(f64::from(*x))).sum();
    let pairs = found.iter().zip(expected);
    let off: f64 = pairs
        .map(|(f, e)| square(f64::from(*f) - f64::from(*e)))
        .sum();
    (off / norm.max(1e-30)).sqrt()
}

/// Lays an operation out on a device, with the same inputs each time; returns it with its result.
type Setup = fn(&mut Device) -> (Op, View);

async fn single(what: &'static str, gpu: &GpuDevice, setup: Setup) -> Result<Check> {
    let mut results = Vec::new();
    for mut device in [Device::cpu(), Device::gpu(gpu.clone())] {
        let (op, view) = setup(&mut device);
        let program = device.prepare(&[op]);
        device.run(&program, &StepInputs::default());
        results.push(device.read(&[view]).await?);
    }
    Ok(Check {
        what,
        error: distance(&results[1], &results[0]),
        allowed: 1e-5,
    })
}

fn normals(device: &mut Device, seed: u64, len: usize) -> View {
    let view = View::of(device.allocate(len), 0..len);
    let rng = Philox::stream(seed, Stream::Initial);
    let values: Vec<f32> = (0..len as u64).map(|i| rng.normal(i)).collect();
    device.write(&view, &values);
    view
}

fn matrix_product(device: &mut Device) -> (Op, View) {
    let (m, k, n) = (100, 130, 90);
    let matrix = |view: View, shape| Matrix { view, shape };
    let (a, b) = (normals(device, 1, m * k), normals(device, 2, n * k));
    let c = normals(device, 3, m * n);
    let op = Op::MatrixProduct {
        a: matrix(a, Shape::dense(m, k)),
        b: matrix(b, Shape::dense(n, k).transpose()),
        c: matrix(c.clone(), Shape::dense(m, n)),
        bias: None,
        accumulate: false,
        then: Then::Nothing,
    };
    (op, c)
}

/// The model of the proof.
fn config() -> ModelConfig {
    ModelConfig {
        architecture: Architecture::Wave,
        vocab_size: 50,
        embedding_dim: 48,
        num_layers: 2,
        num_heads: 4,
        ffn_dim: 96,
        field_size: 257,
        max_seq_len: 100,
        interference_interval: 2,
        position_scale: 0.03,
    }
}

fn convolution(device: &mut Device) -> (Op, View) {
    let geometry = Geometry::new(&config(), 3, 90);
    let deposits = normals(device, 1, 3 * 90 * 48);
    let kernel = normals(device, 2, 4 * geometry.line());
    let y = normals(device, 3, deposits.len());
    let op = Op::FieldConvolution {
        geometry: Arc::new(geometry),
        deposits,
        kernel,
        y: y.clone(),
    };
    (op, y)
}

/// Three steps with dropout; the losses and the model that comes out.
async fn training(gpu: &GpuDevice) -> Result<[Check; 2]> {
    let settings = TrainConfig {
        batch_size: 5,
        seq_len: 64,
        warmup_steps: 0,
        dropout: 0.1,
        ..TrainConfig::default()
    };
    let mut outcomes = Vec::new();
    for device in [Device::cpu(), Device::gpu(gpu.clone())] {
        let model = Model::new(config(), 1)?;
        let data = random_tokens(model.config.vocab_size, settings.seq_len);
        let mut trainer = Trainer::on(device, model, settings.clone(), data)?;
        (0..3).for_each(|_| trainer.advance());
        let reports = trainer.reports().await?;
        let pulled = trainer.pull().await?;
        trainer.keep(&pulled)?;
        let losses: Vec<f32> = reports.iter().map(|report| report.loss).collect();
        outcomes.push((losses, trainer.kept_model().parameters.flat().to_vec()));
    }
    let [(losses, model), (gpu_losses, gpu_model)] = &outcomes[..] else {
        unreachable!("two devices, two outcomes");
    };
    Ok([
        Check {
            what: "losses of three training steps",
            error: distance(gpu_losses, losses),
            allowed: 1e-4,
        },
        Check {
            what: "model after three training steps",
            // AdamW divides by the root of tiny second moments, which magnifies rounding.
            error: distance(gpu_model, model),
            allowed: 5e-3,
        },
    ])
}
