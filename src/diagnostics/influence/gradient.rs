//! How much a single prediction feels each token, over all layers: the gradient of its loss with respect
//! to the embedding stream. To first order the loss changes by ⟨∂L_i/∂x_j, δ⟩ when x_j moves by δ.

use super::dot;
use crate::backend::cpu::Cpu;
use crate::backend::{Backend, Op, StepInputs};
use crate::kernels::Real;
use crate::kernels::cross_entropy::IGNORED;
use crate::model::Model;
use crate::model::network::Network;
use std::ops::Range;

/// What some predictions felt. Rows are the tokens after which is predicted, columns all N tokens of
/// the text; zero where the column comes after the row, which no prediction depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Felt<T> {
    /// (rows, N): ‖∂L_i/∂x_j‖, nats for each unit of the embedding.
    pub strength: Vec<T>,
    /// (rows, N): -⟨∂L_i/∂x_j, x_j⟩, nats: above zero where more of the token would make the
    /// prediction surer.
    pub support: Vec<T>,
    /// (rows): the token whose loss it is: the one that follows in the text, and after the last one the
    /// likeliest.
    pub targets: Vec<u32>,
    /// (rows): L_i = -ln p(target), nats.
    pub losses: Vec<T>,
}

/// What the predictions after the tokens `rows` felt. The model reads the text to the last of them
/// once; each row is a backward of its own.
///
/// # Panics
/// When there is no such token, the text is longer than the context, or one is beyond the vocabulary.
pub fn felt<T: Real>(model: &Model, ids: &[u32], rows: Range<usize>) -> Felt<T> {
    let n = ids.len();
    assert!(!rows.is_empty() && rows.end <= n, "rows of {n} tokens");
    let (read, dim, vocab) = (
        rows.end,
        model.config.embedding_dim,
        model.config.vocab_size,
    );
    let known = ids.iter().all(|id| (*id as usize) < vocab);
    assert!(known, "token ids are below {vocab}");
    let mut cpu = Cpu::<T>::new();
    let network = Network::for_gradients(&mut cpu, model, 1, read);
    let signed: Vec<i32> = ids[..read].iter().map(|id| *id as i32).collect();
    let mut targets = vec![IGNORED; read];
    cpu.write_batch(&signed, &targets);
    let forward = cpu.prepare(&network.forward(0.0));
    cpu.run(&forward, &StepInputs::default());
    let backward = cpu.prepare(&to_the_stream(&network));

    let mut felt = Felt {
        strength: vec![T::zero(); rows.len() * n],
        support: vec![T::zero(); rows.len() * n],
        targets: Vec::with_capacity(rows.len()),
        losses: Vec::with_capacity(rows.len()),
    };
    for (at, i) in rows.enumerate() {
        let next = ids.get(i + 1).copied();
        let target =
            next.unwrap_or_else(|| likeliest(&cpu.view(network.logits())[i * vocab..][..vocab]));
        targets.fill(IGNORED);
        targets[i] = target as i32;
        cpu.write_batch(&signed, &targets);
        cpu.run(&backward, &StepInputs::default());
        let (gradient, stream) = (
            cpu.view(network.embedding_gradient()),
            cpu.view(network.stream(0)),
        );
        for j in 0..=i {
            let [g, x] = [&gradient, &stream].map(|rows| &rows[j * dim..][..dim]);
            felt.strength[at * n + j] = dot(g, g).sqrt();
            felt.support[at * n + j] = -dot(g, x);
        }
        felt.targets.push(target);
        felt.losses.push(cpu.view(&network.summary())[0]);
    }
    felt
}

/// The loss, and of the backward what leads to the embedding stream: parameters' gradients are a third of
/// the work, and nobody looks at them.
pub(super) fn to_the_stream(network: &Network) -> Vec<Op> {
    let parameters = network.flat_gradients();
    let leads = |op: &Op| match op {
        Op::Zero { y } => *y != parameters,
        Op::WeightGradient { .. } | Op::WaveKernelBackward { .. } | Op::EmbedBackward { .. } => {
            false
        }
        _ => true,
    };
    let backward = network.backward(0.0).into_iter().filter(leads);
    network.loss().into_iter().chain(backward).collect()
}

/// The first of the largest.
fn likeliest<T: Real>(logits: &[T]) -> u32 {
    let mut best = 0;
    for (id, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = id;
        }
    }
    best as u32
}
