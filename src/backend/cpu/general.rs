//! What any network is made of.

use super::Cpu;
use crate::backend::{Matrix, Op, StepInputs, Then, View};
use crate::kernels::dropout::{dropout, residual};
use crate::kernels::{
    Real, gelu, layer_norm as norm, matrix_product as product, near_field as near, swiglu,
};

impl<T: Real> Cpu<T> {
    /// What any network is made of.
    pub(super) fn general(&self, op: &Op, inputs: &StepInputs) {
        let mask = |site, view: &View| self.mask(site, view, inputs);
        match op {
            Op::Zero { y } => self.view_mut(y).fill(T::zero()),
            Op::MatrixProduct {
                a,
                b,
                c,
                bias,
                accumulate,
                then,
            } => {
                self.product([a, b, c], bias.as_ref(), *accumulate);
                self.follow(&c.view, then, inputs);
            }
            Op::WeightGradient {
                dy,
                x,
                dweight,
                dbias,
            } => {
                let (view, shape) = (dy.view.clone(), dy.shape.transpose());
                let transposed = Matrix { view, shape };
                self.product([&transposed, x, dweight], None, true);
                if let Some(dbias) = dbias {
                    product::column_sum(&self.view(&dy.view), &mut self.view_mut(dbias));
                }
            }
            Op::LayerNorm {
                x,
                weight,
                bias,
                y,
                stats,
            } => norm::layer_norm(
                &self.view(x),
                &self.view(weight),
                bias.as_ref().map(|bias| self.view(bias)).as_deref(),
                &mut self.view_mut(y),
                &mut self.view_mut(stats),
            ),
            Op::LayerNormBackward {
                x,
                weight,
                stats,
                dy,
                dx,
                dweight,
                dbias,
            } => {
                let (mut dweight, mut dbias) = match dbias {
                    Some(dbias) => {
                        let [dweight, dbias] = self.views_mut([dweight, dbias]);
                        (dweight, Some(dbias))
                    }
                    None => (self.view_mut(dweight), None),
                };
                norm::layer_norm_backward(
                    &self.view(x),
                    &self.view(weight),
                    &self.view(stats),
                    &self.view(dy),
                    &mut self.view_mut(dx),
                    &mut dweight,
                    dbias.as_deref_mut(),
                );
            }
            Op::Swiglu {
                gate,
                up,
                y,
                dropout,
            } => swiglu::swiglu(
                &self.view(gate),
                &self.view(up),
                &mut self.view_mut(y),
                mask(*dropout, y),
            ),
            Op::SwigluBackward {
                gate,
                up,
                d,
                dgate,
                dropout,
            } => swiglu::swiglu_backward(
                &self.view(gate),
                &self.view(up),
                &mut self.view_mut(d),
                &mut self.view_mut(dgate),
                mask(*dropout, d),
            ),
            Op::NearField {
                x,
                weight,
                y,
                seq_len,
            } => near::near_field(
                &self.view(x),
                &self.view(weight),
                &mut self.view_mut(y),
                *seq_len,
            ),
            Op::NearFieldBackward {
                x,
                weight,
                dy,
                dx,
                dweight,
                seq_len,
            } => near::near_field_backward(
                &self.view(x),
                &self.view(weight),
                &self.view(dy),
                &mut self.view_mut(dx),
                &mut self.view_mut(dweight),
                *seq_len,
            ),
            Op::Dropout { x, y, site } => {
                dropout(&self.view(x), &mut self.view_mut(y), mask(Some(*site), x));
            }
            _ => unreachable!("not a general operation"),
        }
    }

    fn product(&self, [a, b, c]: [&Matrix; 3], bias: Option<&View>, accumulate: bool) {
        product::matrix_product(
            (&self.view(&a.view), a.shape),
            (&self.view(&b.view), b.shape),
            (&mut self.view_mut(&c.view), c.shape),
            bias.map(|bias| self.view(bias)).as_deref(),
            accumulate,
        );
    }

    /// What follows a matrix product.
    fn follow(&self, c: &View, then: &Then, inputs: &StepInputs) {
        let mask = |site, view: &View| self.mask(site, view, inputs);
        match then {
            Then::Nothing => {}
            Then::Gelu { y, dropout } => {
                gelu::gelu(&self.view(c), &mut self.view_mut(y), mask(*dropout, y));
            }
            Then::GeluBackward { x, dropout } => {
                gelu::gelu_backward(&self.view(x), &mut self.view_mut(c), mask(*dropout, x));
            }
            Then::Residual { x, out, dropout } => residual(
                &self.view(x),
                &self.view(c),
                &mut self.view_mut(out),
                mask(*dropout, out),
            ),
        }
    }
}
