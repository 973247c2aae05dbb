//! Observers: they look at a model and change nothing.

pub mod causality;
pub mod contributions;
pub mod coupling;
pub mod divergence;
pub mod energy;
pub mod field;
pub mod heads;
pub mod influence;
pub mod interference;
pub mod losses;
pub mod trace;

pub use trace::Trace;
