//! Observers: they look at a model and change nothing.

pub mod contributions;
pub mod divergence;
pub mod field;
pub mod heads;
pub mod losses;
pub mod trace;

pub use trace::Trace;
