//! Operations on both devices with the same inputs: recorded, run once, read back once, compared.

use super::{Check, check_of};
use crate::backend::cpu::Cpu;
use crate::backend::gpu::{Gpu, GpuDevice};
use crate::backend::{Backend, Later, Matrix, Op, StepInputs, TensorId, View};
use crate::kernels::matrix_product::Shape;
use crate::rng::mix32;

/// What outputs hold before they are written: no result comes near it.
const POISON: f32 = 3.0e4;
/// Numbers of the gradients, which all lie in one tensor as they do in a training.
const GRADIENTS: usize = 1 << 15;

/// What is compared.
struct Wanted {
    what: &'static str,
    view: View,
    /// The CPU gives no number here, and so must the GPU.
    no_number: bool,
}

/// Both devices with the same tensors, and what they are to compute.
pub struct World {
    cpu: Cpu<f32>,
    gpu: Gpu,
    seed: u32,
    outputs: Vec<View>,
    ops: Vec<Op>,
    wanted: Vec<Wanted>,
    /// The tensor of all gradients and how much of it is taken.
    gradients: Option<(TensorId, usize)>,
    batch: Option<Batch>,
}

/// A batch of tokens: its sequences, and tokens of each.
#[derive(Clone, Copy, PartialEq)]
pub struct Batch {
    pub sequences: usize,
    pub seq_len: usize,
}

impl World {
    /// Both devices without tensors.
    pub fn new(device: GpuDevice) -> Self {
        let gpu = Gpu::new(device);
        let mut cpu = Cpu::new();
        // A tensor has the same name on both.
        for _ in 0..gpu.buffer_count() {
            cpu.allocate(0);
        }
        World {
            cpu,
            gpu,
            seed: 0,
            outputs: Vec::new(),
            ops: Vec::new(),
            wanted: Vec::new(),
            gradients: None,
            batch: None,
        }
    }

    /// A tensor of these values.
    pub fn values(&mut self, values: &[f32]) -> View {
        let tensor = self.cpu.allocate(values.len());
        assert_eq!(tensor, self.gpu.allocate(values.len()), "the same name");
        let view = View::of(tensor, 0..values.len());
        self.write(&view, values);
        view
    }

    fn write(&mut self, view: &View, values: &[f32]) {
        self.cpu.write(view, values);
        self.gpu.write(view, values);
    }

    /// Numbers up to `size` in absolute value, other ones at each call.
    pub fn noise_of(&mut self, len: usize, size: f32) -> Vec<f32> {
        self.seed += 1;
        let key = mix32(self.seed);
        let number = |i: usize| (f64::from(mix32(i as u32 ^ key)) / 2f64.powi(31) - 1.0) as f32;
        (0..len).map(|i| size * number(i)).collect()
    }

    /// A tensor of such numbers.
    pub fn sized(&mut self, len: usize, size: f32) -> View {
        let values = self.noise_of(len, size);
        self.values(&values)
    }

    /// The same, of up to 2.
    pub fn noise(&mut self, len: usize) -> View {
        self.sized(len, 2.0)
    }

    /// An output, poisoned, and so is what lies before and after it, where nothing is to be written.
    pub fn output(&mut self, len: usize) -> View {
        let whole = self.values(&vec![POISON; len + 2]);
        let view = View::of(whole.tensor, 1..1 + len);
        self.outputs.push(view.clone());
        view
    }

    /// A view with what may not be written about it.
    fn with_surroundings(&self, view: &View) -> View {
        let start = usize::from(self.outputs.contains(view));
        View::of(
            view.tensor,
            view.range.start - start..view.range.end + start,
        )
    }

    /// A matrix of noise whose rows are dense; as its transpose where asked for.
    pub fn matrix(&mut self, rows: usize, columns: usize, transposed: bool, size: f32) -> Matrix {
        let view = self.sized(rows * columns, size);
        let shape = match transposed {
            true => Shape::dense(columns, rows).transpose(),
            false => Shape::dense(rows, columns),
        };
        Matrix { view, shape }
    }

    /// Gradients that were begun, to be added to.
    pub fn gradient(&mut self, len: usize) -> View {
        if self.gradients.is_none() {
            let tensor = self.cpu.allocate_gradients(GRADIENTS);
            assert_eq!(tensor, self.gpu.allocate_gradients(GRADIENTS), "the same");
            let begun = self.noise_of(GRADIENTS, 0.1);
            self.write(&View::of(tensor, 0..GRADIENTS), &begun);
            // The first one does not begin where the tensor does.
            self.gradients = Some((tensor, 5));
        }
        let (tensor, taken) = self.gradients.as_mut().expect("made above");
        let view = View::of(*tensor, *taken..*taken + len);
        *taken += len;
        assert!(*taken <= GRADIENTS, "the tensor of gradients is too small");
        view
    }

    /// The world's one batch, written when it is first asked for.
    pub fn batch(&mut self, batch: Batch, ids: &[i32], targets: &[i32]) {
        if self.batch.is_none() {
            self.cpu.write_batch(ids, targets);
            self.gpu.write_batch(ids, targets);
            self.cpu.allocate(0);
            self.batch = Some(batch);
        }
        assert!(self.batch == Some(batch), "one batch a world");
    }

    /// Has the CPU compute what other operations only read, and gives the GPU the results.
    pub fn on_cpu(&mut self, op: Op, results: &[&View]) {
        self.cpu.run(&vec![op], &inputs());
        for view in results {
            let values = self.cpu.view(view).to_vec();
            self.gpu.write(view, &values);
        }
    }

    /// Has both compute an operation, and compares what it leaves in these views.
    pub fn check(&mut self, op: Op, wanted: &[(&'static str, &View)]) {
        self.ops.push(op);
        for (what, view) in wanted {
            self.wanted.push(Wanted {
                what,
                view: self.with_surroundings(view),
                no_number: false,
            });
        }
    }

    /// The same where what comes out is no number.
    pub fn check_no_number(&mut self, op: Op, wanted: &[(&'static str, &View)]) {
        self.ops.push(op);
        for (what, view) in wanted {
            self.wanted.push(Wanted {
                what,
                view: (*view).clone(),
                no_number: true,
            });
        }
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// The list, and the norm of the gradients after it, where there are any: they are whole then.
    fn list(&mut self) -> Vec<Op> {
        let mut ops = std::mem::take(&mut self.ops);
        if let Some((tensor, _)) = self.gradients {
            let norm = self.output(1);
            ops.push(Op::GradientNorm {
                gradients: View::of(tensor, 0..GRADIENTS),
                norm: norm.clone(),
            });
            self.wanted.push(Wanted {
                what: "length of all gradients",
                view: self.with_surroundings(&norm),
                no_number: false,
            });
        }
        ops
    }

    /// Runs everything, and has it compared once it is there.
    pub fn compare(mut self) -> Later<Vec<Check>> {
        let ops = self.list();
        let program = self.gpu.prepare(&ops);
        self.gpu.run(&program, &inputs());
        let views: Vec<View> = self.wanted.iter().map(|w| w.view.clone()).collect();
        let reading = self.gpu.read(&views);
        // While the GPU is at it.
        self.cpu.run(&ops, &inputs());
        Box::pin(async move {
            let found = reading.await?;
            let mut rest = &found[..];
            let checks = self.wanted.iter().map(|wanted| {
                let (found, after) = rest.split_at(wanted.view.len());
                rest = after;
                let expected = self.cpu.view(&wanted.view);
                match wanted.no_number {
                    false => written(wanted.what, found, &expected),
                    true => no_number(wanted.what, found, &expected),
                }
            });
            Ok(checks.collect())
        })
    }
}

/// What changes from step to step in a training.
pub fn inputs() -> StepInputs {
    StepInputs {
        step: 3,
        learning_rate: 1e-3,
        dropout_key: 0x1234_5678,
        part: None,
    }
}

/// Compares what was written; what was not must be as it was.
fn written(what: &str, found: &[f32], expected: &[f32]) -> Check {
    let pairs = || found.iter().zip(expected);
    let of = |keep: fn(&(&f32, &f32)) -> f32| {
        let written = pairs().filter(|(_, expected)| **expected != POISON);
        written.map(|pair| keep(&pair)).collect::<Vec<f32>>()
    };
    let mut check = check_of(what.into(), &of(|pair| *pair.0), &of(|pair| *pair.1));
    if pairs().any(|(found, expected)| *expected == POISON && *found != POISON) {
        check.error = f64::INFINITY;
    }
    check
}

/// How large a share of what should be no number is one.
fn no_number(what: &str, found: &[f32], expected: &[f32]) -> Check {
    assert!(expected.iter().all(|x| !x.is_finite()), "{what}: a number");
    let numbers = found.iter().filter(|x| x.is_finite()).count();
    Check {
        what: what.into(),
        error: numbers as f64 / found.len() as f64,
        allowed: 0.0,
    }
}
