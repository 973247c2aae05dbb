//! No logit depends on a later token, at every allowed kind of stride, with weights that are large.
//!
//! In float64 rounding stays so small that any real leak stands out; float32, as it is used, is held
//! to its own rounding.

use wavefield::checkpoint::Checkpoint;
use wavefield::config::{Architecture, FeedForward, ModelConfig, Norm, Positions};
use wavefield::diagnostics::causality::{Probe, THRESHOLD, Verdict, measure};
use wavefield::kernels::Real;
use wavefield::model::Model;

const VOCAB: usize = 11;

/// Without a field it is a standard Transformer; `modern`, with all options that it can have.
fn model(max_seq_len: usize, field_size: usize, modern: bool) -> Model {
    let waves = field_size > 0;
    let options = match modern {
        false => ModelConfig::default(),
        true => ModelConfig {
            norm: Norm::Rms,
            feed_forward: FeedForward::Swiglu,
            near_field: if waves { 4 } else { 0 },
            positions: match waves {
                true => Positions::Learned,
                false => Positions::Rotary,
            },
            ..ModelConfig::default()
        },
    };
    let config = ModelConfig {
        architecture: match waves {
            false => Architecture::Standard,
            true => Architecture::Wave,
        },
        vocab_size: VOCAB,
        embedding_dim: 24,
        num_layers: 4,
        num_heads: 3,
        ffn_dim: 32,
        field_size,
        max_seq_len,
        interference_interval: 2,
        position_scale: 1.0,
        ..options
    };
    let mut model = Model::new(config, 7).unwrap();
    for spec in model.parameters.specs().to_vec() {
        if spec.name.contains("near_field") {
            // Or only the token itself would be heard.
            let values = model.parameters.get_mut(&spec.name).unwrap();
            values.iter_mut().for_each(|value| *value += 0.5);
            continue;
        }
        // Tenfold weights; the waves keep their physics, with little damping so that every
        // token is heard to the end.
        let wave = spec.name.contains("wave_");
        for value in model.parameters.get_mut(&spec.name).unwrap() {
            *value *= if wave { 1.0 } else { 10.0 };
        }
        if spec.name.contains("wave_damping") {
            model.parameters.get_mut(&spec.name).unwrap().fill(-5.0);
        }
    }
    model
}

/// The largest change of a logit before token `j`, and from it on, when `j` is another token.
fn leak<T: Real>(model: &Model, length: usize, j: usize) -> (f64, f64) {
    let probe = Probe {
        length,
        positions: vec![j],
    };
    let leaks = measure::<T>(model, &probe);
    (leaks[0].before, leaks[0].after)
}

#[test]
fn changing_a_token_changes_nothing_before_it() {
    let shapes = [
        (33, 33, false),
        (33, 65, false),
        (33, 66, false),
        (33, 97, false),
        (33, 127, false),
        (9, 64, false),
        (33, 0, false),
        (33, 33, true),
        (33, 127, true),
        (33, 0, true),
    ];
    for (max_seq_len, field_size, modern) in shapes {
        let model = model(max_seq_len, field_size, modern);
        for n in [2, 3, 8, max_seq_len - 1, max_seq_len] {
            if n > max_seq_len {
                continue;
            }
            for j in [1, n / 2, n - 2, n - 1] {
                if j == 0 {
                    continue;
                }
                let case = format!(
                    "{field_size} cells, {max_seq_len} positions, modern: {modern}, {n} tokens, {j}"
                );
                let (back, forth) = leak::<f64>(&model, n, j);
                assert!(back < 1e-12, "{case}: leak {back:e}");
                assert!(
                    forth > 1e-3,
                    "{case}: the change itself must be seen, {forth:e}"
                );
                let (back, _) = leak::<f32>(&model, n, j);
                assert!(back < THRESHOLD, "{case}: leak {back:e} in float32");
            }
        }
    }
}

/// The same measure finds a leak where there is one: a stride that the configuration refuses.
#[test]
fn the_measure_sees_a_leak() {
    let mut model = model(33, 65, false);
    model.config.field_size = 48; // stride 1.47
    let (back, _) = leak::<f64>(&model, 32, 16);
    assert!(
        back > 1e-6,
        "a forbidden stride leaks, but {back:e} was measured"
    );
}

/// The model that comes with the page, as it is and with its field squeezed.
#[test]
fn a_trained_model_leaks_on_a_squeezed_field_alone() {
    let bytes = std::fs::read("models/shakespeare/model.safetensors").unwrap();
    let mut model = Checkpoint::from_bytes(&bytes).unwrap().model;
    let probe = Probe {
        length: 257,
        // A stretch without gaps: not every pair of neighbours shares a cell.
        positions: (100..116).collect(),
    };
    for leak in measure::<f32>(&model, &probe) {
        assert_eq!(leak.verdict(), Verdict::NoLeak, "{leak:?}");
    }
    // Not 385: at a stride of 1.5 no two tokens happen to share a cell.
    for field_size in [300, 400, 480] {
        model.config.field_size = field_size;
        let leaks = measure::<f32>(&model, &probe);
        let worst = leaks.iter().fold(0f64, |most, leak| most.max(leak.before));
        let found = leaks.iter().any(|leak| leak.verdict() == Verdict::Leak);
        assert!(found, "{field_size} cells: {worst:e}");
    }
}
