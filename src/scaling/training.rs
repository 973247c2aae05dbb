//! Measures whole steps of training at one length, on any device: forward, loss, backward and update.

use super::samples::{Clock, SAMPLE_SECONDS, Timed, Times, timed};
use crate::backend::{Device, wait};
use crate::config::{Architecture, ModelConfig};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::model::network::Activations;
use crate::rng::mix32;
use crate::train::{Dataset, TrainConfig, Trainer};
use serde::{Deserialize, Serialize};

/// Tokens that a step reads at least: short texts are taken several at once, as in training.
const STEP_TOKENS: usize = 1024;
const LAYERS: usize = 2;
const VOCABULARY: usize = 64;

/// What is to be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct TrainingOrder {
    pub architecture: Architecture,
    /// Tokens of a text.
    pub length: usize,
    /// D, the channels of a token.
    pub width: usize,
    pub heads: usize,
}

/// What a measurement gave; its seconds are those of one step.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct TrainingMeasurement {
    #[serde(flatten)]
    pub order: TrainingOrder,
    #[serde(flatten)]
    pub times: Times,
    /// Tokens of all texts of a step.
    pub tokens: usize,
    /// The layers were computed a second time on the way back, because they would not have fitted side by side.
    pub recomputed: bool,
}

/// A training of untrained numbers on a text of no meaning, ready to take steps.
pub struct TrainingProbe {
    order: TrainingOrder,
    trainer: Trainer,
    texts: usize,
    /// Seconds that a sample of it takes at least.
    sample: f64,
}

impl TrainingProbe {
    /// # Errors
    /// [`Error::Config`] where there is no such model, [`Error::Memory`] where a step would take too much,
    /// [`Error::Device`] where the device refuses.
    pub fn new(device: Device, order: TrainingOrder) -> Result<Self> {
        let TrainingOrder {
            architecture,
            length,
            width,
            heads,
        } = order;
        let config = ModelConfig {
            architecture,
            vocab_size: VOCABULARY,
            embedding_dim: width,
            num_layers: LAYERS,
            num_heads: heads,
            ffn_dim: 4 * width,
            field_size: match architecture {
                Architecture::Wave => length,
                Architecture::Standard => 0,
            },
            max_seq_len: length,
            interference_interval: LAYERS + 1,
            position_scale: 0.03,
            ..ModelConfig::default()
        };
        let texts = (STEP_TOKENS / length.max(1)).max(1);
        let settings = TrainConfig {
            batch_size: texts,
            seq_len: length,
            shards: 1,
            ..TrainConfig::default()
        };
        let sample = SAMPLE_SECONDS[usize::from(device.is_gpu())];
        let token = |i: usize| mix32(i as u32) % VOCABULARY as u32;
        let text: Vec<u32> = (0..length.saturating_add(2)).map(token).collect();
        let dataset = Dataset {
            train: text.clone(),
            validation: text,
        };
        let trainer = Trainer::on(device, Model::new(config, 1)?, settings, dataset)?;
        Ok(TrainingProbe {
            order,
            trainer,
            texts,
            sample,
        })
    }

    /// Times its steps. `now` gives seconds since any moment, as finely as it can.
    ///
    /// # Errors
    /// [`Error::Device`] when the device fails, [`Error::Model`] when a step comes to no number.
    pub async fn measure(mut self, now: &dyn Fn() -> f64) -> Result<TrainingMeasurement> {
        let sample = self.sample;
        let times = timed(&mut self, sample, Clock::new(now)).await?;
        Ok(TrainingMeasurement {
            order: self.order,
            times,
            tokens: self.texts * self.order.length,
            recomputed: self.trainer.activations() == Activations::Recomputed,
        })
    }
}

impl Timed for TrainingProbe {
    /// Ends with a reading of the losses.
    async fn run(&mut self, runs: usize) -> Result<()> {
        for _ in 0..runs {
            self.trainer.advance();
        }
        let reports = self.trainer.reports().await?;
        match reports.iter().find_map(|report| report.fault) {
            None => Ok(()),
            Some(_) => Err(Error::Model {
                message: format!(
                    "a step of training at {} tokens came to no number, so its time says nothing",
                    self.order.length
                ),
            }),
        }
    }
}

/// [`TrainingProbe::measure`] on a device, waited for.
///
/// # Errors
/// As it and [`TrainingProbe::new`].
pub fn measure_training(
    device: Device,
    order: TrainingOrder,
    now: &dyn Fn() -> f64,
) -> Result<TrainingMeasurement> {
    wait(TrainingProbe::new(device, order)?.measure(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: TrainingOrder = TrainingOrder {
        architecture: Architecture::Wave,
        length: 48,
        width: 8,
        heads: 2,
    };

    #[test]
    fn a_step_of_either_architecture_is_timed_and_learns() {
        let started = std::time::Instant::now();
        let now = || started.elapsed().as_secs_f64();
        for architecture in [Architecture::Wave, Architecture::Standard] {
            let order = TrainingOrder {
                architecture,
                ..ORDER
            };
            let found = measure_training(Device::cpu(), order, &now).unwrap();
            assert_eq!((found.tokens, found.recomputed), (21 * 48, false));
            assert!(found.times.fastest > 0.0 && found.times.fastest <= found.times.seconds);
            let mut probe = TrainingProbe::new(Device::cpu(), order).unwrap();
            let first = probe.trainer.step().unwrap().loss;
            wait(probe.run(20)).unwrap();
            assert!(probe.trainer.step().unwrap().loss < first);
        }
    }

    #[test]
    fn what_cannot_be_measured_is_refused_with_the_reason() {
        for (order, words) in [
            (TrainingOrder { heads: 3, ..ORDER }, "heads"),
            (TrainingOrder { length: 1, ..ORDER }, "max_seq_len"),
            (
                TrainingOrder {
                    length: 1 << 20,
                    width: 256,
                    ..ORDER
                },
                "GB of memory",
            ),
        ] {
            let error = TrainingProbe::new(Device::cpu(), order).err().unwrap();
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
