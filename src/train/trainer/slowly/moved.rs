//! What a step's gradient asked of each tensor and each wave, and how far it was moved.

use super::super::shards::cpu;
use super::Slowly;
use crate::config::ModelConfig;
use crate::model::ParameterTable;
use crate::model::parameters::{AttentionRanges, FeedForwardRanges, ParameterSpec};
use crate::model::softplus;
use serde::Serialize;
use std::ops::Range;

/// What a tensor is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(rename_all = "snake_case")]
pub enum StepPart {
    /// What a token stands for, which is also what forecasts are made with.
    Tokens,
    /// A standard Transformer's learned positions.
    Positions,
    Norms,
    /// What tokens drop on the field: near field, keys and values.
    Deposit,
    /// ω, α and φ of the heads.
    Waves,
    /// How heads mix.
    Coupling,
    Gate,
    /// A standard Transformer's queries, keys and values.
    Attention,
    /// From the heads back to the token.
    Output,
    FeedForward,
    Interference,
}

/// One tensor in a step. Norms are L2.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct StepTensor {
    /// As in the parameter table.
    pub name: String,
    pub part: StepPart,
    /// Where on the way through the model: 0 before the first layer, 1 to L in a layer or after it, L + 1
    /// after the last one.
    pub stage: usize,
    pub numbers: usize,
    /// Of them, those that are held still. Their gradient counts as zero.
    pub held: usize,
    /// The norm of its gradient, before clipping.
    pub gradient: f64,
    /// The norm of its numbers before the step.
    pub weights: f64,
    /// The norm of what the step added to them.
    pub moved: f64,
}

/// A number of a wave in a step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct StepTurn {
    pub before: f64,
    /// By how much the loss rises for each unit that it grows, before clipping.
    pub gradient: f64,
    pub after: f64,
    pub held: bool,
}

/// A head's wave in a step, as it is heard: damping as α.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct StepWave {
    /// From 0, as is the head.
    pub layer: usize,
    pub head: usize,
    pub frequency: StepTurn,
    pub damping: StepTurn,
    pub phase: StepTurn,
}

impl Slowly {
    /// What became of every tensor and every wave in the step that was made.
    pub(super) fn moves(&self) -> (Vec<StepTensor>, Vec<StepWave>) {
        let layout = &self.twin.layout;
        let (cpu, network) = (cpu(&layout.device), &layout.network);
        let step = Step {
            before: self.model.parameters.flat(),
            after: &cpu.view(&network.flat_parameters()),
            gradients: &cpu.view(&network.flat_gradients()),
            frozen: &self.twin.frozen,
        };
        let (table, config) = (self.model.parameters.table(), &self.model.config);
        let places = places(table, config);
        let tensor = |spec: &ParameterSpec| {
            let found = places.iter().find(|(start, ..)| *start == spec.offset);
            let (_, stage, part) = *found.expect("every tensor has a place");
            step.tensor(spec, stage, part)
        };
        let tensors = table.specs.iter().map(tensor).collect();
        (tensors, step.waves(table, config))
    }
}

/// The numbers of a step, in the order of the flat vector.
struct Step<'a> {
    before: &'a [f32],
    after: &'a [f32],
    gradients: &'a [f32],
    frozen: &'a [usize],
}

impl Step<'_> {
    fn tensor(&self, spec: &ParameterSpec, stage: usize, part: StepPart) -> StepTensor {
        let range = spec.range();
        let (before, after) = (&self.before[range.clone()], &self.after[range.clone()]);
        let change = before.iter().zip(after).map(|(b, a)| wide(a) - wide(b));
        StepTensor {
            name: spec.name.clone(),
            part,
            stage,
            numbers: range.len(),
            held: self.frozen.iter().filter(|at| range.contains(at)).count(),
            gradient: norm(self.gradients[range.clone()].iter().map(wide)),
            weights: norm(before.iter().map(wide)),
            moved: norm(change),
        }
    }

    fn waves(&self, table: &ParameterTable, config: &ModelConfig) -> Vec<StepWave> {
        let mut found = Vec::new();
        for (layer, ranges) in table.layers.iter().enumerate() {
            let AttentionRanges::Wave(waves) = &ranges.attention else {
                continue;
            };
            found.extend((0..config.num_heads).map(|head| StepWave {
                layer,
                head,
                frequency: self.number(waves.frequency.start + head),
                damping: self.damping(waves.damping.start + head),
                phase: self.number(waves.phase.start + head),
            }));
        }
        found
    }

    fn number(&self, at: usize) -> StepTurn {
        StepTurn {
            before: wide(&self.before[at]),
            gradient: wide(&self.gradients[at]),
            after: wide(&self.after[at]),
            held: self.frozen.binary_search(&at).is_ok(),
        }
    }

    /// A damping is learned as a, of which α = softplus(a) is heard, so that dα/da = σ(a).
    fn damping(&self, at: usize) -> StepTurn {
        let raw = self.number(at);
        StepTurn {
            before: softplus(raw.before),
            gradient: raw.gradient * (1.0 + (-raw.before).exp()),
            after: softplus(raw.after),
            held: raw.held,
        }
    }
}

fn wide(x: &f32) -> f64 {
    f64::from(*x)
}

fn norm(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|x| x * x).sum::<f64>().sqrt()
}

/// Where each tensor begins in the flat vector, at which stage it is, and of which part.
fn places(table: &ParameterTable, config: &ModelConfig) -> Vec<(usize, usize, StepPart)> {
    let mut places = Vec::with_capacity(table.specs.len());
    let mut put = |stage: usize, part: StepPart, ranges: &[&Range<usize>]| {
        places.extend(ranges.iter().map(|range| (range.start, stage, part)));
    };
    put(0, StepPart::Tokens, &[&table.token_embedding]);
    if let Some(positions) = &table.positional_embedding {
        put(0, StepPart::Positions, &[positions]);
    }
    for (layer, l) in table.layers.iter().enumerate() {
        let stage = layer + 1;
        let norms: Vec<&Range<usize>> = l.norm1.all().chain(l.norm2.all()).collect();
        put(stage, StepPart::Norms, &norms);
        match &l.attention {
            AttentionRanges::Wave(wave) => {
                let deposit = [&wave.key_value_weight, &wave.key_value_bias];
                put(stage, StepPart::Deposit, &deposit);
                let near: Vec<&Range<usize>> = wave.near_field.iter().collect();
                put(stage, StepPart::Deposit, &near);
                let waves = [&wave.frequency, &wave.damping, &wave.phase];
                put(stage, StepPart::Waves, &waves);
                put(stage, StepPart::Coupling, &[&wave.coupling]);
                put(stage, StepPart::Gate, &[&wave.gate_weight, &wave.gate_bias]);
            }
            AttentionRanges::Standard(own) => {
                put(stage, StepPart::Attention, &[&own.in_weight, &own.in_bias]);
            }
        }
        put(stage, StepPart::Output, &[&l.out_weight, &l.out_bias]);
        let feed_forward = match &l.feed_forward {
            FeedForwardRanges::Gelu {
                in_weight,
                in_bias,
                out_weight,
                out_bias,
            } => vec![in_weight, in_bias, out_weight, out_bias],
            FeedForwardRanges::Swiglu { gate, up, down } => vec![gate, up, down],
        };
        put(stage, StepPart::FeedForward, &feed_forward);
        if let Some(module) = config.interference_after(layer) {
            let m = &table.interference[module];
            let compress = [&m.compress_weight, &m.compress_bias];
            let expand = [&m.expand_weight, &m.expand_bias];
            let local = [&m.local_weight, &m.local_bias];
            let global = [&m.global_weight, &m.global_bias];
            let gate = [&m.gate_weight, &m.gate_bias];
            let all = [compress, expand, local, global, gate].concat();
            put(stage, StepPart::Interference, &all);
            put(stage, StepPart::Interference, &[&m.temperature]);
        }
    }
    let last = table.layers.len() + 1;
    let norm: Vec<&Range<usize>> = table.norm.all().collect();
    put(last, StepPart::Norms, &norm);
    places
}
