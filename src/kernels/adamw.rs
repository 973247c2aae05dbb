//! AdamW with decoupled weight decay on every parameter (Loshchilov and Hutter 2019), after
//! clipping the gradient to a global norm.

use super::Real;
use super::parallel::{for_each_block, reduce_blocks};

/// One step's settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamW {
    /// Learning rate of this step.
    pub learning_rate: f64,
    pub beta1: f64,
    pub beta2: f64,
    pub epsilon: f64,
    pub weight_decay: f64,
    /// The global L2 norm that gradients are clipped to; infinite leaves them alone.
    pub clip_norm: f64,
    /// Which step this is, from 1.
    pub step: u64,
}

/// `norm` (1): the L2 norm of all gradients.
pub fn gradient_norm<T: Real>(gradients: &[T], norm: &mut [T]) {
    let mut total = [T::zero()];
    reduce_blocks(
        gradients.len(),
        1 << 14,
        &mut total,
        |first, count, total| {
            total[0] = super::layer_norm::sum(&gradients[first..first + count], |g| g * g);
        },
    );
    norm[0] = total[0].sqrt();
}

/// Updates parameters and moments in place, all of one length. Where the gradient's norm is not a
/// finite number nothing changes: the step is as if it had not been.
pub fn adamw<T: Real>(
    settings: AdamW,
    gradients: &[T],
    norm: T,
    parameters: &mut [T],
    first_moment: &mut [T],
    second_moment: &mut [T],
) {
    if !norm.finite() {
        return;
    }
    let clip = T::of(settings.clip_norm);
    let scale = if norm > clip { clip / norm } else { T::one() };
    let power = |beta: f64| 1.0 - libm::pow(beta, settings.step as f64);
    let (beta1, beta2) = (T::of(settings.beta1), T::of(settings.beta2));
    let (rest1, rest2) = (T::of(1.0 - settings.beta1), T::of(1.0 - settings.beta2));
    let rate = T::of(settings.learning_rate / power(settings.beta1));
    let root = T::of(1.0 / power(settings.beta2).sqrt());
    let keep = T::of(1.0 - settings.learning_rate * settings.weight_decay);
    let epsilon = T::of(settings.epsilon);
    let outputs = [(parameters, 1), (first_moment, 1), (second_moment, 1)];
    for_each_block(gradients.len(), 1 << 14, outputs, |first, [p, m, v]| {
        let g = &gradients[first..first + p.len()];
        for i in 0..p.len() {
            let g = g[i] * scale;
            m[i] = beta1 * m[i] + rest1 * g;
            v[i] = beta2 * v[i] + rest2 * g * g;
            p[i] = p[i] * keep - rate * m[i] / (v[i].sqrt() * root + epsilon);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: AdamW = AdamW {
        learning_rate: 0.1,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weight_decay: 0.01,
        clip_norm: 1.0,
        step: 1,
    };

    #[test]
    fn the_first_step_moves_by_the_learning_rate() {
        let (g, mut p, mut m, mut v) = ([3.0, -4.0], [1.0, 1.0], [0.0; 2], [0.0; 2]);
        let mut norm = [f64::NAN];
        gradient_norm(&g, &mut norm);
        assert_eq!(norm[0], 5.0);
        adamw(SETTINGS, &g, norm[0], &mut p, &mut m, &mut v);
        // Bias correction makes the first step's ratio the gradient's sign.
        for (p, expected) in p.iter().zip([0.999 - 0.1, 0.999 + 0.1]) {
            assert!((p - expected).abs() < 1e-6, "{p}");
        }
        assert!(
            (m[0] - 0.06).abs() < 1e-7 && (v[1] - 0.64e-3).abs() < 1e-9,
            "clipped to norm 1"
        );
    }

    #[test]
    fn a_step_without_a_finite_norm_changes_nothing() {
        for bad in [f32::NAN, f32::INFINITY] {
            let (g, mut p, mut m, mut v) = ([1.0, bad], [1.0, 2.0], [0.5; 2], [0.25; 2]);
            let mut norm = [0.0];
            gradient_norm(&g, &mut norm);
            adamw(SETTINGS, &g, norm[0], &mut p, &mut m, &mut v);
            assert_eq!((p, m, v), ([1.0, 2.0], [0.5; 2], [0.25; 2]));
        }
    }
}
