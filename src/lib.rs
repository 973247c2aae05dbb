//! Wave Field language models.
pub mod backend;
pub mod config;
pub mod decode;
pub mod error;
pub mod kernels;
pub mod model;
pub mod rng;
pub mod tokenizer;
pub mod train;
pub use config::ModelConfig;
pub use error::{Error, Result};
