//! What a model asks of a device: tensors, and lists of operations as plain data.
//!
//! A model's forward, backward and update are recorded once as lists of [`Op`] over tensors that
//! were allocated once, prepared once by the backend, and then run any number of times. Nothing in a
//! list depends on a result that was read back, so that a backend may run it long after it was asked
//! to.

pub mod cpu;
mod device;
pub mod gpu;

pub use device::{Device, Program};

use crate::error::Result;
use crate::kernels::dropout::DropoutSite;
use crate::kernels::field_convolution::Geometry;
use crate::kernels::matrix_product::Shape;
use crate::kernels::wave_kernel::Taps;
use crate::kernels::wave_rotation::Travel;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Names a tensor of a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TensorId(pub usize);

/// A run of elements of a tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    pub tensor: TensorId,
    pub range: Range<usize>,
}

impl View {
    /// Part of a tensor.
    pub fn of(tensor: TensorId, range: Range<usize>) -> Self {
        View { tensor, range }
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }
}

/// A matrix in a view.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    pub view: View,
    pub shape: Shape,
}

/// What changes from one run of a list to the next.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct StepInputs {
    /// The step's number, from 1: the optimiser's bias correction.
    pub step: u64,
    /// The learning rate of this step.
    pub learning_rate: f64,
    /// The key of this step's dropout masks.
    pub dropout_key: u32,
    /// Which part of a step's batch the batch is; none where it is all of it. On the CPU alone.
    pub part: Option<BatchPart>,
}

/// A part of a step's batch, so that the gradients of all parts add up to that of the whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchPart {
    /// How many tokens of the whole come before it.
    pub first_token: usize,
    /// Targets of the whole that count.
    pub counted: usize,
}

/// The optimiser's settings that stay as they are over a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OptimizerSettings {
    pub beta1: f64,
    pub beta2: f64,
    pub epsilon: f64,
    pub weight_decay: f64,
    pub clip_norm: f64,
}

/// How some parameters move beside the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// What the learning rate is multiplied by.
    pub rate: f64,
    /// Whether weight decay counts.
    pub decayed: bool,
}

impl Default for Pace {
    /// As all the others.
    fn default() -> Self {
        Pace {
            rate: 1.0,
            decayed: true,
        }
    }
}

/// One kernel's call. The kernel of the same name in [`crate::kernels`] has the contract: shapes,
/// and which outputs are overwritten or added to. A tensor that an operation writes is not read by
/// it, except where the kernel works in place.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// Sets all elements to zero.
    Zero {
        y: View,
    },
    /// Reads the batch's token ids.
    Embed {
        table: View,
        positions: View,
        y: View,
        dim: usize,
        dropout: Option<DropoutSite>,
    },
    EmbedBackward {
        dy: View,
        dtable: View,
        /// The gradient of learned positions, in the tensor of the table's.
        dpositions: Option<View>,
        dim: usize,
        dropout: Option<DropoutSite>,
    },
    /// C ← A·B, and what follows it element by element.
    MatrixProduct {
        a: Matrix,
        b: Matrix,
        c: Matrix,
        bias: Option<View>,
        accumulate: bool,
        then: Then,
    },
    /// A linear layer's gradients: dweight += dyᵀ·x, and dbias += the sum of dy's rows.
    WeightGradient {
        dy: Matrix,
        x: Matrix,
        dweight: Matrix,
        dbias: Option<View>,
    },
    /// Without a bias it is the RMS norm.
    LayerNorm {
        x: View,
        weight: View,
        bias: Option<View>,
        y: View,
        stats: View,
    },
    LayerNormBackward {
        x: View,
        weight: View,
        stats: View,
        dy: View,
        dx: View,
        dweight: View,
        /// As the forward has a bias; in the tensor of the weight's gradient.
        dbias: Option<View>,
    },
    Swiglu {
        gate: View,
        up: View,
        y: View,
        dropout: Option<DropoutSite>,
    },
    SwigluBackward {
        gate: View,
        up: View,
        d: View,
        dgate: View,
        dropout: Option<DropoutSite>,
    },
    NearField {
        x: View,
        weight: View,
        y: View,
        seq_len: usize,
    },
    NearFieldBackward {
        x: View,
        weight: View,
        dy: View,
        dx: View,
        dweight: View,
        seq_len: usize,
    },
    Dropout {
        x: View,
        y: View,
        site: DropoutSite,
    },
    Deposit {
        keys_values: View,
        deposits: View,
        dim: usize,
        head_dim: usize,
    },
    DepositBackward {
        keys_values: View,
        ddeposits: View,
        dkeys_values: View,
        dim: usize,
        head_dim: usize,
    },
    /// All layers at once: `kernel` is (layers, heads, taps).
    WaveKernel {
        layers: Vec<WaveHeads>,
        taps: Taps,
        kernel: View,
    },
    WaveKernelBackward {
        layers: Vec<WaveHeads>,
        gradients: Vec<WaveGradients>,
        taps: Taps,
        dkernel: View,
    },
    /// All layers at once: `rotations` is (layers, heads, ROTATION), of which a GPU leaves out what float32
    /// leaves over. See [`Backend::recurs`].
    WaveRotation {
        layers: Vec<WaveHeads>,
        travel: Travel,
        rotations: View,
    },
    WaveRotationBackward {
        layers: Vec<WaveHeads>,
        gradients: Vec<WaveGradients>,
        travel: Travel,
        drotations: View,
    },
    FieldConvolution {
        geometry: Arc<Geometry>,
        deposits: View,
        kernel: View,
        y: View,
    },
    /// [`Op::FieldConvolution`] as a recurrence, in O(N).
    FieldRecurrence {
        geometry: Arc<Geometry>,
        deposits: View,
        rotations: View,
        y: View,
    },
    FieldRecurrenceBackward {
        geometry: Arc<Geometry>,
        deposits: View,
        rotations: View,
        dy: View,
        ddeposits: View,
        drotations: View,
    },
    /// [`Op::FieldConvolution`] in O(N²), for comparison. Each token has a place of its own.
    DirectConvolution {
        geometry: Arc<Geometry>,
        deposits: View,
        kernel: View,
        y: View,
    },
    FieldConvolutionBackward {
        geometry: Arc<Geometry>,
        deposits: View,
        kernel: View,
        dy: View,
        ddeposits: View,
        dkernel: View,
    },
    CoupleGate {
        gathered: View,
        gate: View,
        coupling: View,
        y: View,
        heads: usize,
        head_dim: usize,
    },
    CoupleGateBackward {
        gathered: View,
        gate: View,
        coupling: View,
        dy: View,
        dgathered: View,
        dgate: View,
        dcoupling: View,
        heads: usize,
        head_dim: usize,
    },
    /// Softmax attention, which the waves are compared with.
    Attention {
        qkv: View,
        y: View,
        stats: View,
        seq_len: usize,
        heads: usize,
    },
    AttentionBackward {
        qkv: View,
        y: View,
        stats: View,
        dy: View,
        dqkv: View,
        seq_len: usize,
        heads: usize,
    },
    /// Turns queries and keys by their places, in place, or back again.
    Rotary {
        qkv: View,
        turns: View,
        seq_len: usize,
        heads: usize,
        back: bool,
    },
    PrefixMean {
        x: View,
        y: View,
        seq_len: usize,
        dim: usize,
    },
    PrefixMeanBackward {
        d: View,
        seq_len: usize,
        dim: usize,
    },
    Interfere {
        inputs: InterferenceInputs,
        out: View,
        stats: View,
        dim: usize,
    },
    InterfereBackward {
        inputs: InterferenceInputs,
        stats: View,
        dout: View,
        dlocal: View,
        dglobal: View,
        dcontext: View,
        dgate: View,
        dtemperature: View,
        dim: usize,
    },
    /// Reads the batch's targets.
    CrossEntropy {
        logits: View,
        row_stats: View,
        summary: View,
    },
    CrossEntropyBackward {
        logits: View,
        dlogits: View,
    },
    /// The L2 norm of all gradients. Gradients are whole after it: see
    /// [`Backend::allocate_gradients`].
    GradientNorm {
        gradients: View,
        norm: View,
    },
    /// Whether a step may be made: its loss and the gradients' norm are finite, and so is all that
    /// [`Op::AdamW`] would write. Once a step is refused `verdict` says why
    /// ([`crate::kernels::adamw`] has the numbers), and it refuses every later one until it is set
    /// back to 0.
    Judge {
        settings: OptimizerSettings,
        pace: Pace,
        gradients: View,
        loss: View,
        norm: View,
        parameters: View,
        first_moment: View,
        second_moment: View,
        verdict: View,
    },
    /// Changes nothing unless `verdict` is 0 and `norm` finite.
    AdamW {
        settings: OptimizerSettings,
        pace: Pace,
        gradients: View,
        norm: View,
        verdict: View,
        parameters: View,
        first_moment: View,
        second_moment: View,
    },
    /// Copies a view to the end of the journal, which [`Backend::take_journal`] reads. Comes last in
    /// a list.
    Journal {
        view: View,
    },
}

/// What becomes of each element of a matrix product.
#[derive(Debug, Clone, PartialEq)]
pub enum Then {
    /// It stays as it is.
    Nothing,
    /// y ← mask ∘ gelu(C); C is kept too.
    Gelu {
        y: View,
        dropout: Option<DropoutSite>,
    },
    /// C ← C ∘ mask ∘ gelu'(x).
    GeluBackward {
        x: View,
        dropout: Option<DropoutSite>,
    },
    /// out ← x + mask ∘ C; what C holds afterwards is not said.
    Residual {
        x: View,
        out: View,
        dropout: Option<DropoutSite>,
    },
}

/// Where a layer's wave parameters lie.
#[derive(Debug, Clone, PartialEq)]
pub struct WaveHeads {
    pub frequency: View,
    pub damping: View,
    pub phase: View,
    pub gain: View,
}

/// Where the gradients of a layer's wave parameters lie.
#[derive(Debug, Clone, PartialEq)]
pub struct WaveGradients {
    pub frequency: View,
    pub damping: View,
    pub phase: View,
}

/// Where an interference module's inputs lie.
#[derive(Debug, Clone, PartialEq)]
pub struct InterferenceInputs {
    pub x: View,
    pub local: View,
    pub global: View,
    pub context: View,
    pub gate: View,
    pub temperature: View,
}

/// What a device will have computed. Waits for nothing but the device, and borrows nothing, so that
/// work can go on in the meantime. Fails when the device was lost.
pub type Later<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

/// Values that a device will have read.
pub type Reading = Later<Vec<f32>>;

/// Values that are there already.
pub fn ready(values: Result<Vec<f32>>) -> Reading {
    Box::pin(std::future::ready(values))
}

/// The outcome of a future that is ready when it is first asked, or blocks until it is: every one of
/// the CPU's, and natively every one of a GPU's.
///
/// # Panics
/// When it is not ready. A page must await a GPU's.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    let future = std::pin::pin!(future);
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("a GPU's answer must be awaited"),
    }
}

/// A device that holds tensors of float32 and runs operations on them in order.
pub trait Backend {
    /// Operations made ready to run.
    type Program;

    /// Whether waves on such a field are best run as a recurrence, [`Op::FieldRecurrence`] and what
    /// belongs to it, rather than by transforms.
    fn recurs(&self, geometry: &Geometry) -> bool;

    /// A new tensor of zeros.
    fn allocate(&mut self, len: usize) -> TensorId;

    /// A new tensor of zeros for gradients. Operations that add to it may each add to another part
    /// of a sum; it is whole after [`Op::GradientNorm`].
    fn allocate_gradients(&mut self, len: usize) -> TensorId;

    /// Overwrites a view.
    ///
    /// # Panics
    /// When the lengths differ.
    fn write(&mut self, view: &View, values: &[f32]);

    /// Sets the batch's token ids and targets, row by row.
    fn write_batch(&mut self, ids: &[i32], targets: &[i32]);

    /// Makes operations ready to run any number of times.
    fn prepare(&mut self, ops: &[Op]) -> Self::Program;

    /// Runs (or queues) operations in order.
    fn run(&mut self, program: &Self::Program, inputs: &StepInputs);

    /// Reads views, one after another, as they are once all that was queued before is done.
    ///
    /// The reading fails when the device was lost.
    fn read(&mut self, views: &[View]) -> Reading;

    /// Reads what was written to the journal since it was last taken.
    fn take_journal(&mut self) -> Reading;
}
