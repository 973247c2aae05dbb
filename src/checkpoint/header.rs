//! The header of a safetensors file: JSON that names every tensor, with metadata beside them.
//!
//! What other programs write into it, and harms nobody, is taken with a note: numbers, truth values,
//! nothing or whole objects where the metadata should map texts to texts.

use super::container::{WRITER, error};
use crate::error::Result;
use safetensors::tensor::{Dtype, TensorInfo};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

const METADATA: &str = "__metadata__";

/// A header that is well formed; whether its tensors are where it says is not known yet.
pub struct Header {
    pub metadata: BTreeMap<String, String>,
    pub tensors: BTreeMap<String, TensorInfo>,
}

/// Reads a header's text.
///
/// # Errors
/// [`crate::Error::Checkpoint`] names the entry at fault.
pub fn read(text: &str, notes: &mut Vec<String>) -> Result<Header> {
    let entries: Entries = serde_json::from_str(text).map_err(|e| {
        error(
            "header",
            format!("expected a safetensors header in JSON, found it broken ({e}); {WRITER}"),
        )
    })?;
    let mut header = Header {
        metadata: BTreeMap::new(),
        tensors: BTreeMap::new(),
    };
    let mut seen = BTreeSet::new();
    for (name, value) in entries.0 {
        if !seen.insert(name.clone()) {
            return Err(error(
                name,
                "expected once, found twice in the file's header; the program that wrote the file \
                 is at fault",
            ));
        }
        if name == METADATA {
            header.metadata = metadata(value, notes)?;
        } else {
            let info = tensor(&name, &value)?;
            header.tensors.insert(name, info);
        }
    }
    Ok(header)
}

fn metadata(value: Value, notes: &mut Vec<String>) -> Result<BTreeMap<String, String>> {
    let entries = match value {
        Value::Object(entries) => entries,
        Value::Null => return Ok(BTreeMap::new()),
        other => {
            return Err(error(
                METADATA,
                format!(
                    "expected an object of texts, found {}; {WRITER}",
                    kind_of(&other)
                ),
            ));
        }
    };
    let mut found = BTreeMap::new();
    for (key, value) in entries {
        let kind = kind_of(&value);
        let text = match value {
            Value::String(text) => text,
            Value::Null => {
                notes.push(format!(
                    "the entry `{key}` of the metadata is empty (null) and was left aside"
                ));
                continue;
            }
            other => {
                notes.push(format!(
                    "the entry `{key}` of the metadata is {kind}, not text; it was read as the \
                     text of it"
                ));
                other.to_string()
            }
        };
        found.insert(key, text);
    }
    Ok(found)
}

fn tensor(name: &str, value: &Value) -> Result<TensorInfo> {
    let refuse = |what: &str, found: &Value| {
        Err(error(
            name,
            format!(
                "expected {what} in the file's header, found {}; {WRITER}",
                shown(found)
            ),
        ))
    };
    if !value.is_object() {
        return refuse(
            "a tensor with \"dtype\", \"shape\" and \"data_offsets\" as JSON",
            value,
        );
    }
    let part = |key: &str| &value[key];
    let Ok(dtype) = Dtype::deserialize(part("dtype")) else {
        return refuse("a type of numbers such as \"F32\"", part("dtype"));
    };
    let Ok(shape) = Vec::<usize>::deserialize(part("shape")) else {
        return refuse("a shape, which is a list of sizes", part("shape"));
    };
    let Ok(data_offsets) = <(usize, usize)>::deserialize(part("data_offsets")) else {
        return refuse("where its bytes begin and end", part("data_offsets"));
    };
    Ok(TensorInfo {
        dtype,
        shape,
        data_offsets,
    })
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A value as far as it fits a message.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Object(_) => "an object".into(),
        other => other.to_string().chars().take(40).collect(),
    }
}

/// The header's map, entry by entry: a map type would silently keep one of two with the same name.
struct Entries(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct EntriesVisitor;
        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a map of tensors")
            }
            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(EntriesVisitor)
    }
}
