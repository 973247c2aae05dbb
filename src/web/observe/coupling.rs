//! How heads take of each other, and how tokens take on the mean of the text.

use super::{Passage, floats, traced};
use crate::diagnostics::coupling::couplings;
use crate::diagnostics::interference::interference;
use crate::web::{Answer, Session, object, read, said};
use js_sys::Float32Array;
use serde::Serialize;
use wasm_bindgen::prelude::*;

#[derive(Serialize)]
struct LayerView {
    #[serde(with = "serde_wasm_bindgen::preserve")]
    weights: Float32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    loudness: Float32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    taken: Float32Array,
}

#[derive(Serialize)]
struct ModuleView {
    layer: usize,
    temperature: f64,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    alignment: Float32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    strength: Float32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    gate: Float32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    added: Float32Array,
}

#[derive(Serialize)]
struct CouplingView {
    layers: Vec<LayerView>,
    modules: Vec<ModuleView>,
}

#[wasm_bindgen]
impl Session {
    /// How heads and tokens are mixed while the end of a text is read: `{layers: [{weights,
    /// loudness, taken}], modules: [{layer, temperature, alignment, strength, gate, added}]}` for
    /// `{source, text}`.
    pub fn observe_coupling(&mut self, passage: JsValue) -> Answer<JsValue> {
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
