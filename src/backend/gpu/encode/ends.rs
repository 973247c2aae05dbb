//! Embedding and loss.

use super::{Encoder, across, lanes};
use crate::backend::gpu::BATCH_HEADER;
use crate::backend::gpu::program::Dispatch;
use crate::backend::{Op, View};
use crate::kernels::cross_entropy::{ROW, SUMMARY};
use crate::kernels::dropout::DropoutSite;

impl Encoder<'_> {
    pub(super) fn ends(&mut self, op: &Op) {
        match op {
            Op::Embed {
                table,
                positions,
                y,
                dim,
                dropout,
            } => {
                let begin = Embedding {
                    entry: "embed",
                    rows: y.len() / dim,
                    dim: *dim,
                    seq_len: positions.len() / dim,
                    table: Some(table),
                    positions: Some(positions),
                    y: Some(y),
                    dropout: *dropout,
                    ..Embedding::default()
                };
                let batch = self.gpu.batch(begin.rows);
                self.push(
                    begin
                        .dispatch()
                        .buffer(2, batch, begin.rows)
                        .buffer(3, table.tensor, y.len())
                        .buffer(4, positions.tensor, positions.len())
                        .buffer(5, y.tensor, y.len())
                        .units(across(y.len())),
                );
            }
            Op::EmbedBackward {
                dy,
                dtable,
                dpositions,
                dim,
                dropout,
            } => {
                let (parts, part) = self.parts(dtable.tensor);
                let begin = Embedding {
                    entry: "embed_backward",
                    rows: dy.len() / dim,
                    dim: *dim,
                    seq_len: 1,
                    dy: Some(dy),
                    dtable: Some(dtable),
                    parts: (parts, part),
                    dropout: *dropout,
                    ..Embedding::default()
                };
                let batch = self.gpu.batch(begin.rows);
                let most = begin.rows.min(dtable.len() / dim);
                let mut dispatch = begin
                    .dispatch()
                    .buffer(2, batch, 2 * begin.rows)
                    .buffer(6, dy.tensor, dy.len())
                    .buffer(7, dtable.tensor, 2 * parts * most * dim)
                    .units(most);
                dispatch.workgroups[2] = parts as u32;
                self.push(dispatch);
                if let Some(dpositions) = dpositions {
                    self.positions_backward(begin, dpositions);
                }
            }
            Op::CrossEntropy {
                logits,
                row_stats,
                summary,
            } => self.cross_entropy(logits, row_stats, summary),
            Op::CrossEntropyBackward { logits, dlogits } => {
                self.cross_entropy_backward(logits, dlogits);
            }
            _ => unreachable!("not an end of the model"),
        }
    }

    /// What of an embedding's backward concerns its positions.
    fn positions_backward(&mut self, begin: Embedding, dpositions: &View) {
        let (parts, part) = self.parts(dpositions.tensor);
        let len = dpositions.len();
        let (dy, rows_len) = (
            begin.dy.expect("a backward has a gradient").tensor,
            begin.rows * begin.dim,
        );
        let begin = Embedding {
            entry: "positions_backward",
            seq_len: len / begin.dim,
            dtable: Some(dpositions),
            parts: (parts, part),
            ..begin
        };
        let mut dispatch = begin
            .dispatch()
            .buffer(6, dy, rows_len)
            .buffer(7, dpositions.tensor, 2 * parts * len)
            .units(across(len));
        dispatch.workgroups[2] = parts as u32;
        self.push(dispatch);
    }

    fn cross_entropy(&mut self, logits: &View, row_stats: &View, summary: &View) {
        let rows = row_stats.len() / ROW;
        let batch = self.gpu.batch(rows);
        let vocab = logits.len() / rows;
        let threads = lanes(vocab);
        let begin = |entry| {
            Dispatch::new("cross_entropy", entry)
                .constant("LANES", threads as u32)
                .arg(rows)
                .arg(vocab)
                .arg(BATCH_HEADER + rows)
                .arg(logits.range.start)
                .arg(0)
                .arg(row_stats.range.start)
                .arg(summary.range.start)
        };
        self.push(
            begin("cross_entropy")
                .buffer(2, batch, rows)
                .buffer(3, logits.tensor, logits.len())
                .buffer(5, row_stats.tensor, row_stats.len())
                .units((rows * threads).div_ceil(256)),
        );
        self.push(
            begin("summarize")
                .buffer(2, batch, 1)
                .buffer(5, row_stats.tensor, row_stats.len())
                .buffer(6, summary.tensor, SUMMARY),
        );
    }

    fn cross_entropy_backward(&mut self, logits: &View, dlogits: &View) {
        let batch = self
            .gpu
            .batch
            .as_ref()
            .expect("a batch goes forward before it goes backward");
        let (rows, batch) = (batch.rows, batch.tensor);
        let vocab = logits.len() / rows;
        let threads = lanes(vocab);
        self.push(
            Dispatch::new("cross_entropy", "cross_entropy_backward")
                .constant("LANES", threads as u32)
                .arg(rows)
                .arg(vocab)
                .arg(BATCH_HEADER + rows)
                .arg(logits.range.start)
                .arg(dlogits.range.start)
                .buffer(2, batch, rows)
                .buffer(3, logits.tensor, logits.len())
                .buffer(4, dlogits.tensor, dlogits.len())
                .units((rows * threads).div_ceil(256)),
        );
    }
}

/// The arguments of `embedding.wgsl`.
#[derive(Clone, Copy, Default)]
struct Embedding<'a> {
    entry: &'static str,
    rows: usize,
    dim: usize,
    seq_len: usize,
    table: Option<&'a View>,
    positions: Option<&'a View>,
    y: Option<&'a View>,
    dy: Option<&'a View>,
    dtable: Option<&'a View>,
    /// How many partial sums there are, and how far apart.
    parts: (usize, usize),
    dropout: Option<DropoutSite>,
}

impl Embedding<'_> {
    /// The dispatch but for its buffers.
    fn dispatch(&self) -> Dispatch {
        let mut dispatch = Dispatch::new("embedding", self.entry)
            .arg(self.rows)
            .arg(self.dim)
            .arg(self.seq_len)
            .arg(BATCH_HEADER)
            .arg(BATCH_HEADER + 2 * self.rows)
            .arg(BATCH_HEADER + 3 * self.rows);
        for view in [self.table, self.positions, self.y, self.dy, self.dtable] {
            dispatch = dispatch.arg(view.map_or(0, |view| view.range.start));
        }
        dispatch
            .arg(self.parts.0)
            .arg(self.parts.1)
            .arg_dropout(self.dropout)
            .step()
    }
}
