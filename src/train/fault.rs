//! What ends a run: something that is no number any more, and what a person is told of it.

use super::TrainConfig;
use crate::kernels::adamw;
use serde::{Deserialize, Serialize};

/// What was infinite, or not a number at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The loss of a step.
    Loss,
    /// The gradient of a step.
    Gradient,
    /// A weight, or what the optimiser remembers of it, as a step would have left it.
    Weight,
    /// The loss on the text that is held back.
    HeldBack,
    /// The forecast of a model that was to write.
    Text,
}

impl Fault {
    /// By the verdict on a step ([`crate::backend::Op::Judge`]).
    pub(super) fn of(verdict: f32) -> Option<Fault> {
        match verdict {
            0.0 => None,
            adamw::LOSS => Some(Fault::Loss),
            adamw::GRADIENT => Some(Fault::Gradient),
            _ => Some(Fault::Weight),
        }
    }

    /// Whether the model itself, as it was before the step, comes to no number, though its weights
    /// are all finite.
    pub(super) fn is_of_model(self) -> bool {
        matches!(self, Fault::Loss | Fault::HeldBack | Fault::Text)
    }

    fn what(self) -> &'static str {
        match self {
            Fault::Loss => "its loss",
            Fault::Gradient => "its gradient",
            Fault::Weight => "a weight",
            Fault::HeldBack => "the loss on the text that is held back",
            Fault::Text => "the forecast of the next letter in a sample",
        }
    }

    /// What happened at a step, which step is kept, and what to try.
    pub fn sentence(self, step: u64, kept: u64, config: &TrainConfig) -> String {
        let mut tries = vec![format!(
            "a lower learning rate (it goes up to {} now)",
            config.peak_lr
        )];
        if config.clip_norm > 1.0 {
            tries.push(format!(
                "gradients clipped to a smaller norm ({} now)",
                config.clip_norm
            ));
        }
        if config.warmup_steps < config.steps / 20 {
            tries.push(format!(
                "a longer warm-up ({} steps now)",
                config.warmup_steps
            ));
        }
        format!(
            "Training ended at step {step}, because {} came to more than a number can hold. The \
             model is kept as it was after step {kept}. Try {}.",
            self.what(),
            tries.join(", or ")
        )
    }
}
