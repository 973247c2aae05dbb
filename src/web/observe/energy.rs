//! How large the tokens' states are on their way, and what becomes of a layer's deposits.

use super::{Passage, floats, traced};
use crate::diagnostics::energy;
use crate::memory;
use crate::web::{Answer, Js, Session, object, part, said};
use js_sys::Float32Array;
use serde::{Deserialize, Serialize};
use tsify::Tsify;
use wasm_bindgen::prelude::*;

#[derive(Deserialize, Tsify)]
#[tsify(rename = "EnergyRequest")]
pub struct Request {
    /// Whose deposits are followed; the last one where there are fewer.
    layer: usize,
}

/// How large the tokens' states are at each place on their way, and what becomes of a layer's deposits; the
/// formulas are in `src/diagnostics/energy.rs`.
#[derive(Serialize, Tsify)]
pub struct Energy {
    layer: usize,
    places: Vec<energy::Place>,
    /// (places, N) each: token by token within a place.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    norms: Float32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    added: Float32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    along: Float32Array,
    scale: energy::Scale,
    /// None in a standard Transformer.
    waves: Option<WaveEnergy>,
}

/// What becomes of the deposits of a layer's waves.
#[derive(Serialize, Tsify)]
pub struct WaveEnergy {
    heads: Vec<energy::HeadEnergy>,
    /// (H, N)
    #[serde(with = "serde_wasm_bindgen::preserve")]
    openness: Float32Array,
    gate: [f64; 2],
    row_difference: f64,
    columns: Vec<f64>,
    coupling_change: f64,
}

fn narrow(values: &[f64]) -> Float32Array {
    floats(&values.iter().map(|x| *x as f32).collect::<Vec<_>>())
}

#[wasm_bindgen]
impl Session {
    /// `{layer, places, norms, added, along, scale, waves}` for `{source, text, layer}`.
    pub fn observe_energy(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Passage & EnergyRequest")] request: JsValue,
    ) -> Answer<Js<Energy>> {
        let passage: Passage = part(request.clone())?;
        let request: Request = part(request)?;
        let reading = self.reading(&passage).map_err(said)?;
        let model = reading.model;
        memory::check(
            &format!("The energy on a field of {} cells", model.config.field_size),
            energy::memory(&model.config),
            "open a model with a smaller field",
        )
        .map_err(said)?;
        let trace = traced(model, &reading.ids).map_err(said)?;
        let layer = request.layer.min(model.config.num_layers - 1);
        let stream = energy::stream(&trace);
        let waves = model.config.is_wave().then(|| {
            let found = energy::layer(model, &trace, layer);
            WaveEnergy {
                openness: narrow(&found.openness),
                heads: found.heads,
                gate: found.gate,
                row_difference: found.row_difference,
                columns: found.columns,
                coupling_change: found.coupling_change,
            }
        });
        object(&Energy {
            layer,
            norms: narrow(&stream.norms),
            added: narrow(&stream.added),
            along: narrow(&stream.along),
            places: stream.places,
            scale: energy::scale(model, &trace, layer),
            waves,
        })
    }
}
