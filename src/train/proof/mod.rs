//! Proves a GPU against the CPU before anything is trusted to it: adapters have been seen that pass
//! every test of their abilities and compute wrong numbers.
//!
//! Each operation of a training step runs on both, forward and backward, at the smallest shapes that
//! reach every branch of its shader; its inputs come from the CPU, so that no operation's error hides
//! another's. Then a whole step of either architecture does, gradient by gradient. What is allowed is
//! a small multiple of what honest adapters were seen to be off by ([`honest`]).

mod attention;
mod dense;
mod ends;
mod honest;
mod step;
mod waves;
mod world;

use crate::backend::Later;
use crate::backend::gpu::{FieldMethod, GpuDevice};
use crate::config::{Architecture, FeedForward, ModelConfig, Norm, Positions};
use crate::error::Result;
use crate::kernels::field_convolution::Geometry;
pub use honest::{FACTOR, honest};
use serde::Serialize;
use world::World;

/// How far a GPU is from the CPU in one respect.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(
    target_arch = "wasm32",
    derive(tsify::Tsify),
    tsify(rename = "DeviceCheck")
)]
pub struct Check {
    /// What was computed.
    pub what: String,
    /// The error of the worst element: |GPU - CPU| over the element's size plus the root mean square
    /// of all. Infinite where either is no number.
    pub error: f64,
    /// The most that passes.
    pub allowed: f64,
}

impl Check {
    /// Whether it passes. What is not a number does not.
    pub fn passes(&self) -> bool {
        self.error <= self.allowed
    }
}

/// The error of the worst element: see [`Check::error`].
pub fn worst_error(found: &[f32], expected: &[f32]) -> f64 {
    if found.len() != expected.len() {
        return f64::INFINITY;
    }
    let squares: f64 = expected.iter().map(|x| f64::from(*x).powi(2)).sum();
    let size = (squares / expected.len().max(1) as f64).sqrt();
    let errors = found.iter().zip(expected).map(|(f, e)| {
        let (f, e) = (f64::from(*f), f64::from(*e));
        match f == e {
            true if e.is_finite() => 0.0,
            // Written so that NaN is infinitely wrong.
            _ => match (f - e).abs() / (e.abs() + size) {
                error if error.is_finite() => error,
                _ => f64::INFINITY,
            },
        }
    });
    errors.fold(0.0, f64::max)
}

/// Holds what a GPU found against what the CPU did.
fn check_of(what: String, found: &[f32], expected: &[f32]) -> Check {
    Check {
        error: worst_error(found, expected),
        allowed: FACTOR * honest(&what),
        what,
    }
}

/// The relative distance of two vectors: ‖found - expected‖ / ‖expected‖.
pub fn distance(found: &[f32], expected: &[f32]) -> f64 {
    if found.len() != expected.len() {
        return f64::INFINITY;
    }
    let square = |x: f64| x * x;
    let norm: f64 = expected.iter().map(|x| square(f64::from(*x))).sum();
    let pairs = found.iter().zip(expected);
    let off: f64 = pairs
        .map(|(f, e)| square(f64::from(*f) - f64::from(*e)))
        .sum();
    (off / norm.max(1e-30)).sqrt()
}

/// A part of the proof, which can be repeated by itself.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// Some operations.
    Operations(fn(&mut World)),
    /// The convolution on lines of about so many cells.
    Lines(usize),
    /// Its backward.
    LinesBackward(usize),
    /// A whole step.
    Step(Architecture),
}

/// Lines of every length that a transform has, and of two that take several passes.
const LINES: [usize; 10] = [15, 31, 60, 120, 250, 500, 1000, 2000, 2300, 5000];

/// The parts of the proof that every adapter has to pass.
pub fn parts() -> Vec<Part> {
    let operations: [fn(&mut World); 17] = [
        dense::clearing,
        dense::products,
        dense::what_follows_a_product,
        dense::weight_gradient,
        dense::layer_norm,
        dense::dropout,
        ends::embedding,
        ends::loss,
        ends::loss_of_no_number,
        ends::optimizer,
        waves::rotations,
        waves::recurrence,
        waves::deposits,
        waves::coupling,
        waves::prefix_means,
        waves::interference,
        attention::attention,
    ];
    let rest = [
        Part::Step(Architecture::Wave),
        Part::Step(Architecture::Standard),
    ];
    let operations = operations.map(Part::Operations);
    operations.into_iter().chain(rest).collect()
}

/// The least of them, for tests of what comes after a proof.
pub fn products() -> [Part; 1] {
    [Part::Operations(dense::products)]
}

/// Waves by transforms, on lines of about so many cells.
fn transforms(line: usize) -> Vec<Part> {
    let kernels = Part::Operations(waves::kernels);
    vec![kernels, Part::Lines(line), Part::LinesBackward(line)]
}

/// The operations of a model's options: those that the public release has not.
const OPTIONS: [fn(&mut World); 4] = [
    dense::rms_norm,
    dense::swiglu,
    dense::near_field,
    attention::rotary,
];

/// The parts that a training needs besides, with the tokens of a sequence: its options, what larger
/// matrices take shaders for, and transforms of its own length of line.
pub fn own_parts(config: &ModelConfig, seq_len: usize) -> Vec<Part> {
    let mut own = vec![Part::Operations(dense::large_products)];
    let on = [
        config.norm == Norm::Rms,
        config.feed_forward == FeedForward::Swiglu,
        config.near_field > 0,
        config.positions == Positions::Rotary,
    ];
    let options = OPTIONS.into_iter().zip(on).filter(|(_, on)| *on);
    own.extend(options.map(|(option, _)| Part::Operations(option)));
    if config.is_wave() {
        let geometry = Geometry::new(config, 1, seq_len);
        own.extend(match FieldMethod::of(&geometry) {
            // Every adapter has passed it.
            FieldMethod::Recurrence => Vec::new(),
            FieldMethod::Transforms => transforms(geometry.line()),
        });
    }
    own
}

/// Everything that there is to prove, at every length.
pub fn all_parts() -> Vec<Part> {
    let lines = LINES.map(|line| [Part::Lines(line), Part::LinesBackward(line)]);
    let further: [fn(&mut World); 3] = [
        dense::large_products,
        waves::kernels,
        waves::direct_convolution,
    ];
    let further = further.into_iter().chain(OPTIONS).map(Part::Operations);
    let parts = parts().into_iter().chain(further);
    parts.chain(lines.into_iter().flatten()).collect()
}

/// Computes some parts on both, and says how far the GPU is off in each respect. All is asked for before
/// anything is waited for.
///
/// # Errors
/// [`crate::Error::Device`] when the device fails on the way.
pub async fn prove_parts(device: &GpuDevice, parts: &[Part]) -> Result<Vec<Check>> {
    let mut world = World::new(device.clone());
    let mut steps = Vec::new();
    for part in parts {
        match part {
            Part::Operations(record) => record(&mut world),
            Part::Lines(line) => waves::convolution(&mut world, *line),
            Part::LinesBackward(line) => waves::convolution_backward(&mut world, *line),
            Part::Step(architecture) => steps.push(*architecture),
        }
    }
    let mut pending: Vec<Later<Vec<Check>>> = Vec::new();
    if !world.is_empty() {
        pending.push(world.compare());
    }
    for architecture in steps {
        pending.push(step::compare(device.clone(), architecture)?);
    }
    let mut checks = Vec::new();
    for later in pending {
        checks.extend(later.await?);
    }
    Ok(checks)
}

/// Repeats the proof while a training goes on, one part at a time.
pub struct Watch {
    parts: Vec<Part>,
    next: usize,
}

impl Watch {
    /// The parts of a training on sequences of so many tokens, its own among them.
    pub fn new(config: &ModelConfig, seq_len: usize) -> Self {
        let own = own_parts(config, seq_len);
        Watch {
            parts: own.into_iter().chain(parts()).collect(),
            next: 0,
        }
    }

    /// How many parts there are.
    pub fn parts(&self) -> usize {
        self.parts.len()
    }

    /// The next part, after the last one the first again.
    pub fn take_next(&mut self) -> Part {
        let part = self.parts[self.next];
        self.next = (self.next + 1) % self.parts.len();
        part
    }
}

/// The first check that does not pass, in words.
pub fn wrong_words(checks: &[Check]) -> Option<String> {
    let wrong = checks.iter().find(|check| !check.passes())?;
    Some(match wrong.error.is_finite() {
        true => format!(
            "{}: off by {:.1e}, where {:.0e} is allowed",
            wrong.what, wrong.error, wrong.allowed
        ),
        false => format!("{}: no number, or written where nothing is due", wrong.what),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_element_counts() {
        let expected = [3.0, -4.0, 0.0, 0.0];
        assert_eq!(worst_error(&expected, &expected), 0.0);
        // The root mean square is 2.5.
        let found = worst_error(&[3.0, -4.0, 1e-3, 0.0], &expected);
        assert!((found - 4e-4).abs() < 1e-9, "{found}");
        let found = worst_error(&[3.0, -4.013, 1e-3, 0.0], &expected);
        assert!((found - 2e-3).abs() < 1e-6, "{found}");
    }

    #[test]
    fn a_watch_comes_to_every_part() {
        let config = crate::bench::SHAPES[0].config();
        let mut watch = Watch::new(&config, 128);
        let count = parts().len() + own_parts(&config, 128).len();
        let mut steps = 0;
        for _ in 0..3 * count {
            steps += usize::from(matches!(watch.take_next(), Part::Step(_)));
        }
        assert_eq!(steps, 6);
    }

    #[test]
    fn what_is_no_number_is_infinitely_wrong_on_either_side() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for (found, expected) in [([bad, 1.0], [1.0, 1.0]), ([1.0, 1.0], [1.0, bad])] {
                assert_eq!(worst_error(&found, &expected), f64::INFINITY);
            }
            assert_eq!(worst_error(&[bad], &[bad]), f64::INFINITY, "{bad}");
        }
        assert_eq!(worst_error(&[1e-9], &[0.0]), f64::INFINITY, "of nothing");
        assert_eq!(worst_error(&[], &[1.0]), f64::INFINITY, "missing");
    }
}
