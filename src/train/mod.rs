//! Training: one step, the optimiser's schedule, batches, and what is measured.

pub mod schedule;
