//! The GPU backend: WGSL compute shaders through wgpu, in the browser and natively.
//!
//! Tensors are storage buffers, allocated once. A list of operations is turned into dispatches
//! ([`program`]) when it is prepared, with pipelines, arguments and bind groups; running it is one
//! submission of one compute pass. Nothing is read back unless it is asked for.

mod device;
mod encode;
mod field_method;
#[cfg(feature = "mutants")]
pub mod mutant;
mod profile;
pub mod program;
mod reading;
mod shaders;

use super::{Backend, Op, OptimizerSettings, Reading, StepInputs, TensorId, View};
use crate::kernels::cross_entropy::IGNORED;
use crate::kernels::field_convolution::Geometry;
pub use device::{AdapterReport, GpuDevice};
use encode::{Encoder, Tables};
pub use field_method::{Cost, FieldMethod};
pub use profile::Profile;
use program::Dispatch;
use reading::Readings;
pub use shaders::Sabotage;

/// Bytes of one dispatch's arguments: what uniform bindings are aligned to.
const ARGS: usize = 256;
/// Most bytes that the partial sums of all gradients may take.
const MOST_PART_BYTES: usize = 1 << 25;
/// Most parts that a gradient's sum is cut into, so that small matrices keep a large device busy.
const MOST_PARTS: usize = 8;
/// Numbers that the journal holds.
const JOURNAL: usize = 1 << 14;
/// Words before the batch's ids: see [`Gpu::write_batch`].
pub(crate) const BATCH_HEADER: usize = 64;

/// A tensor in a storage buffer.
struct Tensor {
    buffer: wgpu::Buffer,
    len: usize,
    /// How many partial sums of `len` elements each it holds; the first one becomes the whole.
    parts: usize,
}

/// Tensors on a GPU.
pub struct Gpu {
    device: GpuDevice,
    tensors: Vec<Tensor>,
    step: wgpu::Buffer,
    batch: Option<Batch>,
    tables: Tables,
    journal: TensorId,
    journal_len: usize,
    readings: Readings,
}

/// The batch's tensor, for so many rows.
struct Batch {
    tensor: TensorId,
    rows: usize,
}

/// Dispatches with everything that they need.
pub struct Program {
    dispatches: Vec<Dispatch>,
    ready: Vec<(wgpu::ComputePipeline, wgpu::BindGroup)>,
    args: wgpu::Buffer,
    journal: Vec<View>,
    optimizer: Option<OptimizerSettings>,
}

impl Program {
    /// What is dispatched, in order.
    pub fn dispatches(&self) -> &[Dispatch] {
        &self.dispatches
    }

    /// Adds dispatch `i` to a pass.
    fn dispatch(&self, i: usize, pass: &mut wgpu::ComputePass) {
        let (pipeline, group) = &self.ready[i];
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, group, &[]);
        let [x, y, z] = self.dispatches[i].workgroups;
        pass.dispatch_workgroups(x, y, z);
    }
}

impl Drop for Program {
    /// As [`Gpu`]'s.
    fn drop(&mut self) {
        self.args.destroy();
    }
}

impl Gpu {
    /// A backend without tensors.
    pub fn new(device: GpuDevice) -> Self {
        let step = device.raw().create_buffer(&wgpu::BufferDescriptor {
            label: Some("step"),
            size: 16,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut gpu = Gpu {
            readings: Readings::new(device.clone()),
            device,
            tensors: Vec::new(),
            step,
            batch: None,
            tables: Tables::default(),
            journal: TensorId(0),
            journal_len: 0,
        };
        gpu.journal = gpu.allocate(JOURNAL);
        gpu
    }

    /// The device that it works on.
    pub fn device(&self) -> &GpuDevice {
        &self.device
    }

    /// How many buffers it holds.
    pub fn buffer_count(&self) -> usize {
        self.tensors.len()
    }

    /// Bytes of all its tensors.
    pub fn bytes(&self) -> u64 {
        self.tensors.iter().map(|tensor| tensor.buffer.size()).sum()
    }

    fn buffer(&self, tensor: TensorId) -> &wgpu::Buffer {
        &self.tensors[tensor.0].buffer
    }

    fn allocate_parts(&mut self, len: usize, parts: usize) -> TensorId {
        let most = self.device.report().max_binding;
        let mut size = 4 * (len.max(1) * parts) as u64;
        if size > most {
            self.device.fail(format!(
                "the model needs {} MiB in one piece, and this device binds at most {} MiB; use a \
                 smaller model, or fewer or shorter sequences",
                size >> 20,
                most >> 20
            ));
            size = 4;
        }
        let buffer = self.device.raw().create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size,
            usage: wgpu::BufferUsages::STORAGE
                | wgpu::BufferUsages::COPY_DST
                | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        self.tensors.push(Tensor { buffer, len, parts });
        TensorId(self.tensors.len() - 1)
    }

    /// Makes a tensor of words that shaders read.
    fn upload(&mut self, words: &[u32]) -> TensorId {
        let tensor = self.allocate(words.len());
        self.write_words(self.buffer(tensor), 0, words.iter().copied());
        tensor
    }

    /// Writes words to a buffer from element `first` on, unless the device is past it: on one that
    /// failed, a buffer may be too small for what belongs in it.
    fn write_words(&self, buffer: &wgpu::Buffer, first: usize, words: impl Iterator<Item = u32>) {
        if self.device.check().is_ok() {
            let bytes: Vec<u8> = words.flat_map(u32::to_le_bytes).collect();
            let offset = 4 * first as u64;
            self.device.queue().write_buffer(buffer, offset, &bytes);
        }
    }

    /// The batch's tensor for `rows` rows, made when it is first asked for.
    ///
    /// # Panics
    /// When it was made for fewer rows.
    fn batch(&mut self, rows: usize) -> TensorId {
        if let Some(batch) = &self.batch {
            assert_eq!(batch.rows, rows, "one network, one shape of batches");
            return batch.tensor;
        }
        let tensor = self.allocate(BATCH_HEADER + 4 * rows + 1);
        self.batch = Some(Batch { tensor, rows });
        tensor
    }

    /// The arguments of all dispatches, each at a place of its own.
    fn arguments(&self, dispatches: &[Dispatch]) -> wgpu::Buffer {
        let args = self.device.raw().create_buffer(&wgpu::BufferDescriptor {
            label: Some("arguments"),
            size: (ARGS * dispatches.len().max(1)) as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let words = dispatches.iter().flat_map(|dispatch| {
            let padding = std::iter::repeat(0);
            dispatch.args.iter().copied().chain(padding).take(ARGS / 4)
        });
        self.write_words(&args, 0, words);
        args
    }

    fn bind_group(
        &self,
        dispatch: &Dispatch,
        pipeline: &wgpu::ComputePipeline,
        args: &wgpu::Buffer,
        index: usize,
    ) -> wgpu::BindGroup {
        let uniform = wgpu::BufferBinding {
            buffer: args,
            offset: (ARGS * index) as u64,
            size: std::num::NonZeroU64::new(ARGS as u64),
        };
        let mut entries = vec![wgpu::BindGroupEntry {
            binding: 0,
            resource: wgpu::BindingResource::Buffer(uniform),
        }];
        if dispatch.uses_step {
            entries.push(wgpu::BindGroupEntry {
                binding: 1,
                resource: self.step.as_entire_binding(),
            });
        }
        for (binding, tensor) in &dispatch.buffers {
            entries.push(wgpu::BindGroupEntry {
                binding: *binding,
                resource: self.buffer(*tensor).as_entire_binding(),
            });
        }
        self.device
            .raw()
            .create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(dispatch.pipeline.entry),
                layout: &pipeline.get_bind_group_layout(0),
                entries: &entries,
            })
    }

    /// Writes what changes from step to step: `Step` in `common.wgsl`.
    fn write_step(&self, optimizer: Option<&OptimizerSettings>, inputs: &StepInputs) {
        let mut words = [inputs.dropout_key, 0, 0, 0];
        if let Some(settings) = optimizer {
            let power = |beta: f64| 1.0 - libm::pow(beta, inputs.step as f64);
            let rate = inputs.learning_rate / power(settings.beta1);
            let root = 1.0 / power(settings.beta2).sqrt();
            let keep = 1.0 - inputs.learning_rate * settings.weight_decay;
            words[1..].copy_from_slice(&[rate, root, keep].map(|x| (x as f32).to_bits()));
        }
        self.write_words(&self.step, 0, words.into_iter());
    }
}

impl Drop for Gpu {
    /// A browser frees a buffer only when it is told to.
    fn drop(&mut self) {
        self.tensors
            .iter()
            .for_each(|tensor| tensor.buffer.destroy());
        self.step.destroy();
    }
}

impl Backend for Gpu {
    type Program = Program;

    fn recurs(&self, geometry: &Geometry) -> bool {
        geometry.recurs() && self.device.field_method(geometry) == FieldMethod::Recurrence
    }

    fn allocate(&mut self, len: usize) -> TensorId {
        self.allocate_parts(len, 1)
    }

    fn allocate_gradients(&mut self, len: usize) -> TensorId {
        let parts = (MOST_PART_BYTES / (4 * len.max(1))).clamp(1, MOST_PARTS);
        self.allocate_parts(len, parts)
    }

    fn write(&mut self, view: &View, values: &[f32]) {
        assert_eq!(view.len(), values.len(), "a view is written whole");
        let words = values.iter().map(|x| x.to_bits());
        self.write_words(self.buffer(view.tensor), view.range.start, words);
    }

    /// Words: targets that count; distinct ids; then from [`BATCH_HEADER`] on the ids, the targets,
    /// the rows in the order of their ids, and where each distinct id's rows begin in that order.
    fn write_batch(&mut self, ids: &[i32], targets: &[i32]) {
        let rows = ids.len();
        // As whole numbers, of which the engine sorts others too: each kind brings 10 KB of code.
        let mut order: Vec<u64> = (ids.iter().zip(0u64..))
            .map(|(id, row)| u64::from(*id as u32) << 32 | row)
            .collect();
        order.sort_unstable();
        let order: Vec<usize> = order.iter().map(|place| *place as u32 as usize).collect();
        let mut starts: Vec<usize> = (0..rows)
            .filter(|at| *at == 0 || ids[order[*at]] != ids[order[at - 1]])
            .collect();
        let distinct = starts.len();
        starts.resize(rows + 1, rows);
        let counted = targets.iter().filter(|t| **t != IGNORED).count();
        let mut words = vec![0; BATCH_HEADER];
        (words[0], words[1]) = (counted as u32, distinct as u32);
        words.extend(ids.iter().map(|id| *id as u32));
        words.extend(targets.iter().map(|target| *target as u32));
        words.resize(BATCH_HEADER + 2 * rows, IGNORED as u32);
        words.extend(order.iter().chain(&starts).map(|at| *at as u32));
        let tensor = self.batch(rows);
        self.write_words(self.buffer(tensor), 0, words.into_iter());
    }

    fn prepare(&mut self, ops: &[Op]) -> Program {
        let mut encoder = Encoder::new(self);
        ops.iter().for_each(|op| encoder.encode(op));
        let (dispatches, journal, optimizer) = encoder.finish();
        let args = self.arguments(&dispatches);
        let ready = dispatches.iter().enumerate().map(|(i, dispatch)| {
            let pipeline = self.device.pipeline(&dispatch.pipeline);
            let group = self.bind_group(dispatch, &pipeline, &args, i);
            (pipeline, group)
        });
        Program {
            ready: ready.collect(),
            args,
            dispatches,
            journal,
            optimizer,
        }
    }

    fn run(&mut self, program: &Program, inputs: &StepInputs) {
        assert!(inputs.part.is_none(), "a GPU computes whole batches");
        if self.device.check().is_err() {
            return;
        }
        self.write_step(program.optimizer.as_ref(), inputs);
        let mut commands = self
            .device
            .raw()
            .create_command_encoder(&Default::default());
        {
            let mut pass = commands.begin_compute_pass(&Default::default());
            (0..program.dispatches.len()).for_each(|i| program.dispatch(i, &mut pass));
        }
        for view in &program.journal {
            let (from, to) = (4 * view.range.start as u64, 4 * self.journal_len as u64);
            let (source, journal) = (self.buffer(view.tensor), self.buffer(self.journal));
            commands.copy_buffer_to_buffer(source, from, journal, to, 4 * view.len() as u64);
            self.journal_len += view.len();
            assert!(self.journal_len <= JOURNAL, "the journal is taken in time");
        }
        self.device.queue().submit([commands.finish()]);
    }

    fn read(&mut self, views: &[View]) -> Reading {
        let parts: Vec<_> = (views.iter())
            .map(|view| (self.buffer(view.tensor), view.range.clone()))
            .collect();
        self.readings.read(&parts)
    }

    fn take_journal(&mut self) -> Reading {
        let len = std::mem::take(&mut self.journal_len);
        self.readings.read(&[(self.buffer(self.journal), 0..len)])
    }
}
