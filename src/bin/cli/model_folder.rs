//! A model's folder: its safetensors file or the parts of it, and what stands beside them.

use super::{file_error, read_utf8};
use clap::Args;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use wavefield::checkpoint::{Checkpoint, ModelFiles};
use wavefield::error::{Error, Result};
use wavefield::recognise::{Kind, recognise_bytes};
use wavefield::tokenizer::Tokenizer;

pub const MODEL_FILE: &str = "model.safetensors";
pub const TOKENIZER_FILE: &str = "tokenizer.json";
const INDEX_FILE: &str = "model.safetensors.index.json";
const CONFIG_FILE: &str = "config.json";

/// What the commands on a trained model have in common.
#[derive(Args)]
pub struct ModelFolder {
    /// The model's folder: model.safetensors and tokenizer.json; or a model's file.
    pub folder: PathBuf,
    /// Print one JSON object and nothing else.
    #[arg(long)]
    pub json: bool,
}

impl ModelFolder {
    /// Reads the model and its vocabulary; what was odd about the files is said.
    ///
    /// # Errors
    /// As the files' readers, and when the vocabulary is another model's.
    pub fn open(&self) -> Result<(Checkpoint, Tokenizer)> {
        let (folder, paths) = self.paths()?;
        let parts = paths
            .iter()
            .map(Checkpoint::read_file)
            .collect::<Result<Vec<_>>>()?;
        let beside = |name: &str| {
            let path = folder.join(name);
            path.exists().then(|| read_utf8(&path)).transpose()
        };
        let (config, tokenizer) = (beside(CONFIG_FILE)?, beside(TOKENIZER_FILE)?);
        let config = config.filter(|text| recognise_bytes(text.as_bytes()).kind == Kind::Config);
        let files = ModelFiles {
            tensors: parts.iter().map(Vec::as_slice).collect(),
            config: config.as_deref(),
            ..ModelFiles::default()
        };
        let (mut checkpoint, notes) = Checkpoint::from_files(&files)?;
        let whole = paths[0].display();
        for note in notes {
            eprintln!("{whole}: {note}");
        }
        let tokenizer = match (checkpoint.tokenizer.take(), tokenizer) {
            (Some(tokenizer), _) => tokenizer,
            (None, Some(text)) => {
                let (tokenizer, notes) = Tokenizer::from_json_with_notes(&text)?;
                for note in notes {
                    eprintln!("{}: {note}", folder.join(TOKENIZER_FILE).display());
                }
                tokenizer
            }
            (None, None) => {
                return Err(Error::File {
                    path: folder.join(TOKENIZER_FILE).display().to_string(),
                    message:
                        "expected the model's vocabulary here, because the model's file carries \
                              none, found no such file; put the tokenizer.json beside the model"
                            .into(),
                });
            }
        };
        tokenizer.check_size(checkpoint.model.config.vocab_size)?;
        Ok((checkpoint, tokenizer))
    }

    /// The folder, of a model's file the one that it stands in.
    pub fn place(&self) -> &Path {
        match self.folder.is_file() {
            true => self.folder.parent().unwrap_or(Path::new("")),
            false => &self.folder,
        }
    }

    /// The folder, and the safetensors files that make up the model.
    fn paths(&self) -> Result<(PathBuf, Vec<PathBuf>)> {
        if self.folder.is_file() {
            return Ok((self.place().into(), vec![self.folder.clone()]));
        }
        let folder = &self.folder;
        let (model, index) = (folder.join(MODEL_FILE), folder.join(INDEX_FILE));
        if model.exists() || !index.exists() {
            return Ok((folder.clone(), vec![model]));
        }
        #[derive(Deserialize)]
        struct Index {
            weight_map: BTreeMap<String, String>,
        }
        let text = std::fs::read_to_string(&index).map_err(file_error(&index))?;
        let broken = |found: String| Error::File {
            path: index.display().to_string(),
            message: format!(
                "expected \"weight_map\" with the file of each tensor, found {found}; write the \
                 model's files again"
            ),
        };
        let Index { weight_map } =
            serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?;
        let names: BTreeSet<String> = weight_map.into_values().collect();
        // Files of this folder, wherever the list came from.
        if let Some(name) = names
            .iter()
            .find(|name| Path::new(name).file_name() != Some(name.as_ref()))
        {
            return Err(broken(format!("a file elsewhere, {name:?}")));
        }
        if names.is_empty() {
            return Err(broken("no file".into()));
        }
        Ok((
            folder.clone(),
            names.iter().map(|name| folder.join(name)).collect(),
        ))
    }
}
