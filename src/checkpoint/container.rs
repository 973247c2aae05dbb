//! The safetensors container: 8 bytes of header length, a JSON header, the tensors' bytes.
//!
//! The types are the `safetensors` crate's; the parsing is not, because the crate's errors mostly
//! lose the tensor's name, and because it refuses what does no harm: NUL characters for padding,
//! numbers in the metadata. The commonest broken file is not a damaged safetensors file but another
//! kind of file under its name, which is said then.

use super::header::{self, Header};
use crate::error::{Error, Result};
use crate::kernels::math::first_not_finite;
use crate::memory;
use crate::recognise::recognise_bytes;
use safetensors::tensor::{Dtype, TensorInfo, TensorView};
use serde::Serialize;
use std::collections::BTreeMap;

/// Longest header that is looked at; the format's own limit.
const MAX_HEADER: u64 = 100_000_000;
/// Bytes of the header's length.
const PREFIX: usize = 8;

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
    in_order.sort_by_key(|(_, info)| info.data_offsets);
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

/// A tensor to write: its shape and its values in row-major order.
#[derive(Debug, Clone)]
pub struct TensorOut<'a> {
    pub shape: Vec<usize>,
    /// So many times one number, before the values.
    pub filling: (usize, f32),
    pub values: &'a [f32],
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("text and lists of numbers are always JSON")
}

/// A file that is about to be written.
pub struct Encoded<'a> {
    /// All that comes before the values.
    head: Vec<u8>,
    tensors: Vec<TensorOut<'a>>,
    len: usize,
}

impl Encoded<'_> {
    /// Bytes of the file.
    #[expect(clippy::len_without_is_empty, reason = "a file has a header at least")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Hands the file's bytes over, piece by piece.
    pub fn write<E>(
        &self,
        mut take: impl FnMut(&[u8]) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        const PIECE: usize = 1 << 14;
        take(&self.head)?;
        let mut bytes = Vec::with_capacity(PIECE * size_of::<f32>());
        for TensorOut {
            filling, values, ..
        } in &self.tensors
        {
            if filling.0 > 0 {
                take(&filling.1.to_le_bytes().repeat(filling.0))?;
            }
            for piece in values.chunks(PIECE) {
                bytes.clear();
                piece
                    .iter()
                    .for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
                take(&bytes)?;
            }
        }
        Ok(())
    }

    /// The file's bytes.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.len);
        let Ok(()) = self.write(|piece| {
            all.extend_from_slice(piece);
            Ok::<(), std::convert::Infallible>(())
        });
        all
    }
}

/// A file of these. The same content gives the same bytes: everything stands in the order of its
/// name.
///
/// # Errors
/// [`Error::Checkpoint`] names the first tensor that holds something that is not a number: no file
/// that opens nowhere is made.
pub fn encode<'a>(
    metadata: &BTreeMap<String, String>,
    tensors: BTreeMap<String, TensorOut<'a>>,
) -> Result<Encoded<'a>> {
    let mut header = format!("{{\"__metadata__\":{}", json(metadata));
    let mut end = 0;
    for (name, tensor) in &tensors {
        if let Some(place) = first_not_finite(tensor.values) {
            return Err(error(
                name,
                format!(
                    "expected numbers to write, found {} at place {place}, so nothing was written; \
                     the model's training failed, so use an earlier state of it",
                    tensor.values[place]
                ),
            ));
        }
        let start = end;
        end += (tensor.filling.0 + tensor.values.len()) * size_of::<f32>();
        let (name, shape) = (json(name), json(&tensor.shape));
        header.push_str(&format!(
            ",{name}:{{\"dtype\":\"F32\",\"shape\":{shape},\"data_offsets\":[{start},{end}]}}"
        ));
    }
    header.push('}');
    // The values begin at a multiple of 8 bytes.
    let padded = header.len().next_multiple_of(PREFIX);
    let mut head = Vec::with_capacity(PREFIX + padded);
    head.extend_from_slice(&(padded as u64).to_le_bytes());
    head.extend_from_slice(header.as_bytes());
    head.resize(PREFIX + padded, b' ');
    Ok(Encoded {
        len: head.len() + end,
        head,
        tensors: tensors.into_values().collect(),
    })
}

/// A tensor's values as float32.
///
/// # Errors
/// [`Error::Checkpoint`] when the type is not a float that fits, or a value is NaN or infinite.
pub fn floats(name: &str, tensor: &TensorView<'_>) -> Result<Vec<f32>> {
    let data = tensor.data();
    let halves = || {
        data.as_chunks::<2>()
            .0
            .iter()
            .map(|&b| u16::from_le_bytes(b))
    };
    let values: Vec<f32> = match tensor.dtype() {
        Dtype::F32 => (data.as_chunks::<4>().0.iter())
            .map(|&b| f32::from_le_bytes(b))
            .collect(),
        Dtype::F16 => halves().map(from_half).collect(),
        Dtype::BF16 => halves()
            .map(|half| f32::from_bits(u32::from(half) << 16))
            .collect(),
        Dtype::F64 => (data.as_chunks::<8>().0.iter())
            .map(|&b| f64::from_le_bytes(b) as f32)
            .collect(),
        other => {
            return Err(error(
                name,
                format!(
                    "expected values of type F32 (F64, F16 and BF16 do as well), found {other}; \
                     save the model in float32"
                ),
            ));
        }
    };
    if let Some(place) = values.iter().position(|value| !value.is_finite()) {
        return Err(error(
            name,
            format!(
                "expected numbers, found {} at place {place}; the model's training failed, so use \
                 an earlier checkpoint",
                values[place]
            ),
        ));
    }
    Ok(values)
}

/// IEEE 754 binary16 to float32, exactly.
fn from_half(half: u16) -> f32 {
    let sign = u32::from(half & 0x8000) << 16;
    let (exponent, fraction) = (u32::from(half >> 10 & 0x1f), u32::from(half & 0x3ff));
    let magnitude = match exponent {
        // Subnormal: fraction · 2⁻²⁴, which float32 holds exactly.
        0 => (fraction as f32 * (1.0 / 16_777_216.0)).to_bits(),
        0x1f => 0x7f80_0000 | fraction << 13,
        _ => (exponent + 112) << 23 | fraction << 13,
    };
    f32::from_bits(sign | magnitude)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_have_their_known_values() {
        for (half, expected) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65_504.0),
            (0x0400, 6.103_515_6e-5),
            (0x0001, 5.960_464_5e-8),
            (0x83ff, -6.097_555e-5),
            (0x3555, 0.333_251_95),
            (0x7c00, f32::INFINITY),
        ] {
            assert_eq!(from_half(half), expected, "{half:#06x}");
        }
        assert!(from_half(0x8000).is_sign_negative());
        assert!(from_half(0x7e01).is_nan());
    }

    #[test]
    fn what_is_encoded_parses_and_begins_at_a_multiple_of_8() {
        let metadata = BTreeMap::from([("a \"quoted\" key\n".to_string(), "é🙂".to_string())]);
        let tensor = |shape: &[usize], filling, values: &'static [f32]| TensorOut {
            shape: shape.to_vec(),
            filling,
            values,
        };
        let tensors = BTreeMap::from([
            ("scalar".to_string(), tensor(&[], (0, 0.0), &[-0.0])),
            (
                "matrix".to_string(),
                tensor(&[2, 2], (2, 0.5), &[1e-45, f32::MAX]),
            ),
        ]);
        let whole = BTreeMap::from([
            ("scalar", vec![-0.0]),
            ("matrix", vec![0.5, 0.5, 1e-45, f32::MAX]),
        ]);
        let encoded = encode(&metadata, tensors.clone()).unwrap();
        let bytes = encoded.to_vec();
        assert_eq!(bytes.len(), encoded.len());
        assert_eq!(u64::from_le_bytes(*bytes.first_chunk().unwrap()) % 8, 0);
        // Also where the bytes themselves stand at an odd address.
        let shifted = [&[0], bytes.as_slice()].concat();
        for bytes in [bytes.as_slice(), &shifted[1..]] {
            let container = Container::parse(bytes).unwrap();
            assert_eq!(container.metadata, metadata);
            for (name, tensor) in &tensors {
                let found = &container.tensors[name];
                assert_eq!(found.shape(), tensor.shape);
                let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                assert_eq!(
                    bits(&floats(name, found).unwrap()),
                    bits(&whole[name.as_str()])
                );
            }
        }
    }

    #[test]
    fn what_is_not_finite_is_not_written_and_named() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let values = [1.0, bad];
            let tensor = TensorOut {
                shape: vec![2],
                filling: (0, 0.0),
                values: &values,
            };
            let tensors = BTreeMap::from([("a.weight".to_string(), tensor)]);
            let refused = encode(&BTreeMap::new(), tensors).map(|_| ()).unwrap_err();
            let said = refused.to_string();
            assert!(
                said.contains("a.weight") && said.contains("place 1"),
                "{said}"
            );
        }
    }
}
