//! `wavefield eval FOLDER --data TEXT`: how well a model predicts a text.

use super::{ModelFolder, print_json, read_text};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use wavefield::error::Result;
use wavefield::train::{Dataset, Evaluation, evaluate};

#[derive(Args)]
pub struct Eval {
    #[command(flatten)]
    model: ModelFolder,
    /// The text to predict.
    #[arg(long)]
    data: PathBuf,
    /// The share of the text, at its end, that is predicted: what training held back.
    #[arg(long, default_value_t = 0.1)]
    validation_share: f64,
    /// Tokens a window; where it is not given, the model's context less one, as in training.
    #[arg(long)]
    seq_len: Option<usize>,
}

/// What an evaluation found, for programs.
#[derive(Serialize)]
pub struct Report {
    #[serde(flatten)]
    pub evaluation: Evaluation,
    pub parameters: usize,
}

impl Eval {
    pub fn run(self) -> Result<()> {
        let (checkpoint, tokenizer) = self.model.open()?;
        let model = checkpoint.model;
        let text = read_text(&self.data)?;
        let dataset = Dataset::from_text(&tokenizer, &text, self.validation_share)?;
        let seq_len = self.seq_len.unwrap_or(model.config.max_seq_len - 1);
        let evaluation = evaluate(&model, dataset.validation, seq_len)?;
        let parameters = model.config.parameter_count();
        if self.model.json {
            print_json(&Report {
                evaluation,
                parameters,
            });
        } else {
            println!("tokens      {}", evaluation.tokens);
            println!("loss        {:.4} nats per token", evaluation.loss);
            println!("perplexity  {:.3}", evaluation.perplexity);
            println!("accuracy    {:.2} %", 100.0 * evaluation.accuracy);
            println!("parameters  {parameters}");
        }
        Ok(())
    }
}
