//! The moving field of one head.

use super::{Passage, floats, sound};
use crate::config::ModelConfig;
use crate::diagnostics::Trace;
use crate::diagnostics::field::{Along, Field};
use crate::error::{Error, Result};
use crate::memory;
use crate::train::proof::distance;
use crate::web::{Answer, Js, Session, now, object, part, said};
use js_sys::Float32Array;
use serde::{Deserialize, Serialize};
use tsify::Tsify;
use wasm_bindgen::prelude::*;

/// Times × cells at most, so that a look stays short. Of a longer text the end is read.
const MOST_POINTS: usize = 1 << 18;

#[derive(Deserialize, Tsify)]
#[tsify(rename = "FieldRequest")]
pub struct Request {
    layer: usize,
    head: usize,
    /// As strength, instead of along one channel.
    strength: bool,
    /// Which channel; the one with most energy where it is not said.
    channel: Option<usize>,
    /// Its waves by Fourier transforms instead of step by step.
    #[serde(default)]
    transforms: bool,
}

/// N tokens, G cells.
#[derive(Serialize, Tsify)]
pub struct FieldView {
    /// How many tokens of the passage's end are seen.
    times: usize,
    cells: usize,
    /// The channel that is seen, or the strongest one.
    channel: usize,
    /// What the model took to read those tokens up to this layer.
    milliseconds: f64,
    /// How far what was heard is from what it is step by step, in parts of its size; 0 where that is how it was computed.
    difference: f64,
    /// The share of each channel in the energy of the head's deposits.
    shares: Vec<f64>,
    /// (N) each; picked up after coupling, before the gate.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    deposits: Float32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    picked_up: Float32Array,
    /// (G).
    #[serde(with = "serde_wasm_bindgen::preserve")]
    kernel: Float32Array,
    /// (N, G) each: the field at every time, before and after coupling.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    frames: Float32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    coupled: Float32Array,
}

impl Session {
    fn look_at_field(&mut self, passage: &Passage, request: &Request) -> Result<FieldView> {
        let reading = self.reading(passage)?;
        reading.wave_head(request.layer, request.head)?;
        let config = &reading.model.config;
        let most = (MOST_POINTS / config.field_size).max(16);
        let ids = &reading.ids[reading.ids.len().saturating_sub(most)..];
        check_frames(config, ids.len(), request.strength)?;
        let model = reading.model.first_layers(request.layer + 1);
        let began = now();
        let read = match request.transforms {
            false => Trace::new(&model, ids),
            true => Trace::by_transforms(&model, ids),
        };
        let milliseconds = now() - began;
        let trace = sound(read)?;
        let difference = match request.transforms {
            false => 0.0,
            true => distance(heard(&trace), heard(&Trace::new(&model, ids))),
        };
        let field = Field::new(&model, &trace, request.layer);
        let energies = field.energies(request.head);
        let total = energies.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let strongest = (0..energies.len()).max_by(|a, b| energies[*a].total_cmp(&energies[*b]));
        let channel = request.channel.or(strongest).unwrap_or(0);
        if channel >= energies.len() {
            return Err(Error::Config {
                field: "channel",
                message: format!(
                    "must be below {}, the channels of a head, but is {channel}",
                    energies.len()
                ),
            });
        }
        let along = match request.strength {
            true => Along::Strength,
            false => Along::Channel(channel),
        };
        let head = request.head;
        Ok(FieldView {
            times: ids.len(),
            cells: field.cells(),
            channel,
            milliseconds,
            difference,
            shares: energies.iter().map(|energy| energy / total).collect(),
            deposits: floats(&field.seen(along, |channel| field.deposits(head, channel))),
            picked_up: floats(&field.seen(along, |channel| field.picked_up(head, channel))),
            kernel: floats(field.kernel(head)),
            frames: floats(&field.frames(head, along)),
            coupled: floats(&field.coupled_frames(head, along)),
        })
    }
}

/// (N, D): what the tokens heard in the last layer.
fn heard(trace: &Trace<f32>) -> &[f32] {
    let last = trace.layers.last().and_then(|layer| layer.wave());
    &last.expect("a wave model has layers").gathered
}

/// Refuses a field that would take too much memory: frames before and after coupling, once more for the
/// page and as squares for the strength, and every head's kernel.
fn check_frames(config: &ModelConfig, times: usize, strength: bool) -> Result<()> {
    let copies = 4 + 2 * u64::from(strength);
    let (cells, heads) = (config.field_size as u64, config.num_heads as u64);
    let what = format!("Showing a field of {cells} cells over {times} tokens");
    memory::check(
        &what,
        4 * cells * (copies * times as u64 + 2 * heads),
        "open a model with a smaller field",
    )
}

#[wasm_bindgen]
impl Session {
    /// `{source, text, layer, head, strength, channel}` to a `FieldView`.
    pub fn observe_field(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Passage & FieldRequest")] request: JsValue,
    ) -> Answer<Js<FieldView>> {
        let (passage, request) = (part(request.clone())?, part(request)?);
        object(&self.look_at_field(&passage, &request).map_err(said)?)
    }
}
