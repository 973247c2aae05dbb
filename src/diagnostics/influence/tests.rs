//! Held against the model's own sums, the field convolution itself, a softmax by its definition and
//! finite differences, all in float64.

use super::gradient::{felt, to_the_stream};
use super::*;
use crate::backend::cpu::Cpu;
use crate::backend::{Backend, Op, StepInputs};
use crate::config::Architecture;
use crate::config::tests::{config, modern};
use crate::kernels::cross_entropy::IGNORED;
use crate::kernels::field_convolution::{Geometry, Transforms, field_convolution};
use crate::kernels::testing::normals;
use crate::model::Model;
use crate::model::network::Network;

const IDS: [u32; 11] = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 12];

/// A model whose every parameter is far from its first value: couplings, gates and gains as well.
fn model(architecture: Architecture, field_size: usize) -> Model {
    moved(ModelConfig {
        architecture,
        field_size,
        num_layers: 3,
        ..config()
    })
}

fn moved(config: ModelConfig) -> Model {
    let mut model = Model::new(config, 5).unwrap();
    let flat = model.parameters.flat_mut();
    for (value, noise) in flat.iter_mut().zip(normals(8, 1 << 15)) {
        *value += 0.3 * noise as f32;
    }
    for (i, gain) in model.gains.iter_mut().enumerate() {
        *gain = 0.5 + 0.25 * (i % 5) as f32;
    }
    model
}

/// A fractional stride, a whole one, one cell a token, and the standard Transformer; and with all options.
fn models() -> [(&'static str, Model); 6] {
    let with_options =
        |architecture, cells| moved(modern(model(architecture, cells).config.clone()));
    [
        ("fractional", model(Architecture::Wave, 64)),
        ("whole", model(Architecture::Wave, 65)),
        ("unit", model(Architecture::Wave, 17)),
        ("modern", with_options(Architecture::Wave, 64)),
        ("standard", model(Architecture::Standard, 0)),
        ("modern standard", with_options(Architecture::Standard, 0)),
    ]
}

#[test]
fn contributions_add_up_to_what_is_taken_in() {
    for (name, model) in models() {
        let trace = Trace::<f64>::new(&model, &IDS);
        let (dim, width) = (model.config.embedding_dim, model.config.head_dim());
        for layer in 0..3 {
            for head in [None, Some(0), Some(3)] {
                let listening = Listening::new(&trace, layer, head);
                let channels = head.map_or(0..dim, |h| h * width..(h + 1) * width);
                for i in 0..IDS.len() {
                    let reach = listening.reach(i);
                    let (mut sum, mut part) =
                        (vec![0.0; channels.len()], vec![f64::NAN; channels.len()]);
                    for j in 0..=i {
                        listening.contribution(i, j, &reach, &mut part);
                        sum.iter_mut().zip(&part).for_each(|(sum, x)| *sum += x);
                    }
                    let mixed = &trace.layers[layer].mixed[i * dim..][channels.clone()];
                    for (sum, mixed) in sum.iter().zip(mixed) {
                        assert!(
                            (sum - mixed).abs() < 1e-12 * (1.0 + mixed.abs()),
                            "{name}, layer {layer}, {head:?}, token {i}: {sum} and {mixed}"
                        );
                    }
                }
            }
        }
    }
}

/// With all deposits but one taken off the field, the convolution carries what that one gives.
#[test]
fn one_deposit_alone_is_carried_by_the_field_as_said() {
    for (name, model) in &models()[..4] {
        let trace = Trace::<f64>::new(model, &IDS);
        let (n, dim, heads) = (IDS.len(), 16, 4);
        let geometry = Geometry::new(&model.config, 1, n);
        let transforms = Transforms::new(geometry.fft_len());
        let wave = trace.layers[1].wave().unwrap();
        let found = heard(&trace, 1, None, 0..n);
        for j in 0..n {
            let mut alone = vec![0.0; n * dim];
            alone[j * dim..][..dim].copy_from_slice(&wave.deposits[j * dim..][..dim]);
            let mut gathered = vec![f64::NAN; n * dim];
            field_convolution(&geometry, &transforms, &alone, &wave.kernel, &mut gathered);
            for i in 0..n {
                let squares = (0..dim).map(|channel| {
                    let (h, e) = (channel / 4, channel % 4);
                    let coupled = (0..heads)
                        .map(|from| {
                            wave.coupling[h * heads + from] * gathered[i * dim + from * 4 + e]
                        })
                        .sum::<f64>();
                    (wave.gate[i * dim + channel] * coupled).powi(2)
                });
                let expected = squares.sum::<f64>().sqrt();
                let loudness = found.loudness[i * n + j];
                assert!(
                    (loudness - expected).abs() < 1e-13,
                    "{name}: {i} hears {j}: {loudness} and {expected}"
                );
            }
        }
    }
}

#[test]
fn shares_add_up_to_one_and_later_tokens_are_silent() {
    for (name, model) in models() {
        let trace = Trace::<f64>::new(&model, &IDS);
        let n = IDS.len();
        for head in [None, Some(2)] {
            let whole = heard(&trace, 2, head, 0..n);
            for i in 0..n {
                let row = &whole.share[i * n..][..n];
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-11, "{name}: {i}");
                assert!(whole.loudness[i * n..][..=i].iter().all(|x| *x > 0.0));
                assert!(row[i + 1..].iter().all(|x| *x == 0.0));
                assert!(whole.loudness[i * n..][i + 1..n].iter().all(|x| *x == 0.0));
            }
            let part = heard(&trace, 2, head, 4..7);
            assert_eq!(part.loudness, whole.loudness[4 * n..7 * n]);
            assert_eq!(part.share, whole.share[4 * n..7 * n]);
            assert_eq!(whole.weights.is_empty(), model.config.is_wave());
        }
    }
}

#[test]
fn a_muted_layer_is_heard_by_nobody() {
    let mut model = model(Architecture::Wave, 64);
    model.gains.fill(0.0);
    let trace = Trace::<f64>::new(&model, &IDS);
    let found = heard(&trace, 0, None, 0..IDS.len());
    assert!(found.loudness.iter().all(|x| *x == 0.0));
    assert!(found.share.iter().all(|x| *x == 0.0));
}

#[test]
fn attention_weights_are_the_softmax() {
    let model = model(Architecture::Standard, 0);
    let trace = Trace::<f64>::new(&model, &IDS);
    let AttentionTrace::Standard { qkv } = &trace.layers[0].attention else {
        panic!("a standard Transformer");
    };
    let (n, dim, width) = (IDS.len(), 16, 4);
    let mut mean = vec![0.0; n * n];
    for head in 0..4 {
        let found = heard(&trace, 0, Some(head), 0..n);
        for i in 0..n {
            let score = |j: usize| -> f64 {
                let pairs = (head * width..(head + 1) * width)
                    .map(|c| qkv[i * 3 * dim + c] * qkv[j * 3 * dim + dim + c]);
                (pairs.sum::<f64>() / 2.0).exp()
            };
            let total: f64 = (0..=i).map(score).sum();
            let row = &found.weights[i * n..][..n];
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            for j in 0..=i {
                let expected = score(j) / total;
                assert!((row[j] - expected).abs() < 1e-13, "{i} to {j}");
                let values = &qkv[j * 3 * dim + 2 * dim + head * width..][..width];
                let norm = values.iter().map(|v| v * v).sum::<f64>().sqrt();
                assert!((found.loudness[i * n + j] - expected * norm).abs() < 1e-13);
                mean[i * n + j] += expected / 4.0;
            }
        }
    }
    let all = heard(&trace, 0, None, 0..n).weights;
    assert!(all.iter().zip(&mean).all(|(a, b)| (a - b).abs() < 1e-13));
}

/// The losses of single predictions as a function of the embedding stream.
struct Losses<'a> {
    model: &'a Model,
    targets: Vec<u32>,
}

impl Losses<'_> {
    fn stream(&self) -> Vec<f64> {
        Trace::<f64>::new(self.model, &IDS).layers[0].input.clone()
    }

    /// -ln p(target) after each token.
    fn at(&self, stream: &[f64]) -> Vec<f64> {
        let mut cpu = Cpu::<f64>::new();
        let network = Network::for_inference(&mut cpu, self.model, 1, IDS.len());
        let ops = network.forward(0.0).into_iter();
        let ops: Vec<Op> = ops.filter(|op| !matches!(op, Op::Embed { .. })).collect();
        let program = cpu.prepare(&ops);
        cpu.view_mut(network.stream(0)).copy_from_slice(stream);
        cpu.run(&program, &StepInputs::default());
        let logits = cpu.view(network.logits());
        let rows = logits.chunks_exact(13).zip(&self.targets);
        rows.map(|(row, target)| {
            row.iter().map(|x| x.exp()).sum::<f64>().ln() - row[*target as usize]
        })
        .collect()
    }

    /// (N·D, N): by central differences of the fourth order.
    fn slopes(&self) -> Vec<Vec<f64>> {
        let stream = self.stream();
        let step = 1e-4;
        let moved = |at: usize, by: f64| {
            let mut stream = stream.clone();
            stream[at] += by;
            self.at(&stream)
        };
        let slope = |at| {
            let [a, b, c, d] = [1.0, -1.0, 2.0, -2.0].map(|steps| moved(at, steps * step));
            (0..IDS.len())
                .map(|i| (8.0 * (a[i] - b[i]) - (c[i] - d[i])) / (12.0 * step))
                .collect()
        };
        (0..stream.len()).map(slope).collect()
    }
}

#[test]
fn gradients_are_the_losses_slopes() {
    let (n, dim) = (IDS.len(), 16);
    for (name, model) in models() {
        let found = felt::<f64>(&model, &IDS, 0..n);
        assert_eq!(found.targets[..n - 1], IDS[1..]);
        let logits = Trace::<f64>::new(&model, &IDS).logits;
        let last = &logits[(n - 1) * 13..];
        let target = found.targets[n - 1] as usize;
        assert!(last.iter().all(|x| *x <= last[target]));

        let losses = Losses {
            model: &model,
            targets: found.targets.clone(),
        };
        let stream = losses.stream();
        let slopes = losses.slopes();
        for (i, loss) in losses.at(&stream).into_iter().enumerate() {
            assert!((loss - found.losses[i]).abs() < 1e-12, "{name}: loss {i}");
            for j in 0..n {
                let slope = |e: usize| slopes[j * dim + e][i];
                let norm = (0..dim).map(|e| slope(e).powi(2)).sum::<f64>().sqrt();
                let along: f64 = (0..dim).map(|e| slope(e) * stream[j * dim + e]).sum();
                for (what, found, expected) in [
                    ("strength", found.strength[i * n + j], norm),
                    ("support", found.support[i * n + j], -along),
                ] {
                    assert!(
                        (found - expected).abs() < 1e-7 * (1.0 + expected.abs()),
                        "{name}: {what} of {j} for {i}: {found} and {expected}"
                    );
                }
                if j > i {
                    assert_eq!(found.strength[i * n + j], 0.0);
                    assert!(norm < 1e-8, "{name}: {i} depends on {j}");
                }
            }
        }
    }
}

/// What is asked for in pieces is what is asked for at once, and the backward finds nothing from later
/// tokens where it could have.
#[test]
fn rows_stand_alone() {
    let n = IDS.len();
    for (name, model) in models() {
        let whole = felt::<f64>(&model, &IDS, 0..n);
        let part = felt::<f64>(&model, &IDS, 3..6);
        for (a, b) in part.strength.iter().zip(&whole.strength[3 * n..]) {
            assert!((a - b).abs() < 1e-12 * (1.0 + b), "{name}: {a} and {b}");
        }
        let mut cpu = Cpu::<f64>::new();
        let network = Network::for_gradients(&mut cpu, &model, 1, n);
        let ids = IDS.map(|id| id as i32);
        let mut targets = [IGNORED; 11];
        targets[4] = ids[5];
        cpu.write_batch(&ids, &targets);
        let ops = [network.forward(0.0), to_the_stream(&network)].concat();
        let program = cpu.prepare(&ops);
        cpu.run(&program, &StepInputs::default());
        let gradient = cpu.view(network.embedding_gradient());
        assert!(gradient[5 * 16..].iter().all(|x| x.abs() < 1e-12), "{name}");
        let row: f64 = gradient[..16].iter().map(|x| x * x).sum();
        assert!((row.sqrt() - whole.strength[4 * n]).abs() < 1e-12);
    }
}
