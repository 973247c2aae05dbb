//! Prefix means and interference.

use super::{Encoder, lanes};
use crate::backend::gpu::program::Dispatch;
use crate::backend::{InterferenceInputs, Op, View};
use crate::kernels::interference::STATS;

const SHADER: &str = "interference";
/// Lines that a workgroup of `prefix_mean.wgsl` has, and most workgroups.
const LINES: usize = 64;
const MOST_GROUPS: usize = 4096;

impl Encoder<'_> {
    pub(super) fn interference(&mut self, op: &Op) {
        match op {
            Op::PrefixMean { x, y, seq_len, dim } => self.push(
                prefix_mean("prefix_mean", y.len(), *seq_len, *dim)
                    .view(2, x)
                    .view(3, y),
            ),
            Op::PrefixMeanBackward { d, seq_len, dim } => self.push(
                prefix_mean("prefix_mean_backward", d.len(), *seq_len, *dim)
                    .arg(0)
                    // Read and written.
                    .buffer(3, d.tensor, 2 * d.len())
                    .arg(d.range.start),
            ),
            Op::Interfere {
                inputs,
                out,
                stats,
                dim,
            } => {
                let v = inputs;
                let threads = lanes(*dim);
                let rows = out.len() / dim;
                self.push(
                    Dispatch::new(SHADER, "interfere")
                        .constant("LANES", threads as u32)
                        .arg(rows)
                        .arg(*dim)
                        .view(2, &v.temperature)
                        .view(3, &v.x)
                        .view(4, &v.local)
                        .view(5, &v.global)
                        .view(6, &v.context)
                        .view(7, &v.gate)
                        .view(8, out)
                        .view(9, stats)
                        .units((rows * threads).div_ceil(256)),
                );
            }
            Op::InterfereBackward {
                inputs,
                stats,
                dout,
                dlocal,
                dglobal,
                dcontext,
                dgate,
                dtemperature,
                dim,
            } => {
                let outputs = [dlocal, dglobal, dcontext, dgate];
                self.interfere_backward(inputs, [stats, dout], outputs, dtemperature, *dim);
            }
            _ => unreachable!("not a part of interference"),
        }
    }

    fn interfere_backward(
        &mut self,
        inputs: &InterferenceInputs,
        [stats, dout]: [&View; 2],
        [dlocal, dglobal, dcontext, dgate]: [&View; 4],
        dtemperature: &View,
        dim: usize,
    ) {
        let v = inputs;
        let threads = lanes(dim);
        let rows = dout.len() / dim;
        let dalignments = self.scratch("dalignments", rows);
        let starts = [
            &v.temperature,
            &v.x,
            &v.local,
            &v.global,
            &v.context,
            &v.gate,
            // There is no output.
            &v.x,
            stats,
            dout,
            dlocal,
            dglobal,
            dcontext,
            dgate,
            dtemperature,
        ];
        let begin = |entry| {
            let dispatch = Dispatch::new(SHADER, entry)
                .constant("LANES", threads as u32)
                .arg(rows)
                .arg(dim)
                .buffer(16, dalignments, rows);
            let each = starts.iter();
            each.fold(dispatch, |dispatch, view| dispatch.arg(view.range.start))
        };
        let bind = |dispatch: Dispatch, views: &[(u32, &View)]| {
            let each = views.iter();
            each.fold(dispatch, |dispatch, (binding, view)| {
                dispatch.buffer(*binding, view.tensor, view.len())
            })
        };
        let reads = [
            (2, &v.temperature),
            (6, &v.context),
            (7, &v.gate),
            (10, stats),
            (11, dout),
        ];
        let strength = bind(begin("strength_backward"), &reads);
        let alignment = bind(
            begin("alignment_backward"),
            &[(4, &v.local), (5, &v.global), (10, stats)],
        );
        for dispatch in [
            bind(strength, &[(14, dcontext), (15, dgate)]),
            bind(alignment, &[(12, dlocal), (13, dglobal)]),
        ] {
            self.push(dispatch.units((rows * threads).div_ceil(256)));
        }
        self.push(
            begin("temperature_backward")
                .buffer(2, v.temperature.tensor, 1)
                .buffer(10, stats.tensor, rows * STATS)
                .buffer(17, dtemperature.tensor, 2),
        );
    }
}

/// A dispatch over the channels of `len` elements' sequences.
fn prefix_mean(entry: &'static str, len: usize, seq_len: usize, dim: usize) -> Dispatch {
    let lines = len / seq_len;
    Dispatch::new("prefix_mean", entry)
        .arg(lines)
        .arg(seq_len)
        .arg(dim)
        .units(lines.div_ceil(LINES).min(MOST_GROUPS))
}
