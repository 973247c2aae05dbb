//! The engine as the page's worker sees it: one [`Session`] that holds the open model, the texts
//! being generated and the training.
//!
//! Everything here is thin: arguments in, calls into the library, results out as plain objects.
//! Whatever takes long is cut into pieces (`run_step`, `train_advance`), so that the worker can serve
//! messages between them. Errors become JavaScript errors with the library's own words.
//!
//! What goes in and out derives [`Tsify`], which declares its shape in `pkg/wavefield.d.ts` as serde reads and
//! writes it. A method's signature names it as [`Js`], so that the compiler sees to it that the declaration is true;
//! lists, promises and what has several parts are named by hand, in `unchecked_return_type` and
//! `unchecked_param_type`.

mod generate;
mod gpu;
mod intake;
mod lesson;
mod observe;
mod open_model;
mod scaling;
mod shard;
mod train;
mod train_changes;
mod train_control;
mod vocabulary;

use crate::backend::Later;
use crate::checkpoint::{Encoded, ModelFiles};
use crate::diagnostics::causality::Measurement;
use crate::diagnostics::contributions::Contributions;
use crate::diagnostics::losses::window_losses;
use crate::error::Error;
use crate::model::{Head, Model};
use crate::train::proof::prove_parts;
use crate::train::{Fault, Pulled};
use generate::{Run, RunRequest, Step};
pub use gpu::OpenedGpu;
pub use intake::{TextIntake, TextSurvey};
use js_sys::{Promise, Uint8Array};
use observe::check_windows;
use open_model::{ModelInfo, OpenModel};
pub use scaling::ScalingLab;
use serde::{Deserialize, Serialize};
pub use shard::Helper;
use train::{PlanInfo, Training, Undone};
use train_changes::WavePlace;
use train_control::TrainControl;
use tsify::Tsify;
use vocabulary::{DataInfo, Learned, Vocabulary};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

/// Called once by the module's loader.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// The project's version.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").into()
}

/// Ends as a fault of the engine's own does. For tests.
#[wasm_bindgen]
pub fn panic_for_test() {
    panic!("a test asked for a panic");
}

#[wasm_bindgen]
extern "C" {
    /// Milliseconds since the worker began.
    #[wasm_bindgen(js_namespace = performance)]
    fn now() -> f64;
}

/// What a call gives the worker.
type Answer<T> = Result<T, JsError>;

/// A library error in the person's words.
fn said(error: Error) -> JsError {
    JsError::new(&error.to_string())
}

/// A plain JavaScript value of a type's shape; `pkg/wavefield.d.ts` calls it as [`Tsify`] names the type.
type Js<T> = <T as Tsify>::JsType;

/// A plain JavaScript object.
fn object<T: Serialize + Tsify>(value: &T) -> Answer<Js<T>> {
    Ok(plain(value)?.unchecked_into())
}

/// The same of what has no name of its own, such as a list: the method says what it is.
fn plain(value: &impl Serialize) -> Answer<JsValue> {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    Ok(value.serialize(&serializer)?)
}

/// Reads a plain JavaScript object.
fn read<T: for<'a> Deserialize<'a> + Tsify>(value: Js<T>) -> Answer<T> {
    part(value.into())
}

/// Reads one of several parts of a plain JavaScript object. What has several is read once for each: a
/// flattened part is read by way of a copy of everything, with code of its own, several kilobytes a type.
fn part<T: for<'a> Deserialize<'a>>(value: JsValue) -> Answer<T> {
    Ok(serde_wasm_bindgen::from_value(value)?)
}

/// A file in a JavaScript buffer of its own.
fn to_buffer(file: Encoded<'_>) -> Uint8Array {
    let buffer = Uint8Array::new_with_length(file.len() as u32);
    let mut at = 0;
    let Ok(()) = file.write(|piece| {
        let end = at + piece.len() as u32;
        buffer.subarray(at, end).copy_from(piece);
        at = end;
        Ok::<(), std::convert::Infallible>(())
    });
    buffer
}

/// A promise of a plain JavaScript object; the method says of which.
fn promise<T: Serialize + 'static>(later: Later<T>) -> Promise {
    future_to_promise(async move {
        let value = later.await.map_err(said)?;
        Ok(plain(&value)?)
    })
}

/// A run as it was at one step.
#[wasm_bindgen]
pub struct PulledRun(Pulled);

/// The engine's state: the open model, what is being generated with it, and the training.
#[wasm_bindgen]
#[derive(Default)]
pub struct Session {
    open: Option<OpenModel>,
    /// By name; there are never more than a few.
    runs: Vec<(String, Run)>,
    training: Option<Training>,
    /// The word pieces that were learned last.
    learned: Learned,
    /// One that the page asks for in pieces.
    measurement: Option<Measurement<f32>>,
    /// What each head contributes, while that is being measured.
    contributions: Option<Contributions>,
    /// The open model as it would open from a file, while the page measures what rounding costs.
    rounded: Option<Model>,
}

#[wasm_bindgen]
impl Session {
    /// A session without a model.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    fn open(&self) -> Answer<&OpenModel> {
        (self.open.as_ref())
            .ok_or_else(|| JsError::new("no model is open yet; open a checkpoint first"))
    }

    fn open_mut(&mut self) -> Answer<&mut OpenModel> {
        (self.open.as_mut())
            .ok_or_else(|| JsError::new("no model is open yet; open a checkpoint first"))
    }

    /// Opens a checkpoint. When it is refused, the model that was open stays open.
    pub fn load_model(&mut self, bytes: &[u8], name: String) -> Answer<Js<ModelInfo<'static>>> {
        let opened = OpenModel::from_files(&ModelFiles::of(bytes), name).map_err(said)?;
        self.put(opened)
    }

    /// Opens a model that is spread over several files: its safetensors files as a list of
    /// Uint8Array, and the texts of a `config.json` and a `tokenizer.json` beside them.
    pub fn load_files(
        &mut self,
        tensors: Vec<Uint8Array>,
        config: Option<String>,
        tokenizer: Option<String>,
        name: String,
    ) -> Answer<Js<ModelInfo<'static>>> {
        let tensors: Vec<Vec<u8>> = tensors.iter().map(Uint8Array::to_vec).collect();
        let files = ModelFiles {
            tensors: tensors.iter().map(Vec::as_slice).collect(),
            config: config.as_deref(),
            tokenizer: tokenizer.as_deref(),
        };
        let opened = OpenModel::from_files(&files, name).map_err(said)?;
        self.put(opened)
    }

    /// Makes a model the open one. What was being generated ends, for it was another model's.
    fn put(&mut self, opened: OpenModel) -> Answer<Js<ModelInfo<'static>>> {
        self.runs.clear();
        self.rounded = None;
        let info = object(&opened.info());
        self.open = Some(opened);
        info
    }

    /// What the open model is.
    pub fn model_info(&self) -> Answer<Js<ModelInfo<'static>>> {
        object(&self.open()?.info())
    }

    /// The open model, as bent, as the bytes of a checkpoint with numbers of `"f32"`, `"f16"` or `"int8"`.
    pub fn export_model(&self, precision: &str) -> Answer<Uint8Array> {
        let contents = self.open()?.contents(precision).map_err(said)?;
        Ok(to_buffer(contents.encode().map_err(said)?))
    }

    /// Keeps the model that opens from that checkpoint beside the open one, in the place of the last,
    /// and says of how many bytes the checkpoint is. Without a precision none is kept.
    pub fn round_model(&mut self, precision: Option<String>) -> Answer<Option<usize>> {
        // The last one goes first: two may not fit.
        self.rounded = None;
        let Some(precision) = precision else {
            return Ok(None);
        };
        let contents = self.open()?.contents(&precision).map_err(said)?;
        let (model, size) = contents.rounded().map_err(said)?;
        self.rounded = Some(model);
        Ok(Some(size))
    }

    /// The losses of that model on windows of `length` + 1 tokens, in nats a token.
    pub fn rounded_losses(&self, ids: &[u32], length: usize) -> Answer<Vec<f64>> {
        let Some(model) = &self.rounded else {
            let gone = "another model was opened meanwhile; measure what rounding costs anew";
            return Err(JsError::new(gone));
        };
        check_windows(model, ids, length).map_err(said)?;
        window_losses(model, ids, length).map_err(said)
    }

    /// A file name for [`Session::export_model`].
    pub fn export_name(&self) -> Answer<String> {
        Ok(self.open()?.file_name())
    }

    /// Bends the heads of one layer: a list of `{frequency, damping, phase, gain}`.
    pub fn set_heads(
        &mut self,
        layer: usize,
        #[wasm_bindgen(unchecked_param_type = "Head[]")] heads: JsValue,
    ) -> Answer<()> {
        let heads: Vec<Head> = part(heads)?;
        self.open_mut()?.set_heads(layer, &heads).map_err(said)?;
        self.physics_changed();
        Ok(())
    }

    /// Gives a layer, or every layer, the heads of the file, and returns all layers.
    #[wasm_bindgen(unchecked_return_type = "HeadInfo[][]")]
    pub fn reset_heads(&mut self, layer: Option<usize>) -> Answer<JsValue> {
        self.open_mut()?.reset_heads(layer).map_err(said)?;
        self.physics_changed();
        plain(&self.open()?.layers())
    }

    /// Has the heads of one layer mix by these weights, (H, H); each row adds up to 1.
    pub fn set_coupling(&mut self, layer: usize, weights: &[f32]) -> Answer<()> {
        let open = self.open_mut()?;
        open.set_coupling(layer, weights).map_err(said)?;
        self.physics_changed();
        Ok(())
    }

    /// Has a layer's heads, or every layer's, mix as in the file, and returns all couplings.
    #[wasm_bindgen(unchecked_return_type = "CouplingInfo[]")]
    pub fn reset_couplings(&mut self, layer: Option<usize>) -> Answer<JsValue> {
        self.open_mut()?.reset_couplings(layer).map_err(said)?;
        self.physics_changed();
        plain(&self.open()?.couplings())
    }

    fn physics_changed(&mut self) {
        for (_, run) in &mut self.runs {
            run.physics_changed();
        }
    }

    /// Begins to generate; `run` names it from then on. Reads the prompt.
    pub fn run_start(&mut self, run: String, request: Js<RunRequest>) -> Answer<()> {
        let request: RunRequest = read(request)?;
        let started = Run::start(self.open_mut()?, request).map_err(said)?;
        self.run_stop(&run);
        self.runs.push((run, started));
        Ok(())
    }

    /// Generates up to `most` tokens: `{tokens, reason}`, where `reason` is null until the end.
    pub fn run_step(&mut self, run: &str, most: usize) -> Answer<Js<Step>> {
        let open = self.open.as_mut();
        let going = self.runs.iter_mut().find(|(name, _)| name == run);
        let (Some(open), Some((_, going))) = (open, going) else {
            return Err(JsError::new("this text is not being generated any more"));
        };
        let step = going.step(open, most).map_err(said)?;
        if step.ended() {
            self.run_stop(run);
        }
        object(&step)
    }

    /// Ends a run early.
    pub fn run_stop(&mut self, run: &str) {
        self.runs.retain(|(name, _)| name != run);
    }

    /// The likeliest next tokens after a prompt, with the model's own probabilities.
    #[wasm_bindgen(unchecked_return_type = "Alternative[]")]
    pub fn next_tokens(&mut self, prompt: &str, count: usize, original: bool) -> Answer<JsValue> {
        let next =
            generate::next_tokens(self.open_mut()?, prompt, count, original).map_err(said)?;
        plain(&next)
    }

    /// What a text comes to under a vocabulary (`"character"` or `"bpe"`) when a share of it is held
    /// back; a tenth, unless another one is given.
    pub fn prepare_data(
        &mut self,
        text: &str,
        kind: String,
        vocab_size: usize,
        validation_share: Option<f64>,
    ) -> Answer<Js<DataInfo>> {
        let share = validation_share.unwrap_or_else(train::validation_share);
        let asked = Vocabulary { kind, vocab_size };
        object(&(self.learned.prepare(text, &asked, share)).map_err(said)?)
    }

    fn training(&mut self) -> Answer<&mut Training> {
        (self.training.as_mut()).ok_or_else(|| JsError::new("nothing is being trained"))
    }

    /// Begins a training in place of the last one; returns what the new model is.
    pub fn train_start(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "TrainOrder & TrainPlan")] order: JsValue,
    ) -> Answer<Js<ModelInfo<'static>>> {
        let (plan, order) = (part(order.clone())?, part(order)?);
        // The last one goes first: two may not fit.
        self.training = None;
        let training = Training::start(order, plan, &mut self.learned).map_err(said)?;
        self.put_training(training)
    }

    /// Takes up a training from its snapshot; returns what the model is.
    pub fn train_resume(&mut self, bytes: &[u8], text: &str) -> Answer<Js<ModelInfo<'static>>> {
        self.training = None;
        let training = Training::resume(bytes, text).map_err(said)?;
        self.put_training(training)
    }

    fn put_training(&mut self, training: Training) -> Answer<Js<ModelInfo<'static>>> {
        let info = object(&training.as_open_model().map_err(said)?.info())?;
        self.training = Some(training);
        Ok(info)
    }

    /// `{step, steps, tokens_per_step, evaluate_every, sample_every}`.
    pub fn train_plan(&mut self) -> Answer<Js<PlanInfo>> {
        object(&self.training()?.plan_info())
    }

    /// Asks for one step.
    pub fn train_advance(&mut self) -> Answer<()> {
        self.training()?.advance();
        Ok(())
    }

    /// How the steps went that were asked for since: a promise of a list of
    /// `{step, loss, gradient_norm, learning_rate, fault}`. Refused when the device was lost.
    #[wasm_bindgen(unchecked_return_type = "Promise<StepReport[]>")]
    pub fn train_reports(&mut self) -> Answer<Promise> {
        Ok(promise(self.training()?.reports()))
    }

    /// A promise of `{loss, perplexity, accuracy, tokens}` on a part of the text that was held back.
    /// Reports of steps must have been asked for before.
    #[wasm_bindgen(unchecked_return_type = "Promise<Evaluation>")]
    pub fn train_evaluate(&mut self) -> Answer<Promise> {
        Ok(promise(self.training()?.evaluate()))
    }

    /// A promise of the run as it is now, for [`Session::train_keep`].
    #[wasm_bindgen(unchecked_return_type = "Promise<PulledRun>")]
    pub fn train_pull(&mut self) -> Answer<Promise> {
        let pulled = self.training()?.pull();
        Ok(future_to_promise(async move {
            let pulled = pulled.await.map_err(said)?;
            Ok(PulledRun(pulled).into())
        }))
    }

    /// Makes what was pulled the copy of the run that samples, snapshots, adoption and a change of
    /// device go out from.
    pub fn train_keep(&mut self, pulled: &PulledRun) -> Answer<()> {
        self.training()?.keep(&pulled.0).map_err(said)
    }

    /// Takes back what was asked for after step `made`, for something after it came to no number:
    /// `fault` is that of a report, or `"held_back"` or `"text"`. Says where the run is now and what to
    /// tell the person: `{step, message}`.
    pub fn train_undo(&mut self, made: f64, fault: Js<Fault>) -> Answer<Js<Undone>> {
        let fault = read(fault)?;
        object(&self.training()?.undo(made as u64, fault))
    }

    /// Moves the run to a GPU; it goes on from its copy.
    pub fn train_to_gpu(&mut self, gpu: &OpenedGpu) -> Answer<()> {
        let device = gpu.device();
        self.training()?.move_to(Some(device)).map_err(said)
    }

    /// A promise of a list of `{what, error, allowed}`: what this training needs of a GPU besides what
    /// [`OpenedGpu::prove`] computes; or where it is `again`, the next part of all of it.
    #[wasm_bindgen(unchecked_return_type = "Promise<DeviceCheck[]>")]
    pub fn train_prove(&mut self, gpu: &OpenedGpu, again: bool) -> Answer<Promise> {
        let (device, training) = (gpu.device(), self.training()?);
        let parts = match again {
            true => vec![training.next_part()],
            false => training.own_parts(),
        };
        Ok(promise(Box::pin(async move {
            prove_parts(&device, &parts).await
        })))
    }

    /// How many parts [`Session::train_prove`] repeats, one after the other.
    pub fn train_proof_parts(&mut self) -> Answer<usize> {
        Ok(self.training()?.proof_parts())
    }

    /// Moves the run to the CPU; it goes on from its copy.
    pub fn train_to_cpu(&mut self) -> Answer<()> {
        self.training()?.move_to(None).map_err(said)
    }

    /// A short text by the copy of the model; undefined where its forecast is no number.
    pub fn train_sample(&mut self) -> Answer<Option<String>> {
        self.training()?.sample().map_err(said)
    }

    /// How the training goes on, and what was changed in it.
    pub fn train_control(&mut self) -> Answer<Js<TrainControl>> {
        object(&self.training()?.control())
    }

    /// The learning rate after the warm-up, from the next step on.
    pub fn train_set_rate(&mut self, peak_lr: f64) -> Answer<()> {
        self.training()?.set_rate(peak_lr).map_err(said)
    }

    /// How many steps the training has in all.
    pub fn train_set_steps(&mut self, steps: f64) -> Answer<()> {
        self.training()?.set_steps(steps as u64).map_err(said)
    }

    /// Sets a number of a head's wave, `{layer, head, number}`, on the device and in the copy.
    /// `again`: it goes on from the change before.
    pub fn train_set_wave(&mut self, place: Js<WavePlace>, value: f64, again: bool) -> Answer<()> {
        let place = read(place)?;
        (self.training()?)
            .set_wave(place, value, again)
            .map_err(said)
    }

    /// Holds a number of a head's wave still, or lets it go.
    pub fn train_lock(&mut self, place: Js<WavePlace>, locked: bool) -> Answer<()> {
        let place = read(place)?;
        self.training()?.lock(place, locked).map_err(said)
    }

    /// Takes note of an evaluation's loss; why training should end early, if it should.
    pub fn train_judge(&mut self, loss: f64) -> Answer<Option<String>> {
        Ok(self.training()?.judge(loss))
    }

    /// A promise of the heads of the model in training as they are now, by layer.
    #[wasm_bindgen(unchecked_return_type = "Promise<Head[][]>")]
    pub fn train_heads(&mut self) -> Answer<Promise> {
        Ok(promise(self.training()?.heads()))
    }

    /// Opens the copy of the model in training; the training goes on unharmed.
    pub fn train_adopt(&mut self) -> Answer<Js<ModelInfo<'static>>> {
        let opened = self.training()?.as_open_model().map_err(said)?;
        self.put(opened)
    }

    /// The bytes of the copy, which [`Session::train_resume`] takes up, straight in a buffer that can
    /// be handed on.
    pub fn train_snapshot(&mut self) -> Answer<Uint8Array> {
        (self.training()?).snapshot(to_buffer).map_err(said)
    }
}
