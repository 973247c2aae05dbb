//! The text that a run learns from, cut into batches.

use crate::error::{Error, Result};
use crate::kernels::cross_entropy::IGNORED;
use crate::memory;
use crate::rng::{Philox, Stream};
use crate::tokenizer::Tokenizer;

/// A text as tokens: what is learned from, and what is held back to measure on.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    pub train: Vec<u32>,
    pub validation: Vec<u32>,
}

/// Ids and targets of one batch, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    pub ids: Vec<i32>,
    /// The next token after each id, or [`IGNORED`].
    pub targets: Vec<i32>,
}

impl Dataset {
    /// Encodes a text; its last `validation_share` (of characters) is held back, which may be all
    /// of it where nothing is to be learned.
    ///
    /// # Errors
    /// [`Error::Config`] for a share outside 0 to 1, [`Error::Tokenizer`] for characters that the
    /// tokenizer does not know.
    pub fn from_text(tokenizer: &Tokenizer, text: &str, validation_share: f64) -> Result<Self> {
        if !(0.0..=1.0).contains(&validation_share) {
            return Err(Error::Config {
                field: "validation_share",
                message: format!("must be from 0 to 1, but is {validation_share}"),
            });
        }
        // An id of four bytes for each character at most, in a list that doubles as it grows.
        memory::check(
            &format!(
                "A text of {} as tokens",
                memory::in_words(text.len() as u64)
            ),
            8 * text.len() as u64,
            "choose a shorter text",
        )?;
        let characters = text.chars().count();
        // Rounding first keeps 1 - 0.1 from losing the last character of a tenth.
        let kept = (characters as f64 * (1.0 - validation_share)).round() as usize;
        let cut = text
            .char_indices()
            .nth(kept)
            .map_or(text.len(), |(at, _)| at);
        Ok(Dataset {
            train: tokenizer.encode(&text[..cut])?,
            validation: tokenizer.encode(&text[cut..])?,
        })
    }

    /// Checks that a run of this shape can learn from the text and be measured on it.
    ///
    /// # Errors
    /// [`Error::Data`] says how long the text must be, or which token is not the model's.
    pub fn validate(&self, seq_len: usize, vocab_size: usize) -> Result<()> {
        check("to learn from", &self.train, seq_len + 1, vocab_size)?;
        self.validate_validation(vocab_size)
    }

    /// Checks that a model can be measured on the validation text.
    ///
    /// # Errors
    /// As [`Dataset::validate`].
    pub fn validate_validation(&self, vocab_size: usize) -> Result<()> {
        check("to be measured on", &self.validation, 2, vocab_size)
    }

    /// Bytes that a token of the validation text stands for, in the mean over all that are predicted: all
    /// but the first.
    ///
    /// # Panics
    /// When there is no such text.
    pub fn bytes_per_token(&self, tokenizer: &Tokenizer) -> f64 {
        let predicted = &self.validation[1..];
        tokenizer.byte_len(predicted) as f64 / predicted.len() as f64
    }

    /// The batch of a step: rows cut from the text at places drawn from the seed.
    pub fn batch(&self, seed: u64, step: u64, rows: usize, seq_len: usize) -> Batch {
        let starts = self.starts(seed, step, rows, seq_len);
        windows(&self.train, starts, rows, seq_len)
    }

    /// Where the rows of a step's batch begin among the tokens that are learned from.
    pub fn starts(
        &self,
        seed: u64,
        step: u64,
        rows: usize,
        seq_len: usize,
    ) -> impl Iterator<Item = usize> + use<> {
        let rng = Philox::stream(seed, Stream::Batch);
        let places = (self.train.len() - seq_len) as u64;
        (0..rows).map(move |row| rng.below(step * rows as u64 + row as u64, places) as usize)
    }

    /// How many windows of `seq_len` tokens cover the validation text, the last one perhaps partly.
    pub fn validation_windows(&self, seq_len: usize) -> usize {
        (self.validation.len() - 1).div_ceil(seq_len)
    }

    /// The windows of these numbers as one batch of `rows` rows; missing rows are ignored.
    pub fn validation_batch(&self, numbers: &[usize], rows: usize, seq_len: usize) -> Batch {
        let starts = numbers.iter().map(|number| number * seq_len);
        windows(&self.validation, starts, rows, seq_len)
    }
}

fn check(part: &str, tokens: &[u32], least: usize, vocab_size: usize) -> Result<()> {
    let fail = |message| Err(Error::Data { message });
    if tokens.len() < least {
        return fail(format!(
            "the part {part} has {} tokens, but at least {least} are needed; use a longer text or \
             a shorter context",
            tokens.len()
        ));
    }
    if let Some(id) = tokens.iter().find(|id| **id as usize >= vocab_size) {
        return fail(format!(
            "it holds token {id}, but the model knows tokens 0 to {} only; use the tokenizer that \
             belongs to the model",
            vocab_size - 1
        ));
    }
    Ok(())
}

fn windows(
    tokens: &[u32],
    starts: impl Iterator<Item = usize>,
    rows: usize,
    seq_len: usize,
) -> Batch {
    let mut batch = Batch {
        ids: vec![0; rows * seq_len],
        targets: vec![IGNORED; rows * seq_len],
    };
    for (row, start) in starts.enumerate() {
        let window = &tokens[start..(start + seq_len + 1).min(tokens.len())];
        for (i, pair) in window.windows(2).enumerate() {
            batch.ids[row * seq_len + i] = pair[0] as i32;
            batch.targets[row * seq_len + i] = pair[1] as i32;
        }
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset() -> Dataset {
        Dataset {
            train: (0..50).collect(),
            validation: (0..11).collect(),
        }
    }

    #[test]
    fn batches_follow_the_seed_and_the_step() {
        let batch = dataset().batch(1, 1, 4, 8);
        assert_eq!(batch, dataset().batch(1, 1, 4, 8));
        assert_ne!(batch, dataset().batch(1, 2, 4, 8));
        assert_ne!(batch, dataset().batch(2, 1, 4, 8));
        for (id, target) in batch.ids.iter().zip(&batch.targets) {
            assert_eq!(id + 1, *target);
        }
        let starts: Vec<i32> = (dataset().starts(1, 1, 4, 8)).map(|s| s as i32).collect();
        let first: Vec<i32> = batch.ids.iter().step_by(8).copied().collect();
        assert_eq!(starts, first, "token i of this text is i");
    }

    #[test]
    fn every_place_can_be_drawn() {
        let data = dataset();
        let mut seen: Vec<i32> = (0..400)
            .map(|step| data.batch(3, step, 1, 48).ids[0])
            .collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(
            seen,
            [0, 1],
            "50 tokens have two windows of 48 with a next token"
        );
    }

    #[test]
    fn validation_windows_cover_each_target_once() {
        let data = dataset();
        assert_eq!(data.validation_windows(4), 3);
        let batch = data.validation_batch(&[0, 1, 2], 4, 4);
        let counted: Vec<i32> = batch
            .targets
            .iter()
            .copied()
            .filter(|t| *t != IGNORED)
            .collect();
        assert_eq!(counted, (1..11).collect::<Vec<i32>>());
    }

    #[test]
    fn the_share_held_back_is_the_end_of_the_text_or_all_of_it() {
        let text = "abcdefghij";
        let tokenizer = Tokenizer::train_character(text).unwrap();
        let split = |share| -> Result<(String, String)> {
            let data = Dataset::from_text(&tokenizer, text, share)?;
            Ok((
                tokenizer.decode(&data.train),
                tokenizer.decode(&data.validation),
            ))
        };
        for (share, train, validation) in
            [(0.0, text, ""), (0.1, "abcdefghi", "j"), (1.0, "", text)]
        {
            assert_eq!(split(share), Ok((train.into(), validation.into())));
        }
        for share in [-0.1, 2.0, f64::NAN] {
            let refused = split(share);
            assert!(refused.unwrap_err().to_string().contains("from 0 to 1"));
        }
        let all = Dataset::from_text(&tokenizer, text, 1.0).unwrap();
        assert!(all.validate_validation(10).is_ok());
        assert!(
            all.validate(1, 10).is_err(),
            "nothing is left to learn from"
        );
    }

    #[test]
    fn a_short_text_and_a_foreign_token_are_named() {
        let message = |seq_len, vocab| dataset().validate(seq_len, vocab).unwrap_err().to_string();
        assert!(
            message(50, 50).contains("at least 51"),
            "{}",
            message(50, 50)
        );
        assert!(message(8, 40).contains("token 40"), "{}", message(8, 40));
        assert!(dataset().validate(49, 50).is_ok());
    }
}
