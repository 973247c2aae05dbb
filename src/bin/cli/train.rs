//! `wavefield train FOLDER`: everything that a run needs is in FOLDER/train.toml.

use super::recipe::{Recipe, TokenizerRecipe};
use super::{MODEL_FILE, TOKENIZER_FILE, file_error, print_json};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use wavefield::backend::gpu::GpuDevice;
use wavefield::backend::{Device, wait};
use wavefield::checkpoint::Checkpoint;
use wavefield::config::ModelConfig;
use wavefield::error::{Error, Result};
use wavefield::model::Model;
use wavefield::tokenizer::Tokenizer;
use wavefield::train::proof::{self, Watch};
use wavefield::train::{Dataset, Evaluation, Fault, Trainer, evaluate};

/// Where the run itself is kept, so that it can go on; no part of a model that is given away.
const STATE_FILE: &str = "run.safetensors";
/// Windows of the validation text that measurements during a run compare; its end measures all.
const COMPARED_WINDOWS: usize = 128;
/// The validation curve, one line a measurement.
const LOG_FILE: &str = "validation.csv";
const LOG_HEADER: &str = "step,training_loss,loss,perplexity,accuracy\n";

#[derive(Args)]
pub struct Train {
    /// The model's folder: train.toml is read, model.safetensors and tokenizer.json are written.
    folder: PathBuf,
    /// Begin anew, even where a stopped run could go on.
    #[arg(long)]
    restart: bool,
    /// Where to train. A graphics card's losses differ from the CPU's by rounding.
    #[arg(long, value_enum, default_value_t = TrainsOn::Cpu)]
    device: TrainsOn,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

/// A device to choose.
#[derive(Clone, Copy, clap::ValueEnum)]
enum TrainsOn {
    Cpu,
    /// The graphics card, through Vulkan or Metal, once it is proven against the CPU.
    Gpu,
}

impl TrainsOn {
    /// Opens a graphics card and proves it for a model and sequences of so many tokens; nothing for
    /// the processor.
    fn open(self, config: &ModelConfig, seq_len: usize) -> Result<Option<GpuDevice>> {
        let TrainsOn::Gpu = self else {
            return Ok(None);
        };
        let gpu = wait(GpuDevice::open())?;
        let name = &gpu.report().name;
        let all = [proof::parts(), proof::own_parts(config, seq_len)].concat();
        let checks = wait(proof::prove_parts(&gpu, &all))?;
        if let Some(wrong) = proof::wrong_words(&checks) {
            return Err(Error::Device {
                message: format!(
                    "{name} computes wrong numbers ({wrong}), so nothing is trained on it; leave out \
                     --device gpu"
                ),
            });
        }
        eprintln!("training on {name}");
        Ok(Some(gpu))
    }
}

impl Train {
    pub fn run(self) -> Result<()> {
        let recipe = Recipe::read(&self.folder)?;
        let text = recipe.text_to_learn(&self.folder)?;
        let tokenizer = match recipe.tokenizer {
            TokenizerRecipe::Character => Tokenizer::train_character(&text)?,
            TokenizerRecipe::Bpe { vocab_size } => {
                let go_on = |_, _| std::ops::ControlFlow::Continue(());
                Tokenizer::train_bpe(&text, vocab_size, go_on)?
            }
        };
        let dataset = Dataset::from_text(&tokenizer, &text, recipe.validation_share)?;
        let mut run = Run::start(&self, &recipe, tokenizer, dataset)?;
        run.go(&recipe, self.json)?;
        run.finish(self.json)
    }
}

/// A run and the best model it has seen.
struct Run {
    folder: PathBuf,
    tokenizer: Tokenizer,
    trainer: Trainer,
    best: Option<Evaluation>,
    /// Of the validation text.
    bytes_per_token: f64,
    /// The graphics card that the run is on, and how its proof is repeated.
    watched: Option<(GpuDevice, Watch)>,
}

impl Run {
    fn start(
        task: &Train,
        recipe: &Recipe,
        tokenizer: Tokenizer,
        dataset: Dataset,
    ) -> Result<Self> {
        let state = task.folder.join(STATE_FILE);
        let config = recipe.model.config(tokenizer.vocab_size());
        let gpu = task.device.open(&config, recipe.train.seq_len)?;
        let device = gpu.clone().map_or_else(Device::cpu, Device::gpu);
        let watch = Watch::new(&config, recipe.train.seq_len);
        let (trainer, best) = if state.exists() && !task.restart {
            let checkpoint = Checkpoint::read(&state)?;
            let stopped = checkpoint.trainer.filter(|run| run.config == recipe.train);
            let (true, Some(stopped)) = (checkpoint.model.config == config, stopped) else {
                return Err(Error::File {
                    path: state.display().to_string(),
                    message: "belongs to a run with other settings than train.toml has now; put \
                              the settings back, or begin anew with --restart"
                        .into(),
                });
            };
            if checkpoint.tokenizer.as_ref() != Some(&tokenizer) {
                return Err(Error::File {
                    path: state.display().to_string(),
                    message: "belongs to a run with another vocabulary than the text gives now; \
                              put the old text back, or begin anew with --restart"
                        .into(),
                });
            }
            let best = checkpoint.extra.get("best").map_or("null", String::as_str);
            // Or a worse model might take the place of the best one.
            let best = serde_json::from_str(best).map_err(|error| Error::File {
                path: state.display().to_string(),
                message: format!(
                    "expected how good the best model so far was, found it broken ({error}); begin \
                     anew with --restart"
                ),
            })?;
            cut_log(&task.folder.join(LOG_FILE), stopped.step)?;
            (
                Trainer::resume_on(device, checkpoint.model, stopped, dataset)?,
                best,
            )
        } else {
            let model = Model::new(config, recipe.initial_seed)?;
            let trainer = Trainer::on(device, model, recipe.train.clone(), dataset)?;
            // Should this run be stopped before its first save, the old one must not go on.
            if state.exists() {
                std::fs::remove_file(&state).map_err(file_error(&state))?;
            }
            let log = task.folder.join(LOG_FILE);
            std::fs::write(&log, LOG_HEADER).map_err(file_error(&log))?;
            (trainer, None)
        };
        Ok(Run {
            folder: task.folder.clone(),
            bytes_per_token: trainer.dataset().bytes_per_token(&tokenizer),
            tokenizer,
            trainer,
            best,
            watched: gpu.map(|gpu| (gpu, watch)),
        })
    }

    /// Repeats a part of the graphics card's proof. Where it fails, training goes on on the processor
    /// from where it is.
    fn prove_again(&mut self, bar: &ProgressBar) -> Result<()> {
        let Some((gpu, watch)) = &mut self.watched else {
            return Ok(());
        };
        let checks = wait(proof::prove_parts(gpu, &[watch.take_next()]))?;
        if let Some(wrong) = proof::wrong_words(&checks) {
            self.watched = None;
            self.trainer.model()?;
            self.trainer.move_to(Device::cpu())?;
            say(
                bar,
                format!(
                    "step {}: the graphics card began to compute wrong numbers ({wrong}); training goes \
                     on on the processor",
                    self.trainer.steps_done()
                ),
            );
        }
        Ok(())
    }

    fn go(&mut self, recipe: &Recipe, quiet: bool) -> Result<()> {
        let steps = recipe.train.steps;
        let bar = progress_bar(steps, self.trainer.steps_done(), quiet);
        let (mut mean, mut saved, mut copied) = (f32::NAN, Instant::now(), Instant::now());
        let mut heard = true;
        while self.trainer.steps_done() < steps {
            let report = self.trainer.step()?;
            if let Some(fault) = report.fault {
                return self.fail(&bar, fault, report.step);
            }
            mean = if mean.is_nan() {
                report.loss
            } else {
                0.98 * mean + 0.02 * report.loss
            };
            bar.inc(1);
            bar.set_message(format!("loss {mean:.4}"));
            let last = report.step == steps;
            if last || report.step.is_multiple_of(recipe.evaluate_every) {
                // Always the same windows: the best of them is kept, so they must compare.
                let found = match self.trainer.evaluate(Some(COMPARED_WINDOWS)) {
                    Err(Error::Model { .. }) => {
                        self.trainer.undo(report.step, Fault::HeldBack);
                        return self.fail(&bar, Fault::HeldBack, report.step);
                    }
                    found => found?,
                };
                heard &= say(
                    &bar,
                    format!(
                        "step {:>6}  training {mean:.4}  validation {:.4}  perplexity {:.3}  bits a byte {:.4}  accuracy {:.2} %",
                        report.step,
                        found.loss,
                        found.perplexity,
                        found.bits_per_byte(self.bytes_per_token),
                        100.0 * found.accuracy
                    ),
                );
                self.prove_again(&bar)?;
                self.log(report.step, mean, &found)?;
                self.keep_best(found)?;
            }
            if copied.elapsed() > Duration::from_secs(2) {
                // What it goes back to should it come to no number.
                self.trainer.model()?;
                copied = Instant::now();
            }
            if last || !heard || saved.elapsed() > Duration::from_secs(60) {
                self.save_state()?;
                saved = Instant::now();
            }
            // Whoever watched has gone.
            if !heard {
                super::leave();
            }
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// Ends a run that came to no number. Its last good state is kept, and so is the best model.
    fn fail(&mut self, bar: &ProgressBar, fault: Fault, step: u64) -> Result<()> {
        bar.finish_and_clear();
        let said = fault.sentence(step, self.trainer.steps_done(), self.trainer.config());
        self.save_state()?;
        let best = match self.best {
            Some(best) => format!(
                "{MODEL_FILE} is the best model so far, with a validation loss of {:.4}",
                best.loss
            ),
            None => format!("no model was measured yet, so {MODEL_FILE} was not written"),
        };
        Err(Error::Model {
            message: format!(
                "{said} {STATE_FILE} has the run as it was then; {best}. To train with other \
                 settings, change train.toml and begin anew with --restart."
            ),
        })
    }

    fn log(&self, step: u64, mean: f32, found: &Evaluation) -> Result<()> {
        let path = self.folder.join(LOG_FILE);
        let line = format!(
            "{step},{mean},{},{},{}\n",
            found.loss, found.perplexity, found.accuracy
        );
        let file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path);
        file.and_then(|mut file| file.write_all(line.as_bytes()))
            .map_err(file_error(&path))
    }

    /// Writes the model where it is the best one so far.
    fn keep_best(&mut self, found: Evaluation) -> Result<()> {
        if self.best.is_some_and(|best| !found.is_better_than(&best)) {
            return Ok(());
        }
        self.best = Some(found);
        let step = self.trainer.steps_done().to_string();
        let extra = BTreeMap::from([("step".to_string(), step)]);
        let checkpoint = self.checkpoint(extra)?;
        checkpoint.write(self.folder.join(MODEL_FILE))?;
        let path = self.folder.join(TOKENIZER_FILE);
        std::fs::write(&path, self.tokenizer.to_json()).map_err(file_error(&path))
    }

    fn save_state(&mut self) -> Result<()> {
        let best = serde_json::to_string(&self.best).expect("plain data has a JSON form");
        let mut checkpoint = self.checkpoint(BTreeMap::from([("best".to_string(), best)]))?;
        checkpoint.trainer = Some(self.trainer.state()?);
        checkpoint.write(self.folder.join(STATE_FILE))
    }

    fn checkpoint(&mut self, extra: BTreeMap<String, String>) -> Result<Checkpoint> {
        Ok(Checkpoint {
            model: self.trainer.model()?.clone(),
            tokenizer: Some(self.tokenizer.clone()),
            extra,
            trainer: None,
        })
    }

    /// Measures what was kept on the whole validation text.
    fn finish(self, json: bool) -> Result<()> {
        let path: &Path = &self.folder.join(MODEL_FILE);
        let model = Checkpoint::read(path)?.model;
        let parameters = model.config.parameter_count();
        let text = self.trainer.dataset().validation.clone();
        let found = evaluate(&model, text, self.trainer.config().seq_len)?;
        let bits_per_byte = found.bits_per_byte(self.bytes_per_token);
        if json {
            print_json(&super::eval::Report {
                evaluation: found,
                bits_per_byte,
                parameters,
            });
        } else {
            println!(
                "{}: {parameters} parameters, validation loss {:.4}, perplexity {:.3}, bits a byte \
                 {bits_per_byte:.4}, accuracy {:.2} %",
                path.display(),
                found.loss,
                found.perplexity,
                100.0 * found.accuracy
            );
        }
        Ok(())
    }
}

/// Drops what was measured after the state that a run goes on from: it will be measured again.
fn cut_log(path: &Path, step: u64) -> Result<()> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => LOG_HEADER.into(),
        Err(error) => return Err(file_error(path)(error)),
    };
    let mut kept = LOG_HEADER.to_string();
    for line in text.lines().skip(1) {
        // A line without a step was cut short as it was written: what it said is measured again.
        let measured = line
            .split(',')
            .next()
            .and_then(|step| step.parse::<u64>().ok());
        if measured.is_some_and(|measured| measured <= step) {
            kept += line;
            kept.push('\n');
        }
    }
    std::fs::write(path, kept).map_err(file_error(path))
}

/// A line above the bar, or on its own where there is no terminal to draw a bar on; false where nobody
/// reads it any more.
fn say(bar: &ProgressBar, line: String) -> bool {
    if bar.is_hidden() {
        return super::told(&line);
    }
    bar.println(line);
    true
}

fn progress_bar(steps: u64, done: u64, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(steps).with_position(done);
    let template = "{bar:30} {pos}/{len} steps  {msg}  {per_sec}, {eta} left";
    bar.set_style(ProgressStyle::with_template(template).expect("the template is a constant"));
    bar.reset_eta();
    bar
}
