//! No leak: no logit may depend on a later token. Measured, not believed: one token of a text is
//! exchanged for another, and every logit before it is compared with what it was.
//!
//! Token j of n is exchanged. The logits after tokens 0..j do not know of it and must stay as they are;
//! those after tokens j..n do and must change, or the measurement says nothing. Both changes are the
//! largest |difference|, divided by the largest |logit| of the text as it was.

use crate::backend::cpu::Cpu;
use crate::backend::{Backend, Device, Later, Op, StepInputs};
use crate::config::ModelConfig;
use crate::kernels::Real;
use crate::model::Model;
use crate::model::inference::logits_on;
use crate::model::network::Network;
use crate::rng::{Philox, Stream};
use serde::{Deserialize, Serialize};

/// Up to here a change of an earlier logit passes as rounding of float32. Where waves go by
/// recurrence, nothing of a later token reaches an earlier one. Where a GPU takes texts through an FFT,
/// which is for short ones, a line carries all of its tokens, so the rounding of a later one does reach an
/// earlier one: 1.2e-6 of the scale at most in the model that comes with the page, when its whole context
/// went that way, where one rounding is up to 6e-8. This leaves eight times as much for other models and devices. A leak below it cannot be told from
/// rounding in float32: a fresh model, whose waves say little yet, leaks 8e-6 at a stride of 1.22 cells.
/// In float64, where rounding is below 1e-14, it stands out; the tests look there.
pub const THRESHOLD: f64 = 1e-5;

/// A change of its own and the later logits below this is too small to tell its leak from rounding.
pub const SEEN: f64 = 100.0 * THRESHOLD;

/// Texts of one length, of which one token each is exchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Probe {
    /// Tokens of the text; from 2 to the model's context.
    pub length: usize,
    /// Which token is exchanged, in a copy of the text each; from 1, for before the first there is
    /// no logit.
    pub positions: Vec<usize>,
}

/// What exchanging one token does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Leak {
    pub length: usize,
    pub position: usize,
    /// The largest change of a logit before the token, in units of `scale`.
    pub before: f64,
    /// The same from the token on.
    pub after: f64,
    /// The largest |logit| of the text as it was.
    pub scale: f64,
}

/// What a measurement says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing but rounding arrived before the token, and the change itself was seen.
    NoLeak,
    /// An earlier logit depends on a later token.
    Leak,
    /// Exchanging the token changed too little from it on: nothing can be said.
    SawNothing,
    /// Some logit is not a number.
    NotNumbers,
}

impl Leak {
    /// What it says.
    pub fn verdict(&self) -> Verdict {
        // A scale of 0 makes the changes NaN: there is nothing to be seen in logits that are all 0.
        if self.scale == 0.0 {
            Verdict::SawNothing
        } else if ![self.before, self.after, self.scale]
            .iter()
            .all(|x| x.is_finite())
        {
            Verdict::NotNumbers
        } else if self.before > THRESHOLD {
            Verdict::Leak
        } else if self.after < SEEN {
            Verdict::SawNothing
        } else {
            Verdict::NoLeak
        }
    }

    /// Compares (n, V) logits of the text as it was with those of the copy.
    fn between<T: Real>(before: &[T], after: &[T], vocab: usize, position: usize) -> Self {
        // Unlike `f64::max`, it keeps what is not a number.
        let largest = |values: &mut dyn Iterator<Item = f64>| {
            values.fold(
                0f64,
                |most, x| if x.is_nan() || x > most { x } else { most },
            )
        };
        let scale = largest(&mut before.iter().map(|x| x.wide().abs()));
        let changes = |range: std::ops::Range<usize>| {
            let pairs = before[range.clone()].iter().zip(&after[range]);
            largest(&mut pairs.map(|(a, b)| (a.wide() - b.wide()).abs())) / scale
        };
        Leak {
            length: before.len() / vocab,
            position,
            before: changes(0..position * vocab),
            after: changes(position * vocab..before.len()),
            scale,
        }
    }
}

impl Probe {
    /// The tokens of the text and of its copies, (1 + positions, length). The text is random: it has
    /// any token in any place, and one length's text begins as another's.
    ///
    /// # Panics
    /// When the vocabulary has one token only, so that there is none to exchange it for, or a position
    /// is not in 1..length.
    pub fn batch(&self, vocab: usize) -> Vec<u32> {
        assert!(vocab > 1, "a token is exchanged for another one");
        let rng = Philox::stream(1, Stream::Sample);
        let text: Vec<u32> = (0..self.length as u64)
            .map(|i| rng.below(i, vocab as u64) as u32)
            .collect();
        let mut batch = text.clone();
        for position in &self.positions {
            assert!((1..self.length).contains(position), "{position} is before");
            let start = batch.len();
            batch.extend(&text);
            let by = 1 + rng.below((self.length + position) as u64, vocab as u64 - 1) as usize;
            let token = &mut batch[start + position];
            *token = ((*token as usize + by) % vocab) as u32;
        }
        batch
    }

    fn leaks<T: Real>(&self, logits: &[T], vocab: usize) -> Vec<Leak> {
        let (text, copies) = logits.split_at(self.length * vocab);
        let copies = copies.chunks_exact(text.len());
        (self.positions.iter().zip(copies))
            .map(|(position, copy)| Leak::between(text, copy, vocab, *position))
            .collect()
    }
}

/// A measurement on the CPU in pieces, in float32 or float64.
pub struct Measurement<T: Real> {
    probe: Probe,
    cpu: Cpu<T>,
    network: Network,
    ops: std::vec::IntoIter<Op>,
}

impl<T: Real> Measurement<T> {
    /// Lays it out; from here on it needs the model no more.
    ///
    /// # Panics
    /// As [`Probe::batch`], and when the length does not fit in the context.
    pub fn new(model: &Model, probe: Probe) -> Self {
        let batch = probe.batch(model.config.vocab_size);
        let ids: Vec<i32> = batch.iter().map(|id| *id as i32).collect();
        let mut cpu = Cpu::<T>::new();
        let rows = 1 + probe.positions.len();
        let network = Network::for_inference(&mut cpu, model, rows, probe.length);
        cpu.write_batch(&ids, &[]);
        let ops = network.forward(0.0).into_iter();
        Measurement {
            probe,
            cpu,
            network,
            ops,
        }
    }

    /// What is measured.
    pub fn probe(&self) -> &Probe {
        &self.probe
    }

    /// One operation of the model's forward. After the last one, what was found.
    pub fn advance(&mut self) -> Option<Vec<Leak>> {
        if let Some(op) = self.ops.next() {
            let program = self.cpu.prepare(&[op]);
            self.cpu.run(&program, &StepInputs::default());
            return None;
        }
        let logits = self.cpu.view(self.network.logits());
        let vocab = logits.len() / (self.probe.length * (1 + self.probe.positions.len()));
        Some(self.probe.leaks(&logits, vocab))
    }
}

/// A whole [`Measurement`].
///
/// # Panics
/// As [`Measurement::new`].
pub fn measure<T: Real>(model: &Model, probe: &Probe) -> Vec<Leak> {
    let mut measurement = Measurement::<T>::new(model, probe.clone());
    loop {
        if let Some(leaks) = measurement.advance() {
            return leaks;
        }
    }
}

/// Measures on a device; the answer comes later, and fails when the device is lost.
///
/// # Panics
/// As [`measure`].
pub fn measure_on(device: Device, model: &Model, probe: Probe) -> Later<Vec<Leak>> {
    let vocab = model.config.vocab_size;
    let batch = probe.batch(vocab);
    let rows = 1 + probe.positions.len();
    let logits = logits_on(device, model, &batch, rows, probe.length);
    Box::pin(async move { Ok(probe.leaks(&logits.await?, vocab)) })
}

/// How many numbers a probe's activations may be, in float32 32 MiB; those of a single copy eight times
/// as many.
const ROOM: usize = 1 << 23;

/// Where to look in a model: short, odd, middle and full lengths, and at each the second token, the
/// middle, the last but one and the last. Thorough: more lengths, and positions spread over each. What
/// would take too much memory at once is made in several probes; what a single copy would is shortened.
pub fn plan(config: &ModelConfig, thorough: bool) -> Vec<Probe> {
    plan_within(config, thorough, ROOM)
}

fn plan_within(config: &ModelConfig, thorough: bool, room: usize) -> Vec<Probe> {
    let per_layer = 10 * config.embedding_dim + 2 * config.ffn_dim;
    let most_tokens = room / (config.vocab_size + config.num_layers * per_layer);
    let m = (config.max_seq_len).min((4 * most_tokens).max(2));
    let mut lengths = match thorough {
        false => vec![2, 3, m / 4 + 1, m / 2, m],
        true => {
            let mut lengths = vec![2, 3, 4, 5, 8, 13, 16, 31, 32, 33, 64, 100];
            lengths.extend([m / 4 + 1, m / 3, m / 2, m / 2 + 1, 3 * m / 4, m - 1, m]);
            lengths
        }
    };
    lengths.retain(|n| (2..=m).contains(n));
    lengths.sort_unstable();
    lengths.dedup();
    let mut probes = Vec::new();
    for length in lengths {
        let mut positions = vec![1, length / 2, length - 2, length - 1];
        if thorough {
            positions.extend((1..8).map(|i| i * length / 8));
        }
        positions.retain(|j| (1..length).contains(j));
        positions.sort_unstable();
        positions.dedup();
        let copies = (most_tokens / length).saturating_sub(1).max(1);
        probes.extend(positions.chunks(copies).map(|positions| Probe {
            length,
            positions: positions.to_vec(),
        }));
    }
    probes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::wait;
    use crate::config::Architecture;

    fn model(field_size: usize) -> Model {
        let architecture = match field_size {
            0 => Architecture::Standard,
            _ => Architecture::Wave,
        };
        let config = ModelConfig {
            architecture,
            vocab_size: 11,
            embedding_dim: 24,
            num_layers: 3,
            num_heads: 3,
            ffn_dim: 32,
            field_size,
            max_seq_len: 33,
            interference_interval: 2,
            position_scale: 1.0,
            ..ModelConfig::default()
        };
        Model::new(config, 7).unwrap()
    }

    fn probe(length: usize, positions: &[usize]) -> Probe {
        Probe {
            length,
            positions: positions.to_vec(),
        }
    }

    /// Unit, whole and fractional strides, and a standard Transformer.
    #[test]
    fn sound_models_have_no_leak_anywhere() {
        for field_size in [33, 65, 97, 72, 127, 0] {
            let model = model(field_size);
            for probe in plan(&model.config, true) {
                for leak in measure::<f32>(&model, &probe) {
                    assert_eq!(leak.verdict(), Verdict::NoLeak, "{field_size}: {leak:?}");
                    assert!(leak.before < 2e-6, "{field_size}: {leak:?}");
                }
            }
            for leak in measure::<f64>(&model, &probe(33, &[1, 16, 32])) {
                assert!(leak.before < 1e-14, "{field_size}: {leak:?}");
            }
        }
    }

    /// Two readings of one text each, their logits compared here.
    #[test]
    fn a_batch_of_copies_tells_what_single_readings_tell() {
        let model = model(65);
        let probe = probe(20, &[1, 7, 19]);
        let batch = probe.batch(11);
        let logits = |row: usize| {
            let ids = &batch[row * 20..][..20];
            crate::diagnostics::Trace::<f64>::new(&model, ids).logits
        };
        let text = logits(0);
        let scale = text.iter().fold(0f64, |most, x| most.max(x.abs()));
        for (row, leak) in measure::<f64>(&model, &probe).iter().enumerate() {
            let j = probe.positions[row];
            let changed = (0..20).filter(|i| batch[*i] != batch[(row + 1) * 20 + i]);
            assert_eq!(changed.collect::<Vec<_>>(), [j], "one token is exchanged");
            let copy = logits(row + 1);
            let change = |i: usize| (text[i] - copy[i]).abs() / scale;
            let after = (j * 11..text.len()).map(change).fold(0f64, f64::max);
            assert_eq!((leak.length, leak.position), (20, j));
            assert!((leak.after - after).abs() < 1e-12, "{leak:?}, {after}");
            assert!((leak.scale - scale).abs() < 1e-12, "{leak:?}, {scale}");
        }
    }

    /// Of a fresh model, whose waves say little yet, float64 sees the leak far above its rounding.
    #[test]
    fn a_forbidden_stride_is_found() {
        let mut model = model(65);
        for field_size in [40, 48, 56] {
            model.config.field_size = field_size;
            let probe = probe(32, &[4, 8, 15, 16, 17, 23]);
            let worst =
                |leaks: Vec<Leak>| leaks.iter().fold(0f64, |most, leak| most.max(leak.before));
            let fresh = worst(measure::<f64>(&model, &probe));
            assert!(fresh > 1e-9, "{field_size} cells: {fresh:e}");
        }
    }

    /// What a device tells is what the CPU tells in pieces.
    #[test]
    fn either_path_tells_the_same() {
        let model = model(65);
        let probe = probe(20, &[1, 7, 19]);
        let later = measure_on(Device::cpu(), &model, probe.clone());
        assert_eq!(wait(later).unwrap(), measure::<f32>(&model, &probe));
    }

    /// All tokens have the same embedding: exchanging them changes nothing, and that is no proof.
    #[test]
    fn a_model_that_does_not_see_the_change_proves_nothing() {
        let mut model = model(33);
        let table = model.parameters.specs()[0].name.clone();
        model.parameters.get_mut(&table).unwrap().fill(0.25);
        for leak in measure::<f32>(&model, &probe(16, &[1, 8, 15])) {
            assert_eq!(leak.verdict(), Verdict::SawNothing, "{leak:?}");
        }
        model.parameters.get_mut(&table).unwrap().fill(0.0);
        for leak in measure::<f32>(&model, &probe(16, &[1, 8, 15])) {
            assert_eq!(leak.verdict(), Verdict::SawNothing, "{leak:?}");
        }
        model.parameters.get_mut(&table).unwrap()[0] = f32::NAN;
        for leak in measure::<f32>(&model, &probe(16, &[1, 8, 15])) {
            assert_eq!(leak.verdict(), Verdict::NotNumbers, "{leak:?}");
        }
    }

    #[test]
    fn a_thorough_plan_looks_at_more_places() {
        let config = model(65).config;
        let places = |thorough| -> usize {
            let probes = plan(&config, thorough);
            probes.iter().map(|probe| probe.positions.len()).sum()
        };
        assert!(places(true) > 2 * places(false));
    }

    #[test]
    fn plans_reach_both_ends_and_keep_their_measure() {
        for max_seq_len in [2, 3, 33, 257, 1024] {
            let mut config = model(0).config;
            config.max_seq_len = max_seq_len;
            let room = 3000 * (config.vocab_size + 3 * (10 * 24 + 2 * 32));
            for thorough in [false, true] {
                let probes = plan_within(&config, thorough, room);
                for probe in &probes {
                    let within = (2..=max_seq_len).contains(&probe.length);
                    assert!(within && !probe.positions.is_empty(), "{probe:?}");
                    let in_text = |j: &usize| (1..probe.length).contains(j);
                    assert!(probe.positions.iter().all(in_text), "{probe:?}");
                    let tokens = (1 + probe.positions.len()) * probe.length;
                    assert!(tokens <= 3000, "{probe:?}");
                }
                let full = |j| {
                    let of = |p: &Probe| p.length == max_seq_len && p.positions.contains(&j);
                    probes.iter().any(of)
                };
                assert!(full(1) && full(max_seq_len - 1), "{probes:?}");
            }
            // Room for a hundred tokens: no text of more than four hundred.
            let small = plan_within(&config, false, room / 30);
            assert_eq!(small.last().unwrap().length, max_seq_len.min(400));
        }
    }
}
