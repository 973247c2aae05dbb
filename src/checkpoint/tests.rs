use super::*;
use crate::diagnostics::losses::window_losses;
use crate::model::ParameterSpec;
use safetensors::SafeTensors;

fn config() -> ModelConfig {
    ModelConfig {
        architecture: Architecture::Wave,
        vocab_size: 5,
        embedding_dim: 8,
        num_layers: 2,
        num_heads: 2,
        ffn_dim: 12,
        field_size: 33,
        max_seq_len: 17,
        interference_interval: 1,
        position_scale: 0.03,
        ..ModelConfig::default()
    }
}

fn checkpoint() -> Checkpoint {
    let model = Model::new(config(), 9).unwrap();
    let flat = model.parameters.flat();
    let trainer = TrainerState {
        step: u64::MAX,
        first_moment: flat.iter().map(|x| x * 0.1).collect(),
        second_moment: flat.iter().map(|x| x * x).collect(),
        config: TrainConfig {
            peak_lr: 0.000_123_456_789,
            ..TrainConfig::default()
        },
    };
    Checkpoint {
        tokenizer: Some(Tokenizer::train_character("abcde").unwrap()),
        extra: BTreeMap::from([("data".into(), "the \"whole\" text\n🙂".into())]),
        trainer: Some(trainer),
        model,
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn a_checkpoint_keeps_everything_to_the_bit() {
    let mut before = checkpoint();
    // Values that a conversion through text or float64 arithmetic would not keep.
    let embedding = before.model.parameters.get_mut("token_embedding.weight");
    embedding.unwrap()[..3].copy_from_slice(&[-0.0, 1e-45, f32::MAX]);
    before.model.gains[1] = 0.0;
    let bytes = before.to_bytes().unwrap();
    let after = Checkpoint::from_bytes(&bytes).unwrap();
    assert_eq!(after.model.config, before.model.config);
    assert_eq!(
        bits(after.model.parameters.flat()),
        bits(before.model.parameters.flat())
    );
    assert!(after.model.gains.iter().all(|&gain| gain == 1.0));
    assert_eq!(after.tokenizer, before.tokenizer);
    assert_eq!(after.extra, before.extra);
    assert_eq!(after.trainer, before.trainer);
    assert_eq!(after.to_bytes().unwrap(), bytes);
}

#[test]
fn an_edited_coupling_travels_in_the_file() {
    let mut before = checkpoint();
    before
        .model
        .set_coupling(1, &[0.75, 0.25, 1.0, 0.0])
        .unwrap();
    let after = Checkpoint::from_bytes(&before.to_bytes().unwrap())
        .unwrap()
        .model;
    assert_eq!(bits(&after.coupling(1)), bits(&before.model.coupling(1)));
    for (found, asked) in after.coupling(1).iter().zip([0.75, 0.25, 1.0, 0.0]) {
        assert!((found - asked).abs() < 1e-6, "{found} for {asked}");
    }
}

#[test]
fn the_file_has_the_releases_form() {
    let mut whole = checkpoint();
    whole.trainer = None;
    let bytes = whole.to_bytes().unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = header.metadata().as_ref().unwrap();
    assert!(metadata["position_scale_note"].starts_with("0.03: "));
    assert_eq!(metadata["format"], "pt");

    let shape = |name: &str| tensors.tensor(name).unwrap().shape().to_vec();
    let values =
        |name: &str| precision::floats(name, &tensors.tensor(name).unwrap(), None).unwrap();
    let name = "layers.1.attention.qkv_proj.weight";
    assert_eq!(shape(name), [24, 8]);
    let (query, rest) = (&values(name)[..64], &values(name)[64..]);
    assert!(query.iter().all(|&x| x == 0.0));
    assert_eq!(rest, whole.model.parameters.get(name).unwrap());
    assert_eq!(shape("layers.1.attention.qkv_proj.bias"), [24]);
    assert_eq!(values("interference_modules.1.norm.weight"), [1.0; 8]);
    assert_eq!(values("interference_modules.1.norm.bias"), [0.0; 8]);
    assert_eq!(
        shape("interference_modules.0.interference_temperature"),
        [0; 0]
    );
    // Beside our own parameters only the two norms.
    assert_eq!(tensors.len(), whole.model.parameters.specs().len() + 4);
}

#[test]
fn no_note_where_the_release_computes_the_same() {
    let scale_of_release = ModelConfig {
        position_scale: 1.0,
        ..config()
    };
    let bytes = Checkpoint::new(Model::new(scale_of_release, 1).unwrap(), None)
        .to_bytes()
        .unwrap();
    let container = Container::parse(&bytes).unwrap();
    assert!(!container.metadata.contains_key(POSITION_NOTE));
    let after = Checkpoint::from_bytes(&bytes).unwrap();
    assert!(after.tokenizer.is_none() && after.trainer.is_none() && after.extra.is_empty());
}

/// Rewrites every tensor in a two-byte type.
fn in_halves(bytes: &[u8], dtype: &str, convert: fn(f32) -> u16) -> Vec<u8> {
    let container = Container::parse(bytes).unwrap();
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    header.insert("__metadata__".into(), serde_json::json!(container.metadata));
    for (name, tensor) in &container.tensors {
        let start = data.len();
        for value in precision::floats(name, tensor, None).unwrap() {
            data.extend_from_slice(&convert(value).to_le_bytes());
        }
        let entry = serde_json::json!({
            "dtype": dtype, "shape": tensor.shape(), "data_offsets": [start, data.len()]
        });
        header.insert(name.clone(), entry);
    }
    let header = serde_json::to_string(&header).unwrap();
    let length = (header.len() as u64).to_le_bytes();
    [&length, header.as_bytes(), &data].concat()
}

#[test]
fn half_precision_reads_as_the_nearest_float32() {
    let mut whole = checkpoint();
    whole.trainer = None;
    let whole = Checkpoint::from_bytes(&whole.to_bytes().unwrap()).unwrap();
    let bytes = whole.to_bytes().unwrap();
    let bfloat = in_halves(&bytes, "BF16", |x| (x.to_bits() >> 16) as u16);
    let found = Checkpoint::from_bytes(&bfloat).unwrap();
    for (&x, &half) in whole
        .model
        .parameters
        .flat()
        .iter()
        .zip(found.model.parameters.flat())
    {
        assert_eq!(half.to_bits(), x.to_bits() & 0xffff_0000);
    }
    let halves = in_halves(&bytes, "F16", |_| 0x3555);
    let found = Checkpoint::from_bytes(&halves).unwrap();
    let is_third = |spec: &ParameterSpec| {
        let values = &found.model.parameters.flat()[spec.range()];
        values.iter().all(|&x| x == 0.333_251_95)
    };
    assert!(found.model.parameters.specs().iter().all(is_third));
}

#[test]
fn fewer_bits_change_the_model_little_and_its_run_not_at_all() {
    let whole = checkpoint();
    for (precision, matrix, allowed) in [
        (Precision::F16, Dtype::F16, 1.0 / 2048.0),
        (Precision::Int8, Dtype::I8, 0.51 / 127.0),
    ] {
        let bytes = whole.to_bytes_in(precision).unwrap();
        let container = Container::parse(&bytes).unwrap();
        let name = "layers.1.attention.qkv_proj.weight";
        assert_eq!(container.tensors[name].dtype(), matrix);
        assert_eq!(container.tensors["norm.bias"].dtype(), Dtype::F16);
        // Other programs read numbers in place.
        for tensor in container.tensors.values() {
            let place = tensor.data().as_ptr() as usize - bytes.as_ptr() as usize;
            assert_eq!(place % tensor.dtype().bitsize().div_ceil(8), 0);
        }
        let after = Checkpoint::from_bytes(&bytes).unwrap();
        for spec in whole.model.parameters.specs() {
            let [found, expected] =
                [&after.model, &whole.model].map(|model| model.parameters.get(&spec.name).unwrap());
            let columns = spec.shape.last().copied().unwrap_or(1).max(1);
            for (found, expected) in found.chunks(columns).zip(expected.chunks(columns)) {
                let largest = (expected.iter()).fold(0.0_f32, |most, value| most.max(value.abs()));
                for (found, expected) in found.iter().zip(expected) {
                    assert!(
                        (found - expected).abs() <= allowed * largest + 3e-8,
                        "{}: {found} for {expected}",
                        spec.name
                    );
                }
            }
        }
        let trainers = [&after.trainer, &whole.trainer].map(|trainer| trainer.as_ref().unwrap());
        let [found, expected] = trainers.map(|trainer| bits(&trainer.second_moment));
        assert_eq!(found, expected);
        // What was written once is written again as it is.
        assert_eq!(
            after.to_bytes_in(precision).unwrap(),
            bytes,
            "{precision:?}"
        );
    }
}

/// What the page says of a smaller file is true of the model that opens from it.
#[test]
fn the_loss_of_a_rounded_model_is_that_of_the_file_that_opens_again() {
    let mut whole = checkpoint();
    whole.model.gains[1] = 0.0;
    let before = bits(whole.model.parameters.flat());
    let windows = [0, 1, 2, 3, 4, 3, 2, 1, 0, 4, 1, 3];
    let losses = |model: &Model| window_losses(model, &windows, 5).unwrap();
    let mut heard = whole.model.clone();
    heard.gains.fill(1.0);
    let mut found = Vec::new();
    for precision in Precision::ALL {
        let contents = Contents {
            model: &whole.model,
            tokenizer: None,
            extra: &BTreeMap::new(),
            trainer: None,
            precision,
        };
        let (model, size) = contents.rounded().unwrap();
        let rounded = losses(&model);
        assert_eq!(size, contents.encode().unwrap().len());
        let file = whole.to_bytes_in(precision).unwrap();
        let opened = Checkpoint::from_bytes(&file).unwrap();
        assert_eq!(rounded, losses(&opened.model), "{precision:?}");
        found.push(rounded);
    }
    // In 32 bits nothing is lost but the muting, which is not a model's; in fewer bits something is.
    assert_eq!(found[0], losses(&heard));
    assert_ne!(found[0], losses(&whole.model));
    assert!(found[0] != found[1] && found[1] != found[2], "{found:?}");
    assert_eq!(bits(whole.model.parameters.flat()), before);
    assert_eq!(whole.model.gains[1], 0.0);
}

#[test]
fn a_file_is_replaced_whole_and_its_errors_name_it() {
    let folder = std::env::temp_dir().join(format!("wavefield-checkpoint-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("model.safetensors");
    std::fs::write(&path, "an older file").unwrap();
    let before = checkpoint();
    before.write(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), before.to_bytes().unwrap());
    assert_eq!(
        Checkpoint::read(&path).unwrap().to_bytes().unwrap(),
        before.to_bytes().unwrap()
    );
    let names: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(
        names.len(),
        1,
        "a temporary file was left behind: {names:?}"
    );

    // A folder in its place: nothing can be renamed over it, and nothing is left beside it.
    let taken = folder.join("taken");
    std::fs::create_dir_all(taken.join("inside")).unwrap();
    for failed in [
        before.write(&taken).unwrap_err(),
        Checkpoint::read(folder.join("nowhere")).unwrap_err(),
    ] {
        assert!(matches!(failed, Error::File { .. }), "{failed}");
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
    std::fs::remove_dir_all(&folder).unwrap();
}
