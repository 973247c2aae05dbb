//! The CPU backend: runs each operation at once, in float32 for use or float64 for proof.

use super::{
    Backend, InterferenceInputs, Matrix, Op, Reading, StepInputs, TensorId, Then, View, WaveHeads,
    ready,
};
use crate::kernels::direct_convolution::direct_convolution;
use crate::kernels::dropout::{DropoutSite, Mask, dropout, residual};
use crate::kernels::field_convolution::{
    Transforms, field_convolution, field_convolution_backward,
};
use crate::kernels::field_recurrence::{field_recurrence, field_recurrence_backward};
use crate::kernels::{
    Real, adamw, attention as softmax, couple_gate as couple, cross_entropy as loss,
    deposit as waves, embedding, gelu, interference, layer_norm as norm, matrix_product as product,
    prefix_mean as prefix, wave_kernel as kernel, wave_rotation as rotation,
};
use std::cell::{Ref, RefCell, RefMut};

/// Tensors in memory. Each is borrowed for the length of one operation, so that one which reads
/// what it writes panics here before a GPU could refuse it.
#[derive(Default)]
pub struct Cpu<T: Real> {
    tensors: Vec<RefCell<Vec<T>>>,
    ids: Vec<i32>,
    targets: Vec<i32>,
    transforms: Vec<Transforms<T>>,
    journal: Vec<f32>,
}

impl<T: Real> Cpu<T> {
    /// A backend without tensors.
    pub fn new() -> Self {
        Cpu {
            tensors: Vec::new(),
            ids: Vec::new(),
            targets: Vec::new(),
            transforms: Vec::new(),
            journal: Vec::new(),
        }
    }

    /// A view's elements, at once: this backend never lags behind.
    pub fn view(&self, view: &View) -> Ref<'_, [T]> {
        let tensor = self.tensors[view.tensor.0].borrow();
        Ref::map(tensor, |tensor| &tensor[view.range.clone()])
    }

    /// A view's elements, to change.
    pub fn view_mut(&self, view: &View) -> RefMut<'_, [T]> {
        let tensor = self.tensors[view.tensor.0].borrow_mut();
        RefMut::map(tensor, |tensor| &mut tensor[view.range.clone()])
    }

    /// Several views of one tensor, to change.
    fn views_mut<const K: usize>(&self, views: [&View; K]) -> [RefMut<'_, [T]>; K] {
        let tensor = views[0].tensor;
        assert!(
            views.iter().all(|view| view.tensor == tensor),
            "views of one tensor"
        );
        let mut order: [usize; K] = std::array::from_fn(|i| i);
        order.sort_by_key(|i| views[*i].range.start);
        let whole = self.tensors[tensor.0].borrow_mut();
        let mut rest = Some(RefMut::map(whole, |tensor| &mut tensor[..]));
        let mut parts: [Option<RefMut<'_, [T]>>; K] = std::array::from_fn(|_| None);
        let mut start = 0;
        for i in order {
            let range = &views[i].range;
            let tail = rest.take().expect("each round puts the rest back");
            let (_, tail) = RefMut::map_split(tail, |tail| tail.split_at_mut(range.start - start));
            let (part, tail) = RefMut::map_split(tail, |tail| tail.split_at_mut(range.len()));
            (parts[i], rest, start) = (Some(part), Some(tail), range.end);
        }
        parts.map(|part| part.expect("every view was cut out"))
    }

    /// The transforms of a length, planned when first asked for.
    fn plan(&mut self, len: usize) {
        if self.transforms.iter().all(|t| t.len() != len) {
            self.transforms.push(Transforms::new(len));
        }
    }

    fn transforms(&self, len: usize) -> &Transforms<T> {
        let planned = self.transforms.iter().find(|t| t.len() == len);
        planned.expect("planned before the operation")
    }

    fn execute(&mut self, op: &Op, inputs: &StepInputs) {
        match op {
            Op::FieldConvolution { geometry, .. }
            | Op::FieldConvolutionBackward { geometry, .. } => self.plan(geometry.fft_len()),
            _ => {}
        }
        match op {
            Op::Embed { .. }
            | Op::EmbedBackward { .. }
            | Op::CrossEntropy { .. }
            | Op::CrossEntropyBackward { .. } => self.ends(op, inputs),
            Op::Deposit { .. }
            | Op::DepositBackward { .. }
            | Op::WaveKernel { .. }
            | Op::WaveKernelBackward { .. }
            | Op::WaveRotation { .. }
            | Op::WaveRotationBackward { .. }
            | Op::FieldRecurrence { .. }
            | Op::FieldRecurrenceBackward { .. }
            | Op::FieldConvolution { .. }
            | Op::DirectConvolution { .. }
            | Op::FieldConvolutionBackward { .. }
            | Op::CoupleGate { .. }
            | Op::CoupleGateBackward { .. } => self.attention(op),
            Op::Attention { .. } | Op::AttentionBackward { .. } => self.softmax_attention(op),
            Op::PrefixMean { .. }
            | Op::PrefixMeanBackward { .. }
            | Op::Interfere { .. }
            | Op::InterfereBackward { .. } => self.interference(op),
            Op::GradientNorm { .. } | Op::Judge { .. } | Op::AdamW { .. } => {
                self.update(op, inputs)
            }
            Op::Journal { view } => {
                let values: Vec<f32> = self.view(view).iter().map(|x| x.wide() as f32).collect();
                self.journal.extend(values);
            }
            _ => self.general(op, inputs),
        }
    }

    /// A site's mask for a view that holds equally much for each token of the batch.
    fn mask(&self, site: Option<DropoutSite>, view: &View, inputs: &StepInputs) -> Mask<T> {
        let mask = Mask::new(site, inputs.dropout_key);
        match inputs.part {
            Some(part) => mask.from_element(part.first_token * (view.len() / self.ids.len())),
            None => mask,
        }
    }

    /// Embedding and loss.
    fn ends(&self, op: &Op, inputs: &StepInputs) {
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

    /// What any network is made of.
    fn general(&self, op: &Op, inputs: &StepInputs) {
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
                &self.view(bias),
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
                let [mut dweight, mut dbias] = self.views_mut([dweight, dbias]);
                norm::layer_norm_backward(
                    &self.view(x),
                    &self.view(weight),
                    &self.view(stats),
                    &self.view(dy),
                    &mut self.view_mut(dx),
                    &mut dweight,
                    &mut dbias,
                );
            }
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

    /// Softmax attention.
    fn softmax_attention(&self, op: &Op) {
        match op {
            Op::Attention {
                qkv,
                y,
                stats,
                seq_len,
                heads,
            } => softmax::attention(
                &self.view(qkv),
                &mut self.view_mut(y),
                &mut self.view_mut(stats),
                *seq_len,
                *heads,
            ),
            Op::AttentionBackward {
                qkv,
                y,
                stats,
                dy,
                dqkv,
                seq_len,
                heads,
            } => softmax::attention_backward(
                &self.view(qkv),
                &self.view(y),
                &self.view(stats),
                &self.view(dy),
                &mut self.view_mut(dqkv),
                *seq_len,
                *heads,
            ),
            _ => unreachable!("not a part of softmax attention"),
        }
    }

    /// Wave attention.
    fn attention(&self, op: &Op) {
        match op {
            Op::Deposit {
                keys_values,
                deposits,
                dim,
                head_dim,
            } => waves::deposit(
                &self.view(keys_values),
                &mut self.view_mut(deposits),
                *dim,
                *head_dim,
            ),
            Op::DepositBackward {
                keys_values,
                ddeposits,
                dkeys_values,
                dim,
                head_dim,
            } => {
                waves::deposit_backward(
                    &self.view(keys_values),
                    &self.view(ddeposits),
                    &mut self.view_mut(dkeys_values),
                    *dim,
                    *head_dim,
                );
            }
            Op::WaveKernel {
                layers,
                taps,
                kernel,
            } => {
                let mut kernel = self.view_mut(kernel);
                let layer_len = kernel.len() / layers.len();
                for (heads, kernel) in layers.iter().zip(kernel.chunks_exact_mut(layer_len)) {
                    self.with_heads(heads, |heads| kernel::wave_kernel(heads, *taps, kernel));
                }
            }
            Op::WaveKernelBackward {
                layers,
                gradients,
                taps,
                dkernel,
            } => {
                let dkernel = self.view(dkernel);
                let layer_len = dkernel.len() / layers.len();
                let dkernels = dkernel.chunks_exact(layer_len);
                for ((heads, d), dkernel) in layers.iter().zip(gradients).zip(dkernels) {
                    let [mut dw, mut da, mut dp] =
                        self.views_mut([&d.frequency, &d.damping, &d.phase]);
                    self.with_heads(heads, |heads| {
                        kernel::wave_kernel_backward(
                            heads, *taps, dkernel, &mut dw, &mut da, &mut dp,
                        );
                    });
                }
            }
            Op::WaveRotation {
                layers,
                travel,
                rotations,
            } => {
                let mut rotations = self.view_mut(rotations);
                let layer_len = rotations.len() / layers.len();
                for (heads, row) in layers.iter().zip(rotations.chunks_exact_mut(layer_len)) {
                    self.with_heads(heads, |heads| rotation::wave_rotation(heads, *travel, row));
                }
            }
            Op::WaveRotationBackward {
                layers,
                gradients,
                travel,
                drotations,
            } => {
                let drotations = self.view(drotations);
                let layer_len = drotations.len() / layers.len();
                let rows = drotations.chunks_exact(layer_len);
                for ((heads, d), row) in layers.iter().zip(gradients).zip(rows) {
                    let [mut dw, mut da, mut dp] =
                        self.views_mut([&d.frequency, &d.damping, &d.phase]);
                    self.with_heads(heads, |heads| {
                        rotation::wave_rotation_backward(
                            heads, *travel, row, &mut dw, &mut da, &mut dp,
                        );
                    });
                }
            }
            Op::FieldRecurrence {
                geometry,
                deposits,
                rotations,
                y,
            } => field_recurrence(
                geometry,
                &self.view(deposits),
                &self.view(rotations),
                &mut self.view_mut(y),
            ),
            Op::FieldRecurrenceBackward {
                geometry,
                deposits,
                rotations,
                dy,
                ddeposits,
                drotations,
            } => field_recurrence_backward(
                geometry,
                &self.view(deposits),
                &self.view(rotations),
                &self.view(dy),
                &mut self.view_mut(ddeposits),
                &mut self.view_mut(drotations),
            ),
            Op::FieldConvolution {
                geometry,
                deposits,
                kernel,
                y,
            } => field_convolution(
                geometry,
                self.transforms(geometry.fft_len()),
                &self.view(deposits),
                &self.view(kernel),
                &mut self.view_mut(y),
            ),
            Op::DirectConvolution {
                geometry,
                deposits,
                kernel,
                y,
            } => direct_convolution(
                geometry,
                &self.view(deposits),
                &self.view(kernel),
                &mut self.view_mut(y),
            ),
            Op::FieldConvolutionBackward {
                geometry,
                deposits,
                kernel,
                dy,
                ddeposits,
                dkernel,
            } => {
                field_convolution_backward(
                    geometry,
                    self.transforms(geometry.fft_len()),
                    &self.view(deposits),
                    &self.view(kernel),
                    &self.view(dy),
                    &mut self.view_mut(ddeposits),
                    &mut self.view_mut(dkernel),
                );
            }
            Op::CoupleGate {
                gathered,
                gate,
                coupling,
                y,
                heads,
                head_dim,
            } => couple::couple_gate(
                &self.view(gathered),
                &self.view(gate),
                &self.view(coupling),
                &mut self.view_mut(y),
                *heads,
                *head_dim,
            ),
            Op::CoupleGateBackward {
                gathered,
                gate,
                coupling,
                dy,
                dgathered,
                dgate,
                dcoupling,
                heads,
                head_dim,
            } => couple::couple_gate_backward(
                &self.view(gathered),
                &self.view(gate),
                &self.view(coupling),
                &self.view(dy),
                &mut self.view_mut(dgathered),
                &mut self.view_mut(dgate),
                &mut self.view_mut(dcoupling),
                *heads,
                *head_dim,
            ),
            _ => unreachable!("not a part of wave attention"),
        }
    }

    fn with_heads(&self, heads: &WaveHeads, run: impl FnOnce(kernel::Heads<T>)) {
        run(kernel::Heads {
            frequency: &self.view(&heads.frequency),
            damping: &self.view(&heads.damping),
            phase: &self.view(&heads.phase),
            gain: &self.view(&heads.gain),
        });
    }

    fn interference(&self, op: &Op) {
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

    fn update(&self, op: &Op, inputs: &StepInputs) {
        match op {
            Op::GradientNorm { gradients, norm } => {
                adamw::gradient_norm(&self.view(gradients), &mut self.view_mut(norm));
            }
            Op::Judge {
                settings,
                gradients,
                loss,
                norm,
                parameters,
                first_moment,
                second_moment,
                verdict,
            } => {
                let found = adamw::judge(
                    adamw::AdamW::of(settings, inputs),
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
                    adamw::AdamW::of(settings, inputs),
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

impl<T: Real> Backend for Cpu<T> {
    type Program = Vec<Op>;

    fn recurs(&self) -> bool {
        true
    }

    fn allocate(&mut self, len: usize) -> TensorId {
        self.tensors.push(RefCell::new(vec![T::zero(); len]));
        TensorId(self.tensors.len() - 1)
    }

    fn allocate_gradients(&mut self, len: usize) -> TensorId {
        self.allocate(len)
    }

    fn write(&mut self, view: &View, values: &[f32]) {
        let mut target = self.view_mut(view);
        assert_eq!(target.len(), values.len(), "a view is written whole");
        for (target, value) in target.iter_mut().zip(values) {
            *target = T::of(f64::from(*value));
        }
    }

    fn write_batch(&mut self, ids: &[i32], targets: &[i32]) {
        self.ids = ids.to_vec();
        self.targets = targets.to_vec();
    }

    fn prepare(&mut self, ops: &[Op]) -> Vec<Op> {
        ops.to_vec()
    }

    fn run(&mut self, ops: &Vec<Op>, inputs: &StepInputs) {
        for op in ops {
            self.execute(op, inputs);
        }
    }

    fn read(&mut self, views: &[View]) -> Reading {
        let mut values = Vec::new();
        for view in views {
            values.extend(self.view(view).iter().map(|x| x.wide() as f32));
        }
        ready(Ok(values))
    }

    fn take_journal(&mut self) -> Reading {
        ready(Ok(std::mem::take(&mut self.journal)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_views_of_one_tensor_in_any_order() {
        let mut cpu = Cpu::<f32>::new();
        let t = cpu.allocate(10);
        let (a, b) = (View::of(t, 6..8), View::of(t, 1..3));
        {
            let [mut a, mut b] = cpu.views_mut([&a, &b]);
            a.fill(1.0);
            b.fill(2.0);
        }
        let whole = cpu.view(&View::of(t, 0..10)).to_vec();
        assert_eq!(whole, [0.0, 2.0, 2.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "already")]
    fn an_operation_that_reads_what_it_writes_is_refused() {
        let mut cpu = Cpu::<f32>::new();
        let t = cpu.allocate(4);
        let (x, y) = (View::of(t, 0..2), View::of(t, 2..4));
        let site = DropoutSite {
            probability: 0.5,
            site: 1,
        };
        cpu.run(&vec![Op::Dropout { x, y, site }], &StepInputs::default());
    }
}
