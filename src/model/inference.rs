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
    assert_eq!(ids.len(), rows * columns, "{rows} rows of {columns} tokens");
    let known = ids
        .iter()
        .all(|id| (*id as usize) < model.config.vocab_size);
    assert!(known, "token ids are below {}", model.config.vocab_size);
    let mut cpu = Cpu::new();
    let network = Network::for_inference(&mut cpu, model, rows, columns);
    let ids: Vec<i32> = ids.iter().map(|id| *id as i32).collect();
    cpu.write_batch(&ids, &[]);
    let program = cpu.prepare(&network.forward(0.0));
    cpu.run(&program, &StepInputs::default());
    cpu.view(network.logits()).to_vec()
}
