//! Embedding and loss.

use crate::Outcome;
use crate::kernels::{DROPOUT, whole};
use crate::twins::Twins;
use wavefield::backend::gpu::GpuDevice;
use wavefield::backend::{Backend, Op, View};
use wavefield::kernels::cross_entropy::{IGNORED, ROW, SUMMARY};
use wavefield::rng::mix32;

/// Rows in a sequence, sequences, vocabulary, channels.
const SHAPES: [[usize; 4]; 4] = [
    [1, 1, 1, 3],
    [37, 1, 131, 70],
    [9, 5, 7, 300],
    [40, 3, 1000, 64],
];
/// Tokens, some often and some never; a third of the targets count for nothing.
fn batch(rows: usize, vocab: usize) -> (Vec<i32>, Vec<i32>) {
    let token = |i: usize| (mix32(i as u32) as usize % vocab.div_ceil(2) * 2 % vocab) as i32;
    let ids = (0..rows).map(token).collect();
    let targets = (0..rows).map(|i| if i % 3 == 1 { IGNORED } else { token(i + 1000) });
    (ids, targets.collect())
}

pub async fn embed(device: GpuDevice) -> Outcome {
    for [seq_len, sequences, vocab, dim] in SHAPES {
        for dropout in [None, DROPOUT] {
            let mut t = Twins::new(device.clone());
            let rows = seq_len * sequences;
            let (ids, targets) = batch(rows, vocab);
            t.write_batch(&ids, &targets);
            let (table, positions) = (t.normals(vocab * dim + 11), t.normals(seq_len * dim));
            let y = t.poisoned(rows * dim);
            t.run(&[Op::Embed {
                table: View::of(table.tensor, 11..table.len()),
                positions,
                y: y.clone(),
                dim,
                dropout,
            }]);
            t.same(&format!("{rows} rows of {dim}"), &y, 0.0, 1e-6)
                .await?;
        }
    }
    Ok(())
}

pub async fn embed_backward(device: GpuDevice) -> Outcome {
    for [seq_len, sequences, vocab, dim] in SHAPES {
        for dropout in [None, DROPOUT] {
            let mut t = Twins::new(device.clone());
            let rows = seq_len * sequences;
            let (ids, targets) = batch(rows, vocab);
            t.write_batch(&ids, &targets);
            let dy = t.normals(rows * dim);
            let places = vocab * dim + 5;
            let gradients = t.begun_gradients(places + seq_len * dim);
            let norm = whole(&mut t, &gradients);
            let op = Op::EmbedBackward {
                dy,
                dtable: View::of(gradients.tensor, 5..places),
                // Learned positions or none.
                dpositions: (sequences != 5)
                    .then(|| View::of(gradients.tensor, places..gradients.len())),
                dim,
                dropout,
            };
            // Twice: it adds.
            t.run(&[op.clone(), op, norm]);
            t.same(&format!("{rows} rows of {dim}"), &gradients, 5e-6, 2e-6)
                .await?;
        }
    }
    Ok(())
}

/// More ids than one dimension has workgroups.
pub async fn embed_backward_of_many_ids(device: GpuDevice) -> Outcome {
    let vocab = 70_001;
    let mut t = Twins::new(device);
    // The first and the last, and those on both sides of the bound, one of them twice.
    let ids = [70_000, 0, 65_535, 65_536, 65_534, 65_536, 69_999];
    t.write_batch(&ids, &ids);
    let dy = t.normals(ids.len());
    let gradients = t.begun_gradients(vocab);
    let norm = whole(&mut t, &gradients);
    let op = Op::EmbedBackward {
        dy,
        dtable: gradients.clone(),
        dpositions: None,
        dim: 1,
        dropout: None,
    };
    t.run(&[op, norm]);
    t.same("gradients", &gradients, 1e-6, 1e-6).await
}

pub async fn cross_entropy(device: GpuDevice) -> Outcome {
    for [seq_len, sequences, vocab, _] in SHAPES {
        let mut t = Twins::new(device.clone());
        let rows = seq_len * sequences;
        let (ids, targets) = batch(rows, vocab);
        t.write_batch(&ids, &targets);
        let logits = t.normals(rows * vocab);
        let (row_stats, summary) = (t.poisoned(rows * ROW), t.poisoned(SUMMARY + 2));
        let summary = View::of(summary.tensor, 1..1 + SUMMARY);
        t.run(&[Op::CrossEntropy {
            logits,
            row_stats: row_stats.clone(),
            summary: summary.clone(),
        }]);
        t.same(&format!("rows of {vocab}"), &row_stats, 2e-6, 1e-6)
            .await?;
        t.same(&format!("summary of {vocab}"), &summary, 2e-6, 1e-6)
            .await?;
    }
    Ok(())
}

/// Logits of equal size, far apart, very sure; and a batch in which no target counts.
pub async fn cross_entropy_of_extremes(device: GpuDevice) -> Outcome {
    let (rows, vocab) = (6, 300);
    let row = |r: usize, i: usize| match r {
        0 => 7.0,
        1 => -300.0 * i as f32,
        2 => 1e4 * (i % 2) as f32,
        3 => -1e5,
        4 => 20.0 * f32::from(u8::from(i == 299)),
        _ => 5.0 * f32::from(u8::from(i % 100 == 50)),
    };
    let values: Vec<f32> = (0..rows * vocab)
        .map(|i| row(i / vocab, i % vocab))
        .collect();
    for targets in [
        [0, 0, 1, 0, 299, 50],
        [299, 299, 3, 1, 0, 250],
        [IGNORED; 6],
    ] {
        let mut t = Twins::new(device.clone());
        t.write_batch(&[0; 6], &targets);
        let logits = t.values(&values);
        let (row_stats, summary) = (t.poisoned(rows * ROW), t.poisoned(SUMMARY));
        let dlogits = t.poisoned(rows * vocab);
        t.run(&[
            Op::CrossEntropy {
                logits: logits.clone(),
                row_stats: row_stats.clone(),
                summary: summary.clone(),
            },
            Op::CrossEntropyBackward {
                logits,
                dlogits: dlogits.clone(),
            },
        ]);
        t.same(&format!("rows for {targets:?}"), &row_stats, 2e-6, 1e-6)
            .await?;
        t.same(&format!("summary for {targets:?}"), &summary, 2e-6, 1e-6)
            .await?;
        t.same(&format!("gradient for {targets:?}"), &dlogits, 1e-7, 2e-6)
            .await?;
    }
    Ok(())
}

/// A logit that is no number gives a loss and a gradient that are none.
pub async fn cross_entropy_without_a_number(device: GpuDevice) -> Outcome {
    for bad in [f32::NAN, f32::INFINITY] {
        let vocab = 300;
        let mut t = Twins::new(device.clone());
        t.write_batch(&[0; 2], &[3, 4]);
        let mut values = vec![1.0; 2 * vocab];
        values[123] = bad;
        let logits = t.values(&values);
        let (row_stats, summary) = (t.poisoned(2 * ROW), t.poisoned(SUMMARY));
        let dlogits = t.poisoned(2 * vocab);
        t.run(&[
            Op::CrossEntropy {
                logits: logits.clone(),
                row_stats,
                summary: summary.clone(),
            },
            Op::CrossEntropyBackward {
                logits,
                dlogits: dlogits.clone(),
            },
        ]);
        let loss = View::of(summary.tensor, 0..1);
        let row = View::of(dlogits.tensor, 0..vocab);
        let found = t
            .gpu
            .read(&[loss, row])
            .await
            .map_err(|error| error.to_string())?;
        if found.iter().any(|x| x.is_finite()) {
            return Err(format!(
                "{bad} gave a loss of {} and {}",
                found[0], found[1]
            ));
        }
    }
    Ok(())
}

pub async fn cross_entropy_backward(device: GpuDevice) -> Outcome {
    for [seq_len, sequences, vocab, _] in SHAPES {
        let mut t = Twins::new(device.clone());
        let rows = seq_len * sequences;
        let (ids, targets) = batch(rows, vocab);
        t.write_batch(&ids, &targets);
        let (logits, dlogits) = (t.normals(rows * vocab), t.poisoned(rows * vocab));
        t.run(&[Op::CrossEntropyBackward {
            logits,
            dlogits: dlogits.clone(),
        }]);
        t.same(&format!("rows of {vocab}"), &dlogits, 1e-7, 3e-6)
            .await?;
    }
    Ok(())
}
