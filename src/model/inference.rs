//! Reading whole texts at once: the parallel view of the model, by FFT.

use super::Model;
use super::network::Network;
use crate::backend::cpu::Cpu;
use crate::backend::{Backend, StepInputs};

/// The logits after every token: (rows, columns, V) for `ids` of (rows, columns).
///
/// # Panics
/// When `ids` does not hold `rows` × `columns` tokens of the model's vocabulary, or `columns` is 0
/// or more than the context.
pub fn logits(model: &Model, ids: &[u32], rows: usize, columns: usize) -> Vec<f32> {
    let (cpu, network) = run(model, ids, rows, columns);
    cpu.view(network.logits()).to_vec()
}

/// What reading a prompt leaves behind: all that a decoder's state is made from.
#[derive(Debug, Clone)]
pub struct PromptReading {
    /// (V): the logits after the last token.
    pub logits: Vec<f32>,
    /// For each layer (N, D): what the tokens deposited on the field.
    pub deposits: Vec<Vec<f32>>,
    /// For each interference module (C): the mean of W_c x + b_c over all tokens.
    pub context_means: Vec<Vec<f32>>,
}

/// Reads one text of at most M tokens.
///
/// # Panics
/// As [`logits`].
pub fn read_prompt(model: &Model, ids: &[u32]) -> PromptReading {
    let (cpu, network) = run(model, ids, 1, ids.len());
    let config = &model.config;
    let last = |values: &[f32], width: usize| values[values.len() - width..].to_vec();
    PromptReading {
        logits: last(&cpu.view(network.logits()), config.vocab_size),
        deposits: (0..config.num_layers)
            .map(|layer| cpu.view(network.deposits(layer)).to_vec())
            .collect(),
        context_means: (0..config.num_interference())
            .map(|j| last(&cpu.view(network.context_means(j)), config.context_dim()))
            .collect(),
    }
}

fn run(model: &Model, ids: &[u32], rows: usize, columns: usize) -> (Cpu<f32>, Network) {
    assert_eq!(ids.len(), rows * columns, "{rows} rows of {columns} tokens");
    let known = ids
        .iter()
        .all(|id| (*id as usize) < model.config.vocab_size);
    assert!(known, "token ids are below {}", model.config.vocab_size);
    let mut cpu = Cpu::new();
    let network = Network::for_inference(&mut cpu, model, rows, columns);
    let ids: Vec<i32> = ids.iter().map(|id| *id as i32).collect();
    cpu.write_batch(&ids, &[]);
    cpu.run(&network.forward(0.0), &StepInputs::default());
    (cpu, network)
}
