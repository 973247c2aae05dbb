//! `train.toml`: everything that a run needs to know.

use super::{read_text, read_utf8};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use wavefield::config::{Architecture, FeedForward, ModelConfig, Norm, Positions};
use wavefield::error::{Error, Result};
use wavefield::train::TrainConfig;

/// The recipe's name in a model's folder.
pub const RECIPE_FILE: &str = "train.toml";

/// train.toml.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The text, relative to the recipe.
    pub data: PathBuf,
    /// The encoding of the text, where it is an older one, which bytes do not tell.
    #[serde(default)]
    pub encoding: Option<String>,
    /// The share of the text, at its end, that is held back to measure on.
    #[serde(default = "tenth")]
    pub validation_share: f64,
    pub tokenizer: TokenizerRecipe,
    pub model: ModelRecipe,
    pub train: TrainConfig,
    /// Steps between two measurements on the validation text.
    #[serde(default = "every")]
    pub evaluate_every: u64,
    /// Draws the initial values.
    #[serde(default)]
    pub initial_seed: u64,
}

fn tenth() -> f64 {
    0.1
}

fn every() -> u64 {
    250
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum TokenizerRecipe {
    Character,
    Bpe { vocab_size: usize },
}

/// The shape but for the vocabulary, which the text decides.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelRecipe {
    #[serde(default)]
    architecture: Architecture,
    embedding_dim: usize,
    num_layers: usize,
    num_heads: usize,
    ffn_dim: usize,
    max_seq_len: usize,
    // A standard Transformer has none of these.
    #[serde(default)]
    field_size: usize,
    #[serde(default)]
    interference_interval: usize,
    #[serde(default)]
    position_scale: f32,
    // The options, each off unless it is named.
    #[serde(default)]
    norm: Norm,
    #[serde(default)]
    feed_forward: FeedForward,
    #[serde(default)]
    near_field: usize,
    #[serde(default)]
    window: usize,
    #[serde(default)]
    keyed_layers: usize,
    #[serde(default)]
    key_dim: usize,
    #[serde(default)]
    positions: Positions,
}

impl ModelRecipe {
    pub fn config(&self, vocab_size: usize) -> ModelConfig {
        ModelConfig {
            architecture: self.architecture,
            vocab_size,
            embedding_dim: self.embedding_dim,
            num_layers: self.num_layers,
            num_heads: self.num_heads,
            ffn_dim: self.ffn_dim,
            field_size: self.field_size,
            max_seq_len: self.max_seq_len,
            interference_interval: self.interference_interval,
            position_scale: self.position_scale,
            norm: self.norm,
            feed_forward: self.feed_forward,
            near_field: self.near_field,
            window: self.window,
            keyed_layers: self.keyed_layers,
            key_dim: self.key_dim,
            positions: self.positions,
        }
    }
}

impl Recipe {
    /// Reads a folder's recipe.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(RECIPE_FILE);
        toml::from_str(&read_utf8(&path)?).map_err(|error| Error::File {
            path: path.display().to_string(),
            message: error.to_string(),
        })
    }

    /// What a folder's model is measured on: the text of its recipe, the share of it that was held
    /// back, and the tokens of a window.
    pub fn held_back(folder: &Path) -> Result<(String, f64, usize)> {
        let recipe = Self::read(folder)?;
        let text = recipe.text(folder)?;
        Ok((text, recipe.validation_share, recipe.train.seq_len))
    }

    /// Reads the text of a folder's recipe.
    pub fn text(&self, folder: &Path) -> Result<String> {
        read_text(&folder.join(&self.data), self.encoding.as_deref())
    }

    /// The same, if a model can learn something from it.
    pub fn text_to_learn(&self, folder: &Path) -> Result<String> {
        let text = self.text(folder)?;
        let mut characters = text.chars();
        let first = characters.next();
        if characters.all(|c| Some(c) == first) {
            return Err(Error::Data {
                message: format!(
                    "{} has only one kind of character, so there is nothing to learn; use a text \
                     with more in it",
                    folder.join(&self.data).display()
                ),
            });
        }
        Ok(text)
    }
}
