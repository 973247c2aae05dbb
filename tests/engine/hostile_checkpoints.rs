//! Broken and hostile checkpoint files: each gives an error that names the part at fault and says
//! what to do, and none a panic.

use safetensors::SafeTensors;
use serde_json::{Map, Value, json};
use wavefield::checkpoint::{Checkpoint, Precision};
use wavefield::model::Model;
use wavefield::rng::Philox;
use wavefield::tokenizer::Tokenizer;
use wavefield::{Architecture, Error, ModelConfig};

/// A small model of characters.
fn config() -> ModelConfig {
    ModelConfig {
        architecture: Architecture::Wave,
        vocab_size: 5,
        embedding_dim: 8,
        num_layers: 1,
        num_heads: 2,
        ffn_dim: 8,
        field_size: 33,
        max_seq_len: 17,
        interference_interval: 1,
        position_scale: 0.03,
        ..ModelConfig::default()
    }
}

/// The same as a file.
pub fn whole() -> Vec<u8> {
    let tokenizer = Tokenizer::train_character("abcde").unwrap();
    Checkpoint::new(Model::new(config(), 9).unwrap(), Some(tokenizer))
        .to_bytes()
        .unwrap()
}

/// A file taken apart, to be broken and put together again.
struct Parts {
    header: Map<String, Value>,
    data: Vec<u8>,
}

impl Parts {
    fn of(bytes: &[u8]) -> Self {
        let (length, _) = SafeTensors::read_metadata(bytes).unwrap();
        Parts {
            header: serde_json::from_slice(&bytes[8..8 + length]).unwrap(),
            data: bytes[8 + length..].to_vec(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        self.bytes_with_header(&serde_json::to_string(&self.header).unwrap())
    }

    fn bytes_with_header(&self, header: &str) -> Vec<u8> {
        let length = (header.len() as u64).to_le_bytes();
        [&length, header.as_bytes(), &self.data].concat()
    }

    fn metadata(&mut self) -> &mut Map<String, Value> {
        self.header["__metadata__"].as_object_mut().unwrap()
    }

    /// Changes one setting of the configuration.
    fn configure(&mut self, key: &str, value: Value) {
        let mut config: Map<String, Value> =
            serde_json::from_str(self.metadata()["config"].as_str().unwrap()).unwrap();
        config.insert(key.into(), value);
        let text = serde_json::to_string(&config).unwrap();
        self.metadata().insert("config".into(), text.into());
    }

    /// Takes a tensor away, bytes and all.
    fn remove(&mut self, name: &str) {
        let entry = self.header.remove(name).unwrap();
        let (from, to) = offsets(&entry);
        self.data.drain(from..to);
        for (name, entry) in &mut self.header {
            if name != "__metadata__" && offsets(entry).0 >= to {
                let (start, end) = offsets(entry);
                entry["data_offsets"] = json!([start - (to - from), end - (to - from)]);
            }
        }
    }

    /// Adds a tensor of zeros at the end.
    fn add(&mut self, name: &str, dtype: &str, shape: Value, bytes: usize) {
        let start = self.data.len();
        self.data.resize(start + bytes, 0);
        let entry = json!({"dtype": dtype, "shape": shape, "data_offsets": [start, start + bytes]});
        self.header.insert(name.into(), entry);
    }
}

fn offsets(entry: &Value) -> (usize, usize) {
    let at = |i: usize| entry["data_offsets"][i].as_u64().unwrap() as usize;
    (at(0), at(1))
}

/// The error must be about `part`, and its message must have all `words`.
fn refused(bytes: &[u8], part: &str, words: &[&str]) {
    match Checkpoint::from_bytes(bytes) {
        Err(Error::Checkpoint {
            part: found,
            message,
        }) => {
            assert_eq!(found, part, "{message}");
            for word in words.iter().chain(&["expected", "found"]) {
                assert!(message.contains(word), "{part}: {word:?} not in: {message}");
            }
        }
        Err(other) => panic!("{part}: another kind of error: {other}"),
        Ok(_) => panic!("{part}: was accepted"),
    }
}

fn broken(part: &str, words: &[&str], break_it: impl FnOnce(&mut Parts)) {
    let mut parts = Parts::of(&whole());
    break_it(&mut parts);
    refused(&parts.bytes(), part, words);
}

#[test]
fn other_kinds_of_files_are_recognised() {
    let lfs = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1234\n";
    refused(lfs, "file", &["Git LFS pointer", "git lfs pull"]);
    let page = b"\n<!DOCTYPE html><html><body>404: Not Found</body></html>";
    refused(page, "file", &["web page", "download"]);
    refused(
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03abc",
        "file",
        &["gzip", "unpack"],
    );
    refused(
        b"\x80\x02}q\0(X\x06\0\0\0layers",
        "file",
        &["PyTorch", "convert"],
    );
    refused(b"PK\x03\x04\0\0\0\0\0\0\0\0", "file", &["ZIP", "unpack"]);
    let poem = b"Tell me, where is fancy bred,\nOr in the heart, or in the head?\n";
    refused(poem, "file", &["a text", "trained on"]);
    refused(b"GGUF\x03\0\0\0\0\0\0\0", "file", &["GGUF"]);
    refused(
        b"{\"vocab_size\": 5, \"embedding_dim\": 8}",
        "file",
        &["configuration", "together"],
    );
    refused(b"", "file", &["empty"]);
    refused(b"\0\x01\x02", "file", &["only 3 bytes"]);
    refused(&[7; 500], "file", &["choose another file"]);
}

#[test]
fn broken_headers_are_refused() {
    let bytes = whole();
    for length in [u64::MAX, 1 << 60, 100_000_001] {
        let huge = [&length.to_le_bytes(), &bytes[8..]].concat();
        refused(&huge, "file", &["choose another file"]);
    }
    let beyond = [&99_999_999u64.to_le_bytes(), &bytes[8..]].concat();
    refused(&beyond, "file", &["cut short"]);
    let parts = Parts::of(&bytes);
    for header in ["", "[]", "null", "\u{0}\u{0}"] {
        refused(&parts.bytes_with_header(header), "file", &[]);
    }
    for header in ["{", "{\"a\":", "{}}"] {
        refused(&parts.bytes_with_header(header), "header", &["JSON"]);
    }
    for (header, part, words) in [
        ("{\"a\":1}", "a", "dtype"),
        (
            "{\"a\":{\"dtype\":\"F7\",\"shape\":[],\"data_offsets\":[0,0]}}",
            "a",
            "\"F7\"",
        ),
        (
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,0]}}",
            "a",
            "[-1]",
        ),
        (
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[0]}}",
            "a",
            "begin and end",
        ),
        ("{\"__metadata__\":[]}", "__metadata__", "a list"),
    ] {
        refused(&parts.bytes_with_header(header), part, &[words]);
    }
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    refused(&parts.bytes_with_header(&deep), "header", &[]);
    let mut not_utf8 = bytes.clone();
    not_utf8[20] = 0xff;
    refused(&not_utf8, "header", &["0xff", "byte 20"]);
    let header = serde_json::to_string(&parts.header).unwrap();
    let entry = &parts.header["norm.bias"];
    let twice = format!("{},\"norm.bias\":{entry}}}", &header[..header.len() - 1]);
    refused(&parts.bytes_with_header(&twice), "norm.bias", &["twice"]);
}

#[test]
fn options_that_are_unknown_or_lack_their_tensors_are_refused_by_name() {
    let configuring = |key: &'static str, value: Value, words: &[&str]| {
        broken("config", words, |p| p.configure(key, value));
    };
    configuring("nrom", json!("rms"), &["nrom"]);
    // What the release says of its own training harms nobody.
    let mut told = Parts::of(&whole());
    told.configure("dropout", json!(0.1));
    Checkpoint::from_bytes(&told.bytes()).unwrap();
    configuring("norm", json!("batch"), &["batch", "rms"]);
    configuring("feed_forward", json!("relu"), &["relu", "swiglu"]);
    configuring("positions", json!("rotary"), &["rotary", "learned"]);
    configuring("positions", json!(3), &[]);
    configuring("near_field", json!(5), &["near_field", "found 5"]);
    configuring("near_field", json!(-4), &["-4"]);
    // Switched on, and their tensors are not there; or those of what they take the place of are left.
    broken("layers.0.attention.near_field", &["[8, 4]"], |p| {
        p.configure("near_field", json!(4));
    });
    broken("layers.0.ffn.gate.weight", &["[8, 8]", "ffn.0"], |p| {
        p.configure("feed_forward", json!("swiglu"));
    });
    broken("layers.0.norm1.bias", &["norm1.bias", "norm2.bias"], |p| {
        p.configure("norm", json!("rms"));
    });
    // A sound one whose near field is another model's, or no number.
    let modern = ModelConfig {
        near_field: 4,
        ..config()
    };
    let bytes = Checkpoint::new(Model::new(modern, 9).unwrap(), None)
        .to_bytes()
        .unwrap();
    let name = "layers.0.attention.near_field";
    Checkpoint::from_bytes(&bytes).unwrap();
    let mut parts = Parts::of(&bytes);
    parts.header[name]["shape"] = json!([4, 8]);
    refused(&parts.bytes(), name, &["[8, 4]", "[4, 8]"]);
    let mut parts = Parts::of(&bytes);
    let (start, _) = offsets(&parts.header[name]);
    parts.data[start..start + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    refused(&parts.bytes(), name, &[]);
}

#[test]
fn cut_and_misplaced_tensors_are_named() {
    let bytes = whole();
    // Stored in the order of their names, so the embedding comes last.
    let cut = &bytes[..bytes.len() - 1];
    refused(cut, "token_embedding.weight", &["cut short", "again"]);
    let none = &bytes[..bytes.len() - Parts::of(&bytes).data.len()];
    refused(none, "interference_modules.0.compress.bias", &["cut short"]);
    let longer = [bytes.as_slice(), &[0, 0, 0, 1]].concat();
    refused(&longer, "file", &["belong to no tensor"]);

    broken("norm.bias", &["from byte"], |p| {
        let (start, end) = offsets(&p.header["norm.bias"]);
        p.header["norm.bias"]["data_offsets"] = json!([start + 1, end + 1]);
    });
    broken("norm.bias", &["from byte"], |p| {
        let (start, _) = offsets(&p.header["norm.bias"]);
        p.header["norm.bias"]["data_offsets"] = json!([start, start - 4]);
    });
    for shape in [json!([7]), json!([1u64 << 40, 1u64 << 40]), json!([])] {
        broken("norm.bias", &["bytes", "shape"], |p| {
            p.header["norm.bias"]["shape"] = shape;
        });
    }
}

#[test]
fn tensors_that_do_not_belong_are_named() {
    broken("layers.0.norm1.weight", &["none", "[8]"], |p| {
        p.remove("layers.0.norm1.weight");
    });
    broken("norm.bias", &["[8]", "[2, 4]"], |p| {
        p.header["norm.bias"]["shape"] = json!([2, 4]);
    });
    // Our own stored form is not the file's form.
    broken("layers.0.attention.qkv_proj.bias", &["[24]", "[16]"], |p| {
        p.remove("layers.0.attention.qkv_proj.bias");
        p.add("layers.0.attention.qkv_proj.bias", "F32", json!([16]), 64);
    });
    broken("interference_modules.0.norm.weight", &["[8]", "[2]"], |p| {
        p.remove("interference_modules.0.norm.weight");
        p.add("interference_modules.0.norm.weight", "F32", json!([2]), 8);
    });
    broken("layers.9.surprise", &["2 more"], |p| {
        p.add("layers.9.surprise", "F32", json!([2]), 8);
        p.add("zebra", "F32", json!([2]), 8);
    });
    for (dtype, bytes) in [("I32", 32), ("U8", 8), ("BOOL", 8)] {
        broken("norm.bias", &[dtype, "F32"], |p| {
            p.remove("norm.bias");
            p.add("norm.bias", dtype, json!([8]), bytes);
        });
    }
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        broken(
            "layers.0.ffn.0.weight",
            &["place 3", "earlier checkpoint"],
            |p| {
                let (start, _) = offsets(&p.header["layers.0.ffn.0.weight"]);
                p.data[start + 12..start + 16].copy_from_slice(&bad.to_le_bytes());
            },
        );
    }
}

#[test]
fn numbers_in_8_bits_need_their_scales() {
    let whole = Checkpoint::from_bytes(&whole()).unwrap();
    let bytes = whole.to_bytes_in(Precision::Int8).unwrap();
    let name = "layers.0.ffn.0.weight";
    let scales = "layers.0.ffn.0.weight.scale";
    let breaks = |part: &str, words: &[&str], break_it: &dyn Fn(&mut Parts)| {
        let mut parts = Parts::of(&bytes);
        break_it(&mut parts);
        refused(&parts.bytes(), part, words);
    };
    Checkpoint::from_bytes(&Parts::of(&bytes).bytes()).unwrap();
    breaks(scales, &["each row", name, "none"], &|p| p.remove(scales));
    for (dtype, shape, size) in [
        ("F16", json!([7]), 14),
        ("F16", json!([8, 1]), 16),
        ("I8", json!([8]), 8),
    ] {
        breaks(scales, &["8 floats", "float32"], &|p| {
            p.remove(scales);
            p.add(scales, dtype, shape.clone(), size);
        });
    }
    for (bad, word) in [
        ([0x00, 0xbc], "-1"),
        ([0x00, 0x7e], "NaN"),
        ([0x00, 0x7c], "inf"),
    ] {
        breaks(scales, &[word], &|p| {
            let (start, _) = offsets(&p.header[scales]);
            p.data[start + 4..start + 6].copy_from_slice(&bad);
        });
    }
    breaks("norm.bias", &["matrix", "[8]"], &|p| {
        p.remove("norm.bias");
        p.add("norm.bias", "I8", json!([8]), 8);
        p.add("norm.bias.scale", "F16", json!([8]), 16);
    });
    // Scales of what needs none belong to nothing.
    breaks("norm.bias.scale", &["only the tensors"], &|p| {
        p.add("norm.bias.scale", "F16", json!([1]), 2)
    });
}

#[test]
fn what_the_release_never_uses_may_be_missing() {
    let mut parts = Parts::of(&whole());
    parts.remove("interference_modules.0.norm.weight");
    parts.remove("interference_modules.0.norm.bias");
    assert!(Checkpoint::from_bytes(&parts.bytes()).is_ok());
}

#[test]
fn metadata_is_checked() {
    broken("config", &["no metadata at all", "config"], |p| {
        p.header.remove("__metadata__");
    });
    broken("config", &["only format, model"], |p| {
        p.metadata().remove("config");
        p.metadata().remove("tokenizer");
        p.metadata().remove("position_scale_note");
    });
    for text in [
        "",
        "{",
        "[1]",
        "{\"vocab_size\": -1}",
        "{\"vocab_size\": 1e400}",
    ] {
        broken("config", &["JSON"], |p| {
            p.metadata().insert("config".into(), text.into());
        });
    }
    broken("config", &["unknown field `heads`"], |p| {
        let config = p.metadata()["config"]
            .as_str()
            .unwrap()
            .replace("num_heads", "heads");
        p.metadata().insert("config".into(), config.into());
    });
    // Another model's size: the first tensor that differs says so.
    broken("token_embedding.weight", &["[6, 8]", "[5, 8]"], |p| {
        p.configure("vocab_size", json!(6));
    });
    broken("config", &["not of one model"], |p| {
        p.configure("num_layers", json!(1000));
    });
    // A model of another kind is not blamed on its configuration.
    let mut other = Parts::of(&whole());
    for name in other.header.keys().cloned().collect::<Vec<_>>() {
        if name != "__metadata__" {
            other.remove(&name);
        }
    }
    other.add("h.0.attn.c_attn.weight", "F32", json!([2]), 8);
    refused(&other.bytes(), "tensors", &["another kind", "h.0.attn"]);
    broken(
        "model",
        &["Wave Field", "standard Transformer", "wavelet"],
        |p| {
            p.metadata().insert("model".into(), "wavelet".into());
        },
    );
    // A wave model's field under another name.
    broken("config", &["field_size", "has no field"], |p| {
        p.metadata().insert("model".into(), "standard".into());
    });
    broken("positional_embedding.weight", &["found none"], |p| {
        p.metadata().insert("model".into(), "standard".into());
        p.configure("field_size", json!(0));
    });
}

/// These say what would do instead of what was found.
#[test]
fn a_configuration_that_breaks_the_causality_law_says_what_would_do() {
    for (key, value, words) in [
        ("field_size", json!(20), ["use 17 cells", "at least 33"]),
        ("num_heads", json!(3), ["num_heads", "divide"]),
        ("vocab_size", json!(u32::MAX), ["vocab_size", "between"]),
    ] {
        let mut parts = Parts::of(&whole());
        parts.configure(key, value);
        let error = Checkpoint::from_bytes(&parts.bytes())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("checkpoint, config: "), "{error}");
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
    }
}

#[test]
fn the_vocabulary_must_be_the_models() {
    broken(
        "tokenizer",
        &["5 tokens", "one of 3", "another model"],
        |p| {
            let other = Tokenizer::train_character("xyz").unwrap();
            p.metadata()
                .insert("tokenizer".into(), other.to_json().into());
        },
    );
    let mut parts = Parts::of(&whole());
    parts.metadata().insert("tokenizer".into(), "{}".into());
    let error = Checkpoint::from_bytes(&parts.bytes())
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("checkpoint, tokenizer: "), "{error}");
}

#[test]
fn half_a_trainers_state_is_refused() {
    broken("trainer.config", &["state of the run"], |p| {
        p.metadata().insert("trainer.step".into(), "3".into());
    });
    broken("trainer.step", &["\"three\""], |p| {
        p.metadata().insert("trainer.step".into(), "three".into());
        p.metadata().insert("trainer.config".into(), "{}".into());
    });
    broken("trainer.config", &["JSON"], |p| {
        p.metadata().insert("trainer.step".into(), "3".into());
        p.metadata()
            .insert("trainer.config".into(), "{\"steps\": true}".into());
    });
    let part = "optimizer.first_moment.token_embedding.weight";
    broken(part, &["none"], |p| {
        p.metadata().insert("trainer.step".into(), "3".into());
        p.metadata().insert("trainer.config".into(), "{}".into());
    });
    broken("optimizer.first_moment.norm.bias", &["1 more"], |p| {
        p.add("optimizer.first_moment.norm.bias", "F32", json!([8]), 32);
    });
}

/// Every truncation of the header, and thousands of seeded changes anywhere: an answer each time.
#[test]
fn changed_bytes_never_panic() {
    let bytes = whole();
    for length in 0..bytes.len().min(4_096) {
        assert!(
            Checkpoint::from_bytes(&bytes[..length]).is_err(),
            "cut at {length}"
        );
    }
    let (header, _) = SafeTensors::read_metadata(&bytes).unwrap();
    for seed in 0..4_000 {
        let random = Philox::new(seed, 99);
        let mut changed = bytes.clone();
        for i in 0..1 + random.below(0, 3) {
            // Mostly in the header, where a byte means the most.
            let end = if random.below(4 * i + 1, 4) > 0 {
                header + 8
            } else {
                changed.len()
            };
            let place = random.below(4 * i + 2, end as u64) as usize;
            changed[place] = match random.below(4 * i + 3, 3) {
                0 => changed[place] ^ 1 << random.below(4 * i + 4, 8),
                1 => b"0123456789[]{}\",:-e"[random.below(4 * i + 4, 19) as usize],
                _ => random.below(4 * i + 4, 256) as u8,
            };
        }
        if random.below(100, 8) == 0 {
            changed.truncate(random.below(101, changed.len() as u64) as usize);
        }
        if let Ok(checkpoint) = Checkpoint::from_bytes(&changed) {
            let flat = checkpoint.model.parameters.flat();
            assert!(flat.iter().all(|value| value.is_finite()), "seed {seed}");
        }
    }
}
