//! Measures one way at one length, on any device.

use super::samples::{Clock, SAMPLE_SECONDS, Timed, Times, timed};
use super::{Mixing, Order};
use crate::backend::gpu::GpuDevice;
use crate::backend::{Backend, Device, Op, Program, StepInputs, View};
use crate::error::{Error, Result};
use crate::kernels::wave_rotation::{Complex, ROTATION, Rotation};
use crate::rng::mix32;
use crate::train::proof::{Check, worst_error};
use serde::Serialize;
use std::sync::Arc;

/// Tokens of the comparison with the processor: no whole number of any block.
const PROOF_TOKENS: usize = 300;

/// What is allowed there: some times what honest adapters are off by, as [`crate::train::proof`] has it.
const ALLOWED: f64 = 1e-5;

/// What a measurement gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct Measurement {
    #[serde(flatten)]
    pub order: Order,
    #[serde(flatten)]
    pub times: Times,
}

/// One way at one length, laid out on a device.
struct Probe {
    device: Device,
    program: Program,
    output: View,
    width: usize,
}

impl Probe {
    fn new(mut device: Device, order: &Order) -> Result<Self> {
        order.check()?;
        let (tokens, width) = (order.length, order.width);
        let output = View::of(device.allocate(tokens * width), 0..tokens * width);
        let (op, inputs) = operation(&mut device, order, output.clone());
        // What did not fit was refused by now.
        device.check()?;
        for (view, values) in inputs {
            device.write(&view, &values);
        }
        let program = device.prepare(&[op]);
        device.check()?;
        Ok(Probe {
            device,
            program,
            output,
            width,
        })
    }

    /// Everything that the last run computed.
    async fn result(&mut self) -> Result<Vec<f32>> {
        let output = self.output.clone();
        self.device.read(&[output]).await
    }
}

impl Timed for Probe {
    /// Ends with a reading of the last token's row.
    async fn run(&mut self, runs: usize) -> Result<()> {
        let end = self.output.range.end;
        let row = View::of(self.output.tensor, end - self.width..end);
        for _ in 0..runs {
            self.device.run(&self.program, &StepInputs::default());
        }
        self.device.read(&[row]).await?;
        Ok(())
    }
}

/// Numbers between -1 and 1, others for each seed. Times do not depend on what they are, as long as
/// they are neither zero nor too small for float32.
fn noise(seed: u32, len: usize) -> Vec<f32> {
    let number = |i: usize| (mix32(i as u32 ^ mix32(seed)) as f32) / 2f32.powi(31) - 1.0;
    (0..len).map(number).collect()
}

/// A head's frequency, as float32 holds it.
fn frequency(head: usize) -> f64 {
    f64::from(0.1 * (head + 1) as f32)
}

/// Kernels of waves that are heard over the whole text, (heads, tokens).
fn kernels(order: &Order) -> Vec<f32> {
    let damping = 3.0 / order.length as f64;
    let wave = |head: usize| {
        let frequency = frequency(head);
        (0..order.length).map(move |lag| {
            let t = lag as f64;
            (damping * libm::exp(-damping * t) * libm::cos(frequency * t)) as f32
        })
    };
    (0..order.heads).flat_map(wave).collect()
}

/// The same waves as rotations, (heads, ROTATION).
fn rotations(order: &Order) -> Vec<f32> {
    let damping = 3.0 / order.length as f64;
    let mut rows = vec![0.0; order.heads * ROTATION];
    for (head, row) in rows.chunks_exact_mut(ROTATION).enumerate() {
        let frequency = frequency(head);
        let z = Complex::polar(libm::exp(-damping), frequency);
        let turns = Rotation {
            frequency,
            damping,
            per_cell: z,
            powers: [Complex::polar(1.0, 0.0), z, z.times(z)],
            listen: Complex::polar(damping, 0.0),
        };
        turns.write(row);
    }
    rows
}

/// The operation, and what its inputs hold.
fn operation(device: &mut Device, order: &Order, y: View) -> (Op, Vec<(View, Vec<f32>)>) {
    let mut tensor = |len: usize| View::of(device.allocate(len), 0..len);
    let geometry = || Arc::new(order.geometry());
    match order.mixing {
        Mixing::Waves | Mixing::DirectWaves => {
            let deposits = tensor(y.len());
            let kernel = tensor(order.heads * order.length);
            let inputs = vec![
                (deposits.clone(), noise(1, deposits.len())),
                (kernel.clone(), kernels(order)),
            ];
            let geometry = geometry();
            let op = match order.mixing {
                Mixing::Waves => Op::FieldConvolution {
                    geometry,
                    deposits,
                    kernel,
                    y,
                },
                _ => Op::DirectConvolution {
                    geometry,
                    deposits,
                    kernel,
                    y,
                },
            };
            (op, inputs)
        }
        Mixing::Recurrence => {
            let deposits = tensor(y.len());
            let rotation = tensor(order.heads * ROTATION);
            let inputs = vec![
                (deposits.clone(), noise(1, deposits.len())),
                (rotation.clone(), rotations(order)),
            ];
            let op = Op::FieldRecurrence {
                geometry: geometry(),
                deposits,
                rotations: rotation,
                y,
            };
            (op, inputs)
        }
        Mixing::Attention => {
            let qkv = tensor(3 * y.len());
            let op = Op::Attention {
                qkv: qkv.clone(),
                y,
                stats: tensor(order.heads * order.length),
                seq_len: order.length,
                heads: order.heads,
            };
            let inputs = vec![(qkv.clone(), noise(1, qkv.len()))];
            (op, inputs)
        }
    }
}

/// Measures one way at one length. `now` gives seconds since any moment, as finely as it can.
///
/// # Errors
/// As [`Order::check`]; [`Error::Device`] when the device fails or refuses; [`Error::Model`] when a
/// result is not a number.
pub async fn measure(device: Device, order: Order, now: &dyn Fn() -> f64) -> Result<Measurement> {
    measure_by(device, order, Clock::new(now)).await
}

async fn measure_by(device: Device, order: Order, clock: Clock<'_>) -> Result<Measurement> {
    let sample = SAMPLE_SECONDS[usize::from(device.is_gpu())];
    let mut probe = Probe::new(device, &order)?;
    let times = timed(&mut probe, sample, clock).await?;
    if probe.result().await?.iter().any(|x| !x.is_finite()) {
        return Err(Error::Model {
            message: format!(
                "{} at {} tokens gave something that is no number, so its time says nothing",
                order.mixing.name(),
                order.length
            ),
        });
    }
    Ok(Measurement { order, times })
}

/// Holds a GPU's results against the CPU's before its times are taken for anything.
///
/// # Errors
/// [`Error::Device`] when the device fails, or when it computes something else.
pub async fn verify(gpu: &GpuDevice, width: usize, heads: usize) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    for mixing in Mixing::ALL {
        let order = Order {
            mixing,
            length: PROOF_TOKENS,
            width,
            heads,
        };
        let mut results = Vec::new();
        for device in [Device::cpu(), Device::gpu(gpu.clone())] {
            let mut probe = Probe::new(device, &order)?;
            probe.run(1).await?;
            results.push(probe.result().await?);
        }
        let check = Check {
            what: mixing.name().into(),
            error: worst_error(&results[1], &results[0]),
            allowed: ALLOWED,
        };
        if !check.passes() {
            return Err(Error::Device {
                message: format!(
                    "the graphics card computes {} wrong (off by {:.1e}, where {:.0e} is allowed), \
                     so its times would say nothing",
                    check.what, check.error, check.allowed
                ),
            });
        }
        checks.push(check);
    }
    Ok(checks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::wait;
    use crate::train::proof::distance;

    const ORDER: Order = Order {
        mixing: Mixing::Waves,
        length: 96,
        width: 12,
        heads: 3,
    };

    #[test]
    fn all_ways_compute_what_they_are_named_for() {
        let run = |mixing| {
            let mut probe = Probe::new(Device::cpu(), &Order { mixing, ..ORDER }).unwrap();
            wait(probe.run(1)).unwrap();
            wait(probe.result()).unwrap()
        };
        let waves = run(Mixing::Waves);
        assert!(distance(&run(Mixing::DirectWaves), &waves) < 1e-6);
        assert!(distance(&run(Mixing::Recurrence), &waves) < 1e-6);
        assert!(waves.iter().any(|x| x.abs() > 1e-3), "they hear something");
    }

    #[test]
    fn what_is_too_large_is_refused_before_it_is_allocated() {
        let order = Order {
            width: 12_288,
            length: 65_536,
            ..ORDER
        };
        let error = wait(measure(Device::cpu(), order, &|| 0.0)).unwrap_err();
        assert!(error.to_string().contains("12.0 GB of memory"), "{error}");
    }
}
