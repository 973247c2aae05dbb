//! How a text is cut into tokens before a model learns from it: the vocabulary, and what the text comes to
//! under it.

use crate::error::Result;
use crate::tokenizer::Tokenizer;
use crate::train::Dataset;
use serde::{Deserialize, Serialize};
use std::hash::{DefaultHasher, Hasher};
use std::ops::ControlFlow;
use tsify::Tsify;

/// So many tokens of a text's beginning are told.
const BEGINNING: usize = 400;

/// How the page asks for a vocabulary.
#[derive(Deserialize, Tsify)]
pub struct Vocabulary {
    #[tsify(type = "'character' | 'bpe'")]
    pub(super) kind: String,
    /// Of pieces; characters are as many as there are.
    pub(super) vocab_size: usize,
}

/// What a text comes to under a vocabulary.
#[derive(Serialize, Tsify)]
pub struct DataInfo {
    characters: usize,
    tokens: usize,
    vocabulary: usize,
    train_tokens: usize,
    validation_tokens: usize,
    /// Each token of the vocabulary for display, by its id.
    texts: Vec<String>,
    /// How often each of them stands in the text, by its id.
    counts: Vec<u32>,
    /// The ids that the text begins with.
    beginning: Vec<u32>,
}

/// The word pieces that were learned last, and from what: a person looks at a text's tokens, changes how
/// much of it is held back, and then trains on it, all with the same ones.
#[derive(Default)]
pub struct Learned(Option<(u64, usize, Tokenizer)>);

impl Learned {
    /// The vocabulary of a text.
    ///
    /// # Errors
    /// As [`Tokenizer::train_character`] and [`Tokenizer::train_bpe`].
    pub(super) fn from(&mut self, text: &str, asked: &Vocabulary) -> Result<Tokenizer> {
        if asked.kind != "bpe" {
            return Tokenizer::train_character(text);
        }
        let mut hasher = DefaultHasher::new();
        hasher.write(text.as_bytes());
        let (hash, size) = (hasher.finish(), asked.vocab_size);
        if let Some((_, _, known)) = (self.0.as_ref()).filter(|(h, s, _)| (*h, *s) == (hash, size))
        {
            return Ok(known.clone());
        }
        let learned = Tokenizer::train_bpe(text, size, |_, _| ControlFlow::Continue(()))?;
        self.0 = Some((hash, size, learned.clone()));
        Ok(learned)
    }

    /// Cuts a text into tokens, to see what it comes to.
    ///
    /// # Errors
    /// As [`Learned::from`] and [`Dataset::from_text`].
    pub(super) fn prepare(
        &mut self,
        text: &str,
        asked: &Vocabulary,
        share: f64,
    ) -> Result<DataInfo> {
        let tokenizer = self.from(text, asked)?;
        let data = Dataset::from_text(&tokenizer, text, share)?;
        let vocabulary = tokenizer.vocab_size();
        let mut counts = vec![0; vocabulary];
        for &id in data.train.iter().chain(&data.validation) {
            counts[id as usize] += 1;
        }
        Ok(DataInfo {
            characters: text.chars().count(),
            tokens: data.train.len() + data.validation.len(),
            vocabulary,
            train_tokens: data.train.len(),
            validation_tokens: data.validation.len(),
            texts: (0..vocabulary as u32)
                .map(|id| tokenizer.token_text(id))
                .collect(),
            counts,
            beginning: data.train[..data.train.len().min(BEGINNING)].to_vec(),
        })
    }
}
