//! Wave Field language models.
pub mod config;
pub mod decode;
pub mod error;
pub mod kernels;
pub mod model;
pub mod rng;
pub use config::ModelConfig;
pub use error::{Error, Result};
