//! How the heads of a layer mix what they heard: head i takes weight (i, h) of head h's field. The
//! model has learned a matrix C, and the weights are the softmax of each of its rows.

use super::Model;
use crate::error::{Error, Result};
use crate::kernels::couple_gate::softmax_rows;
use std::ops::Range;

/// A weight below this is stored as this: ln 0 is no number. The rest of a row loses a billionth.
pub const SMALLEST_WEIGHT: f64 = 1e-9;
/// How far a row of weights may be from adding up to 1, for weights that were rounded on their way.
const ROW_TOLERANCE: f64 = 1e-3;

impl Model {
    /// (H, H): the weights of a layer; each row adds up to 1.
    ///
    /// # Panics
    /// When there is no such layer, or no waves at all.
    pub fn coupling(&self, layer: usize) -> Vec<f32> {
        let raw: Vec<f64> = self.parameters.flat()[self.coupling_range(layer)]
            .iter()
            .map(|c| f64::from(*c))
            .collect();
        let weights = softmax_rows(&raw, self.config.num_heads);
        weights.into_iter().map(|weight| weight as f32).collect()
    }

    /// Sets the weights of a layer, (H, H): C becomes their logarithm. A row that stays as it is
    /// keeps its C, bit for bit; of a matrix that does not do, nothing is taken.
    ///
    /// # Errors
    /// [`Error::Config`] when there is no such layer, or the weights are not H rows of H numbers
    /// from 0 to 1 that add up to 1.
    pub fn set_coupling(&mut self, layer: usize, weights: &[f32]) -> Result<()> {
        let refused = |message: String| Error::Config {
            field: "coupling",
            message,
        };
        let (layers, heads) = (self.config.num_layers, self.config.num_heads);
        if !self.config.is_wave() {
            return Err(refused(
                "a standard Transformer couples no heads; open a Wave Field model".into(),
            ));
        }
        if layer >= layers || weights.len() != heads * heads {
            return Err(refused(format!(
                "layers go from 0 to {} and have {heads} rows of {heads} weights, but {} weights \
                 were given for layer {layer}",
                layers - 1,
                weights.len()
            )));
        }
        let before = self.coupling(layer);
        let rows = || {
            (weights.chunks_exact(heads).zip(before.chunks_exact(heads)))
                .enumerate()
                .filter(|(_, (row, before))| row != before)
                .map(|(head, (row, _))| (head, row))
        };
        for (head, row) in rows() {
            check(head, row).map_err(refused)?;
        }
        let first = self.coupling_range(layer).start;
        let changed: Vec<(usize, &[f32])> = rows().collect();
        let flat = self.parameters.flat_mut();
        for (head, row) in changed {
            let raw = &mut flat[first + head * heads..][..heads];
            for (raw, weight) in raw.iter_mut().zip(row) {
                *raw = libm::log(f64::from(*weight).max(SMALLEST_WEIGHT)) as f32;
            }
        }
        Ok(())
    }

    /// Where the C of a layer stands among the parameters.
    pub(crate) fn coupling_range(&self, layer: usize) -> Range<usize> {
        self.parameters.table().layers[layer]
            .wave()
            .coupling
            .clone()
    }
}

/// What is wrong with one head's weights, in words.
fn check(head: usize, row: &[f32]) -> std::result::Result<(), String> {
    if let Some(other) = row.iter().position(|w| !(0.0..=1.0).contains(w)) {
        return Err(format!(
            "each weight must be a number from 0 to 1, but head {head} \
             was to take {} of head {other}, counted from 0",
            row[other]
        ));
    }
    let total: f64 = row.iter().map(|w| f64::from(*w)).sum();
    if (total - 1.0).abs() > ROW_TOLERANCE {
        return Err(format!(
            "the weights of a head must add up to 1, but those of head {head}, counted \
             from 0, add up to {total:.4}"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Architecture;
    use crate::config::tests::config;

    fn close(found: &[f32], expected: &[f32]) {
        for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert!(
                (found - expected).abs() < 2e-7 + 2e-6 * expected,
                "{i}: {found} for {expected}"
            );
        }
    }

    #[test]
    fn weights_are_what_was_asked_for_and_nothing_else_changes() {
        let mut model = Model::new(config(), 1).unwrap();
        let before = model.parameters.flat().to_vec();
        let mut weights = model.coupling(2);
        assert!(
            weights
                .chunks(4)
                .all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-6)
        );
        weights[4..8].copy_from_slice(&[0.0, 0.125, 0.5, 0.375]);
        weights[12..].copy_from_slice(&[0.0, 0.0, 0.0, 1.0]);
        model.set_coupling(2, &weights).unwrap();
        close(&model.coupling(2), &weights);
        // By the definition, from what is stored.
        let raw = &model.parameters.flat()[model.coupling_range(2)][4..8];
        let total: f64 = raw.iter().map(|c| f64::from(*c).exp()).sum();
        for (raw, weight) in raw.iter().zip([0.0, 0.125, 0.5, 0.375]) {
            assert!((f64::from(*raw).exp() / total - weight).abs() < 1e-6);
        }
        let start = model.coupling_range(2).start;
        for (i, (now, before)) in model.parameters.flat().iter().zip(&before).enumerate() {
            let edited =
                (start + 4..start + 8).contains(&i) || (start + 12..start + 16).contains(&i);
            assert!(edited || now.to_bits() == before.to_bits(), "{i}");
        }
    }

    #[test]
    fn nonsense_is_refused_whole() {
        let mut model = Model::new(config(), 1).unwrap();
        let before = model.parameters.clone();
        let mut weights = model.coupling(0);
        weights[..4].copy_from_slice(&[0.25; 4]);
        for (row, words) in [
            ([0.5, 0.5, 0.5, 0.0], "add up to 1.5000"),
            ([f32::NAN, 0.0, 0.0, 1.0], "take NaN of head 0"),
            ([-0.5, 0.5, 0.5, 0.5], "take -0.5 of head 0"),
            ([2.0, 0.0, 0.0, 0.0], "take 2 of head 0"),
        ] {
            weights[12..].copy_from_slice(&row);
            let error = model.set_coupling(0, &weights).unwrap_err().to_string();
            assert!(error.contains(words) && error.contains("head 3"), "{error}");
        }
        for (layer, count) in [(6, 16), (0, 15), (0, 0)] {
            let error = model.set_coupling(layer, &vec![0.25; count]).unwrap_err();
            assert!(error.to_string().contains("4 rows of 4 weights"), "{error}");
        }
        assert_eq!(model.parameters.flat(), before.flat());
        let mut standard = Model::zeros(crate::ModelConfig {
            architecture: Architecture::Standard,
            field_size: 0,
            ..config()
        })
        .unwrap();
        let error = standard.set_coupling(0, &[0.25; 16]).unwrap_err();
        assert!(
            error.to_string().contains("standard Transformer"),
            "{error}"
        );
    }
}
