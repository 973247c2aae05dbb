//! Whole models: the golden cases, a prompt, and a training, against the CPU.

#[path = "../golden_cases/mod.rs"]
mod golden_cases;

use crate::twins::compare;
use crate::{IN_BROWSER, Outcome};
use golden_cases::{Case, Tolerances, run_case};
use wavefield::backend::gpu::{FieldMethod, Gpu, GpuDevice};
use wavefield::backend::{Backend, Device};
use wavefield::bench::random_tokens;
use wavefield::model::inference::logits_on;
use wavefield::model::{Leak, Model};
use wavefield::tokenizer::Tokenizer;
use wavefield::train::proof::{all_parts, distance, prove_parts};
use wavefield::train::{Dataset, StepReport, TrainConfig, Trainer};
use wavefield::{Architecture, ModelConfig};

const TOLERANCES: Tolerances = Tolerances {
    logits: 1e-4,
    losses: 1e-4,
    gradients: 1e-4,
    parameters: 1e-4,
};

/// Built in, because a browser cannot read the folder.
const CASES: [(&str, &[u8]); 7] = [
    (
        "wave_unit_stride",
        include_bytes!("../fixtures/wave_unit_stride.safetensors"),
    ),
    (
        "wave_integer_stride",
        include_bytes!("../fixtures/wave_integer_stride.safetensors"),
    ),
    (
        "wave_fractional_stride",
        include_bytes!("../fixtures/wave_fractional_stride.safetensors"),
    ),
    (
        "wave_released_shape",
        include_bytes!("../fixtures/wave_released_shape.safetensors"),
    ),
    (
        "standard_baseline",
        include_bytes!("../fixtures/standard_baseline.safetensors"),
    ),
    (
        "modern_wave",
        include_bytes!("../fixtures/modern_wave.safetensors"),
    ),
    (
        "modern_standard",
        include_bytes!("../fixtures/modern_standard.safetensors"),
    ),
];

/// Whether a golden case runs here: in a browser one of each architecture, as published and modern.
fn runs_here(name: &str) -> bool {
    const FEW: [&str; 4] = [
        "wave_fractional_stride",
        "standard_baseline",
        "modern_wave",
        "modern_standard",
    ];
    !IN_BROWSER || FEW.contains(&name)
}

/// The golden cases on a device that computes every field in one way.
async fn golden_cases_by(device: &GpuDevice, method: FieldMethod) -> Outcome {
    for (name, bytes) in CASES.into_iter().filter(|(name, _)| runs_here(name)) {
        let case = Case {
            name: name.into(),
            bytes: bytes.to_vec(),
        };
        device.force_field(Some(method));
        let outcome = run_case(&case, &mut Gpu::new(device.clone()), TOLERANCES).await;
        device.force_field(None);
        outcome.map_err(|wrong| format!("{method:?}: {wrong}"))?;
    }
    Ok(())
}

pub async fn golden_cases(device: GpuDevice) -> Outcome {
    golden_cases_by(&device, FieldMethod::Recurrence).await
}

pub async fn golden_cases_by_transforms(device: GpuDevice) -> Outcome {
    golden_cases_by(&device, FieldMethod::Transforms).await
}

pub async fn proof_passes(device: GpuDevice) -> Outcome {
    let checks = prove_parts(&device, &all_parts()).await;
    let checks = checks.map_err(|error| error.to_string())?;
    let wrong = checks.iter().filter(|check| !check.passes());
    let wrong: Vec<String> = wrong.map(|check| format!("{check:?}")).collect();
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n")),
    }
}

/// A small model of characters, and its settings.
fn shape(vocab_size: usize) -> (ModelConfig, TrainConfig) {
    let config = ModelConfig {
        architecture: Architecture::Wave,
        vocab_size,
        embedding_dim: 16,
        num_layers: 2,
        num_heads: 2,
        ffn_dim: 32,
        field_size: 73,
        max_seq_len: 25,
        interference_interval: 2,
        position_scale: 0.03,
        ..ModelConfig::default()
    };
    let settings = TrainConfig {
        batch_size: 6,
        seq_len: 24,
        steps: 200,
        warmup_steps: 20,
        dropout: 0.1,
        ..TrainConfig::default()
    };
    (config, settings)
}

/// A model that hears later tokens on purpose is refused, and nothing else is computed in its place.
pub async fn a_leaking_model_is_refused(device: GpuDevice) -> Outcome {
    let (config, settings) = shape(40);
    let text = random_tokens(40, 24);
    let shared = ModelConfig {
        field_size: 13,
        ..config.clone()
    };
    for (config, leak) in [(config, Leak::CircularField), (shared, Leak::SharedCells)] {
        let model = Model::leaking(config, leak, 3).map_err(|error| error.to_string())?;
        let card = || Device::gpu(device.clone());
        let read = logits_on(card(), &model, &[1, 2, 3], 1, 3)
            .await
            .map(|_| ());
        let trained =
            Trainer::on(card(), model.clone(), settings.clone(), text.clone()).map(|_| ());
        let mut moved = Trainer::new(model, settings.clone(), text.clone())
            .map_err(|error| error.to_string())?;
        for outcome in [read, trained, moved.move_to(card())] {
            let said = outcome.map_or_else(|error| error.to_string(), |()| "done".into());
            if !said.contains("choose the processor") {
                return Err(format!("{leak:?}: {said}"));
            }
        }
    }
    Ok(())
}

/// The logits of a prompt, with a head muted, another one bent.
pub async fn a_prompt_is_read_alike(device: GpuDevice) -> Outcome {
    let (config, _) = shape(40);
    let mut model = Model::new(config, 3).map_err(|error| error.to_string())?;
    model.gains[1] = 0.0;
    let mut head = model.head(1, 0);
    (head.frequency, head.damping) = (1.1, 0.02);
    model
        .set_head(1, 0, head)
        .map_err(|error| error.to_string())?;
    let ids: Vec<u32> = (0..50).map(|i| (7 * i + i * i / 5) % 40).collect();
    let mut read = Vec::new();
    for device in [Device::cpu(), Device::gpu(device)] {
        let logits = logits_on(device, &model, &ids, 2, 25).await;
        read.push(logits.map_err(|error| error.to_string())?);
    }
    compare("logits", &read[1], &read[0], 1e-5, 1e-4)
}

/// 60 steps on names with the same seed and the same dropout: each loss within 1 %.
pub async fn a_training_follows_the_cpu(device: GpuDevice) -> Outcome {
    let text = include_str!("../../www/data/names.txt");
    let tokenizer = Tokenizer::train_character(text).map_err(|error| error.to_string())?;
    let (config, settings) = shape(tokenizer.vocab_size());
    let mut losses: Vec<Vec<f32>> = Vec::new();
    let mut evaluations = Vec::new();
    for device in [Device::cpu(), Device::gpu(device)] {
        let run = async || -> wavefield::Result<()> {
            let data = Dataset::from_text(&tokenizer, text, 0.1)?;
            let model = Model::new(config.clone(), 1)?;
            let mut trainer = Trainer::on(device, model, settings.clone(), data)?;
            let mut found = Vec::new();
            // In chunks, as the page asks for them.
            for _ in 0..6 {
                (0..10).for_each(|_| trainer.advance());
                found.extend(trainer.reports().await?.iter().map(|report| report.loss));
            }
            evaluations.push(trainer.evaluation(Some(24)).await?);
            losses.push(found);
            Ok(())
        };
        run().await.map_err(|error| error.to_string())?;
    }
    let [cpu, gpu] = &losses[..] else {
        unreachable!("two devices");
    };
    compare("loss", gpu, cpu, 0.0, 0.01)?;
    let last = gpu[gpu.len() - 1];
    if last > 0.9 * gpu[0] {
        return Err(format!("the loss did not fall: {} to {last}", gpu[0]));
    }
    let [cpu, gpu] = [0, 1].map(|i| evaluations[i].loss as f32);
    compare("validation loss", &[gpu], &[cpu], 0.0, 0.01)
}

/// A run that goes to the CPU and back on the way is the run that did not.
pub async fn a_training_changes_its_device(device: GpuDevice) -> Outcome {
    let outcome = async {
        let (config, settings) = shape(30);
        let data = || Dataset {
            train: (0..900u32).map(|i| (i * i / 3 + i) % 30).collect(),
            validation: (0..90u32)
                .collect::<Vec<_>>()
                .iter()
                .map(|i| i % 30)
                .collect(),
        };
        let model = Model::new(config, 1)?;
        let mut whole = Trainer::new(model.clone(), settings.clone(), data())?;
        let mut moved = Trainer::new(model, settings, data())?;
        let mut losses = [Vec::new(), Vec::new()];
        for round in 0..4 {
            let gpu = || Device::gpu(device.clone());
            let pulled = moved.pull().await?;
            moved.keep(&pulled)?;
            moved.move_to(if round % 2 == 0 { gpu() } else { Device::cpu() })?;
            for (trainer, losses) in [&mut whole, &mut moved].into_iter().zip(&mut losses) {
                (0..5).for_each(|_| trainer.advance());
                losses.extend(trainer.reports().await?.iter().map(|report| report.loss));
            }
        }
        let pulled = moved.pull().await?;
        moved.keep(&pulled)?;
        let expected = whole.model()?.parameters.flat();
        let off = distance(moved.kept_model().parameters.flat(), expected);
        wavefield::Result::Ok((losses, off))
    };
    let (losses, off) = outcome.await.map_err(|error| error.to_string())?;
    compare("loss", &losses[1], &losses[0], 0.0, 1e-3)?;
    if off > 0.02 {
        return Err(format!("the models are {off} apart"));
    }
    Ok(())
}

/// A run whose device is lost goes on from its copy, on the CPU, as if it had been there all along.
pub async fn a_lost_device_costs_a_few_steps(_: GpuDevice) -> Outcome {
    let outcome = async {
        // One of its own, to be destroyed.
        let device = GpuDevice::open().await?;
        let (config, settings) = shape(20);
        let data = || random_tokens(20, settings.seq_len);
        let model = Model::new(config, 1)?;
        let mut whole = Trainer::new(model.clone(), settings.clone(), data())?;
        let mut lost = Trainer::on(Device::gpu(device.clone()), model, settings.clone(), data())?;
        (0..5).for_each(|_| lost.advance());
        lost.reports().await?;
        let pulled = lost.pull().await?;
        lost.keep(&pulled)?;
        lost.advance();
        device.destroy();
        lost.advance();
        let told = lost.reports().await;
        let again = lost.pull().await.is_err();
        lost.move_to(Device::cpu())?;
        let went_on_from = lost.steps_done();
        for trainer in [&mut lost, &mut whole] {
            while trainer.steps_done() < 10 {
                trainer.advance();
            }
        }
        let (found, expected) = (lost.reports().await?, whole.reports().await?);
        let losses = |reports: &[StepReport]| reports.iter().map(|r| r.loss).collect::<Vec<_>>();
        wavefield::Result::Ok((
            told.is_err() && again,
            went_on_from,
            losses(&found),
            losses(&expected),
        ))
    };
    let (told, step, found, expected) = outcome.await.map_err(|error| error.to_string())?;
    if !told || step != 5 {
        return Err(format!("told: {told}; went on from step {step}"));
    }
    compare("loss", &found, &expected[5..], 0.0, 1e-3)
}

/// What a device cannot bind is refused in words, and nothing is computed after it.
pub async fn what_does_not_fit_is_refused(_: GpuDevice) -> Outcome {
    let device = GpuDevice::open().await.map_err(|error| error.to_string())?;
    let mut gpu = Gpu::new(device.clone());
    gpu.allocate(1 << 30);
    let told = device.check().err().map(|error| error.to_string());
    match told {
        Some(words) if words.contains("the model needs 4096 MiB in one piece") => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// Bytes that the program holds: resident natively, WebAssembly's memory in a browser. None where the
/// system does not tell.
fn memory() -> Option<usize> {
    #[cfg(target_arch = "wasm32")]
    return Some(core::arch::wasm32::memory_size(0) << 16);
    #[cfg(not(target_arch = "wasm32"))]
    {
        let text = std::fs::read_to_string("/proc/self/statm").ok()?;
        let pages: usize = text.split(' ').nth(1)?.parse().ok()?;
        Some(pages * 4096)
    }
}

/// What memory may seem to grow by without a leak: allocators keep some of what they are given back.
const SLACK: usize = 12 << 20;

fn grew(what: &str, before: Option<usize>) -> Outcome {
    match before.zip(memory()) {
        Some((before, after)) if after > before + SLACK => Err(format!(
            "{what}: memory grew from {before} to {after} bytes"
        )),
        _ => Ok(()),
    }
}

/// How many steps, or models, prove that none of them leaves anything behind. `WAVEFIELD_STEPS` asks for more.
fn many_steps() -> usize {
    let asked = option_env!("WAVEFIELD_STEPS").map(str::to_string);
    let asked = asked.or_else(|| std::env::var("WAVEFIELD_STEPS").ok());
    asked.and_then(|count| count.parse().ok()).unwrap_or(30)
}

pub async fn steps_leave_nothing_behind(device: GpuDevice) -> Outcome {
    let outcome = async {
        let (config, settings) = shape(20);
        let data = random_tokens(20, settings.seq_len);
        let gpu = Device::gpu(device);
        let mut trainer = Trainer::on(gpu, Model::new(config, 1)?, settings, data)?;
        let mut before = (0, None);
        for step in 0..20 + many_steps() {
            trainer.advance();
            if step % 10 == 9 {
                trainer.reports().await?;
                trainer.waves().await?;
            }
            if step == 19 {
                before = (buffers(&trainer), memory());
            }
        }
        wavefield::Result::Ok((before, buffers(&trainer)))
    };
    let ((buffers, memory), after) = outcome.await.map_err(|error| error.to_string())?;
    if after != buffers {
        return Err(format!("{buffers} buffers became {after}"));
    }
    grew("steps", memory)
}

fn buffers(trainer: &Trainer) -> usize {
    match trainer.device() {
        Device::Gpu(gpu) => gpu.buffer_count(),
        Device::Cpu(_) => 0,
    }
}

/// Models are laid out, used and dropped. `WAVEFIELD_STEPS` asks for more.
pub async fn models_leave_nothing_behind(device: GpuDevice) -> Outcome {
    let mut before = None;
    for round in 0..many_steps() as u64 {
        let outcome = async {
            let (config, settings) = shape(20);
            let data = random_tokens(20, settings.seq_len);
            let gpu = Device::gpu(device.clone());
            let mut trainer = Trainer::on(gpu, Model::new(config, round)?, settings, data)?;
            trainer.advance();
            trainer.reports().await?;
            trainer.pull().await
        };
        outcome.await.map_err(|error| error.to_string())?;
        if round == 9 {
            before = memory();
        }
    }
    grew("models", before)
}
