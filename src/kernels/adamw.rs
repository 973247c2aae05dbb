//! AdamW with decoupled weight decay (Loshchilov and Hutter 2019), after
//! clipping the gradient to a global norm; and whether a step may be made at all.

use super::Real;
use super::parallel::{for_each_block, reduce_blocks};
use crate::backend::{OptimizerSettings, Pace, StepInputs};

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

/// Why a step is refused; 0 is one that may be made.
pub const LOSS: f32 = 1.0;
pub const GRADIENT: f32 = 2.0;
pub const WEIGHT: f32 = 3.0;

impl AdamW {
    /// A step's settings for some parameters, from those of the run.
    pub fn of(settings: &OptimizerSettings, pace: Pace, inputs: &StepInputs) -> Self {
        AdamW {
            learning_rate: inputs.learning_rate * pace.rate,
            beta1: settings.beta1,
            beta2: settings.beta2,
            epsilon: settings.epsilon,
            weight_decay: if pace.decayed {
                settings.weight_decay
            } else {
                0.0
            },
            clip_norm: settings.clip_norm,
            step: inputs.step,
        }
    }
}

/// What is the same for all elements of a step.
#[derive(Clone, Copy)]
struct Step<T> {
    scale: T,
    beta: [T; 2],
    rest: [T; 2],
    rate: T,
    root: T,
    keep: T,
    epsilon: T,
}

impl<T: Real> Step<T> {
    fn new(settings: AdamW, norm: T) -> Self {
        let clip = T::of(settings.clip_norm);
        let power = |beta: f64| 1.0 - libm::pow(beta, settings.step as f64);
        let beta = [settings.beta1, settings.beta2];
        Step {
            scale: if norm > clip { clip / norm } else { T::one() },
            beta: beta.map(T::of),
            rest: beta.map(|beta| T::of(1.0 - beta)),
            rate: T::of(settings.learning_rate / power(settings.beta1)),
            root: T::of(1.0 / power(settings.beta2).sqrt()),
            keep: T::of(1.0 - settings.learning_rate * settings.weight_decay),
            epsilon: T::of(settings.epsilon),
        }
    }

    /// The parameter and its moments after the step.
    #[inline(always)]
    fn of(&self, g: T, p: T, m: T, v: T) -> [T; 3] {
        let g = g * self.scale;
        let m = self.beta[0] * m + self.rest[0] * g;
        let v = self.beta[1] * v + self.rest[1] * g * g;
        let p = p * self.keep - self.rate * m / (v.sqrt() * self.root + self.epsilon);
        [p, m, v]
    }
}

/// Whether a step may be made, for all parameters at once: 0, or [`LOSS`], [`GRADIENT`] or
/// [`WEIGHT`] by the first of them that is not, or would not be, finite.
pub fn judge<T: Real>(
    settings: AdamW,
    gradients: &[T],
    [loss, norm]: [T; 2],
    parameters: &[T],
    [first_moment, second_moment]: [&[T]; 2],
) -> f32 {
    if !loss.finite() {
        return LOSS;
    }
    if !norm.finite() {
        return GRADIENT;
    }
    let step = Step::new(settings, norm);
    let mut total = [T::zero()];
    reduce_blocks(
        gradients.len(),
        1 << 14,
        &mut total,
        |first, count, total| {
            let part = first..first + count;
            total[0] = spoilt(
                &step,
                &gradients[part.clone()],
                &parameters[part.clone()],
                [&first_moment[part.clone()], &second_moment[part]],
            );
        },
    );
    if total[0].finite() { 0.0 } else { WEIGHT }
}

/// 0 where all that a step would write is finite; otherwise no number.
fn spoilt<T: Real>(step: &Step<T>, gradients: &[T], parameters: &[T], moments: [&[T]; 2]) -> T {
    // Sums that do not wait for each other. A number times 0 is 0; infinity or NaN is not.
    const LANES: usize = 8;
    let mut sums = [T::zero(); LANES];
    let [first, second] = moments;
    let elements = gradients.iter().zip(parameters).zip(first).zip(second);
    let mut note = |lane: usize, (((g, p), m), v): (((&T, &T), &T), &T)| {
        let [p, m, v] = step.of(*g, *p, *m, *v);
        sums[lane] += p * T::zero() + m * T::zero() + v * T::zero();
    };
    let whole = gradients.len() / LANES * LANES;
    for at in (0..whole).step_by(LANES) {
        let part = at..at + LANES;
        let (g, p) = (&gradients[part.clone()], &parameters[part.clone()]);
        let (m, v) = (&first[part.clone()], &second[part]);
        for lane in 0..LANES {
            note(lane, (((&g[lane], &p[lane]), &m[lane]), &v[lane]));
        }
    }
    elements.skip(whole).for_each(|element| note(0, element));
    sums.iter().fold(T::zero(), |total, sum| total + *sum)
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
    let step = Step::new(settings, norm);
    let outputs = [(parameters, 1), (first_moment, 1), (second_moment, 1)];
    for_each_block(gradients.len(), 1 << 14, outputs, |first, [p, m, v]| {
        let g = &gradients[first..first + p.len()];
        for i in 0..p.len() {
            [p[i], m[i], v[i]] = step.of(g[i], p[i], m[i], v[i]);
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

    /// What `judge` says of a step over ten parameters with one of them, its moments or its gradient
    /// replaced.
    fn verdict(settings: AdamW, losses: [f32; 2], at: usize, [g, p, m, v]: [f32; 4]) -> f32 {
        let with = |usual: f32, x: f32| {
            let mut values = [usual; 10];
            values[at] = x;
            values
        };
        let (gradients, parameters) = (with(0.1, g), with(1.0, p));
        let (first, second) = (with(0.0, m), with(1e-3, v));
        judge(settings, &gradients, losses, &parameters, [&first, &second])
    }

    #[test]
    fn a_step_that_would_not_stay_finite_is_refused_by_what_is_at_fault() {
        let usual = [0.1, 1.0, 0.0, 1e-3];
        // In a whole block of lanes and after it.
        for at in [3, 9] {
            assert_eq!(verdict(SETTINGS, [2.0, 0.3], at, usual), 0.0);
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                assert_eq!(verdict(SETTINGS, [bad, bad], at, usual), LOSS);
                assert_eq!(verdict(SETTINGS, [2.0, bad], at, usual), GRADIENT);
                for place in 1..4 {
                    let mut values = usual;
                    values[place] = bad;
                    assert_eq!(verdict(SETTINGS, [2.0, 0.3], at, values), WEIGHT);
                }
            }
            // Finite before, not after: a weight by its decay, a moment by the gradient's square.
            let growing = AdamW {
                learning_rate: 10.0,
                weight_decay: 10.0,
                ..SETTINGS
            };
            assert_eq!(
                verdict(growing, [2.0, 0.3], at, [0.1, 1e37, 0.0, 1e-3]),
                WEIGHT
            );
            let free = AdamW {
                clip_norm: f64::INFINITY,
                beta2: 0.0,
                ..SETTINGS
            };
            assert_eq!(
                verdict(free, [2.0, 0.3], at, [2e19, 1.0, 0.0, 1e-3]),
                WEIGHT
            );
        }
    }
}
