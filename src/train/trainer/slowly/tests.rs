use super::*;
use crate::config::{Architecture, ModelConfig};
use crate::diagnostics::losses::window_losses;
use crate::model::network::Activations;
use crate::model::softplus;
use crate::train::{Dataset, TrainConfig};

fn model_config(architecture: Architecture) -> ModelConfig {
    ModelConfig {
        architecture,
        vocab_size: 9,
        embedding_dim: 16,
        num_layers: 3,
        num_heads: 2,
        ffn_dim: 32,
        field_size: if architecture == Architecture::Wave {
            33
        } else {
            0
        },
        max_seq_len: 17,
        interference_interval: 2,
        position_scale: 0.03,
        ..ModelConfig::default()
    }
}

/// Ways in which a training may be set up: with dropout and without, its batches whole, cut, or cut unevenly.
fn settings() -> [TrainConfig; 4] {
    let plain = TrainConfig {
        batch_size: 4,
        seq_len: 16,
        steps: 20,
        warmup_steps: 5,
        peak_lr: 1e-2,
        seed: 3,
        ..TrainConfig::default()
    };
    [
        plain.clone(),
        TrainConfig {
            dropout: 0.2,
            ..plain.clone()
        },
        TrainConfig {
            shards: 4,
            clip_norm: 0.05,
            ..plain.clone()
        },
        TrainConfig {
            batch_size: 5,
            shards: 4,
            dropout: 0.1,
            ..plain
        },
    ]
}

/// A run with some steps behind it and a number of a wave held still.
fn run(architecture: Architecture, config: TrainConfig, steps: usize) -> Trainer {
    let tokens: Vec<u32> = (0..400u32).map(|i| (i * i / 3 + i) % 9).collect();
    let dataset = Dataset {
        train: tokens[..300].to_vec(),
        validation: tokens[300..].to_vec(),
    };
    let model = Model::new(model_config(architecture), 5).unwrap();
    let mut trainer = Trainer::new(model, config, dataset).unwrap();
    if architecture == Architecture::Wave {
        trainer.freeze(vec![held(&trainer)]);
    }
    for _ in 0..steps {
        trainer.step().unwrap();
    }
    trainer
}

/// The place of the frequency that is held still: layer 2, head 2.
fn held(trainer: &Trainer) -> usize {
    let table = trainer.kept_model().parameters.table();
    table.layers[1].wave().frequency.start + 1
}

/// Looks at a run's next step, as the page does.
fn look(trainer: &mut Trainer) -> (Slowly, Seen) {
    trainer.model().unwrap();
    let mut slowly = Slowly::of(trainer).unwrap();
    for _ in 1..Slowly::PARTS {
        assert!(slowly.go_on().unwrap().is_none());
    }
    let seen = slowly.go_on().unwrap().expect("the last part");
    (slowly, seen)
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn what_is_seen_is_the_step_that_training_makes_to_the_last_bit() {
    for (i, config) in settings().into_iter().enumerate() {
        for steps in [0, 3] {
            let mut trainer = run(Architecture::Wave, config.clone(), steps);
            let (mut slowly, seen) = look(&mut trainer);
            let made = trainer.step().unwrap();
            let case = format!("settings {i}, after {steps} steps");
            assert_eq!(seen.report, made, "{case}");
            let (expected, found) = (trainer.model().unwrap(), slowly.twin.model().unwrap());
            let flat = [expected, found].map(|model| bits(model.parameters.flat()));
            assert!(flat[0] == flat[1], "{case}: other parameters");
            let states = [trainer.state().unwrap(), slowly.twin.state().unwrap()];
            assert_eq!(states[0], states[1], "{case}");
        }
    }
}

#[test]
fn training_goes_on_as_if_nobody_had_looked() {
    for (i, config) in settings().into_iter().enumerate() {
        let mut alone = run(Architecture::Wave, config.clone(), 3);
        let mut watched = run(Architecture::Wave, config, 3);
        for step in 4..=8 {
            look(&mut watched);
            let reports = [alone.step().unwrap(), watched.step().unwrap()];
            assert_eq!(reports[0], reports[1], "settings {i}, step {step}");
            // Half a look harms as little as a whole one.
            watched.model().unwrap();
            Slowly::of(&watched).unwrap().go_on().unwrap();
        }
        let states = [&mut alone, &mut watched].map(|trainer| trainer.state().unwrap());
        assert_eq!(states[0], states[1], "settings {i}");
        let flat = [alone, watched].map(|mut t| bits(t.model().unwrap().parameters.flat()));
        assert!(flat[0] == flat[1], "settings {i}: other parameters");
    }
}

/// The mean loss of a model on the windows of a batch, read in another way.
fn read(model: &Model, trainer: &Trainer, seen: &Seen) -> f64 {
    let length = trainer.config().seq_len;
    let tokens = &trainer.dataset().train;
    let windows = seen.starts.iter();
    let ids: Vec<u32> = windows
        .flat_map(|start| &tokens[*start..start + length + 1])
        .copied()
        .collect();
    let losses = window_losses(model, &ids, length).unwrap();
    losses.iter().sum::<f64>() / losses.len() as f64
}

#[test]
fn the_same_batch_is_forecast_before_and_after() {
    for (i, config) in settings().into_iter().enumerate() {
        let dropout = config.dropout > 0.0;
        let mut trainer = run(Architecture::Wave, config, 2);
        let before = trainer.model().unwrap().clone();
        let (_, seen) = look(&mut trainer);
        trainer.step().unwrap();
        let after = trainer.model().unwrap().clone();
        let losses = [seen.report.loss, seen.loss_after].map(f64::from);
        assert!(losses[1] < losses[0], "settings {i}: {losses:?}");
        for (each, loss) in seen.losses.iter().zip(losses) {
            let mean = each.iter().map(|x| f64::from(*x)).sum::<f64>() / each.len() as f64;
            assert!((mean - loss).abs() < 1e-5, "settings {i}: {mean}, {loss}");
        }
        if !dropout {
            for (model, loss) in [(&before, losses[0]), (&after, losses[1])] {
                let expected = read(model, &trainer, &seen);
                assert!(
                    (expected - loss).abs() < 1e-5,
                    "settings {i}: {expected}, {loss}"
                );
            }
        }
    }
}

#[test]
fn forecasts_give_the_token_that_came_the_chance_that_its_loss_says() {
    for config in settings() {
        let mut trainer = run(Architecture::Wave, config, 4);
        let (_, seen) = look(&mut trainer);
        assert_eq!(seen.choices.len(), seen.batch.targets.len());
        for (place, choices) in seen.choices.iter().enumerate() {
            let came = seen.batch.targets[place] as u32;
            let found = choices.iter().find(|choice| choice.token == came).unwrap();
            for (loss, chance) in [
                (seen.losses[0][place], found.before),
                (seen.losses[1][place], found.after),
            ] {
                assert!(
                    (chance - (-loss).exp()).abs() < 1e-5,
                    "{place}: {loss}, {chance}"
                );
            }
            let first = &choices[..LIKELIEST];
            assert!(first.is_sorted_by(|a, b| a.before >= b.before), "{place}");
            assert!(choices.iter().map(|c| c.before).sum::<f32>() < 1.0 + 1e-5);
            let mut tokens: Vec<u32> = choices.iter().map(|choice| choice.token).collect();
            tokens.sort_unstable();
            tokens.dedup();
            assert_eq!(tokens.len(), choices.len(), "each once");
        }
    }
}

#[test]
fn blame_and_movement_are_those_of_the_step() {
    for architecture in [Architecture::Wave, Architecture::Standard] {
        for (i, config) in settings().into_iter().enumerate() {
            let clip = config.clip_norm;
            let mut trainer = run(architecture, config, 3);
            let before = trainer.model().unwrap().parameters.clone();
            let (_, seen) = look(&mut trainer);
            trainer.step().unwrap();
            let after = trainer.model().unwrap().parameters.clone();
            let case = format!("{architecture:?}, settings {i}");
            let total: f64 = seen.tensors.iter().map(|t| t.gradient * t.gradient).sum();
            let norm = f64::from(seen.report.gradient_norm);
            assert!((total.sqrt() / norm - 1.0).abs() < 1e-5, "{case}");
            let clipped = norm.min(clip);
            assert!((seen.scale * norm / clipped - 1.0).abs() < 1e-6, "{case}");
            assert_eq!(seen.scale < 1.0, norm > clip, "{case}");
            let names: Vec<&String> = seen.tensors.iter().map(|t| &t.name).collect();
            let specs: Vec<&String> = before.specs().iter().map(|spec| &spec.name).collect();
            assert_eq!(names, specs, "{case}");
            for tensor in &seen.tensors {
                let [b, a] = [&before, &after].map(|p| p.get(&tensor.name).unwrap());
                let moved: f64 = (b.iter().zip(a))
                    .map(|(b, a)| (f64::from(*a) - f64::from(*b)).powi(2))
                    .sum();
                assert_eq!(tensor.moved, moved.sqrt(), "{case}: {}", tensor.name);
                assert!(tensor.moved > 0.0, "{case}: {}", tensor.name);
            }
            check_waves(&trainer, &before, &after, &seen);
        }
    }
}

/// What is told of each wave: its numbers as they are heard, and of the one that is held that it stood.
fn check_waves(
    trainer: &Trainer,
    before: &crate::model::Parameters,
    after: &crate::model::Parameters,
    seen: &Seen,
) {
    let config = &trainer.kept_model().config;
    if !config.is_wave() {
        assert!(seen.waves.is_empty());
        assert!(seen.tensors.iter().all(|t| t.part != StepPart::Waves));
        return;
    }
    assert_eq!(seen.waves.len(), config.num_layers * config.num_heads);
    let held = held(trainer);
    for wave in &seen.waves {
        let ranges = before.table().layers[wave.layer].wave();
        let at = ranges.frequency.start + wave.head;
        let turn = wave.frequency;
        assert_eq!(turn.before, f64::from(before.flat()[at]));
        assert_eq!(turn.after, f64::from(after.flat()[at]));
        assert_eq!(turn.held, at == held);
        assert_eq!(turn.held, turn.before == turn.after);
        assert_eq!(turn.held, turn.gradient == 0.0, "held still: not blamed");
        let at = ranges.damping.start + wave.head;
        let heard = |flat: &[f32]| softplus(f64::from(flat[at]));
        assert_eq!(wave.damping.before, heard(before.flat()));
        assert_eq!(wave.damping.after, heard(after.flat()));
    }
    let waves = |t: &&StepTensor| t.part == StepPart::Waves;
    assert_eq!(
        seen.tensors
            .iter()
            .filter(waves)
            .map(|t| t.held)
            .sum::<usize>(),
        1
    );
}

#[test]
fn a_waves_gradient_says_how_the_loss_changes_with_it() {
    let config = TrainConfig {
        steps: 200,
        ..settings()[0].clone()
    };
    let mut trainer = run(Architecture::Wave, config, 40);
    let model = trainer.model().unwrap().clone();
    let (_, seen) = look(&mut trainer);
    // By difference, on the same batch; roughly, for what a wave is divided by has corners.
    let loss = |layer: usize, head: usize, change: &dyn Fn(&mut crate::model::Head)| {
        let mut bent = model.clone();
        let mut values = bent.head(layer, head);
        change(&mut values);
        bent.set_head(layer, head, values).unwrap();
        read(&bent, &trainer, &seen)
    };
    const BY: f32 = 2e-3;
    let mut compared = 0;
    for wave in &seen.waves {
        type Bend = fn(&mut crate::model::Head, f32);
        let numbers: [(crate::train::StepTurn, Bend); 3] = [
            (wave.frequency, |head, by| head.frequency += by),
            (wave.damping, |head, by| head.damping += by),
            (wave.phase, |head, by| head.phase += by),
        ];
        for (number, (turn, bend)) in numbers.into_iter().enumerate() {
            if turn.held || turn.gradient.abs() < 1e-3 {
                continue;
            }
            let by = |by: f32| loss(wave.layer, wave.head, &move |head| bend(head, by));
            let slope = (by(BY) - by(-BY)) / f64::from(2.0 * BY);
            assert!(
                (slope - turn.gradient).abs() < 0.12 * turn.gradient.abs() + 1e-3,
                "layer {}, head {}, number {number}: {slope}, {}",
                wave.layer,
                wave.head,
                turn.gradient
            );
            compared += 1;
        }
    }
    assert!(compared >= 4, "only {compared} are large enough to compare");
}

#[test]
fn every_tensor_has_its_stage() {
    let mut trainer = run(Architecture::Wave, settings()[0].clone(), 0);
    let (_, seen) = look(&mut trainer);
    let stage = |name: &str| {
        let tensor = seen.tensors.iter().find(|t| t.name == name).unwrap();
        (tensor.stage, tensor.part)
    };
    assert_eq!(stage("token_embedding.weight"), (0, StepPart::Tokens));
    assert_eq!(stage("layers.0.attention.wave_phase"), (1, StepPart::Waves));
    assert_eq!(stage("layers.2.ffn.0.bias"), (3, StepPart::FeedForward));
    let module = "interference_modules.0.compress.weight";
    assert_eq!(stage(module), (2, StepPart::Interference), "after layer 2");
    assert_eq!(stage("norm.weight"), (4, StepPart::Norms));
}

#[test]
fn a_step_that_comes_to_no_number_is_told_and_harms_nothing() {
    let mut trainer = run(Architecture::Wave, settings()[0].clone(), 2);
    let place = trainer.kept_model().parameters.table().norm.weight.start;
    trainer.set_parameter(place, 1e38);
    trainer.model().unwrap();
    let mut slowly = Slowly::of(&trainer).unwrap();
    assert!(slowly.go_on().unwrap().is_none());
    let message = slowly.go_on().unwrap_err().to_string();
    assert!(message.contains("at step 3"), "{message}");
    assert_eq!(trainer.steps_done(), 2);
}

#[test]
fn a_look_takes_more_memory_than_the_run_that_it_looks_at() {
    let trainer = run(Architecture::Wave, settings()[2].clone(), 0);
    let run = Network::memory(
        &model_config(Architecture::Wave),
        Purpose::Training(Activations::Kept),
        1,
        16,
    );
    let places = 4 * 16 * 9 * 4;
    assert!(trainer.slowly_memory() > run + places);
}
