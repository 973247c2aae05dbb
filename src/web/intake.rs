//! What a file is, and reading texts, for the page's intake worker.

use super::{Answer, Js, object, plain, said};
use crate::intake::{Finding, Intake, Survey};
use crate::recognise::{self, Recognised};
use serde::Serialize;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

/// What a file of `size` bytes is: `{kind, what, advice}`, from its beginning and its end, each of
/// `sample_size()` bytes or all of it.
#[wasm_bindgen]
pub fn recognise(head: &[u8], tail: &[u8], size: f64) -> Answer<Js<Recognised>> {
    object(&recognise::recognise(head, tail, size as u64))
}

/// How many bytes of a file's beginning and end tell what it is.
#[wasm_bindgen]
pub fn sample_size() -> usize {
    recognise::SAMPLE
}

/// Finds out how a file is to be read, from all of its bytes.
#[wasm_bindgen]
#[derive(Default)]
pub struct TextSurvey(Survey);

#[derive(Serialize, Tsify)]
#[tsify(rename = "FoundEncoding")]
pub struct Found {
    /// Null where the person has to say.
    encoding: Option<&'static str>,
    /// Where the first byte is that is no UTF-8.
    at: f64,
}

#[wasm_bindgen]
impl TextSurvey {
    /// Of no bytes yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece.
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.push(bytes);
    }

    /// `{encoding, at}`; throws what it is not, in words.
    pub fn finish(self) -> Answer<Js<Found>> {
        let found = match self.0.finish().map_err(said)? {
            Finding::Reads(encoding) => Found {
                encoding: Some(encoding.name()),
                at: 0.0,
            },
            Finding::Unclear { at, .. } => Found {
                encoding: None,
                at: at as f64,
            },
        };
        object(&found)
    }
}

/// Reads a text piece by piece.
#[wasm_bindgen]
pub struct TextIntake(Intake);

#[wasm_bindgen]
impl TextIntake {
    /// In an encoding by its name, none for text that the browser has already; `chosen` is whether a
    /// person said that it is this one.
    #[wasm_bindgen(constructor)]
    pub fn new(encoding: &str, chosen: bool) -> Self {
        TextIntake(Intake::new(encoding, chosen))
    }

    /// Whether it decodes bytes itself; otherwise the browser does.
    pub fn decodes(&self) -> bool {
        self.0.decodes()
    }

    /// Takes the next bytes; gives the text that is sure by now.
    pub fn push(&mut self, bytes: &[u8], last: bool) -> String {
        self.0.push(bytes, last)
    }

    /// Takes the next piece of what the browser has decoded.
    pub fn push_text(&mut self, text: &str, last: bool) -> String {
        self.0.push_text(text, last)
    }

    /// What a person should know of how it was read, after the last piece; throws when too much of it
    /// could not be.
    #[wasm_bindgen(unchecked_return_type = "string[]")]
    pub fn notes(&self) -> Answer<JsValue> {
        plain(&self.0.notes().map_err(said)?)
    }
}
