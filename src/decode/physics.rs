//! The numbers that follow from the heads' frequency, damping, phase and gain, worked out once
//! and used at every token.

use crate::kernels::wave_kernel::Wave;
pub use crate::kernels::wave_rotation::Complex;
use crate::kernels::wave_rotation::{Rotation, Travel};
use crate::model::{Model, softplus};

/// One layer's heads and how they mix.
#[derive(Debug, Clone)]
pub struct LayerPhysics {
    pub heads: Vec<Rotation>,
    /// softmax over each row of the coupling matrix, H × H.
    pub coupling: Vec<f32>,
}

/// All layers.
#[derive(Debug, Clone)]
pub struct Physics {
    pub layers: Vec<LayerPhysics>,
    /// The smallest number of cells from where a token's wave was left to the next token.
    pub least_distance: usize,
}

impl Physics {
    /// Reads the model's heads and couplings.
    pub fn new(model: &Model) -> Self {
        let config = &model.config;
        // From the upper of a token's two cells (the lower, when strides are whole and the
        // fraction is 0) to the lower of the next one's.
        let least_distance = ((config.field_size - 1) / (config.max_seq_len - 1)).max(1) - 1;
        let travel = Travel {
            field_size: config.field_size,
            least: least_distance,
        };
        let layers = (0..config.num_layers)
            .map(|layer| LayerPhysics {
                heads: (0..config.num_heads)
                    .map(|head| rotation(model, layer, head, travel))
                    .collect(),
                coupling: model.coupling(layer),
            })
            .collect();
        Physics {
            layers,
            least_distance,
        }
    }
}

/// One head's kernel as a rotation.
fn rotation(model: &Model, layer: usize, head: usize, travel: Travel) -> Rotation {
    let ranges = model.parameters.table().layers[layer].wave();
    let flat = model.parameters.flat();
    let number = |range: &std::ops::Range<usize>| f64::from(flat[range.start + head]);
    let wave = Wave {
        frequency: number(&ranges.frequency),
        damping: softplus(number(&ranges.damping)),
        phase: number(&ranges.phase),
    };
    let gain = f64::from(model.gains[layer * model.config.num_heads + head]);
    Rotation::new(wave, gain, travel)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Architecture, ModelConfig};
    use crate::model::Head;

    fn model() -> Model {
        let config = ModelConfig {
            architecture: Architecture::Wave,
            vocab_size: 5,
            embedding_dim: 8,
            num_layers: 1,
            num_heads: 2,
            ffn_dim: 8,
            field_size: 64,
            max_seq_len: 17,
            interference_interval: 1,
            position_scale: 1.0,
            ..ModelConfig::default()
        };
        Model::new(config, 1).unwrap()
    }

    #[test]
    fn powers_and_norm_are_those_of_the_kernel() {
        let mut model = model();
        let head = Head {
            frequency: 1.3,
            damping: 0.02,
            phase: 0.7,
            gain: 0.5,
        };
        model.set_head(0, 1, head).unwrap();
        let physics = Physics::new(&model);
        assert_eq!(physics.least_distance, 2);
        // From the model's float32 parameters, as they are stored.
        let flat = model.parameters.flat();
        let ranges = model.parameters.table().layers[0].wave();
        let damping = softplus(f64::from(flat[ranges.damping.start + 1]));
        let kernel = |t: usize| {
            (-damping * t as f64).exp() * (1.3f32 as f64 * t as f64 + 0.7f32 as f64).cos()
        };
        let norm: f64 = (0..64).map(|t| kernel(t).abs()).sum();
        let bent = &physics.layers[0].heads[1];
        for (i, power) in bent.powers.iter().enumerate() {
            let heard = bent.listen.times(*power).re;
            let expected = 0.5 * kernel(2 + i) / norm;
            assert!((heard - expected).abs() < 1e-12, "{heard} for {expected}");
        }
    }

    #[test]
    fn coupling_rows_add_up_to_one() {
        let model = model();
        let physics = &Physics::new(&model).layers[0];
        for row in physics.coupling.chunks_exact(2) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        }
    }
}
