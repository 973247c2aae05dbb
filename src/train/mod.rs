//! Training: one step, the optimiser's schedule, batches, and what is measured.

pub mod dataset;
pub mod proof;
pub mod schedule;

use crate::backend::gpu::Profile;
use crate::backend::gpu::program::Dispatch;
use crate::backend::{
    Backend, Device, Later, Op, OptimizerSettings, Program, Reading, StepInputs, View, wait,
};
use crate::error::{Error, Result};
use crate::kernels::cross_entropy::SUMMARY;
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

/// Numbers of a step's report: the summary of its loss, and the gradient's norm.
const REPORT: usize = SUMMARY + 1;

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

/// A run in progress, on any device.
///
/// A device may lag behind what it was asked to do, so what it computes is asked for and comes later:
/// [`Trainer::advance`] and [`Trainer::reports`], [`Trainer::evaluation`], [`Trainer::pull`]. The
/// trainer keeps a copy of the model, as it was when it was last pulled; when a device is lost, the
/// run goes on from there ([`Trainer::move_to`]). On the CPU, and natively, nothing ever lags, and
/// [`Trainer::step`], [`Trainer::evaluate`], [`Trainer::model`] and [`Trainer::state`] wait for it all.
pub struct Trainer {
    /// The copy: the model, its moments (none before the first step) and the step they were pulled at.
    model: Model,
    moments: Option<[Vec<f32>; 2]>,
    kept_at: u64,
    config: TrainConfig,
    dataset: Dataset,
    step: u64,
    layout: Layout,
    /// Steps that were asked for and not reported yet, with their learning rates.
    pending: Vec<(u64, f64)>,
}

/// A model laid out on a device for training.
struct Layout {
    device: Device,
    network: Network,
    train: Program,
    evaluate: Program,
}

impl Layout {
    fn new(mut device: Device, model: &Model, config: &TrainConfig) -> Result<Self> {
        let (rows, seq_len) = (config.batch_size, config.seq_len);
        let network = Network::for_training(&mut device, model, rows, seq_len);
        let report = |view: View| vec![Op::Journal { view }];
        let train = [
            network.forward(config.dropout),
            network.loss(),
            network.backward(config.dropout),
            network.update(config.optimizer()),
            report(network.report().clone()),
        ];
        let evaluate = [
            network.forward(0.0),
            network.loss(),
            report(network.summary()),
        ];
        let layout = Layout {
            train: device.prepare(&train.concat()),
            evaluate: device.prepare(&evaluate.concat()),
            network,
            device,
        };
        layout.device.check()?;
        Ok(layout)
    }
}

/// A model in training as it was after a step.
pub struct Pulled {
    step: u64,
    /// The parameters, and after them the moments.
    values: Vec<f32>,
}

impl Trainer {
    /// Starts a run on the CPU.
    ///
    /// # Errors
    /// [`Error::Config`] or [`Error::Data`] when settings, model and text do not go together.
    pub fn new(model: Model, config: TrainConfig, dataset: Dataset) -> Result<Self> {
        Self::on(Device::cpu(), model, config, dataset)
    }

    /// Starts a run on a device.
    ///
    /// # Errors
    /// As [`Trainer::new`], and [`Error::Device`].
    pub fn on(device: Device, model: Model, config: TrainConfig, dataset: Dataset) -> Result<Self> {
        config.validate()?;
        check_window(&model, config.seq_len)?;
        dataset.validate(config.seq_len, model.config.vocab_size)?;
        check_memory(&model, "batch_size", config.batch_size, config.seq_len)?;
        Ok(Trainer {
            layout: Layout::new(device, &model, &config)?,
            model,
            moments: None,
            kept_at: 0,
            config,
            dataset,
            step: 0,
            pending: Vec::new(),
        })
    }

    /// Goes on with a run from its saved state, on the CPU; the losses are those of a run that never
    /// stopped.
    ///
    /// # Errors
    /// As [`Trainer::new`], and [`Error::Checkpoint`] when the state is another model's.
    pub fn resume(model: Model, state: TrainerState, dataset: Dataset) -> Result<Self> {
        Self::resume_on(Device::cpu(), model, state, dataset)
    }

    /// Goes on with a run from its saved state, on a device.
    ///
    /// # Errors
    /// As [`Trainer::resume`], and [`Error::Device`].
    pub fn resume_on(
        device: Device,
        model: Model,
        state: TrainerState,
        dataset: Dataset,
    ) -> Result<Self> {
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
        let mut trainer = Self::on(device, model, state.config, dataset)?;
        trainer.kept_at = state.step;
        trainer.moments = Some([state.first_moment, state.second_moment]);
        trainer.push_state();
        Ok(trainer)
    }

    /// Has the device take up moments and step from the copy.
    fn push_state(&mut self) {
        self.step = self.kept_at;
        let views = self.layout.network.moments();
        for (view, moment) in views.iter().zip(self.moments.iter().flatten()) {
            self.layout.device.write(view, moment);
        }
    }

    /// Moves the run to another device. It goes on from the copy: pull it first, unless its device is
    /// lost.
    ///
    /// # Errors
    /// [`Error::Device`]; the run is then where it was.
    pub fn move_to(&mut self, device: Device) -> Result<()> {
        self.layout = Layout::new(device, &self.model, &self.config)?;
        self.pending.clear();
        self.push_state();
        Ok(())
    }

    /// Asks for one step on the next batch.
    pub fn advance(&mut self) {
        let step = self.step + 1;
        let (rows, seq_len, seed) = (
            self.config.batch_size,
            self.config.seq_len,
            self.config.seed,
        );
        let batch = self.dataset.batch(seed, step, rows, seq_len);
        let learning_rate = self.config.schedule().learning_rate(step);
        let Layout { device, train, .. } = &mut self.layout;
        device.write_batch(&batch.ids, &batch.targets);
        let inputs = StepInputs {
            step,
            learning_rate,
            dropout_key: step_key(seed, step),
        };
        device.run(train, &inputs);
        self.step = step;
        self.pending.push((step, learning_rate));
    }

    /// What the steps did that were asked for since this was last called.
    pub fn reports(&mut self) -> Later<Vec<StepReport>> {
        let pending = std::mem::take(&mut self.pending);
        let journal = self.layout.device.take_journal();
        Box::pin(async move {
            let values = journal.await?;
            let each = pending.iter().zip(values.chunks_exact(REPORT));
            Ok(each
                .map(|((step, learning_rate), values)| StepReport {
                    step: *step,
                    loss: values[0],
                    gradient_norm: values[REPORT - 1],
                    learning_rate: *learning_rate,
                    rolled_back: !values[REPORT - 1].is_finite(),
                })
                .collect())
        })
    }

    /// One step on the next batch.
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost.
    pub fn step(&mut self) -> Result<StepReport> {
        self.advance();
        let mut reports = wait(self.reports())?;
        Ok(reports.pop().expect("one step, one report"))
    }

    /// Measures the model on the validation text: all of it, or so many windows of it, evenly
    /// spread.
    ///
    /// # Panics
    /// When steps were asked for and not reported.
    pub fn evaluation(&mut self, most_windows: Option<usize>) -> Later<Evaluation> {
        assert!(
            self.pending.is_empty(),
            "reports are taken before an evaluation"
        );
        let (rows, seq_len) = (self.config.batch_size, self.config.seq_len);
        let windows = self.dataset.validation_windows(seq_len);
        let count = most_windows.unwrap_or(windows).clamp(1, windows);
        let numbers: Vec<usize> = (0..count).map(|i| i * windows / count).collect();
        let batches = numbers
            .chunks(rows)
            .map(|numbers| self.dataset.validation_batch(numbers, rows, seq_len));
        let Layout {
            device, evaluate, ..
        } = &mut self.layout;
        measure(device, evaluate, batches)
    }

    /// [`Trainer::evaluation`], waited for.
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost.
    pub fn evaluate(&mut self, most_windows: Option<usize>) -> Result<Evaluation> {
        wait(self.evaluation(most_windows))
    }

    /// Every layer's frequencies, raw dampings and phases as they are now, one after another.
    pub fn waves(&mut self) -> Reading {
        let views = self.layout.network.waves();
        self.layout.device.read(&views)
    }

    /// The model and its moments as they are now.
    pub fn pull(&mut self) -> Later<Pulled> {
        let network = &self.layout.network;
        let [first, second] = network.moments();
        let views = [network.flat_parameters(), first, second];
        let (step, values) = (self.step, self.layout.device.read(&views));
        Box::pin(async move {
            let values = values.await?;
            Ok(Pulled { step, values })
        })
    }

    /// Makes what was pulled the trainer's copy.
    pub fn keep(&mut self, pulled: &Pulled) {
        let len = self.model.parameters.flat().len();
        let (parameters, moments) = pulled.values.split_at(len);
        self.model.parameters.flat_mut().copy_from_slice(parameters);
        let (first, second) = moments.split_at(len);
        self.moments = Some([first.to_vec(), second.to_vec()]);
        self.kept_at = pulled.step;
    }

    /// The step of the copy.
    pub fn kept_step(&self) -> u64 {
        self.kept_at
    }

    /// The copy of the model, as it was last kept.
    pub fn kept_model(&self) -> &Model {
        &self.model
    }

    /// The copy of everything that [`Trainer::resume`] needs beside model and text, as it was last
    /// kept.
    pub fn kept_state(&self) -> TrainerState {
        let zeros = || vec![0.0; self.model.parameters.flat().len()];
        let [first_moment, second_moment] = match &self.moments {
            Some(moments) => moments.clone(),
            None => [zeros(), zeros()],
        };
        TrainerState {
            step: self.kept_at,
            first_moment,
            second_moment,
            config: self.config.clone(),
        }
    }

    /// The model as it is now.
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost.
    pub fn model(&mut self) -> Result<&Model> {
        let pulled = wait(self.pull())?;
        self.keep(&pulled);
        Ok(&self.model)
    }

    /// Everything that [`Trainer::resume`] needs beside model and text, as it is now.
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost.
    pub fn state(&mut self) -> Result<TrainerState> {
        let pulled = wait(self.pull())?;
        self.keep(&pulled);
        Ok(self.kept_state())
    }

    /// The device that the run is on.
    pub fn device(&self) -> &Device {
        &self.layout.device
    }

    /// What a step consists of on a GPU; nothing on the CPU.
    pub fn dispatches(&self) -> &[Dispatch] {
        match &self.layout.train {
            Program::Cpu(_) => &[],
            Program::Gpu(program) => program.dispatches(),
        }
    }

    /// Nanoseconds that each dispatch of a step takes; the run is a step further, unreported. Nothing
    /// on the CPU.
    pub fn profile(&mut self) -> Later<Profile> {
        let inputs = StepInputs {
            step: self.step + 1,
            ..StepInputs::default()
        };
        match (&mut self.layout.device, &self.layout.train) {
            (Device::Gpu(gpu), Program::Gpu(program)) => gpu.profile(program, &inputs),
            _ => Box::pin(std::future::ready(Ok(Vec::new()))),
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
            perplexity: loss.exp(),
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
    let mut device = Device::cpu();
    let network = Network::for_inference(&mut device, model, ROWS, seq_len);
    let report = vec![Op::Journal {
        view: network.summary(),
    }];
    let ops = [network.forward(0.0), network.loss(), report].concat();
    let program = device.prepare(&ops);
    let numbers: Vec<usize> = (0..dataset.validation_windows(seq_len)).collect();
    let batches = numbers
        .chunks(ROWS)
        .map(|numbers| dataset.validation_batch(numbers, ROWS, seq_len));
    wait(measure(&mut device, &program, batches))
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
