//! The norm of the gradients, whether a step may be made, and AdamW.

use super::{Encoder, across};
use crate::backend::gpu::program::Dispatch;
use crate::backend::{Op, OptimizerSettings, Pace, View};

const SHADER: &str = "adamw";
/// Most workgroups whose sums of squares are added up by one.
const MOST_SQUARES: usize = 256;

/// What both the judgement and the update of parameters take.
struct Step<'a> {
    settings: &'a OptimizerSettings,
    pace: Pace,
    gradients: &'a View,
    /// In the tensor of the norm.
    loss: usize,
    norm: &'a View,
    verdict: &'a View,
    parameters: &'a View,
    moments: [&'a View; 2],
}

impl Step<'_> {
    /// A dispatch that reads all of them; `squares` is how many workgroups leave something.
    fn dispatch(&self, entry: &'static str, squares: usize) -> Dispatch {
        let Step {
            settings,
            moments: [first, second],
            ..
        } = self;
        assert_eq!(self.norm.tensor, self.verdict.tensor, "one report");
        let len = self.parameters.len();
        Dispatch::new(SHADER, entry)
            .arg(len)
            .arg(self.gradients.range.start)
            .arg(1)
            .arg(0)
            .arg(squares)
            .arg(self.norm.range.start)
            .arg(self.parameters.range.start)
            .arg(first.range.start)
            .arg(second.range.start)
            // Infinite leaves gradients alone; no finite norm is above the largest number.
            .arg_float(settings.clip_norm.min(f64::from(f32::MAX)))
            .arg_float(settings.beta1)
            .arg_float(settings.beta2)
            .arg_float(1.0 - settings.beta1)
            .arg_float(1.0 - settings.beta2)
            .arg_float(settings.epsilon)
            .arg(self.loss)
            .arg(self.verdict.range.start)
            .arg_float(self.pace.rate)
            .arg_float(if self.pace.decayed {
                self.pace.rate
            } else {
                0.0
            })
    }

    /// Binds what is read of each element; `times` it is touched.
    fn bind(&self, dispatch: Dispatch, times: usize) -> Dispatch {
        let len = self.parameters.len();
        let [first, second] = self.moments;
        dispatch
            .buffer(2, self.gradients.tensor, len)
            .buffer(4, self.norm.tensor, 2)
            .buffer(5, self.parameters.tensor, times * len)
            .buffer(6, first.tensor, times * len)
            .buffer(7, second.tensor, times * len)
            .step()
    }
}

/// Workgroups that stride over so many elements and leave one number each.
fn striding(len: usize) -> usize {
    len.div_ceil(256 * 4).clamp(1, MOST_SQUARES)
}

impl Encoder<'_> {
    pub(super) fn update(&mut self, op: &Op) {
        match op {
            Op::GradientNorm { gradients, norm } => self.gradient_norm(gradients, norm),
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
                assert_eq!(loss.tensor, norm.tensor, "one report");
                self.judge(&Step {
                    settings,
                    pace: *pace,
                    gradients,
                    loss: loss.range.start,
                    norm,
                    verdict,
                    parameters,
                    moments: [first_moment, second_moment],
                });
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
            } => self.adamw(&Step {
                settings,
                pace: *pace,
                gradients,
                loss: 0,
                norm,
                verdict,
                parameters,
                moments: [first_moment, second_moment],
            }),
            _ => unreachable!("not a part of the update"),
        }
    }

    fn gradient_norm(&mut self, gradients: &View, norm: &View) {
        let (parts, part) = self.parts(gradients.tensor);
        let len = gradients.len();
        let groups = striding(len);
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

    fn judge(&mut self, step: &Step) {
        let groups = striding(step.parameters.len());
        let counts = self.scratch("squares", MOST_SQUARES);
        let foreseeing = step.dispatch("foresee", groups).buffer(3, counts, groups);
        self.push(step.bind(foreseeing, 1).units(groups));
        self.push(
            step.dispatch("judge", groups)
                .buffer(3, counts, groups)
                .buffer(4, step.norm.tensor, 3),
        );
        self.optimizer = Some(*step.settings);
    }

    fn adamw(&mut self, step: &Step) {
        let len = step.parameters.len();
        self.push(step.bind(step.dispatch("adamw", 0), 2).units(across(len)));
        self.optimizer = Some(*step.settings);
    }
}
