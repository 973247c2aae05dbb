//! A training as the page runs it: step by step, with evaluations, samples and snapshots between.

use super::observe::Looked;
use super::open_model::OpenModel;
use super::train_changes::Control;
use super::vocabulary::{Learned, Vocabulary};
use crate::backend::gpu::GpuDevice;
use crate::backend::{Device, Later};
use crate::checkpoint::{Checkpoint, Contents, Encoded, Precision};
use crate::config::{Architecture, FeedForward, ModelConfig, Norm, Positions};
use crate::decode::{Generation, GenerationSettings, SamplingSettings};
use crate::error::{Error, Result};
use crate::model::{Head, Model, softplus};
use crate::tokenizer::Tokenizer;
use crate::train::proof::{self, Part, Watch};
use crate::train::{Dataset, Evaluation, Fault, Pulled, StepReport, TrainConfig, Trainer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tsify::Tsify;

/// Unless something else is asked for, the last tenth of the text is held back to measure on.
pub(super) fn validation_share() -> f64 {
    0.1
}
/// Windows of the validation text that one evaluation reads: enough to steer by, and over soon.
const EVALUATION_WINDOWS: usize = 48;
/// Tokens of a sample.
const SAMPLE_TOKENS: usize = 200;
/// The metadata entry that a snapshot keeps its plan under.
const PLAN: &str = "training_plan";

/// The shape of the model, but for the size of its vocabulary, which the text decides.
#[derive(Deserialize, Tsify)]
#[tsify(rename = "ModelShape")]
pub struct Shape {
    #[serde(default)]
    architecture: Architecture,
    embedding_dim: usize,
    num_layers: usize,
    num_heads: usize,
    ffn_dim: usize,
    max_seq_len: usize,
    field_size: usize,
    interference_interval: usize,
    position_scale: f32,
    #[serde(default)]
    norm: Norm,
    #[serde(default)]
    feed_forward: FeedForward,
    #[serde(default)]
    near_field: usize,
    #[serde(default)]
    window: usize,
    #[serde(default)]
    keyed_layers: usize,
    #[serde(default)]
    key_dim: usize,
    #[serde(default)]
    positions: Positions,
}

/// What the page asks for.
#[derive(Deserialize, Tsify)]
#[tsify(rename = "TrainOrder")]
pub struct Order {
    text: String,
    tokenizer: Vocabulary,
    #[tsify(type = "ModelShape")]
    model: Shape,
    train: TrainConfig,
}

/// What is done between the steps. It travels in snapshots.
#[derive(Clone, Serialize, Deserialize, Tsify)]
#[tsify(rename = "TrainPlan")]
pub struct Plan {
    data_name: String,
    /// Steps between evaluations; 0 never.
    evaluate_every: u64,
    /// Steps between samples; 0 never.
    sample_every: u64,
    sample_prompt: String,
    /// How much of the text is held back to measure on; a tenth where it is missing.
    #[serde(default = "validation_share")]
    validation_share: f64,
    /// Evaluations in a row without a lower loss, after which training ends early; 0 never.
    #[serde(default)]
    pub(super) patience: u64,
    /// The engine's own.
    #[serde(default)]
    #[tsify(type = "never")]
    pub(super) control: Control,
}

/// What the worker has to know of a training.
#[derive(Serialize, Tsify)]
pub struct PlanInfo {
    step: u64,
    steps: u64,
    tokens_per_step: usize,
    /// Bytes of the text that is held back, for each of its tokens: what makes bits a byte of a loss.
    bytes_per_token: f64,
    evaluate_every: u64,
    sample_every: u64,
}

/// What became of a run that came to no number.
#[derive(Serialize, Tsify)]
pub struct Undone {
    /// At which step it is now.
    step: u64,
    /// What happened, and what to try.
    message: String,
}

/// A training in progress.
pub struct Training {
    pub(super) trainer: Trainer,
    tokenizer: Tokenizer,
    pub(super) plan: Plan,
    watch: Watch,
    /// Its step that is looked at slowly.
    pub(super) looked: Option<Looked>,
}

impl Training {
    /// Begins a training of a fresh model.
    pub(super) fn start(order: Order, plan: Plan, learned: &mut Learned) -> Result<Self> {
        let Order {
            text,
            tokenizer,
            model: shape,
            mut train,
        } = order;
        let tokenizer = learned.from(&text, &tokenizer)?;
        let data = Dataset::from_text(&tokenizer, &text, plan.validation_share)?;
        let config = ModelConfig {
            architecture: shape.architecture,
            vocab_size: tokenizer.vocab_size(),
            embedding_dim: shape.embedding_dim,
            num_layers: shape.num_layers,
            num_heads: shape.num_heads,
            ffn_dim: shape.ffn_dim,
            max_seq_len: shape.max_seq_len,
            field_size: shape.field_size,
            interference_interval: shape.interference_interval,
            position_scale: shape.position_scale,
            norm: shape.norm,
            feed_forward: shape.feed_forward,
            near_field: shape.near_field,
            window: shape.window,
            keyed_layers: shape.keyed_layers,
            key_dim: shape.key_dim,
            positions: shape.positions,
        };
        let model = Model::new(config, train.seed)?;
        train.divide();
        Ok(Training {
            watch: Watch::new(&model.config, train.seq_len),
            trainer: Trainer::new(model, train, data)?,
            tokenizer,
            plan,
            looked: None,
        })
    }

    /// Takes up a training from its snapshot and the text it was learning from. How its batches are
    /// cut is the snapshot's, so that it goes on as it began.
    pub fn resume(bytes: &[u8], text: &str) -> Result<Self> {
        let missing = |part: &str| Error::Checkpoint {
            part: part.into(),
            message:
                "is missing, so the training cannot go on from this file; open it to generate \
                      with, or train again"
                    .into(),
        };
        let checkpoint = Checkpoint::from_bytes(bytes)?;
        let tokenizer = checkpoint.tokenizer.ok_or_else(|| missing("tokenizer"))?;
        let state = checkpoint
            .trainer
            .ok_or_else(|| missing("training state"))?;
        let plan = checkpoint.extra.get(PLAN).ok_or_else(|| missing(PLAN))?;
        let plan: Plan = serde_json::from_str(plan).map_err(|e| Error::Checkpoint {
            part: PLAN.into(),
            message: format!(
                "expected what is done between the steps, found it broken ({e}), so the training \
                 cannot go on from this file; open it to generate with, or train again"
            ),
        })?;
        let data = Dataset::from_text(&tokenizer, text, plan.validation_share)?;
        let mut training = Training {
            watch: Watch::new(&checkpoint.model.config, state.config.seq_len),
            trainer: Trainer::resume(checkpoint.model, state, data)?,
            tokenizer,
            plan,
            looked: None,
        };
        training.hold_locked()?;
        Ok(training)
    }

    /// What the worker has to know.
    pub fn plan_info(&self) -> PlanInfo {
        let config = self.trainer.config();
        PlanInfo {
            step: self.trainer.steps_done(),
            steps: config.steps,
            tokens_per_step: config.batch_size * config.seq_len,
            bytes_per_token: self.trainer.dataset().bytes_per_token(&self.tokenizer),
            evaluate_every: self.plan.evaluate_every,
            sample_every: self.plan.sample_every,
        }
    }

    /// Asks for one step.
    pub fn advance(&mut self) {
        self.trainer.advance();
    }

    /// How the steps went that were asked for.
    pub fn reports(&mut self) -> Later<Vec<StepReport>> {
        self.trainer.reports()
    }

    /// How well the model does on the text that was held back.
    pub fn evaluate(&mut self) -> Later<Evaluation> {
        self.trainer.evaluation(Some(EVALUATION_WINDOWS))
    }

    /// The run as it is now, to be kept.
    pub fn pull(&mut self) -> Later<Pulled> {
        self.trainer.pull()
    }

    /// Makes what was pulled the copy that samples, snapshots and a change of device go out from.
    pub fn keep(&mut self, pulled: &Pulled) -> Result<()> {
        self.trainer.keep(pulled)
    }

    /// Takes back what was asked for after step `made`, for something after it came to no number.
    pub fn undo(&mut self, made: u64, fault: Fault) -> Undone {
        let at_fault = match fault {
            Fault::Loss | Fault::Gradient | Fault::Weight => made + 1,
            Fault::HeldBack | Fault::Text => made,
        };
        let step = self.trainer.undo(made, fault);
        Undone {
            step,
            message: fault.sentence(at_fault, step, self.trainer.config()),
        }
    }

    /// Moves to a GPU, or to the CPU, from the copy.
    pub fn move_to(&mut self, gpu: Option<GpuDevice>) -> Result<()> {
        let device = match gpu {
            Some(gpu) => Device::gpu(gpu),
            None => Device::cpu(),
        };
        self.trainer.move_to(device)
    }

    /// Parts of a GPU's proof that this training needs besides those that every GPU has to pass.
    pub fn own_parts(&self) -> Vec<Part> {
        let config = &self.trainer.kept_model().config;
        proof::own_parts(config, self.trainer.config().seq_len)
    }

    /// The next part of a GPU's proof, to be repeated while the training is on it.
    pub fn next_part(&mut self) -> Part {
        self.watch.take_next()
    }

    /// How many parts a GPU's proof has.
    pub fn proof_parts(&self) -> usize {
        self.watch.parts()
    }

    /// A text by the copy of the model; always the same draw, so that what changes is the model. None
    /// where the model's forecast is no number.
    pub fn sample(&self) -> Result<Option<String>> {
        match self.write() {
            Ok(text) => Ok(Some(text)),
            Err(Error::Model { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn write(&self) -> Result<String> {
        let settings = GenerationSettings {
            sampling: SamplingSettings {
                temperature: 0.8,
                seed: 1,
                alternatives: 0,
                ..SamplingSettings::default()
            },
            max_tokens: SAMPLE_TOKENS,
            ..GenerationSettings::default()
        };
        let model = self.trainer.kept_model();
        let prompt = &self.plan.sample_prompt;
        let mut generation = Generation::new(model, &self.tokenizer, prompt, settings)?;
        let mut text = prompt.clone();
        while let Some(token) = generation.next(model, &self.tokenizer)? {
            text.push_str(&token.text);
        }
        Ok(text)
    }

    /// Every head as it is now, by layer.
    pub fn heads(&mut self) -> Later<Vec<Vec<Head>>> {
        let waves = self.trainer.waves();
        let heads = self.trainer.kept_model().config.num_heads;
        Box::pin(async move {
            let waves = waves.await?;
            let head = |layer: &[f32], head: usize| Head {
                frequency: layer[head],
                damping: softplus(f64::from(layer[heads + head])) as f32,
                phase: layer[2 * heads + head],
                gain: 1.0,
            };
            let layers = waves.chunks_exact(3 * heads);
            Ok(layers
                .map(|layer| (0..heads).map(|i| head(layer, i)).collect())
                .collect())
        })
    }

    /// The copy of the model, and its vocabulary.
    pub fn observed(&self) -> (&Model, &Tokenizer) {
        (self.trainer.kept_model(), &self.tokenizer)
    }

    /// After how many steps that copy was made.
    pub fn observed_step(&self) -> u64 {
        self.trainer.kept_step()
    }

    /// The copy of the model, to open.
    pub fn as_open_model(&self) -> Result<OpenModel> {
        let step = self.trainer.kept_step();
        let extra = BTreeMap::from([
            ("trained_on".to_string(), self.plan.data_name.clone()),
            ("trained_steps".to_string(), step.to_string()),
        ]);
        let name = format!("{}, {step} steps", self.plan.data_name);
        OpenModel::new(
            name,
            self.trainer.kept_model().clone(),
            self.tokenizer.clone(),
            extra,
        )
    }

    /// The copy of everything that [`Training::resume`] needs, but for the text, as a file that
    /// `take` makes. [`Training::keep`] comes before.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when a number of it is none.
    pub fn snapshot<T>(&self, take: impl FnOnce(Encoded<'_>) -> T) -> Result<T> {
        let plan = serde_json::to_string(&self.plan).expect("a plan has only strings and numbers");
        let contents = Contents {
            model: self.trainer.kept_model(),
            tokenizer: Some(&self.tokenizer),
            extra: &BTreeMap::from([(PLAN.to_string(), plan)]),
            trainer: self.trainer.kept_run(),
            precision: Precision::F32,
        };
        Ok(take(contents.encode()?))
    }
}
