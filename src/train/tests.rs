use super::*;
use crate::backend::{Reading, TensorId, View};
use crate::config::tests::modern as with_options;
use crate::config::{Architecture, ModelConfig};
use crate::kernels::dropout::step_key;
use crate::kernels::field_convolution::Geometry;
use crate::model::network::Activations;

fn config() -> ModelConfig {
    ModelConfig {
        architecture: Architecture::Wave,
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
    let before = trainer.evaluate(None).unwrap();
    assert!(
        (before.loss - 7f64.ln()).abs() < 0.1,
        "untrained: {before:?}"
    );
    assert_eq!(before.tokens, 99);
    while trainer.steps_done() < 60 {
        assert_eq!(trainer.step().unwrap().fault, None);
    }
    let after = trainer.evaluate(None).unwrap();
    assert!(after.loss < 0.7 * before.loss, "{before:?} {after:?}");
    assert!(after.accuracy > before.accuracy);
    assert!((after.perplexity - after.loss.exp()).abs() < 1e-12);
}

#[test]
fn a_resumed_run_equals_one_that_never_stopped() {
    let mut whole = trainer();
    let losses: Vec<StepReport> = (0..8).map(|_| whole.step().unwrap()).collect();
    let mut first = trainer();
    for expected in &losses[..4] {
        assert_eq!(first.step().unwrap(), *expected);
    }
    first.evaluate(Some(2)).unwrap();
    let (model, state) = (first.model().unwrap().clone(), first.state().unwrap());
    let mut second = Trainer::resume(model, state, dataset()).unwrap();
    for expected in &losses[4..] {
        assert_eq!(second.step().unwrap(), *expected);
    }
    assert_eq!(
        second.model().unwrap().parameters.flat(),
        whole.model().unwrap().parameters.flat()
    );
}

fn run(trainer: &mut Trainer, steps: usize) {
    for _ in 0..steps {
        trainer.step().unwrap();
    }
}

/// The places of a head's frequency, damping and phase in the flat vector.
fn wave(trainer: &Trainer, layer: usize, head: usize) -> [usize; 3] {
    let ranges = trainer.kept_model().parameters.table().layers[layer].wave();
    [&ranges.frequency, &ranges.damping, &ranges.phase].map(|range| range.start + head)
}

/// A model with every option of the waves'.
fn modern() -> ModelConfig {
    with_options(config())
}

#[test]
fn the_waves_physics_learns_at_a_rate_of_its_own_and_near_fields_do_not_decay() {
    // After one step from nothing, AdamW has moved whatever has a gradient by the learning rate.
    let moved = |physics_lr: f64, weight_decay: f64| {
        let settings = TrainConfig {
            warmup_steps: 0,
            physics_lr,
            weight_decay,
            dropout: 0.0,
            ..settings()
        };
        let mut trainer =
            Trainer::new(Model::new(modern(), 5).unwrap(), settings, dataset()).unwrap();
        let before = trainer.kept_model().parameters.flat().to_vec();
        let rate = trainer.step().unwrap().learning_rate;
        let after = trainer.model().unwrap().parameters.clone();
        let specs = after.specs().to_vec();
        move |part: &str| -> f64 {
            let spec = specs.iter().find(|spec| spec.name.ends_with(part)).unwrap();
            let moves = (spec.range()).map(|i| f64::from(after.flat()[i] - before[i]) / rate);
            // The one that moved most: a gradient may be next to nothing.
            moves.fold(
                0.0,
                |most, x| if x.abs() > f64::abs(most) { x } else { most },
            )
        }
    };
    let usual = moved(1.0, 0.0);
    let faster = moved(5.0, 0.0);
    for part in [
        "wave_frequency",
        "wave_damping",
        "wave_phase",
        "field_coupling",
        "near_field",
    ] {
        assert!(
            (usual(part).abs() - 1.0).abs() < 1e-2,
            "{part}: {}",
            usual(part)
        );
        assert!(
            (faster(part).abs() - 5.0).abs() < 5e-2,
            "{part}: {}",
            faster(part)
        );
    }
    for part in ["qkv_proj.weight", "ffn.up.weight", "norm1.weight"] {
        assert_eq!(usual(part), faster(part), "{part}");
    }
    // Decay takes a part of what is there; a near field's 1 stays but for its gradient.
    let decayed = moved(1.0, 5.0);
    assert!((decayed("near_field").abs() - 1.0).abs() < 1e-2);
    assert!(
        decayed("norm1.weight") < -5.9,
        "{}",
        decayed("norm1.weight")
    );
}

#[test]
fn a_modern_model_learns_resumes_and_is_cut_alike() {
    let settings = TrainConfig {
        physics_lr: 3.0,
        batch_size: 4,
        ..settings()
    };
    let start = |settings: &TrainConfig| {
        Trainer::new(
            Model::new(modern(), 5).unwrap(),
            settings.clone(),
            dataset(),
        )
        .unwrap()
    };
    let mut whole = start(&settings);
    let mut first = start(&settings);
    let before = whole.evaluate(None).unwrap().loss;
    run(&mut whole, 60);
    run(&mut first, 25);
    let (model, state) = (first.model().unwrap().clone(), first.state().unwrap());
    let mut second = Trainer::resume(model, state, dataset()).unwrap();
    run(&mut second, 35);
    let flat = |trainer: &mut Trainer| trainer.model().unwrap().parameters.flat().to_vec();
    assert_eq!(flat(&mut whole), flat(&mut second));
    let after = whole.evaluate(None).unwrap().loss;
    assert!(after < before - 0.5, "{before} to {after}");
    // In shards the same but for rounding, with dropout in every place.
    let mut cut = start(&TrainConfig {
        shards: 2,
        ..settings.clone()
    });
    let mut uncut = start(&settings);
    for _ in 0..3 {
        let (found, expected) = (cut.step().unwrap(), uncut.step().unwrap());
        assert!(
            (found.loss - expected.loss).abs() < 1e-4,
            "{found:?} {expected:?}"
        );
    }
}

#[test]
fn what_is_frozen_stays_bit_for_bit_and_the_rest_moves() {
    let model = Model::new(config(), 5).unwrap();
    let decaying = TrainConfig {
        weight_decay: 0.5,
        ..settings()
    };
    let mut trainer = Trainer::new(model, decaying, dataset()).unwrap();
    run(&mut trainer, 5);
    let [frequency, damping, _] = wave(&trainer, 1, 0);
    let [_, _, phase] = wave(&trainer, 2, 1);
    let frozen = [phase, damping, frequency];
    trainer.freeze(frozen.to_vec());
    let before = trainer.model().unwrap().parameters.flat().to_vec();
    run(&mut trainer, 50);
    let state = trainer.state().unwrap();
    let after = trainer.kept_model().parameters.flat();
    for spec in trainer.kept_model().parameters.specs() {
        for place in spec.range() {
            let (stands, moments) = (
                before[place].to_bits() == after[place].to_bits(),
                [state.first_moment[place], state.second_moment[place]],
            );
            let expected = frozen.contains(&place);
            assert_eq!(stands, expected, "{} {place}", spec.name);
            assert_eq!(moments == [0.0; 2], expected, "{} {place}", spec.name);
        }
    }
    // A lock can be taken off again, and a resumed run is frozen anew.
    trainer.freeze(vec![phase]);
    let (model, state) = (trainer.model().unwrap().clone(), trainer.state().unwrap());
    let mut resumed = Trainer::resume(model, state, dataset()).unwrap();
    resumed.freeze(vec![phase]);
    for _ in 0..3 {
        assert_eq!(trainer.step().unwrap(), resumed.step().unwrap());
    }
    let last = trainer.model().unwrap().parameters.flat();
    assert_eq!(last[phase], before[phase]);
    assert_ne!(last[frequency], before[frequency]);
}

#[test]
fn a_frozen_gradient_does_not_count_in_the_norm() {
    let mut free = trainer();
    let mut frozen = trainer();
    let len = frozen.kept_model().parameters.flat().len();
    frozen.freeze((0..len).collect());
    assert!(free.step().unwrap().gradient_norm > 0.0);
    assert_eq!(frozen.step().unwrap().gradient_norm, 0.0);
}

#[test]
fn a_parameter_that_is_set_counts_from_the_next_step_on() {
    let mut trainer = trainer();
    run(&mut trainer, 5);
    let [frequency, ..] = wave(&trainer, 0, 1);
    trainer.set_parameter(frequency, 2.5);
    let state = trainer.state().unwrap();
    assert_eq!(trainer.kept_model().parameters.flat()[frequency], 2.5);
    assert_eq!(state.first_moment[frequency], 0.0);
    assert_eq!(state.second_moment[frequency], 0.0);
    // From there the run is the one that goes out from such a model.
    let model = trainer.kept_model().clone();
    let mut resumed = Trainer::resume(model, state, dataset()).unwrap();
    for _ in 0..3 {
        assert_eq!(trainer.step().unwrap(), resumed.step().unwrap());
    }
    assert_ne!(
        trainer.model().unwrap().parameters.flat()[frequency],
        2.5,
        "it is not held still"
    );
}

#[test]
fn a_changed_rate_and_length_count_from_then_on_and_are_saved() {
    let changing = |trainer: &mut Trainer| {
        trainer.set_rates(2e-3, 2e-4).unwrap();
        trainer.set_steps(90).unwrap();
    };
    let mut whole = trainer();
    let early: Vec<StepReport> = (0..6).map(|_| whole.step().unwrap()).collect();
    changing(&mut whole);
    let late: Vec<StepReport> = (0..6).map(|_| whole.step().unwrap()).collect();
    let expected = TrainConfig {
        steps: 90,
        peak_lr: 2e-3,
        min_lr: 2e-4,
        ..settings()
    };
    for (report, config) in [(&early[5], &settings()), (&late[0], &expected)] {
        let rate = config.schedule().learning_rate(report.step);
        assert_eq!(report.learning_rate, rate, "step {}", report.step);
    }
    let mut first = trainer();
    run(&mut first, 6);
    changing(&mut first);
    run(&mut first, 2);
    let (model, state) = (first.model().unwrap().clone(), first.state().unwrap());
    assert_eq!(state.config, expected);
    let mut second = Trainer::resume(model, state, dataset()).unwrap();
    for expected in &late[2..] {
        assert_eq!(second.step().unwrap(), *expected);
    }
}

#[test]
fn a_change_out_of_range_changes_nothing() {
    let mut trainer = trainer();
    run(&mut trainer, 3);
    for (outcome, named) in [
        (trainer.set_rates(f64::NAN, 0.0), "peak_lr"),
        (trainer.set_rates(1e-3, -1.0), "min_lr"),
        (trainer.set_steps(2), "as 3 were done"),
        (trainer.set_steps(u64::MAX), "steps"),
    ] {
        let error = outcome.unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
    assert_eq!(*trainer.config(), settings());
}

/// Every parameter and moment of a run, to the bit.
fn bits(trainer: &mut Trainer) -> Vec<u32> {
    let state = trainer.state().unwrap();
    let parameters = trainer.kept_model().parameters.flat();
    let all = [parameters, &state.first_moment, &state.second_moment];
    all.concat().iter().map(|x| x.to_bits()).collect()
}

#[test]
fn a_model_that_holds_no_number_makes_no_step_and_is_not_kept() {
    let mut model = Model::new(config(), 5).unwrap();
    model.parameters.get_mut("norm.weight").unwrap()[3] = f32::NAN;
    let mut trainer = Trainer::new(model, settings(), dataset()).unwrap();
    assert_eq!(trainer.step().unwrap().fault, Some(Fault::Loss));
    assert_eq!(trainer.steps_done(), 0);
    let said = trainer.model().unwrap_err().to_string();
    assert!(said.contains("NaN at place"), "{said}");
    let said = trainer.evaluate(None).unwrap_err().to_string();
    assert!(said.contains("lower learning rate"), "{said}");
}

#[test]
fn a_step_that_comes_to_no_number_ends_at_the_last_good_one_and_can_go_on_from_there() {
    // Each step multiplies every weight by 1 - 10 * 10.
    let growing = TrainConfig {
        peak_lr: 10.0,
        warmup_steps: 0,
        weight_decay: 10.0,
        ..settings()
    };
    let model = Model::new(config(), 5).unwrap();
    let mut trainer = Trainer::new(model, growing, dataset()).unwrap();
    let fault = loop {
        trainer.model().unwrap();
        let report = trainer.step().unwrap();
        if let Some(fault) = report.fault {
            assert_eq!(trainer.steps_done() + 1, report.step);
            break fault;
        }
        assert!(report.loss.is_finite() && report.gradient_norm.is_finite());
        assert!(report.step < 60, "it never ended");
    };
    let before = bits(&mut trainer);
    let (step, sentence) = (
        trainer.steps_done(),
        fault.sentence(
            trainer.steps_done() + 1,
            trainer.steps_done(),
            trainer.config(),
        ),
    );
    assert!(
        sentence.contains(&format!("after step {step}")),
        "{sentence}"
    );
    assert!(sentence.contains("10 now"), "{sentence}");
    // The same step again ends the same, however many are asked for after it.
    (0..5).for_each(|_| trainer.advance());
    let reports = crate::backend::wait(trainer.reports()).unwrap();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert_eq!((reports[0].step, reports[0].fault), (step + 1, Some(fault)));
    assert_eq!(trainer.undo(step, fault), step);
    assert_eq!(bits(&mut trainer), before);
    let taken = trainer.state().unwrap();
    assert_eq!(taken.step, step);
}

#[test]
fn a_model_that_is_itself_at_fault_gives_way_to_the_copy() {
    let mut whole = trainer();
    let expected: Vec<StepReport> = (0..6).map(|_| whole.step().unwrap()).collect();
    for fault in [Fault::Loss, Fault::HeldBack, Fault::Text] {
        let mut broken = trainer();
        run(&mut broken, 3);
        broken.model().unwrap();
        run(&mut broken, 2);
        let flat = broken.layout.network.flat_parameters();
        let nan = vec![f32::NAN; flat.len()];
        broken.layout.device.write(&flat, &nan);
        let made = match fault {
            // The step undoes itself.
            Fault::Loss => {
                assert_eq!(broken.step().unwrap().fault, Some(Fault::Loss));
                broken.steps_done()
            }
            _ => broken.undo(5, fault),
        };
        assert_eq!(made, 3);
        for expected in &expected[3..] {
            assert_eq!(broken.step().unwrap(), *expected);
        }
        assert_eq!(bits(&mut broken), bits(&mut whole));
    }
}

#[test]
fn perplexity_is_finite_where_the_loss_is() {
    assert_eq!(perplexity(0.0), 1.0);
    assert_eq!(perplexity(1e5), f64::MAX);
    assert!(perplexity(f64::INFINITY).is_nan() && perplexity(f64::NAN).is_nan());
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
    // 2^16 rows of 2^15 tokens: refused by its size, before anything of it is allocated.
    let long = ModelConfig {
        field_size: 1 << 15,
        max_seq_len: 1 << 15,
        ..config()
    };
    let text = Dataset {
        train: vec![0; (1 << 15) + 1],
        validation: vec![0; 2],
    };
    let huge = TrainConfig {
        batch_size: 1 << 16,
        seq_len: 1 << 15,
        ..settings()
    };
    let error = Trainer::new(Model::new(long, 5).unwrap(), huge, text)
        .map(|_| ())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("65536 sequences of 32768 tokens") && error.contains("GB of memory"),
        "{error}"
    );

    let state = TrainerState {
        step: u64::MAX,
        ..trainer().state().unwrap()
    };
    let model = Model::new(config(), 5).unwrap();
    let error = Trainer::resume(model, state, dataset())
        .map(|_| ())
        .unwrap_err();
    assert!(error.to_string().contains("steps done"), "{error}");
    let model = Model::new(config(), 5).unwrap();
    let mut state = trainer().state().unwrap();
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
    let both = crate::model::inference::logits(&model, &ids, 2, 16).unwrap();
    for row in 0..2 {
        let alone =
            crate::model::inference::logits(&model, &ids[row * 16..(row + 1) * 16], 1, 16).unwrap();
        assert_eq!(alone, both[row * 16 * 7..(row + 1) * 16 * 7], "row {row}");
    }
}

#[test]
fn a_loss_that_is_no_number_is_never_the_best() {
    let of = |loss: f64| Evaluation {
        loss,
        perplexity: loss.exp(),
        accuracy: 0.0,
        tokens: 1,
    };
    for (loss, other, better) in [
        (1.0, 2.0, true),
        (2.0, 1.0, false),
        (1.0, 1.0, false),
        (f64::NAN, 1.0, false),
        (f64::INFINITY, 1.0, false),
        (1.0, f64::NAN, true),
        (f64::NAN, f64::NAN, false),
    ] {
        assert_eq!(
            of(loss).is_better_than(&of(other)),
            better,
            "{loss} before {other}"
        );
    }
}

/// Counts what is allocated, and does nothing else.
struct Counting(usize);

impl Backend for Counting {
    type Program = ();
    fn recurs(&self, _: &Geometry) -> bool {
        false
    }
    fn allocate(&mut self, len: usize) -> TensorId {
        self.0 += len;
        TensorId(0)
    }
    fn allocate_gradients(&mut self, len: usize) -> TensorId {
        self.allocate(len)
    }
    fn write(&mut self, _: &View, _: &[f32]) {}
    fn write_batch(&mut self, _: &[i32], _: &[i32]) {}
    fn prepare(&mut self, _: &[Op]) {}
    fn run(&mut self, (): &(), _: &StepInputs) {}
    fn read(&mut self, _: &[View]) -> Reading {
        unreachable!("nothing was computed")
    }
    fn take_journal(&mut self) -> Reading {
        unreachable!("nothing was computed")
    }
}

#[test]
fn what_a_network_takes_is_told_by_what_it_allocates() {
    let (rows, seq_len) = (4, 16);
    let shapes = [
        (17, true, false),
        (64, true, false),
        (0, false, false),
        (17, true, true),
        (0, false, true),
    ];
    for (field_size, waves, options) in shapes {
        let architecture = match waves {
            true => Architecture::Wave,
            false => Architecture::Standard,
        };
        let plain = ModelConfig {
            architecture,
            field_size,
            ..config()
        };
        let config = if options { with_options(plain) } else { plain };
        let model = Model::new(config, 5).unwrap();
        for purpose in [
            Purpose::Reading,
            Purpose::Gradients,
            Purpose::Training(Activations::Kept),
            Purpose::Training(Activations::Recomputed),
        ] {
            let mut backend = Counting(0);
            match purpose {
                Purpose::Reading => Network::for_inference(&mut backend, &model, rows, seq_len),
                Purpose::Gradients => Network::for_gradients(&mut backend, &model, rows, seq_len),
                Purpose::Training(activations) => {
                    Network::for_training(&mut backend, &model, rows, seq_len, activations)
                }
            };
            let allocated = 4.0 * backend.0 as f64;
            let told = Network::memory(&model.config, purpose, rows, seq_len)
                - Network::recorded(&model.config, purpose);
            let told = told as f64;
            // The transforms' lines and the tables of places come on top.
            let ratio = told / allocated;
            assert!(
                (1.0..1.4).contains(&ratio),
                "{architecture:?}, {field_size} cells, {purpose:?}: {told} for {allocated}"
            );
        }
    }
}

#[test]
fn gradients_are_the_same_bit_for_bit_where_layers_are_computed_again() {
    const DROPOUT: f32 = 0.2;
    for (architecture, field_size, interference_interval, options) in [
        (Architecture::Wave, 17, 2, false),
        (Architecture::Wave, 64, 1, false),
        (Architecture::Standard, 0, 2, false),
        (Architecture::Wave, 17, 2, true),
        (Architecture::Standard, 0, 2, true),
    ] {
        let plain = ModelConfig {
            architecture,
            field_size,
            interference_interval,
            ..config()
        };
        let config = if options { with_options(plain) } else { plain };
        let model = Model::new(config, 5).unwrap();
        let batch = dataset().batch(3, 1, 4, 16);
        let gradients = |activations| {
            let mut cpu = Device::cpu();
            let network = Network::for_training(&mut cpu, &model, 4, 16, activations);
            let ops = [
                network.forward(DROPOUT),
                network.loss(),
                network.backward(DROPOUT),
            ];
            let program = cpu.prepare(&ops.concat());
            cpu.write_batch(&batch.ids, &batch.targets);
            let inputs = StepInputs {
                dropout_key: step_key(3, 1),
                ..StepInputs::default()
            };
            cpu.run(&program, &inputs);
            wait(cpu.read(&[network.flat_gradients(), network.summary()])).unwrap()
        };
        let kept = gradients(Activations::Kept);
        assert!(kept.iter().any(|g| *g != 0.0));
        assert_eq!(kept, gradients(Activations::Recomputed), "{architecture:?}");
        let memory =
            |activations| Network::memory(&model.config, Purpose::Training(activations), 64, 16);
        let (kept, recomputed) = (memory(Activations::Kept), memory(Activations::Recomputed));
        assert!(3 * recomputed < 2 * kept, "{recomputed} bytes for {kept}");
    }
}

#[test]
fn a_batch_that_takes_too_much_is_refused_before_it_is_made() {
    let long = ModelConfig {
        ffn_dim: 256,
        max_seq_len: 1 << 20,
        field_size: 1 << 20,
        ..config()
    };
    // Few parameters, but what every token leaves is gigabytes.
    let model = Model::new(long, 5).unwrap();
    let text = vec![1; (1 << 20) + 2];
    let dataset = Dataset {
        train: text.clone(),
        validation: text.clone(),
    };
    let settings = TrainConfig {
        batch_size: 8,
        seq_len: 1 << 20,
        ..TrainConfig::default()
    };
    let refusals = [
        Trainer::new(model.clone(), settings, dataset).err(),
        evaluate(&model, text.clone(), 1 << 20).err(),
        crate::model::inference::logits(&model, &text[..1 << 20], 1, 1 << 20).err(),
    ];
    for refused in refusals {
        let message = refused.expect("it takes gigabytes").to_string();
        assert!(
            message.contains("GB of memory, and at most 4.0 GB may be taken"),
            "{message}"
        );
    }
}
