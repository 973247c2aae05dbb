//! From text to token ids and back.
//!
//! Two kinds: one token a character of the training text, and byte-level byte-pair encoding (BPE)
//! trained on the person's own text, which reads any text. Both are stored as `tokenizer.json`, in
//! the form that the `tokenizers` library reads and writes, and give the same ids as it does.
//! Nothing is normalised: line ends, accents and spaces stay as they are.

mod added;
mod bpe;
mod byte_level;
mod character;
mod hash;
mod json;
mod stream;
mod train;
mod unicode;
mod unknown;
mod words;

use std::ops::ControlFlow;

pub use added::Added;
pub use bpe::Bpe;
pub use character::Character;
pub use stream::Utf8Stream;

use crate::{Error, Result};

/// Shown in place of an id that the vocabulary does not have, and of bytes that are no text.
const REPLACEMENT: &str = "\u{fffd}";

/// A vocabulary and the way to cut a text into its tokens.
#[derive(Clone, Debug, PartialEq)]
pub enum Tokenizer {
    /// One token a character.
    Character(Character),
    /// Byte-level byte-pair encoding.
    Bpe(Bpe),
}

impl Tokenizer {
    /// A vocabulary of the text's characters, in the order of their code points.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] for an empty text.
    pub fn train_character(text: &str) -> Result<Self> {
        refuse_empty(text)?;
        // As whole numbers, of which the engine sorts others too: each kind brings 4 KB of code.
        let mut codes: Vec<u32> = text.chars().map(u32::from).collect();
        codes.sort_unstable();
        codes.dedup();
        let characters = codes.into_iter().filter_map(char::from_u32).collect();
        Character::new(characters).map(Tokenizer::Character)
    }

    /// Byte-pair encoding trained on the text: the 256 bytes, then the pair of tokens seen most
    /// often becomes a token, over and over. Of equally frequent pairs the one with the lower ids
    /// wins, so the same text gives the same vocabulary everywhere.
    ///
    /// The vocabulary stays smaller than `vocab_size` if no pair occurs twice any more.
    /// `progress(tokens, vocab_size)` is called before each merge, and can stop the training.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] for an empty text, a size below 256, and a training that was stopped.
    pub fn train_bpe(
        text: &str,
        vocab_size: usize,
        mut progress: impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Self> {
        refuse_empty(text)?;
        train::train(text, vocab_size, &mut progress).map(Tokenizer::Bpe)
    }

    /// `"character"` or `"bpe"`.
    pub fn kind(&self) -> &'static str {
        match self {
            Tokenizer::Character(_) => "character",
            Tokenizer::Bpe(_) => "bpe",
        }
    }

    /// The number of tokens; the ids are `0..vocab_size()`.
    pub fn vocab_size(&self) -> usize {
        match self {
            Tokenizer::Character(character) => character.vocab_size(),
            Tokenizer::Bpe(bpe) => bpe.vocab_size(),
        }
    }

    /// Checks that a model's tokens can be those of this vocabulary.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] when the model knows more or fewer.
    pub fn check_size(&self, vocab_size: usize) -> Result<()> {
        let found = self.vocab_size();
        if found == vocab_size {
            return Ok(());
        }
        Err(error(format!(
            "expected a vocabulary of {vocab_size} tokens, which is what the model has, found one \
             of {found}; use the tokenizer that the model was trained with"
        )))
    }

    /// The ids of a text.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] that names the characters which the vocabulary does not have. A BPE
    /// vocabulary with all 256 bytes, such as [`Tokenizer::train_bpe`] makes, has every character.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        match self {
            Tokenizer::Character(character) => character.encode(text),
            Tokenizer::Bpe(bpe) => bpe.encode(text),
        }
    }

    /// The text of ids. An id that the vocabulary does not have, and bytes that are no valid UTF-8,
    /// show as U+FFFD.
    pub fn decode(&self, ids: &[u32]) -> String {
        let mut bytes = Vec::with_capacity(ids.len() * 4);
        for &id in ids {
            self.append_bytes(id, &mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Bytes of text that ids stand for.
    pub fn byte_len(&self, ids: &[u32]) -> usize {
        let mut bytes = Vec::new();
        let len = |id: &u32| {
            bytes.clear();
            self.append_bytes(*id, &mut bytes);
            bytes.len()
        };
        ids.iter().map(len).sum()
    }

    /// One token for display. Bytes that are only a part of a character show as `<0xE2>`.
    pub fn token_text(&self, id: u32) -> String {
        let mut bytes = Vec::new();
        self.append_bytes(id, &mut bytes);
        let mut text = String::new();
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            for byte in chunk.invalid() {
                text.push_str(&format!("<0x{byte:02X}>"));
            }
        }
        text
    }

    /// Turns ids into text one at a time, without ever showing half a character.
    pub fn streamer(&self) -> Utf8Stream {
        Utf8Stream::default()
    }

    /// The `tokenizer.json` of this tokenizer.
    pub fn to_json(&self) -> String {
        json::write(self)
    }

    /// Reads a `tokenizer.json`: one written by [`Tokenizer::to_json`], or a byte-level BPE of the
    /// `tokenizers` library without a normalizer.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] that says what was expected, what was found and what to do.
    pub fn from_json(text: &str) -> Result<Self> {
        Self::from_json_with_notes(text).map(|(tokenizer, _)| tokenizer)
    }

    /// The same, and in words what the file asks for that is not done here because it changes no
    /// token of a text.
    ///
    /// # Errors
    /// As [`Tokenizer::from_json`].
    pub fn from_json_with_notes(text: &str) -> Result<(Self, Vec<String>)> {
        json::read(text)
    }

    /// Adds a token's bytes, or those of U+FFFD for an id outside the vocabulary.
    fn append_bytes(&self, id: u32, bytes: &mut Vec<u8>) {
        let known = match self {
            Tokenizer::Character(character) => character.append_bytes(id, bytes),
            Tokenizer::Bpe(bpe) => bpe.append_bytes(id, bytes),
        };
        if !known {
            bytes.extend_from_slice(REPLACEMENT.as_bytes());
        }
    }
}

fn refuse_empty(text: &str) -> Result<()> {
    if text.is_empty() {
        return Err(error(
            "expected a text to learn a vocabulary from, found an empty one. Paste or open a text.",
        ));
    }
    Ok(())
}

fn error(message: impl Into<String>) -> Error {
    Error::Tokenizer {
        message: message.into(),
    }
}
