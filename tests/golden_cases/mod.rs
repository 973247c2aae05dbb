//! The golden cases, for any backend: logits, loss, every gradient, and three optimiser steps, against
//! answers that an independent program computed in float64 (`tests/fixtures/README.md`).

use safetensors::SafeTensors;
use serde_json::Value;
use wavefield::backend::{Backend, Op, OptimizerSettings, StepInputs, View};
use wavefield::config::{Architecture, ModelConfig};
use wavefield::model::network::{Activations, Network};
use wavefield::model::{Model, ParameterSpec};
use wavefield::train::schedule::{Course, Schedule};

/// The relative errors that pass.
#[derive(Clone, Copy)]
pub struct Tolerances {
    pub logits: f64,
    pub losses: f64,
    pub gradients: f64,
    pub parameters: f64,
}

/// One file of answers.
pub struct Case {
    pub name: String,
    pub bytes: Vec<u8>,
}

impl Case {
    fn tensors(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.bytes).expect("a fixture is a safetensors file")
    }

    fn floats(&self, name: &str) -> Option<Vec<f32>> {
        let tensors = self.tensors();
        let data = tensors.tensor(name).ok()?.data().to_vec();
        Some(
            data.chunks_exact(4)
                .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
                .collect(),
        )
    }

    pub fn integers(&self, name: &str) -> Vec<i32> {
        let tensors = self.tensors();
        let data = tensors.tensor(name).unwrap().data();
        data.chunks_exact(4)
            .map(|b| i32::from_le_bytes(b.try_into().unwrap()))
            .collect()
    }

    pub fn metadata(&self, key: &str) -> String {
        let (_, header) = SafeTensors::read_metadata(&self.bytes).unwrap();
        header.metadata().as_ref().unwrap()[key].clone()
    }

    /// A tensor of the release's form, cut to what the model keeps: without the query third.
    fn kept(&self, prefix: &str, spec: &ParameterSpec) -> Vec<f32> {
        let name = format!("{prefix}{}", spec.name);
        let full = self
            .floats(&name)
            .unwrap_or_else(|| panic!("{}: no {name}", self.name));
        let surplus = full.len() - spec.len();
        let expected = if spec.name.contains("qkv_proj") {
            spec.len() / 2
        } else {
            0
        };
        assert_eq!(surplus, expected, "{}: size of {name}", self.name);
        full[surplus..].to_vec()
    }

    pub fn model(&self) -> Model {
        let mut config: ModelConfig = serde_json::from_str(&self.metadata("config")).unwrap();
        if self.metadata("model") == "standard" {
            config.architecture = Architecture::Standard;
        }
        let mut model = Model::zeros(config).unwrap();
        for spec in model.parameters.specs().to_vec() {
            let values = self.kept("param.", &spec);
            model
                .parameters
                .get_mut(&spec.name)
                .unwrap()
                .copy_from_slice(&values);
        }
        model
    }
}

/// ‖found - expected‖ / ‖expected‖; where the answer is zero, ‖found‖ itself.
fn relative(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
    let expected_norm = norm(&mut expected.iter().map(|x| f64::from(*x)));
    let pairs = found.iter().zip(expected);
    let difference = norm(&mut pairs.map(|(f, e)| f64::from(*f) - f64::from(*e)));
    if expected_norm > 0.0 {
        difference / expected_norm
    } else {
        difference
    }
}

/// Collects what is off, so that one run names everything.
#[derive(Default)]
struct Report {
    faults: Vec<String>,
    worst: f64,
}

impl Report {
    fn check(&mut self, what: &str, error: f64, tolerance: f64) {
        self.worst = self.worst.max(error / tolerance);
        // Written so that NaN is a fault too.
        if !matches!(
            error.partial_cmp(&tolerance),
            Some(std::cmp::Ordering::Less)
        ) {
            self.faults
                .push(format!("{what}: {error:.2e} is over {tolerance:.0e}"));
        }
    }

    fn finish(self, case: &str) -> Result<f64, String> {
        if self.faults.is_empty() {
            return Ok(self.worst);
        }
        Err(format!("{case}:\n  {}", self.faults.join("\n  ")))
    }
}

/// Runs one case on a backend: how near the worst error comes to its tolerance.
///
/// # Errors
/// Names everything that is off.
pub async fn run_case<B: Backend>(
    case: &Case,
    backend: &mut B,
    tolerances: Tolerances,
) -> Result<f64, String> {
    let model = case.model();
    let mut report = Report::default();
    let tensors = case.tensors();
    let shape = tensors.tensor("ids").unwrap().shape().to_vec();
    let network = Network::for_training(backend, &model, shape[0], shape[1], Activations::Kept);
    backend.write_batch(&case.integers("ids"), &case.integers("targets"));

    let optimiser: Value = serde_json::from_str(&case.metadata("optimiser")).unwrap();
    let number = |key: &str| optimiser[key].as_f64().unwrap();
    let settings = OptimizerSettings {
        beta1: number("beta1"),
        beta2: number("beta2"),
        epsilon: number("eps"),
        weight_decay: number("weight_decay"),
        clip_norm: number("clip_norm"),
    };
    let train = [
        network.forward(0.0),
        network.loss(),
        network.backward(0.0),
        network.update(settings),
    ]
    .concat();
    // All up to the norm, which makes gradients whole: no judgement and no AdamW.
    let norm = train
        .iter()
        .position(|op| matches!(op, Op::GradientNorm { .. }));
    let program = backend.prepare(&train[..=norm.expect("an update has a norm")]);
    backend.run(&program, &StepInputs::default());
    let read = async |backend: &mut B, view: View| {
        let values = backend.read(&[view]).await;
        values.map_err(|error| format!("{}: {error}", case.name))
    };
    let logits = read(backend, network.logits().clone()).await?;
    report.check(
        "logits",
        relative(&logits, &case.floats("logits").unwrap()),
        tolerances.logits,
    );
    let loss = read(backend, network.summary()).await?[..1].to_vec();
    report.check(
        "loss",
        relative(&loss, &case.floats("loss").unwrap()),
        tolerances.losses,
    );
    for spec in model.parameters.specs() {
        let flat = network.flat_gradients();
        let found = read(backend, View::of(flat.tensor, spec.range())).await?;
        let expected = case.kept("grad.", spec);
        let error = relative(&found, &expected);
        report.check(&format!("grad {}", spec.name), error, tolerances.gradients);
    }

    let schedule = Schedule {
        course: Course::Cosine,
        peak: number("peak_lr"),
        min: number("min_lr"),
        warmup_steps: number("warmup_steps") as u64,
        total_steps: number("total_steps") as u64,
    };
    let program = backend.prepare(&train);
    for (i, expected) in case.floats("adamw.loss").unwrap().into_iter().enumerate() {
        let step = i as u64 + 1;
        let learning_rate = schedule.learning_rate(step);
        backend.run(
            &program,
            &StepInputs {
                step,
                learning_rate,
                ..StepInputs::default()
            },
        );
        let loss = read(backend, network.summary()).await?[..1].to_vec();
        report.check(
            &format!("loss of step {step}"),
            relative(&loss, &[expected]),
            tolerances.losses,
        );
    }
    for spec in model.parameters.specs() {
        let parameters = network.flat_parameters().tensor;
        let mut found = read(backend, View::of(parameters, spec.range())).await?;
        let mut expected = case.kept("adamw.param.", spec);
        if spec.name.ends_with("self_attn.in_proj_bias") {
            // The keys' bias has no true gradient (it moves all of a row's scores alike), so AdamW
            // makes steps of its rounding.
            let third = expected.len() / 3;
            found.drain(third..2 * third);
            expected.drain(third..2 * third);
        }
        let error = relative(&found, &expected);
        report.check(
            &format!("after three steps {}", spec.name),
            error,
            tolerances.parameters,
        );
    }
    report.finish(&case.name)
}
