//! A step that several workers share.
//!
//! Each worker has a trainer of its own, all alike to the last bit. A step's batch is cut into shards,
//! a power of two. Each worker computes the gradients of some neighbouring ones
//! ([`Trainer::begin_share`]), the workers exchange sums until each has that of all shards
//! ([`Trainer::share`], [`Trainer::add_share`]), and each moves its own parameters by it
//! ([`Trainer::finish_shared`]). So parameters never travel, and nothing has changed before the last
//! call: a step that breaks off is begun again.
//!
//! The shards' gradients are always added as the leaves of one binary tree. Which of its branches are
//! added where makes no difference, so that a step comes out the same, bit for bit, with one worker as
//! with any number that divides the shards evenly.

use super::Trainer;
use crate::backend::{Backend, BatchPart, Device, Op, Program, StepInputs};
use crate::kernels::cross_entropy::{IGNORED, SUMMARY, counted};
use crate::kernels::dropout::step_key;
use crate::train::Batch;
use std::cell::Ref;
use std::ops::Range;

/// What a step consists of where batches are cut.
pub(super) struct Shards {
    count: usize,
    /// Forward, loss and backward of one shard.
    gradient: Program,
    /// The rest of the step.
    update: Program,
    /// Each shard's loss, hits and targets that count; zeros for those that were not computed here.
    summaries: Vec<f32>,
    /// Sums that wait for their neighbours' in the tree, in memory that is used again.
    waiting: Vec<Vec<f32>>,
}

impl Shards {
    /// `parts` of a step: forward, loss, backward, update, report.
    pub(super) fn new(device: &mut Device, count: usize, parts: &[Vec<Op>; 5]) -> Self {
        Shards {
            count,
            gradient: device.prepare(&parts[..3].concat()),
            update: device.prepare(&parts[3..].concat()),
            summaries: vec![0.0; count * SUMMARY],
            waiting: Vec::new(),
        }
    }

    /// How many shards a batch is cut into.
    pub(super) fn count(&self) -> usize {
        self.count
    }
}

/// Mean loss, hits and targets that count of a whole batch, from those of its shards.
pub(super) fn whole(summaries: &[f32]) -> [f32; SUMMARY] {
    let mut total = [0f64; SUMMARY];
    for shard in summaries.chunks_exact(SUMMARY) {
        let [loss, hits, counted] = [0, 1, 2].map(|i| f64::from(shard[i]));
        total[0] += loss * counted;
        total[1] += hits;
        total[2] += counted;
    }
    total[0] /= total[2].max(1.0);
    total.map(|x| x as f32)
}

/// What a device is given to compute one shard of a step's batch.
pub(super) struct Shard {
    pub(super) ids: Vec<i32>,
    pub(super) targets: Vec<i32>,
    pub(super) inputs: StepInputs,
    /// Tokens of it that are the batch's; rows that do not count may fill it up.
    pub(super) tokens: usize,
}

impl Trainer {
    /// Computes the gradients of some shards of the next step and adds them up.
    ///
    /// # Panics
    /// When the run is not on the CPU or its batches are not cut; so do the others that share a step.
    pub fn begin_share(&mut self, shards: Range<usize>) {
        let (rows, seq_len) = (self.config.batch_size, self.config.seq_len);
        let (step, seed) = (self.step + 1, self.config.seed);
        let batch = self.dataset.batch(seed, step, rows, seq_len);
        let cut = self.divided();
        let count = cut.count;
        let branch = shards.len().is_power_of_two() && shards.start.is_multiple_of(shards.len());
        assert!(
            branch && shards.end <= count,
            "{shards:?} is no branch of the tree over {count} shards"
        );
        cut.summaries.fill(0.0);
        for (done, shard) in shards.clone().enumerate() {
            let part = self.shard(&batch, step, shard);
            self.run_shard(shard, &part);
            self.climb(done, done + 1 == shards.len());
        }
    }

    /// A shard of a step's batch; all of it where batches are not cut.
    pub(super) fn shard(&self, batch: &Batch, step: u64, shard: usize) -> Shard {
        let (rows, seq_len, count) = (
            self.config.batch_size,
            self.config.seq_len,
            self.config.shards,
        );
        let first = shard * rows / count * seq_len;
        let part = first..(shard + 1) * rows / count * seq_len;
        // Where the rows cannot be cut evenly, one that does not count fills the gap.
        let filled = |all: &[i32], filling: i32| {
            let mut some = all[part.clone()].to_vec();
            some.resize(self.layout.rows * seq_len, filling);
            some
        };
        Shard {
            ids: filled(&batch.ids, 0),
            targets: filled(&batch.targets, IGNORED),
            inputs: StepInputs {
                step,
                learning_rate: 0.0,
                dropout_key: step_key(self.config.seed, step),
                part: Some(BatchPart {
                    first_token: first,
                    counted: counted(&batch.targets),
                }),
            },
            tokens: part.len(),
        }
    }

    fn run_shard(&mut self, shard: usize, part: &Shard) {
        let layout = &mut self.layout;
        let cut = layout.shards.as_mut().expect("looked for before");
        layout.device.write_batch(&part.ids, &part.targets);
        layout.device.run(&cut.gradient, &part.inputs);
        let summary = cpu(&layout.device).view(&layout.network.summary());
        cut.summaries[shard * SUMMARY..][..SUMMARY].copy_from_slice(&summary);
    }

    /// Adds the newest gradient to those that it completes a branch of the tree with, as a binary
    /// counter carries; what is not complete yet waits.
    fn climb(&mut self, done: usize, last: bool) {
        let layout = &mut self.layout;
        let cut = layout.shards.as_mut().expect("looked for before");
        let flat = layout.network.flat_gradients();
        let mut gradient = cpu(&layout.device).view_mut(&flat);
        let (carries, before) = (done.trailing_ones() as usize, done.count_ones() as usize);
        for i in 0..carries {
            add(&mut gradient, &cut.waiting[before - 1 - i]);
        }
        if !last {
            let place = before - carries;
            if cut.waiting.len() == place {
                cut.waiting.push(gradient.to_vec());
            } else {
                cut.waiting[place].copy_from_slice(&gradient);
            }
        }
    }

    /// Numbers of what a worker sends to another: the sum of its shards' gradients, and its summaries.
    pub fn share_len(&mut self) -> usize {
        let gradients = self.layout.network.flat_gradients().len();
        gradients + self.divided().summaries.len()
    }

    /// What has been added up so far, in two pieces.
    pub fn share(&self) -> (Ref<'_, [f32]>, &[f32]) {
        let layout = &self.layout;
        let cut = layout.shards.as_ref().expect("a share was begun");
        let gradients = cpu(&layout.device).view(&layout.network.flat_gradients());
        (gradients, &cut.summaries)
    }

    /// Adds what another worker has added up, or a piece of it from `at` on.
    pub fn add_share(&mut self, at: usize, values: &[f32]) {
        let layout = &mut self.layout;
        let flat = layout.network.flat_gradients();
        let cut = layout.shards.as_mut().expect("a share was begun");
        let (gradients, summaries) =
            values.split_at(values.len().min(flat.len().saturating_sub(at)));
        if !gradients.is_empty() {
            let mut view = cpu(&layout.device).view_mut(&flat);
            add(&mut view[at..at + gradients.len()], gradients);
        }
        if !summaries.is_empty() {
            let at = at + gradients.len() - flat.len();
            add(&mut cut.summaries[at..at + summaries.len()], summaries);
        }
    }

    /// Moves the parameters by the sum of all shards' gradients: the step is done.
    pub fn finish_shared(&mut self) {
        let step = self.step + 1;
        let learning_rate = self.config.schedule().learning_rate(step);
        let layout = &mut self.layout;
        let cut = layout.shards.as_ref().expect("a share was begun");
        let summary = layout.network.summary();
        layout.device.write(&summary, &whole(&cut.summaries));
        let inputs = StepInputs {
            step,
            learning_rate,
            ..StepInputs::default()
        };
        layout.device.run(&cut.update, &inputs);
        self.step = step;
        self.pending.push((step, learning_rate));
    }

    /// A number that two runs have in common only if they are the same run at the same step, but for
    /// chance.
    pub fn fingerprint(&self) -> u32 {
        let layout = &self.layout;
        let parameters = cpu(&layout.device).view(&layout.network.flat_parameters());
        let bits = |sum: u32, x: &f32| sum.wrapping_add(x.to_bits());
        let sum = parameters.iter().fold(0, bits);
        let sum = self.model.gains.iter().fold(sum.rotate_left(1), bits);
        // FNV-1a over what is not a weight.
        let settings = format!("{:?} {:?} {} {sum}", self.config, self.frozen, self.step);
        settings.bytes().fold(0x811C_9DC5, |hash: u32, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        })
    }

    fn divided(&mut self) -> &mut Shards {
        (self.layout.shards.as_mut()).expect("a run on the CPU whose batches are cut into shards")
    }
}

/// The device of a run that is shared.
pub(super) fn cpu(device: &Device) -> &crate::backend::cpu::Cpu<f32> {
    match device {
        Device::Cpu(cpu) => cpu,
        Device::Gpu(_) => panic!("a step is shared on the CPU alone"),
    }
}

/// sum += values.
fn add(sum: &mut [f32], values: &[f32]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += value;
    }
}

#[cfg(test)]
mod tests;
