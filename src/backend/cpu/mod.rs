//! The CPU backend: runs each operation at once, in float32 for use or float64 for proof.

mod attention;
mod ends;
mod field;
mod general;
mod interference;
mod update;

use super::{Backend, Op, Reading, StepInputs, TensorId, View, ready};
use crate::kernels::Real;
use crate::kernels::dropout::{DropoutSite, Mask};
use crate::kernels::field_convolution::Geometry;
use crate::kernels::transforms::Transforms;
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
    /// Waves by transforms even where the recurrence computes the same.
    by_transforms: bool,
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
            by_transforms: false,
        }
    }

    /// One that computes waves by Fourier transforms, although the recurrence is faster: to show that they come to the
    /// same.
    pub fn by_transforms() -> Self {
        Cpu {
            by_transforms: true,
            ..Self::new()
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
            | Op::CoupleGate { .. }
            | Op::CoupleGateBackward { .. } => self.attention(op),
            Op::WaveKernel { .. }
            | Op::WaveKernelBackward { .. }
            | Op::WaveRotation { .. }
            | Op::WaveRotationBackward { .. }
            | Op::FieldRecurrence { .. }
            | Op::FieldRecurrenceBackward { .. }
            | Op::FieldConvolution { .. }
            | Op::DirectConvolution { .. }
            | Op::FieldConvolutionBackward { .. } => self.field(op),
            Op::Attention { .. } | Op::AttentionBackward { .. } | Op::Rotary { .. } => {
                self.softmax_attention(op);
            }
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
}

impl<T: Real> Backend for Cpu<T> {
    type Program = Vec<Op>;

    fn recurs(&self, geometry: &Geometry) -> bool {
        !self.by_transforms && geometry.recurs()
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
