//! `wavefield bench`: training and decoding on this machine, at the shapes that are compared.

use super::print_json;
use clap::Args;
use serde::Serialize;
use std::time::Instant;
use wavefield::bench::{SHAPES, Shape, dataset};
use wavefield::decode::{AtLimit, Decoder};
use wavefield::error::Result;
use wavefield::model::Model;
use wavefield::train::Trainer;

#[derive(Args)]
pub struct Bench {
    /// Seconds to measure each figure for.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Print one JSON object and nothing else.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Figures {
    shape: &'static str,
    parameters: usize,
    threads: usize,
    /// Whole training steps.
    training_tokens_per_second: f64,
    /// One token after the other, on one thread whatever `threads` says.
    decoding_tokens_per_second: f64,
}

impl Bench {
    pub fn run(self) -> Result<()> {
        let mut all = Vec::new();
        for shape in &SHAPES {
            let figures = Figures {
                shape: shape.name,
                parameters: shape.config().parameter_count(),
                threads: rayon::current_num_threads(),
                training_tokens_per_second: self.training(shape)?,
                decoding_tokens_per_second: self.decoding(shape)?,
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
            }
            all.push(figures);
        }
        if self.json {
            print_json(&serde_json::json!({ "bench": all }));
        }
        Ok(())
    }

    fn training(&self, shape: &Shape) -> Result<f64> {
        let model = Model::new(shape.config(), 1)?;
        let mut trainer = Trainer::new(model, shape.train_config(), dataset(shape))?;
        trainer.step();
        let (started, mut steps) = (Instant::now(), 0);
        while started.elapsed().as_secs_f64() < self.seconds {
            trainer.step();
            steps += 1;
        }
        let tokens = steps * shape.batch_size * shape.seq_len;
        Ok(tokens as f64 / started.elapsed().as_secs_f64())
    }

    fn decoding(&self, shape: &Shape) -> Result<f64> {
        let model = Model::new(shape.config(), 1)?;
        let mut decoder = Decoder::new(&model, AtLimit::RunOn);
        let vocab = shape.vocab_size as u32;
        let (started, mut tokens) = (Instant::now(), 0u32);
        while started.elapsed().as_secs_f64() < self.seconds {
            for _ in 0..50 {
                decoder.step(&model, tokens % vocab);
                tokens += 1;
            }
        }
        Ok(f64::from(tokens) / started.elapsed().as_secs_f64())
    }
}
