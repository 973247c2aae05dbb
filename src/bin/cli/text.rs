//! Reading texts, by the same intake as the page.

use super::file_error;
use std::path::Path;
use wavefield::error::{Error, Result};
use wavefield::intake::{self, Encoding, Intake, Text};

/// A text to train on or to measure on; what was changed in it is said.
///
/// # Errors
/// When it cannot be read, is no text, or is in an encoding that has to be named (`encoding`).
pub fn read_text(path: &Path, encoding: Option<&str>) -> Result<String> {
    let size = std::fs::metadata(path).map_err(file_error(path))?.len();
    wavefield::memory::check(
        &format!("Reading {}", path.display()),
        3 * size,
        "choose a shorter text",
    )?;
    let bytes = std::fs::read(path).map_err(file_error(path))?;
    let Text { text, notes } = decode(&bytes, encoding).map_err(|error| Error::File {
        path: path.display().to_string(),
        message: match error {
            Error::Data { message } => message,
            other => other.to_string(),
        },
    })?;
    for note in notes {
        eprintln!("{}: {note}", path.display());
    }
    Ok(text)
}

fn decode(bytes: &[u8], encoding: Option<&str>) -> Result<Text> {
    let Some(name) = encoding else {
        return intake::read(bytes, None);
    };
    if let Some(encoding) = Encoding::of(name) {
        return intake::read(bytes, Some(encoding));
    }
    let known = encoding_rs::Encoding::for_label(name.as_bytes());
    let known = known.ok_or_else(|| Error::Config {
        field: "encoding",
        message: format!("expected the name of an encoding, such as windows-1252, found {name:?}"),
    })?;
    let (decoded, _) = known.decode_without_bom_handling(bytes);
    let mut intake = Intake::new(&known.name().to_ascii_lowercase(), true);
    let text = intake.push_text(&decoded, true);
    Ok(Text {
        text,
        notes: intake.notes()?,
    })
}

/// A file that programs write, in UTF-8.
pub fn read_utf8(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(file_error(path))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Error::File {
            path: path.display().to_string(),
            message: format!(
                "expected text in UTF-8, found the byte 0x{:02X} at byte {}; save it as UTF-8",
                error.as_bytes()[at],
                at + 1
            ),
        }
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).into())
}
