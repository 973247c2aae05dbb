//! The kernels of the heads' waves, and what becomes of their gradients.

use super::Encoder;
use super::field::MOST_POINTS;
use crate::backend::gpu::program::Dispatch;
use crate::backend::{TensorId, View, WaveGradients, WaveHeads};
use crate::kernels::wave_kernel::Taps;

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

    /// A dispatch over all heads of all layers.
    fn wave(
        &mut self,
        entry: &'static str,
        layers: &[WaveHeads],
        gradients: Option<&[WaveGradients]>,
        taps: Taps,
        kernel: &View,
    ) -> Dispatch {
        let heads: usize = layers.iter().map(|layer| layer.gain.len()).sum();
        let table = self.wave_table(layers, gradients);
        let twiddles = self.twiddles(MOST_POINTS);
        Dispatch::new("wave_kernel", entry)
            .constant("TURN", MOST_POINTS as u32)
            .arg(heads)
            .arg(taps.field_size)
            .arg(taps.step)
            .arg(taps.count)
            .arg(kernel.range.start)
            .buffer(2, twiddles, 2 * MOST_POINTS)
            .buffer(3, layers[0].frequency.tensor, 3 * heads)
            .buffer(4, layers[0].gain.tensor, heads)
            .buffer(5, table, 7 * heads)
            .workgroups(heads, 1, 1)
    }

    pub(super) fn wave_kernel(&mut self, layers: &[WaveHeads], taps: Taps, kernel: &View) {
        let dispatch = self.wave("wave_kernel", layers, None, taps, kernel);
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
            "wave_kernel_backward",
            layers,
            Some(gradients),
            taps,
            dkernel,
        );
        let (tensor, heads) = (gradients[0].frequency.tensor, dkernel.len() / taps.count);
        self.push(
            dispatch
                .buffer(7, dkernel.tensor, dkernel.len())
                .buffer(8, tensor, 6 * heads),
        );
    }
}
