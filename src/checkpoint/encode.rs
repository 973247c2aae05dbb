//! Writing a safetensors container.

use super::container::{PREFIX, error};
use super::precision::{Precision, SCALE, to_halves, to_rows};
use super::to_json;
use crate::error::Result;
use crate::kernels::math::first_not_finite;
use safetensors::tensor::Dtype;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A tensor to write: its shape and its values in row-major order.
#[derive(Debug, Clone)]
pub struct TensorOut<'a> {
    pub shape: Vec<usize>,
    /// So many times one number, before the values.
    pub filling: (usize, f32),
    pub values: &'a [f32],
    pub precision: Precision,
}

impl<'a> TensorOut<'a> {
    /// As it stands in the file: a matrix in 8 bits is two tensors there.
    fn stored(self, name: String) -> Result<Vec<(String, Stored<'a>)>> {
        let TensorOut {
            shape,
            filling: (times, filling),
            values,
            precision,
        } = self;
        let all = || std::iter::repeat_n(filling, times).chain(values.iter().copied());
        Ok(match (precision, shape.as_slice()) {
            (Precision::F32, _) => vec![(
                name,
                Stored {
                    dtype: Dtype::F32,
                    shape,
                    bytes: Bytes::Floats((times, filling), values),
                },
            )],
            (Precision::Int8, &[rows, columns]) if rows * columns > 0 => {
                let (bytes, scales) = to_rows(&name, &all().collect::<Vec<_>>(), columns)?;
                vec![
                    (
                        format!("{name}{SCALE}"),
                        Stored {
                            dtype: Dtype::F16,
                            shape: vec![rows],
                            bytes: Bytes::Made(scales),
                        },
                    ),
                    (
                        name,
                        Stored {
                            dtype: Dtype::I8,
                            shape,
                            bytes: Bytes::Made(bytes),
                        },
                    ),
                ]
            }
            (Precision::F16 | Precision::Int8, _) => {
                let bytes = to_halves(&name, all())?;
                vec![(
                    name,
                    Stored {
                        dtype: Dtype::F16,
                        shape,
                        bytes: Bytes::Made(bytes),
                    },
                )]
            }
        })
    }
}

/// A tensor as it stands in the file.
struct Stored<'a> {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Bytes<'a>,
}

enum Bytes<'a> {
    /// So many times one number, and these: their bytes are made as they are written.
    Floats((usize, f32), &'a [f32]),
    Made(Vec<u8>),
}

impl Bytes<'_> {
    fn len(&self) -> usize {
        match self {
            Bytes::Floats((times, _), values) => (times + values.len()) * size_of::<f32>(),
            Bytes::Made(bytes) => bytes.len(),
        }
    }

    fn write<E>(
        &self,
        mut take: impl FnMut(&[u8]) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        const PIECE: usize = 1 << 14;
        let ((times, filling), values) = match self {
            Bytes::Made(bytes) => return take(bytes),
            Bytes::Floats(filling, values) => (*filling, *values),
        };
        if times > 0 {
            take(&filling.to_le_bytes().repeat(times))?;
        }
        let mut bytes = Vec::with_capacity(PIECE * size_of::<f32>());
        for piece in values.chunks(PIECE) {
            bytes.clear();
            bytes.extend(piece.iter().flat_map(|value| value.to_le_bytes()));
            take(&bytes)?;
        }
        Ok(())
    }
}

/// A file that is about to be written.
pub struct Encoded<'a> {
    /// All that comes before the values.
    head: Vec<u8>,
    tensors: Vec<Bytes<'a>>,
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
        take(&self.head)?;
        self.tensors
            .iter()
            .try_for_each(|bytes| bytes.write(&mut take))
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
/// numbers' size and its name.
///
/// # Errors
/// [`crate::Error::Checkpoint`] names the first tensor that holds something that is not a number,
/// or too large a number: no file that opens nowhere is made.
pub fn encode<'a>(
    metadata: &BTreeMap<String, String>,
    tensors: BTreeMap<String, TensorOut<'a>>,
) -> Result<Encoded<'a>> {
    let mut stored = Vec::new();
    for (name, tensor) in tensors {
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
        // Wider numbers first, so that each begins at a multiple of its own size. Each is put where it
        // belongs, which is at the end or near it: a sort would bring 7 KB into the engine.
        for (name, tensor) in tensor.stored(name)? {
            let width = |tensor: &Stored| Reverse(tensor.dtype.bitsize());
            let place = stored.partition_point(|(n, t): &(String, Stored)| {
                (width(t), n) < (width(&tensor), &name)
            });
            stored.insert(place, (name, tensor));
        }
    }
    let mut header = format!("{{\"__metadata__\":{}", to_json(metadata));
    let mut end = 0;
    for (
        name,
        Stored {
            dtype,
            shape,
            bytes,
        },
    ) in &stored
    {
        let start = end;
        end += bytes.len();
        let (name, shape) = (to_json(name), to_json(shape));
        header.push_str(&format!(
            ",{name}:{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[{start},{end}]}}"
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
        tensors: stored.into_iter().map(|(_, tensor)| tensor.bytes).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::container::Container;
    use super::super::precision::floats;
    use super::*;

    #[test]
    fn what_is_encoded_parses_and_begins_at_a_multiple_of_8() {
        let metadata = BTreeMap::from([("a \"quoted\" key\n".to_string(), "é🙂".to_string())]);
        let tensor = |shape: &[usize], filling, values: &'static [f32]| TensorOut {
            shape: shape.to_vec(),
            filling,
            values,
            precision: Precision::F32,
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
                    bits(&floats(name, found, None).unwrap()),
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
                precision: Precision::F32,
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
