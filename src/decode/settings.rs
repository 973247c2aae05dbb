//! What a person can set about how text is generated.

use super::decoder::AtLimit;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// How the next token is drawn. Each control at its "off" value leaves the model's own
/// distribution as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(default)]
pub struct SamplingSettings {
    /// Logits are divided by it: below 1 the likely become likelier, above 1 all become more
    /// alike. 0 is greedy: always the likeliest token. Off: 1.
    pub temperature: f32,
    /// Only so many of the likeliest tokens stay in the draw. Off: 0.
    pub top_k: usize,
    /// Only the likeliest tokens whose probabilities add up to this stay in the draw; the one
    /// that crosses the mark stays, so there is always one. Off: 1.
    pub top_p: f32,
    /// Tokens that stand in the recent text lose: their logit is divided by it where it is
    /// positive and multiplied where it is negative (Keskar et al., CTRL, 2019). Off: 1.
    pub repetition_penalty: f32,
    /// Same seed, same settings, same prompt: same text.
    pub seed: u64,
    /// How many of the likeliest tokens are reported beside each choice.
    pub alternatives: usize,
}

impl Default for SamplingSettings {
    fn default() -> Self {
        SamplingSettings {
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
            repetition_penalty: 1.0,
            seed: 0,
            alternatives: 8,
        }
    }
}

impl SamplingSettings {
    /// Always the likeliest token.
    pub fn greedy() -> Self {
        SamplingSettings {
            temperature: 0.0,
            ..Self::default()
        }
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::Config`] names the first setting that is out of range, and the range.
    pub fn validate(&self) -> Result<()> {
        let fail = |field, range, value: f32| {
            Err(Error::Config {
                field,
                message: format!("must be {range}, but is {value}"),
            })
        };
        if !(self.temperature >= 0.0 && self.temperature.is_finite()) {
            return fail("temperature", "a number from 0 up", self.temperature);
        }
        if !(0.0..=1.0).contains(&self.top_p) {
            return fail("top_p", "between 0 and 1", self.top_p);
        }
        if !(self.repetition_penalty > 0.0 && self.repetition_penalty.is_finite()) {
            return fail(
                "repetition_penalty",
                "a number above 0",
                self.repetition_penalty,
            );
        }
        Ok(())
    }
}

/// Most stop strings, and most bytes of each: every token of a text is held against them.
const MOST_STOPS: usize = 64;
const LONGEST_STOP: usize = 1000;

/// Everything about one run of text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(from = "Sent")]
pub struct GenerationSettings {
    /// How each token is drawn.
    #[serde(flatten)]
    pub sampling: SamplingSettings,
    /// Generation ends after so many tokens.
    pub max_tokens: usize,
    /// Generation ends where one of these comes up, and it is not shown. Empty ones are ignored.
    pub stop: Vec<String>,
    /// What to do when the context is full.
    pub at_limit: AtLimit,
}

/// [`GenerationSettings`] as they are read: as one plain list. A flattened part is read by way of a copy of
/// everything, in several times the code.
#[derive(Deserialize)]
#[serde(default)]
struct Sent {
    temperature: f32,
    top_k: usize,
    top_p: f32,
    repetition_penalty: f32,
    seed: u64,
    alternatives: usize,
    max_tokens: usize,
    stop: Vec<String>,
    at_limit: AtLimit,
}

impl Default for Sent {
    fn default() -> Self {
        let GenerationSettings {
            sampling,
            max_tokens,
            stop,
            at_limit,
        } = GenerationSettings::default();
        Sent {
            temperature: sampling.temperature,
            top_k: sampling.top_k,
            top_p: sampling.top_p,
            repetition_penalty: sampling.repetition_penalty,
            seed: sampling.seed,
            alternatives: sampling.alternatives,
            max_tokens,
            stop,
            at_limit,
        }
    }
}

impl From<Sent> for GenerationSettings {
    fn from(sent: Sent) -> Self {
        GenerationSettings {
            sampling: SamplingSettings {
                temperature: sent.temperature,
                top_k: sent.top_k,
                top_p: sent.top_p,
                repetition_penalty: sent.repetition_penalty,
                seed: sent.seed,
                alternatives: sent.alternatives,
            },
            max_tokens: sent.max_tokens,
            stop: sent.stop,
            at_limit: sent.at_limit,
        }
    }
}

impl Default for GenerationSettings {
    fn default() -> Self {
        GenerationSettings {
            sampling: SamplingSettings::default(),
            max_tokens: 400,
            stop: Vec::new(),
            at_limit: AtLimit::default(),
        }
    }
}

impl GenerationSettings {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::Config`] names the first setting that is out of range, and the range.
    pub fn validate(&self) -> Result<()> {
        self.sampling.validate()?;
        let (count, longest) = (
            self.stop.len(),
            self.stop.iter().map(String::len).max().unwrap_or(0),
        );
        if count <= MOST_STOPS && longest <= LONGEST_STOP {
            return Ok(());
        }
        Err(Error::Config {
            field: "stop",
            message: format!(
                "must be at most {MOST_STOPS} texts of at most {LONGEST_STOP} bytes each, but is \
                 {count}, of up to {longest}"
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_strings_are_few_and_short() {
        let with = |stop: Vec<String>| GenerationSettings {
            stop,
            ..GenerationSettings::default()
        };
        assert!(with(vec!["x".repeat(1000); 64]).validate().is_ok());
        for stop in [vec!["x".into(); 65], vec!["x".repeat(1001)]] {
            let message = with(stop).validate().unwrap_err().to_string();
            assert!(
                message.contains("at most 64 texts of at most 1000"),
                "{message}"
            );
        }
        let mut hot = with(Vec::new());
        hot.sampling.temperature = -1.0;
        assert!(hot.validate().is_err());
    }

    #[test]
    fn settings_out_of_range_are_named() {
        for (field, break_it) in [
            (
                "temperature",
                (|s| s.temperature = -1.0) as fn(&mut SamplingSettings),
            ),
            ("temperature", |s| s.temperature = f32::NAN),
            ("temperature", |s| s.temperature = f32::INFINITY),
            ("top_p", |s| s.top_p = 1.1),
            ("top_p", |s| s.top_p = f32::NAN),
            ("repetition_penalty", |s| s.repetition_penalty = 0.0),
        ] {
            let mut broken = SamplingSettings::default();
            break_it(&mut broken);
            match broken.validate() {
                Err(Error::Config { field: found, .. }) => assert_eq!(found, field),
                other => panic!("{field}: expected an error, found {other:?}"),
            }
        }
    }

    #[test]
    fn settings_read_as_the_page_sends_them() {
        let sent = r#"{"temperature":0.8,"top_k":40,"seed":7,"max_tokens":20,
            "stop":["\n\n"],"at_limit":"run_on"}"#;
        let settings: GenerationSettings = serde_json::from_str(sent).unwrap();
        assert_eq!(settings.sampling.temperature, 0.8);
        assert_eq!(settings.sampling.top_k, 40);
        assert_eq!(settings.sampling.top_p, 1.0);
        assert_eq!(settings.sampling.seed, 7);
        assert_eq!(settings.max_tokens, 20);
        assert_eq!(settings.stop, ["\n\n"]);
        assert_eq!(settings.at_limit, AtLimit::RunOn);
        assert_eq!(
            serde_json::from_str::<GenerationSettings>("{}").unwrap(),
            GenerationSettings::default()
        );
    }

    /// The page is checked against the names by which they are written.
    #[test]
    fn settings_read_by_the_names_by_which_they_are_written() {
        let settings = GenerationSettings {
            sampling: SamplingSettings {
                temperature: 0.5,
                top_k: 3,
                top_p: 0.25,
                repetition_penalty: 1.5,
                seed: 9,
                alternatives: 2,
            },
            max_tokens: 7,
            stop: vec!["end".into()],
            at_limit: AtLimit::RunOn,
        };
        let written = serde_json::to_string(&settings).unwrap();
        let read: GenerationSettings = serde_json::from_str(&written).unwrap();
        assert_eq!(read, settings);
    }
}
