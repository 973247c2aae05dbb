//! Files of the public release's form, in both directions, on the golden models.

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};
use std::collections::HashMap;
use wavefield::checkpoint::Checkpoint;
use wavefield::decode::{AtLimit, Decoder};

fn floats(bytes: &[u8]) -> Vec<f32> {
    let words = bytes.as_chunks::<4>().0;
    words.iter().map(|&word| f32::from_le_bytes(word)).collect()
}

#[test]
fn the_releases_files_read_and_write() {
    for name in [
        "wave_fractional_stride",
        "wave_integer_stride",
        "wave_unit_stride",
        "wave_released_shape",
        "standard_baseline",
        // Not the release's model, but its names and forms where there is anything to name.
        "modern_wave",
        "modern_standard",
    ] {
        let path = format!(
            "{}/tests/fixtures/{name}.safetensors",
            env!("CARGO_MANIFEST_DIR")
        );
        let fixture = std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        let golden = SafeTensors::deserialize(&fixture).unwrap();
        let (_, header) = SafeTensors::read_metadata(&fixture).unwrap();
        let config = header.metadata().as_ref().unwrap()["config"].clone();

        // As the release saves it: its state dict, with the configuration beside it.
        let state: HashMap<&str, TensorView> = golden
            .iter()
            .filter_map(|(key, tensor)| Some((key.strip_prefix("param.")?, tensor)))
            .collect();
        let metadata = HashMap::from([("config".to_string(), config)]);
        let file = serialize(state.clone(), Some(metadata)).unwrap();
        let checkpoint = Checkpoint::from_bytes(&file).unwrap_or_else(|e| panic!("{name}: {e}"));

        // The same model: the query third that is dropped is the one that is never used.
        let ids = golden.tensor("ids").unwrap();
        let columns = ids.shape()[1];
        let ids: Vec<u32> = floats(ids.data()).iter().map(|id| id.to_bits()).collect();
        let logits = floats(golden.tensor("logits").unwrap().data());
        let vocab = checkpoint.model.config.vocab_size;
        let mut decoder = Decoder::new(&checkpoint.model, AtLimit::Reread);
        let found = decoder.read(&checkpoint.model, &ids[..columns]);
        let expected = &logits[(columns - 1) * vocab..columns * vocab];
        for (found, expected) in found.iter().zip(expected) {
            let error = (found - expected).abs();
            assert!(
                error < 1e-4 * (1.0 + expected.abs()),
                "{name}: {found} for {expected}"
            );
        }

        // Written, it has the release's tensors and no others, so it loads strictly there.
        let written = checkpoint.to_bytes().unwrap();
        let written = SafeTensors::deserialize(&written).unwrap();
        assert_eq!(written.len(), state.len(), "{name}");
        for (key, expected) in &state {
            let found = written
                .tensor(key)
                .unwrap_or_else(|e| panic!("{name}, {key}: {e}"));
            assert_eq!(found.shape(), expected.shape(), "{name}, {key}");
            assert_eq!(found.dtype(), Dtype::F32, "{name}, {key}");
            let unused = match key {
                key if key.contains("qkv_proj") => expected.data().len() / 3,
                key if key.contains(".norm.") => expected.data().len(),
                _ => 0,
            };
            assert_eq!(
                found.data()[unused..],
                expected.data()[unused..],
                "{name}, {key}"
            );
        }
    }
}
