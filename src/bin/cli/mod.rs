//! The commands, one a file.

// First: what it defines counts in every command.
#[macro_use]
mod output;

mod bench;
mod bench_field;
mod bench_gpu;
mod convert;
mod eval;
mod generate;
mod inspect;
mod model_folder;
mod prove;
mod recipe;
mod scaling;
mod text;
mod train;

use clap::{Parser, Subcommand};
use model_folder::{MODEL_FILE, ModelFolder, TOKENIZER_FILE};
pub use output::{leave, tell, told};
use output::{print_json, print_text};
use std::path::Path;
use text::{read_text, read_utf8};
use wavefield::error::{Error, Result};
use wavefield::memory::{from_words, set_budget};

/// Wave Field language models: train them, generate with them, look into them.
#[derive(Parser)]
#[command(version, about)]
pub struct Command {
    /// Threads to compute with; all cores where it is not given.
    #[arg(long, global = true)]
    threads: Option<usize>,
    /// How much memory a model or a training may take, such as 8GB; 4GB where it is not given.
    #[arg(long, global = true, value_parser = bytes)]
    memory: Option<u64>,
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Train a model as the folder's train.toml says; goes on with a run that was stopped.
    Train(train::Train),
    /// Continue a text.
    Generate(generate::Generate),
    /// Measure a model on a text.
    Eval(eval::Eval),
    /// Write a model with its numbers in fewer bits, and say what that costs in loss.
    Convert(convert::Convert),
    /// Show a model's shape and each head's physics.
    Inspect(inspect::Inspect),
    /// Time training and decoding on this machine.
    Bench(bench::Bench),
    /// Hold the graphics adapter against the processor, operation by operation.
    Prove(prove::Prove),
    /// Time how one layer's mixing of tokens grows with the length of the text.
    Scaling(scaling::Scaling),
}

/// A number of bytes in words.
fn bytes(words: &str) -> std::result::Result<u64, String> {
    from_words(words).map_err(|error| error.to_string())
}

impl Command {
    /// Runs the command.
    pub fn run(self) -> Result<()> {
        if let Some(memory) = self.memory {
            set_budget(memory);
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads.unwrap_or(0))
            .build()
            .map_err(|error| Error::Config {
                field: "threads",
                message: format!("they could not be started: {error}"),
            })?;
        // Inside the pool, so that no operation has to be handed over to it.
        pool.install(|| match self.task {
            Task::Train(task) => task.run(),
            Task::Generate(task) => task.run(),
            Task::Eval(task) => task.run(),
            Task::Convert(task) => task.run(),
            Task::Inspect(task) => task.run(),
            Task::Bench(task) => task.run(),
            Task::Prove(task) => task.run(),
            Task::Scaling(task) => task.run(),
        })
    }
}

/// The system's word on a file, with its path.
fn file_error(path: &Path) -> impl Fn(std::io::Error) -> Error {
    let path = path.display().to_string();
    move |error| Error::File {
        path: path.clone(),
        message: error.to_string(),
    }
}
