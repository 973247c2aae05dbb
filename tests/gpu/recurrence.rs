//! Waves as rotations, and the field as a recurrence.

use crate::field::{HEADS, geometry, wave_gradients, waves};
use crate::twins::{Twins, compare};
use crate::{IN_BROWSER, Outcome};
use std::sync::Arc;
use wavefield::backend::gpu::{FieldMethod, Gpu, GpuDevice};
use wavefield::backend::{Backend, Op, View};
use wavefield::kernels::field_convolution::Geometry;
use wavefield::kernels::wave_kernel::Wave;
use wavefield::kernels::wave_rotation::{NEAR, ROTATION, ROTATION_GRADIENT, Rotation, Travel};

const TRAVELS: [Travel; 3] = [
    Travel {
        field_size: 60,
        least: 0,
    },
    Travel {
        field_size: 1000,
        least: 6,
    },
    Travel {
        field_size: 65_536,
        least: 2,
    },
];

pub async fn wave_rotation(device: GpuDevice) -> Outcome {
    for travel in TRAVELS {
        let mut t = Twins::new(device.clone());
        let (_, layers) = waves(&mut t);
        let rotations = t.poisoned(2 * HEADS * ROTATION);
        t.run(&[Op::WaveRotation {
            layers,
            travel,
            rotations: rotations.clone(),
        }]);
        for head in 0..2 * HEADS {
            let at = head * ROTATION;
            let near = View::of(rotations.tensor, at..at + NEAR);
            t.same(&format!("head {head}, {travel:?}"), &near, 1.5e-7, 1e-6)
                .await?;
        }
    }
    Ok(())
}

pub async fn wave_rotation_backward(device: GpuDevice) -> Outcome {
    for travel in TRAVELS {
        let mut t = Twins::new(device.clone());
        let (all, layers) = waves(&mut t);
        let gradients = t.gradients(all.len());
        let drotations = t.normals(2 * HEADS * ROTATION_GRADIENT);
        t.run(&[Op::WaveRotationBackward {
            gradients: wave_gradients(&gradients, &layers),
            layers,
            travel,
            drotations,
        }]);
        t.same(&format!("{travel:?}"), &gradients, 1e-6, 1e-4)
            .await?;
    }
    Ok(())
}

/// What is allowed, as a share of the largest number of a head: either twin may be off by half of it, from what float64
/// gives (src/kernels/field_recurrence/tests.rs).
const ALLOWED: f32 = 8e-6;

/// Texts of one token, of less than a run, of whole runs and chunks and of one token more, of several
/// segments; strides of 1, 3, 2.5 and 2.4 cells; fewer channels than a workgroup has, as many, and more, of
/// heads that share a workgroup or lie across two.
fn texts() -> Vec<Geometry> {
    let mut all = vec![
        geometry(9, 9, 1, 3),
        geometry(129, 129, 129, 11),
        geometry(1501, 601, 600, 5),
    ];
    if !IN_BROWSER {
        all.extend([
            geometry(17, 17, 16, 1),
            geometry(49, 17, 17, 2),
            geometry(385, 129, 128, 32),
            geometry(600, 250, 127, 16),
            geometry(1300, 1300, 1281, 4),
            // So many texts that a segment has five chunks instead of four.
            Geometry {
                batch: 40,
                ..geometry(1100, 1100, 1024, 5)
            },
        ]);
    }
    all
}

/// A long text of few channels, whose waves are heard to its end: on a cell each, and between cells.
fn long_texts() -> Vec<Geometry> {
    let cells = if IN_BROWSER { 3000 } else { 8192 };
    vec![
        geometry(cells, cells, cells - 3, 1),
        geometry(5 * cells / 2, cells, cells - 3, 1),
    ]
}

/// The rotations of a second layer's waves: heard for long, for as long as the field is, and shortly.
fn rotations(t: &mut Twins, g: &Geometry) -> View {
    let mut rows = vec![0.0f32; 2 * HEADS * ROTATION];
    // Numbers of float32, as parameters are: a GPU knows no others.
    let waves = [(1.7f32, 2e-3f32), (-0.4, 1e-4), (0.9, 0.3)].map(|(f, d)| (f.into(), d.into()));
    let heads = rows[HEADS * ROTATION..].chunks_exact_mut(ROTATION);
    for (row, (frequency, damping)) in heads.zip(waves) {
        let wave = Wave {
            frequency,
            damping,
            phase: 0.5,
        };
        Rotation::new(wave, 1.0, g.travel()).write(row);
    }
    let all = t.values(&rows);
    View::of(all.tensor, HEADS * ROTATION..rows.len())
}

/// Holds each head's part of rows of `width` numbers for each of the heads, as a share of the head's largest.
async fn near(t: &mut Twins, what: &str, rows: &View, width: usize, allowed: f32) -> Outcome {
    let views = std::slice::from_ref(rows);
    let expected = t.cpu.read(views).await.map_err(|e| e.to_string())?;
    let found = t.gpu.read(views).await.map_err(|e| e.to_string())?;
    for head in 0..HEADS {
        let of = |x: &[f32]| -> Vec<f32> {
            let rows = x.chunks_exact(HEADS * width);
            rows.flat_map(|row| row[head * width..][..width].to_vec())
                .collect()
        };
        let (found, expected) = (of(&found), of(&expected));
        let size = expected.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
        let what = format!("{what}, head {head}");
        compare(&what, &found, &expected, allowed * size, 0.0)?;
    }
    Ok(())
}

pub async fn field_recurrence(device: GpuDevice) -> Outcome {
    for g in texts().into_iter().chain(long_texts()) {
        let mut t = Twins::new(device.clone());
        let (width, what) = (
            g.head_dim,
            format!("{} tokens on {} cells", g.seq_len, g.line()),
        );
        let rotations = rotations(&mut t, &g);
        let deposits = t.normals(g.batch * g.seq_len * HEADS * width);
        let y = t.poisoned(deposits.len());
        t.run(&[Op::FieldRecurrence {
            geometry: Arc::new(g),
            deposits,
            rotations,
            y: y.clone(),
        }]);
        near(&mut t, &what, &y, width, ALLOWED).await?;
    }
    Ok(())
}

pub async fn field_recurrence_backward(device: GpuDevice) -> Outcome {
    for g in texts().into_iter().chain(long_texts()) {
        let mut t = Twins::new(device.clone());
        let (width, what) = (
            g.head_dim,
            format!("{} tokens on {} cells", g.seq_len, g.line()),
        );
        let rotations = rotations(&mut t, &g);
        let deposits = t.normals(g.batch * g.seq_len * HEADS * width);
        let (dy, ddeposits) = (t.normals(deposits.len()), t.poisoned(deposits.len()));
        let drotations = t.poisoned(HEADS * ROTATION_GRADIENT);
        t.run(&[Op::FieldRecurrenceBackward {
            geometry: Arc::new(g),
            deposits,
            rotations,
            dy,
            ddeposits: ddeposits.clone(),
            drotations: drotations.clone(),
        }]);
        near(
            &mut t,
            &format!("deposits, {what}"),
            &ddeposits,
            width,
            ALLOWED,
        )
        .await?;
        // C and B.
        let width = ROTATION_GRADIENT;
        near(&mut t, &format!("turns, {what}"), &drotations, width, 2e-5).await?;
    }
    Ok(())
}

/// The choice between the two ways is made by a formula: it must be what their dispatches come to.
pub async fn costs_are_as_counted(device: GpuDevice) -> Outcome {
    let one_dispatch = geometry(501, 501, 500, 10);
    let in_passes = geometry(4100, 4100, 4090, 8);
    for g in [one_dispatch, in_passes] {
        for method in FieldMethod::BOTH {
            let predicted = method.cost(&g).bytes as f64;
            let mut gpu = Gpu::new(device.clone());
            let mut tensor = |len: usize| View::of(gpu.allocate(len), 0..len);
            let rows = [0; 4].map(|_| tensor(g.batch * g.seq_len * HEADS * g.head_dim));
            let waves = match method {
                FieldMethod::Recurrence => [HEADS * ROTATION, HEADS * ROTATION_GRADIENT],
                FieldMethod::Transforms => [HEADS * g.line(); 2],
            };
            let [waves, dwaves] = waves.map(tensor);
            let program = gpu.prepare(&both_ways(method, g.clone(), waves, rows, dwaves));
            let counted: u64 = program.dispatches().iter().map(|d| d.bytes).sum();
            let off = (counted as f64 / predicted - 1.0).abs();
            if off > 0.1 {
                let tokens = g.seq_len;
                return Err(format!(
                    "{method:?}, {tokens} tokens: {counted} for {predicted}"
                ));
            }
        }
    }
    Ok(())
}

/// A field, forward and backward.
fn both_ways(
    method: FieldMethod,
    g: Geometry,
    waves: View,
    [deposits, y, dy, ddeposits]: [View; 4],
    dwaves: View,
) -> Vec<Op> {
    let geometry = Arc::new(g);
    match method {
        FieldMethod::Recurrence => vec![
            Op::FieldRecurrence {
                geometry: geometry.clone(),
                deposits: deposits.clone(),
                rotations: waves.clone(),
                y,
            },
            Op::FieldRecurrenceBackward {
                geometry,
                deposits,
                rotations: waves,
                dy,
                ddeposits,
                drotations: dwaves,
            },
        ],
        FieldMethod::Transforms => vec![
            Op::FieldConvolution {
                geometry: geometry.clone(),
                deposits: deposits.clone(),
                kernel: waves.clone(),
                y,
            },
            Op::FieldConvolutionBackward {
                geometry,
                deposits,
                kernel: waves,
                dy,
                ddeposits,
                dkernel: dwaves,
            },
        ],
    }
}
