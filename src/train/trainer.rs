//! A run in progress: steps, reports, evaluations and the copy that survives a device.

mod shards;
mod slowly;

use super::dataset::Dataset;
use super::{
    Evaluation, Fault, MAX_STEPS, StepReport, TrainConfig, TrainerState, check_window, measure,
};
use crate::backend::gpu::Profile;
use crate::backend::gpu::program::Dispatch;
use crate::backend::{Backend, Device, Later, Op, Program, Reading, StepInputs, ready, wait};
use crate::checkpoint::RunState;
use crate::config::ModelConfig;
use crate::error::{Error, Result};
use crate::kernels::dropout::step_key;
use crate::kernels::math::first_not_finite;
use crate::memory;
use crate::model::Model;
use crate::model::network::{Activations, Network, Purpose, REPORT};

use shards::Shards;
pub use slowly::{Choice, Seen, Slowly, StepPart, StepTensor, StepTurn, StepWave};
use std::ops::Range;
use std::sync::Arc;

/// A run in progress, on any device.
///
/// A device may lag behind what it was asked to do, so what it computes is asked for and comes later:
/// [`Trainer::advance`] and [`Trainer::reports`], [`Trainer::evaluation`], [`Trainer::pull`]. The
/// trainer keeps a copy of the model, as it was when it was last pulled; when a device is lost, the
/// run goes on from there ([`Trainer::move_to`]). On the CPU, and natively, nothing ever lags, and
/// [`Trainer::step`], [`Trainer::evaluate`], [`Trainer::model`] and [`Trainer::state`] wait for it all.
pub struct Trainer {
    /// The copy: the model, its moments (none before the first step) and the step they were pulled at.
    pub(super) model: Model,
    pub(super) moments: Option<[Vec<f32>; 2]>,
    kept_at: u64,
    pub(super) config: TrainConfig,
    /// Shared with who looks at a step slowly: a text may be long.
    dataset: Arc<Dataset>,
    step: u64,
    pub(super) layout: Layout,
    /// Parameters that stay as they are: places in the flat vector, in ascending order.
    pub(super) frozen: Vec<usize>,
    /// Steps that were asked for and not reported yet, with their learning rates.
    pending: Vec<(u64, f64)>,
}

/// A model laid out on a device for training.
pub(super) struct Layout {
    pub(super) device: Device,
    pub(super) network: Network,
    /// Sequences that it takes at once.
    rows: usize,
    train: Program,
    /// What a step consists of where batches are cut into shards.
    shards: Option<Shards>,
    evaluate: Program,
}

impl Layout {
    fn new(
        mut device: Device,
        model: &Model,
        config: &TrainConfig,
        frozen: &[usize],
        activations: Activations,
    ) -> Result<Self> {
        model.check_device(&device)?;
        let shards = if device.is_gpu() { 1 } else { config.shards };
        let (rows, seq_len) = (rows_at_once(&device, config), config.seq_len);
        let network = Network::for_training(&mut device, model, rows, seq_len, activations);
        let evaluate = [
            network.forward(0.0),
            network.loss(),
            vec![Op::Journal {
                view: network.summary(),
            }],
        ];
        let step = step_parts(&network, config, frozen);
        let layout = Layout {
            rows,
            train: device.prepare(&step.concat()),
            shards: (shards > 1).then(|| Shards::new(&mut device, shards, &step)),
            evaluate: device.prepare(&evaluate.concat()),
            network,
            device,
        };
        layout.device.check()?;
        Ok(layout)
    }

    /// Makes the step anew that later steps take; the model, its moments and what was asked for stay.
    pub(super) fn refit(&mut self, config: &TrainConfig, frozen: &[usize]) {
        let step = step_parts(&self.network, config, frozen);
        self.train = self.device.prepare(&step.concat());
        if let Some(shards) = &mut self.shards {
            *shards = Shards::new(&mut self.device, shards.count(), &step);
        }
    }
}

/// Sequences that a device takes at once.
fn rows_at_once(device: &Device, config: &TrainConfig) -> usize {
    let shards = if device.is_gpu() { 1 } else { config.shards };
    config.batch_size.div_ceil(shards)
}

/// Bytes that a training takes: the network, the copy of the run, and the text's tokens.
fn memory_of(
    model: &ModelConfig,
    config: &TrainConfig,
    rows: usize,
    tokens: usize,
    activations: Activations,
) -> u64 {
    // The copy is the model and two moments; sums of gradients wait for those of other shards.
    let copies = 3 + u64::from(config.shards.ilog2());
    let kept = 4 * (copies * model.parameter_count() as u64 + tokens as u64);
    let purpose = Purpose::Training(activations);
    Network::memory(model, purpose, rows, config.seq_len).saturating_add(kept)
}

/// What of the forward is kept: all of it, where it fits. Refuses a training that would take too much memory
/// either way, before anything is allocated.
fn activations_for(
    device: &Device,
    model: &ModelConfig,
    config: &TrainConfig,
    tokens: usize,
) -> Result<Activations> {
    let rows = rows_at_once(device, config);
    let needed = |activations| memory_of(model, config, rows, tokens, activations);
    if needed(Activations::Kept) <= memory::budget() {
        return Ok(Activations::Kept);
    }
    let what = format!(
        "Training this model on {rows} sequences of {} tokens at once",
        config.seq_len
    );
    memory::check(
        &what,
        needed(Activations::Recomputed),
        "choose fewer or shorter sequences, or a smaller model",
    )?;
    Ok(Activations::Recomputed)
}

/// What a step consists of: forward, loss, backward, update, report.
fn step_parts(network: &Network, config: &TrainConfig, frozen: &[usize]) -> [Vec<Op>; 5] {
    [
        network.forward(config.dropout),
        network.loss(),
        network.backward(config.dropout),
        network.update_but(config.optimizer(), config.physics_lr, &runs(frozen)),
        vec![Op::Journal {
            view: network.report().clone(),
        }],
    ]
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
        Self::begin(device, model, config, Arc::new(dataset))
    }

    fn begin(
        device: Device,
        model: Model,
        config: TrainConfig,
        dataset: Arc<Dataset>,
    ) -> Result<Self> {
        config.validate()?;
        check_window(&model, config.seq_len)?;
        dataset.validate(config.seq_len, model.config.vocab_size)?;
        let tokens = dataset.train.len() + dataset.validation.len();
        let activations = activations_for(&device, &model.config, &config, tokens)?;
        Ok(Trainer {
            layout: Layout::new(device, &model, &config, &[], activations)?,
            frozen: Vec::new(),
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
        Self::go_on(device, model, state, Arc::new(dataset))
    }

    fn go_on(
        device: Device,
        model: Model,
        state: TrainerState,
        dataset: Arc<Dataset>,
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
        let mut trainer = Self::begin(device, model, state.config, dataset)?;
        trainer.kept_at = state.step;
        trainer.moments = Some([state.first_moment, state.second_moment]);
        trainer.push_state();
        Ok(trainer)
    }

    /// Has the device take up moments and step from the copy.
    fn push_state(&mut self) {
        self.step = self.kept_at;
        let views = self.layout.network.moments();
        match &self.moments {
            Some(moments) => {
                for (view, moment) in views.iter().zip(moments) {
                    self.layout.device.write(view, moment);
                }
            }
            None => {
                let zeros = vec![0.0; self.model.parameters.flat().len()];
                (views.iter()).for_each(|view| self.layout.device.write(view, &zeros));
            }
        }
    }

    /// Moves the run to another device. It goes on from the copy: pull it first, unless its device is
    /// lost.
    ///
    /// # Errors
    /// [`Error::Device`]; the run is then where it was.
    pub fn move_to(&mut self, device: Device) -> Result<()> {
        let tokens = self.dataset.train.len() + self.dataset.validation.len();
        let (model, config) = (&self.model, &self.config);
        let activations = activations_for(&device, &model.config, config, tokens)?;
        self.layout = Layout::new(device, model, config, &self.frozen, activations)?;
        self.pending.clear();
        self.push_state();
        Ok(())
    }

    /// Asks for one step on the next batch.
    pub fn advance(&mut self) {
        if self.layout.shards.is_some() {
            self.begin_share(0..self.config.shards);
            return self.finish_shared();
        }
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
            part: None,
        };
        device.run(train, &inputs);
        self.step = step;
        self.pending.push((step, learning_rate));
    }

    /// What the steps did that were asked for since this was last called, up to the first that came
    /// to no number: those after it were not made.
    pub fn reports(&mut self) -> Later<Vec<StepReport>> {
        let pending = std::mem::take(&mut self.pending);
        let journal = self.layout.device.take_journal();
        Box::pin(async move {
            let values = journal.await?;
            let each = pending.iter().zip(values.chunks_exact(REPORT));
            let mut reports = Vec::with_capacity(pending.len());
            for ((step, learning_rate), values) in each {
                let fault = Fault::of(values[REPORT - 1]);
                reports.push(StepReport {
                    step: *step,
                    loss: values[0],
                    gradient_norm: values[REPORT - 2],
                    learning_rate: *learning_rate,
                    fault,
                });
                if fault.is_some() {
                    break;
                }
            }
            Ok(reports)
        })
    }

    /// Takes back what was asked for after step `made`, the last before something came to no number,
    /// and says at which step the run is now: at that one, or, where the model of that step is itself
    /// at fault, at an earlier copy if there is one. From there it can go on, under other settings.
    pub fn undo(&mut self, made: u64, fault: Fault) -> u64 {
        if fault.is_of_model() && self.kept_at < made {
            let parameters = self.layout.network.flat_parameters();
            (self.layout.device).write(&parameters, self.model.parameters.flat());
            self.push_state();
        } else {
            self.step = made;
        }
        self.pending.clear();
        let verdict = self.layout.network.verdict();
        self.layout.device.write(&verdict, &[0.0]);
        self.step
    }

    /// Whether the forward's results are kept for the backward, or computed again there because they would not fit.
    pub fn activations(&self) -> Activations {
        self.layout.network.activations()
    }

    /// One step on the next batch. One that comes to no number is undone.
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost.
    pub fn step(&mut self) -> Result<StepReport> {
        self.advance();
        let mut reports = wait(self.reports())?;
        let report = reports.pop().expect("one step, one report");
        if let Some(fault) = report.fault {
            self.undo(report.step - 1, fault);
        }
        Ok(report)
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
        let (rows, seq_len) = (self.layout.rows, self.config.seq_len);
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
    /// [`Error::Device`] when the device was lost, [`Error::Model`] when the loss is no number.
    pub fn evaluate(&mut self, most_windows: Option<usize>) -> Result<Evaluation> {
        wait(self.evaluation(most_windows))?.sound()
    }

    /// Every layer's frequencies, raw dampings and phases as they are now, one after another.
    pub fn waves(&mut self) -> Reading {
        let views = self.layout.network.waves();
        if views.is_empty() {
            return ready(Ok(Vec::new()));
        }
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
    ///
    /// # Errors
    /// [`Error::Model`] when something in it is no number, which a sound device never gives; the copy
    /// stays as it was.
    pub fn keep(&mut self, pulled: &Pulled) -> Result<()> {
        if let Some(place) = first_not_finite(&pulled.values) {
            return Err(Error::Model {
                message: format!(
                    "expected numbers after step {}, found {} at place {place} of the training's \
                     state, so it is not kept; go on from the step that was kept before",
                    pulled.step, pulled.values[place]
                ),
            });
        }
        let len = self.model.parameters.flat().len();
        let (parameters, moments) = pulled.values.split_at(len);
        self.model.parameters.flat_mut().copy_from_slice(parameters);
        let kept = (self.moments).get_or_insert_with(|| [vec![0.0; len], vec![0.0; len]]);
        for (kept, moment) in kept.iter_mut().zip(moments.chunks_exact(len)) {
            kept.copy_from_slice(moment);
        }
        self.kept_at = pulled.step;
        Ok(())
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

    /// The copy as it goes into a checkpoint, without another copy of it; none before anything was
    /// kept.
    pub fn kept_run(&self) -> Option<RunState<'_>> {
        let [first, second] = self.moments.as_ref()?;
        Some(RunState {
            step: self.kept_at,
            moments: [first, second],
            config: &self.config,
        })
    }

    /// The model as it is now.
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost, and as [`Trainer::keep`].
    pub fn model(&mut self) -> Result<&Model> {
        let pulled = wait(self.pull())?;
        self.keep(&pulled)?;
        Ok(&self.model)
    }

    /// Everything that [`Trainer::resume`] needs beside model and text, as it is now.
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost.
    pub fn state(&mut self) -> Result<TrainerState> {
        self.model()?;
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

/// Places in ascending order, as the runs that they make up.
fn runs(places: &[usize]) -> Vec<Range<usize>> {
    let follows = |a: &usize, b: &usize| a + 1 == *b;
    (places.chunk_by(follows))
        .map(|run| run[0]..run[0] + run.len())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_make_runs() {
        assert_eq!(runs(&[]), []);
        assert_eq!(runs(&[3, 4, 5, 7, 9, 10]), [3..6, 7..8, 9..11]);
    }
}
