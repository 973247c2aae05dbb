use super::*;
use crate::config::ModelConfig;

fn config() -> ModelConfig {
    ModelConfig {
        vocab_size: 7,
        embedding_dim: 16,
        num_layers: 3,
        num_heads: 2,
        ffn_dim: 32,
        field_size: 17,
        max_seq_len: 17,
        interference_interval: 2,
        position_scale: 0.03,
    }
}

fn settings() -> TrainConfig {
    TrainConfig {
        batch_size: 4,
        seq_len: 16,
        steps: 60,
        warmup_steps: 5,
        peak_lr: 1e-2,
        dropout: 0.1,
        seed: 3,
        ..TrainConfig::default()
    }
}

/// A text with something to learn: each token follows from the one before.
fn dataset() -> Dataset {
    let tokens: Vec<u32> = (0..400u32).map(|i| (i * i / 3 + i) % 7).collect();
    Dataset {
        train: tokens[..300].to_vec(),
        validation: tokens[300..].to_vec(),
    }
}

fn trainer() -> Trainer {
    let model = Model::new(config(), 5).unwrap();
    Trainer::new(model, settings(), dataset()).unwrap()
}

#[test]
fn the_loss_falls() {
    let mut trainer = trainer();
    let before = trainer.evaluate(None);
    assert!(
        (before.loss - 7f64.ln()).abs() < 0.1,
        "untrained: {before:?}"
    );
    assert_eq!(before.tokens, 99);
    while trainer.steps_done() < 60 {
        assert!(!trainer.step().rolled_back);
    }
    let after = trainer.evaluate(None);
    assert!(after.loss < 0.7 * before.loss, "{before:?} {after:?}");
    assert!(after.accuracy > before.accuracy);
    assert!((after.perplexity - after.loss.exp()).abs() < 1e-12);
}

#[test]
fn a_resumed_run_equals_one_that_never_stopped() {
    let mut whole = trainer();
    let losses: Vec<StepReport> = (0..8).map(|_| whole.step()).collect();
    let mut first = trainer();
    for expected in &losses[..4] {
        assert_eq!(first.step(), *expected);
    }
    first.evaluate(Some(2));
    let (model, state) = (first.model().clone(), first.state());
    let mut second = Trainer::resume(model, state, dataset()).unwrap();
    for expected in &losses[4..] {
        assert_eq!(second.step(), *expected);
    }
    assert_eq!(
        second.model().parameters.flat(),
        whole.model().parameters.flat()
    );
}

#[test]
fn a_broken_step_is_rolled_back() {
    let mut model = Model::new(config(), 5).unwrap();
    model.parameters.get_mut("norm.weight").unwrap()[3] = f32::NAN;
    let mut trainer = Trainer::new(model.clone(), settings(), dataset()).unwrap();
    assert!(trainer.step().rolled_back);
    let found = trainer.model().parameters.flat();
    let same = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits();
    assert!(found.iter().zip(model.parameters.flat()).all(same));
    assert!(trainer.state().first_moment.iter().all(|m| *m == 0.0));
}

#[test]
fn what_does_not_go_together_is_refused() {
    let start = |config: TrainConfig| {
        let model = Model::new(super::tests::config(), 5).unwrap();
        Trainer::new(model, config, dataset())
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    assert!(
        start(TrainConfig {
            seq_len: 18,
            ..settings()
        })
        .contains("context (17)")
    );
    assert!(
        start(TrainConfig {
            dropout: 1.0,
            ..settings()
        })
        .contains("dropout")
    );
    assert!(
        start(TrainConfig {
            peak_lr: f64::NAN,
            ..settings()
        })
        .contains("peak_lr")
    );
    let model = Model::new(config(), 5).unwrap();
    let mut state = trainer().state();
    state.second_moment.pop();
    let error = Trainer::resume(model, state, dataset())
        .map(|_| ())
        .unwrap_err();
    assert!(error.to_string().contains("another model"), "{error}");
}

#[test]
fn rows_of_a_batch_do_not_see_each_other() {
    let model = Model::new(config(), 5).unwrap();
    let ids: Vec<u32> = (0..32).map(|i| i * 5 % 7).collect();
    let both = crate::model::inference::logits(&model, &ids, 2, 16);
    for row in 0..2 {
        let alone = crate::model::inference::logits(&model, &ids[row * 16..(row + 1) * 16], 1, 16);
        assert_eq!(alone, both[row * 16 * 7..(row + 1) * 16 * 7], "row {row}");
    }
}
