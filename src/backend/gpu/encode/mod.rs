//! From operations to dispatches: which shader runs, with which arguments, over which buffers.

mod attention;
mod direct;
mod ends;
mod field;
mod general;
mod interference;
mod matrix;
mod passes;
mod recurrence;
mod softmax;
mod update;
mod waves;

pub use field::Lines;
pub use recurrence::Segments;

use super::program::Dispatch;
use super::{Gpu, MOST_PARTS};
use crate::backend::{Backend, Op, OptimizerSettings, TensorId, View};
use crate::kernels::field_convolution::Geometry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Tensors of the backend's own: scratch, and tables that were computed once.
#[derive(Default)]
pub struct Tables {
    scratch: HashMap<(&'static str, usize), TensorId>,
    /// The twiddles of each length.
    twiddles: HashMap<usize, TensorId>,
    /// What is computed from a view and kept from the forward to the backward.
    derived: HashMap<Derived, TensorId>,
    /// Where the tokens of a geometry lie.
    places: Vec<(Arc<Geometry>, TensorId)>,
}

/// What is derived, and where what it is derived from begins.
type Derived = (&'static str, TensorId, usize);

/// Turns operations into dispatches.
pub struct Encoder<'a> {
    gpu: &'a mut Gpu,
    dispatches: Vec<Dispatch>,
    journal: Vec<View>,
    optimizer: Option<OptimizerSettings>,
    /// What dispatches before have computed.
    known: HashSet<Derived>,
}

impl<'a> Encoder<'a> {
    pub fn new(gpu: &'a mut Gpu) -> Self {
        Encoder {
            gpu,
            dispatches: Vec::new(),
            journal: Vec::new(),
            optimizer: None,
            known: HashSet::new(),
        }
    }

    /// The dispatches, what is copied to the journal after them, and the optimiser's settings.
    pub fn finish(self) -> (Vec<Dispatch>, Vec<View>, Option<OptimizerSettings>) {
        (self.dispatches, self.journal, self.optimizer)
    }

    fn push(&mut self, dispatch: Dispatch) {
        self.dispatches.push(dispatch);
    }

    /// A tensor for what lives from one dispatch of an operation to the next. The same name and
    /// length give the same tensor.
    fn scratch(&mut self, name: &'static str, len: usize) -> TensorId {
        if let Some(tensor) = self.gpu.tables.scratch.get(&(name, len)) {
            return *tensor;
        }
        let tensor = self.gpu.allocate(len);
        self.gpu.tables.scratch.insert((name, len), tensor);
        tensor
    }

    /// A tensor for what is derived from a view, and whether it was computed before in this list: a
    /// list goes forward once, and what it reads stays as it is meanwhile.
    fn derived(&mut self, key: Derived, len: usize) -> (TensorId, bool) {
        let tensor = match self.gpu.tables.derived.get(&key) {
            Some(tensor) => *tensor,
            None => self.gpu.allocate(len),
        };
        self.gpu.tables.derived.insert(key, tensor);
        (tensor, !self.known.insert(key))
    }

    /// How many partial sums a tensor of gradients holds, and the elements of each.
    fn parts(&self, tensor: TensorId) -> (usize, usize) {
        let tensor = &self.gpu.tensors[tensor.0];
        debug_assert!((1..=MOST_PARTS).contains(&tensor.parts));
        (tensor.parts, tensor.len)
    }

    /// Clears a view in each of its sum's parts.
    fn zero(&mut self, y: &View) {
        let (parts, len) = self.parts(y.tensor);
        // The parts lie one after another, so that a whole tensor is one run.
        let (runs, run) = match y.len() == len {
            true => (1, parts * len),
            false => (parts, y.len()),
        };
        for part in 0..runs {
            self.push(
                Dispatch::new("zero", "zero")
                    .buffer(2, y.tensor, run)
                    .arg(part * len + y.range.start)
                    .arg(run)
                    .units(across(run)),
            );
        }
    }

    pub fn encode(&mut self, op: &Op) {
        match op {
            Op::MatrixProduct { .. } | Op::WeightGradient { .. } => self.matrix(op),
            Op::Zero { y } => self.zero(y),
            Op::WaveKernel { .. }
            | Op::WaveKernelBackward { .. }
            | Op::FieldConvolution { .. }
            | Op::FieldConvolutionBackward { .. } => self.field(op),
            Op::WaveRotation { .. }
            | Op::WaveRotationBackward { .. }
            | Op::FieldRecurrence { .. }
            | Op::FieldRecurrenceBackward { .. } => self.recurrence(op),
            Op::DirectConvolution { .. } => self.direct_convolution(op),
            Op::Journal { view } => self.journal.push(view.clone()),
            Op::Embed { .. }
            | Op::EmbedBackward { .. }
            | Op::CrossEntropy { .. }
            | Op::CrossEntropyBackward { .. } => self.ends(op),
            Op::LayerNorm { .. }
            | Op::LayerNormBackward { .. }
            | Op::Swiglu { .. }
            | Op::SwigluBackward { .. }
            | Op::NearField { .. }
            | Op::NearFieldBackward { .. }
            | Op::Dropout { .. } => self.general(op),
            Op::Deposit { .. }
            | Op::DepositBackward { .. }
            | Op::CoupleGate { .. }
            | Op::CoupleGateBackward { .. } => self.attention(op),
            Op::Attention { .. } | Op::AttentionBackward { .. } | Op::Rotary { .. } => {
                self.softmax_attention(op);
            }
            Op::PrefixMean { .. }
            | Op::PrefixMeanBackward { .. }
            | Op::Interfere { .. }
            | Op::InterfereBackward { .. } => self.interference(op),
            Op::GradientNorm { .. } | Op::Judge { .. } | Op::AdamW { .. } => self.update(op),
        }
    }
}

/// Workgroups whose threads stride over so many elements.
fn across(len: usize) -> usize {
    len.div_ceil(256 * 4).clamp(1, 4096)
}

/// Threads that have a row of so many elements: the constant `LANES` of `rows.wgsl`.
fn lanes(width: usize) -> usize {
    width.div_ceil(4).next_power_of_two().clamp(4, 256)
}
