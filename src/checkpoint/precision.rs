//! What a tensor's numbers are written as, and how they are read again. Computed is in float32 alone: a model is widened once,
//! when it is opened.

use super::container::error;
use crate::error::{Error, Result};
use safetensors::tensor::{Dtype, TensorView};

/// What the name of a matrix' scales ends with.
pub const SCALE: &str = ".scale";
/// The largest number of a row in 8 bits; -128 is not used, so that both signs reach as far.
const LARGEST: f32 = 127.0;

/// What a model's numbers are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// 32 bits: exactly what is computed with.
    #[default]
    F32,
    /// 16 bits (IEEE 754 binary16): three digits of each number.
    F16,
    /// A matrix `X` in 8 bits, dtype I8, beside `X.scale`, dtype F16, which has one number for each of its rows: the row's
    /// largest over 127. All else in 16 bits.
    Int8,
}

impl Precision {
    pub const ALL: [Precision; 3] = [Precision::F32, Precision::F16, Precision::Int8];

    /// What it is called in commands and in the page.
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::F16 => "f16",
            Precision::Int8 => "int8",
        }
    }

    /// The one of that name.
    ///
    /// # Errors
    /// [`Error::Config`] when none has it.
    pub fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|one| one.name() == name);
        found.ok_or_else(|| Error::Config {
            field: "precision",
            message: format!("expected f32, f16 or int8, found {name:?}"),
        })
    }
}

/// Numbers in 16 bits.
///
/// # Errors
/// [`crate::Error::Checkpoint`] when one of them is too large for it.
pub fn to_halves(name: &str, values: impl Iterator<Item = f32>) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(2 * values.size_hint().0);
    for value in values {
        let half = to_half(value);
        if half & 0x7fff == 0x7c00 {
            return Err(error(
                name,
                format!(
                    "expected numbers up to 65504, which is as far as 16 bits reach, found {value}; \
                     save the model in float32"
                ),
            ));
        }
        bytes.extend_from_slice(&half.to_le_bytes());
    }
    Ok(bytes)
}

/// A matrix' rows in 8 bits, and their scales in 16.
///
/// # Errors
/// As [`to_halves`].
pub fn to_rows(name: &str, values: &[f32], columns: usize) -> Result<(Vec<u8>, Vec<u8>)> {
    let largest = |row: &[f32]| {
        row.iter()
            .fold(0.0_f32, |most, value| most.max(value.abs()))
    };
    let rows = || values.chunks_exact(columns);
    let scales = to_halves(
        &format!("{name}{SCALE}"),
        rows().map(|row| largest(row) / LARGEST),
    )?;
    let mut bytes = Vec::with_capacity(values.len());
    for (row, scale) in rows().zip(halves(&scales)) {
        let scale = from_half(scale);
        bytes.extend(row.iter().map(|value| {
            // A row of zeros has the scale 0. `as` keeps within the type.
            let steps = if scale > 0.0 { value / scale } else { 0.0 };
            (steps.round_ties_even().clamp(-LARGEST, LARGEST) as i8) as u8
        }));
    }
    Ok((bytes, scales))
}

fn halves(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes
        .as_chunks::<2>()
        .0
        .iter()
        .map(|&b| u16::from_le_bytes(b))
}

/// A tensor's values as float32. One in 8 bits needs its `scales`, one for each row.
///
/// # Errors
/// [`crate::Error::Checkpoint`] when the type is not one that fits, a value is NaN or infinite, or
/// the scales are missing, too few, or below 0.
pub fn floats(
    name: &str,
    tensor: &TensorView<'_>,
    scales: Option<&TensorView<'_>>,
) -> Result<Vec<f32>> {
    let data = tensor.data();
    let values: Vec<f32> = match tensor.dtype() {
        Dtype::F32 => (data.as_chunks::<4>().0.iter())
            .map(|&b| f32::from_le_bytes(b))
            .collect(),
        Dtype::F16 => halves(data).map(from_half).collect(),
        Dtype::BF16 => halves(data)
            .map(|half| f32::from_bits(u32::from(half) << 16))
            .collect(),
        Dtype::F64 => (data.as_chunks::<8>().0.iter())
            .map(|&b| f64::from_le_bytes(b) as f32)
            .collect(),
        Dtype::I8 => widened(name, tensor, scales)?,
        other => {
            return Err(error(
                name,
                format!(
                    "expected values of type F32 (F64, F16, BF16, and I8 with scales do as well), \
                     found {other}; save the model in float32"
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

/// A matrix in 8 bits, as float32.
fn widened(
    name: &str,
    tensor: &TensorView<'_>,
    scales: Option<&TensorView<'_>>,
) -> Result<Vec<f32>> {
    let beside = format!("{name}{SCALE}");
    let Some(scales) = scales else {
        return Err(error(
            beside,
            format!(
                "expected a scale for each row of `{name}`, whose values are of type I8, found none; save the model in float32"
            ),
        ));
    };
    let &[rows, columns] = tensor.shape() else {
        return Err(error(
            name,
            format!(
                "expected a matrix, since its values are of type I8, found the shape {:?}; save the model in float32",
                tensor.shape()
            ),
        ));
    };
    if scales.shape() != [rows] || scales.dtype() == Dtype::I8 {
        return Err(error(
            beside,
            format!(
                "expected {rows} floats, one for each row of `{name}`, found the shape {:?} of type {}; save the model in float32",
                scales.shape(),
                scales.dtype()
            ),
        ));
    }
    let scales = floats(&beside, scales, None)?;
    if let Some(row) = scales.iter().position(|&scale| scale < 0.0) {
        return Err(error(
            beside,
            format!(
                "expected scales from 0 on, found {} for row {row}; save the model again",
                scales[row]
            ),
        ));
    }
    let row = |(values, scale): (&[u8], f32)| {
        values
            .iter()
            .map(move |&value| f32::from(value as i8) * scale)
            .collect::<Vec<_>>()
    };
    Ok(tensor
        .data()
        .chunks_exact(columns.max(1))
        .zip(scales)
        .flat_map(row)
        .collect())
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

/// Float32 to IEEE 754 binary16: the nearest, of two equally near ones the even one.
fn to_half(value: f32) -> u16 {
    let sign = (value.to_bits() >> 16 & 0x8000) as u16;
    let magnitude = value.to_bits() & 0x7fff_ffff;
    let half = match magnitude {
        0x7f80_0001.. => 0x7e00,
        // From 2¹⁶ on.
        0x4780_0000.. => 0x7c00,
        // From 2⁻¹⁴ on: another bias, and 13 bits less, which may carry into the exponent.
        0x3880_0000.. => {
            let (kept, lost) = ((magnitude - (112 << 23)) >> 13, magnitude & 0x1fff);
            let up = lost > 0x1000 || (lost == 0x1000 && kept & 1 == 1);
            (kept + u32::from(up)) as u16
        }
        // Subnormal: so many 2⁻²⁴.
        _ => (f32::from_bits(magnitude) * 16_777_216.0).round_ties_even() as u16,
    };
    sign | half
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
    fn every_half_comes_back_and_what_lies_between_two_goes_to_the_nearer() {
        for half in (0..=u16::MAX).filter(|half| half & 0x7fff <= 0x7c00) {
            assert_eq!(to_half(from_half(half)), half, "{half:#06x}");
        }
        assert_eq!(to_half(f32::NAN) & 0x7c00, 0x7c00);
        for half in 0..0x7bff_u16 {
            let (low, high) = (from_half(half), from_half(half + 1));
            let middle = low + (high - low) / 2.0;
            let even = half + half % 2;
            assert_eq!(to_half(middle), even, "between {low} and {high}");
            assert_eq!(to_half(middle.next_down()), half);
            assert_eq!(to_half(-middle.next_up()), 0x8000 | (half + 1));
        }
        assert_eq!(to_half(65_519.0), 0x7bff);
        assert_eq!(to_half(65_520.0), 0x7c00);
    }

    #[test]
    fn rows_come_back_to_half_a_step_of_their_own() {
        let values = [
            3.0, -1.5, 0.01, 127.0, 0.0, 0.0, 0.0, -0.0, 1e-5, -2e-5, 1.7e-5, 0.0,
        ];
        let (bytes, scales) = to_rows("m", &values, 4).unwrap();
        let tensor = TensorView::new(Dtype::I8, vec![3, 4], &bytes).unwrap();
        let scales = TensorView::new(Dtype::F16, vec![3], &scales).unwrap();
        let found = floats("m", &tensor, Some(&scales)).unwrap();
        for (row, (found, expected)) in found.chunks(4).zip(values.chunks(4)).enumerate() {
            let largest = expected
                .iter()
                .fold(0.0_f32, |most, value| most.max(value.abs()));
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (found - expected).abs() <= 0.51 * largest / 127.0,
                    "row {row}: {found} for {expected}"
                );
            }
        }
    }

    #[test]
    fn what_is_too_large_for_16_bits_is_named() {
        let said = to_halves("a.bias", [1.0, 70_000.0].into_iter())
            .unwrap_err()
            .to_string();
        assert!(said.contains("a.bias") && said.contains("70000"), "{said}");
    }
}
