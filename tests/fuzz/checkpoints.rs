//! `.safetensors` files: headers and values changed where it means the most. What is read must be sound,
//! writable, and usable within the budget.

use crate::mutate::{NUMBERS, Random, change, change_bytes, odd_text, odd_value};
use crate::tokenizers;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use wavefield::checkpoint::Checkpoint;
use wavefield::config::{Architecture, FeedForward, ModelConfig, Norm};
use wavefield::decode::{Generation, GenerationSettings};
use wavefield::diagnostics::{Trace, heads};
use wavefield::model::Model;
use wavefield::model::network::{Network, Purpose};
use wavefield::tokenizer::Tokenizer;
use wavefield::train::{Dataset, TrainConfig, Trainer, TrainerState};

/// A small model of some shape, perhaps with its vocabulary and the state of its training.
fn sound(random: &mut Random) -> Vec<u8> {
    let tokenizer = Tokenizer::train_character("abcde\n").expect("it is sound");
    let context = random.pick(&[2, 17, 33]);
    let waves = !random.once_in(4);
    let cells = random.pick(&[context, 2 * context - 1, 4 * context]);
    let config = ModelConfig {
        architecture: if waves {
            Architecture::Wave
        } else {
            Architecture::Standard
        },
        vocab_size: tokenizer.vocab_size(),
        embedding_dim: 4 * random.pick(&[1, 2]),
        num_layers: random.pick(&[1, 2]),
        num_heads: random.pick(&[1, 2, 4]),
        ffn_dim: random.pick(&[1, 8]),
        field_size: if waves { cells } else { 0 },
        max_seq_len: context,
        interference_interval: random.pick(&[1, 2, 3]),
        position_scale: 0.03,
        norm: random.pick(&[Norm::Layer, Norm::Rms]),
        feed_forward: random.pick(&[FeedForward::Gelu, FeedForward::Swiglu]),
        near_field: if waves { random.pick(&[0, 4]) } else { 0 },
        ..ModelConfig::default()
    };
    let model = Model::new(config, 9).expect("its shape is sound");
    let zeros = vec![0.0; model.parameters.flat().len()];
    let state = random.once_in(3).then(|| TrainerState {
        step: 3,
        first_moment: zeros.clone(),
        second_moment: zeros,
        config: TrainConfig::default(),
    });
    let checkpoint = Checkpoint {
        model,
        tokenizer: (!random.once_in(4)).then_some(tokenizer),
        extra: BTreeMap::from([("note".to_string(), odd_text(random))]),
        trainer: state,
    };
    checkpoint.to_bytes().expect("a sound model")
}

/// A file taken apart.
struct Parts {
    header: Map<String, Value>,
    data: Vec<u8>,
}

impl Parts {
    fn of(bytes: &[u8]) -> Self {
        let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
        let header = serde_json::from_slice(&bytes[8..8 + length]).expect("it was just written");
        Parts {
            header,
            data: bytes[8 + length..].to_vec(),
        }
    }

    fn bytes(&self, random: &mut Random) -> Vec<u8> {
        let mut header = Value::Object(self.header.clone()).to_string();
        if random.once_in(20) {
            // A name that stands twice.
            header = header.replacen('{', "{\"norm.bias\":{},", 1);
        }
        let length = match random.once_in(20) {
            true => random.pick(&[0, 1, 99_999_999, u64::MAX, 1 << 40]),
            false => header.len() as u64,
        };
        [&length.to_le_bytes(), header.as_bytes(), &self.data].concat()
    }

    fn metadata(&mut self) -> Option<&mut Map<String, Value>> {
        self.header.get_mut("__metadata__")?.as_object_mut()
    }

    /// Changes JSON that stands as text in the metadata.
    fn change_inside(&mut self, key: &str, change: impl FnOnce(&mut Value)) {
        let Some(metadata) = self.metadata() else {
            return;
        };
        let Some(text) = metadata.get(key).and_then(Value::as_str) else {
            return;
        };
        if let Ok(mut value) = serde_json::from_str(text) {
            change(&mut value);
            metadata.insert(key.into(), value.to_string().into());
        }
    }
}

fn changed(random: &mut Random) -> Vec<u8> {
    let bytes = sound(random);
    let mut parts = Parts::of(&bytes);
    for _ in 0..1 + random.below(3) {
        match random.below(9) {
            0 | 1 => parts.change_inside("config", |config| change(config, random)),
            // A lawful field or context of any size: a few bytes that ask for gigabytes.
            2 | 3 => parts.change_inside("config", |config| {
                if !config.is_object() {
                    return;
                }
                let context = random.pick(&[17u64, 33, 1 << 16, 1 << 20, 1 << 21, 1 << 40]);
                config["max_seq_len"] = json!(context);
                let cells = random.pick(&[context, 2 * context - 1, 3 * context, 1 << 22]);
                if config["field_size"] != json!(0) {
                    config["field_size"] = json!(cells);
                }
            }),
            4 => parts.change_inside("trainer.config", |config| change(config, random)),
            5 => {
                let tokenizer = tokenizers::changed(random);
                if let Some(metadata) = parts.metadata() {
                    metadata.insert("tokenizer".into(), tokenizer.into());
                }
            }
            6 => {
                let mut header = Value::Object(parts.header.clone());
                change(&mut header, random);
                if let Value::Object(header) = header {
                    parts.header = header;
                }
            }
            7 => values(&mut parts.data, random),
            _ => {
                let (key, value) = (odd_text(random), odd_value(random));
                if let Some(metadata) = parts.metadata() {
                    metadata.insert(key, value);
                }
            }
        }
    }
    let mut bytes = parts.bytes(random);
    if random.once_in(5) {
        change_bytes(&mut bytes, random);
    }
    bytes
}

/// Numbers that are none, or far too large.
fn values(data: &mut [u8], random: &mut Random) {
    for _ in 0..1 + random.below(20) {
        if data.len() < 4 {
            return;
        }
        let at = random.below(data.len() / 4) * 4;
        let value = match random.below(4) {
            0 => f32::NAN,
            1 => f32::INFINITY,
            _ => random.pick(&NUMBERS) as f32 * random.pick(&[1.0, -1.0]),
        };
        data[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
}

pub fn try_out(random: &mut Random) {
    match Checkpoint::from_bytes(&changed(random)) {
        Err(error) => assert!(error.to_string().len() > 20, "{error}"),
        Ok(checkpoint) => use_it(checkpoint),
    }
}

fn use_it(checkpoint: Checkpoint) {
    let flat = checkpoint.model.parameters.flat();
    assert!(flat.iter().all(|value| value.is_finite()), "not a number");
    let again = Checkpoint::from_bytes(&checkpoint.to_bytes().expect("what was read is sound"));
    let again = again.expect("what was read can be written and read");
    assert_eq!(again.model.config, checkpoint.model.config);
    let model = &checkpoint.model;
    heads::report(model);
    if let Some(tokenizer) = &checkpoint.tokenizer {
        let settings = GenerationSettings {
            max_tokens: 6,
            ..GenerationSettings::default()
        };
        if let Ok(mut generation) = Generation::new(model, tokenizer, "abc", settings) {
            while let Ok(Some(_)) = generation.next(model, tokenizer) {}
        }
    }
    let ids = vec![0; model.config.max_seq_len.min(5)];
    if Network::check_memory(&model.config, Purpose::Reading, 1, ids.len()).is_ok() {
        Trace::<f32>::new(model, &ids);
    }
    if let Some(state) = checkpoint.trainer {
        let tokens: Vec<u32> = (0..40)
            .map(|i| i % model.config.vocab_size as u32)
            .collect();
        let dataset = Dataset {
            train: tokens.clone(),
            validation: tokens,
        };
        let work = state.config.batch_size * state.config.seq_len;
        if let Ok(mut trainer) = Trainer::resume(checkpoint.model, state, dataset)
            && work <= 4096
        {
            trainer.step().expect("the processor is not lost");
        }
    }
}
