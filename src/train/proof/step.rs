//! A whole step of either architecture, forward, loss and backward: each tensor's gradient on its own,
//! before the optimiser hides how large it is.

use super::world::inputs;
use super::{Check, check_of};
use crate::backend::gpu::GpuDevice;
use crate::backend::{Backend, Device, Later, Op, Reading, wait};
use crate::bench::random_tokens;
use crate::config::{Architecture, ModelConfig};
use crate::error::Result;
use crate::model::Model;
use crate::model::network::{Activations, Network};
use crate::rng::mix32;
use crate::train::TrainConfig;

const DROPOUT: f32 = 0.1;
const SEQUENCES: usize = 3;
const SEQ_LEN: usize = 20;

/// The model of the proof: tokens lie between cells, no size fits a workgroup, and the shaders are those
/// of the operations' own parts.
fn config(architecture: Architecture) -> ModelConfig {
    let wave = architecture == Architecture::Wave;
    ModelConfig {
        architecture,
        vocab_size: 37,
        embedding_dim: 36,
        num_layers: 2,
        num_heads: 2,
        ffn_dim: 50,
        field_size: if wave { 64 } else { 0 },
        max_seq_len: 25,
        interference_interval: 2,
        position_scale: 0.03,
        ..ModelConfig::default()
    }
}

/// A model that is not at its start any more, where many gradients are next to nothing.
fn model(architecture: Architecture) -> Result<Model> {
    let mut model = Model::new(config(architecture), 1)?;
    let specs = model.parameters.table().specs.clone();
    for range in specs.iter().map(|spec| spec.range()) {
        for (i, value) in range.clone().zip(&mut model.parameters.flat_mut()[range]) {
            *value += 0.2 * (f64::from(mix32(i as u32)) / 2f64.powi(31) - 1.0) as f32;
        }
    }
    Ok(model)
}

/// A step on a device: all gradients, then the loss and the gradient's length.
struct Step {
    device: Device,
    network: Network,
}

impl Step {
    fn new(mut device: Device, model: &Model) -> Self {
        let network =
            Network::for_training(&mut device, model, SEQUENCES, SEQ_LEN, Activations::Kept);
        let update = network.update(TrainConfig::default().optimizer());
        let norm = update
            .into_iter()
            .filter(|op| matches!(op, Op::GradientNorm { .. }));
        let ops = [
            network.forward(DROPOUT),
            network.loss(),
            network.backward(DROPOUT),
            norm.collect(),
        ];
        let data = random_tokens(model.config.vocab_size, SEQ_LEN);
        let batch = data.batch(1, 1, SEQUENCES, SEQ_LEN);
        device.write_batch(&batch.ids, &batch.targets);
        let program = device.prepare(&ops.concat());
        device.run(&program, &inputs());
        Step { device, network }
    }

    fn results(&mut self) -> Reading {
        let views = [self.network.flat_gradients(), self.network.report().clone()];
        self.device.read(&views)
    }
}

/// Runs the step, and has it compared once it is there.
pub fn compare(gpu: GpuDevice, architecture: Architecture) -> Result<Later<Vec<Check>>> {
    let model = model(architecture)?;
    let name = match architecture {
        Architecture::Wave => "waves",
        Architecture::Standard => "standard",
    };
    let mut step = Step::new(Device::gpu(gpu), &model);
    let reading = step.results();
    // While the GPU is at it.
    let expected = wait(Step::new(Device::cpu(), &model).results())?;
    Ok(Box::pin(async move {
        let found = reading.await?;
        drop(step);
        let check = |what: String, range: std::ops::Range<usize>| {
            check_of(what, &found[range.clone()], &expected[range])
        };
        let len = model.parameters.flat().len();
        let specs = model.parameters.table().specs.iter();
        let mut checks: Vec<Check> = specs
            .map(|spec| check(format!("{name}: gradient of {}", spec.name), spec.range()))
            .collect();
        let report = len..found.len();
        checks.push(check(
            format!("{name}: loss"),
            report.start..report.start + 1,
        ));
        checks.push(check(
            format!("{name}: length of the gradient"),
            report.end - 1..report.end,
        ));
        Ok(checks)
    }))
}
