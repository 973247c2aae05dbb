//! A model that is spread over several files: its tensors in parts, its shape and its vocabulary
//! beside them.

use super::container::{Container, error};
use super::{CONFIG, TOKENIZER};
use crate::error::Result;
use crate::tokenizer::Tokenizer;
use serde_json::Value;
use std::collections::BTreeMap;

/// What belongs to one model.
#[derive(Debug, Clone, Default)]
pub struct ModelFiles<'a> {
    /// The safetensors files, in any order; mostly one.
    pub tensors: Vec<&'a [u8]>,
    /// The text of a `config.json`; what a safetensors file says of itself wins over it.
    pub config: Option<&'a str>,
    /// The text of a `tokenizer.json`, of which the same holds.
    pub tokenizer: Option<&'a str>,
}

impl<'a> ModelFiles<'a> {
    /// One file that has everything in it.
    pub fn of(bytes: &'a [u8]) -> Self {
        ModelFiles {
            tensors: vec![bytes],
            ..Self::default()
        }
    }

    /// The bytes of all safetensors files.
    pub(super) fn len(&self) -> usize {
        self.tensors.iter().map(|bytes| bytes.len()).sum()
    }

    /// All of them as one.
    pub(super) fn parse(&self) -> Result<Container<'a>> {
        let mut whole = Container {
            metadata: BTreeMap::new(),
            tensors: BTreeMap::new(),
            notes: Vec::new(),
        };
        for bytes in &self.tensors {
            let part = Container::parse(bytes)?;
            for (name, tensor) in part.tensors {
                if whole.tensors.contains_key(&name) {
                    return Err(error(
                        name,
                        "expected in one of the files, found in two of them; open the parts of one \
                         model together, and nothing else",
                    ));
                }
                whole.tensors.insert(name, tensor);
            }
            for (key, value) in part.metadata {
                whole.metadata.entry(key).or_insert(value);
            }
            whole.notes.extend(part.notes);
        }
        Ok(whole)
    }

    /// Puts what stands beside the tensors where a file of ours has it.
    pub(super) fn complete(
        &self,
        metadata: &mut BTreeMap<String, String>,
        notes: &mut Vec<String>,
    ) {
        for (key, beside, name) in [
            (CONFIG, self.config, "config.json"),
            (TOKENIZER, self.tokenizer, "tokenizer.json"),
        ] {
            let Some(beside) = beside else { continue };
            match metadata.get(key) {
                None => {
                    metadata.insert(key.into(), beside.into());
                }
                Some(own) if same(own, beside) => {}
                Some(_) => notes.push(format!(
                    "the model's file has its own `{key}`, which was taken, not the {name} beside it"
                )),
            }
        }
    }
}

/// Whether two texts say the same: the same vocabulary, or the same JSON.
fn same(own: &str, beside: &str) -> bool {
    if let (Ok(own), Ok(beside)) = (Tokenizer::from_json(own), Tokenizer::from_json(beside)) {
        return own == beside;
    }
    let json = |text: &str| serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}'));
    matches!((json(own), json(beside)), (Ok(own), Ok(beside)) if own == beside)
}
