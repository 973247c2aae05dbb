//! `wavefield bench [FOLDER]`: training and decoding on this machine, at the shapes that are
//! compared, or at a model's own; and a field by itself.

use super::{MODEL_FILE, bench_field, print_json};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use std::time::Instant;
use wavefield::backend::gpu::GpuDevice;
use wavefield::backend::wait;
use wavefield::bench::{SHAPES, random_tokens};
use wavefield::checkpoint::Checkpoint;
use wavefield::decode::{AtLimit, Decoder};
use wavefield::error::Result;
use wavefield::model::Model;
use wavefield::train::{TrainConfig, Trainer};

#[derive(Args)]
pub struct Bench {
    /// A model's folder; without one, the shapes of BENCHMARKS.md.
    folder: Option<PathBuf>,
    /// Seconds to measure each figure for.
    #[arg(long, default_value_t = 5.0, value_parser = positive)]
    seconds: f64,
    /// Measure training on the graphics adapter too, with every kind of dispatch that a step has.
    #[arg(long)]
    gpu: bool,
    /// Measure a layer's field and nothing else.
    #[arg(long, conflicts_with = "folder")]
    field: bool,
    /// Print one JSON object and nothing else.
    #[arg(long)]
    json: bool,
}

fn positive(text: &str) -> std::result::Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 3600.0 => Ok(seconds),
        _ => Err("expected a number of seconds above 0, up to 3600".into()),
    }
}

#[derive(Serialize)]
struct Figures {
    shape: String,
    parameters: usize,
    threads: usize,
    /// Whole training steps.
    training_tokens_per_second: f64,
    /// One token after the other, on one thread whatever `threads` says.
    decoding_tokens_per_second: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    gpu: Option<super::bench_gpu::Figures>,
}

impl Bench {
    pub fn run(self) -> Result<()> {
        let mut all = Vec::new();
        for (shape, model, config) in self.subjects()? {
            let figures = Figures {
                shape,
                parameters: model.config.parameter_count(),
                threads: rayon::current_num_threads(),
                training_tokens_per_second: self.training(model.clone(), config.clone())?,
                decoding_tokens_per_second: self.decoding(&model),
                gpu: match self.gpu {
                    true => Some(super::bench_gpu::measure(model, config, self.seconds)?),
                    false => None,
                },
            };
            if !self.json {
                println!(
                    "{}: {} parameters, {} thread(s): training {:.0} tokens/s, decoding {:.0} tokens/s",
                    figures.shape,
                    figures.parameters,
                    figures.threads,
                    figures.training_tokens_per_second,
                    figures.decoding_tokens_per_second
                );
                if let Some(gpu) = &figures.gpu {
                    println!("{gpu}");
                }
            }
            all.push(figures);
        }
        // A model of one's own has nothing to do with it.
        let general = self.folder.is_none();
        let cpu = match general {
            true => bench_field::on_cpu(self.seconds)?,
            false => Vec::new(),
        };
        let gpu = match general && self.gpu {
            true => bench_field::on_gpu(&wait(GpuDevice::open())?, self.seconds)?,
            false => Vec::new(),
        };
        if self.json {
            print_json(&serde_json::json!({ "bench": all, "field": cpu, "field_on_gpu": gpu }));
        } else {
            print!("{}{}", bench_field::Table(&cpu), bench_field::Table(&gpu));
        }
        Ok(())
    }

    /// What is measured: a name, a model, and how it trains.
    fn subjects(&self) -> Result<Vec<(String, Model, TrainConfig)>> {
        if self.field {
            return Ok(Vec::new());
        }
        if let Some(folder) = &self.folder {
            let model = Checkpoint::read(folder.join(MODEL_FILE))?.model;
            let config = TrainConfig {
                batch_size: 8,
                seq_len: model.config.max_seq_len - 1,
                ..TrainConfig::default()
            };
            return Ok(vec![(folder.display().to_string(), model, config)]);
        }
        let subject = |(name, config, train)| Ok((name, Model::new(config, 1)?, train));
        let both = SHAPES.iter().flat_map(|shape| {
            let (name, train) = (shape.name, shape.train_config());
            [
                (name.to_string(), shape.config(), train.clone()),
                (format!("{name}, standard"), shape.standard_config(), train),
            ]
        });
        both.map(subject).collect()
    }

    fn training(&self, model: Model, config: TrainConfig) -> Result<f64> {
        let tokens_per_step = config.batch_size * config.seq_len;
        let dataset = random_tokens(model.config.vocab_size, config.seq_len);
        let mut trainer = Trainer::new(model, config, dataset)?;
        trainer.step()?;
        let (started, mut tokens) = (Instant::now(), 0);
        while started.elapsed().as_secs_f64() < self.seconds {
            trainer.step()?;
            tokens += tokens_per_step;
        }
        Ok(tokens as f64 / started.elapsed().as_secs_f64())
    }

    fn decoding(&self, model: &Model) -> f64 {
        let mut decoder = Decoder::new(model, AtLimit::RunOn);
        let vocab = model.config.vocab_size as u32;
        let (started, mut tokens) = (Instant::now(), 0u32);
        while started.elapsed().as_secs_f64() < self.seconds {
            for _ in 0..50 {
                decoder.step(model, tokens % vocab);
                tokens += 1;
            }
        }
        f64::from(tokens) / started.elapsed().as_secs_f64()
    }
}
