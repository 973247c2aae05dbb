//! The kernels and rotations of the heads' waves, and what becomes of their gradients.

use super::Encoder;
use super::field::MOST_POINTS;
use crate::backend::gpu::program::Dispatch;
use crate::backend::{TensorId, View, WaveGradients, WaveHeads};
use crate::kernels::wave_kernel::Taps;
use crate::kernels::wave_rotation::Travel;

impl Encoder<'_> {
    fn wave_table(
        &mut self,
        layers: &[WaveHeads],
        gradients: Option<&[WaveGradients]>,
    ) -> TensorId {
        let mut words = Vec::new();
        for (i, layer) in layers.iter().enumerate() {
            let d = gradients.map(|gradients| &gradients[i]);
            for head in 0..layer.gain.len() {
                let place = |view: &View| (view.range.start + head) as u32;
                words.extend([
                    place(&layer.frequency),
                    place(&layer.damping),
                    place(&layer.phase),
                    place(&layer.gain),
                ]);
                let gradient = |view: fn(&WaveGradients) -> &View| d.map_or(0, |d| place(view(d)));
                words.extend([
                    gradient(|d| &d.frequency),
                    gradient(|d| &d.damping),
                    gradient(|d| &d.phase),
                ]);
            }
        }
        self.gpu.upload(&words)
    }

    /// A dispatch over all heads of all layers, `numbers` of which begin at `start`: `sizes` are the last
    /// arguments of `wave.wgsl`.
    fn wave(
        &mut self,
        [shader, entry]: [&'static str; 2],
        (layers, gradients): (&[WaveHeads], Option<&[WaveGradients]>),
        field_size: usize,
        start: usize,
        sizes: [usize; 3],
    ) -> Dispatch {
        let heads: usize = layers.iter().map(|layer| layer.gain.len()).sum();
        let table = self.wave_table(layers, gradients);
        let twiddles = self.twiddles(MOST_POINTS);
        let mut dispatch = Dispatch::new(shader, entry).constant("TURN", MOST_POINTS as u32);
        for value in [heads, field_size, start].into_iter().chain(sizes) {
            dispatch = dispatch.arg(value);
        }
        let dispatch = dispatch
            .buffer(2, twiddles, 2 * MOST_POINTS)
            .buffer(3, layers[0].frequency.tensor, 3 * heads)
            .buffer(4, layers[0].gain.tensor, heads)
            .buffer(5, table, 7 * heads)
            .workgroups(heads, 1, 1);
        match gradients {
            None => dispatch,
            Some(gradients) => dispatch.buffer(8, gradients[0].frequency.tensor, 6 * heads),
        }
    }

    pub(super) fn wave_kernel(&mut self, layers: &[WaveHeads], taps: Taps, kernel: &View) {
        let dispatch = self.wave(
            ["wave_kernel"; 2],
            (layers, None),
            taps.field_size,
            kernel.range.start,
            [taps.step, taps.count, 0],
        );
        self.push(dispatch.buffer(6, kernel.tensor, kernel.len()));
        self.spectra(kernel.tensor, taps.count);
    }

    pub(super) fn wave_kernel_backward(
        &mut self,
        layers: &[WaveHeads],
        gradients: &[WaveGradients],
        taps: Taps,
        dkernel: &View,
    ) {
        let dispatch = self.wave(
            ["wave_kernel", "wave_kernel_backward"],
            (layers, Some(gradients)),
            taps.field_size,
            dkernel.range.start,
            [taps.step, taps.count, 0],
        );
        self.push(dispatch.buffer(7, dkernel.tensor, dkernel.len()));
    }

    pub(super) fn wave_rotation(&mut self, layers: &[WaveHeads], travel: Travel, rotations: &View) {
        let dispatch = self.wave(
            ["wave_rotation"; 2],
            (layers, None),
            travel.field_size,
            rotations.range.start,
            [0, 0, travel.least],
        );
        self.push(dispatch.buffer(6, rotations.tensor, rotations.len()));
    }

    pub(super) fn wave_rotation_backward(
        &mut self,
        layers: &[WaveHeads],
        gradients: &[WaveGradients],
        travel: Travel,
        drotations: &View,
    ) {
        let dispatch = self.wave(
            ["wave_rotation", "wave_rotation_backward"],
            (layers, Some(gradients)),
            travel.field_size,
            drotations.range.start,
            [0, 0, travel.least],
        );
        self.push(dispatch.buffer(7, drotations.tensor, drotations.len()));
    }
}
