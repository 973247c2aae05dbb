//! Waves on the field: kernels and convolutions, in one dispatch and in passes.

use crate::twins::Twins;
use crate::{IN_BROWSER, Outcome};
use std::sync::Arc;
use wavefield::backend::gpu::GpuDevice;
use wavefield::backend::{Op, View, WaveGradients, WaveHeads};
use wavefield::kernels::field_convolution::Geometry;
use wavefield::kernels::wave_kernel::Taps;
use wavefield::{Architecture, ModelConfig};

pub const HEADS: usize = 3;

/// Frequencies, raw dampings and phases of two layers, among them a slow one, a fast one, a negative
/// frequency and one that is heard over the whole field.
pub fn waves(t: &mut Twins) -> (View, Vec<WaveHeads>) {
    let frequency = [0.3, 3.1, -1.7, 4.0, 1e-3, 12.5];
    let damping = [-3.0, 0.5, -7.0, -11.0, 3.0, -1.0];
    let phase = [0.0, 3.0, -0.4, 1.5, 0.7, 9.0];
    let gain = [1.0, 0.0, 0.5, 1.0, 1.0, 2.0];
    let all = t.values(&[frequency, damping, phase].concat());
    let gains = t.values(&gain);
    let layers = (0..2).map(|layer| {
        let of = |view: &View, kind: usize| {
            let start = kind * 2 * HEADS + layer * HEADS;
            View::of(view.tensor, start..start + HEADS)
        };
        WaveHeads {
            frequency: of(&all, 0),
            damping: of(&all, 1),
            phase: of(&all, 2),
            gain: of(&gains, 0),
        }
    });
    let layers = layers.collect();
    (all, layers)
}

const TAPS: [Taps; 4] = [
    Taps {
        field_size: 60,
        step: 1,
        count: 60,
    },
    Taps {
        field_size: 1000,
        step: 7,
        count: 33,
    },
    Taps {
        field_size: 2048,
        step: 1,
        count: 2048,
    },
    Taps {
        field_size: 65_536,
        step: 2,
        count: 9000,
    },
];

pub async fn wave_kernel(device: GpuDevice) -> Outcome {
    for taps in TAPS {
        let mut t = Twins::new(device.clone());
        let (_, layers) = waves(&mut t);
        let kernel = t.poisoned(2 * HEADS * taps.count);
        t.run(&[Op::WaveKernel {
            layers,
            taps,
            kernel: kernel.clone(),
        }]);
        t.same(&format!("{taps:?}"), &kernel, 3e-7, 2e-5).await?;
    }
    Ok(())
}

/// Where the gradients of the waves' parameters lie.
pub fn wave_gradients(gradients: &View, layers: &[WaveHeads]) -> Vec<WaveGradients> {
    let place = |view: &View| View::of(gradients.tensor, view.range.clone());
    let of = |heads: &WaveHeads| WaveGradients {
        frequency: place(&heads.frequency),
        damping: place(&heads.damping),
        phase: place(&heads.phase),
    };
    layers.iter().map(of).collect()
}

pub async fn wave_kernel_backward(device: GpuDevice) -> Outcome {
    for taps in TAPS {
        let mut t = Twins::new(device.clone());
        let (all, layers) = waves(&mut t);
        let gradients = t.gradients(all.len());
        let dkernel = t.normals(2 * HEADS * taps.count);
        t.run(&[Op::WaveKernelBackward {
            gradients: wave_gradients(&gradients, &layers),
            layers,
            taps,
            dkernel,
        }]);
        // Sums over thousands of cells, each times its distance.
        let scale = 1e-6 * (taps.field_size as f32).sqrt();
        t.same(&format!("{taps:?}"), &gradients, scale, 1e-4)
            .await?;
    }
    Ok(())
}

/// A batch on the field; a length that is at most the context.
pub fn geometry(
    field_size: usize,
    max_seq_len: usize,
    seq_len: usize,
    head_dim: usize,
) -> Geometry {
    let config = ModelConfig {
        architecture: Architecture::Wave,
        vocab_size: 2,
        embedding_dim: HEADS * head_dim,
        num_layers: 1,
        num_heads: HEADS,
        ffn_dim: 4,
        field_size,
        max_seq_len,
        interference_interval: 3,
        position_scale: 1.0,
        ..ModelConfig::default()
    };
    let batch = if seq_len > 1000 { 2 } else { 5 };
    Geometry::new(&config, batch, seq_len)
}

/// Every length of the transform up to the longest, with whole and with fractional strides by turns:
/// the stride is the scatter's and the gather's matter, the length that of the transform between.
fn geometries() -> Vec<Geometry> {
    let mut all = vec![
        geometry(9, 9, 1, 3),
        geometry(201, 201, 200, 2),
        geometry(2048, 700, 650, 3),
        // More than a workgroup transforms.
        geometry(4100, 4100, 4090, 2),
    ];
    if !IN_BROWSER {
        all.extend([
            geometry(9, 9, 9, 5),
            geometry(17, 17, 16, 2),
            geometry(50, 20, 20, 3),
            geometry(101, 101, 100, 2),
            geometry(257, 129, 100, 4),
            geometry(257, 86, 86, 3),
            geometry(1001, 400, 400, 3),
            geometry(2048, 2048, 2000, 2),
            geometry(9000, 3333, 3333, 1),
        ]);
    }
    all
}

/// Going back makes the same transforms: a length for each of their last passes, and each other branch.
fn geometries_of_the_backward() -> Vec<Geometry> {
    let mut all = vec![geometry(201, 201, 200, 2), geometry(4100, 4100, 4090, 2)];
    if !IN_BROWSER {
        all.extend([
            geometry(9, 9, 1, 3),
            geometry(50, 20, 20, 3),
            geometry(257, 129, 100, 4),
            geometry(257, 86, 86, 3),
            geometry(2048, 2048, 2000, 2),
            geometry(9000, 3333, 3333, 1),
        ]);
    }
    all
}

pub async fn field_convolution(device: GpuDevice) -> Outcome {
    for g in geometries() {
        let mut t = Twins::new(device.clone());
        let len = g.batch * g.seq_len * HEADS * g.head_dim;
        let (deposits, kernels) = (t.normals(len), t.normals(2 * HEADS * g.line()));
        let kernel = View::of(kernels.tensor, kernels.len() / 2..kernels.len());
        let y = t.poisoned(len);
        let what = format!("{} tokens on {} cells", g.seq_len, g.line());
        let size = (g.seq_len as f32).sqrt();
        t.run(&[Op::FieldConvolution {
            geometry: Arc::new(g),
            deposits,
            kernel,
            y: y.clone(),
        }]);
        t.same(&what, &y, 2e-6 * size, 1e-5).await?;
    }
    Ok(())
}

pub async fn direct_convolution(device: GpuDevice) -> Outcome {
    for (batch, seq_len, head_dim) in [(2, 1, 3), (2, 100, 5), (1, 128, 16), (2, 333, 20)] {
        let g = Geometry {
            batch,
            seq_len,
            heads: HEADS,
            head_dim,
            taps: Taps {
                field_size: seq_len,
                step: 1,
                count: seq_len,
            },
            places: Vec::new(),
            circular: false,
        };
        let mut t = Twins::new(device.clone());
        let len = batch * seq_len * HEADS * head_dim;
        let (deposits, kernels) = (t.normals(len), t.normals(2 * HEADS * seq_len));
        let kernel = View::of(kernels.tensor, kernels.len() / 2..kernels.len());
        let y = t.poisoned(len);
        let size = (seq_len as f32).sqrt();
        t.run(&[Op::DirectConvolution {
            geometry: Arc::new(g),
            deposits,
            kernel,
            y: y.clone(),
        }]);
        let what = format!("{seq_len} tokens of {head_dim} channels a head");
        t.same(&what, &y, 2e-6 * size, 1e-5).await?;
    }
    Ok(())
}

pub async fn field_convolution_backward(device: GpuDevice) -> Outcome {
    for g in geometries_of_the_backward() {
        let mut t = Twins::new(device.clone());
        let len = g.batch * g.seq_len * HEADS * g.head_dim;
        // The kernels of a second layer: their spectra do not begin where the tensor does.
        let kernels = HEADS * g.line();
        let (deposits, both) = (t.normals(len), t.normals(2 * kernels));
        let kernel = View::of(both.tensor, kernels..2 * kernels);
        let dy = t.normals(len);
        let (ddeposits, dkernel) = (t.poisoned(len), t.poisoned(kernel.len()));
        let what = format!("{} tokens on {} cells", g.seq_len, g.line());
        let size = (g.seq_len as f32).sqrt();
        t.run(&[Op::FieldConvolutionBackward {
            geometry: Arc::new(g),
            deposits,
            kernel,
            dy,
            ddeposits: ddeposits.clone(),
            dkernel: dkernel.clone(),
        }]);
        t.same(&format!("ddeposits, {what}"), &ddeposits, 2e-6 * size, 1e-5)
            .await?;
        t.same(&format!("dkernel, {what}"), &dkernel, 1e-5 * size, 1e-5)
            .await?;
    }
    Ok(())
}
