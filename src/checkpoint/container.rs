//! The safetensors container: 8 bytes of header length, a JSON header, the tensors' bytes.
//!
//! The types are the `safetensors` crate's; the parsing is not, because the crate's errors mostly
//! lose the tensor's name, and because it refuses what does no harm: NUL characters for padding,
//! numbers in the metadata. The commonest broken file is not a damaged safetensors file but another
//! kind of file under its name, which is said then.

use super::header::{self, Header};
use crate::error::{Error, Result};
use crate::memory;
use crate::recognise::recognise_bytes;
use safetensors::tensor::{TensorInfo, TensorView};
use std::collections::BTreeMap;

/// Longest header that is looked at; the format's own limit.
const MAX_HEADER: u64 = 100_000_000;
/// Bytes of the header's length.
pub(super) const PREFIX: usize = 8;

/// A checkpoint error about a tensor or a part of the file.
pub fn error(part: impl Into<String>, message: impl Into<String>) -> Error {
    Error::Checkpoint {
        part: part.into(),
        message: message.into(),
    }
}

/// A parsed file: its metadata and its tensors by name.
#[derive(Debug)]
pub struct Container<'a> {
    pub metadata: BTreeMap<String, String>,
    pub tensors: BTreeMap<String, TensorView<'a>>,
    /// What was not as the format has it, and was taken all the same.
    pub notes: Vec<String>,
}

impl<'a> Container<'a> {
    /// Parses a file. Every length and offset is checked before it is used.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] names the tensor or the part of the file at fault.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let (text, data, mut notes) = split_header(bytes)?;
        let Header {
            metadata,
            tensors: infos,
        } = header::read(text, &mut notes)?;
        check_places(&infos, data, &mut notes)?;
        let mut tensors = BTreeMap::new();
        for (name, info) in infos {
            let (from, to) = info.data_offsets;
            let view = TensorView::new(info.dtype, info.shape, &data[from..to])
                .map_err(|e| error(&name, format!("expected a tensor, found: {e}; {WRITER}")))?;
            tensors.insert(name, view);
        }
        Ok(Container {
            metadata,
            tensors,
            notes,
        })
    }
}

const AGAIN: &str = "copy or download it again";
pub(super) const WRITER: &str =
    "the program that wrote the file is at fault, or the file was changed since";

/// The header's text, the tensors' bytes that follow, and what was odd about it.
fn split_header(bytes: &[u8]) -> Result<(&str, &[u8], Vec<String>)> {
    let refuse = |message: String| {
        let kind = recognise_bytes(bytes);
        Err(match kind.advice() {
            Some(advice) => error(
                "file",
                format!(
                    "expected a safetensors file, found {}; {advice}",
                    kind.what()
                ),
            ),
            None => error("file", message),
        })
    };
    let Some((length, rest)) = bytes.split_first_chunk::<PREFIX>() else {
        return refuse(format!(
            "expected a safetensors file, found only {} bytes; choose another file",
            bytes.len()
        ));
    };
    let length = u64::from_le_bytes(*length);
    if length > MAX_HEADER {
        return refuse(
            "expected a safetensors file, found bytes that begin no file of any kind this program \
             knows; choose another file"
                .into(),
        );
    }
    let Some((header, data)) = rest.split_at_checked(length as usize) else {
        return refuse(format!(
            "expected a header of {length} bytes, found a file that ends after {}: it was cut \
             short, or is another kind of file; {AGAIN}, or choose another",
            rest.len()
        ));
    };
    check_header(length)?;
    let mut notes = Vec::new();
    let padding = header.iter().rev().take_while(|&&byte| byte == 0).count();
    if padding > 0 {
        notes.push(format!(
            "the header is padded with {padding} NUL characters where blanks belong"
        ));
    }
    match std::str::from_utf8(&header[..header.len() - padding]) {
        Ok(header) => {
            let text = header.trim_start_matches('\u{feff}').trim_start();
            if text.starts_with('{') {
                return Ok((text, data, notes));
            }
            refuse(
                "expected a safetensors header in JSON, found other bytes; choose another file"
                    .into(),
            )
        }
        Err(e) if header.first() == Some(&b'{') => Err(error(
            "header",
            format!(
                "expected text in UTF-8, found the byte 0x{:02x} at byte {} of the file; {WRITER}",
                header[e.valid_up_to()],
                PREFIX + e.valid_up_to()
            ),
        )),
        Err(_) => refuse(
            "expected a safetensors header in JSON, found other bytes; choose another file".into(),
        ),
    }
}

/// Refuses a header that would take too much memory once it is read: a short tensor's entry takes about
/// thirty times what it takes in the file.
fn check_header(length: u64) -> Result<()> {
    memory::check(
        &format!("Reading the header of this file ({length} bytes)"),
        30 * length,
        "choose a file with fewer tensors or a smaller vocabulary",
    )
}

/// Checks that each tensor's bytes fit its shape, follow the one before, and are there.
fn check_places(
    tensors: &BTreeMap<String, TensorInfo>,
    data: &[u8],
    notes: &mut Vec<String>,
) -> Result<()> {
    let data_len = data.len();
    let mut in_order: Vec<_> = tensors.iter().collect();
    in_order.sort_unstable_by_key(|(_, info)| info.data_offsets);
    let mut end = 0;
    for (name, info) in in_order {
        let (from, to) = info.data_offsets;
        let bits =
            (info.shape.iter()).try_fold(info.dtype.bitsize(), |bits, &n| bits.checked_mul(n));
        if from != end || to < from {
            return Err(error(
                name,
                format!("expected its values from byte {end} on, found {from} to {to}; {WRITER}"),
            ));
        }
        if bits.is_none_or(|bits| (to - from).checked_mul(8) != Some(bits)) {
            return Err(error(
                name,
                format!(
                    "expected as many bytes as its shape {:?} and type {} take, found {}; {WRITER}",
                    info.shape,
                    info.dtype,
                    to - from
                ),
            ));
        }
        if to > data_len {
            return Err(error(
                name,
                format!(
                    "expected its values up to byte {to}, found a file that ends at byte {data_len} \
                     of its values: it was cut short; {AGAIN}"
                ),
            ));
        }
        end = to;
    }
    let rest = data_len - end;
    if data[end..].iter().any(|&byte| byte != 0) {
        return Err(error(
            "file",
            format!(
                "expected {end} bytes of values, found {data_len}: there are {rest} bytes at the \
                 end that belong to no tensor; {WRITER}"
            ),
        ));
    }
    if rest > 0 {
        notes.push(format!(
            "{rest} NUL bytes at the end of the file belong to no tensor and were left aside"
        ));
    }
    Ok(())
}
