//! The models: the Wave Field model, what a person may bend of it, and the standard Transformer that
//! it is compared with.

pub mod coupling;
pub mod inference;
pub mod network;
pub mod parameters;

use crate::backend::Device;
use crate::config::ModelConfig;
use crate::error::{Error, Result};
pub use crate::kernels::math::{inverse_softplus, softplus};
pub use parameters::{ParameterSpec, ParameterTable, Parameters};

/// One head's physics, in the units that a person reads.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Head {
    /// ω, radians per cell.
    pub frequency: f32,
    /// α = softplus(raw damping), per cell; above 0.
    pub damping: f32,
    /// φ, radians.
    pub phase: f32,
    /// What the head's field is multiplied by before coupling: 1 is heard, 0 is muted.
    pub gain: f32,
}

/// How a model hears later tokens, if it does. No file can carry it and nothing makes such a model by
/// the way: [`Model::leaking`] alone does, to show what comes of it ([`crate::lesson`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(
    target_arch = "wasm32",
    derive(tsify::Tsify),
    tsify(rename = "LeakKind")
)]
#[serde(rename_all = "snake_case")]
pub enum Leak {
    /// It does not.
    #[default]
    None,
    /// The field is closed to a ring: waves run off its end and come in again at the beginning, so
    /// that token i hears token j > i at the lag G - (p_j - p_i).
    CircularField,
    /// Tokens are less than two cells apart and not one, so that neighbours share a cell, and the
    /// earlier one reads what the later one put there.
    SharedCells,
}

/// A model: its shape, its parameters, and how loudly each head is heard.
#[derive(Debug, Clone)]
pub struct Model {
    /// The shape.
    pub config: ModelConfig,
    /// The learned values.
    pub parameters: Parameters,
    /// L × H gains (see [`Head::gain`]); not learned, not stored in checkpoints. None in a standard
    /// Transformer.
    pub gains: Vec<f32>,
    /// Private, so that it cannot be set by the way.
    leak: Leak,
}

/// Largest damping that a person may set; beyond it a kernel is one cell long.
pub(crate) const MAX_DAMPING: f32 = 50.0;
/// Smallest damping: an envelope that loses a tenth over 100,000 cells.
pub(crate) const MIN_DAMPING: f32 = 1e-6;

impl Model {
    /// A fresh model with the initial values of the seed.
    ///
    /// # Errors
    /// [`Error::Config`] when the configuration does not do, [`Error::Memory`] when it takes too much.
    pub fn new(config: ModelConfig, seed: u64) -> Result<Self> {
        config.validate()?;
        config.check_memory()?;
        let parameters = Parameters::initial(&config, seed);
        Ok(Self::with_parameters(config, parameters))
    }

    /// A model whose parameters are all zero, to be filled in.
    ///
    /// # Errors
    /// As [`Model::new`].
    pub fn zeros(config: ModelConfig) -> Result<Self> {
        config.validate()?;
        config.check_memory()?;
        let parameters = Parameters::zeros(&config);
        Ok(Self::with_parameters(config, parameters))
    }

    /// A fresh wave model that hears later tokens, on purpose. It is trained and read on the CPU only,
    /// has no recurrent view, and is not saved.
    ///
    /// # Errors
    /// [`Error::Config`] when the configuration does not do, or its field does not leak in this way.
    pub fn leaking(config: ModelConfig, leak: Leak, seed: u64) -> Result<Self> {
        let (cells, tokens) = (config.field_size, config.max_seq_len);
        let fail = |field, message| Err(Error::Config { field, message });
        if !config.is_wave() {
            return fail(
                "architecture",
                "expected waves, for only they can be made to leak; a standard Transformer has no \
                 field"
                    .into(),
            );
        }
        let mut model = match leak {
            Leak::None => return Self::new(config, seed),
            Leak::CircularField => Self::new(config, seed)?,
            Leak::SharedCells if cells >= 2 && cells != tokens && cells < 2 * tokens - 1 => {
                // All but the law of causality holds here too; no parameter depends on the field.
                let lawful = ModelConfig {
                    field_size: tokens,
                    ..config.clone()
                };
                Model {
                    config,
                    ..Self::new(lawful, seed)?
                }
            }
            Leak::SharedCells => {
                return fail(
                    "field_size",
                    format!(
                        "neighbours share a cell on 2 to {} cells but for {tokens}, and {cells} were \
                         asked for",
                        (2 * tokens).saturating_sub(2)
                    ),
                );
            }
        };
        model.leak = leak;
        Ok(model)
    }

    /// How it hears later tokens, if it does.
    pub fn leak(&self) -> Leak {
        self.leak
    }

    /// # Errors
    /// [`Error::Config`] when the model leaks and the device is a GPU, whose convolution knows no ring.
    pub(crate) fn check_device(&self, device: &Device) -> Result<()> {
        if self.leak == Leak::None || !device.is_gpu() {
            return Ok(());
        }
        Err(Error::Config {
            field: "device",
            message: "expected the processor, because this model was made to hear later tokens, \
                      which no graphics card computes; found a graphics card, so choose the processor"
                .into(),
        })
    }

    /// # Panics
    /// When the model leaks: what is about to be done is for sound models only.
    pub(crate) fn assert_sound(&self) {
        assert!(
            self.leak == Leak::None,
            "a model that was made to leak is neither saved nor read as a recurrence"
        );
    }

    fn with_parameters(config: ModelConfig, parameters: Parameters) -> Self {
        let heads = if config.is_wave() {
            config.num_heads
        } else {
            0
        };
        let gains = vec![1.0; config.num_layers * heads];
        Model {
            config,
            parameters,
            gains,
            leak: Leak::None,
        }
    }

    /// The first layers, as a model of their own: what happens in them does not depend on the later
    /// ones, and reading a text with a few layers is quicker than with all.
    ///
    /// # Panics
    /// When the model has fewer.
    pub fn first_layers(&self, count: usize) -> Self {
        assert!(count <= self.config.num_layers, "as many layers as it has");
        let config = ModelConfig {
            num_layers: count,
            ..self.config.clone()
        };
        let parameters = Parameters::zeros(&config);
        let mut first = Self::with_parameters(config, parameters);
        first.leak = self.leak;
        let heads = first.gains.len();
        first.gains.copy_from_slice(&self.gains[..heads]);
        let specs = first.parameters.specs().to_vec();
        for ParameterSpec { name, .. } in specs {
            let values = self.parameters.get(&name).expect("the same names");
            let own = first.parameters.get_mut(&name).expect("its own name");
            own.copy_from_slice(values);
        }
        first
    }

    /// The physics of one head.
    ///
    /// # Panics
    /// When there is no such layer or head, or no waves at all.
    pub fn head(&self, layer: usize, head: usize) -> Head {
        let ranges = self.parameters.table().layers[layer].wave();
        let at = |range: &std::ops::Range<usize>| self.parameters.flat()[range.clone()][head];
        Head {
            frequency: at(&ranges.frequency),
            damping: softplus(f64::from(at(&ranges.damping))) as f32,
            phase: at(&ranges.phase),
            gain: self.gains[layer * self.config.num_heads + head],
        }
    }

    /// Bends one head. A value that stays as it is may be out of range, as a file can have it.
    ///
    /// # Errors
    /// [`Error::Config`] when there is no such head, or a new value is not a number in its range.
    pub fn set_head(&mut self, layer: usize, head: usize, values: Head) -> Result<()> {
        let (layers, heads) = (self.config.num_layers, self.config.num_heads);
        if !self.config.is_wave() {
            return Err(Error::Config {
                field: "head",
                message: "a standard Transformer has no waves to bend; open a Wave Field model"
                    .into(),
            });
        }
        if layer >= layers || head >= heads {
            return Err(Error::Config {
                field: "head",
                message: format!(
                    "layers go from 0 to {} and heads from 0 to {}, but layer {layer}, head {head} \
                     was asked for",
                    layers - 1,
                    heads - 1
                ),
            });
        }
        let old = self.head(layer, head);
        for (field, before, value, range) in [
            ("frequency", old.frequency, values.frequency, -100.0..=100.0),
            (
                "damping",
                old.damping,
                values.damping,
                MIN_DAMPING..=MAX_DAMPING,
            ),
            ("phase", old.phase, values.phase, -100.0..=100.0),
            ("gain", old.gain, values.gain, 0.0..=10.0),
        ] {
            if value != before && !range.contains(&value) {
                return Err(Error::Config {
                    field,
                    message: format!(
                        "must be a number from {} to {}, but is {value}",
                        range.start(),
                        range.end()
                    ),
                });
            }
        }
        let ranges = self.parameters.table().layers[layer].wave().clone();
        let flat = self.parameters.flat_mut();
        flat[ranges.frequency.start + head] = values.frequency;
        flat[ranges.phase.start + head] = values.phase;
        // Leaving the raw value alone where α is unchanged keeps an untouched head bit for bit.
        if old.damping != values.damping {
            flat[ranges.damping.start + head] = inverse_softplus(f64::from(values.damping)) as f32;
        }
        self.gains[layer * heads + head] = values.gain;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;

    #[test]
    fn the_table_counts_what_the_configuration_counts() {
        let model = Model::zeros(config()).unwrap();
        let total: usize = model
            .parameters
            .specs()
            .iter()
            .map(ParameterSpec::len)
            .sum();
        assert_eq!(total, model.config.parameter_count());
    }

    #[test]
    fn every_option_is_counted_and_has_its_names_and_starts() {
        use crate::config::{FeedForward, Norm, Positions};
        let modern = ModelConfig {
            norm: Norm::Rms,
            feed_forward: FeedForward::Swiglu,
            near_field: 4,
            ..config()
        };
        let standard = ModelConfig {
            architecture: crate::Architecture::Standard,
            field_size: 0,
            near_field: 0,
            positions: Positions::Rotary,
            ..modern.clone()
        };
        for config in [&modern, &standard] {
            let model = Model::zeros(config.clone()).unwrap();
            let specs = model.parameters.specs();
            let total: usize = specs.iter().map(ParameterSpec::len).sum();
            assert_eq!(total, config.parameter_count());
            let biased = |spec: &&ParameterSpec| {
                spec.name.contains("norm") && spec.name.ends_with(".bias")
                    || spec.name.contains("ffn") && spec.name.ends_with(".bias")
            };
            assert_eq!(specs.iter().find(biased), None);
            let positions = model.parameters.get("positional_embedding.weight");
            assert_eq!(positions, None);
        }
        let model = Model::new(modern, 1).unwrap();
        for layer in 0..6 {
            let name = format!("layers.{layer}.attention.near_field");
            let spec = model
                .parameters
                .specs()
                .iter()
                .find(|spec| spec.name == name);
            let spec = spec.unwrap();
            assert_eq!((spec.shape.as_slice(), spec.decayed), (&[16, 4][..], false));
            let values = model.parameters.get(&name).unwrap();
            assert!(values.chunks(4).all(|taps| taps == [0.0, 0.0, 0.0, 1.0]));
        }
        let undecayed = model.parameters.specs().iter().filter(|spec| !spec.decayed);
        assert_eq!(undecayed.count(), 6);
        let gate = model.parameters.get("layers.0.ffn.gate.weight").unwrap();
        assert_eq!(gate.len(), 32 * 16);
    }

    #[test]
    fn initial_values_follow_the_release() {
        let model = Model::new(config(), 1).unwrap();
        let get = |name: &str| model.parameters.get(name).unwrap();
        assert_eq!(get("layers.5.attention.wave_frequency")[0], 0.3);
        assert_eq!(get("layers.5.attention.wave_frequency")[3], 4.0);
        let damping = get("layers.0.attention.wave_damping");
        for (found, expected) in damping.iter().zip([-3.0, -11.0 / 6.0, -2.0 / 3.0, 0.5]) {
            assert!((found - expected).abs() < 1e-6, "{damping:?}");
        }
        assert_eq!(
            get("interference_modules.0.interference_temperature"),
            [-2.0]
        );
        assert_eq!(
            get("interference_modules.1.interference_temperature"),
            [0.5]
        );
        assert!((get("layers.2.attention.field_coupling")[5] - 1.0).abs() < 0.1);
        assert!(get("layers.2.attention.field_coupling")[4].abs() < 0.1);
        let weights = get("layers.0.ffn.0.weight");
        let variance = weights.iter().map(|w| w * w).sum::<f32>() / weights.len() as f32;
        assert!(
            (variance.sqrt() - 0.02).abs() < 0.003,
            "{}",
            variance.sqrt()
        );
    }

    #[test]
    fn bending_a_head_keeps_the_others_and_refuses_nonsense() {
        let mut model = Model::new(config(), 1).unwrap();
        let before = model.parameters.flat().to_vec();
        let head = Head {
            frequency: 1.5,
            damping: 0.25,
            phase: -0.5,
            gain: 0.0,
        };
        model.set_head(2, 1, head).unwrap();
        let found = model.head(2, 1);
        assert!((found.damping - 0.25).abs() < 1e-6);
        assert_eq!((found.frequency, found.phase, found.gain), (1.5, -0.5, 0.0));
        let changed = (before.iter().zip(model.parameters.flat()))
            .filter(|(a, b)| a != b)
            .count();
        assert_eq!(changed, 3);
        for bad in [
            Head {
                frequency: f32::NAN,
                ..head
            },
            Head {
                damping: 0.0,
                ..head
            },
            Head {
                damping: f32::INFINITY,
                ..head
            },
            Head { gain: -1.0, ..head },
        ] {
            assert!(model.set_head(2, 1, bad).is_err(), "{bad:?}");
        }
        // A file's own value beyond the range stays, bit for bit, while another one is bent.
        for (name, value) in [("damping", -60.0), ("frequency", 1e4), ("phase", -500.0)] {
            let name = format!("layers.3.attention.wave_{name}");
            model.parameters.get_mut(&name).unwrap()[2] = value;
        }
        let wild = model.head(3, 2);
        assert!(wild.damping < MIN_DAMPING);
        model.set_head(3, 2, Head { gain: 0.5, ..wild }).unwrap();
        assert_eq!(
            model
                .parameters
                .get("layers.3.attention.wave_damping")
                .unwrap()[2],
            -60.0
        );
        assert!(model.set_head(6, 0, head).is_err());
        assert!(model.set_head(0, 4, head).is_err());
    }

    #[test]
    fn softplus_is_inverted() {
        for y in [1e-6, 1e-3, 0.5, 3.0, 49.0] {
            assert!(
                (softplus(inverse_softplus(y)) / y - 1.0).abs() < 1e-9,
                "{y}"
            );
        }
    }
}
