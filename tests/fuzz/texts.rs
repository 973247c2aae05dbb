//! Texts of all kinds: cut, learned from, continued.

use crate::mutate::{Random, change_bytes, odd_text};
use std::ops::ControlFlow;
use wavefield::config::{Architecture, ModelConfig};
use wavefield::decode::{AtLimit, Generation, GenerationSettings};
use wavefield::model::Model;
use wavefield::tokenizer::Tokenizer;
use wavefield::train::{Dataset, TrainConfig, Trainer};

fn text(random: &mut Random) -> String {
    let piece = odd_text(random);
    match random.below(5) {
        0 => piece,
        1 => piece.repeat(random.below(50)),
        // One word without an end.
        2 => random
            .pick(&["a", "ab", "é", "🙂", " "])
            .repeat(random.below(20_000)),
        3 => (0..random.below(3000))
            .filter_map(|i| char::from_u32((i * 37) as u32))
            .collect(),
        _ => {
            let mut bytes = piece.repeat(5).into_bytes();
            change_bytes(&mut bytes, random);
            String::from_utf8_lossy(&bytes).into_owned()
        }
    }
}

pub fn try_out(random: &mut Random) {
    let learned = text(random);
    let size = 256 + random.below(100);
    let tokenizer = match random.once_in(2) {
        true => Tokenizer::train_character(&learned),
        false => Tokenizer::train_bpe(&learned, size, |_, _| ControlFlow::Continue(())),
    };
    let Ok(tokenizer) = tokenizer else {
        assert!(learned.is_empty(), "only an empty text teaches nothing");
        return;
    };
    let ids = tokenizer.encode(&learned).expect("it was learned from it");
    assert_eq!(tokenizer.decode(&ids), learned, "text came back as another");
    let config = ModelConfig {
        architecture: Architecture::Wave,
        vocab_size: tokenizer.vocab_size(),
        embedding_dim: 4,
        num_layers: 1,
        num_heads: 1,
        ffn_dim: 4,
        field_size: 33,
        max_seq_len: 17,
        interference_interval: 1,
        position_scale: 0.03,
        ..ModelConfig::default()
    };
    let model = Model::new(config, 1).expect("its shape is sound");
    let settings = GenerationSettings {
        max_tokens: 12,
        stop: vec![odd_text(random)],
        at_limit: random.pick(&[AtLimit::Reread, AtLimit::RunOn]),
        ..GenerationSettings::default()
    };
    let prompt = text(random);
    if let Ok(mut generation) = Generation::new(&model, &tokenizer, &prompt, settings) {
        while let Ok(Some(_)) = generation.next(&model, &tokenizer) {}
    }
    let Ok(dataset) = Dataset::from_text(&tokenizer, &learned, 0.1) else {
        return;
    };
    let config = TrainConfig {
        batch_size: 2,
        seq_len: 8,
        steps: 2,
        ..TrainConfig::default()
    };
    if let Ok(mut trainer) = Trainer::new(model, config, dataset) {
        trainer.step().expect("the processor is not lost");
    }
}
