//! Checkpoint files that other programs have written or changed: what does no harm is taken, gives the
//! same model, and is said.

use crate::hostile_checkpoints::whole;
use safetensors::SafeTensors;
use serde_json::{Map, Value, json};
use wavefield::checkpoint::{Checkpoint, ModelFiles};
use wavefield::tokenizer::Tokenizer;

/// A file's header and its values, to be changed and put together again.
fn parts() -> (Map<String, Value>, Vec<u8>) {
    let bytes = whole();
    let (length, _) = SafeTensors::read_metadata(&bytes).unwrap();
    let header = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    (header, bytes[8 + length..].to_vec())
}

fn file(header: &Map<String, Value>, data: &[u8]) -> Vec<u8> {
    with_text(&serde_json::to_string(header).unwrap(), data)
}

fn with_text(header: &str, data: &[u8]) -> Vec<u8> {
    [
        &(header.len() as u64).to_le_bytes(),
        header.as_bytes(),
        data,
    ]
    .concat()
}

fn add(
    header: &mut Map<String, Value>,
    data: &mut Vec<u8>,
    name: &str,
    dtype: &str,
    values: &[u8],
    shape: Value,
) {
    let start = data.len();
    data.extend_from_slice(values);
    let entry = json!({"dtype": dtype, "shape": shape, "data_offsets": [start, data.len()]});
    header.insert(name.into(), entry);
}

/// The same model, and a note with all `words`.
fn taken(bytes: &[u8], words: &[&str]) {
    let (found, notes) = Checkpoint::from_files(&ModelFiles::of(bytes))
        .unwrap_or_else(|error| panic!("{words:?}: {error}"));
    let expected = Checkpoint::from_bytes(&whole()).unwrap();
    assert_eq!(
        found.model.parameters.flat(),
        expected.model.parameters.flat(),
        "{words:?}"
    );
    assert_eq!(found.tokenizer, expected.tokenizer);
    let all = notes.join("\n");
    assert!(
        words.iter().all(|word| all.contains(word)),
        "{words:?} not in: {all}"
    );
    assert_eq!(notes.is_empty(), words.is_empty(), "{all}");
}

#[test]
fn a_sound_file_has_no_notes() {
    taken(&whole(), &[]);
}

#[test]
fn wrappers_prefixes_are_taken_off() {
    for (prefix, words) in [
        ("_orig_mod.", "compiled"),
        ("module.", "parallel"),
        ("module._orig_mod.", "compiled and parallel"),
        ("_orig_mod.module.", "compiled and parallel"),
        ("model.", "wrapper"),
        ("model._orig_mod.", "compiled"),
        ("net.generator.", "wrapper"),
    ] {
        let (header, data) = parts();
        let renamed = header.into_iter().map(|(name, entry)| match name.as_str() {
            "__metadata__" => (name, entry),
            _ => (format!("{prefix}{name}"), entry),
        });
        let bytes = file(&renamed.collect(), &data);
        taken(&bytes, &[&format!("`{prefix}`"), words, "every name"]);
    }
    // Only a part of the model was wrapped.
    let (header, data) = parts();
    let renamed = header
        .into_iter()
        .map(|(name, entry)| (name.replacen("layers.0.", "layers.0._orig_mod.", 1), entry));
    taken(
        &file(&renamed.collect(), &data),
        &["`_orig_mod.`", "compiled", " of "],
    );
}

#[test]
fn a_name_with_and_without_its_prefix_is_refused() {
    let (mut header, mut data) = parts();
    add(
        &mut header,
        &mut data,
        "_orig_mod.norm.bias",
        "F32",
        &[0; 32],
        json!([8]),
    );
    let error = Checkpoint::from_bytes(&file(&header, &data))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("norm.bias") && error.contains("twice"),
        "{error}"
    );
}

#[test]
fn buffers_and_copies_are_left_aside() {
    let position_ids: Vec<u8> = (0..17i64).flat_map(i64::to_le_bytes).collect();
    for (name, dtype, values, shape, words) in [
        (
            "position_ids",
            "I64",
            &position_ids[..],
            json!([1, 17]),
            "integer",
        ),
        (
            "layers.0.norm1.num_batches_tracked",
            "I64",
            &[0; 8],
            json!([]),
            "integer",
        ),
        (
            "layers.0.attention.causal_mask",
            "BOOL",
            &[1; 16],
            json!([4, 4]),
            "integer",
        ),
        (
            "layers.0.attention.mask",
            "F32",
            &[0; 64],
            json!([4, 4]),
            "computed anew",
        ),
        (
            "rotary.inv_freq",
            "F32",
            &[0; 16],
            json!([4]),
            "computed anew",
        ),
        (
            "rotary.cos_cached",
            "F16",
            &[0; 8],
            json!([4]),
            "computed anew",
        ),
    ] {
        let (mut header, mut data) = parts();
        add(&mut header, &mut data, name, dtype, values, shape);
        taken(&file(&header, &data), &[name, words, "left aside"]);
    }
    let (mut header, mut data) = parts();
    let (from, to) =
        serde_json::from_value(header["token_embedding.weight"]["data_offsets"].clone()).unwrap();
    let tied: Vec<u8> = data[from..to].to_vec();
    add(
        &mut header,
        &mut data,
        "lm_head.weight",
        "F32",
        &tied,
        json!([5, 8]),
    );
    taken(&file(&header, &data), &["lm_head.weight", "copy"]);
    // Another output than the embedding makes another model.
    let last = data.len() - 1;
    data[last] ^= 1;
    let error = Checkpoint::from_bytes(&file(&header, &data))
        .unwrap_err()
        .to_string();
    assert!(error.contains("lm_head.weight"), "{error}");
}

#[test]
fn metadata_may_be_more_than_text() {
    for (value, words) in [
        (json!(3), "a number"),
        (json!(true), "a truth value"),
        (json!({"a": 1}), "an object"),
        (json!([1, 2]), "a list"),
        (Value::Null, "left aside"),
    ] {
        let (mut header, data) = parts();
        header["__metadata__"]["epoch"] = value;
        taken(&file(&header, &data), &["`epoch`", words]);
    }
    // The configuration as an object, and with whole numbers as other programs write them.
    let (mut header, data) = parts();
    let text = header["__metadata__"]["config"].as_str().unwrap();
    let mut config: Value = serde_json::from_str(text).unwrap();
    config["vocab_size"] = json!(5.0);
    header["__metadata__"]["config"] = config.clone();
    taken(&file(&header, &data), &["`config`", "an object"]);
    header["__metadata__"]["config"] = format!("\u{feff}{config}").into();
    taken(&file(&header, &data), &[]);
}

#[test]
fn padding_and_marks_do_no_harm() {
    let (header, data) = parts();
    let text = serde_json::to_string(&header).unwrap();
    taken(
        &with_text(&format!("{text}\0\0\0"), &data),
        &["3 NUL", "header"],
    );
    taken(&with_text(&format!("{text}  \n"), &data), &[]);
    taken(&with_text(&format!("\u{feff}{text}"), &data), &[]);
    let longer = [data.as_slice(), &[0; 100]].concat();
    taken(
        &file(&header, &longer),
        &["100 NUL bytes", "end of the file"],
    );
}

#[test]
fn numbers_of_64_bits_are_rounded() {
    let (header, data) = parts();
    let (mut wide, mut values) = (Map::new(), Vec::new());
    for (name, entry) in &header {
        if name == "__metadata__" {
            wide.insert(name.clone(), entry.clone());
            continue;
        }
        let (from, to): (usize, usize) =
            serde_json::from_value(entry["data_offsets"].clone()).unwrap();
        let floats = data[from..to]
            .as_chunks::<4>()
            .0
            .iter()
            .map(|&word| f64::from(f32::from_le_bytes(word)));
        let bytes: Vec<u8> = floats.flat_map(f64::to_le_bytes).collect();
        add(
            &mut wide,
            &mut values,
            name,
            "F64",
            &bytes,
            entry["shape"].clone(),
        );
    }
    taken(&file(&wide, &values), &["64 bits", "rounded"]);
}

#[test]
fn a_model_in_parts_with_its_shape_and_vocabulary_beside_it() {
    let (mut header, data) = parts();
    let Some(Value::Object(metadata)) = header.remove("__metadata__") else {
        panic!("a file of ours has metadata");
    };
    let (mut first, mut second) = ((Map::new(), Vec::new()), (Map::new(), Vec::new()));
    for (i, (name, entry)) in header.iter().enumerate() {
        let (from, to): (usize, usize) =
            serde_json::from_value(entry["data_offsets"].clone()).unwrap();
        let part = if i % 2 == 0 { &mut first } else { &mut second };
        add(
            &mut part.0,
            &mut part.1,
            name,
            "F32",
            &data[from..to],
            entry["shape"].clone(),
        );
    }
    let [first, second] = [first, second].map(|(header, data)| file(&header, &data));
    let (config, tokenizer) = (metadata["config"].as_str(), metadata["tokenizer"].as_str());
    let expected = Checkpoint::from_bytes(&whole()).unwrap();
    for tensors in [vec![first.as_slice(), &second], vec![&second, &first]] {
        let files = ModelFiles {
            tensors,
            config,
            tokenizer,
        };
        let (found, notes) = Checkpoint::from_files(&files).unwrap();
        assert_eq!(
            found.model.parameters.flat(),
            expected.model.parameters.flat()
        );
        assert_eq!(found.tokenizer, expected.tokenizer);
        assert!(notes.is_empty(), "{notes:?}");
    }
    let twice = ModelFiles {
        tensors: vec![&first, &second, &first],
        config,
        tokenizer,
    };
    let error = Checkpoint::from_files(&twice).unwrap_err().to_string();
    assert!(error.contains("two of them"), "{error}");
    // What the file says of itself wins, and that is said where it makes a difference.
    let other = Tokenizer::train_character("vwxyz").unwrap().to_json();
    let bytes = whole();
    for (beside, words) in [
        (other.as_str(), "its own `tokenizer`"),
        (tokenizer.unwrap(), ""),
    ] {
        let files = ModelFiles {
            tokenizer: Some(beside),
            ..ModelFiles::of(&bytes)
        };
        let (found, notes) = Checkpoint::from_files(&files).unwrap();
        assert_eq!(found.tokenizer, expected.tokenizer);
        assert!(
            notes.join("").contains(words) && notes.is_empty() == words.is_empty(),
            "{notes:?}"
        );
    }
}
