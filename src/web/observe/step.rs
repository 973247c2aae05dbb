//! One step, slowly: the training's next step as a second trainer beside it makes it, in parts, so that
//! other work gets in between. What was seen is kept with the training that it is of.

use super::{Source, floats, no_model};
use crate::error::{Error, Result};
use crate::tokenizer::Tokenizer;
use crate::train::{Seen, Slowly, StepTensor, StepWave};
use crate::web::train::Training;
use crate::web::{Answer, Js, Session, object, read, said};
use js_sys::Float32Array;
use serde::{Deserialize, Serialize};
use tsify::Tsify;
use wasm_bindgen::prelude::*;

/// Tokens of the text that are shown before a row and after it.
const AROUND: usize = 60;

/// The step that is looked at: it is being made, or was seen.
pub(in crate::web) enum Looked {
    Going(Box<Slowly>),
    Done(Seen),
}

#[derive(Deserialize, Tsify)]
#[tsify(rename = "StepRequest")]
pub struct BeginRequest {
    source: Source,
}

#[derive(Serialize, Tsify)]
#[tsify(rename = "StepBegun")]
pub struct Begun {
    /// The number of the step.
    step: u64,
    /// So many calls until it is there.
    parts: usize,
}

#[derive(Deserialize, Tsify)]
#[tsify(rename = "StepPlaceRequest")]
pub struct PlaceRequest {
    place: usize,
}

/// A step and what it did. Places are those of the batch, row by row.
#[derive(Serialize, Tsify)]
#[tsify(rename = "StepSeen")]
pub struct Shown<'a> {
    step: u64,
    /// Steps that the training has in all: a later one would come if it went on.
    steps: u64,
    /// Rows of the batch.
    rows: usize,
    /// Places of a row.
    length: usize,
    /// Where each row begins among the tokens that are learned from.
    starts: &'a [usize],
    /// Tokens that are learned from, and those that are held back after them.
    learned: usize,
    held_back: usize,
    /// The text of each token of each row, one more than a row has places: the last one is predicted only.
    tokens: Vec<String>,
    /// The text before each row and after it.
    around: Vec<[String; 2]>,
    /// Nats at each place.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    before: Float32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    after: Float32Array,
    /// Their mean, before and after, as training computes it.
    losses: [f32; 2],
    learning_rate: f64,
    weight_decay: f64,
    gradient_norm: f32,
    clip_norm: f64,
    /// What all gradients were multiplied by.
    scale: f64,
    dropout: f32,
    layers: usize,
    tensors: &'a [StepTensor],
    waves: &'a [StepWave],
    /// Whether the training is on a graphics card, whose own step differs by rounding.
    rounded: bool,
}

/// A token that could have come.
#[derive(Serialize, Tsify)]
#[tsify(rename = "StepChoice")]
pub struct ShownChoice {
    text: String,
    before: f32,
    after: f32,
    /// Whether it is the one that came.
    came: bool,
}

#[derive(Serialize, Tsify)]
#[tsify(rename = "StepPlace")]
pub struct ShownPlace {
    /// Those that were likeliest before, then those that are likeliest now, then the one that came.
    #[tsify(type = "StepChoice[]")]
    choices: Vec<ShownChoice>,
}

impl Training {
    fn shown<'a>(&self, seen: &'a Seen) -> Shown<'a> {
        let (config, dataset) = (self.trainer.config(), self.trainer.dataset());
        let tokenizer = self.observed().1;
        let (rows, length) = (seen.starts.len(), config.seq_len);
        let text = &dataset.train;
        let windows = seen.starts.iter().map(|start| *start..start + length + 1);
        let tokens = windows.clone().flat_map(|window| &text[window]);
        let around = windows.map(|window| {
            let before = window.start.saturating_sub(AROUND)..window.start;
            let after = window.end..(window.end + AROUND).min(text.len());
            [before, after].map(|part| tokenizer.decode(&text[part]))
        });
        Shown {
            step: seen.report.step,
            steps: config.steps,
            rows,
            length,
            starts: &seen.starts,
            learned: text.len(),
            held_back: dataset.validation.len(),
            tokens: tokens.map(|id| tokenizer.token_text(*id)).collect(),
            around: around.collect(),
            before: floats(&seen.losses[0]),
            after: floats(&seen.losses[1]),
            losses: [seen.report.loss, seen.loss_after],
            learning_rate: seen.report.learning_rate,
            weight_decay: config.weight_decay,
            gradient_norm: seen.report.gradient_norm,
            clip_norm: config.clip_norm,
            scale: seen.scale,
            dropout: config.dropout,
            layers: self.observed().0.config.num_layers,
            tensors: &seen.tensors,
            waves: &seen.waves,
            rounded: self.trainer.device().is_gpu(),
        }
    }
}

fn place(seen: &Seen, tokenizer: &Tokenizer, place: usize) -> Result<ShownPlace> {
    let choices = seen.choices.get(place).ok_or_else(|| Error::Data {
        message: format!(
            "the batch has {} places, but place {} was asked for; choose one of them",
            seen.choices.len(),
            place + 1
        ),
    })?;
    let came = seen.batch.targets[place] as u32;
    let shown = choices.iter().map(|choice| ShownChoice {
        text: tokenizer.token_text(choice.token),
        before: choice.before,
        after: choice.after,
        came: choice.token == came,
    });
    Ok(ShownPlace {
        choices: shown.collect(),
    })
}

fn not_begun() -> Error {
    no_model("no step is being looked at; look at one first")
}

#[wasm_bindgen]
impl Session {
    /// Makes ready to look at the step after the training's copy, in place of any before: `{step, parts}`
    /// for `{source}`, which is the training.
    pub fn observe_step_begin(&mut self, request: Js<BeginRequest>) -> Answer<Js<Begun>> {
        let BeginRequest { source } = read(request)?;
        let training = (self.training.as_mut()).filter(|_| source == Source::Training);
        let training = training.ok_or_else(|| {
            said(no_model(
                "only a training makes steps; start a training first",
            ))
        })?;
        training.looked = None;
        let slowly = Slowly::of(&training.trainer).map_err(said)?;
        let begun = Begun {
            step: slowly.step(),
            parts: Slowly::PARTS,
        };
        training.looked = Some(Looked::Going(Box::new(slowly)));
        object(&begun)
    }

    /// Goes on with it: null until the last part, then all that was seen.
    #[wasm_bindgen(unchecked_return_type = "StepSeen | null")]
    pub fn observe_step_part(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "object")] _request: JsValue,
    ) -> Answer<JsValue> {
        let training = self.training.as_mut().ok_or_else(|| said(not_begun()))?;
        let Some(Looked::Going(slowly)) = &mut training.looked else {
            return Err(said(not_begun()));
        };
        let seen = match slowly.go_on() {
            Ok(Some(seen)) => seen,
            Ok(None) => return Ok(JsValue::NULL),
            Err(error) => {
                // The second trainer's memory is free, and nothing goes on from where it broke off.
                training.looked = None;
                return Err(said(error));
            }
        };
        let shown = object(&training.shown(&seen))?;
        // The second trainer's memory is free from here on.
        training.looked = Some(Looked::Done(seen));
        Ok(shown.into())
    }

    /// What was forecast at one place of the batch, before and after: `{choices}` for `{place}`.
    pub fn observe_step_place(&mut self, request: Js<PlaceRequest>) -> Answer<Js<ShownPlace>> {
        let request: PlaceRequest = read(request)?;
        let training = self.training.as_ref().ok_or_else(|| said(not_begun()))?;
        let Some(Looked::Done(seen)) = &training.looked else {
            return Err(said(not_begun()));
        };
        object(&place(seen, training.observed().1, request.place).map_err(said)?)
    }

    /// Ends it, and frees its memory.
    pub fn observe_step_end(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "object")] _request: JsValue,
    ) {
        if let Some(training) = &mut self.training {
            training.looked = None;
        }
    }
}
