//! The optimiser.

use super::Cpu;
use crate::backend::{Op, StepInputs};
use crate::kernels::{Real, adamw};

impl<T: Real> Cpu<T> {
    pub(super) fn update(&self, op: &Op, inputs: &StepInputs) {
        match op {
            Op::GradientNorm { gradients, norm } => {
                adamw::gradient_norm(&self.view(gradients), &mut self.view_mut(norm));
            }
            Op::Judge {
                settings,
                pace,
                gradients,
                loss,
                norm,
                parameters,
                first_moment,
                second_moment,
                verdict,
            } => {
                let found = adamw::judge(
                    adamw::AdamW::of(settings, *pace, inputs),
                    &self.view(gradients),
                    [self.view(loss)[0], self.view(norm)[0]],
                    &self.view(parameters),
                    [&self.view(first_moment), &self.view(second_moment)],
                );
                let before = &mut self.view_mut(verdict)[0];
                if *before == T::zero() {
                    *before = T::of(f64::from(found));
                }
            }
            Op::AdamW {
                settings,
                pace,
                gradients,
                norm,
                verdict,
                parameters,
                first_moment,
                second_moment,
            } => {
                if self.view(verdict)[0] != T::zero() {
                    return;
                }
                adamw::adamw(
                    adamw::AdamW::of(settings, *pace, inputs),
                    &self.view(gradients),
                    self.view(norm)[0],
                    &mut self.view_mut(parameters),
                    &mut self.view_mut(first_moment),
                    &mut self.view_mut(second_moment),
                );
            }
            _ => unreachable!("not a part of the update"),
        }
    }
}
