//! The text that losses are measured on, as tokens. The page keeps them and sends windows of them back.

use super::Passage;
use crate::web::{Answer, Js, Session, object, read, said};
use js_sys::Uint32Array;
use serde::Serialize;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

#[derive(Serialize, Tsify)]
pub struct Encoded {
    #[serde(with = "serde_wasm_bindgen::preserve")]
    ids: Uint32Array,
}

#[wasm_bindgen]
impl Session {
    /// The tokens of a whole text, which may be longer than the context: `{ids}` for `{source, text}`.
    pub fn observe_encoding(&mut self, request: Js<Passage>) -> Answer<Js<Encoded>> {
        let Passage { source, text } = read(request)?;
        let (_, tokenizer) = self.observed(source).map_err(said)?;
        let ids = tokenizer.encode(&text).map_err(said)?;
        object(&Encoded {
            ids: Uint32Array::from(ids.as_slice()),
        })
    }
}
