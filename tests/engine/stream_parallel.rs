//! The stream decoder against the parallel view of the same model.

use safetensors::SafeTensors;
use wavefield::decode::{AtLimit, Decoder, StateSize};
use wavefield::model::Model;
use wavefield::model::inference::logits;
use wavefield::{Architecture, ModelConfig};

/// A golden case: a model, and the logits of whole rows of tokens, computed in float64 by an
/// independent program.
struct Golden {
    name: &'static str,
    model: Model,
    rows: Vec<Vec<u32>>,
    /// (row, token, vocabulary).
    logits: Vec<f32>,
}

const CASES: [&str; 5] = [
    "wave_fractional_stride",
    "wave_integer_stride",
    "wave_unit_stride",
    "wave_released_shape",
    "modern_wave",
];

/// A standard Transformer streams as well, by a cache; it has no waves to bend and cannot run on.
const STANDARD: [&str; 2] = ["standard_baseline", "modern_standard"];

/// Every case of both architectures.
fn every_case() -> impl Iterator<Item = Golden> {
    CASES.into_iter().chain(STANDARD).map(golden)
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    let words = bytes.as_chunks::<4>().0;
    words.iter().map(|&word| f32::from_le_bytes(word)).collect()
}

fn golden(name: &'static str) -> Golden {
    let path = format!(
        "{}/tests/fixtures/{name}.safetensors",
        env!("CARGO_MANIFEST_DIR")
    );
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let config = &header.metadata().as_ref().unwrap()["config"];
    let mut config: ModelConfig = serde_json::from_str(config).unwrap();
    if STANDARD.contains(&name) {
        config.architecture = Architecture::Standard;
    }
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let mut model = Model::zeros(config).unwrap();
    let names: Vec<String> = model
        .parameters
        .specs()
        .iter()
        .map(|s| s.name.clone())
        .collect();
    for name in names {
        let values = floats(tensors.tensor(&format!("param.{name}")).unwrap().data());
        let own = model.parameters.get_mut(&name).unwrap();
        // The release's qkv_proj begins with a third that it never uses.
        own.copy_from_slice(&values[values.len() - own.len()..]);
    }
    let ids = tensors.tensor("ids").unwrap();
    let columns = ids.shape()[1];
    let ids: Vec<u32> = floats(ids.data()).iter().map(|id| id.to_bits()).collect();
    Golden {
        name,
        model,
        rows: ids.chunks_exact(columns).map(<[u32]>::to_vec).collect(),
        logits: floats(tensors.tensor("logits").unwrap().data()),
    }
}

impl Golden {
    fn expected(&self, row: usize, token: usize) -> &[f32] {
        let vocab = self.model.config.vocab_size;
        let start = (row * self.rows[0].len() + token) * vocab;
        &self.logits[start..start + vocab]
    }
}

/// Absolute plus relative, element by element.
fn assert_close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let excess = |i: usize| (found[i] - expected[i]).abs() - tolerance * (1.0 + expected[i].abs());
    let worst = (0..found.len()).max_by(|&a, &b| excess(a).total_cmp(&excess(b)));
    let worst = worst.expect("there are logits to compare");
    assert!(
        excess(worst) <= 0.0,
        "{what}: entry {worst} is {} for {}",
        found[worst],
        expected[worst]
    );
}

#[test]
fn every_position_of_every_case_streams_to_the_golden_logits() {
    for case in every_case() {
        for (row, ids) in case.rows.iter().enumerate() {
            let mut decoder = Decoder::new(&case.model, AtLimit::Reread);
            for (token, &id) in ids.iter().enumerate() {
                let found = decoder.step(&case.model, id);
                let what = format!("{}, row {row}, token {token}", case.name);
                assert_close(found, case.expected(row, token), 1e-4, &what);
            }
        }
    }
}

#[test]
fn every_position_streams_to_the_parallel_forward_with_bent_heads() {
    for case in CASES.map(golden) {
        let mut model = case.model;
        bend(&mut model);
        let limit = model.config.max_seq_len;
        let vocab = model.config.vocab_size;
        let ids: Vec<u32> = (0..limit as u32).map(|i| i * i % vocab as u32).collect();
        let parallel = logits(&model, &ids, 1, limit).unwrap();
        let mut decoder = Decoder::new(&model, AtLimit::Reread);
        for (token, (&id, expected)) in ids.iter().zip(parallel.chunks_exact(vocab)).enumerate() {
            let what = format!("{}, token {token}", case.name);
            assert_close(decoder.step(&model, id), expected, 1e-4, &what);
        }
    }
}

#[test]
fn every_position_streams_to_the_parallel_forward_with_edited_couplings() {
    for case in CASES.map(golden) {
        let mut model = case.model;
        let heads = model.config.num_heads;
        let asked: Vec<f32> = (0..heads * heads)
            .map(|at| match (at / heads, at % heads) {
                // By its neighbour alone; itself alone; all alike; itself not at all.
                (0, h) => f32::from(u8::from(h == 1)),
                (1, h) => f32::from(u8::from(h == 1)),
                (i, h) if i + 1 == heads && heads > 2 => {
                    f32::from(u8::from(h != i)) / (heads - 1) as f32
                }
                _ => 1.0 / heads as f32,
            })
            .collect();
        model.set_coupling(0, &asked).unwrap();
        let limit = model.config.max_seq_len;
        let vocab = model.config.vocab_size;
        let ids: Vec<u32> = (0..limit as u32).map(|i| i * i % vocab as u32).collect();
        let parallel = logits(&model, &ids, 1, limit).unwrap();
        let unlike = (parallel
            .iter()
            .zip(&logits(&golden(case.name).model, &ids, 1, limit).unwrap()))
        .filter(|(a, b)| a != b)
        .count();
        assert!(unlike > vocab, "{}: the edit changes nothing", case.name);
        // The decoder that was there before hears the edit too.
        let mut decoder = Decoder::new(&golden(case.name).model, AtLimit::Reread);
        decoder.physics_changed();
        for (token, (&id, expected)) in ids.iter().zip(parallel.chunks_exact(vocab)).enumerate() {
            let what = format!("{}, token {token}", case.name);
            assert_close(decoder.step(&model, id), expected, 1e-4, &what);
        }
    }
}

#[test]
fn reading_at_once_is_stepping_to_the_last_bit_wherever_it_is_split() {
    for case in every_case() {
        let ids = &case.rows[0];
        let mut stepped = Decoder::new(&case.model, AtLimit::Reread);
        let expected: Vec<Vec<f32>> = ids
            .iter()
            .map(|&id| stepped.step(&case.model, id).to_vec())
            .collect();
        for split in [0, 1, 2, 7, ids.len() / 2, ids.len() - 1, ids.len()] {
            let mut decoder = Decoder::new(&case.model, AtLimit::Reread);
            decoder.read(&case.model, &ids[..split]);
            if split > 0 {
                assert_eq!(
                    decoder.logits(),
                    expected[split - 1],
                    "{} at {split}",
                    case.name
                );
            }
            decoder.read(&case.model, &ids[split..]);
            let last = expected.last().unwrap();
            assert_eq!(decoder.logits(), last, "{} split at {split}", case.name);
        }
    }
}

/// Reads nothing but what stands on the field now, from its beginning.
fn reread(model: &Model, at_limit: AtLimit, ids: &[u32]) -> Vec<f32> {
    Decoder::new(model, at_limit).read(model, ids).to_vec()
}

/// Bends, mutes and amplifies heads.
fn bend(model: &mut Model) {
    for layer in 0..model.config.num_layers {
        let mut head = model.head(layer, 0);
        head.frequency += 0.7;
        head.damping *= 0.5;
        head.phase -= 1.1;
        model.set_head(layer, 0, head).unwrap();
        let mut head = model.head(layer, 1);
        head.gain = if layer == 0 { 0.0 } else { 1.5 };
        model.set_head(layer, 1, head).unwrap();
    }
}

#[test]
fn a_change_of_physics_sounds_as_if_it_had_always_been_so() {
    for case in CASES.map(golden) {
        let (mut model, ids) = (case.model, &case.rows[0]);
        let (before, after) = ids.split_at(ids.len() / 2);
        let mut decoder = Decoder::new(&model, AtLimit::Reread);
        let old = decoder.read(&model, before).to_vec();
        bend(&mut model);
        decoder.physics_changed();
        for (i, &id) in after.iter().enumerate() {
            let expected = reread(&model, AtLimit::Reread, &ids[..before.len() + i + 1]);
            assert_eq!(decoder.step(&model, id), expected, "{}", case.name);
        }
        // Asked without a new token, the decoder answers under the present physics too.
        let unbent = golden(case.name).model;
        let mut decoder = Decoder::new(&unbent, AtLimit::Reread);
        decoder.read(&unbent, before);
        decoder.physics_changed();
        assert_ne!(decoder.read(&model, &[]), old, "{}", case.name);
        let expected = reread(&model, AtLimit::Reread, before);
        assert_eq!(decoder.logits(), expected, "{}", case.name);
    }
}

#[test]
fn at_the_limit_the_last_half_of_the_context_is_read_again() {
    for case in every_case() {
        let (model, limit) = (&case.model, case.model.config.max_seq_len);
        let vocab = model.config.vocab_size as u32;
        let ids: Vec<u32> = (0..3 * limit as u32).map(|i| i * i % vocab).collect();
        let mut decoder = Decoder::new(model, AtLimit::Reread);
        let mut heard = 0..0;
        for (i, &id) in ids.iter().enumerate() {
            if heard.len() == limit {
                heard.start = heard.end - limit / 2;
            }
            heard.end += 1;
            let found = decoder.step(model, id).to_vec();
            if heard.len() == limit / 2 + 1 || i + 1 == ids.len() {
                let expected = reread(model, AtLimit::Reread, &ids[heard.clone()]);
                assert_eq!(found, expected, "{}, after {} tokens", case.name, i + 1);
            }
            assert_eq!(decoder.tokens(), heard.len());
        }
        // A text longer than the context, at once.
        for start in [0, 5, limit] {
            let mut at_once = Decoder::new(model, AtLimit::Reread);
            at_once.read(model, &ids[..start]);
            at_once.read(model, &ids[start..]);
            assert_eq!(
                at_once.logits(),
                decoder.logits(),
                "{} from {start}",
                case.name
            );
            assert_eq!(at_once.tokens(), decoder.tokens());
        }
    }
}

#[test]
fn running_on_keeps_the_stride_and_the_waves() {
    for case in CASES.map(golden) {
        let mut model = case.model;
        let limit = model.config.max_seq_len;
        let vocab = model.config.vocab_size as u32;
        let ids: Vec<u32> = (0..3 * limit as u32).map(|i| i * i % vocab).collect();
        let mut decoder = Decoder::new(&model, AtLimit::RunOn);
        for &id in &ids {
            decoder.step(&model, id);
        }
        assert_eq!(decoder.tokens(), ids.len());
        assert!(decoder.logits().iter().all(|logit| logit.is_finite()));
        assert_eq!(decoder.logits(), reread(&model, AtLimit::RunOn, &ids));
        // The old waves go on under the new physics: neither as before nor as if read anew.
        let mut bent = decoder.clone();
        bend(&mut model);
        bent.physics_changed();
        let found = bent.step(&model, 1).to_vec();
        assert!(found.iter().all(|logit| logit.is_finite()));
        let anew: Vec<u32> = ids.iter().copied().chain([1]).collect();
        assert_ne!(
            found,
            reread(&model, AtLimit::RunOn, &anew),
            "{}",
            case.name
        );
        assert_ne!(
            found,
            decoder.step(&golden(case.name).model, 1),
            "{}",
            case.name
        );
    }
}

#[test]
fn the_state_is_a_few_kilobytes_and_does_not_grow() {
    let case = golden("wave_released_shape");
    let mut decoder = Decoder::new(&case.model, AtLimit::RunOn);
    let before = decoder.state_bytes();
    for i in 0..1_000 {
        decoder.step(&case.model, i % 50);
    }
    // Three layers of 32 complex numbers and one running mean of 8.
    assert_eq!(before, (3 * 32 * 2 + 8) * 8);
    assert_eq!(decoder.state_bytes(), before);
    // A near field keeps three tokens a layer besides.
    let model = golden("modern_wave").model;
    let (layers, dim) = (model.config.num_layers, model.config.embedding_dim);
    let mut decoder = Decoder::new(&model, AtLimit::RunOn);
    let before = decoder.state_bytes();
    decoder.read(&model, &[1; 100]);
    assert_eq!(before, layers * (2 * dim * 8 + 3 * dim * 4));
    assert_eq!(decoder.state_bytes(), before);
}

#[test]
fn waves_keep_the_same_whatever_the_length_and_a_cache_grows() {
    for case in every_case() {
        let size = StateSize::of(&case.model.config);
        let grows = case.model.config.architecture == Architecture::Standard;
        assert_eq!(size.per_token > 0, grows, "{}", case.name);
        assert_eq!(size.constant > 0, !grows, "{}", case.name);
        let mut decoder = Decoder::new(&case.model, AtLimit::Reread);
        for (read, &id) in case.rows[0].iter().enumerate() {
            let expected = size.constant + read * size.per_token;
            assert_eq!(
                decoder.state_bytes(),
                expected,
                "{}, {read} tokens",
                case.name
            );
            decoder.step(&case.model, id);
        }
    }
}

#[test]
fn a_standard_transformer_reads_the_parallel_forwards_logits_to_its_limit() {
    for Golden { name, model, .. } in STANDARD.map(golden) {
        let limit = model.config.max_seq_len;
        let vocab = model.config.vocab_size;
        let ids: Vec<u32> = (0..limit as u32).map(|i| i * i % vocab as u32).collect();
        let parallel = logits(&model, &ids, 1, limit).unwrap();
        // Asked to run on, it reads its last half again all the same.
        let mut decoder = Decoder::new(&model, AtLimit::RunOn);
        for (token, (&id, expected)) in ids.iter().zip(parallel.chunks_exact(vocab)).enumerate() {
            let found = decoder.step(&model, id);
            assert_close(found, expected, 1e-4, &format!("{name}, token {token}"));
        }
        decoder.step(&model, 1);
        assert_eq!(decoder.tokens(), limit / 2 + 1);
    }
}
