//! The convolution by its definition.

use super::Encoder;
use crate::backend::Op;
use crate::backend::gpu::program::Dispatch;

/// What a workgroup of `direct_convolution.wgsl` has: tokens, and channels of a head.
const TOKENS: usize = 128;
const CHANNELS: usize = 16;

impl Encoder<'_> {
    pub(super) fn direct_convolution(&mut self, op: &Op) {
        let Op::DirectConvolution {
            geometry: g,
            deposits,
            kernel,
            y,
        } = op
        else {
            unreachable!("only the convolution by its definition");
        };
        assert!(
            g.places.is_empty() && g.line() == g.seq_len,
            "a token is a point of the line"
        );
        let chunks = g.head_dim.div_ceil(CHANNELS);
        self.push(
            Dispatch::new("direct_convolution", "direct_convolution")
                .arg(g.seq_len)
                .arg(g.heads)
                .arg(g.head_dim)
                .arg(chunks)
                .view(2, deposits)
                .view(3, kernel)
                .view(4, y)
                .workgroups(g.seq_len.div_ceil(TOKENS), g.heads * chunks, g.batch),
        );
    }
}
