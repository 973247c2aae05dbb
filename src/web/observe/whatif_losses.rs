//! What if, measured: the losses of the model before and of the one after on the same windows of a text.

use super::whatif::{Before, Side};
use crate::diagnostics::losses::{LossChange, window_losses};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::web::open_model::Sides;
use crate::web::{Answer, Js, Session, object, read, said};
use js_sys::Float64Array;
use serde::{Deserialize, Serialize};
use tsify::Tsify;
use wasm_bindgen::prelude::*;

#[derive(Deserialize, Tsify)]
pub struct LossRequest {
    before: Before,
    side: Side,
    #[tsify(type = "Iterable<number>")]
    ids: Vec<u32>,
    length: usize,
}

#[derive(Serialize, Tsify)]
pub struct Losses {
    #[serde(with = "serde_wasm_bindgen::preserve")]
    losses: Float64Array,
}

#[derive(Deserialize, Tsify)]
#[tsify(rename = "LossChangeRequest")]
pub struct ChangeRequest {
    #[tsify(type = "Iterable<number>")]
    before: Vec<f64>,
    #[tsify(type = "Iterable<number>")]
    after: Vec<f64>,
}

/// Checks that windows are this model's: another one may have been opened since they were cut.
pub(in crate::web) fn check_windows(model: &Model, ids: &[u32], length: usize) -> Result<()> {
    let config = &model.config;
    let whole = length > 0 && length <= config.max_seq_len && ids.len().is_multiple_of(length + 1);
    if whole && ids.iter().all(|id| (*id as usize) < config.vocab_size) {
        return Ok(());
    }
    Err(Error::Data {
        message: format!(
            "expected windows of {length} + 1 tokens from 0 to {} for a context of {}, found {} \
             tokens that are none; cut the text anew for the open model",
            config.vocab_size - 1,
            config.max_seq_len,
            ids.len()
        ),
    })
}

#[wasm_bindgen]
impl Session {
    /// The losses of one model on windows of a text: `{losses}` for `{before, side, ids, length}`.
    pub fn observe_whatif_losses(&mut self, request: Js<LossRequest>) -> Answer<Js<Losses>> {
        let LossRequest {
            before,
            side,
            ids,
            length,
        } = read(request)?;
        let Sides { file, what_if, .. } = self.sides()?;
        let model = what_if.side(side, file, before).map_err(said)?;
        check_windows(model, &ids, length).map_err(said)?;
        let losses = window_losses(model, &ids, length).map_err(said)?;
        object(&Losses {
            losses: Float64Array::from(losses.as_slice()),
        })
    }

    /// What two models' losses on the same windows say of the change: `{mean, low, high, before, after}`
    /// for `{before, after}`.
    pub fn observe_whatif_change(&mut self, request: Js<ChangeRequest>) -> Answer<Js<LossChange>> {
        let ChangeRequest { before, after } = read(request)?;
        if before.is_empty() || before.len() != after.len() {
            let message = format!(
                "as many losses before as after are compared, at least one, but there are {} and {}",
                before.len(),
                after.len()
            );
            return Err(said(Error::Data { message }));
        }
        object(&LossChange::new(&before, &after))
    }
}
