//! Taking in a text from a file: in which encoding it is, and what has to be tidied before a model
//! learns from it. The page and the command line both read texts here, so that one file gives one
//! vocabulary, and one model, wherever it is read.
//!
//! A file is gone through twice, in pieces of any size: [`Survey`] finds out how it is to be read,
//! [`Intake`] reads it. What comes out has plain line ends, no byte-order mark and no NUL. Whatever was
//! changed is said in notes, with its place: what was harmless is taken, not refused.

mod decode;
mod survey;
#[cfg(test)]
mod tests;
mod utf8;

pub use decode::Intake;
pub use survey::{Finding, Survey};

use crate::error::{Error, Result};
use crate::recognise::{Kind, recognise_bytes};

/// The encodings that are recognised and read here. All others are for the person to name, and for
/// the browser or `encoding_rs` to decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    Utf32Le,
    Utf32Be,
}

impl Encoding {
    const ALL: [Encoding; 5] = [
        Encoding::Utf8,
        Encoding::Utf16Le,
        Encoding::Utf16Be,
        Encoding::Utf32Le,
        Encoding::Utf32Be,
    ];

    /// Its name, as the web has it.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Utf16Le => "utf-16le",
            Encoding::Utf16Be => "utf-16be",
            Encoding::Utf32Le => "utf-32le",
            Encoding::Utf32Be => "utf-32be",
        }
    }

    /// The encoding of this name, if it is one of these.
    pub fn of(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        Self::ALL.into_iter().find(|encoding| {
            encoding.name() == name || encoding.name().replacen('-', "", 1) == name
        })
    }
}

/// A text and what a person should know of how it was read, in sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub text: String,
    pub notes: Vec<String>,
}

/// Reads a whole file. `encoding` is what the person says; where that is nothing, the bytes tell.
///
/// # Errors
/// [`Error::Data`] says what the file is instead of a text, or which byte is in no encoding that can
/// be told.
pub fn read(bytes: &[u8], encoding: Option<Encoding>) -> Result<Text> {
    let found = match encoding {
        Some(encoding) => encoding,
        None => {
            let kind = recognise_bytes(bytes);
            if matches!(
                kind.kind,
                Kind::Model
                    | Kind::Training
                    | Kind::Archive
                    | Kind::Document
                    | Kind::Other
                    | Kind::Empty
            ) {
                return Err(Error::Data {
                    message: format!(
                        "expected a plain text, found {}; {}",
                        kind.what(),
                        kind.advice()
                            .unwrap_or("choose a file that a text editor can show")
                    ),
                });
            }
            let mut survey = Survey::default();
            survey.push(bytes);
            match survey.finish()? {
                Finding::Reads(encoding) => encoding,
                Finding::Unclear { words, .. } => return Err(Error::Data { message: words }),
            }
        }
    };
    let mut intake = Intake::new(found.name(), encoding.is_some());
    let text = intake.push(bytes, true);
    Ok(Text {
        text,
        notes: intake.notes()?,
    })
}

/// Whether bytes that a file of `size` begins with are text in some encoding.
pub fn looks_like_text(head: &[u8], size: u64) -> bool {
    let mut survey = Survey::default();
    // What the sample cuts through is no fault of the text.
    let whole = head.len() as u64 >= size;
    let end = if whole { head.len() } else { head.len() & !3 };
    survey.push(&head[..end]);
    survey.finish().is_ok()
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
