use super::*;
use crate::backend::View;
use crate::backend::cpu::Cpu;
use crate::config::ModelConfig;
use crate::model::Model;
use crate::model::network::{Activations, Network};
use crate::train::{Batch, Dataset, Fault, StepReport, TrainConfig};

const ROWS: usize = 5;
const SEQ: usize = 16;

fn model() -> Model {
    let config = ModelConfig {
        architecture: crate::Architecture::Wave,
        vocab_size: 7,
        embedding_dim: 16,
        num_layers: 3,
        num_heads: 2,
        ffn_dim: 32,
        field_size: 17,
        max_seq_len: 17,
        interference_interval: 2,
        position_scale: 0.03,
        ..ModelConfig::default()
    };
    Model::new(config, 5).unwrap()
}

fn dataset() -> Dataset {
    let tokens: Vec<u32> = (0..400u32).map(|i| (i * i / 3 + i) % 7).collect();
    Dataset {
        train: tokens[..300].to_vec(),
        validation: tokens[300..].to_vec(),
    }
}

fn trainer(shards: usize) -> Trainer {
    let config = TrainConfig {
        batch_size: ROWS,
        seq_len: SEQ,
        steps: 60,
        warmup_steps: 5,
        peak_lr: 1e-2,
        dropout: 0.1,
        seed: 3,
        shards,
        ..TrainConfig::default()
    };
    Trainer::new(model(), config, dataset()).unwrap()
}

/// The gradient of some rows of a batch in float64, as a part of the whole's.
fn gradient(batch: &Batch, rows: Range<usize>, whole: bool) -> Vec<f64> {
    const DROPOUT: f32 = 0.2;
    let mut cpu = Cpu::<f64>::new();
    let network = Network::for_training(&mut cpu, &model(), rows.len(), SEQ, Activations::Kept);
    let ops = [
        network.forward(DROPOUT),
        network.loss(),
        network.backward(DROPOUT),
    ];
    let program = cpu.prepare(&ops.concat());
    let tokens = rows.start * SEQ..rows.end * SEQ;
    let part = BatchPart {
        first_token: tokens.start,
        counted: counted(&batch.targets),
    };
    cpu.write_batch(&batch.ids[tokens.clone()], &batch.targets[tokens]);
    let inputs = StepInputs {
        dropout_key: step_key(3, 1),
        part: (!whole).then_some(part),
        ..StepInputs::default()
    };
    cpu.run(&program, &inputs);
    let gradient = cpu.view(&network.flat_gradients()).to_vec();
    assert!(gradient.iter().any(|g| *g != 0.0));
    gradient
}

#[test]
fn the_gradients_of_the_parts_add_up_to_that_of_the_whole() {
    let mut batch = dataset().batch(3, 1, ROWS, SEQ);
    // Rows that count unequally show whether the mean is the whole's.
    batch.targets[SEQ + 3] = IGNORED;
    let whole = gradient(&batch, 0..ROWS, true);
    for cuts in [&[0, 2, 5][..], &[0, 1, 3, 5], &[0, 5]] {
        let mut sum = vec![0.0; whole.len()];
        for cut in cuts.windows(2) {
            let part = gradient(&batch, cut[0]..cut[1], false);
            sum.iter_mut()
                .zip(part)
                .for_each(|(sum, part)| *sum += part);
        }
        for (i, (sum, whole)) in sum.iter().zip(&whole).enumerate() {
            let error = (sum - whole).abs();
            assert!(
                error <= 1e-12 * (1.0 + whole.abs()),
                "{cuts:?} at {i}: {sum}, {whole}"
            );
        }
    }
}

/// The run's steps, and where they led.
fn alone(mut trainer: Trainer, steps: usize) -> (Vec<StepReport>, Vec<f32>) {
    let reports = (0..steps).map(|_| trainer.step().unwrap()).collect();
    let parameters = trainer.model().unwrap().parameters.flat().to_vec();
    (reports, parameters)
}

/// One step by several trainers, each pair exchanging what it has in round after round.
fn shared_step(workers: &mut [Trainer]) {
    let count = workers.len();
    let shards = workers[0].config().shards / count;
    for (i, worker) in workers.iter_mut().enumerate() {
        worker.begin_share(i * shards..(i + 1) * shards);
    }
    let mut distance = 1;
    while distance < count {
        let sent: Vec<Vec<f32>> = workers
            .iter()
            .map(|worker| {
                let (gradient, summaries) = worker.share();
                [&gradient[..], summaries].concat()
            })
            .collect();
        for (i, worker) in workers.iter_mut().enumerate() {
            let other = &sent[i ^ distance];
            assert_eq!(other.len(), worker.share_len());
            // In pieces, one of which has both gradients and summaries.
            for (piece, values) in other.chunks(1000).enumerate() {
                worker.add_share(piece * 1000, values);
            }
        }
        distance *= 2;
    }
    workers.iter_mut().for_each(Trainer::finish_shared);
}

#[test]
fn a_step_is_the_same_bit_for_bit_however_many_workers_share_it() {
    let (expected, parameters) = alone(trainer(4), 20);
    for count in [1, 2, 4] {
        let mut workers: Vec<Trainer> = (0..count).map(|_| trainer(4)).collect();
        for expected in &expected {
            shared_step(&mut workers);
            let prints: Vec<u32> = workers.iter().map(Trainer::fingerprint).collect();
            assert!(prints.iter().all(|print| *print == prints[0]));
            for worker in &mut workers {
                let reports = crate::backend::wait(worker.reports()).unwrap();
                assert_eq!(reports, [*expected], "{count} workers");
            }
        }
        for worker in &mut workers {
            assert_eq!(worker.model().unwrap().parameters.flat(), parameters);
        }
    }
}

#[test]
fn a_run_whose_batches_are_cut_follows_the_whole_within_rounding() {
    let (expected, whole) = alone(trainer(1), 20);
    for shards in [2, 4] {
        let (reports, parameters) = alone(trainer(shards), 20);
        for (found, expected) in reports.iter().zip(&expected) {
            let near = |a: f32, b: f32| (a - b).abs() <= 1e-4 + 1e-3 * b.abs();
            assert!(near(found.loss, expected.loss), "{found:?} {expected:?}");
            assert!(near(found.gradient_norm, expected.gradient_norm));
            assert_eq!(found.learning_rate, expected.learning_rate);
        }
        let error = |(a, b): (&f32, &f32)| f64::from(a - b).powi(2);
        let distance = parameters.iter().zip(&whole).map(error).sum::<f64>().sqrt();
        let length = whole
            .iter()
            .map(|x| f64::from(*x).powi(2))
            .sum::<f64>()
            .sqrt();
        assert!(
            distance < 1e-3 * length,
            "{shards} shards: {distance} of {length}"
        );
    }
}

#[test]
fn a_share_that_is_not_finished_leaves_the_run_as_it_was() {
    let (expected, parameters) = alone(trainer(4), 4);
    let mut broken = trainer(4);
    for _ in 0..2 {
        broken.step().unwrap();
    }
    let before = broken.fingerprint();
    broken.begin_share(0..2);
    assert_eq!((broken.fingerprint(), broken.steps_done()), (before, 2));
    assert_eq!(broken.step().unwrap(), expected[2]);
    assert_ne!(broken.fingerprint(), before);
    let mut state = broken.state().unwrap();
    state.config.peak_lr *= 2.0;
    let model = broken.model().unwrap().clone();
    let other = Trainer::resume(model, state, dataset()).unwrap();
    assert_ne!(
        other.fingerprint(),
        broken.fingerprint(),
        "another learning rate"
    );
    assert_eq!(broken.step().unwrap(), expected[3]);
    assert_eq!(broken.model().unwrap().parameters.flat(), parameters);
}

#[test]
fn a_run_that_was_whole_goes_on_cut_and_evaluates_the_same() {
    let mut whole = trainer(1);
    whole.step().unwrap();
    let before = whole.evaluate(None).unwrap();
    let (model, mut state) = (whole.model().unwrap().clone(), whole.state().unwrap());
    state.config.shards = 2;
    let mut cut = Trainer::resume(model, state, dataset()).unwrap();
    let after = cut.evaluate(None).unwrap();
    assert_eq!(
        (after.tokens, after.accuracy),
        (before.tokens, before.accuracy)
    );
    assert!((after.loss - before.loss).abs() < 1e-6);
    assert_eq!(cut.state().unwrap().config.shards, 2);
    let (found, expected) = (cut.step().unwrap(), whole.step().unwrap());
    assert!((found.loss - expected.loss).abs() < 1e-5);
}

#[test]
fn shards_are_a_power_of_two_and_not_more_than_there_are_sequences() {
    for (batch_size, seq_len, shards) in [
        (1, 4096, 1),
        (16, 8, 1),
        (4, 64, 2),
        (5, 128, 4),
        (16, 64, 8),
        (64, 1024, 8),
        (1 << 16, 1 << 20, 8),
    ] {
        let mut config = TrainConfig {
            batch_size,
            seq_len,
            ..trainer(1).config().clone()
        };
        for _ in 0..2 {
            config.divide();
            assert_eq!(config.shards, shards, "{batch_size} of {seq_len}");
        }
    }
    for wrong in [0, 3, 8] {
        let config = TrainConfig {
            shards: wrong,
            ..trainer(1).config().clone()
        };
        let error = config.validate().unwrap_err().to_string();
        assert!(
            error.contains("shards") && error.contains("5 sequences"),
            "{error}"
        );
    }
}

#[test]
fn a_step_that_comes_to_no_number_is_made_by_no_worker() {
    let mut workers: Vec<Trainer> = (0..2).map(|_| trainer(2)).collect();
    for worker in &mut workers {
        let flat = worker.layout.network.flat_parameters();
        let first = View::of(flat.tensor, 0..1);
        worker.layout.device.write(&first, &[f32::NAN]);
    }
    let bits = |worker: &Trainer| -> Vec<u32> {
        let flat = worker.layout.network.flat_parameters();
        let values = cpu(&worker.layout.device).view(&flat);
        values.iter().map(|x| x.to_bits()).collect()
    };
    let before = bits(&workers[0]);
    shared_step(&mut workers);
    for worker in &mut workers {
        let reports = crate::backend::wait(worker.reports()).unwrap();
        assert_eq!(reports[0].fault, Some(Fault::Loss));
        assert_eq!(bits(worker), before);
    }
}
