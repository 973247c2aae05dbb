//! The norm of the gradients and AdamW.

use super::{Encoder, across};
use crate::backend::gpu::program::Dispatch;
use crate::backend::{Op, OptimizerSettings, View};

const SHADER: &str = "adamw";
/// Most workgroups whose sums of squares are added up by one.
const MOST_SQUARES: usize = 256;

impl Encoder<'_> {
    pub(super) fn update(&mut self, op: &Op) {
        match op {
            Op::GradientNorm { gradients, norm } => self.gradient_norm(gradients, norm),
            Op::AdamW {
                settings,
                gradients,
                norm,
                parameters,
                first_moment,
                second_moment,
            } => {
                let moments = [first_moment, second_moment];
                self.adamw(settings, [gradients, norm], parameters, moments);
            }
            _ => unreachable!("not a part of the update"),
        }
    }

    fn gradient_norm(&mut self, gradients: &View, norm: &View) {
        let (parts, part) = self.parts(gradients.tensor);
        let len = gradients.len();
        let groups = len.div_ceil(256 * 4).clamp(1, MOST_SQUARES);
        let squares = self.scratch("squares", MOST_SQUARES);
        let begin = |entry| {
            Dispatch::new(SHADER, entry)
                .arg(len)
                .arg(gradients.range.start)
                .arg(parts)
                .arg(part)
                .arg(groups)
                .arg(norm.range.start)
        };
        // The first part is written too, unless it is the only one.
        let touched = if parts > 1 { (parts + 1) * len } else { len };
        self.push(
            begin("gradient_norm")
                .buffer(2, gradients.tensor, touched)
                .buffer(3, squares, groups)
                .units(groups),
        );
        self.push(
            begin("norm_of_squares")
                .buffer(3, squares, groups)
                .buffer(4, norm.tensor, 1),
        );
    }

    fn adamw(
        &mut self,
        settings: &OptimizerSettings,
        [gradients, norm]: [&View; 2],
        parameters: &View,
        [first_moment, second_moment]: [&View; 2],
    ) {
        let len = parameters.len();
        self.push(
            Dispatch::new(SHADER, "adamw")
                .arg(len)
                .buffer(2, gradients.tensor, len)
                .arg(gradients.range.start)
                .arg(1)
                .arg(0)
                .arg(0)
                .buffer(4, norm.tensor, 1)
                .arg(norm.range.start)
                .buffer(5, parameters.tensor, 2 * len)
                .arg(parameters.range.start)
                .buffer(6, first_moment.tensor, 2 * len)
                .arg(first_moment.range.start)
                .buffer(7, second_moment.tensor, 2 * len)
                .arg(second_moment.range.start)
                // Infinite leaves gradients alone; no finite norm is above the largest number.
                .arg_float(settings.clip_norm.min(f64::from(f32::MAX)))
                .arg_float(settings.beta1)
                .arg_float(settings.beta2)
                .arg_float(1.0 - settings.beta1)
                .arg_float(1.0 - settings.beta2)
                .arg_float(settings.epsilon)
                .step()
                .units(across(len)),
        );
        self.optimizer = Some(*settings);
    }
}
