//! One step, slowly: what a training's next step does to its batch, its blame and its weights.
//!
//! The step is made by a twin: a second trainer on the CPU in the very state of the run's copy, by the very
//! code that trains. The run itself is not touched, so that it goes on as if nobody had looked. Where it is
//! on the CPU the twin's step is its own next one to the last bit; where it is on a GPU, but for rounding.

mod moved;

use super::Trainer;
use super::shards::{cpu, whole};
use crate::backend::{Backend, Device, Program};
use crate::error::{Error, Result};
use crate::kernels::cross_entropy::ROW;
use crate::memory;
use crate::model::Model;
use crate::model::network::{Network, Purpose};
use crate::train::{Batch, StepReport};
use std::sync::Arc;

pub use moved::{StepPart, StepTensor, StepTurn, StepWave};

/// Tokens of each forecast that are kept: so many of the likeliest before the step and after it.
const LIKELIEST: usize = 6;

/// A token that could have come at a place, and the chance it was given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    pub token: u32,
    pub before: f32,
    pub after: f32,
}

/// What one step did. Places are those of the batch, row by row: at each, the next token is predicted.
#[derive(Debug, Clone)]
pub struct Seen {
    pub report: StepReport,
    /// Mean cross-entropy of the same batch after the step, under the same dropout; nats per token.
    pub loss_after: f32,
    /// What all gradients were multiplied by, so that their norm is no more than the run allows.
    pub scale: f64,
    /// Where the batch's rows begin among the tokens that are learned from.
    pub starts: Vec<usize>,
    pub batch: Batch,
    /// Nats at each place, before the step and after it.
    pub losses: [Vec<f32>; 2],
    /// For each place, those that were likeliest before, then those that are likeliest now, then the one
    /// that came; each once.
    pub choices: Vec<Vec<Choice>>,
    /// Every tensor, in the order of the parameter table.
    pub tensors: Vec<StepTensor>,
    /// Every head, layer by layer; none in a standard Transformer.
    pub waves: Vec<StepWave>,
}

/// What was forecast for the batch before the step.
struct Before {
    /// (batch, seq_len, V).
    logits: Vec<f32>,
    losses: Vec<f32>,
}

/// A step that is looked at, in parts: each takes at most as long as a step by one worker does.
pub struct Slowly {
    twin: Trainer,
    /// The model before the step.
    model: Model,
    step: u64,
    starts: Vec<usize>,
    batch: Batch,
    forecast: Program,
    before: Option<Before>,
    report: Option<StepReport>,
}

impl Trainer {
    /// Another trainer in the state of the copy, on the CPU.
    fn twin(&self) -> Result<Trainer> {
        let (model, state) = (self.model.clone(), self.kept_state());
        let mut twin = Self::go_on(Device::cpu(), model, state, Arc::clone(&self.dataset))?;
        twin.freeze(self.frozen.clone());
        Ok(twin)
    }

    /// Bytes that looking at a step takes beside the run itself.
    fn slowly_memory(&self) -> u64 {
        let (model, config) = (&self.model.config, &self.config);
        let rows = config.batch_size.div_ceil(config.shards);
        let purpose = Purpose::Training(self.activations());
        let network = Network::memory(model, purpose, rows, config.seq_len);
        let places = (config.batch_size as u64).saturating_mul(config.seq_len as u64);
        // The twin's copy of the run, its sums of gradients, and the model before the step.
        let copies = 4 + u64::from(config.shards.ilog2());
        let parameters = 4 * copies * model.parameter_count() as u64;
        // A place has its logits, and what is kept of both forecasts.
        let kept = (2 * LIKELIEST + 1) * size_of::<Choice>() + size_of::<Vec<Choice>>() + 8;
        let place = 4 * model.vocab_size as u64 + kept as u64;
        network
            .saturating_add(parameters)
            .saturating_add(places.saturating_mul(place))
    }
}

impl Slowly {
    /// How many parts there are: the forecast before, the step, the forecast after.
    pub const PARTS: usize = 3;

    /// Makes ready to look at the step after the trainer's copy.
    ///
    /// # Errors
    /// [`Error::Memory`] where that would take too much beside the run.
    pub fn of(trainer: &Trainer) -> Result<Self> {
        memory::check(
            "Looking at one step of this training, which takes a second one beside it,",
            trainer.slowly_memory(),
            "look at a training with fewer or shorter sequences, or a smaller model",
        )?;
        let mut twin = trainer.twin()?;
        let step = twin.step + 1;
        let config = &twin.config;
        let (seed, rows, seq_len) = (config.seed, config.batch_size, config.seq_len);
        let network = &twin.layout.network;
        let ops = [network.forward(config.dropout), network.loss()].concat();
        Ok(Slowly {
            model: twin.model.clone(),
            step,
            starts: twin.dataset.starts(seed, step, rows, seq_len).collect(),
            batch: twin.dataset.batch(seed, step, rows, seq_len),
            forecast: twin.layout.device.prepare(&ops),
            twin,
            before: None,
            report: None,
        })
    }

    /// The number of the step that is looked at.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Does the next part. What was seen comes with the last one.
    ///
    /// # Errors
    /// [`Error::Model`] where the step comes to no number.
    ///
    /// # Panics
    /// When it was seen to its end.
    pub fn go_on(&mut self) -> Result<Option<Seen>> {
        match (self.before.take(), self.report) {
            (None, None) => {
                let vocab = self.model.config.vocab_size;
                let mut logits = Vec::with_capacity(self.batch.ids.len() * vocab);
                let (_, losses) = self.predict(|_, part| logits.extend_from_slice(part));
                self.before = Some(Before { logits, losses });
                Ok(None)
            }
            (before, None) => {
                self.before = before;
                self.report = Some(self.make()?);
                Ok(None)
            }
            (before, Some(report)) => {
                let Before { logits, losses } = before.expect("it was seen to its end");
                Ok(Some(self.seen(report, &logits, losses)))
            }
        }
    }

    /// The step itself.
    fn make(&mut self) -> Result<StepReport> {
        let report = self.twin.step()?;
        match report.fault {
            Some(fault) => Err(Error::Model {
                message: fault.sentence(self.step, self.step - 1, &self.twin.config),
            }),
            None => Ok(report),
        }
    }

    /// The last part.
    fn seen(&mut self, report: StepReport, before: &[f32], losses: Vec<f32>) -> Seen {
        let vocab = self.model.config.vocab_size;
        let targets = self.batch.targets.clone();
        let mut choices: Vec<Vec<Choice>> = Vec::with_capacity(targets.len());
        // The gradients are those of the step still: a forecast leaves them alone.
        let (loss_after, losses_after) = self.predict(|first, after| {
            let rows = before[first * vocab..].chunks_exact(vocab);
            let both = rows.zip(after.chunks_exact(vocab)).zip(&targets[first..]);
            choices.extend(both.map(|((before, after), came)| choice(before, after, *came as u32)));
        });
        let clip = self.twin.config.clip_norm;
        let norm = f64::from(report.gradient_norm);
        let (tensors, waves) = self.moves();
        Seen {
            report,
            loss_after,
            scale: if norm > clip { clip / norm } else { 1.0 },
            starts: self.starts.clone(),
            batch: self.batch.clone(),
            losses: [losses, losses_after],
            choices,
            tensors,
            waves,
        }
    }

    /// Has the twin forecast the batch as its weights are now, as training does it. `see` is given the
    /// number of a first place, and the logits of it and those after it. The mean loss, and each place's.
    fn predict(&mut self, mut see: impl FnMut(usize, &[f32])) -> (f32, Vec<f32>) {
        let vocab = self.model.config.vocab_size;
        let (mut summaries, mut losses) = (Vec::new(), Vec::with_capacity(self.batch.ids.len()));
        for shard in 0..self.twin.config.shards {
            let part = self.twin.shard(&self.batch, self.step, shard);
            let layout = &mut self.twin.layout;
            layout.device.write_batch(&part.ids, &part.targets);
            layout.device.run(&self.forecast, &part.inputs);
            let (cpu, network) = (cpu(&layout.device), &layout.network);
            summaries.extend_from_slice(&cpu.view(&network.summary()));
            let logits = cpu.view(network.logits());
            see(losses.len(), &logits[..part.tokens * vocab]);
            let rows = cpu.view(&network.buffers().row_stats);
            losses.extend(rows.chunks_exact(ROW).take(part.tokens).map(|row| row[0]));
        }
        (whole(&summaries)[0], losses)
    }
}

/// The tokens that matter at a place, and what chances its two forecasts give them.
fn choice(before: &[f32], after: &[f32], came: u32) -> Vec<Choice> {
    let mut tokens = likeliest(before);
    for token in likeliest(after).into_iter().chain([came]) {
        if !tokens.contains(&token) {
            tokens.push(token);
        }
    }
    let (before, after) = (chances(before), chances(after));
    let choice = |token| Choice {
        token,
        before: before(token),
        after: after(token),
    };
    tokens.into_iter().map(choice).collect()
}

/// The likeliest tokens, the first of equals first.
fn likeliest(logits: &[f32]) -> Vec<u32> {
    let mut best: Vec<u32> = Vec::with_capacity(LIKELIEST + 1);
    for (token, logit) in logits.iter().enumerate() {
        let place = best.partition_point(|other| logits[*other as usize] >= *logit);
        if place < LIKELIEST {
            best.insert(place, token as u32);
            best.truncate(LIKELIEST);
        }
    }
    best
}

/// A token's chance by a forecast.
fn chances(logits: &[f32]) -> impl Fn(u32) -> f32 + '_ {
    let wide = |logit: &f32| f64::from(*logit);
    let top = logits.iter().map(wide).fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logits.iter().map(|logit| (wide(logit) - top).exp()).sum();
    move |token| ((wide(&logits[token as usize]) - top).exp() / total) as f32
}

#[cfg(test)]
mod tests;
