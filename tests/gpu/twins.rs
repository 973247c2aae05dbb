//! One list of operations on both backends, and their results side by side.

use crate::Outcome;
use wavefield::backend::cpu::Cpu;
use wavefield::backend::gpu::{Gpu, GpuDevice};
use wavefield::backend::{Backend, Op, StepInputs, View};
use wavefield::rng::{Philox, Stream};

/// What outputs hold before they are written: no result comes near it.
const POISON: f32 = 3.0e4;

/// Both backends with the same tensors.
pub struct Twins {
    pub cpu: Cpu<f32>,
    pub gpu: Gpu,
    seed: u64,
}

impl Twins {
    pub fn new(device: GpuDevice) -> Self {
        Twins {
            cpu: Cpu::new(),
            gpu: Gpu::new(device),
            seed: 0,
        }
    }

    /// A tensor of these values on both.
    pub fn values(&mut self, values: &[f32]) -> View {
        let tensor = self.cpu.allocate(values.len());
        let mut view = View::of(tensor, 0..values.len());
        self.cpu.write(&view, values);
        let twin = self.gpu.allocate(values.len());
        assert!(twin.0 >= tensor.0, "the GPU has tensors of its own too");
        // The twins' names differ by as many as the GPU has of its own: keep them in step.
        while view.tensor != twin {
            view.tensor = self.cpu.allocate(values.len());
            self.cpu.write(&view, values);
        }
        self.gpu.write(&view, values);
        view
    }

    /// Normal numbers, other ones at each call.
    pub fn normals(&mut self, len: usize) -> View {
        self.seed += 1;
        let rng = Philox::stream(self.seed, Stream::Initial);
        let values: Vec<f32> = (0..len as u64).map(|i| rng.normal(i)).collect();
        self.values(&values)
    }

    /// An output, poisoned.
    pub fn poisoned(&mut self, len: usize) -> View {
        self.values(&vec![POISON; len])
    }

    /// A tensor of gradients: zeros, as operations add to them.
    pub fn gradients(&mut self, len: usize) -> View {
        let twin = self.gpu.allocate_gradients(len);
        loop {
            let tensor = self.cpu.allocate_gradients(len);
            if tensor == twin {
                return View::of(tensor, 0..len);
            }
        }
    }

    /// The same with a part of the sum that is there already.
    pub fn begun_gradients(&mut self, len: usize) -> View {
        let view = self.gradients(len);
        self.seed += 1;
        let rng = Philox::stream(self.seed, Stream::Initial);
        let values: Vec<f32> = (0..len as u64).map(|i| rng.normal(i)).collect();
        self.cpu.write(&view, &values);
        self.gpu.write(&view, &values);
        view
    }

    pub fn write_batch(&mut self, ids: &[i32], targets: &[i32]) {
        self.cpu.write_batch(ids, targets);
        self.gpu.write_batch(ids, targets);
    }

    /// Runs a list on both, with a step's inputs that are the same each time.
    pub fn run(&mut self, ops: &[Op]) {
        let inputs = StepInputs {
            step: 3,
            learning_rate: 1e-3,
            dropout_key: 0x1234_5678,
            ..StepInputs::default()
        };
        let program = self.cpu.prepare(ops);
        self.cpu.run(&program, &inputs);
        let program = self.gpu.prepare(ops);
        self.gpu.run(&program, &inputs);
    }

    /// Holds a view of one against the other's, element by element: `absolute` plus `relative` times
    /// the CPU's.
    pub async fn same(&mut self, what: &str, view: &View, absolute: f32, relative: f32) -> Outcome {
        let views = std::slice::from_ref(view);
        let expected = self.cpu.read(views).await.map_err(|e| e.to_string())?;
        let found = self.gpu.read(views).await.map_err(|e| e.to_string())?;
        compare(what, &found, &expected, absolute, relative)
    }
}

/// Holds numbers against what was expected, element by element; names the worst.
pub fn compare(
    what: &str,
    found: &[f32],
    expected: &[f32],
    absolute: f32,
    relative: f32,
) -> Outcome {
    if found.len() != expected.len() {
        return Err(format!(
            "{what}: {} values for {}",
            found.len(),
            expected.len()
        ));
    }
    let allowed = |i: usize| absolute + relative * expected[i].abs();
    let off = |i: usize| (found[i] - expected[i]).abs();
    let excess = |i: usize| off(i) / allowed(i);
    // Written so that NaN is wrong too.
    let wrong = |i: &usize| {
        off(*i)
            .partial_cmp(&allowed(*i))
            .is_none_or(|order| order.is_gt())
    };
    let worst = (0..found.len())
        .filter(wrong)
        .max_by(|a, b| excess(*a).total_cmp(&excess(*b)));
    match worst {
        None => Ok(()),
        Some(i) => Err(format!(
            "{what}[{i}] of {}: GPU {:e}, CPU {:e}, {:.1} times what is allowed; {} are off",
            found.len(),
            found[i],
            expected[i],
            excess(i),
            (0..found.len()).filter(wrong).count()
        )),
    }
}
