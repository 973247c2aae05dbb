//! A run of text: prompt, decoder, sampler, and the text of tokens as they come.

use super::decoder::Decoder;
use super::sampler::{Choice, Sampler};
use super::settings::GenerationSettings;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::tokenizer::{Tokenizer, Utf8Stream};
use serde::Serialize;
use std::collections::VecDeque;

/// One token of generated text.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct GeneratedToken {
    /// The token.
    pub id: u32,
    /// What it adds to the text shown. Empty while a character is incomplete, which then stands
    /// with the token that completes it.
    pub text: String,
    /// How sure the model was of it; see [`Choice::probability`].
    pub probability: f32,
    /// The likeliest tokens at this place, best first; see [`Choice::alternatives`].
    pub alternatives: Vec<Alternative>,
}

/// A token that could have come.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Alternative {
    /// The token for display.
    pub text: String,
    /// Its probability under the model itself.
    pub probability: f32,
}

/// Why a run of text ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// As many tokens as were asked for.
    MaxTokens,
    /// A stop string came up.
    Stop,
}

/// Generates text token by token.
///
/// Text that could be the beginning of a stop string is held back, token by token, until that is
/// decided; a stop string itself is never shown.
#[derive(Debug, Clone)]
pub struct Generation {
    settings: GenerationSettings,
    decoder: Decoder,
    sampler: Sampler,
    stream: Utf8Stream,
    /// Drawn, but not yet read by the decoder: so a change of physics between two tokens counts
    /// from the next one on.
    unread: Option<u32>,
    /// Prompt and generated tokens, for the repetition penalty.
    history: Vec<u32>,
    generated: usize,
    held: VecDeque<GeneratedToken>,
    /// The next stop string is one that the text was stopped at before.
    passes_stop: bool,
    ended: Option<EndReason>,
}

impl Generation {
    /// Reads the prompt. An empty one reads as a line break, as at the start of a line.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] when the prompt has a character that the vocabulary lacks, or the
    /// tokenizer is another model's; [`Error::Config`] when a setting is out of range.
    pub fn new(
        model: &Model,
        tokenizer: &Tokenizer,
        prompt: &str,
        settings: GenerationSettings,
    ) -> Result<Self> {
        tokenizer.check_size(model.config.vocab_size)?;
        settings.validate()?;
        let sampler = Sampler::new(settings.sampling.clone())?;
        let mut history = tokenizer.encode(prompt)?;
        if history.is_empty() {
            history = match tokenizer.encode("\n") {
                Ok(ids) if !ids.is_empty() => ids,
                _ => vec![0],
            };
        }
        let mut decoder = Decoder::new(model, settings.at_limit);
        decoder.read(model, &history);
        Ok(Generation {
            settings: GenerationSettings {
                stop: settings
                    .stop
                    .into_iter()
                    .filter(|s| !s.is_empty())
                    .collect(),
                ..settings
            },
            decoder,
            sampler,
            stream: tokenizer.streamer(),
            unread: None,
            history,
            generated: 0,
            held: VecDeque::new(),
            passes_stop: false,
            ended: None,
        })
    }

    /// Takes up what was written after the prompt before, before anything is drawn: what comes is what
    /// would have come then, under the same seed and the same waves.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] when the model has no such token.
    pub fn take_up(&mut self, model: &Model, tokenizer: &Tokenizer, written: &[u32]) -> Result<()> {
        let count = tokenizer.vocab_size();
        if let Some(id) = written.iter().find(|&&id| id as usize >= count) {
            return Err(Error::Tokenizer {
                message: format!(
                    "expected a text by this model, whose tokens have numbers below {count}, found \
                     {id}; write from the prompt again"
                ),
            });
        }
        self.decoder.read(model, written);
        for &id in written {
            // Shown then; half a character may be left of it.
            self.stream.push(tokenizer, id);
        }
        self.history.extend_from_slice(written);
        self.sampler.skip(written.len() as u64);
        Ok(())
    }

    /// Shows the first stop string that comes up and goes on past it: a text that it had stopped would
    /// come to it again at once.
    pub fn pass_stop(&mut self) {
        self.passes_stop = true;
    }

    /// The next token to show, or `None` once the text has ended.
    ///
    /// # Errors
    /// [`Error::Model`] when the model's numbers have overflowed.
    pub fn next(&mut self, model: &Model, tokenizer: &Tokenizer) -> Result<Option<GeneratedToken>> {
        while self.ended.is_none() && self.held_back() == self.held.len() {
            if self.settings.max_tokens == 0 {
                self.ended = Some(EndReason::MaxTokens);
            } else {
                self.draw(model, tokenizer)?;
            }
        }
        Ok(self.held.pop_front())
    }

    /// Why the text ended: known as soon as the last token has been drawn, which is before the
    /// tokens held back were given out.
    pub fn ended(&self) -> Option<EndReason> {
        self.ended
    }

    /// How many tokens were drawn so far.
    pub fn generated(&self) -> usize {
        self.generated
    }

    /// Must be called after any change to the model; see [`Decoder::physics_changed`].
    pub fn physics_changed(&mut self) {
        self.decoder.physics_changed();
    }

    /// The decoder, to look at.
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    fn draw(&mut self, model: &Model, tokenizer: &Tokenizer) -> Result<()> {
        let logits = self.decoder.read(model, self.unread.take().as_slice());
        if !logits.iter().any(|logit| logit.is_finite()) {
            return Err(Error::Model {
                message: "expected numbers for the next token, found none that is finite; reset \
                          the waves, or open the model anew"
                    .into(),
            });
        }
        // However long the text gets, no more of it than the context is looked at.
        let recent = self.history.len().saturating_sub(model.config.max_seq_len);
        if recent > model.config.max_seq_len {
            self.history.drain(..recent);
        }
        let recent = self.history.len().saturating_sub(model.config.max_seq_len);
        let choice = self.sampler.next(logits, &self.history[recent..]);
        self.unread = Some(choice.id);
        self.history.push(choice.id);
        self.generated += 1;
        let mut text = self.stream.push(tokenizer, choice.id);
        if self.generated == self.settings.max_tokens {
            // A character that will now never be completed.
            text.push_str(&self.stream.finish());
            self.ended = Some(EndReason::MaxTokens);
        }
        self.held.push_back(describe(tokenizer, choice, text));
        self.stop_where_asked();
        Ok(())
    }

    /// Ends the text at the earliest stop string, and cuts it away.
    fn stop_where_asked(&mut self) {
        let text: String = self.held.iter().map(|token| token.text.as_str()).collect();
        let found = self.settings.stop.iter().filter_map(|stop| text.find(stop));
        let Some(mut keep) = found.min() else {
            return;
        };
        if std::mem::take(&mut self.passes_stop) {
            return;
        }
        for token in &mut self.held {
            token.text.truncate(keep);
            keep -= token.text.len();
        }
        while self.held.back().is_some_and(|token| token.text.is_empty()) {
            self.held.pop_back();
        }
        self.ended = Some(EndReason::Stop);
    }

    /// How many of the held tokens, from the back, may still turn out to be part of a stop string.
    fn held_back(&self) -> usize {
        let text: String = self.held.iter().map(|token| token.text.as_str()).collect();
        let stops = self.settings.stop.iter();
        let mut uncertain = stops.map(|stop| overlap(&text, stop)).max().unwrap_or(0);
        let mut tokens = 0;
        for token in self.held.iter().rev() {
            if uncertain == 0 {
                break;
            }
            uncertain = uncertain.saturating_sub(token.text.len());
            tokens += 1;
        }
        tokens
    }
}

/// The longest end of `text`, in bytes, that a stop string begins with, short of all of it.
fn overlap(text: &str, stop: &str) -> usize {
    (1..stop.len().min(text.len() + 1))
        .rev()
        .find(|&n| stop.is_char_boundary(n) && text.ends_with(&stop[..n]))
        .unwrap_or(0)
}

fn describe(tokenizer: &Tokenizer, choice: Choice, text: String) -> GeneratedToken {
    let alternatives = choice.alternatives.into_iter();
    GeneratedToken {
        id: choice.id,
        text,
        probability: choice.probability,
        alternatives: alternatives
            .map(|(id, probability)| Alternative {
                text: tokenizer.token_text(id),
                probability,
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Architecture, ModelConfig};
    use crate::decode::{AtLimit, SamplingSettings};

    fn config(vocab_size: usize, embedding_dim: usize) -> ModelConfig {
        ModelConfig {
            architecture: Architecture::Wave,
            vocab_size,
            embedding_dim,
            num_layers: 1,
            num_heads: 2,
            ffn_dim: embedding_dim,
            field_size: 33,
            max_seq_len: 17,
            interference_interval: 1,
            position_scale: 0.0,
            ..ModelConfig::default()
        }
    }

    /// A model that writes `text`, whose tokens differ, over and over: embeddings are unit
    /// vectors, and the feed-forward layer turns each token's into the next one's.
    fn writer(tokenizer: &Tokenizer, text: &str) -> Model {
        let ids = tokenizer.encode(text).unwrap();
        let dim = tokenizer.vocab_size().next_multiple_of(4);
        let mut model = Model::zeros(config(tokenizer.vocab_size(), dim)).unwrap();
        let mut set = |name: &str, f: &dyn Fn(usize, usize) -> f32| {
            let tensor = model.parameters.get_mut(name).unwrap();
            for (i, value) in tensor.iter_mut().enumerate() {
                *value = f(i / dim, i % dim);
            }
        };
        let same = |a: usize, b: usize| if a == b { 10.0 } else { 0.0 };
        set("token_embedding.weight", &same);
        set("layers.0.norm2.weight", &|_, _| 1.0);
        set("norm.weight", &|_, _| 1.0);
        set("layers.0.ffn.0.weight", &same);
        let next = |from: u32| {
            let place = ids.iter().position(|&id| id == from);
            place.map(|place| ids[(place + 1) % ids.len()] as usize)
        };
        set("layers.0.ffn.3.weight", &|to, from| {
            if next(from as u32) == Some(to) {
                10.0
            } else {
                0.0
            }
        });
        model
    }

    fn settings(max_tokens: usize, stop: &[&str]) -> GenerationSettings {
        GenerationSettings {
            max_tokens,
            stop: stop.iter().map(|s| s.to_string()).collect(),
            ..GenerationSettings::default()
        }
    }

    fn run(
        model: &Model,
        tokenizer: &Tokenizer,
        prompt: &str,
        settings: GenerationSettings,
    ) -> (Vec<String>, Option<EndReason>) {
        let mut generation = Generation::new(model, tokenizer, prompt, settings).unwrap();
        let mut texts = Vec::new();
        while let Some(token) = generation.next(model, tokenizer).unwrap() {
            texts.push(token.text);
        }
        (texts, generation.ended())
    }

    #[test]
    fn ends_after_so_many_tokens() {
        let tokenizer = Tokenizer::train_character("abcdefgh").unwrap();
        let model = writer(&tokenizer, "abcdefgh");
        let ran = |n| run(&model, &tokenizer, "ab", settings(n, &[]));
        assert_eq!(ran(0), (vec![], Some(EndReason::MaxTokens)));
        let letters = ["c", "d", "e"].map(String::from).to_vec();
        assert_eq!(ran(3), (letters, Some(EndReason::MaxTokens)));
        // Well past the context limit of 17.
        assert_eq!(ran(100).0.concat(), "cdefghab".repeat(13)[..100]);
    }

    #[test]
    fn stop_strings_may_span_tokens_and_are_not_shown() {
        let tokenizer = Tokenizer::train_character("abcdefgh").unwrap();
        let model = writer(&tokenizer, "abcdefgh");
        for (stop, shown, ended) in [
            (&["ef"][..], "cd", EndReason::Stop),
            (&["c"], "", EndReason::Stop),
            (&["cdefg"], "", EndReason::Stop),
            // The earliest in the text counts, not the first in the list or the longest.
            (&["gh", "fg", "fgha"], "cde", EndReason::Stop),
            // What looked like a beginning is shown after all: in the middle and at the end.
            (&["dex", ""], "cdefg", EndReason::MaxTokens),
            (&["efghx"], "cdefg", EndReason::MaxTokens),
        ] {
            let (texts, reason) = run(&model, &tokenizer, "ab", settings(5, stop));
            assert_eq!(texts.concat(), shown, "{stop:?}");
            assert_eq!(reason, Some(ended), "{stop:?}");
        }
    }

    #[test]
    fn nothing_that_may_be_a_stop_string_is_given_out() {
        let tokenizer = Tokenizer::train_character("abcdefgh").unwrap();
        let model = writer(&tokenizer, "abcdefgh");
        let all = settings(9, &["efgx"]);
        let mut generation = Generation::new(&model, &tokenizer, "ab", all).unwrap();
        let mut next = || {
            let token = generation.next(&model, &tokenizer).unwrap().unwrap();
            (token.text, generation.generated())
        };
        assert_eq!(next(), ("c".into(), 1));
        assert_eq!(next(), ("d".into(), 2));
        // "e" waits for "h" to show that it is not "efgx".
        assert_eq!(next(), ("e".into(), 6));
        assert_eq!(next(), ("f".into(), 6));
    }

    #[test]
    fn half_characters_are_never_shown() {
        let text = "é🙂z";
        let none = |_, _| std::ops::ControlFlow::Continue(());
        let tokenizer = Tokenizer::train_bpe(text, 256, none).unwrap();
        let model = writer(&tokenizer, text);
        let (texts, _) = run(&model, &tokenizer, "z", settings(7, &[]));
        assert_eq!(texts, ["", "é", "", "", "", "🙂", "z"]);
        // Cut in the middle of one, the rest shows as what it is: no character.
        let (texts, _) = run(&model, &tokenizer, "z", settings(4, &[]));
        assert_eq!(texts.concat(), "é\u{fffd}");
        let (texts, _) = run(&model, &tokenizer, "z", settings(7, &["🙂"]));
        assert_eq!(texts.concat(), "é");
    }

    /// Stopped anywhere, also past the context's limit.
    #[test]
    fn a_text_that_is_taken_up_goes_on_as_if_it_had_not_been_stopped() {
        let tokenizer = Tokenizer::train_character("abcdefgh").unwrap();
        let model = Model::new(config(8, 16), 3).unwrap();
        for at_limit in [AtLimit::Reread, AtLimit::RunOn] {
            let asked = |max_tokens| GenerationSettings {
                at_limit,
                sampling: SamplingSettings {
                    temperature: 1.0,
                    seed: 5,
                    repetition_penalty: 1.3,
                    ..SamplingSettings::default()
                },
                ..settings(max_tokens, &[])
            };
            let begin = |count| Generation::new(&model, &tokenizer, "ab", asked(count)).unwrap();
            let rest = |mut generation: Generation| {
                let mut ids = Vec::new();
                while let Some(token) = generation.next(&model, &tokenizer).unwrap() {
                    ids.push(token.id);
                }
                ids
            };
            let whole = rest(begin(60));
            for stopped in [0, 1, 7, 14, 15, 16, 33, 59] {
                let mut generation = begin(60 - stopped);
                let written = &whole[..stopped];
                generation.take_up(&model, &tokenizer, written).unwrap();
                assert_eq!(rest(generation), whole[stopped..], "stopped at {stopped}");
            }
        }
        // A text that a stop string ended goes on past it, to the next one.
        let model = writer(&tokenizer, "abcdefgh");
        for stop in ["e", "ef"] {
            let asked = || settings(20, &[stop]);
            let (texts, _) = run(&model, &tokenizer, "ab", asked());
            assert_eq!(texts.concat(), "cd");
            let mut generation = Generation::new(&model, &tokenizer, "ab", asked()).unwrap();
            let written = tokenizer.encode("cd").unwrap();
            generation.take_up(&model, &tokenizer, &written).unwrap();
            generation.pass_stop();
            let mut text = String::new();
            while let Some(token) = generation.next(&model, &tokenizer).unwrap() {
                text.push_str(&token.text);
            }
            assert_eq!(text, "efghabcd", "past {stop:?}, to the next");
        }
        let mut generation = Generation::new(&model, &tokenizer, "ab", settings(9, &[])).unwrap();
        let refused = generation.take_up(&model, &tokenizer, &[3, 8]).unwrap_err();
        assert!(
            refused.to_string().contains("below 8, found 8"),
            "{refused}"
        );
    }

    #[test]
    fn same_seed_same_text_and_bending_counts_from_the_next_token() {
        let tokenizer = Tokenizer::train_character("abcdefgh").unwrap();
        let mut model = Model::new(config(8, 16), 3).unwrap();
        let seeded = |seed| {
            let mut all = settings(30, &[]);
            all.sampling.seed = seed;
            all
        };
        let ran = |seed| run(&model, &tokenizer, "ab", seeded(seed)).0;
        assert_eq!(ran(1), ran(1));
        assert_ne!(ran(1), ran(2));

        let mut generation = Generation::new(&model, &tokenizer, "ab", seeded(1)).unwrap();
        let first = generation.next(&model, &tokenizer).unwrap().unwrap();
        let mut head = model.head(0, 0);
        head.frequency += 1.0;
        head.gain = 5.0;
        model.set_head(0, 0, head).unwrap();
        generation.physics_changed();
        let second = generation.next(&model, &tokenizer).unwrap().unwrap();
        let mut fresh = Decoder::new(&model, AtLimit::Reread);
        let ids = [tokenizer.encode("ab").unwrap(), vec![first.id]].concat();
        let best = super::super::likeliest_tokens(fresh.read(&model, &ids), 8);
        let found: Vec<f32> = second.alternatives.iter().map(|a| a.probability).collect();
        assert_eq!(found, best.iter().map(|b| b.1).collect::<Vec<_>>());
    }

    #[test]
    fn what_cannot_be_generated_from_is_said() {
        let tokenizer = Tokenizer::train_character("abcdefgh").unwrap();
        let mut model = writer(&tokenizer, "abcdefgh");
        let other = Tokenizer::train_character("abc").unwrap();
        let new = |tokenizer, prompt, all| Generation::new(&model, tokenizer, prompt, all);
        let is_tokenizer = |e| matches!(e, Error::Tokenizer { .. });
        assert!(new(&other, "a", settings(1, &[])).is_err_and(is_tokenizer));
        assert!(new(&tokenizer, "?", settings(1, &[])).is_err_and(is_tokenizer));
        // Empty prompt, no line break in the vocabulary: the first token stands in.
        assert!(new(&tokenizer, "", settings(1, &[])).is_ok());
        let mut hot = settings(1, &[]);
        hot.sampling.temperature = f32::NAN;
        let is_config = |e| matches!(e, Error::Config { .. });
        assert!(new(&tokenizer, "a", hot).is_err_and(is_config));

        model
            .parameters
            .get_mut("norm.weight")
            .unwrap()
            .fill(f32::MAX);
        model
            .parameters
            .get_mut("norm.bias")
            .unwrap()
            .fill(f32::NAN);
        let mut broken = Generation::new(&model, &tokenizer, "a", settings(1, &[])).unwrap();
        let found = broken.next(&model, &tokenizer);
        assert!(matches!(found, Err(Error::Model { .. })), "{found:?}");
    }
}
