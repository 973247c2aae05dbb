//! Models as files: safetensors under the public release's own tensor names.
//!
//! The tensors always have the release's full form (see [`release`]), so a file goes both ways, unless
//! the model has options that the release does not know ([`ModelConfig::options`]): its metadata says so.
//! Everything else travels in the file's metadata, which maps texts to texts:
//!
//! | key | value |
//! | --- | --- |
//! | `format` | `pt`, as the release's own tools write it |
//! | `model` | `wave`, or `standard` for the standard Transformer |
//! | `config` | the [`ModelConfig`] in JSON |
//! | `tokenizer` | the vocabulary, as a `tokenizer.json` |
//! | `position_scale_note` | where the scale is not 1: the release's position cache must be multiplied by it |
//! | `release_note` | where the model has options that the public release has not: that it does not load there |
//! | `trainer.step`, `trainer.config` | the state of a run, with the tensors below |
//! | anything else | kept as it is |
//!
//! A run's state adds the tensors `optimizer.first_moment.<name>` and
//! `optimizer.second_moment.<name>`, in our own shapes; the release does not know them, so a file
//! for the release is written without. Heads' gains are not part of a model, and not of its file.
//!
//! Values are F32 and keep their bits, unless a smaller [`Precision`] is asked for: then they are
//! F16, or a matrix `X` of shape `[rows, columns]` is I8 beside `X.scale`, F16 of shape `[rows]`,
//! and stands for `X[r][c] · X.scale[r]`. F64 and BF16 are read as well. A run's state is always
//! F32. A file in 8 bits does not load in the release.

mod container;
mod encode;
mod entries;
mod files;
mod header;
mod names;
mod precision;
mod release;

use crate::config::{Architecture, ModelConfig};
#[cfg(not(target_arch = "wasm32"))]
use crate::error::Error;
use crate::error::Result;
use crate::memory;
use crate::model::Model;
use crate::tokenizer::Tokenizer;
use crate::train::{TrainConfig, TrainerState};
use container::{Container, error};
pub use encode::Encoded;
use entries::{read_config, read_kind, read_tokenizer, read_trainer};
pub use files::ModelFiles;
pub use precision::Precision;
use safetensors::tensor::{Dtype, TensorView};
use std::collections::BTreeMap;

const FORMAT: &str = "format";
const KIND: &str = "model";
const CONFIG: &str = "config";
const TOKENIZER: &str = "tokenizer";
const POSITION_NOTE: &str = "position_scale_note";
const RELEASE_NOTE: &str = "release_note";
const TRAINER_STEP: &str = "trainer.step";
const TRAINER_CONFIG: &str = "trainer.config";
const FIRST_MOMENT: &str = "optimizer.first_moment.";
const SECOND_MOMENT: &str = "optimizer.second_moment.";
/// Largest file that is read from a disk: the largest model with both moments, and its vocabulary.
#[cfg(not(target_arch = "wasm32"))]
const MAX_FILE: u64 = 1 << 30;

/// What a checkpoint file holds.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// The model. All heads are heard at gain 1 after reading.
    pub model: Model,
    /// Its vocabulary, if the file has one.
    pub tokenizer: Option<Tokenizer>,
    /// Other entries of the metadata: how it was trained, where it comes from.
    pub extra: BTreeMap<String, String>,
    /// The state of the run that made it, to go on with.
    pub trainer: Option<TrainerState>,
}

impl Checkpoint {
    /// A model and its vocabulary, and nothing else.
    pub fn new(model: Model, tokenizer: Option<Tokenizer>) -> Self {
        Checkpoint {
            model,
            tokenizer,
            extra: BTreeMap::new(),
            trainer: None,
        }
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] names the tensor or part of the file at fault, says what was expected
    /// and found, and what to do.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::from_files(&ModelFiles::of(bytes)).map(|(checkpoint, _)| checkpoint)
    }

    /// Reads a model from its file, or from several that belong together, and says in words what
    /// was not as it should be and was taken all the same.
    ///
    /// # Errors
    /// As [`Self::from_bytes`].
    pub fn from_files(files: &ModelFiles<'_>) -> Result<(Self, Vec<String>)> {
        let Container {
            mut metadata,
            tensors,
            mut notes,
        } = files.parse()?;
        let all = names::unwrapped(tensors, &mut notes)?;
        let mut tensors = all.clone();
        files.complete(&mut metadata, &mut notes);
        let config = read_config(&metadata, read_kind(&metadata, &tensors)?)?;
        check_size(&config, files.len())?;
        let model = release::read(config, &mut tensors)?;
        let trainer = read_trainer(&model, &metadata, &mut tensors)?;
        names::set_aside(&mut tensors, &all, &mut notes);
        refuse_rest(&model, &tensors)?;
        let doubles = |tensor: &TensorView<'_>| tensor.dtype() == Dtype::F64;
        if all.values().any(doubles) {
            notes.push("its numbers of 64 bits were rounded to 32".into());
        }
        let tokenizer = read_tokenizer(&metadata, &model.config, &mut notes)?;
        let known = [
            FORMAT,
            KIND,
            CONFIG,
            TOKENIZER,
            POSITION_NOTE,
            RELEASE_NOTE,
            TRAINER_STEP,
            TRAINER_CONFIG,
        ];
        metadata.retain(|key, _| !known.contains(&key.as_str()));
        let checkpoint = Checkpoint {
            model,
            tokenizer,
            extra: metadata,
            trainer,
        };
        Ok((checkpoint, notes.into_iter().map(sentence).collect()))
    }

    /// The file's bytes: always the same for the same content.
    ///
    /// # Errors
    /// As [`Contents::encode`].
    ///
    /// # Panics
    /// As [`Contents::encode`].
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.to_bytes_in(Precision::F32)
    }

    /// The file's bytes, with the model's numbers in fewer bits.
    ///
    /// # Errors
    /// As [`Contents::encode`].
    ///
    /// # Panics
    /// As [`Contents::encode`].
    pub fn to_bytes_in(&self, precision: Precision) -> Result<Vec<u8>> {
        let trainer = self.trainer.as_ref().map(|trainer| RunState {
            step: trainer.step,
            moments: [&trainer.first_moment, &trainer.second_moment],
            config: &trainer.config,
        });
        let contents = Contents {
            model: &self.model,
            tokenizer: self.tokenizer.as_ref(),
            extra: &self.extra,
            trainer,
            precision,
        };
        Ok(contents.encode()?.to_vec())
    }

    /// Reads a file from the disk.
    ///
    /// # Errors
    /// [`Error::File`] when the system cannot read it, and as [`Self::from_bytes`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn read(path: impl AsRef<std::path::Path>) -> Result<Self> {
        Self::from_bytes(&Self::read_file(path)?)
    }

    /// The bytes of a file, if there can be a checkpoint in it.
    ///
    /// # Errors
    /// [`Error::File`] when the system cannot read it, and when it is too large.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn read_file(path: impl AsRef<std::path::Path>) -> Result<Vec<u8>> {
        let path = path.as_ref();
        let size = std::fs::metadata(path)
            .map_err(|e| file_error(path, &e))?
            .len();
        if size > MAX_FILE {
            return Err(Error::File {
                path: path.display().to_string(),
                message: format!(
                    "expected a checkpoint of at most {MAX_FILE} bytes, found {size}; choose \
                     another file"
                ),
            });
        }
        std::fs::read(path).map_err(|e| file_error(path, &e))
    }

    /// Writes a file to the disk: first beside its place under a temporary name, then renamed, so
    /// that an older file of the name is whole until the new one is.
    ///
    /// # Errors
    /// [`Error::File`] when the system cannot write it, and as [`Contents::encode`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn write(&self, path: impl AsRef<std::path::Path>) -> Result<()> {
        Self::write_bytes(path, &self.to_bytes()?)
    }

    /// The same with bytes that are a file's already.
    ///
    /// # Errors
    /// [`Error::File`] when the system cannot write it.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn write_bytes(path: impl AsRef<std::path::Path>, bytes: &[u8]) -> Result<()> {
        use std::io::Write;
        let path = path.as_ref();
        let mut name = std::ffi::OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = path.with_file_name(name);
        let written = std::fs::File::create(&temporary)
            .and_then(|mut file| {
                file.write_all(bytes)?;
                file.sync_all()
            })
            .and_then(|()| std::fs::rename(&temporary, path));
        written.map_err(|e| {
            // Best effort: the error that matters is the one before.
            let _ = std::fs::remove_file(&temporary);
            file_error(path, &e)
        })
    }
}

/// What a checkpoint is written from, where it lies.
pub struct Contents<'a> {
    pub model: &'a Model,
    pub tokenizer: Option<&'a Tokenizer>,
    pub extra: &'a BTreeMap<String, String>,
    pub trainer: Option<RunState<'a>>,
    /// What the model's numbers are written as; a run's state keeps all of its bits.
    pub precision: Precision,
}

/// The state of a run: [`TrainerState`], where it lies.
pub struct RunState<'a> {
    pub step: u64,
    /// First and second.
    pub moments: [&'a [f32]; 2],
    pub config: &'a TrainConfig,
}

impl<'a> Contents<'a> {
    /// The file, to be written without another copy of its numbers.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] names the tensor that holds something that is not a number.
    ///
    /// # Panics
    /// When the trainer's state is another model's, or the model was made to leak.
    pub fn encode(&self) -> Result<Encoded<'a>> {
        self.model.assert_sound();
        let mut metadata = self.extra.clone();
        let mut put = |key: &str, value: String| metadata.insert(key.into(), value);
        put(FORMAT, "pt".into());
        put(KIND, kind(self.model.config.architecture).into());
        put(CONFIG, to_json(&self.model.config));
        if let Some(tokenizer) = &self.tokenizer {
            put(TOKENIZER, tokenizer.to_json());
        }
        let scale = self.model.config.position_scale;
        if self.model.config.is_wave() && scale != 1.0 {
            put(
                POSITION_NOTE,
                format!(
                    "{scale}: to compute the same with the public release, multiply its position \
                     cache by this number after loading"
                ),
            );
        }
        let options: Vec<&str> = self.model.config.options().collect();
        if !options.is_empty() {
            put(
                RELEASE_NOTE,
                format!(
                    "this model has {}, which the public release cannot express: it does not load \
                     there",
                    options.join(", ")
                ),
            );
        }
        let mut tensors = release::write(self.model, self.precision);
        if let Some(trainer) = &self.trainer {
            put(TRAINER_STEP, trainer.step.to_string());
            put(TRAINER_CONFIG, to_json(trainer.config));
            for (prefix, moment) in [FIRST_MOMENT, SECOND_MOMENT]
                .into_iter()
                .zip(trainer.moments)
            {
                release::write_like(&self.model.parameters, prefix, moment, &mut tensors);
            }
        }
        encode::encode(&metadata, tensors)
    }

    /// The model that opens from the file, and the file's bytes: its numbers are rounded, and all
    /// heads are heard.
    ///
    /// # Errors
    /// As [`Self::encode`], and when there is too little memory for another model.
    ///
    /// # Panics
    /// As [`Self::encode`].
    pub fn rounded(&self) -> Result<(Model, usize)> {
        let bytes = self.encode()?.to_vec();
        Ok((Checkpoint::from_bytes(&bytes)?.model, bytes.len()))
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn file_error(path: &std::path::Path, error: &std::io::Error) -> Error {
    Error::File {
        path: path.display().to_string(),
        message: error.to_string(),
    }
}

fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("texts, numbers and lists of them are always JSON")
}

/// How the metadata names an architecture.
fn kind(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::Wave => "wave",
        Architecture::Standard => "standard",
    }
}

/// A few bytes may ask for a huge model: this compares before anything is allocated.
fn check_size(config: &ModelConfig, bytes: usize) -> Result<()> {
    config.check_memory()?;
    let wanted = config.parameter_count();
    if wanted > bytes {
        return Err(error(
            CONFIG,
            format!(
                "expected a file with this configuration's {wanted} numbers, found one of {bytes} \
                 bytes: the configuration and the tensors are not of one model",
            ),
        ));
    }
    // The file, its values as they are read, and the model.
    memory::check(
        "Opening this file",
        config.memory().saturating_add(2 * bytes as u64),
        "choose a smaller model",
    )
}

/// Refuses tensors that the model has no place for.
fn refuse_rest(model: &Model, rest: &BTreeMap<String, TensorView<'_>>) -> Result<()> {
    let Some(name) = rest.keys().next() else {
        return Ok(());
    };
    Err(error(
        name,
        format!(
            "expected only the tensors of {}, found {} more: {}; what they do to the model is not \
             known here, so it would not be the same without them",
            match model.config.architecture {
                Architecture::Wave => "a Wave Field model",
                Architecture::Standard => "a standard Transformer",
            },
            rest.len(),
            names::listed(rest.keys())
        ),
    ))
}

/// A note with its capital and its full stop.
fn sentence(note: String) -> String {
    let mut rest = note.chars();
    match rest.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), rest.as_str()),
        None => note,
    }
}

#[cfg(test)]
mod tests;
