//! What wave attention does beside the field: deposits, coupling and gate.

use super::{Encoder, across, lanes};
use crate::backend::gpu::program::Dispatch;
use crate::backend::{Op, TensorId, View};

const COUPLE: &str = "couple_gate";
/// Most heads: a thread of one workgroup for each.
const MOST_HEADS: usize = 256;
/// Most slices that the tokens are cut into for the coupling's gradient, and fewest tokens of each.
const MOST_SLICES: usize = 64;
const FEWEST_TOKENS: usize = 16;

/// The arguments of `couple_gate.wgsl`.
#[derive(Default)]
struct Coupling<'a> {
    rows: usize,
    heads: usize,
    head_dim: usize,
    /// Where coupling, gathered, gate, y, dy, dgathered, dgate and dcoupling begin.
    views: [Option<&'a View>; 8],
    slices: usize,
}

impl Coupling<'_> {
    fn begin(&self, entry: &'static str) -> Dispatch {
        let mut dispatch = Dispatch::new(COUPLE, entry)
            .arg(self.rows)
            .arg(self.heads)
            .arg(self.head_dim);
        for view in self.views {
            dispatch = dispatch.arg(view.map_or(0, |view| view.range.start));
        }
        dispatch
            .arg(self.slices)
            .arg(self.rows.div_ceil(self.slices.max(1)))
    }
}

impl Encoder<'_> {
    pub(super) fn attention(&mut self, op: &Op) {
        match op {
            Op::Deposit {
                keys_values,
                deposits,
                dim,
                head_dim,
            } => {
                let (begin, units) = deposits_of("deposit", deposits.len(), *dim, *head_dim);
                self.push(begin.view(2, keys_values).view(3, deposits).units(units));
            }
            Op::DepositBackward {
                keys_values,
                ddeposits,
                dkeys_values,
                dim,
                head_dim,
            } => {
                let (begin, units) =
                    deposits_of("deposit_backward", ddeposits.len(), *dim, *head_dim);
                self.push(
                    begin
                        .view(2, keys_values)
                        .arg(0)
                        .view(4, ddeposits)
                        .view(5, dkeys_values)
                        .units(units),
                );
            }
            Op::CoupleGate {
                gathered,
                gate,
                coupling,
                y,
                heads,
                head_dim,
            } => {
                let call = Coupling {
                    rows: y.len() / (heads * head_dim),
                    heads: *heads,
                    head_dim: *head_dim,
                    views: [
                        Some(coupling),
                        Some(gathered),
                        Some(gate),
                        Some(y),
                        None,
                        None,
                        None,
                        None,
                    ],
                    slices: 0,
                };
                let weights = self.softmax(&call, coupling);
                self.push(
                    call.begin("couple_gate")
                        .buffer(3, weights, coupling.len())
                        .buffer(4, gathered.tensor, gathered.len())
                        .buffer(5, gate.tensor, gate.len())
                        .buffer(6, y.tensor, y.len())
                        .units(across(y.len())),
                );
            }
            Op::CoupleGateBackward {
                gathered,
                gate,
                coupling,
                dy,
                dgathered,
                dgate,
                dcoupling,
                heads,
                head_dim,
            } => {
                let rows = dy.len() / (heads * head_dim);
                let call = Coupling {
                    rows,
                    heads: *heads,
                    head_dim: *head_dim,
                    views: [
                        Some(coupling),
                        Some(gathered),
                        Some(gate),
                        None,
                        Some(dy),
                        Some(dgathered),
                        Some(dgate),
                        Some(dcoupling),
                    ],
                    slices: rows.div_ceil(FEWEST_TOKENS).min(MOST_SLICES),
                };
                let [gathered, gate, dy] = [gathered, gate, dy].map(|view| view.tensor);
                let gradients = [dgathered, dgate, dcoupling].map(|view| view.tensor);
                self.couple_gate_backward(&call, coupling, [gathered, gate, dy], gradients);
            }
            _ => unreachable!("not a part of wave attention"),
        }
    }

    /// The softmax of the coupling's rows; where the forward was in the same list, its own.
    fn softmax(&mut self, call: &Coupling, coupling: &View) -> TensorId {
        assert!(call.heads <= MOST_HEADS, "at most {MOST_HEADS} heads");
        let key = ("softmax", coupling.tensor, coupling.range.start);
        let (weights, known) = self.derived(key, coupling.len());
        if !known {
            self.push(
                call.begin("softmax")
                    .buffer(2, coupling.tensor, coupling.len())
                    .buffer(3, weights, coupling.len()),
            );
        }
        weights
    }

    fn couple_gate_backward(
        &mut self,
        call: &Coupling,
        coupling: &View,
        [gathered, gate, dy]: [TensorId; 3],
        [dgathered, dgate, dcoupling]: [TensorId; 3],
    ) {
        let len = call.rows * call.heads * call.head_dim;
        let squared = call.heads * call.heads;
        let weights = self.softmax(call, coupling);
        let dmixed = self.scratch("dmixed", len);
        let dweights = self.scratch("dweights", call.slices * squared);
        self.push(
            call.begin("couple_gate_backward")
                .buffer(3, weights, squared)
                .buffer(4, gathered, len)
                .buffer(5, gate, len)
                .buffer(7, dy, len)
                .buffer(9, dgate, len)
                .buffer(10, dmixed, len)
                .units(across(len)),
        );
        self.push(
            call.begin("gathered_backward")
                .buffer(3, weights, squared)
                .buffer(8, dgathered, len)
                .buffer(10, dmixed, len)
                .units(across(len)),
        );
        self.push(
            call.begin("coupling_sums")
                .buffer(4, gathered, len)
                .buffer(10, dmixed, len)
                .buffer(11, dweights, call.slices * squared)
                .workgroups(call.heads.div_ceil(4), call.slices, 1),
        );
        self.push(
            call.begin("coupling_backward")
                .buffer(3, weights, squared)
                .buffer(11, dweights, call.slices * squared)
                .buffer(12, dcoupling, 2 * squared)
                .units(call.heads),
        );
    }
}

/// A dispatch over the heads of `len` elements of deposits, and its workgroups.
fn deposits_of(entry: &'static str, len: usize, dim: usize, head_dim: usize) -> (Dispatch, usize) {
    let threads = lanes(head_dim);
    let units = len / head_dim;
    let begin = Dispatch::new("deposit", entry)
        .constant("LANES", threads as u32)
        .arg(units)
        .arg(dim / head_dim)
        .arg(head_dim);
    (begin, (units * threads).div_ceil(256))
}
