//! What any network is made of.

use super::{Encoder, across, lanes};
use crate::backend::gpu::program::Dispatch;
use crate::backend::{Op, View};

impl Encoder<'_> {
    pub(super) fn general(&mut self, op: &Op) {
        match op {
            Op::LayerNorm {
                x,
                weight,
                bias,
                y,
                stats,
            } => {
                let dim = weight.len();
                let rows = x.len() / dim;
                let threads = lanes(dim);
                self.push(
                    Dispatch::new("layer_norm", "layer_norm")
                        .constant("LANES", threads as u32)
                        .arg(rows)
                        .arg(dim)
                        .view(2, x)
                        .view(3, weight)
                        .view(4, bias.as_ref().expect("refused before it comes here"))
                        .view(5, y)
                        .view(6, stats)
                        .units((rows * threads).div_ceil(256)),
                );
            }
            Op::LayerNormBackward {
                x,
                weight,
                stats,
                dy,
                dx,
                dweight,
                dbias,
            } => self.layer_norm_backward(
                [x, weight, stats, dy],
                dx,
                [
                    dweight,
                    dbias.as_ref().expect("refused before it comes here"),
                ],
            ),
            Op::Dropout { x, y, site } => self.push(
                Dispatch::new("dropout", "dropout")
                    .arg(x.len())
                    .view(2, x)
                    .view(3, y)
                    .arg_dropout(Some(*site))
                    .step()
                    .units(across(x.len())),
            ),
            _ => unreachable!("not a general operation"),
        }
    }

    fn layer_norm_backward(
        &mut self,
        [x, weight, stats, dy]: [&View; 4],
        dx: &View,
        [dweight, dbias]: [&View; 2],
    ) {
        let dim = weight.len();
        let rows = x.len() / dim;
        let threads = lanes(dim);
        let (parts, part) = self.parts(dweight.tensor);
        assert_eq!(dweight.tensor, dbias.tensor, "gradients lie in one tensor");
        let row_groups = (rows * threads).div_ceil(256);
        self.push(
            Dispatch::new("layer_norm", "layer_norm_backward")
                .constant("LANES", threads as u32)
                .arg(rows)
                .arg(dim)
                .view(2, x)
                .arg(weight.range.start)
                .arg(0)
                .arg(0)
                .view(7, stats)
                .view(8, dy)
                .arg(dx.range.start)
                .arg(dweight.range.start)
                .arg(dbias.range.start)
                .arg(parts)
                .arg(part)
                .arg(row_groups)
                .buffer(3, weight.tensor, dim)
                .buffer(9, dx.tensor, 2 * dx.len())
                .buffer(10, dweight.tensor, 4 * parts * dim)
                .units(row_groups + dim.div_ceil(32) * parts),
        );
    }
}
