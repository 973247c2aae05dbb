//! What if a wave were another one: the open model as it is bent beside what it was before, which is its
//! file's model or the one that the person pinned. Every call reads or writes under one of the two, so
//! that none takes long.

use super::{Passage, floats};
use crate::decode::{GeneratedToken, Generation, GenerationSettings};
use crate::diagnostics::divergence::{Divergence, MOVED, Moved};
use crate::error::{Error, Result};
use crate::model::{Head, Model, inference};
use crate::web::open_model::{OpenModel, Sides};
use crate::web::{Answer, Js, Session, object, part, read, said};
use js_sys::{Float32Array, Uint32Array};
use serde::{Deserialize, Serialize};
use tsify::Tsify;
use wasm_bindgen::prelude::*;

/// Stands for no token.
const NONE: u32 = u32::MAX;

/// Kept with the open model between two calls.
#[derive(Default)]
pub struct WhatIf {
    /// The model as it was when the person pinned it, with everything that was bent.
    pinned: Option<Model>,
    /// The model as it was bent when the comparison began: it may be bent further while that goes on.
    after: Option<Model>,
    /// How often another one was taken.
    taken: u32,
    /// What the model before says to the text that was looked at last.
    heard: Option<Heard>,
    /// Texts being written under the model before, and under the one after.
    writing: [Option<Generation>; 2],
}

/// Logits of a text, (N, V).
struct Heard {
    before: Before,
    ids: Vec<u32>,
    logits: Vec<f32>,
}

/// What the bent model is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Tsify)]
#[serde(rename_all = "snake_case")]
pub enum Before {
    File,
    Pinned,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Tsify)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Before,
    After,
}

/// Which model is compared with the bent one.
#[derive(Deserialize, Tsify)]
pub struct CompareRequest {
    before: Before,
}

/// Forecasts compared, at every token of a text of N.
#[derive(Serialize, Tsify)]
pub struct Parted {
    /// (N): KL(before ‖ after) of the forecast after each token, in bits.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    bits: Float32Array,
    /// (N, 2·MOVED), six a token: the tokens that gained most, then those that lost most; [`NONE`],
    /// 2^32 - 1, where there are fewer.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    moved: Uint32Array,
    /// (N, 2·MOVED) each: their probabilities.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    moved_before: Float32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    moved_after: Float32Array,
    /// (N - 1) each: the probabilities of the token that follows in the text.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    followed_before: Float32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    followed_after: Float32Array,
}

/// What differs. Another number is another bending.
#[derive(Serialize, Tsify)]
pub struct Taken {
    /// Another number for every model that was taken.
    number: u32,
    /// Whether it is the model before, bit for bit.
    same: bool,
    heads: Vec<BentHead>,
    /// The layers whose heads mix otherwise.
    couplings: Vec<usize>,
}

/// A head that differs.
#[derive(Serialize, Tsify)]
pub struct BentHead {
    layer: usize,
    head: usize,
    before: Head,
    after: Head,
}

#[derive(Deserialize, Tsify)]
pub struct WriteRequest {
    before: Before,
    side: Side,
    prompt: String,
    settings: GenerationSettings,
    /// From the prompt on, whatever was written.
    begin: bool,
    most: usize,
}

#[derive(Serialize, Tsify)]
pub struct Written {
    tokens: Vec<GeneratedToken>,
    /// Nothing more will come.
    ended: bool,
}

impl WhatIf {
    fn before<'a>(&'a self, file: &'a Model, before: Before) -> Result<&'a Model> {
        match before {
            Before::File => Ok(file),
            Before::Pinned => self.pinned.as_ref().ok_or_else(nothing_pinned),
        }
    }

    fn after(&self) -> Result<&Model> {
        self.after.as_ref().ok_or_else(|| Error::Model {
            message: "no comparison was begun; take the waves as they are bent first".into(),
        })
    }

    pub(super) fn side<'a>(
        &'a self,
        side: Side,
        file: &'a Model,
        before: Before,
    ) -> Result<&'a Model> {
        match side {
            Side::Before => self.before(file, before),
            Side::After => self.after(),
        }
    }

    /// Has the model before read a text, unless it was the last one that it read.
    fn hear(&mut self, file: &Model, before: Before, ids: &[u32]) -> Result<&Heard> {
        let known = |heard: &Heard| heard.before == before && heard.ids == ids;
        let heard = match self.heard.take() {
            Some(heard) if known(&heard) => heard,
            _ => Heard {
                before,
                ids: ids.to_vec(),
                logits: inference::logits(self.before(file, before)?, ids, 1, ids.len())?,
            },
        };
        Ok(self.heard.insert(heard))
    }
}

fn nothing_pinned() -> Error {
    Error::Model {
        message: "nothing is pinned; pin the waves first, or compare with the file".into(),
    }
}

/// Whether numbers are the same, bit for bit.
fn same(values: &[f32], others: &[f32]) -> bool {
    let mut pairs = values.iter().zip(others);
    values.len() == others.len() && pairs.all(|(a, b)| a.to_bits() == b.to_bits())
}

/// Whether two models of one shape are the same, bit for bit.
fn same_models(a: &Model, b: &Model) -> bool {
    same(a.parameters.flat(), b.parameters.flat()) && same(&a.gains, &b.gains)
}

fn taken(sides: Sides<'_>, before: Before) -> Result<Taken> {
    let Sides {
        file,
        bent,
        what_if,
        ..
    } = sides;
    if !(what_if.after.as_ref()).is_some_and(|after| same_models(after, bent)) {
        what_if.after = Some(bent.clone());
        what_if.taken += 1;
    }
    let before = what_if.before(file, before)?;
    let config = &bent.config;
    let layers = if config.is_wave() {
        config.num_layers
    } else {
        0
    };
    let places = (0..layers).flat_map(|layer| (0..config.num_heads).map(move |head| (layer, head)));
    let heads = places.map(|(layer, head)| BentHead {
        layer,
        head,
        before: before.head(layer, head),
        after: bent.head(layer, head),
    });
    let mixes_otherwise = |layer: &usize| {
        let range = bent.parameters.table().layers[*layer]
            .wave()
            .coupling
            .clone();
        !same(
            &before.parameters.flat()[range.clone()],
            &bent.parameters.flat()[range],
        )
    };
    Ok(Taken {
        number: what_if.taken,
        same: same_models(before, bent),
        heads: heads.filter(|head| head.before != head.after).collect(),
        couplings: (0..layers).filter(mixes_otherwise).collect(),
    })
}

fn parted(sides: Sides<'_>, before: Before, ids: &[u32]) -> Result<Parted> {
    let Sides { file, what_if, .. } = sides;
    let logits = inference::logits(what_if.after()?, ids, 1, ids.len())?;
    let heard = what_if.hear(file, before, ids)?;
    let found = Divergence::new(&heard.logits, &logits, ids);
    if found.bits.iter().any(|bits| bits.is_nan()) {
        return Err(Error::Model {
            message: "expected numbers for the next token, found some that are none; reset the \
                      waves, or open the model anew"
                .into(),
        });
    }
    let moved: Vec<Option<Moved>> = (found.gained.iter().zip(&found.lost))
        .flat_map(|(gained, lost)| [gained, lost])
        .flat_map(|moved| (0..MOVED).map(|i| moved.get(i).copied()))
        .collect();
    let column = |of: fn(&Moved) -> f64, moved: &[Option<Moved>]| {
        let values = moved
            .iter()
            .map(|moved| moved.as_ref().map_or(0.0, of) as f32);
        floats(&values.collect::<Vec<_>>())
    };
    let ids: Vec<u32> = (moved
        .iter()
        .map(|moved| moved.map_or(NONE, |moved| moved.id)))
    .collect();
    let followed: Vec<Option<Moved>> = found.followed.iter().copied().map(Some).collect();
    Ok(Parted {
        bits: floats(
            &found
                .bits
                .iter()
                .map(|bits| *bits as f32)
                .collect::<Vec<_>>(),
        ),
        moved: Uint32Array::from(ids.as_slice()),
        moved_before: column(|moved| moved.before, &moved),
        moved_after: column(|moved| moved.after, &moved),
        followed_before: column(|moved| moved.before, &followed),
        followed_after: column(|moved| moved.after, &followed),
    })
}

fn written(sides: Sides<'_>, request: WriteRequest) -> Result<Written> {
    let mut writing = std::mem::take(&mut sides.what_if.writing);
    let model = sides
        .what_if
        .side(request.side, sides.file, request.before)?;
    let mut step = Written {
        tokens: Vec::new(),
        ended: false,
    };
    let place = &mut writing[request.side as usize];
    if request.begin {
        let mut settings = request.settings;
        settings.sampling.alternatives = 0;
        let begun = Generation::new(model, sides.tokenizer, &request.prompt, settings)?;
        *place = Some(begun);
    }
    let Some(generation) = place else {
        return Err(Error::Model {
            message: "no text was begun; begin it first".into(),
        });
    };
    while step.tokens.len() < request.most {
        match generation.next(model, sides.tokenizer)? {
            Some(token) => step.tokens.push(token),
            None => {
                step.ended = true;
                *place = None;
                break;
            }
        }
    }
    sides.what_if.writing = writing;
    Ok(step)
}

impl Session {
    pub(super) fn sides(&mut self) -> Answer<Sides<'_>> {
        let open: &mut OpenModel = self.open_mut()?;
        open.sides().map_err(said)
    }
}

#[wasm_bindgen]
impl Session {
    /// Pins the model as it is bent now, to be compared with later ones.
    pub fn observe_whatif_pin(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "object")] _request: JsValue,
    ) -> Answer<()> {
        let Sides { bent, what_if, .. } = self.sides()?;
        what_if.pinned = Some(bent.clone());
        what_if.heard = None;
        Ok(())
    }

    /// Takes the model as it is bent now for the one after, until it is taken anew, and says in what it
    /// differs from the one before: `{number, same, heads, couplings}` for `{before}`.
    pub fn observe_whatif_take(&mut self, request: Js<CompareRequest>) -> Answer<Js<Taken>> {
        let CompareRequest { before } = read(request)?;
        object(&taken(self.sides()?, before).map_err(said)?)
    }

    /// Has the model before read a passage, so that [`Session::observe_whatif`] has half the work left.
    pub fn observe_whatif_before(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Passage & CompareRequest")] request: JsValue,
    ) -> Answer<()> {
        let passage: Passage = part(request.clone())?;
        let CompareRequest { before } = part(request)?;
        let ids = self.reading(&passage).map_err(said)?.ids;
        let Sides { file, what_if, .. } = self.sides()?;
        what_if.hear(file, before, &ids).map_err(said)?;
        Ok(())
    }

    /// How far the bent model's forecasts lie from those before, token by token.
    pub fn observe_whatif(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Passage & CompareRequest")] request: JsValue,
    ) -> Answer<Js<Parted>> {
        let passage: Passage = part(request.clone())?;
        let CompareRequest { before } = part(request)?;
        let ids = self.reading(&passage).map_err(said)?.ids;
        object(&parted(self.sides()?, before, &ids).map_err(said)?)
    }

    /// Writes the next few tokens of one of two texts from the same prompt and seed.
    pub fn observe_whatif_text(&mut self, request: Js<WriteRequest>) -> Answer<Js<Written>> {
        let request = read(request)?;
        object(&written(self.sides()?, request).map_err(said)?)
    }
}
