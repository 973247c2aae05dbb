//! Interference modules.

use super::Cpu;
use crate::backend::{InterferenceInputs, Op};
use crate::kernels::{Real, interference, prefix_mean as prefix};

impl<T: Real> Cpu<T> {
    pub(super) fn interference(&self, op: &Op) {
        match op {
            Op::PrefixMean { x, y, seq_len, dim } => {
                prefix::prefix_mean(&self.view(x), &mut self.view_mut(y), *seq_len, *dim);
            }
            Op::PrefixMeanBackward { d, seq_len, dim } => {
                prefix::prefix_mean_backward(&mut self.view_mut(d), *seq_len, *dim);
            }
            Op::Interfere {
                inputs,
                out,
                stats,
                dim,
            } => self.with_inputs(inputs, |inputs| {
                interference::interfere(
                    inputs,
                    &mut self.view_mut(out),
                    &mut self.view_mut(stats),
                    *dim,
                );
            }),
            Op::InterfereBackward {
                inputs,
                stats,
                dout,
                dlocal,
                dglobal,
                dcontext,
                dgate,
                dtemperature,
                dim,
            } => self.with_inputs(inputs, |inputs| {
                interference::interfere_backward(
                    inputs,
                    &self.view(stats),
                    &self.view(dout),
                    interference::Gradients {
                        local: &mut self.view_mut(dlocal),
                        global: &mut self.view_mut(dglobal),
                        context: &mut self.view_mut(dcontext),
                        gate: &mut self.view_mut(dgate),
                        temperature: &mut self.view_mut(dtemperature)[0],
                    },
                    *dim,
                );
            }),
            _ => unreachable!("not a part of interference"),
        }
    }

    fn with_inputs(&self, v: &InterferenceInputs, run: impl FnOnce(interference::Inputs<T>)) {
        run(interference::Inputs {
            x: &self.view(&v.x),
            local: &self.view(&v.local),
            global: &self.view(&v.global),
            context: &self.view(&v.context),
            gate: &self.view(&v.gate),
            temperature: self.view(&v.temperature)[0],
        });
    }
}
