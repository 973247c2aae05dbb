//! The lab's field on the golden models, against sums written out in float64.

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};
use std::collections::HashMap;
use wavefield::checkpoint::Checkpoint;
use wavefield::diagnostics::Trace;
use wavefield::diagnostics::field::{Along, Field};
use wavefield::model::Model;

const CASES: [&str; 4] = [
    "wave_fractional_stride",
    "wave_integer_stride",
    "wave_unit_stride",
    "wave_released_shape",
];

struct Golden {
    model: Model,
    ids: Vec<u32>,
    /// (N, V), computed by an independent program.
    logits: Vec<f32>,
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    let words = bytes.as_chunks::<4>().0;
    words.iter().map(|&word| f32::from_le_bytes(word)).collect()
}

/// A golden model and the first row of its tokens.
fn golden(name: &str) -> Golden {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let bytes = std::fs::read(format!("{folder}/{name}.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let config = header.metadata().as_ref().unwrap()["config"].clone();
    let state: HashMap<&str, TensorView> = tensors
        .iter()
        .filter_map(|(key, tensor)| Some((key.strip_prefix("param.")?, tensor)))
        .collect();
    let file = serialize(state, Some(HashMap::from([("config".into(), config)]))).unwrap();
    let ids = tensors.tensor("ids").unwrap();
    assert_eq!(ids.dtype(), Dtype::I32);
    let columns = ids.shape()[1];
    let all: Vec<u32> = floats(ids.data()).iter().map(|id| id.to_bits()).collect();
    Golden {
        model: Checkpoint::from_bytes(&file).unwrap().model,
        ids: all[..columns].to_vec(),
        logits: floats(tensors.tensor("logits").unwrap().data()),
    }
}

/// κ at every cell as its formula says, with the cosine itself.
fn kernel(model: &Model, layer: usize, head: usize) -> Vec<f64> {
    let of = |name: &str| {
        let name = format!("layers.{layer}.attention.wave_{name}");
        f64::from(model.parameters.get(&name).unwrap()[head])
    };
    let damping = of("damping").exp().ln_1p();
    let wave = |t: usize| {
        let t = t as f64;
        (-damping * t).exp() * (of("frequency") * t + of("phase")).cos()
    };
    let waves: Vec<f64> = (0..model.config.field_size).map(wave).collect();
    let sum = waves.iter().map(|x| x.abs()).sum::<f64>().max(1e-8);
    waves.iter().map(|x| x / sum).collect()
}

/// How much of a token lies on a cell.
fn weight(model: &Model, token: usize, cell: usize) -> f64 {
    let stride = (model.config.field_size - 1) as f64 / (model.config.max_seq_len - 1) as f64;
    (1.0 - (token as f64 * stride - cell as f64).abs()).max(0.0)
}

fn near(found: f64, expected: f64, what: &str) {
    let error = (found - expected).abs();
    assert!(
        error <= 1e-12 + 1e-9 * expected.abs(),
        "{what}: {found}, expected {expected}"
    );
}

#[test]
fn every_time_and_cell_is_the_sum_of_the_waves_so_far() {
    for name in CASES {
        let Golden { model, ids, logits } = golden(name);
        let trace = Trace::<f64>::new(&model, &ids);
        for (found, golden) in trace.logits.iter().zip(&logits) {
            let golden = f64::from(*golden);
            assert!((found - golden).abs() < 1e-4, "{name}: {found}, {golden}");
        }
        let (layer, head, channel) = (model.config.num_layers - 1, 1, 2);
        let (cells, width) = (model.config.field_size, model.config.head_dim());
        let (heads, dim) = (model.config.num_heads, model.config.embedding_dim);
        let wave = trace.layers[layer].wave().unwrap();
        let kernels: Vec<_> = (0..heads).map(|h| kernel(&model, layer, h)).collect();
        // field_t(c) of one head.
        let field_at = |h: usize, t: usize, cell: usize| -> f64 {
            let landed = |b: usize| -> f64 {
                (0..=t)
                    .map(|j| weight(&model, j, b) * wave.deposits[j * dim + h * width + channel])
                    .sum()
            };
            (0..=cell).map(|b| landed(b) * kernels[h][cell - b]).sum()
        };
        let raw = model
            .parameters
            .get(&format!("layers.{layer}.attention.field_coupling"))
            .unwrap();
        let row: Vec<f64> = (0..heads)
            .map(|h| f64::from(raw[head * heads + h]).exp())
            .collect();
        let total: f64 = row.iter().sum();

        let field = Field::new(&model, &trace, layer);
        let frames = field.frames(head, Along::Channel(channel));
        let coupled = field.coupled_frames(head, Along::Channel(channel));
        let last = ids.len() - 1;
        for t in [0, last / 3, last] {
            for cell in [0, 1, 7, cells / 4, cells / 2 + 1, cells - 1] {
                let at = t * cells + cell;
                let what = format!("{name}, time {t}, cell {cell}");
                near(frames[at], field_at(head, t, cell), &what);
                let lent = (0..heads).map(|h| row[h] / total * field_at(h, t, cell));
                near(coupled[at], lent.sum(), &format!("{what}, coupled"));
            }
        }
    }
}

#[test]
fn what_is_read_at_the_tokens_places_is_what_the_layer_uses() {
    for name in CASES {
        let Golden { model, ids, .. } = golden(name);
        let trace = Trace::<f64>::new(&model, &ids);
        let (cells, dim) = (model.config.field_size, model.config.embedding_dim);
        let width = model.config.head_dim();
        for layer in [0, model.config.num_layers - 1] {
            let wave = trace.layers[layer].wave().unwrap();
            let field = Field::new(&model, &trace, layer);
            for (head, channel) in [(0, 0), (model.config.num_heads - 1, width - 1)] {
                let along = Along::Channel(channel);
                let (frames, coupled) =
                    (field.frames(head, along), field.coupled_frames(head, along));
                // A token reads when it has been read itself, and what comes later changes nothing there.
                for t in 0..ids.len() {
                    let at = t * dim + head * width + channel;
                    for time in [t, ids.len() - 1] {
                        let frame = time * cells..(time + 1) * cells;
                        let what = format!("{name}, layer {layer}, token {t} at time {time}");
                        near(
                            field.gather(&frames[frame.clone()])[t],
                            wave.gathered[at],
                            &what,
                        );
                        let used = field.gather(&coupled[frame])[t] * wave.gate[at];
                        near(
                            used,
                            trace.layers[layer].mixed[at],
                            &format!("{what}, coupled"),
                        );
                    }
                }
            }
        }
    }
}
