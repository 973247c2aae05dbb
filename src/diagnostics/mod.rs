//! Observers: they look at a model and change nothing.

pub mod causality;
pub mod coupling;
pub mod energy;
pub mod field;
pub mod heads;
pub mod interference;
pub mod trace;

pub use trace::Trace;
