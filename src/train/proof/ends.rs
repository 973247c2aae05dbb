//! Embedding, loss and update.

use super::dense::DROPOUT;
use super::world::{Batch, World};
use crate::backend::{Op, OptimizerSettings, Pace, View};
use crate::kernels::cross_entropy::{IGNORED, ROW, SUMMARY};
use crate::rng::mix32;

/// More sequences than a gradient's sum has parts, and more tokens than a workgroup has threads.
const BATCH: Batch = Batch {
    sequences: 9,
    seq_len: 29,
};
const ROWS: usize = BATCH.sequences * BATCH.seq_len;
const VOCAB: usize = 37;
/// Every so many rows of logits are unlike the others.
const APART: usize = 7;
/// Where the largest logit comes twice.
const TWICE: [usize; 2] = [9, 30];

/// Tokens, some often and some never; a third of the targets count for nothing.
fn batch(w: &mut World) {
    let token = |i: usize| (mix32(i as u32) as usize % VOCAB.div_ceil(2) * 2 % VOCAB) as i32;
    let ids: Vec<i32> = (0..ROWS).map(token).collect();
    let target = |i: usize| match i % (4 * APART) {
        _ if i % 3 == 1 => IGNORED,
        // The first of several largest logits.
        0 => 0,
        at if at == 3 * APART => TWICE[0] as i32,
        _ => token(i + 1000),
    };
    w.batch(BATCH, &ids, &(0..ROWS).map(target).collect::<Vec<_>>());
}

pub fn embedding(w: &mut World) {
    batch(w);
    // A row in one round of a workgroup's threads, and in two.
    for (what, dim, dropout) in [
        ("embedding", 259, None),
        ("embedding with dropout", 21, DROPOUT),
    ] {
        let table = w.sized(VOCAB * dim + 11, 0.5);
        let positions = w.sized(BATCH.seq_len * dim, 0.5);
        let y = w.output(ROWS * dim);
        let op = Op::Embed {
            table: View::of(table.tensor, 11..table.len()),
            positions,
            y: y.clone(),
            dim,
            dropout,
        };
        w.check(op, &[(what, &y)]);
    }
    for (what, positions, dim, dropout) in [
        ("gradient of the embedding", "", 259, None),
        (
            "gradient of the embedding with dropout",
            "gradient of the positions",
            21,
            DROPOUT,
        ),
    ] {
        let dy = w.noise(ROWS * dim);
        let dtable = w.gradient(VOCAB * dim);
        let dpositions = (!positions.is_empty()).then(|| w.gradient(BATCH.seq_len * dim));
        let op = Op::EmbedBackward {
            dy,
            dtable: dtable.clone(),
            dpositions: dpositions.clone(),
            dim,
            dropout,
        };
        let mut wanted = vec![(what, &dtable)];
        wanted.extend(dpositions.as_ref().map(|view| (positions, view)));
        w.check(op, &wanted);
    }
}

/// Logits, among them rows of equal ones, very sure ones, and some that are far apart.
fn logits(w: &mut World) -> View {
    let mut logits = w.noise_of(ROWS * VOCAB, 4.0);
    for (r, row) in logits.chunks_exact_mut(VOCAB).enumerate().step_by(APART) {
        match r / APART % 4 {
            0 => row.fill(7.0),
            1 => row
                .iter_mut()
                .enumerate()
                .for_each(|(i, x)| *x = -4.0 * i as f32),
            2 => row.fill(-1e5),
            _ => TWICE.iter().for_each(|i| row[*i] = 9.0),
        }
    }
    w.values(&logits)
}

pub fn loss(w: &mut World) {
    batch(w);
    let logits = logits(w);
    let (row_stats, summary) = (w.output(ROWS * ROW), w.output(SUMMARY));
    let op = Op::CrossEntropy {
        logits: logits.clone(),
        row_stats: row_stats.clone(),
        summary: summary.clone(),
    };
    let one = |i: usize| View::of(summary.tensor, i..i + 1);
    let wanted = [
        ("each token's loss", &row_stats),
        ("mean loss", &one(1)),
        ("tokens foretold", &one(2)),
        ("tokens that count", &one(3)),
        ("loss in brief", &summary),
    ];
    w.check(op, &wanted);
    let dlogits = w.output(ROWS * VOCAB);
    let op = Op::CrossEntropyBackward {
        logits,
        dlogits: dlogits.clone(),
    };
    w.check(op, &[("gradient of the loss", &dlogits)]);
}

/// A logit that is no number must not pass for a good one.
pub fn loss_of_no_number(w: &mut World) {
    batch(w);
    for (bad, loss, gradient) in [
        (f32::NAN, "loss of no number", "gradient of no number"),
        (f32::INFINITY, "loss of infinity", "gradient of infinity"),
    ] {
        let mut values = w.noise_of(ROWS * VOCAB, 2.0);
        values[12] = bad;
        let logits = w.values(&values);
        let (row_stats, summary) = (w.output(ROWS * ROW), w.output(SUMMARY));
        let op = Op::CrossEntropy {
            logits: logits.clone(),
            row_stats,
            summary: summary.clone(),
        };
        w.check_no_number(op, &[(loss, &View::of(summary.tensor, 1..2))]);
        let dlogits = w.output(ROWS * VOCAB);
        let row = View::of(dlogits.tensor, 1..1 + VOCAB);
        w.check_no_number(
            Op::CrossEntropyBackward { logits, dlogits },
            &[(gradient, &row)],
        );
    }
}

pub fn optimizer(w: &mut World) {
    let len = 3000;
    for (names, clip_norm, norm, pace) in [
        (
            [
                "step, clipped",
                "mean of gradients, clipped",
                "mean of their squares, clipped",
            ],
            0.5,
            3.0,
            Pace::default(),
        ),
        (
            ["step", "mean of gradients", "mean of their squares"],
            4.0,
            3.0,
            Pace {
                rate: 3.0,
                decayed: false,
            },
        ),
        (
            [
                "step without a finite gradient",
                "mean without one",
                "squares without one",
            ],
            0.5,
            f32::INFINITY,
            Pace::default(),
        ),
        (
            [
                "step without a gradient",
                "mean without a gradient",
                "squares without a gradient",
            ],
            f64::INFINITY,
            f32::NAN,
            Pace::default(),
        ),
    ] {
        let mut gradients = w.noise_of(len, 0.1);
        let mut squares = w.noise_of(len, 1e-3);
        squares.iter_mut().for_each(|x| *x = x.abs());
        // Where there was hardly any gradient, what is added to the root counts.
        for i in 0..len / 10 {
            (gradients[i], squares[i]) = (1e-8 * gradients[i], 0.0);
        }
        let gradients = w.values(&gradients);
        let first_moment = w.sized(len, 0.01);
        let second_moment = w.values(&squares);
        let parameters = w.sized(len + 9, 0.02);
        // Norm and verdict are neighbours in the report.
        let report = w.values(&[7.0, norm, 0.0]);
        let op = Op::AdamW {
            settings: OptimizerSettings {
                beta1: 0.9,
                beta2: 0.95,
                epsilon: 1e-8,
                weight_decay: 0.1,
                clip_norm,
            },
            pace,
            gradients,
            norm: View::of(report.tensor, 1..2),
            verdict: View::of(report.tensor, 2..3),
            parameters: View::of(parameters.tensor, 7..len + 7),
            first_moment: first_moment.clone(),
            second_moment: second_moment.clone(),
        };
        let [step, mean, square] = names;
        let wanted = [
            (step, &parameters),
            (mean, &first_moment),
            (square, &second_moment),
        ];
        w.check(op, &wanted);
    }
}
