//! Every head of a model beside where it started, and what each contributes. The measurement takes long,
//! so it is kept here, of the model as it was when it began, and goes on in pieces.

use super::Source;
use crate::config::ModelConfig;
use crate::diagnostics::contributions::Contributions;
use crate::diagnostics::heads::{HeadReport, report, starts};
use crate::diagnostics::losses::LossChange;
use crate::error::Error;
use crate::model::Model;
use crate::web::{Answer, Js, Session, object, read, said};
use serde::{Deserialize, Serialize};
use tsify::Tsify;
use wasm_bindgen::prelude::*;

#[derive(Deserialize, Tsify)]
pub struct HeadsRequest {
    source: Source,
}

#[derive(Serialize, Tsify)]
pub struct Heads<'a> {
    config: &'a ModelConfig,
    /// Another one where anything that the model computes with is another.
    fingerprint: String,
    /// Layer by layer.
    heads: Vec<HeadReport>,
    /// The same of a fresh model.
    starts: Vec<HeadReport>,
    /// How loudly each is heard.
    gains: Vec<f32>,
}

#[derive(Deserialize, Tsify)]
#[tsify(rename = "HeadsBeginRequest")]
pub struct BeginRequest {
    source: Source,
    length: usize,
}

#[derive(Serialize, Tsify)]
#[tsify(rename = "HeadsBegun")]
pub struct Begun {
    /// That a window takes.
    readings: usize,
}

#[derive(Deserialize, Tsify)]
#[tsify(rename = "HeadsAdvanceRequest")]
pub struct AdvanceRequest {
    #[tsify(type = "Iterable<number>")]
    window: Vec<u32>,
    most: usize,
}

#[derive(Serialize, Tsify)]
#[tsify(rename = "HeadsAdvanced")]
pub struct Advanced {
    /// Whether the window is done.
    done: bool,
    /// Layer by layer; null before a head's first reading.
    changes: Vec<Option<Contribution>>,
}

/// What muting a head does to the loss, on so many windows.
#[derive(Serialize, Tsify)]
pub struct Contribution {
    #[serde(flatten)]
    change: LossChange,
    windows: usize,
}

#[wasm_bindgen]
impl Session {
    /// Every head, and where heads start: `{config, fingerprint, heads, starts, gains}` for `{source}`;
    /// no heads for a standard Transformer.
    pub fn observe_heads(&mut self, request: Js<HeadsRequest>) -> Answer<Js<Heads<'static>>> {
        let HeadsRequest { source } = read(request)?;
        let (model, _) = self.observed(source).map_err(said)?;
        object(&Heads {
            config: &model.config,
            fingerprint: fingerprint(model),
            heads: report(model),
            starts: starts(&model.config),
            gains: model.gains.clone(),
        })
    }

    /// Begins to measure what each head contributes, in place of any measurement before:
    /// `{readings}`, that a window takes, for `{source, length}`.
    pub fn observe_heads_begin(&mut self, request: Js<BeginRequest>) -> Answer<Js<Begun>> {
        let BeginRequest { source, length } = read(request)?;
        self.contributions = None;
        let (model, _) = self.observed(source).map_err(said)?;
        let begun = Contributions::new(model, length).map_err(said)?;
        let readings = begun.readings();
        self.contributions = Some(begun);
        object(&Begun { readings })
    }

    /// Reads on: `{done, changes}` for `{window, most}`, where `window` is that of the next readings, and
    /// of them `most` are done at most.
    pub fn observe_heads_advance(&mut self, request: Js<AdvanceRequest>) -> Answer<Js<Advanced>> {
        let AdvanceRequest { window, most } = read(request)?;
        let measured = (self.contributions.as_mut()).ok_or_else(|| said(not_begun()))?;
        let done = measured.advance(&window, most).map_err(said)?;
        let change = |layer, head| {
            let windows = measured.windows(layer, head);
            (measured.change(layer, head)).map(|change| Contribution { change, windows })
        };
        object(&Advanced {
            done,
            changes: measured.places().map(|(l, h)| change(l, h)).collect(),
        })
    }

    /// Ends the measurement, and frees its memory.
    pub fn observe_heads_end(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "object")] _request: JsValue,
    ) {
        self.contributions = None;
    }
}

/// FNV-1a over the bits of all parameters and gains, word by word.
fn fingerprint(model: &Model) -> String {
    let words = model.parameters.flat().iter().chain(&model.gains);
    let hash = words.fold(0xcbf2_9ce4_8422_2325u64, |hash, value| {
        (hash ^ u64::from(value.to_bits())).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn not_begun() -> Error {
    Error::Model {
        message: "no measurement of the heads was begun; begin one first".into(),
    }
}
