//! `wavefield eval FOLDER`: how well a model predicts what its recipe held back, or another text.

use super::recipe::Recipe;
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
    /// The text to predict; where it is not given, the one of the folder's train.toml.
    #[arg(long)]
    data: Option<PathBuf>,
    /// The encoding of that text, where it is an older one, which bytes do not tell.
    #[arg(long, requires = "data")]
    encoding: Option<String>,
    /// The share of the text, at its end, that is predicted; where it is not given, what the
    /// recipe held back, or a tenth of a text of your own.
    #[arg(long)]
    validation_share: Option<f64>,
    /// Tokens a window; where it is not given, as many as the recipe trained with, or the model's
    /// context less one.
    #[arg(long)]
    seq_len: Option<usize>,
}

/// What an evaluation found, for programs.
#[derive(Serialize)]
pub struct Report {
    #[serde(flatten)]
    pub evaluation: Evaluation,
    /// The loss as bits for each byte of the text.
    pub bits_per_byte: f64,
    pub parameters: usize,
}

impl Eval {
    pub fn run(self) -> Result<()> {
        let (checkpoint, tokenizer) = self.model.open()?;
        let model = checkpoint.model;
        let (text, share, window) = match self.data {
            Some(path) => {
                let text = read_text(&path, self.encoding.as_deref())?;
                (text, 0.1, model.config.max_seq_len - 1)
            }
            None => Recipe::held_back(self.model.place())?,
        };
        let share = self.validation_share.unwrap_or(share);
        let dataset = Dataset::from_text(&tokenizer, &text, share)?;
        let seq_len = self.seq_len.unwrap_or(window);
        dataset.validate_validation(model.config.vocab_size)?;
        let bytes_per_token = dataset.bytes_per_token(&tokenizer);
        let evaluation = evaluate(&model, dataset.validation, seq_len)?;
        let bits_per_byte = evaluation.bits_per_byte(bytes_per_token);
        let parameters = model.config.parameter_count();
        if self.model.json {
            print_json(&Report {
                evaluation,
                bits_per_byte,
                parameters,
            });
        } else {
            println!("tokens      {}", evaluation.tokens);
            println!("loss        {:.4} nats per token", evaluation.loss);
            println!("perplexity  {:.3}", evaluation.perplexity);
            println!("bits        {bits_per_byte:.4} a byte of text");
            println!("accuracy    {:.2} %", 100.0 * evaluation.accuracy);
            println!("parameters  {parameters}");
        }
        Ok(())
    }
}
