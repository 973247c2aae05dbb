//! One token a character.

use super::error;
use super::hash::IntegerMap;
use super::unknown::{refuse_unknown, unknown_characters};
use crate::Result;

/// A vocabulary of characters.
#[derive(Clone, Debug, PartialEq)]
pub struct Character {
    /// The character of each id.
    characters: Vec<char>,
    ids: IntegerMap<char, u32>,
}

impl Character {
    /// A vocabulary in which a character's id is its place in `characters`.
    ///
    /// # Errors
    /// [`crate::Error::Tokenizer`] if there is none, or one stands twice.
    pub fn new(characters: Vec<char>) -> Result<Self> {
        if characters.is_empty() {
            return Err(error(
                "expected at least one character in the vocabulary, found none.",
            ));
        }
        let mut ids = IntegerMap::default();
        for (id, &c) in (0..).zip(&characters) {
            if let Some(other) = ids.insert(c, id) {
                return Err(error(format!(
                    "expected each character once in the vocabulary, found {c:?} with the ids \
                     {other} and {id}. Keep one of them.",
                )));
            }
        }
        Ok(Character { characters, ids })
    }

    /// The number of characters.
    pub fn vocab_size(&self) -> usize {
        self.characters.len()
    }

    /// The character of each id.
    pub fn characters(&self) -> &[char] {
        &self.characters
    }

    /// The ids of a text.
    ///
    /// # Errors
    /// [`crate::Error::Tokenizer`] that names the characters which the vocabulary does not have.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let ids: Option<Vec<u32>> = text.chars().map(|c| self.ids.get(&c).copied()).collect();
        match ids {
            Some(ids) => Ok(ids),
            None => refuse_unknown(text, |c| self.ids.contains_key(&c)).map(|()| Vec::new()),
        }
    }

    /// The distinct characters of a text that the vocabulary does not have, in order of appearance.
    pub fn unknown_characters(&self, text: &str) -> Vec<char> {
        unknown_characters(text, |c| self.ids.contains_key(&c))
    }

    /// Adds the bytes of a token; false if there is no such id.
    pub(super) fn append_bytes(&self, id: u32, bytes: &mut Vec<u8>) -> bool {
        let Some(c) = self.characters.get(id as usize) else {
            return false;
        };
        bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        true
    }
}
