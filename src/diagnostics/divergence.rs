//! How far two forecasts of the next token lie apart, at every token of a text that two models have read.
//!
//! KL(p ‖ q) = Σ_v p_v·(log₂ p_v - log₂ q_v) in bits: what the first model loses on average, in its own
//! view, when the second one's forecast is believed in its place. 0 where both are equal, never negative,
//! and not the same the other way round.

use std::f64::consts::LN_2;

/// Two readings of one text compared. Rows are tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Divergence {
    /// (N): KL(before ‖ after) in bits, of the forecast made after each token.
    pub bits: Vec<f64>,
    /// (N, [`MOVED`]): the tokens whose probability grew most, most first, and those whose shrank most.
    pub gained: Vec<Vec<Moved>>,
    pub lost: Vec<Vec<Moved>>,
    /// (N - 1): what became of the token that does follow in the text.
    pub followed: Vec<Moved>,
}

/// A next token's probability under both models.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moved {
    pub id: u32,
    pub before: f64,
    pub after: f64,
}

impl Moved {
    fn gain(&self) -> f64 {
        self.after - self.before
    }
}

/// Most tokens that are named each way.
pub const MOVED: usize = 3;

/// ln softmax of one row, in float64.
pub fn log_softmax(logits: &[f32]) -> Vec<f64> {
    let top = logits
        .iter()
        .fold(f64::NEG_INFINITY, |top, x| top.max(f64::from(*x)));
    let total: f64 = logits.iter().map(|x| (f64::from(*x) - top).exp()).sum();
    let log_total = total.ln();
    logits
        .iter()
        .map(|x| f64::from(*x) - top - log_total)
        .collect()
}

/// KL(p ‖ q) in bits, from the logarithms (base e) of both. What rounding takes below 0 is 0.
pub fn kl_bits(p: &[f64], q: &[f64]) -> f64 {
    let term = |(p, q): (&f64, &f64)| match p.exp() {
        // Nothing times its logarithm is nothing.
        0.0 => 0.0,
        share => share * (p - q),
    };
    let bits = p.iter().zip(q).map(term).sum::<f64>() / LN_2;
    // Not `max`, which would make 0 of what is not a number.
    if bits < 0.0 { 0.0 } else { bits }
}

impl Divergence {
    /// Compares two readings of `ids`: `before` and `after` are logits, (N, V) each.
    ///
    /// # Panics
    /// When the sizes do not fit each other.
    pub fn new(before: &[f32], after: &[f32], ids: &[u32]) -> Self {
        assert_eq!(before.len(), after.len(), "both models have one vocabulary");
        assert!(
            !ids.is_empty() && before.len().is_multiple_of(ids.len()),
            "a row of logits a token"
        );
        let vocab = before.len() / ids.len();
        let mut found = Divergence {
            bits: Vec::new(),
            gained: Vec::new(),
            lost: Vec::new(),
            followed: Vec::new(),
        };
        for (t, (before, after)) in
            (before.chunks_exact(vocab).zip(after.chunks_exact(vocab))).enumerate()
        {
            let (p, q) = (log_softmax(before), log_softmax(after));
            found.bits.push(kl_bits(&p, &q));
            let moved = |v: usize| Moved {
                id: v as u32,
                before: p[v].exp(),
                after: q[v].exp(),
            };
            let all: Vec<Moved> = (0..vocab).map(moved).collect();
            found.gained.push(most(&all, Moved::gain));
            found.lost.push(most(&all, |moved| -moved.gain()));
            if let Some(next) = ids.get(t + 1) {
                found.followed.push(moved(*next as usize));
            }
        }
        found
    }
}

/// Those with the most of something, most first; none without any.
fn most(all: &[Moved], amount: impl Fn(&Moved) -> f64) -> Vec<Moved> {
    let mut best: Vec<Moved> = Vec::with_capacity(MOVED + 1);
    for moved in all.iter().filter(|moved| amount(moved) > 0.0) {
        let place = best.partition_point(|other| amount(other) >= amount(moved));
        if place < MOVED {
            best.insert(place, *moved);
            best.truncate(MOVED);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;
    use crate::model::{Head, Model, inference};
    use crate::rng::{Philox, Stream};

    /// Straight from the definition, with plain probabilities.
    fn naive(before: &[f32], after: &[f32]) -> f64 {
        let softmax = |logits: &[f32]| -> Vec<f64> {
            let powers: Vec<f64> = logits.iter().map(|x| f64::from(*x).exp()).collect();
            let total: f64 = powers.iter().sum();
            powers.iter().map(|x| x / total).collect()
        };
        let (p, q) = (softmax(before), softmax(after));
        p.iter().zip(&q).map(|(p, q)| p * (p / q).log2()).sum()
    }

    fn numbers(seed: u64, count: u64, size: f32) -> Vec<f32> {
        let rng = Philox::stream(seed, Stream::Batch);
        (0..count)
            .map(|i| (rng.below(i, 10_000) as f32 / 5_000.0 - 1.0) * size)
            .collect()
    }

    #[test]
    fn it_is_the_definition_s_and_never_negative() {
        for (seed, size) in [(1, 0.01), (2, 1.0), (3, 8.0)] {
            let (before, after) = (numbers(seed, 60, size), numbers(seed + 9, 60, size));
            let ids = [1, 2, 3, 4, 5];
            let found = Divergence::new(&before, &after, &ids);
            for (row, bits) in found.bits.iter().enumerate() {
                let range = row * 12..(row + 1) * 12;
                let expected = naive(&before[range.clone()], &after[range]);
                assert!(
                    (bits - expected).abs() < 1e-12 * (1.0 + expected),
                    "{bits}, {expected}"
                );
                assert!(*bits > 0.0);
            }
            let same = Divergence::new(&before, &before, &ids);
            assert_eq!(same.bits, [0.0; 5]);
            assert!(same.gained.iter().chain(&same.lost).all(Vec::is_empty));
        }
    }

    /// A coin against a coin of 1 in 4: 1/2·log₂ 2 + 1/2·log₂(2/3).
    #[test]
    fn a_case_by_hand() {
        let found = Divergence::new(&[0.0, 0.0], &[0.0, 3f32.ln()], &[0]);
        let expected = 0.5 + 0.5 * (2.0f64 / 3.0).log2();
        assert!((found.bits[0] - expected).abs() < 1e-7);
        assert_eq!((found.gained[0][0].id, found.lost[0][0].id), (1, 0));
        assert!((found.gained[0][0].after - 0.75).abs() < 1e-7);
        assert!((found.lost[0][0].before - 0.5).abs() < 1e-7);
        assert!(found.followed.is_empty());
    }

    /// Where e^logit would overflow, or a probability is too small for a number.
    #[test]
    fn large_logits_stay_numbers() {
        let before = [3.0e4, -3.0e4, 0.0];
        let after = [-3.0e4, 3.0e4, 0.0];
        let found = Divergence::new(&before, &after, &[0]);
        assert!(
            (found.bits[0] - 6.0e4 / LN_2).abs() < 1e-6,
            "{:?}",
            found.bits
        );
        let far = Divergence::new(&[f32::MAX / 4.0, 0.0], &[0.0, 0.0], &[0]);
        assert!((far.bits[0] - 1.0).abs() < 1e-12);
        let broken = Divergence::new(&[f32::NAN, 0.0], &[0.0, 0.0], &[0]);
        assert!(broken.bits[0].is_nan(), "what is not a number is not 0");
    }

    #[test]
    fn what_moved_most_comes_first() {
        let before = numbers(5, 40, 2.0);
        let after = numbers(6, 40, 2.0);
        let ids = [7, 3];
        let found = Divergence::new(&before, &after, &ids);
        for row in 0..2 {
            let range = row * 20..(row + 1) * 20;
            let (p, q) = (
                log_softmax(&before[range.clone()]),
                log_softmax(&after[range]),
            );
            let mut sorted: Vec<usize> = (0..20).collect();
            sorted.sort_by(|a, b| {
                let gain = |v: &usize| q[*v].exp() - p[*v].exp();
                gain(b).total_cmp(&gain(a))
            });
            let ids = |moved: &[Moved]| moved.iter().map(|m| m.id as usize).collect::<Vec<_>>();
            assert_eq!(ids(&found.gained[row]), sorted[..MOVED]);
            sorted.reverse();
            assert_eq!(ids(&found.lost[row]), sorted[..MOVED]);
        }
        assert_eq!(found.followed.len(), 1);
        assert_eq!(found.followed[0].id, 3);
    }

    /// A muted head shows at every token; back as it was, it shows at none.
    #[test]
    fn a_bent_model_parts_from_its_file() {
        let file = Model::new(config(), 3).unwrap();
        let mut bent = file.clone();
        let head = bent.head(0, 1);
        bent.set_head(0, 1, Head { gain: 0.0, ..head }).unwrap();
        let ids = [3u32, 1, 4, 1, 5, 9, 2, 6];
        let read = |model: &Model| inference::logits(model, &ids, 1, ids.len()).unwrap();
        let found = Divergence::new(&read(&file), &read(&bent), &ids);
        assert!(
            found.bits.iter().all(|bits| *bits > 0.0),
            "{:?}",
            found.bits
        );
        bent.set_head(0, 1, head).unwrap();
        let back = Divergence::new(&read(&file), &read(&bent), &ids);
        assert_eq!(back.bits, [0.0; 8]);
    }
}
