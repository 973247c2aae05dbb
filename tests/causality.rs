//! No logit depends on a later token, at every allowed kind of stride, with weights that are large.

use wavefield::config::ModelConfig;
use wavefield::model::Model;
use wavefield::model::inference::logits;
use wavefield::rng::{Philox, Stream};

const VOCAB: usize = 11;

fn model(max_seq_len: usize, field_size: usize) -> Model {
    let config = ModelConfig {
        vocab_size: VOCAB,
        embedding_dim: 24,
        num_layers: 4,
        num_heads: 3,
        ffn_dim: 32,
        field_size,
        max_seq_len,
        interference_interval: 2,
        position_scale: 1.0,
    };
    let mut model = Model::new(config, 7).unwrap();
    for spec in model.parameters.specs().to_vec() {
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

fn tokens(n: usize) -> Vec<u32> {
    let rng = Philox::stream(1, Stream::Sample);
    (0..n as u64)
        .map(|i| rng.below(i, VOCAB as u64) as u32)
        .collect()
}

/// The largest change of a logit before token `j` when it is another, against the logits' scale.
fn leak(model: &Model, ids: &[u32], j: usize) -> (f32, f32) {
    let before = logits(model, ids, 1, ids.len());
    let mut changed = ids.to_vec();
    changed[j] = (changed[j] + 1) % VOCAB as u32;
    let after = logits(model, &changed, 1, ids.len());
    let scale = before.iter().fold(0f32, |a, b| a.max(b.abs()));
    let largest = |range: std::ops::Range<usize>| {
        range
            .map(|i| (before[i] - after[i]).abs())
            .fold(0f32, f32::max)
            / scale
    };
    (largest(0..j * VOCAB), largest(j * VOCAB..before.len()))
}

#[test]
fn changing_a_token_changes_nothing_before_it() {
    for (max_seq_len, field_size) in [(33, 33), (33, 65), (33, 66), (33, 97), (33, 127), (9, 64)] {
        let model = model(max_seq_len, field_size);
        for n in [2, 3, 8, max_seq_len - 1, max_seq_len] {
            if n > max_seq_len {
                continue;
            }
            let ids = tokens(n);
            for j in [1, n / 2, n - 2, n - 1] {
                if j == 0 {
                    continue;
                }
                let (back, forth) = leak(&model, &ids, j);
                let case = format!("{field_size} cells, {max_seq_len} positions, {n} tokens, {j}");
                assert!(back < 2e-6, "{case}: leak {back:e}");
                assert!(
                    forth > 1e-3,
                    "{case}: the change itself must be seen, {forth:e}"
                );
            }
        }
    }
}

/// The same measure finds a leak where there is one: a stride that the configuration refuses.
#[test]
fn the_measure_sees_a_leak() {
    let mut model = model(33, 65);
    model.config.field_size = 48; // stride 1.47
    let (back, _) = leak(&model, &tokens(32), 16);
    assert!(
        back > 1e-5,
        "a forbidden stride leaks, but {back:e} was measured"
    );
}
