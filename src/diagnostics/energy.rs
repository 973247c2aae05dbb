//! How large a token's state is on its way through the layers, and what becomes of a layer's deposits:
//! what is conserved, what only shrinks, and what follows no such law. Energy is the sum of squares.
//!
//! For one channel with deposits q, kernel κ and its spectrum K over the places of a line without end:
//!
//! - scattering: Σ_cells = Σ_tokens, because the bilinear weights add up to 1. The energy of a deposit between
//!   two cells becomes ((1-f)² + f²)·q², half of it at the least.
//! - the wave: Σ_cells (κ * q) = Σκ·Σq, less what runs over the field's end. The energy is at most
//!   max|K|²·Σq² <= (Σ|κ|)²·Σq² (Young's inequality), and Σ|κ| is 1 or less by how κ is made.
//! - coupling: its rows add up to 1, its columns need not, so a sum over the heads is not kept.
//! - the gate: every factor is below 1.
//!
//! The residual stream has no such law: each part adds to it what it likes.

use super::field::Field;
use super::trace::Trace;
use crate::config::ModelConfig;
use crate::kernels::Real;
use crate::kernels::field_convolution::{Geometry, Transforms, field_convolution};
use crate::kernels::layer_norm::layer_norm;
use crate::kernels::wave_kernel::Taps;
use crate::model::Model;
use serde::Serialize;
use std::ops::Range;

/// Which part of a layer the residual stream has just been through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Token and position, before the first layer.
    Start,
    Attention,
    FeedForward,
    Interference,
}

/// A place on the way of the residual stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Place {
    pub layer: usize,
    pub part: Part,
}

/// The residual stream from place to place; the last one is the model's output before its last norm.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    pub places: Vec<Place>,
    /// (places, N): ‖x‖₂ of each token's state.
    pub norms: Vec<f64>,
    /// (places, N): ‖x - x before‖₂, what the part added; at the start all there is.
    pub added: Vec<f64>,
    /// (places, N): the cosine between what a part added and what was there before it; 0 at the start.
    pub along: Vec<f64>,
}

/// Where a layer's norm takes the tokens' states.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Scale {
    /// The least and the greatest ‖x‖₂ of a token before the layer's first norm.
    pub before: [f64; 2],
    /// The same after it, with its learned weight and, where it has one, its bias.
    pub after: [f64; 2],
}

/// What becomes of one head's deposits; energies are sums over the head's d channels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct HeadEnergy {
    /// Σ q² over the tokens.
    pub deposited: f64,
    /// Over the cells, once the deposits are scattered.
    pub scattered: f64,
    /// Over the cells of the convolved field up to where the last token reads, and over all G.
    pub reached: f64,
    pub propagated: f64,
    /// Over the tokens: what they gathered, what coupling made of it in this head's channels, and what
    /// the gate left.
    pub gathered: f64,
    pub coupled: f64,
    pub gated: f64,
    /// The mean of the gate over tokens and channels.
    pub openness: f64,
    /// |Σ_cells - Σ_tokens q| / Σ_tokens |q|, of the channel where it is greatest.
    pub scatter_difference: f64,
    /// Σκ and Σ|κ| over the field.
    pub kernel_sum: f64,
    pub kernel_absolute: f64,
    /// |Σ_cells + beyond - Σκ·Σq| / (Σ|κ|·Σ|q|), of the channel where it is greatest.
    pub wave_difference: f64,
    /// What ran over the field's end: Σ_channels |beyond| / (Σ|κ|·Σ|q|).
    pub beyond: f64,
    /// max|K|² over the frequencies of a line with room for the whole convolution.
    pub bound: f64,
}

/// What becomes of one layer's deposits.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerEnergy {
    pub heads: Vec<HeadEnergy>,
    /// (H, N): the gate's mean over a head's channels.
    pub openness: Vec<f64>,
    /// The least and the greatest value of the gate.
    pub gate: [f64; 2],
    /// The greatest |Σ - 1| of a row of the coupling.
    pub row_difference: f64,
    /// (H): the sums of its columns, how much of each head is passed on in all.
    pub columns: Vec<f64>,
    /// ‖Σ_heads after - Σ_heads before‖₂ / ‖Σ_heads before‖₂ of coupling, over tokens and channels.
    pub coupling_change: f64,
}

/// Follows the residual stream through the model.
pub fn stream<T: Real>(trace: &Trace<T>) -> Stream {
    let dim = trace.config.embedding_dim;
    let mut found = Stream {
        places: Vec::new(),
        norms: Vec::new(),
        added: Vec::new(),
        along: Vec::new(),
    };
    let nothing = vec![T::zero(); trace.len() * dim];
    let mut visit = |layer, part, before: &[T], now: &[T]| {
        found.places.push(Place { layer, part });
        for (before, now) in before.chunks_exact(dim).zip(now.chunks_exact(dim)) {
            let pairs = || before.iter().zip(now).map(|(b, n)| (b.wide(), n.wide()));
            let norm = |squares: f64| squares.sqrt();
            let added = norm(pairs().map(|(b, n)| (n - b) * (n - b)).sum());
            let product: f64 = pairs().map(|(b, n)| (n - b) * b).sum();
            let lengths = added * norm(pairs().map(|(b, _)| b * b).sum());
            found.norms.push(norm(pairs().map(|(_, n)| n * n).sum()));
            found.added.push(added);
            let cosine = if lengths > 0.0 {
                product / lengths
            } else {
                0.0
            };
            found.along.push(cosine);
        }
    };
    for (i, layer) in trace.layers.iter().enumerate() {
        if i == 0 {
            visit(0, Part::Start, &nothing, &layer.input);
        }
        visit(i, Part::Attention, &layer.input, &layer.middle);
        visit(i, Part::FeedForward, &layer.middle, &layer.after);
        if let Some(module) = &layer.interference {
            visit(i, Part::Interference, &layer.after, &module.output);
        }
    }
    found
}

/// What a layer's first norm does to the length of the tokens' states.
pub fn scale<T: Real>(model: &Model, trace: &Trace<T>, layer: usize) -> Scale {
    let ranges = &model.parameters.table().layers[layer];
    let read = |range: &Range<usize>| -> Vec<T> {
        let values = &model.parameters.flat()[range.clone()];
        values.iter().map(|x| T::of(f64::from(*x))).collect()
    };
    let input = &trace.layers[layer].input;
    let (mut after, mut stats) = (input.clone(), vec![T::zero(); 2 * trace.len()]);
    let weight = read(&ranges.norm1.weight);
    let bias = ranges.norm1.bias.as_ref().map(read);
    layer_norm(input, &weight, bias.as_deref(), &mut after, &mut stats);
    let ends = |x: &[T]| {
        let rows = x.chunks_exact(trace.config.embedding_dim);
        least_and_greatest(rows.map(|row| energy(row).sqrt()))
    };
    Scale {
        before: ends(input),
        after: ends(&after),
    }
}

/// Follows a layer's deposits.
///
/// # Panics
/// In a standard Transformer, which has no field.
pub fn layer<T: Real>(model: &Model, trace: &Trace<T>, layer: usize) -> LayerEnergy {
    let config = &trace.config;
    let (heads, dim, width) = (config.num_heads, config.embedding_dim, config.head_dim());
    let wave = trace.layers[layer].wave().expect("a wave model");
    let field = Field::new(model, trace, layer);
    let coupled = coupled(&wave.coupling, &wave.gathered, heads, width);
    let mixed = &trace.layers[layer].mixed;
    let mut openness = Vec::with_capacity(heads * trace.len());
    for head in 0..heads {
        let of_token = |row: &[T]| mean(&row[head * width..][..width]);
        openness.extend(wave.gate.chunks_exact(dim).map(of_token));
    }
    let rows = wave.coupling.chunks_exact(heads);
    let columns = (0..heads).map(|h| rows.clone().map(|row| row[h].wide()).sum());
    LayerEnergy {
        heads: (0..heads)
            .map(|head| {
                let of = |x: &[T]| channels(x, dim, head, width).map(|x| energy(&x)).sum();
                let gate = &openness[head * trace.len()..][..trace.len()];
                HeadEnergy {
                    deposited: of(&wave.deposits),
                    gathered: of(&wave.gathered),
                    coupled: of(&coupled),
                    gated: of(mixed),
                    openness: gate.iter().sum::<f64>() / trace.len() as f64,
                    ..propagation(model, trace, &field, layer, head)
                }
            })
            .collect(),
        columns: columns.collect(),
        gate: least_and_greatest(wave.gate.iter().map(|x| x.wide())),
        row_difference: (rows.map(|row| (sum(row) - 1.0).abs())).fold(0.0, f64::max),
        coupling_change: change_of_sums(&wave.gathered, &coupled, heads, width),
        openness,
    }
}

/// The part of a head's way that is on the field; the rest of the answer is zero.
fn propagation<T: Real>(
    model: &Model,
    trace: &Trace<T>,
    field: &Field<T>,
    layer: usize,
    head: usize,
) -> HeadEnergy {
    let (cells, width) = (field.cells(), trace.config.head_dim());
    let kernel = field.kernel(head);
    let deposits: Vec<Vec<T>> = (0..width).map(|c| field.deposits(head, c)).collect();
    let scattered: Vec<Vec<T>> = deposits.iter().map(|q| field.scatter(q)).collect();
    let spread = convolve(kernel, &scattered);
    let last = trace.config.position(trace.len() - 1);
    let read_to = last.cell + 1 + usize::from(last.fraction > 0.0);
    let tails = tails(kernel);
    let absolute = |x: &[T]| x.iter().map(|x| x.wide().abs()).sum::<f64>();
    let (kernel_sum, kernel_absolute) = (sum(kernel), absolute(kernel));
    let mut answer = HeadEnergy {
        deposited: 0.0,
        scattered: 0.0,
        reached: 0.0,
        propagated: 0.0,
        gathered: 0.0,
        coupled: 0.0,
        gated: 0.0,
        openness: 0.0,
        scatter_difference: 0.0,
        kernel_sum,
        kernel_absolute,
        wave_difference: 0.0,
        beyond: 0.0,
        bound: bound(model, layer, head, cells),
    };
    let mut amount = 0.0;
    for ((deposits, scattered), spread) in deposits.iter().zip(&scattered).zip(&spread) {
        answer.scattered += energy(scattered);
        answer.reached += energy(&spread[..read_to]);
        answer.propagated += energy(spread);
        let (total, size) = (sum(deposits), absolute(deposits));
        let difference = relative(sum(scattered) - total, size);
        answer.scatter_difference = answer.scatter_difference.max(difference);
        let over = |(cell, q): (usize, &T)| q.wide() * tails[cells - cell];
        let beyond: f64 = scattered.iter().enumerate().map(over).sum();
        let left = sum(spread) + beyond - kernel_sum * total;
        let difference = relative(left, kernel_absolute * size);
        answer.wave_difference = answer.wave_difference.max(difference);
        answer.beyond += beyond.abs();
        amount += size;
    }
    answer.beyond = relative(answer.beyond, kernel_absolute * amount);
    answer
}

/// Bytes that [`layer`] takes beside the trace: a head's channels on all cells, before and after its
/// wave and on the way, and every head's kernel.
pub fn memory(config: &ModelConfig) -> u64 {
    let (cells, heads) = (config.field_size as u64, config.num_heads as u64);
    cells * (64 * (config.head_dim() as u64 + 2) + 4 * heads)
}

/// Each channel's cells after the wave, up to the field's end: the channels of one head, (G) each.
fn convolve<T: Real>(kernel: &[T], channels: &[Vec<T>]) -> Vec<Vec<T>> {
    let (cells, width) = (kernel.len(), channels.len());
    // Every cell is a token of its own here.
    let geometry = Geometry {
        batch: 1,
        seq_len: cells,
        heads: 1,
        head_dim: width,
        taps: Taps {
            field_size: cells,
            step: 1,
            count: cells,
        },
        places: Vec::new(),
        circular: false,
    };
    let mut rows = vec![T::zero(); cells * width];
    for (channel, values) in channels.iter().enumerate() {
        for (cell, value) in values.iter().enumerate() {
            rows[cell * width + channel] = *value;
        }
    }
    let mut spread = vec![T::zero(); rows.len()];
    let transforms = Transforms::new(geometry.fft_len());
    field_convolution(&geometry, &transforms, &rows, kernel, &mut spread);
    let channel = |c| spread.iter().skip(c).step_by(width).copied().collect();
    (0..width).map(channel).collect()
}

/// (G + 1): Σ κ(t) over t from each cell on.
fn tails<T: Real>(kernel: &[T]) -> Vec<f64> {
    let mut tails = vec![0.0; kernel.len() + 1];
    for t in (0..kernel.len()).rev() {
        tails[t] = tails[t + 1] + kernel[t].wide();
    }
    tails
}

/// max|K|² of a head's kernel over the frequencies of a line of a power of two, at least 2G: on such a
/// line the convolution has room, so by Parseval no energy on it is multiplied by more.
///
/// K is a sum of two geometric series: Σ_t e^(-αt)·cos(ωt + φ)·e^(-iθt)
/// = ½·e^(iφ)·g(e^(-α+i(ω-θ))) + ½·e^(-iφ)·g(e^(-α-i(ω+θ))), g(z) = (1 - z^G)/(1 - z).
fn bound(model: &Model, layer: usize, head: usize, cells: usize) -> f64 {
    let values = model.head(layer, head);
    let [omega, alpha, phase] = [values.frequency, values.damping, values.phase].map(f64::from);
    let wave = crate::kernels::wave_kernel::Wave {
        frequency: omega,
        damping: alpha,
        phase,
    };
    let divisor = wave.absolute_sum(cells);
    let scale = f64::from(values.gain) / divisor.max(crate::kernels::wave_kernel::SMALLEST_SUM);
    let len = (2 * cells).next_power_of_two();
    let power = |i: usize| {
        let theta = std::f64::consts::TAU * i as f64 / len as f64;
        let one = series(alpha, omega - theta, cells);
        let other = series(alpha, -omega - theta, cells);
        let (s, c) = (libm::sin(phase), libm::cos(phase));
        let re = 0.5 * (c * one[0] - s * one[1] + c * other[0] + s * other[1]);
        let im = 0.5 * (c * one[1] + s * one[0] + c * other[1] - s * other[0]);
        (re * re + im * im) * scale * scale
    };
    (0..=len / 2).map(power).fold(0.0, f64::max)
}

/// Σ z^t over t = 0..count for z = e^(-α + i·angle): real and imaginary part.
fn series(alpha: f64, angle: f64, count: usize) -> [f64; 2] {
    let power = |t: f64| {
        let size = libm::exp(-alpha * t);
        [size * libm::cos(angle * t), size * libm::sin(angle * t)]
    };
    let ([zr, zi], [er, ei]) = (power(1.0), power(count as f64));
    let (dr, di, nr, ni) = (1.0 - zr, -zi, 1.0 - er, -ei);
    let size = dr * dr + di * di;
    if size < 1e-24 {
        return [count as f64, 0.0];
    }
    [(nr * dr + ni * di) / size, (ni * dr - nr * di) / size]
}

/// (N, D): every head's channels as the coupling mixes them.
fn coupled<T: Real>(coupling: &[T], gathered: &[T], heads: usize, width: usize) -> Vec<T> {
    let mut coupled = vec![T::zero(); gathered.len()];
    let rows = gathered.chunks_exact(heads * width);
    for (gathered, coupled) in rows.zip(coupled.chunks_exact_mut(heads * width)) {
        for (channel, coupled) in coupled.iter_mut().enumerate() {
            let weights = &coupling[channel / width * heads..][..heads];
            for (weight, x) in weights
                .iter()
                .zip(gathered.iter().skip(channel % width).step_by(width))
            {
                *coupled += *weight * *x;
            }
        }
    }
    coupled
}

/// ‖Σ_heads now - Σ_heads before‖₂ / ‖Σ_heads before‖₂.
fn change_of_sums<T: Real>(before: &[T], now: &[T], heads: usize, width: usize) -> f64 {
    let (mut change, mut size) = (0.0, 0.0);
    for (before, now) in before
        .chunks_exact(heads * width)
        .zip(now.chunks_exact(heads * width))
    {
        for channel in 0..width {
            let total = |x: &[T]| {
                x.iter()
                    .skip(channel)
                    .step_by(width)
                    .map(|x| x.wide())
                    .sum::<f64>()
            };
            let (before, now) = (total(before), total(now));
            change += (now - before) * (now - before);
            size += before * before;
        }
    }
    relative(change.sqrt(), size.sqrt())
}

/// A head's channels one by one, (N) each.
fn channels<T: Real>(
    x: &[T],
    dim: usize,
    head: usize,
    width: usize,
) -> impl Iterator<Item = Vec<T>> {
    (head * width..(head + 1) * width)
        .map(move |channel| x.iter().skip(channel).step_by(dim).copied().collect())
}

fn energy<T: Real>(values: &[T]) -> f64 {
    values.iter().map(|x| x.wide() * x.wide()).sum()
}

fn sum<T: Real>(values: &[T]) -> f64 {
    values.iter().map(|x| x.wide()).sum()
}

fn mean<T: Real>(values: &[T]) -> f64 {
    sum(values) / values.len() as f64
}

fn least_and_greatest(values: impl Iterator<Item = f64>) -> [f64; 2] {
    values.fold(
        [f64::INFINITY, f64::NEG_INFINITY],
        |[least, greatest], x| [least.min(x), greatest.max(x)],
    )
}

/// |part| / whole; 0 where there is nothing.
fn relative(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part.abs() / whole } else { 0.0 }
}

#[cfg(test)]
mod tests;
