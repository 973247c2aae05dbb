//! Finite differences in float64: what every backward kernel is held against.

use crate::rng::{Philox, Stream};

/// Reproducible normal numbers.
pub fn normals(seed: u64, count: usize) -> Vec<f64> {
    let rng = Philox::stream(seed, Stream::Initial);
    (0..count)
        .map(|i| f64::from(rng.normal(i as u64)))
        .collect()
}

/// Σ aᵢ·bᵢ: with fixed random weights, a scalar whose gradient reaches every output.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Holds an analytic gradient against central differences of `f` at `x`, element by element.
///
/// # Panics
/// When one differs by more than 1e-6 absolute plus 1e-6 relative; names the worst.
pub fn check_gradient(what: &str, x: &[f64], analytic: &[f64], f: impl Fn(&[f64]) -> f64) {
    assert_eq!(x.len(), analytic.len(), "{what}: gradient's length");
    let mut worst = (0.0, 0, 0.0, 0.0);
    for i in 0..x.len() {
        let step = 1e-5 * (1.0 + x[i].abs());
        let at = |delta: f64| {
            let mut moved = x.to_vec();
            moved[i] += delta;
            f(&moved)
        };
        // Fourth order: (8·(f₁ - f₋₁) - (f₂ - f₋₂)) / 12h
        let numeric =
            (8.0 * (at(step) - at(-step)) - (at(2.0 * step) - at(-2.0 * step))) / (12.0 * step);
        let excess = (numeric - analytic[i]).abs() / (1e-6 + 1e-6 * numeric.abs());
        if excess > worst.0 || excess.is_nan() {
            worst = (excess, i, numeric, analytic[i]);
        }
    }
    let (excess, i, numeric, found) = worst;
    assert!(
        excess <= 1.0,
        "{what}[{i}]: finite difference {numeric:e}, backward {found:e}"
    );
}
