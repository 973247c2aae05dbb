//! The ends of a model: embedding and loss.

use super::Cpu;
use crate::backend::{Op, StepInputs, View};
use crate::kernels::{Real, cross_entropy as loss, embedding};

impl<T: Real> Cpu<T> {
    /// Embedding and loss.
    pub(super) fn ends(&self, op: &Op, inputs: &StepInputs) {
        let mask = |site, view: &View| self.mask(site, view, inputs);
        match op {
            Op::Embed {
                table,
                positions,
                y,
                dim,
                dropout,
            } => embedding::embed(
                &self.ids,
                &self.view(table),
                &self.view(positions),
                &mut self.view_mut(y),
                *dim,
                mask(*dropout, y),
            ),
            Op::EmbedBackward {
                dy,
                dtable,
                dpositions,
                dim,
                dropout,
            } => {
                let (mut dtable, mut dpositions) = match dpositions {
                    None => (self.view_mut(dtable), None),
                    Some(dpositions) => {
                        let [dtable, dpositions] = self.views_mut([dtable, dpositions]);
                        (dtable, Some(dpositions))
                    }
                };
                embedding::embed_backward(
                    &self.ids,
                    &self.view(dy),
                    &mut dtable,
                    dpositions.as_deref_mut(),
                    *dim,
                    mask(*dropout, dy),
                );
            }
            Op::CrossEntropy {
                logits,
                row_stats,
                summary,
            } => loss::cross_entropy(
                &self.view(logits),
                &self.targets,
                &mut self.view_mut(row_stats),
                &mut self.view_mut(summary),
            ),
            Op::CrossEntropyBackward { logits, dlogits } => loss::cross_entropy_backward(
                &self.view(logits),
                &self.targets,
                (inputs.part).map_or_else(|| loss::counted(&self.targets), |part| part.counted),
                &mut self.view_mut(dlogits),
            ),
            _ => unreachable!("not an end of the model"),
        }
    }
}
