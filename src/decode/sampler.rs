//! From logits to the next token.
//!
//! The order of the controls is the usual one: repetition penalty, temperature, top-k, top-p, then
//! one draw. Weights are computed in float64 with `libm`, and the random number of the n-th token is
//! a function of the seed and n alone, so that the same logits give the same text on every machine.
//!
//! # Numbers that are not numbers
//! A logit that is NaN counts as "never", as -∞ does; +∞ counts as the largest float32. If no token
//! is left, all are equally likely. There is always a choice, and always the same one.

use super::settings::SamplingSettings;
use crate::error::Result;
use crate::rng::{Philox, Stream};
use std::cmp::Ordering;

/// A drawn token.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The token.
    pub id: u32,
    /// How sure the model was of it: its probability under the model itself, before penalty,
    /// temperature and truncation, so that it means the same whatever the controls are set to.
    pub probability: f32,
    /// The likeliest tokens and their probabilities in the same sense, best first. The chosen
    /// token is among them only if it is one of the likeliest.
    pub alternatives: Vec<(u32, f32)>,
}

/// Draws tokens one after another.
#[derive(Debug, Clone)]
pub struct Sampler {
    settings: SamplingSettings,
    random: Philox,
    /// How many tokens were drawn: the counter of the next random number.
    drawn: u64,
    /// Logits without NaN and +∞, as the model gave them.
    clean: Vec<f32>,
    /// The same after the repetition penalty.
    penalised: Vec<f32>,
    /// Unnormalised probabilities at the temperature.
    weights: Vec<f64>,
    /// Token ids, arranged by weight as far as needed.
    order: Vec<u32>,
}

impl Sampler {
    /// A sampler at the start of its random numbers.
    ///
    /// # Errors
    /// [`Error::Config`] when a setting is out of range.
    pub fn new(settings: SamplingSettings) -> Result<Self> {
        settings.validate()?;
        Ok(Sampler {
            random: Philox::stream(settings.seed, Stream::Sample),
            settings,
            drawn: 0,
            clean: Vec::new(),
            penalised: Vec::new(),
            weights: Vec::new(),
            order: Vec::new(),
        })
    }

    /// Leaves out the random numbers of so many tokens, as if they had been drawn.
    pub fn skip(&mut self, tokens: u64) {
        self.drawn += tokens;
    }

    /// Draws the next token. `history` is the text so far that the repetition penalty looks at;
    /// ids that the model does not have are ignored.
    ///
    /// # Panics
    /// When `logits` is empty.
    pub fn next(&mut self, logits: &[f32], history: &[u32]) -> Choice {
        assert!(
            !logits.is_empty(),
            "a model has at least one token to choose"
        );
        self.clean.clear();
        self.clean.extend(logits.iter().map(|&l| clean(l)));
        if self.clean.iter().all(|&l| l == f32::NEG_INFINITY) {
            self.clean.fill(0.0);
        }
        self.penalise(history);
        let id = if self.settings.temperature == 0.0 {
            likeliest(&self.penalised, 1)[0]
        } else {
            self.draw()
        };
        self.drawn += 1;
        self.describe(id)
    }

    fn penalise(&mut self, history: &[u32]) {
        self.penalised.clear();
        self.penalised.extend_from_slice(&self.clean);
        let penalty = self.settings.repetition_penalty;
        if penalty == 1.0 {
            return;
        }
        for &id in history {
            // From the clean logit each time, so that a token seen twice is penalised once.
            if let Some(&logit) = self.clean.get(id as usize) {
                let lowered = if logit > 0.0 {
                    logit / penalty
                } else {
                    logit * penalty
                };
                self.penalised[id as usize] = lowered.min(f32::MAX);
            }
        }
    }

    fn draw(&mut self) -> u32 {
        softmax_weights(
            &self.penalised,
            self.settings.temperature,
            &mut self.weights,
        );
        self.order.clear();
        self.order.extend(0..self.penalised.len() as u32);
        let kept = self.truncate();
        let candidates = &self.order[..kept];
        let total: f64 = candidates.iter().map(|&id| self.weights[id as usize]).sum();
        let target = f64::from(self.random.uniform(self.drawn)) * total;
        let mut passed = 0.0;
        let mut last = candidates[0];
        for &id in candidates {
            let weight = self.weights[id as usize];
            if weight > 0.0 {
                passed += weight;
                last = id;
                if passed > target {
                    break;
                }
            }
        }
        // If rounding left `passed` short of the target, it is the last token that could be drawn.
        last
    }

    /// Arranges `order` so that the tokens that stay in the draw come first; how many they are.
    fn truncate(&mut self) -> usize {
        let (all, weights) = (self.order.len(), &self.weights);
        let k = match self.settings.top_k {
            0 => all,
            k => k.min(all),
        };
        if self.settings.top_p >= 1.0 {
            if k < all {
                arrange(&mut self.order, weights, k);
            }
            return k;
        }
        // Most often the mark is reached within a few tokens, so a long vocabulary is not sorted
        // further than needed: the sorted part grows until the mark lies inside it.
        let total: f64 = if k < all {
            arrange(&mut self.order, weights, k);
            self.order[..k].iter().map(|&id| weights[id as usize]).sum()
        } else {
            weights.iter().sum()
        };
        let mark = f64::from(self.settings.top_p) * total;
        let mut sorted = 64;
        loop {
            sorted = sorted.min(k);
            arrange(&mut self.order, weights, sorted);
            let mut passed = 0.0;
            for (place, &id) in self.order[..sorted].iter().enumerate() {
                passed += weights[id as usize];
                if passed >= mark {
                    return place + 1;
                }
            }
            if sorted == k {
                return k;
            }
            sorted *= 4;
        }
    }

    fn describe(&mut self, id: u32) -> Choice {
        softmax_weights(&self.clean, 1.0, &mut self.weights);
        let total: f64 = self.weights.iter().sum();
        let probability = |id: u32| (self.weights[id as usize] / total) as f32;
        let alternatives = likeliest(&self.clean, self.settings.alternatives);
        Choice {
            id,
            probability: probability(id),
            alternatives: alternatives
                .into_iter()
                .map(|id| (id, probability(id)))
                .collect(),
        }
    }
}

/// The model's own probabilities of the likeliest `count` tokens, best first.
pub fn likeliest_tokens(logits: &[f32], count: usize) -> Vec<(u32, f32)> {
    let clean: Vec<f32> = logits.iter().map(|&l| clean(l)).collect();
    let mut weights = Vec::new();
    softmax_weights(&clean, 1.0, &mut weights);
    let total: f64 = weights.iter().sum();
    let probability = |id: u32| (weights[id as usize] / total) as f32;
    let best = likeliest(&clean, count);
    best.into_iter().map(|id| (id, probability(id))).collect()
}

/// See the module's notes on numbers that are not numbers.
fn clean(logit: f32) -> f32 {
    if logit.is_nan() {
        f32::NEG_INFINITY
    } else {
        logit.min(f32::MAX)
    }
}

/// e^((l - max) / temperature) for each logit: at least one is 1, none is NaN. If no logit is
/// finite, all are 1.
fn softmax_weights(logits: &[f32], temperature: f32, weights: &mut Vec<f64>) {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    weights.clear();
    if max == f32::NEG_INFINITY {
        weights.resize(logits.len(), 1.0);
        return;
    }
    let (max, temperature) = (f64::from(max), f64::from(temperature));
    weights.extend(
        logits
            .iter()
            .map(|&l| libm::exp((f64::from(l) - max) / temperature)),
    );
}

/// Heavier first; among equals the lower id, so that the order is the same everywhere.
fn heavier(weights: &[f64], a: u32, b: u32) -> Ordering {
    weights[b as usize]
        .total_cmp(&weights[a as usize])
        .then(a.cmp(&b))
}

/// Brings the heaviest `count` ids to the front, sorted.
fn arrange(order: &mut [u32], weights: &[f64], count: usize) {
    if count < order.len() {
        order.select_nth_unstable_by(count, |&a, &b| heavier(weights, a, b));
    }
    order[..count].sort_unstable_by(|&a, &b| heavier(weights, a, b));
}

/// The ids of the `count` largest logits (never NaN here), largest first, lower id among equals.
fn likeliest(logits: &[f32], count: usize) -> Vec<u32> {
    let count = count.min(logits.len());
    let mut best: Vec<u32> = Vec::with_capacity(count + 1);
    for (id, &logit) in logits.iter().enumerate() {
        if best.len() == count {
            match best.last() {
                Some(&worst) if logit > logits[worst as usize] => best.pop(),
                _ => continue,
            };
        }
        let place = best.partition_point(|&other| logits[other as usize] >= logit);
        best.insert(place, id as u32);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(temperature: f32) -> SamplingSettings {
        SamplingSettings {
            temperature,
            ..SamplingSettings::default()
        }
    }

    fn draws(settings: SamplingSettings, logits: &[f32], n: usize) -> Vec<u32> {
        let mut sampler = Sampler::new(settings).unwrap();
        (0..n).map(|_| sampler.next(logits, &[]).id).collect()
    }

    #[test]
    fn frequencies_follow_the_probabilities() {
        let logits = [0.5f32.ln(), 0.3f32.ln(), 0.2f32.ln()];
        let ids = draws(settings(1.0), &logits, 20_000);
        for (id, expected) in [(0, 0.5), (1, 0.3), (2, 0.2)] {
            let share = ids.iter().filter(|&&i| i == id).count() as f64 / ids.len() as f64;
            assert!((share - expected).abs() < 0.015, "token {id}: {share}");
        }
    }

    #[test]
    fn same_seed_same_tokens_and_other_seed_other_tokens() {
        let logits = [0.1, 0.2, 0.3, 0.4, 0.0];
        let with_seed = |seed| {
            let all = SamplingSettings {
                seed,
                ..settings(1.0)
            };
            draws(all, &logits, 100)
        };
        assert_eq!(with_seed(3), with_seed(3));
        assert_ne!(with_seed(3), with_seed(4));
    }

    /// Pins the draw across machines: a change here is a change of everybody's texts.
    #[test]
    fn draws_are_the_same_on_every_machine() {
        let logits: Vec<f32> = (0..40).map(|i| (i * 7 % 40) as f32 * 0.1).collect();
        let all = SamplingSettings {
            seed: 7,
            top_k: 20,
            top_p: 0.9,
            ..settings(0.8)
        };
        assert_eq!(
            draws(all, &logits, 10),
            [39, 11, 34, 34, 11, 4, 17, 11, 11, 21]
        );
    }

    #[test]
    fn temperature_zero_and_nearly_zero_are_greedy_and_huge_is_uniform() {
        let logits = [1.0, 3.0, 2.9, -4.0];
        for temperature in [0.0, 1e-45, 1e-30, 1e-3] {
            assert!(
                draws(settings(temperature), &logits, 50)
                    .iter()
                    .all(|&id| id == 1)
            );
        }
        let ids = draws(settings(f32::MAX), &logits, 8_000);
        for id in 0..4 {
            let share = ids.iter().filter(|&&i| i == id).count() as f64 / 8_000.0;
            assert!((share - 0.25).abs() < 0.02, "token {id}: {share}");
        }
    }

    #[test]
    fn one_token_and_equal_logits() {
        assert_eq!(draws(settings(1.0), &[-7.0], 5), [0; 5]);
        // Greedy among equals: the lowest id.
        assert_eq!(draws(settings(0.0), &[2.0; 9], 3), [0; 3]);
        let ids = draws(settings(1.0), &[2.0; 4], 400);
        assert!((0..4).all(|id| ids.contains(&id)));
    }

    #[test]
    fn top_k_and_top_p_keep_the_likeliest() {
        // Probabilities 0.4, 0.3, 0.2, 0.1, in a mixed order.
        let logits = [0.2f32.ln(), 0.4f32.ln(), 0.1f32.ln(), 0.3f32.ln()];
        let drawn = |top_k, top_p| {
            let all = SamplingSettings {
                top_k,
                top_p,
                ..settings(1.0)
            };
            let mut ids = draws(all, &logits, 2_000);
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        assert_eq!(drawn(0, 1.0), [0, 1, 2, 3]);
        assert_eq!(drawn(1, 1.0), [1]);
        assert_eq!(drawn(2, 1.0), [1, 3]);
        assert_eq!(drawn(99, 1.0), [0, 1, 2, 3]);
        assert_eq!(drawn(0, 0.0), [1]);
        assert_eq!(drawn(0, 0.65), [1, 3]);
        assert_eq!(drawn(0, 0.75), [0, 1, 3]);
        // Within the best two, 0.4 is 57 %, so it alone reaches a mark of 0.5.
        assert_eq!(drawn(2, 0.5), [1]);
    }

    #[test]
    fn top_p_over_a_long_vocabulary_equals_a_full_sort() {
        let logits: Vec<f32> = (0..5_000)
            .map(|i| (i * 7_919 % 5_000) as f32 * 1e-3)
            .collect();
        for top_p in [0.001, 0.1, 0.5, 0.99] {
            let mut sampler = Sampler::new(SamplingSettings {
                top_p,
                ..settings(1.0)
            })
            .unwrap();
            sampler.next(&logits, &[]);
            softmax_weights(&logits, 1.0, &mut sampler.weights);
            sampler.order = (0..5_000).collect();
            let kept = sampler.truncate();
            let mut sorted = sampler.weights.clone();
            sorted.sort_by(|a, b| b.total_cmp(a));
            let mark = f64::from(top_p) * sorted.iter().sum::<f64>();
            let mut passed = 0.0;
            let expected = sorted.iter().position(|w| {
                passed += w;
                passed >= mark
            });
            assert_eq!(kept, expected.unwrap() + 1, "top_p {top_p}");
        }
    }

    #[test]
    fn repetition_penalty_lowers_each_seen_token_once() {
        let mut sampler = Sampler::new(SamplingSettings {
            repetition_penalty: 2.0,
            ..settings(0.0)
        })
        .unwrap();
        sampler.next(&[4.0, 3.0, -1.0], &[0, 0, 2, 77]);
        assert_eq!(sampler.penalised, [2.0, 3.0, -2.0]);
        assert_eq!(sampler.next(&[4.0, 3.0, -1.0], &[0]).id, 1);
        assert_eq!(sampler.next(&[4.0, 3.0, -1.0], &[]).id, 0);
    }

    #[test]
    fn not_a_number_is_never_drawn_and_never_a_panic() {
        let (nan, inf) = (f32::NAN, f32::INFINITY);
        for temperature in [0.0, 1e-30, 1.0, f32::MAX] {
            for top_p in [0.5, 1.0] {
                let all = SamplingSettings {
                    top_p,
                    repetition_penalty: 1.5,
                    ..settings(temperature)
                };
                let mut sampler = Sampler::new(all).unwrap();
                assert_eq!(sampler.next(&[nan, 1.0, -inf], &[0, 1, 2]).id, 1);
                assert_eq!(sampler.next(&[nan, inf, nan], &[0, 2]).id, 1);
                assert!(sampler.next(&[nan; 3], &[0]).id < 3);
                assert!(sampler.next(&[-inf; 3], &[1]).id < 3);
                assert!(sampler.next(&[inf; 3], &[1]).id < 3);
                let choice = sampler.next(&[f32::MAX, f32::MIN, 0.0], &[1, 2]);
                assert!(choice.probability.is_finite());
            }
        }
    }

    #[test]
    fn probability_is_the_models_own_whatever_the_settings() {
        let logits = [0.6f32.ln(), 0.3f32.ln(), 0.1f32.ln()];
        let mut sampler = Sampler::new(SamplingSettings {
            top_k: 1,
            repetition_penalty: 3.0,
            alternatives: 2,
            ..settings(0.3)
        })
        .unwrap();
        let choice = sampler.next(&logits, &[2]);
        assert!((choice.probability - 0.6).abs() < 1e-6);
        let ids: Vec<u32> = choice.alternatives.iter().map(|a| a.0).collect();
        assert_eq!(ids, [0, 1]);
        assert!((choice.alternatives[1].1 - 0.3).abs() < 1e-6);
        assert_eq!(likeliest_tokens(&logits, 2), choice.alternatives);
    }
}
