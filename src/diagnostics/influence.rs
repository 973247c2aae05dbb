//! Which earlier tokens a token heard, and how loudly: exactly, in one layer's attention; and over all
//! layers by the gradient of a single prediction ([`gradient`]).
//!
//! In wave attention a token j that deposits q_j gives to token i
//!
//! c(i,j) = gate_i ∘ Σ_h' C[h,h'] w_h'(i,j) q_j,h'  for each head h,
//!
//! where w_h(i,j) is the kernel of head h from the cells of j to the cells of i: κ_h at the distance of
//! each pair of cells, weighted by how much of either token sits there. In softmax attention it is
//! c(i,j) = softmax_j(q_i·k_j/√d) v_j. Either way Σ_j c(i,j) is what the token takes in, the `mixed` of
//! a [`Trace`]. With a near field ([`crate::kernels::near_field`]) a deposit is made of its token and the
//! three before it: c(i,j) is then what came from place j, of whichever of them.

pub mod gradient;
#[cfg(test)]
mod tests;

use super::Trace;
use super::trace::{AttentionTrace, WaveTrace};
use crate::config::ModelConfig;
use crate::kernels::Real;
use std::ops::Range;

/// What some tokens heard in one layer. Rows are the tokens that hear, columns all N tokens of the text;
/// zero where the column comes after the row.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard<T> {
    /// (rows, N): ‖c(i,j)‖.
    pub loudness: Vec<T>,
    /// (rows, N): ⟨c(i,j), m_i⟩/‖m_i‖², m_i being all that token i takes in; each row adds up to 1.
    /// Below zero for what speaks against the sum. All zero where nothing is taken in.
    pub share: Vec<T>,
    /// (rows, N): the probabilities of softmax attention, of the one head or the mean of all. Empty
    /// in a wave model, which has none.
    pub weights: Vec<T>,
}

/// What the tokens `rows` heard in a layer, in the channels of one head or of all. A wave model's heads
/// are coupled: a head's channels carry what the other heads' waves brought, too.
///
/// # Panics
/// When there is no such layer, head or token.
pub fn heard<T: Real>(
    trace: &Trace<T>,
    layer: usize,
    head: Option<usize>,
    rows: Range<usize>,
) -> Heard<T> {
    let (n, dim) = (trace.len(), trace.config.embedding_dim);
    assert!(rows.end <= n, "the text has {n} tokens");
    let listening = Listening::new(trace, layer, head);
    let empty = || vec![T::zero(); rows.len() * n];
    let (mut loudness, mut share, mut weights) = (empty(), empty(), Vec::new());
    if !trace.config.is_wave() {
        weights = empty();
    }
    let mut part = vec![T::zero(); listening.channels().len()];
    for (at, i) in rows.enumerate() {
        let mixed = &trace.layers[layer].mixed[i * dim..][listening.channels()];
        let whole = dot(mixed, mixed);
        let reach = listening.reach(i);
        for j in 0..=i {
            listening.contribution(i, j, &reach, &mut part);
            loudness[at * n + j] = dot(&part, &part).sqrt();
            if whole > T::zero() {
                share[at * n + j] = dot(&part, mixed) / whole;
            }
            if !weights.is_empty() {
                weights[at * n + j] = mean(&reach, i + 1, j, listening.heads.clone());
            }
        }
    }
    Heard {
        loudness,
        share,
        weights,
    }
}

/// One layer's attention, seen from the heads that are looked at.
struct Listening<'a, T> {
    config: &'a ModelConfig,
    attention: &'a AttentionTrace<T>,
    heads: Range<usize>,
}

impl<'a, T: Real> Listening<'a, T> {
    fn new(trace: &'a Trace<T>, layer: usize, head: Option<usize>) -> Self {
        let all = trace.config.num_heads;
        assert!(head.is_none_or(|head| head < all), "there are {all} heads");
        Listening {
            config: &trace.config,
            attention: &trace.layers[layer].attention,
            heads: head.map_or(0..all, |head| head..head + 1),
        }
    }

    fn channels(&self) -> Range<usize> {
        let width = self.config.head_dim();
        self.heads.start * width..self.heads.end * width
    }

    /// (H, i+1): how strongly each head carries a token's values to token i.
    fn reach(&self, i: usize) -> Vec<T> {
        let heads = 0..self.config.num_heads;
        match self.attention {
            AttentionTrace::Wave(wave) => heads
                .flat_map(|h| (0..=i).map(move |j| carried(self.config, wave, h, (i, j))))
                .collect(),
            AttentionTrace::Standard { qkv } => heads
                .flat_map(|h| probabilities(self.config, qkv, h, i))
                .collect(),
        }
    }

    /// Overwrites `part` with c(i,j) in the channels looked at. `reach` is that of i.
    fn contribution(&self, i: usize, j: usize, reach: &[T], part: &mut [T]) {
        let (all, dim, width) = (
            self.config.num_heads,
            self.config.embedding_dim,
            self.config.head_dim(),
        );
        let reach = |h: usize| reach[h * (i + 1) + j];
        for (h, part) in self.heads.clone().zip(part.chunks_exact_mut(width)) {
            part.fill(T::zero());
            let mut add = |weight: T, values: &[T]| {
                for (sum, x) in part.iter_mut().zip(values) {
                    *sum += weight * *x;
                }
            };
            match self.attention {
                AttentionTrace::Wave(wave) => {
                    let deposits = &wave.deposits[j * dim..][..dim];
                    for (from, deposit) in deposits.chunks_exact(width).enumerate() {
                        add(wave.coupling[h * all + from] * reach(from), deposit);
                    }
                    let gate = &wave.gate[i * dim + h * width..][..width];
                    part.iter_mut().zip(gate).for_each(|(x, g)| *x *= *g);
                }
                AttentionTrace::Standard { qkv } => {
                    add(reach(h), &qkv[(3 * j + 2) * dim + h * width..][..width]);
                }
            }
        }
    }
}

/// w_h(i,j): a head's kernel from the cells of token j to the cells of token i.
fn carried<T: Real>(
    config: &ModelConfig,
    wave: &WaveTrace<T>,
    head: usize,
    (i, j): (usize, usize),
) -> T {
    let taps = wave.kernel.len() / config.num_heads;
    let kernel = &wave.kernel[head * taps..][..taps];
    if config.integer_stride().is_some() {
        return kernel[i - j];
    }
    let mut sum = T::zero();
    for (to, gathered) in cells(config, i) {
        for (from, deposited) in cells(config, j) {
            // A field is causal: a cell hears itself and those before it.
            if let Some(distance) = to.checked_sub(from) {
                sum += T::of(gathered * deposited) * kernel[distance];
            }
        }
    }
    sum
}

/// The cells that a token sits on, and how much of it sits on each.
fn cells(config: &ModelConfig, i: usize) -> impl Iterator<Item = (usize, f64)> {
    let place = config.position(i);
    let both = [
        (place.cell, 1.0 - place.fraction),
        (place.cell + 1, place.fraction),
    ];
    both.into_iter().filter(|(_, weight)| *weight > 0.0)
}

/// softmax_j(q_i·k_j/√d) over j = 0..=i in one head.
fn probabilities<T: Real>(config: &ModelConfig, qkv: &[T], head: usize, i: usize) -> Vec<T> {
    let (dim, width) = (config.embedding_dim, config.head_dim());
    let part = |token: usize, part: usize| &qkv[(3 * token + part) * dim + head * width..][..width];
    let scale = T::of(1.0 / (width as f64).sqrt());
    let mut row: Vec<T> = (0..=i)
        .map(|j| dot(part(i, 0), part(j, 1)) * scale)
        .collect();
    let top = row[1..]
        .iter()
        .fold(row[0], |top, x| if *x > top { *x } else { top });
    row.iter_mut().for_each(|x| *x = (*x - top).exp());
    let total = row.iter().fold(T::zero(), |sum, x| sum + *x);
    row.iter_mut().for_each(|x| *x = *x / total);
    row
}

/// The mean over some heads of what reaches a token from token j.
fn mean<T: Real>(reach: &[T], seen: usize, j: usize, heads: Range<usize>) -> T {
    let count = T::of(heads.len() as f64);
    heads.fold(T::zero(), |sum, h| sum + reach[h * seen + j]) / count
}

fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    (a.iter().zip(b)).fold(T::zero(), |sum, (a, b)| sum + *a * *b)
}
