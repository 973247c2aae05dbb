//! The open model: as the file has it, and as the person has bent it.

use super::observe::WhatIf;
use crate::checkpoint::{Checkpoint, Contents, ModelFiles, Precision};
use crate::config::ModelConfig;
use crate::decode::StateSize;
use crate::error::{Error, Result};
use crate::model::{Head, Model};
use crate::tokenizer::Tokenizer;
use serde::Serialize;
use std::collections::BTreeMap;
use tsify::Tsify;

/// A model with its vocabulary and the heads of its file.
pub struct OpenModel {
    /// What the page calls it.
    pub name: String,
    /// The model as bent.
    pub model: Model,
    /// The vocabulary.
    pub tokenizer: Tokenizer,
    /// The heads as the file has them, by layer, each with its raw damping: α back to raw is not
    /// exact, and the file's own waves must give the file's own text.
    file_heads: Vec<Vec<FileHead>>,
    /// How the file's heads mix, by layer.
    file_couplings: Vec<FileCoupling>,
    /// The model as the file has it; made when it is first asked for.
    original: Option<Model>,
    /// What the bent model is compared with, and how far that has come.
    pub what_if: WhatIf,
    /// Metadata that travels along.
    extra: BTreeMap<String, String>,
    /// What of its files was not as it should be.
    notes: Vec<String>,
}

/// The open model as the file has it and as it is bent, and what is kept of their comparison.
pub struct Sides<'a> {
    pub file: &'a Model,
    pub bent: &'a Model,
    pub tokenizer: &'a Tokenizer,
    pub what_if: &'a mut WhatIf,
}

/// A head as the file has it.
#[derive(Clone, Copy)]
struct FileHead {
    head: Head,
    raw_damping: f32,
}

/// A head as it is and as the file has it.
#[derive(Serialize, Tsify)]
pub struct HeadInfo {
    #[serde(flatten)]
    head: Head,
    initial: Head,
}

/// A layer's coupling as the file has it: as it is stored, for the logarithm of a weight is another C
/// of the same softmax, and the weights that follow from it.
struct FileCoupling {
    raw: Vec<f32>,
    weights: Vec<f32>,
}

/// How the heads of a layer mix, and how the file has them mix: (H, H) weights each.
#[derive(Serialize, Tsify)]
pub struct CouplingInfo<'a> {
    weights: Vec<f32>,
    initial: &'a [f32],
}

/// What the page is told about a model.
#[derive(Serialize, Tsify)]
pub struct ModelInfo<'a> {
    name: &'a str,
    config: &'a ModelConfig,
    /// How many numbers it has learned.
    parameters: usize,
    #[tsify(type = "'character' | 'bpe'")]
    vocabulary_kind: &'static str,
    /// Every token's text, by id.
    tokens: Vec<String>,
    /// None of a standard Transformer, whose heads have no waves.
    layers: Vec<Vec<HeadInfo>>,
    /// By layer; none of a standard Transformer.
    couplings: Vec<CouplingInfo<'a>>,
    /// What writing keeps of the text.
    state_bytes: StateSize,
    /// How it was trained, as far as the file says.
    trained: &'a BTreeMap<String, String>,
    /// What of its files was not as it should be and was taken all the same, in sentences.
    notes: &'a [String],
}

impl OpenModel {
    /// Reads a model that has its vocabulary with it.
    pub fn from_files(files: &ModelFiles<'_>, name: String) -> Result<Self> {
        let (checkpoint, notes) = Checkpoint::from_files(files)?;
        // The page knows this one by the word "vocabulary", and keeps the file until that comes.
        let tokenizer = checkpoint.tokenizer.ok_or_else(|| Error::Checkpoint {
            part: "tokenizer".into(),
            message:
                "the file carries no vocabulary, so its tokens cannot be turned into text; open \
                      the tokenizer.json that belongs to it too, now or together with it"
                    .into(),
        })?;
        let opened = Self::new(name, checkpoint.model, tokenizer, checkpoint.extra)?;
        Ok(OpenModel { notes, ..opened })
    }

    /// A model with its vocabulary.
    ///
    /// # Errors
    /// When the two do not belong together.
    pub fn new(
        name: String,
        model: Model,
        tokenizer: Tokenizer,
        extra: BTreeMap<String, String>,
    ) -> Result<Self> {
        let (tokens, rows) = (tokenizer.vocab_size(), model.config.vocab_size);
        if tokens != rows {
            return Err(Error::Checkpoint {
                part: "tokenizer".into(),
                message: format!(
                    "the vocabulary has {tokens} tokens but the model has {rows}; they belong to \
                     different models, so open the checkpoint that they were saved in together"
                ),
            });
        }
        let (layers, heads) = match model.config.is_wave() {
            true => (model.config.num_layers, model.config.num_heads),
            false => (0, 0),
        };
        let file_head = |layer, head| FileHead {
            head: model.head(layer, head),
            raw_damping: model.parameters.flat()[raw_damping(&model, layer, head)],
        };
        let file_heads = (0..layers)
            .map(|layer| (0..heads).map(|head| file_head(layer, head)).collect())
            .collect();
        let file_coupling = |layer| FileCoupling {
            raw: model.parameters.flat()[model.coupling_range(layer)].to_vec(),
            weights: model.coupling(layer),
        };
        let file_couplings = (0..layers).map(file_coupling).collect();
        Ok(OpenModel {
            name,
            model,
            tokenizer,
            file_heads,
            file_couplings,
            original: None,
            what_if: WhatIf::default(),
            extra,
            notes: Vec::new(),
        })
    }

    /// Everything that the page shows of it.
    pub fn info(&self) -> ModelInfo<'_> {
        ModelInfo {
            name: &self.name,
            config: &self.model.config,
            parameters: self.model.config.parameter_count(),
            vocabulary_kind: self.tokenizer.kind(),
            tokens: (0..self.tokenizer.vocab_size() as u32)
                .map(|id| self.tokenizer.token_text(id))
                .collect(),
            layers: self.layers(),
            couplings: self.couplings(),
            state_bytes: StateSize::of(&self.model.config),
            trained: &self.extra,
            notes: &self.notes,
        }
    }

    /// Every head, by layer.
    pub fn layers(&self) -> Vec<Vec<HeadInfo>> {
        let head_info = |layer, head, file: &FileHead| HeadInfo {
            head: self.model.head(layer, head),
            initial: file.head,
        };
        (self.file_heads.iter().enumerate())
            .map(|(layer, heads)| {
                (heads.iter().enumerate())
                    .map(|(head, file)| head_info(layer, head, file))
                    .collect()
            })
            .collect()
    }

    /// Bends one layer; all of it or, where a value does not do, none of it.
    pub fn set_heads(&mut self, layer: usize, heads: &[Head]) -> Result<()> {
        let before: Vec<Head> = match self.file_heads.get(layer) {
            Some(known) if known.len() == heads.len() => (0..heads.len())
                .map(|head| self.model.head(layer, head))
                .collect(),
            _ if !self.model.config.is_wave() => {
                return Err(Error::Config {
                    field: "heads",
                    message: "a standard Transformer has no waves to bend".into(),
                });
            }
            _ => {
                return Err(Error::Config {
                    field: "heads",
                    message: format!(
                        "{} heads were given for layer {layer}, but this model has {} layers of {} heads",
                        heads.len(),
                        self.model.config.num_layers,
                        self.model.config.num_heads
                    ),
                });
            }
        };
        for (head, &values) in heads.iter().enumerate() {
            if let Err(error) = self.set_head(layer, head, values) {
                for (head, &values) in before.iter().enumerate() {
                    self.set_head(layer, head, values)?;
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn set_head(&mut self, layer: usize, head: usize, values: Head) -> Result<()> {
        let file = self.file_heads[layer][head];
        bend(&mut self.model, layer, head, values, file)
    }

    /// Gives one layer, or all of them, the heads of the file.
    pub fn reset_heads(&mut self, only: Option<usize>) -> Result<()> {
        self.check_layer(only)?;
        for layer in 0..self.file_heads.len() {
            if only.is_none_or(|wanted| wanted == layer) {
                let heads: Vec<Head> = self.file_heads[layer]
                    .iter()
                    .map(|file| file.head)
                    .collect();
                self.set_heads(layer, &heads)?;
            }
        }
        Ok(())
    }

    fn check_layer(&self, only: Option<usize>) -> Result<()> {
        let layers = self.file_heads.len();
        match only.filter(|&layer| layers > 0 && layer >= layers) {
            Some(layer) => Err(Error::Config {
                field: "layer",
                message: format!("must be from 0 to {}, but is {layer}", layers - 1),
            }),
            None => Ok(()),
        }
    }

    /// Every layer's coupling.
    pub fn couplings(&self) -> Vec<CouplingInfo<'_>> {
        (self.file_couplings.iter().enumerate())
            .map(|(layer, file)| CouplingInfo {
                weights: self.model.coupling(layer),
                initial: &file.weights,
            })
            .collect()
    }

    /// Has the heads of one layer mix otherwise, (H, H) weights; a row of the file's own weights is
    /// the file's, bit for bit. All of it or, where a value does not do, none of it.
    pub fn set_coupling(&mut self, layer: usize, weights: &[f32]) -> Result<()> {
        let Some(file) = self.file_couplings.get(layer) else {
            // The model says what it has.
            return self.model.set_coupling(layer, weights);
        };
        let range = self.model.coupling_range(layer);
        let before = self.model.parameters.flat()[range.clone()].to_vec();
        self.model.parameters.flat_mut()[range.clone()].copy_from_slice(&file.raw);
        let set = self.model.set_coupling(layer, weights);
        if set.is_err() {
            self.model.parameters.flat_mut()[range].copy_from_slice(&before);
        }
        set
    }

    /// Has the heads of one layer, or of all of them, mix as the file has them mix.
    pub fn reset_couplings(&mut self, only: Option<usize>) -> Result<()> {
        self.check_layer(only)?;
        for (layer, file) in self.file_couplings.iter().enumerate() {
            if only.is_none_or(|wanted| wanted == layer) {
                let range = self.model.coupling_range(layer);
                self.model.parameters.flat_mut()[range].copy_from_slice(&file.raw);
            }
        }
        Ok(())
    }

    /// The model as bent, or as the file has it, and the vocabulary.
    pub fn chosen(&mut self, original: bool) -> Result<(&Model, &Tokenizer)> {
        if original && self.original.is_none() {
            let mut model = self.model.clone();
            for (layer, heads) in self.file_heads.iter().enumerate() {
                for (head, &file) in heads.iter().enumerate() {
                    bend(&mut model, layer, head, file.head, file)?;
                }
            }
            for (layer, file) in self.file_couplings.iter().enumerate() {
                let range = model.coupling_range(layer);
                model.parameters.flat_mut()[range].copy_from_slice(&file.raw);
            }
            self.original = Some(model);
        }
        let model = match &self.original {
            Some(model) if original => model,
            _ => &self.model,
        };
        Ok((model, &self.tokenizer))
    }

    /// The model as the file has it beside the bent one.
    pub fn sides(&mut self) -> Result<Sides<'_>> {
        self.chosen(true)?;
        Ok(Sides {
            file: self.original.as_ref().unwrap_or(&self.model),
            bent: &self.model,
            tokenizer: &self.tokenizer,
            what_if: &mut self.what_if,
        })
    }

    /// What its file has, with the heads as they are bent and coupled now.
    ///
    /// # Errors
    /// When no precision has that name.
    pub fn contents(&self, precision: &str) -> Result<Contents<'_>> {
        Ok(Contents {
            model: &self.model,
            tokenizer: Some(&self.tokenizer),
            extra: &self.extra,
            trainer: None,
            precision: Precision::named(precision)?,
        })
    }

    /// Its name as a file name: letters and digits, joined by hyphens.
    pub fn file_name(&self) -> String {
        let words: Vec<String> = (self.name.split(|c: char| !c.is_alphanumeric()))
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        let stem = if words.is_empty() {
            "wavefield".into()
        } else {
            words.join("-")
        };
        format!("{stem}.safetensors")
    }
}

/// Where a head's raw damping stands among the parameters.
fn raw_damping(model: &Model, layer: usize, head: usize) -> usize {
    model.parameters.table().layers[layer].wave().damping.start + head
}

/// Sets a head. It becomes the file's own first: so what is left as the file has it is accepted
/// whatever its size, and keeps its bits, the raw damping's too.
fn bend(model: &mut Model, layer: usize, head: usize, values: Head, file: FileHead) -> Result<()> {
    let ranges = model.parameters.table().layers[layer].wave().clone();
    let flat = model.parameters.flat_mut();
    flat[ranges.frequency.start + head] = file.head.frequency;
    flat[ranges.damping.start + head] = file.raw_damping;
    flat[ranges.phase.start + head] = file.head.phase;
    model.set_head(layer, head, values)
}
