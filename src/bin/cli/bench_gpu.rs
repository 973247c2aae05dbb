//! Training on the graphics adapter: speed, dispatches, bytes, and where the time goes.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Instant;
use wavefield::backend::gpu::program::Dispatch;
use wavefield::backend::gpu::{AdapterReport, GpuDevice};
use wavefield::backend::{Device, wait};
use wavefield::bench::random_tokens;
use wavefield::error::Result;
use wavefield::model::Model;
use wavefield::train::{TrainConfig, Trainer};

/// Steps between two readings of the losses; one on a software adapter, where a step takes seconds.
const CHUNK: usize = 4;

/// What a step is on the GPU.
#[derive(Serialize)]
pub struct Figures {
    adapter: AdapterReport,
    training_tokens_per_second: f64,
    milliseconds_per_step: f64,
    /// By the device's own clock, dispatch by dispatch; none where it has no timestamps.
    milliseconds_in_dispatches: Option<f64>,
    dispatches: usize,
    /// Dispatches that one more layer adds.
    dispatches_per_layer: usize,
    /// Bytes that the dispatches read and write, and what they would if none of them read an element
    /// twice.
    bytes_moved: u64,
    bytes_least: u64,
    /// Bytes of all tensors.
    bytes_held: u64,
    kinds: Vec<Kind>,
}

/// All dispatches of one entry.
#[derive(Serialize)]
struct Kind {
    entry: &'static str,
    dispatches: usize,
    bytes: u64,
    milliseconds: Option<f64>,
}

pub fn measure(model: Model, config: TrainConfig, seconds: f64) -> Result<Figures> {
    let device = wait(GpuDevice::open())?;
    let gpu = Device::gpu(device.clone());
    let dataset = || random_tokens(model.config.vocab_size, config.seq_len);
    let mut trainer = Trainer::on(gpu, model.clone(), config.clone(), dataset())?;
    trainer.step()?;
    let chunk = if device.report().software { 1 } else { CHUNK };
    let (started, mut steps) = (Instant::now(), 0);
    while started.elapsed().as_secs_f64() < seconds {
        (0..chunk).for_each(|_| trainer.advance());
        wait(trainer.reports())?;
        steps += chunk;
    }
    let per_step = started.elapsed().as_secs_f64() / steps as f64;
    let times = match device.report().timestamps {
        true => Some(wait(trainer.profile())?),
        false => None,
    };
    let dispatches = trainer.dispatches();
    let bytes_least = dispatches.iter().map(|d| d.bytes).sum();
    let read_again: u64 = dispatches.iter().map(|d| d.read_again).sum();
    let Device::Gpu(gpu) = trainer.device() else {
        unreachable!("the trainer was put on a GPU");
    };
    Ok(Figures {
        adapter: device.report().clone(),
        training_tokens_per_second: (config.batch_size * config.seq_len) as f64 / per_step,
        milliseconds_per_step: 1e3 * per_step,
        milliseconds_in_dispatches: times.as_ref().map(|times| times.iter().sum::<f64>() / 1e6),
        dispatches: dispatches.len(),
        dispatches_per_layer: one_more_layer(&model, &config, &device, dispatches.len())?,
        bytes_moved: bytes_least + read_again,
        bytes_least,
        bytes_held: gpu.bytes(),
        kinds: kinds(dispatches, times.as_deref()),
    })
}

/// Counts what a model with one more layer has besides; its interference modules stay as many.
fn one_more_layer(
    model: &Model,
    config: &TrainConfig,
    device: &GpuDevice,
    dispatches: usize,
) -> Result<usize> {
    let mut larger = model.config.clone();
    larger.num_layers += 1;
    let interval = larger.interference_interval;
    if larger.num_layers / interval > model.config.num_layers / interval {
        larger.interference_interval += 1;
    }
    let modules = larger.num_interference() as isize - model.config.num_interference() as isize;
    assert_eq!(modules, 0, "only layers are counted");
    let data = random_tokens(larger.vocab_size, config.seq_len);
    let gpu = Device::gpu(device.clone());
    let trainer = Trainer::on(gpu, Model::new(larger, 1)?, config.clone(), data)?;
    Ok(trainer.dispatches().len() - dispatches)
}

fn kinds(dispatches: &[Dispatch], times: Option<&[f64]>) -> Vec<Kind> {
    let mut kinds = BTreeMap::new();
    for (i, dispatch) in dispatches.iter().enumerate() {
        let entry = dispatch.pipeline.entry;
        let kind = kinds.entry(entry).or_insert(Kind {
            entry,
            dispatches: 0,
            bytes: 0,
            milliseconds: times.map(|_| 0.0),
        });
        kind.dispatches += 1;
        kind.bytes += dispatch.bytes + dispatch.read_again;
        if let (Some(sum), Some(times)) = (&mut kind.milliseconds, times) {
            *sum += times[i] / 1e6;
        }
    }
    let mut kinds: Vec<Kind> = kinds.into_values().collect();
    kinds.sort_by(|a, b| {
        b.milliseconds
            .unwrap_or(0.0)
            .total_cmp(&a.milliseconds.unwrap_or(0.0))
    });
    kinds
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let software = if self.adapter.software {
            " (computes on the CPU: its speed says nothing of a graphics card)"
        } else {
            ""
        };
        writeln!(f, "  on {}{software}:", self.adapter.name)?;
        writeln!(
            f,
            "  training {:.0} tokens/s, {:.2} ms a step",
            self.training_tokens_per_second, self.milliseconds_per_step
        )?;
        writeln!(
            f,
            "  {} dispatches a step, {} of them for each layer; {:.1} MiB moved a step, {:.1} if \
             nothing were read twice; {:.1} MiB held",
            self.dispatches,
            self.dispatches_per_layer,
            mebibytes(self.bytes_moved),
            mebibytes(self.bytes_least),
            mebibytes(self.bytes_held)
        )?;
        for kind in &self.kinds {
            write!(
                f,
                "    {:>3} x {:<26} {:>8.1} MiB",
                kind.dispatches,
                kind.entry,
                mebibytes(kind.bytes)
            )?;
            match kind.milliseconds {
                Some(time) => writeln!(f, " {time:>9.3} ms")?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}
