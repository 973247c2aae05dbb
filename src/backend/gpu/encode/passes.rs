//! Convolutions on lines that are too long for one workgroup: each is cut into runs, which go through
//! the device's memory from pass to pass.

use super::Encoder;
use super::field::{Call, Lines, pairs};
use crate::backend::gpu::program::Dispatch;
use crate::backend::{TensorId, View};
use crate::kernels::field_convolution::Geometry;
use std::sync::Arc;

/// Most numbers of the lines that are in hand at once.
const MOST_IN_HAND: usize = 1 << 24;

impl Encoder<'_> {
    pub(super) fn pass(&mut self, entry: &'static str, g: &Geometry, call: Call) -> Dispatch {
        let lines = Lines::of(g.line());
        let dispatch = Dispatch::new("field_passes", entry).constant("RUNS", lines.runs as u32);
        self.with_lines(dispatch, g, lines, call)
    }

    /// Transforms each run of so many lines in place.
    pub(super) fn forward_runs(&mut self, g: &Geometry, runs: TensorId, count: usize) {
        let lines = Lines::of(g.line());
        let dispatch = self.pass("forward_runs", g, Call::default());
        self.push(
            dispatch
                .buffer(9, runs, 4 * count * lines.points)
                .workgroups(lines.runs, count, 1),
        );
    }

    /// Brings lines' tokens into runs and transforms them.
    fn scatter_runs(&mut self, g: &Arc<Geometry>, call: Call, x: &View, runs: TensorId) {
        let lines = Lines::of(g.line());
        let places = self.places(g);
        let x_start = x.range.start;
        let dispatch = self.pass("scatter_runs", g, Call { x: x_start, ..call });
        let points = 2 * call.lines * lines.points;
        self.push(
            dispatch
                .buffer(3, x.tensor, x.len())
                .buffer(6, places, 2 * g.places.len())
                .buffer(9, runs, points)
                .workgroups(lines.points / 256, call.lines, 1),
        );
        self.forward_runs(g, runs, call.lines);
    }

    /// Lines by lines: deposits to `y`, through the spectrum. With `other`, the runs of the deposits,
    /// the lines are also correlated with them into a tensor.
    pub(super) fn convolve_in_passes(
        &mut self,
        g: &Arc<Geometry>,
        call: Call,
        [x, y]: [&View; 2],
        spectra: TensorId,
        other: Option<(&View, TensorId)>,
    ) {
        let lines = Lines::of(g.line());
        let all = g.batch * g.heads * pairs(g);
        let most = (MOST_IN_HAND / (2 * lines.points)).clamp(1, all);
        let runs = self.scratch("runs", 2 * most * lines.points);
        let places = self.places(g);
        for first_line in (0..all).step_by(most) {
            let call = Call {
                first_line,
                lines: most.min(all - first_line),
                y: y.range.start,
                ..call
            };
            let points = 2 * call.lines * lines.points;
            self.scatter_runs(g, call, x, runs);
            if let Some((deposits, correlation)) = other {
                let other_runs = self.scratch("other runs", 2 * most * lines.points);
                self.scatter_runs(g, call, deposits, other_runs);
                let mut dispatch = self.pass("correlate_runs", g, call);
                // The only one that transforms nothing.
                dispatch.buffers.clear();
                self.push(
                    dispatch
                        .buffer(8, correlation, 4 * g.heads * lines.points)
                        .buffer(9, runs, points)
                        .buffer(10, other_runs, points)
                        .workgroups(lines.points / 256, g.heads, 1),
                );
            }
            let dispatch = self.pass("multiply_runs", g, call);
            self.push(
                dispatch
                    .buffer(5, spectra, 2 * g.heads * lines.points)
                    .buffer(9, runs, 2 * points)
                    .workgroups(lines.runs, call.lines, 1),
            );
            let dispatch = self.pass("gather_runs", g, call);
            self.push(
                dispatch
                    .buffer(4, y.tensor, y.len())
                    .buffer(6, places, 2 * g.places.len())
                    .buffer(9, runs, points)
                    .workgroups(g.seq_len.div_ceil(256), call.lines, 1),
            );
        }
    }

    pub(super) fn convolve_backward_in_passes(
        &mut self,
        g: &Arc<Geometry>,
        call: Call,
        [deposits, dy, ddeposits, dkernel]: [&View; 4],
        spectra: TensorId,
    ) {
        let lines = Lines::of(g.line());
        let points = 2 * g.heads * lines.points;
        let correlation = self.scratch("correlation", points);
        let other = Some((deposits, correlation));
        self.convolve_in_passes(g, call, [dy, ddeposits], spectra, other);
        // The correlations have a tensor of their own, whatever the place of the layer's spectra in theirs.
        let own = Call {
            spectrum: 0,
            ..call
        };
        let dispatch = self.pass("inverse_runs", g, own);
        self.push(
            dispatch
                .buffer(9, correlation, 2 * points)
                .workgroups(lines.runs, g.heads, 1),
        );
        let call = Call {
            y: dkernel.range.start,
            ..call
        };
        let dispatch = self.pass("kernel_gradient_runs", g, call);
        self.push(
            dispatch
                .buffer(4, dkernel.tensor, dkernel.len())
                .buffer(9, correlation, points)
                .workgroups(g.line().div_ceil(256), g.heads, 1),
        );
    }
}
