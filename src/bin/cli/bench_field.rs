//! One layer's field by itself, as a recurrence and by transforms: on the processor beside a mere copy of
//! its numbers, on a graphics card beside what is counted.

use serde::Serialize;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;
use wavefield::backend::gpu::program::Dispatch;
use wavefield::backend::gpu::{FieldMethod, GpuDevice};
use wavefield::backend::{Backend, Device, Op, Program, StepInputs, View, wait};
use wavefield::error::Result;
use wavefield::kernels::field_convolution::Geometry;
use wavefield::kernels::wave_kernel::{Taps, Wave};
use wavefield::kernels::wave_rotation::{ROTATION, ROTATION_GRADIENT, Rotation};

/// The layer's channels and heads, as [`wavefield::scaling`] is measured with.
const WIDTH: usize = 128;
const HEADS: usize = 8;
/// Lengths of the one text.
const ON_CPU: [usize; 6] = [128, 512, 2048, 8192, 32_768, 131_072];
const ON_GPU: [usize; 5] = [16, 128, 512, 2048, 8192];
/// A figure takes this share of the seconds that a shape's does.
const SHARE: f64 = 0.1;

/// The field of one text.
#[derive(Serialize)]
pub struct Row {
    tokens: usize,
    /// On the processor: forward, a copy of its numbers. None on a graphics card.
    copied_milliseconds: Option<f64>,
    recurrence: Figure,
    transforms: Figure,
    /// What a graphics card would choose.
    chosen: Option<&'static str>,
}

#[derive(Serialize)]
struct Figure {
    milliseconds: f64,
    /// On a graphics card: dispatches, what they read and write, and operations of float32.
    dispatches: usize,
    bytes_moved: u64,
    operations: u64,
}

/// Forward, on one thread.
pub fn on_cpu(seconds: f64) -> Result<Vec<Row>> {
    let row = |tokens: usize| {
        let figure = |method| Probe::new(Device::cpu(), tokens, method, false).figure(seconds);
        Ok(Row {
            tokens,
            copied_milliseconds: Some(copy(tokens, seconds)),
            recurrence: figure(FieldMethod::Recurrence)?,
            transforms: figure(FieldMethod::Transforms)?,
            chosen: None,
        })
    };
    ON_CPU.into_iter().map(row).collect()
}

/// Forward and backward.
pub fn on_gpu(gpu: &GpuDevice, seconds: f64) -> Result<Vec<Row>> {
    let row = |tokens: usize| {
        let device = || Device::gpu(gpu.clone());
        let figure = |method| Probe::new(device(), tokens, method, true).figure(seconds);
        Ok(Row {
            tokens,
            copied_milliseconds: None,
            recurrence: figure(FieldMethod::Recurrence)?,
            transforms: figure(FieldMethod::Transforms)?,
            chosen: Some(match FieldMethod::of(&geometry(tokens)) {
                FieldMethod::Recurrence => "recurrence",
                FieldMethod::Transforms => "transforms",
            }),
        })
    };
    ON_GPU.into_iter().map(row).collect()
}

/// One text, each of its tokens on a cell of its own.
fn geometry(tokens: usize) -> Geometry {
    Geometry {
        batch: 1,
        seq_len: tokens,
        heads: HEADS,
        head_dim: WIDTH / HEADS,
        taps: Taps {
            field_size: tokens,
            step: 1,
            count: tokens,
        },
        places: Vec::new(),
        circular: false,
    }
}

/// A field laid out on a device.
struct Probe {
    device: Device,
    program: Program,
    geometry: Geometry,
    method: FieldMethod,
    /// The last row of the last result.
    row: View,
}

impl Probe {
    fn new(mut device: Device, tokens: usize, method: FieldMethod, backward: bool) -> Self {
        let g = Arc::new(geometry(tokens));
        let mut tensor = |len: usize| View::of(device.allocate(len), 0..len);
        let [x, y, dy, dx] = [0; 4].map(|_| tensor(tokens * WIDTH));
        let (waves, gradient) = match method {
            FieldMethod::Recurrence => (HEADS * ROTATION, HEADS * ROTATION_GRADIENT),
            FieldMethod::Transforms => (HEADS * tokens, HEADS * tokens),
        };
        let (waves, dwaves) = (tensor(waves), tensor(gradient));
        let some: Vec<f32> = (0..x.len()).map(|i| (i % 17) as f32 / 8.0 - 1.0).collect();
        device.write(&x, &some);
        device.write(&dy, &some);
        let mut rows = vec![0.0f32; waves.len()];
        for (head, row) in rows.chunks_exact_mut(waves.len() / HEADS).enumerate() {
            let wave = Wave {
                frequency: 0.1 * (head + 1) as f64,
                damping: 3.0 / tokens as f64,
                phase: 0.0,
            };
            match method {
                FieldMethod::Recurrence => Rotation::new(wave, 1.0, g.travel()).write(row),
                FieldMethod::Transforms => wave.for_each(tokens, |t, re, _| row[t] = re as f32),
            }
        }
        device.write(&waves, &rows);
        let last = if backward { &dx } else { &y };
        let row = View::of(last.tensor, last.len() - WIDTH..last.len());
        let mut ops = operations(method, &g, waves, [x, y, dy, dx], dwaves);
        ops.truncate(if backward { 2 } else { 1 });
        let program = device.prepare(&ops);
        Probe {
            device,
            program,
            geometry: geometry(tokens),
            method,
            row,
        }
    }

    fn figure(mut self, seconds: f64) -> Result<Figure> {
        let milliseconds = 1e3 * self.seconds(SHARE * seconds)?;
        let dispatches: &[Dispatch] = match &self.program {
            Program::Cpu(_) => &[],
            Program::Gpu(program) => program.dispatches(),
        };
        Ok(Figure {
            milliseconds,
            dispatches: dispatches.len(),
            bytes_moved: dispatches.iter().map(|d| d.bytes + d.read_again).sum(),
            operations: self.method.cost(&self.geometry).operations,
        })
    }

    /// Of one run.
    fn seconds(&mut self, enough: f64) -> Result<f64> {
        let mut run = |runs: usize| -> Result<f64> {
            let began = Instant::now();
            for _ in 0..runs {
                self.device.run(&self.program, &StepInputs::default());
            }
            wait(self.device.read(std::slice::from_ref(&self.row)))?;
            Ok(began.elapsed().as_secs_f64())
        };
        run(1)?;
        let once = run(1)?;
        let runs = (enough / once).clamp(1.0, 1e5) as usize;
        Ok(run(runs)? / runs as f64)
    }
}

/// Forward, and backward.
fn operations(
    method: FieldMethod,
    geometry: &Arc<Geometry>,
    waves: View,
    [x, y, dy, dx]: [View; 4],
    dwaves: View,
) -> Vec<Op> {
    let geometry = || Arc::clone(geometry);
    match method {
        FieldMethod::Recurrence => vec![
            Op::FieldRecurrence {
                geometry: geometry(),
                deposits: x.clone(),
                rotations: waves.clone(),
                y,
            },
            Op::FieldRecurrenceBackward {
                geometry: geometry(),
                deposits: x,
                rotations: waves,
                dy,
                ddeposits: dx,
                drotations: dwaves,
            },
        ],
        FieldMethod::Transforms => vec![
            Op::FieldConvolution {
                geometry: geometry(),
                deposits: x.clone(),
                kernel: waves.clone(),
                y,
            },
            Op::FieldConvolutionBackward {
                geometry: geometry(),
                deposits: x,
                kernel: waves,
                dy,
                ddeposits: dx,
                dkernel: dwaves,
            },
        ],
    }
}

/// Milliseconds of a copy of as many numbers as a text's deposits are.
fn copy(tokens: usize, seconds: f64) -> f64 {
    let from: Vec<f32> = (0..tokens * WIDTH).map(|i| i as f32).collect();
    let mut to = vec![0.0; from.len()];
    let (began, mut runs) = (Instant::now(), 0);
    while began.elapsed().as_secs_f64() < SHARE * seconds {
        for _ in 0..4 {
            std::hint::black_box(&mut to).copy_from_slice(std::hint::black_box(&from));
        }
        runs += 4;
    }
    1e3 * began.elapsed().as_secs_f64() / f64::from(runs)
}

/// Rows as a table.
pub struct Table<'a>(pub &'a [Row]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Some(first) = self.0.first() else {
            return Ok(());
        };
        let cpu = first.copied_milliseconds.is_some();
        writeln!(
            f,
            "A layer's field alone, {WIDTH} channels and {HEADS} heads, one text, {}:",
            match cpu {
                true => "forward on one thread, milliseconds",
                false =>
                    "forward and backward: dispatches, MiB moved, million operations, milliseconds",
            }
        )?;
        if cpu {
            writeln!(
                f,
                "{:>7}{:>12}{:>12}{:>12}",
                "tokens", "a copy", "recurrence", "transforms"
            )?;
        } else {
            writeln!(
                f,
                "{:>7}{:>34}{:>34}  chosen by count",
                "tokens", "recurrence", "transforms"
            )?;
        }
        for row in self.0 {
            write!(f, "{:>7}", row.tokens)?;
            if let Some(copied) = row.copied_milliseconds {
                write!(f, "{copied:>12.4}")?;
            }
            for figure in [&row.recurrence, &row.transforms] {
                match cpu {
                    true => write!(f, "{:>12.4}", figure.milliseconds)?,
                    false => write!(
                        f,
                        "{:>5}{:>9.2}{:>10.2}{:>10.3}",
                        figure.dispatches,
                        figure.bytes_moved as f64 / f64::from(1 << 20),
                        figure.operations as f64 / 1e6,
                        figure.milliseconds
                    )?,
                }
            }
            writeln!(f, "  {}", row.chosen.unwrap_or_default())?;
        }
        Ok(())
    }
}
