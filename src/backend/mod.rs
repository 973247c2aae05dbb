//! What a model asks of a device: tensors, and lists of operations as plain data.
//!
//! A model's forward, backward and update are recorded once as lists of [`Op`] over tensors that
//! were allocated once, and then run any number of times. Nothing in a list depends on a result
//! that was read back, so that a backend may run it long after it was asked to.

pub mod cpu;

use crate::error::Result;
use crate::kernels::dropout::DropoutSite;
use crate::kernels::field_convolution::Geometry;
use crate::kernels::matrix_product::Shape;
use crate::kernels::wave_kernel::Taps;
use std::ops::Range;
use std::sync::Arc;

/// Names a tensor of a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        dim: usize,
        dropout: Option<DropoutSite>,
    },
    MatrixProduct {
        a: Matrix,
        b: Matrix,
        c: Matrix,
        bias: Option<View>,
        accumulate: bool,
    },
    ColumnSum {
        x: View,
        y: View,
    },
    LayerNorm {
        x: View,
        weight: View,
        bias: View,
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
        dbias: View,
    },
    Gelu {
        x: View,
        y: View,
        dropout: Option<DropoutSite>,
    },
    GeluBackward {
        x: View,
        d: View,
        dropout: Option<DropoutSite>,
    },
    Dropout {
        x: View,
        y: View,
        site: DropoutSite,
    },
    Residual {
        x: View,
        y: View,
        out: View,
        dropout: Option<DropoutSite>,
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
    WaveKernel {
        heads: WaveHeads,
        taps: Taps,
        kernel: View,
    },
    WaveKernelBackward {
        heads: WaveHeads,
        taps: Taps,
        dkernel: View,
        dfrequency: View,
        ddamping: View,
        dphase: View,
    },
    FieldConvolution {
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
    GradientNorm {
        gradients: View,
        norm: View,
    },
    AdamW {
        settings: OptimizerSettings,
        gradients: View,
        norm: View,
        parameters: View,
        first_moment: View,
        second_moment: View,
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

/// A device that holds tensors of float32 and runs operations on them in order.
pub trait Backend {
    /// A new tensor of zeros.
    fn allocate(&mut self, len: usize) -> TensorId;

    /// Overwrites a view.
    ///
    /// # Panics
    /// When the lengths differ.
    fn write(&mut self, view: &View, values: &[f32]);

    /// Sets the batch's token ids and targets, row by row.
    fn write_batch(&mut self, ids: &[i32], targets: &[i32]);

    /// Runs (or queues) operations in order.
    fn run(&mut self, ops: &[Op], inputs: &StepInputs);

    /// Reads a view once all that was queued before is done.
    ///
    /// # Errors
    /// When the device was lost.
    fn read(&mut self, view: &View) -> impl Future<Output = Result<Vec<f32>>>;
}
