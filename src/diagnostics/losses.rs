//! What a model loses on windows of a text, and whether a change to it makes a difference: the same
//! windows are read by both, so that what makes one window harder than another falls out of the
//! comparison.

use super::divergence::log_softmax;
use crate::error::Result;
use crate::model::{Model, inference};
use serde::Serialize;

/// Mean cross-entropy of each window in nats a token, over `length` predicted tokens. `ids` holds
/// windows of `length` + 1 tokens, of which the last is only predicted.
///
/// # Errors
/// [`Error::Memory`](crate::Error::Memory) when so many windows take too much.
///
/// # Panics
/// When `ids` is not whole windows of the model's tokens, or they are longer than its context.
pub fn window_losses(model: &Model, ids: &[u32], length: usize) -> Result<Vec<f64>> {
    assert!(
        length > 0 && ids.len().is_multiple_of(length + 1),
        "whole windows"
    );
    let windows = ids.chunks_exact(length + 1);
    let rows = windows.len();
    let read: Vec<u32> = windows
        .clone()
        .flat_map(|window| &window[..length])
        .copied()
        .collect();
    if read.is_empty() {
        return Ok(Vec::new());
    }
    let logits = inference::logits(model, &read, rows, length)?;
    let vocab = model.config.vocab_size;
    let losses = (windows.zip(logits.chunks_exact(length * vocab))).map(|(window, logits)| {
        let rows = logits.chunks_exact(vocab).zip(&window[1..]);
        let losses = rows.map(|(row, next)| -log_softmax(row)[*next as usize]);
        losses.sum::<f64>() / length as f64
    });
    Ok(losses.collect())
}

/// The mean of one loss less another over the same windows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct LossChange {
    /// Nats a token; above 0 where the second loss is the larger.
    pub mean: f64,
    /// s/√n of the differences; infinite where there is one window only.
    pub standard_error: f64,
    /// The mean's 95 % interval: mean ± t·s/√n, with Student's t for n - 1 degrees of freedom.
    pub low: f64,
    pub high: f64,
    /// The means of both.
    pub before: f64,
    pub after: f64,
}

impl LossChange {
    /// # Panics
    /// When there is no window, or not as many of the one as of the other.
    pub fn new(before: &[f64], after: &[f64]) -> Self {
        assert!(
            !before.is_empty() && before.len() == after.len(),
            "the same windows"
        );
        let n = before.len() as f64;
        let mean_of = |values: &[f64]| values.iter().sum::<f64>() / n;
        let changes: Vec<f64> = before.iter().zip(after).map(|(b, a)| a - b).collect();
        let mean = mean_of(&changes);
        let square = changes.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
        let (standard_error, half) = match before.len() {
            1 => (f64::INFINITY, f64::INFINITY),
            windows => {
                let error = (square / (n - 1.0) / n).sqrt();
                (error, student_t(windows - 1) * error)
            }
        };
        LossChange {
            mean,
            standard_error,
            low: mean - half,
            high: mean + half,
            before: mean_of(before),
            after: mean_of(after),
        }
    }
}

/// The two-sided 95 % point of Student's t: a table for few degrees of freedom, beyond it the first
/// terms of its expansion (Abramowitz and Stegun, 26.7.5), right to 0.0003.
fn student_t(freedom: usize) -> f64 {
    const TABLE: [f64; 10] = [
        12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
    ];
    if let Some(t) = TABLE.get(freedom.wrapping_sub(1)) {
        return *t;
    }
    let (z, n) = (1.959_964f64, freedom as f64);
    let first = (z.powi(3) + z) / 4.0;
    let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    let third = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
    z + first / n + second / n.powi(2) + third / n.powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;
    use crate::kernels::cross_entropy::{ROW, SUMMARY, cross_entropy};

    /// The loss that training measures, window by window.
    #[test]
    fn windows_lose_what_training_measures() {
        let model = Model::new(config(), 3).unwrap();
        let ids = [3u32, 1, 4, 1, 5, 9, 2, 6, 5, 3];
        let found = window_losses(&model, &ids, 4).unwrap();
        assert_eq!(found.len(), 2);
        for (window, loss) in ids.chunks_exact(5).zip(&found) {
            let logits = inference::logits(&model, &window[..4], 1, 4).unwrap();
            let targets: Vec<i32> = window[1..].iter().map(|id| *id as i32).collect();
            let (mut rows, mut summary) = ([0.0; 4 * ROW], [0.0; SUMMARY]);
            cross_entropy(&logits, &targets, &mut rows, &mut summary);
            assert!(
                (loss - f64::from(summary[0])).abs() < 1e-6,
                "{loss}, {summary:?}"
            );
        }
        assert!(window_losses(&model, &[], 4).unwrap().is_empty());
    }

    /// Differences 1, 2, 3 and 4: mean 2.5, s = √(5/3), t = 3.1824.
    #[test]
    fn a_case_by_hand() {
        let found = LossChange::new(&[1.0, 5.0, 2.0, 0.0], &[2.0, 7.0, 5.0, 4.0]);
        let half = 3.1824 * (5.0f64 / 3.0).sqrt() / 2.0;
        assert!((found.mean - 2.5).abs() < 1e-12 && (found.before - 2.0).abs() < 1e-12);
        assert!(
            (found.low - (2.5 - half)).abs() < 1e-12 && (found.high - (2.5 + half)).abs() < 1e-12
        );
        let same = LossChange::new(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]);
        assert_eq!((same.mean, same.low, same.high), (0.0, 0.0, 0.0));
        assert_eq!(LossChange::new(&[1.0], &[2.0]).high, f64::INFINITY);
    }

    #[test]
    fn the_expansion_goes_on_from_the_table() {
        for (freedom, t) in [
            (10, 2.2281),
            (11, 2.2010),
            (20, 2.0860),
            (30, 2.0423),
            (120, 1.9799),
        ] {
            assert!(
                (student_t(freedom) - t).abs() < 3e-4,
                "{freedom}: {}",
                student_t(freedom)
            );
        }
    }
}
