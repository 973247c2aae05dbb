//! What each head hears, in tokens and in words. The page has the same rules in `physics.js`, where
//! a slider must redraw within a frame; a browser test holds the two together.

use crate::config::ModelConfig;
use crate::model::{Head, Model, ParameterTable, softplus};
use serde::Serialize;
use std::f64::consts::{LN_10, TAU};
use std::ops::Range;

/// Reach in tokens up to which a head hears nothing but its own token.
pub const REACH_NONE: f64 = 1.0;
/// Reach in tokens up to which a head is near-sighted.
pub const REACH_SHORT: f64 = 8.0;
/// Reach in tokens up to which a head looks to the middle distance.
pub const REACH_MEDIUM: f64 = 48.0;
/// Whole turns within the reach below which a wave counts as smooth.
pub const TURNS_SMOOTH: f64 = 0.75;
/// Tokens a turn below which a wave flickers from token to token.
pub const PERIOD_FLICKER: f64 = 2.5;

/// One head's physics and what follows from it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct HeadReport {
    pub layer: usize,
    pub head: usize,
    /// ω, radians per cell.
    pub frequency: f32,
    /// α, per cell.
    pub damping: f32,
    /// φ, radians.
    pub phase: f32,
    /// The lag in tokens at which the envelope has fallen to a tenth.
    pub reach: f64,
    /// Tokens for one turn of the wave; nothing where it never turns.
    pub period: Option<f64>,
    /// What the head does, in words.
    pub role: String,
}

/// ln(10)/(α·s): where the envelope e^(-αt) has fallen to a tenth, in tokens.
pub fn reach(head: &Head, config: &ModelConfig) -> f64 {
    LN_10 / (f64::from(head.damping) * config.stride())
}

/// Tokens for one turn. A wave that turns by more than half a turn from one token to the next is
/// seen by the tokens as a slower one, so the angle is folded into 0..π.
pub fn period(head: &Head, config: &ModelConfig) -> Option<f64> {
    let turn = (f64::from(head.frequency.abs()) * config.stride()) % TAU;
    let angle = turn.min(TAU - turn);
    (angle >= 1e-6).then(|| TAU / angle)
}

/// How far a head hears, and whether it listens smoothly or for a rhythm.
pub fn role(head: &Head, config: &ModelConfig) -> String {
    let reach = reach(head, config);
    if reach <= REACH_NONE {
        return "This token only".into();
    }
    let range = if reach <= REACH_SHORT {
        "Near"
    } else if reach <= REACH_MEDIUM {
        "Middle"
    } else {
        "Far"
    };
    let period = period(head, config).unwrap_or(f64::INFINITY);
    let turns = reach.min(config.max_seq_len as f64) / period;
    let manner = if turns < TURNS_SMOOTH {
        "smooth"
    } else if period < PERIOD_FLICKER {
        "flickering"
    } else {
        "rhythmic"
    };
    format!("{range}, {manner}")
}

impl HeadReport {
    fn new(layer: usize, head: usize, values: &Head, config: &ModelConfig) -> Self {
        HeadReport {
            layer,
            head,
            frequency: values.frequency,
            damping: values.damping,
            phase: values.phase,
            reach: reach(values, config),
            period: period(values, config),
            role: role(values, config),
        }
    }
}

/// The layers and heads of a shape, layer by layer; none of a standard Transformer, whose heads have
/// no waves.
fn places(config: &ModelConfig) -> impl Iterator<Item = (usize, usize)> {
    let (layers, heads) = match config.is_wave() {
        true => (config.num_layers, config.num_heads),
        false => (0, 0),
    };
    (0..layers).flat_map(move |layer| (0..heads).map(move |head| (layer, head)))
}

/// Every head of a model, layer by layer; none of a standard Transformer.
pub fn report(model: &Model) -> Vec<HeadReport> {
    places(&model.config)
        .map(|(layer, head)| HeadReport::new(layer, head, &model.head(layer, head), &model.config))
        .collect()
}

/// Every head of a fresh model of this shape, as [`report`]: ω, raw damping and φ evenly spaced over
/// the heads of each layer, whatever the seed.
pub fn starts(config: &ModelConfig) -> Vec<HeadReport> {
    let table = ParameterTable::new(config);
    places(config)
        .map(|(layer, head)| {
            let wave = table.layers[layer].wave();
            let start = |range: &Range<usize>| {
                let spec = table.specs.iter().find(|spec| spec.range() == *range);
                spec.and_then(|spec| spec.start(head))
                    .expect("waves start evenly spaced")
            };
            let values = Head {
                frequency: start(&wave.frequency),
                damping: softplus(f64::from(start(&wave.damping))) as f32,
                phase: start(&wave.phase),
                gain: 1.0,
            };
            HeadReport::new(layer, head, &values, config)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Architecture;

    fn config(field_size: usize) -> ModelConfig {
        ModelConfig {
            architecture: Architecture::Wave,
            vocab_size: 5,
            embedding_dim: 8,
            num_layers: 2,
            num_heads: 2,
            ffn_dim: 8,
            field_size,
            max_seq_len: 129,
            interference_interval: 3,
            position_scale: 1.0,
            ..ModelConfig::default()
        }
    }

    fn role_of(frequency: f32, damping: f32) -> String {
        role(
            &Head {
                frequency,
                damping,
                phase: 0.0,
                gain: 1.0,
            },
            &config(129),
        )
    }

    #[test]
    fn roles_follow_reach_and_turns() {
        assert_eq!(role_of(1.0, 3.0), "This token only");
        assert_eq!(role_of(0.1, 0.5), "Near, smooth");
        assert_eq!(role_of(3.0, 0.5), "Near, flickering");
        assert_eq!(role_of(0.5, 0.1), "Middle, rhythmic");
        assert_eq!(role_of(0.0, 0.01), "Far, smooth");
    }

    #[test]
    fn a_wider_stride_shortens_the_reach_and_folds_the_wave() {
        let head = Head {
            frequency: 0.8,
            damping: 0.1,
            phase: 0.0,
            gain: 1.0,
        };
        assert!((reach(&head, &config(129)) - 23.03).abs() < 0.01);
        assert!((reach(&head, &config(1025)) - 23.03 / 8.0).abs() < 0.01);
        // 6.4 radians a token are a little more than one turn: the tokens see 6.4 - 2π.
        let seen = period(&head, &config(1025)).unwrap();
        assert!((seen - TAU / (6.4 - TAU)).abs() < 0.01, "{seen}");
        assert_eq!(
            period(
                &Head {
                    frequency: 0.0,
                    ..head
                },
                &config(129)
            ),
            None
        );
    }

    #[test]
    fn every_head_is_reported() {
        let found = report(&Model::new(config(129), 1).unwrap());
        let places: Vec<_> = found.iter().map(|head| (head.layer, head.head)).collect();
        assert_eq!(places, [(0, 0), (0, 1), (1, 0), (1, 1)]);
    }

    /// The release's linspaces, worked out by hand for the first and the last of two heads.
    #[test]
    fn a_fresh_model_stands_where_heads_start() {
        let starts = starts(&config(129));
        for seed in [1, 7] {
            assert_eq!(starts, report(&Model::new(config(129), seed).unwrap()));
        }
        for layer in starts.chunks_exact(2) {
            let [first, last] = layer else { unreachable!() };
            assert_eq!((first.frequency, last.frequency), (0.3, 4.0));
            assert!((f64::from(first.damping) - (-3f64).exp().ln_1p()).abs() < 1e-7);
            assert!((f64::from(last.damping) - 0.5f64.exp().ln_1p()).abs() < 1e-7);
            assert_eq!((first.phase, last.phase), (0.0, std::f32::consts::PI));
        }
    }

    #[test]
    fn a_standard_transformer_has_no_such_heads() {
        let standard = ModelConfig {
            architecture: Architecture::Standard,
            field_size: 0,
            ..config(129)
        };
        assert_eq!(starts(&standard), []);
    }
}
