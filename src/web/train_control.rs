//! What a person changes in a training while it goes on: the learning rate, the length, the heads'
//! waves and which of their numbers are held still; and when it ends early. What was changed
//! ([`super::train_changes`]) travels in snapshots.

use super::train::Training;
use super::train_changes::{Best, TrainChange, WaveNumber, WavePlace, is_of};
use crate::error::{Error, Result};
use crate::model::parameters::AttentionRanges;
use crate::model::{MAX_DAMPING, MIN_DAMPING, inverse_softplus};
use crate::train::schedule::Course;
use serde::Serialize;
use tsify::Tsify;

/// What the page shows of it.
#[derive(Serialize, Tsify)]
pub struct TrainControl {
    step: u64,
    steps: u64,
    schedule: Course,
    warmup_steps: u64,
    peak_lr: f64,
    min_lr: f64,
    /// What is held still.
    locks: Vec<WavePlace>,
    changes: Vec<TrainChange>,
}

impl Training {
    /// How it goes on, and what was changed.
    pub fn control(&self) -> TrainControl {
        let config = self.trainer.config();
        let control = &self.plan.control;
        TrainControl {
            step: self.trainer.steps_done(),
            steps: config.steps,
            schedule: config.schedule,
            warmup_steps: config.warmup_steps,
            peak_lr: config.peak_lr,
            min_lr: config.min_lr,
            locks: control.locks.clone(),
            changes: control.changes.clone(),
        }
    }

    /// The learning rate after the warm-up, from the next step on; what it falls to keeps its share.
    pub fn set_rate(&mut self, peak_lr: f64) -> Result<()> {
        let config = self.trainer.config();
        let (from, min_lr) = (config.peak_lr, config.min_lr);
        let min_lr = if from > 0.0 {
            min_lr * (peak_lr / from)
        } else {
            min_lr
        };
        self.trainer.set_rates(peak_lr, min_lr)?;
        let step = self.trainer.steps_done();
        self.plan.control.note(TrainChange::Rate {
            step,
            from,
            to: peak_lr,
        });
        Ok(())
    }

    /// How many steps it has in all.
    pub fn set_steps(&mut self, steps: u64) -> Result<()> {
        let from = self.trainer.config().steps;
        self.trainer.set_steps(steps)?;
        let step = self.trainer.steps_done();
        self.plan.control.note(TrainChange::Steps {
            step,
            from,
            to: steps,
        });
        Ok(())
    }

    /// Sets a number of a head's wave, damping as α. `again`: it goes on from the change before, as
    /// a slider does under a hand, and is remembered as one with it.
    pub fn set_wave(&mut self, place: WavePlace, value: f64, again: bool) -> Result<()> {
        let at = self.parameter(place)?;
        let (range, raw): (_, fn(f64) -> f64) = match place.number {
            WaveNumber::Damping => (
                f64::from(MIN_DAMPING)..=f64::from(MAX_DAMPING),
                inverse_softplus,
            ),
            WaveNumber::Frequency | WaveNumber::Phase => (-100.0..=100.0, |x| x),
        };
        if !range.contains(&value) {
            let (least, most) = (range.start(), range.end());
            return Err(Error::Config {
                field: "wave",
                message: format!("must be a number from {least} to {most}, but is {value}"),
            });
        }
        self.trainer.set_parameter(at, raw(value) as f32);
        let now = TrainChange::Wave {
            step: self.trainer.steps_done(),
            place,
            to: value,
        };
        match self.plan.control.changes.last_mut() {
            Some(last @ TrainChange::Wave { .. }) if again && is_of(last, place) => *last = now,
            _ => self.plan.control.note(now),
        }
        Ok(())
    }

    /// Holds a number of a head's wave still, or lets it go.
    pub fn lock(&mut self, place: WavePlace, locked: bool) -> Result<()> {
        self.parameter(place)?;
        let locks = &mut self.plan.control.locks;
        if locks.contains(&place) == locked {
            return Ok(());
        }
        match locked {
            true => locks.push(place),
            false => locks.retain(|lock| *lock != place),
        }
        let step = self.trainer.steps_done();
        self.plan.control.note(TrainChange::Lock {
            step,
            place,
            locked,
        });
        self.hold_locked()
    }

    /// Has the trainer hold still what is locked.
    pub(super) fn hold_locked(&mut self) -> Result<()> {
        let locks = &self.plan.control.locks;
        let places: Result<Vec<usize>> = locks.iter().map(|lock| self.parameter(*lock)).collect();
        self.trainer.freeze(places?);
        Ok(())
    }

    /// Where a number of a wave lies among the parameters.
    fn parameter(
        &self,
        WavePlace {
            layer,
            head,
            number,
        }: WavePlace,
    ) -> Result<usize> {
        let table = self.trainer.kept_model().parameters.table();
        let place = table.layers.get(layer).and_then(|ranges| {
            let AttentionRanges::Wave(waves) = &ranges.attention else {
                return None;
            };
            let range = match number {
                WaveNumber::Frequency => &waves.frequency,
                WaveNumber::Damping => &waves.damping,
                WaveNumber::Phase => &waves.phase,
            };
            range.clone().nth(head)
        });
        place.ok_or_else(|| Error::Config {
            field: "head",
            message: format!(
                "the model has no wave in layer {}, head {}",
                layer + 1,
                head + 1
            ),
        })
    }

    /// Takes note of an evaluation. Why training should end here, where it has not got better for
    /// long enough; it is as patient again if it goes on all the same.
    pub fn judge(&mut self, loss: f64) -> Option<String> {
        let step = self.trainer.steps_done();
        let patience = self.plan.patience;
        let control = &mut self.plan.control;
        if loss.is_finite() && control.best.is_none_or(|best| loss < best.loss) {
            control.best = Some(Best { step, loss });
            control.waited = 0;
            return None;
        }
        control.waited += 1;
        if patience == 0 || control.waited < patience {
            return None;
        }
        control.waited = 0;
        let best = control.best.map_or(String::new(), |Best { step, loss }| {
            format!(" It was lowest after step {step}: {loss:.3}.")
        });
        let evaluations = match patience {
            1 => "the last evaluation".to_string(),
            _ => format!("{patience} evaluations"),
        };
        Some(format!(
            "The loss on held-back text has not fallen for {evaluations}.{best}"
        ))
    }
}
