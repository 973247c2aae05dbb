//! Which earlier tokens a token heard: in a layer, and over all layers by gradient.

use super::{
    Answer, Js, Passage, Reading, Session, check_reading, floats, object, part, said, traced,
};
use crate::diagnostics::influence::{gradient, heard};
use crate::error::{Error, Result};
use crate::memory;
use crate::model::network::Purpose;
use js_sys::Float32Array;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

#[derive(Deserialize, Tsify)]
#[tsify(rename = "InfluenceRequest")]
pub struct LayerRequest {
    layer: usize,
    /// All heads where there is none.
    head: Option<usize>,
}

/// Which tokens' hearing is asked for.
#[derive(Deserialize, Tsify)]
pub struct Rows {
    first: usize,
    count: usize,
}

/// What tokens heard in a layer, rows by all tokens; weights of a standard Transformer alone. See
/// [`crate::diagnostics::influence::Heard`].
#[derive(Serialize, Tsify)]
pub struct HeardRows {
    #[serde(with = "serde_wasm_bindgen::preserve")]
    loudness: Float32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    share: Float32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    weights: Float32Array,
}

/// What predictions felt of each token, rows by all tokens. See [`gradient::Felt`].
#[derive(Serialize, Tsify)]
pub struct FeltRows {
    #[serde(with = "serde_wasm_bindgen::preserve")]
    strength: Float32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    support: Float32Array,
    /// The text of each row's token that is predicted.
    targets: Vec<String>,
    losses: Vec<f32>,
}

impl Rows {
    /// Those that the text has.
    fn of(&self, reading: &Reading) -> Result<Range<usize>> {
        let tokens = reading.ids.len();
        if self.first >= tokens || self.count == 0 {
            return Err(missing(format!(
                "it has {tokens} tokens, but {} from number {} were asked for; choose a token of the text",
                self.count,
                self.first + 1
            )));
        }
        let rows = self.first..self.first.saturating_add(self.count).min(tokens);
        // Three numbers for each of the two, and once more for the page.
        memory::check(
            &format!("What {} tokens heard of {tokens}", rows.len()),
            24 * (rows.len() as u64).saturating_mul(tokens as u64),
            "look at fewer tokens at once, or choose a shorter text",
        )?;
        Ok(rows)
    }
}

fn missing(message: String) -> Error {
    Error::Data { message }
}

#[wasm_bindgen]
impl Session {
    /// What some tokens heard in a layer: `{loudness, share, weights}`, rows by tokens each, for
    /// `{source, text, layer, head, first, count}`.
    pub fn observe_influence(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Passage & Rows & InfluenceRequest")]
        request: JsValue,
    ) -> Answer<Js<HeardRows>> {
        let passage: Passage = part(request.clone())?;
        let rows: Rows = part(request.clone())?;
        let request: LayerRequest = part(request)?;
        let reading = self.reading(&passage).map_err(said)?;
        let rows = rows.of(&reading).map_err(said)?;
        let config = &reading.model.config;
        for (what, asked, count) in [
            ("layer", Some(request.layer), config.num_layers),
            ("head", request.head, config.num_heads),
        ] {
            if let Some(asked) = asked.filter(|asked| *asked >= count) {
                return Err(said(Error::Model {
                    message: format!(
                        "it has {count} {what}s, but {what} {} was asked for; choose one of them",
                        asked + 1
                    ),
                }));
            }
        }
        let trace = traced(reading.model, &reading.ids).map_err(said)?;
        let found = heard(&trace, request.layer, request.head, rows);
        object(&HeardRows {
            loudness: floats(&found.loudness),
            share: floats(&found.share),
            weights: floats(&found.weights),
        })
    }

    /// What some predictions felt of each token over all layers: `{strength, support, targets, losses}`,
    /// the first two rows by tokens, for `{source, text, first, count}`.
    pub fn observe_influence_gradient(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Passage & Rows")] request: JsValue,
    ) -> Answer<Js<FeltRows>> {
        let passage: Passage = part(request.clone())?;
        let rows: Rows = part(request)?;
        let reading = self.reading(&passage).map_err(said)?;
        let rows = rows.of(&reading).map_err(said)?;
        let tokens = reading.ids.len();
        check_reading(&reading.model.config, Purpose::Gradients, tokens).map_err(said)?;
        let found = gradient::felt::<f32>(reading.model, &reading.ids, rows);
        object(&FeltRows {
            strength: floats(&found.strength),
            support: floats(&found.support),
            targets: (found.targets.iter())
                .map(|id| reading.tokenizer.token_text(*id))
                .collect(),
            losses: found.losses,
        })
    }
}
