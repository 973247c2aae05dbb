//! Training: one step, the optimiser's schedule, batches, and what is measured.

mod control;
pub mod dataset;
mod fault;
pub mod proof;
pub mod schedule;
mod trainer;

use crate::backend::{Backend, Device, Later, Op, OptimizerSettings, Program, StepInputs, wait};
use crate::error::{Error, Result};
use crate::kernels::cross_entropy::SUMMARY;
use crate::model::Model;
use crate::model::network::{Network, Purpose};
pub use dataset::{Batch, Dataset};
pub use fault::Fault;
use schedule::{Course, Schedule};
use serde::{Deserialize, Serialize};
pub use trainer::{
    Choice, Pulled, Seen, Slowly, StepPart, StepTensor, StepTurn, StepWave, Trainer,
};

/// Most steps of a run.
pub(crate) const MAX_STEPS: u64 = 1 << 40;
/// Most shards that [`TrainConfig::divide`] cuts a batch into.
const MOST_SHARDS: usize = 8;
/// Fewest tokens of a shard: the gradients of each are added once more, for every parameter, which has
/// to be little beside computing them.
const SHARD_TOKENS: usize = 128;
/// A run's settings. With the model's configuration, the text and nothing else they determine it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
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
    /// What the learning rate is multiplied by for the physics of the waves: ω, a, φ, couplings and near
    /// fields.
    #[serde(skip_serializing_if = "is_one")]
    pub physics_lr: f64,
    /// How the learning rate gets from the one to the other.
    pub schedule: Course,
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
    /// Pieces that a step's batch is cut into on the CPU, a power of two, at most the batch's size:
    /// so many workers can share a step. The result depends on it by rounding alone, and not at all
    /// on how many workers there are. On a GPU a batch stays whole.
    pub shards: usize,
}

fn is_one(factor: &f64) -> bool {
    *factor == 1.0
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
            physics_lr: 1.0,
            schedule: Course::Cosine,
            weight_decay: 0.01,
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            clip_norm: 1.0,
            dropout: 0.0,
            seed: 1,
            shards: 1,
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
            ("physics_lr", self.physics_lr, 0.0..=100.0),
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
        if !self.shards.is_power_of_two() || self.shards > self.batch_size {
            return fail(
                "shards",
                format!(
                    "must be a power of two (1, 2, 4, ...) and at most the batch's {} sequences, \
                     but is {}",
                    self.batch_size, self.shards
                ),
            );
        }
        Ok(())
    }

    /// Cuts batches so that several workers can share them. What decides is the batch alone, never the
    /// machine, because how a batch is cut is part of the result: at most [`MOST_SHARDS`], of at least
    /// [`SHARD_TOKENS`] tokens each.
    pub fn divide(&mut self) {
        let worth = self.batch_size.saturating_mul(self.seq_len) / SHARD_TOKENS;
        let most = worth.min(self.batch_size).clamp(1, MOST_SHARDS);
        self.shards = 1 << most.ilog2();
    }

    /// The learning rate's course.
    pub fn schedule(&self) -> Schedule {
        Schedule {
            course: self.schedule,
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
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct StepReport {
    /// The step's number, from 1.
    pub step: u64,
    /// Mean cross-entropy of its batch, before the step; nats per token.
    pub loss: f32,
    /// L2 norm of the gradient before clipping.
    pub gradient_norm: f32,
    pub learning_rate: f64,
    /// What of it was no number. Such a step leaves everything as it was, and so do all that were
    /// asked for after it: see [`Trainer::undo`].
    pub fault: Option<Fault>,
}

/// How well a model predicts a text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Evaluation {
    /// Mean cross-entropy, nats per token.
    pub loss: f64,
    /// e^loss, or the largest number there is.
    pub perplexity: f64,
    /// Share of tokens that the model held for the likeliest.
    pub accuracy: f64,
    /// How many tokens were predicted.
    pub tokens: usize,
}

impl Evaluation {
    /// This evaluation, unless its loss is no number.
    ///
    /// # Errors
    /// [`Error::Model`]: the model's own numbers have overflowed.
    pub fn sound(self) -> Result<Evaluation> {
        if self.loss.is_finite() {
            return Ok(self);
        }
        Err(Error::Model {
            message: format!(
                "expected a loss over {} tokens, found no number: the model's own numbers have \
                 grown beyond what can be computed with; open an earlier or another model, or train \
                 again with a lower learning rate",
                self.tokens
            ),
        })
    }

    /// The loss as bits for each byte of the text, in which models of different vocabularies compare;
    /// `bytes_per_token` is [`Dataset::bytes_per_token`].
    pub fn bits_per_byte(&self, bytes_per_token: f64) -> f64 {
        self.loss / std::f64::consts::LN_2 / bytes_per_token
    }

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

/// e^loss, which stays finite where the loss is: no file or chart can hold what is not.
fn perplexity(loss: f64) -> f64 {
    if loss.is_finite() {
        loss.exp().min(f64::MAX)
    } else {
        f64::NAN
    }
}

/// Runs a forward with its loss over batches, and adds up what they found.
fn measure(
    device: &mut Device,
    evaluate: &Program,
    batches: impl Iterator<Item = Batch>,
) -> Later<Evaluation> {
    for batch in batches {
        device.write_batch(&batch.ids, &batch.targets);
        device.run(evaluate, &StepInputs::default());
    }
    let journal = device.take_journal();
    Box::pin(async move {
        let (mut loss, mut hits, mut tokens) = (0.0, 0.0, 0.0);
        for summary in journal.await?.chunks_exact(SUMMARY) {
            let counted = f64::from(summary[2]);
            loss += f64::from(summary[0]) * counted;
            hits += f64::from(summary[1]);
            tokens += counted;
        }
        let loss = loss / tokens;
        Ok(Evaluation {
            loss,
            perplexity: perplexity(loss),
            accuracy: hits / tokens,
            tokens: tokens as usize,
        })
    })
}

/// Measures a model on a text: every token but the first is predicted once, in windows of
/// `seq_len` tokens that follow each other.
///
/// # Errors
/// [`Error::Data`] when the text is shorter than two tokens or has tokens that the model lacks,
/// [`Error::Config`] when the window is longer than the model's context, [`Error::Model`] when the
/// loss is no number.
pub fn evaluate(model: &Model, tokens: Vec<u32>, seq_len: usize) -> Result<Evaluation> {
    /// Windows at once, where they fit.
    const ROWS: usize = 8;
    check_window(model, seq_len)?;
    let dataset = Dataset {
        train: Vec::new(),
        validation: tokens,
    };
    dataset.validate_validation(model.config.vocab_size)?;
    let fits = |rows| Network::check_memory(&model.config, Purpose::Reading, rows, seq_len);
    let rows = match fits(ROWS) {
        Ok(()) => ROWS,
        Err(_) => fits(1).map(|()| 1)?,
    };
    let mut device = Device::cpu();
    let network = Network::for_inference(&mut device, model, rows, seq_len);
    let report = vec![Op::Journal {
        view: network.summary(),
    }];
    let ops = [network.forward(0.0), network.loss(), report].concat();
    let program = device.prepare(&ops);
    let numbers: Vec<usize> = (0..dataset.validation_windows(seq_len)).collect();
    let batches = numbers
        .chunks(rows)
        .map(|numbers| dataset.validation_batch(numbers, rows, seq_len));
    wait(measure(&mut device, &program, batches))?.sound()
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

#[cfg(test)]
mod tests;
