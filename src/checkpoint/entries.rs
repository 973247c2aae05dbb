//! The entries of a file's metadata: the model's kind and shape, its vocabulary, the run's state.

use super::container::error;
use super::{
    CONFIG, FIRST_MOMENT, KIND, SECOND_MOMENT, TOKENIZER, TRAINER_CONFIG, TRAINER_STEP, release,
};
use crate::config::{Architecture, ModelConfig};
use crate::error::Result;
use crate::model::Model;
use crate::tokenizer::Tokenizer;
use crate::train::{TrainConfig, TrainerState};
use safetensors::tensor::TensorView;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What kind of model a file holds; one that does not say holds a wave model, unless its layers have
/// the names of a standard Transformer's.
pub fn read_kind(
    metadata: &BTreeMap<String, String>,
    tensors: &BTreeMap<String, TensorView<'_>>,
) -> Result<Architecture> {
    match metadata.get(KIND).map(String::as_str) {
        Some("wave") => Ok(Architecture::Wave),
        Some("standard") => Ok(Architecture::Standard),
        None if (tensors.keys()).any(|name| name.starts_with("transformer.layers.")) => {
            Ok(Architecture::Standard)
        }
        None => Ok(Architecture::Wave),
        Some(kind) => Err(error(
            KIND,
            format!(
                "expected the kind \"wave\" or \"standard\", found {:?}; choose a checkpoint of a \
                 Wave Field model or of a standard Transformer",
                shortened(kind)
            ),
        )),
    }
}

/// The beginning of a text from a file, fit for a message.
fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

pub fn read_config(
    metadata: &BTreeMap<String, String>,
    architecture: Architecture,
) -> Result<ModelConfig> {
    let Some(text) = metadata.get(CONFIG) else {
        let found: Vec<String> = metadata.keys().take(8).map(|key| shortened(key)).collect();
        let found = match found.is_empty() {
            true => "no metadata at all".into(),
            false => format!("only {}", found.join(", ")),
        };
        return Err(error(
            CONFIG,
            format!(
                "expected the model's shape as JSON in the file's metadata, found {found}; field \
                 size and context length cannot be told from the tensors, so save the file again \
                 with metadata, such as {{\"model\": \"wave\", \"config\": \"{{\\\"vocab_size\\\": \
                 256, ...}}\"}}"
            ),
        ));
    };
    let mut config: ModelConfig = parse_config(text).map_err(|e| {
        error(
            CONFIG,
            format!("expected the model's shape as JSON, found what does not do: {e}"),
        )
    })?;
    // The release's configuration does not say; the file's kind does.
    config.architecture = architecture;
    config
        .validate()
        .map_err(|e| error(CONFIG, e.to_string()))?;
    Ok(config)
}

/// What the release's own settings say besides, none of which changes what a model computes when it is read.
const OF_THE_RELEASE: [&str; 3] = ["dropout", "use_checkpoint", "device"];

/// Other programs write whole numbers as 512.0, and a byte-order mark in front.
fn parse_config(text: &str) -> std::result::Result<ModelConfig, serde_json::Error> {
    let mut value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))?;
    if let Some(entries) = value.as_object_mut() {
        entries.retain(|key, _| !OF_THE_RELEASE.contains(&key.as_str()));
    }
    for number in value.as_object_mut().into_iter().flat_map(Map::values_mut) {
        let whole = number
            .as_f64()
            .filter(|x| x.fract() == 0.0 && *x < 2f64.powi(53));
        if let Some(whole) = whole.filter(|x| number.is_f64() && *x >= 0.0) {
            *number = (whole as u64).into();
        }
    }
    serde_json::from_value(value)
}

pub fn read_tokenizer(
    metadata: &BTreeMap<String, String>,
    config: &ModelConfig,
    notes: &mut Vec<String>,
) -> Result<Option<Tokenizer>> {
    let Some(text) = metadata.get(TOKENIZER) else {
        return Ok(None);
    };
    let (tokenizer, remarks) =
        Tokenizer::from_json_with_notes(text).map_err(|e| error(TOKENIZER, e.to_string()))?;
    notes.extend(remarks);
    let (found, expected) = (tokenizer.vocab_size(), config.vocab_size);
    if found != expected {
        return Err(error(
            TOKENIZER,
            format!(
                "expected a vocabulary of {expected} tokens, which is what the model has, found \
                 one of {found}; it belongs to another model"
            ),
        ));
    }
    Ok(Some(tokenizer))
}

pub fn read_trainer(
    model: &Model,
    metadata: &BTreeMap<String, String>,
    tensors: &mut BTreeMap<String, TensorView<'_>>,
) -> Result<Option<TrainerState>> {
    let (step, config) = match (metadata.get(TRAINER_STEP), metadata.get(TRAINER_CONFIG)) {
        (None, None) => return Ok(None),
        (Some(step), Some(config)) => (step, config),
        (None, _) => return Err(error(TRAINER_STEP, MISSING_STATE)),
        (_, None) => return Err(error(TRAINER_CONFIG, MISSING_STATE)),
    };
    let step = step.parse().map_err(|_| {
        error(
            TRAINER_STEP,
            format!(
                "expected the number of steps done, found {:?}; the state of the run is broken, \
                 so start a new one",
                shortened(step)
            ),
        )
    })?;
    let config: TrainConfig = serde_json::from_str(config).map_err(|e| {
        error(
            TRAINER_CONFIG,
            format!(
                "expected the run's settings as JSON, found them broken ({e}); start a new run \
                 from the model instead"
            ),
        )
    })?;
    config
        .validate()
        .map_err(|e| error(TRAINER_CONFIG, e.to_string()))?;
    let first_moment = release::read_like(&model.parameters, FIRST_MOMENT, tensors)?;
    let second_moment = release::read_like(&model.parameters, SECOND_MOMENT, tensors)?;
    if second_moment.iter().any(|&moment| moment < 0.0) {
        return Err(error(
            "optimizer.second_moment",
            "expected squares, which are never below 0, found one that is; the state of the run \
             is broken, so start a new one from the model",
        ));
    }
    Ok(Some(TrainerState {
        step,
        first_moment,
        second_moment,
        config,
    }))
}

const MISSING_STATE: &str = "expected it beside the rest of the run's state, found none; the state \
                             of the run is broken, so start a new one from the model";
