//! Waves: kernels, rotations, and what they carry.

use super::Cpu;
use crate::backend::{Op, WaveHeads};
use crate::kernels::direct_convolution::direct_convolution;
use crate::kernels::field_convolution::{field_convolution, field_convolution_backward};
use crate::kernels::field_recurrence::{field_recurrence, field_recurrence_backward};
use crate::kernels::{Real, wave_kernel as kernel, wave_rotation as rotation};

impl<T: Real> Cpu<T> {
    /// A layer's waves.
    pub(super) fn field(&self, op: &Op) {
        match op {
            Op::WaveKernel {
                layers,
                taps,
                kernel,
            } => {
                let mut kernel = self.view_mut(kernel);
                let layer_len = kernel.len() / layers.len();
                for (heads, kernel) in layers.iter().zip(kernel.chunks_exact_mut(layer_len)) {
                    self.with_heads(heads, |heads| kernel::wave_kernel(heads, *taps, kernel));
                }
            }
            Op::WaveKernelBackward {
                layers,
                gradients,
                taps,
                dkernel,
            } => {
                let dkernel = self.view(dkernel);
                let layer_len = dkernel.len() / layers.len();
                let dkernels = dkernel.chunks_exact(layer_len);
                for ((heads, d), dkernel) in layers.iter().zip(gradients).zip(dkernels) {
                    let [mut dw, mut da, mut dp] =
                        self.views_mut([&d.frequency, &d.damping, &d.phase]);
                    self.with_heads(heads, |heads| {
                        kernel::wave_kernel_backward(
                            heads, *taps, dkernel, &mut dw, &mut da, &mut dp,
                        );
                    });
                }
            }
            Op::WaveRotation {
                layers,
                travel,
                rotations,
            } => {
                let mut rotations = self.view_mut(rotations);
                let layer_len = rotations.len() / layers.len();
                for (heads, row) in layers.iter().zip(rotations.chunks_exact_mut(layer_len)) {
                    self.with_heads(heads, |heads| rotation::wave_rotation(heads, *travel, row));
                }
            }
            Op::WaveRotationBackward {
                layers,
                gradients,
                travel,
                drotations,
            } => {
                let drotations = self.view(drotations);
                let layer_len = drotations.len() / layers.len();
                let rows = drotations.chunks_exact(layer_len);
                for ((heads, d), row) in layers.iter().zip(gradients).zip(rows) {
                    let [mut dw, mut da, mut dp] =
                        self.views_mut([&d.frequency, &d.damping, &d.phase]);
                    self.with_heads(heads, |heads| {
                        rotation::wave_rotation_backward(
                            heads, *travel, row, &mut dw, &mut da, &mut dp,
                        );
                    });
                }
            }
            Op::FieldRecurrence {
                geometry,
                deposits,
                rotations,
                y,
            } => field_recurrence(
                geometry,
                &self.view(deposits),
                &self.view(rotations),
                &mut self.view_mut(y),
            ),
            Op::FieldRecurrenceBackward {
                geometry,
                deposits,
                rotations,
                dy,
                ddeposits,
                drotations,
            } => field_recurrence_backward(
                geometry,
                &self.view(deposits),
                &self.view(rotations),
                &self.view(dy),
                &mut self.view_mut(ddeposits),
                &mut self.view_mut(drotations),
            ),
            Op::FieldConvolution {
                geometry,
                deposits,
                kernel,
                y,
            } => field_convolution(
                geometry,
                self.transforms(geometry.fft_len()),
                &self.view(deposits),
                &self.view(kernel),
                &mut self.view_mut(y),
            ),
            Op::DirectConvolution {
                geometry,
                deposits,
                kernel,
                y,
            } => direct_convolution(
                geometry,
                &self.view(deposits),
                &self.view(kernel),
                &mut self.view_mut(y),
            ),
            Op::FieldConvolutionBackward {
                geometry,
                deposits,
                kernel,
                dy,
                ddeposits,
                dkernel,
            } => {
                field_convolution_backward(
                    geometry,
                    self.transforms(geometry.fft_len()),
                    &self.view(deposits),
                    &self.view(kernel),
                    &self.view(dy),
                    &mut self.view_mut(ddeposits),
                    &mut self.view_mut(dkernel),
                );
            }
            _ => unreachable!("not a part of the field"),
        }
    }

    fn with_heads(&self, heads: &WaveHeads, run: impl FnOnce(kernel::Heads<T>)) {
        run(kernel::Heads {
            frequency: &self.view(&heads.frequency),
            damping: &self.view(&heads.damping),
            phase: &self.view(&heads.phase),
            gain: &self.view(&heads.gain),
        });
    }
}
