//! A lesson in looking ahead: two small models of the same shape, first numbers, batches and settings,
//! of which one was made to hear later tokens ([`Leak`]).
//!
//! The broken one predicts a text that lies before it almost perfectly, held back or not, for it reads
//! the next token off. When it writes, there is no next token yet, and all that it learned is of no
//! use. Both are read in parallel, from the start of their window to the last token, never by the
//! recurrent view: that cannot hear later tokens, so that it would not be the broken model.

use crate::config::{Architecture, ModelConfig};
use crate::decode::{Sampler, SamplingSettings};
use crate::diagnostics::causality::{self, measure, plan};
use crate::error::{Error, Result};
use crate::model::inference::logits;
use crate::model::{Leak, Model};
use crate::tokenizer::Tokenizer;
use crate::train::{Dataset, Evaluation, TrainConfig, Trainer};
use serde::{Deserialize, Serialize};

/// M: waves that run once around the field must still be heard. On 64 cells a ring leaks so little at
/// these dampings that a minute's training makes nothing of it.
const CONTEXT: usize = 32;
/// G of a broken model in which neighbours share cells: a stride of 0.74.
const SHARED_FIELD: usize = 24;
/// Of the text's end, held back to measure on.
const VALIDATION_SHARE: f64 = 0.1;

/// The sound model and the broken one, in this order.
pub type Pair<T> = [T; 2];

/// What is to be trained.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(
    target_arch = "wasm32",
    derive(tsify::Tsify),
    tsify(rename = "LessonOrder")
)]
pub struct Order {
    pub text: String,
    /// How the broken one hears later tokens.
    #[cfg_attr(target_arch = "wasm32", tsify(type = "LeakKind"))]
    pub leak: Leak,
    pub steps: u64,
    /// Draws first numbers, batches and samples, for both alike.
    pub seed: u64,
}

/// Two models in training.
pub struct Lesson {
    trainers: Pair<Trainer>,
    tokenizer: Tokenizer,
    data: Dataset,
    seed: u64,
}

/// What a model scores on text that was held back, and what it writes.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Scored {
    pub validation: Evaluation,
    pub text: String,
}

/// The shape of both models, but for a field on which neighbours share cells.
fn config(vocab_size: usize, leak: Leak) -> ModelConfig {
    ModelConfig {
        architecture: Architecture::Wave,
        vocab_size,
        embedding_dim: 64,
        num_layers: 2,
        num_heads: 8,
        ffn_dim: 256,
        field_size: match leak {
            Leak::SharedCells => SHARED_FIELD,
            Leak::None | Leak::CircularField => CONTEXT,
        },
        max_seq_len: CONTEXT,
        interference_interval: 2,
        position_scale: 0.03,
        ..ModelConfig::default()
    }
}

impl Lesson {
    /// Two fresh models that learn a text by characters.
    ///
    /// # Errors
    /// [`crate::Error::Data`] when the text is too short, [`crate::Error::Config`] when there is
    /// nothing to train for, [`crate::Error::Tokenizer`] when the text is empty.
    pub fn new(order: &Order) -> Result<Self> {
        let tokenizer = Tokenizer::train_character(&order.text)?;
        let data = Dataset::from_text(&tokenizer, &order.text, VALIDATION_SHARE)?;
        let train = TrainConfig {
            batch_size: 16,
            seq_len: CONTEXT,
            steps: order.steps,
            warmup_steps: 20,
            peak_lr: 6e-3,
            min_lr: 6e-4,
            seed: order.seed,
            ..TrainConfig::default()
        };
        let trainer = |leak| {
            let config = config(tokenizer.vocab_size(), leak);
            let model = Model::leaking(config, leak, order.seed)?;
            Trainer::new(model, train.clone(), data.clone())
        };
        Ok(Lesson {
            trainers: [trainer(Leak::None)?, trainer(order.leak)?],
            tokenizer,
            data,
            seed: order.seed,
        })
    }

    /// One step of both on the same batch; their losses before it, in nats a token.
    ///
    /// # Errors
    /// [`Error::Model`] when one of them came to no number.
    pub fn step(&mut self) -> Result<Pair<f32>> {
        let [sound, broken] = &mut self.trainers;
        let step = |trainer: &mut Trainer| -> Result<f32> {
            let report = trainer.step()?;
            match report.fault {
                None => Ok(report.loss),
                Some(fault) => Err(Error::Model {
                    message: fault.sentence(report.step, trainer.steps_done(), trainer.config()),
                }),
            }
        };
        Ok([step(sound)?, step(broken)?])
    }

    /// Steps done.
    pub fn steps_done(&self) -> u64 {
        self.trainers[0].steps_done()
    }

    /// Steps in all.
    pub fn steps(&self) -> u64 {
        self.trainers[0].config().steps
    }

    /// Changes how many steps there are in all.
    ///
    /// # Errors
    /// [`crate::Error::Config`] when more were done already.
    pub fn set_steps(&mut self, steps: u64) -> Result<()> {
        self.trainers
            .iter_mut()
            .try_for_each(|t| t.set_steps(steps))
    }

    /// How well both predict so many windows of the text that was held back.
    ///
    /// # Errors
    /// As [`Lesson::step`].
    pub fn evaluate(&mut self, windows: usize) -> Result<Pair<Evaluation>> {
        let [sound, broken] = &mut self.trainers;
        Ok([
            sound.evaluate(Some(windows))?,
            broken.evaluate(Some(windows))?,
        ])
    }

    /// A text of so many tokens by each, from the same random numbers.
    ///
    /// # Errors
    /// As [`Lesson::step`].
    pub fn samples(&mut self, count: usize) -> Result<Pair<String>> {
        let (seed, tokenizer) = (self.seed, &self.tokenizer);
        let [sound, broken] = &mut self.trainers;
        let text = |trainer: &mut Trainer| text_by(trainer.model()?, tokenizer, count, seed);
        Ok([text(sound)?, text(broken)?])
    }

    /// The broken one as it would be had its fault been taken out today: its numbers on a field that
    /// hears no later token. How it does on so many windows held back, and a text of so many tokens.
    ///
    /// # Errors
    /// As [`Lesson::step`].
    pub fn mended(&mut self, windows: usize, count: usize) -> Result<Scored> {
        let broken = self.trainers[1].model()?;
        let config = config(broken.config.vocab_size, Leak::None);
        let mut model = Model::leaking(config, Leak::None, self.seed)?;
        let numbers = model.parameters.flat_mut();
        numbers.copy_from_slice(broken.parameters.flat());
        let text = text_by(&model, &self.tokenizer, count, self.seed)?;
        let train = self.trainers[1].config().clone();
        let mut trainer = Trainer::new(model, train, self.data.clone())?;
        Ok(Scored {
            validation: trainer.evaluate(Some(windows))?,
            text,
        })
    }

    /// The largest leak that the page's own measurement finds in each, over short, middle and full
    /// lengths.
    ///
    /// # Errors
    /// As [`Lesson::step`].
    pub fn leaks(&mut self) -> Result<Pair<causality::Leak>> {
        let [sound, broken] = &mut self.trainers;
        Ok([largest_leak(sound.model()?), largest_leak(broken.model()?)])
    }
}

/// A text of so many tokens.
fn text_by(model: &Model, tokenizer: &Tokenizer, count: usize, seed: u64) -> Result<String> {
    // A text without lines has no token for their end; any other will do to begin with.
    let start = tokenizer.encode("\n").unwrap_or_default();
    let start = start.first().copied().unwrap_or(0);
    Ok(tokenizer.decode(&write(model, start, count, seed)?))
}

/// Writes token by token: each is drawn from what the model says after the tokens so far, and none after
/// them exist. At the end of the context the last half is read again from the field's start.
fn write(model: &Model, start: u32, count: usize, seed: u64) -> Result<Vec<u32>> {
    let vocab = model.config.vocab_size;
    let mut sampler = Sampler::new(SamplingSettings {
        temperature: 0.8,
        seed,
        alternatives: 0,
        ..SamplingSettings::default()
    })?;
    let mut ids = vec![start];
    let mut from = 0;
    while ids.len() <= count {
        if ids.len() - from > model.config.max_seq_len {
            from = ids.len() - model.config.max_seq_len / 2;
        }
        let heard = &ids[from..];
        let after_all = logits(model, heard, 1, heard.len())?;
        let next = sampler.next(&after_all[after_all.len() - vocab..], &ids);
        ids.push(next.id);
    }
    Ok(ids.split_off(1))
}

fn largest_leak(model: &Model) -> causality::Leak {
    let probes = plan(&model.config, false);
    let leaks = probes.iter().flat_map(|probe| measure::<f32>(model, probe));
    // A measurement that is not a number is worse than any that is.
    let worse = |a: &causality::Leak, b: &causality::Leak| a.before.total_cmp(&b.before);
    leaks
        .max_by(worse)
        .expect("a context of two tokens or more")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use crate::backend::cpu::Cpu;
    use crate::backend::{Backend, StepInputs, View};
    use crate::diagnostics::causality::Verdict;
    use crate::kernels::testing::check_gradient;
    use crate::model::network::{Activations, Network};
    use std::cell::RefCell;

    const WAYS: [Leak; 2] = [Leak::CircularField, Leak::SharedCells];

    fn order(leak: Leak, steps: u64) -> Order {
        // Sentences of words drawn at random: what comes next can be guessed within a word only.
        let words = [
            "the", "wave", "runs", "off", "and", "comes", "in", "again", "far", "below",
        ];
        let rng = crate::rng::Philox::stream(9, crate::rng::Stream::Sample);
        let text = (0..3000).map(|i| words[rng.below(i, 10) as usize]);
        Order {
            text: text.collect::<Vec<_>>().join(" "),
            leak,
            steps,
            seed: 1,
        }
    }

    #[test]
    fn the_broken_one_falls_below_what_the_sound_one_can_reach() {
        for (leak, steps, margin) in [
            (Leak::CircularField, 130, 0.85),
            (Leak::SharedCells, 50, 0.5),
        ] {
            let mut lesson = Lesson::new(&order(leak, steps)).unwrap();
            let first = lesson.step().unwrap();
            assert!(
                (first[0] - first[1]).abs() < 0.1,
                "alike at first: {first:?}"
            );
            while lesson.steps_done() < lesson.steps() {
                lesson.step().unwrap();
            }
            let [sound, broken] = lesson.evaluate(64).unwrap();
            assert!(broken.loss < margin * sound.loss, "{sound:?}, {broken:?}");
        }
    }

    /// What it learned is to read the answer off: without it, it is far worse than the sound one.
    #[test]
    fn the_mended_one_has_nothing_to_read_off() {
        let mut lesson = Lesson::new(&order(Leak::SharedCells, 50)).unwrap();
        while lesson.steps_done() < lesson.steps() {
            lesson.step().unwrap();
        }
        let [sound, broken] = lesson.evaluate(64).unwrap();
        let mended = lesson.mended(64, 70).unwrap();
        let loss = mended.validation.loss;
        assert!(broken.loss < sound.loss && loss > 1.2 * sound.loss);
        assert_eq!(mended.text.len(), 70);
        assert_eq!(lesson.evaluate(64).unwrap()[1].loss, broken.loss);
    }

    #[test]
    fn the_leak_is_found_at_once_and_only_where_there_is_one() {
        for leak in WAYS {
            let mut lesson = Lesson::new(&order(leak, 20)).unwrap();
            for _ in 0..2 {
                let [sound, broken] = lesson.leaks().unwrap();
                assert_eq!(sound.verdict(), Verdict::NoLeak, "{sound:?}");
                assert_eq!(broken.verdict(), Verdict::Leak, "{leak:?}: {broken:?}");
                assert!(broken.before > 100.0 * sound.before);
                while lesson.steps_done() < 20 {
                    lesson.step().unwrap();
                }
            }
        }
    }

    /// A circular field is a law of its own, so the whole network's gradient is checked on it.
    #[test]
    fn gradients_of_leaking_models_match_finite_differences() {
        for leak in WAYS {
            let shape = ModelConfig {
                embedding_dim: 8,
                num_heads: 2,
                ffn_dim: 8,
                field_size: if leak == Leak::SharedCells { 5 } else { 7 },
                max_seq_len: 7,
                ..config(5, leak)
            };
            let mut model = Model::leaking(shape, leak, 3).unwrap();
            (model.parameters.flat_mut().iter_mut().enumerate())
                .for_each(|(i, x)| *x += 0.2 * ((i * 37 % 19) as f32 / 9.0 - 1.0));
            let mut cpu = Cpu::<f64>::new();
            let network = Network::for_training(&mut cpu, &model, 2, 7, Activations::Kept);
            let ids: Vec<i32> = (0..14).map(|i| (i * i + 1) % 5).collect();
            let targets: Vec<i32> = (0..14).map(|i| (i * 3 + 2) % 5).collect();
            cpu.write_batch(&ids, &targets);
            let forward = cpu.prepare(&[network.forward(0.0), network.loss()].concat());
            let backward = cpu.prepare(&network.backward(0.0));
            cpu.run(&forward, &StepInputs::default());
            cpu.run(&backward, &StepInputs::default());
            let gradients = cpu.view(&network.flat_gradients()).to_vec();
            let cpu = RefCell::new(cpu);
            let loss = |view: &View, values: &[f64]| {
                let mut cpu = cpu.borrow_mut();
                cpu.view_mut(view).copy_from_slice(values);
                cpu.run(&forward, &StepInputs::default());
                cpu.view(&network.summary())[0]
            };
            // The waves, and the first numbers that lie before them: the embedding.
            let parameters = network.flat_parameters();
            let embedding = View::of(parameters.tensor, 0..40);
            for view in network.waves().iter().chain([&embedding]) {
                let values = cpu.borrow().view(view).to_vec();
                let range = view.range.clone();
                check_gradient("a leaking model", &values, &gradients[range], |values| {
                    loss(view, values)
                });
                loss(view, &values);
            }
        }
    }

    /// What stands after the last token is computed from the tokens so far, and no others.
    #[test]
    fn a_text_is_written_from_what_was_written() {
        for leak in WAYS {
            let mut lesson = Lesson::new(&order(leak, 10)).unwrap();
            lesson.step().unwrap();
            let [sound, broken] = lesson.samples(70).unwrap();
            assert_eq!((sound.len(), broken.len()), (70, 70));
            assert_eq!(
                [sound, broken],
                lesson.samples(70).unwrap(),
                "always the same draw"
            );
            let longer = lesson.samples(80).unwrap();
            let again = lesson.samples(70).unwrap();
            assert!(
                longer[1].starts_with(&again[1]),
                "more text changes none of it"
            );
        }
    }

    #[test]
    fn only_fields_that_leak_that_way_are_made_to() {
        let make = |field_size, leak| {
            let shape = ModelConfig {
                field_size,
                ..config(5, Leak::None)
            };
            Model::leaking(shape, leak, 1)
        };
        assert_eq!(make(CONTEXT, Leak::None).unwrap().leak(), Leak::None);
        for field_size in [2, SHARED_FIELD, 2 * CONTEXT - 2] {
            let model = make(field_size, Leak::SharedCells).unwrap();
            assert_eq!(model.leak(), Leak::SharedCells);
            let refused = make(field_size, Leak::None).map(|_| ()).unwrap_err();
            assert!(refused.to_string().contains("stride"), "{refused}");
        }
        for field_size in [0, 1, CONTEXT, 2 * CONTEXT - 1, 100] {
            let refused = make(field_size, Leak::SharedCells).map(|_| ()).unwrap_err();
            assert!(
                refused.to_string().contains("2 to 62 cells but for 32"),
                "{refused}"
            );
        }
        make(SHARED_FIELD, Leak::CircularField).unwrap_err();
        let standard = ModelConfig {
            architecture: Architecture::Standard,
            field_size: 0,
            ..config(5, Leak::None)
        };
        for leak in WAYS {
            let refused = Model::leaking(standard.clone(), leak, 1)
                .map(|_| ())
                .unwrap_err();
            assert!(
                matches!(
                    &refused,
                    Error::Config {
                        field: "architecture",
                        ..
                    }
                ),
                "{refused}"
            );
        }
    }

    #[test]
    #[should_panic(expected = "neither saved")]
    fn a_leaking_model_has_no_recurrent_view() {
        let model = Model::leaking(config(5, Leak::CircularField), Leak::CircularField, 1).unwrap();
        crate::decode::Decoder::new(&model, crate::decode::AtLimit::Reread);
    }

    #[test]
    #[should_panic(expected = "neither saved")]
    fn a_leaking_model_is_not_saved() {
        let model = Model::leaking(config(5, Leak::SharedCells), Leak::SharedCells, 1).unwrap();
        let checkpoint = crate::checkpoint::Checkpoint {
            model,
            tokenizer: None,
            extra: Default::default(),
            trainer: None,
        };
        let _ = checkpoint.to_bytes();
    }

    #[test]
    fn a_text_that_is_too_short_is_refused() {
        for text in ["", "a", "a short text"] {
            let order = Order {
                text: text.into(),
                ..order(Leak::SharedCells, 10)
            };
            assert!(Lesson::new(&order).is_err(), "{text:?}");
        }
    }
}
