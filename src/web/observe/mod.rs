//! The lab: what the page sees of a model while it reads a text. Each view has a file and a method
//! `observe_…` of the session; the worker passes on what it is asked for by name.

mod causality;
mod coupling;
mod energy;
mod field;
mod heads;
mod influence;
mod step;
mod validation;
mod whatif;
mod whatif_losses;

use super::{Answer, Js, Session, object, part, plain, read, said};
use crate::config::ModelConfig;
use crate::diagnostics::Trace;
use crate::error::{Error, Result};
use crate::memory;
use crate::model::Model;
use crate::model::network::{Network, Purpose};
use crate::tokenizer::Tokenizer;
pub use causality::Judged;
use js_sys::Float32Array;
use serde::{Deserialize, Serialize};
pub(super) use step::Looked;
use tsify::Tsify;
use wasm_bindgen::prelude::*;
pub(super) use whatif::WhatIf;
pub(super) use whatif_losses::check_windows;

/// Which model is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Tsify)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The open model with its waves as they are bent now.
    Bent,
    /// The open model as its file has it.
    Original,
    /// The copy of the model in training.
    Training,
}

/// A text that a model reads.
#[derive(Debug, Clone, Deserialize, Tsify)]
pub struct Passage {
    pub source: Source,
    pub text: String,
}

/// A model, and as much of the end of a text as fits in its context.
pub struct Reading<'a> {
    pub model: &'a Model,
    pub tokenizer: &'a Tokenizer,
    /// At least one token.
    pub ids: Vec<u32>,
    /// Tokens before them that did not fit.
    pub dropped: usize,
}

/// How a text is cut, and where its tokens sit.
#[derive(Serialize, Tsify)]
pub struct CutText<'a> {
    /// The text of each token.
    tokens: Vec<String>,
    ids: &'a [u32],
    dropped: usize,
    config: &'a ModelConfig,
    /// After how many steps the copy of a model in training was made.
    step: Option<u64>,
    /// Cells of the field; empty for a standard Transformer.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    positions: Float32Array,
}

impl Reading<'_> {
    /// Checks that the model has a wave there.
    pub(super) fn wave_head(&self, layer: usize, head: usize) -> Result<()> {
        let config = &self.model.config;
        if !config.is_wave() {
            return Err(no_model(
                "this is a standard Transformer, which has no waves; open a Wave Field model",
            ));
        }
        if layer >= config.num_layers || head >= config.num_heads {
            return Err(Error::Config {
                field: "head",
                message: format!(
                    "the model has {} layers of {} heads, but layer {}, head {} was asked for",
                    config.num_layers,
                    config.num_heads,
                    layer + 1,
                    head + 1
                ),
            });
        }
        Ok(())
    }
}

impl Session {
    /// The model that is looked at, and its vocabulary.
    pub(super) fn observed(&mut self, source: Source) -> Result<(&Model, &Tokenizer)> {
        if source == Source::Training {
            let training = self.training.as_ref();
            return training.map(|training| training.observed()).ok_or_else(|| {
                no_model("nothing is being trained; start a training, or look at the open model")
            });
        }
        let open = self.open.as_mut();
        open.ok_or_else(|| no_model("no model is open yet; open a checkpoint first"))?
            .chosen(source == Source::Original)
    }

    /// The end of a passage as its model reads it. That it can be read is made sure of: twice what the
    /// reading takes, for what is looked at is copied from it.
    pub(super) fn reading(&mut self, passage: &Passage) -> Result<Reading<'_>> {
        let (model, tokenizer) = self.observed(passage.source)?;
        let mut ids = tokenizer.encode(&passage.text)?;
        if ids.is_empty() {
            return Err(Error::Data {
                message: "it is empty; give at least one character to look at".into(),
            });
        }
        let dropped = ids.len().saturating_sub(model.config.max_seq_len);
        ids.drain(..dropped);
        check_reading(&model.config, Purpose::Reading, ids.len())?;
        Ok(Reading {
            model,
            tokenizer,
            ids,
            dropped,
        })
    }
}

/// Refuses a text that would take too much memory to look at, before anything is allocated.
pub(super) fn check_reading(config: &ModelConfig, purpose: Purpose, tokens: usize) -> Result<()> {
    // Looked at is a copy of what the network holds.
    let needed = Network::memory(config, purpose, 1, tokens).saturating_mul(2);
    let what = format!("Looking at {tokens} tokens in this model");
    memory::check(&what, needed, "choose a shorter text, or a smaller model")
}

/// What a model computes over tokens, unless its numbers overflow on the way: there is nothing to look at
/// then, and no picture of it.
pub(super) fn traced(model: &Model, ids: &[u32]) -> Result<Trace<f32>> {
    sound(Trace::new(model, ids))
}

/// What was computed, unless something in it is no number.
pub(super) fn sound(trace: Trace<f32>) -> Result<Trace<f32>> {
    let all = trace.logits.iter().chain(&trace.output);
    if all.into_iter().all(|x| x.is_finite()) {
        return Ok(trace);
    }
    Err(Error::Model {
        message: "expected numbers, found that the model's own grow beyond what can be computed \
                  with while it reads this text; put the waves back, or open an earlier model"
            .into(),
    })
}

fn no_model(message: &str) -> Error {
    Error::Model {
        message: message.into(),
    }
}

/// Numbers as the page reads them fast. A field that holds one is marked
/// `#[serde(with = "serde_wasm_bindgen::preserve")]`.
pub(super) fn floats(values: &[f32]) -> Float32Array {
    Float32Array::from(values)
}

#[wasm_bindgen]
impl Session {
    /// How the end of a text is cut into tokens, and where they sit: `{tokens, ids, dropped, config,
    /// step, positions}` for `{source, text}`.
    pub fn observe_text(&mut self, passage: Js<Passage>) -> Answer<Js<CutText<'static>>> {
        let passage: Passage = read(passage)?;
        let training = self.training.as_ref();
        let step = (training.filter(|_| passage.source == Source::Training))
            .map(|training| training.observed_step());
        let reading = self.reading(&passage).map_err(said)?;
        let config = &reading.model.config;
        let place = |i| {
            let position = config.position(i);
            (position.cell as f64 + position.fraction) as f32
        };
        let places = if config.is_wave() {
            reading.ids.len()
        } else {
            0
        };
        object(&CutText {
            tokens: (reading
                .ids
                .iter()
                .map(|id| reading.tokenizer.token_text(*id)))
            .collect(),
            ids: &reading.ids,
            dropped: reading.dropped,
            config,
            step,
            positions: floats(&(0..places).map(place).collect::<Vec<_>>()),
        })
    }
}
