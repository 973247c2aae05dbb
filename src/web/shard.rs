//! A training step that several of the page's workers share, each with an engine of its own: what the
//! leader's session does for it, and what a helper is.
//!
//! What a worker has added up goes out into a buffer that can be handed to another worker, and comes
//! in from one. [`crate::train::Trainer::begin_share`] and its neighbours have the contract.

use super::{Answer, Session, said};
use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::train::{Dataset, Trainer};
use js_sys::{Float32Array, Uint32Array};
use std::collections::BTreeMap;
use wasm_bindgen::prelude::*;

/// Numbers that are added at once: a piece that stays in the cache between coming in and being added.
const PIECE: usize = 1 << 13;

/// The metadata entry that tells a helper which parameters are held still.
const FROZEN: &str = "frozen";

fn take(trainer: &Trainer, out: &Float32Array) {
    let (gradients, summaries) = trainer.share();
    let (middle, end) = (gradients.len() as u32, out.length());
    out.subarray(0, middle).copy_from(&gradients);
    out.subarray(middle, end).copy_from(summaries);
}

fn add(trainer: &mut Trainer, from: &Float32Array) {
    let len = from.length() as usize;
    let mut piece = vec![0.0; PIECE];
    for at in (0..len).step_by(PIECE) {
        let end = (at + PIECE).min(len);
        let piece = &mut piece[..end - at];
        from.subarray(at as u32, end as u32).copy_to(piece);
        trainer.add_share(at, piece);
    }
}

/// The leader's side.
#[wasm_bindgen]
impl Session {
    /// How many shards a step of the training is cut into.
    pub fn train_shards(&mut self) -> Answer<usize> {
        Ok(self.training()?.trainer.config().shards)
    }

    /// The texts' tokens that [`Helper::new`] takes: those that are learned from.
    pub fn train_tokens(&mut self) -> Answer<Uint32Array> {
        let tokens = &self.training()?.trainer.dataset().train;
        Ok(Uint32Array::from(&tokens[..]))
    }

    /// The training as it is now, for [`Helper::follow`].
    pub fn share_state(&mut self) -> Answer<Vec<u8>> {
        let trainer = &mut self.training()?.trainer;
        let checkpoint = Checkpoint {
            model: trainer.model().map_err(said)?.clone(),
            tokenizer: None,
            extra: BTreeMap::from([(FROZEN.to_string(), words(trainer.frozen()))]),
            trainer: Some(trainer.kept_state()),
        };
        checkpoint.to_bytes().map_err(said)
    }

    /// How many numbers a share has.
    pub fn share_len(&mut self) -> Answer<usize> {
        Ok(self.training()?.trainer.share_len())
    }

    /// What tells whether a helper follows this training.
    pub fn share_print(&mut self) -> Answer<u32> {
        Ok(self.training()?.trainer.fingerprint())
    }

    /// Computes the shards from `first` to before `end` of the next step.
    pub fn share_begin(&mut self, first: usize, end: usize) -> Answer<()> {
        self.training()?.trainer.begin_share(first..end);
        Ok(())
    }

    /// Copies what has been added up into a buffer of [`Session::share_len`] numbers.
    pub fn share_take(&mut self, out: &Float32Array) -> Answer<()> {
        take(&self.training()?.trainer, out);
        Ok(())
    }

    /// Adds what another worker has added up.
    pub fn share_add(&mut self, from: &Float32Array) -> Answer<()> {
        add(&mut self.training()?.trainer, from);
        Ok(())
    }

    /// Makes the step with what has been added up.
    pub fn share_finish(&mut self) -> Answer<()> {
        self.training()?.trainer.finish_shared();
        Ok(())
    }
}

/// A worker that helps with a training: a copy of the run that goes step by step with it.
#[wasm_bindgen]
pub struct Helper {
    data: Dataset,
    trainer: Option<Trainer>,
}

#[wasm_bindgen]
impl Helper {
    /// A helper that has the text but not the run yet.
    #[wasm_bindgen(constructor)]
    pub fn new(tokens: Vec<u32>) -> Self {
        let data = Dataset {
            // A helper measures nothing, but a run must have something to be measured on.
            validation: tokens[..tokens.len().min(2)].to_vec(),
            train: tokens,
        };
        let trainer = None;
        Helper { data, trainer }
    }

    /// Takes up the run as the leader has it.
    pub fn follow(&mut self, state: &[u8]) -> Answer<()> {
        // The old one goes first: two may not fit.
        self.trainer = None;
        self.trainer = Some(followed(state, self.data.clone()).map_err(said)?);
        Ok(())
    }

    fn trainer(&mut self) -> Answer<&mut Trainer> {
        (self.trainer.as_mut()).ok_or_else(|| JsError::new("this helper follows no training"))
    }

    /// As [`Session::share_len`].
    pub fn share_len(&mut self) -> Answer<usize> {
        Ok(self.trainer()?.share_len())
    }

    /// As [`Session::share_print`].
    pub fn share_print(&mut self) -> Answer<u32> {
        Ok(self.trainer()?.fingerprint())
    }

    /// As [`Session::share_begin`].
    pub fn share_begin(&mut self, first: usize, end: usize) -> Answer<()> {
        self.trainer()?.begin_share(first..end);
        Ok(())
    }

    /// As [`Session::share_take`].
    pub fn share_take(&mut self, out: &Float32Array) -> Answer<()> {
        take(self.trainer()?, out);
        Ok(())
    }

    /// As [`Session::share_add`].
    pub fn share_add(&mut self, from: &Float32Array) -> Answer<()> {
        add(self.trainer()?, from);
        Ok(())
    }

    /// As [`Session::share_finish`]; says whether the run has more steps.
    pub fn share_finish(&mut self) -> Answer<bool> {
        let trainer = self.trainer()?;
        trainer.finish_shared();
        // The leader tells how the step went; what is not taken would pile up here.
        crate::backend::wait(trainer.reports()).map_err(said)?;
        Ok(trainer.steps_done() < trainer.config().steps)
    }
}

/// Places, as a text.
fn words(places: &[usize]) -> String {
    let words: Vec<String> = places.iter().map(usize::to_string).collect();
    words.join(" ")
}

fn followed(state: &[u8], data: Dataset) -> Result<Trainer> {
    let mut checkpoint = Checkpoint::from_bytes(state)?;
    let frozen = checkpoint.extra.remove(FROZEN).unwrap_or_default();
    let places: std::result::Result<Vec<usize>, _> =
        frozen.split_whitespace().map(str::parse).collect();
    let places = places.map_err(|_| Error::Checkpoint {
        part: FROZEN.into(),
        message: format!("expected the places of numbers, found {frozen:?}; share the state again"),
    })?;
    let trainer = checkpoint.trainer.ok_or_else(|| Error::Checkpoint {
        part: "training state".into(),
        message: "is missing, so no helper can follow; share the state of a training".into(),
    })?;
    let mut trainer = Trainer::resume(checkpoint.model, trainer, data)?;
    trainer.freeze(places);
    Ok(trainer)
}
