//! The field as a recurrence: rotations, and the scan along a text.

use super::Encoder;
use super::field::MOST_POINTS;
use crate::backend::gpu::program::Dispatch;
use crate::backend::{Op, View};
use crate::kernels::field_convolution::Geometry;
use std::sync::Arc;

/// What a workgroup of `field_recurrence.wgsl` has at a time: channels, and tokens.
const LANES: usize = 32;
const CHUNK: usize = 128;
const THREADS: usize = 256;
/// Fewest chunks of a segment: one more segment is one more reading of what is in it.
const FEWEST_CHUNKS: usize = 4;
/// Most chunks of a segment: what rounding makes of a power adds up over no more.
const MOST_CHUNKS: usize = 32;
/// Workgroups that keep a large device busy.
const ENOUGH: usize = 64;
/// Numbers of a channel's waves.
const WAVES: usize = 4;

/// How a geometry is cut: into segments of so many tokens.
#[derive(Clone, Copy)]
pub struct Segments {
    pub tokens: usize,
    pub count: usize,
}

impl Segments {
    pub fn of(g: &Geometry) -> Self {
        let chunks = g.seq_len.div_ceil(CHUNK);
        let wanted = (chunks * groups(g) * g.batch).div_ceil(ENOUGH);
        let tokens = CHUNK * wanted.clamp(FEWEST_CHUNKS, MOST_CHUNKS);
        Segments {
            tokens,
            count: g.seq_len.div_ceil(tokens),
        }
    }

    /// Numbers of the waves of all segments' channels.
    fn waves(self, g: &Geometry) -> usize {
        WAVES * g.batch * self.count * g.heads * g.head_dim
    }

    /// Numbers that the scan and its backward read and write beside tokens' rows.
    pub fn numbers(self, g: &Geometry) -> usize {
        let ends = if self.count > 1 { 4 } else { 0 };
        (ends + 2) * self.waves(g)
    }

    /// Threads that a scan has, once for each chunk.
    pub fn threads(self, g: &Geometry) -> usize {
        g.seq_len.div_ceil(CHUNK) * groups(g) * g.batch * THREADS
    }
}

/// Workgroups that all channels take.
fn groups(g: &Geometry) -> usize {
    (g.heads * g.head_dim).div_ceil(LANES)
}

/// Where tensors of one operation begin.
#[derive(Clone, Copy)]
struct Call<'a> {
    g: &'a Arc<Geometry>,
    back: bool,
    rotations: &'a View,
    x: &'a View,
    y: &'a View,
    /// None on the way forward.
    deposits: Option<&'a View>,
}

impl Encoder<'_> {
    pub(super) fn recurrence(&mut self, op: &Op) {
        match op {
            Op::WaveRotation {
                layers,
                travel,
                rotations,
            } => self.wave_rotation(layers, *travel, rotations),
            Op::WaveRotationBackward {
                layers,
                gradients,
                travel,
                drotations,
            } => self.wave_rotation_backward(layers, gradients, *travel, drotations),
            Op::FieldRecurrence {
                geometry,
                deposits,
                rotations,
                y,
            } => self.scan(Call {
                g: geometry,
                back: false,
                rotations,
                x: deposits,
                y,
                deposits: None,
            }),
            Op::FieldRecurrenceBackward {
                geometry,
                deposits,
                rotations,
                dy,
                ddeposits,
                drotations,
            } => {
                let call = Call {
                    g: geometry,
                    back: true,
                    rotations,
                    x: dy,
                    y: ddeposits,
                    deposits: Some(deposits),
                };
                self.scan(call);
                self.rotation_gradient(call, drotations);
            }
            _ => unreachable!("not of the recurrence"),
        }
    }

    /// One direction along all texts.
    fn scan(&mut self, call: Call) {
        let Call { g, x, y, .. } = call;
        let segments = Segments::of(g);
        let waves = segments.waves(g);
        let ends = self.scratch("segments' ends", waves);
        if segments.count > 1 {
            // The last one's end is of no use.
            let before = segments.tokens * (segments.count - 1);
            let read = x.len() / g.seq_len * before;
            let dispatch = self.scan_dispatch("end_segment", call, read);
            let dispatch = dispatch.buffer(8, ends, waves);
            self.push(dispatch.workgroups(groups(g), g.batch, segments.count - 1));
        }
        let entry = if call.back { "hear_back" } else { "hear" };
        let ends_read = if segments.count > 1 { waves } else { 0 };
        let mut dispatch = self.scan_dispatch(entry, call, x.len());
        // Once for the waves at the end of each run, once more from there.
        dispatch.read_again = 4 * x.len() as u64;
        dispatch = dispatch
            .buffer(4, y.tensor, y.len())
            .buffer(8, ends, ends_read);
        if let Some(deposits) = call.deposits {
            let sums = self.scratch("segments' sums", waves);
            dispatch = dispatch
                .buffer(7, deposits.tensor, deposits.len())
                .buffer(9, sums, waves);
        }
        self.push(dispatch.workgroups(groups(g), g.batch, segments.count));
    }

    /// C and B of the heads, from the sums of their channels' segments.
    fn rotation_gradient(&mut self, call: Call, drotations: &View) {
        let waves = Segments::of(call.g).waves(call.g);
        let sums = self.scratch("segments' sums", waves);
        // To it the way of the waves is all one.
        let mut dispatch = recurrence("rotation_gradient", call, false, drotations);
        dispatch = dispatch
            .buffer(4, drotations.tensor, drotations.len())
            .buffer(9, sums, waves);
        self.push(dispatch.workgroups(call.g.heads, 1, 1));
    }

    /// What the scan reads besides: `read` numbers of x.
    fn scan_dispatch(&mut self, entry: &'static str, call: Call, read: usize) -> Dispatch {
        let g = call.g;
        let places = self.places(g);
        let twiddles = self.twiddles(MOST_POINTS);
        recurrence(entry, call, !g.places.is_empty(), call.y)
            .buffer(2, twiddles, 2 * MOST_POINTS)
            .buffer(3, call.x.tensor, read)
            .buffer(5, call.rotations.tensor, call.rotations.len())
            .buffer(6, places, 2 * g.places.len())
    }
}

/// A dispatch with its constants and arguments.
fn recurrence(entry: &'static str, call: Call, between: bool, y: &View) -> Dispatch {
    let g = call.g;
    let segments = Segments::of(g);
    let mut dispatch = Dispatch::new("field_recurrence", entry)
        .constant("TURN", MOST_POINTS as u32)
        .constant("BACK", u32::from(call.back))
        .constant("BETWEEN", u32::from(between));
    let apart = match g.places.is_empty() {
        true => g.taps.step,
        false => g.travel().least,
    };
    for value in [
        g.seq_len,
        g.heads * g.head_dim,
        g.head_dim,
        apart,
        g.line(),
        segments.tokens,
        segments.count,
        g.batch * segments.count,
        call.rotations.range.start,
        call.x.range.start,
        y.range.start,
        call.deposits.map_or(0, |deposits| deposits.range.start),
    ] {
        dispatch = dispatch.arg(value);
    }
    dispatch
}
