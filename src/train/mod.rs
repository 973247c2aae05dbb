//! Training: one step, the optimiser's schedule, batches, and what is measured.

pub mod dataset;
pub mod schedule;

use crate::backend::cpu::Cpu;
use crate::backend::{Backend, Op, OptimizerSettings, StepInputs};
use crate::error::{Error, Result};
use crate::kernels::dropout::step_key;
use crate::model::Model;
use crate::model::network::Network;
pub use dataset::{Batch, Dataset};
use schedule::Schedule;
use serde::{Deserialize, Serialize};

/// Most steps of a run.
const MAX_STEPS: u64 = 1 << 40;
/// Most numbers that the results of one step may take, in memory: 2 GiB of the 4 that WebAssembly
/// can address, and 32 GiB elsewhere.
const MAX_RESULTS: u64 = if cfg!(target_arch = "wasm32") {
    1 << 29
} else {
    1 << 33
};

/// A run's settings. With the model's configuration, the text and nothing else they determine it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// Sequences a step.
    pub batch_size: usize,
    /// Tokens a sequence; at most the model's context.
    pub seq_len: usize,
    /// Steps of the whole run: the learning rate's schedule ends there.
    pub steps: u64,
    pub warmup_steps: u64,
    /// Learning rate after the warm-up.
    pub peak_lr: f64,
    /// Learning rate at the end.
    pub min_lr: f64,
    pub weight_decay: f64,
    pub beta1: f64,
    pub beta2: f64,
    pub eps: f64,
    /// Gradients are scaled down to this global L2 norm.
    pub clip_norm: f64,
    /// Chance of an element to be dropped in training.
    pub dropout: f32,
    /// Draws the batches and the dropout; initial values belong to the model.
    pub seed: u64,
}

impl Default for TrainConfig {
    fn default() -> Self {
        TrainConfig {
            batch_size: 16,
            seq_len: 128,
            steps: 3000,
            warmup_steps: 100,
            peak_lr: 2e-3,
            min_lr: 1e-5,
            weight_decay: 0.01,
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            clip_norm: 1.0,
            dropout: 0.0,
            seed: 1,
        }
    }
}

impl TrainConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// [`Error::Config`] names the first setting that does not do.
    pub fn validate(&self) -> Result<()> {
        let fail = |field, message| Err(Error::Config { field, message });
        for (field, value, most) in [
            ("batch_size", self.batch_size as u64, 1 << 16),
            ("seq_len", self.seq_len as u64, 1 << 20),
            ("steps", self.steps, MAX_STEPS),
        ] {
            if !(1..=most).contains(&value) {
                return fail(field, format!("must be from 1 to {most}, but is {value}"));
            }
        }
        for (field, value, range) in [
            ("peak_lr", self.peak_lr, 0.0..=10.0),
            ("min_lr", self.min_lr, 0.0..=10.0),
            ("weight_decay", self.weight_decay, 0.0..=10.0),
            ("beta1", self.beta1, 0.0..=0.999_999),
            ("beta2", self.beta2, 0.0..=0.999_999_9),
            ("eps", self.eps, 1e-30..=1.0),
            ("clip_norm", self.clip_norm, 1e-9..=1e9),
            ("dropout", f64::from(self.dropout), 0.0..=0.95),
        ] {
            if !range.contains(&value) {
                let (least, most) = (range.start(), range.end());
                return fail(
                    field,
                    format!("must be from {least} to {most}, but is {value}"),
                );
            }
        }
        Ok(())
    }

    /// The learning rate's course.
    pub fn schedule(&self) -> Schedule {
        Schedule {
            peak: self.peak_lr,
            min: self.min_lr,
            warmup_steps: self.warmup_steps,
            total_steps: self.steps,
        }
    }

    fn optimizer(&self) -> OptimizerSettings {
        OptimizerSettings {
            beta1: self.beta1,
            beta2: self.beta2,
            epsilon: self.eps,
            weight_decay: self.weight_decay,
            clip_norm: self.clip_norm,
        }
    }
}

/// What one step did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StepReport {
    /// The step's number, from 1.
    pub step: u64,
    /// Mean cross-entropy of its batch, before the step; nats per token.
    pub loss: f32,
    /// L2 norm of the gradient before clipping.
    pub gradient_norm: f32,
    pub learning_rate: f64,
    /// The gradient's norm was not a finite number, so the step left everything as it was.
    pub rolled_back: bool,
}

/// How well a model predicts a text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Mean cross-entropy, nats per token.
    pub loss: f64,
    /// e^loss.
    pub perplexity: f64,
    /// Share of tokens that the model held for the likeliest.
    pub accuracy: f64,
    /// How many tokens were predicted.
    pub tokens: usize,
}

impl Evaluation {
    /// Whether the loss is lower. One that is not a number is worse than any that is.
    pub fn is_better_than(&self, other: &Evaluation) -> bool {
        self.loss < other.loss || other.loss.is_nan() && !self.loss.is_nan()
    }
}

/// Everything that a run needs to go on exactly where it stopped, beside model and text.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainerState {
    /// Steps done.
    pub step: u64,
    /// AdamW's moments, laid out as [`crate::model::Parameters::flat`].
    pub first_moment: Vec<f32>,
    pub second_moment: Vec<f32>,
    /// The run's settings.
    pub config: TrainConfig,
}

/// A run in progress.
pub struct Trainer {
    model: Model,
    config: TrainConfig,
    dataset: Dataset,
    step: u64,
    cpu: Cpu<f32>,
    network: Network,
    train: Vec<Op>,
    evaluate: Vec<Op>,
}

impl Trainer {
    /// Starts a run.
    ///
    /// # Errors
    /// [`Error::Config`] or [`Error::Data`] when settings, model and text do not go together.
    pub fn new(model: Model, config: TrainConfig, dataset: Dataset) -> Result<Self> {
        config.validate()?;
        check_window(&model, config.seq_len)?;
        dataset.validate(config.seq_len, model.config.vocab_size)?;
        check_memory(&model, "batch_size", config.batch_size, config.seq_len)?;
        let mut cpu = Cpu::new();
        let network = Network::for_training(&mut cpu, &model, config.batch_size, config.seq_len);
        let train = [
            network.forward(config.dropout),
            network.loss(),
            network.backward(config.dropout),
            network.update(config.optimizer()),
        ]
        .concat();
        let evaluate = [network.forward(0.0), network.loss()].concat();
        Ok(Trainer {
            model,
            config,
            dataset,
            step: 0,
            cpu,
            network,
            train,
            evaluate,
        })
    }

    /// Goes on with a run from its saved state; the losses are those of a run that never stopped.
    ///
    /// # Errors
    /// As [`Trainer::new`], and [`Error::Checkpoint`] when the state is another model's.
    pub fn resume(model: Model, state: TrainerState, dataset: Dataset) -> Result<Self> {
        let expected = model.parameters.flat().len();
        for (part, moment) in [
            ("first moment", &state.first_moment),
            ("second moment", &state.second_moment),
        ] {
            if moment.len() != expected {
                return Err(Error::Checkpoint {
                    part: part.into(),
                    message: format!(
                        "has {} values, but the model's parameters take {expected}; it belongs to \
                         another model",
                        moment.len()
                    ),
                });
            }
        }
        if state.step > MAX_STEPS {
            return Err(Error::Checkpoint {
                part: "steps done".into(),
                message: format!(
                    "expected at most {MAX_STEPS}, found {}; the state of the run is broken, so \
                     start a new one from the model",
                    state.step
                ),
            });
        }
        let mut trainer = Self::new(model, state.config, dataset)?;
        let [first, second] = trainer.network.moments();
        trainer.cpu.write(&first, &state.first_moment);
        trainer.cpu.write(&second, &state.second_moment);
        trainer.step = state.step;
        Ok(trainer)
    }

    /// One step on the next batch.
    pub fn step(&mut self) -> StepReport {
        let step = self.step + 1;
        let (rows, seq_len, seed) = (
            self.config.batch_size,
            self.config.seq_len,
            self.config.seed,
        );
        let batch = self.dataset.batch(seed, step, rows, seq_len);
        let learning_rate = self.config.schedule().learning_rate(step);
        self.cpu.write_batch(&batch.ids, &batch.targets);
        let inputs = StepInputs {
            step,
            learning_rate,
            dropout_key: step_key(seed, step),
        };
        self.cpu.run(&self.train, &inputs);
        self.step = step;
        let loss = self.cpu.view(self.network.report())[0];
        let gradient_norm = self.cpu.view(self.network.report())[3];
        StepReport {
            step,
            loss,
            gradient_norm,
            learning_rate,
            rolled_back: !gradient_norm.is_finite(),
        }
    }

    /// Measures the model on the validation text: all of it, or so many windows of it, evenly
    /// spread.
    pub fn evaluate(&mut self, most_windows: Option<usize>) -> Evaluation {
        let (rows, seq_len) = (self.config.batch_size, self.config.seq_len);
        let windows = self.dataset.validation_windows(seq_len);
        let count = most_windows.unwrap_or(windows).clamp(1, windows);
        let numbers: Vec<usize> = (0..count).map(|i| i * windows / count).collect();
        let batches = numbers
            .chunks(rows)
            .map(|numbers| self.dataset.validation_batch(numbers, rows, seq_len));
        measure(&mut self.cpu, &self.network, &self.evaluate, batches)
    }

    /// The model as it is now.
    pub fn model(&mut self) -> &Model {
        let values = self.cpu.view(&self.network.flat_parameters());
        self.model.parameters.flat_mut().copy_from_slice(&values);
        drop(values);
        &self.model
    }

    /// Everything that [`Trainer::resume`] needs beside model and text.
    pub fn state(&self) -> TrainerState {
        let [first, second] = self.network.moments();
        TrainerState {
            step: self.step,
            first_moment: self.cpu.view(&first).to_vec(),
            second_moment: self.cpu.view(&second).to_vec(),
            config: self.config.clone(),
        }
    }

    /// The text that the run learns from.
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// Steps done.
    pub fn steps_done(&self) -> u64 {
        self.step
    }

    /// The run's settings.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }
}

/// Runs a forward with its loss over batches and adds up what they found.
fn measure(
    cpu: &mut Cpu<f32>,
    network: &Network,
    ops: &Vec<Op>,
    batches: impl Iterator<Item = Batch>,
) -> Evaluation {
    let (mut loss, mut hits, mut tokens) = (0.0, 0.0, 0.0);
    for batch in batches {
        cpu.write_batch(&batch.ids, &batch.targets);
        cpu.run(ops, &StepInputs::default());
        let summary = cpu.view(&network.summary());
        let counted = f64::from(summary[2]);
        loss += f64::from(summary[0]) * counted;
        hits += f64::from(summary[1]);
        tokens += counted;
    }
    let loss = loss / tokens;
    Evaluation {
        loss,
        perplexity: loss.exp(),
        accuracy: hits / tokens,
        tokens: tokens as usize,
    }
}

/// Measures a model on a text: every token but the first is predicted once, in windows of
/// `seq_len` tokens that follow each other.
///
/// # Errors
/// [`Error::Data`] when the text is shorter than two tokens or has tokens that the model lacks,
/// [`Error::Config`] when the window is longer than the model's context.
pub fn evaluate(model: &Model, tokens: Vec<u32>, seq_len: usize) -> Result<Evaluation> {
    const ROWS: usize = 8;
    check_window(model, seq_len)?;
    let dataset = Dataset {
        train: Vec::new(),
        validation: tokens,
    };
    dataset.validate_validation(model.config.vocab_size)?;
    check_memory(model, "seq_len", ROWS, seq_len)?;
    let mut cpu = Cpu::new();
    let network = Network::for_inference(&mut cpu, model, ROWS, seq_len);
    let ops = [network.forward(0.0), network.loss()].concat();
    let numbers: Vec<usize> = (0..dataset.validation_windows(seq_len)).collect();
    let batches = numbers
        .chunks(ROWS)
        .map(|numbers| dataset.validation_batch(numbers, ROWS, seq_len));
    Ok(measure(&mut cpu, &network, &ops, batches))
}

fn check_window(model: &Model, seq_len: usize) -> Result<()> {
    let context = model.config.max_seq_len;
    if (1..=context).contains(&seq_len) {
        return Ok(());
    }
    Err(Error::Config {
        field: "seq_len",
        message: format!("must be from 1 to the model's context ({context}), but is {seq_len}"),
    })
}

/// Refuses what would run out of memory, before anything is allocated.
fn check_memory(model: &Model, field: &'static str, rows: usize, seq_len: usize) -> Result<()> {
    let needed = Network::result_count(&model.config, rows, seq_len);
    if needed <= MAX_RESULTS {
        return Ok(());
    }
    let mebibytes = |count: u64| count >> 18;
    Err(Error::Config {
        field,
        message: format!(
            "{rows} sequences of {seq_len} tokens would take about {} MiB with this model, but at \
             most {} are supported; use fewer or shorter sequences, or a smaller model",
            mebibytes(needed),
            mebibytes(MAX_RESULTS)
        ),
    })
}

#[cfg(test)]
mod tests;
