//! Dispatches as plain data: what a list of operations comes to on a GPU.

use crate::backend::{TensorId, View};
use crate::kernels::dropout::DropoutSite;
use crate::rng::mix32;

/// Most workgroups in one dimension of a dispatch, on every device.
pub const MOST_WORKGROUPS: u32 = 65_535;

/// One call of a compute shader.
#[derive(Debug, Clone, PartialEq)]
pub struct Dispatch {
    pub pipeline: PipelineKey,
    /// The shader's `Args`, in its order, as words.
    pub args: Vec<u32>,
    /// What is bound to which number of group 0.
    pub buffers: Vec<(u32, TensorId)>,
    pub workgroups: [u32; 3],
    /// Whether the shader's entry reads `step` of `common.wgsl`.
    pub uses_step: bool,
    /// Bytes that it reads and writes at least: each element of its operands once.
    pub bytes: u64,
    /// Bytes that it reads besides, because its workgroups read the same elements.
    pub read_again: u64,
}

/// Which shader, with which constants, from which entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PipelineKey {
    /// The file's name in `src/kernels`, without its ending.
    pub shader: &'static str,
    pub entry: &'static str,
    /// Constants that the shader leaves open, by name.
    pub constants: Vec<(&'static str, u32)>,
}

impl Dispatch {
    /// A dispatch of the shader's entry; everything else is added.
    pub fn new(shader: &'static str, entry: &'static str) -> Self {
        Dispatch {
            pipeline: PipelineKey {
                shader,
                entry,
                constants: Vec::new(),
            },
            args: Vec::new(),
            buffers: Vec::new(),
            workgroups: [1, 1, 1],
            uses_step: false,
            bytes: 0,
            read_again: 0,
        }
    }

    /// Sets a constant of the shader.
    pub fn constant(mut self, name: &'static str, value: u32) -> Self {
        self.pipeline.constants.push((name, value));
        self
    }

    /// The next argument, a u32.
    pub fn arg(mut self, value: usize) -> Self {
        self.args
            .push(u32::try_from(value).expect("sizes are checked before a network is laid out"));
        self
    }

    /// Declares that the shader's entry reads `step`.
    pub fn step(mut self) -> Self {
        self.uses_step = true;
        self
    }

    /// The next argument, an f32.
    pub fn arg_float(mut self, value: f64) -> Self {
        self.args.push((value as f32).to_bits());
        self
    }

    /// The next three arguments: a site of dropout as `Dropout` in `common.wgsl`, whose `mask` reads `step`.
    pub fn arg_dropout(mut self, dropout: Option<DropoutSite>) -> Self {
        let words = match dropout {
            None => [0, 0, 1f32.to_bits()],
            Some(DropoutSite { probability, site }) => {
                let p = f64::from(probability);
                [
                    mix32(site.wrapping_add(0x9E37_79B9)),
                    (p * 4_294_967_296.0) as u32,
                    ((1.0 / (1.0 - p)) as f32).to_bits(),
                ]
            }
        };
        self.args.extend(words);
        self
    }

    /// Binds a tensor and counts `elements` of it as read or written.
    pub fn buffer(mut self, binding: u32, tensor: TensorId, elements: usize) -> Self {
        self.buffers.push((binding, tensor));
        self.bytes += 4 * elements as u64;
        self
    }

    /// Binds a view's tensor; the next argument is where in it the view begins.
    pub fn view(self, binding: u32, view: &View) -> Self {
        self.buffer(binding, view.tensor, view.len())
            .arg(view.range.start)
    }

    /// As many workgroups as there are units of work, laid out so that no dimension is too long: a
    /// shader finds its unit with `unit()` of `common.wgsl` and checks it against their number.
    pub fn units(mut self, count: usize) -> Self {
        let count = count as u32;
        let y = count.div_ceil(MOST_WORKGROUPS).max(1);
        self.workgroups = [count.div_ceil(y).max(1), y, 1];
        self
    }

    /// Exactly these workgroups.
    pub fn workgroups(mut self, x: usize, y: usize, z: usize) -> Self {
        self.workgroups = [x as u32, y as u32, z as u32];
        self
    }
}
