//! Texts being generated, each in pieces.

use super::open_model::OpenModel;
use crate::decode::{
    Alternative, AtLimit, Decoder, EndReason, GeneratedToken, Generation, GenerationSettings,
    likeliest_tokens,
};
use crate::error::Result;
use serde::{Deserialize, Serialize};
use tsify::Tsify;

/// Likeliest tokens that are reported beside each token.
const ALTERNATIVES: usize = 5;

/// What the page asks for.
#[derive(Deserialize, Tsify)]
pub struct RunRequest {
    prompt: String,
    /// What was written after the prompt before, and is gone on with.
    #[serde(default)]
    written: Vec<u32>,
    /// The text was ended by a stop string, and goes on past it.
    #[serde(default)]
    past_stop: bool,
    settings: GenerationSettings,
    /// Under the waves of the file instead of the bent ones.
    original: bool,
}

/// One text being generated.
pub struct Run {
    generation: Generation,
    original: bool,
}

/// What a piece of work brought.
#[derive(Serialize, Tsify)]
#[tsify(rename = "RunStep")]
pub struct Step {
    tokens: Vec<GeneratedToken>,
    /// Bytes that are kept of the text so far.
    state_bytes: usize,
    /// Why the text ended; null while it goes on.
    reason: Option<Ended>,
}

/// Why a text ended.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "snake_case")]
enum Ended {
    /// It has as many tokens as were asked for.
    Length,
    /// A text that stops it came up.
    Stop,
}

impl Step {
    /// Whether nothing more will come.
    pub fn ended(&self) -> bool {
        self.reason.is_some()
    }
}

impl Run {
    /// Reads the prompt.
    pub fn start(open: &mut OpenModel, request: RunRequest) -> Result<Self> {
        let RunRequest {
            prompt,
            written,
            past_stop,
            mut settings,
            original,
        } = request;
        settings.sampling.alternatives = ALTERNATIVES;
        let (model, tokenizer) = open.chosen(original)?;
        let mut generation = Generation::new(model, tokenizer, &prompt, settings)?;
        generation.take_up(model, tokenizer, &written)?;
        if past_stop {
            generation.pass_stop();
        }
        Ok(Run {
            generation,
            original,
        })
    }

    /// Generates up to `most` tokens.
    pub fn step(&mut self, open: &mut OpenModel, most: usize) -> Result<Step> {
        let (model, tokenizer) = open.chosen(self.original)?;
        let mut tokens = Vec::new();
        let mut reason = None;
        while tokens.len() < most {
            let Some(token) = self.generation.next(model, tokenizer)? else {
                reason = Some(match self.generation.ended() {
                    Some(EndReason::Stop) => Ended::Stop,
                    _ => Ended::Length,
                });
                break;
            };
            tokens.push(token);
        }
        Ok(Step {
            tokens,
            state_bytes: self.generation.decoder().state_bytes(),
            reason,
        })
    }

    /// Must be called after any change to the bent model.
    pub fn physics_changed(&mut self) {
        if !self.original {
            self.generation.physics_changed();
        }
    }
}

/// The likeliest next tokens after a prompt, by the model's own probabilities.
pub fn next_tokens(
    open: &mut OpenModel,
    prompt: &str,
    count: usize,
    original: bool,
) -> Result<Vec<Alternative>> {
    let (model, tokenizer) = open.chosen(original)?;
    let mut ids = tokenizer.encode(prompt)?;
    if ids.is_empty() {
        // As a text that begins with nothing is generated.
        ids = tokenizer.encode("\n").unwrap_or_else(|_| vec![0]);
    }
    let mut decoder = Decoder::new(model, AtLimit::Reread);
    let logits = decoder.read(model, &ids);
    let likeliest = likeliest_tokens(logits, count.min(tokenizer.vocab_size()));
    let name = |(id, probability)| Alternative {
        text: tokenizer.token_text(id),
        probability,
    };
    Ok(likeliest.into_iter().map(name).collect())
}
