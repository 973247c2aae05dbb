//! `wavefield generate FOLDER`: continue a text.

use super::{ModelFolder, print_json, print_text};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::time::Instant;
use wavefield::decode::{
    AtLimit, EndReason, GeneratedToken, Generation, GenerationSettings, SamplingSettings,
};
use wavefield::error::Result;

#[derive(Args)]
pub struct Generate {
    #[command(flatten)]
    model: ModelFolder,
    /// The text to continue.
    #[arg(long, default_value = "")]
    prompt: String,
    #[arg(long, default_value_t = 400)]
    max_tokens: usize,
    /// 0 always takes the likeliest token.
    #[arg(long, default_value_t = 0.8)]
    temperature: f32,
    /// Draw from so many of the likeliest tokens; 0 is all.
    #[arg(long, default_value_t = 0)]
    top_k: usize,
    /// Draw from the likeliest tokens whose probabilities add up to this.
    #[arg(long, default_value_t = 1.0)]
    top_p: f32,
    /// Above 1, tokens of the recent text are less likely to come again.
    #[arg(long, default_value_t = 1.0)]
    repetition_penalty: f32,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// End where this text comes up; may be given several times.
    #[arg(long)]
    stop: Vec<String>,
    /// What to do when the context is full.
    #[arg(long, value_enum, default_value_t = Limit::Reread)]
    at_limit: Limit,
}

#[derive(Clone, Copy, ValueEnum)]
enum Limit {
    /// Read the last half of the context anew and go on.
    Reread,
    /// Let the wave run on past the field.
    RunOn,
}

#[derive(Serialize)]
struct Report {
    prompt: String,
    text: String,
    tokens: Vec<GeneratedToken>,
    reason: Option<EndReason>,
    seconds: f64,
}

impl Generate {
    pub fn run(self) -> Result<()> {
        let (checkpoint, tokenizer) = self.model.open()?;
        let model = checkpoint.model;
        let settings = GenerationSettings {
            sampling: SamplingSettings {
                temperature: self.temperature,
                top_k: self.top_k,
                top_p: self.top_p,
                repetition_penalty: self.repetition_penalty,
                seed: self.seed,
                ..SamplingSettings::default()
            },
            max_tokens: self.max_tokens,
            stop: self.stop,
            at_limit: match self.at_limit {
                Limit::Reread => AtLimit::Reread,
                Limit::RunOn => AtLimit::RunOn,
            },
        };
        let started = Instant::now();
        let mut generation = Generation::new(&model, &tokenizer, &self.prompt, settings)?;
        let mut tokens = Vec::new();
        if !self.model.json {
            print_text(&self.prompt);
        }
        while let Some(token) = generation.next(&model, &tokenizer)? {
            if !self.model.json {
                print_text(&token.text);
            }
            tokens.push(token);
        }
        let seconds = started.elapsed().as_secs_f64();
        if self.model.json {
            print_json(&Report {
                prompt: self.prompt,
                text: tokens.iter().map(|token| token.text.as_str()).collect(),
                tokens,
                reason: generation.ended(),
                seconds,
            });
        } else {
            print_text("\n");
        }
        Ok(())
    }
}
