//! Settings as the page and the recipes send them: of a model, of a training, of a text. What is valid
//! is used, in whatever size it asks for.

use crate::mutate::{Random, change, odd_number};
use serde_json::{Value, json};
use std::ops::ControlFlow;
use wavefield::config::ModelConfig;
use wavefield::decode::{Generation, GenerationSettings};
use wavefield::diagnostics::{causality, heads};
use wavefield::error::Result;
use wavefield::model::Model;
use wavefield::model::network::{Network, Purpose};
use wavefield::tokenizer::Tokenizer;
use wavefield::train::{Dataset, TrainConfig, Trainer};

const TEXT: &str = "abcde edcba abcde\nedcba abcde edcba abcde edcba\n";

fn model_settings() -> Value {
    json!({"vocab_size": 7, "embedding_dim": 8, "num_layers": 2, "num_heads": 2, "ffn_dim": 8,
           "field_size": 33, "max_seq_len": 17, "interference_interval": 2, "position_scale": 0.03})
}

/// Shapes that keep the laws are rare among changed ones; these do, at any size.
fn lawful(settings: &mut Value, random: &mut Random) {
    let context = random.pick(&[2usize, 3, 17, 1000, 65_537, 1 << 20]);
    let cells = match random.below(3) {
        0 => context,
        1 => 2 * context - 1 + random.below(3),
        _ => random.pick(&[1usize << 20, (1 << 22) - 3, 1 << 22]),
    };
    settings["max_seq_len"] = json!(context);
    settings["field_size"] = json!(cells);
    settings["num_layers"] = json!(random.pick(&[1, 2, 3, 40, 1024]));
    settings["num_heads"] = json!(random.pick(&[1, 2, 4, 8]));
    settings["ffn_dim"] = json!(random.pick(&[1, 8, 1000]));
    if random.once_in(2) {
        settings["norm"] = json!(random.pick(&["layer", "rms"]));
        settings["feed_forward"] = json!(random.pick(&["gelu", "swiglu"]));
        settings["near_field"] = json!(random.pick(&[0, 4]));
    }
    if random.once_in(4) {
        settings["architecture"] = json!("standard");
        settings["field_size"] = json!(0);
    }
}

pub fn try_out(random: &mut Random) {
    let mut value = model_settings();
    if random.once_in(2) {
        lawful(&mut value, random);
    }
    if random.once_in(2) {
        change(&mut value, random);
    }
    let Ok(config) = serde_json::from_value::<ModelConfig>(value) else {
        return;
    };
    // Nothing but a model of its own vocabulary.
    let Ok(model) = Model::new(config, 3) else {
        return;
    };
    let tokenizer = Tokenizer::train_character(TEXT).expect("it is sound");
    heads::report(&model);
    let probes = causality::plan(&model.config, random.once_in(2));
    for probe in probes.iter().take(2) {
        let rows = 1 + probe.positions.len();
        let fits = Network::check_memory(&model.config, Purpose::Reading, rows, probe.length);
        if fits.is_ok() && model.config.vocab_size > 1 && rows * probe.length < 100 {
            causality::measure::<f32>(&model, probe);
        }
    }
    let _ = write(&model, &tokenizer, random);
    let _ = train(model, &tokenizer, random);
}

fn write(model: &Model, tokenizer: &Tokenizer, random: &mut Random) -> Result<()> {
    let mut value = json!({"temperature": 0.8, "top_k": 0, "top_p": 0.9, "repetition_penalty": 1.1, "seed": 1,
                           "max_tokens": 20, "stop": ["\n\n", "e"], "at_limit": "reread", "alternatives": 3});
    if random.once_in(2) {
        change(&mut value, random);
    }
    let Ok(settings) = serde_json::from_value::<GenerationSettings>(value) else {
        return Ok(());
    };
    let prompt = "abcde ".repeat(random.below(20));
    let mut generation = Generation::new(model, tokenizer, &prompt, settings)?;
    for _ in 0..30 {
        if generation.next(model, tokenizer)?.is_none() {
            break;
        }
    }
    Ok(())
}

fn train(model: Model, tokenizer: &Tokenizer, random: &mut Random) -> Result<()> {
    let mut value = json!({"batch_size": 2, "seq_len": 8, "steps": 4, "warmup_steps": 1, "peak_lr": 0.01,
                           "dropout": 0.1, "shards": 1, "schedule": "cosine", "clip_norm": 1.0, "seed": 1});
    if random.once_in(2) {
        change(&mut value, random);
    }
    if random.once_in(3) && value.is_object() {
        let field = random.pick(&["batch_size", "seq_len", "shards"]);
        value[field] = odd_number(random);
    }
    let Ok(config) = serde_json::from_value::<TrainConfig>(value) else {
        return Ok(());
    };
    let vocabulary = 256 + random.below(9);
    let bpe = Tokenizer::train_bpe(TEXT, vocabulary, |_, _| ControlFlow::Continue(()))?;
    let tokenizer = if random.once_in(8) { &bpe } else { tokenizer };
    let share = random.pick(&[0.1, 0.5, 1.0, -1.0, f64::NAN]);
    let dataset = Dataset::from_text(tokenizer, &TEXT.repeat(1 + random.below(3)), share)?;
    let mut trainer = Trainer::new(model, config, dataset)?;
    let work = trainer.config().batch_size * trainer.config().seq_len;
    // What fits may still be long.
    if work <= 64 {
        trainer.step()?;
        trainer.evaluate(Some(1))?;
    }
    Ok(())
}
