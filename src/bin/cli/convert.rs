//! `wavefield convert FOLDER --to FILE --precision int8`: writes a model with its numbers in fewer bits.

use super::recipe::{RECIPE_FILE, Recipe};
use super::{ModelFolder, print_json};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use wavefield::checkpoint::{Checkpoint, Precision};
use wavefield::error::Result;
use wavefield::train::{Dataset, evaluate};

#[derive(Args)]
pub struct Convert {
    #[command(flatten)]
    model: ModelFolder,
    /// The file to write.
    #[arg(long)]
    to: PathBuf,
    /// What its numbers are written as: f32 (exactly what is computed with), f16, or int8 (a matrix' rows in 8 bits).
    #[arg(long, value_parser = Precision::named)]
    precision: Precision,
}

/// What a conversion came to, for programs.
#[derive(Serialize)]
struct Report {
    precision: &'static str,
    bytes: usize,
    /// On what the folder's recipe held back, in nats a token: as it was, and as it is written; nothing where there is no
    /// recipe.
    loss: Option<[f64; 2]>,
}

impl Convert {
    pub fn run(self) -> Result<()> {
        let (mut checkpoint, tokenizer) = self.model.open()?;
        checkpoint.tokenizer = Some(tokenizer);
        // A run goes on from its own file; what is converted is the model.
        checkpoint.trainer = None;
        let bytes = checkpoint.to_bytes_in(self.precision)?;
        let written = Checkpoint::from_bytes(&bytes)?;
        let loss = self.loss(&checkpoint, &written)?;
        Checkpoint::write_bytes(&self.to, &bytes)?;
        if self.model.json {
            print_json(&Report {
                precision: self.precision.name(),
                bytes: bytes.len(),
                loss,
            });
            return Ok(());
        }
        println!(
            "written     {} ({} bytes, {})",
            self.to.display(),
            bytes.len(),
            self.precision.name()
        );
        match loss {
            Some([before, after]) => {
                println!("loss        {after:.5} nats per token, {before:.5} before")
            }
            None => println!(
                "loss        not measured: there is no train.toml beside the model that says on what"
            ),
        }
        Ok(())
    }

    fn loss(&self, before: &Checkpoint, after: &Checkpoint) -> Result<Option<[f64; 2]>> {
        let folder = self.model.place();
        if !folder.join(RECIPE_FILE).exists() {
            return Ok(None);
        }
        let (text, share, window) = Recipe::held_back(folder)?;
        let tokenizer = before.tokenizer.as_ref().expect("it was put there");
        let held_back = Dataset::from_text(tokenizer, &text, share)?.validation;
        let loss = |checkpoint: &Checkpoint| {
            evaluate(&checkpoint.model, held_back.clone(), window).map(|found| found.loss)
        };
        Ok(Some([loss(before)?, loss(after)?]))
    }
}
