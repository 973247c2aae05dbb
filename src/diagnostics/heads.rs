//! What each head hears, in tokens and in words. The page has the same rules in `physics.js`, where
//! a slider must redraw within a frame; a browser test holds the two together.

use crate::config::ModelConfig;
use crate::model::{Head, Model};
use serde::Serialize;
use std::f64::consts::{LN_10, TAU};

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

/// Every head of a model, layer by layer; none of a standard Transformer, whose heads have no waves.
pub fn report(model: &Model) -> Vec<HeadReport> {
    let config = &model.config;
    if !config.is_wave() {
        return Vec::new();
    }
    let heads = (0..config.num_layers).flat_map(|l| (0..config.num_heads).map(move |h| (l, h)));
    heads
        .map(|(layer, head)| {
            let values = model.head(layer, head);
            HeadReport {
                layer,
                head,
                frequency: values.frequency,
                damping: values.damping,
                phase: values.phase,
                reach: reach(&values, config),
                period: period(&values, config),
                role: role(&values, config),
            }
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
}
