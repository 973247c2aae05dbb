//! What a file is, told from what is in it: its first and last bytes and its structure. Names and
//! endings say nothing, for people rename files, phones drop endings, and servers answer with a page
//! where a file was asked for.

mod signatures;
mod structure;
#[cfg(test)]
mod tests;

use crate::intake::looks_like_text;
use serde::Serialize;
use std::borrow::Cow;

/// So many bytes of a file's beginning, and of its end, tell all that can be told.
pub const SAMPLE: usize = 80 * 1024;

/// What can be done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A safetensors file: it opens as a model, or its reader says why not.
    Model,
    /// The list of the parts of a model that is spread over several safetensors files.
    ModelIndex,
    /// A training that the page wrote.
    Training,
    /// A `tokenizer.json`.
    Tokenizer,
    /// A model's configuration in JSON.
    Config,
    /// A recipe of the command line (`train.toml`).
    Recipe,
    /// Plain text in some encoding, to train on.
    Text,
    /// A Word document or an electronic book (EPUB), whose text the page reads.
    Document,
    /// Settings that the page wrote into a file.
    Settings,
    /// A ZIP archive of any files, which may be used here one by one.
    Archive,
    /// Text that is data for some program, or a web page: to train on only where a person says so.
    Data,
    /// Nothing that is used here.
    Other,
    /// No bytes at all.
    Empty,
}

/// What a file is, in words too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Recognised {
    /// What can be done with it.
    pub kind: Kind,
    /// Such as "a PDF document".
    what: Cow<'static, str>,
    /// What to do instead of opening it as it is; of what nobody knows there is none.
    advice: Option<Cow<'static, str>>,
}

impl Recognised {
    fn new(kind: Kind, what: impl Into<Cow<'static, str>>) -> Self {
        Recognised {
            kind,
            what: what.into(),
            advice: None,
        }
    }

    fn with(self, advice: impl Into<Cow<'static, str>>) -> Self {
        Recognised {
            advice: Some(advice.into()),
            ..self
        }
    }

    /// A noun with its article: "a PDF document".
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What to do where a model was expected; nothing for a model, and for what nobody knows.
    pub fn advice(&self) -> Option<&str> {
        self.advice.as_deref()
    }
}

/// Recognises a file that is there as a whole.
pub fn recognise_bytes(bytes: &[u8]) -> Recognised {
    let head = &bytes[..bytes.len().min(SAMPLE)];
    let tail = &bytes[bytes.len() - head.len()..];
    recognise(head, tail, bytes.len() as u64)
}

/// Recognises a file of `size` bytes from its first and its last [`SAMPLE`] bytes, or all of them.
pub fn recognise(head: &[u8], tail: &[u8], size: u64) -> Recognised {
    if size == 0 {
        return Recognised::new(Kind::Empty, "an empty file")
            .with("choose one with something in it");
    }
    if is_safetensors(head) {
        return Recognised::new(Kind::Model, "a model (safetensors)");
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return structure::zip(head, tail, size);
    }
    if let Some(found) = signatures::find(head, size) {
        return found;
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if looks_like_text(head, size) {
        return structure::text(text, size);
    }
    if head.iter().all(|&byte| byte == 0) {
        return Recognised::new(Kind::Other, "a file of nothing but zeros")
            .with("its content was lost on the way: copy or download it again");
    }
    Recognised::new(Kind::Other, "a file of a kind that is not known here")
}

/// Eight bytes that say how long the JSON is that follows.
fn is_safetensors(head: &[u8]) -> bool {
    let Some((length, rest)) = head.split_first_chunk::<8>() else {
        return false;
    };
    let rest = rest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(rest);
    // A text has no zeros: its first eight letters as a length would be astronomical.
    (2..1 << 32).contains(&u64::from_le_bytes(*length)) && rest.trim_ascii_start().starts_with(b"{")
}
