//! What any network is made of.

use super::{Encoder, across, lanes};
use crate::backend::gpu::program::Dispatch;
use crate::backend::{Op, View};
use crate::config::NEAR_FIELD;

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
                        .constant("CENTRED", u32::from(bias.is_some()))
                        .arg(rows)
                        .arg(dim)
                        .view(2, x)
                        .view(3, weight)
                        // Something is bound where it is not read.
                        .view(4, bias.as_ref().unwrap_or(weight))
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
            } => self.layer_norm_backward([x, weight, stats, dy], dx, dweight, dbias.as_ref()),
            Op::Swiglu {
                gate,
                up,
                y,
                dropout,
            } => self.push(
                Dispatch::new("swiglu", "swiglu")
                    .arg(y.len())
                    .view(2, gate)
                    .view(3, up)
                    .view(4, y)
                    .arg(0)
                    .arg_dropout(*dropout)
                    .step()
                    .units(across(y.len())),
            ),
            Op::SwigluBackward {
                gate,
                up,
                d,
                dgate,
                dropout,
            } => self.push(
                Dispatch::new("swiglu", "swiglu_backward")
                    .arg(d.len())
                    .view(2, gate)
                    .view(3, up)
                    .arg(d.range.start)
                    .view(5, dgate)
                    .arg_dropout(*dropout)
                    .buffer(4, d.tensor, 2 * d.len())
                    .step()
                    .units(across(d.len())),
            ),
            Op::NearField {
                x,
                weight,
                y,
                seq_len,
            } => {
                let dim = weight.len() / NEAR_FIELD;
                self.push(
                    Dispatch::new("near_field", "near_field")
                        .arg(x.len() / dim)
                        .arg(dim)
                        .arg(*seq_len)
                        .view(2, x)
                        .view(3, weight)
                        .view(4, y)
                        .units(across(x.len())),
                );
            }
            Op::NearFieldBackward {
                x,
                weight,
                dy,
                dx,
                dweight,
                seq_len,
            } => self.near_field_backward([x, weight, dy], dx, dweight, *seq_len),
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
        dweight: &View,
        dbias: Option<&View>,
    ) {
        let dim = weight.len();
        let rows = x.len() / dim;
        let threads = lanes(dim);
        let (parts, part) = self.parts(dweight.tensor);
        let together = dbias.is_none_or(|dbias| dbias.tensor == dweight.tensor);
        assert!(together, "gradients lie in one tensor");
        let row_groups = (rows * threads).div_ceil(256);
        self.push(
            Dispatch::new("layer_norm", "layer_norm_backward")
                .constant("LANES", threads as u32)
                .constant("CENTRED", u32::from(dbias.is_some()))
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
                .arg(dbias.map_or(0, |dbias| dbias.range.start))
                .arg(parts)
                .arg(part)
                .arg(row_groups)
                .buffer(3, weight.tensor, dim)
                .buffer(9, dx.tensor, 2 * dx.len())
                .buffer(10, dweight.tensor, 4 * parts * dim)
                .units(row_groups + dim.div_ceil(32) * parts),
        );
    }

    /// What comes to the tokens, and what to the weights.
    fn near_field_backward(
        &mut self,
        [x, weight, dy]: [&View; 3],
        dx: &View,
        dweight: &View,
        seq_len: usize,
    ) {
        let dim = weight.len() / NEAR_FIELD;
        let (parts, part) = self.parts(dweight.tensor);
        let begin = |entry| {
            Dispatch::new("near_field", entry)
                .arg(x.len() / dim)
                .arg(dim)
                .arg(seq_len)
                .arg(x.range.start)
                .arg(weight.range.start)
                .arg(0)
                .view(5, dy)
                .arg(dx.range.start)
                .arg(dweight.range.start)
                .arg(parts)
                .arg(part)
        };
        self.push(
            begin("near_field_backward")
                .buffer(3, weight.tensor, weight.len())
                .buffer(6, dx.tensor, 2 * dx.len())
                .units(across(x.len())),
        );
        self.push(
            begin("near_field_weights")
                .buffer(2, x.tensor, x.len())
                .buffer(7, dweight.tensor, 2 * parts * dweight.len())
                .units(dim.div_ceil(32) * parts),
        );
    }
}
