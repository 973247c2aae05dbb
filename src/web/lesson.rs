//! The lesson in looking ahead as a worker of its own sees it.

use super::observe::Judged;
use super::{Answer, Js, plain, read, said};
use crate::error::Error;
use crate::lesson::{Lesson, Order};
use crate::train::Evaluation;
use serde::Serialize;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

/// Something of the sound model, and the same of the broken one.
#[derive(Serialize, Tsify)]
pub struct Both<T> {
    sound: T,
    broken: T,
}

impl<T> From<[T; 2]> for Both<T> {
    fn from([sound, broken]: [T; 2]) -> Self {
        Both { sound, broken }
    }
}

/// Trains a sound model and one that was made to hear later tokens.
#[wasm_bindgen]
pub struct LeakLesson(Lesson);

#[wasm_bindgen]
impl LeakLesson {
    /// Fresh models for `{text, leak, steps, seed}`; `leak` is `"circular_field"` or `"shared_cells"`.
    #[wasm_bindgen(constructor)]
    pub fn new(order: Js<Order>) -> Answer<LeakLesson> {
        let order: Order = read(order)?;
        Ok(LeakLesson(Lesson::new(&order).map_err(said)?))
    }

    /// Trains both for so many steps; the means of their losses over these, `{sound, broken}`.
    #[wasm_bindgen(unchecked_return_type = "Both<number>")]
    pub fn advance(&mut self, steps: u32) -> Answer<JsValue> {
        let mut sums = [0.0; 2];
        for _ in 0..steps {
            let losses = self.0.step().map_err(|error| match error {
                // A sentence of its own.
                Error::Model { message } => JsError::new(&message),
                other => said(other),
            })?;
            sums = [0, 1].map(|i| sums[i] + f64::from(losses[i]));
        }
        plain(&Both::from(sums.map(|sum| sum / f64::from(steps))))
    }

    /// Changes how many steps there are in all.
    pub fn set_steps(&mut self, steps: u32) -> Answer<()> {
        self.0.set_steps(u64::from(steps)).map_err(said)
    }

    /// How both do on so many windows of the text that was held back: `{sound, broken}`, each
    /// `{loss, perplexity, accuracy, tokens}`.
    #[wasm_bindgen(unchecked_return_type = "Both<Evaluation>")]
    pub fn evaluate(&mut self, windows: usize) -> Answer<JsValue> {
        let both: Both<Evaluation> = self.0.evaluate(windows).map_err(said)?.into();
        plain(&both)
    }

    /// A text by each, of so many characters: `{sound, broken}`.
    #[wasm_bindgen(unchecked_return_type = "Both<string>")]
    pub fn samples(&mut self, count: usize) -> Answer<JsValue> {
        let both: Both<String> = self.0.samples(count).map_err(said)?.into();
        plain(&both)
    }

    /// The broken one with its fault taken out and its numbers as they are: how it does on so many
    /// windows of the text that was held back, and a text of so many characters.
    #[wasm_bindgen(unchecked_return_type = "Scored")]
    pub fn mended(&mut self, windows: usize, count: usize) -> Answer<JsValue> {
        plain(&self.0.mended(windows, count).map_err(said)?)
    }

    /// The largest leak that is found in each: `{sound, broken}`, each `{length, position, before, after,
    /// scale, verdict}`.
    #[wasm_bindgen(unchecked_return_type = "Both<Judged>")]
    pub fn leaks(&mut self) -> Answer<JsValue> {
        let found = self.0.leaks().map_err(said)?.map(Judged::from);
        plain(&Both::from(found))
    }
}
