//! Wave Field language models.
pub mod config;
pub mod error;
pub mod model;
pub mod rng;
pub use config::ModelConfig;
pub use error::{Error, Result};
