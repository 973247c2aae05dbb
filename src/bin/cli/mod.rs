//! The commands, one a file.

mod bench;
mod bench_gpu;
mod eval;
mod generate;
mod inspect;
mod prove;
mod recipe;
mod scaling;
mod train;

use clap::{Args, Parser, Subcommand};
use std::io::Write;
use std::path::{Path, PathBuf};
use wavefield::checkpoint::Checkpoint;
use wavefield::error::{Error, Result};
use wavefield::memory::{from_words, set_budget};
use wavefield::tokenizer::Tokenizer;

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

/// What the commands on a trained model have in common.
#[derive(Args)]
struct ModelFolder {
    /// The model's folder: model.safetensors and tokenizer.json.
    folder: PathBuf,
    /// Print one JSON object and nothing else.
    #[arg(long)]
    json: bool,
}

impl ModelFolder {
    fn open(&self) -> Result<(Checkpoint, Tokenizer)> {
        let mut checkpoint = Checkpoint::read(self.folder.join(MODEL_FILE))?;
        let tokenizer = match checkpoint.tokenizer.take() {
            Some(tokenizer) => tokenizer,
            None => Tokenizer::from_json(&read_text(&self.folder.join(TOKENIZER_FILE))?)?,
        };
        tokenizer.check_size(checkpoint.model.config.vocab_size)?;
        Ok((checkpoint, tokenizer))
    }
}

const MODEL_FILE: &str = "model.safetensors";
const TOKENIZER_FILE: &str = "tokenizer.json";

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

fn read_text(path: &Path) -> Result<String> {
    let size = std::fs::metadata(path).map_err(file_error(path))?.len();
    wavefield::memory::check(
        &format!("Reading {}", path.display()),
        2 * size,
        "choose a shorter text",
    )?;
    std::fs::read_to_string(path).map_err(file_error(path))
}

/// Prints an object for programs.
fn print_json(value: &impl serde::Serialize) {
    let text = serde_json::to_string(value).expect("plain data has a JSON form");
    print_text(&(text + "\n"));
}

/// Prints a piece of text at once, and says whether anybody still reads: a pipe that was closed is
/// no failure of ours.
fn print_text(text: &str) -> bool {
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .is_ok()
}
