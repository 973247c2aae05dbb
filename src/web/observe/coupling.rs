//! How heads take of each other, and how tokens take on the mean of the text.

use super::{Passage, floats, traced};
use crate::diagnostics::coupling::couplings;
use crate::diagnostics::interference::interference;
use crate::web::{Answer, Js, Session, object, read, said};
use js_sys::Float32Array;
use serde::Serialize;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

/// How a layer's heads mix.
#[derive(Serialize, Tsify)]
pub struct LayerView {
    /// (H, H): what the row's head takes of the column's field.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    weights: Float32Array,
    /// (H): the root mean square of each field.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    loudness: Float32Array,
    /// (H, H): how large a part of what the row's head takes is the column's.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    taken: Float32Array,
}

/// An interference module, token by token.
#[derive(Serialize, Tsify)]
pub struct ModuleView {
    /// The layer that it follows.
    layer: usize,
    temperature: f64,
    /// How far the token agrees with the mean of the text so far, -1 to 1.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    alignment: Float32Array,
    /// How strongly the token takes it on.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    strength: Float32Array,
    /// How open the gate is.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    gate: Float32Array,
    /// How large what is added is beside the stream.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    added: Float32Array,
}

/// How heads and tokens are mixed.
#[derive(Serialize, Tsify)]
pub struct CouplingView {
    layers: Vec<LayerView>,
    modules: Vec<ModuleView>,
}

#[wasm_bindgen]
impl Session {
    /// How heads and tokens are mixed while the end of a text is read: `{layers: [{weights,
    /// loudness, taken}], modules: [{layer, temperature, alignment, strength, gate, added}]}` for
    /// `{source, text}`.
    pub fn observe_coupling(&mut self, passage: Js<Passage>) -> Answer<Js<CouplingView>> {
        let passage: Passage = read(passage)?;
        let reading = self.reading(&passage).map_err(said)?;
        let trace = traced(reading.model, &reading.ids).map_err(said)?;
        let layers = couplings(&trace).into_iter().map(|layer| LayerView {
            weights: floats(&layer.weights),
            loudness: floats(&layer.loudness),
            taken: floats(&layer.taken),
        });
        let modules = interference(reading.model, &trace).into_iter();
        object(&CouplingView {
            layers: layers.collect(),
            modules: modules
                .map(|module| ModuleView {
                    layer: module.layer,
                    temperature: module.temperature,
                    alignment: floats(&module.alignment),
                    strength: floats(&module.strength),
                    gate: floats(&module.gate),
                    added: floats(&module.added),
                })
                .collect(),
        })
    }
}
