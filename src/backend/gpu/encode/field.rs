//! The field: kernels' spectra, and convolutions whose lines a workgroup transforms whole. Longer ones
//! go in `passes`.

use super::Encoder;
use crate::backend::gpu::program::Dispatch;
use crate::backend::{Op, TensorId, View};
use crate::kernels::field_convolution::Geometry;
use crate::kernels::wave_kernel::Taps;
use std::sync::Arc;

/// Most points of a line that one workgroup transforms: what 16 KiB hold.
pub(super) const MOST_POINTS: usize = 4096;
/// Fewest points: one thread holds 16, and a transform has two passes.
const FEWEST_POINTS: usize = 32;
/// Most shares that the sequences are cut into for the kernels' gradient.
const MOST_SHARES: usize = 4;

/// A transform's length.
#[derive(Clone, Copy)]
pub struct Lines {
    /// Points of a line.
    pub points: usize,
    /// Runs that a line is cut into; 1 where a workgroup transforms it whole.
    pub(super) runs: usize,
}

impl Lines {
    pub fn of(line: usize) -> Self {
        let points = (2 * line).next_power_of_two().max(FEWEST_POINTS);
        let runs = points.div_ceil(MOST_POINTS);
        Lines { points, runs }
    }

    /// Points that a workgroup transforms at once.
    fn run(self) -> usize {
        self.points / self.runs
    }

    /// Lines that a workgroup transforms at once.
    fn together(self) -> usize {
        MOST_POINTS / self.run()
    }

    /// Numbers that a convolution and its backward read and write beside tokens' rows.
    pub fn numbers(self, g: &Geometry) -> usize {
        let spectra = 2 * g.heads * self.points;
        let kernels = g.heads * g.line();
        let lines = 2 * g.heads * pairs(g) * self.points;
        match self.runs {
            // Made once, read twice; and the correlations, written and read.
            1 => 2 * kernels + 3 * spectra + 2 * shares(g)[1] * lines,
            // Each line goes through memory 6 times, and 11 times on the way back.
            _ => 2 * kernels + 10 * spectra + 17 * g.batch * lines,
        }
    }

    /// The table of twiddles that it takes.
    fn turn(self) -> usize {
        self.points.max(MOST_POINTS)
    }
}

/// The arguments of `field_lines.wgsl`, but for what every dispatch sets for itself.
#[derive(Clone, Copy, Default)]
pub(super) struct Call {
    pub(super) batch_share: usize,
    pub(super) conjugated: bool,
    /// Where the spectrum begins, in complex numbers.
    pub(super) spectrum: usize,
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) dx: usize,
    pub(super) first_line: usize,
    pub(super) lines: usize,
}

/// The geometry of lines that are kernels rather than channels.
fn kernels(heads: usize, taps: usize) -> Geometry {
    Geometry {
        batch: 1,
        seq_len: taps,
        heads,
        head_dim: 1,
        taps: Taps {
            field_size: taps,
            step: 1,
            count: taps,
        },
        places: Vec::new(),
        circular: false,
    }
}

/// Sequences of a share for the kernels' gradient, and shares.
fn shares(g: &Geometry) -> [usize; 2] {
    let share = g.batch.div_ceil(MOST_SHARES);
    [share, g.batch.div_ceil(share)]
}

pub(super) fn pairs(geometry: &Geometry) -> usize {
    geometry.head_dim.div_ceil(2)
}

impl Encoder<'_> {
    pub(super) fn field(&mut self, op: &Op) {
        match op {
            Op::WaveKernel {
                layers,
                taps,
                kernel,
            } => self.wave_kernel(layers, *taps, kernel),
            Op::WaveKernelBackward {
                layers,
                gradients,
                taps,
                dkernel,
            } => self.wave_kernel_backward(layers, gradients, *taps, dkernel),
            Op::FieldConvolution {
                geometry,
                deposits,
                kernel,
                y,
            } => {
                assert!(!geometry.circular, "a GPU's field is never a ring");
                let lines = Lines::of(geometry.line());
                let (spectra, spectrum) = self.spectrum_of(geometry, kernel);
                let call = Call {
                    spectrum,
                    x: deposits.range.start,
                    y: y.range.start,
                    ..Call::default()
                };
                if lines.runs == 1 {
                    self.convolve(geometry, call, [deposits, y], spectra);
                } else {
                    self.convolve_in_passes(geometry, call, [deposits, y], spectra, None);
                }
            }
            Op::FieldConvolutionBackward {
                geometry,
                deposits,
                kernel,
                dy,
                ddeposits,
                dkernel,
            } => {
                let lines = Lines::of(geometry.line());
                let (spectra, spectrum) = self.spectrum_of(geometry, kernel);
                let call = Call {
                    spectrum,
                    conjugated: true,
                    ..Call::default()
                };
                let gradients = [deposits, dy, ddeposits, dkernel];
                if lines.runs == 1 {
                    self.convolve_backward(geometry, call, gradients, spectra);
                } else {
                    self.convolve_backward_in_passes(geometry, call, gradients, spectra);
                }
            }
            _ => unreachable!("not on the field"),
        }
    }

    /// (cos, sin) of 2πk/length.
    pub(super) fn twiddles(&mut self, length: usize) -> TensorId {
        if let Some(tensor) = self.gpu.tables.twiddles.get(&length) {
            return *tensor;
        }
        let angle = |k: usize| std::f64::consts::TAU * k as f64 / length as f64;
        let words: Vec<u32> = (0..length)
            .flat_map(|k| [libm::cos(angle(k)), libm::sin(angle(k))])
            .map(|x| (x as f32).to_bits())
            .collect();
        let tensor = self.gpu.upload(&words);
        self.gpu.tables.twiddles.insert(length, tensor);
        tensor
    }

    /// Where tokens lie: `places` of `field_lines.wgsl`. One word where each has a cell of its own.
    pub(super) fn places(&mut self, geometry: &Arc<Geometry>) -> TensorId {
        let same = |(known, _): &&(Arc<Geometry>, TensorId)| Arc::ptr_eq(known, geometry);
        if let Some((_, tensor)) = self.gpu.tables.places.iter().find(same) {
            return *tensor;
        }
        let mut words = vec![0; 2 * geometry.line() + 2];
        for (token, (cell, fraction)) in geometry.places.iter().enumerate() {
            for (cell, weight) in [(*cell, 1.0 - fraction), (cell + 1, *fraction)] {
                // Two tokens never share a cell: that is the law of causality.
                if weight > 0.0 {
                    words[2 * cell] = token as u32 + 1;
                    words[2 * cell + 1] = (weight as f32).to_bits();
                }
            }
        }
        words.truncate(2 * geometry.line());
        for (cell, fraction) in &geometry.places {
            words.extend([*cell as u32, (*fraction as f32).to_bits()]);
        }
        let tensor = self.gpu.upload(&words);
        self.gpu.tables.places.push((Arc::clone(geometry), tensor));
        tensor
    }

    /// The spectra of all kernels in a tensor.
    pub(super) fn spectra(&mut self, kernel: TensorId, taps: usize) -> TensorId {
        let len = self.gpu.tensors[kernel.0].len;
        let (heads, lines) = (len / taps, Lines::of(taps));
        let (spectra, known) = self.derived(("spectra", kernel, 0), 2 * heads * lines.points);
        if known {
            return spectra;
        }
        let geometry = kernels(heads, taps);
        if lines.runs == 1 {
            let dispatch = self.line_dispatch("kernel_spectrum", &geometry, Call::default());
            self.push(
                dispatch
                    .buffer(3, kernel, len)
                    .buffer(5, spectra, 2 * heads * lines.points)
                    .workgroups(heads.div_ceil(lines.together()), 1, 1),
            );
        } else {
            let points = 2 * heads * lines.points;
            let dispatch = self.pass("kernel_runs", &geometry, Call::default());
            self.push(
                dispatch
                    .buffer(3, kernel, len)
                    .buffer(9, spectra, points)
                    .workgroups(lines.points / 256, heads, 1),
            );
            self.forward_runs(&geometry, spectra, heads);
        }
        spectra
    }

    /// The tensor that holds a kernel's spectrum, and where in it: in complex numbers.
    fn spectrum_of(&mut self, geometry: &Geometry, kernel: &View) -> (TensorId, usize) {
        let tensor = self.spectra(kernel.tensor, geometry.line());
        let lines = Lines::of(geometry.line());
        let first_head = kernel.range.start / geometry.line();
        (tensor, first_head * lines.points)
    }

    fn line_dispatch(&mut self, entry: &'static str, g: &Geometry, call: Call) -> Dispatch {
        let lines = Lines::of(g.line());
        self.with_lines(Dispatch::new("field_convolution", entry), g, lines, call)
    }

    /// Constants, arguments and twiddles.
    pub(super) fn with_lines(
        &mut self,
        dispatch: Dispatch,
        g: &Geometry,
        lines: Lines,
        call: Call,
    ) -> Dispatch {
        let mut dispatch = dispatch
            .constant("POINTS", lines.run() as u32)
            .constant("BITS", lines.run().ilog2())
            .constant("TURN", lines.turn() as u32);
        for value in [
            g.seq_len,
            g.heads,
            g.head_dim,
            g.line(),
            g.batch,
            call.batch_share,
            usize::from(!g.places.is_empty()),
            usize::from(call.conjugated),
            call.spectrum,
            call.x,
            call.y,
            call.dx,
            call.first_line,
            call.lines,
        ] {
            dispatch = dispatch.arg(value);
        }
        let twiddles = self.twiddles(lines.turn());
        dispatch.buffer(2, twiddles, 2 * lines.points)
    }

    fn convolve(
        &mut self,
        g: &Arc<Geometry>,
        call: Call,
        [deposits, y]: [&View; 2],
        spectra: TensorId,
    ) {
        let lines = Lines::of(g.line());
        let groups = (g.heads * pairs(g)).div_ceil(lines.together());
        let places = self.places(g);
        let dispatch = self.line_dispatch("convolve", g, call);
        self.push(
            dispatch
                .buffer(3, deposits.tensor, deposits.len())
                .buffer(4, y.tensor, y.len())
                .buffer(5, spectra, 2 * g.heads * lines.points)
                .buffer(6, places, 2 * g.places.len())
                .workgroups(groups, g.batch, 1),
        );
    }

    fn convolve_backward(
        &mut self,
        g: &Arc<Geometry>,
        call: Call,
        [deposits, dy, ddeposits, dkernel]: [&View; 4],
        spectra: TensorId,
    ) {
        let lines = Lines::of(g.line());
        let each = g.heads * pairs(g);
        let [share, shares] = shares(g);
        let correlations = 2 * shares * each * lines.points;
        let correlation = self.scratch("correlation", correlations);
        let places = self.places(g);
        let dispatch = self.line_dispatch(
            "convolve_backward",
            g,
            Call {
                batch_share: share,
                x: deposits.range.start,
                y: dy.range.start,
                dx: ddeposits.range.start,
                ..call
            },
        );
        self.push(
            dispatch
                .buffer(3, deposits.tensor, deposits.len())
                .buffer(4, ddeposits.tensor, ddeposits.len())
                .buffer(5, spectra, 2 * g.heads * lines.points)
                .buffer(6, places, 2 * g.places.len())
                .buffer(7, dy.tensor, dy.len())
                .buffer(8, correlation, correlations)
                .workgroups(each.div_ceil(lines.together()), shares, 1),
        );
        let dispatch = self.line_dispatch(
            "kernel_gradient",
            g,
            Call {
                batch_share: share,
                y: dkernel.range.start,
                ..call
            },
        );
        self.push(
            dispatch
                .buffer(4, dkernel.tensor, dkernel.len())
                .buffer(8, correlation, correlations)
                .workgroups(g.heads.div_ceil(lines.together()), 1, 1),
        );
    }
}
