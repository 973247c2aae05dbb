//! What was changed in a training, as snapshots carry it and the page is told.

use crate::train::MAX_STEPS;
use serde::{Deserialize, Serialize};
use tsify::Tsify;

/// Changes that are remembered; the oldest make room.
const MOST_CHANGES: usize = 200;

/// One of the three numbers of a wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Tsify)]
#[serde(rename_all = "snake_case")]
pub enum WaveNumber {
    Frequency,
    Damping,
    Phase,
}

/// A number of one head's wave; layers and heads from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Tsify)]
pub struct WavePlace {
    pub(super) layer: usize,
    pub(super) head: usize,
    pub(super) number: WaveNumber,
}

/// What was changed after which step.
#[derive(Clone, Serialize, Deserialize, Tsify)]
#[serde(tag = "kind", rename_all = "snake_case", try_from = "AnyChange")]
pub enum TrainChange {
    /// The learning rate after the warm-up.
    Rate {
        step: u64,
        from: f64,
        to: f64,
    },
    Steps {
        step: u64,
        from: u64,
        to: u64,
    },
    Wave {
        step: u64,
        place: WavePlace,
        to: f64,
    },
    Lock {
        step: u64,
        place: WavePlace,
        locked: bool,
    },
}

/// A [`TrainChange`] as it is read: as one plain list of fields. By its tag, serde reads it by way of a copy
/// of everything, in seven times the code.
#[derive(Deserialize)]
struct AnyChange {
    kind: Kind,
    step: u64,
    from: Option<f64>,
    to: Option<f64>,
    place: Option<WavePlace>,
    locked: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Rate,
    Steps,
    Wave,
    Lock,
}

/// A number of steps.
fn whole(number: f64) -> std::result::Result<u64, &'static str> {
    match number >= 0.0 && number <= MAX_STEPS as f64 && number % 1.0 == 0.0 {
        true => Ok(number as u64),
        false => Err("a change of the length to what is no number of steps"),
    }
}

impl TryFrom<AnyChange> for TrainChange {
    type Error = &'static str;

    fn try_from(change: AnyChange) -> std::result::Result<Self, Self::Error> {
        let AnyChange {
            kind,
            step,
            from,
            to,
            place,
            locked,
        } = change;
        let from = from.ok_or("a change without the number it changed `from`");
        let to = to.ok_or("a change without the number it changed `to`");
        let place = place.ok_or("a change of a wave without its `place`");
        let locked = locked.ok_or("a lock that does not say whether it `locked`");
        Ok(match kind {
            Kind::Rate => TrainChange::Rate {
                step,
                from: from?,
                to: to?,
            },
            Kind::Steps => TrainChange::Steps {
                step,
                from: whole(from?)?,
                to: whole(to?)?,
            },
            Kind::Wave => TrainChange::Wave {
                step,
                place: place?,
                to: to?,
            },
            Kind::Lock => TrainChange::Lock {
                step,
                place: place?,
                locked: locked?,
            },
        })
    }
}

/// The lowest loss of the evaluations so far.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Best {
    pub(super) step: u64,
    pub(super) loss: f64,
}

/// What was changed, and how long nothing has got better.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Control {
    pub(super) locks: Vec<WavePlace>,
    pub(super) changes: Vec<TrainChange>,
    pub(super) best: Option<Best>,
    pub(super) waited: u64,
}

impl Control {
    pub(super) fn note(&mut self, change: TrainChange) {
        self.changes.push(change);
        let over = self.changes.len().saturating_sub(MOST_CHANGES);
        self.changes.drain(..over);
    }
}

/// Whether it changed this number of a wave.
pub(super) fn is_of(change: &TrainChange, wanted: WavePlace) -> bool {
    matches!(change, TrainChange::Wave { place, .. } if *place == wanted)
}
